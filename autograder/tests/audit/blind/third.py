"""Forty wrong answers, written without a look at the diagnoses, at the suites or at earlier answers.

When they were first tried, 31 of 40 were rejected; of the 33 that have a misconception, 15 were named right; 2 were
given a wrong name. The nine had found what no suite had asked about: inputs and ties at exactly 0, a batch whose rows
have scores at different heights, a probability that rounds to 0, functions that return their own input, the mode of a
layer after its forward pass, nets of more than nine layers. Now all are rejected; `UNNAMED` are still without a name.
"""

from __future__ import annotations

from autograder.course.answers import Answer, Edit

FLAT = [
    Answer(
        "toy: typed the 3 of the paper example where x belongs",
        ("toy",),
        (Edit("toy", 'grads["y"] = grads["p"] * x', 'grads["y"] = grads["p"] * 3'),),
        (),
    ),
    Answer(
        "hinge_grad_scores: opened the gate of every class in a row whose loss was above zero",
        ("hinge_grad_scores",),
        (
            Edit(
                "linear_hinge",
                "grad_losses[:, None] * (margins > 0)",
                "grad_losses[:, None] * (losses > 0)[:, None].expand_as(margins)",
            ),
        ),
        ("hinge-threshold-missing",),
    ),
    Answer(
        "softmax_grad_scores: walked back through probabilities and divided by one that had rounded to 0",
        ("softmax_grad_scores",),
        (
            Edit(
                "linear_softmax",
                "    grad_sums = grad_losses[:, None] / sums\n"
                "    grad_shifted = grad_sums * exps\n"
                "    grad_shifted[rows, y] -= grad_losses\n"
                '    grads["scores"] = grad_shifted\n',
                "    probs = exps / sums\n"
                "    grad_probs = torch.zeros_like(probs)\n"
                "    grad_probs[rows, y] = -grad_losses / probs[rows, y]\n"
                "    shared = (grad_probs * probs).sum(dim=1, keepdim=True)\n"
                '    grads["scores"] = probs * (grad_probs - shared)\n',
            ),
        ),
        ("softmax-unstabilised",),
    ),
    Answer(
        "squared_grad_w: forgot the 2 of the squares and divided the penalty by N as well",
        ("squared_grad_w",),
        (
            Edit(
                "linear_squared",
                'grads["w"] = x.T @ grads["scores"] + grad_w_reg',
                'grads["w"] = (x.T @ errors + reg * w) / N',
            ),
        ),
        ("factor-two-missing", "reg-averaged", "reg-half"),
    ),
    Answer(
        "logistic_loss: clamped the probabilities so that the logs stayed finite",
        ("logistic_loss",),
        (
            Edit(
                "logistic",
                "    losses = torch.logaddexp(torch.zeros_like(t), t)\n",
                "    p = torch.sigmoid(scores).clamp(1e-7, 1 - 1e-7)\n"
                "    losses = -(y * p.log() + (1 - y) * (1 - p).log())\n",
            ),
        ),
        ("probability-propped",),
    ),
    Answer(
        "net_hinge_grad_first: computed the mask again and forgot the bias in it",
        ("net_hinge_grad_first",),
        (Edit("net_hinge", 'grads["h"] * (a > 0)', 'grads["h"] * (x @ w1 > 0)'),),
        ("relu-mask-from-upstream",),
    ),
    Answer(
        "net_softmax_loss: subtracted the largest score of the whole batch, so that low rows underflowed",
        ("net_softmax_loss",),
        (Edit("net_softmax", "scores.max(dim=1, keepdim=True).values", "scores.max()"),),
        ("softmax-unstabilised",),
    ),
    Answer(
        "net_softmax_grad_first: masked the gradient of h in place and called it the gradient of a",
        ("net_softmax_grad_first",),
        (
            Edit(
                "net_softmax",
                '    grads["a"] = grads["h"] * (a > 0)\n',
                '    grads["a"] = grads["h"]\n    grads["a"][a <= 0] = 0\n',
            ),
        ),
        (),
    ),
]

