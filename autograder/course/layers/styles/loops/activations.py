"""The activations with masks, copies and loops over rows."""

import torch

from toolbox.given.layer import Layer


class ReLU(Layer):
    def forward(self, x):
        self.cache = x.clone()
        out = x.clone()
        out[out < 0] = 0
        return out

    def backward(self, grad_out):
        grad_x = grad_out.clone()
        grad_x[self.cache <= 0] = 0
        return grad_x


class LeakyReLU(Layer):
    def __init__(self, slope=0.01):
        super().__init__()
        self.slope = slope

    def forward(self, x):
        self.cache = {"x": x}
        return torch.maximum(x, torch.zeros_like(x)) + self.slope * torch.minimum(x, torch.zeros_like(x))

    def backward(self, grad_out):
        x = self.cache["x"]
        local = torch.full_like(x, self.slope)
        local[x > 0] = 1
        return grad_out * local


class ELU(Layer):
    def __init__(self, alpha=1.0):
        super().__init__()
        self.alpha = alpha

    def forward(self, x):
        self.cache = x
        out = x.clone()
        out[x <= 0] = self.alpha * (torch.exp(x[x <= 0]) - 1)
        return out

    def backward(self, grad_out):
        x = self.cache
        grad_x = grad_out.clone()
        grad_x[x <= 0] *= self.alpha * torch.exp(x[x <= 0])
        return grad_x


class Sigmoid(Layer):
    def forward(self, x):
        self.cache = 1 / (1 + torch.exp(-x))
        return self.cache

    def backward(self, grad_out):
        s = self.cache
        return grad_out * (s - s**2)


class Tanh(Layer):
    def forward(self, x):
        decay = torch.exp(-2 * x.abs())
        self.cache = torch.sign(x) * (1 - decay) / (1 + decay)
        return self.cache.clone()

    def backward(self, grad_out):
        t = self.cache
        return (1 - t) * (1 + t) * grad_out


class Softmax(Layer):
    def forward(self, x):
        rows = x.reshape(-1, x.shape[-1]).clone()
        for i in range(len(rows)):
            rows[i] = torch.exp(rows[i] - rows[i].max())
            rows[i] = rows[i] / rows[i].sum()
        self.cache = rows.reshape(x.shape)
        return self.cache

    def backward(self, grad_out):
        C = grad_out.shape[-1]
        probs, grads = self.cache.reshape(-1, C), grad_out.reshape(-1, C)
        rows = [(torch.diag(p) - torch.outer(p, p)) @ g for p, g in zip(probs, grads, strict=True)]
        return (torch.stack(rows) if rows else grads).reshape(grad_out.shape)
