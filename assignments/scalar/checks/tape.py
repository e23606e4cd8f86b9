"""What the fast engine must do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from toolbox.checks.compare import assert_between, assert_grad, assert_value, identical
from toolbox.checks.reference.gates import truth
from toolbox.checks.rows import Story
from toolbox.checks.suite import item
from toolbox.errors import Mismatch, Missing

from .engine import started, true_gradients
from .gate import at_zero
from .inputs import as_given, away_from_zero, positive

STORIES = [Story("Var", "a few operations of one class"), Story("dot", "it takes Vars, and returns one")]


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
    output, true = truth("multiply", numbers)
    assert_value(data, output, name="the data")
    assert_grad(started(grads), true, name="the gradients of x y")
    compare_on_tape(student, lambda x: [2.5 * x + x * 0.5], [x], ["x"])


@item("tape")
def test_a_relu_on_the_tape(student, make):
    (x,) = positive(make, 1, 1.2)
    for number in (x, -x):
        data, *grads = on_tape(student, lambda v: [v.relu()], [number])
        output, true = truth("relu", [number])
        assert_value(data, output, name="the data")
        assert_grad(grads[0], true, name="the gradient of relu")


@item("tape", says="a shared Var adds up the gradients of all its users")
def test_a_shared_var_collects_from_all_its_users(student, make):
    x, y = away_from_zero(make, 2)
    data, *grads = on_tape(student, lambda x, y: [x * y + x], [x, y])
    true = true_gradients(lambda x, y: [x * y + x], [x, y])
    assert_grad(started(grads)[1], true[1], name="y, in x y + x")
    assert_grad(grads[0], true[0], name="x, in x y + x")


def check_dot(student, make, count: int, plain: bool) -> None:
    """A fused dot product: its value, its gradients, and that it is one node."""
    w, x, (b,) = away_from_zero(make, count), away_from_zero(make, count), away_from_zero(make, 1)
    s = student.script()
    ws, bias = [s.tape.Var(n) for n in w], s.tape.Var(b)
    xs = x if plain else [s.tape.Var(n) for n in x]
    before = s.facts.length(s.tape.TAPE)
    w_list, x_list = s.keep(ws), s.keep(xs)
    output = s.tape.dot(w_list, x_list, bias)
    after = s.facts.length(s.tape.TAPE)
    asked, as_they_were = zip(as_given(s, w_list, ws), as_given(s, x_list, xs), strict=True)
    (kind, nodes, more, *held) = s.fetch(s.facts.present(output), before, after, *asked)
    if not kind:
        raise Missing("dot is not written yet (it returns None)")
    if not identical(held, list(as_they_were)):
        raise Mismatch("dot changed a list that it was given: work on a copy", diagnosis=["input-changed"])
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
    assert_value(data, true.detach(), name="the data of dot")
    if more - nodes > 1:
        raise Mismatch(
            f"one dot product of {count} terms put {more - nodes} nodes on the tape", diagnosis=["not-fused"]
        )
    assert_grad(w_grads, grad_w, name="the gradients of w")
    assert_grad(b_grad, grad_b, name="the gradient of b")
    if not plain:
        (x_grads,) = s.fetch([node.grad for node in xs])
        assert_grad(x_grads, grad_x, name="the gradients of x")


@item("tape_dot", says="a dot product of Vars is one node")
def test_a_dot_product_of_vars_is_one_node(student, make):
    check_dot(student, make, 4, plain=False)


@item("tape_dot")
def test_a_dot_product_with_plain_numbers_is_one_node(student, make):
    check_dot(student, make, 3, plain=True)
