# ---
# jupyter:
#   backprop_kit: {assignment: flat, modules: [flat], order: 2}
# ---

# %% [markdown]
# # Flat gradient code: the forward pass, read backwards
#
# A network learns by asking one question about each of its weights: *if I increased this one a little, would
# the loss rise or fall, and how fast?* The answer is a number, the **gradient** of the loss with respect to this
# weight. A small network has thousands of weights and a large one billions. Backpropagation answers the question
# for all of them at once, for about the price of evaluating the network three times: once forward, and a backward
# pass that costs about two.
#
# In `scalar` you carried gradients through graphs of single numbers. Now whole batches of images go through
# them, and you write the backward pass in the plainest way there is. By the end of this notebook you will have
#
# - written the backward pass of linear classifiers with three losses, of logistic regression, and of a two-layer
#   network;
# - trained them on real handwritten digits **with your own gradients**;
# - seen why the loss of a linear classifier has one valley, and that of a network many;
# - learnt to find a wrong line in somebody else's backward pass.
#
# | part | sections | what you do | time | remarks |
# | --- | --- | --- | --- | --- |
# | A | 1–3 | from a graph to flat code: a square, a neuron | 1 h | the core; ½ h if `scalar` is fresh |
# | B | 4 | a linear classifier: hinge, softmax, squared loss | 2 h | the core; of the three losses, 4.3 may be skipped |
# | C | 5 | logistic regression | ¾ h | may be skipped |
# | D | 6 | two layers | 1½ h | the core; once with each loss |
# | E | 7 | gradient checking, find the bug | 1 h | `tensors` builds on it |
#
# There are {{checks}} checks ({{points}} points) and {{written}} written questions ({{written_points}} points), about
# {{hours}} hours in all. Each check counts by itself, and the given cells work without the parts that you skip.
#
# You need: the notebook `scalar`, sections 1 and 2; matrix products; a little PyTorch (tensors, shapes, sums).

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
import matplotlib.pyplot as plt
import torch
from backprop import flat
from toolbox import check
from toolbox.datasets.digits import load_digits
from toolbox.draw import (
    describe,
    draw_graph,
    listed,
    show_curves,
    show_graph_steps,
    show_images,
    show_scores,
    show_weights,
)
from toolbox.gradcheck import gradcheck

torch.set_num_threads(1)  # small matrices: one thread is fastest


def ready(answer, *names):
    """True once (loss, grads) holds all of it; until then it says what is missing."""
    loss, grads = answer
    missing = ["the loss"] if loss is None else []
    missing += [f'grads["{name}"]' for name in names if grads.get(name) is None]
    if missing:
        print("Nothing to show yet. Still to be written:", ", ".join(missing))
    return not missing

# %% [markdown]
# ## 0  How this works
#
# Everything is as in `scalar`, except that your code goes into one file, `lib/backprop/flat.py`. Short answers go
# into this notebook, wherever you see `# YOUR CODE HERE`.
#
# **What you may use.** Any tensor operation of PyTorch except those that would do the work for you: no
# `.backward()`, no `torch.autograd`. Here *you* are the autograd.
#
# | you see | look at |
# | --- | --- |
# | `FileNotFoundError: the course is not here` in the first cell | the notebook must lie in the course's folder, the one that holds `lib` |
# | `ModuleNotFoundError: torch` | the notebook's kernel is not the course's environment: the README says how to set it up |
# | a check still shows the old result | `flat.py` is not saved; or restart the kernel (menu *Kernel*) and run from the top |
# | `SyntaxError` or `IndentationError` from `flat.py` | the line it names, and the one above: often an open bracket or a mixed indent |
# | "Nothing to show yet" | not an error: this picture is drawn by your code, once that exists |

# %% [markdown]
# ## 1  A graph, its values, its gradients
#
# What you bring along from `scalar`, on one page. Every operation is a **node**, every value a **wire**. The
# **forward pass** writes values on the wires, from left to right. The **backward pass** writes gradients on
# them, from right to left, starting with a 1: how much the end changes for each unit by which this value
# changes. At every node,
#
# $$\text{downstream} \;=\; \text{upstream} \times \text{local}$$
#
# and most nodes are of four kinds:
#
# | node | forward | what it does to the upstream gradient |
# | --- | --- | --- |
# | add | $a + b$ | *distributes* it: the same to both inputs |
# | multiply | $a\,b$ | *swaps*: each input gets it times the other input |
# | copy | one value used twice | *adds up* what comes back along the two wires |
# | max | $\max(a, b)$ | *routes* it: all to the larger input, nothing to the other |

# %% [markdown]
# The lecture's graph, $f = (x+y)\,z$, node by node. The yellow wires are the ones just filled in.

# %% show=true
nodes = {"q": "+", "f": "×"}
edges = [("x", "q"), ("y", "q"), ("q", "f"), ("z", "f")]
values = {"x": -2, "y": 5, "z": -4, "q": 3, "f": -12}
after_base = {"f": 1}
after_mul = {**after_base, "q": -4, "z": 3}
after_add = {**after_mul, "x": -4, "y": -4}
show_graph_steps(nodes, edges, values, [
    ("forward pass done, no gradient known", {}, []),
    ("1. base case: f changes exactly with f, so 1", after_base, ["f"]),
    ("2. × swaps: each input gets 1 · (the other input)", after_mul, ["q", "z"]),
    ("3. + distributes: each input gets -4 · 1", after_add, ["x", "y"]),
]);

# %% [markdown]
# Notice what each node did *not* need: any knowledge of the rest of the graph. It saw its own inputs and one
# number from the right. That is why the scheme works for a graph of a million nodes, too.
#
# ### Two other ways, and why nobody uses them
#
# **Derive a formula on paper.** This is fine for $(x+y)z$. For a network it takes sheets of matrix calculus, and
# when you change the loss you start again. Besides, we do not want a formula. For $x^2+y^2$ at $(5, 3)$ we want
# the two numbers $(10, 6)$, *here*, and not the expression $(2x, 2y)$.
#
# **Nudge every weight.** Each nudge costs one run of the whole network:

# %% show=true
row = "{:38s} {:>12}   {:>30}   {}".format
print(row("network", "weights", "runs by nudging (up and down)", "by backpropagation"))
for network, weights in {
    "(x + y) z": 3,
    "the two-layer net of section 6, H = 32": 64 * 32 + 32 + 32 * 10 + 10,
    "AlexNet (2012), about": 61_000_000,
}.items():
    print(row(network, f"{weights:,}", f"{2 * weights:,}", "the price of about 3"))

# %% [markdown]
# Nudging is still good for one thing: *checking*. Section 7 relies on it.

# %% [markdown]
# ## 2  Your first backward pass
#
# ### Predict
#
# Take $f = (x\,y + z)^2$ at $x = 3,\ y = -2,\ z = 5$, cut into three nodes: $p = x\,y$, then $q = p + z$, then
# $f = q^2$. The local gradient of a square is $2q$.
#
# Do this one **on paper**: draw the graph, write the values above the wires, then the gradients below, right to
# left. Then fill in your numbers.

# %% solution="predict"
# predicted maps each name to your number: p, q, f, df_dq, df_dp, df_dx, df_dy, df_dz.
# One line for each is fine, for example: predicted["p"] = ...
predicted = {}
### BEGIN SOLUTION
predicted = {"p": -6, "q": -1, "f": 1}
predicted["df_dq"] = -2  # 2q, upstream 1
predicted["df_dp"] = -2  # + distributes
predicted["df_dz"] = -2
predicted["df_dx"] = 4  # × swaps: -2 · y
predicted["df_dy"] = -6  # -2 · x
### END SOLUTION

