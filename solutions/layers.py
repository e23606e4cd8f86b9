# ---
# jupyter:
#   backprop_kit: {assignment: layers, modules: [activations, batchnorm, layers, losses, graph, functions], order: 4}
# ---

# %% [markdown]
# # Layers: the modular API
#
# So far you have written each backward pass as one long piece of code: the forward lines, read from the end.
# That works until something changes. Put another loss at the end, or one more layer in the middle, and the
# whole derivation starts again. Nobody builds networks that way. They are built from **layers**: small parts
# that know how to go forward and how to go back, and nothing about the net around them.
#
# By the end of this notebook you will have
#
# - written a dozen layers, three losses and a penalty, each with its backward pass by hand, and each equal to
#   PyTorch's;
# - decided what a layer must **keep** from its forward pass, and worked out what that costs;
# - taken **batch normalisation** apart into nodes, gone back through them one by one, and reduced the result
#   to one line;
# - joined layers into a net that is itself a layer, and trained it;
# - wired nets that are not chains: a **graph** with branches and skip connections, where gradients meet and
#   add up;
# - taught PyTorch's autograd some operations of your own.
#
# | part | sections | what you do | time | remarks |
# | --- | --- | --- | --- | --- |
# | A | 1–3 | the contract, the linear layer, activations, softmax | 2 h | the core |
# | B | 4–5 | Maxout, a correlation layer | 1 h | may be skipped |
# | C | 6 | dropout, batch normalisation | 2 h | 6.1 is short; 6.2–6.5 may be skipped |
# | D | 7–8 | losses, a penalty, nets that are layers, recomputing | 1½ h | the core; 8.2 may be skipped |
# | E | 9 | a graph with any wiring | 2 h | the core of the second half |
# | F | 10–11 | your rules inside PyTorch | 1½ h | may be skipped if you use PyTorch daily |
#
# There are {{checks}} checks ({{points}} points) and {{written}} written questions ({{written_points}} points), about
# {{hours}} hours in all. Every check counts by itself, and the given cells work without the parts that you skip.
#
# You need: backward passes of matrix products and of elementwise functions, as in the notebooks `flat` and
# `tensors`, and classes in Python (`class`, `__init__`, `self`).

# %%
import os
import sys
import zipfile
from pathlib import Path
from urllib.request import urlretrieve

# Only outside the course's folder, as on Colab: where the course is.
# A folder, its zip, or a link to its zip.
zips = sorted(map(str, Path.cwd().glob("backprop-kit*.zip")))
release = os.environ.get("BACKPROP_KIT") or (zips[0] if zips else "")


def course(*folders):
    found = (place for place in folders if (place / "lib" / "backprop").is_dir())
    return next(found, None)


home = course(Path.cwd(), *Path.cwd().parents, *Path.cwd().glob("*/"))
if home is None and release:
    if release.startswith("/content/drive/") and not Path("/content/drive").exists():
        from google.colab import drive

        drive.mount("/content/drive")
    if "://" in release:
        release, _ = urlretrieve(release, "backprop-kit.zip")
    source = Path(release)
    home = course(source, *source.parent.glob("*/"))
    if home is None:
        zipfile.ZipFile(source).extractall(source.parent)
        home = course(*source.parent.glob("*/"))
if home is None:
    raise FileNotFoundError(
        "the course is not here: open this notebook in its folder, or set `release`"
    )
sys.path.insert(0, str(home.resolve() / "lib"))

import toolbox

toolbox.start()

# %%
# %matplotlib inline
import inspect

import torch
import torch.nn.functional as F
from backprop import layers, losses
from toolbox import check
from toolbox.given import small_layers
from toolbox.datasets.digits import load_digits
from toolbox.draw import (draw_graph, show_columns, show_curves, show_growth,
                          show_layer, show_masks, show_slopes)
from toolbox.draw.play import Choice, Slide, Steps, play

torch.set_num_threads(1)  # small nets: one thread is fastest, and times can be compared


def tensor(*numbers):
    """A float64 tensor of the given numbers."""
    return torch.tensor(numbers, dtype=torch.float64)


