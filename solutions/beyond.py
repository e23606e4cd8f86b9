# ---
# jupyter:
#   backprop_kit: {assignment: beyond, modules: [forward_mode, second_order, implicit], order: 6}
# ---

# %% [markdown]
# # Beyond: forward mode, second order, implicit layers
#
# You can take a network's gradient, by hand and by machine. That is what nearly everybody needs, nearly always. This notebook is about the rest: three roads that start where the usual one ends.
#
# - **Forward mode.** Derivatives that travel *with* the computation instead of back through it. With one knob and a thousand outputs, one pass tells how all thousand move.
# - **Second order.** The gradient of a gradient: how curved the loss is, which way is steepest *and* how far to go, how large a step may be at all. Never as a matrix, always as a product.
# - **Implicit layers.** Layers that are equations instead of recipes, differentiated by one linear solve, however long the recipe was that solved them.
#
# In the lectures these are the last slides. You will build and check each of them.
#
# You need: the notebooks on flat code and on tensors (Jacobians, and their products from the left), matrix products, some Python. Allow eight to ten hours; the parts stand on their own, and so do most of their sections.

# %%
import os
import sys
import zipfile
from pathlib import Path
from urllib.request import urlretrieve

# Only outside the course's folder, as on Colab: where the course is. A folder, its zip, or a link to its zip.
release = os.environ.get("BACKPROP_KIT") or next(map(str, Path.cwd().glob("backprop-kit*.zip")), "")


def course(*folders):
    return next((folder for folder in folders if (folder / "lib" / "backprop").is_dir()), None)


home = course(Path.cwd(), *Path.cwd().parents, *Path.cwd().glob("*/"))
if home is None and release:
    if release.startswith("/content/drive/") and not Path("/content/drive").exists():
        from google.colab import drive

        drive.mount("/content/drive")
    source = Path(urlretrieve(release, "backprop-kit.zip")[0] if "://" in release else release)
    home = course(source, *source.parent.glob("*/"))
    if home is None:
        zipfile.ZipFile(source).extractall(source.parent)
        home = course(*source.parent.glob("*/"))
if home is None:
    raise FileNotFoundError("the course is not here: open this notebook in its folder, or set `release` above")
sys.path.insert(0, str(home.resolve() / "lib"))

import toolbox

toolbox.start()

# %%
# %matplotlib inline
import time

import torch
import torch.nn.functional as F
from backprop import forward_mode, second_order
from toolbox import check, load_digits, smooth
from toolbox.draw import (draw_graph, show_boundaries, show_curves, show_graph_steps, show_growth, show_hessian, show_jacobians,
                          show_steps, show_throw)

torch.set_num_threads(1)  # one thread, so that measured times can be compared


def tensor(*numbers):
    """A float64 tensor of the given numbers."""
    return torch.tensor(numbers, dtype=torch.float64)


