"""Which gradients known mistakes in the backward passes of layers lead to: clues for `toolbox.checks.diagnose`.

Most are the gradients of functions that were changed on purpose (`truths.layer.CHANGED` has some, too): "the output in
place of the slope", for example, is the gradient of an antiderivative.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from toolbox.checks.reference.batchnorm import batchnorm_forms
from toolbox.checks.reference.layer import CHANGED, PARAMETERS, TWINS, Twin, correlation, leaky, linear, maxout, pieces
from toolbox.checks.reference.tensor import Forms, matmul_forms, pull, relu_forms, softmax_forms


def backward_forms(name: str, place: int, g: Tensor, x: Tensor, *parameters: Tensor, **options: float) -> Forms:
    """What known mistakes in the backward pass lead to. place: 0 for x, then the parameters in their order."""
    g, x, parameters = g.double(), x.double(), [p.double() for p in parameters]

    def back(twin: Twin, upstream: Tensor = g, *at: Tensor) -> Tensor:
        return pull(lambda *inputs: twin(*inputs, **options), upstream, *(at or (x, *parameters)))[place]

    forms = {"upstream-taken-as-ones": [back(TWINS[name], torch.ones_like(g))]}
    if name == "BatchNorm":
        return forms | batchnorm_forms(place, g, x, *parameters, **options)
    if name == "ReLU":
        forms = {}  # the mask alone has a name of its own
    if name not in PARAMETERS:
        return forms | _activation_forms(name, back, g, x, options)
    if name == "Linear" and place < 2:
        return forms | matmul_forms(g, x, parameters[0], place)
    if name == "Maxout":
        every, K = pieces(x, *parameters), len(parameters[0])
        forms |= {
            "maxout-all-collect": [back(lambda *a: pieces(*a).sum(dim=0)), back(lambda *a: pieces(*a).mean(dim=0))],
            "maxout-one-piece": [back(lambda *a: pieces(*a)[0]), back(lambda *a: pieces(*a)[-1])],
            "maxout-smallest": [back(lambda *a: pieces(*a).amin(dim=0))],
            "maxout-losers-collect": [back(lambda *a: pieces(*a).sum(dim=0)) - back(maxout)],
            "maxout-choice-without-bias": [back(lambda *a: pieces(*a).gather(
                0, (every - parameters[1][:, None]).argmax(dim=0)[None])[0])],
            "maxout-relu-too": [back(lambda *a: F.relu(maxout(*a)))],
        }  # fmt: skip
        if place == 0:
            forms["maxout-averaged"] = [back(maxout) / K]
            winner = every.argmax(dim=0)
            alone = [
                pull(linear, g * (winner == k), x, w, b)[0] for k, (w, b) in enumerate(zip(*parameters, strict=True))
            ]
            forms["maxout-not-summed"] = [torch.stack(alone)]
        if place == 2:
            per_row = back(lambda x, w, b: maxout(x, w, b), g)
            forms["bias-summed-completely"] = [g.sum(dim=0), per_row.sum(dim=0), g.sum(dim=0).expand(K, -1)]
            forms["bias-averaged"] = [per_row / len(x), per_row / K]
    if name == "Correlation1d":
        forms |= {key: [back(twin) for twin in twins] for key, twins in CHANGED[name].items()
                  if key not in ("correlation-padded", "mean-for-sum")}  # fmt: skip
        forms["correlation-upstream-reversed"] = [back(correlation, g.flip(1))]
        forms["mean-for-sum"] = [back(correlation) / count for count in (len(x), x.shape[1], g.shape[1], g.numel())]
        if place == 1:
            totals = [(x[:, : g.shape[1]] * g).sum()]
            forms["correlation-one-sum-for-all"] = [total.expand(len(parameters[0])) for total in totals]
            forms["correlation-one-row-only"] = [
                back(correlation, g * _first_row(g)),
                back(correlation, g * _last_row(g)),
            ]
            forms["correlation-not-summed"] = [torch.stack([pull(correlation, row[None], one[None], *parameters)[1]
                                                            for row, one in zip(g, x, strict=True)])]  # fmt: skip
        else:
            whole = back(correlation)
            forms["correlation-border-cut"] = [F.pad(whole[:, : g.shape[1]], (0, x.shape[1] - g.shape[1])),
                                               whole[:, : g.shape[1]]]  # fmt: skip
    return forms


def _first_row(g: Tensor) -> Tensor:
    return (torch.arange(len(g)) == 0)[:, None]


def _last_row(g: Tensor) -> Tensor:
    return _first_row(g).flip(0)


def _activation_forms(name: str, back: Callable, g: Tensor, x: Tensor, options: dict[str, float]) -> Forms:
    """Most are gradients of functions with another slope: "the output for the slope" that of an antiderivative."""
    out = TWINS[name](x, **options)
    if name == "Softmax":
        return softmax_forms(g, out) | {"softmax-of-inputs": [softmax_forms(g, x)["softmax-cross-terms-missing"][1],
                                                              x * (g - (x * g).sum(dim=-1, keepdim=True))]}  # fmt: skip
    if name == "ReLU":
        return relu_forms(g, x) | {"leaky-instead": [back(leaky), back(lambda v: leaky(v, 0.1))]}
    forms: Forms = {
        "activation-local-missing": [g],
        "activation-output-for-slope": [g * out],
        "activation-slope-at-output": [back(TWINS[name], g, out)],
        "activation-slope-at-upstream": [back(TWINS[name], g, g)],
        "activation-forward-again": [out, TWINS[name](g, **options)],
    }
    if name == "LeakyReLU":
        del forms["activation-slope-at-output"]  # the output has the sign of the input: that is no mistake
        keys = ("leaky-slope-ignored", "leaky-slope-missing", "leaky-slope-misplaced", "leaky-slope-sign")
        forms |= {key: [back(twin) for twin in CHANGED[name][key]] for key in keys}
        forms["leaky-slope-without-upstream"] = [torch.where(x > 0, g, options["slope"])]
    if name == "ELU":
        forms |= {key: [back(twin) for twin in CHANGED[name][key]]
                  for key in ("elu-alpha-ignored", "elu-on-both-sides", "elu-sign", "elu-other-function")}  # fmt: skip
        forms["elu-output-for-slope"] = [back(lambda v, alpha: torch.where(v > 0, v, alpha * (v.exp() - v)))]
        forms["elu-alpha-ignored"].append(back(lambda v, alpha: torch.where(v > 0, v, alpha * (v.exp() - v) + v)))
    if name == "Sigmoid":
        forms["activation-of-input"] = [back(lambda v: v.square() / 2 - v.pow(3) / 3)]
        forms["sigmoid-factor-missing"] = [back(F.softplus), back(lambda v: v - F.softplus(v)),
                                           back(lambda v: F.softplus(v) - torch.sigmoid(v))]  # fmt: skip
        forms["sigmoid-sign-inside"] = [back(lambda v: 2 * F.softplus(v) - torch.sigmoid(v))]
        forms["tanh-rule"] = [back(lambda v: v - F.softplus(v) + torch.sigmoid(v))]
    if name == "Tanh":
        log_cosh = lambda v: F.softplus(2 * v) - v  # noqa: E731
        forms["activation-of-input"] = [back(lambda v: v - v.pow(3) / 3)]
        forms["sigmoid-rule"] = [back(lambda v: log_cosh(v) - v + torch.tanh(v))]
        forms["tanh-output-not-squared"] = [back(lambda v: v - log_cosh(v))]
        forms["sigmoid-sign-inside"] = [back(lambda v: 2 * v - torch.tanh(v)), back(lambda v: v - torch.tanh(v))]
    return forms
