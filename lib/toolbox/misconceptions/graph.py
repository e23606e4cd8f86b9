"""The known mistakes with graphs, `torch.autograd.Function` and modules: rows of `misconceptions.CATALOGUE`."""

from __future__ import annotations

BY_HAND = "9  Any wiring: the graph"
OPS = "9.1  Ops with several inputs"
ORDER = "9.2  An order to walk in"
WALK = "9.3  Forwards, and back"
AGAIN = "9.4  Again, and deeper"
SKIP = "9.5  A block that skips"
FUNCTIONS = "10  Your rules inside PyTorch"
TWICE = "10.1  Differentiated twice"
MODULE = "11  A module, and the same net by hand"

ROWS = [
    # ops
    ("graph-concat-axis", "Joined along the wrong axis",
     "Rows are examples. Which axis grows when every example gets more features?", OPS),
    ("graph-concat-wrong-part", "The upstream gradient is cut in the wrong places",
     "Which columns of the result came from which input, and how wide was each?", OPS),
    ("graph-concat-whole", "Every input gets the whole upstream gradient",
     "A gradient has the shape of its variable: which columns of the result depend on this input?", OPS),
    # the order
    ("graph-order-backwards", "The order runs the wrong way", "Sources stand before what reads them.", ORDER),
    ("graph-order-doubled", "A name stands in the order more than once",
     "A node that is read twice is computed once. When do you put its name down?", ORDER),
    ("graph-order-incomplete", "A name is missing from the order",
     "Inputs, and nodes that nobody reads, have a place in it as well.", ORDER),
    ("graph-source-twice", "A node that reads one source twice waits for ever",
     "How many sources does it wait for, and how often is each of them taken off the list?", ORDER),
    ("graph-order-too-early", "A node stands before one of its sources",
     "A node is ready when the last of its sources is there, not when the first one is.", ORDER),
    ("graph-circle-unnoticed", "A circle is not noticed",
     "In a circle every node waits for another. How does your list look when nothing gets ready any more?", ORDER),
    ("graph-unknown-unnoticed", "A source that does not exist is not noticed",
     "Somebody mistyped a name. Is it among the nodes, or among the inputs?", ORDER),
    ("graph-error-unclear", "The error does not say what is wrong",
     "Whoever built the graph wants to know where to look: which node, which name?", ORDER),
    # the walk
    ("graph-sources-swapped", "The sources of an op are mixed up",
     "A difference tells which of its two sources came first. In which order does `node.sources` hold them, and the "
     "op's answer?", WALK),
    ("graph-first-source-only", "Only the first source is handed to the op", "How many sources does this node have?",
     WALK),
    ("graph-one-reader-only", "Only one of the gradients that come back is left",
     "A value with two readers gets two gradients, and an output that others read gets one more. What happened to the "
     "others?", WALK),
    ("graph-partly-added", "Not everything that comes back is added",
     "Count the readers of this node. Did it hear from each of them before it passed its gradient on?", WALK),
    ("graph-averaged", "Averaged instead of added up",
     "A nudge is felt by every reader in full. Is the end's feeling the mean of it, or the sum?", WALK),
    ("graph-multiplied", "Multiplied instead of added up",
     "Along one way gradients multiply. And those of two ways that meet?", WALK),
    ("graph-upstream-alone", "The upstream gradient is handed on as it is",
     "Between a node and its source stands the op's own slope.", WALK),
    ("graph-walked-too-early", "A node goes before all of its gradient has arrived",
     "When may a node go? When everything that reads it has gone.", WALK),
    ("graph-walked-every-path", "A node goes once for every path",
     "Eight diamonds in a row have 256 paths. How often does each op have to run?", WALK),
    ("graph-added-in-place", "Added in place, into a tensor that someone else holds",
     "An Add hands one and the same tensor to all of its sources. What does += do to the others?", WALK),
    ("graph-unused-visited", "A node gets a gradient though no output depends on it",
     "Who would have sent something back to it?", WALK),
    # again, and deeper
    ("graph-gradients-kept", "Gradients of an earlier backward are still there",
     "Where do the gradients live between two calls? Who empties that place?", AGAIN),
    ("graph-answer-reused", "The answer of an earlier call changes later",
     "Somebody still holds the dict that you returned last time. Is it a new one in every call?", AGAIN),
    ("graph-values-kept", "Values of an earlier forward are still there",
     "The inputs are new. Which values may be kept from last time?", AGAIN),
    ("graph-recursion-too-deep", "Recursion ends at a depth of about a thousand",
     "Keep the names that still have to be looked at in a list of your own.", AGAIN),
    # the block
    ("graph-skip-missing", "The skip connection is missing", "What is added to what the three ops compute?", SKIP),
    ("graph-skip-elsewhere", "The skip begins at the wrong node",
     "The block adds its own input, before any of its three ops.", SKIP),
    ("graph-block-part-missing", "The way around ends too early", "Three ops stand on it. How many are in yours?",
     SKIP),
    ("graph-block-not-added", "The two ways are not added", "A residual is what is left to be added.", SKIP),
    ("graph-block-names", "The names of the block's nodes",
     "A second block in the same graph needs other names. What makes them differ?", SKIP),
    ("graph-block-wires", "The wires of the block",
     "Draw it, and write at every node whom it reads.", SKIP),
    # Functions
    ("function-upstream-alone", "Only the upstream gradient is passed on",
     "Downstream is upstream times local. How fast does the output move with this input?", FUNCTIONS),
    ("function-forward-other", "The forward pass computes something else",
     "Compare it with the formula, symbol by symbol.", FUNCTIONS),
    ("function-overflows", "exp leaves the range of floats",
     "exp(1000) is inf. Which form of the function never takes exp of something large?", FUNCTIONS),
    ("function-saved-wrong", "The rule is right, and the wrong tensor was saved for it",
     "The short form of this local gradient uses the output. Which tensor did forward save?", FUNCTIONS),
    ("function-sigmoid-half", "One factor of the sigmoid's local gradient is missing",
     "At which outputs must the slope be near zero? At both ends?", FUNCTIONS),
    ("function-tanh-for-sigmoid", "The local gradient belongs to tanh",
     "The sigmoid is steepest at 0, with a slope of a quarter. And yours?", FUNCTIONS),
    ("function-softmax-over-all", "One sum for all rows",
     "Each row is a softmax of its own: what does it share with the others?", FUNCTIONS),
    ("function-softmax-axis", "The sum runs over the batch",
     "A probability pays for the others of its own row. Along which axis do they lie?", FUNCTIONS),
    ("function-averaged", "Averaged over the batch",
     "The mean belongs to the loss. What does a layer do with what its rows send back?", FUNCTIONS),
    ("function-not-twice", "Right once, wrong when differentiated once more",
     "PyTorch follows what goes through `save_for_backward`, and tensor operations. What else is in your backward?",
     TWICE),
    # the module
    ("mlp-sigmoid-missing", "The sigmoid is missing", "Without it, two layers are one.", MODULE),
    ("mlp-softmax-missing", "Scores, not yet probabilities", "Each row should sum to one.", MODULE),
    ("mlp-sigmoid-twice", "A sigmoid where none belongs", "What stands between the scores and the softmax?", MODULE),
    ("mlp-one-bias-missing", "One of the two biases is missing", "How many linear layers are there?", MODULE),
    ("mlp-operations-ignored", "The net is not built of the operations that it was given",
     "Which operations does forward call: those that came in with the constructor?", MODULE),
    ("mlp-weights-scale", "The weights begin with another spread",
     "A sum of D products should neither grow nor fade with D.", MODULE),
    ("mlp-biases-not-zero", "The biases do not begin at zero", "Read the module's description again.", MODULE),
    ("mlp-step-skipped", "A line of the forward pass is stepped over on the way back",
     "Four forward lines: which one has no partner in your way back?", MODULE),
    ("mlp-relu-mask", "A ReLU's mask in the place of the sigmoid's slope",
     "Which activation does this net have, and how steep is it?", MODULE),
    ("mlp-wrong-input", "The layer's gradient uses the wrong input",
     "Which tensor went into the second product going forward?", MODULE),
]  # fmt: skip