def normal(*shape, seed=0):
    """Random numbers in float64, the same ones every time."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def ready(what, trial):
    """True once `trial()` gives an answer; until then it says what is missing."""
    problem = ""
    try:
        done = trial() is not None
    except Exception as error:  # mostly a None where a tensor or a Dual belongs
        done, problem = False, f" ({type(error).__name__}: {error})"
    if not done:
        print(f"Nothing to show yet. Still to be written, or to be repaired: {what}{problem}")
    return done


# %% [markdown]
# ## 0  How this works
#
# Numbers that you work out on paper go into this notebook, wherever you see `# YOUR CODE HERE`. Code goes into three files, `lib/backprop/forward_mode.py`, `second_order.py` and `implicit.py`: keep them open beside the notebook, save, and run the next cell; the notebook
# picks up the new version by itself. Below every task stands a cell like `check("jvp")`. Run it as often as you want. Grading runs the same checks, and more of the same kind with other numbers and shapes.
#
# Autograd (`.backward()`, `torch.autograd`, `torch.func`) is forbidden in your files, with three exceptions whose point it is: `hessian`, `hvp_twice` and `gradient_penalty`. The notebook uses it everywhere, to compare.
#
# | you see | look at |
# | --- | --- |
# | `StopIteration` in the first cell | the notebook lies outside the course's folder: it must stand below the folder that holds `lib` |
# | a check still shows the old result | the file is not saved; or restart the kernel and run from the top |
# | `AttributeError: 'NoneType' object has no attribute …` | an operation that is not written yet returns `None`, and the next one trips over it |
# | "autograd was used" | only the three functions named above may do that |
# | "Nothing to show yet" | not an error: that picture is drawn with your code, once it exists |

# %% [markdown]
# ## 1  A number that knows how fast it moves
#
# Somebody throws a ball. A program computes its flight, 100 small steps of time. Where does the ball go if gravity were a little stronger? *Every* place on the flight moves, each at its own speed:

# %% show=true
g = tensor(9.81)[0]
flights = {f"g = {value}": smooth.throw(tensor(value)[0]) for value in (8.81, 10.81)}
show_throw(*torch.func.jvp(smooth.throw, (g,), (torch.ones_like(g),)), others=flights, title="one knob, 200 numbers that move");

# %% [markdown]
# One knob goes in, and $100 \times 2$ numbers come out. The arrows and the two curves on the right are the whole Jacobian, $200 \times 1$, computed in **one** pass through the program. No graph was recorded and nothing went backwards. How?
#
# Let every number carry a second one along: its **tangent**, how fast it moves when the knob is turned. The knob itself moves with speed 1, constants with speed 0. Then every operation knows two things: how to get its result, and how fast its result moves, given how fast its
# inputs do:
#
# $$u + v \;\to\; \dot u + \dot v \qquad\quad u\,v \;\to\; \dot u\,v + u\,\dot v \qquad\quad \phi(u) \;\to\; \phi'(u)\,\dot u$$
#
# The rules of calculus at school, one operation at a time. A pair of a number and its tangent is called a **dual number**.
#
# ### A solved example
#
# $f = a\,b + c$ at $a = 2,\ b = -3,\ c = 10$, the knob being $b$. In forward mode values (blue) and tangents (red) are filled in *together*, from left to right:

# %% show=true
nodes, edges = {"p": "×", "f": "+"}, [("a", "p"), ("b", "p"), ("p", "f"), ("c", "f")]
values = {"a": 2, "b": -3, "c": 10}
show_graph_steps(nodes, edges, values, [("b is the knob: it alone moves", {"a": 0, "b": 1, "c": 0}, ["a", "b", "c"])], columns=1)
show_graph_steps(nodes, edges, values | {"p": -6, "f": 4}, [
    ("p = a b moves with 0·(-3) + 2·1 = 2", {"a": 0, "b": 1, "c": 0, "p": 2}, ["p"]),
    ("f = p + c moves with 2 + 0 = 2", {"a": 0, "b": 1, "c": 0, "p": 2, "f": 2}, ["f"])]);

# %% [markdown]
# That is $\partial f/\partial b = a = 2$. For $\partial f/\partial a$ we would have to go through it again, with $a$ as the knob. Backpropagation gets both at once; but then, it has a single number $f$ to start from.
#
# Two knobs may be turned at once, at different speeds. With $\dot a = 1$ and $\dot b = 5$ the tangent of $f$ is $1\cdot(-3) + 2\cdot 5 = 7$: a **directional derivative**, $\partial f/\partial a \cdot 1 + \partial f/\partial b\cdot 5$.
#
# ### Predict
#
# 1. The lecture's first graph, $q = x + y$ and $f = q\,z$, at $x = -2,\ y = 5,\ z = -4$. All three move: $\dot x = 2,\ \dot y = 3,\ \dot z = 1$. Values and tangents of $q$ and of $f$?
# 2. Passes through the program. Forward mode: one for each *input* that is a knob. Reverse mode: one way back for each *output*. How many passes does each mode take for the whole Jacobian of
#    - a loss, one number, with 7,850 parameters?
#    - the flight above, 200 numbers, with gravity as the only knob?
#    - the ten scores of an image with 64 pixels, by its pixels?

# %% solution="by_hand"
# predicted: "q", "dq", "f", "df"; and passes: "loss_forward", "loss_reverse", "flight_forward", "flight_reverse", "scores_forward", "scores_reverse".
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
# ## 2  Dual numbers over tensors
#
# Now for tensors. A `Dual` in `forward_mode.py` holds a `value` and a `tangent` of the same shape. Python lets a class define its own `+` and `*`, so a program for numbers runs on Duals without a change. Two operations are given; look at them, they are the pattern for all others:
#
# ```python
#     def __neg__(self):
#         return Dual(-self.value, -self.tangent)
#
#     def square(self):
#         return Dual(self.value * self.value, 2 * self.value * self.tangent)
# ```
#
# Two beats: the value, the tangent. Fill in `__add__`, `__sub__`, `__mul__` and `__truediv__`. (`other` has been made a Dual already, whatever came in.) There is nothing to do for broadcasting: what is copied to many places moves at the same speed in all of them. Backwards, copies had to be
# summed; forwards, they are just copies.
#
# For the quotient, differentiate $u\,v^{-1}$, or remember $\dfrac{\dot u\,v - u\,\dot v}{v^2}$.

# %% item="dual_arithmetic" points=3
check("dual_arithmetic")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "holds nan or inf" | a division by a tangent, which may be zero |
# | "a tangent has the shape of its value" | one of the two was built from the wrong tensors |
# | right for Duals, wrong with a constant | a constant has the tangent 0, and every rule works with that, too |
# | "changed a number that went in" | `+=` or `mul_` on `self.tangent` |
#
# Next, `__matmul__`. A matrix product is a lot of products and sums, so the rule for products holds. Unlike numbers, matrices do not commute: in each term, everything stays in its place.

# %% item="dual_matmul" points=1
check("dual_matmul")

# %% [markdown]
# And functions: `exp`, `log`, `tanh` and `relu` work entry by entry, slope times tangent. For `sum`, ask how fast a sum moves when its terms do.

# %% item="dual_functions" points=3
check("dual_functions")

# %% [markdown]
# With that, a whole two-layer net with ReLU and softmax loss runs on Duals: `smooth.net_loss` in the toolbox is written with nothing but these operations. Below, all parameters move at once, in a random direction. Nudging agrees, and so does PyTorch. (The lectures say that PyTorch has no forward mode. That was
# so when they were made; now there is `torch.func.jvp`.)

# %% show=true
x, y = normal(6, 4, seed=1), torch.tensor([0, 2, 1, 1, 0, 2])
parameters = [normal(*shape, seed=i) for i, shape in enumerate([(4, 5), (5,), (5, 3), (3,)], start=2)]
direction = [normal(*p.shape, seed=i) for i, p in enumerate(parameters, start=7)]


def loss_of(*parameters):
    return smooth.net_loss(x, y, *parameters, reg=0.1)


if ready("the operations of Dual", lambda: loss_of(*map(forward_mode.Dual, parameters, direction)).tangent):
    result = loss_of(*map(forward_mode.Dual, parameters, direction))
    h = 1e-6
    up, down = (loss_of(*[p + s * h * v for p, v in zip(parameters, direction)]) for s in (1, -1))
    print(f"your Duals      {float(result.tangent):.12f}")
    print(f"torch.func.jvp  {float(torch.func.jvp(loss_of, tuple(parameters), tuple(direction))[1]):.12f}")
    print(f"nudging         {float((up - down) / (2 * h)):.12f}")

# %% [markdown]
# ## 3  Jacobian-vector products
#
# What have we computed there? The small step $\Delta x = h\,v$ moves $y = f(x)$ by $J\,\Delta x = h\,J v$. So if the inputs move with the tangent $v$, the outputs move with $J v$, a **Jacobian-vector product**. Backpropagation computes the product from the other side, a **vector-Jacobian product** $g J$:
#
# | | forward mode | reverse mode |
# | --- | --- | --- |
# | goes in | $v$, of the shape of the inputs: which way they move | $g$, of the shape of the outputs: how much each matters |
# | comes out | $J v$, of the shape of the outputs | $g J$, of the shape of the inputs |
# | one pass gives | how *all* outputs move with *one* knob (or one mixture of knobs) | how *one* output (or one mixture of outputs) depends on *all* inputs |
# | has to keep | the tangent of the present line | every intermediate value, until the way back |
#
# The Jacobian itself appears in neither. (Mind the lectures: their Jacobians are transposed, so there the two modes look the other way round.)
#
# Write `jvp(function, inputs, tangents)`: make Duals of the inputs, call the function, and take the answer apart. A function might look at none of its inputs and return a plain tensor; `as_dual` knows what to do with that.

# %% item="jvp" points=2
check("jvp")

# %% [markdown]
# ## 4  Whole Jacobians: by columns or by rows
#
# $J$ times the unit vector $(0, \dots, 1, \dots, 0)$ is a *column* of $J$: turn one knob alone. A unit vector times $J$ is a *row*: ask for one output alone. So both modes can build the whole matrix, one with a pass for each input, the other with a pass for each output.
#
# Write both: `jacobian_by_columns(push, x)`, where `push(v)` returns $J v$, and `jacobian_by_rows(pull, y)`, where `pull(g)` returns $g J$. As always here the result has the axes of $y$ first, then those of $x$. The plan is the same for both: a vector of zeros with a one in it, reshaped; collect what comes
# back; stack it along the right axis; reshape.

# %% item="jacobians" points=2
check("jacobians")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | transposed | columns are stacked along the *last* axis, rows along the first |
# | right for vectors, wrong for matrices | the last `reshape`: `(*y.shape, *x.shape)` |
# | every column holds those before it, too | a fresh vector of zeros for each pass |
# | "passes for … columns" | keep what a pass returns in a variable |
#
# Now race them. On the left a function with one input and $n$ outputs, on the right one with $n$ inputs and one output, $n$ growing. Forward mode is your `jvp`; for reverse mode autograd supplies the `pull`. Both count their passes.

# %% show=true
sizes = [1, 4, 16, 64, 128]
passes, took = {}, {}


def spread(t, c):
    return ((t * c).tanh() * c).exp()  # one number in, n numbers out


def collect(x, c):
    return ((x * c).tanh() * c).exp().sum()  # n numbers in, one number out


def race(function, x, c):
    """(passes, seconds) of forward and of reverse mode, for the whole Jacobian of function(x, c) by x."""
    count = {"forward": 0, "reverse": 0}

    def push(v):
        count["forward"] += 1
        return forward_mode.jvp(lambda x: function(x, c), [x], [v])[1]

    def pull(g):
        count["reverse"] += 1
        leaf = x.clone().requires_grad_()
        return torch.autograd.grad(function(leaf, c), leaf, g)[0]

    seconds = {"forward": [], "reverse": []}
    for _ in range(3):  # the best of three runs: other programs want the processor, too
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
    for title, function, one_in in (("1 in, n out", spread, True), ("n in, 1 out", collect, False)):
        runs = [race(function, tensor(0.3)[0] if one_in else normal(n, seed=1), normal(n, seed=2) / n**0.5) for n in sizes]
        passes[f"passes: {title}"] = {mode: [run[0][mode] for run in runs] for mode in ("forward", "reverse")}
        took[f"seconds: {title}"] = {mode: [run[1][mode] for run in runs] for mode in ("forward", "reverse")}
    show_growth(sizes, passes, xlabel="n")
    show_growth(sizes, took, xlabel="n");

# %% [markdown]
# Straight lines against flat ones, and the modes change places. **The side with fewer numbers wins.** A loss is one number and has millions of parameters: that is why deep learning runs backwards. A simulation with one knob is the mirror image. And in between, where inputs and outputs are about as many, a forward pass is
# the lighter one: it keeps nothing for later.
#
# ## 5  One knob: gravity
#
# Back to the ball. `smooth.throw(gravity)` is a program of 100 steps with air drag; it does not know about Duals, it merely computes with what it is given. Your `jvp` turns its knob.

# %% show=true
if ready("jvp, and the operations of Dual", lambda: forward_mode.jvp(smooth.throw, [g], [torch.ones_like(g)])[1]):
    places, moves = forward_mode.jvp(smooth.throw, [g], [torch.ones_like(g)])
    show_throw(places, moves, others=flights, title="drawn from your forward mode")
    h = 1e-4
    nudged = (smooth.throw(g + h) - smooth.throw(g - h)) / (2 * h)
    print(f"after {100 * 0.02:.1f} s: dx/dg = {float(moves[-1, 0]):.6f}, dy/dg = {float(moves[-1, 1]):.6f}   "
          f"by nudging: {float(nudged[-1, 0]):.6f}, {float(nudged[-1, 1]):.6f}")
    print(f"without air dy/dg would be -t²/2 = {-(100 * 0.02) ** 2 / 2:.2f}")

# %% [markdown]
# Look at `dx/dg`: gravity pulls straight down, and yet the places move sideways, too. Through the drag: a ball that falls faster is braked harder in every direction. Nobody had to derive that; it came along.
#
# And time it against reverse mode, which must go back once for each of the 200 numbers:

# %% show=true
def reverse_throw(count):
    """Ways back from the last `count` of the 200 numbers."""
    leaf = g.clone().requires_grad_()
    places = smooth.throw(leaf).flatten()
    return [torch.autograd.grad(place, leaf, retain_graph=True)[0] for place in places[-count:]]


if ready("jvp, and the operations of Dual", lambda: forward_mode.jvp(smooth.throw, [g], [torch.ones_like(g)])[1]):
    begin = time.perf_counter()
    forward_mode.jvp(smooth.throw, [g], [torch.ones_like(g)])
    middle = time.perf_counter()
    reverse_throw(10)
    print(f"forward: 1 pass, {middle - begin:.3f} s;   reverse: 10 of the 200 ways back, {time.perf_counter() - middle:.3f} s")

# %% [markdown]
# ### Written question 1
#
# **(a)** A weather model has 12 knobs and a million output numbers, and runs for a day. You need all derivatives of all outputs. Which mode, and about how long does it take? What would stop the other mode, apart from time? **(b)** Why can forward mode throw intermediate values away while reverse mode has to keep
# them? **(c)** Somebody wants the gradient of a loss with a million parameters and pushes *one* random direction $v$ through forward mode. What do they learn about the gradient, and what not?

# %% [markdown] written="forward_or_reverse" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) Forward mode: 12 passes (or one with 12 tangents side by side), each about two to three times the cost of a run, so some weeks of computing, which can run at the same time on several machines. Reverse mode would take a million ways back, and would have to keep (or compute again) the intermediate values of a whole day's run.
#
# (b) The tangent of a line needs the values of that line, which are there at that moment; afterwards nobody asks for them again. In reverse mode the same local gradients are needed in the opposite order, after everything has been computed.
#
# (c) One number, the slope of the loss along $v$, $\nabla L \cdot v$. It tells whether that direction goes up or down and how steeply; about the components of the gradient across $v$ it says nothing. (On average over many random directions, $(\nabla L\cdot v)\,v$ is the gradient; one sample is very noisy.)
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 6  The Hessian, in full
#
# The gradient says which way is up, here. How does the gradient itself change when a parameter moves? That is a Jacobian again, the Jacobian of the gradient, and it has a name, the **Hessian**: $H_{ij} = \partial^2 L/\partial\theta_i\,\partial\theta_j$, as many rows as columns.
#
# ### A solved example
#
# $L = \theta_0^2\,\theta_1 + \theta_1^3$. The gradient is $(2\theta_0\theta_1,\ \theta_0^2 + 3\theta_1^2)$. Differentiate each of its entries by each parameter:
#
# $$H = \begin{pmatrix} 2\theta_1 & 2\theta_0 \\ 2\theta_0 & 6\theta_1 \end{pmatrix}, \qquad\text{at } \theta = (1, 2): \quad \begin{pmatrix} 4 & 2 \\ 2 & 12\end{pmatrix}.$$
#
# It is symmetric, as always: which of the two is moved first makes no difference. With autograd: take the gradient, but *keep the graph of that computation*, too (`create_graph=True`), and then backpropagate from each of its entries:

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
# | you see | look at |
# | --- | --- |
# | "does not require grad" | the gradient has lost its history: `create_graph=True` |
# | "backward through the graph a second time" | the first row freed the graph: `retain_graph=True` |
# | one row instead of a matrix | a sum of all the gradient's entries was differentiated |
#
# ### Look at it
#
# Two small nets with 2 inputs, 4 hidden units and 2 scores, 22 parameters each, on 12 points: once with tanh and once with ReLU. Drawn with your code, zeros white.

# %% show=true
shapes = {"w1": (2, 4), "b1": (4,), "w2": (4, 2), "b2": (2,)}
counts = {name: torch.Size(shape).numel() for name, shape in shapes.items()}
points = normal(12, 2, seed=3)
labels = (points[:, 0] * points[:, 1] > 0).long()


def small_loss(theta, activation):
    w1, b1, w2, b2 = (part.reshape(shape) for part, shape in zip(theta.split(list(counts.values())), shapes.values()))
    return F.cross_entropy(activation(points @ w1 + b1) @ w2 + b2, labels)


theta = normal(22, seed=4)
hessians = {"tanh": second_order.hessian(lambda t: small_loss(t, torch.tanh), theta),
            "ReLU": second_order.hessian(lambda t: small_loss(t, torch.relu), theta)}
show_hessian(hessians, counts);

# %% show=true
for name, H in hessians.items():
    if H is not None:
        values = torch.linalg.eigvalsh(H)
        print(f"{name}: symmetric: {torch.allclose(H, H.T)}; {int((H == 0).sum())} of {H.numel()} entries are 0; "
              f"eigenvalues from {float(values[0]):.2f} to {float(values[-1]):.2f}, "
              f"{int((values < -1e-9).sum())} of them below 0, {int((values.abs() < 1e-9).sum())} about 0")

# %% [markdown]
# Find the blocks. `b2` against `b2` is the softmax alone. In the ReLU's picture there is white where two hidden units are never open for the same point: moving one does not change the gradient of the other. A tanh is never quite shut. And the negative eigenvalues: along those directions the loss bends *down*, like a saddle. A
# net is not a bowl.
#
# With a million parameters this picture would have $10^{12}$ pixels. **Nobody builds it.** (You have read that sentence before.) What one can have is its product with a vector.
#
# ## 7  Backpropagating twice
#
# $H v$ answers a simple question: when the parameters move with $v$, how fast does the *gradient* move? And the lecture's trick: since $v$ does not depend on the parameters,
#
# $$H v = \frac{\partial}{\partial\theta}\Big(\underbrace{\frac{\partial L}{\partial\theta}\cdot v}_{\text{one number}}\Big)$$
#
# One number: that is what backpropagation likes to start from. So: backpropagate once, keeping the graph; multiply with $v$ and sum, over all parameters; backpropagate once more. Two ways back, whatever the number of parameters.
#
# Write `hvp_twice(function, inputs, vectors)`. The inputs are a list, like a net's parameters. Watch for an input whose gradient does not move at all: its product is zero, and `materialize_grads=True` is how autograd is told to say so.

# %% item="hvp_twice" points=2
check("hvp_twice")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "does not require grad" | `create_graph=True` in the *first* of the two |
# | "One of the differentiated Tensors appears to not have been used" | an input whose gradient does not move |
# | right for one input, wrong for two | one sum over *all* inputs, differentiated once: gradients of one input move with the others, too |
#
# ## 8  The backward pass, differentiated by hand
#
# There is a second way, and it needs no autograd. A backward pass is a program like any other: some lines of flat code. Run it on dual numbers! When the parameters move with $v$, every line of the forward pass moves, then every line of the backward pass, and at the end stand the gradients and their speeds. The
# speed of the gradient is $H v$. Forward mode over reverse mode, by hand: Pearlmutter (1994) called it the **R-operator**.
#
# Take the net of `net_gradient`: $h = \tanh(x w_1 + b_1)$, scores $= h w_2 + b_2$, softmax, with L2. (tanh, because a ReLU has no curvature of its own.) Write $R(\cdot)$ for "the speed of". The directions of the four parameters are given: `v_w1`, `v_b1`, `v_w2`, `v_b2`. The data stand still.
#
# ### 8.1  Forward
#
# **Solved**, the first line: $a = x\,w_1 + b_1$. Here $x$ stands still, $w_1$ moves with `v_w1`, $b_1$ with `v_b1`; so $R(a)$ is $x$ times `v_w1`, plus `v_b1`.
#
# Write `rop_forward`: that line, then the tanh (its slope can be had from $h$), then the scores, where *both* factors of the product move.

# %% item="rop_forward" points=2
check("rop_forward")

# %% [markdown]
# ### 8.2  Through the softmax
#
# The gradient of the scores is $(p - \text{one-hot})/N$. Labels stand still; $p$ moves as a softmax does. You have met its Jacobian: $\text{diag}(p) - p\,p^{\top}$, for each row. Multiply it with the row's tangent, without building it.

# %% item="rop_softmax" points=2
check("rop_softmax")

# %% [markdown]
# ### 8.3  Backward
#
# Now the lines of the backward pass, one after the other. In each product, ask which factors move: in $h^{\top} g$, for instance, both $h$ and $g$ (the gradient of the scores) do, so there are two terms. The one to think about twice is
#
# $$\text{grad}_a = \text{grad}_h \odot (1 - h^2).$$
#
# The slope of the tanh, $1 - h^2$, moves with $h$. That is the activation's own curvature, and the one term that a ReLU does not have.

# %% item="rop_backward" points=4
check("rop_backward")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "… does not move" | a product of two moving factors has two terms; yours has one |
# | "the penalty's tangent holds the weights" | $2\,\text{reg}\,w$ moves with … |
# | the second layer is right, the first wrong | $R(\text{grad}_h)$ has two terms, $R(\text{grad}_a)$ too |
# | everything is right but for a term that grows with $h$ | $R(1 - h^2)$: a square, and a sign |
#
# `hvp_rop` (given) strings your three functions together. On real digits, by four ways:

# %% show=true
images, digits = load_digits(limit=400)
NAMES, H = ("w1", "b1", "w2", "b2"), 24
net = {"w1": normal(64, H, seed=1) / 8, "b1": torch.zeros(H).double(), "w2": normal(H, 10, seed=2) / H**0.5, "b2": torch.zeros(10).double()}
v = {name: normal(*p.shape, seed=i) for i, (name, p) in enumerate(net.items(), start=3)}
REG = 1e-3


def digits_loss(w1, b1, w2, b2):
    scores = torch.tanh(images @ w1 + b1) @ w2 + b2
    return F.cross_entropy(scores, digits) + REG * ((w1 * w1).sum() + (w2 * w2).sum())


def gradient(net):
    return second_order.net_gradient(images, digits, net, REG)[1]


def apart(found, true):
    """The largest difference, over the largest entry."""
    return max(float((a - b).abs().max()) for a, b in zip(found, true)) / max(float(b.abs().max()) for b in true)


if ready("rop_forward, rop_softmax, rop_backward, hvp_twice",
         lambda: (second_order.hvp_rop(images, digits, net, v, REG)["w1"] + second_order.hvp_twice(digits_loss, list(net.values()), list(v.values()))[0])):
    by_hand = [second_order.hvp_rop(images, digits, net, v, REG)[name] for name in NAMES]
    twice = second_order.hvp_twice(digits_loss, list(net.values()), list(v.values()))
    _, func = torch.func.jvp(torch.func.grad(digits_loss, argnums=(0, 1, 2, 3)), tuple(net.values()), tuple(v.values()))
    h = 1e-5
    up, down = (gradient({name: net[name] + sign * h * v[name] for name in NAMES}) for sign in (1, -1))
    nudged = [(up[name] - down[name]) / (2 * h) for name in NAMES]
    print(f"R-operator and backpropagating twice differ by {apart(by_hand, twice):.0e}")
    print(f"R-operator and torch.func            differ by {apart(by_hand, func):.0e}")
    print(f"R-operator and nudging the gradient  differ by {apart(by_hand, nudged):.0e}")

# %% [markdown]
# Nudging the gradient, $(\nabla L(\theta + hv) - \nabla L(\theta - hv))/2h$, costs two gradients and loses about half of the digits. What do the exact ways cost? In gradients, on a larger net:

# %% show=true
def best(function, runs=7):
    """Seconds of a call, the best of some runs."""
    found = []
    for _ in range(runs):
        begin = time.perf_counter()
        function()
        found.append(time.perf_counter() - begin)
    return min(found)


big_x, big_y = normal(256, 784, seed=1).float(), torch.arange(256) % 10
big = {"w1": normal(784, 100, seed=2).float() / 28, "b1": torch.zeros(100), "w2": normal(100, 10, seed=3).float() / 10, "b2": torch.zeros(10)}
big_v = {name: torch.ones_like(p) for name, p in big.items()}


def big_loss(w1, b1, w2, b2):
    return F.cross_entropy(torch.tanh(big_x @ w1 + b1) @ w2 + b2, big_y) + REG * ((w1 * w1).sum() + (w2 * w2).sum())


if ready("the R-operator and hvp_twice", lambda: (second_order.hvp_rop(big_x, big_y, big, big_v, REG)["w1"] + second_order.hvp_twice(big_loss, list(big.values()), list(big_v.values()))[0])):
    one = best(lambda: second_order.net_gradient(big_x, big_y, big, REG))
    rop = best(lambda: second_order.hvp_rop(big_x, big_y, big, big_v, REG))
    two = best(lambda: second_order.hvp_twice(big_loss, list(big.values()), list(big_v.values())))
    print(f"a gradient {one * 1e3:.2f} ms;  H v by the R-operator {rop / one:.2f} gradients, by backpropagating twice {two / one:.2f} gradients")
    print(f"the whole Hessian of these {sum(p.numel() for p in big.values()):,} parameters: {sum(p.numel() for p in big.values())**2 * 4 / 2**30:.0f} GiB")

# %% [markdown]
# ## 9  What Hessian-vector products are good for
#
# Near $\theta$ the loss looks like $L + g\cdot d + \frac12\, d\cdot H d$, for a step $d$. Two questions can be answered with nothing but products $H v$: *which step leads to the bottom of that bowl?* and *how steep do its walls get?*
#
# ### 9.1  Conjugate gradients, and a Newton step
#
# At the bottom of the bowl its gradient $g + H d$ is zero: solve $H d = -g$, **Newton's step**. The method of **conjugate gradients** solves $H x = b$ with one product $H p$ a step. It walks down the bowl $\frac12 x\cdot Hx - b\cdot x$; what is left to do is the residual $r = b - Hx$, which is also the steepest way down. Two rules:
#
# - go along the direction $p$ exactly to the lowest point: a length of $\dfrac{r\cdot r}{p\cdot H p}$;
# - take as next direction the new residual *plus a part of the old direction*, $p \leftarrow r_\text{new} + \dfrac{r_\text{new}\cdot r_\text{new}}{r_\text{old}\cdot r_\text{old}}\;p$, so that what is won along $p$ is never lost again.
#
# With $n$ unknowns it is done after $n$ steps, and near enough much sooner. **But** it needs a bowl. If $p\cdot Hp$ is zero or negative, the walk goes downhill for ever, and the formula still returns numbers, meaningless ones. Such an iteration must *say so*: raise `NoConvergence`, with a message that helps. The same
# after `most` steps, and where a number is not finite.
#
# Write `conjugate_gradients(product, b, tolerance, most)`.

# %% item="conjugate_gradients" points=3
check("conjugate_gradients")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "the directions are not conjugate" | $p$ is the residual plus a part of the *old* $p$ |
# | it stops too early | $\lvert Hx - b\rvert$ against $\lvert b\rvert$: square both or neither |
# | `nan` where b is 0 | is anything left to do? Ask before the first division |
# | "an answer comes back, and no error" | look at $p\cdot Hp$ before you divide by it; `nan > 0` is False |
#
# On the digits. At a random start there is no bowl:

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
    """The product v -> (H + damping I) v at theta, by the R-operator. It counts its calls."""

    def product(v):
        product.calls += 1
        return flat(second_order.hvp_rop(images, digits, shaped(theta), shaped(v), REG)) + damping * v

    product.calls = 0
    return product


start = flat(net)
solvable = ready("the R-operator and conjugate_gradients", lambda: second_order.conjugate_gradients(lambda v: v + hessian_times(start)(v) * 0, -start, most=3))
if solvable:
    try:
        second_order.conjugate_gradients(hessian_times(start), -value_and_gradient(start)[1])
    except second_order.NoConvergence as error:
        print("refused:", error)

# %% [markdown]
# So walk downhill first, as usual: 60 steps of gradient descent. From there on, Newton steps with $H + 0.01\,I$, which is called *damping*: it lifts all eigenvalues by 0.01, so that slightly negative ones do no harm, and keeps steps short where the bowl is nearly flat. The cost is counted in gradients, a product as 1.5 of them.

# %% show=true
theta, descent = start.clone(), []
for step in range(400):
    if step == 60:
        warm = theta.clone()
    loss, grads = value_and_gradient(theta)
    descent.append(loss)
    theta = theta - 1.0 * grads

if solvable:
    theta, cost, costs, newton = warm.clone(), 60.0, [60.0], [descent[60]]
    for step in range(12):
        loss, grads = value_and_gradient(theta)
        product = hessian_times(theta, damping=0.01)
        try:
            theta = theta + second_order.conjugate_gradients(product, -grads, tolerance=0.1, most=100)
        except second_order.NoConvergence as error:
            print("refused:", error)
            break
        cost += 1 + 1.5 * product.calls
        costs.append(cost)
        newton.append(value_and_gradient(theta)[0])
        as_good = next((i for i, loss in enumerate(descent) if loss <= newton[-1]), None)
        if step < 4:
            print(f"step {step + 1}: {product.calls} products, loss {newton[-2]:.4f} -> {newton[-1]:.4f} after {cost:.0f} gradients in all; "
                  f"gradient descent gets there after {as_good or 'more than 400'}")
    bottom = theta
    show_steps({"gradient descent, learning rate 1": (range(400), descent), "Newton steps from step 60 on": (costs, newton)},
               xlabel="cost in gradients", ylabel="loss on 400 digits");

# %% [markdown]
# A Newton step costs some twenty gradients, and here it is worth more than that: in a long, narrow valley the steepest way points across, not along. Learning rates? None: the curvature says how far to go. (In large nets with noisy mini-batches the balance is different, and plain gradients win again.)
#
# ### 9.2  The largest eigenvalue
#
# How large may a learning rate be? Along an eigenvector of $H$ with eigenvalue $\lambda$, a gradient step multiplies the distance from the bottom by $1 - \text{lr}\cdot\lambda$. That stays below 1 in size as long as $\text{lr} < 2/\lambda$, and the *largest* $\lambda$ decides.
#
# Multiply any vector with $H$ again and again: its component along the largest eigenvalue grows fastest, and soon the others are nowhere. Keep the length at 1 on the way. That is **power iteration**; $v\cdot Hv$ is the eigenvalue's value, sign included. Stop when $Hv$ and $\lambda v$ agree. When they never do (two eigenvalues of
# one size and opposite signs take turns for ever), say so.
#
# Write `power_iteration(product, start, tolerance, most)`.

# %% item="power_iteration" points=2
check("power_iteration")

# %% show=true
if solvable and ready("power_iteration", lambda: second_order.power_iteration(lambda v: 2 * v, tensor(1, 2))[0]):
    product = hessian_times(bottom)
    largest, along = second_order.power_iteration(product, normal(len(start), seed=9), tolerance=1e-3)
    print(f"largest eigenvalue {largest:.3f}, after {product.calls} products: learning rates up to 2 / {largest:.3f} = {2 / largest:.3f}")
    distances = {}
    for share in (0.95, 1.05):
        theta, away = bottom + 1e-4 * along, []
        still = value_and_gradient(bottom)[1]  # what is left of the gradient at the bottom is not the point here
        for step in range(60):
            away.append(abs(float((theta - bottom) @ along)))
            theta = theta - share * 2 / largest * (value_and_gradient(theta)[1] - still)
        distances[f"learning rate {share:.2f} · 2/λ"] = (range(60), away)
    show_steps(distances, xlabel="step", ylabel="distance from the bottom, along v");

# %% [markdown]
# A tenth more, and what was settling blows up. Some products were enough to know where the border lies, in a space of 1,810 dimensions.
#
# ## 10  Penalising the gradient
#
# Last, differentiate something that is itself made of gradients. A net whose loss is very steep *in its inputs* changes its mind when a pixel is nudged. One can ask it not to: add to the loss
#
# $$\text{strength} \cdot \frac1N \sum_i \Big|\frac{\partial L_i}{\partial x_i}\Big|^2,$$
#
# the squared norm of the gradient **with respect to the inputs** (not the parameters), each example's own. To train on that, one needs its gradient with respect to the *parameters*: a derivative of a derivative again, and for autograd just backpropagating twice.
#
# Write `gradient_penalty(losses, x)`. Since row $i$'s loss looks at row $i$ only, the gradient of the *sum* of all losses holds all $\partial L_i/\partial x_i$, a row each. And keep the graph: somebody wants to go on from your number.

# %% item="gradient_penalty" points=2
check("gradient_penalty")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "autograd cannot go on from it" | `create_graph=True`; no `.detach()`, no `float(…)` on the way |
# | a factor of N, or of N² | the sum of the losses is differentiated, the squares are averaged over rows |
#
# And what does it do? Two half moons that overlap, three of whose points bear the wrong label; a net with 30 hidden units, trained with three strengths of the penalty. Drawn: what it decides where. The arrows at the points are $-\partial L_i/\partial x_i$, the way each point would rather go.

# %% show=true
turn = torch.linspace(0, torch.pi, 40, dtype=torch.float64)
moons = torch.cat([torch.stack([turn.cos(), turn.sin()], 1), torch.stack([1 - turn.cos(), 0.5 - turn.sin()], 1)]) * 1.6
moons, sides = moons + 0.3 * normal(80, 2, seed=11), torch.cat([torch.zeros(40), torch.ones(40)]).double()
sides[[8, 30, 66]] = 1 - sides[[8, 30, 66]]


def trained(strength):
    """A net's score function, trained with the penalty; None while the penalty is not written."""
    weights = [p.requires_grad_() for p in (normal(2, 30, seed=1) * 1.5, normal(30, seed=2), normal(30, seed=3) / 5)]
    score = lambda x: torch.tanh(x @ weights[0] + weights[1]) @ weights[2]
    losses = lambda x: F.binary_cross_entropy_with_logits(score(x), sides, reduction="none")
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


