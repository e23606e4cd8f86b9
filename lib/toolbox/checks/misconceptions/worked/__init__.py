"""The known mistakes in small examples: for each a worked number that tells the wrong way from the right one.

One module for each module of rows. An equation between numbers ("3 · 2 = 6") is checked by a test.
"""

from __future__ import annotations

from toolbox.checks.misconceptions.worked import (
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

_MODULES = (flat, scalar, tensors, layers, modes, graph, training, forward, second, implicit)
EXAMPLES: dict[str, str] = {name: text for module in _MODULES for name, text in module.WORKED.items()}
