"""The course as a worker sees it: modules that come from memory, and stand-ins for all that is not there.

`Finder` stands before Python's own finders and answers for `toolbox`, and for what `backprop` holds besides the hand-in
(`loading` answers for that):

1. while the zygote gets ready, the modules that it takes (`visible`) come from their files, and nothing else of
   the toolbox may be imported: so nothing else is ever in its memory, or in that of a worker;
2. in a worker, given modules come from the judge's first message: code, and source where a student may read it;
3. what only the suite's scripts use is loaded apart from all that (`apart`): no import leads there;
4. the rest of the course is not there, and stand-ins say so (`stand_in`). Other packages that differentiate (AWAY) are
   treated alike, and torch's compilers (UNCOMPILED) let everything run as it is.
"""

from __future__ import annotations

import builtins
import importlib
import linecache
import sys
from collections.abc import Iterable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from autograder.sandbox.stand_in import NotThereWhileGrading, Uncompiled
from autograder.sandbox.visible import AWAY, ROOMS, SERVING, SHARED, UNCOMPILED, Sent

COURSE = ("toolbox", "backprop")
# The toolbox's own `__init__` imports checks and the gradient checker; here its names are found when asked for.
NAMES = {"load_digits": "datasets.digits", "start": "notebook.folders"}


class _Toolbox(ModuleType):
    """The package `toolbox` of a worker."""

    __path__: list[str] = []
    __all__ = ["check", "gradcheck", "load_digits", "numeric_gradient", "start", "submit"]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"module 'toolbox' has no attribute {name!r}")
        if name in NAMES:
            return getattr(importlib.import_module(f"toolbox.{NAMES[name]}"), name)
        return importlib.import_module(f"toolbox.{name}")


class Finder(MetaPathFinder, Loader):
    """Finds and loads the course's modules. lib: the folder that they come from until it is closed."""

    def __init__(self, lib: Path):
        self._lib: Path | None = lib
        self._sent: Sent = {}
        self._absent: frozenset[str] = frozenset()

    def close(self) -> None:
        """From now on nothing comes from files; what the worker runs by, and packages that differentiate, are not found
        any more by whoever imports them.
        """
        self._lib = None
        for name in SERVING:
            room, _, module = f"toolbox.{name}".rpartition(".")
            sys.modules.pop(f"toolbox.{name}", None)
            vars(sys.modules[room]).pop(module, None)
        for name in list(sys.modules):
            if name.partition(".")[0] in (*AWAY, "autograder"):
                del sys.modules[name]

    def open(self, sent: Sent, absent: Iterable[str]) -> None:
        """What is given with a hand-in. absent: modules of `backprop` that stand-ins take the place of."""
        self._sent, self._absent = dict(sent), frozenset(f"backprop.{name}" for name in absent)
        for origin, source, _ in self._sent.values():
            if source:  # for tracebacks and `inspect`: there is no file
                lines = source.decode().splitlines(keepends=True)
                linecache.cache[origin] = (len(source), None, lines, origin)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        package, _, rest = name.partition(".")
        if package in AWAY and self._lib is None:
            return ModuleSpec(name, self, loader_state=NotThereWhileGrading)
        if self._lib is None and ".".join(name.split(".")[:2]) in UNCOMPILED:
            return ModuleSpec(name, self, loader_state=Uncompiled)
        if package not in COURSE:
            return None
        if name in COURSE:
            spec = ModuleSpec(name, self, is_package=True, loader_state=_Toolbox if name == "toolbox" else ModuleType)
            if name == "backprop":
                spec.submodule_search_locations = ["lib/backprop"]  # for helpers that a cell writes
            return spec
        if package == "toolbox" and rest in ROOMS:
            return ModuleSpec(name, self, is_package=True, loader_state=ModuleType)
        if name in self._sent:
            origin, source, _ = self._sent[name]
            spec = ModuleSpec(name, self, origin=origin)
            spec.has_location = bool(source)  # a reference has no file, not even by name
            return spec
        if self._lib is not None:
            if rest not in (*SERVING, *SHARED):
                raise ImportError(f"{name} must not be in a worker's memory; if a worker needs it, add it to `visible`")
            return PathFinder.find_spec(name, [str(self._lib.joinpath(*name.split(".")[:-1]))])
        if package == "toolbox" or name in self._absent:
            return ModuleSpec(name, self, loader_state=NotThereWhileGrading)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return spec.loader_state(spec.name) if spec.loader_state is not None else None

    def exec_module(self, module: ModuleType) -> None:
        if isinstance(module, NotThereWhileGrading | Uncompiled):
            module.__path__ = []  # so that its modules can be imported: they are not there either
        elif module.__name__ in self._sent:
            exec(self._sent[module.__name__][2], vars(module))

    def get_source(self, name: str) -> str | None:
        return self._sent[name][1].decode() or None if name in self._sent else None


def narrow(lib: Path) -> Finder:
    """Let this process see no more of the course than a worker may. Before the toolbox is first imported."""
    if early := [name for name in sys.modules if name.partition(".")[0] in COURSE]:
        raise RuntimeError(f"imported already, and so in memory: {', '.join(early)}")
    finder = Finder(lib)
    sys.meta_path.insert(0, finder)
    return finder


def apart(sent: Sent) -> SimpleNamespace:
    """Modules of the toolbox as attributes by their own names, loaded where `import` does not look: they find each
    other, and all else as anybody does."""
    modules = {name: ModuleType(name) for name in sent}
    whole = builtins.__import__

    def find(name: str, names: Any = None, local: Any = None, wanted: Any = (), level: int = 0) -> Any:
        return modules[name] if name in modules and wanted else whole(name, names, local, wanted, level)

    for name in sent:
        vars(modules[name])["__builtins__"] = vars(builtins) | {"__import__": find}
    done: set[str] = set()

    def load(name: str) -> None:
        """Load a module, and before it those that it imports from."""
        if name not in done:
            done.add(name)
            code = sent[name][2]
            for other in modules:
                if other in code.co_names:
                    load(other)
            exec(code, vars(modules[name]))

    for name in modules:
        load(name)
    return SimpleNamespace(**{name.rpartition(".")[2]: module for name, module in modules.items()})
