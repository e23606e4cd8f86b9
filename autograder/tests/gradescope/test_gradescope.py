"""The autograder for Gradescope, laid out as its harness does and run: marks as at home, student code held in.

The container is imitated by what it refuses: namespaces, mounts and Landlock. Root is needed for that, as there.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

from autograder.gradescope import bundle as bundling
from autograder.gradescope.bundle import bundle, parts
from autograder.gradescope.imports import reached
from autograder.gradescope.results import VISIBILITIES, results_of
from autograder.judging.judge import Judge
from autograder.masters.sources import checks_of
from autograder.roster.student import Student
from autograder.rules.grade import grade
from autograder.rules.paper import papers
from autograder.rules.people import Allowance
from autograder.rules.terms import SwitchedOff, Terms
from autograder.sandbox import launcher
from autograder.tests.check_files import text_of
from autograder.tests.checkout import ROOT, hand_in_at
from toolbox.errors import KitError

ASSIGNMENT, SEED = "flat", "a seed of its own"
RULES = """
[late]
per_day = 0.5
[assignments.flat]
due = 2026-03-01T12:00:00Z
points = { toy = 4, predict = 1 }
drop = ["neuron", "why_backwards"]
[assignments.layers]
on = false
"""
# Ada is 30 hours late, and has a day more than the others.
TERMS = Terms(RULES, {"ada": Allowance(extensions={"flat": "1d"})}, papers(ROOT))
METADATA = {"id": 1, "created_at": "2026-03-02T10:00:00.365935-08:00", "previous_submissions": []}
METADATA["users"] = [{"email": "Ada@Example.edu", "id": 7, "name": "Ada"}, {"email": "bo@example.edu", "id": 8}]
REFUSED = {"mount": 165, "unshare": 272, "setns": 308, "landlock_create_ruleset": 444}  # x86_64
ALLOWED_TAGS = {"p", "ul", "li", "strong", "em", "br"}
in_a_container = pytest.mark.skipif(
    platform.machine() != "x86_64" or not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="imitates Gradescope's container, in which the autograder is root, on x86_64",
)

SPY = """

def _what_can_be_seen():
    import os, socket
    seen = ["root"] if os.geteuid() == 0 else []
    for path in {paths!r}:
        try:
            os.listdir(path) if os.path.isdir(path) else open(path).close()
            seen.append(path)
        except OSError:
            pass
    try:
        open({results!r}, "w").close()
        seen.append("results")
    except OSError:
        pass
    try:
        socket.socket()
        seen.append("network")
    except OSError:
        pass
    return seen


_seen, _right = _what_can_be_seen(), toy


def toy(*values, **named):
    return _right(*values, **named) if not _seen else "leaks: " + ", ".join(_seen)
