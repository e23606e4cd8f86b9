"""The worker: the process in which a student's code runs. UNTRUSTED, from its first line of theirs on.

Forked from the warm process. Steps: hide the standard streams; be locked up; take the hand-in and the given modules from
the judge's first message; then serve requests until the channel closes: `run` a notebook cell, `call` a function of a
module or of the notebook, read a notebook `value`, run a `script`. Around each call stand the sensors for ready-made
derivatives (`sensors`). It holds no tests, no references but those without text, and no grades, and the judge believes
nothing that it says about itself.
"""

from __future__ import annotations

import json
import marshal
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import torch

from autograder.frames import LENGTHS, read_frame, write_frame
from autograder.modules_in_memory import Finder, Loaded
from autograder.sensors import END, FORGET, Watch
from toolbox import calls, forbid, wire
from toolbox.cells import Notebook
from toolbox.student import LocalTransport

PACKAGE = "lib/backprop/"


def serve(
    folder: Path, read_fd: int, write_fd: int, notebook: Notebook, finder: Finder, watch: Watch, lock: Callable[[], None]
) -> None:
    """Serve one hand-in over two pipes. lock: called before anything of the student's lies in `folder` or runs.

    What decides about a reply stands in this function's own variables and is made of C functions: whatever a student's
    code replaces in modules and classes, requests are read, the sensors asked and refusals written as before.
    """
    reader, writer = os.fdopen(read_fd, "rb"), os.fdopen(write_fd, "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # what C code prints must not reach the grader's terminal
        os.dup2(null, stream)
    lock()
    _, content = read_frame(reader)
    _take_in(folder, finder, *marshal.loads(content))
    sys.dont_write_bytecode = True
    notebook.folder = folder
    transport = LocalTransport(Loaded(), notebook.namespace, watch=torch.no_grad)
    write_frame(writer, {"ready": True}, b"")

    read, write, flush, look = reader.read, writer.write, writer.flush, watch.send
    size, sizes, in_front, scan = LENGTHS.size, LENGTHS.unpack, LENGTHS.pack, json.JSONDecoder().scan_once
    pack, words, tampered = msgpack.Packer(use_bin_type=True).pack, forbid.MESSAGE, "its sensors were used by another"
    end, forget = END, FORGET
    loaded: set[str] = set()
    looks = 0  # how often the sensors were asked
    while True:
        head = read(size)
        if not head:
            return
        length, body = sizes(head)
        request, _ = scan(read(length).decode(), 0)
        payload, op = read(body), request["op"]
        if op == "run":
            answer = json.dumps(notebook.run(payload.decode(), seconds=request["seconds"])).encode()
            looks, _ = look(forget)
        elif op == "value":
            answer = transport.value(request["name"])
        elif op == "call" or op == "script":
            steps = wire.unpack(payload) if op == "script" else {}
            for module in _modules(steps["steps"] if steps else [[0, "module", 0, request["module"]]]) - loaded:
                loaded.add(module)
                _load(transport, module)  # what it does as it is loaded is not the call's
                looks, _ = look(forget)
            before, _ = look(request["autograd"])
            if op == "call":
                answer = transport.call(request["module"], request["name"], payload)
            else:
                answer = transport.script(request["number"], steps)
            after, noticed = look(end)
            if before != looks + 1 or after != looks + 2:
                noticed = tampered
            looks = after
            if noticed:
                answer = pack({"error": {"code": "forbidden", "message": words.replace("{}", noticed)}})
        else:
            answer = calls.failure("malformed", "unknown request")
        head = b'{"id": %d}' % request["id"]
        write(in_front(head.__len__(), answer.__len__()) + head + answer)
        flush()


def _take_in(folder: Path, finder: Finder, files: dict[str, bytes], given: dict[str, Any], absent: list[str]) -> None:
    """Write the hand-in's files, which its own code may read, and let `finder` load its modules from memory."""
    package = str(folder / PACKAGE)
    sent: dict[str, Any] = {"backprop": (f"{package}/__init__.py", b"", None)}
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
        name = path.removeprefix(PACKAGE).removesuffix(".py")
        if path == f"{PACKAGE}{name}.py":
            sent[f"backprop.{name}"] = (f"{package}/{name}.py", data, None)
    finder.open(sent | given, [name for name in absent if f"backprop.{name}" not in sent])


def _modules(steps: list) -> set[str]:
    """The modules of a student's that a script needs (`toolbox.script`)."""
    found = {step[3] for step in steps if step[1] == "module"} - {"notebook", "toolbox"}
    return found.union(*(_modules(step[5]) for step in steps if step[1] == "repeat"))


def _load(transport: LocalTransport, module: str) -> None:
    try:
        transport.load(module)
    except BaseException:  # the call says what is wrong with it
        pass
