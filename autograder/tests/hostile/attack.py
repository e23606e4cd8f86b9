"""An attack: how the hand-in is made from the right solution, and the outcome that it must have.

Attacks that try many things in a row call `attempt(what, action)`, which stands in a cell before theirs: it prints
"what: stopped by <exception>" or "what: GOT <value>". An attack is contained when nothing was got, and it only counts
as tried when as many lines say "stopped" as it promises.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

ATTEMPT = """
def attempt(what, action):
    try:
        found = action()
    except BaseException as error:
        print(f"{what}: stopped by {type(error).__name__}: {error}")
    else:
        print(f"{what}: GOT {str(found)[:300]!r}")
"""
# The items that the class is graded in: of every kind one, as the rest would only take time.
FLAT_ITEMS = (
    "toy", "neuron", "hinge_loss", "hinge_grad_scores", "hinge_grad_w", "hinge_grad_b", "net_softmax_grad_first",
)  # fmt: skip
NOTEBOOK_ITEMS = ("predict", "bugs_found", "bugs_repaired")


@dataclass(frozen=True)
class Attack:
    """One hand-in.

    id, tries: its name, and in one line what it tries. top, bottom: code put before and after the solved flat.py (a
    function defined again below replaces the solved one). cells: code cells run after the first one; last: cells run
    after all others. answers: answer cells by id, in the place of the right ones. markdown: text cells. files: further
    files of the zip. notebook: changes the finished notebook.

    lost: item id -> the statuses that it may have; every other item must be passed. stopped: how many attempts must
    have been stopped. shows, hides: patterns that the cells' outputs must and must not match. says: a pattern that the
    message of every lost item must match. repairs: codes that the intake must have noted. refused: the code of the
    intake's refusal. seconds: the longest that grading may take. after: further checks on (field, judgement).
    """

    id: str
    tries: str
    top: str = ""
    bottom: str = ""
    cells: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    answers: dict[str, str] = field(default_factory=dict)
    markdown: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)
    notebook: Callable[[dict], None] | None = None
    lost: dict[str, str] = field(default_factory=dict)
    stopped: int = 0
    shows: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    says: str = ""
    repairs: tuple[str, ...] = ()
    refused: str | None = None
    seconds: float = 30.0
    after: Callable | None = None


ATTACKS: dict[str, Attack] = {}


def add(*attacks: Attack) -> None:
    """Enter attacks into the class; every id once."""
    for attack in attacks:
        if attack.id in ATTACKS or not re.fullmatch(r"[a-z0-9-]+", attack.id):
            raise ValueError(f"an attack's id must be its own and plain: {attack.id!r}")
        ATTACKS[attack.id] = attack


def items(*names: str, status: str) -> dict[str, str]:
    """`lost` for these items; status: a pattern, e.g. "timeout|crashed"."""
    return {name: status for name in names}
