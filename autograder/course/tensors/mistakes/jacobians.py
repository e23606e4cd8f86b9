"""Wrong answers to the items on explicit Jacobians, and to the count of multiplications."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

RELU = "torch.diag((x > 0).to(x.dtype))"
SOFTMAX = "torch.diag(y) - torch.outer(y, y)"
X, W = 'torch.einsum("ni,dm->nmid", same_row, w)', 'torch.einsum("nd,mj->nmdj", x, same_column)'
EVALUATE = "(function(x + nudge) - function(x - nudge)) / (2 * h)"
SHAPE = "torch.stack(columns, dim=-1).reshape(*columns[0].shape, *x.shape)"
LEFT, RIGHT = "sizes[0] * sizes[i - 1] * sizes[i]", "sizes[i - 1] * sizes[i] * sizes[-1]"

JACOBIANS: list[Answer] = [
    *wrong(
        "relu_jacobian",
        "relu_jacobian",
        ("returns the diagonal only", RELU, "(x > 0).to(x.dtype)", "jacobian-diagonal-only"),
        ("returns the diagonal as a column", RELU, "(x > 0).to(x.dtype)[:, None]", "jacobian-diagonal-only"),
        ("puts the values on the diagonal", RELU, "torch.diag(x.clamp(min=0))", "relu-values-instead-of-mask"),
        ("passes everything", RELU, "torch.eye(len(x), dtype=x.dtype)", "relu-mask-missing"),
        ("opens the wrong gates", "x > 0", "x < 0", "relu-mask-inverted"),
        ("fills whole rows", RELU, "(x > 0).to(x.dtype).expand(len(x), len(x)).clone()", "jacobian-rows-filled"),
        (
            "fills whole columns",
            RELU,
            "(x > 0).to(x.dtype)[:, None].expand(len(x), len(x)).clone()",
            "jacobian-rows-filled",
        ),
        ("flips the sign", RELU, f"-{RELU}", "sign-flipped"),
        ("puts the threshold at one", "x > 0", "x > 1", None),
        ("returns a mask", RELU, "torch.diag(x > 0)", "dtype-changed"),
        ("sums the Jacobian up", RELU, f"{RELU}.sum()", "jacobian-summed"),
        ("takes the sign for the slope", RELU, "torch.diag(torch.sign(x))", None),
        ("clamps the input in place", RELU, "torch.diag((x.clamp_(min=0) > 0).to(x.dtype))", "input-changed"),
    ),
    *wrong(
        "softmax_jacobian",
        "softmax_jacobian",
        ("forgets the cross terms", SOFTMAX, "torch.diag(y * (1 - y))", "softmax-cross-terms-missing"),
        ("treats it as an exponential", SOFTMAX, "torch.diag(y)", "softmax-cross-terms-missing"),
        ("returns the diagonal only", SOFTMAX, "y * (1 - y)", "jacobian-diagonal-only"),
        ("adds the cross terms", SOFTMAX, "torch.diag(y) + torch.outer(y, y)", "softmax-sign-of-cross-terms"),
        ("forgets the diagonal", SOFTMAX, "-torch.outer(y, y)", "softmax-diagonal-missing"),
        ("flips the sign", SOFTMAX, "torch.outer(y, y) - torch.diag(y)", "sign-flipped"),
        ("lets large scores overflow", "torch.softmax(x, dim=0)", "x.exp() / x.exp().sum()", "softmax-unstabilised"),
        ("uses the scores", "y = torch.softmax(x, dim=0)", "y = x", "softmax-of-inputs"),
        ("forgets to normalise", "y = torch.softmax(x, dim=0)", "y = (x - x.max()).exp()", None),
        (
            "takes the softmax twice",
            "torch.softmax(x, dim=0)",
            "torch.softmax(torch.softmax(x, dim=0), dim=0)",
            "softmax-of-softmax",
        ),
        (
            "differentiates the log-softmax",
            SOFTMAX,
            "torch.eye(len(y), dtype=y.dtype) - y[None].expand(len(y), -1)",
            "softmax-unnormalised",
        ),
        (
            "subtracts the maximum in place",
            "y = torch.softmax(x, dim=0)",
            "x -= x.max().clone()\n    y = torch.softmax(x, dim=0)",
            "input-changed",
        ),
        ("doubles the cross terms", SOFTMAX, "torch.diag(y) - 2 * torch.outer(y, y)", None),
    ),
    *wrong(
        "matmul_jacobian_x",
        "matmul_jacobian",
        ("puts x's axes first", '"ni,dm->nmid"', '"ni,dm->idnm"', "jacobian-layout"),
        (
            "forgets that rows do not meet",
            "torch.eye(len(x), dtype=w.dtype)",
            "torch.ones(x.shape[0], x.shape[0], dtype=w.dtype)",
            "jacobian-every-row",
        ),
        ("swaps the last two axes", '"ni,dm->nmid"', '"ni,dm->nmdi"', "transposed"),
        ("leaves the rows out", X, "w.T.expand(x.shape[0], -1, -1)", "jacobian-summed"),
        ("flattens the axes of x", X, f"{X}.flatten(2)", "jacobian-flat"),
        ("flattens everything into a matrix", X, f"{X}.flatten(2).flatten(0, 1)", "jacobian-flat"),
        ("flips the sign", X, f"-{X}", "sign-flipped"),
        ("doubles it", X, f"2 * {X}", "factor-two-extra"),
        ("leaves zeros", X, f"0 * {X}", "all-zeros"),
        ("fills in ones", X, f"torch.ones_like({X})", "all-ones"),
    ),
    *wrong(
        "matmul_jacobian_w",
        "matmul_jacobian",
        ("puts w's axes first", '"nd,mj->nmdj"', '"nd,mj->djnm"', "jacobian-layout"),
        (
            "forgets that columns do not meet",
            "torch.eye(w.shape[1], dtype=x.dtype)",
            "torch.ones(w.shape[1], w.shape[1], dtype=x.dtype)",
            "jacobian-every-row",
        ),
        ("leaves the columns out", W, "x[:, None, :].expand(-1, w.shape[1], -1)", "jacobian-summed"),
        ("flattens the axes of w", W, f"{W}.flatten(2)", "jacobian-flat"),
        (
            "multiplies x by ten in place",
            W,
            "torch.einsum('nd,mj->nmdj', x.mul_(10), same_column) / 10",
            "input-changed",
        ),
        ("swaps the first two axes", '"nd,mj->nmdj"', '"nd,mj->mndj"', "transposed"),
    ),
    *wrong(
        "numeric_jacobian",
        "numeric_jacobian",
        ("takes a one-sided difference", EVALUATE, "(function(x + nudge) - function(x)) / h", "one-sided-difference"),
        (
            "takes the other one-sided difference",
            EVALUATE,
            "(function(x) - function(x - nudge)) / h",
            "one-sided-difference",
        ),
        (
            "divides by h instead of 2h",
            EVALUATE,
            "(function(x + nudge) - function(x - nudge)) / h",
            "difference-step-wrong",
        ),
        ("does not divide", EVALUATE, "function(x + nudge) - function(x - nudge)", "difference-step-wrong"),
        ("multiplies by h", "/ (2 * h)", "/ 2 * h", "difference-step-wrong"),
        (
            "uses a step of its own",
            "    x = x.to(torch.float64)\n",
            "    x, h = x.to(torch.float64), 1e-2\n",
            "difference-step-ignored",
        ),
        (
            "uses a small step of its own",
            "    x = x.to(torch.float64)\n",
            "    x, h = x.to(torch.float64), 1e-6\n",
            "difference-step-ignored",
        ),
        ("puts x's axes first", SHAPE, "torch.stack(columns).reshape(*x.shape, *columns[0].shape)", "jacobian-layout"),
        (
            "stacks the columns as rows, and reshapes until it fits",
            SHAPE,
            "torch.stack(columns).reshape(*columns[0].shape, *x.shape)",
            "jacobian-layout",
        ),
        ("leaves x flat", SHAPE, "torch.stack(columns, dim=-1)", "jacobian-flat"),
        (
            "stays in single precision",
            "    x = x.to(torch.float64)\n",
            "    x = x.to(torch.float32)\n",
            "dtype-changed",
        ),
        (
            "lets the nudges pile up",
            "nudge = nudge.reshape(x.shape)",
            "nudge = nudge.reshape(x.shape)\n        x = x + nudge",
            "nudges-pile-up",
        ),
        ("takes a long step", "nudge[entry] = h", "nudge[entry] = h = 0.5", "difference-step-too-large"),
        ("nudges everything at once", "nudge[entry] = h", "nudge[:] = h", None),
        ("flips the sign", EVALUATE, "(function(x - nudge) - function(x + nudge)) / (2 * h)", "sign-flipped"),
        (
            "writes its nudge into x",
            "nudge = nudge.reshape(x.shape)",
            "nudge = nudge.reshape(x.shape)\n        x[...] = x + 0.01",
            None,
        ),
    ),
    *wrong(
        "cost_left_to_right",
        "product_cost",
        ("counts from the other end", LEFT, "sizes[i - 2] * sizes[i - 1] * sizes[-1]", "cost-wrong-end"),
        ("counts the additions too", LEFT, f"2 * {LEFT}", "cost-additions-too"),
        ("forgets the inner size", LEFT, "sizes[0] * sizes[i]", "cost-inner-size-missing"),
        (
            "forgets what has been multiplied so far",
            LEFT,
            "sizes[i - 2] * sizes[i - 1] * sizes[i]",
            "cost-outer-size-only",
        ),
        ("starts one matrix too late", "range(2, len(sizes))", "range(3, len(sizes))", None),
        ("starts one matrix too early", "range(2, len(sizes))", "range(1, len(sizes))", None),
        ("stops one matrix too early", "range(2, len(sizes))", "range(2, len(sizes) - 1)", None),
        ("takes all matrices to be square", LEFT, "sizes[i] ** 3", None),
    ),
    *wrong(
        "cost_right_to_left",
        "product_cost",
        ("counts from the other end", RIGHT, "sizes[0] * sizes[i] * sizes[i + 1]", "cost-wrong-end"),
        ("counts the additions too", RIGHT, f"2 * {RIGHT}", "cost-additions-too"),
        ("forgets the inner size", RIGHT, "sizes[i - 1] * sizes[-1]", "cost-inner-size-missing"),
        (
            "forgets what has been multiplied so far",
            RIGHT,
            "sizes[i - 1] * sizes[i] * sizes[i + 1]",
            "cost-outer-size-only",
        ),
        ("leaves the first matrix out", "range(len(sizes) - 2, 0, -1)", "range(len(sizes) - 2, 1, -1)", None),
    ),
]
