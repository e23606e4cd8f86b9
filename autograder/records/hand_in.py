"""A hand-in as judging needs it: whose it is, its receipt, and the bytes of its notebook and modules.

It is plain data, so it can be sent to another process or another machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from autograder.records.receipt import Receipt


@dataclass(frozen=True)
class HandIn:
    """notebook: the bytes of the .ipynb; modules: name -> source; both empty where the receipt is of a refusal."""

    student: str
    assignment: str
    receipt: Receipt
    notebook: bytes = b""
    modules: dict[str, bytes] = field(default_factory=dict)


def read_hand_in(folder: Path, receipt: Receipt) -> HandIn:
    """The hand-in that lies in `folder` (…/<student>/<assignment>), as the intake has left it."""
    student, assignment = folder.parent.name, folder.name
    if receipt.status == "refused":
        return HandIn(student, assignment, receipt)
    modules = {path.stem: path.read_bytes() for path in sorted((folder / "lib" / "backprop").glob("*.py"))}
    return HandIn(student, assignment, receipt, (folder / f"{assignment}.ipynb").read_bytes(), modules)