if ready("gradient_penalty", lambda: second_order.gradient_penalty(lambda x: (x * x).sum(1), moons)):
    nets, arrows = {}, {}
    for strength in (0.0, 0.5, 3.0):
        score, steep, loss = trained(strength)
        title = f"strength {strength:g}: loss {loss:.2f}, mean |dL/dx|² {float(steep.square().sum(1).mean()):.3f}"
        nets[title], arrows[title] = score, steep
    show_boundaries(nets, moons, sides, arrows);

# %% [markdown]
# Without the penalty the net bends its boundary around single points, and is steep there. With it the boundary becomes calm, and where the two moons overlap the net says what is true: it does not know (pale). Too strong a penalty, and it becomes pale in other places, too, and gets right answers wrong.
#
# (Penalising the norm of the gradient *with respect to the parameters* is another thing, with other effects: it prefers flat valleys. The code would hardly change; what would `losses(x).sum()` be differentiated by?)
#
# ### Written question 2
#
# **(a)** You want the whole Hessian of a net with $n$ parameters by products. How many, and which order of cost in gradients? Why is the product with *one* vector so much cheaper? **(b)** A training run diverges with learning rate 0.5 and works with 0.3. What can you say about the largest eigenvalue of the Hessian? **(c)** `conjugate_gradients` is
# refused with "curvature −0.2". What does that say about the loss at this point, and what are two things that one might do?

