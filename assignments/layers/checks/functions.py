"""What Functions for autograd, the module made of them and the same net by hand must do."""

from __future__ import annotations

from typing import Any

import torch

from toolbox.checks.compare import as_tensor, assert_grad, assert_unchanged, assert_value, grad_of, grads_of, loss_of
from toolbox.checks.diagnose import verdicts_only
from toolbox.checks.function_runs import OPERATIONS, derivatives, module, newborn
from toolbox.checks.reference.models import usable
from toolbox.checks.rows import Story
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch, Missing

STORIES = [
    *(Story(name, "autograd calls it, in the student's process: `check_function` asks for all that holds of layers")
      for name in ("Multiply", "Sigmoid", "Softmax", "Linear")),
    Story("MLP", "PyTorch's contract for modules, not the course's for layers"),
    Story("mlp_by_hand", "one gradient follows from the other: each is judged by what comes before it"),
]  # fmt: skip
# ---------------------------------------------------------------- torch.autograd.Function

# `toolbox.checks.function_runs` applies a Function in the student's process, step by step, and brings back numbers:
# values, gradients and the gradients of a random weighted sum of these. They are compared here, where no code of
# a student's runs. Autograd is allowed in these tests, but not inside a Function's own rules: that is noticed.


TRUE = {
    "Multiply": lambda x, y: x * y,
    "Sigmoid": lambda x: torch.sigmoid(x),
    "Softmax": lambda x: torch.softmax(x, dim=-1),
    "Linear": lambda x, w, b: x @ w + b,
}


def differentiate(function, inputs: list[torch.Tensor], grad_out: torch.Tensor, weights: list[torch.Tensor]) -> dict:
    """As `toolbox.checks.function_runs.derivatives`, for a function that autograd knows: the truth, in float64."""
    leaves = [x.detach().double().requires_grad_() for x in inputs]
    upstream = grad_out.detach().double().requires_grad_()
    value = function(*leaves)
    grads = torch.autograd.grad(value, leaves, upstream, create_graph=True, allow_unused=True)
    grads = [torch.zeros_like(x) if grad is None else grad for grad, x in zip(grads, leaves, strict=True)]
    total = sum((grad * weight.double()).sum() for grad, weight in zip(grads, weights, strict=True))
    second = [None] * (len(leaves) + 1)
    if total.requires_grad:
        second = torch.autograd.grad(total, [*leaves, upstream], allow_unused=True)
    leaves.append(upstream)
    second = [torch.zeros_like(x) if grad is None else grad for grad, x in zip(second, leaves, strict=True)]
    return {"value": value.detach(), "grads": [grad.detach() for grad in grads], "second": second}


def check_function(
    student, make, name: str, inputs: list[torch.Tensor], grad_out: torch.Tensor, second: bool = False,
    wanted: list[bool] | None = None, condition: float = 1.0,
) -> None:  # fmt: skip
    """Values, gradients and, where `second`, second derivatives of a Function of the student's, against the truth."""
    wanted = wanted or [True] * len(inputs)
    weights = [make.normal(*x.shape, dtype=x.dtype) * needs for x, needs in zip(inputs, wanted, strict=True)]
    with student.autograd(passes=2 if second else 1):
        s = student.script()
        again = [w for w, needs in zip(weights, wanted, strict=True) if needs] if second else None
        answer = derivatives(s, getattr(s.functions, name), inputs, grad_out, again, wanted)
    truth = differentiate(TRUE[name], inputs, grad_out, weights)
    dtype = inputs[0].dtype
    few = name == "Softmax" and inputs[0].numel() == inputs[0].shape[-1]  # in a single row too many look alike
    assert_value(answer["value"], truth["value"], name="value", inputs=dtype, condition=condition,
                 if_not_finite="function-overflows")  # fmt: skip
    for place, got in placed(answer["grads"], wanted):
        assert_grad(got, truth["grads"][place], name=f"of argument {place}", inputs=dtype, condition=condition,
                    upstream=grad_out if name == "Linear" and place == 2 else None, batch=1 if few else None,
                    if_not_finite="function-overflows")  # fmt: skip
    for place, (after, before) in enumerate(zip([*answer["inputs"], answer["grad_out"]], [*inputs, grad_out],
                                                strict=True)):  # fmt: skip
        if not torch.equal(after, before):
            what = "grad_out" if place == len(inputs) else f"argument {place}"
            raise Mismatch(f"{what} was changed in place", diagnosis=["input-changed"])
    if second:
        check_second(answer["second"], truth["second"], inputs, wanted, dtype)


