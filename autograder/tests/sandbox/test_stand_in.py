"""Stand-ins: they let code go on, say what they are, and cannot be taken for an answer."""

from __future__ import annotations

import pytest

from autograder.sandbox.remote_worker import HandInLimits
from autograder.sandbox.stand_in import NotThereWhileGrading
from autograder.sandbox.transport import RemoteTransport
from toolbox.calling import wire
from toolbox.calling.student import Student
from toolbox.errors import Malformed
from toolbox.notebook.cells import Cell


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.setattr(NotThereWhileGrading, "_said", set())
    return NotThereWhileGrading("toolbox.tool")


def test_a_call_says_once_that_it_is_not_there_and_code_goes_on(tool, capsys):
    result = tool.gradcheck(lambda: 1, samples=3)
    tool.gradcheck(None)
    assert capsys.readouterr().out == "toolbox.tool.gradcheck is not there while grading\n"
    with result.rows[0] as row:
        assert not row and list(row) == [] and len(row) == 0
    assert f"{row.value:.3f}" == "(not there while grading)"
    assert repr(tool) == "<toolbox.tool: not there while grading>"


@pytest.mark.parametrize("name", ["toolbox.check", "toolbox.submit", "toolbox.check.check"])
def test_a_check_in_a_cell_of_a_students_own_is_quiet(name, capsys):
    assert not NotThereWhileGrading(name)("toy").passed
    assert capsys.readouterr().out == ""


def test_it_can_be_patched_to_no_effect_and_has_no_names_of_pythons_own(tool):
    tool.perform = tool.Suite.run = lambda *words: []
    with pytest.raises(AttributeError, match="not there while grading"):
        _ = tool.__wrapped__


COMPILED = """
import torch
import torch._inductor.config

@torch.compile
def twice(x):
    return 2 * x

@torch.compile(mode="reduce-overhead")
def thrice(x):
    return 3 * x

w = torch.ones(2, requires_grad=True)
w.grad = torch.ones(2)
for optimiser in (torch.optim.SGD([w], lr=0.1, momentum=0.9), torch.optim.Adam([w])):
    optimiser.step()
torch.optim.lr_scheduler.StepLR(optimiser, 2)
optimiser.load_state_dict(optimiser.state_dict())
torch.use_deterministic_algorithms(True)
net = torch.nn.Linear(2, 2)
net.compile()
answer = float(twice(torch.ones(())) + thrice(torch.ones(())) + (w < 1).sum() + 0 * net(torch.ones(2)).sum())
"""


def answers_seven(source, where):
    """Run it in a worker, where its `answer` must be 7."""
    files = {"lib/backprop/toy.py": source.encode()} if where == "a module" else {}
    cells = [Cell(0, source if where == "a cell" else "from backprop.toy import answer", False)]
    transport = RemoteTransport(files, cells, HandInLimits(), modules=("toy",) if files else ())
    try:
        assert Student(transport).value("answer") == 7, transport.run_notebook()
    finally:
        transport.close()


@pytest.mark.parametrize("where", ["a cell", "a module"])
def test_optimisers_and_what_would_be_compiled_run_without_torchs_compilers(where):
    answers_seven(COMPILED, where)


STOPS = ("breakpoint()", "breakpoint('here')", "import pdb; pdb.set_trace()", "from pdb import set_trace; set_trace()",
         "import pdb; pdb.Pdb().set_trace()", "from IPython.core.debugger import set_trace; set_trace()")  # fmt: skip


@pytest.mark.parametrize("where", ["a cell", "a module"])
def test_what_stops_a_program_for_a_person_is_passed_over(where):
    body = "".join(f"    {line}\n" for line in STOPS)
    answers_seven(f"def seven():\n{body}    return 7\n\nanswer = seven()\n", where)


def test_no_answer_can_hold_one(tool):
    with pytest.raises(Malformed, match="NotThereWhileGrading"):
        wire.pack({"w": tool.gradient(1)})
