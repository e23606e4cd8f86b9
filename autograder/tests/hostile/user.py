"""Run the hostile class as an ordinary user, from a process of root's.

Steps: copy the repository; in a private mount namespace, show the copy at /mnt and, where Python lives below a folder
that only root may enter, show Python alone there; give up root; run pytest.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
USER = 65534
NO_MOUNTS = 97
HERE = "/mnt"


def as_ordinary_user(folder: Path) -> subprocess.Popen:
    """Start the class as USER; `folder` takes the copy. The process ends with NO_MOUNTS where root may not mount."""
    course = folder / "course"
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (course / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, course / name)
    for path in [course, *course.rglob("*")]:
        os.chown(path, USER, USER)
    prefixes = sorted({str(Path(prefix).resolve()) for prefix in (sys.prefix, sys.base_prefix)})
    lines = [f"mount --bind {course} {HERE}"]
    for number, prefix in enumerate(prefixes):
        (folder / str(number)).mkdir()
        lines.append(f"mount --bind {prefix} {folder}/{number}")
    closed = sorted({barrier for prefix in prefixes if (barrier := closed_parent(Path(prefix)))})
    inside = [(n, prefix) for n, prefix in enumerate(prefixes) if any(prefix.startswith(f"{top}/") for top in closed)]
    hold = HERE + "/.hold"  # the copies of the mounts must stay in reach when a closed folder is covered
    lines += [f"mkdir -p {hold}/{n} && mount --bind {folder}/{n} {hold}/{n}" for n, _ in inside]
    lines += [f"mount -t tmpfs -o mode=755 tmpfs {top}" for top in closed]
    lines += [f"mkdir -p {prefix} && mount --bind {hold}/{n} {prefix}" for n, prefix in inside]
    tests = "autograder/tests/hostile -p no:cacheprovider --basetemp=/mnt/classroom/tmp"
    script = "\n".join([
        "{", *(f"{line} &&" for line in lines), "true", f"}} || exit {NO_MOUNTS}",
        f"cd {HERE} && mkdir -p classroom && chown {USER} classroom",
        f"exec setpriv --reuid={USER} --regid={USER} --clear-groups {sys.executable} -m pytest {tests}",
    ])  # fmt: skip
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": f"{HERE}/classroom", "LANG": "C.UTF-8",
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