# %% show=true
# Your numbers in the graph ("?" where one is missing).
found = {key.removeprefix("df_d"): number for key, number in predicted.items()}
draw_graph(
    {"p": "×", "q": "+", "f": "square"},
    [("x", "p"), ("y", "p"), ("p", "q"), ("z", "q"), ("q", "f")],
    {"x": 3, "y": -2, "z": 5, **{k: predicted[k] for k in "pqf" if k in predicted}},
    {"f": 1, **{k: found[k] for k in "qpxyz" if f"df_d{k}" in predicted}},
    title="f = (x y + z)²",
);

# %% item="predict" points=2
check("predict")

# %% [markdown]
# ### From a graph to flat code
#
# Now let the computer do it. **Flat code** writes the forward pass with one node on each line, and below it the
# backward pass: the *same lines, last to first*, each turned into the lines for its gradients. Here is a solved
# one, $(x+y)z$:
#
# | forward, top to bottom | backward, bottom to top |
# | --- | --- |
# | `q = x + y` | `grads["x"] = grads["q"]` and `grads["y"] = grads["q"]` |
# | `f = q * z` | `grads["q"] = z * 1.0` and `grads["z"] = q * 1.0` (the base case, `df/df`, is the 1.0) |

# %% show=true
def sum_times(x, y, z):
    """f = (x + y) z, and the gradient of f with respect to q, z, x and y."""
    grads = {}
    # Forward.
    q = x + y                # node A
    f = q * z                # node B
    # Backward: node B, then node A.
    grads["q"] = z * 1.0     # B: × swaps; upstream is the base case, 1
    grads["z"] = q * 1.0     # B
    grads["x"] = grads["q"]  # A: + distributes; upstream is the gradient on the wire q
    grads["y"] = grads["q"]  # A
    return f, grads


sum_times(-2.0, 5.0, -4.0)

# %% [markdown]
# Read it twice and notice three things. They hold for all code in this notebook.
#
# - A gradient has the name of its wire: `grads["q"]` is $\partial f/\partial q$, whatever is to the right of
#   $q$.
# - By the time a line needs an upstream gradient, an earlier line has made it.
# - The backward lines use values of the forward pass (`z`, `q`), so these must still be around.
#
# **Now you.** Open `lib/backprop/flat.py` and fill in `toy`: the function $(x\,y+z)^2$ for any three numbers.
# It takes three lines forward and five backward, and you have just done it on paper.

# %% show=true
flat.toy(3.0, -2.0, 5.0)

# %% item="toy" points=2
check("toy")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | right at (3, −2, 5) on paper, wrong at other numbers | a number of the example typed into the code where a variable belongs |
# | `x` and `y` the wrong way round | × *swaps*: `x` gets the value of the other input |
# | everything on the left wrong by the same factor | the gradient of the square, which they all pass through |
# | `KeyError: 'p'` | a line uses `grads["p"]` before the line that makes it: check the order |

# %% [markdown]
# ## 3  A logistic neuron
#
# You know this neuron from `scalar`:
#
# $$f = \sigma(w_0 x_0 + w_1 x_1 + w_2), \qquad \sigma(s) = \frac{1}{1 + e^{-s}}, \qquad \frac{d\sigma}{ds} = \bigl(1 - \sigma(s)\bigr)\,\sigma(s)$$
#
# With σ as one node, which remembers nothing but its output, it becomes flat code of five lines forward and as
# many steps back. At $w=(2,-3,-3)$ and $x=(-1,-2)$ the sum is $s_3 = 1$, the output is $\sigma(1) = 0.73$, and the
# first step back gives $1 \cdot (1 - 0.73) \cdot 0.73 = 0.2$. The gradients of the inputs come from *your* code:
# fill in `neuron` in `flat.py`, then run the next cell again. (Three wires in the middle keep their "?". Your
# function needs those gradients on the way and does not return them. Which numbers belong there?)

# %% show=true
loss, grads = flat.neuron(w0=2.0, x0=-1.0, w1=-3.0, x1=-2.0, w2=-3.0)
inputs = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}
draw_graph(
    {"s0": "×", "s1": "×", "s2": "+", "s3": "+", "f": "σ"},
    [("w0", "s0"), ("x0", "s0"), ("w1", "s1"), ("x1", "s1"), ("s0", "s2"), ("s1", "s2"),
     ("s2", "s3"), ("w2", "s3"), ("s3", "f")],
    {**inputs, "s0": -2, "s1": 6, "s2": 4, "s3": 1, "f": 0.731},
    {"f": 1, "s3": 0.1966, **{name: grads[name] for name in inputs if name in grads}},
    title="logistic neuron: the gradients of the w and x come from your code",
);

# %% item="neuron" points=3
check("neuron")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | `x0` and `w0` exchanged | the swap at that × |
# | everything 0 at the first example, where the sum is 1, and wrong elsewhere | $\sigma(1-\sigma)$ needs the *output* of σ, not its input |
# | `w2` wrong, the others right | `w2` enters by +: what does an addition do with its upstream gradient? |
# | `OverflowError` | `math.exp` of a large number; the `sigmoid` given at the top of `flat.py` avoids it |

# %% [markdown]
# ### Written question 1
#
# Gradients could also be carried the other way: start at one input with a 1, and compute from left to right how
# fast every later value changes with it.
#
# **(a)** For a network with a million weights and one loss: how many walks through the graph does this take, and
# how many does the backward walk take? Why? **(b)** Why can a node's backward step be done only after the forward
# pass? **(c)** Think of a function for which going from left to right is cheaper. Write a few sentences for each.

# %% [markdown] written="why_backwards" points=3
# ### BEGIN SOLUTION
# (a) A walk from left to right starts at one input, so it gives the derivatives with respect to this one input
# only: a million weights take a million walks. The walk from right to left starts at one output and passes every
# wire once. On each wire it leaves the derivative of this output, so one walk gives all million gradients. The loss
# is a single number, so one walk is enough. (It is cheap because the products are formed from the scalar end: what
# is carried is never larger than the value on the wire.)
#
# (b) Local gradients depend on the values at the node: × needs its other input, σ its output, max needs to know
# which input won. The forward pass makes these values, and they must be kept until the backward pass has used
# them. And the upstream gradient has to exist first.
#
# (c) Any function with few inputs and many outputs: for instance a simulation with one parameter (gravity, say)
# whose effect on the whole path is wanted, or a curve in space as a function of time.
#
# Marks: one each for (a) with the reason, (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 4  Real data: three losses for a linear classifier
#
# Now real data: handwritten digits of 8×8 pixels, each pixel a number from zero (paper) to one (ink).

# %% show=true
x_train, y_train = load_digits("train")
x_test, y_test = load_digits("test")
for name, part in {"x_train": x_train, "y_train": y_train, "x_test": x_test}.items():
    print(name, tuple(part.shape))
show_images(x_train[:20], y_train[:20].tolist());

# %% [markdown]
# A **linear classifier** gives every image ten scores, one for each digit, and answers with the digit of the
# highest score. **Batches are rows** here: the $N$ images of a batch are the rows of $x$, and
#
# $$\text{scores} = x\,w + b, \qquad x: (N, D),\quad w: (D, C),\quad b: (C,),\quad \text{scores}: (N, C)$$
#
# with $D = 64$ pixels and $C = 10$ classes. (The slides write $s = Wx$ for one image as a column. That $W$ is the
# transpose of our $w$, and so is the weight of `torch.nn.Linear`.) The loss is a single number with two parts:
#
# $$L = \frac{1}{N}\sum_{i=1}^{N} L_i \;+\; \text{reg}\cdot\sum_{d,c} w_{dc}^2$$
#
# The first part is the **mean** over the batch of $L_i$, which says how badly image $i$ is classified; its right class
# is called $y_i$. The second, the
# regularisation, asks for small weights. Careful, because books differ here: there is **no** factor ½ in front,
# and the bias `b` is not regularised.
#
# With whole matrices on the wires, the graph looks like this. The blue texts are now *shapes*:

