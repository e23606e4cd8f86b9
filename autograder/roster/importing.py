"""Join a platform's list with the roster: show what would change first, then fill it in. Nothing is guessed.

A line of the list belongs to a student by the rules of `roster.matching`: by a key, else by a name that is there once
on both sides. Who is nobody's is new. Cells that the roster has already are never changed: where the list says
otherwise, that is told. What is doubtful is listed with the reason and left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from autograder.roster.file import Roster
from autograder.roster.lists import ClassList, Listed
from autograder.roster.matching import match
from autograder.roster.names import fold, safe_id
from autograder.roster.student import Student

LOGINS = ("login", "moodle_username", "blackboard", "brightspace_username", "sakai", "github")


@dataclass
class Plan:
    """What an import comes to. new: students to add. fill: student -> what the list knows of them. filled: student ->
    the columns that get something. differs: (student, column, here, there). by_name: matched by name alone. absent: in
    the roster and not in the list.
    """

    title: str
    new: list[Student] = field(default_factory=list)
    fill: dict[str, Student] = field(default_factory=dict)
    filled: dict[str, list[str]] = field(default_factory=dict)
    differs: list[tuple[str, str, str, str]] = field(default_factory=list)
    by_name: dict[str, str] = field(default_factory=dict)
    doubtful: dict[str, str] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)


def plan(roster: Roster, listed: ClassList, assignment: str = "") -> Plan:
    """What would become of the roster. `roster` is changed, and not saved: that is what `apply` is for."""
    found = Plan(listed.kind.title, unread=listed.unread)
    people = {student: one.person(assignment) for student, one in roster.people.items()}
    matching = match([one.row for one in listed.rows], people)
    by_record = {one.row.record: one for one in listed.rows}
    found.doubtful = dict(matching.doubtful)
    for record, student in sorted(matching.pairs.items()):
        one, known = by_record[record], roster.people[student]
        found.differs += _differences(known, one.student)
        if record in matching.by_name:
            found.by_name[student] = one.row.label
        found.fill[student] = replace(one.student, id=student)
        if filled := roster.fill(found.fill[student]):
            found.filled[student] = filled
    taken = {student.casefold() for student in roster.people}
    for row in sorted(matching.not_ours, key=lambda row: row.record):
        one = by_record[row.record]
        fresh = replace(one.student, id=new_id(one, taken))
        taken.add(fresh.id.casefold())
        roster.add(fresh)
        found.new.append(fresh)
    found.absent = sorted(person.id for person in matching.not_theirs)
    return found


def new_id(one: Listed, taken: set[str]) -> str:
    """An id for a new student: login, what stands before the @, or name; a key behind it where it is taken."""
    student = one.student
    logins = [student.keys[name].partition("@")[0] for name in LOGINS if name in student.keys]
    keys = [value for _, value, _ in one.row.keys]
    candidates = [student.id, *logins, student.email.partition("@")[0], student.name, *keys]
    plain = next(filter(None, map(safe_id, candidates)), "student")
    return free_id(plain, keys, taken)


def free_id(plain: str, keys: list[str], taken: set[str]) -> str:
    """`plain`, or with a key or a number behind it where somebody has it already, in other letters' case too."""
    if plain.casefold() not in taken:
        return plain
    marked = (f"{plain}-{safe_id(key)}" for key in keys if safe_id(key) and safe_id(key).casefold() != plain.casefold())
    numbered = (f"{plain}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in [*marked, *numbered] if name.casefold() not in taken)


def _differences(known: Student, there: Student) -> list[tuple[str, str, str, str]]:
    """What the list says otherwise than the roster: (student, column, here, there)."""
    cells = [("name", known.name, there.name), ("email", known.email, there.email)]
    cells += [(name, known.keys.get(name, ""), value) for name, value in there.keys.items()]
    for assignment, keys in there.scoped.items():
        here = known.scoped.get(assignment, {})
        cells += [(f"{name} {assignment}", here.get(name, ""), value) for name, value in keys.items()]
    return [(known.id, name, here, said) for name, here, said in cells if here and said and fold(here) != fold(said)]
