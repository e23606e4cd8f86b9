"""Wrong answers to Sequential."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit, wrong

PARAMS = '{f"{i}.{name}": p for i, layer in enumerate(layers) for name, p in layer.params.items()}'
GRADS = '{f"{i}.{name}": g for i, layer in enumerate(self.layers) for name, g in layer.grads.items()}'
STEP, BACK = "out = layer.forward(out)", "grad_x = layer.backward(grad_x)"
LEFT_OUT = "recompute-other-inputs", "sequential-layer-skipped"
FULL = "recompute-caches-left", "recompute-all-at-once"
KEEP = """            if place % self.every == 0:
                self.cache.append(out)
            out = layer.forward(out)
"""
SEQUENTIAL: list[Answer] = [
    *wrong(
        "Sequential.forward",
        "sequential_forward",
        ("runs backwards", "in self.layers", "in reversed(self.layers)", "sequential-order"),
        ("gives every layer the net's input", STEP, "out = layer.forward(x)", "sequential-not-chained"),
        ("forgets what the layers give", STEP, "layer.forward(out)", "sequential-not-chained"),
        ("stops after one layer", STEP, f"{STEP}\n            break", "sequential-layer-skipped"),
        ("leaves the last layer out", "in self.layers", "in self.layers[:-1]", "sequential-layer-skipped"),
        ("leaves the first layer out", "in self.layers", "in self.layers[1:]", "sequential-layer-skipped"),
        ("adds the layers' outputs up", STEP, "out = out + layer.forward(out)", None),
        ("returns inside the loop", STEP, f"{STEP}\n            return out", "sequential-layer-skipped"),
        ("runs every layer twice", STEP, "out = layer.forward(layer.forward(out))", None),
        ("takes the layers off", "for layer in self.layers:",
         "while self.layers:\n            layer = self.layers.pop(0)", None),
        ("rectifies between the layers", STEP, "out = layer.forward(out).clamp(min=0)", None),
        ("answers with the first batch for ever", "        return out",
         "        self.cache = out if self.cache is None else self.cache\n        return self.cache", None),
        ("writes every output into x", STEP, "out = out.copy_(layer.forward(out))", "input-changed"),
        ("goes back instead of forward", STEP, "out = layer.backward(out)", None),
        ("gives all outputs", "        out = x\n", "        out = [x]\n        for layer in self.layers:\n"
         "            out.append(layer.forward(out[-1]))\n        return out\n", None),
        ("begins with nothing", "out = x\n        for layer in self.layers:\n            out = layer.forward(out)",
         "for layer in self.layers:\n            out = layer.forward(x if out is None else out)", None),
        ("sorts its layers", "in self.layers", "in sorted(self.layers, key=lambda layer: type(layer).__name__)",
         None),
    ),
    *wrong(
        "Sequential.__init__",
        "sequential_params",
        ("counts from one", "enumerate(layers)", "enumerate(layers, 1)", "sequential-names"),
        ("counts from the end", "enumerate(layers)", "enumerate(reversed(layers))", None),
        ("leaves the place out", '{f"{i}.{name}": p', '{f"{name}": p', "sequential-names"),
        ("puts the name first", '{f"{i}.{name}": p', '{f"{name}.{i}": p', "sequential-names"),
        ("puts no dot", '{f"{i}.{name}": p', '{f"{i}{name}": p', "sequential-names"),
        ("nests", PARAMS, "{str(i): layer.params for i, layer in enumerate(layers)}", "sequential-names"),
        ("counts layers with parameters only", "enumerate(layers)",
         "enumerate([layer for layer in layers if layer.params])", "sequential-names"),
        ("copies the parameters", ": p for i", ": p.clone() for i", "sequential-copies"),
        ("takes the class's name", '{f"{i}.{name}": p', '{f"{type(layer).__name__}.{name}": p', "sequential-names"),
        ("knows w and b only", PARAMS,
         '{f"{i}.{name}": p for i, layer in enumerate(layers) '
         'for name, p in layer.params.items() if name in ("w", "b", "s")}',
         "sequential-names"),
        ("counts the parameters, not the layers", PARAMS,
         '{f"{i}.{name}": p for i, (name, p) in enumerate(pair for layer in layers for pair in layer.params.items())}',
         "sequential-names"),
        ("puts a line for the dot", '{f"{i}.{name}": p', '{f"{i}_{name}": p', "sequential-names"),
        ("works in single precision", ": p for i", ": p.float() for i", ("sequential-copies", "dtype-changed")),
        ("keeps one dict for all nets", f"self.params = {PARAMS}",
         f"Sequential.shared = getattr(Sequential, 'shared', {{}})\n        Sequential.shared.update({PARAMS})\n"
         "        self.params = Sequential.shared", "sequential-names"),
        ("does not look into nets", "enumerate(layers)",
         "enumerate(layer for layer in layers if not isinstance(layer, Sequential))", "sequential-names"),
    ),
    *wrong(
        "Sequential.backward",
        "sequential_backward",
        ("runs forwards", "reversed(self.layers)", "self.layers", "sequential-order"),
        ("gives every layer the net's upstream gradient", BACK, "grad_x = layer.backward(grad_out)",
         "sequential-not-chained"),
        ("adds the layers' gradients up", BACK, "grad_x = grad_x + layer.backward(grad_x)", None),
        ("runs forward once more", BACK, "grad_x = layer.forward(grad_x)", None),
        ("writes into the upstream gradient", BACK, "grad_x = grad_x.copy_(layer.backward(grad_x))", "input-changed"),
        ("answers with the first gradients for ever", "        return grad_x",
         "        self.cache = grad_x if self.cache is None else self.cache\n        return self.cache", None),
        ("forgets what the layers give", BACK, "layer.backward(grad_x)", "sequential-not-chained"),
        ("stops after one layer", BACK, f"{BACK}\n            break", "sequential-layer-skipped"),
        ("does not set grads", f"self.grads = {GRADS}", "pass", None),
        ("counts from one", "enumerate(self.layers)", "enumerate(self.layers, 1)", "sequential-names"),
        ("leaves the place out", '{f"{i}.{name}": g', '{f"{name}": g', "sequential-names"),
        ("counts from the end", "enumerate(self.layers)", "enumerate(reversed(self.layers))", "sequential-names"),
        ("adds gradients up over the calls", f"self.grads = {GRADS}",
         f"old = self.grads\n        self.grads = {GRADS}\n        "
         "self.grads = {k: g + old.get(k, 0) for k, g in self.grads.items()}",
         "grads-pile-up"),
        ("gives no gradient of its input", "        self.grads", "        grad_x = None\n        self.grads", None),
        ("skips the first layer, whose input needs no gradient", "reversed(self.layers)", "reversed(self.layers[1:])",
         "sequential-layer-skipped"),
        ("starts from ones", "grad_x = grad_out", "grad_x = torch.ones_like(grad_out)", "upstream-taken-as-ones"),
        ("goes back with the parameters for the gradients", "layer.grads.items()", "layer.params.items()", None),
    ),
    *wrong(
        "Sequential.eval",
        "sequential_modes",
        ("does nothing", "super().eval()\n        for layer in self.layers:\n            layer.eval()", "pass",
         "sequential-mode"),
        ("changes itself only", "for layer in self.layers:\n            layer.eval()", "pass", "sequential-mode"),
        ("changes its layers only", "super().eval()", "pass", "sequential-mode"),
        ("changes the first layer only", "            layer.eval()", "            layer.eval()\n            break",
         "sequential-mode"),
        ("does not reach into nets", "            layer.eval()", "            layer.training = False",
         "sequential-mode"),
        ("changes the last layer only", "in self.layers", "in self.layers[-1:]", "sequential-mode"),
        ("is the other one", "layer.eval()", "layer.train()", "sequential-mode"),
        ("turns the mode round", "            layer.eval()",
         "            layer.eval() if layer.training else layer.train()", "sequential-mode"),
        ("tells layers with parameters only", "            layer.eval()",
         "            layer.eval() if layer.params else None", "sequential-mode"),
        ("tells their class", "            layer.eval()", "            type(layer).training = False",
         "sequential-mode"),
    ),
    *wrong(
        "Sequential.train",
        "sequential_modes",
        ("does not come back", "super().train()\n        for layer in self.layers:\n            layer.train()", "pass",
         "sequential-mode"),
        ("comes back itself only", "for layer in self.layers:\n            layer.train()", "pass", "sequential-mode"),
        ("brings its layers back only", "super().train()", "pass", "sequential-mode"),
        ("does not reach into nets, coming back", "            layer.train()", "            layer.training = True",
         "sequential-mode"),
    ),
    *wrong(
        "Recomputing.forward",
        "recompute",
        ("keeps every input", "place % self.every == 0", "True", "recompute-other-inputs"),
        ("keeps the first input only", "place % self.every == 0", "place == 0", LEFT_OUT),
        ("keeps the inputs of the last layers of the groups", "place % self.every == 0",
         "place % self.every == self.every - 1", LEFT_OUT),
        ("keeps outputs", KEEP, "            out = layer.forward(out)\n            if place % self.every == 0:\n"
         "                self.cache.append(out)\n", "recompute-other-inputs"),
        ("leaves the caches where they are", "            layer.cache = None\n", "", FULL),
        ("empties its own cache as well", "            layer.cache = None\n",
         "            layer.cache = None\n        self.cache = None\n", None),
        ("forgets nothing", "self.cache, out = [], x", "self.cache, out = self.cache or [], x",
         ("recompute-other-inputs", "cache-stale")),
    ),
    *wrong(
        "Recomputing.backward",
        "recompute",
        ("leaves the caches where they are", "                layer.cache = None\n", "", FULL),
        ("takes the groups in order", "reversed(range(len(self.cache)))", "range(len(self.cache))", None),
        ("goes through a group forwards", "for layer in reversed(group)", "for layer in group", None),
        ("does not run the groups again", "                out = layer.forward(out)\n", "                pass\n", None),
        ("runs every layer of a group on the kept input", "out = layer.forward(out)", "layer.forward(out)", None),
        ("runs all layers again first", "        for number in reversed",
         "        again = self.cache[0] if self.cache else None\n        for layer in self.layers:\n"
         "            again = layer.forward(again)\n        for number in reversed", "recompute-all-at-once"),
        ("starts each group from the net's input", "self.cache[number]\n",
         "self.cache[0]\n            for layer in self.layers[: number * self.every]:\n"
         "                out = layer.forward(out)\n                layer.cache = None\n", "recompute-runs"),
        ("uses what it keeps up", "self.cache[number]\n", "self.cache.pop()\n", "cache-used-up"),
        ("does not set grads", "self.grads = {", "grads = {", None),
        ("keeps the grads of the first batch", "self.grads = {", "self.grads = self.grads or {", None),
        ("leaves the last, shorter group out", "range(len(self.cache))",
         "range(len(self.layers) // self.every)", "sequential-layer-skipped"),
    ),
]  # fmt: skip
SEQUENTIAL.append(
    Answer(
        "sequential_backward: collects before it goes back",
        ("sequential_backward",),
        (
            Edit("Sequential.backward", "grad_x = grad_out", f"early = {GRADS}\n        grad_x = grad_out"),
            Edit("Sequential.backward", f"self.grads = {GRADS}", "self.grads = early"),
        ),
    )
)
