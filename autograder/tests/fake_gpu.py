"""Run tensor code as on a GPU, in a machine that has none: shapes and devices are followed, numbers are not.

PyTorch's fake tensors have a device without its memory, and mixing devices raises an error. Only indexing asks for the
real device even then, so here it is spelled out in operations that do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode


@contextmanager
def fake_gpu() -> Iterator[None]:
    """Inside, device="cuda" gives fake tensors. Raises RuntimeError where code mixes devices."""
    with FakeTensorMode(), _Indexing():
        yield


class _Indexing(TorchFunctionMode):
    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        if func is Tensor.__getitem__:
            view, places = _view(*args)
            return torch.ops.aten.index(view, places) if places else view
        if func is Tensor.__setitem__:
            tensor, index, value = args
            view, places = _view(tensor, index)
            if not isinstance(value, Tensor):
                value = torch.full((), value, dtype=view.dtype, device=view.device)
            torch.ops.aten.index_put_(view, places, value) if places else torch.ops.aten.copy_(view, value)
            return None
        return func(*args, **(kwargs or {}))


def _view(tensor: Tensor, index: Any) -> tuple[Tensor, list[Tensor | None]]:
    """The part of a tensor that numbers, slices and None single out, and the tensors that index it further."""
    axis, places = 0, []
    for entry in index if isinstance(index, tuple) else (index,):
        if isinstance(entry, Tensor):
            places += [None] * (axis - len(places)) + [entry]
        elif isinstance(entry, int):
            tensor, axis = tensor.select(axis, entry), axis - 1
        elif entry is None:
            tensor = tensor.unsqueeze(axis)
        elif entry is not Ellipsis:
            begin, end, step = entry.indices(tensor.shape[axis])
            tensor = torch.ops.aten.slice(tensor, axis, begin, end, step)
        else:
            raise NotImplementedError("an index with an ellipsis")
        axis += 1
    return tensor, places