# %% show=true
draw_graph(
    {"scores": "linear", "data": "data loss", "penalty": "reg · Σ w²", "loss": "+"},
    [("b", "scores"), ("x", "scores"), ("w", "scores"), ("scores", "data"),
     ("y", "data"), ("w", "penalty"), ("data", "loss"), ("penalty", "loss")],
    {"b": "(C,)", "x": "(N, D)", "w": "(D, C)", "scores": "(N, C)", "y": "(N,)",
     "data": "( )", "penalty": "( )", "loss": "( )"},
    rows={"b": 0, "x": 1, "w": 2, "scores": 1, "y": 0, "data": 0.5, "penalty": 2,
          "loss": 1.25},
);

# %% [markdown]
# Three facts carry you through all the backward passes that follow.
#
# **A gradient has the shape of its value.** `grads["w"]` is $(D, C)$ like `w`: one number for each weight. If
# the shapes disagree, something is wrong. If only one product of the things at hand *has* the right shape, it is
# probably the right one.
#
# **A value that is used twice adds up two gradients.** `w` goes into the scores *and* into the penalty: a copy
# node. What comes back along the two wires is added. The bias is used $N$ times, once for each image, and adds up
# $N$ gradients.
#
# **Matrix products go entry by entry, too.** Nudge the single weight $w_{dc}$. For every image $i$, score $c$
# changes by $x_{id}$ times the nudge; the other scores do not change. So
#
# $$\frac{\partial L}{\partial w_{dc}} \;=\; \sum_{i} x_{id}\;\frac{\partial L}{\partial \text{scores}_{ic}}$$
#
# which is one entry of one matrix product. Which? You have an $(N, D)$ and an $(N, C)$, and you want a $(D, C)$.
#
# ### A solved example first
#
# Fit a line through points: $N$ inputs with $D$ numbers each, *one* output $s_i$ each, and the mean of
# $(s_i - t_i)^2$ as the loss. Here `w` is a vector $(D,)$. Again the backward lines are the forward lines from
# the bottom up.

# %% show=true
def line_fit(x, t, w, b):
    """Mean squared error of the line x @ w + b. x (N, D), t (N,), w (D,), b ()."""
    N = x.shape[0]
    # Forward.
    outputs = x @ w + b                         # 1  (N,)
    errors = outputs - t                        # 2  (N,)
    squares = errors ** 2                       # 3  (N,)
    loss = squares.sum() / N                    # 4  ()
    # Backward: 4, 3, 2, 1.
    grad_squares = torch.full_like(squares, 1 / N)  # 4: a square counts 1/N in the mean
    grad_errors = grad_squares * 2 * errors     # 3: local gradient 2 · errors
    grad_outputs = grad_errors                  # 2: t is a constant
    grad_w = grad_outputs @ x                   # 1: each weight adds up all rows
    grad_b = grad_outputs.sum()                 # 1: the bias is in every row: add up N
    return loss, {"outputs": grad_outputs, "w": grad_w, "b": grad_b}


generator = torch.Generator().manual_seed(1)


def normal(*shape, scale=1.0):
    """Random numbers in double precision, the same ones at every run."""
    return scale * torch.randn(*shape, generator=generator, dtype=torch.float64)


points = {"x": normal(8, 3), "t": normal(8), "w": normal(3), "b": torch.tensor(0.5)}
points["b"] = points["b"].double()
line_fit(**points)

# %% [markdown]
# Is it right? Nudging can tell. `gradcheck` nudges every single number up and down and compares:

# %% show=true
gradcheck(line_fit, points)

# %% [markdown]
# ### 4.1  Hinge loss
#
# The hinge loss wants the right class to beat every other class by a margin of 1, and charges what is missing. With
# $s_j$ for the score of class $j$ of image $i$,
#
# $$L_i = \sum_{j \neq y_i} \max(0,\; s_j - s_{y_i} + 1)$$
#
# (One of the slide decks prints a plus sign before the right class's score when it writes this out with $W$. That
# is a misprint. The *minus* is right: a high score of the right class must make the loss smaller.)
#
# Take one image with three classes, scores $(2, 2.5, -1)$, right class 0. Class 1 is ahead by 0.5, so it costs
# $0.5 + 1 = 1.5$. Class 2 is more than 1 below (under the dashed line) and costs nothing. $L_i = 1.5$.

# %% show=true
show_scores(
    [2.0, 2.5, -1.0],
    0,
    [0.0, 1.5, 0.0],
    line=1.0,
    ylabel="what each class adds to the hinge loss",
);

# %% [markdown]
# Now nudge. Raise $s_1$ a little: the loss rises by the same amount, gradient $+1$. Raise $s_2$: nothing happens,
# $0$. Raise $s_0$: the cost of class 1 falls by the same amount, $-1$. So the gradient of $L_i$ is $(-1, 1, 0)$.
# If both other classes had a cost, it would be $(-2, 1, 1)$: the right score is used once for each of them, and
# **what is used twice adds up two gradients**. The max is the router: it lets the upstream gradient through where
# $s_j - s_{y_i} + 1$ is larger than 0, and nowhere else.
#
# Then there is the mean. Each $L_i$ enters the loss with weight $1/N$, so its upstream gradient is $1/N$, which
# multiplies the numbers above.
#
# Fill in `linear_hinge` in `flat.py`. The comment above the first blank proposes names for the values in between.
# There are four checks, one point each. You can run the first when the forward part is done.

# %% item="hinge_loss" points=1
check("hinge_loss")

# %% item="hinge_grad_scores" points=1
check("hinge_grad_scores")

# %% item="hinge_grad_w" points=1
check("hinge_grad_w")

# %% item="hinge_grad_b" points=1
check("hinge_grad_b")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | the loss is too large by exactly 1 (for every image) | the right class itself: with $j = y_i$ the formula gives $\max(0, 0 + 1)$, which must not count |
# | the gradient is $N$ times too large | the mean: the upstream gradient of each $L_i$ is $1/N$ |
# | the right class's column is wrong, the others right | it gets a part from *every* class that costs something, with a minus |
# | `w` is right only when `reg` is 0 | the second wire out of `w`; and $\frac{d}{dw}w^2$ is not $w$ |
# | `RuntimeError: … shapes cannot be multiplied` | write the three shapes side by side; one factor must be transposed |
# | `RuntimeError: The size of tensor a (4) must match the size of tensor b (9)` after `scores[:, y]` | that takes *all* columns `y` for every row; one entry for each row is `scores[torch.arange(N), y]` |
# | a check says that your function changed `x` (or `w`) | `w -= …` and `t[…] = …` write into the caller's tensor; make a new one (`.clone()`) first |
#
# **The same on paper.** Lectures often derive this gradient by hand. Write $w_j$ for column $j$
# of $w$ and leave out the bias, so that $s_j = x_i \cdot w_j$. Write $[\dots]$ for 1 where the bracket holds and 0
# elsewhere. Each term
# $\max(0,\ x_i\cdot w_j - x_i\cdot w_{y_i} + 1)$ depends on two columns only. Where it is positive, its derivative
# with respect to $w_j$ is $x_i$, and with respect to $w_{y_i}$ it is $-x_i$. Adding up the terms gives
#
# $$\nabla_{w_j} L_i = [\,s_j - s_{y_i} + 1 > 0\,]\;x_i \quad (j \ne y_i), \qquad
# \nabla_{w_{y_i}} L_i = -\Bigl(\sum_{j\neq y_i} [\,s_j - s_{y_i} + 1 > 0\,]\Bigr)\,x_i$$
#
# Find both factors in your code: the bracket is your mask, the sum is what the right class adds up, and $x_i$
# comes in by the matrix product. On paper all three are merged into formulas that are true for this model only. In your code the last
# step, from scores to `w` and `b`, does not know which loss it serves. You will use it again in the next section,
# as it is.

