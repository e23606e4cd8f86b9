"""What a class's verdicts and grades say together: scores, causes, misconceptions, lateness. No presentation.

Verdicts are the dictionaries of `classroom/verdicts/<assignment>/*.json`, described in `autograder/records/verdict.py`;
every score is the one of the grade (`autograder.rules.grade`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import mean, median

from autograder.records.verdict import NOT_JUDGED
from autograder.rules.grade import EXCUSED, MISSING, Grade, grade, items_of
from autograder.rules.terms import Terms
from toolbox.checks.misconceptions import CATALOGUE

# What an item's status means for a reader, and its sign: colour alone does not tell everyone.
STATUSES = {
    "passed": ("right", "✓"),
    "partial": ("partly right", "◐"),
    "followed": ("a mistake counted before", "↪"),
    "failed": ("wrong", "✗"),
    "missing": ("not there", "–"),
    "timeout": ("timeout", "T"),
    "memory": ("too much memory", "M"),
    "crashed": ("crashed", "!"),
    "forbidden": ("not allowed", "⊘"),
    "malformed": ("not a usable answer", "?"),
    "not judged": ("not judged", "…"),
}
RAISED = "your code raised "  # how toolbox.calling.calls begins such a message
CAUSES = ("not judged", "forbidden", "timeout", "memory", "crashed", "malformed", "missing")


SHARED = {  # what keeps a module from loading, in words for a class
    "import": "import {about}, which is not there",
    "python": "need Python {about}",
    "syntax": "do not parse: {about}",
    "input": "ask for input",
    "timeout": "hang when they are loaded",
    "crashed": "end their process when they are loaded",
    "raised": "raise {about} when they are loaded",
}


@dataclass
class Row:
    """One student.

    score: the grade's, or where it has none, what is known so far. items: the verdict's that count, as the grade has
    them. received: when it came, ISO 8601, None where nobody wrote it down. causes: how many items by cause.
    misconceptions: ids, the one seen on most items first. raised: the exception that their code raised in most items,
    '' where there was none. open: why nothing, or not everything, is judged, '' where all is. left_out: statements of
    modules that do not load. suspicions: what in the source is worth a look. penalty: points that lateness costs.
    waiting: a person has still to look. excused: whether it counts for nothing.
    """

    student: str
    score: float
    max_score: float
    late_seconds: int
    intake: dict
    items: dict[str, dict]
    causes: Counter
    misconceptions: list[str]
    raised: str = ""
    received: str | None = None
    open: str = ""
    left_out: list[dict] = field(default_factory=list)
    suspicions: list[dict] = field(default_factory=list)
    penalty: float = 0.0
    waiting: bool = False
    excused: bool = False

    @property
    def share(self) -> float:
        return self.score / self.max_score if self.max_score else 0.0


@dataclass
class Summary:
    """A class. items: id -> mean share of the points, refused hand-ins left out.

    misconceptions: (id, students, items), most frequent first. missing: who handed nothing in; excused: who need not.
    """

    assignment: str
    rows: list[Row]
    items: dict[str, float] = field(default_factory=dict)
    misconceptions: list[tuple[str, list[str], list[str]]] = field(default_factory=list)
    histogram: list[int] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)

    @property
    def max_score(self) -> float:
        return max((row.max_score for row in self.rows), default=0.0)

    @property
    def mean(self) -> float:
        return mean(row.score for row in self._scored) if self._scored else 0.0

    @property
    def median(self) -> float:
        return median(row.score for row in self._scored) if self._scored else 0.0

    @property
    def _scored(self) -> list[Row]:
        """Who has a score: all but those of whom nothing is judged, and those who are excused."""
        return [row for row in self.rows if row.items and not row.excused]

    def with_intake(self, *statuses: str) -> list[Row]:
        return [row for row in self.rows if row.intake.get("status") in statuses]

    @property
    def late(self) -> list[Row]:
        return [row for row in self.rows if row.late_seconds > 0]

    @property
    def open(self) -> list[Row]:
        """Who is not judged to the end; that is not their fault."""
        return [row for row in self.rows if row.open]

    @property
    def shared(self) -> list[tuple[str, list[str]]]:
        """(what, students) for each reason that keeps modules of two or more hand-ins from loading, most first."""
        seen: dict[str, dict[str, None]] = defaultdict(dict)
        for row in self.rows:
            for note in row.left_out:
                seen[SHARED.get(note["code"], "{about}").format(about=note["about"])][row.student] = None
        several = [(what, list(students)) for what, students in seen.items() if len(students) > 1]
        return sorted(several, key=lambda entry: (-len(entry[1]), entry[0]))


def summarise(assignment: str, verdicts: list[dict], grades: Iterable[Grade] = ()) -> Summary:
    """Put the verdicts of one assignment together, students by name. grades: of the class, who handed nothing in with
    them; a verdict without a grade counts by itself.
    """
    known_as = {grade.student: grade for grade in grades}
    ordered = sorted(verdicts, key=lambda verdict: verdict["student"])
    rows = [row_of(verdict, known_as.get(verdict["student"])) for verdict in ordered]
    summary = Summary(assignment, rows)
    absent = [grade for grade in known_as.values() if grade.student not in {row.student for row in rows}]
    summary.missing = [grade.student for grade in absent if grade.status == MISSING]
    summary.excused = [grade.student for grade in known_as.values() if grade.status == EXCUSED]
    ids = list(dict.fromkeys(name for row in rows for name in row.items))
    judged = [row for row in rows if row.intake.get("status") != "refused"] or rows  # a refusal says nothing of an item
    for name in ids:
        known = [row.items[name] for row in judged if name in row.items and row.items[name]["score"] is not None]
        summary.items[name] = mean([share_of(item) for item in known] or [0.0])
    seen: dict[str, tuple[dict, dict]] = defaultdict(lambda: ({}, {}))
    for row in rows:
        for name, item in row.items.items():
            for misconception in first_guesses(item):
                students, items = seen[misconception]
                students[row.student] = items[name] = None
    ranked = sorted(seen.items(), key=lambda entry: (-len(entry[1][0]), -len(entry[1][1]), entry[0]))
    summary.misconceptions = [(name, list(students), list(items)) for name, (students, items) in ranked]
    summary.histogram = [0] * 10
    for row in rows:
        if not row.excused:
            summary.histogram[max(0, min(9, int(row.share * 10)))] += 1
    return summary


def row_of(verdict: dict, own: Grade | None = None) -> Row:
    """One verdict as a row of the class. own: its grade; None: by the verdict alone."""
    own = own or grade(verdict, {}, Terms())
    items = {item["id"]: item for item in items_of(verdict, own)}
    causes: Counter = Counter()
    guesses: Counter = Counter()
    raised: Counter = Counter()
    for item in items.values():
        found = {item["status"], *(test["status"] for test in item["tests"])} & set(CAUSES)
        causes.update(cause for cause in CAUSES if cause in found)
        guesses.update(first_guesses(item))
        messages = [part["detail"] or part["message"] for part in (item, *item["tests"])]
        raised.update({message for message in messages if message.startswith(RAISED)})
    return Row(
        student=verdict["student"],
        score=(own.raw_score or 0.0) if own.score is None else own.score,
        max_score=own.max_score,
        late_seconds=own.late_seconds,
        intake=verdict["intake"],
        items=items,
        causes=causes,
        misconceptions=[name for name, _ in guesses.most_common()],
        raised=min(raised, key=lambda message: (-raised[message], message)).removeprefix("your code ")
        if raised
        else "",
        received=verdict["hand_in"].get("received"),
        open=_open(verdict, items.values()),
        left_out=verdict["left_out"],
        suspicions=verdict.get("suspicions", []),
        penalty=own.penalty,
        waiting=own.waiting,
        excused=own.status == EXCUSED,
    )


def _open(verdict: dict, items: Iterable[dict]) -> str:
    if verdict["status"] == NOT_JUDGED:
        return verdict["message"]
    items = [item for item in items if item["score"] is None]
    return "; ".join(f"{item['id']}: {item['detail'] or item['message']}" for item in items)


def first_guesses(item: dict) -> list[str]:
    """The likeliest misconception of each failed test of an item, each once."""
    return list(dict.fromkeys(test["diagnosis"][0] for test in item["tests"] if test["diagnosis"]))


def share_of(item: dict) -> float:
    """The share of an item's points that were earned."""
    return (item["score"] or 0.0) / item["max_score"] if item["max_score"] else 0.0


def name_of(misconception: str) -> str:
    known = CATALOGUE.get(misconception)
    return known.name if known else misconception


def duration(seconds: int) -> str:
    """A length of time in words a person uses: '2 d 3 h', '5 h 10 min', '40 s'."""
    days, rest = divmod(int(seconds), 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{value} {unit}" for value, unit in ((days, "d"), (hours, "h"), (minutes, "min"), (left, "s")) if value]
    return " ".join(parts[:2]) or "0 s"


def cause_words(causes: Counter, total: int) -> str:
    """'timeout (1), not there (4)'; a cause of every item is said once for all."""
    words = []
    for cause, count in causes.items():
        words.append(f"{STATUSES[cause][0]} ({'all' if total and count == total else count})")
    return ", ".join(words)
