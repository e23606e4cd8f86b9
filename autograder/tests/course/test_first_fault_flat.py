"""First divergence in flat code: the earliest wrong gradient is named, what follows rightly from it is not blamed."""

from __future__ import annotations

import pytest

from autograder.course.answers import Answer, Edit
from autograder.tests.naming import judged

NET = ("grad_second", "grad_first")
SEEDS = ("public", "first fault", "another")


def blamed(items, *edits, seed="first fault"):
    """gradient -> the names given to its mistake, for each gradient that a hand-in with these edits loses marks for."""
    found = {}
    for result in judged("flat", Answer("", (), edits), items, seed):
        if result.share > 0 and result.status != "passed":
            found.setdefault(result.evidence["name"].removeprefix("gradient "), set()).update(result.diagnosis)
    return found


SCORES = 'grads["scores"] = grad_shifted'
H = 'grads["h"] = grads["scores"] @ w2.T'
A = 'grads["a"] = grads["h"] * (a > 0)'

EARLY = [
    ("softmax", "    grad_shifted[rows, y] -= grad_losses\n", "", "scores", "one-hot-missing"),
    ("softmax", "torch.ones_like(losses) / N", "torch.ones_like(losses)", "scores", "batch-mean-missing"),
    ("softmax", SCORES, SCORES + " * scores.abs()", "scores", None),  # no mistake that has a name
    ("softmax", H, H.replace("= ", "= -"), "h", "sign-flipped"),
    ("softmax", A, 'grads["a"] = grads["h"].clone()', "a", "relu-mask-missing"),
    ("softmax", A, A.replace("(a > 0)", '(grads["h"] > 0)'), "a", "relu-mask-from-upstream"),
    ("hinge", '    grads["scores"][rows, y] -= grad_margins.sum(dim=1)\n', "", "scores", "hinge-correct-class-missing"),
    ("hinge", "(margins > 0)", "margins.clamp(min=0)", "scores", "hinge-margin-sizes-used"),
    ("hinge", H, H + " / N", "h", "averaged-twice"),
    ("hinge", A, A.replace("(a > 0)", "h"), "a", "relu-values-instead-of-mask"),
]


@pytest.mark.parametrize(("kind", "old", "new", "node", "name"), EARLY)
@pytest.mark.parametrize("seed", SEEDS)
def test_an_early_fault_of_a_net_is_named_where_it_is_and_nowhere_after(kind, old, new, node, name, seed):
    items = [f"net_{kind}_{part}" for part in NET]
    found = blamed(items, Edit(f"net_{kind}", old, new), seed=seed)
    assert found == {node: {name} if name else set()}


@pytest.mark.parametrize("kind", ["hinge", "softmax", "squared", "logistic"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_fault_in_the_scores_of_a_linear_model_is_not_blamed_on_w_and_b(kind, seed):
    function = "logistic" if kind == "logistic" else f"linear_{kind}"
    items = [f"{kind}_grad_{part}" for part in ("scores", "w", "b")]
    wrong = Edit(function, "torch.ones_like(losses) / N", "-torch.ones_like(losses) / N")
    assert blamed(items, wrong, seed=seed) == {"scores": {"sign-flipped"}}


FORWARD = [
    ("softmax", "h = a.clamp(min=0)", "h = a", {"loss": {"relu-missing"}}),
    ("hinge", "h = a.clamp(min=0)", "h = a", {"loss": {"relu-missing"}}),
    ("softmax", "a = x @ w1 + b1", "a = x @ w1", {"loss": {"bias-missing"}}),
    ("hinge", "scores = h @ w2 + b2", "scores = h @ w2", {"loss": {"bias-missing"}}),
    ("softmax", "losses.sum() / N", "losses.sum()", {"loss": {"batch-mean-missing"}}),
]


@pytest.mark.parametrize(("kind", "old", "new", "expected"), FORWARD)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_fault_of_the_forward_pass_is_named_at_the_loss_and_blamed_on_no_gradient(kind, old, new, expected, seed):
    items = [f"net_{kind}_{part}" for part in ("loss", *NET)]
    assert blamed(items, Edit(f"net_{kind}", old, new), seed=seed) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_without_a_relu_forwards_its_gradient_still_has_to_be_known(seed):
    edits = [Edit("net_softmax", "h = a.clamp(min=0)", "h = a"), Edit("net_softmax", A, 'grads["a"] = grads["h"] * 1')]
    items = [f"net_softmax_{part}" for part in ("loss", *NET)]
    found = blamed(items, *edits, seed=seed)
    assert found == {"loss": {"relu-missing"}, "a": {"relu-mask-missing"}}


@pytest.mark.parametrize("kind", ["hinge", "softmax", "squared", "logistic"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_bias_that_is_missing_in_the_scores_is_blamed_on_no_gradient(kind, seed):
    function = "logistic" if kind == "logistic" else f"linear_{kind}"
    items = [f"{kind}_{part}" for part in ("loss", "grad_scores", "grad_w", "grad_b")]
    wrong = Edit(function, "scores = x @ w + b", "scores = x @ w")
    assert blamed(items, wrong, seed=seed) == {"loss": {"bias-missing"}}


LATE = [
    ('grads["w2"] = h.T', 'grads["w2"] = a.T', "w2", "input-before-relu"),
    ('grads["b2"] = grads["scores"].sum', 'grads["b2"] = grads["scores"].mean', "b2", "bias-averaged"),
    (A, 'grads["a"] = grads["h"].clone()', "a", "relu-mask-missing"),
    (' + grad_w1_reg', "", "w1", "reg-missing"),
    ('grads["b1"] = grads["a"].sum(dim=0)', 'grads["b1"] = grads["a"].sum(dim=1)', "b1", "bias-wrong-axis"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "node", "name"), LATE)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_second_fault_is_named_for_what_it_is_though_its_upstream_gradient_is_wrong(old, new, node, name, seed):
    items = [f"net_softmax_{part}" for part in NET]
    early = Edit("net_softmax", SCORES, SCORES + " * (1 + scores.abs())")
    found = blamed(items, early, Edit("net_softmax", old, new), seed=seed)
    assert found == {"scores": set(), node: {name}}
