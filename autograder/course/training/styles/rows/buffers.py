"""A step in buffers, one example at a time: nothing is larger than a row, and products are added where they belong."""

import torch


class BufferedNet:
    def __init__(self, params, N, lr, rho=0.9, reg=0.0):
        self.params, self.lr, self.rho, self.reg = params, lr, rho, reg
        self.velocity = {name: torch.zeros_like(w) for name, w in params.items()}

    def step(self, x, y):
        p, v = self.params, self.velocity
        loss = self.reg * sum(p[name].norm() ** 2 for name in ("w1", "w2"))
        for name in p:
            v[name].mul_(self.rho)
            if name.startswith("w"):
                v[name].add_(p[name], alpha=2 * self.reg)
        for row, label in zip(x, y.tolist(), strict=True):
            h = torch.addmv(p["b1"], p["w1"].T, row).clamp_(min=0)
            s = torch.addmv(p["b2"], p["w2"].T, h)
            loss += (s.logsumexp(dim=0) - s[label]) / len(x)
            up = s.softmax(dim=0)
            up[label] -= 1
            up /= len(x)
            back = torch.mv(p["w2"], up).mul_(h > 0)
            v["w2"].addr_(h, up)
            v["b2"].add_(up)
            v["w1"].addr_(row, back)
            v["b1"].add_(back)
        for name, w in p.items():
            w.add_(v[name], alpha=-self.lr)
        return loss
