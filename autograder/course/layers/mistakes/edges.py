"""Wrong answers that are right nearly everywhere: not at ties, in another mode, or beyond ten layers."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit, wrong

EDGES: list[Answer] = [
    Answer(
        "maxout_backward: lets every piece that ties win",
        ("maxout_backward",),
        (
            Edit("Maxout.forward", "self.cache = x, winner", "self.cache = x, pieces == out"),
            Edit("Maxout.backward", "winner == torch.arange(K, device=w.device)[:, None, None]", "winner"),
        ),
        ("max-tie-counted-twice",),
    ),
    *wrong(
        "Dropout.backward",
        "dropout_backward",
        ("asks for the mode of now", "grad_out * self.cache",
         "grad_out * self.cache if self.training else grad_out.clone()", "mode-of-now"),
    ),
    *wrong(
        "BatchNorm.backward",
        "batchnorm_backward",
        ("asks for the mode of now", "        if batch:\n", "        if self.training:\n", "mode-of-now"),
    ),
    *wrong(
        "Tanh.backward",
        "tanh",
        ("works the slope out inside the output",
         "        out = self.cache\n        grad_x = grad_out * (1 - out * out)\n",
         "        grad_x = grad_out * self.cache.square_().neg_().add_(1)\n", "cache-used-up"),
    ),
    *wrong(
        "Sequential.__init__",
        "sequential_params",
        ("has one digit for the place", 'f"{i}.{name}": p', 'f"{str(i)[-1]}.{name}": p', "sequential-names"),
    ),
    *wrong(
        "Sequential.backward",
        "sequential_backward",
        ("has one digit for the place", 'f"{i}.{name}": g', 'f"{str(i)[0]}.{name}": g',
         ("sequential-names", "sequential-layer-skipped")),
    ),
    *wrong(
        "Multiply.backward",
        "graph_ops",
        ("wins a factor back from the product", "grad_out * y, grad_out * x", "grad_out * (x * y / x), grad_out * x",
         "zero-over-zero"),
    ),
    Answer(
        "graph_order: has a source take off one reading only",
        ("graph_order",),
        (
            Edit("Graph.order", "{name: [] for name", "{name: set() for name"),
            Edit("Graph.order", "readers[source].append(name)", "readers[source].add(name)"),
        ),
        ("graph-source-twice",),
    ),
]  # fmt: skip

FIRST = 'self.__dict__.setdefault("first", {}.clone())'  # what an optimiser changes later is not seen
EDGES += [
    *wrong("layers:Linear.forward", "linear_forward",
           ("remembers the weights of the first call", "x @ w + b", f"x @ {FIRST.format('w')} + b", None)),
    *wrong("layers:Linear.backward", "linear_backward",
           ("remembers the weights of the first call", "grad_out @ w.T", f"grad_out @ {FIRST.format('w.T')}", None)),
    *wrong("Maxout.backward", "maxout_backward",
           ("remembers the weights of the first call", "w.mT", FIRST.format("w.mT"), None)),
    *wrong("batchnorm:BatchNorm.forward", "batchnorm_forward",
           ("remembers the scale of the first call", "out = gamma * normal",
            f"out = {FIRST.format('gamma')} * normal", None)),
    *wrong("losses:hinge", "loss_hinge",
           ("knows the right class by its margin of 1", "margins[rows, y] = 0", "margins[margins == 1] = 0", None)),
    *wrong("ReLU.forward", "relu_layer",
           ("remembers in training only", "self.cache = x > 0",
            "self.cache = x > 0 if self.training or self.cache is None else self.cache", None)),
    *wrong("layers:Linear.forward", "linear_backward",
           ("remembers in training only", "self.cache = x",
            "self.cache = x if self.training or self.cache is None else self.cache", None)),
    *wrong("l2", "l2_penalty",
           ("knows weights by their number of axes", 'name.split(".")[-1] == "w"', "w.dim() > 1", None)),
]  # fmt: skip
EDGES += [
    *wrong("Graph.backward", "graph_backward",
           ("takes ops with one source for layers", "if isinstance(downstream, Tensor):",
            "if len(node.sources) == 1:", None),
           ("goes on only where something comes back", "or name not in grads:",
            "or name not in grads or not grads[name].any():", None)),
    *wrong("Graph.order", "graph_order",
           ("leaves out an input that nobody reads", "order = list(self.inputs)",
            "order = [name for name in self.inputs if readers[name]]", None)),
    Answer(
        "graph_ops: remembers for all ops at once",
        ("graph_ops",),
        (
            Edit("graph:Multiply.forward", "self.cache = x, y", "type(self).cache = x, y"),
            Edit("graph:Concat.forward", "self.cache = [", "type(self).cache = ["),
        ),
    ),
]  # fmt: skip
EDGES += wrong(
    "batchnorm:BatchNorm.backward", "batchnorm_backward",
    ("wins what was normalised back from the output", "(grad_out * normal).sum(dim=0)",
     "(grad_out * (gamma * normal) / gamma).sum(dim=0)", None),
)  # fmt: skip
