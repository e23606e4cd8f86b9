"""Where things are: the house (the folder that holds `lib/backprop/`), the right `backprop`, the notebook.

A notebook's first cell puts `lib/` on the path and calls `start()`. The same cell works in `assignments/`, in
`solutions/` (where the solved modules are used), in an unpacked hand-in and on Colab.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from toolbox.errors import NotThere


def house(start: Path | None = None) -> Path:
    """The nearest folder, `start` itself included, that holds `lib/backprop/` (a plain `lib/` stands at the root of
    many systems). Where no `start` is named and the current folder lies elsewhere (on Colab, say): the folder that this
    toolbox belongs to. Raises NotThere with what to do.
    """
    inside = Path(start or Path.cwd()).resolve()
    own = [] if start else [Path(__file__).resolve().parents[3]]
    for folder in [inside, *inside.parents, *own]:
        if (folder / "lib" / "backprop").is_dir():
            return folder
    raise NotThere(
        f"no folder above {inside} holds lib/backprop/: go to the course's folder first, where lib/ stands beside "
        "assignments/"
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
    """Set a notebook up: the path, and edited modules that take effect without a restart.

    Where the notebook lies outside the course's folder, it says which course it uses.
    """
    home = house()
    put_on_path()
    if not Path.cwd().resolve().is_relative_to(home):
        print(f"This notebook uses the course in {home}. Your modules are in {home / 'lib' / 'backprop'}.")
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    # Where cells are run once and by the kit (in grading, in `python -m toolbox check`), nobody edits meanwhile.
    if (
        shell is not None
        and type(shell).__module__ != "toolbox.notebook.cells"
        and not getattr(shell, "_backprop_kit", False)
    ):
        from toolbox.calling import reloading
        from toolbox.notebook import ran

        shell._backprop_kit = True
        shell.events.register("pre_run_cell", ran.note)
        shell.events.register("pre_run_cell", reloading.before_a_cell)
        shell.events.register("post_run_cell", reloading.after_a_cell)


def known_at(folder: Path) -> frozenset[str] | None:
    """The assignments up to the one in `folder`, in the order of the course; None where the notebooks do not say it."""
    order = _order(folder.parent)
    if folder.name not in order:
        return None
    return frozenset(name for name, place in order.items() if place <= order[folder.name])


@cache
def _order(assignments: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    for path in assignments.glob("*/*.ipynb"):
        try:
            kit = json.loads(path.read_text(encoding="utf-8"))["metadata"]["backprop_kit"]
            found[kit["assignment"]] = float(kit["order"])
        except (OSError, ValueError, TypeError, KeyError):  # somebody's own notebook
            continue
    return found


def run_notebook(folder: Path) -> Mapping[str, object]:
    """The namespace of the notebook in `folder` after running its cells, the check cells left out."""
    from toolbox.notebook.cells import Notebook, code_cells

    path = notebook_in(folder)
    notebook = Notebook(folder)
    for cell in code_cells(path):
        if not cell.is_check:
            outputs = notebook.run(cell.source)
            if not cell.only_shows:
                _tell_of_errors(path.name, cell.source, outputs)
    return notebook.namespace


def notebook_in(folder: Path) -> Path:
    """The notebook of a folder: the one that is called as the folder is, else the only one.

    Raises NotThere where there is none, and where several could be meant: the alphabet does not say which.
    """
    named = folder / f"{folder.resolve().name}.ipynb"
    found = [named] if named.is_file() else sorted(folder.glob("*.ipynb"))
    if len(found) != 1:
        names = " and ".join(path.name for path in found)
        raise NotThere(f"{folder} holds {names}: give the one that counts the name {named.name}" if found else
                       f"no notebook in {folder}")  # fmt: skip
    return found[0]


def _tell_of_errors(name: str, source: str, outputs: list[dict]) -> None:
    """One line for a cell that raised: what it was to fill in looks unwritten otherwise."""
    for output in outputs:
        if output["output_type"] == "error":
            first = next((line for line in source.splitlines() if line.strip() and line[0] != "#"), "")
            what = f"{output['ename']}: {output['evalue']}".partition("\n")[0]
            print(f"{name}: the cell with `{first[:60]}` raised {what}", file=sys.stderr)
