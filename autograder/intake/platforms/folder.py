"""No platform: a folder of zips, notebooks and folders that are named after students.

`ada.zip`, `ada_flat-hand-in (1).zip`, `flat_bob.zip`, `ada/…`. What browsers and submit() add to a name is taken off.
"""

from __future__ import annotations

import re

from autograder.records.attempt import FILE

from ..download import ARCHIVES, Entry, Listing
from ..parcels import Context, Parcel, Taken, Unread, Who

NAME, TITLE = "folder", "a folder"
COPY = re.compile(r"\s*\((?P<number>[0-9]{1,3})\)$|\s+-\s+copy$| copy$", re.IGNORECASE)
AGAIN = re.compile(r"[-_ ](?P<number>[0-9]{1,3})$")
# What stands for the hand-in itself behind the assignment's name.
SAYS = r"(?:[-_ ]*(?:hand[-_ ]?in|submission|homework|assignment|final))?"
# The first says for certain what a key is: a file's name is none of the roster's keys, though it may be any.
KEYS = (
    "called",
    "login",
    "sis_id",
    "email",
    "moodle_username",
    "blackboard",
    "sakai",
    "github",
    "brightspace_username",
    "id",
)


def take(listing: Listing, context: Context) -> Taken:
    """Every file that could be a hand-in, and every folder, by the name of its student."""
    taken = Taken()
    parcels: dict[tuple, Parcel] = {}
    for top, entries in listing.tops().items():
        is_file = any(len(entry.parts) == 1 for entry in entries)
        if is_file and not (entries[0].is_archive or entries[0].is_notebook):
            taken.unread.append(Unread(top, "neither a zip nor a notebook"))
            continue
        name, number = named(top, context.assignment)
        who = Who(name, (("its name", name, KEYS),), login=name) if name else None
        inner = [
            entry if is_file else Entry(entry.parts[1:], entry.member, entry.on_disk, entry.fault) for entry in entries
        ]
        mark: tuple = (*who.mark, is_file) if who else ("", top, is_file)
        if not is_file or mark not in parcels:
            mark = mark if is_file else (*mark, top)
            parcels[mark] = Parcel(NAME, who, top, [], received_from=FILE)
            parcels[mark].why = f"its name does not say whose it is: name it <student>{'.zip' if is_file else ''}"
        parcels[mark].numbers = {**parcels[mark].numbers, top: number}
        parcels[mark].entries += inner
    taken.parcels = list(parcels.values())
    return taken


def named(name: str, assignment: str) -> tuple[str, int]:
    """The student that a file or a folder is named after, "" where it is nobody; and which copy it is."""
    return student_of(_stem(name), assignment)


def student_of(stem: str, assignment: str) -> tuple[str, int]:
    """The student's name in that of a hand-in, "" where there is none; and which copy it is.

    >>> student_of("ada_flat-hand-in (1)", "flat")
    ('ada', 1)
    """
    number = 0
    while found := COPY.search(stem):
        number, stem = max(number, int(found.groupdict()["number"] or 1)), stem[: found.start()]
    token = rf"{re.escape(assignment)}{SAYS}"
    for pattern in (
        rf"(?P<who>.+?)[-_. ]+{token}(?P<again>[-_ ][0-9]{{1,3}})?",
        rf"{token}(?P<again>[-_ ][0-9]{{1,3}})?",
    ):
        if found := re.fullmatch(pattern, stem, re.IGNORECASE):
            again = found["again"]
            return found.groupdict().get("who", "").strip(" -_."), max(number, int(again[1:]) if again else 0)
    if found := re.fullmatch(rf"{token}[-_. ]+(?P<who>.+)", stem, re.IGNORECASE):
        return found["who"].strip(" -_."), number
    return stem.strip(), number


def _stem(name: str) -> str:
    while (low := name.casefold()).endswith((*ARCHIVES, ".ipynb")):
        name = name[: low.rindex(".")]
    return name