# %% [markdown]
# ### 4.2  Softmax loss
#
# Instead of margins, turn the scores into probabilities, and charge the negative logarithm of the probability of
# the right class:
#
# $$p_j = \frac{e^{s_j}}{\sum_k e^{s_k}}, \qquad L_i = -\log p_{y_i}$$
#
# For the same image: $e^{2} = 7.39,\ e^{2.5} = 12.18,\ e^{-1} = 0.37$, in all 19.94. The probabilities are
# $(0.37, 0.61, 0.02)$ and $L_i = -\log 0.37 = 0.99$.

# %% show=true
s = torch.tensor([2.0, 2.5, -1.0])
p = s.exp() / s.exp().sum()
show_scores(s, 0, p, ylabel="probability of each class");

# %% [markdown]
# Nudging the scores gives the gradient $(-0.63,\ 0.61,\ 0.02)$. Compare it with the probabilities. Do you see it?
# Now *derive* it: write $L_i$ as nodes, exp, sum, log, and walk back. Every score is used below the fraction bar;
# the score of the right class is used above it as well, so it adds up two gradients.
#
# One trap: $e^{1000}$ is infinite, and ∞/∞ is `nan`. Adding the same number to all scores of a row does not
# change $p$. So first subtract the row's largest score; then no exponent is above 0. This constant does not
# change the gradient either. A probability may still round to 0, and its logarithm would be infinite. So do not take
# the logarithm of $p$: $L_i$ is the logarithm of the sum, less the shifted score of the right class.
#
# Fill in `linear_softmax`.

# %% item="softmax_loss" points=1
check("softmax_loss")

# %% item="softmax_grad_scores" points=1
check("softmax_grad_scores")

# %% item="softmax_grad_w" points=1
check("softmax_grad_w")

# %% item="softmax_grad_b" points=1
check("softmax_grad_b")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | `nan` or `inf` | subtract the largest score of each *row* first: `max(dim=1, keepdim=True).values` |
# | every row of the gradient should sum to 0 and does not | one of the two uses of the right class's score is missing |
# | right for one image, wrong for several | a sum over the wrong dimension, or the $1/N$ |
# | a shape like $(N, N)$ where $(N, C)$ is expected | a $(N,)$ broadcast against $(N, C)$ runs along the wrong axis: give it a second dimension, `[:, None]` |

# %% [markdown]
# ### 4.3  Squared loss
#
# The oldest of the three: the scores should *be* 1 for the right class and 0 for the others, and the loss is the
# squared distance to this target $t$:
#
# $$L_i = \sum_c (s_c - t_c)^2$$
#
# Again without ½. The same image has the target $(1, 0, 0)$: $L_i = 1^2 + 2.5^2 + (-1)^2 = 8.25$, with the
# gradient $(2, 5, -2)$. Note what this means: the squared loss penalises class 2 for a score of −1, although
# nobody would call that a mistake.

# %% show=true
show_scores(
    [2.0, 2.5, -1.0],
    0,
    [1.0, 6.25, 1.0],
    ylabel="what each class adds to the squared loss",
);

# %% [markdown]
# Fill in `linear_squared`. It is `line_fit` from above with $C$ outputs and a penalty.

# %% item="squared_loss" points=1
check("squared_loss")

# %% item="squared_grad_scores" points=1
check("squared_grad_scores")

# %% item="squared_grad_w" points=1
check("squared_grad_w")

# %% item="squared_grad_b" points=1
check("squared_grad_b")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | the loss is $C$ times too small | the mean runs over the *images*; within an image the classes are summed |
# | the gradient is half of what it should be | no ½ in the loss, so the 2 stays |
# | `RuntimeError: … dtype` | labels are whole numbers: build the target with the dtype of the scores |
#
# ### 4.4  Learning, with your gradients
#
# The gradient says in which direction the loss rises fastest. So take a step the other way, again and again: this
# is **gradient descent**. Here are all three losses, on 600 digits:

# %% show=true
def descend(model, parameters, lr, steps, **rest):
    """Gradient descent on `parameters` (name -> tensor): (trained ones, losses)."""
    losses = []
    for _ in range(steps):
        loss, grads = model(**rest, **parameters)
        if loss is None or any(grads.get(name) is None for name in parameters):
            ready((loss, grads), *parameters)
            return None, losses
        losses.append(float(loss))
        parameters = {
            name: value - lr * grads[name] for name, value in parameters.items()
        }
    return parameters, losses


def accuracy(scores, y):
    """The fraction of rows that have their highest score at the right class."""
    return float((scores.argmax(dim=1) == y).double().mean())


few = {"x": x_train[:600], "y": y_train[:600], "reg": 1e-3}
double = {"dtype": torch.float64}
zeros = {"w": torch.zeros(64, 10, **double), "b": torch.zeros(10, **double)}
models = {
    "hinge": (flat.linear_hinge, 0.1),
    "softmax": (flat.linear_softmax, 1.0),
    "squared": (flat.linear_squared, 0.05),
}
curves, trained = {}, {}
for name, (model, lr) in models.items():
    print(f"{name:8s}", end=" ")
    parameters, losses = descend(model, zeros, lr, 150, **few)
    if parameters is not None:
        curves[name], trained[name] = losses, parameters
        right = accuracy(x_test @ parameters["w"] + parameters["b"], y_test)
        print(f"loss {losses[0]:6.3f} → {losses[-1]:6.3f}", end="    ")
        print(f"right on new images: {right:.0%}")
if curves:
    show_curves(curves, title="gradient descent on 600 digits, your gradients")

# %% [markdown]
# With weights of zero all ten classes are equal. What should the first value of each curve be? For softmax it is
# $-\log\frac{1}{10} = 2.303$, for the hinge loss nine margins of 1, which is 9, and for the squared loss 1. A look at the first
# loss is the cheapest test there is.
#
# Each column of `w` belongs to one class and has 64 numbers, one for each pixel, so you can look at it as an
# image. Blue pixels count *for* the digit, red ones against it:

# %% show=true
for name, parameters in trained.items():
    show_weights(parameters["w"], range(10), title=f"w, trained with the {name} loss")
if not trained:
    print("The weight images appear here once one of the three classifiers can learn.")

# %% [markdown]
# Find the hole of the zero: pixels that must have *no* ink.
#
# To *you* these are images. To the classifier an image is a row of 64 numbers, and it has no idea which pixels
# are neighbours. Shuffle the pixels, the same way in every image, and it learns exactly as well:

# %% show=true
generator = torch.Generator().manual_seed(2)
shuffle = torch.randperm(64, generator=generator)
ten = x_train[:10][:, shuffle]
show_images(ten, y_train[:10].tolist(), title="digits with their pixels shuffled")
if "softmax" in trained:
    mixed = {**few, "x": few["x"][:, shuffle]}
    parameters, _ = descend(flat.linear_softmax, zeros, 1.0, 150, **mixed)
    for name, w, order in (
        ("as they are", trained["softmax"], torch.arange(64)),
        ("shuffled", parameters, shuffle),
    ):
        right = accuracy(x_test[:, order] @ w["w"] + w["b"], y_test)
        print(f"{name:12s} {right:.1%} of the new images right")

