"""What is wrong with a master or a built file, and where: one record each, so that all are reported at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from toolbox.errors import KitError


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to mend. `path` is relative to the repository; `line` is 1-based, 0 where no line is at fault."""

    path: str
    line: int
    message: str
    diff: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" if self.line else f"{self.path}: {self.message}"


class Refused(KitError):
    """The masters cannot be built. `problems` holds every reason, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = sorted(set(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))
