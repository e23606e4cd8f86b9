"""A look at a hand-in's source: odd words are found where code uses them, and given or usual ones are passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course import rooms
from autograder.judging.look import MOST, Looker
from autograder.masters.catalogue import catalogue
from toolbox.notebook.cells import code_cells

ROOT = Path(__file__).resolve().parents[3]
GIVEN = "import torch\nx = torch.zeros(3, requires_grad=True)  # given\n"


@pytest.fixture
def looker():
    return Looker([GIVEN], ["def backward(grad_out): return grad_out"])


def words(looker, source: str) -> list[tuple[int, str]]:
    return [(finding.line, finding.word) for finding in looker.look([("flat.py", source)])]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import threading as t\n", [(1, "threading")]),
        ("from torch import autograd\n", [(1, "autograd")]),
        ("from torch.autograd.forward_ad import dual_level\n", [(1, "autograd"), (1, "dual_level"), (1, "forward_ad")]),
        ("import torch\nwith torch.enable_grad():\n    pass\n", [(2, "enable_grad")]),
        ("f = getattr(torch, 'auto' + 'grad')\ng = getattr(torch, 'autograd')\n", [(2, "autograd")]),
        ("y = torch.ones(3, requires_grad=True)\n", [(1, "requires_grad")]),
        ("exec(open('x').read())\n", [(1, "exec")]),
        ("frame = __import__('sys')._getframe()\n", [(1, "__import__"), (1, "_getframe")]),
        ("%matplotlib inline\nimport ctypes\n", [(2, "ctypes")]),
        ("def f(:\n    import gc\n", [(2, "gc")]),
    ],
)
def test_an_odd_word_is_found(looker, source, found):
    assert sorted(words(looker, source)) == found


@pytest.mark.parametrize(
    "source",
    [
        "# no autograd in here\n",
        '"""Written without autograd, threading and exec."""\n',
        "class Layer:\n    def backward(self, grad_out):\n        return self.next.backward(grad_out)\n",
        "    x = torch.zeros(3, requires_grad=True)  # given\n",
        "gcd = 1\nautograde = 2\nexecute = gcd\n",
    ],
)
def test_comments_usual_words_and_given_lines_are_passed_over(looker, source):
    assert words(looker, source) == []


def test_a_word_counts_once_in_each_place_and_only_so_many_are_kept(looker):
    assert words(looker, "import gc\ngc.collect()\ngc.collect()\n") == [(1, "gc")]
    many = [(f"m{number}.py", "import gc, ctypes\n") for number in range(MOST)]
    assert len(looker.look(many)) == MOST


def test_hardly_any_right_answer_has_an_odd_word_in_it():
    odd = total = 0
    for name, assignment in catalogue(ROOT).items():
        cells = [cell.source for cell in code_cells(ROOT / "assignments" / name / f"{name}.ipynb")]
        given = [path.read_text() for path in (ROOT / "lib" / "backprop").glob("*.py")]
        masters = [(ROOT / "solutions" / "backprop" / f"{module}.py").read_text() for module in assignment.modules]
        looker = Looker([*given, *cells], [*masters, *cells])
        room = rooms.load(name)
        for answer in room.right:
            total += 1
            odd += bool(looker.look(answer.sources(room.solutions).items()))
    assert total > 150 and odd <= 0.02 * total, f"{odd} of {total}"
