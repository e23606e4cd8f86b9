"""Right answers to the first part of `layers`, written otherwise than the solution: whole modules, small liberties."""

from __future__ import annotations

from pathlib import Path

import torch

from autograder.course.answers import Answer, liberty
from autograder.course.layers.mistakes.notebook import PREDICTED

HERE = Path(__file__).parent
ITEMS = {
    "activations": "relu_layer leaky_relu elu sigmoid_layer tanh softmax_forward softmax_layer_backward",
    "batchnorm": "batchnorm_forward batchnorm_running batchnorm_nodes batchnorm_backward",
    "layers": "linear_forward linear_backward maxout_forward maxout_backward correlation_forward correlation_backward "
    "dropout_forward dropout_backward sequential_forward sequential_params sequential_backward sequential_modes",
    "losses": "loss_cross_entropy loss_hinge loss_squared l2_penalty",
}
STYLES = {
    "loops": "loops and masks",
    "forms": "einsum and torch's own functions",
    "arrays": "NumPy",
    "buffers": "matrices, and tensors of its own worked on in place",
}
ALL = ("layers_by_hand", *(item for items in ITEMS.values() for item in items.split()))


RIGHT: list[Answer] = [
    Answer("the solution itself", ALL),
    liberty(
        "a tie of pieces shared by those that tie",
        "maxout_forward maxout_backward",
        ("Maxout.forward", "self.cache = x, winner", "self.cache = x, (pieces == out) / (pieces == out).sum(dim=0)"),
        ("Maxout.backward", "winner == torch.arange(K, device=w.device)[:, None, None]", "winner.to(x.dtype)"),
    ),
    *(
        Answer(f"{name}: {what}", tuple(items.split()), file=HERE / kind / f"{name}.py")
        for name, items in ITEMS.items()
        for kind, what in STYLES.items()
    ),
    Answer(
        "columns as columns",
        ("layers_by_hand",),
        notebook={"predicted": PREDICTED | {"out": [[0.5], [7.5]], "grad_w": [[-5], [4]], "grad_b": [-1]}},
    ),
    Answer(
        "rounded numbers",
        ("layers_by_hand",),
        notebook={"predicted": PREDICTED | {"kept": 8, "normal": [-0.9999, 0.9999], "grad_x": [[2, -1], [-4, 2]]}},
    ),
    Answer(
        "numbers as tensors",
        ("layers_by_hand",),
        notebook={"predicted": {name: torch.tensor(value) for name, value in PREDICTED.items()}},
    ),
    liberty(
        "the other subgradient at the kink",
        "relu_layer leaky_relu",
        ("ReLU.forward", "self.cache = x > 0", "self.cache = x >= 0"),
        ("LeakyReLU.forward", "self.cache = x > 0", "self.cache = x >= 0"),
    ),
    liberty(
        "everything in double precision, and back to the dtype of x at the end",
        "elu sigmoid_layer tanh softmax_forward softmax_layer_backward",
        ("ELU.forward", "torch.expm1(x)", "torch.expm1(x.double()).to(x.dtype)"),
        ("Sigmoid.forward", "torch.sigmoid(x)", "torch.sigmoid(x.double()).to(x.dtype)"),
        ("Tanh.forward", "torch.tanh(x)", "torch.tanh(x.double()).to(x.dtype)"),
        ("Softmax.forward", "out = exps / exps.sum(dim=-1, keepdim=True)", "out = x.double().softmax(-1).to(x.dtype)"),
        ("Softmax.backward", "out * (grad_out - shared)", "(out.double() * (grad_out - shared)).to(out.dtype)"),
    ),
    liberty(
        "x itself in the cache, and all the work on the way back",
        "elu sigmoid_layer tanh softmax_forward softmax_layer_backward",
        ("ELU.forward", "self.cache = x > 0, below", "self.cache = x"),
        ("ELU.backward", "positive, below = self.cache", "x = self.cache"),
        (
            "ELU.backward",
            "torch.where(positive, grad_out, grad_out * (below + self.alpha))",
            "torch.where(x > 0, grad_out, self.alpha * grad_out * torch.exp(x.clamp(max=0)))",
        ),
        ("Sigmoid.forward", "self.cache = out", "self.cache = x"),
        ("Sigmoid.backward", "out = self.cache", "out = 1 / (1 + torch.exp(-self.cache))"),
        ("Tanh.forward", "self.cache = out", "self.cache = x"),
        ("Tanh.backward", "out = self.cache", "out = torch.tanh(self.cache)"),
        ("Softmax.forward", "self.cache = out", "self.cache = x"),
        ("Softmax.backward", "out = self.cache", "out = self.cache.softmax(dim=-1)"),
    ),
    liberty(
        "products written from the other side",
        "linear_forward linear_backward",
        ("Linear.forward", "x @ w + b", "(w.T @ x.T).T + b[None]"),
        ("Linear.backward", "x.T @ grad_out", "(grad_out.T @ x).T"),
        ("Linear.backward", "grad_out @ w.T", "(w @ grad_out.T).mT"),
        ("Linear.backward", "grad_out.sum(dim=0)", "grad_out.new_ones(len(grad_out)) @ grad_out"),
    ),
    liberty(
        "a Maxout that gathers and scatters",
        "maxout_forward maxout_backward",
        (
            "Maxout.forward",
            "out, winner = pieces.max(dim=0)",
            "winner = pieces.argmax(dim=0)\n        out = pieces.gather(0, winner[None])[0]",
        ),
        (
            "Maxout.backward",
            "grad_out * mask",
            "grad_out.new_zeros(K, *grad_out.shape).scatter(0, winner[None], grad_out[None].contiguous())",
        ),
    ),
    liberty(
        "a correlation as a sum over windows, and back with a padded copy",
        "correlation_forward correlation_backward",
        ("Correlation1d.forward", "out = out + w[k] * x[:, k : k + n]", "out += x.narrow(1, k, n) * w[k]"),
        (
            "Correlation1d.backward",
            "grad_x[:, k : k + n] += w[k] * grad_out",
            "grad_x = grad_x + torch.nn.functional.pad(w[k] * grad_out, (k, x.shape[1] - n - k))",
        ),
    ),
    liberty(
        "a Dropout that compares the other way round, and passes x itself on in use",
        "dropout_forward dropout_backward",
        ("Dropout.forward", "(draw >= self.p)", "(self.p <= draw)"),
        ("Dropout.forward", "out = x * self.cache", "out = x * self.cache if self.training else x"),
        ("Dropout.backward", "grad_out * self.cache", "self.cache * grad_out + 0"),
    ),
    liberty(
        "the variance as mean of squares minus square of mean, in double precision",
        "batchnorm_forward batchnorm_running batchnorm_nodes batchnorm_backward",
        (
            "BatchNorm.forward",
            "(centred * centred).mean(dim=0)",
            "((x.double() ** 2).mean(dim=0) - x.double().mean(dim=0) ** 2).clamp(min=0).to(x.dtype)",
        ),
    ),
    liberty(
        "the mean of the batch's gradient taken last",
        "batchnorm_nodes batchnorm_backward",
        (
            "BatchNorm.backward_by_nodes",
            "grad_x = grad_centred + grad_mean / N",
            "grad_x = grad_centred - grad_centred.mean(dim=0, keepdim=True)",
        ),
        (
            "BatchNorm.backward",
            "gamma * inv * (grad_out - grad_out.mean(dim=0) - normal * (grad_out * normal).mean(dim=0))",
            "inv * ((up := grad_out * gamma) - up.mean(dim=0) - normal * (up * normal).mean(dim=0))",
        ),
    ),
    liberty(
        "losses as float numbers, gradients over all rows at once",
        "loss_cross_entropy loss_hinge loss_squared",
        ("softmax_cross_entropy", "-log_probs[rows, y].mean()", "-log_probs[rows, y].sum().item() / N"),
        ("hinge", "loss = margins.clamp(min=0).sum() / N", "loss = (margins * (margins > 0)).sum().item() / N"),
        ("squared", "(errors * errors).sum() / N", "errors.norm().square().item() / N"),
    ),
    liberty(
        "weights known by another look at their names",
        "l2_penalty",
        ("l2", 'if name.split(".")[-1] == "w":', 'if f".{name}".endswith(".w"):'),
        ("l2", "grads[name] = 2 * reg * w", "grads[name] = reg * (w + w)"),
    ),
    liberty(
        "a net that asks its layers for their parameters, and hands lists around",
        "sequential_forward sequential_params sequential_backward sequential_modes",
        ("Sequential.forward", "for layer in self.layers:", "for layer in tuple(self.layers):"),
        ("Sequential.backward", "reversed(self.layers)", "self.layers[::-1]"),
        ("Sequential.eval", "super().eval()", "self.training = False"),
        ("Sequential.train", "super().train()", "self.training = True"),
    ),
    liberty(
        "groups that are cut once, and kept inputs by their places",
        "recompute",
        ("Recomputing.forward", "self.cache, out = [], x", "self.cache = []\n        out = x"),
        ("Recomputing.forward", "if place % self.every == 0:", "if not place % self.every:"),
        (
            "Recomputing.backward",
            "for number in reversed(range(len(self.cache))):",
            "for number, start in list(enumerate(self.cache))[::-1]:",
        ),
        (
            "Recomputing.backward",
            "group, out = self.layers[number * self.every : (number + 1) * self.every], self.cache[number]",
            "first = number * self.every\n            group, out = self.layers[first:][: self.every], start",
        ),
        ("Recomputing.backward", "for layer in reversed(group):", "for layer in group[::-1]:"),
    ),
    liberty(
        "caches that go when the group is done",
        "recompute",
        (
            "Recomputing.backward",
            "                grad_x = layer.backward(grad_x)\n                layer.cache = None",
            "                grad_x = layer.backward(grad_x)\n            for layer in group:\n"
            "                layer.cache = None",
        ),
    ),
    liberty(
        "a Sequential for each group",
        "recompute",
        (
            "Recomputing.backward",
            "            for layer in group:\n                out = layer.forward(out)\n"
            "            for layer in reversed(group):\n                grad_x = layer.backward(grad_x)\n"
            "                layer.cache = None",
            "            part = Sequential(*group)\n            part.forward(out)\n"
            "            grad_x = part.backward(grad_x)\n"
            "            for layer in group:\n                layer.cache = None",
        ),
    ),
]
