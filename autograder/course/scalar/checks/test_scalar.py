"""What `scalar` must do: every item of the assignment, in public tests and in hidden ones.

References are PyTorch's autograd on the same expressions, in float64, and cubics whose differences are known exactly.
A gate's backward is fed the true forward values, and an operation of `Value` is judged without `backward`: one mistake
costs one item. At ties and kinks every slope between those of the two sides is right, and any topological order is.
"""

# ruff: noqa: F811 (a test takes the fixtures that it imports as its arguments)
from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from toolbox import curves, nudging
from toolbox.callbacks import Given, Number, Numbers
from toolbox.compare import as_tensor, assert_between, assert_grad, assert_value, grad_of, lone, loss_of
from toolbox.diagnose import verdicts_only
from toolbox.errors import Malformed, Mismatch, Missing, Raised
from toolbox.gate_mistakes import truth
from toolbox.suite import item, make, student  # noqa: F401


def away_from_zero(make, count: int, low: float = 0.4, high: float = 2.0) -> list[float]:
    """`count` floats, low to high in size, of either sign, no two of them close to each other, none close to 1."""
    while True:
        sizes = make.uniform(count, low=low, high=high)
        numbers = sizes * (make.integers(0, 2, (count,)) * 2 - 1)
        gaps = (numbers[:, None] - numbers).abs() + torch.eye(count) * 9
        if gaps.min() > 0.1 and (sizes - 1).abs().min() > 0.05:
            return numbers.tolist()


def positive(make, count: int, low: float = 0.4, high: float = 2.0) -> list[float]:
    """`count` positive floats, away from 1, no two of them close to each other."""
    return (
        [abs(number) for number in away_from_zero(make, count, low, high)]
        if count == 1
        else sorted((make.uniform(count) * 0.3 + torch.arange(count) * 0.6 + low).tolist())
    )


def filled(answer: Any, name: str) -> Any:
    """The answer, if all of it is there. Raises Missing where it is None, or holds None."""
    if answer is None or isinstance(answer, list) and (not answer or any(entry is None for entry in answer)):
        raise Missing(f"{name} is not written yet")
    return answer


# Numbers foreseen on paper


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


