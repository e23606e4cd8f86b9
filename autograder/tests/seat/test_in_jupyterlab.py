"""A student's first quarter of an hour, in a real JupyterLab: start, write in its editor, check, hand in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from urllib.request import urlopen

import pytest

from autograder.tests.browser import PATIENCE, Browser
from autograder.tests.checkout import ROOT
from autograder.tests.chromium import needs_chromium

pytestmark = needs_chromium
PICTURES = os.environ.get("KIT_PICTURES")  # a folder for what the browser showed, to be looked at
STUB = "    # YOUR CODE HERE"
WRONG = '    q = x * y + z\n    f = q * q\n    g = 2 * q\n    grads = {"q": g, "p": g, "z": g, "x": g * x, "y": g * y}'
RIGHT = WRONG.replace('"x": g * x, "y": g * y', '"x": g * y, "y": g * x')
# Of the page: the notebook, the module's editor, and what a cell shows.
OPENED = """
window.widget = path => [...jupyterapp.shell.widgets('main')].find(one => one.context?.path == path);
window.book = widget('assignments/flat/flat.ipynb'); window.module_ = widget('lib/backprop/flat.py');
!!(book && module_ && book.content.model && module_.content.editor && document.querySelector('.jp-Notebook .jp-Cell'))
"""
FIND = (
    "book.content.widgets.findIndex(one => one.model.type == 'code' && one.model.sharedModel.source.includes({text!r}))"
)


@pytest.fixture
def course(tmp_path) -> Path:
    root = tmp_path / "Übung 1"
    skip = shutil.ignore_patterns("__pycache__", "local")
    for name in ("lib", "data", "assignments/flat"):
        shutil.copytree(ROOT / name, root / name, ignore=skip)
    return root


@pytest.fixture
def lab(course, tmp_path):
    """The address that `toolbox start flat` serves, from a folder of the course that is not its root."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = tmp_path / "jupyter"
    (own / "CONFIG").mkdir(parents=True)
    settings = {
        "ServerApp": {"open_browser": False, "port": port, "port_retries": 0, "allow_root": True},
        "IdentityProvider": {"token": "secret"},
        "LabApp": {"expose_app_in_browser": True},
    }
    (own / "CONFIG" / "jupyter_server_config.json").write_text(json.dumps(settings), encoding="utf-8")
    environment = os.environ | {f"JUPYTER_{name}_DIR": str(own / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    environment |= {"PYTHONPATH": str(course / "lib")}
    with open(own / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen([sys.executable, "-m", "toolbox", "start", "flat"], cwd=course / "data",
                                   env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
                                   )  # fmt: skip
    until = time.monotonic() + PATIENCE
    try:
        while True:
            try:
                urlopen(f"http://127.0.0.1:{port}/api?token=secret").close()
                break
            except OSError:
                said = (own / "log").read_text(encoding="utf-8")
                assert process.poll() is None and time.monotonic() < until, said
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/?token=secret"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


@pytest.fixture
def browser():
    page = Browser(1500, 900)
    yield page
    page.close()


def look(browser: Browser, name: str) -> None:
    if PICTURES:
        time.sleep(1)
        browser.picture(Path(PICTURES) / f"lab-{name}.png")


def write(browser: Browser, old: str, new: str) -> None:
    """Select the first such text in the module's editor, type over it, and save with Ctrl-S."""
    browser.run(
        f"(() => {{ const editor = module_.content.editor, text = editor.model.sharedModel.getSource();"
        f" const at = text.indexOf({json.dumps(old)});"
        f" jupyterapp.shell.activateById(module_.id); editor.focus();"
        f" editor.setSelection({{start: editor.getPositionAt(at), end: editor.getPositionAt(at + {len(old)})}}); }})()"
    )
    browser.wait("module_.content.node.contains(document.activeElement)")
    browser._ask("Input.insertText", text=new)
    browser.wait(f"module_.context.model.dirty && module_.context.model.toString().includes({json.dumps(new)})")
    for kind in ("keyDown", "keyUp"):
        browser._ask("Input.dispatchKeyEvent", type=kind, key="s", code="KeyS", windowsVirtualKeyCode=83, modifiers=2)
    browser.wait("!module_.context.model.dirty")


def run(browser: Browser, text: str, shows: str = "") -> str:
    """Run the first code cell that holds a text, wait until it has run and shows another, and return its output."""
    browser.wait("book.sessionContext.session?.kernel?.status == 'idle'")
    browser.run(
        f"(() => {{ jupyterapp.shell.activateById(book.id); book.content.activeCellIndex = {FIND.format(text=text)};"
        " window.cell = book.content.activeCell; cell.model.sharedModel.execution_count = null;"
        " cell.node.scrollIntoView({block: 'start'}); jupyterapp.commands.execute('notebook:run-cell'); })()"
    )
    browser.wait("cell.model.sharedModel.execution_count && book.sessionContext.session.kernel.status == 'idle'")
    output = "cell.outputArea.node.innerText"
    browser.wait(f"{output}.includes({shows!r})")
    return browser.run(output)


def test_from_the_command_to_a_handed_in_zip(lab, browser, course):
    browser.open(lab)
    browser.wait(OPENED)
    halves = browser.run(
        "[book, module_].map(one => one.node.getBoundingClientRect()).map(box => [box.left, box.right])"
    )
    (left, middle), (other, right) = halves
    assert left < middle <= other < right and right - left > 1000, halves  # side by side, both shown
    look(browser, "start")
    run(browser, "toolbox.start()")
    run(browser, "from backprop import flat")
    write(browser, STUB, WRONG)
    red = run(browser, 'check("toy")', "checks right")
    assert "✗" in red and "toy: 1 of 2 checks right" in red and "This looks like" in red, red
    look(browser, "red")
    write(browser, WRONG, RIGHT)
    green = run(browser, 'check("toy")', "toy: 2 of 2 checks right")
    assert "✗" not in green and "○" not in green
    look(browser, "green")
    browser.run(
        "(() => { const cell = book.content.widgets.at(-1).model.sharedModel;"
        " cell.setSource(cell.source.replaceAll('# ', '')); })()"
    )
    told = run(browser, "from toolbox import submit", "written:")
    assert "lib/backprop/flat.py" in told and "still to do" in told
    look(browser, "submit")
    with zipfile.ZipFile(course / "flat-hand-in.zip") as archive:
        assert RIGHT in archive.read("lib/backprop/flat.py").decode()
    assert [words for words in browser.complaints if "toolbox" in words] == []
