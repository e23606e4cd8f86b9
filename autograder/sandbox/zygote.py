"""The zygote: it has imported everything, is shut in, and forks a worker for each hand-in. TRUSTED, but poor.

It holds no tests, references or grades: all it knows is how to import libraries, and of the toolbox what every worker
gets (`sandbox.visible`). Steps: import and warm up (torch on one thread: a fork after a two-thread product hangs the
child); put the sensors in place; find out what to show of this machine, and shut itself in (`sandbox.walls`); say which
walls stand; then, for each request on a judge's line, fork a worker that serves the two pipes which came along, and
answer with a handle on that worker's process. The first line brings the others, one a judge; when one of those closes,
its workers are ended; when the first one closes, all ends. Where workers must ask for their threads, it answers them in
between.
"""

from __future__ import annotations

import gc
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
from typing import Any

from autograder.sandbox.frames import frame
from autograder.sandbox.modules_in_memory import Finder
from autograder.sandbox.sensors import Watch, install
from autograder.sandbox.stand_in import pass_over_breakpoints, passed_on
from autograder.sandbox.walls import Limits, courtesy, enter, fork, kernel, lock, must_ask, needs, root_folder
from autograder.sandbox.walls.asking import Answering
from autograder.sandbox.worker import serve  # all of the kit is imported before the room hides its files
from toolbox.notebook.cells import Notebook

MEASURE = 0.25  # seconds between two looks at what workers without a room have written


def main(control: int, settings: dict, finder: Finder) -> None:
    """Serve the lines of the judges.

    control: the first one. settings: see `launcher.settings`. finder: of the course's modules.
    """
    first = socket.socket(fileno=control)
    if kernel.LINUX:
        kernel.die_with_parent()
    notebook, watch = warm_up(finder), install()
    present = _address_space()
    plan = needs.plan(settings["course"], settings["given"], settings["private"])
    sys.path[:] = [entry for entry in sys.path if plan.shows(entry)]
    walls = enter(plan)
    first.sendall(json.dumps({"walls": walls.as_dict(), "shown": plan.shown}).encode())
    readable = [*plan.shown, *root_folder.DEVICES]
    workers: dict[socket.socket, set[int]] = {first: set()}  # each line's, as long as nobody has taken leave of them
    asking: list[Answering] = []
    measured = time.monotonic()
    while True:
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
            pair = socket.socketpair() if must_ask() else None
            ours, theirs = pair or (None, None)
            pid = fork(walls)
            if pid == 0:
                inherited: list[Any] = [*workers, *asking, *([ours] if ours else [])]
                for end in inherited:
                    end.close()
                _become_worker(request, descriptors, walls, present, readable, notebook, finder, watch, theirs)
            workers[line].add(pid)
            if ours is not None and theirs is not None:
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


def warm_up(finder: Finder) -> Notebook:
    """Import what hand-ins use and run each once, so that no worker pays for it; returns the notebook for the cells."""
    gc.disable()  # nothing that is loaded goes: to look for it would take a third of the time
    import numpy
    import torch
    import torch.func  # noqa: F401
    import torch.fx.experimental.symbolic_shapes  # noqa: F401  (0.25 s at the first .backward(), else)

    torch.set_num_threads(1)
    x = torch.ones(4, 4, requires_grad=True)
    (x @ x).relu().sum().backward()
    torch.linalg.solve(torch.eye(2), torch.ones(2))
    numpy.linalg.inv(numpy.eye(2))
    import toolbox.datasets.digits  # noqa: F401
    import toolbox.draw
    import toolbox.draw.live_plot  # noqa: F401
    import toolbox.draw.play  # noqa: F401
    import toolbox.notebook.folders  # noqa: F401

    notebook = Notebook(Path("/"))
    toolbox.draw.alternative_text.install()
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
    finder.close()
    pass_over_breakpoints()
    torch.compile = passed_on  # type: ignore[assignment]  # it takes whatever the other one takes
    del torch._C._jit_differentiate  # type: ignore[attr-defined]  # makes a backward pass of a script out of plain operations, without the engine
    gc.enable()
    gc.collect()
    gc.freeze()  # nobody walks over all this again: not the collector, nor whoever asks it for objects
    del gc.unfreeze
    return notebook


def _become_worker(request, descriptors, walls, present, readable, notebook, finder, watch: Watch, asking) -> None:
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
        tempfile.tempdir = scratch  # the zygote has looked its own up already, and remembers
        serve(
            Path(scratch), read_fd, write_fd, notebook, finder, watch,
            lock=lambda: lock(walls, limits, present, scratch, readable, asking),
        )  # fmt: skip
    except BaseException as error:  # whatever it was, this process must not go on as a second zygote
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
        return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
