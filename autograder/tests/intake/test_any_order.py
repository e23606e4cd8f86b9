"""Downloads in any mixture and order end with the same hand-in standing for everybody; a whole class through each."""

from __future__ import annotations

import os
import shutil
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.intake import collect
from autograder.tests.exports.platforms import Pupil
from autograder.tests.intake import downloads
from autograder.tests.intake.downloads import PLATFORMS, packed, work, write
from autograder.tests.intake.test_platforms import Office, full

PUPILS = [
    Pupil(1, "Ada", "Lovelace", "0011", "al"),
    Pupil(2, "Bo", "Ray", "0012", "b.r_x"),
    Pupil(3, "Bo", "Ray", "0013", "br2"),
]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
COURSES = ("blackboard", "gradescope", "brightspace", "nbgrader", "folder")

attempts = st.fixed_dictionaries({
    "pupil": st.sampled_from(PUPILS), "hours": st.integers(1, 60), "broken": st.booleans(),
    "platform": st.sampled_from(COURSES), "copies": st.integers(1, 2), "wrapped": st.booleans(),
})  # fmt: skip


def name_of(one: dict) -> str:
    """What tells an attempt from every other: two of one person never have the same time."""
    return f"{one['pupil'].id} after {one['hours']} hours"


def place_of(one: dict, copy: int) -> tuple[str, bytes]:
    """Where an attempt stands in a platform's download, and its zip; a copy is packed anew, and called otherwise."""
    pupil, moment = one["pupil"], NOON + timedelta(hours=one["hours"])
    again = one["wrapped"] != bool(copy)
    data = packed(work(name_of(one)), "in/a/folder/" if again else "")
    data = data[:60] if one["broken"] else data
    file = f"work ({copy}).zip" if copy else "work.zip"
    match one["platform"]:
        case "blackboard":
            return f"flat hw_{pupil.login}_attempt_{moment:%Y-%m-%d-%H-%M-%S}_{file}", data
        case "brightspace":
            hour = f"{moment:%I%M %p}".lstrip("0")
            when = f"{moment:%b} {moment.day}, {moment.year} {hour}"
            return f"397-{2_500_000 + pupil.number} - {pupil.name} - {when}/{file}", data
        case "nbgrader":
            return f"{pupil.id}+flat+{moment:%Y-%m-%d %H:%M:%S} UTC/{file}", data
        case "gradescope":
            return f"submission_{pupil.number * 1000 + one['hours']}/{file}", data
        case _:
            return f"{pupil.id}{'_flat-hand-in' if again else ''}{f' ({copy})' if copy else ''}.zip", data


def download(folder: Path, found: list[dict]) -> Path:
    """A folder with these attempts, as the platforms would write them, each with its time."""
    told = []
    for one in found:
        moment = NOON + timedelta(hours=one["hours"])
        for copy in range(one["copies"]):
            name, data = place_of(one, copy)
            path = folder / name
            if path.exists():  # two attempts of one name in one folder cannot be
                continue
            write(folder, {name: data})
            os.utime(path, (moment.timestamp(), moment.timestamp()))
        if one["platform"] == "gradescope":
            pupil = one["pupil"]
            told += [f"submission_{pupil.number * 1000 + one['hours']}:", "  :submitters:"]
            told += [f"  - :name: {pupil.name}", f"    :sid: '{pupil.sis}'", f"    :email: {pupil.email}"]
            told += [f"  :created_at: {moment:%Y-%m-%d %H:%M:%S} Z"]
    if told:
        write(folder, {"submission_metadata.yml": "\n".join(told).encode()})
    return folder


def standing_of(taken: list[dict]) -> dict[str, str]:
    """Who stands with what, by the rule alone: the last in time that is not broken."""
    good = sorted((one for one in taken if not one["broken"]), key=lambda one: one["hours"])
    return {one["pupil"].id: name_of(one) for one in good}


@settings(max_examples=25, deadline=None)
@given(st.lists(attempts, min_size=1, max_size=6, unique_by=lambda one: (one["pupil"].id, one["hours"])), st.data())
def test_any_mixture_and_order_of_downloads_ends_with_the_same_hand_in_for_everybody(tmp_path_factory, found, data):
    root = tmp_path_factory.mktemp("any")
    office = Office(root)
    office.give_roster(*full(PUPILS))
    cut = data.draw(st.lists(st.integers(0, 2), min_size=len(found), max_size=len(found)))
    groups = [[one for one, group in zip(found, cut, strict=True) if group == number] for number in range(3)]
    folders, kept = [], []
    for number, group in enumerate(groups):
        names = set()
        group = [one for one in group if not (place_of(one, 0)[0] in names or names.add(place_of(one, 0)[0]))]
        if group:
            folders.append(download(root / f"d{number}", group))
            kept += group
    order = data.draw(st.permutations(folders)) + data.draw(st.lists(st.sampled_from(folders), max_size=2))
    for folder in order:
        outcome = office.take(folder)
        assert not (outcome.doubtful or outcome.strangers or outcome.unnamed or outcome.by_hand)
    assert office.stands() == standing_of(kept)
    shutil.rmtree(root)


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_class_of_300_comes_in_through_each_platform_everybody_with_their_own(tmp_path, name):
    office = Office(tmp_path)
    pupils = [Pupil(n, f"Fay{n % 40}", f"Ray{n % 53}", f"{n:05d}", f"u{n}_x.y") for n in range(1, 301)]
    office.give_roster(*full(pupils))
    source = tmp_path / "download.zip"
    source.write_bytes(packed(PLATFORMS[name](pupils)))
    found = office.take(source)
    assert found.is_clean and not found.missing
    assert office.stands() == {pupil.id: pupil.id for pupil in pupils}


def picture(classroom: Path) -> dict[str, bytes]:
    return {str(path.relative_to(classroom)): path.read_bytes() for path in classroom.rglob("*") if path.is_file()}


def killed_at(step: int, action) -> bool:
    """Run `action` in a child that is killed right before its rename number `step`; False where it has no such one."""
    child = os.fork()
    if child == 0:
        count, whole = 0, os.replace

        def replace(one, other):
            nonlocal count
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)
            whole(one, other)

        os.replace = replace
        try:
            action()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_a_collection_of_several_platforms_that_is_killed_anywhere_is_taken_up_by_the_same_command(tmp_path):
    """No roster is given, so the kills also fall around the roster that grows."""
    office = Office(tmp_path)
    sent = write(tmp_path / "sent", {**downloads.canvas(PUPILS), **downloads.folder(PUPILS[:1]), "bad.zip": b"broken"})
    for path in sent.rglob("*"):
        os.utime(path, (1e9, 1e9))

    def run():
        collect(sent, office.classroom, "flat", office.released)

    run()
    undisturbed, step, killed = picture(office.classroom), 0, True
    while killed:
        step += 1
        shutil.rmtree(office.classroom)
        killed = killed_at(step, run)
        run()
        assert picture(office.classroom) == undisturbed, f"killed before rename {step}"
    assert step > 10
