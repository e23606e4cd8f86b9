"""What is noted in the notebook must be right: the predicted numbers, the explosion, the verdicts on the suspects."""

from __future__ import annotations

from typing import Any

import torch

from toolbox.checks.compare import assert_value, lone
from toolbox.checks.reference.tensor import pull, slopes
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch, Missing

from .inputs import softmax

# Predicted by hand


def noted(student, variable: str) -> dict[str, Any]:
    """A dict of the notebook. Raises Malformed for another form."""
    found = student.value(variable)
    if not isinstance(found, dict):
        raise Malformed(f"`{variable}` must be a dict that maps names to numbers")
    return found


def predicts(student, variable: str, key: str, true: Any, follows: Any = None, **forms: Any) -> None:
    """Compare one entry of a dict of the notebook with the truth.

    follows: what the entry must be if the entries that it was made of were right; that is right as well.
    """
    found = noted(student, variable)
    if found.get(key) is None:
        raise Missing(f"{variable}[{key!r}] is not filled in yet")
    true = torch.as_tensor(true, dtype=torch.float64)
    forms = {name: [torch.as_tensor(value, dtype=torch.float64) for value in values] for name, values in forms.items()}
    known = {name.replace("_", "-"): values for name, values in forms.items()}
    # nobody was asked in double precision here: torch.tensor([1 / 6]) is a fair way to note a number
    accept = [] if follows is None else [torch.as_tensor(follows, dtype=torch.float64)]
    assert_value(found[key], true, name=key, inputs=torch.float32, forms=known, accept=accept)


def own_number(student, variable: str, key: str) -> float | None:
    """The student's own entry, where it is a number to work on with."""
    found = lone(noted(student, variable).get(key))
    return found if isinstance(found, int | float) and 1 < found < 1e30 else None


@item("by_hand", says="the predicted Jacobian of the ReLU is right")
def test_the_jacobian_of_the_relu_is_foreseen(student, make):
    x = torch.tensor([1.0, -2, 3, -1])
    true = slopes(torch.relu, x)
    predicts(student, "predicted", "relu_jacobian", true, relu_values_instead_of_mask=[torch.diag(torch.relu(x))],
             jacobian_diagonal_only=[true.diagonal()], relu_mask_missing=[torch.eye(4)],
             relu_mask_inverted=[torch.eye(4) - true])  # fmt: skip


@item("by_hand", says="the predicted downstream gradient of the ReLU is right")
def test_the_downstream_gradient_of_the_relu_is_foreseen(student, make):
    x, g = torch.tensor([1.0, -2, 3, -1]), torch.tensor([4.0, -1, 5, 9])
    predicts(student, "predicted", "relu_grad_x", pull(torch.relu, g, x)[0], by_own_jacobian(student, g))


