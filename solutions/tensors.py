# ---
# jupyter:
#   backprop_kit: {assignment: tensors, modules: [tensors], order: 3}
# ---

# %% [markdown]
# # Tensors: gradients without Jacobians
#
# With scalars, backpropagation was a walk along wires: downstream = upstream × local. On the wires of a real network travel vectors, matrices, whole batches of
# images. What, then, is the *local gradient* of a matrix product? An object so large that nobody has ever stored it. And still every network in the world is
# trained by multiplying with it.
#
# This notebook is about that trick. By the end you will have
#
# - written down three **Jacobians** in full, looked at them, and found them almost empty;
# - measured how they explode, and computed the size of the one that the lecture warns of;
# - written the backward passes of ReLU, softmax, matrix multiply, broadcasting and a correlation layer so that **no Jacobian is ever built**;
# - counted why gradients are computed from the loss backwards and not from the input forwards;
# - built your own **gradient checker**, and convicted four wrong backward passes with it.
#
# You need: the notebook on flat code or something like it (what a gradient is, and the shapes of a linear layer), matrix products, some Python. Allow five to seven
# hours; the sections stand on their own.

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
from toolbox import budget, check, planted
from toolbox.draw import show_growth, show_jacobians

torch.set_num_threads(1)  # one thread, so that measured times can be compared


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
# Numbers that you work out on paper go into this notebook, wherever you see `# YOUR CODE HERE`. Code goes into one file, `lib/backprop/tensors.py`: keep it open beside the
# notebook, save it, and run the next cell; the notebook picks up the new version by itself. Below every task stands a cell like `check("relu_jacobian")`. Run it as often as you
# want. Grading runs the same checks, and more of the same kind with other numbers and shapes.
#
# In `tensors.py` you may use any tensor operation of PyTorch except those that differentiate for you (`.backward()`, `torch.autograd`, `torch.func`). The notebook uses `torch.func` to
# compare; you write what it does.
#
# | you see | look at |
# | --- | --- |
# | `StopIteration` in the first cell | the notebook lies outside the course's folder: it must stand below the folder that holds `lib` |
# | a check still shows the old result | `tensors.py` is not saved; or restart the kernel and run from the top |
# | "out of memory: a tensor of … numbers" | your function builds a whole Jacobian; the check stopped it before it could fill your computer's memory |
# | "stopped after writing … numbers" | the same, a row at a time |
# | "Nothing to show yet" | not an error: that picture is drawn with your code, once it exists |

# %% [markdown]
# ## 1  Every output against every input
#
# A function from three numbers to two, $y_0 = x_0\, x_1$ and $y_1 = x_1 + 5 x_2$. Nudge $x_0$: how fast does $y_0$ move, how fast $y_1$? Nudge $x_1$. Nudge $x_2$. Three inputs, two outputs, six answers. Put
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
# **Which way round?** In this course a Jacobian is (outputs × inputs), as above and as in `torch.func.jacrev`. Then a small step $\Delta x$ moves $y$ by $J\,\Delta x$, and composing functions multiplies their
# Jacobians in the same order. The lectures write (inputs × outputs), which is the transpose: same numbers, other side of the product. Whenever a formula does not fit, ask for this first.
#
# **What backpropagation wants with it.** There is one loss $L$ at the end. From the right arrives the upstream gradient $g = \partial L/\partial y$, one number for each output. We want
# $\partial L/\partial x$, one for each input. Each input collects from every output that it moves:
#
# $$\frac{\partial L}{\partial x_j} = \sum_i g_i\, \frac{\partial y_i}{\partial x_j} \qquad\text{or}\qquad \text{downstream} = g\, J \quad (\text{a row vector times the Jacobian; } J^{\top} g \text{ as a column}).$$
#
# That is all. Downstream = upstream × local, with a vector–matrix product for the ×.
#
# ### A solved example
#
# With $g = (10, 1)$ in the example above: $x_0$ collects $10\cdot 2 + 1 \cdot 0 = 20$; $x_1$ collects $10 \cdot 3 + 1\cdot 1 = 31$; $x_2$ collects $10\cdot 0 + 1\cdot 5 = 5$. Nudging agrees, as it must:

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
# On paper, please, then below.
#
# 1. **ReLU**, $y_i = \max(0, x_i)$, at the lecture's $x = (1, -2, 3, -1)$: the $4\times 4$ Jacobian, row by row. And with the upstream gradient $g = (4, -1, 5, 9)$, the downstream gradient.
# 2. **Softmax**, $y_i = e^{x_i} / \sum_k e^{x_k}$. Differentiating the fraction gives $\partial y_i/\partial x_j = y_i\,([i = j] - y_j)$, where $[i=j]$ is 1 or 0. Take $x = (0, \ln 2, \ln 3)$, so that $y = (\frac16, \frac13,
#    \frac12)$. How large are $\partial y_0/\partial x_0$ and $\partial y_0/\partial x_1$? And with $g = (6, 0, 0)$, the downstream gradient?
# 3. **Matrix multiply**, $Y = XW$ with $X$ of shape $(2, 3)$ and $W$ of shape $(3, 4)$. Outputs and inputs are matrices now; the Jacobian keeps all their axes, first those of $Y$, then those of the input. Which shapes have
#    $\partial Y/\partial X$ and $\partial Y/\partial W$?

