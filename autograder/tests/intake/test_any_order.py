"""Downloads in any mixture and order end with the same hand-in standing for everybody, and so do killed collections."""

from __future__ import annotations

import io
import os
import shutil
import signal
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.intake import collect
from autograder.tests.exports.platforms import Pupil
from autograder.tests.intake import downloads
from autograder.tests.intake.downloads import packed, work, write
from autograder.tests.intake.test_platforms import Office, full

PUPILS = [
    Pupil(1, "Ada", "Lovelace", "0011", "al"),
    Pupil(2, "Bo", "Ray", "0012", "b.r_x"),
    Pupil(3, "Bo", "Ray", "0013", "br2"),
]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
COURSES = ("canvas", "moodle", "blackboard", "gradescope", "brightspace", "sakai", "github", "nbgrader", "folder")

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
        case "canvas":
            return (
                f"{pupil.last}{pupil.first}_{pupil.canvas}_{9_000_000 + 2 * one['hours'] + copy}_{file}".lower(),
                data,
            )
        case "moodle":
            return f"{pupil.moodle_origin}/{file}", data
        case "sakai":
            return f"{pupil.sakai_origin}/Submission attachment(s)/{file}", data
        case "github":
            return f"flat-submissions/flat-gh{pupil.number}/{file}", data
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


def download(folder: Path, found: list[dict], how: str) -> Path:
    """These attempts as the platforms would write them, each with its time. how: as a folder, a zip, a zip in one."""
    files: dict[str, tuple[bytes, datetime]] = {}
    told = []
    for one in found:
        pupil, moment = one["pupil"], NOON + timedelta(hours=one["hours"])
        for copy in range(one["copies"]):
            name, data = place_of(one, copy)
            files.setdefault(name, (data, moment))
        if one["platform"] == "sakai":
            files[f"{pupil.sakai_origin}/timestamp.txt"] = f"{moment:%Y%m%d%H%M%S}000".encode(), moment
        if one["platform"] == "gradescope":
            told += [f"submission_{pupil.number * 1000 + one['hours']}:", "  :submitters:"]
            told += [f"  - :name: {pupil.name}", f"    :sid: '{pupil.sis}'", f"    :email: {pupil.email}"]
            told += [f"  :created_at: {moment:%Y-%m-%d %H:%M:%S} Z"]
    if told:
        files["submission_metadata.yml"] = "\n".join(told).encode(), NOON
    if how != "folder":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, (data, moment) in files.items():
                archive.writestr(zipfile.ZipInfo(name, moment.timetuple()[:6]), data)
        whole = write(folder, {"download.zip": out.getvalue()})
        return whole if how == "zip in a folder" else whole / "download.zip"
    for name, (data, moment) in files.items():
        write(folder, {name: data})
        os.utime(folder / name, (moment.timestamp(), moment.timestamp()))
    return folder


def each_in_its_place(found: list[dict]) -> list[dict]:
    """Without those that no platform could write beside another one: it has one current hand-in of a student, or names
    each after its time.
    """
    taken: set[str] = set()
    return [one for one in found if not (place_of(one, 0)[0] in taken or taken.add(place_of(one, 0)[0]))]


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
    for number, group in enumerate(map(each_in_its_place, groups)):
        if group:
            # one student's zip in a zip that nobody is called after may be a hand-in as well, and is asked about
            is_one = {one["platform"] for one in group} == {"folder"} and sum(one["copies"] for one in group) == 1
            how = data.draw(st.sampled_from(["folder", *["zip", "zip in a folder"] * (not is_one)]))
            folders.append(download(root / f"d{number}", group, how))
            kept += group
    order = data.draw(st.permutations(folders)) + data.draw(st.lists(st.sampled_from(folders), max_size=2))
    for folder in order:
        outcome = office.take(folder)
        assert not (outcome.doubtful or outcome.strangers or outcome.unnamed or outcome.by_hand)
    assert office.stands() == standing_of(kept)
    shutil.rmtree(root)


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
