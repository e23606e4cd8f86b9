"""Backward passes of tensor operations: first with the whole Jacobian, then without ever building it.

A Jacobian here is (outputs x inputs): for y = f(x) its shape is `y.shape + x.shape` and its entry [.., ..] says how
fast that entry of y changes with that entry of x. `torch.func.jacrev` has the same layout; the lectures' (inputs x
outputs) is the transpose. A backward pass gets the upstream gradient `grad_out`, of the shape of y, and returns the
downstream gradients, each of the shape of its input.

All functions take float32 or float64 tensors, change none of them, and use no autograd. Sources: EECS 498-007,
lecture 6, "Backprop with vectors" and "with matrices"; BEV033DLA, lecture 2, for the softmax in linear time and the
order of products.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

# Explicit Jacobians: fine for understanding, hopeless for computing.


def relu_jacobian(x: Tensor) -> Tensor:
    """The Jacobian of y = max(0, x). x (n,). Returns (n, n), of x's dtype. At x = 0 any slope from 0 to 1 is right."""
    jacobian = None
    ### BEGIN SOLUTION
    jacobian = torch.diag((x > 0).to(x.dtype))
    ### END SOLUTION
    return jacobian


def softmax_jacobian(x: Tensor) -> Tensor:
    """The Jacobian of y = softmax(x), one vector of scores. x (n,). Returns (n, n). Scores of 1000 stay finite."""
    jacobian = None
    ### BEGIN SOLUTION
    y = torch.softmax(x, dim=0)
    jacobian = torch.diag(y) - torch.outer(y, y)
    ### END SOLUTION
    return jacobian


def matmul_jacobian_x(x: Tensor, w: Tensor) -> Tensor:
    """The Jacobian of y = x @ w with respect to x. x (N, D), w (D, M). Returns (N, M, N, D): y's axes, then x's."""
    jacobian = None
    ### BEGIN SOLUTION
    same_row = torch.eye(len(x), dtype=w.dtype)
    jacobian = torch.einsum("ni,dm->nmid", same_row, w)
    ### END SOLUTION
    return jacobian


def matmul_jacobian_w(x: Tensor, w: Tensor) -> Tensor:
    """The Jacobian of y = x @ w with respect to w. x (N, D), w (D, M). Returns (N, M, D, M): y's axes, then w's."""
    jacobian = None
    ### BEGIN SOLUTION
    same_column = torch.eye(w.shape[1], dtype=x.dtype)
    jacobian = torch.einsum("nd,mj->nmdj", x, same_column)
    ### END SOLUTION
    return jacobian


def numeric_jacobian(function: Callable[[Tensor], Tensor], x: Tensor, h: float = 1e-5) -> Tensor:
    """The Jacobian of any function by central differences: (f(x + h) - f(x - h)) / 2h, one entry of x at a time.

    x: any shape and layout (a transposed one, say); it is not changed, and worked on in float64. h: how far an entry
    moves each way.
    Returns a float64 tensor of shape `function(x).shape + x.shape`.
    """
    jacobian = None
    # Nudge each entry of a float64 copy of x up and down; each pair of calls gives one column.
    ### BEGIN SOLUTION
    x = x.to(torch.float64)
    columns = []
    for entry in range(x.numel()):
        nudge = torch.zeros_like(x).flatten()
        nudge[entry] = h
        nudge = nudge.reshape(x.shape)
        columns.append((function(x + nudge) - function(x - nudge)) / (2 * h))
    jacobian = torch.stack(columns, dim=-1).reshape(*columns[0].shape, *x.shape)
    ### END SOLUTION
    return jacobian


# Implicit: the product of the upstream gradient with the Jacobian, the Jacobian never built.


def relu_backward(grad_out: Tensor, x: Tensor) -> Tensor:
    """Backward of y = max(0, x), elementwise. grad_out and x: one shape, any. Returns grad_x, of that shape.

    Time and memory O(n) for n entries.
    """
    grad_x = None
    ### BEGIN SOLUTION
    grad_x = grad_out * (x > 0)
    ### END SOLUTION
    return grad_x


def softmax_backward(grad_out: Tensor, y: Tensor) -> Tensor:
    """Backward of y = softmax(x, dim=-1), from the output y, which the forward pass kept.

    grad_out and y: one shape, any; each row along the last axis is a softmax of its own. Returns grad_x, of that
    shape. Time and memory O(n) for n entries.
    """
    grad_x = None
    ### BEGIN SOLUTION
    shared = (grad_out * y).sum(dim=-1, keepdim=True)
    grad_x = y * (grad_out - shared)
    ### END SOLUTION
    return grad_x


