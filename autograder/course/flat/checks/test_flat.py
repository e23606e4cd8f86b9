"""What `flat` must do: every item of the assignment, in public tests and in hidden ones.

The references are models written forwards in PyTorch, in float64, with autograd behind them (`toolbox.references`).
Inputs are random, of sizes that all differ, and stay away from the kinks of max(0, .), where every slope between the
two sides is right. The gradient of a parameter may also follow from the student's own gradient of the line after:
one mistake costs its own item, not all that come later.
"""

# ruff: noqa: F811 (a test takes the fixtures that it imports as its arguments)
from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import torch

from toolbox import nudging
from toolbox.compare import (
    as_tensor,
    assert_grad,
    assert_unchanged,
    assert_value,
    grad_of,
    grads_of,
    lone,
    loss_of,
)
from toolbox.diagnose import verdicts_only
from toolbox.errors import Malformed, Mismatch, Missing, Raised
from toolbox.references import LOSSES, Truth, forward, picked
from toolbox.suite import item, make, student  # noqa: F401

Given = dict[str, Any]
# scores of a thousand keep three digits fewer, and where they lead to nan or inf, the reason is known
FAR_OUT = {"condition": 1000.0, "if_not_finite": "softmax-unstabilised"}


def linear(make, N=9, D=6, C=4, reg=0.3, dtype=torch.float64) -> Given:
    """Arguments for a linear classifier."""
    while True:
        given = {"x": make.normal(N, D, dtype=dtype), "y": make.labels(N, C), "reg": reg}
        given |= {"w": make.normal(D, C, scale=0.6, dtype=dtype), "b": make.normal(C, dtype=dtype)}
        if smooth(given):
            return given


def binary(make, N=9, D=6, reg=0.3, dtype=torch.float64) -> Given:
    """Arguments for logistic regression."""
    given = {"x": make.normal(N, D, dtype=dtype), "y": make.labels(N, 2), "reg": reg}
    return given | {"w": make.normal(D, scale=0.6, dtype=dtype), "b": make.normal(dtype=dtype)}


def net(make, N=9, D=6, H=5, C=4, reg=0.3, dtype=torch.float64) -> Given:
    """Arguments for a two-layer net."""
    while True:
        given = {"x": make.normal(N, D, dtype=dtype), "y": make.labels(N, C), "reg": reg}
        given |= {"w1": make.normal(D, H, scale=0.6, dtype=dtype), "b1": make.normal(H, dtype=dtype)}
        given |= {"w2": make.normal(H, C, scale=0.6, dtype=dtype), "b2": make.normal(C, dtype=dtype)}
        if smooth(given):
            return given


def smooth(given: Given) -> bool:
    """Whether no max(0, .) is at its kink, its gates are open and shut, and the first row has a loss to learn from."""
    parameters = {name: value.double() for name, value in given.items() if name[0] in "wb"}
    nodes = forward(given["x"].double(), parameters)
    if "a" in nodes and (nodes["a"].abs().min() < 1e-3 or not 0 < (nodes["a"] > 0).double().mean() < 1):
        return False
    margins = nodes["scores"] - picked(nodes["scores"], given["y"]) + 1
    return bool((margins.abs() > 1e-3).all() and (margins[0] > 0).sum() > 2 and (nodes["scores"][0] > 0).any())


def strided(given: Given) -> Given:
    """The same arguments, with x the transpose of a tensor: its rows do not lie in one piece."""
    return given | {"x": given["x"].T.contiguous().T}


def compare(answer: Any, truth: Truth, *names: str, **more: Any) -> None:
    """Compare the loss or gradients `names` of an answer with the truth. more: for `toolbox.compare`."""
    for name in names:
        if name == "loss":
            assert_value(loss_of(answer), truth.loss, inputs=truth.inputs, clues=truth.loss_clues, **more)
        else:
            compare_grad(answer, truth, name, **more)


def compare_grad(answer: Any, truth: Truth, name: str, **more: Any) -> None:
    """Compare one gradient; what follows rightly from a mistake before it, of the forward pass too, is right."""
    got, theirs = grad_of(answer, name), grads_of(answer)
    try:
        assert_grad(got, truth.grads[name], name=name, inputs=truth.inputs, accept=partial(truth.follows, name, theirs),
                    terms=truth.terms(name), clues=partial(truth.clues, name), **more)  # fmt: skip
    except Mismatch as wrong:
        world = truth.behind(answer[0], more.get("condition", 1.0))
        if world and not (world.straight and name == "a"):  # without a ReLU nobody would have to know its gradient
            return compare_grad([None, theirs], world, name, **more)
        wrong.diagnosis = truth.diagnose_after(name, got, theirs) or wrong.diagnosis
        raise


def compare_twice(student, function: Callable[..., Any], given: Given, truth: Truth, *names: str) -> None:
    """Call twice with the same arguments: both answers must be right, and the arguments unchanged."""
    first = function(**given)
    changed = student.changed
    compare(first, truth, *names)
    compare(function(**given), truth, *names)
    assert_unchanged(changed)


def far_out(given: Given) -> Given:
    """The same arguments, but row after row the scores lie near 1000, near -1000, or far apart from each other."""
    x, w = given["x"].clone(), given["w"].clone()
    x[:, 0] = torch.tensor([1000.0, -1000.0]).repeat(len(x))[: len(x)]
    w[0] = 1.0
    spread = x[0, 1:] @ w[1:]
    x[0, 1:] *= 1500.0 / (spread.max() - spread.min())
    y = given["y"].clone()
    y[0] = (x @ w + given["b"])[0].argmin()  # a row that is sure of itself, and wrong: its probability rounds to 0
    return given | {"x": x, "w": w, "y": y}


