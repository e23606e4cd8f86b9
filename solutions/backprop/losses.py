"""Losses: where a net ends, and where its backward pass begins.

Each takes the scores (N, C) of a batch and its labels y (N,), int64, and returns `(loss, grad_scores)`: the mean loss
over the batch, 0-dimensional, and its gradient, (N, C). `l2` does the same for the penalty on the weights. Tensors may
come in any floating dtype, on any device, expanded or not contiguous; results have the same dtype and device, and none
is changed. N >= 1. No autograd.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def softmax_cross_entropy(scores: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The mean over the batch of -log(probability of the right class), where the probabilities are softmax(scores).

    Finite, and right, for scores of any size: 1000 and -1000 in one row cost 2000, not inf.
    """
    loss, grad_scores = None, None
    N = scores.shape[0]
    rows = torch.arange(N, device=scores.device)  # scores[rows, y] picks the score of the right class in every row
    ### BEGIN SOLUTION
    shifted = scores - scores.amax(dim=1, keepdim=True)
    log_probs = shifted - shifted.exp().sum(dim=1, keepdim=True).log()
    loss = -log_probs[rows, y].mean()
    grad_scores = log_probs.exp()
    grad_scores[rows, y] -= 1
    grad_scores = grad_scores / N
    ### END SOLUTION
    return loss, grad_scores


def hinge(scores: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The mean over the batch of: sum over the wrong classes j of max(0, scores[j] - scores[y] + 1)."""
    loss, grad_scores = None, None
    N = scores.shape[0]
    rows = torch.arange(N, device=scores.device)
    ### BEGIN SOLUTION
    margins = scores - scores[rows, y][:, None] + 1
    margins[rows, y] = 0
    loss = margins.clamp(min=0).sum() / N
    grad_scores = (margins > 0).to(scores.dtype) / N
    grad_scores[rows, y] -= grad_scores.sum(dim=1)
    ### END SOLUTION
    return loss, grad_scores


def squared(scores: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The mean over the batch of: sum over the classes of (scores - target)**2, without a 1/2.

    The target is 1 for the right class and 0 for the others.
    """
    loss, grad_scores = None, None
    N = scores.shape[0]
    rows = torch.arange(N, device=scores.device)
    ### BEGIN SOLUTION
    errors = scores.clone()
    errors[rows, y] -= 1
    loss = (errors * errors).sum() / N
    grad_scores = 2 * errors / N
    ### END SOLUTION
    return loss, grad_scores


def l2(params: Mapping[str, Tensor], reg: float) -> tuple[Tensor, dict[str, Tensor]]:
    """reg * the sum of the squares of all weights, without a 1/2. A weight is a parameter called "w", in a net
    "0.w", "2.w" and so on; biases, gamma and beta are not penalised.

    Returns (penalty, grads): grads has the names of the weights, and no others.
    """
    penalty, grads = None, {}
    ### BEGIN SOLUTION
    penalty = torch.zeros(())
    for name, w in params.items():
        if name.split(".")[-1] == "w":
            penalty = penalty + reg * (w * w).sum()
            grads[name] = 2 * reg * w
    ### END SOLUTION
    return penalty, grads
