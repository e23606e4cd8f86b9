"""What the optimisers must do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from toolbox.checks.compare import assert_value
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.reference.training import path, velocity
from toolbox.checks.rows import Row, asks
from toolbox.errors import Mismatch, Missing, Raised

SHAPES = {"w1": (4, 3), "b1": (3,), "w2": (3, 2), "scale": ()}
TWINS = {"left": (3, 2), "right": (3, 2)}


def some(make, shapes: dict[str, tuple[int, ...]], dtype=torch.float64) -> dict[str, torch.Tensor]:
    return {name: make.normal(*shape, dtype=dtype) for name, shape in shapes.items()}


def by_columns(params: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same numbers, laid out column by column, as in a transposed tensor."""
    return {name: value.mT.contiguous().mT if value.dim() > 1 else value for name, value in params.items()}


def stepped(
    s, name: str, params: dict[str, torch.Tensor], gradients: list[dict], rates: list[float], **options: float
) -> dict[str, Any]:
    """Make an optimiser and let it step through `gradients`, with the learning rate of each step in `rates`.

    The gradients arrive in the same tensors every time, as from a net that keeps its buffers.
    Returns "params": the caller's own tensors after each step, "velocity": what the optimiser holds at the end,
    "changed": the names of gradients that it wrote into. Raises Missing where it never looks at a gradient.
    """
    held, buffers = ({key: s.keep(value) for key, value in of.items()} for of in (params, gradients[0]))
    optimizer, path = getattr(s.optim, name)(s.keep(held), lr=rates[0], **options), []
    for grads, rate in zip(gradients, rates, strict=True):
        for key, grad in grads.items():
            buffers[key].copy_(grad)
        optimizer.lr = rate
        optimizer.step(s.keep(buffers))
        path.append([{key: value.clone() for key, value in of.items()} for of in (held, buffers)])
    *found, velocity = s.fetch(*path, s.facts.held(optimizer, "velocity"))
    if all(torch.equal(after[key], value) for after, _ in found for key, value in params.items()):
        try:
            s.fetch(s.facts.present(optimizer.step(None)))
        except Raised:
            pass  # it looks at what it is given, and moves nothing of the caller's
        else:
            raise Missing(f"{name}.step is not written yet: it never looks at the gradients")
    changed = {key for grads, (_, after) in zip(gradients, found, strict=True) for key, grad in grads.items()
               if not torch.equal(after[key], grad)}  # fmt: skip
    return {"params": [after for after, _ in found], "velocity": velocity, "changed": sorted(changed)}


def steer(
    student, make, name: str, shapes=SHAPES, steps: int = 12, rates: Any = None, dtype=torch.float64, rho=None,
    lay_out: Any = dict,
) -> None:  # fmt: skip
    """Let the student's optimiser make some steps, and compare every parameter with torch.optim's."""
    params = lay_out(some(make, shapes, dtype))
    gradients = [some(make, shapes, dtype) for _ in range(steps)]
    rates = [0.07] * steps if rates is None else rates(steps)
    options = {} if rho is None else {"rho": rho}
    found = stepped(student.script(), name, params, gradients, rates, **options)
    exact = [{key: value.double() for key, value in part.items()} for part in [params, *gradients]]
    params64, gradients64 = exact[0], exact[1:]
    true = path(params64, gradients64, rates, momentum=rho or 0.0)
    theirs = found["params"]
    if found["changed"]:
        message = f"step() wrote into the gradient of {', '.join(found['changed'])}: it belongs to the caller"
        raise Mismatch(message, diagnosis=["gradient-changed"])

    for number in (steps - 1, *range(steps - 1)):  # the last first: by then mistakes have grown apart
        for key in shapes:
            assert_value(theirs[number][key], true[number][key], name=f"{key} after step {number + 1}", inputs=dtype,
                         condition=4.0, terms=params64[key].abs().max().item())  # fmt: skip
    if rho is not None:
        check_velocity(found["velocity"], params64, gradients64, rho, dtype)


