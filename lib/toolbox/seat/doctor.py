"""What is wrong with a seat, and what to do: `python -m toolbox doctor`. It changes nothing.

It runs where packages are missing, too: nothing but Python is imported until a check needs it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from toolbox.errors import NotThere
from toolbox.handin import copies
from toolbox.notebook.folders import house
from toolbox.notebook.streams import any_console

WINDOWS = os.name == "nt"
LONGEST = 259  # characters of a path in a Windows that has not been told otherwise
ORIGINALS = ".release"  # what came with the release: see toolbox.seat.update
SIGNS = {"fine": "✓", "wrong": "✗", "look": "!"}


@dataclass(frozen=True)
class Finding:
    """state: 'fine', 'wrong' (the course does not work so) or 'look' (it works, and there is something to know)."""

    state: str
    what: str
    do: str = ""

    def __str__(self) -> str:
        return f"{SIGNS[self.state]} {self.what}" + (f"\n    {self.do}" if self.do else "")


def main() -> int:
    """Print what was found; the exit status is 1 where something is wrong."""
    any_console()
    found = look()
    print(*found, sep="\n")
    wrong = sum(finding.state == "wrong" for finding in found)
    print(f"\n{wrong} to put right." if wrong else "\nThis seat is ready.")
    return 1 if wrong else 0


def look(start: Path | None = None) -> list[Finding]:
    """All findings, of the course around `start` (default: the current folder)."""
    try:
        root = house(start)
    except NotThere as error:
        return [Finding("wrong", str(error))]
    found: list[Finding] = []
    for check in (python, place, environment, packages, kernel, long_paths, room, release, stray_copies):
        found += _carefully(check, root)
    return found


def _carefully(check: Callable[[Path], Iterator[Finding]], root: Path) -> list[Finding]:
    """The findings of one check; what it cannot look at does not end the others."""
    try:
        return list(check(root))
    except Exception as error:
        return [Finding("look", f"{check.__name__.replace('_', ' ')}: cannot be looked at ({error})")]


def installer(root: Path) -> ModuleType:
    """lib/install.py as a module."""
    spec = importlib.util.spec_from_file_location("backprop_kit_install", root / "lib" / "install.py")
    if spec is None or spec.loader is None:
        raise NotThere(f"{root / 'lib' / 'install.py'} is not there: unpack the course's zip anew")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def again(root: Path) -> str:
    """The command that sets the seat up."""
    path = os.path.join("lib", "install.py")
    return f"In {root}: {'py' if WINDOWS else 'python3'} {path}"


def python(root: Path) -> Iterator[Finding]:
    first, last = installer(root).PYTHONS
    have = f"Python {'.'.join(map(str, sys.version_info[:3]))}, {sys.executable}"
    tried = f"the course has been tried with {'.'.join(map(str, first))} to {'.'.join(map(str, last))}"
    if sys.version_info[:2] < first or sys.maxsize < 2**32:
        yield Finding("wrong", f"{have}: {tried}, 64 bits", "Install a newer one from python.org, delete the folder "
                      f".venv, and then: {again(root)}")  # fmt: skip
    elif sys.version_info[:2] > last:
        yield Finding("look", f"{have}: {tried}; it may work all the same")
    else:
        yield Finding("fine", have)


def place(root: Path) -> Iterator[Finding]:
    """Where the course lies, and whether what is imported is its own."""
    own = Path(__file__).resolve().parents[3]
    if own != root:
        yield Finding("wrong", f"here lies the course {root}, and the toolbox in use is that of {own}",
                      f"Go to {own}, or set this one up. {again(root)}")  # fmt: skip
    else:
        yield Finding("fine", f"the course: {root}; your modules: {root / 'lib' / 'backprop'}")
    other = importlib.util.find_spec("backprop")
    if other and other.origin and root not in Path(other.origin).resolve().parents:
        yield Finding("wrong", f"`import backprop` finds {other.origin}, which is not the course's",
                      "Rename or remove that file or folder.")  # fmt: skip
    if not os.access(root, os.W_OK):
        yield Finding("wrong", f"{root} cannot be written to", "Copy the course into a folder of your own.")


def environment(root: Path) -> Iterator[Finding]:
    """The folder .venv: in use, and still where it was made."""
    folder = root / ".venv"
    if not folder.is_dir():
        return
    inside = Path(sys.prefix).resolve() == folder.resolve()
    if not inside:
        shown = installer(root).shown(folder / ("Scripts/python.exe" if WINDOWS else "bin/python"))
        yield Finding("look", f"this Python is not the one of {folder}", f"In {root}: {shown} -m toolbox doctor")
    made = re.search(r"^command *=.* -m venv (.*)$", (folder / "pyvenv.cfg").read_text(encoding="utf-8"), re.M)
    if made and not made[1].rstrip().endswith((str(folder), str(folder.resolve()))):
        yield Finding("look", "the course has been moved since .venv was made: `activate`, `jupyter` and `pip` in it "
                      "point to the old place; `python -m …` works",
                      f"If you want those, too: delete the folder .venv, and then: {again(root)}")  # fmt: skip


def packages(root: Path) -> Iterator[Finding]:
    """What is installed, against the lock (in the course's own .venv) or against what is asked for."""
    setup = installer(root)
    own = Path(sys.prefix).resolve() == (root / ".venv").resolve()
    found = setup.probe(Path(sys.executable), root / ("requirements.lock" if own else "requirements.txt"))
    lacking = [line for line in found["lacking"] if own or not line.startswith(("torch", "-e"))]
    other = [line for line in found["missing"] if own and line not in lacking]
    here = "" if own else " --here"
    if lacking:
        yield Finding("wrong", f"not installed: {_some(lacking)}", again(root) + here)
    if other:
        yield Finding("look", f"in another version than the release was tried with: {_some(other)}", again(root) + here)
    torch = re.match(r"(\d+)\.(\d+)", found["torch"] or "")
    lines = (root / "requirements.txt").read_text(encoding="utf-8")
    least = re.search(r"^torch>=(\d+)\.(\d+)", lines, re.M)
    if torch is None:
        yield Finding("wrong", "PyTorch is not installed", again(root) + here)
    elif least and tuple(map(int, torch.groups())) < tuple(map(int, least.groups())):
        yield Finding("wrong", f"PyTorch {found['torch']} is older than {least[0][7:]}", again(root) + here)
    if torch and not lacking and not other:
        yield Finding("fine", f"packages: all there; PyTorch {found['torch']}")


def kernel(root: Path) -> Iterator[Finding]:
    """Which Python the notebooks run with."""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError:
        return  # told with the packages
    try:
        command = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        yield Finding("wrong", "Jupyter knows no kernel `python3`", again(root))
        return
    found = shutil.which(command) or command
    if re.fullmatch(r"python[\d.]*(\.exe)?", command) or os.path.realpath(found) == os.path.realpath(sys.executable):
        yield Finding("fine", "notebooks run with this Python")
    else:
        yield Finding("wrong", f"notebooks run with another Python, {command}",
                      "In JupyterLab: Kernel, Change Kernel. Or remove that kernel: jupyter kernelspec remove python3"
                      )  # fmt: skip


def long_paths(root: Path, windows: bool = WINDOWS) -> Iterator[Finding]:
    """Windows cuts paths off at 260 characters, unless it was told otherwise."""
    if not windows or _long_paths_allowed():
        return
    longest = max((path for path in (root / ".venv").rglob("*")), key=lambda path: len(str(path)), default=root)
    size = max(len(str(longest)), len(str(root)) + 150)  # what the packages need below the course's folder
    if size > LONGEST:
        yield Finding("wrong", f"paths are too long for this Windows: {size} characters, and {LONGEST} are allowed",
                      r"Move the course's folder to a short path, such as C:\course, and set it up there. Or allow "
                      "long paths: https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation"
                      )  # fmt: skip


def _long_paths_allowed() -> bool:
    try:
        import winreg

        key = winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\FileSystem")  # type: ignore[attr-defined]
        return bool(winreg.QueryValueEx(key, "LongPathsEnabled")[0])  # type: ignore[attr-defined]
    except (ImportError, OSError):
        return False


def room(root: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(root).free / 1e6
    if free < 100:
        yield Finding("wrong", f"{free:.0f} MB are free on this disk", "Make room: saving a notebook may fail.")


def release(root: Path) -> Iterator[Finding]:
    """Whether what was given is still what was released, and whether another release lies at hand."""
    try:
        told = json.loads((root / ORIGINALS / "release.json").read_text(encoding="utf-8"))
        files, name = dict(told["files"]), str(told["release"])
    except (OSError, ValueError, KeyError, TypeError):
        return  # the repository itself, or a release of old
    given = {path: digest for path, digest in files.items() if not is_work(path)}
    gone = [path for path in files if not (root / path).is_file()]
    changed = [path for path, digest in given.items() if path not in gone and _digest(root / path) != digest]
    if gone:
        yield Finding("wrong", f"missing: {_some(gone)}", "Bring it back: python -m toolbox update RELEASE.zip")
    if changed:
        yield Finding("look", f"given files that were changed here: {_some(changed)}",
                      "Grading does not use them. For those of the release: python -m toolbox update RELEASE.zip"
                      )  # fmt: skip
    if not gone and not changed:
        yield Finding("fine", f"release {name}")
    for folder in (root, root.parent, Path.home() / "Downloads"):
        for path in sorted(folder.glob("backprop-kit-*.zip")) if folder.is_dir() else []:
            if name not in path.name:
                yield Finding("look", f"another release lies in {path}; the one here is {name}",
                              f'If it is the later one: python -m toolbox update "{path}"')  # fmt: skip


def is_work(path: str) -> bool:
    """Whether a file of a release is one that students write in."""
    return path.startswith("lib/backprop/") or (path.startswith("assignments/") and path.endswith(".ipynb"))


def stray_copies(root: Path) -> Iterator[Finding]:
    """Copies of notebooks and modules, which are never handed in."""
    works = [*sorted(root.glob("assignments/*/*.ipynb")), *sorted((root / "lib" / "backprop").glob("*.py"))]
    right = [path for path in works if path.parent.name in (path.stem, "backprop") and " " not in path.name]
    for path in right:
        if path.name != "__init__.py" and (found := copies.strays(root, path.stem, path.suffix, path)):
            found = [other for other in found if other not in right]
            if found:
                yield Finding("look", f"copies of {path.relative_to(root).as_posix()}: {copies.told(found, root)}",
                              "Only the first counts. If your work is in a copy, put it in its place; else delete "
                              "the copy.")  # fmt: skip


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
