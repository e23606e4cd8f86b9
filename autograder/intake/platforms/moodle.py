"""Moodle, Download all submissions: a folder per student and kind of submission, or all files at the top.

`⟨full name⟩_⟨participant⟩_assignsubmission_⟨plugin⟩[_]/⟨path⟩`, or `…_⟨plugin⟩_⟨file⟩`. The participant's number is
this student's in this assignment alone. The zip's times are those of the download; the worksheet has the real ones.
"""

from __future__ import annotations

import re

from ..download import Entry, Listing
from ..parcels import Context, Parcel, Taken, Unread, Who

NAME, TITLE = "moodle", "Moodle"
FOLDER = re.compile(
    r"(?P<folder>(?P<name>[^_]+)_(?P<participant>[0-9]+)_assignsubmission_(?P<plugin>[a-z]+))_?(?P<file>.*)", re.DOTALL
)
NO_GROUP = re.compile(r".*_assignsubmission_[a-z]+(?:_.*)?", re.DOTALL)


def take(listing: Listing, context: Context) -> Taken:
    """The hand-ins of Moodle in a listing."""
    taken = Taken(rest=Listing(listing.name))
    parcels: dict[tuple[str, str], Parcel] = {}
    for entry in listing.entries:
        found = FOLDER.fullmatch(entry.parts[0])
        if found is None:
            if NO_GROUP.fullmatch(entry.parts[0]):
                taken.unread.append(Unread(entry.path, "a hand-in of a group that nobody is in"))
            else:
                taken.rest.entries.append(entry)
            continue
        inner = entry.parts[1:] or (found["file"],)
        if found["plugin"] != "file" or not inner[0]:
            taken.unread.append(Unread(entry.path, "a text that was entered in Moodle"))
            continue
        who = _who(found)
        keys = {"moodle_participant": found["participant"], "moodle_folder": found["folder"]}
        parcel = parcels.setdefault(who.mark, Parcel(NAME, who, found["folder"], [], keys=keys))
        parcel.entries.append(Entry(inner, entry.member, entry.on_disk, entry.fault))
    taken.parcels = list(parcels.values())
    return taken


def _who(found: re.Match[str]) -> Who:
    number = found["participant"]
    keys = (("the participant's number", number, ("moodle_participant",)),)
    return Who(found["name"], keys, scoped={"moodle_participant": number}, real=True)
