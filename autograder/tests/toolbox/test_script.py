"""Recorded steps run in one go, with objects that never leave their process."""

from __future__ import annotations

import textwrap
from pathlib import Path
from types import ModuleType

import pytest
import torch

from autograder.judging.view import view_of
from autograder.masters.catalogue import catalogue
from autograder.sandbox.remote_worker import HandInLimits
from autograder.sandbox.transport import RemoteTransport
from toolbox import errors
from toolbox.calling.student import LocalTransport, Student

ROOT = Path(__file__).resolve().parents[3]
MODULE = """
class Value:
    def __init__(self, data): self.data, self.grad = data, 0.0
    def __add__(self, other): return Value(self.data + (other.data if isinstance(other, Value) else other))
    __radd__ = __add__
    def __sub__(self, other): return Value(self.data - other)
    def __rsub__(self, other): return Value(other - self.data)
    def backward(self): self.grad = 1.0

class Layer:
    def __init__(self, w): self.w = w; self.grads = {}
    def forward(self, x): self.x = x; return x @ self.w
    def backward(self, grad): self.grads["w"] = self.x.T @ grad; return grad @ self.w.T

def apply(function, x): return function(x)
def forever():
    while True: pass
"""


@pytest.fixture(params=["here", "over the wire"])
def student(request):
    if request.param == "here":
        module = ModuleType("backprop.toy")
        exec(MODULE, module.__dict__)
        yield Student(LocalTransport({"toy": module}))
        return
    files = {"lib/backprop/__init__.py": b"", "lib/backprop/toy.py": textwrap.dedent(MODULE).encode()}
    known = catalogue(ROOT)
    view, _ = view_of(ROOT, known["scalar"], known)
    transport = RemoteTransport(files, [], HandInLimits(), view=view)
    yield Student(transport)
    transport.close()


def test_operators_attributes_and_methods_are_recorded_and_run_in_order(student):
    s = student.script()
    x = s.toy.Value(2.0)
    y = 10 - (3 + x)
    y.backward()
    assert s.fetch(y.data, y.grad, x.grad) == [5.0, 1.0, 0.0]
    assert s.fetch(x.data) == [2.0], "objects live on until the next script"


def test_tensors_go_in_and_come_out(student):
    x, w = torch.randn(3, 4), torch.randn(4, 2)
    s = student.script()
    layer = s.toy.Layer(w)
    y = layer.forward(x)
    back = layer.backward(torch.ones(3, 2))
    got = s.fetch([y, back], layer.grads)
    torch.testing.assert_close(got[0][0], x @ w)
    torch.testing.assert_close(got[1]["w"], x.T @ torch.ones(3, 2))


def test_a_long_chain_is_one_step(student):
    s = student.script()
    end = s.repeat(10_000, lambda value: value + 1, s.toy.Value(0.0))
    assert s.fetch(end.data) == [10_000.0]


def test_a_function_of_recorded_steps_runs_there_and_may_return_its_very_argument(student):
    s = student.script()
    x = s.keep([1.0, 2.0])
    same, length = s.toy.apply(s.function(lambda v: v), x), s.toy.apply(s.function(lambda v: s.builtins.len(v) + 1), x)
    assert s.fetch(length, s.facts.same(same, x), s.facts.same([1.0, 2.0], x)) == [3, True, False]


def test_a_function_of_recorded_steps_takes_its_arguments_anew_with_each_call(student):
    s = student.script()
    minus = s.function(lambda x, y: x - y, 2)
    assert s.fetch(minus(3, 1), minus(5, 1), minus(minus(9, 1), 1)) == [2, 4, 7]


def test_facts_are_said_of_objects_that_do_not_travel(student):
    s = student.script()
    x, y = s.toy.Value(1.0), s.toy.Value(1.0)
    places, length = s.facts.places([x, y, x], [x, y]), s.facts.length([x, y])
    assert s.fetch(places, length, s.facts.kind(x), s.facts.present(x), s.facts.present(None)) == [
        [[0, 2], [1]], 2, "Value", True, False,
    ]  # fmt: skip


def test_attributes_can_be_set(student):
    s = student.script()
    x = s.toy.Value(1.0)
    x.data = 7.0
    assert s.fetch(x.data) == [7.0]


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (lambda s: s.toy.Nothing(1), "toy.py has no `Nothing`"),
        (lambda s: s.toy.Value(1.0).nothing, "Value has no `nothing`"),
    ],
)
def test_what_is_not_there_is_missing(student, steps, words):
    s = student.script()
    with pytest.raises(errors.Missing, match=words):
        s.fetch(steps(s))


def test_an_object_cannot_be_fetched(student):
    s = student.script()
    with pytest.raises(errors.Malformed, match="Value"):
        s.fetch(s.toy.Value(1.0))


def test_a_step_that_raises_says_where(student):
    s = student.script()
    with pytest.raises(errors.Raised, match="TypeError"):
        s.fetch(s.toy.Value())
