"""What `layers` must do: every item of the assignment, in public tests and in hidden ones.

Layers are compared with PyTorch's, in float64, their gradients with autograd's (`toolbox.truths.layer`). Each lives in
the student's process; `toolbox.layer_runs` runs it there and sees whether it changed a tensor that is not its own. N,
D, M and K differ, upstream gradients are random and of both signs. Inputs stay away from kinks; at a kink, where a test
asks, every slope between those of the two sides is right. What random entries a Dropout drops is read off its output. A
Sequential is made of layers that are given: their faults are not the net's.
"""
# ruff: noqa: F811 (a test takes the fixtures that it imports as its arguments)

from __future__ import annotations

from typing import Any

import torch

from toolbox.compare import (
    as_tensor,
    assert_between,
    assert_grad,
    assert_unchanged,
    assert_value,
    grad_of,
    grads_of,
    loss_of,
)
from toolbox.diagnose import verdicts_only
from toolbox.errors import Malformed, Mismatch, Missing, Raised
from toolbox.layer_mistakes import backward_forms
from toolbox.layer_runs import Trial, check_again, check_dtype, check_grads, check_out, lay_out, layer_of, stored
from toolbox.references import LOSSES, MISTAKES, usable
from toolbox.suite import item, make, student  # noqa: F401
from toolbox.truths.batchnorm import batchnorm_used, statistics
from toolbox.truths.graph import GraphTruth, assert_params, assert_values, assert_walk, named, sort
from toolbox.truths.layer import TWINS, pieces
from toolbox.truths.tensor import pull

# ---------------------------------------------------------------- layers and losses

# Shapes and inputs


N, D, M, K = 7, 5, 3, 4  # all different: what is transposed or summed wrongly does not fit, or does not agree


def off_zero(make, *shape: int, dtype=torch.float64) -> torch.Tensor:
    """Numbers of both signs in every column, at least 0.1 away from 0."""
    x = make.normal(*shape)
    x = x + 0.1 * torch.sign(x)
    if x.dim() > 1 and len(x) > 1:
        x[0], x[-1] = x[0].abs() + 0.3, -x[-1].abs() - 0.3
    return x.to(dtype)


def far_apart(make, *shape: int, dtype=torch.float64) -> list[torch.Tensor]:
    """x, w and b of a Maxout whose largest values win clearly, each piece somewhere."""
    rows, columns, outputs, count = shape
    while True:
        x, w, b = make.normal(rows, columns), make.normal(count, columns, outputs), make.normal(count, outputs)
        best = pieces(x, w, b).topk(2, dim=0)
        if (
            rows == 0
            or (best.values[0] - best.values[1]).min() > 0.01
            and (rows == 1 or best.indices[0].unique().numel() == count)
            and b.argmax(dim=0).unique().numel() > 1  # else one bias for all may look like the largest for all
        ):
            return [value.to(dtype) for value in (x, w, b)]


def given(make, name: str, *, rows: int = N, equal: bool = False, dtype=torch.float64) -> list[torch.Tensor]:
    """x and the parameters of a layer. equal: all rows of x are the same, for BatchNorm all columns."""
    if name == "Maxout":
        made = far_apart(make, 1 if equal else rows, D, M, K, dtype=dtype)
        return [made[0].repeat(rows, 1), *made[1:]] if equal else made
    shapes = {"Linear": [(D, M), (M,)], "Correlation1d": [(3,)], "BatchNorm": [(D,), (D,)]}.get(name, [])
    x = off_zero(make, rows, D)
    if name == "BatchNorm":
        x = x * make.uniform(D, low=0.5, high=3) + make.normal(D, scale=2)
    x = same(x, name) if equal else x
    return [value.to(dtype) for value in (x, *(make.normal(*shape) for shape in shapes))]


def same(x: torch.Tensor, name: str, signs: tuple[int, ...] = (1, 1, -1, -1)) -> torch.Tensor:
    """All rows made equal, with these signs first; for BatchNorm, which makes nothing of equal rows, all columns."""
    if name == "BatchNorm":
        return x[:, :1].expand_as(x).contiguous()
    row = x[-1:].clone()
    some = min(len(signs), row.shape[1])
    row[:, :some] = row[:, :some].abs() * torch.tensor(signs[:some])
    return row.expand_as(x).contiguous()


def upstream(make, name: str, *tensors: torch.Tensor, equal: bool = False, **options: float) -> torch.Tensor:
    """A gradient of both signs for the output of the layer."""
    g = off_zero(make, *TWINS[name](*tensors, **options).shape)
    return (same(g, name, (1, -1, 1, -1)) if equal else g).to(tensors[0].dtype)


def forward_is_right(student, make, name: str, *, rows: int = N, layout: str = "rows", dtype=torch.float64, **options):
    x, *parameters = given(make, name, rows=rows, equal=layout == "expanded", dtype=dtype)
    out = Trial(student, name, *parameters, layout=layout, **options).forward(x)
    check_out(out, name, x, *parameters, **options)


def backward_is_right(student, make, name: str, *, rows: int = N, layout: str = "rows", dtype=torch.float64, only="",
                      method: str = "backward", **options):  # fmt: skip
    x, *parameters = given(make, name, rows=rows, equal=layout == "expanded", dtype=dtype)
    g = upstream(make, name, x, *parameters, equal=layout == "expanded", **options)
    trial = Trial(student, name, *parameters, layout=layout, **options)
    trial.forward(x)
    check_grads(trial.backward(g, method), name, g, x, *parameters, only=only, **options)


def backward_follows_the_latest_forward(student, make, name: str, method: str = "backward", **options):
    """Forward with one batch, then with another; backward twice."""
    old, *parameters = given(make, name)
    x, *_ = given(make, name)
    g = upstream(make, name, x, *parameters, **options)
    trial = Trial(student, name, *parameters, **options)
    for batch in (old, x):
        trial.forward(batch)
    first = trial.backward(g, method)

    def stale(place: int) -> dict[str, list[torch.Tensor]]:
        twin = TWINS[name]
        was = pull(lambda *inputs: twin(*inputs, **options), g, old, *parameters)[place]
        return {"cache-stale": [was]} | backward_forms(name, place, g, x, *parameters, **options)

    check_grads(first, name, g, x, *parameters, forms=stale, **options)
    check_again(first, trial.backward(g, method))
    g = upstream(make, name, x, *parameters, **options)
    check_grads(trial.backward(g, method), name, g, x, *parameters, **options)


def any_form_is_right(student, make, name: str, backward: bool, **options):
    """One row, columns that lie first in memory, one row expanded, float32; and no row at all."""
    run = backward_is_right if backward else forward_is_right
    run(student, make, name, layout="columns", **options)
    run(student, make, name, layout="expanded", **options)
    run(student, make, name, dtype=torch.float32, **options)


def extremes(name: str, dtype=torch.float64) -> torch.Tensor:
    """Numbers from -1000 to 1000; for the softmax, rows far above 0, far below, and far apart."""
    if name == "Softmax":
        return torch.tensor([[1000.0, 1001, 999], [-1000, -1001, -1002], [-1000, 0, 1000], [3, 1, 2]], dtype=dtype)
    return torch.tensor([[-1000.0, -40, -1.5], [0.5, 40, 1000]], dtype=dtype)


def is_right_at(student, make, name: str, x: torch.Tensor, parts: str = "out grads", named: bool = True, **options):
    """One pass forward, and back where wanted. named: whether to name mistakes; few numbers are little evidence."""
    g = off_zero(make, *x.shape, dtype=x.dtype)
    trial = Trial(student, name, **options)
    out = trial.forward(x)
    if "out" in parts:
        check_out(out, name, x, named=named, **options)
    if "grads" in parts:
        check_grads(trial.backward(g), name, g, x, named=named, **options)


def extremes_are_right(student, make, name: str, **options):
    """Values and slopes far from 0."""
    for dtype in (torch.float64, torch.float32):
        is_right_at(student, make, name, extremes(name, dtype), named=False, **options)


def any_shape_is_right(student, make, name: str, **options):
    """Images of a batch, vectors, single rows, no rows: first the shape that tells the most about a mistake."""
    for shape in ((3, 2, 4), (6,), (1, 4), (0, 4)):
        is_right_at(student, make, name, off_zero(make, *shape), named=len(shape) > 2, **options)


def at_zero_any_slope_between_is_right(student, make, name: str, left: float, **options):
    """Back at inputs that are exactly 0, where the slope is `left` on the left and 1 on the right."""
    x, g = off_zero(make, N, D), off_zero(make, N, D)
    x[1], x[3, 2] = 0.0, 0.0
    trial = Trial(student, name, **options)
    trial.forward(x)
    true = pull(lambda x: TWINS[name](x, **options), g, x)[0]
    sides = [torch.where(x == 0, slope * g, true) for slope in (left, 1.0)]
    assert_between(trial.backward(g)["x"], *sides, name="x", if_not_finite="zero-over-zero")


def mode_of_now_is_nothing_to_backward(trial: Trial, x: torch.Tensor, g: torch.Tensor) -> None:
    """Whoever switches the mode after the forward pass gets the same gradients. That they are right, others see."""
    for training in (True, False):
        trial.mode(training)
        trial.forward(x)
        first, again = trial.backward(g), trial.backward(g)
        trial.mode(not training)
        switched = trial.backward(g)
        for label, before in first.items():
            after = switched[label]
            if not all(isinstance(value, torch.Tensor) for value in (before, again[label], after)):
                raise Missing(f"gradient {label} is not there yet")
            if same_numbers(before, again[label]) and not same_numbers(before, after):
                message = f"gradient {label} changes when the mode is switched after the forward pass"
                raise Mismatch(message, diagnosis=["mode-of-now"])


def same_numbers(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and torch.allclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True)


def edges_are_right(student, make, name: str, backward: bool):
    """A single row, and no row at all."""
    for rows in (1, 0):
        (backward_is_right if backward else forward_is_right)(student, make, name, rows=rows)


# By hand


@item("layers_by_hand")
def test_the_linear_layer_is_foreseen(student, make):
    x, w, b = (torch.tensor(v, dtype=torch.float64) for v in ([[1.0, 2.0], [3.0, -1.0]], [[2.0], [-1.0]], [0.5]))
    g = torch.tensor([[1.0], [-2.0]], dtype=torch.float64)
    _, grad_w, grad_b = pull(TWINS["Linear"], g, x, w, b)
    foreseen(student, "out", TWINS["Linear"](x, w, b).flatten(), layer_bias_missing=(x @ w).flatten())
    foreseen(
        student, "grad_w", grad_w.flatten(), upstream_taken_as_ones=x.sum(dim=0), layer_averaged=grad_w.flatten() / 2
    )
    foreseen(student, "grad_b", grad_b[0], bias_averaged=grad_b[0] / 2, upstream_taken_as_ones=2.0)


### BEGIN HIDDEN TESTS
@item("layers_by_hand")
def test_the_gradient_of_the_input_of_the_linear_layer_is_foreseen(student, make):
    w, g = (torch.tensor(v, dtype=torch.float64) for v in ([[2.0], [-1.0]], [[1.0], [-2.0]]))
    true = pull(lambda x: TWINS["Linear"](x, w, torch.zeros(1).double()), g, torch.zeros(2, 2))[0]
    foreseen(student, "grad_x", true, upstream_taken_as_ones=w.T.expand(2, 2), transposed=true.T)


@item("layers_by_hand")
def test_what_dropout_and_batchnorm_do_is_foreseen(student, make):
    foreseen(student, "kept", torch.tensor(8.0), dropout_unscaled=6.0, dropout_p_kept=24.0, dropout_scaled_twice=4.5)
    foreseen(student, "normal", torch.tensor([-1.0, 1.0]), batchnorm_unbiased=[-(0.5**0.5), 0.5**0.5],
             batchnorm_root_missing=[-0.25, 0.25], batchnorm_not_divided=[-4.0, 4.0])  # fmt: skip


### END HIDDEN TESTS


def foreseen(student, key: str, true: torch.Tensor, **forms: Any) -> None:
    """Compare one entry of the notebook's dict `predicted` with the truth; three digits are enough."""
    found = student.value("predicted")
    if not isinstance(found, dict):
        raise Malformed("`predicted` must be a dict that maps names to numbers")
    if found.get(key) is None:
        raise Missing(f"predicted[{key!r}] is not filled in yet")
    got = as_tensor(found[key], key)
    if true.dim() == 1 and got.numel() == true.numel():
        got = got.flatten()  # a column may be written as one
    known = {name.replace("_", "-"): torch.as_tensor(value).double() for name, value in forms.items()}
    for value in (true.double(), *known.values()):
        if got.shape == value.shape and (got - value).abs().max() < 0.005:
            got = value
            break
    assert_value(got, true.double(), name=key, forms=known)


# The linear layer


@item("linear_forward")
def test_the_linear_layer_multiplies_and_adds_its_bias(student, make):
    forward_is_right(student, make, "Linear")


### BEGIN HIDDEN TESTS
@item("linear_forward")
def test_the_linear_layer_takes_a_single_row_and_no_row(student, make):
    edges_are_right(student, make, "Linear", backward=False)


@item("linear_forward")
def test_the_linear_layer_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Linear", backward=False)


@item("linear_forward")
def test_the_linear_layer_is_right_where_all_sizes_agree(student, make):
    x, w, b = make.normal(3, 3), make.normal(3, 3), make.normal(3)
    check_out(Trial(student, "Linear", w, b).forward(x), "Linear", x, w, b)


### END HIDDEN TESTS


@item("linear_backward")
def test_the_linear_layer_has_a_gradient_for_its_weights(student, make):
    backward_is_right(student, make, "Linear", only="w")


@item("linear_backward")
def test_the_linear_layer_has_a_gradient_for_its_bias(student, make):
    backward_is_right(student, make, "Linear", only="b")


@item("linear_backward")
def test_the_linear_layer_returns_the_gradient_of_its_input(student, make):
    backward_is_right(student, make, "Linear", only="x")


### BEGIN HIDDEN TESTS
@item("linear_backward")
def test_the_linear_layer_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "Linear")


@item("linear_backward")
def test_the_linear_layer_goes_back_through_a_single_row_and_no_row(student, make):
    edges_are_right(student, make, "Linear", backward=True)


@item("linear_backward")
def test_the_linear_layer_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Linear", backward=True)


@item("linear_backward")
def test_the_linear_layer_goes_back_where_all_sizes_agree(student, make):
    x, w, b, g = make.normal(3, 3), make.normal(3, 3), make.normal(3), make.normal(3, 3)
    trial = Trial(student, "Linear", w, b)
    trial.forward(x)
    check_grads(trial.backward(g), "Linear", g, x, w, b)


### END HIDDEN TESTS


# Activations


@item("relu_layer")
def test_the_relu_goes_forward(student, make):
    forward_is_right(student, make, "ReLU")


@item("relu_layer")
def test_the_relu_goes_back(student, make):
    backward_is_right(student, make, "ReLU")


### BEGIN HIDDEN TESTS
@item("relu_layer")
def test_the_relu_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "ReLU", backward=False)


@item("relu_layer")
def test_the_relu_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "ReLU")


@item("relu_layer")
def test_the_relu_goes_back_at_zero(student, make):
    at_zero_any_slope_between_is_right(student, make, "ReLU", left=0.0)


@item("relu_layer")
def test_the_relu_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "ReLU", backward=True)


@item("relu_layer")
def test_the_relu_is_right_far_from_zero_and_on_tensors_of_any_shape(student, make):
    extremes_are_right(student, make, "ReLU")
    any_shape_is_right(student, make, "ReLU")


### END HIDDEN TESTS


@item("leaky_relu")
def test_the_leaky_relu_goes_forward(student, make):
    forward_is_right(student, make, "LeakyReLU", slope=0.2)


@item("leaky_relu")
def test_the_leaky_relu_goes_back(student, make):
    backward_is_right(student, make, "LeakyReLU", slope=0.2)


### BEGIN HIDDEN TESTS
@item("leaky_relu")
def test_the_leaky_relu_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "LeakyReLU", backward=False, slope=0.2)


@item("leaky_relu")
def test_the_leaky_relu_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "LeakyReLU", slope=0.2)


@item("leaky_relu")
def test_the_leaky_relu_goes_back_at_zero(student, make):
    at_zero_any_slope_between_is_right(student, make, "LeakyReLU", left=0.2, slope=0.2)


@item("leaky_relu")
def test_the_leaky_relu_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "LeakyReLU", backward=True, slope=0.2)


@item("leaky_relu")
def test_the_leaky_relu_is_right_far_from_zero_and_on_tensors_of_any_shape(student, make):
    extremes_are_right(student, make, "LeakyReLU", slope=0.2)
    any_shape_is_right(student, make, "LeakyReLU", slope=0.2)


@item("leaky_relu")
def test_the_leaky_relu_has_its_slope_by_default(student, make):
    x, g = off_zero(make, N, D), off_zero(make, N, D)
    trial = Trial(student, "LeakyReLU")
    check_out(trial.forward(x), "LeakyReLU", x, slope=0.01)
    check_grads(trial.backward(g), "LeakyReLU", g, x, slope=0.01)


