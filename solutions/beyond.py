# ---
# jupyter:
#   backprop_kit: {assignment: beyond, modules: [forward_mode, second_order, implicit], order: 6}
# ---

# %% [markdown]
# # Beyond: forward mode, second order, implicit layers
#
# You can compute a network's gradient, by hand and by machine. Most people need no more than that, most of the
# time. This notebook is about the rest: three topics that begin where the usual course ends.
#
# - **Forward mode.** Derivatives that are carried along *with* the computation instead of back through it. With one
#   input and a thousand outputs, a single pass gives the derivatives of all thousand.
# - **Second order.** The gradient of a gradient: how curved the loss is, which way to go *and* how far, how large a
#   step may be at all. Never as a matrix, always as a product with a vector.
# - **Implicit layers.** Layers that are equations instead of recipes, differentiated by one linear solve, however
#   long the recipe was that solved them.
#
# In the lectures these are the last slides. By the end of this notebook you will have
#
# - written **dual numbers** that carry derivatives along, and differentiated a program with one input and 200 outputs in a
#   single pass;
# - computed Hessian-vector products in two ways, by backpropagating twice and by hand, and used them for Newton steps, for
#   the largest learning rate that works, and for a penalty on gradients;
# - differentiated through equations with one linear solve: a fixed point and, as you choose, an argmin, eigenvectors, or a
#   camera's pose.
#
# | part | sections | what you do | time | remarks |
# | --- | --- | --- | --- | --- |
# | A | 1–5 | forward mode: dual numbers, Jacobian-vector products | 2 h | the core |
# | B | 6–7 | the Hessian, and its products by backpropagating twice | 1 h | the core |
# | C | 8 | the same products by hand: the R-operator | 1 h | may be skipped |
# | D | 9–10 | what they are good for: Newton steps, curvature, penalties | 1½ h | the pictures of 9 use 8 |
# | E | 11–12 | implicit layers: one solve, and a deep equilibrium layer | 2 h | the core of the second half |
# | F | 13–15 | an argmin, eigenvectors, a camera's pose | 2 h | choose one; they need only `solve` from 11 |
#
# There are {{checks}} checks ({{points}} points) and {{written}} written questions ({{written_points}} points), about
# {{hours}} hours in all. The parts are independent except where the table says so, and every check counts by itself.
#
# You need: the notebooks `flat` and `tensors` (Jacobians, and their products with a row vector from the left), matrix
# products, some Python.

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
import torch.nn.functional as F
from backprop import forward_mode, second_order
from toolbox import check, load_digits
from toolbox.given import smooth_functions
from toolbox.draw import (draw_graph, show_boundaries, show_curves, show_graph_steps,
                          show_growth, show_hessian, show_jacobians, show_steps,
                          show_throw)
from toolbox.draw.play import Slide, play

torch.set_num_threads(1)  # one thread, so that measured times can be compared


def tensor(*numbers):
    """A float64 tensor of the given numbers."""
    return torch.tensor(numbers, dtype=torch.float64)


