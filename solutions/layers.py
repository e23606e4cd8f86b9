# ---
# jupyter:
#   backprop_kit: {assignment: layers, modules: [activations, batchnorm, layers, losses, graph, functions]}
# ---

# %% [markdown]
# # Layers: the modular API
#
# You have written backward passes in one long piece, forward lines read from the end. It works, and it does not last: put another loss at the end, or one more layer in the middle, and the whole
# derivation starts again. Nobody builds networks that way. They are built of **layers**, small parts that know two things, how to go forward and how to go back, and nothing about the net that they are in.
#
# By the end of this notebook you will have
#
# - written twelve layers and four losses, each with its way back by hand, and each equal to PyTorch's;
# - understood what a layer must **keep** on its way forward, and what that costs;
# - taken **batch normalisation** apart into nodes, walked back over them, and folded the walk into one line;
# - plugged layers together to a net that is itself a layer, and trained it;
# - wired nets that are no chains: a **graph** with branches, skips, and gradients that meet and add up;
# - taught PyTorch's autograd operations of your own.
#
# You need: backward passes of matrix products and elementwise functions, as in the notebooks on flat code and on tensors, and classes in Python (`class`, `__init__`, `self`). Allow eight to ten hours; the sections stand on their own.

# %%
import sys
from pathlib import Path

home = next(folder for folder in [Path.cwd(), *Path.cwd().parents] if (folder / "lib" / "backprop").is_dir())
sys.path.insert(0, str(home / "lib"))

import toolbox

toolbox.start()

# %%
# %matplotlib inline
import inspect

import torch
import torch.nn.functional as F
from backprop import layers, losses
from toolbox import check, given_layers
from toolbox.data import load_digits
from toolbox.draw import draw_graph, show_columns, show_curves, show_masks, show_slopes


def tensor(*numbers):
    """A float64 tensor of the given numbers."""
    return torch.tensor(numbers, dtype=torch.float64)


