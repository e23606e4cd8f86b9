"""Load a student's modules statement by statement, so that a line that fails costs what needs it, and no more.

Runs in the worker. Steps: cut the source into its top-level statements; run them in order; leave out what raises, and
note its line, a likely reason and the names that it would have defined. `backprop.<name>` is imported
in this way too, from the bytes that were handed in: what a cell writes to the module's file does not count.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

from autograder.sandbox.statements import Statement, defined, statements
from toolbox.calling import calls

PACKAGE = "backprop"
NEWER = (  # what this Python cannot read, and a newer one can
    ((3, 12), re.compile(r"^\s*type\s+\w+(\[[^\]]*\])?\s*=", re.M)),
    ((3, 12), re.compile(r"^\s*(?:async\s+)?(?:def|class)\s+\w+\s*\[", re.M)),
    ((3, 12), re.compile(r"""\b[rR]?[fF][rR]?(?P<q>["'])(?:(?!(?P=q)).)*\{[^}"']*(?P=q)""")),
    ((3, 14), re.compile(r"""\b[rR]?[tT][rR]?["']""")),
    ((3, 14), re.compile(r"^\s*except\s+[\w.]+\s*,\s*[\w.]+\s*:", re.M)),
)


@dataclass(frozen=True)
class LeftOut:
    """A statement that was left out. code: 'syntax', 'python' (a newer one's syntax), 'import', 'input', 'timeout',
    'crashed' or 'raised'; about: what several hand-ins may share, a package's name for instance; message: for people.
    """

    line: int
    statement: str
    code: str
    about: str
    message: str


class Modules(Mapping):
    """The modules of a hand-in, by name, loaded when first asked for. sources: path -> content.

    left_out: module -> what was left out, by the names that it would have defined.
    """

    def __init__(self, sources: dict[str, bytes]):
        prefix, suffix = f"lib/{PACKAGE}/", ".py"
        self._sources = {
            path[len(prefix) : -len(suffix)]: data
            for path, data in sources.items()
            if path.startswith(prefix) and path.endswith(suffix) and "/" not in path[len(prefix) :]
        }
        self.left_out: dict[str, dict[str, LeftOut]] = {}
        self._skip: dict[str, dict[int, str]] = {}
        self._tell: Callable[[int], None] = lambda line: None
        self._notes: dict[str, list[LeftOut]] = {}
        calls.LEFT_OUT = self.left_out
        sys.meta_path.insert(0, _Finder(self))

    def load(self, name: str, skip: dict[int, str], tell: Callable[[int], None]) -> list[dict]:
        """Load a module; returns what was left out, as plain data.

        skip: lines whose statement has ended or hung the process before, and how. tell: is called with the line of each
        statement that may run code of the student's, before it is run.
        """
        self._skip[name], self._tell = skip, tell
        try:
            if name in self._sources:
                self[name]
        finally:
            self._tell = lambda line: None
        return [asdict(note) for note in self._notes.get(name, [])]

    def source(self, name: str) -> bytes | None:
        return self._sources.get(name)

    def execute(self, name: str, module: ModuleType) -> None:
        """Run the statements of a module in its namespace."""
        notes = self._notes[name] = []
        names = self.left_out[name] = {}
        skip = self._skip.get(name, {})
        for statement in statements(self._sources[name], module.__file__ or name):
            how = skip.get(statement.line)
            error: BaseException | None = statement.error
            if how is None and statement.code is not None:
                if not DEFINITION.match(statement.text):
                    self._tell(statement.line)
                try:
                    exec(statement.code, module.__dict__)
                except BaseException as raised:  # SystemExit and KeyboardInterrupt too: they are the student's
                    error = raised
            if how is not None or error is not None:
                note = explain(statement, error, how)
                notes.append(note)
                names |= dict.fromkeys(defined(statement.text), note)

    def __getitem__(self, name: str) -> ModuleType:
        return importlib.import_module(f"{PACKAGE}.{name}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)


DEFINITION = re.compile(r"(?:def|class|import torch\b|from __future__)")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Has `import backprop.<name>` find what was handed in."""

    def __init__(self, modules: Modules):
        self._modules = modules

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        name = _short(fullname)
        if name is None or self._modules.source(name) is None:
            return None
        # No file of this name is there: what a cell writes over a module does not count, and nobody reloads it.
        where = f"hand-in/{PACKAGE}/{name}.py"
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=where, is_package=name == "__init__")
        if spec.submodule_search_locations is not None:
            spec.submodule_search_locations.append(f"lib/{PACKAGE}")
        spec.has_location = True
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        self._modules.execute(_short(module.__name__) or "", module)

    def get_source(self, fullname: str) -> str | None:
        source = self._modules.source(_short(fullname) or "")
        return None if source is None else source.decode("utf-8", "replace")


def _short(fullname: str) -> str | None:
    """The name of a module's file, without its suffix; None for a module outside the package."""
    if fullname == PACKAGE:
        return "__init__"
    package, _, name = fullname.rpartition(".")
    return name if package == PACKAGE else None


def explain(statement: Statement, error: BaseException | None, how: str | None) -> LeftOut:
    """What was left out, and the likely reason."""
    first = next(
        (line.strip() for line in statement.text.split("\n") if line.strip() and line.strip()[0] not in "#@"), ""
    )

    def left_out(code: str, about: str, message: str, line: int | None = None) -> LeftOut:
        return LeftOut(line or statement.line, first[:120], code, about[:100], message)

    if how is not None:
        done = {"timeout": "hangs", "crashed": "ends the process"}[how]
        return left_out(how, done, f"it {done} when the module is loaded")
    if isinstance(error, SyntaxError):
        line = error.lineno if error.lineno and error.lineno >= statement.line else statement.line
        for version, syntax in NEWER:
            if sys.version_info < version and syntax.search(statement.text):
                newer, here = ".".join(map(str, version)), ".".join(map(str, sys.version_info[:2]))
                words = f"this is the syntax of Python {newer} or newer; hand-ins are graded with Python {here}"
                return left_out("python", newer, words, line)
        what = "tabs and blanks are mixed" if isinstance(error, TabError) else _words(error)
        return left_out("syntax", what, f"{type(error).__name__}: {what}", line)
    if isinstance(error, ModuleNotFoundError):
        name = error.name or "?"
        where = "is neither installed where hand-ins are graded nor handed in"
        return left_out("import", name, f"`{name}` {where} (the notebook and the modules in lib/{PACKAGE} are)")
    if isinstance(error, ImportError):
        return left_out("import", error.name or "?", f"ImportError: {_words(error)}")
    if isinstance(error, EOFError) or type(error).__name__ == "StdinNotImplementedError":
        return left_out("input", "input()", "it asks for input, and nobody answers while hand-ins are graded")
    return left_out("raised", type(error).__name__[:60], f"{type(error).__name__}: {_words(error)}")


def _words(error: BaseException | None) -> str:
    try:
        return str(error.msg if isinstance(error, SyntaxError) else error)[:200]
    except BaseException:  # a student's exception class may break even here
        return ""
