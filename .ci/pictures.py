"""Take the README's pictures anew: a check in JupyterLab, and the report of the demo class.

    make demo
    .venv/bin/python .ci/pictures.py

Both are what Chromium shows of the real thing. Look at them before they are committed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "lib")]

from autograder.tests.browser import Browser  # noqa: E402
from autograder.tests.lab import Lab  # noqa: E402
from autograder.tests.seat.test_in_jupyterlab import STUB, WRONG  # noqa: E402

PICTURES = ROOT / ".github" / "pictures"
LIMIT = 150_000  # bytes of a picture


def main() -> int:
    report = ROOT / "classroom" / "report" / "flat.html"
    if not report.is_file():
        print(f"{report} is not there: make demo", file=sys.stderr)
        return 2
    PICTURES.mkdir(exist_ok=True)
    made = [check(PICTURES / "check.webp"), class_report(report, PICTURES / "report.webp")]
    for path in made:
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")
    return int(any(path.stat().st_size > LIMIT for path in made))


def check(path: Path) -> Path:
    """A first function with its two factors the wrong way round, checked."""
    with tempfile.TemporaryDirectory(prefix="pictures") as above:
        course = Path(above) / "course"
        for name in ("lib", "data", "assignments"):
            shutil.copytree(ROOT / name, course / name, ignore=shutil.ignore_patterns("__pycache__", "local"))
        lab = Lab(course, "flat", Path(above) / "jupyter", here=course, width=1360, height=800)
        try:
            lab.open("flat", "flat")
            lab.run("toolbox.start()")
            lab.run("from backprop import flat")
            lab.write(STUB, WRONG)
            lab.run('check("toy")', "toy: 1 of 2 checks right")
            lab.browser.hear(1)
            return lab.browser.picture(path)
        finally:
            lab.close()


def class_report(page: Path, path: Path) -> Path:
    browser = Browser(1200, 1130)
    try:
        browser.open(page.as_uri())
        return browser.picture(path)
    finally:
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