SCALAR = [
    Answer(
        "gate_max: asked which input equals the output, so that both got everything where they tied",
        ("gate_max",),
        (
            Edit("maximum_backward", "grad_x = grad_out if x > y else 0.0", "grad_x = grad_out if x == z else 0.0"),
            Edit("maximum_backward", "grad_y = 0.0 if x > y else grad_out", "grad_y = grad_out if y == z else 0.0"),
        ),
        ("max-tie-counted-twice",),
    ),
    Answer(
        "numeric_gradient: made the step a share of the coordinate, which is no step at 0",
        ("numeric_gradient",),
        (
            Edit(
                "numeric_gradient",
                "        up[i] += eps\n        down[i] -= eps\n"
                "        gradient.append((f(up) - f(down)) / (2 * eps))\n",
                "        h = eps * abs(point[i])\n"
                "        up[i] += h\n"
                "        down[i] -= h\n"
                "        gradient.append((f(up) - f(down)) / (2 * h))\n",
            ),
        ),
        (),
    ),
    Answer(
        "ascent: took the gradient for zero where its entries add up to zero",
        ("ascent",),
        (Edit("steepest_ascent", "if length else 0.0", "if sum(gradient) else 0.0"),),
        ("all-zeros", "direction-not-normalised"),
    ),
    Answer(
        "value_functions: took tanh's slope at the input and wrote the sigmoid straight from its formula",
        ("value_functions",),
        (
            Edit("Value.tanh", "(1 - t * t,)", "(1 - self.data**2,)"),
            Edit(
                "Value.sigmoid",
                "        e = math.exp(-abs(self.data))\n        s = (1.0 if self.data >= 0 else e) / (1.0 + e)\n",
                "        s = 1 / (1 + math.exp(-self.data))\n",
            ),
        ),
        ("tanh-of-input", "sigmoid-overflows"),
    ),
    Answer(
        "value_order: wrote every node down when it was first met and turned the list round",
        ("value_order",),
        (
            Edit(
                "topological",
                "    seen = set()\n"
                "    waiting = [(output, False)]\n"
                "    while waiting:\n"
                "        node, inputs_done = waiting.pop()\n"
                "        if inputs_done:\n"
                "            order.append(node)\n"
                "        elif node not in seen:\n"
                "            seen.add(node)\n"
                "            waiting.append((node, True))  # comes up again when everything pushed after it is done\n"
                "            for source in node.inputs:\n"
                "                waiting.append((source, False))\n",
                "    seen = {output}\n"
                "    waiting = [output]\n"
                "    while waiting:\n"
                "        node = waiting.pop()\n"
                "        order.append(node)\n"
                "        for source in node.inputs:\n"
                "            if source not in seen:\n"
                "                seen.add(source)\n"
                "                waiting.append(source)\n"
                "    order.reverse()\n",
            ),
        ),
        ("order-too-early",),
    ),
    Answer(
        "tape: gave the 1 to the last Var on the tape, whoever was asked",
        ("tape",),
        (Edit("Var.backward", "        self.grad = 1.0\n", "        TAPE[-1].grad = 1.0\n"),),
        (),
    ),
    Answer(
        "tape_dot: made a Var of every plain number first",
        ("tape_dot",),
        (
            Edit(
                "dot",
                "    if type(x[0]) is Var:\n"
                "        numbers = [entry.data for entry in x]\n"
                "        more = [*w, *x, b], [*numbers, *weights, 1.0]\n"
                "    else:\n"
                "        numbers = x\n"
                "        more = [*w, b], [*numbers, 1.0]\n",
                "    x = [entry if type(entry) is Var else Var(entry) for entry in x]\n"
                "    numbers = [entry.data for entry in x]\n"
                "    more = [*w, *x, b], [*numbers, *weights, 1.0]\n",
            ),
        ),
        ("not-fused",),
    ),
]

