"""`python -m autograder …`: see autograder/cli/."""

import os

# Before torch is imported anywhere: the judge's sums must not depend on the number of threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import atexit  # noqa: E402
import gc  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

# Most of what loading makes stays to the end: the collector would walk over it again and again, a third of the time of
# grading one hand-in, and once more before Python ends.
gc.set_threshold(20_000, 20, 20)
atexit.register(gc.freeze)

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

from autograder.cli import app  # noqa: E402

app()