### END HIDDEN TESTS


@item("elu")
def test_the_elu_goes_forward(student, make):
    forward_is_right(student, make, "ELU", alpha=1.7)


@item("elu")
def test_the_elu_goes_back(student, make):
    backward_is_right(student, make, "ELU", alpha=1.7)


### BEGIN HIDDEN TESTS
@item("elu")
def test_the_elu_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "ELU", backward=False, alpha=1.7)


@item("elu")
def test_the_elu_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "ELU", alpha=1.7)


@item("elu")
def test_the_elu_goes_back_at_zero(student, make):
    at_zero_any_slope_between_is_right(student, make, "ELU", left=1.7, alpha=1.7)


@item("elu")
def test_the_elu_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "ELU", backward=True, alpha=1.7)


@item("elu")
def test_the_elu_is_right_far_from_zero_and_on_tensors_of_any_shape(student, make):
    extremes_are_right(student, make, "ELU", alpha=1.7)
    any_shape_is_right(student, make, "ELU", alpha=1.7)


@item("elu")
def test_the_elu_has_its_alpha_by_default(student, make):
    x, g = off_zero(make, N, D), off_zero(make, N, D)
    trial = Trial(student, "ELU")
    check_out(trial.forward(x), "ELU", x, alpha=1.0)
    check_grads(trial.backward(g), "ELU", g, x, alpha=1.0)


### END HIDDEN TESTS


@item("sigmoid_layer")
def test_the_sigmoid_goes_forward(student, make):
    forward_is_right(student, make, "Sigmoid")


@item("sigmoid_layer")
def test_the_sigmoid_goes_back(student, make):
    backward_is_right(student, make, "Sigmoid")


### BEGIN HIDDEN TESTS
@item("sigmoid_layer")
def test_the_sigmoid_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Sigmoid", backward=False)


@item("sigmoid_layer")
def test_the_sigmoid_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "Sigmoid")


@item("sigmoid_layer")
def test_the_sigmoid_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Sigmoid", backward=True)


@item("sigmoid_layer")
def test_the_sigmoid_is_right_far_from_zero_and_on_tensors_of_any_shape(student, make):
    extremes_are_right(student, make, "Sigmoid")
    any_shape_is_right(student, make, "Sigmoid")


### END HIDDEN TESTS


@item("tanh")
def test_the_tanh_goes_forward(student, make):
    forward_is_right(student, make, "Tanh")


@item("tanh")
def test_the_tanh_goes_back(student, make):
    backward_is_right(student, make, "Tanh")


### BEGIN HIDDEN TESTS
@item("tanh")
def test_the_tanh_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Tanh", backward=False)


@item("tanh")
def test_the_tanh_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "Tanh")


@item("tanh")
def test_the_tanh_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Tanh", backward=True)


@item("tanh")
def test_the_tanh_is_right_far_from_zero_and_on_tensors_of_any_shape(student, make):
    extremes_are_right(student, make, "Tanh")
    any_shape_is_right(student, make, "Tanh")


### END HIDDEN TESTS


@item("softmax_forward")
def test_the_softmax_makes_every_row_probabilities(student, make):
    forward_is_right(student, make, "Softmax")


@item("softmax_forward")
def test_the_softmax_of_scores_near_a_thousand_is_finite(student, make):
    is_right_at(student, make, "Softmax", 1000 + make.normal(N, D), "out")


### BEGIN HIDDEN TESTS
@item("softmax_forward")
def test_the_softmax_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Softmax", backward=False)


@item("softmax_forward")
def test_the_softmax_is_right_for_extreme_scores_and_on_tensors_of_any_shape(student, make):
    extremes_are_right(student, make, "Softmax", parts="out")
    any_shape_is_right(student, make, "Softmax", parts="out")


### END HIDDEN TESTS


@item("softmax_layer_backward")
def test_the_softmax_goes_back(student, make):
    backward_is_right(student, make, "Softmax")


### BEGIN HIDDEN TESTS
@item("softmax_layer_backward")
def test_the_softmax_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "Softmax")


@item("softmax_layer_backward")
def test_the_softmax_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Softmax", backward=True)


@item("softmax_layer_backward")
def test_the_softmax_goes_back_from_extreme_scores_and_through_tensors_of_any_shape(student, make):
    extremes_are_right(student, make, "Softmax", parts="grads")
    any_shape_is_right(student, make, "Softmax", parts="grads")


### END HIDDEN TESTS


# Maxout


@item("maxout_forward")
def test_the_maxout_takes_the_largest_of_its_pieces(student, make):
    forward_is_right(student, make, "Maxout")


### BEGIN HIDDEN TESTS
@item("maxout_forward")
def test_the_maxout_of_a_single_row_and_of_no_row(student, make):
    edges_are_right(student, make, "Maxout", backward=False)


@item("maxout_forward")
def test_the_maxout_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Maxout", backward=False)


@item("maxout_forward")
def test_the_maxout_is_right_where_all_sizes_agree_and_many_of_its_values_are_negative(student, make):
    x, w, b = far_apart(make, 3, 3, 3, 3)
    b = b - 1.5  # now many outputs are below zero
    check_out(Trial(student, "Maxout", w, b).forward(x), "Maxout", x, w, b)


### END HIDDEN TESTS


@item("maxout_backward")
def test_the_maxout_has_a_gradient_for_its_weights(student, make):
    backward_is_right(student, make, "Maxout", only="w")


@item("maxout_backward")
def test_the_maxout_returns_the_gradient_of_its_input(student, make):
    backward_is_right(student, make, "Maxout", only="x")


### BEGIN HIDDEN TESTS
@item("maxout_backward")
def test_the_maxout_has_a_gradient_for_its_biases(student, make):
    backward_is_right(student, make, "Maxout", only="b")


@item("maxout_backward")
def test_the_maxout_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "Maxout")


@item("maxout_backward")
def test_the_maxout_goes_back_where_two_pieces_tie(student, make):
    def wrong(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, doubled: bool = False) -> list[Mismatch]:
        """What is wrong with the three gradients; doubled: with half of them. Of w and b, with their sums over pieces:
        any split between pieces that tie is right."""
        trial, g, found = Trial(student, "Maxout", w, b), off_zero(make, N, M), []
        trial.forward(x)
        answers = trial.backward(g)
        for label, right in zip("xwb", pull(TWINS["Maxout"], g, x, w, b), strict=True):
            got = as_tensor(answers[label], f"gradient {label}") / (2 if doubled else 1)
            if label != "x" and got.shape == right.shape:
                got, right = got.sum(dim=0), right.sum(dim=0)
            try:
                with verdicts_only():
                    assert_grad(got, right, name=f"{label} at a tie", condition=8.0, terms=g.abs().sum().item())
            except Mismatch as error:
                found.append(error)
        return found

    tie = off_zero(make, N, D), make.normal(1, D, M).repeat(2, 1, 1), make.normal(1, M).repeat(2, 1)
    if mistakes := wrong(*tie):
        twice = not wrong(*far_apart(make, N, D, M, K)) and not wrong(*tie, doubled=True)
        raise Mismatch(str(mistakes[0]), diagnosis=["max-tie-counted-twice"] if twice else [])


@item("maxout_backward")
def test_the_maxout_goes_back_through_a_single_row_and_no_row(student, make):
    edges_are_right(student, make, "Maxout", backward=True)


@item("maxout_backward")
def test_the_maxout_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Maxout", backward=True)


### END HIDDEN TESTS


# Correlation


@item("correlation_forward")
def test_the_correlation_slides_its_weights_along_every_row(student, make):
    forward_is_right(student, make, "Correlation1d")


### BEGIN HIDDEN TESTS
@item("correlation_forward")
def test_the_correlation_of_a_single_row_and_of_no_row(student, make):
    edges_are_right(student, make, "Correlation1d", backward=False)


@item("correlation_forward")
def test_the_correlation_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Correlation1d", backward=False)


@item("correlation_forward")
def test_the_correlation_with_one_weight_and_with_as_many_weights_as_columns(student, make):
    for size in (1, D):
        x, w = make.normal(N, D), make.normal(size)
        check_out(Trial(student, "Correlation1d", w).forward(x), "Correlation1d", x, w)


### END HIDDEN TESTS


@item("correlation_backward")
def test_the_correlation_has_a_gradient_for_its_weights(student, make):
    backward_is_right(student, make, "Correlation1d", only="w")


@item("correlation_backward")
def test_the_correlation_returns_the_gradient_of_its_input(student, make):
    backward_is_right(student, make, "Correlation1d", only="x")


### BEGIN HIDDEN TESTS
@item("correlation_backward")
def test_the_correlation_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "Correlation1d")


@item("correlation_backward")
def test_the_correlation_goes_back_through_a_single_row_and_no_row(student, make):
    edges_are_right(student, make, "Correlation1d", backward=True)


@item("correlation_backward")
def test_the_correlation_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "Correlation1d", backward=True)


@item("correlation_backward")
def test_the_correlation_goes_back_with_one_weight_and_with_as_many_weights_as_columns(student, make):
    for size in (1, D):
        x, w, g = make.normal(N, D), make.normal(size), make.normal(N, D - size + 1)
        trial = Trial(student, "Correlation1d", w)
        trial.forward(x)
        check_grads(trial.backward(g), "Correlation1d", g, x, w)


### END HIDDEN TESTS


# Dropout


def mask_of(out: Any, x: torch.Tensor, p: float) -> torch.Tensor:
    """True where x came through. Raises Mismatch for anything but 0 and x / (1 - p)."""
    if out is None:
        raise Missing("Dropout.forward returns nothing yet")
    out = as_tensor(out, "out")
    if out.shape != x.shape:
        raise Mismatch(f"out has shape {tuple(out.shape)}, x has {tuple(x.shape)}")
    check_dtype(out, x.dtype, "out")
    factors, mask = (out / x).double(), out != 0
    if p > 0 and mask.all() and factors.std() < 1e-6:
        raise Mismatch("nothing is dropped in training", diagnosis=["dropout-not-dropping"])
    close = 1e-5 if x.dtype == torch.float32 else 1e-9
    known = {1 / (1 - p): "", 1: "dropout-unscaled", 1 - p: "dropout-scaled-wrongly", p: "dropout-scaled-wrongly"}
    by_luck = 1 / max(mask.double().mean().item(), 1e-9)  # the share that happened to be kept
    if abs(by_luck - 1 / (1 - p)) > 2 * close:
        known[by_luck] = "dropout-scaled-wrongly"
    for factor, mistake in (known | ({1 / p: "dropout-p-kept"} if 0 < p != 0.5 else {})).items():
        if ((factors - factor).abs()[mask] < close).all():
            if mistake:
                raise Mismatch(f"what is kept is multiplied by {factor:.4g}", diagnosis=[mistake])
            return mask
    raise Mismatch("every entry must be 0 or x / (1 - p)")


def check_share(mask: torch.Tensor, p: float) -> None:
    """As many are dropped as p says, one by one. Allows six standard deviations."""
    for axis in (0, 1):
        if mask.shape[axis] > 1 and (mask == mask.select(axis, 0).unsqueeze(axis)).all():
            raise Mismatch("entries are not dropped one by one: whole rows or columns go together",
                           diagnosis=["dropout-not-each-entry"])  # fmt: skip
    share, off = 1 - mask.double().mean().item(), 6 * (p * (1 - p) / mask.numel()) ** 0.5
    if abs(share - p) > off:
        found = ["dropout-p-kept"] if abs(share - (1 - p)) <= off else []
        raise Mismatch(f"{share:.1%} of the entries are dropped, p is {p:.1%}", diagnosis=found)


@item("dropout_forward")
def test_dropout_drops_its_share_and_scales_what_is_kept(student, make):
    x = off_zero(make, 60, 50)
    check_share(mask_of(Trial(student, "Dropout", p=0.3).forward(x), x, 0.3), 0.3)


@item("dropout_forward")
def test_dropout_leaves_everything_as_it_is_in_use(student, make):
    x = off_zero(make, N, D)
    trial = Trial(student, "Dropout", p=0.4)
    trial.mode(False)
    in_use(trial.forward(x), x, 0.4)


def in_use(out: Any, x: torch.Tensor, p: float) -> None:
    forms = {"dropout-scaled-in-use": [x * (1 - p), x / (1 - p), x * p]}
    if isinstance(out, torch.Tensor) and out.shape == x.shape and 0 < (out == 0).sum() < out.numel():
        raise Mismatch("entries are dropped although `training` is False", diagnosis=["dropout-in-use"])
    assert_value(out, x, name="out", inputs=x.dtype, forms=forms)


### BEGIN HIDDEN TESTS
@item("dropout_forward")
def test_dropout_draws_anew_for_every_batch(student, make):
    x = off_zero(make, 60, 50)
    trial = Trial(student, "Dropout", p=0.6)
    first, second = (mask_of(trial.forward(x), x, 0.6) for _ in range(2))
    if torch.equal(first, second):
        raise Mismatch("two batches in training lose the same entries", diagnosis=["dropout-drawn-once"])
    check_share(first, 0.6)
    check_share(second, 0.6)


@item("dropout_forward")
def test_dropout_with_p_zero_drops_nothing_and_takes_tensors_in_any_form(student, make):
    for rows in (0, 1, N):
        x = off_zero(make, rows, D)
        assert_value(Trial(student, "Dropout", p=0.0).forward(x), x, name="out", batch=1)
    x = off_zero(make, 1, 400).repeat(50, 1)
    check_share(mask_of(Trial(student, "Dropout", p=0.2, layout="expanded").forward(x), x, 0.2), 0.2)
    x = off_zero(make, 50, 40, dtype=torch.float32)
    check_share(mask_of(Trial(student, "Dropout", p=0.7, layout="columns").forward(x), x, 0.7), 0.7)


@item("dropout_forward")
def test_dropout_changes_with_its_mode_back_and_forth(student, make):
    x = off_zero(make, 40, 30)
    trial = Trial(student, "Dropout", p=0.5)
    for training in (True, False, True):
        trial.mode(training)
        out = trial.forward(x)
        if training:
            check_share(mask_of(out, x, 0.5), 0.5)
        else:
            in_use(out, x, 0.5)


@item("dropout_forward")
def test_dropout_draws_from_the_generator_that_it_was_given(student, make):
    x, outs = off_zero(make, 20, 30), []
    for _ in range(2):
        script = student.script()
        layer = layer_of(script, "Dropout", p=0.5, generator=script.toolbox.given_layers.generator(make.seed % 1000))
        outs += script.fetch(layer.forward(x), layer.forward(x))
    masks = [mask_of(out, x, 0.5) for out in outs]
    if not (torch.equal(masks[0], masks[2]) and torch.equal(masks[1], masks[3])):
        raise Mismatch("the same generator does not give the same entries", diagnosis=["dropout-generator-unused"])
    if torch.equal(masks[0], masks[1]):
        raise Mismatch("two batches in training lose the same entries", diagnosis=["dropout-drawn-once"])


### END HIDDEN TESTS


def dropout_back(student, make, x: torch.Tensor, p: float, layout: str = "rows", trial=None, times: int = 1) -> None:
    """Forward, then back with what forward is seen to have dropped."""
    trial = trial or Trial(student, "Dropout", p=p, layout=layout)
    for _ in range(times):
        out = trial.forward(x)
    if out is None or as_tensor(out, "out").shape != x.shape:
        raise Missing("Dropout.forward does not return a tensor of x's shape yet")
    factors = as_tensor(out, "out") / x  # whatever forward did: backward must go the same way
    g = off_zero(make, *x.shape, dtype=x.dtype)
    g = g[:1].repeat(len(x), 1) if layout == "expanded" else g
    mask = (factors != 0).to(g.dtype)
    forms = {
        "dropout-mask-not-passed": [g, g / (1 - p)],
        "dropout-back-unscaled": [g * mask, g * mask * (1 - p)],
        "dropout-scaled-wrongly": [g * factors * factors],
        "upstream-taken-as-ones": [factors],
        "activation-forward-again": [out],
        "dropout-mask-inverted": [g * (1 - mask), g * (1 - mask) / (1 - p)],
    }
    first = trial.backward(g)
    answer = first["x"]
    if isinstance(answer, torch.Tensor) and answer.shape == g.shape:
        if ((answer == 0) != (g * factors == 0)).any() and not torch.equal(mask, torch.ones_like(mask)):
            zero = (answer == 0).double().mean().item()
            if (
                0 < zero < 1
                and len(x) > 1
                and not any(torch.allclose(answer, f.to(answer)) for v in forms.values() for f in v)
            ):
                raise Mismatch("backward drops other entries than forward did", diagnosis=["dropout-drawn-again"])
    assert_grad(answer, g * factors, name="x", inputs=x.dtype, forms=forms, batch=min(len(x), 2))
    check_dtype(answer, x.dtype, "gradient x")
    check_again(first, trial.backward(g))


