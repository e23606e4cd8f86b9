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
    # YOUR CODE HERE
    return jacobian


def softmax_jacobian(x: Tensor) -> Tensor:
    """The Jacobian of y = softmax(x), one vector of scores. x (n,). Returns (n, n). Scores of 1000 stay finite."""
    jacobian = None
    # YOUR CODE HERE
    return jacobian


def matmul_jacobian_x(x: Tensor, w: Tensor) -> Tensor:
    """The Jacobian of y = x @ w with respect to x. x (N, D), w (D, M). Returns (N, M, N, D): y's axes, then x's."""
    jacobian = None
    # YOUR CODE HERE
    return jacobian


def matmul_jacobian_w(x: Tensor, w: Tensor) -> Tensor:
    """The Jacobian of y = x @ w with respect to w. x (N, D), w (D, M). Returns (N, M, D, M): y's axes, then w's."""
    jacobian = None
    # YOUR CODE HERE
    return jacobian


def numeric_jacobian(function: Callable[[Tensor], Tensor], x: Tensor, h: float = 1e-5) -> Tensor:
    """The Jacobian of any function by central differences: (f(x + h) - f(x - h)) / 2h, one entry of x at a time.

    x: any shape and layout (a transposed one, say); it is not changed, and worked on in float64. h: how far an entry
    moves each way.
    Returns a float64 tensor of shape `function(x).shape + x.shape`.
    """
    jacobian = None
    # Nudge each entry of a float64 copy of x up and down; each pair of calls gives one column.
    # YOUR CODE HERE
    return jacobian


# Implicit: the product of the upstream gradient with the Jacobian, the Jacobian never built.


def relu_backward(grad_out: Tensor, x: Tensor) -> Tensor:
    """Backward of y = max(0, x), elementwise. grad_out and x: one shape, any. Returns grad_x, of that shape.

    Time and memory O(n) for n entries.
    """
    grad_x = None
    # YOUR CODE HERE
    return grad_x


def softmax_backward(grad_out: Tensor, y: Tensor) -> Tensor:
    """Backward of y = softmax(x, dim=-1), from the output y, which the forward pass kept.

    grad_out and y: one shape, any; each row along the last axis is a softmax of its own. Returns grad_x, of that
    shape. Time and memory O(n) for n entries.
    """
    grad_x = None
    # YOUR CODE HERE
    return grad_x


def matmul_backward(grad_out: Tensor, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    """Backward of y = x @ w. grad_out (N, M), x (N, D), w (D, M). Returns grad_x (N, D) and grad_w (D, M)."""
    grad_x, grad_w = None, None
    # First grad_x: it needs w. Then grad_w: it needs x.
    # YOUR CODE HERE
    return grad_x, grad_w


def unbroadcast(grad_out: Tensor, shape: Sequence[int]) -> Tensor:
    """Backward of y = x.expand(...), the silent copying of broadcasting: sums grad_out down to x's shape.

    grad_out: the shape that a tensor of `shape` was broadcast to. Broadcasting aligns axes from the right; it copies
    along axes that x does not have, and along axes where x has size 1. Returns a tensor of exactly `shape`.
    """
    grad_x = None
    # YOUR CODE HERE
    return grad_x


def mul_backward(grad_out: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Backward of z = x * y where x and y broadcast against each other. grad_out: z's shape.

    Returns grad_x and grad_y, of the shapes of x and y. `unbroadcast` above is yours to use.
    """
    grad_x, grad_y = None, None
    # YOUR CODE HERE
    return grad_x, grad_y


def correlate(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """The 1-D correlation layer: y[j] = sum over k of w[k] * x[j + k], plus b[j].

    x (n + K - 1,), w (K,), b (n,). Returns y (n,). O(n K) steps with no (n, n) matrix; a loop over the few k is
    fine, one over j is too slow.
    """
    y = None
    # YOUR CODE HERE
    return y


def correlate_backward(grad_out: Tensor, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Backward of `correlate`. grad_out (n,), x (n + K - 1,), w (K,). Returns grad_x (n + K - 1,), grad_w
    (K,) and grad_b (n,).
    """
    grad_x, grad_w, grad_b = None, None, None
    # grad_b first; then grad_w: where does w[k] occur? Then grad_x: x[i] occurs in up to K outputs.
    # YOUR CODE HERE
    return grad_x, grad_w, grad_b


# The order of a chain of Jacobians.


def cost_left_to_right(sizes: Sequence[int]) -> int:
    """Multiplications in ((J1 J2) J3) ... Jk, where Ji is (sizes[i - 1], sizes[i]).

    A product of an (a, b) with a (b, c) matrix takes a * b * c of them. sizes: k + 1 numbers; k = 1 costs nothing.
    """
    count = None
    # YOUR CODE HERE
    return count


def cost_right_to_left(sizes: Sequence[int]) -> int:
    """Multiplications in J1 (J2 (... Jk)), where Ji is (sizes[i - 1], sizes[i]): the same product from the other end."""
    count = None
    # YOUR CODE HERE
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
    # YOUR CODE HERE
    return verdict
