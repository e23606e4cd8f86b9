"""Second order in place, on buffers of its own, and with gradients of several outputs at once."""

from __future__ import annotations

import torch


class NoConvergence(ArithmeticError):
    """An iteration cannot reach what was asked for."""


def leaves_of(tensors):
    return [tensor.detach().clone().requires_grad_() for tensor in tensors]


@torch.enable_grad()
def hessian(function, x):
    """Every row by a way of its own: the gradient is worked out anew for each."""
    rows = torch.empty(len(x), len(x), dtype=x.dtype)
    for entry in range(len(x)):
        (leaf,) = leaves_of([x])
        (grad,) = torch.autograd.grad(function(leaf), leaf, create_graph=True)
        grad[entry].backward(inputs=[leaf])
        rows[entry] = leaf.grad
    return rows


@torch.enable_grad()
def hvp_twice(function, inputs, vectors):
    """The vectors as the upstream gradients of the gradients."""
    leaves = leaves_of(inputs)
    grads = torch.autograd.grad(function(*leaves), leaves, create_graph=True, materialize_grads=True)
    moving = [(grad, v) for grad, v in zip(grads, vectors, strict=True) if grad.requires_grad]
    grads, upstream = [grad for grad, _ in moving], [v for _, v in moving]
    return list(torch.autograd.grad(grads, leaves, upstream, materialize_grads=True))


def rop_forward(x, h, w2, v_w1, v_b1, v_w2, v_b2):
    r_h = torch.addmm(v_b1, x, v_w1)
    r_h -= r_h * h.square()
    r_scores = torch.addmm(v_b2, r_h, w2)
    r_scores.addmm_(h, v_w2)
    return r_h, r_scores


def rop_softmax(probs, r_scores):
    """The speed of the logarithms first: scores less what all of a row share."""
    out = r_scores.clone()
    out -= torch.linalg.vecdot(probs, r_scores)[:, None]
    out *= probs
    out /= len(probs)
    return out


def rop_backward(x, h, r_h, grad_scores, r_grad_scores, w2, v_w1, v_w2, reg):
    products = {"w2": torch.mul(v_w2, 2 * reg), "w1": torch.mul(v_w1, 2 * reg)}
    products["w2"].addmm_(r_h.mT, grad_scores).addmm_(h.mT, r_grad_scores)
    r_a = torch.mm(r_grad_scores, w2.mT)
    r_a.addmm_(grad_scores, v_w2.mT)
    r_a.mul_(1 - h**2)
    r_a.addcmul_(torch.mm(grad_scores, w2.mT), h * r_h, value=-2)
    products["w1"].addmm_(x.mT, r_a)
    ones = torch.ones(len(x), dtype=x.dtype)
    products["b1"], products["b2"] = ones @ r_a, ones @ r_grad_scores
    return products


def conjugate_gradients(product, b, tolerance=1e-8, most=1000):
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    size, steps = float(torch.linalg.vector_norm(b)), 0
    while True:
        left = float(torch.dot(r, r))
        if left**0.5 <= tolerance * size:
            return x
        if steps >= most:
            raise NoConvergence(f"{most} steps are used up; the rest has the length {left**0.5:.2g}")
        hp = product(p.clone())
        down = float(torch.dot(p, hp))
        if not 0.0 < down < float("inf"):
            raise NoConvergence("no bowl: a direction with a curvature that is not above 0")
        x.add_(p, alpha=left / down)
        r.sub_(hp, alpha=left / down)
        p.mul_(float(torch.dot(r, r)) / left).add_(r)
        steps += 1


def power_iteration(product, start, tolerance=1e-6, most=1000):
    v = start.clone()
    for _ in range(most):
        v /= torch.linalg.vector_norm(v)
        hv = product(v.clone())
        value = torch.dot(v, hv)
        if torch.linalg.vector_norm(hv - value * v) <= tolerance * value.abs():
            return value.item(), v
        if not torch.isfinite(value):
            raise NoConvergence("the numbers are not finite any more")
        v.copy_(hv)
    raise NoConvergence("none of the eigenvalues has won; allow more products, or shift H")


@torch.enable_grad()
def gradient_penalty(losses, x):
    """A loss at a time, as the lectures write it: its own gradient, its own row."""
    (leaf,) = leaves_of([x])
    total, found = 0, losses(leaf)
    for n in range(len(found)):
        (grad,) = torch.autograd.grad(found[n], leaf, create_graph=True)
        total = total + grad[n].dot(grad[n])
    return total / len(found)