@item("dropout_backward")
def test_dropout_goes_back_through_what_it_kept(student, make):
    dropout_back(student, make, off_zero(make, 12, 9), 0.4)


### BEGIN HIDDEN TESTS
@item("dropout_backward")
def test_dropout_goes_back_unchanged_after_a_forward_pass_in_use(student, make):
    trial, x = Trial(student, "Dropout", p=0.4), off_zero(make, 12, 9)
    dropout_back(student, make, x, 0.4, trial=trial)
    trial.mode(False)
    g = off_zero(make, 12, 9)
    trial.forward(x)
    answer = trial.backward(g)["x"]
    if isinstance(answer, torch.Tensor) and answer.shape == g.shape and 0 < (answer == 0).sum() < g.numel():
        raise Mismatch("backward drops entries although forward dropped none", diagnosis=["dropout-in-use"])
    forms = {"dropout-scaled-in-use": [g * 0.6, g / 0.6, g * 0.4], "upstream-taken-as-ones": [torch.ones_like(g)]}
    assert_grad(answer, g, name="x", forms=forms)


@item("dropout_backward")
def test_dropout_goes_back_through_its_latest_forward_pass(student, make):
    dropout_back(student, make, off_zero(make, 12, 9), 0.5, times=3)
    mode_of_now_is_nothing_to_backward(Trial(student, "Dropout", p=0.4), off_zero(make, 12, 9), off_zero(make, 12, 9))


@item("dropout_backward")
def test_dropout_goes_back_through_tensors_in_any_form(student, make):
    dropout_back(student, make, off_zero(make, 1, 60), 0.25)  # in a short row other draws may agree by chance
    dropout_back(student, make, off_zero(make, 1, 9).repeat(12, 1), 0.25, layout="expanded")
    dropout_back(student, make, off_zero(make, 12, 9, dtype=torch.float32), 0.25, layout="columns")
    dropout_back(student, make, off_zero(make, 6, 4, dtype=torch.float32), 0.0)


### END HIDDEN TESTS


# Batch normalisation


@item("batchnorm_forward")
def test_batchnorm_normalises_every_column_over_the_batch(student, make):
    forward_is_right(student, make, "BatchNorm")


@item("batchnorm_forward")
def test_batchnorm_adds_eps_where_it_belongs(student, make):
    forward_is_right(student, make, "BatchNorm", eps=0.5)


### BEGIN HIDDEN TESTS
@item("batchnorm_forward")
def test_batchnorm_of_a_single_row_gives_beta(student, make):
    forward_is_right(student, make, "BatchNorm", rows=1)


@item("batchnorm_forward")
def test_batchnorm_takes_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "BatchNorm", backward=False, eps=0.1)


@item("batchnorm_forward")
def test_batchnorm_normalises_each_batch_by_itself(student, make):
    x, gamma, beta = given(make, "BatchNorm")
    trial = Trial(student, "BatchNorm", gamma, beta)
    for scale in (1, 5, 0.2):
        check_out(trial.forward(scale * x - scale), "BatchNorm", scale * x - scale, gamma, beta)


### END HIDDEN TESTS


def after_batches(student, make, batches: int, momentum: float = 0.1, rows: int = N, **options):
    """A trial of BatchNorm that has seen some batches in training, and those batches."""
    x, gamma, beta = given(make, "BatchNorm", rows=rows)
    trial = Trial(student, "BatchNorm", gamma, beta, momentum=momentum, **options)
    seen = [x * (i + 1) - i for i in range(batches)]
    for batch in seen:
        trial.forward(batch)
    return trial, seen


def check_statistics(trial: Trial, batches: list[torch.Tensor], momentum: float) -> None:
    for of in ("mean", "var"):
        true, forms = statistics(batches, momentum, of)
        clues, found = {"forms": forms} if len(batches[-1]) > 1 else {"batch": 1}, trial.read(f"running_{of}")
        start = torch.full_like(true, of == "var")
        if isinstance(found, torch.Tensor) and torch.equal(found.double(), start):
            raise Mismatch(f"running_{of} is what it was at first", diagnosis=["batchnorm-running-not-moved"])
        assert_value(found, true, name=f"running_{of}", condition=8.0, **clues)


@item("batchnorm_running")
def test_the_running_statistics_follow_the_batches(student, make):
    check_statistics(*after_batches(student, make, 2, momentum=0.3), 0.3)


@item("batchnorm_running")
def test_batchnorm_in_use_takes_the_running_statistics(student, make):
    used(student, make, eps=0.2)


def used(student, make, **options) -> None:
    trial, seen = after_batches(student, make, 2, **options)
    before = [statistics(seen, 0.1, of)[0] for of in ("mean", "var")]
    trial.mode(False)
    x = seen[0] + 1
    gamma, beta = trial.parameters
    eps = options.get("eps", 1e-5)

    def forms() -> dict[str, list[torch.Tensor]]:
        mean, var = before
        zero, one = torch.zeros_like(mean), torch.ones_like(mean)
        biased = statistics(seen, 0.1, "var")[1]["batchnorm-running-biased"][0]
        return {
            "batchnorm-batch-in-use": [TWINS["BatchNorm"](x, gamma, beta, eps),
                                       batchnorm_used(x, gamma, beta, *torch.var_mean(x, 0, correction=0)[::-1], eps)],
            "batchnorm-eps-missing": [batchnorm_used(x, gamma, beta, mean, var, 0.0)],
            "batchnorm-root-missing": [batchnorm_used(x, gamma, beta, mean, (var + eps) ** 2, 0.0)],
            "batchnorm-eps-misplaced": [batchnorm_used(x, gamma, beta, mean, (var.sqrt() + eps) ** 2, 0.0)],
            "batchnorm-gamma-missing": [batchnorm_used(x, gamma, zero, mean, var, eps),
                                        batchnorm_used(x, one, zero, mean, var, eps),
                                        batchnorm_used(x, one, beta, mean, var, eps)],
            "batchnorm-mean-missing": [batchnorm_used(x, gamma, beta, zero, var, eps)],
            "batchnorm-not-divided": [batchnorm_used(x, gamma, beta, mean, one, 0.0)],
            "batchnorm-running-biased": [batchnorm_used(x, gamma, beta, mean, biased, eps)],
            "batchnorm-use-is-identity": [x],
        }  # fmt: skip

    twin = lambda x, gamma, beta, eps=1e-5: batchnorm_used(x, gamma, beta, *before, eps)  # noqa: E731
    out = trial.forward(x)
    check_out(out, "BatchNorm", x, gamma, beta, twin=twin, forms=forms, **options)
    for of, was in zip(("mean", "var"), before, strict=True):
        after = trial.read(f"running_{of}")
        if isinstance(after, torch.Tensor) and after.shape == was.shape and not torch.allclose(after, was, rtol=1e-9):
            raise Mismatch(f"running_{of} moves although `training` is False", diagnosis=["batchnorm-moves-in-use"])


### BEGIN HIDDEN TESTS
@item("batchnorm_running")
def test_the_running_statistics_after_one_row_are_finite_and_after_two_and_three_right(student, make):
    for rows in (1, 2, 3):
        check_statistics(*after_batches(student, make, 1, rows=rows), 0.1)


@item("batchnorm_running")
def test_the_running_statistics_start_at_zero_and_one_and_follow_many_batches(student, make):
    trial, _ = after_batches(student, make, 0)
    for of, start in (("mean", 0.0), ("var", 1.0)):
        found = as_tensor(trial.read(f"running_{of}"), f"running_{of}")
        if not torch.equal(found.double(), torch.full((D,), start).double()):
            raise Mismatch(f"running_{of} must be {start:g} at first", diagnosis=["batchnorm-running-start"])
    check_statistics(*after_batches(student, make, 5), 0.1)


@item("batchnorm_running")
def test_batchnorm_in_use_takes_a_single_row_like_any_other(student, make):
    trial, seen = after_batches(student, make, 3)
    trial.mode(False)
    mean, var = (statistics(seen, 0.1, of)[0] for of in ("mean", "var"))
    x = seen[0][:1]
    twin = lambda x, gamma, beta: batchnorm_used(x, gamma, beta, mean, var)  # noqa: E731
    check_out(trial.forward(x), "BatchNorm", x, *trial.parameters, twin=twin)


@item("batchnorm_running")
def test_batchnorm_goes_back_to_training_with_its_running_statistics(student, make):
    used(student, make)
    trial, seen = after_batches(student, make, 2)
    trial.mode(False)
    trial.forward(seen[0] * 7)
    trial.mode(True)
    check_out(trial.forward(seen[1]), "BatchNorm", seen[1], *trial.parameters)
    check_statistics(trial, [*seen, seen[1]], 0.1)


### END HIDDEN TESTS


@item("batchnorm_nodes")
def test_batchnorm_node_by_node_has_gradients_for_gamma_and_beta(student, make):
    backward_is_right(student, make, "BatchNorm", only="gamma beta", method="backward_by_nodes")


@item("batchnorm_nodes", share=2.0)
def test_batchnorm_node_by_node_returns_the_gradient_of_its_input(student, make):
    backward_is_right(student, make, "BatchNorm", only="x", method="backward_by_nodes", eps=0.1)


### BEGIN HIDDEN TESTS
@item("batchnorm_nodes")
def test_batchnorm_node_by_node_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "BatchNorm", method="backward_by_nodes")


@item("batchnorm_nodes")
def test_batchnorm_node_by_node_goes_back_through_a_single_row(student, make):
    backward_is_right(student, make, "BatchNorm", rows=1, method="backward_by_nodes")


@item("batchnorm_nodes")
def test_batchnorm_node_by_node_goes_back_through_tensors_in_any_form(student, make):
    for options in ({"layout": "columns"}, {"layout": "expanded"}, {"dtype": torch.float32}):
        backward_is_right(student, make, "BatchNorm", method="backward_by_nodes", eps=0.1, **options)


### END HIDDEN TESTS


@item("batchnorm_backward", share=2.0)
def test_batchnorm_in_one_line_returns_the_gradient_of_its_input(student, make):
    backward_is_right(student, make, "BatchNorm", only="x", eps=0.1)


@item("batchnorm_backward")
def test_batchnorm_in_one_line_has_gradients_for_gamma_and_beta(student, make):
    backward_is_right(student, make, "BatchNorm", only="gamma beta")


### BEGIN HIDDEN TESTS
@item("batchnorm_backward")
def test_batchnorm_goes_back_after_a_forward_pass_in_use(student, make):
    trial, seen = after_batches(student, make, 2, eps=0.1)
    mean, var = (statistics(seen, 0.1, of)[0] for of in ("mean", "var"))
    trial.mode(False)
    x, g = seen[0], off_zero(make, N, D)
    gamma, beta = trial.parameters
    trial.forward(x)
    twin = lambda x, gamma, beta, eps: batchnorm_used(x, gamma, beta, mean, var, eps)  # noqa: E731

    def forms(place: int) -> dict[str, list[torch.Tensor]]:
        start = (torch.zeros_like(mean), torch.ones_like(var))
        inv = (var + 0.1).rsqrt()
        normal = (x - mean) * inv
        as_trained = gamma * inv * (g - g.mean(dim=0) - normal * (g * normal).mean(dim=0))
        return {
            "batchnorm-batch-in-use": [*([as_trained] if place == 0 else []),
                                       pull(lambda *a: TWINS["BatchNorm"](*a, 0.1), g, x, gamma, beta)[place],
                                       pull(lambda *a: (TWINS["BatchNorm"](*a, 0.1)), g, seen[-1], gamma, beta)[place]],
            "batchnorm-gamma-not-passed": [pull(lambda *a: twin(*a, 0.1), g, x, gamma / gamma, beta)[place]],
            "batchnorm-not-rescaled": [pull(lambda *a: batchnorm_used(*a, *start, 0.0), g, x, gamma, beta)[place]],
            "upstream-taken-as-ones": [pull(lambda *a: twin(*a, 0.1), torch.ones_like(g), x, gamma, beta)[place]],
        }  # fmt: skip

    check_grads(trial.backward(g), "BatchNorm", g, x, gamma, beta, twin=twin, forms=forms, eps=0.1)


@item("batchnorm_backward")
def test_batchnorm_in_one_line_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "BatchNorm")
    trial, seen = after_batches(student, make, 2, eps=0.1)
    mode_of_now_is_nothing_to_backward(trial, seen[0], off_zero(make, N, D))


@item("batchnorm_backward")
def test_batchnorm_in_one_line_goes_back_through_a_single_row(student, make):
    backward_is_right(student, make, "BatchNorm", rows=1)


@item("batchnorm_backward")
def test_batchnorm_in_one_line_goes_back_through_tensors_in_any_form(student, make):
    any_form_is_right(student, make, "BatchNorm", backward=True, eps=0.1)


### END HIDDEN TESTS


# Losses


def loss_and_grad(answer: Any) -> tuple[Any, Any]:
    """(loss, grad_scores). Raises Missing or Malformed."""
    if answer is None:
        raise Missing("nothing is returned yet: end the function with its `return` line")
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        raise Malformed("return two values: loss, grad_scores")
    for value, name in zip(answer, ("loss", "grad_scores"), strict=True):
        if value is None:
            raise Missing(f"{name} is not written yet (it is None)")
    return answer[0], answer[1]


def loss_is_right(
    student, name: str, kind: str, scores: torch.Tensor, y: torch.Tensor, layout: str = "rows", part: str = "loss grad"
):
    """Call a loss, and look at its value, its gradient, and what it did to the scores."""
    script = student.script()
    sent, behind = lay_out(script, scores, layout)
    answer, after = script.fetch(getattr(script.losses, name)(sent, y), behind)
    loss, grad = loss_and_grad(answer)
    kept = isinstance(after, torch.Tensor) and torch.equal(after, stored(scores, layout))
    assert_unchanged([] if kept else ["scores"])
    wide = scores.double()
    wild = scores.abs().max().item() / 100 if kind == "softmax" else 1.0
    rough = 4.0 * max(1.0, wild)  # exp makes of a score's last digit a relative error
    if "loss" in part:
        value = lambda loss: loss(wide, y)  # noqa: E731
        small = 1.0 if kind == "softmax" else 0.0  # near certainty log(1 + e) is all rounding
        assert_value(loss, value(LOSSES[kind]), inputs=scores.dtype, if_single="dtype-changed", condition=rough,
                     terms=small, if_not_finite="softmax-unstabilised",
                     clues=lambda: loss_clues(kind, wide, y, value))  # fmt: skip
        check_dtype(loss, scores.dtype, "loss")
    if "grad" in part:
        slope = lambda loss: pull(lambda s: loss(s, y), torch.ones(()), wide)[0]  # noqa: E731
        assert_grad(grad, slope(LOSSES[kind]), name="scores", inputs=scores.dtype, condition=rough,
                    if_single="dtype-changed", if_not_finite="softmax-unstabilised",
                    clues=lambda: loss_clues(kind, wide, y, slope))  # fmt: skip
        check_dtype(grad, scores.dtype, "gradient scores")


def loss_clues(kind: str, scores: torch.Tensor, y: torch.Tensor, take) -> dict[str, Any]:
    if len(y) < 2:
        return {"batch": 1}
    forms = {name: [take(loss) for loss in losses] for name, losses in MISTAKES[kind].items()}
    return {"batch": len(y), "classes": scores.shape[1], "forms": forms}


def scores_for(make, kind: str, rows: int = N, classes: int = D, dtype=torch.float64):
    """Scores and labels, away from the hinge's kinks."""
    while True:
        scores, y = make.normal(rows, classes, scale=1.5), make.labels(rows, classes)
        margins = scores - scores[torch.arange(rows), y][:, None] + 1
        if (
            kind != "hinge"
            or margins.abs().min() > 0.01
            and (rows == 1 or ((margins > 0).any() and (margins < 0).any()))
        ):
            return scores.to(dtype), y


def loss_in_any_form(student, make, name: str, kind: str):
    for rows, classes, dtype in ((1, D, torch.float64), (N, 2, torch.float64), (N, D, torch.float32)):
        loss_is_right(student, name, kind, *scores_for(make, kind, rows, classes, dtype))
    loss_is_right(student, name, kind, *scores_for(make, kind, 4, 6), layout="columns")
    scores, _ = scores_for(make, kind, 1, D)
    while kind == "hinge" and ((scores[0][:, None] - scores[0] + 1).abs().min() < 0.01):
        scores, _ = scores_for(make, kind, 1, D)
    loss_is_right(student, name, kind, scores.repeat(N, 1), make.labels(N, D), layout="expanded")


@item("loss_cross_entropy")
def test_the_cross_entropy_has_its_value(student, make):
    loss_is_right(student, "softmax_cross_entropy", "softmax", *scores_for(make, "softmax"), part="loss")


@item("loss_cross_entropy")
def test_the_cross_entropy_has_its_gradient(student, make):
    loss_is_right(student, "softmax_cross_entropy", "softmax", *scores_for(make, "softmax"), part="grad")


### BEGIN HIDDEN TESTS
@item("loss_cross_entropy")
def test_the_cross_entropy_has_its_value_and_gradient_in_any_form(student, make):
    loss_in_any_form(student, make, "softmax_cross_entropy", "softmax")


