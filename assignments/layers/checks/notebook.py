"""What is found by hand must be right: a linear layer, dropout, batch normalisation."""

from __future__ import annotations

from typing import Any

import torch

from toolbox.checks.compare import as_tensor, assert_value
from toolbox.checks.reference.layer import TWINS
from toolbox.checks.reference.tensor import pull
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Missing

# By hand


@item("layers_by_hand", says="the predicted numbers of the linear layer are right")
def test_the_linear_layer_is_foreseen(student, make):
    x, w, b = (torch.tensor(v, dtype=torch.float64) for v in ([[1.0, 2.0], [3.0, -1.0]], [[2.0], [-1.0]], [0.5]))
    g = torch.tensor([[1.0], [-2.0]], dtype=torch.float64)
    _, grad_w, grad_b = pull(TWINS["Linear"], g, x, w, b)
    predicts(student, "out", TWINS["Linear"](x, w, b).flatten(), layer_bias_missing=(x @ w).flatten())
    predicts(
        student, "grad_w", grad_w.flatten(), upstream_taken_as_ones=x.sum(dim=0), layer_averaged=grad_w.flatten() / 2
    )
    predicts(student, "grad_b", grad_b[0], bias_averaged=grad_b[0] / 2, upstream_taken_as_ones=2.0)


def predicts(student, key: str, true: torch.Tensor, **forms: Any) -> None:
    """Compare one entry of the notebook's dict `predicted` with the truth; three digits are enough."""
    found = student.value("predicted")
    if not isinstance(found, dict):
        raise Malformed("`predicted` must be a dict that maps names to numbers")
    if found.get(key) is None:
        raise Missing(f"predicted[{key!r}] is not filled in yet")
    got = as_tensor(found[key], key)
    if true.dim() == 1 and got.numel() == true.numel():
        got = got.flatten()  # a column may be written as one
    known = {name.replace("_", "-"): torch.as_tensor(value).double() for name, value in forms.items()}
    for value in (true.double(), *known.values()):
        if got.shape == value.shape and (got - value).abs().max() < 0.005:
            got = value
            break
    assert_value(got, true.double(), name=key, forms=known)
