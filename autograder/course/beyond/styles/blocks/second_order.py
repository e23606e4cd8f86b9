"""Second order with matrix forms: torch.func, block products, explicit Jacobians, other formulas for the steps."""

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
    rows = torch.func.hessian(function)(x.detach())
    return rows


@torch.enable_grad()
def hvp_twice(function: Callable[..., Tensor], inputs: Sequence[Tensor], vectors: Sequence[Tensor]) -> list[Tensor]:
    inputs = leaves_of(inputs)
    vectors = tuple(v.detach() for v in vectors)
    places = tuple(range(len(inputs)))
    grads = torch.func.grad(function, argnums=places)
    products = list(torch.func.jvp(grads, tuple(x.detach() for x in inputs), vectors)[1])
    return products


def rop_forward(
    x: Tensor, h: Tensor, w2: Tensor, v_w1: Tensor, v_b1: Tensor, v_w2: Tensor, v_b2: Tensor
) -> tuple[Tensor, Tensor]:
    # a = x @ w1 + b1, then h = tanh(a), then scores = h @ w2 + b2: which factors of each line move?
    slope = 1 - h.square()
    r_h = slope * torch.addmm(v_b1, x, v_w1)
    r_scores = torch.cat([r_h, h], dim=1) @ torch.cat([w2, v_w2], dim=0) + v_b2
    return r_h, r_scores


def rop_softmax(probs: Tensor, r_scores: Tensor) -> Tensor:
    # How fast does the softmax move? You know its Jacobian; here it stands in a Jacobian-vector product.
    jacobians = torch.diag_embed(probs) - probs[:, :, None] * probs[:, None, :]
    r_grad_scores = torch.einsum("nij,nj->ni", jacobians, r_scores) / len(probs)
    return r_grad_scores


def rop_backward(
    x: Tensor, h: Tensor, r_h: Tensor, grad_scores: Tensor, r_grad_scores: Tensor, w2: Tensor,
    v_w1: Tensor, v_w2: Tensor, reg: float,
) -> dict[str, Tensor]:  # fmt: skip
    products: dict[str, Tensor] = {}
    slope, r_slope = 1 - h * h, -2 * h * r_h
    grad_h = torch.einsum("nc,hc->nh", grad_scores, w2)
    both = torch.cat([r_grad_scores, grad_scores], dim=1)
    r_grad_h = both @ torch.cat([w2, v_w2], dim=1).T
    r_grad_a = r_grad_h * slope + grad_h * r_slope
    products["w1"] = torch.einsum("nd,nh->dh", x, r_grad_a) + reg * v_w1 + reg * v_w1
    products["b1"] = torch.einsum("nh->h", r_grad_a)
    products["w2"] = torch.cat([r_h, h]).T @ torch.cat([grad_scores, r_grad_scores]) + 2 * reg * v_w2
    products["b2"] = torch.ones_like(r_grad_scores[:, 0]) @ r_grad_scores
    return products


def conjugate_gradients(
    product: Callable[[Tensor], Tensor], b: Tensor, tolerance: float = 1e-8, most: int = 1000
) -> Tensor:
    x, r = torch.zeros_like(b), b
    if not torch.isfinite(b).all():
        raise NoConvergence("the right side holds numbers that are not finite")
    p, goal, steps = b, tolerance * float(b.norm()), 0
    while float(r.norm()) > goal:
        if steps == most:
            raise NoConvergence(f"{most} steps were not enough; allow more of them")
        hp = product(p)
        curvature = float(p @ hp)
        if not 0 < curvature < float("inf"):
            raise NoConvergence(f"a direction has the curvature {curvature}: H must be positive definite")
        x = x + float(r @ p) / curvature * p
        r = r - float(r @ p) / curvature * hp
        p = r - float(r @ hp) / curvature * p
        steps += 1
    return x


def power_iteration(
    product: Callable[[Tensor], Tensor], start: Tensor, tolerance: float = 1e-6, most: int = 1000
) -> tuple[float, Tensor]:
    v = start / torch.linalg.vector_norm(start)
    hv = product(v)
    for _ in range(most - 1):
        value = torch.dot(v, hv).item()
        if (hv - value * v).norm().item() <= tolerance * abs(value):
            return value, -v  # an eigenvector turned round is one as well
        v = torch.nn.functional.normalize(hv, dim=0)
        hv = product(v)
    value = torch.dot(v, hv).item()
    if not (hv - value * v).norm().item() <= tolerance * abs(value):
        raise NoConvergence("no single eigenvalue stands out, or there are too few products: try a shift")
    return value, v


@torch.enable_grad()
def gradient_penalty(losses: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    (x,) = leaves_of([x])
    total = losses(x).sum()
    (grad,) = torch.autograd.grad(total, [x], create_graph=True)
    penalty = torch.einsum("nd,nd->", grad, grad) / len(x)
    return penalty
