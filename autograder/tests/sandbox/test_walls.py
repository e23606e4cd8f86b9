"""The walls on this machine: wherever course and Python lie, a worker finds its libraries and nothing of the course."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import numpy
import pytest

from autograder.sandbox import launcher, probes
from autograder.sandbox.probes import Probe
from autograder.sandbox.remote_worker import HandInLimits, Worker
from autograder.sandbox.walls import asking, seccomp
from autograder.sandbox.walls.scratch import Scratch, usage
from autograder.tests.hostile.user import NO_MOUNTS, USER, as_ordinary_user

ROOT = Path(__file__).resolve().parents[3]
SITE = Path(numpy.__file__).parents[1]
# Starts a worker of the course in the working folder, has it run a cell, and prints what the cell printed.
IN_A_WORKER = """
import json, sys
sys.path[:0] = ["lib", "."]
from autograder.sandbox import launcher
from autograder.sandbox.remote_worker import HandInLimits, Worker
line = launcher.zygote()
worker = Worker({}, HandInLimits())
outputs = json.loads(worker.ask({"op": "run"}, sys.argv[1].encode(), 30.0))
worker.kill()
line.close()
print("".join(output.get("text", repr(output)) for output in outputs))
"""
# Uses what is imported only now, says where numpy lies, and what it finds at some paths.
USES = """
import json, os, numpy.random, torch.nn.functional, torch.optim.lr_scheduler, matplotlib.pyplot, toolbox.draw
numpy.random.default_rng(0).normal(size=3)
found = {}
for path in %s:
    try:
        found[path] = os.listdir(path) if os.path.isdir(path) else open(path).read(99)
    except OSError as error:
        found[path] = None
