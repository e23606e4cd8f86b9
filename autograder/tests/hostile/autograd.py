"""Ready-made derivatives where a backward pass was to be written: each must be refused by name."""

# ruff: noqa: E501  (attacks are code in strings)
from __future__ import annotations

from .attack import Attack, add, items
from .tampering import HINGE

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
         "import torch.autograd.forward_ad as forward\ngw = torch.zeros_like(w)\nfor i in range(w.numel()):\n    with forward.dual_level():\n"
         "        unit = torch.zeros_like(w)\n        unit.view(-1)[i] = 1\n        out = _full(x, y, forward.make_dual(w, unit), b, reg)\n"
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
    Attack(
        "differences",
        "nudges every weight instead of writing a gradient: no derivative of torch's, so only precision tells",
        bottom="_right = linear_hinge\n\ndef linear_hinge(x, y, w, b, reg):\n    loss, grads = _right(x, y, w, b, reg)\n"
        "    for name, value in (('w', w), ('b', b)):\n        grad = torch.zeros_like(value)\n        for i in range(value.numel()):\n"
        "            ends = []\n            for h in (1e-5, -1e-5):\n                moved = value.clone()\n                moved.view(-1)[i] += h\n"
        "                ends.append(_right(x, y, **({'w': w, 'b': b} | {name: moved}), reg=reg)[0])\n"
        "            grad.view(-1)[i] = (ends[0] - ends[1]) / 2e-5\n        grads[name] = grad\n    return loss, grads\n",
        lost=items("hinge_grad_w", "hinge_grad_b", status="failed"),
        says="relative error",
    ),
)  # fmt: skip
