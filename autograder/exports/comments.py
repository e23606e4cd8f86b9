"""The short comment that a student reads beside the grade in the LMS: total, lateness, and where marks were lost.

Plain text in lines, made from the verdict and from what a person wrote in formgrader. What a student wrote may stand in
a message, so the HTML form escapes everything.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from autograder.exports import numbers

OPENING = "Graded work, "  # by this an export knows its own comments from those of a person
LONGEST = 300  # characters of one message


def compose(
    assignment: str,
    total: float,
    max_score: float,
    *,
    late_seconds: int = 0,
    penalty: float = 0.0,
    waiting: bool = False,
    intake: str = "",
    items: list[dict] | None = None,
    remarks: Mapping[str, str] | None = None,
) -> str:
    """The comment on one hand-in.

    waiting: a written answer is still to be marked. intake: why it could not be read. items:
    the verdict's. remarks: what a person wrote, by cell.
    """
    lines = [f"{OPENING}{assignment}: {numbers.write(total)} of {numbers.write(max_score)} points."]
    if late_seconds > 0:
        taken = f", {numbers.write(penalty)} points taken off" if penalty else ""
        lines.append(f"Late by {in_words(late_seconds)}{taken}.")
    if waiting:
        lines.append("Written answers are still to be marked.")
    if intake:
        lines.append(_short(intake))
    for item in [] if intake else items or []:
        if item["score"] is not None and item["score"] < item["max_score"]:
            marks = f"{numbers.write(item['score'])} of {numbers.write(item['max_score'])}"
            lines.append(f"{item['id']}: {marks}. {_short(item['message'])}".rstrip())
    lines += [f"{cell}: {_short(text)}" for cell, text in (remarks or {}).items() if text.strip()]
    return "\n".join(lines)


def in_words(seconds: int) -> str:
    """A length of time by its two largest units: '2 d 3 h', '40 s'."""
    parts = []
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        parts += [f"{count} {unit}"] if count else []
    return " ".join(parts[:2]) or "0 s"


def as_html(comment: str) -> str:
    """The comment as one paragraph of HTML, without line breaks of its own."""
    return "<p>" + "<br>".join(html.escape(line) for line in comment.splitlines()) + "</p>" if comment else ""


def as_text(text: str) -> str:
    """What a cell with HTML, or with plain text, says: no tags, no entities, one blank for all white space."""
    return " ".join(html.unescape(re.sub(r"<[^<>]*>", " ", text)).split())


def is_ours(text: str) -> bool:
    """Whether an export of the kit has written this comment."""
    return as_text(text).startswith(OPENING)


def _short(text: str) -> str:
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in str(text)).split())
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 3] + "..."
