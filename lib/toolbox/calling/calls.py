"""Carry out one call of a student's function: decoded arguments in, plain data out, every failure as a reply.

The same function serves on the student's own machine and inside the grading worker, so that a test cannot tell the
two apart. Steps: find the target, call it with gradients switched off and autograd forbidden (`forbid`), with
RECURSION frames of stack whatever a library has asked for (one that completes code raises Python's limit), encode the
answer, send the tensors that went in back along with it (so that the caller can see which were changed in place).
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import FrameType
from typing import Any

import torch

from toolbox.calling import forbid, wire
from toolbox.errors import Malformed, StudentError

RECURSION = 1000  # frames for a student's call: Python's own default
# What torch says when autograd is used where gradients are switched off, and torch.func under the sensors of `forbid`.
AUTOGRAD_REFUSALS = (
    "does not require grad", "does not have a grad_fn", "can't retain_grad", "don't yet support saved tensor hooks",
)  # fmt: skip
# An operation that torch lacks for a dtype or a device, told by the exception that stands for unwritten code elsewhere.
TORCH_CANNOT = ("not implemented for", "aten::", "meta tensor")

ERROR = {"code": str, "message": str, "raised": str, "module": str, "line": int}  # what a reply tells of an error
# In a grading worker: module -> name -> the statement that would have defined it, and was left out because it failed.
LEFT_OUT: Mapping[str, Mapping[str, Any]] = {}


def perform(
    target: Callable,
    args: list,
    kwargs: dict,
    autograd: bool = False,
    watch: Callable[[], AbstractContextManager] = forbid.watch,
) -> bytes:
    """Call `target(*args, **kwargs)`; returns the encoded reply {"value", "after"} or {"error"}; never raises.

    autograd: whether the target may use it; where not, `watch` stands around the call: it switches gradients off.
    """
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(_depth() + RECURSION)
        with nullcontext() if autograd else watch():
            value = target(*args, **kwargs)
        after = {str(i): arg for i, arg in enumerate(args) if isinstance(arg, torch.Tensor)}
        after |= {name: arg for name, arg in kwargs.items() if isinstance(arg, torch.Tensor)}
        return wire.pack({"value": value, "after": after})
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: they are the student's, not ours
        return wire.pack({"error": describe(error, autograd)})
    finally:
        sys.setrecursionlimit(limit)


def _depth() -> int:
    """How many calls deep this one is."""
    frame: FrameType | None = sys._getframe()
    depth = 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


def failure(code: str, message: str) -> bytes:
    """The encoded reply for a call that could not be tried."""
    return wire.pack({"error": {"code": code, "message": _plain(message), "raised": "", "module": "", "line": 0}})


def describe(error: BaseException, autograd: bool = False) -> dict[str, Any]:
    """An exception as plain data: {"code", "message", "raised", "module", "line"}.

    message: for people, with the student's own line where there is one. raised: the type of the exception. module,
    line: where in the student's code, "" and 0 where it was not there. autograd: whether it was allowed; then torch's
    complaints about it are mistakes like any other.
    """
    module, line, source = place_of(error)
    where = f" ({module}, line {line}{f': `{source}`' if source else ''})" if module else ""
    code, message = _told(error, where, autograd)
    raised = "" if isinstance(error, StudentError) else type(error).__name__
    return {"code": code, "message": _plain(message), "raised": _plain(raised)[:100], "module": module, "line": line}


def _told(error: BaseException, where: str, autograd: bool) -> tuple[str, str]:
    """The code and the message of an exception."""
    if isinstance(error, StudentError):
        return error.code, str(error)
    try:
        text = str(error.msg if isinstance(error, SyntaxError) else error)[:500]  # a SyntaxError repeats its place
    except BaseException:  # a student's exception class may break even here
        text = ""
    if isinstance(error, NotImplementedError) and not any(words in text for words in TORCH_CANNOT):
        return "missing", f"not written yet{where}"
    if not autograd and isinstance(error, RuntimeError) and any(words in text for words in AUTOGRAD_REFUSALS):
        return "forbidden", "autograd was called; here you write the backward pass yourself"
    if isinstance(error, MemoryError) or "DefaultCPUAllocator" in text:
        return "memory", f"out of memory{where}"
    why = why_missing(error.name) if isinstance(error, NameError) and isinstance(error.name, str) else ""
    return "failed", f"your code raised {type(error).__name__}: {text}{where}{why}"


def why_missing(name: str, module: str = "") -> str:
    """'; line 3 of flat.py was left out: …' for a name that a statement which failed would have defined, or ''."""
    for where, names in LEFT_OUT.items():
        note = names.get(name)
        if note is not None and module in ("", where):
            return f"; {where}.py, line {note.line}, was left out: {note.message}"
    return ""


def place_of(error: BaseException) -> tuple[str, int, str]:
    """('flat.py', 12, the line's text) for the innermost line outside the libraries and the toolbox, or ('', 0, '')."""
    if isinstance(error, SyntaxError) and error.filename:
        return str(error.filename).rsplit("/", 1)[-1][:100], int(error.lineno or 0), ""
    try:
        frames = traceback.extract_tb(error.__traceback__)
    except BaseException:
        return "", 0, ""
    for frame in reversed(frames):
        if "site-packages" not in frame.filename and "/toolbox/" not in frame.filename:
            if "/backprop/" in frame.filename or "ipython-input" in frame.filename:
                name = "notebook" if "ipython-input" in frame.filename else frame.filename.rsplit("/", 1)[-1]
                return name[:100], frame.lineno or 0, (frame.line or "")[:120]
    return "", 0, ""


def _plain(text: str) -> str:
    """A text that can be encoded: lone surrogates become question marks."""
    return str(text).encode("utf-8", "replace").decode()


def read_reply(blob: bytes) -> dict[str, Any]:
    """Decode and check a reply. Raises Malformed for anything but {"value", "after"} or {"error": see `describe`}."""
    reply = wire.unpack(blob)
    if type(reply) is dict:
        if set(reply) == {"value", "after"} and type(reply["after"]) is dict:
            return reply
        if set(reply) == {"error"} and type(reply["error"]) is dict:
            if {key: type(part) for key, part in reply["error"].items()} == ERROR:
                return reply
    raise Malformed("the reply is not of the promised form")
