"""`layers`: where an answer shows what stands in between, the first wrong one is named, and no later one is blamed."""

from __future__ import annotations

import pytest
import torch

from autograder.course.answers import Answer, Edit
from autograder.course.layers.mistakes.functions import G_A, G_H, G_SCORES, G_W1
from autograder.course.layers.mistakes.graph import VALUE
from autograder.course.layers.mistakes.modes import DGAMMA
from autograder.course.layers.mistakes.sequential import BACK
from autograder.tests.naming import judged
from toolbox.checks.reference.graph import GraphTruth, assert_values, assert_walk
from toolbox.errors import Mismatch

HALF = Edit("mlp_by_hand", G_A, 'grads["h"] * h')
NO_CROSS_TERMS = Edit("mlp_by_hand", G_SCORES, "probabilities * grad_out")


def failures(item: str, *edits: Edit) -> dict[str, tuple[str, list[str]]]:
    """test -> (its message, its diagnosis), for the tests of an item that fail with these edits."""
    found = judged("layers", Answer("", (item,), edits), [item], "divergence")
    return {result.name: (result.message, result.diagnosis) for result in found if result.status != "passed"}


def first_words(found: dict[str, tuple[str, list[str]]]) -> set[tuple[str, ...]]:
    """(what is wrong, the mistake named first) of each failure."""
    return {(message.split(" is wrong")[0], *diagnosis[:1]) for message, diagnosis in found.values()}


def test_by_hand_a_fault_at_the_scores_is_named_there_and_the_seven_gradients_that_follow_are_right():
    found = failures("mlp_by_hand", NO_CROSS_TERMS)
    assert first_words(found) == {("gradient scores", "softmax-cross-terms-missing"), ("gradient scores",)}
    assert "test_the_way_back_from_the_hidden_layer_by_hand" not in found


def test_by_hand_a_fault_at_the_hidden_layer_is_named_there_and_nothing_before_or_after_is():
    found = failures("mlp_by_hand", HALF)
    assert first_words(found) == {("gradient a", "function-sigmoid-half"), ("gradient a",)}
    assert "test_the_way_back_to_the_hidden_layer_by_hand" not in found


def test_by_hand_two_faults_are_named_each_where_it_is():
    found = failures("mlp_by_hand", NO_CROSS_TERMS, Edit("mlp_by_hand", G_W1, 'x.T @ grads["a"] / len(x)'))
    to_hidden = found["test_the_way_back_to_the_hidden_layer_by_hand"]
    from_hidden = found["test_the_way_back_from_the_hidden_layer_by_hand"]
    assert to_hidden[0].startswith("gradient scores") and to_hidden[1] == ["softmax-cross-terms-missing"]
    assert from_hidden[0].startswith("gradient w1") and from_hidden[1] == ["averaged-twice"]


def test_by_hand_of_two_faults_in_a_row_the_earlier_is_named():
    found = failures("mlp_by_hand", Edit("mlp_by_hand", G_H, f"-{G_H}"), HALF)
    assert found["test_the_way_back_to_the_hidden_layer_by_hand"][1] == ["sign-flipped"]
    assert found["test_the_way_back_from_the_hidden_layer_by_hand"][1][0] == "function-sigmoid-half"
    assert found["test_the_way_back_by_hand_for_a_batch_of_one_and_for_float32"][0].startswith("gradient h")


def number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


# y = (-2x * x) + x, as in the notebook
SMALL = [["a", "scale", ["x"], [number(-2.0)]], ["h", "multiply", ["a", "x"], []], ["y", "add", ["h", "x"], []]]


@pytest.fixture
def truth():
    return GraphTruth(SMALL, {"x": number(3.0)}, {"y": number(5.0)})


def test_of_wrong_gradients_in_a_graph_the_first_on_the_way_back_is_named(truth):
    wrong_from_h = truth.grads | {"h": number(1.0), "a": number(3.0), "x": number(0.0)}
    with pytest.raises(Mismatch, match="first wrong gradient is that of h"):
        assert_walk(wrong_from_h, truth)
    with pytest.raises(Mismatch, match="first wrong gradient is that of a") as error:
        assert_walk(truth.grads | {"a": number(5.0), "x": number(0.0)}, truth)
    assert error.value.diagnosis == ["graph-upstream-alone"]


def test_of_wrong_values_in_a_graph_the_first_in_the_order_is_named(truth):
    with pytest.raises(Mismatch, match="first wrong value is that of value of 'a'"):
        assert_values(truth.values | {"a": number(6.0), "h": number(18.0), "y": number(21.0)}, truth)
    with pytest.raises(Mismatch, match="first wrong value is that of value of 'h'") as error:
        assert_values(truth.values | {"h": number(36.0), "y": number(39.0)}, truth)
    assert error.value.diagnosis == ["graph-first-source-only"]


def test_sources_that_are_mixed_up_are_named_at_the_first_op_that_tells_them_apart():
    found = failures("graph_forward", Edit("Graph.forward", VALUE, VALUE.replace("sources", "sources[::-1]")))
    message, diagnosis = found["test_the_values_of_an_op_that_tells_its_two_sources_apart"]
    assert "first wrong value is that of value of 'd'" in message and diagnosis == ["graph-sources-swapped"]


def test_in_a_net_the_last_layer_that_got_a_wrong_gradient_is_named_and_not_the_input():
    edit = Edit("Sequential.backward", BACK, "grad_x = layer.backward(grad_out)")
    found = failures("sequential_backward", edit)
    assert found["test_a_net_goes_back_through_its_layers_in_reverse"][0].startswith("gradient 2.t")
    edit = Edit("Sequential.backward", "return grad_x", "return grad_x * 2")
    found = failures("sequential_backward", edit)
    assert found["test_a_net_goes_back_through_its_layers_in_reverse"][0].startswith("gradient x")


def test_a_wrong_gradient_of_gamma_is_not_blamed_on_the_inputs_nor_the_other_way_round():
    edit = Edit("BatchNorm.backward_by_nodes", DGAMMA, "(grad_out * normal).mean(dim=0)")
    found = failures("batchnorm_nodes", edit)
    assert found and not [name for name in found if name == "BatchNorm.nodes/gradient:x"]
    edit = Edit("BatchNorm.backward_by_nodes", "grad_std / (2 * std)", "grad_std / std")
    found = failures("batchnorm_nodes", edit)
    assert not {"BatchNorm.nodes/gradient:gamma", "BatchNorm.nodes/gradient:beta"} & found.keys()
    assert found["BatchNorm.nodes/gradient:x"][1] == ["batchnorm-square-slope"]
