"""What a worker gets to see of the course: what it needs, and nothing that answers an item."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

import toolbox
from autograder.judging.excerpt import excerpt
from autograder.judging.given import Needs, for_cells, for_scripts, imported
from autograder.judging.stripped import compiled
from autograder.judging.view import view_of
from autograder.masters.catalogue import catalogue
from autograder.masters.sources import checks_of
from autograder.sandbox.modules_in_memory import apart
from autograder.sandbox.transport import RemoteTransport
from autograder.sandbox.visible import ROOMS, SERVING, SHARED
from autograder.tests.check_files import text_of
from toolbox.notebook.cells import Cell

ROOT = Path(__file__).resolve().parents[3]
KNOWN = catalogue(ROOT)
# What answers items, or says how they are judged. None of it may ever be listed.
ANSWERS = {
    "check", "checks", "checks.compare", "checks.misconceptions", "checks.reference.losses",
    "checks.reference.models", "checks.suite",
    "gradcheck", "given.checkpoint", "given.unrolling", "handin", "handin.submit", "train",
}  # fmt: skip


def view(assignment: str):
    return view_of(ROOT, KNOWN[assignment], KNOWN)[0]


def shown(assignment: str, *cells: str, files: dict[str, bytes] | None = None) -> list[str]:
    """What cells print in a worker of an assignment, tracebacks included."""
    listed = [Cell(index, source, is_check=False) for index, source in enumerate(cells)]
    transport = RemoteTransport(files or {}, listed, view=view(assignment))
    try:
        outputs = transport.run_notebook()
    finally:
        transport.close()
    return [
        "".join(out.get("text", "") + "\n".join(out.get("traceback", [])) for out in outputs[index])
        for index in range(len(cells))
    ]


@cache
def given(assignment: str) -> dict[str, Needs]:
    known = KNOWN[assignment]
    return {"cells": for_cells(ROOT, known), "suite": for_scripts(ROOT, known)}


def test_nothing_is_given_that_answers_an_item():
    found = {module for name in KNOWN for needs in given(name).values() for module in needs}
    assert found and not [name for name in {*SERVING, *SHARED} | found for answer in ANSWERS
                          if f"{name}.".startswith(f"{answer}.")]  # fmt: skip
    withheld = {f"{path.parent.name}.{path.stem}" for path in (ROOT / "lib" / "toolbox").glob("*/*.py")
                if "\nWITHHELD = True" in path.read_text(encoding="utf-8")}  # fmt: skip
    assert {"probes.planted_faults", "probes.graph_ops", "given.unrolling"} <= withheld
    assert not withheld & found
    for parts in map(given, KNOWN):  # whatever is made of something withheld would hold it as well
        for module in {*parts["cells"], *parts["suite"]}:
            source = (ROOT / "lib" / "toolbox" / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
            used = imported(ast.parse(source))
            assert not {name for name in used if name in withheld or name.startswith(("checks", "gradcheck"))}, module


def test_the_sandbox_knows_no_assignment_and_no_item_by_name():
    names = {*KNOWN, *(item.id for known in KNOWN.values() for item in known.items if "_" in item.id)}
    names -= set(toolbox.__all__)  # numeric_gradient is a tool of the kit's, too
    for path in sorted((ROOT / "autograder" / "sandbox").rglob("*.py")):
        texts = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        assert not names & {text for text in texts if isinstance(text, str)}, path.name


@pytest.mark.parametrize("assignment", KNOWN)
def test_what_the_suites_scripts_name_is_given_and_no_module_besides(assignment):
    suite = text_of(checks_of(ROOT, assignment))
    named = set(re.findall(r"(?<![\w`])(?:script|s)\.toolbox\.(\w+)", suite))
    named |= {"function_watch"} if "function_runs import" in suite else set()
    named |= {"budget"} if "within_passes(" in suite else set()
    assert {name.rpartition(".")[2] for name in given(assignment)["suite"]} == named
    assert {f"toolbox.{name}" for name in given(assignment)["suite"]} == set(view(assignment).scripts)


@pytest.mark.parametrize("assignment", KNOWN)
def test_given_cells_that_do_more_than_show_find_what_they_import(assignment):
    released = json.loads((ROOT / "assignments" / assignment / f"{assignment}.ipynb").read_text())
    given = set(view(assignment).modules) | {f"toolbox.{name}" for name in SHARED}
    withheld = {
        "planted_faults",
        "graph_ops",
        "unrolling",
    }  # named in given cells, and used by cells that only show something
    for cell in released["cells"]:
        if cell["cell_type"] != "code" or cell["metadata"].get("backprop_kit", {}).get("show"):
            continue
        source = "".join(line for line in cell["source"] if not line.startswith(("%", "!")))
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.module == "toolbox":
                names = {alias.name for alias in node.names} - {"check", "load_digits", "submit"} - withheld
                assert {f"toolbox.{name}" for name in names} <= given
            elif isinstance(node, ast.ImportFrom) and (node.module or "") in {f"toolbox.{room}" for room in ROOMS}:
                assert {f"{node.module}.{alias.name}" for alias in node.names if alias.name not in withheld} <= given
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("toolbox."):
                assert node.module in given or node.module.rpartition(".")[2] in withheld | {"gradcheck"}, node.module


def test_references_are_given_of_what_this_assignments_masters_use_and_of_nothing_else():
    given = {name: [key for key in view(name).modules if key.startswith("backprop")] for name in KNOWN}
    assert given == {name: [] for name in KNOWN} | {"training": ["backprop.flat"]}
    code = view("training").modules["backprop.flat"][2]
    assert "net_softmax" in code.co_names and "linear_hinge" not in code.co_names
    assert set(view("layers").absent) >= {"scalar", "tensors", "flat", "fast"}


def test_an_excerpt_is_what_names_are_made_of():
    source = "import math\nimport os\n\nA = 1\nB, C = 2, A\n\n\n@staticmethod\ndef f():\n    return math.pi * B\n"
    source += "\n\ndef g():\n    return os\n"
    assert excerpt(source, ["f"]).splitlines()[2:] == [
        "import math", "", "A = 1", "", "B, C = 2, A", "", "@staticmethod", "def f():", "    return math.pi * B",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="defines no h"):
        excerpt(source, ["f", "h"])


# In a worker

HIDDEN = f"""
import gc, importlib, os, sys, types
LIB = {str(ROOT / "lib")!r}
answers = {sorted(ANSWERS)!r}
print("modules", sorted(name for name in sys.modules if name.startswith(("toolbox", "autograder", "backprop"))))
def origin(thing):
    return getattr(thing, "__module__", "") or ""
