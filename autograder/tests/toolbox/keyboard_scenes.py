"""Run in a student's folder: edit a module, check an item, put the module back, scene by scene, and tell all as JSON.

All scenes run in one process, as in one kernel. `skeleton/` holds the modules as students get them, `lib/` the solved
ones.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, "lib")
from toolbox import check
from toolbox.calling import keyboard  # noqa: E402

TOLD: dict[str, dict] = {}
TOY = "f = q * q"
ENDLESS = "f = q * q\n    while True:\n        q = q + 1"
# Scenes follow each other within a second; by compiled code Python would take two of one length for the same.
sys.dont_write_bytecode = True
SWALLOWED = ENDLESS.replace(
    "        q = q + 1", "        try:\n            q = q + 1\n        except Exception:\n            pass"
)
ADD = "def __add__(self, other: Value | float) -> Value:\n        other, result = as_value(other), None\n        "
CORRECT_CLASS = 'grads["scores"][rows, y] -= grad_margins.sum(dim=1)\n    grads["w"]'


def scene(
    name: str,
    item: str,
    module: str,
    *edits: tuple[str, str],
    skeleton: bool = False,
    folder: str | None = None,
    before: Callable[[], None] = lambda: None,
    seconds: float = 0.5,
    pasted: bool = False,
) -> None:
    path = Path("lib/backprop") / f"{module}.py"
    whole = path.read_text(encoding="utf-8")
    text = Path(f"skeleton/{module}.py").read_text(encoding="utf-8") if skeleton else whole
    for old, new in edits:
        assert old in text, (name, old)
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    keyboard.SECONDS = seconds
    before()
    begin = time.perf_counter()
    report = check(item, folder=folder)
    TOLD[name] = {"text": repr(report), "html": report._repr_html_(), "seconds": time.perf_counter() - begin}
    TOLD[name] |= {"paste": [], "values": []}
    for aside in report.asides.values():
        if aside.paste and pasted:
            TOLD[name]["paste"].append("\n".join(aside.paste))
            space: dict = {}
            *lines, last = aside.paste
            exec("\n".join(lines), space)
            TOLD[name]["values"].append(str(eval(last, space)))  # what stands last in a cell is shown
    path.write_text(whole, encoding="utf-8")


def interrupt_soon() -> None:
    threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()


scene("first", "toy", "flat")
scene("unwritten", "toy", "flat", skeleton=True)
scene("unwritten neuron", "neuron", "flat", skeleton=True, folder="assignments/flat")  # scalar has one, too
forward = "    f, grads = None, {}\n    # Forward: p, then"
scene("half", "toy", "flat", (forward, forward.replace("None", "(x * y + z) ** 2")), skeleton=True)
scene("wrong", "toy", "flat", (TOY, "f = q * q * q"), pasted=True)
scene("wrong tensors", "hinge_loss", "flat", ("margins[rows, y] = 0\n    losses", "losses"), pasted=True)
scene("endless", "toy", "flat", (TOY, ENDLESS))
scene("swallowed", "toy", "flat", (TOY, SWALLOWED))
scene("asleep", "toy", "flat", (TOY, "f = q * q\n    import time; time.sleep(9)"))
scene("interrupted", "toy", "flat", (TOY, ENDLESS), before=interrupt_soon, seconds=9)
timer = signal.setitimer
del signal.setitimer  # as on Windows
scene("endless without signals", "toy", "flat", (TOY, ENDLESS))
signal.setitimer = timer
scene("syntax", "toy", "flat", (TOY, "f = q * q)"))
sums = "result = Value(self.data + other.data, (self, other), (1.0, 1.0))"
scene("prerequisite", "value_order", "scalar", (ADD + "# YOUR CODE HERE", ADD + sums), skeleton=True)
scene("upstream", "hinge_grad_w", "flat", (CORRECT_CLASS, 'grads["scores"][rows, y] = -1 / N\n    grads["w"]'))
scene("objects", "value_functions", "scalar", ("e = math.exp(self.data)", "e = math.exp(self.data) + 1"), pasted=True)
no_axis = ("(grad_out * y).sum(dim=-1, keepdim=True)", "(grad_out * y).sum()")
scene("one sum for all rows", "softmax_backward", "tensors", no_axis)
typo = ("grad_x = grad_out if x > y else 0.0", "grad_x = grad_out if y < y else 0.0")
scene("typo in the maximum", "gate_max", "gates", typo)
scene("largest of the wrong axis", "softmax_loss", "flat", ("scores.max(dim=1", "scores.max(dim=0"))
scene("last", "toy", "flat")
print(json.dumps(TOLD))
