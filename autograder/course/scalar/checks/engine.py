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
def test_the_order_of_a_second_graph_holds_nothing_of_the_first(student, make):
    s = student.script()
    first = diamond(s.scalar.Value(0.6), s.scalar.Value(-0.9))
    second = s.scalar.Value(0.3) * s.scalar.Value(-0.4)
    counts = [s.fetch(s.builtins.len(s.scalar.topological(output)))[0] for output in (first[-1], second, first[-1])]
    if counts != [6, 3, 6]:
        message = f"the orders of a graph of 6, of another one of 3 and of the first again hold {counts} nodes"
        again = ["call-remembered"] if counts[0] != counts[2] else []  # the same question, another answer
        raise Mismatch(f"{message}: each call makes an order of its own", diagnosis=again)


@item("value_order", share=0.5, says="values that are equal but not the same object each have a place in the order")
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


@item("value_backward", says="backward goes on beside a value whose gradient is 0, and starts from a value alone")
def test_backward_goes_on_beside_a_gradient_of_zero_and_starts_alone(student, make):
    x, y = away_from_zero(make, 2, 0.3, 1.2)
    with verdicts_only():  # where nothing comes back to one node, much may come back to the next
        for late in (True, False):
            nothing = partial(nothing_comes_back, late=late)
            for got, right in zip(gradients(student, nothing, [x, y]), true_gradients(nothing, [x, y]), strict=True):
                assert_grad(got, right, name="a value beside one whose gradient is 0")
        (alone,) = gradients(student, lambda x: [x], [x])
        assert_grad(alone, torch.ones((), dtype=torch.float64), name="a value that backward is called on, alone")


def nothing_comes_back(x: Any, y: Any, late: bool) -> list[Any]:
    """A sum with a part whose gradient is 0."""
    a = x * y
    part = (y * 0.5).exp() * 0.0
    return [a.exp() + part if late else part + a.exp(), a]


@item("value_backward", says="a value that lies on very many paths is visited once")
def test_a_value_on_very_many_paths_is_walked_once(student, make):
    ladder_seconds(student, 5)
    seconds = min(ladder_seconds(student, 19) for _ in range(2))  # a walk of every path takes some half a million steps
    if seconds > 0.1 + 20 * ladder_seconds(student, 8):
        message = (
            f"a graph of some sixty nodes took {seconds:.2f} s: as if every path to a value were followed separately"
        )
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
        assert_grad(grad, true, name=name)
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
    for name, got, right in (("a", got_a, true[0]), ("b", got_b, true[1])):
        assert_grad(got, right, name=f"{name}, after backward from another output")


### BEGIN HIDDEN TESTS
@item("value_again", share=2.0, says="backward may start from a value in the middle, then from the end")
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


### BEGIN HIDDEN TESTS
@item("neuron", says="a neuron takes Values as inputs, too")
def test_a_neuron_takes_values_as_inputs_too(student, make):
    for count in (1, 2, 5):
        check_neuron(student, make, count, plain=False)


@item("neuron", says="a neuron is made of Values all the way through")
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
