"""The pieces of a training run, written otherwise: uniform weights, lists of batches, loops, other logarithms."""

import numpy as np
import torch


def kaiming(fan_in, fan_out, generator, dtype=torch.float32):
    bound = np.sqrt(6 / fan_in)
    return torch.empty(fan_in, fan_out, dtype=dtype).uniform_(-bound, bound, generator=generator)


def minibatches(x, y, batch_size, generator):
    order = torch.rand(len(x), generator=generator).argsort()
    return [(x[rows], y[rows]) for rows in order.split(batch_size)]


def train_epoch(params, optimizer, batches, loss_and_grads):
    def one(x, y):
        loss, grads = loss_and_grads(x, y, params)
        value = loss.clone()
        optimizer.step(grads)
        return value

    return [one(*pair) for pair in batches]


def scores(params, x):
    hidden = x
    names = sorted((name for name in params if name.startswith("w")), key=lambda name: int(name[1:]))
    for name in names[:-1]:
        hidden = torch.relu(torch.addmm(params["b" + name[1:]], hidden, params[name]))
    return torch.einsum("nd,dc->nc", hidden, params[names[-1]]) + params["b" + names[-1][1:]]


def confusion(y, predicted, C):
    counts = torch.zeros(C, C, dtype=torch.int64)
    for true, guess in zip(y.tolist(), predicted.tolist(), strict=True):
        counts[true, guess] += 1
    return counts


def collapse(params):
    depth = len(params) // 2
    w, b = params[f"w{depth}"], params[f"b{depth}"]
    for layer in range(depth - 1, 0, -1):
        b = params[f"b{layer}"] @ w + b
        w = params[f"w{layer}"] @ w
    return w, b


def log_uniform(low, high, count, generator):
    exponents = torch.empty(count, dtype=torch.float64).uniform_(np.log10(low), np.log10(high), generator=generator)
    return 10**exponents
