"""Files that look like a copy of the work: which one counts is said by the course's layout, never by the alphabet.

The work on `flat` is `assignments/flat/flat.ipynb` and the modules in `lib/backprop/`. A browser that downloads a file
twice, a file manager and JupyterLab write copies beside it (`flat (1).ipynb`, `flat - Kopie.ipynb`,
`flat-Copy1.ipynb`), and so do people (`flat_final.ipynb`). None of them is handed in.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

SKIPPED = {".venv", "venv", ".git", ".ipynb_checkpoints", "__pycache__", "node_modules", "data", "backups", ".release",
           "toolbox", "checks", "site-packages"}  # fmt: skip
DEEPEST = 4  # folders below the course's


def strays(root: Path, name: str, suffix: str, right: Path) -> list[Path]:
    """Files under the course's folder that look like `name` + suffix (".ipynb", ".py") and are not `right`, sorted."""
    looks = _looks_like(name, suffix)
    there = right.is_file()
    own = (root / "solutions", root / "autograder")  # the repository itself has masters and checks of that name
    return [
        path
        for path in _files(root)
        if looks.fullmatch(path.name)
        and not (there and path.samefile(right))  # on Windows, Flat.py is flat.py
        and not any(path.is_relative_to(folder) for folder in own)
    ]


def _looks_like(name: str, suffix: str) -> re.Pattern[str]:
    """The name itself, or the name and something that makes it a copy: never another word that begins alike."""
    added = r"([ _.-]*\(\d+\)|[ _-]+(copy|kopie|copie|copia|final|old|new|backup|mine|v)?[ _-]*\d*)+|-copy\d+"
    return re.compile(rf"{re.escape(name)}({added})?(\.txt)?{re.escape(suffix)}(\.txt|\.bak|~)?", re.IGNORECASE)


def _files(root: Path) -> Iterator[Path]:
    for folder, inner, names in os.walk(root):
        here = Path(folder)
        deep = len(here.relative_to(root).parts)
        inner[:] = sorted(name for name in inner if name not in SKIPPED and deep < DEEPEST)
        yield from (here / name for name in sorted(names))


def told(strays: list[Path], root: Path) -> str:
    """Their paths in the course's folder, at most four."""
    said = [path.relative_to(root).as_posix() for path in strays[:4]]
    return ", ".join(said) + (", …" if len(strays) > 4 else "")


def newer(strays: list[Path], right: Path) -> list[Path]:
    """Those that were saved after the one that counts: the work may be in them."""
    return [path for path in strays if path.stat().st_mtime > right.stat().st_mtime]
