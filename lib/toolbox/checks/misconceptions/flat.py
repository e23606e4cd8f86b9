"""The known mistakes of the assignment `flat`, many of which turn up in every other: rows of the catalogue."""

from __future__ import annotations

# headings of the notebook `flat`
GRAPH = "1  A graph, its values, its gradients"
TOY = "2  Your first backward pass"
NEURON = PATTERNS = "3  A logistic neuron"
LINEAR = "4  Real data: three losses for a linear classifier"
SOLVED = "A solved example first"
HINGE = "4.1  Hinge loss"
SOFTMAX = "4.2  Softmax loss"
SQUARED = "4.3  Squared loss"
LOGISTIC = "5  Logistic regression: three or eight?"
NET = "6  Two layers"

ROWS = [
    # scale and sign
    ("batch-mean-missing", "N times too large: the mean over the batch is missing",
     "The loss is a mean. What does that do to the gradient of each row's loss?", SOLVED),
    ("averaged-twice", "N times too small: averaged twice",
     "The mean is in one forward line, so it belongs in one backward line. Where is the second?", SOLVED),
    ("averaged-over-classes", "Averaged over the classes too",
     "A row's loss is a sum over its classes; only the batch is averaged. Is a `mean()` taken over both?", SOLVED),
    ("factor-two-missing", "Half of what it should be",
     "Is there a square in the forward pass? Ask what its local gradient is.", SOLVED),
    ("factor-two-extra", "Twice what it should be",
     "Is one path counted twice, or a factor of a square used where there is none?", SOLVED),
    ("sign-flipped", "The sign is the wrong way round",
     "Raise one entry a little in your head: does the loss go up or down? Compare with your sign.", PATTERNS),
    ("all-zeros", "Zero everywhere",
     "Nothing has flowed back to here. Is it made, and then never filled? Or is a condition on the way, or a mask, "
     "never true?", PATTERNS),
    ("all-ones", "One everywhere",
     "A one is the gradient of the output with respect to itself. What happened on the way here?", PATTERNS),
    ("upstream-taken-as-ones", "The upstream gradient is taken to be all ones",
     "Downstream is local times upstream. Which gradient arrives here from the line after?", PATTERNS),
    ("local-gradient-only", "Only the local gradient",
     "Local is half of the story: what has to be multiplied with it?", GRAPH),
    # shape
    ("transposed", "Transposed", "A gradient has the shape of its variable. Which factor of the product comes first, "
     "and which of the two is transposed?", SOLVED),
    ("kept-dimension", "A dimension too many", "The numbers are right. Did a `keepdim=True` stay behind?", SOLVED),
    ("summed-too-far", "Summed over too much", "The answer has fewer dimensions than its variable.", SOLVED),
    ("not-reduced", "One loss per example, not yet one number",
     "The loss of a batch is one number. What happens to the losses of the rows?", SOLVED),
    # biases
    ("bias-averaged", "The bias gradient is averaged instead of summed",
     "The bias is copied to every row. What does a copy gate do with the gradients that come back?", SOLVED),
    ("bias-wrong-axis", "The bias gradient is summed over the wrong axis",
     "There is one bias per class, shared by all rows: over which of the two do the copies lie?", SOLVED),
    ("bias-not-summed", "The bias gradient is not summed",
     "The bias was broadcast over the batch. A broadcast is a copy: how do copies go backwards?", SOLVED),
    ("bias-summed-completely", "The bias gradient is summed over everything",
     "There is one bias per class. How many axes should be left?", SOLVED),
    ("reg-on-bias", "The bias is regularised", "Read the loss again: which parameters are in its penalty?", SOLVED),
    # regularisation
    ("reg-missing", "The regularisation is missing",
     "The weights are used in two places of the loss. Do both send something back?", LINEAR),
    ("reg-half", "The regularisation is half of what it should be",
     "Some books put a 1/2 in front of the penalty; this course does not.", LINEAR),
    ("reg-twice", "The regularisation is counted twice", "Is the penalty added in two places, or with a factor too "
     "many?", LINEAR),
    ("reg-sign", "The regularisation has the wrong sign",
     "Larger weights make the loss larger. Which way does the gradient of the penalty point?", LINEAR),
    ("reg-averaged", "The regularisation is divided by N",
     "The penalty is outside the mean over the batch: it does not depend on any example.", LINEAR),
    ("reg-not-weighted", "The regularisation is not weighted by reg", "Where does `reg` appear?", LINEAR),
    ("reg-one-layer", "Only one layer is regularised", "How many weight matrices does the net have?", NET),
    ("reg-not-squared", "The penalty is not a sum of squares", "A norm is the root of a sum of squares, and a sum of "
     "absolute values is something else again. Which one does the loss ask for?", LINEAR),
    ("data-part-missing", "Only the regularisation is left",
     "Was a gradient overwritten that should have been added to? A variable used twice collects twice.", LINEAR),
    # hinge
    ("hinge-correct-class-missing", "Nothing flows back to the correct class's score",
     "The score of the correct class is in every margin of its row. What does it collect?", HINGE),
    ("hinge-correct-class-once", "The correct class collects only one margin's gradient",
     "The score of the correct class is in every margin of its row. How many of them are positive?", HINGE),
    ("hinge-correct-class-counted", "The correct class's own margin is counted",
     "The sum runs over the other classes only. What is the margin of a class against itself?", HINGE),
    ("hinge-margin-missing", "The margin of 1 is missing",
     "By how much must the correct score win before its loss is zero?", HINGE),
    ("hinge-scores-swapped", "The scores of the margin are swapped",
     "The loss is large when a wrong class scores high. Is yours?", HINGE),
    ("hinge-margin-sizes-used", "The size of the margin is used where its sign should be",
     "How steep is max(0, m) where m is 3, and where m is 5?", HINGE),
    ("hinge-threshold-missing", "Margins below zero count as well", "What does max(0, m) let through?", HINGE),
    ("hinge-mask-inverted", "The margins' mask is inverted", "Which margins cost something: those above zero or below?",
     HINGE),
    ("hinge-worst-class-only", "Only the worst class counts", "The loss sums over all wrong classes.", HINGE),
    # softmax, logistic, squared
    ("one-hot-missing", "The correct class is not subtracted",
     "The score of the correct class enters the loss in two places. Do both send something back?", SOFTMAX),
    ("one-hot-not-averaged", "The correct class is subtracted before the mean",
     "The loss is averaged over the batch: does that hold for both of its terms?", SOFTMAX),
    ("softmax-unstabilised", "exp overflows",
     "exp(1000) is inf. Which number may be subtracted from a whole row without changing its softmax?", SOFTMAX),
    ("probability-propped", "A small number keeps log(0) away, and the loss with it",
     "With that number, what is the loss of an example that is wrong by a thousand, and of one wrong by a hundred?",
     SOFTMAX),
    ("softmax-wrong-axis", "The softmax runs over the wrong axis",
     "Each row is one example, and its probabilities sum to one. Does each of your rows?", SOFTMAX),
    ("scores-as-probabilities", "Scores are used as if they were probabilities",
     "What turns a row of scores into numbers that sum to one?", SOFTMAX),
    ("log-base", "Another base of the logarithm", "The course's log is the natural one.", SOFTMAX),
    ("log-of-wrong-class", "The log of the wrong class", "Whose probability should be high?", SOFTMAX),
    ("log-of-all-classes", "The logs of all classes are summed", "Only one class per row is the right one.", SOFTMAX),
    ("label-not-subtracted", "The label does not reach the gradient",
     "Two examples with one score and different labels: can their gradients be the same?", LOGISTIC),
    ("labels-swapped", "The two labels are swapped", "Which label stands for the probability p itself?", LOGISTIC),
    ("one-label-only", "Only the examples of one label count", "What should the loss of the other label's examples "
     "be, and where is it?", LOGISTIC),
    ("sigmoid-gradient-twice", "The gradient of the sigmoid is multiplied in once more",
     "Follow the log and the sigmoid one after the other: what cancels?", LOGISTIC),
    ("sigmoid-unstabilised", "exp or log leaves the range of floats",
     "exp(1000) is inf and log(0) is -inf: is there a form of the loss that needs neither?", LOGISTIC),
    ("targets-not-subtracted", "The targets are not subtracted",
     "Error is score minus target. In every line?", SQUARED),
    ("error-not-squared", "The errors are not squared", "What is done to an error before the sum?", SQUARED),
    # ReLU and the order of the layers
    ("relu-mask-missing", "The ReLU passes everything back",
     "Where the ReLU closed the gate going forward, can anything come back?", NET),
    ("relu-mask-from-upstream", "The ReLU mask is taken from the wrong tensor",
     "Which tensor decided in the forward pass whether the gate is open?", NET),
    ("relu-mask-inverted", "The ReLU mask is inverted", "Where is the gate open: above zero or below?", NET),
    ("relu-mask-alone", "The ReLU's local gradient without its upstream",
     "The mask is the local gradient. What has to be multiplied with it?", NET),
    ("relu-values-instead-of-mask", "The ReLU's values stand in for its mask",
     "How steep is max(0, a) where a is 3, and where a is 5?", NET),
    ("relu-missing", "The ReLU is missing in the forward pass", "Without it, two layers are one.", NET),
    ("input-before-relu", "The second layer looks at the values before the ReLU",
     "Which tensor went into the second product going forward?", NET),
    ("upstream-from-wrong-node", "The upstream gradient comes from the wrong node",
     "Go through the forward lines in reverse, one at a time: which line did you step over?", NET),
    # manners
    ("input-changed", "An input was changed in place",
     "`+=`, `-=` and `v[...] =` write into the tensor that was passed in. Whose tensor is it?", LINEAR),
    # gates
    ("mul-gate-not-swapped", "The mul gate is not swapped",
     "How fast does a product grow when one factor grows? Which number says so?", PATTERNS),
    ("power-rule-missing", "The square's local gradient is not there", "How steep is q**2 at this q?", GRAPH),
    ("sigmoid-local-missing", "The sigmoid's local gradient is missing",
     "The sigmoid is a line of the forward pass like every other.", NEURON),
    ("sigmoid-of-wrong-value", "The sigmoid's local gradient is taken at the wrong value",
     "The short form of its local gradient uses the output of the sigmoid, not its input.", NEURON),
    ("forward-step-missing", "A line of the forward pass is missing", "Compare the forward lines with the formula, "
     "symbol by symbol.", TOY),
]  # fmt: skip
