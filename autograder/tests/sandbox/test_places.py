"""What is shown of a machine, on made-up folders: all that Python needs, and nothing of the course or of a home."""

from __future__ import annotations

import os
import sys
import types

import pytest

from autograder.sandbox.walls import needs, places
from autograder.sandbox.walls.needs import plan
from autograder.sandbox.walls.places import aliases, carve


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine below a folder: /usr with Python in it, a home, a course at /usr/share/course; nothing imported."""
    for path in (
        "usr/lib/python3/os.py", "usr/lib/python3/site-packages/numpy/__init__.py", "usr/bin/python", "usr/games/x",
        "usr/share/zoneinfo/UTC", "usr/share/course/lib/toolbox/a.py", "usr/share/course/data/digits.npz",
        "usr/share/course/solutions/x.py", "usr/share/course/classroom/gradebook.db", "usr/share/course/autograder/x",
        "usr/share/nbgrader/exchange/ada.ipynb", "home/ta/.ssh/id", "home/ta/notes.txt", "tmp/x", "etc/passwd",
    ):  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    (tmp_path / "lib").symlink_to("usr/lib")
    private = ("home", "tmp", "etc", "usr/share/nbgrader")
    monkeypatch.setattr(places, "PRIVATE", tuple(f"{tmp_path}/{name}" for name in private))
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "executable", f"{tmp_path}/usr/bin/python")
    for prefix in ("prefix", "base_prefix", "exec_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, prefix, f"{tmp_path}/usr")
    known = dict.fromkeys(("stdlib", "platstdlib", "purelib", "platlib"), f"{tmp_path}/usr/lib/python3")
    monkeypatch.setattr(needs.sysconfig, "get_paths", lambda: known)
    monkeypatch.setattr(needs, "_imported", lambda: iter(()))
    monkeypatch.setattr(needs, "_libraries", dict)
    monkeypatch.setattr(needs, "_open_files", dict)
    return tmp_path


def planned(machine, course="usr/share/course"):
    """The plan of a machine, its paths relative to the machine's folder."""
    top = f"{machine}/{course}"
    found = plan(top, [f"{top}/lib", f"{top}/data"], [f"{machine}/home/ta"], (f"{machine}/usr", f"{machine}/lib"))
    return found, {os.path.relpath(path, machine) for path in found.shown}


def seen(machine, found):
    """Every file of the machine that can be read by its own path."""
    files = (os.path.join(top, name) for top, _, names in os.walk(machine) for name in names)
    return {os.path.relpath(path, machine) for path in files if found.shows(path)}


SECRET = ("solutions", "classroom", "autograder", "nbgrader", "home", "tmp", "etc")


def test_a_course_below_a_folder_of_the_system_is_cut_out_of_it(machine):
    found, shown = planned(machine)
    assert shown == {
        "usr/bin", "usr/games", "usr/lib", "usr/share/zoneinfo", "usr/share/course/lib", "usr/share/course/data"
    }  # fmt: skip
    files = seen(machine, found)
    assert "usr/lib/python3/site-packages/numpy/__init__.py" in files and "usr/share/course/lib/toolbox/a.py" in files
    assert not [path for path in files if any(name in path.split("/") for name in SECRET)]
    assert found.links == {f"{machine}/lib": "usr/lib"}


def test_where_nothing_is_to_be_hidden_the_folders_of_the_system_are_shown_whole(machine, monkeypatch):
    monkeypatch.setattr(places, "PRIVATE", ())
    (machine / "usr/share/course").rename(machine / "course")
    assert planned(machine, "course")[1] == {"usr", "course/lib", "course/data"}


COURSE = "usr/share/course"


@pytest.mark.parametrize("entry", ["usr/share", COURSE, f"{COURSE}/autograder", "home", "home/ta", ""])
def test_an_entry_of_the_path_that_holds_the_course_or_a_home_is_not_shown(machine, entry):
    (machine / entry / "x-1.dist-info").mkdir()
    sys.path.append(f"{machine}/{entry}".rstrip("/"))
    files = seen(machine, planned(machine)[0])
    assert not [path for path in files if any(name in path.split("/") for name in SECRET)]


def test_of_a_folder_that_may_not_be_shown_the_imported_packages_are(machine, monkeypatch):
    for path in ("extra/__init__.py", "single.py", "mine/secret.py"):
        (machine / "home/ta" / path).parent.mkdir(exist_ok=True)
        (machine / "home/ta" / path).write_text("")
    modules = {"extra": types.ModuleType("extra"), "single": types.ModuleType("single")}
    modules["extra"].__file__ = f"{machine}/home/ta/extra/__init__.py"
    modules["extra"].__path__ = [f"{machine}/home/ta/extra"]
    modules["single"].__file__ = f"{machine}/home/ta/single.py"
    monkeypatch.undo()
    monkeypatch.setattr(sys, "modules", modules)
    assert sorted(needs._imported()) == [f"{machine}/home/ta/extra", f"{machine}/home/ta/single.py"]
    making = needs._Making(f"{machine}/usr/share/course", [f"{machine}/home/ta"])
    assert all([making.show(path) for path in needs._imported()]) and not making.show(f"{machine}/home/ta")
    assert sorted(making.plan.shown) == sorted(needs._imported())


