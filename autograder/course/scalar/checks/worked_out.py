"""Gradients of `scalar` are worked out, and not found by nudging."""

### BEGIN HIDDEN TESTS
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch

from toolbox.checks.compare import assert_grad
from toolbox.checks.suite import each, item
from toolbox.errors import Missing
from toolbox.probes import step_detection

from .engine import started, true_gradients
from .gate import Gate
from .gates import GATES
from .inputs import away_from_zero, filled, positive
from .operations import OPERATIONS
from .tape import on_tape

# A gradient, or differences? See toolbox.probes.step_detection.
# These tests give no marks; what they forbid costs all of the item's.

LOST = (1e300, 1.0)  # next to the one every step for the other is lost
LAST = 1.797e308  # an ordinary step is lost, and a step in proportion leads beyond the largest float
OUTSIZE = [(1e150, 2e150), (LAST, 1e-300)]
TIE = (1.0, 1.0 + 1e-9)  # nearer to the kink than any usable step


AWKWARD = {  # where no step is of use
    "add": [LOST, LOST[::-1]],
    "sub": [LOST, LOST[::-1]],
    "multiply": OUTSIZE,
    "maximum": [TIE, TIE[::-1]],
    "reciprocal": [(3e-5,), (3e5,)],
    "log": [(3e-5,), (3e5,)],
    "total": [(*LOST, 2.0, 3.0)],
    "mean": [(*LOST, 2.0, 3.0)],
    "relu": [(1e-9,), (-1e-9,), (1e3,)],
}


@each([row for row in GATES if isinstance(row, Gate)], share=0.0)
def test_its_gradients_were_not_found_by_nudging(gate, student, make):
    inputs = positive(make, gate.inputs or 4)
    plain = [number + 30.0 * place for place, number in enumerate(inputs)]  # no tie within a step
    worked_out(partial(gate.ask_gradient, student, 0.5), [plain, plain[::-1]], AWKWARD.get(gate.name, []))


@each(OPERATIONS, share=0.0)
def test_its_local_gradients_were_not_found_by_nudging(operation, student, make):
    inputs = positive(make, operation.inputs, 1.2)
    plain = [inputs, inputs[::-1], *([[-inputs[0]], [0.5], [-0.5]] if operation.name == "relu" else [])]
    worked_out(partial(operation.ask, student, 1.0), plain, AWKWARD.get(operation.name, []))


def worked_out(ask: Callable, plain: Sequence, awkward: Sequence) -> None:
    """Raise Forbidden where gradients were found by nudging. plain: ordinary inputs, of every kind that awkward has."""

    def all_of_them() -> None:
        for inputs in (*plain, *awkward):
            ask(*inputs)

    def ordinary() -> None:
        for inputs in plain:
            ask(*inputs, precision=torch.float32)

    step_detection.apart(all_of_them, ordinary)


@item("gate_copy", share=0.0)
def test_the_gradient_of_the_copy_gate_was_not_found_by_nudging(student, make):
    def check(x: float, inputs: torch.dtype) -> None:
        answer = filled(student.gates.copy_backward(1.5, 2.5, x), "copy_backward")
        assert_grad(answer, torch.tensor(4.0, dtype=torch.float64), name="the downstream gradient", inputs=inputs)

    step_detection.apart(lambda: check(LAST, torch.float64), lambda: check(*away_from_zero(make, 1), torch.float32))


@item("tape", share=0.0)
def test_the_gradients_on_the_tape_were_not_found_by_nudging(student, make):
    def ask(expression: Callable, *numbers: float, precision: torch.dtype = torch.float64) -> None:
        _, *grads = on_tape(student, expression, list(numbers))
        true = torch.stack(true_gradients(expression, list(numbers)))
        assert_grad(started(grads), true, name="the gradients", inputs=precision)

    plain = [positive(make, 2)]
    worked_out(partial(ask, lambda x, y: [x + y]), plain, AWKWARD["add"])
    worked_out(partial(ask, lambda x, y: [x * y]), plain, AWKWARD["multiply"])
    worked_out(partial(ask, lambda x: [x.relu()]), [[0.5]], [(1e-9,), (1e3,)])


@item("tape_dot", share=0.0)
def test_the_gradients_of_a_dot_product_were_not_found_by_nudging(student, make):
    def check(w: list[float], x: list[float], inputs: torch.dtype) -> None:
        s = student.script()
        ws, bias = [s.tape.Var(number) for number in w], s.tape.Var(0.5)
        output = s.tape.dot(ws, x, bias)
        (kind,) = s.fetch(s.facts.present(output))
        if not kind:
            raise Missing("dot is not written yet (it returns None)")
        output.backward()
        (grads,) = s.fetch([node.grad for node in [*ws, bias]])
        W = torch.tensor(w, dtype=torch.float64, requires_grad=True)
        B = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
        true = torch.autograd.grad(W @ torch.tensor(x, dtype=torch.float64) + B, [W, B])
        assert_grad(grads, torch.cat([true[0], true[1][None]]), name="the gradients", inputs=inputs)

    w, x = positive(make, 3), away_from_zero(make, 3)
    step_detection.apart(lambda: check([LOST[0], *w[1:]], x, torch.float64), lambda: check(w, x, torch.float32))


### END HIDDEN TESTS
