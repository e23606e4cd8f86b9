"""Mistakes are run, and known again by what they give: in grading, and from the numbers that students get."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from autograder.build import signatures
from autograder.course import rooms
from autograder.course.answers import Answer, Edit
from autograder.course.mistaken import Mistaken
from autograder.course.rooms import ROOT, Room
from autograder.course.students import answering
from toolbox.checks import signatures as files
from toolbox.checks.collect import Check
from toolbox.checks.compare import assert_grad, assert_value
from toolbox.checks.misconceptions import CATALOGUE
from toolbox.checks.recognise import Value, name_mistakes
from toolbox.checks.suite import _ask, blank

SOLUTION = "def out(x):\n    return 3 * x\n\n\ndef back(g):\n    return 3 * g\n"


def out_and_back(student, make):
    assert_value(student.line.out(X), 3 * X, name="out")
    for place in (1, 2):
        assert_grad(student.line.back(place * X), 3 * place * X, name="x")


def back(student, make):
    assert_grad(student.line.back(X), 3 * X, name="x")


def back_of_one_row(student, make):
    assert_grad(student.line.back(X), 3 * X, name="x", batch=1)


def out(student, make):
    assert_value(student.line.out(X), 3 * X, name="out")


X = torch.tensor([1.0, -2.0, 5.0], dtype=torch.float64)
CHECKS = [
    Check(function.__name__, "line", "", "", False, 1.0, None, Path("line.py"), 1, function, ("student", "make"))
    for function in (out_and_back, back, back_of_one_row, out)
]
OUT = CHECKS.pop()


def mistake(name: str, id: str | None, **edits: str) -> Answer:
    rows = {"out": "3 * x", "back": "3 * g"}
    changes = tuple(Edit(where, rows[where], new) for where, new in edits.items())
    return Answer(name, ("line",), changes, (id,) if id else ())


SQUARED = mistake("squares on the way back", "squared", back="3 * g * g")
TWICE = mistake("squares both ways", "squared-twice", out="3 * x * x", back="3 * g * g")
CUBED = mistake("cubes, which nobody has named", None, back="3 * g ** 3")
NARROW = mistake("in float32", "narrow", out="3 * x.float()")
ROOM = Room("line", {"line": SOLUTION}, {}, [SQUARED, TWICE, CUBED, NARROW], [], {})


def named(answer: Answer, known, checks=CHECKS) -> list[list[str]]:
    """What each check says of an answer."""
    results = [blank(check) for check in checks]
    for check, result in zip(checks, results, strict=True):
        _ask(check, answering(answer, ROOM), "seed", result)
    name_mistakes(results, known)
    return [result.diagnosis for result in results]


def test_a_mistake_is_named_by_what_it_gives_and_one_without_a_name_by_nothing():
    known = Mistaken(ROOM, CHECKS, "seed")
    assert known("out_and_back").keys() == {"out#1", "gradient x#1", "gradient x#2"}
    assert named(SQUARED, known) == [["squared"], ["squared"], []]
    assert named(CUBED, known) == [[], [], []]


def test_of_two_mistakes_that_look_alike_in_one_check_the_one_is_meant_that_explains_the_others_too():
    assert named(TWICE, Mistaken(ROOM, CHECKS, "seed")) == [["squared-twice"], ["squared-twice"], []]
    without = Room("line", {"line": SOLUTION}, {}, [SQUARED], [], {})
    assert named(TWICE, Mistaken(without, CHECKS, "seed")) == [[], ["squared"], []]


def test_of_two_that_explain_as_much_the_one_is_meant_that_would_not_have_failed_what_the_answer_passes():
    raises = mistake(
        "squares, and gives nothing the other way", "broken", out="None if x is x else 0", back="3 * g * g"
    )
    for wrong in ([raises, SQUARED], [SQUARED, raises]):
        known = Mistaken(Room("line", {"line": SOLUTION}, {}, wrong, [], {}), [*CHECKS, OUT], "seed")
        assert named(SQUARED, known, [CHECKS[1], OUT]) == [["squared"], []]


def test_an_answer_that_no_mistake_gives_is_named_by_what_is_known_of_every_number():
    known = Mistaken(ROOM, CHECKS, "seed")
    assert named(mistake("flips the sign", None, back="-3 * g"), known)[1] == ["sign-flipped"]
    assert named(mistake("squares and flips the sign", None, back="-3 * g * g"), known)[1] == [
        "squared",
        "sign-flipped",
    ]
    assert named(mistake("something else", None, back="3 * g + 1"), known) == [[], [], []]


def test_a_mistake_that_does_not_fit_the_solution_any_more_names_nothing_and_stops_nothing():
    stale = Answer("stale", ("line",), (Edit("out", "4 * x", "5 * x"),), ("stale",))
    room = Room("line", {"line": SOLUTION}, {}, [stale, SQUARED], [], {})
    assert named(SQUARED, Mistaken(room, CHECKS, "seed")) == [["squared"], ["squared"], []]


@pytest.mark.parametrize("answer", [SQUARED, TWICE, CUBED], ids=lambda answer: answer.name)
def test_what_is_kept_says_the_same_as_what_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer):
    run = Mistaken(ROOM, CHECKS, "seed", tmp_path)
    assert all(run(check.id) is run(check.id) for check in CHECKS)
    assert len(list(tmp_path.glob("line-*.npz"))) == len(CHECKS)
    first = named(answer, run)
    again = Mistaken(ROOM, CHECKS, "seed", tmp_path)
    monkeypatch.setattr(Mistaken, "_gives", lambda *args: {})
    assert named(answer, again) == first
    assert Mistaken(ROOM, CHECKS, "another seed", tmp_path)("back") == {}, "a seed has its own"


@pytest.mark.parametrize("shape", [(), (1,), (0, 3), (2, 3), (3, 1, 2)])
def test_a_value_has_the_same_shape_and_the_same_bits_once_it_is_kept(tmp_path: Path, shape: tuple[int, ...]):
    value = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    value = value.mT.contiguous().mT if value.dim() > 1 else value
    path = tmp_path / files.NAME
    path.write_bytes(files.written({"back": {"x#1": [Value("7", "squared", value)]}}))
    (kept,) = files.Signatures(path)("back")["x#1"]
    assert kept[:2] == ("7", "squared") and kept.value.shape == value.shape and torch.equal(kept.value, value)


def test_students_get_the_numbers_of_mistakes_with_a_name_and_no_word_of_ours(tmp_path: Path):
    mistaken = Mistaken(ROOM, CHECKS, "seed")
    found = {check.id: signatures.named(mistaken(check.id)) for check in CHECKS}
    path = tmp_path / files.NAME
    path.write_bytes(files.written(found, "made of this"))
    known = files.Signatures(path)
    assert named(SQUARED, known) == [["squared"], ["squared"], []]
    # for it no number is there: what it gives looks like nothing that has a name
    assert named(CUBED, known) == [[], [], []]
    assert b"squares" not in path.read_bytes() and b"cubes" not in path.read_bytes()
    assert files.written(found, "made of this") == path.read_bytes()
    path.write_bytes(path.read_bytes()[:100])
    assert files.Signatures(path)("back") == files.Signatures(tmp_path / "none.npz")("back") == {}


def test_the_build_runs_the_mistakes_again_only_where_something_has_changed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(signatures, "room_at", lambda root, name: ROOM)
    monkeypatch.setattr(signatures, "checks_of", lambda root, name: root)
    monkeypatch.setattr(signatures, "collect", lambda folder: CHECKS)
    made = signatures.of(Path(), "line")
    assert signatures.of(Path(), "line") == made  # run twice, the same bytes
    monkeypatch.setattr(Mistaken, "_gives", lambda *args: pytest.fail("it has been run again"))
    assert signatures.of(Path(), "line", made) == made
    monkeypatch.setattr(Mistaken, "digest", "another solution")
    monkeypatch.setattr(Mistaken, "_gives", lambda *args: {})
    assert signatures.of(Path(), "line", made) != made


def test_every_name_has_a_mistake_or_a_check_that_gives_it_and_none_is_unknown():
    known = re.compile(r'"((?:[a-z]+-)+[a-z]+)"')
    checks = [*(ROOT / "lib/toolbox/checks").glob("*.py"), *(ROOT / "lib/toolbox/checks/reference").glob("*.py")]
    checks += [path for at in ("*/checks/*.py", "kinds/*.py") for path in (ROOT / "autograder/course").glob(at)]
    words = {name for path in checks for name in known.findall(path.read_text())}
    made = {name for room in rooms.names() for answer in rooms.load(room).wrong for name in answer.diagnosis if name}
    assert made <= set(CATALOGUE)
    assert set(CATALOGUE) <= made | words
