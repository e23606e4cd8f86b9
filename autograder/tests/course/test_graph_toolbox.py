"""What part two of `layers` brings into the toolbox: ops, truths, runs of Functions and modules, the picture."""

from __future__ import annotations

import matplotlib
import pytest
import torch
from matplotlib import pyplot as plt

from autograder.course.rooms import ROOT
from autograder.course.students import namespace
from toolbox.calling.student import LocalTransport, Student
from toolbox.checks import function_runs
from toolbox.checks.graph_bench import Bench, deep, record
from toolbox.checks.reference.graph import VALUES, GraphTruth, assert_values, assert_walk, sort
from toolbox.draw import show_network
from toolbox.draw.network import rows_of
from toolbox.errors import Forbidden, Malformed, Mismatch, Missing, Raised
from toolbox.probes import graph_ops

matplotlib.use("Agg")
SOLVED = {name: namespace((ROOT / "solutions" / "backprop" / f"{name}.py").read_text(), name)
          for name in ("graph", "functions")}  # fmt: skip
Graph, Sigmoid, MLP = SOLVED["graph"]["Graph"], SOLVED["functions"]["Sigmoid"], SOLVED["functions"]["MLP"]


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# Ops


@pytest.mark.parametrize("kind", graph_ops.OPS)
def test_every_op_has_the_value_and_the_gradients_that_autograd_gives(kind):
    params = {"linear": [normal(3, 3, seed=5), normal(3, seed=6)], "scale": [normal(seed=7)]}.get(kind, [])
    inputs = [normal(2, 3, seed=1), normal(2, 3, seed=2)][: 1 if kind in ("linear", "scale", "square", "tanh", "same")
                                                          else 2]  # fmt: skip
    leaves = [x.clone().requires_grad_() for x in [*inputs, *params]]
    op, upstream = graph_ops.OPS[kind](*params), normal(2, 3, seed=3)
    true = VALUES[kind](leaves[: len(inputs)], leaves[len(inputs) :])
    torch.testing.assert_close(op.forward(*inputs), true.detach())
    got = op.backward(upstream)
    got = [got] if isinstance(got, torch.Tensor) else list(got)
    torch.testing.assert_close([*got, *op.grads], list(torch.autograd.grad(true, leaves, upstream)))
    assert op.runs == {"forward": 1, "backward": 1}


def scripted(**names):
    return Student(LocalTransport({"graph": SOLVED["graph"] | names})).script()


def test_a_chain_is_added_last_node_first_and_comes_back_with_its_sign():
    value, grad, names = deep(scripted(), 7, normal(1, 2), normal(1, 2, seed=1))
    torch.testing.assert_close([value, grad, names], [-normal(1, 2), -normal(1, 2, seed=1), 8])


def test_a_bench_prepares_the_ops_of_a_graph_whose_own_forward_is_broken():
    class Broken(Graph):
        def forward(self, **inputs):
            raise RuntimeError("broken")

    script = scripted(Graph=Broken)
    bench = Bench(script, ["x"], [["h", "tanh", ["x"], []]], ["x", "h"])
    bench.prepare({"x": normal(2, 2)}, ["x", "h"])
    (grads,) = script.fetch(bench.backward({"h": torch.ones(2, 2).double()}))
    torch.testing.assert_close(grads["x"], 1 - normal(2, 2).tanh() ** 2)
    assert bench.runs("backward") == {"h": 1} and bench.runs("forward") == {"h": 0}


def test_a_tensor_that_an_op_hands_on_is_the_very_one_and_others_are_new():
    script = scripted()
    rows = [["s", "same", ["x"], []], ["y", "add", ["s", "x"], []]]
    bench, upstream = Bench(script, ["x"], rows, ["x", "s", "y"]), script.keep(normal(2, 2))
    values, same = bench.forward({"x": normal(2, 2)}), script.facts.same
    one, both = bench.graph.nodes["s"].op, bench.graph.nodes["y"].op
    first, second = both.backward(upstream)[0], both.backward(upstream)[1]
    found = same(values["s"], values["x"]), same(one.backward(upstream), upstream), same(first, second)
    assert script.fetch(*found, same(values["y"], values["x"])) == [True, True, True, False]


