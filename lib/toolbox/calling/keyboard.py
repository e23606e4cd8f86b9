"""How checks call a student's code on the student's own machine: where someone sits and waits.

Beyond `LocalTransport`: a call that runs away is stopped after some seconds, one interrupt ends the check, what was
called last is kept so that it can be shown, and functions that are not written yet are named where they are missed.
"""

from __future__ import annotations

import ctypes
import re
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from toolbox.calling import calls, unwritten, wire
from toolbox.calling.reloading import refresh
from toolbox.calling.student import NOTEBOOK, LocalTransport

SECONDS = 5.0  # of one call


@dataclass(frozen=True)
class Call:
    """A call of one function: `module.name(*args, **kwargs)`. returned: the names in the function's `return`."""

    module: str
    name: str
    args: list
    kwargs: dict
    returned: tuple[str, ...] = ()


@dataclass(frozen=True)
class Steps:
    """What a script did until now, as `toolbox.calling.script` records it."""

    steps: list


class TooLong(BaseException):
    """Raised inside a student's code that does not end; no Exception, so that `except Exception` lets it through."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise TooLong inside after so many seconds, and every second from then on, as it may be swallowed.

    By a timer signal where there is one, else by another thread, which reaches code written in Python only.
    """
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():

        def ring(*_: Any) -> None:
            raise TooLong

        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        return
    over, here = threading.Event(), threading.get_ident()

    def watch() -> None:
        wait = seconds
        while not over.wait(wait):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(here), ctypes.py_object(TooLong))
            wait = 1.0

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(here), None)  # one that was sent and not seen yet


class KeyboardTransport(LocalTransport):
    """`LocalTransport` for someone who waits; its replies have been read. latest: what was called last. missed: the
    unwritten functions that were called.
    """

    latest: Call | Steps | None = None
    missed: tuple[str, ...] = ()
    _limit = SECONDS

    def allow(self, seconds: float | None) -> None:
        """How long each call may take from now on: thrice what it may in grading, and never less than SECONDS."""
        self._limit = max(SECONDS, 3 * (seconds or 0))

    def forget(self) -> None:
        """A new check begins."""
        self.latest, self.missed = None, ()

    def call(self, module: str, name: str, payload: bytes) -> dict:  # type: ignore[override]
        self._run_notebook(module == NOTEBOOK)
        args, kwargs = wire.unpack(payload)[:2]
        self.latest = Call(module, name, args, kwargs)
        reply = self._carried(lambda: super(KeyboardTransport, self).call(module, name, payload))
        self.latest = Call(module, name, args, kwargs, self._returned(module, name))
        return reply

    def _returned(self, module: str, name: str) -> tuple[str, ...]:
        try:
            source = super()._namespace(module)
            return unwritten.returned(source[name] if isinstance(source, Mapping) else getattr(source, name))
        except (Exception, SystemExit):  # there is no such function, or its module cannot be loaded: the reply says so
            return ()

    def _run_notebook(self, needed: bool) -> None:
        """From a terminal, a notebook's cells are run when a check first needs one: in no call's time."""
        if needed:
            with suppress(Exception):  # told by the call, which tries once more
                self._notebook_namespace()

    def value(self, name: str) -> dict:  # type: ignore[override]
        self._run_notebook(True)
        return self._carried(lambda: super(KeyboardTransport, self).value(name))

    def script(self, number: int, payload: bytes) -> dict:  # type: ignore[override]
        before = self.latest.steps if isinstance(self.latest, Steps) else []
        self.latest = Steps([*before, *wire.unpack(payload)["steps"]])
        self._run_notebook(any(step[1] == "module" and step[3] == NOTEBOOK for step in self.latest.steps))
        return self._carried(lambda: super(KeyboardTransport, self).script(number, payload))

    def _namespace(self, module: str) -> Any:
        found = super()._namespace(module)
        if module not in (NOTEBOOK, "toolbox"):
            unwritten.watch(found, self._seen, self._undo)
        return found

    _seen: list[str]
    _undo: unwritten.Undo

    def _carried(self, run: Callable[[], bytes | dict]) -> dict:
        """The reply, in words for someone who sits there. Raises KeyboardInterrupt where the call was interrupted."""
        self._undo = []
        refresh()  # not while their functions are wrapped
        try:
            with unwritten.noted() as self._seen, deadline(self._limit):
                blob = run()
        except TooLong:  # just outside the student's code
            blob = calls.failure("timeout", f"stopped after {self._limit:g} s: does every loop in it end?")
        finally:
            unwritten.restore(self._undo)
        self.missed += tuple(self._seen)
        reply = blob if isinstance(blob, dict) else calls.read_reply(blob)
        return self._said(reply, reply["error"]) if "error" in reply else reply

    def _said(self, reply: dict, error: dict) -> dict:
        where = re.search(r" \([^()]*, line \d+.*", error["message"], re.DOTALL)
        place = where[0] if where else ""
        if error["raised"] == "KeyboardInterrupt":
            raise KeyboardInterrupt
        if error["raised"] == "TooLong":
            message = f"stopped after {self._limit:g} s{place}: does every loop in it end?"
            return {"error": error | {"code": "timeout", "message": message}}
        if error["raised"] in ("TypeError", "AttributeError") and "NoneType" in error["message"] and self._seen:
            message = f"`{self._seen[-1]}` is not written yet, and is needed here{place}"
            return {"error": error | {"code": "missing", "message": message}}
        return reply
