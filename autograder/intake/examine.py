"""What one hand-in holds: the notebook of the assignment and the modules, whatever folder they stand in.

Steps:
1. The notebook: by its name; under another name when it is the only one that carries the assignment's cells.
2. The modules: `lib/backprop/*.py`, from the `lib/` nearest to the notebook. They are bytes here and stay
   bytes: a module with a syntax error is accepted, and the items that need it fail by name.
3. The receipt: what was repaired or left out, or why it is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import PurePosixPath

from autograder.records.receipt import Receipt, Refused, Repair

from . import archive
from .archive import Files, Limits
from .members import show
from .notebook import Released, carries, parse
from .rebuild import rebuild

MODULE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\.py")
REMARKS_AT_MOST = 40
# remarks that change nothing about what is graded
HARMLESS = {"dropped_files", "several_hand_ins"}


def fingerprint(contents: dict[str, bytes]) -> str:
    """One SHA-256 over names and contents, independent of their order."""
    total = hashlib.sha256()
    for path, data in sorted(contents.items()):
        total.update(path.encode("utf-8", "replace") + b"\0" + hashlib.sha256(data).digest())
    return total.hexdigest()


def examine(files: Files, assignment: str, release: Released, limits: Limits, receipt: Receipt) -> dict[str, bytes]:
    """What to write for this hand-in, by path; the receipt is filled in.

    A refusal found here is written into the receipt, and what can be shown of the hand-in is still returned:
    the notebook where there is one, the modules where they are.
    """
    repairs = list(files.repairs)
    contents: dict[str, bytes] = {}
    refusal: Refused | None = None
    where = ""
    try:
        where, notebook = _find_notebook(files, assignment, release, limits, repairs)
        contents[f"{assignment}.ipynb"] = rebuild(notebook, release, repairs)
    except Refused as error:
        refusal = error
    try:
        contents.update(_find_modules(files, where, limits, repairs))
    except Refused as error:
        refusal = refusal or error
    if files.links:
        repairs.append(
            Repair(
                "dropped_link",
                f"{len(files.links)} link(s) were left out, among them {show(files.links[0])!r}.",
            )
        )
    if files.dropped:
        repairs.append(Repair("dropped_files", f"{len(files.dropped)} other file(s) were left out."))
    receipt.claimed = _claim(files)
    receipt.repairs += repairs[:REMARKS_AT_MOST]
    if refusal:
        receipt.refuse(refusal)
    elif any(repair.code not in HARMLESS for repair in receipt.repairs):
        receipt.status = "repaired"
        receipt.message = " ".join(repair.message for repair in receipt.repairs if repair.code not in HARMLESS)[:500]
    return contents


def _find_notebook(files: Files, assignment: str, release: Released, limits: Limits, repairs: list) -> tuple[str, dict]:
    """The folder and the parsed JSON of this assignment's notebook."""
    wanted = f"{assignment}.ipynb".casefold()
    notebooks = {path: data for path, data in files.wanted.items() if path.casefold().endswith(".ipynb")}
    named = [path for path in notebooks if PurePosixPath(path).name.casefold() == wanted]
    if not notebooks:
        linked = any(path.casefold().endswith(".ipynb") for path in files.links)
        raise Refused(
            "link" if linked else "no_notebook",
            f"There is no notebook in it: {assignment}.ipynb is missing"
            + (" (a link stands in its place)." if linked else "."),
        )
    if len(named) == 1:
        path = named[0]
        parsed = parse(notebooks[path], limits, repairs)
    else:
        path, parsed = _best(named or list(notebooks), notebooks, assignment, release, limits, repairs)
    name = PurePosixPath(path).name
    if name != f"{assignment}.ipynb":
        repairs.append(
            Repair("renamed_notebook", f"The notebook came as {show(name)!r} and was read as {assignment}.ipynb.")
        )
    return str(PurePosixPath(path).parent), parsed


