"""Show the results of tests as a table: HTML for notebooks and feedback pages, plain text for terminals.

Everything that may come from a student (names, messages, values) is escaped, with its invisible characters written out.
Styles stand inline, so that the table looks the same in JupyterLab, in nbgrader's feedback page and in formgrader.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from html import escape

from toolbox.checks.items import TestResult
from toolbox.checks.misconceptions import CATALOGUE, Misconception
from toolbox.checks.prose import prose
from toolbox.checks.visible import visible

GREEN, RED, GREY = "#1a7f37", "#b42318", "#57606a"
HEAT = {"0": "#e4e7eb", "1": "#f6c98f", "2": "#e3742f", "3": "#8c1d18"}  # right, off by little, off, far off
HEAD = "padding:2px 10px;text-align:left;font-weight:400"
CELL = "padding:4px 10px;text-align:left;vertical-align:top;border-top:1px solid #d0d7de"
COUNTS = f"{CELL};text-align:right;color:{GREY}"
HINT = "margin:6px 0;padding:6px 10px;background:#fff8e6;border-left:4px solid #d4a72c;font-size:13px;max-width:70em"
STATUS_WORDS = {
    "passed": "right",
    "failed": "wrong",
    "missing": "not written yet",
    "timeout": "timeout",
    "memory": "needed too much memory",
    "crashed": "ended the process that ran it",
    "not judged": "not judged: this is not your fault, and costs nothing",
    "forbidden": "not allowed",
    "malformed": "not a usable answer",
    "interrupted": "not run: you interrupted the check",
}
# By shape, not by colour alone: right, still to be written, wrong, nothing known.
SIGNS = {"passed": ("✓", GREEN), "missing": ("○", GREY), "interrupted": ("–", GREY), "not judged": ("–", GREY)}
WRONG = ("✗", RED)
PRE = "margin:4px 0 0;padding:4px 8px;background:#f6f8fa;font-size:12px;white-space:pre-wrap"
PRE += ";word-break:normal;overflow-wrap:anywhere"  # JupyterLab would cut a number in two


@dataclass(frozen=True)
class Aside:
    """What a check at the keyboard tells beside its outcome. paste: lines that make the same call in a cell. note: what
    to know of an answer that passes.
    """

    paste: tuple[str, ...] = ()
    note: str = ""


@dataclass
class Report:
    """The results of one item's tests, as IPython and a terminal show them.

    asides: by the name of a test. known: the notebooks that one has read so far; None: all. broken: what keeps the code
    from being run at all, told in place of the table.
    """

    item: str
    results: list[TestResult]
    score: float | None = None
    max_score: float | None = None
    asides: dict[str, Aside] = field(default_factory=dict)
    known: frozenset[str] | None = None
    broken: str = ""

    @property
    def passed(self) -> bool:
        return not self.broken and all(result.status == "passed" for result in self.results)

    @property
    def begun(self) -> bool:
        """Whether anything of the item is written."""
        return bool(self.broken) or any(result.status != "missing" for result in self.results)

    def _points(self) -> list[str]:
        """The points that each check counts, in words; "" where no marks are given."""
        whole = sum(result.share for result in self.results)
        if self.score is None or not self.max_score or not whole:
            return [""] * len(self.results)
        return [f"{round(self.max_score * result.share / whole, 2):g}" for result in self.results]

    def _headline(self) -> str:
        counts = Counter(result.status for result in self.results)
        right, missing = counts["passed"], counts["missing"]
        wrong = len(self.results) - right - missing - counts["interrupted"] - counts["not judged"]
        line = f"{self.item}: {right} of {len(self.results)} checks right"
        if self.broken:
            line = f"{self.item}: not checked"
        elif missing == len(self.results):
            line = f"{self.item}: not written yet"
        elif missing:
            line += f", {wrong} wrong, {missing} not written yet"
        if self.score is not None:
            line += f" · {self.score:g} of {self.max_score:g} points"
        return visible(line)

    def _reread(self, guess: Misconception) -> str:
        """Where to read again; "" where it would point ahead."""
        if self.known is not None and guess.notebook not in self.known:
            return ""
        return f"Reread: {guess.reread}."

    def _repr_html_(self) -> str:
        colour = GREEN if self.passed else RED if self.begun else GREY
        points = self._points()
        rows = "".join(
            _html_row(result, counts, self.asides.get(result.name, Aside()))
            for result, counts in zip(self.results, points, strict=True)
        )
        names = ["result", "checked", "what came out", *(["points"] if any(points) else [])]
        head = "".join(f'<th scope="col" style="{HEAD}">{name}</th>' for name in names)
        table = (
            f'<table style="border-collapse:collapse;font-size:13px"><tr style="color:{GREY}">{head}</tr>{rows}</table>'
        )
        hints = "".join(
            f'<div style="{HINT}"><b>This looks like: {prose(guess.name)}.</b><br>{prose(guess.hint)} '
            f'<span style="color:{GREY}">{prose(self._reread(guess))}</span>'
            f'<div style="margin-top:4px">A small example: {prose(guess.worked)}</div></div>'
            for guess in guesses(self.results)
        )
        return (
            f'<div style="border-left:4px solid {colour};padding-left:10px;margin:4px 0;color:#1f2328;background:#fff">'
            f'<div style="font-weight:600;color:{colour}">{escape(self._headline())}</div>'
            f"{f'<pre style={chr(34)}{PRE}{chr(34)}>{escape(visible(self.broken))}</pre>' if self.broken else table}"
            f"{hints}</div>"
        )

    def __repr__(self) -> str:
        lines = [self._headline()]
        if self.broken:
            return "\n".join([*lines, *(f"  {line}" for line in visible(self.broken).splitlines())])
        for result in self.results:
            aside = self.asides.get(result.name, Aside())
            lines.append(f"  {SIGNS.get(result.status, WRONG)[0]} {visible(result.sentence)}")
            lines += [f"      {line}" for line in _details(result, aside)]
            if aside.paste:
                lines += ["      try it:", *(f"        {line}" for line in aside.paste)]
        for guess in guesses(self.results):
            lines += [f"  This looks like: {guess.name}.", f"    {guess.hint} {self._reread(guess)}".rstrip()]
            lines.append(f"    A small example: {guess.worked}")
        return "\n".join(lines)


def _html_row(result: TestResult, points: str, aside: Aside) -> str:
    sign, colour = SIGNS.get(result.status, WRONG)
    meaning = STATUS_WORDS.get(result.status, "wrong")
    mark = f'<span role="img" aria-label="{meaning}" style="color:{colour}">{sign}</span>'
    hidden = f' <span style="color:{GREY}">(in grading)</span>' if result.hidden else ""
    counts = f'<td style="{COUNTS}">{points}</td>' if points else ""
    details = "".join(f"<div>{prose(line)}</div>" for line in _details(result, aside))
    if unexplained(result) and result.evidence and result.evidence.get("map"):
        details += _heat_map(result.evidence["map"])
    if aside.paste:
        code = escape("\n".join(aside.paste))
        details += f'<div style="margin-top:4px;color:{GREY}">try it:</div><pre style="{PRE}">{code}</pre>'
    return (
        f'<tr><td style="{CELL}">{mark}</td><td style="{CELL}">{prose(result.sentence)}{hidden}</td>'
        f'<td style="{CELL}">{details or "right"}</td>{counts}</tr>'
    )


def _details(result: TestResult, aside: Aside) -> list[str]:
    """The lines beside a test: what happened, and the shapes. The message names the worst entry itself."""
    if result.status == "passed":
        return [visible(aside.note)] if aside.note else []
    lines = [result.message or STATUS_WORDS.get(result.status, result.status)]
    if result.follows:
        lines.append(f"the same mistake as in {result.follows}, where it has cost its marks: none are lost here")
    evidence = {} if result.hidden else result.evidence or {}  # shapes and numbers of hidden inputs stay hidden
    if evidence.get("shape_yours") or evidence.get("shape_true"):  # of a number there is nothing to say
        yours, true = _shape(evidence["shape_yours"]), _shape(evidence["shape_true"])
        lines.append(f"shape {yours}, as it should be" if yours == true else f"shape: yours {yours}, true {true}")
    if unexplained(result):
        lines.append(_pattern_words(evidence))
    return [visible(line) for line in lines]


def unexplained(result: TestResult) -> bool:
    """Whether an answer is wrong and no known mistake explains it."""
    return result.status == "failed" and not result.diagnosis and bool(result.evidence) and not result.hidden


def _pattern_words(evidence: dict) -> str:
    """What can be said of a mistake without a name."""
    ratio = evidence.get("ratio")
    if not isinstance(ratio, int | float) or f"{ratio:.4g}" in ("1", "0", "-0"):
        return "no known mistake explains this"
    alone = (
        evidence.get("wrong_entries") == 1
    )  # one number has always one ratio: it tells something where it is a plain one
    plain = math.isclose(ratio, Fraction(ratio).limit_denominator(12), rel_tol=1e-4)
    if alone and not plain:
        return "no known mistake explains this"
    everywhere = "" if alone else " wherever it is wrong"
    return f"no known mistake explains this; yours is {ratio:.4g} times the truth{everywhere}"


def _heat_map(rows: list[str]) -> str:
    """Where a tensor is wrong, one field an entry (or several, in a large one)."""
    wide, tall, side = max(map(len, rows)), len(rows), 11
    fields = "".join(
        f'<rect x="{x * side}" y="{y * side}" width="{side - 1}" height="{side - 1}" fill="{HEAT[digit]}"/>'
        for y, row in enumerate(rows)
        for x, digit in enumerate(row)
        if digit in HEAT
    )
    return (
        f'<div style="margin-top:4px"><svg width="{wide * side}" height="{tall * side}" role="img" '
        f'aria-label="where it is wrong">{fields}</svg><div style="font-size:11px;color:{GREY}">'
        f"where it is wrong: grey is right, the darker the further off; {_map_words(rows)}</div></div>"
    )


def _map_words(rows: list[str]) -> str:
    """The map for those who do not see it: how many fields are wrong, and in which rows and columns, counted from 0."""
    wrong = [(y, x) for y, row in enumerate(rows) for x, digit in enumerate(row) if digit in HEAT and digit != "0"]
    total = sum(digit in HEAT for row in rows for digit in row)
    if len(wrong) == total:
        return "every field is wrong"
    parts = [("row", sorted({y for y, _ in wrong}), len(rows)), ("column", sorted({x for _, x in wrong}), len(rows[0]))]
    said = []
    for name, places, most in parts:
        if len(places) < most:
            said.append(
                f"{name}{'s' if len(places) > 1 else ''} {', '.join(map(str, places[:8]))}{', …' * (len(places) > 8)}"
            )
    return f"{len(wrong)} of {total} fields are wrong{', in ' if said else ''}{' and '.join(said)}"


def guesses(results: list[TestResult]) -> list[Misconception]:
    """What the failures look like: the first guess of each test, the most frequent one first, each once."""
    counts = Counter(result.diagnosis[0] for result in results if result.diagnosis)
    return [CATALOGUE[name] for name, _ in counts.most_common() if name in CATALOGUE]


def _shape(shape: list[int]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
