"""Why two verdicts on one student's work differ: another hand-in, other checks, another grader. Data in, words out."""

from __future__ import annotations

from collections.abc import Mapping

from toolbox.checks.items import sentence_of

TOLD = 3  # checks of one item


def causes(before: dict | None, after: dict | None, renamed: Mapping[str, str] | None = None) -> list[str]:
    """What lies behind a grade that changed. before, after: verdicts as plain data, None where there is none."""
    if before is None or after is None:
        return []
    if before["hand_in"].get("sha256") != after["hand_in"].get("sha256"):
        return ["another hand-in"]
    told = []
    old, new = before.get("judged_by", {}), after.get("judged_by", {})
    if old and old.get("checks") != new.get("checks"):
        told.append("the checks changed")
    elif old and old != new:
        told.append("the grader changed")
    elif not old and before.get("key") != after.get("key"):
        told.append("the checks or the grader changed")
    known = {(renamed or {}).get(item["id"], item["id"]): item for item in before["items"]}
    for item in after["items"]:
        told += _flips(known.get(item["id"]), item)
    return told


def sentence(test: dict) -> str:
    """What a check of a verdict asks, with the row that it asks of where it has several."""
    _, bracket, row = test["name"].partition("[")
    return (test.get("says") or sentence_of(test["name"])) + f" [{row}" * bool(bracket)


def _flips(before: dict | None, after: dict) -> list[str]:
    """The checks of one item that find something else now."""
    if before is None or before["score"] == after["score"]:
        return []
    old = {test["name"]: test["status"] for test in before["tests"]}
    new = {test["name"]: test["status"] for test in after["tests"]}
    told = {test["name"]: sentence(test) for test in (*before["tests"], *after["tests"])}
    names = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    words = [
        f"{after['id']}, “{told[name]}”: {old.get(name, 'not there')} → {new.get(name, 'gone')}"
        for name in names[:TOLD]
    ]
    return words + [f"{after['id']}: {len(names) - TOLD} more checks"] * (len(names) > TOLD)