"""


@pytest.fixture(scope="module", autouse=True)
def _rules():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundling, "in_force", lambda root: TERMS)
        roster = {"ada": Student("ada", email="ada@example.edu"), "bo": Student("bo", email="bo@example.edu")}
        patch.setattr(bundling, "read_roster", lambda path: roster)
        yield


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    return bundle(ROOT, ASSIGNMENT, tmp_path_factory.mktemp("bundle") / "flat.zip", seed=SEED)


@pytest.fixture(scope="module")
def base(archive) -> Path:
    """/autograder as Gradescope lays it out, with a submission that is right but for one function, and spies."""
    folder = Path(tempfile.mkdtemp(prefix="autograder-"))
    folder.chmod(0o755)  # as in the container: an ordinary user may pass
    for name in ("source", "submission", "results"):
        (folder / name).mkdir()
    with zipfile.ZipFile(archive) as made:
        made.extractall(folder / "source")
    shutil.copy(folder / "source" / "run_autograder", folder / "run_autograder")
    (folder / "run_autograder").chmod(0o755)
    (folder / "submission_metadata.json").write_text(json.dumps(METADATA))
    hand_in(folder / "submission", folder)
    yield folder
    shutil.rmtree(folder)


def hand_in(target: Path, base: Path | None = None) -> Path:
    """The solution without one of its functions; base: with spies who look around there."""
    shutil.copy(ROOT / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", target / f"{ASSIGNMENT}.ipynb")
    module = target / "lib" / "backprop" / "flat.py"
    module.parent.mkdir(parents=True)
    text = (ROOT / "solutions" / "backprop" / "flat.py").read_text()
    assert text.count("def linear_squared(") == 1
    text += "\n\ndef linear_squared(*values, **named):\n    return None  # <b>not</b> written\n"
    if base is not None:
        kit = base / "source" / "kit"
        paths = [
            base / "source",
            base / "source" / "settings.json",
            base / "results",
            base / "submission_metadata.json",
        ]
        paths += [kit, checks_of(kit, "flat") / "gates.py", kit / "solutions" / "backprop" / "flat.py"]
        paths += [base / "submission"]
        assert all(path.exists() for path in paths)
        text += SPY.format(paths=[str(path) for path in paths], results=str(base / "results" / "results.json"))
    module.write_text(text)
    return target


def contained() -> None:
    """In a child: refuse what the container refuses, from now on (seccomp: EPERM)."""
    numbers = list(REFUSED.values())
    steps = [(0x20, 0, 0, 0), *((0x15, len(numbers) - place, 0, number) for place, number in enumerate(numbers))]
    steps += [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050001)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.create_string_buffer(program), 0, 0):
        os._exit(99)


ONLY_PINNED = """
import sys
from importlib.metadata import packages_distributions
pinned = {{line.partition("==")[0] for line in {packages!r}.split()}}
owners = packages_distributions()
class Refuse:
    def find_spec(self, name, path=None, target=None):
        found = {{owner.lower().replace("_", "-").replace(".", "-") for owner in owners.get(name, [])}}
        if found and not found & (pinned | {{"backprop-kit"}}):  # installed here, and a part of the zip
            raise ModuleNotFoundError(f"{{name}} is not pinned", name=name)
sys.meta_path.insert(0, Refuse())
"""
WARMED_UP = """
import pathlib
from autograder.sandbox.modules_in_memory import narrow
finder = narrow(pathlib.Path("lib").resolve())
import autograder.sandbox.zygote
autograder.sandbox.zygote.warm_up(finder)
"""


@pytest.fixture(scope="module")
def pinned(base, tmp_path_factory) -> Path:
    """A folder for PYTHONPATH: a Python that has it finds no package but those of packages.txt."""
    folder = tmp_path_factory.mktemp("pinned")
    packages = (base / "source" / "packages.txt").read_text()
    (folder / "sitecustomize.py").write_text(ONLY_PINNED.format(packages=packages))
    return folder


STUBS = {
    "apt-get": "",
    # pip of Ubuntu 22.04 does not know the option that later ones ask for
    "python3": 'case "$*" in *--break-system-packages*) exit 2;; esac',
    "uv": """
if [ "$1" = venv ]; then
    mkdir -p "$KIT_HOME/venv/bin" && cp "$PYTHON_THERE" "$KIT_HOME/venv/bin/python"
