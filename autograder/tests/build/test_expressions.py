"""Tests that an answer in other letters is found wherever it is released, and that ordinary code is taken for none."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from autograder.build import Refused, expressions, leaks, plan
from autograder.masters import sources
from autograder.tests import build_course as course
from autograder.tests.checkout import ROOT

NOTEBOOK, CHECKS, HELPER = "assignments/tiny/tiny.ipynb", "assignments/tiny/checks/tiny.py", "lib/toolbox/helper.py"


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


ALIKE = [
    ("x.T @ grad_out", "a.T @ g"),
    ("x.T @ grad_out", "self.cache.t() @ grads['out']"),
    ("x.T @ grad_out", "torch.transpose(x) @ upstream"),
    ("grad_out * (x > 0)", "(0 < z) * g"),
    ("grad_out * out * (1 - out)", "(1 - s) * (s * g)"),
    ("torch.exp(x - x.amax(dim=-1, keepdim=True))", "(z - torch.amax(z, -1, True)).exp()"),
    ("(g * y).sum(dim=0)", "torch.sum(y * g, 0)"),
    ("2 * reg * w", "w * lam * 2.0"),
]
DIFFERENT = [
    ("x.T @ grad_out", "grad_out @ x.T"),
    ("x.T @ grad_out", "x.T @ x"),
    ("grad_out * (x > 0)", "grad_out * (x < 0)"),
    ("grad_out * out * (1 - out)", "grad_out * out * (1 + out)"),
    ("a - b", "b - a - a"),
    ("2 * reg * w", "3 * reg * w"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_names_orders_and_spellings_make_no_difference(one, other):
    assert expressions.form(expression(one)) == expressions.form(expression(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_computes_something_else_has_another_form(one, other):
    assert expressions.form(expression(one)) != expressions.form(expression(other))


@pytest.mark.parametrize("text", [one for one, _ in ALIKE[:-1]])
def test_an_answer_says_enough(text):
    assert expressions.telling(expression(text))


@pytest.mark.parametrize(
    "text", ["x", "x.T", "2 * x", "a + b", "a + b / n", "x[i + 1]", "x[k : k + n]", "f(x)", "x.sum(dim=0)"]
)
def test_what_stands_everywhere_is_no_answer(text):
    assert not expressions.telling(expression(text))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = course.write(tmp_path)
    course.edit(root, "module", "        answer = math.cos(x)\n", "        answer = x.T @ (up * math.cos(x))\n")
    (root / HELPER).parent.mkdir(parents=True)
    (root / HELPER).write_text("def helper(a, g):\n    return a + g\n")
    return root


def planted(path: str, text: str) -> str:
    """A released file with a leak in it."""
    if path.endswith(".ipynb"):
        return json.dumps({"cells": [{"cell_type": "code", "source": ["%matplotlib inline\n", text]}]})
    return f"def helper(a, g, other):\n    {text}\n"


def found(root: Path, path: str, text: str, shown: list[leaks.Shown] | None = None) -> list[str]:
    secrets = leaks.Secrets(sources.read(root))
    return [f"{problem.path}: {problem.message}" for problem in
            leaks.computing(secrets, {path: planted(path, text).encode()}, shown or [])]  # fmt: skip


LEAKS = [
    "kept = a.T @ (g * torch.cos(a))",
    "kept = a.T @ (a.cos() * g)",
    "table = {'name': [lambda a, g: a.T @ (g * a.cos())]}",
    "self.kept = 1 + self.cache.T @ (self.grads['x'] * np.cos(self.cache))",
    "def inner(x=a.T @ (g * math.cos(a))): ...",
]


@pytest.mark.parametrize("path", [HELPER, CHECKS, NOTEBOOK])
@pytest.mark.parametrize("text", LEAKS)
def test_an_answer_in_other_letters_is_found_and_its_origin_named(root, path, text):
    (said,) = found(root, path, text)
    line = course.line_of(root, "module", "math.cos")
    assert said.startswith(f"{path}: leak: ") and f"solutions/backprop/tiny.py:{line}" in said


def test_code_that_computes_something_else_is_no_leak(root):
    assert found(root, HELPER, "kept = a @ (g * torch.cos(a))") == []


def test_a_build_with_a_leak_in_a_hand_written_file_is_refused(root):
    plan.plan(root)
    (root / HELPER).write_text(planted(HELPER, LEAKS[0]))
    with pytest.raises(Refused, match=f"{HELPER}:2: leak"):
        plan.plan(root)


def test_what_a_master_shows_openly_is_no_leak(root):
    course.edit(root, "module", "import math\n", "import math\n\nSHOWN = lambda z, u: z.T @ (u * math.cos(z))\n")
    assert found(root, HELPER, LEAKS[0]) == []


def test_what_is_listed_may_stand_there_and_a_row_that_nothing_needs_is_a_problem(root):
    (root / leaks.SHOWN).write_text(f'SHOWN = [("{HELPER}", "v.T @ (w * v.cos())", "a test")]\n')
    shown = leaks.shown_in(root)
    assert found(root, HELPER, LEAKS[0], shown) == []
    assert "computes a solution" in found(root, CHECKS, LEAKS[0], shown)[0], "it is listed for another file"
    (said,) = found(root, HELPER, "kept = a", shown)
    assert said.startswith(f"{leaks.SHOWN}: ") and "delete the entry" in said


@pytest.mark.parametrize(
    "text", ['SHOWN = [("a.py", "x + y")]', "SHOWN = [", 'SHOWN = [("a.py", "x +", "why")]', "SHOWN = f()"]
)
def test_a_list_that_cannot_be_read_is_a_problem_and_no_traceback(root, text):
    (root / leaks.SHOWN).write_text(text + "\n")
    with pytest.raises(Refused, match="is no list of"):
        leaks.shown_in(root)


class Renamed(ast.NodeTransformer):
    """Every variable under another name."""

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return node if node.id in {*expressions.LIBRARIES, "self"} else ast.Name(f"other_{node.id}", node.ctx)

    def visit_Call(self, node: ast.Call) -> ast.Call:
        function = node.func if isinstance(node.func, ast.Name) else self.visit(node.func)
        return ast.Call(function, *([self.visit(part) for part in parts] for parts in (node.args, node.keywords)))


def test_every_answer_of_the_course_is_found_under_other_names():
    secrets = leaks.Secrets(sources.read(ROOT))
    assert len(secrets.forms) > 100
    lines = [ast.unparse(ast.fix_missing_locations(Renamed().visit(expression(secret.text))))
             for secret in secrets.forms.values()]  # fmt: skip
    text = "\n".join(f"v{number} = {line}" for number, line in enumerate(lines))
    assert {form for form, _, _ in secrets.computed_in(text)} == secrets.forms.keys()


def test_every_row_of_the_list_says_why():
    assert all(len(entry.reason) > 10 and (ROOT / entry.path).is_file() for entry in leaks.shown_in(ROOT))