# %% solution="by_hand"
# predicted: "relu_jacobian" (a list of four rows), "relu_grad_x" (a list), "softmax_dy0_dx0", "softmax_dy0_dx1", "softmax_grad_x" (a list),
# "dy_dx_shape" and "dy_dw_shape" (lists). One line for each is fine, for example: predicted["softmax_dy0_dx0"] = 1 / 2
predicted = {}
### BEGIN SOLUTION
predicted["relu_jacobian"] = [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
predicted["relu_grad_x"] = [4, 0, 5, 0]
predicted["softmax_dy0_dx0"] = 1 / 6 * (1 - 1 / 6)
predicted["softmax_dy0_dx1"] = -1 / 6 * 1 / 3
predicted["softmax_grad_x"] = [5 / 6, -1 / 3, -1 / 2]  # 6 times the first row: y0 ([0 = j] - yj)
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
# - `relu_jacobian(x)` and `softmax_jacobian(x)`, for a vector: you have just done them by hand. (`torch.diag` puts a vector on a diagonal, `torch.outer(a, b)` is the table of all products $a_i b_j$.)
# - `matmul_jacobian_x(x, w)` and `matmul_jacobian_w(x, w)`, with four axes each. Start from one entry: $y_{nm} = \sum_d x_{nd}\, w_{dm}$. Nudge one $x_{id}$. In which row of $y$ does anything move, and how fast? Then
#   nudge one $w_{dj}$: in which column?

# %% item="relu_jacobian" points=1
check("relu_jacobian")

# %% item="softmax_jacobian" points=1
check("softmax_jacobian")

# %% item="matmul_jacobian" points=2
check("matmul_jacobian")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "has shape (n,)" where (n, n) is due | zeros are entries, too: the table has a place for every pair |
# | `nan` in the softmax | $e^{1000}$: `torch.softmax` takes care of that |
# | the numbers are right and the axes are not | y's axes first, then the input's, in their own order |
# | `einsum` refuses | one letter for each axis, a letter that appears on both sides of no sum stays: `"ni,dm->nmid"` has no sum at all |
#
# ### Look at them
#
# Drawn from *your* code: the axes of $Y$ flattened into rows, those of the input into columns.

# %% show=true
x, w = normal(3, 4, seed=1), normal(4, 5, seed=2)
vector = normal(12, seed=3)
mine = {"ReLU, 12 → 12": tensors.relu_jacobian(vector), "softmax, 12 → 12": tensors.softmax_jacobian(vector),
        "XW by X, (3, 4) → (3, 5)": tensors.matmul_jacobian_x(x, w), "XW by W, (4, 5) → (3, 5)": tensors.matmul_jacobian_w(x, w)}
show_jacobians(mine, columns=2);

# %% show=true
for name, jacobian in mine.items():
    if jacobian is not None:
        print(f"{name:28s} {jacobian.numel():4d} entries, {int((jacobian == 0).sum()) / jacobian.numel():5.0%} of them zero, "
              f"{jacobian[jacobian != 0].unique().numel():3d} different numbers besides")

# %% [markdown]
# Look long enough to see why each is as it is. ReLU: an output moves with its own input alone, or not at all. Softmax: the one *full* matrix, since every probability pays for every other's gain; and
# yet it is built from 12 numbers. $XW$ by $X$: the same block, $W^{\top}$, once for each row of the batch, because examples do not see each other. $XW$ by $W$: stripes, the rows of $X$ over and over.
#
# **Sparse or made of few numbers, every one of them.** Keep that in mind for section 4.

# %% [markdown]
# ## 3  A Jacobian by nudging
#
# Two derivations of the same table, on paper and by `jacrev`. The third way needs no calculus: nudge one input up and down by $h$, see how *all* outputs move, divide by the way between,
#
# $$\text{column } j \;=\; \frac{f(x + h\,e_j) - f(x - h\,e_j)}{2h},$$
#
# where $e_j$ is 1 at entry $j$ and 0 elsewhere. The symmetric form is off by about $h^2$; a one-sided difference would be off by about $h$. (The notebook on scalars has the picture.) Two calls for each input, and a column each.
#
# Write `numeric_jacobian(function, x, h)` for inputs and outputs of any shape. A good plan: collect the columns for the flattened `x`, stack them along a *last* axis, and reshape to `y.shape + x.shape`. Double precision, and
# leave the caller's `x` as it is.

# %% show=true
jacobian = tensors.numeric_jacobian(example, tensor(3, 2, 7))
jacobian

# %% item="numeric_jacobian" points=2
check("numeric_jacobian")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | everything twice too large | the way from $x-h$ to $x+h$ is $2h$ long |
# | right for a vector, wrong for a matrix | the last `reshape`: `(*y.shape, *x.shape)` |
# | later columns wrong, the first one right | is the first entry back in its place when the second one moves? |
# | "x is not what it was" | `x[j] += h` writes into the caller's tensor |
# | right up to three digits only | float32 leaves seven digits, and the difference of two neighbours loses most of them |
#
# Now all three ways can be compared, on everything so far:

# %% show=true
pairs = {"ReLU": (torch.relu, vector, mine["ReLU, 12 → 12"]), "softmax": (lambda v: v.softmax(0), vector, mine["softmax, 12 → 12"]),
         "XW by X": (lambda v: v @ w, x, mine["XW by X, (3, 4) → (3, 5)"]), "XW by W": (lambda v: x @ v, w, mine["XW by W, (4, 5) → (3, 5)"])}
for name, (function, at, by_hand) in pairs.items():
    nudged, automatic = tensors.numeric_jacobian(function, at), torch.func.jacrev(function)(at)
    if nudged is not None and by_hand is not None:
        print(f"{name:8s} largest difference: by hand and jacrev {float((by_hand - automatic).abs().max()):.0e}, "
              f"nudging and jacrev {float((nudged - automatic).abs().max()):.0e}")

# %% [markdown]
# ## 4  Why nobody stores them
#
# Three correct ways to get a Jacobian, and none of them is used. Measure why. Take $Y = XW$ with 8 rows and $D = M$, let $D$ grow, and get the gradient of $X$ *explicitly*: build your $\partial Y/\partial X$, then multiply the upstream gradient
# into it. We stop at **256 MiB** for the Jacobian; say that is what our machine can spare. Beside it the *implicit* way, which you will write in the next section (until then its line is missing).

# %% show=true
LIMIT = 256 * 2**20
sizes = [8, 16, 32, 64, 128, 256, 512, 1024, 2048]


def seconds(function):
    """How long a call takes: the best of some runs, at least three and 20 milliseconds in all."""
    runs = []
    while len(runs) < 3 or (sum(runs) < 0.02 and len(runs) < 300):
        begin = time.perf_counter()
        function()
        runs.append(time.perf_counter() - begin)
    return min(runs)


costs = {"MiB for the local gradient": {"explicit": [], "implicit": []}, "seconds": {"explicit": [], "implicit": []}}
for D in sizes:
    x, w, grad_out = (normal(*shape, seed=D).float() for shape in ((8, D), (D, D), (8, D)))
    entries = (8 * D) * (8 * D)
    if 4 * entries < LIMIT and tensors.matmul_jacobian_x(x[:1], w[:, :1]) is not None:
        jacobian = tensors.matmul_jacobian_x(x, w)
        costs["MiB for the local gradient"]["explicit"].append(jacobian.numel() * 4 / 2**20)
        costs["seconds"]["explicit"].append(seconds(lambda: torch.einsum("nm,nmid->id", grad_out, tensors.matmul_jacobian_x(x, w))))
    if tensors.matmul_backward(grad_out, x, w)[0] is not None:
        costs["MiB for the local gradient"]["implicit"].append(w.numel() * 4 / 2**20)  # all it looks at is w itself
        costs["seconds"]["implicit"].append(seconds(lambda: tensors.matmul_backward(grad_out, x, w)))
show_growth(sizes, costs, xlabel="D = M   (N = 8 rows)", limits={"MiB for the local gradient": (256, "our limit: 256 MiB")});

# %% [markdown]
# The explicit line ends at $D = 512$: at $D = 1024$ the Jacobian alone would take the whole 256 MiB. And these are *eight* rows. The lecture takes what "we may have for a neural net": $N = 64$, $D = M = 4096$.
#
# ### Work it out
#
# In float32, four bytes a number, with 1 GiB = $2^{30}$ bytes and 1 TiB = $2^{40}$ bytes:
#
# - How many numbers has $\partial Y/\partial X$, and how many GiB is that? (The lecture's slide says "each Jacobian takes 256 GB". Is it each?)
# - How many numbers has $\partial Y/\partial W$, and how many TiB is that?
# - Which share of the numbers of $\partial Y/\partial X$ is not zero? And of $\partial Y/\partial W$? (Look at the pictures in section 2: how long is a row, and how much of it is coloured?)
#
# All six are powers of two; Python's `2**10` is welcome.

# %% solution="explosion"
# explosion: "numbers_dy_dx", "gib_dy_dx", "numbers_dy_dw", "tib_dy_dw", "share_dy_dx", "share_dy_dw".
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
    show_growth(D, {"GiB for the local gradient": {"dY/dX": [4 * (64 * d) ** 2 / 2**30 for d in D], "dY/dW": [4 * 64 * d**3 / 2**30 for d in D],
                                                   "W itself": [4 * d * d / 2**30 for d in D]}},
                xlabel="D = M   (N = 64 rows)", limits={"GiB for the local gradient": (139, "one of today's large GPUs")},
                marks={"GiB for the local gradient": (4096, explosion["gib_dy_dx"], "your number")})

# %% [markdown]
# Sixteen tebibytes, for *one* layer, of which all but one in 4096 are zeros, and the rest are copies of the 262,144 numbers of $X$. Nobody has to store that. We never wanted the Jacobian. We wanted **its product
# with one vector**, and that has the size of the input.

# %% [markdown]
# ## 5  Backward passes without Jacobians
#
# The plan is always the same three steps:
#
# 1. write one entry of the product, $\;\text{downstream}_j = \sum_i g_i\,\partial y_i/\partial x_j$;
# 2. throw out every $i$ for which the Jacobian holds a zero;
# 3. read off what is left as an operation on whole tensors.
#
# ### A solved example: scaling each column
#
# $y_{nc} = x_{nc}\, s_c$, each column of $x$ with a factor of its own. **For x:** nudging $x_{nc}$ moves $y_{nc}$ alone, $s_c$ times as fast, so the sum has one term, $g_{nc} s_c$. **For s:** nudging $s_c$ moves the whole column $c$, $x_{nc}$
# times as fast; the terms for other columns are zero and go out; $\sum_n g_{nc} x_{nc}$ is left.

# %% show=true
def scale_backward(grad_out, x, s):
    """Backward of y = x * s. grad_out and x (N, C), s (C,)."""
    grad_x = grad_out * s                       # (N, C): each entry with its column's factor
    grad_s = (grad_out * x).sum(dim=0)          # (C,): each factor collects from its column
    return grad_x, grad_s


x, s, grad_out = normal(4, 3, seed=1), normal(3, seed=2), normal(4, 3, seed=3)
explicit = torch.einsum("nc,ncij->ij", grad_out, torch.func.jacrev(lambda v: v * s)(x))
print("12 numbers instead of a Jacobian of", torch.func.jacrev(lambda v: v * s)(x).numel(), "; same result:", torch.allclose(explicit, scale_backward(grad_out, x, s)[0]))

# %% [markdown]
# Sizes in the checks are such that an explicit Jacobian does not fit: grading gives your code 4 GiB and five seconds. Your own computer is protected, too. The checks run your function within a *budget*: before every
# operation they work out from the shapes how large its result would be, and stop before it is made. See for yourself what happens to the explicit way:

# %% show=true
x = normal(24_000)
try:
    budget.within(lambda: x @ torch.diag((x > 0).double()), [])
except Exception as refused:
    print(refused)

# %% [markdown]
# ### 5.1  ReLU: a mask
#
# Your Jacobian from section 2 was diagonal, ones where the gate was open. What is left of $g\,J$? One line in `relu_backward`, for tensors of any shape.

# %% item="relu_backward" points=1
check("relu_backward")

# %% [markdown]
# ### 5.2  Softmax, in linear time
#
# This Jacobian is full: $n$ probabilities, $n^2$ entries. Dropping zeros saves nothing. But it is made of few numbers, $J = \operatorname{diag}(y) - y\,y^{\top}$, and that is enough. Write one entry of the product:
#
# $$\text{downstream}_j = \sum_i g_i\; y_i\,([i=j] - y_j) \;=\; \underbrace{\;?\;}_{\text{from } i = j} \;-\; y_j \underbrace{\sum_i \;?\;}_{\text{the same for all } j}$$
#
# The sum on the right does not depend on $j$: one number for the whole row, computed once. Forward and backward both cost $O(n)$. And notice what you need to remember from the forward pass: not the scores, only the
# output $y$.
#
# Write `softmax_backward(grad_out, y)`. The tensors may have any shape; every row along the *last* axis is a softmax of its own.

# %% item="softmax_backward" points=2
check("softmax_backward")

# %% item="softmax_linear" points=1
check("softmax_linear")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | right where all upstream gradients but one are zero, else wrong | the cross terms: raising one score lowers all the *other* probabilities |
# | right for a vector, wrong for a batch | `sum()` without a `dim` adds up the whole batch |
# | a shape error, or `(N, N)` where `(N, C)` is due | the sum must stay a column, `keepdim=True`, to stretch over its row |
# | each row of your gradient should sum to zero and does not | adding the same to all scores changes nothing, so it must be so: one of the terms lacks its factor |

# %% show=true
n = [2**k for k in range(6, 13)]
timed = {"explicit": [], "implicit": []}
for size in n:
    x, grad_out = normal(size).float(), normal(size, seed=1).float()
    y = x.softmax(0)
    if tensors.softmax_jacobian(x[:2]) is not None:
        timed["explicit"].append(seconds(lambda: grad_out @ tensors.softmax_jacobian(x)))
    if tensors.softmax_backward(grad_out, y) is not None:
        timed["implicit"].append(seconds(lambda: tensors.softmax_backward(grad_out, y)))
show_growth(n, {"seconds": timed}, xlabel="n, the number of classes");

# %% [markdown]
# The explicit line climbs with $n^2$. The implicit one hardly moves: so few numbers are done before the computer has finished starting the operations.
#
# ### 5.3  Matrix multiply: the only way the shapes work out
#
# $Y = XW$, with the upstream gradient $G$ of $Y$'s shape $(N, M)$. The lecture's rule of thumb: the gradient of $X$ must be $(N, D)$. It will be made of $G$, $(N, M)$, and of $W$, $(D, M)$. Write the shapes side by side; there is just
# one product of the two, one of them transposed, that gives $(N, D)$. It's the only way the shapes work out! Likewise for $W$.
#
# Write `matmul_backward` that way. (Then read on: the rule finds the answer and does not prove it.)

# %% item="matmul_grad_x" points=1
check("matmul_grad_x")

# %% item="matmul_grad_w" points=1
check("matmul_grad_w")

# %% item="matmul_implicit" points=1
check("matmul_implicit")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | right for (5, 4, 3), wrong for (4, 4, 4) | with square matrices *every* product has a shape. Choose with N, D, M all different |
# | the transpose of the truth | a gradient has the shape of its variable; `nn.Linear` keeps its weights as (M, D), this course as (D, M) |
# | "out of memory" or "stopped" | a Jacobian from section 2 in use |
#
# **And why?** Follow the lecture's slice. Nudge one entry $x_{nd}$. Only row $n$ of $Y$ moves, and $y_{nm}$ moves $w_{dm}$ times as fast. The *slice* of the Jacobian that belongs to $x_{nd}$ is row $d$ of $W$, and nothing else. So
#
# $$\frac{\partial L}{\partial x_{nd}} = \sum_m g_{nm}\, w_{dm} = (\text{row } n \text{ of } G)\cdot(\text{row } d \text{ of } W).$$
#
# A table of products of rows with rows is a matrix product with the second matrix transposed. The slice, drawn from your Jacobian for $x_{02}$ (each of them is $(N, M)$):

# %% show=true
x, w = normal(3, 4, seed=1), normal(4, 5, seed=2)
jacobian = tensors.matmul_jacobian_x(x, w)
show_jacobians({"W": w, "how Y moves with x[0, 2]": None if jacobian is None else jacobian[:, :, 0, 2]}, columns=2, axes=("rows", "columns"));

# %% [markdown]
# ### Written question 1
#
# **(a)** Make the same argument for $W$: nudge one entry $w_{dm}$. Which entries of $Y$ move, and how fast? Conclude the formula of its gradient. **(b)** For $N = D = M$, "the shapes work out" allows several products. Name two wrong ones
# that have the right shape, and say how a check could tell them from the right one. **(c)** The implicit way costs two matrix products of the same size as the forward one. What does that say about the cost of a backward pass of a
# network, compared with its forward pass?

# %% [markdown] written="why_shapes" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) $y_{nm} = \sum_d x_{nd} w_{dm}$: nudging $w_{dm}$ moves column $m$ of $Y$, entry $y_{nm}$ of it $x_{nd}$ times as fast, and nothing else. So $\partial L/\partial w_{dm} = \sum_n g_{nm} x_{nd}$: column $d$ of $X$ times column $m$ of
# $G$, for all pairs of columns, which is $X^{\top} G$.
#
# (b) For $X$, for instance $G W$ (transpose forgotten), $W^{\top} G$ or $W G$ (order swapped), $G^{\top} W^{\top}$. A check with different N, D, M excludes them by shape; with square matrices a comparison by nudging, entry by entry, with
# random numbers does. (A symmetric $W$, or the identity, would hide the forgotten transpose.)
#
# (c) The forward pass is one product, the backward pass two, one for each input. A network that consists mostly of products costs about twice as much backward as forward, and three times as much altogether, whatever the number of
# weights. (Without the gradient of the first input one product can be saved.)
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ### 5.4  Broadcasting: silent copies
#
# `x @ w + b` adds a vector `b` of shape $(M,)$ to a matrix of shape $(N, M)$. No shape error: the vector is silently **copied** to all $N$ rows. And copies, you know that, *add up* what comes back along their wires.
#
# The rules of broadcasting: write the two shapes below each other, aligned from the **right**. Where one of them has no axis, it is copied along a new one. Where one of them has size 1, it is copied along that axis. Everything else must agree.
#
# ```
#     grad_out   (8, 5, 6)        grad_out   (8, 5, 6)        grad_out   (8, 5, 6)
#     x             (5, 6)        x             (5, 1)        x          (8, 1, 6)
#     copied      *               copied      *     *         copied         *
# ```
#
# So backwards: sum over the starred axes. But mind the difference. An axis that `x` does not have must *vanish*; an axis where `x` has size 1 must *stay*, with size 1. Solved, for the middle one:

# %% show=true
grad_out = normal(8, 5, 6)
grad_x = grad_out.sum(dim=0)                    # the new axis in front goes: (5, 6)
grad_x = grad_x.sum(dim=1, keepdim=True)        # the axis of size 1 stays: (5, 1)
grad_x.shape

# %% [markdown]
# Write `unbroadcast(grad_out, shape)` for every pair of shapes, and then `mul_backward(grad_out, x, y)` for $z = x\,y$ with broadcasting, which multiplies first and sums afterwards.

# %% item="unbroadcast" points=2
check("unbroadcast")

# %% item="mul_backward" points=2
check("mul_backward")

# %% [markdown]
# "Every pair of shapes" is a strong promise, and a few examples cannot keep it; so these checks drew dozens of shapes at random. The library **hypothesis** makes a craft of that: it draws, and when an example fails it searches
# for the *smallest* one that still does. Try it on a function that looks right, and is what many people write first. (To try your own, put `tensors.unbroadcast` in its place.)

# %% show=true
import tempfile

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.extra.numpy import mutually_broadcastable_shapes

set_hypothesis_home_dir(tempfile.mkdtemp())  # its notes need not lie beside your notebook


def sums_in_front_only(grad_out, shape):
    return grad_out.sum(dim=tuple(range(grad_out.dim() - len(shape)))) if grad_out.dim() > len(shape) else grad_out


@settings(max_examples=60, database=None, deadline=None, derandomize=True, phases=[Phase.generate, Phase.shrink],
          suppress_health_check=list(HealthCheck))
@given(mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=4))
def try_it(shapes):
    grad = sums_in_front_only(torch.ones(shapes.result_shape), shapes.input_shapes[0])
    assert grad.shape == shapes.input_shapes[0], f"x {shapes.input_shapes[0]}, grad_out {shapes.result_shape}: the answer is {tuple(grad.shape)}"


