# ---
# jupyter:
#   backprop_kit: {assignment: scalar, modules: [gates, differences, scalar, tape], order: 1}
# ---

# %% [markdown]
# # Backpropagation with plain numbers
#
# Everything that trains a network today, however large, rests on one small idea: **cut the computation into pieces so
# simple that each one knows its own slope, and let the pieces pass slopes to each other.** In this notebook every value is
# a single number, so that you can see all of it. By the end you will have
#
# - foretold every gradient of a small graph and of a neuron, before any code ran;
# - written the gates of which graphs are made, each with its way back;
# - measured slopes without calculus, and seen where that goes wrong;
# - built an engine that finds the gradients of *any* expression by itself, and trained a network with it;
# - made that engine some ten times as fast.
#
# You need: derivatives from school, the chain rule among them, and a little Python. Allow five to six hours; the sections stand
# on their own, so stop wherever you like.

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
        "the course is not here: open this notebook in its folder, or set `release` above"
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
from toolbox.draw import draw_graph, show_curves, show_graph_steps

BLUE, RED, GREY = "#00558c", "#b34700", "#777777"


def ready(what, *answers):
    """True once none of the answers is None; until then it says what is missing."""
    if any(answer is None for answer in answers):
        print(f"Nothing to show yet. Still to be written: {what}")
        return False
    return True


def works(what, trial):
    """True once `trial()` runs and returns something true; until then it says what is missing."""
    problem = ""
    try:
        done = bool(trial())
    except Exception as error:  # mostly a None where a number or a Value belongs
        done, problem = False, f" ({type(error).__name__}: {error})"
    if not done:
        print(f"Nothing to show yet. Still to be written, or to be repaired: {what}{problem}")
    return done


# %% [markdown]
# ## 0  How this works
#
# **Where you write.** Numbers and words go into this notebook, wherever you see `# YOUR CODE HERE`. Code goes into four short
# files beside it in `lib/backprop/`: `gates.py`, `differences.py`, `scalar.py` and `tape.py`. Save a file and run the next cell; the
# notebook picks up the new version by itself.
#
# **How you know that it is right.** Below every task stands a cell like `check("gate_add")`. Run it as often as you want: it
# shows what was tried, whether it came out right and, if not, what people who saw this usually had done. The grading runs the
# same checks and some more of the same kind with other numbers.
#
# | you see | look at |
# | --- | --- |
# | `StopIteration` in the first cell | the notebook lies outside the course's folder: it must stand below the folder that holds `lib` |
# | a check still shows the old result | the file is not saved; or restart the kernel (menu *Kernel*) and run from the top |
# | `SyntaxError` or `IndentationError` from one of the files | the line it names, and the one above: often an open bracket or a mixed indent |
# | "Nothing to show yet" | not an error: that picture is drawn with your code, once it exists |

# %% [markdown]
# ## 1  Numbers on a graph
#
# Take $f = a\,b + c$ at $a = 2,\ b = -3,\ c = 10$. Draw it: every operation is a **node**, every value a **wire**. From left to
# right, write the values in blue *above* the wires: the **forward pass**. Then from right to left, in red *below* each wire, how fast $f$
# moves with the value on that wire: its **gradient**. That is the **backward pass**. The yellow wires are the ones just filled in.

# %% show=true
nodes, edges = {"p": "×", "f": "+"}, [("a", "p"), ("b", "p"), ("p", "f"), ("c", "f")]
values = {"a": 2, "b": -3, "c": 10, "p": -6, "f": 4}
show_graph_steps(nodes, edges, values, [
    ("forward pass done, no gradient known", {}, []),
    ("1. base case: f moves exactly with f", {"f": 1}, ["f"]),
    ("2. at +: local 1 for both, so 1 · 1", {"f": 1, "p": 1, "c": 1}, ["p", "c"]),
    ("3. at ×: local is the other input, so 1 · b and 1 · a", {"f": 1, "p": 1, "c": 1, "a": -3, "b": 2}, ["a", "b"]),
]);

# %% [markdown]
# At every node the same thing happens:
#
# $$\text{downstream} \;=\; \text{upstream} \times \text{local}$$
#
# - **upstream**: the gradient on the node's output wire, already known. How fast does the end move with this node's output?
# - **local**: the node's own slope. How fast does its output move with one of its inputs?
# - **downstream**: the product, for the input wire. It is the upstream gradient of whatever stands to the left.
#
# Why a product? If the end moves 3 times as fast as $p$, and $p$ moves 2 times as fast as $b$, the end moves 6 times as fast as $b$. Nothing more is in the
# chain rule.
#
# Is $\partial f/\partial a$ really $-3$? Nudge $a$ by a thousandth: $f$ goes from $4$ to $2.001 \cdot (-3) + 10 = 3.997$. It moved by $-0.003$, which is $-3$ times
# the nudge. A gradient says no more than that, and no less.
#
# ### Foretell: a sum and a product
#
# Now the classic of the lecture, $f = (x + y)\,z$ at $x = -2,\ y = 5,\ z = -4$, with $q = x + y$. **On paper**: values first, then gradients from right to
# left. Then fill in your numbers, and see them in the graph below.

