"""Show the results of tests as a table: HTML for notebooks and feedback pages, plain text for terminals.

Everything that may come from a student (names, messages, values) is escaped. Styles stand inline, so that the table
looks the same in JupyterLab, in nbgrader's feedback page and in formgrader.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from toolbox.items import TestResult

GREEN, RED, GREY = "#1a7f37", "#b42318", "#57606a"
CELL = "padding:4px 10px;text-align:left;vertical-align:top;border-top:1px solid #d0d7de"
STATUS_WORDS = {
    "passed": "right",
    "failed": "wrong",
    "missing": "not written yet",
    "timeout": "took too long",
    "memory": "needed too much memory",
    "crashed": "crashed",
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

    def _headline(self) -> str:
        right = sum(result.status == "passed" for result in self.results)
        line = f"{self.item}: {right} of {len(self.results)} checks right"
        if self.score is not None:
            line += f" · {self.score:g} of {self.max_score:g} points"
        return line

    def _repr_html_(self) -> str:
        colour = GREEN if self.passed else RED
        rows = "".join(_html_row(result) for result in self.results)
        return (
            f'<div style="border-left:4px solid {colour};padding-left:10px;margin:4px 0;color:#1f2328;background:#fff">'
            f'<div style="font-weight:600;color:{colour}">{escape(self._headline())}</div>'
            f'<table style="border-collapse:collapse;font-size:13px">{rows}</table></div>'
        )

    def __repr__(self) -> str:
        lines = [self._headline()]
        for result in self.results:
            lines.append(f"  {'✓' if result.status == 'passed' else '✗'} {result.sentence}")
            lines += [f"      {line}" for line in _details(result)]
        return "\n".join(lines)


def _html_row(result: TestResult) -> str:
    good = result.status == "passed"
    mark = f'<span style="color:{GREEN if good else RED}">{"✓" if good else "✗"}</span>'
    note = f' <span style="color:{GREY}">(in grading)</span>' if result.hidden else ""
    details = "".join(f"<div>{escape(line)}</div>" for line in _details(result))
    return (
        f'<tr><td style="{CELL}">{mark}</td><td style="{CELL}">{escape(result.sentence)}{note}</td>'
        f'<td style="{CELL}">{details or "right"}</td></tr>'
    )


def _details(result: TestResult) -> list[str]:
    """The lines below a failed test: what happened, the evidence, what it looks like."""
    if result.status == "passed":
        return []
    from toolbox.misconceptions import CATALOGUE

    lines = [result.message or STATUS_WORDS.get(result.status, result.status)]
    lines += evidence_lines(result.evidence)
    for name in result.diagnosis[:2]:
        known = CATALOGUE.get(name)
        if known is not None:
            lines.append(f"This looks like: {known.name}.")
            lines.append(f"Hint: {known.hint} (Reread: {known.section}.)")
    return lines


def evidence_lines(evidence: dict | None) -> list[str]:
    """Shapes, the worst entry and the relative error, a line each, where the evidence has them."""
    if not evidence:
        return []
    lines = []
    if evidence.get("shape_yours") is not None and evidence.get("shape_yours") != evidence.get("shape_true"):
        lines.append(f"shape: yours {_shape(evidence['shape_yours'])}, true {_shape(evidence['shape_true'])}")
    if worst := evidence.get("worst"):
        where = f"[{', '.join(map(str, worst['index']))}]" if worst["index"] else ""
        lines.append(
            f"worst entry {evidence.get('name', '')}{where}: yours {_number(worst['yours'])}, "
            f"true {_number(worst['true'])}"
        )
    if evidence.get("relative_error") is not None:
        line = f"relative error {_number(evidence['relative_error'])}"
        if evidence.get("wrong_entries") is not None:
            line += f"; {evidence['wrong_entries']} of {evidence['entries']} entries are off"
        lines.append(line)
    return lines


def _shape(shape: list[int]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _number(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)
