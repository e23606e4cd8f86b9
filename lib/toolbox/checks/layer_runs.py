"""Run one layer of a student's, and compare what comes out: the steps that all tests of layers share.

A layer is made, run forward and run back in the student's process, in one script; plain tensors come back. Every run
looks at all tensors that it gave away, the layer's output among them, and says which of them were changed in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from toolbox.calling.script import Ref, Script
from toolbox.checks.compare import TINY, assert_grad, assert_unchanged, assert_value
from toolbox.checks.reference.layer import OVERFLOW, PARAMETERS, TWINS
from toolbox.checks.reference.tensor import pull
from toolbox.errors import Malformed, Mismatch, Missing

ACTIVATIONS = ("ReLU", "LeakyReLU", "ELU", "Sigmoid", "Tanh", "Softmax")
FILES = {"BatchNorm": "batchnorm"} | dict.fromkeys(ACTIVATIONS, "activations")  # class -> its module, if not `layers`
OUT = "out (and with it whatever uses it)"
ROUGH = {"BatchNorm": 32.0, "Linear": 8.0, "Maxout": 8.0, "Correlation1d": 8.0}  # how much each magnifies roundings


def layer_of(script: Script, name: str, *arguments: Any, **options: Any) -> Ref:
    """A layer of the student's, in their process."""
    return getattr(getattr(script, FILES.get(name, "layers")), name)(*arguments, **options)


def stored(x: Tensor, layout: str) -> Tensor:
    """What of x lies in memory: its "rows", its "columns" first, one row or one column that is "expanded".

    Raises ValueError where the rows of an x to be expanded differ, and its columns too.
    """
    if layout == "columns":
        return x.T.contiguous()
    if layout == "expanded":
        for one in (x[:1], x[:, :1]):
            if torch.equal(x, one.expand_as(x)):
                return one.contiguous()
        raise ValueError("only equal rows or columns can be one that is expanded")
    return x.contiguous()


def lay_out(script: Script, x: Tensor, layout: str) -> tuple[Ref, Ref]:
    """x in the student's process, and what stands behind it in memory (see `stored`)."""
    kept = script.keep(stored(x, layout))
    return {"columns": lambda: kept.T, "expanded": lambda: kept.expand(*x.shape)}.get(layout, lambda: kept)(), kept


class Trial:
    """One layer in a student's process; forward and backward may be called as often as one likes.

    parameters: tensors in the order of the layer's arguments. options: its other arguments. script: that of another
    layer, beside which this one is to stand. out, grad_x: the latest answers, in the student's process.
    """

    def __init__(
        self,
        student: Any,
        name: str,
        *parameters: Tensor,
        layout: str = "rows",
        script: Script | None = None,
        **options: Any,
    ):
        self.name, self.parameters, self.options, self.layout = name, parameters, options, layout
        self.script = script or student.script()
        self._given: list[tuple[str, Ref, Tensor | None]] = []
        self.names = PARAMETERS.get(name, "").split()
        self._kept = [self._give(label, p, "rows") for label, p in zip(self.names, parameters, strict=True)]
        self.layer = layer_of(self.script, name, *self._kept, **options)

    def step(self, *parameters: Tensor) -> None:
        """Give the parameters other values, in place, as an optimiser does."""
        for kept, value in zip(self._kept, parameters, strict=True):
            kept.copy_(value)
        new = dict(zip(self.names, parameters, strict=True))
        self._given = [
            (label, behind, stored(new[label], "rows") if label in new else before)
            for label, behind, before in self._given
        ]

    def forward(self, x: Tensor) -> Any:
        """What the student's forward pass gives. Raises Mismatch where it changed a tensor, Missing for None."""
        self.let_go()
        self.x, self.out = x, self.layer.forward(self._give("x", x, self.layout))
        (out,) = self._fetch(self.out)
        if out is None:
            raise Missing(f"{self.name}.forward returns nothing yet")
        if isinstance(out, Tensor):
            self._given.append((OUT, self.out, out))
        return out

    def backward(self, grad_out: Tensor, method: str = "backward", layout: str | None = None) -> dict[str, Any]:
        """The student's gradients by name, "x" the first. Raises Mismatch, Missing, Malformed."""
        given = self._give("grad_out", grad_out, layout or self.layout)
        self.grad_x = getattr(self.layer, method)(given)
        grad_x, grads = self._fetch(self.grad_x, self.layer.grads, back=True)
        if not isinstance(grads, dict):
            raise Malformed(f"{self.name}.grads must be a dict from names to gradients")
        return {"x": grad_x} | {name: grads.get(name) for name in self.names}

    def grads(self) -> list[Ref]:
        """The gradients of the parameters, as they are now."""
        return [self.layer.grads.get(name) for name in self.names]

    def let_go(self) -> None:
        """Look no more at the output: whether an earlier one stays as it is, is asked for itself."""
        self._given = [given for given in self._given if given[0] != OUT]

    def read(self, attribute: str) -> Any:
        """An attribute of the layer."""
        return self._fetch(getattr(self.layer, attribute))[0]

    def mode(self, training: bool) -> None:
        """From now on: in training, or in use."""
        self.layer.training = training

    def _give(self, label: str, x: Tensor, layout: str) -> Ref:
        given, behind = lay_out(self.script, x, layout)
        self._given.append((label, behind, stored(x, layout)))
        return given

    def _fetch(self, *wanted: Any, back: bool = False) -> list[Any]:
        found = self.script.fetch(*wanted, *(behind for _, behind, _ in self._given))
        values, after = found[: len(wanted)], found[len(wanted) :]
        changed = [label for (label, _, before), now in zip(self._given, after, strict=True) if not _same(before, now)]
        if back and set(changed) == {OUT}:
            message = "backward changed out, which forward had handed on and others still use: work on a copy"
            raise Mismatch(message, diagnosis=["cache-used-up"])
        assert_unchanged(list(dict.fromkeys(changed)))
        return values


