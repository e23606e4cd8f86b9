"""Run a function within a budget of memory and work, so that an explicit Jacobian is stopped before it is built.

Steps, for every tensor operation inside: work out from the shapes how many numbers the result will hold; stop the
function if that one tensor goes beyond the budget, or all the work together: the numbers written, and for products of
matrices the multiplications; else let it run.

On a student's machine this keeps a Jacobian of many gigabytes from eating the memory. It is no lock: a function can
step around it (NumPy does). In grading the worker's memory limit stands behind it and does not look at code at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from toolbox.errors import Memory, Timeout

LARGEST = 2**28  # numbers in one tensor: 1 GiB in float32
WORK = 2 * 10**8  # by all operations together
STOPPED = "stopped after writing"
PRODUCTS = {"mm", "bmm", "addmm", "baddbmm", "addbmm"}  # their last two tensors are multiplied as matrices


class Budget(TorchDispatchMode):
    """Stops what needs too much: raises `errors.Memory` or `errors.Timeout`, which name the size."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here; True would load the compiler, which takes more than a second

    def __init__(self, largest: int = LARGEST, work: int = WORK):
        super().__init__()
        self.largest, self.work, self.done = largest, work, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        if not func.is_view:
            entries = expected_entries(func, args)
            if entries > self.largest:
                wide = next((value.element_size() for value in args if isinstance(value, Tensor)), 4)
                raise Memory(
                    f"out of memory: a tensor of {entries:,} numbers takes {size(entries * wide)}. "
                    "Do you need the whole Jacobian to know its product with one vector?"
                )
            self.done += multiplied(func, args) or entries
            if self.done > self.work:
                raise Timeout(f"{STOPPED} {self.done:,} numbers: that is the work of a whole Jacobian, row by row")
        return func(*args, **(kwargs or {}))


def within(
    function: Callable[..., Any], arguments: Sequence[Any], named: Mapping[str, Any] | None = None, work: int = WORK
) -> Any:
    """`function(*arguments, **named)` within the budget. Raises `Memory` or `Timeout` of `errors` beyond it."""
    with Budget(work=work):
        return function(*arguments, **(named or {}))


def size(count: int) -> str:
    """A number of bytes in words, e.g. '256 GiB'."""
    power = min(int(math.log2(max(count, 1)) // 10), 5)
    return f"{count / 2 ** (10 * power):.3g} {('B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB')[power]}"


def multiplied(func: Any, args: tuple) -> int:
    """How many multiplications a product of matrices takes; 0 for any other operation."""
    if func.overloadpacket.__name__ not in PRODUCTS:
        return 0
    left, right = [value for value in args if isinstance(value, Tensor)][-2:]
    return left.numel() * right.shape[-1]


def expected_entries(func: Any, args: tuple) -> int:
    """How many numbers the result of an operation will hold, from the shapes that go in; 0 where that is unknown.

    Torch's own shape inference (meta tensors) would know more operations, and takes two seconds to load.
    """
    name = func.overloadpacket.__name__
    tensors = [value for value in args if isinstance(value, Tensor)]
    if not tensors:
        lists = [value for value in args if isinstance(value, list | tuple)]
        if lists and all(isinstance(value, Tensor) for value in lists[0]):  # cat, stack
            return sum(value.numel() for value in lists[0])
        sizes = lists[0] if lists else args  # zeros([n, n]), eye(n, m)
        whole = [value for value in sizes if isinstance(value, int)]
        return whole[0] ** 2 if name == "eye" and len(whole) == 1 else math.prod(whole) if whole else 0
    if name in ("mv", "addmv"):
        return tensors[-2].shape[0]
    if name in PRODUCTS:
        left, right = tensors[-2], tensors[-1]
        return left.shape[:-1].numel() * right.shape[-1]
    if name == "diag_embed":
        return tensors[0].numel() * tensors[0].shape[-1]
    if name == "repeat":
        return tensors[0].numel() * math.prod(args[1])
    if name.startswith("new_"):
        return math.prod(args[1])
    if len(tensors) == 1:
        return tensors[0].numel()
    aligned = zip_longest(*(reversed(value.shape) for value in tensors), fillvalue=1)  # as broadcasting does
    return math.prod(0 if 0 in sizes else max(sizes) for sizes in aligned)
