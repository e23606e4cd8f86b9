"""The fast step learns what autograd learns, allocates nothing, and would run on a GPU as it stands."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from autograder.bench.engine import reference
from autograder.judging.judge import Judge
from autograder.masters import regions, sources
from autograder.records.hand_in import HandIn
from autograder.records.receipt import Receipt
from toolbox.datasets.digits import load_digits

ROOT = Path(__file__).resolve().parents[3]
fast = reference("fast")


def pair(N, D, H, C, *, lr, rho=0.9, reg=0.0, dtype=torch.float64):
    """The fast net, and PyTorch's net with the same weights, its optimiser and its step."""
    torch.manual_seed(3)
    net = torch.nn.Sequential(torch.nn.Linear(D, H), torch.nn.ReLU(), torch.nn.Linear(H, C)).to(dtype)
    weights, biases = [net[0].weight, net[2].weight], [net[0].bias, net[2].bias]
    optimiser = torch.optim.SGD([{"params": weights, "weight_decay": 2 * reg}, {"params": biases}], lr=lr, momentum=rho)
    mine = fast.FastNet(N, D, H, C, rho=rho, reg=reg, dtype=dtype)
    copy(net, mine)

    def step(x, y):
        optimiser.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        total = loss.detach() + reg * sum((w.detach() ** 2).sum() for w in weights)
        optimiser.step()
        return total

    return mine, net, step


def copy(net, mine):
    mine.w1.copy_(net[0].weight.detach().T)
    mine.b1.copy_(net[0].bias.detach())
    mine.w2.copy_(net[2].weight.detach().T)
    mine.b2.copy_(net[2].bias.detach())


def apart(mine, net):
    """The largest difference between the parameters of the two."""
    pairs = zip([mine.w1.T, mine.b1, mine.w2.T, mine.b2], net.parameters(), strict=True)
    return max(float((a - b.detach()).abs().max()) for a, b in pairs)


@pytest.mark.parametrize("reg", [0.0, 1e-3])
def test_after_300_steps_on_the_digits_float64_parameters_equal_autograds_to_twelve_digits(reg):
    x, y = load_digits("train")
    wide = fast.with_ones(x)
    mine, net, step = pair(64, 64, 50, 10, lr=0.1, reg=reg)
    start = mine.parameters.clone()
    for number in range(300):
        rows = torch.arange(number * 64, number * 64 + 64) % len(x)
        theirs, ours = step(x[rows], y[rows]), mine.step(wide[rows], y[rows], 0.1)
        assert abs(theirs - ours) <= 1e-12
    assert apart(mine, net) <= 1e-12
    assert (mine.parameters - start).abs().max() > 0.1, "nothing was learnt, so nothing was compared"


@pytest.mark.parametrize("shape", [(1, 3, 4, 2), (7, 8, 5, 3), (16, 13, 24, 11)])
def test_awkward_shapes_agree_with_autograd(shape):
    N, D, H, C = shape
    mine, net, step = pair(*shape, lr=0.05, reg=0.01)
    generator = torch.Generator().manual_seed(1)
    for _ in range(20):
        x = torch.randn(N, D, generator=generator, dtype=torch.float64)
        y = torch.randint(0, C, (N,), generator=generator)
        assert abs(step(x, y) - mine.step(fast.with_ones(x), y, 0.05)) <= 1e-12
    assert apart(mine, net) <= 1e-12
    x = torch.randn(2 * N + 1, D, generator=generator, dtype=torch.float64)
    assert torch.allclose(mine.scores(fast.with_ones(x)), net(x).detach(), rtol=0, atol=1e-12)


def test_float32_losses_equal_autograds_to_six_digits():
    x, y = load_digits("train", limit=64, dtype=torch.float32)
    wide = fast.with_ones(x)
    mine, _, step = pair(64, 64, 256, 10, lr=0.1, dtype=torch.float32)
    for _ in range(30):
        assert abs(step(x, y) - mine.step(wide, y, 0.1)) <= 1e-6


def test_scores_of_a_thousand_give_a_finite_loss_and_finite_parameters():
    mine = fast.FastNet(4, 3, 5, 3)
    mine.w1.fill_(1)
    mine.w2.copy_(torch.tensor([[300.0, -300.0, 0.0]] * 5))
    loss = mine.step(fast.with_ones(torch.ones(4, 3)), torch.tensor([1, 0, 1, 2]), 0.01)
    assert loss > 1000 and torch.isfinite(loss) and torch.isfinite(mine.parameters).all()


