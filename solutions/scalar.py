# ---
# jupyter:
#   backprop_kit: {assignment: scalar, modules: [gates, differences, scalar, tape], order: 1}
# ---

# %% [markdown]
# # Backpropagation with plain numbers
#
# Every network that is trained today, however large, relies on one small idea: **break the computation into
# pieces so simple that each one knows its own derivative, and let the pieces pass derivatives to each other.**
# In this notebook every value is a single number, so that you can see all of it.
#
# By the end of this notebook you will have
#
# - predicted every gradient of a small graph and of a neuron before any code runs;
# - written the gates that graphs are made of, each with its forward and its backward pass;
# - measured derivatives without calculus, and seen where that goes wrong;
# - built an engine that finds the gradients of *any* expression by itself, and trained a network with it;
# - made that engine many times faster.
#
# | part | sections | what you do | time | remarks |
# | --- | --- | --- | --- | --- |
# | A | 1–2 | two graphs on paper, then the gates | 1½ h | the core |
# | B | 3 | the sigmoid as four nodes and as one | ½ h | the core |
# | C | 4 | numerical derivatives, linear approximation, steepest ascent | 1 h | may be skipped; you meet differences again in `tensors` |
# | D | 5–6 | an engine, and a network trained with it | 2 h | the core; `topological` is the hardest function here |
# | E | 7 | the same engine, made fast | 1 h | may be skipped |
#
# There are {{checks}} checks ({{points}} points) and {{written}} written questions ({{written_points}} points): about
# {{hours}} hours in all, for readers who have had one lecture on backpropagation. Each check counts by itself, and
# the given cells work without the parts that you skip.
#
# You need: derivatives from school, the chain rule among them, and a little Python.

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
import math
import random
import statistics
import time

import matplotlib.pyplot as plt
import numpy as np
from backprop import differences, gates, scalar, tape
from toolbox import check
from toolbox.draw import describe, draw_graph, listed, show_curves, show_graph_steps
from toolbox.draw.play import Power, Slide, Steps, play

BLUE, RED, GREY = "#00558c", "#b34700", "#777777"


def ready(what, *answers):
    """True once none of the answers is None; until then it says what is missing."""
    if any(answer is None for answer in answers):
        print(f"Nothing to show yet. Still to be written: {what}")
        return False
    return True


def works(what, trial):
    """True once `trial()` gives something true; else it says what is missing."""
    problem = ""
    try:
        done = bool(trial())
    except Exception as error:  # mostly a None where a number or a Value belongs
        done, problem = False, f" ({type(error).__name__}: {error})"
    if not done:
        print(f"Nothing to show yet. To be written or repaired: {what}{problem}")
    return done

# %% [markdown]
# ## 0  How this works
#
# **Where you write.** Numbers go into this notebook where you see `# YOUR CODE HERE`, words where you are asked for
# them. Code goes into four short files in `lib/backprop/`: `gates.py`, `differences.py`, `scalar.py` and `tape.py`.
# Open a file beside the notebook, edit it, save it, and run the next cell: the notebook picks up the new version by
# itself.
#
# **How you know that it is right.** Below every task is a cell like `check("gate_add")`. Run it as often as you
# like. It shows what was tried, whether it came out right and, if not, the mistake that most often looks like
# this. Grading runs the same checks, and more of the same kind with other numbers.
#
# **Things to move.** Some pictures have sliders. They need a running kernel; without one you see the picture as
# it was last. Nothing that is graded depends on a slider.
#
# | you see | look at |
# | --- | --- |
# | `FileNotFoundError: the course is not here` in the first cell | the notebook must lie in the course's folder, the one that holds `lib` |
# | a check still shows the old result | the file is not saved; or restart the kernel (menu *Kernel*) and run from the top |
# | `SyntaxError` or `IndentationError` from one of the files | the line it names, and the one above: often an open bracket or a mixed indent |
# | "Nothing to show yet" | not an error: this picture is drawn by your code, once that exists |

# %% [markdown]
# ## 1  Numbers on a graph
#
# Take $f = a\,b + c$ at $a = 2,\ b = -3,\ c = 10$, and call the product $p = a\,b$. Draw it: every operation is a **node**, every value a
# **wire**. Go from left to right and write each value in blue *above* its wire: this is the **forward pass**.
# Then go from right to left and write in red *below* each wire how much $f$ changes for each unit that the value
# on this wire changes: its **gradient**. This is the **backward pass**. The yellow wires are the ones just
# filled in.

# %% show=true
nodes, edges = {"p": "×", "f": "+"}, [("a", "p"), ("b", "p"), ("p", "f"), ("c", "f")]
values = {"a": 2, "b": -3, "c": 10, "p": -6, "f": 4}
after_sum = {"f": 1, "p": 1, "c": 1}
after_product = {**after_sum, "a": -3, "b": 2}
show_graph_steps(nodes, edges, values, [
    ("forward pass done, no gradient known", {}, []),
    ("1. the base case: df/df = 1", {"f": 1}, ["f"]),
    ("2. at +: local 1 for both, so 1 · 1", after_sum, ["p", "c"]),
    ("3. at ×: local is the other input, 1 · b and 1 · a", after_product, ["a", "b"]),
]);

# %% [markdown]
# At every node the same thing happens:
#
# $$\text{downstream} \;=\; \text{upstream} \times \text{local}$$
#
# - **Upstream** is the gradient on the node's output wire. It is already known. It says how $f$ changes with
#   this node's output. (Older texts call it the node's *error signal*.)
# - **Local** is the derivative of the node itself. It says how the node's output changes with one of its inputs.
# - **Downstream** is their product. It goes on the input wire, and is the upstream gradient of the next node to
#   the left.
#
# Why a product? Suppose that, with other numbers, $f$ changed by 3 for each unit of $p$, and $p$ by 2 for each unit
# of $b$. Then $f$ would change by 6 for each unit of $b$. That is all there is to the chain rule.
#
# Is $\partial f/\partial a$ really $-3$? Nudge $a$ by a thousandth: $f$ goes from $4$ to
# $2.001 \cdot (-3) + 10 = 3.997$. It changes by $-0.003$, which is $-3$ times the nudge. A gradient says exactly
# this.
#
# Try it with other numbers. The red numbers below are *measured* by nudging each value in turn. Which sliders
# change the gradient of $a$? Which change the gradient of $c$?

# %% show=true
def nudged(a, b, c):
    """The graph of a b + c, with every gradient measured by a nudge of a millionth."""

    def f(a=a, b=b, c=c, p=None):
        return (a * b if p is None else p) + c

    h = 1e-6
    moved = {"a": f(a=a + h), "b": f(b=b + h), "c": f(c=c + h), "p": f(p=a * b + h)}
    grads = {name: round((value - f()) / h, 4) for name, value in moved.items()}
    return draw_graph(
        {"p": "×", "f": "+"}, [("a", "p"), ("b", "p"), ("p", "f"), ("c", "f")],
        {"a": a, "b": b, "c": c, "p": a * b, "f": f()}, {"f": 1, **grads},
        title="f = a b + c",
    )


play(nudged, a=Slide(2, -5, 5), b=Slide(-3, -5, 5), c=Slide(10, -10, 10))

# %% [markdown]
# ### Predict: a sum and a product
#
# Now the classic of the lecture, $f = (x + y)\,z$ at $x = -2,\ y = 5,\ z = -4$, with $q = x + y$. Do it **on
# paper**: values first, then gradients from right to left. Then fill in your numbers, and see them in the graph
# below.

# %% solution="predict_sum"
# predicted maps each name to your number: q, f, df_dq, df_dz, df_dx, df_dy.
# For example: predicted["q"] = ...
predicted = {}
### BEGIN SOLUTION
predicted = {"q": 3, "f": -12}
predicted["df_dq"] = -4  # × swaps: the value of z
predicted["df_dz"] = 3  # and the value of q
predicted["df_dx"] = -4  # + hands on what came from upstream
predicted["df_dy"] = -4
### END SOLUTION

