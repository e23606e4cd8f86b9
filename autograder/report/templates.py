"""What the report's pages share: jinja2 that escapes every string, the colours of a score, files written whole."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.files import write_atomically
from autograder.report import policy
from autograder.report.summary import STATUSES, cause_words, duration, name_of, share_of
from autograder.report.terminal import what_happened
from toolbox.checks.prose import prose
from toolbox.checks.visible import visible


@cache
def environment() -> Environment:
    """Templates of this folder; no string in them becomes markup, and no character of it is invisible."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        finalize=lambda value: visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )  # fmt: skip
    made.filters["prose"] = lambda text: Markup(prose(text))
    made.globals.update(
        statuses=STATUSES, name_of=name_of, duration=duration, cause_words=cause_words, what_happened=what_happened,
        level=level, share=share_of, reasons=reasons, sign=sign, policy=policy.meta(),
    )  # fmt: skip
    return made


def write_page(page: Path, text: str) -> Path:
    """Write a page so that a reader sees the old one or the new one; returns its path."""
    return write_atomically(page, text.encode("utf-8", "replace"))


def level(value: float) -> int:
    """A share of the points as one of six colours, 0 for none and 5 for all."""
    return 5 if value >= 0.999 else min(4, int(value * 4) + 1) if value > 0 else 0


def sign(status: str) -> Markup:
    """The sign of a status, and its words for those who hear the page."""
    words, mark = STATUSES[status]
    return Markup('<span aria-hidden="true">{}</span><span class="away">{}</span>').format(mark, words)


def reasons(item: dict) -> str:
    """What a reader sees on pointing at a cell: score, status, the first message and the misconceptions."""
    words = [f"{item['id']}: {item['score'] or 0:g} of {item['max_score']:g}, {STATUSES[item['status']][0]}"]
    guesses = dict.fromkeys(name for test in item["tests"] for name in test["diagnosis"][:1])
    words += [name_of(name) for name in guesses]
    if item["status"] != "passed" and item["message"]:
        words.append((item["detail"] or item["message"])[:200])
    return " · ".join(words)
