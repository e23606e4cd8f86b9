"""One attempt of a student at an assignment: what came, when, whether it can be graded; and which one stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from autograder.records.receipt import iso

SCHEMA = 1
# Where a time of arrival comes from, the surest first.
BY_HAND, PLATFORM, WORKSHEET, FILE, UNKNOWN = "by hand", "platform", "worksheet", "file", "unknown"
SOURCES = (BY_HAND, PLATFORM, WORKSHEET, FILE, UNKNOWN)


@dataclass(frozen=True)
class Attempt:
    """name: of the attempt among those of its student. content: SHA-256 of its notebooks and modules, however packed.
    sha256: of what was handed in. received: when it arrived, UTC, to the second; None where nobody knows.
    received_from: one of SOURCES. seen: when it was there at the latest, which orders attempts without a time.
    number: by which the platform orders its attempts, 0 where it does not say. code: why it cannot be graded, None
    where it can. late: what the platform itself says of it, None where it says nothing. files: (path, SHA-256, bytes)
    of what arrived. keys: what the platform calls it.
    """

    student: str
    assignment: str
    name: str
    content: str
    sha256: str
    platform: str
    origin: str
    received: datetime | None
    received_from: str
    seen: datetime
    number: int = 0
    code: str | None = None
    message: str = ""
    late: bool | None = None
    files: tuple[tuple[str, str, int], ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_valid(self) -> bool:
        """Whether it can be graded."""
        return self.code is None

    @property
    def order(self) -> tuple:
        """Attempts sorted by it stand in the order in which they arrived, as far as anybody knows."""
        return self.received or self.seen.replace(microsecond=0), self.number, self.seen, self.content

    def to_dict(self) -> dict:
        return {
            "schema": SCHEMA, "student": self.student, "assignment": self.assignment, "name": self.name,
            "content": self.content, "sha256": self.sha256,
            "platform": self.platform, "origin": self.origin, "received": iso(self.received),
            "received_from": self.received_from, "seen": self.seen.isoformat(), "number": self.number,
            "code": self.code, "message": self.message, "late": self.late, "files": [list(file) for file in self.files],
            "keys": dict(self.keys),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: dict) -> Attempt:
        """The inverse of `to_dict`. Raises ValueError, KeyError or TypeError where `data` is no attempt."""
        if data["schema"] != SCHEMA:
            raise ValueError(f"an attempt of schema {data['schema']!r}; this kit reads {SCHEMA}")
        fields = {name: data[name] for name in cls.__dataclass_fields__}
        fields["received"] = datetime.fromisoformat(data["received"]) if data["received"] else None
        fields["seen"] = datetime.fromisoformat(data["seen"])
        fields["files"] = tuple((path, sha256, size) for path, sha256, size in data["files"])
        return cls(**fields)

    def joined(self, other: Attempt) -> Attempt:
        """One record of two of the same attempt: the surer time, else the earlier one, whichever came first.

        Whether it can be graded is what `other` says, which has been looked at later.
        """
        sure, less = sorted((self, other), key=_surest)
        late = sure.late if sure.late is not None else less.late
        return replace(
            sure, seen=min(self.seen, other.seen), number=max(self.number, other.number), late=late,
            keys={**less.keys, **sure.keys}, code=other.code, message=other.message,
        )  # fmt: skip


def _surest(attempt: Attempt) -> tuple:
    late = datetime.max.replace(tzinfo=UTC)
    return SOURCES.index(attempt.received_from), attempt.received or late, attempt.seen, attempt.origin


Rule = Callable[[Sequence[Attempt]], Attempt]


def last(attempts: Sequence[Attempt]) -> Attempt:
    """The last in time."""
    return attempts[-1]


def standing(attempts: Sequence[Attempt], rule: Rule = last) -> Attempt | None:
    """The attempt that stands, None where there is none. One that cannot be graded never stands before one that can.

    rule: chooses among attempts that all can be graded, or all cannot, sorted by `order`; there is one at least.
    """
    valid = [attempt for attempt in attempts if attempt.is_valid] or list(attempts)
    return rule(sorted(valid, key=lambda attempt: attempt.order)) if valid else None
