"""The texts of a new item and of a new assignment. `{item}`, `{name}` and the like are put in by `str.format`."""

from __future__ import annotations

CELLS = """\

# %% [markdown]
# ### {title}
#
# FILL IN: what {title} is, and what to watch.

# %% item="{item}" points=1
check("{item}")
"""

# An activation is a class in activations.py and a row of the checks.
ACTIVATION = '''\


class {name}(Layer):
    """FILL IN: what comes out, entry by entry."""

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape. Returns a tensor of the same shape."""
        out = None
        ### BEGIN SOLUTION
        self.cache = x
        out = 3 * x  # FILL IN
        ### END SOLUTION
        return out

    def backward(self, grad_out: Tensor) -> Tensor:
        """grad_out and the result: of x's shape."""
        grad_x = None
        ### BEGIN SOLUTION
        grad_x = 3 * grad_out  # FILL IN
        ### END SOLUTION
        return grad_x
'''
ROW = """\
    # FILL IN: its forward pass in PyTorch
    Activation("{name}", "{item}", twin=lambda x: 3 * x, without=ONE_SIZE | NO_OPTION | SMOOTH),
"""
ACTIVATION_MISTAKES = '''\
"""Wrong answers to {name}; more are made of every layer in `generated`."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

# FILL IN: what students do, as (what, text of the solution, text in its place, id of the misconception or None)
WRONG: list[Answer] = [
    *wrong("{name}.forward", "{item}", ("adds one", "3 * x", "3 * x + 1", None)),
    *wrong("{name}.backward", "{item}", ("flips the sign", "3 * grad_out", "-3 * grad_out", "sign-flipped")),
]
'''
ACTIVATION_STYLES = '''\
"""Right answers to {name}, written otherwise."""

from __future__ import annotations

from autograder.course.answers import Answer, liberty

# FILL IN: the same in other words, as (function, text of the solution, text in its place)
RIGHT: list[Answer] = [
    Answer("{name}: the solution itself", ("{item}",)),
    liberty("{name}: three terms", "{item}", ("{name}.backward", "3 * grad_out", "grad_out + grad_out + grad_out")),
]
'''

# A function is a function of a module, and checks of its own.
FUNCTION = '''\


def {item}(x: Tensor) -> Tensor:
    """FILL IN: what it returns. x: of any shape, float32 or float64. Returns a tensor of its shape and dtype."""
    answer = None
    ### BEGIN SOLUTION
    answer = 3 * x  # FILL IN
    ### END SOLUTION
    return answer
'''
CHECKS = '''\
"""What `{item}` must do."""

from __future__ import annotations

import torch

from toolbox.checks.compare import assert_value
from toolbox.checks.suite import item


def true(x: torch.Tensor) -> torch.Tensor:
    """The same in PyTorch."""
    return 3 * x  # FILL IN


@item("{item}")
def test_{item}_is_right(student, make):
    x = make.normal(4, 3)
    assert_value(student.{module}.{item}(x=x), true(x), name="{item}")


### BEGIN HIDDEN TESTS
from .function import Function  # noqa: E402


@item("{item}")
def test_{item}_is_right_for_other_shapes(student, make):
    for shape in ((1,), (2, 3, 4), (0, 3)):
        x = make.normal(*shape)
        assert_value(student.{module}.{item}(x=x), true(x), name="{item}")


# What every function is asked: its dtype, inputs that stay as they are, answers that stay as they are, layouts.
def given(make, dtype, more):
    return {{"x": make.normal(4 + more, 3, dtype=dtype)}}


NO_FAR = {{"far": "FILL IN: why it is not asked, or give `far`"}}
ROWS = [
    Function("{item}", "{module}", {{"": "{item}"}}, given, true=lambda x: [true(x)], without=NO_FAR),
]  # fmt: skip
### END HIDDEN TESTS
'''
MISTAKES = '''\
"""Wrong answers to `{item}`."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

# FILL IN: what students do, as (what, text of the solution, text in its place, id of the misconception or None)
WRONG: list[Answer] = [
    *wrong(
        "{item}",
        "{item}",
        ("adds one", "3 * x", "3 * x + 1", None),
        ("flips the sign", "3 * x", "-3 * x", "sign-flipped"),
        ("writes into x", "3 * x", "x.mul_(3)", "input-changed"),
    ),
]
'''
STYLES = '''\
"""Right answers to `{item}`, written otherwise."""

from __future__ import annotations

from autograder.course.answers import Answer, liberty

# FILL IN: the same in other words, as (function, text of the solution, text in its place)
RIGHT: list[Answer] = [
    Answer("{item}: the solution itself", ("{item}",)),
    liberty("{item}: three terms", "{item}", ("{item}", "3 * x", "x + x + x")),
]
'''

HEADER = """\
# ---
# jupyter:
#   backprop_kit: {{assignment: {assignment}, modules: [{assignment}], order: {order}}}
# ---

# %% [markdown]
# # {title}
#
# FILL IN: what this notebook is about, and what one can do at its end.
#
# There are {{{{checks}}}} checks ({{{{points}}}} points).

{setup}
# %%
import torch
from backprop import {assignment}
from toolbox import check

# %% [markdown]
# ## 1  FILL IN: the first section
#
# Code goes into `lib/backprop/{assignment}.py`.
"""
MODULE = '''\
"""FILL IN: what is in here."""

from __future__ import annotations

from torch import Tensor
'''
ROOM = '"""What the grader knows about `{assignment}`."""\n'