def normal(*shape, seed=0):
    """Random numbers in float64, the same ones every time."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed),
                       dtype=torch.float64)


def ready(**answers):
    """True once all the named answers are there; until then it says what is missing."""
    missing = [name for name, answer in answers.items() if answer is None]
    if missing:
        print("Nothing to show yet. Still to be written:", ", ".join(missing))
    return not missing

# %% [markdown]
# ## 0  How this works
#
# Your code goes into files in `lib/backprop/`: `layers.py`, `activations.py`, `batchnorm.py` and `losses.py`
# for sections 2 to 8, then `graph.py` and `functions.py`. Each has places that say `# YOUR CODE HERE`. Keep the
# file of the section open beside the notebook, save it, and run the next cell; the notebook picks up the new
# version by itself. Below every task is a cell like `check("linear_forward")`: run it as often as you like.
# Grading runs the same checks, and more of the same kind with other numbers and shapes.
#
# You may use every tensor operation of PyTorch. In sections 1 to 9 the exception is anything that
# differentiates for you (`.backward()`, `torch.autograd`, `torch.func`).
#
# | you see | what to do |
# | --- | --- |
# | a check still shows the old result | save the file; if that does not help, restart the kernel and run from the top |
# | "is not written yet (it is None)" | the place with `# YOUR CODE HERE` is still empty, or the variable there has another name |
# | "Nothing to show yet" | nothing is wrong: that picture is drawn with your code, once it exists |

# %% [markdown]
# ## 1  One contract: forward, cache, backward
#
# Here is a two-layer net as a chain of four parts. Above each wire is the shape of the value that travels to
# the right; below it, the shape of the gradient that comes back. They are always the same:

# %% show=true
draw_graph(
    {"a": "Linear", "h": "ReLU", "s": "Linear", "L": "loss"},
    [("x", "a"), ("a", "h"), ("h", "s"), ("s", "L")],
    {"x": "(N, D)", "a": "(N, H)", "h": "(N, H)", "s": "(N, C)", "L": "one number"},
    {"x": "(N, D)", "a": "(N, H)", "h": "(N, H)", "s": "(N, C)", "L": "1"},
);

# %% [markdown]
# Look at the ReLU. Going forward it needs `a`. Coming back it needs the gradient that arrives from the right,
# and one thing that it saw on the way forward: which entries were positive. It does not need to know that
# there is a matrix product to its left, or which loss is at the end.
#
# So every part can keep one **contract**:
#
# | you write | and so |
# | --- | --- |
# | `layer = Linear(w, b)` | parameters, if it has any, are in the dict `layer.params` |
# | `out = layer.forward(x)` | whatever the backward pass will need goes into `layer.cache` |
# | `grad_x = layer.backward(grad_out)` | the upstream gradient goes in, the downstream gradient comes out; gradients of the parameters are in the dict `layer.grads`, under the same names |
# | `layer.training` | True at first; a few layers behave differently when it is False |
#
# (You will also meet the name **error signal** for the upstream gradient: it is all that the later layers tell
# this one about the loss. And why does a ReLU with output 0 still receive a nonzero error signal? Because the
# *next* layer would react if that output moved. Whether it can move is the ReLU's own business.)
#
# Whoever calls the layer may rely on a little more, and the checks do:
#
# - `x`, the parameters and `grad_out` belong to the caller: a layer **changes none of them in place**, nor
#   anything that it has returned.
# - `backward` belongs to the **latest** `forward`. It may be called twice and gives the same result both
#   times; `grads` are **set**, not added up.
# - The gradient of `x` is **always** returned. A layer cannot know that it is the first one.
# - Results have the dtype and device of what came in. A tensor may have a single row, may be the transpose of
#   another, or may be one row expanded to many.
#
# ### A solved example
#
# `Scale` multiplies each column of `x` by a number of its own. This is all of it:

# %%
print(inspect.getsource(small_layers.Scale))

# %%
layer = small_layers.Scale(tensor(10, -1))
print("out   ", layer.forward(tensor([1, 2], [3, 4], [5, 6])).tolist())
print("grad_x", layer.backward(tensor([1, 1], [0, 1], [2, 0])).tolist())
print("grad_s", layer.grads["s"].tolist())

# %% [markdown]
# Three points come back in every layer below. The **cache**: without `x` there is no gradient of `s`. The
# **copies**: one `s` served three rows, so it collects three gradients, which are added. And the **mean** that
# is *not* there: the loss divides by the size of the batch, forward and backward, so the gradient that arrives
# here has been divided already.
#
# (`Layer`, the base class, creates `params`, `grads`, `cache` and `training`. It is short: see
# `lib/toolbox/given/layer.py`.)
#
# ### Predict
#
# Work these out on paper first. A linear layer computes `x @ w + b`.
#
# 1. With $x = \begin{pmatrix} 1 & 2 \\ 3 & -1 \end{pmatrix}$, $w = \begin{pmatrix} 2 \\ -1 \end{pmatrix}$ and
#    $b = (0.5)$: what are the two outputs?
# 2. The upstream gradient is $g = \begin{pmatrix} 1 \\ -2 \end{pmatrix}$. What are the gradients of $w$ (two
#    numbers), of $b$ (one), and of $x$ (two rows of two)?
# 3. Dropout with $p = 0.25$ drops each entry with probability ¼ and compensates: an entry that is kept is
#    scaled so that, on average, nothing changes. An entry is 6 and is kept. What comes out?
# 4. Batch normalisation subtracts a column's mean and divides by its standard deviation (the root of the
#    *mean* of the squared deviations). A column is $(2, 10)$. What comes out?

# %% solution="layers_by_hand"
# predicted: "out" (a list of two numbers), "grad_w" (a list of two), "grad_b" (one
# number), "grad_x" (a list of two rows), "kept" (a number), "normal" (a list of two).
# For example: predicted["kept"] = 6
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
# In `layers.py`, write `Linear.forward`, then `Linear.backward`: two lines each. What does the backward pass
# need? `w` stays in `params`, so only one tensor is left for the cache.
#
# For the gradients, let the shapes decide, with $N$, $D$ and $M$ all different. `grads["w"]` must be $(D, M)$
# and is made from `x`, $(N, D)$, and `grad_out`, $(N, M)$: there is only one way. And `b` was copied to every
# row.

# %% item="linear_forward" points=1
check("linear_forward")

# %% item="linear_backward" points=2
check("linear_backward")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "mat1 and mat2 shapes cannot be multiplied" | write the three shapes below one another; which axis must disappear? |
# | `grads["b"]` "has shape (N, M)" | one bias served all rows: sum over them |
# | "the layer divides by a number of entries" | there is no mean here: the loss has it |
# | "the cache is that of an earlier batch" | does `forward` set `self.cache` each time it is called? |
# | "the call changed its input" | `w -= …`, `grad_out *= …` and `.add_()` write into a tensor that is not yours |
#
# ### A batch goes through
#
# Choose a layer and its sizes. Above the wires are the shapes of what your `forward` makes, below them those of what
# your `backward` returns and puts into `grads`; the title counts what the layer keeps. (The other layers appear as you
# write them.) Which of the numbers grow with the batch, and which do not?

# %% show=true
def through(layer, N, D, M):
    """One of your layers, with the shapes of everything that goes through it."""
    make = {
        "Linear": lambda: layers.Linear(normal(D, M), normal(M)),
        "ReLU": layers.ReLU,
        "Sigmoid": layers.Sigmoid,
        "Softmax": layers.Softmax,
        "Maxout, 3 pieces": lambda: layers.Maxout(normal(3, D, M), normal(3, M)),
        "Dropout": lambda: layers.Dropout(0.5),
        "BatchNorm": lambda: layers.BatchNorm(normal(D), normal(D)),
    }
    return show_layer(make[layer](), normal(N, D), grad_out_seed=1)


kinds = ["Linear", "ReLU", "Sigmoid", "Softmax", "Maxout, 3 pieces", "Dropout",
         "BatchNorm"]
play(through, layer=Choice(kinds), N=Slide(6, 1, 64, 1), D=Slide(4, 1, 32, 1),
     M=Slide(3, 1, 32, 1))

# %% [markdown]
# ## 3  Activations
#
# These layers have no parameters; they are in `activations.py`. They act entry by entry, so their Jacobian is
# diagonal, and the backward pass is a product of two tensors of the same shape: upstream times slope. Here are
# the elementwise activations that the lecture names, drawn with your own code. (It also names Maxout, which is not
# elementwise: see section 4.) The solid line is the function; the dashed line is its
# slope, which is what `backward` returns for an upstream gradient of ones. The picture fills up as you write
# them: come back and run the cell again.

# %% show=true
x = torch.linspace(-4, 4, 161, dtype=torch.float64)
kinds = {
    "Sigmoid": layers.Sigmoid(),
    "Tanh": layers.Tanh(),
    "ReLU": layers.ReLU(),
    "LeakyReLU, slope 0.1": layers.LeakyReLU(0.1),
    "ELU, alpha 1": layers.ELU(1.0),
    "ELU, alpha 2: a kink at 0": layers.ELU(2.0),
}
curves = {}
for name, layer in kinds.items():
    out = layer.forward(x)
    if out is not None:
        curves[name] = (x, out, layer.backward(torch.ones_like(x)))
if curves:
    show_slopes(curves)
else:
    print("Nothing to show yet: come back when the first activation is written.")

# %% [markdown]
# ### 3.1  ReLU and its leaky cousin
#
# $\max(0, x)$ lets the gradient through where $x > 0$ and stops it everywhere else. A unit whose input is
# negative for every example gets no gradient at all, and cannot recover: it is **dead**. The **leaky** ReLU
# keeps a small slope on the left, 0.01 by default, so that some gradient always flows back.
#
# Write both. What you keep is up to you: `x`, the output, or a mask. Which is the smallest?

# %% item="relu_layer" points=1
check("relu_layer")

# %% item="leaky_relu" points=1
check("leaky_relu")

# %% [markdown]
# ### 3.2  ELU: smooth below zero
#
# $x$ for $x > 0$, and $\alpha\,(e^x - 1)$ elsewhere: it has no kink (for $\alpha = 1$), and never falls below
# $-\alpha$.
#
# Two things to watch. First, `torch.where(condition, this, that)` and a product with a mask both compute *both*
# branches everywhere. At $x = 1000$ the unused branch is inf, and with a mask, inf times 0 is `nan`. Whichever you
# use, make sure that exp never sees a positive number. Second, the slope on the left is $\alpha e^x$: what is it in
# terms of the *output*?

# %% item="elu" points=1
check("elu")

# %% [markdown]
# ### 3.3  Sigmoid and tanh
#
# $\sigma(x) = \frac{1}{1 + e^{-x}}$ and $\tanh(x) = \frac{e^x - e^{-x}}{e^x + e^{-x}}$. Both slopes can be
# written in terms of the output alone. For the sigmoid you know it already: the output times one minus the
# output. For tanh, differentiate the fraction, or use $\tanh(x) = 2\sigma(2x) - 1$.
#
# So here the cache needs the output and not the input. That is a real saving: the next layer needs the output
# anyway, so keeping it costs nothing.
#
# Use a form that is finite at $x = \pm 1000$ (PyTorch's own functions are).

# %% item="sigmoid_layer" points=1
check("sigmoid_layer")

# %% item="tanh" points=1
check("tanh")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "holds nan or inf" | which intermediate overflows at 1000? `0 * inf` is `nan`, too |
# | "the slope is taken at the output" | the formula in terms of $x$ wants $x$; the one in terms of the output wants the output |
# | "the call changed its input out" | the cached output is the very tensor that you returned: `out.mul_()` in the backward pass writes into it |
# | right in float64, wrong dtype in float32 | `torch.zeros(…)` without a dtype; use `torch.zeros_like(x)` |
#
# Now run the cell with the curves again. Where is each slope nearly zero? A net with many sigmoid layers
# multiplies such slopes, each at most ¼:

# %% show=true
sigmoid = layers.Sigmoid()
forward, backward = sigmoid.forward(tensor(0.0)), sigmoid.backward(tensor(1.0))
if ready(Sigmoid_forward=forward, Sigmoid_backward=backward):
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
    logs = {name: torch.tensor(s).log10() for name, s in chain.items() if len(s) == 20}
    figure = show_curves(logs, at=range(1, 21), xlabel="layers passed",
                         ylabel="log10 of the gradient",
                         title="What is left of a gradient after many activations")
    figure.axes[0].set_xticks(range(0, 21, 5))

# %% [markdown]
# ### 3.4  Softmax: a layer whose entries see each other
#
# Along the last axis, $y_i = e^{x_i}/\sum_j e^{x_j}$. This one does not act entry by entry: raise one score,
# and every probability in its row moves. Its Jacobian is $\mathrm{diag}(y) - y\,y^{\top}$, but all you need is
# its product with the upstream gradient. For each row that takes one weighted sum, shared by all its entries,
# and no matrix.
#
# **Stability.** $e^{1000}$ is inf. This is what happens to the plain formula when the same number $c$ is added
# to three scores, which should change nothing at all:

# %% show=true
scores, shifts = tensor(1.0, 2.0, 3.0), torch.arange(0, 1001, 20, dtype=torch.float64)
plain = [float((scores + c).exp()[2] / (scores + c).exp().sum()) for c in shifts]
mine = [layers.Softmax().forward(scores + c) for c in shifts]
lines = {"plain formula": plain}
if mine[0] is not None:
    lines["yours"] = [float(y[2]) for y in mine]
show_curves(lines, at=shifts, xlabel="c, added to the scores 1, 2, 3",
            ylabel="probability of the third",
            title="The plain line ends where exp overflows");

# %% [markdown]
# Since adding a number to a whole row changes nothing, *you* may add one. Which number makes every exponent at
# most 0, and one of them exactly 0?

# %% item="softmax_forward" points=1
check("softmax_forward")

# %% item="softmax_layer_backward" points=2
check("softmax_layer_backward")

# %% [markdown]
# ## 4  Maxout: pieces that compete
#
# Instead of bending one linear layer with a fixed curve, take $K$ linear layers and let the largest value win,
# output by output: $\text{out}_{nm} = \max_k\; (x\,w_k + b_k)_{nm}$. ReLU is the case of two pieces, one of
# which is zero. Here are four pieces with one input each, and the bent line that is their maximum:

# %% show=true
x = torch.linspace(-3, 3, 121, dtype=torch.float64)[:, None]
w = tensor(-1.5, -0.4, 0.5, 2.0)[:, None, None]
b = tensor(-1.5, 0.2, 0.0, -2.5)[:, None]
pieces = {f"piece {k}": (x @ w[k] + b[k])[:, 0] for k in range(4)}
layer = layers.Maxout(w, b)
out = layer.forward(x)
if out is not None:
    pieces["Maxout"] = out[:, 0]
axes = show_curves(pieces, at=x[:, 0], xlabel="x", ylabel="value",
                   title="Four lines, and the largest of them").axes[0]
axes.lines[-1].set_linewidth(4 if out is not None else 2)
axes.set_ylim(-4.5, 7)
axes.legend(ncol=3, loc="upper center", fontsize=9);

# %% [markdown]
# A max gate routes: the gradient goes to the piece that won, and to no other. For that piece, $x$, $w_k$ and
# $b_k$ get what they would get from a linear layer. And $x$ was given to all the pieces, which is a copy gate.
#
# In `layers.py`. `w` is $(K, D, M)$, and `x @ w` multiplies `x` by every piece at once, which gives
# $(K, N, M)$. What must you do to `b`, which is $(K, M)$, before it can be added? `pieces.max(dim=0)` returns
# the values *and* where they were.

# %% item="maxout_forward" points=1
check("maxout_forward")

# %% item="maxout_backward" points=2
check("maxout_backward")

# %% [markdown]
# ## 5  A correlation layer
#
# This is the layer from the notebook `tensors`, without its bias and now for batches: $K$ weights slide along each row,
# $\text{out}_{nj} = \sum_k w_k\, x_{n, j+k}$, over the $D - K + 1$ places where every weight meets an $x$. The
# weights are **shared**: the same $K$ numbers act at every place of every row, so they collect gradients
# from every place of every row.
#
# A loop over the few values of $k$ is fine. For the backward pass, look at one entry: which outputs contain
# $x_{ni}$, and with which weight?

# %% item="correlation_forward" points=1
check("correlation_forward")

# %% item="correlation_backward" points=2
check("correlation_backward")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | only the last weight seems to count | `=` where `+=` belongs |
# | `grads["w"]` holds the same number $K$ times | $w_k$ meets $x$ shifted by $k$ |
# | `grads["w"]` is right for one row | and the other rows? |

# %% [markdown]
# ## 6  Layers with two modes
#
# ### 6.1  Dropout
#
# In training, each entry is set to 0 with probability $p$, independently of all the others, and what remains
# is divided by $1 - p$ ("inverted" dropout). Then the expected value of each entry is
# $p\cdot 0 + (1-p)\cdot\frac{x}{1-p} = x$. When the net is used, *at test time*, nothing is dropped and nothing
# is scaled. `layer.training` says which it is.
#
# The backward pass is the easiest of all, provided that the forward pass has kept what it must. In training,
# each forward pass draws a new mask. (`torch.rand(..., generator=self.generator, ...)` makes the draws
# repeatable for a caller who passes a generator; `None` is fine, too.)

# %% item="dropout_forward" points=1
check("dropout_forward")

# %% item="dropout_backward" points=1
check("dropout_backward")

# %% [markdown]
# Below are the masks of four forward passes: three in training, one of them with another $p$, and one at test time.
# Dark means dropped. The second picture shows how the mean over many passes approaches $x$.

# %% show=true
x, drops = torch.ones(8, 16, dtype=torch.float64), {}
kinds = [(0.25, True), (0.25, True), (0.75, True), (0.75, False)]
for seed, (p, training) in enumerate(kinds):
    layer = layers.Dropout(p, torch.Generator().manual_seed(seed))
    layer.training = training
    when = f"training, draw {seed + 1}" if training else "at test time"
    drops[f"p = {p}, {when}"] = layer.forward(x)
if ready(Dropout=next(iter(drops.values()))):
    show_masks(drops)

# %% show=true
layer = layers.Dropout(0.5, torch.Generator().manual_seed(1))
x = tensor(3.0, -1.0, 0.5)
outs = [layer.forward(x) for _ in range(400)]
if ready(Dropout=outs[0]):
    means = torch.stack(outs).cumsum(dim=0) / torch.arange(1, 401)[:, None]
    figure = show_curves({f"x = {float(x[i])}": means[:, i] for i in range(3)},
                         xlabel="forward passes", ylabel="mean of the outputs so far",
                         title="Dropout with p = 0.5")
    figure.axes[0].legend(loc="center right", bbox_to_anchor=(1, 0.68))

# %% [markdown]
# ### 6.2  Batch normalisation: the forward pass
#
# Here is a batch of 40 rows and three features, before and after. Each column is shifted and scaled to mean 0
# and variance 1 over the batch; then `gamma` and `beta`, which are learned, scale and shift it again.

# %% show=true
def normalised_batch(gamma, beta):
    """Your BatchNorm of the batch below, with these parameters."""
    return layers.BatchNorm(tensor(*gamma), tensor(*beta)).forward(batch)


batch = normal(40, 3, seed=4) * tensor(1.0, 4.0, 0.3) + tensor(5.0, -2.0, 0.5)
shown = {"before": batch}
if normalised_batch((1, 1, 1), (0, 0, 0)) is not None:
    shown["gamma = 1, beta = 0"] = normalised_batch((1, 1, 1), (0, 0, 0))
    both = normalised_batch((1, 2, 0.5), (0, 0, 3))
    shown["gamma = (1, 2, ½), beta = (0, 0, 3)"] = both
show_columns(shown);

# %% [markdown]
# One named intermediate on each line, column by column:
#
# $$\begin{aligned}
# \text{mean} &= \tfrac1N\textstyle\sum_n x_n & \text{std} &= \sqrt{\text{var} + \varepsilon} \\
# \text{centred} &= x - \text{mean} & \text{inv} &= 1\,/\,\text{std} \\
# \text{var} &= \tfrac1N\textstyle\sum_n \text{centred}_n^2 & \text{normal} &= \text{centred}\cdot\text{inv} \\
# & & \text{out} &= \gamma\cdot\text{normal} + \beta
# \end{aligned}$$
#
# The $\varepsilon$ keeps the root away from 0 for a column that is the same in all rows. Keep the intermediates
# that the backward pass will need; if you are not sure yet, keep them all. In `batchnorm.py`, write the part
# for training.

# %% item="batchnorm_forward" points=2
check("batchnorm_forward")

# %% [markdown]
# ### 6.3  What to use when there is no batch
#
# At test time there may be only one row, and even in a batch a row's answer should not depend on its neighbours. So
# training keeps **running statistics**: with `momentum` $m$, `running = (1 - m) * running + m * batch`,
# starting from 0 for the mean and 1 for the variance. At test time they replace the statistics of the batch.
#
# PyTorch stores the *unbiased* variance, divided by $N - 1$, although it normalises with the one divided by
# $N$. We do as PyTorch does. (A batch of one row says nothing about the variance: let it count as 0.)
#
# Add two things to `forward`: the update of the running statistics in training, and what happens where `training` is
# False.

# %% item="batchnorm_running" points=1
check("batchnorm_running")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "divided by N - 1" | there are two variances: one to normalise with, one to store |
# | `running_var` is nan after one row | $N - 1 = 0$ |
# | right in training, wrong at test time | which statistics do you use, and is eps under the root there as well? |
# | "the running statistics move at test time" | they learn in training only |

# %% [markdown]
# ### 6.4  Batch normalisation: the backward pass, node by node
#
# Here is the forward pass for one column: seven nodes up to `normal`, then the scale and the shift. Two of the
# values are used twice: find them in the picture before you read on.

# %% show=true
signs = {"mean": "mean", "centred": "−", "square": "( )²", "var": "mean",
         "std": "√( + ε)", "inv": "1 / ( )", "normal": "×", "scaled": "×", "out": "+"}
wires = [("x", "mean"), ("x", "centred"), ("mean", "centred"), ("centred", "square"),
         ("square", "var"), ("var", "std"), ("std", "inv"), ("centred", "normal"),
         ("inv", "normal"), ("normal", "scaled"), ("gamma", "scaled"),
         ("scaled", "out"), ("beta", "out")]
columns = ["x", "centred", "square", "normal", "scaled", "out"]
single = ["mean", "var", "std", "inv"]
shapes = dict.fromkeys(columns, "(N,)") | dict.fromkeys(single, "one")
rows = {"gamma": -1, "beta": -1, "x": 0, "centred": 0, "normal": 0, "scaled": 0,
        "out": 0, "mean": 1, "square": 1.2, "var": 1.2, "std": 1.2, "inv": 1.2}
draw_graph(signs, wires, shapes, rows=rows);

# %% [markdown]
# `x` goes into the mean and into the difference. `centred` goes into the square and into the product. So each
# of them **collects two gradients**; leave one out, and the result looks plausible and is wrong.
#
# There are also copies: `mean` and `inv` are one number per column and serve all $N$ rows. What a copy collects
# is summed. A *mean* over $N$ rows, on the other hand, sends back one $N$-th to each.
#
# **Solved: the last three nodes.** The upstream gradient is `grad_out`. $\beta$ was added to all rows, so its
# gradient is the sum over the rows. $\gamma$ was multiplied by `normal`, so its gradient is the sum over the
# rows of `grad_out` times `normal`. And `normal` gets `grad_out` times $\gamma$. In numbers, for a column of
# three:

# %%
grad_out, normalised = tensor(1.0, -2.0, 4.0), tensor(-1.2, 0.0, 1.2)
gamma = tensor(3.0)
print("beta  ", float(grad_out.sum()))
print("gamma ", float((grad_out * normalised).sum()))
print("normal", (grad_out * gamma).tolist())

# %% [markdown]
# Continue from there in `backward_by_nodes`: `normal` is a product, `inv` a reciprocal, `std` a root, `var` a
# mean of squares, `centred` a difference, `mean` a mean. One line each.

# %% item="batchnorm_nodes" points=3
check("batchnorm_nodes")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "the mean is treated as a constant" | everything that flows into `centred` also flows on, with a minus sign, into `mean` |
# | "the variance is treated as a constant" | the second use of `centred` |
# | "a mean's 1/N is missing or doubled" | two nodes are means: `mean` and `var` |
# | a shape of `(N, D)` where `(D,)` is due | one number served $N$ rows |
# | right for one upstream gradient, wrong the second time | `backward` must leave the cache alone: `centred *= 2` does not |
#
# ### 6.5  Batch normalisation: the backward pass in one line
#
# Now simplify it. Substitute the lines into one another, for one column, writing $g$ for the gradient that
# arrives at `out`, $\hat x$ for `normal`, and a bar for the mean over the rows. One fact shortens
# it: the centred values sum to 0, and so do the $\hat x$. Take it in two steps. First collect what comes
# back to `centred`: from the product directly, and through `inv`, `std`, `var` and the squares. The second part turns
# out to be a multiple of $\hat x$:
#
# $$\frac{\partial L}{\partial\,\text{centred}} = \frac{\gamma}{\text{std}}\,\bigl(\,g - \hat x\;\overline{g\,\hat x}\,\bigr)$$
#
# Then `centred` is $x$ minus its mean, so $x$ gets this gradient minus *its* mean over the rows, in which the second
# term drops out:
#
# $$\frac{\partial L}{\partial x} = \frac{\gamma}{\text{std}}\;\Bigl(\,g \;-\; \bar g \;-\; \hat x\;\overline{g\,\hat x}\,\Bigr)$$
#
# Read it as: the gradient, minus its part along "all rows together", minus its part along $\hat x$. Shifting a
# column and stretching it are the two changes that the normalisation undoes, so neither can have a gradient.
# Derive the formula on paper from your own lines.
#
# `backward` handles both modes. At test time, mean and variance are constants, and the formula is short.

# %% item="batchnorm_backward" points=2
check("batchnorm_backward")

# %% [markdown]
# Here are your two backward passes against each other, and a test of that sentence: over the whole batch, neither a shift
# nor a stretch of a column has any gradient (the stretch has a tiny one, because of $\varepsilon$).

# %% show=true
layer = layers.BatchNorm(tensor(1.0, 2.0, 0.5), tensor(0.0, 0.0, 3.0))
g = normal(40, 3, seed=9)
if ready(BatchNorm=layer.forward(batch)) and ready(
        by_nodes=layer.backward_by_nodes(g), in_one_line=layer.backward(g)):
    one, other = layer.backward_by_nodes(g), layer.backward(g)
    stretch = (other * (batch - batch.mean(dim=0))).sum(dim=0)
    print(f"largest difference of the two: {float((one - other).abs().max()):.1e}")
    print("gradient, summed over the rows:", [f"{v:.1e}" for v in other.sum(dim=0)])
    print("the same, weighted by centred: ", [f"{v:.1e}" for v in stretch])
    constant = layer.params["gamma"] / batch.std(dim=0, correction=0) * g
    error = float((constant - other).norm() / other.norm())
    print(f"with mean and variance treated as constants: off by {error:.0%}")

# %% [markdown]
# ### Written question 1
#
# You have chosen what each layer keeps. **(a)** For `Linear`, `ReLU`, `Sigmoid` and `Dropout`: what is the
# least that must be kept, and how large is it for a batch $(N, D)$, in numbers or bits? **(b)** A net of 50
# layers is trained with $N = 64$ and $D = M = 4096$ in float32, and each layer keeps one $(N, D)$ tensor. How
# much memory is that, and how does it compare with one layer's weights? How much is needed when the net is only
# used and no gradient is wanted? **(c)** Suppose that memory is short. What could a layer do instead of keeping
# its input, and what would that cost?

# %% [markdown] written="what_to_keep" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) `Linear`: x, $N D$ numbers (w is a parameter and kept anyway). `ReLU`: one bit per entry. `Sigmoid`: its
# output, $ND$ numbers, which the next layer has as well, so it can be shared. `Dropout`: one bit per entry (the
# scale is one number for all).
#
# (b) $50 \cdot 64 \cdot 4096 \cdot 4$ bytes = 50 MiB; the weights of one layer are $4096^2\cdot 4$ bytes =
# 64 MiB. With larger batches (or images) the caches outgrow the weights. At test time nothing needs to be kept: each
# tensor can be freed as soon as the next one is there.
#
# (c) Compute it again in the backward pass (checkpointing): keep the input of every k-th layer only, and repeat
# the forward pass of k layers when the backward pass arrives there. It costs up to one more forward pass.
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 7  Losses, and a penalty
#
# At the end of the chain is a single number. A loss does not wait for an upstream gradient, so one call returns
# both the value and the gradient: `loss, grad_scores = hinge(scores, y)`. In `losses.py`, for scores $(N, C)$
# and labels $y$:
#
# | function | the mean over the batch of |
# | --- | --- |
# | `softmax_cross_entropy` | $-\log p_y$, with $p$ the softmax of the row |
# | `hinge` | $\sum_{j \ne y} \max(0,\, s_j - s_y + 1)$ |
# | `squared` | $\sum_j (s_j - t_j)^2$, where $t$ is 1 for the right class and 0 for the others; without a ½ |
#
# The mean over the batch belongs here, in both directions: this is where the $1/N$ in every gradient comes from.
#
# **Softmax and log belong together.** Separately, a probability may round to 0, and its log is $-\infty$; and
# the backward pass multiplies by $1/p$ what the softmax then multiplies by $p$. Together,
# $-\log p_y = \log\sum_j e^{s_j} - s_y$ is harmless once the largest score has been subtracted, and the
# gradient is the simplest in this notebook. Here is the loss of a net that is confident, and wrong, by a margin
# of $c$. It should grow like $c$:

# %% show=true
margins = torch.arange(0, 1001, 20, dtype=torch.float64)
right = torch.tensor([0])


def apart(scores):
    """The loss by way of the probability, which may round to 0."""
    return float(-torch.log(torch.softmax(scores, dim=1)[0, 0]))


pairs = [tensor([0.0, float(c)]) for c in margins]
lines = {"softmax, then log": [apart(scores) for scores in pairs]}
together = [losses.softmax_cross_entropy(scores, right)[0] for scores in pairs]
if together[0] is not None:
    lines["yours"] = [float(loss) for loss in together]
show_curves(lines, at=margins, xlabel="c, by which the wrong score leads",
            ylabel="loss",
            title="softmax, then log: inf from where the probability rounds to 0");

# %% item="loss_cross_entropy" points=2
check("loss_cross_entropy")

# %% item="loss_hinge" points=1
check("loss_hinge")

# %% item="loss_squared" points=1
check("loss_squared")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "N times too large" | the mean belongs to the gradient as well |
# | "scores changed in place" | `scores[rows, y] -= 1` writes into the caller's tensor; on a tensor of your own it is fine |
# | "nan or inf" at scores near a thousand | exp before the largest score is subtracted, or log of a probability that is 0 |
#
# **The penalty** `l2(params, reg)` gets the dict of all parameters of a net. It returns `reg` times the sum of
# the squares of the *weights*, and their gradients. Weights are called `"w"`; in a net, `"0.w"` or `"2.1.w"`
# (section 8 explains these names), where the last part of the name decides. Biases, `gamma` and `beta` are not penalised.

# %% item="l2_penalty" points=1
check("l2_penalty")

# %% [markdown]
# ## 8  Sequential: a net that is a layer
#
# Now join them. `Sequential(Linear(w1, b1), ReLU(), Linear(w2, b2))` is a chain of layers that **is itself a
# layer**: it has `forward` and `backward`, `params` and `grads`, and a mode. So it can be part of another
# chain, and everything that works on a layer works on it.
#
# - `forward` goes through all layers from first to last; `backward` goes through them in reverse.
# - `params` and `grads` are those of all layers, under `"0.w"`, `"0.b"`, `"2.w"`, `"2.b"`: place, dot, name.
#   The tensors are the layers' own, not copies; an optimiser that changes them in place changes the layer.
# - `train()` and `eval()` set `training` on the net and on all its layers. (Both methods are given for every
#   other layer.)
#
# In `layers.py`, start with `__init__`: a loop that fills `self.params`.

# %% item="sequential_params" points=1
check("sequential_params")

# %% item="sequential_forward" points=1
check("sequential_forward")

# %% item="sequential_backward" points=2
check("sequential_backward")

# %% item="sequential_modes" points=1
check("sequential_modes")

# %% [markdown]
# The checks build their nets from given layers, so a fault in one of yours does not show here. The next cell
# uses yours, all of them, on handwritten digits: 400 images, steps against the gradient, and *any* layers
# between the images and the ten scores. Flat code could not do this: four nets, and not one new derivation.

# %% show=true
digits = load_digits()
images, labels = digits[0][:400].double(), digits[1][:400]


def zeros(*shape):
    return torch.zeros(shape, dtype=torch.float64)


def linear(D, M, seed):
    return layers.Linear(normal(D, M, seed=seed) * (2 / D) ** 0.5, zeros(M))


def maxout(D, M, seed):
    return layers.Maxout(normal(2, D, M, seed=seed) * (1 / D) ** 0.5, zeros(2, M))


def batchnorm(D):
    return layers.BatchNorm(zeros(D) + 1, zeros(D))


def dropout(p):
    return layers.Dropout(p, torch.Generator().manual_seed(0))


def finished(parts, x):
    """Whether every layer goes forward and backward."""
    for layer in parts:
        x = layer.forward(x)
        if x is None or layer.backward(torch.zeros_like(x)) is None:
            return False
        if len(layer.grads) < len(layer.params):
            return False
    return True


def losses_of(parts, steps=60, lr=0.5):
    """Train a net of these layers on the images; returns its losses."""
    net, history = layers.Sequential(*parts), []
    for step in range(steps if finished(parts, images) else 0):
        scores = net.forward(images)
        if scores is None:
            break
        loss, grad_scores = losses.softmax_cross_entropy(scores, labels)
        if loss is None or grad_scores is None or net.backward(grad_scores) is None:
            break
        history.append(float(loss))
        for key, grad in net.grads.items():
            net.params[key] -= lr * grad
    return history


tanh, taps = layers.Tanh(), layers.Correlation1d(tensor(1.0, -1.0, 0.5))
nets = {
    "Linear, ReLU, Linear": [linear(64, 32, 1), layers.ReLU(), linear(32, 10, 2)],
    "with BatchNorm": [linear(64, 32, 1), batchnorm(32), layers.ReLU(),
                       linear(32, 10, 2)],
    "Maxout, Dropout, Linear": [maxout(64, 32, 1), dropout(0.2), linear(32, 10, 2)],
    "Correlation, Tanh, Linear": [taps, tanh, linear(62, 10, 2)],
}
histories = {name: losses_of(parts) for name, parts in nets.items()}
histories = {name: history for name, history in histories.items() if history}
if histories:
    show_curves(histories, title="Four nets, one loop, 400 digits")
else:
    print("Nothing to show yet: write Sequential, its layers, softmax_cross_entropy.")

# %% [markdown]
# ### 8.1  Beside their PyTorch counterparts
#
# Nearly everything that you have written exists in PyTorch as a module or a function, with autograd for the backward
# pass; the rest is put together of its operations. Here they are side by side, on the same numbers in float64: the largest difference between the outputs,
# and the largest between all gradients (of the input and of the parameters), relative to the largest entry.

# %% show=true
def twins():
    """Name, your layer, PyTorch's function of the input and of the parameters."""
    w, b = normal(5, 3, seed=20), normal(3, seed=21)
    pieces, shifts = normal(4, 5, 3, seed=22), normal(4, 3, seed=23)
    taps, gamma, beta = normal(3, seed=24), normal(5, seed=25), normal(5, seed=26)
    yield "Linear", layers.Linear(w, b), lambda x, w, b: F.linear(x, w.T, b)
    yield "ReLU", layers.ReLU(), F.relu
    yield "LeakyReLU", layers.LeakyReLU(), F.leaky_relu
    yield "ELU", layers.ELU(), F.elu
    yield "Sigmoid", layers.Sigmoid(), F.sigmoid
    yield "Tanh", layers.Tanh(), F.tanh
    yield "Softmax", layers.Softmax(), lambda x: F.softmax(x, dim=-1)
    yield ("Maxout", layers.Maxout(pieces, shifts),
           lambda x, w, b: (x @ w + b[:, None]).amax(dim=0))
    yield ("Correlation1d", layers.Correlation1d(taps),
           lambda x, w: F.conv1d(x[:, None], w[None, None])[:, 0])
    yield ("BatchNorm", layers.BatchNorm(gamma, beta),
           lambda x, *params: F.batch_norm(x, None, None, *params, training=True))


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
    gradients = off(mine, grads) if written else float("nan")
    print(f"{name:15s} {off([out], [true.detach()]):18.0e} {gradients:20.0e}")