# %% [markdown] written="curvature" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) $n$ products, one for each unit vector: a cost of about $1.5\,n$ to $3\,n$ gradients, and $n^2$ numbers to store. One product asks only how the gradient moves along one direction: one more pass through code of the same length as the gradient's.
#
# (b) With 0.5 some $|1 - 0.5\lambda| > 1$, so the largest eigenvalue along the way exceeds $2/0.5 = 4$; with 0.3 all stay below $2/0.3 \approx 6.7$. So it lies between 4 and 6.7, as far as the loss is like a bowl there (it is not the same everywhere).
#
# (c) There is a direction along which the loss bends down: the Hessian has a negative eigenvalue, we are near a saddle or on a hill and not in a bowl, and Newton's step would lead to a saddle or upwards. One might add damping, go along that direction (it leads down), take the step that has been found so far, or do some more gradient descent first.
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 11  Layers that are equations
#
# So far every layer was a recipe: take $x$, do this and that, out comes $z$. An **implicit layer** is a condition instead: $z$ is whatever solves $g(x, z) = 0$. A fixed point $z = f(x, z)$ is one, the minimum of something is one (its slope is zero there),
# eigenvectors are, and so is a camera's pose, given where it saw some points. How such a $z$ is *found* may be a loop of a thousand steps in somebody else's library. Its gradient needs none of that.
#
# Take the circle $g = x^2 + z^2 - 1 = 0$ and walk along it: $g$ stays zero while $x$ and $z$ move. So what $g$ gains through $x$, it must lose through $z$:
#
# $$\frac{\partial g}{\partial x}\,dx + \frac{\partial g}{\partial z}\,dz = 0 \qquad\Longrightarrow\qquad \frac{dz}{dx} = -\Big(\frac{\partial g}{\partial z}\Big)^{-1}\frac{\partial g}{\partial x}.$$
#
# That is the whole theory (the *implicit function theorem*; it wants $\partial g/\partial z$ to be invertible). The last formulas on the lecture's slide have lost the minus sign; it belongs there.