def net_far_out(given: Given, level: float) -> Given:
    """The same arguments, but the scores of the first row lie near `level`, those of the second far apart, the
    others where they were: each row has a largest score of its own.
    """
    changed = {name: given[name].clone() for name in ("x", "w1", "w2", "y")}
    x, w1, w2, y = changed.values()
    w1[:2] = 0
    w1[0, 0] = w1[1, 1] = 1.0  # one hidden unit lifts a row, another pulls its classes apart
    x[0, 0], x[1, 1] = abs(level), 1500.0 / (w2[1].max() - w2[1].min())
    w2[0] = 1.0 if level > 0 else -1.0
    y[1] = w2[1].argmin()
    return given | changed


def dead_row(given: Given) -> Given:
    """The same arguments, but some inputs of the ReLU are exactly 0: any slope from 0 to 1 is right there."""
    x, b1 = given["x"].clone(), given["b1"].clone()
    x[1], b1[0] = 0.0, 0.0
    return given | {"x": x, "b1": b1}


def check_dead_row(answer: Any) -> None:
    """What lies behind the ReLU is finite, whichever slope was chosen."""
    for name in ("a", "w1", "b1"):
        if not as_tensor(grad_of(answer, name), f"gradient {name}").isfinite().all():
            message = f"gradient {name} holds nan or inf where an input of the ReLU is 0"
            raise Mismatch(message, diagnosis=["zero-over-zero"])


# The first flat functions: a graph of three gates, and a logistic neuron


def gates(make, names: str) -> dict[str, float]:
    """One float for each name, between 0.5 and 2 in size, of either sign."""
    sizes = make.uniform(len(names.split()), low=0.5, high=2.0)
    signs = make.integers(0, 2, (len(sizes),)) * 2 - 1
    return dict(zip(names.split(), (sizes * signs).tolist(), strict=True))


