"""How long a hand-in is waited for: generously at first, and less once it has shown that it hangs.

Almost every call of a right answer takes a few thousandths of a second. A call may take `full` seconds as long as the
hand-in has some of its `spare` time left, of which a call uses what goes beyond `prompt` seconds. When that is spent,
a call may take `prompt` seconds, and where `many` of them were given up, `curt` seconds: still many times what a right
answer needs. A test that is known to need more names its own limit, which always holds. So functions that hang cost the
right ones nothing, and a hand-in that hangs wherever it can is done in half a minute.

What is merely slow is bounded too: all calls together may take `whole` seconds. All seconds are those of
`autograder.sandbox.clock`.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolbox.errors import Timeout


@dataclass
class Patience:
    """The account of one hand-in."""

    full: float = 5.0
    spare: float = 6.0
    prompt: float = 0.4
    curt: float = 0.2
    many: int = 4
    whole: float = 60.0
    given_up: int = 0
    spent: float = 0.0

    def limit(self, own: float | None = None) -> float:
        """The seconds that the next call may take. own: the limit that its test names. Raises Timeout where all
        together have taken too long.
        """
        if self.spent > self.whole:
            raise Timeout("not run: this hand-in as a whole took too long")
        least = self.curt if self.given_up >= self.many else self.prompt
        allowed = min(self.full, least + self.spare)
        return max(own, allowed) if own else allowed

    def spend(self, seconds: float, own: float | None = None, *, in_time: bool = True) -> None:
        """Enter what a call took. in_time: whether it ended by itself."""
        if not in_time:
            self.given_up += 1
        if not own:
            self.spent += seconds
            self.spare = max(0.0, self.spare - max(0.0, seconds - self.prompt))