# %%
import math

from backprop import implicit
from toolbox import camera
from toolbox.draw import show_camera, show_circle_and_webs, show_crossing, show_filling, show_settling, show_tangents
from toolbox.unrolling import layer, peak_bytes, steps_to_settle, unrolled


def there(*answers):
    """True once none of the answers is None; until then it says so."""
    missing = any(answer is None for answer in answers)
    if missing:
        print("Nothing to show yet: this picture is drawn with your code, once it is written.")
    return not missing


# %% show=true
show_circle_and_webs(None, weights=(0.5, 0.95, -0.95));

# %% [markdown]
# On the left the circle. Beside it three fixed points $z = \tanh(w z + c)$, found by going round and round: up to the curve, across to the diagonal. Near the solution each round multiplies the error by the slope of the curve. With a slope of one half a handful of rounds
# will do; with a slope near one it crawls up a narrow channel, or circles.
#
# ### A solved example
#
# $z = \tfrac12 z + x$, a fixed point. As an equation: $g = z - \tfrac12 z - x$, so $\partial g/\partial z = 1 - \tfrac12 = \tfrac12$ and $\partial g/\partial x = -1$. Hence $dz/dx = -(\tfrac12)^{-1}(-1) = 2$.
#
# Is that plausible? Raise $x$ by 1: $z$ rises by 1 at once; that raises the right-hand side by another $\tfrac12$, then by $\tfrac14$, … in total $1 + \tfrac12 + \tfrac14 + \dots = 2$. One division has summed up an endless way back.
#
# ### Predict
#
# 1. `circle`: $dz/dx$ on the circle at $(0.6,\ 0.8)$. Look at the picture for the sign.
# 2. `linear`: $z = 0.9\,z + x$. How fast does $z$ move with $x$?
# 3. `root`: $z = \tfrac12\,(z + x / z)$, an old way to find a well-known function of $x$. $dz/dx$ at $x = 4$, $z = 2$. ($z$ stands on the right-hand side twice.)
# 4. `steps`: an iteration multiplies its error by 0.99 a step. The error is 1 now. After how many steps is it below a millionth for the first time?
# 5. `kept`: unrolling means to record every step like any other layer. With 32 rows, 100 units and 1000 steps, how many numbers of $z$ must wait in memory for the way back?

# %% solution="foreseen_implicit"
# foreseen_implicit: "circle", "linear", "root", "steps", "kept", a number each; for example: foreseen_implicit["kept"] = 12
foreseen_implicit = {}
### BEGIN SOLUTION
foreseen_implicit["circle"] = -0.6 / 0.8
foreseen_implicit["linear"] = 1 / (1 - 0.9)
foreseen_implicit["root"] = 0.25  # the square root's 1 / (2 z): the feedback 1/2 (1 - x / z**2) is zero there
foreseen_implicit["steps"] = math.ceil(math.log(1e-6) / math.log(0.99))
foreseen_implicit["kept"] = 32 * 100 * 1000
### END SOLUTION

# %% item="implicit_by_hand" points=2
check("implicit_by_hand")

# %% show=true
show_circle_and_webs(foreseen_implicit.get("circle"), weights=());

# %% [markdown]
# ### 11.1  One linear solve, and an honest no
#
# Where $z$ is a vector, $\partial g/\partial z$ is a square matrix, and dividing by it means solving a linear system. Backwards, with an upstream gradient $v$ (a row) from the loss, $-v\,(\partial g/\partial z)^{-1}\,(\partial g/\partial x)$ is read from the left: *first* solve once with $v$, *then*
# multiply. No Jacobian of $z$ is ever built.
#
# When the matrix cannot be inverted, $z$ is no function of $x$ there: at $(1, 0)$ the circle goes straight up. A computer rarely meets an exact zero; it meets $10^{-17}$, divides by it, and hands on a huge number as if nothing had happened. So **in this part, what has no answer raises an error**, at once and
# with a word that says why. Look:

# %% show=true
first, second = torch.tensor([[0.4, 0.3, 0.6], [0.7, 0.8, 0.9]], dtype=torch.float64)
a = torch.stack([first, second, first / 3 + 0.7 * second], dim=1)  # the third column is made of the other two
print("determinant:", float(torch.linalg.det(a)), "  condition number:", f"{float(torch.linalg.cond(a)):.1e}")
try:
    print("solved all the same:", torch.linalg.solve(a, torch.ones(3, 1).double()).flatten().tolist())
except RuntimeError as error:
    print("torch says:", error)