# %% [markdown]
# Differences of 0 or about $10^{-16}$ are mere rounding: yours and PyTorch's are the same functions.

# %% [markdown]
# ### 8.2  Store or recompute
#
# Written question 1 asked what a layer could do instead of keeping. Now do it: write `forward` and `backward` of
# `Recomputing` in `layers.py`. `Recomputing(k, *layers)` is a `Sequential`
# that keeps only the inputs of layers $0, k, 2k, \dots$. In the forward pass, a layer's cache is emptied
# (`layer.cache = None`) as soon as the layer has run. The backward pass takes the layers in groups of $k$, the last group
# first: it runs the group forward again from its kept input, which fills the caches of these $k$ layers, then goes back
# through them and empties the caches.
#
# **Solved, for nine layers and $k = 3$:** kept are the inputs of layers 0, 3 and 6. Going back: layers 6, 7, 8 run forward
# again, then back 8, 7, 6; layers 3, 4, 5 forward, then back 5, 4, 3; layers 0, 1, 2 forward, then back 2, 1, 0. Each
# layer runs forward twice, and at the worst moment 3 kept inputs and 3 caches are in memory, instead of 9 caches.
#
# In general, $n/k$ inputs and $k$ caches are in memory. Which $k$ makes $n/k + k$ smallest? Predict it for the $n = 64$ layers of
# the picture below.