fi""",
}


class Setup:
    """`setup.sh` to its end, where nothing is downloaded: what brings packages only says what it was asked for.

    python: what it installs as Python. home: where.
    """

    def __init__(self, base: Path, folder: Path, python: Path):
        self.home, log, bin_ = folder / "home", folder / "log", folder / "bin"
        bin_.mkdir(parents=True)
        for name, text in STUBS.items():
            (bin_ / name).write_text(f'#!/bin/bash\necho "{name} $*" >> {log}\n{text}\n')
            (bin_ / name).chmod(0o755)
        environment = {"PATH": f"{bin_}:{os.environ['PATH']}", "AUTOGRADER_BASE": str(base), "KIT_HOME": str(self.home)}
        environment["PYTHON_THERE"] = str(python)
        done = subprocess.run(
            ["bash", base / "source" / "setup.sh"], env=environment, cwd="/", capture_output=True, text=True
        )
        self.code, self.output, self.asked = done.returncode, done.stdout + done.stderr, log.read_text().splitlines()


@pytest.fixture(scope="module")
def setup(base, pinned, tmp_path_factory) -> Setup:
    python = pinned / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{pinned}" exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return Setup(base, tmp_path_factory.mktemp("setup"), python)


class Run:
    """`run_autograder` to its end, and the most memory that it and all below it held at a time (PSS, bytes)."""

    def __init__(self, base: Path, home: Path):
        environment = {"PATH": os.environ["PATH"], "AUTOGRADER_BASE": str(base), "KIT_HOME": str(home)}
        process = subprocess.Popen(
            [base / "run_autograder"], cwd=base, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, preexec_fn=contained,
        )  # fmt: skip
        self.memory = 0
        while process.poll() is None:
            self.memory = max(self.memory, sum(map(proportional, below(process.pid))))
            time.sleep(0.05)
        self.code, self.output = process.returncode, process.stdout.read()


def below(pid: int) -> list[int]:
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [one for child in (task / "children").read_text().split() for one in below(int(child))]
    except OSError:  # it has ended
        pass
    return found


def proportional(pid: int) -> int:
    """A process's memory, what it shares counted in parts."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
        return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    except (OSError, IndexError):
        return 0


@pytest.fixture(scope="module")
def run(base, setup) -> Run:
    done = Run(base, setup.home)
    assert done.code == 0, done.output
    return done


@pytest.fixture(scope="module")
def results(base, run) -> dict:
    return json.loads((base / "results" / "results.json").read_text())


@in_a_container
def test_the_marks_are_those_at_home(results, tmp_path):
    folder = tmp_path / "ada" / ASSIGNMENT
    folder.mkdir(parents=True)
    judge = Judge(ROOT, ASSIGNMENT, seed=SEED)
    try:
        at_home = judge.judge(hand_in_at(hand_in(folder))).verdict
    finally:
        judge.close()
    there = {test["name"].partition(":")[0]: test for test in results["tests"] if "score" in test}
    received = {**at_home.hand_in, "received": "2026-03-02T18:00:00+00:00"}
    home = grade(at_home.as_dict() | {"student": "ada", "hand_in": received}, {}, TERMS)
    assert {name: (test["score"], test["max_score"]) for name, test in there.items()} == {
        item.id: (item.score, item.max_score) for item in home.items if not item.written
    }
    assert "neuron" not in there and there["toy"]["max_score"] == 4 and there["predict"]["max_score"] == 1
    assert results["score"] == home.score == round(home.auto_score - 0.5, 2) and home.auto_score < home.max_score
    assert "Late by 6:00:00: 0.5 points are taken off." in results["output"]


@in_a_container
def test_student_code_sees_nothing_of_the_autograder(base, results, run):
    toy = next(test for test in results["tests"] if test["name"].startswith("toy:"))
    assert toy["score"] == toy["max_score"], toy["output"]
    assert '"namespaces": true' not in run.output and '"landlock": true' not in run.output
    assert stat.S_IMODE((base / "results").stat().st_mode) == 0o700


@in_a_container
def test_it_stays_below_the_memory_that_gradescope_gives(run):
    assert 200 * 2**20 < run.memory < 768 * 2**20, run.memory


@in_a_container
def test_neither_the_seed_nor_a_hidden_test_is_in_the_results(base, results, run):
    text = json.dumps(results) + run.output
    assert SEED not in text and "def test_" not in text
    suite, public = text_of(checks_of(ROOT, "flat")), text_of(ROOT / "assignments" / "flat" / "checks")
    secret = {line.strip() for line in suite.splitlines()} - {line.strip() for line in public.splitlines()}
    assert not [line for line in secret if len(line) > 20 and line in text]