try:
    try_it()
except AssertionError as failed:
    print("smallest failure:", failed)

# %% [markdown]
# ### 5.5  The correlation layer
#
# One more, where the trick is worth a factor of $n$. A 1-D correlation slides $K$ weights along the input, and every output has a bias of its own:
#
# $$y_j = \sum_{k=0}^{K-1} w_k\, x_{j+k} + b_j, \qquad j = 0, \dots, n-1, \qquad x \text{ has } n + K - 1 \text{ entries.}$$
#
# With $w = (1, 10)$, $x = (1, 2, 3, 4)$ and $b = 0$: $y = (21, 32, 43)$. As a matrix, $y = T x + b$, $T$ is a band; and that band *is* the Jacobian by $x$:

# %% show=true
def correlation_matrix(w, n):
    """The whole (n, n + K - 1) matrix, for looking at. Nobody computes with it."""
    return torch.stack([torch.cat([torch.zeros(j), w.float(), torch.zeros(n - 1 - j)]) for j in range(n)])


show_jacobians({"y by x: w slides": correlation_matrix(tensor(1.0, 3, 2), 9), "y by w: the windows of x": normal(11, seed=4).unfold(0, 3, 1),
                "y by b": torch.eye(9)});

# %% [markdown]
# Forward needs $nK$ multiplications, $O(n)$ for a fixed small $K$, and so should backward; the matrix has $n(n+K-1)$ entries. Fill in `correlate`, then `correlate_backward`. A loop over the $K$ weights is fine: each step handles all $n$ outputs at once, with a slice
# `x[k : k + n]`.
#
# For the gradients, the three steps once more. $b_j$ stands in one output. $w_k$ stands in every output, next to $x_{j+k}$. And $x_i$: in which $y_j$ does it stand, and with which weight? In $y_i$ with $w_0$; in $y_{i-1}$ with $w_1$; in
# $y_{i-2}$ with $w_2$ … The indices run against each other. Easiest without thinking of that: go through the forward lines and *give back*; where $w_k$ took from a slice, add to that slice. (What you get is a full *convolution* of the upstream
# gradient, with the weights flipped; the backward pass of a correlation is a convolution.)

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
# | `grad_x` is right in the middle and wrong at the ends | x is longer than y: all $n + K - 1$ entries collect, those at the ends from fewer outputs |
# | `grad_x` runs the wrong way | which weight connects $x_i$ with $y_{i-1}$? |
# | only the last weight seems to count | `=` where `+=` belongs: x collects from $K$ places |
# | "changed its input" | `x[...] += …` writes into the caller's tensor: collect in zeros of your own |

