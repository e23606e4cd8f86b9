"""The first wrong piece is named, and what follows rightly from it is not blamed: `tensors`."""

from __future__ import annotations

import pytest

from autograder.course import rooms
from autograder.course.answers import Answer, Edit
from autograder.tests.checkout import ROOT
from autograder.tests.naming import judged

TENSORS = rooms.load("tensors")
SOLUTION = (ROOT / "solutions" / "backprop" / "tensors.py").read_text()


def lost(items, *edits, **notebook):
    """item -> the names given to its failed tests that bear marks."""
    results = judged("tensors", Answer("early", (), edits, notebook=notebook), items, "early")
    results = [r for r in results if r.status != "passed" and r.share]
    return {name: [r.diagnosis for r in results if r.item == name] for name in {r.item for r in results}}


BROKEN = {
    "averages": ("grad_out.sum(", "grad_out.mean("),
    "forgets the axes of size one": ("if stretched:", "if False:"),
    "loses the axes of size one": ("dim=stretched, keepdim=True", "dim=stretched"),
    "takes one sum of several": ("dim=stretched, keepdim", "dim=stretched[:1], keepdim"),
}
PRODUCTS = ("unbroadcast", "mul_backward")


@pytest.mark.parametrize("what", BROKEN)
def test_a_fault_in_unbroadcast_is_not_blamed_on_the_product_that_uses_it(what):
    found = lost(PRODUCTS, Edit("unbroadcast", *BROKEN[what]))
    assert set(found) == {"unbroadcast"} and any(found["unbroadcast"])


def test_a_fault_in_the_product_is_named_although_unbroadcast_is_wrong_too():
    swapped = Edit("mul_backward", "unbroadcast(grad_out * y, x.shape)", "unbroadcast(grad_out * x, x.shape)")
    found = lost(PRODUCTS, Edit("unbroadcast", *BROKEN["averages"]), swapped)
    assert set(found) == set(PRODUCTS) and ["mul-gate-not-swapped"] in found["mul_backward"]


@pytest.mark.parametrize("lazy", ["torch.zeros(shape)", "None", "torch.full(shape, torch.nan)", "1 / 0"])
def test_an_unbroadcast_that_was_not_worked_out_excuses_nothing(lazy):
    edit = Edit("unbroadcast", "    return grad_x", f"    return {lazy}")
    sums = "unbroadcast(grad_out * {0}, {1}.shape)"
    zeros = [Edit("mul_backward", sums.format(a, b), f"0 * {b}") for a, b in ("yx", "xy")]
    assert set(lost(PRODUCTS, edit, *zeros)) == set(PRODUCTS)


COUNTS = TENSORS.notebook["explosion"]


@pytest.mark.parametrize(
    ("numbers", "bytes_", "factor"), [("numbers_dy_dx", "gib_dy_dx", 2**30), ("numbers_dy_dw", "tib_dy_dw", 2**40)]
)
def test_bytes_that_follow_from_a_wrong_number_of_entries_are_right(numbers, bytes_, factor):
    wrong = COUNTS[numbers] // 64
    counts = COUNTS | {numbers: wrong, bytes_: 4 * wrong / factor}
    found = lost(["explosion"], explosion=counts)
    assert len(found["explosion"]) == 1
    assert len(lost(["explosion"], explosion=counts | {bytes_: wrong / factor})["explosion"]) == 2


RELU = {
    "values for a mask": ([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 3, 0], [0, 0, 0, 0]], [4, 0, 15, 0]),
    "every gate open": ([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], [4, -1, 5, 9]),
}


@pytest.mark.parametrize("what", RELU)
def test_a_product_with_a_wrong_jacobian_is_a_right_product(what):
    jacobian, product = RELU[what]
    noted = TENSORS.notebook["predicted"] | {"relu_jacobian": jacobian}
    assert len(lost(["by_hand"], predicted=noted | {"relu_grad_x": product})["by_hand"]) == 1
    assert len(lost(["by_hand"], predicted=noted | {"relu_grad_x": product[::-1]})["by_hand"]) == 2
