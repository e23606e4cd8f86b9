"""What an import loads: `--help` answers at once, and nothing is imported that a command does not use."""

from __future__ import annotations

import subprocess
import sys

import pytest

from autograder.tests.checkout import ROOT

LIBRARIES = "annotated_doc attr autograder markdown_it mdurl pygments rfc3987_syntax rich shellingham typer"
LOADS = {
    "import toolbox": "toolbox",
    "from toolbox.seat import doctor, lab, update": "toolbox",  # no torch: they answer at once
    "from autograder.sandbox import launcher": "autograder rfc3987_syntax toolbox",  # no torch: it is started first
    "from autograder.records import hand_in, receipt, verdict": "autograder rfc3987_syntax toolbox",
    "import runpy, sys; sys.argv = ['autograder', '--help']\n"
    "try: runpy.run_module('autograder', run_name='__main__')\nexcept SystemExit: pass": LIBRARIES,
}
TOLD = """
import sys
before = set(sys.modules)
{code}
loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(*sorted(loaded - set(sys.stdlib_module_names)), file=sys.stderr)
"""


@pytest.mark.parametrize("code", LOADS, ids=["toolbox", "seat", "launcher", "records", "help"])
def test_an_import_loads_what_is_listed_here_and_no_more(code):
    done = subprocess.run(
        [sys.executable, "-c", TOLD.format(code=code)], cwd=ROOT, capture_output=True, text=True,
        env={"PYTHONPATH": f"{ROOT}/lib:{ROOT}", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.splitlines()[-1].split())
    assert loaded <= set(LOADS[code].split()), sorted(loaded - set(LOADS[code].split()))


WITHOUT_TORCH = (
    "autograder.exports", "autograder.gradebook.preprocessors", "autograder.grading.explain",
    "autograder.grading.preview", "autograder.grading.run", "autograder.grading.undo", "autograder.history.grades",
    "autograder.intake.collect", "autograder.report", "autograder.similarity.run",
)  # fmt: skip


@pytest.mark.parametrize("module", WITHOUT_TORCH)
def test_torch_is_loaded_only_where_something_is_judged(module):
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    environment = {"PYTHONPATH": f"{ROOT}/lib:{ROOT}", "PATH": "/usr/bin:/bin"}
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment).returncode == 0
