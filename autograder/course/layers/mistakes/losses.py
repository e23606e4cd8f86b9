"""Wrong answers to the losses and the penalty."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit, wrong

SHIFT = "shifted = scores - scores.amax(dim=1, keepdim=True)"
MEAN, EXP, ONE, DIVIDE = (
    "-log_probs[rows, y].mean()",
    "grad_scores = log_probs.exp()",
    "grad_scores[rows, y] -= 1",
    "grad_scores = grad_scores / N",
)
CROSS: list[Answer] = [
    *wrong(
        "softmax_cross_entropy",
        "loss_cross_entropy",
        ("overflows", SHIFT, "shifted = scores + 0", "softmax-unstabilised"),
        ("takes the log of the softmax", "shifted - shifted.exp().sum(dim=1, keepdim=True).log()",
         "(shifted.exp() / shifted.exp().sum(dim=1, keepdim=True)).log()", "softmax-unstabilised"),
        ("shields the log with a small number", "shifted - shifted.exp().sum(dim=1, keepdim=True).log()",
         "(shifted.exp() / shifted.exp().sum(dim=1, keepdim=True) + 1e-12).log()", "probability-propped"),
        ("sums over the batch", MEAN, "-log_probs[rows, y].sum()", "batch-mean-missing"),
        ("forgets the minus", MEAN, "log_probs[rows, y].mean()", "sign-flipped"),
        ("gives a loss for each row", MEAN, "-log_probs[rows, y]", "not-reduced"),
        ("takes the score for the log", MEAN, "-scores[rows, y].mean()", "scores-as-probabilities"),
        ("takes the logs of all classes", MEAN, "-log_probs.sum(dim=1).mean()", "log-of-all-classes"),
        ("runs down the batch", "dim=1, keepdim=True", "dim=0, keepdim=True", "softmax-wrong-axis", ),
        ("takes logs to base ten", MEAN, "-log_probs[rows, y].mean() / 2.302585092994046", "log-base"),
        ("does not subtract the right class", ONE, "pass", "one-hot-missing"),
        ("subtracts it after the mean", f"{ONE}\n    {DIVIDE}", f"{DIVIDE}\n    {ONE}", "one-hot-not-averaged"),
        ("does not average the gradient", DIVIDE, "pass", "batch-mean-missing"),
        ("averages over the classes, too", DIVIDE, "grad_scores = grad_scores / N / scores.shape[1]",
         "averaged-over-classes"),
        ("flips the sign of the gradient", DIVIDE, "grad_scores = -grad_scores / N", "sign-flipped"),
        ("takes scores for probabilities", EXP, "grad_scores = scores.clone()", "scores-as-probabilities"),
        ("shifts the scores themselves", SHIFT, "shifted = scores.sub_(scores.amax(dim=1, keepdim=True))",
         "input-changed"),
        ("works in single precision", SHIFT, f"scores = scores.float()\n    {SHIFT}", "dtype-changed"),
    ),
]  # fmt: skip
CROSS = [
    Answer(a.name, a.items, tuple(Edit(e.where, e.old, e.new, 2) if "runs down" in a.name else e for e in a.edits),
           a.diagnosis)
    for a in CROSS
]  # fmt: skip

MARGINS, OWN, TOTAL, PASSED, COLLECT = (
    "margins = scores - scores[rows, y][:, None] + 1",
    "margins[rows, y] = 0",
    "loss = margins.clamp(min=0).sum() / N",
    "(margins > 0).to(scores.dtype) / N",
    "grad_scores[rows, y] -= grad_scores.sum(dim=1)",
)
HINGE: list[Answer] = wrong(
    "hinge",
    "loss_hinge",
    ("forgets the margin", MARGINS, "margins = scores - scores[rows, y][:, None]", "hinge-margin-missing"),
    ("subtracts the margin", MARGINS, "margins = scores - scores[rows, y][:, None] - 1", "hinge-scores-swapped"),
    ("swaps the scores", MARGINS, "margins = scores[rows, y][:, None] - scores + 1", "hinge-scores-swapped"),
    ("counts the right class", OWN, "pass", "hinge-correct-class-counted"),
    ("sums over the batch", TOTAL, "loss = margins.clamp(min=0).sum()", "batch-mean-missing"),
    ("averages over the classes", TOTAL, "loss = margins.clamp(min=0).mean()", "averaged-over-classes"),
    ("counts margins below zero", TOTAL, "loss = margins.sum() / N", "hinge-threshold-missing"),
    ("counts the worst class only", TOTAL, "loss = margins.clamp(min=0).amax(dim=1).mean()", "hinge-worst-class-only"),
    ("squares the margins", TOTAL, "loss = margins.clamp(min=0).square().sum() / N", None),
    ("takes the margins for their mask", PASSED, "margins.clamp(min=0) / N", "hinge-margin-sizes-used"),
    ("does not average the gradient", PASSED, "(margins > 0).to(scores.dtype)", "batch-mean-missing"),
    ("opens the wrong margins", PASSED, "(margins < 0).to(scores.dtype) / N", "hinge-mask-inverted"),
    ("lets the right class collect nothing", COLLECT, "pass", "hinge-correct-class-missing"),
    ("lets the right class collect once", COLLECT, "grad_scores[rows, y] -= 1 / N", "hinge-correct-class-once"),
    ("adds for the right class", COLLECT, "grad_scores[rows, y] += grad_scores.sum(dim=1)", None),
    ("flips the sign of the gradient", COLLECT, f"{COLLECT}\n    grad_scores = -grad_scores", "sign-flipped"),
    ("writes into the scores", MARGINS, "margins = scores.sub_(scores[rows, y][:, None] - 1)", "input-changed"),
    ("gives a loss for each row", TOTAL, "loss = margins.clamp(min=0).sum(dim=1)", "not-reduced"),
    ("works in single precision", "(margins > 0).to(scores.dtype)", "(margins > 0).float()", "dtype-changed"),
)

ERRORS, SQUARES, SLOPE = "errors[rows, y] -= 1", "(errors * errors).sum() / N", "2 * errors / N"
SQUARED: list[Answer] = wrong(
    "squared",
    "loss_squared",
    ("does not subtract the target", ERRORS, "pass", "targets-not-subtracted"),
    ("adds the target", ERRORS, "errors[rows, y] += 1", None),
    ("subtracts the label", ERRORS, "errors -= y[:, None]", None),
    ("does not square", SQUARES, "errors.sum() / N", "error-not-squared"),
    ("takes sizes for squares", SQUARES, "errors.abs().sum() / N", "error-not-squared"),
    ("takes the root", SQUARES, "(errors * errors).sum(dim=1).sqrt().mean()", "error-not-squared"),
    ("halves", SQUARES, "(errors * errors).sum() / N / 2", "factor-two-missing"),
    ("averages over the classes", SQUARES, "(errors * errors).mean()", "averaged-over-classes"),
    ("sums over the batch", SQUARES, "(errors * errors).sum()", "batch-mean-missing"),
    ("gives a loss for each row", SQUARES, "(errors * errors).sum(dim=1)", "not-reduced"),
    ("forgets the two", SLOPE, "errors / N", "factor-two-missing"),
    ("does not average the gradient", SLOPE, "2 * errors", "batch-mean-missing"),
    ("averages the gradient over the classes", SLOPE, "2 * errors / errors.numel()", "averaged-over-classes"),
    ("flips the sign of the gradient", SLOPE, "-2 * errors / N", "sign-flipped"),
    ("takes the errors' signs", SLOPE, "errors.sign() / N", "error-not-squared"),
    ("writes into the scores", "errors = scores.clone()", "errors = scores", "input-changed"),
    ("works in single precision", "errors = scores.clone()", "errors = scores.clone().float()", "dtype-changed"),
)

NAMED, ADD, SLOPES = (
    'if name.split(".")[-1] == "w":',
    "penalty + reg * (w * w).sum()",
    "grads[name] = 2 * reg * w",
)
PENALTY: list[Answer] = wrong(
    "l2",
    "l2_penalty",
    ("counts everything", NAMED, "if True:", "reg-on-bias"),
    ("counts all but biases", NAMED, 'if name.split(".")[-1] != "b":', "reg-on-bias"),
    ("counts whatever ends in w", NAMED, 'if name.endswith("w"):', "reg-names"),
    ("counts whatever has a w", NAMED, 'if "w" in name:', "reg-names"),
    ("knows single layers only", NAMED, 'if name == "w":', ("reg-names", "reg-one-layer")),
    ("knows nets only", NAMED, 'if name.endswith(".w"):', ("reg-names", "reg-one-layer")),
    ("counts matrices only", NAMED, 'if name.split(".")[-1] == "w" and w.dim() == 2:', "reg-one-layer"),
    ("counts the first layer only", "grads[name] = 2 * reg * w", "grads[name] = 2 * reg * w\n            break",
     "reg-one-layer"),
    ("keeps the last layer only", ADD, "reg * (w * w).sum()", "reg-one-layer"),
    ("halves", ADD, "penalty + reg / 2 * (w * w).sum()", "reg-half"),
    ("ignores reg", ADD, "penalty + (w * w).sum()", "reg-not-weighted"),
    ("takes a norm", ADD, "penalty + reg * (w * w).sum().sqrt()", "reg-not-squared"),
    ("takes sizes", ADD, "penalty + reg * w.abs().sum()", "reg-not-squared"),
    ("squares reg, too", ADD, "penalty + (reg * w * reg * w).sum()", "reg-weight-squared"),
    ("averages", ADD, "penalty + reg * (w * w).mean()", "reg-mean"),
    ("forgets the two", SLOPES, "grads[name] = reg * w", "reg-half"),
    ("ignores reg in the gradient", SLOPES, "grads[name] = 2 * w", "reg-not-weighted"),
    ("flips the sign", SLOPES, "grads[name] = -2 * reg * w", "reg-sign"),
    ("takes the sign for the slope", SLOPES, "grads[name] = reg * w.sign()", "reg-not-squared"),
    ("shrinks the weights on the way", SLOPES, "grads[name] = w.mul_(2 * reg)", "input-changed"),
    ("gives zeros for the others", "    for name, w",
     "    grads = {name: torch.zeros_like(w) for name, w in params.items()}\n    for name, w", "reg-on-bias"),
)  # fmt: skip

LOSSES = [*CROSS, *HINGE, *SQUARED, *PENALTY]
