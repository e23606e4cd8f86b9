"""Before a class is judged by it, a seed is tried on the solution: what fails the solution says nothing of students.

Steps: a process of its own judges the solution under the class's seed while the class is being graded; at the end it
is asked in which items the solution lost marks. That there are none is kept in classroom/ledger, so that a seed is
tried once for each version of suite and solution. Only the kit's own code runs here.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path

from autograder.files import write_atomically
from autograder.grading import ledger
from autograder.sandbox.walls import kernel

PATIENCE = 60.0  # seconds: by the end of a class it is long done


class Trial:
    """One seed on trial. It starts at once; without a package of answers (`autograder.mutants`) there is none."""

    def __init__(self, root: Path, assignment: str, seed: str):
        version = ledger.digest(seed, ledger.judging(root, assignment))
        self._passed = ledger.path_of(root / "classroom", assignment, f".seed-{version[:32]}")
        self._answer: Connection | None = None
        answers = Path(__file__).resolve().parents[1] / "mutants" / assignment / "__init__.py"
        if self._passed.exists() or not answers.is_file():
            return
        self._answer, theirs = multiprocessing.Pipe(duplex=False)
        context = multiprocessing.get_context("spawn")  # a forked one would share the gradebook and the judges' lines
        self._process = context.Process(target=_judge, args=(theirs, str(root), assignment, seed), daemon=True)
        self._process.start()
        theirs.close()

    def failed(self) -> list[str]:
        """The items in which the solution loses marks under this seed. Waits for the end of the trial."""
        if self._answer is None:
            return []
        try:
            items = self._answer.recv() if self._answer.poll(PATIENCE) else None
        except EOFError:  # it died: nothing is known, and nothing kept
            items = None
        self._answer.close()
        self._process.kill()
        self._process.join()
        if items == []:
            write_atomically(self._passed, b"")
        return items or []


def _judge(answer: Connection, root: str, assignment: str, seed: str) -> None:
    if kernel.LINUX:
        kernel.die_with_parent()  # a grader that is killed leaves no process behind
    import torch

    from autograder.audit.suite_audit import loses_marks, prepared
    from autograder.mutants import Answer, load
    from toolbox.diagnose import verdicts_only
    from toolbox.suite import Suite

    torch.set_num_threads(1)
    package, suite = load(assignment), Suite(Path(root) / "autograder" / "suites" / f"test_{assignment}.py")
    source = (Path(root) / "solutions" / "backprop" / f"{package.MODULE}.py").read_text()
    with verdicts_only():
        results = suite.run(prepared(Answer("the solution", ()), package, source)(), seed=seed)
    answer.send(sorted({result.item for result in results if loses_marks(result)}))
