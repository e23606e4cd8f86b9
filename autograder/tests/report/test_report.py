"""The class report: numbers from verdicts, on a page and in a terminal, with nothing of a student's taken as markup."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from rich.console import Console

from autograder.report import policy, print_table, summarise, write_report
from autograder.report.advice import advice
from autograder.report.charts import timeline
from autograder.report.items import figures
from autograder.report.student_page import file_of, path_of, recurring, write_student
from autograder.report.summary import duration
from autograder.report.templates import level
from autograder.rules.class_grades import ClassGrades
from autograder.rules.grade import Grade, grade, missing
from autograder.rules.people import Allowance
from autograder.rules.terms import Terms

DUE = datetime(2026, 3, 1, 22, tzinfo=UTC)
RULES = "[assignments.flat]\ndue = 2026-03-01T22:00:00\nlate = { per_day = 0.25 }\n"
BAD = "<img src=x onerror=alert(1)>[red]\x1b[31m{{ 7*7 }}"


def item(name: str, status: str = "passed", score: float = 1, diagnosis: tuple = (), tests: list | None = None) -> dict:
    if tests is None:
        one = "failed" if status == "partial" else status
        tests = [
            {
                "name": "test_x",
                "hidden": True,
                "share": 1,
                "status": one,
                "message": "",
                "detail": "",
                "evidence": None,
                "diagnosis": list(diagnosis),
            }
        ]
    return {
        "id": name,
        "score": score,
        "max_score": 1,
        "status": status,
        "message": "off",
        "detail": "",
        "tests": tests,
    }


def verdict(student: str, items: list[dict], *, late: int = 0, intake: dict | None = None) -> dict:
    return {
        "schema": 2,
        "assignment": "flat",
        "student": student,
        "status": "judged",
        "message": "",
        "left_out": [],
        "hand_in": {"sha256": "0", "received": (DUE + timedelta(seconds=late)).isoformat() if late else None},
        "intake": intake or {"status": "accepted", "code": None, "message": "", "repairs": []},
        "score": sum(one["score"] or 0 for one in items),
        "max_score": len(items),
        "items": items,
    }


def refused(message: str = "no lib") -> dict:
    return {"status": "refused", "code": "no_lib", "message": message, "repairs": []}


def small_class() -> list[dict]:
    return [
        verdict("bo", [item("toy"), item("hinge", "failed", 0, ["bias-averaged"])], late=90_000),
        verdict("ada", [item("toy"), item("hinge")]),
        verdict("cy", [item("toy", "timeout", 0), item("hinge", "partial", 0.5, ["bias-averaged", "transposed"])]),
        verdict("di", [item("toy", "missing", 0, tests=[]), item("hinge", "missing", 0, tests=[])], intake=refused()),
    ]


def graded(verdicts: list[dict]) -> list[Grade]:
    return [grade(one, {}, Terms(RULES)) for one in verdicts]


def page(tmp_path, verdicts) -> str:
    (tmp_path / "classroom").mkdir(exist_ok=True)
    (tmp_path / "classroom" / "course.toml").write_text(RULES)
    return write_report(tmp_path, "flat", verdicts, tmp_path / "report").read_text()


class Seen(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.links, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [
            value for name, value in attributes if name in ("src", "href", "action") or name.startswith("on")
        ]

    def handle_data(self, data):
        self.text.append(data)


def test_the_numbers_are_those_of_the_verdicts():
    summary = summarise("flat", small_class(), graded(small_class()))
    assert [row.student for row in summary.rows] == ["ada", "bo", "cy", "di"]
    assert (summary.mean, summary.median, summary.max_score) == (0.75, 0.5, 2)  # half a point less for two days
    assert summary.items == {"toy": pytest.approx(2 / 3), "hinge": 0.5}  # without the refused one
    assert summary.histogram == [1, 0, 2, 0, 0, 0, 0, 0, 0, 1]
    assert [row.student for row in summary.late] == ["bo"]


def test_misconceptions_count_students_by_the_first_guess():
    summary = summarise("flat", small_class())
    assert summary.misconceptions == [("bias-averaged", ["bo", "cy"], ["hinge"])]


def test_causes_are_named_also_where_the_item_earned_a_part():
    slow = {
        "name": "test_y",
        "hidden": False,
        "share": 1,
        "status": "timeout",
        "message": "",
        "detail": "",
        "diagnosis": [],
        "evidence": None,
    }
    summary = summarise("flat", [verdict("ada", [item("toy", "partial", 0.5, tests=[slow])])])
    assert summary.rows[0].causes == {"timeout": 1}


def test_an_exception_is_shown_once_by_its_message(tmp_path):
    bad = [item(name, "failed", 0) for name in ("toy", "hinge")]
    for one in bad:
        one["message"] = "your code raised SyntaxError: '(' was never closed (flat.py, line 225)"
    verdicts = [verdict("ada", bad)]
    assert summarise("flat", verdicts).rows[0].raised.startswith("raised SyntaxError")
    assert "raised SyntaxError: &#39;(&#39; was never closed" in page(tmp_path, verdicts)
    assert "never closed" in printed(verdicts)


def test_the_page_shows_every_student_item_and_cause(tmp_path):
    text = page(tmp_path, small_class())
    for word in ("ada", "di", "toy", "hinge", "bias gradient is averaged", "timeout", "1 d 1 h, 0.5", "no_lib"):
        assert word in text


def test_the_page_needs_nothing_from_the_network_and_runs_nothing(tmp_path):
    seen = Seen()
    text = page(tmp_path, small_class())
    seen.feed(text)
    assert set(seen.links) == {f"students/{name}.html" for name in ("ada", "bo", "cy", "di")}
    assert not {"script", "link", "iframe", "img"} & set(seen.tags)
    assert "http" not in text.replace("http-equiv", "") and "url(" not in text
    assert "default-src 'none'" in text


def test_nothing_of_a_student_becomes_markup(tmp_path):
    bad = item(BAD, "failed", 0, [BAD])
    bad["message"] = BAD
    intake = {**refused(BAD), "code": BAD}
    repaired = {"status": "repaired", "code": None, "message": BAD, "repairs": [{"code": BAD, "message": BAD}]}
    verdicts = [verdict(BAD, [bad], intake=intake), verdict(BAD + "2", [bad], intake=repaired)]
    seen = Seen()
    text = page(tmp_path, verdicts)
    seen.feed(text)
    assert "img" not in seen.tags and all(link.startswith("students/%253Cimg") for link in seen.links)
    assert "&lt;img" in text and "{{ 7*7 }}" in text and "49" not in "".join(seen.text)


HIDDEN = "a\x1b]0;t\x07\u202eb\u2066c\u200bd\ufeff\U000e0041\x9b2J\ud800"
WRITTEN = "a␛]0;t␇\\u202eb\\u2066c\\u200bd\\ufeff\\U000e0041\\x9b2J\\ud800"


def test_invisible_characters_are_written_out_on_the_pages_and_in_the_terminal(tmp_path):
    bad = item("toy", "failed", 0)
    bad["message"] = f"your code raised {HIDDEN}"
    verdicts = [verdict(HIDDEN, [bad]), verdict("x", [item("toy")], intake=refused(HIDDEN))]
    text = page(tmp_path, verdicts)
    own = write_student(HIDDEN, verdicts[:1], ("flat",), tmp_path).read_text()
    for shown in (text, own, printed(verdicts).replace("\n", "")):
        assert WRITTEN in shown and not set(HIDDEN) - set("a]0;tbcd2J") & set(shown)
    assert text.count(WRITTEN) > 4 and own.count(WRITTEN) > 2


def test_both_pages_carry_the_policy_before_their_title(tmp_path):
    text = page(tmp_path, small_class())
    own = (tmp_path / "report" / "students" / "ada.html").read_text()
    for shown in (text, own):
        head = shown[: shown.index("<title>")]
        assert policy.meta() in head and "default-src 'none'" in policy.meta() and "<script" not in shown


def test_an_empty_class_still_makes_a_page(tmp_path):
    assert "no verdicts yet" in page(tmp_path, [])


def test_the_same_verdicts_in_another_order_make_the_same_page(tmp_path):
    assert page(tmp_path, small_class()) == page(tmp_path, small_class()[::-1])


def test_the_page_is_written_where_it_is_asked_for(tmp_path):
    path = write_report(tmp_path, "flat", small_class(), tmp_path / "deep" / "mine.html")
    assert path == tmp_path / "deep" / "mine.html" and sorted(path.parent.iterdir()) == [path, path.parent / "students"]


def test_verdicts_are_read_from_the_classroom_when_none_are_given(tmp_path):
    folder = tmp_path / "classroom" / "verdicts" / "flat"
    folder.mkdir(parents=True)
    (folder / "ada.json").write_text(json.dumps(small_class()[1]))
    assert "ada" in page(tmp_path, None)


def printed(verdicts: list[dict], grades: list[Grade] | None = None) -> str:
    out = io.StringIO()
    print_table(verdicts, Console(file=out, width=140), graded(verdicts) if grades is None else grades)
    return out.getvalue()


def test_the_table_names_students_scores_causes_and_misconceptions():
    text = printed(small_class())
    for word in (
        "ada",
        "2 / 2",
        "timeout (1)",
        "The bias gradient is averaged",
        "late by 1 d 1 h (0.5 points taken off)",
        "refused (no_lib)",
    ):
        assert word in text


def test_who_is_missing_or_excused_is_named_and_the_excused_count_in_no_mean(tmp_path):
    (tmp_path / "classroom").mkdir()
    (tmp_path / "classroom" / "roster.csv").write_text("id,excused\nada,flat\nbo,\nzoe,\nyan,flat\n")
    text = page(tmp_path, small_class())
    assert "<h2>Handed nothing in</h2><p>zoe.</p>" in text and "<h2>Excused</h2><p>ada, yan.</p>" in text
    terms = Terms(RULES, {"ada": Allowance(frozenset({"flat"}))})
    grades = [*(grade(one, {}, terms) for one in small_class()), missing("zoe", "flat", terms)]
    summary = summarise("flat", small_class(), grades)
    assert summary.mean == pytest.approx((0.5 + 0.5 + 0) / 3) and sum(summary.histogram) == 3
    said = printed(small_class(), grades)
    assert "handed nothing in: zoe" in said and "excused: ada" in said


def test_a_dropped_item_is_in_no_column_and_an_assignment_switched_off_on_no_students_page(tmp_path):
    off = '[assignments.flat]\ndrop = ["toy"]\n[assignments.layers]\non = false\n'
    summary = summarise("flat", small_class(), [grade(one, {}, Terms(off)) for one in small_class()])
    assert list(summary.items) == ["hinge"] and summary.max_score == 1
    other = small_class()[1] | {"assignment": "layers"}
    grades = ClassGrades(tmp_path, Terms(off))
    assert [leg.assignment for leg in path_of([small_class()[1], other], ("flat", "layers"), grades)] == ["flat"]


def test_the_table_prints_names_as_they_are():
    text = printed([verdict(BAD, [item("toy")])])
    assert "[red]" in text and "\x1b" not in text


def test_no_verdicts_print_a_sentence():
    assert "No verdicts yet" in printed([])


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 s"), (59, "59 s"), (3660, "1 h 1 min"), (90_061, "1 d 1 h")])
def test_durations_are_in_words(seconds, words):
    assert duration(seconds) == words


def test_only_all_points_have_the_colour_of_all_points():
    assert [level(value) for value in (0, 0.01, 0.3, 0.5, 0.99, 1)] == [0, 1, 2, 3, 4, 5]


def answers(shares: list[float]) -> list[dict]:
    return [item(f"q{n}", "passed" if s == 1 else "partial" if s else "failed", s) for n, s in enumerate(shares)]


def test_an_item_that_the_strong_miss_is_suspected_and_one_that_follows_the_rest_is_not():
    strength = [0, 0, 0, 0, 1, 1, 1, 1]
    summary = summarise("flat", [verdict(f"s{n}", answers([s, s, 1 - s, s])) for n, s in enumerate(strength)])
    found = {one.id: one for one in figures(summary.rows)}
    assert found["q0"].difficulty == 0.5 and found["q0"].discrimination > 0.9 and not found["q0"].suspicious
    assert found["q2"].discrimination < -0.9 and found["q2"].suspicious


def test_a_discrimination_needs_enough_students_who_differ_and_refused_ones_do_not_count():
    few = summarise("flat", [verdict(f"s{n}", answers([n % 2, 1])) for n in range(7)]).rows
    alike = summarise("flat", [verdict(f"s{n}", answers([1, 1])) for n in range(9)]).rows
    assert {one.discrimination for one in [*figures(few), *figures(alike)]} == {None}
    out = verdict("x", answers([0, 0]), intake=refused())
    mixed = summarise("flat", [*(verdict(f"s{n}", answers([1, 1])) for n in range(3)), out]).rows
    assert [one.difficulty for one in figures(mixed)] == [1, 1]


def test_advice_names_the_section_and_an_example_but_no_student(tmp_path):
    hinge = item("hinge", "failed", 0, ["bias-averaged"])
    hinge["tests"][0]["evidence"] = {
        "name": "gradient b", "shape_yours": [3], "shape_true": [3], "worst": {"index": [1], "yours": 0.5, "true": 4.0},
        "wrong_entries": 3, "entries": 3,
    }  # fmt: skip
    verdicts = [verdict("zora-unique", [hinge]), verdict("ada", [item("hinge")])]
    (one,) = advice(summarise("flat", verdicts))
    assert (one.students, one.items, one.section) == (1, ["hinge"], "A solved example first (notebook flat)")
    assert one.example == "in hinge, gradient b came as 0.5 where 4 is true at [1] (3 of 3 entries are wrong)"
    text = page(tmp_path, verdicts)
    reteach = text[text.index("What to reteach") : text.index("Students and items")]
    misconceptions = text[text.index("<h2>Misconceptions") : text.index("Each hand-in")]
    assert one.example in reteach and "zora" not in reteach + misconceptions


def test_the_time_of_hand_in_is_drawn_with_the_deadline_and_the_late_ones():
    drawn = timeline([("2026-03-01T10:00:00+00:00", 0, 1.0), ("2026-03-02T10:00:00+00:00", 3600, 0.25)])
    assert drawn.count("<circle") == 2 and drawn.count('class="late"') == 1 and 'class="due"' in drawn
    assert 'cy="18.0"' in drawn and 'cy="75.0"' in drawn  # a quarter of the points is three quarters down
    assert timeline([]) == "" and timeline([("2026-03-01T10:00:00+00:00", 0, 1.0)]).count("<circle") == 1


def test_a_student_sees_the_own_path_in_the_order_of_the_course_and_what_comes_again(tmp_path):
    first = verdict("bo", [item("hinge", "failed", 0, ["bias-averaged"]), item("toy", "timeout", 0)])
    second = {**verdict("bo", [item("linear", "failed", 0, ["bias-averaged"])]), "assignment": "layers"}
    path = path_of([second, first], ("flat", "layers"))
    assert [leg.assignment for leg in path] == ["flat", "layers"]
    assert recurring(path) == [("The bias gradient is averaged instead of summed", ["flat", "layers"])]
    text = write_student("bo", [second, first], ("flat", "layers"), tmp_path).read_text()
    assert text.index("flat: 0 of 2") < text.index("layers: 0 of 1") and "What comes again" in text
    assert "timeout" in text and "A solved example first" in text


def test_a_mistake_made_in_many_items_is_explained_once(tmp_path):
    many = [item(f"q{n}", "failed", 0, ["bias-averaged"]) for n in range(6)]
    text = write_student("bo", [verdict("bo", many)], ("flat",), tmp_path).read_text()
    assert text.count("over which of the two") + text.count("What does a copy gate do") == 1 and "q5 (0 of 1)" in text


def test_every_student_gets_a_page_with_all_assignments_and_no_one_elses(tmp_path):
    folder = tmp_path / "classroom" / "verdicts" / "layers"
    folder.mkdir(parents=True)
    other = {**verdict("ada", [item("linear")]), "assignment": "layers"}
    (folder / "ada.json").write_text(json.dumps(other))
    page(tmp_path, small_class())
    text = (tmp_path / "report" / "students" / "ada.html").read_text()
    assert "flat: 2 of 2" in text and "layers: 1 of 1" in text and "bo" not in text.split("<body>")[1].split()


@pytest.mark.parametrize("name", ["../../evil", "a/b", "x" * 500, BAD, "..", "CON"])
def test_a_students_name_leads_to_no_other_place(tmp_path, name):
    path = write_student(name, [verdict(name, [item("toy")])], ("flat",), tmp_path)
    assert path.parent == tmp_path and path.is_file() and "/" not in file_of(name)
    seen = Seen()
    seen.feed(path.read_text())
    assert seen.links == [] and not {"script", "img", "iframe"} & set(seen.tags)


@pytest.mark.parametrize("name", ["ada", "Zoë Å", "a b#c?d", "100%", BAD, "x" * 500])
def test_every_link_in_the_report_leads_to_that_students_page(tmp_path, name):
    seen = Seen()
    seen.feed(page(tmp_path, [verdict(name, [item("toy")]), verdict("y" + name, [item("toy")])]))
    pages = [tmp_path / "report" / unquote(link) for link in seen.links]
    assert len(set(pages)) == 2 and all(path.is_file() for path in pages)


def test_two_long_names_that_begin_alike_have_pages_of_their_own():
    assert file_of("x" * 400 + "a") != file_of("x" * 400 + "b") and len(file_of("é" * 400)) < 200


def test_a_time_that_is_none_is_left_out_and_one_without_a_zone_is_utc():
    drawn = timeline([("2026-03-01T10:00:00", 0, 1.0), ("<b>soon</b>", 0, 1.0), ("2026-03-02T12:00:00+02:00", 0, 0.5)])
    assert drawn.count("<circle") == 2 and "01 Mar 10:00 UTC" in drawn and "02 Mar 10:00 UTC" in drawn
    assert timeline([("never", 0, 1.0)]) == ""
