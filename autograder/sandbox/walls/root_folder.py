"""The room: a root file system that holds what the plan shows (`needs`), read-only, and no more.

`build` makes it once, for the zygote; `scratch` gives each worker a small writable folder of its own in memory.
Needs the right to mount: of root, or of the owner of a fresh user namespace.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from autograder.sandbox.walls import kernel
from autograder.sandbox.walls.needs import Plan

DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
WORK = "/hand-in"


def build(plan: Plan) -> None:
    """Leave this process in the room. Raises OSError."""
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    root = tempfile.mkdtemp(prefix="room-")
    kernel.mount("room", root, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=1m,mode=755")
    for path in plan.shown:
        _show(path, root)
    for path in DEVICES:
        _touch(Path(root + path))
        kernel.mount(path, root + path, None, kernel.MS_BIND)
        kernel.make_read_only(root + path, devices=True)  # it takes what is written, but no other mode
    for link, target in plan.links.items():
        if not os.path.lexists(root + link):
            Path(root + link).parent.mkdir(parents=True, exist_ok=True)
            os.symlink(target, root + link)
    for folder in (WORK, "/tmp", "/old"):
        Path(root + folder).mkdir(exist_ok=True)  # the course may lie below one of them
    kernel.pivot_root(root, root + "/old")
    os.chdir("/")
    os.rmdir("/old" + root)
    kernel.umount("/old")
    os.rmdir("/old")
    kernel.mount(
        None, "/", None, kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
    )
    _open_again(plan.open_files)


def _show(path: str, root: str) -> None:
    """Make `path` visible at the same place below `root`, read-only."""
    if os.path.isdir(path):
        Path(root + path).mkdir(parents=True, exist_ok=True)
    else:
        _touch(Path(root + path))
    kernel.mount(path, root + path, None, kernel.MS_BIND | kernel.MS_REC)
    kernel.make_read_only(root + path)


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def _open_again(open_files: dict[int, tuple[str, os.stat_result]]) -> None:
    """Open the files that are open once more, in the room. What was opened outside still knows the file system that
    may be written to: its owner could change the mode of a font by the descriptor.
    """
    for descriptor, (path, known) in open_files.items():
        again = os.open(path if os.path.exists(path) else os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if not os.path.samestat(os.fstat(descriptor), known):
                continue  # closed meanwhile, and its number given away
            if os.path.samestat(os.fstat(again), known):
                os.lseek(again, os.lseek(descriptor, 0, os.SEEK_CUR), os.SEEK_SET)
            os.dup2(again, descriptor, inheritable=False)
        except OSError:  # closed meanwhile
            pass
        finally:
            os.close(again)


def scratch(size: int) -> None:
    """A writable folder at WORK, `size` bytes in memory, seen by this process alone (its own mount namespace)."""
    kernel.mount("hand-in", WORK, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, f"size={size},nr_inodes=4096,mode=777")