def normal(*shape, seed=0):
    """Random numbers in float64, the same ones every time."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def ready(**answers):
    """True once all the named answers are there; until then it says what is missing."""
    missing = [name for name, answer in answers.items() if answer is None]
    if missing:
        print("Nothing to show yet. Still to be written:", ", ".join(missing))
    return not missing


# %% [markdown]
# ## 0  How this works
#
# Code goes into files in `lib/backprop/`: `layers.py`, `activations.py`, `batchnorm.py` and `losses.py` in the first part, and later `graph.py` and `functions.py`. Each has places that say `# YOUR CODE HERE`. Keep the file of the section open beside the
# notebook, save it, and run the next cell; the notebook picks up the new version by itself. Below every task stands a cell like `check("linear_forward")`: run it as often as you want. Grading runs the same checks, and more of the same kind with other numbers and shapes.
#
# All tensor operations of PyTorch are yours, except in the first part those that differentiate for you (`.backward()`, `torch.autograd`, `torch.func`).
#
# | you see | look at |
# | --- | --- |
# | `StopIteration` in the first cell | the notebook lies outside the course's folder: it must stand below the folder that holds `lib` |
# | a check still shows the old result | the file is not saved; or restart the kernel and run from the top |
# | "is not written yet (it is None)" | the place with `# YOUR CODE HERE` is empty, or the variable there has another name |
# | "Nothing to show yet" | not an error: that picture is drawn with your code, once it exists |

# %% [markdown]
# ## 1  One contract: forward, cache, backward
#
# A two-layer net, as a chain of four parts. Shapes above the wires are those of the values that travel right; below the wires, the gradients that come back have the same shapes:

# %% show=true
draw_graph(
    {"a": "Linear", "h": "ReLU", "s": "Linear", "L": "loss"},
    [("x", "a"), ("a", "h"), ("h", "s"), ("s", "L")],
    {"x": "(N, D)", "a": "(N, H)", "h": "(N, H)", "s": "(N, C)", "L": "one number"},
    {"x": "(N, D)", "a": "(N, H)", "h": "(N, H)", "s": "(N, C)", "L": "1"},
);

# %% [markdown]
# Look at the ReLU. It needs `a` to go forward. To come back it needs the gradient that arrives from the right, and something it saw on the way there: which entries were positive. It does not need to know that there is a matrix product to its left, or what kind of loss sits at the end.
#
# So every part can keep one **contract**:
#
# | | |
# | --- | --- |
# | `layer = Linear(w, b)` | parameters, if it has any, are in the dict `layer.params` |
# | `out = layer.forward(x)` | and whatever the way back will need goes into `layer.cache` |
# | `grad_x = layer.backward(grad_out)` | the upstream gradient in, the downstream gradient out; gradients of the parameters are in the dict `layer.grads`, under the same names |
# | `layer.training` | True at first; a few layers behave differently when it is False |
#
# Whoever calls the layer may rely on more, and the checks do:
#
# - `x`, the parameters and `grad_out` are the caller's: a layer **changes none of them in place**, and nothing it has returned either.
# - `backward` belongs to the **latest** `forward`. It may be called twice and gives the same both times; `grads` are **set**, not added up.
# - The gradient of `x` is **always** returned. A layer cannot know that it is the first one.
# - Dtype and device of the results are those of what came in; a tensor may have one row, may be the transpose of another, may be one row expanded to many.
#
# ### A solved example
#
# `Scale` multiplies every column of `x` by a number of its own. Here is all of it:

# %%
print(inspect.getsource(given_layers.Scale))

# %%
layer = given_layers.Scale(tensor(10, -1))
print("out   ", layer.forward(tensor([1, 2], [3, 4], [5, 6])).tolist())
print("grad_x", layer.backward(tensor([1, 1], [0, 1], [2, 0])).tolist())
print("grad_s", layer.grads["s"].tolist())

# %% [markdown]
# Three things in it return in every layer to come. The **cache**: without `x` there is no gradient of `s`. The **copies**: one `s` served three rows, so it collects three gradients, and they are added up. And the **mean** that is not there: dividing by the size of the batch
# is the business of the loss, where it was divided going forward; by the time a gradient arrives here, it is in it already.
#
# (`Layer`, the class it is built on, makes `params`, `grads`, `cache` and `training`: see `lib/toolbox/layer.py`, it is short.)
#
# ### Predict
#
# On paper, please. A linear layer computes `x @ w + b`.
#
# 1. With $x = \begin{pmatrix} 1 & 2 \\ 3 & -1 \end{pmatrix}$, $w = \begin{pmatrix} 2 \\ -1 \end{pmatrix}$, $b = (0.5)$: the two outputs.
# 2. From the right arrives $g = \begin{pmatrix} 1 \\ -2 \end{pmatrix}$. The gradients of $w$ (two numbers), of $b$ (one), and of $x$ (two rows of two).
# 3. Dropout with $p = 0.25$ drops an entry with probability ¼, and makes up for it: entries that are kept are scaled so that, on average, nothing changes. An entry is 6, and it is kept. What comes out?
# 4. Batch normalisation subtracts from a column its mean and divides by its standard deviation (the root of the *mean* of the squared deviations). A column is $(2, 10)$. What comes out?

# %% solution="layers_by_hand"
# predicted: "out" (a list of two numbers), "grad_w" (a list of two), "grad_b" (a number), "grad_x" (a list of two rows), "kept" (a number),
# "normal" (a list of two). For example: predicted["kept"] = 6
predicted = {}
### BEGIN SOLUTION
predicted["out"] = [0.5, 7.5]
predicted["grad_w"] = [1 * 1 + 3 * -2, 2 * 1 + -1 * -2]  # each column of x with g
predicted["grad_b"] = 1 - 2
predicted["grad_x"] = [[2, -1], [-4, 2]]  # each row: w, times that row's g
predicted["kept"] = 6 / 0.75
predicted["normal"] = [-1, 1]  # mean 6, deviations -4 and 4, standard deviation 4
### END SOLUTION

# %% item="layers_by_hand" points=2
check("layers_by_hand")

# %% [markdown]
# ## 2  The linear layer
#
# In `layers.py`: `Linear.forward`, then `Linear.backward`. Two lines each. What does the way back need? `w` stays in `params`; that leaves one tensor for the cache.
#
# For the gradients, let the shapes decide, with $N$, $D$ and $M$ all different: `grads["w"]` must be $(D, M)$ and is made of `x`, $(N, D)$, and `grad_out`, $(N, M)$. There is one way only. And `b` was copied to all rows.

# %% item="linear_forward" points=1
check("linear_forward")

# %% item="linear_backward" points=2
check("linear_backward")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "mat1 and mat2 shapes cannot be multiplied" | write the three shapes below each other; which axis must disappear? |
# | `grads["b"]` "has shape (N, M)" | one bias served all rows: sum over them |
# | "the layer divides by a number of entries" | no mean in here: the loss has it |
# | "the cache is that of an earlier batch" | does `forward` set `self.cache` each time it is called? |
# | "the call changed its input" | `w -= …`, `grad_out *= …` and `.add_()` write into a tensor that is not yours |

# %% [markdown]
# ## 3  Activations
#
# Layers without parameters, in `activations.py`. They act entry by entry, so their Jacobian is diagonal, and the way back is a product of two tensors of one shape: upstream times slope. Six functions that the lecture names, drawn with your own code: the curve, and as a dashed line its slope, which is `backward` of an
# upstream gradient of ones. The picture fills up as you go on: come back and run the cell again.

# %% show=true
x = torch.linspace(-4, 4, 161, dtype=torch.float64)
kinds = {"ReLU": layers.ReLU(), "LeakyReLU, slope 0.1": layers.LeakyReLU(0.1), "ELU, alpha 1": layers.ELU(1.0),
         "Sigmoid": layers.Sigmoid(), "Tanh": layers.Tanh(), "ELU, alpha 2": layers.ELU(2.0)}
curves = {name: (x, layer.forward(x), layer.backward(torch.ones_like(x))) for name, layer in kinds.items()}
curves = {name: curve for name, curve in curves.items() if curve[1] is not None}
if curves:
    show_slopes(curves)
else:
    print("Nothing to show yet: come back when the first activation is written.")

# %% [markdown]
# ### 3.1  ReLU and its leaky cousin
#
# $\max(0, x)$ lets the gradient through where $x > 0$, and stops it elsewhere. An entry that is negative for every example gets no gradient, ever: its unit is dead. The **leaky** ReLU keeps a small slope on the left, 0.01 unless told otherwise, so that something always flows back.
#
# Write both. What you keep is up to you: `x`, the output, or a mask. Which is the smallest?

# %% item="relu_layer" points=1
check("relu_layer")

# %% item="leaky_relu" points=1
check("leaky_relu")

# %% [markdown]
# ### 3.2  ELU: smooth below zero
#
# $x$ for $x > 0$ and $\alpha\,(e^x - 1)$ elsewhere: no kink (for $\alpha = 1$), and a floor at $-\alpha$.
#
# Two things to watch. `torch.where(condition, this, that)` computes *both* branches everywhere and then picks; so does a product with a mask. At $x = 1000$ the unused branch is inf, and inf times 0 is `nan`. Let exp see nothing positive. And the slope on the left, $\alpha e^x$: what is it in terms of the *output*?

# %% item="elu" points=1
check("elu")

# %% [markdown]
# ### 3.3  Sigmoid and tanh
#
# $\sigma(x) = \frac{1}{1 + e^{-x}}$ and $\tanh(x) = \frac{e^x - e^{-x}}{e^x + e^{-x}}$. Both slopes can be written with the output alone. For the sigmoid you know it: the output, times one minus the output. For the tanh, differentiate the fraction; or use $\tanh(x) = 2\sigma(2x) - 1$.
#
# So here the cache needs the output and not the input. That is a real saving: the output is needed by the next layer anyhow, so it costs nothing to keep.
#
# Use whichever form is finite at $x = \pm 1000$ (PyTorch's own functions are).

# %% item="sigmoid_layer" points=1
check("sigmoid_layer")

# %% item="tanh" points=1
check("tanh")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "holds nan or inf" | which intermediate overflows at 1000? `0 * inf` is `nan`, too |
# | "the slope is taken at the output" | the formula in terms of $x$ wants $x$, the one in terms of the output wants the output |
# | "the call changed its input out" | the cached output is the very tensor that you returned: `out.mul_()` on the way back writes into it |
# | right in float64, wrong dtype in float32 | `torch.zeros(…)` without a dtype; use `torch.zeros_like(x)` |
#
# Now run the cell with the curves again. Where is the slope of each nearly zero? A net of many sigmoid layers multiplies such slopes, at best ¼ each.

# %% show=true
sigmoid = layers.Sigmoid()
if ready(Sigmoid=sigmoid.forward(tensor(0.0))) and ready(its_backward=sigmoid.backward(tensor(1.0))):
    chain = {"Sigmoid": [], "Tanh": [], "LeakyReLU": []}
    for name in chain:
        value, slope = tensor(0.5), tensor(1.0)
        for depth in range(20):
            layer = getattr(layers, name)()
            value = layer.forward(value)
            if value is None or layer.backward(slope) is None:
                break
            slope = layer.backward(slope)
            chain[name].append(float(slope))
    figure = show_curves({name: torch.tensor(slopes).log10() for name, slopes in chain.items() if len(slopes) == 20}, at=range(1, 21), xlabel="layers passed",
                         ylabel="log10 of the gradient", title="What is left of a gradient after many activations")
    figure.axes[0].set_xticks(range(0, 21, 5))

# %% [markdown]
# ### 3.4  Softmax: a layer whose entries see each other
#
# Along the last axis, $y_i = e^{x_i}/\sum_j e^{x_j}$. This one is not entry by entry: raise one score, and all probabilities of its row move. Its Jacobian is $\mathrm{diag}(y) - y\,y^{\top}$, and you need only its product with the upstream gradient: one weighted sum for each row, shared by all its entries. No matrix.
#
# **Stability.** $e^{1000}$ is inf. Here is what happens to the plain formula when the same number $c$ is added to three scores, which should change nothing at all:

# %% show=true
scores, shifts = tensor(1.0, 2.0, 3.0), torch.arange(0, 1001, 20, dtype=torch.float64)
plain = [float((scores + c).exp()[2] / (scores + c).exp().sum()) for c in shifts]
mine = [layers.Softmax().forward(scores + c) for c in shifts]
lines = {"plain formula": plain}
if mine[0] is not None:
    lines["yours"] = [float(y[2]) for y in mine]
show_curves(lines, at=shifts, xlabel="c, added to the scores 1, 2, 3", ylabel="probability of the third", title="The plain line ends where exp overflows");

# %% [markdown]
# Since adding a number to a whole row changes nothing, *you* may add one. Which one makes every exponent at most 0, and one of them exactly 0?

# %% item="softmax_forward" points=1
check("softmax_forward")

# %% item="softmax_layer_backward" points=2
check("softmax_layer_backward")

# %% [markdown]
# ## 4  Maxout: pieces that compete
#
# Instead of bending one linear layer with a fixed curve, take $K$ linear layers and let the largest value win, output by output: $\text{out}_{nm} = \max_k\; (x\,w_k + b_k)_{nm}$. ReLU is the case of two pieces, of which one is zero. Here are four pieces of one input, and the bent line that is their maximum:

# %% show=true
x = torch.linspace(-3, 3, 121, dtype=torch.float64)[:, None]
w, b = tensor(-1.5, -0.4, 0.5, 2.0)[:, None, None], tensor(-1.5, 0.2, 0.0, -2.5)[:, None]
pieces = {f"piece {k}": (x @ w[k] + b[k])[:, 0] for k in range(4)}
layer = layers.Maxout(w, b)
out = layer.forward(x)
if out is not None:
    pieces["Maxout"] = out[:, 0]
axes = show_curves(pieces, at=x[:, 0], xlabel="x", ylabel="value", title="Four lines, and the largest of them").axes[0]
axes.lines[-1].set_linewidth(4 if out is not None else 2)
axes.set_ylim(-4.5, 7)
axes.legend(ncol=3, loc="upper center", fontsize=9);

# %% [markdown]
# Max routes: the gradient goes to the piece that won, and to it alone. Its $x$, its $w_k$ and its $b_k$ then get what a linear layer's would. And $x$ was given to all pieces, a copy gate.
#
# In `layers.py`. `w` is $(K, D, M)$, and `x @ w` multiplies `x` with every piece at once, which gives $(K, N, M)$; what must be done to `b`, which is $(K, M)$, before it can be added? `pieces.max(dim=0)` returns the values *and* where they stood.

# %% item="maxout_forward" points=1
check("maxout_forward")

# %% item="maxout_backward" points=2
check("maxout_backward")

# %% [markdown]
# ## 5  A correlation layer
#
# The layer from the notebook on tensors, now for batches: $K$ weights slide along each row, $\text{out}_{nj} = \sum_k w_k\, x_{n, j+k}$, at the $D - K + 1$ places where all weights meet an $x$. **Shared** weights: the same three numbers act at every place of every row, so they collect from every place of every row.
#
# A loop over the few $k$ is fine. For the way back, look at one entry: in which outputs does $x_{ni}$ stand, and with which weight?

# %% item="correlation_forward" points=1
check("correlation_forward")

# %% item="correlation_backward" points=2
check("correlation_backward")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | only the last weight seems to count | `=` where `+=` belongs |
# | `grads["w"]` holds the same number $K$ times | $w_k$ meets $x$ shifted by $k$ |
# | `grads["w"]` is right for one row | and the other rows? |

# %% [markdown]
# ## 6  Layers with two modes
#
# ### 6.1  Dropout
#
# In training, each entry is set to 0 with probability $p$, independently of all the others, and what remains is divided by $1 - p$ ("inverted" dropout): then each entry's expected value is $p\cdot 0 + (1-p)\cdot\frac{x}{1-p} = x$. When the net is used, nothing is dropped and nothing scaled. `layer.training` tells which.
#
# The way back is the easiest of all, if the way forward has kept what it must. Each forward pass in training draws anew. (`torch.rand(..., generator=self.generator, ...)` makes draws repeatable for whoever hands a generator over; `None` is fine.)

# %% item="dropout_forward" points=1
check("dropout_forward")

# %% item="dropout_backward" points=1
check("dropout_backward")

# %% [markdown]
# The masks of four forward passes, two of them with another $p$, and one in use; dark is dropped. Below, how the mean of many passes approaches $x$:

# %% show=true
x, drops = torch.ones(8, 16, dtype=torch.float64), {}
for p, training in ((0.25, True), (0.25, True), (0.75, True), (0.75, False)):
    layer = layers.Dropout(p, torch.Generator().manual_seed(len(drops)))
    layer.training = training
    drops[f"p = {p}, {'training' if training else 'in use'}" + " " * len(drops)] = layer.forward(x)
if ready(Dropout=next(iter(drops.values()))):
    show_masks(drops)

# %% show=true
layer, x = layers.Dropout(0.5, torch.Generator().manual_seed(1)), tensor(3.0, -1.0, 0.5)
outs = [layer.forward(x) for _ in range(400)]
if ready(Dropout=outs[0]):
    means = torch.stack(outs).cumsum(dim=0) / torch.arange(1, 401)[:, None]
    figure = show_curves({f"x = {float(x[i])}": means[:, i] for i in range(3)}, xlabel="forward passes", ylabel="mean of the outputs so far", title="Dropout with p = 0.5")
    figure.axes[0].legend(loc="center right", bbox_to_anchor=(1, 0.68))

# %% [markdown]
# ### 6.2  Batch normalisation, there
#
# A batch of 40 rows and three features, before and after: each column is shifted and stretched to mean 0 and variance 1 over the batch; then `gamma` and `beta`, which are learned, stretch and shift again.

# %% show=true
batch = normal(40, 3, seed=4) * tensor(1.0, 4.0, 0.3) + tensor(5.0, -2.0, 0.5)
shown = {"before": batch}
after = layers.BatchNorm(tensor(1.0, 1.0, 1.0), tensor(0.0, 0.0, 0.0)).forward(batch)
if after is not None:
    shown["gamma = 1, beta = 0"] = after
    shown["gamma = (1, 2, ½), beta = (0, 0, 3)"] = layers.BatchNorm(tensor(1.0, 2.0, 0.5), tensor(0.0, 0.0, 3.0)).forward(batch)
show_columns(shown);

# %% [markdown]
# One named intermediate a line, column by column:
#
# $$\text{mean} = \tfrac1N\sum_n x_n \qquad \text{centred} = x - \text{mean} \qquad \text{var} = \tfrac1N\sum_n \text{centred}_n^2 \qquad \text{std} = \sqrt{\text{var} + \varepsilon} \qquad \text{inv} = \frac1{\text{std}} \qquad \text{normal} = \text{centred}\cdot\text{inv}
# \qquad \text{out} = \gamma\cdot\text{normal} + \beta$$
#
# The $\varepsilon$ keeps the root away from 0, for a column that is the same in all rows. Keep those intermediates that the walk back will want; if you are not sure yet, keep them all. In `batchnorm.py`: the part for training.

# %% item="batchnorm_forward" points=2
check("batchnorm_forward")

# %% [markdown]
# ### 6.3  What is left when there is no batch
#
# In use there may be one row, and even in a batch a row's answer should not depend on its neighbours. So training keeps **running statistics**: with `momentum` $m$, `running = (1 - m) * running + m * batch`, from 0 for the mean and 1 for the variance. In use they take the place of the batch's.
#
# PyTorch remembers the *unbiased* variance, divided by $N - 1$, though it normalises with the one divided by $N$. We do as PyTorch does. (A batch of one row tells nothing about a variance: it counts as 0.)

# %% item="batchnorm_running" points=1
check("batchnorm_running")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "divided by N - 1" | two variances: the one to normalise with, the one to remember |
# | `running_var` is nan after one row | $N - 1 = 0$ |
# | right in training, wrong in use | which statistics, and does eps stand under the root there, too? |
# | "moves although `training` is False" | they learn in training only |

# %% [markdown]
# ### 6.4  Back, node by node
#
# Here is the way there, for one column: seven nodes up to `normal`, then the scale and the shift. Two of the values are used twice: find them in the picture before you read on.

# %% show=true
draw_graph(
    {"mean": "mean", "centred": "−", "square": "( )²", "var": "mean", "std": "√( + ε)", "inv": "1 / ( )", "normal": "×", "scaled": "×", "out": "+"},
    [("x", "mean"), ("x", "centred"), ("mean", "centred"), ("centred", "square"), ("square", "var"), ("var", "std"), ("std", "inv"),
     ("centred", "normal"), ("inv", "normal"), ("normal", "scaled"), ("gamma", "scaled"), ("scaled", "out"), ("beta", "out")],
    {"x": "(N,)", "mean": "one", "centred": "(N,)", "square": "(N,)", "var": "one", "std": "one", "inv": "one", "normal": "(N,)", "scaled": "(N,)", "out": "(N,)"},
    rows={"x": 0, "mean": 1, "centred": 0, "square": 1.2, "var": 1.2, "std": 1.2, "inv": 1.2, "normal": 0, "scaled": 0, "out": 0, "gamma": -1, "beta": -1},
);

# %% [markdown]
# `x` goes into the mean and into the difference. `centred` goes into the square and into the product. So each of them **collects twice**; forget one of the two, and the gradient looks plausible and is wrong.
#
# And there are copies: `mean` and `inv` are one number a column, and serve all $N$ rows. What a copy collects is summed. Whereas a *mean* over $N$ rows sends back to each the $N$-th part.
#
# **Solved, the last three nodes.** From the right comes `grad_out`. $\beta$ was added to all rows: its gradient is the sum over the rows. $\gamma$ was multiplied with `normal`: its gradient is the sum over the rows of `grad_out` times `normal`. And `normal` gets `grad_out` times $\gamma$. In numbers, for a column of three:

# %%
grad_out, gamma, normalised = tensor(1.0, -2.0, 4.0), tensor(3.0), tensor(-1.2, 0.0, 1.2)
print("beta  ", float(grad_out.sum()))
print("gamma ", float((grad_out * normalised).sum()))
print("normal", (grad_out * gamma).tolist())

# %% [markdown]
# Go on from there in `backward_by_nodes`: `normal` is a product, `inv` a reciprocal, `std` a root, `var` a mean of squares, `centred` a difference, `mean` a mean. One line each.

# %% item="batchnorm_nodes" points=3
check("batchnorm_nodes")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "the mean is held for a constant" | everything that flows into `centred` also flows on, through minus, into `mean` |
# | "the variance is held for a constant" | the second use of `centred` |
# | "a mean's 1/N is missing or doubled" | two nodes are means: `mean` and `var` |
# | a shape of `(N, D)` where `(D,)` is due | one number served $N$ rows |
# | right for one upstream gradient, wrong the second time | `backward` must leave the cache alone: `centred *= 2` does not |
#
# ### 6.5  Back, in one line
#
# Now fold it. Put the lines into each other, for one column, with $g$ for the gradient that arrives at `out`, $\hat x$ for `normal` and a bar for the mean over the rows. Two facts make nearly everything vanish: the centred values sum to 0, and so do the $\hat x$. What remains:
#
# $$\frac{\partial L}{\partial x} = \frac{\gamma}{\text{std}}\;\Bigl(\,g \;-\; \bar g \;-\; \hat x\;\overline{g\,\hat x}\,\Bigr)$$
#
# Read it: the gradient, minus the part of it along "all rows together", minus the part along $\hat x$. Shifting a column and stretching it are the two things that the normalisation undoes, so no gradient can come from them. Check that on paper from your own lines.
#
# `backward` does both modes. In use, mean and variance are constants, and the formula is short.

# %% item="batchnorm_backward" points=2
check("batchnorm_backward")

# %% [markdown]
# Your two ways back against each other, and the two facts: summed over the batch, neither a shift nor a stretch of a column has any gradient (the stretch a tiny one, because of $\varepsilon$).

# %% show=true
layer, g = layers.BatchNorm(tensor(1.0, 2.0, 0.5), tensor(0.0, 0.0, 3.0)), normal(40, 3, seed=9)
if ready(BatchNorm=layer.forward(batch)) and ready(by_nodes=layer.backward_by_nodes(g), in_one_line=layer.backward(g)):
    one, other = layer.backward_by_nodes(g), layer.backward(g)
    print(f"largest difference of the two ways: {float((one - other).abs().max()):.1e}")
    print("gradient summed over the rows:     ", [f"{v:.1e}" for v in other.sum(dim=0).tolist()])
    print("the same, weighted with x centred: ", [f"{v:.1e}" for v in (other * (batch - batch.mean(dim=0))).sum(dim=0).tolist()])
    naive = layer.params["gamma"] / batch.std(dim=0, correction=0) * g
    print(f"with mean and variance held for constants one would be off by {float((naive - other).norm() / other.norm()):.0%}")

# %% [markdown]
# ### Written question 1
#
# You have chosen what each layer keeps. **(a)** For `Linear`, `ReLU`, `Sigmoid` and `Dropout`: what is the least that must be kept, and how large is it for a batch $(N, D)$, in numbers or bits? **(b)** A net of 50 layers is trained with $N = 64$ and $D = M = 4096$ in float32, each layer keeping one $(N, D)$ tensor. How much memory is that, and
# how does it compare with one layer's weights? What happens to it in use, when no gradient is wanted? **(c)** Suppose memory is short. What could a layer do instead of keeping, and what would that cost?

# %% [markdown] written="what_to_keep" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) `Linear`: x, $N D$ numbers (w is a parameter and kept anyhow). `ReLU`: one bit for each entry. `Sigmoid`: its output, $ND$ numbers, which the next layer has as well, so it can be shared. `Dropout`: one bit an entry (the scale is one number for all).
#
# (b) $50 \cdot 64 \cdot 4096 \cdot 4$ bytes = 50 MiB; the weights of one layer are $4096^2\cdot 4$ bytes = 64 MiB. With larger batches (or images) what is kept outgrows the weights. In use nothing needs to be kept: each tensor can go as soon as the next is there.
#
# (c) Compute it again on the way back (checkpointing): keep the input of every k-th layer only, and repeat the forward pass of k layers when the way back arrives there. Costs up to one more forward pass.
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 7  Losses, and a penalty
#
# At the end of the chain stands a number. A loss has no upstream gradient to wait for, so it does both at once: `loss, grad_scores = hinge(scores, y)`. In `losses.py`, for scores $(N, C)$ and labels $y$:
#
# | function | the mean over the batch of |
# | --- | --- |
# | `softmax_cross_entropy` | $-\log p_y$, with $p$ the softmax of the row |
# | `hinge` | $\sum_{j \ne y} \max(0,\, s_j - s_y + 1)$ |
# | `squared` | $\sum_j (s_j - t_j)^2$, where $t$ is 1 for the right class and 0 for the others; without a ½ |
#
# The mean over the batch is here, forwards and backwards: this is where the $1/N$ of all gradients comes from.
#
# **Softmax and log belong together.** Taken apart, a probability rounds to 0 and its log is $-\infty$; and the way back multiplies by $1/p$ what the softmax then multiplies by $p$. Taken together, $-\log p_y = \log\sum_j e^{s_j} - s_y$ is harmless once the largest score has been subtracted, and the gradient is the simplest in this notebook. Here is the loss of a net that is sure, and wrong, by a
# margin of $c$: it should grow like $c$.

# %% show=true
margins = torch.arange(0, 1001, 20, dtype=torch.float64)
apart = [float(-torch.log(torch.softmax(tensor(0.0, float(c)), dim=0)[0])) for c in margins]
together = [losses.softmax_cross_entropy(tensor([0.0, float(c)]), torch.tensor([0]))[0] for c in margins]
lines = {"softmax, then log": apart}
if together[0] is not None:
    lines["yours"] = [float(loss) for loss in together]
show_curves(lines, at=margins, xlabel="c, by which the wrong score leads", ylabel="loss", title="softmax, then log: inf from where the probability rounds to 0");

# %% item="loss_cross_entropy" points=2
check("loss_cross_entropy")

# %% item="loss_hinge" points=1
check("loss_hinge")

# %% item="loss_squared" points=1
check("loss_squared")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "N times too large" | the mean belongs to the gradient, too |
# | "scores changed in place" | `scores[rows, y] -= 1` writes into the caller's tensor; on a tensor of your own it is fine |
# | "nan or inf" at scores near a thousand | exp before the largest score is subtracted, or log of a probability that is 0 |
#
# **The penalty** `l2(params, reg)` gets the dict of all parameters of a net and returns `reg` times the sum of the squares of its *weights*, and their gradients. Weights are called `"w"`; in a net `"0.w"` or `"2.1.w"`, where the last part of the name decides. Biases, `gamma` and `beta` go free.

# %% item="l2_penalty" points=1
check("l2_penalty")

# %% [markdown]
# ## 8  Sequential: a net that is a layer
#
# Now plug. `Sequential(Linear(w1, b1), ReLU(), Linear(w2, b2))` is a chain of layers that **is itself a layer**: it has `forward` and `backward`, `params` and `grads`, and a mode. So it can stand in another chain, and everything works on it that works on a layer.
#
# - `forward`: through all layers, first to last. `backward`: the other way round.
# - `params` and `grads`: those of all layers, under `"0.w"`, `"0.b"`, `"2.w"`, `"2.b"`: place, dot, name. The tensors are the layers' own, not copies; an optimiser that changes them in place changes the layer.
# - `train()` and `eval()` set `training` on the net and on all its layers. (Every layer has both methods, given.)
#
# In `layers.py`, first the loop in `__init__`.

# %% item="sequential_params" points=1
check("sequential_params")

# %% item="sequential_forward" points=1
check("sequential_forward")

# %% item="sequential_backward" points=2
check("sequential_backward")

# %% item="sequential_modes" points=1
check("sequential_modes")

# %% [markdown]
# The checks build their nets of given layers, so a fault in one of yours does not show here. The next cell uses yours, all of them, on the handwritten digits: 400 images, steps against the gradient, and *any* layers between the images and the ten scores. This is what was not possible with flat code: four nets, and not one derivation.

# %% show=true
digits = load_digits()
images, labels = digits[0][:400].double(), digits[1][:400]


def linear(D, M, seed):
    return layers.Linear(normal(D, M, seed=seed) * (2 / D) ** 0.5, torch.zeros(M, dtype=torch.float64))


def maxout(D, M, seed):
    return layers.Maxout(normal(2, D, M, seed=seed) * (1 / D) ** 0.5, torch.zeros(2, M, dtype=torch.float64))


def batchnorm(D):
    return layers.BatchNorm(torch.ones(D, dtype=torch.float64), torch.zeros(D, dtype=torch.float64))


def finished(parts, x):
    """Whether every layer goes there and back."""
    for layer in parts:
        x = layer.forward(x)
        if x is None or layer.backward(torch.zeros_like(x)) is None or len(layer.grads) < len(layer.params):
            return False
    return True


nets = {
    "Linear, ReLU, Linear": [linear(64, 32, 1), layers.ReLU(), linear(32, 10, 2)],
    "with BatchNorm": [linear(64, 32, 1), batchnorm(32), layers.ReLU(), linear(32, 10, 2)],
    "Maxout, Dropout, Linear": [maxout(64, 32, 1), layers.Dropout(0.2, torch.Generator().manual_seed(0)), linear(32, 10, 2)],
    "Correlation, Tanh, Linear": [layers.Correlation1d(tensor(1.0, -1.0, 0.5)), layers.Tanh(), linear(62, 10, 2)],
}
histories = {}
for name, parts in nets.items():
    net, histories[name] = layers.Sequential(*parts), []
    for step in range(60 if finished(parts, images) else 0):
        scores = net.forward(images)
        loss, grad_scores = losses.softmax_cross_entropy(scores, labels) if scores is not None else (None, None)
        if loss is None or grad_scores is None or net.backward(grad_scores) is None or not net.grads:
            break
        histories[name].append(float(loss))
        for key, grad in net.grads.items():
            net.params[key] -= 0.5 * grad
histories = {name: history for name, history in histories.items() if history}
if histories:
    show_curves(histories, title="Four nets, one loop, 400 digits")
else:
    print("Nothing to show yet: a net needs Sequential, its layers and softmax_cross_entropy.")

# %% [markdown]
# ### 8.1  Beside their PyTorch twins
#
# Everything that you have written exists in PyTorch, as a module or a function, with autograd for the way back. Side by side, on the same numbers in float64: the largest difference of the outputs, and the largest of all gradients (of the input and of the parameters), each relative to the largest entry.

# %% show=true
def twins():
    """Name, your layer, PyTorch's function of the input and of the parameters."""
    w, b, pieces, shifts, taps, gamma, beta = (normal(*shape, seed=seed) for seed, shape in enumerate(
        [(5, 3), (3,), (4, 5, 3), (4, 3), (3,), (5,), (5,)], 20))
    yield "Linear", layers.Linear(w, b), lambda x, w, b: F.linear(x, w.T, b)
    yield "ReLU", layers.ReLU(), F.relu
    yield "LeakyReLU", layers.LeakyReLU(), F.leaky_relu
    yield "ELU", layers.ELU(), F.elu
    yield "Sigmoid", layers.Sigmoid(), F.sigmoid
    yield "Tanh", layers.Tanh(), F.tanh
    yield "Softmax", layers.Softmax(), lambda x: F.softmax(x, dim=-1)
    yield "Maxout", layers.Maxout(pieces, shifts), lambda x, w, b: (x @ w + b[:, None]).amax(dim=0)
    yield "Correlation1d", layers.Correlation1d(taps), lambda x, w: F.conv1d(x[:, None], w[None, None])[:, 0]
    yield "BatchNorm", layers.BatchNorm(gamma, beta), lambda x, gamma, beta: F.batch_norm(x, None, None, gamma, beta, training=True)


