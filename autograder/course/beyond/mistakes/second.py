"""Wrong answers about second order: Hessians, their products, the R-operator, iterations, the gradient penalty."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit, wrong

GRAD = "(grad,) = torch.autograd.grad(function(x), x, create_graph=True)"
HESSIAN = "torch.stack([torch.autograd.grad(entry, x, retain_graph=True)[0] for entry in grad])"
GRADS = "grads = torch.autograd.grad(function(*inputs), inputs, create_graph=True, materialize_grads=True)"
DOT = "sum((grad * v).sum() for grad, v in zip(grads, vectors, strict=True))"
TWICE = "list(torch.autograd.grad(dot, inputs, materialize_grads=True))"
AGAIN = """list(torch.autograd.grad(sum((grad * p).sum() for grad, p in zip(
        grads, torch.autograd.grad(dot, inputs, retain_graph=True, materialize_grads=True), strict=True)
    ), inputs, materialize_grads=True))"""
ONE_BY_ONE = """[
        torch.autograd.grad((grad * v).sum(), x, retain_graph=True, materialize_grads=True)[0]
        for x, grad, v in zip(inputs, grads, vectors, strict=True)
    ]"""

AUTOGRAD: list[Answer] = [
    *wrong(
        "hessian",
        "hessian",
        ("keeps no graph of the gradient", ", create_graph=True", "", "graph-not-kept"),
        ("frees the graph after the first row", ", retain_graph=True", "", "graph-freed"),
        ("returns the gradient", HESSIAN, "grad.detach()", "hessian-gradient-only"),
        ("multiplies the gradient with itself", HESSIAN, "torch.outer(grad, grad).detach()", "hessian-outer-product"),
        (
            "differentiates the sum of the gradient",
            HESSIAN,
            "torch.autograd.grad(grad.sum(), x)[0]",
            "hessian-summed",
        ),
        (
            "spreads the sum over all rows",
            HESSIAN,
            "torch.autograd.grad(grad.sum(), x)[0].expand(len(x), -1)",
            "hessian-summed",
        ),
        ("keeps the diagonal alone", HESSIAN, f"torch.diag({HESSIAN}.diagonal())", "hessian-diagonal-only"),
        ("returns the diagonal as a vector", HESSIAN, f"{HESSIAN}.diagonal()", "hessian-diagonal-only"),
        ("fills the upper half only", HESSIAN, f"{HESSIAN}.triu()", "hessian-half"),
        ("lets the rows pile up", HESSIAN, f"{HESSIAN}.cumsum(dim=0)", "hessian-rows-pile-up"),
        ("forgets the last row", "for entry in grad]", "for entry in grad[:-1]]", "hessian-row-missing"),
        ("repeats the gradient in every row", HESSIAN, "grad.detach().expand(len(x), -1)", "hessian-gradient-only"),
        ("multiplies the Hessian with itself", HESSIAN, f"{HESSIAN} @ {HESSIAN}", "hessian-squared"),
        ("answers in single precision", HESSIAN, f"{HESSIAN}.float()", "dtype-changed"),
        ("halves it", HESSIAN, f"{HESSIAN} / 2", "factor-two-missing"),
        ("flips the sign", HESSIAN, f"-{HESSIAN}", "sign-flipped"),
        (
            "nudges the gradient instead",
            HESSIAN,
            "torch.stack([(torch.autograd.grad(function(x + 1e-5 * e), x)[0] - grad.detach()) / 1e-5"
            " for e in torch.eye(len(x), dtype=x.dtype)])",
            None,
        ),
    ),
    *wrong(
        "hvp_twice",
        "hvp_twice",
        ("keeps no graph of the gradients", ", create_graph=True, ", ", ", "graph-not-kept"),
        ("detaches the gradients", "(grad * v)", "(grad.detach() * v)", "graph-not-kept"),
        ("ignores the vectors", "(grad * v)", "grad", "hvp-vector-ignored"),
        ("returns the gradients", TWICE, "[grad.detach() for grad in grads]", "hvp-gradient-itself"),
        (
            "returns gradient times vector",
            TWICE,
            "[(grad * v).detach() for grad, v in zip(grads, vectors, strict=True)]",
            "hvp-gradient-times-vector",
        ),
        ("multiplies the gradient with itself", "(grad * v)", "(grad * grad)", "hvp-gradient-norm"),
        ("treats every input by itself", TWICE, ONE_BY_ONE, "hvp-blocks-only"),
        (
            "lets the first vector count alone",
            DOT,
            "(grads[0] * vectors[0]).sum()",
            ("hvp-first-input-only", "hvp-blocks-only"),
        ),
        ("squares the product", DOT, f"{DOT} ** 2", "hvp-squared-dot"),
        ("trips over inputs that are not used", ", create_graph=True, materialize_grads=True", ", create_graph=True",
         "unused-input"),
        ("trips over inputs whose gradient stands still", TWICE, TWICE.replace(", materialize_grads=True", ""),
         "unused-input"),
        ("leaves None where the gradient stands still", TWICE, TWICE.replace("materialize_grads", "allow_unused"),
         None),
        ("works at the vectors", "function(*inputs)",
         "function(*[x + v for x, v in zip(inputs, vectors, strict=True)])",
         "hvp-at-other-point"),
        ("doubles it", TWICE, f"[2 * p for p in {TWICE}]", "factor-two-extra"),
        ("flips the sign", TWICE, f"[-p for p in {TWICE}]", "sign-flipped"),
        ("returns the first product alone", TWICE, f"{TWICE}[0]", None),
        ("applies the Hessian twice", TWICE, AGAIN, "hvp-twice-applied"),
        ("differentiates by the gradients", TWICE, TWICE.replace("inputs", "grads"), "hvp-vector-itself"),
        ("answers in single precision", TWICE, f"[p.float() for p in {TWICE}]", "dtype-changed"),
        ("changes the vectors in place", "(grad * v)", "(v.mul_(2) * grad / 2)", "input-changed"),
    ),
]  # fmt: skip

RA, RH = "r_a = x @ v_w1 + v_b1", "r_h = r_a * (1 - h * h)"
RS = "r_h @ w2 + h @ v_w2 + v_b2"
OWN, SHARED = "own = probs * r_scores", "own.sum(dim=1, keepdim=True)"
R_SOFTMAX = f"(own - probs * {SHARED}) / probs.shape[0]"

ROP: list[Answer] = [
    *wrong(
        "rop_forward",
        "rop_forward",
        ("forgets the slope of tanh", RH, "r_h = r_a", "rop-slope-missing"),
        ("forgets that the first bias moves", RA, "r_a = x @ v_w1 + 0 * v_b1", "rop-direction-missing"),
        ("forgets that the first weights move", RA, "r_a = (v_b1 + 0 * h)", "rop-direction-missing"),
        ("forgets the square", "(1 - h * h)", "(1 - h)", "dual-square-missing"),
        ("takes the sigmoid's slope", "(1 - h * h)", "(h * (1 - h))", "dual-other-slope"),
        ("takes tanh of the tangent", RH, "r_h = torch.tanh(r_a)", "dual-tangents-only"),
        ("takes tanh once more", "(1 - h * h)", "(1 - torch.tanh(h) ** 2)", "dual-slope-at-wrong-place"),
        ("lets the second weights stand still", RS, "r_h @ w2 + v_b2", "rop-w-stands-still"),
        ("lets the hidden layer stand still", RS, "h @ v_w2 + v_b2", "rop-h-stands-still"),
        ("forgets that the second bias moves", " + v_b2", "", "rop-direction-missing"),
        ("multiplies the tangents", RS, "r_h @ v_w2 + v_b2", "dual-tangents-only"),
        ("counts the product of the tangents, too", RS, f"{RS} + r_h @ v_w2", "rop-term-too-many"),
        ("subtracts a term", "+ h @ v_w2", "- h @ v_w2", "dual-sign-of-term"),
        ("puts the weights for their direction", "h @ v_w2", "h @ w2", "rop-direction-for-weights"),
        ("swaps its answers", "r_scores = r_h @", "r_h, r_scores = r_h @ w2 + h @ v_w2 + v_b2, r_h\n    r_a = r_h @",
         None),
        ("answers in single precision", RS, f"({RS}).float()", "dtype-changed"),
        ("adds the bias in place", RA, "r_a = v_b1.add_(0) + x.mul_(2) @ v_w1 / 2", "input-changed"),
    ),
    *wrong(
        "rop_softmax",
        "rop_softmax",
        ("forgets the cross terms", R_SOFTMAX, "own / probs.shape[0]", "softmax-cross-terms-missing"),
        ("returns the probabilities", R_SOFTMAX, "probs / probs.shape[0]", "rop-probabilities-only"),
        ("forgets the mean and the cross terms", R_SOFTMAX, "own", "rop-probabilities-only"),
        ("treats every score by itself", R_SOFTMAX, "own * (1 - probs) / probs.shape[0]",
         "softmax-cross-terms-missing"),
        ("forgets the mean over the batch", " / probs.shape[0]", "", "batch-mean-missing"),
        ("averages twice", "probs.shape[0]", "probs.shape[0] ** 2", "averaged-twice"),
        ("sums the tangents unweighted", SHARED, "r_scores.sum(dim=1, keepdim=True)", "rop-softmax-unweighted"),
        ("averages the tangents unweighted", SHARED, "r_scores.mean(dim=1, keepdim=True)", "rop-softmax-unweighted"),
        ("sums over the batch", SHARED, "own.sum(dim=0, keepdim=True)", "softmax-shared-too-far"),
        ("sums over everything", SHARED, "own.sum()", "softmax-shared-too-far"),
        ("adds the cross terms", "(own - probs", "(own + probs", "softmax-sign-of-cross-terms"),
        ("forgets the probabilities in front of the sum", f"probs * {SHARED}", SHARED, "softmax-term-unscaled"),
        ("keeps the cross terms alone", "(own - probs", "(-probs", "softmax-diagonal-missing"),
        ("averages over the classes", SHARED, "own.mean(dim=1, keepdim=True)", "softmax-cross-terms-averaged"),
        ("flips the sign", R_SOFTMAX, f"-{R_SOFTMAX}", "sign-flipped"),
        ("works on the probabilities in place", OWN, "own = probs.mul_(r_scores)", "input-changed"),
        ("works on the tangents in place", OWN, "own = r_scores.mul_(probs)", "input-changed"),
        ("answers in single precision", R_SOFTMAX, f"({R_SOFTMAX}).float()", "dtype-changed"),
        ("takes the softmax of the tangents", R_SOFTMAX, "torch.softmax(r_scores, dim=1) / probs.shape[0]", None),
    ),
]  # fmt: skip

W2, B2 = "r_h.T @ grad_scores + h.T @ r_grad_scores", "r_grad_scores.sum(dim=0)"
R_GRAD_H = "r_grad_scores @ w2.T + grad_scores @ v_w2.T"
R_GRAD_A = "r_grad_h * (1 - h * h) - 2 * grad_h * h * r_h"

ROP_BACKWARD: list[Answer] = [
    *wrong(
        "rop_backward",
        "rop_backward",
        ("lets the hidden layer stand still in w2", W2, "h.T @ r_grad_scores", "rop-h-stands-still"),
        ("lets the scores' gradient stand still in w2", W2, "r_h.T @ grad_scores", "rop-grad-scores-stand-still"),
        ("multiplies the tangents in w2", W2, "r_h.T @ r_grad_scores", "dual-tangents-only"),
        ("subtracts in w2", "+ h.T", "- h.T", "dual-sign-of-term"),
        ("forgets the penalty of w2", " + 2 * reg * v_w2", "", "reg-missing"),
        ("halves the penalty of w2", "2 * reg * v_w2", "reg * v_w2", "reg-half"),
        ("puts the weights into the penalty", "2 * reg * v_w2", "2 * reg * w2", "rop-penalty-of-weights"),
        ("averages the bias b2", B2, "r_grad_scores.mean(dim=0)", "bias-averaged"),
        ("does not sum the bias b2", B2, "r_grad_scores", "bias-not-summed"),
        ("sums the bias b2 over the classes", B2, "r_grad_scores.sum(dim=1)", "bias-wrong-axis"),
        ("returns the gradient of b2", B2, "grad_scores.sum(dim=0)", "rop-gradient-itself"),
        ("lets w2 stand still on the way back", R_GRAD_H, "r_grad_scores @ w2.T", "rop-w-stands-still"),
        (
            "lets the scores' gradient stand still on the way back",
            R_GRAD_H,
            "grad_scores @ v_w2.T",
            "rop-grad-scores-stand-still",
        ),
        ("multiplies the tangents on the way back", R_GRAD_H, "r_grad_scores @ v_w2.T", "dual-tangents-only"),
        ("lets the slope of tanh stand still", R_GRAD_A, "r_grad_h * (1 - h * h)", "rop-slope-stands-still"),
        ("keeps the curvature alone", R_GRAD_A, "-2 * grad_h * h * r_h", "rop-curvature-alone"),
        ("forgets the 2 of the square", "2 * grad_h * h", "grad_h * h", "rop-curvature-incomplete"),
        ("forgets the other factor of the curvature", "2 * grad_h * h * r_h", "2 * h * r_h",
         "rop-curvature-incomplete"),
        ("forgets how fast h moves", "2 * grad_h * h * r_h", "2 * grad_h * h", "rop-curvature-incomplete"),
        ("forgets where h is", "2 * grad_h * h * r_h", "2 * grad_h * r_h", "rop-curvature-incomplete"),
        ("adds the curvature", "- 2 * grad_h", "+ 2 * grad_h", "rop-curvature-sign"),
        ("forgets the slope of tanh", "r_grad_h * (1 - h * h) -", "r_grad_h -", "rop-slope-missing"),
        ("forgets the penalty of w1", " + 2 * reg * v_w1", "", "reg-missing"),
        ("divides the penalty of w1 by N", "2 * reg * v_w1", "2 * reg * v_w1 / len(x)", "reg-averaged"),
        ("returns the gradient of b1", "r_grad_a.sum(dim=0)", "(grad_h * (1 - h * h)).sum(dim=0)",
         "rop-gradient-itself"),
        ("averages the bias b1", "r_grad_a.sum(dim=0)", "r_grad_a.mean(dim=0)", "bias-averaged"),
        ("answers in single precision", W2, f"({W2}).float()", "dtype-changed"),
        ("squares h in place", "(1 - h * h) -", "(1 - h.mul_(h)) -", "input-changed"),
        ("is off by one part in a hundred thousand", f"r_grad_a = {R_GRAD_A}", f"r_grad_a = 1.00001 * ({R_GRAD_A})",
         None),
    ),
]  # fmt: skip

CURVED = "not curvature > 0"
LEFT = "left / before"
RAISE_NEGATIVE = (
    'raise NoConvergence(f"curvature {float(curvature):.3g} in step {step}: H is not positive definite; damp it")'
)
RAISE_LATE = (
    'raise NoConvergence(f"{most} steps are not enough, |Hx - b|² is still {float(left):.3g}: allow more, or damp H")'
)
POWER_LATE = (
    'raise NoConvergence(f"after {most} products H v is still {off:.3g} away from {value:.3g} v: '
    'allow more, or shift H")'
)

RETURN = "    return value, v\n        v ="

ITERATIONS: list[Answer] = [
    *wrong(
        "conjugate_gradients",
        "conjugate_gradients",
        ("goes down the steepest way", "p = r + (left / before) * p", "p = r", "cg-not-conjugate"),
        ("inverts the share of the last direction", LEFT, "before / left", None),
        ("takes the root of the share", LEFT, "(left / before).sqrt()",
         None),
        ("lets indefinite matrices pass", CURVED, "False", "no-convergence-silent"),
        ("returns what it has at the end", RAISE_LATE, "return x", "no-convergence-silent"),
        ("returns what it has where H bends down", RAISE_NEGATIVE, "return x", "no-convergence-silent"),
        ("raises an error of another kind", RAISE_NEGATIVE, RAISE_NEGATIVE.replace("NoConvergence", "ValueError"),
         "no-convergence-other-error"),
        ("raises without a word", RAISE_NEGATIVE, "raise NoConvergence()", "no-convergence-mute"),
        ("stops at an absolute tolerance", "(tolerance * b.norm()) ** 2", "tolerance**2", "cg-stops-too-early"),
        ("compares squares with lengths", "(tolerance * b.norm()) ** 2", "tolerance * (b @ b)", "cg-stops-too-early"),
        ("looks too late whether b is zero", "        if left <= goal:", "        if step and left <= goal:", None),
        ("multiplies twice a step", "hp = product(p)", "hp = (product(p) + product(p)) / 2", "cg-products-wasted"),
        ("works out the residual anew", "r = r - length * hp", "r = b - product(x)", "cg-products-wasted"),
        ("returns b", "x, r, p = torch.zeros_like(b)", "return b.clone()\n    x, r, p = torch.zeros_like(b)",
         ("cg-right-side-itself", "no-convergence-silent")),
        ("flips the residual", "r = r - length", "r = r + length", None),
        ("changes b in place", "b, b\n", "b.clone(), b.clone()\n    b.mul_(1.0 + 1e-9)\n", "input-changed"),
    ),
    *wrong(
        "power_iteration",
        "power_iteration",
        ("takes the length for the eigenvalue", "float(v @ hv)", "float(hv.norm())", None),
        ("never makes the vector length 1", "v = v / v.norm()", "pass", None),
        ("divides by the square of the length", "v / v.norm()", "v / (v @ v)", None),
        ("divides by the largest entry", "v / v.norm()", "v / v.abs().max()", None),
        ("stops after ten products", "range(most)", "range(10)", None),
        ("returns what it has at the end of all products", POWER_LATE, "return value, v", "no-convergence-silent"),
        ("stops at any size of the eigenvalue", "tolerance * abs(value)", "tolerance", "power-stops-too-early"),
        ("forgets that eigenvalues may be negative", "tolerance * abs(value)", "tolerance * value", None),
        ("returns the product for the vector", RETURN, "    return value, hv\n        v =", "power-length"),
        ("returns the square", RETURN, "    return value**2, v\n        v =", "power-squared"),
        ("drops the sign", RETURN, "    return abs(value), v\n        v =", "sign-flipped"),
        ("returns the eigenvalue alone", RETURN, "    return value\n        v =", None),
        ("raises another error", POWER_LATE, POWER_LATE.replace("NoConvergence", "RuntimeError"),
         "no-convergence-other-error"),
        ("raises and says nothing", POWER_LATE, "raise NoConvergence", "no-convergence-mute"),
        ("makes the start length 1 in place", "v = start\n", "v = start.div_(start.norm())\n", "input-changed"),
        ("is content with a rough one", "tolerance * abs(value)", "100 * tolerance * abs(value)",
         "power-stops-too-early"),
        ("does not look at `most`", "range(most)", "range(2000)", "no-convergence-silent"),
    ),
]  # fmt: skip

ITERATIONS.append(
    Answer(
        "conjugate_gradients: takes nan for small",
        ("conjugate_gradients",),
        (
            Edit("conjugate_gradients", CURVED, "curvature <= 0"),
            Edit("conjugate_gradients", "        if left <= goal:", "        if not left > goal:"),
            Edit("conjugate_gradients", "    if not left <= goal:", "    if left > goal:"),
        ),
        ("no-convergence-silent",),
    )
)

SLOPES = "(grad,) = torch.autograd.grad(losses(x).sum(), x, create_graph=True)"
SQUARES = "grad.square().sum(dim=1).mean()"

PENALTY: list[Answer] = [
    *wrong(
        "gradient_penalty",
        "gradient_penalty",
        ("keeps no graph", ", create_graph=True", "", "graph-not-kept"),
        ("retains the graph, and keeps none of the gradient", "create_graph", "retain_graph", "graph-not-kept"),
        ("detaches the gradient", SQUARES, "grad.detach().square().sum(dim=1).mean()", "graph-not-kept"),
        ("takes the norm, not its square", SQUARES, "grad.norm(dim=1).mean()", "penalty-not-squared"),
        ("takes one norm of everything", SQUARES, "grad.norm()", "penalty-not-squared"),
        ("sums over the batch", SQUARES, "grad.square().sum()", "penalty-summed-over-batch"),
        ("averages over the inputs, too", SQUARES, "grad.square().mean()", "penalty-averaged-over-inputs"),
        ("averages the gradients first", SQUARES, "grad.mean(dim=0).square().sum()", "penalty-of-the-mean"),
        ("sums the gradients first", SQUARES, "grad.sum(dim=0).square().sum()", "penalty-of-the-mean"),
        ("differentiates the mean loss", "losses(x).sum()", "losses(x).mean()", "penalty-averaged-losses"),
        ("adds absolute values", SQUARES, "grad.abs().sum(dim=1).mean()", "penalty-absolute-values"),
        ("squares the sum of the entries", SQUARES, "grad.sum(dim=1).square().mean()", "penalty-sum-of-entries"),
        ("halves it", SQUARES, f"{SQUARES} / 2", "factor-two-missing"),
        ("flips the sign", SQUARES, f"-{SQUARES}", "sign-flipped"),
        ("penalises the loss instead", SQUARES, "losses(x).square().mean()", None),
        ("returns one number for each example", ".mean()", "", "not-reduced"),
        ("returns a float", SQUARES, f"float({SQUARES})", "graph-not-kept"),
        (
            "adds the gradients up, in single precision",
            SQUARES,
            "grad.float().square().sum(dim=1).mean()",
            "dtype-changed",
        ),
    ),
]

SECOND = [*AUTOGRAD, *ROP, *ROP_BACKWARD, *ITERATIONS, *PENALTY]