def test_the_learning_rate_may_change_from_step_to_step():
    x, y = load_digits("train", limit=32)
    mine, net, step = pair(32, 64, 20, 10, lr=0.5)
    for lr in (0.5, 0.25, 0.125):
        mine.step(fast.with_ones(x), y, lr)
    # SGD's velocity holds no learning rate, so a net of lr 0.5 whose rate is lowered goes the same way
    optimiser = torch.optim.SGD(net.parameters(), lr=0.5, momentum=0.9)
    for lr in (0.5, 0.25, 0.125):
        optimiser.param_groups[0]["lr"] = lr
        optimiser.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimiser.step()
    assert apart(mine, net) <= 1e-12


def test_dropout_leaves_out_the_same_units_forward_and_backward():
    torch.manual_seed(0)
    N, D, H, C = 6, 5, 400, 3
    mine = fast.FastNet(N, D, H, C, rho=0.0, drop=0.3, dtype=torch.float64)
    for part in (mine.w1, mine.b1, mine.w2, mine.b2):
        part.normal_()
    w1, b1, w2, b2 = (part.clone().requires_grad_() for part in (mine.w1, mine.b1, mine.w2, mine.b2))
    x, y = torch.randn(N, D, dtype=torch.float64), torch.tensor([0, 1, 2, 0, 1, 2])
    loss = mine.step(fast.with_ones(x), y, 1.0)
    assert set(mine.mask.unique().tolist()) == {0.0, 1 / 0.7}
    assert abs((mine.mask == 0).double().mean() - 0.3) < 0.03
    theirs = F.cross_entropy(((x @ w1 + b1).relu() * mine.mask.T) @ w2 + b2, y)
    grads = torch.autograd.grad(theirs, (w1, b1, w2, b2))
    assert abs(loss - theirs) <= 1e-12
    ours = (mine.w1, mine.b1, mine.w2, mine.b2)
    for new, old, grad in zip(ours, (w1, b1, w2, b2), grads, strict=True):
        assert torch.allclose(new, old.detach() - grad, rtol=0, atol=1e-12)


def test_another_mask_is_drawn_at_each_step_and_none_for_scores():
    mine = fast.FastNet(4, 3, 50, 2, drop=0.5)
    mine.w1.fill_(1)
    mine.w2.fill_(1)
    x = fast.with_ones(torch.ones(4, 3))
    masks = []
    for _ in range(2):
        mine.step(x, torch.zeros(4).long(), 0.0)
        masks.append(mine.mask.clone())
    assert not torch.equal(*masks)
    assert torch.equal(mine.scores(x), torch.full((4, 2), 150.0))


def test_the_batch_is_left_as_it_is_and_a_batch_of_another_form_is_refused():
    mine = fast.FastNet(4, 3, 5, 2)
    x, y = fast.with_ones(torch.randn(4, 3)), torch.tensor([0, 1, 1, 0])
    before = x.clone(), y.clone()
    mine.step(x, y, 0.1)
    assert torch.equal(x, before[0]) and torch.equal(y, before[1])
    for wrong_x, wrong_y in [(x[:, :3], y), (x[:3], y[:3]), (x, y[:3])]:
        with pytest.raises(ValueError, match="with_ones"):
            mine.step(wrong_x, wrong_y, 0.1)


class NewMemory(TorchDispatchMode):
    """The largest array, in numbers, that an operation made anew."""

    def __init__(self):
        super().__init__()
        self.largest, self.made = 0, []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        known = {t.untyped_storage().data_ptr() for t in [*args, *kwargs.values()] if isinstance(t, torch.Tensor)}
        result = function(*args, **kwargs)
        if isinstance(result, torch.Tensor) and result.untyped_storage().data_ptr() not in known:
            self.made.append((str(function), result.numel()))
            self.largest = max(self.largest, result.numel())
        return result


def test_a_step_makes_no_array_larger_than_the_losses_of_its_batch():
    mine = fast.FastNet(16, 40, 30, 10)
    x, y = fast.with_ones(torch.randn(16, 40)), torch.arange(16) % 10
    with NewMemory() as watch:
        mine.step(x, y, 0.1)
    assert watch.made and watch.largest <= 16, watch.made


@pytest.mark.parametrize("options", [{}, {"reg": 1e-3, "drop": 0.3}])
def test_every_array_of_a_step_lives_on_the_device_that_was_asked_for(options):
    # "meta" stands in for a GPU: arrays without memory, which no operation mixes with the CPU's
    mine = fast.FastNet(8, 5, 6, 3, device="meta", **options)
    x, y = torch.randn(8, 5, device="meta"), torch.zeros(8, dtype=torch.int64, device="meta")
    loss = mine.step(fast.with_ones(x), y, 0.1)
    assert loss.device.type == "meta" and loss.shape == ()
    assert mine.scores(fast.with_ones(x)).device.type == "meta"
    assert {value.device.type for value in vars(mine).values() if isinstance(value, torch.Tensor)} == {"meta"}
    mine.minus_mean = mine.minus_mean.new_zeros(8, device="cpu")
    with pytest.raises(RuntimeError):  # the check can fail
        mine.step(fast.with_ones(x), y, 0.1)