def assert_foreseen(
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


@item("predict_sum")
def test_the_values_of_the_forward_pass_are_foreseen(student, make):
    given, (values, _) = numbers_of(student, "predicted"), sum_graph()
    for name, value in values.items():
        assert_foreseen(given, name, value, follows=sum_follows(given))


@item("predict_sum", share=2.0)
def test_the_gradients_of_the_backward_pass_are_foreseen(student, make):
    given, (_, grads) = numbers_of(student, "predicted"), sum_graph()
    follows = sum_follows(given)
    assert_foreseen(given, "df_dq", grads["df_dq"], follows=follows, mul_gate_not_swapped=grads["df_dz"])
    assert_foreseen(given, "df_dz", grads["df_dz"], follows=follows, mul_gate_not_swapped=grads["df_dq"])
    for name, other in (("df_dx", 5.0), ("df_dy", -2.0)):
        forms = {"local_gradient_only": 1.0, "add_gate_swapped": grads[name] * other}
        assert_foreseen(given, name, grads[name], follows=follows, **forms)


### BEGIN HIDDEN TESTS
@item("predict_sum")
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


@item("predict_neuron")
def test_the_neurons_values_are_foreseen(student, make):
    given, (values, _) = numbers_of(student, "traced"), neuron_graph()
    for name, value in values.items():
        assert_foreseen(given, name, value, off=0.011, follows=neuron_follows(given))


@item("predict_neuron", share=2.0)
def test_the_gradients_along_the_four_nodes_of_the_sigmoid_are_foreseen(student, make):
    given, (_, grads) = numbers_of(student, "traced"), neuron_graph()
    forms = neuron_forms(given)
    for name in ("df_dc", "df_db", "df_da", "df_ds"):
        assert_foreseen(given, name, grads[name], off=0.011, follows=neuron_follows(given), **forms[name])


### BEGIN HIDDEN TESTS
@item("predict_neuron", share=2.0)
def test_the_gradients_of_weights_and_inputs_are_foreseen(student, make):
    given, (_, grads) = numbers_of(student, "traced"), neuron_graph()
    forms = neuron_forms(given)
    for name in ("df_dw2", "df_dw0", "df_dx0", "df_dw1", "df_dx1"):
        assert_foreseen(given, name, grads[name], off=0.011, follows=neuron_follows(given), **forms[name])


### END HIDDEN TESTS


# Gates


def check_forward(student, gate: str, *inputs: float, listed: bool = False) -> None:
    """Compare a gate's output with the true one."""
    output, _, _ = truth(gate, list(inputs))
    arguments = [list(inputs)] if listed else inputs
    assert_value(filled(getattr(student.gates, gate)(*arguments), gate), output, name="z")


def check_backward(
    student, gate: str, grad_out: float, *inputs: float, listed: bool = False, precision: torch.dtype = torch.float64
) -> None:
    """Compare a gate's downstream gradients with the true ones; the forward value that goes in is the true one."""
    output, true, forms = truth(gate, list(inputs), grad_out)
    arguments = [list(inputs)] if listed else inputs
    answer = getattr(student.gates, f"{gate}_backward")(grad_out, *arguments, output.item())
    assert_grad(filled(answer, f"{gate}_backward"), true, name="the downstream gradient", inputs=precision, forms=forms)


def check_often(student, make, gate: str, draw: Callable, signed: bool = True) -> None:
    """Both directions at eight random points: chance has no say in signs, all of which are met. Then, once more, with
    nothing from upstream. signed: whether the gate takes numbers of either sign."""
    for number in range(8):
        inputs, (grad_out,) = draw(), away_from_zero(make, 1, 1.1, 3.0)
        if signed:
            inputs = [abs(x) * turn(number, place + 1) for place, x in enumerate(inputs)]
        check_forward(student, gate, *inputs)
        check_backward(student, gate, abs(grad_out) * turn(number, 0), *inputs)
    check_backward(student, gate, 0.0, *draw())


def check_at_zero(check: Callable, *places: tuple[float, ...], **more: Any) -> None:
    """Run `check` at places where a number is 0: to divide by it is a way to a slope that ends there."""
    for place in places:
        try:
            with verdicts_only():  # where all is well but at 0, that is the name; what is wrong elsewhere has its own
                check(*place, **more)
        except Raised as error:
            known = ["zero-over-zero"] if "ZeroDivisionError" in str(error) else []
            raise Raised(str(error), diagnosis=known) from None


def check_ties(make, ask: Callable[[float, float, float], Any], name: str) -> None:
    """The two gradients of a max whose inputs are equal: any split of the upstream gradient between them is right.

    ask(grad_out, x, y): the gradients. What is wrong elsewhere, too, gets no name here.
    """
    low, high = positive(make, 2)
    elsewhere = [pair_of(ask(2.5, *pair), name) for pair in ((low, high), (high, low), (-low, -high))]
    well = elsewhere == [(0.0, 2.5), (2.5, 0.0), (2.5, 0.0)]
    ties = list(zip((2.5, -1.5, 3.0), (low, -high, 0.0), strict=True))
    found = [pair_of(ask(grad_out, number, number), name) for grad_out, number in ties]
    known = []
    if well and found == [(grad_out, grad_out) for grad_out, _ in ties]:
        known = ["max-tie-counted-twice"]
    elif well and found == [(0.0, 0.0)] * len(ties):
        known = ["max-tie-lost"]
    for (one, other), (grad_out, number) in zip(found, ties, strict=True):
        shares = one / grad_out, other / grad_out
        if not (min(shares) >= -1e-12 and abs(sum(shares) - 1) <= 1e-12):  # nan is neither
            message = f"{name} at x = y = {number:.3g} are {one:.6g} and {other:.6g}: together they must be {grad_out}"
            raise Mismatch(f"{message}, neither of them of the other sign", diagnosis=known)


def pair_of(answer: Any, name: str) -> tuple[float, float]:
    """Two gradients as floats. Raises Missing or Malformed."""
    found = as_tensor(filled(answer if not isinstance(answer, tuple) else list(answer), name), name)
    if found.shape != (2,) or found.dtype == torch.bool:
        raise Malformed(f"{name}: two numbers, one for each input")
    return tuple(found.double().tolist())


def turn(number: int, place: int) -> int:
    """1 or -1: over eight numbers, every combination of signs for three places."""
    return -1 if number >> place & 1 else 1


@item("gate_add")
def test_the_add_gate_adds(student, make):
    check_forward(student, "add", *away_from_zero(make, 2))


@item("gate_add", share=2.0)
def test_the_add_gate_sends_its_gradients_back(student, make):
    check_backward(student, "add", 2.5, *away_from_zero(make, 2))


### BEGIN HIDDEN TESTS
@item("gate_add", share=2.0)
def test_the_add_gate_is_right_at_many_points(student, make):
    check_often(student, make, "add", lambda: away_from_zero(make, 2))


### END HIDDEN TESTS


@item("gate_multiply")
def test_the_multiply_gate_multiplies(student, make):
    check_forward(student, "multiply", *away_from_zero(make, 2))


@item("gate_multiply", share=2.0)
def test_the_multiply_gate_sends_its_gradients_back(student, make):
    check_backward(student, "multiply", -1.5, *away_from_zero(make, 2))


### BEGIN HIDDEN TESTS
@item("gate_multiply", share=2.0)
def test_the_multiply_gate_is_right_at_many_points(student, make):
    check_often(student, make, "multiply", lambda: away_from_zero(make, 2))
    (x,) = away_from_zero(make, 1)
    check_at_zero(partial(check_backward, student, "multiply", 2.5), (0.0, x), (x, 0.0), (0.0, 0.0))


### END HIDDEN TESTS


def check_copy(student, make, first: float, second: float) -> None:
    """Compare the gradient behind a copy with autograd's, given what comes back from its two users."""
    (x,) = away_from_zero(make, 1)
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    ups = [torch.tensor(number, dtype=torch.float64) for number in (first, second)]
    (true,) = torch.autograd.grad([leaf.clone(), leaf.clone()], leaf, ups)
    forms = {
        "copy-averaged": true / 2,
        "copy-one-user": ups,
        "copy-multiplied": ups[0] * ups[1],
        "max-of-sizes": [max(ups), max(ups, key=abs)],
        "sum-times-value": true * x,
    }
    answer = student.gates.copy_backward(first, second, x)
    assert_grad(filled(answer, "copy_backward"), true, name="the downstream gradient", forms=forms)


def check_copies(student, make) -> None:
    (x,) = away_from_zero(make, 1)
    both = filled(student.gates.copy(x), "copy")
    assert_value(both, torch.tensor([x, x], dtype=torch.float64), name="the two copies")


@item("gate_copy")
def test_the_copy_gate_copies(student, make):
    check_copies(student, make)


@item("gate_copy", share=2.0)
def test_the_copy_gate_hears_both_users(student, make):
    check_copy(student, make, *away_from_zero(make, 2, 1.1, 3.0))


### BEGIN HIDDEN TESTS
@item("gate_copy", share=2.0)
def test_the_copy_gate_is_right_at_many_points(student, make):
    for _ in range(5):
        check_copies(student, make)
        check_copy(student, make, *away_from_zero(make, 2, 1.1, 3.0))


### END HIDDEN TESTS


@item("gate_max")
def test_the_max_gate_takes_the_larger(student, make):
    x, y = away_from_zero(make, 2)
    check_forward(student, "maximum", x, y)
    check_forward(student, "maximum", y, x)


@item("gate_max", share=2.0)
def test_the_max_gate_sends_its_gradients_back(student, make):
    x, y = away_from_zero(make, 2)
    check_backward(student, "maximum", 2.5, x, y)
    check_backward(student, "maximum", -1.5, y, x)


### BEGIN HIDDEN TESTS
@item("gate_max", share=2.0)
def test_the_max_gate_is_right_at_many_points_of_any_sign(student, make):
    check_often(student, make, "maximum", lambda: away_from_zero(make, 2))
    low, high = sorted(positive(make, 2))
    for pair in ((-low, -high), (-high, -low), (-high, low), (high, -low)):
        check_forward(student, "maximum", *pair)
        check_backward(student, "maximum", -2.5, *pair)

    def ask(grad_out: float, x: float, y: float) -> Any:
        check_forward(student, "maximum", x, y)
        return student.gates.maximum_backward(grad_out, x, y, max(x, y))

    check_ties(make, ask, "the downstream gradients")


### END HIDDEN TESTS


@item("gate_reciprocal")
def test_the_reciprocal_gate_inverts(student, make):
    check_forward(student, "reciprocal", *away_from_zero(make, 1))


@item("gate_reciprocal", share=2.0)
def test_the_reciprocal_gate_sends_its_gradient_back(student, make):
    check_backward(student, "reciprocal", 2.5, *away_from_zero(make, 1))


### BEGIN HIDDEN TESTS
@item("gate_reciprocal", share=2.0)
def test_the_reciprocal_gate_is_right_at_many_points(student, make):
    check_often(student, make, "reciprocal", lambda: away_from_zero(make, 1))


### END HIDDEN TESTS


@item("gate_exp")
def test_the_exp_gate_computes_exp(student, make):
    check_forward(student, "exp", *away_from_zero(make, 1))


@item("gate_exp", share=2.0)
def test_the_exp_gate_sends_its_gradient_back(student, make):
    check_backward(student, "exp", 2.5, *away_from_zero(make, 1))


### BEGIN HIDDEN TESTS
@item("gate_exp", share=2.0)
def test_the_exp_gate_is_right_at_many_points(student, make):
    check_often(student, make, "exp", lambda: away_from_zero(make, 1))


### END HIDDEN TESTS


@item("gate_log")
def test_the_log_gate_computes_the_natural_logarithm(student, make):
    check_forward(student, "log", *positive(make, 1))


@item("gate_log", share=2.0)
def test_the_log_gate_sends_its_gradient_back(student, make):
    check_backward(student, "log", 2.5, *positive(make, 1))


### BEGIN HIDDEN TESTS
@item("gate_log", share=2.0)
def test_the_log_gate_is_right_at_many_points(student, make):
    check_often(student, make, "log", lambda: positive(make, 1), signed=False)


### END HIDDEN TESTS


@item("gate_sum")
def test_the_summation_gate_sums(student, make):
    check_forward(student, "total", *away_from_zero(make, 4), listed=True)


@item("gate_sum", share=2.0)
def test_the_summation_gate_sends_its_gradients_back(student, make):
    check_backward(student, "total", 2.5, *away_from_zero(make, 4), listed=True)


### BEGIN HIDDEN TESTS
@item("gate_sum", share=2.0)
def test_the_summation_gate_is_right_for_any_number_of_inputs(student, make):
    for count in (5, 3, 2, 1):
        inputs = away_from_zero(make, count)
        check_forward(student, "total", *inputs, listed=True)
        check_backward(student, "total", -1.7, *inputs, listed=True)


### END HIDDEN TESTS


@item("gate_mean")
def test_the_mean_gate_averages(student, make):
    check_forward(student, "mean", *away_from_zero(make, 4), listed=True)


@item("gate_mean", share=2.0)
def test_the_mean_gate_sends_its_gradients_back(student, make):
    check_backward(student, "mean", 2.5, *away_from_zero(make, 4), listed=True)


### BEGIN HIDDEN TESTS
@item("gate_mean", share=2.0)
def test_the_mean_gate_is_right_for_any_number_of_inputs(student, make):
    for count in (5, 3, 2, 1):
        inputs = away_from_zero(make, count)
        check_forward(student, "mean", *inputs, listed=True)
        check_backward(student, "mean", -1.7, *inputs, listed=True)


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


# The sigmoid, in four nodes and in one


def check_parts(student, x: float, grad_out: float) -> None:
    """Compare each of the four gradients; one may also follow from the student's own gradient to its right."""
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    nodes = {"a": -leaf}
    nodes["b"] = nodes["a"].exp()
    nodes["c"] = nodes["b"] + 1
    z = nodes["c"].reciprocal()
    up = torch.tensor(grad_out, dtype=torch.float64)
    wires = {"c": nodes["c"], "b": nodes["b"], "a": nodes["a"], "x": leaf}
    true = dict(zip(wires, torch.autograd.grad(z, list(wires.values()), up, retain_graph=True), strict=True))
    answer = student.gates.sigmoid_by_parts(x, grad_out)
    c, a = nodes["c"].item(), nodes["a"].item()
    forms = {
        "c": {
            "reciprocal-sign": -true["c"],
            "reciprocal-not-squared": true["c"] * c,
            "local-gradient-only": true["c"] / up,
            "upstream-alone": up,
            "reciprocal-of-output": true["c"] * c**4,
        },
        "b": {
            "add-gate-swapped": true["c"] * nodes["b"].item(),
            "local-gradient-only": torch.ones(()),
            "chain-step-skipped": true["a"],
        },
        "a": {
            "exp-of-input": true["b"] * a,
            "chain-step-skipped": true["b"],
            "exp-twice": true["b"] * nodes["b"].exp().item(),
            "local-gradient-only": nodes["b"].detach(),
        },
        "x": {"chain-step-skipped": true["a"], "local-gradient-only": -torch.ones(())},
    }
    before = {"c": None, "b": "c", "a": "b", "x": "a"}
    for name, right in true.items():
        accept, source = [], before[name]
        if source is not None:
            theirs = lone(answer[1].get(source))
            if isinstance(theirs, float) and 1e-3 < abs(theirs / true[source]) < 1e3:
                accept = [right * theirs / true[source]]
        assert_grad(grad_of(answer, name), right, name=name, accept=accept, forms=forms[name])


@item("sigmoid_parts")
def test_four_nodes_compute_the_sigmoid(student, make):
    (x,) = away_from_zero(make, 1)
    number = torch.tensor(x, dtype=torch.float64)
    true = number.sigmoid()
    forms = {"forward-step-missing": [number.exp(), 1 + (-number).exp(), (-number).exp(), 1 - true]}
    assert_value(loss_of(student.gates.sigmoid_by_parts(x, 1.0)), true, name="z", forms=forms)


@item("sigmoid_parts", share=2.0)
def test_the_gradient_walks_back_through_the_four_nodes(student, make):
    check_parts(student, *away_from_zero(make, 1), 2.5)


### BEGIN HIDDEN TESTS
@item("sigmoid_parts", share=2.0)
def test_the_four_nodes_are_right_at_many_points(student, make):
    for grad_out in (-1.7, 3.0, 0.6):
        (x,) = away_from_zero(make, 1)
        true = torch.tensor(x, dtype=torch.float64).sigmoid()
        assert_value(loss_of(student.gates.sigmoid_by_parts(x, grad_out)), true, name="z")
        check_parts(student, x, grad_out)


### END HIDDEN TESTS


@item("gate_sigmoid")
def test_the_sigmoid_gate_squashes(student, make):
    check_forward(student, "sigmoid", *away_from_zero(make, 1))


@item("gate_sigmoid", share=2.0)
def test_the_sigmoid_gate_sends_its_gradient_back(student, make):
    check_backward(student, "sigmoid", 2.5, *away_from_zero(make, 1))


@item("gate_sigmoid")
def test_the_sigmoid_gate_works_far_out(student, make):
    check_far_out(lambda x: student.gates.sigmoid(x))


### BEGIN HIDDEN TESTS
@item("gate_sigmoid", share=2.0)
def test_the_sigmoid_gate_is_right_at_many_points(student, make):
    check_often(student, make, "sigmoid", lambda: away_from_zero(make, 1))


@item("gate_sigmoid")
def test_the_sigmoid_gate_is_right_on_both_sides_of_zero(student, make):
    for x in (-0.9, -0.35, -0.02, 0.0, 0.02, 0.35, 0.9):  # where those who cut the cases at another place differ
        check_forward(student, "sigmoid", x)


### END HIDDEN TESTS


def check_far_out(sigmoid: Callable[[float], Any]) -> None:
    """The sigmoid of large numbers of both signs."""
    for x in (9.0, -9.0, -30.0, 800.0, -800.0):
        try:
            answer = filled(sigmoid(x), "sigmoid")
        except Raised as error:
            raise Raised(str(error), diagnosis=["sigmoid-overflows"] if "OverflowError" in str(error) else []) from None
        by_tanh = torch.tensor(0.5 * (1.0 + math.tanh(0.5 * x)), dtype=torch.float64)  # exact, but for what cancels
        assert_value(answer, torch.tensor(x, dtype=torch.float64).sigmoid(), name=f"sigmoid({x:g})", accept=[by_tanh])


# Differences, the plane that touches, the way up


def cubic(make, falls: bool) -> tuple[list[float], float, float]:
    """Coefficients of a cubic, a place where it falls or climbs, and a step: no two differences agree there."""
    while True:
        coefficients, (x,), eps = (
            away_from_zero(make, 4),
            away_from_zero(make, 1),
            make.uniform(low=0.1, high=0.4).item(),
        )
        a, b, c, _ = coefficients
        slope, bend = 3 * a * x * x + 2 * b * x + c, (3 * a * x + b) * eps
        if (slope < 0) is not falls:
            continue
        if abs(slope) > 0.5 and abs(bend) > 0.05 and abs(slope + a * eps * eps) > 0.2 and abs(slope + bend) > 0.2:
            return coefficients, x, eps


def check_difference(student, make, name: str, falls: bool = True) -> None:
    """Compare a difference on a cubic with what it must be, and with the other differences."""
    coefficients, x, eps = cubic(make, falls)
    a, b, c, _ = coefficients
    slope, bend, rest = 3 * a * x * x + 2 * b * x + c, (3 * a * x + b) * eps, a * eps * eps
    right, left, both = (
        torch.tensor(s, dtype=torch.float64) for s in (slope + bend + rest, slope - bend + rest, slope + rest)
    )
    s = student.script()
    (answer,) = s.fetch(getattr(s.differences, name)(s.give(Given(curves.cubic(*coefficients), Number())), x, eps))
    if name == "symmetric":
        forms = {
            "difference-one-sided": [right, left, right / 2, left / 2],
            "difference-divided-by-one-step": both * 2,
            "difference-not-divided": [both * 2 * eps, both * eps, both * eps * eps],
        }
    else:
        forms = {
            "difference-symmetric": both,
            "difference-to-the-left": left,
            "difference-divided-by-two-steps": right / 2,
            "difference-not-divided": right * eps,
        }
        forms["sign-flipped"] = [-right, -left]
    true = both if name == "symmetric" else right
    assert_grad(filled(answer, name), true, name="the slope", forms=forms)


@item("one_sided")
def test_the_one_sided_difference_of_a_cubic(student, make):
    check_difference(student, make, "one_sided")


### BEGIN HIDDEN TESTS
@item("one_sided")
def test_the_one_sided_difference_of_more_cubics(student, make):
    for falls in (False, True, False, True):
        check_difference(student, make, "one_sided", falls)


### END HIDDEN TESTS


@item("symmetric")
def test_the_symmetric_difference_of_a_cubic(student, make):
    check_difference(student, make, "symmetric")


### BEGIN HIDDEN TESTS
@item("symmetric")
def test_the_symmetric_difference_of_more_cubics(student, make):
    for falls in (False, True, False, True):
        check_difference(student, make, "symmetric", falls)


### END HIDDEN TESTS


def check_gradient(student, make, count: int) -> None:
    """Compare the numeric gradient of a surface with the true one and with what known mistakes give."""
    cubes, squares, at = away_from_zero(make, count), away_from_zero(make, count), away_from_zero(make, count)
    (twist,), eps = away_from_zero(make, 1), 0.25

    def height(point: torch.Tensor) -> torch.Tensor:
        c, s = torch.tensor(cubes, dtype=torch.float64), torch.tensor(squares, dtype=torch.float64)
        return (c * point**3 + s * point**2).sum() + twist * point.prod()

    point = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(height(point), point)
    bend = torch.tensor(
        [(3 * c * x + q) * eps for c, q, x in zip(cubes, squares, at, strict=True)], dtype=torch.float64
    )
    true = slope + torch.tensor(cubes, dtype=torch.float64) * eps**2
    moved = torch.tensor(at, dtype=torch.float64)
    diagonal = (height(moved + eps) - height(moved - eps)) / (2 * eps)
    forms = {
        "difference-one-sided": [true + bend, true - bend],
        "difference-divided-by-one-step": 2 * true,
        "difference-not-divided": [2 * eps * true, eps * true, eps * eps * true],
        "nudged-all-at-once": diagonal.expand(count),
        "nudge-not-undone": left_behind(height, moved, eps),
    }
    s = student.script()
    place = s.keep(list(at))
    function = s.give(Given(curves.surface(cubes, squares, twist), Numbers(count)))
    answer, after = s.fetch(s.differences.numeric_gradient(function, place, eps), place)
    assert_grad(filled(answer, "numeric_gradient"), true, name="the gradient", forms=forms)
    if any(abs(a - b) > 1e-9 for a, b in zip(at, after, strict=True)):
        raise Mismatch("the point that was passed in is another one afterwards", diagnosis=["input-changed"])


def left_behind(height: Callable, at: torch.Tensor, eps: float) -> list[torch.Tensor]:
    """What comes out where earlier coordinates stay nudged, up or down, when the later ones have their turn."""
    found = []
    for stays in (eps, -eps):
        at_now, gradient = at.clone(), []
        for i in range(len(at)):
            step = torch.zeros_like(at)
            step[i] = eps
            gradient.append((height(at_now + step) - height(at_now - step)) / (2 * eps))
            at_now[i] += stays
        found.append(torch.stack(gradient))
    return found


@item("numeric_gradient")
def test_every_coordinate_gets_its_own_symmetric_difference(student, make):
    check_gradient(student, make, 3)


### BEGIN HIDDEN TESTS
@item("numeric_gradient")
def test_the_numeric_gradient_works_in_any_number_of_dimensions(student, make):
    for count in (2, 5, 1):
        check_gradient(student, make, count)


### END HIDDEN TESTS


def check_plane(student, make, count: int) -> None:
    """Compare a linear approximation with the one that torch makes of the same numbers."""
    (value,), gradient, step = away_from_zero(make, 1), away_from_zero(make, count), away_from_zero(make, count)
    g, s = torch.tensor(gradient, dtype=torch.float64), torch.tensor(step, dtype=torch.float64)
    true = value + g @ s
    forms = {
        "value-at-start-missing": g @ s,
        "step-not-weighted": [value + g.sum(), value + s.sum(), value + g.sum() + s.sum()],
        "sign-flipped": value - g @ s,
        "factor-two-missing": value + g @ s / 2,
        "local-gradient-only": value + g[0] * s[0],
    }
    answer = student.differences.linear_approximation(value=value, gradient=gradient, step=step)
    assert_value(filled(answer, "linear_approximation"), true, name="the height of the plane", forms=forms)


@item("plane")
def test_the_plane_goes_on_as_the_surface_goes_here(student, make):
    check_plane(student, make, 2)


### BEGIN HIDDEN TESTS
@item("plane")
def test_the_plane_has_as_many_dimensions_as_the_gradient(student, make):
    for count in (3, 5, 1):
        check_plane(student, make, count)


### END HIDDEN TESTS


def check_ascent(student, gradient: list[float]) -> None:
    """Compare the direction of steepest ascent with torch's normalised gradient."""
    g = torch.tensor(gradient, dtype=torch.float64)
    true = torch.nn.functional.normalize(g, dim=0)
    forms = {
        "direction-not-normalised": g,
        "direction-downhill": [-true, -g],
        "direction-signs-only": g.sign(),
        "direction-other-length": [
            g / g.abs().sum(),
            g / g.abs().max(),
            g / g.square().sum(),
            g / g.sum(),
            g / len(g),
            g / g.square().sum() ** 0.25,
        ],
    }
    answer = student.differences.steepest_ascent(gradient)
    assert_grad(filled(answer, "steepest_ascent"), true, name="the step", forms=forms)


@item("ascent")
def test_the_steepest_step_has_length_one_and_points_uphill(student, make):
    check_ascent(student, away_from_zero(make, 2, 1.2, 3.0))


@item("ascent", share=0.5)
def test_where_the_ground_is_level_no_step_is_taken(student, make):
    check_ascent(student, [0.0, 0.0, 0.0])


### BEGIN HIDDEN TESTS
@item("ascent")
def test_the_steepest_step_in_more_dimensions(student, make):
    for count in (3, 6, 1):
        check_ascent(student, away_from_zero(make, count, 1.2, 3.0))
    (x,) = away_from_zero(make, 1, 1.2, 3.0)
    check_ascent(student, [x, -x])  # entries that cancel are not nothing
    check_ascent(student, [x, 0.0, 0.0])
    check_ascent(student, [number * 1e-3 for number in away_from_zero(make, 4)])


### END HIDDEN TESTS


# The engine


def local_slopes(script, output, nodes: list) -> list[Any]:
    """d(output)/d(node) for the inputs of a single operation, read off the output where it holds its local gradients.

    A node built in another way (several operations, or a rule kept elsewhere) is asked to walk backward itself. So an
    operation can be judged before `backward` is written, or while it is wrong.
    """
    inputs, local = script.facts.held(output, "inputs"), script.facts.held(output, "local")
    facts = script.facts
    places, count, numbers = script.fetch(facts.places(inputs, nodes), facts.length(inputs), facts.numbers(local))
    if numbers and len(numbers) == count and all(places):
        return [sum(numbers[i] for i in place) for place in places]
    output.backward()
    return script.fetch([node.grad for node in nodes])[0]


def check_operation(student, gate: str, apply: Callable, *numbers: float, inputs: torch.dtype = torch.float64) -> None:
    """One operation of Values: its data and local gradients, where possible without `backward`."""
    output, true, forms = truth(gate, list(numbers))
    s = student.script()
    nodes = [s.scalar.Value(number) for number in numbers]
    result = apply(*nodes)
    if gate == "sub":
        swapped = {"operands-swapped": -output}
    else:
        swapped = {"operands-swapped": output.reciprocal()} if gate == "truediv" else {}
    (kind,) = s.fetch(s.facts.present(result))
    if not kind:
        raise Missing(f"{gate} is not written yet (its result is None)")
    (data,) = s.fetch(result.data)
    assert_value(data, output, name=f"the data of {gate}", forms=swapped)
    grads = local_slopes(s, result, nodes)
    name = f"the local gradient{'s' * (len(numbers) > 1)} of {gate}"
    assert_grad(grads if true.dim() else grads[0], true, name=name, inputs=inputs, forms=forms)


def check_power(student, x: float, exponent: float) -> None:
    """One power of a Value."""
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    (true,) = torch.autograd.grad(leaf**exponent, leaf)
    s = student.script()
    node = s.scalar.Value(x)
    result = node**exponent
    (kind,) = s.fetch(s.facts.present(result))
    if not kind:
        raise Missing("__pow__ is not written yet (its result is None)")
    (data,), (grad,) = s.fetch(result.data), local_slopes(s, result, [node])
    forms = {
        "power-not-lowered": [true * x, true * x - 1],
        "power-factor-missing": [true / exponent, leaf.detach() ** exponent],
        "exp-like-a-power": leaf.detach() ** exponent * leaf.detach().abs().log(),
    }
    assert_value(data, leaf.detach() ** exponent, name=f"the data of x ** {exponent}")
    assert_grad(grad, true, name=f"the local gradient of x ** {exponent}", forms=forms)


@item("value_arithmetic")
def test_sums_and_differences_of_values(student, make):
    check_operation(student, "add", lambda x, y: x + y, *away_from_zero(make, 2))
    check_operation(student, "sub", lambda x, y: x - y, *away_from_zero(make, 2))


@item("value_arithmetic")
def test_products_and_quotients_of_values(student, make):
    check_operation(student, "multiply", lambda x, y: x * y, *away_from_zero(make, 2))
    check_operation(student, "truediv", lambda x, y: x / y, *away_from_zero(make, 2))


@item("value_arithmetic", share=0.5)
def test_powers_of_values(student, make):
    check_power(student, *positive(make, 1, 1.2), 3)
    check_power(student, *positive(make, 1, 1.2), 0.5)


### BEGIN HIDDEN TESTS
@item("value_arithmetic")
def test_arithmetic_at_many_points(student, make):
    for _ in range(3):
        check_operation(student, "add", lambda x, y: x + y, *away_from_zero(make, 2))
        check_operation(student, "sub", lambda x, y: x - y, *away_from_zero(make, 2))
        check_operation(student, "multiply", lambda x, y: x * y, *away_from_zero(make, 2))
        check_operation(student, "truediv", lambda x, y: x / y, *away_from_zero(make, 2))
    check_power(student, -positive(make, 1, 1.2)[0], 3)
    check_power(student, -positive(make, 1, 1.2)[0], 2)
    (x,) = away_from_zero(make, 1)
    check_at_zero(partial(check_operation, student, "multiply", lambda x, y: x * y), (0.0, x), (x, 0.0), (0.0, 0.0))
    check_at_zero(partial(check_operation, student, "truediv", lambda x, y: x / y), (0.0, x))
    check_at_zero(partial(check_power, student), (0.0, 3), (0.0, 1))
    check_power(student, *positive(make, 1, 1.2), -1.5)


@item("value_arithmetic")
def test_plain_numbers_may_stand_on_either_side(student, make):
    (x,) = positive(make, 1, 1.3)
    for expression, forms in PLAIN:
        leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        output = expression(leaf)
        (true,) = torch.autograd.grad(output, leaf)
        s = student.script()
        node = s.scalar.Value(x)
        result = expression(node)
        (data,), (grad,) = s.fetch(result.data), local_slopes(s, result, [node])
        swapped = {"operands-swapped": [-output.detach(), 1 / output.detach()]}
        assert_value(data, output.detach(), name="the data with a plain number", forms=swapped)
        known = {name: form(true, x) for name, form in forms.items()}
        assert_grad(grad, true, name="the local gradient beside a plain number", forms=known)


PLAIN = [  # expressions with a plain number, and what known mistakes make of the slope g at x
    (lambda v: v + 3, {"add-gate-swapped": lambda g, x: 3 * g}),
    (lambda v: 3 + v, {"add-gate-swapped": lambda g, x: 3 * g}),
    (lambda v: v - 3, {"operands-swapped": lambda g, x: -g}),
    (lambda v: 3 - v, {"minus-lost": lambda g, x: -g}),
    (lambda v: v * 3, {"mul-gate-not-swapped": lambda g, x: g / 3 * x}),
    (lambda v: 3 * v, {"mul-gate-not-swapped": lambda g, x: g / 3 * x}),
    (lambda v: v / 3, {"mul-gate-not-swapped": lambda g, x: 9 * g, "operands-swapped": lambda g, x: -9 * g / x**2}),
    (
        lambda v: 3 / v,
        {
            "denominator-sign": lambda g, x: -g,
            "denominator-not-squared": lambda g, x: g * x,
            "mul-gate-not-swapped": lambda g, x: -g * x**2,
        },
    ),
]


### END HIDDEN TESTS


@item("value_functions")
def test_exp_and_log_of_values(student, make):
    check_operation(student, "exp", lambda x: x.exp(), *away_from_zero(make, 1))
    check_operation(student, "log", lambda x: x.log(), *positive(make, 1, 1.2))


@item("value_functions")
def test_tanh_and_sigmoid_of_values(student, make):
    check_operation(student, "tanh", lambda x: x.tanh(), *away_from_zero(make, 1))
    check_operation(student, "sigmoid", lambda x: x.sigmoid(), *away_from_zero(make, 1))


@item("value_functions")
def test_relu_and_max_of_values(student, make):
    low, high = positive(make, 2, 1.2)
    for x in (high, -low):
        check_operation(student, "relu", lambda x: x.relu(), x)
    for pair in ((low, high), (high, low), (-low, -high)):
        check_operation(student, "maximum", lambda x, y: x.max(y), *pair)


### BEGIN HIDDEN TESTS
@item("value_functions", share=2.0)
def test_functions_of_values_at_many_points(student, make):
    for _ in range(3):
        check_operation(student, "exp", lambda x: x.exp(), *away_from_zero(make, 1))
        check_operation(student, "log", lambda x: x.log(), *positive(make, 1))
        check_operation(student, "tanh", lambda x: x.tanh(), *away_from_zero(make, 1))
        check_operation(student, "sigmoid", lambda x: x.sigmoid(), *away_from_zero(make, 1))
        check_operation(student, "maximum", lambda x, y: x.max(y), *away_from_zero(make, 2))
        x = make.uniform(low=0.1, high=0.9).item()
        check_operation(student, "relu", lambda x: x.relu(), x)
        check_operation(student, "relu", lambda x: x.relu(), -x)
    check_at_zero(partial(check_operation, student, "tanh", lambda x: x.tanh()), (0.0,))
    check_at_zero(partial(check_operation, student, "sigmoid", lambda x: x.sigmoid()), (0.0,))


@item("value_functions", share=0.5)
def test_relu_and_max_of_values_at_their_kinks(student, make):
    def slopes(apply: Callable, *numbers: float) -> list[float]:
        s = student.script()
        nodes = [s.scalar.Value(number) for number in numbers]
        result = apply(*nodes)
        if not s.fetch(s.facts.present(result))[0]:
            raise Missing("the operation is not written yet (its result is None)")
        (data,), grads = s.fetch(result.data), local_slopes(s, result, nodes)
        right = max(0.0, *numbers) if len(numbers) == 1 else max(numbers)
        assert_value(data, torch.tensor(right, dtype=torch.float64), name="the data")
        return grads

    def relu(x: float) -> None:
        (slope,) = slopes(lambda x: x.relu(), x)
        known = "zero-over-zero" if x == 0 else None
        assert_between(slope, float(x > 0), float(x >= 0), name="the local gradient of relu", if_not_finite=known)

    check_at_zero(relu, *((number,) for number in (*positive(make, 1), -1.5, 0.0)))
    check_ties(make, lambda grad_out, x, y: [grad_out * slope for slope in slopes(lambda x, y: x.max(y), x, y)],
               "the gradients of max")  # fmt: skip


@item("value_functions", share=0.5)
def test_the_sigmoid_of_a_value_works_far_out(student, make):
    def sigmoid(x: float) -> Any:
        s = student.script()
        return s.fetch(s.scalar.Value(x).sigmoid().data)[0]

    check_far_out(sigmoid)


### END HIDDEN TESTS


def check_order(student, build: Callable, leaves: int, edges: list[tuple[int, int]]) -> None:
    """`build` makes nodes from leaves, the output last. edges: pairs (input, user) of places in that list."""
    s = student.script()
    nodes = build(*[s.scalar.Value(number) for number in (0.6, -0.9, 0.2)[:leaves]])
    (places,) = s.fetch(s.facts.places(s.scalar.topological(nodes[-1]), nodes))
    if not any(places):
        raise Missing("topological returns an empty list: not written yet")
    if any(len(place) > 1 for place in places):
        raise Mismatch("a node stands in the order more than once", diagnosis=["order-doubled"])
    if any(not place for place in places):
        message = "a node that the output was made from, or the output itself, is not in the order"
        raise Mismatch(message, diagnosis=["order-incomplete"])
    early = [(a, b) for a, b in edges if places[a] > places[b]]
    if len(early) == len(edges):
        raise Mismatch("the order runs from the output to the inputs", diagnosis=["order-backwards"])
    if early:
        message = f"{len(early)} of {len(edges)} times a node stands before one of its inputs"
        raise Mismatch(message, diagnosis=["order-too-early"])


def diamond(x: Any, y: Any) -> list[Any]:
    """A graph in which a short way and a long one lead from x to the end."""
    a = x + y
    b = a * x
    c = b + a
    d = c * x
    return [x, y, a, b, c, d]


DIAMOND = [(0, 2), (1, 2), (2, 3), (0, 3), (3, 4), (2, 4), (4, 5), (0, 5)]


def mirrored(x: Any, y: Any) -> list[Any]:
    """The same, with the inputs of every node the other way round."""
    a = y + x
    b = x * a
    c = a + b
    d = x * c
    return [x, y, a, b, c, d]


@item("value_order")
def test_inputs_stand_before_what_is_made_from_them(student, make):
    check_order(student, diamond, 2, DIAMOND)
    check_order(student, mirrored, 2, DIAMOND)


@item("value_order", share=0.5)
def test_a_single_value_is_an_order_of_its_own(student, make):
    check_order(student, lambda x: [x], 1, [(0, 0)])


### BEGIN HIDDEN TESTS
@item("value_order")
def test_random_graphs_are_ordered(student, make):
    for _ in range(5):
        picks = make.integers(0, 10**6, (18,)).tolist()
        edges: list[tuple[int, int]] = []

        def grow(*leaves, picks=picks, edges=edges):
            nodes = list(leaves)
            for k in range(0, len(picks), 2):
                a, b = picks[k] % len(nodes), picks[k + 1] % len(nodes)
                edges.extend([(a, len(nodes)), (b, len(nodes))])
                nodes.append(nodes[a] + nodes[b] if picks[k] % 3 else nodes[b] * nodes[a])
            used = {source for source, _ in edges}
            output = None
            for loose in [i for i in range(len(nodes)) if i not in used]:  # one output, that everything leads to
                if output is None:
                    output = loose
                    continue
                edges.extend([(output, len(nodes)), (loose, len(nodes))])
                nodes.append(nodes[output] + nodes[loose])
                output = len(nodes) - 1
            return nodes

        check_order(student, grow, 3, edges)


@item("value_order", share=0.5)
def test_the_order_of_values_that_are_equal_but_not_the_same(student, make):
    check_order(student, lambda x, y: [x, y, *twins(x, y)], 2, [(0, 2), (0, 3), (2, 4), (3, 4), (1, 5), (4, 5)])


def twins(x: Any, y: Any) -> list[Any]:
    """Two sums of the same numbers, and what becomes of them."""
    a, b = x + 1.0, x + 1.0
    c = a + b
    return [a, b, c, c * y]


### END HIDDEN TESTS


def gradients(student, expression: Callable, numbers: list[float], *, times: int = 1) -> list[float]:
    """The gradients of Values behind an expression, after `times` calls of backward; Values that it names come too."""
    s = student.script()
    leaves = [s.scalar.Value(number) for number in numbers]
    output, *inner = expression(*leaves)
    for _ in range(times):
        output.backward()
    return s.fetch(*[node.grad for node in [*inner, *leaves]])


def true_gradients(expression: Callable, numbers: list[float]) -> list[torch.Tensor]:
    """The same by autograd."""
    leaves = [torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in numbers]
    output, *inner = expression(*leaves)
    found = torch.autograd.grad(output, [*inner, *leaves], allow_unused=True)
    return [torch.zeros(()).double() if grad is None else grad for grad in found]


def started(grads: list[float]) -> list[float]:
    """The gradients, if there are any. Raises Missing where backward has not done anything yet."""
    if all(type(grad) in (int, float) and grad == 0 for grad in grads):
        raise Missing("every gradient is still zero: backward is not written yet, or walks nowhere")
    return grads


@item("value_backward")
def test_a_chain_without_branches(student, make):
    def expression(x, y, z):
        q = x + y
        p = q * z
        return [p * 3.0, p, q]

    numbers = away_from_zero(make, 3)
    found, true = started(gradients(student, expression, numbers)), true_gradients(expression, numbers)
    names = ["p", "q", "x", "y", "z"]
    q = torch.tensor(numbers[0] + numbers[1], dtype=torch.float64)
    z = torch.tensor(numbers[2], dtype=torch.float64)
    local = {"q": z, "x": torch.ones(()), "y": torch.ones(()), "z": q}
    for name, got, right in zip(names, found, true, strict=True):
        forms = {"local-gradient-only": local[name].double()} if name in local else {}
        forms["upstream-added"] = right + 1 if name == "p" else right
        assert_grad(got, right, name=name, forms=forms)


@item("value_backward", share=2.0)
def test_a_value_used_twice_collects_twice(student, make):
    x, y = away_from_zero(make, 2)

    def expression(x, y):
        return [x * y + x]

    true = true_gradients(expression, [x, y])
    one, other = true_gradients(lambda x, copied, y: [x * y + copied], [x, x, y])[:2]
    got = started(gradients(student, expression, [x, y]))
    forms = {"overwritten-not-accumulated": [one, other], "copy-averaged": true[0] / 2, "copy-multiplied": one * other}
    assert_grad(got[1], true[1], name="y, in x y + x")
    assert_grad(got[0], true[0], name="x, in x y + x", forms=forms)
    (square,) = gradients(student, lambda x: [x * x], [x])
    (right,) = true_gradients(lambda x: [x * x], [x])
    assert_grad(square, right, name="x, in x * x", forms={"overwritten-not-accumulated": right / 2})


@item("value_backward", share=2.0)
def test_a_value_waits_until_all_of_its_gradient_is_there(student, make):
    check_waiting(student, make)


def check_waiting(student, make) -> None:
    """A node in the middle with a short way and a long way to the end, in both orders of building."""
    numbers = away_from_zero(make, 2)

    def short_first(x, y):
        q = x * y
        return [q + (q * y).exp() * 0.5, q]

    def long_first(x, y):
        q = x * y
        return [(q * y).exp() * 0.5 + q, q]

    def apart(x, one, other, y):
        return [(other * y).exp() * 0.5 + one]

    x, y = numbers
    _, near, far, _ = true_gradients(apart, [x, x * y, x * y, y])
    for expression in (short_first, long_first):
        (q, x_grad, y_grad), true = gradients(student, expression, numbers), true_gradients(expression, numbers)
        started([q, x_grad, y_grad])
        early = [y * near, y * far]
        often = [y * (2 * near + far), y * (near + 2 * far), 2 * true[1]]
        by_q = {
            "overwritten-not-accumulated": [near, far],
            "walked-more-than-once": [2 * near + far, near + 2 * far, 2 * true[0]],
        }
        assert_grad(q, true[0], name="q, in the middle", forms=by_q)
        assert_grad(
            x_grad, true[1], name="x, behind q", forms={"walked-too-early": early, "walked-more-than-once": often}
        )
        assert_grad(y_grad, true[2], name="y")


### BEGIN HIDDEN TESTS
@item("value_backward", share=2.0)
def test_shared_values_in_larger_graphs(student, make):
    def tangle(x, y, z):
        a = x * y + z
        b = a * a - x
        c = (b + a).tanh() * z
        d = c / (a * a + 2.0) + b.sigmoid()
        return [d * c + d * x + (c * 0.3).exp(), d, c, b, a]

    for _ in range(4):
        numbers = away_from_zero(make, 3, 0.3, 1.2)
        found, true = gradients(student, tangle, numbers), true_gradients(tangle, numbers)
        for name, got, right in zip(["d", "c", "b", "a", "x", "y", "z"], found, true, strict=True):
            assert_grad(got, right, name=name, condition=1000.0)
    check_waiting(student, make)


@item("value_backward")
def test_a_value_on_very_many_paths_is_walked_once(student, make):
    ladder_seconds(student, 5)
    seconds = min(ladder_seconds(student, 19) for _ in range(2))  # a walk of every path takes some half a million steps
    if seconds > 0.1 + 20 * ladder_seconds(student, 8):
        message = f"a graph of some sixty nodes took {seconds:.2f} s: as if every path to a value were walked by itself"
        raise Mismatch(message, diagnosis=["walked-more-than-once"])


def ladder_seconds(student, rungs: int) -> float:
    """How long backward takes through `rungs` nodes, each used twice by the next; the gradient must be right, too."""
    s = student.script()
    x = s.scalar.Value(0.7)
    y = s.repeat(rungs, lambda node: node * 0.5 + node * 0.5, x)
    s.fetch(y.data)
    y.backward()
    start = time.perf_counter()
    grad = lone(s.fetch(x.grad)[0])
    seconds = time.perf_counter() - start
    name, true = f"x, below {rungs} steps", torch.tensor(1.0, dtype=torch.float64)
    if rungs < 10:
        assert_grad(grad, true, name=name, forms={"overwritten-not-accumulated": true * 0.5**rungs})
    elif not isinstance(grad, int | float) or not abs(grad - 1) <= 1e-6:  # nan is not near
        raise Mismatch(f"{name} is wrong: yours {grad}, true 1")
    return seconds


### END HIDDEN TESTS


@item("value_again")
def test_a_second_call_gives_the_same_gradients(student, make):
    def expression(x, y):
        q = x * y
        return [(q + x) * q, q]

    numbers = away_from_zero(make, 2)
    once, true = started(gradients(student, expression, numbers)), true_gradients(expression, numbers)
    twice = gradients(student, expression, numbers, times=2)
    for name, first, second, right in zip(["q", "x", "y"], once, twice, true, strict=True):
        # Only the second call is asked here: it may repeat a mistake that costs its marks elsewhere.
        same = abs(first - second) <= 1e-9 * abs(first)
        forms = {} if same else {"stale-gradients": torch.tensor(float(second), dtype=torch.float64)}
        accept = [torch.tensor(float(first), dtype=torch.float64)] if first else []
        assert_grad(second, right, name=f"{name}, after two calls", accept=accept, forms=forms)


@item("value_again")
def test_gradients_of_another_output_are_forgotten(student, make):
    x, y = away_from_zero(make, 2)
    s = student.script()
    a, b = s.scalar.Value(x), s.scalar.Value(y)
    first, second = a * 3.0 + b, a * b
    first.backward()
    second.backward()
    got_a, got_b = started(s.fetch(a.grad, b.grad))
    true = true_gradients(lambda a, b: [a * b], [x, y])
    before = true_gradients(lambda a, b: [a * 3.0 + b], [x, y])
    for name, got, right, old in (("a", got_a, true[0], before[0]), ("b", got_b, true[1], before[1])):
        assert_grad(
            got, right, name=f"{name}, after backward from another output", forms={"stale-gradients": [right + old]}
        )


### BEGIN HIDDEN TESTS
@item("value_again", share=2.0)
def test_backward_may_start_in_the_middle_and_at_the_end_in_turn(student, make):
    def build(x, y):
        q = x * y
        p = q + x
        return p * q, p, q, x, y

    numbers = away_from_zero(make, 2)
    s = student.script()
    output, p, q, x, y = build(*[s.scalar.Value(number) for number in numbers])
    leaves = [torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in numbers]
    f, p_true, q_true, x_true, y_true = build(*leaves)
    for start, top in ((output, f), (p, p_true), (output, f)):
        start.backward()
        got = started(s.fetch(q.grad, x.grad, y.grad))
        true = torch.autograd.grad(top, [q_true, x_true, y_true], retain_graph=True)
        for name, number, right in zip("qxy", got, true, strict=True):
            assert_grad(number, right, name=f"{name}, whichever call came before")


### END HIDDEN TESTS


def check_depth(student, depth: int) -> None:
    """A chain as deep as asked for; the building of it is not counted."""
    s = student.script()
    x = s.scalar.Value(0.7)
    y = s.repeat(depth, lambda node: -node, x)
    s.fetch(y.data)
    try:
        y.backward()
        (grad,) = s.fetch(x.grad)
    except Raised as error:
        deep = ["recursion-too-deep"] if "RecursionError" in str(error) else []
        raise Raised(str(error), diagnosis=deep) from None
    assert_grad(*started([grad]), torch.tensor((-1.0) ** depth, dtype=torch.float64), name=f"x, {depth:,} nodes deep")


@item("value_deep", seconds=2)
def test_a_graph_twenty_thousand_nodes_deep(student, make):
    check_depth(student, 20_001)


### BEGIN HIDDEN TESTS
@item("value_deep", seconds=20)
def test_a_graph_a_million_nodes_deep(student, make):
    check_depth(student, 1_000_001)


@item("value_deep", seconds=2)
def test_a_deep_graph_of_shared_values(student, make):
    s = student.script()
    x = s.scalar.Value(0.7)
    y = s.repeat(5_000, lambda value: (value + x) * 0.5, x)
    y.backward()
    try:
        (grad,) = started(s.fetch(x.grad))
    except Raised as error:
        raise Raised(str(error), diagnosis=["recursion-too-deep"] if "RecursionError" in str(error) else []) from None
    assert_grad(grad, torch.tensor(1.0, dtype=torch.float64), name="x, used five thousand times")


### END HIDDEN TESTS


def check_neuron(student, make, count: int, plain: bool) -> None:
    """A neuron of Values: its output, by torch, from w, x and b; its inputs Values or plain numbers."""
    w, x, (b,) = away_from_zero(make, count, 0.2, 0.9), away_from_zero(make, count, 0.2, 0.9), away_from_zero(make, 1)
    weighted = torch.tensor(w, dtype=torch.float64) @ torch.tensor(x, dtype=torch.float64)
    forms = {
        "bias-missing": weighted.tanh(),
        "activation-missing": weighted + b,
        "forward-step-missing": [
            (sum(w) + sum(x) + weighted * 0 + b).tanh(),
            (w[0] * x[0] + weighted * 0 + b).tanh(),
            (weighted + count * b).tanh(),
        ],
        "sigmoid-gradient-twice": (weighted + b).sigmoid(),
    }
    s = student.script()
    make_value = s.scalar.Value
    output = s.scalar.neuron([make_value(n) for n in w], x if plain else [make_value(n) for n in x], make_value(b))
    (kind,) = s.fetch(s.facts.present(output))
    if not kind:
        raise Missing("neuron is not written yet (it returns None)")
    (data,) = s.fetch(output.data)
    assert_value(data, (weighted + b).tanh(), name="the neuron's output", forms=forms)


@item("neuron")
def test_a_neuron_weighs_sums_and_squashes(student, make):
    check_neuron(student, make, 3, plain=True)


### BEGIN HIDDEN TESTS
@item("neuron")
def test_a_neuron_takes_values_as_inputs_too(student, make):
    for count in (1, 2, 5):
        check_neuron(student, make, count, plain=False)


@item("neuron")
def test_a_neuron_is_made_of_values_all_the_way(student, make):
    s = student.script()
    w, x, b = (
        [s.scalar.Value(0.3), s.scalar.Value(-0.4)],
        [s.scalar.Value(0.5), s.scalar.Value(0.6)],
        s.scalar.Value(0.1),
    )
    output = s.scalar.neuron(w, x, b)
    order = s.scalar.topological(output)
    (places,) = s.fetch(s.facts.places(order, [*w, *x, b, output]))
    if not all(places):
        raise Mismatch("the output does not remember its weights, inputs and bias", diagnosis=["order-incomplete"])


### END HIDDEN TESTS


# The tape


def on_tape(student, expression: Callable, numbers: list[float], *, times: int = 1) -> list[Any]:
    """Data of the output, then the gradients of inner Vars and leaves, by the student's tape."""
    s = student.script()
    leaves = [s.tape.Var(number) for number in numbers]
    output, *inner = expression(*leaves)
    (kind,) = s.fetch(s.facts.present(output))
    if not kind:
        raise Missing("an operation of Var is not written yet (its result is None)")
    for _ in range(times):
        output.backward()
    return s.fetch(output.data, *[node.grad for node in [*inner, *leaves]])


def compare_on_tape(student, expression: Callable, numbers: list[float], names: list[str], **more: Any) -> None:
    """Compare data and gradients with autograd's."""
    data, *grads = on_tape(student, expression, numbers, **more)
    leaves = [torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in numbers]
    assert_value(data, expression(*leaves)[0].detach(), name="the data")
    started(grads)
    once = on_tape(student, expression, numbers)[1:] if more else grads
    for name, got, first, right in zip(names, grads, once, true_gradients(expression, numbers), strict=True):
        forms = {} if got == first else {"stale-gradients": torch.tensor(float(got), dtype=torch.float64)}
        assert_grad(got, right, name=name, forms=forms)


@item("tape")
def test_products_on_the_tape(student, make):
    x, y = numbers = away_from_zero(make, 2)
    data, *grads = on_tape(student, lambda x, y: [x * y], numbers)
    output, true, forms = truth("multiply", numbers)
    assert_value(data, output, name="the data")
    assert_grad(started(grads), true, name="the gradients of x y", forms=forms)
    compare_on_tape(student, lambda x: [2.5 * x + x * 0.5], [x], ["x"])


@item("tape")
def test_a_relu_on_the_tape(student, make):
    (x,) = positive(make, 1, 1.2)
    for number in (x, -x):
        data, *grads = on_tape(student, lambda v: [v.relu()], [number])
        output, true, forms = truth("relu", [number])
        assert_value(data, output, name="the data")
        assert_grad(grads[0], true, name="the gradient of relu", forms=forms)


### BEGIN HIDDEN TESTS
@item("tape")
def test_products_and_a_relu_of_zero_on_the_tape(student, make):
    (x,) = away_from_zero(make, 1)

    def product(*numbers: float) -> None:
        compare_on_tape(student, lambda x, y: [x * y], list(numbers), ["x", "y"])

    def relu(number: float) -> None:
        data, grad = on_tape(student, lambda v: [v.relu()], [number])
        assert_value(data, torch.tensor(max(0.0, number), dtype=torch.float64), name="the data")
        known = "zero-over-zero" if number == 0 else None
        assert_between(grad, float(number > 0), float(number >= 0), name="the gradient of relu", if_not_finite=known)

    check_at_zero(product, (x, -1.5), (0.0, x), (x, 0.0))
    check_at_zero(relu, (1.5,), (-1.5,), (0.0,))


### END HIDDEN TESTS


@item("tape")
def test_a_shared_var_collects_from_all_its_users(student, make):
    x, y = away_from_zero(make, 2)
    data, *grads = on_tape(student, lambda x, y: [x * y + x], [x, y])
    true = true_gradients(lambda x, y: [x * y + x], [x, y])
    one, other = true_gradients(lambda x, copied, y: [x * y + copied], [x, x, y])[:2]
    assert_grad(started(grads)[1], true[1], name="y, in x y + x")
    assert_grad(grads[0], true[0], name="x, in x y + x", forms={"overwritten-not-accumulated": [one, other]})


### BEGIN HIDDEN TESTS
def tape_net(x, y, z):
    """A graph with shared nodes, open and closed gates, and plain numbers on both sides."""
    a = x * y + z
    b = (a * a + 0.3).relu() * x
    c = (a * -1.0 * a + -0.2).relu() * 5.0
    d = 2.0 * (b + c) * a + b * z
    return [d * d + a, d, b, a]


@item("tape", share=2.0)
def test_larger_graphs_on_the_tape(student, make):
    for _ in range(4):
        compare_on_tape(student, tape_net, away_from_zero(make, 3), ["d", "b", "a", "x", "y", "z"])


@item("tape")
def test_a_second_walk_over_the_tape_starts_afresh(student, make):
    compare_on_tape(student, tape_net, away_from_zero(make, 3), ["d", "b", "a", "x", "y", "z"], times=2)


@item("tape")
def test_what_stands_later_on_the_tape_does_not_count(student, make):
    x, y = away_from_zero(make, 2)
    s = student.script()
    a, b = s.tape.Var(x), s.tape.Var(y)
    early = a * b
    late = early * a * 3.0
    late.backward()
    early.backward()
    got = started(s.fetch(a.grad, b.grad))
    for name, number, right in zip("ab", got, true_gradients(lambda a, b: [a * b], [x, y]), strict=True):
        assert_grad(number, right, name=f"{name}, from the middle of the tape")


### END HIDDEN TESTS


def check_dot(student, make, count: int, plain: bool) -> None:
    """A fused dot product: its value, its gradients, and that it is one node."""
    w, x, (b,) = away_from_zero(make, count), away_from_zero(make, count), away_from_zero(make, 1)
    s = student.script()
    ws, bias = [s.tape.Var(n) for n in w], s.tape.Var(b)
    xs = x if plain else [s.tape.Var(n) for n in x]
    before = s.facts.length(s.tape.TAPE)
    output = s.tape.dot(ws, xs, bias)
    after = s.facts.length(s.tape.TAPE)
    (kind, nodes, more) = s.fetch(s.facts.present(output), before, after)
    if not kind:
        raise Missing("dot is not written yet (it returns None)")
    final = output * output * 1.5
    final.backward()
    (data, w_grads, b_grad) = s.fetch(output.data, [node.grad for node in ws], bias.grad)
    W, X = (
        torch.tensor(w, dtype=torch.float64, requires_grad=True),
        torch.tensor(x, dtype=torch.float64, requires_grad=True),
    )
    B = torch.tensor(b, dtype=torch.float64, requires_grad=True)
    true = W @ X + B
    grad_w, grad_x, grad_b = torch.autograd.grad(true * true * 1.5, [W, X, B])
    assert_value(data, true.detach(), name="the data of dot", forms={"bias-missing": true.detach() - b})
    if more - nodes > 1:
        raise Mismatch(
            f"one dot product of {count} terms put {more - nodes} nodes on the tape", diagnosis=["not-fused"]
        )
    up = (3.0 * true).detach()
    both = (
        {"mul-gate-not-swapped": (grad_x, grad_w)} if not plain else {"mul-gate-not-swapped": (up * W.detach(), grad_w)}
    )
    swapped = both["mul-gate-not-swapped"]
    assert_grad(
        w_grads,
        grad_w,
        name="the gradients of w",
        forms={"mul-gate-not-swapped": swapped[0], "local-gradient-only": X.detach()},
    )
    assert_grad(
        b_grad,
        grad_b,
        name="the gradient of b",
        forms={"local-gradient-only": torch.ones(()), "bias-not-summed": up * b},
    )
    if not plain:
        (x_grads,) = s.fetch([node.grad for node in xs])
        assert_grad(
            x_grads,
            grad_x,
            name="the gradients of x",
            forms={"mul-gate-not-swapped": swapped[1], "local-gradient-only": W.detach()},
        )


@item("tape_dot")
def test_a_dot_product_of_vars_is_one_node(student, make):
    check_dot(student, make, 4, plain=False)


@item("tape_dot")
def test_a_dot_product_with_plain_numbers_is_one_node(student, make):
    check_dot(student, make, 3, plain=True)


### BEGIN HIDDEN TESTS
@item("tape_dot", share=2.0)
def test_dot_products_of_any_length(student, make):
    for count in (1, 2, 7):
        check_dot(student, make, count, plain=False)
        check_dot(student, make, count, plain=True)


@item("tape_dot")
def test_a_shared_input_collects_from_every_dot_product(student, make):
    x, w, v, b = away_from_zero(make, 4)
    s = student.script()
    X, W, V, B = (s.tape.Var(number) for number in (x, w, v, b))
    output = s.tape.dot([W, V], [X, X], B) * s.tape.dot([V], [X], B)
    output.backward()
    got = started(s.fetch(X.grad, W.grad, V.grad, B.grad))
    true = true_gradients(lambda x, w, v, b: [(w * x + v * x + b) * (v * x + b)], [x, w, v, b])
    for name, number, right in zip(("x", "w", "v", "b"), got, true, strict=True):
        assert_grad(number, right, name=name)


### END HIDDEN TESTS


### BEGIN HIDDEN TESTS
# A gradient, or differences? See toolbox.nudging. These tests give no marks; what they forbid costs all of the item's.

LOST = (1e300, 1.0)  # next to the one every step for the other is lost
LAST = 1.797e308  # an ordinary step is lost, and a step in proportion leads beyond the largest float
OUTSIZE = [(1e150, 2e150), (LAST, 1e-300)]
TIE = (1.0, 1.0 + 1e-9)  # nearer to the kink than any usable step


def gate_worked_out(student, make, gate: str, *places: tuple[float, ...], count: int, listed: bool = False) -> None:
    """Raise Forbidden where the gradients of a gate were found by nudging; `places`: where no step is of use."""
    plain = [number + 30.0 * place for place, number in enumerate(positive(make, count))]  # no tie within a step

    def awkward() -> None:
        for inputs in (plain, *places):
            check_backward(student, gate, 0.5, *inputs, listed=listed)

    def ordinary() -> None:
        for inputs in (plain, plain[::-1]):
            check_backward(student, gate, 0.5, *inputs, listed=listed, precision=torch.float32)

    nudging.apart(awkward, ordinary)


@item("gate_add", share=0.0)
def test_the_gradients_of_the_add_gate_were_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "add", LOST, LOST[::-1], count=2)