@item("loss_cross_entropy")
def test_the_cross_entropy_is_right_for_scores_near_a_thousand(student, make):
    scores, y = scores_for(make, "softmax")
    for dtype in (torch.float64, torch.float32):
        loss_is_right(student, "softmax_cross_entropy", "softmax", (1000 * scores).round().to(dtype) + 0.5, y)


@item("loss_cross_entropy")
def test_the_cross_entropy_of_many_rows_and_many_classes(student, make):
    loss_is_right(student, "softmax_cross_entropy", "softmax", *scores_for(make, "softmax", 30, 11))


### END HIDDEN TESTS


@item("loss_hinge")
def test_the_hinge_loss_has_its_value(student, make):
    loss_is_right(student, "hinge", "hinge", *scores_for(make, "hinge"), part="loss")


@item("loss_hinge")
def test_the_hinge_loss_has_its_gradient(student, make):
    loss_is_right(student, "hinge", "hinge", *scores_for(make, "hinge"), part="grad")


### BEGIN HIDDEN TESTS
@item("loss_hinge")
def test_the_hinge_loss_has_its_value_and_gradient_in_any_form(student, make):
    loss_in_any_form(student, make, "hinge", "hinge")


@item("loss_hinge")
def test_the_hinge_loss_is_right_for_scores_near_a_thousand(student, make):
    scores, y = scores_for(make, "hinge")
    for dtype in (torch.float64, torch.float32):
        loss_is_right(student, "hinge", "hinge", (1000 * scores).round().to(dtype) + 0.5, y)


@item("loss_hinge")
def test_the_hinge_loss_of_many_rows_and_many_classes(student, make):
    loss_is_right(student, "hinge", "hinge", *scores_for(make, "hinge", 30, 11))


### END HIDDEN TESTS


@item("loss_squared")
def test_the_squared_loss_has_its_value(student, make):
    loss_is_right(student, "squared", "squared", *scores_for(make, "squared"), part="loss")


@item("loss_squared")
def test_the_squared_loss_has_its_gradient(student, make):
    loss_is_right(student, "squared", "squared", *scores_for(make, "squared"), part="grad")


### BEGIN HIDDEN TESTS
@item("loss_squared")
def test_the_squared_loss_has_its_value_and_gradient_in_any_form(student, make):
    loss_in_any_form(student, make, "squared", "squared")


@item("loss_squared")
def test_the_squared_loss_is_right_for_scores_near_a_thousand(student, make):
    scores, y = scores_for(make, "squared")
    for dtype in (torch.float64, torch.float32):
        loss_is_right(student, "squared", "squared", (1000 * scores).round().to(dtype) + 0.5, y)


@item("loss_squared")
def test_the_squared_loss_of_many_rows_and_many_classes(student, make):
    loss_is_right(student, "squared", "squared", *scores_for(make, "squared", 30, 11))


### END HIDDEN TESTS


def penalty_of(student, params: dict[str, torch.Tensor], reg: float) -> tuple[Any, dict[str, Any]]:
    """l2's answer. Raises Missing, Malformed, or Mismatch where it changed a parameter."""
    script = student.script()
    kept = {name: script.keep(value) for name, value in params.items()}
    answer, after = script.fetch(script.losses.l2(kept, reg), kept)
    penalty, grads = loss_and_grad(answer)
    assert_unchanged([name for name, value in params.items() if not torch.equal(after[name], value)])
    if not isinstance(grads, dict):
        raise Malformed("the second value must be a dict from names to gradients")
    return penalty, grads


def penalty_is_right(student, params: dict[str, torch.Tensor], reg: float) -> None:
    penalty, grads = penalty_of(student, params, reg)
    weights = {name: value.double() for name, value in params.items() if name.rpartition(".")[2] == "w"}
    sizes = [w.square().sum() for w in weights.values()]
    others = [v.double() for name, v in params.items() if name not in weights]
    true = reg * sum(sizes)
    alike = [[v.double() for name, v in params.items() if name not in weights and like(name)]
             for like in (lambda name: name.endswith("w"), lambda name: "w" in name)]  # fmt: skip
    forms = {
        "reg-on-bias": [true + reg * sum(b.square().sum() for b in group) for group in
                        (others, [v.double() for name, v in params.items() if name.rpartition(".")[2] == "b"],
                         [v.double() for name, v in params.items() if name.rpartition(".")[2] in ("gamma", "beta")],
                         [v.double() for name, v in params.items() if name.rpartition(".")[2] == "gamma"],
                         *alike) if group],
        "reg-one-layer": [reg * sizes[0], reg * sizes[-1]],
        "reg-half": [true / 2],
        "reg-twice": [2 * true],
        "reg-sign": [-true],
        "reg-not-weighted": [sum(sizes)],
        "reg-not-squared": [reg * sum(part(w) for w in weights.values()) for part in
                            (torch.norm, lambda w: w.abs().sum(), torch.sum)],
        "reg-weight-squared": [reg * reg * sum(sizes)],
        "reg-mean": [reg * sum(w.square().mean() for w in weights.values())],
    }  # fmt: skip
    if not as_tensor(penalty, "penalty").any():
        raise Mismatch("the penalty is zero: no weight was found", diagnosis=["reg-names"])
    forms = {name: [torch.as_tensor(v) for v in values] for name, values in forms.items()}
    assert_value(penalty, true, name="penalty", inputs=next(iter(params.values())).dtype, condition=4.0, forms=forms)
    check_dtype(penalty, next(iter(params.values())).dtype, "penalty")
    check_penalty_grads(grads, params, weights, reg)


def check_penalty_grads(grads: dict[str, Any], params: dict, weights: dict, reg: float) -> None:
    if extra := [name for name in grads if name not in weights]:
        raise Mismatch(f"grads has an entry for {', '.join(map(str, extra))}", diagnosis=["reg-on-bias"])
    for name, w in weights.items():
        if grads.get(name) is None:
            raise Mismatch(f"grads has no entry for {name}", diagnosis=["reg-names"])
        one = torch.ones(())
        true = reg * pull(lambda v: v.square().sum(), one, w)[0]
        forms = {
            "reg-half": [true / 2],
            "reg-twice": [2 * true],
            "reg-sign": [-true],
            "reg-not-weighted": [true / reg],
            "reg-not-squared": [*pull(torch.norm, one, w), *pull(torch.abs, torch.ones_like(w), w)],
            "reg-weight-squared": [reg * true],
            "reg-mean": [true / w.numel()],
        }
        forms["reg-not-squared"] = [reg * v for v in forms["reg-not-squared"]] + [reg * w.square()]
        assert_grad(grads[name], true, name=name, inputs=params[name].dtype, forms=forms)
        check_dtype(grads[name], params[name].dtype, f"gradient {name}")


def parameters_of_a_net(make) -> dict[str, torch.Tensor]:
    shapes = {"0.w": (D, K), "0.b": (K,), "1.gamma": (K,), "1.beta": (K,), "3.w": (K, M), "3.b": (M,)}
    return {name: make.normal(*shape) for name, shape in shapes.items()}


@item("l2_penalty")
def test_the_penalty_of_one_layer_counts_its_weights_alone(student, make):
    penalty_is_right(student, {"w": make.normal(D, M), "b": make.normal(M)}, 0.3)


@item("l2_penalty")
def test_the_penalty_of_a_net_counts_the_weights_of_all_its_layers(student, make):
    penalty_is_right(student, parameters_of_a_net(make), 0.05)


### BEGIN HIDDEN TESTS
@item("l2_penalty")
def test_the_penalty_with_a_very_large_and_a_very_small_reg(student, make):
    for reg in (1e6, 1e-6):
        penalty_is_right(student, parameters_of_a_net(make), reg)


@item("l2_penalty")
def test_the_penalty_knows_weights_by_the_last_part_of_their_name(student, make):
    shapes = {"1.0.w": (2, 3), "10.b": (2,), "window": (4,), "w.b": (2,), "2.raw": (3,), "w": (K, D, M)}
    penalty_is_right(student, {name: make.normal(*shape) for name, shape in shapes.items()}, 0.7)


@item("l2_penalty")
def test_the_penalty_in_float32(student, make):
    penalty_is_right(student, {name: p.float() for name, p in parameters_of_a_net(make).items()}, 0.4)


@item("l2_penalty")
def test_the_penalty_without_weights_or_without_reg_is_zero(student, make):
    penalty, grads = penalty_of(student, {"0.b": make.normal(3)}, 2.0)
    assert_value(penalty, torch.zeros(()).double(), name="penalty")
    if grads:
        raise Mismatch("grads must be empty: there is no weight", diagnosis=["reg-on-bias"])
    w = make.normal(3, 2)
    penalty, grads = penalty_of(student, {"0.w": w}, 0.0)
    assert_value(penalty, torch.zeros(()).double(), name="penalty")
    assert_grad(grads.get("0.w"), torch.zeros(3, 2).double(), name="0.w")


### END HIDDEN TESTS


# Sequential


class Net:
    """A Sequential of the student's, of layers that are given."""

    def __init__(self, student, make, *, rows: int = N, parts: str = "scale wave shift scale"):
        self.script = student.script()
        given_layers = self.script.toolbox.given_layers
        self.x, self.names, self.parameters, self.steps, layers = make.normal(rows, D), [], [], parts.split(), []
        self.kept = []
        for place, kind in enumerate(self.steps):
            if kind == "wave":
                layers.append(given_layers.Wave())
                continue
            value = make.normal(D)
            self.names.append(f"{place}.{'s' if kind == 'scale' else 't'}")
            self.parameters.append(value)
            self.kept.append(self.script.keep(value))
            layers.append(getattr(given_layers, kind.capitalize())(self.kept[-1]))
        self.layers = layers
        self.net = self.script.layers.Sequential(*layers)

    def twin(self, x: torch.Tensor, *parameters: torch.Tensor, training: bool = True) -> torch.Tensor:
        parameters = iter(parameters)
        for place, kind in enumerate(self.steps):
            x = self.step(place, x, None if kind == "wave" else next(parameters), training)
        return x

    def step(self, place: int, x: torch.Tensor, value: torch.Tensor | None = None, training: bool = True):
        """One layer's output. value: its parameter, where it is another one than the net's."""
        if self.steps[place] == "wave":
            return torch.sin(x) if training else x
        if value is None:
            value = next(p for name, p in zip(self.names, self.parameters, strict=True) if name[0] == str(place))
        return x * value if self.steps[place] == "scale" else x + value

    def inputs(self) -> list[torch.Tensor]:
        """What goes into each layer in training, and what comes out of the last."""
        values = [self.x]
        for place in range(len(self.steps)):
            values.append(self.step(place, values[-1]))
        return values


def check_net_out(net: Net, out: Any, training: bool = True, nested: bool = False) -> None:
    """Compare the output of a net. Mistakes are named in nets of three layers and more: less is little evidence."""
    true = net.twin(net.x, *net.parameters, training=training)
    clues = {"batch": 1} if nested or len(net.steps) < 3 or len(net.x) < 2 else {"forms": net_forms(net, training)}
    assert_value(out, true, name="out", **clues)


def net_forms(net: Net, training: bool) -> dict[str, list[torch.Tensor]]:
    def through(x: torch.Tensor, places: list[int]) -> torch.Tensor:
        for place in places:
            x = net.step(place, x, training=training)
        return x

    every = list(range(len(net.steps)))
    return {
        "sequential-order": [through(net.x, every[::-1])],
        "sequential-not-chained": [net.x, through(net.x, every[-1:])],
        "sequential-layer-skipped": [through(net.x, every[:stop]) for stop in every[1:]]
        + [through(net.x, [p for p in every if p != left_out]) for left_out in every],
    }


@item("sequential_forward")
def test_a_net_runs_its_layers_one_after_another(student, make):
    net = Net(student, make)
    (out,) = net.script.fetch(net.net.forward(net.x))
    check_net_out(net, out)


### BEGIN HIDDEN TESTS
@item("sequential_forward")
def test_a_net_runs_any_number_of_layers_on_any_number_of_rows(student, make):
    for parts, rows in (("scale", 1), ("shift scale", 3), ("wave wave scale shift wave", 2), ("shift wave", 0)):
        net = Net(student, make, rows=rows, parts=parts)
        (out,) = net.script.fetch(net.net.forward(net.x))
        check_net_out(net, out)


@item("sequential_forward")
def test_a_net_in_a_net_runs_like_one(student, make):
    net = Net(student, make)
    Sequential = net.script.layers.Sequential
    outer = Sequential(Sequential(*net.layers[:2]), Sequential(*net.layers[2:]))
    out, again = net.script.fetch(outer.forward(net.x), outer.forward(net.x))
    check_net_out(net, out, nested=True)
    check_net_out(net, again, nested=True)


@item("sequential_forward")
def test_a_net_runs_every_batch_anew_and_changes_none(student, make):
    net = Net(student, make)
    for rows in (N, N, 2):
        net.x = make.normal(rows, D)
        kept = net.script.keep(net.x)
        out, after = net.script.fetch(net.net.forward(kept), kept)
        check_net_out(net, out, nested=True)
        assert_unchanged([] if torch.equal(after, net.x) else ["x"])


@item("sequential_forward")
def test_a_net_without_layers_gives_back_what_it_was_given(student, make):
    script, x = student.script(), make.normal(N, D)
    (out,) = script.fetch(script.layers.Sequential().forward(x))
    assert_value(out, x, name="out")


### END HIDDEN TESTS


@item("sequential_params")
def test_the_parameters_of_a_net_are_named_by_place_and_name(student, make):
    net = Net(student, make)
    check_names(net.script.fetch(net.net.params)[0], net, "params")


def check_names(found: Any, net: Net, what: str, names: list[str] | None = None, values: list | None = None) -> None:
    names, values = names or net.names, values or net.parameters
    if not isinstance(found, dict):
        raise Malformed(f"{what} must be a dict")
    if found.get(names[0]) is None and not found:
        raise Missing(f"{what} of the net is empty")
    if set(found) != set(names):
        shown = ", ".join(map(repr, found))
        raise Mismatch(f"{what} has the names {shown}; they should be {', '.join(map(repr, names))}",
                       diagnosis=["sequential-names"])  # fmt: skip
    for name, value in zip(names, values, strict=True):
        assert_value(found[name], value, name=f"{what}[{name!r}]")


### BEGIN HIDDEN TESTS
@item("sequential_params")
def test_the_parameters_of_a_net_are_the_layers_own(student, make):
    net = Net(student, make)
    start = net.net.forward(net.x)
    moved = net.script.toolbox.given_layers.move(net.net.params, 0.5)
    out, _, _ = net.script.fetch(net.net.forward(net.x), moved, start)
    was = net.twin(net.x, *net.parameters)
    net.parameters = [value + 0.5 for value in net.parameters]
    true = net.twin(net.x, *net.parameters)
    assert_value(out, true, name="out after a step", forms={"sequential-copies": [was]})


@item("sequential_params")
def test_the_parameters_of_a_net_in_a_net_have_both_places_in_their_names(student, make):
    net = Net(student, make)
    Sequential = net.script.layers.Sequential
    outer = Sequential(net.layers[0], Sequential(*net.layers[1:]))
    names = ["0.s", "1.1.t", "1.2.s"]
    check_names(net.script.fetch(outer.params)[0], net, "params", names)


@item("sequential_params")
def test_the_parameters_of_a_net_of_twelve_layers_have_their_places(student, make):
    net = Net(student, make, parts="scale shift wave " * 4)
    check_names(net.script.fetch(net.net.params)[0], net, "params")


@item("sequential_params")
def test_nets_do_not_share_their_parameters(student, make):
    first = Net(student, make)
    other = first.script.layers.Sequential(first.script.toolbox.given_layers.Shift(make.normal(D)))
    names = first.script.fetch(other.params, first.net.params)
    check_names(names[1], first, "params")
    if not isinstance(names[0], dict) or set(names[0]) != {"0.t"}:
        raise Mismatch("a second net has parameters of the first one", diagnosis=["sequential-names"])


### END HIDDEN TESTS


def net_gradients(net: Net, g: torch.Tensor, times: int = 1, nested: bool = False, given: Any = None) -> None:
    """Forward, and back as often as wanted: gradients of all parameters and of the input. given: g, over there."""
    net.script.fetch(net.net.forward(net.x))
    true = pull(net.twin, g, net.x, *net.parameters)
    ones = pull(net.twin, torch.ones_like(g), net.x, *net.parameters)
    few = nested or len(net.steps) < 3 or len(net.x) < 2  # little evidence: too many mistakes look alike
    for time in range(times):
        grad_x, grads = net.script.fetch(net.net.backward(g if given is None else given), net.net.grads)
        if grad_x is None:
            raise Missing("Sequential.backward returns nothing yet")
        if not isinstance(grads, dict):
            raise Malformed("grads must be a dict")
        if set(grads) != set(net.names):
            if not grads:
                raise Missing("grads of the net is empty after backward")
            fewer = set(grads) < set(net.names)  # each of these layers has one parameter: some did not take part
            raise Mismatch(f"grads has the names {', '.join(map(repr, grads))}; they should be those of params",
                           diagnosis=["sequential-layer-skipped" if fewer else "sequential-names"])  # fmt: skip
        # on the way back: the first layer whose gradient is wrong got the wrong one, those after it only pass it on
        for place in (*reversed(range(1, len(true))), 0):
            name, got = ("x", grad_x) if place == 0 else (net.names[place - 1], grads[net.names[place - 1]])
            piled = {"grads-pile-up": [true[place] * (time + 1)]} if time and place else {}
            known = {"upstream-taken-as-ones": [ones[place]]} | piled
            assert_grad(got, true[place], name=name, clues=lambda place=place, known=known:
                        {"batch": 1} if few else {"forms": known | way_back_forms(net, place, g)})  # fmt: skip


