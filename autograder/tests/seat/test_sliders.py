"""The pictures to play with, driven in a real JupyterLab: each control moves its picture, and the console stays quiet.

By default those of two notebooks are driven, which have every kind of control. KIT_SLIDERS=all drives those of every
notebook that has any, KIT_SLIDERS="beyond scalar" those of these.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator

import pytest

from autograder.build.notebook import solved
from autograder.masters import percent
from autograder.tests.checkout import ROOT
from autograder.tests.chromium import needs_chromium
from autograder.tests.lab import Lab

pytestmark = needs_chromium
MASTERS = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "solutions").glob("*.py"))}
PLAYED = [name for name, text in MASTERS.items() if re.search(r"^ *play\(", text, re.MULTILINE)]
CHOSEN = os.environ.get("KIT_SLIDERS", "layers training")
DRIVEN = PLAYED if CHOSEN == "all" else CHOSEN.split()
SKIPPED = re.compile(r"\bcheck\(|\bsubmit\(")  # cells that need not run for a picture
# What the cell shows below its controls: pictures with their words, or a line in their place.
SHOWN = "[...cell.outputArea.node.querySelectorAll('img')].map(one => one.alt + one.src).join()"
# Where each kind of control is, and how it is moved, where it is not from the keyboard.
CONTROLS = {
    "slider": ("[role=slider]", ""),
    "play": (".widget-play button:first-child", "control.click()"),
    "choice": (
        "select",
        "control.selectedIndex += 1; control.dispatchEvent(new Event('change', {bubbles: true}))",
    ),
}
SETTLED = f"""
new Promise(done => {{
    let last = '', since = Date.now();
    const look = () => {{
        const now = {SHOWN};
        if (now != last || book.sessionContext.session.kernel.status != 'idle') [last, since] = [now, Date.now()];
        Date.now() - since > 700 ? done(true) : setTimeout(look, 50);
    }};
    look();
}})
"""


def notebook(name: str) -> dict:
    """The complete notebook, with its answers."""
    path = f"solutions/{name}.py"
    return json.loads(solved(percent.read(path, MASTERS[name]), MASTERS[name]))


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Lab]:
    above = tmp_path_factory.mktemp("sliders")
    course, skip = above / "course", shutil.ignore_patterns("__pycache__", "local")
    for name in ("lib", "data", "assignments"):
        shutil.copytree(ROOT / name, course / name, ignore=skip)
    shutil.copytree(ROOT / "solutions" / "backprop", course / "lib" / "backprop", ignore=skip, dirs_exist_ok=True)
    for name in DRIVEN:
        whole = json.dumps(notebook(name))
        (course / "assignments" / name / f"{name}.ipynb").write_text(whole, encoding="utf-8")
    opened = Lab(course, DRIVEN[0], above / "jupyter", here=course)
    yield opened
    opened.close()


def sources(name: str) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook(name)["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("name", DRIVEN)
def test_each_control_moves_its_picture(lab, name):
    cells = sources(name)
    playing = [index for index, text in enumerate(cells) if re.search(r"^ *play\(", text, re.MULTILINE)]
    module = json.loads((ROOT / "assignments" / name / "checks.json").read_text(encoding="utf-8"))["modules"][0]
    lab.open(name, module, path=f"lab/workspaces/{name}")
    moved = []
    for index in range(playing[-1] + 1):
        if SKIPPED.search(cells[index]):
            continue
        lab.run_code(index)
        if index in playing:
            moved += drive(lab, f"{name}-{index}")
    assert moved and [words for words in moved if "moves nothing" in words] == []
    assert lab.browser.complaints == []


def drive(lab: Lab, title: str) -> list[str]:
    """Move each control of the cell that has just run, as its hand would; say what came of it."""
    told = []
    lab.browser.wait(f"{SHOWN}.length > 0 && cell.outputArea.node.querySelector('.jupyter-widgets') != null")
    for kind, (selector, move) in CONTROLS.items():
        controls = f"[...cell.outputArea.node.querySelectorAll({json.dumps(selector)})]"
        for place in range(lab.browser.run(f"{controls}.length")):
            lab.browser.run(SETTLED)  # what the one before has moved
            lab.browser.run(f"window.before = {SHOWN}; window.control = {controls}[{place}]; control.focus();")
            if move:
                lab.browser.run(move)
            else:
                lowest = lab.browser.run("Number(control.ariaValueNow) <= Number(control.ariaValueMin)")
                for _ in range(3):
                    lab.browser.press("ArrowRight" if lowest else "ArrowLeft")
            found = lab.browser.follows(f"{SHOWN} != before && {SHOWN}")
            told.append(f"{title} {kind} {place}: {'moves its picture' if found else 'moves nothing'}")
            assert "No picture for" not in lab.browser.run("cell.outputArea.node.innerText"), told[-1]
    lab.browser.run("cell.outputArea.node.scrollIntoView({block: 'center'})")
    lab.look(title)
    print(*told, sep="\n")
    return told
