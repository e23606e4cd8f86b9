"""Which modules of the toolbox every worker has. What an assignment needs besides comes with the hand-in: `View`.

Nothing in it may answer an item: no reference, no gradient checker, no catalogue of mistakes, no suite. What a worker
does not have is a stand-in while grading (`stand_in`). `judging.given` finds out what an assignment needs,
`judging.view` puts it together, `modules_in_memory` loads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import CodeType

# What the worker itself runs by. It has them by reference; code of a student's that imports one gets a stand-in, so
# that who replaces a function in it has replaced nothing.
SERVING = (
    "calling.callbacks", "calling.calls", "calling.facts", "calling.forbid", "calling.script", "calling.student",
    "calling.wire", "notebook.cells",
)  # fmt: skip

# The rooms of the toolbox that a worker knows by name; a module of them that is not listed here is a stand-in.
ROOMS = ("calling", "datasets", "given", "notebook", "probes")

# What the zygote imports for every hand-in, as importing takes its time.
SHARED = (
    "datasets.digits", "errors", "given.camera", "notebook.folders",
    "draw", "draw.alternative_text", "draw.architecture", "draw.equations", "draw.graph", "draw.jacobians",
    "draw.layers", "draw.live_plot", "draw.network", "draw.play", "draw.plots", "draw.second_order",
    "draw.training", "draw.words",
)  # fmt: skip

# Packages that differentiate by themselves: where one is installed, it is not there while grading.
AWAY = ("sympy", "mpmath", "jax", "autograd", "casadi", "tensorflow", "numdifftools", "micrograd", "tinygrad")

# Torch's own compilers: they need some of these, and what they would compile runs as it is.
UNCOMPILED = ("torch._dynamo", "torch._inductor")

# name -> (where tracebacks say that it stands, its source, b"" where nobody may read it, its code)
Sent = Mapping[str, tuple[str, bytes, CodeType]]


@dataclass(frozen=True)
class View:
    """What the workers of one assignment get besides the hand-in.

    modules: by their full names. absent: modules of `backprop` that are stand-ins where nobody handed them in. scripts:
    modules of the toolbox that only the suite's scripts reach.
    """

    modules: Sent = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    scripts: Sent = field(default_factory=dict)


NOTHING = View()
