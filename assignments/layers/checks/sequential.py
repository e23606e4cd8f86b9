"""What Sequential must do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from toolbox.checks.compare import assert_grad, assert_unchanged, assert_value
from toolbox.checks.reference.tensor import pull
from toolbox.checks.rows import Story
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch, Missing

from .inputs import D, N

STORIES = [
    Story("Sequential", "it holds layers and has no formula"),
    Story("Recomputing", "what it is about is what it keeps and how often layers run"),
]

# Sequential


class Net:
    """A Sequential of the student's, of layers that are given."""

    def __init__(self, student, make, *, rows: int = N, parts: str = "scale wave shift scale"):
        self.script = student.script()
        small_layers = self.script.toolbox.small_layers
        self.x, self.names, self.parameters, self.steps, layers = make.normal(rows, D), [], [], parts.split(), []
        self.kept = []
        for place, kind in enumerate(self.steps):
            if kind == "wave":
                layers.append(small_layers.Wave())
                continue
            value = make.normal(D)
            self.names.append(f"{place}.{'s' if kind == 'scale' else 't'}")
            self.parameters.append(value)
            self.kept.append(self.script.keep(value))
            layers.append(getattr(small_layers, kind.capitalize())(self.kept[-1]))
        self.layers = layers
        self.net = self.script.layers.Sequential(*layers)

    def twin(self, x: torch.Tensor, *parameters: torch.Tensor, training: bool = True) -> torch.Tensor:
        parameters = iter(parameters)
        for place, kind in enumerate(self.steps):
            x = self.step(place, x, None if kind == "wave" else next(parameters), training)
        return x

    def step(self, place: int, x: torch.Tensor, value: torch.Tensor | None = None, training: bool = True):
        """One layer's output. value: its parameter, where it is another one than the net's."""
        if self.steps[place] == "wave":
            return torch.sin(x) if training else x
        if value is None:
            value = next(p for name, p in zip(self.names, self.parameters, strict=True) if name[0] == str(place))
        return x * value if self.steps[place] == "scale" else x + value

    def inputs(self) -> list[torch.Tensor]:
        """What goes into each layer in training, and what comes out of the last."""
        values = [self.x]
        for place in range(len(self.steps)):
            values.append(self.step(place, values[-1]))
        return values


def check_net_out(net: Net, out: Any, training: bool = True, nested: bool = False) -> None:
    """Compare the output of a net. Mistakes are named in nets of three layers and more: less is little evidence."""
    true = net.twin(net.x, *net.parameters, training=training)
    few = nested or len(net.steps) < 3 or len(net.x) < 2
    assert_value(out, true, name="out", batch=1 if few else None)


@item("sequential_forward")
def test_a_net_runs_its_layers_one_after_another(student, make):
    net = Net(student, make)
    (out,) = net.script.fetch(net.net.forward(net.x))
    check_net_out(net, out)


@item("sequential_params")
def test_the_parameters_of_a_net_are_named_by_place_and_name(student, make):
    net = Net(student, make)
    check_names(net.script.fetch(net.net.params)[0], net, "params")


def check_names(found: Any, net: Net, what: str, names: Sequence[str] = (), turned: Sequence[str] = ()) -> None:
    """names: those that are due, where they are not the net's; turned: these, counted from the last layer."""
    names, last = names or net.names, len(net.steps) - 1
    places = [(int(place), name) for place, _, name in (name.partition(".") for name in names)]
    turned = turned or [f"{last - place}.{name}" for place, name in places]
    if not isinstance(found, dict):
        raise Malformed(f"{what} must be a dict")
    if found.get(names[0]) is None and not found:
        raise Missing(f"{what} of the net is empty")
    if set(found) != set(names):
        mistake = [] if set(found) == set(turned) else ["sequential-names"]  # names are made rightly, in another order
        shown = ", ".join(map(repr, found))
        message = f"{what} has the names {shown}; they should be {', '.join(map(repr, names))}"
        raise Mismatch(message, diagnosis=mistake)
    for name, value in zip(names, net.parameters, strict=True):
        assert_value(found[name], value, name=f"{what}[{name!r}]")


