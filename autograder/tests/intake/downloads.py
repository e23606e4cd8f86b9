"""What each platform gives out when a class has handed in, by the rules of its format: path in the download -> bytes.

For tests of the intake; shares no code with `autograder.intake`. All people are placeholders.
"""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from autograder.tests.exports.platforms import Pupil
from autograder.tests.intake.test_intake import answered, as_bytes

WHEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
Files = dict[str, bytes]


@cache
def notebook() -> bytes:
    return as_bytes(answered())


def work(mark: str, name: str = "flat") -> Files:
    """A good hand-in that says whose it is."""
    return {f"{name}.ipynb": notebook(), f"lib/backprop/{name}.py": f"mark = {mark!r}\n".encode()}


def packed(files: Files, folder: str = "") -> bytes:
    """A zip that is the same each time it is made."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(f"{folder}{name}", (2026, 3, 1, 12, 0, 0)), data)
    return out.getvalue()


def canvas(pupils: list[Pupil], of=work) -> Files:
    return {pupil.canvas_origin: packed(of(pupil.id)) for pupil in pupils}


def moodle(pupils: list[Pupil], of=work) -> Files:
    return {f"{pupil.moodle_origin}/work.zip": packed(of(pupil.id)) for pupil in pupils}


def brightspace(pupils: list[Pupil], of=work) -> Files:
    files = {f"{pupil.brightspace_origin}/work.zip": packed(of(pupil.id)) for pupil in pupils}
    return {"index.html": b"<html></html>", **files}


def sakai(pupils: list[Pupil], of=work) -> Files:
    files = {"Homework 2/grades.csv": b"Homework 2,Points,,,\n"}
    for pupil in pupils:
        here = f"Homework 2/{pupil.sakai_origin}"
        files[f"{here}/Submission attachment(s)/work.zip"] = packed(of(pupil.id))
        files[f"{here}/timestamp.txt"] = f"{WHEN:%Y%m%d%H%M%S}000".encode()
    return files


def blackboard(pupils: list[Pupil], of=work) -> Files:
    files = {}
    for pupil in pupils:
        stem = f"Homework 2_flat_{pupil.login}_attempt_{WHEN:%Y-%m-%d-%H-%M-%S}"
        files[f"{stem}_work.zip"] = packed(of(pupil.id))
        told = f"Name: {pupil.name} ({pupil.login})\nAssignment: Homework 2_flat\n"
        told += (
            "Date Submitted: Sunday, March 1, 2026 12:00:00 PM GMT\n\nSubmission Field:\nName: Somebody Else (other)\n"
        )
        files[f"{stem}.txt"] = told.encode()
    return files


def gradescope(pupils: list[Pupil], of=work) -> Files:
    files, lines = {}, []
    for pupil in pupils:
        folder = f"submission_{409_000 + pupil.number}"
        lines += [f"{folder}:", "  :submitters:", f"  - :name: {yaml_text(pupil.name)}"]
        lines += [f"    :sid: {yaml_text(pupil.sis)}", f"    :email: {pupil.email}"]
        lines += [f"  :created_at: {WHEN:%Y-%m-%d %H:%M:%S}.861687000 Z", "  :score: 2.0"]
        files |= {f"assignment_7_export/{folder}/{name}": data for name, data in of(pupil.id).items()}
    return {"assignment_7_export/submission_metadata.yml": "\n".join(lines).encode() + b"\n", **files}


def yaml_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def github(pupils: list[Pupil], of=work) -> Files:
    files = {}
    for pupil in pupils:
        for name, data in of(pupil.id).items():
            files[f"flat-submissions/flat-gh{pupil.number}/{name}"] = data
    return files


def nbgrader(pupils: list[Pupil], of=work) -> Files:
    files = {}
    for pupil in pupils:
        for name, data in of(pupil.id).items():
            files[f"{pupil.id}+flat+2026-03-01 12:00:00.000000 UTC/{name}"] = data
    return files


def folder(pupils: list[Pupil], of=work) -> Files:
    return {f"{pupil.id}_flat-hand-in.zip": packed(of(pupil.id)) for pupil in pupils}


PLATFORMS = {
    "canvas": canvas, "moodle": moodle, "gradescope": gradescope, "blackboard": blackboard, "brightspace": brightspace,
    "sakai": sakai, "github": github, "nbgrader": nbgrader, "folder": folder,
}  # fmt: skip
TIMED = ("gradescope", "blackboard", "brightspace", "sakai", "nbgrader")


def write(root: Path, files: Files) -> Path:
    """Lay a download out as a folder."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root
