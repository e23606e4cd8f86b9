"""Ready-made derivatives, and differences, where a backward pass was to be written: each must be refused by name."""

# ruff: noqa: E501  (attacks are code in strings)
from __future__ import annotations

from .attack import Attack, add, items
from .cheats import LEAVES, TARGETS, WAYS
from .tampering import HINGE, hinge

LOSS = """
def _loss(scores, w, y, reg):
    margins = scores - scores[torch.arange(len(y)), y][:, None] + 1
    margins = margins.scatter(1, y[:, None], 0)
    return margins.clamp(min=0).sum() / len(y) + reg * (w * w).sum()

def _full(x, y, w, b, reg):
    return _loss(x @ w + b, w, y, reg)
"""
PLAIN = """
def _leaves(x, w, b):
    w, b = w.detach().clone().requires_grad_(), b.detach().clone().requires_grad_()
    scores = x @ w + b
    scores.retain_grad()
    return w, b, scores
"""


def uses(
    name: str, tries: str, body: str, *, before: str = "", lost: str = "forbidden", says: str = "autograd"
) -> Attack:
    """A linear_hinge whose gradients come from elsewhere; `body` is the function's."""
    lines = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
    source = f"{LOSS}{PLAIN}{before}\ndef linear_hinge(x, y, w, b, reg):\n{lines}"
    return Attack(f"autograd-{name}", tries, bottom=source, lost=items(*HINGE, status=lost), says=says)


RETURN = "return loss.detach(), {'scores': scores.grad, 'w': w.grad, 'b': b.grad}"

