"""Wrong answers that are right nearly everywhere: not beyond nine layers."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

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
        "all(row.get(name) == value for name, value in point.items())",
        "row.get(next(iter(point))) == point[next(iter(point))]",
        ("points-known-by-place", "search-rows", "lines-lost"),
    ),
)
EDGES += wrong(
    "BufferedNet.step", "buffered_net", ("returns a loss three times", "return loss", "return loss.expand(3)", None)
)