# %% item="recompute" points=2
check("recompute")

# %% [markdown]
# Here is a net of 64 given layers, with seven values of $k$: the memory that your class needs at its worst moment, and
# the time of a forward and a backward pass, both measured. The dashed lines are an ordinary `Sequential`.

# %% show=true
from time import perf_counter

from toolbox.given.unrolling import peak_bytes


def both_passes(net, x):
    """A forward and a backward pass."""
    return net.backward(net.forward(x))


def measured(net, x, rounds=5):
    """(MiB at the worst moment, milliseconds) of a forward and a backward pass."""
    times = []
    for _ in range(rounds):
        begin = perf_counter()
        both_passes(net, x)
        times.append(perf_counter() - begin)
    return peak_bytes(lambda: both_passes(net, x)) / 2**20, 1000 * min(times)


def deep(make, *first):
    """A net of 64 given layers."""
    return make(*first, *[small_layers.Wave() for _ in range(64)])


x, sizes = normal(64, 256), (1, 2, 4, 8, 16, 32, 64)
trial = deep(layers.Recomputing, 8)
plain = deep(layers.Sequential)
if ready(Sequential=plain.forward(x), Recomputing_forward=trial.forward(x)) and ready(
        Sequential_backward=plain.backward(x), Recomputing_backward=trial.backward(x)):
    usual = measured(plain, x)
    found = [measured(deep(layers.Recomputing, k), x) for k in sizes]
    print("k      MiB     ms")
    for k, (space, time) in zip(sizes, found):
        print(f"{k:<3}{space:7.2f}{time:7.2f}")
    print(f"all{usual[0]:7.2f}{usual[1]:7.2f}   Sequential")
    show_growth(sizes, {
        "MiB": {"recomputing": [one[0] for one in found], "Sequential": [usual[0]] * 7},
        "milliseconds": {"recomputing": [one[1] for one in found],
                         "Sequential": [usual[1]] * 7}}, xlabel="k")

