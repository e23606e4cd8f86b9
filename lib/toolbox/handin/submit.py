"""Handing in: look at the work, say plainly what is missing, write one zip.

Steps: find the house; read the notebook, the modules and the index of checks (nothing is run); list what is
missing or broken; write `<assignment>-hand-in.zip` beside `lib/` with the notebook, `lib/backprop/*.py` and a
manifest. Half-finished work is handed in all the same. Only what nobody could grade is not written: no notebook, or
one that is not a notebook.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from toolbox.handin.inspect import (
    HandIn,
    expected,
    look_at_cells,
    look_at_copies,
    look_at_modules,
    look_at_notebook,
    module_files,
    modules_noted,
    read_cells,
)
from toolbox.handin.table import as_html, print_rich
from toolbox.notebook import folders
from toolbox.notebook.streams import any_console

SCHEMA = 1


def submit(assignment: str = "flat", folder: str | Path | None = None, out: str | Path | None = None) -> HandIn:
    """Validate the work on `assignment`, show what is missing, and write it into one zip to hand in.

    folder: where to look (default: the current folder); the nearest folder above it with `lib/` is the house. out: the
    zip's path, or a folder for it (default: beside `lib/`). Returns the HandIn. Raises FileNotFoundError without a
    house or a notebook, and ValueError where the notebook's file is not a notebook: such work could not be graded.
    """
    start = Path(folder or Path.cwd()).resolve()
    home = folders.house(start if folder else None)
    notebook = find_notebook(assignment, start, home)
    cells = read_cells(notebook)
    target = Path(out).resolve() if out else home
    target = target / f"{assignment}-hand-in.zip" if target.is_dir() else target
    hand_in = HandIn(assignment, target)
    look_at_notebook(hand_in, notebook, cells)
    beside = (notebook.parent, home / "assignments" / assignment)
    items, modules = expected(beside)
    originals = home / ".release"
    look_at_cells(hand_in, cells, items, _given_cells(originals / "assignments" / assignment / notebook.name))
    modules = sorted({*modules, *modules_noted(notebook)})
    look_at_modules(hand_in, home / "lib" / "backprop", modules, originals / "lib" / "backprop")
    look_at_copies(hand_in, home, notebook, modules)
    write_zip(hand_in, notebook, home / "lib" / "backprop")
    show(hand_in)
    return hand_in


def find_notebook(assignment: str, start: Path, home: Path) -> Path:
    """The assignment's notebook: at its place in the course; of a notebook that lies elsewhere, as on Colab, its own
    folder comes first. Raises FileNotFoundError saying where it was sought.
    """
    places = [home / "assignments" / assignment, start, home]
    for folder in places if start.is_relative_to(home) else [start, *places]:
        if (folder / f"{assignment}.ipynb").is_file():
            return folder / f"{assignment}.ipynb"
    known = ", ".join(sorted(path.parent.name for path in home.glob("assignments/*/*.ipynb"))) or "none"
    raise FileNotFoundError(
        f"nothing was handed in: there is no {assignment}.ipynb in {home / 'assignments' / assignment}. "
        f"Assignments here: {known}. If you renamed the notebook, give it back its name."
    )


def _given_cells(original: Path) -> list[dict] | None:
    """The cells of a notebook as they were given; None where nothing says so."""
    try:
        return read_cells(original)
    except (OSError, ValueError):
        return None


def write_zip(hand_in: HandIn, notebook: Path, package: Path) -> None:
    """Write the zip whole or not at all: into a draft beside it, then in its place."""
    from toolbox import __version__

    files = {f"{hand_in.assignment}.ipynb": notebook} | {
        f"lib/backprop/{path.name}": path for path in module_files(package)
    }
    contents = {name: path.read_bytes() for name, path in files.items()}
    manifest = {
        "schema": SCHEMA,
        "assignment": hand_in.assignment,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "kit": __version__,
        "files": [
            {"path": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in contents.items()
        ],
    }
    contents["manifest.json"] = (json.dumps(manifest, indent=1) + "\n").encode()
    hand_in.path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=hand_in.path.parent, prefix=".hand-in-", suffix=".zip")
    try:
        with os.fdopen(handle, "wb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in contents.items():
                archive.writestr(name, data)
        os.replace(draft, hand_in.path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def show(hand_in: HandIn) -> None:
    """The table: HTML in a notebook, colours in a terminal."""
    import sys

    any_console()

    kernel = "ipykernel" in sys.modules and "IPython" in sys.modules
    if kernel:
        from IPython import get_ipython
        from IPython.display import HTML, display

        if get_ipython() is not None:
            display(HTML(as_html(hand_in)))
            return
    print_rich(hand_in)
