"""An intake that is killed between any two of its renames leaves a whole hand-in standing, and can be run again."""

from __future__ import annotations

import os
import signal

import pytest

from autograder import intake
from autograder.intake import inspect, swap
from autograder.tests.intake.test_intake import answered, as_bytes, good, make_zip, release

NAMES = ("old", "new")


@pytest.fixture
def place(tmp_path):
    """A classroom that holds ada's first hand-in; her second one has arrived."""
    (tmp_path / "flat.ipynb").write_bytes(as_bytes(release()))
    arrivals = tmp_path / "arrivals"
    arrivals.mkdir()
    for number, name in enumerate(NAMES):
        make_zip(arrivals / "ada.zip", good() | {"lib/backprop/flat.py": f"# {name}\n"}, when=1e9 + number)
        if name == "old":
            run(tmp_path)
    return tmp_path


def run(folder):
    return intake.intake(folder / "arrivals", folder / "classroom/submitted", "flat", folder / "flat.ipynb")


def standing(folder) -> str:
    """Which of the hand-ins stands in its place, whole."""
    found = folder / "classroom/submitted/ada/flat"
    text = (found / "lib/backprop/flat.py").read_text().strip("# \n")
    assert text in NAMES and {path.name for path in found.iterdir()} >= {"flat.ipynb", "timestamp.txt", "intake.json"}
    return text


def killed_at(step: int, action, *, exchanges: bool) -> bool:
    """Run `action` in a child that is killed right before its rename number `step`; False where it has no such one."""
    child = os.fork()
    if child == 0:
        count, whole, by_name = 0, swap.exchange, os.replace

        def die_in_time():
            nonlocal count
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)

        def exchange(one, other):
            if not exchanges:
                return False
            die_in_time()
            return whole(one, other)

        def replace(one, other):
            die_in_time()
            by_name(one, other)

        swap.exchange, os.replace = exchange, replace
        try:
            action()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def with_the_old_one(folder):
    """The classroom as it was when only the first hand-in had come; the second one has arrived."""
    for path in [*(folder / "classroom").iterdir()]:
        swap._delete(path)
    for number, name in enumerate(NAMES):
        sent = folder / f"{name}.zip"  # made once: a zip tells when it was packed
        if not sent.exists():
            make_zip(sent, good() | {"lib/backprop/flat.py": f"# {name}\n"})
        (folder / "arrivals/ada.zip").write_bytes(sent.read_bytes())
        os.utime(folder / "arrivals/ada.zip", (1e9 + number, 1e9 + number))
        if name == "old":
            run(folder)


def picture(folder) -> dict:
    """Every file of the classroom, by path."""
    files = (path for path in (folder / "classroom").rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("exchanges", [True, False], ids=["exchanged in one step", "by two renames"])
def test_a_run_that_is_killed_anywhere_ends_like_an_undisturbed_one_when_it_is_run_again(place, exchanges):
    with_the_old_one(place)
    run(place)
    undisturbed = picture(place)
    step, killed = 0, True
    while killed:
        step += 1
        with_the_old_one(place)
        killed = killed_at(step, lambda: run(place), exchanges=exchanges)
        intake.take_up(place / "classroom/submitted")  # as every command does first
        assert standing(place) in NAMES
        run(place)
        assert standing(place) == "new" and picture(place) == undisturbed, f"killed before rename {step}"
    assert step > 4


def test_between_the_renames_one_of_the_two_stands_there_even_before_anything_is_put_right(place):
    step = 0
    if not swap.exchange(place / "arrivals", place / "classroom"):
        pytest.skip("folders cannot be exchanged on this file system")
    swap.exchange(place / "arrivals", place / "classroom")
    while killed_at(step := step + 1, lambda: run(place), exchanges=True):
        standing(place)


@pytest.mark.parametrize("exchanges", [True, False], ids=["exchanged in one step", "by two renames"])
def test_what_a_student_sent_is_kept_when_it_has_to_be_repaired_whenever_the_kill_comes(tmp_path, exchanges):
    (tmp_path / "flat.ipynb").write_bytes(as_bytes(release()))
    folder = tmp_path / "classroom/submitted/ada/flat"
    step, killed = 0, True
    while killed:
        step += 1
        (folder / "lib/backprop").mkdir(parents=True)
        (folder / "flat.ipynb").write_bytes(as_bytes(answered()))
        (folder / "lib/backprop/flat.py").write_text("# old\n")
        (folder / "a note to the grader.txt").write_text("mine")  # what the intake takes out
        killed = killed_at(step, lambda: inspect(folder, "flat", tmp_path / "flat.ipynb"), exchanges=exchanges)
        intake.take_up(tmp_path / "classroom/submitted")
        inspect(folder, "flat", tmp_path / "flat.ipynb")
        assert standing(tmp_path) == "old"
        assert list((tmp_path / "classroom/refused").rglob("a note to the grader.txt"))
        for path in (tmp_path / "classroom").iterdir():
            swap._delete(path)
    assert step > 2


def test_where_folders_cannot_be_exchanged_nothing_is_changed(tmp_path):
    (tmp_path / "a").mkdir()
    assert not swap.exchange(tmp_path / "a", tmp_path / "b") and (tmp_path / "a").is_dir()
