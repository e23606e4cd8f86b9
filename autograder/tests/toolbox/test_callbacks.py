"""Functions of a check's that a student's code calls: at home in one process, in grading over the wire."""

from __future__ import annotations

from types import ModuleType

import pytest
import torch

from autograder.sandbox.transport import RemoteTransport
from toolbox import errors
from toolbox.calling import wire
from toolbox.calling.callbacks import Desk, Given, Like, Number, Told
from toolbox.calling.forbid import aside
from toolbox.calling.student import LocalTransport, Student

MODULE = """
import gc, os, threading
import torch

def apply(function, *args): return function(*args)
def often(function, x, times): return [function(x) for _ in range(times)]
def swallow(function, x):
    try:
        function(x)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
def spoil(function, x):
    before = x.clone()
    y = function(x)
    y += 1
    return bool(torch.equal(x, before))
def objects(function): return function(object())
def look(*functions):
    # all that can be seen of each: it must be the same for all
    def seen(f):
        code = f.__code__
        cells = [type(cell.cell_contents).__name__ for cell in f.__closure__]
        ahead = sorted(type(thing).__name__ for thing in gc.get_referents(f))
        return [f.__name__, f.__qualname__, f.__module__, str(f.__defaults__), str(f.__kwdefaults__), f.__doc__ or "",
                str(code.co_consts), str(code.co_names), code.co_filename, code.co_firstlineno, code.co_code.hex(),
                list(code.co_freevars), cells, ahead, sorted(vars(f)), str(f.__annotations__)]
    return [seen(f) for f in functions]
def later(function):
    global kept
    kept = function
def now(x): return kept(x)
def in_a_thread(function, x):
    found = []
    thread = threading.Thread(target=lambda: found.append(function(x)))
    thread.start()
    thread.join()
    return found[0]
def end(function, x): os._exit(3)
def forever(function, x):
    while True:
        function(x)
"""


def over_the_wire() -> RemoteTransport:
    return RemoteTransport({"lib/backprop/toy.py": MODULE.encode()}, [], modules=("toy",))


@pytest.fixture(params=["here", "over the wire"])
def student(request):
    if request.param == "here":
        module = ModuleType("backprop.toy")
        exec(MODULE, module.__dict__)
        yield Student(LocalTransport({"toy": module}))
        return
    transport = over_the_wire()
    yield Student(transport)
    transport.close()


@pytest.fixture
def remote():
    transport = over_the_wire()
    yield Student(transport)
    transport.close()


def test_a_given_function_runs_at_the_checks_desk_and_its_calls_are_counted(student):
    s, seen = student.script(), []
    given = Given(lambda x: seen.append(x) or 2 * x, Number())
    assert s.fetch(s.toy.often(s.give(given), 3.0, 4)) == [[6.0] * 4]
    assert (given.calls, seen) == (4, [3.0] * 4)


def test_tensors_come_and_go_as_copies(student):
    s, x = student.script(), torch.ones(3)
    assert s.fetch(s.toy.spoil(s.give(Given(lambda x: x, Like(x))), x)) == [True]


def test_nothing_tells_one_given_function_from_another(student):
    def healthy(x):
        return x

    def sick(x, factor=2):
        return [x * factor, healthy]

    s, x = student.script(), torch.ones(2)
    given = [Given(healthy, Like(x)), Given(sick, Like(x)), Given(lambda x: x, Number()), Given(torch.sin, Like(x))]
    (seen,) = s.fetch(s.toy.look(*[s.give(one) for one in given]))
    assert all(one == seen[0] for one in seen) and len(seen) == 4


@pytest.mark.parametrize("sent", [torch.ones(3), torch.ones(2, dtype=torch.int64), [1.0, 1.0], 1.0, "ones"])
def test_what_a_function_does_not_take_never_reaches_it(student, sent):
    s = student.script()
    given = Given(lambda x: pytest.fail("called"), Like(torch.ones(2)))
    (said,) = s.fetch(s.toy.swallow(s.give(given), sent))
    assert said.startswith("ValueError: argument 1 of this function is a floating tensor of shape (2,), not ")
    assert given.calls == 0


