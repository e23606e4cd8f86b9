"""Grades and feedback for where a class lives: `python -m autograder export --to csv|canvas|moodle|…`.

Steps: read the rows of the class (`sources`); fill them into the platform's own downloaded file, cell by cell
(`fill`), or make a new file by its rules (`Platform.create`); collect the feedback pages in the names that the platform
knows (`pages`); only then write, each file whole or not at all.

One module is one format: `plain`, `canvas`, `moodle`, `blackboard`, `brightspace`, `sakai`, `gradescope_grades`.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from autograder.exports import pages as feedback
from autograder.exports.blackboard import Blackboard
from autograder.exports.brightspace import Brightspace
from autograder.exports.canvas import Canvas
from autograder.exports.fill import fill
from autograder.exports.gradescope_grades import GradescopeGrades
from autograder.exports.moodle import Moodle
from autograder.exports.outcome import Outcome, show
from autograder.exports.plain import COLUMNS, to_csv
from autograder.exports.platform import Options, Platform
from autograder.exports.problems import ExportError
from autograder.exports.rows import GradeRow
from autograder.exports.sakai import Sakai
from autograder.exports.sources import read_class
from autograder.files import write_atomically

__all__ = ["COLUMNS", "FORMATS", "ExportError", "GradeRow", "Options", "Outcome", "export", "show"]

PLATFORMS: dict[str, Platform] = {
    platform.name: platform
    for platform in (Canvas(), Moodle(), GradescopeGrades(), Blackboard(), Brightspace(), Sakai())
}
FORMATS = ("csv", *PLATFORMS)
LARGEST = 64 * 2**20  # bytes of a platform's file


def export(
    root: Path,
    assignment: str | None = None,
    to: str = "csv",
    *,
    file: Path | None = None,
    out: Path | None = None,
    options: Options | None = None,
    pages: bool = False,
    dry_run: bool = False,
    force: bool = False,
) -> Outcome:
    """Export the grades of one assignment, or of all, and say what changed.

    to: one of `FORMATS`. file: the platform's own download, to be filled in. out: the file to write, or a folder;
    default `classroom/grades.csv`, for a platform a file in `classroom/exports/<platform>/`. pages: write the feedback
    pages as a zip, too. dry_run: write nothing. force: replace what is there already.
    Raises ExportError, FileNotFoundError or FileExistsError, and then nothing has been written.
    """
    root, options = Path(root), options or Options()
    if to not in FORMATS:
        raise ExportError(f"cannot export to {to!r}; there are: {', '.join(FORMATS)}")
    rows, known = read_class(root, assignment)
    if to == "csv":
        if file is not None or pages:
            raise ExportError("--file and --pages are for a platform: name it, --to canvas")
        outcome = Outcome("CSV", to_csv(rows), unchanged=len(rows))
        return _write(outcome, _place(root / "classroom" / "grades.csv", out), dry_run, force or out is None)
    platform = PLATFORMS[to]
    assignments = list(dict.fromkeys(row.assignment for row in rows))
    if platform.one_column and len(assignments) > 1:
        there = ", ".join(assignments)
        raise ExportError(f"{platform.title}'s file is about one assignment: name it, export NAME. There are: {there}")
    if file is not None:
        data, name = their_file(Path(file))
        outcome = fill(platform, data, rows, known, options)
    else:
        outcome = Outcome(platform.title)
        outcome.data = platform.create(rows, assignments, options, outcome)
        if len(outcome.of("no key")) == len({row.student for row in rows}):
            raise ExportError(
                f"no student has a key of {platform.title}: give the keys in classroom/roster.csv, or a file that you "
                "downloaded there with --file"
            )
        name = f"{assignments[0] if len(assignments) == 1 else 'grades'}{platform.suffix}"
        name = "grades.csv" if to == "sakai" else name
    folder = root / "classroom" / "exports" / to
    target = _place(folder / name, out)
    if outcome.data is not None and not dry_run:
        _may_write(target, outcome.data, force)
    if pages:
        places, extras = feedback.plan(platform, rows, outcome), platform.feedback_extras(rows, outcome)
        if not dry_run:
            archive = target.with_name(f"{'-'.join(assignments)}-feedback.zip")
            _may_write(archive, None, force)
            outcome.pages = feedback.write(archive, places, extras)
    return _write(outcome, target, dry_run, force)


def their_file(path: Path) -> tuple[bytes, str]:
    """The content of a platform's download and its name; of a zip, the one CSV in it (Sakai's grades.csv).

    Raises FileNotFoundError and ExportError.
    """
    if path.is_dir():
        inner = sorted(path.glob("**/grades.csv"))
        if len(inner) != 1:
            raise ExportError(f"{path} is a folder with {len(inner)} files grades.csv: give the file itself")
        path = inner[0]
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}: give the file that you downloaded from the platform")
    if path.stat().st_size > LARGEST:
        raise ExportError(f"{path} has more than {LARGEST >> 20} MiB: that is no file of grades")
    if path.suffix.lower() == ".zip":
        try:
            with zipfile.ZipFile(path) as archive:
                entries = [entry for entry in archive.infolist() if entry.filename.rpartition("/")[2] == "grades.csv"]
                if len(entries) == 1 and entries[0].file_size <= LARGEST:
                    return archive.read(entries[0]), "grades.csv"
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise ExportError(f"{path.name} cannot be read ({error}): download it again") from None
        raise ExportError(f"{path.name} holds {len(entries)} files grades.csv: unpack it and give the file itself")
    return path.read_bytes(), path.name


def _place(default: Path, out: Path | None) -> Path:
    """The file to write: `out`, or the default's name in it where `out` is a folder or looks like one."""
    if out is None:
        return default
    return out / default.name if out.is_dir() or not out.suffix else out


def _write(outcome: Outcome, path: Path, dry_run: bool, force: bool) -> Outcome:
    if outcome.data is not None and not dry_run:
        _may_write(path, outcome.data, force)
        outcome.path = write_atomically(path, outcome.data)
    return outcome


def _may_write(path: Path, data: bytes | None, force: bool) -> None:
    """Raise FileExistsError where another file would be replaced without a word."""
    if path.exists() and not force and (data is None or path.read_bytes() != data):
        raise FileExistsError(f"{path} is there already: --force replaces it, --out names another place")