def _best(
    paths: list[str], notebooks: dict[str, bytes], assignment: str, release: Released, limits: Limits, repairs: list
) -> tuple[str, dict]:
    """The path and the JSON of the one notebook that carries the assignment's cells: at its place in the course, as
    `submit` chooses, else the one that stands least deep.

    One at a time is parsed and kept: parsed, it takes many times its size.
    """
    laid_out = f"/assignments/{assignment}/{assignment}.ipynb".casefold()

    def order(path: str) -> tuple[bool, int]:
        return not f"/{path}".casefold().endswith(laid_out), path.count("/")

    best: tuple[str, dict, list[Repair]] | None = None
    for path in sorted(paths, key=lambda path: (*order(path), path)):
        if best and order(path) > order(best[0]):
            break
        notes: list[Repair] = []
        try:
            parsed = parse(notebooks[path], limits, notes)
        except Refused:
            if len(notebooks) == 1:
                raise
            continue
        if 2 * carries(parsed, release) <= len(release.cells):
            continue
        if best:
            raise Refused(
                "two_notebooks",
                f"{show(best[0])!r} and {show(path)!r} both look like {assignment}.ipynb. Hand in one of them.",
            )
        best = path, parsed, notes
    if not best:
        raise Refused("no_notebook", f"None of its notebooks is that of {assignment!r}: {assignment}.ipynb is missing.")
    repairs += best[2]
    return best[:2]


def _find_modules(files: Files, where: str, limits: Limits, repairs: list[Repair]) -> dict[str, bytes]:
    """lib/backprop/*.py, from the lib/ that stands nearest to the notebook's folder."""
    roots: dict[str, dict[str, bytes]] = {}
    for path, data in files.wanted.items():
        if archive.MODULE.fullmatch(path):
            parts = path.split("/")
            roots.setdefault("/".join(parts[:-3]), {})[parts[-1]] = data
    if not roots and (beside := _beside(files, where, limits)):
        repairs.append(Repair("loose_modules", "The modules stood beside the notebook instead of in lib/backprop."))
        return beside
    if not roots:
        if any(archive.MODULE.fullmatch(path) for path in files.links):
            raise Refused("link", "lib/backprop holds links instead of files. Hand in the zip that submit() writes.")
        raise Refused(
            "no_lib",
            "There is no lib/backprop in it, so your functions are missing. Hand in the zip that submit() writes.",
        )
    home = [part for part in where.split("/") if part not in ("", ".")]

    def distance(root: str) -> tuple:
        parts = [part for part in root.split("/") if part]
        common = len(os.path.commonprefix([home, parts]))
        return len(home) - common + len(parts) - common, len(parts), root

    root = min(roots, key=distance)
    if root or home:
        repairs.append(Repair("moved", f"The files stood in {show('/'.join(home) or root)!r} instead of at the top."))
    modules: dict[str, bytes] = {}
    for name, data in sorted(roots[root].items()):
        if not MODULE_NAME.fullmatch(name) or len(modules) >= limits.modules:
            files.dropped.append(name)
            continue
        if name != name.lower():
            repairs.append(Repair("renamed_module", f"The module {show(name)!r} was read as {name.lower()!r}."))
        modules[f"lib/backprop/{name.lower()}"] = data
    if not modules:
        raise Refused("no_lib", "lib/backprop holds no Python module. Hand in the zip that submit() writes.")
    return modules


def _beside(files: Files, where: str, limits: Limits) -> dict[str, bytes]:
    """Modules of the right name that stand in the notebook's folder, or in `backprop/` in it."""
    here = "" if where in ("", ".") else f"{where}/"
    found: dict[str, bytes] = {}
    for path, data in sorted(files.wanted.items()):
        folder, _, name = path.rpartition("/")
        if name.casefold() in limits.loose and f"{folder}/".lstrip("/") in (here, f"{here}backprop/", f"{here}lib/"):
            found.setdefault(f"lib/backprop/{name.lower()}", data)
    return found


def _claim(files: Files) -> str | None:
    """The time in the student's manifest, a remark and no more."""
    path = next((path for path in files.wanted if PurePosixPath(path).name.casefold() == "manifest.json"), None)
    try:
        data = files.wanted[path or ""][:100_000]
        if data.count(b"[") + data.count(b"{") > 500:
            return None
        created = json.loads(data)["created"]
        return show(created) if isinstance(created, str) else None
    except (KeyError, ValueError, TypeError):
        return None
