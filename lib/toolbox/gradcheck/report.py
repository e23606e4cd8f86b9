"""What a gradient check found, as data and as a table for people (plain text, and HTML in a notebook)."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

SIGNS = {"right": "✓", "wrong": "✗", "undecided": "~", "missing": "–", "not checked": "–"}
HEADINGS = ("", "gradient of", "entries", "worst entry", "yours", "by nudging", "relative error", "")


@dataclass
class Row:
    """One input. `status`: right, wrong, undecided (nothing but kinks), missing or not checked.

    entries, checked, wrong, kinks count entries; index, yours, numeric describe the worst one checked.
    """

    name: str
    status: str
    entries: int = 0
    checked: int = 0
    wrong: int = 0
    kinks: int = 0
    index: tuple[int, ...] | None = None
    yours: float | None = None
    numeric: float | None = None
    message: str = ""

    @property
    def relative_error(self) -> float | None:
        """|yours - numeric| over the larger of the two; 0 where both are 0."""
        if self.yours is None or self.numeric is None:
            return None
        largest = max(abs(self.yours), abs(self.numeric))
        return abs(self.yours - self.numeric) / largest if largest else 0.0

    def cells(self) -> tuple[str, ...]:
        """The row as texts, in the order of HEADINGS."""
        counts = f"{self.checked} of {self.entries}" if self.checked < self.entries else str(self.entries or "")
        remarks = [self.message] if self.message else []
        if self.wrong:
            remarks.append(f"{self.wrong} wrong")
        if self.kinks and self.status != "undecided":
            remarks.append(f"{self.kinks} on a kink, where every slope between left and right is right")
        if self.index is None:
            numbers = ("", "", "", "")
        else:
            where = f"[{', '.join(map(str, self.index))}]" if self.index else "(the only one)"
            numbers = (where, f"{self.yours:.6g}", f"{self.numeric:.6g}", f"{self.relative_error:.1e}")
        return (SIGNS[self.status], self.name, counts, *numbers, "; ".join(remarks))


@dataclass
class Result:
    """A whole gradient check. True in an `if` when every input checked is right."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    step: float = 0.0
    calls: int = 0

    @property
    def passed(self) -> bool:
        """Nothing wrong, nothing missing, nothing left undecided."""
        return all(row.status in ("right", "not checked") for row in self.rows)

    def __bool__(self) -> bool:
        return self.passed

    def __getitem__(self, name: str) -> Row:
        """The row of one input. Raises KeyError when it was not checked."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    def verdict(self) -> str:
        """One line: what to take from the table."""
        wrong = [row.name for row in self.rows if row.status == "wrong"]
        if wrong:
            return f"Not the gradient of this function: {', '.join(wrong)}."
        open_ones = [f"{row.name} ({row.status})" for row in self.rows if row.status in ("undecided", "missing")]
        if open_ones:
            return f"Nothing wrong found, but not everything could be judged: {', '.join(open_ones)}."
        return "Every gradient agrees with nudging."

    def footing(self) -> list[str]:
        return [f"step {self.step:g}, {self.calls} calls of the function.", *self.notes]

    def __str__(self) -> str:
        table = [HEADINGS, *(row.cells() for row in self.rows)]
        widths = [max(len(cells[i]) for cells in table) for i in range(len(HEADINGS))]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(cells, widths, strict=True)).rstrip() for cells in table]
        return "\n".join([self.verdict(), *lines, *self.footing()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def line(cells: tuple[str, ...], tag: str) -> str:
            return "<tr>" + "".join(f'<{tag} style="text-align:left">{escape(c)}</{tag}>' for c in cells) + "</tr>"

        body = "".join(line(row.cells(), "td") for row in self.rows)
        foot = "<br>".join(escape(text) for text in self.footing())
        return f"<b>{escape(self.verdict())}</b><table>{line(HEADINGS, 'th')}{body}</table><small>{foot}</small>"
