"""Edited modules take effect at the next cell; one that Python cannot read is told once, by its line."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


def reload(module: ModuleType) -> ModuleType:
    """Load a module anew; in IPython, functions and objects that are in use already become the new ones as well."""
    if "IPython" not in sys.modules:
        return importlib.reload(module)
    from IPython.extensions.autoreload import superreload

    superreload(module, importlib.reload, _OLD)
    return module


_OLD: dict = {}  # IPython's own record of the objects that a reload replaces


def before_a_cell(info: Any = None) -> None:
    """Load what was edited. IPython calls this before each cell; a check does so itself."""
    if "check(" in getattr(info, "raw_cell", ""):
        return
    for name, error in refresh():
        print(f"{told(error, name)} Until it is repaired, the version that was loaded before counts.", file=sys.stderr)


def after_a_cell(result: Any = None) -> None:
    """Note what a cell has imported, as its file stands. IPython calls this after each cell."""
    if any(name.startswith("backprop.") for name in sys.modules):
        from toolbox.calling.student import note_loaded

        note_loaded()


def refresh() -> list[tuple[str, Exception]]:
    """Load the modules of `backprop` that were edited; returns those that cannot be loaded, and why."""
    if not any(name.startswith("backprop.") for name in sys.modules):
        return []
    from toolbox.calling.student import _LOADED, fresh_module

    failed: list[tuple[str, Exception]] = []
    for name in list(_LOADED):
        try:
            fresh_module(name.removeprefix("backprop."))
        except Exception as error:
            failed.append((name, error))
    return failed


def told(error: BaseException, name: str) -> str:
    """What keeps a module from being loaded, in one line: where, and what."""
    from toolbox.calling.calls import place_of

    if isinstance(error, SyntaxError):
        where = str(error.filename or name).replace("\\", "/").rsplit("/", 1)[-1]
        return f"{where}, line {error.lineno}: {error.msg}. Python cannot read this file."
    module, line, source = place_of(error)
    where = f"{module}, line {line}: `{source}`" if module else name
    return f"{where} raised {type(error).__name__}: {error}."
