"""From a notebook master to the two notebooks: the solved one that nbgrader reads, and the one that students open.

Steps: let jupytext read the master; compare its cells with our own reading; fill in what is counted; turn the keys of
the headers into nbgrader's metadata; give every cell a stable id; write as nbformat writes. For the release, send that
notebook through the preprocessors of nbgrader's own `generate_assignment`, in its order and its exporter, without the
one that writes to the gradebook: the stock command then makes the same bytes.
"""

from __future__ import annotations

import hashlib
from functools import cache

import jupytext
import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat.notebooknode import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import SaveCells
from traitlets.config import Config

from autograder.build import counts
from autograder.masters import regions, rules
from autograder.masters.percent import Cell, Master
from autograder.masters.problems import Problem, Refused

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
NOTED = ("assignment", "modules", "order")  # of the header, what the notebook itself says
SCHEMA = 3  # of nbgrader's cell metadata
READ_BY = {
    "encoding": "",
    "jupytext": "",
    "lines_to_next_cell": "",
    "title": "",
}  # jupytext's own cell metadata


def solved(master: Master, text: str) -> str:
    """The complete notebook as JSON text: regions in place, nbgrader's metadata, no outputs.

    Raises `Refused` where jupytext and our own reading of the master disagree.
    """
    read = jupytext.reads(text, fmt="py:percent")
    known = counts.facts(master)
    cells = [_cell(master, mine, theirs, known) for mine, theirs in _pairs(master, read.cells)]
    _give_ids(cells)
    metadata = {
        "kernelspec": dict(KERNEL),
        "backprop_kit": {key: master.kit[key] for key in NOTED if key in master.kit},
    }
    return _written(nbformat.v4.new_notebook(cells=cells, metadata=metadata))


def released(master: Master, solved_text: str) -> str:
    """The students' notebook as JSON text, made from the solved one by nbgrader's preprocessors."""
    try:
        output, _ = _exporter().from_notebook_node(nbformat.reads(solved_text, as_version=4))
    except Exception as error:  # nbgrader raises what it likes; our own rules should have caught it first
        raise Refused([Problem(master.path, 0, f"nbgrader cannot release this: {error}")]) from error
    return output


def _written(notebook: NotebookNode) -> str:
    notebook.nbformat_minor = 5  # the first format with cell ids
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4) + "\n"


def _pairs(master: Master, theirs: list[NotebookNode]) -> list[tuple[Cell, NotebookNode]]:
    """Our cells beside jupytext's."""
    for mine, other in zip(master.cells, theirs, strict=False):
        keys = {key: value for key, value in other.metadata.items() if key not in READ_BY}
        same = (mine.kind, mine.keys) == (other.cell_type, keys)
        # lines, not texts: jupytext takes the comment mark off `# %magic`
        same = same and mine.source.count("\n") == other.source.strip("\n").count("\n")
        if not same:
            raise Refused(
                [
                    Problem(
                        master.path,
                        mine.line,
                        "jupytext reads this cell differently: is there a `# %%` inside a "
                        "string or a fence, or a markdown cell in quotes?",
                    )
                ]
            )
    if len(master.cells) != len(theirs):
        raise Refused(
            [
                Problem(
                    master.path,
                    0,
                    f"{len(master.cells)} lines begin with `# %%` and jupytext reads {len(theirs)} "
                    "cells: is there one inside a string or a fence?",
                )
            ]
        )
    return list(zip(master.cells, theirs, strict=True))


def _cell(master: Master, mine: Cell, theirs: NotebookNode, known: dict[str, str]) -> NotebookNode:
    if mine.kind == "markdown":
        cell = nbformat.v4.new_markdown_cell(counts.filled(theirs.source, known, master.path, mine.line))
    else:
        cell = nbformat.v4.new_code_cell(theirs.source)
    if mine.keys.get("show"):
        cell.metadata["backprop_kit"] = {"show": True}
    if name := rules.grade_id(mine):
        metadata = {
            "cell_type": mine.kind,
            "grade": mine.role in ("item", "written"),
            "grade_id": name,
            "locked": mine.role == "item",
            "schema_version": SCHEMA,
            "solution": mine.role in ("solution", "written"),
            "task": False,
        }
        if metadata["grade"]:
            metadata["points"] = mine.keys["points"]
        cell.metadata["nbgrader"] = metadata
    return cell


def _give_ids(cells: list[NotebookNode]) -> None:
    """nbgrader's id where there is one, else a digest of the text; a repeated text counts on."""
    seen: dict[str, int] = {}
    for cell in cells:
        if "nbgrader" in cell.metadata:
            cell.id = cell.metadata.nbgrader.grade_id
            continue
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = f"given-{digest}" + (f"-{seen[digest]}" if seen[digest] > 1 else "")


@cache
def _exporter() -> NotebookExporter:
    """nbgrader's exporter with its preprocessors, as `BaseConverter.start` sets it up."""
    config = Config()
    config.Exporter.default_preprocessors = []
    config.ClearSolutions.code_stub = {"python": regions.STUB}
    exporter = NotebookExporter(config=config)
    for preprocessor in GenerateAssignment.class_traits()["preprocessors"].default():
        if preprocessor is not SaveCells:
            exporter.register_preprocessor(preprocessor)
    return exporter
