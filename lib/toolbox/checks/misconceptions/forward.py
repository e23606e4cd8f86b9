"""The known mistakes of `beyond`, forward mode; rows of `toolbox.checks.misconceptions.CATALOGUE`."""

from __future__ import annotations

KNOBS = "1  Numbers that carry their derivatives"
DUALS = "2  Dual numbers with tensors"
DIRECTIONS = "3  Jacobian-vector products"
WHOLE = "4  Whole Jacobians: by columns or by rows"

ROWS = [
    # dual numbers
    ("dual-term-missing", "One of the two terms is missing",
     "Both factors may have tangents. Keep one constant, then the other: what does each contribute?", DUALS),
    ("dual-tangents-only", "The operation is applied to the tangents",
     "A tangent is a rate of change. What would the product of two of them be? Each term contains exactly one "
     "tangent.", DUALS),
    ("dual-value-for-tangent", "The value is where the tangent belongs",
     "How large a result is says nothing about how fast it changes.", DUALS),
    ("dual-tangent-for-value", "The tangent is where the value belongs",
     "The value first, then the tangent.", DUALS),
    ("dual-sign-of-term", "A term has the wrong sign",
     "Let only the right-hand number grow: does the result grow or shrink?", DUALS),
    ("dual-sum-rule", "A product is treated like a sum",
     "If one factor is 100, a small change of the other counts a hundredfold. Where is that in your tangent?", DUALS),
    ("dual-factors-not-swapped", "Each tangent is multiplied by its own value",
     "How fast does a product grow when one factor grows? Which number says so?", DUALS),
    ("dual-term-twice", "One term too many",
     "The product of two small changes is negligible beside either of them. Count the terms.", DUALS),
    ("dual-matmul-order", "The factors of a matrix product change places",
     "Matrices do not commute: in each term every factor stays in its place in the product.", DUALS),
    ("dual-quotient-square", "The denominator has the wrong power",
     "Write the quotient as a times 1/b. How steep is 1/b?", DUALS),
    ("dual-quotient-by-numerator", "Divided by the square of the numerator", "How steep is 1/b, and at which b?",
     DUALS),
    ("dual-tangent-averaged", "Half of the tangent", "Tangents add up; nothing is averaged.", DUALS),
    ("dual-slope-missing", "The tangent goes through unchanged",
     "The result is slope times tangent. What is the slope of this function here?", DUALS),
    ("dual-tangent-missing", "Only the slope, without the tangent",
     "The slope is local. What is the tangent of the entry itself?", DUALS),
    ("dual-added-not-multiplied", "Slope and tangent are added", "Slope times tangent.", DUALS),
    ("dual-slope-divided", "The tangent is divided by the slope", "Where the function is steep, does the result "
     "change faster or more slowly?", DUALS),
    ("dual-slope-at-wrong-place", "The slope is taken at the wrong number",
     "Is your formula for the slope one in the input or one in the output?", DUALS),
    ("dual-slope-squared", "That is the slope of another function", "How steep is the logarithm at 10?", DUALS),
    ("dual-square-missing", "A square is missing in the slope of tanh", "At a large negative input tanh is flat. Is "
     "your slope zero there?", DUALS),
    ("dual-other-slope", "That is the slope of another function",
     "How steep is tanh at 0, and how steep far out on either side?", DUALS),
    ("dual-mask-from-tangent", "The tangent decides whether the gate is open",
     "Which number decides whether the ReLU lets anything through: the value, or its tangent?", DUALS),
    ("dual-mask-inverted", "The wrong gates are open", "Where is max(0, x) flat?", DUALS),
    ("dual-sign-for-mask", "The sign stands in for the gate", "How steep is max(0, x) left of zero?", DUALS),
    ("dual-shapes-differ", "Value and tangent differ in shape",
     "Do to the axes of the tangent whatever you do to those of the value, with the same arguments.", DUALS),
    # predicted passes
    ("passes-of-other-mode", "That is the other mode's number",
     "Forward: one pass for each number that goes in. Reverse: one for each number that comes out.", KNOBS),
    ("passes-per-layer", "A pass goes through all layers", "What is counted is whole passes, not layers.", KNOBS),
    ("passes-half-of-them", "Each point is two numbers", "After each step there are two coordinates.", KNOBS),
    ("passes-for-every-entry", "That is the number of entries", "Each pass gives a whole column, or a whole row.",
     KNOBS),
    # jvp and Jacobians
    ("jvp-seeded-with-ones", "Every input has tangent 1",
     "Which direction was asked for? It is in the arguments.", DIRECTIONS),
    ("jvp-seeded-with-values", "The inputs have their own values as tangents", "Value and tangent of an input are two "
     "different arguments.", DIRECTIONS),
    ("jvp-first-input-only", "Only one of the inputs has a tangent", "All inputs have tangents at once, in one pass.",
     DIRECTIONS),
    ("jvp-normalised", "The direction has been made length 1",
     "Twice the tangent going in is twice the tangent coming out: lengths count.", DIRECTIONS),
    ("jvp-finite-step", "A finite step, not a derivative",
     "A whole step along the direction also includes the curvature.", DIRECTIONS),
    ("jvp-function-at-tangent", "The function is taken at the tangents",
     "The inputs say where; the tangents say in which direction.", DIRECTIONS),
    ("jvp-summed", "The answer has been summed", "Every output has a tangent of its own.", DIRECTIONS),
    ("jvp-tangents-swapped", "The tangents go to the wrong inputs", "First input, first tangent.", DIRECTIONS),
    ("jvp-answers-swapped", "Value and tangent have changed places", "First y, then its tangent.", DIRECTIONS),
    ("jacobian-passes-pile-up", "The unit vectors pile up",
     "Is the entry back at zero before the next one is set to one?", WHOLE),
    ("jacobian-one-pass-missing", "One pass is missing", "How many entries does the vector have, including the last?",
     WHOLE),
    ("jacobian-passes-wasted", "More passes than needed", "One pass for each unit vector is enough, and a pass is "
     "what costs.", WHOLE),
]  # fmt: skip
