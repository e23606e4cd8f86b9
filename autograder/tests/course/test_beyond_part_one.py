"""Forward mode and second order: what the toolbox gives to `beyond` is right, and one mistake costs one item."""

from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch

from autograder.course import rooms
from autograder.course.answers import Answer, Edit
from autograder.course.beyond.checks import forward
from autograder.course.students import answering, namespace
from autograder.masters.sources import checks_of
from toolbox.calling import calls, wire
from toolbox.calling.student import LocalTransport, Student
from toolbox.checks.reference.forward import push
from toolbox.checks.reference.second import Net, hessian, hvp
from toolbox.checks.suite import Suite
from toolbox.draw import show_boundaries, show_hessian, show_steps, show_throw
from toolbox.errors import Malformed, Missing
from toolbox.given import smooth_functions

ROOT = Path(__file__).resolve().parents[3]
BEYOND = rooms.load("beyond")


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def solution(module):
    return namespace((ROOT / "solutions" / "backprop" / f"{module}.py").read_text(), module)


@pytest.fixture(scope="module")
def suite():
    return Suite(checks_of(ROOT, "beyond"))


# What the toolbox gives


def test_the_net_that_takes_duals_is_the_net_of_torch():
    x, y, w1, w2 = normal(5, 4), torch.tensor([0, 2, 1, 1, 0]), normal(4, 6, seed=1), normal(6, 3, seed=2)
    scores = torch.relu(x @ w1 + 0.1) @ w2 - 0.2
    expected = torch.nn.functional.cross_entropy(scores, y) + 0.3 * ((w1 * w1).sum() + (w2 * w2).sum())
    given = (torch.full((6,), 0.1).double(), torch.full((3,), -0.2).double())
    torch.testing.assert_close(smooth_functions.net_loss(x, y, w1, given[0], w2, given[1], reg=0.3), expected)


def test_a_throw_runs_on_duals_as_on_tensors_and_stays_above_the_ground():
    forward_mode, g = solution("forward_mode"), torch.tensor(9.81).double()
    value, tangent = forward_mode["jvp"](smooth_functions.throw, [g], [torch.ones_like(g)])
    torch.testing.assert_close((value, tangent), push(smooth_functions.throw, [g], [torch.ones_like(g)]))
    assert value.shape == (100, 2) and value[:, 1].min() > 0
    assert tangent[-1, 1] < -1 and tangent[:, 0].abs().max() > 0.01  # sideways, too: the drag


def test_a_cubed_sum_knows_its_own_tangent():
    function = smooth_functions.Cubed([normal(4, 3), normal(4, 2, seed=1)], (2, 2))
    inputs, tangents = [normal(3, seed=2), normal(2, 1, seed=3)], [normal(3, seed=4), normal(2, 1, seed=5)]
    dual = solution("forward_mode")["Dual"]
    result = function(*map(dual, inputs, tangents))
    torch.testing.assert_close((result.value, result.tangent), push(function, inputs, tangents))
    still = function(dual(inputs[0], tangents[0]), inputs[1])
    torch.testing.assert_close(still.tangent, push(function, inputs, [tangents[0], 0 * tangents[1]])[1])


def test_products_and_passes_count_and_refuse_wrong_shapes():
    matrix = normal(3, 3)
    product = smooth_functions.Products(matrix)
    torch.testing.assert_close(product(normal(3, seed=1)), matrix @ normal(3, seed=1))
    jacobian = normal(2, 3, 4)
    forward, reverse = smooth_functions.Passes(jacobian, 1, True), smooth_functions.Passes(jacobian, 1, False)
    torch.testing.assert_close(forward(normal(3, 4)), torch.einsum("ijk,jk->i", jacobian, normal(3, 4)))
    torch.testing.assert_close(reverse(normal(2)), torch.einsum("ijk,i->jk", jacobian, normal(2)))
    assert product.calls == forward.calls == reverse.calls == 1
    with pytest.raises(ValueError, match=r"shape \(12,\); it must have shape \(3, 4\)"):
        forward(normal(12))


@pytest.mark.parametrize("lost", [lambda p: p.detach(), lambda p: p.item(), lambda p: p.expand(2)])
def test_a_penalty_without_a_graph_has_no_gradients(lost):
    right, given = solution("second_order")["gradient_penalty"], (normal(4, 3), [normal(3, 2), normal(2)])
    assert len(smooth_functions.trained_by(right, *given)["grads"]) == 2
    assert smooth_functions.trained_by(lambda losses, x: lost(right(losses, x)), *given)["grads"] is None


def test_a_lost_graph_is_a_mistake_where_autograd_is_allowed_and_forbidden_elsewhere():
    def lost():
        x = torch.ones(2)
        torch.autograd.grad(x.sum(), x)

    allowed, forbidden = (wire.unpack(calls.perform(lost, [], {}, autograd))["error"] for autograd in (True, False))
    assert allowed["code"] == "failed" and "does not require grad" in allowed["message"]
    assert forbidden["code"] == "forbidden"


# References against torch.func, and against each other


