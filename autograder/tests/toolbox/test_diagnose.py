"""The naming of mistakes: every signature is found on random data, and no right answer is accused."""

import re
from pathlib import Path

import pytest
import torch

from toolbox.checks.diagnose import diagnose
from toolbox.checks.misconceptions import CATALOGUE
from toolbox.checks.reference.losses import LOSSES
from toolbox.checks.reference.models import Truth, forward, usable

ROOT = Path(__file__).resolve().parents[3]
LIMIT = 1e-8
N, D, H, C = 9, 6, 5, 4
SEEDS = range(5)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def given(loss, seed, net=False):
    kind = {"x": normal(N, D, seed=seed), "reg": 0.3}
    kind["y"] = torch.randint(0, 2 if loss == "logistic" else C, (N,), generator=torch.Generator().manual_seed(seed))
    if loss == "logistic":
        return kind | {"w": normal(D, seed=seed + 10), "b": normal(seed=seed + 20)}
    if not net:
        return kind | {"w": normal(D, C, seed=seed + 10), "b": normal(C, seed=seed + 20)}
    kind |= {"w1": normal(D, H, seed=seed + 10), "b1": normal(H, seed=seed + 20)}
    return kind | {"w2": normal(H, C, seed=seed + 30), "b2": normal(C, seed=seed + 40)}


TRUE, DATA, PENALTY = normal(D, C), normal(D, C, seed=1), normal(D, C, seed=2)
UP = normal(N, C, seed=3)
PARTS = {"batch": N, "classes": C, "reg": 0.3, "parts": {"data": DATA, "reg": PENALTY}}


@pytest.mark.parametrize(
    ("factor", "name"),
    [(N, "batch-mean-missing"), (1 / N, "averaged-twice"), (1 / C, "averaged-over-classes"), (-1, "sign-flipped"),
     (2, "factor-two-extra"), (0.5, "factor-two-missing"), (0, "all-zeros")],
)  # fmt: skip
def test_a_wrong_scale_is_named(factor, name):
    assert diagnose(factor * TRUE, TRUE, LIMIT, batch=N, classes=C) == [name]


@pytest.mark.parametrize(
    ("data", "penalty", "names"),
    [(1, 0, ["reg-missing"]), (1, 0.5, ["reg-half"]), (1, -1, ["reg-sign"]), (1, 2, ["reg-twice"]),
     (1, 1 / N, ["reg-averaged"]), (1, 1 / 0.3, ["reg-not-weighted"]), (0, 1, ["data-part-missing"]),
     (N, 1, ["batch-mean-missing"]), (N, N, ["batch-mean-missing"]), (1 / N, 1, ["averaged-twice"]),
     (-1, 1, ["sign-flipped"]), (-1, -1, ["sign-flipped"]),
     (N, 0, ["batch-mean-missing", "reg-missing"]), (0.5, 0.5, ["factor-two-missing"])],
)  # fmt: skip
def test_wrong_parts_are_named_one_by_one(data, penalty, names):
    assert diagnose(data * DATA + penalty * PENALTY, DATA + PENALTY, LIMIT, **PARTS) == names


@pytest.mark.parametrize(
    ("got", "name"),
    [(UP.mean(0), "bias-averaged"), (UP.sum(1), "bias-wrong-axis"), (UP, "bias-not-summed"),
     (UP.sum(), "bias-summed-completely"), (UP.sum(0, keepdim=True), "kept-dimension"), (-UP.sum(0), "sign-flipped")],
)  # fmt: skip
def test_a_wrong_sum_over_the_batch_is_named(got, name):
    assert diagnose(got, UP.sum(0), LIMIT, batch=N, upstream=UP) == [name]


def test_a_transpose_is_named_by_its_values_and_otherwise_by_its_shape():
    square = normal(D, D)
    assert diagnose(square.T, square, LIMIT) == ["transposed"]
    assert diagnose(TRUE.T, TRUE, LIMIT) == ["transposed"]
    assert diagnose(normal(C, D, seed=8), TRUE, LIMIT) == ["transposed"]
    assert diagnose(normal(D, D, seed=8), square, LIMIT) == []


