"""Gradients of `flat` are worked out, and not found from differences of losses."""

### BEGIN HIDDEN TESTS
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from toolbox.checks.compare import as_tensor, assert_grad, grad_of, grads_of
from toolbox.checks.reference.losses import LOSSES
from toolbox.checks.reference.models import Truth, forward
from toolbox.checks.suite import item
from toolbox.probes import step_detection

from .gates import gates, neuron_truth, toy_truth
from .inputs import Given, binary, compare, linear, net

# A gradient, or differences of losses? See toolbox.probes.step_detection.
# These tests give no marks; what they forbid costs all.

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
    if loss != "logistic":  # far more parameters and scores than step_detection.PASSES
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

    answer = step_detection.within_passes(student, module, function, given, step_detection.work_of(forwards))
    step_detection.apart(awkward, ordinary)


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


@item("bugs_repaired", share=0.0, says="the gradients of the repaired net were not found by nudging")
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

    step_detection.apart(
        lambda: check(uneven(make, names), torch.float64), lambda: check(gates(make, names), torch.float32)
    )


@item("toy", share=0.0)
def test_the_toy_gradients_were_not_found_by_nudging(student, make):
    compare_uneven(student, make, "toy", "x y z", lambda **given: toy_truth(**given)[1], *"qpzxy")


@item("neuron", share=0.0)
def test_the_neuron_gradients_were_not_found_by_nudging(student, make):
    names = "w0 x0 w1 x1 w2"
    compare_uneven(student, make, "neuron", names, lambda **given: neuron_truth(**given)[1], *names.split())


### END HIDDEN TESTS
