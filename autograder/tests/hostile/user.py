"""Run a command as an ordinary user, from a process of root's: the hostile class, with and without namespaces.

Steps: copy the repository; in a private mount namespace, show the copy at /mnt and, where Python lives below a folder
that only root may enter, show Python alone there; give up root; where there are to be no namespaces, load a filter that
refuses them, as hardened machines and containers do; run the command.
"""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

from autograder.tests.checkout import copy_of_the_repository

USER = 65534
NO_MOUNTS = 97
HERE = "/mnt"
# A filter for what follows: no unshare, no setns, no clone with a new namespace; no clone3, whose flags it cannot see.
NO_NAMESPACES = """
import os, sys
from autograder.sandbox.walls import kernel, seccomp
column = list(seccomp._ARCHITECTURES).index(kernel.MACHINE)
refuse = (seccomp._RETURN, 0, 0, seccomp._ERRNO | 1)
lines = [(seccomp._LOAD, 0, 0, seccomp._NUMBER)]
for name in ("unshare", "setns"):
    lines += [(seccomp._JEQ, 0, 1, seccomp._DENIED[name][column]), refuse]
lines += [(seccomp._JEQ, 0, 1, seccomp._CLONE3), (seccomp._RETURN, 0, 0, seccomp._ERRNO | 38)]
lines += [(seccomp._JEQ, 0, 3, seccomp._CLONE[column]), (seccomp._LOAD, 0, 0, seccomp._FIRST),
          (seccomp._JSET, 0, 1, 0x7E020000), refuse, (seccomp._RETURN, 0, 0, seccomp._ALLOW)]
kernel.no_new_privileges()
seccomp._load(seccomp._packed(lines), 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def as_ordinary_user(
    folder: Path, words: list[str], *, namespaces: bool = True, here: str = HERE, user: int = USER
) -> subprocess.Popen:
    """Start Python with these words, in the repository's copy, as `user`; `folder` takes the copy.

    The process ends with NO_MOUNTS where root may not mount. namespaces: whether it may make namespaces; here: an
    empty folder at which the copy shows.
    """
    course = folder / "course"
    copy_of_the_repository(course)
    for path in [course, *course.rglob("*")]:
        os.chown(path, user, user)
    prefixes = sorted({str(Path(prefix).resolve()) for prefix in (sys.prefix, sys.base_prefix)})
    lines = [f"mount --bind {course} {here}"]
    for number, prefix in enumerate(prefixes):
        (folder / str(number)).mkdir()
        lines.append(f"mount --bind {prefix} {folder}/{number}")
    closed = sorted({barrier for prefix in prefixes if (barrier := closed_parent(Path(prefix)))}) if user else []
    inside = [(n, prefix) for n, prefix in enumerate(prefixes) if any(prefix.startswith(f"{top}/") for top in closed)]
    hold = here + "/.hold"  # the copies of the mounts must stay in reach when a closed folder is covered
    lines += [f"mkdir -p {hold}/{n} && mount --bind {folder}/{n} {hold}/{n}" for n, _ in inside]
    lines += [f"mount -t tmpfs -o mode=755 tmpfs {top}" for top in closed]
    lines += [f"mkdir -p {prefix} && mount --bind {hold}/{n} {prefix}" for n, prefix in inside]
    first = [] if namespaces else [sys.executable, "-c", NO_NAMESPACES]
    give_up = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    script = "\n".join([
        "{", *(f"{line} &&" for line in lines), "true", f"}} || exit {NO_MOUNTS}",
        f"cd {here} && mkdir -p classroom && chown {user} classroom",
        f"exec {shlex.join([*give_up, *first, sys.executable, *words])}",
    ])  # fmt: skip
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": f"{here}/classroom", "LANG": "C.UTF-8",
                   "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    return subprocess.Popen(
        ["unshare", "-m", "sh", "-c", script], cwd="/", env=environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def closed_parent(path: Path) -> str | None:
    """The outermost folder above `path` that others may not enter."""
    for parent in reversed(path.parents):
        if not parent.stat().st_mode & stat.S_IXOTH:
            return str(parent)
    return None
