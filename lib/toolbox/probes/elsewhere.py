"""Tensors as on a GPU, as far as saving goes: they are handed to a student's code, and nothing is looked at in here."""

from __future__ import annotations

from typing import Any

from torch import Tensor


class NotOnTheCPU(TypeError):
    """What numpy says to a tensor on a GPU."""


class Elsewhere(Tensor):
    """A tensor that numpy cannot read before it was copied to the CPU."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if func in (Tensor.numpy, Tensor.__array__):
            raise NotOnTheCPU("numpy cannot read a tensor that lies there")
        result = super().__torch_function__(func, types, args, kwargs)
        asked = [str(value) for value in (*args[1:], *kwargs.values())]
        arrived = func is Tensor.cpu or (func is Tensor.to and "cpu" in asked)
        return result.as_subclass(Tensor) if arrived else result
