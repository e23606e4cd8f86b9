"""Notice ready-made derivatives in a whole process: whatever thread they run on, by whatever name they are called.

Installed once, in the zygote, before any code of a student's is there; a worker asks at the begin and at the end
of each call. What is looked at lies in torch's own machinery, where Python's names do not reach:

1. The engine. Every backward pass has a number, and numbers count up, for the whole process. One more pass, of a single
   number, tells how many there were since the last one.
2. The kernels. Torch's dispatcher holds a function for each ready-made backward step (`threshold_backward`, …) and for
   making dual numbers (`_make_dual`, which all forward mode needs). Each gets one in front of it that takes notes:
   scripted and traced code, nodes of a graph that are called by hand and inference mode pass there, too.
3. The nodes. Where anomaly detection is on, torch asks for a traceback whenever it records an operation, in any thread;
   it gets it from a function of ours. Honest code records nothing where gradients are switched off, nor within a
   backward pass that keeps no graph. A thread's nodes are numbered, too: where more were made than asked for one,
   somebody has kept them quiet.
4. Dual numbers need an open level, and there is one only: none may be left open from before.

What is noticed is evidence. All of it lives in the process of the student's code, and whoever rewrites memory or takes
over the worker's own frames is not stopped (autograder/README.md, "What remains").
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator
from types import FrameType

# What is sent: a number from 0 on says that a call begins, and how many backward passes it may start.
END = -1  # the call is over
FORGET = -2  # something else ran, which nobody watched
ANY = 2**31 - 1  # backward passes: the call may use autograd as it likes
Watch = Generator[tuple[int, str], int, None]

GENERAL = ("CompositeExplicitAutograd", "CompositeExplicitAutogradNonFunctional")
# A kernel of another layout does the same for whoever brings tensors into it.
LAYOUTS = ("CPU", "MkldnnCPU", "NestedTensorCPU", "QuantizedCPU", "SparseCPU", "SparseCsrCPU")


def install() -> Watch:
    """Put the sensors in place, for the life of this process and of those forked from it; returns them, ready.

    They are a generator, because the code of one that runs cannot be exchanged. What comes back is (how often something
    was sent so far, what was noticed in the call that has ended, or ""). Who has sent less than that is not alone.
    """
    notes: deque[str] = deque(maxlen=4)
    _cover_kernels(notes.append)
    watch = _watch(notes)
    next(watch)
    return watch


def _watch(notes: deque[str]) -> Watch:
    import torch
    import torch.fx.traceback as traceback
    from torch.autograd.graph import _engine_run_backward as engine

    number, run = torch._C._current_graph_task_id, torch.autograd.Variable._execution_engine.run_backward
    enter, leave = torch._C._enter_dual_level, torch._C._exit_dual_level
    anomaly, is_on, recording = torch.set_anomaly_enabled, torch.is_anomaly_enabled, torch.is_grad_enabled
    nodes = torch._C._autograd._get_sequence_nr
    by_engine, top, thread, main = engine.__code__, sys._getframe, threading.get_ident, threading.get_ident()
    seen: deque[int] = deque(maxlen=1)
    one, leaf = torch.ones(()), torch.zeros((), requires_grad=True)
    leaf.register_hook(lambda _: seen.append(number()))
    roots, upstream = (leaf,), (one,)

    asked, made = 0, 0  # nodes of this thread that asked for a traceback, and the number of its next one at the begin

    def note_node() -> list[str]:
        nonlocal asked
        if thread() == main:
            asked += 1
        if recording() and (allowed == 0 or not in_order()):
            notes.append("it recorded a graph")
        return []  # without recording it is a Function that is only applied: it makes a node as well, and needs none

    def in_order() -> bool:
        """Whether the code that records is not within a backward pass, or within one that keeps its graph."""
        inner: FrameType = top(2)
        frame: FrameType | None = inner
        while frame is not None:
            if frame.f_code is by_engine:
                return frame is inner or frame.f_locals["args"][2]
            frame = frame.f_back
        return thread() == main

    holder, names, modules = traceback.__name__, vars(traceback), sys.modules
    last, sent, what, allowed = -1, 0, "", 0  # last: the number of our latest pass, -1 where others may have followed
    while True:
        order = yield sent, what
        sent, what = sent + 1, ""
        if order == FORGET:
            last = -1
        elif order >= 0:
            allowed = order
            if last < 0:
                run(roots, upstream, False, False, roots, allow_unreachable=True, accumulate_grad=False)
                last = seen.pop()
                notes.clear()
            if allowed == ANY:
                continue
            try:
                leave(level=enter())
            except RuntimeError:  # one is open already: duals from a cell or an earlier call would go on living
                leave(level=0)
            names["format_stack"] = note_node
            anomaly(True, False)
            asked, made = 0, nodes()
        else:
            if allowed < ANY:
                untouched = is_on() and names["format_stack"] is note_node and modules.get(holder) is traceback
                if not untouched or nodes() - made > asked:
                    notes.append("what records it was switched off")
                anomaly(False, False)
            run(roots, upstream, False, False, roots, allow_unreachable=True, accumulate_grad=False)
            now = seen.pop()
            if now - last - 1 > allowed:
                notes.append("its engine was started")
            if notes and allowed < ANY:
                what = notes[0]
            last = now
            notes.clear()


def _cover_kernels(note: Callable[[str], None]) -> None:
    """Put a function that takes a note in front of each ready-made backward step, and of the making of duals.

    What the engine itself asks for is no news: that it was started is noticed elsewhere, and where a call may start it,
    it may use what it likes.
    """
    import torch
    from torch import library as operators
    from torch.autograd.graph import _engine_run_backward as engine

    has, frame, by_engine = torch._C._dispatch_has_kernel_for_dispatch_key, sys._getframe, engine.__code__
    own, number = engine.__globals__, torch._C._current_graph_task_id  # a copy of the engine's function has others
    library = operators.Library("aten", "IMPL")

    given_out = torch._C.DispatchKey.__members__  # of the others torch gives no kernel out, and nobody honest needs it

    def absent(*args, **kwargs):
        raise RuntimeError("not there while grading")

    def cover(operator: str, key: str) -> None:
        kernel = operators.get_kernel(f"aten::{operator}", key).call_boxed if key in given_out else absent
        name = "forward mode" if operator.startswith("_make_dual") else operator.partition(".")[0]

        def noting(keys, *args, **kwargs):
            caller = frame().f_back  # None in a thread of torch's own
            if caller is None or caller.f_code is not by_engine or caller.f_globals is not own or number() < 0:
                note(name)
            return kernel(keys, *args, **kwargs)

        library.impl(operator, noting, key, with_keyset=True, allow_override=True)

    with warnings.catch_warnings(action="ignore"):  # torch warns of what is done here on purpose
        for schema in torch._C._jit_get_all_schemas():
            name = schema.name.removeprefix("aten::")
            if name == schema.name or not ("backward" in name or "_jvp" in name or "_make_dual" in name):
                continue
            operator = f"{name}.{schema.overload_name}" if schema.overload_name else name
            try:
                keys = {key for key in (*GENERAL, *LAYOUTS) if has(f"aten::{operator}", key)}
            except RuntimeError:  # scripts alone know it
                continue
            # those without are made of operations that are not covered, for which autograd has its own rules
            for key in keys & set(LAYOUTS) | ({"CPU"} if keys & set(GENERAL) else set()):
                cover(operator, key)
            if name == "_make_dual":
                cover(operator, "AutogradCPU")
    _KEPT.append(library)


_KEPT: list = []  # what a library has registered lives as long as it
