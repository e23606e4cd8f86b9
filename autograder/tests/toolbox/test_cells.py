"""Cells run without a kernel, and what they show is kept in notebook format, bounded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import nbformat
import pytest

from autograder.tests.checkout import ROOT
from toolbox.notebook.cells import STREAM_LIMIT, Notebook


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    notebook = Notebook(tmp_path_factory.mktemp("cells"))
    yield notebook
    notebook.close()


def kinds(outputs):
    return [output["output_type"] for output in outputs]


def test_streams_values_displays_and_errors_are_kept_in_order(notebook):
    outputs = notebook.run("import sys\nprint('a')\nprint('b', file=sys.stderr)\n1 / 0")
    assert kinds(outputs) == ["stream", "stream", "error"]
    assert [output.get("name") for output in outputs] == ["stdout", "stderr", None]
    assert notebook.run("6 * 7")[0]["data"]["text/plain"] == "42"
    shown = notebook.run("from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))")
    assert shown[0]["data"]["text/html"] == "<b>x</b>"


def test_a_plot_becomes_a_picture(tmp_path):
    """In a process of its own, as in a worker: other tests here leave matplotlib as they like."""
    code = (
        "import sys\nfrom toolbox.notebook.cells import Notebook\nnotebook = Notebook(sys.argv[1])\n"
        "outputs = notebook.run('%matplotlib inline\\nimport matplotlib.pyplot as plt\\nplt.plot([1, 3, 2]);')\n"
        "print([output['data']['image/png'][:5] for output in outputs if 'image/png' in output.get('data', {})])\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "lib")}
    words = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "['iVBOR']", done.stdout + done.stderr


def test_variables_live_on_from_cell_to_cell(notebook):
    notebook.run("value = 5")
    notebook.run("value += 1")
    assert notebook.namespace["value"] == 6


def test_every_output_fits_the_notebook_format(notebook):
    outputs = notebook.run("print('x'); display({'a': 1}); print('y'); [1, 2]") + notebook.run("oops(")
    cell = nbformat.v4.new_code_cell(outputs=nbformat.from_dict(outputs))
    nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))


def test_a_cell_that_never_ends_is_stopped_and_says_so(notebook):
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGALRM)).start()
    outputs = notebook.run("while True: pass", alarmed=True)
    assert outputs[-1]["ename"] == "CellTimeout" and "ran too long" in outputs[-1]["evalue"]
    assert notebook.run("1 + 1", alarmed=True)[0]["data"]["text/plain"] == "2"


def test_endless_output_is_cut(notebook):
    outputs = notebook.run("for _ in range(3000): print('x' * 100)")
    assert sum(len(output["text"]) for output in outputs) < STREAM_LIMIT + 200
    assert "left out" in outputs[-1]["text"]


def test_sys_exit_ends_the_cell_and_nothing_else(notebook):
    assert notebook.run("raise SystemExit(0)")[0]["ename"] == "SystemExit"
    assert notebook.run("'still here'")[0]["data"]["text/plain"] == "'still here'"
