"""What the suites compare with: models written forwards in PyTorch, and their gradients by autograd, in float64.

Steps: `Truth` runs a model forward and keeps every named node; autograd gives the gradient of each node, the data and
the regularisation term apart. Then come the clues for `toolbox.checks.diagnose`: the gradients of the same model with a
known mistake planted in its forward pass. No backward line is written here by hand.

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

Loss = Callable[[Tensor, Tensor], Tensor]  # (scores, labels) -> the mean loss of the batch

# node -> the node from which its gradient comes, in the order of the backward pass
UPSTREAM = {"w": "scores", "b": "scores", "w2": "scores", "b2": "scores", "h": "scores", "a": "h", "w1": "a", "b1": "a"}


def margin_loss(
    s: Tensor, y: Tensor, correct: Tensor | None = None, margin: float = 1.0, slope: Callable[[Tensor], Tensor] = F.relu
) -> Tensor:
    """The hinge loss, with the parts that mistakes change as arguments. correct: (N, 1) scores of the labels."""
    correct = picked(s, y) if correct is None else correct
    return others(s, y, slope(s - correct + margin)) / len(y)


def picked(s: Tensor, y: Tensor) -> Tensor:
    """(N, 1): the entry of each row at its label."""
    return s.gather(1, y[:, None])


def others(s: Tensor, y: Tensor, terms: Tensor) -> Tensor:
    """The sum of the terms of all classes but the label's."""
    return terms.masked_fill(F.one_hot(y, s.shape[1]).bool(), 0).sum()


def squares(s: Tensor, y: Tensor) -> Tensor:
    return (s - F.one_hot(y, s.shape[1])).square().sum() / len(y)


