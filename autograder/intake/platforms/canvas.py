"""Canvas, Download Submissions: all files at the top, `⟨name⟩[_LATE]_⟨user id⟩_⟨attachment id⟩_⟨file⟩`.

The name is the sortable one in lower case without anything but word characters. The zip's times are those of the
download; the mark LATE is all that Canvas tells of the time. A user's files are one attempt; attachment ids grow with
time.
"""

from __future__ import annotations

import re

from ..download import Listing
from ..parcels import Context, Parcel, Taken, Unread, Who

NAME, TITLE = "canvas", "Canvas"
# A name may be empty where it has no letters; ids are written with the digits 0 to 9, whatever stands in a name.
FILE = re.compile(
    r"(?P<name>.*?)(?P<late>_LATE)?_(?P<user>[1-9][0-9]*)_(?P<attachment>[1-9][0-9]*)_(?P<file>.+)", re.DOTALL
)
ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?anon_(?P<late_too>LATE_)?(?P<user>(?![0-9]{5}_)\w{5})_(?P<attachment>[0-9]+)_(?P<file>.+)",
    re.DOTALL,
)
TEXT = re.compile(r".+_(?:[0-9]+|anon_\w{5})_(?:text|link)\.html|anon_\w{5}_(?:text|link)\.html", re.DOTALL)


def take(listing: Listing, context: Context) -> Taken:
    """The hand-ins of Canvas in a listing."""
    taken = Taken(rest=Listing(listing.name))
    parcels: dict[tuple[str, str], Parcel] = {}
    for entry in listing.entries:
        if len(entry.parts) > 1:
            taken.rest.entries.append(entry)
        elif TEXT.fullmatch(entry.name):
            taken.unread.append(Unread(entry.path, "a text or a link that was entered in Canvas"))
        elif found := ANONYMOUS.fullmatch(entry.name) or FILE.fullmatch(entry.name):
            who = _who(found)
            parcel = parcels.setdefault(who.mark, Parcel(NAME, who, entry.name, []))
            told = found.groupdict()
            parcel.late = bool(parcel.late or told.get("late") or told.get("late_too"))
            parcel.numbers = {**parcel.numbers, found["file"]: int(found["attachment"])}
            parcel.entries.append(type(entry)((found["file"],), entry.member, entry.on_disk, entry.fault))
            if int(found["attachment"]) >= parcel.number:
                parcel.number, parcel.origin = int(found["attachment"]), entry.name
                parcel.keys = {**who.own, **who.scoped, "canvas_attachment": found["attachment"]}
        else:
            taken.rest.entries.append(entry)
    taken.parcels = list(parcels.values())
    return taken


def _who(found: re.Match[str]) -> Who:
    user = found["user"]
    if found.re is ANONYMOUS:
        scoped = {"canvas_anonymous": user}
        return Who("", (("the anonymous id", user, ("canvas_anonymous",)),), scoped=scoped, login=f"anon-{user}")
    return Who(found["name"], (("the user id", user, ("canvas_id",)),), own={"canvas_id": user})
