"""The figures of the last recorded audit, kept in scores.json, and the table that autograder/README.md shows of them.

Steps: put what an audit found of an assignment in the place of what was there; write the table anew between its two
marker lines. The table is built, never typed: `python -m autograder audit --mutate --record` makes it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- built by: python -m autograder audit --mutate --record -->", "<!-- end of what was built -->"
HEAD = (
    "| module | mutants | killed | equivalent | survived |\n"
    "| --- | ---: | ---: | ---: | ---: |\n"
)  # fmt: skip
ANSWERS = (
    "| assignment | wrong rejected | right accepted | named first | among first three | falsely accused |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: |\n"
)


def record(root: Path, found: dict[str, Any]) -> None:
    """Keep the figures of these assignments, and write the table anew. found: as in the audit's JSON.

    Raises ValueError where the README has lost its marker lines.
    """
    path = root / "autograder" / "mutate" / "scores.json"
    kept = json.loads(path.read_text()) if path.is_file() else {}
    kept = dict(sorted((kept | {name: summary(entry) for name, entry in found.items()}).items()))
    path.write_text(json.dumps(kept, indent=1) + "\n")
    readme = root / "autograder" / "README.md"
    readme.write_text(placed(readme.read_text(), table(kept)))


def summary(entry: dict[str, Any]) -> dict[str, Any]:
    """The totals of one assignment: its answers, and its modules' mutants as counts."""
    return {
        "answers": entry["totals"],
        "modules": {
            module: {key: score[key] if isinstance(score[key], int) else len(score[key])
                     for key in ("mutants", "killed", "equivalent", "survived")}
            for module, score in entry.get("mutation", {}).items()
        },
    }  # fmt: skip


def table(kept: dict[str, Any]) -> str:
    """The two tables in Markdown: answers by assignment, mutants by module."""
    answers = [
        f"| {name} | {_of(a['wrong_rejected'])} | {_of(a['right_accepted'])} | {_of(a['named_first'])} "
        f"| {_of(a['named_in_three'])} | {a['accused']} |"
        for name, a in ((name, entry["answers"]) for name, entry in kept.items())
    ]
    modules = [
        f"| `{name}/{module}.py` | {s['mutants']} | {s['killed']} | {s['equivalent']} | {s['survived']} |"
        for name, entry in kept.items()
        for module, s in entry["modules"].items()
    ]
    return ANSWERS + "\n".join(answers) + "\n\n" + HEAD + "\n".join(modules)


def placed(text: str, built: str) -> str:
    """The text with `built` between the marker lines."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"autograder/README.md has lost the lines {BEGIN} and {END}: put them back around the table")
    return f"{before}{BEGIN}\n\n{built}\n\n{END}{after}"


def _of(pair: list[int]) -> str:
    return f"{pair[0]} of {pair[1]}"
