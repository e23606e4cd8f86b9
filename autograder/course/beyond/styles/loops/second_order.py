"""Second order with loops: an example at a time, .backward() twice, columns for rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


class NoConvergence(ArithmeticError):
    """An iteration cannot reach what was asked for. The message says why, and what to do."""


# By autograd, twice.


def leaves_of(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Copies that autograd follows: gradients can be taken with respect to them. Given."""
    return [tensor.detach().clone().requires_grad_() for tensor in tensors]


@torch.enable_grad()
def hessian(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The Hessian of a scalar function, explicit: H[i, j] says how fast the gradient's entry i moves with x[j].

    function: takes a tensor of x's shape, returns a 0-dimensional one; not linear in x. x (n,). Returns (n, n).
    """
    rows = None
    (x,) = leaves_of([x])
    # The gradient, with its graph kept; then a row for each of its entries.
    grad = torch.autograd.grad(function(x), x, create_graph=True)[0]
    rows = torch.zeros(len(x), len(x), dtype=x.dtype)
    for i in range(len(x)):
        unit = torch.zeros_like(grad)
        unit[i] = 1
        rows[:, i] = torch.autograd.grad(grad, x, grad_outputs=unit, retain_graph=True)[0]
    return rows


@torch.enable_grad()
def hvp_twice(function: Callable[..., Tensor], inputs: Sequence[Tensor], vectors: Sequence[Tensor]) -> list[Tensor]:
    """The Hessian-vector product of a scalar function by backpropagating twice: H v = gradient of (gradient . v).

    function: takes as many tensors as there are inputs, returns a 0-dimensional one; not linear in all of them.
    vectors: v, one tensor for each input, of its shape. Returns H v in the same form: a list of tensors, zeros for an
    input whose gradient does not move.
    """
    products = None
    inputs = leaves_of(inputs)
    # Gradients, with their graph kept; their product with the vectors, one number; its gradients.
    function(*inputs).backward(create_graph=True)
    grads = [x.grad for x in inputs]
    for x in inputs:
        x.grad = None
    dot = 0
    for grad, v in zip(grads, vectors, strict=True):
        dot = dot + torch.sum(grad * v)
    dot.backward()
    products = [torch.zeros_like(x) if x.grad is None else x.grad for x in inputs]
    return products


# By hand: the two-layer net h = tanh(x @ w1 + b1), scores = h @ w2 + b2, softmax cross-entropy (mean over the batch)
# plus reg * (sum(w1 * w1) + sum(w2 * w2)). tanh, because a ReLU has no curvature of its own to see.


def net_gradient(
    x: Tensor, y: Tensor, parameters: dict[str, Tensor], reg: float
) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]:
    """Loss, gradients of w1, b1, w2, b2, and what the forward pass kept: h, probs, grad_scores. Given: flat code.

    x (N, D), y (N,) int64; parameters: w1 (D, H), b1 (H,), w2 (H, C), b2 (C,).
    """
    w1, b1, w2, b2 = (parameters[name] for name in ("w1", "b1", "w2", "b2"))
    N, rows = x.shape[0], torch.arange(x.shape[0], device=x.device)
    h = torch.tanh(x @ w1 + b1)
    logs = torch.log_softmax(h @ w2 + b2, dim=1)
    loss = -logs[rows, y].sum() / N + reg * ((w1 * w1).sum() + (w2 * w2).sum())
    probs = logs.exp()
    grad_scores = probs / N
    grad_scores[rows, y] -= 1 / N
    grad_a = (grad_scores @ w2.T) * (1 - h * h)
    grads = {"w2": h.T @ grad_scores + 2 * reg * w2, "b2": grad_scores.sum(dim=0)}
    grads |= {"w1": x.T @ grad_a + 2 * reg * w1, "b1": grad_a.sum(dim=0)}
    return loss, grads, {"h": h, "probs": probs, "grad_scores": grad_scores}


def rop_forward(
    x: Tensor, h: Tensor, w2: Tensor, v_w1: Tensor, v_b1: Tensor, v_w2: Tensor, v_b2: Tensor
) -> tuple[Tensor, Tensor]:
    """The tangents of the forward pass when the parameters move with the v's. The data x stands still.

    x (N, D), h (N, H) the values after the tanh, w2 (H, C); v_w1 (D, H), v_b1 (H,), v_w2 (H, C), v_b2 (C,).
    Returns r_h (N, H) and r_scores (N, C): how fast h and the scores move.
    """
    r_h, r_scores = None, None
    # a = x @ w1 + b1, then h = tanh(a), then scores = h @ w2 + b2: which factors of each line move?
    rows_h, rows_s = [], []
    for n in range(x.shape[0]):  # an example at a time
        r = (v_b1 + x[n] @ v_w1) * (1 - h[n]) * (1 + h[n])
        rows_h.append(r)
        rows_s.append(v_b2 + h[n] @ v_w2 + r @ w2)
    r_h, r_scores = torch.stack(rows_h), torch.stack(rows_s)
    return r_h, r_scores


def rop_softmax(probs: Tensor, r_scores: Tensor) -> Tensor:
    """The tangent of grad_scores = (probs - one-hot labels) / N, when the scores move with r_scores.

    probs (N, C), the softmax of the scores; r_scores (N, C). Returns r_grad_scores (N, C).
    """
    r_grad_scores = None
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
    """The tangents of the backward pass: how fast the gradients of w2, b2, w1 and b1 move. That is H v.

    x (N, D); h, r_h (N, H); grad_scores, r_grad_scores (N, C); w2, v_w2 (H, C); v_w1 (D, H).
    Returns a dict: w2 (H, C), b2 (C,), w1 (D, H), b1 (H,), the penalty reg * sum(w * w) included.
    """
    products: dict[str, Tensor] = {}
    # grad_w2 = h.T @ grad_scores + 2 reg w2, grad_b2 = the sum of grad_scores over the batch:
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


def hvp_rop(
    x: Tensor, y: Tensor, parameters: dict[str, Tensor], vectors: dict[str, Tensor], reg: float
) -> dict[str, Tensor]:
    """H v of the two-layer net by the R-operator, from the three functions above. Given.

    As net_gradient; vectors: v, in the form of the parameters. Returns H v in the same form.
    """
    w2 = parameters["w2"]
    h = torch.tanh(x @ parameters["w1"] + parameters["b1"])
    probs = torch.softmax(h @ w2 + parameters["b2"], dim=1)
    grad_scores = probs / x.shape[0]
    grad_scores[torch.arange(x.shape[0], device=x.device), y] -= 1 / x.shape[0]
    v_w1, v_b1, v_w2, v_b2 = (vectors[name] for name in ("w1", "b1", "w2", "b2"))
    r_h, r_scores = rop_forward(x, h, w2, v_w1, v_b1, v_w2, v_b2)
    r_grad_scores = rop_softmax(probs, r_scores)
    return rop_backward(x, h, r_h, grad_scores, r_grad_scores, w2, v_w1, v_w2, reg)


# What products are good for.


def conjugate_gradients(
    product: Callable[[Tensor], Tensor], b: Tensor, tolerance: float = 1e-8, most: int = 1000
) -> Tensor:
    """Solve H x = b for a symmetric, positive definite H that is known by its products alone.

    product(v): H v, for v (n,). b (n,). Starts at x = 0; returns x with |H x - b| <= tolerance * |b|, lengths taken
    as norms, in as few steps as conjugate directions allow (n, but for rounding), one product a step.
    Raises NoConvergence where a direction p has p . H p <= 0 (H is not positive definite), where a number is not
    finite, and where `most` steps were not enough.
    """
    x = None
    # r = b - H x is what is left to do, p the direction of the next step. x, r and p of the start: 0, b, b.
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
    """The eigenvalue of largest absolute value of a symmetric H, with its sign, and an eigenvector of length 1.

    product(v): H v, for v (n,). start (n,): not zero; random is best. Stops when |H v - value * v| <= tolerance *
    |value|. Returns (value, v): a float and (n,). Raises NoConvergence where `most` products were not enough (two
    eigenvalues of one size and opposite signs never settle) and where a number is not finite.
    """
    value, v = None, None
    # Multiply, look, make it length 1 again. v . H v is the best guess of the eigenvalue for a v of length 1.
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
    """The mean over the batch of |dL_i/dx_i|**2: how steep each example's loss is in its own input.

    losses: takes x (N, D), returns the losses of the rows (N,); no row looks at another. x (N, D).
    Returns a 0-dimensional tensor through which autograd can go on to the parameters inside `losses`.
    """
    penalty = None
    (x,) = leaves_of([x])
    terms = losses(x)
    parts = []
    for n in range(len(x)):
        (grad,) = torch.autograd.grad(terms[n], x, create_graph=True)
        parts.append((grad[n] ** 2).sum())
    penalty = sum(parts) / len(parts)
    return penalty