# %% [markdown]
# The memory has its minimum at $k = 8 = \sqrt{64}$: with $n/k + k$ tensors, the best choice is $k = \sqrt n$, and
# $2\sqrt n$ tensors are kept instead of $n$. The price is a second forward pass, whatever $k$ is, so a training step takes about
# a third longer where a backward pass costs two forward passes (and about half as long again where it costs one, as in
# these cheap layers). This is how nets are trained that would not fit otherwise;
# PyTorch has it as `torch.utils.checkpoint`. One thing to watch: layers that draw random numbers must draw the *same* ones
# when they run again, so PyTorch saves and restores the generator's state.

# %% [markdown]
# Chains are enough for many nets, but not for all. From here on, the wiring is free.

# %% [markdown]
# ## 9  Any wiring: the graph
#
# In a `Sequential`, each layer has one neighbour on either side. Many nets are not chains. **Several** nodes may
# read the same value, a node may read **several** values, and a connection may skip over everything in between.
# All that is required is a graph without cycles, a *directed acyclic graph*:

# %%
from backprop import flat, functions, graph
from toolbox.probes import graph_ops
from toolbox.draw import show_network


def there(what, *answers):
    """True once all the answers are there; until then it says what is missing."""
    if any(answer is None or answer == {} for answer in answers):
        print("Nothing to show yet. Still to be written:", what)
        return False
    return True

# %% show=true
nodes, edges = {"s": "+1", "y": "×"}, [("x", "s"), ("x", "y"), ("s", "y")]
values = {"x": 4, "s": 5, "y": 20}
grads = {"y": 10, "s": 40, ("x", "s"): 40, ("x", "y"): 50, "x": 90}
draw_graph(nodes, edges, values, grads, rows={"x": 0, "s": 1, "y": 0},
           title="y = (x + 1) · x: values above the wires, gradients below");

# %% [markdown]
# ### A solved example
#
# Here $x = 4$ is read twice: by the node $s = x + 1$ and by the product $y = s\,x$. The upstream gradient is
# 10. The product swaps its factors: $10\cdot x = 40$ goes to $s$, and $10\cdot s = 50$ goes along the *direct*
# wire to $x$. The node $s$ passes its 40 on along the *other* wire to $x$. Nudge $x$, and the change reaches the
# end along both paths, so the gradients that come back along them **add up**: $40 + 50 = 90$. (By algebra:
# $y = x^2 + x$ has slope $2x + 1 = 9$, times 10.)
#
# Two rules are all there is to it:
#
# 1. **A node's turn comes when all its readers have had theirs.** Only then is its gradient complete.
# 2. **Where wires meet in the backward pass, gradients add up.**
#
# ### Predict
#
# Now one in which $x$ has three readers: $a = -2x$, $h = a\,x$, $y = h + x$, at $x = 3$, with 5 as the upstream gradient
# of $y$:

# %% show=true
nodes = {"a": "·(-2)", "h": "×", "y": "+"}
edges = [("x", "a"), ("a", "h"), ("x", "h"), ("h", "y"), ("x", "y")]
draw_graph(nodes, edges, {"x": 3}, {"y": 5, "h": None, "a": None, "x": None},
           rows={"x": 0, "a": 1, "h": 1, "y": 0});

# %% solution="graph_by_hand"
# small: the values "a", "h", "y"; what comes back to x along each of its three wires,
# "x_from_a", "x_from_h", "x_from_y"; and the gradients "grad_h", "grad_a", "grad_x".
# One line for each is fine: small["a"] = 1
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
# Open `lib/backprop/graph.py`. What a node does is its *op*: any object with `forward` and `backward`. All your
# layers are ops with one input. For several inputs there is one more rule: `backward` returns a **tuple**, one
# gradient for each input, in the same order. `Add` is given as an example. Write
#
# - `Multiply`: two inputs of one shape, entry by entry;
# - `Concat`: any number of inputs side by side, $(N, D_1), (N, D_2), \dots \to (N, D_1 + D_2 + \cdots)$. The
#   forward pass puts columns next to one another. So in the backward pass, which columns of the upstream
#   gradient belong to which input?

# %% item="graph_ops" points=2
check("graph_ops")

# %% [markdown]
# ### 9.2  An order to visit the nodes in
#
# Nodes may be added to a graph in any order: `add` only writes them down. Before anything can be computed, we
# need an order in which every node comes **after everything that it reads**, a *topological order*. Usually
# there are many; any of them will do.
#
# A good method has three steps:
#
# 1. For every name, list its readers. For every node, count how many of its sources are still missing: at
#    first, all of them.
# 2. The inputs are ready. Put them on the list.
# 3. Go along the list, and let it grow as you go: each name that you pass is one missing source fewer for each
#    of its readers, and a reader with none missing goes to the end of the list.
#
# | passing | missing at `a` | missing at `h` | missing at `y` | the list |
# | --- | --- | --- | --- | --- |
# | | 1 | 2 | 2 | x |
# | x | **0** | 1 | 1 | x, a |
# | a | | **0** | 1 | x, a, h |
# | h | | | **0** | x, a, h, y |
#
# If the list ends before every name is on it, the remaining nodes are on a **cycle**, or wait behind one. A
# node may also ask for a name that does not exist. Raise `ValueError` in both cases, with the name in the
# message: whoever mistyped one among two hundred will thank you. (Now and then a node lists one source twice,
# as $h\cdot h$ does. Make sure that your count and your readers agree about that.)

