"""What the suites compare with: models written forwards in PyTorch, and their gradients by autograd, in float64.

Steps: `Truth` runs a model forward and keeps every named node; autograd gives the gradient of each node, the data and
the regularisation term apart. No backward line is written here by hand, and no mistake: those are run
(`toolbox.checks.recognise`).

Models: "linear" (scores = x @ w + b) and "net" (a = x @ w1 + b1, h = relu(a), scores = h @ w2 + b2).
Losses: "hinge", "softmax", "squared", "logistic".
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from toolbox.checks.compare import relative_error, tolerance
from toolbox.checks.diagnose import diagnose
from toolbox.checks.reference.losses import LOSSES

# node -> the node from which its gradient comes, in the order of the backward pass
UPSTREAM = {"w": "scores", "b": "scores", "w2": "scores", "b2": "scores", "h": "scores", "a": "h", "w1": "a", "b1": "a"}


class Truth:
    """The right values of one call: `loss`, `grads[name]`, and the clues and other right values for `compare`.

    loss_name: key of LOSSES. given: the arguments of the student's function (x, y, the parameters, reg). The same
    arguments come with every hand-in of a class: their truth is worked out once (the last KEPT ones are remembered).
    straight: leave the ReLU out, as one of the mistakes does.
    """

    KEPT = 512
    _known: OrderedDict[tuple, dict[str, Any]] = OrderedDict()

    def __init__(self, loss_name: str, given: dict[str, Any], straight: bool = False):
        key = loss_name, straight, *((name, content(value)) for name, value in given.items())
        if key not in self._known:
            self._work_out(loss_name, given, straight)
            self._known[key] = vars(self)
            if len(self._known) > self.KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        vars(self).update(self._known[key])

    def _work_out(self, loss_name: str, given: dict[str, Any], straight: bool) -> None:
        self.loss_name, self.reg, self.inputs, self.straight = loss_name, given["reg"], given["x"].dtype, straight
        self.x, self.y = given["x"].double(), given["y"]
        parameters = ("w", "b") if "w" in given else ("w1", "b1", "w2", "b2")
        self.nodes = {name: given[name].detach().double().clone().requires_grad_() for name in parameters}
        self.weights = [name for name in parameters if name.startswith("w")]
        with torch.enable_grad():
            self.nodes |= forward(self.x, self.nodes, *([lambda a: a + 0] if straight else []))
            self.data = LOSSES[loss_name](self.nodes["scores"], self.y)
            self.penalties = {name: self.reg * self.nodes[name].square().sum() for name in self.weights}
        self.loss = (self.data + sum(self.penalties.values())).detach()
        self.data_grads = {name: self._slope(self.data, name) for name in self.nodes}
        self.reg_grads = {name: self._slope(self.penalties[name], name) for name in self.weights}
        self.grads = {name: grad + self.reg_grads.get(name, 0) for name, grad in self.data_grads.items()}

    def _slope(self, output: Tensor, name: str, upstream: Tensor | None = None) -> Tensor:
        if upstream is not None:  # not as an argument of `grad`, which would load sympy for it
            with torch.enable_grad():
                output = (output * upstream).sum()
        return torch.autograd.grad(output, self.nodes[name], retain_graph=True)[0]

    def follows(self, name: str, grads: dict[str, Any]) -> list[Tensor]:
        """The gradient that follows from the student's own upstream gradient, where there is a usable one."""
        source = UPSTREAM.get(name)
        theirs = grads.get(source)
        if source is None or not usable(theirs, self.grads[source]):
            return []
        return [self._slope(self.nodes[source], name, theirs.double()) + self.reg_grads.get(name, 0)]

    def terms(self, name: str) -> float:
        """The size of what adds up to a bias's gradient, whose one or few entries may cancel; 0 for other names."""
        return self.grads[UPSTREAM[name]].abs().sum(dim=0).max().item() if name.startswith("b") else 0.0

    def diagnose_after(self, name: str, got: Any, grads: dict[str, Any]) -> list[str]:
        """The ids of the mistake in the step from the student's own wrong upstream gradient to `got`; [] where none is
        known, and where the upstream gradient is right."""
        limit, right = tolerance(self.inputs), self.follows(name, grads)
        source = UPSTREAM.get(name)
        if not right or not isinstance(got, Tensor) or relative_error(grads[source], self.grads[source]) <= limit:
            return []
        theirs = grads[source].double()
        return diagnose(got, right[0], limit, **self.clues(name, theirs), forms=self._wrong_turns(name, theirs))

    def behind(self, loss: Any, condition: float = 1.0) -> Truth | None:
        """The same model with a known mistake before its scores, where a student's own wrong loss tells of one."""
        limit = tolerance(self.inputs, condition)
        loss = torch.tensor(loss, dtype=torch.float64) if isinstance(loss, float) else loss
        if not isinstance(loss, Tensor) or loss.numel() != 1 or relative_error(loss.reshape(()), self.loss) <= limit:
            return None
        return next((world for world in self.worlds() if relative_error(loss.reshape(()), world.loss) <= limit), None)

    def worlds(self) -> list[Truth]:
        """The truths of the same model with one mistake before its scores: a bias is missing, or the ReLU."""
        given = {"x": self.x.to(self.inputs), "y": self.y, "reg": self.reg}
        names = [name for name in self.nodes if name[0] in "wb"]
        given |= {name: self.nodes[name].detach().to(self.inputs) for name in names}
        biases = [name for name in names if name[0] == "b"]
        absent = [{name: torch.zeros_like(given[name]) for name in some} for some in (biases[:1], biases[1:], biases)]
        found = [Truth(self.loss_name, given | zeros) for zeros in absent if zeros]
        return [*found, Truth(self.loss_name, given, straight=True)] if "h" in self.nodes else found

    def clues(self, name: str, arriving: Tensor | None = None) -> dict[str, Any]:
        """Clues for `toolbox.checks.diagnose` on the loss or on a gradient. arriving: the upstream gradient of the
        student's own, where it is not the true one."""
        scores = self.nodes["scores"]
        clues = {"batch": len(self.y), "classes": scores.shape[1] if scores.dim() == 2 else None, "reg": self.reg}
        if name == "loss":
            clues["parts"] = {"data": self.data.detach(), "reg": sum(self.penalties.values()).detach()}
        elif name in self.weights:
            source = self.nodes[UPSTREAM[name]]
            data = self.data_grads[name] if arriving is None else self._slope(source, name, arriving)
            clues["parts"] = {"data": data, "reg": self.reg_grads[name]}
        elif name.startswith("b"):
            clues["upstream"] = self.grads[UPSTREAM[name]] if arriving is None else arriving
        return clues

    def _wrong_turns(self, name: str, arriving: Tensor) -> dict[str, list[Tensor]]:
        """misconception id -> the gradient of a node where the step to it goes astray. arriving: the student's own
        upstream gradient, wrong as it is: a mistake that is run by itself never meets it."""
        with torch.enable_grad():
            if name == "w2":
                straight = forward(self.x, self.nodes, relu=lambda a: a)["scores"]
                return {"input-before-relu": [self._slope(straight, name, arriving) + self.reg_grads[name]]}
            if name == "a":
                a = self.nodes["a"]
                bent = {"relu-mask-missing": a + 0, "relu-mask-inverted": a.clamp(max=0),
                        "relu-values-instead-of-mask": F.relu(a).square() / 2}  # fmt: skip
                return {mistake: [self._slope(h, name, arriving)] for mistake, h in bent.items()}
        return {}


