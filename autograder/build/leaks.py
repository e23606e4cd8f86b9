"""Proof that a release gives nothing away: an independent look at the built bytes for anything that was taken out.

It does not trust the builder. Steps: collect the secret lines of all masters (solution regions, hidden tests, names
of hidden tests); leave out what also stands in the open in a master; search every text of every released file, for
notebooks every string anywhere in the JSON; and look for what a release never holds: outputs, execution counts,
attachments, markers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from autograder.masters import regions
from autograder.masters.problems import Problem
from autograder.masters.sources import Sources

WHOLE = 3  # characters from which on a secret line may not stand alone on a released line
WITHIN = 10  # and from which on it may not stand inside one either
MARKERS = re.compile(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS)")


@dataclass(frozen=True)
class Secret:
    """A stripped line of a region, and where it stands."""

    text: str
    path: str
    line: int
    what: str


class Secrets:
    """What must not be released, of all masters."""

    def __init__(self, sources: Sources):
        self.lines: dict[str, Secret] = {}
        self.names: list[Secret] = []
        shown: list[str] = []
        for path, lines, found in _masters(sources):
            what = "a hidden test" if path.startswith("autograder/") else "a solution"
            for number, text in regions.inside(lines, found):
                if len(text.strip()) >= WHOLE:
                    self.lines.setdefault(text.strip(), Secret(text.strip(), path, number, what))
            shown += [text for _, text in regions.outside(lines, found)]
        whole, within = {text.strip() for text in shown}, "\n".join(shown)
        self.whole = {text: secret for text, secret in self.lines.items() if text not in whole}
        self.within = [secret for text, secret in self.lines.items() if len(text) >= WITHIN and text not in within]
        for file in sources.check_files:
            self.names += [Secret(name, file.path, line, "the name of a hidden test") for name, line in file.secret]

    def found_in(self, text: str) -> Iterator[Secret]:
        """The secrets that a released text holds."""
        lines = {line.strip() for line in text.split("\n")}
        yield from (self.whole[line] for line in sorted(lines & self.whole.keys()))
        yield from (secret for secret in self.within if secret.text in text and secret.text not in lines)
        words = set(re.findall(r"\w+", text))
        yield from (secret for secret in self.names if secret.text in words)


def _masters(sources: Sources) -> Iterator[tuple[str, list, list]]:
    """(path, lines, regions) of every text that a release is made from, notebooks cell by cell."""
    for master in sources.notebooks.values():
        for cell in master.cells:
            yield master.path, cell.lines, regions.find(cell.lines, regions.SOLUTION, "")[0]
    for module in sources.modules.values():
        yield module.path, module.lines, module.regions
    for file in sources.check_files:
        yield file.path, regions.numbered(sources.texts[file.path]), file.hidden


def find(sources: Sources, released: Mapping[str, bytes]) -> list[Problem]:
    """Everything that `released` (path -> bytes) gives away; empty when the release is clean."""
    secrets = Secrets(sources)
    problems = []
    for path, data in released.items():
        try:
            text = data.decode("utf-8")
            if path.endswith(".ipynb"):
                notebook = json.loads(text)
                problems += [Problem(path, 0, f"leak: {what}") for what in _remains(notebook)]
                text = "\n".join(_strings(notebook))
        except ValueError as error:
            problems.append(Problem(path, 0, f"cannot be searched for leaks: {error}"))
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if MARKERS.search(line):
                where = 0 if path.endswith(".ipynb") else number
                problems.append(Problem(path, where, f"leak: a region marker came through: {line.strip()}"))
        for secret in secrets.found_in(text):
            problems.append(
                Problem(path, 0, f"leak: it holds {secret.what} from {secret.path}:{secret.line}: {secret.text}")
            )
    return problems


def _strings(value: object) -> Iterator[str]:
    """Every string of a JSON value, keys included; a multi-line text comes as nbformat splits it or whole."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if value and all(isinstance(part, str) for part in value):
            yield "".join(value)
        else:
            for part in value:
                yield from _strings(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from _strings(part)


def _remains(notebook: dict) -> Iterator[str]:
    """What an unreleased notebook holds beside its sources."""
    for number, cell in enumerate(notebook.get("cells", []), 1):
        where = f"cell {number} ({cell.get('id', 'no id')})"
        if cell.get("outputs"):
            yield f"{where} has outputs"
        if cell.get("execution_count") is not None:
            yield f"{where} has an execution count"
        if cell.get("attachments"):
            yield f"{where} has attachments"
        metadata = dict(cell.get("metadata", {}))
        if metadata.get("backprop_kit") == {"show": True}:
            del metadata["backprop_kit"]
        if extra := metadata.keys() - {"nbgrader", "deletable", "editable"}:
            yield f"{where} has the metadata {', '.join(sorted(extra))}"
    if extra := notebook.get("metadata", {}).keys() - {"kernelspec", "backprop_kit"}:
        yield f"the notebook has the metadata {', '.join(sorted(extra))}"