def normal(*shape, seed=0):
    """Random numbers in float64, the same ones every time."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def ready(what, trial):
    """True once `trial()` gives an answer; until then it says what is missing."""
    problem = ""
    try:
        done = trial() is not None
    except Exception as error:  # mostly a None where a tensor or a Dual belongs
        done, problem = False, f" ({type(error).__name__}: {error})"
    if not done:
        print(f"Nothing to show yet. Still to be written, or repaired: {what}{problem}")
    return done

# %% [markdown]
# ## 0  How this works
#
# Numbers that you work out on paper go into this notebook, wherever you see `# YOUR CODE HERE`. Code goes into three
# files, `lib/backprop/forward_mode.py`, `second_order.py` and `implicit.py`: keep them open beside the notebook,
# save, and run the next cell; the notebook picks up the new version by itself. Below every task is a cell like
# `check("jvp")`. Run it as often as you like. Grading runs the same checks, and more of the same kind with other
# numbers and shapes.
#
# Autograd (`.backward()`, `torch.autograd`, `torch.func`) is forbidden in your files, with three exceptions that are
# about it: `hessian`, `hvp_twice` and `gradient_penalty`. The notebook uses it everywhere, for comparison.
#
# | you see | what to do |
# | --- | --- |
# | a check still shows the old result | save the file; if that does not help, restart the kernel and run from the top |
# | `AttributeError: 'NoneType' object has no attribute …` | an operation that is not written yet returns `None`, and the next one fails on it |
# | "autograd was used" | only the three functions named above may do that |
# | "Nothing to show yet" | nothing is wrong: that picture is drawn with your code, once it exists |

# %% [markdown]
# ## 1  Numbers that carry their derivatives
#
# Somebody throws a ball. A program computes its flight in 100 small steps of time. How would the flight change if
# gravity were a little stronger? *Every* point of it changes, each by a different amount:

# %% show=true
g = tensor(9.81)[0]
throw = smooth_functions.throw
flights = {f"g = {value}": throw(tensor(value)[0]) for value in (8.81, 10.81)}
show_throw(*torch.func.jvp(throw, (g,), (torch.ones_like(g),)), others=flights,
           title="one input, 200 numbers that depend on it");

# %% [markdown]
# One number goes in, and $100 \times 2$ numbers come out. The arrows and the two curves on the right are the whole
# Jacobian, $200 \times 1$, computed in **one** pass through the program. No graph was recorded, and nothing went
# backward. How?
#
# Let every number carry a second one: its **tangent**, the rate at which it changes with the chosen input. The input
# itself has tangent 1, constants have tangent 0. Write $\dot u$ for the tangent of $u$ (it is no derivative with respect to
# time). Every operation then knows two things: how to compute its result,
# and how to compute the tangent of its result from the tangents of its inputs:
#
# $$u + v \;\to\; \dot u + \dot v \qquad\quad u\,v \;\to\; \dot u\,v + u\,\dot v \qquad\quad \phi(u) \;\to\; \phi'(u)\,\dot u$$
#
# These are the rules of calculus that you know from school, one operation at a time. A pair of a number and its
# tangent is called a **dual number**.
#
# ### A solved example
#
# $f = a\,b + c$ at $a = 2,\ b = -3,\ c = 10$, differentiated with respect to $b$. In forward mode, values (above the
# wires) and tangents (below) are filled in *together*, from left to right:

# %% show=true
nodes = {"p": "×", "f": "+"}
edges = [("a", "p"), ("b", "p"), ("p", "f"), ("c", "f")]
values = {"a": 2, "b": -3, "c": 10}
given = {"a": 0, "b": 1, "c": 0}
first = [("by b: its tangent is 1", given, ["a", "b", "c"])]
show_graph_steps(nodes, edges, values, first, columns=1, below="tangent")
show_graph_steps(nodes, edges, values | {"p": -6, "f": 4}, [
    ("p = a b has tangent 0·(-3) + 2·1 = 2", given | {"p": 2}, ["p"]),
    ("f = p + c has tangent 2 + 0 = 2", given | {"p": 2, "f": 2}, ["f"]),
], below="tangent");

# %% [markdown]
# That is $\partial f/\partial b = a = 2$. For $\partial f/\partial a$ we would have to repeat the pass, with tangent 1
# for $a$. Backpropagation gets both at once; but then, it starts from a single number $f$.
#
# Several inputs may have tangents at the same time. With $\dot a = 1$ and $\dot b = 5$ the tangent of $f$ is
# $1\cdot(-3) + 2\cdot 5 = 7$. This is a **directional derivative**,
# $\partial f/\partial a \cdot 1 + \partial f/\partial b\cdot 5$.
#
# ### Predict
#
# 1. The lecture's first graph: $q = x + y$ and $f = q\,z$, at $x = -2,\ y = 5,\ z = -4$. All three inputs have
#    tangents: $\dot x = 2,\ \dot y = 3,\ \dot z = 1$. What are the values and tangents of $q$ and of $f$?
# 2. Count passes through the program. Forward mode needs one pass for each *input* with respect to which you
#    differentiate; reverse mode needs one backward pass for each *output*. How many passes does each mode need for
#    the whole Jacobian of
#    - a loss, one number, with 7,850 parameters?
#    - the flight above, 200 numbers, with gravity as the only input?
#    - the ten scores of an image with respect to its 64 pixels?

# %% solution="by_hand"
# predicted holds "q", "dq", "f", "df", and the numbers of passes: "loss_forward",
# "loss_reverse", "flight_forward", "flight_reverse", "scores_forward",
# "scores_reverse".
# One line for each is fine, for example: predicted["q"] = 7
predicted = {}
### BEGIN SOLUTION
predicted["q"], predicted["dq"] = 3, 2 + 3
predicted["f"], predicted["df"] = -12, 5 * -4 + 3 * 1
predicted["loss_forward"], predicted["loss_reverse"] = 7850, 1
predicted["flight_forward"], predicted["flight_reverse"] = 1, 200
predicted["scores_forward"], predicted["scores_reverse"] = 64, 10
### END SOLUTION

# %% item="by_hand" points=2
check("by_hand")

# %% [markdown]
# ## 2  Dual numbers with tensors
#
# Now for tensors. A `Dual` in `forward_mode.py` holds a `value` and a `tangent` of the same shape. Python lets a
# class define its own `+` and `*`, so a program written for numbers runs on Duals without a change. Two operations are
# given; look at them, for they are the pattern for all the others:
#
# ```python
#     def __neg__(self):
#         return Dual(-self.value, -self.tangent)
#
#     def square(self):
#         return Dual(self.value * self.value, 2 * self.value * self.tangent)
# ```
#
# First the value, then the tangent. Fill in `__add__`, `__sub__`, `__mul__` and `__truediv__`. (`other` has already
# been turned into a Dual, whatever it was.) Broadcasting needs no extra work: what is copied to many places has the
# same tangent in all of them. In the backward direction copies had to be summed; in the forward direction they are
# simply copied.
#
# For the quotient, differentiate $u\,v^{-1}$, or remember $\dfrac{\dot u\,v - u\,\dot v}{v^2}$.

# %% item="dual_arithmetic" points=3
check("dual_arithmetic")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "holds nan or inf" | you divide by a tangent, which may be zero |
# | "a tangent has the shape of its value" | one of the two was built from the wrong tensors |
# | right for Duals, wrong with a constant | a constant has tangent 0, and every rule works with that as well |
# | "changed a number that went in" | `+=` or `mul_` on `self.tangent` |
#
# Next, `__matmul__`. A matrix product consists of products and sums, so the product rule holds. Unlike numbers,
# matrices do not commute: in each term, every factor stays in its place.

# %% item="dual_matmul" points=1
check("dual_matmul")

# %% [markdown]
# Then the functions: `exp`, `log`, `tanh` and `relu` work entry by entry, slope times tangent. For `sum`, ask how a sum
# changes when its terms do.

# %% item="dual_functions" points=3
check("dual_functions")

# %% [markdown]
# That is enough to run a whole two-layer net with ReLU and softmax loss on Duals: `smooth_functions.net_loss` in the toolbox is
# written with nothing but these operations. Below, all parameters change at once, in a random direction. A small nudge
# agrees, and so does PyTorch. (The lectures say that PyTorch has no forward mode. That was true when they were made;
# now there is `torch.func.jvp`.)

# %% show=true
x, y = normal(6, 4, seed=1), torch.tensor([0, 2, 1, 1, 0, 2])
sizes = [(4, 5), (5,), (5, 3), (3,)]
parameters = [normal(*size, seed=i) for i, size in enumerate(sizes, start=2)]
direction = [normal(*size, seed=i) for i, size in enumerate(sizes, start=7)]


def loss_of(*parameters):
    return smooth_functions.net_loss(x, y, *parameters, reg=0.1)


def loss_of_duals():
    return loss_of(*map(forward_mode.Dual, parameters, direction))


def moved(step):
    return [p + step * v for p, v in zip(parameters, direction)]


if ready("the operations of Dual", lambda: loss_of_duals().tangent):
    h, pair = 1e-6, (tuple(parameters), tuple(direction))
    nudged = (loss_of(*moved(h)) - loss_of(*moved(-h))) / (2 * h)
    print(f"your Duals      {float(loss_of_duals().tangent):.12f}")
    print(f"torch.func.jvp  {float(torch.func.jvp(loss_of, *pair)[1]):.12f}")
    print(f"a small nudge   {float(nudged):.12f}")

# %% [markdown]
# ## 3  Jacobian-vector products
#
# What did we just compute? A small step $\Delta x = h\,v$ changes $y = f(x)$ by about $J\,\Delta x = h\,J v$. So if the
# inputs have tangent $v$, the outputs have tangent $J v$, a **Jacobian-vector product**. Backpropagation computes the
# product from the other side, a **vector-Jacobian product** $g J$:
#
# | one pass | forward mode | reverse mode |
# | --- | --- | --- |
# | goes in | $v$, with the shape of the inputs: the direction in which they change | $g$, with the shape of the outputs: how much each matters |
# | comes out | $J v$, with the shape of the outputs | $g J$, with the shape of the inputs |
# | one pass gives | how *all* outputs depend on *one* input (or one mixture of inputs) | how *one* output (or one mixture of outputs) depends on *all* inputs |
# | must keep | the tangent of the current line | every intermediate value, until the backward pass |
#
# The Jacobian itself appears in neither. (Mind the lectures: their Jacobians are transposed, so there the two modes
# look the other way round.)
#
# Write `jvp(function, inputs, tangents)`: make Duals from the inputs, call the function, and split the answer into
# value and tangent. A function might use none of its inputs and return a plain tensor; `as_dual` deals with that.

# %% item="jvp" points=2
check("jvp")

# %% [markdown]
# ### What a derivative is
#
# Your `jvp` takes any direction $v$ and returns $J v$. Now we can say exactly what makes $J$ *the* derivative. It is the
# linear map for which
#
# $$f(x + \Delta x) = f(x) + J\,\Delta x + o(\lVert\Delta x\rVert),$$
#
# where $o(\lVert\Delta x\rVert)$ stands for a remainder that vanishes *faster than* $\Delta x$: even divided by
# $\lVert\Delta x\rVert$, it goes to 0. There is at most one such map. The matrix of partial derivatives is only how we write it
# down in coordinates; forward mode applies the map without writing it down. And the chain rule says that the map of a
# composition is the composition of the maps, which is what happens when a tangent passes through line after line.
#
# Here is the remainder divided by the size of the step, for your $J$ and for a $J$ that is one percent too large. Only one of
# them vanishes:

# %% show=true
def bend(x):
    return ((x * x).tanh() * x).exp()  # five numbers in, five numbers out


def rest_over_step(x, v, size, factor=1.0):
    """|f(x + size v) - f(x) - factor J size v| / |size v|, with J v from your jvp."""
    tangent = forward_mode.jvp(bend, [x], [v])[1]
    rest = bend(x + size * v) - bend(x) - factor * size * tangent
    return float(rest.norm() / (size * v).norm())


if ready("jvp, and the operations of Dual",
         lambda: rest_over_step(normal(5), normal(5, seed=1), 1.0)):
    powers = torch.linspace(0, -6, 25).tolist()
    rests = {name: [rest_over_step(normal(5), normal(5, seed=1), 10**k, factor)
                    for k in powers]
             for name, factor in (("your J", 1.0), ("1.01 times your J", 1.01))}
    figure = show_curves(rests, at=[10**k for k in powers], xlabel="size of the step",
                         ylabel="rest / step", title="What is left of f beside J")
    figure.axes[0].set(xscale="log", yscale="log")
    figure.axes[0].legend(loc="lower right");

# %% [markdown]
# ## 4  Whole Jacobians: by columns or by rows
#
# $J$ times the unit vector $(0, \dots, 1, \dots, 0)$ is a *column* of $J$: change one input alone. A unit vector times
# $J$ is a *row*: ask for one output alone. So both modes can build the whole matrix, one with a pass for each input,
# the other with a pass for each output.
#
# Write both: `jacobian_by_columns(push, x)`, where `push(v)` returns $J v$, and `jacobian_by_rows(pull, y)`, where
# `pull(g)` returns $g J$. As always here, the result has the axes of $y$ first, then those of $x$. The plan is the same
# for both: make a vector of zeros with a single one, reshape it, collect what comes back, stack it along the correct
# axis, reshape.

# %% item="jacobians" points=2
check("jacobians")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | transposed | columns are stacked along the *last* axis, rows along the first |
# | right for vectors, wrong for matrices | the last `reshape`: `(*y.shape, *x.shape)` |
# | every column also holds those before it | make a new vector of zeros for each pass |
# | "passes for … columns" | keep what a pass returns in a variable |
#
# Now race them. On the left is a function with one input and $n$ outputs, on the right one with $n$ inputs and one
# output, as $n$ grows. Forward mode is your `jvp`; for reverse mode autograd supplies the `pull`. Both count their
# passes.

# %% show=true
sizes = [1, 4, 16, 64, 128]
passes, took = {}, {}


def spread(t, c):
    return ((t * c).tanh() * c).exp()  # one number in, n numbers out


def collect(x, c):
    return ((x * c).tanh() * c).exp().sum()  # n numbers in, one number out


def race(function, x, c):
    """(passes, seconds) of both modes, for the Jacobian of function(x, c) by x."""
    count = {"forward": 0, "reverse": 0}

    def push(v):
        count["forward"] += 1
        return forward_mode.jvp(lambda x: function(x, c), [x], [v])[1]

    def pull(g):
        count["reverse"] += 1
        leaf = x.clone().requires_grad_()
        return torch.autograd.grad(function(leaf, c), leaf, g)[0]

    seconds = {"forward": [], "reverse": []}
    for _ in range(3):  # the best of three runs: other programs use the processor, too
        count["forward"] = count["reverse"] = 0
        begin = time.perf_counter()
        columns = forward_mode.jacobian_by_columns(push, x)
        seconds["forward"].append(time.perf_counter() - begin)
        begin = time.perf_counter()
        rows = forward_mode.jacobian_by_rows(pull, function(x, c))
        seconds["reverse"].append(time.perf_counter() - begin)
    assert torch.allclose(columns, rows)
    return count, {mode: min(runs) for mode, runs in seconds.items()}


if ready("jvp and the two Jacobians", lambda: race(spread, tensor(0.3)[0], normal(2))):
    for title, function in (("1 in, n out", spread), ("n in, 1 out", collect)):
        runs = []
        for n in sizes:
            x = tensor(0.3)[0] if function is spread else normal(n, seed=1)
            runs.append(race(function, x, normal(n, seed=2) / n**0.5))
        for name, table, place in (("passes", passes, 0), ("seconds", took, 1)):
            table[f"{name}: {title}"] = {mode: [run[place][mode] for run in runs]
                                         for mode in ("forward", "reverse")}
    show_growth(sizes, passes, xlabel="n")
    show_growth(sizes, took, xlabel="n");

# %% [markdown]
# Rising lines against flat ones, and the two modes change places. **The side with fewer numbers wins.** A loss is one
# number and has millions of parameters: that is why deep learning runs in reverse mode. A simulation with one input is
# the mirror image. In between, where there are about as many inputs as outputs, a forward pass is the cheaper one: it
# keeps nothing for later.
#
# ## 5  One input: gravity
#
# Back to the ball. `smooth_functions.throw(gravity)` is a program of 100 steps with air drag. It does not know about Duals; it
# simply computes with what it is given. Your `jvp` differentiates it with respect to gravity.

# %% show=true
def throw_forward():
    """The flight and its tangent by gravity, from your forward mode."""
    return forward_mode.jvp(smooth_functions.throw, [g], [torch.ones_like(g)])


if ready("jvp, and the operations of Dual", lambda: throw_forward()[1]):
    places, moves = throw_forward()
    show_throw(places, moves, others=flights, title="drawn from your forward mode")
    h, t = 1e-4, 100 * 0.02
    nudged = (smooth_functions.throw(g + h) - smooth_functions.throw(g - h)) / (2 * h)
    print(f"after {t:.1f} s   dx/dg         dy/dg")
    for name, last in (("forward mode", moves[-1]), ("nudged", nudged[-1])):
        print(f"{name:13}{float(last[0]):9.6f}     {float(last[1]):9.6f}")
    print(f"without air, dy/dg would be -t²/2 = {-(t**2) / 2:.2f}")

# %% [markdown]
# Look at `dx/dg`: gravity pulls straight down, and yet the points shift sideways as well. The reason is the drag: a ball
# that falls faster is slowed more in every direction. Nobody had to derive that; it came with the pass.
#
# Now time it against reverse mode, which must go back once for each of the 200 numbers:

# %% show=true
def throw_reverse(count):
    """Backward passes from the last `count` of the 200 numbers."""
    leaf = g.clone().requires_grad_()
    places = smooth_functions.throw(leaf).flatten()
    return [torch.autograd.grad(place, leaf, retain_graph=True)[0]
            for place in places[-count:]]


if ready("jvp, and the operations of Dual", lambda: throw_forward()[1]):
    begin = time.perf_counter()
    throw_forward()
    middle = time.perf_counter()
    throw_reverse(10)
    end = time.perf_counter()
    print(f"forward: 1 pass, {middle - begin:.3f} s")
    print(f"reverse: 10 of the 200 backward passes, {end - middle:.3f} s")

# %% [markdown]
# ### Written question 1
#
# **(a)** A weather model has 12 input parameters and a million output numbers, and runs for a day. You need the
# derivatives of all outputs with respect to all parameters. Which mode do you use, and about how long does it take?
# What would rule out the other mode, apart from time? **(b)** Why can forward mode discard intermediate values while
# reverse mode has to keep them? **(c)** Somebody wants the gradient of a loss with a million parameters, and pushes
# *one* random direction $v$ through forward mode. What do they learn about the gradient, and what not?

# %% [markdown] written="forward_or_reverse" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) Forward mode: 12 passes (or one with 12 tangents side by side), each about two to three times the cost of a run, so
# some weeks of computing, which may run at the same time on several machines. Reverse mode would need a million backward
# passes, and would have to keep (or recompute) the intermediate values of a whole day's run.
#
# (b) The tangent of a line needs the values of that line, which are there at that moment; afterwards they are not needed
# again. In reverse mode the same local gradients are needed in the opposite order, after everything has been computed.
#
# (c) One number, the slope of the loss along $v$, $\nabla L \cdot v$. It says whether that direction goes up or down and
# how steeply; about the components of the gradient perpendicular to $v$ it says nothing. (On average over many random
# directions, $(\nabla L\cdot v)\,v$ is the gradient; one sample is very noisy.)
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 6  The Hessian, in full
#
# The gradient says which way is uphill, here. How does the gradient itself change when a parameter changes? That is a
# Jacobian again, the Jacobian of the gradient, and it has a name, the **Hessian**:
# $H_{ij} = \partial^2 L/\partial\theta_i\,\partial\theta_j$, with as many rows as columns.
#
# ### A solved example
#
# $L = \theta_0^2\,\theta_1 + \theta_1^3$. The gradient is $(2\theta_0\theta_1,\ \theta_0^2 + 3\theta_1^2)$.
# Differentiate each of its entries with respect to each parameter:
#
# $$H = \begin{pmatrix} 2\theta_1 & 2\theta_0 \\ 2\theta_0 & 6\theta_1 \end{pmatrix}, \qquad\text{at } \theta = (1, 2): \quad \begin{pmatrix} 4 & 2 \\ 2 & 12\end{pmatrix}.$$
#
# It is symmetric, because the order of the two derivatives makes no difference. With autograd: compute the gradient, but
# *keep the graph of that computation* as well (`create_graph=True`), and then backpropagate from each of its entries:

# %% show=true
theta = tensor(1, 2).requires_grad_()
L = theta[0] ** 2 * theta[1] + theta[1] ** 3
(grad,) = torch.autograd.grad(L, theta, create_graph=True)
print("gradient:", grad.tolist())
print("row 0:   ", torch.autograd.grad(grad[0], theta, retain_graph=True)[0].tolist())
print("row 1:   ", torch.autograd.grad(grad[1], theta)[0].tolist())

# %% [markdown]
# Write `hessian(function, x)` in `second_order.py`, for any function of a vector.

# %% item="hessian" points=2
check("hessian")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "does not require grad" | the gradient has lost its history: `create_graph=True` |
# | "backward through the graph a second time" | the first row freed the graph: `retain_graph=True` |
# | one row instead of a matrix | you differentiated the sum of the gradient's entries |
#
# ### Look at it
#
# Here are two small nets with 2 inputs, 4 hidden units and 2 scores, 22 parameters each, on 12 points: one with tanh and
# one with ReLU. They are drawn with your code; zeros are white.

# %% show=true
shapes = {"w1": (2, 4), "b1": (4,), "w2": (4, 2), "b2": (2,)}
counts = {name: torch.Size(shape).numel() for name, shape in shapes.items()}
points = normal(12, 2, seed=3)
labels = (points[:, 0] * points[:, 1] > 0).long()


def small_loss(theta, activation):
    parts = theta.split(list(counts.values()))
    w1, b1, w2, b2 = (part.reshape(shape)
                      for part, shape in zip(parts, shapes.values()))
    return F.cross_entropy(activation(points @ w1 + b1) @ w2 + b2, labels)


theta = normal(22, seed=4)
hessians = {name: second_order.hessian(lambda t: small_loss(t, activation), theta)
            for name, activation in (("tanh", torch.tanh), ("ReLU", torch.relu))}
show_hessian(hessians, counts);

# %% show=true
for name, H in hessians.items():
    if H is not None:
        values = torch.linalg.eigvalsh(H)
        zeros, below = int((H == 0).sum()), int((values < -1e-9).sum())
        same = torch.allclose(H, H.T)
        print(f"{name}: symmetric {same}, {zeros} of {H.numel()} entries are 0")
        print(f"      eigenvalues {float(values[0]):.2f} to {float(values[-1]):.2f}: "
              f"{below} below 0, {int((values.abs() < 1e-9).sum())} about 0")

# %% [markdown]
# Find the blocks. `b2` against `b2` is the softmax alone. In the picture for ReLU there is white where two hidden units
# are never active for the same point: changing one does not change the gradient of the other. The slope of a
# tanh is never quite zero. And the negative eigenvalues: along those directions the loss curves *down*, as on a saddle. The loss of a
# net is not a bowl, that is, it is not convex. (A linear classifier's is: all eigenvalues of its Hessian are at least 0.)
#
# With a million parameters this picture would have $10^{12}$ pixels. **Nobody builds it.** (You have read a sentence like
# that before.) What we can have is its product with a vector.
#
# ## 7  Backpropagating twice
#
# $H v$ answers a simple question: when the parameters change in the direction $v$, how does the *gradient* change? And
# here is the lecture's trick. Since $v$ does not depend on the parameters,
#
# $$H v = \frac{\partial}{\partial\theta}\Big(\underbrace{\frac{\partial L}{\partial\theta}\cdot v}_{\text{one number}}\Big)$$
#
# One number is exactly what backpropagation starts from. So: backpropagate once, keeping the graph; multiply by $v$ and
# sum, over all parameters; backpropagate once more. That is two backward passes, whatever the number of parameters.
#
# Write `hvp_twice(function, inputs, vectors)`. The inputs are a list, like a net's parameters. Watch for an input whose
# gradient does not change at all: its product is zero, and `materialize_grads=True` tells autograd to say so.

# %% item="hvp_twice" points=2
check("hvp_twice")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "does not require grad" | `create_graph=True` in the *first* of the two |
# | "One of the differentiated Tensors appears to not have been used" | an input whose gradient does not change |
# | right for one input, wrong for two | one sum over *all* inputs, differentiated once: the gradient of one input depends on the others, too |
#
# ## 8  The backward pass, differentiated by hand
#
# There is a second way, and it needs no autograd. A backward pass is a program like any other: a few lines of flat code.
# Run it on dual numbers! When the parameters change in the direction $v$, every line of the forward pass has a tangent,
# then every line of the backward pass, and at the end are the gradients and their tangents. The tangent of the gradient is
# $H v$. This is forward mode over reverse mode, by hand: Pearlmutter (1994) called it the **R-operator**.
#
# Take the net of `net_gradient`: $h = \tanh(x w_1 + b_1)$, scores $= h w_2 + b_2$, softmax, with L2. (tanh, because a
# ReLU has no curvature of its own.) Write $R(\cdot)$ for "the tangent of". The directions of the four parameters are
# given: `v_w1`, `v_b1`, `v_w2`, `v_b2`. The data are constants.
#
# ### 8.1  Forward
#
# **Solved: the first line**, $a = x\,w_1 + b_1$. Here $x$ is constant, $w_1$ has tangent `v_w1` and $b_1$ has tangent
# `v_b1`; so $R(a)$ is $x$ times `v_w1`, plus `v_b1`.
#
# Write `rop_forward`: that line, then the tanh (its slope can be expressed in terms of $h$), then the scores, where
# *both* factors of the product have tangents.

# %% item="rop_forward" points=2
check("rop_forward")

# %% [markdown]
# ### 8.2  Through the softmax
#
# The gradient of the scores is $(p - \text{one-hot})/N$. The labels are constant; $p$ changes as a softmax does. You have
# met its Jacobian: $\text{diag}(p) - p\,p^{\top}$, for each row. Multiply it by the row's tangent, without building it.

# %% item="rop_softmax" points=2
check("rop_softmax")

# %% [markdown]
# ### 8.3  Backward
#
# Now take the lines of the backward pass, one after the other. For each product, ask which factors have tangents: in
# $h^{\top} g$, for instance, both $h$ and $g$ (the gradient of the scores) do, so there are two terms. The one to think
# about twice is
#
# $$\text{grad}_a = \text{grad}_h \odot (1 - h^2).$$
#
# The slope of the tanh, $1 - h^2$, changes with $h$. That is the activation's own curvature, and the one term that a ReLU
# does not have.

# %% item="rop_backward" points=4
check("rop_backward")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "… is treated as a constant" | a product of two factors with tangents has two terms; yours has one |
# | "the penalty's tangent holds the weights" | what is the tangent of $2\,\text{reg}\,w$? |
# | the second layer is right, the first wrong | $R(\text{grad}_h)$ has two terms, and so has $R(\text{grad}_a)$ |
# | everything is right but for a term that grows with $h$ | $R(1 - h^2)$: a square, and a sign |
#
# `hvp_rop` (given) combines your three functions. Here it is on real digits, compared with three other ways:

# %% show=true
images, digits = load_digits(limit=400)
NAMES, H, REG = ("w1", "b1", "w2", "b2"), 24, 1e-3
net = {"w1": normal(64, H, seed=1) / 8, "b1": torch.zeros(H).double(),
       "w2": normal(H, 10, seed=2) / H**0.5, "b2": torch.zeros(10).double()}
v = {name: normal(*p.shape, seed=i) for i, (name, p) in enumerate(net.items(), start=3)}


def digits_loss(w1, b1, w2, b2):
    scores = torch.tanh(images @ w1 + b1) @ w2 + b2
    penalty = REG * ((w1 * w1).sum() + (w2 * w2).sum())
    return F.cross_entropy(scores, digits) + penalty


def rop():
    """H v by your R-operator, the four parts in a list."""
    product = second_order.hvp_rop(images, digits, net, v, REG)
    return [product[name] for name in NAMES]


def twice():
    """H v by backpropagating twice."""
    return second_order.hvp_twice(digits_loss, list(net.values()), list(v.values()))


def gradient(step):
    """The gradient at net + step v."""
    there = {name: net[name] + step * v[name] for name in NAMES}
    grads = second_order.net_gradient(images, digits, there, REG)[1]
    return [grads[name] for name in NAMES]


def apart(found, true):
    """The largest difference, over the largest entry."""
    largest = max(float(b.abs().max()) for b in true)
    return max(float((a - b).abs().max()) for a, b in zip(found, true)) / largest


both = "rop_forward, rop_softmax, rop_backward, hvp_twice"
if ready(both, lambda: rop()[0] + twice()[0]):
    every = torch.func.grad(digits_loss, argnums=(0, 1, 2, 3))
    _, func = torch.func.jvp(every, tuple(net.values()), tuple(v.values()))
    h = 1e-5
    nudged = [(up - down) / (2 * h) for up, down in zip(gradient(h), gradient(-h))]
    print(f"R-operator and backpropagating twice differ by {apart(rop(), twice()):.0e}")
    print(f"R-operator and torch.func            differ by {apart(rop(), func):.0e}")
    print(f"R-operator and nudging the gradient  differ by {apart(rop(), nudged):.0e}")

# %% [markdown]
# Nudging the gradient, $(\nabla L(\theta + hv) - \nabla L(\theta - hv))/2h$, costs two gradients and loses about half of
# the digits. What do the exact ways cost? Here is the answer in units of one gradient, on a larger net:

# %% show=true
def best(function, runs=7):
    """Seconds of a call, the best of several runs."""
    found = []
    for _ in range(runs):
        begin = time.perf_counter()
        function()
        found.append(time.perf_counter() - begin)
    return min(found)


big_x, big_y = normal(256, 784, seed=1).float(), torch.arange(256) % 10
big = {"w1": normal(784, 100, seed=2).float() / 28, "b1": torch.zeros(100),
       "w2": normal(100, 10, seed=3).float() / 10, "b2": torch.zeros(10)}
big_v = {name: torch.ones_like(p) for name, p in big.items()}


def big_loss(w1, b1, w2, b2):
    scores = torch.tanh(big_x @ w1 + b1) @ w2 + b2
    return F.cross_entropy(scores, big_y) + REG * ((w1 * w1).sum() + (w2 * w2).sum())


def big_rop():
    return second_order.hvp_rop(big_x, big_y, big, big_v, REG)["w1"]


def big_twice():
    return second_order.hvp_twice(big_loss, list(big.values()), list(big_v.values()))[0]


if ready("the R-operator and hvp_twice", lambda: big_rop() + big_twice()):
    one = best(lambda: second_order.net_gradient(big_x, big_y, big, REG))
    n = sum(p.numel() for p in big.values())
    print(f"one gradient: {one * 1e3:.2f} ms")
    print(f"H v by the R-operator: {best(big_rop) / one:.2f} gradients")
    print(f"H v by backpropagating twice: {best(big_twice) / one:.2f} gradients")
    print(f"the whole Hessian of these {n:,} parameters: {n**2 * 4 / 2**30:.0f} GiB")

# %% [markdown]
# ## 9  What Hessian-vector products are good for
#
# Near $\theta$ the loss looks like $L + g\cdot d + \frac12\, d\cdot H d$, for a step $d$. Two questions can be answered with
# nothing but products $H v$: *which step leads to the bottom of that bowl?* and *how steep do its walls get?*
#
# ### 9.1  Conjugate gradients, and a Newton step
#
# At the bottom of the bowl its gradient $g + H d$ is zero: solve $H d = -g$, which gives **Newton's step**. The method of
# **conjugate gradients** solves $H x = b$ with one product $H p$ per step. It descends into the bowl
# $\frac12 x\cdot Hx - b\cdot x$; the residual $r = b - Hx$ shows what is left to do, and is also the direction of steepest
# descent. Two rules:
#
# - go along the direction $p$ exactly to its lowest point: a length of $\dfrac{r\cdot r}{p\cdot H p}$;
# - as the next direction take the new residual *plus a part of the old direction*,
#   $p \leftarrow r_\text{new} + \dfrac{r_\text{new}\cdot r_\text{new}}{r_\text{old}\cdot r_\text{old}}\;p$, so that what has been
#   gained along $p$ is never lost again.
#
# With $n$ unknowns it is done after $n$ steps, and usually close enough much earlier. **But** it needs a bowl. If
# $p\cdot Hp$ is zero or negative, there is no lowest point along $p$, and the formula still returns numbers, which mean
# nothing. An iteration like this must *say so*: raise `NoConvergence`, with a message that helps. Do the same after `most`
# steps, and when a number is not finite.
#
# Write `conjugate_gradients(product, b, tolerance, most)`.

# %% item="conjugate_gradients" points=3
check("conjugate_gradients")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "the directions are not conjugate" | $p$ is the residual plus a part of the *old* $p$ |
# | it stops too early | $\lvert Hx - b\rvert$ against $\lvert b\rvert$: square both or neither |
# | `nan` where b is 0 | is there anything left to do? Ask before the first division |
# | "an answer comes back, and no error" | look at $p\cdot Hp$ before you divide by it; `nan > 0` is False |
#
# Now on the digits. At a random start there is no bowl:

# %% show=true
def flat(parts):
    return torch.cat([parts[name].reshape(-1) for name in NAMES])


def shaped(theta):
    pieces = theta.split([net[name].numel() for name in NAMES])
    return {name: piece.reshape(net[name].shape) for name, piece in zip(NAMES, pieces)}


def value_and_gradient(theta):
    loss, grads, _ = second_order.net_gradient(images, digits, shaped(theta), REG)
    return float(loss), flat(grads)


def hessian_times(theta, damping=0.0):
    """The product v -> (H + damping I) v at theta by the R-operator; counts calls."""

    def product(v):
        product.calls += 1
        moved = second_order.hvp_rop(images, digits, shaped(theta), shaped(v), REG)
        return flat(moved) + damping * v

    product.calls = 0
    return product


start = flat(net)
trial = lambda v: v + hessian_times(start)(v) * 0
solvable = ready("the R-operator and conjugate_gradients",
                 lambda: second_order.conjugate_gradients(trial, -start, most=3))
if solvable:
    try:
        downhill = -value_and_gradient(start)[1]
        second_order.conjugate_gradients(hessian_times(start), downhill)
    except second_order.NoConvergence as error:
        print("refused:", error)

# %% [markdown]
# So go downhill first, as usual: 60 steps of gradient descent. From there on, take Newton steps with $H + 0.01\,I$. This is
# called *damping*: it raises all eigenvalues by 0.01, so that slightly negative ones do no harm, and keeps steps short where
# the bowl is nearly flat. The cost is counted in gradients, a product as 1.5 of them (as measured above).

# %% show=true
theta, descent = start.clone(), []
for step in range(400):
    if step == 60:
        warm = theta.clone()
    loss, grads = value_and_gradient(theta)
    descent.append(loss)
    theta = theta - 1.0 * grads

if solvable:
    theta, costs, newton = warm.clone(), [60.0], [descent[60]]
    for step in range(12):
        loss, grads = value_and_gradient(theta)
        product = hessian_times(theta, damping=0.01)
        try:
            move = second_order.conjugate_gradients(product, -grads, 0.1, most=100)
        except second_order.NoConvergence as error:
            print("refused:", error)
            break
        theta = theta + move
        costs.append(costs[-1] + 1 + 1.5 * product.calls)
        newton.append(value_and_gradient(theta)[0])
        as_good = [i for i, loss in enumerate(descent) if loss <= newton[-1]][:1]
        if step < 4:
            print(f"step {step + 1}: {product.calls} products, loss {newton[-1]:.4f}, "
                  f"{costs[-1]:.0f} gradients so far")
            print("        gradient descent needs", *(as_good or ["more than 400"]))
    bottom = theta
    show_steps({"gradient descent, learning rate 1": (range(400), descent),
                "Newton steps from step 60 on": (costs, newton)},
               xlabel="cost in gradients", ylabel="loss on 400 digits");

# %% [markdown]
# A Newton step costs some twenty gradients, and here it is worth more than that: in a long, narrow valley the direction of
# steepest descent points across, not along. There is no learning rate: the curvature says how far to go. (In large nets with
# noisy mini-batches the balance is different, and plain gradients win again.)
#
# ### 9.2  The largest eigenvalue
#
# How large may a learning rate be? Along an eigenvector of $H$ with eigenvalue $\lambda$, a gradient step multiplies the
# distance from the bottom by $1 - \text{lr}\cdot\lambda$. Its absolute value is below 1 as long as $\text{lr} < 2/\lambda$, so
# the *largest* $\lambda$ decides.
#
# Multiply any vector by $H$ again and again: its component along the eigenvector whose eigenvalue is largest in absolute value grows
# fastest (near a minimum, where all eigenvalues are positive, that is the largest), and soon the others are negligible. Rescale it to length 1 each time. That is **power iteration**; $v\cdot Hv$ is the
# eigenvalue, sign included. Stop when $Hv$ and $\lambda v$ agree. When they never do (with two eigenvalues of equal size and
# opposite sign, the vector alternates for ever), say so.
#
# Write `power_iteration(product, start, tolerance, most)`.

# %% item="power_iteration" points=2
check("power_iteration")

# %% show=true
double = lambda v: 2 * v
if solvable and ready("power_iteration",
                      lambda: second_order.power_iteration(double, tensor(1, 2))[0]):
    product = hessian_times(bottom)
    guess = normal(len(start), seed=9)
    largest, along = second_order.power_iteration(product, guess, tolerance=1e-3)
    print(f"largest eigenvalue {largest:.3f}, after {product.calls} products:")
    print(f"learning rates up to 2 / {largest:.3f} = {2 / largest:.3f}")
    distances = {}
    rest = value_and_gradient(bottom)[1]  # what is left of the gradient at the bottom
    for share in (0.95, 1.05):
        theta, away = bottom + 1e-4 * along, []
        for step in range(60):
            away.append(abs(float((theta - bottom) @ along)))
            theta = theta - share * 2 / largest * (value_and_gradient(theta)[1] - rest)
        distances[f"learning rate {share:.2f} · 2/λ"] = (range(60), away)
    show_steps(distances, xlabel="step", ylabel="distance from the bottom, along v");

# %% [markdown]
# A tenth more, and what was settling diverges. A few products were enough to find the limit, in a space of 1,810 dimensions.
#
# ## 10  Penalising the gradient
#
# Finally, differentiate something that is itself made of gradients. A net whose loss is very steep *in its inputs* changes
# its mind when a pixel is nudged. We can ask it not to: add to the loss
#
# $$\text{strength} \cdot \frac1N \sum_i \Big|\frac{\partial L_i}{\partial x_i}\Big|^2,$$
#
# the squared norm of the gradient **with respect to the inputs** (not the parameters), for each example separately. To train
# on that, we need its gradient with respect to the *parameters*: a derivative of a derivative again, and for autograd just
# backpropagating twice.
#
# Write `gradient_penalty(losses, x)`. Since row $i$'s loss depends on row $i$ only, the gradient of the *sum* of all losses
# holds every $\partial L_i/\partial x_i$, one in each row. And keep the graph: the caller wants to differentiate your number.

# %% item="gradient_penalty" points=2
check("gradient_penalty")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "autograd cannot go on from it" | `create_graph=True`; no `.detach()`, no `float(…)` on the way |
# | a factor of N, or of N² | the sum of the losses is differentiated, the squares are averaged over rows |
#
# What does it do? Here are two overlapping half moons, with three points labelled wrongly, and a net with 30 hidden units,
# trained with three strengths of the penalty. The shading shows what it decides where. The arrows at the points are
# $-\partial L_i/\partial x_i$, the direction in which each point's loss would fall.

# %% show=true
turn = torch.linspace(0, torch.pi, 40, dtype=torch.float64)
upper = torch.stack([turn.cos(), turn.sin()], 1)
lower = torch.stack([1 - turn.cos(), 0.5 - turn.sin()], 1)
moons = torch.cat([upper, lower]) * 1.6 + 0.3 * normal(80, 2, seed=11)
sides = torch.cat([torch.zeros(40), torch.ones(40)]).double()
sides[[8, 30, 66]] = 1 - sides[[8, 30, 66]]


def trained(strength):
    """Score function, arrows and loss of a net that was trained with the penalty."""
    starts = normal(2, 30, seed=1) * 1.5, normal(30, seed=2), normal(30, seed=3) / 5
    weights = [start.requires_grad_() for start in starts]
    score = lambda x: torch.tanh(x @ weights[0] + weights[1]) @ weights[2]
    loss_of = F.binary_cross_entropy_with_logits
    losses = lambda x: loss_of(score(x), sides, reduction="none")
    optimiser = torch.optim.Adam(weights, lr=0.05)
    for _ in range(300):
        optimiser.zero_grad()
        loss = losses(moons).mean()
        if strength:
            loss = loss + strength * second_order.gradient_penalty(losses, moons)
        loss.backward()
        optimiser.step()
    leaf = moons.clone().requires_grad_()
    (steep,) = torch.autograd.grad(losses(leaf).sum(), leaf)
    return score, -steep, float(losses(moons).detach().mean())


squares = lambda x: (x * x).sum(1)
if ready("gradient_penalty", lambda: second_order.gradient_penalty(squares, moons)):
    nets, arrows = {}, {}
    for strength in (0.0, 0.5, 3.0):
        score, steep, loss = trained(strength)
        norm = float(steep.square().sum(1).mean())
        title = f"strength {strength:g}: loss {loss:.2f}, mean |dL/dx|² {norm:.3f}"
        nets[title], arrows[title] = score, steep
    show_boundaries(nets, moons, sides, arrows);

# %% [markdown]
# Without the penalty the net bends its boundary around single points, and is steep there. With it the boundary becomes smooth,
# and where the two moons overlap the net says what is true: it does not know (pale). With too strong a penalty it becomes pale
# elsewhere as well, and misclassifies points that it had right.
#
# (Penalising the norm of the gradient *with respect to the parameters* is something else, with other effects: it prefers flat
# valleys. The code would hardly change; with respect to what would you differentiate `losses(x).sum()`?)
#
# ### Written question 2
#
# **(a)** You want the whole Hessian of a net with $n$ parameters from products. How many products do you need, and roughly what
# does that cost in gradients? Why is the product with *one* vector so much cheaper? **(b)** A training run diverges with
# learning rate 0.5 and works with 0.3. What can you say about the largest eigenvalue of the Hessian?
# **(c)** `conjugate_gradients` refuses with "curvature −0.2". What does that say about the loss at this point, and what are two
# things that one might do?

# %% [markdown] written="curvature" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) $n$ products, one for each unit vector: a cost of about $1.5\,n$ to $3\,n$ gradients, and $n^2$ numbers to store. One
# product asks only how the gradient changes along one direction: one more pass through code of the same length as the
# gradient's.
#
# (b) With 0.5 some $|1 - 0.5\lambda| > 1$, so the largest eigenvalue along the way exceeds $2/0.5 = 4$; with 0.3 all stay below
# $2/0.3 \approx 6.7$. So it lies between 4 and 6.7, as far as the loss resembles a bowl there (it is not the same everywhere).
#
# (c) There is a direction along which the loss curves down: the Hessian has a negative eigenvalue, we are near a saddle or on a
# hill and not in a bowl, and Newton's step would lead to a saddle or uphill. One might add damping, go along that direction (it
# leads down), take the step that has been found so far, or do some more gradient descent first.
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 11  Layers that are equations
#
# So far every layer was a recipe: take $x$, do this and that, and out comes $z$. An **implicit layer** is a condition instead:
# $z$ is whatever solves $g(x, z) = 0$. A fixed point $z = f(x, z)$ is one. So is the minimum of a function (its slope is zero
# there), so are eigenvectors, and so is a camera's pose, given where it saw some points. Such a $z$ may be *found* by a loop of a
# thousand steps in somebody else's library. Its gradient needs none of that.
#
# Take the circle $g = x^2 + z^2 - 1 = 0$ and go along it: $g$ stays zero while $x$ and $z$ change. So what $g$ gains through $x$,
# it must lose through $z$:
#
# $$\frac{\partial g}{\partial x}\,dx + \frac{\partial g}{\partial z}\,dz = 0 \qquad\Longrightarrow\qquad \frac{dz}{dx} = -\Big(\frac{\partial g}{\partial z}\Big)^{-1}\frac{\partial g}{\partial x}.$$
#
# That is the whole theory (the *implicit function theorem*; it requires that $\partial g/\partial z$ be invertible). The last
# formulas on the lecture's slide have lost the minus sign; it belongs there.

# %%
import math

from backprop import implicit
from toolbox.given import camera
from toolbox.draw import (show_camera, show_circle_and_webs, show_crossing,
                          show_filling, show_settling, show_tangents, show_web)
from toolbox.given.unrolling import layer, peak_bytes, steps_to_settle, unrolled


def there(*answers):
    """True once none of the answers is None; until then it says so."""
    missing = any(answer is None for answer in answers)
    if missing:
        print("Nothing to show yet: to be written are the functions of this section.")
    return not missing

# %% show=true
show_circle_and_webs(None, weights=(0.5, 1.9, -0.95));

# %% [markdown]
# On the left is the circle. Beside it are three fixed points $z = \tanh(w z + c)$, each with a $c$ of its own, found by
# repetition: up (or
# down) to the curve, across to the diagonal. Near the solution, each round multiplies the error by the slope of
# the curve there. For $w = 0.5$ that is about a quarter, and a handful of rounds will do. For $w = 1.9$ the curve
# nearly touches the diagonal on the way, and the iteration crawls through the narrow gap. For $w = -0.95$ the
# slope is near minus one: the error changes sign in each round, and shrinks slowly.
#
# **Try it.** Move $w$, and the starting point $z$. From which $w$ on are there several answers, so that the
# starting point decides where you end? What happens for $w$ below $-1.1$?

# %% show=true
play(show_web, w=Slide(1.9, -2.5, 2.5, 0.05), z=Slide(-1.0, -1.1, 1.1, 0.1))

# %% [markdown]
# ### A solved example
#
# $z = \tfrac12 z + x$ is a fixed point. As an equation: $g = z - \tfrac12 z - x$, so $\partial g/\partial z = 1 - \tfrac12 = \tfrac12$ and
# $\partial g/\partial x = -1$. Hence $dz/dx = -(\tfrac12)^{-1}(-1) = 2$.
#
# Is that plausible? Raise $x$ by 1: $z$ rises by 1 at once; that raises the right-hand side by another $\tfrac12$, then by $\tfrac14$, and so on: in total
# $1 + \tfrac12 + \tfrac14 + \dots = 2$. One division has summed an endless backward pass.
#
# ### Predict
#
# 1. `circle`: $dz/dx$ on the circle at $(0.6,\ 0.8)$. Look at the picture for the sign.
# 2. `linear`: $z = 0.9\,z + x$. What is $dz/dx$?
# 3. `root`: $z = \tfrac12\,(z + x / z)$, an old way to find a well-known function of $x$. What is $dz/dx$ at $x = 4$, $z = 2$? ($z$ occurs twice on the
#    right-hand side.)
# 4. `steps`: an iteration multiplies its error by 0.99 at each step. The error is 1 now. After how many steps is it below a millionth for the first time?
# 5. `kept`: unrolling means recording every step like any other layer. With 32 rows, 100 units and 1000 steps, how many numbers of $z$ must be kept in memory
#    for the backward pass?

# %% solution="predicted_implicit"
# predicted_implicit: "circle", "linear", "root", "steps", "kept", a number each;
# for example: predicted_implicit["kept"] = 12
predicted_implicit = {}
### BEGIN SOLUTION
predicted_implicit["circle"] = -0.6 / 0.8
predicted_implicit["linear"] = 1 / (1 - 0.9)
predicted_implicit["root"] = 0.25  # 1 / (2 z): the feedback 1/2 (1 - x / z**2) is 0
predicted_implicit["steps"] = math.ceil(math.log(1e-6) / math.log(0.99))
predicted_implicit["kept"] = 32 * 100 * 1000
### END SOLUTION

# %% item="implicit_by_hand" points=2
check("implicit_by_hand")

# %% show=true
show_circle_and_webs(predicted_implicit.get("circle"), weights=());

# %% [markdown]
# ### 11.1  One linear solve, and an error where there is no answer
#
# Where $z$ is a vector, $\partial g/\partial z$ is a square matrix, and dividing by it means solving a linear system. In the
# backward pass, with an upstream gradient $g_z$ (a row) from the loss, read $-g_z\,(\partial g/\partial z)^{-1}\,(\partial g/\partial x)$
# from the left: *first* solve once with $g_z$ (written as a column, that is a system with the transposed matrix), *then* multiply. No Jacobian of $z$ is ever built.
#
# When the matrix cannot be inverted, $z$ is not a function of $x$ there: at $(1, 0)$ the circle goes straight up. A computer rarely
# meets an exact zero; it meets $10^{-17}$, divides by it, and passes on a huge number as if nothing had happened. So **in this part,
# whatever has no answer raises an error**, at once and with a word that says why. Look:

# %% show=true
first, second = tensor(0.4, 0.3, 0.6), tensor(0.7, 0.8, 0.9)
third = first / 3 + 0.7 * second  # made from the other two: the matrix is singular
a = torch.stack([first, second, third], dim=1)
print("determinant:", float(torch.linalg.det(a)))
print("condition number:", f"{float(torch.linalg.cond(a)):.1e}")
try:
    solution = torch.linalg.solve(a, torch.ones(3, 1).double())
    print("solved all the same:", solution.flatten().tolist())
except RuntimeError as error:
    print("torch says:", error)

# %% [markdown]
# The determinant says little ($10^{-40}$ is a perfectly good determinant for a large matrix of small numbers). The **condition number**
# says by how much the system magnifies errors: at 1, not at all; from about 1/eps on ($4.5\cdot10^{15}$ in double precision) nothing
# is left of the answer. We stop a little before that, at 0.1/eps.
#
# Write `solve(system, right)` in `implicit.py`: look at the condition numbers, raise `ArithmeticError("… singular …")` if need be, and
# otherwise let `torch.linalg.solve` do the work. Most backward passes below call it.

# %% item="solve" points=1
check("solve")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "an answer came back, and none is right" | exact comparisons with 0 find nothing: rounding gets in between |
# | "there is an answer, and none came" | determinants depend on the units; float32 and float64 have different eps |
# | a batch is accepted that should not be | `torch.linalg.cond` gives one number for each system: *all* of them must be fine |
# | `LinAlgError` instead of your error | test before you solve; `nan` makes every comparison False |

# %% [markdown]
# ## 12  A deep equilibrium layer
#
# Here is the lecture's example: $z = \tanh(W z + U x + b)$, a network of one layer, applied to its own output until nothing changes any
# more. Batches are rows here, so we write
#
# $$z = \tanh(a), \qquad a = z\,w + x\,u + b, \qquad z\ (N, H),\; w\ (H, H),\; x\ (N, D),\; u\ (D, H),\; b\ (H,),$$
#
# with $w$ and $u$ the transposes of the slides' $W$ and $U$.
#
# ### 12.1  Forward: iterate until nothing changes
#
# Write `deq_solve`. Start from $z = 0$ and go step by step until no entry changes by more than `tol`. If that has not happened after
# `max_steps`, say so: `ArithmeticError("… converge …")`. (The tanh keeps $z$ between −1 and 1, so nothing blows up: an iteration that
# goes wrong looks perfectly normal.)

# %% item="deq_solve" points=2
check("deq_solve")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "an answer came back, and none is right" | does your loop know, when it ends, *why* it ended? |
# | one row of six is overlooked | the largest change of *any* entry counts |
# | `nan` is accepted | `moved > tol` is False for `nan`, and so is `moved <= tol`: ask the question that must be answered with yes |

# %% show=true
errors = {}
for radius in (0.5, 0.9, 0.99):
    given = layer(radius, N=4, D=3, H=24)
    z = implicit.deq_solve(**given, max_steps=10_000)
    if z is not None:
        now, distances = torch.zeros_like(z), []
        while (now - z).abs().max() > 1e-9 and len(distances) < 3000:
            now = torch.tanh(now @ given["w"] + given["x"] @ given["u"] + given["b"])
            distances.append(float((now - z).abs().max()))
        errors[f"spectral radius {radius:g}"] = distances
if there(errors or None):
    show_settling(errors)

# %% [markdown]
# How slowly it settles depends on the *spectral radius* of $w$, the largest absolute value of its eigenvalues: where the tanh is nearly
# straight, as here, 0.5 about halves the error at every step, and 0.99 takes more than a thousand steps. (An iteration that shrinks
# errors is called a *contraction*.)
#
# ### 12.2  Backward: one linear solve
#
# From the loss comes `grad_z`. Let $v$ be the *whole* gradient at $z$. It has two parts: what comes from the loss, and what comes back
# round the loop, because $z$ is also an input of the next step. Going back round the loop passes the tanh, then $w$:
#
# $$v = \texttt{grad\_z} + (\text{back through } w \text{ of } (\text{back through } \tanh \text{ of } v)).$$
#
# You know both of these from the earlier notebooks; each is linear in $v$. So this is a *linear* system for $v$, of size $H \times H$,
# and a different one for each row (because the slope of the tanh differs). Take one row, write $v$ and `grad_z` as columns, bring
# everything with $v$ to the left, and read off the matrix. Then go back through one more gate, the tanh, to reach $a$.
#
# **Solved for one number:** $z = \tanh(w z + c)$, slope $s = 1 - z^2$. $v = g + w\,s\,v$, so $v = g / (1 - w s)$, and the gradient at $a$
# is $s\,v$. Check it against a nudge of $c$:

# %% show=true
w1, c1 = 0.9, 0.2


def settle(c, z=0.0):
    for _ in range(2000):
        z = math.tanh(w1 * z + c)
    return z


z1 = settle(c1)
s1 = 1 - z1**2
print("one division:", s1 / (1 - w1 * s1))
print("nudging c:   ", (settle(c1 + 1e-6) - settle(c1 - 1e-6)) / 2e-6)

# %% [markdown]
# Now write `deq_adjoint(grad_z, z, w)`, which returns the gradient at $a$, for all rows (`solve` takes a whole batch of systems). Then
# `deq_grads(grad_a, z, x, u)`: from $a$ to $x$, $w$, $u$ and $b$ it is a matrix product and a sum, as usual.

# %% item="deq_adjoint" points=2
check("deq_adjoint")

# %% item="deq_grads" points=1
check("deq_grads")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | right for one unit, wrong for several | which index of $w$ meets the slope, which one meets $v$? Write one entry of the loop as a sum |
# | "back through one step only" | `grad_z` times the slope is where the series starts |
# | right for one row, wrong for a batch | slopes $(N, H)$ and $w$ $(H, H)$ make systems $(N, H, H)$ |
# | a shape error in `solve` | its right-hand side is $(N, H, 1)$, one column per row |
#
# Here is your solve against a thousand recorded steps:

# %% show=true
given, grad_z = layer(0.97, N=4, D=3, H=24), normal(4, 24)
z = implicit.deq_solve(**given, max_steps=10_000)
mine, grad_a = [None], None
if z is not None:
    grad_a = implicit.deq_adjoint(grad_z, z, given["w"])
if grad_a is not None:
    mine = implicit.deq_grads(grad_a, z, given["x"], given["u"])
if there(z, grad_a, *mine):
    print("        difference from unrolling   largest entry")
    names = ("grad_x", "grad_w", "grad_u", "grad_b")
    for name, one, other in zip(names, mine, unrolled(grad_z, **given)[1:]):
        difference, size = float((one - other).abs().max()), float(other.abs().max())
        print(f"{name} {difference:26.0e} {size:15.3g}")

# %% [markdown]
# ### 12.3  What it saves
#
# Unrolling keeps every step. Your way keeps only the last $z$, whatever happened before. Memory is counted while both run (the linear
# systems count, too), and both are timed, as the contraction gets weaker. From left to right: spectral radius 0.5, 0.9, 0.97, 0.99, drawn
# at $1/(1 - \text{radius})$.

# %% show=true
radii, kinds = (0.5, 0.9, 0.97, 0.99), ("unrolled", "implicit")
memory, seconds_taken = {kind: [] for kind in kinds}, {kind: [] for kind in kinds}


def by_hand(grad_z, w, u, b, x):
    z = implicit.deq_solve(w, u, b, x, max_steps=100_000)
    return implicit.deq_grads(implicit.deq_adjoint(grad_z, z, w), z, x, u)


def stopwatch(function):
    """Seconds of the processor, so that other programs do not count."""
    begin = time.process_time()
    function()
    return time.process_time() - begin


if there(*mine):
    grad_z = normal(64, 32)
    print("implicit against unrolled")
    print("radius  steps  memory     time")
    for radius in radii:
        given = layer(radius, N=64, D=8, H=32)
        for kind, way in zip(kinds, (unrolled, by_hand)):
            run = lambda: way(grad_z, **given)
            memory[kind].append(peak_bytes(run) / 2**20)
            seconds_taken[kind].append(min(stopwatch(run) for _ in range(2)))
        space = memory["implicit"][-1] / memory["unrolled"][-1]
        seconds = seconds_taken["implicit"][-1] / seconds_taken["unrolled"][-1]
        print(f"{radius:<6g}{steps_to_settle(**given):7d}{space:8.3f}{seconds:9.2f}")
    show_growth([round(1 / (1 - radius)) for radius in radii],
                {"MiB": memory, "seconds": seconds_taken},
                xlabel="1 / (1 - spectral radius)")

# %% [markdown]
# With a strong contraction, unrolling wins: a few steps are cheaper than linear systems. As the contraction weakens, its memory grows
# without limit, while the implicit line stays flat. As for time, both must take all the forward steps; what is saved is the backward pass.
#
# ### 12.4  Any feed-forward net is one
#
# The slide claims that a deep equilibrium layer can represent any feed-forward net with the same number of parameters. Here is a proof by
# construction. Put the values of all layers side by side into one $z = (h_1 \mid h_2 \mid h_3)$. Then "each layer from the one before" *is*
# one big equation $z = \tanh(z w + x u + b)$, if $w$ holds the weights in the right blocks and zeros elsewhere.
#
# **Solved, for two layers of one unit each:** $h_1 = \tanh(5x + 1)$ and $h_2 = \tanh(7 h_1 + 2)$. With $z = (h_1, h_2)$: $u = (5,\ 0)$,
# since $x$ enters the first only; $b = (1,\ 2)$; and $w = \begin{pmatrix} 0 & 7 \\ 0 & 0 \end{pmatrix}$, since in $z w$ row 1 says where $h_1$
# goes, namely into column 2.
#
# Write `as_equilibrium(weights, biases)` for any number of layers of any sizes.

# %% item="as_equilibrium" points=2
check("as_equilibrium")

# %% show=true
widths = (4, 5, 3, 6)
weights = [normal(a, b, seed=a) / a**0.5 for a, b in zip(widths, widths[1:])]
biases = [0.3 * normal(size, seed=size) for size in widths[1:]]
w, u, b = implicit.as_equilibrium(weights, biases)
if there(w, u, b):
    show_jacobians({"w: from z (down) to z (across)": w, "u: from x to z": u},
                   columns=2, axes=("from", "to"))

# %% show=true
if there(w, u, b):
    states, x = [torch.zeros(1, sum(widths[1:])).double()], normal(1, 4, seed=9)
    for _ in range(4):
        states.append(torch.tanh(states[-1] @ w + x @ u + b))
    show_filling(states, widths[1:])

# %% [markdown]
# There are blocks just above the diagonal, nothing on it and nothing below (in the slides' columns: strictly *lower* triangular). A tick
# marks an entry that has its final value: after each step one more layer, after three steps all. All eigenvalues of such a $w$ are zero, so
# its spectral radius is 0, and the iteration ends *exactly*. The parameters are those of the net and no more. A deep equilibrium layer may
# also fill in the blocks below the diagonal, so it can do more than the net.
#
# ### 12.5  Layers that are differential equations
#
# One more kind of implicit layer is on the lecture's list. A residual block computes $z_{k+1} = z_k + f(z_k, \theta)$. Read it as a step of
# length 1 of Euler's method for a differential equation, and let the steps become shorter and more numerous. In the limit the input $x$ is
# the state at time 0, and the output is the state at time $T$ (a **neural differential equation**; Chen and others, 2018):
#
# $$\frac{dz}{dt} = f(z(t), \theta), \qquad z(0) = x, \qquad z(T) = x + \int_0^T f(z(t), \theta)\, dt .$$
#
# Any solver may find $z(T)$. The gradient does not go back through its steps. The upstream gradient $a(t) = \partial L/\partial z(t)$ (a row)
# obeys a differential equation of its own, which is solved backward in time from the loss, and the gradient of the parameters collects along
# the way, as always when one thing is used in many places:
#
# $$\frac{da}{dt} = -\,a\,\frac{\partial f}{\partial z}, \qquad a(T) = \frac{\partial L}{\partial z(T)}, \qquad \frac{\partial L}{\partial \theta} = \int_0^T a\,\frac{\partial f}{\partial \theta}\, dt .$$
#
# The first equation is backpropagation through one residual block, $a_k = a_{k+1} + a_{k+1}\,\partial f/\partial z$, with short steps. Check it
# on the simplest case on paper: for $f = \theta z$, $z(T) = x e^{\theta T}$. What is $a(0)$, and is it $\partial L/\partial x$?

# %% [markdown]
# ## 13  An argmin: the gradient by the penalty's strength
#
# Training itself is an implicit layer: $w$ is where the slope of the training loss is zero. So $w$ is a function of everything in that loss:
# the data, the labels, *and the strength of the penalty*. Instead of trying many values of $\lambda$, we can go
# downhill on the loss of the *validation* data, with its gradient with respect to $\lambda$.
#
# Ridge regression, with this course's conventions: $w = \operatorname{argmin}\ \frac1N \sum_n (x_n w - y_n)^2 + \lambda \sum_d w_d^2$. Set the
# slope to zero and cancel a 2:
#
# $$g = \Big(\tfrac1N x^{\top} x + \lambda I\Big)\,w - \tfrac1N x^{\top} y = 0 .$$
#
# `ridge(x, y, reg)` in `implicit.py` solves that; it is given (and works as soon as your `solve` does).
#
# **Solved, for one weight and one example:** $g = (x^2 + \lambda)\,w - x y$. Its derivative with respect to $w$ is $x^2 + \lambda$, with respect to
# $\lambda$ it is $w$. So $dw/d\lambda = -w/(x^2 + \lambda)$: more penalty pulls the weight towards zero, and the larger the weight, the stronger the pull.
#
# Write `ridge_backward(grad_w, x, w, reg)` for any $N$ and $D$: the gradient of `reg`, a number, and the gradient of `y`, $(N,)$. One solve serves
# both. (The matrix is symmetric: its transpose is itself.)

# %% item="ridge_backward" points=2
check("ridge_backward")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | wrong by a factor of two | all terms of $g$ carry a 2 from the squares: cancel it in all of them, or in none |
# | wrong by a factor of $N$ | where are the means in $g$? |
# | one of the two gradients has the wrong sign | $y$ enters $g$ with a minus sign, $\lambda$ with a plus |
#
# Here are a polynomial of degree 9, twelve noisy training points, and a validation loss that depends on $\lambda$. The short thick lines are your
# slopes; the black dots follow them downhill.

# %% show=true
def features(t):
    return torch.stack([t**k for k in range(10)], dim=1)


generator = torch.Generator().manual_seed(6)
uniform = torch.rand(12, generator=generator, dtype=torch.float64)
t_train, t_valid = 2 * uniform - 1, torch.linspace(-1, 1, 100, dtype=torch.float64)
x_train, x_valid = features(t_train), features(t_valid)
y_train = torch.sin(4 * t_train) + 0.5 * normal(12, seed=56)
y_valid = torch.sin(4 * t_valid)


def validation(reg):
    """Validation loss at the trained weights, its gradients by reg and by y_train."""
    w = implicit.ridge(x_train, y_train, reg)
    error = x_valid @ w - y_valid
    grad_w = 2 * x_valid.T @ error / len(error)
    return float((error**2).mean()), *implicit.ridge_backward(grad_w, x_train, w, reg)


def training_loss(reg):
    w = implicit.ridge(x_train, y_train, reg)
    return float(((x_train @ w - y_train) ** 2).mean())


if there(implicit.ridge(x_train, y_train, 1.0)) and there(*validation(1.0)):
    regs, slopes = torch.logspace(-6, 1, 120).tolist(), []
    for reg in (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0):
        value, slope, _ = validation(reg)
        slopes.append((reg, value, float(slope)))
    reg, walk = 1.0, []
    for _ in range(25):
        value, slope, _ = validation(reg)
        walk.append((reg, value))
        # a step downhill on log(reg), by at most a factor of e
        reg *= math.exp(max(-1.0, min(1.0, -40 * reg * float(slope))))
    show_tangents(regs, [validation(r)[0] for r in regs], slopes,
                  more={"training loss": [training_loss(r) for r in regs]}, marks=walk,
                  xlabel="reg", ylabel="validation loss")

# %% show=true
# The same solve says how the validation loss depends on every single training label.
if there(implicit.ridge(x_train, y_train, 1.0)) and there(*validation(1.0)):
    before, _, influence = validation(reg)
    worst = int(influence.abs().argmax())
    kept = y_train.clone()
    y_train[worst] -= 0.01 * torch.sign(influence[worst])
    after, y_train = validation(reg)[0], kept
    gain = 0.01 * abs(float(influence[worst]))
    print(f"The label at t = {float(t_train[worst]):.2f} matters most. Moved by 0.01,")
    print(f"it should lower the validation loss by {gain:.5f};")
    print(f"the loss falls by                      {before - after:.5f}.")

# %% [markdown]
# ## 14  Eigenvectors
#
# $a = V \operatorname{diag}(\lambda)\, V^{\top}$ for a symmetric matrix: the equations are $a v_i = \lambda_i v_i$ and $v_i^{\top} v_i = 1$. We want the
# backward pass: given the gradients of the eigenvalues and of the eigenvectors, find the gradient of $a$. It takes three steps.
#
# ### 14.1  How eigenvalues and eigenvectors change
#
# Change the matrix by a small symmetric $da$, and look at that change in the basis of the eigenvectors: $E = V^{\top} da\, V$. Differentiating
# $a v_i = \lambda_i v_i$, and multiplying from the left by each $v_j^{\top}$ in turn, gives
#
# $$d\lambda_i = E_{ii}, \qquad dv_i = \sum_{j \ne i} v_j\, \frac{E_{ji}}{\lambda_i - \lambda_j}.$$
#
# An eigenvalue changes by its own diagonal entry of $E$. An eigenvector turns towards each of the others, by an amount that is divided by the *gap*
# between their eigenvalues. (It does not turn towards itself: its length is fixed.) In numbers, for the $2\times 2$ matrix with eigenvalues 1 and 3:

# %% show=true
a, da = torch.diag(tensor(1.0, 3.0)), 0.001 * tensor([2.0, 4.0], [4.0, -6.0])
values, vectors = torch.linalg.eigh(a + da)
vectors = vectors * vectors.diagonal().sign()  # each sign as in V = I
E = da  # V is the identity here
print("eigenvalues changed by", [f"{x:.5f}" for x in values - tensor(1.0, 3.0)])
print("the diagonal of E is  ", [f"{x:.5f}" for x in E.diagonal()])
print("v_0 changed by        ", [f"{x:.5f}" for x in vectors[:, 0] - tensor(1.0, 0.0)])
print("E_10 / (1 - 3) is     ", f"{float(E[1, 0]) / (1 - 3):.5f}")

# %% [markdown]
# Compare the two lines: the eigenvalues change by the diagonal of $E$, and $v_0 = (1, 0)$ gets $E_{10}/(1 - 3)$ of $v_1$.
#
# ### 14.2  Backward, in the basis of the eigenvectors
#
# The loss changes by $\sum_i \bar\lambda_i\, d\lambda_i + \sum_i \bar v_i^{\top} dv_i$, with $\bar\lambda_i$ and $\bar v_i$ the upstream gradients of $\lambda_i$ and
# $v_i$. Put the two formulas above into it, and sort by the entries of $E$:
#
# $$dL = \sum_i \bar\lambda_i\, E_{ii} + \sum_i \sum_{j \ne i} \frac{v_j^{\top} \bar v_i}{\lambda_i - \lambda_j}\, E_{ji} .$$
#
# So the gradient of $E$ is a matrix $M$. On its diagonal are the gradients of the eigenvalues. Off the diagonal, at $[j, i]$, is how much the loss gains when
# $v_i$ turns towards $v_j$, divided by the gap:
#
# $$M_{ii} = \bar\lambda_i, \qquad M_{ji} = \frac{v_j^{\top} \bar v_i}{\lambda_i - \lambda_j} .$$
#
# (This is the linear solve of this layer. In the basis of the eigenvectors the system is diagonal: solving it is a division by the gaps.)
#
# **Solved, for the matrix above.** Let the loss be the second entry of the first eigenvector, so $\bar v_0 = (0, 1)$ and everything else is zero. Since $V = I$,
# $v_1^{\top}\bar v_0 = 1$ and $M_{10} = 1/(1 - 3) = -\tfrac12$; the rest of $M$ is zero.
#
# ### 14.3  Back to the matrix
#
# $E$ is $da$ seen in the basis of the eigenvectors. To go back, see $M$ in the basis in which $a$ is written: you know from `tensors` what the gradient of a
# matrix product does to each factor. Last, $a_{ij}$ and $a_{ji}$ are one number, so the two entries share what they collect: average the result with its
# transpose. In the example that gives $-\tfrac14$ at both off-diagonal places. Check: with a small $\varepsilon$ at both, the vector turns to $(1, -\varepsilon/2)$,
# and $\varepsilon\cdot(-\tfrac14) + \varepsilon\cdot(-\tfrac14) = -\varepsilon/2$. ✓
#
# **Signs.** If $v$ is an eigenvector, so is $-v$, and libraries differ. Your backward pass gets the vectors that the forward pass returned; flip one, and its
# upstream gradient flips with it. Only functions that do not depend on the sign make sense, such as $(v^{\top} c)^2$.
#
# **When two eigenvalues are equal**, their eigenvectors may be rotated into one another freely. For the identity matrix every basis is right, and the smallest change
# of the matrix picks an entirely different one. There is no derivative, the formula divides by zero, and `eigh_backward` must say so ("repeated"). Quantities that
# treat both alike still have a derivative, such as the sum of the two eigenvalues or the plane that the eigenvectors span.
#
# Write `eigh_backward`: the gaps and their test, then $M$, then back to the matrix.

# %% item="eigh_backward" points=3
check("eigh_backward")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | `inf` or `nan` in the answer | the diagonal of the gaps is zero, and there is nothing to divide there |
# | right for the eigenvalues' part only | print your $M$ for the two-by-two example: which entry is $-\tfrac12$? |
# | "not that of a symmetric matrix" | average with the transpose, at the very end |
# | "there is an answer, and none came" | whether two values are close is a matter of proportion: compare gaps with the largest eigenvalue |

# %% show=true
def matrix(t, coupling=0.05):
    """Two eigenvalues that approach each other and do not cross; a third far away."""
    rows = [[t, coupling, 0.1], [coupling, -t, 0.0], [0.1, 0.0, 2.0]]
    return torch.tensor(rows, dtype=torch.float64)


t = torch.linspace(-1, 1, 101).tolist()
vectors = torch.linalg.qr(normal(3, 3, seed=2))[0]
gaps, sizes = [10.0**-k for k in range(0, 13)], []
try:
    for gap in gaps:
        grad = implicit.eigh_backward(normal(3, seed=5), normal(3, 3, seed=6),
                                      tensor(0.0, gap, 2.0), vectors)
        if grad is None:
            break
        sizes.append(float(grad.abs().max()))
except ArithmeticError as error:
    print(f"at a gap of {gap:.0e}:", error)
levels = torch.stack([torch.linalg.eigvalsh(matrix(s)) for s in t])
show_crossing(t, levels, gaps, sizes);

# %% [markdown]
# On the left is a matrix whose two lower eigenvalues approach each other and turn away again; on the right is what a small gap does to the
# gradient, which grows like one over the gap, until the error stops it. Finally, check it by nudging the matrix itself, for a loss that does not depend
# on signs:

# %% show=true
c = normal(3, seed=7)


def liked(a):
    """A loss of a matrix's eigenvalues and eigenvectors, whatever their signs."""
    values, vectors = torch.linalg.eigh(a)
    return float((vectors[:, 0] @ c) ** 2 + values[2])