print(json.dumps([numpy.__file__, found]))
"""


def venv_at(folder: Path) -> tuple[str, Path]:
    """A virtual environment without packages, made from this one; returns its Python and its site-packages."""
    venv.EnvBuilder(symlinks=True).create(folder)
    return str(folder / "bin/python"), next((folder / "lib").glob("python*/site-packages"))


def a_chain(top: Path) -> tuple[str, dict[str, str], str]:
    """A virtual environment on top of another one, on top of ours, by .pth files; numpy lies in the middle one."""
    _, middle = venv_at(top / "middle")
    shutil.copytree(SITE / "numpy", middle / "numpy")
    for libraries in SITE.glob("numpy.libs"):
        shutil.copytree(libraries, middle / libraries.name)
    python, site = venv_at(top / "top")
    (site / "chain.pth").write_text(f"{middle}\n{SITE}\n")
    return python, {}, str(middle)


def modules(top: Path) -> tuple[str, dict[str, str], str]:
    """Python without packages, as modules of HPC have it: numpy in one folder on PYTHONPATH, its libraries in one on
    LD_LIBRARY_PATH, all else in a third.
    """
    apps = top / "apps"
    shutil.copytree(SITE / "numpy", apps / "numpy/2/numpy")
    for libraries in SITE.glob("numpy.libs"):
        shutil.copytree(libraries, apps / "openblas/lib64")
    (apps / "torch").symlink_to(SITE)
    more = {"PYTHONPATH": f"{apps}/numpy/2:{apps}/torch", "LD_LIBRARY_PATH": f"{apps}/openblas/lib64:"}
    return getattr(sys, "_base_executable", sys.executable), more, str(apps)


def home(top: Path) -> tuple[str, dict[str, str], str]:
    """An environment in the grader's home, beside what is nobody's business; its packages are links into a store."""
    (top / "home/.ssh").mkdir(parents=True)
    (top / "home/.ssh/id").write_text("secret")
    (top / "home/notes.txt").write_text("secret")
    python, site = venv_at(top / "home")
    for path in SITE.iterdir():
        if not (site / path.name).exists():
            (site / path.name).symlink_to(path)
    return python, {"HOME": f"{top}/home"}, str(site)


@pytest.mark.parametrize("layout", [a_chain, modules, home])
def test_a_worker_finds_its_libraries_wherever_python_found_them(tmp_path, layout):
    python, more, numpy_lies_in = layout(tmp_path)
    secrets = [str(ROOT / "autograder/judging/judge.py"), str(ROOT / "solutions/flat.py"), f"{tmp_path}/home/notes.txt",
               f"{tmp_path}/home/.ssh", f"{ROOT}/nbgrader_config.py"]  # fmt: skip
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ} | more
    done = subprocess.run(
        [python, "-c", IN_A_WORKER, USES % repr(secrets)], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    where, found = json.loads(done.stdout)
    assert Path(where).is_relative_to(numpy_lies_in)
    assert found == dict.fromkeys(secrets)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can put a course below /usr")
@pytest.mark.parametrize(("user", "namespaces"), [(0, True), (USER, False)])
def test_a_course_below_usr_shows_a_worker_what_is_for_students_and_no_more(tmp_path, user, namespaces):
    here = "/usr/local/games" if os.path.isdir("/usr/local/games") else "/usr/games"
    also = tmp_path / "course"  # the copy, where it really lies
    names = ("solutions/flat.py", "autograder", "classroom", ".hold")
    secrets = [f"{top}/{name}" for top in (here, also) for name in names]
    code = USES % repr([*secrets, here, f"{here}/data"])
    process = as_ordinary_user(tmp_path, ["-c", IN_A_WORKER, code], namespaces=namespaces, here=here, user=user)
    output, _ = process.communicate(timeout=120)
    if process.returncode == NO_MOUNTS:
        pytest.skip(f"this root may not make mounts: {output[-300:]}")
    assert process.returncode == 0, output[-3000:]
    found = json.loads(output)[1]
    assert [found[path] for path in secrets] == [None] * len(secrets)
    assert set(found[here] or ()) <= {"data"} and "digits.npz" in found[f"{here}/data"]


@pytest.fixture
def fresh(monkeypatch):
    """No zygote yet, and none left."""
    monkeypatch.setattr(launcher, "_zygote", None)
    yield
    if launcher._zygote is not None:
        launcher._zygote.close()


def test_nobody_is_graded_where_a_worker_climbs_a_wall_unless_told_so(fresh, monkeypatch):
    climbed = Probe("do as it likes", "namespaces", "1 + 1")
    monkeypatch.setattr(probes, "PROBES", (*probes.PROBES[:3], climbed))
    with pytest.raises(launcher.Unconfined, match=r"(?s)could\n  do as it likes\n.*doctor.*--trust-students"):
        launcher.zygote(trust=False)
    line = launcher.zygote(trust=True)
    Worker({}, HandInLimits()).kill()
    with pytest.raises(launcher.Unconfined):
        launcher.zygote(trust=False)
    assert not line.alive


def test_a_probe_that_ends_its_worker_has_climbed_and_the_others_are_tried_all_the_same(fresh, monkeypatch):
    found = (Probe("leave", "seccomp", "os._exit(0)"), probes.PROBES[-1], Probe("reach", "seccomp", "1 / 0"))
    monkeypatch.setattr(probes, "PROBES", found)
    launcher.begin(trust=True)
    got = probes.climb()
    assert got["leave"] is None and "PermissionError" in got[found[1].what] and "ZeroDivisionError" in got["reach"]


def test_what_probes_look_for_is_there_and_gone_afterwards(fresh, tmp_path, monkeypatch):
    monkeypatch.setattr(probes, "ROOT", tmp_path)
    for name in ("classroom/.cache/x", "solutions/flat.py", "classroom/submitted/ada/flat/flat.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    with probes._targets() as targets:
        assert all(os.path.isfile(path) for path in targets["canaries"])
        assert {path.removeprefix(f"{tmp_path}/") for path in targets["secrets"]} == {
            "solutions/flat.py", "classroom/submitted/ada/flat/flat.ipynb"
        }  # fmt: skip
        for path in targets["places"][:2]:
            Path(path).touch()
    assert not [path for path in (*targets["canaries"], *targets["places"]) if os.path.exists(path)]


def test_every_probe_names_a_wall_that_doctor_knows():
    from autograder.sandbox import doctor

    assert {probe.wall for probe in probes.PROBES} <= {wall.name for wall in (*doctor.WALLS, doctor.LIMITS)}


def test_a_scratch_folder_goes_whatever_lies_in_it(tmp_path):
    (tmp_path / "kept").write_text("x")
    scratch = Scratch()
    before = os.getcwd()
    os.chdir(scratch.name)
    for number in range(2500):
        os.mkdir("d")
        if number % 500 == 0:
            os.mkdir("closed", 0)
            os.mkdir("half", 0o500)
            os.symlink(tmp_path, "link")
            os.symlink(".", "round")
            os.mkfifo("pipe")
            Path("file").touch(0)
        os.chdir("d")
    os.chdir(before)
    assert usage(scratch.name, 10_000) == (2500 + 5 * 6, usage(scratch.name, 10_000)[1])
    assert usage(scratch.name, 100)[0] == 101
    scratch.cleanup()
    assert not os.path.exists(scratch.name) and (tmp_path / "kept").exists()


def test_a_scratch_folder_that_nobody_holds_any_more_goes_but_not_with_a_copy_in_a_forked_process():
    scratch = Scratch()
    folder = scratch.name
    pid = os.fork()
    if pid == 0:
        scratch.cleanup()
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.path.isdir(folder)
    del scratch
    assert not os.path.exists(folder)


def test_usage_counts_bytes_on_the_disk(tmp_path):
    (tmp_path / "big").write_bytes(bytes(10**6))
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(10**12)
    count, size = usage(str(tmp_path), 100)
    assert count == 2 and 10**6 <= size < 2 * 10**6


# What each filter makes of a system call: (name of the call, its arguments) -> refused or not, in a process of its own.
FILTERED = """
import ctypes, json, os, sys, threading
from autograder.sandbox.walls import kernel, seccomp
libc = ctypes.CDLL(None, use_errno=True)
room, landlock, folder = json.loads(sys.argv[1])
os.chdir(folder)
open("file", "w").write("text")
other = os.open("file", os.O_RDWR)
kernel.no_new_privileges()
seccomp.restrict(room, landlock)
tries = {
    "chmod": lambda: os.chmod("file", 0o600), "fchmod": lambda: os.fchmod(other, 0o600),
    "utime": lambda: os.utime("file"), "chown": lambda: os.chown("file", -1, -1),
    "truncate": lambda: os.truncate("file", 2), "ftruncate": lambda: os.truncate(other, 1),
    "cut": lambda: os.close(os.open("file", os.O_RDONLY | os.O_TRUNC)),
    "read": lambda: os.close(os.open("file", os.O_RDONLY)),
    "write": lambda: open("file", "w").write("x"), "socket": lambda: __import__("socket").socket(),
    "thread": lambda: threading.Thread(target=int).start(), "tty": lambda: os.isatty(other) or 1,
    "pass on": lambda: os.set_inheritable(other, True), "replace": lambda: os.replace("file", "moved"),
}
for name, action in tries.items():
    try:
        action()
    except OSError as error:
        tries[name] = error.errno
    else:
        tries[name] = 0
