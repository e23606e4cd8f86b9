"""Stand-ins: they let code go on, say what they are, and cannot be taken for an answer."""

from __future__ import annotations

import pytest

from autograder.sandbox.stand_in import NotThereWhileGrading
from toolbox.calling import wire
from toolbox.errors import Malformed


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.setattr(NotThereWhileGrading, "_said", set())
    return NotThereWhileGrading("toolbox.tool")


def test_a_call_says_once_that_it_is_not_there_and_code_goes_on(tool, capsys):
    result = tool.gradcheck(lambda: 1, samples=3)
    tool.gradcheck(None)
    assert capsys.readouterr().out == "toolbox.tool.gradcheck is not there while grading\n"
    with result.rows[0] as row:
        assert not row and list(row) == [] and len(row) == 0
    assert f"{row.value:.3f}" == "(not there while grading)"
    assert repr(tool) == "<toolbox.tool: not there while grading>"


@pytest.mark.parametrize("name", ["toolbox.check", "toolbox.submit", "toolbox.check.check"])
def test_a_check_in_a_cell_of_a_students_own_is_quiet(name, capsys):
    assert not NotThereWhileGrading(name)("toy").passed
    assert capsys.readouterr().out == ""


def test_it_can_be_patched_to_no_effect_and_has_no_names_of_pythons_own(tool):
    tool.perform = tool.Suite.run = lambda *words: []
    with pytest.raises(AttributeError, match="not there while grading"):
        _ = tool.__wrapped__


def test_no_answer_can_hold_one(tool):
    with pytest.raises(Malformed, match="NotThereWhileGrading"):
        wire.pack({"w": tool.gradient(1)})
