"""Second order: how gradients change, and how to multiply by a Hessian that is never built.

The Hessian H of a loss is the Jacobian of its gradient: for n parameters n * n numbers. Its product with one vector,
H v, is the tangent of the gradient when the parameters have tangent v, and costs about as much as a gradient: by
backpropagating twice (autograd does both, `hvp_twice`), or by turning every line of a gradient's flat code into the
line for its tangent (`rop_forward`, `rop_softmax`, `rop_backward`; Pearlmutter 1994 calls that the R-operator).

`hessian`, `hvp_twice` and `gradient_penalty` may use torch.autograd.grad: differentiating a gradient is their point.
Everything else is written by hand. No function changes its arguments; all work in float32 and float64.
Sources: EECS 498-007, lecture 6, "Higher-order derivatives"; Pearlmutter, "Fast exact multiplication by the Hessian",
1994; Nocedal and Wright, "Numerical Optimization", chapters 5 and 7.
"""

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
    """The Hessian of a scalar function, explicit: H[i, j] says how the gradient's entry i changes with x[j].

    function: takes a tensor of x's shape, returns a 0-dimensional one; not linear in x. x (n,). Returns (n, n).
    """
    rows = None
    (x,) = leaves_of([x])
    # The gradient, with its graph kept; then a row for each of its entries.
    ### BEGIN SOLUTION
    (grad,) = torch.autograd.grad(function(x), x, create_graph=True)
    rows = torch.stack([torch.autograd.grad(entry, x, retain_graph=True)[0] for entry in grad])
    ### END SOLUTION
    return rows


@torch.enable_grad()
def hvp_twice(function: Callable[..., Tensor], inputs: Sequence[Tensor], vectors: Sequence[Tensor]) -> list[Tensor]:
    """The Hessian-vector product of a scalar function by backpropagating twice: H v = gradient of (gradient . v).

    function: takes as many tensors as there are inputs, returns a 0-dimensional one; nonlinear in at least one.
    vectors: v, one tensor for each input, of its shape. Returns H v in the same form: a list of tensors, zeros for an
    input whose gradient does not move, and for one that the function does not use.
    """
    products = None
    inputs = leaves_of(inputs)
    # Gradients, with their graph kept; their product with the vectors, one number; its gradients.
    ### BEGIN SOLUTION
    grads = torch.autograd.grad(function(*inputs), inputs, create_graph=True, materialize_grads=True)
    dot = sum((grad * v).sum() for grad, v in zip(grads, vectors, strict=True))
    products = list(torch.autograd.grad(dot, inputs, materialize_grads=True))
    ### END SOLUTION
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
    """The tangents of the forward pass when those of the parameters are the v's. The data x is constant.

    x (N, D), h (N, H) the values after the tanh, w2 (H, C); v_w1 (D, H), v_b1 (H,), v_w2 (H, C), v_b2 (C,).
    Returns r_h (N, H) and r_scores (N, C): the tangents of h and of the scores.
    """
    r_h, r_scores = None, None
    # a = x @ w1 + b1, then h = tanh(a), then scores = h @ w2 + b2: which factors of each line have tangents?
    ### BEGIN SOLUTION
    r_a = x @ v_w1 + v_b1
    r_h = r_a * (1 - h * h)
    r_scores = r_h @ w2 + h @ v_w2 + v_b2
    ### END SOLUTION
    return r_h, r_scores


def rop_softmax(probs: Tensor, r_scores: Tensor) -> Tensor:
    """The tangent of grad_scores = (probs - one-hot labels) / N, when the scores have tangent r_scores.

    probs (N, C), the softmax of the scores; r_scores (N, C). Returns r_grad_scores (N, C).
    """
    r_grad_scores = None
    # What is the tangent of the softmax? You know its Jacobian; here it is in a Jacobian-vector product.
    ### BEGIN SOLUTION
    own = probs * r_scores
    r_grad_scores = (own - probs * own.sum(dim=1, keepdim=True)) / probs.shape[0]
    ### END SOLUTION
    return r_grad_scores


