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

    at_zero(product, (x, -1.5), (0.0, x), (x, 0.0))
    at_zero(relu, (1.5,), (-1.5,), (0.0,))


### END HIDDEN TESTS


@item("tape", says="a shared Var adds up the gradients of all its users")
def test_a_shared_var_collects_from_all_its_users(student, make):
    x, y = away_from_zero(make, 2)
    data, *grads = on_tape(student, lambda x, y: [x * y + x], [x, y])
    true = true_gradients(lambda x, y: [x * y + x], [x, y])
    assert_grad(started(grads)[1], true[1], name="y, in x y + x")
    assert_grad(grads[0], true[0], name="x, in x y + x")


### BEGIN HIDDEN TESTS
def tape_net(x, y, z):
    """A graph with shared nodes, open and closed gates, and plain numbers on both sides."""
    a = x * y + z
    b = (a * a + 0.3).relu() * x
    c = (a * -1.0 * a + -0.2).relu() * 5  # numbers of either kind
    d = 2 * (b + c) * a + b * z
    return [d * d + a, d, b, a]


@item("tape", share=2.0)
def test_larger_graphs_on_the_tape(student, make):
    for _ in range(4):
        compare_on_tape(student, tape_net, away_from_zero(make, 3), ["d", "b", "a", "x", "y", "z"])


@item("tape", says="a second backward pass over the tape starts afresh")
def test_a_second_walk_over_the_tape_starts_afresh(student, make):
    compare_on_tape(student, tape_net, away_from_zero(make, 3), ["d", "b", "a", "x", "y", "z"], times=2)


@item("tape", says="what is recorded later on the tape does not count")
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


### BEGIN HIDDEN TESTS
@item("tape_dot", share=2.0)
def test_dot_products_of_any_length(student, make):
    for count in (1, 2, 7):
        check_dot(student, make, count, plain=False)
        check_dot(student, make, count, plain=True)


@item("tape_dot", says="a shared input adds up the gradients of every dot product")
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
