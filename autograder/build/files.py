"""The built files on disk: write them all or none, and compare what stands there with what should.

Writing stages everything beside the repository's own folders first, then moves file by file; a move that fails puts
the earlier ones back.
"""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.build.plan import Built
from autograder.masters.problems import Problem, Refused

BUILT = ("assignments", "lib/backprop")  # folders that hold nothing but built files
PASSING = {
    "__pycache__",
    ".ipynb_checkpoints",
    ".pytest_cache",
    ".ruff_cache",
    ".DS_Store",
}  # what tools leave behind
SIGNATURES = "signatures.npz"  # built as well, of the mistakes, and not in the repository
HAND_IN = "-hand-in.zip"  # what `submit` leaves beside a notebook; git ignores it as well
SHOWN = 16  # lines of a difference


def write(root: Path, files: Iterable[Built]) -> list[Path]:
    """Bring every file up to date; return the paths that changed.

    Raises OSError where a file cannot be written, `Refused` where a link leads out of its folder (a `lib/backprop`
    linked to the masters would have them overwritten); either leaves all as it was.
    """
    files = list(files)
    astray = [
        built for built in files if (root / built.path).parent.resolve() != root.resolve() / Path(built.path).parent
    ]
    if astray:
        raise Refused(
            Problem(built.path, 0, "a symbolic link leads elsewhere: replace it by a folder") for built in astray
        )
    stale = [built for built in files if _bytes(root / built.path) != built.data]
    before: list[tuple[Path, bytes | None]] = []
    with tempfile.TemporaryDirectory(prefix=".build-", dir=root) as stage:
        for number, built in enumerate(stale):
            (Path(stage) / str(number)).write_bytes(built.data)
        try:
            for number, built in enumerate(stale):
                target = root / built.path
                target.parent.mkdir(parents=True, exist_ok=True)
                before.append((target, _bytes(target)))
                os.replace(Path(stage) / str(number), target)
        except OSError:
            for target, data in before:
                if data is not None:
                    target.write_bytes(data)
                elif target.is_file():
                    target.unlink()
            raise
    return [root / built.path for built in stale]


def compare(root: Path, files: Iterable[Built]) -> list[Problem]:
    """Every committed file that is stale or missing, and every file that no master builds."""
    committed = {built.path: built for built in files if built.committed}
    problems = []
    for path, built in committed.items():
        found = _bytes(root / path)
        if found is None:
            problems.append(Problem(path, 0, f"is missing: {built.master} builds it, run python -m autograder build"))
        elif found != built.data:
            problems.append(
                Problem(
                    path,
                    0,
                    f"is not what {built.master} builds: edit {built.master} and run python -m autograder build",
                    _difference(found, built),
                )
            )
    return problems + orphans(root, committed)


def orphans(root: Path, known: Iterable[str]) -> list[Problem]:
    """Files among the built ones that no master builds."""
    known = set(known)
    problems = []
    for path in _standing(root):
        if path not in known:
            problems.append(Problem(path, 0, f"is built by no master: write {_master(path)}, or delete this file"))
    return problems


def passing(path: Path) -> bool:
    """Whether tools left this behind: caches, checkpoints, a hand-in that was packed on the spot."""
    return bool(PASSING.intersection(path.parts)) or path.suffix == ".pyc" or path.name.endswith((HAND_IN, SIGNATURES))


def _standing(root: Path) -> Iterator[str]:
    for folder in BUILT:
        for file in sorted((root / folder).rglob("*")):
            path = file.relative_to(root)
            if not passing(path) and (file.is_symlink() or not file.is_dir()):
                yield path.as_posix()


def _master(path: str) -> str:
    """The master that a built path would come from."""
    parts = Path(path).parts
    if parts[0] == "lib":
        return f"solutions/backprop/{parts[-1]}" if parts[-1].endswith(".py") else "a module master"
    if "checks" in parts[-2:] or parts[-1] == "checks.json":
        return f"autograder/course/{parts[1]}/checks/" + ("" if parts[-1] == "checks.json" else parts[-1])
    return f"solutions/{parts[1].removesuffix('.ipynb')}.py"


def _bytes(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() and not file.is_symlink() else None


def _difference(found: bytes, built: Built) -> str:
    """The first lines of a unified difference, from what stands there to what the master builds."""
    old, new = (data.decode("utf-8", "backslashreplace").splitlines(keepends=True) for data in (found, built.data))
    lines = list(difflib.unified_diff(old, new, f"{built.path} (on disk)", f"{built.path} (from {built.master})", n=1))
    shown = [line if line.endswith("\n") else f"{line}\n\\ no newline at the end\n" for line in lines[:SHOWN]]
    if len(lines) > SHOWN:
        shown.append(f"… {len(lines) - SHOWN} more lines\n")
    return "".join(shown)
