"""Open JupyterLab on an assignment: the course as its root, the notebook and its modules side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from toolbox.checks import index
from toolbox.errors import NotThere
from toolbox.notebook.folders import house

LAYOUTS = ".jupyterlab"  # in the course's folder; JupyterLab's file list leaves it out
# Settings: JupyterLab does not ask about news, and offers no newer release of itself than the course was tried with.
SETTINGS = Path(__file__).with_name("jupyter")


def open_lab(assignment: str, words: list[str] | None = None) -> int:
    """Run JupyterLab until it is ended (Ctrl-C in the terminal); returns its exit status.

    words: more words for JupyterLab's command line. Raises NotThere where the course has no such assignment, or where
    JupyterLab is not installed.
    """
    root = house()
    notebook = root / "assignments" / assignment / f"{assignment}.ipynb"
    if not notebook.is_file():
        there = ", ".join(sorted(path.stem for path in root.glob("assignments/*/*.ipynb")))
        raise NotThere(f"no assignment is called {assignment!r}; there are: {there or 'none'}")
    options = [f"--ServerApp.root_dir={root}"]
    try:
        arrange(root, assignment)
        options += [f"--LabApp.workspaces_dir={root / LAYOUTS}", f"--LabApp.default_url=/lab/workspaces/{assignment}"]
    except ImportError:
        raise NotThere(f"JupyterLab is not installed in {sys.executable}: run lib/install.py again") from None
    except OSError:  # a folder that cannot be written to: the notebook alone
        options.append(f"--LabApp.default_url=/lab/tree/{notebook.relative_to(root).as_posix()}")
    if os.name == "posix" and os.geteuid() == 0:
        options.append("--allow-root")
    paths = os.pathsep.join([str(SETTINGS), *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])])
    command = [sys.executable, "-m", "jupyterlab", *options, *(words or [])]
    try:
        return subprocess.call(command, cwd=root, env=os.environ | {"JUPYTER_CONFIG_PATH": paths})
    except KeyboardInterrupt:
        return 0


def arrange(root: Path, assignment: str) -> None:
    """Write the layout that JupyterLab opens with, unless one is there that shows all of it: somebody moved things.

    Raises ImportError without JupyterLab, OSError where nothing can be written.
    """
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    notebook = f"assignments/{assignment}/{assignment}.ipynb"
    try:
        modules = index.read(root / "assignments" / assignment).modules
    except (OSError, ValueError):
        modules = ()
    editors = [path for name in modules if (root / (path := f"lib/backprop/{name}.py")).is_file()]
    shown = [f"notebook:{notebook}", *(f"editor:{path}" for path in editors)]
    manager = WorkspacesManager(str(root / LAYOUTS))
    try:
        known = json.dumps(manager.load(assignment)["data"].get("layout-restorer:data", {}).get("main", {}))
    except (ValueError, KeyError, AttributeError, TypeError):  # cut off while it was written
        known = ""
    if not all(json.dumps(name) in known for name in shown):
        manager.save(assignment, json.dumps({"data": _layout(shown), "metadata": {"id": assignment}}))


def _layout(shown: list[str]) -> dict:
    """A workspace of JupyterLab 4: the first of the names in the left half, the others as tabs of the right one."""
    halves = [{"type": "tab-area", "currentIndex": 0, "widgets": part} for part in (shown[:1], shown[1:]) if part]
    dock = {"type": "split-area", "orientation": "horizontal", "sizes": [1 / len(halves)] * len(halves),
            "children": halves}  # fmt: skip
    opened = {}
    for name in shown:
        kind, _, path = name.partition(":")
        opened[name] = {"data": {"path": path, "factory": "Notebook" if kind == "notebook" else "Editor"}}
    side = {"collapsed": True, "visible": True, "widgets": ["filebrowser"]}  # with a current one it would be open
    return {
        "layout-restorer:data": {
            "main": {"dock": dock, "current": shown[0]},
            "down": {"size": 0, "widgets": []},
            "left": side,
            "right": {"collapsed": True, "visible": True, "widgets": []},
            "relativeSizes": [0, 1, 0],
        },
        "file-browser-filebrowser:cwd": {"path": ""},
        **opened,
    }