values, vectors = torch.linalg.eigh(matrix(0.3))
grad_values, grad_vectors = tensor(0.0, 0.0, 1.0), torch.zeros(3, 3).double()
grad_vectors[:, 0] = 2 * (vectors[:, 0] @ c) * c
answers = [implicit.eigh_backward(grad_values, s * grad_vectors, values, s * vectors)
           for s in (1, -1)]
if there(*answers):
    nudge = normal(3, 3, seed=8)
    nudge = 1e-6 * (nudge + nudge.T)
    changed = liked(matrix(0.3) + nudge) - liked(matrix(0.3) - nudge)
    print("nudged:                      ", changed / 2e-6)
    print("predicted:                   ", float((answers[0] * nudge).sum()) / 1e-6)
    print("with all vectors' signs flipped:", float((answers[1] * nudge).sum()) / 1e-6)

# %% [markdown]
# ## 15  Where is the camera?
#
# Eight landmarks are at known places. A camera has seen them, each at some point of its image, with an error of a pixel or so (0.004 in the units of
# the image). Where was the camera, and which way did it look? Its *pose*, three angles and three coordinates in metres, is the one that puts the projected landmarks as close as possible to where they were
# seen: an argmin once more, six numbers, found by iteration. The lecture names it as an implicit layer. If you train a network that *detects* the
# landmarks, you want the gradient back through the solver.
#
# The camera is given: `camera.project(pose, points)` says where the points are seen, `camera.slopes` how that changes with the pose, $(n, 2, 6)$, and
# `camera.curvatures` holds the second derivatives, $(n, 2, 6, 6)$.
#
# **The solver, Gauss–Newton.** At a pose, with residual $r$ = seen minus projected (all $2n$ numbers in a row) and slopes $J$ $(2n, 6)$, a small step $s$
# would leave the residual $r - J s$. The $s$ that makes its square smallest solves $(J^{\top} J)\, s = J^{\top} r$. Take it, linearise again, and repeat
# until nothing changes. With too few landmarks $J^{\top} J$ is singular, and from a start too far away nothing settles: both are errors.
#
# **Solved, for one number:** find $p$ with $p^2$ close to 10, starting from $p = 3$: $r = 10 - 9 = 1$, $J = 6$, step $6 \cdot 1 / 36$, so $p = 3.1667$; the
# next step makes it $3.16228$. Write `pose_solve`.