# %% show=true
# Your numbers in the graph ("?" where one is missing).
found = {key.removeprefix("df_d"): number for key, number in predicted.items()}
draw_graph(
    {"q": "+", "f": "×"}, [("x", "q"), ("y", "q"), ("q", "f"), ("z", "f")],
    {"x": -2, "y": 5, "z": -4, **{k: predicted[k] for k in "qf" if k in predicted}},
    {"f": 1, **{k: found[k] for k in "qzxy" if f"df_d{k}" in predicted}},
    title="f = (x + y) z",
);

# %% item="predict_sum" points=2
check("predict_sum")

# %% [markdown]
# ### Predict: a neuron
#
# A logistic neuron multiplies two inputs by weights, adds a bias and squashes the sum:
# $f = \sigma(w_0 x_0 + w_1 x_1 + w_2)$ with $\sigma(s) = 1/(1 + e^{-s})$. Cut the σ into four nodes:
#
# $$a = -s, \qquad b = e^{a}, \qquad c = 1 + b, \qquad f = 1/c$$
#
# Their local gradients are $-1$ for the first; $e^a$, which is $b$ itself, for the second; $1$ for the third;
# and $-1/c^2$ for the last. You know the rest. The sum is given: $s = 2\cdot(-1) + (-3)\cdot(-2) - 3 = 1$. Use a
# calculator for $e^{-1}$, keep three digits on the way, and give two decimals.
#
# Start with the 1 at the right end, and do not skip a node.

# %% solution="predict_neuron"
# traced holds the values s, a, b, c, f, and the gradients
# df_dc, df_db, df_da, df_ds, df_dw0, df_dx0, df_dw1, df_dx1, df_dw2.
traced = {"s": 1.0}
### BEGIN SOLUTION
traced |= {"a": -1.0, "b": 0.37, "c": 1.37, "f": 0.73}
traced["df_dc"] = -0.53  # 1 · (-1 / 1.37²)
traced["df_db"] = -0.53  # + hands it on
traced["df_da"] = -0.20  # -0.53 · 0.37
traced["df_ds"] = 0.20  # · (-1)
traced["df_dw2"] = 0.20  # the bias enters by +
traced["df_dw0"], traced["df_dx0"] = -0.20, 0.39  # × swaps: 0.2 · x0, 0.2 · w0
traced["df_dw1"], traced["df_dx1"] = -0.39, -0.59  # 0.2 · x1, 0.2 · w1
### END SOLUTION

# %% show=true
given = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}
given |= {name: traced[name] for name in "sabcf" if name in traced}
found = {
    name.removeprefix("df_d"): number
    for name, number in traced.items()
    if name.startswith("df_d")
}
draw_graph(
    {"m0": "×", "m1": "×", "s2": "+", "s": "+"},
    [("w0", "m0"), ("x0", "m0"), ("w1", "m1"), ("x1", "m1"),
     ("m0", "s2"), ("m1", "s2"), ("s2", "s"), ("w2", "s")],
    given, {"m0": "", "m1": "", "s2": "", **found},
    title="a logistic neuron, your numbers: the weighted sum …",
)
draw_graph(
    {"a": "·(-1)", "b": "exp", "c": "+1", "f": "1/·"},
    [("s", "a"), ("a", "b"), ("b", "c"), ("c", "f")],
    given, {"f": 1, **found}, title="… and the sigmoid",
);

# %% item="predict_neuron" points=3
check("predict_neuron")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | `x0` and `w0` exchanged | × *swaps*: each input gets the value of the other one |
# | everything from `df_da` on has the wrong size | the node exp: what is its derivative at $a$? |
# | everything on the left has the wrong sign | one of the two minus signs: at $1/c$, and at $-s$ |
# | right to one decimal only | rounding too early: keep three digits until the end |

# %% [markdown]
# ## 2  Gates
#
# Each kind of node is a **gate**: two functions, one for each direction. The forward function takes the inputs.
# The backward function takes the upstream gradient `grad_out`, then the inputs, then the output `z`, and returns
# the downstream gradients, one for each input. (Copy has two outputs, so its backward function takes two upstream
# gradients.) Here is a solved one, from the top of `gates.py`:
#
# ```python
# def square(x):
#     z = x * x
#     return z
#
# def square_backward(grad_out, x, z):
#     local = 2 * x                  # the derivative of a square
#     grad_x = grad_out * local      # downstream = upstream * local
#     return grad_x
# ```

# %% show=true
x, grad_out = 3.0, 5.0
z = gates.square(x)
by_nudging = grad_out * (gates.square(x + 1e-6) - z) / 1e-6
print("forward ", z)
print("backward", gates.square_backward(grad_out, x, z), " by nudging:", by_nudging)

# %% [markdown]
# A backward function may use everything that it is given, but it rarely needs all of it. **What a backward
# function uses is what its gate has to remember from the forward pass.** In a network of a million gates, that
# is what fills the memory.
#
# ### Four gates to know by heart
#
# Fill in `add`, `multiply`, `copy` and `maximum` in `gates.py`, forward and backward. A thought for each, in case
# you need one:
#
# - **add**: nudge $x$ in $x + y$. By how much does the sum change?
# - **multiply**: nudge $x$ in $x\,y$. By how much does the product change?
# - **copy**: one value goes to two users, and a gradient comes back from each. Nudge the value: *both* users
#   notice.
# - **maximum**: nudge the larger of the two, then the smaller. Which one changes the output? (At a tie, $x = y$,
#   there is a kink. Every way to divide the gradient is right there, and no check depends on it.)

# %% item="gate_add" points=1
check("gate_add")

# %% item="gate_multiply" points=1
check("gate_multiply")

# %% item="gate_copy" points=1
check("gate_copy")

# %% item="gate_max" points=1
check("gate_max")

# %% [markdown]
# ### What do they do to a gradient?
#
# Three of them get the inputs 3 and −5 and the upstream gradient 7. Copy gets the 3 alone, and 7 from one user and
# 4 from the other.
# The red numbers come from your gates.

# %% show=true
figure, axes = plt.subplots(2, 2, figsize=(11, 4.6))
signs = {"add": "+", "multiply": "×", "maximum": "max"}
for ax, (name, sign) in zip(axes.flat, signs.items()):
    z = getattr(gates, name)(3.0, -5.0)
    grad_x, grad_y = getattr(gates, f"{name}_backward")(7.0, 3.0, -5.0, z)
    draw_graph(
        {"z": sign}, [("x", "z"), ("y", "z")],
        {"x": 3, "y": -5, **({} if z is None else {"z": z})},
        {"z": 7, "x": grad_x, "y": grad_y}, title=name, ax=ax,
    )
back = {("c", "first"): 7, ("c", "second"): 4, "c": "", "first": "", "second": ""}
draw_graph(
    {"c": "copy", "first": "user", "second": "user"},
    [("x", "c"), ("c", "first"), ("c", "second")], {"x": 3},
    {"x": gates.copy_backward(7.0, 4.0, 3.0), **back}, title="copy", ax=axes[1, 1],
    rows={"first": 0, "second": 1, "x": 0.5, "c": 0.5},
)
figure.tight_layout()

# %% [markdown]
# These four patterns have names: gradient **distributor**, gradient **adder**, **swap multiplier**, gradient
# **router**. Which gate is which? Look at the red numbers, and give each gate its name.

# %% solution="patterns"
# patterns maps "add", "copy", "multiply" and "max"
# to "distributor", "adder", "swap multiplier" or "router".
patterns = {}
### BEGIN SOLUTION
patterns = {
    "add": "distributor",
    "copy": "adder",
    "multiply": "swap multiplier",
    "max": "router",
}
### END SOLUTION

