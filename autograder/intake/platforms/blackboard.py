"""Blackboard Learn, Assignment File Download: all at the top,
`⟨column⟩_⟨username⟩_attempt_⟨yyyy-mm-dd-HH-MM-SS⟩_⟨file⟩`.

For every attempt there is also `…_attempt_⟨time⟩.txt`, which says who it is: columns may hold blanks and underscores,
usernames underscores and dots. The time is the server's local one.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime

from autograder.records.attempt import PLATFORM
from autograder.records.receipt import Refused

from ..download import Entry, Listing
from ..parcels import Context, Parcel, Taken, Who

NAME, TITLE = "blackboard", "Blackboard"
FILE = re.compile(
    r"(?P<whose>.+)_attempt_(?P<time>[0-9]{4}(?:-[0-9]{2}){5})(?:_(?P<file>.+)|(?P<told>\.txt))",
    re.DOTALL | re.IGNORECASE,
)
PERSON = re.compile(r"\ufeff?Name:\s*(?P<name>.*?)\s*\((?P<user>[^()\n]+)\)\s*")
DATE = re.compile(r"Date Submitted:\s*(?P<when>.+?)\s*(?P<zone>GMT|UTC)\s*")
FIELD = "Submission Field:"  # below it stands what the student wrote
TOLD = 4096  # bytes of a text file that are read


def take(listing: Listing, context: Context) -> Taken:
    """The hand-ins of Blackboard in a listing, an attempt each."""
    taken, found = Taken(rest=Listing(listing.name)), []
    for entry in listing.entries:
        match = FILE.fullmatch(entry.name) if len(entry.parts) == 1 else None
        if match:
            found.append((entry, match))
        else:
            taken.rest.entries.append(entry)
    told = {(match["whose"], match["time"]): _told(entry) for entry, match in found if match["told"]}
    users = _users({match["whose"] for _, match in found}, told, context)
    parcels: dict[tuple[str, str], Parcel] = {}
    for entry, match in found:
        place = match["whose"], match["time"]
        if (parcel := parcels.get(place)) is None:
            name, when = told.get(place, ("", "", None))[1:]
            user = users[match["whose"]]
            keys = (("the username", user, ("blackboard", "login", "email", "id")),)
            who = Who(name or user, keys, own={"blackboard": user}, real=bool(name), login=user)
            parcel = parcels[place] = Parcel(
                NAME, who, entry.name, [], when or _moment(match["time"], context), PLATFORM
            )
            parcel.keys = {"blackboard": user}
        if not match["told"]:
            parcel.origin = entry.name
            parcel.entries.append(Entry((match["file"],), entry.member, entry.on_disk, entry.fault))
    taken.parcels = [parcel for parcel in parcels.values() if parcel.entries]
    return taken


def _users(whose: set[str], told: dict, context: Context) -> dict[str, str]:
    """`⟨column⟩_⟨username⟩` -> username: as the text files say, else by the roster, else behind what all begin with."""
    known = {place: user for (place, _), (user, *_) in told.items() if user and place.endswith(f"_{user}")}
    columns = {place[: -len(user) - 1] for place, user in known.items()}
    common = os.path.commonprefix([f"{place}_" for place in sorted(whose)]) if len(whose) > 1 else ""
    common = common[: common.rfind("_") + 1]
    for place in whose - set(known):
        rests = [place[at + 1 :] for at, letter in enumerate(place) if letter == "_"]
        by_column = [place[len(column) + 1 :] for column in columns if place.startswith(f"{column}_")]
        by_roster = [rest for rest in rests if rest.casefold() in context.logins]
        by_common = [place[len(common) :]] if common and len(place) > len(common) else []
        known[place] = next(filter(None, [*by_roster, *by_column, *by_common, *rests[-1:], place]))
    return known


def _told(entry: Entry) -> tuple[str, str, datetime | None]:
    """The username, the name and, where its zone is told, the time in an attempt's text file."""
    try:
        text = entry.member.read(TOLD)[:TOLD].decode("utf-8", "replace").partition(FIELD)[0]
    except Refused:
        return "", "", None
    person = PERSON.match(text)
    when = None
    if date := DATE.search(text):
        try:
            when = datetime.strptime(date["when"], "%A, %B %d, %Y %I:%M:%S %p").replace(tzinfo=UTC)
        except ValueError:
            pass
    return (person["user"], person["name"], when) if person else ("", "", when)


def _moment(text: str, context: Context) -> datetime | None:
    try:
        return context.moment(datetime.strptime(text, "%Y-%m-%d-%H-%M-%S"))
    except (ValueError, OverflowError):
        return None
