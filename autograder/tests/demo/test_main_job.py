"""The main job, start to end, as `make demo` does it: in a copy of this repository, with stock nbgrader beside it."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.demo import make_class
from autograder.masters.sources import checks_of
from autograder.tests import build_course
from autograder.tests.check_files import text_of
from autograder.tests.checkout import ROOT, built_course, command, copy_of_the_repository, scores_in

SUBSET = ("loops", "untouched", "bias", "double", "deleted", "late")  # parts of ids: enough kinds, little time


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return copy_of_the_repository(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def hand_ins(course):
    return {hand_in.student: hand_in for hand_in in make_class(course, course / "classroom" / "demo" / "handins")}


@pytest.fixture(scope="module")
def demo(course, hand_ins):
    done = command(course, "autograder", "demo")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def verdicts(course, demo):
    folder = course / "classroom" / "verdicts" / "flat"
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def test_the_whole_class_is_graded_and_the_report_is_written(course, demo, verdicts, hand_ins):
    assert len(hand_ins) >= 16 and set(verdicts) == set(hand_ins)
    for student in hand_ins:
        assert student in demo
        page = course / "classroom" / "feedback" / student / "flat" / "flat.html"
        assert page.stat().st_size > 10_000
    assert (course / "classroom" / "report" / "flat.html").stat().st_size > 5_000


def test_every_student_gets_what_the_hand_in_deserves(verdicts, hand_ins):
    for student, hand_in in hand_ins.items():
        verdict, wanted = verdicts[student], hand_in.expectation
        said = f"{student} ({hand_in.description})"
        assert verdict["intake"]["status"] == wanted.intake, said
        if wanted.code:
            assert verdict["intake"]["code"] == wanted.code, said
        if wanted.repair:
            assert wanted.repair in {repair["code"] for repair in verdict["intake"]["repairs"]}, said
        share = verdict["score"] / verdict["max_score"]
        assert {"full": share == 1, "zero": share == 0, "some": 0 < share < 1}[wanted.marks], f"{said}: {share}"
        lost = {item["id"] for item in verdict["items"] if item["status"] != "passed"}
        if wanted.lost is not None:
            assert lost == set(wanted.lost), said
        if wanted.cause:
            assert wanted.cause in {item["status"] for item in verdict["items"]}, said


def test_misconceptions_are_named_at_first_guess_and_nobody_is_accused_falsely(verdicts, hand_ins):
    for student, hand_in in hand_ins.items():
        named = {
            test["diagnosis"][0] for item in verdicts[student]["items"] for test in item["tests"] if test["diagnosis"]
        }
        wanted = hand_in.expectation.misconception
        assert named == ({wanted} if wanted else set()), student


def test_a_mistake_made_in_many_items_costs_its_marks_once(verdicts, hand_ins):
    paid = 0
    for student, hand_in in hand_ins.items():
        items = verdicts[student]["items"]
        followed = [item for item in items if item["status"] == "followed"]
        assert all(item["score"] == item["max_score"] for item in followed), student
        if hand_in.expectation.misconception in ("reg-half", "bias-averaged"):
            assert followed and [item for item in items if item["score"] == 0], student
            paid += 1
    assert paid == 2


def test_the_gradebook_holds_what_the_verdicts_say(course, verdicts):
    scores = scores_in(course)
    assert set(scores) == set(verdicts)
    for student, verdict in verdicts.items():
        for item in verdict["items"]:
            assert scores[student][item["id"]] == item["score"], (student, item["id"])


def test_written_answers_wait_for_a_person(course, verdicts):
    with Gradebook(f"sqlite:///{course / 'classroom' / 'gradebook.db'}") as gradebook:
        for submission in gradebook.assignment_submissions("flat"):
            written = {
                grade.cell.name: grade
                for notebook in submission.notebooks
                for grade in notebook.grades
                if grade.cell.name in ("why_backwards", "not_modular")
            }
            assert len(written) == 2
            if "loops" in submission.student.id:
                assert all(grade.needs_manual_grade for grade in written.values())


def test_feedback_shows_the_tables_and_no_hidden_source(course, verdicts):
    suite, public = text_of(checks_of(ROOT, "flat")), text_of(ROOT / "assignments" / "flat" / "checks")
    secret = {line.strip() for line in suite.splitlines()} - {line.strip() for line in public.splitlines()}
    secret = {line for line in secret if len(line) > 30 and not line.startswith("def test_")}
    assert len(secret) > 50
    for student in verdicts:
        page = (course / "classroom" / "feedback" / student / "flat" / "flat.html").read_text()
        assert "hinge_loss:" in page, student
        assert not [line for line in secret if line in page], student


def test_the_export_agrees_with_verdicts_rules_and_table(course, demo, verdicts, hand_ins):
    with (course / "classroom" / "grades.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert set(rows) == set(verdicts)
    for student, verdict in verdicts.items():
        row, late = rows[student], hand_ins[student].expectation.late_seconds
        assert float(row["auto_score"]) == verdict["score"], student
        assert int(row["late_seconds"]) == late, student
        taken = min(float(row["raw_score"]), float(row["max_score"]) * 0.1 * -(-late // 86_400))
        assert float(row["late_submission_penalty"]) == pytest.approx(taken, abs=0.005), student
        assert f"{float(row['score']):g} / {float(row['max_score']):g}" in demo, student


def test_stock_nbgrader_run_by_hand_gives_the_same_grades(course, demo, verdicts, tmp_path):
    other = built_course(tmp_path / "by-hand")
    chosen = [student for student in verdicts if any(part in student for part in SUBSET)]
    assert len(chosen) >= 5
    for student in chosen:
        shutil.copytree(course / "classroom" / "submitted" / student, other / "classroom" / "submitted" / student)
    shutil.copy2(course / "classroom" / "seed", other / "classroom" / "seed")
    for step in ("generate_assignment", "autograde", "generate_feedback"):
        done = command(other, "nbgrader", step, "flat", "--force")
        assert done.returncode == 0, done.stderr[-4000:]
    assert build_course.tree(other / "assignments") == build_course.tree(course / "assignments")  # as the kit builds it
    ours, theirs = scores_in(course), scores_in(other)
    assert theirs == {student: ours[student] for student in chosen}
    for student in chosen:
        path = Path("classroom", "verdicts", "flat", f"{student}.json")
        by_hand, by_kit = (json.loads((place / path).read_text()) for place in (other, course))
        assert by_hand["items"] == by_kit["items"]  # the intake may differ: no receipts here


JUDGE = """
import json, sys
from pathlib import Path
sys.path[:0] = ["lib", "."]
from autograder.grading.engines.local import LocalEngine, Settings
from autograder.tests.checkout import hand_in_at
if __name__ == "__main__":
    names = sys.argv[2:]
    folders = [Path.cwd() / "classroom" / "submitted" / name / "flat" for name in names]
    seed = Path("classroom", "seed").read_text().strip()
    engine = LocalEngine(Settings(Path.cwd(), "flat", seed, pictures=sys.argv[1] == "1"), int(sys.argv[1]))
    for folder in folders:
        engine.submit(hand_in_at(folder, Path.cwd()))
    found = {hand_in.student: judgement.verdict.as_dict() for hand_in, judgement in engine.outcomes()}
    engine.close()
    print(json.dumps(found, sort_keys=True))
"""


def test_grades_do_not_depend_on_hash_seed_order_or_number_of_processes(course, demo, verdicts):
    chosen = [student for student in verdicts if any(part in student for part in ("bias", "untouched", "transposed"))]
    (course / "judge_again.py").write_text(JUDGE)
    found = []
    for seed, order, jobs in (("0", chosen, "1"), ("12345", chosen[::-1], "2")):
        done = subprocess.run(
            [sys.executable, "judge_again.py", jobs, *order],
            cwd=course, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
        found.append(json.loads(done.stdout.splitlines()[-1]))
    assert found[0] == found[1]
    for student in chosen:
        assert found[0][student]["items"] == verdicts[student]["items"]
