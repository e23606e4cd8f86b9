"""The layers of layers.py with matrices and with tensors of their own, worked on in place."""

import torch

from toolbox.given.layer import Layer


class Linear(Layer):
    """The bias as one more row of w, and a column of ones in x."""

    def __init__(self, w, b):
        super().__init__(w=w, b=b)

    def forward(self, x):
        self.cache = torch.cat([x, x.new_ones(len(x), 1)], dim=1)
        return self.cache @ torch.cat([self.params["w"], self.params["b"][None]])

    def backward(self, grad_out):
        both = self.cache.mT @ grad_out
        self.grads["w"], self.grads["b"] = both[:-1], both[-1]
        grad_x = grad_out.new_zeros(len(grad_out), len(self.params["w"]))
        for m in range(grad_out.shape[1]):
            grad_x += torch.outer(grad_out[:, m], self.params["w"][:, m])
        return grad_x


class Maxout(Layer):
    """All pieces in one product with a wide matrix; what lost is set to zero on the way back."""

    def __init__(self, w, b):
        super().__init__(w=w, b=b)

    def forward(self, x):
        K, D, M = self.params["w"].shape
        wide = self.params["w"].transpose(0, 1).reshape(D, K * M)
        pieces = (x @ wide + self.params["b"].reshape(-1)).reshape(-1, K, M)
        out, winner = pieces.max(dim=1)
        self.cache = x, winner
        return out.clone()

    def backward(self, grad_out):
        (x, winner), w = self.cache, self.params["w"]
        K, D, M = w.shape
        wide = grad_out.new_zeros(len(x), K, M)
        wide.scatter_add_(1, winner[:, None], grad_out[:, None].clone())
        self.grads = {
            "w": (x.T @ wide.reshape(len(x), K * M)).reshape(D, K, M).transpose(0, 1),
            "b": wide.sum(dim=0),
        }
        return wide.reshape(len(x), K * M) @ w.transpose(0, 1).reshape(D, K * M).T


class Correlation1d(Layer):
    """A product with the banded matrix that the weights stand in."""

    def __init__(self, w):
        super().__init__(w=w)

    def _band(self, columns):
        w = self.params["w"]
        band = w.new_zeros(columns, columns - len(w) + 1)
        for k, weight in enumerate(w):
            band.diagonal(-k).fill_(weight)
        return band

    def forward(self, x):
        self.cache = x.clone()
        return x @ self._band(x.shape[1])

    def backward(self, grad_out):
        x, w = self.cache, self.params["w"]
        on_band = x.T @ grad_out
        self.grads["w"] = w.new_tensor([on_band.diagonal(-k).sum().item() for k in range(len(w))])
        return grad_out @ self._band(x.shape[1]).T


class Dropout(Layer):
    def __init__(self, p, generator=None):
        super().__init__()
        self.p, self.generator = p, generator

    def forward(self, x):
        self.factor = None
        if not self.training:
            return x.clone()
        draw = torch.empty(x.shape, dtype=torch.float64).uniform_(generator=self.generator)
        self.factor = draw.ge_(self.p).div_(1 - self.p).to(x.dtype)
        return x.clone().mul_(self.factor)

    def backward(self, grad_out):
        grad_x = grad_out.clone()
        if self.factor is not None:
            grad_x *= self.factor
        return grad_x


class Sequential(Layer):
    def __init__(self, *layers):
        super().__init__()
        self.layers = list(layers)
        self.names = [(f"{i}.{name}", layer, name) for i, layer in enumerate(layers) for name in layer.params]
        self.params = {full: layer.params[name] for full, layer, name in self.names}

    def forward(self, x):
        waiting = self.layers[::-1]
        while waiting:
            x = waiting.pop().forward(x)
        return x

    def backward(self, grad_out):
        waiting = list(self.layers)
        while waiting:
            grad_out = waiting.pop().backward(grad_out)
        self.grads.clear()
        self.grads.update((full, layer.grads[name]) for full, layer, name in self.names)
        return grad_out

    def train(self):
        super().train()
        list(map(lambda layer: layer.train(), self.layers))

    def eval(self):
        super().eval()
        list(map(lambda layer: layer.eval(), self.layers))
