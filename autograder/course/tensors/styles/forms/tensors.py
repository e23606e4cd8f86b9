"""Matrix forms, einsum and torch's own layers."""

import torch
import torch.nn.functional as F


def relu_jacobian(x):
    return torch.eye(len(x), dtype=x.dtype) * torch.heaviside(x, torch.zeros((), dtype=x.dtype))


def softmax_jacobian(x):
    y = (x - torch.logsumexp(x, 0)).exp()[:, None]
    return y * (torch.eye(len(x), dtype=x.dtype) - y.T)


def matmul_jacobian_x(x, w):
    N, D = x.shape
    return torch.kron(torch.eye(N, dtype=x.dtype), w.T.contiguous()).reshape(N, w.shape[1], N, D)


def matmul_jacobian_w(x, w):
    return torch.kron(x, torch.eye(w.shape[1], dtype=x.dtype)).reshape(x.shape[0], w.shape[1], *w.shape)


def numeric_jacobian(function, x, h=1e-5):
    x = x.to(torch.float64)
    units = torch.eye(x.numel(), dtype=torch.float64).reshape(-1, *x.shape)
    columns = torch.stack([function(x + h * unit) - function(x - h * unit) for unit in units])
    y_axes = columns.dim() - 1
    return columns.permute(*range(1, y_axes + 1), 0).reshape(*columns.shape[1:], *x.shape) / (h + h)


def relu_backward(grad_out, x):
    return torch.where(x > 0, grad_out, torch.zeros_like(grad_out))


def softmax_backward(grad_out, y):
    own = grad_out * y
    return own - y * torch.einsum("...c->...", own)[..., None]


def matmul_backward(grad_out, x, w):
    return torch.einsum("nm,dm->nd", grad_out, w), torch.einsum("nd,nm->dm", x, grad_out)


def unbroadcast(grad_out, shape):
    return grad_out.sum_to_size(tuple(shape))


def mul_backward(grad_out, x, y):
    return (grad_out * y).sum_to_size(x.shape), (grad_out * x).sum_to_size(y.shape)


def correlate(x, w, b):
    return x.unfold(0, len(w), 1) @ w + b


def correlate_backward(grad_out, x, w):
    wide = F.pad(grad_out, (len(w) - 1, len(w) - 1))
    return wide.unfold(0, len(w), 1) @ w.flip(0), x.unfold(0, len(w), 1).T @ grad_out, grad_out.clone()


def cost_left_to_right(sizes):
    return sizes[0] * sum(a * b for a, b in zip(sizes[1:-1], sizes[2:], strict=True))


def cost_right_to_left(sizes):
    return sizes[-1] * sum(a * b for a, b in zip(sizes[:-2], sizes[1:-1], strict=True))


def gradcheck(forward, backward, inputs):
    """The two one-sided Jacobians of each input, contracted with the upstream gradient."""
    inputs = [x.to(torch.float64) for x in inputs]
    y = forward(*inputs)
    upstream = torch.randn(y.shape, dtype=torch.float64)
    verdict = True
    for i, (x, claim) in enumerate(zip(inputs, backward(upstream, *inputs), strict=True)):
        if claim.shape != x.shape:
            return False
        if x.numel() == 0:
            continue
        steps = 1e-6 * x.abs().clamp(min=1e-2)
        sides = []
        for sign in (-1, 1):
            moved = [
                forward(*inputs[:i], x + sign * steps * unit, *inputs[i + 1 :])
                for unit in torch.eye(x.numel(), dtype=torch.float64).reshape(-1, *x.shape)
            ]
            change = torch.stack([((value - y) * upstream).sum() for value in moved]).reshape(x.shape)
            sides.append(sign * change / steps)
        low, high = torch.minimum(*sides), torch.maximum(*sides)
        slack = 1e-5 * torch.maximum(high.abs(), low.abs()) + 1e-13 * y.abs().max() / steps.max()
        verdict = verdict & ((claim >= low - slack) & (claim <= high + slack)).all()
    return verdict
