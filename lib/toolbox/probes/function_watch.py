"""Take notes of autograd doing the work within a Function's own rules: a list of names, and no opinion about them.

Noted are starts of the engine, and ready-made derivatives by their names. In the engine
torch's modes are off; so the sensor for names is set inside each call of the Function's backward. As in
`calling.forbid`, that is evidence, not a wall.
"""

from __future__ import annotations

from typing import Any

from toolbox.calling.forbid import ENGINES, MESSAGE, START, _Names
from toolbox.errors import Forbidden


class Watch:
    """Stands around what is called between `begin` and `end`; gradients that a check asks for go another way
    (`toolbox.calling.facts`).
    """

    def __init__(self, function: Any):
        self.node = getattr(function, "_backward_cls", None)
        self._notes: list[str] = []

    def _notice(self, what: str) -> None:
        self._notes.append(what)
        raise Forbidden(MESSAGE.format(what))

    def begin(self) -> None:
        self._before = [getattr(holder, START) for holder in ENGINES]

        def started(*args: Any, **kwargs: Any) -> Any:
            self._notice("its engine was started")

        for holder in ENGINES:
            setattr(holder, START, started)
        if self.node is not None:
            rule = self.node.apply

            def apply(ctx: Any, *args: Any) -> Any:
                with _Names(self._notice):
                    return rule(ctx, *args)

            self.node.apply = apply

    def end(self) -> list[str]:
        """What was noted."""
        for holder, function in zip(ENGINES, self._before, strict=True):
            setattr(holder, START, function)
        if self.node is not None and "apply" in vars(self.node):
            del self.node.apply
        return self._notes
