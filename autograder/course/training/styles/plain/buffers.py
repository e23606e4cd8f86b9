"""A step in buffers, in the plain way: every gradient has a tensor of its own, the mask too."""

import torch


class BufferedNet:
    def __init__(self, params, N, lr, rho=0.9, reg=0.0):
        self.params, self.lr, self.rho, self.reg, self.N = params, lr, rho, reg, N
        self.grads = {name: torch.empty_like(w) for name, w in params.items()}
        self.velocity = {name: torch.zeros_like(w) for name, w in params.items()}
        H = len(params["b1"])
        self.a, self.grad_a = params["w1"].new_empty(N, H), params["w1"].new_empty(N, H)
        self.open = torch.empty(N, H, dtype=torch.bool)

    def step(self, x, y):
        p, g, n = self.params, self.grads, len(x)
        a, grad_a, gate = self.a[:n], self.grad_a[:n], self.open[:n]
        torch.mm(x, p["w1"], out=a)
        a.add_(p["b1"])
        torch.gt(a, 0, out=gate)
        a.mul_(gate)
        scores = torch.addmm(p["b2"], a, p["w2"])  # (n, C) is small
        logs = scores.log_softmax(dim=1)
        loss = -logs.gather(1, y[:, None]).mean()
        for name in ("w1", "w2"):
            loss = loss + self.reg * torch.linalg.vector_norm(p[name]) ** 2
        upstream = logs.exp()
        upstream[torch.arange(n), y] -= 1
        upstream /= n
        torch.mm(a.T, upstream, out=g["w2"])
        torch.sum(upstream, dim=0, out=g["b2"])
        torch.mm(upstream, p["w2"].T, out=grad_a)
        grad_a.mul_(gate)
        torch.mm(x.T, grad_a, out=g["w1"])
        torch.sum(grad_a, dim=0, out=g["b1"])
        for name, w in p.items():
            if name[0] == "w":
                g[name].add_(w, alpha=2 * self.reg)
            self.velocity[name].mul_(self.rho).add_(g[name])
            w.add_(self.velocity[name], alpha=-self.lr)
        return loss