def placed(found: Any, wanted: list[bool]) -> list[tuple[int, Any]]:
    """(place among the inputs, gradient) of those that were asked for."""
    return list(zip([place for place, needs in enumerate(wanted) if needs], found, strict=True))


def check_second(found: Any, true: list, inputs: list, wanted: list[bool], dtype: torch.dtype) -> None:
    """The derivatives of a weighted sum of the gradients, with respect to inputs and upstream gradient."""
    names = [*[f"argument {place}" for place, needs in enumerate(wanted) if needs], "grad_out"]
    right = [*[grad for grad, needs in zip(true, wanted, strict=False) if needs], true[-1]]
    for name, got, grad in zip(names, found, right, strict=True):
        try:
            assert_grad(got, grad, name=f"of the gradients by {name}", inputs=dtype, condition=8.0)
        except Mismatch as error:
            raise Mismatch(f"differentiated twice: {error}", diagnosis=["function-not-twice"],
                           evidence=error.evidence) from None  # fmt: skip


@item("function_multiply", says="Multiply is one node of PyTorch's graph")
def test_multiply_is_a_node_of_pytorchs_graph(student, make):
    check_function(student, make, "Multiply", [make.normal(3, 4), make.normal(3, 4)], make.normal(3, 4))


@item("function_multiply")
def test_multiply_can_be_differentiated_twice(student, make):
    check_function(student, make, "Multiply", [make.normal(3), make.normal(3)], make.normal(3), second=True)


@item("function_sigmoid", says="Sigmoid is one node of PyTorch's graph")
def test_sigmoid_is_a_node_of_pytorchs_graph(student, make):
    check_function(student, make, "Sigmoid", [make.normal(3, 4, scale=2.0)], make.normal(3, 4))


@item("function_sigmoid")
def test_sigmoid_can_be_differentiated_twice(student, make):
    check_function(student, make, "Sigmoid", [make.normal(5)], make.normal(5), second=True)


@item("function_softmax", says="Softmax is one node of PyTorch's graph")
def test_softmax_is_a_node_of_pytorchs_graph(student, make):
    check_function(student, make, "Softmax", [make.normal(4, 3)], make.normal(4, 3))


@item("function_softmax")
def test_softmax_can_be_differentiated_twice(student, make):
    check_function(student, make, "Softmax", [make.normal(2, 5)], make.normal(2, 5), second=True)


def linear_case(make, N: int, D: int, M: int, dtype=torch.float64) -> tuple[list[torch.Tensor], torch.Tensor]:
    return [make.normal(*shape, dtype=dtype) for shape in ((N, D), (D, M), (M,))], make.normal(N, M, dtype=dtype)


@item("function_linear", says="Linear is one node of PyTorch's graph")
def test_linear_is_a_node_of_pytorchs_graph(student, make):
    check_function(student, make, "Linear", *linear_case(make, 5, 4, 3))


@item("function_linear")
def test_linear_can_be_differentiated_twice(student, make):
    check_function(student, make, "Linear", *linear_case(make, 4, 2, 3), second=True)


# The module

SIZES = (5, 4, 3)


def weights_of(make, D: int, H: int, C: int) -> dict[str, torch.Tensor]:
    return {name: make.normal(*shape)
            for name, shape in (("w1", (D, H)), ("b1", (H,)), ("w2", (H, C)), ("b2", (C,)))}  # fmt: skip