# %% item="patterns" points=2
check("patterns")

# %% [markdown]
# Add and copy mirror each other: what adds forward copies backward, and what copies forward adds backward. The
# second half of this sentence is the rule of backpropagation that is forgotten most often: **a value that is
# used twice adds up two gradients.**
#
# Now let *your* gates run the lecture's graph. Move $x$, $y$ and $z$. For which values is the gradient of $x$
# zero? When do $x$ and $y$ have different gradients?

# %% show=true
def lecture_graph(x, y, z):
    """(x + y) z, every number of it from your gates."""
    q = gates.add(x, y)
    f = gates.multiply(q, z)
    grad_q, grad_z = gates.multiply_backward(1.0, q, z, f)
    grad_x, grad_y = gates.add_backward(grad_q, x, y, q)
    return draw_graph(
        {"q": "+", "f": "×"},
        [("x", "q"), ("y", "q"), ("q", "f"), ("z", "f")],
        {"x": x, "y": y, "z": z, "q": q, "f": f},
        {"f": 1, "q": grad_q, "z": grad_z, "x": grad_x, "y": grad_y},
        title="f = (x + y) z, by your gates",
    )


if works("add and multiply, both ways", lambda: lecture_graph(1.0, 2.0, 3.0)):
    plt.close("all")
    play(lecture_graph, x=Slide(-2, -5, 5), y=Slide(5, -5, 5), z=Slide(-4, -5, 5))

# %% [markdown]
# ### One input each
#
# Now the curved ones: fill in `reciprocal`, `exp` and `log` in `gates.py`. You know their derivatives from school: $-1/x^2$, $e^x$,
# $1/x$. A look at the curves guards against the usual slips: which derivatives are negative, which grow, which
# shrink?

# %% show=true
x = np.linspace(0.25, 3, 100)
curves = {
    "1/x": (1 / x, -1 / x**2),
    "exp(x)": (np.exp(x), np.exp(x)),
    "log(x)": (np.log(x), 1 / x),
}
figure, axes = plt.subplots(1, 3, figsize=(11, 2.6))
for ax, (title, (curve, slope)) in zip(axes, curves.items()):
    at = 45
    near = np.array([-0.6, 0.6])
    ax.plot(x, curve, color=BLUE, lw=2)
    ax.plot(x[at] + near, curve[at] + slope[at] * near, "--", color=RED)
    ax.plot(x[at], curve[at], "o", color=RED)
    ax.set_title(f"{title}: slope {slope[at]:.2f} at x = {x[at]:.1f}", fontsize=10)
    ax.grid(alpha=0.3)
    describe(
        ax,
        f"{title}, slope {slope[at]:.2f} at x = {x[at]:.1f}. From x = 0.25 to 3 the "
        f"curve goes from {curve[0]:.2f} to {curve[-1]:.2f} and its slope from "
        f"{slope[0]:.2f} to {slope[-1]:.2f}.",
    )
figure.tight_layout()

# %% item="gate_reciprocal" points=1
check("gate_reciprocal")

# %% item="gate_exp" points=1
check("gate_exp")

# %% item="gate_log" points=1
check("gate_log")

# %% [markdown]
# ### Many inputs
#
# `total` adds up a list and `mean` averages it. Each backward function returns a **list**, one number for each
# input. A mean is a sum followed by a division: two nodes in one, so two local gradients are multiplied.

# %% item="gate_sum" points=1
check("gate_sum")

# %% item="gate_mean" points=1
check("gate_mean")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "Only the local gradient" | `grad_out` does not occur in your line |
# | right for `grad_out` 1, wrong otherwise | the same, or a sum where a product belongs |
# | `TypeError: … NoneType` | the forward function still returns `None` |
# | `TypeError: cannot unpack` | two inputs need two downstream gradients: `return grad_x, grad_y` |
# | a shape `()` where `(4,)` is expected | return a list with one entry for each input |

# %% [markdown]
# ## 3  The sigmoid, as four nodes and as one
#
# A graph is not unique: you choose where to cut. Here are the four nodes of section 1 again, this time as **flat
# code**: the forward pass with one node on each line, then *the same lines in reverse order*, each turned into
# the line for its gradient. Fill in `sigmoid_by_parts` in `gates.py`.

# %% show=true
z, parts = gates.sigmoid_by_parts(1.0, 1.0)
draw_graph(
    {"a": "·(-1)", "b": "exp", "c": "+1", "z": "1/·"},
    [("x", "a"), ("a", "b"), ("b", "c"), ("c", "z")],
    {"x": 1, **({} if z is None else {"z": z})}, {"z": 1, **parts},
    title="your sigmoid_by_parts(1.0, 1.0)",
);

# %% item="sigmoid_parts" points=3
check("sigmoid_parts")

# %% [markdown]
# Multiply the four local gradients on paper, and use $b = c - 1$ and $z = 1/c$. The result is remarkably short:
#
# $$\frac{dz}{dx} = \underbrace{(-1)}_{\text{1st}}\cdot \underbrace{b}_{\text{2nd}} \cdot \underbrace{1}_{\text{3rd}}\cdot \underbrace{\Bigl(-\frac{1}{c^2}\Bigr)}_{\text{4th}}
# = \frac{c - 1}{c}\cdot\frac{1}{c} = (1 - z)\,z$$
#
# So the four can be *one* node that remembers a single number, its own output. Fill in `sigmoid` and
# `sigmoid_backward`. There is a second gain: inside one node you choose *how* to compute. $e^{-x}$ overflows at
# $x=-800$, although the sigmoid there simply rounds to 0. Find a form that calls `exp` only with exponents that
# are not positive.

# %% show=true
x = np.linspace(-6, 6, 121)
tried = gates.sigmoid(0.0), gates.sigmoid_backward(1.0, 0.0, 0.5)
if ready("sigmoid and sigmoid_backward", *tried):
    curve = [gates.sigmoid(float(a)) for a in x]
    slope = [gates.sigmoid_backward(1.0, float(a), z) for a, z in zip(x, curve)]
    both = {"sigmoid": curve, "its derivative": slope}
    show_curves(both, at=x, xlabel="x", ylabel="", title="from your code")

# %% item="gate_sigmoid" points=2
check("gate_sigmoid")

# %% [markdown]
# The function and the gradient are the same. What did we save? Measure it.

# %% show=true
def seconds_each(function, count=20_000):
    """The time of one call, the best of three rounds."""
    rounds = []
    for _ in range(3):
        start = time.perf_counter()
        for _ in range(count):
            function()
        rounds.append(time.perf_counter() - start)
    return min(rounds) / count


def four_gates():
    a = gates.multiply(0.3, -1.0)
    b = gates.exp(a)
    c = gates.add(b, 1.0)
    z = gates.reciprocal(c)
    grad_c = gates.reciprocal_backward(1.0, c, z)
    grad_b, _ = gates.add_backward(grad_c, b, 1.0, c)
    grad_a = gates.exp_backward(grad_b, a, b)
    return z, gates.multiply_backward(grad_a, 0.3, -1.0, a)[0]


def one_gate():
    z = gates.sigmoid(0.3)
    return z, gates.sigmoid_backward(1.0, 0.3, z)


if works("some of the gates", lambda: None not in (*four_gates(), *one_gate())):
    print("four nodes: value %.6f, gradient %.6f" % four_gates())
    print("one node:   value %.6f, gradient %.6f" % one_gate())
    four, one = seconds_each(four_gates), seconds_each(one_gate)
    print("\n             nodes   numbers kept   forward and backward")
    print(f"four nodes:      4              2   {four * 1e6:17.2f} µs")
    print(f"one node:        1              1   {one * 1e6:17.2f} µs", end="")
    print(f"   ({four / one:.1f} times as fast)")

