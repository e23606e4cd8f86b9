"""The command `similar`: read a class and others beside it, rank pairs, write the page, show the first in a table."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.masters.catalogue import catalogue, find
from autograder.similarity.compare import Pair, rank
from autograder.similarity.page import label, write_similar
from autograder.similarity.work import CODE, WORDS, Work, plain, read_class
from toolbox.checks.visible import visible
from toolbox.errors import NotThere

FIRST = 10  # rows of the table


def similar(root: Path, assignment: str, also: list[Path], console: Console | None = None) -> Path:
    """Compare the hand-ins of a class with each other and with those in `also`; returns the page.

    also: classrooms of other years, or folders of hand-ins as …/<student>/<assignment>/. Raises UnknownName for an
    unknown assignment, NotThere where there is nothing to compare.
    """
    find(catalogue(root), assignment)
    cells, given = released(root, assignment)
    works = read_class(root / "classroom" / "submitted", assignment, cells)
    if not works:
        raise NotThere(f"no hand-in of {assignment!r} under {root / 'classroom' / 'submitted'}: take them in first")
    for folder in also:
        inside = folder / "submitted" if (folder / "submitted").is_dir() else folder
        others = read_class(inside, assignment, cells, source=folder.resolve().name)
        if not others:
            raise NotThere(f"no hand-in of {assignment!r} under {inside}: name a classroom, or a folder of students")
        works += others
    pairs = rank(works, given)
    page = root / "classroom" / "report" / f"{assignment}-similar.html"
    write_similar(page, assignment, pairs, works)
    _show(console or Console(), pairs, works)
    return page


def released(root: Path, assignment: str) -> tuple[set[str], dict[str, str]]:
    """What everybody was given: the cells of the notebook, and all of it by kind, modules included."""
    notebook = json.loads((root / "assignments" / assignment / f"{assignment}.ipynb").read_text(encoding="utf-8"))
    sources: dict[str, list[str]] = {"code": [], "markdown": []}
    for cell in notebook["cells"]:
        sources.setdefault(cell["cell_type"], []).append("".join(cell["source"]))
    modules = [path.read_text(encoding="utf-8") for path in sorted((root / "lib" / "backprop").glob("*.py"))]
    cells = {source.strip() for kind in sources.values() for source in kind}
    given = {CODE: "\n\n".join(modules + sources["code"]), WORDS: plain("\n\n".join(sources["markdown"]))}
    return cells, given


def _show(console: Console, pairs: list[Pair], works: list[Work]) -> None:
    table = Table(title=f"{len(works)} hand-ins", title_justify="left", expand=False)
    for heading in ("hand-ins", "of", "in common", "characters"):
        table.add_column(heading, justify="left" if heading in ("hand-ins", "of") else "right")
    for pair in pairs[:FIRST]:
        whose = Text(visible(f"{label(pair.one)} · {label(pair.other)}"))
        table.add_row(whose, pair.kind, f"{pair.share:.0%}", str(pair.size))
    console.print(table)
    console.print("Passages to read; they say nothing of how they came about.")
