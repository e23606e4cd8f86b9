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
