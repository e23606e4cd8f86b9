"""Wrong answers to Sequential."""

from __future__ import annotations

from autograder.mutants import Answer, Edit, wrong

PARAMS = '{f"{i}.{name}": p for i, layer in enumerate(layers) for name, p in layer.params.items()}'
GRADS = '{f"{i}.{name}": g for i, layer in enumerate(self.layers) for name, g in layer.grads.items()}'
STEP, BACK = "out = layer.forward(out)", "grad_x = layer.backward(grad_x)"
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
    ),
    *wrong(
        "Sequential.__init__",
        "sequential_params",
        ("counts from one", "enumerate(layers)", "enumerate(layers, 1)", "sequential-names"),
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
        ("does not look into nets", "enumerate(layers)",
         "enumerate(layer for layer in layers if not isinstance(layer, Sequential))", "sequential-names"),
    ),
    *wrong(
        "Sequential.backward",
        "sequential_backward",
        ("runs forwards", "reversed(self.layers)", "self.layers", None),
        ("gives every layer the net's upstream gradient", BACK, "grad_x = layer.backward(grad_out)", None),
        ("forgets what the layers give", BACK, "layer.backward(grad_x)", "sequential-not-chained"),
        ("stops after one layer", BACK, f"{BACK}\n            break", None),
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
         None),
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
