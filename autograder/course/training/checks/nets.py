"""What whole nets must do: their scores, what they confuse, depth without activations, buffers."""

from __future__ import annotations

from typing import Any

import torch

from toolbox.checks.compare import assert_grad, assert_unchanged, assert_value, identical
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.reference.training import net_path, sequential
from toolbox.checks.suite import item
from toolbox.errors import Forbidden, Malformed, Mismatch, Missing

# Scores, and what came of them


def net_of(make, *sizes: int, dtype=torch.float64) -> dict[str, torch.Tensor]:
    params = {}
    for layer, (fan_in, fan_out) in enumerate(zip(sizes[:-1], sizes[1:], strict=True), 1):
        params[f"w{layer}"] = make.normal(fan_in, fan_out, dtype=dtype)
        params[f"b{layer}"] = make.normal(fan_out, dtype=dtype)
    return params


def changed_params(student, name: str, params: dict[str, torch.Tensor], *args: torch.Tensor) -> list[str]:
    """The names of the parameters that a function of training.py writes into."""
    s = student.script()
    held = {key: s.keep(w) for key, w in params.items()}
    getattr(s.training, name)(s.keep(held), *args)
    (after,) = s.fetch(held)
    return [key for key, w in params.items() if not torch.equal(after[key], w)]


def balance(params: dict[str, torch.Tensor], x: torch.Tensor) -> None:
    """Move the last bias, in place, so that scores of both signs come out."""
    last = params[f"b{len(params) // 2}"]
    last -= sequential({name: value.double() for name, value in params.items()})(x.double()).mean().to(last.dtype)


def check_scores(student, make, N: int, *sizes: int, dtype=torch.float64, backwards: bool = False) -> None:
    """backwards: whether the last layer stands first in the dict."""
    params, x = net_of(make, *sizes, dtype=dtype), make.normal(N, sizes[0], dtype=dtype)
    balance(params, x)
    exact = {name: value.double() for name, value in params.items()}
    true = sequential(exact)(x.double())
    params = dict(reversed(params.items())) if backwards else params
    given = student.training.scores(params=params, x=x)
    changed = student.changed + changed_params(student, "scores", params, x)
    if given is None:
        raise Missing("scores is not written yet (it returns None)")
    if changed:
        raise Mismatch(f"the call changed {', '.join(changed)} in place", diagnosis=["input-changed"])
    assert_grad(given, true, name="scores", inputs=dtype, condition=20.0)


@item("scores")
def test_the_scores_of_a_net_of_two_layers(student, make):
    check_scores(student, make, 6, 5, 4, 3)


### BEGIN HIDDEN TESTS
@item("scores")
def test_the_scores_of_a_net_of_four_layers(student, make):
    check_scores(student, make, 5, 4, 6, 3, 5, 2)
    check_scores(student, make, 9, 4, 3, 3, 3, backwards=True)


@item("scores")
def test_the_scores_of_one_layer_and_of_one_example(student, make):
    check_scores(student, make, 7, 4, 3)
    check_scores(student, make, 1, 3, 30, 2)  # so wide that units of every kind are among them


@item("scores")
def test_the_scores_of_a_net_of_eleven_layers(student, make):
    # all positive, so that no ReLU closes: behind eleven of them nothing might be left to compare
    params, x = {name: value.abs() for name, value in net_of(make, *[3] * 12).items()}, make.normal(4, 3).abs()
    by_alphabet = dict(zip(map(str, range(1, 12)), sorted(map(str, range(1, 12))), strict=True))  # 1, 10, 11, 2, ...
    shuffled = sequential({name: params[name[0] + by_alphabet[name[1:]]] for name in params})(x)
    given = student.training.scores(params=params, x=x)
    try:
        with verdicts_only():
            assert_grad(given, sequential(params)(x), name="scores", condition=20.0)
    except Mismatch as error:
        same = isinstance(given, torch.Tensor) and given.shape == shuffled.shape and torch.allclose(given, shuffled)
        if same:
            error.diagnosis = ["layers-by-alphabet"]
        raise


### END HIDDEN TESTS


