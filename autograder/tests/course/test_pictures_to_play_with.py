"""What a slider moves stays movable: its picture reads no variable that a later cell of the notebook writes."""

from __future__ import annotations

import ast
import json
import symtable

import pytest

from autograder.tests.checkout import ROOT

NAMES = sorted(path.stem for path in (ROOT / "solutions").glob("*.py"))


def cells(name: str) -> list[ast.Module]:
    notebook = json.loads((ROOT / "assignments" / name / f"{name}.ipynb").read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [ast.parse("\n".join(line for line in text.splitlines() if not line.startswith("%"))) for text in sources]


def written(tree: ast.Module) -> set[str]:
    """The notebook's variables that a cell writes: not those of its functions."""
    names: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            pass
        else:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
            waiting += ast.iter_child_nodes(node)
    return names


def read_by_functions(tree: ast.Module) -> set[str]:
    """The notebook's variables that the functions of a cell read when they are called."""
    found: set[str] = set()
    waiting = symtable.symtable(ast.unparse(tree), "cell", "exec").get_children()
    while waiting:
        scope = waiting.pop()
        found |= {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global() and symbol.is_referenced()}
        waiting += scope.get_children()
    return found


def overwritten(trees: list[ast.Module]) -> dict[int, set[str]]:
    """Cell that calls `play` -> names that its functions read and that a later cell writes."""
    found = {}
    for index, tree in enumerate(trees):
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        if any(isinstance(call.func, ast.Name) and call.func.id == "play" for call in calls):
            later = set().union(*(written(other) for other in trees[index + 1 :]))
            mine = read_by_functions(tree) & later
            if mine:
                found[index] = mine
    return found


@pytest.mark.parametrize("name", NAMES)
def test_no_later_cell_writes_what_a_picture_to_play_with_reads(name):
    assert overwritten(cells(name)) == {}


def test_a_variable_that_is_written_again_is_found():
    cell, later = "def picture(x):\n    return draw(x, nodes)\nplay(picture, x=Slide(1, 0, 2))", "for nodes in []: pass"
    assert overwritten([ast.parse(cell), ast.parse(later)]) == {0: {"nodes"}}
    assert overwritten([ast.parse(cell), ast.parse("def f():\n    nodes = 2")]) == {}
