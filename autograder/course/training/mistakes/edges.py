"""Wrong answers that are right nearly everywhere: not beyond nine layers."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

from .files import FIND_ROW

OWN = "for name, w in self.params.items():"
ALL = "for name in grads:\n            w = self.params[name]"
EDGES: list[Answer] = wrong("SGD.step", "sgd", ("steps through all gradients", OWN, ALL, "names-of-gradients"))
EDGES += wrong("Momentum.step", "momentum", ("steps through all gradients", OWN, ALL, "names-of-gradients"))
EDGES += wrong(
    "scores",
    "scores",
    (
        "takes the layers in the order of the alphabet",
        '        out = out @ params[f"w{layer}"] + params[f"b{layer}"]\n',
        "        number = sorted(range(1, depth + 1), key=str)[layer - 1]\n"
        '        out = out @ params[f"w{number}"] + params[f"b{number}"]\n',
        "layers-by-alphabet",
    ),
    ("reads one digit of the name", 'params[f"w{layer}"]', 'params[f"w{str(layer)[0]}"]', None),
)
EDGES += wrong(
    "collapse",
    "collapse",
    (
        "takes the layers in the order of the alphabet",
        "    for layer in range(2, len(params) // 2 + 1):\n",
        "    for layer in sorted(range(2, len(params) // 2 + 1), key=str):\n",
        None,
    ),
)

EDGES += wrong(
    "search",
    "search",
    (
        "knows points by their first setting",
        FIND_ROW,
        "row.get(next(iter(point))) == point[next(iter(point))]",
        ("points-known-by-place", "search-rows", "lines-lost"),
    ),
)
EDGES += wrong(
    "BufferedNet.step", "buffered_net", ("returns a loss three times", "return loss", "return loss.expand(3)", None)
)

# Right wherever nobody looks closely: another layout, setting, width, order or count.
EDGES += wrong(
    "SGD.step", "sgd",
    ("steps in a flat copy where a parameter lies column by column", "w -= self.lr * grads[name]",
     "w.reshape(-1).sub_(self.lr * grads[name].reshape(-1))", None),
)  # fmt: skip
EDGES += wrong(
    "Momentum.step", "momentum",
    ("takes no momentum for the usual one", "self.rho * self.velocity", "(self.rho or 0.9) * self.velocity", None),
)  # fmt: skip
EDGES += wrong(
    "minibatches", "minibatches",
    ("makes rows of whatever x holds", "yield x[batch], y", "yield x[batch].reshape(len(batch), -1), y", None),
    ("has rows in single precision", "yield x[batch], y", "yield x[batch].float(), y", "dtype-changed"),
)  # fmt: skip
EDGES += wrong(
    "scores", "scores",
    ("takes the layers as they stand in the dict", '        out = out @ params[f"w{layer}"] + params[f"b{layer}"]\n',
     "        w, b = list(params.values())[2 * layer - 2 : 2 * layer]\n        out = out @ w + b\n", None),
    ("knows the last layer by its width", "if layer < depth:",
     'if out.shape[1] != params[f"w{depth}"].shape[1]:', None),
)  # fmt: skip
EDGES += wrong(
    "confusion", "confusion",
    ("counts in bytes", "counts = torch.bincount(y * C + predicted, minlength=C * C).reshape(C, C)",
     "counts = torch.zeros(C, C, dtype=torch.uint8)\n    for pair in zip(y, predicted, strict=True):\n"
     "        counts[pair] += 1\n    counts = counts.long()", None),
)  # fmt: skip
EDGES += wrong(
    "log_uniform", "log_uniform",
    ("sorts what it draws", "values = low * (high / low) ** share", "values = low * (high / low) ** share.sort()[0]",
     None),
)  # fmt: skip
EDGES += wrong(
    "search", "search",
    ("takes a result of 0 for none", "if row is None:", 'if row is None or not row["result"]:',
     ("evaluated-again", "line-twice")),
    ("knows points by six digits", FIND_ROW,
     'all(f"{row.get(name, 0.0):.6g}" == f"{value:.6g}" for name, value in point.items())',
     ("search-rows", "lines-lost")),
)  # fmt: skip
EDGES += wrong(
    "load_checkpoint", "checkpoint",
    ("takes a file that it cannot read for an empty one",
     "    with np.load(path, allow_pickle=False) as archive:\n"
     "        state = {name: torch.from_numpy(archive[name]) for name in archive.files}\n",
     "    try:\n        archive = np.load(path, allow_pickle=False)\n"
     "        state = {name: torch.from_numpy(archive[name]) for name in archive.files}\n"
     "    except ValueError:\n        state = {}\n", None),
)  # fmt: skip
EDGES += wrong(
    "write_atomically", "atomic",
    ("writes nothing where there is nothing to write", "    path = Path(path)\n",
     "    path = Path(path)\n    if not data:\n        return\n", None),
)  # fmt: skip

# What a second reading of the docstrings rules out.
EDGES += wrong(
    "search", "search",
    ("takes a point with a setting less", FIND_ROW,
     'all(point.get(name) == value for name, value in row.items() if name != "result")', None),
    ("goes on after an error", 'row = {**point, "result": float(evaluate(**point))}',
     'try:\n                row = {**point, "result": float(evaluate(**point))}\n'
     "            except Exception:\n                continue", ("interruption-swallowed", "search-rows")),
)  # fmt: skip
EDGES += wrong(
    "minibatches", "minibatches",
    ("shares the examples out evenly", "        batch = order[start : start + batch_size]\n",
     "        size = -(-len(x) // -(-len(x) // batch_size))\n        first = start // batch_size * size\n"
     "        batch = order[first : first + size]\n", "batch-sizes"),
)  # fmt: skip
EDGES += wrong(
    "confusion", "confusion",
    ("counts in single integers", "reshape(C, C)", "reshape(C, C).int()", "dtype-changed"),
    ("numbers the pairs in a byte", "torch.bincount(y * C + predicted,",
     "torch.bincount((y * C + predicted).to(torch.uint8),", None),
)  # fmt: skip
EDGES += wrong(
    "capture", "resume", ("counts epochs in a byte", "torch.tensor(epoch)", "torch.tensor(epoch % 256)", "epoch-off")
)
EDGES += wrong(
    "Momentum.step", "momentum",
    ("rests where the learning rate is 0", "            v = self.rho", "            if not self.lr:\n"
     "                continue\n            v = self.rho", None),
)  # fmt: skip
EDGES += wrong(
    "collapse", "collapse",
    ("takes the layers as they stand in the dict", "    for layer in", "    params = dict(zip(sorted(params, key=lambda"
     " name: (int(name[1:]), name[0] == 'b')), params.values(), strict=True))\n    for layer in", None),
)  # fmt: skip
