"""A student's notebook, from bytes to JSON that has the shape of a notebook; `rebuild` makes a clean one of it.

Bytes must be UTF-8, the JSON's depth is counted by scanning (the parser would recurse), and only then is it parsed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from autograder.records.receipt import Refused, Repair

from .archive import Limits
from .members import show

# possessive, and content with a string cut off after a backslash: linear in time whatever comes
STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
BRACKETS = re.compile(rb"[\[\]{}]")


@dataclass(frozen=True)
class Released:
    """The released notebook: its bytes, and its graded cells by grade_id in their order. modules: the file names of
    the modules that students write.
    """

    data: bytes
    metadata: dict
    cells: dict[str, dict]
    modules: frozenset[str] = frozenset()

    @classmethod
    def read(cls, path: Path) -> Released:
        """The notebook of `assignments/<name>/`; the modules are those of the skeleton beside it, `lib/backprop/`."""
        skeleton = path.resolve().parents[2] / "lib" / "backprop" if len(path.resolve().parents) > 2 else path.parent
        modules = {module.name.casefold() for module in skeleton.glob("*.py")} - {"__init__.py"}
        return cls.parse(path.read_bytes(), frozenset(modules | {f"{path.stem.casefold()}.py"}))

    @classmethod
    def parse(cls, data: bytes, modules: frozenset[str] = frozenset()) -> Released:
        notebook = json.loads(data)
        cells = {}
        for cell in notebook["cells"]:
            grade_id = cell.get("metadata", {}).get("nbgrader", {}).get("grade_id")
            if grade_id:
                cells[grade_id] = {**cell, "source": text_of(cell["source"])}
        if not cells:
            raise ValueError("the released notebook holds no graded cells: run `python -m autograder build`")
        return cls(data, notebook.get("metadata", {}), cells, modules)


def text_of(source) -> str | None:
    if isinstance(source, str):
        return source
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    return None


def json_shape(data: bytes, stop: int, brackets: int = 1_000_000) -> tuple[int, int, int]:
    """How deep JSON text nests, how many lists and objects it holds and how many commas, counted without parsing it.

    The parser recurses, and an object takes sixty times the memory of its two braces. Goes no deeper than `stop`, and
    for the depth looks at no more than `brackets` brackets.
    """
    bare = STRINGS.sub(b"", data)
    depth = deepest = 0
    for bracket in islice(BRACKETS.finditer(bare), brackets):
        if bracket.group() in b"[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest >= stop:
                break
        else:
            depth -= 1
    return deepest, bare.count(b"[") + bare.count(b"{"), bare.count(b",")


def parse(data: bytes, limits: Limits, repairs: list[Repair]) -> dict:
    """The notebook's JSON as a dictionary with a list of cells. Raises Refused."""
    if len(data) > limits.notebook:
        raise Refused(
            "notebook_too_large",
            f"The notebook is larger than {limits.notebook / 2**20:g} MB. Clear its outputs, save and hand in again.",
        )
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        repairs.append(Repair("byte_order_mark", "The notebook began with a byte order mark, which was left out."))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(
            "notebook_not_utf8",
            f"The notebook is not UTF-8 text (byte {error.start}). Open it in Jupyter, save it and hand in again.",
        ) from None
    depth, containers, commas = json_shape(data, limits.json_depth + 1, 2 * limits.containers)
    if depth > limits.json_depth:
        raise Refused("notebook_too_deep", f"The notebook's JSON nests more than {limits.json_depth} deep.")
    if containers > limits.containers or commas > limits.values:
        raise Refused(
            "notebook_too_large",
            f"The notebook's JSON holds {containers} lists and objects and more than {commas} values in them; "
            f"{limits.containers} and {limits.values} are allowed. Clear its outputs, save and hand in again.",
        )
    try:
        notebook = json.loads(text)
    except ValueError as error:  # JSONDecodeError, and integers with too many digits
        place = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "a number in it"
        raise Refused(
            "notebook_not_json",
            f"The notebook is not valid JSON ({place}). It may have been cut off, or "
            "hold the marks of a merge. Open it in Jupyter, save it and hand in again.",
        ) from None
    if not isinstance(notebook, dict):
        raise Refused("notebook_invalid", "The notebook's JSON is not a notebook.")
    major = notebook.get("nbformat")
    if type(major) is not int or major != 4:
        raise Refused(
            "notebook_old",
            f"The notebook has the format {show(repr(major))}; format 4 is needed. "
            "Open it in a current Jupyter, save it and hand in again.",
        )
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not cells:
        raise Refused("notebook_invalid", "The notebook holds no cells.")
    if len(cells) > limits.cells:
        raise Refused("notebook_invalid", f"The notebook holds {len(cells)} cells; {limits.cells} are allowed.")
    return notebook


def grade_id_of(cell) -> str | None:
    metadata = cell.get("metadata") if isinstance(cell, dict) else None
    settings = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = settings.get("grade_id") if isinstance(settings, dict) else None
    return grade_id if isinstance(grade_id, str) and grade_id else None


def carries(notebook: dict, released: Released) -> int:
    """How many graded cells of the release a notebook carries."""
    return len({grade_id_of(cell) for cell in notebook["cells"]} & set(released.cells))
