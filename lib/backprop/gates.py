"""Gates: the smallest pieces of a graph, each a forward function and its backward partner. All on plain floats.

A backward function gets the upstream gradient `grad_out` first, then the inputs of the forward call, then its output
`z`. It returns the downstream gradients, one for each input and in their order:

    downstream = upstream * local

`copy_backward` has two upstream gradients, one from each user. A backward function may use whatever it was given. A gate
knows nothing of the graph around it (EECS 498-007, lecture 6, "patterns in gradient flow").
"""

from __future__ import annotations

import math


def square(x: float) -> float:
    """z = x ** 2. Given, as the example to follow."""
    z = x * x
    return z


def square_backward(grad_out: float, x: float, z: float) -> float:
    """Downstream gradient of `square`. Given: upstream times local, and the local gradient of a square is 2 x."""
    local = 2 * x
    grad_x = grad_out * local
    return grad_x


def add(x: float, y: float) -> float:
    """z = x + y."""
    z = None
    # YOUR CODE HERE
    return z


def add_backward(grad_out: float, x: float, y: float, z: float) -> tuple[float, float]:
    """Downstream gradients (grad_x, grad_y) of `add`."""
    grad_x, grad_y = None, None
    # YOUR CODE HERE
    return grad_x, grad_y


def multiply(x: float, y: float) -> float:
    """z = x y."""
    z = None
    # YOUR CODE HERE
    return z


def multiply_backward(grad_out: float, x: float, y: float, z: float) -> tuple[float, float]:
    """Downstream gradients (grad_x, grad_y) of `multiply`."""
    grad_x, grad_y = None, None
    # YOUR CODE HERE
    return grad_x, grad_y


def copy(x: float) -> tuple[float, float]:
    """One value for two users: (first, second), both equal to x."""
    first, second = None, None
    # YOUR CODE HERE
    return first, second


def copy_backward(grad_first: float, grad_second: float, x: float) -> float:
    """Downstream gradient grad_x of `copy`; upstream, one gradient comes back from each of the two users."""
    grad_x = None
    # YOUR CODE HERE
    return grad_x


def maximum(x: float, y: float) -> float:
    """z = the larger of x and y."""
    z = None
    # YOUR CODE HERE
    return z


def maximum_backward(grad_out: float, x: float, y: float, z: float) -> tuple[float, float]:
    """Downstream gradients (grad_x, grad_y) of `maximum`. Where x == y there is a kink: any split of `grad_out` is right."""
    grad_x, grad_y = None, None
    # YOUR CODE HERE
    return grad_x, grad_y


def reciprocal(x: float) -> float:
    """z = 1 / x, for x != 0."""
    z = None
    # YOUR CODE HERE
    return z


def reciprocal_backward(grad_out: float, x: float, z: float) -> float:
    """Downstream gradient grad_x of `reciprocal`."""
    grad_x = None
    # YOUR CODE HERE
    return grad_x


def exp(x: float) -> float:
    """z = e ** x."""
    z = None
    # YOUR CODE HERE
    return z


def exp_backward(grad_out: float, x: float, z: float) -> float:
    """Downstream gradient grad_x of `exp`."""
    grad_x = None
    # YOUR CODE HERE
    return grad_x


def log(x: float) -> float:
    """z = the natural logarithm of x, for x > 0."""
    z = None
    # YOUR CODE HERE
    return z


def log_backward(grad_out: float, x: float, z: float) -> float:
    """Downstream gradient grad_x of `log`."""
    grad_x = None
    # YOUR CODE HERE
    return grad_x


def total(xs: list[float]) -> float:
    """z = the sum of n numbers."""
    z = None
    # YOUR CODE HERE
    return z


def total_backward(grad_out: float, xs: list[float], z: float) -> list[float]:
    """Downstream gradients of `total`: a list of n numbers."""
    grad_xs = None
    # YOUR CODE HERE
    return grad_xs


def mean(xs: list[float]) -> float:
    """z = the mean of n numbers, n >= 1."""
    z = None
    # YOUR CODE HERE
    return z


def mean_backward(grad_out: float, xs: list[float], z: float) -> list[float]:
    """Downstream gradients of `mean`: a list of n numbers."""
    grad_xs = None
    # YOUR CODE HERE
    return grad_xs


def sigmoid_by_parts(x: float, grad_out: float) -> tuple[float, dict[str, float]]:
    """The sigmoid as four nodes, for moderate x: a = -x, b = exp(a), c = 1 + b, z = 1 / c.

    Returns (z, grads); grads holds the gradients on the wires c, b, a and x, where grad_out is the one on z.
    """
    z, grads = None, {}
    # Forward, one node on each line.
    # YOUR CODE HERE
    # Backward, one node on each line, last to first.
    # YOUR CODE HERE
    return z, grads


def sigmoid(x: float) -> float:
    """z = 1 / (1 + exp(-x)) as one node, for every float: math.exp of more than 709 raises OverflowError."""
    z = None
    # YOUR CODE HERE
    return z


def sigmoid_backward(grad_out: float, x: float, z: float) -> float:
    """Downstream gradient grad_x of `sigmoid`, without calling exp again."""
    grad_x = None
    # YOUR CODE HERE
    return grad_x
