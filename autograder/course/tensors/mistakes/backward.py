"""Wrong answers to the backward passes of ReLU, softmax and the matrix product."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

RELU = "grad_out * (x > 0)"
SHARED, SOFTMAX = "(grad_out * y).sum(dim=-1, keepdim=True)", "y * (grad_out - shared)"
GX, GW = "grad_out @ w.T", "x.T @ grad_out"
SQUARE = "x.shape[0] == x.shape[1] == w.shape[1]"
WHOLE_X = 'torch.einsum("nm,nmid->id", grad_out, matmul_jacobian_x(x, w))'
WHOLE_W = 'torch.einsum("nm,nmdj->dj", grad_out, matmul_jacobian_w(x, w))'
ROWS = """torch.zeros_like(x).flatten()
    for i in range(x.numel()):
        row = torch.zeros_like(grad_x)
        row[i] = (x.flatten()[i] > 0).to(x.dtype)
        grad_x = grad_x + grad_out.flatten()[i] * row
    grad_x = grad_x.reshape(x.shape)"""
DIAGONAL = "(grad_out.flatten() @ torch.diag((x > 0).to(x.dtype).flatten())).reshape(x.shape)"
ROW_JACOBIANS = "(grad_out[..., None, :] @ (torch.diag_embed(y) - y[..., :, None] * y[..., None, :]))[..., 0, :]"
ROW_BY_ROW = """torch.zeros_like(y)
    for i in range(y.shape[-1]):
        row = -y[..., i : i + 1] * y
        row[..., i] += y[..., i]
        grad_x = grad_x + grad_out[..., i : i + 1] * row"""

BACKWARD: list[Answer] = [
    *wrong(
        "relu_backward",
        "relu_backward",
        ("passes everything back", RELU, "grad_out.clone()", "relu-mask-missing"),
        ("masks by the upstream gradient", "x > 0", "grad_out > 0", "relu-mask-from-upstream"),
        ("opens the wrong gates", "x > 0", "x < 0", "relu-mask-inverted"),
        ("stops at the local gradient", RELU, "(x > 0).to(x.dtype)", "relu-mask-alone"),
        ("multiplies with the values", RELU, "grad_out * x.clamp(min=0)", "relu-values-instead-of-mask"),
        ("goes forward again", RELU, "x.clamp(min=0)", "relu-forward-again"),
        ("takes the sign for the mask", RELU, "grad_out * torch.sign(x)", "relu-sign-for-mask"),
        ("flips the sign", RELU, f"-{RELU}", "sign-flipped"),
        ("writes into the upstream gradient", RELU, "grad_out.mul_(x > 0)", "input-changed"),
        ("writes into the input", RELU, "x.gt_(0).mul_(grad_out)", "input-changed"),
        (
            "sets zeros in the upstream gradient",
            f"grad_x = {RELU}",
            "grad_out[x <= 0] = 0\n    grad_x = grad_out",
            "input-changed",
        ),
        ("builds the Jacobian", RELU, DIAGONAL, "needs-whole-jacobian"),
        ("builds the Jacobian row by row", RELU, ROWS, "needs-whole-jacobian"),
        ("flattens the answer", RELU, f"({RELU}).flatten()", None),
    ),
    *wrong(
        "softmax_backward",
        "softmax_backward",
        ("forgets the cross terms", SOFTMAX, "y * (1 - y) * grad_out", "softmax-cross-terms-missing"),
        ("treats it as an exponential", SOFTMAX, "y * grad_out", "softmax-cross-terms-missing"),
        ("sums over the whole batch", SHARED, "(grad_out * y).sum()", "softmax-shared-too-far"),
        ("sums along axis 1", SHARED, "(grad_out * y).sum(dim=1, keepdim=True)", "softmax-shared-too-far"),
        ("sums over the batch's axis", SHARED, "(grad_out * y).sum(dim=0, keepdim=True)", "softmax-shared-too-far"),
        (
            "sums the upstream gradients unweighted",
            SHARED,
            "grad_out.sum(dim=-1, keepdim=True)",
            "softmax-upstream-unweighted",
        ),
        (
            "averages the upstream gradients",
            SHARED,
            "grad_out.mean(dim=-1, keepdim=True)",
            "softmax-upstream-unweighted",
        ),
        (
            "averages instead of summing",
            SHARED,
            "(grad_out * y).mean(dim=-1, keepdim=True)",
            "softmax-cross-terms-averaged",
        ),
        ("adds the cross terms", "grad_out - shared", "grad_out + shared", "softmax-sign-of-cross-terms"),
        ("forgets y on the cross terms", SOFTMAX, "y * grad_out - shared", "softmax-term-unscaled"),
        ("forgets y on the diagonal", SOFTMAX, "grad_out - y * shared", "softmax-term-unscaled"),
        ("keeps the cross terms only", SOFTMAX, "-y * shared", "softmax-diagonal-missing"),
        (
            "takes the softmax once more",
            "    shared =",
            "    y = torch.softmax(y, dim=-1)\n    shared =",
            "softmax-of-softmax",
        ),
        ("takes all upstream gradients to be one", SOFTMAX, "y * (1 - y)", "upstream-taken-as-ones"),
        ("writes into the upstream gradient", SHARED, "grad_out.mul_(y).sum(dim=-1, keepdim=True)", "input-changed"),
        ("writes into the cache", SOFTMAX, "y.mul_(grad_out - shared)", "input-changed"),
        ("flips the sign", SOFTMAX, "y * (shared - grad_out)", "sign-flipped"),
        ("forgets keepdim, which fits for one vector", ", keepdim=True", "", None),
    ),
    *wrong(
        "softmax_backward",
        "softmax_linear",
        ("builds the Jacobian of each row", SOFTMAX, ROW_JACOBIANS, "needs-whole-jacobian"),
        (
            "builds the outer product",
            SOFTMAX,
            "y * grad_out - (y[..., :, None] * y[..., None, :] * grad_out[..., None, :]).sum(-1)",
            "needs-whole-jacobian",
        ),
        (
            "builds it as a matrix product",
            SOFTMAX,
            "y * grad_out - ((y[..., :, None] @ y[..., None, :]) @ grad_out[..., None])[..., 0]",
            "needs-whole-jacobian",
        ),
        (
            "builds it with einsum",
            SOFTMAX,
            'y * grad_out - torch.einsum("...ij,...j->...i", torch.einsum("...i,...j->...ij", y, y), grad_out)',
            "needs-whole-jacobian",
        ),
        ("goes through the Jacobian row by row", SOFTMAX, ROW_BY_ROW, "needs-whole-jacobian"),
        (
            "builds a matrix of zeros to fill",
            SOFTMAX,
            f"{SOFTMAX} + 0 * torch.zeros(y.shape[-1], y.shape[-1], dtype=y.dtype).sum()",
            "needs-whole-jacobian",
        ),
        (
            "builds the identity",
            SOFTMAX,
            f"{SOFTMAX} + 0 * torch.eye(y.shape[-1], dtype=y.dtype).sum()",
            "needs-whole-jacobian",
        ),
        (
            "builds the diagonal matrix",
            SOFTMAX,
            "(grad_out[..., None, :] @ torch.diag_embed(y))[..., 0, :] - y * shared",
            "needs-whole-jacobian",
        ),
        ("forgets the cross terms in linear time", SOFTMAX, "y * (1 - y) * grad_out", "softmax-cross-terms-missing"),
        ("returns nothing but zeros, quickly", SOFTMAX, "torch.zeros_like(y)", ("all-zeros", "upstream-taken-as-ones")),
    ),
    *wrong(
        "matmul_backward",
        "matmul_grad_x",
        (
            "forgets the transpose where nobody notices",
            GX,
            f"{GX} if not ({SQUARE}) else grad_out @ w",
            "factor-not-transposed",
        ),
        (
            "swaps the factors where nobody notices",
            GX,
            f"{GX} if not ({SQUARE}) else w.T @ grad_out",
            "factors-swapped",
        ),
        (
            "multiplies w from the left where nobody notices",
            GX,
            f"{GX} if not ({SQUARE}) else w @ grad_out",
            "factors-swapped",
        ),
        (
            "transposes the upstream where nobody notices",
            GX,
            f"{GX} if not ({SQUARE}) else grad_out.T @ w.T",
            "upstream-transposed",
        ),
        ("transposes the answer", GX, f"({GX}).T", "transposed"),
        ("takes the upstream to be ones", GX, "torch.ones_like(grad_out) @ w.T", "upstream-taken-as-ones"),
        (
            "sums the upstream gradients first",
            GX,
            "grad_out.sum(0, keepdim=True).expand_as(grad_out) @ w.T",
            "upstream-summed-first",
        ),
        ("averages over the batch", GX, f"{GX} / x.shape[0]", "averaged-twice"),
        ("flips the sign", GX, f"-{GX}", "sign-flipped"),
        ("stops at the local gradient", GX, "w.T.clone()", "local-gradient-only"),
        ("gives a row that would broadcast", GX, f"({GX}).sum(0, keepdim=True)", None),
        ("scales the upstream gradient in place", GX, "grad_out.mul_(2) @ w.T / 2", "input-changed"),
        ("is off by one part in ten thousand", GX, f"1.0001 * {GX}", None),
    ),
    *wrong(
        "matmul_backward",
        "matmul_grad_w",
        (
            "forgets the transpose where nobody notices",
            GW,
            f"{GW} if not ({SQUARE}) else x @ grad_out",
            "factor-not-transposed",
        ),
        (
            "swaps the factors where nobody notices",
            GW,
            f"{GW} if not ({SQUARE}) else grad_out @ x.T",
            "factors-swapped",
        ),
        (
            "multiplies x from the right where nobody notices",
            GW,
            f"{GW} if not ({SQUARE}) else grad_out @ x",
            "factors-swapped",
        ),
        (
            "transposes the upstream where nobody notices",
            GW,
            f"{GW} if not ({SQUARE}) else x.T @ grad_out.T",
            "upstream-transposed",
        ),
        ("gives the layout of nn.Linear", GW, "grad_out.T @ x", "transposed"),
        ("takes the upstream to be ones", GW, "x.T @ torch.ones_like(grad_out)", "upstream-taken-as-ones"),
        ("averages over the batch", GW, f"{GW} / x.shape[0]", "averaged-twice"),
        (
            "sums the upstream gradients first",
            GW,
            "x.T @ grad_out.mean(0, keepdim=True).expand_as(grad_out)",
            "upstream-summed-first",
        ),
        ("flips the sign", GW, f"-{GW}", "sign-flipped"),
        ("gives a column that would broadcast", GW, f"({GW}).sum(1, keepdim=True)", None),
        ("subtracts the mean of x in place", GW, "(x - 0).T @ grad_out + 0 * x.add_(1).sum()", "input-changed"),
        ("is off by one part in ten thousand", GW, f"1.0001 * {GW}", None),
    ),
    *wrong(
        "matmul_backward",
        "matmul_implicit",
        ("contracts the explicit dY/dX", GX, WHOLE_X, "needs-whole-jacobian"),
        ("contracts the explicit dY/dW", GW, WHOLE_W, "needs-whole-jacobian"),
        (
            "flattens dY/dX into a matrix",
            GX,
            "(grad_out.flatten() @ matmul_jacobian_x(x, w).flatten(0, 1).flatten(1)).reshape(x.shape)",
            "needs-whole-jacobian",
        ),
        (
            "flattens dY/dW into a matrix",
            GW,
            "(grad_out.flatten() @ matmul_jacobian_w(x, w).flatten(0, 1).flatten(1)).reshape(w.shape)",
            "needs-whole-jacobian",
        ),
        (
            "multiplies and sums dY/dX",
            GX,
            "(grad_out[:, :, None, None] * matmul_jacobian_x(x, w)).sum((0, 1))",
            "needs-whole-jacobian",
        ),
        (
            "builds a Kronecker product",
            GX,
            "(torch.kron(torch.eye(len(x), dtype=w.dtype), w) @ grad_out.flatten()).reshape(x.shape)",
            "needs-whole-jacobian",
        ),
        (
            "builds the Kronecker product for w",
            GW,
            "(torch.kron(x.T.contiguous(), torch.eye(w.shape[1], dtype=x.dtype)) @ grad_out.flatten()).reshape(w.shape)",  # noqa: E501
            "needs-whole-jacobian",
        ),
        (
            "goes through dY/dW output by output",
            GW,
            """torch.zeros_like(w)
    for n in range(x.shape[0]):
        for m in range(w.shape[1]):
            slice_ = torch.zeros_like(w)
            slice_[:, m] = x[n]
            grad_w = grad_w + grad_out[n, m] * slice_""",
            "needs-whole-jacobian",
        ),
        (
            "goes through dY/dX output by output",
            GX,
            """torch.zeros_like(x)
    for n in range(x.shape[0]):
        for m in range(w.shape[1]):
            slice_ = torch.zeros_like(x)
            slice_[n] = w[:, m]
            grad_x = grad_x + grad_out[n, m] * slice_""",
            "needs-whole-jacobian",
        ),
        ("returns zeros, quickly", GX, "torch.zeros_like(x)", "all-zeros"),
    ),
]
