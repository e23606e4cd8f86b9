"""What is predicted on paper must be right: gradients of two small graphs, and the names of patterns."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from toolbox.checks.compare import assert_grad, assert_value, lone
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch, Missing

from .inputs import away_from_zero, filled

# Numbers predicted on paper


def numbers_of(student, name: str) -> dict[str, float]:
    """A dict of the notebook. Raises Malformed where it is none, or holds anything but numbers."""
    given = student.value(name)
    if not isinstance(given, dict):
        raise Malformed(f"`{name}` must be a dict from names to numbers")
    given = {key: lone(number) for key, number in given.items()}
    for key, number in given.items():
        if number is not None and (isinstance(number, bool) or not isinstance(number, int | float)):
            raise Malformed(f"{name}[{key!r}] must be one number")
    return given


def assert_predicted(
    given: dict[str, float], key: str, true: torch.Tensor, off: float = 0.0, follows: dict[str, float] | None = None,
    **forms: Any,
) -> None:  # fmt: skip
    """Compare a number found on paper, rounded to `off`, with the true one and with what known mistakes give.

    follows: what each number must be if the numbers before it were right; that is right as well.
    """
    if given.get(key) is None:
        raise Missing(f"{key!r} is not filled in yet")
    number = torch.tensor(float(given[key]), dtype=torch.float64)
    theirs = (follows or {}).get(key, math.nan)
    if abs(number - theirs) <= off * max(1.0, abs(theirs)) + 1e-9:  # what was rounded before it may have grown since
        return
    forms = {name.replace("_", "-"): torch.as_tensor(value).double() for name, value in forms.items()}
    forms["sign-flipped"] = -true
    known = [true, *forms.values()]
    rounded = next((value for value in known if abs(value - number) <= off), number)
    assert_grad(rounded, true, name=key, forms=forms)


def worked_on(given: dict[str, float], steps: list[tuple[Callable, tuple, str]], fixed: dict[str, float]) -> dict:
    """What follows, step by step, from the numbers that a student has: values forwards, then gradients backwards.

    steps: (operation, its inputs, its output). fixed: what was given with the question. A step whose numbers are
    missing, or lead nowhere, tells nothing.
    """
    found: dict[str, float] = {}
    known = {key: number for key, number in given.items() if number is not None} | fixed
    for operation, sources, output in steps:
        if not known.keys() >= set(sources):
            continue
        xs = [torch.tensor(float(known[name]), dtype=torch.float64, requires_grad=True) for name in sources]
        value = operation(*xs)
        found[output] = value.item()
        upstream = known.get(f"df_d{output}", 1.0 if output == steps[-1][-1] else None)
        if upstream:
            grads = torch.autograd.grad(value, xs, torch.tensor(float(upstream), dtype=torch.float64))
            found |= {f"df_d{name}": grad.item() for name, grad in zip(sources, grads, strict=True)}
    return {key: number for key, number in found.items() if math.isfinite(number)}


def sum_graph() -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Values and gradients of (x + y) z at (-2, 5, -4)."""
    x, y, z = (torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in (-2.0, 5.0, -4.0))
    q = x + y
    f = q * z
    grads = torch.autograd.grad(f, [q, z, x, y])
    return {"q": q.detach(), "f": f.detach()}, dict(zip(["df_dq", "df_dz", "df_dx", "df_dy"], grads, strict=True))


def sum_follows(given: dict[str, float]) -> dict[str, float]:
    """What follows from the student's own numbers in (x + y) z."""
    steps = [(torch.add, ("x", "y"), "q"), (torch.mul, ("q", "z"), "f")]
    return worked_on(given, steps, {"x": -2.0, "y": 5.0, "z": -4.0})


@item("predict_sum", says="the predicted values of the forward pass are right")
def test_the_values_of_the_forward_pass_are_foreseen(student, make):
    given, (values, _) = numbers_of(student, "predicted"), sum_graph()
    for name, value in values.items():
        assert_predicted(given, name, value, follows=sum_follows(given))