def by_own_jacobian(student, g: torch.Tensor) -> torch.Tensor | None:
    """The upstream gradient times the student's own Jacobian of the ReLU, where that is a matrix of any content."""
    try:
        own = torch.tensor(noted(student, "predicted").get("relu_jacobian"), dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        return None
    return g.double() @ own if own.shape == (len(g), len(g)) and len(own.unique()) > 1 else None


### BEGIN HIDDEN TESTS
@item("by_hand", says="the predicted entries of the softmax's Jacobian are right")
def test_the_jacobian_of_the_softmax_is_foreseen(student, make):
    y = torch.tensor([1 / 6, 1 / 3, 1 / 2], dtype=torch.float64)
    true = slopes(softmax, y.log())
    predicts(student, "predicted", "softmax_dy0_dx0", true[0, 0], softmax_cross_terms_missing=[y[0]])
    predicts(student, "predicted", "softmax_dy0_dx1", true[0, 1], softmax_sign_of_cross_terms=[-true[0, 1]],
             softmax_cross_terms_missing=[0.0])  # fmt: skip


@item("by_hand", says="the predicted downstream gradient of the softmax is right")
def test_the_downstream_gradient_of_the_softmax_is_foreseen(student, make):
    y, g = torch.tensor([1 / 6, 1 / 3, 1 / 2], dtype=torch.float64), torch.tensor([6.0, 0, 0], dtype=torch.float64)
    predicts(student, "predicted", "softmax_grad_x", pull(softmax, g, y.log())[0])


@item("by_hand", says="the predicted shapes of the Jacobians of a matrix product are right")
def test_the_shapes_of_the_jacobians_of_a_matrix_product_are_foreseen(student, make):
    predicts(student, "predicted", "dy_dx_shape", [2, 4, 2, 3], jacobian_layout=[[2, 3, 2, 4]])
    predicts(student, "predicted", "dy_dw_shape", [2, 4, 3, 4], jacobian_layout=[[3, 4, 2, 4]])


### END HIDDEN TESTS


# The explosion, in numbers. N = 64, D = M = 4096, float32

N, D, M = 64, 4096, 4096
NUMBERS_X, NUMBERS_W = (N * M) * (N * D), (N * M) * (D * M)


@item("explosion", says="the number of entries of dY/dX is right")
def test_the_number_of_entries_of_dy_dx(student, make):
    predicts(student, "explosion", "numbers_dy_dx", NUMBERS_X, jacobian_size_added=[N * M + N * D],
             jacobian_batch_once=[M * N * D, M * D], bytes_for_numbers=[4 * NUMBERS_X],
             jacobian_other_factor=[NUMBERS_W])  # fmt: skip


@item("explosion", says="the memory of dY/dX is right")
def test_the_memory_of_dy_dx(student, make):
    true, own = 4 * NUMBERS_X / 2**30, own_number(student, "explosion", "numbers_dy_dx")
    predicts(student, "explosion", "gib_dy_dx", true, own and 4 * own / 2**30,
             bytes_for_numbers=[true / 4, 4 * NUMBERS_X],
             giga_for_gibi=[4 * NUMBERS_X / 1e9, round(4 * NUMBERS_X / 1e9), 4 * NUMBERS_X / 2**20],
             jacobian_double=[2 * true], jacobian_batch_once=[true / N, true / N**2],
             jacobian_other_factor=[4 * NUMBERS_W / 2**30])  # fmt: skip


### BEGIN HIDDEN TESTS
@item("explosion", says="the number of entries of dY/dW is right")
def test_the_number_of_entries_of_dy_dw(student, make):
    predicts(student, "explosion", "numbers_dy_dw", NUMBERS_W, jacobian_size_added=[N * M + D * M],
             bytes_for_numbers=[4 * NUMBERS_W],
             jacobian_other_factor=[NUMBERS_X])  # fmt: skip


@item("explosion", says="the memory of dY/dW is right")
def test_the_memory_of_dy_dw(student, make):
    true, own = 4 * NUMBERS_W / 2**40, own_number(student, "explosion", "numbers_dy_dw")
    predicts(student, "explosion", "tib_dy_dw", true, own and 4 * own / 2**40,
             bytes_for_numbers=[true / 4, 4 * NUMBERS_W],
             giga_for_gibi=[4 * NUMBERS_W / 1e12, 17.6, 18, 1024 * true],
             jacobian_double=[2 * true], jacobian_other_factor=[4 * NUMBERS_X / 2**40])  # fmt: skip


@item("explosion", says="the shares of entries that are not zero are right")
def test_the_share_of_entries_that_are_not_zero(student, make):
    predicts(student, "explosion", "share_dy_dx", 1 / N, jacobian_other_factor=[1 / M])
    predicts(student, "explosion", "share_dy_dw", 1 / M, jacobian_other_factor=[1 / N])


### END HIDDEN TESTS


# Suspects


SUSPECTS = ("mean", "outer", "unit", "logsumexp", "cumsum", "top", "hypot", "swish")


def sentences(student) -> dict[str, bool]:
    """The student's `verdicts`, complete. Raises Missing or Malformed."""
    verdicts = {name: lone(verdict) for name, verdict in noted(student, "verdicts").items()}
    if missing := [name for name in SUSPECTS if verdicts.get(name) is None]:
        raise Missing(f"no verdict yet on {', '.join(missing)}")
    if bad := [name for name in SUSPECTS if not isinstance(verdicts[name], bool)]:
        raise Malformed(f"True or False, please, for {', '.join(bad)}")
    return verdicts


@item("suspects", share=0.0)
def test_every_suspect_has_a_verdict(student, make):
    sentences(student)


### BEGIN HIDDEN TESTS
def judged(student, **true: bool) -> None:
    verdicts = sentences(student)
    for name, right in true.items():
        if verdicts[name] != right:
            raise Mismatch(f"{name}: that backward pass is {'right' if right else 'wrong'}")


@item("suspects", says="mean and logsumexp are judged correctly")
def test_mean_and_logsumexp_are_judged_rightly(student, make):
    judged(student, mean=False, logsumexp=True)


@item("suspects", says="outer and top are judged correctly")
def test_outer_and_top_are_judged_rightly(student, make):
    judged(student, outer=False, top=True)


@item("suspects", says="unit and hypot are judged correctly")
def test_unit_and_hypot_are_judged_rightly(student, make):
    judged(student, unit=False, hypot=True)


@item("suspects", says="cumsum and swish are judged correctly")
def test_cumsum_and_swish_are_judged_rightly(student, make):
    judged(student, cumsum=False, swish=True)


### END HIDDEN TESTS