# %% [markdown]
# ### Written question 1
#
# **(a)** What does the complex node save, and what does it cost? Name at least two savings and one cost. **(b)**
# The four-node form fails at $x = -800$; the one-node form does not have to. Why can a library repair this in
# one node, but not in four? **(c)** Somebody suggests making the *whole network* one node. What are the arguments against
# it?

# %% [markdown] written="complex_primitive" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) Savings: fewer nodes, so one call and one product upstream × local instead of four; one number to remember
# instead of several; the local gradients of the four nodes multiply out to (1 − z) z. Cost: somebody has to derive
# and test this formula by hand, and has to do so again when the function changes. The four simple gates can be
# used everywhere.
#
# (b) The number that fails, e^800, exists only between the nodes. A node has to return what its name says, so
# exp(800) overflows whatever comes after it. One node that contains both the exp and the reciprocal can compute
# the same function in another way, for example e^x / (1 + e^x) for x < 0, where the exponent is never positive.
#
# (c) Then nothing is left of the idea. The whole gradient has to be derived on paper again for every change of the
# network, and the pieces can neither be reused nor tested on their own. Where to cut is a choice between
# flexibility and cost.
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 4  Derivatives without calculus
#
# ### Differences
#
# How do you know that a gradient is right? Nudge, and look. There are two ways to nudge: one step to the right,
# or half of it to each side. Below, the two points are 0.6 apart in both panels. Which of the two dashed lines is
# closer to the tangent?

# %% show=true
def bump(x):
    return math.exp(math.sin(x))


x = np.linspace(-0.2, 1.8, 200)
true = math.cos(0.8) * bump(0.8)
figure, axes = plt.subplots(1, 2, figsize=(10, 3), sharey=True)
ends = {"one-sided": (0.8, 1.4), "symmetric": (0.5, 1.1)}
for ax, (title, (left, right)) in zip(axes, ends.items()):
    slope = (bump(right) - bump(left)) / (right - left)
    tangent, secant = bump(0.8) + true * (x - 0.8), bump(left) + slope * (x - left)
    ax.plot(x, [bump(number) for number in x], color=BLUE, lw=2)
    ax.plot(x, tangent, color=GREY, lw=1, label=f"tangent at 0.8, slope {true:.2f}")
    ax.plot(x, secant, "--", color=RED, label=f"{title}, slope {slope:.2f}")
    ax.plot([left, right], [bump(left), bump(right)], "o", color=RED)
    ax.legend(fontsize=9)
    ax.grid(alpha=0.3)
    describe(
        ax,
        f"The curve exp(sin x). Its tangent at 0.8 has the slope {true:.2f}; the line "
        f"through its points at {left} and {right}, {title}, has slope {slope:.2f}.",
    )
figure.tight_layout()

# %% [markdown]
# $$\text{one-sided:}\quad \frac{f(x + \varepsilon) - f(x)}{\varepsilon} \qquad\qquad \text{symmetric:}\quad \frac{f(x+\varepsilon) - f(x - \varepsilon)}{2\,\varepsilon}$$
#
# (From here on ε is how far each nudge goes, so a symmetric difference with the same ε spans twice the distance.)
#
# Fill in `one_sided`, `symmetric` and, for a function of several numbers, `numeric_gradient` in
# `differences.py`. `f` is any function that you are given.

# %% item="one_sided" points=1
check("one_sided")

# %% item="symmetric" points=1
check("symmetric")

# %% item="numeric_gradient" points=2
check("numeric_gradient")

# %% [markdown]
# How small should ε be? "As small as possible" is the obvious answer, and it is wrong. Move ε down from 0.6 and
# watch the two lines, drawn with your functions. The window shrinks with ε, so the curve soon looks straight.
# Below $10^{-13}$ something else happens to it.

# %% show=true
def secants(eps):
    """The curve within 2 ε of 0.8, its tangent, and your two differences as lines."""
    at, true = 0.8, math.cos(0.8) * bump(0.8)
    figure, ax = plt.subplots(figsize=(7.2, 3.4))
    t = np.linspace(-2, 2, 401)
    shown = [bump(at + float(s) * eps) - bump(at) for s in t]
    ax.plot(t, np.array(shown) / eps, color=BLUE, lw=2, label="the curve")
    ax.plot(t, true * t, color=GREY, lw=1, label=f"tangent, {true:.4f}")
    words = []
    for name, rule, dash, color in (
        ("one-sided", differences.one_sided, "--", RED),
        ("symmetric", differences.symmetric, ":", "black"),
    ):
        slope = rule(bump, at, eps)
        label = f"{name}, {slope:.4f}: error {abs(slope - true):.0e}"
        ax.plot(t, slope * t, dash, color=color, lw=2, label=label)
        words.append(f"{name} difference {slope:.6f}, error {abs(slope - true):.1e}")
    steps = len(set(shown))
    ax.set(xlabel="(x − 0.8) / ε", ylabel="(f(x) − f(0.8)) / ε", title=f"ε = {eps:.1e}")
    ax.legend(fontsize=9, loc="upper left")
    ax.grid(alpha=0.3)
    return describe(
        figure,
        f"At ε = {eps:.1e}: true derivative {true:.6f}; {listed(words)}. In this "
        f"window the computer knows {steps} different values of the curve at 401 places"
        + (": it is a staircase." if steps < 100 else "."),
    )


tried = differences.one_sided(bump, 1.0), differences.symmetric(bump, 1.0)
if ready("one_sided and symmetric", *tried):
    play(secants, eps=Power(0.6, 1e-15, 1.0, 0.2))

# %% [markdown]
# Both errors, from your functions, for ε from $10^{-1}$ down to $10^{-15}$:

# %% show=true
def show_errors(f, slope, bend, twist, at):
    """The errors of both differences over the step; bend and twist are f″ and f‴."""
    eps = np.logspace(-1, -15, 57)
    rules = {"one-sided": differences.one_sided, "symmetric": differences.symmetric}
    error = {
        name: [abs(rule(f, at, float(step)) - slope) + 1e-17 for step in eps]
        for name, rule in rules.items()
    }
    lines = {
        "ε |f″| / 2: slope 1": (eps * abs(bend) / 2, "-", RED),
        "ε² |f‴| / 6: slope 2": (eps**2 * abs(twist) / 6, "--", BLUE),
        "round-off: 10⁻¹⁶ / ε": (1.1e-16 * abs(f(at)) / eps, ":", "black"),
    }
    figure, ax = plt.subplots(figsize=(7.5, 4))
    ax.loglog(eps, error["one-sided"], "o", ms=4, color=RED, label="one-sided, yours")
    ax.loglog(eps, error["symmetric"], "s", ms=4, color=BLUE, label="symmetric, yours")
    for name, (values, dash, color) in lines.items():
        ax.loglog(eps, values, dash, color=color, lw=1, label=name)
    ax.set(xlabel="step ε", ylabel="error of the derivative", ylim=(1e-13, 10))
    ax.set_title("smaller is better, until it is not")
    ax.legend(fontsize=9)
    ax.grid(alpha=0.3)
    words = []
    for name, errors in error.items():
        best = int(np.argmin(errors))
        words.append(f"{name} best at ε = {eps[best]:.0e}: error {errors[best]:.0e}")
        words[-1] += f" ({errors[0]:.0e} at 1e-01, {errors[-1]:.0e} at 1e-15)"
        print(words[-1])
    describe(
        figure,
        "The error of your differences over the step ε, both axes logarithmic. Each "
        f"falls to a lowest point and rises again as ε shrinks. {'; '.join(words)}.",
    )


tried = differences.one_sided(bump, 1.0), differences.symmetric(bump, 1.0)
if ready("one_sided and symmetric", *tried):
    s, c = math.sin(1.0), math.cos(1.0)
    bend, twist = c**2 - s, c**3 - 3 * s * c - c
    show_errors(bump, *(factor * bump(1.0) for factor in (c, bend, twist)), 1.0)