@item("predict_sum", share=2.0, says="the predicted gradients of the backward pass are right")
def test_the_gradients_of_the_backward_pass_are_foreseen(student, make):
    given, (_, grads) = numbers_of(student, "predicted"), sum_graph()
    follows = sum_follows(given)
    assert_predicted(given, "df_dq", grads["df_dq"], follows=follows, mul_gate_not_swapped=grads["df_dz"])
    assert_predicted(given, "df_dz", grads["df_dz"], follows=follows, mul_gate_not_swapped=grads["df_dq"])
    for name, other in (("df_dx", 5.0), ("df_dy", -2.0)):
        forms = {"local_gradient_only": 1.0, "add_gate_swapped": grads[name] * other}
        assert_predicted(given, name, grads[name], follows=follows, **forms)


### BEGIN HIDDEN TESTS
@item("predict_sum", says="the predicted gradients agree with small steps")
def test_the_foreseen_gradients_tell_what_a_small_step_does(student, make):
    given, (values, grads) = numbers_of(student, "predicted"), sum_graph()
    step = dict(zip(("df_dx", "df_dy", "df_dz"), away_from_zero(make, 3), strict=True))
    filled([given.get(name) for name in [*values, *grads]], "`predicted`")
    follows = {name: number for name, number in sum_follows(given).items() if abs(number - given[name]) <= 1e-9}
    change = sum(given[name] * size for name, size in step.items())
    true = sum(float(follows.get(name, grads[name])) * size for name, size in step.items())
    assert_value(change, torch.tensor(true, dtype=torch.float64), name="the change of f")


### END HIDDEN TESTS


def neuron_graph() -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Values and gradients of the lecture's logistic neuron, its sigmoid as four nodes."""
    leaves = {name: torch.tensor(number, dtype=torch.float64, requires_grad=True) for name, number in NEURON.items()}
    s = leaves["w0"] * leaves["x0"] + leaves["w1"] * leaves["x1"] + leaves["w2"]
    a = -s
    b = a.exp()
    c = b + 1
    f = c.reciprocal()
    nodes = {"c": c, "b": b, "a": a, "s": s, **leaves}
    found = torch.autograd.grad(f, list(nodes.values()))
    grads = {f"df_d{name}": grad for name, grad in zip(nodes, found, strict=True)}
    return {"s": s.detach(), "a": a.detach(), "b": b.detach(), "c": c.detach(), "f": f.detach()}, grads


NEURON = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}


def neuron_forms(given: dict[str, float]) -> dict[str, dict[str, float]]:
    """What known mistakes make of each gradient, from the student's own numbers before it, or else from the true."""
    values, grads = neuron_graph()
    n = {name: float(true if given.get(name) is None else given[name]) for name, true in (values | grads).items()}
    forms = {
        "df_dc": {"reciprocal_not_squared": -1 / n["c"] if n["c"] else 0.0},
        "df_db": {"add_gate_swapped": n["df_dc"] * n["b"], "local_gradient_only": 1.0},
        "df_da": {"exp_of_input": n["df_db"] * n["a"], "upstream_alone": n["df_db"]},
        "df_ds": {"chain_step_skipped": n["df_da"]},
        "df_dw2": {"local_gradient_only": 1.0},
    }
    for one, other in (("w0", "x0"), ("x0", "w0"), ("w1", "x1"), ("x1", "w1")):
        forms[f"df_d{one}"] = {
            "mul_gate_not_swapped": n["df_ds"] * NEURON[one],
            "local_gradient_only": NEURON[other],
        }
    return forms