seen, waiting = set(), [sys.modules, gc.get_objects(), sys._getframe()]
found = set()
while waiting:  # all that can be reached from the modules, the collector and the frames below
    thing = waiting.pop()
    if id(thing) in seen:
        continue
    seen.add(id(thing))
    if type(thing) is types.CodeType:
        found.add(thing.co_filename)
    elif type(thing) in (types.FunctionType, types.ModuleType, type):
        found.add(str(vars(thing).get("__module__") or getattr(thing, "__module__", None) or thing.__name__))
    waiting += gc.get_referents(thing)
print("memory", len(seen) > 100_000, sorted(name for name in found for answer in answers
                     if name.startswith("toolbox." + answer) or "/toolbox/" + answer.replace(".", "/") in name))
print("files", [path for path in (LIB, LIB + "/toolbox", LIB + "/toolbox/checks/reference/models.py",
                "assignments", "checks")
                if os.path.exists(path)])
for name in answers:
    module = importlib.import_module("toolbox." + name)
    print(name, type(module).__name__, module.anything.at.all(1, x=2))
"""


def test_in_a_worker_nothing_else_is_a_file_or_a_module_or_in_memory():
    (text,) = shown("flat", HIDDEN, files={"lib/backprop/flat.py": b""})
    lines = text.splitlines()
    assert lines[0] == "modules " + str(
        sorted(["toolbox", *(f"toolbox.{name}" for name in {*SHARED, *ROOMS} - {"probes"})])
    )
    assert lines[1:3] == ["memory True []", "files []"]
    said = [line for line in lines[3:] if "NotThereWhileGrading" in line]
    assert len(said) == len(ANSWERS) and all("not there while grading" in line for line in said)


SCRIPTS = """
import gc, sys, types
for name in NAMES:
    module = __import__("toolbox." + name, fromlist=["_"])
    print(name, type(module).__name__)
own = [thing for thing in gc.get_objects() if type(thing) in (types.ModuleType, types.FunctionType, type)]
print(sorted({str(getattr(thing, "__module__", "")) for thing in own} & {"toolbox." + name for name in NAMES}))
print([name for name in sys.modules if name.removeprefix("toolbox.") in NAMES and "toolbox" in name and
       type(sys.modules[name]).__name__ != "NotThereWhileGrading"])
"""


@pytest.mark.parametrize("assignment", KNOWN)
def test_no_import_and_no_collector_finds_what_only_the_suites_scripts_use(assignment):
    names = sorted(set(given(assignment)["suite"]) - set(given(assignment)["cells"]))
    (text,) = shown(assignment, f"NAMES = {names!r}\n{SCRIPTS}")
    assert text.splitlines() == [*[f"{name} NotThereWhileGrading" for name in names], "[]", "[]"]


def test_the_scripts_modules_are_the_same_ones_for_each_other():
    sources = {
        "toolbox.base": "class Base: pass",
        "toolbox.user": "from toolbox.base import Base\nclass User(Base): pass",
    }
    sent = {name: (name, b"", compile(source, name, "exec")) for name, source in reversed(sources.items())}
    tools = apart(sent)
    assert issubclass(tools.user.User, tools.base.Base)


USES = """
from toolbox import check, gradcheck, submit
from toolbox.gradcheck import numeric_gradient
import toolbox.checks.reference.models
result = gradcheck(lambda x: x, {"x": 1.0})
print("went on", bool(result), list(result.rows), f"{result.worst:.3f}")
check("hinge_loss"); submit("flat")
check("toy").passed
"""


def test_who_uses_what_is_not_there_goes_on_and_is_told_and_a_check_is_quiet():
    (text,) = shown("flat", USES)
    assert text.splitlines() == [
        "toolbox.gradcheck is not there while grading", "went on False [] (not there while grading)",
    ]  # fmt: skip


READS = r"""
import dis, inspect, io, contextlib
from backprop import flat
f = flat.net_softmax
tries = {"source": lambda: inspect.getsource(f), "module": lambda: inspect.getsource(flat),
         "file": lambda: open(flat.__file__).read(), "here": lambda: open("lib/backprop/flat.py").read(),
         "loader": lambda: flat.__loader__.get_source("backprop.flat").strip()}
