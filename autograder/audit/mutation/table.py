"""The figures of the last recorded audit, kept in scores.json, and the table that autograder/README.md shows of them.

Steps: put what an audit found of an assignment in the place of what was there; write the tables anew between their two
marker lines. What an audit did not ask (no mutants, no seeds, or those on other numbers of threads) stays as it was.
The tables are built, never typed: `python -m autograder audit --record` makes them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

BEGIN = "<!-- built by: python -m autograder audit --mutate --seeds 200 --threads 1 --threads 2 --record -->"
END = "<!-- end of what was built -->"
HEAD = (
    "| module | mutants | killed | equivalent | survived |\n"
    "| --- | ---: | ---: | ---: | ---: |\n"
)  # fmt: skip
ANSWERS = (
    "| assignment | wrong rejected | right accepted | named first | among first three | falsely accused |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: |\n"
)
SEEDS = (
    "| assignment | threads | seeds | right answers kept their marks | wrong answers lost marks |\n"
    "| --- | ---: | ---: | ---: | ---: |\n"
)


def record(root: Path, found: dict[str, Any]) -> None:
    """Keep the figures of these assignments, and write the tables anew. found: as in the audit's JSON.

    Raises ValueError where the README has lost its marker lines.
    """
    path = root / "autograder" / "audit" / "mutation" / "scores.json"
    kept = json.loads(path.read_text()) if path.is_file() else {}
    for name, entry in found.items():
        before, now = kept.get(name, {}), summary(entry)
        kept[name] = before | now | {"seeds": before.get("seeds", {}) | now.get("seeds", {})}
    kept = dict(sorted(kept.items()))
    path.write_text(json.dumps(kept, indent=1) + "\n")
    readme = root / "autograder" / "README.md"
    readme.write_text(placed(readme.read_text(), table(kept)))


def summary(entry: dict[str, Any]) -> dict[str, Any]:
    """The totals of one assignment: its answers; as far as asked, its modules' mutants, and its seeds by threads."""
    told = {"answers": entry["totals"]}
    if "mutation" in entry:
        told["modules"] = {
            module: {key: score[key] if isinstance(score[key], int) else len(score[key])
                     for key in ("mutants", "killed", "equivalent", "survived")}
            for module, score in entry["mutation"].items()
        }  # fmt: skip
    if "stability" in entry:
        told["seeds"] = {
            str(threads): {"seeds": entry["stability"]["seeds"]}
            | {kind: [tally[kind] - tally[f"{kind}_misjudged"], tally[kind]] for kind in ("right", "wrong")}
            for threads, tally in entry["stability"]["tallies"].items()
        }
    return told


def table(kept: dict[str, Any]) -> str:
    """The tables in Markdown: answers by assignment, mutants by module, seeds by assignment and number of threads."""
    answers = [
        f"| {name} | {_of(a['wrong_rejected'])} | {_of(a['right_accepted'])} | {_of(a['named_first'])} "
        f"| {_of(a['named_in_three'])} | {a['accused']} |"
        for name, a in ((name, entry["answers"]) for name, entry in kept.items())
    ]
    modules = [
        f"| `{name}/{module}.py` | {s['mutants']} | {s['killed']} | {s['equivalent']} | {s['survived']} |"
        for name, entry in kept.items()
        for module, s in entry.get("modules", {}).items()
    ]
    seeds = [
        f"| {name} | {threads} | {s['seeds']} | {_of(s['right'])} | {_of(s['wrong'])} |"
        for name, entry in kept.items()
        for threads, s in sorted(entry.get("seeds", {}).items(), key=lambda pair: int(pair[0]))
    ]
    tables = ((ANSWERS, answers), (HEAD, modules), (SEEDS, seeds))
    return "\n\n".join(head + "\n".join(rows) for head, rows in tables if rows)


def placed(text: str, built: str) -> str:
    """The text with `built` between the marker lines."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"autograder/README.md has lost the lines {BEGIN} and {END}: put them back around the table")
    return f"{before}{BEGIN}\n\n{built}\n\n{END}{after}"


def _of(pair: list[int]) -> str:
    return f"{pair[0]:,} of {pair[1]:,}"
