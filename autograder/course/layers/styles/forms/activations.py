"""The activations by torch's own functions, with other formulas for the way back."""

import torch
import torch.nn.functional as F

from toolbox.given.layer import Layer


class ReLU(Layer):
    def forward(self, x):
        out = F.relu(x)
        self.cache = out  # the output is positive where the input was
        return out

    def backward(self, grad_out):
        return torch.where(self.cache > 0, grad_out, torch.zeros_like(grad_out))


class LeakyReLU(Layer):
    def __init__(self, slope=0.01):
        super().__init__()
        self.slope = slope

    def forward(self, x):
        self.cache = F.leaky_relu(x, self.slope)
        return self.cache

    def backward(self, grad_out):
        positive = (self.cache > 0).to(grad_out.dtype)
        return grad_out * (self.slope + (1 - self.slope) * positive)


class ELU(Layer):
    def __init__(self, alpha=1.0):
        super().__init__()
        self.alpha = alpha

    def forward(self, x):
        self.cache = x
        return F.elu(x, self.alpha)

    def backward(self, grad_out):
        slope = self.alpha * torch.exp(torch.minimum(self.cache, torch.zeros_like(self.cache)))
        slope[self.cache > 0] = 1
        return grad_out * slope


class Sigmoid(Layer):
    def forward(self, x):
        self.cache = x
        return 0.5 * (1 + torch.tanh(x / 2))

    def backward(self, grad_out):
        return grad_out * torch.sigmoid(self.cache) * torch.sigmoid(-self.cache)


class Tanh(Layer):
    def forward(self, x):
        self.cache = x
        return 2 * torch.sigmoid(2 * x) - 1

    def backward(self, grad_out):
        return grad_out / torch.cosh(self.cache.clamp(-300, 300).double()).square().to(grad_out.dtype)


class Softmax(Layer):
    def forward(self, x):
        self.cache = torch.log_softmax(x, dim=-1)
        return torch.exp(self.cache)

    def backward(self, grad_out):
        probs = torch.exp(self.cache)
        return probs * grad_out - probs * torch.einsum("...c,...c->...", probs, grad_out)[..., None]
