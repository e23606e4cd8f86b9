"""The figures: measured from processes that agree, null with a reason where they cannot be, shown as they are."""

from __future__ import annotations

import io
import json
import subprocess

import pytest
import torch
from rich.console import Console

from autograder.bench import run, step, step_variants

TINY = (8, 5, 6, 3)


@pytest.fixture
def tiny(monkeypatch):
    """One shape that takes no time, and no compiler."""
    monkeypatch.setattr(step, "REACH", {TINY: 0.5})
    monkeypatch.setattr(step, "GPU_REACH", {TINY: 0.25})
    monkeypatch.setattr(step, "VARIANTS", {"cpu": ("eager", "fused", "by hand", "captured")})
    monkeypatch.setattr(step, "SECONDS", 0.001)
    monkeypatch.setattr(step, "ROUNDS", 3)


def test_every_variant_runs_in_its_own_process_and_the_gpus_way_can_be_gone_on_a_cpu(tiny, monkeypatch):
    measured, times = [], step.times
    monkeypatch.setattr(step, "times", lambda *which: measured.append(times(*which)) or measured[0])
    eager, captured, floor = step.gpu("cpu")
    for variant in ("eager", "fused", "by hand"):
        assert len(measured[0][variant]) == 3 and all(0 < seconds < 0.1 for seconds in measured[0][variant])
    assert eager["value"] > 0 and floor["value"] > 1 and "TFLOP/s" in floor["detail"]
    assert captured["value"] is None and "captured does not run here" in captured["detail"], "no graph without a GPU"


def test_without_a_gpu_its_figures_are_null_and_say_why(tiny, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(step, "times", lambda *_: {"eager": [4.0], "fused": [3.0], "by hand": [1.0], "compiled": "no"})
    cpu, *gpu = step.measure()
    assert cpu["name"] == "step_8_5_6_3" and cpu["value"] == 0.25 and run.reached(cpu)
    assert "0.33 of fused" in cpu["detail"] and "compiled does not run here (no)" in cpu["detail"]
    assert [entry["name"] for entry in gpu] == [
        "step_gpu_8_5_6_3", "step_gpu_captured_8_5_6_3", "step_gpu_floor_8_5_6_3"
    ]  # fmt: skip
    for entry in gpu:
        assert entry["value"] is None and "no GPU" in entry["detail"] and run.reached(entry) is None


def test_the_table_of_a_gpu_is_made_in_one_go(tiny, monkeypatch):
    canned = {"eager": [8.0, 9.0], "fused": [7.0, 7.0], "captured": [2.0, 2.0], "by hand": [1.0, 1.5], "compiled": "no"}
    monkeypatch.setattr(step, "times", lambda *_: canned)
    ceilings = step.subprocess.Popen(["echo", "[1e12, 1e9]"], stdout=-1, stderr=-1, text=True)
    monkeypatch.setattr(step, "start", lambda *_: ceilings)
    eager, captured, floor = step.gpu("cpu")
    assert eager["value"] == pytest.approx((1 / 8 + 1.5 / 9) / 2, abs=1e-3) and eager["reach"] == 0.25
    assert captured["value"] == pytest.approx(0.625) and captured["reach"] == 0.95
    assert floor["value"] == pytest.approx(1.25 / step.floor(TINY, 1e12, 1e9)) and floor["reach"] is None
    assert "1 TFLOP/s, 0.001 TB/s" in floor["detail"]


def test_a_shape_whose_losses_differ_has_no_figure_and_says_so(tiny, monkeypatch):
    with pytest.raises(RuntimeError, match="'by hand' differ"):
        step.agree({"eager": [2.0, 1.0], "fused": [2.0, 1.0], "by hand": [2.0, 1.00001]})
    with pytest.raises(RuntimeError, match="differ"):
        step.agree({"eager": [2.0], "by hand": [float("nan")]})
    step.agree({"eager": [2.0], "by hand": [2.0000005]})

    def differ(*_):
        raise RuntimeError("the losses of 'by hand' differ")

    monkeypatch.setattr(step, "times", differ)
    entry = step.cpu_entry(TINY)
    assert entry["value"] is None and "differ" in entry["detail"]


def test_a_variant_that_dies_while_it_is_measured_is_told(monkeypatch):
    talks_once = ["sh", "-c", "echo '[2.0]'; read steps; echo 'out of memory' >&2; exit 1"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    monkeypatch.setattr(step, "start", lambda *_: subprocess.Popen(talks_once, text=True, **pipes))
    worker = step.Worker("eager", "cpu", TINY)
    assert worker.losses == [2.0] and worker.failed is None
    for _ in range(2):
        with pytest.raises(RuntimeError, match="died while it was measured: out of memory"):
            worker.seconds(3)
    worker.close()


def test_the_floor_is_the_larger_of_products_and_memory():
    shape = (512, 3072, 1024, 10)
    products = 2 * 512 * 3072 * 1024 * 2 + 3 * 2 * 512 * 1024 * 10
    parameters = 3072 * 1024 + 1024 + 1024 * 10 + 10
    assert step.floor(shape, 1e12, 1e30) == products / 1e12
    assert step.floor(shape, 1e30, 1e9) == 4 * (4 * parameters + 512 * 3072) / 1e9


def test_the_shapes_and_reaches_are_the_ones_agreed_on():
    named = {step.tail(shape): reach for shape, reach in step.REACH.items()}
    assert named == {"64_64_256_10": 0.45, "256_784_512_10": 0.9, "512_3072_1024_10": 1.0, "64_4096_4096_10": 0.7}
    assert "step" in run.PARTS


def test_every_variant_is_told_the_same_weights_and_batches():
    (net, batches), (again, others) = (step_variants.data(*TINY, "cpu") for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), again.parameters(), strict=True))
    assert all(torch.equal(x, u) and torch.equal(y, v) for (x, y), (u, v) in zip(batches, others, strict=True))


