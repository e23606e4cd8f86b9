"""Sakai, Download All: `⟨assignment⟩/⟨Last, First(username)⟩/Submission attachment(s)/…`, beside it `timestamp.txt`."""

from __future__ import annotations

import re
from datetime import datetime

from autograder.records.attempt import PLATFORM
from autograder.records.receipt import Refused

from ..download import Entry, Listing
from ..parcels import Context, Parcel, Taken, Unread, Who

NAME, TITLE = "sakai", "Sakai"
FOLDER = re.compile(r"(?P<name>[^/]+,[^/]*)\((?P<user>[^()/]+)\)", re.DOTALL)
ATTACHMENTS = "Submission attachment(s)"


def take(listing: Listing, context: Context) -> Taken:
    """The hand-ins of Sakai in a listing, whether the assignment's folder stands around them or not."""
    taken = Taken(rest=Listing(listing.name))
    parcels: dict[str, Parcel] = {}
    times: dict[str, datetime | None] = {}
    if not any(ATTACHMENTS in entry.parts[1:3] for entry in listing.entries):
        taken.rest = listing
        return taken
    for entry in listing.entries:
        depth = next(
            (place for place in (0, 1) if len(entry.parts) > place + 1 and FOLDER.fullmatch(entry.parts[place])), None
        )
        if depth is None:
            if entry.name == "grades.csv":
                taken.unread.append(Unread(entry.path, "Sakai's grades"))
            else:
                taken.rest.entries.append(entry)
            continue
        folder, inner = entry.parts[depth], entry.parts[depth + 1 :]
        if inner[0] == ATTACHMENTS and len(inner) > 1:
            if (parcel := parcels.get(folder)) is None:
                parcel = parcels[folder] = Parcel(NAME, _who(folder), folder, [])
                parcel.keys = {"sakai": parcel.who.key if parcel.who else "", "sakai_folder": folder}
            parcel.entries.append(Entry(inner[1:], entry.member, entry.on_disk, entry.fault))
        elif inner == ("timestamp.txt",):
            times[folder] = _moment(entry, context)
        else:
            taken.unread.append(Unread(entry.path, "not an attachment"))
    for folder, moment in times.items():
        if folder in parcels and moment is not None:
            parcels[folder].received, parcels[folder].received_from = moment, PLATFORM
    taken.parcels = list(parcels.values())
    return taken


def _who(folder: str) -> Who:
    found = FOLDER.fullmatch(folder)
    assert found is not None
    keys = (("the username", found["user"], ("sakai", "login", "email", "id")),)
    return Who(found["name"].strip(), keys, own={"sakai": found["user"]}, real=True, login=found["user"])


def _moment(entry: Entry, context: Context) -> datetime | None:
    """`20260301120000000`: to the millisecond, in the server's zone."""
    try:
        text = entry.member.read(100).decode("ascii").strip()
        return context.moment(datetime.strptime(text[:14], "%Y%m%d%H%M%S"))
    except (ValueError, OverflowError, Refused):
        return None
