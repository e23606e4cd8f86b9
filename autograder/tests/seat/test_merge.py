"""Three-way merges: nothing of a student's is lost, corrections arrive, a second merge changes nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from toolbox.seat.merge import merge_lines, merge_notebooks, merge_text, same_cells

SKELETON = (
    'def f(x):\n    """Twise x."""\n    y = None\n    # YOUR CODE HERE\n    return y\n\n\ndef g(x):\n    return x\n'
)
MINE = SKELETON.replace("    # YOUR CODE HERE\n", "    y = 2 * x  # mine\n") + "\n\ndef my_helper():\n    pass\n"
RELEASE = SKELETON.replace("Twise", "Twice").replace("return x\n", "return +x\n")


def test_an_answer_and_a_correction_beside_it_both_arrive():
    text, clashes = merge_text(SKELETON, MINE, RELEASE)
    assert text == MINE.replace("Twise", "Twice").replace("return x\n", "return +x\n") and clashes == []
    assert merge_text(SKELETON, text, RELEASE) == (text, [])
    assert merge_text(RELEASE, text, RELEASE) == (text, [])  # the originals had been brought already


def test_where_both_changed_a_line_the_students_stays_and_is_told():
    text, clashes = merge_text(SKELETON, MINE, RELEASE.replace("    # YOUR CODE HERE\n", "    z = 0\n"))
    assert "y = 2 * x  # mine" in text and "z = 0" not in text and clashes == [4]


def test_both_may_put_something_in_at_one_place():
    text, clashes = merge_text(SKELETON, MINE, SKELETON + "\n\ndef h():\n    return 3\n")
    assert "my_helper" in text and "def h" in text and clashes == []
    assert merge_text(SKELETON, text, SKELETON + "\n\ndef h():\n    return 3\n") == (text, [])


def test_windows_newlines_are_kept():
    text, _ = merge_text(SKELETON, MINE.replace("\n", "\r\n"), RELEASE)
    assert text.count("\r\n") == text.count("\n") > 5 and "Twice" in text


LINES = st.lists(st.sampled_from("abcdef"), max_size=7, unique=True)


@settings(max_examples=150, deadline=None)
@given(LINES, LINES, LINES)
def test_merging_holds_its_promises(original, yours, release):
    merged = merge_lines(original, yours, release)
    assert merge_lines(original, yours, original).lines == yours
    assert merge_lines(original, original, release).lines == release
    assert merge_lines(original, yours, yours).lines == yours
    for line in set(yours) - set(original):  # what is only the student's is all there
        assert merged.lines.count(line) >= yours.count(line)


def cell(name: str, source: str, kind: str = "markdown", grade_id: str = "", locked: bool = False, **more) -> dict:
    marks = {"nbgrader": {"grade_id": grade_id, "solution": not locked, "locked": locked}} if grade_id else {}
    outputs = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"id": name, "cell_type": kind, "source": source, "metadata": marks, **outputs, **more}


def notebook(*cells: dict) -> dict:
    return {"cells": list(cells), "metadata": {"backprop_kit": {"order": 1}}, "nbformat": 4, "nbformat_minor": 5}


OLD = notebook(
    cell("t1", "# Title"),
    cell("t2", "A gradiant."),
    cell("s1", "y = None\n# YOUR CODE HERE", "code", "solution_y"),
    cell("c1", "check('y')", "code", "y", locked=True),
    cell("w1", "*Write your answer here*", "markdown", "why"),
    cell("t3", "The end."),
)
NEW = notebook(
    cell("t1", "# Title"),
    cell("t4", "A gradient."),
    cell("s1", "y = None  # a number\n# YOUR CODE HERE", "code", "solution_y"),
    cell("c1", "check('y')  # corrected", "code", "y", locked=True),
    cell("w1", "*Write your answer here*", "markdown", "why"),
    cell("n1", "A new hint."),
    cell("t3", "The end."),
)
YOURS = notebook(
    cell("o0", "my first note"),
    cell("t1", "# Title (done on Monday)"),
    cell("t2", "A gradiant."),
    cell("s1", "y = None\ny = 4", "code", "solution_y", outputs=[{"output_type": "stream"}], execution_count=7),
    cell("c1", "check('y')", "code", "y", locked=True, outputs=[{"output_type": "stream"}]),
    cell("o1", "print(y)", "code"),
    cell("w1", "Because.", "markdown", "why"),
    cell("t3", "The end."),
    cell("c1", "check('y')", "code", "y", locked=True),  # copied, with all that was on it
)


def test_answers_notes_and_own_cells_are_kept_and_corrections_arrive():
    merged, told = merge_notebooks(OLD, YOURS, NEW)
    assert [cell["source"] for cell in merged["cells"]] == [
        "my first note", "# Title (done on Monday)", "A gradient.", "y = None  # a number\ny = 4",
        "check('y')  # corrected", "print(y)", "Because.", "A new hint.", "The end.", "check('y')",
    ]  # fmt: skip
    assert len({cell["id"] for cell in merged["cells"]}) == len(merged["cells"])
    assert merged["cells"][3]["outputs"] == []  # they belong to what was run
    assert told == ["new: A gradient.", "corrected: y = None  # a number", "corrected check: check('y')  # corrected",
                    "new: A new hint."]  # fmt: skip
    for original in (OLD, NEW):  # a second run, before and after the originals were brought
        assert same_cells(merge_notebooks(original, merged, NEW)[0], merged)


def test_an_edited_given_cell_that_is_corrected_stays_as_a_note_of_its_own():
    mine = notebook(*({**one, "source": "A gradiant. NB exam!"} if one["id"] == "t2" else one for one in OLD["cells"]))
    sources = [cell["source"] for cell in merge_notebooks(OLD, mine, NEW)[0]["cells"]]
    assert sources[:3] == ["# Title", "A gradiant. NB exam!", "A gradient."]


def test_a_deleted_given_cell_stays_deleted_and_a_deleted_check_comes_back():
    mine = notebook(*(one for one in OLD["cells"] if one["id"] not in ("t3", "c1")))
    sources = [cell["source"] for cell in merge_notebooks(OLD, mine, NEW)[0]["cells"]]
    assert "The end." not in sources and "check('y')  # corrected" in sources


def test_cells_without_ids_are_known_by_name_or_text():
    mine = {**YOURS, "cells": [{k: v for k, v in one.items() if k != "id"} for one in YOURS["cells"]]}
    sources = [cell["source"] for cell in merge_notebooks(OLD, mine, NEW)[0]["cells"]]
    assert sources.count("The end.") == 1 and "A gradiant." not in sources and "Because." in sources
