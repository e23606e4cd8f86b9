"""Every seat: what Windows and macOS lack is not needed, in this very process and in words; CI tries it for real."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from autograder.build import release
from autograder.tests.checkout import ROOT
from toolbox.__main__ import app

POSIX = {"crypt", "fcntl", "grp", "nis", "posix", "pty", "pwd", "readline", "resource", "spwd", "syslog", "termios",
         "tty"}  # fmt: skip
LIBRARY = sorted(path for path in (ROOT / "lib").rglob("*.py"))


def imported(body: list[ast.stmt]) -> set[str]:
    """The modules that are imported when a file is, without those that a `try` makes do without."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.If | ast.ClassDef | ast.With):
            found |= imported(node.body) | imported(getattr(node, "orelse", []))
    return found


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.relative_to(ROOT / "lib").as_posix())
def test_no_file_of_a_students_needs_a_module_that_windows_lacks(path):
    assert not imported(ast.parse(path.read_text(encoding="utf-8")).body) & POSIX


def test_a_needed_module_would_be_found():
    assert imported(ast.parse("if True:\n    from fcntl import flock").body) & POSIX
    assert not imported(ast.parse("try:\n    import resource\nexcept ImportError:\n    resource = None").body) & POSIX


# Once torch is there: no fork, no timer signal, no user, no POSIX module, and a console in a code page.
WINDOWS = """
import io, json, os, signal, sys
import torch, torch.utils.data, IPython, multiprocessing, typer, rich.console
for name in {posix!r}: sys.modules[name] = None
for name in ("fork", "geteuid", "getuid", "setsid", "killpg", "fdatasync", "uname"): delattr(os, name)
for name in ("SIGALRM", "setitimer", "SIGKILL", "SIGHUP", "alarm"): delattr(signal, name)
sys.path.insert(0, "lib")
told = {{}}
for words in {commands!r}:
    raw = io.BytesIO()
    sys.stdout = io.TextIOWrapper(raw, encoding="cp1252", newline="")
    from toolbox.__main__ import app
    from toolbox.notebook.streams import any_console
    any_console()
    try:
        app(words, standalone_mode=False)
        status = 0
    except SystemExit as end:
        status = end.code
    except typer.Exit as end:
        status = end.exit_code
    sys.stdout.flush()
    told[" ".join(words)] = [status, raw.getvalue().decode("cp1252")]
print(json.dumps(told), file=sys.__stdout__)
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """What a student unpacks: the release's own files, in a folder with blanks and umlauts."""
    above = tmp_path_factory.mktemp("seat")
    content = {path: (ROOT / path).read_bytes() for path in release._paths(ROOT)}
    content["README.md"] = (ROOT / release.README).read_bytes()
    content |= release.originals(content, "0123456789ab")
    with open(above / "kit.zip", "wb") as file:
        release._write(file, content)
    shutil.unpack_archive(above / "kit.zip", above)
    return (above / "backprop-kit").rename(above / "Übung 1 – Ärger")


def at_the_seat(course: Path, *commands: str) -> dict[str, tuple[int, str]]:
    code = WINDOWS.format(posix=sorted(POSIX), commands=[shlex.split(line) for line in commands])
    done = subprocess.run([sys.executable, "-c", code], cwd=course, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_students_part_works_as_on_windows_twice_and_after_moving_the_folder(unpacked):
    module = unpacked / "lib" / "backprop" / "gates.py"
    given = module.read_text(encoding="utf-8")
    module.write_text(given.replace("    z = None\n    # YOUR CODE HERE\n", "    z = x + y\n", 1), encoding="utf-8")
    for name in ("checkpoint.py", "flat.py"):
        shutil.copy(ROOT / "solutions" / "backprop" / name, unpacked / "lib" / "backprop")
    lines = ("check hinge_loss", "check atomic", "check neuron", "check gate_add", "submit flat", "doctor")
    for _ in range(2):
        told = at_the_seat(unpacked, *lines)
        assert told["check hinge_loss"] == [0, told["check hinge_loss"][1]], told
        assert "  + " in told["check hinge_loss"][1] and "?" not in told["check hinge_loss"][1]
        assert told["check atomic"][0] == 0  # a full disk cannot be rehearsed there, and nobody is blamed
        assert "In scalar: neuron" in told["check neuron"][1] and "In flat: neuron: 3 of 3" in told["check neuron"][1]
        assert "  + " in told["check gate_add"][1] and "  o " in told["check gate_add"][1]
        assert told["submit flat"][0] == 0 and (unpacked / "flat-hand-in.zip").is_file()
        assert "release 0123456789ab" in told["doctor"][1] and "This seat is ready." in told["doctor"][1], told
        (unpacked / "flat-hand-in.zip").unlink()
        unpacked = unpacked.rename(unpacked.parent / "verschoben – é")


def test_ci_tries_three_systems_and_every_python_when_an_owner_asks():
    flow = yaml.safe_load((ROOT / ".github" / "workflows" / "seats.yml").read_text(encoding="utf-8"))
    assert list(flow[True]) == ["workflow_dispatch"]  # YAML reads the word `on` as true
    matrix = flow["jobs"]["student"]["strategy"]["matrix"]
    assert [name.partition("-")[0] for name in matrix["system"]] == ["ubuntu", "macos", "windows"]
    spec = importlib.util.spec_from_file_location("installer", ROOT / "lib" / "install.py")
    installer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(installer)
    (_, first), (_, last) = installer.PYTHONS
    assert matrix["python"] == [f"3.{minor}" for minor in range(first, last + 1)]
    for step in flow["jobs"]["student"]["steps"]:
        if words := step.get("run", "").split():
            assert words[0] == "python" and (ROOT / words[1]).is_file()


def test_what_is_said_to_everybody_names_no_folder_of_one_system():
    texts = [*LIBRARY, *(ROOT / "solutions").glob("*.py"), *(ROOT / "assignments").rglob("*.ipynb")]
    said = [path for path in texts if re.search(r"\.venv[/\\]+(bin|Scripts)", path.read_text(encoding="utf-8"))]
    assert said == []


def test_every_command_that_the_students_readme_names_is_taken_and_has_its_form_for_windows():
    text = (ROOT / "lib" / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^ *\.venv/bin/python -m toolbox (.+)$", text, re.MULTILINE)
    assert {line.split()[0] for line in lines} >= {"start", "check", "test", "submit", "doctor", "update"}
    command = typer.main.get_command(app)
    for line in lines:
        name, *words = shlex.split(line)
        with command.commands[name].make_context(name, words):
            pass
    assert text.count(".venv\\Scripts\\python") >= 2 and "py lib\\install.py" in text
    assert not re.search(r"\]\((?!https?:|#)", text)  # in the repository and in a release it lies in different folders