# %% solution="predict_sum"
# predicted maps each name to your number: q, f, df_dq, df_dz, df_dx, df_dy. For example: predicted["q"] = ...
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
draw_graph(
    {"q": "+", "f": "×"}, [("x", "q"), ("y", "q"), ("q", "f"), ("z", "f")],
    {"x": -2, "y": 5, "z": -4, **{name: predicted[name] for name in "qf" if name in predicted}},
    {"f": 1, **{name: predicted[f"df_d{name}"] for name in "qzxy" if f"df_d{name}" in predicted}},
    title="f = (x + y) z",
);

# %% item="predict_sum" points=2
check("predict_sum")

# %% [markdown]
# ### Foretell: a neuron
#
# A logistic neuron weighs two inputs, adds a bias and squashes the sum: $f = \sigma(w_0 x_0 + w_1 x_1 + w_2)$ with
# $\sigma(s) = 1/(1 + e^{-s})$. Cut the σ into four nodes:
#
# $$a = -s, \qquad b = e^{a}, \qquad c = 1 + b, \qquad f = 1/c$$
#
# Their local gradients: $-1$ for the first; $e^a$, which is $b$ itself, for the second; $1$ for the third; $-1/c^2$ for the last. All else you
# know. The sum is given: $s = 2\cdot(-1) + (-3)\cdot(-2) - 3 = 1$. Two decimals are enough; take a pocket calculator for $e^{-1}$.
#
# Start at the right with the 1, and do not skip a node.

# %% solution="predict_neuron"
# traced maps s, a, b, c, f to values, and df_dc, df_db, df_da, df_ds, df_dw0, df_dx0, df_dw1, df_dx1, df_dw2 to gradients.
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
given = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3, **{name: traced[name] for name in "sabcf" if name in traced}}
found = {name.removeprefix("df_d"): number for name, number in traced.items() if name.startswith("df_d")}
draw_graph(
    {"m0": "×", "m1": "×", "s2": "+", "s": "+"},
    [("w0", "m0"), ("x0", "m0"), ("w1", "m1"), ("x1", "m1"), ("m0", "s2"), ("m1", "s2"), ("s2", "s"), ("w2", "s")],
    given, {"m0": "", "m1": "", "s2": "", **found}, title="a logistic neuron, your numbers: the weighted sum …",
)
draw_graph({"a": "·(-1)", "b": "exp", "c": "+1", "f": "1/·"}, [("s", "a"), ("a", "b"), ("b", "c"), ("c", "f")],
           given, {"f": 1, **found}, title="… and the sigmoid");

# %% item="predict_neuron" points=3
check("predict_neuron")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | `x0` right and `w0` wrong, or the other way round | × *swaps*: each input gets the other one's value |
# | everything from `df_da` on has the wrong size | the node exp: what is its slope at $a$? |
# | everything on the left has the wrong sign | one of the two minus signs: at $1/c$, and at $-s$ |
# | right to one decimal only | rounding on the way: keep three digits until the end |

# %% [markdown]
# ## 2  Gates
#
# Each kind of node is a **gate**: a pair of functions, one for each direction. The forward function gets the inputs. The backward function
# gets the upstream gradient `grad_out`, then the inputs, then the output `z`, and returns the downstream gradients, one for each input. Here is the solved
# one, as it stands at the top of `gates.py`:
#
# ```python
# def square(x):
#     z = x * x
#     return z
#
# def square_backward(grad_out, x, z):
#     local = 2 * x                  # the slope of a square
#     grad_x = grad_out * local      # downstream = upstream * local
#     return grad_x
# ```

# %% show=true
x, grad_out = 3.0, 5.0
z = gates.square(x)
print("forward ", z)
print("backward", gates.square_backward(grad_out, x, z), " by nudging:", grad_out * (gates.square(x + 1e-6) - z) / 1e-6)

# %% [markdown]
# A backward function may use whatever it is given, but seldom needs all of it. **Which of its arguments a gate uses is what it has to remember
# from the forward pass**, and with a million gates that is your memory.
#
# ### Four that you should know in your sleep
#
# Fill in `add`, `multiply`, `copy` and `maximum` in `gates.py`, forward and backward. One thought for each, if you need it:
#
# - **add**: nudge $x$ in $x + y$. How far does the sum move?
# - **multiply**: nudge $x$ in $x\,y$. How far does the product move?
# - **copy**: one value goes to two users, and from each a gradient comes back. Nudge the value: *both* users feel it.
# - **maximum**: nudge the larger, then the smaller of the two. Which one moves the output? (At a tie, $x = y$, there is a kink: every way to
#   divide the gradient is right there, and no check depends on it.)

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
# The same inputs for each, 3 and −5, and the same upstream gradient 7 (for copy: 7 from one user and 4 from the other). The red numbers are your
# gates' own.

# %% show=true
figure, axes = plt.subplots(2, 2, figsize=(11, 4.6))
for ax, (name, sign) in zip(axes.flat, {"add": "+", "multiply": "×", "maximum": "max"}.items()):
    z = getattr(gates, name)(3.0, -5.0)
    grad_x, grad_y = getattr(gates, f"{name}_backward")(7.0, 3.0, -5.0, z)
    draw_graph({"z": sign}, [("x", "z"), ("y", "z")], {"x": 3, "y": -5, **({} if z is None else {"z": z})},
               {"z": 7, "x": grad_x, "y": grad_y}, title=name, ax=ax)
