"""Ask a suite, and name the mistakes behind what fails, as grading does."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from autograder.course import rooms
from autograder.course.answers import Answer
from autograder.course.mistaken import Mistaken
from autograder.course.students import answering
from autograder.masters.sources import checks_of
from autograder.tests.checkout import ROOT
from toolbox.checks.items import TestResult
from toolbox.checks.recognise import name_mistakes
from toolbox.checks.suite import Suite


@lru_cache
def suite_of(assignment: str) -> Suite:
    return Suite(checks_of(ROOT, assignment))


@lru_cache
def known(assignment: str, seed: str) -> Mistaken:
    """What the mistakes of an assignment lead to, worked out once for all tests."""
    return Mistaken(rooms.load(assignment), suite_of(assignment).checks, seed)


def judged(assignment: str, answer: Answer, items: Iterable[str], seed: str) -> list[TestResult]:
    """What the checks of these items say of an answer."""
    results = suite_of(assignment).run(answering(answer, rooms.load(assignment)), items=list(items), seed=seed)
    name_mistakes(results, known(assignment, seed))
    return results
