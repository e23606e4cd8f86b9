"""Course platforms as their formats describe them: what each one writes for a class, and how each one reads files back.

For tests of the exports. Writers and readers share no code with `autograder.exports`; all people are placeholders.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Pupil:
    """A student as the platforms know them; `number` makes all keys distinct."""

    number: int
    first: str
    last: str
    sis: str
    login: str

    @property
    def id(self) -> str:
        return f"s{self.number:03d}"

    @property
    def canvas(self) -> str:
        return str(70_000 + self.number)

    @property
    def attachment(self) -> str:
        return str(9_000_000 + 7 * self.number)

    @property
    def participant(self) -> str:
        return str(400 + 3 * self.number)

    @property
    def email(self) -> str:
        return f"p{self.number}@example.edu"

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def sortable(self) -> str:
        return f"{self.last}, {self.first}"

    @property
    def canvas_origin(self) -> str:
        """The name of an upload: the sortable name in lower case, word characters only, then the ids."""
        prefix = re.sub(r"_([0-9]+)_", r"\1", re.sub(r"\W", "", self.sortable.lower()))
        return f"{prefix}{'_LATE' if self.number % 3 == 0 else ''}_{self.canvas}_{self.attachment}_work.zip"

    @property
    def moodle_origin(self) -> str:
        return f"{self.name.replace('_', ' ').replace('/', ' ')}_{self.participant}_assignsubmission_file"

    @property
    def brightspace_origin(self) -> str:
        plain = re.sub(r'[\\/:*?"<>|]', "", self.name).strip()
        return f"397063-{2_500_000 + self.number} - {plain} - Sep {1 + self.number % 30}, 2026 926 PM"

    @property
    def sakai_origin(self) -> str:
        return f"{re.sub(r'[/()]', ' ', self.sortable)}({self.login})"


def lines(rows: Iterable[Iterable[str]], delimiter: str = ",", every: bool = False, end: str = "\n") -> str:
    text = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(rows)
    return text.getvalue()


# What the platforms write. grades: what stands there before, by the pupil's id.


def canvas_gradebook(
    pupils: list[Pupil], grades: dict[str, str] | None = None, *, heading: str = "flat (5501)", points: str = "8",
    delimiter: str = ",", mark: bool = False,
) -> bytes:  # fmt: skip
    grades = grades or {}
    comma = delimiter == ";"
    totals = ["Assignments Current Score", "Assignments Final Score", "Current Score", "Final Score"]
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Notes", "essay (5500)", heading, *totals]]
    rows.append(["", "", "", "", "", "", "", "Manual Posting", "", "", "", ""])
    rows.append(
        ["    Points Possible", "", "", "", "", "", "10,00" if comma else "10.00", points, *["(read only)"] * 4]
    )
    for pupil in pupils:
        name = f'="{pupil.sortable}"' if pupil.sortable.startswith("=") else pupil.sortable
        essay = "7,25" if comma else "7.25"
        row = [name, pupil.canvas, pupil.sis, pupil.login, "A and B", "a note", essay, grades.get(pupil.id, "")]
        rows.append([*row, "72.5", "72.5", "72.5", "72.5"])
    rows.append(["Student, Test", "99999", "", "f00ba7", "A", "", "", "", "", "", "", ""])
    return lines(rows, delimiter).encode("utf-8-sig" if mark else "utf-8")


MOODLE = [
    "Identifier", "Full name", "Email address", "Status", "Grade", "Maximum grade", "Grade can be changed",
    "Last modified (submission)", "Last modified (grade)", "Feedback comments",
]  # fmt: skip
MOODLE_GERMAN = [
    "ID", "Vollständiger Name", "E-Mail-Adresse", "Status", "Bewertung", "Bestwertung",
    "Bewertung kann geändert werden", "Zuletzt geändert (Abgabe)", "Zuletzt geändert (Bewertung)",
    "Feedback als Kommentar",
]  # fmt: skip
MOODLE_FRENCH = [
    "Identifiant", "Nom complet", "Adresse de courriel", "Statut", "Note", "Note maximale",
    "La note peut être modifiée", "Dernière modification (travail remis)", "Dernière modification (note)",
    "Commentaires",
]  # fmt: skip


def moodle_worksheet(
    pupils: list[Pupil], grades: dict[str, str] | None = None, *, headings: list[str] = MOODLE, most: str = "8.00",
    word: str = "Participant ", locked: tuple[str, ...] = (), comments: dict[str, str] | None = None,
    sent: str = "Sunday, 1 March 2026, 12:00 PM", groups: dict[str, str] | None = None,
) -> bytes:  # fmt: skip
    """sent: when, as the site's language says it. groups: of the pupils, by id; a column of its own, where used."""
    rows = [headings if groups is None else [*headings[:4], "Group", *headings[4:]]]
    for pupil in pupils:
        rows.append([
            f"{word}{pupil.participant}", pupil.name, pupil.email, "Submitted for grading",
            *([] if groups is None else [groups.get(pupil.id, "Default group")]),
            (grades or {}).get(pupil.id, ""), most, "No" if pupil.id in locked else "Yes",
            sent, "-", (comments or {}).get(pupil.id, ""),
        ])  # fmt: skip
    return lines(rows).encode()