def neuron_follows(given: dict[str, float]) -> dict[str, float]:
    """What follows from the student's own numbers in the neuron."""
    steps = [
        (lambda w0, x0, w1, x1, w2: w0 * x0 + w1 * x1 + w2, ("w0", "x0", "w1", "x1", "w2"), "s"),
        (torch.neg, ("s",), "a"), (torch.exp, ("a",), "b"), (lambda b: b + 1, ("b",), "c"),
        (torch.reciprocal, ("c",), "f"),
    ]  # fmt: skip
    return worked_on(given, steps, NEURON)


@item("predict_neuron", says="the neuron's predicted values are right")
def test_the_neurons_values_are_foreseen(student, make):
    given, (values, _) = numbers_of(student, "traced"), neuron_graph()
    for name, value in values.items():
        assert_predicted(given, name, value, off=0.011, follows=neuron_follows(given))


@item("predict_neuron", share=2.0, says="the predicted gradients along the four nodes of the sigmoid are right")
def test_the_gradients_along_the_four_nodes_of_the_sigmoid_are_foreseen(student, make):
    given, (_, grads) = numbers_of(student, "traced"), neuron_graph()
    forms = neuron_forms(given)
    for name in ("df_dc", "df_db", "df_da", "df_ds"):
        assert_predicted(given, name, grads[name], off=0.011, follows=neuron_follows(given), **forms[name])


### BEGIN HIDDEN TESTS
@item("predict_neuron", share=2.0, says="the predicted gradients of the weights and inputs are right")
def test_the_gradients_of_weights_and_inputs_are_foreseen(student, make):
    given, (_, grads) = numbers_of(student, "traced"), neuron_graph()
    forms = neuron_forms(given)
    for name in ("df_dw2", "df_dw0", "df_dx0", "df_dw1", "df_dx1"):
        assert_predicted(given, name, grads[name], off=0.011, follows=neuron_follows(given), **forms[name])


### END HIDDEN TESTS


# The patterns


def check_patterns(student, *gates: str) -> None:
    """The names of the patterns, as the student saw them in the numbers of a gate."""
    known = ("distributor", "adder", "swap multiplier", "router")
    given = student.value("patterns")
    if not isinstance(given, dict):
        raise Malformed("`patterns` must be a dict from the four gates to words")
    for gate in gates:
        word = given.get(gate)
        if not word:
            raise Missing(f"patterns[{gate!r}] is not filled in yet")
        if not isinstance(word, str) or word.strip().lower() not in known:
            raise Malformed(f"patterns[{gate!r}] must be one of {', '.join(known)}")
        if not FITS[word.strip().lower()](gate):
            message = f"a {gate} gate is not a gradient {word.strip().lower()}"
            raise Mismatch(message, diagnosis=["pattern-mistaken"])


def behaves(gate: str) -> tuple[float, ...]:
    """What stands on the input wires of a gate when 7 comes from upstream (and 4 from a second user)."""
    xs = [torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in (3.0, -5.0)]
    output = {"add": xs[0] + xs[1], "multiply": xs[0] * xs[1], "max": xs[0].max(xs[1]), "copy": 7 * xs[0] + 4 * xs[0]}[
        gate
    ]
    up = torch.tensor(1.0 if gate == "copy" else 7.0, dtype=torch.float64)
    grads = torch.autograd.grad(output, xs, up, allow_unused=True)
    return tuple(grad.item() for grad in grads if grad is not None)


FITS: dict[str, Callable[[str], bool]] = {
    "distributor": lambda gate: behaves(gate) == (7.0, 7.0),
    "router": lambda gate: behaves(gate) == (7.0, 0.0),
    "swap multiplier": lambda gate: behaves(gate) == (-35.0, 21.0),
    "adder": lambda gate: behaves(gate) == (11.0,),
}


@item("patterns")
def test_the_patterns_of_add_and_copy_are_named(student, make):
    check_patterns(student, "add", "copy")


### BEGIN HIDDEN TESTS
@item("patterns")
def test_the_patterns_of_multiply_and_max_are_named(student, make):
    check_patterns(student, "multiply", "max")


### END HIDDEN TESTS
