"""A worked number for each known mistake of `toolbox.checks.misconceptions.implicit`: id -> a sentence or two."""

from __future__ import annotations

WORKED: dict[str, str] = {
    "implicit-minus-missing": (
        "z + 2 x = 10: at x = 1 z is 8, at x = 2 it is 6. So z moves by 6 − 8 = −2, and not by 2."
    ),
    "implicit-upside-down": (
        "5 z + 10 x = 100: when x rises by 1, z has to give 10 / 5 = 2 back. Upside down it would be 5 / 10 = 0.5."
    ),
    "implicit-one-side": (
        "5 z + 10 x = 100: x pushes with 10, z gives way with 5, and z moves by 10 / 5 = 2 (downwards). One of "
        "the two alone says 10, or 5."
    ),
    "implicit-feedback-missing": (
        "z = 0.5 z + x: at x = 1 z is 2, for 0.5 · 2 + 1 = 2; at x = 2 z is 4. So z moves by 2, though x itself "
        "has moved by 1."
    ),
    "implicit-feedback-partial": (
        "z = 0.2 z + 0.3 z + x: both parts react, and z moves by 1 / (1 − 0.5) = 2. With the first part alone it "
        "would be 1 / (1 − 0.2) = 1.25."
    ),
    "implicit-feedback-sign": (
        "z = 0.5 z + x: on the left 1 − 0.5 = 0.5 of z is left, so z moves by 1 / 0.5 = 2. With a plus it would "
        "be 1 / 1.5 ≈ 0.67."
    ),
    "implicit-value-for-slope": (
        "The root of 9 is 3, that of 9.06 is 3.01: it moves at about 0.01 / 0.06 ≈ 0.17. The 3 says where it is."
    ),
    "steps-off-by-one": (
        "Halving until it is below 0.01: 0.5^6 ≈ 0.016 is not there yet, 0.5^7 ≈ 0.008 is. So 7 steps; after 6 "
        "the answer is still no."
    ),
    "steps-of-the-wrong-logarithm": (
        "Halving, down to 0.01: −4.605 / −0.693 ≈ 6.645 with two natural logarithms, so 7 steps. With base ten "
        "for one of them −2 / −0.693 ≈ 2.886, and 0.5^3 = 0.125 is far from 0.01."
    ),
    "kept-without-steps": (
        "10 steps, 4 rows, 3 units: 10 · 4 · 3 = 120 numbers wait for the backward pass. The last step alone holds 4 · "
        "3 = 12."
    ),
    "kept-without-batch": "10 steps, 4 rows, 3 units: 10 · 4 · 3 = 120 numbers. One row alone holds 10 · 3 = 30.",
    "kept-in-bytes": (
        "120 numbers take 4 · 120 = 480 bytes in float32, and 960 in float64. They are 120 numbers either way."
    ),
    "no-clear-error": (
        "(1 2; 2 4) s = (1, 0) has no solution, and yet rounding can return an s of size 10^16. It looks like any "
        "other number; an error with a reason does not."
    ),
    "error-not-needed": (
        "diag(0.0001, 0.0001) has the determinant 0.0001 · 0.0001 = 0.00000001, and yet s is simply 10000 times "
        "the right side. Small is not singular, and slow is not lost."
    ),
    "solve-transposed": (
        "(1 2; 0 1) s = (5, 1) has s = (3, 1), for 3 + 2 · 1 = 5. The transposed system has (5, −9); put into "
        "this one, that makes 5 − 2 · 9 = −13."
    ),
    "implicit-no-solve": (
        "z = 0.5 z + x with 3 arriving from above: 3 / (1 − 0.5) = 6. Without the division by what is left of z, "
        "it stays 3."
    ),
    "implicit-multiplied": (
        "A system of one line, 4 times s is 12: s is 12 / 4 = 3. Multiplied it would be 4 · 12 = 48."
    ),
    "implicit-one-step": (
        "z = 0.5 z + x: the last step gives 1, the one before it 0.5, the one before that 0.25, and so on, 2 in "
        "all. The last step alone is half of that."
    ),
    "implicit-few-steps": (
        "With feedback 0.9 the sum is 1 / (1 − 0.9) = 10. Its first four terms, 1 + 0.9 + 0.81 + 0.729 = 3.439, "
        "are a third of it."
    ),
    "implicit-direct-only": (
        "At z = 0.6 the tanh has the slope 1 − 0.6 · 0.6 = 0.64: of a gradient of 10 at z, 6.4 arrives at a. "
        "Yours lets all 10 through."
    ),
    "implicit-at-z": (
        "At z = 0.6 the tanh has the slope 0.64. If the whole gradient at z is 10, the one at a is 10 · 0.64 = 6.4."
    ),
    "implicit-transposed": (
        "(0 0.5; 0 0) lets unit 1 feed unit 2. A gradient of 10 at unit 2 sends 0.5 · 10 = 5 back to unit 1. With "
        "w turned round, unit 1 gets 0."
    ),
    "implicit-slope-missing": (
        "Feedback 0.5 through a slope of 0.64: once round the loop leaves 0.5 · 0.64 = 0.32, and 1 / (1 − 0.32) ≈ "
        "1.47. Without the slope it is 1 / (1 − 0.5) = 2."
    ),
    "implicit-wrong-side": (
        "Unit 1 (slope 1) feeds unit 2 (slope 0.1) with 0.5. Going back, a gradient of 10 passes the tanh of "
        "unit 2 first: 10 · 0.1 · 0.5 = 0.5. With the slope of unit 1 it would be 10 · 1 · 0.5 = 5."
    ),
    "implicit-feedback-only": (
        "The loss sends 10, and 4 comes back round the loop: 10 + 4 = 14 in all. Without the 10 only 4 is left."
    ),
    "implicit-slope-of-z": (
        "tanh(a) is 0.6: the slope there is 1 − 0.6 · 0.6 = 0.64. Without the square it would be 1 − 0.6 = 0.4; "
        "with a second tanh, which is 0.54, it would be 1 − 0.54 · 0.54 ≈ 0.71."
    ),
    "implicit-rows-share": (
        "A row at z = 0 has the slope 1, one at z = 0.9 the slope 0.19. Their mean, (1 + 0.19) / 2 = 0.595, is "
        "right for neither."
    ),
    "implicit-minus-wrong": (
        "g = z − 3 x: z rises by 3 when x rises by 1. The slope of g by x is −3, and the formula's minus makes it "
        "3; one minus more, and it falls by 3."
    ),
    "implicit-upstream-missing": (
        "If the loss does not look at w, 0 arrives from above, and every gradient is 0. Yours would still be, "
        "say, 0.4; and with 20 in place of 10 it would not double."
    ),
    "implicit-at-w": (
        "5 targets and 2 weights: the gradient of the targets has 5 entries. What comes out of the solve has 2."
    ),
    "deq-input-missing": (
        "z = tanh(0.5 z + x): at x = 0 z is 0, at x = 1 it is about 0.9. A layer that says 0 both times has not "
        "looked at x."
    ),
    "deq-bias-missing": "z = tanh(0.5 z + x + b) at x = 0: with b = 1 z is about 0.9. Without the bias it is 0.",
    "deq-transposed": (
        "(0 5; 0 0) lets unit 1 feed unit 2. With z = (0.1, 0) unit 2 receives 0.1 · 5 = 0.5. With w turned round "
        "it receives 0."
    ),
    "deq-feedback-missing": (
        "z = tanh(0.5 z + 1) settles at 0.895. Without the z on the right it is tanh(1), which is 0.762."
    ),
    "deq-too-early": (
        "z = tanh(0.5 z + 1) goes 0.762, 0.881, 0.894, 0.895. Who stops at 0.881 calls it settled, and the next "
        "step moves by 0.013."
    ),
    "deq-outside-tanh": (
        "tanh(0.4 + 3) is 0.998, below 1 like every tanh. With the 3 outside, tanh(0.4) + 3 is 3.38: no unit can "
        "ever be there."
    ),
    "deq-input-for-state": (
        "x = 2, z = 0.6, and a gradient of 5 at a. w met z, so it gets 0.6 · 5 = 3; u met x, so it gets 2 · 5 = "
        "10. Mixed up, both are wrong."
    ),
    "blocks-below-the-diagonal": (
        "Two layers of one unit, 7 between them: the second receives 7 z1. A row (z1, z2) times (0 7; 0 0) puts "
        "it there. With (0 0; 7 0) the first receives 7 z2."
    ),
    "blocks-input-everywhere": (
        "Three layers of one unit, the first weight being 2: u is (2, 0, 0). With (2, 2, 2) x reaches layer 3 directly."
    ),
    "blocks-input-at-the-end": (
        "Three layers of one unit, the first weight being 2: u is (2, 0, 0). With (0, 0, 2) x enters where the "
        "answer comes out."
    ),
    "blocks-bias-reversed": (
        "Biases 1, 2 and 3 of three layers: b is (1, 2, 3), in the order of z. In reverse the first layer gets the 3."
    ),
    "blocks-bias-once": (
        "Biases 1, 2 and 3 of three layers: b is (1, 2, 3). With (1, 0, 0) layers 2 and 3 have lost theirs."
    ),
    "ridge-mean-missing": (
        "Rows 1, 2 and 3, one weight: the mean of the squares is (1 + 4 + 9) / 3 ≈ 4.67, and with reg = 1 the "
        "system is 5.67. With the sum it is 14 + 1 = 15."
    ),
    "ridge-penalty-missing": (
        "Mean square 4, reg = 1: the system is 4 + 1 = 5, and 10 from above becomes 10 / 5 = 2. Without the "
        "penalty it becomes 10 / 4 = 2.5."
    ),
    "ridge-penalty-sign": (
        "Mean square 4, reg = 1: the system is 4 + 1 = 5. Taken away it is 4 − 1 = 3, and with reg = 4 there is 4 "
        "− 4 = 0 to divide by."
    ),
    "ridge-penalty-once": (
        "Two weights, reg = 1: the penalty adds (1 0; 0 1). With (1 1; 1 1) it would only look at the sum of the "
        "weights, and for 5 and −5 that is 5 − 5 = 0."
    ),
    "ridge-weights-missing": (
        "A little more reg pulls a weight of 100 down, and leaves a weight of 0 where it is. Without the weights "
        "in it the answer would be the same for both."
    ),
    "ridge-reg-in-gradient": (
        "reg times w at w = 3 is 3 for reg = 1, 6 for reg = 2, 9 for reg = 3: one more reg adds 3 each time. With "
        "reg in the slope it would add 3, then 6, then 9."
    ),
    "ridge-two-on-one-side": (
        "Twice 5 s is twice 10: s is 20 / 10 = 2. With the two on the right alone, s is 20 / 5 = 4."
    ),
    "ridge-predicts": (
        "x = 3 and w = 2: the prediction is 3 · 2 = 6, even if 0 arrives from above. A gradient would be 0 then."
    ),
    "eigen-not-symmetric": (
        "a[0, 1] and a[1, 0] are one number written twice. If the two collect 6 and 0, each gets (6 + 0) / 2 = 3."
    ),
    "eigen-gaps-reversed": (
        "Eigenvalues 1 and 3: from the first to the second it is 3 − 1 = 2, back it is 1 − 3 = −2. Taken the "
        "wrong way round, every vector turns backwards."
    ),
    "eigen-values-only": (
        "diag(1, 3) with 0.1 put beside the diagonal: the first vector turns from (1, 0) to about (1, −0.05). Its "
        "eigenvalue moves by 0.005 only."
    ),
    "eigen-vectors-only": (
        "diag(1, 3) with 0.1 added at the top left is diag(1.1, 3): the first eigenvalue has moved by 1.1 − 1 = "
        "0.1, and no vector has turned."
    ),
    "eigen-gaps-missing": (
        "0.1 beside the diagonal turns the vectors of diag(1, 3) by about 0.1 / 2 = 0.05, those of diag(1, 2) by "
        "about 0.1 / 1 = 0.1. Without the gaps both would turn alike."
    ),
    "eigen-gaps-unsigned": (
        "(1, 0) and (0, 1), turned a little, are (1, 0.05) and (−0.05, 1): one plus, one minus. With two plusses "
        "they are no longer at right angles: 1 · 0.05 + 0.05 · 1 = 0.1."
    ),
    "eigen-gaps-squared": (
        "0.1 beside the diagonal at a gap of 0.5 turns the vectors by about 0.1 / 0.5 = 0.2. With the gap squared "
        "it would be 0.1 / 0.25 = 0.4."
    ),
    "eigen-diagonal-kept": (
        "A vector (1, 0) that turns into itself by 0.1 becomes (1.1, 0). Its length must stay 1, so it cannot."
    ),
    "eigen-vectors-transposed": (
        "(0.6 −0.8; 0.8 0.6): the first eigenvector is its column (0.6, 0.8). Its first row is (0.6, −0.8), "
        "another direction."
    ),
    "eigen-in-own-basis": (
        "Eigenvector (0.6, 0.8), and a gradient of 1 for its eigenvalue: a[0, 0] gets 0.6 · 0.6 = 0.36 of it. In "
        "the vectors' own basis it is still the whole 1."
    ),
    "eigen-not-turned-in": (
        "A gradient (0, 1) of the first vector, the second being (−0.8, 0.6): along that one it is 0 · (−0.8) + 1 "
        "· 0.6 = 0.6. The bare entry is 1."
    ),
    "eigen-half": (
        "6 on one side of the diagonal and 0 on the other become (6 + 0) / 2 = 3 each. Halved once more they are 1.5."
    ),
    "pose-not-moved": (
        "The start says 5.0 m, and the image fits best from 5.3 m: it is 0.3 m off. What comes back must be 5.3."
    ),
    "pose-one-step": (
        "The root of 9, from 5, a linear step at a time: 3.4, 3.02, 3.0001. After the first step it is still 0.4 off."
    ),
    "pose-curvature-missing": (
        "Slope 2, residual 0.5, and the slope itself grows at 3: slope times residual moves at 3 · 0.5 − 2 · 2 = "
        "−2.5. If the slope stood still, it would be −4."
    ),
    "pose-curvature-sign": (
        "Slope 2 and residual 0.5 make 2 · 0.5 = 1. A little further they are 2.3 and 0.3, and 2.3 · 0.3 = 0.69. "
        "A constant slope gives 2 · 0.3 = 0.6: the curvature holds back part of the fall."
    ),
    "pose-curvature-doubled": (
        "A product of 3 and 5, both growing at 1, moves at 5 + 3 = 8: each factor once. 5 + 2 · 3 = 11 counts one "
        "of them twice."
    ),
    "pose-squares-missing": (
        "Slope 2: when the pose moves by 0.1, the projected point moves by 0.2, and a residual of 0.5 becomes 0.5 "
        "− 0.2 = 0.3. Without the squares it would stay 0.5."
    ),
    "pose-curvature-unweighted": (
        "Two points, curvature 3 each, residuals 0 and 0.1: 3 · 0 + 3 · 0.1 = 0.3. Unweighted it is 3 + 3 = 6."
    ),
    "pose-residual-as-upstream": (
        "A point that fits exactly has the residual 0. Seen 0.01 further left, it would move the pose all the "
        "same; times its residual its gradient is 0."
    ),
    "covariance-sigma-not-squared": (
        "Noise of 0.1, and a number that moves by 2 for each unit: it is off by 0.2, and its variance is 4 · 0.01 "
        "= 0.04. With sigma unsquared it would be 4 · 0.1 = 0.4."
    ),
    "covariance-sigma-missing": (
        "Slope 2: noise of 0.1 makes a variance of 4 · 0.01 = 0.04, noise of 0.2 one of 4 · 0.04 = 0.16. Without "
        "sigma it is 4 both times."
    ),
    "covariance-summed-first": (
        "Two coordinates with slopes 3 and −3: the variance is 9 + 9 = 18. Summed first it is 3 − 3 = 0, as if "
        "every error came with its opposite."
    ),
    "covariance-diagonal-only": (
        "Two numbers of the pose that both move at 1 with one coordinate: (1 1; 1 1). With (1 0; 0 1) they seem "
        "to err independently."
    ),
    "covariance-averaged": (
        "Two coordinates with slope 1 each: the variance is 1 + 1 = 2. Averaged it is 2 / 2 = 1, as if one error "
        "were no worse than none."
    ),
    "covariance-not-squared": (
        "A standard deviation of 0.2 is a variance of 0.2 · 0.2 = 0.04. The covariance holds 0.04."
    ),
    "covariance-of-image": (
        "A pose of 6 numbers from 5 points: 6 · 6 = 36 entries. For the 10 image coordinates it would be 10 · 10 = 100."
    ),
    "covariance-one-axis": (
        "A point with slopes 3 and 4 in its two coordinates: 9 + 16 = 25. The horizontal one alone gives 9."
    ),
    "covariance-correlation": (
        "Variances 4 and 9, covariance 3: the correlation is 3 / (2 · 3) = 0.5, and has 1 on its diagonal. Asked "
        "are the 4, the 9 and the 3."
    ),
}