# %% [markdown]
# Read the picture from right to left:
#
# - **On the right, the formula is inexact.** Taylor says
#   $f(x+\varepsilon) = f + \varepsilon f' + \frac{\varepsilon^2}{2} f'' + \frac{\varepsilon^3}{6} f''' + \dots$
#   The one-sided difference is left with the error $\frac{\varepsilon}{2} f''$, which is $O(\varepsilon)$: a step
#   ten times smaller gives an error ten times smaller, a line of slope 1. In the symmetric one the even terms of
#   the two sides cancel. What is left is $\frac{\varepsilon^2}{6} f'''$, which is $O(\varepsilon^2)$: slope 2.
# - **On the left, the computer is inexact.** A float carries 16 digits. $f(x+\varepsilon)$ and $f(x)$ agree in
#   more and more of them as ε shrinks, and their difference is made of the few digits that remain. It has an
#   error of about $10^{-16}$, which is then divided by ε. This **round-off** rises to the left, and it is the same
#   for both.
# - **The best ε lies where the two meet.** For one-sided this is near $10^{-8}$ (where
#   $\varepsilon = 10^{-16}/\varepsilon$), with about 8 correct digits; for symmetric near $10^{-5}$ (where
#   $\varepsilon^2 = 10^{-16}/\varepsilon$), with about 11.
#
# So check gradients with symmetric differences, with ε near $10^{-5}$, in double precision. In single precision,
# which has 7 digits, not much would be left.
#
# ### The plane that touches
#
# Near a point, every smooth surface looks flat. The flat thing that fits best is its **linear approximation**,
# and the gradient is all that it needs:
#
# $$f(p + \Delta) \;=\; f(p) + \sum_i \frac{\partial f}{\partial p_i}\,\Delta_i \;+\; o(\lVert\Delta\rVert)$$
#
# This is what a derivative *is*, for functions of any number of variables: **the one linear map whose error is
# $o(\lVert\Delta\rVert)$**. In words, the error divided by the length of the step goes to 0 as the step does. Any
# other plane through the point has an error that shrinks only as fast as the step itself.
#
# Fill in `linear_approximation`, then see your plane touch.

# %% item="plane" points=1
check("plane")

# %% show=true
def hill(point):
    x, y = point
    return 2.0 - 0.35 * x**2 - 0.55 * y**2 + 0.3 * x * y + 0.25 * math.sin(2 * x)


def plane_at(step):
    """The linear approximation of the hill around `start`, by your functions."""
    return differences.linear_approximation(hill(start), slopes, step)


start = [-0.9, 0.8]
slopes = differences.numeric_gradient(hill, start)
tried = slopes, differences.linear_approximation(1.0, [1.0], [1.0])
if ready("numeric_gradient and linear_approximation", *tried):
    X, Y = np.meshgrid(np.linspace(-2, 2, 41), np.linspace(-2, 2, 41))
    Z = np.vectorize(lambda a, b: hill([a, b]))(X, Y)
    figure = plt.figure(figsize=(11, 4))
    ax = figure.add_subplot(1, 2, 1, projection="3d", computed_zorder=False)
    ax.plot_surface(X, Y, Z, cmap="Blues", linewidth=0)
    PX, PY = np.meshgrid(np.linspace(-0.8, 0.8, 9), np.linspace(-0.8, 0.8, 9))
    plane = np.vectorize(lambda a, b: plane_at([a, b]))(PX, PY)
    orange = {"color": "#e8823a", "alpha": 0.8, "shade": False}
    ax.plot_surface(PX + start[0], PY + start[1], plane, **orange)
    ax.scatter(*start, hill(start), color="black", s=25)
    ax.view_init(24, 165)
    ax.set(xlabel="x", ylabel="y", title="the surface, and your plane")
    ax = figure.add_subplot(1, 2, 2)
    sizes = np.logspace(0, -4, 17)
    steps = [[size / math.sqrt(2), -size / math.sqrt(2)] for size in sizes]
    gap = [abs(hill([start[0] + s, start[1] + t]) - plane_at([s, t])) for s, t in steps]
    ax.loglog(sizes, gap, "o", color=RED, label="surface minus plane")
    ax.loglog(sizes, sizes**2, "--", color=GREY, label="slope 2")
    ax.set(xlabel="length of the step", ylabel="error")
    ax.set_title("ten times nearer, a hundred times better")
    ax.legend()
    ax.grid(alpha=0.3)
    figure.tight_layout()
    describe(
        figure,
        f"Left, a hill and the plane that touches it at {start}, where it is "
        f"{hill(start):.2f} high and has the slopes {listed(slopes)}. Right, the gap "
        f"between hill and plane: {gap[0]:.1e} for a step of {sizes[0]:g}, "
        f"{gap[8]:.1e} for {sizes[8]:g}, {gap[16]:.1e} for {sizes[16]:g}.",
    )

# %% [markdown]
# The error falls with the *square* of the step, so divided by the step it goes to 0, as it should. Now replace every
# node of a graph by its own linear approximation. Linear functions of linear functions are linear, and what is left
# over stays negligible beside the step. So slopes can be passed from node to node, and multiplied: the chain rule.
#
# ### The steepest way up
#
# Which step of length 1 gains most height, by the linear approximation? With $g$ the gradient, the gain is
# $\sum_i g_i \Delta_i = \lVert g\rVert\,\lVert\Delta\rVert \cos\theta$, with θ the angle between the step and the
# gradient. It is largest for θ = 0: **in the direction of the gradient**. The opposite direction goes down most
# steeply. Gradient descent uses nothing else.
#
# Fill in `steepest_ascent`.

# %% item="ascent" points=1
check("ascent")

# %% show=true
def gain(degrees):
    """The height gained by a tiny step in this direction, divided by its length."""
    t = math.radians(degrees)
    moved = [start[0] + 1e-4 * math.cos(t), start[1] + 1e-4 * math.sin(t)]
    return (hill(moved) - hill(start)) / 1e-4


tried = slopes, differences.steepest_ascent([1.0, 0.0])
if ready("numeric_gradient and steepest_ascent", *tried):
    figure, (a, b) = plt.subplots(1, 2, figsize=(10.5, 3.7))
    angles = np.linspace(0, 360, 73)
    gains = [gain(degrees) for degrees in angles]
    step = differences.steepest_ascent(slopes)
    yours = math.degrees(math.atan2(step[1], step[0])) % 360
    a.plot(angles, gains, color=BLUE, label="height gained, per length")
    a.axvline(yours, color=RED, ls="--", label="your direction")
    a.axhline(math.hypot(*slopes), color=GREY, ls=":", label="length of the gradient")
    a.set(xlabel="direction of the step, degrees", title="every direction tried")
    a.legend(fontsize=9)
    a.grid(alpha=0.3)
    path = [start]
    for _ in range(16):
        here = path[-1]
        step = differences.steepest_ascent(differences.numeric_gradient(hill, here))
        path.append([here[0] + 0.12 * step[0], here[1] + 0.12 * step[1]])
    X, Y = np.meshgrid(np.linspace(-1.6, 1.6, 81), np.linspace(-1.6, 1.6, 81))
    heights = np.vectorize(lambda p, q: hill([p, q]))(X, Y)
    b.clabel(b.contour(X, Y, heights, 14, cmap="Blues"), fontsize=7)
    b.plot(*zip(*path), "o-", color=RED, ms=4, label="your path, steps of 0.12")
    b.set(aspect="equal", title="always across the contour lines")
    b.legend(fontsize=9)
    figure.tight_layout()
    best = angles[int(np.argmax(gains))]
    describe(
        figure,
        f"Left, the height gained by a step in each direction, every 5 degrees: most, "
        f"{max(gains):.2f}, at {best:.0f} degrees. Your direction is {yours:.0f} "
        f"degrees, and the gradient is {math.hypot(*slopes):.2f} long. Right, your "
        f"path over the contour lines: in 16 steps from height {hill(path[0]):.2f} "
        f"to {hill(path[-1]):.2f}.",
    )

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | the blue squares lie on the red line | `symmetric` is one-sided |
# | the error of `symmetric` stays large for every ε | a bracket: `/ 2 * eps` divides by 2 and *multiplies* by ε |
# | "a nudge is still there" | set each coordinate back before you nudge the next |
# | the path runs downhill | ascent goes *with* the gradient |

