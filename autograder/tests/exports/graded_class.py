"""For tests of the exports: a classroom with verdicts, receipts, a roster and feedback pages, and no gradebook."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from autograder.tests.exports.platforms import Pupil

MAX_SCORE = 8.0
ROSTER = ["id", "name", "first_name", "last_name", "email", "section", "canvas_id", "sis_id", "login", "excused"]


def ada_and_others() -> list[Pupil]:
    """Four students with names and keys that are easily damaged."""
    return [
        Pupil(1, "Ada", "Lovelace", "00123", "al123"),
        Pupil(2, "Jörg", "Müller-Lüdenscheidt", "000000000000000000042", "joerg.m"),
        Pupil(3, "Pat", 'O_Brien, "Jr"', "-77", "+49123"),
        Pupil(4, "=1+1", "@SUM(A1)", "x4", "-user"),
    ]


def score_of(pupil: Pupil) -> float:
    """A score that no other student of a small class has."""
    return round(0.25 * (pupil.number % 32) + 0.01 * (pupil.number % 7), 2)


def page_of(pupil: Pupil) -> bytes:
    return f"<p>the page of {pupil.id}</p>".encode()


def make_class(
    root: Path, pupils: list[Pupil], *, origin: str = "canvas_origin", missing: tuple[str, ...] = (),
    excused: tuple[str, ...] = (), roster: bool = True, scores: dict[str, float] | None = None,
    status: dict[str, str] | None = None, assignment: str = "flat",
) -> Path:  # fmt: skip
    """Fill `root`/classroom. missing: handed nothing in. status: of a student's one item, where it is not 'partial'."""
    classroom = root / "classroom"
    for pupil in pupils:
        if pupil.id in missing:
            continue
        score = (scores or {}).get(pupil.id, score_of(pupil))
        put_graded(classroom, pupil.id, score, assignment, (status or {}).get(pupil.id, "partial"), page_of(pupil))
        receipt = {"schema": 1, "student": pupil.id, "assignment": assignment, "origin": getattr(pupil, origin)}
        put(classroom / "receipts" / assignment / f"{pupil.id}.json", json.dumps(receipt).encode())
    if roster:
        write_roster(classroom / "roster.csv", pupils, excused)
    return root


def put_graded(classroom: Path, student: str, score: float, assignment: str, status: str, page: bytes) -> None:
    """A verdict with one item, and a feedback page."""
    item = {"id": "toy", "score": score, "max_score": MAX_SCORE, "tests": [], "message": "off by <2> & more"}
    verdict = {
        "schema": 1, "assignment": assignment, "student": student, "score": score, "max_score": MAX_SCORE,
        "hand_in": {"sha256": "0", "received": "2026-03-01T12:00:00+00:00"},
        "intake": {"status": "accepted", "code": None, "message": "", "repairs": []},
        "items": [item | {"status": status}],
    }  # fmt: skip
    put(classroom / "verdicts" / assignment / f"{student}.json", json.dumps(verdict).encode())
    put(classroom / "feedback" / student / assignment / f"{assignment}.html", page)


def write_roster(path: Path, pupils: list[Pupil], excused: tuple[str, ...] = ()) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(ROSTER)
        for pupil in pupils:
            keys = [pupil.canvas, pupil.sis, pupil.login, "flat" if pupil.id in excused else ""]
            writer.writerow([pupil.id, "", pupil.first, pupil.last, pupil.email, "A", *keys])


def put_paper(root: Path, assignment: str, items: dict[str, float], written: dict[str, float]) -> Path:
    """A released notebook with these items and written questions."""
    cells = [("code", name, points) for name, points in items.items()]
    cells += [("markdown", name, points) for name, points in written.items()]
    notebook = {
        "cells": [
            {
                "cell_type": kind,
                "metadata": {
                    "nbgrader": {"grade": True, "solution": kind != "code", "grade_id": name, "points": points}
                },
            }
            for kind, name, points in cells
        ]
    }
    return put(root / "assignments" / assignment / f"{assignment}.ipynb", json.dumps(notebook).encode())


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