def net(x, w1, b1, w2, b2, activation=torch.sigmoid, output=TRUE["Softmax"], sign: float = 1.0):
    """The net of MLP, as PyTorch has it, and with other operations in the place of its own."""
    return output(sign * (activation(sign * (x @ w1 + b1)) @ w2 + b2))


def check_module(student, make, N: int, operations: dict[str, str], truth) -> None:
    D, H, C = SIZES
    state, x, grad_out = weights_of(make, D, H, C), make.normal(N, D), make.normal(N, C)
    with student.autograd(passes=1):
        s = student.script()
        made_of = {keyword: OPERATIONS[name](s) for keyword, name in operations.items()}
        answer = module(s, s.functions.MLP, list(SIZES), state, x, grad_out, made_of)
    leaves = [x, *state.values()]
    true = differentiate(truth, leaves, grad_out, leaves)
    for what in ("value", "again"):
        assert_value(answer[what], true["value"], name="probabilities", condition=8.0)
    for place, name in enumerate(["x", *state]):
        got = answer["grad_x"] if name == "x" else answer["grads"].get(name)
        assert_grad(got, true["grads"][place], name=name, condition=8.0)


OWN = {"linear": "linear", "sigmoid": "sigmoid", "softmax": "softmax"}


@item("mlp_module", says="the module computes probabilities, and autograd goes back through it")
def test_the_module_computes_probabilities_and_autograd_walks_back_through_it(student, make):
    check_module(student, make, 6, OWN, net)


@item("mlp_module", says="PyTorch finds four parameters: weights of the right size, and biases of zero")
def test_pytorch_finds_four_parameters_weights_of_the_right_size_and_biases_of_zero(student, make):
    D, H, C = 40, 160, 20  # far enough apart to tell whose number of inputs a scale was made of
    with student.autograd(passes=1):
        s = student.script()
        found = newborn(s, s.functions.MLP, [D, H, C])
    for name, shape in (("w1", (D, H)), ("b1", (H,)), ("w2", (H, C)), ("b2", (C,))):
        param = as_tensor(found.get(name), name)
        if tuple(param.shape) != shape:
            found_as = ["transposed"] if len(shape) == 2 and tuple(param.shape) == shape[::-1] else []
            raise Mismatch(f"{name} has shape {tuple(param.shape)}; it must be {shape}", diagnosis=found_as)
        if name.startswith("b"):
            if param.abs().max() > 0:
                raise Mismatch(f"{name} does not begin at zero", diagnosis=["mlp-biases-not-zero"])
            continue
        ratio, mean = param.double().std().item() * shape[0] ** 0.5, param.double().mean().item() * shape[0] ** 0.5
        if not (0.8 < ratio < 1.2 and abs(mean) < 0.2):  # more than five standard errors
            raise Mismatch(f"the entries of {name} have mean {mean / shape[0] ** 0.5:.3g} and standard deviation "
                           f"{ratio / shape[0] ** 0.5:.3g}; they should have 0 and 1 / sqrt({shape[0]})",
                           diagnosis=["mlp-weights-scale"])  # fmt: skip


# The same net by hand

WAY_BACK = ["scores", "w2", "b2", "h", "a", "w1", "b1", "x"]


def net_nodes(x, w1, b1, w2, b2) -> dict[str, torch.Tensor]:
    a = x @ w1 + b1
    h = torch.sigmoid(a)
    scores = h @ w2 + b2
    return {"a": a, "h": h, "scores": scores, "probabilities": torch.softmax(scores, dim=-1)}


def by_hand(student, x: torch.Tensor, params: dict[str, torch.Tensor], grad_out: torch.Tensor):
    """The answer of mlp_by_hand and its truth: all nodes, and their gradients."""
    answer = student.functions.mlp_by_hand(x=x, **params, grad_out=grad_out)
    leaves = {name: tensor.double().clone().requires_grad_() for name, tensor in {"x": x, **params}.items()}
    nodes = net_nodes(**leaves) | leaves
    found = torch.autograd.grad(nodes["probabilities"], [nodes[name] for name in WAY_BACK], grad_out.double())
    return answer, {name: node.detach() for name, node in nodes.items()}, dict(zip(WAY_BACK, found, strict=True))