draw_graph({"c": "copy", "first": "user", "second": "user"}, [("x", "c"), ("c", "first"), ("c", "second")], {"x": 3},
           {"x": gates.copy_backward(7.0, 4.0, 3.0), ("c", "first"): 7, ("c", "second"): 4, "c": "", "first": "", "second": ""},
           title="copy", ax=axes[1, 1], rows={"first": 0, "second": 1, "x": 0.5, "c": 0.5})
figure.tight_layout()

# %% [markdown]
# Four patterns, with four names: gradient **distributor**, gradient **adder**, **swap multiplier**, gradient **router**. Which gate is which? Look at the red
# numbers, and give each gate its name.

# %% solution="patterns"
# patterns maps "add", "copy", "multiply" and "max" to "distributor", "adder", "swap multiplier" or "router".
patterns = {}
### BEGIN SOLUTION
patterns = {"add": "distributor", "copy": "adder", "multiply": "swap multiplier", "max": "router"}
### END SOLUTION

# %% item="patterns" points=2
check("patterns")

# %% [markdown]
# Note how add and copy mirror each other: what adds forward copies backward, and what copies forward adds backward. This is no accident, and the second half is the
# most forgotten rule of backpropagation: **a value used twice collects twice.**
#
# ### One input each
#
# Now the curved ones: `reciprocal`, `exp` and `log`. Their slopes are the school's: $-1/x^2$, $e^x$, $1/x$. A glance at the curves helps against the usual slips: which
# slopes are negative, which grow, which shrink?

# %% show=true
x = np.linspace(0.25, 3, 100)
figure, axes = plt.subplots(1, 3, figsize=(11, 2.6))
for ax, (title, curve, slope) in zip(axes, [("1/x", 1 / x, -1 / x**2), ("exp(x)", np.exp(x), np.exp(x)), ("log(x)", np.log(x), 1 / x)]):
    at = 45
    ax.plot(x, curve, color=BLUE, lw=2)
    ax.plot(x[at] + np.array([-0.6, 0.6]), curve[at] + slope[at] * np.array([-0.6, 0.6]), "--", color=RED)
    ax.plot(x[at], curve[at], "o", color=RED)
    ax.set_title(f"{title}: slope {slope[at]:.2f} at x = {x[at]:.1f}", fontsize=10)
    ax.grid(alpha=0.3)
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
# `total` adds up a list and `mean` averages it; each backward function returns a **list**, one number for each input. The mean is a sum followed by a division: two nodes
# in one, so two local gradients multiplied.

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
# | `TypeError: cannot unpack` | two inputs, so two downstream gradients: `return grad_x, grad_y` |
# | a shape `()` where `(4,)` is due | a list with one entry for each input |

# %% [markdown]
# ## 3  The sigmoid, as four nodes and as one
#
# A graph is not unique. You choose where to cut. Here are the four nodes of section 1 again, as flat code: first forward, a node a line, then the *same lines backward*. Fill in
# `sigmoid_by_parts` in `gates.py`.

# %% show=true
z, parts = gates.sigmoid_by_parts(1.0, 1.0)
draw_graph({"a": "·(-1)", "b": "exp", "c": "+1", "z": "1/·"}, [("x", "a"), ("a", "b"), ("b", "c"), ("c", "z")],
           {"x": 1, **({} if z is None else {"z": z})}, {"z": 1, **parts}, title="your sigmoid_by_parts(1.0, 1.0)");

# %% item="sigmoid_parts" points=3
check("sigmoid_parts")

# %% [markdown]
# Multiply the four local gradients on paper, and use $b = c - 1$ and $z = 1/c$. What comes out is remarkably short:
#
# $$\frac{dz}{dx} = \underbrace{(-1)}_{\text{1st}}\cdot \underbrace{b}_{\text{2nd}} \cdot \underbrace{1}_{\text{3rd}}\cdot \underbrace{\Bigl(-\frac{1}{c^2}\Bigr)}_{\text{4th}}
# = \frac{c - 1}{c}\cdot\frac{1}{c} = (1 - z)\,z$$
#
# So the four can be *one* node that remembers a single number, its own output. Fill in `sigmoid` and `sigmoid_backward`. There is a second gain: with one node you choose *how* to compute. $e^{-x}$
# overflows at $x=-800$, although the sigmoid there is a perfectly ordinary 0. Find a form that calls `exp` only with exponents below zero.

# %% show=true
x = np.linspace(-6, 6, 121)
if ready("sigmoid and sigmoid_backward", gates.sigmoid(0.0), gates.sigmoid_backward(1.0, 0.0, 0.5)):
    curve = [gates.sigmoid(float(number)) for number in x]
    slope = [gates.sigmoid_backward(1.0, float(number), z) for number, z in zip(x, curve)]
    show_curves({"sigmoid": curve, "its slope": slope}, at=x, xlabel="x", ylabel="", title="from your code")