def net_gradients(net: Net, g: torch.Tensor, times: int = 1, nested: bool = False, given: Any = None) -> None:
    """Forward, and back as often as wanted: gradients of all parameters and of the input. given: g, over there."""
    net.script.fetch(net.net.forward(net.x))
    true = pull(net.twin, g, net.x, *net.parameters)
    few = nested or len(net.steps) < 3 or len(net.x) < 2  # little evidence: too many mistakes look alike
    for _ in range(times):
        grad_x, grads = net.script.fetch(net.net.backward(g if given is None else given), net.net.grads)
        if grad_x is None:
            raise Missing("Sequential.backward returns nothing yet")
        if not isinstance(grads, dict):
            raise Malformed("grads must be a dict")
        if set(grads) != set(net.names):
            if not grads:
                raise Missing("grads of the net is empty after backward")
            fewer = set(grads) < set(net.names)  # each of these layers has one parameter: some did not take part
            raise Mismatch(f"grads has the names {', '.join(map(repr, grads))}; they should be those of params",
                           diagnosis=["sequential-layer-skipped" if fewer else "sequential-names"])  # fmt: skip
        # backwards: the first layer whose gradient is wrong got the wrong one, those after it only pass it on
        for place in (*reversed(range(1, len(true))), 0):
            name, got = ("x", grad_x) if place == 0 else (net.names[place - 1], grads[net.names[place - 1]])
            assert_grad(got, true[place], name=name, batch=1 if few else None)


@item("sequential_backward")
def test_a_net_goes_back_through_its_layers_in_reverse(student, make):
    net = Net(student, make)
    net_gradients(net, make.normal(N, D))


def check_modes(net: Net, layers: list[Any], training: bool) -> None:
    modes = net.script.fetch(*[layer.training for layer in layers])
    if modes != [training] * len(modes):
        raise Mismatch(f"after {'train' if training else 'eval'}() `training` is {modes}",
                       diagnosis=["sequential-mode"])  # fmt: skip
    (out,) = net.script.fetch(net.net.forward(net.x))
    check_net_out(net, out, training, nested=True)


@item("sequential_modes")
def test_eval_reaches_every_layer_of_a_net(student, make):
    net = Net(student, make)
    net.script.fetch(net.net.eval())
    check_modes(net, [net.net, *net.layers], False)


# Recomputing: the nets of above, which keep every k-th input


def recomputing(student, make, every: int, **options: Any) -> Net:
    net = Net(student, make, **options)
    net.net = net.script.layers.Recomputing(every, *net.layers)
    return net


def check_kept(net: Net, every: int, fewer: str = "recompute-other-inputs") -> None:
    """After a forward or a backward pass: the inputs of every k-th layer, and no layer with a cache.

    fewer: what is wrong where not all of them are there.
    """
    kept, *caches = net.script.fetch(net.net.cache, *[layer.cache for layer in net.layers])
    if kept is None:
        raise Missing("Recomputing.forward keeps nothing in self.cache yet")
    if not isinstance(kept, list | tuple):
        raise Malformed("self.cache must be the list of the kept inputs")
    true = net.inputs()[: len(net.steps) : every]
    if len(kept) != len(true):
        mistake = fewer if len(kept) < len(true) else "recompute-other-inputs"
        raise Mismatch(f"self.cache holds {len(kept)} tensors; {len(net.steps)} layers in groups of {every} have "
                       f"{len(true)} inputs to keep", diagnosis=[mistake])  # fmt: skip
    for number, (got, value) in enumerate(zip(kept, true, strict=True)):
        assert_value(got, value, name=f"self.cache[{number}]")
    full = [place for place, cache in enumerate(caches) if cache is not None]
    if full:
        raise Mismatch(f"layer {full[0]} still holds a cache", diagnosis=["recompute-caches-left"])


@item("recompute")
def test_a_net_that_recomputes_has_the_output_and_the_gradients_of_a_sequential(student, make):
    net = recomputing(student, make, 2)
    (out,) = net.script.fetch(net.net.forward(net.x))
    check_net_out(net, out)
    net_gradients(net, make.normal(N, D), nested=True)  # a group that is left out says nothing of how layers are joined


@item("recompute", says="a net that recomputes keeps only the input of every k-th layer")
def test_a_net_that_recomputes_keeps_the_input_of_every_kth_layer_alone(student, make):
    net = recomputing(student, make, 2, parts="scale wave shift wave scale")
    net.script.fetch(net.net.forward(net.x))
    check_kept(net, 2)