@pytest.mark.parametrize("where", ["home/ta/conda", "home/ta/.local", "usr/share/course/.venv", "tmp/env"])
def test_a_python_below_a_home_or_the_course_shows_the_installation_alone(machine, monkeypatch, where):
    for path in ("lib/python3/torch/__init__.py", "share/keyrings/secret", "notes.txt", "bin/token"):
        (machine / where / path).parent.mkdir(parents=True, exist_ok=True)
        (machine / where / path).write_text("")
    monkeypatch.setattr(sys, "prefix", f"{machine}/{where}")
    files = seen(machine, planned(machine)[0])
    assert {path for path in files if path.startswith(where)} == {f"{where}/lib/python3/torch/__init__.py"}


def test_packages_are_followed_through_links_at_every_step(machine):
    store = machine / "store"
    (store / "1/numpy").mkdir(parents=True)
    (store / "1/numpy/__init__.py").write_text("")
    for path in ("env/site-packages", "other/site-packages/torch", "other/site-packages/sympy"):
        (store / path).mkdir(parents=True)
    (store / "env/site-packages/numpy").symlink_to("../../1/numpy")
    (store / "env/site-packages/torch").symlink_to(store / "other/site-packages/torch")
    (machine / "opt").symlink_to("store/env")
    (machine / "round").symlink_to("round")
    sys.path += [f"{machine}/opt/site-packages", f"{machine}/round", "finder.__path_hook__"]
    found, shown = planned(machine)
    assert {"store/1/numpy", "store/env/site-packages", "store/other/site-packages"} <= shown
    assert found.links[f"{machine}/opt"] == "store/env"


def test_a_link_from_a_folder_of_packages_does_not_show_the_course(machine):
    site = machine / "site-packages"
    site.mkdir()
    (site / "suites").symlink_to(machine / "usr/share/course/autograder")
    (site / "home").symlink_to(machine / "home/ta")
    sys.path.append(str(site))
    found, shown = planned(machine)
    assert "site-packages" in shown
    assert not [path for path in seen(machine, found) if any(name in path.split("/") for name in SECRET)]


def test_a_classroom_on_another_disk_is_a_hole_as_well(machine):
    (machine / "usr/share/course/classroom").rename(machine / "usr/games/classroom")
    (machine / "usr/share/course/classroom").symlink_to(machine / "usr/games/classroom")
    found, _ = planned(machine)
    assert not [path for path in seen(machine, found) if "gradebook" in path]
    assert found.shows(f"{machine}/usr/games/x")


def test_carving_leaves_what_lies_beside_a_hole(machine):
    left = carve(f"{machine}/usr", [f"{machine}/usr/share/course/autograder", f"{machine}/usr/bin"])
    assert {os.path.relpath(path, machine) for path in left} == {
        "usr/games", "usr/lib", "usr/share/nbgrader", "usr/share/zoneinfo", "usr/share/course/classroom",
        "usr/share/course/data", "usr/share/course/lib", "usr/share/course/solutions",
    }  # fmt: skip
    assert carve(f"{machine}/usr", [f"{machine}/usr"]) == []


TABLE = """\
21 1 8:1 / / rw - ext4 /dev/sda1 rw
22 21 8:1 /home/ta/course /usr/local/course rw - ext4 /dev/sda1 rw
23 21 8:1 /home/ta/course/solutions /opt/with\\040space rw - ext4 /dev/sda1 rw
24 21 8:1 /home /exports/home rw - ext4 /dev/sda1 rw
25 21 0:5 /home/ta/course /elsewhere rw - tmpfs tmpfs rw
26 21 8:1 /home/ta/courses /courses rw - ext4 /dev/sda1 rw
"""


def test_the_course_is_found_wherever_it_is_mounted_again_as_a_whole_or_in_part(tmp_path):
    (tmp_path / "mountinfo").write_text(TABLE)
    assert aliases("/home/ta/course", tmp_path / "mountinfo") == {
        "/usr/local/course", "/opt/with space", "/exports/home/ta/course"
    }  # fmt: skip
    assert "/home/ta/course" in aliases("/usr/local/course", tmp_path / "mountinfo")
    assert aliases("/srv", tmp_path / "mountinfo") == set() == aliases("/srv", tmp_path / "missing")
