"""Right answers to `training`, written otherwise than the solution, and small liberties."""

from __future__ import annotations

from pathlib import Path

import torch

from autograder.course.answers import Answer, liberty
from autograder.course.training.mistakes.notebook import EXPECTED, NET, PREDICTED, SMALL, X, Y, trained
from autograder.course.training.mistakes.optimisers import INIT, KEEP, LOOP, SGD_STEP, V, W

HERE = Path(__file__).parent
OPTIM = ("sgd", "momentum")
TRAINING = ("kaiming", "minibatches", "train_epoch", "scores", "confusion", "collapse", "log_uniform")
FILES = ("atomic", "checkpoint", "resume", "search")
BUFFERS = ("buffered_net", "buffers")
NOTES = ("predict", "ladder", "overfit", "trained")


def rearranged(params: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same net: the order of hidden units means nothing, and a ReLU lets a positive factor through."""
    order = torch.arange(len(params["b1"]) - 1, -1, -1)
    return params | {
        "w1": 2 * params["w1"][:, order], "b1": 2 * params["b1"][order], "w2": params["w2"][order] / 2,
    }  # fmt: skip


RIGHT: list[Answer] = [
    Answer("the solution itself", (*NOTES, *OPTIM, *TRAINING, *FILES, *BUFFERS)),
    Answer("optimisers in place", OPTIM, file=HERE / "inplace" / "optim.py"),
    Answer("training by lists and loops", TRAINING, file=HERE / "lists" / "training.py"),
    Answer("files by other means", FILES, file=HERE / "libraries" / "checkpoint.py"),
    Answer("buffers in the plain way", BUFFERS, file=HERE / "plain" / "buffers.py"),
    Answer("optimisers through NumPy's views", OPTIM, file=HERE / "numpy" / "optim.py"),
    Answer("training by NumPy and plain Python", TRAINING, file=HERE / "numpy" / "training.py"),
    Answer("files by the system's own calls", FILES, file=HERE / "numpy" / "checkpoint.py"),
    Answer("buffers one example at a time", BUFFERS, file=HERE / "rows" / "buffers.py"),
    liberty("a step by an index", "sgd", ("SGD.step", SGD_STEP, "w[...] = w - self.lr * grads[name]")),
    liberty("a step through data", "sgd", ("SGD.step", SGD_STEP, "w.data = w.data - self.lr * grads[name]")),
    liberty(
        "velocities made when they are first needed",
        "momentum",
        ("Momentum.__init__", INIT, "pass"),
        ("Momentum.step", V, "v = grads[name] + self.rho * self.velocity.get(name, torch.zeros_like(w))"),
    ),
    liberty(
        "a first velocity that is a copy of the gradient",
        "momentum",
        ("Momentum.__init__", INIT, "pass"),
        (
            "Momentum.step",
            V,
            "v = self.velocity[name].mul_(self.rho).add_(grads[name]) if name in self.velocity "
            "else grads[name].clone()",
        ),
    ),
    liberty(
        "the velocity kept before the step",
        "momentum",
        ("Momentum.step", KEEP, ""),
        ("Momentum.step", W, "self.velocity[name] = v\n            w.sub_(v * self.lr)"),
    ),
    liberty("names in reverse", "momentum", ("Momentum.step", LOOP, "for name, w in reversed(self.params.items()):")),
    liberty(
        "normal_",
        "kaiming",
        (
            "kaiming",
            "torch.randn(fan_in, fan_out, generator=generator, dtype=dtype) * (2 / fan_in) ** 0.5",
            "torch.empty(fan_in, fan_out, dtype=dtype).normal_(0, (2 / fan_in) ** 0.5, generator=generator)",
        ),
    ),
    liberty(
        "torch's own initialisation",
        "kaiming",
        (
            "kaiming",
            "torch.randn(fan_in, fan_out, generator=generator, dtype=dtype) * (2 / fan_in) ** 0.5",
            "torch.nn.init.kaiming_normal_(torch.empty(fan_out, fan_in, dtype=dtype), generator=generator).T",
        ),
    ),
    liberty(
        "batches by chunks of the order",
        "minibatches",
        (
            "minibatches",
            "    for start in range(0, len(x), batch_size):\n        batch = order[start : start + batch_size]\n",
            "    for batch in torch.split(order, batch_size):\n",
        ),
    ),
    liberty("losses as tensors", "train_epoch", ("train_epoch", "float(loss)", "loss.detach().clone()")),
    liberty("a ReLU by maximum", "scores", ("scores", "out.clamp(min=0)", "torch.maximum(out, torch.zeros_like(out))")),
    liberty(
        "counts by one-hot rows",
        "confusion",
        (
            "confusion",
            "torch.bincount(y * C + predicted, minlength=C * C).reshape(C, C)",
            "(torch.eye(C)[y].T @ torch.eye(C)[predicted]).long()",
        ),
    ),
    liberty(
        "counts by index_put",
        "confusion",
        (
            "confusion",
            "torch.bincount(y * C + predicted, minlength=C * C).reshape(C, C)",
            "torch.zeros(C, C, dtype=y.dtype).index_put_((y, predicted), torch.ones_like(y), accumulate=True)",
        ),
    ),
    liberty(
        "a net probed with ones and zeros",
        "collapse",
        (
            "collapse",
            'w, b = params["w1"], params["b1"]\n',
            'w = torch.eye(len(params["w1"]), dtype=params["w1"].dtype)\n'
            '    w, b = w @ params["w1"], params["b1"] + 0\n',
        ),
    ),
    liberty(
        "logarithms and back",
        "log_uniform",
        (
            "log_uniform",
            "low * (high / low) ** share",
            "(torch.tensor(low).double().log() * (1 - share) + torch.tensor(high).double().log() * share).exp()",
        ),
    ),
    liberty(
        "a loss that is a float",
        "buffered_net",
        ("BufferedNet.step", "return loss", "return None if loss is None else float(loss)"),
    ),
    liberty(
        "a mask of booleans", "buffers buffered_net", ("BufferedNet.step", "grad_h *= h.sign_()", "grad_h *= h > 0")
    ),
    liberty(
        "shutil to move the file",
        "atomic",
        ("write_atomically", "os.replace(temporary, path)", "__import__('shutil').move(temporary, path)"),
    ),
    liberty("a fixed temporary name", "atomic", ("write_atomically", '.{os.getpid()}.part"', '.tmp"')),
    liberty(
        "an archive that is compressed",
        "checkpoint",
        ("save_checkpoint", "np.savez(buffer, **{", "np.savez_compressed(buffer, **{"),
    ),
    liberty(
        "velocities filled in place",
        "resume",
        (
            "restore",
            'optimizer.velocity[name] = state[f"velocity/{name}"].clone().to(w.device)',
            'optimizer.velocity[name].copy_(state[f"velocity/{name}"])',
        ),
    ),
    liberty("rows that are copies", "search", ("search", "rows.append(row)", "rows.append(dict(row))")),
    Answer(
        "predicted with two digits",
        ("predict", "ladder"),
        notebook={
            "predicted": PREDICTED | {"sgd_w2": 0.6400001},
            "expected": EXPECTED | {"first_loss": 2.303, "steps": 20.0},
        },
    ),
    Answer(
        "predicted with notes",
        ("predict", "ladder"),
        notebook={"predicted": PREDICTED | {"note": "v2"}, "expected": EXPECTED | {"note": 1}},
    ),
    Answer(
        "predicted by running torch",
        ("predict", "ladder"),
        notebook={
            "predicted": {key: torch.tensor(number) for key, number in PREDICTED.items()},
            "expected": {key: torch.tensor([number]) for key, number in EXPECTED.items()},
        },
    ),
    Answer(
        "nets with their hidden units in another order and of another size",
        ("overfit", "trained"),
        notebook={"small": rearranged(SMALL), "net": rearranged(NET)},
    ),
    Answer(
        "nets in double precision",
        ("overfit", "trained"),
        notebook={"small": {k: w.double() for k, w in SMALL.items()}, "net": {k: w.double() for k, w in NET.items()}},
    ),
    Answer(
        "a narrow net, trained for longer",
        ("overfit", "trained"),
        notebook={"small": trained(X[:50], Y[:50], 400, H=30), "net": trained(X, Y, 900, H=40)},
    ),
]