# %% item="gate_sigmoid" points=2
check("gate_sigmoid")

# %% [markdown]
# Same function, same gradient. What did we save? Measure.

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
    print(f"\n             nodes   numbers kept   forward and backward\nfour nodes:      4              2   {four * 1e6:17.2f} µs")
    print(f"one node:        1              1   {one * 1e6:17.2f} µs   ({four / one:.1f} times as fast)")

# %% [markdown]
# ### Written question 1
#
# **(a)** What does the complex node save, and what do you pay for it? Name at least two savings and one price. **(b)** The four-node form fails at $x = -800$, the one-node form need not. Why can a
# library repair this in one node, and not in four? **(c)** Somebody proposes to make the *whole network* one node. What speaks against it?

# %% [markdown] written="complex_primitive" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) Fewer nodes: one call and one product upstream × local instead of four, and one number remembered instead of several; the local gradients of the four multiply out to (1 − z) z. The price:
# somebody has to derive and test that formula by hand, and a change of the function means deriving it again; the four simple gates serve everywhere.
#
# (b) The failing number, e^800, exists only between the nodes. A node must deliver what its name says, so exp(800) overflows whatever comes after. One node that knows both the exp and the reciprocal can
# compute the same function in another way, e.g. e^x / (1 + e^x) for x < 0, where the exponent is never positive.
#
# (c) Then nothing is left of the idea: the whole gradient must be derived on paper again, for every change of the network; pieces can neither be reused nor tested by themselves. The cut is a choice
# between flexibility and cost.
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 4  Slopes without calculus
#
# ### Differences
#
# How do you know that a gradient is right? Nudge, and look. There are two ways to nudge: one step to the right, or one to either side. Which of the two dashed lines is closer to the tangent?

# %% show=true
def bump(x):
    return math.exp(math.sin(x))


x = np.linspace(-0.2, 1.8, 200)
figure, axes = plt.subplots(1, 2, figsize=(10, 3), sharey=True)
for ax, (title, left, right) in zip(axes, [("one-sided", 0.8, 1.4), ("symmetric", 0.2, 1.4)]):
    ax.plot(x, [bump(number) for number in x], color=BLUE, lw=2)
    slope = (bump(right) - bump(left)) / (right - left)
    true = math.cos(0.8) * bump(0.8)
    ax.plot(x, bump(0.8) + true * (x - 0.8), "-", color=GREY, lw=1, label=f"tangent at 0.8, slope {true:.2f}")
    ax.plot(x, bump(left) + slope * (x - left), "--", color=RED, label=f"{title}, slope {slope:.2f}")
    ax.plot([left, right], [bump(left), bump(right)], "o", color=RED)
    ax.legend(fontsize=9)
    ax.grid(alpha=0.3)
figure.tight_layout()

# %% [markdown]
# $$\text{one-sided:}\quad \frac{f(x + \varepsilon) - f(x)}{\varepsilon} \qquad\qquad \text{symmetric:}\quad \frac{f(x+\varepsilon) - f(x - \varepsilon)}{2\,\varepsilon}$$
#
# Fill in `one_sided`, `symmetric` and, for a function of several numbers, `numeric_gradient` in `differences.py`. `f` is any function that you are handed.

# %% item="one_sided" points=1
check("one_sided")

# %% item="symmetric" points=1
check("symmetric")

# %% item="numeric_gradient" points=2
check("numeric_gradient")

# %% [markdown]
# How small should ε be? "As small as possible" is the obvious answer, and it is wrong. Both errors, from your functions, for ε from $10^{-1}$ down to $10^{-15}$:

# %% show=true
def show_errors(f, slope, bend, twist, at):
    """The error of both differences against the step. bend, twist: second and third derivative."""
    steps = np.logspace(-1, -15, 57)
    error = {name: [abs(rule(f, at, float(eps)) - slope) + 1e-17 for eps in steps]
             for name, rule in (("one-sided", differences.one_sided), ("symmetric", differences.symmetric))}
    figure, ax = plt.subplots(figsize=(7.5, 4))
    ax.loglog(steps, error["one-sided"], "o", ms=4, color=RED, label="one-sided, yours")
    ax.loglog(steps, error["symmetric"], "s", ms=4, color=BLUE, label="symmetric, yours")
    ax.loglog(steps, steps * abs(bend) / 2, "-", color=RED, lw=1, label="ε |f″| / 2: slope 1")
    ax.loglog(steps, steps**2 * abs(twist) / 6, "--", color=BLUE, lw=1, label="ε² |f‴| / 6: slope 2")
    ax.loglog(steps, 1.1e-16 * abs(f(at)) / steps, ":", color="black", label="round-off: 10⁻¹⁶ / ε")
    ax.set(xlabel="step ε", ylabel="error of the slope", ylim=(1e-13, 10), title="smaller is better, until it is not")
    ax.legend(fontsize=9)
    ax.grid(alpha=0.3)
    for name, errors in error.items():
        best = int(np.argmin(errors))
        print(f"{name:10s} best at ε = {steps[best]:.0e}: error {errors[best]:.0e}")


