"""What doctor says: here, and on systems that hold nobody in."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from autograder.sandbox import doctor, launcher, probes
from autograder.sandbox.walls import Walls


@pytest.mark.parametrize(
    ("system", "name", "instead"), [("Darwin", "macOS", "container"), ("Windows", "Windows", "WSL 2")]
)
def test_on_other_systems_it_says_what_is_not_enforced_and_how_to_go_on(system, name, instead):
    console = Console(file=StringIO(), width=200)
    assert doctor.run(console, system=system) == 1
    said = console.file.getvalue()
    assert said.count("not enforced") >= 4 and f"Nothing holds student code in on {name}" in said
    assert instead in said and "--trust-students" in said


def test_here_it_names_every_wall_and_what_a_worker_got_when_it_tried():
    console = Console(file=StringIO(), width=200)
    status = doctor.run(console)
    said = console.file.getvalue()
    for wall in (*doctor.WALLS, doctor.LIMITS, doctor.GROUP):
        assert wall.name in said
    for probe in probes.PROBES:
        assert probe.what in said
    assert "can read, and not change: " in said and str(launcher.ROOT / "data") in said
    assert status == (0 if "Grading is safe here." in said else 1)
    assert status == 0 or "--trust-students" in said


class Fallen:
    """A zygote on a machine without namespaces, where one wall was climbed."""

    walls = Walls(namespaces="switched off [here]", pids="switched off", landlock=True, seccomp=True, threads="none")
    group: bool | str = "no control groups"
    shown = ("/usr",)

    def __init__(self, trust: bool):
        assert trust


def test_where_walls_are_missing_or_climbed_it_gives_a_remedy_for_each(monkeypatch):
    monkeypatch.setattr(launcher, "Zygote", Fallen)
    monkeypatch.setattr(launcher, "use", lambda line: None)
    climbed = {probe.what: None if probe.wall == "limits" else "refused" for probe in probes.PROBES}
    monkeypatch.setattr(probes, "climb", lambda: climbed)
    console = Console(file=StringIO(), width=1000)
    assert doctor.run(console) == 1
    said = console.file.getvalue()
    remedies = {wall.name: wall.remedy for wall in (*doctor.WALLS, doctor.LIMITS)}
    assert "switched off [here]" in said and "Nothing protects the machine from threads without end: thr" in said
    assert said.count(f"to get it: {remedies['namespaces']}") == 2  # of namespaces and of pids
    assert f"to get it: {remedies['threads']}" in said and f"to get it: {remedies['seccomp']}" not in said
    assert f"A worker can take 100 GB. To prevent it: {remedies['limits']}" in said
    assert "Grading is safe" not in said


def test_every_wall_has_one_record_with_a_purpose_and_a_remedy():
    assert [wall.name for wall in doctor.WALLS] == list(Walls().as_dict())
    assert all(wall.what_for and wall.remedy for wall in (*doctor.WALLS, doctor.LIMITS, doctor.GROUP))
