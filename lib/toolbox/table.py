"""Show the results of tests as a table: HTML for notebooks and feedback pages, plain text for terminals.

Everything that may come from a student (names, messages, values) is escaped, with its invisible characters written out.
Styles stand inline, so that the table looks the same in JupyterLab, in nbgrader's feedback page and in formgrader.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html import escape

from toolbox.items import TestResult
from toolbox.misconceptions import CATALOGUE, Misconception
from toolbox.visible import visible

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
}


@dataclass
class Report:
    """The results of one item's tests, as IPython and a terminal show them."""

    item: str
    results: list[TestResult]
    score: float | None = None
    max_score: float | None = None

    @property
    def passed(self) -> bool:
        return all(result.status == "passed" for result in self.results)

    def _points(self) -> list[str]:
        """The points that each check counts, in words; "" where no marks are given."""
        whole = sum(result.share for result in self.results)
        if self.score is None or not self.max_score or not whole:
            return [""] * len(self.results)
        return [f"{round(self.max_score * result.share / whole, 2):g}" for result in self.results]

    def _headline(self) -> str:
        right = sum(result.status == "passed" for result in self.results)
        line = f"{self.item}: {right} of {len(self.results)} checks right"
        if self.score is not None:
            line += f" · {self.score:g} of {self.max_score:g} points"
        return visible(line)

    def _repr_html_(self) -> str:
        colour = GREEN if self.passed else RED
        points = self._points()
        rows = "".join(_html_row(result, counts) for result, counts in zip(self.results, points, strict=True))
        names = ["result", "checked", "what came out", *(["points"] if any(points) else [])]
        head = "".join(f'<th scope="col" style="{HEAD}">{name}</th>' for name in names)
        hints = "".join(
            f'<div style="{HINT}"><b>This looks like: {escape(guess.name)}.</b><br>{escape(guess.hint)} '
            f'<span style="color:{GREY}">Reread: {escape(guess.reread)}.</span>'
            f'<div style="margin-top:4px">Made small: {escape(guess.worked)}</div></div>'
            for guess in guesses(self.results)
        )
        return (
            f'<div style="border-left:4px solid {colour};padding-left:10px;margin:4px 0;color:#1f2328;background:#fff">'
            f'<div style="font-weight:600;color:{colour}">{escape(self._headline())}</div>'
            f'<table style="border-collapse:collapse;font-size:13px"><tr style="color:{GREY}">{head}</tr>{rows}</table>'
            f"{hints}</div>"
        )

    def __repr__(self) -> str:
        lines = [self._headline()]
        for result in self.results:
            lines.append(f"  {'✓' if result.status == 'passed' else '✗'} {visible(result.sentence)}")
            lines += [f"      {line}" for line in _details(result)]
        for guess in guesses(self.results):
            lines += [f"  This looks like: {guess.name}.", f"    {guess.hint} Reread: {guess.reread}."]
            lines.append(f"    Made small: {guess.worked}")
        return "\n".join(lines)


def _html_row(result: TestResult, points: str) -> str:
    good = result.status == "passed"
    mark = (
        f'<span role="img" aria-label="{"right" if good else STATUS_WORDS.get(result.status, "wrong")}" '
        f'style="color:{GREEN if good else RED}">{"✓" if good else "✗"}</span>'
    )
    note = f' <span style="color:{GREY}">(in grading)</span>' if result.hidden else ""
    counts = f'<td style="{COUNTS}">{points}</td>' if points else ""
    details = "".join(f"<div>{escape(line)}</div>" for line in _details(result))
    if unexplained(result) and result.evidence and result.evidence.get("map"):
        details += _heat_map(result.evidence["map"])
    return (
        f'<tr><td style="{CELL}">{mark}</td><td style="{CELL}">{escape(visible(result.sentence))}{note}</td>'
        f'<td style="{CELL}">{details or "right"}</td>{counts}</tr>'
    )


def _details(result: TestResult) -> list[str]:
    """The lines beside a failed test: what happened, and the shapes. The message names the worst entry itself."""
    if result.status == "passed":
        return []
    lines = [result.message or STATUS_WORDS.get(result.status, result.status)]
    if result.follows:
        lines.append(f"the same mistake as in {result.follows}, where it has cost its marks: none are lost here")
    evidence = {} if result.hidden else result.evidence or {}  # shapes and numbers of hidden inputs stay hidden
    if evidence.get("shape_yours") is not None:
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
    if isinstance(ratio, int | float) and f"{ratio:.4g}" not in ("1", "0", "-0"):
        return f"no known mistake explains this; yours is {ratio:.4g} times the truth wherever it is wrong"
    return "no known mistake explains this"


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