def way_back_forms(net: Net, place: int, g: torch.Tensor) -> dict[str, list[torch.Tensor]]:
    """What known mistakes on the way back lead to. place: 0 for x, then the parameters in their order."""
    inputs = net.inputs()

    def back(places: list[int]) -> torch.Tensor:
        upstream = g
        for at in places:
            upstream = pull(lambda x, at=at: net.step(at, x), upstream, inputs[at])[0]
        return upstream

    stop = int(net.names[place - 1].partition(".")[0]) if place else -1

    def arrived(places: list[int]) -> torch.Tensor:
        """The gradient at `place`, if the upstream one came through these layers."""
        if not place:
            return back(places)
        value = net.parameters[place - 1]
        return pull(lambda v: net.step(stop, inputs[stop], v), back(places), value)[0]

    way = list(reversed(range(stop + 1, len(net.steps))))
    alone = [[], way[-1:]] if place == 0 else [[]]
    return {
        "sequential-not-chained": [arrived(places) for places in alone],
        "sequential-layer-skipped": [arrived([at for at in way if at != left_out]) for left_out in way]
        + [arrived(way[:count]) for count in range(1, len(way))],
        "sequential-order": [arrived(list(range(max(stop, 0))))],
    }


@item("sequential_backward")
def test_a_net_goes_back_through_its_layers_in_reverse(student, make):
    net = Net(student, make)
    net_gradients(net, make.normal(N, D))


### BEGIN HIDDEN TESTS
@item("sequential_backward")
def test_a_net_goes_back_again_and_again(student, make):
    net = Net(student, make)
    net_gradients(net, make.normal(N, D), times=2)
    net_gradients(net, make.normal(N, D), times=1)


@item("sequential_backward")
def test_a_net_goes_back_through_its_latest_batch_and_leaves_the_upstream_gradient_alone(student, make):
    net = Net(student, make)
    net.script.fetch(net.net.forward(net.x))
    net.x = make.normal(N, D)
    g = make.normal(N, D)
    kept = net.script.keep(g)
    net_gradients(net, g, given=kept)
    assert_unchanged([] if torch.equal(net.script.fetch(kept)[0], g) else ["grad_out"])


@item("sequential_backward")
def test_a_net_of_twelve_layers_goes_back(student, make):
    net_gradients(Net(student, make, parts="scale shift wave " * 4), make.normal(N, D))


@item("sequential_backward")
def test_a_net_in_a_net_goes_back_like_one(student, make):
    net = Net(student, make, parts="wave shift scale wave")
    Sequential = net.script.layers.Sequential
    net.net = Sequential(net.layers[0], Sequential(*net.layers[1:]))
    net.names = ["1.0.t", "1.1.s"]
    net_gradients(net, make.normal(N, D), nested=True)


@item("sequential_backward")
def test_a_net_of_one_layer_and_of_none_goes_back(student, make):
    net = Net(student, make, rows=1, parts="scale")
    net_gradients(net, make.normal(1, D))
    script, x = student.script(), make.normal(N, D)
    net = script.layers.Sequential()
    grad_x, _ = script.fetch(net.backward(x), net.forward(x))
    assert_grad(grad_x, x, name="x of a net without layers")


### END HIDDEN TESTS


def check_modes(net: Net, layers: list[Any], training: bool) -> None:
    modes = net.script.fetch(*[layer.training for layer in layers])
    if modes != [training] * len(modes):
        raise Mismatch(f"after {'train' if training else 'eval'}() `training` is {modes}",
                       diagnosis=["sequential-mode"])  # fmt: skip
    (out,) = net.script.fetch(net.net.forward(net.x))
    check_net_out(net, out, training, nested=True)


@item("sequential_modes")
def test_eval_reaches_every_layer_of_a_net(student, make):
    net = Net(student, make)
    net.script.fetch(net.net.eval())
    check_modes(net, [net.net, *net.layers], False)


### BEGIN HIDDEN TESTS
@item("sequential_modes")
def test_train_and_eval_take_turns(student, make):
    net = Net(student, make, parts="wave scale wave")
    for training in (False, False, True, True, False, True):
        net.script.fetch((net.net.train if training else net.net.eval)())
        check_modes(net, [net.net, *net.layers], training)


@item("sequential_modes")
def test_eval_reaches_the_layers_of_a_net_in_a_net(student, make):
    net = Net(student, make)
    Sequential = net.script.layers.Sequential
    inner = Sequential(*net.layers[1:])
    outer = Sequential(net.layers[0], inner)
    net.net = outer
    for training in (False, True):
        net.script.fetch((outer.train if training else outer.eval)())
        check_modes(net, [outer, inner, *net.layers], training)


@item("sequential_modes")
def test_the_modes_of_two_nets_do_not_meet(student, make):
    net = Net(student, make)
    other = net.script.layers.Sequential(net.script.toolbox.given_layers.Wave())
    net.script.fetch(net.net.eval(), other.train())
    check_modes(net, net.layers, False)
    if net.script.fetch(other.training) != [True]:
        raise Mismatch("eval() of one net reaches another one")


### END HIDDEN TESTS

# Recomputing: the nets of above, which keep every k-th input


def recomputing(student, make, every: int, **options: Any) -> Net:
    net = Net(student, make, **options)
    net.net = net.script.layers.Recomputing(every, *net.layers)
    return net


def check_kept(net: Net, every: int, fewer: str = "recompute-other-inputs") -> None:
    """After a forward or a backward pass: the inputs of every k-th layer, and no layer with a cache.

    fewer: what is wrong where not all of them are there.
    """
    kept, *caches = net.script.fetch(net.net.cache, *[layer.cache for layer in net.layers])
    if kept is None:
        raise Missing("Recomputing.forward keeps nothing in self.cache yet")
    if not isinstance(kept, list | tuple):
        raise Malformed("self.cache must be the list of the kept inputs")
    true = net.inputs()[: len(net.steps) : every]
    if len(kept) != len(true):
        mistake = fewer if len(kept) < len(true) else "recompute-other-inputs"
        raise Mismatch(f"self.cache holds {len(kept)} tensors; {len(net.steps)} layers in groups of {every} have "
                       f"{len(true)} inputs to keep", diagnosis=[mistake])  # fmt: skip
    for number, (got, value) in enumerate(zip(kept, true, strict=True)):
        assert_value(got, value, name=f"self.cache[{number}]", forms={
            "recompute-other-inputs": [other for other in net.inputs() if other.shape == value.shape]})  # fmt: skip
    full = [place for place, cache in enumerate(caches) if cache is not None]
    if full:
        raise Mismatch(f"layer {full[0]} still holds a cache", diagnosis=["recompute-caches-left"])


@item("recompute")
def test_a_net_that_recomputes_has_the_output_and_the_gradients_of_a_sequential(student, make):
    net = recomputing(student, make, 2)
    (out,) = net.script.fetch(net.net.forward(net.x))
    check_net_out(net, out)
    net_gradients(net, make.normal(N, D), nested=True)  # a group that is left out says nothing of how layers are joined


@item("recompute")
def test_a_net_that_recomputes_keeps_the_input_of_every_kth_layer_alone(student, make):
    net = recomputing(student, make, 2, parts="scale wave shift wave scale")
    net.script.fetch(net.net.forward(net.x))
    check_kept(net, 2)


### BEGIN HIDDEN TESTS
@item("recompute")
def test_a_net_recomputes_in_groups_of_any_size(student, make):
    for every, parts in ((1, "wave shift scale"), (3, "scale wave shift wave wave scale shift"),
                         (3, "wave scale shift"), (9, "shift wave scale")):  # fmt: skip
        net = recomputing(student, make, every, parts=parts)
        net.script.fetch(net.net.forward(net.x))
        check_kept(net, every)
        net_gradients(net, make.normal(N, D), nested=True)


@item("recompute")
def test_a_net_holds_no_caches_after_its_backward_pass_either(student, make):
    net = recomputing(student, make, 3, parts="wave scale wave shift wave")
    net_gradients(net, make.normal(N, D), nested=True)
    check_kept(net, 3, fewer="cache-used-up")


@item("recompute")
def test_at_no_time_do_more_than_k_layers_hold_a_cache_and_each_runs_twice(student, make):
    script = student.script()
    row = script.builtins.list()
    every, scales = 3, [make.normal(D) for _ in range(8)]
    layers = [script.toolbox.given_layers.Watched(scale, row) for scale in scales]
    net = script.layers.Recomputing(every, *layers)
    script.fetch(net.forward(make.normal(N, D)))
    grad_x, *found = script.fetch(net.backward(make.normal(N, D)), *[layer.most for layer in layers],
                                  *[layer.runs for layer in layers])  # fmt: skip
    if grad_x is None:
        raise Missing("Recomputing.backward returns nothing yet")
    most, runs = found[: len(layers)], found[len(layers) :]
    if max(most) > every:
        raise Mismatch(f"{max(most)} layers held a cache at the same time, {every} are allowed",
                       diagnosis=["recompute-all-at-once"])  # fmt: skip
    if set(runs) != {2}:
        raise Mismatch(f"the layers ran forward {', '.join(map(str, runs))} times; each should run twice",
                       diagnosis=["recompute-runs"] if max(runs) > 2 else [])  # fmt: skip


@item("recompute")
def test_a_net_goes_back_twice_and_through_its_latest_batch(student, make):
    net = recomputing(student, make, 2)
    net.script.fetch(net.net.forward(net.x))
    net.x = make.normal(N, D)
    net.script.fetch(net.net.forward(net.x))
    check_kept(net, 2)
    net_gradients(net, make.normal(N, D), times=2, nested=True)


@item("recompute")
def test_a_net_that_recomputes_stands_in_another_net_and_may_be_empty(student, make):
    net = Net(student, make, parts="wave shift scale wave")
    inner = net.script.layers.Recomputing(2, *net.layers[1:])
    net.net = net.script.layers.Recomputing(1, net.layers[0], inner)
    net.names = ["1.0.t", "1.1.s"]
    net_gradients(net, make.normal(N, D), nested=True)
    script, x = student.script(), make.normal(N, D)
    empty = script.layers.Recomputing(2)
    out, grad_x = script.fetch(empty.forward(x), empty.backward(x))
    assert_value(out, x, name="out of a net without layers")
    assert_grad(grad_x, x, name="x of a net without layers")


### END HIDDEN TESTS

# ---------------------------------------------------------------- the graph

# A student's Graph is built of plain rows, in their process, of ops that are right and count how often they run
# (`toolbox.graph_ops`); the truths are autograd's, with an edge of its own for every wire (`toolbox.truths.graph`). So
# a wrong gradient is named where it first shows on the way back, and what is wrong is the graph's doing. Forwards and
# backwards are judged with a right order given; a block is judged by the rows that it adds, with no graph at all.


def graph_inputs(make, N: int, D: int, *names: str) -> dict[str, torch.Tensor]:
    return {name: make.normal(N, D) for name in names}


def number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


@item("graph_by_hand")
def test_the_values_of_the_small_graph_are_foreseen(student, make):
    truth = small_graph()
    for name in ("a", "h", "y"):
        graph_foreseen(student, name, truth.values[name])


@item("graph_by_hand", share=2.0)
def test_what_comes_back_along_each_wire_to_x_is_foreseen(student, make):
    truth = small_graph()
    for reader, key in (("a", "x_from_a"), ("h", "x_from_h"), ("y", "x_from_y")):
        place = next(place for name, place in truth.readers["x"] if name == reader)
        true = truth.edges[reader, place]
        graph_foreseen(student, key, true, graph_sources_swapped=[truth.edges[reader, 1 - place]]
                       if (reader, 1 - place) in truth.edges else [],
                       graph_upstream_alone=[truth.grads[reader]])  # fmt: skip


### BEGIN HIDDEN TESTS
@item("graph_by_hand", share=2.0)
def test_the_gradients_of_the_small_graph_are_foreseen(student, make):
    truth = small_graph()
    for name in ("h", "a", "x"):
        forms = {mistake.replace("-", "_"): values for mistake, values in truth.forms(name).items()}
        graph_foreseen(student, f"grad_{name}", truth.grads[name], **forms)


### END HIDDEN TESTS


def small_graph() -> GraphTruth:
    """a = -2x, h = a * x, y = h + x at x = 3, with 5 as the upstream gradient of y."""
    rows = [["a", "scale", ["x"], [number(-2.0)]], ["h", "multiply", ["a", "x"], []], ["y", "add", ["h", "x"], []]]
    return GraphTruth(rows, {"x": number(3.0)}, {"y": number(5.0)})


def graph_foreseen(student, key: str, true: torch.Tensor, **forms: Any) -> None:
    found = student.value("small")
    if not isinstance(found, dict):
        raise Malformed("`small` must be a dict that maps names to numbers")
    if found.get(key) is None:
        raise Missing(f"small[{key!r}] is not filled in yet")
    forms = {name.replace("_", "-"): [torch.as_tensor(value).double() for value in values if value is not None]
             for name, values in forms.items()}  # fmt: skip
    assert_value(found[key], true, name=key, forms=forms)


# Ops with several inputs


def run_op(student, name: str, inputs: list[torch.Tensor], grad_out: torch.Tensor) -> list[Any]:
    """[value, gradients, those of a second backward, inputs afterwards, grad_out afterwards] of an op of graph.py."""
    s = student.script()
    op = getattr(s.graph, name)()
    kept, upstream = [s.keep(x) for x in inputs], s.keep(grad_out)
    value = op.forward(*kept)
    first = op.backward(upstream)
    return s.fetch(value, first, op.backward(upstream), kept, upstream)


def check_op(student, name: str, inputs: list[torch.Tensor], grad_out: torch.Tensor) -> None:
    value, first, second, kept, upstream = run_op(student, name, inputs, grad_out)
    leaves = [x.double().clone().requires_grad_() for x in inputs]
    true = leaves[0] * leaves[1] if name == "Multiply" else torch.cat(leaves, dim=-1)
    grads = torch.autograd.grad((true * grad_out.double()).sum(), leaves)
    dtype = inputs[0].dtype
    forms = {"graph-concat-axis": [torch.cat(leaves, dim=0)]} if len({x.shape for x in inputs}) == 1 else {}
    assert_value(value, true.detach(), name="value", inputs=dtype, forms={k: [v.detach() for v in values]
                 for k, values in forms.items()} if name == "Concat" else {})  # fmt: skip
    check_parts(name, first, grads, leaves, grad_out)
    for place, (after, before) in enumerate(zip([*kept, upstream], [*inputs, grad_out], strict=True)):
        if not torch.equal(after, before):
            raise Mismatch(f"tensor {place} that was handed in is changed", diagnosis=["input-changed"])
    check_parts(name, second, grads, leaves, grad_out)


def check_parts(name: str, answer: Any, grads: Any, leaves: list, grad_out: torch.Tensor) -> None:
    if answer is None:
        raise Missing("backward returns nothing yet")
    if not isinstance(answer, list) or len(answer) != len(grads):
        raise Malformed(f"backward must return {len(grads)} gradients, one for each input")
    for place, (got, right) in enumerate(zip(answer, grads, strict=True)):
        forms = op_forms(name, place, grads, leaves, grad_out)
        assert_grad(got, right, name=f"of input {place}", inputs=grad_out.dtype, forms=forms,
                    if_not_finite="zero-over-zero")  # fmt: skip


def op_forms(name: str, place: int, grads: Any, leaves: list, grad_out: torch.Tensor) -> dict[str, list[torch.Tensor]]:
    g = grad_out.double()
    if name == "Multiply":
        x, y = (leaf.detach() for leaf in leaves)
        own, other = (x, y) if place == 0 else (y, x)
        return {"mul-gate-not-swapped": [g * own], "graph-upstream-alone": [g], "local-gradient-only": [other]}
    others = [grad for index, grad in enumerate(grads) if index != place and grad.shape == grads[place].shape]
    width = leaves[place].shape[-1]
    begin = sum(leaf.shape[-1] for leaf in leaves[:place])
    at_widths = torch.tensor_split(g, [leaf.shape[-1] for leaf in leaves[:-1]], dim=-1)[place]
    return {
        "graph-concat-wrong-part": [*others, at_widths, g[..., :width], g[..., -width:],
                                    g.flip(-1)[..., begin : begin + width]],
        "graph-concat-whole": [g],
    }  # fmt: skip