# %% item="graph_order" points=3
check("graph_order")

# %% [markdown]
# Here is *your* order on a graph of six nodes, step by step. Move the slider, or press play. A tick marks a node that
# has been passed; the number on its wire is its place in the order. Before each step, say which nodes are ready.

# %% show=true
def visit(step):
    """The first `step` names of your order: who is there, who is ready, who waits."""
    net = graph.Graph("x", "z")
    wiring = {"f": ("d", "e"), "d": ("a", "b"), "a": ("x",), "e": ("b", "c"),
              "b": ("x",), "c": ("z",)}
    for name, sources in wiring.items():  # in no particular order
        net.add(name, graph.Add(), *sources)
    order = net.order()
    if order is None:
        raise NotImplementedError("Graph.order is not written yet")
    done = order[:step]
    missing = {name: [s for s in sources if s not in done]
               for name, sources in wiring.items() if name not in done}
    ready = ", ".join(name for name, rest in missing.items() if not rest) or "none"
    waiting = ", ".join(f"{name} (for {', '.join(rest)})"
                        for name, rest in missing.items() if rest) or "none"
    places = {name: str(place) for place, name in enumerate(done, 1)}
    signs = {name: f"{name} ✓" if name in done else name for name in sorted(wiring)}
    edges = [(source, name) for name, sources in wiring.items() for source in sources]
    rows = {"x": 0, "z": 2.4, "a": -0.4, "b": 1, "c": 2.4, "d": 0, "e": 1.7, "f": 0.8}
    return draw_graph(signs, edges, places, rows=rows,
                      title=f"ready: {ready};  waiting: {waiting}")


play(visit, step=Steps(8, 3))

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "comes before it in …" | a node is ready when its *last* source is there, not its first |
# | the check never ends | in a cycle nothing becomes ready: does your loop notice? |
# | "not in […]" | inputs have a place in the order, and so do nodes that nobody reads |
# | `KeyError` where `ValueError` is due | look for unknown names first, before you count |
# | "RecursionError" | a depth-first function calls itself, and Python stops that at a depth of about 1000; a list of your own has no such limit |
#
# ### 9.3  Forward and backward
#
# With the order, `forward` is a loop: an input has its value, and a node passes the values of its sources to
# its op. And `backward` is the same loop in reverse:
#
# - it starts from the given gradients, of one output or of several;
# - when a node's gradient is complete, its op's `backward` turns it into one gradient for each source;
# - if a source already has a gradient, the new one is **added**.
#
# There is a trap in the last step. `grads[name] += grad` writes *into* the tensor that is there, and somebody
# else may be holding it as well: `Add` gave one and the same tensor to all of its sources. Make a new sum.

# %% item="graph_forward" points=1
check("graph_forward")

# %% item="graph_backward" points=4
check("graph_backward")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "In the backward pass, the first wrong gradient is that of h" | everything nearer to the output is right. Who reads `h`, and what did each of them send back? |
# | "Only one of the gradients … is left" | `grads[source] = …` overwrites |
# | "A node is processed before all of its gradient has arrived" | is your order exactly the reverse of the forward one? |
# | "ran 3 times" | visit each *node* once, not each path: there may be $2^{50}$ paths |
# | `too many values to unpack`, or a gradient with one dimension fewer | an op with one input returns a tensor, not a tuple; `zip` would happily take its rows apart |
#
# Here is a first look at your graph, drawn from your own `nodes`, with shapes from your `forward`, and below
# each wire the size of its gradient:

# %%
def layer(rows, columns, seed, scale=1.0):
    """A given linear op, so that the pictures depend on nothing but your graph."""
    w = scale * normal(rows, columns, seed=seed) / rows**0.5
    return graph_ops.Linear(w, 0.1 * normal(columns, seed=seed + 1))

# %% show=true
net = graph.Graph("x")
net.add("a", layer(4, 5, 1), "x")
net.add("h", graph_ops.Tanh(), "a")
net.add("r", layer(5, 4, 2), "h")
net.add("y", graph.Add(), "x", "r")
order, values = net.order(), net.forward(x=normal(6, 4))
grads = net.backward({"y": normal(6, 4, seed=3)}) if values else None
if there("Graph.order, forward and backward", order, values, grads):
    show_network(net, values, grads, title="a skip connection across three nodes")

# %% [markdown]
# ### 9.4  Calling it again, and deeper graphs
#
# An engine is used thousands of times in a row. So: a second `backward` gives the same numbers as the first, a
# second `forward` forgets the first, dicts that you have returned stay as they are, and a chain of two thousand
# nodes is no problem. If you have kept nothing in `self` but the nodes, all of this may be true already.
# (PyTorch chose differently on one point: it *does* keep `.grad` and add to it until somebody calls
# `zero_grad()`. That is handy for processing a large batch in small pieces, and a famous source of mistakes.)

# %% item="graph_again" points=2
check("graph_again")

# %% [markdown]
# ### One net, three ways
#
# Here is the two-layer net once more: as the flat code of the notebook `flat`, as a `Sequential`, and as a
# graph, with the same weights and the same batch of digits. The gradients must agree, up to rounding,
# because they are the same sums.

# %% show=true
x, y = load_digits("train", limit=64)
w1, b1 = normal(64, 20, seed=1) / 8, normal(20, seed=2) / 8
w2, b2 = normal(20, 10, seed=3) / 4, normal(10, seed=4) / 4


def as_flat_code():
    return flat.net_softmax(x=x, y=y, w1=w1, b1=b1, w2=w2, b2=b2, reg=0.0)[1]


def as_a_chain():
    net = layers.Sequential(layers.Linear(w1, b1), layers.ReLU(), layers.Linear(w2, b2))
    net.backward(losses.softmax_cross_entropy(net.forward(x), y)[1])
    names = {"w1": "0.w", "b1": "0.b", "w2": "2.w", "b2": "2.b"}
    return {name: net.grads[place] for name, place in names.items()}


def as_a_graph():
    first, second, net = layers.Linear(w1, b1), layers.Linear(w2, b2), graph.Graph("x")
    net.add("scores", second, "h")  # in any order
    net.add("h", layers.ReLU(), "a")
    net.add("a", first, "x")
    scores = net.forward(x=x)["scores"]
    net.backward({"scores": losses.softmax_cross_entropy(scores, y)[1]})
    return {"w1": first.grads["w"], "b1": first.grads["b"],
            "w2": second.grads["w"], "b2": second.grads["b"]}


NAMES, found = ("w1", "b1", "w2", "b2"), {}
ways = {"flat": as_flat_code, "chain": as_a_chain, "graph": as_a_graph}
for name, way in ways.items():
    try:
        grads = way()
        found[name] = {key: grads[key] for key in NAMES if grads.get(key) is not None}
    except Exception as error:  # something that it needs is not written yet
        print(f"{name}: not yet ({type(error).__name__}: {error})")
print("size of:  ", *(f"{name:>12}" for name in NAMES), "  difference from the first")
for name, grads in found.items():
    if len(grads) == 4:
        first = next(iter(found.values()))
        differences = [float((grads[key] - first[key]).abs().max())
                       for key in grads if key in first]
        sizes = [f"{float(grad.norm()):12.8f}" for grad in grads.values()]
        print(f"{name:10}", *sizes, f"  {max(differences, default=float('nan')):.0e}")

# %% [markdown]
# ### 9.5  A block with a skip connection
#
# The most successful wiring of all is the *residual block*: instead of $y = F(x)$ compute $y = x + F(x)$, so
# that the layers inside only have to learn what is **missing**. Write
# `residual_block(graph, source, name, first, activation, second)` in `graph.py`. It adds four nodes to a graph
# that belongs to somebody else, and returns the name of the last one, so that the next block can be attached to
# it. Take care with the names: two blocks must fit into one graph.

# %% item="graph_skip" points=2
check("graph_skip")

# %% show=true
net, last = graph.Graph("x"), "x"
for name, seed in (("one", 1), ("two", 2)):
    parts = layer(4, 5, seed), graph_ops.Tanh(), layer(5, 4, seed + 5)
    last = last and graph.residual_block(net, last, name, *parts)
values = net.forward(x=normal(6, 4)) if last and net.order() else None
if there("residual_block, and Graph.forward and backward", last, values):
    grads = net.backward({last: normal(6, 4, seed=3)})
    show_network(net, values, grads, title="two residual blocks")

# %% [markdown]
# Why does that help? Here is an experiment with *your* graph: thirty blocks, each of two linear layers with a
# tanh between them. The weights of the second are a little small, so that one block alone weakens what passes
# through it. The blocks are stacked once as they are, and once with a skip around each. A gradient of size 1
# goes in at the end. How large is it when it arrives at each block?

# %% show=true
def gradient_sizes(blocks, skip):
    """How large the gradient is at the output of each block, from first to last."""
    net, names = graph.Graph("x"), ["x"]
    for number in range(blocks):
        first = layer(16, 16, 2 * number)
        second = layer(16, 16, 1000 + 2 * number, scale=0.5)
        name = f"block{number}"
        if skip:
            graph.residual_block(net, names[-1], name, first, graph_ops.Tanh(), second)
        else:
            net.add(f"{name}.a", first, names[-1])
            net.add(f"{name}.h", graph_ops.Tanh(), f"{name}.a")
            net.add(name, second, f"{name}.h")
        names.append(name)
    if not net.forward(x=normal(32, 16)):
        return None
    grads = net.backward({names[-1]: normal(32, 16, seed=9)})
    return grads and [float(grads[name].pow(2).mean().sqrt()) for name in names]


curves = {"plain": gradient_sizes(30, skip=False) if net.order() else None,
          "with skips": gradient_sizes(30, skip=True) if last else None}