# %% [markdown]
# What a human eye uses first, edges and strokes, is lost here. There are two ways to bring it back: compute
# *features* of the image first (its edges, say) and classify those, or use layers that look at neighbouring
# pixels together, which is what convolutions do.

# %% [markdown]
# ## 5  Logistic regression: three or eight?
#
# With two classes, one score is enough. The logistic neuron of section 3, with 64 inputs, returns the probability
# $p = \sigma(s)$ that the label is 1. The loss is once more the negative logarithm of the probability of the
# truth:
#
# $$s = x\,w + b, \qquad L_i = \begin{cases} -\log \sigma(s_i) & y_i = 1 \\ -\log\,(1 - \sigma(s_i)) & y_i = 0 \end{cases}$$
#
# Here `w` is a vector $(D,)$ and `b` a single number. An image with $s = 2$ has $p = 0.88$. If its label is 1,
# this costs 0.13; if it is 0, it costs 2.13. Look at the slopes: where the answer is wrong and sure, the slope is
# 1 or −1, where it is right and sure, the slope is 0.

# %% show=true
s = torch.linspace(-4, 4, 81, dtype=torch.float64)
show_curves(
    {"y = 1": -torch.sigmoid(s).log(), "y = 0": -torch.sigmoid(-s).log()},
    at=s,
    xlabel="score s",
    ylabel="loss of one image",
);

# %% [markdown]
# Scores can become large, and then the formula taken literally breaks. At $s=-1000$ the computer finds
# $\sigma(s) = 0$, and the logarithm of 0 is minus infinity. Both cases have the form $\log(1 + e^{t})$ for some
# $t$; which $t$ in which case? `torch.logaddexp` computes this safely; the docstring says how.
#
# Fill in `logistic`. For the backward pass, differentiate $\log(1 + e^t)$: what comes out is an old friend.

# %% item="logistic_loss" points=1
check("logistic_loss")

# %% item="logistic_grad_scores" points=1
check("logistic_grad_scores")

# %% item="logistic_grad_w" points=1
check("logistic_grad_w")

# %% item="logistic_grad_b" points=1
check("logistic_grad_b")

# %% show=true
x_pair, y_pair = load_digits("train", classes=(3, 8))  # label 0: a three, 1: an eight
x_new, y_new = load_digits("test", classes=(3, 8))
start = {"w": torch.zeros(64, **double), "b": torch.zeros((), **double)}
pair = {"x": x_pair, "y": y_pair, "reg": 1e-3}
parameters, losses = descend(flat.logistic, start, 1.0, 150, **pair)
if parameters is not None:
    scores = x_new @ parameters["w"] + parameters["b"]
    right = ((scores > 0) == y_new).double().mean()
    print(f"loss {losses[0]:.3f} → {losses[-1]:.3f}", end="    ")
    print(f"right on new images: {right:.0%}")
    unsure = scores.abs().argsort()[:8]
    pairs = zip(y_new[unsure], torch.sigmoid(scores[unsure]))
    labels = [f"{'38'[y]}: p={p:.2f}" for y, p in pairs]
    title = "least sure of these (label: probability of an 8)"
    show_images(x_new[unsure], labels, columns=8, title=title)
    show_weights(parameters["w"], ["blue: 8"])

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | `inf` in the loss | somewhere there is a `log` of a probability; use `logaddexp` on the score instead |
# | all signs are wrong for one of the two labels | which label asks for which sign of the score |
# | `b` has shape $(1,)$ or $(N,)$ | it is one number, shape $( )$, and adds up a gradient from every image |
# | `w` is $(D, D)$ or $(N, D)$ | `*` multiplies entry by entry; a sum over the images is a product with `@` |

# %% [markdown]
# ## 6  Two layers
#
# A linear classifier draws straight borders, and some classes cannot be separated by a straight border. So put a second layer on top, with a
# **ReLU**, $\max(0, \cdot)$, in between. (Without it, two linear layers would be one:
# $(x\,w_1)\,w_2 = x\,(w_1 w_2)$.)
#
# $$a = x\,w_1 + b_1, \qquad h = \max(0, a), \qquad \text{scores} = h\,w_2 + b_2$$
#
# There are $H$ **hidden units**, the columns of $h$. The loss is as before, with both weight matrices in the
# penalty: $\text{reg}\,(\sum w_1^2 + \sum w_2^2)$.

# %% show=true
draw_graph(
    {"a": "linear", "h": "max(0, ·)", "scores": "linear", "data": "data loss",
     "penalty": "reg · Σ w²", "loss": "+"},
    [("b1", "a"), ("x", "a"), ("w1", "a"), ("a", "h"), ("b2", "scores"),
     ("h", "scores"), ("w2", "scores"), ("y", "data"), ("scores", "data"),
     ("w1", "penalty"), ("w2", "penalty"), ("data", "loss"), ("penalty", "loss")],
    {"x": "(N, D)", "w1": "(D, H)", "b1": "(H,)", "a": "(N, H)", "h": "(N, H)",
     "w2": "(H, C)", "b2": "(C,)", "y": "(N,)", "scores": "(N, C)", "data": "( )",
     "penalty": "( )", "loss": "( )"},
    rows={"b1": 0, "x": 1, "w1": 2, "a": 1, "h": 1, "b2": 0, "w2": 3, "scores": 1,
          "y": 0, "data": 0.5, "penalty": 2.5, "loss": 1.5},
);

# %% [markdown]
# Go through the graph backwards with a finger, and write the gradient's shape below every wire; each is the shape
# above it. The order is: the loss → `scores` → `w2` and `b2`, and on to `h` → `a` → `w1` and `b1`. You have
# written half of this three times already. Two nodes are new.
#
# **The inner input.** So far nobody asked for the gradient of `x`: it is data, and we cannot change it. But `h`
# is the *input of the second layer* and the *output of the first*, so its gradient is the upstream gradient of
# the first layer. Nudge $h_{ij}$: score $c$ of the same image changes by $(w_2)_{jc}$ times the nudge, for every
# $c$. Which product of an $(N, C)$ and an $(H, C)$ sums over $c$?
#
# **The ReLU.** It is a router. Where $a > 0$, $h$ changes with $a$, and the upstream gradient passes unchanged.
# Elsewhere $h$ stays 0 whatever $a$ does, and nothing passes. The mask depends on the value of the *forward*
# pass, not on the sign of the gradient. An example, for one row:

# %% show=true
a = torch.tensor([1.0, -2.0, 3.0, -1.0])
grad_h = torch.tensor([4.0, -1.0, 5.0, 9.0])
grad_a = torch.where(a > 0, grad_h, torch.zeros(()))
for label, row in {"a, forward": a, "h = max(0, a)": torch.relu(a),
                   "upstream, dL/dh": grad_h, "downstream, dL/da": grad_a}.items():
    print(f"{label:20s}", "  ".join(f"{number:5.0f}" for number in row))

# %% [markdown]
# (At exactly $a = 0$ the ReLU has a kink and no derivative. Every slope between 0 and 1 is accepted there, and no
# check depends on it.)
#
# Fill in `net_hinge`. There are three checks: the loss; the gradients of the `second` layer (`scores`, `w2`,
# `b2`); those of the `first` (`h`, `a`, `w1`, `b1`).

# %% item="net_hinge_loss" points=2
check("net_hinge_loss")

# %% item="net_hinge_grad_second" points=2
check("net_hinge_grad_second")

# %% item="net_hinge_grad_first" points=3
check("net_hinge_grad_first")

# %% [markdown]
# Now the same network with the softmax loss: `net_softmax`. Watch yourself while you write it: which lines do you
# type a second time? The written question below asks about this.

