"""A worked number for each known mistake of `toolbox.checks.misconceptions.graph`: id -> a sentence or two."""

from __future__ import annotations

WORKED: dict[str, str] = {
    "graph-concat-axis": (
        "Two inputs of 3 rows and 2 columns, side by side: 3 rows of 2 + 2 = 4 columns. One below the other they are "
        "6 rows: six examples, made of three."
    ),
    "graph-concat-wrong-part": (
        "Inputs of widths 2 and 3, upstream (10, 20, 30, 40, 50): the first gets (10, 20), the second (30, 40, 50). "
        "Cut after the third, (10, 20, 30) and (40, 50) fit neither."
    ),
    "graph-concat-whole": (
        "Inputs of widths 2 and 3, upstream (10, 20, 30, 40, 50): the first gets (10, 20). The other three numbers "
        "belong to columns that it never touched."
    ),
    "graph-order-backwards": (
        "a reads x, and y reads a: x, a, y can be computed one by one. In y, a, x the first of the 3 has nothing to "
        "read yet."
    ),
    "graph-order-doubled": (
        "h reads x, and y reads h twice: that makes 3 names, x, h, y. In x, h, h, y there are 4, and h would be "
        "computed twice."
    ),
    "graph-order-incomplete": (
        "a and b both read x, and nobody reads b: the order has 3 names. With 2 of them, x and a, b never gets a value."
    ),
    "graph-source-twice": (
        "y = multiply(h, h) waits for 2 sources. If h tells y only once that it is there, 1 is left to wait for, and a "
        "cycle is reported where there is none."
    ),
    "graph-order-too-early": (
        "h reads x; y reads x and h. When x is there, y still waits for 1 of its 2 sources. The order x, y, h puts it "
        "before h, and there is no h to add."
    ),
    "graph-circle-unnoticed": (
        "a reads b, and b reads a: each waits for 1 source, for ever. Of the 3 names x, a, b only 1 gets a place, and "
        "2 are missing without a word."
    ),
    "graph-unknown-unnoticed": (
        'y reads "hh", a slip for "h": it waits for 1 source that never comes. Of 3 names 2 get a place, and whoever '
        "mistyped it hears nothing."
    ),
    "graph-error-unclear": (
        "A graph of 300 nodes, and the message is only that there is a cycle: 300 places to look at. With the name "
        "of one node that is in it, there is 1."
    ),
    "graph-sources-swapped": (
        "A difference of x = 5 and y = 2 is 5 − 2 = 3; swapped it is 2 − 5 = −3. Coming back with 1, x gets 1 and y "
        "gets −1, and not the other way round."
    ),
    "graph-first-source-only": (
        "A difference of x = 5 and y = 2 is 5 − 2 = 3. If x stands in for both it is 5 − 5 = 0, whatever y is."
    ),
    "graph-one-reader-only": (
        "Two readers turn x into 2x and 10x, and the sum rises by 2 + 10 = 12 when x rises by 1. If one gradient "
        "replaces the other, 2 or 10 is left."
    ),
    "graph-partly-added": (
        "Three readers send 2, 10 and 5 back: the gradient is 2 + 10 + 5 = 17. With one of them left out it is 12, 7 "
        "or 15."
    ),
    "graph-averaged": (
        "Two readers send 2 and 10 back: the gradient is 2 + 10 = 12. The mean, 6, says that a nudge is felt half as "
        "much as it is."
    ),
    "graph-multiplied": (
        "Two ways lead on from x, with gradients 2 and 10: together 2 + 10 = 12. The product, 2 · 10 = 20, is right "
        "for one way that first doubles and then takes ten times."
    ),
    "graph-upstream-alone": (
        "A node triples x, and 5 arrives at it: x gets 3 · 5 = 15. Handed on as it is, it would be 5."
    ),
    "graph-walked-too-early": (
        "Two readers send 4 and 6 to h, which doubles: 2 · (4 + 6) = 20 goes on to x. If h goes when the 4 is there, "
        "x gets 8."
    ),
    "graph-walked-every-path": (
        "20 diamonds in a row have 60 ops: 60 runs are enough. Path by path, the first one alone runs 2^20 = 1048576 "
        "times."
    ),
    "graph-added-in-place": (
        "An Add hands one tensor, 5, to x and to h. When 2 more arrive at x and are added in place, h has 5 + 2 = 7 "
        "too, though nobody sent it more than 5."
    ),
    "graph-unused-visited": (
        "y doubles x, and nobody reads the node that takes 7x. From y with gradient 1, x gets 2. If the unread node "
        "sends something too, it becomes 2 + 7 = 9."
    ),
    "graph-gradients-kept": (
        "A backward pass finds 12 for x. Asked once more it must find 12; if the last answer is still lying there, it "
        "says 12 + 12 = 24."
    ),
    "graph-answer-reused": (
        "You keep the first answer, 12 for x. The second call, with another upstream gradient, finds 3. If both share "
        "one dict, your 12 has become 3."
    ),
    "graph-values-kept": (
        "A node doubles x: 2 gave 4. The next input is 5, and the node must say 2 · 5 = 10. A value kept from last "
        "time says 4."
    ),
    "graph-recursion-too-deep": (
        "Python gives up after about 1000 calls within each other, and a chain of 2000 nodes asks for 2000. A list of "
        "what is still to do may hold 100000 names."
    ),
    "graph-skip-missing": (
        "x = 10, and the three ops make 3 of it: the block gives 10 + 3 = 13. Without the skip it gives 3."
    ),
    "graph-skip-elsewhere": (
        "x = 10, and the ops make 4, then 2, then 3 of it: the block gives 10 + 3 = 13. A skip that begins after the "
        "first op gives 4 + 3 = 7."
    ),
    "graph-block-part-missing": (
        "x = 10, and the ops make 4, then 2, then 3 of it: the block gives 10 + 3 = 13. Leaving after the second op "
        "gives 10 + 2 = 12."
    ),
    "graph-block-not-added": (
        "x = 10 and a residual of 3: the block gives 10 + 3 = 13. Multiplied it is 30; side by side, (10, 3), it is "
        "twice as wide."
    ),
    "graph-block-names": (
        'Blocks "one" and "two" have 4 nodes each, so 8 names are needed. If both call their first node "a", the '
        "second block is refused."
    ),
    "graph-block-wires": (
        "The block has 1 + 1 + 1 + 2 = 5 wires: one into each op, two into the sum. With 10 in and ops that make 4, 2 "
        "and 3 of it in turn, 13 comes out; a wire put elsewhere changes that."
    ),
    "function-upstream-alone": (
        "A function triples x, and 5 arrives from above: x gets 3 · 5 = 15. The 5 alone would be right if the "
        "function did nothing."
    ),
    "function-forward-other": (
        "One number tells them apart: at x = 0 the sigmoid is 0.5, the tanh 0. With x = 2, w = 3, b = 1 the layer "
        "gives 2 · 3 + 1 = 7, with a minus 5."
    ),
    "function-overflows": (
        "float64 ends near 10^308, so exp(1000) is inf, and inf/inf is nan. The softmax of 1000 and 999 is that of 1 "
        "and 0: 2.718 / (2.718 + 1) ≈ 0.731 for the first."
    ),
    "function-saved-wrong": (
        "At x = 2 the sigmoid is 0.881, and the rule for outputs gives 0.881 · (1 − 0.881) ≈ 0.105. With x saved in "
        "its place it gives 2 · (1 − 2) = −2."
    ),
    "function-sigmoid-half": (
        "At an output of 0.5 the slope is 0.5 · 0.5 = 0.25; one factor alone says 0.5. At 0.999 the curve is flat, "
        "0.001, and one of the two factors alone still says 0.999."
    ),
    "function-tanh-for-sigmoid": (
        "At x = 0 the sigmoid is 0.5, and its slope is 0.25. The rule of the tanh makes 1 − 0.5 · 0.5 = 0.75 of it."
    ),
    "function-softmax-over-all": (
        "Two rows have the shared sums 0.2 and 0.5, each its own. One sum for both, 0.2 + 0.5 = 0.7, makes every row "
        "pay for the other."
    ),
    "function-softmax-axis": (
        "3 rows of 4 classes have 3 shared sums, one a row. Summed over the batch there are 4, and a probability pays "
        "for those of other examples."
    ),
    "function-averaged": (
        "Two rows send 3 and 5 to a weight: its gradient is 3 + 5 = 8. The mean would be 4; where the loss is a mean, "
        "its 1/2 is in the 3 and in the 5 already."
    ),
    "function-not-twice": (
        "A product: 5 from above, times the other factor 3, is 5 · 3 = 15; were that factor 4, it would be 20. So "
        "this gradient has a slope of 5. Detached, it is a mere 15, of slope 0."
    ),
    "mlp-sigmoid-missing": (
        "Layers 2x + 1 and 3h + 4: at x = 0 the sigmoid makes 0.731 of 1, and 3 · 0.731 + 4 = 6.193 comes out. "
        "Without it 7 comes out, and the net is one layer, 6x + 7."
    ),
    "mlp-softmax-missing": (
        "Scores 0 and 1 become the probabilities 0.27 and 0.73, and 0.27 + 0.73 = 1. The scores themselves sum to 1 "
        "only by chance: 2 and 3 have the same probabilities, and sum to 5."
    ),
    "mlp-sigmoid-twice": (
        "Scores 0 and 10 have the probabilities 0.00005 and 0.99995. A sigmoid before makes 0.5 and 1 of them: then "
        "0.38 and 0.62 come out, and the net can never be sure."
    ),
    "mlp-one-bias-missing": (
        "D = 3, H = 4, C = 2: the two biases have 4 + 2 = 6 numbers. Without the first, an input of zeros makes all 4 "
        "hidden values 0.5, whatever was learned."
    ),
    "mlp-operations-ignored": (
        "A net that was given a tanh has 0 where its hidden sum is 0. If it has 0.5 there, it called a sigmoid that "
        "nobody handed over."
    ),
    "mlp-weights-scale": (
        "D = 100 inputs of size 1: weights of spread 1 make sums of spread 10, weights of spread 0.01 sums of spread "
        "0.1. A spread of 1 / 10 = 0.1 keeps it at 1."
    ),
    "mlp-biases-not-zero": (
        "With biases of 0 the hidden sums begin around 0, where the sigmoid has its best slope, 0.25. With a bias of "
        "5 they begin where it is 0.007."
    ),
    "mlp-step-skipped": (
        "At a = 2 the sigmoid's slope is 0.105: a gradient of 10 at h is 10 · 0.105 = 1.05 at a. Stepped over, a 10 "
        "goes on, about ten times too much for all that follows."
    ),
    "mlp-relu-mask": (
        "At a = 2 and a = −2 the sigmoid's slope is 0.105: a gradient of 10 at h is 1.05 at both. A ReLU's mask makes "
        "10 and 0 of it."
    ),
    "mlp-wrong-input": (
        "At a = 2 the sigmoid is 0.881, and that went into the second product. An upstream gradient of 10 gives the "
        "weight 10 · 0.881 = 8.81; with a in its place 20."
    ),
}
