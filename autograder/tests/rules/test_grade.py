"""The one place where grades are made: late policies, points, dropped items, marks by hand, excuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.judging.marks import judge_item
from autograder.records.attempt import Attempt
from autograder.records.marks import Mark
from autograder.rules import people
from autograder.rules.attempts import rule_of
from autograder.rules.changes import changes, shown
from autograder.rules.course_file import parse
from autograder.rules.grade import EXCUSED, GRADED, MISSING, NOT_JUDGED, UNMARKED, earned, grade, missing
from autograder.rules.lateness import seconds_late
from autograder.rules.paper import Paper
from autograder.rules.people import Allowance, AllowanceError, extended, pairs_of, read_people
from autograder.rules.terms import Terms
from toolbox.checks.items import TestResult

DUE = datetime(2026, 4, 2, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAPER = Paper({"toy": 2.0, "neuron": 3.0}, {"why": 4.0})
MARKED = {"why": Mark(score=3.0, out_of=4.0)}


def item(name, points, passed):
    results = [
        TestResult(name, f"test_{number}", number > 0, 1.0, "passed" if good else "failed", "off")
        for number, good in enumerate(passed)
    ]
    return vars(judge_item(name, points, results))


def verdict(student="ada", received=DUE, toy=(True, True), neuron=(True, False, False), **more):
    items = [item("toy", 2.0, toy), item("neuron", 3.0, neuron)]
    found = {
        "student": student, "assignment": "flat", "status": "judged", "items": items,
        "hand_in": {"sha256": "0", "received": received.isoformat()}, "intake": {"status": "accepted"},
    }  # fmt: skip
    return found | more


def by(rules="", allowance=None, paper=PAPER):
    text = f"[assignments.flat]\ndue = 2026-04-02T22:00:00Z\n{rules}"
    return Terms(text, {"ada": allowance} if allowance else {}, {"flat": paper})


def test_a_grade_is_the_checks_and_the_marks_by_hand():
    found = grade(verdict(), MARKED, by())
    assert (found.auto_score, found.written_score, found.raw_score, found.score) == (3.0, 3.0, 6.0, 6.0)
    assert (found.max_auto_score, found.max_written_score, found.max_score) == (5.0, 4.0, 9.0)
    assert found.status == GRADED and shown(found) == "6 / 9"


def test_a_written_answer_without_a_mark_waits_and_a_blank_one_does_not():
    assert grade(verdict(), {}, by()).status == UNMARKED
    assert grade(verdict(), {"why": Mark(waiting=True, out_of=4)}, by()).status == UNMARKED
    assert grade(verdict(), {"why": Mark(blank=True, out_of=4)}, by()).status == GRADED
    assert grade(verdict(intake={"status": "refused"}), {}, by()).status == GRADED


@pytest.mark.parametrize(
    ("late", "hours", "taken"),
    [
        ("", 30, 0),
        ("per_day = 1", 0, 0),
        ("per_day = 1", 1, 1),
        ("per_day = 1", 24, 1),
        ("per_day = 1", 25, 2),
        ("per_day = '10 %'", 25, 1.8),
        ("per_day = '10 %', of = 'score'", 25, 1.2),
        ("per_day = '10 %', cap = '15 %'", 25, 1.35),
        ("per_day = 1, cap = 1.5", 100, 1.5),
        ("per_day = '50 %'", 100, 6.0),  # never more than there is
        ("per_hour = 0.25", 3, 0.75),
        ("per_day = 1, grace_minutes = 60", 1, 0),
        ("per_day = 1, grace_minutes = 60", 1.1, 1),
        ("per_day = 1, days_off = [2026-04-03]", 25.9, 1),  # two hours of the 2nd, and 1.9 less a whole day off
        ("per_day = 1, days_off = [2026-04-02, 2026-04-03]", 25, 0),
    ],
)
def test_lateness_costs_what_the_policy_says(late, hours, taken):
    found = grade(verdict(received=DUE + hours * HOUR), MARKED, by(f"late = {{ {late} }}"))
    assert (found.penalty, found.score) == (taken, round(6.0 - taken, 2))


def test_an_extension_moves_the_deadline_of_one_student_alone():
    rules, late = "late = { per_day = 1 }", DUE + 30 * HOUR
    taken = {
        text: grade(verdict(received=late), MARKED, by(rules, Allowance(extensions=pairs_of(text)))).penalty
        for text in ("", "flat=6h", "flat=1d6h", "all=2d", "flat=2026-04-04T04:00", "flat=2026-04-04", "layers=9d")
    }
    assert list(taken.values()) == [2, 1, 0, 0, 0, 0, 2]
    assert grade(verdict("bob", received=late), MARKED, by(rules, Allowance(extensions={"all": "9d"}))).penalty == 2


def test_summer_time_does_not_make_anybody_late():
    course = parse('time_zone = "Europe/London"\n[assignments.flat]\ndue = 2026-03-28T12:00:00')
    due = course.of("flat").due
    received = datetime.fromisoformat("2026-03-29T12:00:00+01:00")
    assert seconds_late(received, due, course.common.late, course.zone) == 23 * 3600


def test_points_that_change_change_the_grade_as_judging_anew_would():
    for passed, points in product([(True,), (True, False, False), (False, True, True), (False,)], [0.0, 1.0, 4.0, 7.5]):
        assert earned(item("neuron", 3.0, passed), points) == item("neuron", points, passed)["score"]
    found = grade(verdict(), MARKED, by("points = { neuron = 4, why = 2 }"))
    assert [entry.score for entry in found.items] == [2.0, 1.33, 1.5] and shown(found) == "4.83 / 8"


def test_what_is_forbidden_or_not_judged_stays_so_whatever_the_points():
    forbidden = vars(judge_item("toy", 2.0, [TestResult("toy", "a", True, 1.0, "forbidden", "autograd")]))
    assert earned(forbidden, 8.0) == 0.0
    assert earned(forbidden | {"score": None}, 8.0) is None
    assert earned({"score": 1.0, "max_score": 4.0, "status": "partial", "tests": []}, 8.0) == 2.0


def test_a_dropped_item_counts_for_nobody():
    found = grade(verdict(), MARKED, by('drop = ["neuron", "why"]'))
    assert (shown(found), found.status, found.item("why")) == ("2 / 2", GRADED, None)


def test_a_renamed_item_keeps_its_verdict_and_its_mark():
    paper = Paper({"toy": 2.0, "nerve": 3.0}, {"reason": 4.0})
    rules = 'renamed = { neuron = "nerve", why = "reason" }'
    found = grade(verdict(), MARKED, by(rules, paper=paper))
    assert {entry.id: entry.score for entry in found.items} == {"toy": 2.0, "nerve": 1.0, "reason": 3.0}
    assert grade(verdict(), MARKED, by("", paper=paper)).status == NOT_JUDGED  # nothing is known of the new names


def test_who_is_excused_has_no_score_handed_in_or_not():
    excused = by("", Allowance(frozenset({"flat"})))
    assert [grade(verdict(), MARKED, excused).status, missing("ada", "flat", excused).status] == [EXCUSED] * 2
    assert grade(verdict(), MARKED, excused).score is None
    assert missing("bob", "flat", excused).status == MISSING and missing("bob", "flat", excused).max_score == 9.0


def test_a_person_overrules_the_checks_and_gives_points_on_top():
    marks = MARKED | {"neuron": Mark(score=2.5, out_of=3.0), "toy": Mark(extra=1.0, out_of=2.0)}
    found = grade(verdict(), marks, by())
    assert {entry.id: entry.score for entry in found.items} == {"toy": 3.0, "neuron": 2.5, "why": 3.0}
    assert [entry.by_hand for entry in found.items] == [False, True, True]


def test_a_hand_in_that_nobody_could_judge_has_no_score_until_a_person_gives_one():
    nothing = verdict(status="not judged", items=[])
    assert grade(nothing, MARKED, by()).status == NOT_JUDGED and grade(nothing, MARKED, by()).score is None
    opened = verdict(items=[item("toy", 2.0, (True,)), item("neuron", 3.0, (True,)) | {"score": None}])
    assert grade(opened, MARKED, by()).status == NOT_JUDGED
    marks = MARKED | {"neuron": Mark(score=3.0, out_of=3.0)}
    assert shown(grade(opened, marks, by())) == "8 / 9"


def test_without_a_paper_the_verdict_says_what_counts():
    found = grade(verdict(), {}, Terms('[assignments.flat]\ndrop = ["toy"]\npoints = { neuron = 6 }'))
    assert shown(found) == "2 / 6" and found.status == GRADED


def test_a_change_names_whose_grade_changes_from_what_to_what_and_why():
    class_ = [verdict(), verdict("bob", DUE + 30 * HOUR), verdict("eve", neuron=(True, True, True))]
    old, new = by("late = { per_day = 1 }"), by("late = { per_day = 2 }\npoints = { neuron = 6 }\ndrop = ['toy']")
    sides = [[grade(one, MARKED, terms) for one in class_] for terms in (old, new)]
    found = {change.student: change for change in changes(*sides)}
    assert [shown(found["bob"].before), shown(found["bob"].after)] == ["4 / 9", "1 / 10"]
    assert found["bob"].reasons == (
        "toy no longer counts", "neuron counts 6, not 3", "neuron: 1 → 2", "taken off for lateness: 2 → 4",
    )  # fmt: skip
    assert changes(sides[0], sides[0]) == []
    excused = by("late = { per_day = 1 }", Allowance(frozenset({"flat"})))
    (only,) = changes(sides[0], [grade(one, MARKED, excused) for one in class_])
    assert (only.student, only.reasons, shown(only.after)) == ("ada", ("excused",), "excused")


def test_terms_come_back_from_their_record():
    terms = by('late = { per_day = "10 %" }', Allowance(frozenset({"layers"}), {"flat": "2d"}))
    assert Terms.from_dict(terms.as_dict()) == terms


def test_the_roster_says_who_is_allowed_what(tmp_path):
    (tmp_path / "roster.csv").write_text("id;name;excused;extensions\nada;A;flat layers;flat=2d, layers=36h\nbob;B;;\n")
    found = read_people(tmp_path / "roster.csv")
    assert found == {"ada": Allowance(frozenset({"flat", "layers"}), {"flat": "2d", "layers": "36h"})}
    assert read_people(tmp_path / "none.csv") == {}
    wrong = {"bob": Allowance(frozenset({"x"}), {"flat": "soon"})}
    assert [text for text in people.check(wrong, ["flat"])] == [
        "roster, bob: there is no assignment 'x'; there are: all, flat",
        "roster, bob: the extension 'soon' is neither a length (2d, 36h, 1d12h) nor a time",
    ]
    (tmp_path / "roster.csv").write_text("id,extensions\nada,2d\n")
    with pytest.raises(AllowanceError, match="ada: the extension '2d'"):
        read_people(tmp_path / "roster.csv")


def test_an_extension_never_shortens():
    assert extended(DUE, "2026-01-01", UTC) == DUE


@given(
    hours=st.floats(0, 2000), grace=st.integers(0, 600), rate=st.floats(0, 40), cap=st.none() | st.floats(0, 9),
    off=st.sets(st.integers(1, 28), max_size=5), of=st.sampled_from(["points", "score"]),
)  # fmt: skip
def test_more_time_never_costs_a_student_anything(hours, grace, rate, cap, off, of):
    late = f'late = {{ grace_minutes = {grace}, per_day = "{rate:.3f} %", of = "{of}"'
    late += "" if cap is None else f", cap = {cap:.3f}"
    days = ", ".join(f"2026-04-{day:02d}" for day in sorted(off))
    sooner, later = (
        grade(verdict(received=DUE + timedelta(hours=when)), MARKED, by(f"{late} }}")) for when in (hours / 2, hours)
    )
    assert 0 <= later.score <= sooner.score <= later.raw_score
    resting = grade(verdict(received=DUE + timedelta(hours=hours)), MARKED, by(f"{late}, days_off = [{days}] }}"))
    assert later.score <= resting.score
    allowed = by(f"{late} }}", Allowance(extensions={"flat": f"{grace}h"}))
    assert later.score <= grade(verdict(received=DUE + timedelta(hours=hours)), MARKED, allowed).score


@pytest.mark.parametrize(
    ("rule", "hours", "stands"),
    [
        ("last in time", (-9, -5, -1, 3), 2),
        ("last in time", (2, 3), 1),  # none is in time: the last
        ("last in time", (-9, None, 3), 1),  # nobody is late by a time that nobody knows
        ("last", (-9, -5, 3), 2),
        ("first", (-9, -5, 3), 0),
    ],
)
def test_the_attempt_that_the_rule_names_stands(rule, hours, stands):
    course = parse(f'[attempts]\nstands = "{rule}"\n[assignments.flat]\ndue = 2026-04-02T22:00:00')
    rules = course.of("flat")
    attempts = [
        Attempt(
            "ada", "flat", "a", "0", "0", "folder", "a.zip", None if hour is None else DUE + hour * HOUR, "file", DUE
        )
        for hour in hours
    ]
    chosen = rule_of(rules, lambda student, received: seconds_late(received, rules.due, rules.late, UTC))(attempts)
    assert chosen is attempts[stands]


@pytest.mark.parametrize(
    ("scores", "stands"), [((2, 3, 1), 1), ((3, 3, 1), 1), ((0, 0, 0), 2), ((3, None, 1), 1), ((None, None, None), 1)]
)
def test_the_best_attempt_stands_once_all_are_judged_and_until_then_the_last_in_time(scores, stands):
    rules = parse('[attempts]\nstands = "best"\n[assignments.flat]\ndue = 2026-04-02T22:00:00Z').of("flat")
    attempts = [
        Attempt("ada", "flat", str(score), "", "", "", "", DUE + hour * HOUR, "file", DUE)
        for score, hour in zip("abc", (-2, -1, 1), strict=True)
    ]
    known = dict(zip("abc", scores, strict=True))
    late = lambda student, received: seconds_late(received, rules.due, rules.late, UTC)  # noqa: E731
    assert rule_of(rules, late, lambda attempt: known[attempt.name])(attempts) is attempts[stands]
