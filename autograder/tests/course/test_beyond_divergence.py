"""`beyond`: of a chain of values the earliest wrong one is named, and what follows from it is not blamed."""

import pytest

from autograder.course import rooms
from autograder.course.answers import Answer, Edit
from autograder.tests.naming import judged

BEYOND = rooms.load("beyond")


def failed(items, *edits, seed="x", **notebook):
    """The tests that fail, with one answer made of the edits, as (item, name of the value, first diagnosis, test).

    The rules of the house are left out: only a right answer keeps them.
    """
    answer = Answer("early", (), tuple(Edit(*edit) for edit in edits), notebook=notebook)
    return [
        (test.item, (test.evidence or {}).get("name"), (test.diagnosis or [None])[0], test.name)
        for test in judged("beyond", answer, items, seed) if test.status != "passed" and "/" not in test.name
    ]  # fmt: skip


ROP = ["rop_forward", "rop_softmax", "rop_backward"]
CURVATURE = ("rop_backward", "- 2 * grad_h * h * r_h", "+ 2 * grad_h * h * r_h")
SLOPE = ("rop_forward", "r_h = r_a * (1 - h * h)", "r_h = r_a")
BIAS = ("rop_forward", "r_a = x @ v_w1 + v_b1", "r_a = x @ v_w1")


@pytest.mark.parametrize(("edit", "mistake"), [(SLOPE, "rop-slope-missing"), (BIAS, "rop-direction-missing")])
@pytest.mark.parametrize("seed", ["x", "y", "z"])
def test_a_wrong_speed_of_the_hidden_layer_is_named_and_the_scores_that_follow_from_it_are_not(edit, mistake, seed):
    found = failed(ROP, edit, seed=seed)
    assert {(item, value, name) for item, value, name, _ in found} == {("rop_forward", "r_h", mistake)}
    assert all("hidden_layer" in test for *_, test in found) and len(found) == 2


@pytest.mark.parametrize(
    ("edit", "mistake"),
    [(CURVATURE, "rop-curvature-sign"),
     (("rop_backward", "r_grad_scores @ w2.T + grad_scores @ v_w2.T", "r_grad_scores @ w2.T"), "rop-w-stands-still"),
     (("rop_backward", "    grad_h = grad_scores @ w2.T\n", "    grad_h = 0 * h\n"), "rop-slope-stands-still")],
)  # fmt: skip
@pytest.mark.parametrize("seed", ["x", "y", "z"])
def test_a_wrong_speed_on_the_way_back_is_named_in_the_first_layers_weights_and_the_bias_is_not_blamed(
    edit, mistake, seed
):
    found = failed(ROP, edit, seed=seed)
    assert {(item, value) for item, value, *_ in found} == {("rop_backward", "H v for w1")}
    assert {name for *_, name, test in found if "one_example" not in test} == {mistake}


def test_two_early_faults_are_named_each_at_its_own_place():
    found = failed(ROP, SLOPE, CURVATURE)
    assert {(item, value) for item, value, *_ in found} == {("rop_forward", "r_h"), ("rop_backward", "H v for w1")}
    assert {name for *_, name, _ in found} - {None} == {"rop-slope-missing", "rop-curvature-sign"}


@pytest.mark.parametrize(
    ("item", "edit", "value", "mistake"),
    [("gradient_penalty", ("gradient_penalty", ".sum(dim=1).mean()", ".sum()"), "penalty",
      "penalty-summed-over-batch"),
     ("dual_functions", ("Dual.exp", "Dual(e, e * self.tangent)", "Dual(e * self.tangent, e)"),
      "value of a.exp()", "dual-tangent-for-value"),
     ("as_equilibrium", ("as_equilibrium", "    b = torch.cat(list(biases))",
                         "    w, b = w.T, torch.cat(list(biases)[::-1])"), "w", "blocks-below-the-diagonal")],
)  # fmt: skip
def test_of_the_parts_of_an_answer_the_first_wrong_one_is_named(item, edit, value, mistake):
    found = [row for row in failed([item], edit) if row[2]]
    assert found and {row[:3] for row in found} == {(item, value, mistake)}


def test_a_length_that_is_wrong_is_not_blamed_on_the_vector():
    edit = ("power_iteration", "            return value, v\n", "            return value**2, 2 * v\n")
    messages = {name for *_, name, _ in failed(["power_iteration"], edit)}
    assert "power-squared" in messages and "power-length" not in messages


def predicted(**changes):
    return {"predicted": BEYOND.notebook["predicted"] | changes}


def test_a_wrong_predicted_sum_is_named_and_the_product_that_follows_from_it_is_not():
    found = failed(["by_hand"], **predicted(q=-7, dq=-1, f=28, df=-3))
    assert [row[:2] for row in found] == [("by_hand", "q")]
    found = failed(["by_hand"], **predicted(dq=6, df=-21))
    assert [row[:3] for row in found] == [("by_hand", "dq", "dual-tangents-only")]


@pytest.mark.parametrize("changes", [{"q": -7}, {"dq": -1}, {"q": -7, "dq": -1}, {"q": "three"}, {"dq": None}])
def test_a_predicted_product_that_follows_from_nothing_is_wrong_all_the_same(changes):
    found = failed(["by_hand"], **predicted(**changes, f=11, df=4))
    assert [value for _, value, *_ in found][-1] == "f"
    found = failed(["by_hand"], **predicted(**changes))  # right in itself: that costs nothing more
    assert len(found) == 1