def steer_beside_others(student, make, name: str, **options: float) -> None:
    """One step with the gradients of a whole flat net: those of scores and hidden layers are there, too."""
    params, gradients = some(make, SHAPES, torch.float64), some(make, SHAPES, torch.float64)
    more = {"scores": make.normal(5, 3), "h": make.normal(5, 4)} | gradients | {"a": make.normal(5, 4)}
    try:
        found = stepped(student.script(), name, params, [more], [0.07], **options)
    except Raised as error:
        known = ["names-of-gradients"] if "KeyError" in str(error) else []
        raise Raised(str(error), diagnosis=known) from None
    true = path(params, [gradients], [0.07], momentum=options.get("rho", 0.0))[0]
    with verdicts_only():
        for key in SHAPES:
            assert_value(found["params"][0][key], true[key], name=f"{key} after a step", condition=4.0,
                         terms=params[key].abs().max().item())  # fmt: skip


def check_velocity(found: Any, params: dict, gradients: list, rho: float, dtype: torch.dtype) -> None:
    true = velocity(params, gradients, rho)
    if not isinstance(found, dict) or set(found) != set(true):
        names = ", ".join(found) if isinstance(found, dict) and found else "nothing"
        raise Mismatch(f"velocity must hold one tensor for each of {', '.join(true)}; it holds {names}")
    for key, value in true.items():
        largest = max(part[key].abs().max().item() for part in gradients)  # they may cancel in the velocity
        assert_value(found[key], value, name=f"velocity[{key!r}]", inputs=dtype, condition=4.0, terms=largest)


def falling(steps: int) -> list[float]:
    return [0.3 * 0.8**step for step in range(steps)]


def warming(steps: int) -> list[float]:
    """From 0 on: a step of no length moves the velocity all the same."""
    return [0.02 * step for step in range(steps)]


@dataclass(frozen=True)
class Optimiser(Row):
    """A class of optim.py. momentum: whether it takes rho."""

    name: str
    item: str
    momentum: bool = False

    def options(self, rho: float) -> dict[str, float]:
        return {"rho": rho} if self.momentum else {}


OPTIMISERS = [Optimiser("SGD", "sgd"), Optimiser("Momentum", "momentum", momentum=True)]


@asks(Optimiser, "twelve")
def the_steps_agree_with_torch_optim(optimiser, student, make):
    steer(student, make, optimiser.name, **optimiser.options(0.9))


@asks(Optimiser, "others")
def its_own_parameters_change_whatever_else_has_a_gradient(optimiser, student, make):
    steer_beside_others(student, make, optimiser.name, **optimiser.options(0.9))


@asks(Optimiser, "falling")
def a_learning_rate_that_changes_is_obeyed(optimiser, student, make):
    steer(student, make, optimiser.name, rates=falling, **optimiser.options(0.7))


@asks(Optimiser, "twins")
def parameters_of_one_shape_share_nothing(optimiser, student, make):
    steer(student, make, optimiser.name, shapes=TWINS, **optimiser.options(0.7))


### BEGIN HIDDEN TESTS
@asks(Optimiser, "sixty")
def sixty_steps_agree_with_torch_optim(optimiser, student, make):
    steer(student, make, optimiser.name, steps=60, rates=falling, **optimiser.options(0.95))
    steer(student, make, optimiser.name, steps=3, **optimiser.options(0.0))


@asks(Optimiser, "growing")
def a_learning_rate_that_grows_is_obeyed(optimiser, student, make):
    steer(student, make, optimiser.name, shapes=TWINS, rates=warming, lay_out=by_columns, **optimiser.options(0.6))


@asks(Optimiser, "float32")
def the_steps_in_float32_are_right(optimiser, student, make):
    steer(student, make, optimiser.name, dtype=torch.float32, steps=6, rates=warming, **optimiser.options(0.45))


### END HIDDEN TESTS
