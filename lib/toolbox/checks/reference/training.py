"""What optimisers and nets must do, by torch.optim, torch's own layers and autograd."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.optim.sgd import sgd as functional_sgd

Path = list[dict[str, Tensor]]


def path(
    params: dict[str, Tensor], gradients: Sequence[dict[str, Tensor]], rates: Sequence[float], momentum: float = 0.0
) -> Path:
    """The parameters after each step of torch.optim.SGD, with the learning rate of each step in `rates`."""
    moving = {name: w.detach().clone() for name, w in params.items()}
    step, found = torch_sgd(moving, momentum), []
    for grads, rate in zip(gradients, rates, strict=True):
        step(grads, rate)
        found.append({name: w.clone() for name, w in moving.items()})
    return found


def torch_sgd(params: dict[str, Tensor], momentum: float = 0.0) -> Callable[[dict[str, Tensor], float], None]:
    """torch.optim.SGD for these parameters, as a function step(grads, lr).

    The functional form: the class loads PyTorch's compiler at its first step, which takes seconds.
    """
    buffers: list[Tensor | None] = [None] * len(params)

    def step(grads: dict[str, Tensor], rate: float) -> None:
        functional_sgd(
            list(params.values()), [grads[name].clone() for name in params], buffers, foreach=False,
            weight_decay=0.0, momentum=momentum, lr=rate, dampening=0.0, nesterov=False, maximize=False,
        )  # fmt: skip

    return step


def velocity(params: dict[str, Tensor], gradients: Sequence[dict[str, Tensor]], rho: float) -> dict[str, Tensor]:
    """The velocities at the end: a learning rate of 1 shows them as the last step."""
    ones = [1.0] * len(gradients)
    start = {name: torch.zeros_like(w) for name, w in params.items()}
    found = [start, *path(start, gradients, ones, momentum=rho)]
    return {name: found[-2][name] - found[-1][name] for name in params}


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
    params: dict[str, Tensor], batches: Sequence[tuple[Tensor, Tensor]], lr: float, rho: float, reg: float
) -> tuple[list[float], dict[str, Tensor]]:
    """The losses and the last parameters of the two-layer net, by autograd and torch.optim."""
    moving = {name: w.clone().requires_grad_() for name, w in params.items()}
    step = torch_sgd(moving, momentum=rho)
    losses = []
    for x, y in batches:
        with torch.enable_grad():
            hidden = torch.relu(x @ moving["w1"] + moving["b1"])
            data = torch.nn.functional.cross_entropy(hidden @ moving["w2"] + moving["b2"], y)
            loss = data + reg * sum(moving[name].square().sum() for name in ("w1", "w2"))
            slopes = torch.autograd.grad(loss, list(moving.values()))
        with torch.no_grad():
            step(dict(zip(moving, slopes, strict=True)), lr)
        losses.append(loss.item())
    return losses, {name: w.detach() for name, w in moving.items()}
