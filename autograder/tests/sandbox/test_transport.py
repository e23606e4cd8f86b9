"""The worker through its trusted end: whatever the student's process does costs that call, and has a name."""

from __future__ import annotations

import os
import select
import textwrap
import time

import pytest
import torch

from autograder.sandbox.outputs import read_outputs
from autograder.sandbox.patience import Patience
from autograder.sandbox.remote_worker import HandInLimits, Worker
from autograder.sandbox.transport import RemoteTransport
from toolbox import errors
from toolbox.calling.student import Student
from toolbox.notebook.cells import Cell

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
    return [name for name in sys.modules if "judge" in name or "course" in name or "verdict" in name]

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
    transport = RemoteTransport(files, cells, HandInLimits(calls=Patience(full=2.0), cells=Patience(full=1.0)))
    yield Student(transport)
    transport.close()


def test_a_call_returns_what_the_function_returns(student):
    x = torch.randn(3, 4, dtype=torch.float64)
    assert torch.equal(student.toy.double(x=x), 2 * x) and not student.changed


def test_a_function_that_does_not_parse_is_named_with_its_line(student):
    with pytest.raises(errors.Missing, match=r"no function `f`; broken.py, line 1, was left out: SyntaxError"):
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
    handle = os.dup(student._transport._workers[True]._handle)
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


def test_what_was_handed_in_counts_whatever_a_cell_writes_over_it_and_libraries_are_left_alone():
    files = {"lib/backprop/__init__.py": b"", "lib/backprop/toy.py": b"def answer():\n    return 1\n"}
    first = "%load_ext autoreload\n%autoreload 2\nfrom backprop import toy\nfirst = toy.answer()"
    last = "second = toy.answer()\nreloader = get_ipython().magics_manager.registry['AutoreloadMagics']._reloader\n"
    last += "left_alone = 'torch' in reloader.skip_modules"
    cells = [Cell(number, source, False) for number, source in enumerate((first, AGAIN, last))]
    transport = RemoteTransport(files, cells, HandInLimits(), modules=("toy",))
    student = Student(transport)
    assert (student.value("first"), student.value("second"), student.toy.answer()) == (1, 1, 1)
    assert student.value("left_alone") is True
    transport.close()


def grading(module: str, *cells: str, limits: HandInLimits | None = None) -> RemoteTransport:
    files = {
        "lib/backprop/__init__.py": b"",
        "lib/backprop/toy.py": textwrap.dedent(module).encode("utf-8", "surrogatepass"),
    }
    runs = [Cell(number, source, False) for number, source in enumerate(cells)]
    return RemoteTransport(files, runs, limits or HandInLimits(), modules=("toy",))


RIGHT = "def right(x):\n    return x + 1\n\n\ndef also_right(x):\n    return x + 2\n"
DEADLY_CELLS = {
    "a cell that takes the shell's way to run cells away": "get_ipython().run_cell = None",
    "a timer that ends the process later": "import os, threading as t; t.Timer(0.2, lambda: os._exit(0)).start()",
    "a cell that ends the process": "import os; os._exit(0)",
    "a thread that takes all time": "import threading as t; t.Thread(target=lambda: all(iter(lambda: 1, 0))).start()",
}


@pytest.mark.parametrize("cell", DEADLY_CELLS.values(), ids=list(DEADLY_CELLS))
def test_what_a_cell_does_to_its_process_costs_no_function_of_the_modules(cell):
    transport = grading(RIGHT, "before = 1", cell, "after = 2")
    student = Student(transport)
    transport.run_notebook()
    for _ in range(30):
        assert (student.toy.right(x=1), student.toy.also_right(x=1)) == (2, 3)
        time.sleep(0.01)
    assert student.value("before") == 1
    transport.close()


def test_functions_that_hang_or_end_their_process_cost_themselves_and_are_named():
    bad = "".join(f"def hangs{n}(x):\n    while True:\n        pass\n\n" for n in range(7))
    transport = grading(f"import os\n{bad}def dies(x):\n    os._exit(1)\n\n{RIGHT}")
    student = Student(transport)
    for number in range(7):
        with pytest.raises(errors.Timeout, match=f"hangs{number}"):
            getattr(student.toy, f"hangs{number}")(x=1)
        assert student.toy.right(x=number) == number + 1
    with pytest.raises(errors.Crashed, match="`dies` ended the process"):
        student.toy.dies(x=1)
    assert student.toy.also_right(x=1) == 3
    transport.close()


def test_a_module_that_loads_slowly_is_not_cut_short_by_functions_that_hang():
    slow = "import time\nvalue = [time.sleep(0.6), 3][1]\n"
    bad = "".join(f"def hangs{n}(x):\n    while True:\n        pass\n\n" for n in range(6))
    transport = grading(f"{slow}{bad}def last(x):\n    return value\n")
    student = Student(transport)
    for number in range(6):
        with pytest.raises(errors.Timeout):
            getattr(student.toy, f"hangs{number}")(x=1)
    assert student.toy.last(x=1) == 3
    transport.close()


def test_waiting_that_the_code_chooses_is_charged_and_a_right_answer_that_waits_a_little_is_taken():
    transport = grading(
        "import time\ndef short(x):\n    time.sleep(0.3)\n    return x\ndef long(x):\n    time.sleep(60)\n"
    )
    student = Student(transport)
    assert student.toy.short(x=1) == 1
    with pytest.raises(errors.Timeout):
        student.toy.long(x=1)
    transport.close()


PRINTS = "import torch\ndef loud(x):\n    for n in range(3000):\n        print(torch.ones(8, 8) * n)\n    return x\n"
PRINTS += "def odd(x):\n    print('\\ud83d', end='\\udfff')\n    return x\n"


def test_printing_is_cheap_and_any_text_can_be_printed():
    transport = grading(PRINTS, "from backprop import toy\nprint('\\ud83d')\ntoy.loud(1)\nshown = 1")
    student = Student(transport)
    outputs = transport.run_notebook()
    assert len(outputs[0][0]["text"]) < 200_000 and student.value("shown") == 1
    begin = transport._calls.spent
    for _ in range(20):
        assert student.toy.loud(x=1) == 1
    assert transport._calls.spent - begin < 2.5, "printing costs more than it must"
    assert student.toy.odd(x=2) == 2
    transport.close()


@pytest.mark.parametrize(
    "blob", [b"", b"{}", b"[1]", b"[" * 100_000, b'[{"output_type": "stream"}]', b'[{"output_type": "pickle"}]']
)
def test_forged_outputs_are_refused(blob):
    with pytest.raises(errors.Malformed):
        read_outputs(blob)