if there("Graph and residual_block", *curves.values()):
    where = "block, from the input (left) to the output (right)"
    figure = show_curves(curves, xlabel=where,
                         ylabel="size of the gradient",
                         title="The backward pass through 30 blocks")
    figure.axes[0].set_yscale("log")

# %% [markdown]
# One curve falls by many powers of ten on its way to the left: the first layers would hardly learn. The other
# keeps its size.
#
# ### 9.6  What can be computed at the same time
#
# The order from 9.2 is a queue for one worker. With several workers, a node may start as soon as all its sources are
# there, whatever else is still running. Give each name a **level**: 0 for inputs, and for a node one more than the
# highest level among its sources. Nodes on the same level never wait for one another.
#
# Here is a net with four branches. Below, your own graph runs it twice: once in your order, and once level by level on
# four threads (each node as a little graph of its own, so it is your `forward` both times). It is timed with two kinds
# of node. The first multiplies matrices, and gains only as much as your processor has cores to offer. The second just waits, as
# for a result from another machine, and shows what the graph itself allows.

# %% show=true
from concurrent.futures import ThreadPoolExecutor
from time import sleep

from toolbox.draw import levels_of


class Wait:
    """An op that waits 10 ms, and then returns its input."""

    def forward(self, x):
        sleep(0.01)
        return x


def branches(count, depth, make):
    """x goes into `count` chains of `depth` nodes; their ends are put side by side."""
    net, ends = graph.Graph("x"), []
    for branch in range(count):
        last = "x"
        for number in range(depth):
            last = net.add(f"b{branch}.{number}", make(), last)
        ends.append(last)
    net.add("y", graph.Concat(), *ends)
    return net


def by_levels(net, pool, **inputs):
    """The values of a net, level by level; the nodes of a level at the same time."""
    values, level = dict(inputs), levels_of(net)

    def run(name):
        alone = graph.Graph(*dict.fromkeys(net.nodes[name].sources))
        alone.add(name, net.nodes[name].op, *net.nodes[name].sources)
        here = {source: values[source] for source in alone.inputs}
        return alone.forward(**here)[name]

    for now in range(1, max(level.values()) + 1):
        names = [name for name in net.nodes if level[name] == now]
        values |= dict(zip(names, pool.map(run, names)))
    return values


def matrix_op():
    return graph_ops.Linear(torch.ones(500, 500) / 500, torch.zeros(500))