# %% item="net_softmax_loss" points=2
check("net_softmax_loss")

# %% item="net_softmax_grad_second" points=2
check("net_softmax_grad_second")

# %% item="net_softmax_grad_first" points=3
check("net_softmax_grad_first")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | `w2` right, `h` wrong or of the wrong shape | the inner input: sum over the classes, one factor transposed |
# | `h` right, `a` wrong | the mask: it comes from `a` of the forward pass, not from a gradient |
# | `a` right, `w1` wrong only with `reg` above 0 | the penalty reaches `w1` by a wire of its own |
# | everything of the first layer wrong | look at the first wrong one *from the right*; the others may only have inherited it |
# | right when you test it, wrong in the check | one name used for two things (`w` for `w1`?), or a value that changed between forward and backward |
#
# ### What the second layer is good for
#
# Four clouds of points; opposite clouds have the same colour. No straight border separates them. Left: your
# softmax classifier. Right: your network, same data, same descent.

# %% show=true
generator = torch.Generator().manual_seed(3)
corners = torch.tensor([[1, 1], [-1, -1], [1, -1], [-1, 1]], **double)
x_xor = corners.repeat_interleave(40, 0) + 0.35 * normal(160, 2)
y_xor = torch.tensor([0, 0, 1, 1]).repeat_interleave(40)


def net_scores(x, w1, b1, w2, b2):
    return torch.relu(x @ w1 + b1) @ w2 + b2


def net_start(D, H, C, scale):
    """Random weights and zero biases for a net of two layers."""
    w1, w2 = normal(D, H, scale=scale[0]), normal(H, C, scale=scale[1])
    return {"w1": w1, "b1": torch.zeros(H, **double),
            "w2": w2, "b2": torch.zeros(C, **double)}


task = {"x": x_xor, "y": y_xor, "reg": 1e-4}
start = {"w": normal(2, 2), "b": torch.zeros(2, **double)}
straight, _ = descend(flat.linear_softmax, start, 0.5, 200, **task)
start = net_start(2, 16, 2, (1, 0.3))
bent, losses = descend(flat.net_softmax, start, 0.5, 300, **task)
if straight is not None and bent is not None:
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.8))
    side = torch.linspace(-2.2, 2.2, 120, **double)
    grid = torch.cartesian_prod(side, side)
    answers = {
        "linear": lambda x: x @ straight["w"] + straight["b"],
        "two layers": lambda x: net_scores(x, **bent),
    }
    look = {"levels": [-1e9, 0, 1e9], "colors": ["#cfe3f3", "#f8dcc6"]}
    for ax, (name, scores) in zip(axes, answers.items()):
        lead = scores(grid) @ torch.tensor([-1.0, 1.0], **double)
        ax.contourf(side, side, lead.reshape(120, 120).T, **look)
        for label, mark, color in [(0, "o", "#00558c"), (1, "^", "#b34700")]:
            ax.plot(*x_xor[y_xor == label].T, mark, color=color, ms=4)
        right = accuracy(scores(x_xor), y_xor)
        ax.set(title=f"{name}: {right:.0%} right", aspect="equal")
        said = ["circles" if scores(c[None])[0].argmax() == 0 else "triangles"
                for c in corners]
        describe(
            ax,
            f"{name}: {right:.0%} right. Circles fill the corners (1, 1) and (-1, -1), "
            f"triangles the other two. At the corners (1, 1), (-1, -1), (1, -1) and "
            f"(-1, 1) the classifier says {listed(said)}.",
        )
    figure.tight_layout()

# %% [markdown]
# And on the digits, a net with 32 hidden units. The images are columns of `w1`: what each hidden unit looks for.
# Nobody chose these patterns; your gradients found them.

# %% show=true
generator = torch.Generator().manual_seed(4)
digits = {"x": x_train, "y": y_train, "reg": 1e-4}
start = net_start(64, 32, 10, (0.2, 0.2))
net, losses = descend(flat.net_softmax, start, 0.5, 400, **digits)
if net is not None:
    right = accuracy(net_scores(x_test, **net), y_test)
    print(f"loss {losses[0]:.3f} → {losses[-1]:.3f}", end="    ")
    print(f"right on new images: {right:.1%}")
    title = f"{len(x_train):,} digits, {len(losses)} steps, your gradients"
    show_curves({"two-layer net, softmax loss": losses}, title=title)
    title = "what 16 of the 32 hidden units look for"
    show_weights(net["w1"][:, :16], columns=8, title=title)

# %% [markdown]
# ### One valley, or many?
#
# Does gradient descent find the best weights? Train each model twice, from two different random starts, and walk
# in a straight line from one result to the other. What is the loss on the way?

# %% show=true
def between(model, first, second, **rest):
    """The loss on the straight line between two sets of parameters, at 41 places."""
    places = torch.linspace(0, 1, 41).tolist()
    mixed = ({k: (1 - t) * first[k] + t * second[k] for k in first} for t in places)
    return places, [float(model(**rest, **parameters)[0]) for parameters in mixed]


def started(seed, **shapes):
    generator = torch.Generator().manual_seed(seed)
    double = {"generator": generator, "dtype": torch.float64}
    return {name: 0.3 * torch.randn(shape, **double) for name, shape in shapes.items()}


models = {
    "linear, softmax loss": (flat.linear_softmax, {"w": (64, 10), "b": (10,)}),
    "two layers": (
        flat.net_softmax, {"w1": (64, 16), "b1": (16,), "w2": (16, 10), "b2": (10,)},
    ),
}
curves = {}
for name, (model, shapes) in models.items():
    ends = [descend(model, started(k, **shapes), 0.5, 200, **few)[0] for k in (1, 2)]
    if None not in ends:
        at, curves[name] = between(model, *ends, **few)
if curves:
    show_curves(curves, at=at, xlabel="from one solution to the other",
                title="the loss between two solutions")

# %% [markdown]
# The linear classifier's loss never rises above its ends. It is **convex**: shaped like a bowl, in however many
# dimensions. Between any two points the loss is nowhere above the straight line through their values, so there is
# one valley, and gradient descent with small steps gets near its bottom from everywhere. This holds for the hinge,
# softmax and squared losses of any linear classifier: the scores are linear in `w` and `b`, each loss is convex
# in the scores, and so is the penalty.
#
# The net's loss has a hill in the middle, so it is **not convex**. One reason: exchange two hidden units,
# together with their weights, and the net computes the same function. So every solution has copies elsewhere, $16!$
# of them here, and halfway between two copies is usually nothing good. There is no guarantee that gradient
# descent finds the best one. In practice the valleys that it finds are nearly equally good.

# %% [markdown]
# ### Written question 2
#
# You have written the same network for two losses. **(a)** Which lines of `net_hinge` did you write again, word
# for word, in `net_softmax`? Which ones changed? **(b)** Suppose a third layer is to be added to both. What has
# to be done, where, and what can go wrong? **(c)** Into which pieces would you cut this code, so that a loss or a
# layer can be exchanged without touching the rest? For one such piece, say what it must be given, what it must
# return, and what it must remember.

