"""Notice when a ready-made derivative does the work that a backward pass written by hand was to do.

`watch()` stands around one call of a student's function. Three sensors, none of which costs an honest call much:
1. Saved tensors: autograd tells before it keeps a tensor for a backward pass, which it never does in honest code, as
   gradients are switched off. `torch.func` refuses to run under this sensor by itself (`calls` knows its words).
2. Names: `.backward()`, autograd's ready-made backward kernels (`aten::threshold_backward`) and dual numbers
   (`_make_dual`, forward mode) all pass through torch's function dispatch, under their own names.
3. The engine: the one function through which every backward pass of this process starts, other threads included.

What is noticed raises Forbidden on the spot and, where the code swallows that, once more when the call ends.

The limits: all of this lives where a student's code can reach it. Whoever takes the sensors out is not stopped; so what
they say is evidence, not a wall, and a reviewer who reads the code has the last word. Numerical differentiation uses no
derivative of torch's and is not seen here: `compare.FLOOR` and `toolbox.probes.step_detection` are what rejects it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from threading import get_ident
from typing import Any

import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.overrides import TorchFunctionMode

from toolbox.errors import Forbidden

MESSAGE = "autograd was used ({}); here you write the backward pass yourself"
ENGINES = (torch.autograd, torch.autograd.graph)  # both hold the function that starts the engine, under this name
START = "_engine_run_backward"


class _Names(TorchFunctionMode):
    """Sees every torch function by name."""

    def __init__(self, notice: Callable[[str], None]):
        super().__init__()
        self._notice = notice
        self._known: set[Any] = set()  # looking a function up is cheaper than looking at its name

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        if func not in self._known:
            name = getattr(func, "__name__", "")
            if "backward" in name or name == "_make_dual":
                self._notice("forward mode" if name == "_make_dual" else name)
            self._known.add(func)
        return func(*args, **(kwargs or {}))


@contextmanager
def watch() -> Iterator[None]:
    """Raise Forbidden, at once or at the end, where the code inside uses a ready-made derivative; autograd is off."""
    seen: list[str] = []

    def notice(what: str) -> None:
        seen.append(what)
        raise Forbidden(MESSAGE.format(what))

    def started(*args: Any, **kwargs: Any) -> Any:
        if get_ident() in _ASIDE:
            return before[0](*args, **kwargs)
        return notice("its engine was started")

    before = [getattr(holder, START) for holder in ENGINES]
    for holder in ENGINES:
        setattr(holder, START, started)
    _WATCHES.append(notice)
    try:
        with torch.no_grad(), saved_tensors_hooks(lambda _: notice("it recorded a graph"), lambda kept: kept):
            with _Names(notice):
                yield
    finally:
        _WATCHES.pop()
        for holder, function in zip(ENGINES, before, strict=True):
            setattr(holder, START, function)
        if seen:  # whatever else came of it: it may have been swallowed, or raised in another thread
            raise Forbidden(MESSAGE.format(seen[0])) from None


_WATCHES: list[Callable] = []  # that stand around something now
_ASIDE: set[int] = set()  # threads whose backward passes are nobody's business


def aside(work: Callable[[], Any]) -> Any:
    """`work()`, where a check's own function needs autograd in the midst of a watched call: it is not looked at."""
    return _other_thread().submit(work).result() if _WATCHES else work()


@lru_cache
def _other_thread() -> ThreadPoolExecutor:
    """A thread of the kit's own. The sensors for names and saved tensors, and what switches gradients off, are a
    thread's own: there they are not."""
    return ThreadPoolExecutor(1, "toolbox", initializer=lambda: _ASIDE.add(get_ident()))


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads, and would wait for this one
    os.register_at_fork(after_in_child=_other_thread.cache_clear)