def check_confusion(student, make, C: int, most: int, empty: bool = False, more: int = 0) -> Any:
    """The counts are drawn first, and the labels made of them. Returns the answer."""
    true = make.integers(0, most, (C, C))
    true[0, 1], true[1, 0] = most + 2 + more, 1  # never symmetric, always a repeated pair
    true[-1, -1] += 1  # the last class is taken for itself at least once
    if empty:
        true[-1], true[:, -1] = 0, 0  # the last one: it is the one that a count without a size forgets
    pairs = torch.cartesian_prod(torch.arange(C), torch.arange(C)).repeat_interleave(true.flatten(), dim=0)
    pairs = pairs[torch.argsort(make.uniform(len(pairs)))]
    given = student.training.confusion(y=pairs[:, 0].contiguous(), predicted=pairs[:, 1].contiguous(), C=C)
    changed = student.changed
    if given is None:
        raise Missing("confusion is not written yet (it returns None)")
    assert_grad(given, true.double(), name="counts")
    assert_unchanged(changed)
    return given


@item("confusion")
def test_the_confusion_matrix_counts_every_pair_as_often_as_it_occurs(student, make):
    check_confusion(student, make, 4, 5)


### BEGIN HIDDEN TESTS
@item("confusion")
def test_the_confusion_matrix_has_a_place_for_classes_that_never_occur(student, make):
    check_confusion(student, make, 5, 4, empty=True)


@item("confusion")
def test_the_confusion_matrix_of_ten_classes(student, make):
    check_confusion(student, make, 10, 20, more=300)
    counts = check_confusion(student, make, 20, 2)
    if isinstance(counts, torch.Tensor) and counts.dtype != torch.int64:
        raise Mismatch(f"the counts are {counts.dtype}; they should be torch.int64", diagnosis=["dtype-changed"])


### END HIDDEN TESTS


# Depth without activations


def check_collapse(student, make, *sizes: int, dtype=torch.float64, backwards: bool = False) -> None:
    """backwards: the dict has its names in that order, which says nothing of the layers."""
    params = net_of(make, *sizes, dtype=dtype)
    exact = {name: value.double() for name, value in params.items()}
    line = sequential(exact, torch.nn.Identity())
    b = line(torch.zeros(sizes[0], dtype=torch.float64))
    w = line(torch.eye(sizes[0], dtype=torch.float64)) - b
    params = dict(reversed(params.items())) if backwards else params
    answer = student.training.collapse(params=params)
    if not isinstance(answer, list) or len(answer) != 2:
        raise Malformed("return two values, w and b")
    if answer[0] is None or answer[1] is None:
        raise Missing("collapse is not written yet (w or b is None)")
    for name, found, true in (("w", answer[0], w), ("b", answer[1], b)):
        assert_grad(found, true, name=name, inputs=dtype, condition=100.0)
    assert_unchanged(changed_params(student, "collapse", params))


@item("collapse")
def test_three_layers_without_activations_are_one(student, make):
    check_collapse(student, make, 4, 6, 5, 3)


### BEGIN HIDDEN TESTS
@item("collapse")
def test_layers_of_one_size_collapse_in_their_own_order(student, make):
    check_collapse(student, make, 4, 4, 4, 4)


@item("collapse")
def test_six_layers_collapse_and_a_single_one_stays(student, make):
    check_collapse(student, make, 3, 5, 4, 2, 5, 4, 3)
    check_collapse(student, make, 4, 3)


@item("collapse")
def test_eleven_layers_collapse(student, make):
    with verdicts_only():
        check_collapse(student, make, 4, 4, 4, backwards=True)
        check_collapse(student, make, *[3] * 12)  # in the order of the alphabet w10 comes before w2


### END HIDDEN TESTS


# A step without new memory


def buffered(s, params: dict[str, torch.Tensor], batches: list, N: int, options: dict[str, float]) -> dict:
    """Steps of a BufferedNet: its losses, the caller's parameters at the end, the numbers of the batches that it wrote
    into, and the bytes of each tensor that the last step made."""
    held = {name: s.keep(w) for name, w in params.items()}
    net, losses, held_losses, changed, made = s.buffers.BufferedNet(s.keep(held), N, **options), [], [], [], []
    for number, batch in enumerate(batches):
        given = [s.keep(part) for part in batch]
        control = 1000 + number
        made_by = s.toolbox.allocations.made_by
        stepped = made_by(net.step, *given)
        (loss, made), after, (_, seen) = s.fetch(stepped, given, made_by(s.torch.empty, control))
        kept = s.operator.getitem(stepped, 0)
        if seen != [4 * control]:
            raise Forbidden("new memory was no longer counted once your code had run")
        held_losses.append(kept)
        losses.append(loss)
        if not all(torch.equal(now, then) for now, then in zip(after, batch, strict=True)):
            changed.append(number)
    if not identical(s.fetch(*held_losses), losses):
        raise Mismatch("the loss of an earlier step changes with the next one", diagnosis=["answer-reused"])
    return {"losses": losses, "params": s.fetch(held)[0], "changed": changed, "largest": max(made, default=0)}