def test_a_loss_per_row_is_named():
    rows = normal(N)
    assert diagnose(rows, rows.mean(), LIMIT) == ["not-reduced"]
    assert diagnose(rows, rows.mean() + 1, LIMIT) == []


def test_an_unknown_mistake_stays_unknown():
    for seed in range(50):
        assert diagnose(normal(D, C, seed=100 + seed), DATA + PENALTY, LIMIT, **PARTS) == []
        assert diagnose((DATA + PENALTY) * (1.1 + seed / 100), DATA + PENALTY, LIMIT, **PARTS) == []


def test_a_batch_of_one_accuses_no_one():
    assert diagnose(-TRUE, TRUE, LIMIT, batch=1) == []


def test_nan_and_emptiness_are_not_diagnosed():
    assert diagnose(TRUE * torch.nan, TRUE, LIMIT, batch=N) == []
    assert diagnose(TRUE[:0], TRUE, LIMIT, batch=N) == []


def test_a_form_that_is_the_truth_accuses_no_one():
    assert diagnose(TRUE, TRUE, LIMIT, forms={"log-base": [TRUE.clone()]}, batch=N) == []


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("seed", SEEDS)
def test_no_right_answer_is_accused(loss, seed):
    truth = Truth(loss, given(loss, seed))
    for node in truth.grads:
        right = truth.grads[node] * (1 + 1e-12)
        assert diagnose(right, truth.grads[node], LIMIT, **truth.clues(node)) == []
    assert diagnose(truth.loss * (1 + 1e-12), truth.loss, LIMIT, **truth.clues("loss")) == []


def test_the_references_agree_with_pytorch():
    s, y = normal(N, C), torch.arange(N) % C
    torch.testing.assert_close(LOSSES["hinge"](s, y), C * torch.nn.functional.multi_margin_loss(s, y))
    torch.testing.assert_close(
        LOSSES["squared"](s, y), C * torch.nn.functional.mse_loss(s, torch.eye(C, dtype=s.dtype)[y])
    )


def test_a_truth_is_worked_out_once_for_the_same_arguments_and_anew_for_others():
    arguments = given("softmax", 3)
    truth, again = Truth("softmax", arguments), Truth("softmax", given("softmax", 3))
    assert again.grads["w"] is truth.grads["w"]
    others = [
        Truth("squared", arguments),
        Truth("softmax", arguments | {"reg": 0.4}),
        Truth("softmax", arguments | {"x": arguments["x"].float()}),
        Truth("softmax", arguments | {"w": arguments["w"] + 1}),
    ]
    assert all(not torch.equal(other.grads["w"], truth.grads["w"]) for other in others)
    arguments["x"][0] += 1  # a test may change what it gave
    assert not torch.equal(Truth("softmax", arguments).grads["w"], truth.grads["w"])


def test_truths_are_not_remembered_for_ever(monkeypatch):
    monkeypatch.setattr(Truth, "KEPT", 3)
    monkeypatch.setattr(Truth, "_known", type(Truth._known)())
    for seed in range(9):
        Truth("softmax", given("softmax", seed))
    assert len(Truth._known) == 3


def test_gradients_follow_from_a_students_own_upstream_gradient():
    truth = Truth("softmax", given("softmax", 0, net=True))
    theirs = {"scores": truth.grads["scores"] * 3, "a": truth.grads["a"] + 0.01}
    nodes = forward(truth.x, {name: truth.nodes[name].detach() for name in ("w1", "b1", "w2", "b2")})
    (w2,) = truth.follows("w2", theirs)
    torch.testing.assert_close(w2, nodes["h"].T @ theirs["scores"] + 0.6 * truth.nodes["w2"].detach())
    (w1,) = truth.follows("w1", theirs)
    torch.testing.assert_close(w1, truth.x.T @ theirs["a"] + 0.6 * truth.nodes["w1"].detach())
    assert truth.follows("scores", theirs) == truth.follows("b1", {}) == []


