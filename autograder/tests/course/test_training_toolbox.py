"""What the toolbox gives to `training`: rehearsals, references, landscapes, splits, pictures; the bench's accuracy."""

from __future__ import annotations

import builtins
import math

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pytest
import torch

from autograder.bench import accuracy
from toolbox import draw
from toolbox.checks.reference.training import net_path, path, sequential, velocity
from toolbox.datasets import splits
from toolbox.draw import live_plot
from toolbox.given import small_disk
from toolbox.given.landscapes import LANDSCAPES, walk
from toolbox.probes import allocations, elsewhere


@pytest.fixture(autouse=True)
def no_figure_left_open():
    yield
    plt.close("all")


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def steps(count):
    return [{"w": normal(3, 2, seed=k), "b": normal(2, seed=50 + k)} for k in range(count)]


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}])
def test_the_reference_path_is_that_of_torch_optim(options):
    start, rates = {"w": normal(3, 2, seed=9), "b": normal(2, seed=8)}, [0.3 * 0.9**k for k in range(20)]
    params = {name: w.clone().requires_grad_() for name, w in start.items()}
    optimizer = torch.optim.SGD(params.values(), lr=0.1, **options)
    for grads, rate in zip(steps(20), rates, strict=True):
        optimizer.param_groups[0]["lr"] = rate
        for name, w in params.items():
            w.grad = grads[name]
        optimizer.step()
    found = path(start, steps(20), rates, **options)[-1]
    assert all(torch.equal(found[name], params[name]) for name in params)


def test_the_reference_velocity_is_the_sum_of_fading_gradients():
    given = steps(6)
    true = sum(0.7 ** (5 - k) * grads["w"] for k, grads in enumerate(given))
    torch.testing.assert_close(velocity({"w": normal(3, 2), "b": normal(2)}, given, 0.7)["w"], true)


def test_the_reference_net_learns_and_its_layers_are_the_parameters():
    params = {"w1": normal(4, 6), "b1": normal(6), "w2": normal(6, 3, seed=1), "b2": normal(3)}
    x, y = normal(20, 4, seed=5), torch.arange(20) % 3
    losses, _ = net_path(params, [(x, y)] * 40, lr=0.1, rho=0.9, reg=0.0)
    assert losses[-1] < 0.5 * losses[0]
    by_hand = (x @ params["w1"] + params["b1"]).clamp(min=0) @ params["w2"] + params["b2"]
    torch.testing.assert_close(sequential(params)(x), by_hand)


class Downhill:
    def __init__(self, params, lr):
        self.params, self.lr = params, lr

    def step(self, grads):
        for name, w in self.params.items():
            w.sub_(grads[name], alpha=self.lr)


@pytest.mark.parametrize("name", LANDSCAPES)
def test_a_walk_begins_at_the_start_goes_down_and_sees_the_same_noise_again(name):
    land = LANDSCAPES[name]
    walked = walk(land, Downhill)
    assert walked.shape == (land.steps + 1, 2) and walked[0].tolist() == list(land.start)
    assert land.loss(*walked[-1]) < land.loss(*walked[0])
    assert torch.equal(walked, walk(land, Downhill))


def test_splits_hold_every_digit_once_and_a_contiguous_one_is_in_one_piece():
    for how in ("random", "contiguous"):
        (x, y), (x_test, y_test) = splits.split_digits(how, seed=2)
        assert len(y) == 1438 and len(y_test) == 359 and x.shape == (1438, 64)
        pixels = torch.cat([x, x_test]).sum(dim=0)
        whole = torch.cat([part for part, _ in splits.split_digits("contiguous")]).sum(dim=0)
        torch.testing.assert_close(pixels, whole)
    first, second = (splits.split_digits("contiguous", seed=seed)[1][0] for seed in (0, 1))
    order = torch.cat([part for part, _ in splits.split_digits("contiguous", seed=0)])
    assert torch.equal(order[-359:], first) and torch.equal(order[-718:-359], second)
    with pytest.raises(ValueError, match="random"):
        splits.split_digits("by writer")


def test_pictures_show_what_they_are_given():
    paths = {name: {"SGD": walk(land, Downhill)} for name, land in LANDSCAPES.items()}
    windows = {name: land.window for name, land in LANDSCAPES.items()}
    figure = draw.show_paths({name: land.loss for name, land in LANDSCAPES.items()}, paths, windows)
    assert [ax.get_title() for ax in figure.axes[:4]] == list(LANDSCAPES)
    figure = draw.show_signals(
        {"a": {1: normal(9, 9), 4: torch.zeros(9, 9)}, "b": {1: normal(9, 9) * math.inf, 4: normal(3)}}
    )
    assert [ax.get_title() for ax in figure.axes] == ["layer 1", "layer 4", "", ""]
    assert "zero 100%" in figure.axes[1].texts[0].get_text() and "inf" in figure.axes[2].texts[0].get_text()
    figure = draw.show_confusion(torch.tensor([[5, 2], [0, 7]]), ("cat", "dog"))
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["2", "5", "7"]
    rows = [{"lr": 0.1 * k, "reg": 0.01 * k, "result": 0.1 * k} for k in (1, 2, 3)]
    assert "best 30.0%" in draw.show_search({"grid": rows, "random": rows[:2]}).axes[0].get_title()
    figure = draw.show_times({"small": {"autograd": 2e-3, "mine": 1e-3}}, against="autograd")
    assert "× 0.50" in figure.axes[0].texts[1].get_text()
    assert len(draw.show_learning({"loss": {"a": [1, 0.1]}, "accuracy": {"a": [0.5], "b": [0.6]}}).axes) == 2
    figure = draw.show_regions({"left or right": lambda x: x}, torch.tensor([[1.0, 0], [0, 1]]), torch.tensor([0, 1]))
    assert "100% right" in figure.axes[0].get_title()