# %% show=true
n = [2**k for k in range(7, 13)]
timed = {"explicit": [], "implicit": []}
for size in n:
    x, w, grad_out = normal(size + 4).float(), normal(5, seed=1).float(), normal(size, seed=2).float()
    band = correlation_matrix(w, size)
    timed["explicit"].append(seconds(lambda: grad_out @ band))  # the product alone, the matrix as a gift
    if tensors.correlate_backward(grad_out, x, w)[0] is not None:
        timed["implicit"].append(seconds(lambda: tensors.correlate_backward(grad_out, x, w)))
show_growth(n, {"seconds": timed}, xlabel="n, the length");

# %% [markdown]
# ## 6  The order of products
#
# A network is a chain, $x \to h_1 \to h_2 \to \dots \to L$, so the Jacobian of the loss by the input is a product of Jacobians. In our layout (outputs × inputs), with the loss first:
#
# $$\frac{\partial L}{\partial x} = \underbrace{J_1}_{1\times n}\;\underbrace{J_2}_{n\times n}\;\underbrace{J_3}_{n\times n}\cdots\underbrace{J_{L}}_{n\times n}\;\underbrace{J_{L+1}}_{n \times n}$$
#
# Matrix products are associative: the result is the same whichever product is done first. The **cost** is not. From the left, $((J_1 J_2) J_3)\cdots$, a row stays a row. From the right, $J_1(J_2(\cdots J_{L+1}))$, full matrices are multiplied all the way.
#
# A product of an $(a, b)$ with a $(b, c)$ matrix takes $a\,b\,c$ multiplications.
#
# **Solved**, for sizes $2\times 3$, $3\times 4$, $4\times 5$, written as the list `[2, 3, 4, 5]`. From the left: $2\cdot3\cdot4 = 24$ for the first product, which is $2\times 4$; then $2\cdot4\cdot5 = 40$; together 64. From the right: $3\cdot4\cdot5 = 60$, a
# $3\times5$; then $2\cdot3\cdot5=30$; together 90.
#
# Write `cost_left_to_right(sizes)` and `cost_right_to_left(sizes)`.

