"""Judge the judge: every wrong answer of an assignment must lose marks, every right one must keep all of them.

Steps, for each assignment that has a room in `autograder/course/`: collect the suite once; build each answer's
modules from the solution's sources; run the items that the answer touches, as in grading but in this process (the
answers are our own); compare what was found with what must be found; print the matrix of items; write it as JSON.

A wrong answer counts as rejected in an item when a test with a share of the marks fails, or any test finds something
forbidden. Its diagnosis is the first that a student sees in that item. An answer is falsely accused when any test
names first a misconception that is not the answer's own.

With `--mutate` every small change to the solutions is tried as well (`autograder/mutate/`), and must be noticed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from autograder.audit.needs import needs
from autograder.course.answers import Answer
from autograder.course.mistaken import Mistaken
from autograder.course.rooms import Room, load, names
from autograder.course.students import answering
from autograder.judging.marks import loses_marks
from autograder.masters.sources import checks_of
from toolbox.checks.items import TestResult
from toolbox.checks.recognise import Known, name_mistakes
from toolbox.checks.suite import Suite
from toolbox.errors import UnknownName

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ("public", "audit")  # what students see, and one that they do not
DEAR = 10  # seconds of processor time that a check may take


@dataclass
class Finding:
    """One answer in one item. first: the first diagnosis shown; accused: names that are not the answer's own.

    named_in_three: whether one of the first three names shown is the answer's own.
    """

    answer: str
    right: bool
    item: str
    kept: bool
    expected: list[str]
    first: str | None
    accused: list[str]
    failed: list[str]
    named_in_three: bool = False

    @property
    def ok(self) -> bool:
        return self.kept == self.right

    @property
    def named(self) -> bool:
        """Whether the first diagnosis is the answer's own; answers without a misconception do not count."""
        return self.first in self.expected


def audit(
    assignment: str,
    items: Iterable[str] | None = None,
    *,
    suite: Suite | None = None,
    room: Room | None = None,
    seeds: Iterable[str] = SEEDS,
    right_only: bool = False,
    thorough: bool = True,
    console: Console | None = None,
) -> list[Finding]:
    """Run all wrong and right answers of an assignment. items: only these. thorough: see `judge`.

    suite, room: another suite, another room than the repository's own (the audit's tests use them).
    Raises ValueError where an edit no longer fits the solution, KeyError for an unknown item.
    """
    room = room or load(assignment)
    suite = suite or Suite(checks_of(ROOT, assignment))
    if unknown := set(items or ()) - set(suite.items):
        raise UnknownName(f"no item {', '.join(sorted(unknown))} in {assignment}; it has {', '.join(suite.items)}")
    wanted = set(items or suite.items)
    answers = [(answer, True) for answer in room.right]
    if not right_only:
        answers = [(answer, False) for answer in room.wrong] + answers
    answers = [(answer, right) for answer, right in answers if wanted & set(answer.items)]
    seeds = list(seeds)
    known = mistaken(room, suite, seeds)
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # the tensors are small: more than one only wait for each other
    try:
        return [
            finding
            for answer, right in track(answers, f"audit {assignment}", console=console or Console(stderr=True))
            for finding in judge(answer, right, room, suite, wanted, known, thorough)
        ]
    finally:
        torch.set_num_threads(before)


def mistaken(room: Room, suite: Suite, seeds: Iterable[str] = SEEDS) -> dict[str, Known]:
    """What the room's mistakes lead to, under every seed."""
    return {seed: Mistaken(room, suite.checks, seed) for seed in seeds}


def judge(
    answer: Answer, right: bool, room: Room, suite: Suite, wanted: set[str], known: Mapping[str, Known],
    thorough: bool = True,
) -> list[Finding]:  # fmt: skip
    """One answer through its items, under every seed that `known` has. thorough: ask right answers also what takes
    seconds, and wrong ones also what is hidden where public checks have rejected them and told their names.
    """
    touched = [name for name in answer.items if name in wanted]
    runs: list[list[TestResult]] = []
    for seed, leads_to in known.items():
        earlier = runs[0] if runs else None
        runs.append(_run(answer, room, suite, touched, seed, earlier, leads_to, right, thorough))
    findings = []
    for name in touched:
        by_seed = [[result for result in run if result.item == name] for run in runs]
        tests = [result for run in by_seed for result in run]
        failed = [test for test in tests if test.status != "passed"]
        diagnoses = [test.diagnosis for test in failed if test.diagnosis]
        first = diagnoses[0][0] if diagnoses else None
        accused = sorted({found[0] for found in diagnoses if found[0] not in answer.diagnosis})
        # with one seed a wrong answer may be lucky; it must not be
        lost = [any(loses_marks(test) for test in run) for run in by_seed]
        kept = not any(lost) if right else not all(lost)
        names = sorted({test.name for test in failed})
        shown = list(dict.fromkeys(found for ids in diagnoses for found in ids))[:3]
        in_three = bool(set(shown) & set(answer.diagnosis))
        own = list(answer.diagnosis)
        findings.append(Finding(answer.name, right, name, kept, own, first, accused, names, in_three))
    if not right and not thorough and any(f.accused or f.expected and not f.named for f in findings):
        return judge(answer, right, room, suite, wanted, known)
    return findings


