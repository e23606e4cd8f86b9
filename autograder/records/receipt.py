"""The receipt of one hand-in: what arrived, when, what was repaired, why it was refused.

A receipt is written as `intake.json` beside the hand-in, always by the intake and never taken from the
student. It keeps a code for machines apart from a message for people. REFUSALS and REPAIRS list every code
there is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

SCHEMA = 1
NAME = "intake.json"

# Refusals: the hand-in cannot be graded.
REFUSALS = {
    "no_student": "the file name does not say whose it is",
    "unreadable": "the file or folder cannot be read",
    "not_a_zip": "not a zip or tar that can be opened",
    "wrong_format": "another kind of file than a zip",
    "encrypted": "the zip is locked with a password",
    "unsafe_path": "a path in it leads outside the hand-in",
    "duplicate_entry": "two different files under one name",
    "case_clash": "two files whose names differ only in upper and lower case",
    "zip_bomb": "unpacks to far more than its size",
    "too_many_files": "too many files",
    "too_deep": "folders nested too deep",
    "too_large": "too large",
    "link": "a link stands where a file should be",
    "no_notebook": "no notebook of this assignment",
    "two_notebooks": "more than one notebook could be the one",
    "notebook_too_large": "the notebook is too large",
    "notebook_not_utf8": "the notebook is not UTF-8 text",
    "notebook_too_deep": "the notebook's JSON is nested too deep",
    "notebook_not_json": "the notebook is not valid JSON",
    "notebook_old": "the notebook has an old or unknown format",
    "notebook_invalid": "the notebook's JSON is not a notebook",
    "no_lib": "no lib/backprop in it",
    "intake_error": "the intake itself failed on it",
}
# Repairs and remarks: the hand-in is graded.
REPAIRS = {
    "nested_zip": "a zip inside a zip",
    "moved": "the files stood in another folder",
    "loose_modules": "the modules stood beside the notebook",
    "renamed_notebook": "the notebook has another name",
    "renamed_module": "a module's name has other upper and lower case",
    "backslash_paths": "paths written with backslashes",
    "dropped_link": "links are not taken",
    "dropped_special": "devices and pipes are not taken",
    "dropped_files": "other files are not taken",
    "byte_order_mark": "the notebook began with a byte order mark",
    "lone_surrogates": "characters that are no characters",
    "duplicated_cell": "a graded cell stood there more than once",
    "missing_cell": "a graded cell was missing",
    "unknown_cell": "a cell claims to be graded and is not of this assignment",
    "edited_cell": "a locked cell was changed",
    "edited_metadata": "a graded cell's settings were changed",
    "cell_type": "a graded cell changed its type",
    "adopted_cell": "a check cell had lost its settings",
    "cell_ids": "cell ids were missing, doubled or malformed",
    "several_hand_ins": "more than one hand-in of this student",
}


class Refused(Exception):
    """This hand-in cannot be graded. `code` is one of REFUSALS; the text is for the student and the TA."""

    def __init__(self, code: str, message: str):
        if code not in REFUSALS:
            raise ValueError(f"{code!r} is not a code of autograder.records.receipt.REFUSALS")
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Repair:
    """One thing that was put right, or left out, on arrival."""

    code: str
    message: str

    def __post_init__(self):
        if self.code not in REPAIRS:
            raise ValueError(f"{self.code!r} is not a code of autograder.records.receipt.REPAIRS")


@dataclass
class Receipt:
    """What the intake has to say about one hand-in.

    status: 'accepted', 'repaired' or 'refused'; code: None, or one of REFUSALS. received: when it arrived, UTC, to the
    second. claimed: the time that the student's own manifest gives, as text; never used for lateness. origin: the name
    of the file or folder it came from. sha256: of the bytes that arrived. folder: where it lies now, or None. attempt:
    the name of the attempt that it is of (`records.attempt`), "" where a person put it there. received_from: where the
    time comes from. late: what the platform says of it. keys: what the platform calls the hand-in.
    """

    student: str
    assignment: str
    status: str = "accepted"
    code: str | None = None
    message: str = ""
    repairs: list[Repair] = field(default_factory=list)
    sha256: str = ""
    received: datetime | None = None
    claimed: str | None = None
    origin: str = ""
    folder: Path | None = None
    attempt: str = ""
    platform: str = ""
    received_from: str = ""
    late: bool | None = None
    keys: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict:
        """Plain JSON data; the path of this machine is left out."""
        return {
            "schema": SCHEMA,
            "student": self.student,
            "assignment": self.assignment,
            "status": self.status,
            "code": self.code,
            "message": self.message,
            "repairs": [{"code": repair.code, "message": repair.message} for repair in self.repairs],
            "sha256": self.sha256,
            "received": iso(self.received),
            "claimed": self.claimed,
            "origin": self.origin,
            "attempt": self.attempt,
            "platform": self.platform,
            "received_from": self.received_from,
            "late": self.late,
            "keys": dict(self.keys),
        }

    @classmethod
    def from_dict(cls, data: dict) -> Receipt:
        """The inverse of `to_dict`. Raises ValueError, KeyError or TypeError where `data` is no receipt."""
        if data["schema"] != SCHEMA:
            raise ValueError(f"a receipt of schema {data['schema']!r}; this kit reads {SCHEMA}")
        return cls(
            student=data["student"],
            assignment=data["assignment"],
            status=data["status"],
            code=data["code"],
            message=data["message"],
            repairs=[Repair(repair["code"], repair["message"]) for repair in data["repairs"]],
            sha256=data["sha256"],
            received=datetime.fromisoformat(data["received"]) if data["received"] else None,
            claimed=data["claimed"],
            origin=data["origin"],
            attempt=data.get("attempt", ""),
            platform=data.get("platform", ""),
            received_from=data.get("received_from", ""),
            late=data.get("late"),
            keys=data.get("keys", {}),
        )

    def refuse(self, refusal: Refused) -> None:
        self.status, self.code, self.message = "refused", refusal.code, str(refusal)

    def to_bytes(self) -> bytes:
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False)
        return (text + "\n").encode("utf-8", "replace")


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")


def read_receipt(folder: Path) -> Receipt | None:
    """The `intake.json` in `folder`, or None where there is none that can be read. To show; `inspect` is to
    believe."""
    try:
        receipt = Receipt.from_dict(json.loads((Path(folder) / NAME).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    receipt.folder = Path(folder)
    return receipt