# %% item="product_cost" points=2
check("product_cost")

# %% [markdown]
# Now the lecture's claim: for $L$ square Jacobians after the loss's row, $O(L n^2)$ against $O((L-1)n^3 + n^2)$. With your counts, exactly:

# %% show=true
layers = 8
widths = [32, 64, 128, 256, 512]
counted, timed = {"from the loss": [], "from the input": []}, {"from the loss": [], "from the input": []}
if ready(cost_left_to_right=tensors.cost_left_to_right([1, 2, 2]), cost_right_to_left=tensors.cost_right_to_left([1, 2, 2])):
    for width in widths:
        chain = [1] + [width] * (layers + 1)
        left, right = tensors.cost_left_to_right(chain), tensors.cost_right_to_left(chain)
        print(f"n = {width:3d}: from the loss {left:>11,} = L n²: {left == layers * width**2};  "
              f"from the input {right:>13,} = (L-1) n³ + n²: {right == (layers - 1) * width**3 + width**2}")
        counted["from the loss"].append(left)
        counted["from the input"].append(right)
        matrices = [normal(a, b, seed=i).float() / b**0.5 for i, (a, b) in enumerate(zip(chain, chain[1:]))]

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

        timed["from the loss"].append(seconds(from_the_loss))
        timed["from the input"].append(seconds(from_the_input))
    show_growth(widths, {"multiplications": counted, "seconds": timed}, xlabel="n, the width of 8 layers")

