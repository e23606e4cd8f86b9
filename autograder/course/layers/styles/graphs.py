"""Right answers to the second part of `layers`, written otherwise than the solution."""

from __future__ import annotations

from pathlib import Path

import torch

from autograder.course.answers import Answer, liberty
from autograder.course.layers.mistakes.graph import ADD, DEEP_ORDER, FORWARD, GRADS, KAHN, START, walk
from autograder.course.layers.mistakes.graph_notes import SMALL

HERE = Path(__file__).parent
GRAPHS = ("graph_ops", "graph_order", "graph_forward", "graph_backward", "graph_again", "graph_skip")
FUNCTIONS = tuple(f"function_{name}" for name in ("multiply", "sigmoid", "softmax", "linear"))
MLP = ("mlp_module", "mlp_by_hand")
SHALLOW = GRAPHS[:4] + GRAPHS[5:]
ROUNDS = walk(
    "order, waiting = list(self.inputs), dict(self.nodes)",
    "known = {*self.inputs, *self.nodes}",
    "for name, node in waiting.items():",
    "    if not known.issuperset(node.sources):",
    "        raise ValueError(f'{name}: one of {node.sources} does not exist')",
    "done = set(order)",
    "while waiting:",
    "    ready = [name for name, node in waiting.items() if done.issuperset(node.sources)]",
    "    if not ready:",
    "        raise ValueError(f'a cycle among {sorted(waiting)}')",
    "    order += ready",
    "    done.update(ready)",
    "    for name in ready:",
    "        del waiting[name]",
)
DEPTH_FIRST = walk(
    "order, state = [], dict.fromkeys(self.inputs, 'done')",
    "order += self.inputs",
    "for start in self.nodes:",
    "    waiting = [start]",
    "    while waiting:",
    "        name = waiting[-1]",
    "        if state.get(name) == 'done':",
    "            waiting.pop()",
    "            continue",
    "        if name not in self.nodes:",
    "            raise ValueError(f'nobody is called {name}')",
    "        missing = [s for s in self.nodes[name].sources if state.get(s) != 'done']",
    "        if any(state.get(s) == 'open' for s in missing):",
    "            raise ValueError(f'{name} is part of a cycle')",
    "        if missing:",
    "            state[name] = 'open'",
    "            waiting.append(missing[0])",
    "        else:",
    "            state[name] = 'done'",
    "            order.append(waiting.pop())",
)
COLLECT = walk(
    "arrived = {name: [grad] for name, grad in grad_out.items()}",
    "for name in self.order()[::-1]:",
    "    if arrived.get(name) and name in self.nodes:",
    "        down = self.nodes[name].op.backward(sum(arrived[name]))",
    "        for source, grad in zip(self.nodes[name].sources, down if isinstance(down, tuple) else [down]):",
    "            arrived.setdefault(source, []).append(grad)",
    "grads = {name: sum(parts) for name, parts in arrived.items()}",
)
ZEROS = walk(
    "grads = {name: torch.zeros_like(value) for name, value in self.values.items()}",
    "for name, grad in grad_out.items():",
    "    grads[name] += grad",
    "for name in self.order()[::-1]:",
    "    if name in self.nodes:",
    "        down = self.nodes[name].op.backward(grads[name])",
    "        for source, grad in zip(self.nodes[name].sources, (down,) if isinstance(down, Tensor) else down):",
    "            grads[source] += grad",
)
VALUES_IN_ROUNDS = walk(
    "values = dict(inputs)",
    "while len(values) < len(self.inputs) + len(self.nodes):",
    "    for name, node in self.nodes.items():",
    "        if name not in values and all(source in values for source in node.sources):",
    "            values[name] = node.op.forward(*map(values.get, node.sources))",
)
GRADS_IN_ROUNDS = walk(
    "grads, waiting = dict(grad_out), dict(self.nodes)",
    "while waiting:",
    "    read = {source for node in waiting.values() for source in node.sources}",
    "    for name in [name for name in waiting if name not in read]:",
    "        node = waiting.pop(name)",
    "        if name not in grads:",
    "            continue",
    "        down = node.op.backward(grads[name])",
    "        down = [down] if isinstance(down, Tensor) else down",
    "        for source, grad in zip(node.sources, down):",
    "            grads[source] = torch.add(grads[source], grad) if source in grads else grad",
)
KEEP = "        return values"


