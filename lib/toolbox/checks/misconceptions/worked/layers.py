"""A worked number for each known mistake of `toolbox.checks.misconceptions.layers`: id -> a sentence or two."""

from __future__ import annotations

WORKED: dict[str, str] = {
    "cache-stale": (
        "A ReLU sees −2 first, and then 3. The latest batch was open, so an upstream gradient of 5 comes back as 5. "
        "By the mask of the first batch it would be 0."
    ),
    "cache-used-up": (
        "A layer that doubles sends 3 back as 2 · 3 = 6, however often it is asked. If the first call turns the kept "
        "2 into 4, the second one says 4 · 3 = 12."
    ),
    "grads-pile-up": (
        "A backward pass finds 3 for b. Asked again, it should say 3 again; adding up says 3 + 3 = 6, and an "
        "optimiser would step twice as far."
    ),
    "answer-reused": (
        "A layer that doubles answers 2 with 4, and then 5 with 10. Whoever kept the first answer must still hold 4; "
        "if both calls filled the same tensor, it holds 10."
    ),
    "call-remembered": (
        "`def nodes(output, found=[])` makes one list for all calls: the second call begins with what the first one "
        "found, and says 5 where 2 are right."
    ),
    "dtype-changed": (
        "In float32, 1.00000001 is 1: it holds about 7 digits, float64 about 16. A float64 batch that comes back as "
        "float32 has lost 9 of them."
    ),
    "layer-bias-missing": (
        "x = 2, w = 3, b = 1: the layer gives 2 · 3 + 1 = 7. Without the bias it gives 6, and at x = 0 it can give "
        "nothing but 0."
    ),
    "layer-bias-sign": (
        "x = 2, w = 3, b = 1: the layer gives 2 · 3 + 1 = 7, subtracting gives 5. Raise b to 2: the output should "
        "rise to 8, and yours falls to 4."
    ),
    "layer-bias-twice": (
        "x = 2, w = 3, b = 1: the layer gives 2 · 3 + 1 = 7, not 8. Raise b by 1, and the output should rise by 1; "
        "here it rises by 2."
    ),
    "layer-first-bias-only": (
        "Products 4 and 6, biases 1 and 10: the outputs are 5 and 16. With the first bias for all they are 5 and 7, "
        "and the 10 counts nowhere."
    ),
    "layer-averaged": (
        "Inputs 1 and 3, weights 2 and 4: the output is 1 · 2 + 3 · 4 = 14, not the mean 7. Two rows that send 3 and "
        "5 back give a bias 3 + 5 = 8, not 4."
    ),
    "activation-local-missing": (
        "At x = 2 the sigmoid's slope is 0.881 · 0.119 ≈ 0.105. An upstream gradient of 10 arrives at x as 10 · 0.105 "
        "= 1.05, not as 10."
    ),
    "activation-output-for-slope": (
        "At x = 5 the sigmoid is 0.993: high, and nearly flat. Its slope is 0.007; with the output in its place an "
        "upstream gradient of 10 comes back as 9.93 instead of 0.07."
    ),
    "activation-slope-at-output": (
        "At x = 4 the sigmoid is 0.982, and its slope 0.018. The slope at x = 0.982 is 0.198: that is another point "
        "of the curve, eleven times as steep."
    ),
    "activation-slope-at-upstream": (
        "A leak of 0.2, x = −2, upstream gradient 5: x is below zero, so 0.2 · 5 = 1 goes back. Asking whether the 5 "
        "is above zero lets all 5 through."
    ),
    "activation-forward-again": (
        "At x = 0 the sigmoid's slope is 0.25: an upstream gradient of 4 comes back as 4 · 0.25 = 1. The forward pass "
        "once more gives 0.5 for x, or 0.98 for the 4."
    ),
    "activation-of-input": (
        "At x = 2 the sigmoid is 0.881, and the short form gives 0.881 · (1 − 0.881) ≈ 0.105. Fed with x it gives 2 · "
        "(1 − 2) = −2: a falling slope on a rising curve."
    ),
    "activation-mask-returned": (
        "For x = (−1, 3) the ReLU gives (0, 3). The mask is (0, 1): it knows what is open, and no longer how much "
        "comes through."
    ),
    "activation-absolute": (
        "For x = (−3, 2) the ReLU gives (0, 2). The size of x is (3, 2): the −3 has come through, turned round."
    ),
    "activation-of-another-kind": (
        "At x = 0 the sigmoid is 1 / (1 + 1) = 0.5, the tanh is 0. Far left the sigmoid ends at 0, the tanh at −1; "
        "far right both end at 1."
    ),
    "activation-overflows": (
        "float64 ends near 10^308, and exp(710) is beyond that: inf. The sigmoid of 1000 is 1; exp(1000) / (1 + "
        "exp(1000)) is inf/inf, which is nan."
    ),
    "leaky-instead": (
        "At x = −3 a ReLU gives 0, and sends 0 back. With a leak of 0.01 it would give 0.01 · (−3) = −0.03."
    ),
    "leaky-slope-ignored": (
        "A layer made with slope 0.2 turns −5 into 0.2 · (−5) = −1. With 0.01 in its place it would be −0.05."
    ),
    "leaky-slope-missing": (
        "Slope 0.2 at x = −5: 0.2 · (−5) = −1 comes out, and an upstream gradient of 10 comes back as 2. A closed "
        "gate gives 0 both times."
    ),
    "leaky-slope-misplaced": (
        "Slope 0.2: 10 stays 10, and −10 becomes −2. With the leak on the wrong side 10 becomes 2, and −10 stays −10."
    ),
    "leaky-slope-sign": (
        "Slope 0.2: from x = −10 to x = −5 the output rises from −2 to −1. With the wrong sign it falls from 2 to 1."
    ),
    "leaky-slope-constant": (
        "Slope 0.2: x = −5 gives −1, and x = −10 gives −2. A floor at 0.2 gives 0.2 for both: nothing moves any more."
    ),
    "leaky-slope-without-upstream": (
        "Slope 0.2 and x below zero: an upstream gradient of 5 comes back as 0.2 · 5 = 1, one of 50 as 10. Without "
        "it, 0.2 comes back each time."
    ),
    "elu-alpha-ignored": (
        "With alpha = 2 the ELU at x = −1 is 2 · (0.368 − 1) = −1.264, on its way to −2. With alpha = 1 it is −0.632, "
        "on its way to −1."
    ),
    "elu-without-the-one": (
        "Just left of 0 the exponential is nearly 1, and 1 − 1 = 0 meets the 0 on the right. Without the one the "
        "curve jumps from 1 to 0."
    ),
    "elu-on-both-sides": (
        "At x = 3 the ELU is 3. The exponential less one is 20.1 − 1 = 19.1 there, and at x = 1000 it is inf."
    ),
    "elu-sign": (
        "With alpha = 1 the ELU at x = −1 is 0.368 − 1 = −0.632. With the sign turned round it is 0.632: above zero, "
        "where the curve should be below."
    ),
    "elu-other-function": (
        "With alpha = 1 the ELU at −1 and −5 is −0.63 and −0.99: it bends towards −1. A straight leak gives −1 and "
        "−5, a closed gate 0 and 0."
    ),
    "elu-output-for-slope": (
        "With alpha = 1, at x = −5: the output is −0.993, the slope 0.007. With the output for the slope, an upstream "
        "gradient of 10 comes back as −9.93 instead of 0.07."
    ),
    "sigmoid-exponent-sign": (
        "At x = 2 the sigmoid is 1 / (1 + 0.135) ≈ 0.881; with the other sign it is 1 / (1 + 7.39) ≈ 0.119. Right of "
        "0 a rising curve is above its middle, 0.5."
    ),
    "sigmoid-one-missing": (
        "At x = 0 the exponential is 1, and 1 / (1 + 1) = 0.5. Without the one it is 1 / 1 = 1; with a minus in its "
        "place the denominator is 1 − 1 = 0."
    ),
    "sigmoid-factor-missing": (
        "In the middle the output is 0.5 and the slope 0.25; one factor alone says 0.5. At the upper end the output "
        "is 0.999, the slope 0.999 · 0.001 ≈ 0.001; one factor alone may say 0.999."
    ),
    "sigmoid-sign-inside": (
        "Where the output is 1, both curves are flat: their slope is 0. A plus in the place of the minus makes it 1 · "
        "(1 + 1) = 2."
    ),
    "tanh-rule": (
        "At x = 0 the sigmoid is 0.5, and its slope is 0.25. The rule of the tanh makes 1 − 0.5 · 0.5 = 0.75 of it: "
        "three times too steep."
    ),
    "sigmoid-rule": (
        "At x = 0 the tanh is 0, and its slope is 1, the steepest it has. The rule of the sigmoid makes 0 · (1 − 0) = "
        "0 of it."
    ),
    "tanh-output-not-squared": (
        "Far left the tanh is −1, and flat: its slope is 1 − 1 = 0. Without the square it is 1 − (−1) = 2."
    ),
    "tanh-upside-down": (
        "At x = 0 the fraction is (1 − 1) / (1 + 1) = 0. On its head it divides by 0; and at x = 1, where the tanh is "
        "0.762, it is 1.313."
    ),
    "softmax-not-normalised": (
        "Scores 0 and 1 have exponentials 1 and 2.72, together 3.72. Divided by that they are 0.27 and 0.73, and 0.27 "
        "+ 0.73 = 1; as they are, they sum to 3.72."
    ),
    "softmax-exponent-sign": (
        "Scores 0 and 1 become 0.27 and 0.73: the higher score has more. With the sign turned they become 0.73 and "
        "0.27."
    ),
    "softmax-log-taken": (
        "Scores 0 and 1 become 0.27 and 0.73. Their logarithms are −1.31 and −0.31: below zero, as no probability is."
    ),
    "maxout-summed": "Pieces 2, 5 and −1: the output is 5. Their sum is 2 + 5 − 1 = 6, their mean 2.",
    "maxout-one-piece": (
        "Pieces 2 and 5 in one row, 7 and 1 in the next: the outputs are 5 and 7. The first piece alone gives 2 and 7."
    ),
    "maxout-smallest": "Pieces 2, 5 and −1: the output is the 5. You have let the −1 win.",
    "maxout-largest-size": "Pieces −5 and 1: the output is 1. By size the 5 wins, and 5 comes out, or −5.",
    "maxout-bias-after": (
        "Products 3 and 2, biases 0 and 4: the pieces are 3 and 6, and 6 comes out. Choosing first and adding the "
        "largest bias gives 3 + 4 = 7, of two that never belonged together."
    ),
    "maxout-relu-too": "Pieces −5 and −2: the output is −2. A ReLU on top makes it 0, and sends nothing back.",
    "maxout-wrong-axis": (
        "Two rows: the first piece gives 2 and 8, the second 1 and 3. The pieces compete in each row: 2 and 8 come "
        "out. If the rows compete, 8 and 3 come out."
    ),
    "maxout-not-chosen": (
        "4 pieces, 7 rows, 3 outputs: before the choice there are 4 · 7 · 3 = 84 numbers, after it 7 · 3 = 21."
    ),
    "maxout-all-collect": (
        "Pieces 2 and 5: raise the 2 to 2.1, and the output stays 5. So of an upstream gradient of 3 the pieces get 0 "
        "and 3, not 3 and 3."
    ),
    "maxout-losers-collect": (
        "Pieces 2 and 5: raise the 5 to 5.1, and the output follows; raise the 2, and it stays. An upstream gradient "
        "of 3 goes to them as 0 and 3, not as 3 and 0."
    ),
    "maxout-choice-without-bias": (
        "Products 3 and 2, biases 0 and 4: the pieces 3 and 6 were compared, and the second won. Without the biases 3 "
        "beats 2, and the gradient goes to the wrong one."
    ),
    "maxout-averaged": (
        "To one entry of x the winner sends 4, the loser 0: 4 + 0 = 4 arrives. The mean would be 2, half of what a "
        "nudge really does."
    ),
    "maxout-not-summed": (
        "2 rows of 3 inputs have 2 · 3 = 6 gradients, however many pieces there are. With an axis of 4 pieces left "
        "there are 24; what the pieces send, (4, 0, 0, 1), is 4 + 0 + 0 + 1 = 5."
    ),
    "correlation-padded": (
        "A row of 5 and 3 weights have 5 − 3 + 1 = 3 places where every weight meets an x. With zeros at the border 5 "
        "come out."
    ),
    "correlation-one-row-only": (
        "Two rows bring 4 and 10 to a weight: its gradient is 4 + 10 = 14. One row alone says 4, or 10."
    ),
    "correlation-not-summed": (
        "Two rows bring 4 and 10 to a weight: its gradient is one number, 4 + 10 = 14, and not the two of them."
    ),
    "reg-names": (
        'Squares of "0.w" sum to 4, those of "2.w" to 9: with reg 0.1 the penalty is 0.1 · (4 + 9) = 1.3. Who looks '
        'for a plain "w" finds none of them, and says 0.'
    ),
    "reg-weight-squared": (
        "reg = 0.1 and w = 3: the penalty is 0.1 · 3^2 = 0.9. Squaring the product gives 0.3^2 = 0.09, ten times too "
        "little."
    ),
    "reg-mean": (
        "w = (1, 3) and reg = 0.5: the penalty is 0.5 · (1 + 9) = 5. With the mean of the squares it is 2.5, and the "
        "more weights there are, the less each counts."
    ),
    "sequential-order": (
        "First times 2, then plus 3: 5 becomes 10, and then 13. The other way round 5 + 3 = 8 is doubled: 16."
    ),
    "sequential-not-chained": (
        "First times 2, then plus 3: 5 becomes 10, and then 13. If the second layer gets the 5 again, 5 + 3 = 8 comes "
        "out, and the first has no influence."
    ),
    "sequential-layer-skipped": (
        "Times 2, plus 3, times 10: 5 becomes 10, 13, 130. A loop that returns in its first round gives 10, one that "
        "ends too early 13."
    ),
    "sequential-names": (
        'Linear, ReLU, Linear have the places 0, 1 and 2: the second weight is "2.w", not "1.w" and not "3.w".'
    ),
    "sequential-copies": (
        "w = 3, and an optimiser makes it 2.5 in params. At x = 2 the layer now gives 2 · 2.5 = 5; with a tensor of "
        "its own it still gives 6."
    ),
    "sequential-mode": (
        "A net with a Dropout of p = 0.5, after eval(): a 3 that goes in comes out as 3. If nobody told the layer, it "
        "comes out as 0 or as 6."
    ),
    "recompute-other-inputs": (
        "Five layers in groups of 2: the inputs of layers 0, 2 and 4 are kept, 3 tensors. The outputs of layers 0, 2 "
        "and 4 are 3 tensors as well, but no group can start from them."
    ),
    "recompute-caches-left": (
        "Nine layers in groups of 3: 3 inputs are kept. If all 9 layers also hold their caches, 12 tensors wait, more "
        "than the 9 of a Sequential."
    ),
    "recompute-all-at-once": (
        "Nine layers in groups of 3: with one group at a time, 3 + 3 = 6 tensors wait. If all layers run again before "
        "anything goes back, 3 + 9 = 12 do."
    ),
    "recompute-runs": (
        "Nine layers in groups of 3, each run again from its kept input: 9 more runs, 18 in all. Started from the "
        "net's input each time, the groups take 9 + 6 + 3 = 18 more runs, 27 in all."
    ),
}
