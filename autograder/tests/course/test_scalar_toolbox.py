"""What the assignment `scalar` adds to the toolbox, to the audit and to the benchmarks."""

from __future__ import annotations

import importlib
import json
import math
import sys
from pathlib import Path

import pytest
import torch

from autograder.course.answers import span
from autograder.course.scalar.checks.operations import local_slopes
from autograder.masters.sources import checks_of
from toolbox.calling.student import LocalTransport, Student, fresh_module
from toolbox.checks.misconceptions import CATALOGUE
from toolbox.checks.misconceptions.scalar import ROWS
from toolbox.checks.reference import gates
from toolbox.checks.suite import Suite
from toolbox.given import curves

ROOT = Path(__file__).resolve().parents[3]


def slopes_by(code: str) -> list[float]:
    """What the checks read off x + x, made of nodes as `code` defines them."""
    module = {}
    exec(code, module)
    script = Student(LocalTransport({"toy": module})).script()
    x = script.toy.Node(2.0)
    return local_slopes(script, x + x, [x])


def test_slopes_add_up_where_a_node_is_used_twice():
    assert slopes_by("""
class Node:
    def __init__(self, data, inputs=(), local=()):
        self.data, self.inputs, self.local = data, inputs, local
    def __add__(self, other):
        return Node(self.data + other.data, (self, other), (1.0, 1.0))
""") == [2.0]


def test_slopes_of_a_node_that_keeps_no_local_gradients_come_from_its_backward():
    assert slopes_by("""
class Node:
    def __init__(self, data):
        self.data, self.inputs, self.local = data, [lambda: 1], [lambda: 2]
    def __add__(self, other):
        made = Node(0.0)
        made.backward = lambda: setattr(self, "grad", 7.0)
        return made
""") == [7.0]


@pytest.mark.parametrize("at", [[0.5, -1.2], [2.0, 0.3]])
def test_a_surface_is_the_sum_that_its_docstring_says(at):
    height = curves.surface([1.0, -2.0], [0.5, 3.0], 0.7)
    expected = at[0] ** 3 - 2 * at[1] ** 3 + 0.5 * at[0] ** 2 + 3 * at[1] ** 2 + 0.7 * at[0] * at[1]
    assert height(at) == pytest.approx(expected)
    assert curves.cubic(1.0, 2.0, 3.0, 4.0)(2.0) == 8 + 8 + 6 + 4
    with pytest.raises(ValueError):
        height([1.0])


INPUTS = {name: [1.3, -0.6] for name in ("add", "sub", "multiply", "truediv", "maximum")} | {"total": [0.5, -1.2, 2.0]}
INPUTS |= {"mean": [0.5, -1.2, 2.0]}


def test_gradients_of_gates_agree_with_nudging():
    for gate, function in gates.FORWARD.items():
        inputs = INPUTS.get(gate, [0.7])
        _, true = gates.truth(gate, inputs, 1.0)
        for i, slope in enumerate(true.reshape(-1).tolist()):
            up, down = list(inputs), list(inputs)
            up[i] += 1e-6
            down[i] -= 1e-6
            high, low = (function(*map(torch.tensor, point)).double().item() for point in (up, down))
            assert slope == pytest.approx((high - low) / 2e-6, abs=0.2), gate


def test_every_row_is_in_the_catalogue_and_ids_are_their_own():
    ids = [row[0] for row in ROWS]
    assert len(ids) == len(set(ids))
    for name, title, hint, section in ROWS:
        assert CATALOGUE[name][:4] == (name, title, hint, section)


def test_sections_of_hints_are_headings_of_the_notebook():
    master = (ROOT / "solutions" / "scalar.py").read_text()
    headings = {line.lstrip("# ").strip() for line in master.splitlines() if line.startswith(("# ## ", "# ### "))}
    assert {section for _, _, _, section in ROWS} <= headings


def test_methods_of_classes_can_be_found_by_their_dotted_names():
    source = "class A:\n    def f(self):\n        '''Doc.'''\n        return 1\n\ndef f():\n    return 2\n"
    start, end = span(source, "A.f")
    assert source[start:end] == "        return 1\n"
    start, end = span(source, "f")
    assert "return 2" in source[start:end] and "return 1" not in source[start:end]
    with pytest.raises(ValueError):
        span(source, "A.g")


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "backprop"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "backprop"}
    for name in before:
        del sys.modules[name]
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "backprop"]:
        del sys.modules[name]
    sys.modules.update(before)


def test_a_module_that_did_not_change_keeps_its_classes_and_an_edited_one_is_loaded_again(package):
    file = package / "engine_of_a_test.py"
    file.write_text("class Value:\n    number = 1\n")
    importlib.invalidate_caches()
    first = fresh_module("engine_of_a_test").Value
    assert fresh_module("engine_of_a_test").Value is first
    file.write_text("class Value:\n    number = 12\n")
    assert fresh_module("engine_of_a_test").Value.number == 12


def test_a_script_meets_one_and_the_same_class_however_often_it_names_it(package):
    (package / "classes_of_a_test.py").write_text(
        "class Value:\n    pass\ndef own(x):\n    return isinstance(x, Value)\n"
    )
    importlib.invalidate_caches()
    s = Student(LocalTransport()).script()
    a = s.classes_of_a_test.Value()
    assert s.fetch(s.classes_of_a_test.own(a), s.classes_of_a_test.own(s.classes_of_a_test.Value())) == [True, True]


def test_the_untouched_skeleton_earns_nothing():
    modules = {}
    for name in ("gates", "differences", "scalar", "tape"):
        modules[name] = {"__name__": f"backprop.{name}"}
        source = (ROOT / "lib" / "backprop" / f"{name}.py").read_text()
        exec(compile(source, f"{name}.py", "exec"), modules[name])
    notebook = json.loads((ROOT / "assignments" / "scalar" / "scalar.ipynb").read_text())
    namespace: dict = {}
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution") and cell["cell_type"] == "code":
            exec("".join(cell["source"]), namespace)
    suite = Suite(checks_of(ROOT, "scalar"))
    results = suite.run(Student(LocalTransport(modules, namespace)))
    assert [result.name for result in results if result.status == "passed"] == []


def test_the_benchmark_counts_operations_and_says_what_is_missing(monkeypatch):
    from autograder.bench import engine

    assert engine.operations() == 12 * (2 * (2 * 16 + 16 * 16 + 16) + 32 + 4) - 1
    monkeypatch.setattr(engine.importlib.util, "find_spec", lambda name: None)
    for entry in engine.measure():
        assert entry["value"] is None and "pip install" in entry["detail"] and entry["reach"] in (5.0, 12.0)


def test_the_kits_own_engines_agree_with_each_other_in_the_benchmark():
    from autograder.bench import engine

    layers, points = engine.numbers()
    one, other = engine.tape_run(layers, points)(), engine.tape_run(layers, points, fused=True)()
    engine.agree([one, other])
    with pytest.raises(RuntimeError, match="disagree"):
        engine.agree([one, (other[0], [grad * (1 + 1e-6) for grad in other[1]])])
    assert math.isfinite(one[0])
