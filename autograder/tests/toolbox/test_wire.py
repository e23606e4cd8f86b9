"""The wire carries plain data unchanged and refuses everything else, on both sides."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from typing import NamedTuple

import msgpack
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from toolbox.calling import wire
from toolbox.errors import Malformed

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
@settings(max_examples=150, deadline=None)
def test_plain_data_arrives_as_it_was_sent(value):
    assert wire.unpack(wire.pack(value)) == value


@pytest.mark.parametrize("dtype", list(wire.DTYPES.values()), ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4)], ids=str)
def test_tensors_of_every_dtype_and_shape_arrive_bit_for_bit(dtype, shape):
    tensor = (torch.rand(shape) * 100).to(dtype)
    back = wire.unpack(wire.pack({"t": [tensor]}))["t"][0]
    assert back.dtype == dtype and back.shape == tensor.shape and torch.equal(back, tensor)


def test_views_arrive_with_their_values_and_their_kind_of_layout():
    base = torch.arange(24.0).reshape(2, 3, 4)
    for view in (base.transpose(0, 2), base.permute(1, 2, 0), base[:, ::2], base[1:].expand(5, 3, 4), base[0].T):
        arrived = wire.unpack(wire.pack(view))
        assert torch.equal(arrived, view)
        assert [s == 0 for s in arrived.stride()] == [s == 0 for s in view.stride()]
    assert not wire.unpack(wire.pack(base.transpose(0, 2))).is_contiguous()
    assert wire.unpack(wire.pack(base)).is_contiguous()


def test_numpy_arrays_and_tuples_arrive_as_tensors_and_lists():
    value = wire.unpack(wire.pack((np.arange(3.0), np.float64(2.5))))
    assert torch.equal(value[0], torch.arange(3.0, dtype=torch.float64)) and float(value[1]) == 2.5


class Loud:
    def __reduce__(self):
        raise AssertionError("the wire must not touch this")

    def __eq__(self, other):
        return True


class SlyFloat(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


class SlyTensor(torch.Tensor):
    pass


@pytest.mark.parametrize(
    "value",
    [Loud(), {1: 2}, {"a": Loud()}, {1, 2}, b"bytes", 1j, 2**70, SlyFloat(1.0), torch.ones(2).as_subclass(SlyTensor),
     torch.ones(2, dtype=torch.complex64), torch.eye(3).to_sparse(), np.array([object()]), print,
     torch.zeros(1).expand(2**40)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_not_plain_data_is_refused_when_sent(value):
    with pytest.raises(Malformed):
        wire.pack(value)


class Pair(NamedTuple):
    left: float
    right: torch.Tensor


class Sly(dict):
    """Makes up what it holds."""

    def items(self):
        return [("made up", 0.0)]

    def __iter__(self):
        return iter(["made up"])

    __getitem__ = get = keys = values = None


class SlyList(list):
    def __iter__(self):
        return iter(["made up"])

    __getitem__ = __len__ = None


@pytest.mark.parametrize(
    ("value", "arrives"),
    [
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (defaultdict(float, a=0.5), {"a": 0.5}),
        (Counter("aab"), {"a": 2, "b": 1}),
        (Pair(1.0, 2.0), [1.0, 2.0]),
        (torch.ones(2, 3).shape, [2, 3]),
        (Sly(w=1.0), {"w": 1.0}),
        (SlyList([1, 2]), [1, 2]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_derived_from_a_dict_a_list_or_a_tuple_is_read_as_that(value, arrives):
    assert wire.unpack(wire.pack({"answer": value})) == {"answer": arrives}


def test_torchs_own_tuples_are_sent():
    values, indices = wire.unpack(wire.pack(torch.eye(3).max(dim=0)))
    assert values.tolist() == [1, 1, 1] and indices.tolist() == [0, 1, 2]


def test_endless_nesting_is_refused_when_sent():
    loop = []
    loop.append(loop)
    with pytest.raises(Malformed, match="deep"):
        wire.pack(loop)


def tensor_blob(*parts):
    return msgpack.packb(msgpack.ExtType(wire.TENSOR, msgpack.packb(list(parts))))


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\xc1",
        b"\x91" * 5000 + b"\x00",
        msgpack.packb(b"raw bytes"),
        msgpack.packb(msgpack.ExtType(7, b"x")),
        msgpack.packb(msgpack.Timestamp(1)),
        msgpack.packb({1: 2}),
        msgpack.packb([1, 2]) + b"\x00",
        tensor_blob("float64", [2], b"\x00" * 8, [0], []),
        tensor_blob("float64", [-1], b"", [0], []),
        tensor_blob("float64", [2**62, 4], b"", [0, 1], []),
        tensor_blob("object", [1], b"\x00" * 8, [0], []),
        tensor_blob("float64", [1.0], b"\x00" * 8, [0], []),
        tensor_blob("float64", "1", b"\x00" * 8, [0], []),
        tensor_blob("float64", [1], b"\x00" * 8),
        tensor_blob("bool", [1], b"\x07", [0], []),
        tensor_blob("uint8", [1] * 40, b"\x00", list(range(40)), []),
        tensor_blob("float64", [1, 1], b"\x00" * 8, [0, 0], []),
        tensor_blob("float64", [1, 1], b"\x00" * 8, [0, 2], []),
        tensor_blob("float64", [1], b"\x00" * 8, [0], [3]),
        tensor_blob("float64", [2**24], b"\x00" * 8, [0], [0]),
    ],
    ids=range(21),
)
def test_forged_messages_are_refused_on_arrival(blob):
    with pytest.raises(Malformed):
        wire.unpack(blob)


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_garbage_never_raises_anything_but_malformed(blob):
    try:
        wire.unpack(blob)
    except Malformed:
        pass


def test_a_single_number_spread_over_a_whole_tensor_survives():
    for number in (torch.tensor(2.5), torch.tensor([2.5])):
        for spread in (number.expand(3), number.expand(3, 1, 4)):
            torch.testing.assert_close(wire.unpack(wire.pack(spread)), spread)