# %% item="pose_solve" points=2
check("pose_solve")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | it does not converge, and the checks say it should | seen minus projected, plus the step; the other way round goes uphill |
# | `LinAlgError` | call your own `solve` |
# | a shape error | flatten both: image points $(n, 2)$ to $2n$, slopes $(n, 2, 6)$ to $(2n, 6)$, in the same order |
#
# ### 15.1  How the pose depends on the image
#
# The solver took steps. The gradient ignores them, and uses the equation that holds at the end: the slope is zero,
#
# $$g(\text{pose}, \text{image}) = J^{\top} r = \sum_k J_k\, r_k = 0 , \qquad J_k \text{ the } k\text{-th row of } J \text{, as a column.}$$
#
# Now differentiate with respect to the pose, and note that it is a *product*: $r$ changes with the pose (by $-J$), and so does $J$ (by the curvatures). So
# $\partial g/\partial\,\text{pose}$ is $-J^{\top} J$ plus the sum over all $2n$ coordinates of residual times curvature, a $6 \times 6$ matrix. With respect
# to the image it is simply $J^{\top}$.
#
# Many programs leave the curvature out (so did the solver, and it may: it only has to arrive). Where the residuals are zero that is exact; where they are
# not, the gradient is wrong, and no step size of the solver repairs it. Write `pose_backward(grad_pose, pose, points, image)`: one solve, with the whole
# matrix.

