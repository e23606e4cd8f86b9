"""The functions of `tensors` under the rules of the house: what each takes, and what is right far out."""

### BEGIN HIDDEN TESTS
from __future__ import annotations

import torch

from toolbox.checks.reference.tensor import correlate, pull, slopes
from toolbox.checks.rows import Story

from .function import Function, stretched
from .inputs import off_zero, product, softmax


def numbers(*shapes):
    """Arguments of these names and shapes, in letters; with more, every size is one larger."""

    def given(make, dtype, more):
        sizes = {letter: size + more for letter, size in {"N": 5, "D": 4, "M": 3, "K": 3, "n": 6}.items()}
        sizes["X"] = sizes["n"] + sizes["K"] - 1
        return {name: off_zero(make, *(sizes[letter] for letter in shape), dtype=dtype)
                for name, shape in (part.split("=") for part in shapes)}  # fmt: skip

    return given


def far(given, *names):
    return lambda make, dtype: stretched(given(make, dtype, 0), *names)


def shape_and_gradient(make, dtype, more):
    return {"grad_out": make.normal(2, 4 + more, 3, dtype=dtype), "shape": [4 + more, 1]}


def probabilities(make, dtype, more):
    return {"grad_out": make.normal(4, 5 + more, dtype=dtype), "y": softmax(make.normal(4, 5 + more, dtype=dtype))}


def sure(make, dtype):
    """Probabilities of scores far out; they are as exact as their dtype."""
    given = {"grad_out": make.normal(4, 5, dtype=dtype), "x": make.normal(4, 5)}
    return [{"grad_out": g["grad_out"], "y": softmax(g["x"]).to(dtype)} for g in stretched(given, "x")]


x, xw, gxw = numbers("x=n"), numbers("x=ND", "w=DM"), numbers("grad_out=NM", "x=ND", "w=DM")
gx = numbers("grad_out=ND", "x=ND")
gxy = numbers("grad_out=ND", "x=ND", "y=ND")  # of one shape: a wrong `unbroadcast` is not blamed on the product
corr, corr_back = numbers("x=X", "w=K", "b=n"), numbers("grad_out=n", "x=X", "w=K")
NO_VIEWS = {"layouts": "an explicit Jacobian is for understanding: nothing is promised of tensors that are views"}
FUNCTIONS = [
    Function("relu_jacobian", "tensors", {"": "relu_jacobian"}, x, far(x, "x"), lambda x: [slopes(torch.relu, x)]),
    Function("softmax_jacobian", "tensors", {"": "softmax_jacobian"}, x, far(x, "x"), lambda x: [slopes(softmax, x)],
             terms=lambda x: 1.0,  # a probability, less its square
             overflow="softmax-unstabilised"),
    Function("matmul_jacobian_x", "tensors", {"": "matmul_jacobian"}, xw, far(xw, "x", "w"),
             lambda x, w: [slopes(lambda v: v @ w, x)], without=NO_VIEWS),
    Function("matmul_jacobian_w", "tensors", {"": "matmul_jacobian"}, xw, far(xw, "x", "w"),
             lambda x, w: [slopes(lambda v: x @ v, w)], without=NO_VIEWS),
    Function("relu_backward", "tensors", {"": "relu_backward"}, gx, far(gx, "grad_out", "x"),
             lambda grad_out, x: pull(torch.relu, grad_out, x)),
    Function("softmax_backward", "tensors", {"": "softmax_backward"}, probabilities, sure,
             lambda grad_out, y: pull(softmax, grad_out, y.clamp(min=1e-300).log()), condition=64.0,
             terms=lambda grad_out, y: grad_out.abs().max().item()),  # they cancel in a row that is sure
    Function("matmul_backward", "tensors", {"grad_x": "matmul_grad_x", "grad_w": "matmul_grad_w"}, gxw,
             far(gxw, "grad_out", "x", "w"), lambda grad_out, x, w: pull(product, grad_out, x, w), condition=64.0),
    Function("unbroadcast", "tensors", {"": "unbroadcast"}, shape_and_gradient,
             lambda make, dtype: stretched(shape_and_gradient(make, dtype, 0), "grad_out"),
             lambda grad_out, shape: pull(lambda v: v.expand(grad_out.shape), grad_out, torch.zeros(shape)),
             condition=64.0),
    Function("mul_backward", "tensors", {"grad_x": "mul_backward", "grad_y": "mul_backward"}, gxy,
             far(gxy, "grad_out", "x", "y"), lambda grad_out, x, y: pull(torch.mul, grad_out, x, y), condition=64.0),
    Function("correlate", "tensors", {"": "corr_forward"}, corr, far(corr, "x", "w", "b"),
             lambda x, w, b: [correlate(x, w, b)], condition=64.0),
    Function("correlate_backward", "tensors",
             {"grad_x": "corr_grad_x", "grad_w": "corr_grad_w", "grad_b": "corr_grad_b"}, corr_back,
             far(corr_back, "grad_out", "x", "w"),
             lambda grad_out, x, w: pull(correlate, grad_out, x, w, torch.zeros_like(grad_out)), condition=64.0),
    Story("numeric_jacobian", "it works in float64 on a function that is given: its own checks ask for all of this"),
    *(Story(f"cost_{way}", "it counts whole numbers") for way in ("left_to_right", "right_to_left")),
]  # fmt: skip
### END HIDDEN TESTS
