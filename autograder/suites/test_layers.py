"""What `layers` must do: every item of the assignment, in public tests and in hidden ones.

Layers are compared with PyTorch's, in float64, their gradients with autograd's (`toolbox.layer_truths`). Each lives in
the student's process; `toolbox.layer_runs` runs it there and sees whether it changed a tensor that is not its own. N,
D, M and K differ, upstream gradients are random and of both signs, inputs stay away from kinks. What random entries a
Dropout drops is read off its output. A Sequential is made of layers that are given: their faults are not the net's.
"""
# ruff: noqa: F811 (a test takes the fixtures that it imports as its arguments)

from __future__ import annotations

from typing import Any

import torch

from toolbox.batchnorm_truths import batchnorm_used, statistics
from toolbox.compare import as_tensor, assert_grad, assert_unchanged, assert_value
from toolbox.errors import Malformed, Mismatch, Missing
from toolbox.layer_mistakes import backward_forms
from toolbox.layer_runs import Trial, check_again, check_dtype, check_grads, check_out, lay_out, layer_of, stored
from toolbox.layer_truths import TWINS, pieces
from toolbox.references import LOSSES, MISTAKES
from toolbox.suite import item, make, student  # noqa: F401
from toolbox.tensor_truths import pull

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


def same(x: torch.Tensor, name: str) -> torch.Tensor:
    """All rows made equal; for BatchNorm, which makes nothing of equal rows, all columns."""
    return (x[:, :1] if name == "BatchNorm" else x[:1]).expand_as(x).contiguous()


def upstream(make, name: str, *tensors: torch.Tensor, equal: bool = False, **options: float) -> torch.Tensor:
    """A gradient of both signs for the output of the layer."""
    g = off_zero(make, *TWINS[name](*tensors, **options).shape)
    return (same(g, name) if equal else g).to(tensors[0].dtype)


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


def is_right_at(student, make, name: str, x: torch.Tensor, parts: str = "out grads", **options):
    """One pass forward, and back where wanted."""
    g = off_zero(make, *x.shape, dtype=x.dtype)
    trial = Trial(student, name, **options)
    out = trial.forward(x)
    if "out" in parts:
        check_out(out, name, x, **options)
    if "grads" in parts:
        check_grads(trial.backward(g), name, g, x, **options)


def extremes_are_right(student, make, name: str, **options):
    """Values and slopes far from 0."""
    for dtype in (torch.float64, torch.float32):
        is_right_at(student, make, name, extremes(name, dtype), **options)


def any_shape_is_right(student, make, name: str, **options):
    """Vectors, single rows, no rows, and images of a batch."""
    for shape in ((6,), (1, 4), (0, 4), (3, 2, 4)):
        is_right_at(student, make, name, off_zero(make, *shape), **options)


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
def test_the_maxout_is_right_where_all_sizes_agree_and_all_its_values_are_negative(student, make):
    x, w, b = far_apart(make, 3, 3, 3, 3)
    b = b - 20
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
    close = 1e-5 if x.dtype == torch.float32 else 1e-9
    known = {"dropout-unscaled": 1, "dropout-scaled-wrongly": 1 - p, "dropout-p-kept": 1 / p if p else 1}
    for what, factor in {"": 1 / (1 - p), **known, "dropout-scaled-by-p": p}.items():
        if ((factors - factor).abs()[mask] < close).all():
            if what and mask.any():
                raise Mismatch(
                    f"what is kept is multiplied by {factor:.4g}", diagnosis=[what.replace("-by-p", "-wrongly")]
                )
            return mask
    raise Mismatch("every entry must be 0 or x / (1 - p)")


def check_share(mask: torch.Tensor, p: float) -> None:
    """As many are dropped as p says, in every row and column alike. Allows six standard deviations."""
    n = mask.numel()
    share, off = 1 - mask.double().mean().item(), 6 * (p * (1 - p) / n) ** 0.5
    if abs(share - p) > off:
        found = ["dropout-p-kept"] if abs(share - (1 - p)) <= off else []
        raise Mismatch(f"{share:.1%} of the entries are dropped, p is {p:.1%}", diagnosis=found)
    for axis in (0, 1):
        shares = mask.double().mean(dim=axis)
        if (
            len(shares) > 1
            and mask.shape[axis] > 1
            and (shares - (1 - p)).abs().max() > 7 * (p * (1 - p) / mask.shape[axis]) ** 0.5
        ):
            raise Mismatch("the entries are not dropped one by one: whole rows or columns go together",
                           diagnosis=["dropout-not-each-entry"])  # fmt: skip
    if len(mask) > 1 and (mask == mask[0]).all():
        raise Mismatch("all rows drop the same entries", diagnosis=["dropout-not-each-entry"])


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
    x = off_zero(make, 20, 30)
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
        assert_value(Trial(student, "Dropout", p=0.0).forward(x), x, name="out")
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
        check_dtype(answer, x.dtype, "gradient x")
        if ((answer == 0) != (g * factors == 0)).any() and not torch.equal(mask, torch.ones_like(mask)):
            zero = (answer == 0).double().mean().item()
            if (
                0 < zero < 1
                and len(x) > 1
                and not any(torch.allclose(answer, f.to(answer)) for v in forms.values() for f in v)
            ):
                raise Mismatch("backward drops other entries than forward did", diagnosis=["dropout-drawn-again"])
    assert_grad(answer, g * factors, name="x", inputs=x.dtype, forms=forms, batch=min(len(x), 2))
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


