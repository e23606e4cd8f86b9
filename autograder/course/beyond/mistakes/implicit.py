"""Wrong answers to the items on implicit layers."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit, wrong

# Predicted numbers in the notebook

FORESEEN = {"circle": -0.75, "linear": 10, "root": 0.25, "steps": 1375, "kept": 3_200_000}
NOTEBOOK = {"predicted_implicit": FORESEEN}


def note(what: str, diagnosis: str | None = None, **changes: object) -> Answer:
    ids = (diagnosis,) if diagnosis else ()
    told = {"predicted_implicit": FORESEEN | changes}
    return Answer(f"predicted_implicit: {what}", ("implicit_by_hand",), diagnosis=ids, notebook=told)


NOTES = [
    note("follows the slides' sign", "implicit-minus-missing", circle=0.75),
    note("turns the circle's quotient round", "implicit-upside-down", circle=-4 / 3),
    note("takes one side of the circle's equation", "implicit-one-side", circle=-1.2),
    note("forgets that z feeds itself", "implicit-feedback-missing", linear=1),
    note("divides by one plus the feedback", "implicit-feedback-sign", linear=1 / 1.9),
    note("stops after one step back", "implicit-one-step", linear=1.9),
    note("turns the linear slope round", "implicit-upside-down", linear=0.1),
    note("writes the root for its slope", "implicit-value-for-slope", root=2),
    note("forgets the x / z in the feedback", "implicit-feedback-partial", root=0.5),
    note("flips the root's sign", "implicit-minus-missing", root=-0.25),
    note("stops one step too early", "steps-off-by-one", steps=1374),
    note("takes the logarithm to base ten", "steps-of-the-wrong-logarithm", steps=597),
    note("counts the last step alone", "kept-without-steps", kept=3200),
    note("counts one row alone", "kept-without-batch", kept=100_000),
    note("counts bytes", "kept-in-bytes", kept=12_800_000),
    note("writes words", None, circle="steep"),
    note("leaves one open", None, steps=None),
]

# The linear solve

CHECK = "if not (condition < 0.1 / torch.finfo(system.dtype).eps).all():"
SOLVED = "torch.linalg.solve(system, right)"
SOLVE = wrong(
    "solve",
    "solve",
    ("looks for no singular system", CHECK, "if False:", "no-clear-error"),
    ("asks for a determinant of zero", CHECK, "if (torch.linalg.det(system) == 0).any():", "no-clear-error"),
    ("asks for a small determinant", CHECK, "if (torch.linalg.det(system).abs() < 1e-10).any():",
     ("no-clear-error", "error-not-needed")),
    ("asks whether all systems are singular", ".eps).all():", ".eps).any():", "no-clear-error"),
    ("knows double precision alone", "torch.finfo(system.dtype).eps", "2e-16", "no-clear-error"),
    ("asks whether the condition is too large, which nan is not", CHECK,
     "if (condition >= 0.1 / torch.finfo(system.dtype).eps).any():", "no-clear-error"),
    ("refuses what is merely ill conditioned", "0.1 / torch.finfo(system.dtype).eps", "1e4", "error-not-needed"),
    ("raises without a word", 'f"the system is singular: its condition number is {float(condition.max()):.1g}"', "",
     "no-clear-error"),
    ("raises another kind of error", "raise ArithmeticError(", "raise ValueError(", "no-clear-error"),
    ("returns zeros instead of raising",
     'raise ArithmeticError(f"the system is singular: its condition number is {float(condition.max()):.1g}")',
     "return torch.zeros_like(right)", "no-clear-error"),
    ("solves the transposed system", SOLVED, "torch.linalg.solve(system.mT, right)", "solve-transposed"),
    ("multiplies instead of solving", SOLVED, "system @ right", "implicit-multiplied"),
    ("inverts entry by entry", SOLVED, "(1 / system) @ right", None),
    ("divides by the diagonal", SOLVED, "right / system.diagonal(dim1=-2, dim2=-1)[..., None]", None),
    ("softens every system a little", SOLVED,
     "torch.linalg.solve(system + 1e-8 * torch.eye(system.shape[-1], dtype=system.dtype), right)", None),
    ("solves in single precision", SOLVED, "torch.linalg.solve(system.float(), right.float())", "dtype-changed"),
    ("writes into the right side", SOLVED, "right.copy_(torch.linalg.solve(system, right))", "input-changed"),
)  # fmt: skip

SOLVE.append(
    Answer(
        "solve: takes the pseudo-inverse of a singular system",
        ("solve",),
        (Edit("solve", CHECK, "if False:"), Edit("solve", SOLVED, "torch.linalg.pinv(system) @ right")),
        ("no-clear-error",),
    )
)

# The fixed point

STEP, STOP = "torch.tanh(z @ w + drive)", "if moved <= tol:"
REFUSE = """    if not settled:
        raise ArithmeticError(f"the iteration did not converge: z still moves by {moved:.1g} after {max_steps} steps")
