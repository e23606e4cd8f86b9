"""The losses row by row."""

import torch


def softmax_cross_entropy(scores, y):
    N = len(y)
    loss, grad = scores.new_zeros(()), torch.zeros_like(scores)
    for i in range(N):
        row = scores[i] - scores[i].max()
        total = torch.exp(row).sum()
        loss = loss + torch.log(total) - row[y[i]]
        grad[i] = torch.exp(row) / total
        grad[i, y[i]] -= 1
    return loss / N, grad / N


def hinge(scores, y):
    N, C = scores.shape
    loss, grad = scores.new_zeros(()), scores.new_zeros(N, C)
    for i in range(N):
        for j in range(C):
            margin = scores[i, j] - scores[i, y[i]] + 1
            if j != y[i] and margin > 0:
                loss = loss + margin
                grad[i, j] += 1
                grad[i, y[i]] -= 1
    return loss / N, grad / N


def squared(scores, y):
    N, C = scores.shape
    loss, grad = scores.new_zeros(()), scores.new_zeros(N, C)
    for i in range(N):
        target = scores.new_zeros(C)
        target[y[i]] = 1
        loss = loss + ((scores[i] - target) ** 2).sum()
        grad[i] = 2 * (scores[i] - target) / N
    return loss / N, grad


def l2(params, reg):
    penalty, grads = 0.0, {}
    for name in params:
        if name == "w" or name.endswith(".w"):
            grads[name] = reg * params[name] + params[name] * reg
            penalty = penalty + reg * torch.sum(params[name] ** 2)
    return penalty, grads