def test_nobody_watches_here_so_the_bar_is_silent_and_the_curve_is_drawn_at_its_end(capsys, monkeypatch):
    drawn = []
    monkeypatch.setattr(live_plot.LiveCurve, "_draw", lambda curve: drawn.append(len(curve.points["loss"])))
    curve = live_plot.LiveCurve("loss", "accuracy")
    for step in live_plot.progress(range(5), "training"):
        curve.add(loss=1 / (step + 1), accuracy=step / 5)
    curve.show()
    assert drawn == [5] and capsys.readouterr() == ("", "")
    assert [len(ax.lines[0].get_xdata()) for ax in curve.figure().axes] == [5, 5]


def test_moved_images_lose_nothing_but_what_leaves():
    x = torch.rand(200, 64) * (torch.ones(8, 8) - 0).flatten()
    out = accuracy.moved(x, torch.Generator().manual_seed(0))
    kinds = [x.view(-1, 8, 8).roll(way, dims=(1, 2)) for way in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))]
    inner = torch.stack([(out.view(-1, 8, 8) - kind)[:, 1:-1, 1:-1].abs().amax(dim=(1, 2)) for kind in kinds])
    assert inner.amin(dim=0).max() == 0
    counts = torch.bincount(inner.argmin(dim=0), minlength=5)
    assert counts[0] > 60 and counts[1:].min() > 8


def test_the_net_reads_the_digits_after_a_few_epochs_and_the_same_seed_reads_the_same():
    found = accuracy.net_accuracy(0, epochs=4)
    assert found > 0.93 and accuracy.net_accuracy(0, epochs=4) == found


def test_without_scikit_learn_its_figures_are_null_and_say_why(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.split(".")[0] == "sklearn":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(accuracy, "net_accuracy", lambda seed: 0.98 + seed / 1000)
    found = {entry["name"]: entry for entry in accuracy.measure()}
    assert found["digits_accuracy"]["value"] == 0.98 and found["digits_accuracy"]["reach"] == 0.97
    assert found["digits_svm"]["value"] is None and "scikit-learn" in found["digits_svm"]["detail"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_training_on_a_gpu_ends_where_training_on_a_cpu_does():
    flat, optim, training = accuracy.solutions()
    ends = []
    for device in ("cpu", "cuda"):
        params = training.init_params((64, 30, 10), torch.Generator().manual_seed(0), device, torch.float64)
        (x, y), _ = splits.split_digits("random", dtype=torch.float64)
        training.fit(
            params, optim.Momentum(params, lr=0.1), x.to(device), y.to(device),
            lambda x, y, params: flat.net_softmax(x=x, y=y, **params, reg=0.0), epochs=2, batch_size=64,
            generator=torch.Generator().manual_seed(1),
        )  # fmt: skip
        ends.append(params["w1"].cpu())
    torch.testing.assert_close(*ends, rtol=1e-9, atol=1e-9)


def test_only_tensors_in_new_memory_count_as_made():
    a, out = torch.randn(50, 40), torch.empty(50, 40)

    def in_place():
        torch.mul(a, 2, out=out)
        out.add_(a).clamp_(min=0)
        return out[:10].T.mul_(3).shape

    assert allocations.made_by(in_place) == [(40, 10), []]
    assert allocations.made_by(lambda: (a[:5] * 2, a[0, 0] + 1)[1].shape)[1] == [5 * 40 * 4, 4]


@pytest.mark.skipif(small_disk.resource is None, reason="no such limits on this system")
def test_a_full_disk_stops_writing_half_way_and_only_inside(tmp_path):
    target = tmp_path / "file"
    with pytest.raises(OSError), small_disk.full_disk(room=100):
        target.write_bytes(b"x" * 1000)
    assert target.stat().st_size == 100
    target.write_bytes(b"x" * 1000)
    assert target.stat().st_size == 1000


def test_a_tensor_that_is_elsewhere_is_read_by_numpy_only_after_a_copy_to_the_cpu():
    import numpy as np

    away = normal(3).as_subclass(elsewhere.Elsewhere)
    for read in (lambda t: t.numpy(), np.asarray, lambda t: t.detach().clone().numpy(), lambda t: (t + 1).numpy()):
        with pytest.raises(elsewhere.NotOnTheCPU):
            read(away)
    for copy in (lambda t: t.cpu(), lambda t: t.to("cpu"), lambda t: t.detach().to(device=torch.device("cpu"))):
        assert np.array_equal(copy(away).numpy(), normal(3).numpy())
