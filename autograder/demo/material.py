"""What hand-ins are made from: the solved and the released notebook and module, and ways to mix them.

A student's solved file is the solution without its region marks. Every change asserts that the text it changes is
there, so that an edit of the solution cannot turn a wrong hand-in into a right one unnoticed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from autograder.build.plan import unproven
from autograder.course.answers import Edit, span

MARKS = ("### BEGIN SOLUTION", "### END SOLUTION")
WRITTEN = {
    "why_backwards": "(a) One loss, so one walk backwards gives all gradients; forwards it is one for each weight. "
    "(b) The local gradients need the values of the forward pass. (c) One input and many outputs.",
    "not_modular": "(a) Everything up to the scores stayed. (b) Both functions have to be changed in the same way. "
    "(c) A forward and a backward for each kind of node.",
}


@dataclass(frozen=True)
class Material:
    """solved, skeleton: the module's source; solution, release: the notebook; loops, einsum: right alternatives."""

    solved: str
    skeleton: str
    solution: dict
    release: dict
    init: bytes
    loops: str
    einsum: str

    @classmethod
    def read(cls, root: Path) -> Material:
        """From the masters at `root`, built in memory: the files on disk need not be built."""
        built = {file.path: file.data for file in unproven(root, "flat")}
        styles = root / "autograder" / "course" / "flat" / "styles"
        return cls(
            solved=without_marks((root / "solutions" / "backprop" / "flat.py").read_text(encoding="utf-8")),
            skeleton=built["lib/backprop/flat.py"].decode(),
            solution=json.loads(built["solutions/flat/flat.ipynb"]),
            release=json.loads(built["assignments/flat/flat.ipynb"]),
            init=built["lib/backprop/__init__.py"],
            loops=(styles / "loops" / "flat.py").read_text(encoding="utf-8"),
            einsum=(styles / "einsum" / "flat.py").read_text(encoding="utf-8"),
        )

    def edited(self, *edits: Edit) -> str:
        """The solved module with mistakes in it."""
        source = self.solved
        for edit in edits:
            source = edit.apply(source)
        return source

    def half_done(self, *functions: str) -> str:
        """The skeleton with only these functions filled in."""
        source = self.skeleton
        for name in functions:
            start, end = span(source, name)
            first, last = span(self.solved, name)
            source = source[:start] + self.solved[first:last] + source[end:]
        return source

    def notebook(self, *answers: str, written: bool = True) -> dict:
        """The released notebook with these answer cells filled in, and short written answers of a student's own."""
        solved = {grade_id(cell): text(cell) for cell in self.solution["cells"]}
        notebook = json.loads(json.dumps(self.release))
        known = {grade_id(cell) for cell in notebook["cells"]}
        if missing := [name for name in (*answers, *WRITTEN) if name not in known]:
            raise ValueError(f"the released notebook has no cell {missing[0]!r}")
        for cell in notebook["cells"]:
            name = grade_id(cell)
            if name in answers:
                cell["source"] = without_marks(solved[name])
            elif written and name in WRITTEN:
                cell["source"] = WRITTEN[name]
        return notebook

    def complete(self) -> dict:
        """The released notebook with every answer cell filled in."""
        return self.notebook("solution_predict", "solution_bugs_found", "solution_bugs_repaired")

    def files(self, module: str, notebook: dict | None = None, name: str = "flat.ipynb") -> dict[str, bytes]:
        """A hand-in's files by path."""
        return {
            name: as_bytes(self.complete() if notebook is None else notebook),
            "lib/backprop/__init__.py": self.init,
            "lib/backprop/flat.py": module.encode(),
        }


def as_bytes(notebook: dict) -> bytes:
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def grade_id(cell: dict) -> str | None:
    return cell["metadata"].get("nbgrader", {}).get("grade_id")


def text(cell: dict) -> str:
    return "".join(cell["source"])


def without_marks(source: str) -> str:
    """A solution as a student would have it: without the lines that mark its regions."""
    lines = [line for line in source.splitlines(keepends=True) if line.strip() not in MARKS]
    return "".join(lines).rstrip("\n") + "\n" if source.endswith("\n") else "".join(lines).rstrip("\n")
