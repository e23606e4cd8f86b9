"""BatchNorm with torch's var_mean, and its way back as a projection."""

import torch

from toolbox.given.layer import Layer


class BatchNorm(Layer):
    def __init__(self, gamma, beta, momentum=0.1, eps=1e-5):
        super().__init__(gamma=gamma, beta=beta)
        self.momentum, self.eps = momentum, eps
        self.running_mean, self.running_var = torch.zeros_like(gamma), torch.ones_like(gamma)

    def forward(self, x):
        if self.training:
            var, mean = torch.var_mean(x, dim=0, correction=0)
            sample = x.var(dim=0, correction=1) if len(x) > 1 else torch.zeros_like(var)
            self.running_mean.mul_(1 - self.momentum).add_(mean, alpha=self.momentum)
            self.running_var.mul_(1 - self.momentum).add_(sample, alpha=self.momentum)
        else:
            var, mean = self.running_var.clone(), self.running_mean.clone()
        scale = torch.rsqrt(var + self.eps)
        self.cache = (x - mean) * scale, scale, self.training
        return torch.addcmul(self.params["beta"], self.cache[0], self.params["gamma"])

    def _common(self, grad_out):
        normal, scale, _ = self.cache
        self.grads["gamma"] = torch.einsum("nd,nd->d", grad_out, normal)
        self.grads["beta"] = torch.einsum("nd->d", grad_out)
        return grad_out * self.params["gamma"], normal, scale

    def backward_by_nodes(self, grad_out):
        up, normal, scale = self._common(grad_out)
        N = len(up)
        grad_scale = (up * normal).sum(0) / scale
        grad_var = -0.5 * grad_scale * scale**3
        grad_centred = up * scale + 2 / N * grad_var * normal / scale
        return grad_centred - grad_centred.mean(0)

    def backward(self, grad_out):
        up, normal, scale = self._common(grad_out)
        if not self.cache[2]:
            return up * scale
        N = len(up)
        return scale / N * (N * up - up.sum(0) - normal * (up * normal).sum(0))