ENTRIES = [
    {"name": "a_quick_one", "value": 0.5, "reach": 1.0, "better": "lower", "detail": "so [64, 10] it is"},
    {"name": "a_slow_one", "value": 2.0, "reach": 1.0, "better": "lower", "detail": ""},
    {"name": "one_with_nothing_to_reach", "value": 3.0, "reach": None, "better": "lower", "detail": ""},
    {"name": "one_that_needs_another_machine", "value": None, "reach": 0.25, "better": "lower", "detail": "no GPU"},
]


def test_the_table_tells_reached_missed_and_not_measured_apart():
    out = Console(file=io.StringIO(), width=110)
    out.print(run.table(ENTRIES))
    shown = out.file.getvalue().splitlines()
    lines = {entry["name"]: next(line for line in shown if entry["name"] in line) for entry in ENTRIES}
    assert "reached" in lines["a_quick_one"] and "[64, 10]" in lines["a_quick_one"]
    assert "missed" in lines["a_slow_one"]
    for word in ("reached", "missed", "not measured"):
        assert word not in lines["one_with_nothing_to_reach"]
    elsewhere = lines["one_that_needs_another_machine"]
    assert "not measured" in elsewhere and "≤ 0.25" in elsewhere


@pytest.mark.parametrize("entries, status", [(ENTRIES[:1], 0), (ENTRIES[1:2], 1), (ENTRIES[2:], 0)])
def test_a_figure_that_is_missed_fails_the_run_and_one_that_could_not_be_measured_does_not(
    tmp_path, monkeypatch, entries, status
):
    monkeypatch.setattr(step, "measure", lambda: entries)
    console = Console(file=io.StringIO(), width=110)
    assert run.run(tmp_path, ["step"], console) == status
    assert json.loads((tmp_path / "classroom" / "bench.json").read_text()) == entries


def test_a_part_that_breaks_is_named_and_fails_the_run(tmp_path, monkeypatch):
    def breaks():
        raise OSError("no such disk")

    monkeypatch.setattr(step, "measure", breaks)
    console = Console(file=io.StringIO(), width=110)
    assert run.run(tmp_path, ["step"], console) == 1
    assert "step could not be measured: OSError: no such disk" in console.file.getvalue()
    assert run.run(tmp_path, ["stepp"], console) == 2