def off(mine, true):
    return max(float((m - t).abs().max() / t.abs().max()) for m, t in zip(mine, true))


x = normal(7, 5, seed=30)
print(f"{'layer':15s} {'outputs differ by':>18s} {'gradients differ by':>20s}")
for name, layer, twin in twins():
    out = layer.forward(x)
    if out is None:
        print(f"{name:15s} {'still to be written':>18s}")
        continue
    leaves = [value.clone().requires_grad_() for value in (x, *layer.params.values())]
    true = twin(*leaves)
    g = normal(*out.shape, seed=31)
    grads = torch.autograd.grad(true, leaves, g)
    mine = [layer.backward(g), *(layer.grads.get(key) for key in layer.params)]
    written = all(value is not None for value in mine)
    print(f"{name:15s} {off([out], [true.detach()]):18.0e} {off(mine, grads) if written else float('nan'):20.0e}")

# %% [markdown]
# Zeros and $10^{-16}$ are what rounding leaves of sixteen digits. Not approximately the same: the same.

# %% [markdown]
# Chains are enough for much, and not for everything. In the second part the wiring is free.

# %% [markdown]
# ## 9  Any wiring: the graph
#
# A `Sequential` is a row of layers, each with one neighbour on either side. Many nets are not rows. A value may be read by **several** nodes, a node may read **several** values, and one connection may skip over everything
# in between. All that it takes is a picture without circles, a *directed acyclic graph*:

