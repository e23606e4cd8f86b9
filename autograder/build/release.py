"""The bundle for students: one zip with the assignments, the library and the data, and nothing of the other side.

Steps: refuse unless every built file is what its master builds; choose the files by a fixed list of places, without
the assignments that the rules of the class switch off and with the students' own README; search everything for leaks
once more; unpack it and use it as a student does; add what `toolbox update` needs to bring the next release into a
folder with work in it; write the zip with the same bytes for the same content, under a name that ends in a digest of
that content.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import IO

from autograder import build
from autograder.build import Problem, Refused, leaks, signatures, unpacked
from autograder.build.files import passing
from autograder.masters import sources
from autograder.masters.catalogue import catalogue
from autograder.rules.terms import in_force
from toolbox import __version__
from toolbox.seat.doctor import ORIGINALS, is_work

FOLDERS = ("assignments", "lib/backprop", "lib/toolbox", "data")
README = "lib/README.md"  # the README of what students get
FILES = ("requirements.txt", "requirements.lock", "pyproject.toml", "lib/install.py")
TOP = "backprop-kit"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


def release(root: Path, out: Path) -> Path:
    """Write `backprop-kit-<digest>.zip` into the folder `out` and return its path.

    Raises `Refused` where `build --check` finds anything, where a place of the bundle is missing or holds a link, or
    where the bundle would leak, where it cannot be used as students use it.
    """
    if problems := build.check(root):
        raise Refused(problems)
    off = [name for name, rules in in_force(root).course.assignments.items() if not rules.on]
    left_out = tuple(f"assignments/{name}/" for name in off)
    content = {path: (root / path).read_bytes() for path in _paths(root) if not path.startswith(left_out)}
    content["README.md"] = (root / README).read_bytes()
    if problems := _leaks(root, content) or unpacked.problems(content):
        raise Refused(problems)
    names = [name for name in catalogue(root) if name not in off]
    content |= {path.relative_to(root).as_posix(): path.read_bytes() for path in signatures.write(root, names)}
    name = _digest(content)
    content |= originals(content, name)
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{TOP}-{name}.zip"
    descriptor, staged = tempfile.mkstemp(prefix=".release-", dir=out)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _write(file, content)
        os.chmod(staged, 0o644)
        os.replace(staged, target)
    except BaseException:
        Path(staged).unlink(missing_ok=True)
        raise
    return target


def originals(content: dict[str, bytes], name: str) -> dict[str, bytes]:
    """What `toolbox update` knows a student's work by: the files that students write in once more, and all sums."""
    sums = {path: hashlib.sha256(data).hexdigest() for path, data in sorted(content.items())}
    told = {"release": name, "kit": __version__, "files": sums}
    kept = {f"{ORIGINALS}/{path}": data for path, data in content.items() if is_work(path)}
    return kept | {f"{ORIGINALS}/release.json": (json.dumps(told, indent=1) + "\n").encode()}


def _paths(root: Path) -> list[str]:
    """Every path of the bundle beside the README, sorted. What git ignores stays out: downloads, caches, hand-ins."""
    found: set[str] = set()
    needed = (*FILES, README)
    problems = [Problem(name, 0, "is missing: students need it") for name in needed if not (root / name).is_file()]
    for folder in FOLDERS:
        files = {path for file in (root / folder).rglob("*") if not passing(path := file.relative_to(root))}
        links = sorted(path.as_posix() for path in files if (root / path).is_symlink())
        problems += [Problem(path, 0, "is a link: put the file itself there") for path in links]
        present = {path.as_posix() for path in files if (root / path).is_file()}
        if not present:
            problems.append(Problem(folder, 0, "is missing or empty: students need it"))
        found |= present
    if problems:
        raise Refused(problems)
    return sorted((found | set(FILES)) - _ignored(root, found))


def _ignored(root: Path, paths: set[str]) -> set[str]:
    """Those paths that git ignores; none outside a repository, where nothing says what belongs to it."""
    try:
        done = subprocess.run(
            ["git", "check-ignore", "-z", "--stdin"],
            cwd=root,
            input="\0".join(sorted(paths)),
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        return set()
    return set(done.stdout.split("\0")) if done.returncode == 0 else set()


def _leaks(root: Path, content: dict[str, bytes]) -> list[Problem]:
    """What the whole bundle gives away: built files in full, the hand-written ones where they name a hidden test."""
    masters = sources.read(root)
    built = {path: data for path, data in content.items() if path.startswith(("assignments/", "lib/backprop/"))}
    secrets = leaks.Secrets(masters)
    problems = leaks.find(secrets, built)
    for path in sorted(content.keys() - built.keys()):
        words = set(re.findall(r"\w+", content[path].decode("utf-8", "replace")))
        for secret in secrets.names:
            if secret.text in words:
                where = f"{secret.path}:{secret.line}"
                problems.append(Problem(path, 0, f"leak: it holds {secret.what} from {where}: {secret.text}"))
    return problems


def _digest(content: dict[str, bytes]) -> str:
    whole = hashlib.sha256()
    for path in sorted(content):
        whole.update(f"{path}\0{len(content[path])}\0".encode() + content[path])
    return whole.hexdigest()[:12]


def _write(file: IO[bytes], content: dict[str, bytes]) -> None:
    """Stored, not deflated: the bytes of deflate differ between builds of zlib, and most of the content is small."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as bundle:
        for path in sorted(content):
            entry = zipfile.ZipInfo(f"{TOP}/{path}", date_time=EPOCH)
            entry.create_system = 3  # Unix, wherever this runs
            entry.external_attr = 0o100644 << 16
            bundle.writestr(entry, content[path])
