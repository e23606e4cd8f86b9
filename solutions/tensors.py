# ---
# jupyter:
#   backprop_kit: {assignment: tensors, modules: [tensors], order: 3}
# ---

# %% [markdown]
# # Tensors: gradients without Jacobians
#
# With scalars, backpropagation was a walk along wires: downstream = upstream × local. The wires of a real
# network carry vectors, matrices, whole batches of images. What, then, is the *local gradient* of a matrix
# product? It is an object so large that nobody has ever stored it. And yet every network in the world is
# trained by multiplying with it.
#
# This notebook is about how that is done. By the end of this notebook you will have
#
# - written down the **Jacobians** of three operations in full, looked at them, and found that they hold very little;
# - measured how they explode, and computed the size of the one that the lecture warns of;
# - written the backward passes of ReLU, softmax, matrix multiply, broadcasting and a correlation layer so that
#   **no Jacobian is ever built**;
# - found by counting why gradients are computed from the loss backwards and not from the input forwards;
# - built your own **gradient checker**, and tried it on backward passes that you have never seen.
#
# | part | sections | what you do | time | remarks |
# | --- | --- | --- | --- | --- |
# | A | 1–3 | Jacobians on paper, in code, and by nudging | 1½ h | the core; 3 may be skipped |
# | B | 4–5.3 | why nobody stores them; ReLU, softmax, matrix product | 1½ h | the core |
# | C | 5.4–5.5 | broadcasting; a correlation layer | 1 h | 5.5 may be skipped |
# | D | 6 | the order of products | ½ h | the core; `beyond` builds on it |
# | E | 7–8 | a gradient checker, and eight suspects | 1½ h | may be skipped; the most like real work |
#
# There are {{checks}} checks ({{points}} points) and {{written}} written questions ({{written_points}} points), about
# {{hours}} hours in all. Each check counts by itself, and the given cells work without the parts that you skip.
#
# You need: the notebook `flat` or something like it (what a gradient is, and the shapes of a linear layer),
# matrix products, some Python.

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
import time

import torch
from backprop import tensors
from toolbox import check
from toolbox.probes import budget, planted_faults
from toolbox.draw import show_growth, show_jacobians
from toolbox.draw.play import Slide, play

torch.set_num_threads(1)  # one thread, so that measured times can be compared


def tensor(*numbers):
    """A float64 tensor of the given numbers."""
    return torch.tensor(numbers, dtype=torch.float64)