# %%
from backprop import flat, functions, graph
from toolbox import graph_ops
from toolbox.draw import show_network


def there(what, *answers):
    """True once all the answers are there; until then it says what is still to be written."""
    if any(answer is None or (isinstance(answer, dict) and not answer) for answer in answers):
        print("Nothing to show yet. Still to be written:", what)
        return False
    return True


# %% show=true
nodes, edges = {"s": "+1", "y": "×"}, [("x", "s"), ("x", "y"), ("s", "y")]
draw_graph(nodes, edges, {"x": 4, "s": 5, "y": 20}, {"y": 10, "s": 40, ("x", "s"): 40, ("x", "y"): 50, "x": 90}, rows={"x": 0, "s": 1, "y": 0},
           title="y = (x + 1) · x: values above the wires, gradients below");

# %% [markdown]
# ### A solved example
#
# Here $x = 4$ is read twice, by the node $s = x + 1$ and by the product $y = s\,x$. From the right arrives 10. The product swaps its factors: $10\cdot x = 40$ goes to $s$, and $10\cdot s = 50$ goes along the *direct* wire to
# $x$. The node $s$ hands its 40 on, along the *other* wire to $x$. A nudge of $x$ reaches the end on both ways, so what comes back on them **adds up**: $40 + 50 = 90$. (With algebra: $y = x^2 + x$, slope $2x + 1 = 9$, times 10.)
#
# Two rules are all there is to it:
#
# 1. **A node goes when all its readers have gone.** Only then is its gradient complete.
# 2. **Where wires meet on the way back, gradients add up.**
#
# ### Predict
#
# Now one with three readers. $a = -2x$, $h = a\,x$, $y = h + x$, at $x = 3$, with 5 as the upstream gradient of $y$:

# %% show=true
nodes, edges = {"a": "·(-2)", "h": "×", "y": "+"}, [("x", "a"), ("a", "h"), ("x", "h"), ("h", "y"), ("x", "y")]
draw_graph(nodes, edges, {"x": 3}, {"y": 5, "h": None, "a": None, "x": None}, rows={"x": 0, "a": 1, "h": 1, "y": 0});

# %% solution="graph_by_hand"
# small: the values "a", "h", "y"; what comes back to x along each of its three wires, "x_from_a", "x_from_h", "x_from_y";
# and the gradients "grad_h", "grad_a", "grad_x". One line for each is fine: small["a"] = 1
small = {}
### BEGIN SOLUTION
small["a"] = -2 * 3
small["h"] = small["a"] * 3
small["y"] = small["h"] + 3
small["grad_h"] = 5  # an add hands on what it gets
small["x_from_y"] = 5
small["grad_a"] = 5 * 3  # a product swaps
small["x_from_h"] = 5 * small["a"]
small["x_from_a"] = small["grad_a"] * -2
small["grad_x"] = small["x_from_a"] + small["x_from_h"] + small["x_from_y"]
### END SOLUTION

# %% item="graph_by_hand" points=2
check("graph_by_hand")

# %% [markdown]
# ### 9.1  Ops with several inputs
#
# Open `lib/backprop/graph.py`. What a node does is its *op*: any object with `forward` and `backward`. All your layers are ops with one input. For several inputs there is one more agreement: `backward` returns a **tuple**, one gradient for
# each input, in their order. `Add` is there as an example. Write
#
# - `Multiply`: two inputs of one shape, entry by entry;
# - `Concat`: any number of inputs side by side, $(N, D_1), (N, D_2), \dots \to (N, D_1 + D_2 + \cdots)$. Going forward, columns are put next to each other. So on the way back, which columns of the upstream gradient belong to whom?