# %% item="pose_backward" points=2
check("pose_backward")

# %% show=true
corners = torch.cartesian_prod(*[tensor(-1.0, 1.0)] * 3)
points = corners + 0.2 * normal(8, 3, seed=1)
true_pose, sigma = tensor(0.1, -0.35, 0.05, 0.2, -0.1, 6.0), 0.004
image = camera.project(true_pose, points) + sigma * normal(8, 2, seed=2)
pose = implicit.pose_solve(points, image, true_pose + 0.05)
grad_pose, nudge = normal(6, seed=3), 1e-4 * normal(8, 2, seed=4)
grad_image = None
if pose is not None:
    grad_image = implicit.pose_backward(grad_pose, pose, points, image)
if there(pose, grad_image):
    up, down = (implicit.pose_solve(points, image + s * nudge, pose, tol=1e-13)
                for s in (1, -1))
    J = camera.slopes(pose, points)
    squares = torch.einsum("nka,nkb->ab", J, J)
    plain = J @ implicit.solve(squares, grad_pose[:, None])[:, 0]
    print(f"solved again, image nudged: {float(grad_pose @ (up - down)) / 2:.9f}")
    print(f"predicted by one solve:     {float((grad_image * nudge).sum()):.9f}")
    print(f"without the curvature:      {float((plain * nudge).sum()):.9f}")