print(json.dumps(tries))
"""


@pytest.mark.skipif(not seccomp.available(), reason="no seccomp here")
@pytest.mark.parametrize(
    ("room", "landlock", "refused"),
    [
        (True, 7, {"socket"}),
        (False, 7, {"socket", "chmod", "fchmod", "utime", "chown"}),
        (False, 1, {"socket", "chmod", "fchmod", "utime", "chown", "truncate", "cut"}),
    ],
)
def test_the_filter_refuses_what_the_other_walls_let_pass(tmp_path, room, landlock, refused):
    done = subprocess.run(
        [sys.executable, "-c", FILTERED, json.dumps([room, landlock, str(tmp_path)])],
        env={"PYTHONPATH": f"{ROOT}:{ROOT}/lib"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert {name: error for name, error in found.items() if error} == dict.fromkeys(refused, 1)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_filters_can_be_built_for_every_machine(machine):
    lengths = [len(seccomp.build(machine, 1, room, version)) // 8 for room in (True, False) for version in (1, 7)]
    assert max(lengths) < 4096 and lengths[0] == lengths[1] < lengths[3] < lengths[2]


def test_a_kernel_that_has_no_filters_that_ask_is_told_by_its_version(monkeypatch):
    monkeypatch.setattr(asking, "kernel_version", lambda: (5, 4))
    assert not asking.is_possible()
