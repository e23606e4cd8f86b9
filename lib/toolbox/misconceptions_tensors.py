"""The known mistakes of the assignment `tensors`; rows of `toolbox.misconceptions.CATALOGUE`."""

from __future__ import annotations

JACOBIANS = "Three Jacobians, in full"
NUDGING = "A Jacobian by nudging"
EXPLOSION = "Why nobody stores them"
RELU = "ReLU: a mask"
SOFTMAX = "Softmax, in linear time"
MATMUL = "Matrix multiply: the only way the shapes work out"
BROADCAST = "Broadcasting: silent copies"
CORRELATION = "The correlation layer"
ORDER = "The order of products"
CHECKER = "A gradient checker of your own"

ROWS = [
    # Jacobians
    ("jacobian-layout", "The axes of the inputs come before those of the outputs",
     "Here a Jacobian is outputs × inputs: y's axes first. The lectures print the transpose.", JACOBIANS),
    ("jacobian-diagonal-only", "Only the diagonal, as a vector",
     "A Jacobian has an entry for every output and every input, the zeros included.", JACOBIANS),
    ("jacobian-rows-filled", "Every row is the same", "Which of the outputs moves when you nudge the first input? "
     "Only that row may have an entry in the first column.", JACOBIANS),
    ("jacobian-summed", "The Jacobian has been summed up", "One number for each pair (output, input): how many are there?",
     JACOBIANS),
    ("jacobian-every-row", "Every output depends on every row",
     "Row n of x @ w is made of row n of x alone. What belongs where the rows differ?", JACOBIANS),
    ("jacobian-flat", "The numbers are there, the axes are not", "Its shape is that of y, followed by that of x.", NUDGING),
    ("one-sided-difference", "A one-sided difference",
     "Nudge up and nudge down: the error of the one-sided slope is of the order of h, that of the symmetric one of h².",
     NUDGING),
    ("difference-step-wrong", "The difference is divided by the wrong step",
     "From x - h to x + h: how long is the way?", NUDGING),
    ("difference-step-too-large", "The step is too large", "A slope over a long step is the slope of a chord.", NUDGING),
    ("difference-step-ignored", "The step h is not used", "h is an argument: somebody may ask for another.", NUDGING),
    ("nudges-pile-up", "The nudges pile up", "Is the entry back where it was before the next one is moved?", NUDGING),
    # the explosion
    ("bytes-for-numbers", "Numbers and bytes mixed up", "A float32 takes four bytes.", EXPLOSION),
    ("giga-for-gibi", "Powers of ten and powers of two mixed up", "1 GiB is 2**30 bytes, 1 TiB is 2**40.", EXPLOSION),
    ("jacobian-size-added", "Sizes added instead of multiplied",
     "Every one of the outputs with every one of the inputs: how many pairs?", EXPLOSION),
    ("jacobian-batch-once", "The batch is counted once only",
     "Both y and x have N rows: how many outputs and how many inputs are there?", EXPLOSION),
    ("jacobian-double", "Eight bytes a number", "float32, as the lecture has it.", EXPLOSION),
    ("jacobian-other-factor", "That is the other Jacobian", "Inputs of dY/dX are the entries of X; of dY/dW, those of W.",
     EXPLOSION),
    # elementwise
    ("relu-forward-again", "The forward pass once more", "What comes back is the upstream gradient, where the gate was open.",
     RELU),
    ("relu-sign-for-mask", "The sign stands in for the mask", "How steep is max(0, x) left of zero?", RELU),
    # softmax
    ("softmax-cross-terms-missing", "The cross terms are missing",
     "Raise one score: its own probability grows, and all the others shrink. Is that in your Jacobian?", SOFTMAX),
    ("softmax-diagonal-missing", "Only the cross terms are left", "And how does a probability move with its own score?",
     SOFTMAX),
    ("softmax-sign-of-cross-terms", "The cross terms have the wrong sign",
     "Probabilities sum to 1: when one grows, which way do the others go?", SOFTMAX),
    ("softmax-upstream-unweighted", "The upstream gradients are summed without their probabilities",
     "The sum that every score of a row shares is a weighted one. Weighted with what?", SOFTMAX),
    ("softmax-cross-terms-averaged", "A mean where a sum belongs", "The Jacobian's row is summed over, not averaged.", SOFTMAX),
    ("softmax-term-unscaled", "One of the two terms lacks its factor y",
     "Write (diag(y) - y yᵀ) times g out, entry by entry: which factors stand in each term?", SOFTMAX),
    ("softmax-unnormalised", "That is not the softmax's Jacobian", "Differentiate the fraction, numerator and denominator.",
     JACOBIANS),
    ("softmax-of-softmax", "The softmax is taken once more", "y is the output already: what has been done to it?", SOFTMAX),
    ("softmax-of-inputs", "Scores are used where probabilities belong", "Which y stands in diag(y) - y yᵀ?", JACOBIANS),
    # matrix multiply
    ("factor-not-transposed", "A factor is not transposed",
     "With a square matrix every shape fits. Look at one entry: which of w's rows does x[n, d] meet?", MATMUL),
    ("factors-swapped", "The two factors stand in the wrong order", "Let N, D and M differ: which order has a shape at all?",
     MATMUL),
    ("upstream-transposed", "The upstream gradient is transposed", "Its shape is that of y; which axis meets which?", MATMUL),
    ("upstream-summed-first", "The upstream gradient is summed up too early",
     "Each entry of y has an upstream gradient of its own; the product does the summing.", MATMUL),
    ("needs-whole-jacobian", "The whole Jacobian is built", "What you need is its product with one vector. Write one entry "
     "of that product out and see how little of the Jacobian it uses.", EXPLOSION),
    # broadcasting
    ("broadcast-not-summed", "The copies are not summed", "A value copied k times collects k gradients.", BROADCAST),
    ("broadcast-averaged", "The copies are averaged", "A copy node adds up what comes back.", BROADCAST),
    ("broadcast-axes-lost", "An axis of size 1 is lost", "A sum takes its axis away. Which ones does the input still have?",
     BROADCAST),
    ("broadcast-axes-kept", "An axis too many is kept", "Axes that the input never had must go altogether.", BROADCAST),
    ("broadcast-size-one-forgotten", "Axes of size 1 are not summed over",
     "Copies are made along new axes, and also along axes where the input has size 1.", BROADCAST),
    ("broadcast-new-axes-forgotten", "New axes in front are not summed over",
     "Broadcasting aligns from the right: what does it add on the left?", BROADCAST),
    ("broadcast-axes-partly", "Only some of the copied axes are summed",
     "Write the two shapes below each other, aligned from the right, and mark every axis that was copied.", BROADCAST),
    ("broadcast-one-copy-only", "Only the first copy counts", "All copies send something back.", BROADCAST),
    ("broadcast-summed-completely", "Summed over everything", "Only along the copied axes.", BROADCAST),
    ("mul-local-missing", "The local gradient is missing", "How fast does x * y move with x?", BROADCAST),
    ("mul-summed-before-multiplying", "Summed first, multiplied after",
     "Each copy is multiplied with its own partner before the copies are added up.", BROADCAST),
    # correlation
    ("correlation-flipped", "The weights run the wrong way",
     "Find all the places where one x[i] stands: with which w[k], and in which y[j]?", CORRELATION),
    ("correlation-input-reversed", "The input runs the wrong way", "j + k grows with k.", CORRELATION),
    ("correlation-upstream-reversed", "The upstream gradient runs the wrong way", "Which y[j] does x[i] stand in?",
     CORRELATION),
    ("correlation-shifted", "Shifted by one", "Write the sum out for j = 0 and for the last j.", CORRELATION),
    ("correlation-tap-missing", "One of the weights is left out", "k runs over all K weights.", CORRELATION),
    ("correlation-first-tap-only", "Only one of the weights counts", "Each input stands in up to K outputs: it collects "
     "from all of them.", CORRELATION),
    ("correlation-bias-missing", "The bias is missing", "One bias for each output.", CORRELATION),
    ("correlation-weights-ignored", "The weights do not enter", "How fast does y[j] move with x[j + k]?", CORRELATION),
    ("correlation-border-cut", "The border is cut off", "x is longer than y: what do its last entries collect?", CORRELATION),
    ("correlation-one-sum-for-all", "All weights get the same gradient", "w[k] meets the input shifted by k.", CORRELATION),
    ("correlation-weights-in-bias", "The bias gradient is multiplied by the weights", "How fast does y[j] move with b[j]?",
     CORRELATION),
    ("mean-for-sum", "A mean where a sum belongs", "A value used n times collects n gradients, added up.", CORRELATION),
    # order
    ("cost-wrong-end", "Counted from the other end", "Which two matrices are multiplied first?", ORDER),
    ("cost-additions-too", "More than the multiplications is counted", "One multiplication for each a, b and c.", ORDER),
    ("cost-inner-size-missing", "The inner size is missing", "Each entry of a product is itself a sum of b terms.", ORDER),
    ("cost-outer-size-only", "What has been multiplied so far is forgotten", "After the first product the matrix at hand "
     "has another shape. Which?", ORDER),
    # the checker
    ("gradcheck-too-lenient", "The checker is too lenient", "Central differences in double precision are right to six digits "
     "and more. How many do you ask for?", CHECKER),
    ("gradcheck-sign-ignored", "The checker does not look at signs", "Compare the numbers, not their sizes.", CHECKER),
    ("gradcheck-shape-ignored", "The checker does not look at shapes",
     "(n, 1) minus (n,) is an (n, n) without a complaint. A gradient has the shape of its variable.", CHECKER),
    ("gradcheck-entry-missed", "The checker overlooks single entries",
     "A mean over all entries, or a few of them, hides a fault in one. Look at every one.", CHECKER),
    ("gradcheck-nan-passes", "nan passes", "Every comparison with nan is False: ask whether the entry is right, not "
     "whether it is wrong.", CHECKER),
    ("gradcheck-constant-upstream", "The upstream gradient hides the fault",
     "All ones, all positive, all equal: each hides something. Which upstream gradient hides nothing?", CHECKER),
    ("gradcheck-zero-excused", "Zeros are excused", "An input of 0 is no excuse where the function is smooth, and a "
     "true gradient of 0 is a number like any other.", CHECKER),
    ("gradcheck-zero-over-zero", "0 against 0 is called wrong", "What is the relative error where both are exactly 0?",
     CHECKER),
    ("gradcheck-kink-rejected", "A right gradient at a kink is called wrong",
     "At a kink the slope on the left and the slope on the right differ. Which ones are right?", CHECKER),
    ("gradcheck-kink-excuses-all", "A kink excuses too much",
     "Only at the kink, and only slopes between the left one and the right one.", CHECKER),
    ("gradcheck-single-precision", "The differences are taken in single precision",
     "Seven digits, minus the digits that two neighbouring values share: what is left?", CHECKER),
    ("gradcheck-absolute-tolerance", "The tolerance does not know the size of the numbers",
     "An error of 0.001 is nothing for a gradient of 1,000,000, and everything for one of 0.0001.", CHECKER),
    ("gradcheck-step-too-large", "The step does not know the size of the input",
     "A step of 0.001 is nothing at x = 1000. What is it at x = 0.001?", CHECKER),
    ("gradcheck-rejects-right", "A right gradient is called wrong",
     "Print both numbers for one entry. Is it the step, the tolerance, or the upstream gradient?", CHECKER),
]  # fmt: skip
