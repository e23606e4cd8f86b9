"""Count the memory that a call takes anew: a list of numbers, and no opinion about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


class Made(TorchDispatchMode):
    """Notes the bytes of each tensor that is made in new memory: results in place, views, `out=` are not new."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here; True would load the compiler, which takes more than a second

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        given = {t.untyped_storage().data_ptr() for t in _tensors([*args, *kwargs.values()])}
        result = func(*args, **kwargs)
        for tensor in _tensors([result]):
            if tensor.untyped_storage().data_ptr() not in given:
                self.sizes.append(tensor.numel() * tensor.element_size())
        return result


def made_by(function: Callable[..., Any], *args: Any) -> list[Any]:
    """[what the function returns, the bytes of each tensor that it made]."""
    with Made() as made:
        result = function(*args)
    return [result, made.sizes]


def _tensors(values: Sequence[Any]) -> list[Tensor]:
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += _tensors(value)
    return found
