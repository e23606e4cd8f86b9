"""The index of an assignment's public checks, `checks.json`: which checks there are, of which items, in which files.

The build writes it beside the notebook. `check("item")` finds by it the assignment and the files to read, `submit` the
items and modules that a hand-in needs; nothing has to be run for that.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolbox.notebook import folders

if TYPE_CHECKING:  # torch comes with it, which takes seconds, and whoever only looks into an index needs none
    from toolbox.checks.collect import Check

NAME = "checks.json"
FIELDS = ("id", "item", "says", "seed", "share", "file")


@dataclass(frozen=True)
class Index:
    """What one index says. folder: where it lies. modules: those that are handed in. checks: plain data, for each its
    id, item, sentence (says), seed, share and file.
    """

    folder: Path
    assignment: str
    modules: tuple[str, ...]
    checks: tuple[dict[str, Any], ...]

    @property
    def items(self) -> list[str]:
        """The ids of the items, in the order of their first check."""
        return list(dict.fromkeys(check["item"] for check in self.checks))

    def files_of(self, item: str) -> list[str]:
        """The files in `checks/` that hold the checks of an item."""
        return sorted({check["file"] for check in self.checks if check["item"] == item})


def written(assignment: str, modules: Iterable[str], checks: Iterable[Check]) -> str:
    """The text of an index, a line for each check."""
    rows = [{field: getattr(check, field) for field in FIELDS} | {"file": check.file.name} for check in checks]
    lines = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in rows)
    head = f' "assignment": {json.dumps(assignment)},\n "modules": {json.dumps(list(modules))},\n'
    return f'{{\n{head} "checks": [\n{lines}\n ]\n}}\n'


def read(folder: Path) -> Index:
    """The index in a folder. Raises FileNotFoundError where there is none, ValueError where it is not an index."""
    path = folder / NAME
    text = path.read_text(encoding="utf-8")
    try:
        content = json.loads(text)
        checks = tuple({key: row[key] for key in FIELDS} for row in content["checks"])
        return Index(folder, content["assignment"], tuple(map(str, content["modules"])), checks)
    except (KeyError, TypeError, ValueError) as error:
        said = f"{type(error).__name__}: {error}"
        raise ValueError(f"{path} is not an index of checks ({said}): take a fresh copy of it") from error


def in_reach(start: Path | None = None) -> list[Index]:
    """The indexes of `start` (default: the current folder) and of the course around it, the nearest first."""
    here = Path(start or Path.cwd()).resolve()
    try:
        everywhere = sorted(folders.house(start).glob(f"assignments/*/{NAME}"))
    except FileNotFoundError:
        everywhere = []
    return [read(path.parent) for path in dict.fromkeys([*here.glob(NAME), *everywhere])]


def all_of_item(item: str, start: Path | None = None) -> list[Index]:
    """The indexes that hold `item`: that of `start` alone where it does, else all. Raises KeyError where none does."""
    here, known = Path(start or Path.cwd()).resolve(), in_reach(start)
    found = [index for index in known if item in index.items]
    if not found:
        raise _unknown(item, known)
    return [index for index in found if index.folder == here] or found


def of_item(item: str, start: Path | None = None) -> Index:
    """The index that holds `item`: beside the notebook, else anywhere in `assignments/`.

    Raises KeyError, naming the known items, where none has it, and where several have it, none of them here.
    """
    found = all_of_item(item, start)
    if len(found) > 1:
        places = " and ".join(f"{index.folder.parent.name}/{index.folder.name}" for index in found)
        raise KeyError(f"{item!r} is a check of {len(found)} assignments: run this in {places}, whichever you mean")
    return found[0]


def _unknown(item: str, known: list[Index]) -> KeyError:
    items = list(dict.fromkeys(name for index in known for name in index.items))
    near = difflib.get_close_matches(item, items, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(items) or 'none here'}"
    return KeyError(f"no check is called {item!r}; {hint}")