add(
    uses("backward", "calls .backward()", f"w, b, scores = _leaves(x, w, b)\nloss = _loss(scores, w, y, reg)\nloss.backward()\n{RETURN}"),
    uses("enable-grad", "switches gradients on again and calls .backward()",
         f"with torch.enable_grad():\n    w, b, scores = _leaves(x, w, b)\n    loss = _loss(scores, w, y, reg)\n    loss.backward()\n{RETURN}"),
    uses("grad", "calls torch.autograd.grad with gradients on",
         "torch.set_grad_enabled(True)\nw, b, scores = _leaves(x, w, b)\nloss = _loss(scores, w, y, reg)\n"
         "gs, gw, gb = torch.autograd.grad(loss, (scores, w, b))\ntorch.set_grad_enabled(False)\n"
         "return loss.detach(), {'scores': gs, 'w': gw, 'b': gb}"),
    uses("swallowed", "uses autograd, and hides every exception that comes of it",
         f"try:\n    with torch.enable_grad():\n        w, b, scores = _leaves(x, w, b)\n        loss = _loss(scores, w, y, reg)\n"
         f"        loss.backward()\nexcept BaseException:\n    return _right(x, y, w, b, reg)\n{RETURN}",
         before="_right = linear_hinge\n"),
    uses("func", "calls torch.func.grad",
         "gw = torch.func.grad(lambda w: _full(x, y, w, b, reg))(w)\ngb = torch.func.grad(lambda b: _full(x, y, w, b, reg))(b)\n"
         "gs = torch.func.grad(lambda s: _loss(s, w, y, reg))(x @ w + b)\nreturn _full(x, y, w, b, reg), {'scores': gs, 'w': gw, 'b': gb}"),
    uses("vjp", "calls torch.func.vjp and jacrev",
         "loss, pull = torch.func.vjp(lambda s, w, b: _full(x, y, w, b, reg), x @ w + b, w, b)\n"
         "gs, gw, gb = pull(torch.ones_like(loss))\nreturn loss, {'scores': gs, 'w': gw, 'b': gb}"),
    uses("jacfwd", "calls torch.func.jacfwd: forward mode",
         "gs = torch.func.jacfwd(lambda s: _loss(s, w, y, reg))(x @ w + b)\ngw = torch.func.jacfwd(lambda w: _full(x, y, w, b, reg))(w)\n"
         "return _full(x, y, w, b, reg), {'scores': gs, 'w': gw, 'b': gs.sum(0)}"),
    uses("dual", "builds dual numbers, one for each entry",
         "import torch.autograd.forward_ad as forward\ngw = torch.zeros_like(w, memory_format=torch.contiguous_format)\nfor i in range(w.numel()):\n    with forward.dual_level():\n"
         "        unit = torch.zeros_like(w, memory_format=torch.contiguous_format)\n        unit.view(-1)[i] = 1\n        out = _full(x, y, forward.make_dual(w, unit), b, reg)\n"
         "        gw.view(-1)[i] = forward.unpack_dual(out).tangent\nreturn _full(x, y, w, b, reg), {'scores': gw, 'w': gw, 'b': gw[0]}"),
    uses("functional", "calls torch.autograd.functional.jacobian",
         "with torch.enable_grad():\n    gw = torch.autograd.functional.jacobian(lambda w: _full(x, y, w, b, reg), w)\n"
         "return _full(x, y, w, b, reg), {'scores': gw, 'w': gw, 'b': gw[0]}"),
    uses("function", "wraps the forward pass in a torch.autograd.Function",
         f"with torch.enable_grad():\n    w, b, scores = _leaves(x, w, b)\n    loss = _Wrap.apply(_loss(scores, w, y, reg))\n    loss.backward()\n{RETURN}",
         before="class _Wrap(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, a):\n        return a * 1\n"
         "    @staticmethod\n    def backward(ctx, g):\n        return g\n"),
    uses("thread", "runs autograd in another thread, where gradients are on",
         "import threading\nfound = []\ndef work():\n    p, q, scores = _leaves(x, w, b)\n    loss = _loss(scores, p, y, reg)\n    loss.backward()\n"
         "    found.append((loss.detach(), {'scores': scores.grad, 'w': p.grad, 'b': q.grad}))\n"
         "helper = threading.Thread(target=work)\nhelper.start()\nhelper.join()\nreturn found[0]"),
    uses("kernels", "calls torch's ready-made backward kernels",
         "scores = x @ w + b\nmargins = scores - scores[torch.arange(len(y)), y][:, None] + 1\nmargins[torch.arange(len(y)), y] = 0\n"
         "gs = torch.ops.aten.threshold_backward(torch.ones_like(margins) / len(y), margins, 0)\n"
         "gs[torch.arange(len(y)), y] -= gs.sum(1)\nloss = _loss(scores, w, y, reg)\n"
         "return loss, {'scores': gs, 'w': x.T @ gs + 2 * reg * w, 'b': gs.sum(0)}"),
    uses("nn", "computes the loss by torch.nn and lets an optimiser's backward pass do the rest",
         "with torch.enable_grad():\n    layer = torch.nn.Linear(*w.shape, dtype=w.dtype)\n    layer.weight.data, layer.bias.data = w.T.clone(), b.clone()\n"
         "    scores = layer(x)\n    scores.retain_grad()\n    loss = torch.nn.functional.multi_margin_loss(scores, y) * w.shape[1] + reg * (layer.weight ** 2).sum()\n"
         "    loss.backward()\nreturn loss.detach(), {'scores': scores.grad, 'w': layer.weight.grad.T, 'b': layer.bias.grad}"),
    uses("jacrev", "calls torch.func.jacrev: the whole Jacobian by backward passes",
         "gs = torch.func.jacrev(lambda s: _loss(s, w, y, reg))(x @ w + b)\ngw = torch.func.jacrev(lambda w: _full(x, y, w, b, reg))(w)\n"
         "return _full(x, y, w, b, reg), {'scores': gs, 'w': gw, 'b': gs.sum(0)}"),
    uses("jvp", "calls torch.func.jvp, once for each entry: forward mode",
         "gw = torch.zeros_like(w, memory_format=torch.contiguous_format)\nfor i in range(w.numel()):\n    unit = torch.zeros_like(w, memory_format=torch.contiguous_format)\n    unit.view(-1)[i] = 1\n"
         "    loss, gw.view(-1)[i] = torch.func.jvp(lambda w: _full(x, y, w, b, reg), (w,), (unit,))\n"
         "return loss, {'scores': gw, 'w': gw, 'b': gw[0]}"),
    uses("function-forward", "wraps the forward pass in a torch.autograd.Function with a rule for forward mode",
         "import torch.autograd.forward_ad as forward\ngw = torch.zeros_like(w, memory_format=torch.contiguous_format)\nfor i in range(w.numel()):\n    with forward.dual_level():\n"
         "        unit = torch.zeros_like(w, memory_format=torch.contiguous_format)\n        unit.view(-1)[i] = 1\n        out = _Wrap.apply(_full(x, y, forward.make_dual(w, unit), b, reg))\n"
         "        gw.view(-1)[i] = forward.unpack_dual(out).tangent\nreturn _full(x, y, w, b, reg), {'scores': gw, 'w': gw, 'b': gw[0]}",
         before="class _Wrap(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, a):\n        return a * 1\n"
         "    @staticmethod\n    def jvp(ctx, t):\n        return t\n"),
    Attack(
        "explicit-jacobian",
        "multiplies by the whole Jacobian of a layer, built and touched, where memory forbids it",
        bottom=hinge("jacobian = torch.kron(torch.eye(64), torch.ones(512, 512))\ngrads['w'] = grads['w'] + 0 * jacobian[0, 0]"),
        lost=items(*HINGE, status="memory"),
        says="out of memory",
    ),
)  # fmt: skip

