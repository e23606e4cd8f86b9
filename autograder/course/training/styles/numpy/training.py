"""The pieces of a training run by NumPy and plain Python; torch's generator only seeds theirs."""

import math
import random

import numpy as np
import torch


def seed_of(generator):
    return int(torch.randint(2**62, (1,), generator=generator))


def kaiming(fan_in, fan_out, generator, dtype=torch.float32):
    numbers = np.random.default_rng(seed_of(generator)).normal(0, math.sqrt(2 / fan_in), (fan_in, fan_out))
    return torch.from_numpy(numbers).to(dtype)


def minibatches(x, y, batch_size, generator):
    rest = list(range(len(x)))
    random.Random(seed_of(generator)).shuffle(rest)
    while rest:
        rows, rest = rest[:batch_size], rest[batch_size:]
        yield x[rows], y[rows]


def train_epoch(params, optimizer, batches, loss_and_grads):
    losses, stream = [], iter(batches)
    while (batch := next(stream, None)) is not None:
        loss, grads = loss_and_grads(*batch, params)
        losses.append(loss.item())
        optimizer.step(dict(grads))
    return losses


def scores(params, x):
    hidden, last = x.numpy(), len(params) // 2
    for layer in range(last):
        hidden = hidden if layer == 0 else np.maximum(hidden, 0)
        hidden = np.matmul(hidden, params[f"w{layer + 1}"].numpy()) + params[f"b{layer + 1}"].numpy()
    return torch.from_numpy(hidden)


def confusion(y, predicted, C):
    counts = np.zeros((C, C), dtype=np.int64)
    np.add.at(counts, (y.numpy(), predicted.numpy()), 1)
    return torch.from_numpy(counts)


def collapse(params):
    """Each layer as one matrix on rows (x, 1): the bias is its last row."""
    whole = None
    for layer in range(1, len(params) // 2 + 1):
        w, b = params[f"w{layer}"].numpy(), params[f"b{layer}"].numpy()
        one = np.zeros((len(w) + 1, 1), dtype=w.dtype)
        one[-1] = 1
        matrix = np.hstack([np.vstack([w, b]), one])
        whole = matrix if whole is None else whole @ matrix
    return torch.from_numpy(whole[:-1, :-1].copy()), torch.from_numpy(whole[-1, :-1].copy())


def log_uniform(low, high, count, generator):
    dice = random.Random(seed_of(generator))
    return torch.tensor([math.exp(dice.uniform(math.log(low), math.log(high))) for _ in range(count)]).double()
