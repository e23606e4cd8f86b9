"""Twenty wrong answers, written after the diagnoses were finished and without a look at them.

When they were first tried all 20 were rejected; 7 of the 15 that have a misconception were named right, and one was
given a wrong name beside the right one. What the kit has learnt from them since is tested in `tests/test_audit.py`.
"""

from __future__ import annotations

from autograder.course.answers import Answer, Edit

FRESH: dict[str, list[Answer]] = {
    "flat": [
        Answer(
            "softmax_loss: takes the right class's score before the shift, the sum after it",
            ("softmax_loss",),
            (Edit("linear_softmax", "- shifted[rows, y]", "- scores[rows, y]"),),
        ),
        Answer(
            "hinge_grad_scores: copies the softmax's line for the right class, and forgets the mean",
            ("hinge_grad_scores",),
            (
                Edit("linear_hinge", "torch.ones_like(losses) / N", "torch.ones_like(losses)"),
                Edit("linear_hinge", "[rows, y] -= grad_margins.sum(dim=1)", "[rows, y] -= grad_losses"),
            ),
            ("batch-mean-missing", "hinge-correct-class-once"),
        ),
        Answer(
            "net_hinge_grad_first: closes the gates in place, in the tensor that is also the gradient of h",
            ("net_hinge_grad_first",),
            (
                Edit(
                    "net_hinge",
                    'grads["a"] = grads["h"] * (a > 0)',
                    'grads["a"] = grads["h"]\n    grads["a"][a <= 0] = 0',
                ),
            ),
        ),
        Answer(
            "net_softmax_grad_first: adds the bias inside the ReLU's line, so that the mask is taken without it",
            ("net_softmax_grad_first",),
            (
                Edit("net_softmax", "a = x @ w1 + b1", "a = x @ w1"),
                Edit("net_softmax", "h = a.clamp(min=0)", "h = (a + b1).clamp(min=0)"),
            ),
            ("relu-mask-from-upstream",),
        ),
    ],
    "scalar": [
        Answer(
            "value_arithmetic: forgets the brackets around the lowered exponent",
            ("value_arithmetic",),
            (
                Edit(
                    "Value.__pow__",
                    "exponent * self.data ** (exponent - 1)",
                    "exponent * self.data**exponent - 1",
                ),
            ),
            ("power-not-lowered",),
        ),
        Answer(
            "value_arithmetic: takes the reciprocal's slope for the denominator, whatever the numerator is",
            ("value_arithmetic",),
            (Edit("Value.__truediv__", "-self.data / other.data**2", "-1 / other.data**2"),),
        ),
        Answer(
            "value_again: sets the gradients of the leaves to zero, not those of the nodes in the middle",
            ("value_again",),
            (
                Edit(
                    "Value.backward",
                    "            node.grad = 0.0",
                    "            if not node.inputs:\n                node.grad = 0.0",
                ),
            ),
            ("stale-gradients",),
        ),
    ],
    "tensors": [
        Answer(
            "numeric_jacobian: stacks the columns as rows, and reshapes until the shape is right",
            ("numeric_jacobian",),
            (Edit("numeric_jacobian", "torch.stack(columns, dim=-1)", "torch.stack(columns)"),),
            ("jacobian-layout",),
        ),
        Answer(
            "softmax_backward: works out one vector of scores, and sums along the first axis of a batch",
            ("softmax_backward",),
            (Edit("softmax_backward", ".sum(dim=-1, keepdim=True)", ".sum(dim=0)"),),
            ("softmax-shared-too-far",),
        ),
        Answer(
            "corr_grad_x: gives back to each slice with =, over what the weight before has left there",
            ("corr_grad_x",),
            (Edit("correlate_backward", "grad_x[k : k + n] += w[k]", "grad_x[k : k + n] = w[k]"),),
            ("overwritten-not-accumulated", "correlation-first-tap-only"),
        ),
    ],
    "layers": [
        Answer(
            "elu: takes exp of the cached values below zero, which are outputs",
            ("elu",),
            (Edit("ELU.backward", "grad_out * (below + self.alpha)", "grad_out * self.alpha * torch.exp(below)"),),
            ("activation-slope-at-output",),
        ),
        Answer(
            "dropout_forward: divides by the share that happened to be kept",
            ("dropout_forward",),
            (
                Edit(
                    "Dropout.forward",
                    "self.cache = (draw >= self.p).to(x.dtype) / (1 - self.p)",
                    "kept = (draw >= self.p).to(x.dtype)\n            self.cache = kept / kept.mean()",
                ),
            ),
            ("dropout-scaled-wrongly",),
        ),
        Answer(
            "batchnorm_backward: one line for both modes",
            ("batchnorm_backward",),
            (
                Edit(
                    "BatchNorm.backward",
                    "        if batch:\n"
                    "            grad_x = gamma * inv * (grad_out - grad_out.mean(dim=0)"
                    " - normal * (grad_out * normal).mean(dim=0))\n"
                    "        else:\n"
                    "            grad_x = gamma * inv * grad_out\n",
                    "        grad_x = gamma * inv * (grad_out - grad_out.mean(dim=0)"
                    " - normal * (grad_out * normal).mean(dim=0))\n",
                ),
            ),
            ("batchnorm-batch-in-use",),
        ),
        Answer(
            "graph_ops: cuts as NumPy does, but at the widths: right for two inputs, wrong for three",
            ("graph_ops",),
            (
                Edit(
                    "Concat.backward",
                    "torch.split(grad_out, self.cache, dim=-1)",
                    "torch.tensor_split(grad_out, self.cache[:-1], dim=-1)",
                ),
            ),
            ("graph-concat-wrong-part",),
        ),
    ],
    "training": [
        Answer(
            "scores: puts the ReLU before every layer, so before the first one, too",
            ("scores",),
            (
                Edit("training:scores", "out = out @ params", "out = out.clamp(min=0) @ params"),
                Edit("training:scores", "\n        if layer < depth:\n            out = out.clamp(min=0)", ""),
            ),
        ),
        Answer(
            "search: looks for the point itself among the lines, which have a result as well",
            ("search",),
            (
                Edit(
                    "search",
                    'if row == {**point, "result": row["result"]}',
                    "if row == point",
                ),
            ),
            ("evaluated-again", "line-twice"),
        ),
        Answer(
            "buffered_net: moves w2 as soon as its velocity is there, before the gradient has gone through it",
            ("buffered_net",),
            (
                Edit(
                    "BufferedNet.step",
                    'torch.mm(scores, w2.T, out=grad_h)\n        self._accumulate("w2", h.T, scores, w2)',
                    'self._accumulate("w2", h.T, scores, w2)\n'
                    '        w2.sub_(self.velocity["w2"], alpha=self.lr)\n'
                    "        torch.mm(scores, w2.T, out=grad_h)",
                ),
                Edit(
                    "BufferedNet.step",
                    "            w.sub_(self.velocity[name], alpha=self.lr)",
                    '            if name != "w2":\n                w.sub_(self.velocity[name], alpha=self.lr)',
                ),
            ),
        ),
    ],
    "beyond": [
        Answer(
            "dual_arithmetic: divides only the first term of the quotient once more",
            ("dual_arithmetic",),
            (
                Edit(
                    "Dual.__truediv__",
                    "(self.tangent - quotient * other.tangent) / other.value",
                    "self.tangent / other.value - quotient * other.tangent",
                ),
            ),
            ("dual-quotient-square", "denominator-not-squared"),
        ),
        Answer(
            "rop_backward: loses the 2 of the slope's own speed, and that of the penalty",
            ("rop_backward",),
            (
                Edit("rop_backward", "- 2 * grad_h * h * r_h", "- grad_h * h * r_h"),
                Edit("rop_backward", "2 * reg * v_w", "reg * v_w", 2),
            ),
            ("rop-curvature-incomplete", "reg-half"),
        ),
        Answer(
            "pose_backward: takes the residual as projected minus seen",
            ("pose_backward",),
            (
                Edit(
                    "pose_backward",
                    "image - camera.project(pose, points)",
                    "camera.project(pose, points) - image",
                ),
            ),
            ("pose-curvature-sign",),
        ),
    ],
}
