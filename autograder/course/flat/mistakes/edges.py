"""Wrong answers that are right nearly everywhere: not at 0, nor where a probability rounds to 0."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

THROUGH = """    probs = exps / sums
    grad_probs = torch.zeros_like(probs)
    grad_probs[rows, y] = -grad_losses / probs[rows, y]
    grads["scores"] = probs * (grad_probs - (grad_probs * probs).sum(dim=1, keepdim=True))
"""
BACK = """    grad_sums = grad_losses[:, None] / sums
    grad_shifted = grad_sums * exps
    grad_shifted[rows, y] -= grad_losses
    grads["scores"] = grad_shifted
"""
NLL = "losses = sums.log()[:, 0] - shifted[rows, y]"
BCE = "losses = torch.logaddexp(torch.zeros_like(t), t)"
SHIFT = "scores.max(dim=1, keepdim=True).values"
CLAMP = "p = torch.sigmoid(scores).clamp({e}, 1 - {e}); losses = -(y * p.log() + (1 - y) * (1 - p).log())"
ADDED = "p = torch.sigmoid(scores); losses = -(y * (p + {e}).log() + (1 - y) * (1 - p + {e}).log())"

SMALL = "1e-5 1e-6 1e-7 1e-8 1e-9 1e-10 1e-12 1e-15".split()  # what keeps a probability's logarithm finite


def propped(old: str, *props: str) -> list[tuple]:
    """Ways to keep a probability away from 0, with every number that is in use."""
    return [(f"keeps the probability {e} away from 0, way {way}", old, prop.format(e=e), "probability-propped")
            for way, prop in enumerate(props, 1) for e in SMALL]  # fmt: skip


EDGES: list[Answer] = [
    *wrong(
        "toy",
        "toy",
        ("wins y back from the product", 'grads["p"] * y', 'grads["p"] * p / x', "zero-over-zero"),
    ),
    *wrong(
        "neuron",
        "neuron",
        ("wins x0 back from the product", 'grads["w0"] = grad_s0 * x0', 'grads["w0"] = grad_s0 * s0 / w0',
         "zero-over-zero"),
    ),
    *wrong(
        "linear_softmax",
        "softmax_grad_scores",
        ("shifts by the mean of the row", SHIFT, "scores.mean(dim=1, keepdim=True)", "softmax-unstabilised"),
        ("goes back through probabilities and divides by them", BACK, THROUGH, "softmax-unstabilised"),
    ),
    *wrong(
        "net_softmax",
        "net_softmax_grad_second",
        ("shifts by the mean of the row", SHIFT, "scores.mean(dim=1, keepdim=True)", "softmax-unstabilised"),
        ("goes back through probabilities and divides by them", BACK, THROUGH, "softmax-unstabilised"),
    ),
    *wrong(
        "linear_softmax",
        "softmax_loss",
        ("shifts by the largest score of the batch", SHIFT, "scores.max()", "softmax-unstabilised"),
        ("shifts by the mean of the row", SHIFT, "scores.mean(dim=1, keepdim=True)", "softmax-unstabilised"),
        *propped(NLL, "losses = -((exps / sums)[rows, y] + {e}).log()",
                 "losses = -(exps / sums)[rows, y].clamp(min={e}).log()"),
    ),
    *wrong(
        "net_softmax",
        "net_softmax_loss",
        ("shifts by the largest score of the batch", SHIFT, "scores.max()", "softmax-unstabilised"),
        ("shifts by the mean of the row", SHIFT, "scores.mean(dim=1, keepdim=True)", "softmax-unstabilised"),
        *propped(NLL, "losses = -((exps / sums)[rows, y] + {e}).log()"),
    ),
    *wrong(
        "logistic",
        "logistic_loss",
        *propped(BCE, ADDED, CLAMP),
    ),
    *(
        answer
        for kind in ("hinge", "softmax")
        for answer in wrong(
            f"net_{kind}",
            f"net_{kind}_grad_first",
            ("divides the ReLU's output by its input", 'grads["h"] * (a > 0)', 'grads["h"] * (h / a)',
             "zero-over-zero"),
        )
    ),
]  # fmt: skip

EDGES += wrong(
    "logistic",
    "logistic_loss",
    *(
        (f"{what} where it is sure, from a score of ten on", BCE, f"losses = {way}", None)
        for what, way in (
            ("takes the score", "torch.nn.functional.softplus(t, threshold=10)"),
            ("takes 0", "torch.where(t < -10, torch.zeros_like(t), torch.nn.functional.softplus(t, threshold=40))"),
        )
    ),
)

TIES = "margins = margins * (scores != scores[rows, y][:, None])"  # the right class, and every one with its score
EDGES += wrong(
    "linear_hinge",
    "hinge_loss",
    ("knows the right class by its margin of 1", "margins[rows, y] = 0", "margins[margins == 1] = 0", None),
    ("leaves out all classes with the score of the right one", "margins[rows, y] = 0", TIES, None),
)
EDGES += wrong(
    "net_hinge",
    "net_hinge_loss",
    ("leaves out all classes with the score of the right one", "margins[rows, y] = 0", TIES, None),
)
