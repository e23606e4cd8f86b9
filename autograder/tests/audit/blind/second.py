"""Twenty more wrong answers, written without a look at the diagnoses or at the first twenty.

When they were first tried, after the kit had learnt from the first twenty, all 20 were rejected, 12 of the 16 that have
a misconception were named right, and none was given a wrong name. Two are mistakes that the first twenty have as well.
"""

from __future__ import annotations

from autograder.course.answers import Answer, Edit

FRESH: dict[str, list[Answer]] = {
    "flat": [
        Answer(
            "hinge_loss: set the correct class's margin to 0, and added the 1 only afterwards",
            ("hinge_loss",),
            (
                Edit(
                    "linear_hinge",
                    "    margins = scores - scores[rows, y][:, None] + 1\n    margins[rows, y] = 0\n",
                    "    margins = scores - scores[rows, y][:, None]\n    margins[rows, y] = 0\n"
                    "    margins = margins + 1\n",
                ),
            ),
            ("hinge-correct-class-counted",),
        ),
        Answer(
            "squared_loss: wrote the ones with a colon for the rows, so every row got the labels of all",
            ("squared_loss",),
            (Edit("linear_squared", "targets[rows, y] = 1", "targets[:, y] = 1"),),
        ),
        Answer(
            "softmax_grad_w: divided by N at the end as in another course, and took its penalty with the 1/2 along",
            ("softmax_grad_w",),
            (
                Edit("linear_softmax", "grad_w_reg = 2 * reg * w", "grad_w_reg = reg * w"),
                Edit("linear_softmax", 'x.T @ grads["scores"] +', 'x.T @ grads["scores"] / N +'),
            ),
            ("averaged-twice", "reg-half"),
        ),
        Answer(
            "logistic_loss: remembered log(1 + exp(-y s)), which is meant for labels of -1 and 1",
            ("logistic_loss",),
            (Edit("logistic", "signs = 1 - 2 * y", "signs = -y"),),
            ("one-label-only",),
        ),
        Answer(
            "net_softmax_grad_first: masked a second name of h's gradient in place, so h's gradient is masked as well",
            ("net_softmax_grad_first",),
            (
                Edit(
                    "net_softmax",
                    'grads["a"] = grads["h"] * (a > 0)',
                    'grads["a"] = grads["h"]\n    grads["a"][a <= 0] = 0',
                ),
            ),
        ),
    ],
    "scalar": [
        Answer(
            "symmetric: left out the brackets of the denominator, so the step multiplies",
            ("symmetric",),
            (Edit("differences:symmetric", "/ (2 * eps)", "/ 2 * eps"),),
            ("difference-not-divided",),
        ),
        Answer(
            "value_again: emptied the inputs of all nodes, and added the 1 to whatever the output itself still had",
            ("value_again",),
            (
                Edit(
                    "scalar:Value.backward",
                    "            node.grad = 0.0\n        self.grad = 1.0\n",
                    "            for source in node.inputs:\n                source.grad = 0.0\n"
                    "        self.grad += 1.0\n",
                ),
            ),
            ("stale-gradients",),
        ),
        Answer(
            "tape_dot: listed the local gradients in the order of the inputs, each beside its own value",
            ("tape_dot",),
            (Edit("tape:dot", "[*numbers, *weights, 1.0]", "[*weights, *numbers, 1.0]"),),
            ("mul-gate-not-swapped",),
        ),
    ],
    "tensors": [
        Answer(
            "numeric_jacobian: stacked the columns along the first axis, and reshaped until it fitted",
            ("numeric_jacobian",),
            (Edit("numeric_jacobian", "torch.stack(columns, dim=-1)", "torch.stack(columns)"),),
            ("jacobian-layout",),
        ),
        Answer(
            "corr_forward: began with y = b and added to it in place, so the caller's b changes",
            ("corr_forward",),
            (Edit("correlate", "y = y + w[k] * x[k : k + n]", "y += w[k] * x[k : k + n]"),),
            ("input-changed",),
        ),
        Answer(
            "corr_grad_x: assigned to the windows, which overlap, instead of adding to them",
            ("corr_grad_x",),
            (Edit("correlate_backward", "grad_x[k : k + n] += w[k]", "grad_x[k : k + n] = w[k]"),),
            ("overwritten-not-accumulated", "correlation-first-tap-only"),
        ),
    ],
    "layers": [
        Answer(
            "linear_backward: took 1/m x^T dz and 1/m sum dz from another course, where the layer takes the mean",
            ("linear_backward",),
            (
                Edit(
                    "layers:Linear.backward",
                    '{"w": x.T @ grad_out, "b": grad_out.sum(dim=0)}',
                    '{"w": x.T @ grad_out / len(x), "b": grad_out.mean(dim=0)}',
                ),
            ),
            ("layer-averaged", "bias-averaged"),
        ),
        Answer(
            "softmax_forward: wrote axis 1 for the classes, which is the last axis of a matrix only",
            ("softmax_forward",),
            (Edit("activations:Softmax.forward", "dim=-1, keepdim=True", "dim=1, keepdim=True", 2),),
            ("softmax-wrong-axis",),
        ),
        Answer(
            "dropout_backward: kept no mask when nothing is dropped, so the last one of the training is still there",
            ("dropout_backward",),
            (
                Edit(
                    "layers:Dropout.forward",
                    "        else:\n            self.cache = torch.ones_like(x)\n        out = x * self.cache\n",
                    "            out = x * self.cache\n        else:\n            out = x\n",
                ),
            ),
            ("cache-stale", "dropout-in-use"),
        ),
        Answer(
            "batchnorm_backward: went back through gamma under the old name, before gamma and beta had their gradients",
            ("batchnorm_backward",),
            (
                Edit(
                    "batchnorm:BatchNorm.backward",
                    "inv, normal = self.cache\n",
                    "inv, normal = self.cache\n        grad_out = grad_out * gamma\n",
                ),
                Edit("batchnorm:BatchNorm.backward", "grad_x = gamma * inv * ", "grad_x = inv * ", 2),
            ),
            ("batchnorm-beta-of-gamma",),
        ),
    ],
    "training": [
        Answer(
            "momentum: wrote another course's form, v = rho v - lr dw and w += v",
            ("momentum",),
            (
                Edit("optim:Momentum.step", "+ grads[name]", "- self.lr * grads[name]"),
                Edit("optim:Momentum.step", "w -= self.lr * v", "w += v"),
            ),
            ("rate-in-velocity",),
        ),
        Answer(
            "buffered_net: read the right classes' scores after exp_ had gone over them in place",
            ("buffered_net",),
            (
                Edit(
                    "buffers:BufferedNet.step",
                    "        right = scores[rows, y].sum()\n        sums = scores.exp_().sum(dim=1, keepdim=True)\n",
                    "        sums = scores.exp_().sum(dim=1, keepdim=True)\n        right = scores[rows, y].sum()\n",
                ),
            ),
        ),
    ],
    "beyond": [
        Answer(
            "dual_arithmetic: wrote the quotient rule without brackets round b * b, so one b cancels the other",
            ("dual_arithmetic",),
            (
                Edit(
                    "forward_mode:Dual.__truediv__",
                    "result = Dual(quotient, (self.tangent - quotient * other.tangent) / other.value)",
                    "top = self.tangent * other.value - self.value * other.tangent\n"
                    "        result = Dual(quotient, top / other.value * other.value)",
                ),
            ),
            ("dual-quotient-square",),
        ),
        Answer(
            "rop_backward: copied w2's penalty from the gradient, and let w2 stand still on the way to h",
            ("rop_backward",),
            (
                Edit("second_order:rop_backward", "2 * reg * v_w2", "2 * reg * w2"),
                Edit("second_order:rop_backward", " + grad_scores @ v_w2.T", ""),
            ),
            ("rop-penalty-of-weights", "rop-w-stands-still", "rop-direction-missing"),
        ),
        Answer(
            "conjugate_gradients: took b for the first guess, with the residual of a start at zero",
            ("conjugate_gradients",),
            (Edit("second_order:conjugate_gradients", "torch.zeros_like(b), b, b", "b, b, b"),),
        ),
    ],
}
