"""Wrong answers to the items on graphs."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

PRODUCT = "grad_x, grad_y = grad_out * y, grad_out * x"
PARTS = "torch.split(grad_out, self.cache, dim=-1)"
JOIN = "torch.cat(inputs, dim=-1)"

READY = "                if missing[reader] == 0:\n                    order.append(reader)\n"
COUNT = "missing = {name: len(node.sources) for name, node in self.nodes.items()}"
UNKNOWN = """                if source not in readers:
                    raise ValueError(f"node {name!r} reads {source!r}, which is neither a node nor an input")
                readers[source].append(name)
"""
STUCK = """            raise ValueError(f"there is a cycle: {stuck} wait for one another")
"""
SHORT = "        if len(order) < len(readers):\n"
ORDER = "        order = list(self.inputs)\n        for name in order:\n"

VALUE = "values[name] = node.op.forward(*[values[source] for source in node.sources])"
ADD = "grads[source] = grads[source] + grad if source in grads else grad"
START = "        grads = dict(grad_out)\n"
WALK = "for name in reversed(self.order()):"
PAIRS = "zip(node.sources, downstream, strict=True)"
SKIP = """            if name in self.inputs or name not in grads:
                continue
"""


def walk(*lines: str) -> str:
    """Lines of a method's body."""
    return "".join(f"        {line}\n" for line in lines)


GRADS = START + walk(
    WALK,
    "    if name in self.inputs or name not in grads:",
    "        continue",
    "    node = self.nodes[name]",
    "    downstream = node.op.backward(grads[name])",
    "    if isinstance(downstream, Tensor):",
    "        downstream = (downstream,)",
    f"    for source, grad in {PAIRS}:",
    "        # A new sum, never +=: an op may have handed the same tensor to two sources.",
    f"        {ADD}",
)
FORWARD = walk(
    "for name in self.order():",
    "    if name in self.inputs:",
    "        values[name] = inputs[name]",
    "    else:",
    "        node = self.nodes[name]",
    f"        {VALUE}",
)
EVERY_PATH = walk(
    "grads, waiting = {}, list(grad_out.items())",
    "while waiting:",
    "    name, grad = waiting.pop(0)",
    "    grads[name] = grads[name] + grad if name in grads else grad",
    "    if name in self.nodes:",
    "        downstream = self.nodes[name].op.backward(grad)",
    "        downstream = (downstream,) if isinstance(downstream, Tensor) else downstream",
    "        waiting += zip(self.nodes[name].sources, downstream)",
)
TOO_EARLY = EVERY_PATH.replace("op.backward(grad)", "op.backward(grads[name])")
ONE_VISIT = walk(
    "grads, waiting, gone = dict(grad_out), list(grad_out), set()",
    "while waiting:",
    "    name = waiting.pop(0)",
    "    if name in gone or name not in self.nodes:",
    "        continue",
    "    gone.add(name)",
    "    downstream = self.nodes[name].op.backward(grads[name])",
    "    downstream = (downstream,) if isinstance(downstream, Tensor) else downstream",
    "    for source, grad in zip(self.nodes[name].sources, downstream):",
    "        grads[source] = grads[source] + grad if source in grads else grad",
    "        waiting.append(source)",
)
KEPT = "        grads = self.grads = getattr(self, 'grads', {})\n        for name, grad in grad_out.items():\n" + (
    "            grads[name] = grads[name] + grad if name in grads else grad\n"
)
DEEP_ORDER = walk(
    "order = list(self.inputs)",
    "def visit(name, path):",
    "    if name in path:",
    "        raise ValueError(f'{name} waits for itself')",
    "    if name not in order:",
    "        if name not in self.nodes:",
    "            raise ValueError(f'no node {name}')",
    "        for source in self.nodes[name].sources:",
    "            visit(source, (*path, name))",
    "        order.append(name)",
    "for name in self.nodes:",
    "    visit(name, ())",
)
KAHN = (
    "        readers: dict[str, list[str]] = {name: [] for name in (*self.inputs, *self.nodes)}\n"
    "        for name, node in self.nodes.items():\n"
    "            for source in node.sources:\n" + UNKNOWN + f"        {COUNT}\n" + ORDER
    + "            for reader in readers[name]:\n                missing[reader] -= 1\n" + READY + SHORT
    + '            stuck = ", ".join(repr(name) for name in readers if name not in order)\n' + STUCK
)  # fmt: skip

