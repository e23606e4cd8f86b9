"""nbgrader's exchange: a folder per submission, `⟨user⟩+⟨assignment⟩+⟨timestamp⟩[+⟨random⟩]`."""

from __future__ import annotations

from datetime import UTC, datetime

from dateutil.parser import parse as parse_date  # type: ignore[import-untyped]

from autograder.records.attempt import PLATFORM

from ..download import Entry, Listing
from ..parcels import Context, Parcel, Taken, Unread, Who

NAME, TITLE = "nbgrader", "nbgrader's exchange"


def take(listing: Listing, context: Context) -> Taken:
    """The hand-ins of an inbound folder; those of other assignments are not read."""
    taken = Taken(rest=Listing(listing.name))
    parcels: dict[str, Parcel] = {}
    for entry in listing.entries:
        words = entry.parts[0].split("+")
        moment = _moment(words[2]) if len(words) in (3, 4) else None
        if moment is None or len(entry.parts) < 2 or not words[0]:
            taken.rest.entries.append(entry)
            continue
        if words[1].casefold() != context.assignment.casefold():
            taken.unread.append(Unread(entry.path, f"of another assignment, {words[1]}"))
            continue
        if (parcel := parcels.get(entry.parts[0])) is None:
            keys = (("the user name", words[0], ("jupyter", "login", "email", "id")),)
            who = Who(words[0], keys, login=words[0])
            parcel = parcels[entry.parts[0]] = Parcel(NAME, who, entry.parts[0], [], moment, PLATFORM)
        if entry.parts[1:] != ("timestamp.txt",):
            parcel.entries.append(Entry(entry.parts[1:], entry.member, entry.on_disk, entry.fault))
    taken.parcels = list(parcels.values())
    return taken


def _moment(text: str) -> datetime | None:
    """A timestamp as nbgrader writes it; UTC where it names no zone."""
    if not text[:4].isdigit():
        return None
    try:
        moment = parse_date(text.replace("_", " ")).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
