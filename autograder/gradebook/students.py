"""nbgrader's students follow the roster: names and e-mail addresses, for formgrader and other readers."""

from __future__ import annotations

from nbgrader.api import Gradebook, Student

from autograder.gradebook.book import Book, inside
from autograder.roster.file import read_roster


def follow_roster(book: Book) -> int:
    """Enter every person of `classroom/roster.csv`, and what changed of them; returns how many. Nobody is removed, and
    what the roster leaves empty stays.
    """
    people = read_roster(book.root / "classroom" / "roster.csv")
    changed = 0
    with inside(book.root), Gradebook(book.db_url, book.api.coursedir.course_id) as gradebook:
        known = {student.id: student for student in gradebook.students}
        for person in people.values():
            told = {name: getattr(person, name) for name in ("first_name", "last_name", "email")}
            student = known.get(person.id) or Student(id=person.id)
            differs = {name: value for name, value in told.items() if value and getattr(student, name) != value}
            if differs or person.id not in known:
                for name, value in differs.items():
                    setattr(student, name, value)
                gradebook.db.add(student)
                changed += 1
        gradebook.db.commit()
    return changed