TENSORS = [
    Answer(
        "relu_backward: divided the output by the input to get the mask, which is 0/0 at zero",
        ("relu_backward",),
        (Edit("relu_backward", "grad_out * (x > 0)", "grad_out * (x.clamp(min=0) / x)"),),
        ("zero-over-zero",),
    ),
    Answer(
        "softmax_backward: summed along axis 1, which is the last one of a matrix only",
        ("softmax_backward",),
        (Edit("softmax_backward", "dim=-1", "dim=1"),),
        ("softmax-wrong-axis", "softmax-shared-too-far"),  # in a block, the sums run across its rows
    ),
    Answer(
        "unbroadcast: aligned the two shapes from the left",
        ("unbroadcast",),
        (
            Edit(
                "unbroadcast",
                "    new_axes = grad_out.dim() - len(shape)\n"
                "    grad_x = grad_out.sum(dim=tuple(range(new_axes))) if new_axes else grad_out\n"
                "    stretched = [axis for axis, size in enumerate(shape) if size == 1]\n"
                "    if stretched:\n"
                "        grad_x = grad_x.sum(dim=stretched, keepdim=True)\n",
                "    padded = [*shape] + [1] * (grad_out.dim() - len(shape))\n"
                "    copied = [axis for axis, size in enumerate(padded) if size == 1]\n"
                "    grad_x = grad_out.sum(dim=copied, keepdim=True) if copied else grad_out\n"
                "    grad_x = grad_x.reshape(shape)\n",
            ),
        ),
        ("broadcast-aligned-left",),
    ),
    Answer(
        "numeric_jacobian: nudged one tensor in place, while the answers of f could be views of it",
        ("numeric_jacobian",),
        (
            Edit(
                "numeric_jacobian",
                "    x = x.to(torch.float64)\n"
                "    columns = []\n"
                "    for entry in range(x.numel()):\n"
                "        nudge = torch.zeros_like(x).flatten()\n"
                "        nudge[entry] = h\n"
                "        nudge = nudge.reshape(x.shape)\n"
                "        columns.append((function(x + nudge) - function(x - nudge)) / (2 * h))\n",
                "    x = x.double().contiguous().clone()\n"
                "    entries = x.view(-1)\n"
                "    columns = []\n"
                "    for entry in range(x.numel()):\n"
                "        before = float(entries[entry])\n"
                "        entries[entry] = before + h\n"
                "        up = function(x)\n"
                "        entries[entry] = before - h\n"
                "        down = function(x)\n"
                "        entries[entry] = before\n"
                "        columns.append((up - down) / (2 * h))\n",
            ),
        ),
        ("difference-of-one-tensor",),
    ),
    Answer(
        "corr_grad_x: collected in zeros of torch's own dtype",
        ("corr_grad_x",),
        (Edit("correlate_backward", "grad_x = torch.zeros_like(x)", "grad_x = torch.zeros(n + K - 1)"),),
        ("dtype-changed",),
    ),
    Answer(
        "gradcheck_entry: sent back evenly spaced numbers from -1 to 1, and so a zero in the middle",
        ("gradcheck_entry",),
        (
            Edit(
                "gradcheck",
                "grad_out = torch.randn_like(y)",
                "grad_out = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).reshape(y.shape)",
            ),
        ),
        ("gradcheck-entry-missed", "gradcheck-constant-upstream"),
    ),
]

