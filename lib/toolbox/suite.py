"""A suite of tests, collected once by pytest and run as often as there are students.

Steps: collect a `test_<name>.py` without conftest files, plugins or capture; note which tests stand in a hidden
region; then, for each student, run the tests one by one, the public ones first, with the `student` fixture bound to
that student and the `make` fixture seeded, and turn each outcome into a `TestResult`. A test that raises what no test
should is `not judged`: the kit is at fault, or the test could not read the answer; grading finds out which. Plain
`pytest test_<name>.py` works as well: there the fixture calls the modules of the student's own `lib/backprop`.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
import warnings
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from _pytest.config import Config, _prepareconfig
from _pytest.runner import runtestprotocol

from toolbox.errors import Mismatch, NotJudged, StudentError
from toolbox.items import Make, TestResult, item
from toolbox.student import LocalTransport, Student

__all__ = ["Suite", "item", "make", "student"]

HIDDEN_BEGIN, HIDDEN_END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
PUBLIC_SEED = "public"  # what students see; in grading the seed is the course's own
STUDENT = pytest.StashKey[Student]()
SEED = pytest.StashKey[str]()
FAILURE = pytest.StashKey[BaseException]()
LONGEST = 2000  # characters of a message; names and texts in it may be the student's
FATAL = ("timeout", "memory", "crashed")  # an item that ended so is not tried again
NOT_JUDGED = "not judged"


@pytest.fixture
def student(request: pytest.FixtureRequest) -> Student:
    """The student under test: bound by `Suite.run`, else the modules and the notebook beside this suite."""
    bound = request.config.stash.get(STUDENT, None)
    if bound is None:
        from toolbox import place

        place.put_on_path(request.path.parent)
        bound = Student(LocalTransport(notebook=lambda: place.run_notebook(request.path.parent)))
        request.config.stash[STUDENT] = bound
    return bound


@pytest.fixture
def make(request: pytest.FixtureRequest) -> Make:
    """Seeded inputs, different for every test."""
    return Make(request.config.stash.get(SEED, PUBLIC_SEED), request.node.name)


class _Keeper:
    """Keeps the exception of a failed test, which pytest's report holds only as text, and why collecting failed."""

    def __init__(self) -> None:
        self.uncollected: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.uncollected.append(str(report.longrepr))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo) -> pytest.TestReport | None:
        if call.excinfo is None:
            return None
        item.stash.setdefault(FAILURE, call.excinfo.value)
        # pytest's own report renders a traceback, which nobody reads and which takes ten times as long as the test.
        return pytest.TestReport(item.nodeid, item.location, {}, "failed", str(call.excinfo.value), call.when)  # type: ignore[arg-type]

    def pytest_configure(self, config: Config) -> None:
        config.addinivalue_line("markers", "item(name, share): the graded item that a test belongs to")


