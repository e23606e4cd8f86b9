"""Read the list of a class that a platform gives out, or one in plain columns: who is in it, by which keys.

A list is known by its headings (`KINDS`, the most particular first). What it says of a student becomes a `Listed`: the
row as `roster.matching` compares it, and the student as the roster would write it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from autograder.roster import columns
from autograder.roster.columns import Keys, find, key_columns
from autograder.roster.file import HEADINGS
from autograder.roster.matching import EMAIL, ID, Theirs
from autograder.roster.names import split_name
from autograder.roster.student import STUDENT_KEYS, Student
from autograder.roster.worksheet import NUMBERED, is_worksheet, mail_column, name_column
from autograder.tables.encodings import decode
from autograder.tables.lossless import Sheet, first_rows
from autograder.tables.problems import TableError

HEADER_WITHIN = 12  # lines
FIRST, LAST = ("First Name", "FirstName", "Given name"), ("Last Name", "LastName", "Surname")
WHOLE = ("Full name", "Name", "Student", "Student name")
MAIL, SECTION = ("Email", "Email address", "E-mail", "E_mail"), ("Section", "Sections", "Group", "Groups")


@dataclass(frozen=True)
class Kind:
    """A platform's list. needs: headings that must be there, each with its alternatives. skip: first cells of lines
    that are no students. hashed: whether keys are written behind a #. teams: whether its lines say who is in a group.
    """

    name: str
    title: str
    keys: Keys
    needs: tuple[tuple[str, ...], ...]
    skip: re.Pattern[str] | None = None
    hashed: bool = False
    teams: bool = False


def _own_columns() -> Keys:
    """The roster's own columns, by all their headings."""
    found: dict[str, tuple[str, ...]] = {"id": (ID,), "identifier": ("github_identifier", "sis_id", "login", EMAIL, ID)}
    for name in STUDENT_KEYS:
        for heading in (name, *HEADINGS.get(name, ())):
            found[heading] = found[heading.replace("_", " ")] = (name,)
    return found


KINDS = (
    Kind("sakai", "Sakai's grades.csv", columns.SAKAI, (("Display ID",), ("ID",))),
    Kind(
        "canvas", "Canvas's gradebook", columns.CANVAS, (("Student", "LastName", "Last Name"), ("ID",), ("Section",)),
        re.compile(r"\s*Points Possible|Student, Test\Z"),
    ),
    Kind("canvas", "Canvas's groups", columns.CANVAS_GROUPS, (("canvas_user_id",), ("group_name",)), teams=True),
    Kind("brightspace", "Brightspace's list", columns.BRIGHTSPACE, (("OrgDefinedId",),), hashed=True),
    Kind(
        "github", "GitHub Classroom's list", columns.GITHUB, (("github_username",), tuple(columns.GITHUB)[:2]),
        teams=True,
    ),
    Kind("blackboard", "Blackboard's list", columns.BLACKBOARD, (("Username",), ("Student ID", "Availability"))),
    Kind("gradescope", "Gradescope's list", columns.GRADESCOPE, (("SID",), ("Email",))),
    Kind("moodle", "Moodle's worksheet", columns.MOODLE, (), teams=True),
    Kind("plain", "a list in plain columns", _own_columns(), (("id", "login", "username", *WHOLE, *LAST, *MAIL),)),
)  # fmt: skip


@dataclass(frozen=True)
class Listed:
    """A line of a list: as it is matched, and as the roster would write it (its id is empty but in a plain list)."""

    row: Theirs
    student: Student


@dataclass(frozen=True)
class ClassList:
    """A list as it was read. rows: its students. unread: lines without a name or a key, by their numbers from 1. cells:
    what the lines of `rows` say.
    """

    kind: Kind
    rows: list[Listed]
    unread: list[int] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)


def read_list(data: bytes, kind: str = "auto", assignment: str = "") -> ClassList:
    """The students of a platform's list. kind: the name of one of KINDS. assignment: whose worksheet it is, for the
    numbers that Moodle gives in each assignment. Raises TableError where it is no such list.
    """
    decoded = decode(data)
    wanted = [one for one in KINDS if kind in ("auto", one.name)]
    if not wanted:
        raise TableError(f"there is no list of {kind!r}; there are: {', '.join(one.name for one in KINDS)}")
    for one in wanted:
        for delimiter in ",;\t":
            rows = first_rows(decoded.text, delimiter, HEADER_WITHIN)
            for header, cells in enumerate(rows):
                if _is_header(one, [cell.strip() for cell in cells], rows[header + 1 :]):
                    return _read(one, Sheet(decoded, delimiter), header, assignment)
    begins = ", ".join(repr(cell[:40]) for cell in (first_rows(decoded.text, ",", 1) or [[]])[0][:8]) or "nothing"
    raise TableError(
        f"the file begins with {begins}: that is no list of a class that the kit knows. Give the platform's own "
        f"download, or columns such as id, name, email. Known: {', '.join(one.title for one in KINDS)}"
    )


