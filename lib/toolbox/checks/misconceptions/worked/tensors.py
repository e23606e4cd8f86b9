"""A worked number for each known mistake of `toolbox.checks.misconceptions.tensors`: id -> a sentence or two."""

from __future__ import annotations

WORKED: dict[str, str] = {
    # Jacobians
    "jacobian-layout": "2 inputs and 3 outputs have a Jacobian of shape (3, 2); entry [2, 0] says how the last output "
     "moves with the first input. In a (2, 3) there is no such entry.",
    "jacobian-diagonal-only": "The ReLU of 3 numbers has 3 · 3 = 9 slopes. At (4, −7, 2) they are 1, 0, 1 on the "
     "diagonal and 6 zeros around it; (1, 0, 1) alone is not a matrix.",
    "jacobian-rows-filled": "The ReLU at (4, −7, 2): nudge the 4, and only the first output moves. The first column is "
     "(1, 0, 0), not (1, 1, 1).",
    "jacobian-summed": "The ReLU of 3 numbers has 3 · 3 = 9 slopes. At (4, −7, 2) they sum to 2, and the 2 does not "
     "say which outputs moved with which inputs.",
    "jacobian-every-row": "Two rows of one number each, times the one weight 5: row 0 of y is 5 times row 0 of x. "
     "Nudge row 1 of x, and row 0 of y moves by 0, not by 5 times as much.",
    "jacobian-flat": "x is (2, 3), y is (3, 2): the Jacobian has the shape (3, 2, 2, 3). (6, 6) holds the same 6 · 6 = "
     "36 numbers, but no longer says which row and column.",
    "one-sided-difference": "The slope of x^3 at 1 is 3. With h 0.1, one side gives (1.331 − 1) / 0.1 = 3.31, both "
     "sides give (1.331 − 0.729) / 0.2 = 3.01.",
    "difference-step-wrong": "From 2.9 to 3.1, x^2 rises by 9.61 − 8.41 = 1.2 over a way of 0.2: 1.2 / 0.2 = 6. "
     "Divided by h, 0.1, it would be 12.",
    "difference-step-too-large": "The sine has the slope 1 at 0. A chord from −1 to 1 has the slope 0.84, one from "
     "−0.001 to 0.001 has 0.9999998.",
    "difference-of-one-tensor": "f(x) = x at 2, nudged in place by 0.1: with copies (2.1 − 1.9) / 0.2 = 1. Without, "
     "both results are the tensor as it is at last, and 1.9 − 1.9 = 0.",
    "difference-step-ignored": "For x^3 at 1 the central difference is 3 + 0.1^2 = 3.01 with h 0.1, and 3 + 0.3^2 = "
     "3.09 with h 0.3. A step of your own gives 3.00 for both.",
    "nudges-pile-up": "x · y at (2, 3), h 1. When y is nudged, 2 · 4 = 8 and 2 · 2 = 4: slope 2. With x left at 3 it "
     "is 3 · 4 = 12 and 3 · 2 = 6: slope 3.",
    # the explosion
    "bytes-for-numbers": "A 10 by 10 Jacobian has 10 · 10 = 100 numbers; in float32 they take 100 · 4 = 400 bytes.",
    "giga-for-gibi": "1 GiB is 2^30 = 1073741824 bytes, not 10^9 = 1000000000: 8 GiB are 8.59 GB.",
    "jacobian-size-added": "3 outputs and 4 inputs: each of the outputs has a slope with each of the inputs, 3 · 4 = "
     "12, not 3 + 4 = 7.",
    "jacobian-batch-once": "2 rows of 3 in, 2 rows of 4 out: 6 inputs, 8 outputs, 6 · 8 = 48 entries. With the batch "
     "counted once it would be 2 · 3 · 4 = 24.",
    "jacobian-double": "100 numbers take 100 · 4 = 400 bytes in float32; 800 would be float64.",
    "jacobian-other-factor": "x (2, 5) times w (5, 3) is y with 6 entries. By the 10 entries of x that makes 6 · 10 = "
     "60 slopes, by the 15 of w 6 · 15 = 90.",
    # elementwise
    "relu-forward-again": "At x (3, −2), with (10, 20) from upstream, (10, 0) goes back. max(0, x) is (3, 0): of the "
     "10 nothing is left.",
    "relu-sign-for-mask": "max(0, −2) and max(0, −1.9) are both 0. With 10 from upstream 0 goes back; the sign would "
     "send −1 · 10 = −10.",
    # softmax
    "softmax-cross-terms-missing": "Scores (0, 0) give 0.5 and 0.5. Raise the first score by 0.1: 0.525 and 0.475. The "
     "second moved too, by −0.025, a slope of −0.25 and not 0.",
    "softmax-diagonal-missing": "Scores (0, 0) give 0.5 and 0.5. Raise the first score by 0.1 and its probability "
     "rises to 0.525, a slope of 0.25. The cross term alone says −0.25.",
    "softmax-sign-of-cross-terms": "Scores (0, 0) give 0.5 and 0.5. Raise the first by 0.1: 0.525 + 0.475 = 1. If the "
     "second rose as well, it would be 0.525 + 0.525 = 1.05.",
    "softmax-upstream-unweighted": "Probabilities 0.9 and 0.1, upstream 1 and 5: the shared sum is 0.9 · 1 + 0.1 · 5 = "
     "1.4. Unweighted it is 1 + 5 = 6, as if the unlikely class counted in full.",
    "softmax-cross-terms-averaged": "Probabilities 0.9 and 0.1, upstream 1 and 5: the shared sum is 0.9 + 0.5 = 1.4. "
     "Its mean, 0.7, is half of it, and with 1000 classes a thousandth.",
    "softmax-shared-too-far": "Two rows, each with probabilities 0.9 and 0.1: upstream 1 and 5 make the sum 1.4, "
     "upstream 2 and 0 make 1.8. A `.sum()` without `dim` gives both rows 3.2: what one example "
     "gets depends on the other.",
    "softmax-term-unscaled": "Probabilities 0.9 and 0.1, upstream 1 and 5: −0.36 and 0.36 go back, together 0, for the "
     "same on all scores changes nothing. With one y lost, 0.9 − 1.4 = −0.5 and 0.5 − 1.4 = −0.9.",
    "softmax-unnormalised": "Scores (0, 0). Raise the first by 0.1: exp moves from 1 to 1.105, the softmax from 0.5 to "
     "0.525 only, because the sum below it grows too.",
    "softmax-of-softmax": "Scores (2.2, 0) give y (0.9, 0.1). The softmax of that y is (0.69, 0.31), another "
     "distribution.",
    "softmax-of-inputs": "Scores (2, 0) give probabilities (0.88, 0.12), and the first slope is 0.105. With scores in "
     "their place it is 2 − 2 · 2 = −2: a probability that falls with its own score.",
    # matrix multiply
    "factor-not-transposed": "w has the rows (1, 2) and (3, 4). y's first entry is 1 times x's first plus 3 times its "
     "second, so the upstream (1, 0) sends (1, 3) back, a column of w. (1, 2) is a row.",
    "factors-swapped": "A (4, 5) times a (5, 3) is a (4, 3). The other way round, a (5, 3) times a (4, 5), there is no "
     "product, for 3 is not 4.",
    "upstream-transposed": "The upstream gradient has the rows (1, 2) and (3, 4): the entry of y in row 0, column 1 "
     "sent the 2. After a transpose it is told 3, which is another's.",
    "upstream-summed-first": "One x, with the weights 5 and 7, upstream 1 and −1: x gets 1 · 5 − 1 · 7 = −2. Sum the "
     "upstream first, 1 − 1 = 0, and nothing is left to send.",
    "needs-whole-jacobian": "The ReLU of 1000 numbers has 1000 · 1000 = 1000000 slopes, of which 999000 are 0. What "
     "goes back needs 1000 products.",
    # broadcasting
    "broadcast-not-summed": "One b is added in 3 places, with 1, 4 and 5 from upstream. Nudge b by 0.1, and the end "
     "moves by 0.1 + 0.4 + 0.5 = 1: b gets the one number 10, not three.",
    "broadcast-averaged": "One b is added in 3 places, with 1, 4 and 5 from upstream: it gets 1 + 4 + 5 = 10. The "
     "mean, (1 + 4 + 5) / 3 ≈ 3.33, tells of a third of that.",
    "broadcast-axes-lost": "x (3, 1) was stretched to (3, 4). Each row of 4 is summed: 3 numbers, in the shape (3, 1) "
     "that x has. As (3,) they would next be taken for a row.",
    "broadcast-axes-kept": "b (4,) was added to a (3, 4). The sum over the 3 rows has the shape (4,), like b; (1, 4) "
     "has an axis that b never had.",
    "broadcast-size-one-forgotten": "x (3, 1) became (2, 3, 4): copied 2 times in front, and 4 times along its axis of "
     "size 1. Each entry collects 2 · 4 = 8 gradients, not 2.",
    "broadcast-new-axes-forgotten": "x (3, 1) became (2, 3, 4): each entry was copied 2 · 4 = 8 times. Summing the "
     "last axis collects 4 of them, and leaves (2, 3, 1).",
    "broadcast-aligned-left": "x (3,) added to a (3, 3) is in each of its rows: entry j of x collects column j, 3 "
     "numbers from 3 rows. To sum row j is to align at the first axis.",
    "broadcast-axes-partly": "x (1, 3, 1) became (2, 3, 4): each entry was copied 2 · 4 = 8 times, along two axes. One "
     "of the two sums collects 2 or 4 of the 8.",
    "broadcast-one-copy-only": "One b is added in 3 places, with 1, 4 and 5 from upstream: it gets 1 + 4 + 5 = 10. The "
     "first copy alone says 1.",
    "broadcast-summed-completely": "b (2,) was added to two rows with (1, 2) and (3, 4) from upstream: 1 + 3 = 4 and 2 "
     "+ 4 = 6. Summed over everything, both would get 10.",
    "mul-local-missing": "x 2, y 5, and 3 from upstream: nudge x by 0.1, and the product moves by 0.5, the end by 3 · "
     "0.5 = 1.5. So x gets 15, not 3.",
    "mul-summed-before-multiplying": "One x meets y (1, 10), with (2, 3) from upstream: it gets 2 · 1 + 3 · 10 = 32. "
     "Summed first it would be (2 + 3) · (1 + 10) = 55.",
    # correlation
    "correlation-flipped": "w (1, 10, 100) on x (1, 2, 3): 1 · 1 + 10 · 2 + 100 · 3 = 321. With w backwards it is 100 "
     "· 1 + 10 · 2 + 1 · 3 = 123, a convolution.",
    "correlation-input-reversed": "w (1, 10) on x (1, 2, 3, 4): the first output is 1 · 1 + 10 · 2 = 21. With x "
     "backwards it is 1 · 4 + 10 · 3 = 34.",
    "correlation-upstream-reversed": "3 outputs, 2 weights, upstream (5, 0, 0): only the first output matters, so only "
     "x[0] and x[1] of the 4 get anything. Backwards, x[2] and x[3] would.",
    "correlation-shifted": "w (1, 10) on x (1, 2, 3, 4): the first output is 1 · 1 + 10 · 2 = 21. Shifted it is 1 · 2 "
     "+ 10 · 3 = 32, and the last one asks for x[4], which is not there.",
    "correlation-tap-missing": "w (1, 10, 100) on x (1, 2, 3): 1 · 1 + 10 · 2 + 100 · 3 = 321. Without the last weight "
     "it is 1 · 1 + 10 · 2 = 21.",
    "correlation-first-tap-only": "w (1, 10, 100): x[2] is in three outputs, with 100, 10 and 1. With an upstream "
     "of ones it collects 100 + 10 + 1 = 111, not 1.",
    "correlation-bias-missing": "w (1, 10) on x (1, 2), with the bias 5: 1 · 1 + 10 · 2 + 5 = 26, not 21.",
    "correlation-weights-ignored": "w (1, 10): nudge x[1] by 0.1, and y[0] moves by 10 · 0.1 = 1, y[1] by 1 · 0.1 = "
     "0.1. Without the weights both would move by 0.1.",
    "correlation-border-cut": "3 outputs and 2 weights make 3 + 2 − 1 = 4 inputs. The last one is in one output, "
     "with w[1]; if that is 10 and the upstream 1, it collects 10, not 0.",
    "correlation-one-sum-for-all": "x (1, 2, 3), 2 outputs, an upstream of ones: w[0] meets 1 and 2 and gets 1 + 2 = "
     "3; w[1] meets 2 and 3 and gets 2 + 3 = 5.",
    "correlation-weights-in-bias": "w (1, 10): raise b[0] by 0.1, and y[0] rises by 0.1. Its slope is 1, not 1 + 10 = "
     "11.",
    "mean-for-sum": "Something used 3 times gets 2, 3 and 7 back: nudge it by 1, and the end moves by 2 + 3 + 7 = 12. "
     "The mean is (2 + 3 + 7) / 3 = 4.",
    # order
    "cost-wrong-end": "Sizes 1, 10, 10, 10: from the left 1 · 10 · 10 + 1 · 10 · 10 = 200, from the right 10 · 10 · 10 "
     "+ 1 · 10 · 10 = 1100.",
    "cost-additions-too": "A (2, 3) times a (3, 4) takes 2 · 3 · 4 = 24 multiplications. The 2 · 2 · 4 = 16 additions "
     "are not asked for.",
    "cost-inner-size-missing": "A (2, 3) times a (3, 4) has 2 · 4 = 8 entries, and each is a sum of 3 products: 2 · 3 "
     "· 4 = 24.",
    "cost-outer-size-only": "Sizes 1, 10, 10, 10 from the left: after the first product (1, 10) is left, and the next "
     "costs 1 · 10 · 10 = 100, not 10 · 10 · 10 = 1000.",
    # the checker
    "gradcheck-too-lenient": "True 2, claimed 2.002: wrong by a thousandth. Central differences give 2.00000000, but a "
     "tolerance of 0.01 lets it pass.",
    "gradcheck-sign-ignored": "Nudging says 3, claimed is −3. Their sizes agree; the distance is 3 − (−3) = 6.",
    "gradcheck-shape-ignored": "A claimed (3, 1) minus a true (3,) is a (3, 3): 3 · 3 = 9 differences, most of them "
     "between entries that have nothing to do with each other.",
    "gradcheck-entry-missed": "99 entries right, one off by 0.5: the mean error is 0.5 / 100 = 0.005 and looks like "
     "nothing. The largest error is 0.5.",
    "gradcheck-nan-passes": "Is nan more than 0.001 away? False, so it is not wrong. Is it within 0.001? False, so it "
     "is not right. Only the second question finds it.",
    "gradcheck-constant-upstream": "The softmax's outputs sum to 1. With (1, 1, 1) from upstream every gradient is 0, "
     "and three times too much is 3 · 0 = 0 as well. With (1, −2, 0.5) the 3 shows.",
    "gradcheck-zero-excused": "exp is smooth at 0, with the slope 1. A claimed 0 is wrong by 1, although x is 0; for "
     "x^2 a claimed 0.01 is wrong, although the truth is 0.",
    "gradcheck-zero-over-zero": "True 0, claimed 0: their distance is 0, and the gradient right. Divided by its size "
     "it is 0/0, which is nan; and if nudging says 0.0000000001, the relative error is 100 %.",
    "gradcheck-kink-rejected": "max(0, x) at 0 has the slope 0 on the left and 1 on the right: 0, 1 and all between "
     "are right. The central difference, (0.001 − 0) / 0.002 = 0.5, is only one of them.",
    "gradcheck-kink-excuses-all": "max(0, x) at 0: slopes from 0 to 1 are right, 2 is not. And at 0.5 there is no "
     "kink: 1 is right, 1.1 is wrong.",
    "gradcheck-single-precision": "In float32 the next number after 1 is 1.00000012. A nudge of 0.000001 is 8 such "
     "steps, so the slope has one digit; in float64 it has about ten.",
    "gradcheck-absolute-tolerance": "1000000.001 for 1000000 agrees to nine digits; 0.0011 for 0.0001 is 11 times too "
     "much. Both are off by 0.001.",
    "gradcheck-step-too-large": "1/x has the slope −1000000 at 0.001. A step of 0.0005 to each side says −1333333, a "
     "third too much.",
    "gradcheck-rejects-right": "Claimed 3000000, by nudging 3000000.02: a distance of 0.02, which is 7 parts in "
     "1000000000 of it. That is rounding, not a fault.",
}  # fmt: skip