@pytest.mark.parametrize("given", [None, torch.zeros(5000), torch.zeros(3, 7), torch.tensor(1)])
def test_what_an_op_does_not_take_raises_where_it_was_called_and_not_at_the_check(given):
    script = scripted()
    bench = Bench(script, ["x"], [["y", "multiply", ["x", "x"], []], ["z", "tanh", ["x"], []]])
    with pytest.raises(Raised, match="TypeError|ValueError"):
        script.fetch(bench.graph.nodes["y"].op.forward(normal(2, 2), given))
    with pytest.raises(Raised, match="before forward"):
        script.fetch(bench.graph.nodes["z"].op.backward(normal(2, 2)))


def test_what_is_recorded_of_a_block_is_plain_data():
    rows, returned = record(scripted(), "x", ["one", "two"])
    assert returned == ["one", "two"]
    assert rows[3] == ["one", "add", ["x", "one.r"], []] and rows[4] == ["two.a", "two:first", ["one"], []]


# Truths

ROWS_SHARED = [["h", "tanh", ["x"], []], ["y", "multiply", ["h", "x"], []], ["k", "mix", ["h", "y"], []],
               ["z", "add", ["y", "k", "h"], []]]  # fmt: skip


def shared(seed=0):
    return GraphTruth(ROWS_SHARED, {"x": normal(3, 2, seed=seed)}, {"z": normal(3, 2, seed=seed + 1)})


@pytest.mark.parametrize("seed", range(5))
def test_the_true_gradients_are_those_of_autograd_and_the_sums_over_the_wires(seed):
    truth = shared(seed)
    x = truth.values["x"].clone().requires_grad_()
    h = x.tanh()
    y = h * x
    (grad,) = torch.autograd.grad(y + 2 * h - 5 * y + h, x, truth.grad_out["z"])
    torch.testing.assert_close(truth.grads["x"], grad)
    for name in truth.values:
        torch.testing.assert_close(truth.grads[name], sum(truth.arriving(name)))


@pytest.mark.parametrize("seed", range(5))
def test_every_mistake_is_named_at_the_first_node_where_it_shows_on_the_way_back(seed):
    truth = shared(seed)
    order = list(reversed(truth.order))
    for place, name in enumerate(order):
        for mistake, answers in truth.forms(name).items():
            for answer in answers:
                if torch.allclose(answer, truth.grads[name]):
                    continue
                wrong = {key: grad if key in order[:place] else torch.zeros_like(grad)
                         for key, grad in truth.grads.items()} | {name: answer}  # fmt: skip
                with pytest.raises(Mismatch, match=f"the first wrong gradient is that of {name}:") as caught:
                    assert_walk(wrong, truth)
                assert caught.value.diagnosis[0] in (mistake, "sign-flipped"), (name, mistake)


def test_right_values_and_gradients_pass_with_unused_names_left_out_or_zero():
    truth = GraphTruth([*ROWS_SHARED, ["aside", "tanh", ["h"], []]], {"x": normal(3, 2)}, {"z": normal(3, 2, seed=1)})
    assert_values(truth.values, truth)
    grads = {name: grad for name, grad in truth.grads.items() if grad is not None}
    assert_walk(grads, truth)
    assert_walk(grads | {"aside": torch.zeros(3, 2)}, truth)
    with pytest.raises(Mismatch, match="no output depends on 'aside'"):
        assert_walk(grads | {"aside": torch.ones(3, 2)}, truth)
    with pytest.raises(Missing, match="'h'"):
        assert_walk({name: grad for name, grad in grads.items() if name != "h"}, truth)
    with pytest.raises(Malformed):
        assert_walk([1.0], truth)


def test_a_graph_with_a_circle_has_no_order():
    with pytest.raises(ValueError, match="no order for a, b"):
        sort(["x"], [["a", "tanh", ["b"], []], ["b", "tanh", ["a"], []]])


# Functions


