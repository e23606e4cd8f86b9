"""What optimisers must do, by torch.optim, and what known mistakes make of it.

Every mistaken path is torch.optim.SGD with other options, or fed with gradients that were changed on purpose: none of
them contains the line that a student has to write.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim.sgd import sgd as functional_sgd

Path = list[dict[str, Tensor]]


def path(
    params: dict[str, Tensor], gradients: Sequence[dict[str, Tensor]], rates: Sequence[float], **options: float | bool
) -> Path:
    """The parameters after each step of torch.optim.SGD(**options), with the learning rate of each step in `rates`."""
    moving = {name: w.detach().clone() for name, w in params.items()}
    step, found = torch_sgd(moving, **options), []
    for grads, rate in zip(gradients, rates, strict=True):
        step(grads, rate)
        found.append({name: w.clone() for name, w in moving.items()})
    return found


def torch_sgd(
    params: dict[str, Tensor], momentum: float = 0.0, weight_decay: float = 0.0, dampening: float = 0.0,
    nesterov: bool = False, maximize: bool = False,
) -> Callable[[dict[str, Tensor], float], None]:  # fmt: skip
    """torch.optim.SGD for these parameters, as a function step(grads, lr).

    The functional form: the class loads PyTorch's compiler at its first step, which takes seconds.
    """
    buffers: list[Tensor | None] = [None] * len(params)

    def step(grads: dict[str, Tensor], rate: float) -> None:
        functional_sgd(
            list(params.values()), [grads[name].clone() for name in params], buffers, foreach=False,
            weight_decay=weight_decay, momentum=momentum, lr=rate, dampening=dampening, nesterov=nesterov,
            maximize=maximize,
        )  # fmt: skip

    return step


def velocity(params: dict[str, Tensor], gradients: Sequence[dict[str, Tensor]], rho: float) -> dict[str, Tensor]:
    """The velocities at the end: a learning rate of 1 shows them as the last step."""
    ones = [1.0] * len(gradients)
    start = {name: torch.zeros_like(w) for name, w in params.items()}
    found = [start, *path(start, gradients, ones, momentum=rho)]
    return {name: found[-2][name] - found[-1][name] for name in params}


def scaled(gradients: Sequence[dict[str, Tensor]], factors: Sequence[float]) -> Path:
    return [{name: grad * k for name, grad in grads.items()} for grads, k in zip(gradients, factors, strict=True)]


def shared(
    params: dict[str, Tensor], gradients: Sequence[dict[str, Tensor]], rates: Sequence[float], rho: float
) -> Path:
    """One velocity for all parameters, which must have one shape: they take turns in one long path of torch.optim's."""
    names = list(params)
    turns = [{"w": grads[name]} for grads in gradients for name in names]
    start = {"w": torch.zeros_like(params[names[0]])}
    steps = [start, *path(start, turns, [rate for rate in rates for _ in names], momentum=rho)]
    now, found = dict(params), []
    for step in range(len(gradients)):
        for place, name in enumerate(names):
            turn = step * len(names) + place
            now[name] = now[name] + steps[turn + 1]["w"] - steps[turn]["w"]
        found.append(dict(now))
    return found


def sgd_mistakes(
    params: dict[str, Tensor], gradients: Sequence[dict[str, Tensor]], rates: Sequence[float]
) -> dict[str, list[Path]]:
    """misconception id -> paths."""
    count = len(gradients)
    first = list(params)[0]
    only_first = [{name: grad * (name == first) for name, grad in grads.items()} for grads in gradients]
    return {
        "one-parameter-only": [path(params, only_first, rates)],
        "update-not-in-place": [path(params, gradients, [0.0] * count)],
        "update-uphill": [path(params, gradients, rates, maximize=True)],
        "rate-forgotten": [path(params, gradients, [1.0] * count)],
        "rate-frozen": [path(params, gradients, [rates[0]] * count)],
        "parameters-decay": [path(params, gradients, rates, weight_decay=k) for k in (1e-2, 1e-3, 1e-4, 1.0)],
    }


def momentum_mistakes(
    params: dict[str, Tensor], gradients: Sequence[dict[str, Tensor]], rates: Sequence[float], rho: float
) -> dict[str, list[Path]]:
    """misconception id -> paths. `gradients` differ from step to step, and so do `rates` where "rate-in-velocity" is to
    be told from the truth."""
    count, zero = len(gradients), {name: torch.zeros_like(w) for name, w in params.items()}
    ones = [1.0] * count
    late = [zero, *gradients[:-1]]
    twice = [scaled(gradients[:1], [1 + rho])[0], *gradients[1:]]
    first = list(params)[0]
    only_first = [{name: grad * (name == first) for name, grad in grads.items()} for grads in gradients]
    rate_frozen = path(params, gradients, [rates[0]] * count, momentum=rho)
    forms = {
        "one-parameter-only": [path(params, only_first, rates, momentum=rho)],
        "update-not-in-place": [path(params, gradients, [0.0] * count)],
        "update-uphill": [path(params, gradients, rates, momentum=rho, maximize=True)],
        "velocity-not-kept": [path(params, gradients, rates)],
        "velocity-sign": [path(params, gradients, rates, momentum=-rho)],
        "rate-in-velocity": [path(params, scaled(gradients, rates), ones, momentum=rho)],
        "rate-frozen": [rate_frozen],
        "rate-forgotten": [path(params, gradients, ones, momentum=rho)],
        "rate-twice": [path(params, scaled(gradients, rates), rates, momentum=rho)],
        "nesterov": [path(params, gradients, rates, momentum=rho, nesterov=True)],
        "dampened": [path(params, scaled(gradients, [1 - rho] * count), rates, momentum=rho),
                     path(params, gradients, rates, momentum=rho, dampening=rho)],
        "velocity-starts-at-gradient": [path(params, twice, rates, momentum=rho)],
        "velocity-late": [path(params, late, rates, momentum=rho)],
        "velocity-not-faded": [path(params, gradients, rates, momentum=1.0)],
        "rho-on-everything": [path(params, scaled(gradients, [rho] * count), rates, momentum=rho)],
        "rho-ignored": [path(params, gradients, rates, momentum=other) for other in (0.9, 0.99, 0.5) if other != rho],
        "parameters-decay": [path(params, gradients, rates, momentum=rho, weight_decay=k) for k in (1e-2, 1e-3, 1e-4)],
    }  # fmt: skip
    if len({w.shape for w in params.values()}) == 1 and len(params) > 1:
        forms["velocity-shared"] = [shared(params, gradients, rates, rho)]
    return forms


