"""Whose row is it: the students of a platform's file and ours, matched by keys, then by name, never by a guess.

A row belongs to a student where one of its keys is theirs and no other key of the row says otherwise. A name decides
only where it stands once in the file and once in the class, and no key contradicts it. Everything else is told apart:
doubtful rows with the reason, rows that are nobody's, students without a row. Text is compared by Unicode normal form
and case fold; where two students differ only in that, letter by letter.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from autograder.roster.names import fold, name_forms

ID, EMAIL = "id", "email"  # beside the platform keys: the kit's own id, and the e-mail address


@dataclass(frozen=True)
class Person:
    """A student over all assignments. keys: every value that is known, by name; several where sources disagree."""

    id: str
    names: frozenset[str]
    email: str
    keys: Mapping[str, frozenset[str]]

    @property
    def label(self) -> str:
        """The id, with the name where it says more."""
        names = ", ".join(sorted(name for name in self.names if name and name != self.id))
        return f"{self.id} ({names})" if names else self.id


@dataclass(frozen=True)
class Theirs:
    """A student's row in a platform's file.

    record: its number in the file. keys: (heading, value, names of our keys that it may be), the strongest first.
    name: as the platform writes it. label: how to call the row to a person.
    """

    record: int
    keys: tuple[tuple[str, str, tuple[str, ...]], ...]
    name: str
    label: str


@dataclass
class Matching:
    """pairs: record -> student. by_name: records that only a name has matched. doubtful: label of a row -> why."""

    pairs: dict[int, str] = field(default_factory=dict)
    by_name: set[int] = field(default_factory=set)
    doubtful: dict[str, str] = field(default_factory=dict)
    not_ours: list[Theirs] = field(default_factory=list)
    not_theirs: list[Person] = field(default_factory=list)


class Contradiction(Exception):
    """Two things that a row says about its student do not go together. The message says which."""


def match(theirs: Iterable[Theirs], people: Mapping[str, Person]) -> Matching:
    """Match the rows of a file with our students."""
    theirs, found = list(theirs), Matching()
    index = Index(people)
    left = []
    claims: dict[str, list[Theirs]] = defaultdict(list)
    for row in theirs:
        try:
            student = index.by_keys(row)
        except Contradiction as reason:
            found.doubtful[row.label] = str(reason)
            continue
        if student is None:
            left.append(row)
        else:
            claims[student].append(row)
    for student, rows in claims.items():
        if len(rows) == 1:
            found.pairs[rows[0].record] = student
        else:
            lines = " and ".join(row.label for row in rows)
            found.doubtful |= {row.label: f"the keys of {lines} are all those of {student}" for row in rows}
    _by_names(left, theirs, people, found, set(claims))
    taken = {*found.pairs.values(), *claims}
    found.not_theirs = [person for student, person in sorted(people.items()) if student not in taken]
    return found


class Index:
    """The students of a class by their keys."""

    def __init__(self, people: Mapping[str, Person]):
        self._people = people
        # (name of a key, folded value) -> student -> the values as they are written
        self._students: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for person in people.values():
            keys = {**person.keys, ID: {person.id}, EMAIL: {person.email} - {""}}
            for name, values in keys.items():
                for value in values:
                    self._students[name, fold(value)][person.id].add(value.strip())

    def by_keys(self, row: Theirs) -> str | None:
        """The student whom the keys of a row name; None where they name nobody. Raises Contradiction.

        The kit's own ids, which an LMS may have given to somebody else, are asked only where no other key speaks.
        """
        return self._named(row, ids=False) or self._named(row, ids=True)

    def _named(self, row: Theirs, ids: bool) -> str | None:
        named: dict[str, str] = {}  # student -> the heading that says so
        place: dict[str, int] = {}
        for position, (heading, value, names) in enumerate(row.keys):
            if not value.strip():
                continue
            students: set[str] = set()
            for name in (name for name in names if (name == ID) is ids):
                students = _owners(self._students.get((name, fold(value)), {}), value.strip())
                if students:
                    break
            if len(students) > 1:
                raise Contradiction(f"{heading} {value!r} is that of {' and '.join(sorted(students))}")
            for student in students - set(named):
                named[student], place[student] = heading, position
        if len(named) > 1:
            said = ", ".join(f"{heading} says {student}" for student, heading in named.items())
            raise Contradiction(f"its keys belong to two students: {said}")
        for student, heading in named.items():
            if speaks := against(row.keys[: place[student]], self._people[student]):
                raise Contradiction(f"{heading} says {student}, {speaks}")
            return student
        return None


def _owners(students: Mapping[str, set[str]], value: str) -> set[str]:
    """Who has this key; where several have it but for upper and lower case, those who write it in the same way."""
    exact = {student for student, written in students.items() if value in written}
    return exact if len(students) > 1 and exact else set(students)


def against(keys: tuple[tuple[str, str, tuple[str, ...]], ...], person: Person) -> str:
    """Which of a row's keys is known of this person, and another; "" where nothing speaks against it."""
    for heading, value, names in keys:
        known = person.keys.get(names[0], frozenset())  # the first name alone says for certain what the column holds
        if value.strip() and known and fold(value) not in map(fold, known):
            return f"whose {heading} is {' or '.join(sorted(known))} here and {value} there"
    return ""


def _by_names(
    left: list[Theirs], theirs: list[Theirs], people: Mapping[str, Person], found: Matching, taken: set[str]
) -> None:
    """Match by name the rows that no key has matched; say why where a name is not enough."""
    in_file = Counter(form for row in theirs for form in name_forms(row.name))
    in_class: dict[str, set[str]] = defaultdict(set)
    for person in people.values():
        for form in frozenset().union(*map(name_forms, person.names)):
            in_class[form].add(person.id)
    for row in left:
        forms = name_forms(row.name)
        same = set().union(*(in_class.get(form, set()) for form in forms))
        free = sorted(same - taken)
        times = max((in_file[form] for form in forms if form in in_class), default=0)
        if not free:
            found.not_ours.append(row)
        elif times > 1 or len(same) > 1:
            found.doubtful[row.label] = (
                f"the name is that of {', '.join(sorted(same))} in the class, and stands {times} time(s) in the file: "
                "only a key can tell"
            )
        elif speaks := against(row.keys, people[free[0]]):
            found.doubtful[row.label] = f"the name says {free[0]}, {speaks}"
        else:
            found.pairs[row.record] = free[0]
            found.by_name.add(row.record)
