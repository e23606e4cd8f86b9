"""What the first flat functions must do: a graph of three gates, and a logistic neuron."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch

from toolbox.checks.compare import as_tensor, assert_grad, assert_value, grad_of, loss_of
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.rows import Story
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Missing, Raised

STORIES = [
    Story("toy", "it takes floats, and each of its gradients follows from the one before"),
    Story("neuron", "it takes floats, and each of its gradients follows from the one before"),
    Story("sigmoid", "given"),
]

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
def toy_truth(x: float, y: float, z: float) -> tuple[dict, dict]:
    """The nodes of f = (x * y + z)**2, and their gradients."""
    inputs = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in
              (("x", x), ("y", y), ("z", z))}  # fmt: skip
    p = inputs["x"] * inputs["y"]
    q = p + inputs["z"]
    f = q.square()
    grads = slopes(f, {"q": q, "p": p} | inputs)
    return {"p": p.detach(), "q": q.detach(), "f": f.detach()}, grads


def toy_terms(x: float, y: float, z: float) -> tuple[dict, dict]:
    """The size of the terms of f and of each gradient, multiplied out: all is as large where no sign lets it cancel."""
    return toy_truth(abs(x), abs(y), abs(z))


def compare_toy_value(answer: Any, given: dict[str, float]) -> None:
    values, terms = toy_truth(**given)[0], toy_terms(**given)[0]
    assert_value(loss_of(answer), values["f"], name="f", terms=terms["f"].item())


def compare_toy_grads(answer: Any, given: dict[str, float]) -> None:
    grads, terms = toy_truth(**given)[1], toy_terms(**given)[1]
    for name, grad in grads.items():
        assert_grad(grad_of(answer, name), grad, name=name, terms=terms[name].item())


@lru_cache
def neuron_truth(w0: float, x0: float, w1: float, x1: float, w2: float) -> tuple[torch.Tensor, dict]:
    """f = sigmoid(w0 * x0 + w1 * x1 + w2), and its gradients."""
    given = {"w0": w0, "x0": x0, "w1": w1, "x1": x1, "w2": w2}
    nodes = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in given.items()}
    s = nodes["w0"] * nodes["x0"] + nodes["w1"] * nodes["x1"] + nodes["w2"]
    f = s.sigmoid()
    return f.detach(), slopes(f, nodes)


def predicted_of(student) -> dict:
    """The predictions of the notebook. Raises Malformed where they are not a dict."""
    predicted = student.value("predicted")
    if not isinstance(predicted, dict):
        raise Malformed("`predicted` must be a dict from names to numbers")
    return predicted


@item("predict", says="the predicted values of the forward pass are right")
def test_the_values_of_the_forward_pass_are_foreseen(student, make):
    predicted, (values, _) = predicted_of(student), toy_truth(x=3.0, y=-2.0, z=5.0)
    for name, value in values.items():
        assert_value(predicted.get(name), value, name=name)


@item("predict", says="the predicted gradients of the backward pass are right")
def test_the_gradients_of_the_backward_pass_are_foreseen(student, make):
    predicted, (_, grads) = predicted_of(student), toy_truth(x=3.0, y=-2.0, z=5.0)
    for name, grad in grads.items():
        assert_grad(predicted.get(f"df_d{name}"), grad, name=f"df_d{name}")


@item("toy")
def test_the_toy_function_computes_f(student, make):
    given = gates(make, "x y z")
    compare_toy_value(student.flat.toy(**given), given)


@item("toy", share=2.0)
def test_the_toy_gradients_match_autograd(student, make):
    given = gates(make, "x y z")
    compare_toy_grads(student.flat.toy(**given), given)


@item("neuron")
def test_the_neuron_computes_its_output(student, make):
    given = gates(make, "w0 x0 w1 x1 w2")
    f, _ = neuron_truth(**given)
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
    _, grads = neuron_truth(**given)
    answer = student.flat.neuron(**given)
    for name in names:
        assert_grad(grad_of(answer, name), grads[name], name=name)
