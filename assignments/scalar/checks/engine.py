"""What the engine of `Value` must do: order, the walk back, depth, a neuron."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from toolbox.checks.compare import assert_grad, assert_value, identical, lone
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.rows import Story
from toolbox.checks.suite import item
from toolbox.errors import Mismatch, Missing, Raised

from .inputs import as_given, away_from_zero

STORIES = [
    Story("Value", "its operations have rows of their own"),
    *(Story(name, "given") for name in ("as_value", "forget")),
    Story("topological", "it takes a graph of Values"),
    Story("neuron", "it takes Values, and returns one"),
]


def check_order(student, build: Callable, leaves: int, edges: list[tuple[int, int]]) -> None:
    """`build` makes nodes from leaves, the output last. edges: pairs (input, user) of places in that list."""
    s = student.script()
    nodes = build(*[s.scalar.Value(number) for number in (0.6, -0.9, 0.2)[:leaves]])
    (places,) = s.fetch(s.facts.places(s.scalar.topological(nodes[-1]), nodes))
    if not any(places):
        raise Missing("topological returns an empty list: not written yet")
    if any(len(place) > 1 for place in places):
        raise Mismatch("a node is in the order more than once", diagnosis=["order-doubled"])
    if any(not place for place in places):
        message = "a node that the output was made from, or the output itself, is not in the order"
        raise Mismatch(message, diagnosis=["order-incomplete"])
    early = [(a, b) for a, b in edges if places[a] > places[b]]
    if len(early) == len(edges):
        raise Mismatch("the order runs from the output to the inputs", diagnosis=["order-backwards"])
    if early:
        message = f"{len(early)} of {len(edges)} times a node comes before one of its inputs"
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


@item("value_order", says="inputs come before everything that is made from them")
def test_inputs_stand_before_what_is_made_from_them(student, make):
    check_order(student, diamond, 2, DIAMOND)
    check_order(student, mirrored, 2, DIAMOND)


@item("value_order", share=0.5, says="the order of a single value is that value")
def test_a_single_value_is_an_order_of_its_own(student, make):
    check_order(student, lambda x: [x], 1, [(0, 0)])


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
        raise Missing("every gradient is still zero: backward is not written yet, or reaches nothing")
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
    for name, got, right in zip(names, found, true, strict=True):
        assert_grad(got, right, name=name)


@item("value_backward", share=2.0, says="a value used twice adds up two gradients")
def test_a_value_used_twice_collects_twice(student, make):
    x, y = away_from_zero(make, 2)

    def expression(x, y):
        return [x * y + x]

    true = true_gradients(expression, [x, y])
    got = started(gradients(student, expression, [x, y]))
    assert_grad(got[1], true[1], name="y, in x y + x")
    assert_grad(got[0], true[0], name="x, in x y + x")
    (square,) = gradients(student, lambda x: [x * x], [x])
    (right,) = true_gradients(lambda x: [x * x], [x])
    assert_grad(square, right, name="x, in x * x")


@item("value_backward", share=2.0, says="a value passes its gradient on only when all of it has arrived")
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

    for expression in (short_first, long_first):
        (q, x_grad, y_grad), true = gradients(student, expression, numbers), true_gradients(expression, numbers)
        started([q, x_grad, y_grad])
        assert_grad(q, true[0], name="q, in the middle")
        assert_grad(x_grad, true[1], name="x, behind q")
        assert_grad(y_grad, true[2], name="y")


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
    for name, got, right in (("a", got_a, true[0]), ("b", got_b, true[1])):
        assert_grad(got, right, name=f"{name}, after backward from another output")


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


def check_neuron(student, make, count: int, plain: bool) -> None:
    """A neuron of Values: its output, by torch, from w, x and b; its inputs Values or plain numbers."""
    w, x, (b,) = away_from_zero(make, count, 0.2, 0.9), away_from_zero(make, count, 0.2, 0.9), away_from_zero(make, 1)
    weighted = torch.tensor(w, dtype=torch.float64) @ torch.tensor(x, dtype=torch.float64)
    s = student.script()
    make_value = s.scalar.Value
    ws, xs = [make_value(n) for n in w], x if plain else [make_value(n) for n in x]
    weights, inputs = s.keep(ws), s.keep(xs)
    output = s.scalar.neuron(weights, inputs, make_value(b))
    asked, as_they_were = zip(as_given(s, weights, ws), as_given(s, inputs, xs), strict=True)
    (kind, *held) = s.fetch(s.facts.present(output), *asked)
    if not kind:
        raise Missing("neuron is not written yet (it returns None)")
    if not identical(held, list(as_they_were)):
        raise Mismatch("neuron changed a list that it was given: work on a copy", diagnosis=["input-changed"])
    (data,) = s.fetch(output.data)
    assert_value(data, (weighted + b).tanh(), name="the neuron's output")


@item("neuron", says="a neuron is the tanh of its weighted sum plus bias")
def test_a_neuron_weighs_sums_and_squashes(student, make):
    check_neuron(student, make, 3, plain=True)
