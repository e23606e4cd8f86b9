"""Moodle, Download all submissions: a folder per student and kind of submission, or all files at the top.

`⟨full name⟩_⟨participant⟩_assignsubmission_⟨plugin⟩[_]/⟨path⟩`, or `…_⟨plugin⟩_⟨file⟩`. The participant's number is
this student's in this assignment alone. The zip's times are those of the download; the worksheet has the real ones.
Where a team hands in, name and number are the group's, and of those who are in none there is no number: the worksheet
says who is in it (`intake.groups`).
"""

from __future__ import annotations

import re

from ..download import Entry, Listing
from ..parcels import Context, Parcel, Taken, Unread, Who

NAME, TITLE = "moodle", "Moodle"
FOLDER = re.compile(
    r"(?P<folder>(?P<name>[^_]+)_(?P<participant>[0-9]+)_assignsubmission_(?P<plugin>[a-z]+))_?(?P<file>.*)", re.DOTALL
)
NO_NUMBER = re.compile(r"(?P<folder>(?P<name>[^_]+)_assignsubmission_(?P<plugin>[a-z]+))_?(?P<file>.*)", re.DOTALL)


def take(listing: Listing, context: Context) -> Taken:
    """The hand-ins of Moodle in a listing."""
    taken = Taken(rest=Listing(listing.name))
    parcels: dict[str, Parcel] = {}
    for entry in listing.entries:
        found = FOLDER.fullmatch(entry.parts[0]) or NO_NUMBER.fullmatch(entry.parts[0])
        if found is None:
            taken.rest.entries.append(entry)
            continue
        inner = entry.parts[1:] or (found["file"],)
        if found["plugin"] != "file" or not inner[0]:
            taken.unread.append(Unread(entry.path, "a text that was entered in Moodle"))
            continue
        parcel = parcels.setdefault(found["folder"], _parcel(found))
        parcel.entries.append(Entry(inner, entry.member, entry.on_disk, entry.fault))
    taken.parcels = list(parcels.values())
    return taken


def _parcel(found: re.Match[str]) -> Parcel:
    if found.re is NO_NUMBER:
        why = "it is a group's: give the worksheet, which says who is in it, with --times"
        return Parcel(NAME, None, found["folder"], [], why=why, group=found["name"])
    number = found["participant"]
    own = (("the participant's number", number, ("moodle_participant",)),)
    who = Who(found["name"], own, scoped={"moodle_participant": number}, real=True)
    keys = {"moodle_participant": number, "moodle_folder": found["folder"]}
    return Parcel(NAME, who, found["folder"], [], keys=keys, group=found["name"])