@item("dropout_backward")
def test_dropout_goes_back_through_tensors_in_any_form(student, make):
    dropout_back(student, make, off_zero(make, 1, 9), 0.25)
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
        clues = {"forms": forms} if len(batches[-1]) > 1 else {"batch": 1}
        assert_value(trial.read(f"running_{of}"), true, name=f"running_{of}", condition=8.0, **clues)


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
def test_the_running_statistics_after_a_single_row_are_finite(student, make):
    check_statistics(*after_batches(student, make, 1, rows=1), 0.1)


@item("batchnorm_running")
def test_the_running_statistics_start_at_zero_and_one_and_follow_many_batches(student, make):
    trial, _ = after_batches(student, make, 0)
    for of, start in (("mean", 0.0), ("var", 1.0)):
        assert_value(trial.read(f"running_{of}"), torch.full((D,), start).double(), name=f"running_{of} at first")
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
        return {
            "batchnorm-batch-in-use": [pull(lambda *a: TWINS["BatchNorm"](*a, 0.1), g, x, gamma, beta)[place],
                                       pull(lambda *a: (TWINS["BatchNorm"](*a, 0.1)), g, seen[-1], gamma, beta)[place]],
            "batchnorm-gamma-not-passed": [pull(lambda *a: twin(*a, 0.1), g, x, gamma / gamma, beta)[place]],
            "batchnorm-not-rescaled": [pull(lambda *a: batchnorm_used(*a, *start, 0.0), g, x, gamma, beta)[place]],
        }  # fmt: skip

    check_grads(trial.backward(g), "BatchNorm", g, x, gamma, beta, twin=twin, forms=forms, eps=0.1)