# %% [markdown]
# "From the loss" has a name: **reverse mode**, or backpropagation. "From the input" is **forward mode**. (The lectures say that PyTorch does not have forward mode; that was so when they were made. Now it does: `torch.func.jvp`.)
#
# And in a network nobody even has the $n \times n$ matrices: each step of the cheap order is a row times a Jacobian, exactly the product that section 5 computes implicitly.
#
# ### Written question 2
#
# **(a)** Why does the row stay a row from the left, and what makes it a row in the first place? **(b)** Turn it round: a simulation with *one* parameter (the strength of gravity) and $n$ outputs (positions at many times). What are the sizes in the chain now, which order is cheap,
# and how does its cost compare with the other? **(c)** A function with 100 inputs and 100 outputs, of which the whole Jacobian is needed: how many passes does each mode take?

# %% [markdown] written="which_order" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) The left factor has as many rows as there are outputs, and the loss is a single number: one row. A row times a matrix is a row again, so each product costs $n^2$.
#
# (b) The sizes are $n, n, \dots, n, 1$: the rightmost matrix is a column. From the right a column stays a column, $L n^2$ multiplications; from the left there are matrix–matrix products, $(L-1) n^3 + n^2$. Forward mode wins.
#
# (c) Reverse mode gives one row of the Jacobian a pass, forward mode one column: 100 passes each. (Then other things decide: reverse mode must keep the intermediate values, forward mode need not.)
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 7  A gradient checker of your own
#
# A wrong backward pass does not crash. The loss even falls, a bit slower than it might. You need an instrument, and an instrument must itself be examined. You will now build one, and the checks will examine it: they hand it backward passes with **planted
# faults**, which it has to reject, and **healthy** ones, which it has to let pass. An instrument that always says "wrong" fails as surely as one that always says "right".
#
# `gradcheck(forward, backward, inputs)` gets `y = forward(*inputs)`, `grads = backward(grad_out, *inputs)`, and says `True` or `False`. The idea is old: nudge an entry of an input, see how $L = \sum g\,y$ moves, compare with the claimed gradient. The difficulty lies in five places, and
# each is worth a mark:
#
# **Which upstream gradient?** A solved lesson. Here is a wrong softmax backward pass, three times too large. Its gradient under two upstream gradients:

# %% show=true
def thrice_too_large(grad_out, y):
    jacobian = torch.diag(y) - torch.outer(y, y)
    return 3 * (grad_out @ jacobian)


y = normal(4, seed=5).softmax(0)
for name, grad_out in {"all ones": torch.ones(4).double(), "random": normal(4, seed=6)}.items():
    claimed, true = thrice_too_large(grad_out, y), thrice_too_large(grad_out, y) / 3
    print(f"upstream {name:9s}: claimed {[round(v, 3) + 0.0 for v in claimed.tolist()]}, true {[round(v, 3) + 0.0 for v in true.tolist()]}")

# %% [markdown]
# With ones, claimed and true are both zero, and the fault is invisible: the probabilities always sum to one, so the sum of them cannot move. Any *constant* upstream gradient hides something, a *positive* one hides a mask taken from the wrong tensor. Random, of both signs, hides nothing.
#
# **Shapes.** A gradient of shape $(n, 1)$ minus one of shape $(n,)$ is an $(n, n)$ table, without complaint. Compare shapes first.
#
# **Every entry.** A fault may sit in one of a hundred entries, and means and sums drown it. Also: `nan` compares as False with everything, so ask "is it right?" and never "is it wrong?".
#
# **How far, how close?** In float32 two neighbouring values share most of their seven digits: nudge in float64, whatever comes in. And sizes differ. A step of $10^{-6}$ is right at $x \approx 1$, and needless noise at $x = 1000$; an error of $10^{-3}$ is nothing in a gradient of a million, and everything in one of $10^{-4}$. So
# the step goes with the size of the entry (with a smallest one, for 0), the tolerance with the size of the gradient, plus a little, about $10^{-8}$: where the true gradient is 0, nudging still finds some rounding.
#
# **Kinks.** At a ReLU's zero the slope on the left is 0, on the right 1. The central difference says ½. All slopes in between are right (*subgradients*), those outside are wrong; and away from the kink there is no excuse at all. Here are both one-sided slopes of three functions at 0:

# %% show=true
h = 1e-6
for name, function in {"max(0, x)": torch.relu, "|x|": torch.abs, "tanh(x)": torch.tanh}.items():
    at, step = torch.zeros((), dtype=torch.float64), tensor(h)[0]
    print(f"{name:10s} slope on the left {float((function(at) - function(at - step)) / h):5.2f}, on the right {float((function(at + step) - function(at)) / h):5.2f}")

# %% [markdown]
# Do you see how one rule covers both the smooth case and the kink? *The claimed slope lies between the left one and the right one, or a tiny bit beside.*
#
# One more detail that pays: take the difference of the outputs first, entry by entry, then weigh and sum, `((y_up - y_down) * grad_out).sum()`. Outputs that did not move then contribute an exact zero; two large sums subtracted would leave their rounding behind.
#
# Now fill in `gradcheck` in `tensors.py`, without the course's own (`toolbox.gradcheck`). Try it on what you have:

# %% show=true
def relu_pair(x):
    return torch.relu(x)


tensors.gradcheck(relu_pair, lambda grad_out, x: [tensors.relu_backward(grad_out, x)], [normal(3, 4)])

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
# | it lets everything go | an early `return True`? A loop that returns after its first entry? |
# | it rejects right ones | print left slope, right slope and claim for one entry: step, tolerance or upstream gradient? |
# | "RuntimeError: … dtype" in float32 | *all* inputs to float64, before the first call |
# | it rejects only at inputs of 1000, or only at 0.001 | step and tolerance in proportion |
# | "nan passes" | `if not (low <= claimed <= high): return False` |
# | it rejects where the gradient is exactly 0 | 0/0 is `nan`: compare without dividing |

