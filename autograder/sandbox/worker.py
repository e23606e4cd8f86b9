"""The worker: the process in which a student's code runs. UNTRUSTED, from its first line of theirs on.

Forked from the zygote. Steps: hide the standard streams; be locked up; take the hand-in's files and the given modules
from the first message; then serve requests until the channel closes: `load` a module statement by
statement, `run` a notebook cell, `call` a function of a module or of the notebook, read a notebook `value`, run a
`script`. In the midst of these it may send a `callback`: a call of a function that the judge has handed over, whose
`result` it waits for. Around each call stand the sensors for ready-made derivatives (`sensors`). It holds no tests, no
references but a few without their text, and no grades, and the judge believes nothing that it says about itself.
"""

from __future__ import annotations

import builtins
import gc
import json
import marshal
import os
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import msgpack
import torch

from autograder.sandbox import loading
from autograder.sandbox.frames import LENGTHS, read_frame, write_frame
from autograder.sandbox.modules_in_memory import Finder, apart
from autograder.sandbox.sensors import END, FORGET, Watch
from toolbox.calling import calls, forbid
from toolbox.calling.student import LocalTransport
from toolbox.notebook.cells import Notebook


def serve(
    folder: Path,
    read_fd: int,
    write_fd: int,
    notebook: Notebook,
    finder: Finder,
    watch: Watch,
    lock: Callable[[], None],
) -> None:
    """Serve one hand-in over two pipes. lock: called before anything of the student's lies in `folder` or runs.

    What decides about a reply stands in this function's own variables and is made of C functions: whatever a student's
    code replaces in modules and classes, requests are read, sensors asked and refusals written as before.
    """
    reader, writer = os.fdopen(read_fd, "rb"), os.fdopen(write_fd, "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # what C code prints must not reach the grader's terminal
        os.dup2(null, stream)
    lock()
    _, content = read_frame(reader)
    sources, given, absent, scripts = marshal.loads(content)
    for path, data in sources.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (folder / "lib" / "backprop").mkdir(parents=True, exist_ok=True)  # by which a notebook finds its home
    sys.dont_write_bytecode = True
    finder.open(given, [name for name in absent if f"lib/backprop/{name}.py" not in sources])
    tools = apart(scripts)
    gc.freeze()  # nor does anybody find these by asking the collector
    modules = loading.Modules(sources)
    notebook.folder = folder
    sys.stdout = sys.stderr = Nowhere()
    builtins.print = quiet(builtins.print)
    transport = LocalTransport(modules, notebook=notebook.namespace, watch=torch.no_grad, toolbox=tools)
    asked = 0  # the number of the request that is being served, 0 between two
    turn = Lock()  # a student's code may call from several threads

    def call_back(payload: bytes) -> bytes:
        with turn:
            if not asked:
                raise RuntimeError("this function was given for the time of a call, which is over")
            write_frame(writer, {"callback": asked}, payload)
            return read_frame(reader)[1]

    def answer(request: dict, payload: bytes) -> bytes:
        match request["op"]:
            case "load":
                skip = {line: how for line, how in request["skip"]}
                notes = modules.load(request["module"], skip, lambda line: write_frame(writer, {"line": line}, b""))
                return calls.wire.pack(notes)
            case "run":
                return json.dumps(notebook.run(payload.decode(), alarmed=True)).encode()
            case "call":
                return transport.call(request["module"], request["name"], payload)
            case "value":
                return transport.value(request["name"])
            case "script":
                return transport.script(request["number"], payload)
        return calls.failure("malformed", "unknown request")

    transport.desk = Line(call_back)
    write_frame(writer, {"ready": True}, b"")

    read, write, flush, look, end, forget = reader.read, writer.write, writer.flush, watch.send, END, FORGET
    size, sizes, in_front, scan = LENGTHS.size, LENGTHS.unpack, LENGTHS.pack, json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # as json.loads has it
    pack, tampered = msgpack.Packer(use_bin_type=True).pack, "its sensors were used by another"
    words, refusal = forbid.MESSAGE, {"code": "forbidden", "raised": "", "module": "", "line": 0}
    looks = 0  # how often the sensors were asked
    while True:
        head = read(size)
        if not head:
            return
        length, body = sizes(head)
        request, _ = scan(read(length).decode(), 0)
        payload, asked = read(body), request["id"]
        if "autograd" in request:
            before, _ = look(request["autograd"])
            found = answer(request, payload)
            after, noticed = look(end)
            if before != looks + 1 or after != looks + 2:
                noticed = tampered
            if noticed:
                found = pack({"error": refusal | {"message": words.replace("{}", noticed)}})
            looks = after
        else:
            found = answer(request, payload)
            looks, _ = look(forget)
        with turn:
            asked = 0
        head = b'{"id": %d}' % request["id"]
        write(in_front(head.__len__(), found.__len__()) + head + found)
        flush()


class Line:
    """The way to the check's desk, which lies in the judge's process."""

    def __init__(self, call_back: Callable[[bytes], bytes]):
        self.answer = call_back

    def restart(self) -> None:
        raise NotImplementedError("the judge counts")


class Nowhere:
    """A text stream that takes anything and keeps nothing: what a call prints is nobody's to read."""

    encoding, errors, closed = "utf-8", "replace", False

    def write(self, text: str) -> int:
        return len(text)

    def writelines(self, lines: Any) -> None:
        pass

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        raise OSError("this stream has no file descriptor")

    @property
    def full(self) -> bool:
        """Whether what is written from now on is kept by nobody."""
        return True


def quiet(original: Callable[..., None]) -> Callable[..., None]:
    """`print`, which does not even make a text of its values where nobody would keep it: three thousand tensors take
    longer to put into words than most functions take to run."""

    def print(
        *values: Any, sep: str | None = " ", end: str | None = "\n", file: Any = None, flush: bool = False
    ) -> None:
        target = sys.stdout if file is None else file
        if not getattr(target, "full", False):
            original(*values, sep=sep, end=end, file=target, flush=flush)

    return print