def blackboard_grades(
    pupils: list[Pupil], grades: dict[str, str] | None = None, *, tabs: bool = True, form: str = "SMART_TEXT",
    heading: str = "flat [Total Pts: 8 Score] |1281892",
) -> bytes:  # fmt: skip
    rows = [["Last Name", "First Name", "Username", "Student ID", "Last Access", "Availability", heading]]
    rows[0] += ["Grading Notes", "Notes Format", "Feedback to Learner", "Feedback Format"]
    for pupil in pupils:
        old = (grades or {}).get(pupil.id, "")
        row = [pupil.last, pupil.first, pupil.login, pupil.sis, "2026-03-01 12:00:00", "Yes", old]
        rows.append([*row, "private", "SMART_TEXT", "", form])
    text = lines(rows, "\t" if tabs else ",", every=True, end="\r\n")
    return b"\xff\xfe" + text.encode("utf-16-le") if tabs else text.encode("utf-8-sig")


def brightspace_grades(pupils: list[Pupil], grades: dict[str, str] | None = None, *, comma: bool = False) -> bytes:
    heading = "flat Points Grade <Numeric MaxPoints:8 Weight:5 Category:Homework>"
    rows = [["OrgDefinedId", "Username", "Last Name", "First Name", heading, "End-of-Line Indicator"]]
    for pupil in pupils:
        old = (grades or {}).get(pupil.id, "")
        rows.append([f"#{pupil.sis}", f"#{pupil.login}", pupil.last, pupil.first, old, "#"])
    return lines(rows, ";" if comma else ",", end="\r\n").encode("utf-8-sig")


def sakai_grades(pupils: list[Pupil], grades: dict[str, str] | None = None, *, title: str = "Homework 2") -> bytes:
    rows = [[title, "Points", "", "", ""], [""] * 5]
    rows.append(["Display ID", "ID", "Last Name", "First Name", "grade", "Submission date", "Late submission"])
    for pupil in pupils:
        old = (grades or {}).get(pupil.id, "")
        rows.append(
            [pupil.login, f"uuid-{pupil.number}", pupil.last, pupil.first, old, "Mar 1, 2026 12:00 pm", "On time"]
        )
    return lines(rows).encode()


def gradescope_grades(pupils: list[Pupil], grades: dict[str, str] | None = None) -> bytes:
    rows = [["First Name", "Last Name", "SID", "Email", "Sections", "Total Score", "Max Points", "Status"]]
    for pupil in pupils:
        row = [pupil.first, pupil.last, pupil.sis, pupil.email, "", (grades or {}).get(pupil.id, ""), "8.0", "Graded"]
        rows.append(row)
    return lines(rows).encode()


def gradescope_course(pupils: list[Pupil], grades: dict[str, dict[str, str]], most: dict[str, str]) -> bytes:
    """The gradebook of the course. grades: assignment -> student -> score; most: the points of each assignment."""
    ends = ("", " - Max Points", " - Submission Time", " - Lateness (H:M:S)")
    headings = ["First Name", "Last Name", "SID", "Email", "Sections", *(name + end for name in most for end in ends)]
    rows = [[*headings, "Total Lateness (H:M:S)"]]
    for pupil in pupils:
        row = [pupil.first, pupil.last, pupil.sis, pupil.email, ""]
        for name, points in most.items():
            row += [grades[name].get(pupil.id, ""), points, "2026-03-01 12:00:00 UTC", "00:00:00"]
        rows.append([*row, "00:00:00"])
    return lines(rows).encode()


# How the platforms read what comes back. Grades are numbers, "EX", or None where nothing would be entered.


class Rejected(ValueError):
    """The platform would not take the file."""


def canvas_import(data: bytes) -> tuple[dict[str, dict[str, Decimal | str]], dict[str, Decimal]]:
    """(student key -> heading -> grade, heading -> points). The key is the ID, else SIS id, SIS login, name."""
    text = data.decode("utf-8-sig")
    start = text.splitlines()[:3]
    delimiter = ";" if sum(line.count(";") for line in start) > sum(line.count(",") for line in start) else ","
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    layouts = (
        ["Student", "ID", "Section"], ["Student", "ID", "SIS Login ID", "Section"],
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"],
    )  # fmt: skip
    known = next((layout for layout in layouts if header[: len(layout)] == layout), None)
    if len(header) <= 3 or known is None:
        raise Rejected("Invalid header row")
    totals = re.compile(r"(Current|Final) (Score|Points|Grade)|Override |Unposted ")
    columns = [index for index in range(len(known), len(header)) if not totals.search(header[index])]
    grades: dict[str, dict] = {}
    points: dict[str, Decimal] = {}
    for row in rows:
        if all(cell in ("", "Muted") or cell.startswith("Manual Posting") for cell in row):
            continue
        if "Points Possible" in row[0]:
            points = {header[index]: canvas_number(row[index]) for index in columns if row[index].strip()}
            continue
        keys = [row[index] for index in (1, 2, 3) if index < len(known) - 1]
        key = next((key for key in keys if key), row[0])
        taken = {header[index]: row[index].strip() for index in columns if header[index] != "Notes"}
        grades[key] = {
            heading: "EX" if cell.upper() == "EX" else canvas_number(cell) for heading, cell in taken.items() if cell
        }
    return grades, points