# %% [markdown]
# ## 5  An engine
#
# Gates by hand are fine for ten nodes. For ten thousand, let the numbers remember where they came from. Open
# `scalar.py`: a `Value` holds
#
# - `data`, its number, and `grad`, its gradient, which starts at zero;
# - `inputs`, the Values that it was made from;
# - `local`, the local gradient for each input.
#
# Python lets a class say what `+` and `*` mean for it. Every operation says three things: *its value, where it
# came from, its local gradients*. Here is a solved one:
#
# ```python
# def square(self):
#     return Value(self.data**2, (self,), (2 * self.data,))
# ```

# %% show=true
x = scalar.Value(3.0)
z = -x.square()
print("z =", z)
print("made from", z.inputs, "with local", z.local)
print("and that from", z.inputs[0].inputs, "with local", z.inputs[0].local)

# %% [markdown]
# Nothing has been differentiated yet, but everything that is needed is there: a graph, with a local gradient on
# every wire.
#
# **Your turn.** First the arithmetic: `__add__`, `__sub__`, `__mul__`, `__truediv__`, `__pow__`. You have met
# the local gradients of sum and product as gates. For a difference, ask what a nudge of the second input does. The
# derivative of $x^n$ is $n\,x^{n-1}$, as in school. For the denominator, write $x/y$ as $x \cdot \frac1y$.

# %% item="value_arithmetic" points=3
check("value_arithmetic")

# %% [markdown]
# Then the functions: `exp`, `log`, `tanh` (its derivative is $1 - \tanh^2$), `sigmoid`, `relu` (the larger of 0
# and $x$) and `max`.

# %% item="value_functions" points=3
check("value_functions")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | `TypeError: 'float' object is not iterable` when a gradient is asked for | `local` is a tuple, even for one input: `(slope,)` with the comma |
# | `inputs and local differ in length` or a `zip` error | one local gradient for each input |
# | `AttributeError: 'NoneType' object has no attribute 'data'` | an operation that still returns `None` |
#
# **The graph is built as the code runs.** Nobody declared it. If your code takes another branch or runs its loop
# once more, the next graph is a different one. Such graphs are called *dynamic*, and a library that computes as it
# builds them works *eagerly*. PyTorch does both.

# %% show=true
def halved_until_small(x):
    """How the graph looks depends on the number that comes in."""
    while x.data > 1:
        x = x * 0.5
    return x.exp() if x.data > 0.7 else x + 1.0


def depth(node):
    """The operations from the node to its farthest input (for small graphs)."""
    return 1 + max(map(depth, node.inputs)) if node.inputs else 0


if works("* and exp of Value", lambda: halved_until_small(scalar.Value(3.0)).inputs):
    for number in (0.3, 3.0, 40.0):
        end = halved_until_small(scalar.Value(number))
        print(f"x = {number:4}: depth {depth(end)}, result {end.data:.3f}")

# %% [markdown]
# ### In which order?
#
# Now the backward pass. A node may pass its gradient on only after *all* of it has arrived, from every one of
# its users. So the graph has to be put in an order in which **inputs come before everything that is made from
# them**: a *topological* order. The backward pass reads it from the end.

# %% show=true
draw_graph(
    {"q": "×", "r": "exp", "f": "+"},
    [("x", "q"), ("y", "q"), ("q", "r"), ("r", "f"), ("q", "f")],
    {"x": 1, "y": 2, "q": 2, "r": 7.39, "f": 9.39},
    {"f": 1, ("q", "f"): 1, "r": 1, ("q", "r"): 7.39, "q": "", "x": "", "y": ""},
    title="f = exp(x y) + x y: when may q go?",
    rows={"x": 0, "y": 1.4, "r": 1.4, "q": 0.7, "f": 0.7},
);

# %% [markdown]
# Starting at $f$, both $r$ and $q$ can be reached in one step. If $q$ goes first, it passes on a 1 and misses the
# 7.39 that arrives later through $r$. If it goes both times, each time with all it has, it passes on too much. In
# the right order, $x, y, q, r, f$, it goes once, with $1 + 7.39 = 8.39$.
#
# A recipe for such an order: *to visit a node, first visit those of its inputs that have not been visited; then
# write the node down.* Written like this, it is a function that calls itself. For small graphs that is fine. But
# Python gives up when calls are nested about a thousand deep:

# %% show=true
def down(n):
    return 0 if n == 0 else 1 + down(n - 1)


for deep in (100, 100_000):
    try:
        print(f"{deep:7,} calls deep: {down(deep)}")
    except RecursionError as error:
        print(f"{deep:7,} calls deep: {type(error).__name__}")

# %% [markdown]
# **A graph can be a million nodes deep.** So do not let Python remember what is still to be done; keep a list of
# your own. A node comes up in this list twice: first it is *opened*, which puts its inputs on the list; when it
# comes up again, its inputs are all written down, and it is *closed*: it is written down itself. Here is the
# list for the graph above, by hand. You take from its right-hand end, and put back there:
#
# | the list | you take | you do | written down |
# | --- | --- | --- | --- |
# | f | f, to open | put back f, to close, and its inputs r and q | |
# | **f**, r, q | q, to open | put back q, to close, and its inputs x and y | |
# | **f**, r, **q**, x, y | y, then x | they have no inputs: write them down | y, x |
# | **f**, r, **q** | q, to close | write it down | y, x, q |
# | **f**, r | r, to open | put back r, to close; its input q is written down already | |
# | **f**, **r** | r, then f, to close | write them down | y, x, q, r, f |
#
# (Bold: opened already.) Two questions to settle before you write any code: how does your list tell a node to
# open from a node to close? And what happens if a node is put on the list by two users before it is opened?
#
# Fill in `topological`. There are many right orders, and any of them will do.

# %% item="value_order" points=3
check("value_order")

# %% [markdown]
# ### A value used twice
#
# Fill in `backward`:
#
# 1. sort;
# 2. set all gradients in the graph to zero;
# 3. the base case;
# 4. walk back: every node gives each of its inputs `upstream * local`.
#
# And remember the copy gate: what arrives is **added** to what is already there.

# %% item="value_backward" points=3
check("value_backward")

# %% [markdown]
# Watch your engine walk through $f = e^{xy} + xy$. The order is the one that *your* `topological` returns, and
# the gradients are *yours*. Press play, or move the slider. A node's own gradient appears as soon as all its
# users have passed theirs on; until then it has a question mark.

# %% show=true
def engine_works():
    """Whether there is enough of the engine to draw something with it."""
    z = scalar.Value(2.0) * 3.0 + 1.0
    return z is not None and scalar.topological(z)


def walk_of(f, names):
    """A picture of the first steps of the backward pass. names: Value -> its name."""
    order = [node for node in reversed(scalar.topological(f)) if node in names]
    f.backward()
    users = {node: [user for user in order if node in user.inputs] for node in order}

    def picture(step):
        done = order[:step]
        grads = {names[f]: f.grad}
        for node in order:
            for user in users[node]:
                local = user.local[user.inputs.index(node)]
                arrived = user in done
                if len(users[node]) > 1:
                    back = local * user.grad if arrived else None
                    grads[names[node], names[user]] = back
            if users[node]:
                ready = all(user in done for user in users[node])
                grads[names[node]] = node.grad if ready else None
        last = names[done[-1]] if done else ""
        text = f"step {step}: {last} passes its gradient on" if done else "no step yet"
        return draw_graph(
            {"q": "×", "r": "exp", "f": "+"},
            [("x", "q"), ("y", "q"), ("q", "r"), ("r", "f"), ("q", "f")],
            {name: node.data for node, name in names.items()},
            grads,
            title=text,
            highlight=[names[n] for n in order if done and done[-1] in users[n]],
            rows={"x": 0, "y": 1.4, "r": 1.4, "q": 0.7, "f": 0.7},
        )

    return picture, len([node for node in order if node.inputs])