if ready("one_sided and symmetric", differences.one_sided(bump, 1.0), differences.symmetric(bump, 1.0)):
    s, c = math.sin(1.0), math.cos(1.0)
    show_errors(bump, c * bump(1.0), (c**2 - s) * bump(1.0), (c**3 - 3 * s * c - c) * bump(1.0), 1.0)

# %% [markdown]
# Read the picture from right to left:
#
# - **On the right, the formula errs.** Taylor says $f(x+\varepsilon) = f + \varepsilon f' + \frac{\varepsilon^2}{2} f'' + \frac{\varepsilon^3}{6} f''' + \dots$ The one-sided difference keeps $\frac{\varepsilon}{2} f''$ as its
#   error, $O(\varepsilon)$: ten times smaller a step, ten times smaller an error, a line of slope 1. In the symmetric one the even terms of the two sides cancel, and what is left is $\frac{\varepsilon^2}{6} f'''$, $O(\varepsilon^2)$: slope 2.
# - **On the left, the computer errs.** A float carries 16 digits. $f(x+\varepsilon)$ and $f(x)$ agree in more and more of them as ε shrinks, and their difference is made of the few digits that remain: an error of about $10^{-16}$, which is
#   then divided by ε. This **round-off floor** rises to the left, and it is the same for both.
# - **The best ε lies where the two meet**: near $10^{-8}$ for one-sided (where $\varepsilon = 10^{-16}/\varepsilon$) with some 8 right digits; near $10^{-5}$ for symmetric ($\varepsilon^2 = 10^{-16}/\varepsilon$) with some 11.
#
# So check gradients with symmetric differences, ε near $10^{-5}$, in double precision. In single precision (7 digits) little would be left.
#
# ### The plane that touches
#
# Near a point every smooth surface looks flat. The flat thing that fits best is its **linear approximation**, and the gradient is all that it needs:
#
# $$f(p + \Delta) \;\approx\; f(p) + \sum_i \frac{\partial f}{\partial p_i}\,\Delta_i$$
#
# Fill in `linear_approximation`, then see your plane touch.

# %% item="plane" points=1
check("plane")

# %% show=true
def hill(point):
    x, y = point
    return 2.0 - 0.35 * x**2 - 0.55 * y**2 + 0.3 * x * y + 0.25 * math.sin(2 * x)


start = [-0.9, 0.8]
slopes = differences.numeric_gradient(hill, start)
if ready("numeric_gradient and linear_approximation", slopes, differences.linear_approximation(1.0, [1.0], [1.0])):
    grid = np.linspace(-2, 2, 41)
    X, Y = np.meshgrid(grid, grid)
    figure = plt.figure(figsize=(11, 4))
    ax = figure.add_subplot(1, 2, 1, projection="3d", computed_zorder=False)
    ax.plot_surface(X, Y, np.vectorize(lambda a, b: hill([a, b]))(X, Y), cmap="Blues", linewidth=0)
    near = np.linspace(-0.8, 0.8, 9)
    PX, PY = np.meshgrid(near, near)
    plane = np.vectorize(lambda a, b: differences.linear_approximation(hill(start), slopes, [a, b]))(PX, PY)
    ax.plot_surface(PX + start[0], PY + start[1], plane, color="#e8823a", alpha=0.8, shade=False)
    ax.scatter(*start, hill(start), color="black", s=25)
    ax.view_init(24, 165)
    ax.set(xlabel="x", ylabel="y", title="the surface, and your plane")
    ax = figure.add_subplot(1, 2, 2)
    sizes = np.logspace(0, -4, 17)
    gap = [abs(hill([start[0] + t, start[1] - t]) - differences.linear_approximation(hill(start), slopes, [t, -t])) for t in sizes]
    ax.loglog(sizes, gap, "o", color=RED, label="surface minus plane")
    ax.loglog(sizes, sizes**2, "--", color=GREY, label="slope 2")
    ax.set(xlabel="length of the step", ylabel="error", title="ten times nearer, a hundred times better")
    ax.legend()
    ax.grid(alpha=0.3)
    figure.tight_layout()

# %% [markdown]
# That is why slopes may be passed from node to node: every node is replaced by its own linear approximation, and linear functions of linear functions are linear. The chain rule multiplies their slopes.
#
# ### The steepest way up
#
# Which step of length 1 gains most height, by the linear approximation? The gain is $\sum_i g_i \Delta_i = \lVert g\rVert\,\lVert\Delta\rVert \cos\theta$, with θ the angle between the step and the gradient. It is largest for θ = 0: **in
# the direction of the gradient**. Downhill it is the opposite, which is all that gradient descent knows.
#
# Fill in `steepest_ascent`.

# %% item="ascent" points=1
check("ascent")

