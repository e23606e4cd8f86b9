"""The sensors for ready-made derivatives, in a process of their own: what they put into torch stays there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def found():
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "lib"), str(ROOT)])}
    words = [sys.executable, "-W", "ignore", str(Path(__file__).parent / "sensing.py")]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "name",
    ["honest", "honest again", "honest in a thread", "allowed one, starts one", "allowed any",
     "allowed any, forward mode", "a rule by hand", "a rule by hand, its graph kept", "in a cell", "and after"],
)  # fmt: skip
def test_honest_code_and_what_is_allowed_go_unnoticed(found, name):
    assert found[name] == ["", ""]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("backward", "it recorded a graph"),
        ("backward in a thread", "it recorded a graph"),
        ("nodes", "it recorded a graph"),
        ("nodes in a thread", "it recorded a graph"),
        ("kernel", "threshold_backward"),
        ("kernel in a thread", "threshold_backward"),
        ("kernel while inferring", "tanh_backward"),
        ("kernel in a script", "threshold_backward"),
        ("jvp", "forward mode"),
        ("jacfwd", "forward mode"),
        ("jvp in a thread", "forward mode"),
        ("vjp", "it recorded a graph"),
        ("hessian", "it recorded a graph"),
        ("functional", "it recorded a graph"),
        ("nn.grad", "convolution_backward"),
        ("anomalies off", "what records it was switched off"),
        ("anomalies off and on", "what records it was switched off"),
        ("nodes while anomalies are off", "what records it was switched off"),
        ("nodes behind another traceback", "what records it was switched off"),
        ("a kernel, called as the engine does", "tanh_backward"),
        ("a kernel of sparse tensors", "_sparse_softmax_backward_data"),
        ("allowed one, starts two", "its engine was started"),
        ("a rule by the engine", "it recorded a graph"),
        ("a rule by nodes", "it recorded a graph"),
        ("a rule by a kernel", "tanh_backward"),
        ("between calls", "its engine was started"),
    ],
)
def test_a_ready_made_derivative_is_noticed(found, name, what):
    assert found[name] == [what, ""]


def test_a_kernel_that_torch_gives_nobody_is_refused(found):
    assert found["a kernel of another layout"] == ["threshold_backward", "RuntimeError: not there while grading"]


def test_a_dual_number_from_before_a_call_is_dead_in_it(found):
    assert found["a dual kept"] == ["", "", False]


def test_somebody_else_who_asks_the_sensors_is_counted(found):
    assert found["another asks"][0] == 3


def test_they_work_on_where_a_call_leaves_torchs_modes_switched_on(found):
    assert found["modes left on"][0] == ""


def test_they_cost_no_more_than_a_small_product(found):
    """About 10 microseconds a call, on a machine that takes about 10 for the product of two matrices of 64 by 64."""
    cost, product = found["cost"]
    assert cost < 8 * product, found["cost"]
