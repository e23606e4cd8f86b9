"""`python -m autograder …`: see autograder/cli/."""

import os

# Before torch is imported anywhere: the judge's sums must not depend on the number of threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys  # noqa: E402
from pathlib import Path  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

from autograder.cli import app  # noqa: E402

app()