class Recorder(TorchDispatchMode):
    """Stands in for a CUDA graph: keeps the operations while it records, on the arrays of that time, and runs none."""

    def __init__(self):
        super().__init__()
        self.operations = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        touched = [t for t in [*args, *kwargs.values()] if isinstance(t, torch.Tensor)]
        before = [t.clone() for t in touched]
        result = function(*args, **kwargs)
        for tensor, value in zip(touched, before, strict=True):
            if function._schema.is_mutable:
                tensor.copy_(value)
        self.operations.append((function, args, kwargs, result))
        return result

    def replay(self):
        for function, args, kwargs, result in self.operations:
            new = function(*args, **kwargs)
            if new.data_ptr() != result.data_ptr():
                result.copy_(new)


@pytest.fixture
def graphs(monkeypatch):
    """torch.cuda's graphs, played on the CPU; the list of those recorded."""
    recorded = []

    class Stream:
        def wait_stream(self, other):
            pass

    @contextmanager
    def nothing(*_):
        yield

    def record(graph):
        recorded.append(graph)
        return graph

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "current_stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", nothing)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Recorder)
    monkeypatch.setattr(torch.cuda, "graph", record)
    return recorded


class Pretends(fast.FastNet):
    """A net on the CPU that takes the GPU's way through `step`."""

    def step(self, x, y, lr):
        self.parameters = self.parameters.as_subclass(OnGpu)
        return super().step(x, y, lr)


class OnGpu(torch.Tensor):
    is_cuda = True
    __torch_function__ = torch._C._disabled_torch_function_impl


@pytest.mark.parametrize("reg", [0.0, 1e-2])
def test_a_recorded_step_reads_each_new_batch_and_learns_what_the_plain_one_learns(graphs, reg):
    shape = (8, 5, 6, 3)
    plain, graphed = fast.FastNet(*shape, reg=reg), Pretends(*shape, reg=reg)
    torch.manual_seed(0)
    plain.parameters.normal_()
    graphed.parameters.copy_(plain.parameters)
    for lr in (0.1, 0.1, 0.1, 0.05, 0.05):
        x, y = fast.with_ones(torch.randn(8, 5)), torch.randint(0, 3, (8,))
        assert torch.allclose(plain.step(x, y, lr), graphed.step(x, y, lr), atol=1e-6)
        assert torch.allclose(plain.parameters, torch.Tensor(graphed.parameters), atol=1e-6)
    assert len(graphs) == 2, "one graph for each learning rate in a row"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_graph_learns_what_the_cpu_learns():
    shape = (64, 30, 50, 10)
    cpu, gpu = (fast.FastNet(*shape, dtype=torch.float64, device=device) for device in ("cpu", "cuda"))
    torch.manual_seed(0)
    cpu.parameters.normal_(std=0.1)
    gpu.parameters.copy_(cpu.parameters)
    for number in range(300):
        x, y = fast.with_ones(torch.randn(64, 30, dtype=torch.float64)), torch.randint(0, 10, (64,))
        lr = 0.1 if number < 200 else 0.05
        assert abs(cpu.step(x, y, lr) - gpu.step(x.cuda(), y.cuda(), lr).cpu()) < 1e-10
    assert (cpu.parameters - gpu.parameters.cpu()).abs().max() < 1e-10


def test_the_module_is_given_whole_and_holds_no_line_of_any_answer():
    masters = sources.read(ROOT)
    module = masters.modules["fast"]
    assert module.regions == []
    assert (ROOT / "lib" / "backprop" / "fast.py").read_text() == module.text
    lines = {line.text.strip() for line in module.lines}
    for other in masters.modules.values():
        for line in regions.inside(other.lines, other.regions):
            text = line.text.strip()  # a short one, such as `N, D = x.shape`, gives nothing away
            assert len(text) < 20 or text not in lines, f"{other.path}:{line.number}: {text}"


def test_a_worker_has_no_use_for_the_given_module_whatever_became_of_the_students_copy():
    judge = Judge(ROOT, "flat", seed="any")
    assert "fast" in judge.view.absent and "backprop.fast" not in judge.view.modules
    hand_in = HandIn("ada", "flat", Receipt("ada", "flat"), b"", {"flat": b"mine = 1", "fast": b"raise SystemExit"})
    assert judge.files(hand_in) == {"lib/backprop/flat.py": b"mine = 1"}