# %% [markdown]
# The determinant says little ($10^{-40}$ is a fine determinant for a large matrix of small numbers). The **condition number** tells by how much the system magnifies errors: at 1 none, and from about 1/eps on ($4.5\cdot10^{15}$ in double precision) nothing of the answer is left.
#
# Write `solve(system, right)` in `implicit.py`: look at the condition numbers, raise `ArithmeticError("… singular …")` if need be, else let `torch.linalg.solve` work. Everything below calls it.

# %% item="solve" points=1
check("solve")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "an answer came back, and none is right" | exact comparisons with 0 see nothing: rounding gets in between |
# | "there is an answer, and none came" | determinants depend on the units; float32 and float64 have different eps |
# | a batch slips through | `torch.linalg.cond` gives one number for each system: *all* of them must be fine |
# | `LinAlgError` instead of your error | test before you solve; `nan` makes every comparison False |

# %% [markdown]
# ## 12  A deep equilibrium layer
#
# The lecture's example: $z = \tanh(W z + U x + b)$, a network of one layer, applied to its own output until nothing moves any more. Batches are rows here, so we write
#
# $$z = \tanh(a), \qquad a = z\,w + x\,u + b, \qquad z\ (N, H),\; w\ (H, H),\; x\ (N, D),\; u\ (D, H),\; b\ (H,),$$
#
# with $w$ and $u$ the transposes of the slides' $W$ and $U$.
#
# ### 12.1  Forward: iterate until nothing moves
#
# Write `deq_solve`. From $z = 0$, step by step, until no entry moves by more than `tol`. And if that has not happened after `max_steps`, say so: `ArithmeticError("… converge …")`. (The tanh keeps $z$ between −1 and 1, so nothing blows up: an iteration that goes wrong looks
# perfectly healthy.)

# %% item="deq_solve" points=2
check("deq_solve")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "an answer came back, and none is right" | does your loop know, when it ends, *why* it ended? |
# | one row of six is overlooked | the largest move of *any* entry counts |
# | `nan` passes | `moved > tol` is False for `nan`, and so is `moved <= tol`: ask the question that must be answered with yes |

# %% show=true
errors = {}
for radius in (0.5, 0.9, 0.99):
    given = layer(radius, N=4, D=3, H=24)
    z = implicit.deq_solve(**given, max_steps=10_000)
    if z is not None:
        now, errors[f"spectral radius {radius:g}"] = torch.zeros_like(z), []
        while (now - z).abs().max() > 1e-9 and len(errors[f"spectral radius {radius:g}"]) < 3000:
            now = torch.tanh(now @ given["w"] + given["x"] @ given["u"] + given["b"])
            errors[f"spectral radius {radius:g}"].append(float((now - z).abs().max()))
if there(errors or None):
    show_settling(errors)

# %% [markdown]
# How slowly it settles is a matter of the *spectral radius* of $w$, its largest eigenvalue in size: 0.5 halves the error at every step, 0.99 takes more than a thousand.
#
# ### 12.2  Backward: one linear solve
#
# From the loss arrives `grad_z`. Call $v$ the *whole* gradient at $z$. It has two parts: what comes from the loss, and what comes back round the loop, because $z$ is also an input of the next step. Going back round the loop passes the tanh, then $w$:
#
# $$v = \texttt{grad\_z} + (\text{back through } w \text{ of } (\text{back through } \tanh \text{ of } v)).$$
#
# Both of these you know from the earlier notebooks; each is linear in $v$. So this is a *linear* system for $v$, of size $H \times H$, a different one for each row (the slope of the tanh differs). Take one row, write $v$ and `grad_z` as columns, bring everything with $v$ to the left, and read off the matrix. Then one gate more, and
# you stand at $a$.
#
# **Solved, for one number:** $z = \tanh(w z + c)$, slope $s = 1 - z^2$. $v = g + w\,s\,v$, so $v = g / (1 - w s)$, and the gradient at $a$ is $s\,v$. Watch it agree with a nudge of $c$:

# %% show=true
w1, c1 = 0.9, 0.2


def settle(c, z=0.0):
    for _ in range(2000):
        z = math.tanh(w1 * z + c)
    return z


z1 = settle(c1)
s1 = 1 - z1**2
print("one division:", s1 / (1 - w1 * s1), "  nudging c:", (settle(c1 + 1e-6) - settle(c1 - 1e-6)) / 2e-6)

# %% [markdown]
# Now write `deq_adjoint(grad_z, z, w)`, which returns the gradient at $a$, for all rows (`solve` takes a whole batch of systems). And `deq_grads(grad_a, z, x, u)`: the step from $a$ to $x$, $w$, $u$ and $b$ is a matrix product and a sum, as ever.

# %% item="deq_adjoint" points=2
check("deq_adjoint")

# %% item="deq_grads" points=1
check("deq_grads")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | right for one unit, wrong for several | which index of $w$ meets the slope, which one meets $v$? Write one entry of the loop as a sum |
# | "back through one step only" | `grad_z` times the slope is where the series starts |
# | right for one row, wrong for a batch | slopes $(N, H)$ and $w$ $(H, H)$ make systems $(N, H, H)$ |
# | a shape error in `solve` | its right-hand side is $(N, H, 1)$, one column a row |
#
# Your solve against a thousand recorded steps:

# %% show=true
given, grad_z = layer(0.97, N=4, D=3, H=24), normal(4, 24)
z = implicit.deq_solve(**given, max_steps=10_000)
grad_a = implicit.deq_adjoint(grad_z, z, given["w"]) if z is not None else None
mine = implicit.deq_grads(grad_a, z, given["x"], given["u"]) if grad_a is not None else [None]
if there(z, grad_a, *mine):
    for name, one, other in zip(("grad_x", "grad_w", "grad_u", "grad_b"), mine, unrolled(grad_z, **given)[1:]):
        print(f"{name}: largest difference from unrolling {float((one - other).abs().max()):.0e}, largest entry {float(other.abs().max()):.3g}")

# %% [markdown]
# ### 12.3  What it saves
#
# Unrolling keeps every step. Your way keeps the last $z$, whatever happened before. Memory is counted while both run (the linear systems count, too), and both are timed, as the contraction gets weaker. To the right: spectral radius 0.5, 0.9, 0.97, 0.99, drawn as $1/(1 - \text{radius})$.

# %% show=true
radii, kinds = (0.5, 0.9, 0.97, 0.99), ("unrolled", "implicit")
memory, seconds_taken = {kind: [] for kind in kinds}, {kind: [] for kind in kinds}


def by_hand(grad_z, w, u, b, x):
    z = implicit.deq_solve(w, u, b, x, max_steps=100_000)
    return implicit.deq_grads(implicit.deq_adjoint(grad_z, z, w), z, x, u)


def stopwatch(function):
    """The processor's seconds, so that other programs do not count."""
    begin = time.process_time()
    function()
    return time.process_time() - begin


if there(*mine):
    grad_z = normal(64, 32)
    for radius in radii:
        given = layer(radius, N=64, D=8, H=32)
        for kind, way in zip(kinds, (unrolled, by_hand)):
            memory[kind].append(peak_bytes(lambda: way(grad_z, **given)) / 2**20)
            seconds_taken[kind].append(min(stopwatch(lambda: way(grad_z, **given)) for _ in range(2)))
        print(f"radius {radius:<4g}: {steps_to_settle(**given):4d} steps, implicit takes {memory['implicit'][-1] / memory['unrolled'][-1]:.3f} of the memory "
              f"and {seconds_taken['implicit'][-1] / seconds_taken['unrolled'][-1]:.2f} of the time")
    show_growth([round(1 / (1 - radius)) for radius in radii], {"MiB": memory, "seconds": seconds_taken}, xlabel="1 / (1 - spectral radius)")

# %% [markdown]
# With a strong contraction, unrolling wins: a few steps are cheaper than linear systems. As the contraction weakens, its memory grows without end; the implicit line is flat. In time both must go forward all the steps; what is saved is the way back.
#
# ### 12.4  A feed-forward net inside
#
# The slide claims that a deep equilibrium layer can represent any feed-forward net with the same number of parameters. Proof by construction. Put the values of all layers side by side into one $z = (h_1 \mid h_2 \mid h_3)$. Then "each layer from the one before" *is* one big equation $z = \tanh(z w + x u + b)$, if
# $w$ holds the weights in the right blocks and zeros elsewhere.
#
# **Solved, for two layers of one unit each:** $h_1 = \tanh(5x + 1)$ and $h_2 = \tanh(7 h_1 + 2)$. With $z = (h_1, h_2)$: $u = (5,\ 0)$, since $x$ enters the first only; $b = (1,\ 2)$; and $w = \begin{pmatrix} 0 & 7 \\ 0 & 0 \end{pmatrix}$, since in $z w$ row 1 says where $h_1$ goes, namely into column 2.
#
# Write `as_equilibrium(weights, biases)` for any number of layers of any sizes.

# %% item="as_equilibrium" points=2
check("as_equilibrium")

# %% show=true
widths = (4, 5, 3, 6)
weights = [normal(a, b, seed=a) / a**0.5 for a, b in zip(widths, widths[1:])]
w, u, b = implicit.as_equilibrium(weights, [0.3 * normal(size, seed=size) for size in widths[1:]])
if there(w, u, b):
    show_jacobians({"w: from z (down) to z (across)": w, "u: from x to z": u}, columns=2, axes=("from", "to"))

# %% show=true
if there(w, u, b):
    states, x = [torch.zeros(1, sum(widths[1:])).double()], normal(1, 4, seed=9)
    for _ in range(4):
        states.append(torch.tanh(states[-1] @ w + x @ u + b))
    show_filling(states, widths[1:])

