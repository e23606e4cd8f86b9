"""Tests of the one rule: regions are found, malformed ones named by line, and taken out without a trace."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.masters import regions
from autograder.masters.regions import HIDDEN, SOLUTION, Line, Region


def found(text: str, allowed: str | None = SOLUTION):
    return regions.find(regions.numbered(text), allowed, "a module")


def stripped(text: str, kind: str) -> str:
    lines = regions.numbered(text)
    inner, wrong = regions.find(lines, kind, "a module")
    assert not wrong
    return "".join(line.text + "\n" for line in regions.strip(lines, inner))


def test_a_solution_leaves_one_comment_at_its_indent():
    text = "def f():\n    a = 1\n    ### BEGIN SOLUTION\n    a = 2\n\n    b = 3\n    ### END SOLUTION\n    return a\n"
    assert stripped(text, SOLUTION) == "def f():\n    a = 1\n    # YOUR CODE HERE\n    return a\n"


def test_two_solutions_leave_two_comments():
    text = "### BEGIN SOLUTION\na\n### END SOLUTION\n### BEGIN SOLUTION\nb\n### END SOLUTION\n"
    assert stripped(text, SOLUTION) == "# YOUR CODE HERE\n# YOUR CODE HERE\n"


def test_hidden_tests_leave_nothing_and_no_pile_of_blank_lines():
    text = "a\n\n\n### BEGIN HIDDEN TESTS\n\n\nx\n### END HIDDEN TESTS\n\n\n"
    text += "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\n\nb\n"
    assert stripped(text, HIDDEN) == "a\n\n\nb\n"


@pytest.mark.parametrize("tail", ["", "\n", "\n\n\n"])
def test_hidden_tests_at_the_end_leave_a_file_that_ends_with_its_last_line(tail):
    assert stripped("a\n\n\n### BEGIN HIDDEN TESTS\nx\n### END HIDDEN TESTS\n" + tail, HIDDEN) == "a\n"


def test_hidden_tests_at_the_beginning_leave_no_blank_line_above():
    assert stripped("### BEGIN HIDDEN TESTS\nx\n### END HIDDEN TESTS\n\n\na\n", HIDDEN) == "a\n"


def test_a_hidden_import_leaves_the_imports_together():
    assert stripped("import a\n### BEGIN HIDDEN TESTS\nimport x\n### END HIDDEN TESTS\nimport b\n", HIDDEN) == (
        "import a\nimport b\n"
    )


def test_released_lines_keep_their_numbers_in_the_master():
    lines = regions.numbered("a\n### BEGIN SOLUTION\nx\n### END SOLUTION\nb\n")
    assert regions.strip(lines, [Region(SOLUTION, 2, 4)]) == [Line(1, "a"), Line(2, regions.STUB), Line(5, "b")]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a\n### BEGIN SOLUTION\nx\n", 2, "never closed"),
        ("### BEGIN SOLUTION\nx\n### BEGIN SOLUTION\n### END SOLUTION\n", 3, "inside the SOLUTION region opened on"),
        ("a\n\n### END SOLUTION\n", 3, "without a BEGIN"),
        ("### BEGIN SOLUTION\nx\n### END HIDDEN TESTS\n", 3, "closes the SOLUTION region opened on line 1"),
        ("a\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\n", 2, "no place in a module"),
        ("x = 1  ### BEGIN SOLUTION\n", 1, "reads like a region marker"),
        ("# ### BEGIN SOLUTION\n", 1, "reads like a region marker"),
        ("### BEGIN SOLUTIONS\n", 1, "reads like a region marker"),
        ("### begin solution\n", 1, "reads like a region marker"),
        ("## END SOLUTION\n", 1, "reads like a region marker"),
        ("### END_SOLUTION\n", 1, "reads like a region marker"),
        ("### BEGIN HIDDEN TEST\n", 1, "reads like a region marker"),
        ("### BEGIN  HIDDEN\n", 1, "reads like a region marker"),
        ("### END SOLUTION ###\n", 1, "reads like a region marker"),
        ("=== BEGIN MARK SCHEME ===\n", 1, "reads like a region marker"),
    ],
)
def test_a_malformed_marker_is_named_by_line(text, line, words):
    _, wrong = found(text)
    assert any(number == line and words in message for number, message in wrong), wrong


@pytest.mark.parametrize(
    "text",
    ["# begin with the solution\n", "x = begin_solution(y)\n", "# The solution ends.\n", "# tests\n", "### END\n"],
)
def test_prose_is_not_taken_for_a_marker(text):
    assert found(text) == ([], [])


def test_every_malformed_marker_is_reported_and_sound_regions_stay():
    text = "### END SOLUTION\n### BEGIN SOLUTION\nx\n### END SOLUTION\n### BEGIN SOLUTION\n"
    inner, wrong = found(text)
    assert inner == [Region(SOLUTION, 2, 4)]
    assert [number for number, _ in wrong] == [1, 5]


def test_no_region_at_all_may_stand_in_a_given_cell():
    _, wrong = regions.find(regions.numbered("### BEGIN SOLUTION\nx\n### END SOLUTION\n"), None, "a given cell")
    assert [number for number, _ in wrong] == [1, 3]


WORDS = st.text(string.ascii_lowercase + " ", max_size=8)
OPEN = st.tuples(st.just("open"), st.lists(st.one_of(st.just(""), WORDS.map("open_{}".format)), max_size=4))
CLOSED = st.tuples(st.just("closed"), st.lists(st.one_of(st.just(""), WORDS.map("secret_{}".format)), max_size=4))


@given(
    parts=st.lists(st.one_of(OPEN, CLOSED), max_size=8),
    kind=st.sampled_from([SOLUTION, HIDDEN]),
    indent=st.sampled_from(["", "    "]),
)
def test_no_secret_survives_and_every_open_line_does_in_its_order(parts, kind, indent):
    lines: list[str] = []
    for part, texts in parts:
        inner = [indent + text if text else text for text in texts]
        if part == "closed":
            inner = [f"{indent}### BEGIN {kind}", *inner, f"{indent}### END {kind}"]
        lines += inner
    text = "".join(line + "\n" for line in lines)
    released = stripped(text, kind)
    assert "secret_" not in released
    assert "###" not in released
    kept = [line for line in released.split("\n") if "open_" in line]
    assert kept == [line for line in lines if "open_" in line]
    stubs = released.count(regions.STUB)
    assert stubs == (sum(part == "closed" for part, _ in parts) if kind == SOLUTION else 0)
    others = [line for line in released.split("\n") if line.strip() and "open_" not in line]
    assert all(line == indent + regions.STUB for line in others)
    again, wrong = regions.find(regions.numbered(released), kind, "a module")
    assert not again and not wrong
    if kind == SOLUTION:  # a solution gives its place to the stub and moves nothing else, blank lines included
        assert released.count("\n") == sum(len(texts) if part == "open" else 1 for part, texts in parts)
