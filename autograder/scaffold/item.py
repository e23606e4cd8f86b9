"""Lay down a new item: its cells, its code, its checks, its mistakes and its styles.

Steps: see that the name is free and what kind of thing it is (an activation where the assignment has a table of them,
else a function of a module); put the cells behind those of the last item of that kind; add code, checks, wrong and
right answers. Nothing is written before all of it has been put together.
"""

from __future__ import annotations

import ast
import keyword
import re
from pathlib import Path

from autograder.masters import sources
from autograder.masters.percent import Master
from autograder.scaffold import NotLaidDown, texts, write

TABLE = re.compile(r"^ACTIVATIONS(?::[^=]*)? = \[\n(.*?)^\]", re.MULTILINE | re.DOTALL)
ONE_ITEM = re.compile(r'^ *Activation\("\w+", "(\w+)", (?!")', re.MULTILINE)  # a row whose passes are one item


def lay_down(root: Path, assignment: str, item: str, after: str = "", module: str = "") -> list[Path]:
    """Write a new item into an assignment; return the files. after: the item behind which its cells stand. module: the
    one that its code goes to; where it is given, the item is a function.

    Raises NotLaidDown.
    """
    masters = sources.read(root, parse_checks=False)
    master = _free(masters, assignment, item)
    table = f"{sources.COURSE}/{assignment}/checks/activations.py"
    if not module and table in masters.texts and TABLE.search(masters.texts[table]):
        files = _activation(masters, assignment, item, table)
        after = after or ONE_ITEM.findall(TABLE.search(masters.texts[table])[1])[-1]  # type: ignore[index]
    else:
        files = function(masters.texts, assignment, item, _module_of(masters, master, module))
    files[master.path] = _with_cells(masters.texts[master.path], master, item, after)
    return write(root, files)


def function(texts_of: dict[str, str], assignment: str, item: str, module: str) -> dict[str, str]:
    """The files of an item that is a function, but for its cells."""
    words = {"item": item, "module": module}
    path = f"{sources.MODULES}/{module}.py"
    room = f"{sources.COURSE}/{assignment}"
    return {
        path: _with_import(texts_of[path]).rstrip("\n") + "\n" + texts.FUNCTION.format(**words),
        f"{room}/checks/{item}.py": texts.CHECKS.format(**words),
        f"{room}/mistakes/{item}.py": texts.MISTAKES.format(**words),
        f"{room}/styles/{item}.py": texts.STYLES.format(**words),
    }


def cells(item: str) -> str:
    """The cells of an item: a heading, and its check."""
    return texts.CELLS.format(item=item, title=item.replace("_", " ").capitalize())


def _activation(masters: sources.Sources, assignment: str, item: str, table: str) -> dict[str, str]:
    words = {"item": item, "name": "".join(part.capitalize() for part in item.split("_"))}
    path, room = f"{sources.MODULES}/activations.py", f"{sources.COURSE}/{assignment}"
    text = masters.texts[path]
    if re.search(rf"^class {words['name']}\b", text, re.MULTILINE):
        raise NotLaidDown(f"{path} has a class {words['name']} already: choose another name")
    rows = masters.texts[table]
    end = TABLE.search(rows).end(1)  # type: ignore[union-attr]
    return {
        path: text.rstrip("\n") + "\n" + texts.ACTIVATION.format(**words),
        table: rows[:end] + texts.ROW.format(**words) + rows[end:],
        f"{room}/mistakes/{item}.py": texts.ACTIVATION_MISTAKES.format(**words),
        f"{room}/styles/{item}.py": texts.ACTIVATION_STYLES.format(**words),
    }


def _free(masters: sources.Sources, assignment: str, item: str) -> Master:
    """The notebook that a new item may be put into. Raises NotLaidDown."""
    if assignment not in masters.notebooks:
        raise NotLaidDown(f"there is no assignment {assignment!r}; there are: {', '.join(masters.order)}")
    named(item, "an item")
    for name, master in masters.notebooks.items():
        if any(cell.id == item for cell in master.cells):
            raise NotLaidDown(f"{name} has a cell {item!r} already: choose another name")
    room = f"{sources.COURSE}/{assignment}/checks/{item}.py"
    if room in masters.texts:
        raise NotLaidDown(f"{room} stands there already: choose another name")
    return masters.notebooks[assignment]


def named(name: str, what: str) -> None:
    """Raises NotLaidDown where this can be no name of an item or an assignment."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name) or len(name) > 55:
        raise NotLaidDown(f"{name!r} is no name of {what}: small letters, digits and underscores, a letter first")


def _module_of(masters: sources.Sources, master: Master, module: str) -> str:
    known = list(master.kit["modules"])
    if module and module not in known:
        raise NotLaidDown(f"{master.path} collects no module {module!r}; it collects: {', '.join(known)}")
    return module or known[0]


def _with_import(text: str) -> str:
    """The module, with what the new function's annotations need."""
    imports = [node for node in ast.parse(text).body if isinstance(node, ast.ImportFrom | ast.Import)]
    if "Tensor" in {alias.asname or alias.name for node in imports for alias in node.names}:
        return text
    lines = text.split("\n")
    end = imports[-1].end_lineno or 0 if imports else len(lines)
    apart = [""] if not imports or getattr(imports[-1], "module", "") == "__future__" else []
    return "\n".join([*lines[:end], *apart, "from torch import Tensor", *lines[end:]])


def _with_cells(text: str, master: Master, item: str, after: str) -> str:
    """The notebook with the new item's cells behind those of the item `after`, at its end where there is none."""
    graded = [cell for cell in master.cells if cell.role == "item"]
    if after and all(cell.id != after for cell in graded):
        raise NotLaidDown(f"{master.path} has no item {after!r} to stand behind")
    behind = next((cell for cell in graded if cell.id == after), graded[-1])
    lines = text.split("\n")
    place = next((cell.line - 1 for cell in master.cells if cell.line > behind.line), len(lines))
    while place > 0 and not lines[place - 1].strip():
        place -= 1
    return "\n".join([*lines[:place], cells(item).rstrip("\n"), *lines[place:]]).rstrip("\n") + "\n"