LAYERS = [
    Answer(
        "elu: multiplied both branches with masks, so that 0 met inf",
        ("elu",),
        (
            Edit(
                "ELU.forward",
                "        below = self.alpha * torch.expm1(x)  # inf far right of 0, where it is not chosen\n"
                "        out = torch.where(x > 0, x, below)\n",
                "        positive = (x > 0).to(x.dtype)\n"
                "        below = self.alpha * (torch.exp(x) - 1)\n"
                "        out = positive * x + (1 - positive) * below\n",
            ),
        ),
        ("activation-overflows",),
    ),
    Answer(
        "tanh: computed the slope inside the cached output",
        ("tanh",),
        (
            Edit(
                "Tanh.backward",
                "        out = self.cache\n        grad_x = grad_out * (1 - out * out)\n",
                "        slope = self.cache.square_().neg_().add_(1)\n        grad_x = grad_out * slope\n",
            ),
        ),
        ("cache-used-up",),
    ),
    Answer(
        "maxout_forward: reshaped w to one wide matrix without permuting its axes first",
        ("maxout_forward",),
        (
            Edit(
                "Maxout.forward",
                "        pieces = x @ w + b[:, None, :]  # (K, N, M)\n",
                "        K, D, M = w.shape\n"
                "        wide = x @ w.reshape(D, K * M) + b.reshape(K * M)  # all K layers in one product\n"
                "        pieces = wide.reshape(-1, K, M).transpose(0, 1)\n",
            ),
        ),
        (),
    ),
    Answer(
        "dropout_backward: left the mask of the last training batch in the cache when used",
        ("dropout_backward",),
        (
            Edit(
                "Dropout.forward",
                "        else:\n            self.cache = torch.ones_like(x)\n        out = x * self.cache\n",
                "            out = x * self.cache\n        else:\n            out = x\n",
            ),
        ),
        ("cache-stale", "dropout-in-use"),
    ),
    Answer(
        "batchnorm_running: swapped old and new and remembered the biased variance",
        ("batchnorm_running",),
        (
            Edit(
                "BatchNorm.forward",
                "            unbiased = var * (N / max(N - 1, 1))\n"
                "            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean\n"
                "            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * unbiased\n",
                "            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean\n"
                "            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var\n",
            ),
        ),
        ("batchnorm-momentum-swapped", "batchnorm-running-biased"),
    ),
    Answer(
        "batchnorm_backward: looked at the mode of now, not at that of the forward pass",
        ("batchnorm_backward",),
        (
            Edit(
                "BatchNorm.backward",
                "        batch, _, _, inv, normal = self.cache\n",
                "        _, _, _, inv, normal = self.cache\n",
            ),
            Edit("BatchNorm.backward", "        if batch:\n", "        if self.training:\n"),
        ),
        ("mode-of-now",),
    ),
    Answer(
        "loss_squared: let one_hot guess the number of classes from the labels",
        ("loss_squared",),
        (
            Edit(
                "squared",
                "    errors = scores.clone()\n    errors[rows, y] -= 1\n",
                "    targets = torch.nn.functional.one_hot(y)\n    errors = scores - targets\n",
            ),
        ),
        (),
    ),
    Answer(
        "sequential_backward: counted the places of the gradients from the end",
        ("sequential_backward",),
        (
            Edit(
                "Sequential.backward",
                "        for layer in reversed(self.layers):\n"
                "            grad_x = layer.backward(grad_x)\n"
                '        self.grads = {f"{i}.{name}": g for i, layer in enumerate(self.layers) '
                "for name, g in layer.grads.items()}\n",
                "        self.grads = {}\n"
                "        for i, layer in enumerate(reversed(self.layers)):\n"
                "            grad_x = layer.backward(grad_x)\n"
                "            for name, g in layer.grads.items():\n"
                '                self.grads[f"{i}.{name}"] = g\n',
            ),
        ),
        ("sequential-names",),
    ),
    Answer(
        "graph_order: kept the readers in a set, so that a node with the same source twice waited for ever",
        ("graph_order",),
        (
            Edit(
                "Graph.order",
                "{name: [] for name in (*self.inputs, *self.nodes)}",
                "{name: set() for name in (*self.inputs, *self.nodes)}",
            ),
            Edit("Graph.order", "readers[source].append(name)", "readers[source].add(name)"),
        ),
        ("graph-source-twice",),
    ),
]

TRAINING = [
    Answer(
        "momentum: took the first gradient itself for the velocity and wrote into it later",
        ("momentum",),
        (
            Edit(
                "Momentum.step",
                "            v = self.rho * self.velocity[name] + grads[name]\n",
                "            v = self.velocity[name]\n"
                "            if not v.any():\n"
                "                v = grads[name]  # at rest: the velocity is the gradient\n"
                "            else:\n"
                "                v *= self.rho\n"
                "                v += grads[name]\n",
            ),
        ),
        ("gradient-changed",),
    ),
    Answer(
        "minibatches: ended the range one early, so that a last batch of one got lost",
        ("minibatches",),
        (Edit("minibatches", "range(0, len(x), batch_size)", "range(0, len(x) - 1, batch_size)"),),
        ("last-batch-dropped", "examples-left-out"),
    ),
    Answer(
        "scores: sorted the names of the weights as texts, where w10 stands before w2",
        ("scores",),
        (
            Edit(
                "scores",
                "    out, depth = x, len(params) // 2\n"
                "    for layer in range(1, depth + 1):\n"
                '        out = out @ params[f"w{layer}"] + params[f"b{layer}"]\n'
                "        if layer < depth:\n"
                "            out = out.clamp(min=0)\n",
                "    out = x\n"
                '    weights = sorted(name for name in params if name.startswith("w"))\n'
                '    biases = sorted(name for name in params if name.startswith("b"))\n'
                "    for w, b in zip(weights, biases):\n"
                "        out = out @ params[w] + params[b]\n"
                "        if w != weights[-1]:\n"
                "            out = out.clamp(min=0)\n",
            ),
        ),
        ("layers-by-alphabet",),
    ),
    Answer(
        "resume: kept the learning rate in a tensor of torch's own dtype",
        ("resume",),
        (Edit("capture", "torch.tensor(optimizer.lr, dtype=torch.float64)", "torch.tensor(optimizer.lr)"),),
        ("rate-not-restored", "numbers-changed"),
    ),
    Answer(
        "buffered_net: gave the first bias no velocity to keep and halved the penalty's gradient",
        ("buffered_net",),
        (
            Edit(
                "BufferedNet.step",
                'self.velocity["b1"].mul_(self.rho).add_(grad_h.sum(dim=0))',
                'self.velocity["b1"].copy_(grad_h.sum(dim=0))',
            ),
            Edit("BufferedNet._accumulate", "alpha=2 * self.reg", "alpha=self.reg"),
        ),
        ("velocity-not-kept", "rho-ignored", "reg-half"),
    ),
]