# %% item="graph_ops" points=2
check("graph_ops")

# %% [markdown]
# ### 9.2  An order to walk in
#
# Who builds a graph may add its nodes in any order: `add` only writes them down. Before anything can be computed, somebody must find an order in which every node stands **after all that it reads**. Usually there are many; any will do.
#
# A good way, in three steps:
#
# 1. For every name, list its readers. For every node, count how many of its sources are still missing: at first, all.
# 2. The inputs are ready. Put them into the list.
# 3. Walk along the list, and let it grow while you walk: each name that you pass is one source less for each of its readers, and a reader with nothing missing any more goes to the end of the list.
#
# | passing | missing at `a` | missing at `h` | missing at `y` | the list |
# | --- | --- | --- | --- | --- |
# | | 1 | 2 | 2 | x |
# | x | **0** | 1 | 1 | x, a |
# | a | | **0** | 1 | x, a, h |
# | h | | | **0** | x, a, h, y |
#
# If the list ends before everybody is in it, the rest wait for each other: a **circle**. And a node may ask for a name that nobody has. Raise `ValueError` in both cases, with the name in the message: whoever mistyped one among two hundred will thank
# you. (Now and then a node lists one source twice, as $h\cdot h$ does. Your count and your readers should agree on that.)

# %% item="graph_order" points=3
check("graph_order")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "stands before it in …" | a node is ready when its *last* source is there, not its first |
# | the check never ends | in a circle nothing gets ready: does your loop notice? |
# | "not in […]" | inputs have a place, and so do nodes that nobody reads |
# | `KeyError` where `ValueError` is due | look for unknown names first, before you count |
# | "RecursionError" | depth first, a function that calls itself: Python stops that at a depth of about 1000. A list of your own does not mind |
#
# ### 9.3  Forwards, and back
#
# With the order, `forward` is a loop: an input has its value, a node hands the values of its sources to its op. And `backward` is the same loop the other way round:
#
# - it starts from the gradients that are given, for one output or for several;
# - a node whose gradient is there asks its op to go back, and shares what comes among its sources;
# - a source that has a gradient already **adds**.
#
# A trap lies in the last word. `grads[name] += grad` writes *into* the tensor that stands there, and somebody else may hold it, too: `Add` gave one and the same tensor to all of its sources. Make a new sum.

# %% item="graph_forward" points=1
check("graph_forward")

# %% item="graph_backward" points=4
check("graph_backward")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "On the way back, the first wrong gradient is that of h" | everything nearer to the output is right. Who reads `h`, and what did each send back? |
# | "Only one of the gradients … is left" | `grads[source] = …` overwrites |
# | "goes before all of its gradient has arrived" | you walk, but not in the reverse of your order |
# | "went 3 times" | one visit for each *node*, not for each path: there may be $2^{50}$ paths |
# | `too many values to unpack`, or a gradient with one dimension less | an op with one input returns a tensor, not a tuple; `zip` would happily take its rows apart |
#
# A first look at your graph, drawn from your own `nodes`, with shapes from your `forward`, and below each wire how large its gradient is:

# %%
def layer(rows, columns, seed, scale=1.0):
    """A linear op with normal weights. (From the toolbox, so that the pictures depend on nothing but your graph.)"""
    return graph_ops.Linear(scale * normal(rows, columns, seed=seed) / rows**0.5, 0.1 * normal(columns, seed=seed + 1))


# %% show=true
net = graph.Graph("x")
net.add("a", layer(4, 5, 1), "x")
net.add("h", graph_ops.Tanh(), "a")
net.add("r", layer(5, 4, 2), "h")
net.add("y", graph.Add(), "x", "r")
if there("Graph.order, forward and backward", net.order(), values := net.forward(x=normal(6, 4)), net.backward({"y": normal(6, 4)})):
    show_network(net, values, net.backward({"y": normal(6, 4, seed=3)}), title="a skip connection across three nodes")

# %% [markdown]
# ### 9.4  Again, and deeper
#
# An engine is used thousands of times in a row. So: a second `backward` gives the same numbers as the first, a second `forward` forgets the first, dicts that you have returned stay as they are, and a chain of two thousand nodes is no problem. If you
# have kept nothing in `self` but the nodes, all of this may be true already. (PyTorch decided otherwise in one point: `.grad` *is* kept and added to, until somebody calls `zero_grad()`. Handy for large batches in small pieces, and a
# famous source of mistakes.)

# %% item="graph_again" points=2
check("graph_again")

# %% [markdown]
# ### One net, three ways
#
# The two-layer net once more: as flat code from the notebook before, as a `Sequential`, and as a graph. Same weights, same batch of digits. The gradients have to agree to the last digits, because they are the same sums.

# %% show=true
x, y = load_digits("train", limit=64)
w1, b1, w2, b2 = normal(64, 20, seed=1) / 8, normal(20, seed=2) / 8, normal(20, 10, seed=3) / 4, normal(10, seed=4) / 4


def as_flat_code():
    return flat.net_softmax(x=x, y=y, w1=w1, b1=b1, w2=w2, b2=b2, reg=0.0)[1]


def as_a_row():
    net = layers.Sequential(layers.Linear(w1, b1), layers.ReLU(), layers.Linear(w2, b2))
    net.backward(losses.softmax_cross_entropy(net.forward(x), y)[1])
    return {"w1": net.grads["0.w"], "b1": net.grads["0.b"], "w2": net.grads["2.w"], "b2": net.grads["2.b"]}


def as_a_graph():
    first, second, net = layers.Linear(w1, b1), layers.Linear(w2, b2), graph.Graph("x")
    net.add("scores", second, "h")                       # in any order
    net.add("h", layers.ReLU(), "a")
    net.add("a", first, "x")
    net.backward({"scores": losses.softmax_cross_entropy(net.forward(x=x)["scores"], y)[1]})
    return {"w1": first.grads["w"], "b1": first.grads["b"], "w2": second.grads["w"], "b2": second.grads["b"]}


found = {}
for name, way in {"flat": as_flat_code, "modular": as_a_row, "graph": as_a_graph}.items():
    try:
        grads = way()
        found[name] = {key: grads[key] for key in ("w1", "b1", "w2", "b2") if grads.get(key) is not None}
    except Exception as error:                           # something on this way is not written yet
        print(f"{name}: not yet ({type(error).__name__}: {error})")
