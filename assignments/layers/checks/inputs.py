"""Inputs for layers, and the properties that checks of several layers ask for."""

from __future__ import annotations

import torch

from toolbox.checks.compare import assert_between
from toolbox.checks.layer_mistakes import backward_forms
from toolbox.checks.layer_runs import Trial, check_again, check_grads, check_out
from toolbox.checks.reference.layer import TWINS, pieces
from toolbox.checks.reference.tensor import pull
from toolbox.errors import Mismatch, Missing

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
