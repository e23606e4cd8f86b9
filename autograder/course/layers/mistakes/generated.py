"""Wrong answers that are made of every layer and every loss alike: what is right but for one house rule."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit

# (class, item of its forward pass, item of its backward pass, name of the backward pass)
LAYERS = [
    ("ReLU", "relu_layer", "relu_layer", "backward"),
    ("LeakyReLU", "leaky_relu", "leaky_relu", "backward"),
    ("ELU", "elu", "elu", "backward"),
    ("Sigmoid", "sigmoid_layer", "sigmoid_layer", "backward"),
    ("Tanh", "tanh", "tanh", "backward"),
    ("Softmax", "softmax_forward", "softmax_layer_backward", "backward"),
    ("Linear", "linear_forward", "linear_backward", "backward"),
    ("Maxout", "maxout_forward", "maxout_backward", "backward"),
    ("Correlation1d", "correlation_forward", "correlation_backward", "backward"),
    ("BatchNorm", "batchnorm_forward", "batchnorm_backward", "backward"),
    ("BatchNorm", "batchnorm_forward", "batchnorm_nodes", "backward_by_nodes"),
]
LOSSES = [("softmax_cross_entropy", "loss_cross_entropy"), ("hinge", "loss_hinge"), ("squared", "loss_squared")]

# a result is copied into the tensor that was handed out last time, where it fits
REUSED = """\
kept = {holder}.__dict__.setdefault("kept", {{}})
        key = {value}.shape, {value}.dtype
        {value} = kept[key].copy_({value}) if key in kept else kept.setdefault(key, {value}.clone())
        return {value}"""
ROUNDED = "return {value}.float().to({value}.dtype)"
CHANGED = "return {value}.to(torch.float64)"


def of_pass(name: str, method: str, value: str, item: str) -> list[Answer]:
    where, old = f"{name}.{method}", f"return {value}"

    def answer(what: str, new: str, diagnosis: str) -> Answer:
        edit = Edit(where, old, new.format(value=value, holder=f"type(self).{method}"))
        return Answer(f"{item}: {method} {what}", (item,), (edit,), (diagnosis,))

    return [
        answer("hands out one tensor again and again", REUSED, "answer-reused"),
        answer("goes through float32", ROUNDED, "dtype-changed"),
        answer("answers in float64 always", CHANGED, "dtype-changed"),
    ]


def of_loss(name: str, item: str) -> list[Answer]:
    def answer(what: str, old: str, new: str, diagnosis: str) -> Answer:
        return Answer(f"{item}: {what}", (item,), (Edit(name, old, new),), (diagnosis,))

    end, value = "return loss, grad_scores", "grad_scores"
    reused = REUSED.replace("\n        ", "\n    ").replace("return {value}", end)
    return [
        answer("hands out one gradient again and again", end, reused.format(value=value, holder=name), "answer-reused"),
        answer("goes through float32", end, "return loss, grad_scores.float().to(scores.dtype)", "dtype-changed"),
        answer("gives a float64 loss always", end, "return loss.double(), grad_scores", "dtype-changed"),
        answer("leaves the labels sorted", end, f"y.copy_(y.sort().values)\n    {end}", "input-changed"),
    ]


GENERATED = [
    answer
    for name, forward, backward, method in LAYERS
    for answer in (
        *(of_pass(name, "forward", "out", forward) if method == "backward" else []),
        *of_pass(name, method, "grad_x", backward),
    )
] + [answer for loss in LOSSES for answer in of_loss(*loss)]
