"""The class report as one HTML file: no network, no scripts, readable on a phone and in the dark.

Steps: summarise the verdicts; draw the histogram as SVG; fill `page.html` with jinja2, which escapes every string;
write the file whole.
"""

from __future__ import annotations

import os
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.report.summary import STATUSES, Summary, cause_words, duration, name_of, summarise
from autograder.report.terminal import what_happened


def write_report(root: Path, assignment: str, verdicts: list[dict] | None, out: Path) -> Path:
    """Write the report of one assignment and return its path.

    verdicts: as read from classroom/verdicts/<assignment>/, None to read them there. out: the page, or a folder for it.
    """
    if verdicts is None:
        from autograder.verdict import read_all

        verdicts = read_all(Path(root) / "classroom", assignment)
    out = Path(out)
    page = out if out.suffix == ".html" else out / f"{assignment}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    draft = page.with_name(f".{page.name}.{os.getpid()}.new")
    draft.write_text(render(summarise(assignment, verdicts)), encoding="utf-8", errors="replace")
    os.replace(draft, page)
    return page


def render(summary: Summary) -> str:
    """The page's HTML."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.globals.update(
        statuses=STATUSES, name_of=name_of, duration=duration, cause_words=cause_words, what_happened=what_happened
    )
    return environment.get_template("page.html").render(
        summary=summary, histogram=histogram(summary.histogram), level=level, share=share, reasons=reasons
    )


def share(item: dict) -> float:
    return item["score"] / item["max_score"] if item["max_score"] else 0.0


def level(value: float) -> int:
    """A share of the points as one of six colours, 0 for none and 5 for all."""
    return 5 if value >= 0.999 else min(4, int(value * 4) + 1) if value > 0 else 0


def reasons(item: dict) -> str:
    """What a reader sees on pointing at a cell: score, status, the first message and the misconceptions."""
    words = [f"{item['id']}: {item['score']:g} of {item['max_score']:g}, {STATUSES[item['status']][0]}"]
    guesses = dict.fromkeys(name for test in item["tests"] for name in test["diagnosis"][:1])
    words += [name_of(name) for name in guesses]
    if item["status"] != "passed" and item["message"]:
        words.append(item["message"][:200])
    return " · ".join(words)


def histogram(counts: list[int]) -> Markup:
    """How many students by tenths of the points, as SVG. Only numbers go in, so it may stand unescaped."""
    width, height, most = 320, 110, max([*counts, 1])
    step = width / len(counts)
    parts = []
    for place, count in enumerate(counts):
        tall = 70 * count / most
        x, y = place * step + 2, 85 - tall
        parts.append(f'<rect class="bar" x="{x:.1f}" y="{y:.1f}" width="{step - 4:.1f}" height="{tall:.1f}" rx="2"/>')
        if count:
            parts.append(f'<text x="{x + step / 2 - 2:.1f}" y="{y - 4:.1f}" text-anchor="middle">{count:d}</text>')
    for place in range(0, 11, 2):
        anchor = "start" if place == 0 else "end" if place == 10 else "middle"
        parts.append(f'<text x="{place * step:.1f}" y="102" text-anchor="{anchor}">{place * 10}%</text>')
    return Markup(
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Students by share of the points">'
        f'<line class="axis" x1="0" y1="85.5" x2="{width}" y2="85.5"/>{"".join(parts)}</svg>'
    )