def test_neither_does_a_wrong_number_of_arguments_or_an_object(student):
    s, x = student.script(), torch.ones(2)
    with pytest.raises(errors.Raised, match="TypeError: this function takes 1 arguments, not 2"):
        s.fetch(s.toy.apply(s.give(Given(torch.sin, Like(x))), x, x))
    s = student.script()
    with pytest.raises(errors.Raised, match="it was called with object"):
        s.fetch(s.toy.objects(s.give(Given(torch.sin, Like(x)))))


def test_what_a_function_tells_is_raised_where_it_was_called(student):
    def refuse(x):
        raise Told("KeyboardInterrupt", "as if somebody had pressed it")

    s = student.script()
    (said,) = s.fetch(s.toy.swallow(s.give(Given(refuse, Number())), 1.0))
    assert said == "KeyboardInterrupt: as if somebody had pressed it"


def test_a_function_is_given_for_its_script_and_not_for_ever(student):
    s = student.script()
    s.fetch(s.facts.present(s.toy.later(s.give(Given(lambda x: x, Number())))))
    s = student.script()
    with pytest.raises(errors.Raised, match="another check"):
        s.fetch(s.toy.now(1.0))


def test_threads_may_call_as_well(student):
    s = student.script()
    assert s.fetch(s.toy.in_a_thread(s.give(Given(lambda x: x + 1, Number())), 1.0)) == [2.0]


def test_autograd_of_the_checks_own_is_no_offence_and_the_students_still_is(student):
    def slope(x):
        def work():
            with torch.enable_grad():
                leaf = x.clone().requires_grad_()
                return torch.autograd.grad((leaf**2).sum(), leaf)[0]

        return aside(work)

    s, x = student.script(), torch.ones(2)
    (found,) = s.fetch(s.toy.apply(s.give(Given(slope, Like(x))), x))
    assert torch.equal(found, 2 * x)
    s = student.script()
    with pytest.raises(errors.Forbidden):
        s.fetch(s.keep(x).requires_grad_().sum().backward())


def test_a_bug_in_a_given_function_is_not_the_students_fault_and_the_next_call_is_answered(remote):
    s = remote.script()
    with pytest.raises(ZeroDivisionError):
        s.fetch(s.toy.swallow(s.give(Given(lambda x: x / 0, Number())), 1.0))
    s = remote.script()
    assert s.fetch(s.toy.apply(s.give(Given(lambda x: x, Number())), 1.0)) == [1.0]


@pytest.mark.parametrize(
    "call", [5, [0], [0, []], [0, [1.0, 2.0]], [99, [1.0]], [-1, [1.0]], [True, [1.0]], ["0", [1.0]], {"0": 1.0}]
)
def test_a_desk_calls_nothing_for_who_sends_what_no_stand_in_would(call):
    desk = Desk()
    desk.enter(Given(lambda x: pytest.fail("called"), Number()))
    try:
        reply = wire.unpack(desk.answer(wire.pack(call)))
    except errors.Malformed:
        return
    assert set(reply) == {"raised"}


def test_calls_are_counted_anew_where_a_script_is_run_again(remote):
    s, given = remote.script(), Given(lambda x: x, Number())
    s.fetch(s.toy.often(s.give(given), 1.0, 3))
    with pytest.raises(errors.Crashed):
        s.fetch(s.toy.end(s.give(given), 1.0))
    assert given.calls == 3


def test_who_calls_without_end_is_stopped_in_time(remote):
    remote._transport._calls.full = 0.3
    s = remote.script()
    with pytest.raises(errors.Timeout):
        s.fetch(s.toy.forever(s.give(Given(lambda x: x, Number())), 1.0))
