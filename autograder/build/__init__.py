"""From masters to what students get: `python -m autograder build`.

Steps: `sources` reads the masters, `rules` refuses malformed ones, `plan` makes every file in memory (`notebook` the
notebooks, `regions` the rest), `leaks` proves that nothing of an answer or a hidden test came through, `files` writes
or compares. `release` packs it all for students, with what mistakes give to the public checks (`signatures`).
`catalogue` tells other rooms what an assignment is made of.
"""

from __future__ import annotations

from pathlib import Path

from autograder.masters.problems import Problem, Refused

__all__ = ["Problem", "Refused", "build", "check", "run"]


def build(root: Path) -> list[Path]:
    """Build everything of the repository at `root`; return the files that changed.

    Raises `Refused` with every problem where a master is malformed or the release would leak: then nothing changes.
    """
    from autograder.build import files, plan

    return files.write(root, plan.plan(root))


def check(root: Path) -> list[Problem]:
    """Everything wrong: malformed masters, and built files that are stale, missing or of no master."""
    from autograder.build import files, plan

    try:
        built = plan.plan(root)
    except Refused as refused:
        return refused.problems
    return files.compare(root, built)


def run(root: Path, check: bool) -> int:
    """Build, or compare where `check` is set; show what came of it; return the exit status, 0 where all is well."""
    from autograder.build import show

    return show.run(root, check)
