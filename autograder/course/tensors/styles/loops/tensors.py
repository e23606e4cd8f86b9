"""Loops, masks and running sums."""

import torch


def relu_jacobian(x):
    jacobian = torch.zeros(len(x), len(x), dtype=x.dtype)
    for i in range(len(x)):
        if x[i] > 0:
            jacobian[i, i] = 1
    return jacobian


def softmax_jacobian(x):
    shifted = (x - x.max()).exp()
    y = shifted / shifted.sum()
    jacobian = torch.empty(len(x), len(x), dtype=x.dtype)
    for i in range(len(x)):
        for j in range(len(x)):
            jacobian[i, j] = y[i] * (float(i == j) - y[j])
    return jacobian


def matmul_jacobian_x(x, w):
    (N, D), M = x.shape, w.shape[1]
    jacobian = torch.zeros(N, M, N, D, dtype=x.dtype)
    for n in range(N):
        for m in range(M):
            jacobian[n, m, n] = w[:, m]
    return jacobian


def matmul_jacobian_w(x, w):
    (N, D), M = x.shape, w.shape[1]
    jacobian = torch.zeros(N, M, D, M, dtype=x.dtype)
    for n in range(N):
        for m in range(M):
            jacobian[n, m, :, m] = x[n]
    return jacobian


def numeric_jacobian(function, x, h=1e-5):
    x = x.double().contiguous().clone()
    flat = x.view(-1)
    jacobian = torch.zeros(*function(x).shape, x.numel(), dtype=torch.float64)
    for i in range(x.numel()):
        before = flat[i].item()
        flat[i] = before + h
        up = function(x).clone()
        flat[i] = before - h
        jacobian[..., i] = (up - function(x)) / h / 2
        flat[i] = before
    return jacobian.reshape(*jacobian.shape[:-1], *x.shape)


def relu_backward(grad_out, x):
    grad_x = grad_out.clone()
    grad_x[x <= 0] = 0
    return grad_x


def softmax_backward(grad_out, y):
    rows, ups = y.reshape(-1, y.shape[-1]), grad_out.reshape(-1, y.shape[-1])
    grads = [row * up - row * torch.dot(row, up) for row, up in zip(rows, ups, strict=True)]
    return torch.stack(grads).reshape(y.shape)


def matmul_backward(grad_out, x, w):
    grad_x = torch.stack([w @ row for row in grad_out])
    grad_w = torch.zeros_like(w)
    for row, up in zip(x, grad_out, strict=True):
        grad_w += torch.outer(row, up)
    return grad_x, grad_w


def unbroadcast(grad_out, shape):
    while grad_out.dim() > len(shape):
        grad_out = grad_out.sum(0)
    for axis, size in enumerate(shape):
        if size == 1:
            grad_out = grad_out.sum(axis, keepdim=True)
    return grad_out


def mul_backward(grad_out, x, y):
    return unbroadcast(y * grad_out, list(x.shape)), unbroadcast(x * grad_out, list(y.shape))


def correlate(x, w, b):
    return b + sum(w[k] * x[k : len(x) - len(w) + 1 + k] for k in range(len(w)))


def correlate_backward(grad_out, x, w):
    n, K = len(grad_out), len(w)
    padded = torch.cat([torch.zeros(K - 1, dtype=x.dtype), grad_out, torch.zeros(K - 1, dtype=x.dtype)])
    grad_x = sum(w[k] * padded[K - 1 - k : 2 * K - 2 - k + n] for k in range(K))
    grad_w = torch.zeros_like(w)
    for k in range(K):
        grad_w[k] = (grad_out * x[k : k + n]).sum()
    return grad_x, grad_w, grad_out


def cost_left_to_right(sizes):
    total, rows = 0, sizes[0]
    for inner, columns in zip(sizes[1:], sizes[2:], strict=False):
        total += rows * inner * columns
    return total


def cost_right_to_left(sizes):
    return cost_left_to_right(list(reversed(sizes)))


def gradcheck(forward, backward, inputs):
    """A scalar loss, an absolute smallest step, and a jump as the sign of a kink."""
    inputs = [x.double().contiguous() for x in inputs]
    grad_out = torch.randn(forward(*inputs).shape, dtype=torch.float64)

    def nudged(i, e, h):
        moved = [x.clone() for x in inputs]
        moved[i].view(-1)[e] += h
        return forward(*moved)

    claims = backward(grad_out, *inputs)
    for i, x in enumerate(inputs):
        claim = claims[i]
        if tuple(claim.shape) != tuple(x.shape):
            return False
        for e in range(x.numel()):
            mine = float(claim.reshape(-1)[e])
            h = 1e-5 * max(abs(float(x.view(-1)[e])), 1e-2)
            here, up, down = nudged(i, e, 0.0), nudged(i, e, h), nudged(i, e, -h)
            right, left = float(((up - here) * grad_out).sum() / h), float(((here - down) * grad_out).sum() / h)
            middle = (left + right) / 2
            size = max(abs(middle), 1e-5)  # of the truth: by the size of the claim, infinity would be near
            if abs(mine - middle) <= 1e-4 * size:
                continue
            kink = abs(left - right) > 1e-2 * max(abs(left), abs(right))
            if not (kink and min(left, right) - 1e-6 <= mine <= max(left, right) + 1e-6):
                return False
    return True
