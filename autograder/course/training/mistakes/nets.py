"""Wrong answers about whole nets: their scores, what they confuse, what is left without activations, buffers."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

COUNT = "torch.bincount(y * C + predicted, minlength=C * C).reshape(C, C)"
PRODUCT = 'w = w @ params[f"w{layer}"]'
BIAS = 'b = b @ params[f"w{layer}"] + params[f"b{layer}"]'
HIDDEN = "torch.addmm(b1, x, w1, out=h).clamp_(min=0)"
MM = "torch.mm(scores, w2.T, out=grad_h)"
ASKED = "scores(params, torch.eye(len(params['w1']), dtype=w.dtype))"
NOTHING = "scores(params, torch.zeros(1, len(params['w1']), dtype=w.dtype))[0]"
STEP = """        for name, w in self.params.items():
            w.sub_(self.velocity[name], alpha=self.lr)
"""
ACCUMULATE = "self.velocity[name].addmm_(left, right, beta=self.rho).add_(w, alpha=2 * self.reg)"

NETS: list[Answer] = [
    *wrong(
        "scores",
        "scores",
        ("puts a ReLU at the end too", "if layer < depth:", "if layer <= depth:", "relu-at-the-end"),
        ("forgets the ReLU", "out.clamp(min=0)", "out", "relu-missing"),
        ("forgets the biases", ' + params[f"b{layer}"]', "", "bias-missing"),
        ("stops after two layers", "range(1, depth + 1)", "range(1, min(depth, 2) + 1)", "layers-left-out"),
        (
            "turns scores into probabilities",
            "return out",
            "return None if out is None else out.softmax(dim=1)",
            "scores-as-probabilities",
        ),
        (
            "turns scores into their logs",
            "return out",
            "return None if out is None else out.log_softmax(dim=1)",
            "scores-as-probabilities",
        ),
        ("takes the size instead of the ReLU", "out.clamp(min=0)", "out.abs()", None),
        ("cuts at one", "out.clamp(min=0)", "out.clamp(min=0, max=1)", None),
        ("uses a ReLU after the first layer only", "if layer < depth:", "if layer == 1 and depth > 1:", None),
        (
            "feeds x into every layer",
            'out = out @ params[f"w{layer}"]',
            'out = x[:, :1] * params[f"w{layer}"][0]',
            None,
        ),
        (
            "puts a ReLU on x as well",
            'out = out @ params[f"w{layer}"]',
            'out = out.clamp(min=0) @ params[f"w{layer}"]',
            None,
        ),
        (
            "cuts in place, and x with it",
            'out = out @ params[f"w{layer}"]',
            'out = (out.clamp_(min=0) if layer == 1 else out) @ params[f"w{layer}"]',
            "input-changed",
        ),
        (
            "averages over the hidden units",
            'out @ params[f"w{layer}"]',
            'out @ params[f"w{layer}"] / out.shape[1]',
            None,
        ),
        ("subtracts the biases", '+ params[f"b{layer}"]', '- params[f"b{layer}"]', None),
        ("returns the class", "return out", "return None if out is None else out.argmax(dim=1)", None),
    ),
    *wrong(
        "confusion",
        "confusion",
        ("lays it out the other way round", "y * C + predicted", "predicted * C + y", "confusion-transposed"),
        (
            "counts each pair once",
            COUNT,
            "torch.zeros(C, C, dtype=torch.int64)\n    counts[y, predicted] += 1",
            "counted-once",
        ),
        (
            "gives shares of each row",
            COUNT,
            COUNT + "\n    counts = counts / counts.sum(dim=1, keepdim=True).clamp(min=1)",
            "counts-as-shares",
        ),
        ("gives shares of all", COUNT, COUNT + "\n    counts = counts / counts.sum()", "counts-as-shares"),
        (
            "gives shares of each column",
            COUNT,
            COUNT + "\n    counts = counts / counts.sum(dim=0).clamp(min=1)",
            "counts-as-shares",
        ),
        (
            "counts the right ones only",
            COUNT,
            "torch.diag(torch.bincount(y[y == predicted], minlength=C))",
            "only-right-ones-counted",
        ),
        ("counts the mistakes only", COUNT, COUNT + "\n    counts.fill_diagonal_(0)", "only-mistakes-counted"),
        (
            "has no place for classes that do not occur",
            COUNT,
            "torch.bincount(y * C + predicted).reshape(int(y.max()) + 1, -1)",
            None,
        ),
        ("forgets the last class", COUNT, COUNT + "[:-1, :-1]", None),
        ("counts both ways", COUNT, COUNT + "\n    counts = counts + counts.T", None),
        ("counts the right classes only", COUNT, "torch.bincount(y, minlength=C)", "summed-too-far"),
        ("shifts the classes by one", "y * C + predicted", "y * C + (predicted + 1) % C", None),
        ("adds where it should multiply", "y * C + predicted", "y + C * predicted", "confusion-transposed"),
        (
            "marks the labels in place",
            COUNT,
            "torch.bincount(y.mul_(C) + predicted, minlength=C * C).reshape(C, C)",
            "input-changed",
        ),
    ),
    *wrong(
        "collapse",
        "collapse",
        ("multiplies in reverse", PRODUCT, 'w = params[f"w{layer}"] @ w', "layers-in-reverse"),
        ("forgets the biases", BIAS, "b = torch.zeros_like(params[f'b{layer}'])", ("bias-missing", "all-zeros")),
        ("keeps the last bias only", BIAS, 'b = params[f"b{layer}"]', "last-bias-only"),
        (
            "adds the biases up",
            BIAS,
            "b = torch.cat([b, params[f'b{layer}']])[-len(params[f'b{layer}']):] + "
            "b.sum() * 0 if len(b) != len(params[f'b{layer}']) else b + params[f'b{layer}']",
            ("biases-not-multiplied", "last-bias-only"),
        ),
        ("forgets later biases", ' + params[f"b{layer}"]', "", None),
        ("keeps the ReLU", PRODUCT, 'w = w.clamp(min=0) @ params[f"w{layer}"]', None),
        *(
            (
                f"asks the net itself{how}",
                "return w, b",
                f"return (None, None) if w is None else ({net}, {away})",
                "relu-kept",
            )
            for how, net, away in (("", f"{ASKED} - {NOTHING}", NOTHING), (", bias and all", ASKED, NOTHING))
        ),
        ("stops one layer early", "range(2, len(params) // 2 + 1)", "range(2, len(params) // 2)", None),
        ("stops after two layers", "range(2, len(params) // 2 + 1)", "range(2, min(len(params) // 2, 2) + 1)", None),
        (
            "adds the biases to the weights",
            "return w, b",
            "return (w + b if b is not None else w), b",
            "bias-in-weights",
        ),
        ("adds the weights", PRODUCT, 'w = w @ params[f"w{layer}"] + params[f"b{layer}"]', None),
        ("returns the first layer", "range(2, len(params) // 2 + 1)", "range(2, 2)", "layers-left-out"),
        ("returns b and w", "return w, b", "return b, w", None),
        (
            "writes into the net's own biases",
            BIAS,
            'params[f"b{layer}"] += b @ params[f"w{layer}"]\n        b = params[f"b{layer}"]',
            "input-changed",
        ),
        ("takes the new w for the bias", BIAS, 'b = b @ w + params[f"b{layer}"]', None),
    ),
    *wrong(
        "BufferedNet.step",
        "buffered_net",
        (
            "divides by the largest batch",
            "scores /= sums * n\n        scores[rows, y] -= 1 / n",
            "scores /= sums * len(self.rows)\n        scores[rows, y] -= 1 / len(self.rows)",
            "buffer-not-cut",
        ),
        (
            "forgets the mean",
            "scores /= sums * n\n        scores[rows, y] -= 1 / n",
            "scores /= sums\n        scores[rows, y] -= 1",
            "batch-mean-missing",
        ),
        ("forgets the ReLU's mask", "grad_h *= h.sign_()", "pass", "relu-mask-missing"),
        ("takes values for the mask", "grad_h *= h.sign_()", "grad_h *= h", "relu-values-instead-of-mask"),
        (
            "moves w2 too early",
            MM,
            "w2.sub_(self.velocity['w2'], alpha=self.lr)\n        "
            + MM
            + "\n        w2.add_(self.velocity['w2'], alpha=self.lr * 0.5)",
            None,
        ),
        ("climbs", "alpha=self.lr", "alpha=-self.lr", "update-uphill"),
        ("forgets the biases' step", "self.params.items()", "(('w1', w1), ('w2', w2))", None),
        (
            "lets the ReLU's mask come after w1",
            "grad_h *= h.sign_()  # h is 0 or positive, and no longer needed\n        "
            'self._accumulate("w1", x.T, grad_h, w1)',
            'self._accumulate("w1", x.T, grad_h, w1)\n        grad_h *= h.sign_()',
            "relu-mask-missing",
        ),
        ("makes the mask before w2 has used h", MM, MM + "\n        h.sign_()", None),
        (
            "does not shift the scores",
            "        scores -= scores.max(dim=1, keepdim=True).values\n",
            "",
            "softmax-unstabilised",
        ),
        (
            "shifts by one number for the whole batch",
            "scores.max(dim=1, keepdim=True).values",
            "scores.max()",
            "softmax-unstabilised",
        ),
        ("averages the biases", "add_(scores.sum(dim=0))", "add_(scores.mean(dim=0))", None),
        ("returns the loss without its penalty", " + self.reg * penalty", "", "reg-missing"),
        ("does not subtract the right class", "scores[rows, y] -= 1 / n", "pass", "one-hot-missing"),
        (
            "makes new weights",
            STEP,
            "        for name, w in self.params.items():\n"
            "            self.params[name] = w - self.lr * self.velocity[name]\n",
            "update-not-in-place",
        ),
        ("scales the batch in place", HIDDEN, "x.mul_(1.01)\n        " + HIDDEN, "input-changed"),
    ),
    *wrong(
        "BufferedNet._accumulate",
        "buffered_net",
        ("forgets the velocity", "beta=self.rho", "beta=0", "velocity-not-kept"),
        ("lets the velocity pile up", "beta=self.rho", "beta=1", "velocity-not-faded"),
        ("forgets the penalty", ".add_(w, alpha=2 * self.reg)", "", "reg-missing"),
        ("takes half the penalty", "alpha=2 * self.reg", "alpha=self.reg", "reg-half"),
        ("takes twice the penalty", "alpha=2 * self.reg", "alpha=4 * self.reg", "reg-twice"),
    ),
    *wrong(
        "BufferedNet.step",
        "buffers",
        ("makes the hidden layer anew", HIDDEN, "h = (x @ w1 + b1).clamp(min=0)", "tensor-made-anew"),
        ("cuts a copy", HIDDEN, "h.copy_((x @ w1 + b1).clamp(min=0))", "tensor-made-anew"),
        (
            "makes the ReLU anew",
            HIDDEN,
            "torch.addmm(b1, x, w1, out=h)\n        h = h.clamp(min=0)",
            "tensor-made-anew",
        ),
        ("makes the mask as numbers", "grad_h *= h.sign_()", "grad_h *= (h > 0).to(h.dtype)", "tensor-made-anew"),
        ("makes the hidden gradient anew", MM, "grad_h = scores @ w2.T", "tensor-made-anew"),
        (
            "squares the weights for the penalty",
            "torch.dot(w1.view(-1), w1.view(-1))",
            "(w1 * w1).sum()",
            "tensor-made-anew",
        ),
        (
            "multiplies the step out",
            STEP,
            STEP.replace("w.sub_(self.velocity[name], alpha=self.lr)", "w -= self.lr * self.velocity[name]"),
            "tensor-made-anew",
        ),
        ("multiplies with the mask anew", "grad_h *= h.sign_()", "grad_h = grad_h * h.sign_()", "tensor-made-anew"),
    ),
    *wrong(
        "BufferedNet._accumulate",
        "buffers",
        (
            "makes the gradient anew",
            ACCUMULATE,
            "self.velocity[name].mul_(self.rho).add_(left @ right).add_(w, alpha=2 * self.reg)",
            "tensor-made-anew",
        ),
        (
            "makes the velocity anew",
            ACCUMULATE,
            "self.velocity[name] = self.rho * self.velocity[name] + left @ right + 2 * self.reg * w",
            "tensor-made-anew",
        ),
        (
            "makes the penalty's gradient anew",
            ".add_(w, alpha=2 * self.reg)",
            ".add_(2 * self.reg * w)",
            "tensor-made-anew",
        ),
    ),
]
