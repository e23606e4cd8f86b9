"""Second order by torch.func and NumPy: Jacobians of gradients, explicit softmax Jacobians, arrays in between."""

from __future__ import annotations

import numpy as np
import torch


class NoConvergence(ArithmeticError):
    """An iteration cannot reach what was asked for."""


def leaves_of(tensors):
    return [tensor.detach().clone().requires_grad_() for tensor in tensors]


def hessian(function, x):
    return torch.func.jacfwd(torch.func.grad(function))(x)


def hvp_twice(function, inputs, vectors):
    """H is symmetric: a vector-Jacobian product of the gradient is the Jacobian-vector product."""
    gradient = torch.func.grad(function, argnums=tuple(range(len(inputs))))
    _, pull = torch.func.vjp(gradient, *inputs)
    return [product.detach() for product in pull(tuple(vectors))]


def rop_forward(x, h, w2, v_w1, v_b1, v_w2, v_b2):
    x, h, w2, v_w1, v_b1, v_w2, v_b2 = (t.numpy() for t in (x, h, w2, v_w1, v_b1, v_w2, v_b2))
    r_h = np.multiply(x @ v_w1 + v_b1, 1 - np.square(h))
    both = np.concatenate([r_h, h], axis=1) @ np.concatenate([w2, v_w2], axis=0)
    return torch.from_numpy(r_h), torch.from_numpy(both + v_b2)


def rop_softmax(probs, r_scores):
    p, r = probs.numpy(), r_scores.numpy()
    jacobians = np.stack([np.diag(row) - np.outer(row, row) for row in p])
    return torch.from_numpy(np.einsum("nij,nj->ni", jacobians, r) / np.asarray(len(p), dtype=p.dtype))


def rop_backward(x, h, r_h, grad_scores, r_grad_scores, w2, v_w1, v_w2, reg):
    x, h, r_h, g, r_g = (t.numpy() for t in (x, h, r_h, grad_scores, r_grad_scores))
    w2, v_w1, v_w2 = w2.numpy(), v_w1.numpy(), v_w2.numpy()
    r_grad_h = np.tensordot(r_g, w2, (1, 1)) + np.tensordot(g, v_w2, (1, 1))
    r_slope = -h * r_h - r_h * h
    r_grad_a = r_grad_h * (1 - h) * (1 + h) + np.tensordot(g, w2, (1, 1)) * r_slope
    return {
        "w1": torch.from_numpy(np.tensordot(x, r_grad_a, (0, 0)) + (reg + reg) * v_w1),
        "b1": torch.from_numpy(r_grad_a.sum(axis=0)),
        "w2": torch.from_numpy(np.tensordot(r_h, g, (0, 0)) + np.tensordot(h, r_g, (0, 0)) + (reg + reg) * v_w2),
        "b2": torch.from_numpy(np.add.reduce(r_g)),
    }


def conjugate_gradients(product, b, tolerance=1e-8, most=1000):
    """Polak and Ribiere's share of the last direction, which is the same for a quadratic bowl."""
    goal, x, r = tolerance * np.linalg.norm(b.numpy()), np.zeros_like(b.numpy()), b.numpy().copy()
    p = r.copy()
    for _ in range(most):
        if np.linalg.norm(r) <= goal:
            return torch.from_numpy(x)
        hp = product(torch.from_numpy(p)).numpy()
        bend = float(np.dot(p, hp))
        if not bend > 0 or np.isinf(bend):
            raise NoConvergence(f"along a direction the curvature is {bend}; H must be positive definite")
        length = np.dot(r, r) / bend
        x, new = x + length * p, r - length * hp
        p = new + np.dot(new, new - r) / np.dot(r, r) * p
        r = new
    if np.linalg.norm(r) <= goal:
        return torch.from_numpy(x)
    raise NoConvergence(f"not there after {most} steps")


def power_iteration(product, start, tolerance=1e-6, most=1000):
    v, done = start.numpy(), 0
    while done < most:
        v = v / np.sqrt(np.sum(v * v))
        hv = product(torch.from_numpy(v)).numpy()
        done += 1
        if not np.isfinite(hv).all():
            raise NoConvergence("a product is not finite")
        value = float(np.sum(v * hv))
        if np.linalg.norm(hv - value * v) <= tolerance * abs(value):
            return value, torch.from_numpy(v)
        v = hv
    raise NoConvergence(f"still turning after {most} products")


@torch.enable_grad()
def gradient_penalty(losses, x):
    """The gradient of each row's own loss, for all rows at once."""
    gradients = torch.func.vmap(torch.func.grad(lambda row: losses(row[None])[0]))(x.detach())
    return (gradients**2).sum() / x.shape[0]
