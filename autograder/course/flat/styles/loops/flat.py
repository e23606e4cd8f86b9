"""A right answer in explicit loops: over the rows, the classes and the hidden units, one number at a time."""

import math

import torch


def toy(x, y, z):
    f = (x * y + z) ** 2
    up = 2 * (x * y + z)
    return f, {"x": up * y, "y": up * x, "z": up, "p": up, "q": up}


def neuron(w0, x0, w1, x1, w2):
    f = 1 / (1 + math.exp(-(w0 * x0 + w1 * x1 + w2)))
    up = math.exp(-(w0 * x0 + w1 * x1 + w2)) * f**2
    return f, {"w0": up * x0, "x0": up * w0, "w1": up * x1, "x1": up * w1, "w2": up}


def hinge_row(s, y):
    loss, grad = 0.0, [0.0] * len(s)
    for j in range(len(s)):
        margin = s[j] - s[y] + 1
        if j != y and margin > 0:
            loss += margin
            grad[j] += 1
            grad[y] -= 1
    return loss, grad


def softmax_row(s, y):
    top = max(s)
    total = sum(math.exp(v - top) for v in s)
    grad = [math.exp(v - top) / total for v in s]
    grad[y] -= 1
    return math.log(total) - (s[y] - top), grad


def squared_row(s, y):
    errors = [v - (1 if j == y else 0) for j, v in enumerate(s)]
    return sum(e**2 for e in errors), [2 * e for e in errors]


def logistic_row(s, y):
    s = s[0]
    p = 1 / (1 + math.exp(-s)) if s > -700 else 0.0
    size = math.log1p(math.exp(-abs(s)))
    return size + max(s, 0) - s * y, [p - y]


def layer(x, w, b):
    rows, inner, outer = len(x), len(w), len(b)
    return [[b[k] + sum(x[i][d] * w[d][k] for d in range(inner)) for k in range(outer)] for i in range(rows)]


def layer_back(x, w, up, reg):
    inner, outer = len(w), len(w[0])
    grad_w = [[2 * reg * w[d][k] for k in range(outer)] for d in range(inner)]
    grad_b = [0.0] * outer
    grad_x = [[0.0] * inner for _ in x]
    for i in range(len(x)):
        for k in range(outer):
            grad_b[k] += up[i][k]
            for d in range(inner):
                grad_w[d][k] += x[i][d] * up[i][k]
                grad_x[i][d] += w[d][k] * up[i][k]
    return grad_x, grad_w, grad_b


def head(row, scores, y):
    losses, grads = zip(*(row(s, int(label)) for s, label in zip(scores, y, strict=True)), strict=True)
    return sum(losses) / len(losses), [[g / len(losses) for g in grad] for grad in grads]


def linear(row, x, y, w, b, reg):
    dtype = x.dtype
    x, y, w, b = x.tolist(), y.tolist(), w.tolist(), b.tolist()
    loss, up = head(row, layer(x, w, b), y)
    loss += reg * sum(v * v for line in w for v in line)
    _, grad_w, grad_b = layer_back(x, w, up, reg)
    grads = {"scores": up, "w": grad_w, "b": grad_b}
    return torch.tensor(loss, dtype=dtype), {name: torch.tensor(grad, dtype=dtype) for name, grad in grads.items()}


def linear_hinge(x, y, w, b, reg):
    return linear(hinge_row, x, y, w, b, reg)


def linear_softmax(x, y, w, b, reg):
    return linear(softmax_row, x, y, w, b, reg)


def linear_squared(x, y, w, b, reg):
    return linear(squared_row, x, y, w, b, reg)


def logistic(x, y, w, b, reg):
    loss, grads = linear(logistic_row, x, y, w[:, None], b[None], reg)
    return loss, {"scores": grads["scores"][:, 0], "w": grads["w"][:, 0], "b": grads["b"][0]}


def net(row, x, y, w1, b1, w2, b2, reg):
    dtype = x.dtype
    x, y, w1, b1, w2, b2 = (t.tolist() for t in (x, y, w1, b1, w2, b2))
    a = layer(x, w1, b1)
    h = [[max(0.0, v) for v in line] for line in a]
    loss, up = head(row, layer(h, w2, b2), y)
    loss += reg * sum(v * v for w in (w1, w2) for line in w for v in line)
    grad_h, grad_w2, grad_b2 = layer_back(h, w2, up, reg)
    grad_a = [[g if v > 0 else 0.0 for g, v in zip(*lines, strict=True)] for lines in zip(grad_h, a, strict=True)]
    _, grad_w1, grad_b1 = layer_back(x, w1, grad_a, reg)
    grads = {"scores": up, "w2": grad_w2, "b2": grad_b2, "h": grad_h, "a": grad_a, "w1": grad_w1, "b1": grad_b1}
    return loss, {name: torch.tensor(grad, dtype=dtype) for name, grad in grads.items()}


def net_hinge(x, y, w1, b1, w2, b2, reg):
    return net(hinge_row, x, y, w1, b1, w2, b2, reg)


def net_softmax(x, y, w1, b1, w2, b2, reg):
    return net(softmax_row, x, y, w1, b1, w2, b2, reg)