def slopes(output: torch.Tensor, nodes: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The gradient of `output` with respect to each node, by autograd."""
    grads = torch.autograd.grad(output, list(nodes.values()), retain_graph=True)
    return dict(zip(nodes, grads, strict=True))


def at_zero(function: Callable[..., Any], given: dict[str, float]) -> Any:
    """The answer where a number is 0: to divide by it is a way to a slope that ends there."""
    try:
        return function(**given)
    except Raised as error:
        known = ["zero-over-zero"] if "ZeroDivisionError" in str(error) else []
        raise Raised(str(error), diagnosis=known) from None


@lru_cache
def toy_truth(x: float, y: float, z: float) -> tuple[dict, dict, dict]:
    """The nodes of f = (x * y + z)**2, their gradients, and the wrong gradients of known mistakes."""
    inputs = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in
              (("x", x), ("y", y), ("z", z))}  # fmt: skip
    p = inputs["x"] * inputs["y"]
    q = p + inputs["z"]
    f = q.square()
    grads = slopes(f, {"q": q, "p": p} | inputs)
    local = slopes(p, {name: inputs[name] for name in "xy"})
    forms = {name: {"local-gradient-only": local[name]} for name in "xy"}
    forms["x"]["mul-gate-not-swapped"], forms["y"]["mul-gate-not-swapped"] = grads["y"], grads["x"]
    for name in "qpz":
        forms[name] = {"power-rule-missing": [slopes(q.square() / 2, {"q": q})["q"], torch.tensor(2.0)],
                       "all-ones": torch.tensor(1.0)}  # fmt: skip
    forms["f"] = {"forward-step-missing": [q.detach(), p.detach().square()]}
    return {"p": p.detach(), "q": q.detach(), "f": f.detach()}, grads, forms


@lru_cache
def neuron_truth(w0: float, x0: float, w1: float, x1: float, w2: float) -> tuple[torch.Tensor, dict, dict]:
    """f = sigmoid(w0 * x0 + w1 * x1 + w2), its gradients, and the wrong gradients of known mistakes."""
    given = {"w0": w0, "x0": x0, "w1": w1, "x1": x1, "w2": w2}
    nodes = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in given.items()}
    s = nodes["w0"] * nodes["x0"] + nodes["w1"] * nodes["x1"] + nodes["w2"]
    f = s.sigmoid()
    grads, local = slopes(f, nodes), slopes(s, nodes)
    crooked = slopes(s.square() / 2 - s**3 / 3, nodes)  # a function whose slope is the one of the mistake
    swapped = {"w0": "x0", "x0": "w0", "w1": "x1", "x1": "w1"}
    forms = {name: {"sigmoid-local-missing": local[name], "sigmoid-of-wrong-value": crooked[name]} for name in nodes}
    for name, other in swapped.items():
        forms[name]["mul-gate-not-swapped"] = grads[other]
    return f.detach(), grads, forms


def predicted_of(student) -> dict:
    """The predictions of the notebook. Raises Malformed where they are not a dict."""
    predicted = student.value("predicted")
    if not isinstance(predicted, dict):
        raise Malformed("`predicted` must be a dict from names to numbers")
    return predicted


@item("predict")
def test_the_values_of_the_forward_pass_are_foreseen(student, make):
    predicted, (values, _, forms) = predicted_of(student), toy_truth(x=3.0, y=-2.0, z=5.0)
    for name, value in values.items():
        try:
            assert_value(predicted.get(name), value, name=name, forms=forms[name] if name == "f" else None)
        except Mismatch as wrong:
            wrong.diagnosis = [name for name in wrong.diagnosis if name != "all-ones"]  # a value, not a gradient
            raise


@item("predict")
def test_the_gradients_of_the_backward_pass_are_foreseen(student, make):
    predicted, (_, grads, forms) = predicted_of(student), toy_truth(x=3.0, y=-2.0, z=5.0)
    for name, grad in grads.items():
        assert_grad(predicted.get(f"df_d{name}"), grad, name=f"df_d{name}", forms=forms[name])


### BEGIN HIDDEN TESTS
@item("predict")
def test_the_predictions_tell_what_a_small_step_does(student, make):
    predicted, (values, grads, _) = predicted_of(student), toy_truth(x=3.0, y=-2.0, z=5.0)
    step = gates(make, "x y z")
    theirs = []
    for name in [*values, *grads]:
        key = name if name in values else f"df_d{name}"
        if predicted.get(key) is None:
            raise Missing(f"predicted[{key!r}] is not filled in yet")
    for name, size in step.items():
        theirs.append(one_number(predicted[f"df_d{name}"], name) * size)
    assert_value(sum(theirs), sum(grads[name] * size for name, size in step.items()), name="the change of f")


def one_number(value: Any, name: str) -> float:
    """A prediction as a float. Raises Malformed."""
    number = as_tensor(value, name)
    if number.numel() != 1:
        raise Malformed(f"the prediction for {name} must be one number")
    return float(number)


### END HIDDEN TESTS


@item("toy")
def test_the_toy_function_computes_f(student, make):
    given = gates(make, "x y z")
    values, _, forms = toy_truth(**given)
    assert_value(loss_of(student.flat.toy(**given)), values["f"], name="f", forms=forms["f"])


@item("toy", share=2.0)
def test_the_toy_gradients_match_autograd(student, make):
    given = gates(make, "x y z")
    _, grads, forms = toy_truth(**given)
    answer = student.flat.toy(**given)
    for name, grad in grads.items():
        assert_grad(grad_of(answer, name), grad, name=name, forms=forms[name])


### BEGIN HIDDEN TESTS
@item("toy", share=2.0)
def test_the_toy_function_is_right_at_many_points(student, make):
    for _ in range(5):
        given = gates(make, "x y z")
        while abs(given["x"] * given["y"] + given["z"]) < 0.2:  # its square by another formula has roundings of its own
            given = gates(make, "x y z")
        values, grads, forms = toy_truth(**given)
        answer = student.flat.toy(**given)
        assert_value(loss_of(answer), values["f"], name="f", forms=forms["f"])
        for name, grad in grads.items():
            assert_grad(grad_of(answer, name), grad, name=name, forms=forms[name])


@item("toy")
def test_the_toy_function_is_right_where_a_number_is_zero(student, make):
    for zero in "xyz":
        given = gates(make, "x y z") | {zero: 0.0}
        answer = at_zero(student.flat.toy, given)
        with verdicts_only():
            for name, grad in toy_truth(**given)[1].items():
                assert_grad(grad_of(answer, name), grad, name=name, if_not_finite="zero-over-zero")


### END HIDDEN TESTS


@item("neuron")
def test_the_neuron_computes_its_output(student, make):
    given = gates(make, "w0 x0 w1 x1 w2")
    f, _, _ = neuron_truth(**given)
    assert_value(loss_of(student.flat.neuron(**given)), f, name="f")


@item("neuron")
def test_the_neuron_gradients_of_the_bias_and_the_weights_match_autograd(student, make):
    compare_neuron(student, make, "w2", "w0", "w1")


@item("neuron")
def test_the_neuron_gradients_of_the_inputs_match_autograd(student, make):
    compare_neuron(student, make, "x0", "x1")


def compare_neuron(student, make, *names: str) -> None:
    """Compare gradients of the neuron at a random point."""
    given = gates(make, "w0 x0 w1 x1 w2")
    _, grads, forms = neuron_truth(**given)
    answer = student.flat.neuron(**given)
    for name in names:
        assert_grad(grad_of(answer, name), grads[name], name=name, forms=forms[name])


### BEGIN HIDDEN TESTS
@item("neuron")
def test_the_neuron_is_right_at_many_points(student, make):
    for _ in range(5):
        given = gates(make, "w0 x0 w1 x1 w2")
        f, _, _ = neuron_truth(**given)
        assert_value(loss_of(student.flat.neuron(**given)), f, name="f")
        compare_neuron(student, make, "w2", "w0", "w1", "x0", "x1")


@item("neuron")
def test_the_neuron_is_right_where_a_number_is_zero(student, make):
    for zero in ("w0", "x0", "w1", "x1"):
        given = gates(make, "w0 x0 w1 x1 w2") | {zero: 0.0}
        answer = at_zero(student.flat.neuron, given)
        with verdicts_only():
            for name, grad in neuron_truth(**given)[1].items():
                assert_grad(grad_of(answer, name), grad, name=name, if_not_finite="zero-over-zero")


### END HIDDEN TESTS


# The linear classifier with the hinge loss


@item("hinge_loss")
def test_the_hinge_loss_is_the_mean_over_the_batch_plus_the_penalty(student, make):
    given = linear(make)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "loss")


@item("hinge_loss")
def test_the_hinge_loss_takes_the_strength_of_the_penalty_from_reg(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "loss")


### BEGIN HIDDEN TESTS
@item("hinge_loss")
def test_the_hinge_loss_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "loss")


@item("hinge_loss")
def test_the_hinge_loss_in_float32_leaves_its_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_hinge, given, Truth("hinge", given), "loss")


### END HIDDEN TESTS


@item("hinge_grad_scores")
def test_the_hinge_gradient_of_the_scores_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "scores")


### BEGIN HIDDEN TESTS
@item("hinge_grad_scores")
def test_the_hinge_gradient_of_the_scores_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "scores")


@item("hinge_grad_scores")
def test_the_hinge_gradient_of_the_scores_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_hinge, given, Truth("hinge", given), "scores")


### END HIDDEN TESTS


@item("hinge_grad_w")
def test_the_hinge_gradient_of_the_weights_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "w")


@item("hinge_grad_w")
def test_the_hinge_gradient_of_the_weights_holds_both_of_their_uses(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "w")


### BEGIN HIDDEN TESTS
@item("hinge_grad_w")
def test_the_hinge_gradient_of_the_weights_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "w")


@item("hinge_grad_w")
def test_the_hinge_gradient_of_the_weights_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_hinge, given, Truth("hinge", given), "w")


### END HIDDEN TESTS


@item("hinge_grad_b")
def test_the_hinge_gradient_of_the_bias_collects_from_every_row(student, make):
    given = linear(make)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "b")


### BEGIN HIDDEN TESTS
@item("hinge_grad_b")
def test_the_hinge_gradient_of_the_bias_knows_no_penalty(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_hinge(**given), Truth("hinge", given), "b")


@item("hinge_grad_b")
def test_the_hinge_gradient_of_the_bias_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_hinge, given, Truth("hinge", given), "b")


### END HIDDEN TESTS


# The linear classifier with softmax cross-entropy


@item("softmax_loss")
def test_the_softmax_loss_is_the_mean_over_the_batch_plus_the_penalty(student, make):
    given = linear(make)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "loss")


@item("softmax_loss")
def test_the_softmax_loss_takes_the_strength_of_the_penalty_from_reg(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "loss")


@item("softmax_loss")
def test_the_softmax_loss_stays_finite_for_scores_of_a_thousand(student, make):
    given = far_out(linear(make, N=8))
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "loss", **FAR_OUT)


### BEGIN HIDDEN TESTS
@item("softmax_loss")
def test_the_softmax_loss_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "loss")


@item("softmax_loss")
def test_the_softmax_loss_in_float32_leaves_its_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_softmax, given, Truth("softmax", given), "loss")


### END HIDDEN TESTS


@item("softmax_grad_scores")
def test_the_softmax_gradient_of_the_scores_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "scores")


@item("softmax_grad_scores")
def test_the_softmax_gradient_of_the_scores_stays_finite_for_scores_of_a_thousand(student, make):
    given = far_out(linear(make, N=8))
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "scores", **FAR_OUT)


### BEGIN HIDDEN TESTS
@item("softmax_grad_scores")
def test_the_softmax_gradient_of_the_scores_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "scores")


@item("softmax_grad_scores")
def test_the_softmax_gradient_of_the_scores_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_softmax, given, Truth("softmax", given), "scores")


### END HIDDEN TESTS


@item("softmax_grad_w")
def test_the_softmax_gradient_of_the_weights_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "w")


@item("softmax_grad_w")
def test_the_softmax_gradient_of_the_weights_holds_both_of_their_uses(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "w")


### BEGIN HIDDEN TESTS
@item("softmax_grad_w")
def test_the_softmax_gradient_of_the_weights_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "w")


@item("softmax_grad_w")
def test_the_softmax_gradient_of_the_weights_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_softmax, given, Truth("softmax", given), "w")


### END HIDDEN TESTS


@item("softmax_grad_b")
def test_the_softmax_gradient_of_the_bias_collects_from_every_row(student, make):
    given = linear(make)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "b")


### BEGIN HIDDEN TESTS
@item("softmax_grad_b")
def test_the_softmax_gradient_of_the_bias_knows_no_penalty(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_softmax(**given), Truth("softmax", given), "b")


@item("softmax_grad_b")
def test_the_softmax_gradient_of_the_bias_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_softmax, given, Truth("softmax", given), "b")


### END HIDDEN TESTS


# The linear classifier with the squared loss


@item("squared_loss")
def test_the_squared_loss_is_the_mean_over_the_batch_plus_the_penalty(student, make):
    given = linear(make)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "loss")


@item("squared_loss")
def test_the_squared_loss_takes_the_strength_of_the_penalty_from_reg(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "loss")


### BEGIN HIDDEN TESTS
@item("squared_loss")
def test_the_squared_loss_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "loss")


@item("squared_loss")
def test_the_squared_loss_in_float32_leaves_its_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_squared, given, Truth("squared", given), "loss")


### END HIDDEN TESTS


@item("squared_grad_scores")
def test_the_squared_gradient_of_the_scores_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "scores")


### BEGIN HIDDEN TESTS
@item("squared_grad_scores")
def test_the_squared_gradient_of_the_scores_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "scores")


@item("squared_grad_scores")
def test_the_squared_gradient_of_the_scores_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_squared, given, Truth("squared", given), "scores")


### END HIDDEN TESTS


@item("squared_grad_w")
def test_the_squared_gradient_of_the_weights_matches_autograd(student, make):
    given = linear(make)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "w")


@item("squared_grad_w")
def test_the_squared_gradient_of_the_weights_holds_both_of_their_uses(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "w")


### BEGIN HIDDEN TESTS
@item("squared_grad_w")
def test_the_squared_gradient_of_the_weights_of_a_single_example(student, make):
    given = linear(make, N=1, D=3, C=5, reg=2.5)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "w")


@item("squared_grad_w")
def test_the_squared_gradient_of_the_weights_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_squared, given, Truth("squared", given), "w")


### END HIDDEN TESTS


@item("squared_grad_b")
def test_the_squared_gradient_of_the_bias_collects_from_every_row(student, make):
    given = linear(make)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "b")


### BEGIN HIDDEN TESTS
@item("squared_grad_b")
def test_the_squared_gradient_of_the_bias_knows_no_penalty(student, make):
    given = linear(make, reg=20.0)
    compare(student.flat.linear_squared(**given), Truth("squared", given), "b")


@item("squared_grad_b")
def test_the_squared_gradient_of_the_bias_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(linear(make, N=11, D=7, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.linear_squared, given, Truth("squared", given), "b")


### END HIDDEN TESTS


# Logistic regression


def sure(given: Given) -> Given:
    """The same arguments with scores of 1000 and -1000 in the first rows, for either label."""
    x, y = given["x"].clone(), given["y"].clone()
    wanted = torch.tensor([1000.0, -1000.0, 1000.0, -1000.0], dtype=x.dtype)
    x[:4] = wanted[:, None] * given["w"] / given["w"].square().sum()
    y[:4] = torch.tensor([1, 1, 0, 0])
    return given | {"x": x, "y": y}


@item("logistic_loss")
def test_the_logistic_loss_is_the_mean_over_the_batch_plus_the_penalty(student, make):
    given = binary(make)
    compare(student.flat.logistic(**given), Truth("logistic", given), "loss")


@item("logistic_loss")
def test_the_logistic_loss_takes_the_strength_of_the_penalty_from_reg(student, make):
    given = binary(make, reg=20.0)
    compare(student.flat.logistic(**given), Truth("logistic", given), "loss")


@item("logistic_loss")
def test_the_logistic_loss_stays_finite_for_scores_of_a_thousand(student, make):
    given = sure(binary(make, N=12))
    far_out = FAR_OUT | {"if_not_finite": "sigmoid-unstabilised"}
    compare(student.flat.logistic(**given), Truth("logistic", given), "loss", **far_out)


### BEGIN HIDDEN TESTS
@item("logistic_loss")
def test_the_logistic_loss_of_a_single_example(student, make):
    given = binary(make, N=1, D=3, reg=2.5)
    compare(student.flat.logistic(**given), Truth("logistic", given), "loss")


@item("logistic_loss")
def test_the_logistic_loss_in_float32_leaves_its_inputs_alone(student, make):
    given = strided(binary(make, N=11, D=7, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.logistic, given, Truth("logistic", given), "loss")


### END HIDDEN TESTS


@item("logistic_grad_scores")
def test_the_logistic_gradient_of_the_scores_matches_autograd(student, make):
    given = binary(make)
    compare(student.flat.logistic(**given), Truth("logistic", given), "scores")


@item("logistic_grad_scores")
def test_the_logistic_gradient_of_the_scores_stays_finite_for_scores_of_a_thousand(student, make):
    given = sure(binary(make, N=12))
    far_out = FAR_OUT | {"if_not_finite": "sigmoid-unstabilised"}
    compare(student.flat.logistic(**given), Truth("logistic", given), "scores", **far_out)


### BEGIN HIDDEN TESTS
@item("logistic_grad_scores")
def test_the_logistic_gradient_of_the_scores_of_a_single_example(student, make):
    given = binary(make, N=1, D=3, reg=2.5)
    compare(student.flat.logistic(**given), Truth("logistic", given), "scores")


@item("logistic_grad_scores")
def test_the_logistic_gradient_of_the_scores_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(binary(make, N=11, D=7, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.logistic, given, Truth("logistic", given), "scores")


### END HIDDEN TESTS


@item("logistic_grad_w")
def test_the_logistic_gradient_of_the_weights_matches_autograd(student, make):
    given = binary(make)
    compare(student.flat.logistic(**given), Truth("logistic", given), "w")


@item("logistic_grad_w")
def test_the_logistic_gradient_of_the_weights_holds_both_of_their_uses(student, make):
    given = binary(make, reg=20.0)
    compare(student.flat.logistic(**given), Truth("logistic", given), "w")


### BEGIN HIDDEN TESTS
@item("logistic_grad_w")
def test_the_logistic_gradient_of_the_weights_of_a_single_example(student, make):
    given = binary(make, N=1, D=3, reg=2.5)
    compare(student.flat.logistic(**given), Truth("logistic", given), "w")


@item("logistic_grad_w")
def test_the_logistic_gradient_of_the_weights_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(binary(make, N=11, D=7, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.logistic, given, Truth("logistic", given), "w")


### END HIDDEN TESTS


@item("logistic_grad_b")
def test_the_logistic_gradient_of_the_bias_collects_from_every_row(student, make):
    given = binary(make)
    compare(student.flat.logistic(**given), Truth("logistic", given), "b")


### BEGIN HIDDEN TESTS
@item("logistic_grad_b")
def test_the_logistic_gradient_of_the_bias_knows_no_penalty(student, make):
    given = binary(make, reg=20.0)
    compare(student.flat.logistic(**given), Truth("logistic", given), "b")


@item("logistic_grad_b")
def test_the_logistic_gradient_of_the_bias_in_float32_leaves_the_inputs_alone(student, make):
    given = strided(binary(make, N=11, D=7, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.logistic, given, Truth("logistic", given), "b")


### END HIDDEN TESTS


# The two-layer net with the hinge loss


@item("net_hinge_loss")
def test_the_hinge_net_loss_is_the_mean_over_the_batch_plus_the_penalty(student, make):
    given = net(make)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "loss")


@item("net_hinge_loss")
def test_the_hinge_net_loss_has_a_penalty_for_both_layers(student, make):
    given = net(make, reg=20.0)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "loss")


### BEGIN HIDDEN TESTS
@item("net_hinge_loss")
def test_the_hinge_net_loss_of_a_single_example(student, make):
    given = net(make, N=1, D=3, H=7, C=5, reg=2.5)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "loss")


@item("net_hinge_loss")
def test_the_hinge_net_loss_in_float32_leaves_its_inputs_alone(student, make):
    given = strided(net(make, N=11, D=7, H=6, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.net_hinge, given, Truth("hinge", given), "loss")


### END HIDDEN TESTS


@item("net_hinge_grad_second")
def test_the_hinge_net_gradient_of_the_scores_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "scores")


@item("net_hinge_grad_second")
def test_the_hinge_net_gradient_of_the_second_weights_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "w2")


@item("net_hinge_grad_second")
def test_the_hinge_net_gradient_of_the_second_bias_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "b2")


### BEGIN HIDDEN TESTS
@item("net_hinge_grad_second")
def test_the_hinge_net_gradients_of_the_second_layer_for_a_single_example(student, make):
    given = net(make, N=1, D=3, H=7, C=5, reg=2.5)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "scores", "w2", "b2")


@item("net_hinge_grad_second")
def test_the_hinge_net_gradients_of_the_second_layer_in_float32_leave_the_inputs_alone(student, make):
    given = strided(net(make, N=11, D=7, H=6, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.net_hinge, given, Truth("hinge", given), "scores", "w2", "b2")


### END HIDDEN TESTS


@item("net_hinge_grad_first")
def test_the_hinge_net_gradient_of_the_hidden_layer_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "h")


@item("net_hinge_grad_first")
def test_the_hinge_net_gradient_passes_only_open_gates(student, make):
    given = net(make)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "a")


@item("net_hinge_grad_first")
def test_the_hinge_net_gradient_of_the_first_weights_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "w1")


@item("net_hinge_grad_first")
def test_the_hinge_net_gradient_of_the_first_bias_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "b1")


### BEGIN HIDDEN TESTS
@item("net_hinge_grad_first")
def test_the_hinge_net_gradients_of_the_first_layer_for_a_single_example(student, make):
    given = net(make, N=1, D=3, H=7, C=5, reg=2.5)
    compare(student.flat.net_hinge(**given), Truth("hinge", given), "h", "a", "w1", "b1")


@item("net_hinge_grad_first")
def test_the_hinge_net_gradients_of_the_first_layer_in_float32_leave_the_inputs_alone(student, make):
    given = strided(net(make, N=11, D=7, H=6, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.net_hinge, given, Truth("hinge", given), "h", "a", "w1", "b1")
    check_dead_row(student.flat.net_hinge(**dead_row(net(make))))


### END HIDDEN TESTS


# The two-layer net with softmax cross-entropy


@item("net_softmax_loss")
def test_the_softmax_net_loss_is_the_mean_over_the_batch_plus_the_penalty(student, make):
    given = net(make)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "loss")


@item("net_softmax_loss")
def test_the_softmax_net_loss_has_a_penalty_for_both_layers(student, make):
    given = net(make, reg=20.0)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "loss")


@item("net_softmax_loss")
def test_the_softmax_net_loss_stays_finite_for_scores_of_a_thousand(student, make):
    for level in (1000.0, -1000.0):
        given = net_far_out(net(make), level)
        compare(student.flat.net_softmax(**given), Truth("softmax", given), "loss", **FAR_OUT)


### BEGIN HIDDEN TESTS
@item("net_softmax_loss")
def test_the_softmax_net_loss_of_a_single_example(student, make):
    given = net(make, N=1, D=3, H=7, C=5, reg=2.5)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "loss")


@item("net_softmax_loss")
def test_the_softmax_net_loss_in_float32_leaves_its_inputs_alone(student, make):
    given = strided(net(make, N=11, D=7, H=6, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.net_softmax, given, Truth("softmax", given), "loss")


### END HIDDEN TESTS


@item("net_softmax_grad_second")
def test_the_softmax_net_gradient_of_the_scores_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "scores")


@item("net_softmax_grad_second")
def test_the_softmax_net_gradient_of_the_second_weights_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "w2")


@item("net_softmax_grad_second")
def test_the_softmax_net_gradient_of_the_second_bias_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "b2")


### BEGIN HIDDEN TESTS
@item("net_softmax_grad_second")
def test_the_softmax_net_gradients_of_the_second_layer_for_a_single_example(student, make):
    given = net(make, N=1, D=3, H=7, C=5, reg=2.5)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "scores", "w2", "b2")


@item("net_softmax_grad_second")
def test_the_softmax_net_gradients_of_the_second_layer_in_float32_leave_the_inputs_alone(student, make):
    given = strided(net(make, N=11, D=7, H=6, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.net_softmax, given, Truth("softmax", given), "scores", "w2", "b2")


@item("net_softmax_grad_second")
def test_the_softmax_net_gradient_of_the_scores_stays_finite_for_scores_of_a_thousand(student, make):
    for level in (1000.0, -1000.0):
        given = net_far_out(net(make), level)
        compare(student.flat.net_softmax(**given), Truth("softmax", given), "scores", **FAR_OUT)


### END HIDDEN TESTS


@item("net_softmax_grad_first")
def test_the_softmax_net_gradient_of_the_hidden_layer_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "h")


@item("net_softmax_grad_first")
def test_the_softmax_net_gradient_passes_only_open_gates(student, make):
    given = net(make)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "a")


@item("net_softmax_grad_first")
def test_the_softmax_net_gradient_of_the_first_weights_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "w1")


@item("net_softmax_grad_first")
def test_the_softmax_net_gradient_of_the_first_bias_matches_autograd(student, make):
    given = net(make)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "b1")


### BEGIN HIDDEN TESTS
@item("net_softmax_grad_first")
def test_the_softmax_net_gradients_of_the_first_layer_for_a_single_example(student, make):
    given = net(make, N=1, D=3, H=7, C=5, reg=2.5)
    compare(student.flat.net_softmax(**given), Truth("softmax", given), "h", "a", "w1", "b1")


@item("net_softmax_grad_first")
def test_the_softmax_net_gradients_of_the_first_layer_in_float32_leave_the_inputs_alone(student, make):
    given = strided(net(make, N=11, D=7, H=6, C=3, reg=0.7, dtype=torch.float32))
    compare_twice(student, student.flat.net_softmax, given, Truth("softmax", given), "h", "a", "w1", "b1")
    check_dead_row(student.flat.net_softmax(**dead_row(net(make))))


### END HIDDEN TESTS


# Find the bug


PATIENTS = ("anna", "ben", "chen", "dana")


def faulty_of(student) -> dict:
    """The diagnoses of the notebook: patient -> line number or None. Raises Malformed or Missing."""
    faulty = student.value("faulty")
    if not isinstance(faulty, dict) or any(name not in PATIENTS for name in faulty):
        raise Malformed(f"`faulty` must be a dict with an entry for each of {', '.join(PATIENTS)}")
    if absent := [name for name in PATIENTS if name not in faulty]:
        raise Missing(f"`faulty` has no entry yet for {', '.join(absent)}")
    faulty = {name: lone(line) for name, line in faulty.items()}
    for name, line in faulty.items():
        if line is not None and (type(line) is not int or not 1 <= line <= 60):
            raise Malformed(f"faulty[{name!r}] must be the number of a line, or None where the patient is healthy")
    return faulty


@item("bugs_found", share=0.0)
def test_every_patient_has_a_diagnosis_in_the_form_of_a_line_number_or_none(student, make):
    faulty = faulty_of(student)
    if all(line is None for line in faulty.values()):
        raise Missing("`faulty` names no line yet")


### BEGIN HIDDEN TESTS
FAULTY = {"anna": 7, "ben": 9, "chen": None, "dana": 5}


@item("bugs_found")
def test_the_fault_of_the_first_sick_patient_is_found(student, make):
    found(student, 0)


@item("bugs_found")
def test_the_fault_of_the_second_sick_patient_is_found(student, make):
    found(student, 1)


@item("bugs_found")
def test_the_fault_of_the_third_sick_patient_is_found(student, make):
    found(student, 2)


@item("bugs_found")
def test_the_healthy_patient_is_left_alone(student, make):
    faulty = faulty_of(student)
    for name, line in FAULTY.items():
        if line is None and faulty[name] is not None:
            raise AssertionError(f"{name} is healthy: no line of that backward pass is wrong")
    if not any(faulty[name] == line for name, line in FAULTY.items() if line is not None):
        raise AssertionError("no sick patient's line is right: leaving all of them alone finds no bug")  # a lazy answer


def found(student, index: int) -> None:
    """Raise Mismatch unless the line of the index-th sick patient is the right one."""
    faulty = faulty_of(student)
    name, line = [(name, line) for name, line in FAULTY.items() if line is not None][index]
    if faulty[name] != line:
        yours = "healthy" if faulty[name] is None else f"line {faulty[name]}"
        raise AssertionError(f"{name}: your diagnosis ({yours}) is not where the fault is")


### END HIDDEN TESTS


@item("bugs_repaired")
def test_the_repaired_patient_has_the_right_loss_and_second_layer(student, make):
    given = net(make)
    compare(student.notebook.repaired(**given), Truth("softmax", given), "loss", "scores", "w2", "b2")


@item("bugs_repaired")
def test_the_repaired_patient_has_the_right_first_layer(student, make):
    given = net(make)
    compare(student.notebook.repaired(**given), Truth("softmax", given), "h", "a", "w1", "b1")


### BEGIN HIDDEN TESTS
@item("bugs_repaired")
def test_the_repaired_patient_is_well_for_a_single_example(student, make):
    given = net(make, N=1, D=3, H=7, C=5, reg=2.5)
    names = ("loss", "scores", "w2", "b2", "h", "a", "w1", "b1")
    compare(student.notebook.repaired(**given), Truth("softmax", given), *names)


@item("bugs_repaired")
def test_the_repaired_patient_is_well_with_a_strong_penalty_and_leaves_its_inputs_alone(student, make):
    given = strided(net(make, reg=20.0))
    names = ("loss", "scores", "w2", "b2", "h", "a", "w1", "b1")
    compare_twice(student, student.notebook.repaired, given, Truth("softmax", given), *names)


### END HIDDEN TESTS


### BEGIN HIDDEN TESTS
# A gradient, or differences of losses? See toolbox.nudging. These tests give no marks; what they forbid costs all.

EDGE = 1e-9  # how far on the open side of a kink: a smaller step drowns in rounding, a larger one leaps over it
AFAR = 1e12  # a score so large that next to it a step of ordinary size is lost, and far too small for itself


def on_edges(given: Given, hinge: bool) -> Given:
    """The same arguments, but in every row a ReLU and, for the hinge loss, a margin are open by no more than EDGE."""
    given, rows = dict(given), torch.arange(len(given["y"]))
    inner, w, b = given["x"], "w", "b"
    if "w1" in given:
        a = inner @ given["w1"] + given["b1"]
        aim = a.clone()
        aim[rows, a.abs().argmin(dim=1)] = EDGE
        given["w1"] = given["w1"] + torch.linalg.pinv(inner) @ (aim - a)
        inner, w, b = (inner @ given["w1"] + given["b1"]).clamp(min=0), "w2", "b2"
    if hinge:
        scores = inner @ given[w] + given[b]
        aim = scores.clone()
        aim[rows, (given["y"] + 1) % scores.shape[1]] = scores[rows, given["y"]] - 1 + EDGE
        given[w] = given[w] + torch.linalg.pinv(inner) @ (aim - scores)
    return given


def compare_classes(answer: Any, truth: Truth, *names: str) -> None:
    """Compare the first class and the others each by their own size."""
    for name in names:
        compare(answer, truth, name)
        got, accept = as_tensor(grad_of(answer, name), name), truth.follows(name, grads_of(answer))
        for part in (slice(0, 1), slice(1, None)):
            others = [other[..., part] for other in accept]
            assert_grad(got[..., part], truth.grads[name][..., part], name=name, accept=others)


def worked_out(student, make, where: str, loss: str, *names: str) -> None:
    """Raise Forbidden where the gradients `names` of the function `where` (module.name) were found by nudging."""
    module, function = where.split(".")
    call = getattr(getattr(student, module), function)
    small, large = binary, partial(binary, N=4, D=60)
    if loss != "logistic":  # far more parameters and scores than nudging.PASSES
        small, large = linear, partial(linear, N=4, D=9, C=48)
    if "net" in function or module == "notebook":
        small, large = net, partial(net, N=4, D=7, H=32, C=36)
    given = large(make)
    parameters = {name: value for name, value in given.items() if name[0] in "wb"}

    def forwards() -> Any:
        penalty = sum(value.square().sum() for name, value in parameters.items() if name[0] == "w")
        return LOSSES[loss](forward(given["x"], parameters)["scores"], given["y"]) + given["reg"] * penalty

    def awkward() -> None:
        compare(answer, Truth(loss, given), *names)
        if loss == "squared":
            far = given | {"reg": 0.0, "b": given["b"] + AFAR * (torch.arange(len(given["b"])) == 0)}
            compare_classes(call(**far), Truth(loss, far), *names)
        elif loss == "hinge" or small is net:
            near = on_edges(given, loss == "hinge")
            compare(call(**near), Truth(loss, near), *names)

    def ordinary() -> None:
        here = small(make)
        truth = Truth(loss, here)
        truth.inputs = torch.float32
        compare(call(**here), truth, *names)

    answer = nudging.within_passes(student, module, function, given, nudging.work_of(forwards))
    nudging.apart(awkward, ordinary)


@item("hinge_grad_scores", share=0.0)
def test_the_hinge_gradient_of_the_scores_was_not_found_by_nudging(student, make):
    worked_out(student, make, "flat.linear_hinge", "hinge", "scores")


@item("hinge_grad_w", share=0.0)
def test_the_hinge_gradient_of_the_weights_was_not_found_by_nudging(student, make):
    worked_out(student, make, "flat.linear_hinge", "hinge", "w")


@item("hinge_grad_b", share=0.0)
def test_the_hinge_gradient_of_the_bias_was_not_found_by_nudging(student, make):
    worked_out(student, make, "flat.linear_hinge", "hinge", "b")


@item("softmax_grad_scores", share=0.0)
def test_the_softmax_gradient_of_the_scores_was_not_found_by_nudging(student, make):
    worked_out(student, make, "flat.linear_softmax", "softmax", "scores")


@item("softmax_grad_w", share=0.0)
def test_the_softmax_gradient_of_the_weights_was_not_found_by_nudging(student, make):
    worked_out(student, make, "flat.linear_softmax", "softmax", "w")


@item("softmax_grad_b", share=0.0)
def test_the_softmax_gradient_of_the_bias_was_not_found_by_nudging(student, make):
    worked_out(student, make, "flat.linear_softmax", "softmax", "b")


@item("squared_grad_scores", share=0.0)
def test_the_squared_gradient_of_the_scores_was_not_found_by_nudging(student, make):
    worked_out(student, make, "flat.linear_squared", "squared", "scores")


@item("squared_grad_w", share=0.0)
def test_the_squared_gradient_of_the_weights_was_not_found_by_nudging(student, make):
    worked_out(student, make, "flat.linear_squared", "squared", "w")


@item("squared_grad_b", share=0.0)
def test_the_squared_gradient_of_the_bias_was_not_found_by_nudging(student, make):
    worked_out(student, make, "flat.linear_squared", "squared", "b")


@item("logistic_grad_scores", share=0.0)
def test_the_logistic_gradient_of_the_scores_was_not_found_by_nudging(student, make):
    worked_out(student, make, "flat.logistic", "logistic", "scores")


@item("logistic_grad_w", share=0.0)
def test_the_logistic_gradient_of_the_weights_was_not_found_by_nudging(student, make):
    worked_out(student, make, "flat.logistic", "logistic", "w")


@item("logistic_grad_b", share=0.0)
def test_the_logistic_gradient_of_the_bias_was_not_found_by_nudging(student, make):
    worked_out(student, make, "flat.logistic", "logistic", "b")


@item("net_hinge_grad_second", share=0.0)
def test_the_hinge_net_gradients_of_the_second_layer_were_not_found_by_nudging(student, make):
    worked_out(student, make, "flat.net_hinge", "hinge", "scores", "w2", "b2")


@item("net_hinge_grad_first", share=0.0)
def test_the_hinge_net_gradients_of_the_first_layer_were_not_found_by_nudging(student, make):
    worked_out(student, make, "flat.net_hinge", "hinge", "h", "a", "w1", "b1")


@item("net_softmax_grad_second", share=0.0)
def test_the_softmax_net_gradients_of_the_second_layer_were_not_found_by_nudging(student, make):
    worked_out(student, make, "flat.net_softmax", "softmax", "scores", "w2", "b2")


@item("net_softmax_grad_first", share=0.0)
def test_the_softmax_net_gradients_of_the_first_layer_were_not_found_by_nudging(student, make):
    worked_out(student, make, "flat.net_softmax", "softmax", "h", "a", "w1", "b1")


@item("bugs_repaired", share=0.0)
def test_the_repaired_patients_gradients_were_not_found_by_nudging(student, make):
    names = ("scores", "w2", "b2", "h", "a", "w1", "b1")
    worked_out(student, make, "notebook.repaired", "softmax", *names)


def uneven(make, names: str) -> dict[str, float]:
    """Floats of either sign, small ones and large ones in turn."""
    given = gates(make, names)
    return {name: value * 10.0 ** (8 if place % 2 else -8) for place, (name, value) in enumerate(given.items())}


def compare_uneven(student, make, function: str, names: str, true: Callable[..., dict], *checked: str) -> None:
    """Raise Forbidden where gradients of a function of floats were found by nudging."""

    def check(given: dict[str, float], inputs: torch.dtype) -> None:
        grads = true(**given)
        answer = getattr(student.flat, function)(**given)
        for name in checked:
            assert_grad(grad_of(answer, name), grads[name], name=name, inputs=inputs)

    nudging.apart(lambda: check(uneven(make, names), torch.float64), lambda: check(gates(make, names), torch.float32))


@item("toy", share=0.0)
def test_the_toy_gradients_were_not_found_by_nudging(student, make):
    compare_uneven(student, make, "toy", "x y z", lambda **given: toy_truth(**given)[1], *"qpzxy")


@item("neuron", share=0.0)
def test_the_neuron_gradients_were_not_found_by_nudging(student, make):
    names = "w0 x0 w1 x1 w2"
    compare_uneven(student, make, "neuron", names, lambda **given: neuron_truth(**given)[1], *names.split())


### END HIDDEN TESTS
