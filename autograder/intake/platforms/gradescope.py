"""Gradescope, export of submissions: `assignment_⟨id⟩_export/submission_⟨id⟩/…`, unpacked, and
`submission_metadata.yml`.

The YAML's keys are Ruby symbols, strings that begin with a colon. A group's submission is that of each of its members.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import yaml  # type: ignore[import-untyped]

from autograder.records.attempt import PLATFORM
from autograder.records.receipt import Refused
from toolbox.errors import KitError

from ..download import Entry, Listing
from ..parcels import Context, Parcel, Taken, Who

NAME, TITLE = "gradescope", "Gradescope"
METADATA = "submission_metadata.yml"
LARGEST = 64 * 2**20  # bytes of the metadata
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class MetadataError(KitError, ValueError):
    """Gradescope's metadata cannot be read."""


def take(listing: Listing, context: Context) -> Taken:
    """The submissions that the metadata names, whether the export's folder stands around them or not."""
    taken = Taken(rest=Listing(listing.name))
    found = next((entry for entry in listing.entries if entry.name == METADATA and len(entry.parts) <= 2), None)
    if found is None:
        taken.rest = listing
        return taken
    above = found.parts[:-1]
    told = _metadata(found)
    folders: dict[str, list[Entry]] = {}
    for entry in listing.entries:
        inner = entry.parts[len(above) :]
        if entry.parts[: len(above)] == above and len(inner) > 1 and inner[0] in told:
            folders.setdefault(inner[0], []).append(Entry(inner[1:], entry.member, entry.on_disk, entry.fault))
        elif entry is not found:
            taken.rest.entries.append(entry)
    for folder, entries in folders.items():
        about = told[folder]
        people = about.get(":submitters") or [None]
        for person in people if isinstance(people, list) else [None]:
            parcel = Parcel(NAME, _who(person), folder, entries, _moment(about.get(":created_at")), PLATFORM)
            parcel.keys = {"gradescope_submission": folder.removeprefix("submission_")}
            parcel.why = "Gradescope names nobody who submitted it"
            taken.parcels.append(parcel)
    return taken


def _metadata(entry: Entry) -> dict[str, dict]:
    try:
        data = entry.member.read(LARGEST)
        told: Any = yaml.load(data, LOADER)  # a safe loader
    except (Refused, yaml.YAMLError, ValueError, RecursionError) as error:
        raise MetadataError(f"{METADATA} cannot be read ({type(error).__name__}): download the export again") from None
    if not isinstance(told, dict):
        raise MetadataError(f"{METADATA} names no submissions: download the export again")
    return {str(name): about for name, about in told.items() if isinstance(about, dict)}


def _who(person: Any) -> Who | None:
    if not isinstance(person, dict):
        return None
    name, sid, email = (str(person.get(key) or "").strip() for key in (":name", ":sid", ":email"))
    keys: list[tuple[str, str, tuple[str, ...]]] = []
    if sid:
        keys.append(("the SID", sid, ("gradescope_sid", "sis_id", "id")))
    if email:
        keys.append(("the e-mail address", email, ("email", "login", "id")))
    if not keys and not name:
        return None
    own = {"gradescope_sid": sid} if sid else {}
    return Who(name, tuple(keys), own=own, real=True, login=email.partition("@")[0], email=email)


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, datetime):
        return None
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    return moment.astimezone(UTC).replace(microsecond=0)
