"""`classroom/roster.csv`: who is in the class. One file that a person edits in any editor or spreadsheet.

The first line names the columns; `id` is the only one that must be there. Others that the kit knows: first_name,
last_name (or name), email, section, excused, extensions, also (other names, with ; between them), grown, and each
platform's key by the names in `HEADINGS`. What the kit does not know stays as it is. A key that is another one in each
assignment is written `flat=201 layers=340`. The kit fills empty cells and adds lines and columns; it changes nothing
that a person wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from autograder.files import write_atomically
from autograder.roster.names import split_name
from autograder.roster.student import SCOPED_KEYS, STUDENT_KEYS, Student
from autograder.tables.encodings import decode
from autograder.tables.lossless import Sheet
from autograder.tables.problems import TableError
from autograder.tables.spreadsheet import harmless

NAME = "roster.csv"
COLUMNS = ("id", "first_name", "last_name", "email", "section", "excused", "extensions", "also", "grown")
# Other headings under which a roster may give something.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "first_name": ("first",),
    "last_name": ("last",),
    "name": ("full_name",),
    "email": ("e_mail", "email_address"),
    "section": ("sections",),
    "canvas_id": ("canvas", "canvas_user_id"),
    "sis_id": ("sis", "sis_user_id", "student_number", "student_id"),
    "login": ("username", "login_id", "sis_login_id"),
    "gradescope_sid": ("gradescope", "sid"),
    "moodle_id": ("moodle", "idnumber", "id_number"),
    "blackboard": ("blackboard_id", "blackboard_username"),
    "brightspace_id": ("brightspace", "orgdefinedid", "org_defined_id"),
    "sakai": ("sakai_eid", "sakai_display_id", "display_id"),
    "github": ("github_username", "github_login"),
}
HASHED = ("brightspace_id", "brightspace_username")  # copied from an export, which writes # before each


class Roster:
    """The roster of a class, read; changes are kept in it until `save`. Raises TableError where it cannot be read.

    data: what the file holds, where that has been read already.
    """

    def __init__(self, path: Path, data: bytes | None = None):
        self.path = path
        if data is None:
            data = path.read_bytes() if path.is_file() else b""
        decoded = decode(data or ",".join(COLUMNS).encode() + b"\n")
        head = re.split(r"[\r\n]", decoded.text, maxsplit=1)[0]
        self._sheet = Sheet(decoded, max(",;\t", key=head.count))
        self._columns: dict[str, int] = {}
        for column, heading in enumerate(self._sheet.row(0) if len(self._sheet) else []):
            self._columns.setdefault(_plain(heading), column)
        if "id" not in self._columns:
            there = ", ".join(self._columns) or "none"
            raise TableError(f"{path}: the first line must name a column 'id'; it has {there}")
        self._lines: dict[str, int] = {}
        self.people: dict[str, Student] = {}
        for line in range(1, len(self._sheet)):
            if any(self._sheet.row(line)[self._sheet.width(0) :]):
                more = "more cells than headings; put names with commas in quotes"
                raise TableError(f"{path}, line {line + 1}: {more}")
            student = self._student(line)
            if not student.id:
                continue
            if student.id in self.people:
                raise TableError(f"{path}: the id {student.id!r} is there twice; give each student an id of their own")
            self._lines[student.id], self.people[student.id] = line, student

    @property
    def given(self) -> bool:
        """Whether a person or a platform's list has told who is in the class, and not only hand-ins."""
        return any(not student.grown for student in self.people.values())

    def add(self, student: Student) -> None:
        """A new line. Its id must be new."""
        assert student.id not in self.people
        line = self._lines[student.id] = self._sheet.append()
        self._set(line, "id", student.id)
        if student.grown:
            self._set(line, "grown", "yes")
        self._write(line, student)
        self.people[student.id] = self._student(line)

    def fill(self, student: Student) -> list[str]:
        """Fill what is empty in the line of `student.id` with what this one knows; returns the columns filled."""
        line = self._lines[student.id]
        filled = self._write(line, student)
        if self.people[student.id].grown and not student.grown:
            self._set(line, "grown", "")
            filled.append("grown")
        self.people[student.id] = self._student(line)
        return filled

    def to_bytes(self) -> bytes:
        """The file as it is now; in UTF-8 where its own encoding lacks a character."""
        try:
            return self._sheet.to_bytes()
        except TableError:
            return self._sheet.to_text().encode("utf-8-sig")

    def save(self) -> None:
        """Write the file in one step, if anything has changed."""
        data = self.to_bytes()
        if not self.path.is_file() or self.path.read_bytes() != data:
            write_atomically(self.path, data)

    # cells

    def _student(self, line: int) -> Student:
        first, last = (_bare(self._cell(line, name)) for name in ("first_name", "last_name"))
        if not first and not last:
            first, last = split_name(_bare(self._cell(line, "name")))
        keys = {name: self._cell(line, name) for name in STUDENT_KEYS}
        for name in HASHED:
            keys[name] = keys[name].removeprefix("#")
        return Student(
            self._cell(line, "id"), first, last, self._cell(line, "email"), self._cell(line, "section"),
            {name: key for name, key in keys.items() if key},
            _scopes({name: self._cell(line, name) for name in SCOPED_KEYS}),
            tuple(filter(None, map(str.strip, _bare(self._cell(line, "also")).split(";")))),
            self._cell(line, "grown").casefold() in ("yes", "true", "1", "x"),
            frozenset(re.split(r"[\s,;]+", self._cell(line, "excused").casefold())) - {""},
            self._cell(line, "extensions"),
        )  # fmt: skip

    def _write(self, line: int, student: Student) -> list[str]:
        """Fill the empty cells of a line, and add to the cells that hold several things."""
        old = self._student(line)
        cells = {"email": student.email, "section": student.section, **student.keys}
        if not old.name:
            cells |= {"first_name": _safe(student.first_name), "last_name": _safe(student.last_name)}
        filled = [name for name, value in cells.items() if value and not self._cell(line, name)]
        for name in filled:
            self._set(line, name, cells[name])
        scoped = {
            name: {assignment: keys[name] for assignment, keys in student.scoped.items() if name in keys}
            for name in SCOPED_KEYS
        }
        for name, by_assignment in scoped.items():
            known = {assignment for assignment, keys in old.scoped.items() if name in keys}
            more = [f"{assignment}={key}" for assignment, key in by_assignment.items() if assignment not in known]
            if more:
                self._set(line, name, " ".join(filter(None, [self._cell(line, name), *more])))
                filled.append(name)
        if more := [name for name in student.also if name not in old.also]:
            self._set(line, "also", _safe("; ".join([*old.also, *more])))
            filled.append("also")
        return filled

    def _cell(self, line: int, name: str) -> str:
        for heading in (name, *HEADINGS.get(name, ())):
            if heading in self._columns and (text := self._sheet.cell(line, self._columns[heading]).strip()):
                return text
        return ""

    def _set(self, line: int, name: str, text: str) -> None:
        heading = next((heading for heading in (name, *HEADINGS.get(name, ())) if heading in self._columns), name)
        if heading not in self._columns:
            self._columns[heading] = max(self._columns.values()) + 1
            self._sheet.set(0, self._columns[heading], heading)
        self._sheet.set(line, self._columns[heading], text)


def read_roster(path: Path) -> dict[str, Student]:
    """The students of a roster by id; none where there is no file. Raises TableError where it names no ids."""
    return dict(_people(path, path.read_bytes())) if path.is_file() else {}


@lru_cache(maxsize=4)
def _people(path: Path, data: bytes) -> dict[str, Student]:
    """Read once for all that ask, as long as the file holds the same."""
    return Roster(path, data).people


def _safe(name: str) -> str:
    """A name on one line that no spreadsheet runs."""
    return harmless(" ".join(name.split()))


def _bare(text: str) -> str:
    """A name without the apostrophe that keeps a spreadsheet from running it."""
    return text[1:] if text.startswith("'") and harmless(text[1:]) == text else text


def _plain(heading: str) -> str:
    return re.sub(r"[\s-]+", "_", heading.strip().casefold())


def _scopes(cells: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """assignment -> name of the key -> key, from cells such as 'flat=201 layers=340'."""
    found: dict[str, dict[str, str]] = {}
    for name, text in cells.items():
        for pair in re.split(r"[\s,;]+", text):
            assignment, mark, key = pair.partition("=")
            if mark and key:
                found.setdefault(assignment, {})[name] = key
    return found