def matmul_backward(grad_out: Tensor, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    """Backward of y = x @ w. grad_out (N, M), x (N, D), w (D, M). Returns grad_x (N, D) and grad_w (D, M)."""
    grad_x, grad_w = None, None
    # First grad_x: it needs w. Then grad_w: it needs x.
    ### BEGIN SOLUTION
    grad_x = grad_out @ w.T
    grad_w = x.T @ grad_out
    ### END SOLUTION
    return grad_x, grad_w


def unbroadcast(grad_out: Tensor, shape: Sequence[int]) -> Tensor:
    """Backward of y = x.expand(...), the silent copying of broadcasting: sums grad_out down to x's shape.

    grad_out: the shape that a tensor of `shape` was broadcast to. Broadcasting aligns axes from the right; it copies
    along axes that x does not have, and along axes where x has size 1. Returns a tensor of exactly `shape`.
    """
    grad_x = None
    ### BEGIN SOLUTION
    new_axes = grad_out.dim() - len(shape)
    grad_x = grad_out.sum(dim=tuple(range(new_axes))) if new_axes else grad_out
    stretched = [axis for axis, size in enumerate(shape) if size == 1]
    if stretched:
        grad_x = grad_x.sum(dim=stretched, keepdim=True)
    ### END SOLUTION
    return grad_x


def mul_backward(grad_out: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Backward of z = x * y where x and y broadcast against each other. grad_out: z's shape.

    Returns grad_x and grad_y, of the shapes of x and y. `unbroadcast` above is yours to use.
    """
    grad_x, grad_y = None, None
    ### BEGIN SOLUTION
    grad_x = unbroadcast(grad_out * y, x.shape)
    grad_y = unbroadcast(grad_out * x, y.shape)
    ### END SOLUTION
    return grad_x, grad_y


def correlate(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """The 1-D correlation layer: y[j] = sum over k of w[k] * x[j + k], plus b[j].

    x (n + K - 1,), w (K,), b (n,). Returns y (n,). O(n K) steps with no (n, n) matrix; a loop over the few k is
    fine, one over j is too slow.
    """
    y = None
    ### BEGIN SOLUTION
    n = len(b)
    y = b
    for k in range(len(w)):
        y = y + w[k] * x[k : k + n]
    ### END SOLUTION
    return y


def correlate_backward(grad_out: Tensor, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Backward of `correlate`. grad_out (n,), x (n + K - 1,), w (K,). Returns grad_x (n + K - 1,), grad_w
    (K,) and grad_b (n,).
    """
    grad_x, grad_w, grad_b = None, None, None
    # grad_b first; then grad_w: where does w[k] occur? Then grad_x: x[i] occurs in up to K outputs.
    ### BEGIN SOLUTION
    n, K = len(grad_out), len(w)
    grad_b = grad_out
    grad_w = torch.stack([grad_out @ x[k : k + n] for k in range(K)])
    grad_x = torch.zeros_like(x)
    for k in range(K):
        grad_x[k : k + n] += w[k] * grad_out
    ### END SOLUTION
    return grad_x, grad_w, grad_b


# The order of a chain of Jacobians.


def cost_left_to_right(sizes: Sequence[int]) -> int:
    """Multiplications in ((J1 J2) J3) ... Jk, where Ji is (sizes[i - 1], sizes[i]).

    A product of an (a, b) with a (b, c) matrix takes a * b * c of them. sizes: k + 1 numbers; k = 1 costs nothing.
    """
    count = None
    ### BEGIN SOLUTION
    count = 0
    for i in range(2, len(sizes)):
        count += sizes[0] * sizes[i - 1] * sizes[i]
    ### END SOLUTION
    return count


def cost_right_to_left(sizes: Sequence[int]) -> int:
    """Multiplications in J1 (J2 (... Jk)), where Ji is (sizes[i - 1], sizes[i]): the same product from the other end."""
    count = None
    ### BEGIN SOLUTION
    count = 0
    for i in range(len(sizes) - 2, 0, -1):
        count += sizes[i - 1] * sizes[i] * sizes[-1]
    ### END SOLUTION
    return count


# The tool that finds wrong backward passes.


def gradcheck(
    forward: Callable[..., Tensor], backward: Callable[..., Sequence[Tensor]], inputs: Sequence[Tensor]
) -> bool:
    """Is `backward` the backward pass of `forward` at these inputs?

    forward(*inputs) returns a tensor y of any shape; backward(grad_out, *inputs) returns a list with the gradient of
    each input, in their order. inputs: floating tensors of any shape, float32 among them; their entries may be as
    small as 0.001 and as large as 1000, or exactly 0.

    Returns True where every gradient has the shape of its input and every entry of it agrees with nudging; else
    False. At a kink every slope from the left one to the right one is right.
    """
    verdict = None
    # 1. Double precision. 2. An upstream gradient that hides nothing. 3. Shapes. 4. Every entry of every input:
    # the slope on its left and the slope on its right. 5. How far may the claimed gradient be from them?
    ### BEGIN SOLUTION
    inputs = [x.to(torch.float64) for x in inputs]
    y = forward(*inputs)
    grad_out = torch.randn_like(y)
    claimed = backward(grad_out, *inputs)
    for place, x in enumerate(inputs):
        if claimed[place].shape != x.shape:
            return False
        for entry in range(x.numel()):
            h = 1e-4 * max(abs(x.flatten()[entry]), 0.01)
            values = []
            for step in (-h, h):
                moved = x.flatten().clone()
                moved[entry] += step
                values.append(forward(*inputs[:place], moved.view(x.shape), *inputs[place + 1 :]))
            # subtract before summing: outputs that did not move add no rounding
            left = ((y - values[0]) * grad_out).sum() / h
            right = ((values[1] - y) * grad_out).sum() / h
            slack = 1e-5 * max(abs(left), abs(right)) + 1e-8  # for slopes of any size, and for rounding where they are 0
            mine = claimed[place].flatten()[entry]
            if not min(left, right) - slack <= mine <= max(left, right) + slack:
                return False
    verdict = True
    ### END SOLUTION
    return verdict
