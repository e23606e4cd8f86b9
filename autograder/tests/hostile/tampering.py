"""Attacks on the measuring: libraries patched to lie, and answers that are no plain numbers."""

# ruff: noqa: E501  (attacks are code in strings)
from __future__ import annotations

from .attack import Attack, add, items

WRONG_TOY = "def toy(x, y, z):\n    return 0.0, {name: 0.0 for name in ('q', 'p', 'x', 'y', 'z')}\n"
WRONG_NEURON = "def neuron(**inputs):\n    return 0.5, {name: 1.0 for name in inputs}\n"
HINGE = ("hinge_loss", "hinge_grad_scores", "hinge_grad_w", "hinge_grad_b")
HINGE_AGAIN = "_right = linear_hinge\n\ndef linear_hinge(x, y, w, b, reg):\n    loss, grads = _right(x, y, w, b, reg)\n"


def hinge(lines: str) -> str:
    """linear_hinge once more: the right loss and grads, then these lines, then the return."""
    body = "".join(f"    {line}\n" for line in lines.splitlines())
    return HINGE_AGAIN + body + "    return loss, grads\n"


add(
    Attack(
        "patch-torch",
        "makes torch's comparisons say yes in the worker",
        top="import torch\n"
        "for _name in ('allclose', 'equal', 'isclose', 'is_tensor'):\n    setattr(torch, _name, lambda *a, **k: True)\n"
        "torch.testing.assert_close = lambda *a, **k: None\ntorch.autograd.gradcheck = lambda *a, **k: True\n"
        "torch.Tensor.__eq__ = lambda *a: True\n",
        bottom=WRONG_TOY,
        lost=items("toy", status="failed"),
    ),
    Attack(
        "patch-numpy",
        "makes numpy's comparisons say yes",
        top="import numpy\nimport numpy.testing\n"
        "numpy.allclose = numpy.array_equal = numpy.isclose = lambda *a, **k: True\n"
        "numpy.testing.assert_allclose = lambda *a, **k: None\n",
        bottom=WRONG_NEURON,
        lost=items("neuron", status="failed"),
    ),
    Attack(
        "patch-pytest",
        "replaces pytest's runner and the kit's own comparison and suite by ones that pass",
        top="import _pytest.runner, pytest\nimport toolbox.checks.compare, toolbox.checks.items, toolbox.checks.suite\n"
        "_pytest.runner.runtestprotocol = lambda *a, **k: []\npytest.fail = lambda *a, **k: None\n"
        "toolbox.checks.compare.assert_grad = toolbox.checks.compare.assert_value = lambda *a, **k: None\n"
        "toolbox.checks.suite.Suite.run = lambda *a, **k: []\ntoolbox.checks.items.TestResult.status = 'passed'\n",
        bottom=WRONG_TOY,
        lost=items("toy", status="failed"),
    ),
    Attack(
        "patch-builtins",
        "replaces builtins that a comparison could stand on",
        top="import builtins\nbuiltins.all = builtins.any = lambda *a: True\n"
        "builtins.AssertionError = type('Never', (Exception,), {})\n"
        "__import__('math').isfinite = lambda number: True\n",
        bottom=WRONG_TOY,
        lost=items("toy", status="failed") | items("bugs_repaired", status="passed|missing"),  # IPython stands on them
    ),
    Attack(
        "patch-worker",
        "replaces the function in the worker that sends replies by one that claims success: it is not the worker's",
        top="import toolbox.calling.calls, toolbox.calling.wire\n"
        "toolbox.calling.calls.perform = lambda *a, **k: toolbox.calling.wire.pack("
        "{'error': {'code': 'passed', 'message': 'all tests passed', 'raised': '', 'module': '', 'line': 0}})\n",
    ),
    Attack(
        "equal-to-everything",
        "answers with an object whose __eq__, __lt__ and __abs__ agree with everything",
        bottom="class Yes:\n    __eq__ = __lt__ = __le__ = __bool__ = lambda self, *other: True\n"
        "    __abs__ = __sub__ = __rsub__ = __float__ = lambda self, *other: 0.0\n    __hash__ = object.__hash__\n"
        "def toy(x, y, z):\n    return Yes(), {name: Yes() for name in ('q', 'p', 'x', 'y', 'z')}\n",
        lost=items("toy", status="malformed"),
        says="type Yes",
    ),
    Attack(
        "float-subclass",
        "answers with floats of a class of its own",
        bottom="class Near(float):\n    __eq__ = __le__ = lambda self, other: True\n    __hash__ = float.__hash__\n"
        "    __sub__ = __rsub__ = lambda self, other: 0.0\n"
        "def toy(x, y, z):\n    return Near(0), {name: Near(0) for name in ('q', 'p', 'x', 'y', 'z')}\n",
        lost=items("toy", status="malformed"),
    ),
    Attack(
        "tensor-subclass",
        "answers with a tensor subclass whose __torch_function__ says that all is well",
        bottom=hinge(
            "class Right(torch.Tensor):\n    @classmethod\n    def __torch_function__(cls, *a, **k):\n        return True\n"
            "loss = torch.zeros(()).as_subclass(Right)"
        ),
        lost=items(*HINGE, status="malformed"),
        says="type Right",
    ),
    Attack(
        "torch-function-object",
        "answers with an object that speaks __torch_function__ and __array__",
        bottom="class Duck:\n    shape, dtype = (), torch.float64\n    __array__ = lambda self, *a: 1 / 0\n    @classmethod\n"
        "    def __torch_function__(cls, *a, **k):\n        return torch.tensor(0.0)\n"
        "def toy(x, y, z):\n    return Duck(), {}\n",
        lost=items("toy", status="malformed"),
    ),
    Attack(
        "dict-subclass",
        "answers with a dict that makes up every key, and hides a generator in it",
        bottom="class Any(dict):\n    __missing__ = get = __getitem__ = lambda self, key, other=None: 0.0\n"
        "    __contains__ = lambda self, key: True\n"
        + hinge("grads = Any()"),
        lost=items(*HINGE[1:], status="missing"),
    ),
    Attack(
        "deceptive-keys",
        "answers with keys that are no strings and a message made to look like the grader's",
        bottom=hinge("grads = {('w',): loss, None: 'passed'}"),
        lost=items(*HINGE, status="malformed"),
    ),
    Attack(
        "nan-answers",
        "answers nan, which compares false with everything",
        bottom="def toy(x, y, z):\n    return math.nan, {name: math.nan for name in ('q', 'p', 'x', 'y', 'z')}\n"
        + hinge("grads = {name: grad * math.nan for name, grad in grads.items()}"),
        lost=items("toy", *HINGE[1:], status="failed|malformed"),
    ),
    Attack(
        "inf-answers",
        "answers inf, so that differences become nan",
        bottom="def toy(x, y, z):\n    return math.inf, {name: -math.inf for name in ('q', 'p', 'x', 'y', 'z')}\n"
        + hinge("loss = loss / 0"),
        lost=items("toy", "hinge_loss", status="failed|malformed"),
    ),
    Attack(
        "endless-integer",
        "answers with an integer of a million digits",
        bottom="def toy(x, y, z):\n    return 10**1_000_000, {}\n",
        lost=items("toy", status="malformed"),
    ),
    Attack(
        "claims-more-than-it-stores",
        "answers with a tensor of a hundred billion entries that all share one number",
        bottom=hinge("grads['w'] = torch.zeros(1).expand(10**11)"),
        lost=items(*HINGE, status="malformed"),
        says="bytes",
    ),
    Attack(
        "endless-nesting",
        "answers with a list that holds itself, and a dict nested a hundred thousand deep",
        bottom="def toy(x, y, z):\n    knot = []\n    knot.append(knot)\n    return knot\n"
        "def neuron(**inputs):\n    deep = {}\n    for _ in range(100_000):\n        deep = {'d': deep}\n    return deep\n",
        lost=items("toy", "neuron", status="malformed"),
        says="nested",
    ),
    Attack(
        "tensors-without-numbers",
        "answers with sparse, complex and meta tensors",
        bottom=hinge("grads['scores'] = grads['scores'].to_sparse()")
        + "def toy(x, y, z):\n    return torch.empty((), device='meta'), {}\n"
        "def neuron(**inputs):\n    return torch.zeros((), dtype=torch.complex128), {}\n",
        lost=items(*HINGE, "toy", "neuron", status="malformed|failed"),
    ),
    Attack(
        "changes-the-inputs",
        "sets the inputs to zero in place, so that the reference would be computed from zeros",
        bottom="_right = linear_hinge\n\ndef linear_hinge(x, y, w, b, reg):\n    for tensor in (x, y, w, b):\n"
        "        tensor.zero_()\n    return _right(x, y, w, b, 0.0)\n",
        lost=items(*HINGE, status="failed|partial"),
    ),
    Attack(
        "error-in-the-error",
        "raises an exception whose text, class name and traceback raise exceptions themselves",
        bottom="class Meta(type):\n    __name__ = property(lambda self: 1 / 0)\n"
        "class Broken(BaseException, metaclass=Meta):\n    __str__ = __repr__ = lambda self: 1 / 0\n"
        "    with_traceback = None\n    args = property(lambda self: 1 / 0)\n"
        "def toy(x, y, z):\n    raise Broken\n",
        lost=items("toy", status="failed|crashed|malformed"),
    ),
    Attack(
        "endless-message",
        "raises and returns texts of a megabyte, to be copied into every table",
        bottom="from toolbox.errors import Mismatch, StudentError\n"
        "def toy(x, y, z):\n    raise StudentError('A' * 10**6)\n"
        "def neuron(**inputs):\n    return 1.0, {'B' * 10**6: 1.0, 'w0': None}\n",
        lost=items("toy", "neuron", status="failed|missing|malformed"),
        after=lambda field, judgement: _small(field, judgement),
    ),
)  # fmt: skip


def _small(field, judgement) -> None:
    written = len(field.everything(judgement))
    assert written < 200_000, f"the verdict takes {written} bytes"
