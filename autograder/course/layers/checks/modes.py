"""What Dropout and BatchNorm must do, in training and at test time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from toolbox.checks.compare import as_tensor, assert_grad, assert_value
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.layer_runs import Trial, check_again, check_dtype, check_grads, check_out, layer_of
from toolbox.checks.reference.batchnorm import batchnorm_used, statistics
from toolbox.checks.rows import Story
from toolbox.checks.suite import item
from toolbox.errors import Mismatch, Missing

from .inputs import D, N
from .layer import Layer, off_zero, plain

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


@item("dropout_forward", says="dropout changes nothing at test time")
def test_dropout_leaves_everything_as_it_is_in_use(student, make):
    x = off_zero(make, N, D)
    trial = Trial(student, "Dropout", p=0.4)
    trial.mode(False)
    in_use(trial.forward(x), x, 0.4)


def in_use(out: Any, x: torch.Tensor, p: float) -> None:
    if isinstance(out, torch.Tensor) and out.shape == x.shape and 0 < (out == 0).sum() < out.numel():
        raise Mismatch("entries are dropped although `training` is False", diagnosis=["dropout-in-use"])
    assert_value(out, x, name="out", inputs=x.dtype)


### BEGIN HIDDEN TESTS
@item("dropout_forward", says="dropout draws a new mask for every batch")
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


@item("dropout_forward", says="dropout follows its mode, back and forth")
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
        layer = layer_of(script, "Dropout", p=0.5, generator=script.toolbox.small_layers.generator(make.seed % 1000))
        outs += script.fetch(layer.forward(x), layer.forward(x))
    masks = [mask_of(out, x, 0.5) for out in outs]
    if not (torch.equal(masks[0], masks[2]) and torch.equal(masks[1], masks[3])):
        raise Mismatch("the same generator does not give the same entries", diagnosis=["dropout-generator-unused"])
    if torch.equal(masks[0], masks[1]):
        raise Mismatch("two batches in training lose the same entries", diagnosis=["dropout-drawn-once"])


### END HIDDEN TESTS


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
@item("dropout_backward", says="dropout's backward pass changes nothing after a forward pass at test time")
def test_dropout_goes_back_unchanged_after_a_forward_pass_in_use(student, make):
    trial, x = Trial(student, "Dropout", p=0.4), off_zero(make, 12, 9)
    dropout_back(student, make, x, 0.4, trial=trial)
    trial.mode(False)
    g = off_zero(make, 12, 9)
    trial.forward(x)
    answer = trial.backward(g)["x"]
    if isinstance(answer, torch.Tensor) and answer.shape == g.shape and 0 < (answer == 0).sum() < g.numel():
        raise Mismatch("backward drops entries although forward dropped none", diagnosis=["dropout-in-use"])
    assert_grad(answer, g, name="x")


@item("dropout_backward")
def test_dropout_goes_back_through_its_latest_forward_pass(student, make):
    dropout_back(student, make, off_zero(make, 12, 9), 0.5, times=3)
    mode_of_now_is_nothing_to_backward(Trial(student, "Dropout", p=0.4), off_zero(make, 12, 9), off_zero(make, 12, 9))


@item("dropout_backward")
def test_what_dropout_kept_does_not_depend_on_its_value(student, make):
    """One generator draws for two batches; the second has zeros, as after a ReLU, whose outputs do not tell."""
    x, outs, answers = off_zero(make, 12, 9), [], []
    g = off_zero(make, 12, 9)
    for batch in (x, x.clamp(min=0)):
        script = student.script()
        layer = layer_of(script, "Dropout", p=0.4, generator=script.toolbox.small_layers.generator(make.seed % 1000))
        script.torch.manual_seed(make.seed % 1000)  # for those who left the generator aside: another item's mistake
        out, grad = script.fetch(layer.forward(batch), layer.backward(g))
        outs.append(out)
        answers.append(grad)
    if any(out is None for out in outs):
        raise Missing("Dropout.forward returns nothing yet")
    factors = as_tensor(outs[0], "out") / x
    if not same_numbers(as_tensor(outs[1], "out"), factors * x.clamp(min=0)):
        raise Mismatch("the same generator does not give the same entries")
    with verdicts_only():
        for grad in answers:
            assert_grad(grad, g * factors, name="x")


@item("dropout_backward")
def test_dropout_goes_back_through_tensors_in_any_form(student, make):
    dropout_back(student, make, off_zero(make, 1, 60), 0.25)  # in a short row other draws may agree by chance
    dropout_back(student, make, off_zero(make, 1, 9).repeat(12, 1), 0.25, layout="expanded")
    dropout_back(student, make, off_zero(make, 12, 9, dtype=torch.float32), 0.25, layout="columns")
    dropout_back(student, make, off_zero(make, 6, 4, dtype=torch.float32), 0.0)


### END HIDDEN TESTS


# Batch normalisation


def spread(make, shapes, sizes, change) -> list[torch.Tensor]:
    """x whose columns differ in mean and spread, gamma and beta."""
    x, *parameters = plain(make, shapes, sizes, lambda x: x)
    columns = x.shape[1]
    return [change(x * make.uniform(columns, low=0.5, high=3) + make.normal(columns, scale=2)), *parameters]


OF_ONE_SIZE = dict.fromkeys(("sizes", "sizes back"), "N and D differ already, and there is no other size")
TEST_TIME = {"test time": "it is another function then, of which nobody asks a gradient"}
CANCELS = dict.fromkeys(("far", "far back"), "what the variance of far-out numbers loses depends on the formula")
BATCHNORM = Layer("BatchNorm", "batchnorm_forward", "batchnorm_backward", options={"eps": 0.1}, default={"eps": 1e-5},
                  shapes=("D", "D"), draw=spread, fewest=1, alike="columns",
                  without=OF_ONE_SIZE | CANCELS | TEST_TIME)  # fmt: skip
NODES = replace(BATCHNORM, forward="", backward="batchnorm_nodes", method="backward_by_nodes", label="BatchNorm.nodes")
MODES = [
    BATCHNORM,
    NODES,
    Story("Dropout", "its mask is random: the checks above look at what forward dropped"),
]


### BEGIN HIDDEN TESTS
@item("batchnorm_forward")
def test_batchnorm_normalises_each_batch_by_itself(student, make):
    x, gamma, beta = BATCHNORM.inputs(make)
    trial = Trial(student, "BatchNorm", gamma, beta)
    for scale in (1, 5, 0.2):
        check_out(trial.forward(scale * x - scale), "BatchNorm", scale * x - scale, gamma, beta)


### END HIDDEN TESTS


def after_batches(student, make, batches: int, momentum: float = 0.1, rows: int = N, **options):
    """A trial of BatchNorm that has seen some batches in training, and those batches."""
    x, gamma, beta = BATCHNORM.inputs(make, N=rows)
    trial = Trial(student, "BatchNorm", gamma, beta, momentum=momentum, **options)
    seen = [x * (i + 1) - i for i in range(batches)]
    for batch in seen:
        trial.forward(batch)
    return trial, seen


def check_statistics(trial: Trial, batches: list[torch.Tensor], momentum: float) -> None:
    for of in ("mean", "var"):
        true, found = statistics(batches, momentum, of), trial.read(f"running_{of}")
        start = torch.full_like(true, of == "var")
        if isinstance(found, torch.Tensor) and torch.equal(found.double(), start):
            raise Mismatch(f"running_{of} is what it was at first", diagnosis=["batchnorm-running-not-moved"])
        assert_value(found, true, name=f"running_{of}", condition=8.0,
                     batch=1 if len(batches[-1]) == 1 else None)  # fmt: skip


@item("batchnorm_running")
def test_the_running_statistics_follow_the_batches(student, make):
    check_statistics(*after_batches(student, make, 2, momentum=0.3), 0.3)


@item("batchnorm_running", says="BatchNorm uses the running statistics at test time")
def test_batchnorm_in_use_takes_the_running_statistics(student, make):
    used(student, make, eps=0.2)


def used(student, make, **options) -> None:
    trial, seen = after_batches(student, make, 2, **options)
    before = [statistics(seen, 0.1, of) for of in ("mean", "var")]
    trial.mode(False)
    x = seen[0] + 1
    gamma, beta = trial.parameters
    twin = lambda x, gamma, beta, eps=1e-5: batchnorm_used(x, gamma, beta, *before, eps)  # noqa: E731
    out = trial.forward(x)
    check_out(out, "BatchNorm", x, gamma, beta, twin=twin, **options)
    for of, was in zip(("mean", "var"), before, strict=True):
        after = trial.read(f"running_{of}")
        if isinstance(after, torch.Tensor) and after.shape == was.shape and not torch.allclose(after, was, rtol=1e-9):
            raise Mismatch(f"running_{of} moves although `training` is False", diagnosis=["batchnorm-moves-in-use"])


### BEGIN HIDDEN TESTS
@item("batchnorm_running", says="the running statistics are finite after one row, and right after two and three")
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


@item("batchnorm_running", says="BatchNorm takes a single row at test time")
def test_batchnorm_in_use_takes_a_single_row_like_any_other(student, make):
    trial, seen = after_batches(student, make, 3)
    trial.mode(False)
    mean, var = (statistics(seen, 0.1, of) for of in ("mean", "var"))
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


### BEGIN HIDDEN TESTS
@item("batchnorm_backward", says="BatchNorm goes back after a forward pass at test time")
def test_batchnorm_goes_back_after_a_forward_pass_in_use(student, make):
    trial, seen = after_batches(student, make, 2, eps=0.1)
    mean, var = (statistics(seen, 0.1, of) for of in ("mean", "var"))
    trial.mode(False)
    x, g = seen[0], off_zero(make, N, D)
    gamma, beta = trial.parameters
    trial.forward(x)
    twin = lambda x, gamma, beta, eps: batchnorm_used(x, gamma, beta, mean, var, eps)  # noqa: E731

    check_grads(trial.backward(g), "BatchNorm", g, x, gamma, beta, twin=twin, eps=0.1)


@item("batchnorm_backward")
def test_batchnorm_goes_back_where_a_factor_is_zero(student, make):
    x, gamma, beta = BATCHNORM.inputs(make)
    gamma[1] = 0.0
    BATCHNORM.run(student, [x, gamma, beta], g=BATCHNORM.upstream(make, x, gamma, beta), named=False)


@item("batchnorm_backward")
def test_the_gradients_do_not_ask_for_the_mode_of_now(student, make):
    trial, seen = after_batches(student, make, 2, eps=0.1)
    mode_of_now_is_nothing_to_backward(trial, seen[0], off_zero(make, N, D))


### END HIDDEN TESTS
