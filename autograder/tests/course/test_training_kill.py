"""Training and searching in a process that is really killed, again and again: it ends as if nothing had been."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[3]
SETUP = f"""
import sys, time
sys.path[:0] = [{str(ROOT / "solutions")!r}, {str(ROOT / "lib")!r}]
import torch
from backprop import checkpoint, optim, training
torch.set_num_threads(1)
"""
TRAIN = (
    SETUP
    + """
path, out, seed, pause = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
x = torch.randn(90, 12, generator=torch.Generator().manual_seed(0))
y = torch.randint(3, (90,), generator=torch.Generator().manual_seed(1))
generator = torch.Generator().manual_seed(seed)
params = training.init_params((12, 8, 3), generator)
optimizer = optim.Momentum(params, lr=0.1)

def loss_and_grads(x, y, params):  # any gradient will do
    time.sleep(pause)
    grads = {name: w.tanh() * x.mean() + 0.01 * y.float().mean() for name, w in params.items()}
    return params["w1"].square().sum(), grads

training.fit(params, optimizer, x, y, loss_and_grads, epochs=12, batch_size=16, generator=generator, checkpoint=path,
             schedule=lambda epoch: 0.2 * 0.8**epoch)
checkpoint.save_checkpoint(out, params)
"""
)
SEARCH = (
    SETUP
    + """
path, pause = sys.argv[1], float(sys.argv[2])

def evaluate(lr, reg):
    time.sleep(pause)
    with open(path + ".asked", "a") as file:
        print(lr, file=file)
    return lr * 2 + reg

checkpoint.search([{"lr": k / 7, "reg": k * 0.1} for k in range(12)], evaluate, path)
"""
).replace('f"{lr}\\\\n".replace("\\\\\\\\n", "\\\\n")', "str(lr) + chr(10)")


def run(*arguments: object, kill_after: float | None = None) -> int:
    """The exit status of a script; with `kill_after`, killed without warning that many seconds after its first file."""
    process = subprocess.Popen([sys.executable, "-c", *map(str, arguments)], stdout=subprocess.DEVNULL)
    if kill_after is not None:
        path, deadline = Path(str(arguments[1])), time.monotonic() + 60
        before = path.stat().st_mtime_ns if path.exists() else 0
        while process.poll() is None and time.monotonic() < deadline:
            if path.exists() and path.stat().st_mtime_ns != before:
                break
            time.sleep(0.005)
        time.sleep(kill_after)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
    return process.wait(timeout=120)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_weights_bit_for_bit(tmp_path):
    assert run(TRAIN, tmp_path / "whole.npz", tmp_path / "whole.out", 3, 0) == 0
    killed = 0
    for attempt, moment in enumerate((0.0, 0.03, 0.011)):  # other starting weights each time: they must not matter
        status = run(TRAIN, tmp_path / "k.npz", tmp_path / "k.out", 3 if attempt == 0 else 90, 0.02, kill_after=moment)
        killed += status == -signal.SIGKILL
    assert killed >= 2
    assert run(TRAIN, tmp_path / "k.npz", tmp_path / "k.out", 91, 0) == 0
    with np.load(tmp_path / "whole.out") as whole, np.load(tmp_path / "k.out") as resumed:
        assert set(whole.files) == {"w1", "b1", "w2", "b2"}
        for name in whole.files:
            assert torch.equal(torch.from_numpy(whole[name]), torch.from_numpy(resumed[name])), name


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_search_that_is_killed_loses_no_result_and_repeats_at_most_the_one_under_way(tmp_path):
    path = tmp_path / "search.jsonl"
    kills = sum(run(SEARCH, path, 0.03, kill_after=moment) == -signal.SIGKILL for moment in (0.05, 0.02))
    assert kills == 2
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert 2 <= len(lines) < 12
    assert run(SEARCH, path, 0) == 0
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["lr"] for row in rows] == [k / 7 for k in range(12)]
    assert all(row["result"] == row["lr"] * 2 + row["reg"] for row in rows)
    asked = (tmp_path / "search.jsonl.asked").read_text().split()
    assert len(asked) <= 12 + kills
