"""Wrong answers to the two-layer nets."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

KINDS = {"hinge": "net_hinge", "softmax": "net_softmax"}
PENALTY = "+ reg * ((w1 * w1).sum() + (w2 * w2).sum())"
ROW = "torch.ones_like(losses) / N"
W2 = 'grads["w2"] = h.T @ grads["scores"] + grad_w2_reg'
B2 = 'grads["b2"] = grads["scores"].sum(dim=0)'
H = 'grads["h"] = grads["scores"] @ w2.T'
A = 'grads["a"] = grads["h"] * (a > 0)'
W1 = 'grads["w1"] = x.T @ grads["a"] + grad_w1_reg'
B1 = 'grads["b1"] = grads["a"].sum(dim=0)'
RELU = "h = a.clamp(min=0)"


def losses(kind: str) -> list[Answer]:
    """Mistakes in the forward pass."""
    return wrong(
        KINDS[kind],
        f"net_{kind}_loss",
        ("sums over the batch", "losses.sum() / N", "losses.sum()", "batch-mean-missing"),
        ("forgets the penalty", PENALTY, "", "reg-missing"),
        ("halves the penalty", PENALTY, PENALTY.replace("reg", "reg / 2"), "reg-half"),
        ("forgets the first layer's penalty", PENALTY, "+ reg * (w2 * w2).sum()", "reg-one-layer"),
        ("forgets the second layer's penalty", PENALTY, "+ reg * (w1 * w1).sum()", "reg-one-layer"),
        ("averages the penalty too", PENALTY, PENALTY + " / N", "reg-averaged"),
        *(
            (f"takes {what} for the penalty", PENALTY, f"+ reg * (w1.{value} + w2.{value})", "reg-not-squared")
            for what, value in (("norms", "norm()"), ("sizes", "abs().sum()"), ("sums", "sum()"))
        ),
        ("regularises the biases", PENALTY, PENALTY[:-1] + " + (b1 * b1).sum() + (b2 * b2).sum())", "reg-on-bias"),
        ("forgets the ReLU", RELU, "h = a", "relu-missing"),
        ("takes the absolute value for the ReLU", RELU, "h = a.abs()", None),
        ("forgets the first bias", "a = x @ w1 + b1", "a = x @ w1", "bias-missing"),
        ("forgets the second bias", "h @ w2 + b2", "h @ w2", "bias-missing"),
        ("puts the ReLU on the scores too", "h @ w2 + b2", "(h @ w2 + b2).clamp(min=0)", None),
        ("is off by one part in ten thousand", "losses.sum() / N", "1.0001 * losses.sum() / N", None),
    )


def second(kind: str) -> list[Answer]:
    """Mistakes in the gradients of the second layer."""
    return wrong(
        KINDS[kind],
        f"net_{kind}_grad_second",
        ("forgets the mean", ROW, "torch.ones_like(losses)", "batch-mean-missing"),
        ("flips the sign", ROW, "-torch.ones_like(losses) / N", "sign-flipped"),
        ("forgets the penalty of w2", W2, W2.replace(" + grad_w2_reg", ""), "reg-missing"),
        ("forgets the factor of its penalty", "_reg = 2 * reg * w2", "_reg = reg * w2", "reg-half"),
        ("looks at the values before the ReLU", W2, W2.replace("h.T", "a.T"), "input-before-relu"),
        ("transposes w2", W2, 'grads["w2"] = grads["scores"].T @ h + grad_w2_reg.T', "transposed"),
        ("takes w2's upstream gradient to be ones", W2, W2.replace('grads["scores"]', "torch.ones_like(scores)"),
         "upstream-taken-as-ones"),
        ("averages b2", B2, B2.replace("sum", "mean"), "bias-averaged"),
        ("sums b2 over the classes", B2, B2.replace("dim=0", "dim=1"), "bias-wrong-axis"),
        ("regularises b2", B2, B2 + " + 2 * reg * b2", "reg-on-bias"),
        ("keeps a dimension of b2", B2, B2.replace("dim=0", "dim=0, keepdim=True"), "kept-dimension"),
        ("is off by one part in ten thousand", W2, W2.replace("h.T", "1.0001 * h.T"), None),
        ("changes w2 in place", "grad_w2_reg = 2 * reg * w2", "grad_w2_reg = 2 * reg * w2.add_(1).sub(1)",
         "input-changed"),
    )  # fmt: skip


def first(kind: str) -> list[Answer]:
    """Mistakes in the gradients of the first layer and of what lies between the layers."""
    return wrong(
        KINDS[kind],
        f"net_{kind}_grad_first",
        *((f"takes h's upstream gradient to be {one}", H, H.replace('grads["scores"]', value), "upstream-taken-as-ones")
          for one, value in (("ones", "torch.ones_like(scores)"), ("1 / N", "(torch.ones_like(scores) / N)"))),
        ("flips the sign of h", H, H.replace("= ", "= -"), "sign-flipped"),
        ("averages h again", H, H + " / N", "averaged-twice"),
        ("forgets the ReLU", A, 'grads["a"] = grads["h"].clone()', "relu-mask-missing"),
        ("masks by the upstream gradient", A, A.replace("(a > 0)", '(grads["h"] > 0)'), "relu-mask-from-upstream"),
        ("masks by the sum before its bias", A, A.replace("(a > 0)", "(x @ w1 > 0)"), "relu-mask-from-upstream"),
        ("inverts the mask", A, A.replace("(a > 0)", "(a < 0)"), "relu-mask-inverted"),
        ("returns the mask alone", A, 'grads["a"] = (a > 0).to(a.dtype)', "relu-mask-alone"),
        ("returns the mask as booleans", A, 'grads["a"] = a > 0', None),
        ("multiplies by the ReLU's values", A, A.replace("(a > 0)", "h"), "relu-values-instead-of-mask"),
        ("steps over the ReLU for w1", W1, W1.replace('grads["a"]', 'grads["h"]'), "upstream-from-wrong-node"),
        ("forgets the penalty of w1", W1, W1.replace(" + grad_w1_reg", ""), "reg-missing"),
        ("forgets the factor of its penalty", "_reg = 2 * reg * w1", "_reg = reg * w1", "reg-half"),
        ("subtracts the penalty of w1", W1, W1.replace("+", "-"), "reg-sign"),
        ("overwrites w1's gradient", W1, 'grads["w1"] = grad_w1_reg', "data-part-missing"),
        ("transposes w1", W1, 'grads["w1"] = grads["a"].T @ x + grad_w1_reg.T', "transposed"),
        ("averages b1", B1, B1.replace("sum", "mean"), "bias-averaged"),
        ("steps over the ReLU for b1", B1, B1.replace('grads["a"]', 'grads["h"]'), "upstream-from-wrong-node"),
        ("sums b1 over the hidden units", B1, B1.replace("dim=0", "dim=1"), "bias-wrong-axis"),
        ("forgets b1", B1, "", None),
        ("is off by one part in ten thousand", A, A + " * 1.0001", None),
    )  # fmt: skip


STABLE = wrong(
    "net_softmax",
    ("net_softmax_loss", "net_softmax_grad_second"),
    ("does not shift the scores", "shifted = scores - scores.max(dim=1, keepdim=True).values", "shifted = scores",
     "softmax-unstabilised"),
)  # fmt: skip

NETS: list[Answer] = [
    *STABLE,
    *(answer for kind in KINDS for part in (losses, second, first) for answer in part(kind)),
    *wrong(
        "net_softmax",
        "net_softmax_grad_second",
        ("forgets the correct class", "    grad_shifted[rows, y] -= grad_losses\n", "", "one-hot-missing"),
    ),
    *wrong(
        "net_hinge",
        "net_hinge_grad_second",
        ("gives the correct class nothing", '    grads["scores"][rows, y] -= grad_margins.sum(dim=1)\n', "",
         "hinge-correct-class-missing"),
        ("uses the sizes of the margins", "* (margins > 0)", "* margins.clamp(min=0)", "hinge-margin-sizes-used"),
    ),
]  # fmt: skip