@item("gate_multiply", share=0.0)
def test_the_gradients_of_the_multiply_gate_were_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "multiply", *OUTSIZE, count=2)


@item("gate_max", share=0.0)
def test_the_gradients_of_the_max_gate_were_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "maximum", TIE, TIE[::-1], count=2)


@item("gate_reciprocal", share=0.0)
def test_the_gradient_of_the_reciprocal_gate_was_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "reciprocal", (3e-5,), (3e5,), count=1)


@item("gate_exp", share=0.0)
def test_the_gradient_of_the_exp_gate_was_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "exp", count=1)


@item("gate_log", share=0.0)
def test_the_gradient_of_the_log_gate_was_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "log", (3e-5,), (3e5,), count=1)


@item("gate_sum", share=0.0)
def test_the_gradients_of_the_summation_gate_were_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "total", (*LOST, 2.0, 3.0), count=4, listed=True)


@item("gate_mean", share=0.0)
def test_the_gradients_of_the_mean_gate_were_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "mean", (*LOST, 2.0, 3.0), count=4, listed=True)


@item("gate_sigmoid", share=0.0)
def test_the_gradient_of_the_sigmoid_gate_was_not_found_by_nudging(student, make):
    gate_worked_out(student, make, "sigmoid", count=1)


@item("gate_copy", share=0.0)
def test_the_gradient_of_the_copy_gate_was_not_found_by_nudging(student, make):
    def check(x: float, inputs: torch.dtype) -> None:
        answer = filled(student.gates.copy_backward(1.5, 2.5, x), "copy_backward")
        assert_grad(answer, torch.tensor(4.0, dtype=torch.float64), name="the downstream gradient", inputs=inputs)

    nudging.apart(lambda: check(LAST, torch.float64), lambda: check(*away_from_zero(make, 1), torch.float32))


