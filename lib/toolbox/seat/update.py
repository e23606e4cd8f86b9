"""Bring a corrected release into a folder with work in it: `python -m toolbox update RELEASE.zip`.

Steps: read the zip whole and refuse one that is not a release; work out every new file in memory, merging the
notebooks and modules with what was written in them; copy all files that will change into `backups/<time>/`; write the
new ones and a list of them beside their places, then move each into its place; the originals, by which the next update
knows what a student wrote, come last. Killed at any moment, every file is the old or the new one, the backup is whole,
and the same command first ends what was begun, but for files that were edited meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import zipfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

from toolbox.errors import KitError, NotThere
from toolbox.notebook.folders import house
from toolbox.seat.doctor import ORIGINALS, is_work
from toolbox.seat.merge import merge_notebooks, merge_text, same_cells

TOP = "backprop-kit"
MANIFEST = f"{ORIGINALS}/release.json"
PLACES = ("assignments/", "lib/backprop/", "lib/toolbox/", "data/", f"{ORIGINALS}/")
FILES = ("README.md", "requirements.txt", "requirements.lock", "pyproject.toml", "lib/install.py")
FILES_AT_MOST, BYTES_AT_MOST = 5000, 300 * 2**20
# Windows takes no such name, and a course must be the same everywhere.
BAD_NAME = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)', re.IGNORECASE)
LINK, FOLDER, REGULAR = 0o120000, 0o040000, 0o100000
DRAFT, LIST = ".update-draft", "list.json"


class NoRelease(KitError):
    """The zip is not a release of the course, or not one that can be taken."""


@dataclass
class Update:
    """What an update does. lines: what to tell, one a file. backup: where the replaced files are, None where nothing
    changes.
    """

    release: str
    lines: list[str] = field(default_factory=list)
    backup: Path | None = None
    writes: dict[str, bytes] = field(default_factory=dict)
    removes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.lines:
            return f"Nothing to do: the course is at release {self.release}."
        kept = f"\nThe files as they were: {self.backup}" if self.backup else ""
        after = "\nIf a notebook is open: close its tab without saving, and restart its kernel."
        return "\n".join([f"Release {self.release}:", *(f"  {line}" for line in self.lines)]) + kept + after


def update(archive: Path, folder: Path | None = None, dry: bool = False) -> Update:
    """Bring the release in a zip into the course around `folder` (default: the current folder).

    dry: only say what would change. Raises NotThere without a course or a zip, NoRelease for a zip that is none.
    """
    root = house(folder)
    if (root / "solutions").is_dir() and (root / "autograder").is_dir():
        raise NoRelease(f"{root} is the repository that releases are made of: use git there")
    content = read(archive)
    if not dry:
        _finish(root)
    plan = _plan(root, content)
    if dry or not plan.lines:
        return plan
    _apply(root, plan)
    return plan


def read(archive: Path) -> dict[str, bytes]:
    """The files of a release by path, checked against its list of sums. Raises NotThere, NoRelease."""
    if not archive.is_file():
        raise NotThere(f"there is no file {archive}")
    try:
        with zipfile.ZipFile(archive) as file:
            content = _members(file)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise NoRelease(f"{archive} cannot be read as a zip ({error}): download it again") from error
    try:
        sums = dict(json.loads(content[MANIFEST])["files"])
    except (KeyError, ValueError, TypeError, RecursionError):
        raise NoRelease(f"{archive} is no release of this course that can be brought into a folder") from None
    own = {path: data for path, data in content.items() if not path.startswith(f"{ORIGINALS}/")}
    wrong = [path for path, data in own.items() if sums.get(path) != hashlib.sha256(data).hexdigest()]
    wrong += [path for path in sums if path not in own]
    wrong += [path for path in own if is_work(path) and content.get(f"{ORIGINALS}/{path}") != own[path]]
    if wrong:
        raise NoRelease(f"{archive} is damaged or was changed, at {sorted(wrong)[0]}: download it again")
    return content


def _members(file: zipfile.ZipFile) -> dict[str, bytes]:
    """The files below `backprop-kit/`. Raises NoRelease for anything that a release never holds."""
    infos = file.infolist()
    if len(infos) > FILES_AT_MOST or sum(info.file_size for info in infos) > BYTES_AT_MOST:
        raise NoRelease("this zip is larger than any release of the course")
    content: dict[str, bytes] = {}
    seen: set[str] = set()
    for info in infos:
        kind = info.external_attr >> 16 & 0o170000
        if info.is_dir() and kind in (0, FOLDER):
            continue
        name = info.orig_filename if "\\" in info.orig_filename else info.filename
        parts = PurePosixPath(name).parts
        path = "/".join(parts[1:])
        known = path in FILES or path.startswith(PLACES)
        if kind not in (0, REGULAR) or info.flag_bits & 1:
            raise NoRelease(f"this zip holds something that is no plain file, {name!r}: it is no release")
        if not parts or parts[0] != TOP or not known or ".." in parts or any(map(BAD_NAME.search, parts)):
            raise NoRelease(f"this zip holds {name!r}, which belongs to no release")
        if path.casefold() in seen:
            raise NoRelease(f"this zip holds {name!r} twice: it is no release")
        seen.add(path.casefold())
        with file.open(info) as stream:
            content[path] = stream.read(info.file_size + 1)
        if len(content[path]) != info.file_size:
            raise NoRelease(f"this zip says something wrong of {name!r}: it is no release")
    return content


def _plan(root: Path, content: dict[str, bytes]) -> Update:
    """What to write and what to remove. Raises NoRelease where a link leads out of the course."""
    plan = Update(str(json.loads(content[MANIFEST]).get("release")))
    before = _sums(root)
    for path in sorted(content, key=lambda path: (path.startswith(f"{ORIGINALS}/"), path == MANIFEST, path)):
        target = root / path
        if not target.resolve().is_relative_to(root) or target.is_dir():
            raise NoRelease(f"{target} is a folder, or a link out of the course: put a plain file there first")
        data, here = content[path], target.read_bytes() if target.is_file() else None
        told = ""
        if here is None:
            told = f"new: {path}"
        elif is_work(path) and here != data:
            data, told = _merge(root, path, here, data)
        elif here != data:
            mine = before.get(path) not in (None, hashlib.sha256(here).hexdigest())
            told = f"{path}" + (": you had changed it; yours is in the backup" if mine else "")
        if data != here:
            plan.writes[path] = data
        if told and not path.startswith(f"{ORIGINALS}/"):
            plan.lines.append(told)
    for path, digest in before.items():
        file = root / path
        if path not in content and file.is_file() and not is_work(path):
            plan.removes.append(path)
            changed = hashlib.sha256(file.read_bytes()).hexdigest() != digest
            plan.lines.append(f"removed: {path}" + ("; you had changed it, and yours is in the backup" * changed))
    if plan.writes and not plan.lines:
        plan.lines.append("nothing but the list of originals")
    return plan


def _sums(root: Path) -> dict[str, str]:
    """path -> SHA-256 of the release that is here; {} where it says none."""
    try:
        found = json.loads((root / MANIFEST).read_text(encoding="utf-8"))["files"]
        return {path: digest for path, digest in found.items() if path in FILES or path.startswith(PLACES)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _merge(root: Path, path: str, here: bytes, release: bytes) -> tuple[bytes, str]:
    """The student's file with the release's changes, and what to tell; the student's own where they do not go together.

    Where nothing says what was original, all that stands there counts as the student's.
    """
    original = root / ORIGINALS / path
    old = original.read_bytes() if original.is_file() else release
    if here == old:
        return release, path
    stays = f"{path}: yours stays as it is"
    try:
        texts = [data.decode("utf-8") for data in (old, here, release)]
        if path.endswith(".ipynb"):
            notebooks = [json.loads(text) for text in texts]
            merged, told = merge_notebooks(*notebooks)
            if same_cells(merged, notebooks[1]):
                return here, ""
            data = (json.dumps(merged, indent=1, ensure_ascii=False) + "\n").encode()
            return data, "\n    ".join([f"{path}: corrected, your work is kept", *told])
        text, clashes = merge_text(*texts)
        if text == texts[1] and not clashes:
            return here, ""
        if _compiles(texts[1]) and not _compiles(text):
            return here, f"{stays}, as it does not go together with the release's: see {ORIGINALS}/{path}"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return here, f"{stays}: it cannot be read. The release's: {ORIGINALS}/{path}"
    places = f"; at line {', '.join(map(str, clashes))} the release changed what you wrote, too, and yours stayed"
    more = f"{places} (the release's: {ORIGINALS}/{path})" if clashes else ""
    return text.encode(), f"{path}: corrected, your work is kept{more}"


def _compiles(text: str) -> bool:
    try:
        compile(text, "", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _apply(root: Path, plan: Update) -> None:
    """Backup, drafts, moves: in this order."""
    old = [path for path in (*plan.writes, *plan.removes) if (root / path).is_file()]
    plan.backup = _backup(root, [path for path in old if not path.startswith(f"{ORIGINALS}/")])
    drafts = root / DRAFT
    shutil.rmtree(drafts, ignore_errors=True)
    for path, data in plan.writes.items():
        (drafts / path).parent.mkdir(parents=True, exist_ok=True)
        (drafts / path).write_bytes(data)
    before = {path: _digest(root / path) for path in (*plan.writes, *plan.removes)}
    (drafts / "list").write_text(json.dumps(before), encoding="utf-8")
    (drafts / "list").rename(drafts / LIST)
    _finish(root)


def _finish(root: Path) -> None:
    """Move the drafts into their places, those of a run that was stopped as well; remove what has no draft. The
    originals come last, and the list of them as the very last. What changed since it was looked at stays.
    """
    drafts = root / DRAFT
    try:
        before = json.loads((drafts / LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # stopped before all was written: it begins anew
        before = {}
    removed = [path for path in before if not (drafts / path).is_file() and before[path] == _digest(root / path)]
    for path in before:
        if (drafts / path).is_file() and before[path] == _digest(root / path):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            os.replace(drafts / path, root / path)
        elif path in removed:
            (root / path).unlink(missing_ok=True)
    shutil.rmtree(drafts, ignore_errors=True)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _backup(root: Path, paths: list[str]) -> Path:
    """Copy files into a new folder of `backups/`, which has its name only when it is whole."""
    stamp = datetime.now().strftime("%Y-%m-%d %H.%M.%S")
    parent = root / "backups"
    target, number = parent / stamp, 1
    while target.exists():
        number += 1
        target = parent / f"{stamp} ({number})"
    draft = parent / ".draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for path in paths:
        (draft / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / path, draft / path)
    draft.rename(target)
    return target