def rop_backward(
    x: Tensor, h: Tensor, r_h: Tensor, grad_scores: Tensor, r_grad_scores: Tensor, w2: Tensor,
    v_w1: Tensor, v_w2: Tensor, reg: float,
) -> dict[str, Tensor]:  # fmt: skip
    """The tangents of the backward pass: those of the gradients of w2, b2, w1 and b1. That is H v.

    x (N, D); h, r_h (N, H); grad_scores, r_grad_scores (N, C); w2, v_w2 (H, C); v_w1 (D, H).
    Returns a dict: w2 (H, C), b2 (C,), w1 (D, H), b1 (H,), the penalty reg * sum(w * w) included.
    """
    products: dict[str, Tensor] = {}
    # grad_w2 = h.T @ grad_scores + 2 reg w2, grad_b2 = the sum of grad_scores over the batch:
    ### BEGIN SOLUTION
    products["w2"] = r_h.T @ grad_scores + h.T @ r_grad_scores + 2 * reg * v_w2
    products["b2"] = r_grad_scores.sum(dim=0)
    ### END SOLUTION
    # grad_h = grad_scores @ w2.T, grad_a = grad_h * (1 - h * h), grad_w1 = x.T @ grad_a + 2 reg w1, grad_b1 the sum:
    ### BEGIN SOLUTION
    grad_h = grad_scores @ w2.T
    r_grad_h = r_grad_scores @ w2.T + grad_scores @ v_w2.T
    r_grad_a = r_grad_h * (1 - h * h) - 2 * grad_h * h * r_h
    products["w1"] = x.T @ r_grad_a + 2 * reg * v_w1
    products["b1"] = r_grad_a.sum(dim=0)
    ### END SOLUTION
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

    product(v): H v, for v (n,). b (n,). Starts at x = 0; returns x with |H x - b| <= tolerance * |b|, where |.| is the
    Euclidean norm, in as few steps as conjugate directions allow (at most n, apart from rounding), one product a step.
    Raises NoConvergence where a direction p has p . H p <= 0 (H is not positive definite), where a number is not
    finite, and where `most` steps were not enough.
    """
    x = None
    # r = b - H x is what is left to do, p the direction of the next step. x, r and p of the start: 0, b, b.
    ### BEGIN SOLUTION
    x, r, p = torch.zeros_like(b), b, b
    left, goal = r @ r, (tolerance * b.norm()) ** 2
    for step in range(most):
        if left <= goal:
            break
        hp = product(p)
        curvature = p @ hp
        if not curvature > 0:  # nan is not above 0 either, and after inf comes nan
            raise NoConvergence(f"curvature {float(curvature):.3g} in step {step}: H is not positive definite; damp it")
        length = left / curvature
        x = x + length * p
        r = r - length * hp
        before, left = left, r @ r
        p = r + (left / before) * p
    if not left <= goal:
        raise NoConvergence(f"{most} steps are not enough, |Hx - b|² is still {float(left):.3g}: allow more, or damp H")
    ### END SOLUTION
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
    ### BEGIN SOLUTION
    v = start
    for _ in range(most):
        v = v / v.norm()
        hv = product(v)
        value = float(v @ hv)
        off = float((hv - value * v).norm())
        if off <= tolerance * abs(value):
            return value, v
        v = hv
    raise NoConvergence(f"after {most} products H v is still {off:.3g} away from {value:.3g} v: allow more, or shift H")
    ### END SOLUTION
    return value, v


@torch.enable_grad()
def gradient_penalty(losses: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The mean over the batch of |dL_i/dx_i|**2: how steep each example's loss is in its own input.

    losses: takes x (N, D), returns the losses of the rows (N,); no row looks at another. x (N, D).
    Returns a 0-dimensional tensor through which autograd can go on to the parameters inside `losses`.
    """
    penalty = None
    (x,) = leaves_of([x])
    ### BEGIN SOLUTION
    (grad,) = torch.autograd.grad(losses(x).sum(), x, create_graph=True)
    penalty = grad.square().sum(dim=1).mean()
    ### END SOLUTION
    return penalty
