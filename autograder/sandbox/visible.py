"""Which modules of the toolbox a worker gets, and which names of them: this list, and nothing besides.

Nothing in it may answer an item: no reference, no gradient checker, no catalogue of mistakes, no suite. What is not
listed is a stand-in while grading (`stand_in`). `judging.view` puts the listed modules together, `modules_in_memory`
loads them.
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

# What the judge sends the workers of an assignment besides: module -> names, with all that these are made of.
# "cells": for given cells that do more than show something, and for the student's modules.
# "suite": for the suite's scripts alone (`script.toolbox.<module>.<name>`, without the room): a student's code that
# imports one gets a stand-in, and what it replaces in another copy changes nothing here.
ALL = "*"
GIVEN: dict[str, dict[str, dict[str, str]]] = {
    "flat": {
        "suite": {"probes.step_detection": "limited", "probes.budget": "Budget"},
    },
    "tensors": {
        "cells": {"probes.budget": "within"},
        "suite": {"probes.budget": "within"},
    },
    "layers": {
        "cells": {"given.layer": ALL, "given.small_layers": ALL},
        "suite": {"probes.function_watch": ALL, "given.small_layers": ALL},
    },
    "training": {
        "cells": {"given.landscapes": ALL, "datasets.splits": ALL},
        "suite": {"probes.allocations": ALL, "probes.elsewhere": ALL},
    },
    "beyond": {
        "cells": {"given.smooth_functions": "throw net_loss"},
        "suite": {
            "given.smooth_functions":
                "parts Cubed unmoved Passes Products trained_by quartic valley entangled half_flat",
        },
    },
}  # fmt: skip

# Packages that differentiate by themselves: where one is installed, it is not there while grading.
AWAY = ("sympy", "mpmath", "jax", "autograd", "casadi", "tensorflow", "numdifftools", "micrograd", "tinygrad")

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
