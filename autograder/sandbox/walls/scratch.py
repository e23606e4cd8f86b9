"""The folder of a worker that has no room: make it, measure it, and remove it, whatever a student has left in it.

None of it depends on how deep a tree is: no path grows with it, nor the stack, nor the table of open files.
"""

from __future__ import annotations

import os
import stat
import tempfile
import weakref

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Scratch:
    """A temporary folder, removed by `cleanup`, or with the last mention of it."""

    def __init__(self) -> None:
        self.name = tempfile.mkdtemp(prefix="hand-in-")
        self._end = weakref.finalize(self, _remove_ours, self.name, os.getpid())

    def cleanup(self) -> None:
        self._end()


def _remove_ours(folder: str, pid: int) -> None:
    if os.getpid() == pid:  # a forked judge has a copy of all that its parent holds
        remove(folder)


def remove(folder: str) -> None:
    """Remove a folder and all in it. The process that filled it must have ended. Raises OSError where it cannot be.

    Every folder in it is moved to the top before it is emptied.
    """
    try:
        os.rmdir(folder)  # where workers have a room, nothing lies in it
        return
    except OSError:
        pass
    top = tempfile.mkdtemp(prefix="leaving-", dir=os.path.dirname(folder))
    at = os.open(top, FOLDER)
    os.rename(folder, "0", dst_dir_fd=at)
    left, moved = ["0"], 1
    while left:
        name = left.pop()
        os.chmod(name, 0o700, dir_fd=at)  # it may be closed to its own owner
        inside = os.open(name, FOLDER, dir_fd=at)
        for child in os.listdir(inside):
            try:
                os.unlink(child, dir_fd=inside)
            except (IsADirectoryError, PermissionError):  # what Linux says of a folder, and what others say
                os.chmod(child, 0o700, dir_fd=inside)
                os.rename(child, str(moved), src_dir_fd=inside, dst_dir_fd=at)
                left.append(str(moved))
                moved += 1
        os.close(inside)
        os.rmdir(name, dir_fd=at)
    os.close(at)
    os.rmdir(top)


def usage(folder: str, enough: int) -> tuple[int, int]:
    """How many files and folders lie in a folder, and how many bytes they take on the disk.

    Counting ends at `enough` of them. Who fills it may be at work meanwhile: raises OSError where folders are moved.
    """
    at = os.open(folder, FOLDER)
    count, size, above, names = 0, 0, [], None
    try:
        while count <= enough:
            names = os.listdir(at) if names is None else names
            if names:
                name = names.pop()
                try:
                    status = os.stat(name, dir_fd=at, follow_symlinks=False)
                except FileNotFoundError:
                    continue
                count, size = count + 1, size + 512 * status.st_blocks
                if stat.S_ISDIR(status.st_mode):
                    above.append((names, os.fstat(at)))
                    at, names = _step(at, name), None
            elif above:
                names, before = above.pop()
                at = _step(at, "..")
                if not os.path.samestat(os.fstat(at), before):
                    raise OSError("a folder was moved")
            else:
                break
    finally:
        os.close(at)
    return count, size


def _step(at: int, name: str) -> int:
    """From one folder to another; to one that was closed, too. Raises OSError, and stays."""
    try:
        there = os.open(name, FOLDER, dir_fd=at)
    except PermissionError:
        itself = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=at)
        try:
            os.chmod(f"/proc/self/fd/{itself}", 0o700)  # by a name it could be changed for a link meanwhile
        finally:
            os.close(itself)
        there = os.open(name, FOLDER, dir_fd=at)
    os.close(at)
    return there