# %% [markdown]
# Blocks just above the diagonal, nothing on it and nothing below (in the slides' columns: strictly *lower* triangular). A tick marks what has its final value: after each step one layer more, after three steps all. Such a $w$ has only zeros for eigenvalues, spectral radius 0, and so the iteration ends *exactly*.
# The parameters are those of the net, no more. And a deep equilibrium layer may fill in the blocks below the diagonal, too: it can do more than the net.

# %% [markdown]
# ## 13  An argmin: the penalty's own gradient
#
# Training itself is an implicit layer: $w$ is where the slope of the training loss is zero. Then $w$ is a function of everything that stands in that loss: the data, the labels, *and the strength of the penalty*. So $\lambda$ need not be found by trying many; one can go downhill on it.
#
# Ridge regression, with this course's conventions: $w = \operatorname{argmin}\ \frac1N \sum_n (x_n w - y_n)^2 + \lambda \sum_d w_d^2$. Setting the slope to zero, and cancelling a 2,
#
# $$g = \Big(\tfrac1N x^{\top} x + \lambda I\Big)\,w - \tfrac1N x^{\top} y = 0 .$$
#
# `ridge(x, y, reg)` in `implicit.py` solves that; it is given (and works as soon as your `solve` does).
#
# **Solved, for one weight and one example:** $g = (x^2 + \lambda)\,w - x y$. By $w$: $x^2 + \lambda$. By $\lambda$: $w$. So $dw/d\lambda = -w/(x^2 + \lambda)$: more penalty pulls the weight towards zero, the more the larger it is.
#
# Write `ridge_backward(grad_w, x, w, reg)` for any $N$ and $D$: the gradient of `reg`, a number, and the gradient of `y`, $(N,)$. One solve serves both. (The matrix is symmetric: its transpose is itself.)

# %% item="ridge_backward" points=2
check("ridge_backward")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | wrong by a factor of two | all terms of $g$ carry a 2 from the squares: cancel it in all, or in none |
# | wrong by a factor of $N$ | where do the means stand in $g$? |
# | one of the two gradients has the wrong sign | $y$ enters $g$ with a minus sign, $\lambda$ with a plus |
#
# A polynomial of degree 9, twelve noisy training points, and a validation loss that depends on $\lambda$. The short red lines are your slopes; the black dots walk down by them.

# %% show=true
def features(t):
    return torch.stack([t**k for k in range(10)], dim=1)


t_train, t_valid = 2 * torch.rand(12, generator=torch.Generator().manual_seed(6), dtype=torch.float64) - 1, torch.linspace(-1, 1, 100, dtype=torch.float64)
x_train, x_valid = features(t_train), features(t_valid)
y_train, y_valid = torch.sin(4 * t_train) + 0.5 * normal(12, seed=56), torch.sin(4 * t_valid)


def validation(reg):
    """The validation loss at the trained weights, its gradient by reg, and that by the training labels."""
    w = implicit.ridge(x_train, y_train, reg)
    error = x_valid @ w - y_valid
    grad_w = 2 * x_valid.T @ error / len(error)
    return float((error**2).mean()), *implicit.ridge_backward(grad_w, x_train, w, reg)


if there(implicit.ridge(x_train, y_train, 1.0)) and there(*validation(1.0)):
    regs = torch.logspace(-6, 1, 120).tolist()
    slopes = [(reg, value, float(slope)) for reg in (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0) for value, slope, _ in [validation(reg)]]
    reg, walk = 1.0, []
    for _ in range(25):
        value, slope, _ = validation(reg)
        walk.append((reg, value))
        reg *= math.exp(max(-1.0, min(1.0, -40 * reg * float(slope))))  # a step downhill on log(reg), at most a factor of e
    training = [float(((x_train @ implicit.ridge(x_train, y_train, r) - y_train) ** 2).mean()) for r in regs]
    show_tangents(regs, [validation(r)[0] for r in regs], slopes, more={"training loss": training}, marks=walk, xlabel="reg", ylabel="validation loss")

# %% show=true
# The same solve says what every single training label does to the validation loss.
if there(implicit.ridge(x_train, y_train, 1.0)) and there(*validation(1.0)):
    influence = validation(reg)[2]
    worst = int(influence.abs().argmax())
    lower = y_train.clone()
    lower[worst] -= 0.01 * torch.sign(influence[worst])
    before, y_before = validation(reg)[0], y_train
    y_train = lower
    after, y_train = validation(reg)[0], y_before
    print(f"The label at t = {float(t_train[worst]):.2f} matters most: moving it by 0.01 is foretold to lower the validation loss by {0.01 * abs(float(influence[worst])):.5f}; it falls by {before - after:.5f}.")

# %% [markdown]
# ## 14  Eigenvectors
#
# $a = V \operatorname{diag}(\lambda)\, V^{\top}$ for a symmetric matrix: the equations are $a v_i = \lambda_i v_i$ and $v_i^{\top} v_i = 1$. Differentiate the first along a small symmetric change $da$, and look at it in the basis of the eigenvectors, $E = V^{\top} da\, V$:
#
# $$d\lambda_i = E_{ii}, \qquad dv_i = \sum_{j \ne i} v_j\, \frac{E_{ji}}{\lambda_i - \lambda_j}.$$
#
# An eigenvalue moves with its own diagonal entry. A vector turns towards each of the others, by an amount that the *gap* between their eigenvalues divides. (Not towards itself: its length is fixed.)
#
# **Backwards**, then. The gradient in the basis of the eigenvectors, call it $M$, collects what multiplies each $E_{ji}$. On its diagonal: the gradients of the eigenvalues. Off it, at $[j, i]$: how much the loss likes $v_i$ to turn towards $v_j$, which is $v_j^{\top} \bar v_i$ with $\bar v_i$ the upstream gradient of $v_i$, over the gap
# $\lambda_i - \lambda_j$. Turn back from that basis to the matrix. Last, $a_{ij}$ and $a_{ji}$ are one number, so the two entries share what they collect: average the result with its transpose.
#
# **Solved, for two-by-two.** $a = \begin{pmatrix} 1 & 0 \\ 0 & 3\end{pmatrix}$, $V = I$. The loss is the second entry of the first eigenvector, so $\bar v_0 = (0, 1)$, and $M_{10} = 1/(1 - 3) = -\tfrac12$. Averaged: $-\tfrac14$ at both off-diagonal places. Check: with a small $\varepsilon$ at both, the vector turns to $(1, -\varepsilon/2)$: twice $-\tfrac14$. ✓
#
# **Signs.** With $v$, also $-v$ is an eigenvector, and libraries differ. Your backward pass gets the vectors that the forward pass gave; flip one, and its upstream gradient flips with it. Only functions that do not care for the sign make sense, such as $(v^{\top} c)^2$.
#
# **When two eigenvalues are equal**, their vectors may be turned into each other at will: take the identity matrix, every basis is right, and the smallest change of the matrix picks an entirely different one. There is no derivative, the formula divides by zero, and `eigh_backward` must say so ("repeated"). What still has one are things that treat both alike, such as the sum of the two or
# the plane they span.

# %% item="eigh_backward" points=3
check("eigh_backward")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | `inf` or `nan` in the answer | the diagonal of the gaps is zero, and there is nothing to divide there |
# | right for the eigenvalues' part only | print your $M$ for the two-by-two example: which entry is $-\tfrac12$? |
# | "not that of a symmetric matrix" | average with the transpose, at the very end |
# | "there is an answer, and none came" | close is a matter of proportion: compare gaps with the largest eigenvalue |

# %% show=true
def moving(t, coupling=0.05):
    """Two levels that approach each other and, thanks to the coupling, do not cross; and a third one far away."""
    return torch.tensor([[t, coupling, 0.1], [coupling, -t, 0.0], [0.1, 0.0, 2.0]], dtype=torch.float64)


t = torch.linspace(-1, 1, 101).tolist()
gaps, sizes = [10.0**-k for k in range(0, 13)], []
try:
    for gap in gaps:
        values, vectors = torch.tensor([0.0, gap, 2.0]).double(), torch.linalg.qr(normal(3, 3, seed=2))[0]
        grad = implicit.eigh_backward(normal(3, seed=5), normal(3, 3, seed=6), values, vectors)
        if grad is None:
            break
        sizes.append(float(grad.abs().max()))
except ArithmeticError as error:
    print(f"at a gap of {gap:.0e}:", error)
show_crossing(t, torch.stack([torch.linalg.eigvalsh(moving(s)) for s in t]), gaps, sizes);

# %% [markdown]
# On the left a matrix whose two lower levels rush towards each other and swerve; on the right what that does to the gradient, which grows like one over the gap, until the error stops it. A last check, by nudging the matrix itself, for a loss that does not care for signs:

# %% show=true
def liked(a, c=normal(3, seed=7)):
    values, vectors = torch.linalg.eigh(a)
    return float((vectors[:, 0] @ c) ** 2 + values[2]), values, vectors, c