def check_by_hand(student, make, N: int, names: list[str], dtype=torch.float64) -> None:
    """The gradients `names` of mlp_by_hand, each judged by what follows from the student's own gradient before it."""
    D, H, C = SIZES
    params = {name: w.to(dtype) for name, w in weights_of(make, D, H, C).items()}
    x, grad_out = make.normal(N, D, dtype=dtype), make.normal(N, C, dtype=dtype)
    answer, nodes, grads = by_hand(student, x, params, grad_out)
    changed = student.changed
    theirs = {key: own.double() for key, own in grads_of(answer).items() if key in grads and usable(own, grads[key])}
    given = grads | theirs  # what comes after an early mistake has names of its own, and none where it is right
    for name in names:
        right = following(name, nodes, theirs) if BEFORE.get(name) in theirs else grads[name]
        clues = {"batch": N, "upstream": {"b1": given["a"], "b2": given["scores"]}.get(name)}
        if not there_is_right(answer, nodes["probabilities"], dtype):
            clues = {"batch": 1}  # the mistake is in the forward pass: nothing in the backward pass is to blame
        assert_grad(grad_of(answer, name), right, name=name, inputs=dtype, accept=[grads[name]], condition=8.0, **clues)
    assert_unchanged(changed)


def there_is_right(answer: Any, true: torch.Tensor, dtype: torch.dtype) -> bool:
    """Whether the probabilities are right, so that a wrong gradient is a mistake of the backward pass."""
    try:
        assert_value(loss_of(answer), true, inputs=dtype, condition=8.0)
    except (Mismatch, Malformed, Missing):
        return False
    return True


# the gradient one step nearer to the output, that each is made of
BEFORE = {"w2": "scores", "b2": "scores", "h": "scores", "a": "h", "w1": "a", "b1": "a", "x": "a"}


def following(name: str, nodes: dict, theirs: dict[str, torch.Tensor]) -> torch.Tensor:
    """What `name` must be if the student's own gradient one step nearer to the output is taken for granted."""
    before = BEFORE[name]
    leaf = nodes[name].clone().requires_grad_()
    given = {key: nodes[key] for key in ("x", "w1", "b1", "w2", "b2", "h", "a")} | {name: leaf}
    value = {"scores": lambda: given["h"] @ given["w2"] + given["b2"], "h": lambda: torch.sigmoid(given["a"]),
             "a": lambda: given["x"] @ given["w1"] + given["b1"]}[before]()  # fmt: skip
    return torch.autograd.grad(value, leaf, theirs[before])[0]


def check_probabilities(student, make, N: int, shift: float = 0.0) -> None:
    D, H, C = SIZES
    params, x = weights_of(make, D, H, C), make.normal(N, D)
    params["b2"] = params["b2"] + shift  # the same for all classes: the probabilities do not change
    answer, nodes, _ = by_hand(student, x, params, make.normal(N, C))
    assert_value(loss_of(answer), nodes["probabilities"], name="probabilities",
                 condition=64.0 if shift else 8.0, if_not_finite="function-overflows")  # fmt: skip


@item("mlp_by_hand")
def test_the_net_by_hand_computes_the_same_probabilities(student, make):
    check_probabilities(student, make, 6)


@item("mlp_by_hand", share=2.0, says="the gradients by hand are right, back to the hidden layer")
def test_the_way_back_to_the_hidden_layer_by_hand(student, make):
    check_by_hand(student, make, 6, ["scores", "w2", "b2", "h"])


@item("mlp_by_hand", share=2.0, says="the gradients by hand are right, from the hidden layer back to the input")
def test_the_way_back_from_the_hidden_layer_by_hand(student, make):
    check_by_hand(student, make, 6, ["a", "w1", "b1", "x"])
