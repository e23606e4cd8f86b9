"""The seed of a classroom's hidden inputs: drawn at its first use, and kept with the classroom.

Whoever knows the seed can work out every hidden input, and hand in a table of answers. So it is in no file that
students get, and not in the repository; `classroom/seed` is the only place, readable by its owner, and belongs in the
backup: with another seed, nobody's verdict can be made again. `c.JudgeCells.seed` in nbgrader_config.py overrides it.
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from toolbox.errors import KitError


def class_seed(classroom: Path, configured: str = "") -> str:
    """The classroom's seed; drawn where there is none yet. configured: the one of nbgrader_config.py, "" for none."""
    if configured:
        return configured
    path = seed_file(classroom)
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    classroom.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".seed.{os.getpid()}.new")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(f"{secrets.token_hex(16)}\n")
        os.link(draft, path)
    except FileExistsError:  # another grader was quicker: its seed counts
        pass
    except OSError:  # a file system without links
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return _read(path)


def configured(root: Path) -> str:
    """The seed that the course's nbgrader_config.py sets, "" for none."""
    if not (root / "nbgrader_config.py").is_file():
        return ""
    from traitlets.config.loader import PyFileConfigLoader

    return str(PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config().JudgeCells.get("seed", ""))


def told(root: Path) -> str:
    """Where the course's seed comes from, as a sentence for people; the seed itself is not in it."""
    path = seed_file(root / "classroom")
    if configured(root):
        return "The seed of hidden inputs is set in nbgrader_config.py: keep that file from students."
    if not path.is_file():
        return f"The seed of hidden inputs is drawn when somebody first grades, and then kept in {path}."
    drawn = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return (
        f"The seed of hidden inputs lies in {path}, drawn on {drawn:%Y-%m-%d %H:%M} UTC: it belongs in the backup, and "
        "nowhere else."
    )


def seed_file(classroom: Path) -> Path:
    return classroom / "seed"


def _read(path: Path) -> str:
    seed = path.read_text(encoding="utf-8").strip()
    if not seed:
        raise KitError(f"{path} is empty: put the class's seed back from a backup, or delete the file to draw one")
    return seed