# %% [markdown]
# ### 15.2  How certain is the pose?
#
# A derivative also carries errors. Let $K$ be the derivative of the pose with respect to all $2n$ image coordinates. If each of those has an independent
# error with standard deviation $\sigma$, the error of the pose is $K$ times those errors, and its covariance is $\sigma^2 K K^{\top}$: variances on the
# diagonal, and off it how the errors of two numbers of the pose go together.
#
# The pose has six numbers, the image many: six backward passes give all of $K$, one row each (reverse mode, as in section 4). That is in the cell below.
# Write `pose_covariance(derivative, sigma)`, for a derivative of shape $(6, n, 2)$.

# %% item="pose_covariance" points=1
check("pose_covariance")

# %% show=true
if there(pose, grad_image):
    units, h = torch.eye(6).double(), 1e-6
    derivative = torch.stack([implicit.pose_backward(unit, pose, points, image)
                              for unit in units])
    covariance = implicit.pose_covariance(derivative, sigma)
    # the camera's place depends on its pose: six more numbers for each axis, by nudging
    to_place = torch.stack([(camera.position(pose + h * unit)
                             - camera.position(pose - h * unit)) / (2 * h)
                            for unit in units], dim=1)
    clean = camera.project(pose, points)
    images = [clean + sigma * normal(8, 2, seed=100 + k) for k in range(150)]
    places = torch.stack([camera.position(implicit.pose_solve(points, one, pose))
                          for one in images])
    ellipse = None
    if covariance is not None:
        ellipse = to_place @ covariance @ to_place.T
    show_camera(pose, points, image, places, ellipse)

