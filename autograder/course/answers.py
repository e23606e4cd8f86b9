"""Wrong answers that a suite must reject, and right ones that it must accept.

A wrong answer is the reference solution with one edit, as a student would make it, or notebook values with one entry
changed. We wrote all of them, so they run in this process. `rooms` finds those of an assignment.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Edit:
    """Replace `old`, which stands exactly `times` times in the function `where`, by `new`.

    where: the function, as in `span`; "module:function" where several modules of an assignment have one of that name.
    """

    where: str
    old: str
    new: str
    times: int = 1

    @property
    def module(self) -> str:
        """The module that `where` names, or ''."""
        return self.where.rpartition(":")[0]

    @property
    def function(self) -> str:
        return self.where.rpartition(":")[2]

    def apply(self, source: str) -> str:
        """The source of the module with the edit in it. Raises ValueError where the edit does not fit."""
        start, end = span(source, self.function)
        body = source[start:end]
        if body.count(self.old) != self.times:
            raise ValueError(f"{self.where}: {self.old!r} stands {body.count(self.old)} times, not {self.times}")
        return source[:start] + body.replace(self.old, self.new) + source[end:]


@dataclass(frozen=True)
class OfModule:
    """A notebook value that is a function of a module: the answer's own or, where there are edits, the solution's with
    these edits.
    """

    module: str
    function: str
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class Answer:
    """One whole answer: the modules' sources with edits, and notebook values.

    items: in a wrong answer, the items that must lose marks; in a right one, all that the answer touches.
    diagnosis: the ids that may be named first; empty where no known misconception fits and none may be named.
    file: another module instead of the edited solution. notebook: values that replace those of the right notebook.
    """

    name: str
    items: tuple[str, ...]
    edits: tuple[Edit, ...] = ()
    diagnosis: tuple[str, ...] = ()
    file: Path | None = None
    notebook: dict[str, Any] = field(default_factory=dict)

    def sources(self, solutions: Mapping[str, str]) -> dict[str, str]:
        """The source of each module in this answer, by name: the solution's, but for what is its own.

        `file` takes the place of the module of its name. An edit goes to the module that it names, else to the first
        that has its function. Raises ValueError where no module has it.
        """
        sources = dict(solutions)
        if self.file:
            sources[self.file.stem] = self.file.read_text()
        for edit in self.edits:
            home = edit.module or next((name for name, source in sources.items() if _has(source, edit.function)), None)
            if home is None:
                raise ValueError(f"none of {', '.join(solutions)} has a function {edit.function}")
            sources[home] = edit.apply(sources[home])
        return sources


def span(source: str, function: str) -> tuple[int, int]:
    """Where the code of a function stands, docstring left out: offsets of its begin and its end.

    function: its name at the top level of the module, or Class.method.
    """
    lines = source.splitlines(keepends=True)
    body, (*classes, name) = _parsed(source), function.split(".")
    for outer in classes:
        body = [part for node in body if isinstance(node, ast.ClassDef) and node.name == outer for part in node.body]
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            after = node.body[0].end_lineno if ast.get_docstring(node) else node.lineno
            return sum(map(len, lines[:after])), sum(map(len, lines[: node.end_lineno]))
    raise ValueError(f"the module has no function {function}")


@lru_cache(maxsize=32)
def _parsed(source: str) -> list[ast.stmt]:
    return ast.parse(source).body  # hundreds of answers are made of the same few solutions


def _has(source: str, function: str) -> bool:
    try:
        span(source, function)
    except ValueError:
        return False
    return True


def wrong(where: str, item: str | tuple[str, ...], *rows: tuple, **kwargs: Any) -> list[Answer]:
    """Wrong answers in one function: rows of (what the student did, old, new, id of the misconception or None)."""
    items = (item,) if isinstance(item, str) else item
    return [
        Answer(f"{items[0]}: {what}", items, (Edit(where, old, new),), _ids(diagnosis), **kwargs)
        for what, old, new, diagnosis in rows
    ]


def liberty(what: str, items: str | tuple[str, ...], *edits: tuple[str, str, str]) -> Answer:
    """A right answer: the solution with some edits, rows of (where, old, new). items: names, or one text of them."""
    touched = tuple(items.split()) if isinstance(items, str) else items
    return Answer(what, touched, tuple(Edit(*edit) for edit in edits))


def _ids(diagnosis: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return () if diagnosis is None else (diagnosis,) if isinstance(diagnosis, str) else diagnosis
