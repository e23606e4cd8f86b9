"""What is installed: a student gets what student files import and no more, and the locks pin what is asked for."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as plain

from autograder.tests.checkout import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
LOCKS = {"requirements.lock": (), "autograder/requirements.lock": ("grader", "dev")}
# Asked for without being imported: the page that students work in, and the kernel behind it.
NOT_IMPORTED = {"jupyterlab", "ipykernel"}
OWN = {"toolbox", "backprop", "install"}


def lines(path: str) -> list[str]:
    """The requirements in a file, without comments, hashes and options."""
    text = re.sub(r"\\\n +--hash=\S+", "", (ROOT / path).read_text(encoding="utf-8"))
    return [line for raw in text.splitlines() if (line := raw.partition(" #")[0].strip()) and line[0] not in "#-"]


def asked(extras: tuple[str, ...]) -> list[Requirement]:
    return [Requirement(line) for line in lines("requirements.txt") + [x for extra in extras for x in EXTRAS[extra]]]


def locked(path: str) -> dict[str, str]:
    """name -> version of what a lock installs on this machine."""
    found = [Requirement(line) for line in lines(path)]
    return {plain(r.name): str(r.specifier)[2:] for r in found if r.marker is None or r.marker.evaluate({"extra": ""})}


@cache
def needs(name: str, extra: str) -> list[Requirement]:
    found = map(Requirement, metadata.requires(name) or [])
    return [r for r in found if r.marker is None or r.marker.evaluate({"extra": extra})]


def closure(start: list[Requirement]) -> set[str]:
    """All packages that the given ones need on this machine, by what the installed ones say of themselves."""
    seen: set[tuple[str, str]] = set()
    waiting = [(plain(r.name), extra) for r in start for extra in ("", *r.extras)]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen or name.startswith(("nvidia-", "cuda-")) or name == "triton":
            continue
        seen.add((name, extra))
        waiting += [(plain(r.name), more) for r in needs(name, extra) for more in ("", *r.extras)]
    return {name for name, _ in seen}


def student_imports() -> set[str]:
    """Top-level packages that any file of a student's course imports, notebooks and public checks included."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "lib").rglob("*.py")]
    texts += [path.read_text(encoding="utf-8") for path in (ROOT / "assignments").rglob("*.py")]
    texts += [path.read_text(encoding="utf-8") for path in (ROOT / "solutions").glob("*.py")]  # notebooks, as text
    nodes = [node for text in texts for node in ast.walk(ast.parse(text))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - OWN


def test_a_student_installs_what_a_student_file_imports_and_no_more():
    homes = metadata.packages_distributions()
    imported = {plain(name) for module in student_imports() for name in homes.get(module, [module])}
    direct = {plain(r.name) for r in asked(())} - NOT_IMPORTED
    assert direct <= imported, "asked for, and no student file imports it"
    # What comes along with a direct one (traitlets with IPython) may be imported without being asked for.
    assert imported <= closure(asked(())) | {"google"}, "imported, and nothing brings it"


def test_no_student_installs_what_belongs_to_grading_and_developing():
    student = locked("requirements.lock")
    tools = {"nbgrader", "jupytext", "cosmic-ray", "ruff", "pytest-xdist", "sqlalchemy", "mypy"}
    assert not tools & set(student)
    assert len(student) <= 126


@pytest.mark.parametrize("path", LOCKS)
def test_a_lock_holds_what_is_asked_for_and_all_that_needs(path):
    wanted, pinned = asked(LOCKS[path]), locked(path)
    torch = PROJECT["tool"]["uv"]["constraint-dependencies"][0].partition("==")[2]
    for requirement in wanted:
        assert requirement.specifier.contains((pinned | {"torch": torch})[plain(requirement.name)]), requirement
    everything = closure(wanted) - {"torch"}
    assert everything <= set(pinned), f"run `make lock`: missing {sorted(everything - set(pinned))}"
    assert set(pinned) <= everything, f"run `make lock`: needless {sorted(set(pinned) - everything)}"


@pytest.mark.parametrize("path", LOCKS)
def test_every_line_of_a_lock_has_hashes(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert len(blocks) > 100
    assert [block.splitlines()[0] for block in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", block)] == []


def test_the_tests_see_the_versions_that_the_locks_pin():
    student, everybody = (locked(path) for path in LOCKS)
    assert student.items() <= everybody.items()
    direct = {plain(requirement.name) for requirement in asked(LOCKS["autograder/requirements.lock"])} - {"torch"}
    here = {name: metadata.version(name) for name in direct}
    assert here == {name: everybody[name] for name in here}, "run `make setup`"


def test_the_installer_and_the_locks_have_one_torch():
    text = (ROOT / "lib" / "install.py").read_text(encoding="utf-8")
    (torch,) = PROJECT["tool"]["uv"]["constraint-dependencies"]
    assert f'TORCH = "{torch}"' in text
    (described,) = PROJECT["tool"]["uv"]["dependency-metadata"]
    assert f"torch=={described['version']}" == torch
    wanted = {Requirement(r).name for r in metadata.requires("torch") if "extra ==" not in r}
    assert set(described["requires-dist"]) == {n for n in wanted if not n.startswith(("nvidia", "cuda", "triton"))}


def test_the_installer_runs_where_nothing_is_installed_yet(tmp_path):
    """An old Python, and one without the course's packages, must at least be told what to do."""
    tree = ast.parse((ROOT / "lib" / "install.py").read_text(encoding="utf-8"), feature_version=(3, 7))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= set(sys.stdlib_module_names)
    script = (
        "import sys, runpy; sys.version_info = (3, 9, 1); sys.argv = ['x']; runpy.run_path({!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script.format(str(Path(ROOT, "lib", "install.py")))],
        capture_output=True, text=True, cwd=tmp_path, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 1 and "needs 3.11 to 3.14" in done.stderr and "Traceback" not in done.stderr