@item("graph_ops")
def test_a_product_of_two_nodes_forwards_and_backwards(student, make):
    check_op(student, "Multiply", [make.normal(3, 4), make.normal(3, 4)], make.normal(3, 4))


@item("graph_ops")
def test_two_nodes_of_different_widths_side_by_side(student, make):
    check_op(student, "Concat", [make.normal(3, 2), make.normal(3, 5)], make.normal(3, 7))


### BEGIN HIDDEN TESTS
@item("graph_ops")
def test_a_product_in_float32_of_tensors_that_do_not_lie_in_one_piece(student, make):
    x, y = make.normal(5, 2, dtype=torch.float32).T, make.normal(1, 5, dtype=torch.float32).expand(2, 5)
    check_op(student, "Multiply", [x, y], make.normal(2, 1, dtype=torch.float32).expand(2, 5))


@item("graph_ops")
def test_a_product_with_zeros(student, make):
    x, y = make.normal(3, 4), make.normal(3, 4)
    x[0], x[1, 2], y[0, 1], y[2] = 0.0, 0.0, 0.0, 0.0
    with verdicts_only():
        check_op(student, "Multiply", [x, y], make.normal(3, 4))


@item("graph_ops")
def test_three_nodes_side_by_side_two_of_them_of_one_width(student, make):
    check_op(student, "Concat", [make.normal(3, 3), make.normal(3, 3), make.normal(3, 1)], make.normal(3, 7))
    check_op(student, "Concat", [make.normal(1, 2)], make.normal(1, 2))


### END HIDDEN TESTS


# The order


def ordered(student, inputs: list[str], rows: list[list]) -> list[str]:
    """The student's order of a graph. Raises Missing, Malformed."""
    s = student.script()
    bench = s.toolbox.graph_ops.Bench(s.graph.Graph, inputs, rows)
    return listed(s.fetch(bench.graph.order())[0])


def listed(answer: Any) -> list[str]:
    """An order as it arrived. Raises Missing, Malformed."""
    if answer is None:
        raise Missing("order returns nothing yet")
    if not isinstance(answer, list) or not all(isinstance(name, str) for name in answer):
        raise Malformed("order must return a list of names")
    return answer


def check_order(student, inputs: list[str], rows: list[list]) -> None:
    check_answer(ordered(student, inputs, rows), inputs, rows)


def check_answer(answer: Any, inputs: list[str], rows: list[list]) -> None:
    """Any order is right in which every name stands once, after all that it reads."""
    answer = listed(answer)
    names = [*inputs, *[row[0] for row in rows]]
    places = {name: place for place, name in enumerate(answer)}
    if len(places) < len(answer):
        twice = sorted({name for name in answer if answer.count(name) > 1})
        raise Mismatch(f"{', '.join(twice)}: more than once in {answer}", diagnosis=["graph-order-doubled"])
    if missing := [name for name in names if name not in places]:
        raise Mismatch(f"{', '.join(missing)}: not in {answer}", diagnosis=["graph-order-incomplete"])
    if strange := [name for name in answer if name not in names]:
        raise Mismatch(f"{', '.join(strange)}: no name of this graph, but in {answer}")
    wires = [(source, row[0]) for row in rows for source in row[2]]
    early = [(source, name) for source, name in wires if places[name] < places[source]]
    if early:
        backwards = ["graph-order-backwards"] if len(early) == len(wires) else ["graph-order-too-early"]
        source, name = early[0]
        raise Mismatch(f"{name!r} reads {source!r}, and stands before it in {answer}", diagnosis=backwards)


def tangle(make, size: int) -> list[list]:
    """`size` nodes that read "x", "u" or nodes of lower number, added in random order; sums of one to three."""
    names, rows = ["x", "u"], []
    for number in range(size):
        reach = names[-4:] if number % 3 else names
        picked = [reach[int(i)] for i in make.integers(0, len(reach), (1 + number % 3,))]
        rows.append([f"n{number}", "add", picked, []])
        names.append(f"n{number}")
    mixed = torch.argsort(make.uniform(size)).tolist()
    return [rows[i] for i in mixed]


DIAMOND = [["left", "tanh", ["x"], []], ["right", "square", ["x"], []], ["y", "multiply", ["left", "right"], []]]


@item("graph_order")
def test_the_order_of_a_diamond_whose_nodes_are_added_last_one_first(student, make):
    check_order(student, ["x"], DIAMOND[::-1])


@item("graph_order")
def test_a_node_comes_after_a_source_that_is_reached_by_a_longer_way(student, make):
    rows = [["y", "add", ["x", "c"], []], ["c", "tanh", ["b"], []], ["b", "add", ["a", "x"], []],
            ["a", "square", ["x"], []]]  # fmt: skip
    check_order(student, ["x"], rows)


@item("graph_order")
def test_a_circle_is_an_error_that_names_one_of_its_nodes(student, make):
    rows = [["inner", "add", ["x", "outer"], []], ["outer", "tanh", ["inner"], []]]
    check_refused(student, rows, ["inner", "outer"], "graph-circle-unnoticed")


### BEGIN HIDDEN TESTS
@item("graph_order")
def test_the_order_of_tangled_graphs_with_nodes_that_nobody_reads(student, make):
    for size in (5, 9, 14, 30):
        check_order(student, ["x", "u"], tangle(make, size))


@item("graph_order")
def test_a_node_that_reads_one_source_twice_stands_in_the_order_once(student, make):
    rows = [["y", "multiply", ["h", "h"], []], ["h", "tanh", ["x"], []], ["z", "add", ["h", "y", "h"], []]]
    for added in (rows, rows[::-1]):  # where z is added before y, it must still wait for y, though h counts twice
        try:
            check_order(student, ["x"], added)
        except Raised as error:
            known = ["graph-source-twice"] if "ValueError" in str(error) else []
            raise Raised(str(error), diagnosis=known) from None


@item("graph_order")
def test_the_order_of_a_graph_that_has_grown_has_the_new_nodes(student, make):
    s = student.script()
    bench = s.toolbox.graph_ops.Bench(s.graph.Graph, ["x"], DIAMOND)
    first = bench.graph.order()
    s.fetch(first, bench.graph.add("z", s.toolbox.graph_ops.Add(), "y", "left"))
    late = [*DIAMOND, ["z", "add", ["y", "left"], []]]
    check_answer(s.fetch(bench.graph.order())[0], ["x"], late)


@item("graph_order")
def test_a_source_that_does_not_exist_is_an_error_that_names_it(student, make):
    rows = [["a", "tanh", ["x"], []], ["b", "add", ["a", "elsewhere"], []], ["c", "tanh", ["b"], []]]
    check_refused(student, rows, ["elsewhere"], "graph-unknown-unnoticed")


@item("graph_order")
def test_a_circle_away_from_all_inputs_and_one_of_a_single_node_are_errors(student, make):
    rows = [["a", "tanh", ["x"], []], ["p", "tanh", ["r"], []], ["q", "tanh", ["p"], []], ["r", "tanh", ["q"], []]]
    check_refused(student, rows, ["p", "q", "r"], "graph-circle-unnoticed")
    check_refused(student, [["a", "tanh", ["x"], []], ["loop", "add", ["a", "loop"], []]], ["loop"],
                  "graph-circle-unnoticed")  # fmt: skip


### END HIDDEN TESTS


def check_refused(student, rows: list[list], culprits: list[str], unnoticed: str) -> None:
    """The order of this graph must raise ValueError, and its message must have the name of a culprit."""
    try:
        answer = ordered(student, ["x"], rows)
    except Raised as error:
        if "ValueError" in str(error) and any(f"{name}" in str(error).split("ValueError", 1)[1].split(" (graph.py")[0]
                                              for name in culprits):  # fmt: skip
            return
        deep = "RecursionError" in str(error)
        wanted = f"raise ValueError with the name of a culprit ({' or '.join(culprits)}) in its message"
        raise Mismatch(f"{wanted}; {error}", diagnosis=[unnoticed if deep else "graph-error-unclear"]) from None
    raise Mismatch(f"there is no right order, and the answer is {answer}: raise ValueError", diagnosis=[unnoticed])


# Forwards


def forward_of(student, inputs: dict, rows: list[list], times: int = 1) -> tuple[Any, Any]:
    """The values of a forward pass, with a right order given, and how often each op ran in all."""
    s = student.script()
    bench = s.toolbox.graph_ops.Bench(s.graph.Graph, list(inputs), rows, sort(list(inputs), rows))
    for _ in range(times):
        values = bench.forward(inputs)
    return tuple(s.fetch(values, bench.runs("forward")))


def check_forward(student, inputs: dict, rows: list[list]) -> None:
    values, runs = forward_of(student, inputs, rows)
    assert_values(values, GraphTruth(rows, inputs, {rows[0][0]: torch.zeros(())}))
    if extra := [name for name, count in runs.items() if count != 1]:
        raise Mismatch(f"each op runs once in a forward pass; {extra[0]!r} ran {runs[extra[0]]} times",
                       diagnosis=["graph-walked-every-path"])  # fmt: skip


def linear(make, D: int, M: int) -> list[torch.Tensor]:
    return [make.normal(D, M), make.normal(M)]


@item("graph_forward")
def test_the_values_of_a_chain(student, make):
    rows = [["a", "linear", ["x"], linear(make, 3, 4)], ["h", "tanh", ["a"], []], ["y", "linear", ["h"],
            linear(make, 4, 2)]]  # fmt: skip
    check_forward(student, graph_inputs(make, 5, 3, "x"), rows)


@item("graph_forward")
def test_the_values_of_an_op_that_tells_its_two_sources_apart(student, make):
    rows = [["d", "mix", ["x", "u"], []], ["y", "square", ["d"], []]]
    check_forward(student, graph_inputs(make, 2, 3, "u", "x"), rows)


### BEGIN HIDDEN TESTS
@item("graph_forward")
def test_the_values_of_a_graph_whose_nodes_are_added_last_one_first(student, make):
    rows = [["y", "add", ["d", "h", "x"], []], ["d", "mix", ["x", "h"], []], ["h", "tanh", ["a"], []],
            ["a", "linear", ["x"], linear(make, 3, 3)], ["aside", "square", ["h"], []]]  # fmt: skip
    check_forward(student, graph_inputs(make, 1, 3, "x"), rows)


@item("graph_forward")
def test_a_node_that_many_read_is_computed_once(student, make):
    rows = [["n0", "tanh", ["x"], []]]
    for i in range(8):
        rows.append([f"n{i + 1}", "mix" if i % 2 else "multiply", [f"n{i}", f"n{max(i - 1, 0)}"], []])
    check_forward(student, graph_inputs(make, 2, 2, "x"), rows)


### END HIDDEN TESTS


# Backwards


def backward_of(student, inputs: dict, rows: list[list], grad_out: dict) -> tuple[Any, Any, Any, Any]:
    """Gradients, those of the parameters, runs of each op, grad_out afterwards; right order and caches are given.

    Raises Mismatch where the dict grad_out was changed.
    """
    s, order = student.script(), sort(list(inputs), rows)
    bench = s.toolbox.graph_ops.Bench(s.graph.Graph, list(inputs), rows, order)
    bench.prepare(inputs, order)
    kept = {name: s.keep(grad) for name, grad in grad_out.items()}
    *found, after, names = s.fetch(bench.backward(kept), bench.gradients(), bench.runs("backward"), kept, bench.given)
    if isinstance(names, dict) and set(names) != set(grad_out):
        raise Mismatch("the dict of upstream gradients that was handed in has other names now: work on a copy",
                       diagnosis=["input-changed"])  # fmt: skip
    return (*found, after)


def check_backward(student, inputs: dict, rows: list[list], grad_out: dict) -> None:
    truth = GraphTruth(rows, inputs, grad_out)
    grads, params, runs, kept = backward_of(student, inputs, rows, grad_out)
    named(grads, "backward")
    reached = [name for name in runs if truth.grads[name] is not None]
    if often := [name for name in reached if runs[name] > 1]:
        mistake = "graph-walked-every-path" if runs[often[0]] > 1 else None
        try:
            assert_walk(grads, truth)
        except Mismatch as error:
            mistake = error.diagnosis[0] if error.diagnosis else "graph-walked-too-early"
        raise Mismatch(f"each op's backward runs once; {often[0]!r} went {runs[often[0]]} times", diagnosis=[mistake])
    assert_walk(grads, truth)
    assert_params(params, truth)
    for name, before in grad_out.items():
        if not torch.equal(kept[name], before):
            raise Mismatch(f"the given gradient of {name!r} was changed in place", diagnosis=["graph-added-in-place"])


@item("graph_backward")
def test_the_gradients_of_a_chain_and_of_its_parameters(student, make):
    rows = [["a", "linear", ["x"], linear(make, 3, 4)], ["h", "tanh", ["a"], []], ["y", "linear", ["h"],
            linear(make, 4, 2)]]  # fmt: skip
    check_backward(student, graph_inputs(make, 5, 3, "x"), rows, {"y": make.normal(5, 2)})


@item("graph_backward", share=2.0)
def test_the_gradient_of_an_input_that_two_ops_read(student, make):
    check_backward(student, graph_inputs(make, 3, 2, "x"), DIAMOND, {"y": make.normal(3, 2)})


@item("graph_backward", share=2.0)
def test_the_gradients_of_a_skip_connection_across_several_nodes(student, make):
    rows = [["a", "linear", ["x"], linear(make, 3, 4)], ["h", "tanh", ["a"], []],
            ["r", "linear", ["h"], linear(make, 4, 3)], ["y", "add", ["r", "x"], []]]  # fmt: skip
    check_backward(student, graph_inputs(make, 2, 3, "x"), rows, {"y": make.normal(2, 3)})


### BEGIN HIDDEN TESTS
@item("graph_backward", share=2.0)
def test_the_gradients_where_a_node_is_read_three_times(student, make):
    rows = [["h", "tanh", ["x"], []], ["a", "square", ["h"], []], ["b", "scale", ["h"], [make.normal()]],
            ["c", "multiply", ["h", "b"], []], ["y", "add", ["a", "c", "b"], []]]  # fmt: skip
    check_backward(student, graph_inputs(make, 4, 3, "x"), rows, {"y": make.normal(4, 3)})


@item("graph_backward", share=2.0)
def test_the_gradients_of_a_sum_whose_sources_get_one_and_the_same_tensor(student, make):
    rows = [["a", "scale", ["x"], [make.normal()]], ["s", "add", ["a", "x"], []],
            ["p", "scale", ["s"], [make.normal()]], ["q", "add", ["p", "a", "s"], []],
            ["y", "mix", ["q", "x"], []]]  # fmt: skip
    check_backward(student, graph_inputs(make, 2, 3, "x"), rows, {"y": make.normal(2, 3)})


@item("graph_backward", share=2.0)
def test_an_output_that_others_read_as_well_collects_from_both(student, make):
    rows = [["h", "tanh", ["x"], []], ["g", "same", ["h"], []], ["y", "square", ["g"], []]]
    check_backward(student, graph_inputs(make, 3, 2, "x"), rows, {"h": make.normal(3, 2), "y": make.normal(3, 2)})
    check_backward(student, graph_inputs(make, 3, 2, "x"), rows, {"y": make.normal(3, 2), "x": make.normal(3, 2)})


@item("graph_backward", share=2.0)
def test_one_source_read_twice_by_one_op_and_nodes_that_nobody_reads(student, make):
    rows = [["aside", "tanh", ["h"], []], ["y", "mix", ["h", "h"], []], ["h", "multiply", ["u", "x"], []],
            ["lost", "linear", ["v"], linear(make, 3, 2)]]  # fmt: skip
    check_backward(student, graph_inputs(make, 2, 3, "x", "u", "v"), rows, {"y": make.normal(2, 3)})


@item("graph_backward", share=2.0)
def test_the_short_way_does_not_go_before_the_long_one(student, make):
    rows = [["h", "tanh", ["x"], []], ["a", "square", ["h"], []], ["b", "scale", ["a"], [make.normal()]],
            ["c", "tanh", ["b"], []], ["y", "multiply", ["c", "h"], []]]  # fmt: skip
    check_backward(student, graph_inputs(make, 1, 2, "x"), rows, {"y": make.normal(1, 2)})
    check_backward(student, graph_inputs(make, 1, 2, "x"), [*rows[:4], ["y", "multiply", ["h", "c"], []]],
                   {"y": make.normal(1, 2)})  # fmt: skip


### END HIDDEN TESTS


# Again, and deep

SHARED = [["h", "tanh", ["x"], []], ["y", "multiply", ["h", "x"], []], ["k", "same", ["h"], []],
          ["z", "add", ["y", "k"], []]]  # fmt: skip


