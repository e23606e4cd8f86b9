"""A student of the roster: one stable id, a name, and what each platform calls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from autograder.roster.matching import Person

# The names of platform keys. All are text, as the platform writes them: an id may have leading zeros, or more digits
# than a spreadsheet keeps.
STUDENT_KEYS = (
    "canvas_id", "sis_id", "login", "integration_id", "gradescope_sid", "moodle_id", "moodle_username", "blackboard",
    "brightspace_id", "brightspace_username", "brightspace_user", "sakai", "sakai_id", "github", "github_identifier",
)  # fmt: skip
SCOPED_KEYS = ("moodle_participant", "canvas_anonymous")  # another one in each assignment
# What names a single hand-in, beside its student's keys.
ATTEMPT_KEYS = (
    "canvas_id", "canvas_attachment", "canvas_anonymous", "moodle_participant", "moodle_folder", "brightspace_user",
    "brightspace_folder", "sakai", "sakai_folder", "blackboard", "gradescope_submission",
)  # fmt: skip


@dataclass(frozen=True)
class Student:
    """keys: name of a key -> value. scoped: assignment -> keys that hold in it alone. also: other names that this
    person goes by. grown: whether nobody but a hand-in told of them. excused: assignments, case-folded.
    """

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    section: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    scoped: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    grown: bool = False
    excused: frozenset[str] = frozenset()
    extensions: str = ""

    @property
    def name(self) -> str:
        """First and last name, "" where neither is known."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def label(self) -> str:
        return f"{self.id} ({self.name})" if self.name and self.name != self.id else self.id

    def person(self, assignment: str = "") -> Person:
        """This student for `roster.matching`, with the keys that hold in one assignment."""
        keys = {**self.keys, **self.scoped.get(assignment, {})}
        names = frozenset(filter(None, (self.name, *self.also)))
        return Person(self.id, names, self.email, {name: frozenset({value}) for name, value in keys.items() if value})
