"""A detour through NumPy, with NumPy arrays or tensors as the answers."""

import numpy as np
import torch


def relu_jacobian(x):
    return np.diag((x.numpy() > 0).astype(x.numpy().dtype))


def softmax_jacobian(x):
    y = np.exp(x.numpy() - x.numpy().max())
    y /= y.sum()
    return np.diag(y) - np.outer(y, y)


def matmul_jacobian_x(x, w):
    return np.einsum("ni,dm->nmid", np.eye(len(x), dtype=w.numpy().dtype), w.numpy())


def matmul_jacobian_w(x, w):
    return np.einsum("nd,mj->nmdj", x.numpy(), np.eye(w.shape[1], dtype=x.numpy().dtype))


def numeric_jacobian(function, x, h=1e-5):
    start, columns = x.double().numpy(), []
    for place in np.ndindex(*start.shape):
        nudge = np.zeros_like(start)
        nudge[place] = h
        up, down = (function(torch.from_numpy(start + sign * nudge)).numpy() for sign in (1, -1))
        columns.append((up - down) / (2 * h))
    return np.moveaxis(np.array(columns), 0, -1).reshape(*columns[0].shape, *start.shape)


def relu_backward(grad_out, x):
    return np.where(x.numpy() > 0, grad_out.numpy(), 0)


def softmax_backward(grad_out, y):
    g, y = grad_out.numpy(), y.numpy()
    return y * (g - (g * y).sum(-1)[..., None])


def matmul_backward(grad_out, x, w):
    return np.dot(grad_out, w.T), np.dot(x.T, grad_out)


def unbroadcast(grad_out, shape):
    g = grad_out.numpy()
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, size in enumerate(shape) if size == 1), keepdims=True)


def mul_backward(grad_out, x, y):
    return unbroadcast(grad_out * y, x.shape), unbroadcast(grad_out * x, y.shape)


def correlate(x, w, b):
    return (
        np.correlate(x.numpy(), w.numpy(), mode="valid") + b.numpy()
        if len(b) >= len(w)
        else (np.stack([x.numpy()[j : j + len(w)] @ w.numpy() for j in range(len(b))]) + b.numpy())
    )


def correlate_backward(grad_out, x, w):
    g, x, w = grad_out.numpy(), x.numpy(), w.numpy()
    return np.convolve(g, w, mode="full"), np.array([g @ x[k : k + len(g)] for k in range(len(w))]), g


def cost_left_to_right(sizes):
    return int(np.sum([sizes[0] * sizes[i] * sizes[i + 1] for i in range(1, len(sizes) - 1)]))


def cost_right_to_left(sizes):
    return int(np.sum([sizes[i] * sizes[i + 1] * sizes[-1] for i in range(len(sizes) - 2)]))


def gradcheck(forward, backward, inputs):
    """Several steps: an entry is right when it agrees at one of them."""
    inputs = [x.double() for x in inputs]
    y = forward(*inputs)
    g = torch.from_numpy(np.random.default_rng().normal(size=tuple(y.shape)))
    for i, (x, claim) in enumerate(zip(inputs, backward(g, *inputs), strict=True)):
        if claim.shape != x.shape:
            return False
        for place in np.ndindex(*x.shape):
            if not any(_agrees(forward, inputs, i, place, y, g, float(claim[place]), h) for h in (1e-5, 1e-6, 1e-7)):
                return False
    return True


def _agrees(forward, inputs, i, place, y, g, claim, h):
    h *= max(abs(float(inputs[i][place])), 0.01)
    slopes = []
    for step in (h, -h):
        moved = [x.clone() for x in inputs]
        moved[i][place] += step
        slopes.append(float(((forward(*moved) - y) * g).sum()) / step)
    slack = 1e-5 * max(map(abs, slopes)) + 1e-8
    return min(slopes) - slack <= claim <= max(slopes) + slack
