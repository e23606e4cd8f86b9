"""A worked number for each known mistake of `toolbox.checks.misconceptions.second`: id -> a sentence or two."""

from __future__ import annotations

WORKED: dict[str, str] = {
    "hessian-diagonal-only": (
        "f = a b has the gradient (b, a): its first entry changes with b, its second with a. So H is (0 1; 1 0), and "
        "its diagonal holds nothing but 0."
    ),
    "hessian-outer-product": (
        "f = x has the gradient 1 everywhere: it never changes, so H is 0. Gradient times gradient would be 1 · 1 = 1."
    ),
    "hessian-gradient-only": (
        "f = x³ has the gradient 3 at x = 1, and 3 · 1.01^2 = 3.0603 at x = 1.01. It grew by 0.06 in 0.01: H is 6, "
        "and the gradient is 3."
    ),
    "hessian-summed": (
        "f = a² + 3 a b: H is (2 3; 3 0), four numbers. The sum of the gradient's entries changes at rate 2 + 3 = 5 "
        "and 3 + 0 = 3: two numbers, and nobody can tell the four from them."
    ),
    "hessian-half": (
        "f = a² + a b + b²: H is (2 1; 1 2). In (2 1; 0 2) the second entry of the gradient seems not to change with "
        "a, and it does, at 1."
    ),
    "hessian-rows-pile-up": (
        "H = (2 1; 1 4). If the second row is added to the first, it reads 2 + 1 = 3 and 1 + 4 = 5 in place of 1 and 4."
    ),
    "hessian-row-missing": (
        "3 parameters: the gradient has 3 entries, and each changes with 3 parameters. That is 3 · 3 = 9 numbers; two "
        "rows hold 6."
    ),
    "hessian-squared": "f = 3 x²: the gradient is 6 x and changes at rate 6, so H is 6. Times itself it is 6 · 6 = 36.",
    "graph-not-kept": (
        "The gradient of x³ at 1 is 3. A bare 3 could have come from anywhere and cannot be differentiated. A 3 that "
        "knows it was made of x changes at rate 6 · 1 = 6."
    ),
    "graph-freed": (
        "10 rows of H are 10 ways back through one graph. If the first way frees what it walks through, the other 9 "
        "find nothing."
    ),
    "unused-input": (
        "f = a³ + 5 b: the gradient of b is 5, wherever a and b are. It changes at rate 0, so the product for b is 0, "
        "with b's shape. That is an answer, and no error."
    ),
    "hvp-vector-ignored": (
        "H = (2 3; 3 0) and v = (1, 0): H v is (2, 3). With ones for v it would be 2 + 3 = 5 and 3 + 0 = 3, whatever "
        "v is."
    ),
    "hvp-gradient-itself": (
        "f = x³ at 1, v = 10: the gradient is 3. It changes at rate 6 where x changes at rate 1, so H v is 6 · 10 = 60."
    ),
    "hvp-gradient-times-vector": (
        "f = x³ at 1, v = 10: gradient times v is 3 · 10 = 30, the rate of f. The rate of the gradient is 6 · 10 = 60."
    ),
    "hvp-gradient-norm": (
        "f = x³ at 1, v = 10: H v is 6 · 10 = 60. With the gradient, 3, in the place of v it is 6 · 3 = 18, and v "
        "might be anything."
    ),
    "hvp-twice-applied": "H is 6 and v is 10: H v is 6 · 10 = 60. Applied once more, it is 6 · 60 = 360.",
    "hvp-vector-itself": (
        "f = x³ at 1, v = 10: gradient times v changes at rate 60 when x changes, and at 10 when the gradient itself "
        "is taken for the variable. That 10 is v again."
    ),
    "hvp-squared-dot": (
        "f = x³ at 1, v = 10: gradient times v is 30, and its slope 60. The slope of its square is 2 · 30 · 60 = 3600."
    ),
    "hvp-at-other-point": (
        "f = x³ at 1, v = 10: H is 6 there, and H v is 60. At 1 + 10 = 11 H is 66, and the product 660: a right "
        "answer for another place."
    ),
    "hvp-blocks-only": (
        "f = a b and v = (1, 1): the gradient is (b, a), and each entry changes with the other input, so H v is (1, "
        "1). Input by input, nothing seems to change: (0, 0)."
    ),
    "hvp-first-input-only": (
        "f = a b and v = (1, 5): the gradient (b, a) changes at rate (5, 1). Without the 5 it seems to "
        "change at rate (0, 1)."
    ),
    "rop-slope-missing": (
        "At h = 0.9 tanh has the slope 1 − 0.9 · 0.9 = 0.19. If a changes at rate 2, h changes at rate "
        "2 · 0.19 = 0.38, and not at 2."
    ),
    "rop-direction-missing": (
        "x = 3, its weight growing at rate 2 and the bias at 5: a changes at rate 3 · 2 + 5 = 11. Without the bias it "
        "would be 6, without the weight 5."
    ),
    "rop-direction-for-weights": (
        "h = 3, w = 100, and w changes at rate 2: the product changes at rate 3 · 2 = 6. With the weight where its "
        "rate belongs it is 3 · 100 = 300, which is where the product is."
    ),
    "rop-w-stands-still": (
        "h = 3 changes at rate 1 and w = 10 at 2: the product changes at rate 1 · 10 + 3 · 2 = 16. If w were "
        "constant, it would be 10."
    ),
    "rop-h-stands-still": (
        "h = 3 changes at rate 1 and w = 10 at 2: the product changes at rate 1 · 10 + 3 · 2 = 16. If h were "
        "constant, it would be 6."
    ),
    "rop-grad-scores-stand-still": (
        "h = 3 changes at rate 1, and a gradient of 0.5 at 0.2: their product changes at rate 1 · 0.5 + 3 · 0.2 = "
        "1.1. If the gradient were constant, it would be 0.5."
    ),
    "rop-slope-stands-still": (
        "h goes from 0.5 to 0.6, so the slope of tanh from 1 − 0.5 · 0.5 = 0.75 to 1 − 0.6 · 0.6 = 0.64. A gradient "
        "of 2 leaves the gate as 1.5, then as 1.28, though it is constant itself."
    ),
    "rop-curvature-alone": (
        "A gradient goes from 2 to 3 at a slope of 0.75: behind the gate it goes from 2 · 0.75 = 1.5 to 3 · 0.75 = "
        "2.25. The curvature, alone, sees a change of 0."
    ),
    "rop-curvature-incomplete": (
        "h = 0.5 changes at rate 0.01: 0.51 · 0.51 = 0.2601 is 0.01 more than 0.25. Without its two that rate is "
        "0.005, without the h it is 0.02, without the rate of h it is 1."
    ),
    "rop-curvature-sign": (
        "h goes from 0.5 to 0.6: the slope of tanh goes from 1 − 0.25 = 0.75 down to 1 − 0.36 = 0.64. With your sign "
        "it goes up."
    ),
    "rop-term-too-many": (
        "3 · 10 with rates 1 and 2, after 0.01: 3.01 · 10.02 = 30.1602. That is 0.16 for the two terms, and 0.0002 "
        "for both rates at once, which vanishes: 16, and not 18."
    ),
    "rop-gradient-itself": (
        "If all four directions are 0, nothing changes, and every product is 0. The gradient, say 0.7, would still be "
        "0.7."
    ),
    "rop-penalty-of-weights": (
        "reg = 0.5 and w = 3: the penalty's gradient is 2 · 0.5 · 3 = 3. If w changes at rate 4, that changes at rate "
        "2 · 0.5 · 4 = 4. Yours says 3, even if w is constant."
    ),
    "rop-softmax-unweighted": (
        "Probabilities 0.9 and 0.1, scores growing at rate 1 and 0: weighted, that is 0.9 · 1 + 0.1 · 0 = 0.9, and "
        "the first changes at rate 0.9 · (1 − 0.9) = 0.09. Unweighted, it is 1, and the first changes at rate 0.9 · "
        "(1 − 1) = 0."
    ),
    "rop-probabilities-only": (
        "Two scores, both growing at rate 1: both probabilities stay 0.5, so they change at rate 0. Probability times "
        "rate says 0.5 · 1 = 0.5 for each."
    ),
    "cg-not-conjugate": (
        "A bowl with curvatures 1 and 100: steepest steps zigzag and take hundreds. Conjugate directions need 2 steps "
        "for the 2 unknowns."
    ),
    "cg-products-wasted": (
        "8 unknowns: 8 steps, 8 products. Two products a step are 2 · 8 = 16, and a product costs more than a gradient."
    ),
    "cg-stops-too-early": (
        "Tolerance 0.01 at |b| = 0.001: the rest may be 0.01 · 0.001 = 0.00001 long. Measured against 0.01 itself, "
        "even x = 0 would do, with all of the 0.001 left."
    ),
    "cg-zero-over-zero": (
        "b = 0: the first residual is 0, and the first step has the length 0 / 0, which is nan. And x = 0 was the "
        "answer before that step."
    ),
    "cg-right-side-itself": "H = 2 and b = 6: x is 3, for 2 · 3 = 6. With b for x it is 2 · 6 = 12.",
    "cg-product-itself": "H = 2 and b = 6: x is 6 / 2 = 3. H b is 2 · 6 = 12, multiplied where it should be divided.",
    "no-convergence-silent": (
        "H = −1 and b = 1: the formula returns −1, which is the top of a hill. It looks like any other number, and "
        "the next 1000 steps are built on it."
    ),
    "no-convergence-other-error": (
        "Who calls wants to add 0.01 to H and try again, but only where the iteration failed. A ValueError may come "
        "from any of 100 lines."
    ),
    "no-convergence-mute": (
        '"NoConvergence", and nothing else, at 3 in the morning. "Curvature −0.2 in step 4: damp H" would tell '
        "what to do."
    ),
    "no-convergence-endless": (
        "Eigenvalues 2 and −2 take turns for ever: step 1000000 is no nearer than step 1. Somebody has to say that "
        "1000 are enough."
    ),
    "power-other-eigenvalue": (
        "Eigenvalues −5, 3 and 1: the largest in size is −5. The 3 is the largest only if the sign is counted."
    ),
    "power-squared": (
        "H v = −5 v with |v| of 1: the eigenvalue is −5. |H v|² is 5 · 5 = 25, and has forgotten the sign."
    ),
    "power-length": (
        "With the eigenvalue 5 a vector of length 1 becomes one of length 5, after ten products one of length 5^10 = "
        "9765625. An eigenvector of length 1 is asked for."
    ),
    "power-stops-too-early": (
        "Eigenvalue 0.0001, tolerance 0.01: H v and value times v may differ by 0.01 · 0.0001 = 0.000001. Measured "
        "against 0.01 itself, any v will do."
    ),
    "penalty-not-squared": "A gradient (3, 4): 9 + 16 = 25 is the square of its length. The length is 5.",
    "penalty-summed-over-batch": (
        "Rows with 25 and 9: (25 + 9) / 2 = 17 on average, 34 in all. If every row came twice, the mean would still "
        "be 17, and the sum 68."
    ),
    "penalty-averaged-over-inputs": (
        "One row with the gradient (3, 4): 9 + 16 = 25. Averaged over its two inputs it would be 25 / 2 = 12.5."
    ),
    "penalty-of-the-mean": (
        "Two rows with the gradients 3 and −3: (9 + 9) / 2 = 9. Added up first they are 3 − 3 = 0, as if nothing were "
        "steep."
    ),
    "penalty-averaged-losses": (
        "Two rows with the gradients 3 and 3: (9 + 9) / 2 = 9. The mean of the losses has 1.5 and 1.5, and 1.5 · 1.5 "
        "= 2.25."
    ),
    "penalty-absolute-values": "A gradient (3, −4): 9 + 16 = 25. Absolute values give 3 + 4 = 7.",
    "penalty-sum-of-entries": "A gradient (3, −4): 9 + 16 = 25. Summed first it is 3 − 4 = −1, and its square is 1.",
}