# %% show=true
# The whole examination at a glance: for each kind, how many cases your checker judged well.
if ready(gradcheck=tensors.gradcheck(torch.relu, lambda grad_out, x: [grad_out * 0], [normal(2)])):
    for kind in planted.KINDS:
        cases = planted.cases(kind, seed=2024)
        right = [bool(tensors.gradcheck(case.forward, case.backward, case.inputs)) == planted.healthy(case) for case in cases]
        print(f"{kind:9s} {sum(right):2d} of {len(cases):2d}", "" if all(right) else "  misjudged: " + next(c.what for c, ok in zip(cases, right) if not ok))

# %% [markdown]
# **What no checker sees.** It looks at one point. Where all gates are shut, a wrong mask looks right; where a weight is zero, so does its partner's gradient. Choose inputs that are random, of different sizes, and away from special values.
#
# ## 8  Suspects
#
# Eight backward passes, found on the internet, so to speak. Their forward passes are all right. Some of the backward passes are wrong. **Use your checker** to tell which; then look at the wrong ones until you see why.

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
def cumsum(x):                                  # (n,) -> (n,): sums of everything up to here
    return torch.cumsum(x, dim=0)


def cumsum_backward(grad_out, x):
    return [torch.cumsum(grad_out, dim=0)]


def top(x):                                     # (N, C) -> (N,): the largest of each row
    return x.max(dim=1).values


def top_backward(grad_out, x):
    best = (x == x.max(dim=1, keepdim=True).values).double()
    return [grad_out[:, None] * best / best.sum(dim=1, keepdim=True)]


def hypot(a, b):                                # any shapes that broadcast
    return torch.sqrt(a * a + b * b)


def hypot_backward(grad_out, a, b):
    scaled = grad_out / torch.sqrt(a * a + b * b)
    return [(scaled * a).sum_to_size(a.shape), (b * scaled).sum_to_size(b.shape)]


def swish(x):                                   # elementwise
    return x * torch.sigmoid(x)


def swish_backward(grad_out, x):
    s = torch.sigmoid(x)
    return [grad_out * (s + swish(x) * (1 - s))]


suspects = {"mean": (mean, mean_backward, [normal(4, 3)]), "outer": (outer, outer_backward, [normal(4), normal(4, seed=1)]),
            "unit": (unit, unit_backward, [normal(5)]), "logsumexp": (logsumexp, logsumexp_backward, [normal(3, 4)]),
            "cumsum": (cumsum, cumsum_backward, [normal(5)]), "top": (top, top_backward, [tensor([1, 3, 3], [2, 0, 1])]),
            "hypot": (hypot, hypot_backward, [normal(3, 1), normal(4, seed=1)]), "swish": (swish, swish_backward, [normal(6)])}

# %% [markdown]
# A verdict for each: `True` for right, `False` for wrong. Note it down name by name, or let your checker fill the dict in a loop.

# %% solution="suspects"
# verdicts maps "mean", "outer", "unit", "logsumexp", "cumsum", "top", "hypot" and "swish" to True (right) or False (wrong).
verdicts = {}
### BEGIN SOLUTION
for name, (forward, backward, inputs) in suspects.items():
    verdicts[name] = tensors.gradcheck(forward, backward, inputs)
### END SOLUTION
verdicts

# %% item="suspects" points=2
check("suspects")

# %% [markdown]
# Did you find the reason for each wrong one? A mean gives each row only its $N$-th part. Where two arguments play different roles, transposes must go to the right one. A length depends on *every* entry, so there are cross terms, as in the softmax. An early entry stands in all *later* sums.
#
# ## 9  What to take along
#
# - A **Jacobian** is a table, every output against every input; here outputs × inputs, in the lectures transposed. Downstream = upstream row vector × Jacobian.
# - For $N = 64$, $D = M = 4096$ it takes 256 GiB by $X$ and 16 TiB by $W$. **Nobody builds it.** It is sparse, or made of few numbers; write one entry of the product, drop the zeros, read off a tensor operation.
# - **ReLU** masks. **Softmax** is $y \odot (g - \text{one number a row})$ in linear time. **Matrix multiply**: the only way the shapes work out, because each slice of the Jacobian is a row of the other factor. **Broadcasting** copies, so backwards it sums. A **correlation** goes
#   back as a convolution, in $O(n)$.
# - Products from the scalar end keep a row a row: $L n^2$ instead of $(L-1)n^3 + n^2$. That is reverse mode. With one input and many outputs, the other end is the scalar one, and forward mode wins.
# - **Check by nudging**: float64, a random upstream gradient of both signs, shapes, every entry, steps and tolerances in proportion, and at a kink everything between the two slopes. And examine your instruments with faults that you planted yourself.
#
# The pairs of forward and backward that you have written are *layers*. The next notebook gives them a common interface, so that they can be plugged together to networks.
#
# ### Hand in
#
# 1. Restart the kernel and run everything (*Run* → *Run all cells*), to be sure that it works from the top. Save the notebook and `tensors.py`.
# 2. Make the file to hand in: take away the two `# ` in the cell below and run it, or type `python -m toolbox submit tensors` in a terminal, in the course's folder. It checks that all is there and writes one zip.
# 3. Upload that zip. You may do so as often as you like before the deadline; the last one counts.

# %%
# from toolbox import submit
# submit("tensors")