print(f"{'':10}" + "".join(f"{name:>12}" for name in ("w1", "b1", "w2", "b2")) + "     largest difference from the first row")
for name, grads in found.items():
    if len(grads) == 4:
        sizes = "".join(f"{float(grad.norm()):12.8f}" for grad in grads.values())
        differences = [float((grads[key] - other).abs().max()) for key, other in next(iter(found.values())).items() if key in grads]
        print(f"{name:10}{sizes}     {max(differences, default=float('nan')):.0e}")

# %% [markdown]
# ### 9.5  A block that skips
#
# The most successful wiring of all is the *residual block*: instead of $y = F(x)$ compute $y = x + F(x)$, so that the layers inside need only learn what is **missing**. Write `residual_block(graph, source, name, first, activation, second)` in `graph.py`. It
# adds four nodes to a graph that somebody else owns, and returns the name of the last one, so that the next block can be put behind it. Mind the names: two blocks must fit into one graph.

# %% item="graph_skip" points=2
check("graph_skip")

# %% show=true
net, last = graph.Graph("x"), "x"
for name, seed in (("one", 1), ("two", 2)):
    last = last and graph.residual_block(net, last, name, layer(4, 5, seed), graph_ops.Tanh(), layer(5, 4, seed + 5))
if there("residual_block", last, net.order()) and there("forward and backward", values := net.forward(x=normal(6, 4))):
    show_network(net, values, net.backward({last: normal(6, 4, seed=3)}), title="two residual blocks")

# %% [markdown]
# Why does that help? An experiment with *your* graph. Thirty blocks, each of two linear layers with a tanh between them, the second a little small, so that one block alone weakens what passes. Once stacked as they are, once with a skip
# around each. A gradient of size 1 goes in at the end. How large is it when it arrives at each block?

# %% show=true
def gradient_sizes(blocks, skip):
    """How large the gradient is at the output of each block, from the first one to the last."""
    net, names = graph.Graph("x"), ["x"]
    for number in range(blocks):
        parts = layer(16, 16, 2 * number), graph_ops.Tanh(), layer(16, 16, 1000 + 2 * number, scale=0.5)
        name = f"block{number}"
        if skip:
            graph.residual_block(net, names[-1], name, *parts)
        else:
            net.add(f"{name}.a", parts[0], names[-1])
            net.add(f"{name}.h", parts[1], f"{name}.a")
            net.add(name, parts[2], f"{name}.h")
        names.append(name)
    if not net.forward(x=normal(32, 16)):
        return None
    grads = net.backward({names[-1]: normal(32, 16, seed=9)})
    return [float(grads[name].pow(2).mean().sqrt()) for name in names] if grads else None


curves = {"plain": gradient_sizes(30, skip=False) if net.order() else None, "with skips": gradient_sizes(30, skip=True) if last else None}
if there("Graph and residual_block", *curves.values()):
    figure = show_curves(curves, xlabel="block, from the input on the left to the output on the right", ylabel="size of the gradient",
                         title="The way back through 30 blocks")
    figure.axes[0].set_yscale("log")

# %% [markdown]
# One curve falls by many powers of ten on its way to the left: the first layers would hardly learn. The other one arrives.
#
# ### Written question 2
#
# (a) Look at what `Add.backward` does, and explain the difference between the two curves: why can the gradient not vanish along the skips, however small the weights inside the blocks are?
#
# (b) Somebody writes $y = x \cdot F(x)$, with `Multiply` in the place of `Add`. What comes back along the skip now, and on what does its size depend?
#
# (c) Your `backward` visits each node once. Thirty residual blocks have how many paths from the input to the output? Say in one sentence why the sum over all of them is right nevertheless.

# %% [markdown] written="why_skips" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) `Add` hands its upstream gradient on to both sources unchanged. So at the input of a block arrives the gradient of its output, *plus* what comes through $F$: $g + g\,J_F$, where $J_F$ is small. Through thirty blocks that is a product of factors $(1 + J_F)$,
# not of factors $J_F$: near 1 each, while the plain chain multiplies thirty small ones. (It could only vanish if $J_F$ were near $-1$.)
#
# (b) `Multiply` swaps: along the skip comes $g \cdot F(x)$, which is small where $F(x)$ is small. The skip is no longer a clear road; its gradient depends on what the block computes.
#
# (c) $2^{30}$, about a billion: at each block through $F$ or around it. Sums can be factored: everything that comes after a node has the same factor on all paths through it, so the gradients may be added up at the node and sent on once.
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 10  Your rules inside PyTorch
#
# You have built an engine. PyTorch has one as well, which records the graph while you compute, and it lets you add nodes of your own: a `torch.autograd.Function` has two static methods, and you know both.
#
# ### A solved example: the cube

