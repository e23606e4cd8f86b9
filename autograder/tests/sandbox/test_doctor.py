"""What doctor says: here, and on systems that hold nobody in."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from autograder.sandbox import doctor


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
    for wall in (*doctor.WHAT, "limits", "control group"):
        assert wall in said
    assert status == (0 if "Grading is safe here." in said else 1)
    assert status == 0 or "--trust-students" in said
