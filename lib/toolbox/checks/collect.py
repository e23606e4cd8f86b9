"""Read a folder of checks: what each asks, of which item, and from which seed its inputs are drawn.

Steps: make a package of the folder, so that its files can import from each other; import them in the order of their
names; take every function that `item` or `each` has marked, and every row of a list with every property of its kind;
note whether it stands in a hidden region. A kind that several assignments have stands in a folder `kinds` two folders
up; what is released has its own copy beside the checks.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.machinery
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from toolbox.checks.items import Mark, sentence_of
from toolbox.checks.make import Make
from toolbox.checks.rows import Row
from toolbox.errors import KitError

HIDDEN_BEGIN, HIDDEN_END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
GIVEN = ("student", "make")  # what a check may ask for, beside a row


class NoChecks(KitError, RuntimeError):
    """A folder or a file of checks cannot be read as such. file, line: where, "" and 0 where that is not known."""

    def __init__(self, message: str, file: str = "", line: int = 0):
        super().__init__(message)
        self.file, self.line = file, line


@dataclass(frozen=True)
class Check:
    """One property of the answer to one item. id: its name, once in an assignment; says: the sentence that students
    read; seed: what its inputs are drawn from, beside the seed of the course. share, seconds: as in `items.item`.
    """

    id: str
    item: str
    says: str
    seed: str
    hidden: bool
    share: float
    seconds: float | None
    file: Path
    line: int
    function: Callable = field(repr=False, compare=False)
    asks: tuple[str, ...] = ()
    row: tuple = field(default=(), repr=False, compare=False)  # what the function takes first

    def __call__(self, student: Any, course_seed: str) -> None:
        """Ask it of a student. Raises what the check raises: AssertionError, `Mismatch`, `StudentError`."""
        given = {"student": lambda: student, "make": lambda: Make(course_seed, self.seed)}
        self.function(*self.row, **{name: given[name]() for name in self.asks})


def collect(path: Path, files: Iterable[str] | None = None) -> list[Check]:
    """The checks of a folder, or of a single file, in the order of their text.

    files: only those of these files of the folder. Raises NoChecks where one cannot be imported, where a function named
    `test…` has no item, where two checks have one id, and where there is none.
    """
    folder, names = (path.parent, [path.name]) if path.is_file() else (path, sorted(files or _files(path)))
    package = _package(folder)
    checks: list[Check] = []
    for name in names:
        file = folder / name
        try:
            module = importlib.import_module(f"{package}.{file.stem}")
            checks += _checks(module, file)
        except NoChecks:
            raise
        except BaseException as error:  # whatever its text does when it is run
            said = f"{file} cannot be read as checks: {type(error).__name__}: {error}"
            raise NoChecks(said, name, _line(error, file)) from error
    if not checks:
        raise NoChecks(f"{path} holds no check")
    seen: dict[str, Check] = {}
    for check in checks:
        if check.id in seen:
            first = f"{seen[check.id].file.name}:{seen[check.id].line}"
            message = f"{check.id} stands in {first} already: give one of them another name"
            raise NoChecks(message, check.file.name, check.line)
        seen[check.id] = check
    return checks


def _files(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*.py") if path.name != "conftest.py"]


def _package(folder: Path) -> str:
    """The name of a package made of the folder, as its files stand now."""
    name = f"checks_{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"
    for old in [module for module in list(sys.modules) if module == name or module.startswith(f"{name}.")]:
        del sys.modules[old]
    importlib.invalidate_caches()
    spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(folder), *map(str, kinds_beside(folder))]
    sys.modules[name] = importlib.util.module_from_spec(spec)
    return name


def kinds_beside(folder: Path) -> list[Path]:
    """Where a folder of complete checks finds the kinds that it shares with others: in at most one more folder."""
    kinds = folder.resolve().parents[1] / "kinds"
    return [kinds] if kinds.is_dir() else []


def _line(error: BaseException, file: Path) -> int:
    """The line of the file where its import ended, 0 where it is not in there."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return (lines or [0])[-1] or 0