# %% show=true
if ready("numeric_gradient and steepest_ascent", slopes, differences.steepest_ascent([1.0, 0.0])):
    figure, (a, b) = plt.subplots(1, 2, figsize=(10.5, 3.7))
    angles = np.linspace(0, 360, 73)
    gains = [(hill([start[0] + 1e-4 * math.cos(t), start[1] + 1e-4 * math.sin(t)]) - hill(start)) / 1e-4 for t in np.radians(angles)]
    step = differences.steepest_ascent(slopes)
    a.plot(angles, gains, color=BLUE, label="height gained, per length")
    a.axvline(math.degrees(math.atan2(step[1], step[0])) % 360, color=RED, ls="--", label="your direction")
    a.axhline(math.hypot(*slopes), color=GREY, ls=":", label="length of the gradient")
    a.set(xlabel="direction of the step, degrees", title="every direction tried")
    a.legend(fontsize=9)
    a.grid(alpha=0.3)
    path = [start]
    for _ in range(16):
        here = path[-1]
        step = differences.steepest_ascent(differences.numeric_gradient(hill, here))
        path.append([here[0] + 0.12 * step[0], here[1] + 0.12 * step[1]])
    grid = np.linspace(-1.6, 1.6, 81)
    X, Y = np.meshgrid(grid, grid)
    lines = b.contour(X, Y, np.vectorize(lambda p, q: hill([p, q]))(X, Y), 14, cmap="Blues")
    b.clabel(lines, fontsize=7)
    b.plot(*zip(*path), "o-", color=RED, ms=4, label="your path, steps of 0.12")
    b.set(aspect="equal", title="always across the contour lines")
    b.legend(fontsize=9)
    figure.tight_layout()

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | the blue squares lie on the red line | `symmetric` is one-sided |
# | both errors stay large for every ε | a bracket: `/ 2 * eps` divides by 2 and *multiplies* by ε |
# | "a nudge is still there" | the second coordinate's turn starts from the original point |
# | the path runs down | ascent goes *with* the gradient |

# %% [markdown]
# ## 5  An engine
#
# Gates by hand are fine for ten nodes. For ten thousand, let the numbers themselves remember where they came from. Open `scalar.py`: a `Value` holds
#
# - `data`, its number, and `grad`, its gradient, zero at first;
# - `inputs`, the Values it was made from;
# - `local`, for each input the local gradient.
#
# Python lets a class say what `+` and `*` mean for it. Every operation has three beats: *the value, who it came from, the local gradients*. The solved example:
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
# Nothing has been differentiated yet, but all that is needed for it is there: a graph, with a local gradient on every wire.
#
# **Your turn.** First the arithmetic: `__add__`, `__sub__`, `__mul__`, `__truediv__`, `__pow__`. You have met every one of these local gradients as a gate, except the denominator's: write $x/y$ as $x \cdot \frac1y$.

# %% item="value_arithmetic" points=3
check("value_arithmetic")

# %% [markdown]
# Then the functions: `exp`, `log`, `tanh` (its slope is $1 - \tanh^2$), `sigmoid`, `relu` (the larger of 0 and $x$) and `max`.

# %% item="value_functions" points=3
check("value_functions")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | `TypeError: 'float' object is not iterable` in `Value(...)` | `local` is a tuple, even for one input: `(slope,)` with the comma |
# | `inputs and local differ in length` or a `zip` error | one local gradient for each input |
# | `AttributeError: 'NoneType' object has no attribute 'data'` | an operation that still returns `None` |
#
# ### In which order?
#
# Now the walk back. A node may pass its gradient on only when *all* of it has arrived, from every one of its users. So the graph has to be put in an order in which **inputs stand before whatever is made from them**: a
# *topological* order. Backward, it is read from the end.

# %% show=true
draw_graph({"q": "×", "r": "exp", "f": "+"}, [("x", "q"), ("y", "q"), ("q", "r"), ("r", "f"), ("q", "f")],
           {"x": 1, "y": 2, "q": 2, "r": 7.39, "f": 9.39}, {"f": 1, ("q", "f"): 1, "r": 1, ("q", "r"): 7.39, "q": "", "x": 16.78, "y": 8.39},
           title="f = exp(x y) + x y: when may q go?", rows={"x": 0, "y": 1.4, "r": 1.4, "q": 0.7, "f": 0.7});

# %% [markdown]
# Starting at $f$, both $r$ and $q$ can be reached in one step. If $q$ goes first, it passes on a 1 and misses the 7.39 that arrives later by way of $r$. If it goes both times, with all it has, it passes on too much. In the right order, $x, y, q, r, f$,
# it goes once, with $1 + 7.39 = 8.39$.
#
# A recipe: *visit a node; first visit its inputs, those not visited before; only then write the node itself down.* Said like this, it is a function that calls itself, and Python gives up after about a thousand such calls. **A graph can be a million nodes
# deep**, so keep a list of your own of what is still to be done. (A hint: a node may come up in that list twice, once to be opened and once to be written down.)
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

# %% show=true
if works("Value and its backward", lambda: scalar.Value(2.0) * 3.0 + 1.0 and scalar.topological(scalar.Value(1.0))):
    w0, x0, w1, x1, w2 = (scalar.Value(number) for number in (2.0, -1.0, -3.0, -2.0, -3.0))
    f = (w0 * x0 + w1 * x1 + w2).sigmoid()
    f.backward()
    for name, value, foretold in [("w0", w0, -0.20), ("x0", x0, 0.39), ("w1", w1, -0.39), ("x1", x1, -0.59), ("w2", w2, 0.20)]:
        print(f"df/d{name} = {value.grad:7.4f}     by hand, in section 1: {foretold:5.2f}")

