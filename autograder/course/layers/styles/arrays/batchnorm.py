"""BatchNorm in NumPy, node by node."""

import numpy as np
import torch

from toolbox.given.layer import Layer


class BatchNorm(Layer):
    def __init__(self, gamma, beta, momentum=0.1, eps=1e-5):
        super().__init__(gamma=gamma, beta=beta)
        self.momentum, self.eps = momentum, eps
        self.running_mean, self.running_var = torch.zeros(len(gamma)).to(gamma), torch.ones(len(gamma)).to(gamma)

    def forward(self, x):
        x, (gamma, beta) = x.numpy(), (self.params[name].numpy() for name in ("gamma", "beta"))
        if self.training:
            mean, var = np.mean(x, axis=0), np.var(x, axis=0)
            sample = np.var(x, axis=0, ddof=1) if len(x) > 1 else np.zeros_like(var)
            for name, new in (("running_mean", mean), ("running_var", sample)):
                old = getattr(self, name)
                setattr(self, name, old + self.momentum * (torch.from_numpy(new) - old))
        else:
            mean, var = self.running_mean.numpy(), self.running_var.numpy()
        self.centred, self.std, self.batch = x - mean, np.sqrt(var + self.eps), self.training
        return torch.from_numpy((gamma / self.std * self.centred + beta).astype(x.dtype))

    def backward_by_nodes(self, grad_out):
        g, gamma = grad_out.numpy(), self.params["gamma"].numpy()
        N = len(g)
        self.grads["beta"] = torch.from_numpy(np.sum(g, axis=0))
        self.grads["gamma"] = torch.from_numpy(np.sum(g * self.centred / self.std, axis=0))
        up = g * gamma
        if not self.batch:
            return torch.from_numpy(up / self.std)
        to_std = -np.sum(up * self.centred, axis=0) / self.std**2
        to_centred = up / self.std + to_std / self.std * self.centred / N
        return torch.from_numpy((to_centred - to_centred.sum(axis=0) / N).astype(g.dtype))

    def backward(self, grad_out):
        return self.backward_by_nodes(grad_out)
