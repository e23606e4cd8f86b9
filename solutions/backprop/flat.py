"""Flat gradient code: every forward pass is followed by the same lines, last to first.

Each function runs a model forward, one named intermediate on each line, and then goes back over those lines: for every
variable `v` of the forward pass there is a gradient dloss/dv, of the shape of `v`. All of them return `(loss, grads)`;
`grads` maps names to gradients and is filled in backwards order. The chain rule is written out by hand: no autograd.

Batches are rows: x is (N, D), labels y are (N,) int64, w is (D, C), and scores = x @ w + b. A loss is the mean over
the batch plus reg * sum(w * w), without a 1/2 and without the bias. Inputs are never changed; every function works in
float32 and float64, for N = 1, and for tensors that are not contiguous.

The models repeat each other on purpose. Flat code is easy to write and to read, and it is not modular: swap the loss
and the whole function has to be written again (EECS 498-007, lecture 6; CS5330 slides "Backpropagation").
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def sigmoid(s: float) -> float:
    """1 / (1 + exp(-s)) for one float, given. Never raises an overflow: exp only ever sees -|s|."""
    e = math.exp(-abs(s))
    return (1.0 if s >= 0 else e) / (1.0 + e)


def toy(x: float, y: float, z: float) -> tuple[float, dict[str, float]]:
    """f = (x * y + z)**2 for three floats. grads: q, p, x, y, z (floats), where p = x * y and q = p + z."""
    f, grads = None, {}
    # Forward: p, then q, then f.
    ### BEGIN SOLUTION
    p = x * y
    q = p + z
    f = q * q
    ### END SOLUTION
    # Backward: the forward lines, last to first. Each line here turns an upstream gradient into downstream ones.
    ### BEGIN SOLUTION
    grads["q"] = 2 * q
    grads["p"] = grads["q"]
    grads["z"] = grads["q"]
    grads["x"] = grads["p"] * y
    grads["y"] = grads["p"] * x
    ### END SOLUTION
    return f, grads


def neuron(w0: float, x0: float, w1: float, x1: float, w2: float) -> tuple[float, dict[str, float]]:
    """f = sigmoid(w0 * x0 + w1 * x1 + w2), a logistic neuron on floats (EECS 498-007, lecture 6: flat gradient code).

    grads: w0, x0, w1, x1, w2 (floats).
    """
    f, grads = None, {}
    # Forward: s0 and s1, the two products; s2, their sum; s3, with the bias w2; f. `sigmoid` above is yours to use.
    ### BEGIN SOLUTION
    s0 = w0 * x0
    s1 = w1 * x1
    s2 = s0 + s1
    s3 = s2 + w2
    f = sigmoid(s3)
    ### END SOLUTION
    # Backward: f, s3, s2, s1, s0. Which of the gates distributes, and which swaps?
    ### BEGIN SOLUTION
    grad_s3 = f * (1 - f)
    grad_s2 = grad_s3
    grads["w2"] = grad_s3
    grad_s1 = grad_s2
    grad_s0 = grad_s2
    grads["w1"] = grad_s1 * x1
    grads["x1"] = grad_s1 * w1
    grads["w0"] = grad_s0 * x0
    grads["x0"] = grad_s0 * w0
    ### END SOLUTION
    return f, grads


def linear_hinge(x: Tensor, y: Tensor, w: Tensor, b: Tensor, reg: float) -> tuple[Tensor, dict[str, Tensor]]:
    """Linear classifier, multiclass hinge loss: L_i = sum over j != y_i of max(0, s_j - s_(y_i) + 1).

    x (N, D), y (N,) int64, w (D, C), b (C,). Returns the loss, 0-dimensional, and grads: scores (N, C), w, b.
    Source: the SVM loss of the CS5330 slides (one line there prints a plus for the minus: a misprint).
    """
    loss, grads = None, {}
    N = x.shape[0]
    rows = torch.arange(N, device=x.device)  # scores[rows, y] picks the score of the correct class in every row
    # Forward: scores (N, C); margins (N, C), where the correct class does not take part; losses (N,); loss.
    ### BEGIN SOLUTION
    scores = x @ w + b
    margins = scores - scores[rows, y][:, None] + 1
    margins[rows, y] = 0
    losses = margins.clamp(min=0).sum(dim=1)
    loss = losses.sum() / N + reg * (w * w).sum()
    ### END SOLUTION
    # Backward: the forward lines, last to first. w is used in two of them, and so are the correct classes' scores.
    ### BEGIN SOLUTION
    grad_w_reg = 2 * reg * w
    grad_losses = torch.ones_like(losses) / N
    grad_margins = grad_losses[:, None] * (margins > 0)
    grads["scores"] = grad_margins.clone()
    grads["scores"][rows, y] -= grad_margins.sum(dim=1)
    grads["w"] = x.T @ grads["scores"] + grad_w_reg
    grads["b"] = grads["scores"].sum(dim=0)
    ### END SOLUTION
    return loss, grads


def linear_softmax(x: Tensor, y: Tensor, w: Tensor, b: Tensor, reg: float) -> tuple[Tensor, dict[str, Tensor]]:
    """Linear classifier, softmax cross-entropy: L_i = -log(exp(s_(y_i)) / sum over j of exp(s_j)).

    x (N, D), y (N,) int64, w (D, C), b (C,). Returns the loss, 0-dimensional, and grads: scores (N, C), w, b.
    Scores of +-1000 must give finite numbers. Source: the loss of the CS5330 slides, as a mean over the batch.
    """
    loss, grads = None, {}
    N = x.shape[0]
    rows = torch.arange(N, device=x.device)
    # Forward: scores (N, C); shifted (N, C), so that no exp overflows; exps (N, C); sums (N, 1); losses (N,); loss.
    ### BEGIN SOLUTION
    scores = x @ w + b
    shifted = scores - scores.max(dim=1, keepdim=True).values  # a constant per row: it changes no gradient
    exps = shifted.exp()
    sums = exps.sum(dim=1, keepdim=True)
    losses = sums.log()[:, 0] - shifted[rows, y]
    loss = losses.sum() / N + reg * (w * w).sum()
    ### END SOLUTION
    # Backward: the forward lines, last to first. `shifted` is used in two of them.
    ### BEGIN SOLUTION
    grad_w_reg = 2 * reg * w
    grad_losses = torch.ones_like(losses) / N
    grad_sums = grad_losses[:, None] / sums
    grad_shifted = grad_sums * exps
    grad_shifted[rows, y] -= grad_losses
    grads["scores"] = grad_shifted
    grads["w"] = x.T @ grads["scores"] + grad_w_reg
    grads["b"] = grads["scores"].sum(dim=0)
    ### END SOLUTION
    return loss, grads


def linear_squared(x: Tensor, y: Tensor, w: Tensor, b: Tensor, reg: float) -> tuple[Tensor, dict[str, Tensor]]:
    """Linear classifier, squared loss: L_i = sum over c of (s_c - t_c)**2, t the one-hot row of y_i; no 1/2.

    x (N, D), y (N,) int64, w (D, C), b (C,). Returns the loss, 0-dimensional, and grads: scores (N, C), w, b.
    Source: the squared loss of the CS5330 slides, for C outputs and as a mean over the batch.
    """
    loss, grads = None, {}
    N = x.shape[0]
    rows = torch.arange(N, device=x.device)
    # Forward: scores (N, C); targets (N, C), one-hot; errors (N, C); losses (N,); loss.
    ### BEGIN SOLUTION
    scores = x @ w + b
    targets = torch.zeros_like(scores)
    targets[rows, y] = 1
    errors = scores - targets
    losses = (errors * errors).sum(dim=1)
    loss = losses.sum() / N + reg * (w * w).sum()
    ### END SOLUTION
    # Backward: the forward lines, last to first.
    ### BEGIN SOLUTION
    grad_w_reg = 2 * reg * w
    grad_losses = torch.ones_like(losses) / N
    grad_errors = grad_losses[:, None] * 2 * errors
    grads["scores"] = grad_errors
    grads["w"] = x.T @ grads["scores"] + grad_w_reg
    grads["b"] = grads["scores"].sum(dim=0)
    ### END SOLUTION
    return loss, grads


def logistic(x: Tensor, y: Tensor, w: Tensor, b: Tensor, reg: float) -> tuple[Tensor, dict[str, Tensor]]:
    """Logistic regression: L_i = -log(p_i) where y_i is 1 and -log(1 - p_i) where it is 0; p = sigmoid(x @ w + b).

    x (N, D), y (N,) int64 of 0 and 1, w (D,), b 0-dimensional. Returns the loss, 0-dimensional, and grads:
    scores (N,), w (D,), b. Scores of +-1000 must give finite numbers: both cases of L_i are log(1 + exp(t)) for some
    t, and torch.logaddexp(zeros, t) is that without overflow, with zeros a tensor.
    """
    loss, grads = None, {}
    N = x.shape[0]
    # Forward: scores (N,); t (N,), each score or its negative, negative where the answer is right; losses (N,); loss.
    ### BEGIN SOLUTION
    scores = x @ w + b
    signs = 1 - 2 * y
    t = signs * scores
    losses = torch.logaddexp(torch.zeros_like(t), t)
    loss = losses.sum() / N + reg * (w * w).sum()
    ### END SOLUTION
    # Backward: the forward lines, last to first. torch.sigmoid is yours to use.
    ### BEGIN SOLUTION
    grad_w_reg = 2 * reg * w
    grad_losses = torch.ones_like(losses) / N
    grad_t = grad_losses * torch.sigmoid(t)
    grads["scores"] = grad_t * signs
    grads["w"] = x.T @ grads["scores"] + grad_w_reg
    grads["b"] = grads["scores"].sum()
    ### END SOLUTION
    return loss, grads


def net_hinge(
    x: Tensor, y: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor, reg: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """Two-layer ReLU net, hinge loss: scores = max(0, x @ w1 + b1) @ w2 + b2 (CS5330 slides, "Neural Networks").

    x (N, D), y (N,) int64, w1 (D, H), b1 (H,), w2 (H, C), b2 (C,); reg weighs sum(w1 * w1) + sum(w2 * w2).
    Returns the loss, 0-dimensional, and grads: scores (N, C), w2, b2, h (N, H), a (N, H), w1, b1.
    """
    loss, grads = None, {}
    N = x.shape[0]
    rows = torch.arange(N, device=x.device)
    # Forward: a (N, H), before the ReLU; h (N, H), after it; scores (N, C); from there on as in linear_hinge.
    ### BEGIN SOLUTION
    a = x @ w1 + b1
    h = a.clamp(min=0)
    scores = h @ w2 + b2
    margins = scores - scores[rows, y][:, None] + 1
    margins[rows, y] = 0
    losses = margins.clamp(min=0).sum(dim=1)
    loss = losses.sum() / N + reg * ((w1 * w1).sum() + (w2 * w2).sum())
    ### END SOLUTION
    # Backward: the forward lines, last to first; every gradient's upstream is written somewhere above it.
    ### BEGIN SOLUTION
    grad_w1_reg = 2 * reg * w1
    grad_w2_reg = 2 * reg * w2
    grad_losses = torch.ones_like(losses) / N
    grad_margins = grad_losses[:, None] * (margins > 0)
    grads["scores"] = grad_margins.clone()
    grads["scores"][rows, y] -= grad_margins.sum(dim=1)
    grads["w2"] = h.T @ grads["scores"] + grad_w2_reg
    grads["b2"] = grads["scores"].sum(dim=0)
    grads["h"] = grads["scores"] @ w2.T
    grads["a"] = grads["h"] * (a > 0)
    grads["w1"] = x.T @ grads["a"] + grad_w1_reg
    grads["b1"] = grads["a"].sum(dim=0)
    ### END SOLUTION
    return loss, grads


def net_softmax(
    x: Tensor, y: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor, reg: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """Two-layer ReLU net, softmax cross-entropy. Shapes, names and grads as in net_hinge; scores may be +-1000."""
    loss, grads = None, {}
    N = x.shape[0]
    rows = torch.arange(N, device=x.device)
    # Forward: a (N, H) and h (N, H); scores (N, C); from there on as in linear_softmax.
    ### BEGIN SOLUTION
    a = x @ w1 + b1
    h = a.clamp(min=0)
    scores = h @ w2 + b2
    shifted = scores - scores.max(dim=1, keepdim=True).values
    exps = shifted.exp()
    sums = exps.sum(dim=1, keepdim=True)
    losses = sums.log()[:, 0] - shifted[rows, y]
    loss = losses.sum() / N + reg * ((w1 * w1).sum() + (w2 * w2).sum())
    ### END SOLUTION
    # Backward: the forward lines, last to first. How much of net_hinge could you keep?
    ### BEGIN SOLUTION
    grad_w1_reg = 2 * reg * w1
    grad_w2_reg = 2 * reg * w2
    grad_losses = torch.ones_like(losses) / N
    grad_sums = grad_losses[:, None] / sums
    grad_shifted = grad_sums * exps
    grad_shifted[rows, y] -= grad_losses
    grads["scores"] = grad_shifted
    grads["w2"] = h.T @ grads["scores"] + grad_w2_reg
    grads["b2"] = grads["scores"].sum(dim=0)
    grads["h"] = grads["scores"] @ w2.T
    grads["a"] = grads["h"] * (a > 0)
    grads["w1"] = x.T @ grads["a"] + grad_w1_reg
    grads["b1"] = grads["a"].sum(dim=0)
    ### END SOLUTION
    return loss, grads
