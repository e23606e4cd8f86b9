"""The known mistakes: what each is called, a hint, an example, and the section of the notebook to read again.

A hint says where to look and what to ask; it never holds the line that repairs the code. An example is the mistake made
small: a worked number or two, which tell the wrong way from the right one (`toolbox.checks.misconceptions.worked`).
`toolbox.checks.diagnose` finds the mistake in an answer, the tables and pages of the kit show it.
"""

from __future__ import annotations

from typing import NamedTuple

from toolbox.checks.misconceptions import (
    flat,
    forward,
    graph,
    implicit,
    layers,
    modes,
    scalar,
    second,
    tensors,
    training,
)
from toolbox.checks.misconceptions.worked import EXAMPLES


class Misconception(NamedTuple):
    """id: kebab-case, the code for machines. section: a heading of `notebook`. worked: the example."""

    id: str
    name: str
    hint: str
    section: str
    worked: str
    notebook: str

    @property
    def reread(self) -> str:
        """Where to read again: many mistakes are explained in the notebook of an earlier assignment."""
        return f"{self.section} (notebook {self.notebook})"


_MODULES = (flat, scalar, tensors, layers, modes, graph, training, forward, second, implicit)
# The others have a notebook of their own name.
_NOTEBOOKS = dict.fromkeys((modes, graph), "layers") | dict.fromkeys((forward, second, implicit), "beyond")
CATALOGUE: dict[str, Misconception] = {
    row[0]: Misconception(*row, EXAMPLES[row[0]], _NOTEBOOKS.get(module, module.__name__.rpartition(".")[2]))  # type: ignore[call-arg]
    for module in _MODULES
    for row in module.ROWS
}
