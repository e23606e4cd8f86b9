"""The gates, forwards and backwards; the sigmoid in four nodes and in one."""

from __future__ import annotations

import torch

from toolbox.checks.compare import assert_grad, assert_value, grad_of, lone, loss_of
from toolbox.checks.rows import Story
from toolbox.checks.suite import item

from .gate import Gate, far_out
from .inputs import away_from_zero, filled, lists_stay

POLE = {"zero": "there is no value at 0"}
SIGMOID = Gate("sigmoid", "gate_sigmoid")
GATES = [
    Gate("add", "gate_add", 2),
    Gate("multiply", "gate_multiply", 2),
    Gate("maximum", "gate_max", 2, ties="gate_max"),
    Gate("reciprocal", "gate_reciprocal", without=POLE),
    Gate("exp", "gate_exp", far=(60.0, -60.0)),
    Gate("log", "gate_log", positive=True, far=(1e-9, 1e9), without=POLE),
    Gate("total", "gate_sum", 0),
    Gate("mean", "gate_mean", 0),
    SIGMOID,
    *(Story(name, "given") for name in ("square", "square_backward")),
    *(Story(name, "it gives two numbers for one") for name in ("copy", "copy_backward")),
    Story("sigmoid_by_parts", "each of its gradients follows from the one before"),
]


def check_copy(student, make, first: float, second: float) -> None:
    """Compare the gradient behind a copy with autograd's, given what comes back from its two users."""
    (x,) = away_from_zero(make, 1)
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    ups = [torch.tensor(number, dtype=torch.float64) for number in (first, second)]
    (true,) = torch.autograd.grad([leaf.clone(), leaf.clone()], leaf, ups)
    answer = student.gates.copy_backward(first, second, x)
    assert_grad(filled(answer, "copy_backward"), true, name="the downstream gradient")


def check_copies(student, make) -> None:
    (x,) = away_from_zero(make, 1)
    both = filled(student.gates.copy(x), "copy")
    assert_value(both, torch.tensor([x, x], dtype=torch.float64), name="the two copies")


@item("gate_copy")
def test_the_copy_gate_copies(student, make):
    check_copies(student, make)


@item("gate_copy", share=2.0, says="the copy gate adds up the gradients of both users")
def test_the_copy_gate_hears_both_users(student, make):
    check_copy(student, make, *away_from_zero(make, 2, 1.1, 3.0))


### BEGIN HIDDEN TESTS
@item("gate_copy", share=2.0)
def test_the_copy_gate_is_right_at_many_points(student, make):
    for _ in range(5):
        check_copies(student, make)
        check_copy(student, make, *away_from_zero(make, 2, 1.1, 3.0))


### END HIDDEN TESTS


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
    before = {"c": None, "b": "c", "a": "b", "x": "a"}
    for name, right in true.items():
        accept, source = [], before[name]
        if source is not None:
            theirs = lone(answer[1].get(source))
            if isinstance(theirs, float) and 1e-3 < abs(theirs / true[source]) < 1e3:
                accept = [right * theirs / true[source]]
        assert_grad(grad_of(answer, name), right, name=name, accept=accept)


@item("sigmoid_parts")
def test_four_nodes_compute_the_sigmoid(student, make):
    (x,) = away_from_zero(make, 1)
    number = torch.tensor(x, dtype=torch.float64)
    true = number.sigmoid()
    assert_value(loss_of(student.gates.sigmoid_by_parts(x, 1.0)), true, name="z")


@item("sigmoid_parts", share=2.0, says="the gradients on the wires of the four nodes are right")
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


@item("gate_sigmoid", says="the sigmoid gate is right for very large and very small inputs")
def test_the_sigmoid_gate_works_far_out(student, make):
    far_out(lambda x: student.gates.sigmoid(x))


### BEGIN HIDDEN TESTS
@item("gate_sigmoid")
def test_the_sigmoid_gate_is_right_on_both_sides_of_zero(student, make):
    for x in (-0.9, -0.35, -0.02, 0.0, 0.02, 0.35, 0.9):  # where those who cut the cases at another place differ
        SIGMOID.ask_output(student, x)


@item("gate_sum", share=0.5)
def test_the_sum_leaves_its_list_as_it_is(student, make):
    numbers = away_from_zero(make, 4)
    lists_stay(student, "gates", "total", numbers)
    lists_stay(student, "gates", "total_backward", 2.5, numbers, sum(numbers))


@item("gate_mean", share=0.5)
def test_the_mean_leaves_its_list_as_it_is(student, make):
    numbers = away_from_zero(make, 4)
    lists_stay(student, "gates", "mean", numbers)
    lists_stay(student, "gates", "mean_backward", 2.5, numbers, sum(numbers) / 4)


### END HIDDEN TESTS
