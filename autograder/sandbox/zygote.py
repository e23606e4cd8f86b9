"""The warm process: it has imported everything, is shut in, and forks a worker for each hand-in. TRUSTED, but poor.

It holds no tests, references or grades: all it knows is how to import libraries. Steps: import and warm up (torch on
<<<<<<< moved
one thread: a fork after a two-thread product hangs the child); shut itself in (`sandbox.walls`); say which walls
stand; then, for each request on a judge's line, fork a worker that serves the two pipes which came along, and answer
with a handle on that worker's process. The first line brings the others, one a judge; when one of those closes, its
workers are ended; when the first one closes, all ends.
=======
one thread: a fork after a two-thread product hangs the child); find out what to show of this machine, and shut itself
in (`autograder.sandbox.walls`); say which walls stand; then, for each request on a judge's line, fork a worker that serves
the two pipes which came along, and answer with a handle on that worker's process. The first line brings the others, one
a judge; when one of those closes, its workers are ended; when the first one closes, all ends. Where workers must ask
for their threads, it answers them in between.
>>>>>>> walls
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

from autograder.sandbox.frames import frame
<<<<<<< moved
from autograder.sandbox.walls import Limits, enter, fork, kernel, lock, root_folder
=======
from autograder.sandbox.walls import Limits, courtesy, kernel, needs, root_folder
from autograder.sandbox.walls.asking import Answering
>>>>>>> walls
from autograder.sandbox.worker import serve  # all of the kit is imported before the room hides its files
from toolbox.cells import Notebook

MEASURE = 0.25  # seconds between two looks at what workers without a room have written


def main(control: int, settings: dict) -> None:
    """Serve the lines of the judges. control: the first one; settings: see `forks.settings`."""
    first = socket.socket(fileno=control)
    if kernel.LINUX:
        kernel.die_with_parent()
    notebook = warm_up()
    present = _address_space()
<<<<<<< moved
    walls = enter(course)
    first.sendall(json.dumps(walls.as_dict()).encode())
    readable = [*root_folder.SYSTEM, *root_folder.DEVICES, *root_folder.installation(), *course]
=======
    plan = needs.plan(settings["course"], settings["given"], settings["private"])
    sys.path[:] = [entry for entry in sys.path if plan.shows(entry)]
    walls = walls.enter(plan)
    first.sendall(json.dumps({"walls": walls.as_dict(), "shown": plan.shown}).encode())
    readable = [*plan.shown, *root_folder.DEVICES]
>>>>>>> walls
    workers: dict[socket.socket, set[int]] = {first: set()}  # each line's, as long as nobody has taken leave of them
    asking: list[Answering] = []
    measured = time.monotonic()
    while True:
<<<<<<< moved
        line = select.select(list(workers), [], [])[0][0]
        message, descriptors = _receive(line)
        _reap(workers)
        if not message:
            if line is first:
                return
            for pid in workers.pop(line):
                os.kill(pid, signal.SIGKILL)
            line.close()
            continue
        request = json.loads(message)
        if request.get("line"):
            workers[socket.socket(fileno=descriptors[0])] = set()
            continue
        pid = fork(walls)
        if pid == 0:
            _become_worker(request, descriptors, list(workers), walls, present, readable, notebook)
        workers[line].add(pid)
        for descriptor in descriptors:
            os.close(descriptor)
        handle = os.pidfd_open(pid)
        try:
            socket.send_fds(line, [b"{}"], [handle])
        except OSError:
            pass  # the judge has gone: the next look at its line says so
        os.close(handle)
=======
        # All that are ready, in turn: a worker that asks without end must not keep the others waiting.
        ready = select.select([*asking, *workers], [], [], MEASURE if asking else None)[0]
        if time.monotonic() > measured + MEASURE:
            for worker in asking:
                worker.measure()
            measured = time.monotonic()
        for line in ready:
            if isinstance(line, Answering):
                if line in asking and not line.serve():
                    asking.remove(line)
                    line.close()
                continue
            message, descriptors = _receive(line)
            _reap(workers, asking)
            if not message:
                if line is first:
                    return
                for pid in workers.pop(line):
                    os.kill(pid, signal.SIGKILL)
                line.close()
                continue
            request = json.loads(message)
            if request.get("line"):
                workers[socket.socket(fileno=descriptors[0])] = set()
                continue
            ours, theirs = socket.socketpair() if walls.must_ask() else (None, None)
            pid = walls.fork(walls)
            if pid == 0:
                for other in [*workers, *asking, *([ours] if ours else [])]:
                    other.close()
                _become_worker(request, descriptors, walls, present, readable, notebook, theirs)
            workers[line].add(pid)
            if ours is not None:
                theirs.close()
                folder = None if walls.namespaces is True else request["scratch"]
                asking.append(Answering(ours, pid, Limits.threads, folder, Limits.scratch))
            for descriptor in descriptors:
                os.close(descriptor)
            handle = os.pidfd_open(pid)
            try:
                socket.send_fds(line, [b"{}"], [handle])
            except OSError:
                pass  # the judge has gone: the next look at its line says so
            os.close(handle)
>>>>>>> walls


def warm_up():
    """Import what hand-ins use and run each once, so that no worker pays for it; returns the notebook for the cells."""
    import numpy
    import torch
    import torch.func  # noqa: F401
    import torch.fx.experimental.symbolic_shapes  # noqa: F401  (0.25 s at the first .backward(), else)

    torch.set_num_threads(1)
    x = torch.ones(4, 4, requires_grad=True)
    (x @ x).relu().sum().backward()
    torch.linalg.solve(torch.eye(2), torch.ones(2))
    numpy.linalg.inv(numpy.eye(2))
    import _pytest.runner  # noqa: F401

    import toolbox.draw  # noqa: F401

    notebook = Notebook(Path("/"))
    notebook.run(
        "%matplotlib inline\n"
        "%load_ext autoreload\n"
        "import matplotlib.pyplot as plt\n"
        "plt.plot([0, 1], label='$x^2$'); plt.title('warm'); plt.legend(); plt.show(); plt.close('all')"
    )
    notebook.forget()
    # The notebooks switch autoreload on, which then looks at the files of two thousand modules before every cell. Those
    # of the libraries do not change; a student's own are imported later and not among these.
    reloader = notebook.shell.magics_manager.registry["AutoreloadMagics"]._reloader
    reloader.skip_modules.update(dict.fromkeys(sys.modules, True))
    return notebook


def _become_worker(request, descriptors, walls, present, readable, notebook, asking) -> None:
    """The rest of the life of a forked worker; never returns."""
    try:
        read_fd, write_fd = descriptors
        scratch = request["scratch"]
        limits = Limits(**request["limits"])
        if walls.namespaces is True:
            kernel.unshare(kernel.CLONE_NEWNS)
            root_folder.scratch(limits.scratch)
            scratch = root_folder.WORK
        else:
            courtesy.about_modes(scratch)
        courtesy.about_threads(limits.threads)
        os.chdir(scratch)
        random.seed(0)
        sys.modules["numpy"].random.seed(0)
        sys.modules["torch"].manual_seed(0)
        for name in ("HOME", "TMPDIR", "MPLCONFIGDIR", "IPYTHONDIR"):
            os.environ[name] = scratch
        tempfile.tempdir = scratch  # the warm process has looked its own up already, and remembers
        serve(
            Path(scratch), read_fd, write_fd, notebook,
<<<<<<< moved
            lock=lambda: lock(walls, limits, present, scratch, readable),
=======
            lock=lambda: walls.lock(walls, limits, present, scratch, readable, asking),
>>>>>>> walls
        )  # fmt: skip
    except BaseException as error:  # whatever it was, this process must not go on as a second warm one
        try:
            os.write(descriptors[1], frame({"failed": f"{type(error).__name__}: {error}"[:500]}, b""))
        finally:
            os._exit(70)
    os._exit(0)


def _receive(line: socket.socket) -> tuple[bytes, list[int]]:
    """The next request on a line, b'' where it has closed."""
    try:
        message, descriptors, _, _ = socket.recv_fds(line, 65536, 2)
    except ConnectionError:
        return b"", []
    return message, descriptors


def _reap(workers: dict[socket.socket, set[int]], asking: list[Answering]) -> None:
    """Take leave of workers that have ended; not sooner, so that a handle can be opened on any that ended at once."""
    try:
        while pid := os.waitpid(-1, os.WNOHANG)[0]:
            for theirs in workers.values():
                theirs.discard(pid)
            for one in [one for one in asking if one.pid == pid]:
                asking.remove(one)
                one.close()
    except ChildProcessError:
        pass


def _address_space() -> int:
    """Bytes of address space in use, 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
