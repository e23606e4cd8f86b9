"""Stand-ins for what is not there while grading: checks, references, the gradient checker. They live in the worker.

A notebook or module that imports such a thing goes on: calling it says that it is not there and gives another stand-in,
which can be passed on, looped over (no steps), asked (no) and printed. What is graded is never made of one: no answer
may hold it. A check that a student calls in a cell of their own is quiet, as grading brings its own.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

WORDS = "not there while grading"
QUIET = ("toolbox.check", "toolbox.handin.submit", "toolbox.submit")


class NotThereWhileGrading(ModuleType):
    """A module, a function, or what came of calling it: by its name, which is all it has."""

    _said: set[str] = set()

    def __getattr__(self, name: str) -> NotThereWhileGrading:
        if name.startswith("_"):  # what Python and IPython ask for must be answered as by any module
            raise AttributeError(f"{self.__name__} is {WORDS}")
        return NotThereWhileGrading(f"{self.__name__}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> NotThereWhileGrading:
        if not self.__name__.startswith(QUIET) and self.__name__ not in self._said:
            self._said.add(self.__name__)
            print(f"{self.__name__} is {WORDS}")
        return NotThereWhileGrading(self.__name__)

    def __repr__(self) -> str:
        return f"<{self.__name__}: {WORDS}>"

    def _ipython_display_(self) -> None:
        """The call has said it."""

    def __format__(self, form: str) -> str:
        return f"({WORDS})"

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Any:
        return iter(())

    def __getitem__(self, key: Any) -> NotThereWhileGrading:
        return self

    def __enter__(self) -> NotThereWhileGrading:
        return self

    def __exit__(self, *error: object) -> None:
        return None


class Uncompiled(ModuleType):
    """In the place of torch's compilers, which optimisers and others import and which need packages that are not there:
    what they would compile runs as it is.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return passed_on


def passed_on(function: Any = None, *args: Any, **kwargs: Any) -> Any:
    """The function itself; where none is given, what passes on the one that comes, as a decorator does."""
    return function if callable(function) else passed_on


def pass_over_breakpoints() -> None:
    """Nobody is there to step through a program: a `breakpoint()` that was left in a right answer costs nothing."""
    import bdb  # here: whoever only knows a stand-in by its kind loads no debugger
    import pdb

    from IPython.core import debugger

    sys.breakpointhook = pdb.set_trace = debugger.set_trace = _go_on  # type: ignore[assignment]
    bdb.Bdb.set_trace = _go_on  # type: ignore[assignment,method-assign]


def _go_on(*args: Any, **kwargs: Any) -> None:
    """In the place of what stops a program."""