A, H = 'graph.add(f"{name}.a", first, source)', 'graph.add(f"{name}.h", activation, a)'
R, LAST = 'graph.add(f"{name}.r", second, h)', "graph.add(name, Add(), source, r)"

GRAPH: list[Answer] = [
    *wrong(
        "graph:Multiply.backward",
        "graph_ops",
        ("does not swap the factors", PRODUCT, "grad_x, grad_y = grad_out * x, grad_out * y", "mul-gate-not-swapped"),
        ("passes the upstream gradient on", PRODUCT, "grad_x, grad_y = grad_out, grad_out", "graph-upstream-alone"),
        ("returns the local gradients", PRODUCT, "grad_x, grad_y = y, x", "local-gradient-only"),
        ("returns one gradient", "return grad_x, grad_y", "return grad_x", None),
        ("flips a sign", PRODUCT, "grad_x, grad_y = grad_out * y, -grad_out * x", "sign-flipped"),
        (
            "multiplies in place",
            PRODUCT,
            "grad_x, grad_y = grad_out * y, grad_out.clone().mul_(x)\n        x.mul_(grad_out)",
            ("input-changed", "factor-two-extra"),
        ),
        ("is off by one part in ten thousand", PRODUCT, PRODUCT + " * 1.0001", None),
    ),
    *wrong(
        "graph:Multiply.forward",
        "graph_ops",
        ("adds", "z = x * y", "z = x + y", None),
        ("keeps the product", "self.cache = x, y", "self.cache = x * y, y", None),
    ),
    *wrong(
        "graph:Concat.forward",
        "graph_ops",
        ("stacks the rows", JOIN, "torch.cat([x[:, :2] for x in inputs], dim=0)", "graph-concat-axis"),
        ("joins two at most", JOIN, "torch.cat(inputs[:2], dim=-1)", None),
        ("joins the other way round", JOIN, "torch.cat(inputs[::-1], dim=-1)", None),
    ),
    *wrong(
        "graph:Concat.backward",
        "graph_ops",
        ("cuts into equal parts", PARTS, "torch.chunk(grad_out, len(self.cache), dim=-1)", None),
        (
            "cuts from the end",
            PARTS,
            "torch.split(grad_out, self.cache[::-1], dim=-1)[::-1]",
            "graph-concat-wrong-part",
        ),
        (
            "cuts at the widths",
            PARTS,
            "torch.tensor_split(grad_out, self.cache[:-1], dim=-1)",
            "graph-concat-wrong-part",
        ),
        ("gives the whole to everyone", PARTS, "[grad_out for _ in self.cache]", "graph-concat-whole"),
        (
            "begins at zero every time",
            PARTS,
            "[grad_out[..., :width] for width in self.cache]",
            "graph-concat-wrong-part",
        ),
        (
            "ends at the end every time",
            PARTS,
            "[grad_out[..., -width:] for width in self.cache]",
            "graph-concat-wrong-part",
        ),
        ("gives nothing back", PARTS, "[grad_out[..., :width] * 0 for width in self.cache]", "all-zeros"),
        ("forgets the second cut", PARTS, "(grad_out[..., : self.cache[0]], grad_out[..., self.cache[0] :])", None),
    ),
    *wrong(
        "Graph.order",
        "graph_order",
        (
            "lists names as they were added",
            ORDER,
            "        return [*self.inputs, *self.nodes]\n" + ORDER,
            ("graph-order-too-early", "graph-circle-unnoticed", "graph-unknown-unnoticed"),
        ),
        ("turns it round", STUCK, STUCK + "        order.reverse()\n", "graph-order-backwards"),
        (
            "takes a node with its first source",
            "missing[reader] -= 1",
            "missing[reader] = 0 if reader not in order else -1",
            ("graph-order-too-early", "graph-circle-unnoticed"),
        ),
        (
            "takes a node with every source",
            READY,
            "                order.append(reader)\n                assert len(order) < 999\n",
            ("graph-order-doubled", "graph-error-unclear"),
        ),
        (
            "forgets the inputs",
            STUCK,
            STUCK + "        order = [name for name in order if name in self.nodes]\n",
            "graph-order-incomplete",
        ),
        (
            "forgets what nobody reads",
            STUCK,
            STUCK + "        order = [n for n in order if readers[n]]\n",
            "graph-order-incomplete",
        ),
        ("does not notice circles", SHORT, "        if False:\n", "graph-circle-unnoticed"),
        (
            "asks in vain for circles",
            STUCK,
            "            raise ValueError('this graph has a cycle')\n",
            "graph-error-unclear",
        ),
        ("gives up by an assertion", STUCK, "            assert not stuck, stuck\n", "graph-error-unclear"),
        (
            "leaves unknown names out",
            UNKNOWN,
            "                if source in readers:\n                    readers[source].append(name)\n",
            ("graph-error-unclear", "graph-unknown-unnoticed"),
        ),
        (
            "counts each source once",
            COUNT,
            "missing = {name: len(set(node.sources)) for name, node in self.nodes.items()}",
            "graph-order-too-early",
        ),
        (
            "keeps the order of the first time",
            "        return order",
            "        self.sorted = getattr(self, 'sorted', order)\n        return self.sorted",
            "graph-order-incomplete",
        ),
        ("lets a KeyError speak", UNKNOWN, "                readers[source].append(name)\n", "graph-error-unclear"),
        (
            "takes unknown names for inputs",
            UNKNOWN,
            "                if source not in readers:\n                    "
            "continue\n                readers[source].append(name)\n",
            ("graph-unknown-unnoticed", "graph-error-unclear"),
        ),
    ),
    *wrong(
        "Graph.forward",
        "graph_forward",
        (
            "reads its sources in sorted order",
            VALUE,
            VALUE.replace("in node.sources", "in sorted(node.sources)"),
            "graph-sources-swapped",
        ),
        (
            "reads its sources the other way round",
            VALUE,
            VALUE.replace("node.sources", "node.sources[::-1]"),
            "graph-sources-swapped",
        ),
        ("reads each source once", VALUE, VALUE.replace("node.sources", "dict.fromkeys(node.sources)"), None),
        (
            "reads the first source only",
            VALUE,
            "values[name] = node.op.forward(*[values[node.sources[0]]] * len(node.sources))",
            "graph-first-source-only",
        ),
        (
            "hands on what came last",
            VALUE,
            "values[name] = node.op.forward(*[list(values.values())[-1]] * len(node.sources))",
            ("graph-first-source-only", None),
        ),
        ("runs every op twice", VALUE, f"{VALUE}\n                {VALUE}", "graph-walked-every-path"),
        (
            "forgets the inputs in its answer",
            "        return values",
            "        return {n: values[n] for n in self.nodes}",
            None,
        ),
        ("returns the last value", "        return values", "        return values[self.order()[-1]]", None),
        ("goes by the order of adding", "in self.order():", "in [*self.inputs, *self.nodes]:", None),
        (
            "leaves out what nobody reads",
            "        return values",
            "        read = {s for n in self.nodes.values() for s in "
            "n.sources}\n        return {n: v for n, v in values.items() if n in read}",
            None,
        ),
        (
            "hands over the inputs' order",
            "values[name] = inputs[name]",
            "values[name] = list(inputs.values())[self.inputs.index(name) - 1]",
            None,
        ),
        (
            "computes a source for each reader",
            FORWARD,
            walk(
                "def value(name):",
                "    if name in self.inputs:",
                "        return inputs[name]",
                "    node = self.nodes[name]",
                "    return node.op.forward(*[value(source) for source in node.sources])",
                "values = {name: value(name) for name in (*self.inputs, *self.nodes)}",
            ),
            "graph-walked-every-path",
        ),
    ),
    *wrong(
        "Graph.backward",
        "graph_backward",
        ("overwrites", ADD, "grads[source] = grad", "graph-one-reader-only"),
        ("keeps the first that comes", ADD, "grads.setdefault(source, grad)", "graph-one-reader-only"),
        ("averages", ADD, "grads[source] = (grads[source] + grad) / 2 if source in grads else grad", "graph-averaged"),
        (
            "multiplies what meets",
            ADD,
            "grads[source] = grads[source] * grad if source in grads else grad",
            "graph-multiplied",
        ),
        (
            "adds in place",
            ADD,
            "grads[source] = grads[source].add_(grad) if source in grads else grad",
            ("graph-added-in-place", "factor-two-extra"),
        ),
        ("walks forwards", WALK, "for name in self.order():", ("graph-one-reader-only", None)),
        (
            "reads the sources the other way round",
            PAIRS,
            "zip(node.sources[::-1], downstream, strict=True)",
            "graph-sources-swapped",
        ),
        (
            "hands the upstream gradient on",
            ADD,
            ADD.replace("grad if", "grads[name] if").replace("else grad", "else grads[name]"),
            ("graph-upstream-alone", "graph-one-reader-only"),
        ),
        ("answers the first source only", PAIRS, "zip(node.sources[:1], downstream)", ("graph-one-reader-only", None)),
        (
            "forgets the second of two equal sources",
            PAIRS,
            "dict(zip(node.sources, downstream)).items()",
            "graph-one-reader-only",
        ),
        ("walks every path", GRADS, EVERY_PATH, ("graph-walked-every-path", "graph-one-reader-only")),
        (
            "goes as soon as something came, each time",
            GRADS,
            TOO_EARLY,
            ("graph-walked-too-early", "graph-walked-every-path"),
        ),
        ("goes as soon as something came, once", GRADS, ONE_VISIT, "graph-walked-too-early"),
        (
            "forgets the given gradient of an output that is read",
            ADD,
            "grads[source] = grads[source] + grad if source in grads and source not in grad_out else grad",
            "graph-one-reader-only",
        ),
        (
            "starts with ones",
            START,
            "        grads = {name: torch.ones_like(g) for name, g in grad_out.items()}\n",
            "all-ones",
        ),
        ("flips a sign where wires meet", ADD, ADD.replace("+ grad", "- grad"), ("sign-flipped", "all-zeros")),
        ("is off by one part in ten thousand", ADD, ADD.replace("+ grad", "+ 1.0001 * grad"), None),
        ("collects in the dict that it was handed", START, "        grads = grad_out\n", "input-changed"),
        (
            "changes the given gradients",
            ADD,
            ADD + "\n        for name in grad_out:\n            grad_out[name].mul_(0)\n",
            ("graph-added-in-place", "all-zeros"),
        ),
    ),
    *wrong(
        "Graph.backward",
        "graph_again",
        ("adds to the gradients of last time", START, KEPT, "graph-gradients-kept"),
        (
            "adds in place to what the ops handed out",
            ADD,
            "grads[source] = grads[source].add_(grad) if source in grads else grad",
            "graph-added-in-place",
        ),
        (
            "answers with the gradients of last time",
            START,
            "        if hasattr(self, 'grads'):\n            return "
            "self.grads\n        self.grads = {}\n" + START + "        self.grads = grads\n",
            "graph-gradients-kept",
        ),
        (
            "gives the very dict away again",
            START,
            "        grads = self.grads = getattr(self, 'grads', {})\n"
            "        grads.clear()\n        grads.update(grad_out)\n",
            "graph-answer-reused",
        ),
        (
            "remembers who has gone",
            SKIP,
            "            gone = self.__dict__.setdefault('gone', set())\n"
            + SKIP.replace("not in grads:", "not in grads or name in gone:")
            + "            gone.add(name)\n",
            None,
        ),
        (
            "wipes the gradients of last time",
            START,
            "        for old in getattr(self, 'grads', {}).values():\n            old.zero_()\n"
            + START
            + "        self.grads = grads\n",
            "graph-answer-reused",
        ),
        (
            "lets go of the caches",
            "downstream = node.op.backward(grads[name])",
            "downstream = node.op.backward(grads[name])\n            node.op.cache = None",
            None,
        ),
        (
            "forgets nothing but the outputs",
            START,
            "        grads = self.grads = getattr(self, 'grads', {}) | dict(grad_out)\n",
            "graph-gradients-kept",
        ),
        (
            "recurses over readers",
            GRADS,
            walk(
                "def pull(name):",
                "    if name not in grads:",
                "        parts = [grad_out[name]] if name in grad_out else []",
                "        for reader, node in self.nodes.items():",
                "            if name in node.sources and pull(reader) is not None:",
                "                down = node.op.backward(grads[reader])",
                "                down = (down,) if isinstance(down, Tensor) else down",
                "                parts += [g for s, g in zip(node.sources, down) if s == name]",
                "        grads[name] = sum(parts[1:], start=parts[0]) if parts else None",
                "    return grads[name]",
                "for name in (*self.nodes, *self.inputs)[::-1]:",
                "    pull(name)",
            ),
            "graph-recursion-too-deep",
        ),
    ),
    *wrong(
        "Graph.forward",
        "graph_again",
        (
            "keeps the values of the first time",
            FORWARD,
            "        values = self.values = getattr(self, 'values', {})\n"
            "        for name in self.order():\n            if name not in values:\n                values[name] = "
            "inputs[name] if name in self.inputs else self.nodes[name].op.forward(*[values[s] for s in "
            "self.nodes[name].sources])\n",
            ("graph-values-kept", None),
        ),
        (
            "recurses",
            FORWARD,
            walk(
                "def value(name):",
                "    if name not in values:",
                "        node = self.nodes.get(name)",
                "        values[name] = node.op.forward(*map(value, node.sources)) if node else inputs[name]",
                "    return values[name]",
                "for name in (*self.inputs, *self.nodes):",
                "    value(name)",
            ),
            "graph-recursion-too-deep",
        ),
        (
            "gives the very dict away again",
            "values = {}",
            "values = self.values = getattr(self, 'values', {})",
            "graph-answer-reused",
        ),
    ),
    *wrong(
        "Graph.order",
        "graph_again",
        ("recurses", KAHN, DEEP_ORDER, "graph-recursion-too-deep"),
    ),
    *wrong(
        "residual_block",
        "graph_skip",
        ("forgets the skip", LAST, "graph.add(name, second, h)", ("graph-skip-missing", None)),
        ("skips from the first op", LAST, "graph.add(name, Add(), a, r)", "graph-skip-elsewhere"),
        ("skips from the activation", LAST, "graph.add(name, Add(), h, r)", "graph-skip-elsewhere"),
        ("ends after the activation", LAST, "graph.add(name, Add(), source, h)", "graph-block-part-missing"),
        ("ends after the first op", LAST, "graph.add(name, Add(), source, a)", "graph-block-part-missing"),
        ("multiplies", LAST, "graph.add(name, Multiply(), source, r)", "graph-block-not-added"),
        ("joins", LAST, "graph.add(name, Concat(), source, r)", "graph-block-not-added"),
        ("takes names that cannot be used again", A, 'graph.add("a", first, source)', "graph-block-names"),
        ("names nothing after the block", LAST, 'graph.add(f"{name}.y", Add(), source, r)', "graph-block-names"),
        ("exchanges first and second", A, 'graph.add(f"{name}.a", second, source)', None),
        ("begins at x always", LAST, 'graph.add(name, Add(), "x", r)', "graph-block-wires"),
        ("adds the input twice", LAST, "graph.add(name, Add(), source, source, r)", None),
        ("reads the source at every op", R, 'graph.add(f"{name}.r", second, source)', None),
        ("returns nothing but the name of the residual", "return last", "return r", "graph-block-names"),
        ("leaves the activation out", H, 'graph.add(f"{name}.h", Add(), a)', None),
    ),
]
