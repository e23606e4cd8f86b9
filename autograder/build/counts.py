"""What a notebook's texts say in numbers, counted when it is built: `{{checks}}` becomes the number of its check cells.

So no head of a notebook says how much there is to do when an item has come or gone since.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from autograder.masters.percent import Master
from autograder.masters.problems import Problem, Refused

PLACE = re.compile(r"\{\{(\w+)\}\}")
TIME = re.compile(r"\| *(\d*)([½¼¾]?) h *\|")
PARTS = {"": 0.0, "¼": 0.25, "½": 0.5, "¾": 0.75}


def facts(master: Master) -> dict[str, str]:
    """checks, points: of its check cells; written, written_points: of its written questions; hours: all times in the
    table of its first text.
    """
    items = [cell for cell in master.cells if cell.role == "item"]
    written = [cell for cell in master.cells if cell.role == "written"]
    head = next((cell.source for cell in master.cells if cell.kind == "markdown"), "")
    hours = sum(float(whole or 0) + PARTS[part] for whole, part in TIME.findall(head))
    return {
        "checks": str(len(items)),
        "points": f"{sum(cell.keys['points'] for cell in items):g}",
        "written": str(len(written)),
        "written_points": f"{sum(cell.keys['points'] for cell in written):g}",
        "hours": _hours(hours),
    }


def filled(text: str, known: Mapping[str, str], path: str, line: int) -> str:
    """The text with each `{{name}}` replaced by its fact. Raises `Refused` where there is no such fact."""
    if unknown := [name for name in PLACE.findall(text) if name not in known]:
        message = f"nothing is counted as {', '.join(unknown)}: there are {', '.join(known)}"
        raise Refused([Problem(path, line, message)])
    return PLACE.sub(lambda place: known[place[1]], text)


def _hours(hours: float) -> str:
    whole, rest = divmod(hours, 1)
    sign = {value: part for part, value in PARTS.items()}[rest]
    return f"{whole:.0f}{sign}" if whole else sign