def _same(before: Tensor, now: Any) -> bool:
    same_form = isinstance(now, Tensor) and now.shape == before.shape and now.dtype == before.dtype
    return same_form and torch.equal(now.nan_to_num(), before.nan_to_num())


def check_dtype(answer: Any, dtype: torch.dtype, label: str) -> None:
    """Raises Mismatch where a tensor has another dtype than what it was made of."""
    if isinstance(answer, Tensor) and answer.dtype != dtype:
        message = f"{label} is {_short(answer.dtype)}, and what came in was {_short(dtype)}: a layer keeps the dtype"
        raise Mismatch(message, diagnosis=["dtype-changed"])


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def check_out(
    answer: Any,
    name: str,
    x: Tensor,
    *parameters: Tensor,
    named: bool = True,
    twin: Callable | None = None,
    **options: Any,
) -> None:
    """Compare what a layer's forward pass gave with PyTorch.

    named: whether to name mistakes. twin: another than that of the layer's name.
    """
    wide = [value.double() for value in (x, *parameters)]
    true = (twin or TWINS[name])(*wide, **options)
    batch = len(x) if len(x) > 1 and named else 1  # one row is little evidence: too many mistakes look alike
    # Of a single row nothing is left but beta; who scales before subtracting the mean has scaled some hundredfold.
    rough = ROUGH.get(name, 1.0) * (16.0 if name == "BatchNorm" and len(x) == 1 and x.dtype == torch.float64 else 1.0)
    assert_value(answer, true, name="out", inputs=x.dtype, if_single="dtype-changed", condition=rough,
                 if_not_finite=OVERFLOW.get(name), batch=batch)  # fmt: skip
    check_dtype(answer, x.dtype, "out")


def check_grads(
    answers: dict[str, Any],
    name: str,
    g: Tensor,
    x: Tensor,
    *parameters: Tensor,
    named: bool = True,
    twin: Callable | None = None,
    only: str = "",
    **options: Any,
) -> None:
    """Compare a layer's gradients with autograd's. only: the names to look at ("x w"), where not all of them."""
    true = pull(lambda *inputs: (twin or TWINS[name])(*inputs, **options), g, x, *parameters)
    terms = _terms(name, true, g, x, parameters, options)
    names = ["x", *PARAMETERS.get(name, "").split()]
    for place, (label, right) in enumerate(zip(names, true, strict=True)):
        if only and label not in only.split():
            continue
        answer = answers[label]
        if answer is None:
            what = "backward returns nothing yet" if label == "x" else f"grads[{label!r}] is not set by backward yet"
            raise Missing(f"{name}: {what}")
        assert_grad(answer, right, name=label, inputs=x.dtype, condition=ROUGH.get(name, 1.0),
                    terms=terms[place], if_single="dtype-changed", if_not_finite=OVERFLOW.get(name),
                    batch=len(x) if len(x) > 1 and named else 1,
                    upstream=g if label in ("b", "beta") and right.dim() == 1 else None)  # fmt: skip
        check_dtype(answer, x.dtype, f"gradient {label}")


def _terms(name, true: Sequence[Tensor], g: Tensor, x: Tensor, parameters: Sequence[Tensor], options) -> list[float]:
    """The size of what adds up to each gradient, where it may cancel; else 0."""
    if not x.numel():
        return [0.0] * len(true)
    if name in ("Linear", "Correlation1d"):  # sums of products: the same sums with every sign positive
        sizes = pull(lambda *inputs: TWINS[name](*inputs, **options), g.abs(), x.abs(), *(p.abs() for p in parameters))
        return [size.max().item() for size in sizes]
    if name == "Softmax":
        return [(x.double().softmax(dim=-1) * g.abs()).max().item()]
    last = g.abs().double().sum().item() / true[-1].numel() if parameters else 0.0  # a bias: b, beta
    if name == "BatchNorm":
        x, g, gamma = x.double(), g.double(), parameters[0].double()
        normal = TWINS[name](x, torch.ones_like(gamma), torch.zeros_like(gamma), **options)
        wide, narrow = (rows.amax(dim=0) - rows.amin(dim=0) for rows in (x, normal))
        steepest = ((g * gamma).abs().amax(dim=0) * narrow / wide.clamp(min=TINY)).max().item()
        return [steepest, (g * normal).abs().sum(dim=0).max().item(), last]
    return [*[0.0] * (len(true) - 1), last]


def check_again(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Compare the gradients of two calls of backward after one forward pass. Raises Mismatch where they differ."""
    for label, before in first.items():
        now = second[label]
        if isinstance(before, Tensor) and isinstance(now, Tensor) and before.shape == now.shape:
            if torch.allclose(now, before, rtol=1e-6, atol=1e-12):
                continue
            added = torch.allclose(now, 2 * before, rtol=1e-6, atol=1e-12)
            found = ["grads-pile-up"] if added and label != "x" else ["cache-used-up"]
            raise Mismatch(f"called a second time, backward gives another gradient {label}", diagnosis=found)
