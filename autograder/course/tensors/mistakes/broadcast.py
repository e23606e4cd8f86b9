"""Wrong answers to the items on broadcasting."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

LEAD = "grad_out.sum(dim=tuple(range(new_axes))) if new_axes else grad_out"
STRETCHED = "grad_x.sum(dim=stretched, keepdim=True)"
WHICH = "if size == 1"
MX, MY = "unbroadcast(grad_out * y, x.shape)", "unbroadcast(grad_out * x, y.shape)"

BROADCAST: list[Answer] = [
    *wrong(
        "unbroadcast",
        "unbroadcast",
        (
            "sums nothing",
            f"    grad_x = {LEAD}\n",
            "    return grad_out\n",
            ("broadcast-not-summed", "broadcast-axes-kept"),
        ),
        ("loses the axes of size one", STRETCHED, "grad_x.sum(dim=stretched)", "broadcast-axes-lost"),
        (
            "keeps the new axes",
            "tuple(range(new_axes)))",
            "tuple(range(new_axes)), keepdim=True)",
            ("broadcast-axes-kept", "kept-dimension"),
        ),
        ("averages over the new axes", "grad_out.sum(", "grad_out.mean(", "broadcast-averaged"),
        ("averages over the axes of size one", "grad_x.sum(", "grad_x.mean(", "broadcast-averaged"),
        (
            "forgets the axes of size one",
            "if stretched:",
            "if False:",
            ("broadcast-not-summed", "broadcast-size-one-forgotten"),
        ),
        (
            "forgets the new axes",
            f"grad_x = {LEAD}",
            "grad_x = grad_out if not new_axes else grad_out[(0,) * new_axes]",
            "broadcast-one-copy-only",
        ),
        (
            "leaves the new axes alone",
            f"    grad_x = {LEAD}\n",
            "    ones = [new_axes + axis for axis, size in enumerate(shape) if size == 1]\n"
            "    return grad_out.sum(dim=ones, keepdim=True) if ones else grad_out\n",
            ("broadcast-new-axes-forgotten", "broadcast-not-summed"),
        ),
        (
            "aligns from the left",
            f"grad_x = {LEAD}",
            "grad_x = grad_out.sum(dim=tuple(range(grad_out.dim() - new_axes, grad_out.dim()))) if new_axes else grad_out",  # noqa: E501
            ("broadcast-aligned-left", "broadcast-axes-kept"),
        ),
        (
            "sums over the first axis always",
            f"grad_x = {LEAD}",
            "grad_x = grad_out.sum(dim=0)",
            ("broadcast-axes-partly", "broadcast-summed-completely", "broadcast-not-summed", "broadcast-axes-lost"),
        ),
        (
            "sums over everything",
            f"grad_x = {LEAD}",
            "grad_x = grad_out.sum().expand(shape)",
            "broadcast-summed-completely",
        ),
        (
            "sums one of several axes only",
            "dim=stretched, keepdim",
            "dim=stretched[:1], keepdim",
            ("broadcast-axes-partly", "broadcast-not-summed"),
        ),
        (
            "takes the first copy",
            STRETCHED,
            "grad_x[tuple(slice(1) if a in stretched else slice(None) for a in range(grad_x.dim()))]",
            "broadcast-one-copy-only",
        ),
        (
            "reshapes whatever comes",
            STRETCHED,
            "grad_x.sum(dim=stretched).reshape(-1)",
            ("broadcast-axes-lost", "summed-too-far", "kept-dimension"),
        ),
        (
            "sums along axes that were not stretched",
            WHICH,
            "if size != 1",
            ("broadcast-not-summed", "broadcast-size-one-forgotten"),
        ),
        (
            "works in place",
            f"grad_x = {LEAD}",
            f"grad_x = {LEAD.replace('grad_out.sum', 'grad_out.mul_(1.5).sum')}",
            "input-changed",
        ),
    ),
    *wrong(
        "mul_backward",
        "mul_backward",
        ("does not swap the gate of x", MX, "unbroadcast(grad_out * x, x.shape)", "mul-gate-not-swapped"),
        ("does not swap the gate of y", MY, "unbroadcast(grad_out * y, y.shape)", "mul-gate-not-swapped"),
        ("forgets the local gradient of x", MX, "unbroadcast(grad_out, x.shape)", "mul-local-missing"),
        ("forgets the local gradient of y", MY, "unbroadcast(grad_out, y.shape)", "mul-local-missing"),
        ("does not sum the copies of y", MY, "grad_out * x", ("broadcast-not-summed", "broadcast-axes-kept")),
        ("does not sum the copies of x", MX, "grad_out * y", ("broadcast-not-summed", "broadcast-axes-kept")),
        ("averages the copies", MY, f"{MY} / (grad_out.numel() // y.numel())", "broadcast-averaged"),
        (
            "takes the upstream to be ones",
            MX,
            "unbroadcast(torch.ones_like(grad_out) * y, x.shape)",
            "upstream-taken-as-ones",
        ),
        ("swaps the two answers", "return grad_x, grad_y", "return grad_y, grad_x", "mul-gate-not-swapped"),
        (
            "sums before it multiplies",
            MY,
            "unbroadcast(grad_out, y.shape) * unbroadcast(x.expand(grad_out.shape), y.shape)",
            "mul-summed-before-multiplying",
        ),
        (
            "returns the sum over the rows always",
            MY,
            "(grad_out * x).sum(dim=0)",
            ("broadcast-summed-completely", "summed-too-far", "broadcast-axes-lost"),
        ),
        ("writes into the upstream gradient", MX, "unbroadcast(grad_out.mul_(y), x.shape)", "input-changed"),
        ("flips the sign of y", MY, f"-{MY}", "sign-flipped"),
        (
            "gives x's shape to both",
            "y.shape)",
            "x.shape) if x.shape == y.shape else (grad_out * x).sum(0)[None]",
            ("broadcast-axes-kept", "broadcast-not-summed", "kept-dimension"),
        ),
    ),
]