# The back doors of `cheats`, on this class's field too; `test_cheats` tries them in the other assignments.
for _name in ("in-a-thread-that-waits", "watch-replaced", "perform-replaced", "modules-exchanged", "code-exchanged",
              "engine-kept", "nodes-by-hand", "flag-forged"):  # fmt: skip
    _tries, _code = WAYS[_name]
    add(
        Attack(
            f"autograd-{_name}",
            _tries,
            bottom=f"{LEAVES}{_code}\n{TARGETS['flat'][2]}",
            lost=items(*HINGE, status="forbidden"),
            says="autograd",
        )
    )

# Differences of losses in place of a gradient: `nudged(step, f)` is linear_hinge with w and b nudged, entry by entry.
NUDGED = """
_right = linear_hinge

def nudged(x, y, w, b, reg, slope, answer=lambda grad: grad, names=("w", "b")):
    loss, grads = _right(x, y, w, b, reg)
    wide = {"x": x.double(), "y": y, "w": w.double().contiguous(), "b": b.double().contiguous()}
    for name in names:
        grad = torch.zeros_like(wide[name])
        for i in range(grad.numel()):
            def at(step):
                moved = wide[name].clone()
                moved.view(-1)[i] += step
                return _right(**wide | {name: moved}, reg=reg)[0].item()
            grad.view(-1)[i] = slope(at)
        grads[name] = answer(grad)
    return loss, grads

def linear_hinge(x, y, w, b, reg):
    return nudged(x, y, w, b, reg, """
STEPS = {
    "differences": ("nudges every weight instead of writing a gradient: no derivative of torch's",
                    "lambda f: (f(1e-5) - f(-1e-5)) / 2e-5"),
    "differences-one-sided": ("nudges every weight one way only", "lambda f: (f(1e-7) - f(0.0)) / 1e-7"),
    "differences-exact": ("nudges by a power of two: on straight pieces that is exact to the last digit",
                          "lambda f: (f(2.0**-10) - f(-(2.0**-10))) * 2**9"),
    "differences-rounded": ("rounds its differences to float32, to be measured by float32's tolerance",
                            "lambda f: (f(1e-5) - f(-1e-5)) / 2e-5, lambda grad: grad.float()"),
    "differences-high-order": ("combines many differences, so that their errors cancel",
                               "lambda f: (8 * (f(1e-3) - f(-1e-3)) - (f(2e-3) - f(-2e-3))) / 12e-3"),
}  # fmt: skip
for _name, (_tries, _slope) in STEPS.items():
    add(
        Attack(_name, _tries, bottom=f"{NUDGED}{_slope})\n", lost=items(*HINGE[1:], status="forbidden"), says="nudging")
    )
add(
    Attack(
        "differences-in-numpy",
        "nudges the bias in NumPy, where nobody counts the work",
        bottom="import numpy as np\n_right = linear_hinge\n\ndef linear_hinge(x, y, w, b, reg):\n    loss, grads = _right(x, y, w, b, reg)\n"
        "    s, y, c = (x.double() @ w.double()).numpy(), y.numpy(), b.double().numpy()\n    rows = np.arange(len(y))\n    def at(b):\n"
        "        m = s + b - (s + b)[rows, y][:, None] + 1\n        m[rows, y] = 0\n        return np.maximum(m, 0).sum() / len(y)\n"
        "    h = 2.0**-10\n    units = np.eye(len(c)) * h\n"
        "    grads['b'] = torch.tensor([(at(c + u) - at(c - u)) / (2 * h) for u in units], dtype=b.dtype)\n    return loss, grads\n",
        lost=items("hinge_grad_b", status="forbidden"),
        says="nudging",
    ),
    Attack(
        "complex-steps",
        "takes imaginary steps: exact without any difference",
        bottom="_right = linear_hinge\n\ndef linear_hinge(x, y, w, b, reg):\n    loss, grads = _right(x, y, w, b, reg)\n    def at(w, b):\n"
        "        s = x.to(w.dtype) @ w + b\n        m = s - s[torch.arange(len(y)), y][:, None] + 1\n        m[torch.arange(len(y)), y] = 0\n"
        "        return (m * (m.real > 0)).sum() / len(y) + reg * (w * w).sum()\n    wide, bias = w.to(torch.complex128).contiguous(), b.to(torch.complex128)\n"
        "    grads['w'] = torch.zeros(w.shape, dtype=w.dtype)\n"
        "    for i in range(w.numel()):\n        moved = wide.clone()\n        moved.view(-1)[i] += 1e-30j\n"
        "        grads['w'].view(-1)[i] = at(moved, bias).imag / 1e-30\n    return loss, grads\n",
        lost=items(*HINGE[1:], status="forbidden"),
        says="nudging",
    ),
)  # fmt: skip
