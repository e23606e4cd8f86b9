"""Carry out one call of a student's function: decoded arguments in, plain data out, every failure as a reply.

The same function serves on the student's own machine and inside the grading worker, so that a test cannot tell the
two apart. Steps: find the target, call it with gradients switched off and autograd forbidden (`forbid`), with
RECURSION frames of stack whatever a library has asked for (one that completes code raises Python's limit), encode the
answer, send the tensors that went in back along with it (so that the caller can see which were changed in place).
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from toolbox import forbid, wire
from toolbox.errors import Malformed, StudentError

RECURSION = 1000  # frames for a student's call: Python's own default
# What torch says when autograd is used where gradients are switched off, and torch.func under the sensors of `forbid`.
AUTOGRAD_REFUSALS = (
    "does not require grad", "does not have a grad_fn", "can't retain_grad", "don't yet support saved tensor hooks",
)  # fmt: skip


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
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


def failure(code: str, message: str) -> bytes:
    """The encoded reply for a call that could not be tried."""
    return wire.pack({"error": {"code": code, "message": message}})


def describe(error: BaseException, autograd: bool = False) -> dict[str, str]:
    """An exception as plain data: {"code", "message"}, with the student's own line where there is one.

    autograd: whether it was allowed; then torch's complaints about it are mistakes like any other.
    """
    if isinstance(error, StudentError):
        return {"code": error.code, "message": str(error)}
    try:
        text = str(error.msg if isinstance(error, SyntaxError) else error)[
            :500
        ]  # a SyntaxError's text repeats its place
    except BaseException:  # a student's exception class may break even here
        text = ""
    if isinstance(error, NotImplementedError):
        return {"code": "missing", "message": f"not written yet{place_of(error)}"}
    if not autograd and isinstance(error, RuntimeError) and any(words in text for words in AUTOGRAD_REFUSALS):
        return {"code": "forbidden", "message": "autograd was called; here you write the backward pass yourself"}
    if isinstance(error, MemoryError) or "DefaultCPUAllocator" in text:
        return {"code": "memory", "message": f"out of memory{place_of(error)}"}
    return {"code": "failed", "message": f"your code raised {type(error).__name__}: {text}{place_of(error)}"}


def place_of(error: BaseException) -> str:
    """' (flat.py, line 12: `x = …`)' for the innermost line outside the libraries and the toolbox, or ''."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename.rsplit('/', 1)[-1]}, line {error.lineno})"
    try:
        frames = traceback.extract_tb(error.__traceback__)
    except BaseException:
        return ""
    for frame in reversed(frames):
        if "site-packages" not in frame.filename and "/toolbox/" not in frame.filename:
            if "/backprop/" in frame.filename or "ipython-input" in frame.filename:
                name = "notebook" if "ipython-input" in frame.filename else frame.filename.rsplit("/", 1)[-1]
                line = f": `{frame.line[:120]}`" if frame.line else ""
                return f" ({name}, line {frame.lineno}{line})"
    return ""


def read_reply(blob: bytes) -> dict[str, Any]:
    """Decode and check a reply. Raises Malformed for anything but {"value", "after"} or {"error": {code, message}}."""
    reply = wire.unpack(blob)
    if type(reply) is dict:
        if set(reply) == {"value", "after"} and type(reply["after"]) is dict:
            return reply
        if set(reply) == {"error"} and type(reply["error"]) is dict:
            error = reply["error"]
            if set(error) == {"code", "message"} and all(type(part) is str for part in error.values()):
                return reply
    raise Malformed("the reply is not of the promised form")