def forward(x: Tensor, p: dict[str, Tensor], relu: Callable[[Tensor], Tensor] = F.relu) -> dict[str, Tensor]:
    """The named nodes of the model, parameters `p`, from the input to the scores."""
    if "w" in p:
        return {"scores": x @ p["w"] + p["b"]}
    a = x @ p["w1"] + p["b1"]
    h = relu(a)
    return {"a": a, "h": h, "scores": h @ p["w2"] + p["b2"]}


def content(value: Any) -> Any:
    """What tells an argument from another one: for tensors form, numbers and layout, as plain data."""
    if not isinstance(value, Tensor):
        return value
    return value.dtype, value.shape, value.stride(), value.detach().numpy().tobytes()


def usable(theirs: Any, true: Tensor) -> bool:
    """Whether a student's own upstream gradient can be followed further: real numbers, of the right shape and of a
    sensible size, and not the same everywhere (a constant would be no gradient that someone worked out)."""
    if not isinstance(theirs, Tensor) or theirs.shape != true.shape or not theirs.is_floating_point():
        return False
    theirs = theirs.double()
    size = theirs.norm() / true.norm().clamp(min=1e-30)
    if not torch.isfinite(theirs).all() or not 1e-3 < size < 1e3:
        return False
    if true.dim() < 2:
        return true.numel() < 2 or bool(theirs.std() > 1e-3 * theirs.abs().max())
    rank = torch.linalg.matrix_rank
    return bool(rank(theirs) >= rank(true).clamp(max=2))
