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


### BEGIN HIDDEN TESTS
@item("sequential_forward")
def test_a_net_runs_any_number_of_layers_on_any_number_of_rows(student, make):
    for parts, rows in (("scale", 1), ("shift scale", 3), ("wave wave scale shift wave", 2), ("shift wave", 0)):
        net = Net(student, make, rows=rows, parts=parts)
        (out,) = net.script.fetch(net.net.forward(net.x))
        check_net_out(net, out)


@item("sequential_forward", says="a net inside a net runs like one net")
def test_a_net_in_a_net_runs_like_one(student, make):
    net = Net(student, make)
    Sequential = net.script.layers.Sequential
    outer = Sequential(Sequential(*net.layers[:2]), Sequential(*net.layers[2:]))
    out, again = net.script.fetch(outer.forward(net.x), outer.forward(net.x))
    check_net_out(net, out, nested=True)
    check_net_out(net, again, nested=True)


@item("sequential_forward")
def test_a_net_runs_every_batch_anew_and_changes_none(student, make):
    net = Net(student, make)
    for rows in (N, N, 2):
        net.x = make.normal(rows, D)
        kept = net.script.keep(net.x)
        out, after = net.script.fetch(net.net.forward(kept), kept)
        check_net_out(net, out, nested=True)
        assert_unchanged([] if torch.equal(after, net.x) else ["x"])


@item("sequential_forward", says="a net without layers returns its input")
def test_a_net_without_layers_gives_back_what_it_was_given(student, make):
    script, x = student.script(), make.normal(N, D)
    (out,) = script.fetch(script.layers.Sequential().forward(x))
    assert_value(out, x, name="out")


### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@item("sequential_params", says="the parameters of a net are the layers' own tensors")
def test_the_parameters_of_a_net_are_the_layers_own(student, make):
    net = Net(student, make)
    start = net.net.forward(net.x)
    moved = net.script.toolbox.small_layers.move(net.net.params, 0.5)
    out, _, _ = net.script.fetch(net.net.forward(net.x), moved, start)
    net.parameters = [value + 0.5 for value in net.parameters]
    true = net.twin(net.x, *net.parameters)
    assert_value(out, true, name="out after a step")


@item("sequential_params", says="the parameters of a net inside a net have both places in their names")
def test_the_parameters_of_a_net_in_a_net_have_both_places_in_their_names(student, make):
    net = Net(student, make)
    Sequential = net.script.layers.Sequential
    outer = Sequential(net.layers[0], Sequential(*net.layers[1:]))
    names, turned = ["0.s", "1.1.t", "1.2.s"], ["1.s", "0.1.t", "0.0.s"]
    check_names(net.script.fetch(outer.params)[0], net, "params", names, turned)


@item("sequential_params")
def test_the_parameters_of_a_net_of_twelve_layers_have_their_places(student, make):
    net = Net(student, make, parts="scale shift wave " * 4)
    check_names(net.script.fetch(net.net.params)[0], net, "params")


@item("sequential_params")
def test_nets_do_not_share_their_parameters(student, make):
    first = Net(student, make)
    other = first.script.layers.Sequential(first.script.toolbox.small_layers.Shift(make.normal(D)))
    names = first.script.fetch(other.params, first.net.params)
    check_names(names[1], first, "params")
    if not isinstance(names[0], dict) or set(names[0]) != {"0.t"}:
        raise Mismatch("a second net has parameters of the first one", diagnosis=["sequential-names"])


### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@item("sequential_backward", says="a net may go back many times")
def test_a_net_goes_back_again_and_again(student, make):
    net = Net(student, make)
    net_gradients(net, make.normal(N, D), times=2)
    net_gradients(net, make.normal(N, D), times=1)


@item("sequential_backward")
def test_a_net_goes_back_through_its_latest_batch_and_leaves_the_upstream_gradient_alone(student, make):
    net = Net(student, make)
    net.script.fetch(net.net.forward(net.x))
    net.x = make.normal(N, D)
    g = make.normal(N, D)
    kept = net.script.keep(g)
    net_gradients(net, g, given=kept)
    assert_unchanged([] if torch.equal(net.script.fetch(kept)[0], g) else ["grad_out"])


@item("sequential_backward")
def test_a_net_of_twelve_layers_goes_back(student, make):
    net_gradients(Net(student, make, parts="scale shift wave " * 4), make.normal(N, D))


@item("sequential_backward", says="a net inside a net goes back like one net")
def test_a_net_in_a_net_goes_back_like_one(student, make):
    net = Net(student, make, parts="wave shift scale wave")
    Sequential = net.script.layers.Sequential
    net.net = Sequential(net.layers[0], Sequential(*net.layers[1:]))
    net.names = ["1.0.t", "1.1.s"]
    net_gradients(net, make.normal(N, D), nested=True)