RIGHT: list[Answer] = [
    Answer("graphs, Functions and the module: the solution itself", ("graph_by_hand", *GRAPHS, *FUNCTIONS, *MLP)),
    Answer("Functions with setup_context, loops and einsum", (*FUNCTIONS, *MLP), file=HERE / "loops" / "functions.py"),
    Answer("another graph: values kept, an order by search", GRAPHS, file=HERE / "search" / "graph.py"),
    liberty(
        "dicts that make up what is missing",
        ("graph_backward", "graph_again", "graph_skip"),
        (
            "Graph.backward",
            "grads = dict(grad_out)",
            "import collections\n        grads = collections.defaultdict(int, grad_out)",
        ),
    ),
    liberty(
        "an ordered dict",
        GRAPHS[2:],
        ("Graph.forward", "values = ", "import collections\n        values = collections.OrderedDict() | "),
    ),
    liberty("an order in rounds", GRAPHS, ("Graph.order", KAHN, ROUNDS)),
    liberty("an order by depth, with a stack", GRAPHS, ("Graph.order", KAHN, DEPTH_FIRST)),
    liberty("an order by recursion, for shallow graphs", SHALLOW, ("Graph.order", KAHN, DEEP_ORDER)),
    liberty("gradients collected in lists", GRAPHS, ("Graph.backward", GRADS, COLLECT)),
    liberty(
        "gradients added into zeros, unused nodes too",
        GRAPHS,
        ("Graph.backward", GRADS, ZEROS),
        ("Graph.forward", KEEP, f"        self.values = values\n{KEEP}"),
    ),
    liberty(
        "gradients added in place, into copies",
        GRAPHS,
        ("Graph.backward", START, "        grads = {name: grad.clone() for name, grad in grad_out.items()}\n"),
        ("Graph.backward", ADD, "grads[source] = grads[source].add_(grad) if source in grads else grad.clone()"),
    ),
    liberty(
        "values by recursion with memory, for shallow graphs",
        SHALLOW,
        (
            "Graph.forward",
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
        ),
    ),
    liberty(
        "the block's sum the other way round, nodes added last one first",
        GRAPHS,
        ("residual_block", "    last = graph.add(name, Add(), source, r)\n", ""),
        (
            "residual_block",
            "    a = graph.add(",
            '    last = graph.add(name, Add(), f"{name}.r", source)\n    a = graph.add(',
        ),
    ),
    liberty(
        "values in rounds, for shallow graphs",
        SHALLOW,
        ("Graph.forward", FORWARD, VALUES_IN_ROUNDS),
    ),
    liberty(
        "gradients by rounds: a node goes when all of its readers have gone, for shallow graphs",
        SHALLOW,
        ("Graph.backward", GRADS, GRADS_IN_ROUNDS),
    ),
    liberty(
        "a block built in a loop, with names of two parts",
        ("graph_skip",),
        (
            "residual_block",
            """    a = graph.add(f"{name}.a", first, source)
    h = graph.add(f"{name}.h", activation, a)
    r = graph.add(f"{name}.r", second, h)
""",
            """    r = source
    for number, op in enumerate([first, activation, second], start=1):
        r = graph.add(name + ".way." + str(number), op, r)
""",
        ),
    ),
    liberty(
        "columns stacked by hstack and cut at their ends, gradients in lists",
        GRAPHS,
        ("graph:Concat.forward", "torch.cat(inputs, dim=-1)", "torch.hstack(inputs)"),
        (
            "graph:Concat.backward",
            "torch.split(grad_out, self.cache, dim=-1)",
            "list(grad_out.tensor_split([sum(self.cache[:i]) for i in range(1, len(self.cache))], dim=1))",
        ),
        (
            "graph:Multiply.backward",
            "grad_x, grad_y = grad_out * y, grad_out * x",
            "grad_x, grad_y = [torch.mul(other, grad_out) for other in (y, x)]",
        ),
    ),
    liberty(
        "columns cut by narrow",
        GRAPHS,
        (
            "graph:Concat.backward",
            "torch.split(grad_out, self.cache, dim=-1)",
            "tuple(grad_out.narrow(-1, sum(self.cache[:i]), n) for i, n in enumerate(self.cache))",
        ),
    ),
    liberty(
        "the input saved, the sigmoid taken once more",
        FUNCTIONS,
        ("functions:Sigmoid.forward", "ctx.save_for_backward(y)", "ctx.save_for_backward(x)"),
        ("functions:Sigmoid.backward", "(y,) = ctx.saved_tensors", "y = torch.sigmoid(ctx.saved_tensors[0])"),
    ),
    liberty(
        "the softmax by its whole Jacobian",
        FUNCTIONS,
        (
            "functions:Softmax.backward",
            "y * (grad_out - shared)",
            "((torch.diag_embed(y) - y[..., :, None] * y[..., None, :]) @ grad_out[..., None])[..., 0]",
        ),
    ),
    liberty(
        "Functions with sums over rows, outer products and other formulas",
        FUNCTIONS,
        ("functions:Multiply.forward", "ctx.save_for_backward(x, y)", "ctx.save_for_backward(y, x)"),
        ("functions:Multiply.backward", "x, y = ctx.saved_tensors", "y, x = ctx.saved_tensors"),
        ("functions:Multiply.backward", "grad_out * y, grad_out * x", "torch.mul(y, grad_out), x.mul(grad_out)"),
        ("functions:Sigmoid.forward", "torch.sigmoid(x)", "torch.exp(-torch.logaddexp(torch.zeros_like(x), -x))"),
        ("functions:Sigmoid.backward", "grad_out * y * (1 - y)", "grad_out * (0.25 - (y - 0.5) ** 2)"),
        ("functions:Softmax.forward", "torch.softmax(x, dim=-1)", "torch.exp(x - x.logsumexp(dim=-1, keepdim=True))"),
        (
            "functions:Softmax.backward",
            "y * (grad_out - shared)",
            'y * grad_out - torch.einsum("...i,...j,...j->...i", y, y, grad_out)',
        ),
        ("functions:Linear.backward", "grad_out @ w.T", "torch.stack([w @ row for row in grad_out])"),
        (
            "functions:Linear.backward",
            "x.T @ grad_out",
            "sum(torch.outer(row, grad) for row, grad in zip(x, grad_out))",
        ),
        ("functions:Linear.backward", "grad_out.sum(dim=0)", "grad_out.T @ grad_out.new_ones(len(grad_out))"),
    ),
    liberty(
        "gradients only where they are needed",
        FUNCTIONS,
        (
            "functions:Linear.backward",
            "grad_x = grad_out @ w.T",
            "grad_x = grad_out @ w.T if ctx.needs_input_grad[0] else None",
        ),
        (
            "functions:Multiply.backward",
            "return grad_x, grad_y",
            "return tuple(g if n else None for g, n in zip((grad_x, grad_y), ctx.needs_input_grad))",
        ),
    ),
    liberty(
        "a bias gradient that PyTorch sums down to the shape of the bias",
        ("function_linear",),
        ("functions:Linear.backward", "grad_b = grad_out.sum(dim=0)", "grad_b = grad_out"),
    ),
    liberty(
        "other ways to draw the weights",
        MLP,
        ("MLP.__init__", "torch.randn(D, H) / D**0.5", "torch.empty(D, H).normal_(0, D**-0.5)"),
        (
            "MLP.__init__",
            "nn.Parameter(torch.randn(H, C) / H**0.5)",
            "nn.Parameter(nn.init.normal_(torch.empty(H, C), std=H**-0.5))",
        ),
    ),
    liberty(
        "the net by hand, by einsum",
        MLP,
        ("mlp_by_hand", 'h.T @ grads["scores"]', 'torch.einsum("nh,nc->hc", h, grads["scores"])'),
        ("mlp_by_hand", 'grads["h"] * h * (1 - h)', 'grads["h"] * (h - h * h)'),
    ),
    liberty(
        "a module that runs its layers in a loop, and scales what normal_ drew",
        ("mlp_module",),
        ("MLP.__init__", "torch.randn(D, H) / D**0.5", "torch.empty(D, H).normal_().mul_(D**-0.5)"),
        (
            "MLP.forward",
            """        h = self.sigmoid(self.linear(x, self.w1, self.b1))
        probabilities = self.softmax(self.linear(h, self.w2, self.b2))
""",
            """        for w, b, bend in ((self.w1, self.b1, self.sigmoid), (self.w2, self.b2, self.softmax)):
            x = bend(self.linear(x, w, b))
        probabilities = x
""",
        ),
    ),
    liberty(
        "the net by hand, by outer products, columns of ones and both tails of the sigmoid",
        ("mlp_by_hand",),
        ("mlp_by_hand", "torch.softmax(scores, dim=-1)", "(scores - scores.logsumexp(dim=1)[:, None]).exp()"),
        ("mlp_by_hand", 'h.T @ grads["scores"]', '(h[:, :, None] * grads["scores"][:, None, :]).sum(dim=0)'),
        ("mlp_by_hand", 'grads["scores"].sum(dim=0)', 'h.new_ones(len(h)) @ grads["scores"]'),
        ("mlp_by_hand", 'grads["h"] * h * (1 - h)', 'grads["h"] * torch.sigmoid(a) * torch.sigmoid(-a)'),
        ("mlp_by_hand", 'grads["a"] @ w1.T', '(w1 @ grads["a"].T).T'),
    ),
    Answer(
        "the small graph with floats and a note",
        ("graph_by_hand",),
        notebook={"small": {name: float(value) for name, value in SMALL.items()} | {"note": 0}},
    ),
    Answer(
        "the small graph as tensors",
        ("graph_by_hand",),
        notebook={"small": {name: torch.tensor(value, dtype=torch.float64) for name, value in SMALL.items()}},
    ),
    Answer(
        "the small graph, worked out by products",
        ("graph_by_hand",),
        notebook={"small": SMALL | {"grad_x": -55.0, "grad_a": 5 * 3, "x_from_h": 5 * -6}},
    ),
]