class Again:
    """One graph SHARED, for several passes; each answer is fetched at once, and can be looked at again later."""

    KEPT = {"forward": "graph-values-kept", "backward": "graph-gradients-kept"}

    def __init__(self, student):
        self.script = student.script()
        self.bench = self.script.toolbox.graph_ops.Bench(self.script.graph.Graph, ["x"], SHARED, sort(["x"], SHARED))
        self.passes: list[tuple[str, Any, GraphTruth]] = []

    def forward(self, inputs: dict) -> None:
        self.inputs = inputs
        truth = GraphTruth(SHARED, inputs, {"z": torch.zeros_like(inputs["x"])})
        self._judge("forward", self.bench.forward(inputs), truth)

    def backward(self, grad_out: dict) -> None:
        self._judge("backward", self.bench.backward(grad_out), GraphTruth(SHARED, self.inputs, grad_out))

    def _judge(self, way: str, answer: Any, truth: GraphTruth) -> None:
        """What goes wrong after a pass of this kind was right is a matter of what was kept since."""
        before = any(other == way for other, _, _ in self.passes)
        try:
            self._compare(way, answer, truth)
        except Mismatch as error:
            raise Mismatch(f"in pass {len(self.passes) + 1}: {error}", evidence=error.evidence,
                           diagnosis=[self.KEPT[way]] if before else error.diagnosis) from None  # fmt: skip
        self.passes.append((way, answer, truth))

    def _compare(self, way: str, answer: Any, truth: GraphTruth) -> None:
        (found,) = self.script.fetch(answer)
        (assert_values if way == "forward" else assert_walk)(found, truth)

    def look_again(self) -> None:
        """The answers of earlier passes must not have changed since."""
        for number, one in enumerate(self.passes, 1):
            try:
                self._compare(*one)
            except Mismatch as error:
                raise Mismatch(f"the answer of pass {number} is another one now: {error}",
                               diagnosis=["graph-answer-reused"]) from None  # fmt: skip


@item("graph_again")
def test_a_second_backward_gives_the_same_and_leaves_the_first_answer_alone(student, make):
    passes, grad_out = Again(student), {"z": make.normal(2, 3)}
    passes.forward(graph_inputs(make, 2, 3, "x"))
    passes.backward(grad_out)
    passes.backward(grad_out)
    passes.look_again()


@item("graph_again")
def test_forward_twice_and_backward_once_gives_the_gradients_of_the_second(student, make):
    passes = Again(student)
    passes.forward(graph_inputs(make, 2, 3, "x"))
    passes.forward(graph_inputs(make, 4, 3, "x"))
    passes.backward({"z": make.normal(4, 3)})
    passes.look_again()


@item("graph_again", seconds=2)
def test_a_chain_of_a_thousand_nodes(student, make):
    check_deep(student, make, 1000)


### BEGIN HIDDEN TESTS
@item("graph_again")
def test_a_second_backward_from_another_output_knows_nothing_of_the_first(student, make):
    passes = Again(student)
    passes.forward(graph_inputs(make, 3, 2, "x"))
    for name in ("z", "k", "z"):
        passes.backward({name: make.normal(3, 2)})
    passes.look_again()


@item("graph_again")
def test_forward_and_backward_by_turns(student, make):
    passes = Again(student)
    for N in (3, 1, 3):
        passes.forward(graph_inputs(make, N, 2, "x"))
        passes.backward({"z": make.normal(N, 2)})
    passes.look_again()


@item("graph_again", seconds=4)
def test_a_chain_of_two_thousand_and_one_nodes(student, make):
    check_deep(student, make, 2001)


### END HIDDEN TESTS


def check_deep(student, make, length: int) -> None:
    x, grad_out = make.normal(1, 2), make.normal(1, 2)
    s = student.script()
    try:
        value, grad, names = s.fetch(s.toolbox.graph_ops.deep(s.graph.Graph, length, x, grad_out))[0]
    except Raised as error:
        if "NoneType" in str(error) or "KeyError" in str(error):
            raise Missing("order, forward and backward are not all written yet") from None
        deep = ["graph-recursion-too-deep"] if "RecursionError" in str(error) else []
        raise Raised(str(error), diagnosis=deep) from None
    if names != length + 1:
        raise Mismatch(f"the order of {length + 1} names has {names} entries")
    assert_value(value, x * (-1) ** length, name="the last value")
    assert_grad(grad, grad_out * (-1) ** length, name="x")


# A block that skips


def check_blocks(student, make, names: list[str], source: str = "x") -> None:
    s = student.script()
    rows, returned = s.fetch(s.toolbox.graph_ops.record(s.graph.residual_block, source, names))[0]
    if any(last is None for last in returned):
        raise Missing("residual_block returns nothing yet")
    if returned != names:
        raise Mismatch(f"the last nodes are to be called {names}; returned was {returned}",
                       diagnosis=["graph-block-names"])  # fmt: skip
    added = [row[0] for row in rows]
    if len(set(added)) < len(added):
        raise Mismatch(f"names are added twice: {added}", diagnosis=["graph-block-names"])
    for name in added:
        if name not in names and not any(name.startswith(f"{block}.") for block in names):
            raise Mismatch(f"{name!r} does not begin with the block's name and a dot", diagnosis=["graph-block-names"])
    numbers = {f"{block}:{part}": make.uniform(low=0.5, high=2) for block in names
               for part in ("first", "activation", "second")}  # fmt: skip
    x = make.normal(2, 2)
    assert_block_values(rows, names, source, numbers, x)


# In the place of the three ops stand functions that do not commute: a factor, a square and a shift.
PARTS = {"first": lambda x, s: s * x, "activation": lambda x, s: (x + s) ** 2, "second": lambda x, s: x + 3 * s}


def assert_block_values(rows: list, names: list[str], source: str, numbers: dict, x: torch.Tensor) -> None:
    values = {source: x}
    try:
        order = sort([source], rows)
    except ValueError:
        raise Mismatch("the block reads names that are never added, or its nodes wait for each other",
                       diagnosis=["graph-block-wires"]) from None  # fmt: skip
    for name in order[1:]:
        kind, sources = next((row[1], row[2]) for row in rows if row[0] == name)
        inputs = [values[read] for read in sources]
        if kind in numbers and len(inputs) == 1:
            values[name] = PARTS[kind.split(":")[1]](inputs[0], numbers[kind])
        elif kind == "add":
            values[name] = sum(inputs)
        elif kind in ("multiply", "concat") and len(inputs) == 2:
            values[name] = inputs[0] * inputs[1] if kind == "multiply" else torch.cat(inputs, dim=-1)
        else:
            raise Mismatch(f"node {name!r} is a {kind.split(':')[-1]} of {len(inputs)} sources",
                           diagnosis=["graph-block-wires"])  # fmt: skip
    true = {source: x}
    for before, name in zip([source, *names], names, strict=False):
        inner = block(true[before], name, numbers)
        true[name] = true[before] + inner
        forms = {
            "graph-skip-missing": [inner],
            "graph-skip-elsewhere": [stage + inner for stage in stages(true[before], name, numbers)],
            "graph-block-not-added": [true[before] * inner, torch.cat([true[before], inner], dim=-1),
                                      torch.cat([inner, true[before]], dim=-1)],
            "graph-block-part-missing": [true[before] + part for part in stages(true[before], name, numbers)],
        }  # fmt: skip
        assert_value(values[name], true[name], name=f"block {name!r}", forms=forms, condition=8.0)


def block(x: torch.Tensor, name: str, numbers: dict) -> torch.Tensor:
    for part in ("first", "activation", "second"):
        x = PARTS[part](x, numbers[f"{name}:{part}"])
    return x


def stages(x: torch.Tensor, name: str, numbers: dict) -> list[torch.Tensor]:
    first = PARTS["first"](x, numbers[f"{name}:first"])
    return [first, PARTS["activation"](first, numbers[f"{name}:activation"])]


@item("graph_skip")
def test_one_block_adds_its_input_to_what_it_computes(student, make):
    check_blocks(student, make, ["y"])


@item("graph_skip")
def test_two_blocks_stand_one_after_the_other(student, make):
    check_blocks(student, make, ["one", "two"])


### BEGIN HIDDEN TESTS
@item("graph_skip")
def test_four_blocks_with_names_of_any_kind_begin_at_another_source(student, make):
    check_blocks(student, make, ["b", "bb", "stage.3", "out"], source="pixels")


### END HIDDEN TESTS


# ---------------------------------------------------------------- torch.autograd.Function

# `toolbox.function_runs` applies a Function in the student's process and brings back numbers: values, gradients, and
# the gradients of a random weighted sum of the gradients. They are compared here, where no code of a student's runs.
# Autograd is allowed in these tests, but not inside a Function's own rules: that is noticed over there.


TRUE = {
    "Multiply": lambda x, y: x * y,
    "Sigmoid": lambda x: torch.sigmoid(x),
    "Softmax": lambda x: torch.softmax(x, dim=-1),
    "Linear": lambda x, w, b: x @ w + b,
}


def differentiate(function, inputs: list[torch.Tensor], grad_out: torch.Tensor, weights: list[torch.Tensor]) -> dict:
    """As `toolbox.function_runs.derivatives`, for a function that autograd knows: the truth, in float64."""
    leaves = [x.detach().double().requires_grad_() for x in inputs]
    upstream = grad_out.detach().double().requires_grad_()
    value = function(*leaves)
    grads = torch.autograd.grad(value, leaves, upstream, create_graph=True, allow_unused=True)
    grads = [torch.zeros_like(x) if grad is None else grad for grad, x in zip(grads, leaves, strict=True)]
    total = sum((grad * weight.double()).sum() for grad, weight in zip(grads, weights, strict=True))
    second = [None] * (len(leaves) + 1)
    if total.requires_grad:
        second = torch.autograd.grad(total, [*leaves, upstream], allow_unused=True)
    leaves.append(upstream)
    second = [torch.zeros_like(x) if grad is None else grad for grad, x in zip(second, leaves, strict=True)]
    return {"value": value.detach(), "grads": [grad.detach() for grad in grads], "second": second}


# misconception id -> functions that a Function with this mistake is the derivative of
CHANGED = {
    "Multiply": {},
    "Sigmoid": {
        "function-forward-other": [torch.tanh, lambda x: torch.sigmoid(-x), lambda x: 1 + torch.exp(-x)],
    },
    "Softmax": {
        "softmax-wrong-axis": [lambda x: torch.softmax(x, dim=0)],
        "function-forward-other": [lambda x: torch.log_softmax(x, dim=-1), lambda x: x.exp()],
    },
    "Linear": {
        "bias-missing": [lambda x, w, b: x @ w],
        "function-forward-other": [lambda x, w, b: x @ w - b],
    },
}  # fmt: skip


def function_forms(name: str, place: int, inputs: list[torch.Tensor], grad_out: torch.Tensor) -> dict:
    """misconception id -> gradients of input `place` that it leads to."""
    x, g = [tensor.detach().double() for tensor in inputs], grad_out.double()
    if name == "Multiply":
        return {"mul-gate-not-swapped": [g * x[place]], "local-gradient-only": [x[1 - place]],
                "function-upstream-alone": [g]}  # fmt: skip
    if name == "Sigmoid":
        y = torch.sigmoid(x[0])
        return {"function-sigmoid-half": [g * y, g * (1 - y)], "local-gradient-only": [y * (1 - y)],
                "function-upstream-alone": [g], "function-saved-wrong": [g * x[0] * (1 - x[0])],
                "function-tanh-for-sigmoid": [g * (1 - y * y)]}  # fmt: skip
    if name == "Softmax" and x[0].numel() == x[0].shape[-1]:
        return {}  # in a single row too many mistakes look alike
    if name == "Softmax":
        y, h = torch.softmax(x[0], dim=-1), g * torch.softmax(x[0], dim=-1)
        keep = h.sum(dim=-1, keepdim=True)
        return {"softmax-cross-terms-missing": [h * (1 - y), h],
                "softmax-upstream-unweighted": [y * (g - g.sum(dim=-1, keepdim=True))],
                "softmax-term-unscaled": [g - y * keep, h - keep, g - keep],
                "softmax-sign-of-cross-terms": [y * (g + keep)],
                "softmax-cross-terms-averaged": [y * (g - h.mean(dim=-1, keepdim=True))],
                "function-softmax-over-all": [y * (g - h.sum())],
                "function-softmax-axis": [y * (g - h.sum(dim=0))],
                "softmax-diagonal-missing": [-y * keep],
                "function-saved-wrong": [x[0] * (g - (g * x[0]).sum(dim=-1, keepdim=True))],
                "function-upstream-alone": [g]}  # fmt: skip
    w = x[1]
    if place == 0:
        square = [g @ w] if w.shape[0] == w.shape[1] else []
        return {"factor-not-transposed": square, "function-upstream-alone": [g] if g.shape == x[0].shape else []}
    if place == 1:
        return {"local-gradient-only": [x[0].T @ torch.ones_like(g)], "function-averaged": [x[0].T @ g / len(g)]}
    return {}


def check_function(
    student, make, name: str, inputs: list[torch.Tensor], grad_out: torch.Tensor, second: bool = False,
    wanted: list[bool] | None = None, condition: float = 1.0,
) -> None:  # fmt: skip
    """Values, gradients and, where `second`, second derivatives of a Function of the student's, against the truth."""
    wanted = wanted or [True] * len(inputs)
    weights = [make.normal(*x.shape, dtype=x.dtype) * needs for x, needs in zip(inputs, wanted, strict=True)]
    with student.autograd(passes=2 if second else 1):
        s = student.script()
        runs = s.toolbox.function_runs.derivatives(getattr(s.functions, name), inputs, grad_out,
                                                   [w for w, needs in zip(weights, wanted, strict=True) if needs]
                                                   if second else None, wanted)  # fmt: skip
        (answer,) = s.fetch(runs)
    truth = differentiate(TRUE[name], inputs, grad_out, weights)
    dtype = inputs[0].dtype

    def values() -> dict[str, Any]:
        return {"forms": {mistake: [function(*[x.double() for x in inputs]) for function in functions]
                          for mistake, functions in CHANGED[name].items()}}  # fmt: skip

    def gradients(place: int) -> dict[str, Any]:
        forms = {"sign-flipped": [-truth["grads"][place]], **function_forms(name, place, inputs, grad_out)}
        if len(forms) > 1:
            forms |= {mistake: [differentiate(function, inputs, grad_out, weights)["grads"][place]
                                for function in functions] for mistake, functions in CHANGED[name].items()}  # fmt: skip
        return {"forms": forms, "upstream": grad_out if name == "Linear" and place == 2 else None}

    assert_value(answer["value"], truth["value"], name="value", inputs=dtype, clues=values, condition=condition,
                 if_not_finite="function-overflows")  # fmt: skip
    for place, got in placed(answer["grads"], wanted):
        assert_grad(got, truth["grads"][place], name=f"of argument {place}", inputs=dtype, condition=condition,
                    clues=lambda place=place: gradients(place), if_not_finite="function-overflows")  # fmt: skip
    for place, (after, before) in enumerate(zip([*answer["inputs"], answer["grad_out"]], [*inputs, grad_out],
                                                strict=True)):  # fmt: skip
        if not torch.equal(after, before):
            what = "grad_out" if place == len(inputs) else f"argument {place}"
            raise Mismatch(f"{what} was changed in place", diagnosis=["input-changed"])
    if second:
        check_second(answer["second"], truth["second"], inputs, wanted, dtype)


def placed(found: Any, wanted: list[bool]) -> list[tuple[int, Any]]:
    """(place among the inputs, gradient) of those that were asked for."""
    return list(zip([place for place, needs in enumerate(wanted) if needs], found, strict=True))


def check_second(found: Any, true: list, inputs: list, wanted: list[bool], dtype: torch.dtype) -> None:
    """The derivatives of a weighted sum of the gradients, with respect to inputs and upstream gradient."""
    names = [*[f"argument {place}" for place, needs in enumerate(wanted) if needs], "grad_out"]
    right = [*[grad for grad, needs in zip(true, wanted, strict=False) if needs], true[-1]]
    for name, got, grad in zip(names, found, right, strict=True):
        try:
            assert_grad(got, grad, name=f"of the gradients by {name}", inputs=dtype, condition=8.0)
        except Mismatch as error:
            raise Mismatch(f"differentiated twice: {error}", diagnosis=["function-not-twice"],
                           evidence=error.evidence) from None  # fmt: skip


@item("function_multiply")
def test_multiply_is_a_node_of_pytorchs_graph(student, make):
    check_function(student, make, "Multiply", [make.normal(3, 4), make.normal(3, 4)], make.normal(3, 4))


@item("function_multiply")
def test_multiply_can_be_differentiated_twice(student, make):
    check_function(student, make, "Multiply", [make.normal(3), make.normal(3)], make.normal(3), second=True)


### BEGIN HIDDEN TESTS
@item("function_multiply")
def test_multiply_in_float32_of_tensors_that_do_not_lie_in_one_piece(student, make):
    x, y = make.normal(4, 2, dtype=torch.float32).T, make.normal(1, 4, dtype=torch.float32).expand(2, 4)
    check_function(student, make, "Multiply", [x, y], make.normal(2, 1, dtype=torch.float32).expand(2, 4))


