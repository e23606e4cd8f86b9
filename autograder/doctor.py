"""`python -m autograder doctor`: what holds student code in on this machine, what is missing, and how to get it.

Steps: start a warm process as grading does and ask which walls stand; let a worker try what it must not be able to do;
look for the tools around; print a table.
"""

from __future__ import annotations

import json
import platform
import shutil
import sys

from rich.console import Console
from rich.table import Table

from autograder.remote import Limits, Warm, Worker, use

REMEDIES = {
    "namespaces": "allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, and on Ubuntu "
    "kernel.apparmor_restrict_unprivileged_userns=0), or run the container with them allowed",
    "pids": "as for namespaces",
    "landlock": "Linux 5.13 or newer with landlock in its list of security modules",
    "seccomp": "Linux on x86_64 or aarch64",
}
WHAT = {
    "namespaces": "own file system view, empty network, own IPC",
    "pids": "own process tree: killing the worker kills all it started",
    "landlock": "files: read the installation, write the scratch folder",
    "seccomp": "no sockets, processes, programs, tracing, mounts",
}
# What a worker tries; each must fail.
TRIES = {
    "open a socket": "import socket; socket.socket()",
    "start a process": "import os; os.fork()",
    "start a program": "import os; os.execv('/bin/true', ['true'])",
    "read a file of the grader's": f"open({__file__!r})",
    "write outside its folder": "open('/tmp/kit-doctor', 'w')",
    "take 100 GB": "bytearray(10**11)",
    "write 1 GB": "open('big', 'wb').write(bytes(10**6) * 1000)",
    "signal everyone": "import os; os.kill(-1, 0)",
}


def run(console: Console | None = None) -> int:
    """Print what holds; returns 0 where grading is safe here, 1 where a protection is missing."""
    console = console or Console()
    console.print(f"Python {platform.python_version()}, {platform.system()} {platform.release()}, {platform.machine()}")
    warm = Warm(trust=True)
    use(warm)
    table = Table("wall", "what it is for", "here")
    for wall, state in warm.walls.as_dict().items():
        said = "[green]stands[/green]" if state is True else f"[red]missing[/red]: {state}\nto get it: {REMEDIES[wall]}"
        table.add_row(wall, WHAT[wall], said)
    table.add_row("limits", "memory, processor time, file size, open files", "[green]stands[/green]")
    grouped = "[green]stands[/green]" if warm.group is True else f"not here (not needed): {escape(str(warm.group))}"
    grouped += "" if warm.group is True else f"\nto get it: {escape(cgroup.REMEDY)}"
    table.add_row("control group", "memory and processes of a worker and all it starts, together", grouped)
    console.print(table)
    escaped = _tries(console)
    gaps = warm.walls.gaps()
    for tool in ("git", "make"):
        if shutil.which(tool) is None:
            console.print(f"[yellow]{tool} is not installed[/yellow]: install it with your system's package manager")
    if sys.platform != "linux":
        console.print("On macOS and Windows nothing holds student code in; grade in a Linux container or virtual "
                      "machine, or add --trust-students.")  # fmt: skip
    for what, why in gaps.items():
        console.print(f"[red]Nothing protects {what}[/red]: {why}", highlight=False)
    safe = not gaps and not escaped
    console.print("Grading is safe here." if safe else "Grading untrusted hand-ins is [red]not[/red] safe here.")
    return 0 if safe else 1


def _tries(console: Console) -> list[str]:
    """Let a worker try each; returns what it got away with."""
    escaped = []
    table = Table("a worker tried to", "and got")
    for what, code in TRIES.items():
        worker = Worker({}, Limits())
        try:
            outputs = json.loads(worker.ask({"op": "run", "seconds": 10}, code.encode(), 15))
        finally:
            worker.kill()
        error = next((output for output in outputs if output["output_type"] == "error"), None)
        if error is None:
            escaped.append(what)
        table.add_row(what, "[red]away with it[/red]" if error is None else f"{error['ename']}: {error['evalue']}")
    console.print(table)
    return escaped
