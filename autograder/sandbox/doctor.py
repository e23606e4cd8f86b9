"""`python -m autograder doctor`: what holds student code in on this machine, what is missing, and how to get it.

Steps: start a zygote as grading does and ask which walls stand; say what it shows of this machine; let a worker
try what it must not be able to do; look for the tools around; print a table.
"""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table


@dataclass(frozen=True)
class Wall:
    """A wall: its name, what it is for, and how to get it where it is missing."""

    name: str
    what_for: str
    remedy: str


USER_NAMESPACES = (
    "allow user namespaces to ordinary users (sysctl user.max_user_namespaces=15000, on Debian "
    "kernel.unprivileged_userns_clone=1, on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0), or run the "
    "container with them allowed"
)
WALLS = (
    Wall("namespaces", "own file system view, read-only; own IPC; no network", USER_NAMESPACES),
    Wall("pids", "own process tree: killing the worker kills all it started", USER_NAMESPACES),
    Wall(
        "landlock",
        "files: read the installation, write the scratch folder",
        "Linux 5.13 or newer with landlock in its list of security modules (the kernel's option lsm=)",
    ),
    Wall(
        "seccomp",
        "no sockets, processes, programs, tracing, mounts; no change of modes and times where namespaces are missing",
        "Linux on x86_64 or aarch64",
    ),
    Wall(
        "threads",
        "no more than 64 threads of a worker at a time",
        f"Linux 5.14 or newer with namespaces: {USER_NAMESPACES}; else Linux 5.5 or newer on x86_64 or aarch64",
    ),
)
LIMITS = Wall(
    "limits",
    "memory, processor time, file size, open files, all files together",
    "Linux with the limits of setrlimit; no program around the grader that takes them away",
)
GROUP = Wall(
    "control group",
    "memory and processes of a worker and all it starts, together",
    "systemd-run --user --scope -p Delegate=yes python -m autograder grade ..., or a container whose /sys/fs/cgroup "
    "may be written to",
)
STANDS = "[green]stands[/green]"
NAMES = {"Darwin": "macOS"}
INSTEAD = {
    "Darwin": "Grade in a Linux virtual machine or container: there all of it is enforced.",
    "Windows": "Grade in WSL 2 or in a Linux virtual machine: there all of it is enforced.",
}
TRUST = (
    "Only where you trust every student as much as yourself: [bold]python -m autograder grade ... --trust-students"
    "[/bold] grades without what is missing."
)


def run(console: Console | None = None, system: str = platform.system()) -> int:
    """Print what holds; returns 0 where grading is safe here, 1 where a protection is missing. system: for tests."""
    console = console or Console()
    console.print(f"Python {platform.python_version()}, {system} {platform.release()}, {platform.machine()}")
    for tool in ("git", "make"):
        if shutil.which(tool) is None:
            console.print(f"[yellow]{tool} is not installed[/yellow]: install it with your system's package manager")
    if system != "Linux":
        return _elsewhere(console, system)
    from autograder.sandbox import launcher

    zygote = launcher.Zygote(trust=True)
    launcher.use(zygote)
    states = zygote.walls.as_dict()
    table = Table("wall", "what it is for", "here")
    for wall in WALLS:
        table.add_row(wall.name, wall.what_for, _state(wall, states[wall.name], "[red]missing[/red]: "))
    table.add_row(LIMITS.name, LIMITS.what_for, STANDS)
    table.add_row(GROUP.name, GROUP.what_for, _state(GROUP, zygote.group, "not here, and not needed: "))
    console.print(table)
    console.print(f"Student code can read, and not change: {', '.join(zygote.shown)}", markup=False, highlight=False)
    gaps = zygote.walls.gaps()
    climbed = _try(console)
    for what, why in gaps.items():
        console.print(f"[red]Nothing protects {what}[/red]: {escape(why)}", highlight=False)
    remedies = {wall.name: wall.remedy for wall in (*WALLS, LIMITS)}
    for what, missing in climbed.items():
        console.print(f"[red]A worker can {what}[/red]. To prevent it: {escape(remedies[missing])}", highlight=False)
    if not gaps and not climbed:
        console.print("Grading is safe here.")
        return 0
    console.print(f"Grading untrusted hand-ins is [red]not[/red] safe here.\n{TRUST}")
    return 1


def _state(wall: Wall, state: bool | str, missing: str) -> str:
    return STANDS if state is True else f"{missing}{escape(str(state))}\nto get it: {escape(wall.remedy)}"


def _elsewhere(console: Console, system: str) -> int:
    """What is not enforced on a system that is not Linux."""
    table = Table("wall", "what it is for", f"on {NAMES.get(system, system)}")
    for wall in WALLS:
        table.add_row(wall.name, wall.what_for, "[red]not enforced[/red]")
    some = "[red]not enforced[/red]" if system == "Windows" else "what the system has of them"
    table.add_row(LIMITS.name, LIMITS.what_for, some)
    console.print(table)
    console.print(
        f"Nothing holds student code in on {NAMES.get(system, system)}: it could read and change your files, the "
        f"gradebook among them, and use the network.\n{INSTEAD.get(system, INSTEAD['Darwin'])}\n{TRUST}"
    )
    return 1


def _try(console: Console) -> dict[str, str]:
    """Let a worker try to climb the walls; returns what it got away with, and the wall that should have held."""
    from autograder.sandbox.probes import PROBES, climb

    found = climb()
    table = Table("a worker tried to", "and got")
    for what, error in found.items():
        table.add_row(what, "[red]away with it[/red]" if error is None else escape(error))
    console.print(table)
    return {probe.what: probe.wall for probe in PROBES if found[probe.what] is None}
