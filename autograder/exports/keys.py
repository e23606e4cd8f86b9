"""What each platform calls a student and a hand-in: from the roster and from the receipts of the intake.

The only place that knows where keys are kept; exports get them with the rows. A roster is a CSV with a column `id` (the
kit's own) and any of the columns in `COLUMNS`. A receipt names the file or folder that a hand-in came from, which for
most platforms holds their keys.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.exports.encodings import decode
from autograder.exports.problems import ExportError
from autograder.exports.rows import ATTEMPT_KEYS, STUDENT_KEYS

SCOPED = ("moodle_participant", "canvas_anonymous")  # another one in each assignment
# Other headings under which a roster may give a key.
COLUMNS = {
    "canvas_id": ("canvas", "canvas_user_id"),
    "sis_id": ("sis", "sis_user_id", "student_number"),
    "login": ("username", "login_id", "sis_login_id"),
    "gradescope_sid": ("gradescope", "sid"),
    "moodle_id": ("moodle", "idnumber", "id_number"),
    "blackboard": ("blackboard_id", "blackboard_username"),
    "brightspace_id": ("brightspace", "orgdefinedid", "org_defined_id"),
    "sakai": ("sakai_eid", "sakai_display_id", "display_id"),
    "github": ("github_username", "github_login"),
}
# A name may be empty where it has no letters; ids are written with the digits 0 to 9, whatever stands in a name.
CANVAS = re.compile(r".*?_(?:LATE_)?(?P<canvas_id>[0-9]+)_(?P<canvas_attachment>[0-9]+)_.+", re.DOTALL)
ANONYMOUS = re.compile(
    r"(?:LATE_)?anon_(?:LATE_)?(?P<canvas_anonymous>(?![0-9]{5}_)\w{5})_(?P<canvas_attachment>[0-9]+)_.+", re.DOTALL
)
MOODLE = re.compile(
    r"(?P<moodle_folder>[^_]+_(?P<moodle_participant>[0-9]+)_assignsubmission_[a-z]+)(?:_.*)?", re.DOTALL
)
BRIGHTSPACE = re.compile(
    r"(?P<brightspace_folder>[0-9]+-(?P<brightspace_user>[0-9]+) - .*? - "
    r"[A-Z][a-z]{2} [0-9]{1,2}, [0-9]{4} [0-9]{3,4} [AP]M)(?: - .+)?",
    re.DOTALL,
)
SAKAI = re.compile(r"(?P<sakai_folder>[^/]+, [^/]*\((?P<sakai>[^()/]+)\))", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """A student of the roster. scoped: assignment -> keys that hold in it alone. excused: assignments, case-folded."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    section: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    scoped: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    excused: frozenset[str] = frozenset()


Roster = Mapping[str, Entry]
Attempts = Mapping[str, Mapping[str, str]]  # student -> keys of the hand-in that stands


def read_roster(path: Path) -> dict[str, Entry]:
    """The students of a roster by id; none where there is no file. Raises ExportError where it names no ids."""
    if not path.is_file():
        return {}
    text = decode(path.read_bytes()).text
    head = text.partition("\n")[0]
    lines = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    headings = {re.sub(r"[\s-]+", "_", heading.strip().casefold()): heading for heading in lines.fieldnames or []}
    if "id" not in headings:
        raise ExportError(f"{path}: the first line must name a column 'id'; it has {', '.join(headings) or 'none'}")

    def value(line: dict[str, str], *names: str) -> str:
        return next((line[headings[name]].strip() for name in names if name in headings and line[headings[name]]), "")

    people: dict[str, Entry] = {}
    for line in lines:
        if None in line:  # csv's key for what stands behind the last heading
            raise ExportError(
                f"{path}, line {lines.line_num}: more cells than headings; put names with commas in quotes"
            )
        if not (student := value(line, "id")):
            continue
        if student in people:
            raise ExportError(f"{path}: the id {student!r} is there twice; give each student an id of their own")
        first, last = value(line, "first_name", "first"), value(line, "last_name", "last")
        if not first and not last:
            first, last = split_name(value(line, "name", "full_name"))
        keys = {name: value(line, name, *COLUMNS.get(name, ())) for name in STUDENT_KEYS}
        for name in ("brightspace_id", "brightspace_username"):  # copied from an export, which writes # before each
            keys[name] = keys[name].removeprefix("#")
        people[student] = Entry(
            student, first, last, value(line, "email", "e_mail", "email_address"), value(line, "section", "sections"),
            {name: key for name, key in keys.items() if key}, _scopes({name: value(line, name) for name in SCOPED}),
            frozenset(re.split(r"[\s,;]+", value(line, "excused").casefold())) - {""},
        )  # fmt: skip
    return people


def _scopes(cells: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """assignment -> name of the key -> key, from cells such as 'flat=201 layers=340'."""
    found: dict[str, dict[str, str]] = {}
    for name, text in cells.items():
        for pair in re.split(r"[\s,;]+", text):
            assignment, mark, key = pair.partition("=")
            if mark and key:
                found.setdefault(assignment, {})[name] = key
    return found


def split_name(name: str) -> tuple[str, str]:
    """First and last name of `Last, First` or `First Last`; the last word alone is the last name."""
    last, comma, first = name.partition(",")
    if not comma:
        first, _, last = name.rpartition(" ")
    return first.strip(), last.strip()


def read_attempts(classroom: Path, assignment: str) -> dict[str, dict[str, str]]:
    """The platform keys of the hand-ins that stand, by student, from `classroom/receipts/<assignment>/`."""
    found = {}
    for path in sorted((classroom / "receipts" / assignment).glob("[!.]*.json")):
        try:
            receipt = json.loads(path.read_bytes())
        except ValueError:  # half a file is no receipt; the intake writes whole ones
            continue
        if isinstance(receipt, dict):
            found[path.stem] = attempt_keys(receipt)
    return found


def attempt_keys(receipt: dict) -> dict[str, str]:
    """The platform keys that a receipt names, or that the name of its file or folder holds."""
    told = {**receipt, **receipt["keys"]} if isinstance(receipt.get("keys"), dict) else receipt
    named = {name: str(told[name]) for name in ATTEMPT_KEYS if told.get(name)}
    return parse_origin(str(receipt.get("origin") or "")) | named


def parse_origin(name: str) -> dict[str, str]:
    """The keys in the name that a platform gave a hand-in; none where it is not a platform's.

    >>> parse_origin("lovelaceada_LATE_101_9001_work.zip")
    {'canvas_id': '101', 'canvas_attachment': '9001'}
    """
    for pattern in (MOODLE, BRIGHTSPACE, ANONYMOUS, CANVAS, SAKAI):
        if found := pattern.fullmatch(name):
            return found.groupdict()
    return {}
