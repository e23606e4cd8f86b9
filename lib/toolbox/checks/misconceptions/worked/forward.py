"""A worked number for each known mistake of `toolbox.checks.misconceptions.forward`: id -> a sentence or two."""

from __future__ import annotations

WORKED: dict[str, str] = {
    "dual-term-missing": (
        "3 · 5 with both factors growing at rate 1: after 0.1 it is 3.1 · 5.1 = 15.81. That is 0.81 more in a time of "
        "0.1: a rate near 5 + 3 = 8. One term alone says 5, or 3."
    ),
    "dual-tangents-only": (
        "3 · 5, both growing at rate 2, changes at rate 2 · 5 + 3 · 2 = 16. The product of the rates is 2 · 2 = 4, "
        "and would be 4 even if the 5 were a million."
    ),
    "dual-value-for-tangent": (
        "Two hundreds make 100 + 100 = 200, whether they change or not. Where both are constant the tangent of the "
        "sum is 0, and not 200."
    ),
    "dual-tangent-for-value": (
        "3 · 5 with both factors growing at rate 1 is the pair (15, 8): 15 says where the product is, 8 how fast it "
        "changes. Yours has the 8 in both places."
    ),
    "dual-sign-of-term": (
        "Only the 3 changes, to 4. In a difference, 5 − 3 = 2 becomes 5 − 4 = 1: it falls by 1. In a product, 5 · 3 = "
        "15 becomes 5 · 4 = 20: it rises by 5."
    ),
    "dual-sum-rule": (
        "100 · 5, the 5 growing at rate 1: 100 · 6 = 600 is 100 more than 500. Adding up the rates gives 0 + 1 = 1, a "
        "hundred times too little."
    ),
    "dual-factors-not-swapped": (
        "2 · 10, the 2 growing at rate 1: 3 · 10 = 30 is 10 more than 20. The rate of the 2 counts tenfold, 1 · 10 = "
        "10, and not twofold, 1 · 2 = 2."
    ),
    "dual-term-twice": (
        "2 · 3, both at rate 1, after 0.01: 2.01 · 3.01 = 6.0501. That is 0.05 and a mere 0.0001 more, so the rate is "
        "2 + 3 = 5. A third term makes it 6."
    ),
    "dual-matmul-order": (
        "(1 1; 0 1) times (1 0; 1 1) has a 2 at the top left, 1 · 1 + 1 · 1 = 2; the other way round the 2 stands at "
        "the bottom right. Tangents in the other order land in the wrong entries, too."
    ),
    "dual-quotient-square": (
        "6 / b at b = 2, b growing at rate 1: 6 / 2.01 ≈ 2.985 is 0.015 less than 3 after 0.01. That is a rate of −6 "
        "/ 4 = −1.5; over 2 in place of 4 it would be −3."
    ),
    "dual-quotient-by-numerator": (
        "6 / b at b = 2: when b changes at rate 1, the quotient falls at 6 / 4 = 1.5. Over the square of the "
        "numerator it would be 6 / 36 ≈ 0.17."
    ),
    "dual-tangent-averaged": (
        "1 and 2 change at rate 4 and 6, and a second later they are 5 and 8. Their sum goes from 3 to 13: a rate of "
        "4 + 6 = 10, and not 5."
    ),
    "dual-slope-missing": (
        "exp has the slope 7.39 at 2. An input there that changes at rate 3 makes the result change at rate 7.39 · 3 "
        "= 22.17, and not at 3."
    ),
    "dual-tangent-missing": (
        "exp has the slope 1 at 0. If the input changes at rate 5, the result changes at rate 1 · 5 = 5; if it is "
        "constant, at 1 · 0 = 0. The slope alone says 1 both times."
    ),
    "dual-added-not-multiplied": (
        "Slope 2, and an input that is constant: the result is constant, too, 2 · 0 = 0. Added up, it would change at "
        "rate 2 + 0 = 2."
    ),
    "dual-slope-divided": (
        "The logarithm has the slope 0.1 at 10: a rate of 5 becomes 5 · 0.1 = 0.5. Divided by the slope it is 5 / 0.1 "
        "= 50, fast where the curve is flat."
    ),
    "dual-slope-at-wrong-place": (
        "tanh(2) is 0.96, and the curve is nearly flat there: 1 − 0.96 · 0.96 = 0.0784. With the input in the same "
        "formula it is 1 − 2 · 2 = −3, steep and downhill."
    ),
    "dual-slope-squared": (
        "From 10 to 10.1 the natural logarithm grows by 0.00995, so its slope is near 1 / 10 = 0.1. Yours is near 1 / "
        "100 = 0.01 there."
    ),
    "dual-square-missing": (
        "tanh(−3) is −0.995, and the curve is flat there: 1 − 0.995 · 0.995 ≈ 0.01. Without the square it is 1 − "
        "(−0.995) = 1.995, steeper than tanh ever gets."
    ),
    "dual-other-slope": (
        "tanh(0) is 0, and steepest there: slope 1. The sigmoid's rule gives 0 · (1 − 0) = 0 at that place. And a "
        "plus for the minus gives 1 + 0.99 = 1.99 far out, where tanh is flat."
    ),
    "dual-mask-from-tangent": (
        "An entry at 4 changes at rate −1: max(0, x) goes from 4 to 3, so its rate is −1. A gate that looks at the −1 "
        "would be shut, and say 0."
    ),
    "dual-mask-inverted": (
        "At 3, growing at rate 2, max(0, x) goes from 3 to 5: rate 2. At −3 it stays 0: rate 0. Yours says 0 and 2."
    ),
    "dual-sign-for-mask": (
        "At −3, growing at rate 2, max(0, x) stays 0, so its rate is 0. The sign of −3 is −1, and makes it −1 · 2 = −2."
    ),
    "dual-shapes-differ": (
        "A (2, 3) tensor summed along its last axis gives 2 sums, and each sum has a rate: 2 rates, neither 6 nor 1."
    ),
    "passes-of-other-mode": (
        "3 knobs and 50 results: forward mode takes 3 passes, reverse mode 50. With 50 knobs and 3 results it is 50 "
        "and 3."
    ),
    "passes-per-layer": (
        "Ten layers and 4 results: reverse mode goes back 4 times, each time through all ten layers. That is 4 "
        "passes, and not 4 · 10 = 40."
    ),
    "passes-half-of-them": (
        "Five steps of a flight end at five places, and a place is two numbers: 5 · 2 = 10 results, not 5."
    ),
    "passes-for-every-entry": (
        "3 inputs and 5 outputs: 3 · 5 = 15 entries. A forward pass brings a column of 5, so 15 / 5 = 3 passes are "
        "enough; a backward one brings 3, so 15 / 3 = 5."
    ),
    "jvp-seeded-with-ones": (
        "y = 3 a + 10 b, with a growing at rate 2 and b constant: 3 · 2 + 10 · 0 = 6. If both change at rate 1, it is "
        "3 + 10 = 13: the answer to another question."
    ),
    "jvp-seeded-with-values": (
        "y = x² at 5, growing at rate 1: 2 · 5 · 1 = 10. If its own value were its rate, it would be 2 · 5 · 5 = 50."
    ),
    "jvp-first-input-only": (
        "y = a b at a = 2, b = 3, both growing at rate 1: 1 · 3 + 2 · 1 = 5. If b is constant it is 3, if a is "
        "constant it is 2."
    ),
    "jvp-normalised": (
        "y = 3 a + 4 b, changing with (30, 40): 3 · 30 + 4 · 40 = 250. Made length 1, the direction is (0.6, 0.8), "
        "and 3 · 0.6 + 4 · 0.8 = 5."
    ),
    "jvp-finite-step": (
        "y = x² at 1, growing at rate 1: its rate is 2 · 1 · 1 = 2. A whole step leads from 1 to 4, a difference of 4 "
        "− 1 = 3."
    ),
    "jvp-function-at-tangent": (
        "y = x² at 3, growing at rate 0.1: 2 · 3 · 0.1 = 0.6. The function of the tangent is 0.1 · 0.1 = 0.01, and "
        "knows nothing of the 3."
    ),
    "jvp-summed": (
        "y = (x, 10 x) with x growing at rate 1: the two outputs change at rate 1 and at 10. One number, 1 + 10 = 11, "
        "cannot say that."
    ),
    "jvp-tangents-swapped": (
        "y = 100 a + b, with a growing at rate 1 and b at 2: 100 · 1 + 2 = 102. Swapped, it is 100 · 2 + 1 = 201."
    ),
    "jvp-answers-swapped": (
        "y = x² at 3, growing at rate 1: it is at 9 and changes at rate 6, so the answer is (9, 6). Yours reads (6, 9)."
    ),
    "jacobian-passes-pile-up": (
        "A Jacobian of one row, (1, 10, 100): the passes bring 1, 10 and 100. With ones that stay where they were, "
        "they bring 1, 1 + 10 = 11 and 1 + 10 + 100 = 111."
    ),
    "jacobian-one-pass-missing": (
        "A vector of 3 entries has the places 0, 1 and 2. With one of them left out, 2 columns (or rows) are right "
        "and the third is 0."
    ),
    "jacobian-passes-wasted": (
        "4 columns take 4 passes. With two calls a round it is 2 · 4 = 8; if a pass takes an hour, that is half a "
        "working day for nothing."
    ),
}