if works("Value, topological and backward", engine_works):
    x, y = scalar.Value(1.0), scalar.Value(2.0)
    q = x * y
    r = q.exp()
    f = r + q
    picture, last = walk_of(f, {x: "x", y: "y", q: "q", r: "r", f: "f"})
    play(picture, step=Steps(last, start=last))

# %% show=true
if works("Value and its backward", engine_works):
    w0, x0, w1, x1, w2 = map(scalar.Value, (2.0, -1.0, -3.0, -2.0, -3.0))
    f = (w0 * x0 + w1 * x1 + w2).sigmoid()
    f.backward()
    by_hand = {"w0": -0.20, "x0": 0.39, "w1": -0.39, "x1": -0.59, "w2": 0.20}
    for (name, number), value in zip(by_hand.items(), (w0, x0, w1, x1, w2)):
        print(f"df/d{name} = {value.grad:7.4f}   by hand, in section 1: {number:5.2f}")

# %% [markdown]
# ### Twice in a row
#
# Training calls `backward` thousands of times. What happens to the gradients of the previous call? In this course,
# **`backward` forgets them**: step 2 above. (PyTorch adds to what is there, and leaves it to you to call
# `zero_grad`. Forgetting *that* is a classic mistake.) There is nothing new to write if your
# step 2 resets *every* node behind the one that `backward` starts from, those in the middle, too: it may start from
# the same end again, or from a different node.

# %% item="value_again" points=2
check("value_again")

# %% [markdown]
# Now depth. Here is a chain of a million negations:

# %% show=true
def chain(length):
    x = node = scalar.Value(1.0)
    for _ in range(length):
        node = -node
    start = time.perf_counter()
    node.backward()
    return x.grad, time.perf_counter() - start


if works("topological and backward", lambda: chain(10)[0]):
    try:
        print("1,000,000 nodes deep: gradient %.0f in %.1f s" % chain(1_000_000))
    except RecursionError:
        print("RecursionError: topological calls itself. Keep a list of your own.")

# %% item="value_deep" points=1
check("value_deep")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | $x^2$ has the gradient $x$ instead of $2x$ | `=` where `+=` belongs |
# | right for trees, wrong where a value in the middle has two users | the order |
# | twice as much after a second call | step 2; is it before the walk, and for *all* nodes? |
# | a check that takes forever | your traversal follows every path; visit each node only once |
# | `RecursionError` | a function that calls itself for every input |
#
# ### The sigmoid once more
#
# With the engine, either form of the sigmoid is one line:

# %% show=true
def four_nodes(x):
    return 1.0 / ((-x).exp() + 1.0)


def one_node(x):
    return x.sigmoid()


def walked(build):
    """At 0.3: value, gradient, the number of operations, the µs of both passes."""
    x = scalar.Value(0.3)
    z = build(x)
    z.backward()
    operations = sum(1 for node in scalar.topological(z) if node.inputs)

    def run():
        x = scalar.Value(0.3)
        build(x).backward()

    return z.data, x.grad, operations, seconds_each(run, 3000) * 1e6


def both_forms_work():
    x = scalar.Value(0.3)
    return engine_works() and one_node(x).inputs and four_nodes(x)


if works("Value and its backward", both_forms_work):
    for name, form in (("four nodes", four_nodes), ("one node", one_node)):
        value, grad, operations, time_each = walked(form)
        print(f"{name:10s}: value {value:.6f}, gradient {grad:.6f}, ", end="")
        print(f"{operations} operation{'s' * (operations > 1)}, {time_each:.1f} µs")

# %% [markdown]
# ## 6  A network of Values
#
# Fill in `neuron`, at the end of `scalar.py`: weighted sum plus bias, then tanh. You will not write another line
# of gradient code for any network made of it.

# %% item="neuron" points=1
check("neuron")

# %% [markdown]
# Here is a toy problem that no straight line can solve: is a point inside the ring? Six neurons look at the two
# coordinates, and one neuron looks at the six.

# %% show=true
draw = random.Random(3)
points, labels = [], []
for k in range(60):
    radius = draw.uniform(0, 0.5) if k % 2 else draw.uniform(0.75, 1.0)
    angle = draw.uniform(0, 2 * math.pi)
    points.append([radius * math.cos(angle), radius * math.sin(angle)])
    labels.append(1.0 if k % 2 else -1.0)


def new_network(number, hidden=6, seed=3):
    """Random (weights, bias) of each neuron, layer by layer; number: Value or Var."""
    draw = random.Random(seed)

    def neuron(inputs):
        weights = [number(draw.gauss(0, 1)) for _ in range(inputs)]
        return weights, number(draw.gauss(0, 0.5))

    return [[neuron(2) for _ in range(hidden)], [neuron(hidden)]]


def answer(network, point):
    hidden = [scalar.neuron(w, point, b) for w, b in network[0]]
    ((w, b),) = network[1]
    return scalar.neuron(w, hidden, b)


def parameters(network):
    return [p for layer in network for w, b in layer for p in [*w, b]]


def loss_of(network):
    """The mean squared distance between answers and labels."""
    total = scalar.Value(0.0)
    for point, label in zip(points, labels):
        total = total + (answer(network, point) - label) ** 2
    return total * (1 / len(points))


def train(network, steps, lr, keep):
    """Gradient descent. Returns the losses, and the numbers at the steps in `keep`."""
    losses, kept = [], {}
    for step in range(steps + 1):
        if step in keep:
            kept[step] = [
                [([p.data for p in w], b.data) for w, b in layer] for layer in network
            ]
        loss = loss_of(network)
        loss.backward()
        losses.append(loss.data)
        for p in parameters(network):
            p.data -= lr * p.grad
    return losses, kept


def draw_border(ax, numbers, title):
    """The network's answer everywhere, computed from its numbers, and the points."""
    grid = np.linspace(-1.15, 1.15, 90)
    X, Y = np.meshgrid(grid, grid)
    hidden = [np.tanh(w[0] * X + w[1] * Y + b) for w, b in numbers[0]]
    ((w, b),) = numbers[1]
    Z = np.tanh(sum(weight * h for weight, h in zip(w, hidden)) + b)
    ax.contourf(X, Y, Z, levels=np.linspace(-1, 1, 11), cmap="RdBu", alpha=0.7)
    ax.contour(X, Y, Z, levels=[0], colors="black", linewidths=2)
    for sign, mark, color in ((1.0, "o", BLUE), (-1.0, "^", RED)):
        chosen = [p for p, label in zip(points, labels) if label == sign]
        ax.plot(*zip(*chosen), mark, color=color, mec="white", ms=6)
    ax.set(title=title, aspect="equal", xticks=[], yticks=[])
    share, middle = (Z > 0).mean(), Z[45, 45]
    describe(
        ax,
        f"{title}. The network says inside on {share:.0%} of the square"
        f"{', the middle included' if middle > 0 else ', the middle not included'}.",
    )


def network_works():
    loss = loss_of(new_network(scalar.Value))
    return isinstance(loss, scalar.Value) and scalar.topological(loss)


