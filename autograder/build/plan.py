"""Every built file in memory: read the masters, refuse what is malformed, make the bytes, prove that they leak nothing.

One module per kind of master does the making; nothing here touches the disk but to read the masters.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from autograder.build import leaks
from autograder.masters import regions, rules, sources
from autograder.masters.checks import CheckFile, imported
from autograder.masters.percent import Master
from autograder.masters.problems import Problem, Refused
from autograder.masters.regions import Line, Region
from autograder.masters.sources import COURSE, Sources


@dataclass(frozen=True)
class Built:
    """One file: its path in the repository, its bytes, the master to edit, and whether it is committed."""

    path: str
    data: bytes
    master: str
    committed: bool = True


def plan(root: Path) -> list[Built]:
    """Every file that the masters at `root` build, sorted by path. Raises `Refused` with all problems."""
    masters = sources.read(root)
    if problems := rules.check(masters):
        raise Refused(problems)
    files: list[Built] = []
    made: list[Callable[[], list[Built]]] = [partial(_notebook, name, masters) for name in masters.notebooks]
    made += [partial(_module, name, masters) for name in masters.modules]
    made += [partial(_checks, root, name, masters) for name in masters.notebooks]
    for make in made:
        try:
            files += make()
        except Refused as refused:
            problems += refused.problems
    if problems:
        raise Refused(sorted(set(problems)))
    if (plugin := root / COURSE / "conftest.py").is_file():
        files.append(Built("assignments/conftest.py", plugin.read_bytes(), f"{COURSE}/conftest.py"))
    released = {built.path: built.data for built in files if built.committed}
    secrets = leaks.Secrets(masters)
    problems = leaks.find(secrets, released)
    problems += leaks.computing(secrets, released | _by_hand(root), leaks.shown_in(root))
    if problems:
        raise Refused(problems)
    return sorted(files, key=lambda built: built.path)


def unproven(root: Path, name: str) -> list[Built]:
    """The notebooks and modules of one assignment, not to be released: nobody has looked for leaks. What the other
    assignments build is not made. Raises `Refused`.
    """
    masters = sources.read(root)
    modules = ["__init__", *masters.notebooks[name].kit["modules"]]
    return [*_notebook(name, masters), *(built for module in modules for built in _module(module, masters))]


def _by_hand(root: Path) -> dict[str, bytes]:
    """What is released as it stands: the toolbox, and what sets it up."""
    files = {path.relative_to(root).as_posix(): path for path in (root / "lib").rglob("*.py")}
    return {name: path.read_bytes() for name, path in files.items() if not name.startswith("lib/backprop/")}


def _notebook(name: str, masters: Sources) -> list[Built]:
    from autograder.build import notebook  # over a second to import: only when a notebook is built

    master = masters.notebooks[name]
    complete = notebook.solved(master, masters.texts[master.path])
    release = notebook.released(master, complete)
    _check_cells(master, release)
    return [
        Built(f"solutions/{name}/{name}.ipynb", complete.encode(), master.path, committed=False),
        Built(f"assignments/{name}/{name}.ipynb", release.encode(), master.path),
    ]


def _module(name: str, masters: Sources) -> list[Built]:
    module = masters.modules[name]
    return [Built(f"lib/backprop/{name}.py", _stripped(module.path, module.lines, module.regions), module.path)]


def _checks(root: Path, name: str, masters: Sources) -> list[Built]:
    """The public files of checks and their index."""
    from autograder.build import checks  # imports torch: only where checks are collected
    from toolbox.checks import index

    master, built = masters.notebooks[name], []
    public, origin = {}, {}
    for file, data in [*((file, _released(file, masters)) for file in masters.checks[name]), *_kinds(name, masters)]:
        if any(not isinstance(node, ast.Expr) for node in ast.parse(data).body):  # else all of it is hidden
            public[Path(file.path).name], origin[Path(file.path).name] = data, file.path
    listing = index.written(name, master.kit["modules"], checks.collected(root, name, master, public)).encode()
    # nbgrader copies what stands beside the solved notebook into the release, so the public checks stand there too
    for folder, committed in (("assignments", True), ("solutions", False)):
        built.append(Built(f"{folder}/{name}/{index.NAME}", listing, f"{COURSE}/{name}/checks", committed))
        for topic, data in public.items():
            built.append(Built(f"{folder}/{name}/checks/{topic}", data, origin[topic], committed))
    return built


def _kinds(name: str, masters: Sources) -> list[tuple[CheckFile, bytes]]:
    """The kinds that an assignment's public checks are made with, which are released beside them."""
    own = {Path(file.path).stem for file in masters.checks[name]}
    found: dict[str, tuple[CheckFile, bytes]] = {}
    waiting = [_released(file, masters) for file in masters.checks[name]]
    while waiting:
        for module in sorted(imported(waiting.pop().decode()) - own - found.keys()):
            if kind := masters.kinds.get(module):
                found[module] = kind, _released(kind, masters)
                waiting.append(found[module][1])
    return [found[module] for module in sorted(found)]


def _released(file: CheckFile, masters: Sources) -> bytes:
    """What students get of a file of checks."""
    return _stripped(file.path, regions.numbered(masters.texts[file.path]), file.hidden)


def _stripped(path: str, lines: list[Line], found: list[Region]) -> bytes:
    """The released text of a `.py` master. Raises `Refused` where it would not compile."""
    kept = regions.strip(lines, found)
    text = "".join(line.text + "\n" for line in kept)
    if error := _syntax_error(text):
        at = kept[min(max(error.lineno or 1, 1), len(kept)) - 1].number
        raise Refused(
            [
                Problem(
                    path,
                    at,
                    f"what students get does not compile ({error.msg}): leave a line outside the "
                    "region that stands in for the answer, such as `return None`",
                )
            ]
        )
    return text.encode()


def _check_cells(master: Master, release: str) -> None:
    """Every code cell of a released notebook compiles, IPython's own lines aside."""
    problems = []
    for mine, cell in zip(master.cells, json.loads(release)["cells"], strict=True):
        source = re.sub(r"^(\s*)[%!].*$", r"\1pass", "".join(cell["source"]), flags=re.MULTILINE)
        if cell["cell_type"] == "code" and (error := _syntax_error(source)):
            problems.append(
                Problem(
                    master.path,
                    mine.line,
                    f"the released cell does not compile ({error.msg} in its line "
                    f"{error.lineno}): leave a line outside the region that stands in for the answer",
                )
            )
    if problems:
        raise Refused(problems)


def _syntax_error(text: str) -> SyntaxError | None:
    try:
        compile(text, "released", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error
    return None
