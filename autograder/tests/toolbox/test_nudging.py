"""Numerical differentiation in place of a gradient earns nothing, in any assignment, whatever the step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from autograder.course import rooms
from autograder.course.answers import Answer
from autograder.course.students import answering
from autograder.judging.marks import judge_item
from autograder.masters.sources import checks_of
from toolbox.calling.student import LocalTransport, Student
from toolbox.checks.suite import Suite
from toolbox.errors import Forbidden, Mismatch, Raised, Timeout
from toolbox.probes import budget, step_detection

ROOT = Path(__file__).resolve().parents[3]
SOLUTIONS = ROOT / "solutions" / "backprop"

# `nudged(f, rule)`: f with the gradients of its arguments found by nudging them; `nudged_gate(f, rule)`: a gate's
# backward function that nudges the gate f; `swept(f, rule)`: grad_out times the Jacobian by nudging f.
DIFFERENCES = """
import functools, inspect, torch

def central(h):
    return lambda f, v: (f(v + h) - f(v - h)) / (2 * h)

def one_sided(h):
    return lambda f, v: (f(v + h) - f(v)) / h

def relative(c):
    return lambda f, v: central(c * max(abs(v), 1e-3))(f, v)

def richardson(h, n=6):
    def rule(f, v):
        row = [central(h / 2**k)(f, v) for k in range(n)]
        for j in range(1, n):
            row = [(4**j * row[i + 1] - row[i]) / (4**j - 1) for i in range(len(row) - 1)]
        return row[0]
    return rule

def by_entry(f, value, rule):
    value, out = value.double().contiguous(), torch.zeros(value.shape, dtype=torch.float64)
    for i in range(value.numel()):
        def at(entry):
            moved = value.clone()
            moved.view(-1)[i] = entry
            return float(f(moved))
        out.view(-1)[i] = rule(at, value.reshape(-1)[i].item())
    return out

def nudged(function, rule, dtype=torch.float64):
    @functools.wraps(function)
    def answer(*args, **given):
        given = dict(inspect.signature(function).bind(*args, **given).arguments)
        wide = {k: v.double() if torch.is_tensor(v) and v.is_floating_point() else v for k, v in given.items()}
        loss, grads = function(**given)
        for key in set(grads) & set(given):
            f = lambda moved: function(**wide | {key: moved})[0]
            grads[key] = by_entry(f, wide[key], rule).to(dtype) if torch.is_tensor(given[key]) else rule(f, given[key])
        return loss, grads
    return answer

def nudged_gate(gate, rule):
    def backward(grad_out, *given):
        if isinstance(given[0], list):
            inputs = given[0]
            return [grad_out * rule(lambda v, i=i: gate(inputs[:i] + [v] + inputs[i + 1:]), x)
                    for i, x in enumerate(inputs)]
        inputs = given[:-1]
        slopes = [rule(lambda v, i=i: gate(*inputs[:i], v, *inputs[i + 1:]), x) for i, x in enumerate(inputs)]
        return grad_out * slopes[0] if len(slopes) == 1 else tuple(grad_out * slope for slope in slopes)
    return backward

def swept(forward, rule, count, places=None):
    def backward(grad_out, *inputs):
        wide = [x.double() for x in inputs[:count]]
        found = [by_entry(lambda v, i=i: (forward(*wide[:i], v, *wide[i + 1:]) * grad_out.double()).sum(), x, rule)
                 for i, x in enumerate(wide)]
        return found[0] if count == 1 else tuple(found)
    return backward
"""
RULES = {
    "central differences": "central(1e-5)",
    "a step that is a power of two": "central(2.0**-10)",
    "a large step": "central(1.0)",
    "a very large step": "central(2.0**20)",
    "one-sided differences": "one_sided(1e-7)",
    "steps in proportion": "relative(1e-2)",
    "differences of high order": "richardson(0.2)",
}


def scores(assignment: str, added: str, items: list[str], modules: tuple[str, ...]) -> dict[str, tuple[float, str]]:
    """Points out of 10 and status by item, for the solution with code added to one module."""
    suite, room = Suite(checks_of(ROOT, assignment)), rooms.load(assignment)
    sources = dict(room.solutions)
    sources[modules[0]] += DIFFERENCES + added
    student = answering(Answer("by differences", ()), replace(room, solutions=sources))
    found = suite.run(student, items=items, seed="a seed of ours")
    verdicts = [judge_item(item, 10, [result for result in found if result.item == item]) for item in items]
    return {verdict.id: (verdict.score, verdict.status) for verdict in verdicts}


@pytest.mark.parametrize(
    ("rule", "items"),
    [("a step that is a power of two", "hinge_grad_w hinge_grad_b squared_grad_w softmax_grad_b net_hinge_grad_first"),
     ("a very large step", "squared_grad_b softmax_grad_w"), ("steps in proportion", "squared_grad_w softmax_grad_b")],
)  # fmt: skip
def test_differences_earn_nothing_in_flat(rule, items):
    functions = ("toy", "linear_hinge", "linear_squared", "linear_softmax", "net_hinge")
    added = "".join(f"{name} = nudged({name}, {RULES[rule]})\n" for name in functions)
    found = scores("flat", added, items.split(), ("flat",))
    assert {item: score for item, (score, _) in found.items() if score} == {}


def test_differences_rounded_to_float32_earn_nothing_and_are_called_by_their_name():
    added = "linear_hinge = nudged(linear_hinge, central(1e-5), torch.float32)\n"
    assert scores("flat", added, ["hinge_grad_w", "hinge_grad_b"], ("flat",)) == {
        "hinge_grad_w": (0.0, "forbidden"), "hinge_grad_b": (0.0, "forbidden")
    }  # fmt: skip


@pytest.mark.parametrize("rule", ["a step that is a power of two"])
def test_differences_that_nobody_can_count_earn_nothing_either(rule, monkeypatch):
    monkeypatch.setattr(step_detection, "PASSES", 10**9)  # as for code that does its work in NumPy
    added = f"linear_hinge, linear_squared = (nudged(f, {RULES[rule]}) for f in (linear_hinge, linear_squared))\n"
    found = scores("flat", added, ["hinge_grad_b", "squared_grad_b"], ("flat",))
    assert {item: score for item, (score, _) in found.items() if score} == {}


@pytest.mark.parametrize("rule", ["central differences", "a very large step", "differences of high order"])
def test_differences_earn_nothing_in_tensors(rule):
    added = f"""
