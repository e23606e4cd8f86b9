"""Looking at work before it is handed in: what is there, what is missing, what is broken. Nothing of it is run.

The notebook and the index of checks are read as data, the modules are compiled only. Each thing looked at gives a
`Line` of the table that `submit` shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from toolbox.checks import index
from toolbox.handin.table import as_html, as_text

NOTEBOOK_LIMIT = 20 * 2**20  # the intake takes no larger one
CODE_STUB, TEXT_STUB = "# YOUR CODE HERE", "YOUR ANSWER HERE"
TEXT_PLACE = "*Write your answer here, in place of this line.*"


@dataclass
class Line:
    """One line of the table: 'ok', 'missing' (still to be done) or 'problem', what it is about, what was found."""

    state: str
    what: str
    found: str


@dataclass
class HandIn:
    """What `submit` did: the zip's path and the lines of the table."""

    assignment: str
    path: Path
    lines: list[Line] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return all(line.state == "ok" for line in self.lines)

    def add(self, state: str, what: str, found: str) -> None:
        self.lines.append(Line(state, what, found))

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)

    def _ipython_display_(self) -> None:
        """`submit` has shown the table already; a cell that ends with it need not show it again."""


def read_cells(notebook: Path) -> list[dict]:
    """The notebook's cells, their sources as strings. Raises ValueError, saying what to do, if it is not a notebook."""
    advice = "Open it in Jupyter and save it; if that fails, go back to an earlier copy. Nothing was handed in."
    try:
        content = json.loads(notebook.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(f"{notebook} is not a notebook: its JSON breaks off{where}. {advice}") from None
    if not isinstance(content, dict) or content.get("nbformat") != 4 or not isinstance(content.get("cells"), list):
        raise ValueError(f"{notebook} is not a notebook of format 4. {advice}")
    cells = [cell for cell in content["cells"] if isinstance(cell, dict)]
    return [{**cell, "source": "".join(cell.get("source") or "")} for cell in cells]


def modules_noted(notebook: Path) -> list[str]:
    """The modules that the notebook says belong to it; [] where a notebook no longer says so."""
    kit = (json.loads(notebook.read_text(encoding="utf-8")).get("metadata") or {}).get("backprop_kit")
    noted = kit.get("modules") if isinstance(kit, dict) else None
    return [name for name in noted if isinstance(name, str)] if isinstance(noted, list) else []


def marks(cell: dict) -> dict:
    """nbgrader's settings of a cell: what is graded in it, if anything."""
    return (cell.get("metadata") or {}).get("nbgrader") or {}


def expected(folders: Iterable[Path]) -> tuple[list[str], list[str]]:
    """The items and the modules that an assignment asks for, by the index in the first of the folders that has one."""
    for folder in folders:
        try:
            found = index.read(folder)
        except FileNotFoundError:
            continue
        except ValueError:  # it was edited: the hand-in is written without this look
            break
        return found.items, list(found.modules)
    return [], []


def look_at_notebook(hand_in: HandIn, notebook: Path, cells: list[dict]) -> None:
    status = notebook.stat()
    saved = datetime.fromtimestamp(status.st_mtime).strftime("%d %b %H:%M")
    if status.st_size > NOTEBOOK_LIMIT:
        hand_in.add(
            "problem", notebook.name, f"{status.st_size / 2**20:.0f} MB is too large: clear the outputs and save"
        )
    else:
        hand_in.add("ok", notebook.name, f"{len(cells)} cells, saved {saved}; later changes are not in the zip")


def look_at_cells(hand_in: HandIn, cells: list[dict], items: list[str]) -> None:
    """Check cells and answers: doubled, missing, still empty."""
    names = [name for cell in cells if (name := marks(cell).get("grade_id"))]
    for name in sorted({name for name in names if names.count(name) > 1}):
        hand_in.add("problem", name, f"this cell is there {names.count(name)} times: delete the copies")
    for name in items:
        if name not in names:
            hand_in.add("problem", name, "its check cell is gone; grading puts it back")
    given = 0
    for cell in cells:
        name = marks(cell).get("grade_id")
        if not name or not marks(cell).get("solution"):
            continue
        if marks(cell).get("grade") and (TEXT_STUB in cell["source"] or cell["source"].strip() in ("", TEXT_PLACE)):
            hand_in.add("missing", name, f"the written answer is empty, or still says {TEXT_STUB}")
        elif not marks(cell).get("grade") and (CODE_STUB in cell["source"] or not cell["source"].strip()):
            hand_in.add("missing", name, f"still says {CODE_STUB}")
        else:
            given += 1
    hand_in.add("ok", "answers", f"{given} given in the notebook")


def look_at_modules(hand_in: HandIn, package: Path, modules: list[str]) -> None:
    """The modules: there, and Python. Compiling does not run them."""
    for name in modules:
        if not (package / f"{name}.py").is_file():
            hand_in.add("problem", f"lib/backprop/{name}.py", "is not there: its items cannot earn marks")
    for path in module_files(package):
        name = f"lib/backprop/{path.name}"
        try:
            text = path.read_bytes()
            compile(text, name, "exec")
        except SyntaxError as error:
            hand_in.add("problem", name, f"{name}:{error.lineno or 1}: {error.msg}; Python cannot read this file")
        except (ValueError, OSError, RecursionError, MemoryError) as error:
            hand_in.add("problem", name, f"cannot be read: {error}")
        else:
            empty = text.decode("utf-8", "replace").count(CODE_STUB) if path.stem in modules else 0
            hand_in.add(
                "missing" if empty else "ok", name, f"{empty} place(s) still say {CODE_STUB}" if empty else "compiles"
            )


def module_files(package: Path) -> list[Path]:
    return [path for path in sorted(package.glob("*.py")) if path.is_file() and not path.is_symlink()]
