"""`student`: the object through which a suite calls a student's code.

`student.flat.linear_hinge(x=x, ...)` calls a function of `backprop.flat`, `student.notebook.repaired(...)` one of the
notebook, `student.value("predicted")` reads a notebook variable. Behind it stands a transport: `LocalTransport` here,
the wire to a worker process in grading. Both encode and decode every value, so a test sees the same either way.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

import torch

from toolbox.calling import calls, forbid, wire
from toolbox.calling.callbacks import Answering, Desk
from toolbox.calling.script import Runner, Script
from toolbox.errors import BY_CODE, Missing, Raised

NOTEBOOK = "notebook"


class Transport(Protocol):
    """What carries a call to the student's code. A reply is encoded, or has been read by `calls.read_reply` already.

    allowed: how many backward passes of autograd each call may start from now on. desk: where calls of the check's own
    functions arrive. `Student` sets both.
    """

    allowed: int
    desk: Answering

    def call(self, module: str, name: str, payload: bytes) -> bytes | dict:
        """Run function `name` of `module` on the encoded [args, kwargs]; returns the reply."""

    def value(self, name: str) -> bytes | dict:
        """The reply that holds the notebook variable `name`."""

    def script(self, number: int, payload: bytes) -> bytes | dict:
        """Run encoded steps of script `number` (see `toolbox.calling.script`); returns the reply."""


class Student:
    """Calls by name, plain data both ways. Raises `toolbox.errors.StudentError` where no answer arrives."""

    def __init__(self, transport: Transport):
        self._transport = transport
        self._desk = transport.desk = Desk()
        self.changed: list[str] = []
        self._scripts = 0
        self._allow(0)

    def allow(self, seconds: float | None) -> None:
        """How long each call may take from now on, where it is made in grading; None: as long as any other."""
        allow = getattr(self._transport, "allow", None)
        if allow is not None:
            allow(seconds)

    @property
    def need(self) -> float:
        """The seconds of processor time that the longest call since `allow` took, where that is measured, else 0."""
        return getattr(self._transport, "need", 0.0)

    def close(self) -> None:
        """Let go of the process that runs the code, where there is one."""
        close = getattr(self._transport, "close", None)
        if close is not None:
            close()

    @contextmanager
    def autograd(self, passes: int = 2**31 - 1) -> Iterator[None]:
        """Calls made inside may use autograd. Elsewhere it is forbidden: backward passes are written by hand.

        passes: how many backward passes each call may start, where that is known.
        """
        before = self._autograd
        self._allow(passes)
        try:
            yield
        finally:
            self._allow(before)

    def _allow(self, passes: int) -> None:
        self._autograd = self._transport.allowed = passes

    def script(self, autograd: bool = False) -> Script:
        """A recording of steps with the student's objects; see `toolbox.calling.script`. autograd: they may use it."""
        self._scripts += 1
        self._desk.clear()
        number = self._scripts

        def send(request: dict) -> Any:
            with self.autograd() if autograd else nullcontext():
                return self._send_script(number, request)

        return Script(send, self._desk)

    def _send_script(self, number: int, request: dict) -> Any:
        question = wire.pack_question(request | {"autograd": bool(self._autograd)})
        return self._read(self._transport.script(number, question), {})

    def __getattr__(self, module: str) -> _Module:
        if module.startswith("_"):
            raise AttributeError(module)
        return _Module(self, module)

    def value(self, name: str) -> Any:
        """The notebook variable `name`, as plain data."""
        return self._read(self._transport.value(name), {})

    def _call(self, module: str, name: str, args: tuple, kwargs: dict) -> Any:
        sent = {str(i): arg for i, arg in enumerate(args)} | kwargs
        reply = self._transport.call(module, name, wire.pack_question([list(args), kwargs, bool(self._autograd)]))
        return self._read(reply, {key: arg for key, arg in sent.items() if isinstance(arg, torch.Tensor)})

    def _read(self, blob: bytes | dict, sent: dict[str, torch.Tensor]) -> Any:
        self.changed = []
        reply = blob if isinstance(blob, dict) else calls.read_reply(blob)
        if "error" in reply:
            error = reply["error"]
            place = (error["module"], error["line"]) if error["module"] else None
            raise BY_CODE.get(error["code"], Raised)(error["message"], raised=error["raised"], place=place)
        after = reply["after"]
        self.changed = [name for name, before in sent.items() if not _same(before, after.get(name))]
        return reply["value"]


class _Module:
    def __init__(self, student: Student, module: str):
        self._student, self._module = student, module

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self._student._call(self._module, name, args, kwargs)


def _same(before: torch.Tensor, after: Any) -> bool:
    return (
        type(after) is torch.Tensor
        and before.shape == after.shape
        and before.dtype == after.dtype
        and (torch.equal(before, after) or torch.equal(before.nan_to_num(), after.nan_to_num()))
    )


