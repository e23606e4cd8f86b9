"""Looking at work before it is handed in: what is there, what is missing, what is broken. Nothing of it is run.

The notebook and the index of checks are read as data, the modules are compiled only. Each thing looked at gives a
`Line` of the table that `submit` shows.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from toolbox.calling import unwritten
from toolbox.checks import index
from toolbox.handin import copies
from toolbox.handin.table import as_html, as_text
from toolbox.notebook import ran

NOTEBOOK_LIMIT = 20 * 2**20  # the intake takes no larger one
CODE_STUB, TEXT_STUB = "# YOUR CODE HERE", "YOUR ANSWER HERE"
TEXT_PLACE = "*Write your answer here, in place of this line.*"


@dataclass
class Line:
    """One line of the table: 'ok', 'ask' (is it meant so?), 'missing' (still to be done) or 'problem'; and what it is
    about, and what was found.
    """

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
        return all(line.state in ("ok", "ask") for line in self.lines)

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
    """Its size, when it was saved, and whether the running kernel knows of something newer."""
    status = notebook.stat()
    saved = datetime.fromtimestamp(status.st_mtime).strftime("%d %b %H:%M")
    newer = ran.unsaved(cells, status.st_mtime)
    if status.st_size > NOTEBOOK_LIMIT:
        hand_in.add(
            "problem", notebook.name, f"{status.st_size / 2**20:.0f} MB is too large: clear the outputs and save"
        )
    elif newer:
        first = next((line for line in newer[0].splitlines() if line.strip()), "")[:60]
        hand_in.add("problem", notebook.name, f"is not saved: {len(newer)} cell(s) ran with other text than the file "
                    f"of {saved} has, among them `{first}`. Save it, then submit again")  # fmt: skip
    else:
        hand_in.add("ok", notebook.name, f"{len(cells)} cells, saved {saved}; later changes are not in the zip")


def look_at_copies(hand_in: HandIn, home: Path, notebook: Path, modules: list[str]) -> None:
    """Files that look like copies of the work are named and asked about; none of them is handed in."""
    for right in (notebook, *(home / "lib" / "backprop" / f"{name}.py" for name in modules)):
        for stray in copies.strays(home, right.stem, right.suffix, right):
            later = right.is_file() and stray in copies.newer([stray], right)
            counts = right.relative_to(home).as_posix() if right.is_relative_to(home) else str(right)
            what = "was saved later than the one that counts" if later else "is not handed in"
            question = f"{what}, {counts}" if later else f"{what}; {counts} is"
            hand_in.add("problem" if later else "ask", stray.relative_to(home).as_posix(),
                        f"{question}. Is your work in this copy? Then put it there; else delete the copy")  # fmt: skip


def look_at_cells(hand_in: HandIn, cells: list[dict], items: list[str], original: list[dict] | None = None) -> None:
    """Check cells and answers: doubled, missing, still empty. original: the cells as they were given, where known."""
    names = [name for cell in cells if (name := marks(cell).get("grade_id"))]
    titles = _titles(cells)
    for name in sorted({name for name in names if names.count(name) > 1}):
        hand_in.add("problem", titles[name], f"a graded cell is there {names.count(name)} times: delete the copies")
    for name in items:
        if name not in names:
            hand_in.add("problem", f'check("{name}")', "this cell is gone; grading puts it back")
    before = {marks(cell).get("grade_id"): cell["source"].strip() for cell in original or []}
    given = 0
    for cell in cells:
        name = marks(cell).get("grade_id")
        if not name or not marks(cell).get("solution"):
            continue
        if marks(cell).get("grade") and _empty(cell["source"], before.get(name)):
            hand_in.add("missing", titles[name], "the written answer is empty")
        elif not marks(cell).get("grade") and _unwritten(cell["source"], before.get(name)):
            hand_in.add("missing", titles[name], f"still says {CODE_STUB}")
        else:
            given += 1
    if given:
        hand_in.add("ok", "answers", f"{given} given in the notebook")


def _empty(answer: str, original: str | None) -> bool:
    """Whether nothing was written. A placeholder that was left above or below an answer is none."""
    if original is not None and answer.strip() == original:
        return True
    for placeholder in (TEXT_PLACE, TEXT_STUB):
        answer = answer.replace(placeholder, "")
    return not answer.strip()


def _unwritten(code: str, original: str | None) -> bool:
    if original is not None and code.strip():
        return code.strip() == original
    return CODE_STUB in code or not code.strip()


def _titles(cells: list[dict]) -> dict[str, str]:
    """Each graded cell by what a student sees: the nearest heading above it, counted where several stand below one."""
    titles: dict[str, str] = {}
    heading, count = "the beginning", 0
    for cell in cells:
        own = re.findall(r"^#{1,6} +(.+?)\s*$", cell["source"], re.MULTILINE) if cell["cell_type"] == "markdown" else []
        if own:
            heading, count = " ".join(own[-1].replace("*", "").replace("`", "").split()), 0
        if (name := marks(cell).get("grade_id")) and marks(cell).get("solution") and name not in titles:
            count += 1
            titles[name] = heading if count == 1 else f"{heading} (answer {count})"
        elif name:
            titles.setdefault(name, f'check("{name}")')
    return titles


def look_at_modules(hand_in: HandIn, package: Path, modules: list[str], original: Path | None = None) -> None:
    """The modules: there, by their very names, and Python. Compiling does not run them. Those that the assignment does
    not ask for share a line, unless something is wrong with one.

    original: the folder of the modules as they were given, where known.
    """
    names = os.listdir(package) if package.is_dir() else []
    for name in modules:
        if f"{name}.py" not in names:  # a file system may find Flat.py, too; Python's import does not
            other = [found for found in names if found.casefold() == f"{name}.py".casefold()]
            told = f"is called {other[0]}: rename it" if other else "is not there: its items cannot earn marks"
            hand_in.add("problem", f"lib/backprop/{name}.py", told)
    others = 0
    for path in module_files(package):
        name = f"lib/backprop/{path.name}"
        try:
            text = path.read_bytes()
            tree = ast.parse(text, name)
        except SyntaxError as error:
            hand_in.add("problem", name, f"{name}:{error.lineno or 1}: {error.msg}; Python cannot read this file")
        except (ValueError, OSError, RecursionError, MemoryError) as error:
            hand_in.add("problem", name, f"cannot be read: {error}")
        else:
            if path.stem not in modules:
                others += 1
                continue
            empty = unwritten_functions(tree, text, original / path.name if original else None)
            hand_in.add("missing" if empty else "ok", name,
                        f"not written yet: {', '.join(empty)}" if empty else "compiles")  # fmt: skip
    if others:
        hand_in.add("ok", "lib/backprop", f"{others} other files compile, and are handed in as well")


def unwritten_functions(tree: ast.Module, text: bytes, given: Path | None) -> list[str]:
    """The functions that still hold the placeholder and nothing besides: as they were given, where that is known."""
    source = text.decode("utf-8", "replace").replace("\r\n", "\n")
    if CODE_STUB not in source:
        return []
    before: dict[str, str] = {}
    try:
        old = given.read_text(encoding="utf-8") if given else ""
        before = {name: ast.get_source_segment(old, node) or "" for name, node in _functions(ast.parse(old))}
    except (OSError, ValueError, SyntaxError, RecursionError):
        pass
    found = []
    for name, node in _functions(tree):
        own = ast.get_source_segment(source, node) or ""
        same = own == before[name] if name in before else unwritten.is_bare(node)
        if CODE_STUB in own and same:
            found.append(name)
    return found


def _functions(tree: ast.AST, above: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """The functions of a module and of its classes, by the names that they are called by."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{above}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{node.name}.")


def module_files(package: Path) -> list[Path]:
    """The modules of a package; `flat (1).py` and other names that cannot be imported are none."""
    found = sorted(package.glob("*.py"))
    return [path for path in found if path.stem.isidentifier() and path.is_file() and not path.is_symlink()]