def median_time(function, rounds=5):
    times = []
    for _ in range(rounds):
        begin = perf_counter()
        function()
        times.append(perf_counter() - begin)
    return sorted(times)[rounds // 2]


branched = branches(4, 2, graph_ops.Tanh)
if there("Graph.forward and Concat", branched.forward(x=normal(2, 3)).get("y")):
    show_network(branched, branched.forward(x=normal(2, 3)), title="four branches")
    batch = torch.ones(300, 500)
    print("                        nodes  levels  in order    by levels")
    with ThreadPoolExecutor(4) as pool:
        for title, make in (("matrix products", matrix_op), ("waiting", Wait)):
            for count, depth in ((4, 3), (1, 12)):
                net = branches(count, depth, make)
                one = median_time(lambda: net.forward(x=batch))
                four = median_time(lambda: by_levels(net, pool, x=batch))
                what = f"{title}, {count} × {depth}"
                print(f"{what:25}{len(net.nodes):4}{max(levels_of(net).values()):8}"
                      f"{1000 * one:8.0f} ms {1000 * four:8.0f} ms")

# %% [markdown]
# The time of all nodes, divided by that of the longest path, is the most that parallel work can gain, with any number of
# workers: here about four for the four branches (`Concat` takes hardly any time), and nothing at all for the chain.
# Matrix products gain less if your
# computer has fewer cores, or if they are busy. In the backward pass the wires are reversed and the levels are the same.
#
# **A graph is a layered net with skips.** The picture above is drawn level by level: each column is a layer, and a wire
# that passes over a column is a skip connection. So *every* directed acyclic graph is a layered network with skips, and
# those are the only two things that a wire can do.
#
# ### 9.7  Three famous nets
#
# Your graph knows nothing about mathematics, so it does not need numbers either. Below it builds **AlexNet**, **VGG-16**
# and **ResNet-18**, and runs them on tensors that have a shape and no content (device `meta`), so that a net of 138
# million parameters needs no memory at all. Boxes above one another are on the same level.

# %% show=true
from toolbox.given import famous_nets
from toolbox.draw import show_architectures


def count_paths(net, last):
    """The number of paths from the input to `last`, in one pass over your order."""
    paths = {"x": 1}
    for name in net.order():
        if name in net.nodes:
            paths[name] = sum(paths[source] for source in net.nodes[name].sources)
    return paths[last]


nets, shapes = {}, {}
for name, build in famous_nets.FAMOUS.items():
    net = graph.Graph("x")
    last = build(net)
    values = net.forward(x=famous_nets.image()) if net.order() else {}
    if not there("Graph.order and Graph.forward", values):
        break
    if not nets:
        head = "parameters  multiply-adds  kept/image   nodes  levels  paths"
        print(" " * 12 + head)
    nets[name], shapes[name] = net, values
    ops = [node.op for node in net.nodes.values()]
    kept = sum(value.numel() for value in values.values()) * 4 / 2**20
    print(f"{name:10}{sum(op.params for op in ops):12,}{sum(op.work for op in ops):15,}"
          f"{kept:8.1f} MiB{len(ops):6}{max(levels_of(net).values()):8}"
          f"{count_paths(net, last):7}")
if nets:
    show_architectures(nets, shapes);

# %% [markdown]
# VGG-16 has twelve times as many parameters as ResNet-18, most of them in one fully connected layer, and needs more
# than eight times the arithmetic. What must be *kept* for the backward pass is a matter of image size and depth, and has little to
# do with the number of parameters. ResNet-18 has hardly more nodes per level than a chain, so there is little to run in
# parallel *between* its nodes (within them, a GPU finds plenty). And it has $2^8$ paths, all of which your `backward`
# covers with one visit to each node.
#
# ### Written question 2
#
# (a) Look at what `Add.backward` does, and explain the difference between the two curves of 9.5. Why can the gradient
# not vanish along the skips, however small the weights inside the blocks are?
#
# (b) Somebody writes $y = x \cdot F(x)$, with `Multiply` in place of `Add`. What comes back along the skip now,
# and what does its size depend on?
#
# (c) Your `backward` visits each node once. How many paths are there from the input to the output of thirty
# residual blocks? Say in one sentence why the sum over all of them still comes out right.

# %% [markdown] written="why_skips" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) `Add` passes its upstream gradient to both sources unchanged. So the input of a block receives the gradient
# of its output *plus* what comes through $F$: $g + g\,J_F$, where $J_F$ is small. Over thirty blocks that is a
# product of factors $(1 + J_F)$, not of factors $J_F$: each is near 1, while the plain chain multiplies thirty
# small ones. (It could vanish only if $J_F$ were near $-1$.)
#
# (b) `Multiply` swaps its factors: $g \cdot F(x)$ comes back along the skip, which is small where $F(x)$ is
# small. The skip is no longer an open road; its gradient depends on what the block computes.
#
# (c) $2^{30}$, about a billion: at each block, through $F$ or around it. Sums can be factored: everything that
# comes after a node has the same factor on all paths through it, so the gradients may be added at the node and
# passed on once.
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 10  Your rules inside PyTorch
#
# You have built an engine. In yours, the graph is described first (`add`) and then run, as often as you like: a
# *static* graph. PyTorch does it the other way round. It runs your lines as Python runs them, one by one, and each
# operation on a tensor adds a node to a graph that did not exist before: an **eager**, or dynamic, graph. Whatever Python
# can do (`if`, `while`, recursion) can shape the graph, and the next call may build another. Look at what PyTorch has
# recorded:

# %% show=true
def recorded(value):
    """The nodes that lead to a value, the last first, along first inputs."""
    names, node = [], value.grad_fn
    while node is not None:
        names.append(type(node).__name__.replace("Backward0", ""))
        node = node.next_functions[0][0] if node.next_functions else None
    return " ← ".join(names)


def halve(x):
    """Halves a number until it is below 1: how often, depends on the number."""
    while x >= 1:
        x = x / 2
    return x.tanh()


for start in (0.7, 3.0, 9.0):
    x = torch.tensor(start, requires_grad=True)
    y = halve(x)
    y.backward()
    print(f"x = {start}: {recorded(y)}; gradient {float(x.grad):.4f}")

# %% [markdown]
# Three inputs, three graphs, and in each the gradient of what was really computed (the test in the `while` leaves no
# trace: it has no derivative). After `backward` the graph is thrown away. A static graph can be examined and optimised as
# a whole before it runs; an eager one can be debugged line by line. `torch.compile` records an eager program once and
# then treats it as static.
#
# PyTorch also lets you add nodes of your own: a `torch.autograd.Function` has two static methods, and you know both of
# them.
#
# ### A solved example: the cube

# %%
class Cube(torch.autograd.Function):
    """y = x ** 3, entry by entry."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)  # the cache, kept by PyTorch
        return x**3

    @staticmethod
    def backward(ctx, grad_out):  # upstream in, downstream out, one for each argument
        (x,) = ctx.saved_tensors
        return grad_out * 3 * x**2


x = torch.tensor([1.0, 2, 3], requires_grad=True)
y = Cube.apply(x)  # apply, not forward: that puts the node into PyTorch's graph
y.backward(torch.tensor([1.0, 10, 100]))
print(y, x.grad, sep="\n")

# %% [markdown]
# Inside `forward` nothing is recorded; whatever you write there becomes *one* node. PyTorch takes care of the
# order, the sums and the leaves. (There is a second way to write it, with a separate `setup_context`; either
# will do.)
#
# Write `Multiply`, `Sigmoid`, `Softmax` and `Linear` in `lib/backprop/functions.py`. You know all the rules
# already; what is new is where things are kept. Two pieces of advice:
#
# - Save the **output** where the local gradient is shortest in terms of it: for sigmoid and softmax.
# - Return one gradient for each argument, in the same order. `None` is allowed for an argument that needs none.
#
# And one rule: `backward` is yours. Calling `torch.autograd.grad`, `torch.func` or a ready-made `…_backward`
# inside it would only ask the engine for its own answer, and the checks notice.

# %% item="function_multiply" points=2
check("function_multiply")

# %% item="function_sigmoid" points=2
check("function_sigmoid")

# %% item="function_softmax" points=2
check("function_softmax")

# %% item="function_linear" points=2
check("function_linear")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "returned an incorrect number of gradients" | one for each argument of `forward`, not counting `ctx` |
# | "returns nothing yet", though it does | `return` in *both* methods |
# | "returned an invalid gradient … expected shape" | a gradient has the shape of its argument: a sum over the batch? a transpose? |
# | "element 0 of tensors does not require grad" | you called `forward` instead of `apply` |
# | "differentiated twice: …" | read the next section |
#
# ### 10.1  Differentiating twice
#
# A backward pass is a computation like any other, so it can itself be differentiated. Newton's method, gradient
# penalties and meta-learning need that. With a Function it works by itself *if* PyTorch can see how `backward`
# got its numbers: from what went through `save_for_backward` (arguments and outputs), by tensor operations. Here
# is one that is right once and wrong twice:

# %% show=true
class Careless(torch.autograd.Function):
    """y = exp(x), with a backward pass that PyTorch cannot look through."""

    @staticmethod
    def forward(ctx, x):
        # neither an argument nor the output: for PyTorch, a number from nowhere
        ctx.kept = torch.exp(x.detach())
        return torch.exp(x)

    @staticmethod
    def backward(ctx, grad_out):
        return grad_out * ctx.kept


x, check_only = normal(3).requires_grad_(), {"raise_exception": False}
once = torch.autograd.gradcheck(Careless.apply, [x], **check_only)
twice = torch.autograd.gradgradcheck(Careless.apply, [x], **check_only)
print("differentiated once: ", once)
print("differentiated twice:", twice)

# %% [markdown]
# `gradcheck` nudges the inputs, like the checker that you wrote yourself, and compares with your `backward`;
# `gradgradcheck` does the same one level up, for the derivative of `backward`. Now compare your four with
# PyTorch's own operations: forward, backward, and differentiated twice.

# %% show=true
twins = {
    "Multiply": (torch.mul, [normal(3, 4), normal(3, 4, seed=1)]),
    "Sigmoid": (torch.sigmoid, [normal(3, 4)]),
    "Softmax": (lambda x: torch.softmax(x, dim=-1), [normal(3, 4)]),
    "Linear": (lambda x, w, b: x @ w + b,
               [normal(5, 4), normal(4, 3, seed=1), normal(3, seed=2)]),
}


def leaves(inputs):
    return [x.clone().requires_grad_() for x in inputs]


def all_of(function, inputs):
    """Values, gradients and second gradients of sin(function), each as one row."""
    inputs = leaves(inputs)
    value = function(*inputs)
    grads = torch.autograd.grad(value.sin().sum(), inputs, create_graph=True)
    again = torch.autograd.grad(sum((grad**2).sum() for grad in grads), inputs)
    rows = ([value], grads, again)
    return [torch.cat([part.detach().flatten() for part in parts]) for parts in rows]


print("largest difference from PyTorch")
print(f"{'':12}     value  gradient    second   gradcheck  gradgradcheck")
for name, (twin, inputs) in twins.items():
    mine = getattr(functions, name).apply
    try:
        pairs = zip(all_of(mine, inputs), all_of(twin, inputs))
        differences = [float((left - right).abs().max()) for left, right in pairs]
        once = torch.autograd.gradcheck(mine, leaves(inputs), **check_only)
        twice = torch.autograd.gradgradcheck(mine, leaves(inputs), **check_only)
        numbers = "".join(f"{difference:10.0e}" for difference in differences)
        print(f"{name:12}{numbers}{once!s:>12}{twice!s:>15}")
    except Exception as error:
        print(f"{name:12} not yet ({type(error).__name__})")

# %% [markdown]
# ## 11  A module, and the same net by hand
#
# Above Functions, PyTorch has **modules**: objects that own parameters. `nn.Parameter` marks a tensor as one;
# every `nn.Parameter`, and every module, that you assign to `self` in the constructor is found by `parameters()`, by
# optimisers, and by `state_dict()` for saving.
#
# Fill in `MLP` in `functions.py`: four parameters in the constructor, and in `forward` the net
#
# $$x \;\to\; \text{linear} \;\to\; \text{sigmoid} \;\to\; \text{linear} \;\to\; \text{softmax} \;\to\; \text{probabilities}.$$
#
# It is built from *whatever operations it is given*: `self.linear`, `self.sigmoid`, `self.softmax`. By default
# these are yours.

# %% item="mlp_module" points=2
check("mlp_module")

# %% [markdown]
# And once more without any of it. `mlp_by_hand` computes the same probabilities and, from a gradient of them,
# the gradient of every node, in plain tensor operations. Its eight lines are what PyTorch's engine does behind
# the scenes. This time the backward pass begins at the softmax.

# %% item="mlp_by_hand" points=3
check("mlp_by_hand")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "PyTorch finds …" names other than w1, b1, w2, b2 | only what is an `nn.Parameter` *and* an attribute of `self` counts |
# | "cut off from the parameters" | a `.data`, `.detach()` or `no_grad` on the way |
# | a gradient wrong by hand, everything before it right | read the forward line that uses that variable; where is its partner in the backward pass? |
# | `nan` for scores of a thousand | which number may you subtract from a whole row without changing its softmax? |
#
# Now all together: one batch of digits; the module built from your Functions, the module built from PyTorch's
# operations, and the net by hand. Three times the same gradients.

# %% show=true
x, y = load_digits("train", limit=100)
target = F.one_hot(y, 10).double()
yours = functions.MLP(64, 30, 10).double()
params = dict(yours.named_parameters())
if there("MLP", params or None) and there("MLP.forward, your Functions", p := yours(x)):
    ((p - target) ** 2).sum(dim=1).mean().backward()
    ready_made = {"linear": lambda x, w, b: x @ w + b, "sigmoid": torch.sigmoid,
                  "softmax": lambda s: s.softmax(dim=-1)}
    theirs = functions.MLP(64, 30, 10, **ready_made).double()
    theirs.load_state_dict(yours.state_dict())
    ((theirs(x) - target) ** 2).sum(dim=1).mean().backward()
    with torch.no_grad():
        weights = [w.detach() for w in params.values()]
        grad_out = 2 * (p.detach() - target) / len(x)
        _, by_hand = functions.mlp_by_hand(x, *weights, grad_out=grad_out)
    print("largest difference from your module:    PyTorch's operations      by hand")
    for name, theirs_w in theirs.named_parameters():
        mine, other = params[name].grad, by_hand.get(name)
        hand = float("nan") if other is None else float((other - mine).abs().max())
        library = float((theirs_w.grad - mine).abs().max())
        print(f"{name:>36}{library:22.0e}{hand:15.0e}")

# %% [markdown]
# And it learns. Two hundred steps of plain gradient descent on all training digits, with the cross-entropy of
# the right class, through your Functions:

# %% show=true
def learn(steps=200, lr=2.0):
    """Train a new module; returns its losses and its accuracy on new images."""
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
    show_curves({"loss": curve},
                title=f"Your module on the digits: {right:.1%} right on new images");

# %% [markdown]
# ### Graphs and Functions, in short
#
# - A net is a **graph without cycles**. All that `forward` needs is an order in which sources come first; all
#   that `backward` needs is its reverse. A node's turn comes when all its readers have had theirs, and where
#   wires meet, gradients **add up**, into a new tensor.
# - Each node is visited once, however many paths there are. That is why the backward pass costs no more than a
#   small multiple of the forward pass.
# - A **skip connection** is an `Add`; in the backward pass it lets the whole gradient through.
# - A `torch.autograd.Function` is your forward and your backward as one node in PyTorch's graph. Save arguments
#   and outputs with `save_for_backward`, compute with tensor operations, and second derivatives come for free.
# - An `nn.Module` adds the bookkeeping for parameters, and nothing to the mathematics: the net by hand has the
#   same gradients, up to rounding.

# %% [markdown]
# ## 12  Key points
#
# - A **layer** keeps one contract: `forward` and a cache, `backward` from upstream to downstream, and the
#   gradients of its parameters beside it. It knows nothing about the net that it is in, and that is why it fits
#   into any.
# - The **cache** is what the backward pass needs: for a linear layer its input, for a sigmoid its output, for a
#   ReLU or a dropout one bit per entry. With large batches, or with images, most of the memory used in training is caches.
# - **Copies add up**: biases, shared weights, statistics that serve a whole batch. Miss one path of a value that
#   is used twice, and the gradient looks plausible and is wrong.
# - **Batch normalisation** removes from a gradient whatever would only shift or stretch a column. Node by node
#   it takes seven lines; in one line it can be read.
# - **Two modes**: what is random, or depends on the batch, in training must not do so at test time.
# - **Stability** is part of the definition: subtract the largest score, keep softmax and log together, never
#   let exp see a large number.
# - A chain of layers is a layer. A **graph** of layers needs an order to visit its nodes in, and adds gradients
#   where wires meet.
# - PyTorch's modules do the same as yours, up to rounding; `torch.autograd.Function` accepts your own rules.
#
# In the next notebook the net gets an optimiser, data in mini-batches, and a GPU.
#
# ### Hand in
#
# 1. Restart the kernel and run everything (*Run* → *Run all cells*), to be sure that it works from the top. Save
#    the notebook and the modules.
# 2. Make the file to hand in: remove the two `# ` in the cell below and run it. It checks that everything is
#    there and writes one zip.
# 3. Upload that zip. You may do so as often as you like before the deadline; the last one counts.

# %%
# from toolbox import submit
# submit("layers")
