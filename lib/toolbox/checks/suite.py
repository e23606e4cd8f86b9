"""The checks of an assignment, collected once and asked as often as there are students.

Steps: collect a folder of checks (`collect`); for each student, ask them one by one, the public ones first, with inputs
drawn from the seed, and turn each outcome into a `TestResult`. A check that raises what no check should is `not
judged`: the kit is at fault, or the check could not read the answer; grading finds out which. `pytest
assignments/flat/checks` asks the same ones (`pytest_plugin`).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

from toolbox.calling.student import Student
from toolbox.checks.collect import Check, collect
from toolbox.checks.items import TestResult, each, item
from toolbox.checks.recognise import comparing
from toolbox.errors import Mismatch, NotJudged, StudentError

__all__ = ["Suite", "each", "item"]

PUBLIC_SEED = "public"  # what students see; in grading the seed is the course's own
LONGEST = 2000  # characters of a message; names and texts in it may be the student's
FATAL = ("timeout", "memory", "crashed")  # an item that ended so is not tried again
NOT_JUDGED = "not judged"


class Suite:
    """The checks of a folder or of one file. files: only those of these files. Raises NoChecks where they cannot be
    collected.
    """

    def __init__(self, path: Path, files: Iterable[str] | None = None):
        self.path = Path(path)
        self.checks = collect(self.path, files)

    @property
    def items(self) -> list[str]:
        """The ids of the items, in the order of their first check."""
        return list(dict.fromkeys(check.item for check in self.checks))

    def run(
        self,
        student: Student,
        *,
        items: Iterable[str] | None = None,
        seed: str = PUBLIC_SEED,
        tests: Iterable[str] | None = None,
        faults: bool = False,
    ) -> list[TestResult]:
        """Ask the checks of the given items (default: all) of `student`; one result per check, in order.

        tests: of these only the checks with these ids. All public ones run before any hidden one, so that what a public
        one shows cannot come from a hidden one. faults: tell of a check that raised what none should as `not judged`,
        for the caller to find out whose fault it is; else it is taken for an answer of a form that no check expects.
        Raises NotJudged where nothing can be said of any answer.
        """
        wanted = set(self.items if items is None else items)
        named = None if tests is None else set(tests)
        if unknown := wanted - set(self.items):
            known = ", ".join(self.items)
            raise KeyError(f"{self.path.name} has no item {', '.join(sorted(unknown))}; it has {known}")
        chosen = [
            (check, blank(check))
            for check in self.checks
            if check.item in wanted and (named is None or check.id in named)
        ]
        with warnings.catch_warnings():
            # What a warning comes to is set from outside (PYTHONWARNINGS, pytest): no verdict may depend on it.
            warnings.simplefilter("ignore")
            _ask_all(chosen, student, seed, faults)
        return [result for _, result in chosen]


def _ask_all(chosen: list[tuple[Check, TestResult]], student: Student, seed: str, faults: bool) -> None:
    ended: dict[str, TestResult] = {}
    for check, result in sorted(chosen, key=lambda pair: pair[1].hidden):
        if result.item in ended:
            result.status = ended[result.item].status
            result.message = "not run: an earlier check of this item ended so"
            continue
        student.allow(result.seconds)
        _ask(check, student, seed, result)
        result.need = student.need
        if result.status == NOT_JUDGED and not faults:
            unreadable(result)
        if result.status in FATAL:
            ended[result.item] = result


def blank(check: Check) -> TestResult:
    """The result of a check that has not been asked yet."""
    return TestResult(check.item, check.id, check.hidden, check.share, seconds=check.seconds, says=check.says)


def _ask(check: Check, student: Student, seed: str, result: TestResult) -> None:
    try:
        with comparing():
            check(student, seed)
    except (KeyboardInterrupt, NotJudged):
        raise
    except (Mismatch, StudentError) as error:
        result.status, result.message = error.code, str(error)[:LONGEST]
        result.diagnosis, result.evidence = error.diagnosis, error.evidence
        result.error = error
    except AssertionError as error:
        result.status, result.message = "failed", str(error)[:LONGEST] or result.sentence
        result.error = error
    except BaseException as error:
        result.status, result.message = NOT_JUDGED, f"{type(error).__name__}: {error}"[:LONGEST]
        result.error = error


def unreadable(result: TestResult) -> None:
    """Take what a check raised for the answer's fault: it has a form that no check expects."""
    result.status, result.message = "malformed", f"the answer has an unexpected form ({result.message})"