@in_a_container
def test_the_results_are_as_gradescope_reads_them(results):
    check_schema(results)
    scored = [test for test in results["tests"] if "score" in test]
    assert [test["max_score"] for test in scored] == list(TERMS.paper(ASSIGNMENT).items.values())
    concealed = [test for test in results["tests"] if "score" not in test]
    assert concealed and {test["visibility"] for test in concealed} == {"after_due_date"}
    assert {test["visibility"] for test in scored} == {"visible"} and results["stdout_visibility"] == "hidden"


KEYS = {
    "score": (int, float), "execution_time": (int, float), "output": str, "output_format": str, "visibility": str,
    "stdout_visibility": str, "extra_data": dict, "tests": list, "leaderboard": list, "test_output_format": str,
    "test_name_format": str,
}  # fmt: skip
TEST_KEYS = {
    "score": (int, float), "max_score": (int, float), "status": str, "name": str, "name_format": str, "number": str,
    "output": str, "output_format": str, "tags": list, "visibility": str, "extra_data": dict,
}  # fmt: skip


def check_schema(results: dict) -> None:
    """What Gradescope's page on results.json says, and HTML of plain tags alone."""
    for content, keys in [(results, KEYS), *((test, TEST_KEYS) for test in results["tests"])]:
        assert set(content) <= set(keys)
        assert all(isinstance(value, keys[key]) for key, value in content.items())
        assert content.get("visibility", "visible") in VISIBILITIES
        assert content.get("status", "passed") in ("passed", "failed")
        assert content.get("output_format", "text") in ("text", "html", "simple_format", "md", "ansi")
        tags = Tags()
        tags.feed(content["output"])
        assert tags.seen <= ALLOWED_TAGS and not tags.attributes


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.attributes = set(), []

    def handle_starttag(self, tag, attributes):
        self.seen.add(tag)
        self.attributes += attributes


def verdict(**intake) -> dict:
    test = {"name": "test_<b>", "hidden": False, "status": "failed", "message": "<script>x</script>\x1b" + "y" * 900}
    test |= {"follows": "", "diagnosis": ["relu-everywhere"], "share": 1, "evidence": None}
    items = [
        {"id": "toy", "score": 0.0, "max_score": 2.0, "status": "failed", "message": "no", "tests": [test]},
        {
            "id": "neuron",
            "score": 0.0,
            "max_score": 1.0,
            "status": "malformed",
            "message": "<i>cut off</i>",
            "tests": [],
        },
    ]
    base = {
        "status": "accepted",
        "code": None,
        "message": "",
        "repairs": [{"code": "moved", "message": "<u>moved</u>"}],
    }
    about = {"student": "ada", "assignment": "flat", "status": "judged", "hand_in": {"sha256": "0", "received": None}}
    return about | {"score": 0.0, "max_score": 3.0, "items": items, "intake": base | intake}


def results_for(told: dict, **named) -> dict:
    """By no rules, so that the verdict alone says what counts."""
    return results_of(told, grade(told, {}, Terms()), {}, **named)


def test_what_a_student_wrote_is_text_and_not_markup():
    found = results_for(verdict(), hidden="visible", seconds=1.25)
    check_schema(found)
    assert "&lt;script&gt;" in found["tests"][0]["output"] and "&lt;u&gt;" in found["output"]
    assert len(found["tests"][0]["output"]) < 1500 and "\x1b" not in json.dumps(found, ensure_ascii=False)
    assert "&lt;i&gt;cut off" in found["tests"][1]["output"]


def test_an_item_that_is_not_judged_costs_nothing_and_is_named_first():
    open_one = verdict()
    open_one["items"][1] |= {"score": None, "status": "not judged"}
    found = results_for(open_one, hidden="visible", seconds=1)
    check_schema(found)
    (test,) = [test for test in found["tests"] if test["name"] == "neuron"]
    assert not {"score", "max_score", "status"} & set(test) and "Not judged" in test["output"]
    assert found["output"].startswith("<p>Not judged: neuron.")


