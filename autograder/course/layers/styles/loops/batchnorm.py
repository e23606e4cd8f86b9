"""BatchNorm column by column."""

import torch

from toolbox.given.layer import Layer


class BatchNorm(Layer):
    def __init__(self, gamma, beta, momentum=0.1, eps=1e-5):
        super().__init__(gamma=gamma, beta=beta)
        self.momentum, self.eps = momentum, eps
        self.running_mean = gamma.new_zeros(gamma.shape)
        self.running_var = gamma.new_zeros(gamma.shape) + 1

    def forward(self, x):
        gamma, beta = self.params["gamma"], self.params["beta"]
        N, D = x.shape
        out, normal, stds = x.new_zeros(N, D), x.new_zeros(N, D), x.new_zeros(D)
        self.running_mean, self.running_var = self.running_mean.clone(), self.running_var.clone()
        for d in range(D):
            mean, var = self.running_mean[d].clone(), self.running_var[d].clone()
            if self.training:
                mean = x[:, d].sum() / N
                var = ((x[:, d] - mean) ** 2).sum() / N
                self.running_mean[d] += self.momentum * (mean - self.running_mean[d])
                sample = var * N / (N - 1) if N > 1 else 0
                self.running_var[d] += self.momentum * (sample - self.running_var[d])
            stds[d] = torch.sqrt(var + self.eps)
            normal[:, d] = (x[:, d] - mean) / stds[d]
            out[:, d] = gamma[d] * normal[:, d] + beta[d]
        self.cache = {"normal": normal, "stds": stds, "training": self.training}
        return out

    def backward_by_nodes(self, grad_out):
        normal, stds = self.cache["normal"], self.cache["stds"]
        gamma, N = self.params["gamma"], grad_out.shape[0]
        self.grads = {"gamma": torch.zeros_like(gamma), "beta": torch.zeros_like(gamma)}
        grad_x = torch.zeros_like(normal)
        for d in range(len(gamma)):
            g = grad_out[:, d]
            self.grads["gamma"][d] = g @ normal[:, d]
            self.grads["beta"][d] = g.sum()
            up = g * gamma[d]
            var = -0.5 * (up * normal[:, d]).sum() / stds[d] ** 2
            mean = -(up / stds[d]).sum() - 2 * var * (normal[:, d] * stds[d]).sum() / N
            grad_x[:, d] = up / stds[d] + var * 2 * normal[:, d] * stds[d] / N + mean / N
        return grad_x

    def backward(self, grad_out):
        if self.cache["training"]:
            return self.backward_by_nodes(grad_out)
        self.grads = {"gamma": (grad_out * self.cache["normal"]).sum(0), "beta": grad_out.sum(0)}
        return grad_out * self.params["gamma"] / self.cache["stds"]