def operation_worked_out(student, gate: str, apply: Callable, plain: list[tuple], *places: tuple) -> None:
    """Raise Forbidden where the local gradients of an operation of Values were found by nudging.

    plain: ordinary places, of every kind that `places` has.
    """

    def awkward() -> None:
        for numbers in (*plain, *places):
            check_operation(student, gate, apply, *numbers)

    def ordinary() -> None:
        for numbers in plain:
            check_operation(student, gate, apply, *numbers, inputs=torch.float32)

    nudging.apart(awkward, ordinary)


@item("value_arithmetic", share=0.0)
def test_the_gradients_of_sums_and_products_of_values_were_not_found_by_nudging(student, make):
    x, y = positive(make, 2)
    plain = [(x, y), (y, x)]
    operation_worked_out(student, "add", lambda x, y: x + y, plain, LOST, LOST[::-1])
    operation_worked_out(student, "sub", lambda x, y: x - y, plain, LOST, LOST[::-1])
    operation_worked_out(student, "multiply", lambda x, y: x * y, plain, *OUTSIZE)
    operation_worked_out(student, "truediv", lambda x, y: x / y, plain)


@item("value_functions", share=0.0)
def test_the_gradients_of_functions_of_values_were_not_found_by_nudging(student, make):
    (x,) = positive(make, 1, 1.2)
    plain = [(x,)]
    operation_worked_out(student, "exp", lambda x: x.exp(), plain)
    operation_worked_out(student, "log", lambda x: x.log(), plain, (3e-5,), (3e5,))
    operation_worked_out(student, "tanh", lambda x: x.tanh(), plain)
    operation_worked_out(student, "sigmoid", lambda x: x.sigmoid(), plain)
    operation_worked_out(student, "relu", lambda x: x.relu(), [(x,), (-x,), (0.5,), (-0.5,)], (1e-9,), (-1e-9,), (1e3,))
    operation_worked_out(student, "maximum", lambda x, y: x.max(y), [(x, x + 1.0), (x + 1.0, x)], TIE, TIE[::-1])


