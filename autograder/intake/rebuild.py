"""A clean notebook from a student's, one that nbgrader cannot stumble over.

Steps: 1. Built anew from the parts that are needed: each cell's type, its text, pictures in a written answer. Outputs
are dropped (grading makes them again), and so are all settings: what a cell is worth is the release's word. 2. Graded
cells get the release's settings back. Copies lose them, missing ones are put back, unknown ones stay as ordinary
cells. nbgrader 0.9.6 would stop the class at a copied check cell (its `DeduplicateIds` blanks the settings, which then
count as too old) and at a written answer that is missing together with the cell before it.
"""

from __future__ import annotations

import hashlib
import json
import re

import nbformat

from autograder.records.receipt import Refused, Repair

from .members import show
from .notebook import Released, grade_id_of, text_of

CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}


def rebuild(notebook: dict, released: Released, repairs: list[Repair]) -> bytes:
    """The clean notebook, as the bytes to write. Raises Refused('notebook_invalid')."""
    cells = [_plain(cell, number) for number, cell in enumerate(notebook["cells"], start=1)]
    claims = [grade_id_of(cell) for cell in notebook["cells"]]
    settings = [(cell.get("metadata") or {}).get("nbgrader") for cell in notebook["cells"]]
    owner = _owners(cells, claims, released, repairs)
    for grade_id, index in owner.items():
        _restore(cells[index], settings[index], grade_id, released, repairs)
    _put_back(cells, owner, released, repairs)
    minor = notebook.get("nbformat_minor")
    _identify(cells, repairs if isinstance(minor, int) and minor >= 5 else [])

    built = {"cells": cells, "metadata": released.metadata, "nbformat": 4, "nbformat_minor": 5}
    try:
        nbformat.validate(nbformat.from_dict(built))
    except nbformat.ValidationError as error:
        raise Refused("notebook_invalid", f"The notebook is not a valid one: {show(str(error.message))}") from None
    text = json.dumps(built, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        repairs.append(Repair("lone_surrogates", "Characters that are no characters were replaced by question marks."))
        return text.encode("utf-8", "replace")


def _plain(cell, number: int) -> dict:
    """A cell with nothing but its type, its id, its text and the pictures pasted into it."""
    source = text_of(cell.get("source", "")) if isinstance(cell, dict) else None
    kind = cell.get("cell_type") if source is not None else None
    if kind not in ("code", "markdown", "raw") or not isinstance(cell.get("metadata", {}), dict):
        raise Refused("notebook_invalid", f"Cell {number} of the notebook is not a cell.")
    plain = {"cell_type": kind, "id": cell.get("id"), "metadata": {}, "source": source}
    if kind == "code":
        plain.update(execution_count=None, outputs=[])
    attachments = cell.get("attachments")
    if kind == "markdown" and isinstance(attachments, dict):
        pictures = {
            name: {mime: body for mime, body in bundle.items() if mime in PICTURES and isinstance(body, str)}
            for name, bundle in attachments.items()
            if isinstance(bundle, dict)
        }
        plain["attachments"] = {name: bundle for name, bundle in pictures.items() if bundle}
    return plain


def _owners(cells: list[dict], claims: list, released: Released, repairs: list[Repair]) -> dict[str, int]:
    """Which cell is the graded one, by grade_id. The first of several; of written answers the first
    answered."""
    owner: dict[str, int] = {}
    for index, grade_id in enumerate(claims):
        if grade_id is None:
            continue
        if grade_id not in released.cells:
            repairs.append(
                Repair(
                    "unknown_cell",
                    f"A cell called {show(grade_id)!r} is not of this assignment; it stays as an ordinary cell.",
                )
            )
        elif grade_id not in owner:
            owner[grade_id] = index
        else:
            master = released.cells[grade_id]
            empty = cells[owner[grade_id]]["source"].strip() == master["source"].strip()
            if is_written(master) and empty:
                owner[grade_id] = index
            repairs.append(
                Repair(
                    "duplicated_cell",
                    f"The cell {grade_id!r} stood there more than once; one counts "
                    "and the copies stay as ordinary cells.",
                )
            )
    # a check cell that lost its settings (some editors drop them) is known by its text
    taken = set(owner.values())
    by_text: dict[str, list[int]] = {}
    for index in reversed(range(len(cells))):
        if claims[index] is None and index not in taken:
            by_text.setdefault(cells[index]["source"].strip(), []).append(index)
    for grade_id, master in released.cells.items():
        if grade_id in owner or is_editable(master):
            continue
        if same := by_text.get(master["source"].strip()):
            owner[grade_id] = same.pop()  # the first in the notebook
            repairs.append(
                Repair(
                    "adopted_cell",
                    f"The check cell {grade_id!r} had lost its settings; it was known by its text.",
                )
            )
    return owner


def is_editable(master: dict) -> bool:
    return bool(master["metadata"]["nbgrader"].get("solution"))


def is_written(master: dict) -> bool:
    return is_editable(master) and bool(master["metadata"]["nbgrader"].get("grade"))


def _restore(cell: dict, settings, grade_id: str, released: Released, repairs: list[Repair]) -> None:
    """Give a graded cell the release's settings, and a locked one the release's text."""
    master = released.cells[grade_id]
    if settings is not None and settings != master["metadata"]["nbgrader"]:
        repairs.append(
            Repair("edited_metadata", f"The settings of {grade_id!r} (points, kind) were changed and put back.")
        )
    if cell["cell_type"] != master["cell_type"]:
        repairs.append(
            Repair(
                "cell_type",
                f"The cell {grade_id!r} was turned from {master['cell_type']} "
                f"into {cell['cell_type']} and turned back.",
            )
        )
        cell["cell_type"] = master["cell_type"]
        for key in ("outputs", "execution_count", "attachments"):
            cell.pop(key, None)
        if master["cell_type"] == "code":
            cell.update(execution_count=None, outputs=[])
    if not is_editable(master) and cell["source"] != master["source"]:
        repairs.append(Repair("edited_cell", f"The check cell {grade_id!r} was changed and put back."))
        cell["source"] = master["source"]
    cell["metadata"] = json.loads(json.dumps(master["metadata"]))


def _put_back(cells: list[dict], owner: dict[str, int], released: Released, repairs: list[Repair]) -> None:
    """Insert the check cells and written answers that are missing, each after the graded cell before it.

    A missing answer cell (not graded itself) is only reported: an empty one put back could overwrite what the
    student defines elsewhere.
    """
    order = list(released.cells)
    present = {grade_id: cells[index] for grade_id, index in owner.items()}
    for position, grade_id in enumerate(order):
        if grade_id in present:
            continue
        master = released.cells[grade_id]
        if is_editable(master) and not is_written(master):
            repairs.append(Repair("missing_cell", f"The answer cell {grade_id!r} is missing from the notebook."))
            continue
        repairs.append(
            Repair(
                "missing_cell",
                f"The {'written answer' if is_written(master) else 'check cell'} "
                f"{grade_id!r} was missing and was put back as released.",
            )
        )
        fresh = {**_plain(master, 0), "metadata": json.loads(json.dumps(master["metadata"]))}
        before = next((present[other] for other in reversed(order[:position]) if other in present), None)
        after = next((present[other] for other in order[position:] if other in present), None)
        if before is not None:
            place = 1 + next(index for index, cell in enumerate(cells) if cell is before)
        elif after is not None:
            place = next(index for index, cell in enumerate(cells) if cell is after)
        else:
            place = len(cells)
        cells.insert(place, fresh)
        present[grade_id] = fresh


def _identify(cells: list[dict], repairs: list[Repair]) -> None:
    """Give every cell an id that is valid and its own; a made one follows from place and text, so runs
    agree."""
    seen: set[str] = set()
    fixed = 0
    for index, cell in enumerate(cells):
        name = cell["id"]
        if not isinstance(name, str) or not CELL_ID.fullmatch(name) or name in seen:
            text = cell["source"].encode("utf-8", "replace")
            name = "cell-" + hashlib.sha256(b"%d:" % index + text).hexdigest()[:16]
            while name in seen:
                name = "cell-" + hashlib.sha256(name.encode()).hexdigest()[:16]
            cell["id"] = name
            fixed += 1
        seen.add(name)
    if fixed:
        repairs.append(Repair("cell_ids", f"{fixed} cell ids were missing, doubled or malformed; new ones were given."))
