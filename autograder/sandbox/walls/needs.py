"""What this Python needs to be shown: read off what the process has really imported, mapped and opened.

Steps of `plan`: the system's folders, with the holes cut out (`places`); the standard parts of every prefix; the
entries of sys.path that hold installed packages, wherever PYTHONPATH, a .pth file or a chain of virtual environments
found them; the packages that were imported from elsewhere; the folders of shared libraries; single files that are open.
Each with the symbolic links on the way there. Of a folder that contains a hole, what was imported from it is shown, and
no more; of the course, what it gives to students, and no more.
"""

from __future__ import annotations

import os
import stat
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from autograder.sandbox.walls import places
from autograder.sandbox.walls.places import is_within

SYSTEM = (
    "/usr", "/lib", "/lib32", "/lib64", "/bin", "/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime",
    "/etc/matplotlibrc", "/nix/store", "/gnu/store",
)  # fmt: skip
# Of a prefix, which may be a folder that holds more than Python: a project, a home, ~/.local with its keyrings.
PARTS = ("lib", "lib32", "lib64", "ssl", "share/zoneinfo", "share/terminfo", "pyvenv.cfg")
MAPS, DESCRIPTORS = Path("/proc/self/maps"), Path("/proc/self/fd")


@dataclass
class Plan:
    """What to show: real paths, none below another, the symbolic links that lead to them, and the files that are open.

    links: path -> target. open_files: descriptor -> path, and what file it is.
    """

    shown: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    open_files: dict[int, tuple[str, os.stat_result]] = field(default_factory=dict)

    def shows(self, path: str) -> bool:
        """Whether `path` can be seen by its real place."""
        return any(is_within(os.path.realpath(path), folder) for folder in self.shown)


def plan(course: str, given: list[str], private: list[str], system: tuple[str, ...] = SYSTEM) -> Plan:
    """What to show to student code of what this process uses.

    course: the root of the course, never shown; given: what of it is for students; private: further places to keep
    from view, such as the grader's home.
    """
    making = _Making(course, private)
    for path in system:
        making.show_around_holes(path)
    for path in given:
        making.show(path, ours=True)
    making.show(sys.executable, ours=True)
    for path in _standard_parts():
        making.show(path, ours=True)
    for entry in sys.path:
        if os.path.isabs(entry) and _holds_packages(entry) and making.show(entry, ours=_is_site(entry)):
            for link in _links_in(entry):
                making.show(link)
    for path in _imported():
        making.show(path)
    for folder, paths in _libraries().items():
        making.show_libraries(folder, paths)
    making.plan.open_files = _open_files()
    for path, _ in making.plan.open_files.values():
        making.show(path)
    return making.plan


class _Making:
    """A plan in the making."""

    def __init__(self, course: str, private: list[str]):
        self.plan = Plan()
        self._holes = places.holes(course, *private)
        self._course = [course, *places.aliases(course)]
        self._known: dict[str, tuple[str, dict[str, str]]] = {}

    def show(self, path: str, *, ours: bool = False) -> bool:
        """Show a folder or a file, unless a hole lies in it; returns whether it is shown. ours: also of the course."""
        if not isinstance(path, str) or not os.path.isabs(path) or not os.path.exists(path):
            return False  # of __path__ and __file__ anything may be made
        real, links = places.follow(path, self._known)
        if not any(is_within(real, folder) for folder in self.plan.shown):
            if _is_site(os.path.dirname(real)):  # one package of many: with its neighbours, which it may need
                real, ours = os.path.dirname(real), True
            of_the_course = any(is_within(real, course) for course in self._course)
            if (of_the_course and not ours) or self._has_hole(real):
                return False
            self._add(real)
        self.plan.links |= links
        return True

    def show_around_holes(self, path: str) -> None:
        """Show a folder of the system without the holes in it. A symbolic link is shown as one, and not followed."""
        for part in places.carve(path, self._holes) if os.path.exists(path) else ():
            if os.path.islink(part):
                self.plan.links[part] = os.readlink(part)
            else:
                self._add(part)

    def show_libraries(self, folder: str, paths: list[str]) -> None:
        """Show shared libraries of one folder; all of it where it is one for libraries, as these load each other."""
        if not (folder.endswith(".libs") or os.path.basename(folder).startswith("lib")) or not self.show(folder):
            for path in paths:
                self.show(path)

    def _has_hole(self, path: str) -> bool:
        return any(is_within(hole, path) for hole in self._holes)

    def _add(self, part: str) -> None:
        self.plan.shown = [known for known in self.plan.shown if not is_within(known, part)] + [part]


def _standard_parts() -> Iterator[str]:
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}:
        yield from (f"{prefix}/{part}" for part in PARTS)
    paths = sysconfig.get_paths()
    yield from (paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def _is_site(entry: str) -> bool:
    return os.path.basename(entry) in ("site-packages", "dist-packages")


def _holds_packages(entry: str) -> bool:
    """Whether an entry of sys.path is a place where packages are installed, or one file that holds them."""
    if _is_site(entry) or os.path.isfile(entry):
        return True
    try:
        return any(name.endswith(".dist-info") for name in os.listdir(entry))
    except OSError:
        return False


def _links_in(entry: str) -> list[str]:
    """The symbolic links in a folder of packages: packages that lie elsewhere."""
    try:
        with os.scandir(entry) as found:
            return [one.path for one in found if one.is_symlink()]
    except OSError:
        return []


def _imported() -> Iterator[str]:
    """Where the packages and modules that have been imported lie; twice, where their first file is a link."""
    for name, module in list(sys.modules.items()):
        if "." in name or not hasattr(module, "__dict__"):
            continue
        file, folders = module.__dict__.get("__file__"), module.__dict__.get("__path__")
        yield from folders if folders is not None else [file] if file else []
        if file and os.path.islink(file):
            yield os.path.dirname(os.path.realpath(file)) if folders is not None else os.path.realpath(file)


def _libraries() -> dict[str, list[str]]:
    """The shared libraries in memory, by folder."""
    found: dict[str, list[str]] = {}
    try:
        lines = MAPS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return found
    for path in {line.split(None, 5)[5] for line in lines if ".so" in line}:
        found.setdefault(os.path.dirname(path), []).append(path)
    return found


def _open_files() -> dict[int, tuple[str, os.stat_result]]:
    """The files that are open: fonts, mostly."""
    found = {}
    try:
        descriptors = [int(name) for name in os.listdir(DESCRIPTORS)]
    except OSError:
        return {}
    for descriptor in descriptors:
        try:
            status = os.fstat(descriptor)
            if descriptor > 2 and stat.S_ISREG(status.st_mode):
                found[descriptor] = os.readlink(DESCRIPTORS / str(descriptor)), status
        except OSError:
            pass
    return found
