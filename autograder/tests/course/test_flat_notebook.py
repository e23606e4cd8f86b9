"""The flat notebook: its patients are ill where the suite says, and it runs through, solved and untouched."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import nbformat
import pytest
import torch
from nbclient import NotebookClient

from autograder.build import build
from autograder.masters.sources import checks_of
from toolbox.gradcheck import gradcheck

HOUSE = Path(__file__).resolve().parents[3]
MASTER = (HOUSE / "solutions" / "flat.py").read_text(encoding="utf-8")
NAMES = ("scores", "b2", "w2", "h", "a", "b1", "w1")  # in backward order

# What heals each patient: the text of the line at fault, and the right one.
CURES = {
    "anna": ("grad_w2 = 2 * reg * w2", "grad_w2 = grad_w2 + 2 * reg * w2"),
    "ben": ("grad_a = torch.where(grad_h > 0, grad_h, 0.0)", "grad_a = torch.where(a > 0, grad_h, 0.0)"),
    "dana": ("grad_scores[rows, y] -= 1", "grad_scores[rows, y] -= 1 / N"),
}
# Which gradients the fault spoils: its own, and those that inherit it.
SPOILT = {"anna": {"w2"}, "ben": {"a", "b1", "w1"}, "chen": set(), "dana": set(NAMES)}


def source_of(name: str) -> str:
    """The text of one function of the notebook."""
    (found,) = [node for node in ast.parse(MASTER).body if isinstance(node, ast.FunctionDef) and node.name == name]
    return "\n".join(MASTER.split("\n")[found.lineno - 1 : found.end_lineno])


def made(source: str, name: str):
    space = {"torch": torch}
    exec(source, space)  # noqa: S102 (the kit's own master)
    return space[name]


def constant(path: Path, name: str) -> dict:
    """The last literal that a file assigns to `name`."""
    assigned = [
        node.value
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == name
    ]
    return ast.literal_eval(assigned[-1])


def examined(patient, seed: int):
    """A check of all seven gradients with the notebook's own handles, on other numbers than the notebook's."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {"x": (7, 4), "w1": (4, 6), "b1": (6,), "w2": (6, 3), "b2": (3,)}
    sample = {n: torch.randn(*s, generator=generator, dtype=torch.float64) for n, s in shapes.items()}
    sample |= {"y": torch.tensor([0, 2, 1, 1, 0, 2, 2]), "reg": 0.07}
    handles = {n: torch.zeros(*s, dtype=torch.float64) for n, s in [("a", (7, 6)), ("h", (7, 6)), ("scores", (7, 3))]}
    handled = made(source_of("loss_with_handles"), "loss_with_handles")
    loss, grads = patient(**sample)
    assert float(loss) == pytest.approx(float(handled(**sample, **handles)), rel=1e-12)  # the forward pass is healthy
    assert tuple(grads) == NAMES
    return gradcheck(handled, {**sample, **handles}, grads)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", SPOILT)
def test_each_patient_shows_exactly_the_symptoms_of_its_one_fault(name, seed):
    result = examined(made(source_of(name), name), seed)
    assert {row.name for row in result.rows if row.status == "wrong"} == SPOILT[name]
    assert {row.name for row in result.rows} == set(NAMES)


@pytest.mark.parametrize("name", CURES)
def test_one_line_heals_each_sick_patient_and_it_is_the_line_that_the_suite_expects(name):
    wrong, right = CURES[name]
    source = source_of(name)
    (line,) = [line for line in source.split("\n") if re.fullmatch(rf"{re.escape(wrong)}\s+# \d+", line.strip())]
    number = int(line.rsplit("# ", 1)[1])
    assert constant(checks_of(HOUSE, "flat") / "notebook.py", "FAULTY")[name] == number
    assert examined(made(source.replace(line, line.replace(wrong, right)), name), 1)


def test_the_model_answer_and_the_suite_name_the_same_patients_and_lines():
    assert constant(HOUSE / "solutions" / "flat.py", "faulty") == constant(
        checks_of(HOUSE, "flat") / "notebook.py", "FAULTY"
    )


@pytest.mark.parametrize("name", SPOILT)
def test_the_lines_of_every_backward_pass_are_numbered_without_a_gap(name):
    numbers = [int(n) for n in re.findall(r"# (\d+)$", source_of(name), flags=re.MULTILINE)]
    assert numbers == list(range(1, 13))


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A house of its own with both notebooks built."""
    root = tmp_path_factory.mktemp("house")
    for folder, built in {"data": "", "lib/toolbox": "", "solutions": "flat", "autograder/course": ""}.items():
        shutil.copytree(HOUSE / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", built))
    build(root)
    return root


@pytest.mark.parametrize("folder", ["solutions/flat", "assignments/flat"])
def test_the_notebook_runs_from_top_to_bottom(house, folder):
    notebook = nbformat.read(house / folder / "flat.ipynb", 4)
    # The checks have tests of their own, and here would only take time.
    notebook.cells = [cell for cell in notebook.cells if not cell.source.startswith('check("')]
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(house / folder)}}
    ).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    text = "".join(output.get("text", "") for output in outputs)
    pictures = sum("image/png" in output.get("data", {}) for output in outputs)
    if folder.startswith("solutions"):
        assert "Nothing to show yet" not in text and pictures >= 20
    else:
        # Everything that a student's code would draw says in one line that it waits for that code.
        assert text.count("Nothing to show yet") >= 8 and pictures >= 10
