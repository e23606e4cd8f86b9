"""A worked number for each known mistake of `toolbox.checks.misconceptions.modes`: id -> a sentence or two."""

from __future__ import annotations

WORKED: dict[str, str] = {
    "dropout-p-kept": (
        "p = 0.25: of 1000 entries about 250 are dropped, and 750 are kept. With p as the share that is kept, 250 are "
        "left."
    ),
    "dropout-unscaled": (
        "p = 0.25, an entry of 6: three times in four it is kept. As 6 its mean is 0.75 · 6 = 4.5; as 8 it is 0.75 · "
        "8 = 6, as it was."
    ),
    "dropout-scaled-wrongly": (
        "p = 0.25, an entry of 6: kept, it must be 6 / 0.75 = 8, for then its mean is 0.75 · 8 = 6. Kept as 0.75 · 6 "
        "= 4.5 its mean is 3.375, kept as 10.67 it is 8."
    ),
    "dropout-scaled-twice": (
        "p = 0.25: a kept 6 becomes 6 / 0.75 = 8, larger, to make up for those that are lost. Made smaller, 0.75 · 6 "
        "= 4.5, its mean is only 3.375."
    ),
    "dropout-not-dropping": (
        "p = 0.5, 100 entries in training: about 50 of them come out as 0. If none does, the net trains as if p were 0."
    ),
    "dropout-not-each-entry": (
        "4 rows of 3: each of the 4 · 3 = 12 entries has a draw of its own. With 4 draws whole rows go together, with "
        "3 draws whole columns."
    ),
    "dropout-in-use": (
        "In use (1, 2, 3) comes out as (1, 2, 3). With p = 0.5 still at work it may be (2, 0, 6), and something else "
        "the next time you ask."
    ),
    "dropout-scaled-in-use": (
        "p = 0.25: in training a kept 6 became 8, so its mean is 0.75 · 8 = 6. In use 6 stays 6; scaled once more it "
        "would be 4.5, or 8."
    ),
    "dropout-drawn-once": (
        "p = 0.5, 1000 batches: every entry is kept about 500 times. With one draw for all, some are kept 1000 times, "
        "and the others never."
    ),
    "dropout-generator-unused": (
        "Two generators of seed 7 must drop the same entries. With draws of their own, two masks of 20 entries at p = "
        "0.5 agree once in 2^20 = 1048576 times."
    ),
    "dropout-drawn-again": (
        "p = 0.5: forward made (6, 0) of (3, 3). Upstream (1, 1) comes back as (2, 0). A mask drawn anew may make (0, "
        "2) of it: a gradient for an entry that was not there."
    ),
    "dropout-mask-not-passed": (
        "p = 0.5: forward made (6, 0) of (3, 3). Nudge the second 3, and the output stays 0. Upstream (1, 1) comes "
        "back as (2, 0), not as (1, 1)."
    ),
    "dropout-mask-inverted": (
        "p = 0.5: forward made (6, 0) of (3, 3), so only the first had an influence. Upstream (1, 1) comes back as "
        "(2, 0), not as (0, 2)."
    ),
    "dropout-back-unscaled": (
        "p = 0.5: a kept 3 became 6, so the slope is 6 / 3 = 2. An upstream gradient of 1 comes back as 2, not as 1."
    ),
    "mode-of-now": (
        "Dropout with p = 0.5 made 6 of a 3 in training, so the slope is 6 / 3 = 2. Switched to use before the way "
        "back, it is still 2 for this 6; 1 is the slope of a pass that never took place."
    ),
    "batchnorm-over-rows": (
        "Rows (1, 100) and (3, 300): column by column they become (−1, −1) and (1, 1). Within the first row, 1 and "
        "100 are compared with 50.5: metres with grams."
    ),
    "batchnorm-eps-missing": (
        "A column 4, 4, 4 has variance 0, and all its centred values are 0. With eps it becomes 0, 0, 0; without it "
        "0/0, which is nan."
    ),
    "batchnorm-eps-misplaced": (
        "Variance 4, eps 0.5: the root of 4 + 0.5 = 4.5 is 2.121. Added after the root it makes 2 + 0.5 = 2.5."
    ),
    "batchnorm-eps-ignored": (
        "Variance 4, and the layer was made with eps 0.5: it divides by the root of 4.5, 2.121. With an eps of "
        "0.00001 it divides by 2.000."
    ),
    "batchnorm-unbiased": (
        "A column 1 and 9: the variance is (16 + 16) / 2 = 16, and −1 and 1 come out. Divided by N − 1 it is 32, and "
        "−0.71 and 0.71 come out."
    ),
    "batchnorm-root-missing": (
        "A column of 1 and 9 metres: deviation 4 metres, variance 16 square metres. −4 / 4 = −1 is a pure number; −4 "
        "/ 16 = −0.25 is one per metre."
    ),
    "batchnorm-mean-missing": (
        "A column 10 and 14: mean 12, deviation 2, and −1 and 1 come out. Without the mean 5 and 7 come out, all on "
        "one side of 0."
    ),
    "batchnorm-not-divided": (
        "A column 10 and 14: centred it is −2 and 2, and divided by its deviation −1 and 1. Undivided its variance is "
        "still 4."
    ),
    "batchnorm-gamma-missing": (
        "Normalised −1 and 1, gamma 3, beta 10: 3 · (−1) + 10 = 7 and 3 · 1 + 10 = 13 come out. Without gamma 9 and "
        "11, without both −1 and 1."
    ),
    "batchnorm-beta-missing": (
        "Normalised −1 and 1, gamma 3, beta 10: 7 and 13 come out, around 10. Without beta −3 and 3 come out, around 0."
    ),
    "batchnorm-parameters-swapped": (
        "Normalised −1, gamma 3, beta 10: 3 · (−1) + 10 = 7. Swapped it is 10 · (−1) + 3 = −7. (At 1 you would not "
        "notice: both give 13.)"
    ),
    "batchnorm-gamma-misplaced": (
        "Normalised 1, gamma 3, beta 10: 3 · 1 + 10 = 13. If beta is there before the scale, it is 3 · (1 + 10) = 33."
    ),
    "batchnorm-running-in-training": (
        "In training the first batch, 10 and 14, becomes −1 and 1. By the running mean 0 and variance 1, which have "
        "seen nothing yet, it stays 10 and 14."
    ),
    "batchnorm-momentum-swapped": (
        "momentum 0.1, old mean 5, the batch's 10: 0.9 · 5 + 0.1 · 10 = 5.5. Swapped it is 0.1 · 5 + 0.9 · 10 = 9.5, "
        "and nearly all is forgotten."
    ),
    "batchnorm-momentum-ignored": (
        "A layer made with momentum 0.3, old mean 5, the batch's 10: 0.7 · 5 + 0.3 · 10 = 6.5. With 0.1 in its place "
        "it is 5.5."
    ),
    "batchnorm-running-replaced": (
        "momentum 0.1, old mean 5, the batch's 10: the new one is 5.5. Replaced it is 10, and a thousand batches "
        "before have left no trace."
    ),
    "batchnorm-running-not-moved": (
        "momentum 0.1: a first batch of mean 10 moves the running mean from 0 to 0.9 · 0 + 0.1 · 10 = 1. Yours is "
        "still 0."
    ),
    "batchnorm-running-added": (
        "momentum 0.1, every batch has mean 10: shares of 0.9 and 0.1 lead towards 10. Without forgetting it is 1, 2, "
        "3, and 100 after 100 batches."
    ),
    "batchnorm-running-start": (
        "A mean of 0 and a variance of 1 change nothing: (7 − 0) / 1 = 7. A mean of 1 makes 6 of it, a variance of 0 "
        "more than 2000."
    ),
    "batchnorm-running-biased": (
        "A batch of 5 rows with variance 8: what is remembered is 8 · 5 / 4 = 10. The 8 is what the batch itself is "
        "normalised with."
    ),
    "batchnorm-running-deviation": (
        "Batches of variance 9: at test time the layer should divide by the root of 9, 3. If the deviation 3 is "
        "remembered, it divides by the root of 3, 1.73."
    ),
    "batchnorm-batch-in-use": (
        "Running mean 10 and variance 4: at test time a row 14 becomes (14 − 10) / 2 = 2. As a batch of its own it is "
        "its own mean, and becomes 0, as every row would."
    ),
    "batchnorm-moves-in-use": (
        "Running mean 5, and a row of 25 is asked about. If the mean moves to 0.9 · 5 + 0.1 · 25 = 7, the same row "
        "gets another answer the next time."
    ),
    "batchnorm-use-is-identity": (
        "Running mean 10 and variance 4, gamma 3, beta 1: at test time 14 becomes 3 · (14 − 10) / 2 + 1 = 7. Untouched "
        "it stays 14."
    ),
    "batchnorm-gamma-of-inputs": (
        "Normalised −1 and 1, upstream 2 and 5: gamma's gradient is 2 · (−1) + 5 · 1 = 3. With the inputs 10 and 14 "
        "it would be 2 · 10 + 5 · 14 = 90."
    ),
    "batchnorm-gamma-local-missing": (
        "Normalised −1 and 1, upstream 2 and 5: gamma's gradient is 2 · (−1) + 5 · 1 = 3. The bare sum, 2 + 5 = 7, is "
        "what beta gets."
    ),
    "batchnorm-beta-of-gamma": (
        "gamma 3, upstream 2 and 5: raise beta by 1, and both outputs rise by 1. So its gradient is 2 + 5 = 7, not 3 "
        "· 7 = 21."
    ),
    "batchnorm-gamma-not-passed": (
        "gamma 3: a normalised value that rises by 1 raises the output by 3. An upstream gradient of 2 arrives there "
        "as 3 · 2 = 6, not as 2."
    ),
    "batchnorm-gamma-twice": (
        "gamma 3, upstream 2: before the scale it is 3 · 2 = 6. With gamma in a second line it becomes 3 · 6 = 18."
    ),
    "batchnorm-mean-path-missing": (
        "A column 10 and 14: add 1 to both, and −1 and 1 come out as before. So upstream 1 and 1 comes back as 0 and "
        "0; with the mean held fast, as 0.5 and 0.5."
    ),
    "batchnorm-variance-path-missing": (
        "A column 10 and 14: stretch it to 8 and 16, and −1 and 1 come out as before. So upstream −1 and 1 comes back "
        "as 0 and 0; with the variance held fast, as −0.5 and 0.5."
    ),
    "batchnorm-both-paths-missing": (
        "A column 10 and 14: shifted to 11 and 15 or stretched to 8 and 16, it gives −1 and 1. So upstream 1 and 3 "
        "comes back as 0 and 0; with both held fast, as 0.5 and 1.5."
    ),
    "batchnorm-direct-path-missing": (
        "A value that serves twice, as c and as its square: at c = 3 the sum of both has the slope 1 + 2 · 3 = 7. One "
        "use alone says 6, or 1."
    ),
    "batchnorm-path-sign": (
        "5 less a mean of 2 is 3, less a mean of 3 it is 2: the slope is −1, not 1. And 1/2 is 0.5, but 1/4 is 0.25: "
        "an inverse falls where the deviation grows."
    ),
    "batchnorm-path-not-averaged": (
        "A mean of 4 rows: raise one by 1, and the mean rises by 0.25. A gradient of 8 at the mean gives each row 8 / "
        "4 = 2, not 8 and not 0.5."
    ),
    "batchnorm-square-slope": (
        "At 3 the square has the slope 2 · 3 = 6: from 3 to 3.01 it grows by 0.06, not by 0.03. At 9 the root has the "
        "slope 1 / 6 ≈ 0.167, not 0.333."
    ),
    "batchnorm-not-rescaled": (
        "Deviation 4: x must move by 4 to move the normalised value by 1. Before mean and variance take their parts, "
        "an upstream gradient of 2 is 2 / 4 = 0.5 at x, not 2."
    ),
    "batchnorm-scaled-twice": (
        "Deviation 4: before mean and variance take their parts, an upstream gradient of 2 is 2 / 4 = 0.5 at x. "
        "Divided once more it is 0.125."
    ),
}