@item("batchnorm_backward")
def test_batchnorm_in_one_line_goes_back_through_its_latest_forward_pass(student, make):
    backward_follows_the_latest_forward(student, make, "BatchNorm")


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
    if "loss" in part:
        check_dtype(loss, scores.dtype, "loss")
        value = lambda loss: loss(wide, y)  # noqa: E731
        assert_value(loss, value(LOSSES[kind]), inputs=scores.dtype, condition=4.0,
                     if_not_finite="softmax-unstabilised", clues=lambda: loss_clues(kind, wide, y, value))  # fmt: skip
    if "grad" in part:
        if isinstance(grad, torch.Tensor) and grad.shape == scores.shape:
            check_dtype(grad, scores.dtype, "gradient scores")
        slope = lambda loss: pull(lambda s: loss(s, y), torch.ones(()), wide)[0]  # noqa: E731
        assert_grad(grad, slope(LOSSES[kind]), name="scores", inputs=scores.dtype, condition=4.0,
                    if_not_finite="softmax-unstabilised", clues=lambda: loss_clues(kind, wide, y, slope))  # fmt: skip


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
    kept = {name: script.toolbox.planted.keep(value) for name, value in params.items()}
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
    kinds = [v.double() for name, v in params.items() if name.endswith("w") or name.startswith("w")]
    forms = {
        "reg-on-bias": [true + reg * sum(b.square().sum() for b in group) for group in
                        (others, [v.double() for name, v in params.items() if name.rpartition(".")[2] == "b"],
                         [v.double() for name, v in params.items() if name.rpartition(".")[2] in ("gamma", "beta")],
                         [v.double() for name, v in params.items() if name.rpartition(".")[2] == "gamma"],
                         [v for v in kinds if not any(v is w for w in weights.values())]) if group],
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
    check_dtype(penalty, next(iter(params.values())).dtype, "penalty")
    forms = {name: [torch.as_tensor(v) for v in values] for name, values in forms.items()}
    assert_value(penalty, true, name="penalty", inputs=next(iter(params.values())).dtype, condition=4.0, forms=forms)
    check_penalty_grads(grads, params, weights, reg)


def check_penalty_grads(grads: dict[str, Any], params: dict, weights: dict, reg: float) -> None:
    if extra := [name for name in grads if name not in weights]:
        raise Mismatch(f"grads has an entry for {', '.join(map(str, extra))}", diagnosis=["reg-on-bias"])
    for name, w in weights.items():
        if grads.get(name) is None:
            found = ["reg-one-layer"] if len(grads) else []
            raise Mismatch(f"grads has no entry for {name}", diagnosis=found)
        check_dtype(grads[name], params[name].dtype, f"gradient {name}")
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
            self.kept.append(self.script.toolbox.planted.keep(value))
            layers.append(getattr(given_layers, kind.capitalize())(self.kept[-1]))
        self.layers = layers
        self.net = self.script.layers.Sequential(*layers)

    def twin(self, x: torch.Tensor, *parameters: torch.Tensor, training: bool = True, order: int = 1) -> torch.Tensor:
        parameters, given = iter(parameters), {}
        given = {place: next(parameters) for place, kind in enumerate(self.steps) if kind != "wave"}
        for place, kind in list(enumerate(self.steps))[::order]:
            if kind == "wave":
                x = torch.sin(x) if training else x
            else:
                x = x * given[place] if kind == "scale" else x + given[place]
        return x


def check_net_out(net: Net, out: Any, training: bool = True) -> None:
    true = net.twin(net.x, *net.parameters, training=training)
    first = Net.twin(net, net.x, *net.parameters, training=training, order=-1)
    shown = net.x
    forms = {"sequential-order": [first], "sequential-not-chained": [shown]}
    stages, x = [], net.x
    given = dict(zip(net.names, net.parameters, strict=True))
    for place, kind in enumerate(net.steps):
        value = given.get(f"{place}.s", given.get(f"{place}.t", net.x))
        step = {"wave": torch.sin if training else torch.clone, "scale": value.__mul__, "shift": value.__add__}[kind]
        x, single = step(x), step(net.x)
        stages += [x, single]
    forms["sequential-layer-skipped"] = stages[:-2] if len(net.steps) > 1 else []
    forms["sequential-not-chained"] += stages[1::2]
    assert_value(out, true, name="out", forms=forms)


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
    check_net_out(net, out)
    check_net_out(net, again)


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
def test_nets_do_not_share_their_parameters(student, make):
    first = Net(student, make)
    other = first.script.layers.Sequential(first.script.toolbox.given_layers.Shift(make.normal(D)))
    names = first.script.fetch(other.params, first.net.params)
    check_names(names[1], first, "params")
    if not isinstance(names[0], dict) or set(names[0]) != {"0.t"}:
        raise Mismatch("a second net has parameters of the first one", diagnosis=["sequential-names"])


### END HIDDEN TESTS


def net_gradients(net: Net, g: torch.Tensor, times: int = 1) -> None:
    """Forward, and back as often as wanted: gradients of the input and of all parameters."""
    net.script.fetch(net.net.forward(net.x))
    true = pull(net.twin, g, net.x, *net.parameters)
    local = {
        "sequential-not-chained": [],
        "upstream-taken-as-ones": [pull(net.twin, torch.ones_like(g), net.x, *net.parameters)],
    }
    local["sequential-not-chained"].append([g] + [g.sum(dim=0)] * len(net.parameters))
    for time in range(times):
        grad_x, grads = net.script.fetch(net.net.backward(g), net.net.grads)
        if grad_x is None:
            raise Missing("Sequential.backward returns nothing yet")
        forms = {name: [values[0] for values in sets] for name, sets in local.items()}
        assert_grad(grad_x, true[0], name="x", forms=forms)
        if not isinstance(grads, dict):
            raise Malformed("grads must be a dict")
        if set(grads) != set(net.names):
            if not grads:
                raise Missing("grads of the net is empty after backward")
            raise Mismatch(f"grads has the names {', '.join(map(repr, grads))}; they should be those of params",
                           diagnosis=["sequential-names"])  # fmt: skip
        for place, name in enumerate(net.names, 1):
            forms = {key: [values[place] for values in sets] for key, sets in local.items()}
            forms["grads-pile-up"] = [true[place] * (time + 1)] if time else []
            assert_grad(grads[name], true[place], name=name, forms=forms)


@item("sequential_backward")
def test_a_net_goes_back_through_its_layers_in_reverse(student, make):
    net = Net(student, make)
    net_gradients(net, make.normal(N, D))


### BEGIN HIDDEN TESTS
@item("sequential_backward")
def test_a_net_goes_back_again_and_again(student, make):
    net = Net(student, make, rows=2)
    net_gradients(net, make.normal(2, D), times=2)
    net_gradients(net, make.normal(2, D), times=1)


@item("sequential_backward")
def test_a_net_in_a_net_goes_back_like_one(student, make):
    net = Net(student, make, parts="wave shift scale wave")
    Sequential = net.script.layers.Sequential
    net.net = Sequential(net.layers[0], Sequential(*net.layers[1:]))
    net.names = ["1.0.t", "1.1.s"]
    net_gradients(net, make.normal(N, D))


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
    check_net_out(net, out, training)


@item("sequential_modes")
def test_eval_reaches_every_layer_of_a_net(student, make):
    net = Net(student, make)
    net.script.fetch(net.net.eval())
    check_modes(net, [net.net, *net.layers], False)


### BEGIN HIDDEN TESTS
@item("sequential_modes")
def test_train_and_eval_take_turns(student, make):
    net = Net(student, make, parts="wave scale wave")
    for training in (False, True, False, True):
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

# ---------------------------------------------------------------- the graph


# ---------------------------------------------------------------- torch.autograd.Function