@item("sequential_backward")
def test_a_net_of_one_layer_and_of_none_goes_back(student, make):
    net = Net(student, make, rows=1, parts="scale")
    net_gradients(net, make.normal(1, D))
    script, x = student.script(), make.normal(N, D)
    net = script.layers.Sequential()
    grad_x, _ = script.fetch(net.backward(x), net.forward(x))
    assert_grad(grad_x, x, name="x of a net without layers")


### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@item("sequential_modes", says="train and eval may alternate")
def test_train_and_eval_take_turns(student, make):
    net = Net(student, make, parts="wave scale wave")
    for training in (False, False, True, True, False, True):
        net.script.fetch((net.net.train if training else net.net.eval)())
        check_modes(net, [net.net, *net.layers], training)


@item("sequential_modes")
def test_eval_reaches_the_layers_of_a_net_in_a_net(student, make):
    net = Net(student, make)
    Sequential = net.script.layers.Sequential
    inner = Sequential(*net.layers[1:])
    outer = Sequential(net.layers[0], inner)
    net.net = outer
    for training in (False, True):
        net.script.fetch((outer.train if training else outer.eval)())
        check_modes(net, [outer, inner, *net.layers], training)


@item("sequential_modes", says="the modes of two nets are independent")
def test_the_modes_of_two_nets_do_not_meet(student, make):
    net = Net(student, make)
    other = net.script.layers.Sequential(net.script.toolbox.small_layers.Wave())
    net.script.fetch(net.net.eval(), other.train())
    check_modes(net, net.layers, False)
    if net.script.fetch(other.training) != [True]:
        raise Mismatch("eval() of one net reaches another one")


### END HIDDEN TESTS

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


### BEGIN HIDDEN TESTS
@item("recompute")
def test_a_net_recomputes_in_groups_of_any_size(student, make):
    for every, parts in ((1, "wave shift scale"), (3, "scale wave shift wave wave scale shift"),
                         (3, "wave scale shift"), (9, "shift wave scale")):  # fmt: skip
        net = recomputing(student, make, every, parts=parts)
        net.script.fetch(net.net.forward(net.x))
        check_kept(net, every)
        net_gradients(net, make.normal(N, D), nested=True)


@item("recompute", says="no cache is left after the backward pass")
def test_a_net_holds_no_caches_after_its_backward_pass_either(student, make):
    net = recomputing(student, make, 3, parts="wave scale wave shift wave")
    net_gradients(net, make.normal(N, D), nested=True)
    check_kept(net, 3, fewer="cache-used-up")


@item("recompute", says="at no time do more than k layers hold a cache, and each layer runs forward twice")
def test_at_no_time_do_more_than_k_layers_hold_a_cache_and_each_runs_twice(student, make):
    script = student.script()
    row = script.builtins.list()
    every, scales = 3, [make.normal(D) for _ in range(8)]
    layers = [script.toolbox.small_layers.Watched(scale, row) for scale in scales]
    net = script.layers.Recomputing(every, *layers)
    script.fetch(net.forward(make.normal(N, D)))
    grad_x, *found = script.fetch(net.backward(make.normal(N, D)), *[layer.most for layer in layers],
                                  *[layer.runs for layer in layers])  # fmt: skip
    if grad_x is None:
        raise Missing("Recomputing.backward returns nothing yet")
    most, runs = found[: len(layers)], found[len(layers) :]
    if max(most) > every:
        raise Mismatch(f"{max(most)} layers held a cache at the same time, {every} are allowed",
                       diagnosis=["recompute-all-at-once"])  # fmt: skip
    if set(runs) != {2}:
        raise Mismatch(f"the layers ran forward {', '.join(map(str, runs))} times; each should run twice",
                       diagnosis=["recompute-runs"] if max(runs) > 2 else [])  # fmt: skip


@item("recompute")
def test_a_net_goes_back_twice_and_through_its_latest_batch(student, make):
    net = recomputing(student, make, 2)
    net_gradients(net, make.normal(N, D), nested=True)
    net.x = make.normal(N, D)
    net.script.fetch(net.net.forward(net.x))
    check_kept(net, 2)
    net_gradients(net, make.normal(N, D), times=2, nested=True)


@item("recompute", says="a net that recomputes may be part of another net, and may be empty")
def test_a_net_that_recomputes_stands_in_another_net_and_may_be_empty(student, make):
    net = Net(student, make, parts="wave shift scale wave")
    inner = net.script.layers.Recomputing(2, *net.layers[1:])
    net.net = net.script.layers.Recomputing(1, net.layers[0], inner)
    net.names = ["1.0.t", "1.1.s"]
    net_gradients(net, make.normal(N, D), nested=True)
    script, x = student.script(), make.normal(N, D)
    empty = script.layers.Recomputing(2)
    out, grad_x = script.fetch(empty.forward(x), empty.backward(x))
    assert_value(out, x, name="out of a net without layers")
    assert_grad(grad_x, x, name="x of a net without layers")


### END HIDDEN TESTS
