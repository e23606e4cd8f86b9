"""Edited modules take effect at the next cell; one that Python cannot read is told once, by its line."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any


def reload(module: ModuleType, in_use: bool = True) -> ModuleType:
    """Load a module anew; in IPython, its functions and objects become the new ones as well, where some are in use."""
    # Python takes the compiled file for current where the source is as long as before and of the same second.
    with suppress(OSError):  # it is not there, or another program holds it
        Path(importlib.util.cache_from_source(str(module.__file__))).unlink()
    if not in_use or "IPython" not in sys.modules:
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
    if _begun():
        from toolbox.calling.student import note_loaded

        note_loaded()


def refresh() -> list[tuple[str, Exception]]:
    """Load the modules of `backprop` that were edited; returns those that cannot be loaded, and why."""
    if not _begun():
        return []
    from toolbox.calling.student import _LOADED, fresh_module

    failed: list[tuple[str, Exception]] = []
    for name in list(_LOADED):
        try:
            fresh_module(name.removeprefix("backprop."))
        except Exception as error:
            failed.append((name, error))
    return failed


def _begun() -> bool:
    """Whether a module of `backprop` is loaded. The kernel's other threads may import something in the meantime."""
    return any(name.startswith("backprop.") for name in list(sys.modules))


def told(error: BaseException, name: str) -> str:
    """What keeps a module from being loaded, in one line: where, and what."""
    from toolbox.calling.calls import place_of

    if isinstance(error, SyntaxError):
        where = str(error.filename or name).replace("\\", "/").rsplit("/", 1)[-1]
        return f"{where}, line {error.lineno}: {error.msg}. Python cannot read this file."
    module, line, source = place_of(error)
    where = f"{module}, line {line}: `{source}`" if module else name
    return f"{where} raised {type(error).__name__}: {error}."