# %%
class Cube(torch.autograd.Function):
    """y = x ** 3, entry by entry."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)           # the cache, kept by PyTorch
        return x**3

    @staticmethod
    def backward(ctx, grad_out):           # upstream in, downstream out: one for each argument of forward
        (x,) = ctx.saved_tensors
        return grad_out * 3 * x**2


x = torch.tensor([1.0, 2, 3], requires_grad=True)
y = Cube.apply(x)                          # apply, not forward: that is what puts the node into PyTorch's graph
y.backward(torch.tensor([1.0, 10, 100]))
print(y, x.grad, sep="\n")

# %% [markdown]
# Inside `forward` nothing is recorded; what you write is *one* node, whatever it computes. PyTorch looks after the order, the sums, the leaves. (There is a second way to write it, with a separate `setup_context`; either will do.)
#
# Write `Multiply`, `Sigmoid`, `Softmax` and `Linear` in `lib/backprop/functions.py`. You have all of their rules already; what is new is where things are kept. Two pieces of advice:
#
# - Save the **output** where its local gradient is shortest in terms of it: sigmoid and softmax.
# - One gradient for each argument, in the same order. `None` is allowed for an argument that needs none.
#
# And one rule of the game: `backward` is yours. Calling `torch.autograd.grad`, `torch.func` or a ready-made `…_backward` inside it would be asking the engine to ask itself, and the checks notice.

# %% item="function_multiply" points=2
check("function_multiply")

# %% item="function_sigmoid" points=2
check("function_sigmoid")

# %% item="function_softmax" points=2
check("function_softmax")

# %% item="function_linear" points=2
check("function_linear")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "returned an incorrect number of gradients" | one for each argument of `forward`, `ctx` not counted |
# | "returns nothing yet", though it does | `return` in *both* methods |
# | "returned an invalid gradient … expected shape" | a gradient has the shape of its argument: a sum over the batch? a transpose? |
# | "element 0 of tensors does not require grad" | called `forward` instead of `apply` |
# | "differentiated twice: …" | the next section |
#
# ### 10.1  Differentiated twice
#
# A backward pass is a computation like any other, so it can itself be differentiated: Newton's method, gradient penalties, learning to learn need that. With a Function it works by itself *if* PyTorch can see how `backward` got its numbers: from what went through
# `save_for_backward` (arguments and outputs), by tensor operations. Here is one that is right once and wrong twice:

# %% show=true
class Careless(torch.autograd.Function):
    """y = exp(x), with a backward pass that PyTorch cannot look through."""

    @staticmethod
    def forward(ctx, x):
        ctx.kept = torch.exp(x.detach())   # not an argument, not the output: a number from nowhere, for PyTorch
        return torch.exp(x)

    @staticmethod
    def backward(ctx, grad_out):
        return grad_out * ctx.kept


x = normal(3).requires_grad_()
print("differentiated once: ", torch.autograd.gradcheck(Careless.apply, [x], raise_exception=False))
print("differentiated twice:", torch.autograd.gradgradcheck(Careless.apply, [x], raise_exception=False))

# %% [markdown]
# `gradcheck` nudges inputs, like the checker that you wrote yourself, and compares with your `backward`; `gradgradcheck` does so one floor higher, for the derivative of `backward`. Now your four beside PyTorch's own operations, forwards, backwards, twice:

# %% show=true
twins = {"Multiply": (torch.mul, [normal(3, 4), normal(3, 4, seed=1)]), "Sigmoid": (torch.sigmoid, [normal(3, 4)]),
         "Softmax": (lambda x: torch.softmax(x, dim=-1), [normal(3, 4)]),
         "Linear": (lambda x, w, b: x @ w + b, [normal(5, 4), normal(4, 3, seed=1), normal(3, seed=2)])}


def all_of(function, inputs):
    """Values, gradients and second gradients of sin(function), in one row of numbers."""
    inputs = [x.clone().requires_grad_() for x in inputs]
    value = function(*inputs)
    grads = torch.autograd.grad(value.sin().sum(), inputs, create_graph=True)
    again = torch.autograd.grad(sum((grad**2).sum() for grad in grads), inputs)
    return [torch.cat([part.detach().flatten() for part in parts]) for parts in ([value], grads, again)]


print("largest difference from PyTorch:    value   gradient     second    gradcheck  gradgradcheck")
for name, (twin, inputs) in twins.items():
    mine = getattr(functions, name).apply
    try:
        differences = [float((left - right).abs().max()) for left, right in zip(all_of(mine, inputs), all_of(twin, inputs))]
        checked = [check_it(mine, [x.clone().requires_grad_() for x in inputs], raise_exception=False)
                   for check_it in (torch.autograd.gradcheck, torch.autograd.gradgradcheck)]
        print(f"{name:30s}" + "".join(f"{difference:11.0e}" for difference in differences) + f"{checked[0]!s:>13}{checked[1]!s:>15}")
    except Exception as error:
        print(f"{name:30s}   not yet ({type(error).__name__})")

# %% [markdown]
# ## 11  A module, and the same net by hand
#
# Above Functions PyTorch has **modules**: objects that own parameters. `nn.Parameter` marks a tensor as one; whatever you assign to `self` in the constructor is found by `parameters()`, by optimisers, by `state_dict()` for saving.
#
# Fill in `MLP` in `functions.py`: in the constructor four parameters, in `forward` the net
#
# $$x \;\to\; \text{linear} \;\to\; \text{sigmoid} \;\to\; \text{linear} \;\to\; \text{softmax} \;\to\; \text{probabilities}.$$
#
# It is built of *whatever operations it is given*: `self.linear`, `self.sigmoid`, `self.softmax`. By default these are yours.

# %% item="mlp_module" points=2
check("mlp_module")

# %% [markdown]
# And once more without any of it. `mlp_by_hand` computes the same probabilities and, from a gradient of them, the gradient of every node, in plain tensor operations. Its eight lines are what PyTorch's engine does behind your back, and this time the way back begins
# at the softmax.

# %% item="mlp_by_hand" points=3
check("mlp_by_hand")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "PyTorch finds …" names other than w1, b1, w2, b2 | only what is an `nn.Parameter` *and* an attribute of `self` counts |
# | "cut off from the parameters" | a `.data`, `.detach()` or `no_grad` on the way |
# | a gradient wrong by hand, all before it right | read the forward line with that variable in it; has it a partner? |
# | `nan` for scores of a thousand | which number may be taken from a whole row without changing its softmax? |
#
# All together now. One batch of digits, the module built of your Functions, the module built of PyTorch's operations, and the net by hand: three times the same gradients.

# %% show=true
x, y = load_digits("train", limit=100)
target = torch.nn.functional.one_hot(y, 10).double()
yours = functions.MLP(64, 30, 10).double()
params = dict(yours.named_parameters())
if there("MLP", params or None) and there("MLP.forward and your Functions", p := yours(x)):
    loss = ((p - target) ** 2).sum(dim=1).mean()
    loss.backward()
    theirs = functions.MLP(64, 30, 10, linear=lambda x, w, b: x @ w + b, sigmoid=torch.sigmoid, softmax=lambda s: s.softmax(dim=-1)).double()
    theirs.load_state_dict(yours.state_dict())
    ((theirs(x) - target) ** 2).sum(dim=1).mean().backward()
    with torch.no_grad():
        probabilities, by_hand = functions.mlp_by_hand(x, *[w.detach() for w in params.values()], grad_out=2 * (p.detach() - target) / len(x))
    print("largest difference from your module:    PyTorch's operations      by hand")
    for name, theirs_w in theirs.named_parameters():
        mine = params[name].grad
        other = float((by_hand[name] - mine).abs().max()) if by_hand.get(name) is not None else float("nan")
        print(f"{name:>36}{float((theirs_w.grad - mine).abs().max()):22.0e}{other:15.0e}")

# %% [markdown]
# And it learns. Two hundred steps of plain gradient descent on all training digits, with the cross-entropy of the right class, through your four rules:

# %% show=true
def learn(steps=200, lr=2.0):
    """Train a fresh module; returns its losses and its share of right answers on new images, or None."""
    torch.manual_seed(0)
    model = functions.MLP(64, 50, 10).double()
    (x, y), (x_new, y_new) = load_digits("train"), load_digits("test")
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=lr), []
    for _ in range(steps):
        loss = -model(x)[torch.arange(len(y)), y].clamp(min=1e-12).log().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    with torch.no_grad():
        return losses, float((model(x_new).argmax(dim=1) == y_new).double().mean())


if params and there("MLP.forward", yours(x)):
    curve, right = learn()
    show_curves({"loss": curve}, title=f"Your module on the digits: {right:.1%} right on new images")

# %% [markdown]
# ### Graphs and Functions, in short
#
# - A net is a **graph without circles**. An order in which sources come first is all that `forward` needs; its reverse is all that `backward` needs. A node goes when all its readers have gone, and where wires meet, gradients **add up**, into a new tensor.
# - Each node goes once, however many paths there are. That is why the way back costs no more than a small multiple of the way forward.
# - A **skip connection** is an `Add`; on the way back it is a road on which nothing gets lost.
# - A `torch.autograd.Function` is your forward and your backward as one node in PyTorch's graph. Save arguments and outputs with `save_for_backward`, compute with tensor operations, and second derivatives come for free.
# - An `nn.Module` adds the book-keeping for parameters, and nothing to the mathematics: the net by hand has the same gradients to the last digit.

# %% [markdown]
# ## 12  What to take along
#
# - A **layer** keeps one contract: `forward` and a cache, `backward` from upstream to downstream, gradients of its parameters beside it. It knows nothing of the net that it is in, and that is why it fits into any.
# - The **cache** is what the way back needs: for a linear layer its input, for a sigmoid its output, for a ReLU or a dropout one bit an entry. Most of the memory of training is caches.
# - **Copies add up**: biases, shared weights, statistics that serve a whole batch. Forget a path of a value that is used twice, and the gradient looks plausible and is wrong.
# - **Batch normalisation** takes from a gradient what would only shift or stretch a column. Node by node it is seven lines; in one line it can be read.
# - **Two modes**: what is random or depends on the batch in training must not be so in use.
# - **Stability** is part of the definition: subtract the largest score, keep softmax and log together, let exp see nothing large.
# - A chain of layers is a layer. A **graph** of layers needs an order to walk in, and adds up gradients where wires meet.
# - PyTorch's modules do the same as yours, to the last digit; `torch.autograd.Function` takes your own rules in.
#
# In the next notebook the net gets an optimiser, data in mini-batches, and a GPU.
#
# ### Hand in
#
# 1. Restart the kernel and run everything (*Run* → *Run all cells*), to be sure that it works from the top. Save the notebook and the modules.
# 2. Make the file to hand in: take away the two `# ` in the cell below and run it, or type `python -m toolbox submit layers` in a terminal, in the course's folder. It checks that all is there and writes one zip.
# 3. Upload that zip. You may do so as often as you like before the deadline; the last one counts.

# %%
# from toolbox import submit
# submit("layers")
