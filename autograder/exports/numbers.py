"""Scores as text, with a decimal point or a decimal comma: read, written, and told apart by what a file holds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from autograder.exports.problems import ExportError

# A comma or point before three digits may also separate thousands, so it proves nothing.
COMMA = re.compile(r"-?\d+,(?!\d{3}$)\d+|-?\d{1,3}(\.\d{3})+,\d+")
POINT = re.compile(r"-?\d+\.(?!\d{3}$)\d+|-?\d{1,3}(,\d{3})+\.\d+")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")


def write(value: float | Decimal, comma: bool = False) -> str:
    """A score with at most two decimals, as short as it can be: 38, 38.5, 38,25."""
    rounded = Decimal(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    text = f"{rounded:f}".rstrip("0").rstrip(".")
    return ("0" if text == "-0" else text).replace(".", "," if comma else ".")


def read(text: str, comma: bool = False) -> Decimal | None:
    """The number that a cell says, None where it says something else. Thousands may be separated."""
    point, thousands = (",", ".") if comma else (".", ",")
    plain = re.sub(r"[ \u00a0\u202f']", "", text.strip())
    if re.fullmatch(rf"[+-]?\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+(?:{re.escape(point)}\d*)?", plain):
        plain = plain.replace(thousands, "")
    plain = plain.replace(point, ".") if thousands not in plain else ""
    return Decimal(plain) if NUMBER.fullmatch(plain) else None


def uses_comma(cells: Iterable[str], delimiter: str) -> bool:
    """Whether a file's numbers have a decimal comma, by what its `cells` say.

    Where they prove nothing, a file whose cells are separated by `;` has a comma: that is why it has the `;`. Raises
    ExportError where some have a comma and others a point.
    """
    found = {",": "", ".": ""}
    for cell in map(str.strip, cells):
        if COMMA.fullmatch(cell):
            found[","] = cell
        elif POINT.fullmatch(cell):
            found["."] = cell
    if found[","] and found["."]:
        raise ExportError(
            f"the file holds numbers with a comma ({found[',']}) and with a point ({found['.']}): say which one the "
            "platform reads, --decimal comma or --decimal point"
        )
    return bool(found[","]) or (not found["."] and delimiter == ";")
