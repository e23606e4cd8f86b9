"""What a student wrote, as text to be compared: code of the modules and the notebook's cells, and written answers.

Nothing is run or unpacked. Cells that stand in the released notebook are left out whole; what is released within a
module or a cell is taken out later, when passages are compared. Every limit holds for one hand-in, so that none can
hold up a class.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

CODE, WORDS = "code", "words"
LONGEST = 60_000  # characters that are read of each kind; a right answer has 5,000 to 20,000
LARGEST = 16 * 2**20  # bytes of a file


@dataclass
class Work:
    """One hand-in. source: "" for this class, else the name of the folder that it comes from. texts: by kind. left_out:
    what was not read, in words.
    """

    student: str
    source: str
    texts: dict[str, str]
    left_out: list[str] = field(default_factory=list)


def read_class(submitted: Path, assignment: str, given: set[str], source: str = "") -> list[Work]:
    """The hand-ins under …/<student>/<assignment>/, students by name. given: cells that everybody was given."""
    folders = sorted(folder for folder in submitted.glob(f"*/{assignment}") if folder.is_dir())
    return [read(folder, given, source) for folder in folders]


def read(folder: Path, given: set[str], source: str = "") -> Work:
    """One hand-in, as far as it can be read."""
    work = Work(folder.parent.name, source, {})
    code: list[str] = []
    words: list[str] = []
    for path in sorted((folder / "lib" / "backprop").glob("*.py")):
        if (text := _text(path, work)) is not None:
            code.append(f"# {path.name}\n{text}")
    for kind, cell in cells(_text(folder / f"{folder.name}.ipynb", work), work):
        if cell.strip() not in given:
            (code if kind == "code" else words).append(cell)
    for kind, parts in ((CODE, "\n\n".join(code)), (WORDS, plain("\n\n".join(words)))):
        if len(parts) > LONGEST:
            work.left_out.append(f"{kind}: the first {LONGEST:,} of {len(parts):,} characters are compared")
        work.texts[kind] = parts[:LONGEST]
    return work


def cells(notebook: str | None, work: Work) -> Iterable[tuple[str, str]]:
    """(kind, source) of each code and text cell of a notebook; none where it is no notebook."""
    try:
        content = json.loads(notebook or "{}")
        found = [(cell.get("cell_type"), cell.get("source", "")) for cell in content.get("cells", [])]
    except (ValueError, RecursionError, AttributeError, TypeError):
        work.left_out.append("the notebook cannot be read")
        return
    for kind, source in found:
        text = "".join(map(str, source)) if isinstance(source, list) else str(source)
        if kind in ("code", "markdown"):
            yield kind, text


def plain(text: str) -> str:
    """Words without differences of case and white space."""
    return " ".join(text.casefold().split())


def _text(path: Path, work: Work) -> str | None:
    """The content of a plain file, None where there is none that can be read."""
    if path.is_symlink() or not path.is_file():
        return None
    if path.stat().st_size > LARGEST:
        work.left_out.append(f"{path.name} is too large: {path.stat().st_size:,} bytes")
        return None
    return path.read_bytes().decode("utf-8", "replace")
