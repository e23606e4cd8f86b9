"""Ask the checks with plain pytest: `pytest assignments/flat/checks`, a file of it, or `-k` and words of a check.

A check is the same here as in `check("item")` and in grading: pytest only lists it and reports what it raises.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from toolbox.calling.student import LocalTransport, Student
from toolbox.checks.collect import Check, collect
from toolbox.checks.suite import PUBLIC_SEED
from toolbox.notebook import folders

STUDENT = pytest.StashKey[Student]()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Any:
    """The Python files of a folder `checks` hold checks, whatever they are called."""
    named = parent.session.isinitpath(file_path)  # such a file comes to the hook below
    if file_path.suffix == ".py" and file_path.parent.name == "checks" and not named:
        return ChecksFile.from_parent(parent, path=file_path)
    return None


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> Any:
    """A file that was named in the command: checks where it is one of theirs, else a module like any other."""
    return ChecksFile.from_parent(parent, path=module_path) if module_path.parent.name == "checks" else None


class ChecksFile(pytest.File):
    """One file of checks."""

    def collect(self) -> Iterator[pytest.Item]:
        for check in collect(self.path.parent):
            if check.file == self.path:
                yield CheckItem.from_parent(self, name=check.id, check=check)


class CheckItem(pytest.Item):
    """One check, asked of the work in this course's folder."""

    def __init__(self, *, check: Check, **named: Any):
        super().__init__(**named)
        self.check = check

    def runtest(self) -> None:
        stash, folder = self.session.stash, self.path.parents[1]
        if STUDENT not in stash:
            folders.put_on_path(folder)
            stash[STUDENT] = Student(LocalTransport(notebook=lambda: folders.run_notebook(folder)))
        self.check(stash[STUDENT], PUBLIC_SEED)

    def repr_failure(self, excinfo: Any, style: Any = None) -> str:
        return f"{self.check.item}: {self.check.says}\n{type(excinfo.value).__name__}: {excinfo.value}"

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.check.line - 1, f"{self.check.item}: {self.check.says}"