@pytest.mark.parametrize(
    "theirs",
    [None, 3.0, torch.zeros(N, C), torch.ones(N, C), torch.ones(N, 1) * torch.arange(C), UP[:, :2], UP * torch.nan,
     UP * 1e5, UP * 1e-5, (UP * 10).long()],
    ids=["none", "a number", "zeros", "ones", "one row repeated", "shape", "nan", "huge", "tiny", "whole numbers"],
)  # fmt: skip
def test_a_lazy_or_broken_upstream_gradient_is_not_followed(theirs):
    assert not usable(theirs, UP)
    assert usable(UP * 7, UP)


def test_every_misconception_has_a_hint_and_a_section_of_the_notebook():
    headings = {
        path.stem: {" ".join(line.split()) for line in re.findall(r"^# #+ (.*)$", path.read_text(), re.MULTILINE)}
        for path in (ROOT / "solutions").glob("*.py")
    }
    for entry in CATALOGUE.values():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", entry.id) and entry.name and entry.hint
        assert " ".join(entry.section.split()) in headings[entry.notebook], entry
        assert entry.reread == f"{entry.section} (notebook {entry.notebook})"


def test_no_hint_gives_a_backward_line_away():
    solution = (ROOT / "solutions" / "backprop" / "flat.py").read_text()
    lines = {line.strip() for line in solution.splitlines() if "grad" in line and "=" in line}
    for entry in CATALOGUE.values():
        assert not re.search(r"grads\[|grad_\w+ =|\.T\b|@", entry.hint), entry
        assert not any(line in entry.hint for line in lines)


def test_of_two_candidates_that_fit_the_nearer_is_named_and_of_equals_the_first():
    true, meant = torch.tensor(5.0), torch.tensor(3.0)
    forms = {"log-base": [meant + 1e-5], "reg-on-bias": [meant], "one-hot-missing": [meant]}
    assert diagnose(meant, true, 1e-4, forms=forms) == ["reg-on-bias"]


NUMBER = r"[−-]?\d+(?:\.\d+)?"
SUM = rf"\(?{NUMBER}(?:\)?\s*(?:[·/+^−-])\s*\(?{NUMBER})*\)?"


def arithmetic(text: str) -> float:
    """The value of a sum as it is printed: 3 · (2 − 0.5)."""
    return eval(text.replace("·", "*").replace("−", "-").replace("^", "**"), {"__builtins__": {}})  # our own numbers


def claims(text: str) -> list[tuple[str, str, str]]:
    """(sum, = or ≈, number) of every equation between numbers alone."""
    found = re.findall(rf"(?<![\w.)·/+^=≈−-])(?<![·/+^−-] )({SUM}) ([=≈]) ({NUMBER})(?![\w.]*\d|[·/^]| [·/+^−-])", text)
    return [row for row in found if row[0].count("(") == row[0].count(")")]


def test_every_misconception_is_made_small_and_the_worked_numbers_are_true():
    for entry in CATALOGUE.values():
        assert re.search(r"\d", entry.worked), f"{entry.id} has no worked number"
        assert len(entry.worked) <= 300, entry.id
        assert not re.search(r"grads\[|grad_\w+ =|\.T\b|@", entry.worked), entry
        for left, sign, right in claims(entry.worked):
            digits = len(right.partition(".")[2])
            exact = arithmetic(left), arithmetic(right)
            slack = 0.51 * 10**-digits if sign == "≈" else 1e-9
            assert abs(exact[0] - exact[1]) <= slack, f"{entry.id}: {left} {sign} {right}"


def test_a_false_worked_number_would_be_noticed():
    assert claims("the mean is (2 + 4) / 2 = 3, and 2 · 3 = 6; f(2) = 4, x = 3, exp(1) ≈ 2.72, 1/3 ≈ 0.33") == [
        ("(2 + 4) / 2", "=", "3"), ("2 · 3", "=", "6"), ("1/3", "≈", "0.33"),
    ]  # fmt: skip
    assert arithmetic("3 · (2 − 0.5)") == 4.5 and arithmetic("2^3") == 8
