"""Brightspace, Download of submissions: a folder per submission, `⟨number⟩-⟨user⟩ - ⟨name⟩ - ⟨Mon d, yyyy hmm AM|PM⟩`.

Some sites write no folders but the file's name behind the date. The time is the site's local one, without a colon.
"""

from __future__ import annotations

import re
from datetime import datetime

from autograder.records.attempt import PLATFORM

from ..download import Entry, Listing
from ..parcels import Context, Parcel, Taken, Unread, Who

NAME, TITLE = "brightspace", "Brightspace"
FOLDER = re.compile(
    r"(?P<folder>[0-9]+-(?P<user>[0-9]+) - (?P<name>.+?) - "
    r"(?P<day>[A-Z][a-z]{2} [0-9]{1,2}, [0-9]{4}) (?P<time>[0-9]{3,4}) (?P<half>[AP]M))(?: - (?P<file>.+))?",
    re.DOTALL,
)
ORG_ID = re.compile(r"(?P<id>#?[0-9]{4,}) - (?P<name>.+)", re.DOTALL)


def take(listing: Listing, context: Context) -> Taken:
    """The hand-ins of Brightspace in a listing; a student who submits twice has two folders."""
    taken = Taken(rest=Listing(listing.name))
    parcels: dict[str, Parcel] = {}
    for entry in listing.entries:
        found = FOLDER.fullmatch(entry.parts[0])
        inner = entry.parts[1:] or ((found["file"],) if found and found["file"] else ())
        if found is None or not inner:
            known = entry.parts == ("index.html",)
            if known:
                taken.unread.append(Unread(entry.path, "Brightspace's own page"))
            else:
                taken.rest.entries.append(entry)
            continue
        if (parcel := parcels.get(found["folder"])) is None:
            parcel = parcels[found["folder"]] = Parcel(NAME, _who(found), found["folder"], [])
            parcel.keys = {"brightspace_user": found["user"], "brightspace_folder": found["folder"]}
            parcel.received, parcel.received_from = _moment(found, context), PLATFORM
        parcel.entries.append(Entry(inner, entry.member, entry.on_disk, entry.fault))
    taken.parcels = list(parcels.values())
    return taken


def _who(found: re.Match[str]) -> Who:
    keys: list[tuple[str, str, tuple[str, ...]]] = [("the user's number", found["user"], ("brightspace_user",))]
    name, own = found["name"], {"brightspace_user": found["user"]}
    if (org := ORG_ID.fullmatch(name)) is not None:  # some sites write the Org Defined Id before the name
        number, name = org["id"].removeprefix("#"), org["name"]
        keys.append(("the Org Defined Id", number, ("brightspace_id", "sis_id")))
        own["brightspace_id"] = number
    return Who(name, tuple(keys), own=own, real=True)


def _moment(found: re.Match[str], context: Context) -> datetime | None:
    text = f"{found['day']} {found['time'].zfill(4)} {found['half']}"
    try:
        return context.moment(datetime.strptime(text, "%b %d, %Y %I%M %p"))
    except (ValueError, OverflowError):
        return None
