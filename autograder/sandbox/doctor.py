"""`python -m autograder doctor`: what holds student code in on this machine, what is missing, and how to get it.

Steps: start a warm process as grading does and ask which walls stand; let a worker try what it must not be able to do;
look for the tools around; print a table.
"""

from __future__ import annotations

import json
import platform
import shutil

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.sandbox.launcher import Warm, use
from autograder.sandbox.transport import Limits, Worker
from autograder.sandbox.walls import control_group

REMEDIES = {
    "namespaces": "allow user namespaces to ordinary users (sysctl kernel.unprivileged_userns_clone=1, and on Ubuntu "
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
STANDS = "[green]stands[/green]"
LIMITS = "memory, processor time, file size, open files"
NAMES = {"Darwin": "macOS"}
INSTEAD = {
    "Darwin": "Grade in a Linux virtual machine or container: there all of it is enforced.",
    "Windows": "Grade in WSL 2 or in a Linux virtual machine: there all of it is enforced.",
}
TRUST = (
    "Only where you trust every student as much as yourself: [bold]python -m autograder grade ... --trust-students"
    "[/bold] grades without what is missing."
)
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


def run(console: Console | None = None, system: str = platform.system()) -> int:
    """Print what holds; returns 0 where grading is safe here, 1 where a protection is missing. system: for tests."""
    console = console or Console()
    console.print(f"Python {platform.python_version()}, {system} {platform.release()}, {platform.machine()}")
    for tool in ("git", "make"):
        if shutil.which(tool) is None:
            console.print(f"[yellow]{tool} is not installed[/yellow]: install it with your system's package manager")
    if system != "Linux":
        return _elsewhere(console, system)
    warm = Warm(trust=True)
    use(warm)
    table = Table("wall", "what it is for", "here")
    for wall, state in warm.walls.as_dict().items():
        said = STANDS if state is True else f"[red]missing[/red]: {escape(str(state))}\nto get it: {REMEDIES[wall]}"
        table.add_row(wall, WHAT[wall], said)
    table.add_row("limits", LIMITS, STANDS)
    said = (
        STANDS if warm.group is True else f"not here, and not needed: {warm.group}\nto get it: {control_group.REMEDY}"
    )
    table.add_row("control group", "memory and processes of a worker and all it starts, together",
                  said if warm.group is True else escape(said))  # fmt: skip
    console.print(table)
    escaped = _tries(console)
    gaps = warm.walls.gaps()
    for what, why in gaps.items():
        console.print(f"[red]Nothing protects {what}[/red]: {escape(why)}", highlight=False)
    if not gaps and not escaped:
        console.print("Grading is safe here.")
        return 0
    console.print(f"Grading untrusted hand-ins is [red]not[/red] safe here.\n{TRUST}")
    return 1


def _elsewhere(console: Console, system: str) -> int:
    """What is not enforced on a system that is not Linux."""
    table = Table("wall", "what it is for", f"on {NAMES.get(system, system)}")
    for wall, what in WHAT.items():
        table.add_row(wall, what, "[red]not enforced[/red]")
    table.add_row("limits", LIMITS, "[red]not enforced[/red]" if system == "Windows" else "what the system has of them")
    console.print(table)
    console.print(
        f"Nothing holds student code in on {NAMES.get(system, system)}: it could read and change your files, the "
        f"gradebook among them, and use the network.\n{INSTEAD.get(system, INSTEAD['Darwin'])}\n{TRUST}"
    )
    return 1


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