def binary(s: Tensor, y: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(s, y.to(s.dtype))


LOSSES: dict[str, Loss] = {"hinge": margin_loss, "softmax": F.cross_entropy, "squared": squares, "logistic": binary}

# The same losses with one mistake each: misconception id -> losses. Some share the right value and differ in slope.
# What is done to a probability so that its logarithm stays finite: added to, or clamped at both ends.
SMALL = (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16, 1e-20, 1e-30)
PROPS = [lambda p, e=e: p + e for e in SMALL] + [lambda p, e=e: p.clamp(e, 1 - e) for e in SMALL]
MISTAKES: dict[str, dict[str, list[Loss]]] = {
    "hinge": {
        "hinge-correct-class-missing": [lambda s, y: margin_loss(s, y, picked(s, y).detach())],
        "hinge-correct-class-once": [
            lambda s, y: margin_loss(s, y, picked(s, y).detach()) - picked(s, y).mean(),
            lambda s, y: margin_loss(s, y, picked(s, y).detach()) - picked(s, y).sum(),
        ],
        "hinge-correct-class-counted": [
            lambda s, y: margin_loss(s, y) + F.relu(picked(s, y).detach() - picked(s, y) + 1).mean(),
            lambda s, y: margin_loss(s, y) + F.relu(picked(s, y) - picked(s, y).detach() + 1).mean(),
        ],
        "hinge-margin-missing": [lambda s, y: margin_loss(s, y, margin=0.0)],
        "hinge-scores-swapped": [lambda s, y: others(s, y, F.relu(picked(s, y) - s + 1)) / len(y),
                                 lambda s, y: margin_loss(s, y, margin=-1.0)],
        "hinge-margin-sizes-used": [lambda s, y: margin_loss(s, y, slope=lambda m: F.relu(m).square() / 2)],
        "hinge-threshold-missing": [lambda s, y: margin_loss(s, y, slope=lambda m: m),
                                    lambda s, y: margin_loss(s, y, slope=torch.abs)],
        "hinge-mask-inverted": [lambda s, y: margin_loss(s, y, slope=lambda m: -F.relu(-m))],
        "hinge-worst-class-only": [lambda s, y: F.relu(
            (s - picked(s, y) + 1).masked_fill(F.one_hot(y, s.shape[1]).bool(), -torch.inf).amax(dim=1)).mean()],
    },
    "softmax": {
        "one-hot-missing": [lambda s, y: s.logsumexp(dim=1).mean()],
        "one-hot-not-averaged": [lambda s, y: s.logsumexp(dim=1).mean() - picked(s, y).sum()],
        "softmax-wrong-axis": [lambda s, y: (s.logsumexp(dim=0).sum() - picked(s, y).sum()) / len(y),
                               lambda s, y: -picked(s.log_softmax(dim=0), y).mean()],
        "scores-as-probabilities": [lambda s, y: (s.square() / 2).sum(dim=1).mean() - picked(s, y).mean(),
                                    lambda s, y: -picked(s, y).mean()],
        "log-base": [lambda s, y: F.cross_entropy(s, y) / torch.log(torch.tensor(10.0, dtype=s.dtype)),
                     lambda s, y: F.cross_entropy(s, y) / torch.log(torch.tensor(2.0, dtype=s.dtype))],
        "log-of-wrong-class": [lambda s, y: -picked((1 - s.softmax(dim=1)).log(), y).mean()],
        "log-of-all-classes": [lambda s, y: -s.log_softmax(dim=1).sum(dim=1).mean()],
        "probability-propped": [lambda s, y, up=up: -up(picked(s.softmax(dim=1), y)).log().mean() for up in PROPS],
    },
    "squared": {
        "targets-not-subtracted": [lambda s, y: s.square().sum() / len(y)],
        "error-not-squared": [lambda s, y: (s - F.one_hot(y, s.shape[1])).abs().sum() / len(y),
                              lambda s, y: (s - F.one_hot(y, s.shape[1])).sum() / len(y),
                              lambda s, y: (s - F.one_hot(y, s.shape[1])).norm(dim=1).mean()],
    },
    "logistic": {
        "label-not-subtracted": [lambda s, y: F.softplus(s).mean()],
        "labels-swapped": [lambda s, y: binary(s, 1 - y)],
        "sigmoid-gradient-twice": [lambda s, y: (s.sigmoid() - y).square().mean() / 2],
        "one-label-only": [lambda s, y: (y * F.softplus(-s)).mean(), lambda s, y: ((1 - y) * F.softplus(s)).mean(),
                           lambda s, y: F.softplus(-y * s).mean()],  # meant for labels of -1 and 1
        "scores-as-probabilities": [lambda s, y: (s - y).square().mean() / 2],
        "probability-propped": [
            lambda s, y, up=up: -(y * up(s.sigmoid()).log() + (1 - y) * up((-s).sigmoid()).log()).mean() for up in PROPS
        ],
    },
}  # fmt: skip


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
        self._clues: dict[str, dict[str, Any]] = {}
        self.loss = (self.data + sum(self.penalties.values())).detach()
        self.data_grads = {name: self._slope(self.data, name) for name in self.nodes}
        self.reg_grads = {name: self._slope(self.penalties[name], name) for name in self.weights}
        self.grads = {name: grad + self.reg_grads.get(name, 0) for name, grad in self.data_grads.items()}

    def _slope(self, output: Tensor, name: str, upstream: Tensor | None = None) -> Tensor:
        return torch.autograd.grad(output, self.nodes[name], upstream, retain_graph=True)[0]

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
        return diagnose(got, right[0], limit, **self._grad_clues(name, grads[source].double()))

    def behind(self, loss: Any, condition: float = 1.0) -> Truth | None:
        """The same model with a known mistake before its scores, where a student's own wrong loss tells of one."""
        limit = tolerance(self.inputs, condition)
        loss = torch.tensor(loss, dtype=torch.float64) if isinstance(loss, float) else loss
        if not isinstance(loss, Tensor) or loss.numel() != 1 or relative_error(loss.reshape(()), self.loss) <= limit:
            return None
        worlds = (world for worlds in self.worlds().values() for world in worlds)
        return next((world for world in worlds if relative_error(loss.reshape(()), world.loss) <= limit), None)

    def worlds(self) -> dict[str, list[Truth]]:
        """misconception id -> the truths of the same model with that mistake before its scores."""
        given = {"x": self.x.to(self.inputs), "y": self.y, "reg": self.reg}
        names = [name for name in self.nodes if name[0] in "wb"]
        given |= {name: self.nodes[name].detach().to(self.inputs) for name in names}
        biases = [name for name in names if name[0] == "b"]
        absent = [{name: torch.zeros_like(given[name]) for name in some} for some in (biases[:1], biases[1:], biases)]
        found = {"bias-missing": [Truth(self.loss_name, given | zeros) for zeros in absent if zeros]}
        if "h" in self.nodes:
            found["relu-missing"] = [Truth(self.loss_name, given, straight=True)]
        return found

    def loss_clues(self) -> dict[str, Any]:
        """Clues for `assert_value` on the loss."""
        return self._remembered("loss", self._loss_clues)

    def clues(self, name: str) -> dict[str, Any]:
        """Clues for `assert_grad` on the gradient `name`."""
        return self._remembered(name, lambda: self._grad_clues(name))

    def _remembered(self, name: str, find: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if name not in self._clues:
            self._clues[name] = find()
        return self._clues[name]

    def _loss_clues(self) -> dict[str, Any]:
        penalty = sum(self.penalties.values()).detach()
        sizes = [self.nodes[name].detach() for name in self.weights]
        biases = [self.nodes[name].detach() for name in self.nodes if name.startswith("b")]
        data = self.data.detach()
        forms = self._mistaken(lambda loss: loss + penalty)
        forms["reg-not-squared"] = [data + self.reg * size for size in (sum(w.norm() for w in sizes),
                                    sum(w.abs().sum() for w in sizes), sum(w.sum() for w in sizes))]  # fmt: skip
        forms["reg-on-bias"] = data + penalty + self.reg * sum(b.square().sum() for b in biases)
        if "h" in self.nodes:
            forms["reg-one-layer"] = [data + part.detach() for part in self.penalties.values()]
        forms |= {name: [world.loss for world in worlds] for name, worlds in self.worlds().items()}
        return self._sizes() | {"forms": forms, "parts": {"data": data, "reg": penalty}}

    def _grad_clues(self, name: str, arriving: Tensor | None = None) -> dict[str, Any]:
        """arriving: the upstream gradient, where it is not the true one."""
        if name == "scores":
            scores = self.nodes["scores"].detach().requires_grad_()
            return self._sizes() | {"forms": self._mistaken(
                lambda loss: torch.autograd.grad(loss, scores)[0], scores)}  # fmt: skip
        source = UPSTREAM[name]
        data = self.data_grads[name] if arriving is None else self._slope(self.nodes[source], name, arriving)
        arriving = self.grads[source] if arriving is None else arriving
        clues = self._sizes() | {"forms": self._wrong_turns(name, arriving, data)}
        if name in self.weights:
            clues["parts"] = {"data": data, "reg": self.reg_grads[name]}
        if name.startswith("b"):
            clues["upstream"] = arriving
        return clues

    def _sizes(self) -> dict[str, Any]:
        scores = self.nodes["scores"]
        classes = scores.shape[1] if scores.dim() == 2 else None
        return {"batch": len(self.y), "classes": classes, "reg": self.reg}

    def _mistaken(self, take: Callable[[Tensor], Tensor], scores: Tensor | None = None) -> dict[str, list[Tensor]]:
        """misconception id -> `take` of each mistaken loss at the scores."""
        scores = self.nodes["scores"].detach() if scores is None else scores
        with torch.enable_grad():
            return {
                name: [take(loss(scores, self.y)).detach() for loss in losses]
                for name, losses in MISTAKES[self.loss_name].items()
            }

    def _wrong_turns(self, name: str, arriving: Tensor, data: Tensor) -> dict[str, list[Tensor]]:
        """misconception id -> the gradients of a node when the walk back through the model goes astray.

        arriving: the upstream gradient. data: the right gradient, without the penalty's.
        """
        source, own = UPSTREAM[name], self.reg_grads.get(name, 0)
        node, ones = self.nodes[source], torch.ones_like(arriving)
        with torch.enable_grad():
            if name == "a":
                a = self.nodes["a"]
                bent = {
                    "relu-mask-inverted": (a.clamp(max=0), arriving),
                    "relu-values-instead-of-mask": (F.relu(a).square() / 2, arriving),
                    "relu-mask-alone": (F.relu(a), ones),
                }
                forms = {mistake: [self._slope(h, "a", up)] for mistake, (h, up) in bent.items()}
                bare = a - self.nodes["b1"]  # the sum before its bias
                elsewhere = [F.relu(arriving), arriving * (bare > 0)]
                return forms | {"relu-mask-missing": [arriving], "relu-mask-from-upstream": elsewhere}
            forms = {"upstream-taken-as-ones": [self._slope(node, name, up) + own for up in (ones, ones / len(ones))]}
            if name.startswith("b"):
                penalty = self.reg * self.nodes[name].square().sum()
                forms["reg-on-bias"] = [data + self._slope(penalty, name)]
            if name in ("w1", "b1"):
                forms["upstream-from-wrong-node"] = [self._slope(node, name, self.grads["h"]) + own]
            if name == "w2":
                straight = forward(self.x, self.nodes, relu=lambda a: a)["scores"]
                forms["input-before-relu"] = [self._slope(straight, name, arriving) + own]
        return forms


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