def test_the_references_agree_with_torch_func():
    a, b, v, w = normal(4, 3), normal(3, seed=1), normal(4, 3, seed=2), normal(3, seed=3)
    torch.testing.assert_close(
        push(smooth_functions.entangled, [a, b], [v, w]), torch.func.jvp(smooth_functions.entangled, (a, b), (v, w))
    )
    expected = torch.func.jvp(torch.func.grad(smooth_functions.entangled, argnums=(0, 1)), (a, b), (v, w))[1]
    torch.testing.assert_close(tuple(hvp(smooth_functions.entangled, [a, b], [v, w])), expected)
    x = normal(5, seed=4)
    torch.testing.assert_close(hessian(smooth_functions.quartic, x), torch.func.hessian(smooth_functions.quartic)(x))


def direction(N=5, D=3, H=4, C=2, reg=0.3):
    shapes = {"w1": (D, H), "b1": (H,), "w2": (H, C), "b2": (C,)}
    given = {"x": normal(N, D), "y": torch.arange(N) % C, "reg": reg}
    given |= {name: normal(*shape, seed=i) for i, (name, shape) in enumerate(shapes.items(), 1)}
    return given | {f"v_{name}": normal(*shape, seed=10 + i) for i, (name, shape) in enumerate(shapes.items())}


def test_moving_the_nets_lines_one_by_one_gives_the_hessians_product():
    given = direction()
    names, truth = ("w1", "b1", "w2", "b2"), Net(given)

    def loss(w1, b1, w2, b2):
        scores = torch.tanh(given["x"] @ w1 + b1) @ w2 + b2
        return torch.nn.functional.cross_entropy(scores, given["y"]) + 0.3 * ((w1 * w1).sum() + (w2 * w2).sum())

    inputs, vectors = [given[name] for name in names], [given[f"v_{name}"] for name in names]
    module = solution("second_order")
    by_hand = module["hvp_rop"](
        given["x"], given["y"], dict(zip(names, inputs, strict=True)), dict(zip(names, vectors, strict=True)), 0.3
    )
    for name, product in zip(names, hvp(loss, inputs, vectors), strict=True):
        torch.testing.assert_close(truth.r[f"grad_{name}"], product)
        torch.testing.assert_close(by_hand[name], product)
    _, grads, _ = module["net_gradient"](given["x"], given["y"], dict(zip(names, inputs, strict=True)), 0.3)
    for name in names:
        torch.testing.assert_close(truth.value[f"grad_{name}"], grads[name])


# One mistake, one item


@pytest.mark.parametrize(
    ("where", "old", "new", "item"),
    [("Dual.__mul__", "self.tangent * other.value + ", "", "dual_arithmetic"),
     ("Dual.tanh", "1 - t * t", "1 - t", "dual_functions"),
     ("jvp", "Dual(x, v)", "Dual(x, x)", "jvp"),
     ("rop_softmax", "own - probs", "own + probs", "rop_softmax"),
     ("rop_forward", "(1 - h * h)", "1", "rop_forward"),
     ("conjugate_gradients", "(left / before) * p", "p", "conjugate_gradients")],
)  # fmt: skip
def test_one_mistake_costs_one_item(suite, where, old, new, item):
    answer = Answer("once", (), (Edit(where, old, new),))
    items = ["dual_arithmetic", "dual_matmul", "dual_functions", "jvp", "jacobians", "rop_forward", "rop_softmax",
             "rop_backward", "conjugate_gradients", "power_iteration"]  # fmt: skip
    results = suite.run(answering(answer, BEYOND), items=items, seed="x")
    assert {t.item for t in results if t.status != "passed"} == {item}


def test_refusing_everything_or_returning_nothing_but_zeros_earns_nothing(suite):
    module = solution("second_order")

    def refuse(*args, **kwargs):
        raise module["NoConvergence"]("this one does not converge either")

    items = ["conjugate_gradients", "power_iteration"]
    for answer in (refuse, lambda product, b, **options: 0 * b, lambda product, b, **options: (0.0, b / b.norm())):
        lazy = module | {"conjugate_gradients": answer, "power_iteration": answer}
        student = Student(LocalTransport({"second_order": lazy}, {}))
        assert [t.name for t in suite.run(student, items=items, seed="x") if t.status == "passed"] == []


# Pictures


def test_the_pictures_of_part_one_take_what_the_notebook_gives_them():
    g = torch.tensor(9.81).double()
    places, moves = push(smooth_functions.throw, [g], [torch.ones_like(g)])
    assert len(show_throw(places, moves, others={"g = 9": places}).axes) == 2
    figure = show_hessian({"one": normal(5, 5), "missing": None}, {"w": 3, "b": 2})
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["w", "b"]
    assert "not written yet" in [text.get_text() for text in figure.axes[1].texts]
    x, y = normal(6, 2), torch.tensor([0, 1, 0, 1, 0, 1])
    figure = show_boundaries({"a net": lambda grid: grid.sum(dim=1)}, x, y, {"a net": x})
    assert figure.axes[0].get_title() == "a net"
    assert show_steps({"a": ([0, 1], [1.0, 0.1])}, xlabel="cost", ylabel="loss").axes[0].get_yscale() == "log"
    plt.close("all")


def test_what_is_no_dual_with_two_tensors_is_missing_or_malformed():
    pair = [normal(2), normal(2, seed=1)]
    assert forward.parts(["Dual", *pair]) == pair
    with pytest.raises(Missing):
        forward.parts(["NoneType", None, None])
    for value, tangent in ((None, None), (pair[0], None), (pair[0], 0.0)):
        with pytest.raises(Malformed, match="of type Tensor"):
            forward.parts(["Tensor", value, tangent])
