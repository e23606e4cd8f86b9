"""The worker: the process in which a student's code runs. UNTRUSTED, from its first line of theirs on.

Forked from the warm process. Steps: write the hand-in's files, which arrive in the first message, into the scratch
folder; hide the standard streams; be locked up; then serve requests until the channel closes: `run` a notebook cell,
`call` a function of a module or of the notebook, read a notebook `value`, run a `script`. It holds no tests, no
references and no grades, and the judge believes nothing that it says about itself.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from autograder.sandbox.frames import read_frame, write_frame
from toolbox import calls
from toolbox.cells import Notebook
from toolbox.student import LocalTransport


def serve(folder: Path, read_fd: int, write_fd: int, notebook: Notebook, lock: Callable[[], None]) -> None:
    """Serve one hand-in over two pipes. lock: called once the files lie in `folder`, before anything of theirs runs."""
    reader, writer = os.fdopen(read_fd, "rb"), os.fdopen(write_fd, "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # what C code prints must not reach the grader's terminal
        os.dup2(null, stream)
    lock()
    _, files = read_frame(reader)
    for path, text in json.loads(files).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode("latin-1"))
    sys.path.insert(0, str(folder / "lib"))
    sys.dont_write_bytecode = True
    notebook.folder = folder
    transport = LocalTransport(notebook=notebook.namespace)
    write_frame(writer, {"ready": True}, b"")
    while True:
        try:
            request, payload = read_frame(reader)
        except EOFError:
            return
        if request["op"] == "run":
            answer = json.dumps(notebook.run(payload.decode(), seconds=request["seconds"])).encode()
        elif request["op"] == "call":
            answer = transport.call(request["module"], request["name"], payload)
        elif request["op"] == "value":
            answer = transport.value(request["name"])
        elif request["op"] == "script":
            answer = transport.script(request["number"], payload)
        else:
            answer = calls.failure("malformed", "unknown request")
        write_frame(writer, {"id": request["id"]}, answer)
