"""Plain data as bytes, and back, believing nothing: the only language between a student's process and the judge.

Values: None, bool, int, float, str, list (a tuple arrives as a list, and so does a namedtuple), dict with string keys
(an OrderedDict or a defaultdict is one), and tensors as (dtype, shape, bytes, layout): a transposed or expanded tensor
arrives transposed or expanded. Everything else is refused by `pack`; everything that does not fit the schema is refused
by `unpack`, which never runs code of the sender's (msgpack, not pickle) and checks lengths before it allocates.
"""

from __future__ import annotations

import math
from typing import Any

import msgpack
import numpy as np
import torch

from toolbox.errors import Malformed

MAX_BYTES = 64 * 2**20  # one message; the largest honest answer of the course is below 1 MiB
MAX_DEPTH = 16
MAX_ITEMS = 100_000
MAX_DIMENSIONS = 16
TENSOR = 1  # msgpack extension code

DTYPES: dict[str, torch.dtype] = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float64, torch.float32, torch.float16, torch.bfloat16,
        torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
    )
}  # fmt: skip
NAMES = {dtype: name for name, dtype in DTYPES.items()}


def pack(value: Any) -> bytes:
    """Encode plain data. Raises Malformed, naming the place, for anything that is not plain."""
    try:
        return msgpack.packb(_plain(value, "answer", 0), use_bin_type=True)
    except (OverflowError, ValueError) as error:
        raise Malformed(f"the answer holds a number that cannot be sent ({error})") from None


def pack_question(value: Any) -> bytes:
    """The same for what the judge asks: its own values, which nobody has to look through first."""
    return msgpack.packb(value, use_bin_type=True, default=lambda part: _plain(part, "the question", 0))


def unpack(blob: bytes, believed: bool = False) -> Any:
    """Decode what `pack` made. Raises Malformed for garbage, oversized or ill-typed messages.

    believed: it is a question of the judge's, whose every part is what it should be.
    """
    if len(blob) > MAX_BYTES:
        raise Malformed(f"the answer takes {len(blob)} bytes; {MAX_BYTES} are allowed")
    try:
        value = msgpack.unpackb(
            blob,
            raw=False,
            strict_map_key=True,
            ext_hook=_tensor_from_ext,
            max_str_len=2**20,
            max_bin_len=0,
            max_array_len=MAX_ITEMS,
            max_map_len=MAX_ITEMS,
            max_ext_len=MAX_BYTES,
        )
    except Malformed:
        raise
    except Exception as error:  # msgpack raises many kinds; all of them mean the same thing here
        raise Malformed(f"the answer is not in the kit's format ({type(error).__name__})") from None
    if not believed:
        _check_keys(value, 0)
    return value


def _plain(value: Any, where: str, depth: int) -> Any:
    """The msgpack form of `value`. What is derived from list, tuple or dict (a namedtuple, an OrderedDict) is read as
    its base reads it, so that no code of its own runs while it is packed; of all else exact types only.
    """
    if depth > MAX_DEPTH:
        raise Malformed(f"{where} is nested more than {MAX_DEPTH} deep")
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    for base in (list, tuple):
        if issubclass(kind, base):
            return [_plain(entry, f"{where}[{i}]", depth + 1) for i, entry in enumerate(base.__iter__(value))]
    if issubclass(kind, dict):
        found = {}
        for key, entry in dict.items(value):
            if type(key) is not str:
                raise Malformed(f"{where} has the key {key!r} of type {type(key).__name__}; keys must be strings")
            found[key] = _plain(entry, f"{where}[{key!r}]", depth + 1)
        return found
    if kind is np.ndarray or isinstance(value, np.generic):
        try:
            value = torch.from_numpy(np.array(value))
        except TypeError:
            raise Malformed(f"{where} is an array of dtype {value.dtype}; use numbers") from None
    elif kind not in (torch.Tensor, torch.nn.Parameter):
        raise Malformed(f"{where} is of type {kind.__name__}; return numbers, tensors, lists or dicts of them")
    return msgpack.ExtType(TENSOR, _tensor_to_bytes(value, where))


