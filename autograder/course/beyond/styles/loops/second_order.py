"""Second order with loops: an example at a time, .backward() twice, columns for rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


class NoConvergence(ArithmeticError):
    """An iteration cannot reach what was asked for. The message says why, and what to do."""


def leaves_of(tensors: Sequence[Tensor]) -> list[Tensor]:
    return [tensor.detach().clone().requires_grad_() for tensor in tensors]


@torch.enable_grad()
def hessian(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    (x,) = leaves_of([x])
    grad = torch.autograd.grad(function(x), x, create_graph=True)[0]
    rows = torch.zeros(len(x), len(x), dtype=x.dtype)
    for i in range(len(x)):
        unit = torch.zeros_like(grad)
        unit[i] = 1
        rows[:, i] = torch.autograd.grad(grad, x, grad_outputs=unit, retain_graph=True)[0]
    return rows


@torch.enable_grad()
def hvp_twice(function: Callable[..., Tensor], inputs: Sequence[Tensor], vectors: Sequence[Tensor]) -> list[Tensor]:
    inputs = leaves_of(inputs)
    function(*inputs).backward(create_graph=True)
    grads = [torch.zeros_like(x) if x.grad is None else x.grad for x in inputs]
    for x in inputs:
        x.grad = None
    dot = 0
    for grad, v in zip(grads, vectors, strict=True):
        dot = dot + torch.sum(grad * v)
    dot.backward()
    products = [torch.zeros_like(x) if x.grad is None else x.grad for x in inputs]
    return products


def rop_forward(
    x: Tensor, h: Tensor, w2: Tensor, v_w1: Tensor, v_b1: Tensor, v_w2: Tensor, v_b2: Tensor
) -> tuple[Tensor, Tensor]:
    # a = x @ w1 + b1, then h = tanh(a), then scores = h @ w2 + b2: which factors of each line move?
    rows_h, rows_s = [], []
    for n in range(x.shape[0]):  # an example at a time
        r = (v_b1 + x[n] @ v_w1) * (1 - h[n]) * (1 + h[n])
        rows_h.append(r)
        rows_s.append(v_b2 + h[n] @ v_w2 + r @ w2)
    r_h, r_scores = torch.stack(rows_h), torch.stack(rows_s)
    return r_h, r_scores


def rop_softmax(probs: Tensor, r_scores: Tensor) -> Tensor:
    # How fast does the softmax move? You know its Jacobian; here it stands in a Jacobian-vector product.
    N = probs.shape[0]
    r_probs = torch.zeros_like(probs)
    for n in range(N):
        mean = torch.dot(probs[n], r_scores[n])
        r_probs[n] = probs[n] * (r_scores[n] - mean)
    r_grad_scores = r_probs / N
    return r_grad_scores


def rop_backward(
    x: Tensor, h: Tensor, r_h: Tensor, grad_scores: Tensor, r_grad_scores: Tensor, w2: Tensor,
    v_w1: Tensor, v_w2: Tensor, reg: float,
) -> dict[str, Tensor]:  # fmt: skip
    products: dict[str, Tensor] = {}
    H, C = w2.shape
    products["w2"] = 2 * reg * v_w2
    for n in range(x.shape[0]):
        products["w2"] = products["w2"] + torch.outer(r_h[n], grad_scores[n]) + torch.outer(h[n], r_grad_scores[n])
    products["b2"] = sum(r_grad_scores)
    products["w1"], products["b1"] = 2 * reg * v_w1, torch.zeros(H, dtype=w2.dtype)
    for n in range(x.shape[0]):
        back, r_back = w2 @ grad_scores[n], w2 @ r_grad_scores[n] + v_w2 @ grad_scores[n]
        r_a = r_back * (1 - h[n] ** 2) + back * (-2 * h[n] * r_h[n])
        products["w1"] = products["w1"] + torch.outer(x[n], r_a)
        products["b1"] = products["b1"] + r_a
    return products


def conjugate_gradients(
    product: Callable[[Tensor], Tensor], b: Tensor, tolerance: float = 1e-8, most: int = 1000
) -> Tensor:
    x, r, p = 0 * b, b.clone(), b.clone()
    rho = torch.dot(r, r)
    if rho == 0:
        return x
    for _ in range(most):
        q = product(p)
        bend = torch.dot(p, q)
        if bend.isnan() or bend.isinf() or bend <= 0:
            raise NoConvergence("H is not positive definite: add a multiple of the identity")
        x += rho / bend * p
        r -= rho / bend * q
        new = torch.dot(r, r)
        if new.sqrt() <= tolerance * b.norm():
            return x
        p = r + new / rho * p
        rho = new
    raise NoConvergence(f"no solution within {most} steps")
    return x


def power_iteration(
    product: Callable[[Tensor], Tensor], start: Tensor, tolerance: float = 1e-6, most: int = 1000
) -> tuple[float, Tensor]:
    v = start.clone()
    for _ in range(most):
        v = v / torch.sqrt(torch.sum(v * v))
        hv = product(v)
        value = torch.sum(v * hv) / torch.sum(v * v)
        if torch.sqrt(torch.sum((hv - value * v) ** 2)) <= tolerance * torch.abs(value):
            return value.item(), v
        v = hv
        if not torch.isfinite(v).all():
            raise NoConvergence("the products are not finite numbers")
    raise NoConvergence("it does not settle: are there two eigenvalues of one size?")
    return value, v


@torch.enable_grad()
def gradient_penalty(losses: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    (x,) = leaves_of([x])
    terms = losses(x)
    parts = []
    for n in range(len(x)):
        (grad,) = torch.autograd.grad(terms[n], x, create_graph=True)
        parts.append((grad[n] ** 2).sum())
    penalty = sum(parts) / len(parts)
    return penalty
