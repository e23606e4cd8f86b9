"""Wrong answers to the linear classifiers and to logistic regression."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

KINDS = {"hinge": "linear_hinge", "softmax": "linear_softmax", "squared": "linear_squared", "logistic": "logistic"}
PENALTY = "+ reg * (w * w).sum()"
LOSS = f"loss = losses.sum() / N {PENALTY}"
ROW = "torch.ones_like(losses) / N"  # the first upstream gradient
W = 'grads["w"] = x.T @ grads["scores"] + grad_w_reg'
CORRECT = '    grads["scores"][rows, y] -= grad_margins.sum(dim=1)\n'
MASK = "(margins > 0)"
NLL = "losses = sums.log()[:, 0] - shifted[rows, y]"
ONE_HOT = "    grad_shifted[rows, y] -= grad_losses\n"
SQUARE = "losses = (errors * errors).sum(dim=1)"
BCE = "losses = torch.logaddexp(torch.zeros_like(t), t)"
SHIFT = "shifted = scores - scores.max(dim=1, keepdim=True).values"


def losses(kind: str) -> list[Answer]:
    """Mistakes that any of the losses invites."""
    return wrong(
        KINDS[kind],
        f"{kind}_loss",
        ("sums over the batch", "losses.sum() / N", "losses.sum()", "batch-mean-missing"),
        ("averages twice", "losses.sum() / N", "losses.mean() / N", "averaged-twice"),
        ("forgets the penalty", PENALTY, "", "reg-missing"),
        ("halves the penalty", PENALTY, "+ reg / 2 * (w * w).sum()", "reg-half"),
        ("subtracts the penalty", PENALTY, "- reg * (w * w).sum()", "reg-sign"),
        *(
            (f"takes {what} for the penalty", PENALTY, f"+ reg * {value}", "reg-not-squared")
            for what, value in (("the norm", "w.norm()"), ("the sizes", "w.abs().sum()"), ("the sum", "w.sum()"))
        ),
        ("averages the penalty too", LOSS, "loss = (losses.sum() + reg * (w * w).sum()) / N", "reg-averaged"),
        ("forgets reg", PENALTY, "+ (w * w).sum()", "reg-not-weighted"),
        ("regularises the bias", PENALTY, "+ reg * ((w * w).sum() + (b * b).sum())", "reg-on-bias"),
        ("returns a loss per row", "loss = losses.sum() / N", "loss = losses", "not-reduced"),
        ("returns zero", LOSS, "loss = torch.zeros(())", "all-zeros"),
        ("returns the penalty alone", "losses.sum() / N +", "", "data-part-missing"),
        ("flips the sign of the data term", "losses.sum() / N", "-losses.sum() / N", "sign-flipped"),
        ("is off by one part in ten thousand", "losses.sum() / N", "1.0001 * losses.sum() / N", None),
        ("forgets the bias", "scores = x @ w + b", "scores = x @ w", "bias-missing"),
    )


def scores(kind: str) -> list[Answer]:
    """Mistakes in the gradient of the scores that any of the losses invites."""
    return wrong(
        KINDS[kind],
        f"{kind}_grad_scores",
        ("forgets the mean", ROW, "torch.ones_like(losses)", "batch-mean-missing"),
        ("averages twice", ROW, "torch.ones_like(losses) / N / N", "averaged-twice"),
        ("flips the sign", ROW, "-torch.ones_like(losses) / N", "sign-flipped"),
        ("starts from zero", ROW, "torch.zeros_like(losses)", "all-zeros"),
        ("doubles it", ROW, "2 * torch.ones_like(losses) / N", "factor-two-extra"),
        ("is off by one part in ten thousand", ROW, "1.0001 * torch.ones_like(losses) / N", None),
    )


def weights(kind: str) -> list[Answer]:
    """Mistakes in the gradient of the weights."""
    ones = W.replace('grads["scores"]', "torch.ones_like(scores)")
    rows = [
        ("forgets the penalty", W, W.replace(" + grad_w_reg", ""), "reg-missing"),
        ("forgets the penalty's factor", "grad_w_reg = 2 * reg * w", "grad_w_reg = reg * w", "reg-half"),
        ("subtracts the penalty", W, W.replace("+", "-"), "reg-sign"),
        ("averages the penalty", "grad_w_reg = 2 * reg * w", "grad_w_reg = 2 * reg * w / N", "reg-averaged"),
        ("forgets reg", "grad_w_reg = 2 * reg * w", "grad_w_reg = 2 * w", "reg-not-weighted"),
        ("overwrites instead of adding", W, 'grads["w"] = grad_w_reg', "data-part-missing"),
        ("averages again", W, W.replace('@ grads["scores"]', '@ grads["scores"] / N'), "averaged-twice"),
        ("undoes the mean", W, W.replace('@ grads["scores"]', '@ grads["scores"] * N'), "batch-mean-missing"),
        ("takes the upstream gradient to be ones", W, ones, "upstream-taken-as-ones"),
        ("takes the upstream gradient to be 1 / N", W, ones.replace("(scores)", "(scores) / N"),
         "upstream-taken-as-ones"),
        ("flips the sign of the data term", W, W.replace("x.T", "-x.T"), "sign-flipped"),
        ("returns zeros", W, 'grads["w"] = torch.zeros_like(w)', "all-zeros"),
        ("returns the weights", W, 'grads["w"] = w', None),
        ("is off by one part in ten thousand", W, W.replace("x.T", "1.0001 * x.T"), None),
        ("changes w in place", "grad_w_reg = 2 * reg * w", "grad_w_reg = w.mul_(2 * reg)", "input-changed"),
    ]  # fmt: skip
    if kind != "logistic":
        rows += [
            ("transposes", W, 'grads["w"] = grads["scores"].T @ x + grad_w_reg.T', "transposed"),
            ("transposes and forgets the penalty", W, 'grads["w"] = grads["scores"].T @ x', "transposed"),
        ]
    else:
        rows += [("does not sum over the rows", W, 'grads["w"] = x * grads["scores"][:, None] + grad_w_reg', None)]
    return wrong(KINDS[kind], f"{kind}_grad_w", *rows)


def biases(kind: str) -> list[Answer]:
    """Mistakes in the gradient of the bias."""
    total = "sum()" if kind == "logistic" else "sum(dim=0)"
    B = f'grads["b"] = grads["scores"].{total}'
    rows = [
        ("averages", B, B.replace("sum", "mean"), "bias-averaged"),
        ("does not sum", B, 'grads["b"] = grads["scores"]', "bias-not-summed"),
        ("adds a penalty", B, f"{B} + 2 * reg * b", "reg-on-bias"),
        *((f"takes the upstream gradient to be {one}", B, B.replace('grads["scores"]', value), "upstream-taken-as-ones")
          for one, value in (("ones", "torch.ones_like(scores)"), ("1 / N", "(torch.ones_like(scores) / N)"))),
        ("returns zeros", B, 'grads["b"] = torch.zeros_like(b)', "all-zeros"),
        ("returns ones", B, 'grads["b"] = torch.ones_like(b)', ("all-ones", "upstream-taken-as-ones")),
        ("flips the sign", B, f"{B} * -1", "sign-flipped"),
        ("undoes the mean", B, f"{B} * N", "batch-mean-missing"),
        ("is off by one part in ten thousand", B, f"{B} * 1.0001", None),
    ]  # fmt: skip
    if kind != "logistic":
        rows += [
            ("sums over the classes", B, B.replace("dim=0", "dim=1"), "bias-wrong-axis"),
            ("sums over everything", B, B.replace("dim=0", ""), "bias-summed-completely"),
            ("keeps the dimension", B, B.replace("dim=0", "dim=0, keepdim=True"), "kept-dimension"),
        ]
    else:
        rows += [
            ("keeps a dimension", B, B.replace("sum()", "sum(dim=0, keepdim=True)"), "kept-dimension"),
            ("sums over one class alone", B, 'grads["b"] = grads["scores"][y == 1].sum()', None),
            ("multiplies with the scores", B, 'grads["b"] = (grads["scores"] * scores).sum()', None),
        ]
    return wrong(KINDS[kind], f"{kind}_grad_b", *rows)


HINGE = [
    *wrong(
        "linear_hinge",
        "hinge_loss",
        ("forgets the margin", " + 1\n", "\n", "hinge-margin-missing"),
        ("subtracts the margin", " + 1\n", " - 1\n", "hinge-scores-swapped"),
        ("counts the correct class", "    margins[rows, y] = 0\n", "", "hinge-correct-class-counted"),
        ("forgets max(0, .)", "margins.clamp(min=0).sum", "margins.sum", "hinge-threshold-missing"),
        ("takes the sizes of the margins", "margins.clamp(min=0).sum", "margins.abs().sum", "hinge-threshold-missing"),
        ("keeps what is below 0", "margins.clamp(min=0).sum", "margins.clamp(max=0).sum", "hinge-mask-inverted"),
        ("takes the worst class alone", "clamp(min=0).sum(dim=1)", "clamp(min=0).amax(dim=1)",
         "hinge-worst-class-only"),
        ("swaps the scores", "scores - scores[rows, y][:, None]", "scores[rows, y][:, None] - scores",
         "hinge-scores-swapped"),
        ("averages over the classes", "clamp(min=0).sum(dim=1)", "clamp(min=0).mean(dim=1)", "averaged-over-classes"),
        ("squares the margins", "clamp(min=0).sum", "clamp(min=0).square().sum", None),
        ("misreads the misprint of the slides", "scores - scores[rows, y][:, None]",
         "scores + scores[rows, y][:, None]", None),
    ),
    *wrong(
        "linear_hinge",
        "hinge_grad_scores",
        ("gives the correct class nothing", CORRECT, "", "hinge-correct-class-missing"),
        ("gives the correct class one margin only", "-= grad_margins.sum(dim=1)", "-= grad_losses",
         "hinge-correct-class-once"),
        ("gives the correct class 1", "-= grad_margins.sum(dim=1)", "-= 1", "hinge-correct-class-once"),
        ("takes the margin off the mask", MASK, "(margins > 2)", "hinge-scores-swapped"),
        ("lets the signs of all margins through", MASK, "margins.sign()", "hinge-threshold-missing"),
        ("counts the correct class's own margin", "-= grad_margins.sum(dim=1)", "-= grad_margins.sum(dim=1) + 1 / N",
         "hinge-correct-class-counted"),
        ("leaves the correct class's own mask in", "-= grad_margins.sum(dim=1)", "-= grad_margins.sum(dim=1) - 1 / N",
         "hinge-correct-class-counted"),
        ("uses the sizes of the margins", f"* {MASK}", "* margins.clamp(min=0)", "hinge-margin-sizes-used"),
        ("lets all margins through", MASK, "torch.ones_like(margins)", "hinge-threshold-missing"),
        ("adds to the correct class", "] -= grad_margins.sum", "] += grad_margins.sum", None),
        ("inverts the mask", MASK, "(margins < 0)", "hinge-mask-inverted"),
        ("masks by the scores", MASK, "(scores > 0)", None),
        ("forgets the margin in the mask", MASK, "((margins > 1) & (margins != 0))", "hinge-margin-missing"),
        ("returns the mask alone", 'grads["scores"] = grad_margins.clone()', 'grads["scores"] = (margins > 0) * 1.0',
         None),
    ),
]  # fmt: skip

SOFTMAX = [
    *wrong(
        "linear_softmax",
        ("softmax_loss", "softmax_grad_scores"),
        ("does not shift the scores", SHIFT, "shifted = scores", "softmax-unstabilised"),
        ("shifts by one number for the whole batch", SHIFT, "shifted = scores - scores.max()", "softmax-unstabilised"),
    ),
    *wrong(
        "linear_softmax",
        "softmax_loss",
        ("takes the log to base 10", NLL, "losses = (sums.log()[:, 0] - shifted[rows, y]) / math.log(10)", "log-base"),
        ("takes the log to base 2", NLL, "losses = (sums.log()[:, 0] - shifted[rows, y]) / math.log(2)", "log-base"),
        ("forgets the log", NLL, "losses = -(exps / sums)[rows, y]", None),
        ("forgets the correct class", NLL, "losses = torch.logsumexp(scores, dim=1)", "one-hot-missing"),
        ("normalises over the batch", NLL, "losses = -scores.log_softmax(dim=0)[rows, y]", "softmax-wrong-axis"),
        ("sums the logs of all classes", NLL, "losses = -shifted.log_softmax(dim=1).sum(dim=1)", "log-of-all-classes"),
        ("uses the complement", NLL, "losses = -(1 - (exps / sums)[rows, y]).clamp(min=1e-300).log()",
         "log-of-wrong-class"),
        ("uses the score as a probability", NLL, "losses = -scores[rows, y]", "scores-as-probabilities"),
        ("puts the log of zero off with an epsilon", NLL, "losses = -((exps / sums)[rows, y] + 1e-3).log()", None),
    ),
    *wrong(
        "linear_softmax",
        "softmax_grad_scores",
        ("forgets the correct class", ONE_HOT, "", "one-hot-missing"),
        ("adds the correct class", "[rows, y] -= grad_losses", "[rows, y] += grad_losses", None),
        ("subtracts 1 where 1 / N arrives", "[rows, y] -= grad_losses", "[rows, y] -= 1", "one-hot-not-averaged"),
        ("normalises over the batch", "grad_shifted = grad_sums * exps",
         "grad_shifted = grad_losses[:, None] * scores.softmax(dim=0)", "softmax-wrong-axis"),
        ("takes the scores for probabilities", "grad_shifted = grad_sums * exps",
         "grad_shifted = grad_losses[:, None] * scores", "scores-as-probabilities"),
        ("forgets to normalise", "grad_shifted = grad_sums * exps", "grad_shifted = grad_losses[:, None] * exps", None),
    ),
]  # fmt: skip

SQUARED = [
    *wrong(
        "linear_squared",
        "squared_loss",
        ("halves the squares", SQUARE, "losses = (errors * errors).sum(dim=1) / 2", "factor-two-missing"),
        ("averages over the classes", SQUARE, "losses = (errors * errors).mean(dim=1)", "averaged-over-classes"),
        ("takes absolute values", SQUARE, "losses = errors.abs().sum(dim=1)", "error-not-squared"),
        ("takes the root", SQUARE, "losses = errors.norm(dim=1)", "error-not-squared"),
        ("forgets the targets", SQUARE, "losses = (scores * scores).sum(dim=1)", "targets-not-subtracted"),
        ("looks at the correct class alone", SQUARE, "losses = errors[rows, y] ** 2", None),
    ),
    *wrong(
        "linear_squared",
        "squared_grad_scores",
        ("forgets the factor", "* 2 * errors", "* errors", "factor-two-missing"),
        ("forgets the targets", "* 2 * errors", "* 2 * scores", "targets-not-subtracted"),
        ("turns the error round", "* 2 * errors", "* 2 * (targets - scores)", "sign-flipped"),
        ("averages over the classes", "* 2 * errors", "* 2 * errors / scores.shape[1]", "averaged-over-classes"),
        ("returns signs", "* 2 * errors", "* errors.sign()", "error-not-squared"),
        ("multiplies by the error twice", "* 2 * errors", "* 2 * errors * errors", None),
    ),
]

LOGISTIC = [
    *wrong(
        "logistic",
        "logistic_loss",
        ("swaps the labels", BCE, "losses = torch.logaddexp(torch.zeros_like(t), -t)", "labels-swapped"),
        ("takes the log of a rounded zero", BCE, "losses = -torch.sigmoid(-t).log()", "sigmoid-unstabilised"),
        ("lets exp overflow", BCE, "losses = (1 + t.exp()).log()", "sigmoid-unstabilised"),
        ("counts the ones only", BCE, BCE + " * y", "one-label-only"),
        ("counts the zeros only", BCE, BCE + " * (1 - y)", "one-label-only"),
        ("takes 0 and 1 for -1 and 1", BCE, "losses = torch.logaddexp(torch.zeros_like(t), -y * scores)",
         "one-label-only"),
        ("forgets the labels", BCE, "losses = torch.logaddexp(torch.zeros_like(t), scores)", "label-not-subtracted"),
        ("squares the error", BCE, "losses = (torch.sigmoid(scores) - y) ** 2", None),
    ),
    *wrong(
        "logistic",
        "logistic_grad_scores",
        ("swaps the labels", "torch.sigmoid(t)", "-torch.sigmoid(-t)", "labels-swapped"),
        ("forgets the label", "= grad_t * signs", "= grad_losses * torch.sigmoid(scores)", "label-not-subtracted"),
        ("takes the sigmoid's gradient once more", "= grad_t * signs",
         "= grad_t * signs * torch.sigmoid(scores) * (1 - torch.sigmoid(scores))", "sigmoid-gradient-twice"),
        ("takes the scores for probabilities", "= grad_t * signs", "= grad_losses * (scores - y)",
         "scores-as-probabilities"),
        ("forgets the sign of t", "= grad_t * signs", "= grad_t", None),
        ("lets exp overflow", "torch.sigmoid(t)", "t.exp() / (1 + t.exp())", "sigmoid-unstabilised"),
        ("returns the error's sign", "= grad_t * signs", "= grad_losses * signs", None),
    ),
]  # fmt: skip

LINEAR: list[Answer] = [
    *HINGE, *SOFTMAX, *SQUARED, *LOGISTIC,
    *(answer for kind in KINDS for part in (losses, scores, weights, biases) for answer in part(kind)),
]  # fmt: skip
