"""From a verdict to the `results.json` that Gradescope reads: a test for each item, and its hidden checks apart.

The numbers are the grade's, by the rules of the class: points that they change, items that they drop, what lateness
costs. An item's test holds its score and what its public checks found; its hidden checks are a test of their own,
without a score, which students see when the instructor wants them to. An item that is not judged has no score either:
Gradescope counts nothing for it, and says so first. No source and no seed of a check is in either: a check's sentence,
whether it holds, the message and the hint. Everything that may come from a student is escaped, and the HTML uses no
more than paragraphs, lists and emphasis, which a sanitiser leaves alone.
"""

from __future__ import annotations

from datetime import timedelta
from html import escape

from autograder.rules.grade import EXCUSED, Grade, items_of
from toolbox.checks.misconceptions import CATALOGUE

VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")
LONGEST = 400  # characters of one message
REFUSED = "The hand-in could not be read"
OPEN = "Not judged"
OPEN_MEANS = "The autograder is at fault, not you. A person gives these points."


def results_of(verdict: dict, own: Grade, titles: dict[str, str], *, hidden: str, seconds: float) -> dict:
    """The content of results.json.

    own: the grade, by the verdict and the rules. titles: item -> the heading it stands under in the notebook. hidden:
    when students see what hidden checks found, one of VISIBILITIES. seconds: what judging took. The score is the sum of
    the items, in points, less what lateness costs.
    """
    tests = []
    items = items_of(verdict, own)
    for number, item in enumerate(items, start=1):
        public = [test for test in item["tests"] if not test["hidden"]]
        named = {
            "name": f"{item['id']}: {titles[item['id']]}" if titles.get(item["id"]) else item["id"],
            "name_format": "text",
            "number": str(number),
            "output_format": "html",
            "visibility": "visible",
        }
        if item["score"] is None:
            tests.append(named | {"output": f"<p><strong>{OPEN}.</strong> {OPEN_MEANS}</p>"})
            continue
        tests.append(named | {
            "score": item["score"],
            "max_score": item["max_score"],
            "status": "passed" if item["score"] == item["max_score"] else "failed",
            "output": _public(item, public),
        })  # fmt: skip
        if concealed := [test for test in item["tests"] if test["hidden"]]:
            tests.append({
                "name": f"{item['id']}: hidden checks",
                "name_format": "text",
                "number": f"{number}.1",
                "status": "passed" if all(_holds(test) for test in concealed) else "failed",
                "output": _checks(concealed),
                "output_format": "html",
                "visibility": hidden,
            })  # fmt: skip
    return {
        "score": round(max(0.0, (own.auto_score or 0.0) - own.penalty), 2),
        "execution_time": round(seconds, 1),
        "output": _whole(verdict, items, own),
        "output_format": "html",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def _whole(verdict: dict, items: list[dict], own: Grade) -> str:
    """What is to say about the hand-in as a whole."""
    intake = verdict["intake"]
    if intake["status"] == "refused":
        return f"<p><strong>{REFUSED}:</strong> {_text(intake['message'])}</p>"
    lines = [f"{OPEN}: {item['id']}. {OPEN_MEANS}" for item in items if item["score"] is None]
    lines += [f"{own.auto_score or 0:g} of {own.max_auto_score or 0:g} points from automatic checks."]
    if own.late_seconds:
        taken = f": {own.penalty:g} points are taken off" if own.penalty else ""
        lines += [f"Late by {timedelta(seconds=own.late_seconds)}{taken}."]
    if own.status == EXCUSED:
        lines += ["You are excused from this assignment: it does not count for you."]
    lines += [repair["message"] for repair in intake["repairs"]]
    return "".join(f"<p>{_text(line)}</p>" for line in lines)


def _public(item: dict, tests: list[dict]) -> str:
    parts = []
    if item["status"] != "passed" and not tests:
        parts.append(f"<p>{_text(item['message'])}</p>")
    others = len(item["tests"]) - len(tests)
    parts.append(_checks(tests))
    if others:
        words = "checks count" if others > 1 else "check counts"
        parts.append(f"<p>{others} hidden {words} towards the score, too.</p>")
    return "".join(parts)


def _checks(tests: list[dict]) -> str:
    """One line for each check, and a hint for each mistake that was recognised."""
    lines, hints = [], {}
    for test in tests:
        mark = "✓ right" if test["status"] == "passed" else "↪ counted before" if test["follows"] else "✗ not right"
        said = "" if test["status"] == "passed" else f": {_text(test['message'])}"
        lines.append(f"<li>{_text(_sentence(test['name']))}: <strong>{mark}</strong>{said}</li>")
        for name in test["diagnosis"][:1]:
            if known := CATALOGUE.get(name):
                hint = f"{known.hint} Reread: {known.reread}."
                hints[name] = f"<p><em>This looks like: {_text(known.name)}.</em> {_text(hint)}</p>"
    return (f"<ul>{''.join(lines)}</ul>" if lines else "") + "".join(hints.values())


def _holds(test: dict) -> bool:
    return test["status"] == "passed" or bool(test["follows"])


def _sentence(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


def _text(text: str) -> str:
    plain = "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in str(text))
    plain = plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"
    return escape(plain).replace("\n", "<br>")