# %% [markdown] written="not_modular" points=3
# ### BEGIN SOLUTION
# (a) Everything up to the scores is the same, forward (a, h, scores) and backward (from grads["scores"] on: w2,
# b2, h, a, w1, b1, the penalty). Only the lines between scores and loss, and their gradients, changed: margins
# and their mask against exp, sum and log.
#
# (b) In both functions: new forward lines in the middle, new backward lines at the mirrored place, renamed
# parameters, the penalty and its gradients. The same change is made twice (four times, counting directions), and
# the copies can come to disagree. A program with a forgotten line still runs.
#
# (c) Pairs of forward and backward, one for each kind of node: linear, ReLU, softmax loss, hinge loss. For
# instance linear: forward gets x, w, b, returns x w + b and remembers x and w; backward gets the upstream
# gradient, of the shape of the output, and returns the gradients of x, w and b. No piece needs to know its
# neighbours, so they can be combined freely. (This is the modular interface of a later assignment, and of
# torch.autograd.Function.)
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 7  Find the bug
#
# A wrong backward pass makes no noise. Nothing crashes, the loss even falls for a while, and the network is just
# a little worse than it could be. You need a way to *know*.
#
# ### The gradient check
#
# You have the tool already: nudge and compare. `gradcheck` raises and lowers every entry $\theta$ of the inputs by
# $\varepsilon = 10^{-5}$ and takes
#
# $$\frac{L(\theta + \varepsilon) - L(\theta - \varepsilon)}{2\,\varepsilon},$$
#
# in double precision, since with 7 digits (float32) the difference of two nearly equal losses is mostly rounding.
# Then it compares this with your gradient. Here it is on your own softmax classifier:

# %% show=true
generator = torch.Generator().manual_seed(5)
small = {"x": normal(5, 4), "y": torch.tensor([0, 2, 1, 1, 0])}
small |= {"w": normal(4, 3), "b": normal(3), "reg": 0.1}
written = ready(flat.linear_softmax(**small), "w", "b")
gradcheck(flat.linear_softmax, small) if written else None

# %% [markdown]
# ### Its limits
#
# **Kinks.** Where a ReLU's input is exactly 0, the left and the right slope differ, and nudging both ways gives
# their average. That is not your mistake, and `gradcheck` says so: it looks at the two one-sided slopes before it
# complains. Here the first entry is on the kink:

# %% show=true
def relu_sum(x):
    return x.clamp(min=0).sum(), {"x": (x > 0).double()}


gradcheck(relu_sum, {"x": torch.tensor([0.0, 2.0, -3.0], dtype=torch.float64)})

# %% [markdown]
# **Only this point.** It checks the gradient at the numbers that you give it. Where every hidden unit is switched
# on, a missing mask looks right; with `reg = 0`, a missing penalty does. So check with all sizes different, with
# random numbers, and with every term switched on.
#
# **Only the inputs.** It says *that* the gradient of `w1` is wrong. The reason may be far away. Therefore:
#
# ### How to find the line
#
# > Wrong gradients are inherited. Go in **backward order**, from the loss to the inputs, and stop at the
# > **first** wrong one. Its upstream gradients are right, so the mistake is in the lines that made it. All wrong
# > ones after it may have done nothing but inherit.
#
# Here is a solved case. Otto has a backward pass for `line_fit`, with its lines numbered. Something is wrong with
# it:

# %% show=true
def otto(x, t, w, b):
    N = x.shape[0]
    errors = x @ w + b - t
    loss = (errors ** 2).sum() / N
    grad_errors = 2 * errors / N              # 1
    grad_outputs = grad_errors                # 2
    grad_b = grad_outputs.mean()              # 3
    grad_w = grad_outputs @ x                 # 4
    return loss, {"b": grad_b, "w": grad_w}


gradcheck(otto, points)

# %% [markdown]
# `w` is right, so what it was made from is right: lines 1, 2 and 4. `b` is wrong, and only line 3 stands between
# `grad_outputs` and `b`. Look at the numbers: the true one is 8 times Otto's, and there are 8 points. The bias
# adds up a gradient from every row; he took the average, although line 1 had divided by $N$ already. **The line:
# 3.**
#
# ### Four backward passes
#
# Anna, Ben, Chen and Dana have each written the two-layer net with softmax loss. All four forward passes are
# right. **Three of the backward passes have one wrong line each; one is right.** Not everything that looks
# unusual is wrong.

# %%
def anna(x, y, w1, b1, w2, b2, reg):
    N, rows = len(x), torch.arange(len(x))
    a = b1 + x @ w1
    h = torch.relu(a)
    scores = b2 + h @ w2
    probs = torch.softmax(scores, dim=1)
    loss = -probs[rows, y].log().mean() + reg * (w1.square().sum() + w2.square().sum())
    grad_probs = torch.zeros_like(probs)                                         # 1
    grad_probs[rows, y] = -1 / (N * probs[rows, y])                              # 2
    inner = (grad_probs * probs).sum(dim=1, keepdim=True)                        # 3
    grad_scores = probs * (grad_probs - inner)                                   # 4
    grad_b2 = grad_scores.sum(dim=0)                                             # 5
    grad_w2 = h.T @ grad_scores                                                  # 6
    grad_w2 = 2 * reg * w2                                                       # 7
    grad_h = grad_scores @ w2.T                                                  # 8
    grad_a = torch.where(a > 0, grad_h, 0.0)                                     # 9
    grad_b1 = grad_a.sum(dim=0)                                                  # 10
    grad_w1 = 2 * reg * w1                                                       # 11
    grad_w1 = grad_w1 + x.T @ grad_a                                             # 12
    return loss, {"scores": grad_scores, "b2": grad_b2, "w2": grad_w2, "h": grad_h,
                  "a": grad_a, "b1": grad_b1, "w1": grad_w1}

# %%
def ben(x, y, w1, b1, w2, b2, reg):
    N, rows = len(x), torch.arange(len(x))
    a = b1 + x @ w1
    h = torch.relu(a)
    scores = b2 + h @ w2
    log_probs = torch.log_softmax(scores, dim=1)
    loss = -log_probs[rows, y].mean() + reg * (w1.square().sum() + w2.square().sum())
    grad_log_probs = torch.zeros_like(scores)                                    # 1
    grad_log_probs[rows, y] = -1 / N                                             # 2
    total = grad_log_probs.sum(dim=1, keepdim=True)                              # 3
    grad_scores = grad_log_probs - log_probs.exp() * total                       # 4
    grad_b2 = grad_scores.sum(dim=0)                                             # 5
    grad_w2 = 2 * reg * w2                                                       # 6
    grad_w2 = grad_w2 + h.T @ grad_scores                                        # 7
    grad_h = torch.einsum("nc,hc->nh", grad_scores, w2)                          # 8
    grad_a = torch.where(grad_h > 0, grad_h, 0.0)                                # 9
    grad_b1 = torch.einsum("nh->h", grad_a)                                      # 10
    grad_w1 = torch.einsum("nd,nh->dh", x, grad_a)                               # 11
    grad_w1 = grad_w1 + 2 * reg * w1                                             # 12
    return loss, {"scores": grad_scores, "b2": grad_b2, "w2": grad_w2, "h": grad_h,
                  "a": grad_a, "b1": grad_b1, "w1": grad_w1}

# %%
def chen(x, y, w1, b1, w2, b2, reg):
    N, rows = len(x), torch.arange(len(x))
    a = b1 + x @ w1
    h = torch.relu(a)
    scores = b2 + h @ w2
    probs = torch.softmax(scores, dim=1)
    loss = -probs[rows, y].log().mean() + reg * (w1.square().sum() + w2.square().sum())
    targets = torch.eye(scores.shape[1], dtype=x.dtype)[y]                       # 1
    gap = targets - probs                                                        # 2
    grad_scores = -gap / N                                                       # 3
    grad_b2 = N * grad_scores.mean(dim=0)                                        # 4
    grad_w2 = -(gap.T @ h).T / N                                                 # 5
    grad_w2 = grad_w2 + reg * w2                                                 # 6
    grad_w2 = grad_w2 + reg * w2                                                 # 7
    grad_h = (w2 @ grad_scores.T).T                                              # 8
    grad_a = grad_h * torch.sign(h)                                              # 9
    grad_b1 = torch.ones(N, dtype=x.dtype) @ grad_a                              # 10
    grad_w1 = (grad_a.T @ x).T                                                   # 11
    grad_w1 = grad_w1 + reg * (w1 + w1)                                          # 12
    return loss, {"scores": grad_scores, "b2": grad_b2, "w2": grad_w2, "h": grad_h,
                  "a": grad_a, "b1": grad_b1, "w1": grad_w1}