# %% show=true
if there(pose, grad_image) and there(ellipse):
    spread = torch.cov(places.T)
    print("standard deviation in cm    predicted    found in 150 images")
    for axis, name in enumerate("xyz"):
        predicted_cm = 100 * float(ellipse[axis, axis]) ** 0.5
        found_cm = 100 * float(spread[axis, axis]) ** 0.5
        print(f"{name} {predicted_cm:35.2f} {found_cm:22.2f}")

# %% [markdown]
# The grey dots took a hundred and fifty runs of the solver; the ellipse took one run and six linear solves. It is longest *across* the line of sight: a
# camera that moves sideways and turns back towards the landmarks sees nearly the same image. An application needs to know that before it trusts a pose.
#
# ### Written question 3
#
# **(a)** A colleague's solver stops much too early, so that its $z$ is not quite a solution. Of what, if of anything, is the implicit gradient then the gradient, and
# would unrolling be better? **(b)** Name a case in which you would rather unroll, and give the reason. **(c)** Loss A is $(v_0^{\top} c)^2$ and loss B is
# $(v_0^{\top} c)^2 + (v_1^{\top} c)^2$, with $v_0, v_1$ the eigenvectors of two eigenvalues of a symmetric matrix that happen to be equal, so that the two may
# be rotated into one another freely. Which of the two losses has a gradient there, and why does the other not?

