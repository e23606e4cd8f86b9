"""The activations with tensors of their own, made once a call and then worked on in place."""

import torch

from toolbox.given.layer import Layer


class ReLU(Layer):
    def forward(self, x):
        out = x.clone()
        self.cache = out.sign().clamp_(min=0)
        return out.mul_(self.cache)

    def backward(self, grad_out):
        grad_x = torch.empty_like(self.cache)
        return torch.mul(grad_out, self.cache, out=grad_x)


class LeakyReLU(Layer):
    def __init__(self, slope=0.01):
        super().__init__()
        self.slope = slope

    def forward(self, x):
        self.cache = torch.ones_like(x).masked_fill_(x < 0, self.slope)
        return x.clone().mul_(self.cache)

    def backward(self, grad_out):
        grad_x = grad_out.clone()
        grad_x *= self.cache
        return grad_x


class ELU(Layer):
    def __init__(self, alpha=1.0):
        super().__init__()
        self.alpha = alpha

    def forward(self, x):
        out = x.clone()
        self.cache = x.clone().clamp_(max=0).exp_().mul_(self.alpha)
        out[x <= 0] = self.cache[x <= 0] - self.alpha
        self.cache[x > 0] = 1
        return out

    def backward(self, grad_out):
        return grad_out.clone().mul_(self.cache)


class Sigmoid(Layer):
    def forward(self, x):
        self.cache = x.neg().exp_().add_(1).reciprocal_()
        return self.cache.clone()

    def backward(self, grad_out):
        grad_x = (1 - self.cache).mul_(self.cache)
        grad_x.mul_(grad_out)
        return grad_x


class Tanh(Layer):
    def forward(self, x):
        self.cache = x.clone().tanh_()
        return self.cache.clone()

    def backward(self, grad_out):
        grad_x = self.cache.square().neg_().add_(1)
        return grad_x.mul_(grad_out)


class Softmax(Layer):
    def forward(self, x):
        out = x.clone()
        out -= out.max(dim=-1, keepdim=True).values
        out.exp_()
        out /= out.sum(dim=-1, keepdim=True)
        self.cache = out.clone()
        return out

    def backward(self, grad_out):
        grad_x = grad_out.clone()
        grad_x -= torch.linalg.vecdot(grad_out, self.cache)[..., None]
        grad_x *= self.cache
        return grad_x
