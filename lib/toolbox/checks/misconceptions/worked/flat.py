"""A worked number for each known mistake of `toolbox.checks.misconceptions.flat`: id -> a sentence or two."""

from __future__ import annotations

WORKED: dict[str, str] = {
    # scale and sign
    "batch-mean-missing":
        "Three losses 2, 4 and 6 have the mean (2 + 4 + 6) / 3 = 4. Raise the first by 3, and it is (5 + 4 + 6) / 3 = "
        "5: the mean rises by 1, not by 3.",
    "averaged-twice":
        "Two losses 4 and 8 have the mean (4 + 8) / 2 = 6. Divided by 2 once more it is 6 / 2 = 3, less than either "
        "of them, and every gradient is halved with it.",
    "averaged-over-classes":
        "Two rows cost 1 + 2 + 3 = 6 and 0 + 2 + 4 = 6, so their mean is 6. A mean over all six numbers is 12 / 6 = "
        "2, too small by the number of classes, 3.",
    "factor-two-missing":
        "From q = 3 to q = 3.01 the square goes from 9 to 9.0601, by (9.0601 − 9) / 0.01 = 6.01 for each unit of q: "
        "the slope there is 6, not 3.",
    "factor-two-extra":
        "f = 3·x rises by 0.03 when x rises by 0.01: the slope is 0.03 / 0.01 = 3. A 6 has counted that path twice, "
        "or brought a 2 along from a square that is not there.",
    "sign-flipped":
        "A loss of w² is 4 at w = 2 and 4.41 at w = 2.1: it goes up with w, so the gradient there is +4. With −4 "
        "every step would climb.",
    "all-zeros":
        "A loss of w² goes from 4 to 4.41 when w goes from 2 to 2.1. A gradient of 0 says that the loss does not "
        "notice; it is 4.",
    "all-ones":
        "In f = 3 · z the output rises by 3 when z rises by 1. At f itself there is a 1, but going back to z it is "
        "multiplied: 1 · 3 = 3.",
    "upstream-taken-as-ones":
        "Where the local gradient is 5 and 0.2 arrives from above, 5 · 0.2 = 1 goes on. With a 1 in the place of the "
        "0.2 it would be 5 · 1 = 5.",
    "local-gradient-only":
        "Say p rises by 7 for each unit of x, and the loss falls by 3 for each unit of p. Then one unit of x changes "
        "the loss by 7 · (−3) = −21. The 7 alone is about p, not about the loss.",
    # shape
    "transposed":
        "With 3 inputs and 2 classes w is 3 × 2, and so is its gradient: row 3, column 1 says what the weight from "
        "input 3 to class 1 does. A 2 × 3 answer has no row 3.",
    "kept-dimension":
        "The bias of 3 classes has shape (3,), and so has its gradient. In shape (1, 3) the same 3 numbers are a "
        "table of one row, and b − 0.1 · that is a table too: b has lost its shape.",
    "summed-too-far":
        "Weights in 2 rows of 3 need 6 gradients. Rows 1, 2, 3 and 4, 5, 6 added up leave 1 + 2 + 3 = 6 and 4 + 5 + 6 "
        "= 15: 2 numbers for 6 weights.",
    "not-reduced":
        "Rows that cost 2, 4 and 6 make one loss, (2 + 4 + 6) / 3 = 4. Nobody can walk downhill on a list of 3 "
        "numbers: which of them should get smaller?",
    # biases
    "bias-averaged":
        "Three rows send 0.1, 0.2 and 0.3 back to one bias. Raise it by 1 and all three scores rise by 1: the loss "
        "changes by 0.1 + 0.2 + 0.3 = 0.6, not by their mean, 0.2.",
    "bias-wrong-axis":
        "Two rows, three classes: (1, 2, 3) and (4, 5, 6) come back. The first bias collects 1 + 4 = 5, the three of "
        "them 5, 7, 9. Along the rows you get 6 and 15: one number per example.",
    "bias-not-summed":
        "Two rows send 0.3 and 0.5 back to the same bias: its gradient is 0.3 + 0.5 = 0.8. Two numbers for one bias "
        "are one too many.",
    "bias-summed-completely":
        "Rows (1, 2) and (3, 4) come back: the first bias collects 1 + 3 = 4, the second 2 + 4 = 6. The sum of "
        "everything is 10, and no bias moves the loss by that.",
    "reg-on-bias":
        "w = 3, b = 2, reg = 0.1: the penalty is 0.1 · 3^2 = 0.9. With the bias in it, it would be 0.1 · (3^2 + 2^2) "
        "= 1.3, and b would be drawn to zero, which nobody asked for.",
    # regularisation
    "reg-missing":
        "w = 3, reg = 0.1: the penalty is 0.1 · 3^2 = 0.9, and at w = 3.01 it is 0.906. So it adds 0.006 / 0.01 = 0.6 "
        "to w's gradient: if the data's part is 1, the whole is 1.6.",
    "reg-half":
        "w = 3, reg = 0.1: the penalty here is 0.1 · 3^2 = 0.9, with a 1/2 it would be 0.45. From w = 3 to 3.01 ours "
        "rises by 0.006, the halved one by 0.003.",
    "reg-twice":
        "w = 3, reg = 0.1: the penalty is 0.1 · 3^2 = 0.9. Counted twice it is 1.8, as if reg were 0.2.",
    "reg-sign":
        "w = 3, reg = 0.1: the penalty is 0.1 · 3^2 = 0.9, at w = 3.1 it is 0.1 · 3.1^2 = 0.961. It rises with w, so "
        "its part of the gradient is +0.6, not −0.6.",
    "reg-averaged":
        "Losses 2 and 4, penalty 0.9: together (2 + 4) / 2 + 0.9 = 3.9. With the penalty inside the mean it is (2 + 4 "
        "+ 0.9) / 2 = 3.45, and in a batch of 100 next to nothing is left of it.",
    "reg-not-weighted":
        "w = 3 with reg = 0.1 costs 0.1 · 3^2 = 0.9. Without reg it costs 9, and it still does when somebody asks for "
        "reg = 0.001.",
    "reg-one-layer":
        "One weight a layer, 3 and 2, reg = 0.1: the penalty is 0.1 · (3^2 + 2^2) = 1.3. With one layer alone it is "
        "0.9 or 0.4, and the other may grow for nothing.",
    "reg-not-squared":
        "Weights 3 and 4, reg = 0.1: the squares give 0.1 · (3^2 + 4^2) = 2.5. The norm would give 0.1 · 5 = 0.5, the "
        "absolute values 0.1 · (3 + 4) = 0.7.",
    "data-part-missing":
        "The data sends 1 back to a weight, the penalty 0.6: together 1 + 0.6 = 1.6. Where the one overwrites the "
        "other, 0.6 is left, and the weight learns nothing from any example.",
    # hinge
    "hinge-correct-class-missing":
        "Right score 3, wrong score 4: the row costs 4 − 3 + 1 = 2. With 3.1 for the right one it costs 4 − 3.1 + 1 = "
        "1.9. It falls as fast as the score rises: the gradient is −1, not 0.",
    "hinge-correct-class-once":
        "Right score 1, the others 2 and 3: the row costs (2 − 1 + 1) + (3 − 1 + 1) = 5. With 1.1 for the right one "
        "both margins are 0.1 smaller, and it costs 4.8: the gradient is −2, not −1.",
    "hinge-correct-class-counted":
        "Right score 3, wrong score 1: the margin is 1 − 3 + 1 = −1, which costs 0. The right class against itself is "
        "always 3 − 3 + 1 = 1: counting it adds 1 to the loss of every row.",
    "hinge-margin-missing":
        "Right score 3, wrong score 2.5: the right one wins, but only by 0.5. The margin is 2.5 − 3 + 1 = 0.5 and "
        "costs 0.5; without the 1 it would be −0.5 and cost nothing.",
    "hinge-scores-swapped":
        "Right score 5, wrong score 1: all is well, 1 − 5 + 1 = −3 costs nothing. The other way round it is 5 − 1 + 1 "
        "= 5: the better the net, the larger the loss.",
    "hinge-margin-sizes-used":
        "A margin of 3 costs 3, one of 3.1 costs 3.1: the slope is 0.1 / 0.1 = 1. From 5 to 5.1 it is 1 again, not 5: "
        "how large an open margin is makes no difference to its slope.",
    "hinge-threshold-missing":
        "Margins of −3 and 2 cost 0 + 2 = 2. Without the max they would cost −3 + 2 = −1: a class that has lost by "
        "far would pay for another's mistake.",
    "hinge-mask-inverted":
        "Margins of −3 and 2 cost 0 + 2 = 2. Raise the second by 0.1, and they cost 2.1; raise the first, and they "
        "still cost 2. The slopes are 0 and 1, not 1 and 0.",
    "hinge-worst-class-only":
        "Two wrong classes with margins of 2 and 3 cost 2 + 3 = 5. With the worst alone it is 3, and the other never "
        "hears that it is too high.",
    # softmax, logistic, squared
    "one-hot-missing":
        "Two scores of 0: p = 0.5, and the row costs −log(0.5) ≈ 0.693. With 0.1 for the right one it costs 0.644. It "
        "falls, so that gradient is negative, −0.5; without the second use you find +0.5.",
    "one-hot-not-averaged":
        "In a batch of 2, a row with p = 0.5 gives its right score −0.5, and the mean halves that to −0.25. If only "
        "the first part is halved, 0.25 − 1 = −0.75 is left.",
    "softmax-unstabilised":
        "Scores 1000 and 1001: exp(1000) is inf, and inf / inf is nan. Take 1001 off both, and −1 and 0 have the same "
        "softmax without trouble: 0.27 and 0.73.",
    "probability-propped":
        "Scores 0 and 100, the first one right: the loss is 100, and for 0 and 1000 it is 1000. With the probability "
        "held above 1e-7 both cost 16.1, and being more wrong makes no difference.",
    "softmax-wrong-axis":
        "Rows of scores (0, 0) and (0, 2): row by row the probabilities are (0.5, 0.5) and (0.12, 0.88). Down the "
        "columns the first row gets 0.5 and 0.12, and 0.5 + 0.12 = 0.62 is no 1.",
    "scores-as-probabilities":
        "Scores 2 and 1 add up to 3. Their softmax is 0.73 and 0.27, and 0.73 + 0.27 = 1. A probability of 2, or one "
        "below 0, does not exist.",
    "log-base":
        "−log(0.5) ≈ 0.693 in this course. To base 10 it would be 0.301, to base 2 it would be 1, and every gradient "
        "would change by the same factor.",
    "log-of-wrong-class":
        "The right class has p = 0.9: the row costs −log(0.9) ≈ 0.105, little. −log(1 − 0.9) ≈ 2.303 would punish it "
        "for being right.",
    "log-of-all-classes":
        "p = 0.7, 0.2 and 0.1, the first is right: the row costs −log(0.7) ≈ 0.357. The logs of all three give 4.27, "
        "most of it for classes that are rightly small.",
    "label-not-subtracted":
        "Two examples with p = 0.8. With label 1 the score should rise: its gradient is −0.2. With label 0 it should "
        "fall: 0.8. Without the label both get 0.8.",
    "labels-swapped":
        "p = 0.9 and label 1: the example costs −log(0.9) ≈ 0.105. With the labels swapped it costs −log(0.1) ≈ "
        "2.303, and training teaches the opposite.",
    "one-label-only":
        "Label 1 with p = 0.9 costs 0.105, label 0 with p = 0.6 costs −log(0.4) ≈ 0.916: together 0.105 + 0.916 = "
        "1.021. If one label alone counts, one of the two costs 0.",
    "sigmoid-gradient-twice":
        "Label 1 and p = 0.01: the score's gradient is −0.99, a strong pull. Times 0.01 · 0.99 = 0.0099 once more it "
        "is only −0.0098: where it is most wrong, it would learn least.",
    "sigmoid-unstabilised":
        "A score of −1000 with label 1 costs 1000. But its sigmoid is 0 in floats and log(0) is −inf; at +1000, "
        "exp(1000) is inf.",
    "targets-not-subtracted":
        "Score 0.9 for the right class, whose target is 1: the error is 0.9 − 1 = −0.1, hardly anything. Without the "
        "target it is 0.9, and every score is drawn to 0.",
    "error-not-squared":
        "Errors of 3 and −4 cost 3^2 + 4^2 = 25. Their absolute values give 3 + 4 = 7, their plain sum 3 − 4 = −1, "
        "the root of their squares 5.",
    # ReLU and the order of the layers
    "relu-mask-missing":
        "At a = −2 the ReLU gives 0, at −1.9 it still gives 0. Whatever arrives there, say 5: 5 · 0 = 0 goes on to a, "
        "not 5.",
    "relu-mask-from-upstream":
        "At a = 2 the gate was open, and −3 arrives: −3 goes on to a. A mask taken from what arrives sees a negative "
        "number, shuts the gate and sends 0.",
    "relu-mask-inverted":
        "From a = 2 to 2.1 the ReLU rises by 0.1; from −2 to −1.9 it stays 0. An upstream of 5 becomes 5 at the first "
        "and 0 at the second, not 0 and 5.",
    "relu-mask-alone":
        "At a = 2 the ReLU's slope is 1. If 0.3 arrives from above, 1 · 0.3 = 0.3 goes on. The 1 alone has forgotten "
        "the 0.3.",
    "relu-values-instead-of-mask":
        "At a = 3 and at a = 5 the ReLU rises by 0.1 for a step of 0.1: both slopes are 1. An upstream of 0.2 stays "
        "0.2; times the values it would be 3 · 0.2 = 0.6 and 5 · 0.2 = 1.",
    "relu-missing":
        "At a = −2 the hidden unit is 0, and a weight of 3 adds 3 · 0 = 0 to the score. Without the ReLU it adds 3 · "
        "(−2) = −6.",
    "input-before-relu":
        "At a = −2 the hidden unit is 0: its weight was multiplied by 0 on the way forward. If 5 comes back, the "
        "weight gets 0 · 5 = 0, not −2 · 5 = −10.",
    "upstream-from-wrong-node":
        "x = 4 and a = −2: the gate is shut, and of the 5 that arrives above it 0 arrives below. The weight gets 4 · "
        "0 = 0; who steps over the ReLU gives it 4 · 5 = 20.",
    # manners
    "input-changed":
        "Somebody calls with w = 3, and a line doubles it in place. The caller's w is 6 from now on, and the same "
        "call gives another loss the second time.",
    # gates
    "mul-gate-not-swapped":
        "x = 2 and y = 7 make 14, x = 3 and y = 7 make 21: one unit of x changes the product by 21 − 14 = 7. That is "
        "y, not x.",
    "power-rule-missing":
        "From q = 4 to q = 4.01 the square goes from 16 to 16.0801, by (16.0801 − 16) / 0.01 = 8.01 for each unit of "
        "q: the slope there is 8, not 1, 2 or 4.",
    "sigmoid-local-missing":
        "The sigmoid is 0.5 at s = 0 and 0.525 at s = 0.1: it rises by 0.25 for each unit of s. If w was multiplied "
        "by 4, it gets 0.25 · 4 = 1, not 4.",
    "sigmoid-of-wrong-value":
        "At s = 2 the sigmoid is 0.88 and its slope 0.88 · (1 − 0.88) ≈ 0.11. With the input in that form you get 2 · "
        "(1 − 2) = −2, as if the sigmoid fell.",
    "forward-step-missing":
        "x = 2, y = 7, z = 1: (2 · 7 + 1)^2 = 225. Without the last line it is 2 · 7 + 1 = 15, without the sum 14^2 = "
        "196.",
}  # fmt: skip
