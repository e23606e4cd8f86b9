"""Whose is each hand-in of a download: by the strongest key, then by a name, never by a guess.

Steps: a key of the roster decides; else a name that stands once in the download and once in the class, compared by
normal form and case fold, at last by its letters alone (Canvas writes `lovelaceada`). A key that says otherwise makes
it another person. Who is nobody's is new where the roster has only grown out of hand-ins, and else listed and left
out. What two people could be is asked, or listed and left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from autograder.roster.file import Roster
from autograder.roster.importing import free_id
from autograder.roster.matching import Contradiction, Index, Theirs, against
from autograder.roster.names import fold, letters, name_forms, safe_id, split_name
from autograder.roster.student import Student

from .parcels import Who
from .platforms import folder

Ask = Callable[[str, str, Sequence[str]], str | None]  # label, why, ids that it could be -> one of them, or None


@dataclass
class Identities:
    """students: mark of a person in the download -> id. by_name: id -> label, where only a name has decided. doubtful:
    label -> why. strangers: label -> what the roster has that is like it. new: ids that the roster has got.
    """

    students: dict[tuple[str, str], str] = field(default_factory=dict)
    by_name: dict[str, str] = field(default_factory=dict)
    doubtful: dict[str, str] = field(default_factory=dict)
    strangers: dict[str, str] = field(default_factory=dict)
    new: list[str] = field(default_factory=list)


def identify(
    people: Sequence[tuple[str, Who]], roster: Roster, assignment: str, *, grow: bool = False, ask: Ask | None = None
) -> Identities:
    """Find the student of everybody in a download; the roster learns their keys, and new students. It is not saved.

    people: (platform, who), one for each person of a platform. grow: take in who is not in a roster that somebody
    gave.
    """
    found = Identities()
    by_platform: dict[str, dict[tuple[str, str], Who]] = defaultdict(dict)
    for platform, who in people:
        by_platform[platform].setdefault(who.mark, who)
    grow = grow or not roster.given
    for platform, group in by_platform.items():
        nobody = _of_one_platform(list(group.values()), roster, assignment, found, ask, several=platform == folder.NAME)
        called = Counter(_plain_id(who).casefold() for who in nobody)
        for who in nobody:
            if not grow:
                found.strangers[who.label] = _alike(who, roster)
                continue
            student = _new_student(who, assignment, roster, called[_plain_id(who).casefold()] > 1)
            roster.add(student)
            found.students[who.mark] = student.id
            found.new.append(student.id)
    return found


def _of_one_platform(
    group: list[Who], roster: Roster, assignment: str, found: Identities, ask: Ask | None, *, several: bool
) -> list[Who]:
    """Identify the people of one platform; those who are nobody's. several: whether one person may be there by several
    names, as in a folder that somebody has filled by hand.
    """
    people = {student: one.person(assignment) for student, one in roster.people.items()}
    index = Index(people)
    taken: set[str] = set()
    left: list[Who] = []
    for who in group:
        try:
            student = index.by_keys(_row(who))
        except Contradiction as reason:
            _doubtful(who, str(reason), [], roster, assignment, found, ask)
            continue
        if student is None:
            left.append(who)
        else:
            taken.add(student)
            _learn(who, student, roster, assignment, found)
    for forms, once in ((name_forms, not several), (_by_letters, True)):
        in_class: dict[str, set[str]] = defaultdict(set)
        for person in people.values():
            for form in frozenset().union(*map(forms, (*person.names, person.id))):
                in_class[form].add(person.id)
        in_file = Counter(form for who in left for form in forms(who.name))
        unnamed = []
        for who in left:
            same = set().union(*(in_class.get(form, set()) for form in forms(who.name)))
            if once:
                same -= taken
            free = sorted(one for one in same if not against(who.keys, people[one]))
            times = max((in_file[form] for form in forms(who.name)), default=0) if once else 1
            if not free:
                unnamed.append(who)
            elif len(free) > 1 or times > 1:
                why = f"the name is that of {', '.join(free)}"
                why += f" and stands {times} times in the download" if times > 1 else ""
                _doubtful(who, f"{why}: only a key can tell", free, roster, assignment, found, ask)
            else:
                taken.add(free[0])
                found.by_name[free[0]] = who.label
                _learn(who, free[0], roster, assignment, found)
        left = unnamed
    return left


def _by_letters(name: str) -> frozenset[str]:
    return frozenset(filter(None, (letters(form) for form in name_forms(name)))) | frozenset(
        filter(None, (letters(" ".join(reversed(form.split(" ", 1)))) for form in name_forms(name)))
    )


def _row(who: Who) -> Theirs:
    return Theirs(0, who.keys, who.name, who.label)


def _doubtful(who: Who, why: str, could: list[str], roster, assignment, found: Identities, ask: Ask | None) -> None:
    answer = ask(who.label, why, could) if ask else None
    if answer is not None and answer in roster.people:
        _learn(who, answer, roster, assignment, found)
        if not who.own and not who.scoped:  # so that it is asked once
            roster.fill(Student(answer, also=(who.name,), grown=roster.people[answer].grown))
    else:
        found.doubtful[who.label] = why


def _learn(who: Who, student: str, roster: Roster, assignment: str, found: Identities) -> None:
    """Note whose it is; the roster gets the keys that it does not know yet."""
    found.students[who.mark] = student
    roster.fill(_told(who, student, assignment, roster.people[student]))


def _told(who: Who, student: str, assignment: str, known: Student | None = None) -> Student:
    """What a hand-in tells of its student."""
    first, last = split_name(who.name) if who.real else ("", "")
    scoped = {assignment: dict(who.scoped)} if who.scoped else {}
    grown = known.grown if known else True
    return Student(student, first, last, who.email, keys=dict(who.own), scoped=scoped, grown=grown)


def _new_student(who: Who, assignment: str, roster: Roster, shared: bool) -> Student:
    """A student of whom only this hand-in tells. shared: whether somebody else in this download is called so."""
    taken = {student.casefold() for student in roster.people}
    plain, keys = _plain_id(who), [value for _, value, _ in who.keys]
    student = free_id(plain, keys, taken | ({plain.casefold()} if shared else set()))
    told = _told(who, student, assignment)
    spelled = () if who.real or not who.name or fold(who.name) == fold(student) else (who.name,)
    return replace(told, also=spelled, grown=True)


def _plain_id(who: Who) -> str:
    return next(filter(None, map(safe_id, (who.login, who.name, who.key))), "student")


def _alike(who: Who, roster: Roster) -> str:
    """Who in the roster has a name like this, for a person to look at."""
    names = {fold(name): student.label for student in roster.people.values() for name in (student.id, student.name)}
    names |= {letters(name): label for name, label in names.items()}
    close = get_close_matches(fold(who.name), list(names), n=1, cutoff=0.8)
    return names[close[0]] if close else ""