def check_buffered(
    student, make, sizes: tuple[int, ...], D=6, H=5, C=4, dtype=torch.float64, far: bool = False, **options: float
) -> dict:
    """far: every other example of the first batch is stretched until the highest of its scores is near a thousand."""
    given = {"lr": 0.2, "rho": 0.8, "reg": 0.05} | options
    params = net_of(make, D, H, C, dtype=dtype)
    batches = [[make.normal(n, D, dtype=dtype), make.labels(n, C)] for n in sizes]
    stretch = stretched(params, batches[0][0][::2]) if far else 1.0
    s = student.script()
    found = buffered(s, params, batches, max(sizes), given)
    if found["losses"][0] is None:
        raise Missing("BufferedNet.step is not written yet (it returns None)")
    exact = {name: value.double() for name, value in params.items()}
    pairs = [(x.double(), y) for x, y in batches]
    true = net_path(exact, pairs, **given)
    if found["changed"]:
        raise Mismatch("step() wrote into the batch that it was given", diagnosis=["input-changed"])
    if all(torch.equal(found["params"][name], params[name]) for name in params):
        raise Mismatch("the parameters have not moved: change them in place", diagnosis=["update-not-in-place"])
    losses = [loss.item() if isinstance(loss, torch.Tensor) and loss.numel() == 1 else loss for loss in found["losses"]]
    wide = {"inputs": dtype, "condition": 50.0 * stretch, "if_not_finite": "softmax-unstabilised" if far else None}
    assert_value(losses, torch.tensor(true[0], dtype=torch.float64), name="losses", **wide)
    for name in params:
        assert_value(found["params"][name], true[1][name], name=f"{name} at the end", **wide)
    return found


def stretched(params: dict[str, torch.Tensor], x: torch.Tensor) -> float:
    """Stretch the rows in place, and turn w2 round where the score farthest from zero is negative; the factor."""
    scores = (x @ params["w1"]).clamp(min=0) @ params["w2"]  # beside a thousand, biases are nothing
    farthest = scores.flatten()[scores.abs().argmax()].item()
    if farthest < 0:
        params["w2"].neg_()
    x *= 1000 / abs(farthest)
    return 1000 / abs(farthest)


@item("buffered_net", says="steps in place do what autograd and torch.optim do")
def test_steps_without_new_memory_do_what_autograd_and_torch_optim_do(student, make):
    check_buffered(student, make, (7, 7, 7, 7, 7))


@item("buffered_net", says="a smaller last batch sees nothing of the batch before it")
def test_a_smaller_last_batch_meets_nothing_of_the_batch_before(student, make):
    check_buffered(student, make, (8, 8, 3))


### BEGIN HIDDEN TESTS
@item("buffered_net", says="steps in place are right through many batches of all sizes")
def test_steps_without_new_memory_through_many_batches_of_all_sizes(student, make):
    check_buffered(student, make, (6, 1, 4, 6, 2) * 6, lr=0.05)


@item("buffered_net", says="steps in place are right in float32 and without a penalty")
def test_steps_without_new_memory_in_float32_and_without_a_penalty(student, make):
    check_buffered(student, make, (5, 5, 2), dtype=torch.float32, reg=0.0, lr=0.05)


@item("buffered_net", says="steps in place are right with a large penalty and without momentum")
def test_steps_without_new_memory_with_a_large_penalty_and_no_momentum(student, make):
    check_buffered(student, make, (5, 5, 4), reg=1.5, rho=0.0, lr=0.02)


@item("buffered_net", says="a step in place is right for scores of a thousand")
def test_a_step_without_new_memory_on_scores_of_a_thousand(student, make):
    check_buffered(student, make, (6,), H=40, far=True, lr=1e-4)


### END HIDDEN TESTS


def check_memory(student, make, sizes: tuple[int, ...], D: int, H: int) -> None:
    found = check_buffered(student, make, sizes, D=D, H=H, C=5, lr=0.01)
    limit = min(sizes[-1], D) * H * 8 // 2
    if found["largest"] >= limit:
        message = f"the last step made a tensor of {found['largest']:,} bytes; every large one should be a buffer"
        raise Mismatch(message, diagnosis=["tensor-made-anew"])


@item("buffers")
def test_a_step_makes_no_large_tensor(student, make):
    check_memory(student, make, (32, 32, 32), 48, 64)


### BEGIN HIDDEN TESTS
@item("buffers")
def test_a_step_on_a_smaller_batch_makes_no_large_tensor(student, make):
    check_memory(student, make, (40, 40, 24), 36, 50)


### END HIDDEN TESTS