class LocalTransport:
    """Calls code in this very process: the student's own machine, and the audit of answers that we wrote.

    modules: name -> module or namespace; where None, `backprop.<name>` is imported afresh, so that it is up to date.
    notebook: the namespace of the notebook, or a function that makes it when first needed. watch: stands around calls
    that may not use autograd. toolbox: the toolbox's modules as a script sees them; where None, all of them.
    """

    allowed = 0

    def __init__(
        self,
        modules: Mapping[str, Any] | None = None,
        notebook: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None,
        watch: Callable[[], AbstractContextManager] = forbid.watch,
        toolbox: Any = None,
    ):
        self._modules = modules
        self._toolbox = _Toolbox() if toolbox is None else toolbox
        self._notebook = notebook
        self.desk: Answering = Desk()
        self._watch = watch
        self._script: tuple[int, Runner] = (0, Runner(self._namespace, self.desk))

    def call(self, module: str, name: str, payload: bytes) -> bytes:
        try:
            target = self._find(module, name)
        except Missing as error:
            return calls.failure("missing", str(error))
        except ModuleNotFoundError as error:
            if error.name != f"backprop.{module}":
                return calls.wire.pack({"error": calls.describe(error)})
            return calls.failure("missing", f"there is no {module}.py")
        except BaseException as error:  # a module that cannot be imported, a notebook that cannot be run
            return calls.wire.pack({"error": calls.describe(error)})
        args, kwargs, autograd = wire.unpack(payload, believed=True)
        return calls.perform(target, args, kwargs, autograd, self._watch)

    def value(self, name: str) -> bytes:
        try:
            namespace = self._notebook_namespace()
        except BaseException as error:
            return wire.pack({"error": calls.describe(error)})
        if name not in namespace:
            return calls.failure("missing", f"the notebook has no `{name}`: run its cell first")
        return calls.perform(lambda: namespace[name], [], {})

    def script(self, number: int, payload: bytes) -> bytes:
        if self._script[0] != number:  # only the latest script's objects are kept
            self._script = number, Runner(self._namespace, self.desk)
        request = wire.unpack(payload, believed=True)
        return calls.perform(self._script[1].run, [request], {}, request["autograd"], self._watch)

    def _namespace(self, module: str) -> Any:
        if module == NOTEBOOK:
            return self._notebook_namespace()
        if module == "toolbox":
            return self._toolbox
        return self._modules[module] if self._modules is not None else fresh_module(module)

    def _notebook_namespace(self) -> Mapping[str, Any]:
        if callable(self._notebook):
            self._notebook = self._notebook()
        return self._notebook or {}

    def _find(self, module: str, name: str) -> Callable:
        source = self._namespace(module)
        target = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
        where = "the notebook" if module == NOTEBOOK else f"{module}.py"
        if target is None:
            raise Missing(f"{where} has no function `{name}`{calls.why_missing(name, module)}")
        if not callable(target):
            raise Missing(f"`{name}` in {where} is not a function")
        return target


class _Toolbox:
    """The modules that scripts use, by their own names, imported when asked for."""

    def __getattr__(self, name: str) -> Any:
        for room in ("probes", "given"):
            if importlib.util.find_spec(f"toolbox.{room}.{name}"):
                return importlib.import_module(f"toolbox.{room}.{name}")
        raise AttributeError(f"neither toolbox.probes nor toolbox.given holds a module {name}")


def fresh_module(name: str) -> Any:
    """`backprop.<name>` as its file stands now: edits since the last import count.

    A file that has not changed is not loaded again: its classes must stay the same ones for objects made of them.
    """
    full = f"backprop.{name}"
    module = sys.modules.get(full)
    if module is not None and _stamp(module) == _LOADED.get(full):
        return module
    importlib.invalidate_caches()  # takes a millisecond: too long for every call
    if module is None:
        module = importlib.import_module(full)
    else:
        from toolbox.calling.reloading import reload  # not needed in a worker, and not there

        before = _stamp(module)  # what is saved while it loads is loaded the next time
        # One that somebody else imported has no objects yet that must become new ones.
        module = reload(module, in_use=full in _LOADED)
        _LOADED[full] = before
        return module
    _LOADED[full] = _stamp(module)
    return module


def note_loaded() -> None:
    """Whatever is loaded now is as its file stands: there is no need to load it once more."""
    for name, module in list(sys.modules.items()):
        if name.startswith("backprop.") and name not in _LOADED:
            _LOADED[name] = _stamp(module)


_LOADED: dict[str, tuple] = {}  # what each module's file looked like when it was loaded here


def _stamp(module: Any) -> tuple:
    """Which file a module comes from, and what says that the file was changed."""
    try:
        status = os.stat(module.__file__)
    except (AttributeError, TypeError, OSError):
        return ()
    return module.__file__, status.st_mtime_ns, status.st_size, id(module)
