"""The room: a root file system that holds the Python installation, the toolbox and the data, read-only, and no more.

`build` makes it once, for the warm process; `scratch` gives each worker a small writable folder of its own in memory.
Needs the right to mount: of root, or of the owner of a fresh user namespace.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from pathlib import Path

from autograder.sandbox.walls import kernel

SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
WORK = "/hand-in"


def installation() -> list[str]:
    """The folders that Python needs at run time, the outer ones first."""
    paths = {sys.base_prefix, sys.prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
    found = sorted({str(Path(path).resolve()) for path in paths if os.path.exists(path)}, key=len)
    return [path for path in found if not any(path != outer and Path(path).is_relative_to(outer) for outer in found)]


def build(course: list[str]) -> None:
    """Leave this process in the room; `course`: folders of the kit to show in it. Raises OSError."""
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    root = tempfile.mkdtemp(prefix="room-")
    kernel.mount("room", root, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=1m,mode=755")
    for path in [*SYSTEM, *installation(), *course]:
        _show(path, root)
    for path in DEVICES:
        _touch(Path(root + path))
        kernel.mount(path, root + path, None, kernel.MS_BIND)
    for folder in (WORK, "/tmp", "/old"):
        Path(root + folder).mkdir(exist_ok=True)  # the course may lie below one of them
    kernel.pivot_root(root, root + "/old")
    os.chdir("/")
    kernel.umount("/old")
    os.rmdir("/old")
    kernel.mount(
        None, "/", None, kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
    )


def _show(path: str, root: str) -> None:
    """Make `path` visible at the same place below `root`, read-only."""
    if os.path.islink(path):
        target = Path(root + path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(target):
            target.symlink_to(os.readlink(path))
        return
    if not os.path.exists(path):
        return
    if os.path.isdir(path):
        Path(root + path).mkdir(parents=True, exist_ok=True)
    else:
        _touch(Path(root + path))
    kernel.mount(path, root + path, None, kernel.MS_BIND | kernel.MS_REC)
    kernel.make_read_only(root + path)


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def scratch(size: int) -> None:
    """A writable folder at WORK, `size` bytes in memory, seen by this process alone (its own mount namespace)."""
    kernel.mount("hand-in", WORK, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, f"size={size},nr_inodes=4096,mode=777")
