"""The worker through its trusted end: whatever the student's process does costs that call, and has a name."""

from __future__ import annotations

import os
import select
import textwrap
import time

import pytest
import torch

from autograder.sandbox.transport import Limits, RemoteTransport, Worker, read_outputs
from toolbox import errors
from toolbox.cells import Cell
from toolbox.student import Student

MODULE = """
import os, sys, time
import torch

def double(x):
    return 2 * x

def forever():
    while True:
        pass

def swallow():
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass

def leave():
    os._exit(0)

def noise():
    print("noise " * 1000)
    os.system("true")
    sys.stderr.write("more")
    return 1

def garbage():
    for number in range(3, 64):
        try:
            os.write(number, b"\\xff" * 4096)
        except OSError:
            pass
    time.sleep(60)

def hungry():
    return len(bytearray(2**36))

def environment():
    return dict(os.environ)

def grader_modules():
    return [name for name in sys.modules if "judge" in name or "suites" in name or "verdict" in name]

def state():
    global count
    count = globals().get("count", 0) + 1
    return count
"""


@pytest.fixture
def student():
    files = {
        "lib/backprop/__init__.py": b"",
        "lib/backprop/toy.py": textwrap.dedent(MODULE).encode(),
        "lib/backprop/broken.py": b"def f(:\n",
    }
    cells = [
        Cell(0, "value = 1", False),
        Cell(1, "import os; os._exit(3)", False),
        Cell(2, "value += 1", False),
        Cell(3, "def half(x):\n    return x / 2", False),
    ]
    transport = RemoteTransport(files, cells, Limits(call=2.0, cell=1.0))
    yield Student(transport)
    transport.close()


def test_a_call_returns_what_the_function_returns(student):
    x = torch.randn(3, 4, dtype=torch.float64)
    assert torch.equal(student.toy.double(x=x), 2 * x) and not student.changed


def test_a_module_with_a_syntax_error_is_named_with_its_line(student):
    with pytest.raises(errors.Raised, match=r"SyntaxError.*broken.py, line 1"):
        student.broken.f()


@pytest.mark.parametrize("name", ["forever", "swallow", "garbage"])
def test_a_call_that_does_not_answer_is_given_up_in_time_and_the_next_one_works(student, name):
    begin = time.monotonic()
    with pytest.raises((errors.Timeout, errors.Malformed)):
        getattr(student.toy, name)()
    assert time.monotonic() - begin < 25
    assert student.toy.noise() == 1


def test_a_process_that_leaves_is_named_and_replaced(student):
    with pytest.raises(errors.Crashed):
        student.toy.leave()
    assert student.toy.noise() == 1


def test_a_function_that_always_dies_is_not_started_for_ever(student, monkeypatch):
    started = []
    monkeypatch.setattr("autograder.sandbox.transport.Worker", lambda *given: started.append(given) or Worker(*given))
    for _ in range(5):
        with pytest.raises(errors.Crashed):
            student.toy.leave()
    assert 1 <= len(started) <= 3


def test_taking_too_much_memory_is_named(student):
    with pytest.raises(errors.Memory):
        student.toy.hungry()


def test_nothing_of_the_graders_environment_or_modules_reaches_the_worker(student, monkeypatch):
    monkeypatch.setenv("GRADER_SECRET", "hidden")
    assert "GRADER_SECRET" not in student.toy.environment()
    assert student.toy.grader_modules() == []


def test_a_cell_that_kills_its_process_costs_itself_only(student):
    outputs = student._transport.run_notebook()
    assert outputs[1][0]["ename"] == "crashed" and outputs[0] == []
    assert student.value("value") == 2
    assert student.notebook.half(x=3.0) == 1.5


def test_notebook_state_is_there_again_after_a_death(student):
    assert student.value("value") == 2
    with pytest.raises(errors.Crashed):
        student.toy.leave()
    assert student.value("value") == 2


def test_a_variable_that_is_not_there_is_missing(student):
    with pytest.raises(errors.Missing, match="predicted"):
        student.value("predicted")


def test_no_process_is_left_behind(student):
    student.toy.noise()
    handle = os.dup(student._transport._worker._handle)
    assert not select.select([handle], [], [], 0)[0], "the worker is alive"
    student._transport.close()
    assert select.select([handle], [], [], 0)[0], "the worker has ended"
    os.close(handle)


AGAIN = r"""
import os, time
from pathlib import Path
path = Path("lib/backprop/toy.py")
path.write_text("def answer():\n    return 2\n")
os.utime(path, (time.time() + 5, time.time() + 5))
"""


def test_a_students_module_that_a_cell_has_rewritten_is_loaded_again_and_libraries_are_left_alone():
    files = {"lib/backprop/__init__.py": b"", "lib/backprop/toy.py": b"def answer():\n    return 1\n"}
    first = "%load_ext autoreload\n%autoreload 2\nfrom backprop import toy\nfirst = toy.answer()"
    last = "second = toy.answer()\nreloader = get_ipython().magics_manager.registry['AutoreloadMagics']._reloader\n"
    last += "looked_at = 'backprop.toy' in reloader.modules_mtimes and 'torch' in reloader.skip_modules"
    cells = [Cell(number, source, False) for number, source in enumerate((first, AGAIN, last))]
    transport = RemoteTransport(files, cells, Limits())
    student = Student(transport)
    assert (student.value("first"), student.value("second")) == (1, 2)
    assert student.value("looked_at") is True
    transport.close()


@pytest.mark.parametrize(
    "blob", [b"", b"{}", b"[1]", b"[" * 100_000, b'[{"output_type": "stream"}]', b'[{"output_type": "pickle"}]']
)
def test_forged_outputs_are_refused(blob):
    with pytest.raises(errors.Malformed):
        read_outputs(blob)
