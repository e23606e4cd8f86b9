"""The worker: the process in which a student's code runs. UNTRUSTED, from its first line of theirs on.

Started by `autograder.remote`, isolated from the grader's environment and path. Steps: hide the channel from the
standard streams, import the heavy libraries, set limits, then serve requests until the channel closes: `run` a
notebook cell, `call` a function of a module or of the notebook, read a notebook `value`. It holds no tests, no
references and no grades, and the judge believes nothing that it says about itself.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

from autograder.frames import read_frame, write_frame

FILE_BYTES = 64 * 2**20  # the largest file that a hand-in may write


def serve(folder: str, read_fd: int, write_fd: int, memory: int) -> None:
    """Serve the hand-in in `folder` over two pipes; `memory`: bytes it may take beyond what the libraries need."""
    reader, writer = os.fdopen(read_fd, "rb"), os.fdopen(write_fd, "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # what C code prints must not reach the grader's terminal
        os.dup2(null, stream)
    os.chdir(folder)

    import torch

    torch.set_num_threads(1)
    from toolbox import calls
    from toolbox.cells import Notebook
    from toolbox.student import LocalTransport

    sys.path.insert(0, str(Path(folder) / "lib"))
    limit(memory)
    notebook = Notebook(Path(folder))
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


def limit(memory: int) -> None:
    """Cap what this process may take from now on: memory beyond its present size, file size, no core dumps."""
    present = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (present + memory, present + memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