def _checks(module: ModuleType, file: Path) -> Iterator[Check]:
    text = file.read_text(encoding="utf-8")
    regions, lines = hidden_regions(text), text.split("\n")
    for name, function in vars(module).items():
        if not inspect.isfunction(function) or function.__module__ != module.__name__:
            continue
        marks: list[Mark] = getattr(function, "checks", [])
        if not marks and not name.startswith("test"):
            continue  # a helper, whose code may be a decorator's, and stand in another file
        line = first = function.__code__.co_firstlineno  # of its first decorator
        hidden = any(begin < first < end for begin, end in regions)
        while not lines[line - 1].startswith("def "):
            line += 1
        if name.startswith("test") and len(marks) != 1:
            found = "more than one @item or @each" if marks else "no @item and no check cell would count it"
            raise NoChecks(
                f'{name} has {found}: put @item("<id>") above it, with the id of a check cell', file.name, line
            )
        for mark in marks:
            asks = _asked_for(function, mark, file, line)
            for item, row in zip(mark.items, mark.rows, strict=True):
                label, says = name if row is None else f"{name}[{row.name}]", mark.says or sentence_of(name)
                yield Check(label, item, says, label, hidden, float(mark.share), mark.seconds, file, line, function,
                            asks, () if row is None else (row,))  # fmt: skip
    for name, rows in vars(module).items():
        here = re.search(rf"^{name}\b[^=\n]*=", text, re.MULTILINE)  # else it is another file's, imported
        if here and isinstance(rows, list) and any(isinstance(row, Row) for row in rows):
            line = text.count("\n", 0, here.start()) + 1
            yield from _of_rows(rows, any(begin < line < end for begin, end in regions), file, line)


def _of_rows(rows: list, hidden: bool, file: Path, line: int) -> Iterator[Check]:
    """The checks of a list of rows. hidden: whether the list is."""
    for row in rows:
        if not isinstance(row, Row):
            raise NoChecks(f"{row!r} stands among rows and is none", file.name, line)
        for label, item, prop, first in row.asked():
            code = prop.function.__code__
            own = hidden_regions(Path(code.co_filename).read_text(encoding="utf-8"))
            secret = hidden or any(begin < code.co_firstlineno < end for begin, end in own)
            asks = tuple(inspect.signature(prop.function).parameters)[len(first) :]
            if other := set(asks) - set(GIVEN):
                raise NoChecks(f"{prop.function.__name__} asks for {', '.join(sorted(other))}", file.name, line)
            told = ", ".join(filter(None, [getattr(row, "label", ""), first[1] if prop.over else ""]))
            says = sentence_of(prop.function.__name__) + (f" ({told})" if told else "")
            yield Check(label, item, says, label, secret, prop.share, prop.seconds, file, line,
                        prop.function, asks, first)  # fmt: skip


def _asked_for(function: Callable, mark: Mark, file: Path, line: int) -> tuple[str, ...]:
    """What a check takes beside its row. Raises NoChecks where it asks for what nobody gives it."""
    asked = tuple(inspect.signature(function).parameters)
    if mark.rows != (None,):
        asked = asked[1:]
    if other := set(asked) - set(GIVEN):
        message = f"{function.__name__} asks for {', '.join(sorted(other))}: a check takes {' and '.join(GIVEN)}"
        raise NoChecks(f"{message}, after the row where there is one", file.name, line)
    return asked


@lru_cache(maxsize=64)
def hidden_regions(text: str) -> list[tuple[int, int]]:
    """The 1-based line numbers (begin, end) of each hidden region of a file."""
    regions, begin = [], None
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*{HIDDEN_BEGIN}", line):
            begin = number
        elif re.match(rf"\s*{HIDDEN_END}", line) and begin is not None:
            regions.append((begin, number))
            begin = None
    return regions