if works("neuron, and the engine behind it", network_works):
    network = new_network(scalar.Value)
    start_time = time.perf_counter()
    losses, kept = train(network, 80, 0.3, (0, 10, 40, 80))
    took = time.perf_counter() - start_time
    said = [answer(network, p).data > 0 for p in points]
    right = sum(a == (label > 0) for a, label in zip(said, labels))
    nodes = len(scalar.topological(loss_of(network)))
    print(f"{len(parameters(network))} parameters, {nodes:,} nodes a step, ", end="")
    print(f"80 steps in {took:.1f} s; {right} of {len(points)} points right")
    figure, axes = plt.subplots(1, 4, figsize=(12, 3.2))
    for ax, (step, numbers) in zip(axes, kept.items()):
        draw_border(ax, numbers, f"step {step}: loss {losses[step]:.2f}")
    figure.tight_layout()
    show_curves({"loss": losses}, title="your engine, learning")

# %% [markdown]
# Blue circles are inside, red triangles outside; the black line is where the network changes its answer. Nobody
# told it about rings. (Not every start ends this well: try another `seed` in `new_network`, or another learning
# rate in `train`.)
#
# ### Written question 2
#
# **(a)** Your `backward` walks a topological order from its end. Take $f = e^{xy} + xy$ and describe precisely
# what comes out wrong, and why, if $q = xy$ is walked before $r = e^{q}$. **(b)** A colleague's engine does
# not remember which nodes it has visited, and follows each path separately, carrying the product of the local
# gradients along that path alone. For which graphs is its result right all the same, and what does it cost for a
# chain of $n$ nodes that each use the previous one twice? **(c)** Why does the gradient of a value that
# is used twice have to be the *sum*? Argue with a nudge.

# %% [markdown] written="order_and_sum" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) When q goes first, only the gradient of its direct path to f has arrived, a 1. It passes 1·y to x and 1·x to y,
# and is done. Afterwards r passes e^q on to q. So q.grad is right in the end, 1 + e^q, but nobody passes that on, so
# x and y lack the parts e^q·y and e^q·x.
#
# (b) If each path is followed separately, with the product of the local gradients along it, the sum over all paths
# is right for every graph. Without sharing (a tree) there is just one path to each node, and it costs nothing extra.
# With n nodes that each use the previous one twice there are 2^n paths: exponential, where the topological walk
# takes n steps.
#
# (c) Nudge x by a little h. The first user's input changes by h, which alone changes the end by g1·h; the second
# likewise by g2·h. Both happen at once, and to first order the effects of small changes add up: (g1 + g2)·h.
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 7  Make it fast
#
# Your engine spends most of its time on things that are not arithmetic: sorting, tuples, loops over pairs. Look
# closely, and the sort is not needed at all. **A value can only be made from values that already exist**, so the
# order in which they are *made* is a topological order. It is enough to write every new node on a **tape**, and
# to walk the tape from its end.
#
# Open `tape.py`. A `Var` has at most two inputs, `a` and `b`, with local gradients `da` and `db`, and writes
# itself on the list `TAPE`. `__add__` is solved. Fill in `__mul__`, `relu` and `backward`. (The tape would grow
# forever; `forget(mark)` cuts it back to its first `mark` entries.)

# %% item="tape" points=3
check("tape")

# %% [markdown]
# You know the second idea from section 3: **a complex node**. A neuron's sum $w_0x_0 + w_1x_1 + \dots + b$ takes
# $2n$ nodes. As *one* node, `dot`, it writes one entry, which remembers the numbers that went in. Fill in `dot`.
# Its inputs and local gradients go into `more`, so your `backward` needs one more branch.

# %% item="tape_dot" points=2
check("tape_dot")

# %% [markdown]
# What is it worth? Here is the same net, forward and backward, on three engines. They run in turn, so that
# all three meet the same machine load; we report medians.

# %% show=true
def relu_net(network, point, weighted):
    x = point
    for layer in network:
        x = [weighted(w, x, b).relu() for w, b in layer]
    return x[0]


def by_parts(w, x, b):
    total = b
    for weight, entry in zip(w, x):
        total = total + weight * entry
    return total


def pass_of(engine, weighted):
    number = scalar.Value if engine is scalar else tape.Var
    draw = random.Random(2)

    def neuron(inputs):
        return [number(draw.gauss(0, 1)) for _ in range(inputs)], number(0.1)

    sizes = ((2, 16), (16, 16), (16, 1))
    network = [[neuron(inputs) for _ in range(outputs)] for inputs, outputs in sizes]

    def run(mark):
        tape.forget(mark)
        total = 0.0
        for point in points[:10]:
            total = relu_net(network, point, weighted) + total
        total.backward()
        return total.data, network[0][0][0][0].grad

    return run


def race():
    """The median times of the three engines, after making sure that they agree."""
    tape.forget(0)
    runs = {
        "Value, sorted": pass_of(scalar, by_parts),
        "Var on the tape": pass_of(tape, by_parts),
        "Var with dot": pass_of(tape, tape.dot),
    }
    mark = len(tape.TAPE)  # both tape networks' parameters are on the tape before it
    found = [run(mark) for run in runs.values()]
    seconds = {name: [] for name in runs}
    for _ in range(9):
        for name, run in runs.items():
            begin = time.perf_counter()
            run(mark)
            seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(times) for name, times in seconds.items()}, found


if works("tape.py, and the engine in scalar.py", lambda: race()[0]):
    medians, found = race()
    agree = max(abs(a - b) for answer in found for a, b in zip(answer, found[0])) < 1e-9
    operations = 10 * (2 * (2 * 16 + 16 * 16 + 16) + 33 + 1)
    figure, ax = plt.subplots(figsize=(7, 2.2))
    names = list(medians)
    rates = [operations / medians[name] / 1e6 for name in names]
    bars = ax.barh(names, rates, color=[RED, BLUE, BLUE], alpha=0.8)
    ax.bar_label(bars, [f" {rate:.2f}  ({rate / rates[0]:.1f}×)" for rate in rates])
    ax.set(xlim=(0, max(rates) * 1.25))
    ax.set_xlabel("million operations a second, forward and backward")
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    print("all three agree" if agree else "they do NOT agree: one of them is wrong")

# %% [markdown]
# PyTorch does the same two things on a larger scale. It records a tape as you compute, and its nodes are as
# complex as possible: whole matrix products. The next notebooks go there.
#
# | you see | look at |
# | --- | --- |
# | right once, then too large | gradients of the last walk: first set everything on the tape back to zero |
# | wrong only where `x` is a list of plain numbers | those have no `grad`, and need none |
# | "more than one node" | a `dot` made of `+` and `*` writes all of them on the tape |
# | hardly any faster | work in `__mul__` that can wait, or that nobody needs |

# %% [markdown]
# ## 8  Key points
#
# - **downstream = upstream × local**, at every node, from the end to the beginning, starting with 1.
# - **Add distributes, multiply swaps, max routes, copy adds up.** A value that is used twice adds up two gradients.
# - What a backward function uses is what has to be **remembered** from the forward pass.
# - You choose where to cut. A **complex node** saves time and memory and can be computed safely; simple ones can be
#   used everywhere.
# - **Check with symmetric differences**, ε near $10^{-5}$: the formula's error falls with $\varepsilon^2$, round-off
#   rises with $1/\varepsilon$.
# - A derivative is the **linear map** whose error is $o(\lVert\Delta\rVert)$. The gradient points the steepest way
#   up.
# - An engine is a graph plus a **topological order**. The graph is built as the code runs, and whoever records a
#   **tape** gets the order for free.
#
# ### Hand in
#
# 1. Restart the kernel and run everything (*Run* → *Run All Cells*), to be sure that it works from the top. Save
#    the notebook and the four files.
# 2. Make the file to hand in: remove the two `# ` in the cell below and run it. It checks that
#    everything is there and writes one zip.
# 3. Upload that zip. You may do so as often as you like before the deadline; the last one counts.

# %%
# from toolbox import submit
# submit("scalar")