def _is_header(kind: Kind, cells: list[str], below: list[list[str]]) -> bool:
    if kind.name == "moodle":  # its headings are in the site's language
        return is_worksheet(cells, below)
    folded = {cell.casefold() for cell in cells}
    return bool(cells) and all(folded & {heading.casefold() for heading in needed} for needed in kind.needs)


def _read(kind: Kind, sheet: Sheet, header: int, assignment: str) -> ClassList:
    headings = [re.sub(r"\s+", " ", cell.strip()) for cell in sheet.row(header)]
    keys = key_columns(headings, kind.keys)
    if kind.name == "moodle":
        headings = _in_english(headings, [sheet.row(record) for record in range(header + 1, len(sheet))])
    found = ClassList(kind, [])
    for record in range(header + 1, len(sheet)):
        cells = [cell.strip() for cell in sheet.row(record)]
        if not any(cells) or (kind.skip and kind.skip.match(sheet.cell(record, 0))) or _is_staff(headings, cells):
            continue
        listed = _listed(kind, record, headings, cells, keys, assignment)
        if listed is None:
            if not (kind.name == "canvas" and not cells[0]):  # its line of posting policies
                found.unread.append(record + 1)
        else:
            found.rows.append(listed)
            found.cells.append(cells)
    if not found.rows:
        raise TableError(f"the file looks like {kind.title} and names no student: download it again")
    return found


def _in_english(headings: list[str], rows: list[list[str]]) -> list[str]:
    """A worksheet's headings, those of name and e-mail in English where it is another language's."""
    rows = [row for row in rows if any(map(str.strip, row))]
    for named, column in ((WHOLE, name_column(rows)), (MAIL, mail_column(rows))):
        if column is not None and find(headings, *named) is None:
            headings = [*headings[:column], named[0], *headings[column + 1 :]]
    return headings


def _listed(
    kind: Kind, record: int, headings: list[str], cells: list[str], keys: Mapping[int, tuple[str, ...]], assignment: str
) -> Listed | None:
    def text(*names: str) -> str:
        column = find(headings, *names)
        return cells[column] if column is not None and column < len(cells) else ""

    first, last = text(*FIRST), text(*LAST)
    whole = re.sub(r'\A="(.*)"\Z', r"\1", text(*WHOLE, "full_name"), flags=re.DOTALL)
    if not first and not last:
        first, last = split_name(whole)
    row_keys: list[tuple[str, str, tuple[str, ...]]] = []
    scoped: dict[str, dict[str, str]] = {}
    if kind.name == "moodle" and (number := NUMBERED.fullmatch(cells[0])) and assignment:
        row_keys.append((headings[0], number["number"], ("moodle_participant",)))
        scoped = {assignment: {"moodle_participant": number["number"]}}
    for column, names in keys.items():
        value = cells[column].removeprefix("#" if kind.hashed else "") if column < len(cells) else ""
        if value:
            row_keys.append((headings[column], value, names))
    mail = text(*MAIL)
    if mail and all(names != (EMAIL,) and EMAIL not in names[:1] for _, _, names in row_keys):
        row_keys.append(("e-mail", mail, (EMAIL,)))
    if not row_keys and not (first or last):
        return None
    own = {names[0]: value for _, value, names in row_keys if names[0] in STUDENT_KEYS}
    name = f"{first} {last}".strip()
    label = f"{name} ({', '.join(dict.fromkeys(value for _, value, _ in row_keys))})".strip().removesuffix("()").strip()
    student = Student("", first, last, mail, text(*SECTION), own, scoped)
    if kind.name == "plain":
        also = tuple(filter(None, map(str.strip, text("also").split(";"))))
        student = replace(student, id=text("id"), also=also)
    return Listed(Theirs(record, tuple(row_keys), name, label), student)


def _is_staff(headings: list[str], cells: list[str]) -> bool:
    """Whether a line names somebody who teaches (Gradescope's roster lists them, too)."""
    column = find(headings, "Role")
    role = cells[column] if column is not None and column < len(cells) else ""
    return bool(role) and role.casefold() not in ("student", "learner")
