"""The long runs: images drawn right, the same weights after a kill, a checkpoint that is whole or not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from autograder.bench.engine import reference
from autograder.tests.toolbox.test_larger import cifar, mnist
from toolbox import train
from toolbox.datasets import larger_sets
from toolbox.datasets.augment import Batches, principal
from toolbox.given import checkpoint
from toolbox.train import Recipe

ROOT = Path(__file__).resolve().parents[3]
SMALL = Recipe(data="mnist", hidden=12, epochs=4, batch=8, lr=0.05, drop=0.3, components=0, shift=2, flip=False)


@pytest.fixture(autouse=True)
def solved(monkeypatch):
    """`backprop.fast` is the reference, whatever `backprop` another test imported."""
    monkeypatch.setitem(sys.modules, "backprop.fast", reference("fast"))


@pytest.fixture
def folder(tmp_path):
    mnist(tmp_path / "data", train=50, test=30)
    cifar(tmp_path / "data")
    return tmp_path / "data"


def test_every_image_is_drawn_once_an_epoch_and_with_its_label():
    images = torch.arange(20, dtype=torch.uint8).view(20, 1, 1, 1).expand(20, 1, 6, 6).contiguous()
    batches = Batches(images, torch.arange(20), size=5, shift=0, flip=False)
    for seed in (0, 1):
        drawn = []
        for x, y in batches.of_epoch(torch.Generator().manual_seed(seed)):
            pixels = (x[:, 0] * batches.deviation.flatten() + batches.mean.flatten()).round()
            assert torch.equal(pixels.long(), y)
            drawn += y.tolist()
        assert sorted(drawn) == list(range(20)) and drawn != list(range(20))


def test_an_image_is_shifted_by_up_to_two_pixels_each_way_and_mirrored_half_the_time():
    images = torch.zeros(1, 1, 9, 9, dtype=torch.uint8)
    images[0, 0, 4, 3] = 255  # mirrored: column 5
    batches = Batches(images.expand(2000, 1, 9, 9), torch.zeros(2000).long(), 2000, shift=2, flip=True)
    ((x, _),) = batches.of_epoch(torch.Generator().manual_seed(0))
    places = x[:, :81].argmax(1)
    rows, columns = places // 9, places % 9
    assert rows.unique().tolist() == [2, 3, 4, 5, 6] and columns.unique().tolist() == list(range(1, 8))
    assert abs((columns >= 6).double().mean() - 0.2) < 0.05  # mirrored, and shifted by 1 or 2 to the right
    still = Batches(images.expand(50, 1, 9, 9), torch.zeros(50).long(), 50, shift=0, flip=False)
    ((x, _),) = still.of_epoch(torch.Generator().manual_seed(0))
    assert (x[:, :81].argmax(1) == 4 * 9 + 3).all()


def test_a_colour_image_keeps_its_pixels_in_place_while_it_moves():
    images = torch.zeros(40, 3, 8, 8, dtype=torch.uint8)
    images[:, 0, 3, 4], images[:, 1, 3, 5], images[:, 2, 4, 4] = 255, 255, 255
    batches = Batches(images, torch.zeros(40).long(), 40, shift=2, flip=False)
    ((x, _),) = batches.of_epoch(torch.Generator().manual_seed(0))
    red, green, blue = x[:, : 3 * 64].view(40, 3, 64).argmax(2).T
    assert len(red.unique()) > 10 and (green - red == 1).all() and (blue - red == 8).all()


def test_images_are_standardised_by_the_training_images_alone(folder):
    x, y = larger_sets.load_images("cifar10", "train+validation", folder=folder)
    batches = Batches(x, y, 8, shift=2, flip=False)
    ready = batches.ready(x)[:, : 3 * 1024].view(-1, 3, 1024)
    assert ready.mean((0, 2)).abs().max() < 1e-4 and (ready.std((0, 2)) - 1).abs().max() < 1e-3
    assert torch.equal(batches.ready(x[:2]), batches.ready(x)[:2])


def test_principal_directions_are_those_of_the_most_variance_and_at_right_angles():
    torch.manual_seed(0)
    scales = torch.tensor([1.0, 5.0, 0.1, 3.0])
    turn = torch.linalg.qr(torch.randn(4, 4))[0]
    rows = (torch.randn(5000, 4) * scales) @ turn.T
    directions = principal(rows, 2, floor=7.0)
    found = rows @ directions
    assert (found**2).mean() == pytest.approx(1, rel=1e-4)
    # variances 25 and 9 over the square roots of 25 + 7 and 9 + 7
    assert found.std(0)[0] / found.std(0)[1] == pytest.approx((5 / 32**0.5) / (3 / 4), rel=0.05)
    unit = directions / directions.norm(dim=0)
    assert torch.allclose((unit.T @ turn[:, [1, 3]]).abs(), torch.eye(2), atol=0.05)


def test_a_run_on_principal_components_learns_and_goes_on_after_a_stop(folder, tmp_path):
    few = replace(SMALL, components=20, epochs=3)
    train.train(few, folder=folder, saved=tmp_path / "a", show=False)
    train.train(few, folder=folder, saved=tmp_path / "b", show=False)
    assert weights(tmp_path / "a") == weights(tmp_path / "b")
    found = train.train(replace(few, epochs=60, drop=0.0, shift=0), folder=folder, show=False)
    assert found["losses"][-1] < 0.3


def test_a_small_net_learns_a_small_set(folder):
    found = train.train(replace(SMALL, epochs=30, drop=0.0, shift=0), folder=folder, show=False)
    assert found["losses"][0] > 2 > 0.2 > found["losses"][-1]
    assert found["part"] == "test" and found["images"] == 30 and 0 <= found["accuracy"] <= 1


def test_the_accuracy_is_the_share_of_right_answers(folder):
    net = reference("fast").FastNet(1, 784, 3, 10)
    images = torch.zeros(2500, 1, 28, 28, dtype=torch.uint8)
    batches = Batches(images[:5], torch.zeros(5).long(), 5, shift=0, flip=False)
    net.b2[7] = 1
    assert train.accuracy(net, batches, images, torch.arange(2500) % 10) == 0.1


def test_held_out_images_are_reported_on_and_not_learnt_from(folder, monkeypatch):
    monkeypatch.setattr(larger_sets, "VALIDATION", 10)
    asked = []
    load = larger_sets.load_images
    monkeypatch.setattr(
        larger_sets, "load_images", lambda name, split, **k: asked.append(split) or load(name, split, **k)
    )
    found = train.train(replace(SMALL, held_out=True), folder=folder, show=False)
    assert asked == ["train", "validation"] and found["images"] == 10 and found["part"] == "validation"


def weights(path):
    tensors, state = checkpoint.load(path)
    return tensors["parameters"].numpy().tobytes(), tensors["velocity"].numpy().tobytes(), state["losses"]


def test_a_run_that_stops_after_any_epoch_goes_on_to_the_same_weights(folder, tmp_path, monkeypatch):
    train.train(SMALL, folder=folder, saved=tmp_path / "whole.npz", show=False)
    save, left = checkpoint.save, []

    def die(path, *rest):
        save(path, *rest)
        left.append(path)
        if len(left) in (1, 3):
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", die)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            train.train(SMALL, folder=folder, saved=tmp_path / "stopped.npz", show=False)
    found = train.train(SMALL, folder=folder, saved=tmp_path / "stopped.npz", show=False)
    assert len(left) == 4, "an epoch was done twice"
    assert weights(tmp_path / "stopped.npz") == weights(tmp_path / "whole.npz")
    assert len(found["losses"]) == 4


def test_another_seed_gives_other_weights_and_the_same_seed_the_same(folder, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train.train(replace(SMALL, seed=seed, epochs=1), folder=folder, saved=tmp_path / name, show=False)
    assert weights(tmp_path / "a") == weights(tmp_path / "b") != weights(tmp_path / "c")


def test_the_checkpoint_of_another_recipe_is_refused(folder, tmp_path):
    train.train(replace(SMALL, epochs=1), folder=folder, saved=tmp_path / "run.npz", show=False)
    with pytest.raises(ValueError, match="another recipe"):
        train.train(SMALL, folder=folder, saved=tmp_path / "run.npz", show=False)
    assert train.place_of(SMALL) != train.place_of(replace(SMALL, epochs=1))


def command(folder: Path, saved: Path, *more: str) -> list[str]:
    settings = ["--hidden", "12", "--epochs", "40", "--batch", "8", "--folder", str(folder), "--saved", str(saved)]
    return [sys.executable, "-m", "toolbox", "train", "--data", "mnist", *settings, "--device", "cpu", *more]


def test_a_process_that_is_killed_goes_on_to_the_same_weights_by_the_same_command(folder, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT / "lib"), "OMP_NUM_THREADS": "1"}
    run = {"cwd": ROOT, "env": environment, "capture_output": True, "text": True}
    whole = subprocess.run(command(folder, tmp_path / "whole.npz"), **run)
    assert whole.returncode == 0, whole.stderr
    assert "mnist, 12 hidden units, 40 epochs, seed 0:" in whole.stdout and "of 30 test images right" in whole.stdout
    killed = subprocess.Popen(
        command(folder, tmp_path / "killed.npz"), cwd=ROOT, env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    limit = time.monotonic() + 120
    while not (tmp_path / "killed.npz").exists() and killed.poll() is None and time.monotonic() < limit:
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert checkpoint.load(tmp_path / "killed.npz")[1]["epoch"] < 40, "it was killed too late to show anything"
    again = subprocess.run(command(folder, tmp_path / "killed.npz"), **run)
    assert again.returncode == 0, again.stderr
    assert weights(tmp_path / "killed.npz") == weights(tmp_path / "whole.npz")


def test_the_command_says_in_a_line_what_is_wrong(folder, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT / "lib"), "OMP_NUM_THREADS": "1"}
    words = command(tmp_path / "nowhere", tmp_path / "run.npz")
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 2 and "holds no train-images-idx3-ubyte.gz" in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "run.npz").exists()


def test_a_write_that_fails_leaves_the_checkpoint_before_it(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    checkpoint.save(path, {"w": torch.ones(3)}, {"epoch": 1})
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(path, {"w": torch.zeros(3)}, {"epoch": 2})
    tensors, state = checkpoint.load(path)
    assert torch.equal(tensors["w"], torch.ones(3)) and state == {"epoch": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"], "half a checkpoint was left"


def test_a_checkpoint_keeps_every_bit_of_tensors_of_any_form(tmp_path):
    tensors = {"a": torch.randn(3, 4, dtype=torch.float64).T, "b": torch.arange(3), "c": torch.tensor(2.5)}
    checkpoint.save(tmp_path / "deep" / "run.npz", tensors, {"losses": [0.1, 1e-300], "name": "é"})
    found, settings = checkpoint.load(tmp_path / "deep" / "run.npz")
    assert settings == {"losses": [0.1, 1e-300], "name": "é"} and found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensors[name]) and found[name].dtype == tensors[name].dtype for name in tensors)


@pytest.mark.parametrize("data", [b"", b"PK\3\4 cut", b"text"])
def test_a_damaged_checkpoint_is_named_and_nothing_in_it_is_unpickled(tmp_path, data):
    (tmp_path / "run.npz").write_bytes(data)
    with pytest.raises(ValueError, match="run.npz is no checkpoint"):
        checkpoint.load(tmp_path / "run.npz")
    np.savez(tmp_path / "pickled.npz", settings=np.array("{}"), tensor_w=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="pickled.npz is no checkpoint"):
        checkpoint.load(tmp_path / "pickled.npz")
    with pytest.raises(FileNotFoundError):
        checkpoint.load(tmp_path / "none.npz")


def test_the_learning_rate_rises_for_an_epoch_and_falls_to_nothing():
    long = replace(SMALL, epochs=40, lr=0.5)
    assert train.rate(long, 0) == 0 and train.rate(long, 0.5) == pytest.approx(0.25, rel=1e-2)
    rates = [train.rate(long, now) for now in range(1, 41)]
    assert rates == sorted(rates, reverse=True) and rates[0] == pytest.approx(0.5, rel=1e-2)
    assert train.rate(long, 20) == pytest.approx(0.25) and rates[-1] == pytest.approx(0, abs=1e-12)
