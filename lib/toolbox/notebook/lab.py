"""Open JupyterLab on an assignment: the course as its root, so that `lib/backprop` and `data` are in its file list."""

from __future__ import annotations

import subprocess
import sys

from toolbox.errors import NotThere
from toolbox.notebook.folders import house


def open_lab(assignment: str) -> int:
    """Run JupyterLab until it is ended (Ctrl-C in the terminal); returns its exit status.

    Raises NotThere where the course has no such assignment, or where JupyterLab is not installed.
    """
    root = house()
    notebook = root / "assignments" / assignment / f"{assignment}.ipynb"
    if not notebook.is_file():
        there = ", ".join(sorted(path.stem for path in root.glob("assignments/*/*.ipynb")))
        raise NotThere(f"no assignment is called {assignment!r}; there are: {there or 'none'}")
    page = f"/lab/tree/{notebook.relative_to(root).as_posix()}"
    words = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}", f"--LabApp.default_url={page}"]
    try:
        return subprocess.call(words, cwd=root)
    except KeyboardInterrupt:
        return 0
