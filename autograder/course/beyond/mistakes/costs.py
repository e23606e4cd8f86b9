"""Wrong answers that are right where they are lazily asked: costs, divergence, systems without a solution."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit

COSTS: list[Answer] = [
    Answer(
        "conjugate_gradients: builds H first",
        ("conjugate_gradients",),
        (Edit("conjugate_gradients", "    left, goal = r @ r", """\
    H = torch.stack([product(row) for row in torch.eye(len(b), dtype=b.dtype)])
    product = lambda v: H @ v
    left, goal = r @ r"""),),
        ("cg-products-wasted",),
    ),
    Answer(
        "power_iteration: multiplies twenty times before it looks",
        ("power_iteration",),
        (Edit("power_iteration", "    v = start\n",
              "    v = start\n    for _ in range(20):\n        v = product(v / v.norm())\n"),),
    ),
    Answer(
        "deq_adjoint: takes two hundred steps instead of a solve",
        ("deq_adjoint",),
        (Edit("deq_adjoint", "    grad_a = solve(system, grad_z[:, :, None])[:, :, 0] * slope", """\
    v = grad_z
    for _ in range(200):
        v = grad_z + (v * slope) @ w.T
    grad_a = v * slope"""),),
        ("no-clear-error",),
    ),
    Answer(
        "deq_adjoint: sums a series until it ends",
        ("deq_adjoint",),
        (Edit("deq_adjoint", "    grad_a = solve(system, grad_z[:, :, None])[:, :, 0] * slope", """\
    grad_a = term = grad_z * slope
    for _ in range(10_000):
        term = (term @ w.T) * slope
        grad_a = grad_a + term
        if term.abs().max() < 1e-18:
            return grad_a
    raise ArithmeticError("the series does not end: the system may be singular")"""),),
        ("error-not-needed",),
    ),
]  # fmt: skip