def sequential(params: dict[str, Tensor], between: torch.nn.Module | None = None) -> torch.nn.Sequential:
    """The net of these parameters in torch's own layers, with ReLUs, or `between`, between them."""
    layers: list[torch.nn.Module] = []
    for k in range(1, len(params) // 2 + 1):
        w = params[f"w{k}"].detach()
        layer = torch.nn.utils.skip_init(torch.nn.Linear, *w.shape, dtype=w.dtype)
        layer.weight, layer.bias = torch.nn.Parameter(w.T.contiguous()), torch.nn.Parameter(params[f"b{k}"].detach())
        layers += [layer, between or torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1]).requires_grad_(False)


def net_path(
    params: dict[str, Tensor], batches: Sequence[tuple[Tensor, Tensor]], lr: float, rho: float, reg: float,
    *, weigh: Sequence[float] | None = None, everything: bool = False, bare: bool = False,
    relu: Callable[[Tensor], Tensor] = torch.relu, head: Callable[[Tensor, Tensor], Tensor] | None = None,
    **options: bool,
) -> tuple[list[float], dict[str, Tensor]]:  # fmt: skip
    """The losses and the last parameters of the two-layer net, by autograd and torch.optim.

    weigh: factors of each batch's cross-entropy. everything: the penalty takes the biases as well. bare: the losses are
    given without it. relu, head: other functions in the place of the ReLU and of the cross-entropy.
    """
    head = head or torch.nn.functional.cross_entropy
    moving = {name: w.clone().requires_grad_() for name, w in params.items()}
    step = torch_sgd(moving, momentum=rho, **options)
    losses = []
    for number, (x, y) in enumerate(batches):
        with torch.enable_grad():
            hidden = relu(x @ moving["w1"] + moving["b1"])
            data = head(hidden @ moving["w2"] + moving["b2"], y)
            names = moving if everything else ("w1", "w2")
            penalty = reg * sum(moving[name].square().sum() for name in names)
            loss = (weigh[number] if weigh else 1.0) * data + penalty
            slopes = torch.autograd.grad(loss, list(moving.values()))
        with torch.no_grad():
            step(dict(zip(moving, slopes, strict=True)), lr)
        losses.append((data if bare else loss).item())
    return losses, {name: w.detach() for name, w in moving.items()}


def sloped(value: Tensor, slope: Tensor) -> Tensor:
    """A value that goes backwards as another one: what a mistake in the backward pass alone looks like to autograd."""
    return slope + (value - slope).detach()


def net_mistakes(
    params: dict[str, Tensor], batches: Sequence[tuple[Tensor, Tensor]], lr: float, rho: float, reg: float
) -> dict[str, tuple[list[float], dict[str, Tensor]]]:
    """misconception id -> losses and last parameters."""
    right = net_path(params, batches, lr, rho, reg)
    most = max(len(x) for x, _ in batches)

    def path_with(**changed: Any) -> tuple[list[float], dict[str, Tensor]]:
        return net_path(params, batches, **({"lr": lr, "rho": rho, "reg": reg} | changed))

    return {
        "reg-missing": path_with(reg=0.0),
        "reg-half": path_with(reg=reg / 2),
        "reg-twice": path_with(reg=reg * 2),
        "reg-on-bias": path_with(everything=True),
        "velocity-not-kept": path_with(rho=0.0),
        "velocity-not-faded": path_with(rho=1.0),
        "nesterov": path_with(nesterov=True) if rho else right,
        "update-uphill": path_with(maximize=True),
        "buffer-not-cut": path_with(weigh=[len(x) / most for x, _ in batches]),
        "batch-mean-missing": path_with(weigh=[float(len(x)) for x, _ in batches]),
        "relu-mask-missing": path_with(relu=lambda a: sloped(a.relu(), a)),
        "relu-values-instead-of-mask": path_with(relu=lambda a: sloped(a.relu(), a.relu().square() / 2)),
        "one-hot-missing": path_with(
            head=lambda s, y: sloped(torch.nn.functional.cross_entropy(s, y), s.logsumexp(dim=1).mean())
        ),
    }
