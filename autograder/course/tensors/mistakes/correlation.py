"""Wrong answers to the items on the correlation layer."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

STEP = "y = y + w[k] * x[k : k + n]"
B, W = "grad_b = grad_out", "torch.stack([grad_out @ x[k : k + n] for k in range(K)])"
X = "grad_x[k : k + n] += w[k] * grad_out"
LOOP = f"""    grad_x = torch.zeros_like(x)
    for k in range(K):
        {X}
"""

TOEPLITZ = """torch.zeros(n, len(x), dtype=x.dtype)
    for k in range(K):
        matrix.diagonal(k).fill_(w[k])
"""

CORRELATION: list[Answer] = [
    *wrong(
        "correlate",
        "corr_forward",
        ("runs the weights backwards", STEP, "y = y + w[-1 - k] * x[k : k + n]", "correlation-flipped"),
        ("convolves as textbooks do", STEP, "y = y + w[len(w) - 1 - k] * x[k : k + n]", "correlation-flipped"),
        ("forgets the bias", "y = b", "y = torch.zeros_like(b)", "correlation-bias-missing"),
        ("adds the bias K times", STEP, f"{STEP} + b", None),
        (
            "forgets the last weight",
            "range(len(w))",
            "range(max(len(w) - 1, 0))",
            ("correlation-tap-missing", "correlation-first-tap-only"),
        ),
        (
            "forgets the first weight",
            "range(len(w))",
            "range(1, len(w))",
            ("correlation-tap-missing", "correlation-first-tap-only"),
        ),
        ("uses the first weight only", "range(len(w))", "range(1)", "correlation-first-tap-only"),
        ("does not shift the input", "x[k : k + n]", "x[:n]", None),
        ("wraps around and shifts by one", STEP, "y = y + w[k] * torch.roll(x, -k - 1)[:n]", "correlation-shifted"),
        (
            "runs the input backwards",
            STEP,
            "y = y + w[k] * x.flip(0)[k : k + n]",
            ("correlation-input-reversed", "correlation-flipped"),
        ),
        ("forgets the weights", STEP, "y = y + x[k : k + n]", "correlation-weights-ignored"),
        ("writes into the bias", "y = b", "y = b.mul_(1.5)", "input-changed"),
        ("flips the sign", "return y", "return -y", "sign-flipped"),
    ),
    *wrong(
        "correlate_backward",
        "corr_grad_x",
        ("runs the weights backwards", X, "grad_x[k : k + n] += w[K - 1 - k] * grad_out", "correlation-flipped"),
        ("overwrites instead of adding", X, "grad_x[k : k + n] = w[k] * grad_out", "overwritten-not-accumulated"),
        (
            "runs the upstream gradient backwards",
            X,
            "grad_x[k : k + n] += w[k] * grad_out.flip(0)",
            "correlation-upstream-reversed",
        ),
        (
            "forgets the last weight",
            LOOP,
            LOOP.replace("range(K)", "range(K - 1)"),
            ("correlation-tap-missing", "correlation-first-tap-only"),
        ),
        (
            "uses the first weight only",
            LOOP,
            LOOP.replace("range(K)", "range(1)"),
            ("correlation-first-tap-only", "correlation-tap-missing"),
        ),
        ("forgets the weights", X, "grad_x[k : k + n] += grad_out", "correlation-weights-ignored"),
        ("takes the upstream to be ones", X, "grad_x[k : k + n] += w[k]", "upstream-taken-as-ones"),
        ("returns the outputs' length", LOOP, LOOP + "    grad_x = grad_x[:n]\n", "correlation-border-cut"),
        ("leaves the border at zero", LOOP, LOOP + "    grad_x[n:] = 0\n", "correlation-border-cut"),
        ("does not shift", X, "grad_x[:n] += w[k] * grad_out", None),
        (
            "correlates once more",
            LOOP,
            "    wide = torch.nn.functional.pad(grad_out, (K - 1, K - 1))\n"
            "    grad_x = torch.stack([w @ wide[i : i + K] for i in range(len(x))])\n",
            "correlation-flipped",
        ),
        ("flips the sign", X, "grad_x[k : k + n] -= w[k] * grad_out", "sign-flipped"),
        ("collects in x itself", "grad_x = torch.zeros_like(x)", "grad_x = x.zero_()", "input-changed"),
    ),
    *wrong(
        "correlate_backward",
        "corr_grad_w",
        ("runs the weights backwards", W, f"{W}.flip(0)", "correlation-flipped"),
        (
            "gives every weight the same",
            W,
            "torch.stack([grad_out @ x[:n] for k in range(K)])",
            "correlation-one-sum-for-all",
        ),
        ("averages", W, f"{W} / n", "mean-for-sum"),
        (
            "takes the upstream to be ones",
            W,
            "torch.stack([x[k : k + n].sum() for k in range(K)])",
            "upstream-taken-as-ones",
        ),
        (
            "runs the upstream gradient backwards",
            W,
            "torch.stack([grad_out.flip(0) @ x[k : k + n] for k in range(K)])",
            ("correlation-upstream-reversed", "correlation-flipped"),
        ),
        (
            "runs the input backwards",
            W,
            "torch.stack([grad_out @ x.flip(0)[k : k + n] for k in range(K)])",
            ("correlation-input-reversed", "correlation-flipped"),
        ),
        (
            "shifts by one",
            W,
            "torch.stack([grad_out @ torch.roll(x, -1)[k : k + n] for k in range(K)])",
            "correlation-shifted",
        ),
        ("flips the sign", W, f"-{W}", "sign-flipped"),
        ("sums everything into one number", W, f"{W}.sum()", None),
        ("leaves zeros", W, "torch.zeros_like(w)", "all-zeros"),
        ("multiplies by the weights", W, f"w * {W}", None),
        (
            "writes into the upstream gradient",
            W,
            "torch.stack([grad_out.mul_(1.1) @ x[k : k + n] for k in range(K)])",
            "input-changed",
        ),
    ),
    *wrong(
        "correlate_backward",
        "corr_grad_b",
        ("sums it up", B, "grad_b = grad_out.sum()", "bias-summed-completely"),
        ("sums it up for all", B, "grad_b = grad_out.sum().expand(n)", "bias-summed-completely"),
        ("averages", B, "grad_b = grad_out / n", "bias-averaged"),
        ("takes the mean for all", B, "grad_b = grad_out.mean().expand(n)", "bias-averaged"),
        (
            "takes the upstream to be ones",
            B,
            "grad_b = torch.ones_like(grad_out)",
            ("upstream-taken-as-ones", "all-ones"),
        ),
        ("leaves zeros", B, "grad_b = torch.zeros_like(grad_out)", "all-zeros"),
        ("flips the sign", B, "grad_b = -grad_out", "sign-flipped"),
        ("multiplies by the weights", B, "grad_b = grad_out * w.sum()", "correlation-weights-in-bias"),
        ("runs it backwards", B, "grad_b = grad_out.flip(0)", "correlation-upstream-reversed"),
        ("gives it the input's length", B, "grad_b = torch.nn.functional.pad(grad_out, (0, K - 1))", None),
        ("doubles it", B, "grad_b = 2 * grad_out", "factor-two-extra"),
        (
            "doubles the upstream gradient in place",
            B,
            "grad_b = grad_out.mul_(2)",
            ("factor-two-extra", "input-changed"),
        ),
    ),
    *wrong(
        "correlate_backward",
        "corr_linear",
        (
            "builds the banded matrix for x",
            LOOP,
            f"    matrix = {TOEPLITZ}    grad_x = matrix.T @ grad_out\n",
            "needs-whole-jacobian",
        ),
        (
            "builds an identity to start from",
            LOOP,
            LOOP + "    grad_x = grad_x + 0 * torch.eye(n, dtype=x.dtype)[0, 0]\n",
            "needs-whole-jacobian",
        ),
        (
            "builds all pairs for w",
            W,
            "torch.stack([(torch.outer(grad_out, x)).diagonal(k).sum() for k in range(K)])",
            "needs-whole-jacobian",
        ),
        (
            "builds the Jacobian of the bias",
            B,
            "grad_b = grad_out @ torch.eye(n, dtype=x.dtype)",
            "needs-whole-jacobian",
        ),
        (
            "goes through the rows of the Jacobian",
            LOOP,
            """    grad_x = torch.zeros_like(x)
    for j in range(n):
        row = torch.zeros_like(x)
        row[j : j + K] = w
        grad_x = grad_x + grad_out[j] * row
""",
            "needs-whole-jacobian",
        ),
        ("returns zeros, quickly", LOOP, "    grad_x = torch.zeros_like(x)\n", "all-zeros"),
    ),
    *wrong(
        "correlate",
        "corr_linear",
        (
            "multiplies with the banded matrix",
            """    y = b
    for k in range(len(w)):
        y = y + w[k] * x[k : k + n]
""",
            f"    K = len(w)\n    matrix = {TOEPLITZ}    y = matrix @ x + b\n",
            "needs-whole-jacobian",
        ),
        (
            "builds all pairs",
            STEP,
            "y = y + w[k] * torch.outer(x[k : k + n], torch.ones_like(b))[:, 0]",
            "needs-whole-jacobian",
        ),
        (
            "builds a matrix to index into",
            STEP,
            f"{STEP} + 0 * torch.zeros(n, n, dtype=x.dtype)[0]",
            "needs-whole-jacobian",
        ),
    ),
]