for name, get in tries.items():
    try:
        print(name, "GOT", get())
    except Exception as error:
        print(name, type(error).__name__)
print("doc", f.__doc__, flat.__doc__, f.__annotations__)
print("names", f.__code__.co_varnames)
print("lines", {line for _, _, line in f.__code__.co_lines()} , f.__code__.co_filename)
print("others", [name for name in vars(flat) if not name.startswith("__")])
import torch
given = {"w1": torch.ones(3, 4), "b1": torch.zeros(4), "w2": torch.ones(4, 2), "b2": torch.zeros(2), "reg": 0.0}
loss, grads = f(x=torch.ones(2, 3), y=torch.tensor([0, 1]), **given)
print("works", round(float(loss), 4), sorted(grads))
"""


def test_pictures_have_their_words_in_grading_and_what_could_be_played_with_stands_still():
    cells = (
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nfrom toolbox.draw import draw_graph\n"
        "from toolbox.draw.play import Slide, play",
        "draw_graph({'f': '+'}, [('x', 'f'), ('y', 'f')], {'x': 2, 'y': 3});",
        "play(lambda k: plt.bar(['a'], [k])[0].axes, k=Slide(4, 0, 9))",
    )
    listed = [Cell(index, source, is_check=False) for index, source in enumerate(cells)]
    transport = RemoteTransport({}, listed, view=view("scalar"))
    try:
        outputs = transport.run_notebook()
    finally:
        transport.close()
    pictures = [[out for out in outputs[index] if "image/png" in out.get("data", {})] for index in (1, 2)]
    words = [[out["metadata"]["image/png"]["alt"] for out in found] for found in pictures]
    assert words == [["A graph. Input x: value 2. Input y: value 3. Node f is + of x and y."], ["Bars: a 4."]]


def test_of_a_reference_there_is_code_that_runs_and_no_text():
    (text,) = shown("training", READS)
    assert "GOT" not in text
    lines = dict(line.split(" ", 1) for line in text.splitlines())
    assert lines["doc"] == "None None {}"
    assert lines["names"].startswith("('x', 'y', 'w1', 'b1', 'w2', 'b2', 'reg', '_7', ")
    assert lines["lines"] == "{1} <reference>"
    assert lines["others"] == "['annotations', 'torch', 'Tensor', 'net_softmax']"
    assert lines["works"] == "0.6931 ['a', 'b1', 'b2', 'h', 'scores', 'w1', 'w2']"


def test_every_module_of_the_course_still_runs_when_its_text_is_stripped():
    for path in sorted((ROOT / "solutions" / "backprop").glob("*.py")):
        code, source = compiled(path.read_text()), path.read_text()
        texts = [text for text in _texts(code) if len(text) > 40 and " " in text]
        assert not [text for text in texts if f'"""{text[:30]}' in source], path.name


def _texts(code) -> list[str]:
    inner = [text for part in code.co_consts if hasattr(part, "co_consts") for text in _texts(part)]
    return inner + [part for part in code.co_consts if isinstance(part, str)]


def test_modules_count_as_they_were_handed_in_whatever_a_cell_writes_over_them():
    (_, text) = shown(
        "flat",
        "%%writefile lib/backprop/flat.py\ndef toy(): return 'overwritten'",
        "import importlib\nfrom backprop import flat\nimportlib.reload(flat)\nprint(flat.toy())",
        files={"lib/backprop/flat.py": b"def toy(): return 'handed in'\n"},
    )
    assert text == "handed in\n"


def test_an_earlier_module_is_the_students_own_where_it_was_handed_in_and_else_not_there():
    (own,) = shown(
        "tensors", "from backprop import flat\nprint(flat.mine)", files={"lib/backprop/flat.py": b"mine = 1"}
    )
    (other,) = shown("tensors", "from backprop import flat\nflat.net_softmax(1)\nimport backprop.nowhere")
    assert own == "1\n"
    assert other.startswith("backprop.flat.net_softmax is not there while grading\n")
    assert "ModuleNotFoundError" in other


def test_everything_that_draws_is_shown_to_workers():
    drawing = {f"draw.{path.stem}" for path in (ROOT / "lib" / "toolbox" / "draw").glob("[!_]*.py")}
    assert drawing <= set(SHARED)