def canvas_number(text: str) -> Decimal:
    if re.fullmatch(r"-?[\d.]*,\d+", text):
        text = text.replace(".", "").replace(",", ".")
    return Decimal(text.replace(",", ""))


def moodle_import(data: bytes, *, headings: list[str] = MOODLE, word: str = "Participant ", comma: bool = False):
    """(participant -> grade, participant -> comment) of the lines that Moodle takes."""
    rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    names = dict(zip(MOODLE, headings, strict=True))
    for needed in ("Identifier", "Grade", "Last modified (grade)"):
        if not rows or names[needed] not in rows[0]:
            raise Rejected(f"no column {names[needed]}")
    grades, comments = {}, {}
    for row in rows:
        participant = row[names["Identifier"]][len(word) :]
        comments[participant] = row[names["Feedback comments"]]
        cell = row[names["Grade"]]
        if not cell or row[names["Grade can be changed"]] == "No":
            continue
        grade, most = (
            Decimal(text.replace(",", ".") if comma else text) for text in (cell, row[names["Maximum grade"]])
        )
        if 0 <= grade <= most:
            grades[participant] = grade
    return grades, comments


def blackboard_import(data: bytes) -> tuple[dict[str, Decimal], dict[str, tuple[str, str]]]:
    """(username -> grade of the column with the known id, username -> feedback and its format)."""
    tabs = data.startswith(b"\xff\xfe")
    text = data.decode("utf-16" if tabs else "utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if tabs else ",")
    graded = [index for index, heading in enumerate(header) if heading.endswith("|1281892")]
    if len(graded) != 1:
        raise Rejected("no column id")
    user = header.index("Username")
    grades = {row[user]: Decimal(row[graded[0]]) for row in rows if row[graded[0]]}
    if "Feedback to Learner" not in header:
        return grades, {}
    said, form = header.index("Feedback to Learner"), header.index("Feedback Format")
    return grades, {row[user]: (row[said], row[form]) for row in rows if row[said]}


def brightspace_import(data: bytes, *, comma: bool = False) -> dict[str, Decimal]:
    """OrgDefinedId, else Username, without the # -> grade."""
    header, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";" if comma else ",")
    if header[-1] != "End-of-Line Indicator" or any(row[-1] != "#" for row in rows):
        raise Rejected("End-of-Line Indicator")
    (graded,) = (index for index, heading in enumerate(header) if re.match(r"flat Points Grade( <|$)", heading))
    keys = [header.index(name) for name in ("OrgDefinedId", "Username") if name in header]
    found = {}
    for row in rows:
        key = next(row[index].removeprefix("#") for index in keys if row[index].strip("#"))
        if row[graded]:
            found[key] = Decimal(row[graded].replace(",", ".") if comma else row[graded])
    return found


def sakai_import(data: bytes) -> tuple[str, dict[str, Decimal]]:
    """(title, Display ID -> grade)."""
    (title, scale, *_), empty, header, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
    if scale != "Points" or any(empty) or header[:5] != ["Display ID", "ID", "Last Name", "First Name", "grade"]:
        raise Rejected("not a grades.csv")
    return title, {row[0]: Decimal(row[4]) for row in rows if row[4]}


# How the platforms find the owner of a feedback file.


def canvas_feedback(archive: zipfile.ZipFile) -> dict[tuple[str, str], bytes]:
    """(user id, attachment id) -> content."""
    found = {}
    for entry in archive.namelist():
        parts = [part for part in entry.rpartition("/")[2].split("_") if part != "LATE"]
        user, attachment = [part for part in parts if re.fullmatch("[0-9]+", part)][:2]
        found[user, attachment] = archive.read(entry)
    return found


def moodle_feedback(archive: zipfile.ZipFile) -> dict[str, bytes]:
    """participant -> content."""
    found = {}
    for entry in archive.namelist():
        folder, _, rest = entry.partition("/")
        _, participant, kind, plugin, *_ = [*folder.split("_", 4), ""]
        if not participant.isdecimal() or (kind, plugin) != ("assignsubmission", "file") or rest.startswith((".", "~")):
            raise Rejected(entry)
        found[participant] = archive.read(entry)
    return found


def tree_feedback(archive: zipfile.ZipFile, depth: int, within: str = "") -> dict[str, bytes]:
    """folder of the hand-in, at this depth -> content of the file in it (below `within`)."""
    found = {}
    for entry in archive.namelist():
        parts = entry.split("/")
        if len(parts) > depth + 1 and (not within or parts[depth + 1] == within):
            found[parts[depth]] = archive.read(entry)
    return found
