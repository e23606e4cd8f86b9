# ---
# jupyter:
#   backprop_kit: {assignment: beyond, modules: [forward_mode, second_order, implicit]}
# ---

# %% [markdown]
# # Beyond: forward mode, second order, implicit layers

# ======== part one ends here: forward mode, second order (above) ========

# ======== part two: implicit layers (below) ========

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
from toolbox.draw import show_camera, show_circle_and_webs, show_crossing, show_filling, show_settling, show_slopes
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

# %%
a = torch.tensor([[1.0, 1.0, 2.0], [0.3, 0.1, 0.4], [0.7, 0.2, 0.9]], dtype=torch.float64)  # third column = first + second
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

# %%
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

# %%
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

# %%
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

# %%
radii, kinds = (0.5, 0.9, 0.97, 0.99), ("unrolled", "implicit")
memory, seconds_taken = {kind: [] for kind in kinds}, {kind: [] for kind in kinds}


def by_hand(grad_z, w, u, b, x):
    z = implicit.deq_solve(w, u, b, x, max_steps=100_000)
    return implicit.deq_grads(implicit.deq_adjoint(grad_z, z, w), z, x, u)


def stopwatch(function):
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


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

# %%
widths = (4, 5, 3, 6)
weights = [normal(a, b, seed=a) / a**0.5 for a, b in zip(widths, widths[1:])]
w, u, b = implicit.as_equilibrium(weights, [0.3 * normal(size, seed=size) for size in widths[1:]])
if there(w, u, b):
    show_jacobians({"w: from z (down) to z (across)": w, "u: from x to z": u}, columns=2, axes=("from", "to"))

# %%
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

# %%
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
    show_slopes(regs, [validation(r)[0] for r in regs], slopes, more={"training loss": training}, marks=walk, xlabel="reg", ylabel="validation loss")

# %%
# The same solve says what every single training label does to the validation loss.
if there(implicit.ridge(x_train, y_train, 1.0)) and there(*validation(1.0)):
    influence = validation(reg)[2]
    worst = int(influence.abs().argmax())
    lower = y_train.clone()
    lower[worst] -= 0.1 * torch.sign(influence[worst])
    before, y_before = validation(reg)[0], y_train
    y_train = lower
    after, y_train = validation(reg)[0], y_before
    print(f"The label at t = {float(t_train[worst]):.2f} matters most: moving it by 0.1 is foretold to lower the validation loss by {0.1 * abs(float(influence[worst])):.4f}; it falls by {before - after:.4f}.")

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

# %%
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

# %%
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

# %%
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

# %%
if there(pose, grad_image):
    derivative = torch.stack([implicit.pose_backward(unit, pose, points, image) for unit in torch.eye(6).double()])
    covariance = implicit.pose_covariance(derivative, sigma)
    # where the camera stands moves with its pose; six more numbers for each of the three, by nudging
    to_place = torch.stack([(camera.position(pose + 1e-6 * unit) - camera.position(pose - 1e-6 * unit)) / 2e-6 for unit in torch.eye(6).double()], dim=1)
    images = [camera.project(pose, points) + sigma * normal(8, 2, seed=100 + k) for k in range(150)]
    places = torch.stack([camera.position(implicit.pose_solve(points, one, pose)) for one in images])
    ellipse = to_place @ covariance @ to_place.T if covariance is not None else None
    show_camera(pose, points, image, places, ellipse)

# %%
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

# ======== part two ends here; closing summary and handing in (below) ========
