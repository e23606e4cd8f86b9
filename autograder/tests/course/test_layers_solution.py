"""The solved layers and losses: the same as PyTorch's in value and gradient, in any form their tensors come in."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograder.course.rooms import ROOT
from autograder.course.students import namespace
from autograder.tests.fake_gpu import fake_gpu
from toolbox.checks.reference.layer import TWINS

MODULES = ("layers", "activations", "batchnorm", "losses")  # layers imports names of the others, so it comes first
SOLVED = {
    name: thing
    for module in MODULES
    for name, thing in namespace((ROOT / "solutions" / "backprop" / f"{module}.py").read_text(), module).items()
}
N, D, M, K = 7, 5, 3, 4


def normal(*shape: int, dtype=torch.float64, device="cpu") -> torch.Tensor:
    return torch.randn(shape, dtype=dtype, device=device)


# class -> shapes of its parameters, where it has some
LAYERS = {
    "Linear": {"w": (D, M), "b": (M,)}, "Maxout": {"w": (K, D, M), "b": (K, M)}, "Correlation1d": {"w": (K,)},
    "BatchNorm": {"gamma": (D,), "beta": (D,)},
}  # fmt: skip
LOSSES = {
    "softmax_cross_entropy": F.cross_entropy,
    "hinge": lambda s, y: F.multi_margin_loss(s, y) * s.shape[1],  # torch divides by the number of classes, too
    "squared": lambda s, y: F.mse_loss(s, F.one_hot(y, s.shape[1]).to(s), reduction="sum") / len(y),
}


def built(name: str, **options):
    """A solved layer with random parameters."""
    return SOLVED[name](**{key: normal(*shape, **options) for key, shape in LAYERS.get(name, {}).items()})


def compare_with_torch(layer, twin, x: torch.Tensor, backward="backward") -> None:
    out = layer.forward(x)
    grad_out = torch.randn_like(out)
    kept = [tensor.clone() for tensor in (x, out, grad_out)]
    leaves = [tensor.detach().clone().requires_grad_() for tensor in (x, *layer.params.values())]
    true = twin(*leaves)
    grads = torch.autograd.grad(true, leaves, grad_out)
    tolerance = 1e-12 if x.dtype == torch.float64 else 1e-5
    for _ in range(2):
        mine = [getattr(layer, backward)(grad_out), *layer.grads.values()]
        assert list(layer.grads) == list(layer.params)
        for got, wanted in zip([out, *mine], [true.detach(), *grads], strict=True):
            assert got.shape == wanted.shape and got.dtype == x.dtype
            torch.testing.assert_close(got, wanted, rtol=tolerance, atol=tolerance)
    for before, after in zip(kept, (x, out, grad_out), strict=True):
        assert torch.equal(before, after)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", TWINS)
def test_a_layer_is_the_same_as_pytorchs(name, dtype):
    torch.manual_seed(1)
    compare_with_torch(built(name, dtype=dtype), TWINS[name], normal(N, D, dtype=dtype))


@pytest.mark.parametrize("name", TWINS)
def test_a_layer_takes_one_row_columns_laid_out_first_and_expanded_rows(name):
    torch.manual_seed(2)
    twin = TWINS[name]
    if name != "BatchNorm":  # F.batch_norm refuses one row
        compare_with_torch(built(name), twin, normal(1, D))
        compare_with_torch(built(name), twin, normal(0, D))
    compare_with_torch(built(name), twin, normal(D, N).T)
    compare_with_torch(built(name), twin, normal(1, D).expand(N, D))
    compare_with_torch(built(name), twin, 300 * normal(N, D))


def test_both_ways_back_through_batchnorm_are_the_same_as_pytorchs():
    torch.manual_seed(3)
    compare_with_torch(built("BatchNorm"), TWINS["BatchNorm"], 5 + 3 * normal(N, D), backward="backward_by_nodes")
    layer, grad_out = built("BatchNorm"), normal(1, D)
    layer.forward(normal(1, D))
    for backward in (layer.backward, layer.backward_by_nodes):
        assert torch.equal(backward(grad_out), torch.zeros(1, D))  # one row is its own mean


def test_batchnorm_keeps_the_running_statistics_of_pytorchs():
    torch.manual_seed(4)
    layer, twin = built("BatchNorm"), nn.BatchNorm1d(D, dtype=torch.float64)
    twin.load_state_dict({"weight": layer.params["gamma"], "bias": layer.params["beta"]}, strict=False)
    for _ in range(3):
        x = 2 + 3 * normal(N, D)
        torch.testing.assert_close(layer.forward(x), twin(x).detach(), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(layer.running_mean, twin.running_mean, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(layer.running_var, twin.running_var, rtol=1e-12, atol=1e-12)
    layer.eval(), twin.eval()
    compare_with_torch(layer, lambda x, gamma, beta: F.batch_norm(
        x, layer.running_mean, layer.running_var, gamma, beta, eps=1e-5), normal(N, D))  # fmt: skip


def test_dropout_drops_its_share_scales_the_rest_and_goes_back_the_same_way():
    generator = torch.Generator().manual_seed(5)
    layer, x = SOLVED["Dropout"](0.3, generator), 1 + normal(1, 20_000).abs().expand(5, -1)
    out = layer.forward(x)
    share = (out == 0).double().mean(dim=1)
    assert ((share - 0.3).abs() < 0.02).all() and not torch.equal(out[0], out[1])
    torch.testing.assert_close(out[out != 0], x[out != 0] / 0.7)
    torch.testing.assert_close(layer.backward(x), out)
    assert not torch.equal(layer.forward(x), out)
    layer.eval()
    assert torch.equal(layer.forward(x), x) and torch.equal(layer.backward(x), x)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_the_same_as_pytorchs(name, dtype):
    torch.manual_seed(6)
    tolerance = 1e-12 if dtype == torch.float64 else 1e-5
    for scores in (normal(N, D, dtype=dtype), normal(1, D, dtype=dtype), 1000 * normal(D, N, dtype=dtype).T,
                   normal(1, D, dtype=dtype).expand(N, D)):  # fmt: skip
        y, before = torch.randint(0, D, (len(scores),)), scores.clone()
        leaf = scores.detach().clone().requires_grad_()
        true = LOSSES[name](leaf, y)
        loss, grad = SOLVED[name](scores, y)
        assert loss.shape == () and grad.dtype == dtype and torch.equal(scores, before)
        torch.testing.assert_close(loss, true.detach(), rtol=tolerance, atol=tolerance)
        torch.testing.assert_close(grad, torch.autograd.grad(true, leaf)[0], rtol=tolerance, atol=tolerance)


def test_the_penalty_counts_weights_and_nothing_else():
    torch.manual_seed(7)
    net = small_net()
    penalty, grads = SOLVED["l2"](net.params, 0.5)
    assert list(grads) == ["0.w", "3.w"]
    w = net.params["0.w"]
    assert torch.equal(grads["0.w"], w)
    torch.testing.assert_close(penalty, (w.square().sum() + net.params["3.w"].square().sum()) / 2)
    assert SOLVED["l2"]({"b": w}, 1e9) == (0, {})


def small_net(device="cpu"):
    made = {"dtype": torch.float64, "device": device}
    return SOLVED["Sequential"](
        SOLVED["Linear"](normal(D, K, **made), normal(K, **made)),
        SOLVED["BatchNorm"](normal(K, **made), normal(K, **made)),
        SOLVED["ELU"](),
        SOLVED["Linear"](normal(K, M, **made), normal(M, **made)),
    )


def test_a_net_is_the_same_as_pytorchs_and_its_parameters_are_the_layers_own():
    torch.manual_seed(8)
    net = small_net()

    def twin(x, w0, b0, gamma, beta, w3, b3):
        return F.elu(TWINS["BatchNorm"](x @ w0 + b0, gamma, beta)) @ w3 + b3

    compare_with_torch(net, twin, normal(N, D))
    assert list(net.params) == ["0.w", "0.b", "1.gamma", "1.beta", "3.w", "3.b"]
    assert net.params["0.w"] is net.layers[0].params["w"]
    net.eval()
    assert not any(layer.training for layer in [net, *net.layers])
    net.train()
    assert all(layer.training for layer in [net, *net.layers])


@pytest.mark.parametrize("name", [*TWINS, "Dropout"])
def test_a_layer_stays_on_the_device_of_its_input(name):
    """No GPU is needed: a fake tensor has a device and a shape, and mixing devices raises an error."""
    with fake_gpu():
        layer = SOLVED[name](0.5) if name == "Dropout" else built(name, device="cuda")
        for mode in (layer.train, layer.eval):
            mode()
            out = layer.forward(normal(N, D, device="cuda"))
            grad_x = layer.backward(normal(*out.shape, device="cuda"))
            for tensor in (out, grad_x, *layer.grads.values()):
                assert tensor.device.type == "cuda" and tensor.dtype == torch.float64
        if name == "BatchNorm":
            layer.train()
            layer.forward(normal(N, D, device="cuda"))
            assert layer.backward_by_nodes(normal(N, D, device="cuda")).device.type == "cuda"


def test_losses_and_nets_stay_on_the_device_of_their_inputs():
    with fake_gpu():
        net, scores = small_net("cuda"), normal(N, M, device="cuda")
        y = torch.randint(0, M, (N,), device="cuda")
        for name in LOSSES:
            for tensor in SOLVED[name](scores, y):
                assert tensor.device.type == "cuda"
        penalty, grads = SOLVED["l2"](net.params, 0.1)
        assert {tensor.device.type for tensor in (penalty, *grads.values())} == {"cuda"}


def test_a_tensor_made_on_the_wrong_device_is_seen():
    with fake_gpu(), pytest.raises(RuntimeError, match="device"):
        normal(2, device="cuda") + torch.ones(2)
    with fake_gpu(), pytest.raises(RuntimeError, match="device"):
        normal(2, device="cuda")[:, None] * torch.arange(2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU in this machine")
@pytest.mark.parametrize("name", TWINS)
def test_a_layer_is_the_same_as_pytorchs_on_a_gpu(name):
    torch.manual_seed(9)
    compare_with_torch(built(name, device="cuda"), TWINS[name], normal(N, D, device="cuda"))
