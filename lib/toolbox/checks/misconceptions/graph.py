"""The known mistakes with graphs, `torch.autograd.Function` and modules: rows of `misconceptions.CATALOGUE`."""

from __future__ import annotations

BY_HAND = "9  Any wiring: the graph"
OPS = "9.1  Ops with several inputs"
ORDER = "9.2  An order to visit the nodes in"
WALK = "9.3  Forward and backward"
AGAIN = "9.4  Calling it again, and deeper graphs"
SKIP = "9.5  A block with a skip connection"
FUNCTIONS = "10  Your rules inside PyTorch"
TWICE = "10.1  Differentiating twice"
MODULE = "11  A module, and the same net by hand"

ROWS = [
    # ops
    ("graph-concat-axis", "Joined along the wrong axis",
     "Rows are examples. Which axis grows when each example gets more features?", OPS),
    ("graph-concat-wrong-part", "The upstream gradient is cut in the wrong places",
     "Which columns of the result came from which input, and how wide was each?", OPS),
    ("graph-concat-whole", "Every input gets the whole upstream gradient",
     "A gradient has the shape of its variable: which columns of the result depend on this input?", OPS),
    # the order
    ("graph-order-backwards", "The order runs the wrong way", "Sources come before what reads them.", ORDER),
    ("graph-order-doubled", "A name is in the order more than once",
     "A node that is read twice is computed once. When do you add its name?", ORDER),
    ("graph-order-incomplete", "A name is missing from the order",
     "Inputs, and nodes that nobody reads, belong in it as well.", ORDER),
    ("graph-source-twice", "A node that reads one source twice waits for ever",
     "How many sources does it wait for, and how many times is each of them crossed off?", ORDER),
    ("graph-order-too-early", "A node comes before one of its sources",
     "A node is ready when the last of its sources is there, not when the first one is.", ORDER),
    ("graph-circle-unnoticed", "A cycle is not noticed",
     "In a cycle every node waits for another. What does your list look like when nothing becomes ready any more?",
     ORDER),
    ("graph-unknown-unnoticed", "A source that does not exist is not noticed",
     "Suppose somebody mistyped a name. Is it among the nodes, or among the inputs?", ORDER),
    ("graph-error-unclear", "The error does not say what is wrong",
     "Whoever built the graph wants to know where to look: which node, and which name?", ORDER),
    # the walk
    ("graph-sources-swapped", "The sources of an op are mixed up",
     "A difference depends on the order of its two sources. In which order are they in `node.sources`, and in the "
     "op's answer?", WALK),
    ("graph-first-source-only", "Only the first source is passed to the op", "How many sources does this node have?",
     WALK),
    ("graph-one-reader-only", "Only one of the gradients that come back is left",
     "A value with two readers gets two gradients, and an output that others read gets one more. What happened to the "
     "others?", WALK),
    ("graph-partly-added", "Not everything that comes back is added",
     "Count the readers of this node. Had each of them sent its gradient before the node passed its own on?", WALK),
    ("graph-averaged", "Averaged instead of added up",
     "Each reader gets the whole of a nudge. Is the change at the output the mean of what they do with it, or the sum?",
     WALK),
    ("graph-multiplied", "Multiplied instead of added up",
     "Along one path gradients multiply. What happens to those of two paths that meet?", WALK),
    ("graph-upstream-alone", "The upstream gradient is passed on unchanged",
     "Between a node and its source is the op's own slope.", WALK),
    ("graph-walked-too-early", "A node is processed before all of its gradient has arrived",
     "When is a node's gradient complete? When everything that reads it has sent its own back.", WALK),
    ("graph-walked-every-path", "A node is processed once for each path",
     "Eight diamonds in a row have 256 paths. How many times does each op have to run?", WALK),
    ("graph-added-in-place", "Added in place, into a tensor that someone else holds",
     "An Add passes one and the same tensor to all of its sources. What does += do to the others?", WALK),
    ("graph-unused-visited", "A node gets a gradient though no output depends on it",
     "Who would have sent something back to it?", WALK),
    # again, and deeper
    ("graph-gradients-kept", "Gradients of an earlier backward are still there",
     "Where are the gradients kept between two calls? What empties that place?", AGAIN),
    ("graph-answer-reused", "The answer of an earlier call changes later",
     "The caller still holds the dict that you returned last time. Does every call make a new one?", AGAIN),
    ("graph-values-kept", "Values of an earlier forward are still there",
     "The inputs are new. Which values may be kept from the last call?", AGAIN),
    ("graph-recursion-too-deep", "Recursion ends at a depth of about a thousand",
     "Keep the names that you still have to visit in a list of your own.", AGAIN),
    # the block
    ("graph-skip-missing", "The skip connection is missing", "What is added to what the three ops compute?", SKIP),
    ("graph-skip-elsewhere", "The skip begins at the wrong node",
     "The block adds its own input, before any of its three ops.", SKIP),
    ("graph-block-part-missing", "The residual branch ends too early",
     "It consists of three ops. How many are in yours?",
     SKIP),
    ("graph-block-not-added", "The two branches are not added", "A residual is what is left to be added.", SKIP),
    ("graph-block-names", "The names of the block's nodes are wrong",
     "A second block in the same graph needs other names. What makes them differ?", SKIP),
    ("graph-block-wires", "The wires of the block are wrong",
     "Draw it, and write at each node what it reads.", SKIP),
    # Functions
    ("function-upstream-alone", "Only the upstream gradient is passed on",
     "Downstream is upstream times local. How fast does the output move with this input?", FUNCTIONS),
    ("function-forward-other", "The forward pass computes something else",
     "Compare it with the formula, symbol by symbol.", FUNCTIONS),
    ("function-overflows", "exp overflows",
     "exp(1000) is inf. Which form of the function never takes exp of something large?", FUNCTIONS),
    ("function-saved-wrong", "The rule is right, and the wrong tensor was saved for it",
     "The short form of this local gradient uses the output. Which tensor did forward save?", FUNCTIONS),
    ("function-sigmoid-half", "One factor of the sigmoid's local gradient is missing",
     "At which outputs must the slope be near zero? Is yours, at both ends?", FUNCTIONS),
    ("function-tanh-for-sigmoid", "The local gradient belongs to tanh",
     "The sigmoid is steepest at 0, with a slope of a quarter. How steep is yours there?", FUNCTIONS),
    ("function-softmax-over-all", "One sum for all rows",
     "Each row is a softmax of its own: what does it share with the others?", FUNCTIONS),
    ("function-softmax-axis", "The sum runs over the batch",
     "A probability affects the others in its own row. Along which axis are they?", FUNCTIONS),
    ("function-averaged", "Averaged over the batch",
     "The mean belongs to the loss. What does a layer do with the gradients of its rows?", FUNCTIONS),
    ("function-not-twice", "Right once, wrong when differentiated once more",
     "PyTorch follows what goes through `save_for_backward`, and tensor operations. What else is in your backward?",
     TWICE),
    # the module
    ("mlp-sigmoid-missing", "The sigmoid is missing", "Without it, two layers are one.", MODULE),
    ("mlp-softmax-missing", "Scores, not yet probabilities", "Each row should sum to one.", MODULE),
    ("mlp-sigmoid-twice", "A sigmoid where none belongs", "What comes between the scores and the softmax?", MODULE),
    ("mlp-one-bias-missing", "One of the two biases is missing", "How many linear layers are there?", MODULE),
    ("mlp-operations-ignored", "The net is not built from the operations that it was given",
     "Which operations does forward call: those that were passed to the constructor?", MODULE),
    ("mlp-weights-scale", "The initial weights have another spread",
     "A sum of D products should neither grow nor shrink with D.", MODULE),
    ("mlp-biases-not-zero", "The initial biases are not zero", "Read the module's description again.", MODULE),
    ("mlp-step-skipped", "A line of the forward pass has no partner in the backward pass",
     "There are four forward lines: which one has no partner in your backward pass?", MODULE),
    ("mlp-relu-mask", "A ReLU's mask in place of the sigmoid's slope",
     "Which activation does this net have, and how steep is it?", MODULE),
    ("mlp-wrong-input", "The layer's gradient uses the wrong input",
     "Which tensor went into the second product in the forward pass?", MODULE),
]  # fmt: skip
