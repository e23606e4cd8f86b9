"""The field on which the hostile class is graded: a classroom full of canaries, and the look around afterwards.

Steps for each attack: build the zip from the solved flat assignment, with only the notebook cells that matter; take it
in; judge it; compare with what the attack must come to; see that no canary was read (none shows in any output or
verdict) and nothing on the host changed; see that no process is left; grade a right hand-in for full marks.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import select
import shutil
import socket
import sqlite3
import time
from dataclasses import replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import patch

import bs4
import nbformat
import torch
from nbconvert import HTMLExporter
from nbgrader import utils
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder import intake
from autograder.demo.material import Material, as_bytes, grade_id, text
from autograder.demo.pack import pack
from autograder.gradebook.preprocessors import show
from autograder.judging.judge import Judge
from autograder.records import verdict
from autograder.records.verdict import Judgement
from autograder.rules.grade import grade
from autograder.rules.terms import in_force
from autograder.sandbox import launcher
from autograder.sandbox.patience import Patience
from autograder.sandbox.remote_worker import HandInLimits
from autograder.tests.checkout import hand_in_at
from toolbox.calling.student import Student
from toolbox.notebook.cells import code_cells

from .attack import ATTEMPT, FLAT_ITEMS, NOTEBOOK_ITEMS, Attack

ROOT = Path(__file__).resolve().parents[3]
LIMITS = HandInLimits(calls=Patience(full=1.5, spare=3.0), cells=Patience(full=4.0), memory=2**30)
ASSIGNMENT = "flat"
NEEDED = ("solution_predict", "solution_bugs_found", "solution_bugs_repaired")
MARKER = "kit-was-here"  # what attacks call the files that they try to write
SECRET = "BACKPROP_HOSTILE_SECRET"  # a variable of the grader's environment


class Field:
    """A classroom with other students' work, a gradebook and canaries; `grade` runs one attack on it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.canary = "CANARY" + hashlib.sha256(os.urandom(16)).hexdigest()[:24]
        os.environ[SECRET] = self.canary
        self.classroom = folder / "classroom"
        self.material = Material.read(ROOT)
        torch.set_num_threads(1)
        # With a word of its own in its command line: one of another test's, started alike, is not taken for it.
        own = launcher.settings() | {"field": str(folder)}
        with patch.object(launcher, "settings", lambda: own):
            self.zygote = launcher.zygote(fresh=True)
        self._own = set(_offspring(self.zygote._process.pid))  # where an ordinary user grades, the zygote has a child
        self.judge = Judge(ROOT, ASSIGNMENT, seed=self.canary, limits=LIMITS)  # the seed is a secret, too
        self._keep_to(FLAT_ITEMS + NOTEBOOK_ITEMS)
        self.server = Server(folder)
        self._furnish()
        self.clean = self._take_in("right", self.hand_in(Attack("right", "the right answer")))
        self._before = self.state()

    def _keep_to(self, names: tuple[str, ...]) -> None:
        """Grade these items only: every other one would cost its time sixty times over."""
        known = self.judge.assignment
        self.judge.assignment = replace(known, items=[item for item in known.items if item.id in names])
        self.judge.suite.checks = [check for check in self.judge.suite.checks if check.item in names]
        assert {item.id for item in self.judge.assignment.items} == set(names)

    def still_grades(self) -> bool:
        """Whether a right hand-in gets full marks; by a few items, as this is asked after every attack."""
        cells = [cell for cell in code_cells(self.clean / "flat.ipynb") if not cell.is_check]
        transport = self.judge.transport(hand_in_at(self.clean), cells)
        some = ["predict", "toy", "hinge_grad_w"]
        try:
            results = self.judge.suite.run(Student(transport), items=some, seed=self.canary)
        finally:
            transport.close()
        return len(results) >= 6 and all(result.status == "passed" for result in results)

    def _furnish(self) -> None:
        other = self.classroom / "submitted" / "other" / ASSIGNMENT
        (other / "lib" / "backprop").mkdir(parents=True)
        (other / "lib" / "backprop" / "flat.py").write_text(f"# {self.canary}\n")
        (other / "flat.ipynb").write_text(json.dumps({"cells": [], "note": self.canary}))
        verdicts = self.classroom / "verdicts" / ASSIGNMENT
        verdicts.mkdir(parents=True)
        (verdicts / "other.json").write_text(json.dumps({"canary": self.canary}))
        with sqlite3.connect(self.classroom / "gradebook.db") as book:
            book.execute("create table grade (student text, score real, canary text)")
            book.execute("insert into grade values ('other', 12, ?)", (self.canary,))
        book.close()
        (self.folder / "canary.txt").write_text(self.canary)
        os.chmod(self.folder / "canary.txt", 0o666)  # what holds must not be the file's own permissions

    def hand_in(self, attack: Attack) -> bytes:
        """The zip of an attack."""
        first = "from __future__ import annotations\n"  # nothing may stand before this line
        solved = self.material.solved.replace(first, first + self.fill(attack.top), 1)
        source = f"{solved}\n\n{self.fill(attack.bottom)}\n"
        files = self.material.files(source, self.notebook(attack))
        files |= {path: self.fill(data.decode("latin-1")).encode("latin-1") for path, data in attack.files.items()}
        return pack(files, datetime(2026, 1, 1))

    def notebook(self, attack: Attack) -> dict:
        """The solved notebook without the cells that only draw, with the attack's cells in it."""
        whole = self.material.complete()
        first, *rest = [cell for cell in whole["cells"] if cell["cell_type"] == "code" or grade_id(cell)]
        kept = [first, _code("import torch"), _code("from backprop import flat"), _code(ATTEMPT)]
        kept += [_code(self.fill(source)) for source in attack.cells]
        for cell in rest:
            if grade_id(cell) in attack.answers:
                kept.append(cell | {"source": self.fill(attack.answers[grade_id(cell)])})
            elif grade_id(cell):
                kept.append(cell)
        kept += [_code(self.fill(source)) for source in attack.last]
        kept += [{"cell_type": "markdown", "metadata": {}, "source": source} for source in attack.markdown]
        notebook = whole | {"cells": [cell | {"id": f"cell-{number}"} for number, cell in enumerate(kept)]}
        if attack.notebook is not None:
            attack.notebook(notebook)
        return json.loads(as_bytes(notebook))

    def fill(self, source: str) -> str:
        """Put the paths of this field and of the kit into an attack's code."""
        places = {"@FIELD@": self.folder, "@CLASSROOM@": self.classroom, "@KIT@": ROOT}
        places |= {"@MARKER@": MARKER, "@SECRET@": SECRET, "@HOME@": os.path.expanduser("~")}
        places |= {"@PORT@": self.server.port, "@ABSTRACT@": self.server.abstract}
        for name, place in places.items():
            source = source.replace(name, str(place))
        return source

    def _take_in(self, student: str, hand_in: bytes) -> Path:
        arrivals = self.folder / "arrivals"
        arrivals.mkdir(exist_ok=True)
        (arrivals / f"{student}.zip").write_bytes(hand_in)
        released = ROOT / "assignments" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        intake.intake(arrivals / f"{student}.zip", self.classroom / "submitted", ASSIGNMENT, released)
        return self.classroom / "submitted" / student / ASSIGNMENT

    def grade(self, attack: Attack) -> tuple[Judgement, float]:
        """Take the attack's hand-in in and judge it; returns the judgement and the seconds that judging took."""
        roster, kept = self.classroom / "roster.csv", set((self.classroom / "attempts").rglob("*"))
        stamp, rows = roster.stat(), roster.read_bytes()
        folder = self._take_in(attack.id, self.hand_in(attack))
        self._added = sorted(set((self.classroom / "attempts").rglob("*")) - kept, reverse=True)  # contents first
        roster.write_bytes(rows)
        os.utime(roster, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        begin = time.monotonic()
        judgement = self.judge.judge(hand_in_at(folder))
        return judgement, time.monotonic() - begin

    def remove(self, attack: Attack) -> None:
        """Clear away what the intake wrote for this attack."""
        for place in ("submitted", "refused"):
            shutil.rmtree(self.classroom / place / attack.id, ignore_errors=True)
        for path in self._added:
            path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        (self.classroom / "receipts" / ASSIGNMENT / f"{attack.id}.json").unlink(missing_ok=True)
        (self.folder / "arrivals" / f"{attack.id}.zip").unlink(missing_ok=True)

    def state(self) -> dict[str, str]:
        """The files of the classroom by content, those of the kit by size, all by mode and time, and stray ones."""
        found = {}
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and not path.name.startswith("gradebook.db-"):
                status, content = path.stat(), hashlib.sha256(path.read_bytes()).hexdigest()
                found[str(path)] = f"{content} {status.st_mode} {status.st_mtime_ns}"
        for top in ("autograder", "lib", "solutions", "assignments", "data"):
            for path in sorted((ROOT / top).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    status = path.stat()
                    found[str(path)] = f"{status.st_size} {status.st_mode} {status.st_mtime_ns}"
        for place in ("/tmp", "/var/tmp", "/dev/shm", "/", os.path.expanduser("~"), str(ROOT), str(ROOT / "classroom")):
            if os.access(place, os.R_OK):
                found |= {f"{place}/{name}": "stray" for name in os.listdir(place) if MARKER in name}
        return found

    def unchanged(self) -> list[str]:
        """The paths that are not as they were before the first attack."""
        after = self.state()
        return sorted(path for path in self._before.keys() | after.keys() if self._before.get(path) != after.get(path))

    def left_behind(self) -> list[int]:
        """Processes that stem from the zygote and still live, two seconds after grading ended."""
        deadline = time.monotonic() + 2.0
        while (left := self.living()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return sorted(left)

    def living(self) -> set[int]:
        """Processes that stem from the zygote."""
        return set(_offspring(self.zygote._process.pid)) - self._own

    def command(self) -> str:
        """The zygote's command line, which all that it forks shares."""
        return Path("/proc", str(self.zygote._process.pid), "cmdline").read_text(encoding="utf-8")

    def shown(self, judgement: Judgement) -> str:
        """All text that the hand-in's cells showed."""
        parts = []
        for cell in judgement.cells:
            for output in cell["outputs"]:
                parts += [output.get("text", ""), "\n".join(output.get("traceback", ()))]
                parts += _texts(output.get("data", {}))
        return "\n".join(parts)

    def everything(self, judgement: Judgement) -> str:
        """All that the grader would write about the hand-in: verdict file and outputs."""
        path = verdict.write(judgement, self.folder / "written")
        written = path.read_text()
        shutil.rmtree(self.folder / "written")
        return written + json.dumps(judgement.cells)

    def pages_are_harmless(self, student: str, judgement: Judgement) -> None:
        """Render the pages for the student and for the TA as nbgrader does, and look for anything that could run."""
        notebook = nbformat.read(self.classroom / "submitted" / student / ASSIGNMENT / "flat.ipynb", as_version=4)
        graded = {item.id for item in judgement.verdict.items}
        notebook.cells = [cell for cell in notebook.cells if not utils.is_grade(cell) or grade_id(cell) in graded]
        show(judgement, notebook, grade(judgement.verdict.as_dict(), {}, in_force(self.folder)))
        loaded = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
        exporter = HTMLExporter(config=Config(HTMLExporter=loaded.HTMLExporter), template_name="classic")
        page, _ = exporter.from_notebook_node(notebook)
        assert "evil" in page, "the page does not show the student's cells"
        bad = [found for found in dangers(page) if "evil" in found]
        assert not bad, bad

    def close(self) -> None:
        self.server.close()
        self.judge.close()
        os.environ.pop(SECRET, None)


class Server:
    """What a student's code must not reach: a TCP port and an abstract unix socket of the grader's machine."""

    def __init__(self, folder: Path):
        self.abstract = f"kit-{os.getpid()}-{folder.name}"
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self._lines = [self._tcp]
        names = [(f"\0{self.abstract}", socket.SOCK_STREAM), (f"\0{self.abstract}-datagram", socket.SOCK_DGRAM)]
        for name, kind in [*names, (str(folder / "line"), socket.SOCK_STREAM)]:
            line = socket.socket(socket.AF_UNIX, kind)
            line.bind(name)
            if kind == socket.SOCK_STREAM:
                line.listen()
            self._lines.append(line)

    def reached(self) -> bool:
        return bool(select.select(self._lines, [], [], 0)[0])

    def close(self) -> None:
        for line in self._lines:
            line.close()


def dangers(page: str) -> list[str]:
    """Everything in a page that a browser would run, load or follow."""
    found = []
    for tag in bs4.BeautifulSoup(page, "html5lib" if find_spec("html5lib") else "html.parser").find_all(True):
        if tag.name in ("script", "style", "iframe", "object", "embed", "svg", "math", "base", "meta", "form", "link"):
            found.append(str(tag))
        for name, value in tag.attrs.items():
            text = "".join(str(value).split()).lower()
            if name.startswith("on") or name in ("src", "srcdoc", "action", "formaction", "data", "xlink:href"):
                found.append(f"{tag.name} {name}={value}")
            elif ":" in text and name in ("href", "style"):
                found.append(f"{tag.name} {name}={value}")
    return found + re.findall(r"\\href.*evil.*", page)


def _code(source: str) -> dict:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}


def _texts(data: dict) -> list[str]:
    return [value if isinstance(value, str) else json.dumps(value) for value in data.values()]


def _offspring(zygote: int) -> list[int]:
    """Living processes, the zygote apart, that descend from it or share its command line or network."""
    processes, parents = {}, {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = Path("/proc", name, "stat").read_text(encoding="utf-8")
                words = stat[stat.rindex(")") + 2 :].split()
                if words[0] not in "ZX":
                    parents[int(name)] = int(words[1])
                    processes[int(name)] = (Path("/proc", name, "cmdline").read_bytes(), _network(name))
            except (OSError, ValueError):
                pass
    command, network = processes.get(zygote, (b"?", None))
    shared = network is not None and network != _network("self")
    found = []
    for pid, (line, net) in processes.items():
        ancestors, at = set(), pid
        while at in parents and at not in ancestors:
            ancestors.add(at)
            at = parents[at]
        if pid != zygote and (zygote in ancestors or line == command or (shared and net == network)):
            found.append(pid)
    return found


def _network(pid: str) -> str | None:
    try:
        return os.readlink(f"/proc/{pid}/ns/net")
    except OSError:
        return None


def check_cells(notebook: dict) -> list[dict]:
    """The check cells of a notebook, for attacks that edit them."""
    return [cell for cell in notebook["cells"] if text(cell).startswith("check(")]
