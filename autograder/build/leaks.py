"""Proof that a release gives nothing away: an independent look at the built bytes for anything that was taken out.

It does not trust the builder. Steps: collect the secret lines of all masters (solution regions, hidden tests, names
of hidden tests); leave out what also stands in the open in a master; search every text of every released file, for
notebooks every string anywhere in the JSON; and look for what a release never holds: outputs, execution counts,
attachments, markers. What stands there in other letters is found, too, in every file of Python, hand-written ones as
well: an expression that computes what a solution computes (`expressions`). The few that may stand there are listed with
their reasons in `autograder/course/shown.py`, and an entry that nothing needs is a problem.
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.build import expressions
from autograder.masters import regions
from autograder.masters.problems import Problem, Refused
from autograder.masters.sources import Sources

WHOLE = 3  # characters from which on a secret line may not stand alone on a released line
WITHIN = 10  # and from which on it may not stand inside one either
SHOWN = "autograder/course/shown.py"
MARKERS = re.compile(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS)")


@dataclass(frozen=True)
class Secret:
    """A stripped line of a region, and where it stands."""

    text: str
    path: str
    line: int
    what: str


@dataclass(frozen=True)
class Shown:
    """An expression that may stand in a released file although a solution computes the same, and why."""

    path: str
    form: str
    text: str
    reason: str


def shown_in(root: Path) -> list[Shown]:
    """What `autograder/course/shown.py` lists as (file, expression, reason); nothing where there is no such file."""
    file = root / SHOWN
    if not file.is_file():
        return []
    try:
        (rows,) = [node.value for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.Assign)]
        return [
            Shown(path, expressions.form(ast.parse(text, mode="eval").body), text, reason)
            for path, text, reason in ast.literal_eval(rows)
        ]
    except (ValueError, SyntaxError) as error:
        raise Refused([Problem(SHOWN, 0, f"is no list of (file, expression, reason): {error}")]) from error


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
        self.forms = self._forms(sources)
        for file in sources.check_files:
            self.names += [Secret(name, file.path, line, "the name of a hidden test") for name, line in file.secret]

    def _forms(self, sources: Sources) -> dict[str, Secret]:
        """form of an expression -> the answer that it is; but for what a master shows openly."""
        answers: dict[str, Secret] = {}
        opened: set[str] = set()
        for path, lines, found in _masters(sources):
            if path.startswith("autograder/"):
                continue  # a hidden check computes nothing that earns marks
            for region in found:
                inside = "\n".join(text for number, text in regions.inside(lines, [region]))
                for node in expressions.answers(_parsed(inside)):
                    if expressions.telling(node):
                        secret = Secret(ast.unparse(node), path, region.begin + node.lineno, "a solution")
                        answers.setdefault(expressions.form(node), secret)
            opened |= {form for form, _ in _forms_of("\n".join(text for _, text in regions.outside(lines, found)))}
        return {form: secret for form, secret in answers.items() if form not in opened}

    def computed_in(self, text: str) -> Iterator[tuple[str, ast.expr, Secret]]:
        """(form, where, secret) of every expression of a released file that is an answer in other letters."""
        for form, node in _forms_of(text):
            if form in self.forms:
                yield form, node, self.forms[form]

    def found_in(self, text: str) -> Iterator[Secret]:
        """The secrets that a released text holds."""
        lines = {line.strip() for line in text.split("\n")}
        yield from (self.whole[line] for line in sorted(lines & self.whole.keys()))
        yield from (secret for secret in self.within if secret.text in text and secret.text not in lines)
        words = set(re.findall(r"\w+", text))
        yield from (secret for secret in self.names if secret.text in words)


def _parsed(text: str) -> ast.AST:
    """The syntax of a piece of code; of nothing where it is none: text, a cell with IPython's own lines."""
    try:
        return ast.parse(textwrap.dedent(text))
    except SyntaxError:
        return ast.Module([], [])


def _forms_of(text: str) -> Iterator[tuple[str, ast.expr]]:
    """(form, where) of every expression with arithmetic in it: without, it is no answer (`expressions.telling`)."""
    for node in expressions.arithmetic(_parsed(text)):
        if not isinstance(node, ast.Attribute) or node.attr in ("T", "mT"):  # `x.exp` without its call is none
            yield expressions.form(node), node


def computing(secrets: Secrets, released: Mapping[str, bytes], shown: list[Shown]) -> list[Problem]:
    """Every answer in other letters, in files of Python and in the code of notebooks. shown: what may stand there."""
    allowed, problems = {(entry.path, entry.form) for entry in shown}, []
    for path, data in released.items():
        for text in _code(path, data):
            for form, node, secret in secrets.computed_in(text):
                if (path, form) in allowed:
                    continue
                where = 0 if path.endswith(".ipynb") else node.lineno
                said = f"`{ast.unparse(node)}` computes {secret.what} from {secret.path}:{secret.line}, `{secret.text}`"
                problems.append(Problem(path, where, f"leak: {said}"))
    listed = {entry.path for entry in shown} & released.keys()
    there = {(path, form) for path in listed for text in _code(path, released[path]) for form, _ in _forms_of(text)}
    problems += [
        Problem(SHOWN, 0, f"{entry.path} holds no `{entry.text}` any more: delete the entry")
        for entry in shown
        if entry.path in listed and (entry.path, entry.form) not in there
    ]
    return sorted(set(problems))


def _code(path: str, data: bytes) -> Iterator[str]:
    try:
        if path.endswith(".py"):
            yield data.decode("utf-8")
        elif path.endswith(".ipynb"):
            for cell in json.loads(data).get("cells", []):
                if cell.get("cell_type") == "code":
                    yield re.sub(r"^[%!].*$", "", "".join(cell["source"]), flags=re.MULTILINE)
    except ValueError:
        return  # `find` tells of it


def _masters(sources: Sources) -> Iterator[tuple[str, list, list]]:
    """(path, lines, regions) of every text that a release is made from, notebooks cell by cell."""
    for master in sources.notebooks.values():
        for cell in master.cells:
            yield master.path, cell.lines, regions.find(cell.lines, regions.SOLUTION, "")[0]
    for module in sources.modules.values():
        yield module.path, module.lines, module.regions
    for file in sources.check_files:
        yield file.path, regions.numbered(sources.texts[file.path]), file.hidden


def find(secrets: Secrets, released: Mapping[str, bytes]) -> list[Problem]:
    """Everything that `released` (path -> bytes) gives away; empty when the release is clean."""
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