# %% [markdown]
# ### Twice in a row
#
# Training calls `backward` thousands of times. What about the gradients of the last time? In this course, **`backward` forgets them**: step 2 above. (PyTorch adds to what stands there, and leaves it to you to call `zero_grad`; forgetting *that* is a
# classic.) Think of the nodes in the middle too, when the same graph is walked again.

# %% item="value_again" points=2
check("value_again")

# %% [markdown]
# And depth. A chain of a million sign changes:

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
# | a check that takes forever | the walk goes along every path; a node may go only once |
# | `RecursionError` | a function that calls itself for every input |
#
# ### The sigmoid once more
#
# With the engine, four nodes against one is a matter of one line each:

# %% show=true
def four_nodes(x):
    return 1.0 / ((-x).exp() + 1.0)


def one_node(x):
    return x.sigmoid()


def walked(build):
    """Value and gradient at 0.3, the nodes of the graph that are operations, and the time of both passes together."""
    x = scalar.Value(0.3)
    z = build(x)
    z.backward()
    operations = sum(1 for node in scalar.topological(z) if node.inputs)

    def run():
        x = scalar.Value(0.3)
        build(x).backward()

    return z.data, x.grad, operations, seconds_each(run, 3000) * 1e6


if works("Value and its backward", lambda: one_node(scalar.Value(0.3)).inputs and four_nodes(scalar.Value(0.3)) and scalar.topological(scalar.Value(1.0))):
    print("four nodes: value %.6f, gradient %.6f, %d operations, %5.1f µs" % walked(four_nodes))
    print("one node:   value %.6f, gradient %.6f, %d operation,  %5.1f µs" % walked(one_node))

# %% [markdown]
# ## 6  A network of Values
#
# Fill in `neuron`, at the end of `scalar.py`: weighted sum plus bias, then tanh. Not a single line of gradient code is left to write, for any network made of it.

# %% item="neuron" points=1
check("neuron")

# %% [markdown]
# A toy problem with no straight border: is a point inside the ring? Six neurons look at the two coordinates, one neuron looks at the six.

# %% show=true
draw = random.Random(3)
points, labels = [], []
for k in range(60):
    radius, angle = (draw.uniform(0, 0.5) if k % 2 else draw.uniform(0.75, 1.0)), draw.uniform(0, 2 * math.pi)
    points.append([radius * math.cos(angle), radius * math.sin(angle)])
    labels.append(1.0 if k % 2 else -1.0)


def new_network(number, hidden=6, seed=3):
    """Random parameters: a list of (weights, bias), the hidden neurons first; `number` makes a Value or a Var."""
    draw = random.Random(seed)
    layers = [(2, hidden), (hidden, 1)]
    return [[([number(draw.gauss(0, 1)) for _ in range(inputs)], number(draw.gauss(0, 0.5))) for _ in range(outputs)]
            for inputs, outputs in layers]


def answer(network, point):
    hidden = [scalar.neuron(w, point, b) for w, b in network[0]]
    (w, b), = network[1]
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
    """Gradient descent. Returns the losses, and the parameters' numbers at the steps in `keep`."""
    losses, kept = [], {}
    for step in range(steps + 1):
        if step in keep:
            kept[step] = [[([p.data for p in w], b.data) for w, b in layer] for layer in network]
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
    (w, b), = numbers[1]
    Z = np.tanh(sum(weight * h for weight, h in zip(w, hidden)) + b)
    ax.contourf(X, Y, Z, levels=np.linspace(-1, 1, 11), cmap="RdBu", alpha=0.7)
    ax.contour(X, Y, Z, levels=[0], colors="black", linewidths=2)
    for sign, mark in ((1.0, "o"), (-1.0, "^")):
        chosen = [p for p, label in zip(points, labels) if label == sign]
        ax.plot(*zip(*chosen), mark, color=BLUE if sign > 0 else RED, mec="white", ms=6)
    ax.set(title=title, aspect="equal", xticks=[], yticks=[])


if works("neuron, and the engine behind it", lambda: isinstance(loss_of(new_network(scalar.Value)), scalar.Value)
         and scalar.topological(scalar.Value(1.0))):
    network = new_network(scalar.Value)
    start = time.perf_counter()
    losses, kept = train(network, 80, 0.3, (0, 10, 40, 80))
    right = sum((answer(network, p).data > 0) == (label > 0) for p, label in zip(points, labels))
    nodes = len(scalar.topological(loss_of(network)))
    print(f"{len(parameters(network))} parameters, {nodes:,} nodes a step, 80 steps in {time.perf_counter() - start:.1f} s; "
          f"{right} of {len(points)} points right")
    figure, axes = plt.subplots(1, 4, figsize=(12, 3.2))
    for ax, (step, numbers) in zip(axes, kept.items()):
        draw_border(ax, numbers, f"step {step}: loss {losses[step]:.2f}")
    figure.tight_layout()
    show_curves({"loss": losses}, title="your engine, learning")

