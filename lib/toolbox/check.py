"""`check("item")`: run the public tests of one item on your own code, here and now, and show a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from toolbox.calling.keyboard import Call, KeyboardTransport
from toolbox.calling.reloading import told
from toolbox.calling.student import Student, fresh_module
from toolbox.checks import compare, index, paste, signatures
from toolbox.checks.items import TestResult
from toolbox.checks.recognise import name_mistakes
from toolbox.checks.suite import FATAL, Suite, blank
from toolbox.checks.table import Aside, Report
from toolbox.notebook import folders

Namespace = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


def check(item: str, *, folder: str | Path | None = None) -> Report:
    """Check one item with the tests that you may see; grading adds hidden ones of the same kind.

    item: its id, as in the check cell. folder: where the notebook lies (default: the current folder).
    Returns the report, which a notebook shows as a table. Raises KeyError for an unknown item, naming the known ones.
    """
    return _found(item, folder).report(item)


def check_all(assignment: str, *, folder: str | Path | None = None) -> list[Report]:
    """Check every item of an assignment; the notebook's cells are run once, where an item needs them."""
    home = folders.house(Path(folder) if folder else None)
    where = home / "assignments" / assignment
    if not (where / index.NAME).is_file():
        known = ", ".join(sorted(path.parent.name for path in home.glob(f"assignments/*/{index.NAME}")))
        raise FileNotFoundError(f"no assignment is called {assignment!r}; there are: {known or 'none'}")
    folders.put_on_path(where)
    suite = Suite(where / "checks")
    one = _Check(suite, lambda: folders.run_notebook(where), where)
    return [one.report(item) for item in suite.items]


def inputs(item: str, number: int, *, folder: str | Path | None = None) -> Any:
    """The inputs of an item's check, made again: those of the last call that it makes. number: as the table counts.

    A dict where all of them have names, so that `flat.linear_hinge(**inputs("hinge_loss", 1))` makes that call.
    """
    one = _found(item, folder)
    names = one.names(item)
    if not 1 <= number <= len(names):
        raise KeyError(f"{item!r} has {len(names)} checks; number {number} is none of them")
    one.ask(item, names[number - 1])
    return paste.given(one.transport.latest)


def _found(item: str, folder: str | Path | None) -> _Check:
    """The checks of the files that hold the item's, ready to be asked. Raises KeyError, naming the known items."""
    here = Path(folder) if folder else None
    found = index.of_item(item, here)
    folders.put_on_path(here)
    return _Check(Suite(found.folder / "checks", found.files_of(item)), _namespace(found.folder), here)


class _Check:
    """Items of one suite, asked of the code of whoever sits here."""

    def __init__(self, suite: Suite, notebook: Namespace, here: Path | None):
        self.suite, self.here = suite, here
        self.signatures = signatures.Signatures(suite.path.parent / signatures.NAME)
        self.transport = KeyboardTransport(notebook=notebook)
        self.student = Student(self.transport)

    def names(self, item: str) -> list[str]:
        return [check.id for check in self.suite.checks if check.item == item]

    def blanks(self, item: str) -> list[TestResult]:
        return [blank(check) for check in self.suite.checks if check.item == item]

    def report(self, item: str) -> Report:
        """Every check of an item, until one ends it or somebody interrupts."""
        known = folders.known_at(self.suite.path.parent)
        results: list[TestResult] = []
        asides: dict[str, Aside] = {}
        names = self.names(item)
        for number, name in enumerate(names, 1):
            try:
                result, aside = self.ask(item, name, number)
            except KeyboardInterrupt:
                left = [replace(result, status="interrupted") for result in self.blanks(item)[number - 1 :]]
                return Report(item, [*results, *left], asides=asides, known=known)
            if broken := _broken(result):
                return Report(item, [result], known=known, broken=broken)
            results.append(result)
            asides[name] = aside
            if result.status in FATAL:
                message = "not run: an earlier check of this item ended so"
                left = self.blanks(item)[number:]
                results += [replace(other, status=result.status, message=message) for other in left]
                break
        name_mistakes(results, self.signatures)
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
        return lambda: folders.run_notebook(folder)
    shell = get_ipython()
    return shell.user_ns if shell is not None else lambda: folders.run_notebook(folder)