def _run(
    answer: Answer, room: Room, suite: Suite, items: list[str], seed: str, first: list[TestResult] | None,
    known: Known, right: bool, thorough: bool,
) -> list[TestResult]:  # fmt: skip
    """One answer under one seed. first: its results under the first seed; what runs for seconds says the same under
    every seed, so it is asked under the first one alone, and only where nothing else has rejected the answer.
    """
    dear = {check.id for check in suite.checks if (check.seconds or 0) >= DEAR}
    hidden = {check.id for check in suite.checks if check.hidden} - dear
    public = {check.id for check in suite.checks} - dear - hidden
    stages = [public | hidden] if right or thorough else [public, hidden]
    if first is None and (thorough or not right):
        stages.append(dear)
    run: list[TestResult] = []
    left = items
    for tests in stages:
        run += suite.run(answering(answer, room), items=left, seed=seed, tests=tests)
        left = [name for name in items if not any(loses_marks(result) for result in run if result.item == name)]
    name_mistakes(run, known)
    return run + [result for result in first or () if result.name in dear]


def matrix(assignment: str, findings: list[Finding]) -> Table:
    """Items against what happened to their answers, with the totals in the last row."""
    table = Table(title=f"audit of {assignment}", show_footer=True)
    groups = by_item(findings)
    heads = ("item", "wrong rejected", "right accepted", "named at first guess", "falsely accused")
    for head, total in zip(heads, ["all", *_cells(counts(findings))], strict=True):
        table.add_column(head, footer=total, justify="left" if head == "item" else "right", no_wrap=head == "item")
    for name, group in groups.items():
        table.add_row(name, *_cells(counts(group)))
    return table


def by_item(findings: list[Finding]) -> dict[str, list[Finding]]:
    """The findings of each item, in the order in which they were made."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.item, []).append(finding)
    return groups


def counts(findings: list[Finding]) -> dict[str, Any]:
    """How many were judged rightly, as [k, of n]; accused: how many answers were given a name that is not theirs.

    Only wrong answers that have a misconception of their own can be named.
    """
    wrong, right = [f for f in findings if not f.right], [f for f in findings if f.right]
    nameable = [f for f in wrong if f.expected]
    return {
        "wrong_rejected": [sum(f.ok for f in wrong), len(wrong)],
        "right_accepted": [sum(f.ok for f in right), len(right)],
        "named_first": [sum(f.named for f in nameable), len(nameable)],
        "named_in_three": [sum(f.named_in_three for f in nameable), len(nameable)],
        "accused": sum(bool(f.accused) for f in findings),
    }


def _cells(found: dict[str, Any]) -> list[str]:
    pairs = [found[key] for key in ("wrong_rejected", "right_accepted", "named_first")]
    return [*(f"{k} of {n}" for k, n in pairs), str(found["accused"])]


def run(
    assignments: list[str] | None = None,
    items: list[str] | None = None,
    json_file: Path | None = None,
    console: Console | None = None,
    *,
    mutate: bool = False,
    record: bool = False,
    jobs: int | None = None,
    seeds: int = 0,
    threads: Iterable[int] = (1,),
    right_only: bool = False,
) -> int:
    """Audit the assignments (default: all that have a room), print the matrix, write JSON. Returns the exit status.

    mutate: try the mutants of their solutions as well, on `jobs` processes. record: keep the figures, for the table in
    autograder/README.md. seeds: judge under so many further seeds, each on every number of `threads`, the solution
    and the wrong answers, and under every tenth the right ones (`autograder.audit.seeds`). right_only: leave the wrong
    answers out.

    Nonzero when a wrong answer keeps full marks in an item, when a right one loses any, when a mutant survives that is
    not known as equivalent, and when nothing was audited.
    """
    console = console or Console()
    report, bad = {}, []
    for assignment in assignments or names():
        findings = audit(assignment, items, right_only=right_only)
        console.print(matrix(assignment, findings))
        if not items:
            slowest = needs(ROOT, assignment)
            console.print(f"slowest calls of {assignment}, for the solution:", highlight=False)
            console.print(*(f"  {need}" for need in slowest[:3]), sep="\n", highlight=False)
            bad += [f"too near its limit: {need}" for need in slowest if not need.ok]
        bad += [_complaint(f) for f in findings if not f.ok]
        report[assignment] = {
            "totals": counts(findings),
            "items": {name: counts(group) for name, group in by_item(findings).items()},
            "findings": [asdict(f) | {"ok": f.ok, "named": f.named} for f in findings],
        }
        if seeds:
            from autograder.audit.seeds import stability  # which takes this module's way to put an answer together

            steady = stability(assignment, seeds, threads=list(threads), items=items, right_only=right_only, jobs=jobs)
            report[assignment]["stability"] = steady.to_dict()
            console.print(*steady.words(), sep="\n", highlight=False)
            bad += map(str, steady.slips)
        if mutate:
            from autograder.audit.mutation.run import (
                mutate as try_mutants,  # asks for cosmic-ray, which only this needs
            )

            scores = try_mutants(assignment, jobs=jobs)
            report[assignment]["mutation"] = {score.module: score.to_dict() for score in scores}
            for score in scores:
                console.print(f"{score.module}.py: {score.killed} of {score.mutants} mutants killed, "
                              f"{len(score.equivalent)} equivalent")  # fmt: skip
                bad += [f"survived: {name}" for name in score.survived] + score.untrue
    for complaint in bad:
        console.print(complaint, style="red", markup=False)
    if json_file:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(report, indent=1) + "\n")
    if record:
        from autograder.audit.mutation.table import record as keep

        keep(ROOT, report)
    return 1 if bad or not any(entry["findings"] for entry in report.values()) else 0


def _complaint(finding: Finding) -> str:
    verb = "loses marks" if finding.right else "keeps full marks"
    return f"{finding.answer} {verb} in {finding.item} {', '.join(finding.failed)}"