# %% [markdown] written="implicit_or_unrolled" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) The formula holds only at solutions of $g = 0$. At another point it is the gradient of nothing in particular: close to that of the true solution if
# $z$ is close to it, off by an amount that grows with the residual. Unrolling gives the exact gradient of what the loop has computed, the unfinished $z$.
#
# (b) When there are few steps, for instance with a strong contraction: unrolling a handful of steps is cheaper than solving systems. Or when $H$ is large,
# and an $H \times H$ system is expensive; or when an iteration is meant to be stopped early, so that there is no equation to differentiate; or when the
# system is singular.
#
# (c) B has one: it is the squared length of the projection of $c$ onto the plane of the two, and the plane is well defined and changes smoothly. A depends
# on which basis of the plane was picked, which is arbitrary; an arbitrarily small change of the matrix picks another.
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 16  Key points
#
# - **Dual numbers** carry a tangent along with each value. One pass gives $J v$: how all outputs change in one direction. Backpropagation gives $g J$: how
#   one output depends on everything. Fewer inputs: forward. Fewer outputs: reverse. `torch.func.jvp` and `torch.func.vjp`.
# - **The Hessian** is the Jacobian of the gradient. Nobody builds it; $H v$ costs one to three gradients, by backpropagating twice or by giving every line
#   of the backward pass its tangent.
# - With products alone you can **solve** (conjugate gradients, Newton's step), find the **largest curvature** (power iteration), and **train on gradients**
#   (a penalty).
# - **An implicit layer** is an equation. Its gradient is one linear solve at the solution, however it was found: a fixed point, an argmin, an eigenvector,
#   a pose. For a differential equation it is a second one, solved backward in time.
# - Iterations fail, matrices are singular, eigenvalues coincide. **Say so**, at once and in words; numbers that look right are the worst kind of answer.
#
# That was the last notebook. You have built, by hand and from nothing: scalar graphs, flat gradient code, tensor derivatives, layers, training, and what
# lies beyond. When the next library surprises you, you will know what it must be doing.
#
# ### Hand in
#
# 1. Restart the kernel and run everything (*Run* → *Run all cells*), to be sure that it works from the top. Save the notebook and your three modules.
# 2. Make the file to hand in: remove the two `# ` in the cell below and run it. It checks that everything is there and writes one zip.
# 3. Upload that zip. You may do so as often as you like before the deadline; the last one counts.

# %%
# from toolbox import submit
# submit("beyond")