# %% [markdown]
# Blue circles are inside, red triangles outside; the black line is where the network changes its mind. Nobody told it about rings. (Not every start ends as well: try
# another `seed` in `new_network`, or another learning rate in `train`.)
#
# ### Written question 2
#
# **(a)** Your `backward` walks a topological order from its end. Take $f = e^{xy} + xy$ and describe precisely what comes out wrong, and why, if $q = xy$ is walked before $r = e^{q}$. **(b)** A colleague's engine has no `seen` set and recomputes each path by itself. For which
# graphs is that right all the same, and what does it cost for a chain of $n$ nodes that each use the one before twice? **(c)** Why does the gradient of a value used twice have to be the *sum*? Argue with a nudge.

# %% [markdown] written="order_and_sum" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) When q goes first, only the gradient of its direct way to f has arrived, a 1. It passes 1·y to x and 1·x to y and is done. Afterwards r passes e^q on to q: q.grad is right in the end, 1 + e^q, but nobody passes that on any more, so x and y lack the part e^q·y and e^q·x.
#
# (b) If each path is followed by itself, with the product of the local gradients along it, the sum over all paths is right for every graph; without sharing (a tree) there is just one path to each node, and it costs nothing extra. With n nodes that each use the one before
# twice there are 2^n paths: exponential, where the topological walk takes n steps.
#
# (c) Nudge x by a little h. The first user's input moves by h and by itself moves the end by g1·h; the second likewise by g2·h. Both happen at once, and to first order effects of small changes add up: (g1 + g2)·h.
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 7  Make it fast
#
# Your engine spends most of its time on things that are not arithmetic: sorting, tuples, loops over pairs. Look closely and the sort is not needed at all. **A value can only be made from values that already exist**, so the order in
# which they are *made* is a topological order. It is enough to write every new node on a **tape**, and to walk the tape from its end.
#
# Open `tape.py`. A `Var` has at most two inputs, `a` and `b`, with local gradients `da` and `db`, and writes itself on the list `TAPE`. `__add__` is solved. Fill in `__mul__`, `relu` and `backward`. (The tape would grow for ever; `forget(mark)` cuts it back to where it was.)

# %% item="tape" points=3
check("tape")

# %% [markdown]
# The second idea you know from section 3: **a complex node**. A neuron's sum $w_0x_0 + w_1x_1 + \dots + b$ takes $2n$ nodes. As *one* node, `dot`, it writes one entry; what it has to remember are the numbers that went in. Fill in `dot`; its inputs and local gradients go into `more`,
# so your `backward` needs one more branch.

# %% item="tape_dot" points=2
check("tape_dot")

# %% [markdown]
# What is it worth? The same net, forward and backward, in three ways, run in turn so that all see the same weather; medians.

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
    network = [[([number(draw.gauss(0, 1)) for _ in range(inputs)], number(0.1)) for _ in range(outputs)]
               for inputs, outputs in ((2, 16), (16, 16), (16, 1))]

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
    runs = {"Value, sorted": pass_of(scalar, by_parts), "Var on the tape": pass_of(tape, by_parts), "Var with dot": pass_of(tape, tape.dot)}
    mark = len(tape.TAPE)  # both tape networks' parameters stand before it
    found = [run(mark) for run in runs.values()]
    seconds = {name: [] for name in runs}
    for _ in range(9):
        for name, run in runs.items():
            start = time.perf_counter()
            run(mark)
            seconds[name].append(time.perf_counter() - start)
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
    ax.set(xlim=(0, max(rates) * 1.25), xlabel="million operations a second, forward and backward")
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    print("all three agree" if agree else "the three do NOT agree: one of them is wrong")

# %% [markdown]
# PyTorch does the same two things on a larger scale: it records a tape as you compute, and its nodes are as complex as possible, whole matrix products. That is where the next notebooks go.
#
# | you see | look at |
# | --- | --- |
# | right once, then too large | gradients of the last walk: everything on the tape is set back first |
# | wrong only where `x` is a list of plain numbers | those have no `grad`, and need none |
# | "more than one node" | `dot` made of `+` and `*` writes all of them on the tape |
# | hardly any faster | work in `__mul__` that can wait, or that nobody needs |

# %% [markdown]
# ## 8  What to take along
#
# - **downstream = upstream × local**, at every node, from the end to the beginning, starting with 1.
# - **Add distributes, multiply swaps, max routes, copy adds up.** A value used twice collects twice.
# - What a backward function uses is what has to be **remembered** from the forward pass.
# - You choose where to cut. A **complex node** saves time and memory and can be computed safely; simple ones serve everywhere.
# - **Check by symmetric differences**, ε near $10^{-5}$: the formula's error falls with $\varepsilon^2$, round-off rises with $1/\varepsilon$.
# - The gradient is the slope of the **linear approximation** and points the steepest way up.
# - An engine is a graph plus a **topological order**; whoever records a **tape** has the order for nothing.
#
# ### Hand in
#
# 1. Restart the kernel and run everything (*Run* → *Run all cells*), to be sure that it works from the top. Save the notebook and the four files.
# 2. Make the file to hand in: take away the two `# ` in the cell below and run it, or type `python -m toolbox submit scalar` in a terminal, in the course's folder. It checks that all is there and writes one zip.
# 3. Upload that zip. You may do so as often as you like before the deadline; the last one counts.

# %%
# from toolbox import submit
# submit("scalar")