def tape_worked_out(student, expression: Callable, plain: list[float], *places: list[float]) -> None:
    """Raise Forbidden where the tape found gradients by nudging."""

    def check(numbers: list[float], inputs: torch.dtype) -> None:
        _, *grads = on_tape(student, expression, numbers)
        assert_grad(
            started(grads), torch.stack(true_gradients(expression, numbers)), name="the gradients", inputs=inputs
        )

    def awkward() -> None:
        for numbers in (plain, *places):
            check(numbers, torch.float64)

    nudging.apart(awkward, lambda: check(plain, torch.float32))


@item("tape", share=0.0)
def test_the_gradients_on_the_tape_were_not_found_by_nudging(student, make):
    plain = positive(make, 2)
    tape_worked_out(student, lambda x, y: [x + y], plain, list(LOST), list(LOST[::-1]))
    tape_worked_out(student, lambda x, y: [x * y], plain, *map(list, OUTSIZE))
    tape_worked_out(student, lambda x: [x.relu()], [0.5], [1e-9], [1e3])


@item("tape_dot", share=0.0)
def test_the_gradients_of_a_dot_product_were_not_found_by_nudging(student, make):
    def check(w: list[float], x: list[float], inputs: torch.dtype) -> None:
        s = student.script()
        ws, bias = [s.tape.Var(number) for number in w], s.tape.Var(0.5)
        output = s.tape.dot(ws, x, bias)
        (kind,) = s.fetch(s.facts.present(output))
        if not kind:
            raise Missing("dot is not written yet (it returns None)")
        output.backward()
        (grads,) = s.fetch([node.grad for node in [*ws, bias]])
        W = torch.tensor(w, dtype=torch.float64, requires_grad=True)
        B = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
        true = torch.autograd.grad(W @ torch.tensor(x, dtype=torch.float64) + B, [W, B])
        assert_grad(grads, torch.cat([true[0], true[1][None]]), name="the gradients", inputs=inputs)

    w, x = positive(make, 3), away_from_zero(make, 3)
    nudging.apart(lambda: check([LOST[0], *w[1:]], x, torch.float64), lambda: check(w, x, torch.float32))


### END HIDDEN TESTS