def test_a_hand_in_that_cannot_be_read_says_why():
    found = results_for(verdict(status="refused", message="it is <cut> off"), hidden="hidden", seconds=1)
    assert "could not be read:</strong> it is &lt;cut&gt; off" in found["output"]


def test_the_zip_has_its_two_programs_at_the_root_and_what_judging_needs(archive, tmp_path, monkeypatch):
    with zipfile.ZipFile(archive) as made:
        modes = {entry.filename: entry.external_attr >> 16 for entry in made.infolist()}
        setup = made.read("setup.sh").decode()
        pinned = made.read("packages.txt").decode().splitlines()
        told = json.loads(made.read("settings.json"))
        assert Terms.from_dict(told.pop("terms")) == TERMS.only("flat") and "layers" not in TERMS.only("flat").papers
        assert told == {
            "assignment": "flat", "seed": SEED, "hidden": "after_due_date", "emails": {"ada@example.edu": "ada"},
        }  # fmt: skip
    assert all(modes[name] & 0o111 for name in ("setup.sh", "run_autograder"))
    assert not [name for name in modes if "/tests/" in name or "/styles/" in name or "classroom" in name]
    assert [name for name in modes if "/mistakes/" in name]  # run to be known again; secret as the hidden tests are
    assert "@" not in setup.replace("$@", "").partition("uv==")[2] and "conda" not in setup
    assert all("==" in line for line in pinned) and not [line for line in pinned if line.startswith("nvidia")]
    for script in ("setup.sh", "run_autograder"):
        text = zipfile.ZipFile(archive).read(script)
        assert subprocess.run(["bash", "-n"], input=text, capture_output=True).returncode == 0
    with zipfile.ZipFile(archive) as made:
        mistakes = {name.removeprefix("mistakes/"): made.read(name) for name in modes if name.startswith("mistakes/")}
    monkeypatch.setattr(bundling, "all_worked_out", lambda *_: mistakes)  # that takes most of the time
    monkeypatch.setattr(bundling.build, "check", lambda root: [])
    again = bundle(ROOT, ASSIGNMENT, tmp_path / "again.zip", seed=SEED)
    assert again.read_bytes() == archive.read_bytes()


FOUND = """
import sys
from pathlib import Path
from autograder.course.mistaken import Mistaken
from autograder.course.rooms import room_at
from autograder.masters.sources import checks_of
from toolbox.checks.collect import collect
kit, name, seed = Path.cwd(), *sys.argv[1:]
checks = collect(checks_of(kit, name))
known = Mistaken(room_at(kit, name), checks, seed, kit.parent / "mistakes")
known._gives = None  # nothing is run
print(*[check.id for check in checks if not known(check.id)])
"""


