"""`explain STUDENT ITEM`: how one mark came about, in plain text, for when a student disputes it.

Steps: find the verdict; say what was judged, and by which version of the checks; list the checks with what they found;
show how shares become points, and what the rules and people made of them; judge the same hand-in once more, under the
same seed and by today's checks, and say whether anything comes out otherwise. Nothing is written. Where the hand-in or
the seed is not on this machine, the verdict alone is explained.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from autograder.history import log
from autograder.intake.again import Again
from autograder.intake.place import known
from autograder.judging.key import versions
from autograder.masters.catalogue import catalogue
from autograder.records import seed as seeds
from autograder.records.hand_in import HandIn, read_hand_in
from autograder.records.marks import Mark
from autograder.records.verdict import read_all_of
from autograder.report.summary import duration
from autograder.rules.causes import sentence
from autograder.rules.changes import shown
from autograder.rules.class_grades import ClassGrades
from autograder.rules.grade import Grade, ItemGrade
from autograder.sandbox import launcher
from toolbox.checks.misconceptions import CATALOGUE
from toolbox.errors import NotJudged, UnknownName

SHORT = 16  # characters of a digest that are shown
VALUES = ("shape_yours", "shape_true", "relative_error", "wrong_entries", "ratio", "worst")


def explain(root: Path, student: str, item: str, *, assignment: str = "", replay: bool = True) -> list[str]:
    """The lines of the explanation. assignment: where several have an item of that name; "" to find it. replay: judge
    once more. Raises UnknownName where there is no such verdict or item.
    """
    grades = ClassGrades(root)
    found = []
    for verdict in read_all_of(root / "classroom", student):
        renamed = grades.terms.rules(verdict["assignment"]).renamed
        names = {item, *(old for old, new in renamed.items() if new == item)}
        there = {*(one["id"] for one in verdict["items"]), *(grades.terms.paper(verdict["assignment"]).written)}
        if assignment in ("", verdict["assignment"]) and names & there:
            found.append((verdict, next(iter(names & there))))
    if len(found) != 1:
        raise UnknownName(_which(root, student, item, [verdict["assignment"] for verdict, _ in found]))
    ((verdict, name),) = found
    own = next((one for one in verdict["items"] if one["id"] == name), None)
    grade = grades.of(verdict)
    lines = [f"{student}, {verdict['assignment']}, {item}: {_score(grade.item(item))}; in all {shown(grade)}"]
    lines += ["", "What was judged", *_judged(verdict)]
    if own is not None:
        lines += ["", "What the checks found", *_checks(own)]
    mark = grades.marks(verdict["assignment"]).get(student, {}).get(item)
    lines += ["", "What the rules and people made of it", *_rules(grades, grade, item, own, mark)]
    lines += _before(root, verdict["assignment"], student)
    if own is not None:
        lines += ["", "Today", *(_again(root, verdict, own) if replay else ["  not judged again (--no-replay)"])]
    return lines


def _which(root: Path, student: str, item: str, assignments: list[str]) -> str:
    if assignments:
        return f"{item!r} is in {' and '.join(assignments)}: name one with --assignment"
    verdicts = read_all_of(root / "classroom", student)
    if not verdicts:
        return f"there is no verdict on {student!r}: nothing of theirs has been graded here"
    there = "; ".join(f"{own['assignment']}: {', '.join(one['id'] for one in own['items'])}" for own in verdicts)
    return f"no verdict on {student} has an item {item!r}; there are: {there}"


def _judged(verdict: dict) -> list[str]:
    by, hand_in, intake = verdict.get("judged_by", {}), verdict["hand_in"], verdict["intake"]
    lines = [
        f"  hand-in       received {hand_in.get('received') or 'at a time that nobody knows'}",
        f"                SHA-256 {hand_in.get('sha256') or 'unknown'}",
    ]
    if intake.get("status") != "accepted":
        lines.append(f"  on arrival    {intake.get('status')}: {intake.get('message', '')}")
    lines += [
        f"  checks        {by.get('checks', 'of a version that the verdict does not tell')[:SHORT]}",
        f"  grader        {by.get('grader', '?')[:SHORT]} (the checks, the solution, the kit, torch)",
        f"  verdict       {verdict['key'][:SHORT]}",
    ]
    return lines


def _checks(item: dict) -> list[str]:
    """Each check, what it counts, and what it saw; then the sum."""
    whole = sum(test["share"] for test in item["tests"])
    lines = []
    for test in item["tests"]:
        counts = item["max_score"] * test["share"] / whole if whole else 0.0
        lines.append(f"  {test['status']:10s} {counts:5.2f}  {sentence(test)}{' (hidden)' * test['hidden']}")
        if test["status"] == "passed":
            continue
        lines += [f"{'':19s}{line}" for line in (test["detail"] or test["message"]).splitlines()]
        lines += [f"{'':19s}{line}" for line in _values(test["evidence"] or {})]
        lines += [f"{'':19s}looks like: {CATALOGUE[name].name}" for name in test["diagnosis"][:1] if name in CATALOGUE]
        if test["follows"]:
            lines.append(
                f"{'':19s}the same mistake as in {test['follows']}, where it cost its marks: none are lost here"
            )
    if not item["tests"]:
        return [f"  no check ran: {item['message']}"]
    earned = sum(test["share"] for test in item["tests"] if test["status"] == "passed" or test["follows"])
    if item["score"] is None:
        return [*lines, "  not judged: the machine or the kit was at fault; it has no score, and costs nothing"]
    if any(test["status"] == "forbidden" for test in item["tests"]):
        return [*lines, "  something forbidden was found: the item earns nothing"]
    return [*lines, f"  {earned:g} of {whole:g} shares of {item['max_score']:g} points: {item['score']:g}"]


def _values(evidence: dict) -> Iterable[str]:
    """What a check measured, as the verdict keeps it."""
    for name in VALUES:
        if (value := evidence.get(name)) is None:
            continue
        if isinstance(value, dict):
            value = ", ".join(f"{key} {part}" for key, part in value.items())
        yield f"{name.replace('_', ' ')}: {value}"


def _rules(grades: ClassGrades, grade: Grade, item: str, own: dict | None, mark: Mark | None) -> list[str]:
    rules, counted, lines = grades.terms.rules(grade.assignment), grade.item(item), []
    if counted is None:
        lines.append("  the item is dropped: it counts for nobody")
    else:
        if own and own["max_score"] != counted.max_score:
            lines.append(f"  it counts {counted.max_score:g} points, not {own['max_score']:g} as when it was judged")
        if counted.by_hand and mark:
            lines.append(f"  marked by hand: {mark.score:g} of {mark.out_of:g}; this counts in place of the checks")
        if mark and mark.extra:
            lines.append(f"  points on top, by hand: {mark.extra:g}")
        if mark and mark.comment:
            lines.append(f"  comment: {mark.comment}")
        if counted.score is None:
            lines.append("  it waits for a person")
    if rules.drop - {item}:
        lines.append(f"  dropped elsewhere: {', '.join(sorted(rules.drop - {item}))}")
    if grade.deadline:
        due = f"  due {grade.deadline:%Y-%m-%d %H:%M:%S %Z}"
        lines.append(due + (" (extended)" if grade.deadline != grade.due else ""))
    if grade.late_seconds:
        lines.append(f"  late by {duration(grade.late_seconds)}: {grade.penalty:g} points off the assignment")
    parts = f"{grade.auto_score or 0:g} by checks" + (
        f" + {grade.written_score:g} by people" if grade.written_score is not None else ""
    )
    off = f" − {grade.penalty:g} for lateness" if grade.penalty else ""
    return [*lines, f"  the assignment: {parts}{off} of {grade.max_score:g} points: {shown(grade)} ({grade.status})"]


def _before(root: Path, assignment: str, student: str) -> list[str]:
    """What the log knows of this grade."""
    lines = []
    for entry in log.read(root / "classroom"):
        for one in entry.changed:
            if (one["assignment"], one["student"]) == (assignment, student):
                why = "; ".join(one["why"])
                lines.append(
                    f"  {entry.at[:16]}  {entry.did}, by {entry.who}: {one['before']} → {one['after']} ({why})"
                )
    return ["", "How the grade changed", *lines] if lines else []


def _again(root: Path, verdict: dict, item: dict) -> list[str]:
    """Judge the same hand-in once more, and compare."""
    name, by = verdict["assignment"], verdict.get("judged_by", {})
    if name not in catalogue(root):
        return [f"  not judged again: this course has no assignment {name!r}"]
    now = versions(root, name)
    same = "the same version of the checks" if by.get("checks") == now["checks"] else "another version of the checks"
    if by.get("checks") == now["checks"] and by != now:
        same = "the same checks, another version of the grader"
    hand_in, why = _hand_in(root, verdict)
    seed = seeds.configured(root) or (
        seeds.class_seed(root / "classroom") if seeds.seed_file(root / "classroom").is_file() else ""
    )
    if not seed:
        why = "the class's seed is not on this machine"
    if hand_in is None or why:
        return [f"  {same}: {now['checks'][:SHORT]}", f"  not judged again: {why}"]
    launcher.begin()
    from autograder.judging.judge import Judge  # and torch with it: the verdict alone is explained without

    judge = Judge(root, name, seed=seed)
    try:
        found = judge.judge(hand_in).verdict.as_dict()
    except NotJudged as error:
        return [f"  {same}: {now['checks'][:SHORT]}", f"  not judged again: {error}"]
    finally:
        judge.close()
    return [f"  judged again by {same}: {now['checks'][:SHORT]}", *_compared(item, found["items"])]


def _hand_in(root: Path, verdict: dict) -> tuple[HandIn | None, str]:
    """The hand-in that a verdict is about, from its place or from the attempts; else why there is none."""
    classroom, name, student = root / "classroom", verdict["assignment"], verdict["student"]
    sha256, folder = verdict["hand_in"].get("sha256"), root / "classroom" / "submitted" / student / name
    receipt = known(folder, name)
    if receipt and receipt.sha256 == sha256:
        return read_hand_in(folder, receipt), ""
    again = Again(classroom, name, root / "assignments" / name / f"{name}.ipynb")
    attempt = next((one for one in again.attempts(student) if one.sha256 == sha256), None)
    return (again.hand_in(attempt), "") if attempt else (None, "the hand-in is not on this machine")


def _compared(before: dict, items: list[dict]) -> list[str]:
    after = next((one for one in items if one["id"] == before["id"]), None)
    if after is None:
        return ["  the item is gone from today's checks"]
    old, new = ({test["name"]: test for test in own["tests"]} for own in (before, after))
    lines = [
        f"  {sentence(new.get(name) or old[name])}: {_status(old.get(name))} then, {_status(new.get(name))} now"
        for name in dict.fromkeys((*old, *new))
        if _status(old.get(name)) != _status(new.get(name))
    ]
    scores = [own["status"] if own["score"] is None else f"{own['score']:g}" for own in (before, after)]
    if not lines and scores[0] == scores[1]:
        return [f"  it comes out the same, check for check: {scores[1]} of {after['max_score']:g}"]
    return [*lines, f"  it would be {scores[1]} of {after['max_score']:g}; the verdict says {scores[0]}"]


def _status(test: dict | None) -> str:
    return "not there" if test is None else test["status"]


def _score(item: ItemGrade | None) -> str:
    if item is None:
        return "does not count"
    return f"{item.status if item.score is None else f'{item.score:g}'} of {item.max_score:g} points"