# %%
def dana(x, y, w1, b1, w2, b2, reg):
    N, rows = len(x), torch.arange(len(x))
    a = b1 + x @ w1
    h = torch.relu(a)
    scores = b2 + h @ w2
    exps = torch.exp(scores - scores.amax(dim=1, keepdim=True))
    sums = exps.sum(dim=1, keepdim=True)
    penalty = reg * (w1.square().sum() + w2.square().sum())
    loss = -(exps[rows, y] / sums[:, 0]).log().mean() + penalty
    share = torch.full((N, 1), 1 / N, dtype=x.dtype)                             # 1
    grad_sums = share / sums                                                     # 2
    grad_exps = grad_sums.expand(N, scores.shape[1])                             # 3
    grad_scores = grad_exps * exps                                               # 4
    grad_scores[rows, y] -= 1                                                    # 5
    grad_b2 = grad_scores.sum(dim=0)                                             # 6
    grad_w2 = 2 * reg * w2 + h.T @ grad_scores                                   # 7
    grad_h = grad_scores @ w2.T                                                  # 8
    mask = (a > 0).to(x.dtype)                                                   # 9
    grad_a = mask * grad_h                                                       # 10
    grad_b1 = grad_a.sum(dim=0)                                                  # 11
    grad_w1 = 2 * reg * w1 + x.T @ grad_a                                        # 12
    return loss, {"scores": grad_scores, "b2": grad_b2, "w2": grad_w2, "h": grad_h,
                  "a": grad_a, "b1": grad_b1, "w1": grad_w1}

# %% [markdown]
# To check the gradients of `a`, `h` and `scores` as well, `gradcheck` needs a place to nudge them. So here is the
# forward pass with three *handles*: zeros that are added on the way. A nudge of the handle is a nudge of the
# value, so they have the same gradient. `examine` shows all seven in backward order.

# %% show=true
def loss_with_handles(x, y, w1, b1, w2, b2, reg, a, h, scores):
    a = x @ w1 + b1 + a
    h = torch.relu(a) + h
    scores = h @ w2 + b2 + scores
    return torch.nn.functional.cross_entropy(scores, y) + reg * (
        w1.square().sum() + w2.square().sum()
    )


generator = torch.Generator().manual_seed(6)
sample = {
    "x": normal(6, 4),
    "y": torch.tensor([2, 0, 1, 1, 2, 0]),
    "w1": normal(4, 5),
    "b1": normal(5),
    "w2": normal(5, 3),
    "b2": normal(3),
    "reg": 0.05,
}
zeros = torch.zeros(6, 5, dtype=torch.float64)
handles = {"a": zeros, "h": zeros, "scores": zeros[:, :3]}


def examine(backward):
    """Check all seven gradients that it returns, in backward order."""
    loss, grads = backward(**sample)
    return gradcheck(loss_with_handles, {**sample, **handles}, grads)


examine(anna)

# %% [markdown]
# Examine the other three as well, here or in cells of your own. For each of them: which is the first wrong
# gradient in backward order? Which lines made it? Read those lines, with the numbers beside you. Then note the
# number of the **one** line that has to be repaired, and `None` for the backward pass that is right. (The check
# below looks only at the form of your answer. You will learn with your grade whether it is right; otherwise one could
# guess.)

# %% solution="bugs_found"
# faulty maps each name to the number of the wrong line, or to None:
# {"anna": …, "ben": …, "chen": …, "dana": …}
faulty = {}
### BEGIN SOLUTION
faulty = {"anna": 7, "ben": 9, "chen": None, "dana": 5}
### END SOLUTION

# %% item="bugs_found" points=2
check("bugs_found")

# %% [markdown]
# Dana's is the worst: every gradient is wrong. Fix it. Write `repaired`, the net with the right backward pass:
# take her code and change what has to be changed.

# %% solution="bugs_repaired"
def repaired(x, y, w1, b1, w2, b2, reg):
    """Dana's net, repaired: (loss, grads), of scores, b2, w2, h, a, b1 and w1."""
    loss, grads = None, {}
    ### BEGIN SOLUTION
    N, rows = len(x), torch.arange(len(x))
    a = b1 + x @ w1
    h = torch.relu(a)
    scores = b2 + h @ w2
    exps = torch.exp(scores - scores.amax(dim=1, keepdim=True))
    sums = exps.sum(dim=1, keepdim=True)
    loss = -(exps[rows, y] / sums[:, 0]).log().mean() + reg * (
        w1.square().sum() + w2.square().sum()
    )
    share = torch.full((N, 1), 1 / N, dtype=x.dtype)
    grad_scores = (share / sums).expand(N, scores.shape[1]) * exps
    grad_scores[rows, y] -= 1 / N  # each image counts 1/N, in this part as well
    grads["scores"], grads["b2"] = grad_scores, grad_scores.sum(dim=0)
    grads["w2"] = 2 * reg * w2 + h.T @ grad_scores
    grads["h"] = grad_scores @ w2.T
    grads["a"] = (a > 0).to(x.dtype) * grads["h"]
    grads["b1"] = grads["a"].sum(dim=0)
    grads["w1"] = 2 * reg * w1 + x.T @ grads["a"]
    ### END SOLUTION
    return loss, grads

# %% show=true
written = ready(repaired(**sample), "scores", "b2", "w2", "h", "a", "b1", "w1")
examine(repaired) if written else None

# %% item="bugs_repaired" points=2
check("bugs_repaired")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | one gradient wrong, all after it right | the others do not depend on it: the mistake is in a line for this gradient alone |
# | all wrong from one point on | the first wrong one; the rest inherits |
# | "your" number is the true one times a round factor | a sum against a mean, a missing 2, a 1/N applied twice or never |
# | right entries and wrong ones side by side | a mask, or one entry of each row that is treated differently |
# | an entry "on a kink" | no mistake: move the inputs a little, and it goes away |

# %% [markdown]
# ## 8  Key points
#
# - A computation is a **graph**. Forward: values, left to right. Backward: gradients, right to left, starting
#   with 1.
# - At every node: **downstream = upstream × local**. The node needs its own inputs or output and one upstream
#   gradient, and nothing else.
# - **Add** distributes, **multiply** swaps, **copy** adds up, **max** routes. Weights add up the gradients from
#   loss and penalty, a bias those from every row.
# - **Flat code is the forward pass read backwards**, line for line. A gradient has the shape of its value, and
#   often only one product fits.
# - Mean or sum, ½ or not, rows or columns: **conventions** change the factor. Settle them first, and look at the
#   first loss.
# - A linear classifier's loss is **convex** and has one valley. A net's is not.
# - **Check by nudging**, in double precision, with kinks in mind; then search from the loss to the inputs for the
#   *first* wrong gradient.
# - Flat code is easy to write once and **not modular**: a new loss means a new function. Cutting it into pieces
#   that can be combined comes next.
#
# ### Hand in
#
# 1. Restart the kernel and run everything (*Run* → *Run All Cells*), to be sure that it works from the top. Save
#    the notebook and `flat.py`.
# 2. Make the file to hand in: remove the two `# ` in the cell below and run it. It checks that
#    everything is there and writes one zip.
# 3. Upload that zip. You may do so as often as you like before the deadline; the last one counts.

# %%
# from toolbox import submit
# submit("flat")
