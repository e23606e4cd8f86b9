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
    """Vectors, single rows, no rows, and images of a batch."""
    for shape in ((6,), (1, 4), (0, 4), (3, 2, 4)):
        is_right_at(student, make, name, off_zero(make, *shape), named=len(shape) > 2, **options)


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


@item("linear_backward")
def test_the_linear_layer_has_a_gradient_for_its_weights(student, make):
    backward_is_right(student, make, "Linear", only="w")


@item("linear_backward")
def test_the_linear_layer_has_a_gradient_for_its_bias(student, make):
    backward_is_right(student, make, "Linear", only="b")


@item("linear_backward")
def test_the_linear_layer_returns_the_gradient_of_its_input(student, make):
    backward_is_right(student, make, "Linear", only="x")


# Activations


@item("relu_layer")
def test_the_relu_goes_forward(student, make):
    forward_is_right(student, make, "ReLU")


@item("relu_layer")
def test_the_relu_goes_back(student, make):
    backward_is_right(student, make, "ReLU")


@item("leaky_relu")
def test_the_leaky_relu_goes_forward(student, make):
    forward_is_right(student, make, "LeakyReLU", slope=0.2)


@item("leaky_relu")
def test_the_leaky_relu_goes_back(student, make):
    backward_is_right(student, make, "LeakyReLU", slope=0.2)


@item("elu")
def test_the_elu_goes_forward(student, make):
    forward_is_right(student, make, "ELU", alpha=1.7)


@item("elu")
def test_the_elu_goes_back(student, make):
    backward_is_right(student, make, "ELU", alpha=1.7)


@item("sigmoid_layer")
def test_the_sigmoid_goes_forward(student, make):
    forward_is_right(student, make, "Sigmoid")


@item("sigmoid_layer")
def test_the_sigmoid_goes_back(student, make):
    backward_is_right(student, make, "Sigmoid")


@item("tanh")
def test_the_tanh_goes_forward(student, make):
    forward_is_right(student, make, "Tanh")


@item("tanh")
def test_the_tanh_goes_back(student, make):
    backward_is_right(student, make, "Tanh")


@item("softmax_forward")
def test_the_softmax_makes_every_row_probabilities(student, make):
    forward_is_right(student, make, "Softmax")


@item("softmax_forward")
def test_the_softmax_of_scores_near_a_thousand_is_finite(student, make):
    is_right_at(student, make, "Softmax", 1000 + make.normal(N, D), "out")


@item("softmax_layer_backward")
def test_the_softmax_goes_back(student, make):
    backward_is_right(student, make, "Softmax")


# Maxout


@item("maxout_forward")
def test_the_maxout_takes_the_largest_of_its_pieces(student, make):
    forward_is_right(student, make, "Maxout")


@item("maxout_backward")
def test_the_maxout_has_a_gradient_for_its_weights(student, make):
    backward_is_right(student, make, "Maxout", only="w")


@item("maxout_backward")
def test_the_maxout_returns_the_gradient_of_its_input(student, make):
    backward_is_right(student, make, "Maxout", only="x")


# Correlation


@item("correlation_forward")
def test_the_correlation_slides_its_weights_along_every_row(student, make):
    forward_is_right(student, make, "Correlation1d")


@item("correlation_backward")
def test_the_correlation_has_a_gradient_for_its_weights(student, make):
    backward_is_right(student, make, "Correlation1d", only="w")


@item("correlation_backward")
def test_the_correlation_returns_the_gradient_of_its_input(student, make):
    backward_is_right(student, make, "Correlation1d", only="x")


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


# Batch normalisation


@item("batchnorm_forward")
def test_batchnorm_normalises_every_column_over_the_batch(student, make):
    forward_is_right(student, make, "BatchNorm")


@item("batchnorm_forward")
def test_batchnorm_adds_eps_where_it_belongs(student, make):
    forward_is_right(student, make, "BatchNorm", eps=0.5)


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


@item("batchnorm_nodes")
def test_batchnorm_node_by_node_has_gradients_for_gamma_and_beta(student, make):
    backward_is_right(student, make, "BatchNorm", only="gamma beta", method="backward_by_nodes")


@item("batchnorm_nodes", share=2.0)
def test_batchnorm_node_by_node_returns_the_gradient_of_its_input(student, make):
    backward_is_right(student, make, "BatchNorm", only="x", method="backward_by_nodes", eps=0.1)


@item("batchnorm_backward", share=2.0)
def test_batchnorm_in_one_line_returns_the_gradient_of_its_input(student, make):
    backward_is_right(student, make, "BatchNorm", only="x", eps=0.1)