def normal(*shape, seed=0):
    """Random numbers in float64, the same ones every time."""
    return torch.randn(
        shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def ready(**answers):
    """True once all the named answers are there; until then it says what is missing."""
    missing = [name for name, answer in answers.items() if answer is None]
    if missing:
        print("Nothing to show yet. Still to be written:", ", ".join(missing))
    return not missing

# %% [markdown]
# ## 0  How this works
#
# Numbers that you work out on paper go into this notebook, wherever you see `# YOUR CODE HERE`. Code goes into one
# file, `lib/backprop/tensors.py`: keep it open beside the notebook, save it, and run the next cell; the notebook
# picks up the new version by itself. Below every task is a cell like `check("relu_jacobian")`. Run it as often as
# you like. Grading runs the same checks, and more of the same kind with other numbers and shapes.
#
# In `tensors.py` you may use any tensor operation of PyTorch except those that differentiate for you
# (`.backward()`, `torch.autograd`, `torch.func`). The notebook uses `torch.func` to compare; you write what it
# does.
#
# | you see | look at |
# | --- | --- |
# | `FileNotFoundError: the course is not here` in the first cell | the notebook must lie in the course's folder, the one that holds `lib` |
# | a check still shows the old result | `tensors.py` is not saved; or restart the kernel and run from the top |
# | "out of memory: a tensor of … numbers" | your function builds a whole Jacobian; the check stopped it before it could fill your computer's memory |
# | "stopped after writing … numbers" | the same, one row at a time |
# | "Nothing to show yet" | not an error: this picture is drawn by your code, once that exists |

# %% [markdown]
# ## 1  Every output against every input
#
# Take a function from three numbers to two, $y_0 = x_0\, x_1$ and $y_1 = x_1 + 5 x_2$. Nudge $x_0$: how fast does
# $y_0$ change, and how fast $y_1$? Nudge $x_1$. Nudge $x_2$. Three inputs and two outputs give six answers. Put
# them into a table, outputs down and inputs across, and you have the **Jacobian**:
#
# $$J = \begin{pmatrix} \partial y_0/\partial x_0 & \partial y_0/\partial x_1 & \partial y_0/\partial x_2 \\ \partial y_1/\partial x_0 & \partial y_1/\partial x_1 & \partial y_1/\partial x_2 \end{pmatrix}
# = \begin{pmatrix} x_1 & x_0 & 0 \\ 0 & 1 & 5 \end{pmatrix}$$
#
# PyTorch can work it out, too. Here it is at $x = (3, 2, 7)$, with the zeros left white:

# %% show=true
def example(x):
    return torch.stack([x[0] * x[1], x[1] + 5 * x[2]])


show_jacobians({"J at x = (3, 2, 7)": torch.func.jacrev(example)(tensor(3, 2, 7))});

# %% [markdown]
# **What it is for.** The Jacobian is *the* derivative of the function: the one linear map for which
# $f(x + \Delta x) = f(x) + J\,\Delta x + o(\lVert\Delta x\rVert)$. A small step $\Delta x$ changes $y$ by
# $J\,\Delta x$, and the error is small even compared with the step.
#
# **Which way round?** In this course a Jacobian is (outputs × inputs), as above and as in `torch.func.jacrev`, so
# composing functions multiplies their Jacobians in the same order. The lectures write (inputs × outputs), which
# is the transpose: same numbers, other side of the product. Whenever a formula does not fit, check this first.
#
# **What backpropagation wants with it.** There is one loss $L$ at the end. From the right arrives the upstream
# gradient $g = \partial L/\partial y$, one number for each output. We want $\partial L/\partial x$, one for each
# input. Each input adds up what comes back from all the outputs that it changes:
#
# $$\frac{\partial L}{\partial x_j} = \sum_i g_i\, \frac{\partial y_i}{\partial x_j} \qquad\text{or}\qquad \text{downstream} = g\, J \quad (\text{a row vector times the Jacobian; } J^{\top} g \text{ as a column}).$$
#
# That is all. Downstream = upstream × local, with a vector–matrix product for the ×.
#
# ### A solved example
#
# With $g = (10, 1)$ in the example above, $x_0$ gets $10\cdot 2 + 1 \cdot 0 = 20$; $x_1$ gets
# $10 \cdot 3 + 1\cdot 1 = 31$; $x_2$ gets $10\cdot 0 + 1\cdot 5 = 5$. Nudging agrees:

# %% show=true
x, g, h = tensor(3, 2, 7), tensor(10, 1), 1e-6
for j in range(3):
    step = torch.zeros(3, dtype=torch.float64)
    step[j] = h
    print(f"x{j}: {float(g @ (example(x + step) - example(x - step)) / (2 * h)):.4f}")
print("g J:", (g @ torch.func.jacrev(example)(x)).tolist())

# %% [markdown]
# ### Predict
#
# Do this on paper first, then fill in the cell below.
#
# 1. **ReLU**, $y_i = \max(0, x_i)$, at the lecture's $x = (1, -2, 3, -1)$: the $4\times 4$ Jacobian, row by row.
#    And with the upstream gradient $g = (4, -1, 5, 9)$, the downstream gradient.
# 2. **Softmax**, $y_i = e^{x_i} / \sum_k e^{x_k}$. Differentiating the fraction gives
#    $\partial y_i/\partial x_j = y_i\,([i = j] - y_j)$, where $[i=j]$ is 1 or 0. Take $x = (0, \ln 2, \ln 3)$, so
#    that $y = (\frac16, \frac13, \frac12)$. How large are $\partial y_0/\partial x_0$ and
#    $\partial y_0/\partial x_1$? And with $g = (6, 0, 0)$, what is the downstream gradient?
# 3. **Matrix multiply**, $Y = XW$ with $X$ of shape $(2, 3)$ and $W$ of shape $(3, 4)$. Outputs and inputs are
#    matrices now. The Jacobian keeps all their axes: first those of $Y$, then those of the input. What are the
#    shapes of $\partial Y/\partial X$ and $\partial Y/\partial W$?

# %% solution="by_hand"
# predicted: "relu_jacobian" (a list of four rows), "relu_grad_x" (a list),
# "softmax_dy0_dx0", "softmax_dy0_dx1", "softmax_grad_x" (a list),
# "dy_dx_shape" and "dy_dw_shape" (lists). One line for each is fine,
# for example: predicted["softmax_dy0_dx0"] = 1 / 2
predicted = {}
### BEGIN SOLUTION
predicted["relu_jacobian"] = [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
predicted["relu_grad_x"] = [4, 0, 5, 0]
predicted["softmax_dy0_dx0"] = 1 / 6 * (1 - 1 / 6)
predicted["softmax_dy0_dx1"] = -1 / 6 * 1 / 3
# 6 times the first row: y0 ([0 = j] - yj)
predicted["softmax_grad_x"] = [5 / 6, -1 / 3, -1 / 2]
predicted["dy_dx_shape"] = [2, 4, 2, 3]
predicted["dy_dw_shape"] = [2, 4, 3, 4]
### END SOLUTION

# %% item="by_hand" points=2
check("by_hand")

# %% [markdown]
# ## 2  Three Jacobians, in full
#
# Now for any input. Fill in four functions in `tensors.py`; two or three lines each.
#
# - `relu_jacobian(x)` and `softmax_jacobian(x)`, for a vector: you have just done them by hand. (`torch.diag` puts
#   a vector on a diagonal; `torch.outer(a, b)` is the table of all products $a_i b_j$.)
# - `matmul_jacobian_x(x, w)` and `matmul_jacobian_w(x, w)`, with four axes each. Start from one entry:
#   $y_{nm} = \sum_d x_{nd}\, w_{dm}$. Nudge one $x_{id}$. In which row of $y$ does anything change, and how fast?
#   Then nudge one $w_{dj}$: in which column? (`torch.einsum` can write such a product of four axes in one line, and
#   `torch.eye(N)` says "the same row".)

# %% item="relu_jacobian" points=1
check("relu_jacobian")

# %% item="softmax_jacobian" points=1
check("softmax_jacobian")

# %% item="matmul_jacobian" points=2
check("matmul_jacobian")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "has shape (n,)" where (n, n) is expected | zeros are entries, too: the table has a place for every pair |
# | `nan` in the softmax | $e^{1000}$: `torch.softmax` takes care of that |
# | the numbers are right and the axes are not | first the axes of y, then those of the input, each in their own order |
# | `einsum` refuses | one letter for each axis; a letter that appears on both sides is not summed: `"ni,dm->nmid"` has no sum at all |
#
# ### Look at them
#
# Drawn from *your* code: the axes of $Y$ flattened into rows, those of the input into columns. Blue is positive, red is
# negative, white is zero.

# %% show=true
x, w = normal(3, 4, seed=1), normal(4, 5, seed=2)
vector = normal(12, seed=3)
mine = {
    "ReLU, 12 → 12": tensors.relu_jacobian(vector),
    "softmax, 12 → 12": tensors.softmax_jacobian(vector),
    "XW by X, (3, 4) → (3, 5)": tensors.matmul_jacobian_x(x, w),
    "XW by W, (4, 5) → (3, 5)": tensors.matmul_jacobian_w(x, w),
}
show_jacobians(mine, columns=2);

# %% show=true
for name, jacobian in mine.items():
    if jacobian is not None:
        zeros = (jacobian == 0).double().mean()
        different = jacobian[jacobian != 0].unique().numel()
        print(f"{name:28s} {jacobian.numel():4d} entries, {zeros:5.0%} zero", end=", ")
        print(f"distinct values besides 0: {different}")

# %% [markdown]
# Look until you see why each looks the way it does. ReLU: an output changes with its own input alone, or not at all.
# Softmax: the one *full* matrix, since raising one score lowers every other probability; and yet it is built from
# 12 numbers. $XW$ with respect to $X$: the same block, $W^{\top}$, once for each row of the batch, because the rows do not
# influence each other. $XW$ with respect to $W$: stripes, the rows of $X$ over and over.
#
# **Each of them is sparse, or made of few numbers.** Keep this in mind for section 4.

# %% [markdown]
# ## 3  A Jacobian by nudging
#
# You have seen two ways to get such a table, on paper and by `jacrev`. The third way needs no calculus: nudge one
# input up and down by $h$, see how *all* outputs change, and divide by the distance,
#
# $$\text{column } j \;=\; \frac{f(x + h\,e_j) - f(x - h\,e_j)}{2h},$$
#
# where $e_j$ is 1 at entry $j$ and 0 elsewhere. The symmetric form is off by about $h^2$; a one-sided difference
# would be off by about $h$. (The notebook `scalar` has the picture.) It takes two calls for each input, and gives
# one column each.
#
# Write `numeric_jacobian(function, x, h)` for inputs and outputs of any shape. A good plan: collect the columns for
# the flattened `x`, stack them along a *last* axis, and reshape to `y.shape + x.shape`. Use double precision, and
# leave the caller's `x` as it is.

# %% show=true
jacobian = tensors.numeric_jacobian(example, tensor(3, 2, 7))
jacobian

# %% item="numeric_jacobian" points=2
check("numeric_jacobian")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | everything twice too large | the distance from $x-h$ to $x+h$ is $2h$ |
# | right for a vector, wrong for a matrix | the last `reshape`: `(*y.shape, *x.shape)` |
# | later columns wrong, the first one right | is the first entry back in its place when the second one is nudged? |
# | "x is not what it was" | `x[j] += h` writes into the caller's tensor |
# | right to three digits only | float32 has seven digits, and the difference of two neighbours loses most of them |
#
# Now all three ways can be compared, on everything so far:

# %% show=true
pairs = {
    "ReLU": (torch.relu, vector, mine["ReLU, 12 → 12"]),
    "softmax": (lambda v: v.softmax(0), vector, mine["softmax, 12 → 12"]),
    "XW by X": (lambda v: v @ w, x, mine["XW by X, (3, 4) → (3, 5)"]),
    "XW by W": (lambda v: x @ v, w, mine["XW by W, (4, 5) → (3, 5)"]),
}
for name, (function, at, by_hand) in pairs.items():
    automatic = torch.func.jacrev(function)(at)
    nudged = tensors.numeric_jacobian(function, at)
    if nudged is not None and by_hand is not None:
        first, second = (float((J - automatic).abs().max()) for J in (by_hand, nudged))
        print(f"{name:8s} largest difference: by hand and jacrev {first:.0e}", end=", ")
        print(f"nudging and jacrev {second:.0e}")

# %% [markdown]
# ## 4  Why nobody stores them
#
# There are three correct ways to get a Jacobian, and none of them is used in training. Measure why. Take $Y = XW$
# with 8 rows and $D = M$, let $D$ grow, and compute the gradient of $X$ *explicitly*: build your
# $\partial Y/\partial X$, then multiply the upstream gradient into it. We stop where the Jacobian would take
# **256 MiB**; suppose that is all our machine can spare. The plot also shows the *implicit* way, which you will
# write in the next section (until then its line is missing).

# %% show=true
LIMIT = 256 * 2**20
sizes = [8, 16, 32, 64, 128, 256, 512, 1024, 2048]


def seconds(function):
    """How long a call takes: the best of three runs or more, 20 ms in all."""
    runs = []
    while len(runs) < 3 or (sum(runs) < 0.02 and len(runs) < 300):
        begin = time.perf_counter()
        function()
        runs.append(time.perf_counter() - begin)
    return min(runs)


def explicit_gradient():
    return torch.einsum("nm,nmid->id", grad_out, tensors.matmul_jacobian_x(x, w))


memory, times = ({"explicit": [], "implicit": []} for _ in range(2))
for D in sizes:
    x, w, grad_out = normal(8, D, seed=D), normal(D, D, seed=D), normal(8, D, seed=D)
    x, w, grad_out = x.float(), w.float(), grad_out.float()
    entries = (8 * D) * (8 * D)
    if 4 * entries < LIMIT and tensors.matmul_jacobian_x(x[:1], w[:, :1]) is not None:
        memory["explicit"].append(tensors.matmul_jacobian_x(x, w).numel() * 4 / 2**20)
        times["explicit"].append(seconds(explicit_gradient))
    if tensors.matmul_backward(grad_out, x, w)[0] is not None:
        memory["implicit"].append(w.numel() * 4 / 2**20)  # it looks at nothing but w
        call = lambda: tensors.matmul_backward(grad_out, x, w)
        times["implicit"].append(seconds(call))
needed = "MiB for the local gradient"
costs = {needed: memory, "seconds": times}
limits = {needed: (256, "our limit: 256 MiB")}
show_growth(sizes, costs, xlabel="D = M   (N = 8 rows)", limits=limits);

# %% [markdown]
# The explicit line ends at $D = 512$: at $D = 1024$ the Jacobian alone would take the whole 256 MiB. And this is
# for *eight* rows. The lecture takes sizes that are usual for a neural net: $N = 64$, $D = M = 4096$.
#
# ### Work it out
#
# In float32, with four bytes for each number, 1 GiB = $2^{30}$ bytes and 1 TiB = $2^{40}$ bytes:
#
# - How many numbers does $\partial Y/\partial X$ have, and how many GiB is that? (The lecture's slide says "each
#   Jacobian takes 256 GB". Is that true of each?)
# - How many numbers does $\partial Y/\partial W$ have, and how many TiB is that?
# - What share of the numbers of $\partial Y/\partial X$ is not zero? And of $\partial Y/\partial W$? (Look at the
#   pictures in section 2: how long is a row, and how much of it is coloured?)
#
# All six are powers of two; you may write them in Python, like `2**10`.

# %% solution="explosion"
# explosion: "numbers_dy_dx", "gib_dy_dx", "numbers_dy_dw", "tib_dy_dw",
# "share_dy_dx", "share_dy_dw".
explosion = {}
### BEGIN SOLUTION
explosion["numbers_dy_dx"] = (64 * 4096) * (64 * 4096)  # outputs times inputs
explosion["gib_dy_dx"] = 4 * explosion["numbers_dy_dx"] / 2**30
explosion["numbers_dy_dw"] = (64 * 4096) * (4096 * 4096)
explosion["tib_dy_dw"] = 4 * explosion["numbers_dy_dw"] / 2**40
explosion["share_dy_dx"] = 1 / 64  # of 64 rows of X only one is in the output
explosion["share_dy_dw"] = 1 / 4096  # of 4096 columns of W only one is
### END SOLUTION

# %% item="explosion" points=2
check("explosion")

# %% show=true
if ready(explosion=explosion.get("gib_dy_dx")):
    D = [64, 128, 256, 512, 1024, 2048, 4096]
    needed = "GiB for the local gradient"
    sizes_of = {
        "dY/dX": [4 * (64 * d) ** 2 / 2**30 for d in D],
        "dY/dW": [4 * 64 * d**3 / 2**30 for d in D],
        "W itself": [4 * d * d / 2**30 for d in D],
    }
    show_growth(
        D, {needed: sizes_of}, xlabel="D = M   (N = 64 rows)",
        limits={needed: (139, "one of today's large GPUs")},
        marks={needed: (4096, explosion["gib_dy_dx"], "your number")},
    )

# %% [markdown]
# Sixteen tebibytes for *one* layer. All but one in 4096 of the numbers are zero, and the rest are copies of the
# 262,144 numbers of $X$. Nobody has to store this. We never wanted the Jacobian. We wanted **its product with one
# vector**, which has the size of the input.

# %% [markdown]
# ## 5  Backward passes without Jacobians
#
# The plan always has the same three steps:
#
# 1. write one entry of the product, $\;\text{downstream}_j = \sum_i g_i\,\partial y_i/\partial x_j$;
# 2. leave out every $i$ for which the Jacobian is zero;
# 3. write what remains as an operation on whole tensors.
#
# ### A solved example: scaling each column
#
# $y_{nc} = x_{nc}\, s_c$: each column of $x$ has a factor of its own. **For x:** nudging $x_{nc}$ changes $y_{nc}$
# alone, $s_c$ times as fast, so the sum has one term, $g_{nc} s_c$. **For s:** nudging $s_c$ changes the whole
# column $c$, $x_{nc}$ times as fast. The terms of the other columns are zero and drop out; $\sum_n g_{nc} x_{nc}$
# remains.

# %% show=true
def scale_backward(grad_out, x, s):
    """Backward of y = x * s. grad_out and x (N, C), s (C,)."""
    grad_x = grad_out * s  # (N, C): each entry with its column's factor
    grad_s = (grad_out * x).sum(dim=0)  # (C,): each factor collects from its column
    return grad_x, grad_s


x, s, grad_out = normal(4, 3, seed=1), normal(3, seed=2), normal(4, 3, seed=3)
jacobian = torch.func.jacrev(lambda v: v * s)(x)
explicit = torch.einsum("nc,ncij->ij", grad_out, jacobian)
same = torch.allclose(explicit, scale_backward(grad_out, x, s)[0])
print(f"{x.numel()} numbers instead of a Jacobian of {jacobian.numel()}", end="; ")
print(f"same result: {same}")

# %% [markdown]
# The sizes in the checks are so large that an explicit Jacobian does not fit: grading gives your code 4 GiB and
# five seconds. Your own computer is protected, too. The checks run your function within a *budget*: before every
# operation they work out from the shapes how large its result would be, and stop before it is made. See for
# yourself what happens to the explicit way:

# %% show=true
x = normal(24_000)
try:
    budget.within(lambda: x @ torch.diag((x > 0).double()), [])
except Exception as refused:
    print(refused)

# %% [markdown]
# ### 5.1  ReLU: a mask
#
# Your Jacobian from section 2 is diagonal, with ones where the gate is open. What remains of $g\,J$? Write one line
# in `relu_backward`, for tensors of any shape.

# %% item="relu_backward" points=1
check("relu_backward")

# %% [markdown]
# ### 5.2  Softmax, in linear time
#
# This Jacobian is full: $n$ probabilities, $n^2$ entries. Leaving out zeros saves nothing. But it is made of few
# numbers, $J = \operatorname{diag}(y) - y\,y^{\top}$, and that is enough. Write one entry of the product:
#
# $$\text{downstream}_j = \sum_i g_i\; y_i\,([i=j] - y_j) \;=\; \underbrace{\;?\;}_{\text{from } i = j} \;-\; y_j \underbrace{\sum_i \;?\;}_{\text{the same for all } j}$$
#
# The sum on the right does not depend on $j$: it is one number for the whole row, computed once. Forward and
# backward both cost $O(n)$. And notice what has to be remembered from the forward pass: not the scores, only the
# output $y$.
#
# Write `softmax_backward(grad_out, y)`. The tensors may have any shape; every row along the *last* axis is a softmax
# of its own.

# %% item="softmax_backward" points=2
check("softmax_backward")

# %% item="softmax_linear" points=1
check("softmax_linear")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | right in one entry and 0 in all others, where only one upstream gradient differs from 0 | the cross terms: raising one score lowers all the *other* probabilities |
# | right for a vector, wrong for a batch | `sum()` without a `dim` adds up the whole batch |
# | a shape error, or `(N, N)` where `(N, C)` is expected | the sum must stay a column, `keepdim=True`, to stretch over its row |
# | each row of your gradient should sum to zero and does not | adding the same number to all scores changes nothing, so it must; one of the terms lacks its factor |

# %% show=true
n = [2**k for k in range(6, 13)]
timed = {"explicit": [], "implicit": []}
for size in n:
    x, grad_out = normal(size).float(), normal(size, seed=1).float()
    y = x.softmax(0)
    if tensors.softmax_jacobian(x[:2]) is not None:
        timed["explicit"].append(
            seconds(lambda: grad_out @ tensors.softmax_jacobian(x))
        )
    if tensors.softmax_backward(grad_out, y) is not None:
        timed["implicit"].append(seconds(lambda: tensors.softmax_backward(grad_out, y)))
show_growth(n, {"seconds": timed}, xlabel="n, the number of classes");

# %% [markdown]
# The explicit line rises with $n^2$. The implicit one hardly rises: with so few numbers, starting the operations
# takes longer than doing them.
#
# ### 5.3  Matrix multiply: the only way the shapes work out
#
# $Y = XW$, with the upstream gradient $G$ of $Y$'s shape $(N, M)$. The lecture's rule of thumb: the gradient of $X$
# must be $(N, D)$. It is made of $G$, $(N, M)$, and of $W$, $(D, M)$. Write the shapes side by side: there is just
# one product of the two, one of them transposed, that gives $(N, D)$. It's the only way the shapes work out! It is
# the same for $W$.
#
# Write `matmul_backward` in this way. (Then read on: the rule finds the answer, but it does not prove it.)

# %% item="matmul_grad_x" points=1
check("matmul_grad_x")

# %% item="matmul_grad_w" points=1
check("matmul_grad_w")

# %% item="matmul_implicit" points=1
check("matmul_implicit")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | a shape error for (5, 4, 3), and wrong numbers for (4, 4, 4) | with square matrices the shape of *every* product fits, also of a wrong one. Test with N, D, M all different |
# | the transpose of the right answer | a gradient has the shape of its variable; `nn.Linear` keeps its weights as (M, D), this course as (D, M) |
# | "out of memory" or "stopped" | a Jacobian from section 2 in use |
#
# **And why?** Follow the lecture's slice. Nudge one entry $x_{nd}$. Only row $n$ of $Y$ changes, and $y_{nm}$ changes
# $w_{dm}$ times as fast. The *slice* of the Jacobian that belongs to $x_{nd}$ is row $d$ of $W$, and nothing else.
# So
#
# $$\frac{\partial L}{\partial x_{nd}} = \sum_m g_{nm}\, w_{dm} = (\text{row } n \text{ of } G)\cdot(\text{row } d \text{ of } W).$$
#
# A table of products of rows with rows is a matrix product with the second matrix transposed. Below is the slice
# from your Jacobian (each of them is $(N, M)$). Choose the row $n$ and the column $d$ of the entry that is nudged.
# Where does the slice move, and which numbers does it show?

# %% show=true
x, w = normal(3, 4, seed=1), normal(4, 5, seed=2)
jacobian = tensors.matmul_jacobian_x(x, w)


def show_slice(n, d, W=w, J=jacobian):
    """W, and the part of your Jacobian that belongs to x[n, d]."""
    part = None if J is None else J[:, :, n, d]
    pictures = {"W": W, f"how Y changes with x[{n}, {d}]": part}
    return show_jacobians(pictures, columns=2, axes=("rows", "columns"))


play(show_slice, n=Slide(0, 0, 2, 1), d=Slide(2, 0, 3, 1))

# %% [markdown]
# ### Written question 1
#
# **(a)** Make the same argument for $W$: nudge one entry $w_{dm}$. Which entries of $Y$ change, and how fast? Derive
# the formula of its gradient. **(b)** For $N = D = M$, "the shapes work out" allows several products. Name two wrong
# ones for the gradient of $X$ that have the right shape, and say how a check could tell them from the right one. **(c)** The implicit way
# costs two matrix products of the same size as the forward one. What does this say about the cost of a network's
# backward pass, compared with its forward pass?

# %% [markdown] written="why_shapes" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) $y_{nm} = \sum_d x_{nd} w_{dm}$: nudging $w_{dm}$ changes column $m$ of $Y$, its entry $y_{nm}$ $x_{nd}$ times as
# fast, and nothing else. So $\partial L/\partial w_{dm} = \sum_n g_{nm} x_{nd}$: column $d$ of $X$ times column $m$ of
# $G$, for all pairs of columns, which is $X^{\top} G$.
#
# (b) For $X$, for instance $G W$ (transpose forgotten), $W^{\top} G$ or $W G$ (order swapped), $G^{\top} W^{\top}$. A
# check with different N, D, M excludes them by shape. With square matrices, a comparison by nudging, entry by entry
# and with random numbers, does. (A symmetric $W$, or the identity, would hide the forgotten transpose.)
#
# (c) The forward pass is one product, the backward pass two, one for each input. A network that consists mostly of
# products costs about twice as much backward as forward, and three times as much altogether, whatever the number of
# weights. (Without the gradient of the first input, one product can be saved.)
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ### 5.4  Broadcasting: silent copies
#
# `x @ w + b` adds a vector `b` of shape $(M,)$ to a matrix of shape $(N, M)$. There is no shape error: the vector is
# silently **copied** to all $N$ rows. And you know what copies do: they *add up* what comes back along their wires.
#
# The rules of broadcasting: write the two shapes below each other, aligned on the **right**. Where one of them has no
# axis, it is copied along a new one. Where one of them has size 1, it is copied along that axis. Everything else must
# agree.
#
# ```
#     grad_out   (8, 5, 6)        grad_out   (8, 5, 6)        grad_out   (8, 5, 6)
#     x             (5, 6)        x             (5, 1)        x          (8, 1, 6)
#     copied      *               copied      *     *         copied         *
# ```
#
# So the backward pass sums over the axes with a star. But note the difference. An axis that `x` does not have must
# *vanish*; an axis where `x` has size 1 must *stay*, with size 1. Here is the middle one, solved:

# %% show=true
grad_out = normal(8, 5, 6)
grad_x = grad_out.sum(dim=0)                    # the new axis in front goes: (5, 6)
grad_x = grad_x.sum(dim=1, keepdim=True)        # the axis of size 1 stays: (5, 1)
grad_x.shape

# %% [markdown]
# Write `unbroadcast(grad_out, shape)` for every pair of shapes, and then `mul_backward(grad_out, x, y)` for
# $z = x\,y$ with broadcasting, which multiplies first and sums afterwards.

# %% item="unbroadcast" points=2
check("unbroadcast")

# %% item="mul_backward" points=2
check("mul_backward")

# %% [markdown]
# "Every pair of shapes" is a strong promise, and a few examples cannot test it, so these checks draw dozens of shapes
# at random. The library **hypothesis** does this systematically: it draws examples, and when one fails it searches
# for the *smallest* one that still fails. Try it on a function that looks right, and that many people write first.
# (To try your own, put `tensors.unbroadcast` in its place.)

# %% show=true
import tempfile

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.extra.numpy import mutually_broadcastable_shapes

set_hypothesis_home_dir(tempfile.mkdtemp())  # keep its notes out of your folder


def sums_in_front_only(grad_out, shape):
    new_axes = tuple(range(grad_out.dim() - len(shape)))
    return grad_out.sum(dim=new_axes) if new_axes else grad_out


@settings(
    max_examples=60,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=4))
def try_it(shapes):
    shape, result = shapes.input_shapes[0], shapes.result_shape
    grad = sums_in_front_only(torch.ones(result), shape)
    answer = tuple(grad.shape)
    assert answer == shape, f"x {shape}, grad_out {result}: the answer is {answer}"


try:
    try_it()
except AssertionError as failed:
    print("smallest failure:", failed)

# %% [markdown]
# ### 5.5  The correlation layer
#
# One more layer, where avoiding the Jacobian saves a factor of $n$. A 1-D correlation slides $K$ weights along the
# input, and every output has a bias of its own:
#
# $$y_j = \sum_{k=0}^{K-1} w_k\, x_{j+k} + b_j, \qquad j = 0, \dots, n-1, \qquad x \text{ has } n + K - 1 \text{ entries.}$$
#
# With $w = (1, 10)$, $x = (1, 2, 3, 4)$ and $b = 0$: $y = (21, 32, 43)$. Written as a matrix product,
# $y = T x + b$, the matrix $T$ is a band, and this band *is* the Jacobian by $x$:

# %% show=true
def correlation_matrix(w, n):
    """The whole (n, n + K - 1) matrix, for looking at. Nobody computes with it."""
    rows = [(torch.zeros(j), w.float(), torch.zeros(n - 1 - j)) for j in range(n)]
    return torch.stack([torch.cat(row) for row in rows])


show_jacobians({
    "y by x: w slides": correlation_matrix(tensor(1.0, 3, 2), 9),
    "y by w: the windows of x": normal(11, seed=4).unfold(0, 3, 1),
    "y by b": torch.eye(9),
});

# %% [markdown]
# The forward pass needs $nK$ multiplications, which is $O(n)$ for a fixed small $K$, and so should the backward pass;
# the matrix has $n(n+K-1)$ entries. Fill in `correlate`, then `correlate_backward`. A loop over the $K$ weights is
# fine: each step handles all $n$ outputs at once, with a slice `x[k : k + n]`.
#
# For the gradients, take the three steps once more. $b_j$ is in one output. $w_k$ is in every output, next to
# $x_{j+k}$. And $x_i$: in which $y_j$ is it, and with which weight? In $y_i$ with $w_0$; in $y_{i-1}$ with $w_1$; in
# $y_{i-2}$ with $w_2$ … The indices run in opposite directions. The easiest way avoids this: go through the forward
# lines and *give back*. Where $w_k$ read the slice `x[k : k + n]`, add $w_k$ times `grad_out` to the same slice of
# `grad_x`. (The result is a full *convolution* of the upstream gradient with $w$, that is, a correlation with the
# weights flipped. For images the same holds in two dimensions, and is called a *transposed convolution*.)

# %% item="corr_forward" points=1
check("corr_forward")

# %% item="corr_grad_x" points=1
check("corr_grad_x")

# %% item="corr_grad_w" points=1
check("corr_grad_w")

# %% item="corr_grad_b" points=1
check("corr_grad_b")

# %% item="corr_linear" points=1
check("corr_linear")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | `grad_x` is right in the middle and wrong at the ends | x is longer than y: all $n + K - 1$ entries get a gradient, those at the ends from fewer outputs |
# | `grad_x` runs in the wrong direction | which weight connects $x_i$ with $y_{i-1}$? |
# | only the last weight seems to count | `=` where `+=` belongs: x adds up $K$ gradients |
# | "changed its input" | `x[...] += …` writes into the caller's tensor: collect in zeros of your own |

# %% show=true
n = [2**k for k in range(7, 13)]
timed = {"explicit": [], "implicit": []}
for size in n:
    x, w, grad_out = (
        normal(size + 4).float(),
        normal(5, seed=1).float(),
        normal(size, seed=2).float(),
    )
    band = correlation_matrix(w, size)
    # the product alone: building the matrix is not counted
    timed["explicit"].append(seconds(lambda: grad_out @ band))
    if tensors.correlate_backward(grad_out, x, w)[0] is not None:
        timed["implicit"].append(
            seconds(lambda: tensors.correlate_backward(grad_out, x, w))
        )
show_growth(n, {"seconds": timed}, xlabel="n, the length");

# %% [markdown]
# For short inputs the ready-made matrix is faster: starting your few operations costs more than they do. But its time
# grows like $n^2$, and yours hardly grows yet.
#
# ## 6  The order of products
#
# A network is a chain, $x \to h_1 \to h_2 \to \dots \to \text{loss}$, so the Jacobian of the loss with respect to the input is a
# product of Jacobians. In our layout (outputs × inputs), with the loss first, and with $L$ square Jacobians after it (in
# this section $L$ counts layers, as in the lecture):
#
# $$\frac{\partial\,\text{loss}}{\partial x} = \underbrace{J_1}_{1\times n}\;\underbrace{J_2}_{n\times n}\;\underbrace{J_3}_{n\times n}\cdots\underbrace{J_{L}}_{n\times n}\;\underbrace{J_{L+1}}_{n \times n}$$
#
# Matrix products are associative: the result is the same whichever product is done first. The **cost** is not. From
# the left, $((J_1 J_2) J_3)\cdots$, a row stays a row. From the right, $J_1(J_2(\cdots J_{L+1}))$, full matrices are
# multiplied until the very last product.
#
# A product of an $(a, b)$ with a $(b, c)$ matrix takes $a\,b\,c$ multiplications.
#
# **Solved**, for sizes $2\times 3$, $3\times 4$, $4\times 5$, written as the list `[2, 3, 4, 5]`. From the left:
# $2\cdot3\cdot4 = 24$ for the first product, which is $2\times 4$; then $2\cdot4\cdot5 = 40$; together 64. From the
# right: $3\cdot4\cdot5 = 60$ for a $3\times5$ matrix; then $2\cdot3\cdot5=30$; together 90.
#
# Write `cost_left_to_right(sizes)` and `cost_right_to_left(sizes)`.

# %% item="product_cost" points=2
check("product_cost")

# %% [markdown]
# Now the lecture's claim: from the left $O(L n^2)$, from the right $O((L-1)n^3 + n^2)$. With your counts, exactly:

# %% show=true
layers = 8
widths = [32, 64, 128, 256, 512]
counted, timed = ({"from the loss": [], "from the input": []} for _ in range(2))


def from_the_loss():
    row = matrices[0]
    for matrix in matrices[1:]:
        row = row @ matrix
    return row


def from_the_input():
    product = matrices[-1]
    for matrix in matrices[-2::-1]:
        product = matrix @ product
    return product


if ready(
    cost_left_to_right=tensors.cost_left_to_right([1, 2, 2]),
    cost_right_to_left=tensors.cost_right_to_left([1, 2, 2]),
):
    for n in widths:
        chain = [1] + [n] * (layers + 1)
        left = tensors.cost_left_to_right(chain)
        right = tensors.cost_right_to_left(chain)
        print(f"n = {n:3d}: from the loss {left:>11,}", end=" = ")
        print(f"L n²: {left == layers * n**2}", end=";  ")
        print(f"from the input {right:>13,}", end=" = ")
        print(f"(L-1) n³ + n²: {right == (layers - 1) * n**3 + n**2}")
        counted["from the loss"].append(left)
        counted["from the input"].append(right)
        pairs = enumerate(zip(chain, chain[1:]))
        matrices = [normal(a, b, seed=i).float() / b**0.5 for i, (a, b) in pairs]
        timed["from the loss"].append(seconds(from_the_loss))
        timed["from the input"].append(seconds(from_the_input))
    both = {"multiplications": counted, "seconds": timed}
    show_growth(widths, both, xlabel="n, the width of 8 layers")

# %% [markdown]
# "From the loss" has a name: **reverse mode**, or backpropagation. "From the input" is **forward mode**. (The lectures
# say that PyTorch does not have forward mode. That was so when they were made; now it does: `torch.func.jvp`.)
#
# And in a network nobody even has the $n \times n$ matrices: each step of the cheap order is a row times a Jacobian,
# exactly the product that section 5 computes implicitly.
#
# ### Written question 2
#
# **(a)** Why does the row stay a row from the left, and what makes it a row in the first place? **(b)** Now the other
# way round: a simulation with *one* parameter (the strength of gravity) and $n$ outputs (positions at many times).
# What are the sizes in the chain now (with $n$ numbers at every step in between), which order is cheap, and how does its cost compare with the other? **(c)** A
# function has 100 inputs and 100 outputs, and its whole Jacobian is needed: how many passes does each mode take?

# %% [markdown] written="which_order" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) The left factor has as many rows as there are outputs, and the loss is a single number: one row. A row times a
# matrix is a row again, so each product costs $n^2$.
#
# (b) The sizes are $n, n, \dots, n, 1$: the rightmost matrix is a column. From the right a column stays a column,
# $L n^2$ multiplications; from the left there are matrix–matrix products, $(L-1) n^3 + n^2$. Forward mode wins.
#
# (c) Each pass of reverse mode gives one row of the Jacobian, each pass of forward mode one column: 100 passes each.
# (Then other things decide: reverse mode must keep the values in between, forward mode need not.)
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 7  A gradient checker of your own
#
# A wrong backward pass does not crash. The loss even falls, a bit more slowly than it might. You need an instrument,
# and an instrument must itself be tested. You will now build one, and the checks will test it: they hand it backward
# passes with **planted mistakes**, which it has to reject, and **correct** ones, which it has to accept. An instrument
# that always says "wrong" fails as surely as one that always says "right".
#
# `gradcheck(forward, backward, inputs)` computes `y = forward(*inputs)` and `grads = backward(grad_out, *inputs)`, and
# returns `True` or `False`. The idea is the one you know: nudge an entry of an input, see how $L = \sum g\,y$ changes,
# and compare this with the claimed gradient. The difficulty is in the details below; the checks ask for each of them.
#
# **Which upstream gradient?** A solved example first. Here is a wrong softmax backward pass, three times too large, and
# its gradient under two upstream gradients:

# %% show=true
def three_times_too_large(grad_out, y):
    jacobian = torch.diag(y) - torch.outer(y, y)
    return 3 * (grad_out @ jacobian)


def rounded(vector):
    return [round(value, 3) + 0.0 for value in vector.tolist()]


y = normal(4, seed=5).softmax(0)
upstreams = {"all ones": torch.ones(4).double(), "random": normal(4, seed=6)}
for name, grad_out in upstreams.items():
    wrong = three_times_too_large(grad_out, y)
    print(f"upstream {name:9s}: claimed {rounded(wrong)}, true {rounded(wrong / 3)}")

# %% [markdown]
# With ones, the claimed and the true gradient are both zero, and the mistake cannot be seen: the probabilities always
# sum to one, so their sum cannot change. Any *constant* upstream gradient hides something, and a *positive* one hides, for
# example, a ReLU mask `grad_out * x > 0` where `x > 0` is meant. A random one, of both signs, hides nothing.
#
# **Shapes.** A gradient of shape $(n, 1)$ minus one of shape $(n,)$ is an $(n, n)$ table, without any error. Compare
# shapes first.
#
# **Every entry.** A mistake may be in one of a hundred entries, where means and sums hide it. Also, `nan` compares as
# False with everything, so ask "is it right?" and never "is it wrong?".
#
# **Which precision?** In float32 two neighbouring values share most of their seven digits: nudge in float64, whatever
# comes in.
#
# **How large a step, how close a match?** Sizes differ. A step of $10^{-6}$ is right at $x \approx 1$, and gives
# needless noise at $x = 1000$. An error of $10^{-3}$ is nothing in a gradient of a million, and everything in one of
# $10^{-4}$. So make the step proportional to the entry, about a millionth of it (with a smallest one, for 0), and the
# tolerance proportional to the gradient, about $10^{-5}$ of it, plus a little, about $10^{-8}$: where the true gradient is 0, nudging still finds some rounding.
#
# **Kinks.** At a ReLU's zero the slope on the left is 0, on the right 1. The symmetric difference says ½. All slopes in
# between are right (*subgradients*); those outside are wrong. Away from the kink there is only one right answer. Here
# are both one-sided slopes of three functions at 0:

# %% show=true
h, zero = 1e-6, torch.zeros((), dtype=torch.float64)
functions = {"max(0, x)": torch.relu, "|x|": torch.abs, "tanh(x)": torch.tanh}
for name, function in functions.items():
    left = float((function(zero) - function(zero - h)) / h)
    right = float((function(zero + h) - function(zero)) / h)
    print(f"{name:10s} slope on the left {left:5.2f}, on the right {right:5.2f}")

# %% [markdown]
# Do you see how one rule covers both the smooth case and the kink? *The claimed slope is between the left one and the
# right one, or misses them by very little.*
#
# One more detail that helps: take the difference of the outputs first, entry by entry, then weight and sum it,
# `((y_up - y_down) * grad_out).sum()`. Outputs that did not change then contribute an exact zero; the difference of two
# large sums would leave their rounding behind.
#
# Now fill in `gradcheck` in `tensors.py`, without using the course's own (`toolbox.gradcheck`). Try it on what you have:

# %% show=true
def relu_pair(x):
    return torch.relu(x)


tensors.gradcheck(
    relu_pair, lambda grad_out, x: [tensors.relu_backward(grad_out, x)], [normal(3, 4)]
)

# %% item="gradcheck_wrong" points=2
check("gradcheck_wrong")

# %% item="gradcheck_entry" points=1
check("gradcheck_entry")

# %% item="gradcheck_upstream" points=1
check("gradcheck_upstream")

# %% item="gradcheck_zero" points=1
check("gradcheck_zero")

# %% item="gradcheck_kinks" points=1
check("gradcheck_kinks")

# %% item="gradcheck_float32" points=1
check("gradcheck_float32")

# %% item="gradcheck_scales" points=1
check("gradcheck_scales")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | it accepts everything | an early `return True`? A loop that returns after its first entry? |
# | it rejects right ones | print left slope, right slope and claim for one entry: step, tolerance or upstream gradient? |
# | "RuntimeError: … dtype" in float32 | *all* inputs to float64, before the first call |
# | it rejects only at inputs of 1000, or only at 0.001 | step and tolerance in proportion |
# | "nan passes" | `if not (low <= claimed <= high): return False` |
# | it rejects where the gradient is exactly 0 | 0/0 is `nan`: compare without dividing |

# %% show=true
# The whole test at a glance: for each kind, how many cases your checker judges right.
tried = tensors.gradcheck(torch.relu, lambda grad_out, x: [grad_out * 0], [normal(2)])
if ready(gradcheck=tried):
    for kind in planted_faults.KINDS:
        cases, misjudged = planted_faults.cases(kind, seed=2024), []
        for case in cases:
            said = bool(tensors.gradcheck(case.forward, case.backward, case.inputs))
            if said != planted_faults.healthy(case):
                misjudged.append(case.what)
        right = len(cases) - len(misjudged)
        print(f"{kind:9s} {right:2d} of {len(cases):2d}", end="")
        print(f"   misjudged: {misjudged[0]}" if misjudged else "")

# %% [markdown]
# **What no checker sees.** It looks at one point only. Where all gates are shut, a wrong factor behind them looks right;
# where a weight is zero, a wrong factor in the gradient of what it multiplies cannot be seen. Choose inputs that are random, of different sizes, and away from
# special values.
#
# ## 8  Suspects
#
# Here are eight backward passes, as one might find them on the internet. Their forward passes are all correct. Some of
# the backward passes are wrong. **Use your checker** to find out which; then look at the wrong ones until you see why.

# %%
def mean(x):                                    # (N, C) -> (C,)
    return x.mean(dim=0)


def mean_backward(grad_out, x):
    return [grad_out.expand(x.shape)]


def outer(a, b):                                # (n,), (n,) -> (n, n)
    return torch.outer(a, b)


def outer_backward(grad_out, a, b):
    return [grad_out.T @ b, grad_out @ a]


def unit(x):                                    # (n,) -> (n,), of length 1
    return x / x.norm()


def unit_backward(grad_out, x):
    return [grad_out / x.norm()]


def logsumexp(x):                               # (N, C) -> (N,)
    return torch.logsumexp(x, dim=1)


def logsumexp_backward(grad_out, x):
    return [grad_out[:, None] * torch.exp(x - torch.logsumexp(x, dim=1, keepdim=True))]


# %%
def cumsum(x):  # (n,) -> (n,): sums of everything up to here
    return torch.cumsum(x, dim=0)


def cumsum_backward(grad_out, x):
    return [torch.cumsum(grad_out, dim=0)]


def top(x):  # (N, C) -> (N,): the largest of each row
    return x.max(dim=1).values


def top_backward(grad_out, x):
    best = (x == x.max(dim=1, keepdim=True).values).double()
    return [grad_out[:, None] * best / best.sum(dim=1, keepdim=True)]


def hypot(a, b):  # any shapes that broadcast
    return torch.sqrt(a * a + b * b)


def hypot_backward(grad_out, a, b):
    scaled = grad_out / torch.sqrt(a * a + b * b)
    return [(scaled * a).sum_to_size(a.shape), (b * scaled).sum_to_size(b.shape)]


def swish(x):  # elementwise
    return x * torch.sigmoid(x)


def swish_backward(grad_out, x):
    s = torch.sigmoid(x)
    return [grad_out * (s + swish(x) * (1 - s))]


suspects = {
    "mean": (mean, mean_backward, [normal(4, 3)]),
    "outer": (outer, outer_backward, [normal(4), normal(4, seed=1)]),
    "unit": (unit, unit_backward, [normal(5)]),
    "logsumexp": (logsumexp, logsumexp_backward, [normal(3, 4)]),
    "cumsum": (cumsum, cumsum_backward, [normal(5)]),
    "top": (top, top_backward, [tensor([1, 3, 3], [2, 0, 1])]),
    "hypot": (hypot, hypot_backward, [normal(3, 1), normal(4, seed=1)]),
    "swish": (swish, swish_backward, [normal(6)]),
}

# %% [markdown]
# Give a verdict for each: `True` for right, `False` for wrong. Write it down name by name, or let your checker fill the
# dict in a loop.

# %% solution="suspects"
# verdicts maps "mean", "outer", "unit", "logsumexp", "cumsum", "top", "hypot"
# and "swish" to True (right) or False (wrong).
verdicts = {}
### BEGIN SOLUTION
for name, (forward, backward, inputs) in suspects.items():
    verdicts[name] = tensors.gradcheck(forward, backward, inputs)
### END SOLUTION
verdicts

# %% item="suspects" points=2
check("suspects")

# %% [markdown]
# Did you find the reason for each wrong one? Write one entry of its Jacobian on paper, and say in a sentence what the
# code makes of it instead.
#
# ## 9  Key points
#
# - A **Jacobian** is a table, every output against every input: the linear map that is the derivative. Here it is
#   outputs × inputs, in the lectures transposed. Downstream = upstream row vector × Jacobian.
# - For $N = 64$, $D = M = 4096$ it takes 256 GiB by $X$ and 16 TiB by $W$. **Nobody builds it.** It is sparse, or made of
#   few numbers. Write one entry of the product, drop the zeros, and write the rest as a tensor operation.
# - **ReLU** masks. **Softmax** is $y \odot (g - \text{one number for each row})$, in linear time. **Matrix multiply**:
#   the shapes suggest the product, and the slices of the Jacobian prove it. **Broadcasting** copies, so its backward pass
#   sums. The backward pass of a **correlation** is a convolution, in $O(n)$.
# - Products from the scalar end keep a row a row: $L n^2$ instead of $(L-1)n^3 + n^2$. This is reverse mode. With one input
#   and many outputs, the other end is the scalar one, and forward mode wins.
# - **Check by nudging**: float64, a random upstream gradient of both signs, shapes, every entry, steps and tolerances in
#   proportion, and at a kink everything between the two slopes. And test your instruments with mistakes that you planted
#   yourself.
#
# The pairs of forward and backward that you have written are *layers*. The next notebook gives them a common interface,
# so that they can be combined into networks.
#
# ### Hand in
#
# 1. Restart the kernel and run everything (*Run* → *Run All Cells*), to be sure that it works from the top. Save the
#    notebook and `tensors.py`.
# 2. Make the file to hand in: remove the two `# ` in the cell below and run it. It checks that
#    everything is there and writes one zip.
# 3. Upload that zip. You may do so as often as you like before the deadline; the last one counts.

# %%
# from toolbox import submit
# submit("tensors")
