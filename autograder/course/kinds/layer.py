"""What every layer must do, forward and back: a row says what a layer takes, the properties below are asked of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from toolbox.checks.compare import assert_between
from toolbox.checks.layer_runs import FILES, Trial, check_again, check_grads, check_out
from toolbox.checks.reference.layer import PARAMETERS, TWINS
from toolbox.checks.reference.tensor import pull
from toolbox.checks.rows import Row, asks
from toolbox.errors import Mismatch

SIZES = {"N": 7, "D": 5, "M": 3, "K": 4}  # all different: what is transposed or summed wrongly does not fit


def off_zero(make, *shape: int, dtype=torch.float64) -> torch.Tensor:
    """Numbers of both signs, in every column where there is more than one row, at least 0.1 away from 0."""
    x = make.normal(*shape)
    x = x + 0.1 * torch.sign(x)
    if x.dim() > 1 and len(x) > 1:
        x[0], x[-1] = x[0].abs() + 0.3, -x[-1].abs() - 0.3
    elif x.numel() > 1:
        some = x.view(-1)
        some[0], some[1] = some[0].abs().clamp(max=0.9), -some[1].abs()
        some[2:3] = some[2:3].abs() + 1.1
    return x.to(dtype)


@dataclass(frozen=True)
class Layer(Row):
    """A layer. name: its class. forward, backward: the items of its two passes; where backward is None, both are one.

    shapes: of its parameters in their order, in letters of SIZES. options: its other arguments; default: those that it
    has where none is given. sizes: further sizes to try. draw: makes x and the parameters (see `plain`), where they are
    not any numbers. fewest: rows that it needs. alike: what is the same in an expanded x, its rows or its columns.
    method: what its backward pass is called. label: its name in ids, where one class has two rows. twin: the same
    forward pass in PyTorch, where `toolbox.checks.reference.layer` has none of this name.
    """

    name: str
    forward: str
    backward: str | None = None
    options: Mapping[str, float] = field(default_factory=dict)
    default: Mapping[str, float] = field(default_factory=dict)
    shapes: Sequence[str] = ()
    sizes: Sequence[Mapping[str, int]] = ()
    draw: Callable[..., list[torch.Tensor]] | None = None
    fewest: int = 0
    alike: str = "rows"
    method: str = "backward"
    label: str = ""
    twin: Callable[..., torch.Tensor] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.twin is not None:
            TWINS[self.name] = self.twin
        if self.backward is None:
            object.__setattr__(self, "backward", self.forward)

    @property
    def parts(self) -> list[str]:
        """What has a gradient."""
        return ["x", *PARAMETERS.get(self.name, "").split()]

    def inputs(self, make, change=lambda x: x, dtype=torch.float64, **sizes: int) -> list[torch.Tensor]:
        """x, which is `change`d, and the parameters."""
        made = (self.draw or plain)(make, self.shapes, SIZES | sizes, change)
        return [value.to(dtype) for value in made]

    def upstream(self, make, *inputs: torch.Tensor, options=None) -> torch.Tensor:
        """A gradient of both signs for the output."""
        out = TWINS[self.name](*inputs, **(self.options if options is None else options))
        return off_zero(make, *out.shape, dtype=inputs[0].dtype)

    def run(self, student, inputs, *, g=None, layout="rows", only="", named=True, options=None) -> None:
        """One pass forward, which is compared, or with an upstream gradient g one back, of which that is compared."""
        x, *parameters = inputs
        given = self.options if options is None else options
        trial = Trial(student, self.name, *parameters, layout=layout, **(given if options is None else {}))
        out = trial.forward(x)
        if g is None:
            check_out(out, self.name, x, *parameters, named=named, **given)
        else:
            answer = trial.backward(g, self.method)
            check_grads(answer, self.name, g, x, *parameters, named=named, only=only, **given)

    def ask(self, student, make, back: bool, *, change=lambda x: x, dtype=torch.float64, only="", named=True,
            options=None, **sizes: int) -> None:  # fmt: skip
        """`run` on new inputs."""
        inputs = self.inputs(make, change, dtype, **sizes)
        g = self.upstream(make, *inputs, options=options) if back else None
        self.run(student, inputs, g=g, only=only, named=named, options=options)

    def ask_layouts(self, student, make, back: bool) -> None:
        """Columns that lie first in memory; equal rows or columns that are one."""
        inputs = self.inputs(make)
        self.run(student, inputs, g=self.upstream(make, *inputs) if back else None, layout="columns")
        rows = 1 if self.alike == "rows" else SIZES["N"]
        one, *parameters = self.inputs(make, lambda x: self.same(signed(x, 1, 1, -1, -1)), N=rows)
        x = one.expand(SIZES["N"], -1).contiguous()
        g = self.same(signed(self.upstream(make, x, *parameters), 1, -1, 1, -1)) if back else None
        self.run(student, [x, *parameters], g=g, layout="expanded")

    def same(self, x: torch.Tensor) -> torch.Tensor:
        """With all rows, or all columns, like the last, or the first."""
        return (x[-1:] if self.alike == "rows" else x[:, :1]).expand_as(x).contiguous()


@dataclass(frozen=True)
class Activation(Layer):
    """A layer that has no parameters and takes tensors of any shape. kink: its slope at 0 from the left, where from the
    right it is 1.
    """

    kink: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        FILES.setdefault(self.name, "activations")


def plain(make, shapes: Sequence[str], sizes: Mapping[str, int], change) -> list[torch.Tensor]:
    """x (N, D), and normal parameters."""
    parameters = [make.normal(*(sizes[letter] for letter in shape.split())) for shape in shapes]
    return [change(off_zero(make, sizes["N"], sizes["D"])), *parameters]


def signed(x: torch.Tensor, *signs: int) -> torch.Tensor:
    """Its first columns with these signs."""
    some = min(len(signs), x.shape[1])
    return torch.cat([x[:, :some].abs() * torch.tensor(signs[:some]), x[:, some:]], dim=1)


def far(x: torch.Tensor) -> torch.Tensor:
    """Rows with one entry far out to either side, rows that lie there as a whole, one that is torn, and near ones."""
    x = x.clone()
    for row, change in enumerate((lambda r: r[1].fill_(1000), lambda r: r[0].fill_(-1000), lambda r: r.add_(1000),
                                  lambda r: r.sub_(1000), lambda r: r.mul_(1000 / r.abs().max()))):  # fmt: skip
        change(x[row])
    x[5, 0], x[5, 1] = -40, 40
    return x


@asks(Layer, "output", of="forward")
def the_output_is_right(layer, student, make):
    layer.ask(student, make, back=False)


@asks(Layer, "gradient", of="backward", over="parts")
def the_gradient_is_right(layer, part, student, make):
    layer.ask(student, make, back=True, only=part)


### BEGIN HIDDEN TESTS
@asks(Layer, "test time", of="backward")
def its_gradients_belong_to_the_latest_forward_pass_at_test_time_too(layer, student, make):
    before, (x, *parameters) = layer.inputs(make), layer.inputs(make)
    trial = Trial(student, layer.name, *parameters, **layer.options)
    trial.forward(before[0])
    trial.mode(False)
    trial.forward(x)
    g = layer.upstream(make, x, *parameters)
    check_grads(trial.backward(g, layer.method), layer.name, g, x, *parameters, named=False, **layer.options)


@asks(Layer, "few rows", of="forward")
def the_output_of_a_single_row_and_of_none_is_right(layer, student, make):
    for rows in range(1, layer.fewest - 1, -1):
        layer.ask(student, make, back=False, N=rows)


@asks(Layer, "few rows back", of="backward")
def the_gradients_of_a_single_row_and_of_none_are_right(layer, student, make):
    for rows in range(1, layer.fewest - 1, -1):
        layer.ask(student, make, back=True, N=rows)


@asks(Layer, "layouts", of="forward")
def the_output_does_not_depend_on_how_x_lies_in_memory(layer, student, make):
    layer.ask_layouts(student, make, back=False)


@asks(Layer, "layouts back", of="backward")
def the_gradients_do_not_depend_on_how_tensors_lie_in_memory(layer, student, make):
    layer.ask_layouts(student, make, back=True)


@asks(Layer, "float32", of="forward")
def the_output_of_float32_is_right_and_float32(layer, student, make):
    layer.ask(student, make, back=False, dtype=torch.float32)


@asks(Layer, "float32 back", of="backward")
def the_gradients_of_float32_are_right_and_float32(layer, student, make):
    layer.ask(student, make, back=True, dtype=torch.float32)


@asks(Layer, "far", of="forward")
def the_output_is_right_where_entries_rows_or_all_of_x_lie_far_out(layer, student, make):
    for dtype in (torch.float64, torch.float32):
        layer.ask(student, make, back=False, change=far, dtype=dtype, named=False)


@asks(Layer, "far back", of="backward")
def the_gradients_are_right_where_entries_rows_or_all_of_x_lie_far_out(layer, student, make):
    for dtype in (torch.float64, torch.float32):
        layer.ask(student, make, back=True, change=far, dtype=dtype, named=False)


@asks(Layer, "sizes", of="forward")
def the_output_is_right_for_other_sizes(layer, student, make):
    for sizes in layer.sizes:
        layer.ask(student, make, back=False, **sizes)


@asks(Layer, "sizes back", of="backward")
def the_gradients_are_right_for_other_sizes(layer, student, make):
    for sizes in layer.sizes:
        layer.ask(student, make, back=True, **sizes)


@asks(Layer, "default", of="forward")
def its_options_have_their_defaults(layer, student, make):
    layer.ask(student, make, back=False, options=layer.default)


@asks(Layer, "default back", of="backward")
def its_options_have_their_defaults_in_the_backward_pass(layer, student, make):
    layer.ask(student, make, back=True, options=layer.default)


@asks(Layer, "latest", of="backward")
def the_gradients_belong_to_the_latest_forward_pass_and_come_again(layer, student, make):
    old, *parameters = layer.inputs(make)
    x = layer.inputs(make)[0]
    g = layer.upstream(make, x, *parameters)
    trial = Trial(student, layer.name, *parameters, **layer.options)
    for batch in (old, x):
        trial.forward(batch)
    first = trial.backward(g, layer.method)
    check_grads(first, layer.name, g, x, *parameters, **layer.options)
    check_again(first, trial.backward(g, layer.method))
    g = layer.upstream(make, x, *parameters)
    check_grads(trial.backward(g, layer.method), layer.name, g, x, *parameters, **layer.options)


@asks(Layer, "stepped", of="forward")
def its_output_follows_parameters_that_an_optimiser_has_changed(layer, student, make):
    before, after = layer.inputs(make), layer.inputs(make)
    trial = Trial(student, layer.name, *before[1:], **layer.options)
    trial.forward(before[0])
    trial.step(*after[1:])
    check_out(trial.forward(after[0]), layer.name, *after, named=False, **layer.options)


@asks(Layer, "stepped back", of="backward")
def its_gradients_follow_parameters_that_an_optimiser_has_changed(layer, student, make):
    before, after = layer.inputs(make), layer.inputs(make)
    trial = Trial(student, layer.name, *before[1:], **layer.options)
    trial.forward(before[0])
    trial.backward(layer.upstream(make, *before), layer.method)
    trial.step(*after[1:])
    trial.forward(after[0])
    g = layer.upstream(make, *after)
    check_grads(trial.backward(g, layer.method), layer.name, g, *after, named=False, **layer.options)


@asks(Layer, "apart", of="forward")
def layers_share_nothing_and_an_output_stays_as_it_is(layer, student, make):
    one, other = layer.inputs(make), layer.inputs(make)
    first = Trial(student, layer.name, *one[1:], **layer.options)
    second = Trial(student, layer.name, *other[1:], script=first.script, **layer.options)
    out, ref = first.forward(one[0]), first.out
    check_out(out, layer.name, *one, **layer.options)
    check_out(second.forward(other[0]), layer.name, *other, **layer.options)
    first.forward(-one[0])
    stays(first.script.fetch(ref)[0], out, "the output of an earlier forward pass")


@asks(Layer, "apart back", of="backward")
def layers_share_nothing_and_a_gradient_stays_as_it_is(layer, student, make):
    one, other = layer.inputs(make), layer.inputs(make)
    first = Trial(student, layer.name, *one[1:], **layer.options)
    second = Trial(student, layer.name, *other[1:], script=first.script, **layer.options)
    first.forward(one[0])
    second.forward(other[0])
    first.let_go()
    g = layer.upstream(make, *one)
    answer = first.backward(g, layer.method)
    ref, grads = first.grad_x, first.grads()
    check_grads(answer, layer.name, g, *one, named=False, **layer.options)
    second.backward(-2 * g, layer.method)
    first.backward(-g, layer.method)
    for part, now in zip(answer, first.script.fetch(ref, *grads), strict=True):
        stays(now, answer[part], "the gradient of an earlier backward pass")


def stays(now: Any, was: Any, what: str) -> None:
    """Raises Mismatch where an earlier answer has changed since."""
    if isinstance(was, torch.Tensor) and not (
        isinstance(now, torch.Tensor) and now.shape == was.shape and torch.equal(now, was)
    ):
        message = f"{what} changes with the next call: each call makes a tensor of its own"
        raise Mismatch(message, diagnosis=["answer-reused"])


@asks(Activation, "shapes", of="forward")
def the_output_is_right_for_images_and_vectors(layer, student, make):
    for shape in ((3, 2, 4), (6,)):
        layer.run(student, [off_zero(make, *shape)], named=len(shape) > 2)


@asks(Activation, "shapes back", of="backward")
def the_gradient_is_right_for_images_and_vectors(layer, student, make):
    for shape in ((3, 2, 4), (6,)):
        x, g = off_zero(make, *shape), off_zero(make, *shape)
        layer.run(student, [x], g=g, named=len(shape) > 2)


@asks(Activation, "kink", of="backward")
def any_slope_between_both_sides_is_right_at_the_kink(layer, student, make):
    x, g = off_zero(make, SIZES["N"], SIZES["D"]), off_zero(make, SIZES["N"], SIZES["D"])
    x[1], x[3, 2] = 0.0, 0.0
    trial = Trial(student, layer.name, **layer.options)
    trial.forward(x)
    true = pull(lambda x: TWINS[layer.name](x, **layer.options), g, x)[0]
    sides = [torch.where(x == 0, slope * g, true) for slope in (layer.kink, 1.0)]
    assert_between(trial.backward(g)["x"], *sides, name="x", if_not_finite="zero-over-zero")


### END HIDDEN TESTS
