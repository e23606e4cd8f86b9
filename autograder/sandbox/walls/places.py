"""Places of this machine that no student's code may see, and what is left of a folder when they are cut out of it.

A *hole* is such a place: the course, the homes, the temporary folders, the exchange of nbgrader. A place is kept from
view wherever it is mounted a second time (`aliases`). All paths in here are real ones, without symbolic links.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

PRIVATE = (
    "/boot", "/dev", "/etc", "/home", "/media", "/mnt", "/proc", "/root", "/run", "/srv", "/sys", "/tmp", "/var",
    "/usr/local/share/nbgrader",  # where nbgrader's exchange lies, with what others have handed in
)  # fmt: skip
MOUNTS = Path("/proc/self/mountinfo")


def is_within(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def holes(course: str, *more: str, mounts: Path = MOUNTS) -> list[str]:
    """The holes of this machine. course: the root of the course. more: further ones, such as the grader's home."""
    secret = [course, *_targets(course), *_targets(f"{course}/classroom")]  # they may lie on another disk
    real = {os.path.realpath(path) for path in secret if os.path.lexists(path)}
    real = real.union(*(aliases(path, mounts) for path in real))
    real |= {os.path.realpath(path) for path in (*PRIVATE, *more) if os.path.lexists(path)}
    return sorted(real - {"/"})


def _targets(folder: str) -> list[str]:
    """Where the symbolic links in a folder lead, those apart that lead to data and to a Python installation."""
    try:
        with os.scandir(folder) as entries:
            links = [entry for entry in entries if entry.is_symlink() and entry.name not in ("lib", "data")]
    except OSError:
        return []
    return [link.path for link in links if not os.path.exists(f"{link.path}/pyvenv.cfg")]


def aliases(path: str, mounts: Path = MOUNTS) -> set[str]:
    """The other paths at which `path`, or a part of it, is mounted."""
    try:
        table = [_mount(line) for line in mounts.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return set()
    above = [mount for mount in table if is_within(path, mount[2])]
    if not above:
        return set()
    device, root, point = max(enumerate(above), key=lambda pair: (len(pair[1][2]), pair[0]))[1]
    inside = _below(root, path, point)  # its path in its own file system
    found = set()
    for other, root, point in table:
        if other == device and is_within(inside, root):
            found.add(_below(point, inside, root))
        elif other == device and is_within(root, inside):
            found.add(point)
    return found - {path, "/"}


def _below(folder: str, path: str, top: str) -> str:
    """What `path` is called where `top` is called `folder`."""
    return os.path.normpath(os.path.join(folder, os.path.relpath(path, top)))


def _mount(line: str) -> tuple[str, str, str]:
    """A line of mountinfo as (device, root in its file system, mount point)."""
    _, _, device, root, point, *_ = line.split(" ")
    root, point = (re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), part) for part in (root, point))
    return device, root, point


def carve(folder: str, holes: Iterable[str]) -> list[str]:
    """The parts of a folder without the holes in it: the folder itself where there is none."""
    inside = [hole for hole in holes if is_within(hole, folder)]
    if not inside:
        return [folder]
    if folder in inside:
        return []
    try:
        with os.scandir(folder) as entries:
            children = sorted(entry.path for entry in entries)
    except OSError:
        return []
    return [part for child in children for part in carve(child, inside)]


def follow(path: str, known: dict[str, tuple[str, dict[str, str]]]) -> tuple[str, dict[str, str]]:
    """The real path of an existing absolute path, and the symbolic links on the way there: link -> target.

    known: what has been found out about the folders above, to be kept between calls.
    """
    if path not in known:
        folder, name = os.path.split(path)
        at, links = follow(folder, known) if folder != path else ("/", {})
        step = os.path.normpath(f"{at}/{name}")
        if os.path.islink(step):
            target = os.readlink(step)
            step, more = follow(os.path.join(at, target), known)
            links = links | {os.path.normpath(f"{at}/{name}"): target} | more
        known[path] = step, links
    return known[path]