def test_what_mistakes_lead_to_goes_along_and_no_container_has_to_work_it_out(base):
    kit = base / "source" / "kit"
    words = [sys.executable, "-c", FOUND, ASSIGNMENT, SEED]
    paths = os.pathsep.join((str(kit), str(kit / "lib")))
    done = subprocess.run(words, cwd=kit, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    nameless = {check.partition("/")[2].partition(":")[0] for check in done.stdout.split()}
    assert nameless == {"even", "float32"}  # these tell right from wrong, and name nothing


def test_setup_asks_for_what_is_pinned_and_imports_all_of_it(base, setup):
    """The judge itself runs with nothing but these packages in `run`."""
    assert setup.code == 0, setup.output
    apt, more, first, second, venv, install = setup.asked
    assert (apt, more.split()[1]) == ("apt-get update", "install") and "tzdata" in more
    assert "--break-system-packages" in first and second == first.replace("--break-system-packages ", "")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"--python {version} {setup.home}/venv" in venv and "--managed-python" in venv
    assert install.endswith(f"--torch-backend cpu --no-deps -r {base}/source/packages.txt")
    assert stat.S_IMODE((setup.home / "venv" / "bin" / "python").stat().st_mode) & 0o555 == 0o555


def test_setup_fails_where_a_package_cannot_be_imported(base, tmp_path):
    """So that Gradescope shows it to the instructor, and no student is graded by half an autograder."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no module named nh3 >&2; exit 1\n")
    python.chmod(0o755)
    done = Setup(base, tmp_path / "setup", python)
    assert done.code == 1 and "no module named nh3" in done.output


def test_the_packages_that_are_pinned_are_enough_for_what_forks_the_workers(base, pinned):
    done = subprocess.run(
        [sys.executable, "-c", WARMED_UP], cwd=base / "source" / "kit", capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": f"lib:.:{pinned}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_package_that_is_not_pinned_cannot_be_imported_in_these_tests(base, pinned):
    for name in ("nbgrader", "torch"):
        done = subprocess.run(
            [sys.executable, "-c", f"import {name}"], cwd=base / "source" / "kit", capture_output=True, text=True,
            env=os.environ | {"PYTHONPATH": f"lib:.:{pinned}"},
        )  # fmt: skip
        assert ("nbgrader is not pinned" in done.stderr) if name == "nbgrader" else done.returncode == 0, done.stderr


def test_imports_are_followed_wherever_they_stand(tmp_path):
    """In functions, relative ones, of packages and of names in them, and in the cells of released notebooks."""
    kit = {
        "autograder/gradescope/harness.py": "import json\nfrom autograder.room import door\nfrom . import results\n",
        "autograder/gradescope/results.py": "def later():\n    from ..room.door import key\n    import late.module\n",
        "autograder/gradescope/__init__.py": "",
        "autograder/room/__init__.py": "import of_the_package\n",
        "autograder/room/door.py": "from behind import (\n    one as two,\n)\n",
        "autograder/room/cellar.py": "import never_reached\n",
        "autograder/sandbox/zygote.py": "try:\n    import attempted\nexcept ImportError:\n    pass\n",
        "autograder/course/x/checks/topic.py": "import asked_by_a_suite\n",
        "lib/toolbox/__init__.py": "",
        "lib/toolbox/checks/items.py": "from .deep.down import x\n",
        "lib/toolbox/deep/__init__.py": "",
        "lib/toolbox/deep/down.py": "from ..items import y\nimport toolbox_uses\n",
        "lib/backprop/x.py": "import module_uses, toolbox.checks.items\nfrom backprop.y import z\n",
        "assignments/x/checks/topic.py": "import public_test_uses\nfrom .inputs import numbers\n",
    }
    for name, text in kit.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    cells = [
        {"cell_type": "code", "source": ["%matplotlib inline\n", "import cell_uses.x"]},
        {"cell_type": "code", "source": ["from google.colab import drive"]},  # which is nowhere else
        {"cell_type": "markdown", "source": ["import nothing"]},
    ]
    (tmp_path / "assignments/x/x.ipynb").write_text(json.dumps({"cells": cells}))
    own, foreign = reached(tmp_path)
    outside = {"autograder/room/cellar.py", "lib/backprop/x.py", "assignments/x/checks/topic.py"}
    assert own == set(kit) - outside
    assert foreign == {
        "of_the_package", "late", "behind", "attempted", "asked_by_a_suite", "toolbox_uses", "module_uses",
        "public_test_uses", "cell_uses",
    }  # fmt: skip


def test_what_cannot_be_bundled_is_named(tmp_path):
    with pytest.raises(KeyError, match="no assignment"):
        bundle(ROOT, "nothing", tmp_path / "x.zip")
    with pytest.raises(SwitchedOff, match="layers is switched off"):
        bundle(ROOT, "layers", tmp_path / "x.zip")
    with pytest.raises(KitError, match="after_published"):
        bundle(ROOT, ASSIGNMENT, tmp_path / "x.zip", hidden="never")
    assert "autograder/judging/judge.py" in parts(ROOT) and not list(tmp_path.iterdir())


@pytest.fixture(scope="module", autouse=True)
def _no_zygote_is_left():
    yield
    if launcher._zygote is not None:
        launcher._zygote.close()
        launcher._zygote = None
