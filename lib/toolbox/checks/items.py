"""What a suite is made of: the marks that make a function a check, the seeded inputs, and the record of an outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Mark:
    """What a function is marked with: the item of each of its checks, and the row that each is asked of."""

    items: tuple[str, ...]
    rows: tuple[Any, ...]  # as many as items; (None,) where the function takes no row
    share: float
    seconds: float | None
    says: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.share, bool) or not isinstance(self.share, int | float) or self.share < 0:
            raise TypeError(f"the share {self.share!r} is not a number of at least 0: write share=2.0")
        if any(not isinstance(item, str) for item in self.items):
            raise TypeError("an item is named by its id, a string")


def item(name: str, share: float = 1.0, seconds: float | None = None, says: str = "") -> Callable:
    """Make a function a check of the graded item `name`.

    share: its weight within the item; 0 shows the check in the table and gives no marks. seconds: what one of its calls
    may take in grading, where that is more than the few tenths of a second that any call may take. says: the sentence
    that students read, where the function's name does not read well as one.
    """
    return _marking(Mark((name,), (None,), share, seconds, says))


def each(
    rows: Iterable[Any], of: str = "item", share: float = 1.0, seconds: float | None = None, says: str = ""
) -> Callable:
    """Make a function a check of every row, which is its first argument.

    of: the attribute of a row that names the item which this check belongs to. A row has a `name` of its own, too.
    share, seconds, says: as in `item`.
    """
    kept = tuple(rows)
    return _marking(Mark(tuple(getattr(row, of) for row in kept), kept, share, seconds, says))


def _marking(mark: Mark) -> Callable:
    def marked(function: Callable) -> Callable:
        function.checks = [*getattr(function, "checks", []), mark]  # type: ignore[attr-defined]
        return function

    return marked


NOT_TOLD = ("error", "seconds", "need")


@dataclass
class TestResult:
    """What one check found. `status` is for machines, `message` for people. name: its id; says: its sentence.

    detail: the message with all that it tells, where students read a shorter one. follows: the earlier item in which
    the same mistake has cost its marks already, "" where there is none. seconds: what its calls may take, as in `item`;
    need: what the longest took of processor time, where that was measured.
    """

    __test__ = False  # not itself a test, whatever pytest thinks of its name

    item: str
    name: str
    hidden: bool
    share: float
    status: str = "passed"
    message: str = ""
    diagnosis: list[str] = field(default_factory=list)
    evidence: dict | None = None
    follows: str = ""
    detail: str = ""
    seconds: float | None = None
    need: float = 0.0
    says: str = ""
    error: BaseException | None = field(default=None, repr=False, compare=False)

    @property
    def sentence(self) -> str:
        return self.says or sentence_of(self.name)

    def as_dict(self) -> dict:
        """Plain data, for the verdict."""
        return {key: value for key, value in vars(self).items() if key not in NOT_TOLD}


SPELLED = {"relu": "ReLU", "elu": "ELU", "jacobian": "Jacobian", "jacobians": "Jacobians", "hessian": "Hessian",
           "batchnorm": "BatchNorm", "jvp": "JVP", "torch": "PyTorch"}  # fmt: skip


def sentence_of(name: str) -> str:
    """What the name of a function says, with names spelled as the field spells them."""
    return " ".join(SPELLED.get(word, word) for word in name.removeprefix("test_").split("_"))
