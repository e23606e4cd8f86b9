"""`check("item")`: run the public tests of one item on your own code, here and now, and show a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from toolbox import compare, paste, place
from toolbox.items import TestResult
from toolbox.keyboard import Call, KeyboardTransport
from toolbox.reloading import told
from toolbox.student import Student, fresh_module
from toolbox.suite import FATAL, Suite
from toolbox.table import Aside, Report

Namespace = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


def check(item: str, *, folder: str | Path | None = None) -> Report:
    """Check one item with the tests that you may see; grading adds hidden ones of the same kind.

    item: its id, as in the check cell. folder: where the notebook lies (default: the current folder).
    Returns the report, which a notebook shows as a table. Raises KeyError for an unknown item, naming the known ones.
    """
    here = Path(folder) if folder else None
    path = place.suite_of(item, here)
    place.put_on_path(here)
    suite = Suite(path)
    try:
        return _Check(suite, _namespace(path.parent), here).report(item)
    finally:
        suite.close()


def check_all(assignment: str, *, folder: str | Path | None = None) -> list[Report]:
    """Check every item of an assignment; the notebook's cells are run once, where an item needs them."""
    home = place.house(Path(folder) if folder else None)
    path = home / "assignments" / assignment / f"test_{assignment}.py"
    if not path.is_file():
        known = ", ".join(sorted(suite.parent.name for suite in home.glob("assignments/*/test_*.py")))
        raise FileNotFoundError(f"no assignment is called {assignment!r}; there are: {known or 'none'}")
    place.put_on_path(path.parent)
    suite = Suite(path)
    try:
        one = _Check(suite, lambda: place.run_notebook(path.parent), path.parent)
        return [one.report(item) for item in suite.items]
    finally:
        suite.close()


def inputs(item: str, number: int, *, folder: str | Path | None = None) -> Any:
    """The inputs of an item's check, made again: those of the last call that it makes. number: as the table counts.

    A dict where all of them have names, so that `flat.linear_hinge(**inputs("hinge_loss", 1))` makes that call.
    """
    here = Path(folder) if folder else None
    path = place.suite_of(item, here)
    place.put_on_path(here)
    suite = Suite(path)
    try:
        one = _Check(suite, _namespace(path.parent), here)
        names = one.names(item)
        if not 1 <= number <= len(names):
            raise KeyError(f"{item!r} has {len(names)} checks; number {number} is none of them")
        one.ask(item, names[number - 1])
        return paste.given(one.transport.latest)
    finally:
        suite.close()


class _Check:
    """Items of one suite, asked of the code of whoever sits here."""

    def __init__(self, suite: Suite, notebook: Namespace, here: Path | None):
        self.suite, self.here = suite, here
        self.transport = KeyboardTransport(notebook=notebook)
        self.student = Student(self.transport)

    def names(self, item: str) -> list[str]:
        return [blank.name for _, blank in self.suite.tests if blank.item == item]

    def report(self, item: str) -> Report:
        """Every check of an item, until one ends it or somebody interrupts."""
        known = place.known_at(self.suite.path.parent)
        results: list[TestResult] = []
        asides: dict[str, Aside] = {}
        names = self.names(item)
        for number, name in enumerate(names, 1):
            try:
                result, aside = self.ask(item, name, number)
            except KeyboardInterrupt:
                blanks = [replace(blank, status="interrupted") for _, blank in self.suite.tests if blank.item == item]
                return Report(item, [*results, *blanks[number - 1 :]], asides=asides, known=known)
            if broken := _broken(result):
                return Report(item, [result], known=known, broken=broken)
            results.append(result)
            asides[name] = aside
            if result.status in FATAL:
                message = "not run: an earlier check of this item ended so"
                rest = [blank for _, blank in self.suite.tests if blank.item == item][number:]
                results += [replace(blank, status=result.status, message=message) for blank in rest]
                break
        return Report(item, results, asides=asides, known=known)

    def ask(self, item: str, name: str, number: int = 0) -> tuple[TestResult, Aside]:
        """One check, and what to tell beside its outcome."""
        followed: list[str] = []
        self.transport.forget()
        with compare.following(followed.append):
            (result,) = self.suite.run(self.student, items=[item], tests=[name])
        latest, missed = self.transport.latest, self.transport.missed
        if isinstance(latest, Call) and latest.returned[:1] not in ((), ("loss",)):
            result.message = re.sub(r"^loss\b", latest.returned[0], result.message)
        if result.status in ("failed", "malformed") and missed:
            result.status, result.message, result.diagnosis = "missing", f"`{missed[-1]}` is not written yet", []
            result.evidence = None
        if result.status == "passed":
            words = "right for the upstream gradient that you found, which is wrong itself: mend that one first"
            return result, Aside(note=words if followed else "")
        shown = result.status not in ("missing", "not judged")
        return result, Aside(paste=tuple(paste.code(latest, item, number)) if shown else ())


def _broken(result: TestResult) -> str:
    """What keeps a module from being loaded at all, where that is why a check failed: the line, and what is in it."""
    raised = getattr(result.error, "raised", "")
    if raised not in ("SyntaxError", "IndentationError", "TabError"):
        return ""
    module = (getattr(result.error, "place", None) or ("",))[0].removesuffix(".py")
    try:
        fresh_module(module)
    except SyntaxError as error:
        line = (error.text or "").rstrip("\n")
        mark = " " * (max(error.offset or 1, 1) - 1) + "^"
        return f"{told(error, module)} Mend it, then check again.\n{line}\n{mark}"
    except Exception:
        return ""
    return ""


def _namespace(folder: Path) -> Namespace:
    """The running notebook's variables; from a terminal, those of the notebook file, run when first needed."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return lambda: place.run_notebook(folder)
    shell = get_ipython()
    return shell.user_ns if shell is not None else lambda: place.run_notebook(folder)