def function(backward, forward=torch.sigmoid):
    """A Function of one argument with the given rules; `backward(x, y, grad_out)`."""

    class Mine(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = forward(x)
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx, grad_out):
            return backward(*ctx.saved_tensors, grad_out)

    return Mine


def asked(x, y, g):
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        return torch.autograd.grad(torch.sigmoid(leaf), leaf, g)[0]


def walked(x, y, g):
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        torch.sigmoid(leaf).backward(g)
    return leaf.grad


def swallowed(x, y, g):
    try:
        return asked(x, y, g)
    except Exception:
        return g * y * (1 - y)


CHEATS = {
    "autograd.grad": asked,
    "Tensor.backward": walked,
    "the error swallowed": swallowed,
    "torch.func.vjp": lambda x, y, g: torch.func.vjp(torch.sigmoid, x.detach())[1](g.detach())[0],
    "torch.func.grad": lambda x, y, g: torch.func.grad(lambda v: (torch.sigmoid(v) * g.detach()).sum())(x.detach()),
    "torch.func.jvp": lambda x, y, g: torch.func.jvp(torch.sigmoid, (x.detach(),), (g.detach(),))[1],
    "functional.jacobian": lambda x, y, g: g @ torch.autograd.functional.jacobian(torch.sigmoid, x.detach()),
    "a ready-made backward": lambda x, y, g: torch.ops.aten.sigmoid_backward(g, y),
}


def derived(kind, *args):
    student = Student(LocalTransport({"functions": {"Mine": kind}}))
    with student.autograd():
        s = student.script()
        return function_runs.derivatives(s, s.functions.Mine, *args)


def built(kind, sizes, state, x, g, operations=()):
    student = Student(LocalTransport({"functions": {"Mine": kind}}))
    with student.autograd():
        s = student.script()
        made_of = {keyword: function_runs.OPERATIONS[name](s) for keyword, name in dict(operations).items()}
        return function_runs.module(s, s.functions.Mine, sizes, state, x, g, made_of)


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("how", CHEATS)
def test_a_backward_that_asks_autograd_is_forbidden(how, second):
    mine = function(CHEATS[how])
    with pytest.raises(Forbidden):
        derived(mine, [normal(4)], normal(4, seed=1), [normal(4, seed=2)] if second else None)
    # and the sensors are gone afterwards
    x = normal(3).requires_grad_()
    torch.sigmoid(x).sum().backward()
    assert "apply" not in mine._backward_cls.__dict__ and x.grad is not None


def test_a_gradient_prepared_by_autograd_in_the_forward_pass_is_forbidden():
    def forward(x):
        asked(x, None, torch.ones_like(x))
        return torch.sigmoid(x)

    with pytest.raises(Forbidden):
        derived(function(lambda x, y, g: g * y * (1 - y), forward), [normal(4)], normal(4, seed=1))


def test_an_apply_that_is_torchs_own_operation_is_forbidden():
    class Borrowed(torch.autograd.Function):
        apply = staticmethod(torch.sigmoid)

    class Behind(Sigmoid):
        @classmethod
        def apply(cls, x):
            return Sigmoid.apply(x * 1)

    for kind in (Borrowed, Behind):
        with pytest.raises(Forbidden):
            derived(kind, [normal(4)], normal(4, seed=1))


def test_an_honest_function_brings_back_values_and_first_and_second_gradients():
    x, g, weight = normal(4), normal(4, seed=1), normal(4, seed=2)
    answer = derived(Sigmoid, [x.clone()], g.clone(), [weight])
    leaf, upstream = x.clone().requires_grad_(), g.clone().requires_grad_()
    y = torch.sigmoid(leaf)
    (grad,) = torch.autograd.grad(y, leaf, upstream, create_graph=True)
    torch.testing.assert_close([answer["value"], answer["grads"][0]], [y.detach(), grad.detach()])
    torch.testing.assert_close(answer["second"], list(torch.autograd.grad(grad, [leaf, upstream], weight)))
    torch.testing.assert_close([answer["inputs"][0], answer["grad_out"]], [x, g])


def test_functions_of_another_form_are_named_as_such():
    for wrong, error in ((torch.sigmoid, Malformed), (function(lambda x, y, g: g, lambda x: None), Missing)):
        with pytest.raises(error):
            derived(wrong, [normal(4)], normal(4, seed=1))