SUM = "result = Dual(self.value.sum(dim=dim, keepdim=keepdim), self.tangent.sum(dim=dim, keepdim=keepdim))"
BEYOND = [
    Answer(
        "dual_functions: wrote `if dim:`, so that axis 0 counted as no axis",
        ("dual_functions",),
        (
            Edit(
                "Dual.sum",
                f"        {SUM}\n",
                f"        if dim:\n            {SUM}\n        else:\n"
                "            result = Dual(self.value.sum(), self.tangent.sum())\n",
            ),
        ),
        ("summed-too-far",),
    ),
    Answer(
        "rop_backward: let w2 stand still on the way to h and forgot the 2 of the square in tanh's slope",
        ("rop_backward",),
        (
            Edit(
                "rop_backward",
                "r_grad_h = r_grad_scores @ w2.T + grad_scores @ v_w2.T",
                "r_grad_h = r_grad_scores @ w2.T",
            ),
            Edit("rop_backward", "- 2 * grad_h * h * r_h", "- grad_h * h * r_h"),
        ),
        ("rop-w-stands-still", "rop-curvature-incomplete"),
    ),
    Answer(
        "power_iteration: stopped when the value no longer moved, while the vector still did",
        ("power_iteration",),
        (
            Edit(
                "power_iteration",
                "    v = start\n"
                "    for _ in range(most):\n"
                "        v = v / v.norm()\n"
                "        hv = product(v)\n"
                "        value = float(v @ hv)\n"
                "        off = float((hv - value * v).norm())\n"
                "        if off <= tolerance * abs(value):\n"
                "            return value, v\n"
                "        v = hv\n"
                '    raise NoConvergence(f"after {most} products H v is still {off:.3g} away from {value:.3g} v: '
                'allow more, or shift H")\n',
                '    v, before = start, float("inf")\n'
                "    for _ in range(most):\n"
                "        v = v / v.norm()\n"
                "        hv = product(v)\n"
                "        value = float(v @ hv)\n"
                "        if abs(value - before) <= tolerance * abs(value):\n"
                "            return value, v\n"
                "        before, v = value, hv\n"
                '    raise NoConvergence(f"after {most} products the value {value:.3g} still moves")\n',
            ),
        ),
        ("power-stops-too-early", "no-convergence-silent"),
    ),
    Answer(
        "deq_solve: forgot the absolute value, so that entries that fell counted as settled",
        ("deq_solve",),
        (Edit("deq_solve", "(z - before).abs().max()", "(z - before).max()"),),
        ("deq-too-early", "no-clear-error"),
    ),
    Answer(
        "ridge_backward: multiplied the equation with N and forgot it on the side of the penalty's gradient",
        ("ridge_backward",),
        (
            Edit(
                "ridge_backward",
                "system = x.T @ x / N + reg * torch.eye(D, dtype=x.dtype)",
                "system = x.T @ x + N * reg * torch.eye(D, dtype=x.dtype)",
            ),
            Edit("ridge_backward", "grad_y = x @ v / N", "grad_y = x @ v"),
        ),
        ("ridge-mean-missing", "averaged-twice"),
    ),
]

FRESH: dict[str, list[Answer]] = {
    "flat": FLAT,
    "scalar": SCALAR,
    "tensors": TENSORS,
    "layers": LAYERS,
    "training": TRAINING,
    "beyond": BEYOND,
}

UNNAMED = {
    "squared_grad_w": "three mistakes at once",
    "rop_backward": "two mistakes at once",
}
