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
    # YOUR CODE HERE
    # Backward: the forward lines, last to first. Each line here turns an upstream gradient into downstream ones.
    # YOUR CODE HERE
    return f, grads


def neuron(w0: float, x0: float, w1: float, x1: float, w2: float) -> tuple[float, dict[str, float]]:
    """f = sigmoid(w0 * x0 + w1 * x1 + w2), a logistic neuron on floats (EECS 498-007, lecture 6: flat gradient code).

    grads: w0, x0, w1, x1, w2 (floats).
    """
    f, grads = None, {}
    # Forward: s0 and s1, the two products; s2, their sum; s3, with the bias w2; f. `sigmoid` above is yours to use.
    # YOUR CODE HERE
    # Backward: f, s3, s2, s1, s0. Which of the gates distributes, and which swaps?
    # YOUR CODE HERE
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
    # YOUR CODE HERE
    # Backward: the forward lines, last to first. w is used in two of them, and so are the correct classes' scores.
    # YOUR CODE HERE
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
    # YOUR CODE HERE
    # Backward: the forward lines, last to first. `shifted` is used in two of them.
    # YOUR CODE HERE
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
    # YOUR CODE HERE
    # Backward: the forward lines, last to first.
    # YOUR CODE HERE
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
    # YOUR CODE HERE
    # Backward: the forward lines, last to first. torch.sigmoid is yours to use.
    # YOUR CODE HERE
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
    # YOUR CODE HERE
    # Backward: the forward lines, last to first; every gradient's upstream is written somewhere above it.
    # YOUR CODE HERE
    return loss, grads


def net_softmax(
    x: Tensor, y: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor, reg: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """Two-layer ReLU net, softmax cross-entropy. Shapes, names and grads as in net_hinge; scores may be +-1000."""
    loss, grads = None, {}
    N = x.shape[0]
    rows = torch.arange(N, device=x.device)
    # Forward: a (N, H) and h (N, H); scores (N, C); from there on as in linear_softmax.
    # YOUR CODE HERE
    # Backward: the forward lines, last to first. How much of net_hinge could you keep?
    # YOUR CODE HERE
    return loss, grads
