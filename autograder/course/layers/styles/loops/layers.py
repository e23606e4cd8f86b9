"""The layers of layers.py with loops over rows, pieces and places."""

import torch

from toolbox.given.layer import Layer


class Linear(Layer):
    def __init__(self, w, b):
        super().__init__(w=w, b=b)

    def forward(self, x):
        self.cache = x.clone()
        out = x.new_zeros(x.shape[0], self.params["w"].shape[1])
        for n in range(x.shape[0]):
            out[n] = x[n] @ self.params["w"] + self.params["b"]
        return out

    def backward(self, grad_out):
        x, w = self.cache, self.params["w"]
        grad_w, grad_b, grad_x = torch.zeros_like(w), torch.zeros_like(self.params["b"]), torch.zeros_like(x)
        for n in range(x.shape[0]):
            grad_w += torch.outer(x[n], grad_out[n])
            grad_b += grad_out[n]
            grad_x[n] = w @ grad_out[n]
        self.grads["w"], self.grads["b"] = grad_w, grad_b
        return grad_x


class Maxout(Layer):
    def __init__(self, w, b):
        super().__init__(w=w, b=b)

    def forward(self, x):
        w, b = self.params["w"], self.params["b"]
        best, index = x @ w[0] + b[0], torch.zeros(x.shape[0], w.shape[2], dtype=torch.int64, device=x.device)
        for k in range(1, len(w)):
            piece = x @ w[k] + b[k]
            index[piece > best] = k
            best = torch.maximum(best, piece)
        self.cache = (x, index)
        return best

    def backward(self, grad_out):
        (x, index), w = self.cache, self.params["w"]
        self.grads = {"w": torch.zeros_like(w), "b": torch.zeros_like(self.params["b"])}
        grad_x = x.new_zeros(x.shape)
        for k in range(len(w)):
            part = grad_out.clone()
            part[index != k] = 0
            self.grads["w"][k] = x.T @ part
            self.grads["b"][k] = part.sum(0)
            grad_x = grad_x + part @ w[k].T
        return grad_x


class Correlation1d(Layer):
    def __init__(self, w):
        super().__init__(w=w)

    def forward(self, x):
        w = self.params["w"]
        self.cache = x
        out = x.new_zeros(x.shape[0], x.shape[1] - len(w) + 1)
        for j in range(out.shape[1]):
            out[:, j] = x[:, j : j + len(w)] @ w
        return out

    def backward(self, grad_out):
        x, w = self.cache, self.params["w"]
        grad_x, grad_w = x.new_zeros(x.shape), torch.zeros_like(w)
        for j in range(grad_out.shape[1]):
            grad_w += grad_out[:, j] @ x[:, j : j + len(w)]
            grad_x[:, j : j + len(w)] += torch.outer(grad_out[:, j], w)
        self.grads = {"w": grad_w}
        return grad_x


class Dropout(Layer):
    def __init__(self, p, generator=None):
        super().__init__()
        self.p, self.generator = p, generator

    def forward(self, x):
        if not self.training:
            self.cache = None
            return x
        draw = torch.rand(x.shape, generator=self.generator, dtype=x.dtype, device=x.device)
        self.cache = draw < 1 - self.p
        out = x.clone()
        out[~self.cache] = 0
        return out / (1 - self.p)

    def backward(self, grad_out):
        if self.cache is None:
            return grad_out
        grad_x = grad_out / (1 - self.p)
        grad_x[~self.cache] = 0
        return grad_x


class Sequential(Layer):
    def __init__(self, *layers):
        super().__init__()
        self.layers = layers
        self.params = {}
        for place in range(len(layers)):
            for name in layers[place].params:
                self.params[str(place) + "." + name] = layers[place].params[name]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad_out):
        self.grads = {}
        for place in range(len(self.layers) - 1, -1, -1):
            grad_out = self.layers[place].backward(grad_out)
            for name, grad in self.layers[place].grads.items():
                self.grads[f"{place}.{name}"] = grad
        return grad_out

    def train(self):
        self.training = True
        [layer.train() for layer in self.layers]

    def eval(self):
        self.training = False
        [layer.eval() for layer in self.layers]
