"""The layers of layers.py by einsum, windows and torch's own functions."""

import torch
import torch.nn.functional as F

from toolbox.given.layer import Layer


class Linear(Layer):
    def __init__(self, w, b):
        super().__init__(w=w, b=b)

    def forward(self, x):
        self.cache = {"x": x}
        return torch.addmm(self.params["b"], x, self.params["w"])

    def backward(self, grad_out):
        x = self.cache["x"]
        self.grads = {
            "b": torch.einsum("nm->m", grad_out),
            "w": torch.einsum("nd,nm->dm", x, grad_out),
        }
        return F.linear(grad_out, self.params["w"])


class Maxout(Layer):
    def __init__(self, w, b):
        super().__init__(w=w, b=b)

    def forward(self, x):
        w, b = self.params["w"], self.params["b"]
        pieces = torch.einsum("nd,kdm->nmk", x, w) + b.T
        out = pieces.amax(dim=-1)
        self.cache = x, F.one_hot(pieces.argmax(dim=-1), w.shape[0]).to(x.dtype)
        return out

    def backward(self, grad_out):
        x, chosen = self.cache
        routed = grad_out[..., None] * chosen
        self.grads = {"w": torch.einsum("nd,nmk->kdm", x, routed), "b": routed.sum(dim=0).T}
        return torch.einsum("nmk,kdm->nd", routed, self.params["w"])


class Correlation1d(Layer):
    def __init__(self, w):
        super().__init__(w=w)

    def forward(self, x):
        self.cache = x
        return x.unfold(1, len(self.params["w"]), 1) @ self.params["w"]

    def backward(self, grad_out):
        w = self.params["w"]
        windows = self.cache.unfold(1, len(w), 1)
        self.grads["w"] = torch.einsum("nj,njk->k", grad_out, windows)
        padded = F.pad(grad_out, (len(w) - 1, len(w) - 1))
        return padded.unfold(1, len(w), 1) @ w.flip(0)


class Dropout(Layer):
    def __init__(self, p, generator=None):
        super().__init__()
        self.p, self.generator = p, generator

    def forward(self, x):
        self.cache = 1.0
        if self.training and self.p > 0:
            keep = torch.full(x.shape, 1 - self.p, dtype=x.dtype, device=x.device)
            self.cache = torch.bernoulli(keep, generator=self.generator).div(1 - self.p)
        return self.cache * x

    def backward(self, grad_out):
        return self.cache * grad_out


class Sequential(Layer):
    def __init__(self, *layers):
        super().__init__()
        self.layers = {str(i): layer for i, layer in enumerate(layers)}
        for i, layer in self.layers.items():
            self.params.update({f"{i}.{name}": value for name, value in layer.params.items()})

    def forward(self, x):
        values = [x]
        for layer in self.layers.values():
            values.append(layer.forward(values[-1]))
        return values[-1]

    def backward(self, grad_out):
        grads = [grad_out]
        for layer in list(self.layers.values())[::-1]:
            grads.append(layer.backward(grads[-1]))
        for i, layer in self.layers.items():
            for name in layer.params:
                self.grads[f"{i}.{name}"] = layer.grads[name]
        return grads[-1]

    def _set(self, training):
        self.training = training
        for layer in self.layers.values():
            layer.train() if training else layer.eval()

    def train(self):
        self._set(True)

    def eval(self):
        self._set(False)
