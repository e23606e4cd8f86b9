"""The first wrong number is named, and what follows rightly from it is not blamed: `scalar`."""

from __future__ import annotations

import math

import pytest

from autograder.course import rooms
from autograder.course.answers import Answer, Edit
from autograder.tests.naming import judged

SCALAR = rooms.load("scalar")
NODES = ("c", "b", "a", "x")


def failed(item, *edits, **notebook):
    """(name, message, diagnosis) of each failed test that bears marks."""
    results = judged("scalar", Answer("early", (item,), edits, notebook=notebook), [item], "early")
    return [(r.name, r.message, r.diagnosis) for r in results if r.status != "passed" and r.share]


LINES = {
    "c": ('grads["c"] = grad_out * -1 / c**2', 'grads["c"] = grad_out / c**2', "reciprocal-sign"),
    "b": ('grads["b"] = grads["c"]', 'grads["b"] = grads["c"] * b', "add-gate-swapped"),
    "a": ('grads["a"] = grads["b"] * b', 'grads["a"] = grads["b"] * a', "exp-of-input"),
    "x": ('grads["x"] = -grads["a"]', 'grads["x"] = grads["a"]', "chain-step-skipped"),
}


@pytest.mark.parametrize("node", NODES)
def test_one_wrong_node_of_the_sigmoid_is_named_and_the_nodes_behind_it_are_not(node):
    old, new, name = LINES[node]
    found = failed("sigmoid_parts", Edit("sigmoid_by_parts", old, new))
    assert found and all(diagnosis == [name] for *_, diagnosis in found)
    assert all(message.startswith(f"gradient {node} is wrong") for _, message, _ in found)


@pytest.mark.parametrize(("early", "late"), [("c", "a"), ("c", "x"), ("b", "a"), ("a", "x")])
def test_of_two_wrong_nodes_the_earlier_is_named(early, late):
    edits = [Edit("sigmoid_by_parts", *LINES[node][:2]) for node in (early, late)]
    found = failed("sigmoid_parts", *edits)
    assert found and all(diagnosis == [LINES[early][2]] for *_, diagnosis in found)


@pytest.mark.parametrize(("early", "late"), [("c", "a"), ("b", "x")])
def test_the_later_of_two_wrong_nodes_is_named_once_the_earlier_is_repaired(early, late):
    found = failed("sigmoid_parts", Edit("sigmoid_by_parts", *LINES[late][:2]))
    assert found and all(diagnosis == [LINES[late][2]] for *_, diagnosis in found)


def traced(**changed):
    """The neuron's numbers as someone finds them who makes these mistakes, and none besides."""
    n = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
    rules = {
        "s": lambda: n["w0"] * n["x0"] + n["w1"] * n["x1"] + n["w2"], "a": lambda: -n["s"],
        "b": lambda: math.exp(n["a"]), "c": lambda: 1 + n["b"], "f": lambda: 1 / n["c"],
        "df_dc": lambda: -1 / n["c"] ** 2, "df_db": lambda: n["df_dc"], "df_da": lambda: n["df_db"] * n["b"],
        "df_ds": lambda: -n["df_da"], "df_dw2": lambda: n["df_ds"], "df_dw0": lambda: n["df_ds"] * n["x0"],
        "df_dx0": lambda: n["df_ds"] * n["w0"], "df_dw1": lambda: n["df_ds"] * n["x1"],
        "df_dx1": lambda: n["df_ds"] * n["w1"],
    }  # fmt: skip
    for key, rule in rules.items():
        n[key] = round(changed[key](n) if key in changed else rule(), 2)
    return {key: n[key] for key in rules}


FAULTS = {
    "s": ({"s": lambda n: 4.0}, "values", "s", []),
    "c": ({"c": lambda n: n["b"]}, "values", "c", []),
    "df_dc": ({"df_dc": lambda n: -1 / n["c"]}, "four_nodes", "df_dc", ["reciprocal-not-squared"]),
    "df_ds": ({"df_ds": lambda n: n["df_da"]}, "four_nodes", "df_ds", ["chain-step-skipped"]),
    "df_dw0": ({"df_dw0": lambda n: n["df_ds"] * n["w0"]}, "weights", "df_dw0", ["mul-gate-not-swapped"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_wrong_number_of_the_neuron_is_named_and_what_follows_from_it_is_right(fault):
    changed, test, name, diagnosis = FAULTS[fault]
    found = failed("predict_neuron", traced=traced(**changed))
    assert len(found) == 1 and test in found[0][0]
    assert found[0][1].startswith(f"gradient {name} is wrong") and found[0][2] == diagnosis


def test_two_wrong_numbers_of_the_neuron_are_both_found():
    found = failed("predict_neuron", traced=traced(**FAULTS["s"][0], **FAULTS["df_ds"][0]))
    assert [diagnosis for *_, diagnosis in found] == [[], ["chain-step-skipped"]]


def test_the_neuron_of_this_test_is_the_right_one_where_nothing_is_changed():
    assert failed("predict_neuron", traced=traced()) == []


@pytest.mark.parametrize(
    ("numbers", "test"),
    [({"q": -7, "f": 28, "df_dz": -7}, "values"), ({"q": 7, "f": -28, "df_dz": 7}, "values"),
     ({"df_dq": 4, "df_dx": 4, "df_dy": 4}, "backward"), ({"df_dq": 3, "df_dx": 3, "df_dy": 3}, "backward")],
)  # fmt: skip
def test_one_wrong_number_of_the_sum_costs_one_test(numbers, test):
    found = failed("predict_sum", predicted=SCALAR.notebook["predicted"] | numbers)
    assert len(found) == 1 and test in found[0][0]


def test_numbers_that_do_not_follow_from_each_other_are_wrong():
    numbers = SCALAR.notebook["predicted"] | {"q": -7, "f": 27}
    assert "values" in failed("predict_sum", predicted=numbers)[0][0]
    lazy = dict.fromkeys(SCALAR.notebook["traced"], 1.0)
    assert len(failed("predict_neuron", traced=lazy)) == 3


@pytest.mark.parametrize(
    ("where", "old", "new", "name"),
    [("Value.tanh", "(1 - t * t,)", "(1 - t,)", "b"), ("Value.exp", "(e,)", "(1.0,)", "c"),
     ("Value.sigmoid", "(s * (1 - s),)", "(s,)", "b"), ("Value.__truediv__", "-self.data", "self.data", "a")],
)  # fmt: skip
def test_on_the_way_back_through_a_graph_the_first_node_behind_a_wrong_operation_is_named(where, old, new, name):
    found = failed("value_backward", Edit(where, old, new))
    larger = [message for test, message, _ in found if "larger_graphs" in test]
    assert len(larger) == 1 and larger[0].startswith(f"gradient {name} is wrong")
