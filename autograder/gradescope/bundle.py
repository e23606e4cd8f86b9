"""Make the zip that Gradescope runs: `python -m autograder gradescope NAME`.

Steps: refuse where the built files are stale; collect the parts of the kit that judging needs, of the grader only the
modules that judging imports (`imports`); run the known mistakes, so that no container has to; write the seed and the
rules of the class, and the names of the packages with the versions that are installed here; put `setup.sh` and
`run_autograder` at the zip's root. The zip holds solutions and hidden tests: it is for Gradescope's autograder form and
for nobody else.
"""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from autograder import build
from autograder.files import write_atomically
from autograder.gradescope.imports import distributions, reached
from autograder.gradescope.results import VISIBILITIES
from autograder.judging.known_mistakes import all_worked_out
from autograder.masters.catalogue import catalogue, find
from autograder.masters.problems import Refused
from autograder.records.seed import class_seed, configured
from autograder.roster.file import read_roster
from autograder.roster.names import fold
from autograder.rules.terms import Terms, in_force
from toolbox.errors import KitError

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
UV = "0.9.30"  # the program that brings a Python and installs the packages; its own list of Pythons is a part of it
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}  # there, whatever here
# What judging needs of the kit beside the modules that it imports.
FOLDERS = ("assignments", "data", "lib", "solutions")
LEFT_OUT = re.compile(
    r"lib/backprop/|data/local/|signatures\.npz$|solutions/(?!backprop/)[^/]*/|"
    r"(^|/)(__pycache__|\.ipynb_checkpoints|\.[^/]*)/|\.pyc$|(^|/)\.[^/]*$"
)
HERE = Path(__file__).resolve().parent


def bundle(root: Path, assignment: str, out: Path, *, hidden: str = "after_due_date", seed: str | None = None) -> Path:
    """Write the autograder of an assignment to `out` and return its path; the same course gives the same bytes.

    hidden: when students see what the hidden checks found, one of Gradescope's visibilities. seed: of the hidden
    inputs; None: that of the classroom, so that the marks are those at home. Raises Refused where a built file is
    stale, UnknownName for an unknown assignment, SwitchedOff for one that the rules in force switch off, KitError for
    another visibility.
    """
    if hidden not in VISIBILITIES:
        raise KitError(f"{hidden!r} is no visibility of Gradescope's; there are: {', '.join(VISIBILITIES)}")
    find(catalogue(root), assignment)
    terms = in_force(root)
    terms.ask_for(assignment)
    if problems := build.check(root):
        raise Refused(problems)
    seed = seed or class_seed(root / "classroom", configured(root))
    settings = {
        "assignment": assignment,
        "seed": seed,
        "hidden": hidden,
        "terms": terms.only(assignment).as_dict(),
        "emails": _emails(root, terms),
    }
    content = {f"kit/{path}": (root / path).read_bytes() for path in parts(root)}
    content |= {f"mistakes/{name}": data for name, data in all_worked_out(root, assignment, seed).items()}
    content["settings.json"] = json.dumps(settings, indent=1).encode()
    content["packages.txt"] = packages(root).encode()
    setup = (HERE / "setup.sh").read_text(encoding="utf-8").replace("@UV@", UV).replace("@PYTHON@", PYTHON)
    content["setup.sh"] = setup.encode()
    content["run_autograder"] = (HERE / "run_autograder").read_bytes()
    return write_atomically(out, _zip(content))


def _emails(root: Path, terms: Terms) -> dict[str, str]:
    """E-mail address -> id, of the students who are allowed anything: by it Gradescope names who has submitted."""
    people = read_roster(root / "classroom" / "roster.csv")
    return {fold(people[student].email): student for student in terms.people if student in people}


def parts(root: Path) -> list[str]:
    """The files of the kit that go along, as paths relative to `root`, sorted."""
    files = (path for folder in FOLDERS for path in (root / folder).rglob("*") if path.is_file())
    names = {path.relative_to(root).as_posix() for path in files}
    return sorted({name for name in names if not LEFT_OUT.search(name)} | reached(root)[0])


def packages(root: Path) -> str:
    """The packages that judging imports and all that they need, as installed here, each with its version.

    Raises KitError where one is needed on Linux alone and not installed here.
    """
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(name, "") for name in distributions(reached(root)[1])]
    while waiting:
        named, extra = waiting.pop()
        name = re.sub(r"[-_.]+", "-", named).lower()
        if (name, extra) in seen or name.startswith(("nvidia-", "cuda-")) or name == "triton":  # no GPU there
            continue
        seen.add((name, extra))
        try:
            known = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            raise KitError(f"{name} is needed there and not installed here: make the zip on Linux") from None
        found[name] = known.version.partition("+")[0]
        for needed in map(Requirement, known.requires or []):
            if needed.marker is None or needed.marker.evaluate(LINUX | {"extra": extra}):
                waiting += [(needed.name, wanted) for wanted in ("", *needed.extras)]
    return "".join(f"{name}=={version}\n" for name, version in sorted(found.items()))


def _zip(content: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, EPOCH)
            runs = name in ("setup.sh", "run_autograder")
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, (0o100755 if runs else 0o100644) << 16
            archive.writestr(entry, content[name])
    return stream.getvalue()
