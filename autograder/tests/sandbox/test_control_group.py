"""The control group around the workers, on a made-up cgroup file system: what it asks for, and when it stays away."""

from __future__ import annotations

import os

import pytest

from autograder.sandbox.walls import control_group
from autograder.sandbox.walls.control_group import Group, Unavailable, place


@pytest.fixture
def tree(tmp_path):
    """A file system like that of control groups, with this process in a group that was delegated to it."""
    root, proc = tmp_path / "cgroup", tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "self/cgroup").write_text("0::/user/run-1.scope\n")
    (proc / str(os.getpid())).mkdir()
    (proc / "77").mkdir()
    (proc / "77/stat").write_text(f"77 (a) b) S {os.getpid()} 0 0")  # a child of ours
    (proc / "99").mkdir()
    (proc / "99/stat").write_text("99 (other) S 1 0 0")
    group(root)
    own = group(root / "user/run-1.scope")
    (own / "cgroup.procs").write_text(f"{os.getpid()}\n77\n")
    return root, proc, own


def group(path, controllers="cpu memory pids", passed_on=""):
    path.mkdir(parents=True, exist_ok=True)
    (path / "cgroup.controllers").write_text(controllers)
    (path / "cgroup.subtree_control").write_text(passed_on)
    (path / "cgroup.procs").write_text("")
    return path


def test_we_move_out_of_our_group_and_pass_its_controllers_on(tree, monkeypatch):
    root, proc, own = tree
    moved = []
    write = type(own).write_text
    monkeypatch.setattr(
        type(own), "write_text", lambda self, text: moved.append((self.name, text)) or write(self, text)
    )
    assert place(root, proc) == own
    assert {pid for name, pid in moved if name == "cgroup.procs"} == {str(os.getpid()), "77"}
    assert moved[-1] == ("cgroup.subtree_control", "+memory +pids"), "controllers before the group was empty"


def test_who_was_started_by_one_that_moved_uses_the_same_place(tree):
    root, proc, own = tree
    group(own, passed_on="memory pids")
    group(own / control_group.GRADER)
    (proc / "self/cgroup").write_text(f"1:name=systemd:/\n0::/user/run-1.scope/{control_group.GRADER}\n")
    assert place(root, proc) == own


def test_a_group_has_limits_and_takes_the_process_and_goes_away(tree, monkeypatch):
    _, _, own = tree
    made = Group(memory=5 * 2**30, base=own)
    made.add(1234)
    found = {file.name: file.read_text() for file in made.path.iterdir()}
    assert found == {
        "memory.max": str(5 * 2**30), "memory.swap.max": "0", "pids.max": "512", "cgroup.procs": "1234"
    }  # fmt: skip
    removed = []
    monkeypatch.setattr(type(own), "rmdir", lambda self: removed.append(self))
    made.close()
    assert (made.path / "cgroup.kill").read_text() == "1" and removed == [made.path]


def test_groups_of_graders_that_were_killed_are_removed(tree):
    _, _, own = tree
    left = own / f"{control_group.STUDENTS}-1"
    left.mkdir()
    Group(memory=1, base=own)
    assert not left.exists()


def others(root, proc, own):
    (own / "cgroup.procs").write_text(f"{os.getpid()} 99")


def no_controllers(root, proc, own):
    group(own, controllers="cpu")


def version_one(root, proc, own):
    (root / "cgroup.controllers").unlink()


def in_none(root, proc, own):
    (proc / "self/cgroup").write_text("3:memory:/\n")


@pytest.mark.parametrize(("spoil", "says"), [
    (others, "1 other processes"), (no_controllers, "no memory and pids"), (version_one, "version 2"),
    (in_none, "is in none"),
])  # fmt: skip
def test_where_there_is_none_we_stay_away_and_say_why(tree, spoil, says):
    spoil(*tree)
    before = sorted(tree[0].rglob("*"))
    with pytest.raises(Unavailable, match=says):
        place(*tree[:2])
    assert sorted(tree[0].rglob("*")) == before


def test_this_machine_has_one_that_works_or_a_reason_why_not():
    from autograder.sandbox.launcher import zygote

    group = zygote().group
    if group is True:
        assert (zygote()._group.path / "memory.max").read_text().strip().isdigit()
        assert zygote()._group.path.name in (control_group.PROC / str(zygote()._process.pid) / "cgroup").read_text()
    else:
        assert group and "\n" not in group
