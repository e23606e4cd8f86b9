"""The known mistakes of the assignment `training`; rows of `toolbox.checks.misconceptions.CATALOGUE`."""

from __future__ import annotations

DESCENT = "1.1  Gradient descent"
MOMENTUM = "1.2  Momentum"
START = "3  Where to start"
BATCHES = "4  Mini-batches"
LADDER = "5  The sanity ladder"
LOOP = "5.1  The loop"
HEART = "5.2  Memorise fifty images"
SCORES = "6.1  Scores and accuracy"
TRAIN = "6.2  Train"
LEARNT = "6.3  What has it learnt?"
ATOMIC = "8.1  Files that are never half written"
CHECKPOINT = "8.2  What is in the file"
RESUME = "8.3  Everything that a run needs to continue"
SEARCH = "9  Settings: grid or random search?"
DEPTH = "10.1  What is a net without activations?"
FAST = "11  Faster"

ROWS = [
    # steps
    ("update-not-in-place", "The caller's tensors do not change",
     "Others hold the same tensors. Does your line write into them, or make new ones?", DESCENT),
    ("update-uphill", "The step goes uphill", "The gradient points to where the loss rises.", DESCENT),
    ("rate-forgotten", "The learning rate is missing", "How far should a step go?", DESCENT),
    ("rate-frozen", "A new learning rate has no effect",
     "`lr` may be changed between steps: which one do you look at?", DESCENT),
    ("one-parameter-only", "Only the first parameter changes", "Where does the loop end?", DESCENT),
    ("parameters-decay", "The parameters shrink as well",
     "Regularisation is part of the loss here; its gradient is in the gradients already.", DESCENT),
    ("gradient-changed", "The gradient is written into",
     "A second name for a tensor is not a second tensor. Whose memory does your velocity live in?", MOMENTUM),
    ("velocity-not-kept", "The velocity is not kept", "What is left of this step's velocity when the next one comes?",
     MOMENTUM),
    ("velocity-shared", "All parameters share one velocity", "Each parameter has a velocity of its own.", MOMENTUM),
    ("velocity-sign", "The old velocity has the wrong sign", "A rolling ball keeps rolling the same way.",
     MOMENTUM),
    ("rate-in-velocity", "The learning rate is inside the velocity",
     "While the learning rate is constant, both forms agree. How much does an old gradient count after the learning "
     "rate has changed?", MOMENTUM),
    ("rate-twice", "The learning rate is used twice", "In the velocity and in the step: where does it belong?",
     MOMENTUM),
    ("nesterov", "That is Nesterov's form", "Ours steps along the velocity alone.", MOMENTUM),
    ("dampened", "The gradient is damped",
     "An average weights the new gradient by 1 - rho. Here the velocity adds gradients up.", MOMENTUM),
    ("velocity-starts-at-gradient", "The first gradient counts twice",
     "How fast is a ball before it is let go?", MOMENTUM),
    ("velocity-late", "The step uses the velocity of the step before", "Which of the two lines comes first?", MOMENTUM),
    ("velocity-not-faded", "The velocity does not decay", "How much of it survives a step?", MOMENTUM),
    ("rho-on-everything", "rho scales the new gradient, too", "What does rho scale: the old velocity, or the sum?",
     MOMENTUM),
    ("rho-ignored", "rho is not used", "It is an argument: a caller may ask for another value.", MOMENTUM),
    # starting weights and random numbers
    ("kaiming-fan-out", "The spread depends on fan_out",
     "How many products does one output add up? That is the number to compensate for.", START),
    ("kaiming-variance-for-deviation", "Variance and standard deviation mixed up",
     "Multiplying numbers by s multiplies their variance by s².", START),
    ("kaiming-without-relu", "The ReLU is not compensated for", "How much of the signal does a ReLU let through?",
     START),
    ("kaiming-both-fans", "Both fans enter", "That is Glorot's rule, made for other activations.", START),
    ("kaiming-bound-for-deviation", "A bound where a standard deviation belongs",
     "Numbers spread evenly between -a and a have a standard deviation smaller than a. By which factor?", START),
    ("weights-not-scaled", "The spread does not depend on the layer",
     "A wide layer adds up more products than a narrow one.", START),
    ("weights-one-sided", "The weights are not centred", "Around which number should they lie?", START),
    ("symmetry-unbroken", "Units that start equal stay equal",
     "Two units with the same weights get the same gradients, for ever. What could make them differ?", START),
    ("generator-ignored", "The generator does not decide",
     "The same seed must give the same numbers, whatever else draws random numbers in between.", START),
    ("always-the-same", "The same numbers at every call",
     "Is a generator made anew, or not used at all?", START),
    # batches and the loop
    ("not-shuffled", "The examples come in their own order", "A new random order for every epoch.", BATCHES),
    ("batches-shuffled-only", "Only whole batches change places", "Which examples share a batch must change, too.",
     BATCHES),
    ("shuffled-once", "Every epoch has the same order", "Where does each epoch's randomness come from?", BATCHES),
    ("labels-shuffled-apart", "Images and labels are shuffled separately", "Use one order for both.", BATCHES),
    ("last-batch-dropped", "The last batch is dropped", "1,257 images in batches of 64: what about the rest?", BATCHES),
    ("last-batch-padded", "The last batch is filled up", "It may be smaller; no example should come twice.", BATCHES),
    ("drawn-with-replacement", "Some examples come twice", "A permutation names each example exactly once.", BATCHES),
    ("examples-left-out", "Some examples never come", "Write down the order and the cuts for seven examples and "
     "batches of three.", BATCHES),
    ("batch-sizes", "The batches have the wrong sizes", "All are full, except perhaps the last.", BATCHES),
    ("probability-for-loss", "A probability, not a loss", "What does the loss do with the probability of the right "
     "class?", LADDER),
    ("step-forgotten", "The optimiser never steps", "The gradients alone change nothing.", LOOP),
    ("loop-left-early", "Not every batch is used", "Is the `return` inside the loop? Does it go through all batches?",
     LOOP),
    ("batch-used-twice", "More steps than batches", "One step per batch.", LOOP),
    ("loss-after-the-step", "The loss is measured after the step",
     "The loss that came with the gradients is the one to write down.", LOOP),
    ("losses-summed-up", "The losses are added up", "One number per batch.", LOOP),
    ("losses-divided", "The losses are divided once more", "The loss is a mean already.", LOOP),
    ("not-trained", "Hardly better than guessing", "Climb the ladder: first loss, fifty images, learning rate.", HEART),
    ("training-diverged", "nan: the training has blown up", "Divide the learning rate by ten.", HEART),
    # scores and counts
    ("relu-at-the-end", "A ReLU after the last layer", "May a score be negative?", SCORES),
    ("layers-left-out", "Not all layers are used", "How many pairs of w and b are there?", SCORES),
    ("names-of-gradients", "A step for every gradient, also where there is no parameter",
     "Flat code also returns gradients of scores and hidden layers. Which names does the optimiser own?",
     DESCENT),
    ("layers-by-alphabet", "The layers come in the order of the alphabet", "Sorted as text, where does w10 come?",
     SCORES),
    ("confusion-transposed", "True and predicted are swapped", "Which of the two runs down the table?", LEARNT),
    ("counted-once", "Every pair is counted once only",
     "An indexed += writes to each place once, however often the place is named.", LEARNT),
    ("counts-as-shares", "Shares instead of counts", "How many, not what share.", LEARNT),
    ("only-right-ones-counted", "Only the right ones are counted", "The mistakes are what we want to see.", LEARNT),
    ("only-mistakes-counted", "Only the mistakes are counted", "The diagonal belongs to the table.", LEARNT),
    # files
    ("written-in-place", "The old file is overwritten",
     "Between the first byte and the last there is neither the old file nor the new one.", ATOMIC),
    ("old-file-deleted", "The old file is deleted first", "And if the power fails right then?", ATOMIC),
    ("temporary-file-left", "A file is left behind", "Who removes the temporary file if something fails?", ATOMIC),
    ("failure-swallowed", "Nobody is told of the failure", "Clean up, and let the error through.", ATOMIC),
    ("bytes-not-on-disk", "The bytes may still be in memory",
     "On its way to the disk, what was written waits in two places: in Python, and in the system. What empties them?",
     ATOMIC),
    ("temporary-elsewhere", "The temporary file is in another folder",
     "A file replaces another in a single step only on the same disk. Where is yours until then?", ATOMIC),
    ("file-appended", "The new content is added to the old", "The file should hold what was written last.", ATOMIC),
    ("pickle-opened", "The file is unpickled",
     "Opening a pickle runs what its author wrote into it. Which option of the reader forbids that?", CHECKPOINT),
    ("pickle-written", "The file holds a pickle", "Plain arrays, one per tensor.", CHECKPOINT),
    ("state-names-lost", "Names are lost", "What comes back has the names that went in, all of them.", CHECKPOINT),
    ("dtype-lost", "The dtype is lost", "A step counter is not a float, and a float64 is not a float32.", CHECKPOINT),
    ("shape-lost", "The shape is lost", "Even a tensor without axes has a shape.", CHECKPOINT),
    ("numbers-changed", "Other numbers come back", "Every bit counts.", CHECKPOINT),
    ("device-forgotten", "Another device was forgotten",
     "A file is read and written on the CPU, but a net may train elsewhere. Where must each tensor be?", CHECKPOINT),
    ("state-aliased", "The state changes with the run",
     "Does the state hold copies, or the very tensors that training goes on to change?", RESUME),
    ("parameters-not-restored", "The parameters are not what they were",
     "The optimiser holds the same tensors: write into them.", RESUME),
    ("velocity-not-restored", "The velocity is lost", "What else does the next step of the optimiser depend on?",
     RESUME),
    ("rate-not-restored", "The learning rate is not what it was", "To the last digit: in which dtype is it kept?",
     RESUME),
    ("generator-not-restored", "Other random numbers follow", "Where is the generator now, not where did it start?",
     RESUME),
    ("epoch-off", "The epochs are counted wrongly", "How many are done?", RESUME),
    # searches
    ("spread-evenly-not-by-logs", "Spread evenly, but not on a log scale",
     "How many of your numbers lie below a tenth of the range?", SEARCH),
    ("exponents-not-raised", "Exponents instead of numbers", "One step is missing: back from the logarithm.", SEARCH),
    ("evaluated-again", "Points are evaluated again", "What is in the file is known.", SEARCH),
    ("points-known-by-place", "Points are recognised by their place",
     "The caller may pass the points in another order, or with new ones between them.", SEARCH),
    ("search-rows", "The rows are not those of the points", "One row per point, in the order of the points.", SEARCH),
    ("written-at-the-end", "Results are not written at once", "What is lost if the run is killed right now?", SEARCH),
    ("line-torn", "A line is incomplete", "Half a line was written when the disk was full. How can that not happen?",
     SEARCH),
    ("lines-lost", "Lines are lost", "Earlier results must stay in the file.", SEARCH),
    ("line-twice", "A line is in the file twice", "Each point once.", SEARCH),
    ("interruption-swallowed", "An interruption is swallowed", "Whoever stops a search wants it to stop.", SEARCH),
    # depth
    ("relu-kept", "The ReLU is still there", "Without activations: nothing is cut off.", DEPTH),
    ("layers-in-reverse", "The layers are in reverse order", "Which layer does x meet first?", DEPTH),
    ("bias-in-weights", "The bias is added to the weights", "It is added once, after the product.", DEPTH),
    ("last-bias-only", "Only the last bias counts", "What do later layers do to an earlier bias?", DEPTH),
    ("biases-not-multiplied", "The biases are only added up", "An early bias goes through the later layers.", DEPTH),
    # buffers
    ("buffer-not-cut", "The size of the buffer instead of the batch",
     "The last batch is smaller: over which number is the mean taken?", FAST),
    ("tensor-made-anew", "A large tensor is made anew",
     "`a * b` makes a tensor, `a *= b` does not. Which line makes one as large as a layer?", FAST),
]  # fmt: skip