class Suite:
    """The collected tests of one file. Raises RuntimeError where the file cannot be collected."""

    def __init__(self, path: Path):
        self.path = Path(path)
        lone = ["terminal", "capture", "cacheprovider", "logging", "warnings", "faulthandler", "junitxml",
                "unraisableexception", "threadexception", "doctest", "debugging", "setuponly", "setupplan",
                "stepwise", "pastebin"]  # fmt: skip
        options = [f"-pno:{name}" for name in lone]
        options += ["--assert=plain", "--noconftest", "--import-mode=importlib", f"--rootdir={self.path.parent}"]
        sys.modules.pop(self.path.stem, None)  # pytest would take another suite of the same file name for this one
        before = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # a plugin of the machine must not change a grade
        try:
            keeper = _Keeper()
            self._config = _prepareconfig([*options, "-c", os.devnull, str(self.path)], [keeper])
            self._config._do_configure()
            self._session = pytest.Session.from_config(self._config)
            self._config.hook.pytest_sessionstart(session=self._session)
            self._session.perform_collect()
        except BaseException as error:
            raise RuntimeError(f"{self.path.name} cannot be collected: {error}") from error
        finally:
            if before is None:
                del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
            else:
                os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = before
        if keeper.uncollected or not self._session.items:
            raise RuntimeError(f"{self.path} cannot be collected: {''.join(keeper.uncollected) or 'it holds no test'}")
        regions = hidden_regions(self.path.read_text())
        self.tests = [(test, self._blank(test, regions)) for test in self._session.items]
        # Tests that ask for the kit's two fixtures and nothing else of pytest are called as they are: pytest's own
        # protocol around a test takes longer than most tests.
        self._plain = {
            test: list(inspect.signature(test.function).parameters)
            for test in self._session.items
            if isinstance(test, pytest.Function) and is_plain(test)
        }

    def _blank(self, test: Any, regions: list[tuple[int, int]]) -> TestResult:
        mark = test.get_closest_marker("item")
        if mark is None:
            raise RuntimeError(f"{self.path.name}: {test.name} has no @item")
        line = test.function.__code__.co_firstlineno
        hidden = any(begin < line < end for begin, end in regions)
        share, seconds = float(mark.kwargs.get("share", 1.0)), mark.kwargs.get("seconds")
        return TestResult(mark.args[0], test.name, hidden, share, seconds=seconds)

    @property
    def items(self) -> list[str]:
        """The ids of the items, in the order of their first test."""
        return list(dict.fromkeys(blank.item for _, blank in self.tests))

    def run(
        self,
        student: Student,
        *,
        items: Iterable[str] | None = None,
        seed: str = PUBLIC_SEED,
        tests: Iterable[str] | None = None,
        faults: bool = False,
    ) -> list[TestResult]:
        """Run the tests of the given items (default: all) against `student`; one result per test, in order.

        tests: of these only the tests of these names. All public tests run before any hidden one, so that what a public
        one shows cannot come from a hidden one. faults: tell of a test that raised what no test should as `not judged`,
        for the caller to find out whose fault it is; else it is taken for an answer of a form that no test expects.
        Raises NotJudged where nothing can be said of any answer.
        """
        wanted = set(self.items if items is None else items)
        named = None if tests is None else set(tests)
        if unknown := wanted - set(self.items):
            known = ", ".join(self.items)
            raise KeyError(f"{self.path.name} has no item {', '.join(sorted(unknown))}; it has {known}")
        self._config.stash[STUDENT], self._config.stash[SEED] = student, seed
        chosen = [
            (test, replace(blank, diagnosis=[]))
            for test, blank in self.tests
            if blank.item in wanted and (named is None or blank.name in named)
        ]
        with warnings.catch_warnings():
            # What a warning comes to is set from outside (PYTHONWARNINGS, pytest): no verdict may depend on it.
            warnings.simplefilter("ignore")
            self._run_all(student, chosen, faults)
        return [result for _, result in chosen]

    def _run_all(self, student: Student, chosen: list[tuple[pytest.Item, TestResult]], faults: bool) -> None:
        ended: dict[str, TestResult] = {}
        for test, result in sorted(chosen, key=lambda pair: pair[1].hidden):
            if result.item in ended:
                result.status = ended[result.item].status
                result.message = "not run: an earlier check of this item ended so"
                continue
            student.allow(result.seconds)
            self._run_one(test, result)
            result.need = student.need
            if result.status == NOT_JUDGED and not faults:
                unreadable(result)
            if result.status in FATAL:
                ended[result.item] = result

    def _run_one(self, test: pytest.Item, result: TestResult) -> None:
        result.error = error = self._error_of(test)
        if error is None:
            return
        if isinstance(error, KeyboardInterrupt | pytest.exit.Exception | NotJudged):
            raise error
        if isinstance(error, Mismatch | StudentError):
            result.status, result.message = error.code, str(error)[:LONGEST]
            result.diagnosis, result.evidence = error.diagnosis, error.evidence
        elif isinstance(error, AssertionError):
            result.status, result.message = "failed", str(error)[:LONGEST] or result.sentence
        else:
            result.status, result.message = NOT_JUDGED, f"{type(error).__name__}: {error}"[:LONGEST]

    def _error_of(self, test: Any) -> BaseException | None:
        """Run one test; returns what it raised."""
        if test in self._plain:
            config = self._config.stash
            fixtures = {"student": lambda: config[STUDENT], "make": lambda: Make(config[SEED], test.name)}
            try:
                test.function(**{name: fixtures[name]() for name in self._plain[test]})
            except BaseException as error:
                return error
            return None
        if FAILURE in test.stash:
            del test.stash[FAILURE]
        runtestprotocol(test, log=False, nextitem=None)
        return test.stash.get(FAILURE, None)

    def close(self) -> None:
        """Let go of pytest's configuration."""
        self._config._ensure_unconfigure()


def unreadable(result: TestResult) -> None:
    """Take what a test raised for the answer's fault: it has a form that no test expects."""
    result.status, result.message = "malformed", f"the answer has an unexpected form ({result.message})"


def is_plain(test: pytest.Item) -> bool:
    """Whether a test is a function of a module that uses `student` and `make` of this module, and no other fixture,
    parameter or mark.
    """
    own = {"student": student, "make": make}
    return (
        type(test) is pytest.Function
        and type(test.parent) is pytest.Module
        and set(test.fixturenames) <= {*own, "request"}
        and set(inspect.signature(test.function).parameters) <= set(own)
        and {mark.name for mark in test.iter_markers()} == {"item"}
        and all(getattr(test.module, name, None) is own[name] for name in own if name in test.fixturenames)
        and not inspect.iscoroutinefunction(test.function)
    )


def hidden_regions(text: str) -> list[tuple[int, int]]:
    """The 1-based line numbers (begin, end) of each hidden region of a suite."""
    regions, begin = [], None
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*{HIDDEN_BEGIN}", line):
            begin = number
        elif re.match(rf"\s*{HIDDEN_END}", line) and begin is not None:
            regions.append((begin, number))
            begin = None
    return regions
