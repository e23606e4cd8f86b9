"""Where things are: the house (the folder that holds `lib/backprop/`), the right `backprop`, the suite, the notebook.

A notebook's first cell puts `lib/` on the path and calls `start()`. The same cell works in `assignments/`, in
`solutions/` (where the solved modules are used), in an unpacked hand-in and on Colab.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def house(start: Path | None = None) -> Path:
    """The nearest folder, `start` itself included, that holds `lib/backprop/` (a plain `lib/` stands at the root of
    many systems). Raises FileNotFoundError with what to do.
    """
    start = Path(start or Path.cwd()).resolve()
    for folder in [start, *start.parents]:
        if (folder / "lib" / "backprop").is_dir():
            return folder
    raise FileNotFoundError(
        f"no folder above {start} holds lib/backprop/: open the notebook inside the course's folder, where lib/ stands "
        "beside assignments/"
    )


def package_parent(start: Path | None = None) -> Path:
    """The folder whose `backprop` counts for `start`: `solutions/` for the solved notebooks, else `lib/`."""
    home = house(start)
    solutions = home / "solutions"
    inside = Path(start or Path.cwd()).resolve()
    if (solutions / "backprop").is_dir() and inside.is_relative_to(solutions):
        return solutions
    return home / "lib"


def put_on_path(start: Path | None = None) -> None:
    """Make `import backprop` and `import toolbox` find this house's packages first."""
    for folder in (house(start) / "lib", package_parent(start)):
        if str(folder) in sys.path:
            sys.path.remove(str(folder))
        sys.path.insert(0, str(folder))


def start() -> None:
    """Set a notebook up: the path, and edited modules that take effect without a restart."""
    put_on_path()
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is not None:
        if "IPython.extensions.autoreload" not in shell.extension_manager.loaded:
            shell.run_line_magic("load_ext", "autoreload")
        shell.run_line_magic("autoreload", "2")


def suite_of(item: str, start: Path | None = None) -> Path:
    """The public suite that holds `item`: beside the notebook, else anywhere in `assignments/`.

    Raises KeyError, naming the known items, where no suite has it.
    """
    known: list[str] = []
    for path in suites(start):
        items = items_of(path)
        if item in items:
            return path
        known += items
    raise KeyError(f"no check is called {item!r}; there are: {', '.join(known) or 'none here'}")


def suites(start: Path | None = None) -> list[Path]:
    """The public suites in reach, the nearest first."""
    here = Path(start or Path.cwd()).resolve()
    try:
        everywhere = sorted(house(here).glob("assignments/*/test_*.py"))
    except FileNotFoundError:
        everywhere = []
    return list(dict.fromkeys([*sorted(here.glob("test_*.py")), *everywhere]))


def items_of(suite: Path) -> list[str]:
    """The item ids of a suite, read from its text without running it."""
    import ast

    found: list[str] = []
    for node in ast.parse(suite.read_text(encoding="utf-8")).body:
        for call in getattr(node, "decorator_list", []):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "item":
                found.append(ast.literal_eval(call.args[0]))
    return list(dict.fromkeys(found))


def run_notebook(folder: Path) -> Mapping[str, object]:
    """The namespace of the notebook in `folder` after running its cells, the check cells left out."""
    from toolbox.cells import Notebook, code_cells

    path = next(iter(sorted(folder.glob("*.ipynb"))), None)
    if path is None:
        raise FileNotFoundError(f"no notebook in {folder}")
    notebook = Notebook(folder)
    for cell in code_cells(path):
        if not cell.is_check:
            notebook.run(cell.source)
    return notebook.namespace
