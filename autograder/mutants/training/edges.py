"""Wrong answers that are right nearly everywhere: not beyond nine layers."""

from __future__ import annotations

from autograder.mutants import Answer, wrong

EDGES: list[Answer] = wrong(
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
) + wrong(
    "collapse",
    "collapse",
    (
        "takes the layers in the order of the alphabet",
        "    for layer in range(2, len(params) // 2 + 1):\n",
        "    for layer in sorted(range(2, len(params) // 2 + 1), key=str):\n",
        None,
    ),
)
