"""A graph that keeps its values, sorts by depth-first search, and collects what comes back in lists."""

import torch


class Add:
    def forward(self, *inputs):
        self.count = len(inputs)
        return torch.stack(inputs).sum(dim=0)

    def backward(self, grad_out):
        return [grad_out] * self.count


class Multiply:
    def forward(self, x, y):
        self.kept = {"x": x, "y": y}
        return torch.einsum("...,...->...", x, y)

    def backward(self, grad_out):
        return [self.kept["y"] * grad_out, self.kept["x"] * grad_out]


class Concat:
    def forward(self, *inputs):
        self.ends = torch.tensor([x.shape[-1] for x in inputs]).cumsum(0).tolist()
        out = inputs[0].new_empty(*inputs[0].shape[:-1], self.ends[-1])
        for x, end in zip(inputs, self.ends, strict=True):
            out[..., end - x.shape[-1] : end] = x
        return out

    def backward(self, grad_out):
        return [grad_out[..., begin:end] for begin, end in zip([0, *self.ends], self.ends, strict=False)]


class Graph:
    def __init__(self, *inputs):
        self.inputs, self.ops, self.sources = list(inputs), {}, {}
        self.values = {}

    def add(self, name, op, *sources):
        self.ops[name], self.sources[name] = op, list(sources)
        return name

    def order(self):
        colours, order = {name: "black" for name in self.inputs}, list(self.inputs)
        for start in self.ops:
            stack = [(start, False)]
            while stack:
                name, leaving = stack.pop()
                if leaving:
                    colours[name] = "black"
                    order.append(name)
                    continue
                if colours.get(name) == "black":
                    continue
                if colours.get(name) == "grey":
                    raise ValueError(f"cycle at {name}")
                if name not in self.ops:
                    raise ValueError(f"{name} is unknown")
                colours[name] = "grey"
                stack.append((name, True))
                for source in set(self.sources[name]):
                    if colours.get(source) == "grey":
                        raise ValueError(f"cycle at {source}")
                    stack.append((source, False))
        return order

    def forward(self, **inputs):
        self.values = dict(inputs)
        waiting = [name for name in self.order() if name in self.ops]
        for name in waiting:
            self.values[name] = self.ops[name].forward(*(self.values[s] for s in self.sources[name]))
        return dict(self.values)

    def backward(self, grad_out):
        parts = {name: [] for name in (*self.inputs, *self.ops)}
        for name, grad in grad_out.items():
            parts[name].append(grad)
        grads = {}
        for name in reversed(self.order()):
            if not parts[name]:
                continue
            grads[name] = torch.stack(list(parts[name])).sum(dim=0)
            if name in self.ops:
                downstream = self.ops[name].backward(grads[name])
                downstream = [downstream] if isinstance(downstream, torch.Tensor) else downstream
                for source, grad in zip(self.sources[name], downstream, strict=True):
                    parts[source].append(grad)
        return grads


def residual_block(graph, source, name, first, activation, second):
    way = source
    for place, op in enumerate((first, activation, second)):
        way = graph.add(f"{name}.{place}", op, way)
    graph.add(name, Add(), way, source)
    return name