"""
DEQ_SOLVE = wrong(
    "deq_solve",
    "deq_solve",
    ("forgets the input", "x @ u + b", "0 * (x @ u) + b", ("deq-input-missing", "all-zeros")),
    ("forgets the bias", "x @ u + b", "x @ u", "deq-bias-missing"),
    ("transposes w", STEP, "torch.tanh(z @ w.T + drive)", "deq-transposed"),
    ("does not feed z back", STEP, "torch.tanh(drive)", "deq-feedback-missing"),
    ("adds the input outside the tanh", STEP, "torch.tanh(z @ w) + drive", None),
    ("takes five steps whatever happens", "range(max_steps):", "range(5):", ("error-not-needed", "no-clear-error")),
    ("takes six steps and calls it settled", STOP, "if moved <= tol or _ == 5:", ("deq-too-early", "no-clear-error")),
    ("knows its own tolerance", STOP, "if moved <= 1e-2:", ("deq-too-early", "error-not-needed")),
    (
        "asks whether one entry has settled",
        "abs().max()",
        "abs().min()",
        ("deq-too-early", "no-clear-error"),
    ),
    (
        "takes the first row's word",
        "(z - before).abs().max()",
        "(z - before)[0].abs().max()",
        ("no-clear-error", "deq-too-early"),
    ),
    ("returns what it has", REFUSE, "    settled = True\n", "no-clear-error"),
    ("never gives up being content", "    if not settled:", "    if moved > 1:", None),
    ("takes nan for settled", STOP, "if not moved > tol:", "no-clear-error"),
    ("raises another kind of error", "raise ArithmeticError(", "raise RuntimeError(", "no-clear-error"),
    ("raises without the word", "did not converge", "is not done", "no-clear-error"),
    ("allows a thousand steps always", "range(max_steps):", "range(1000):", ("no-clear-error", "error-not-needed")),
    ("halves the value", STEP, "0.5 * torch.tanh(z @ w + drive)", None),
    ("returns the line before the tanh", STEP, "torch.tanh(z) @ w + drive", "deq-outside-tanh"),
)

# Its backward pass

GA = "[:, :, 0] * slope"
WHOLE = "solve(system, grad_z[:, :, None])[:, :, 0] * slope"
DEQ_ADJOINT = wrong(
    "deq_adjoint",
    "deq_adjoint",
    ("goes back one step", WHOLE, "grad_z * slope", "implicit-one-step"),
    ("passes the upstream gradient on", WHOLE, "grad_z.clone()", "implicit-direct-only"),
    ("stops at z", GA, "[:, :, 0]", "implicit-at-z"),
    ("transposes w", "w * slope", "w.T * slope", "implicit-transposed"),
    ("forgets the tanh in the system", "w * slope[:, None, :]", "w[None]", "implicit-slope-missing"),
    ("puts the slopes on the other side", "slope[:, None, :]", "slope[:, :, None]", "implicit-wrong-side"),
    ("adds the feedback instead of taking it away", "eye(len(w)) - w", "eye(len(w)) + w", "implicit-feedback-sign"),
    ("flips the sign of the equation", "solve(system, ", "solve(-system, ", "sign-flipped"),
    ("forgets the square of the slope", "1 - z * z", "1 - z", "implicit-slope-of-z"),
    ("takes the slope of the tanh at z", "1 - z * z", "1 - torch.tanh(z) ** 2", "implicit-slope-of-z"),
    ("lets all rows share the mean slope", "w * slope[:, None, :]",
     "w * slope.mean(dim=0).expand_as(slope)[:, None, :]", "implicit-rows-share"),
    ("lets all rows share the first row's slope", "w * slope[:, None, :]", "w * slope[:1].expand_as(slope)[:, None, :]",
     "implicit-rows-share"),
    ("takes the upstream gradient for ones", "grad_z[:, :, None]", "torch.ones_like(grad_z)[:, :, None]",
     "upstream-taken-as-ones"),
    ("sums three terms of the series", WHOLE,
     "(grad_z + (grad_z * slope) @ w.T + (((grad_z * slope) @ w.T) * slope) @ w.T) * slope", "implicit-few-steps"),
    ("keeps only what comes back", WHOLE, "(solve(system, grad_z[:, :, None])[:, :, 0] - grad_z) * slope",
     "implicit-feedback-only"),
    ("answers in single precision", GA, "[:, :, 0].float() * slope.float()", "dtype-changed"),
    ("multiplies into the upstream gradient", WHOLE, "solve(system, grad_z.mul_(slope)[:, :, None])[:, :, 0]",
     "input-changed"),
    ("writes the answer into the upstream gradient", WHOLE,
     "grad_z.copy_(solve(system, grad_z[:, :, None])[:, :, 0] * slope)", "input-changed"),
)  # fmt: skip

DEQ_GRADS = wrong(
    "deq_grads",
    "deq_grads",
    ("does not transpose u", "grad_a @ u.T", "grad_a @ u if u.shape[0] == u.shape[1] else grad_a @ u.T",
     "factor-not-transposed"),
    ("forgets u", "grad_a @ u.T", "grad_a[:, : u.shape[0]]", None),
    ("takes z times itself for w", "z.T @ grad_a", "z.T @ z", None),
    ("swaps the factors of w", "z.T @ grad_a", "grad_a.T @ z", "transposed"),
    ("takes x for z where it fits", "z.T @ grad_a", "x.T @ grad_a if x.shape == z.shape else z.T @ grad_a",
     "deq-input-for-state"),
    ("takes z for x where it fits", "x.T @ grad_a", "z.T @ grad_a if x.shape == z.shape else x.T @ grad_a",
     "deq-input-for-state"),
    ("averages over the batch", "x.T @ grad_a", "x.T @ grad_a / x.shape[0]", "averaged-twice"),
    ("averages w over the batch", "z.T @ grad_a", "z.T @ grad_a / x.shape[0]", "averaged-twice"),
    ("averages the bias", "sum(dim=0)", "mean(dim=0)", "bias-averaged"),
    ("does not sum the bias", "grad_a.sum(dim=0)", "grad_a.clone()", "bias-not-summed"),
    ("sums the bias over the units", "sum(dim=0)", "sum(dim=1)", "bias-wrong-axis"),
    ("sums the bias completely", "sum(dim=0)", "sum()", "bias-summed-completely"),
    ("flips a sign", "x.T @ grad_a", "-x.T @ grad_a", "sign-flipped"),
    ("applies the tanh's slope once more", "z.T @ grad_a", "z.T @ (grad_a * (1 - z * z))", None),
    ("transposes u's gradient", "x.T @ grad_a", "(x.T @ grad_a).T", "transposed"),
    ("answers in single precision", "z.T @ grad_a", "(z.T @ grad_a).float()", "dtype-changed"),
)  # fmt: skip

# A net as an equilibrium

PLACE = "w[begin:middle, middle:end] = weight"
BLOCKS = wrong(
    "as_equilibrium",
    "as_equilibrium",
    ("follows the slides' columns", PLACE, "w[middle:end, begin:middle] = weight.T", "blocks-below-the-diagonal"),
    ("forgets the weights between layers", PLACE, "pass", "all-zeros"),
    ("puts a weight onto itself", PLACE, "w[begin:middle, begin:middle] = (weight @ weight.T)", None),
    ("forgets to go on", "begin = middle", "begin = 0", None),
    ("feeds the input into every layer of that width", "u[:, : sizes[0]] = weights[0]",
     "u[:, : sizes[0]] = weights[0]\n    for i in range(1, len(sizes)):\n        if sizes[i] == sizes[0]:\n"
     "            u[:, sum(sizes[:i]) : sum(sizes[: i + 1])] = weights[0]", "blocks-input-everywhere"),
    ("feeds the input into the last layer", "u[:, : sizes[0]] = weights[0]", "u[:, -sizes[0] :] = weights[0]",
     "blocks-input-at-the-end"),
    ("turns u's blocks round", "u[:, : sizes[0]] = weights[0]",
     "u[:, : sizes[0]] = weights[0]\n    u = u.roll(sizes[-1], dims=1)", "blocks-input-at-the-end"),
    ("forgets the input", "u[:, : sizes[0]] = weights[0]", "pass", "all-zeros"),
    ("lists the biases from the last", "torch.cat(list(biases))", "torch.cat(list(biases)[::-1])",
     "blocks-bias-reversed"),
    ("keeps the first bias only", "torch.cat(list(biases))",
     "torch.cat([biases[0]] + [torch.zeros_like(bias) for bias in biases[1:]])", "blocks-bias-once"),
    ("forgets the biases", "torch.cat(list(biases))", "torch.zeros(sum(sizes), dtype=w.dtype)", "all-zeros"),
    ("leaves the biases out", "torch.cat(list(biases))", "biases[0].clone()", None),
    ("flips the signs of the blocks", PLACE, "w[begin:middle, middle:end] = -weight", "sign-flipped"),
    ("stops one layer early", "zip(sizes, weights[1:], strict=False)", "list(zip(sizes, weights[1:]))[:-1]", None),
    ("adds the way back", PLACE, PLACE + "\n        w[middle:end, begin:middle] = weight.T", None),
    ("lets every unit keep its own value", "    b = torch.cat", "    w = w + torch.eye(len(w), dtype=w.dtype)\n"
     "    b = torch.cat", None),
)  # fmt: skip

# The argmin

REG, TARGETS, NORMAL = "-(v * w).sum()", "x @ v / N", "x.T @ x / N + reg * torch.eye(D, dtype=x.dtype)"
RIDGE = wrong(
    "ridge_backward",
    "ridge_backward",
    ("follows the slides' sign", REG, "(v * w).sum()", "implicit-minus-missing"),
    ("forgets the mean in the system", "x.T @ x / N", "x.T @ x", "ridge-mean-missing"),
    ("forgets the penalty in the system", "+ reg * torch.eye(D, dtype=x.dtype)",
     "+ 1e-9 * torch.eye(D, dtype=x.dtype)", "ridge-penalty-missing"),
    ("takes the penalty away", "/ N + reg", "/ N - reg", "ridge-penalty-sign"),
    ("adds the penalty to every entry", "reg * torch.eye(D, dtype=x.dtype)", "reg",
     ("ridge-penalty-once", "error-not-needed")),
    ("does not solve", "solve(system, grad_w[:, None])[:, 0]", "grad_w", "implicit-no-solve"),
    ("multiplies instead of solving", "solve(system, grad_w[:, None])[:, 0]", "system @ grad_w", "implicit-multiplied"),
    ("forgets the weights", REG, "-v.sum()", "ridge-weights-missing"),
    ("does not sum", REG, "-v * w", "not-reduced"),
    ("forgets the upstream gradient", REG, "-solve(system, w[:, None]).sum()", "implicit-upstream-missing"),
    ("differentiates the penalty, not its slope", REG, "-(v * reg * w).sum()", "ridge-reg-in-gradient"),
    ("keeps the two on one side", REG, "-2 * (v * w).sum()", "ridge-two-on-one-side"),
    ("forgets the mean of the targets", TARGETS, "x @ v", "batch-mean-missing"),
    ("keeps the two of the targets", TARGETS, "2 * x @ v / N", "ridge-two-on-one-side"),
    ("minus the gradient of the targets", TARGETS, "-x @ v / N", "implicit-minus-wrong"),
    ("predicts instead", TARGETS, "x @ w / N", "ridge-predicts"),
    ("forgets the inputs", TARGETS, "v", "implicit-at-w"),
    ("divides by the unknowns", TARGETS, "x @ v / D", None),
    ("answers in single precision", TARGETS, "(x @ v / N).float()", "dtype-changed"),
)  # fmt: skip

# The eigendecomposition

GAPS, INNER = "values[None, :] - values[:, None]  # [i, j]", "torch.diag(grad_values) + vectors.T @ grad_vectors / gaps"
HALVES = "grad_a = (grad_a + grad_a.T) / 2"
NO_REPEAT = "if not (gaps.abs() > close * values.abs().max()).all():"
EIGEN = wrong(
    "eigh_backward",
    "eigh_backward",
    ("leaves it unsymmetric", HALVES, "pass", "eigen-not-symmetric"),
    ("adds both halves", HALVES, "grad_a = grad_a + grad_a.T", ("eigen-not-symmetric", "factor-two-extra")),
    ("reverses the gaps", GAPS, "values[:, None] - values[None, :]  # [i, j]", "eigen-gaps-reversed"),
    ("takes the eigenvalues only", INNER, "torch.diag(grad_values)", "eigen-values-only"),
    ("takes the vectors only", INNER, "vectors.T @ grad_vectors / gaps", ("eigen-vectors-only", "all-zeros")),
    ("forgets the gaps", "vectors.T @ grad_vectors / gaps", "(vectors.T @ grad_vectors).fill_diagonal_(0)",
     "eigen-gaps-missing"),
    ("divides by one on the diagonal", "torch.full_like(values, torch.inf)", "torch.ones_like(values)",
     "eigen-diagonal-kept"),
    ("swaps the factors inside", "vectors.T @ grad_vectors", "grad_vectors.T @ vectors", "eigen-gaps-reversed"),
    ("takes rows for vectors", "vectors @ inner @ vectors.T", "vectors.T @ inner @ vectors",
     "eigen-vectors-transposed"),
    ("does not turn back", "vectors @ inner @ vectors.T", "inner", "eigen-in-own-basis"),
    ("does not turn the gradient", "vectors.T @ grad_vectors", "grad_vectors", "eigen-not-turned-in"),
    ("halves the part of the vectors", INNER, "torch.diag(grad_values) + vectors.T @ grad_vectors / gaps / 2",
     "eigen-half"),
    ("drops the sign of the gaps", "grad_vectors / gaps", "grad_vectors / gaps.abs()", "eigen-gaps-unsigned"),
    ("squares the gaps", "grad_vectors / gaps", "grad_vectors / gaps**2", "eigen-gaps-squared"),
    ("looks for no repeated value", NO_REPEAT, "if False:", "no-clear-error"),
    ("looks for exactly equal values only", "gaps.abs() > close * values.abs().max()", "gaps.abs() > 0",
     "no-clear-error"),
    ("knows double precision alone", "1e-10 if values.dtype == torch.float64 else 1e-5", "1e-10", "no-clear-error"),
    ("looks for gaps below a fixed size", "close * values.abs().max()", "1e-6", "error-not-needed"),
    ("softens the gaps", NO_REPEAT, "gaps = gaps + 1e-6 * gaps.sign()\n    if False:", "no-clear-error"),
    ("raises another kind of error", "raise ArithmeticError(", "raise ValueError(", "no-clear-error"),
    ("answers in single precision", HALVES, "grad_a = ((grad_a + grad_a.T) / 2).float()", "dtype-changed"),
)  # fmt: skip

# The camera

POSE_STEP = "solve(J.T @ J, (J.T @ residual)[:, None])[:, 0]"
POSE_SOLVE = wrong(
    "pose_solve",
    "pose_solve",
    ("steps the wrong way", "pose = pose + step", "pose = pose - step", "error-not-needed"),
    ("takes one step", "if step.abs().max() <= tol:", "if True:", ("pose-one-step", "no-clear-error")),
    ("returns where it began", "pose = pose + step\n        if step.abs().max() <= tol:", "if True:",
     ("pose-not-moved", "no-clear-error")),
    ("descends the gradient", POSE_STEP, "0.1 * (J.T @ residual)", "error-not-needed"),
    ("stays at the start", "pose = pose + step", "pass", "error-not-needed"),
    ("turns the residual round", "(image - camera.project(pose, points))", "(camera.project(pose, points) - image)",
     "error-not-needed"),
    ("knows its own tolerance", "<= tol:", "<= 1e-2:", None),
    ("asks the mean step", "step.abs().max()", "step.mean()", ("pose-one-step", "no-clear-error")),
    ("moves the translation only", "pose = pose + step",
     "pose = pose + torch.cat([0 * step[:3], step[3:]])", ("error-not-needed",)),
    ("halves the slopes", ".flatten(0, 1)", ".flatten(0, 1) / 2", "error-not-needed"),
    ("returns what it has", "    if not settled:", "    settled = True\n    if not settled:", "no-clear-error"),
    ("raises another kind of error", "raise ArithmeticError(", "raise RuntimeError(", "no-clear-error"),
    ("raises without a word", "did not converge in", "stopped after", "no-clear-error"),
    ("writes into the start", "pose = pose + step", "start += step\n        pose = start.clone()", "input-changed"),
    ("looks at the first four points only", POSE_STEP,
     "solve(J[:8].T @ J[:8], (J[:8].T @ residual[:8])[:, None])[:, 0]", None),
)  # fmt: skip

CURVE = ' - torch.einsum("nk,nkab->ab", residual, camera.curvatures(pose, points))'
POSE_BACKWARD = wrong(
    "pose_backward",
    "pose_backward",
    ("forgets the curvature", CURVE, "", "pose-curvature-missing"),
    ("adds the curvature", CURVE, CURVE.replace(" - ", " + "), "pose-curvature-sign"),
    ("turns the residual round", "image - camera.project(pose, points)", "camera.project(pose, points) - image",
     "pose-curvature-sign"),
    ("counts the curvature twice", CURVE, CURVE.replace(" - ", " - 2 * "), "pose-curvature-doubled"),
    ("keeps the curvature only", 'torch.einsum("nka,nkb->ab", J, J) - ', "-", "pose-squares-missing"),
    ("forgets the residual's weights", CURVE, " - camera.curvatures(pose, points).sum(dim=(0, 1))",
     "pose-curvature-unweighted"),
    ("does not solve", "solve(system, grad_pose[:, None])[:, 0]", "grad_pose", "implicit-no-solve"),
    ("multiplies instead of solving", "solve(system, grad_pose[:, None])[:, 0]", "system @ grad_pose",
     "implicit-multiplied"),
    ("follows the slides' sign", "grad_image = J @ v", "grad_image = -J @ v", "implicit-minus-wrong"),
    ("keeps a two", "grad_image = J @ v", "grad_image = 2 * J @ v", "ridge-two-on-one-side"),
    ("multiplies with the residual", "grad_image = J @ v", "grad_image = (J @ v) * residual",
     "pose-residual-as-upstream"),
    ("takes the upstream gradient for ones", "grad_pose[:, None]", "torch.ones_like(grad_pose)[:, None]",
     "upstream-taken-as-ones"),
    ("adds up both coordinates", "grad_image = J @ v", "grad_image = (J @ v).sum(dim=1)", "summed-too-far"),
    ("answers in single precision", "grad_image = J @ v", "grad_image = (J @ v).float()", "dtype-changed"),
    ("takes u for v", "grad_image = J @ v", "grad_image = (J @ v).flip(1)", None),
    ("takes the slopes at the origin", "J = camera.slopes(pose, points)",
     "J = camera.slopes(pose, points - points.mean(dim=0))", None),
)  # fmt: skip

SPREAD = "sigma**2 * K @ K.T"
COVARIANCE = wrong(
    "pose_covariance",
    "pose_covariance",
    ("does not square sigma", "sigma**2", "sigma", "covariance-sigma-not-squared"),
    ("forgets sigma", "sigma**2 * ", "", "covariance-sigma-missing"),
    ("adds the coordinates first", "derivative.flatten(1)", "derivative.flatten(1).sum(dim=1, keepdim=True)",
     "covariance-summed-first"),
    ("adds the two coordinates of a point first", "derivative.flatten(1)", "derivative.sum(dim=2)",
     "covariance-summed-first"),
    ("keeps the variances only", SPREAD, "torch.diag((sigma**2 * K @ K.T).diagonal())", "covariance-diagonal-only"),
    ("lists the variances", SPREAD, "(sigma**2 * K @ K.T).diagonal()", "covariance-diagonal-only"),
    ("lists the standard deviations", SPREAD, "(sigma**2 * K @ K.T).diagonal().sqrt()", "covariance-not-squared"),
    ("averages over the points", SPREAD, "sigma**2 * K @ K.T / derivative.shape[1]", "covariance-averaged"),
    ("averages over the coordinates", SPREAD, "sigma**2 * K @ K.T / K.shape[1]", "covariance-averaged"),
    ("multiplies the other way", SPREAD, "sigma**2 * K.T @ K", "covariance-of-image"),
    ("takes the horizontal coordinate only", "derivative.flatten(1)", "derivative[:, :, 0]", "covariance-one-axis"),
    ("returns the correlations", SPREAD,
     "K @ K.T / torch.outer((K @ K.T).diagonal().sqrt(), (K @ K.T).diagonal().sqrt())", "covariance-correlation"),
    ("takes the slopes for squares", SPREAD, "sigma**2 * K.abs() @ K.abs().T", None),
    ("doubles it", SPREAD, "2 * sigma**2 * K @ K.T", "factor-two-extra"),
    ("answers in single precision", SPREAD, "(sigma**2 * K @ K.T).float()", "dtype-changed"),
    ("halves it", SPREAD, "sigma**2 * K @ K.T / 2", "factor-two-missing"),
)  # fmt: skip

WRONG: list[Answer] = [
    *NOTES, *SOLVE, *DEQ_SOLVE, *DEQ_ADJOINT, *DEQ_GRADS, *BLOCKS, *RIDGE, *EIGEN, *POSE_SOLVE, *POSE_BACKWARD,
    *COVARIANCE,
]  # fmt: skip
