"""Reading course.toml: what it may say, and how a mistake in it is named."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from autograder.rules import course_file, terms
from autograder.rules.course_file import CourseError, parse
from autograder.rules.lines import line_of
from autograder.rules.model import FIRST, LAST_IN_TIME, Amount
from autograder.rules.paper import Paper
from autograder.rules.template import template
from autograder.rules.terms import Terms

WHOLE = """\
time_zone = "Europe/London"

[late]
grace_minutes = 10
per_day = "10 %"
cap = "50 %"
days_off = [2026-04-03, "2026-04-05 to 2026-04-07"]

[attempts]
stands = "last in time"

[assignments.flat]
due = 2026-04-02T22:00:00
stands = "first"
late = { per_hour = 0.5, of = "score" }
drop = ["toy"]
points = { neuron = 4, why = 1.5 }
renamed = { nerve = "neuron" }

[assignments.layers]
on = false
due = 2026-01-05
"""
PAPERS = {"flat": Paper({"toy": 2.0, "neuron": 3.0}, {"why": 1.0}), "layers": Paper({"relu": 1.0})}


def test_every_key_is_read():
    course = parse(WHOLE)
    flat, layers, other = course.of("flat"), course.of("layers"), course.of("scalar")
    assert flat.due == datetime(2026, 4, 2, 21, 0, tzinfo=UTC)  # British summer time
    assert layers.due == datetime(2026, 1, 5, 23, 59, 59, tzinfo=UTC)
    assert (flat.attempt, layers.attempt, flat.on, layers.on) == (FIRST, LAST_IN_TIME, True, False)
    assert (flat.drop, flat.points, flat.renamed) == ({"toy"}, {"neuron": 4.0, "why": 1.5}, {"nerve": "neuron"})
    assert (flat.late.each, flat.late.unit, flat.late.of_score) == (Amount(0.5), 3600, True)
    assert (layers.late.each, layers.late.unit, layers.late.of_score) == (Amount(10, True), 86_400, False)
    assert flat.late.cap == other.late.cap == Amount(50, True) and flat.late.grace == 600
    assert other.late.days_off == {date(2026, 4, day) for day in (3, 5, 6, 7)} and other.due is None


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('per_day = "10 %"', 'per_day = "ten"', 5, 'late.per_day = "ten": give per cent'),
        ('per_day = "10 %"', 'per_day = "110 %"', 5, "more than 100 %"),
        ('per_day = "10 %"', "per_day = true", 5, "late.per_day = true"),
        ('per_day = "10 %"', 'per_day = "10 %"\nper_hour = 1', 6, "late.per_hour stands beside per_day"),
        ("grace_minutes = 10", "grace_minutes = -1", 4, "late.grace_minutes = -1: give a number of minutes"),
        ("grace_minutes = 10", "grace_minute = 10", 4, "did you mean grace_minutes?"),
        ("[2026-04-03,", '["3 April",', 7, "late.days_off"),
        ("05 to 2026-04-07", "07 to 2026-04-05", 7, "late.days_off"),
        ('"last in time"', '"newest"', 10, "attempts.stands = \"newest\": give one of 'last in time'"),
        ("2026-04-02T22:00:00", '"tomorrow"', 13, "assignments.flat.due"),
        ('["toy"]', '"toy"', 16, "assignments.flat.drop"),
        ("why = 1.5", 'why = "x"', 17, "why: give a number of points"),
        ('{ nerve = "neuron" }', '{ nerve = "neuron", x = "neuron" }', 18, "two items cannot become one"),
        ("on = false", 'on = "no"', 21, 'assignments.layers.on = "no": give true or false'),
        ("Europe/London", "Britain", 1, "time_zone"),
        ("[attempts]", "[attempt]", 9, "is no key of this file: did you mean attempts?"),
        ("[assignments.layers]", "[assignments]\nlayers = 3\n[x]", 21, "assignments.layers = 3"),
    ],
)
def test_a_mistake_is_named_by_key_and_line(old, new, line, words):
    assert WHOLE.count(old) == 1
    with pytest.raises(CourseError) as caught:
        parse(WHOLE.replace(old, new), "classroom/course.toml")
    assert f"classroom/course.toml, line {line}: " in str(caught.value) and words in str(caught.value)


def test_all_mistakes_are_named_at_once():
    with pytest.raises(CourseError) as caught:
        parse(WHOLE.replace("= 10\n", '= "x"\n').replace("on = false", "of = 1"))
    assert len(str(caught.value).splitlines()) == 2


def test_what_is_no_toml_is_named_with_its_line():
    with pytest.raises(CourseError, match=r"course.toml: .*line 5"):
        parse(WHOLE.replace('"10 %"', "10 %"))


def test_a_file_that_is_not_there_says_nothing_and_one_that_is_not_text_is_named(tmp_path):
    assert course_file.read(tmp_path / "course.toml").of("flat").due is None
    (tmp_path / "course.toml").write_bytes(b'time_zone = "\xff"')
    with pytest.raises(CourseError, match="not UTF-8"):
        course_file.read(tmp_path / "course.toml")
    (tmp_path / "course.toml").write_bytes(b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode())
    assert course_file.read(tmp_path / "course.toml") == parse(WHOLE)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[assignments.flat]", "[assignments.flatt]", "line 12: assignments: no 'flatt': did you mean flat?"),
        ('["toy"]', '["toys"]', "line 16: assignments.flat.drop: no 'toys': did you mean toy?"),
        ("neuron = 4", "neuro = 4", "line 17: assignments.flat.points: no 'neuro'"),
        ('nerve = "neuron"', 'nerve = "zzz"', "no 'zzz': there are: toy, neuron, why"),
    ],
)
def test_names_that_nothing_has_are_found(old, new, words):
    assert terms.check(Terms(WHOLE, {}, PAPERS), "course.toml") == []
    (found,) = terms.check(Terms(WHOLE.replace(old, new), {}, PAPERS), "course.toml")
    assert words in found


def test_the_template_is_a_course_without_rules_and_every_key_in_it_may_be_used():
    text = template(PAPERS, ("layers", "flat"))
    assert text.index("[assignments.layers]") < text.index("[assignments.flat]")
    empty, used = (
        parse(text),
        "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.split("\n")),
    )
    assert empty.of("flat") == empty.common == parse("").common
    used = used.replace("per_hour = 0.5", "# per_hour").replace("on = false", "on = true")
    assert terms.check(Terms(used, {}, PAPERS), "") == []
    assert parse(used).of("flat").due == datetime(2026, 3, 1, 22, tzinfo=UTC)


def test_a_key_in_quotes_or_with_dots_has_a_line_too():
    text = '[late]\n"cap" = 3\n[assignments]\nflat.late.cap = 4\n'
    assert [line_of(text, path) for path in (("late", "cap"), ("assignments", "flat", "late", "cap"))] == [2, 4]
    assert line_of(text, ("attempts", "stands")) is None
