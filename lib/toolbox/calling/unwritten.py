"""Functions that are not written yet: which ones of a module still hold a placeholder, and whether one was called.

A function that nobody has written returns None, and whoever calls it fails in a line that is right. So, while a check
runs, the functions with a placeholder are wrapped: a call that gave nothing is noted under the function's name.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import FunctionType
from typing import Any

PLACEHOLDER = re.compile(r"^( *)# YOUR CODE HERE", re.MULTILINE)
Undo = list[tuple[Any, str, Any, Any]]  # where, which name, what stood there, what stands there now
Function = ast.FunctionDef | ast.AsyncFunctionDef
# What a function may hold that nobody has written: names, constants, and what is made of them without computing.
IDLE = (ast.Pass, ast.Return, ast.Assign, ast.AnnAssign, ast.Tuple, ast.List, ast.Dict, ast.Constant, ast.Name,
        ast.Load, ast.Store, ast.Attribute, ast.Subscript, ast.Expr)  # fmt: skip


@contextmanager
def noted() -> Iterator[list[str]]:
    """Inside, the names of the unwritten functions of `backprop` that are called arrive in the list, the latest last.

    A module that is loaded inside is not watched yet: `watch` it.
    """
    seen: list[str] = []
    undo: Undo = []
    try:
        for name in [name for name in list(sys.modules) if name.startswith("backprop.")]:
            watch(sys.modules[name], seen, undo)
        yield seen
    finally:
        restore(undo)


def restore(undo: Undo) -> None:
    """Put the functions back, but where the module was loaded anew meanwhile and has others."""
    for owner, name, function, wrapper in reversed(undo):
        if vars(owner).get(name) is wrapper:
            setattr(owner, name, function)
    undo.clear()


def watch(module: Any, seen: list[str], undo: Undo) -> None:
    """Wrap the module's unwritten functions; what was there before goes to `undo`."""
    lines = placeholders(module)
    if not lines:
        return
    classes = [kind for kind in vars(module).values() if inspect.isclass(kind) and kind.__module__ == module.__name__]
    for owner in (module, *classes):
        for name, function in list(vars(owner).items()):
            # By the file of its code: a wrapper bears the function's module, and must not be wrapped once more.
            if type(function) is FunctionType and function.__code__.co_filename == module.__file__:
                bare = lines.get(function.__code__.co_firstlineno)
                if bare is not None:
                    wrapper = _noting(function, bare, seen)
                    undo.append((owner, name, function, wrapper))
                    setattr(owner, name, wrapper)


def _noting(function: Callable, bare: bool, seen: list[str]) -> Callable:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        answer = function(*args, **kwargs)
        first = answer[0] if isinstance(answer, tuple) and answer else answer
        if bare or first is None:
            seen.append(function.__qualname__)
        return answer

    return call


def placeholders(module: Any) -> dict[int, bool]:
    """The first lines of the functions of a module that hold a placeholder, and whether nothing else is in them."""
    path = getattr(module, "__file__", None)
    try:
        return _placeholders(path, Path(path).stat().st_mtime_ns) if path else {}
    except OSError:
        return {}


@lru_cache(maxsize=64)
def _placeholders(path: str, stamp: int) -> dict[int, bool]:
    try:
        text = Path(path).read_text(encoding="utf-8")
        nodes = list(ast.walk(ast.parse(text)))
    except (OSError, ValueError, SyntaxError, RecursionError):
        return {}
    functions = sorted((node for node in nodes if isinstance(node, Function)), key=lambda node: node.lineno)
    found: dict[int, bool] = {}
    for match in PLACEHOLDER.finditer(text):
        line, indent = text.count("\n", 0, match.start()) + 1, len(match[1])
        above = [node for node in functions if node.lineno < line and node.col_offset < indent]
        if above:
            node = above[-1]
            found[min([node.lineno, *(mark.lineno for mark in node.decorator_list)])] = is_bare(node)
    return found


def is_bare(node: Function) -> bool:
    """Whether nothing in a function computes anything."""
    return all(isinstance(inner, IDLE) for statement in node.body for inner in ast.walk(statement))


def returned(function: Any) -> tuple[str, ...]:
    """The names in the last `return` of a function, as in `return f, grads`; () where it returns anything else."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return ()
    lasts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    parts = lasts[-1].elts if lasts and isinstance(lasts[-1], ast.Tuple) else lasts[-1:]
    return tuple(part.id for part in parts if isinstance(part, ast.Name))
