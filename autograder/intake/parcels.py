"""What a platform's download says of each hand-in in it: whose, when, which files; before anything of them is looked
at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import cached_property

from autograder.records.attempt import FILE, UNKNOWN
from autograder.roster.names import fold

from .download import Entry, Listing


@dataclass(frozen=True)
class Who:
    """A student as a platform names them.

    keys: (what the platform calls it, value, names of the roster's keys that it may be), the surest first. own: key ->
    value, for the roster; scoped: such that hold in this assignment alone. name: as the platform writes it. real:
    whether that is a person's name as people write it, and not a login or a name without blanks. login: what an id may
    be made of, "" for the name.
    """

    name: str
    keys: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    own: Mapping[str, str] = field(default_factory=dict)
    scoped: Mapping[str, str] = field(default_factory=dict)
    real: bool = False
    login: str = ""
    email: str = ""

    @property
    def key(self) -> str:
        """The surest key, "" where there is none."""
        return self.keys[0][1] if self.keys else ""

    @property
    def mark(self) -> tuple[str, str]:
        """The same for every hand-in of this person in a download, whatever the case and normal form."""
        return (self.keys[0][2][0], fold(self.key)) if self.keys else ("name", fold(self.name))

    @property
    def label(self) -> str:
        return f"{self.name} ({self.key})" if self.key and self.key != self.name else self.name or self.key


@dataclass
class Parcel:
    """What one student sent at one time. who: None where the download does not say. origin: its name in the download.

    received: when, in UTC, None where the platform does not say; received_from: one of records.attempt.SOURCES.
    number: by which the platform orders attempts, 0 where it does not. numbers: of single files, by path. late: the
    platform's own mark. keys: what it calls this hand-in. packed: whether the files are a folder that was handed in as
    one. group: what a table may call a hand-in of several, "" where the platform knows none.
    """

    platform: str
    who: Who | None
    origin: str
    entries: list[Entry]
    received: datetime | None = None
    received_from: str = UNKNOWN
    number: int = 0
    numbers: Mapping[str, int] = field(default_factory=dict)
    late: bool | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    why: str = ""  # why it is nobody's
    group: str = ""

    @cached_property
    def seen(self) -> datetime:
        """The newest time of its files: when it was there at the latest."""
        moments = [entry.member.when for entry in self.entries if entry.member.when]
        return max(moments, default=datetime.fromtimestamp(0, UTC))

    def time_of(self, entries: list[Entry]) -> tuple[datetime | None, str, datetime]:
        """When some of its files arrived, where that comes from, and when they were seen."""
        own = Parcel(self.platform, self.who, self.origin, entries).seen
        if self.received is not None:
            return self.received, self.received_from, own
        if all(entry.on_disk for entry in entries) and self.received_from == FILE:
            return own.replace(microsecond=0), FILE, own
        return None, UNKNOWN, own


@dataclass(frozen=True)
class Unread:
    """A file of the download that nobody looks at, and why."""

    path: str
    why: str


@dataclass
class Taken:
    """What a platform has found: hand-ins, files that it knows and does not read, and what it leaves to others."""

    parcels: list[Parcel] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    rest: Listing = field(default_factory=lambda: Listing(""))


@dataclass(frozen=True)
class Context:
    """What a platform may ask for. zone: of the platform's local times. logins: key -> values of the roster, for names
    that cannot be taken apart otherwise.
    """

    assignment: str
    zone: tzinfo = UTC
    logins: frozenset[str] = frozenset()

    def moment(self, naive: datetime) -> datetime:
        """A local time of the platform, in UTC."""
        return naive.replace(tzinfo=self.zone).astimezone(UTC)