rule = {RULES[rule]}
matmul_backward = swept(lambda x, w: x @ w, rule, 2)
mul_backward = swept(lambda x, y: x * y, rule, 2)
relu_backward = swept(lambda x: x.clamp(min=0), rule, 1)
_corr = correlate
def correlate_backward(grad_out, x, w):
    return swept(_corr, rule, 3)(grad_out, x, w, torch.zeros_like(grad_out))
def softmax_backward(grad_out, y):
    return swept(lambda x: torch.softmax(x, -1), rule, 1)(grad_out, y.log())
def _jacobian(f, x):
    units = torch.eye(f(x).numel(), dtype=torch.float64).reshape(-1, *f(x).shape)
    rows = [by_entry(lambda v: (f(v) * unit).sum(), x, rule) for unit in units]
    return torch.stack(rows).reshape(*f(x).shape, *x.shape)
relu_jacobian = lambda x: _jacobian(lambda v: v.clamp(min=0), x)
softmax_jacobian = lambda x: _jacobian(lambda v: torch.softmax(v, 0), x)
matmul_jacobian_x = lambda x, w: _jacobian(lambda v: v @ w.double(), x)
matmul_jacobian_w = lambda x, w: _jacobian(lambda v: x.double() @ v, w)
"""
    items = ["relu_jacobian", "softmax_jacobian", "matmul_jacobian", "relu_backward", "softmax_backward",
             "matmul_grad_x", "matmul_grad_w", "mul_backward", "corr_grad_x", "corr_grad_w",
             "corr_grad_b"]  # fmt: skip
    if rule == "differences of high order":  # exact to the last digits on a smooth function
        items = [name for name in items if not name.startswith("softmax")]
    found = scores("tensors", added, items, ("tensors",))
    assert {item: score for item, (score, _) in found.items() if score} == {}


@pytest.mark.parametrize("rule", RULES)
def test_differences_keep_at_most_the_forward_marks_of_a_gate(rule):
    gates = ("add", "multiply", "maximum", "reciprocal", "log", "total", "mean")
    added = "".join(f"{gate}_backward = nudged_gate({gate}, {RULES[rule]})\n" for gate in gates)
    added += f"copy_backward = lambda g, h, x: (g + h) * ({RULES[rule]})(lambda v: copy(v)[0], x)\n"
    items = ["gate_add", "gate_multiply", "gate_max", "gate_reciprocal", "gate_log", "gate_sum", "gate_mean",
             "gate_copy"]  # fmt: skip
    found = scores("scalar", added, items, ("gates", "scalar", "differences", "tape"))
    assert {item: got for item, got in found.items() if got[0] > 2} == {}  # the forward test is one share in five


def test_right_in_ordinary_places_and_wrong_in_awkward_ones_is_forbidden_and_wrong_in_both_is_left_to_others():
    def wrong():
        raise Mismatch("off")

    step_detection.apart(lambda: None, wrong)
    with pytest.raises(Forbidden, match="nudging.*off"):
        step_detection.apart(wrong, lambda: None)
    step_detection.apart(wrong, wrong)

    def rounded():
        raise Mismatch("in float32's digits", single=True)

    with pytest.raises(Mismatch, match="float32's digits"):  # a mistake of its own, and nothing forbidden
        step_detection.apart(rounded, lambda: None)


def test_a_function_may_take_the_work_of_some_forward_passes_and_not_of_hundreds():
    x = torch.ones(50, 50)
    work = step_detection.work_of(lambda: x @ x)
    assert work == 50**3
    allowed = step_detection.PASSES * work
    assert budget.within(lambda x: (x @ x).sum(), [], {"x": x}, allowed) == 50**3
    with pytest.raises(Timeout, match=f"^{budget.STOPPED}"):
        budget.within(lambda x: [x @ x for _ in range(100)], [], {"x": x}, allowed)


def test_too_much_work_is_forbidden_and_a_limit_of_time_is_not():
    def late(x):
        raise Timeout("took longer than 5 s")

    def large(x):
        torch.zeros(50**3 * step_detection.PASSES + 1)
        raise ValueError("no room")

    answers = {"lazy": lambda x: [x @ x for _ in range(100)], "late": late, "large": large, "right": lambda x: x @ x}
    student, x = Student(LocalTransport({"toy": answers})), torch.ones(50, 50)
    assert torch.equal(step_detection.within_passes(student, "toy", "right", {"x": x}, 50**3), x @ x)
    for name, error in {"lazy": Forbidden, "late": Timeout, "large": Raised}.items():
        with pytest.raises(error):
            step_detection.within_passes(student, "toy", name, {"x": x}, 50**3)