@item("function_multiply")
def test_multiply_with_zeros(student, make):
    x, y = make.normal(2, 3), make.normal(2, 3)
    x[0], y[:, 1] = 0.0, 0.0
    with verdicts_only():
        check_function(student, make, "Multiply", [x, y], make.normal(2, 3), second=True)


@item("function_multiply")
def test_multiply_where_only_one_factor_needs_a_gradient(student, make):
    for wanted in ([True, False], [False, True]):
        check_function(student, make, "Multiply", [make.normal(2, 3), make.normal(2, 3)], make.normal(2, 3),
                       second=True, wanted=wanted)  # fmt: skip


### END HIDDEN TESTS


@item("function_sigmoid")
def test_sigmoid_is_a_node_of_pytorchs_graph(student, make):
    check_function(student, make, "Sigmoid", [make.normal(3, 4, scale=2.0)], make.normal(3, 4))


@item("function_sigmoid")
def test_sigmoid_can_be_differentiated_twice(student, make):
    check_function(student, make, "Sigmoid", [make.normal(5)], make.normal(5), second=True)


### BEGIN HIDDEN TESTS
@item("function_sigmoid")
def test_sigmoid_stays_finite_far_out(student, make):
    x = torch.tensor([-1000.0, -40, 0.5, 30, 1000], dtype=torch.float64)
    check_function(student, make, "Sigmoid", [x], make.normal(5), second=True, condition=8.0)


@item("function_sigmoid")
def test_sigmoid_in_float32_of_tensors_that_do_not_lie_in_one_piece(student, make):
    x = make.normal(4, 1, 3, dtype=torch.float32).transpose(0, 2)
    check_function(student, make, "Sigmoid", [x], make.normal(1, dtype=torch.float32).expand(3, 1, 4))


### END HIDDEN TESTS


@item("function_softmax")
def test_softmax_is_a_node_of_pytorchs_graph(student, make):
    check_function(student, make, "Softmax", [make.normal(4, 3)], make.normal(4, 3))


@item("function_softmax")
def test_softmax_can_be_differentiated_twice(student, make):
    check_function(student, make, "Softmax", [make.normal(2, 5)], make.normal(2, 5), second=True)


### BEGIN HIDDEN TESTS
@item("function_softmax")
def test_softmax_stays_finite_for_scores_of_a_thousand(student, make):
    x = make.normal(3, 4) + torch.tensor([[1000.0], [0], [-1000]], dtype=torch.float64)
    check_function(student, make, "Softmax", [x], make.normal(3, 4), condition=64.0)


@item("function_softmax")
def test_softmax_of_one_row_of_a_vector_and_of_three_axes(student, make):
    for shape in ((1, 4), (4,), (2, 3, 4)):
        check_function(student, make, "Softmax", [make.normal(*shape)], make.normal(*shape), second=True)


@item("function_softmax")
def test_softmax_in_float32_of_tensors_that_do_not_lie_in_one_piece(student, make):
    x = make.normal(4, 2, dtype=torch.float32).T
    check_function(student, make, "Softmax", [x], make.normal(4, dtype=torch.float32).expand(2, 4))


### END HIDDEN TESTS


def linear_case(make, N: int, D: int, M: int, dtype=torch.float64) -> tuple[list[torch.Tensor], torch.Tensor]:
    return [make.normal(*shape, dtype=dtype) for shape in ((N, D), (D, M), (M,))], make.normal(N, M, dtype=dtype)


@item("function_linear")
def test_linear_is_a_node_of_pytorchs_graph(student, make):
    check_function(student, make, "Linear", *linear_case(make, 5, 4, 3))


@item("function_linear")
def test_linear_can_be_differentiated_twice(student, make):
    check_function(student, make, "Linear", *linear_case(make, 4, 2, 3), second=True)


### BEGIN HIDDEN TESTS
@item("function_linear")
def test_linear_of_one_row_and_where_all_sizes_agree(student, make):
    check_function(student, make, "Linear", *linear_case(make, 1, 4, 2), second=True)
    check_function(student, make, "Linear", *linear_case(make, 3, 3, 3))


@item("function_linear")
def test_linear_in_float32_of_tensors_that_do_not_lie_in_one_piece(student, make):
    x, w = make.normal(4, 3, dtype=torch.float32).T, make.normal(1, 4, dtype=torch.float32).expand(2, 4).T
    grad_out = make.normal(2, 3, dtype=torch.float32).T  # expanded, its columns would all cancel at once
    check_function(student, make, "Linear", [x, w, make.normal(2, dtype=torch.float32)], grad_out)


@item("function_linear")
def test_linear_where_only_the_parameters_or_only_the_input_need_gradients(student, make):
    for wanted in ([False, True, True], [True, False, False]):
        check_function(student, make, "Linear", *linear_case(make, 5, 4, 3), second=True, wanted=wanted)


### END HIDDEN TESTS


# The module

SIZES = (5, 4, 3)


def weights_of(make, D: int, H: int, C: int) -> dict[str, torch.Tensor]:
    return {name: make.normal(*shape)
            for name, shape in (("w1", (D, H)), ("b1", (H,)), ("w2", (H, C)), ("b2", (C,)))}  # fmt: skip


def net(x, w1, b1, w2, b2, activation=torch.sigmoid, output=TRUE["Softmax"], sign: float = 1.0):
    """The net of MLP, as PyTorch has it, and with other operations in the place of its own."""
    return output(sign * (activation(sign * (x @ w1 + b1)) @ w2 + b2))


NETS = {
    "mlp-sigmoid-missing": lambda *args: net(*args, activation=lambda a: a),
    "mlp-softmax-missing": lambda *args: net(*args, output=lambda s: s),
    "mlp-operations-ignored": net,
    "bias-missing": lambda x, w1, b1, w2, b2: net(x, w1, 0 * b1, w2, 0 * b2),
    "mlp-one-bias-missing": lambda x, w1, b1, w2, b2: net(x, w1, 0 * b1, w2, b2),
    "mlp-sigmoid-twice": lambda *args: net(*args, output=lambda s: torch.softmax(torch.sigmoid(s), dim=-1)),
    "softmax-wrong-axis": lambda *args: net(*args, output=lambda s: torch.softmax(s, dim=0)),
    "function-forward-other": lambda *args: net(*args, activation=torch.relu),
}  # fmt: skip


def check_module(student, make, N: int, operations: dict[str, str], truth) -> None:
    D, H, C = SIZES
    state, x, grad_out = weights_of(make, D, H, C), make.normal(N, D), make.normal(N, C)
    with student.autograd(passes=1):
        s = student.script()
        runs = s.toolbox.function_runs.module(s.functions.MLP, list(SIZES), state, x, grad_out, operations)
        (answer,) = s.fetch(runs)
    leaves = [x, *state.values()]
    true = differentiate(truth, leaves, grad_out, leaves)

    def clues(pick) -> dict[str, Any]:
        others = {mistake: differentiate(other, leaves, grad_out, leaves) for mistake, other in NETS.items()}
        return {"forms": {mistake: [pick(found)] for mistake, found in others.items()}}

    for what in ("value", "again"):
        assert_value(answer[what], true["value"], name="probabilities", condition=8.0,
                     clues=lambda: clues(lambda found: found["value"]))  # fmt: skip
    for place, name in enumerate(["x", *state]):
        got = answer["grad_x"] if name == "x" else answer["grads"].get(name)
        assert_grad(got, true["grads"][place], name=name, condition=8.0,
                    clues=lambda place=place: clues(lambda found: found["grads"][place]))  # fmt: skip


OWN = {"linear": "linear", "sigmoid": "sigmoid", "softmax": "softmax"}


@item("mlp_module")
def test_the_module_computes_probabilities_and_autograd_walks_back_through_it(student, make):
    check_module(student, make, 6, OWN, net)


@item("mlp_module")
def test_pytorch_finds_four_parameters_weights_of_the_right_size_and_biases_of_zero(student, make):
    D, H, C = 40, 60, 20
    with student.autograd(passes=1):
        s = student.script()
        (found,) = s.fetch(s.toolbox.function_runs.newborn(s.functions.MLP, [D, H, C]))
    for name, shape in (("w1", (D, H)), ("b1", (H,)), ("w2", (H, C)), ("b2", (C,))):
        param = as_tensor(found.get(name), name)
        if tuple(param.shape) != shape:
            found_as = ["transposed"] if len(shape) == 2 and tuple(param.shape) == shape[::-1] else []
            raise Mismatch(f"{name} has shape {tuple(param.shape)}; it must be {shape}", diagnosis=found_as)
        if name.startswith("b"):
            if param.abs().max() > 0:
                raise Mismatch(f"{name} does not begin at zero", diagnosis=["mlp-biases-not-zero"])
            continue
        ratio, mean = param.double().std().item() * shape[0] ** 0.5, param.double().mean().item() * shape[0] ** 0.5
        if not (0.8 < ratio < 1.2 and abs(mean) < 0.2):  # more than five standard errors
            raise Mismatch(f"the entries of {name} have mean {mean / shape[0] ** 0.5:.3g} and standard deviation "
                           f"{ratio / shape[0] ** 0.5:.3g}; they should have 0 and 1 / sqrt({shape[0]})",
                           diagnosis=["mlp-weights-scale"])  # fmt: skip


### BEGIN HIDDEN TESTS
@item("mlp_module")
def test_the_module_is_built_of_the_operations_that_it_is_given(student, make):
    check_module(student, make, 3, OWN | {"sigmoid": "tanh"}, lambda *args: net(*args, activation=torch.tanh))
    check_module(student, make, 3, OWN | {"softmax": "log_softmax"},
                 lambda *args: net(*args, output=lambda s: torch.log_softmax(s, dim=-1)))  # fmt: skip
    check_module(student, make, 3, OWN | {"linear": "linear_negated"}, lambda *args: net(*args, sign=-1.0))


@item("mlp_module")
def test_the_module_takes_a_batch_of_one(student, make):
    check_module(student, make, 1, OWN, net)


### END HIDDEN TESTS


# The same net by hand

WAY_BACK = ["scores", "w2", "b2", "h", "a", "w1", "b1", "x"]


def net_nodes(x, w1, b1, w2, b2) -> dict[str, torch.Tensor]:
    a = x @ w1 + b1
    h = torch.sigmoid(a)
    scores = h @ w2 + b2
    return {"a": a, "h": h, "scores": scores, "probabilities": torch.softmax(scores, dim=-1)}


def by_hand(student, x: torch.Tensor, params: dict[str, torch.Tensor], grad_out: torch.Tensor):
    """The answer of mlp_by_hand and its truth: all nodes, and their gradients."""
    answer = student.functions.mlp_by_hand(x=x, **params, grad_out=grad_out)
    leaves = {name: tensor.double().clone().requires_grad_() for name, tensor in {"x": x, **params}.items()}
    nodes = net_nodes(**leaves) | leaves
    found = torch.autograd.grad(nodes["probabilities"], [nodes[name] for name in WAY_BACK], grad_out.double())
    return answer, {name: node.detach() for name, node in nodes.items()}, dict(zip(WAY_BACK, found, strict=True))


def check_by_hand(student, make, N: int, names: list[str], dtype=torch.float64) -> None:
    """The gradients `names` of mlp_by_hand, each judged by what follows from the student's own gradient before it."""
    D, H, C = SIZES
    params = {name: w.to(dtype) for name, w in weights_of(make, D, H, C).items()}
    x, grad_out = make.normal(N, D, dtype=dtype), make.normal(N, C, dtype=dtype)
    answer, nodes, grads = by_hand(student, x, params, grad_out)
    changed = student.changed
    theirs = {key: own.double() for key, own in grads_of(answer).items() if key in grads and usable(own, grads[key])}
    given = grads | theirs  # what comes after an early mistake has names of its own, and none where it is right
    for name in names:
        right = following(name, nodes, theirs) if BEFORE.get(name) in theirs else grads[name]
        clues = {"batch": N, "forms": by_hand_forms(name, nodes, given, grad_out.double()),
                 "upstream": {"b1": given["a"], "b2": given["scores"]}.get(name)}  # fmt: skip
        if not there_is_right(answer, nodes["probabilities"], dtype):
            clues = {"batch": 1}  # the mistake is on the way there: nothing on the way back is to be blamed
        assert_grad(grad_of(answer, name), right, name=name, inputs=dtype, accept=[grads[name]], condition=8.0, **clues)
    assert_unchanged(changed)


def there_is_right(answer: Any, true: torch.Tensor, dtype: torch.dtype) -> bool:
    """Whether the probabilities are right, so that a wrong gradient is a mistake of the way back."""
    try:
        assert_value(loss_of(answer), true, inputs=dtype, condition=8.0)
    except (Mismatch, Malformed, Missing):
        return False
    return True


# the gradient one step nearer to the output, that each is made of
BEFORE = {"w2": "scores", "b2": "scores", "h": "scores", "a": "h", "w1": "a", "b1": "a", "x": "a"}


def following(name: str, nodes: dict, theirs: dict[str, torch.Tensor]) -> torch.Tensor:
    """What `name` must be if the student's own gradient one step nearer to the output is taken for granted."""
    before = BEFORE[name]
    leaf = nodes[name].clone().requires_grad_()
    given = {key: nodes[key] for key in ("x", "w1", "b1", "w2", "b2", "h", "a")} | {name: leaf}
    value = {"scores": lambda: given["h"] @ given["w2"] + given["b2"], "h": lambda: torch.sigmoid(given["a"]),
             "a": lambda: given["x"] @ given["w1"] + given["b1"]}[before]()  # fmt: skip
    return torch.autograd.grad(value, leaf, theirs[before])[0]


def by_hand_forms(name: str, nodes: dict, grads: dict, g: torch.Tensor) -> dict[str, list[torch.Tensor]]:
    y, h = nodes["probabilities"], nodes["h"]
    if name == "scores":
        forms = function_forms("Softmax", 0, [nodes["scores"]], g)
        return {mistake: values for mistake, values in forms.items() if mistake != "function-saved-wrong"}
    if name == "h":
        return {"upstream-from-wrong-node": [g @ nodes["w2"].T, y @ nodes["w2"].T]}
    if name == "a":
        return {"function-sigmoid-half": [grads["h"] * h, grads["h"] * (1 - h)], "mlp-step-skipped": [grads["h"]],
                "local-gradient-only": [h * (1 - h)],
                "function-saved-wrong": [grads["h"] * nodes["a"] * (1 - nodes["a"])],
                "function-tanh-for-sigmoid": [grads["h"] * (1 - h * h)],
                "mlp-relu-mask": [grads["h"] * (nodes["a"] > 0)]}  # fmt: skip
    if name == "w2":
        return {"mlp-wrong-input": [nodes["a"].T @ grads["scores"]], "upstream-from-wrong-node": [h.T @ g]}
    if name == "w1":
        return {"mlp-step-skipped": [nodes["x"].T @ grads["h"]]}
    if name == "b1":
        return {"mlp-step-skipped": [grads["h"].sum(dim=0)]}
    if name == "b2":
        return {"upstream-from-wrong-node": [g.sum(dim=0)]}
    return {"mlp-step-skipped": [grads["h"] @ nodes["w1"].T]}


def check_probabilities(student, make, N: int, shift: float = 0.0) -> None:
    D, H, C = SIZES
    params, x = weights_of(make, D, H, C), make.normal(N, D)
    params["b2"] = params["b2"] + shift  # the same for all classes: the probabilities do not change
    answer, nodes, _ = by_hand(student, x, params, make.normal(N, C))
    forms = {mistake: [other(x, *params.values())] for mistake, other in NETS.items()
             if mistake != "mlp-operations-ignored" and not shift}  # fmt: skip
    assert_value(loss_of(answer), nodes["probabilities"], name="probabilities", forms=forms,
                 condition=64.0 if shift else 8.0, if_not_finite="function-overflows")  # fmt: skip


@item("mlp_by_hand")
def test_the_net_by_hand_computes_the_same_probabilities(student, make):
    check_probabilities(student, make, 6)


@item("mlp_by_hand", share=2.0)
def test_the_way_back_to_the_hidden_layer_by_hand(student, make):
    check_by_hand(student, make, 6, ["scores", "w2", "b2", "h"])


@item("mlp_by_hand", share=2.0)
def test_the_way_back_from_the_hidden_layer_by_hand(student, make):
    check_by_hand(student, make, 6, ["a", "w1", "b1", "x"])


### BEGIN HIDDEN TESTS
@item("mlp_by_hand", share=2.0)
def test_the_way_back_by_hand_for_a_batch_of_one_and_for_float32(student, make):
    check_by_hand(student, make, 1, WAY_BACK)
    check_by_hand(student, make, 4, WAY_BACK, dtype=torch.float32)


@item("mlp_by_hand", share=2.0)
def test_the_net_by_hand_stays_finite_for_scores_of_a_thousand(student, make):
    check_probabilities(student, make, 5, shift=1000.0)
    check_probabilities(student, make, 5, shift=-1000.0)


### END HIDDEN TESTS