@item("batchnorm_backward")
def test_batchnorm_in_one_line_has_gradients_for_gamma_and_beta(student, make):
    backward_is_right(student, make, "BatchNorm", only="gamma beta")


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
        value = lambda loss: loss(wide, y)  # noqa: E731
        assert_value(loss, value(LOSSES[kind]), inputs=scores.dtype, condition=4.0,
                     if_not_finite="softmax-unstabilised", clues=lambda: loss_clues(kind, wide, y, value))  # fmt: skip
        check_dtype(loss, scores.dtype, "loss")
    if "grad" in part:
        slope = lambda loss: pull(lambda s: loss(s, y), torch.ones(()), wide)[0]  # noqa: E731
        assert_grad(grad, slope(LOSSES[kind]), name="scores", inputs=scores.dtype, condition=4.0,
                    if_not_finite="softmax-unstabilised", clues=lambda: loss_clues(kind, wide, y, slope))  # fmt: skip
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


@item("loss_hinge")
def test_the_hinge_loss_has_its_value(student, make):
    loss_is_right(student, "hinge", "hinge", *scores_for(make, "hinge"), part="loss")


@item("loss_hinge")
def test_the_hinge_loss_has_its_gradient(student, make):
    loss_is_right(student, "hinge", "hinge", *scores_for(make, "hinge"), part="grad")


@item("loss_squared")
def test_the_squared_loss_has_its_value(student, make):
    loss_is_right(student, "squared", "squared", *scores_for(make, "squared"), part="loss")


@item("loss_squared")
def test_the_squared_loss_has_its_gradient(student, make):
    loss_is_right(student, "squared", "squared", *scores_for(make, "squared"), part="grad")


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

    def twin(self, x: torch.Tensor, *parameters: torch.Tensor, training: bool = True) -> torch.Tensor:
        parameters = iter(parameters)
        given = {place: next(parameters) for place, kind in enumerate(self.steps) if kind != "wave"}
        for place, kind in enumerate(self.steps):
            if kind == "wave":
                x = torch.sin(x) if training else x
            else:
                x = x * given[place] if kind == "scale" else x + given[place]
        return x


def check_net_out(net: Net, out: Any, training: bool = True, nested: bool = False) -> None:
    """Compare the output of a net. Mistakes are named in nets of three layers and more: less is little evidence."""
    true = net.twin(net.x, *net.parameters, training=training)
    clues = {"batch": 1} if nested or len(net.steps) < 3 or len(net.x) < 2 else {"forms": net_forms(net, training)}
    assert_value(out, true, name="out", **clues)


def net_forms(net: Net, training: bool) -> dict[str, list[torch.Tensor]]:
    given = dict(zip(net.names, net.parameters, strict=True))

    def through(x: torch.Tensor, places: list[int]) -> torch.Tensor:
        for place in places:
            value = given.get(f"{place}.s", given.get(f"{place}.t"))
            kind = net.steps[place]
            if kind == "wave":
                x = torch.sin(x) if training else x
            else:
                x = x * value if kind == "scale" else x + value
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


def net_gradients(net: Net, g: torch.Tensor, times: int = 1, nested: bool = False) -> None:
    """Forward, and back as often as wanted: gradients of the input and of all parameters."""
    net.script.fetch(net.net.forward(net.x))
    true = pull(net.twin, g, net.x, *net.parameters)
    ones = pull(net.twin, torch.ones_like(g), net.x, *net.parameters)
    for time in range(times):
        grad_x, grads = net.script.fetch(net.net.backward(g), net.net.grads)
        if grad_x is None:
            raise Missing("Sequential.backward returns nothing yet")
        few = nested or len(net.steps) < 3 or len(net.x) < 2
        forms = {"sequential-not-chained": [g], "upstream-taken-as-ones": [ones[0]]}
        assert_grad(grad_x, true[0], name="x", **({"batch": 1} if few else {"forms": forms}))
        if not isinstance(grads, dict):
            raise Malformed("grads must be a dict")
        if set(grads) != set(net.names):
            if not grads:
                raise Missing("grads of the net is empty after backward")
            raise Mismatch(f"grads has the names {', '.join(map(repr, grads))}; they should be those of params",
                           diagnosis=["sequential-names"])  # fmt: skip
        for place, name in enumerate(net.names, 1):
            forms = {"upstream-taken-as-ones": [ones[place]]}
            forms["grads-pile-up"] = [true[place] * (time + 1)] if time else []
            assert_grad(grads[name], true[place], name=name, **({"batch": 1} if few else {"forms": forms}))


@item("sequential_backward")
def test_a_net_goes_back_through_its_layers_in_reverse(student, make):
    net = Net(student, make)
    net_gradients(net, make.normal(N, D))


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


# ---------------------------------------------------------------- the graph


# ---------------------------------------------------------------- torch.autograd.Function
