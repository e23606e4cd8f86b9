"""The known mistakes with layers, losses and Sequential, in the assignment `layers`; rows of the catalogue."""

from __future__ import annotations

CONTRACT = "1  One contract: forward, cache, backward"
LINEAR = "2  The linear layer"
RELU = "3.1  ReLU and its leaky cousin"
ELU = "3.2  ELU: smooth below zero"
SIGMOID = "3.3  Sigmoid and tanh"
SOFTMAX = "3.4  Softmax: a layer whose entries see each other"
MAXOUT = "4  Maxout: pieces that compete"
CORRELATION = "5  A correlation layer"
PENALTY = "7  Losses, and a penalty"
SEQUENTIAL = "8  Sequential: a net that is a layer"
RECOMPUTE = "8.2  Store or recompute"

ROWS = [
    # the contract
    ("cache-stale", "The cache is that of an earlier batch",
     "Each forward pass replaces what the last one kept. Does yours?", CONTRACT),
    ("cache-used-up", "The second backward pass gives something else",
     "backward reads the cache. Does it also write into it?", CONTRACT),
    ("grads-pile-up", "Gradients of several calls are added up",
     "In this course each backward pass sets the gradients anew.", CONTRACT),
    ("answer-reused", "The answer of an earlier call changes with the next one",
     "The caller still holds what you returned last time. Does every call make tensors of its own?", CONTRACT),
    ("dtype-changed", "The dtype has changed",
     "Where is a tensor made, or converted, without being told the dtype of x?", CONTRACT),
    # linear
    ("layer-bias-missing", "The bias is missing", "Which of the layer's parameters has not been used?", LINEAR),
    ("layer-bias-sign", "The bias has the wrong sign", "A bias raises the output when it grows.", LINEAR),
    ("layer-bias-twice", "The bias is added twice", "In how many places is it added?", LINEAR),
    ("layer-first-bias-only", "One bias serves all", "Each output, and each piece, has a bias of its own.", LINEAR),
    ("layer-averaged", "The layer divides by a number of entries",
     "The mean over the batch belongs to the loss; its 1/N arrives with the upstream gradient.", LINEAR),
    # activations
    ("activation-local-missing", "The local gradient is missing",
     "Downstream is upstream times local. How steep is the curve at this x?", SIGMOID),
    ("activation-output-for-slope", "The output stands in for the slope",
     "How steep is the curve where it is flat and high?", SIGMOID),
    ("activation-slope-at-output", "The slope is taken at the output, as if it were an input",
     "A derivative written in terms of x wants x. One written in terms of the output wants the output.", SIGMOID),
    ("activation-slope-at-upstream", "The slope is taken at the upstream gradient",
     "Which tensor decided on the forward pass where on the curve we are?", RELU),
    ("activation-forward-again", "The forward pass is repeated", "What comes back is a gradient, not an output.", RELU),
    ("activation-of-input", "The formula for the output is used with the input",
     "The short form of this slope is written in terms of the output. What is in your cache?", SIGMOID),
    ("activation-mask-returned", "The mask is returned instead of the values", "What is max(0, x) where x is 3?", RELU),
    ("activation-absolute", "The absolute value instead of the positive part", "What is max(0, x) where x is -3?",
     RELU),
    ("activation-of-another-kind", "That is another function", "Compare with the picture: where does it start, "
     "where does it end, and what is its value at 0?", SIGMOID),
    ("activation-overflows", "exp overflows",
     "exp(1000) is inf, and inf/inf, inf - inf and 0 * inf are nan. Can exp be kept from seeing large numbers?",
     SIGMOID),
    ("leaky-instead", "A leak where there should be none", "The ReLU is closed below zero, completely.", RELU),
    ("leaky-slope-ignored", "The slope is not the one that was asked for", "Where does `self.slope` appear?", RELU),
    ("leaky-slope-missing", "Nothing leaks below zero", "How steep is the curve left of zero?", RELU),
    ("leaky-slope-misplaced", "The slope is on the wrong side", "On which side of zero is the leak?", RELU),
    ("leaky-slope-sign", "The leak has the wrong slope", "Left of zero the curve still rises, and gently.", RELU),
    ("leaky-slope-constant", "A constant below zero", "How does the output move with x left of zero?", RELU),
    ("leaky-slope-without-upstream", "Below zero the upstream gradient is missing",
     "Downstream is upstream times local, on both sides of zero.", RELU),
    ("elu-alpha-ignored", "alpha is not used everywhere", "Where does `self.alpha` appear, forward and backward?", ELU),
    ("elu-without-the-one", "The curve does not meet zero at zero", "What is your value just left of zero?", ELU),
    ("elu-on-both-sides", "The exponential is used above zero, too", "Right of zero the ELU is x itself.", ELU),
    ("elu-sign", "The branch below zero has a wrong sign", "Far to the left the curve approaches -alpha.", ELU),
    ("elu-other-function", "Below zero is another function", "Is it curved, and does it level off at -alpha?", ELU),
    ("elu-output-for-slope", "The output stands in for the slope",
     "Far to the left the output tends to -alpha. What does the slope tend to? What is the difference?", ELU),
    ("sigmoid-exponent-sign", "The curve falls instead of rising", "Which sign does the exponent have?", SIGMOID),
    ("sigmoid-one-missing", "The denominator is not 1 + exp(-x)", "What is your value at 0? It should be 1/2.",
     SIGMOID),
    ("sigmoid-factor-missing", "The slope of the sigmoid lacks a factor",
     "The slope is largest in the middle and vanishes at both ends. Does yours?", SIGMOID),
    ("sigmoid-sign-inside", "A sign inside the slope is wrong", "At both ends the slope is zero. Is yours?", SIGMOID),
    ("tanh-rule", "That is the rule for tanh",
     "Each of the two curves has its own rule: which formula belongs to which?", SIGMOID),
    ("sigmoid-rule", "That is the rule for the sigmoid",
     "Each of the two curves has its own rule: which formula belongs to which?", SIGMOID),
    ("tanh-output-not-squared", "The output is not squared", "How steep is tanh far to the left?", SIGMOID),
    ("tanh-upside-down", "The fraction is upside down", "What is tanh(0)?", SIGMOID),
    ("softmax-not-normalised", "The rows do not sum to one", "Divide by what, along which axis?", SOFTMAX),
    ("softmax-exponent-sign", "The exponents have the wrong sign", "The largest score wins.", SOFTMAX),
    ("softmax-log-taken", "The logarithm of the probabilities", "The layer returns the probabilities themselves.",
     SOFTMAX),
    # maxout
    ("maxout-summed", "The pieces are added up", "Only the largest of the K values counts.", MAXOUT),
    ("maxout-one-piece", "Always the same piece", "The winner may be another one for every row and output.", MAXOUT),
    ("maxout-smallest", "The smallest piece wins", "Which of the K values counts?", MAXOUT),
    ("maxout-largest-size", "The largest absolute value wins", "-5 is smaller than 1.", MAXOUT),
    ("maxout-bias-after", "The biases come after the choice", "Each piece has its own bias, and competes with it.",
     MAXOUT),
    ("maxout-relu-too", "Cut off at zero, too", "If all the pieces are negative, which is the largest?", MAXOUT),
    ("maxout-wrong-axis", "The largest along the wrong axis", "The pieces compete, not the rows or the outputs.",
     MAXOUT),
    ("maxout-not-chosen", "All pieces are returned", "Of the K values, one should be left.", MAXOUT),
    ("maxout-all-collect", "Every piece gets a gradient", "Make a piece that lost a little smaller or larger: "
     "does the output change?", MAXOUT),
    ("maxout-losers-collect", "The losers get the gradient",
     "Nudge one piece at a time: which nudge moves the output?", MAXOUT),
    ("maxout-choice-without-bias", "The winner is chosen without the biases",
     "Which values were compared on the forward pass?", MAXOUT),
    ("maxout-averaged", "The input's gradient is averaged over the pieces",
     "x was copied to all the pieces. What does a copy gate do in the backward pass?", MAXOUT),
    ("maxout-not-summed", "The input's gradient still has an axis of pieces",
     "x was copied to all the pieces. What does a copy gate do in the backward pass?", MAXOUT),
    # correlation
    ("correlation-padded", "Zeros are put at the border",
     "Here an output exists only where all K weights meet an x.", CORRELATION),
    ("correlation-one-row-only", "Only one row counts", "All rows share the weights.", CORRELATION),
    ("correlation-not-summed", "The rows are not summed",
     "All rows share the weights: what does a copy gate do in the backward pass?",
     CORRELATION),
    # penalty
    ("reg-names", "Weights are not found by their names",
     'A weight is called "w", or "0.w", "2.1.w" in a net: the last part decides.', PENALTY),
    ("reg-weight-squared", "reg is squared, too", "Only the weights are squared.", PENALTY),
    ("reg-mean", "A mean where a sum belongs", "The penalty is a sum over all weights.", PENALTY),
    # sequential
    ("sequential-order", "The layers run in the wrong order", "First to last in the forward pass.", SEQUENTIAL),
    ("sequential-not-chained", "A layer does not get what the one before it gave",
     "What goes into the second layer? And in the backward pass?", SEQUENTIAL),
    ("sequential-layer-skipped", "Not all layers take part",
     "How many times does your loop run? Where is the `return`?",
     SEQUENTIAL),
    ("sequential-names", "The names are not place, dot, name",
     "Places count from 0, and layers without parameters have a place, too.", SEQUENTIAL),
    ("sequential-copies", "The parameters are copies",
     "An optimiser changes what it finds in params. Does the layer notice?", SEQUENTIAL),
    ("sequential-mode", "The mode does not reach everyone",
     "The net, each of its layers, and the layers of a net inside it: which of them are told?", SEQUENTIAL),
    # recomputing
    ("recompute-other-inputs", "Other tensors are kept",
     "Which layers start a group? It is what goes into them that is kept, not what comes out.", RECOMPUTE),
    ("recompute-caches-left", "Layers still hold their caches",
     "Each layer's forward fills its cache. When is it no longer needed, and who empties it?", RECOMPUTE),
    ("recompute-all-at-once", "Too many layers hold a cache at the same time",
     "Only one group needs its caches at a time. Which layers run again before the first gradient goes back?",
     RECOMPUTE),
    ("recompute-runs", "A layer runs too often",
     "Once in the forward pass, once more for its group. From where does a group start?", RECOMPUTE),
]  # fmt: skip