def _tensor_to_bytes(tensor: torch.Tensor, where: str) -> bytes:
    if tensor.dtype not in NAMES:
        raise Malformed(f"{where} has dtype {tensor.dtype}; use a real floating or integer dtype")
    if tensor.layout is not torch.strided or tensor.is_quantized:
        raise Malformed(f"{where} is not a dense tensor")
    if tensor.is_meta:
        raise Malformed(f"{where} is a meta tensor: it has a shape and no numbers")
    size = tensor.numel() * tensor.element_size()
    if size > MAX_BYTES:  # an expanded view can claim far more than it stores: look before copying
        raise Malformed(f"{where} has shape {tuple(tensor.shape)}: {size} bytes; {MAX_BYTES} are allowed")
    tensor = tensor.detach()
    if tensor.is_contiguous() and tensor.is_cpu and not tensor.is_neg() and tensor.dtype != torch.bfloat16:
        shape = list(tensor.shape)  # nearly all of them
        return msgpack.packb([NAMES[tensor.dtype], shape, tensor.numpy().tobytes(), [*range(len(shape))], []])
    tensor = tensor.cpu().resolve_neg()
    sizes, strides = tensor.shape, tensor.stride()
    order = sorted(range(tensor.dim()), key=lambda d: (-strides[d], d))  # from the slowest dimension to the fastest
    expanded = [d for d in order if strides[d] == 0 and sizes[d] > 1]
    for d in expanded:
        tensor = tensor.narrow(d, 0, 1)
    if order != sorted(order):
        tensor = tensor.permute(order)
    flat = tensor.contiguous().reshape(-1)
    if flat.stride() != (1,):  # a single entry may have any
        flat = torch.empty_like(flat, memory_format=torch.contiguous_format).copy_(flat)
    flat = flat.view(torch.uint8)
    return msgpack.packb([NAMES[tensor.dtype], list(sizes), flat.numpy().tobytes(), order, expanded])


def _tensor_from_ext(code: int, data: bytes) -> torch.Tensor:
    if code != TENSOR:
        raise Malformed(f"the answer holds an unknown kind of value ({code})")
    name, shape, raw, order, expanded = msgpack.unpackb(data, max_array_len=MAX_DIMENSIONS)
    if type(name) is not str or name not in DTYPES or type(raw) is not bytes:
        raise Malformed("a tensor of the answer has no valid dtype, shape and bytes")
    for numbers in (shape, order, expanded):
        if type(numbers) is not list or not all(type(n) is int and 0 <= n <= MAX_BYTES for n in numbers):
            raise Malformed("a tensor of the answer has an impossible shape")
    dtype, in_order = DTYPES[name], order == [*range(len(shape))]
    if not in_order and sorted(order) != [*range(len(shape))] or not set(expanded) <= set(order):
        raise Malformed("a tensor of the answer has an impossible layout")
    if math.prod(shape) * dtype.itemsize > MAX_BYTES:  # an expanded one brings few bytes and may claim many
        raise Malformed(f"a tensor of the answer claims shape {shape}; {MAX_BYTES} bytes are allowed")
    stored = [1 if d in expanded else size for d, size in enumerate(shape)] if expanded else shape
    if math.prod(stored) * dtype.itemsize != len(raw):
        raise Malformed(f"a tensor of the answer claims shape {shape} but brings {len(raw)} bytes")
    if not raw:
        return torch.empty(shape, dtype=dtype)
    if dtype is torch.bool and raw.strip(b"\x00\x01"):
        raise Malformed("a boolean tensor of the answer holds bytes other than 0 and 1")
    tensor = torch.frombuffer(bytearray(raw), dtype=dtype)
    if not expanded and in_order:  # nearly all of them
        return tensor.reshape(shape)
    tensor = tensor.reshape([stored[d] for d in order])
    back = [order.index(d) for d in range(len(order))]
    return tensor.permute(back).expand(shape)


def _check_keys(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Malformed(f"the answer is nested more than {MAX_DEPTH} deep")
    if type(value) is dict:
        for key, entry in value.items():
            if type(key) is not str:
                raise Malformed("a dict of the answer has a key that is not a string")
            _check_keys(entry, depth + 1)
    elif type(value) is list:
        for entry in value:
            _check_keys(entry, depth + 1)
    elif not (value is None or type(value) in (bool, int, float, str, torch.Tensor)):
        raise Malformed(f"the answer holds a value of type {type(value).__name__}")