_, values, vectors, c = liked(moving(0.3))
grad_vectors = torch.zeros(3, 3, dtype=torch.float64)
grad_vectors[:, 0] = 2 * (vectors[:, 0] @ c) * c
answers = [implicit.eigh_backward(torch.tensor([0.0, 0.0, 1.0]).double(), s * grad_vectors, values, s * vectors) for s in (1, -1)]
if there(*answers):
    nudge = normal(3, 3, seed=8)
    nudge = 1e-6 * (nudge + nudge.T)
    print("nudged:  ", (liked(moving(0.3) + nudge)[0] - liked(moving(0.3) - nudge)[0]) / 2e-6)
    print("foretold:", float((answers[0] * nudge).sum()) / 1e-6, " with all vectors flipped:", float((answers[1] * nudge).sum()) / 1e-6)

# %% [markdown]
# ## 15  Where is the camera?
#
# Eight landmarks with known places; a camera has seen them, each at some point of its image, with an error of a pixel or so. Where did the camera stand, and which way did it look? Its *pose*, three angles and three lengths, is the one that puts the projected landmarks as close as possible to where they were seen: an argmin once more, six numbers, found by iteration. The lecture
# names it as an implicit layer. Whoever trains a network that *detects* the landmarks wants the gradient back through the solver.
#
# The camera is given: `camera.project(pose, points)` says where the points are seen, `camera.slopes` how that moves with the pose, $(n, 2, 6)$, and `camera.curvatures` the second derivatives, $(n, 2, 6, 6)$.
#
# **The solver, Gauss–Newton.** At a pose, with residual $r$ = seen minus projected (all $2n$ numbers in a row) and slopes $J$ $(2n, 6)$: a small step $s$ would leave the residual $r - J s$. The $s$ that makes its square smallest solves $(J^{\top} J)\, s = J^{\top} r$. Take it, linearise anew, until nothing moves. With too few landmarks $J^{\top} J$ is singular, and from a start too far away nothing settles: errors, both.
#
# **Solved, for one number:** find $p$ with $p^2$ close to 10 from $p = 3$: $r = 10 - 9 = 1$, $J = 6$, step $6 \cdot 1 / 36$, so $p = 3.1667$; the next step makes it $3.16228$. Write `pose_solve`.

# %% item="pose_solve" points=2
check("pose_solve")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | it does not converge, and the checks say it should | seen minus projected, plus the step; the other way round walks uphill |
# | `LinAlgError` | call your own `solve` |
# | a shape error | flatten both: image points $(n, 2)$ to $2n$, slopes $(n, 2, 6)$ to $(2n, 6)$, in the same order |
#
# ### 15.1  Which way the pose moves
#
# The solver took steps. The gradient forgets them, and looks at the equation that holds at the end: the slope is zero,
#
# $$g(\text{pose}, \text{image}) = J^{\top} r = \sum_k J_k\, r_k = 0 .$$
#
# Now differentiate by the pose, and mind that it is a *product*: $r$ moves with the pose (by $-J$), and $J$ does, too (by the curvatures). So $\partial g/\partial\,\text{pose}$ is $-J^{\top} J$ plus the sum over all $2n$ coordinates of residual times curvature, a $6 \times 6$ matrix. By the image it is simply $J^{\top}$.
#
# Many programs leave the curvature out (the solver did, too, and may: it only has to arrive). Where the residuals are zero that is exact; where they are not, the gradient is wrong, and no step size of the solver repairs it. Write `pose_backward(grad_pose, pose, points, image)`: one solve, with the whole matrix.

# %% item="pose_backward" points=2
check("pose_backward")

# %% show=true
points = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0]).double()] * 3) + 0.2 * normal(8, 3, seed=1)
true_pose, sigma = torch.tensor([0.1, -0.35, 0.05, 0.2, -0.1, 6.0]).double(), 0.004
image = camera.project(true_pose, points) + sigma * normal(8, 2, seed=2)
start = true_pose + 0.05
pose = implicit.pose_solve(points, image, start)
grad_pose, nudge = normal(6, seed=3), 1e-4 * normal(8, 2, seed=4)
grad_image = implicit.pose_backward(grad_pose, pose, points, image) if pose is not None else None
if there(pose, grad_image):
    ends = [implicit.pose_solve(points, image + sign * nudge, pose, tol=1e-13) for sign in (1, -1)]
    J = camera.slopes(pose, points)
    plain = J @ implicit.solve(torch.einsum("nka,nkb->ab", J, J), grad_pose[:, None])[:, 0]
    print(f"solved anew, image nudged: {float(grad_pose @ (ends[0] - ends[1])) / 2:.9f}")
    print(f"foretold by one solve:     {float((grad_image * nudge).sum()):.9f}")
    print(f"without the curvature:     {float((plain * nudge).sum()):.9f}")

# %% [markdown]
# ### 15.2  How sure is the camera of itself?
#
# A derivative also carries errors. Let $K$ be the derivative of the pose by all $2n$ image coordinates. If each of those errs independently with standard deviation $\sigma$, the pose errs by $K$ times the errors, and its covariance is $\sigma^2 K K^{\top}$: variances on the diagonal, and off it how two numbers of the pose err together.
#
# The pose has six numbers, the image many: six backward passes give all of $K$, a row each (reverse mode, as in section 4). That is in the cell below. Write `pose_covariance(derivative, sigma)`, for a derivative of shape $(6, n, 2)$.

# %% item="pose_covariance" points=1
check("pose_covariance")

# %% show=true
if there(pose, grad_image):
    derivative = torch.stack([implicit.pose_backward(unit, pose, points, image) for unit in torch.eye(6).double()])
    covariance = implicit.pose_covariance(derivative, sigma)
    # where the camera stands moves with its pose; six more numbers for each of the three, by nudging
    to_place = torch.stack([(camera.position(pose + 1e-6 * unit) - camera.position(pose - 1e-6 * unit)) / 2e-6 for unit in torch.eye(6).double()], dim=1)
    images = [camera.project(pose, points) + sigma * normal(8, 2, seed=100 + k) for k in range(150)]
    places = torch.stack([camera.position(implicit.pose_solve(points, one, pose)) for one in images])
    ellipse = to_place @ covariance @ to_place.T if covariance is not None else None
    show_camera(pose, points, image, places, ellipse)

# %% show=true
if there(pose, grad_image) and there(ellipse):
    spread = torch.cov(places.T)
    for axis, name in enumerate("xyz"):
        print(f"{name}: foretold standard deviation {100 * float(ellipse[axis, axis]) ** 0.5:.2f} cm, found in 150 images {100 * float(spread[axis, axis]) ** 0.5:.2f} cm")

# %% [markdown]
# The grey dots took a hundred and fifty runs of the solver, the ellipse took one and six linear solves. It is longest *across* the line of sight: a camera that steps aside and turns back towards the landmarks sees nearly the same image. That is what an application wants to know before it trusts a pose.
#
# ### Written question 3
#
# **(a)** The solver of a colleague stops much too early, and its $z$ is not quite a solution. What does the implicit gradient then belong to, and would unrolling be better off? **(b)** Name a case in which you would rather unroll, with the reason. **(c)** Loss A is $(v_0^{\top} c)^2$ and loss B is $(v_0^{\top} c)^2 + (v_1^{\top} c)^2$, with $v_0, v_1$ the eigenvectors of two eigenvalues that happen to be equal. Which of the
# two has a gradient there, and why does the other not?

# %% [markdown] written="implicit_or_unrolled" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) The formula holds at solutions of $g = 0$ only. At another point it gives the gradient of nothing in particular: near that of the true solution if $z$ is near it, off by an amount that grows with the residual. Unrolling gives the exact gradient of what the loop has computed, the unfinished $z$.
#
# (b) Few steps, for instance a strong contraction: unrolling a handful of steps is cheaper than solving systems. Or a large $H$, where an $H \times H$ system is dear; or an iteration that is meant to be stopped early, so that there is no equation to differentiate; or a singular system.
#
# (c) B has one: it is the squared length of the projection of $c$ onto the plane of the two, and the plane is well defined and moves smoothly. A depends on which basis of the plane was picked, which is arbitrary; an arbitrarily small change of the matrix picks another.
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 16  What to take along
#
# - **Dual numbers** carry a tangent along with each value. A pass gives $J v$: how all outputs move in one direction. Backpropagation gives $g J$: how one output depends on everything. Fewer inputs: forward. Fewer outputs: reverse. `torch.func.jvp` and `torch.func.vjp`.
# - **The Hessian** is the Jacobian of the gradient. Nobody builds it; $H v$ costs one to three gradients, by backpropagating twice or by moving every line of the backward pass.
# - With products alone one can **solve** (conjugate gradients, Newton's step), find the **steepest curvature** (power iteration), and **train on gradients** (a penalty).
# - **An implicit layer** is an equation. Its gradient is one linear solve at the solution, whatever the way there: a fixed point, an argmin, an eigenvector, a pose.
# - Iterations fail, matrices are singular, eigenvalues coincide. **Say so**, in time and in words; numbers that look right are the worst kind of answer.
#
# That was the last notebook. You have built, by hand and from nothing: scalar graphs, flat gradient code, tensor derivatives, layers, training, and what lies beyond. When the next library surprises you, you know what it must be doing.
#
# ### Hand in
#
# 1. Restart the kernel and run everything (*Run* → *Run all cells*), to be sure that it works from the top. Save the notebook and your three modules.
# 2. Make the file to hand in: take away the two `# ` in the cell below and run it, or type `python -m toolbox submit beyond` in a terminal, in the course's folder. It checks that all is there and writes one zip.
# 3. Upload that zip. You may do so as often as you like before the deadline; the last one counts.

# %%
# from toolbox import submit
# submit("beyond")
