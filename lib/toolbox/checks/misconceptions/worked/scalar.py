"""A worked number for each known mistake of `toolbox.checks.misconceptions.scalar`: id -> a sentence or two."""

from __future__ import annotations

WORKED: dict[str, str] = {
    # gates
    "upstream-alone": "Let z move 4 times as fast as x, and the end 3 times as fast as z: a nudge of 0.1 moves the end "
     "by 3 · 4 · 0.1 = 1.2. So x gets 12, not 3.",
    "upstream-added": "Let z move 2 times as fast as x, and the end 3 times as fast as z: a nudge of 0.1 moves the end "
     "by 3 · 2 · 0.1 = 0.6. The slope is 6; 3 + 2 = 5 would promise 0.5.",
    "copy-averaged": "If 3 comes back from one user and 4 from the other, a nudge of x by 1 moves the end by 3 + 4 = "
     "7. The mean, (3 + 4) / 2 = 3.5, tells of half of that.",
    "copy-one-user": "If 3 comes back from one user and 4 from the other, x collects 3 + 4 = 7. With the 3 alone, what "
     "the second user feels is lost.",
    "copy-multiplied": "One user sends 3 back, the other 4: a nudge of 0.1 moves the end by 0.3 + 0.4 = 0.7, so the "
     "slope is 7. 3 · 4 = 12 would promise 1.2.",
    "add-gate-swapped": "3 + 5 = 8 and 3.1 + 5 = 8.1: the sum moves by 0.1, just as x did. The slope is 1 whatever y "
     "is; 5 would be that of a product.",
    "max-not-routed": "max(3, 2) and max(3, 2.1) are both 3: the smaller input is not felt. With 5 from upstream the 3 "
     "gets 5 and the 2 gets 0, not 5 as well.",
    "max-split": "max(3, 2) is 3 and max(3.1, 2) is 3.1: all of the nudge arrives. With 4 from upstream the 3 gets 4 "
     "and the 2 gets 0, not 2 and 2.",
    "max-to-the-smaller": "max(3.1, 2) is 3.1, but max(3, 2.1) is still 3. With 4 from upstream the 3 gets 4 and the 2 "
     "gets 0, not the other way round.",
    "max-tie-counted-twice": "max(3, 3) is 3; both up by 0.1 and it is 3.1, a rise of 0.1. Slopes of 1 and 1 would "
     "promise 0.1 + 0.1 = 0.2; 1 and 0, or 0.5 and 0.5, promise 0.1.",
    "max-tie-lost": "max(3, 3) is 3; both up by 0.1 and it is 3.1. Slopes of 0 and 0 say that nothing moves; 1 and 0, "
     "or 0.5 and 0.5, promise the rise of 0.1.",
    "zero-over-zero": "2 · 3 = 6, and 6 / 2 = 3 is the slope for the 2. But 0 · 3 = 0: the slope for the 0 is 3 all "
     "the same, and 0 / 0 is not a number.",
    "max-of-sizes": "The larger of −3 and 2 is 2. By their sizes, 3 against 2, the −3 would win: compare the numbers, "
     "their signs included.",
    "max-times-value": "max(3, 2) is 3 and max(3.1, 2) is 3.1: a slope of 1. With 5 from upstream the 3 gets 5, not 5 "
     "· 3 = 15.",
    "reciprocal-sign": "1 / 4 = 0.25 and 1 / 5 = 0.2: from 4 to 5 it falls by 0.05. A falling function has a negative "
     "slope; 0.05 would let it rise.",
    "reciprocal-not-squared": "1 / 10 = 0.1 and 1 / 10.1 ≈ 0.099: a nudge of 0.1 moves it by −0.001. That is a slope "
     "of −0.01; −0.1 is ten times too steep.",
    "reciprocal-of-output": "1 / 2 = 0.5 and 1 / 2.1 ≈ 0.476: a slope near −0.25. Take the formula of the input and "
     "put the output, 0.5, into it, and you get −4.",
    "exp-of-input": "exp(0) is 1 and exp(0.1) is 1.105: a slope near 1. The input, 0, would mean that nothing moves.",
    "exp-like-a-power": "exp(0) is 1 and exp(0.1) is 1.105: a slope near 1. The rule for powers gives 0 · 0.368 = 0 "
     "there.",
    "exp-twice": "From 1 to 1.1, exp rises from 2.718 to 3.004: a slope near 2.8. Applied twice, exp(2.718) is 15.15, "
     "five times too steep.",
    "log-inverted": "log(10) is 2.303 and log(11) is 2.398: a step of 1 lifts it by 2.398 − 2.303 = 0.095. The slope "
     "at 10 is near 0.1, not 10.",
    "log-of-output": "log(10) is 2.303 and log(11) is 2.398: the slope at 10 is near 0.1. The output below the bar "
     "gives 1 / 2.303 ≈ 0.434, over four times too steep.",
    "log-itself": "log(1) is 0 and log(1.1) is 0.095: the slope at 1 is near 1. The log itself, 0, would mean that "
     "nothing moves.",
    "mean-without-count": "The mean of 2, 4, 6 and 8 is 5. Raise the 2 by 1: (3 + 4 + 6 + 8) / 4 = 5.25. It moved by "
     "0.25, not by 1.",
    "sum-averaged": "2 + 4 + 6 + 8 = 20. Raise the 2 by 1: 3 + 4 + 6 + 8 = 21. The sum moved by 1, not by 0.25.",
    "sum-times-value": "2 + 8 = 10. Nudge either of them by 0.1 and the sum is 10.1: both slopes are 1, not 2 and 8.",
    "not-a-list": "Four inputs, and 3 from upstream: a sum sends back 3, 3, 3, 3, one for each. A single 3, or 4 · 3 = "
     "12, belongs to none of them.",
    "sigmoid-half": "The sigmoid rises by 0.004 from 5 to 6, and by 0.004 from −6 to −5: flat at both ends. One factor "
     "alone is near 0 at one end, but near 1 at the other.",
    "sigmoid-overflows": "exp(709) is 8.2 · 10^307; exp(710) is more than a float can hold. At x = −800 one way of "
     "writing the sigmoid asks for exp(800), the other for exp(−800), which is simply 0.",
    "chain-step-skipped": "At x = 2 the four steps back give −0.776, −0.776, −0.105 and 0.105. Step over exp, and x "
     "gets 0.776, seven times too much; step over the minus, and the sigmoid falls.",
    "pattern-mistaken": "Take x = 3, y = −5 and 7 from upstream. Sent back as 7 and 7, it was copied; as 7 and 0, sent "
     "one way; as 7 · (−5) = −35 and 7 · 3 = 21, the inputs changed places.",
    # differences
    "difference-one-sided": "The slope of x^3 at 1 is 3. With the step 0.1, one side gives (1.331 − 1) / 0.1 = 3.31, "
     "both sides give (1.331 − 0.729) / 0.2 = 3.01.",
    "difference-symmetric": "x^3 at 1, step 0.1: one-sided means (1.331 − 1) / 0.1 = 3.31. (1.331 − 0.729) / 0.2 = "
     "3.01 is nearer to 3, but another difference.",
    "difference-to-the-left": "x^2 at 3, step 0.1: to the right (9.61 − 9) / 0.1 = 6.1, to the left (9 − 8.41) / 0.1 = "
     "5.9.",
    "difference-divided-by-one-step": "From 2.9 to 3.1, x^2 rises by 9.61 − 8.41 = 1.2 over a way of 0.2: 1.2 / 0.2 = "
     "6. Divided by 0.1 it would be 12.",
    "difference-divided-by-two-steps": "From 3 to 3.1, x^2 rises by 9.61 − 9 = 0.61 over a way of 0.1: 0.61 / 0.1 = "
     "6.1. Divided by 0.2 it would be 3.05.",
    "difference-not-divided": "From 3 to 3.1, x^2 rises by 9.61 − 9 = 0.61, and the slope is 0.61 / 0.1 = 6.1. The "
     "rise alone is 0.61 here, and 0.0601 for a step of 0.01.",
    "nudge-not-undone": "x · y at (2, 3), step 1. When y is nudged, 2 · 4 = 8 and 2 · 2 = 4: slope 2. With x left at 3 "
     "it is 3 · 4 = 12 and 3 · 2 = 6: slope 3.",
    "nudged-all-at-once": "Let x count 3 times and y 4 times: nudge x by 1 and f rises by 3, nudge y by 1 and it rises "
     "by 4. Nudge both, and it rises by 3 + 4 = 7, the slope of neither.",
    "value-at-start-missing": "From height 10, with the gradient (2, 3), a step (0.1, 0.2) leads to 10 + 2 · 0.1 + 3 · "
     "0.2 = 10.8. 0.8 is only the rise.",
    "step-not-weighted": "Gradient (2, 3), step (0.1, 0.2): a rise of 2 · 0.1 + 3 · 0.2 = 0.8. Without the sizes of "
     "the step, 2 + 3 = 5, however short it is.",
    "direction-not-normalised": "The gradient (6, 8) has length 10, for 6^2 + 8^2 = 100. The step of length 1 is (0.6, "
     "0.8); (6, 8) itself goes ten times too far.",
    "direction-other-length": "The length of (6, 8) is 10, for 6^2 + 8^2 = 100, which gives (0.6, 0.8). Divided by 6 + "
     "8 = 14 it is (0.43, 0.57), only 0.71 long.",
    "direction-downhill": "x^2 at 3 has the slope 6. A step to 3.1 climbs from 9 to 9.61; a step to 2.9 falls to 8.41.",
    "direction-signs-only": "For the gradient (3, 0.3) uphill is (0.995, 0.0995), nearly along the first axis. The "
     "signs, (1, 1), point 39° aside, and are 1.41 long.",
    # the engine
    "operands-swapped": "3 − 5 = −2, but 5 − 3 = 2. 3 / 5 = 0.6, but 5 / 3 ≈ 1.67.",
    "minus-lost": "3 − 5 = −2 and 3 − 6 = −3: raise the second number by 1, and the difference falls by 1. Its slope "
     "is −1, not 1.",
    "denominator-sign": "6 / 2 = 3 and 6 / 3 = 2: a larger denominator, a smaller quotient. At 6 / 2 the slope is "
     "−1.5; 1.5 would let it grow.",
    "denominator-not-squared": "6 / 2 = 3 and 6 / 2.01 ≈ 2.985: down by 0.015 over a nudge of 0.01, a slope of −1.5. "
     "Without the square it would be −6 / 2 = −3.",
    "power-not-lowered": "5^2 = 25 and 5.1^2 = 26.01: up by 1.01 over a nudge of 0.1, a slope near 10. With the "
     "exponent not lowered it is 2 · 5^2 = 50.",
    "power-factor-missing": "5^2 = 25 and 5.1^2 = 26.01: up by 1.01 over a nudge of 0.1, a slope near 10. Without the "
     "factor 2 it would be 5.",
    "tanh-not-squared": "tanh is 0.762 at 1 and −0.762 at −1, and equally steep at both: 0.42. Without the square it "
     "would be 0.238 at 1, and 1.762 at −1, steeper than at 0.",
    "tanh-of-input": "At x = 2 tanh has nearly reached 1: its slope is 0.07. With the input in place of the output, 1 "
     "− 2^2 = −3, and tanh would fall.",
    "tanh-like-sigmoid": "tanh(0) is 0 and tanh(0.1) is 0.0997: a slope of 1 at 0. The sigmoid's rule gives 0 · (1 − "
     "0) = 0 there.",
    "relu-by-value": "max(0, 3) is 3 and max(0, 3.1) is 3.1: the slope is 1. At 5 it is 1 as well, not 5.",
    "relu-leaks": "max(0, −3) and max(0, −2.9) are both 0: nothing moves. With 5 from upstream, 0 · 5 = 0 goes back.",
    "overwritten-not-accumulated": "x · y + x at x = 2, y = 3: the product sends 3 back to x, the sum 1, and x "
     "collects 3 + 1 = 4. Overwritten, only the one that came last is left, 3 or 1.",
    "walked-too-early": "q is 3 · x, and its two users send back 2 and 5: x gets 3 · (2 + 5) = 21. If q goes when only "
     "the 2 is there, x gets 3 · 2 = 6.",
    "walked-more-than-once": "q is 3 · x, and its two users send back 2 and 5: x gets 3 · (2 + 5) = 21. If q goes "
     "after the 2, and again with 2 + 5 = 7, x gets 3 · 2 + 3 · 7 = 27.",
    "order-backwards": "For (x + y) · z one order is x, y, the sum, z, the product: the output is number 5. Yours has "
     "it as number 1.",
    "order-doubled": "q · q with q made from x as 3 · x has 4 nodes: 3, x, q and the product. In a list of 5, q stands "
     "twice, and passes its gradient on 2 times.",
    "order-incomplete": "(x + y) · z has 5 nodes: x, y, z, the sum and the product. The one that is missing from a "
     "list of 4 never has its turn.",
    "order-too-early": "Let q be 2 · x, x be y + 1, and the order y, q, x: going back, x goes first and passes 0 "
     "on to y. The 2 from q comes too late.",
    "recursion-too-deep": "Python ends at about 1,000 calls within each other. A sum of 5,000 terms, one added after "
     "the other, is a graph 5,000 nodes deep.",
    "stale-gradients": "For 3 · x the first call of backward leaves 3 in x, and the second must leave 3 again. If the "
     "old one stays, it is 3 + 3 = 6.",
    "bias-missing": "One weight 2, its input 3, the bias −5: tanh of 2 · 3 − 5 = 1 is 0.762. Without the bias, tanh(6) "
     "is 0.99999.",
    "activation-missing": "One weight 2, its input 3, the bias −5: 2 · 3 − 5 = 1, and the output is tanh(1), which is "
     "0.762, not 1.",
    "not-fused": "Four weights, step by step: 4 products and 4 sums, 4 + 4 = 8 entries on the tape. As one node it is "
     "1.",
}  # fmt: skip
