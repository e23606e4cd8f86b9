"""The masters of a repository: where they stand, and all of them read.

solutions/<name>.py               one notebook master per assignment
solutions/backprop/<module>.py    the complete modules
autograder/course/<name>/checks/  the complete checks
autograder/course/kinds/          the properties that checks of several things have in common
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path

from autograder.masters import checks, percent, regions
from autograder.masters.checks import CheckFile
from autograder.masters.problems import Problem
from autograder.masters.regions import Line, Region

SOLUTIONS, MODULES, COURSE = "solutions", "solutions/backprop", "autograder/course"
KINDS = f"{COURSE}/kinds"


@dataclass
class Module:
    """A module master as read."""

    path: str
    text: str
    lines: list[Line]
    regions: list[Region]
    problems: list[Problem]


@dataclass
class Sources:
    """Every master, under the name of its assignment or module; `texts` holds each file under its path."""

    notebooks: dict[str, percent.Master] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)
    checks: dict[str, list[CheckFile]] = field(default_factory=dict)
    kinds: dict[str, CheckFile] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def check_files(self) -> list[CheckFile]:
        """Every file of checks, and every file of a kind."""
        return [*itertools.chain(*self.checks.values()), *self.kinds.values()]

    @property
    def order(self) -> list[str]:
        """The names of the assignments in the order of the course: as `order` in the header says, then by name."""
        return sorted(self.notebooks, key=lambda name: (self.notebooks[name].order, name))


def checks_of(root: Path, assignment: str) -> Path:
    """The folder of an assignment's checks."""
    return root / COURSE / assignment / "checks"


def paths(root: Path) -> list[Path]:
    """The files of all masters."""
    modules = [file for folder in (SOLUTIONS, MODULES) for file in sorted((root / folder).glob("*.py"))]
    return modules + sorted((root / COURSE).glob("*/checks/*.py")) + kinds_of(root)


def kinds_of(root: Path) -> list[Path]:
    """The files of the kinds."""
    return sorted((root / KINDS).glob("*.py"))


def read(root: Path, *, parse_checks: bool = True) -> Sources:
    """Read every master of the repository at `root`; what cannot be read is a problem.

    parse_checks: False notes only where the checks are, which takes a tenth of the time; `build` reads them.
    """
    sources = Sources()
    for path in _python(sources, root, SOLUTIONS):
        sources.notebooks[Path(path).stem] = percent.read(path, sources.texts[path])
    for path in _python(sources, root, MODULES):
        text = sources.texts[path]
        lines = regions.numbered(text)
        found, wrong = regions.find(lines, regions.SOLUTION, "a module")
        problems = [Problem(path, number, message) for number, message in wrong]
        sources.modules[Path(path).stem] = Module(path, text, lines, found, problems)
    for path in _python(sources, root, COURSE, "*/checks/*.py"):
        sources.checks.setdefault(Path(path).parts[-3], []).append(
            checks.read(path, sources.texts[path]) if parse_checks else CheckFile(path, [], [])
        )
    for path in _python(sources, root, KINDS):
        kind = checks.read(path, sources.texts[path]) if parse_checks else CheckFile(path, [], [])
        sources.kinds[Path(path).stem] = kind
    for notebook in sources.notebooks.values():
        sources.problems += notebook.problems
    for module in sources.modules.values():
        sources.problems += module.problems
    for file in sources.check_files:
        sources.problems += file.problems
    return sources


def _python(sources: Sources, root: Path, folder: str, pattern: str = "*.py") -> list[str]:
    """The paths of the `.py` files of a folder, sorted, their texts kept in `sources`."""
    found = []
    for file in sorted((root / folder).glob(pattern)):
        path = file.relative_to(root).as_posix()
        try:
            text = file.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            sources.problems.append(Problem(path, 0, f"cannot be read: {error}"))
            continue
        if "\r" in text or text.startswith("\ufeff"):
            line = text[: text.find("\r")].count("\n") + 1 if "\r" in text else 1
            sources.problems.append(
                Problem(
                    path,
                    line,
                    "Windows line ends or a byte-order mark: save the file as UTF-8 with line ends of one newline",
                )
            )
            continue
        sources.texts[path] = text
        found.append(path)
    return found