@pytest.mark.parametrize(
    ("second", "right"), [(lambda x, y, g: g * y.detach() * (1 - y), False), (lambda x, y, g: g * y * (1 - y), True)]
)
def test_second_gradients_show_what_was_hidden_from_autograd(second, right):
    answer = derived(function(second), [normal(4)], normal(4, seed=1), [normal(4, seed=2)])
    true = derived(Sigmoid, [normal(4)], normal(4, seed=1), [normal(4, seed=2)])
    torch.testing.assert_close(answer["grads"], true["grads"])
    assert torch.allclose(answer["second"][0], true["second"][0]) is right


# Modules


def weights():
    return {"w1": normal(4, 3), "b1": normal(3), "w2": normal(3, 2), "b2": normal(2)}


def test_a_module_runs_with_the_weights_and_operations_that_it_is_given():
    x, g = normal(5, 4, seed=8), normal(5, 2, seed=9)
    own = built(MLP, [4, 3, 2], weights(), x.clone(), g)
    twin = {name: name for name in ("linear", "sigmoid", "softmax")}
    other = built(MLP, [4, 3, 2], weights(), x.clone(), g, twin)
    torch.testing.assert_close(own, other)
    changed = built(MLP, [4, 3, 2], weights(), x.clone(), g, twin | {"sigmoid": "tanh"})
    assert not torch.allclose(changed["value"], own["value"])


def test_modules_of_another_form_are_named_as_such():
    class Nameless(torch.nn.Module):
        def __init__(self, D, H, C):
            super().__init__()
            self.first = torch.nn.Linear(D, H)

    class Empty(torch.nn.Module):
        def __init__(self, D, H, C):
            super().__init__()

    class Detached(MLP):
        def forward(self, x):
            return super().forward(x).detach()

    wrong = {Nameless: "first.weight", Empty: "no parameters", Detached: "cut off", (lambda *sizes: 3): "nn.Module"}
    for kind, words in wrong.items():
        with pytest.raises(Missing if kind is Empty else Malformed, match=words):
            built(kind, [4, 3, 2], weights(), normal(5, 4), normal(5, 2))
    with pytest.raises(Malformed, match="w1 has shape"):
        built(MLP, [5, 3, 2], weights(), normal(5, 4), normal(5, 2))


# The picture


def picture(rows):
    net = Graph("x")
    for name, sources in rows.items():
        net.add(name, graph_ops.Add(), *sources.split())
    return net


@pytest.mark.parametrize(
    "rows",
    [{"a": "x", "h": "a", "y": "h x"}, {"a": "x", "h": "x a", "y": "h x"},
     {"a": "x", "b": "x a", "c": "b x", "d": "c a x", "e": "d b"}, {"a": "x", "b": "x", "c": "a b x"}],
)  # fmt: skip
def test_no_wire_runs_through_a_node_that_it_does_not_end_at(rows):
    net = picture(rows)
    place, column = rows_of(net), {"x": 0}
    for name in net.order()[1:]:
        column[name] = 1 + max(column[source] for source in net.nodes[name].sources)
    for source in place:
        readers = [name for name in net.nodes if source in net.nodes[name].sources]
        last = max((column[name] for name in readers), default=0)
        for other in place:
            if other != source and column[source] < column[other] < last:
                assert place[other] != place[source], (source, other)
            assert other == source or (column[other], place[other]) != (column[source], place[source])


def test_a_network_is_drawn_with_shapes_and_sizes_and_a_circle_is_an_error():
    net = picture({"a": "x", "y": "a x"})
    values = net.forward(x=normal(3, 2))
    ax = show_network(net, values, net.backward({"y": torch.full((3, 2), 2.0).double()}), title="small")
    texts = [text.get_text() for text in ax.texts]
    assert "a (3, 2)" in texts and "4" in texts and texts.count("2") == 2 and "+" in texts
    plt.close("all")
    with pytest.raises(ValueError, match="wait for each other"):
        show_network(picture({"a": "b", "b": "a x"}))
