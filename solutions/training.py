# ---
# jupyter:
#   backprop_kit: {assignment: training, modules: [optim, training, buffers, checkpoint], order: 5}
# ---

# %% [markdown]
# # Training: from gradients to a net that reads
#
# You can now compute the gradient of any network. A gradient says which way is downhill, *here*. It does not
# say how far to go, where to start, which examples to look at, when to stop, or whether any of it works on
# digits that the net has never seen. That is training, and it is a craft of its own.
#
# By the end of this notebook you will have
#
# - written gradient descent and **momentum**, and watched both on landscapes that trap one of them;
# - initialised a network so that its signals neither vanish nor explode, and fed it in mini-batches;
# - climbed the **sanity ladder**, four small experiments that find most bugs before the long run does;
# - trained a net to read handwritten digits, looked at its weights and at its worst mistakes, and asked whether
#   the test was fair;
# - made training, and a search over settings, that survive being killed; deeper nets; and a faster step.
#
# | part | sections | what you do | time | remarks |
# | --- | --- | --- | --- | --- |
# | A | 1–2 | gradient descent and momentum, on four landscapes | 1 h | the core |
# | B | 3–6 | initialisation, mini-batches, the sanity ladder, a net that reads | 2½ h | the core |
# | C | 7 | who wrote the test? | ½ h | short, with a written question |
# | D | 8 | checkpoints | 1 h | may be skipped |
# | E | 9 | searching for good settings | ½ h | may be skipped; `search` needs `write_atomically` of 8.1 |
# | F | 10 | deeper nets, and nets without activations | ½ h | the core |
# | G | 11 | a faster step | 1 h | may be skipped |
#
# There are {{checks}} checks ({{points}} points) and {{written}} written questions ({{written_points}} points), about
# {{hours}} hours in all. Every check counts by itself.
#
# You need: `net_softmax` from the notebook `flat`, for one picture in 6.4 `linear_softmax` as well, and for section 10
# `Linear`, `ReLU`, `Sequential` and `softmax_cross_entropy` from `layers`. Pictures that need more than you have stay
# empty, and say so.

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
import statistics
import tempfile
import time
from dataclasses import replace

import torch
from backprop import buffers, checkpoint, flat, optim, training
from toolbox import check
from toolbox.datasets.digits import load_digits
from toolbox.draw import (show_chords, show_confusion, show_curves, show_images,
                          show_learning, show_paths, show_regions, show_search,
                          show_signals, show_times, show_weights)
from toolbox.given.landscapes import LANDSCAPES, walk
from toolbox.draw.live_plot import LiveCurve, progress
from toolbox.draw.play import Choice, Power, Slide, play
from toolbox.datasets.splits import split_digits

torch.set_num_threads(1)  # small nets: one thread is fastest, and times can be compared
device = "cuda" if torch.cuda.is_available() else "cpu"
print("training on", torch.cuda.get_device_name() if device == "cuda" else "the CPU")


def seeded(seed):
    """A random generator that starts at `seed`."""
    return torch.Generator().manual_seed(seed)


def ready(**answers):
    """True once all the named answers are there; until then it says what is missing."""
    missing = [name for name, answer in answers.items()
               if answer is None or answer is False]
    if missing:
        print("Nothing to show yet. Still to be written:", ", ".join(missing))
    return not missing

# %% [markdown]
# ## 0  How this works
#
# You write in four short files of `lib/backprop/`: `optim.py` (section 1), `training.py` (3 to 6, 9, 10),
# `checkpoint.py` (8, 9) and `buffers.py` (11). Some numbers and a few lines go into the notebook, at
# `# YOUR CODE HERE`. Save a file, then run the next cell; the notebook picks up the new version. Below every
# task is a check; run it as often as you like. Grading runs the same checks, and more of the same kind.
#
# | you see | what to do |
# | --- | --- |
# | a check still shows the old result | save the file; if that does not help, restart the kernel and run from the top |
# | "Nothing to show yet" | nothing is wrong: that picture is drawn with your code, once it exists |
# | `KeyError: 'w1'` in `SGD.step` | `net_softmax` of `flat.py` does not return all its gradients yet |

# %% [markdown]
# ## 1  One step, and the next
#
# ### 1.1  Gradient descent
#
# Look at the digits once more. 64 pixels go in, ten scores come out, and between them are several thousand
# weights. We know only one thing about them so far: for any weights and any images, `net_softmax` tells how
# steeply the loss rises with each weight. So take a small step the other way:
# $w \leftarrow w - \text{lr}\cdot \mathrm{d}w$.

# %%
x_train, y_train = load_digits("train", dtype=torch.float32)

# %% show=true
show_images(x_train[:30], y_train[:30].tolist(), columns=15);

# %% [markdown]
# In **stochastic** gradient descent (SGD), $\mathrm{d}w$ comes from a few images drawn at random, not from all of them. It is an estimate of the true slope, right on average and a hundred
# times cheaper.
#
# ### A solved example
#
# One weight, and the loss $L = w^2$, so $\mathrm{d}w = 2w$. Start at $w = 1$ with learning rate 0.25: the
# gradient is 2, so $w$ becomes $1 - 0.25 \cdot 2 = 0.5$; now the gradient is 1, and $w$ becomes $0.25$. Each
# step halves it. With a learning rate of 1, it would jump from $1$ to $-1$ and back for ever.
#
# ### 1.2  Momentum
#
# A ball that rolls downhill has a memory: its velocity. Each gradient changes the velocity, and the velocity
# moves the ball:
#
# $$v \leftarrow \rho\, v + \mathrm{d}w, \qquad\qquad w \leftarrow w - \text{lr}\cdot v.$$
#
# $\rho$ (rho), typically 0.9 or 0.99, is the share of the velocity that survives a step: the slides call it
# "friction", although a larger $\rho$ means *less* of it. Where gradients agree from step to step, the velocity
# builds up. Where they flip sign, they cancel.
#
# There are other forms, and they are *not the same*. Some books keep the learning rate inside,
# $v \leftarrow \rho v + \text{lr}\,\mathrm{d}w$ and $w \leftarrow w - v$. As long as the learning rate never
# changes, the paths are the same, up to rounding. When it does change they differ: in our form a new learning rate
# applies at once to the whole velocity. Others average, $v \leftarrow \rho v + (1-\rho)\,\mathrm{d}w$
# ("dampening"), or look ahead ("Nesterov"). Ours is the form of the slides and of `torch.optim.SGD`.
#
# ### Predict
#
# Work these out on paper first. $L = w^2$ again, starting at $w = 1$, now with learning rate **0.1**.
#
# 1. `sgd_w1`, `sgd_w2`: $w$ after one and after two steps of gradient descent.
# 2. `momentum_w1`, `momentum_w2`: the same with momentum, $\rho = 0.5$, starting with velocity 0.
# 3. `final_velocity`: the gradient is 1 at every step, for ever, and $\rho = 0.9$. Which number does the
#    velocity approach?

# %% solution="predict"
# predicted: "sgd_w1", "sgd_w2", "momentum_w1", "momentum_w2", "final_velocity";
# for example predicted["sgd_w1"] = 0.5
predicted = {}
### BEGIN SOLUTION
predicted["sgd_w1"] = 1 - 0.1 * 2
predicted["sgd_w2"] = 0.8 - 0.1 * 1.6
predicted["momentum_w1"] = 1 - 0.1 * 2
predicted["momentum_w2"] = 0.8 - 0.1 * (0.5 * 2 + 1.6)
predicted["final_velocity"] = 1 / (1 - 0.9)  # v = 0.9 v + 1
### END SOLUTION

# %% item="predict" points=2
check("predict")

# %% [markdown]
# So where the slope is steady, momentum makes it ten times as fast. Keep that in mind when you choose a learning
# rate: 0.1 with momentum 0.9 goes about as far as 1.0 without.
#
# Now write `SGD.step` and `Momentum` in `optim.py`. Both get a dict of parameters once, and a dict of gradients
# at every step. **Work in place**: others hold the same tensors (the net, for one) and must see them change.
# `w -= …` writes into the tensor; `w = w - …` makes a new one that nobody else sees.

# %% item="sgd" points=1
check("sgd")

# %% item="momentum" points=3
check("momentum")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "must … after step 12", and your numbers are the initial ones | you made a new tensor instead of changing the old one |
# | right as long as the learning rate is constant | the learning rate is inside the velocity |
# | right for one parameter, wrong for two | one velocity for all of them |
# | "step() wrote into the gradient" | `v = grads[name]` gives the tensor a second name; it does not copy it |
# | a leaf variable that requires grad … | these tensors need no autograd: you wrote the gradients yourself |

# %% [markdown]
# ## 2  Four landscapes
#
# Here are two parameters instead of thousands, so that we can see what happens. Both of your optimisers start at
# the star, with the same learning rate and the same noise.

# %% show=true
def moves(path):
    """Whether an optimiser has gone anywhere."""
    return len(path.unique(dim=0)) > 1 or None


paths = {name: {"SGD": walk(land, optim.SGD)} for name, land in LANDSCAPES.items()}
if optim.Momentum({"w": torch.zeros(1)}, 0.1).velocity:
    for name, land in LANDSCAPES.items():
        paths[name]["momentum"] = walk(land, optim.Momentum, rho=0.9)
first = paths["ravine"]
rolls = "momentum" in first and moves(first["momentum"])
if ready(SGD=moves(first["SGD"]), Momentum=rolls):
    losses = {name: land.loss for name, land in LANDSCAPES.items()}
    show_paths(losses, paths, {name: land.window for name, land in LANDSCAPES.items()})

# %% [markdown]
# - **Ravine.** It is a hundred times steeper across than along. The learning rate must be small enough for the
#   steep walls, and then SGD crawls along the floor. Momentum cancels the zigzag and adds up the small steady
#   slope.
# - **Saddle.** It is flat in the middle, and falls away on both sides. Near the middle the gradient is almost
#   zero, and so are SGD's steps. Momentum brings its velocity along. With a million weights, saddles are far
#   more common than minima.
# - **Local minimum.** SGD stops in the first hollow. Here, momentum is fast enough to roll out of it; from another
#   start it might not be.
# - **Noisy gradients.** Each step sees a gradient with noise added, as from a mini-batch. SGD follows every
#   jerk. A velocity adds up the last ten gradients or so, and their noise largely cancels. But look at the end: the
#   velocity overshoots, and near the minimum the noise keeps it moving. This is why learning rates are lowered
#   towards the end of training.
#
# ### Try it
#
# Move the learning rate and rho, and watch both of your optimisers. Find, on the ravine, the learning rate at
# which SGD begins to diverge (the curvature across is 4: which number did you expect?). From which rho on does
# momentum fly past the minimum again and again? And which rho takes it out of the first hollow of the local
# minimum?

# %% show=true
def landscape(name, lr, rho):
    """Both of your optimisers on one landscape."""
    land = replace(LANDSCAPES[name], lr=lr)
    both = {"SGD": walk(land, optim.SGD),
            "momentum": walk(land, optim.Momentum, rho=rho)}
    return show_paths({name: land.loss}, {name: both}, {name: land.window})


if ready(SGD=moves(first["SGD"]), Momentum=rolls):
    play(landscape, name=Choice(list(LANDSCAPES)), lr=Power(0.2, 0.001, 1.0, 0.05),
         rho=Slide(0.9, 0.0, 0.99, 0.01))

# %% [markdown]
# ## 3  Where to start
#
# Not at zero: then all hidden units compute the same, get the same gradient, and stay equal for ever. So start
# from random numbers. How large? Follow a signal through a layer: each output is a sum of `fan_in` products,
#
# $$a_j = \sum_{i=1}^{\text{fan\_in}} x_i\, w_{ij} \qquad\Rightarrow\qquad \operatorname{mean}(a^2) = \text{fan\_in} \cdot \operatorname{mean}(x^2) \cdot \operatorname{var}(w),$$
#
# for weights with mean 0. If the factor $\text{fan\_in}\cdot\operatorname{var}(w)$ is not close to 1, the signal
# shrinks or grows with *every* layer. And ReLU removes half of $a^2$. So compensate with a factor of 2:
#
# $$\operatorname{var}(w) = \frac{2}{\text{fan\_in}} \qquad \text{(Kaiming He and others, 2015).}$$
#
# Write `kaiming(fan_in, fan_out, generator, dtype)` in `training.py`. The numbers must come from the
# `generator`: anyone who has the seed can reproduce your run, number by number.

# %% item="kaiming" points=2
check("kaiming")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | a standard deviation of 0.0067 instead of 0.0816 | $2/\text{fan\_in}$ is the *variance* |
# | "two calls in a row give the same numbers" | the generator is made anew in every call |
# | a mean that is not 0 | `torch.rand` draws between 0 and 1, `torch.randn` around 0 |
#
# Does it matter? Here are six layers of 256 units with images at one end: what comes out of the ReLUs, for four
# ways to initialise the weights. (The third one is yours.)

# %% show=true
own = training.kaiming(256, 256, seeded(0))
if ready(kaiming=own):
    draw = lambda a, b, g: torch.randn(a, b, generator=g)
    ways = {"std 0.01": lambda a, b, g: draw(a, b, g) * 0.01,
            "std 1 / sqrt(fan_in)": lambda a, b, g: draw(a, b, g) / a**0.5,
            "yours": training.kaiming,
            "std 0.2": lambda a, b, g: draw(a, b, g) * 0.2}
    signals = {}
    for name, way in ways.items():
        h, generator, outputs = x_train[:200] - x_train.mean(), seeded(1), {}
        for layer, fan_in in enumerate((64, 256, 256, 256, 256, 256), 1):
            h = outputs[layer] = (h @ way(fan_in, 256, generator)).clamp(min=0)
        signals[name] = {layer: outputs[layer] for layer in (1, 2, 4, 6)}
    show_signals(signals)

# %% [markdown]
# In every layer about half of the values are zero: that is the ReLU, and it is fine. But at std 0.01 the *other* half is
# practically zero as well. The signal has shrunk to nothing, and since the gradient of a weight is a product with
# the signal, nothing will be learnt. Without the factor of 2 the signal fades more slowly. At 0.2 it grows by a
# factor of more than two in each layer after the first; the bars at the edge hold everything beyond it.
#
# With sigmoids and tanh there are two ways to fail. Signals that are too large are where the curve is flat, and
# the local gradient is nearly zero; signals that are too small stay where the curve is straight, so each layer is
# nearly linear. Here is tanh at three scales:

# %% show=true
signals = {}
scales = {"std 0.01": lambda fan_in: 0.01,
          "std 1 / sqrt(fan_in)": lambda fan_in: fan_in**-0.5,
          "std 0.5": lambda fan_in: 0.5}
for name, scale in scales.items():
    h, generator, outputs = x_train[:200] - x_train.mean(), seeded(1), {}
    for layer, fan_in in enumerate((64, 256, 256, 256, 256, 256), 1):
        w = torch.randn(fan_in, 256, generator=generator) * scale(fan_in)
        h = outputs[layer] = (h @ w).tanh()
    signals[name] = {layer: outputs[layer] for layer in (1, 2, 4, 6)}
show_signals(signals, limit=1.05);

# %% [markdown]
# The last row is a saturated net: nearly all of its units are at −1 or 1, and hardly any gradient gets through.
#
# ## 4  Mini-batches
#
# An **epoch** shows the net every example once, in a new random order, `batch_size` at a time. Four details, each
# of which causes a bug if you miss it: the last batch may be smaller, and it counts; images and labels must be
# shuffled *together*; the order must be new in every epoch; and it must come from the generator, so that a run
# can be repeated.
#
# Write `minibatches(x, y, batch_size, generator)`. Python's `yield` hands out one batch and waits, so that a large
# data set is never in memory twice.

# %% item="minibatches" points=2
check("minibatches")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "2 of 23 examples never come" | the last, smaller batch is dropped |
# | "a row of x comes with the label of another one" | use one order for both: `x[batch], y[batch]` |
# | "the second epoch has the order of the first" | the generator is made anew each time |
# | "the same seed gives another order" | `torch.randperm(n)` without `generator=` uses the global one |
#
# How good an estimate is the gradient of a mini-batch? Measure the angle between it and the true one, from all
# 1,257 images: 0° is perfect, 90° is useless.

# %%
def softmax_loss(reg=0.0):
    """Loss and gradients of the two-layer net, in the form that `train_epoch` wants."""
    return lambda x, y, params: flat.net_softmax(x=x, y=y, **params, reg=reg)

# %% show=true
def degrees(g, whole):
    """The angle between two gradients."""
    cosine = float(g @ whole / g.norm() / whole.norm())
    return math.degrees(math.acos(min(1.0, cosine)))


params = training.init_params((64, 100, 10), seeded(0))
batches = training.minibatches(x_train, y_train, 4, seeded(0))
if ready(kaiming=params["w1"], minibatches=batches) and ready(
        net_softmax=softmax_loss()(x_train[:2], y_train[:2], params)[1].get("w1")):
    whole = softmax_loss()(x_train, y_train, params)[1]["w1"].flatten()
    for size in (1, 4, 16, 64, 256):
        angles = []
        for x, y in training.minibatches(x_train, y_train, size, seeded(1)):
            g = softmax_loss()(x, y, params)[1]["w1"].flatten()
            angles.append(degrees(g, whole))
            if len(angles) == 30:
                break
        angle, cost = statistics.mean(angles), size / len(x_train)
        print(f"batch of {size:3d}: off by {angle:2.0f}°, at {cost:5.1%} of the cost")

# %% [markdown]
# The gradient of sixty-four images points in roughly the right direction for a twentieth of the price. Twenty such steps are far
# better than one perfect step.
#
# ## 5  The sanity ladder
#
# A training run that fails looks just like one that takes long. So before the long run, do four short ones, each
# of which has a *known* right outcome:
#
# 1. The **first loss**, without regularisation, before any step. An untrained net knows nothing: ten classes, a
#    tenth each.
# 2. With regularisation the loss is **higher**, by exactly the penalty.
# 3. On **fifty images** the net can reach a loss of zero: it memorises them. If it cannot, something is broken,
#    and more data will not fix it.
# 4. At some **learning rate** the loss goes down within a few steps.
#
# ### Predict
#
# The net is (64, 100, 10), with weights from `kaiming`; there are 1,257 images to train on, in batches of 64.
# Which numbers do you expect?
#
# - `first_loss`: of a net that gives each class a tenth.
# - `penalty`: what `reg=0.1` adds to it, 0.1 times the sum of the squares of `w1` and `w2`, as in `flat`. (The sum of the squares of $n$ numbers with mean 0 is about $n$ times
#   their variance. Do `w1` and `w2` separately.)
# - `steps`: the number of steps in an epoch. `last_batch`: the number of images in its last batch.

# %% solution="ladder"
# expected: "first_loss", "penalty", "steps", "last_batch"
expected = {}
### BEGIN SOLUTION
expected["first_loss"] = math.log(10)
expected["penalty"] = 0.1 * (64 * 100 * 2 / 64 + 100 * 10 * 2 / 100)
expected["steps"] = math.ceil(1257 / 64)
expected["last_batch"] = 1257 - 19 * 64
### END SOLUTION

# %% item="ladder" points=2
check("ladder")

# %% show=true
params = training.init_params((64, 100, 10), seeded(0))
if ready(kaiming=params["w1"], expected=expected.get("penalty")) and ready(
        net_softmax=softmax_loss()(x_train, y_train, params)[0]):
    first = lambda reg, params: float(softmax_loss(reg)(x_train, y_train, params)[0])
    plain, added = first(0.0, params), first(0.1, params) - first(0.0, params)
    calm = first(0.0, params | {"w2": params["w2"] * 0.01})
    print(f"first loss          {plain:6.3f}   expected {expected['first_loss']:.3f}")
    print(f"quiet last layer    {calm:6.3f}   (w2 a hundred times smaller)")
    print(f"added by reg = 0.1  {added:6.3f}   expected {expected['penalty']:.3f}")

# %% [markdown]
# The first loss is a little *above* $\ln 10$: Kaiming's weights give the net opinions before it has seen anything,
# and a wrong opinion costs more than none. With a quiet last layer it gives every class a tenth, and $\ln 10$ is
# met almost exactly. If it had been 0.2 or 23, we would look for a bug now.
#
# ### 5.1  The loop
#
# All the pieces are ready. `train_epoch(params, optimizer, batches, loss_and_grads)` goes through the batches; for
# each, in this order: compute the loss and gradients, take the optimiser's step, append the loss to the list. Four
# lines.

# %% item="train_epoch" points=2
check("train_epoch")

# %% [markdown]
# ### 5.2  Memorise fifty images
#
# These are rungs 3 and 4. `training.fit` (given; read it, it is ten lines) calls your `train_epoch` for many
# epochs. Train a net on the first fifty images until it has memorised them: all fifty right, and a loss below
# 0.02. Which learning rate, how many epochs? Try 0.001 and 10 as well, to have seen what failure looks like.

# %% solution="overfit"
x_small, y_small = x_train[:50], y_train[:50]
small = None  # the dict of parameters, once it is trained
curve = LiveCurve("loss")
# Make parameters with training.init_params((64, 100, 10), seeded(0)), an optimiser,
# and call training.fit(params, optimizer, x_small, y_small, softmax_loss(), epochs=...,
#                       batch_size=..., generator=seeded(1), on_epoch=show_loss)
show_loss = lambda epoch, losses: curve.add(loss=losses[-1])
### BEGIN SOLUTION
small = training.init_params((64, 100, 10), seeded(0))
training.fit(small, optim.Momentum(small, lr=0.1), x_small, y_small, softmax_loss(),
             epochs=60, batch_size=25, generator=seeded(1), on_epoch=show_loss)
### END SOLUTION
if small is not None:
    curve.show()

# %% item="overfit" points=1
check("overfit")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | the loss does not move | is the optimiser's step in place? does the optimiser hold *these* parameters? |
# | `nan` after a few steps | the learning rate is too large: divide it by ten |
# | it goes down, and ends at 0.3 | more epochs, a larger learning rate, no regularisation |
# | `'w1'` or `None` in a traceback | a piece from above is still missing |

# %% [markdown]
# ## 6  A net that reads
#
# ### 6.1  Scores and accuracy
#
# A loss is for gradients; people ask how many answers are right. Write `scores(params, x)`, the forward pass of a
# net of *any* depth, with a ReLU after every layer but the last. `accuracy` (given) then compares the largest
# score with the label.

# %% item="scores" points=1
check("scores")

# %% [markdown]
# ### 6.2  Train
#
# Now use all 1,257 images. After every epoch we look at the 270 **validation** images, which the net never learns
# from. Choose the learning rate, regularisation, number of hidden units and number of epochs by looking at *them*. The 270 **test**
# images are for the very end, once: whoever chooses by the test set has trained on it as well, only slowly.
#
# Reach 95 % on the validation images; 97 % is not hard. Keep the parameters in `net`. The learning rate may fall
# with the epochs: `schedule=lambda epoch: …` gives the one for each. (`lr * 0.5 * (1 + math.cos(math.pi *
# epoch / epochs))`, half a cosine, is a favourite.)

# %% solution="trained"
x_val, y_val = load_digits("validation", dtype=torch.float32)
x_dev, y_dev = x_train.to(device), y_train.to(device)
history = {"loss": {"mini-batches": []}, "accuracy": {"train": [], "validation": []}}
curve = LiveCurve("loss", "accuracy")


def look(params):
    """A function for `on_epoch`: records loss and accuracies, lets the curves grow."""

    def on_epoch(epoch, losses):
        loss = sum(losses) / len(losses)
        right = training.accuracy(params, x_val.to(device), y_val.to(device))
        history["loss"]["mini-batches"].append(loss)
        history["accuracy"]["train"].append(training.accuracy(params, x_dev, y_dev))
        history["accuracy"]["validation"].append(right)
        curve.add(loss=loss, accuracy=right)

    return on_epoch


net = None  # the dict of parameters, once it is trained
# As above, with x_dev, y_dev, init_params(..., device=device), softmax_loss(reg) and
# on_epoch=look(params). At the end: net = {name: w.cpu() for name, w in params.items()}
### BEGIN SOLUTION
epochs, params = 40, training.init_params((64, 100, 10), seeded(0), device=device)
cosine = lambda epoch: 0.1 * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
training.fit(params, optim.Momentum(params, lr=0.1), x_dev, y_dev, softmax_loss(1e-3),
             epochs=epochs, batch_size=64, generator=seeded(1), schedule=cosine,
             on_epoch=look(params))
net = {name: w.cpu() for name, w in params.items()}
### END SOLUTION
if net is not None:
    curve.show()

# %% item="trained" points=2
check("trained")

# %% show=true
def can_read():
    """Whether there is a trained net, and `scores` to ask it with."""
    return ready(net=net) and ready(scores=training.scores(net, x_val))


x_test, y_test = load_digits("test", dtype=torch.float32)
parts = {"train": (x_train, y_train), "validation": (x_val, y_val),
         "test": (x_test, y_test)}
if can_read():
    show_learning(history)
    for name, (x, y) in parts.items():
        print(f"{name:10s} {training.accuracy(net, x, y):6.1%} of {len(y):4d} images")

# %% [markdown]
# The gap between *train* and *validation* shows how much the net has memorised. A large gap calls for more
# regularisation, more data or a smaller net; two low curves call for a larger net or a better learning rate.
#
# | you see | what to do |
# | --- | --- |
# | accuracy stays at 10 % | images and labels shuffled separately? a ReLU after the last layer? a learning rate of 1e-5? |
# | the loss jumps up and down and ends high | the learning rate is too large for momentum: remember the factor of ten |
# | train 100 %, validation 80 % | memorised: are you still training on the fifty images? |
#
# ### 6.3  What has it learnt?
#
# Here are the first layer's weights, one picture for each hidden unit: ink on blue pixels raises its input, ink on
# red pixels lowers it.

# %% show=true
if ready(net=net):
    strongest = net["w2"].norm(dim=1).argsort(descending=True)[:30]
    show_weights(net["w1"][:, strongest], columns=15,
                 title="the 30 hidden units that the second layer listens to most")

# %% [markdown]
# They are not digits: a bar here, a gap there, one side positive and the other negative, as far as 64 pixels can
# show it. In the linear classifier of `flat` each class had *one* picture, in which all ways of writing a seven had
# to be blurred together. Here classes are made of parts that they share.
#
# Which digits does it confuse? Write `confusion(y, predicted, C)`: a table of counts, with the true class down and
# the predicted one across. One trap: `counts[y, predicted] += 1` adds 1 to each place *once*, however often it is
# named. `torch.bincount` counts properly, and so does a loop.

# %% item="confusion" points=1
check("confusion")

# %% show=true
x_seen, y_seen = torch.cat([x_val, x_test]), torch.cat([y_val, y_test])
counted = training.confusion(y_val[:1], y_val[:1], 10)
if can_read() and ready(confusion=counted):
    guess = training.scores(net, x_seen).argmax(dim=1)
    mistakes = int((guess != y_seen).sum())
    show_confusion(training.confusion(y_seen, guess, 10),
                   title=f"{mistakes} mistakes in {len(y_seen)} images")

# %% [markdown]
# And these are the worst mistakes, those that the net was most confident about: *true → predicted*, and its
# confidence.

# %% show=true
if can_read():
    sure = training.scores(net, x_seen).softmax(dim=1)
    guess = sure.argmax(dim=1)
    wrong = (guess != y_seen).nonzero()[:, 0]
    wrong = wrong[sure[wrong, guess[wrong]].argsort(descending=True)][:10]
    show_images(x_seen[wrong], [f"{y_seen[i]}→{guess[i]}\n{sure[i, guess[i]]:.0%}"
                                for i in wrong.tolist()], columns=10)

# %% [markdown]
# Some of these you might get wrong yourself, others not. And look at the percentages: a net that is confident
# *and* wrong is a warning. The softmax makes numbers that add up to one; that does not make them honest
# probabilities.
#
# **Other pictures.** The same lines train on MNIST, Fashion-MNIST (clothes) and CIFAR-10 (colour photographs): the
# function below loads any of them by name, and downloads what is not there. They take minutes, not seconds, so the
# cell stays with the digits; change the name and try.

# %% show=true
def images_of(data):
    """(x, y) for training and for testing, pixels between 0 and 1.

    data: "digits", "mnist", "fashion-mnist" or "cifar10".
    """
    if data == "digits":
        return [load_digits(split, dtype=torch.float32) for split in ("train", "test")]
    from toolbox.datasets.larger_sets import load_images

    pairs = [load_images(data, split) for split in ("train", "test")]
    return [(x.flatten(1).float() / 255, y) for x, y in pairs]


(x, y), (x_other, y_other) = images_of("digits")
print(f"{len(x)} images of {x.shape[1]} pixels to train on, {len(x_other)} to test on")

# %% [markdown]
# ### 6.4  Is there only one best net?
#
# In `flat` you walked in a straight line from one solution to another, and met a hill between two nets but none between
# two linear classifiers. Here is the definition behind that, why linear classifiers fulfil it, and a picture which proves
# that nets do not.
#
# A function is **convex** if no chord lies below it: between any two points $A$ and $B$,
#
# $$L\big((1 - t)\,A + t\,B\big) \;\le\; (1 - t)\,L(A) + t\,L(B) \qquad\text{for } 0 \le t \le 1 .$$
#
# It is shaped like a bowl, in any number of dimensions. A bowl has no second hollow and no saddle: wherever you start,
# gradient descent with a small enough learning rate ends near the same lowest loss, if there is one; with a penalty
# there is. The losses of a *linear* classifier are convex in its weights and biases: the scores are linear in them, the losses (hinge, softmax,
# squared) are convex in the scores, the penalty is convex, and sums of convex functions are convex.
#
# Is the loss of a net convex? Take two trained nets, and go from one to the other in a straight line through the space
# of all parameters: every weight goes from its value in $A$ to its value in $B$. Then take two linear classifiers, and
# then a net and *itself*, with its hidden units in another order. The losses are those of *your* `linear_softmax` and `net_softmax`, the descent is your `Momentum`. The
# dotted line is the chord.

# %% show=true
def descend(loss_and_grads, params, steps=200):
    """Gradient descent with all images in each step."""
    optimizer = optim.Momentum(params, lr=0.2)
    for _ in range(steps):
        optimizer.step(loss_and_grads(x_train, y_train, params)[1])
    return params


def between(loss_and_grads, start, end):
    """The losses on the line from one dict of parameters to another, and the chord."""
    ways = torch.linspace(0, 1, 41).tolist()
    line = [{name: start[name].lerp(end[name], t) for name in start} for t in ways]
    losses = [float(loss_and_grads(x_train, y_train, params)[0]) for params in line]
    return ways, losses, [losses[0] + t * (losses[-1] - losses[0]) for t in ways]


def linear_loss(x, y, params):
    return flat.linear_softmax(x=x, y=y, **params, reg=1e-3)


def random_linear(seed):
    return {"w": torch.randn(64, 10, generator=seeded(seed)), "b": torch.zeros(10)}


def reordered(params, order):
    """The same net, with its hidden units in another order."""
    return params | {"w1": params["w1"][:, order], "b1": params["b1"][order],
                     "w2": params["w2"][order]}


one_step = linear_loss(x_train[:2], y_train[:2], random_linear(0))
if ready(net=net, linear_softmax=one_step[1].get("w")):
    sizes, net_loss = (64, 30, 10), softmax_loss(1e-3)
    nets = [descend(net_loss, training.init_params(sizes, seeded(k))) for k in (0, 1)]
    linear = [descend(linear_loss, random_linear(k)) for k in (0, 1)]
    twin = reordered(nets[0], torch.randperm(30, generator=seeded(2)))
    pairs = {"two linear classifiers": (linear_loss, *linear),
             "two nets": (net_loss, *nets),
             "a net and itself, units reordered": (net_loss, nets[0], twin)}
    show_chords({title: between(*pair) for title, pair in pairs.items()})

# %% [markdown]
# The linear classifiers, which started far apart, have ended at nearly the same loss, and on the way from one to the
# other the loss never rises above the chord. (Halfway it is even lower: neither has quite arrived, and in a bowl the
# lowest point lies between them.) Between the two nets there is a hill: both are good, and halfway between them is
# a net whose loss is more than twice theirs. The third picture is the proof that a net's loss is *not* convex. Reordering the hidden
# units changes the place in the space of parameters and nothing else: the loss at both ends is the same number, so the
# chord is level, and the loss in between lies far above it.
#
# So for nets there is no guarantee, and plenty of solutions: with $H$ hidden units each one has $H!$
# equivalent orderings. The *different* solutions that training finds are, in practice, nearly all equally good. This is
# why training works anyway.

# %% [markdown]
# ## 7  Who wrote the test?
#
# The digits were written by 13 people, one after the other, and the file keeps that order. Our splits are random,
# so every writer is in *all* parts: the net is tested on new *images*, but not on new writers. What happens if we
# cut the file in one place instead, so that most of the test set's writers are new?

# %% show=true
def train_and_test(parts, seed=0, epochs=15, sizes=(64, 100, 10)):
    """Accuracy on the second part of a net that is trained on the first."""
    (x, y), (x_new, y_new) = parts
    params = training.init_params(sizes, seeded(seed), device=device)
    training.fit(params, optim.Momentum(params, lr=0.1), x.to(device), y.to(device),
                 softmax_loss(1e-4), epochs=epochs, batch_size=64,
                 generator=seeded(seed))
    return training.accuracy(params, x_new.to(device), y_new.to(device))


if ready(net=net):
    for how in ("random", "contiguous"):
        found = [train_and_test(split_digits(how, seed=seed), seed)
                 for seed in range(4)]
        each = " ".join(f"{value:.1%}" for value in found)
        print(f"{how:10s} split: {statistics.mean(found):.1%} on average ({each})")

# %% [markdown]
# The accuracy falls by several percentage points: the random split has a *leak*. Neither number is wrong.
# They answer different questions: how well does the net read people it knows, and how well does it read strangers?
# Be sure which one your users will ask.
#
# ### Written question 1
#
# **(a)** A hospital trains a net on X-ray images, several of each patient, split at random; the accuracy is 99 %.
# What do you ask, and how do you split instead? **(b)** You have tried forty settings and kept the one with the
# best *test* accuracy. What is wrong with the number that you report, and in which direction is it off?

# %% [markdown] written="splits" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) Whether the same patients (and the same machine, ward, day …) are in both parts: then the net may recognise
# the patient instead of the illness. Split by patient, so that all images of one are in one part; better still by
# hospital.
#
# (b) The largest of forty accuracies is large partly by luck, and the test images helped to choose it. So it is
# too high, the more so the smaller the test set is and the more settings were tried. Choose on validation images,
# and measure once, on images that took no part in any choice.
#
# Marks: one for the leak, one for the split by patient, one for (b).
# ### END SOLUTION

# %% [markdown]
# ## 8  A run that may be killed
#
# Real runs take days, and something always happens: the power fails, the job's time runs out, the laptop is closed. To be
# killed at *any* moment and continue as if nothing had happened, a run needs three things.
#
# ### 8.1  Files that are never half written
#
# `open(path, "wb")` empties the file *before* a single byte is written. If the program is killed at that moment,
# or the disk is full, you have lost the old checkpoint and have no new one. See for yourself:

# %% show=true
from toolbox.given.small_disk import full_disk, resource

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "weights.bin"
    path.write_bytes(b"the weights of three days")
    if resource is not None:  # not on Windows
        try:
            with full_disk(room=10):  # a disk with room for ten bytes
                path.write_bytes(b"better weights, after four days")
        except OSError as error:
            print("error:", error.strerror)
        print("what is left:", path.read_bytes())

# %% [markdown]
# The cure is old and simple: write a *temporary* file in the same folder, make sure that it is on the disk, then
# put it in place of the old one with `os.replace`, which the system does in a single step. At every moment there
# is a complete file under that name, the old one or the new one.
#
# Write `write_atomically(path, data)` in `checkpoint.py`. If something fails, clean up and let the error through.

# %% item="atomic" points=2
check("atomic")

# %% [markdown]
# ### 8.2  What is in the file
#
# Tensors, under their names, and nothing else. `torch.save` and `pickle` can do that, and more: a pickle is a
# little *program* that runs when it is opened. A checkpoint from the internet could delete your home folder.
# NumPy's `.npz` holds plain arrays, as long as nobody says `allow_pickle=True`. (For large nets the usual format
# is *safetensors*, which holds only plain data as well.)
#
# Write `save_checkpoint` and `load_checkpoint`. What comes back must be the same to the last bit: names, shapes,
# dtypes, numbers.

# %% item="checkpoint" points=2
check("checkpoint")

# %% [markdown]
# ### 8.3  Everything that a run needs to continue
#
# The parameters, of course. What else does the next step depend on? If one thing is missing, the run continues
# *almost* as before, and nobody ever notices. Write `capture`, which records everything, and `restore`, which puts
# it back.
#
# `capture` must *copy*: a state that holds the run's own tensors changes with them, and then it is no record at
# all.

# %% item="resume" points=2
check("resume")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | "the state changed when training went on" | use `clone()`; a `detach()` is not a copy |
# | "the generator goes on with other numbers" | the seed is where it started; `get_state()` is where it is |
# | "params: w1 is not what it was" | `params["w1"] = …` puts another tensor into the dict; the optimiser still holds the old one |
# | the learning rate is off in the eighth digit | `torch.tensor(0.1)` is a float32 |
#
# Now for real: a run of 12 epochs, and one that is interrupted after 7, thrown away, and continued by *new* objects
# from the file. (You may interrupt it yourself, with the stop button: it is the same. In the course's own tests a
# process is killed without warning, again and again.)

# %% show=true
def run(path, stop=None, seed=5):
    """Train for 12 epochs with checkpoints; it is interrupted after epoch `stop`."""

    def on_epoch(epoch, losses):
        if epoch + 1 == stop:
            raise KeyboardInterrupt

    params = training.init_params((64, 30, 10), seeded(seed))
    try:
        training.fit(params, optim.Momentum(params, lr=0.1), x_train, y_train,
                     softmax_loss(), epochs=12, batch_size=64, generator=seeded(seed),
                     checkpoint=path, schedule=lambda epoch: 0.1 * 0.9**epoch,
                     on_epoch=on_epoch)
    except KeyboardInterrupt:
        print("killed after epoch", stop)
    return params


with tempfile.TemporaryDirectory() as folder:
    state = checkpoint.capture({"w": torch.zeros(1)}, optim.SGD({}, 0.1), seeded(0), 1)
    if ready(net=net, capture=state):
        whole = run(Path(folder) / "whole.npz")
        run(Path(folder) / "killed.npz", stop=7)
        # continued with other initial weights: they must not matter
        resumed = run(Path(folder) / "killed.npz", seed=99)
        same = all(torch.equal(whole[name], resumed[name]) for name in whole)
        print("same weights, bit for bit:", same)

# %% [markdown]
# ## 9  Settings: grid or random search?
#
# Learning rate and regularisation: nobody knows good values beforehand, so one tries several. What matters is
# the *ratio*: from 0.001 to 0.01 is as far as from 0.1 to 1. So spread the trials evenly on a logarithmic scale.
#
# Write `log_uniform(low, high, count, generator)` in `training.py`.

# %% item="log_uniform" points=1
check("log_uniform")

# %% [markdown]
# Next, a search that survives being killed: `search(points, evaluate, path)` in `checkpoint.py`. It keeps one line
# per point in a file, written (atomically) as soon as the point has been evaluated, and never evaluates a point
# again that is in the file. Add points tomorrow, and only the new ones run.

# %% item="search" points=2
check("search")

# %% [markdown]
# Here are a grid of $4 \times 4$ points, and 16 random points over the same range; for each, a net of 50 units is
# trained for 5 epochs. (The little marks on the axes are the different values that were tried.)

# %% show=true
def evaluate(lr, reg):
    """Validation accuracy after 5 epochs with these settings."""
    params = training.init_params((64, 50, 10), seeded(0))
    training.fit(params, optim.Momentum(params, lr=lr), x_train, y_train,
                 softmax_loss(reg), epochs=5, batch_size=64, generator=seeded(0))
    return training.accuracy(params, x_val, y_val)


generator = seeded(0)
lrs = training.log_uniform(1e-3, 3, 16, generator)
regs = training.log_uniform(1e-5, 0.3, 16, generator)
folder = Path(tempfile.mkdtemp())  # in a folder of your own the results would be kept
searched = checkpoint.search([], evaluate, folder / "none.jsonl")
if ready(net=net, log_uniform=lrs, search=searched):
    four_lrs = torch.logspace(-3, math.log10(3), 4).tolist()
    four_regs = torch.logspace(-5, math.log10(0.3), 4).tolist()
    points = {"grid": [{"lr": lr, "reg": reg} for lr in four_lrs for reg in four_regs],
              "random": [{"lr": lr, "reg": reg}
                         for lr, reg in zip(lrs.tolist(), regs.tolist())]}
    show_search({name: checkpoint.search(progress(some, name), evaluate,
                                         folder / f"{name}.jsonl")
                 for name, some in points.items()})

# %% [markdown]
# The accuracy changes from left to right, and hardly from bottom to top (except at the very top): the learning rate
# is what matters. The grid spent 16 runs on only *four* learning rates, two of them useless: eight runs wasted, and
# within each column the other runs repeat what the first one says. The random search tried 16 different ones, and
# shows where the good range begins and ends. (Which of the two finds the single best point is luck: try other
# seeds.) When one setting matters more than the others, and you do not know which, random search is the better
# plan (Bergstra and Bengio, 2012). Then look more closely around the best points, with more epochs.
#
# ### Written question 2
#
# **(a)** The best learning rates lie in a narrow range; above it the accuracy drops suddenly, below it gradually.
# Why? **(b)** Somebody draws learning rates evenly between 0.001 and 3. What share of the trials lies above 0.3, and
# why is that a problem? **(c)** A search writes its results at the end, from a list in memory. It is killed during
# the night. Say what has to be in the file, and when, so that nothing is lost.

# %% [markdown] written="settings" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) Too small: the net goes the same way, only not as far; a few more epochs would do. Too large: the steps are
# larger than the valley is wide, and errors grow from step to step instead of shrinking. That is a threshold (2
# over the largest curvature, for plain gradient descent).
#
# (b) (3 − 0.3) / 2.999, 90 %: nine trials out of ten go to the highest of the three and a half factors of ten, nearly
# all of them too large to learn, and the good range gets hardly any.
#
# (c) Each result with its settings, as soon as it is known, in a file that is replaced as a whole (or in which every
# line is complete), so that a kill loses at most the trial under way; and the search must look into the file before
# it evaluates a point.
#
# Marks: one for each part.
# ### END SOLUTION

# %% [markdown]
# ## 10  Deeper
#
# ### 10.1  What is a net without activations?
#
# Remove the ReLUs from a net of three layers: $((x W_1 + b_1) W_2 + b_2) W_3 + b_3$. Multiply it out. It is
# $x W + b$: however many layers there are, it is **one** linear classifier, with one blurred picture for each class.
# Write `collapse(params)`, which finds that `w` and `b` for any number of layers.

# %% item="collapse" points=2
check("collapse")

# %% show=true
deep = training.init_params((64, 80, 60, 40, 10), seeded(0), dtype=torch.float64)
if ready(kaiming=deep["w1"]) and ready(collapse=training.collapse(deep)[0]):
    x, (w, b) = load_digits("test")[0], training.collapse(deep)
    out = x
    for layer in range(1, 5):
        out = out @ deep[f"w{layer}"] + deep[f"b{layer}"]
    numbers, collapsed = sum(p.numel() for p in deep.values()), w.numel() + b.numel()
    one = x @ w + b
    with_relu = float((training.scores(deep, x) - one).abs().max())
    print(f"four layers without ReLU: {numbers:,} numbers; collapsed: {collapsed:,}")
    print(f"largest difference of their scores: {float((out - one).abs().max()):.1e}")
    print(f"with ReLUs the difference would be {with_relu:.1e}")

# %% [markdown]
# ### 10.2  Three layers, six layers
#
# Flat code would have to be rewritten for each depth. Layers need not: use `Sequential` from the notebook `layers`,
# your optimiser, and a net of any depth. The cell below trains five nets: three depths with Kaiming's weights, one net
# with weights of standard deviation 0.01, and one without ReLU.

# %% show=true
from backprop import layers
from backprop.losses import softmax_cross_entropy


def stack(sizes, scale=None, activation=True, seed=0):
    """A Sequential of Linear and ReLU layers. scale: a std instead of Kaiming's."""
    start, parts = training.init_params(sizes, seeded(seed)), []
    for k in range(1, len(sizes)):
        w = start[f"w{k}"]
        if scale is not None:
            w = w / w.std() * scale
        if not activation:
            w = w / 2**0.5  # no ReLU removes a half, so there is nothing to make up for
        parts.append(layers.Linear(w, start[f"b{k}"]))
        if activation and k < len(sizes) - 1:
            parts.append(layers.ReLU())
    return layers.Sequential(*parts)


def modular(model):
    """Loss and gradients of a Sequential, in the form that `train_epoch` wants."""

    def loss_and_grads(x, y, params):
        loss, grad_scores = softmax_cross_entropy(model.forward(x), y)
        model.backward(grad_scores)
        return loss, model.grads

    return loss_and_grads


def layers_work():
    """Whether your layers and their loss go forward."""
    if training.kaiming(2, 2, seeded(0)) is None:
        return None
    scores = stack((64, 8, 10)).forward(x_train[:2])
    return None if scores is None else softmax_cross_entropy(scores, y_train[:2])[0]


if ready(kaiming=own, net=net, layers=layers_work()):
    six = (64, 60, 60, 60, 60, 60, 10)
    nets = {"2 layers": stack((64, 60, 10)), "3 layers": stack((64, 60, 60, 10)),
            "6 layers": stack(six), "6 layers, std 0.01": stack(six, scale=0.01),
            "6 layers, no ReLU": stack(six, activation=False)}
    depth = {"loss": {}, "accuracy on the validation images": {}}
    cosine = lambda epoch: 0.05 * 0.5 * (1 + math.cos(math.pi * epoch / 15))
    for name, model in nets.items():
        losses, right = (panel.setdefault(name, []) for panel in depth.values())

        def keep(epoch, found):
            losses.append(sum(found) / len(found))
            hits = model.forward(x_val).argmax(dim=1) == y_val
            right.append(float(hits.double().mean()))

        training.fit(model.params, optim.Momentum(model.params, lr=0.05), x_train,
                     y_train, modular(model), epochs=15, batch_size=64,
                     generator=seeded(0), schedule=cosine, on_epoch=keep)
    show_learning(depth)

# %% [markdown]
# Six layers train as well as two when they are initialised right, and fit the training images better; on new images
# of this kind that gains little. Initialised at 0.01 they never start to learn: this is section 3 again. And six
# layers *without* a ReLU? They keep up! Digits as small as these can be told apart nearly as well by a linear
# classifier; all those layers are one, and one is enough. Where classes are not separated by straight lines, it is
# not. Here are three nets on a ring around a disc:

# %% show=true
angle = torch.rand(400, generator=seeded(0)) * 2 * math.pi
radius = torch.rand(400, generator=seeded(1))
y_ring = torch.arange(400) % 2
radius = torch.where(y_ring == 1, 0.95 + 0.4 * radius, 0.6 * radius)
x_ring = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
if ready(kaiming=own, net=net, layers=layers_work()):
    wide = (2, 30, 30, 30, 30, 30, 2)
    shapes = {"one layer": stack((2, 2), activation=False),
              "six layers, no ReLU": stack(wide, activation=False),
              "two layers with ReLU": stack((2, 30, 2))}
    for model in shapes.values():
        training.fit(model.params, optim.Momentum(model.params, lr=0.05), x_ring,
                     y_ring, modular(model), epochs=40, batch_size=50,
                     generator=seeded(0))
    ways = {name: model.forward for name, model in shapes.items()}
    show_regions(ways, x_ring, y_ring)

# %% [markdown]
# A straight line is the best that layers without activations can draw, however many there are. With one ReLU layer
# in between, the net has thirty folds, each along a straight line, and closes them into a ring.
#
# ## 11  Faster
#
# How fast is your step, compared with PyTorch's? Time one step of each on the same batch: your flat code with your
# momentum, and autograd with `torch.optim.SGD`, which does the same.

# %% show=true
def median_seconds(step, rounds=30):
    """Median seconds of a step."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def autograd_step(params, x, y, lr=0.01, rho=0.9):
    """A function that makes one step with PyTorch's layers, autograd and optimiser."""
    nn, (D, H), C = torch.nn, params["w1"].shape, params["w2"].shape[1]
    model = nn.Sequential(nn.Linear(D, H), nn.ReLU(), nn.Linear(H, C))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=rho)

    def step():
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def flat_step(params, x, y, lr=0.01):
    """A function that makes one step with your flat code and your momentum."""
    optimizer = optim.Momentum(params, lr=lr)
    return lambda: optimizer.step(softmax_loss()(x, y, params)[1])


def compare(N, D, H, C=10):
    """Seconds per step of every variant that is there, measured alternately."""
    x = torch.rand(N, D, generator=seeded(0))
    y = torch.randint(C, (N,), generator=seeded(1))
    params = training.init_params((D, H, C), seeded(2))
    copy = lambda: {name: w.clone() for name, w in params.items()}
    steps = {"autograd": autograd_step(params, x, y), "flat": flat_step(copy(), x, y)}
    fast = buffers.BufferedNet(copy(), N, lr=0.01)
    if fast.step(x, y) is not None:
        steps["buffers"] = lambda: fast.step(x, y)
    for step in steps.values():
        step()
    turns = [{name: median_seconds(step, 10) for name, step in steps.items()}
             for _ in range(5)]
    return {name: statistics.median(turn[name] for turn in turns) for name in steps}


if ready(net=net):
    show_times({"64 images, 64-256-10": compare(64, 64, 256),
                "256 images, 784-512-10": compare(256, 784, 512)}, against="autograd")

# %% [markdown]
# For small nets autograd spends most of its time on *bookkeeping*: recording the graph and going back through it.
# For larger ones all variants compute the same products, and what differs is **memory**. Flat code asks for a new
# tensor in every line (hidden layer, mask, gradients, velocity, each the size of a layer) and gives it back a moment
# later. New memory is slow: the system must find it and clear it, and it is not in the processor's cache.
#
# `BufferedNet` in `buffers.py` makes its large tensors once. In a step, products write into a given tensor
# (`torch.mm(a, b, out=c)`), and everything else works in place. `v.addmm_(left, right, beta=rho)` is
# $v \leftarrow \rho v + \text{left}\cdot\text{right}$ in one call, so that no gradient of a weight is ever stored.
# The price: a tensor's name no longer says what is in it. Once `scores` has become its own gradient, the scores are
# gone; so the *order* of the lines matters. And the last batch is smaller than the buffers.
#
# ### A solved example: one layer, squared loss, no new memory
#
# Two operations first. `torch.mm(a, b, out=c)` computes a product *into* `c`; `c` keeps its place in memory. And
# `v.addmm_(a, b, beta=0.9)` replaces `v` by 0.9 times itself plus the product:

# %%
a, b = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [4.0]])
c, v = torch.zeros(1, 1), torch.tensor([[100.0]])
place = c.data_ptr()
torch.mm(a, b, out=c)
v.addmm_(a, b, beta=0.9)
print("c:", c.item(), " at the same place:", c.data_ptr() == place)
print("v:", v.item(), "= 0.9 · 100 + 11")

# %% [markdown]
# Now a whole step of a linear layer with the loss $\frac1N\sum (x\,w - t)^2$, in place. The table says what each buffer
# holds after each line; read it from top to bottom, and ask of each line whether everything that it reads is still there:
#
# | line | `s` | `v` | `w` |
# | --- | --- | --- | --- |
# | `torch.mm(x, w, out=s)` | the scores | the old velocity | the old weights |
# | `s -= t` | the errors | | |
# | `loss = torch.dot(s.view(-1), s.view(-1)) / N` | | | |
# | `s *= 2 / N` | the gradient of the scores | | |
# | `v.addmm_(x.T, s, beta=rho)` | | the new velocity | |
# | `w.add_(v, alpha=-lr)` | | | the new weights |
#
# The loss must be computed *before* the errors become a gradient. And with a second layer, going back to the hidden layer
# needs the second layer's weights, so they must not change before that. Which of your buffers is read last, and by which
# line? Write down a table like this one for two layers first; then the code is a copy of its first column.

# %% item="buffered_net" points=2
check("buffered_net")

# %% item="buffers" points=1
check("buffers")

# %% [markdown]
# | you see | what to do |
# | --- | --- |
# | right until the last, smaller batch | you use `N` of the buffers where `n` of the batch is meant |
# | `w1` wrong, `w2` right | the mask must be in `grad_h` before it is used; and `w2` must not have changed yet |
# | "the last step made a tensor of … bytes" | `a * b` makes a new one, `a *= b` does not; `(w * w).sum()` makes one, `torch.dot` of the flattened weights does not |
# | numbers that grow from step to step | something is added to a buffer that still holds the last step |
#
# Now run the comparison above once more: it has a third bar. How far can this go? The course's own step
# (`backprop/fast.py`, to read) puts examples into columns, all parameters into one vector, and, on a GPU, the whole
# step into one recorded graph; `make bench ONLY=step` measures it beside everything that PyTorch has to offer.

# %% [markdown]
# ## 12  Key points
#
# - **Momentum**: $v = \rho v + \mathrm{d}w$, $w \mathrel{-}= \text{lr}\cdot v$. Steady slopes add up, to ten times the
#   speed at $\rho = 0.9$; noise and zigzags cancel. Forms with the learning rate elsewhere differ as soon as it
#   changes.
# - **Initialise** with variance $2/\text{fan\_in}$: signals keep their size through any number of ReLU layers.
# - **Mini-batches**: every example once per epoch, in a new order, labels along with their images, from a seeded
#   generator.
# - A linear classifier's loss is **convex**, a net's is not: it has as many equal minima as its hidden units have orders.
# - **Climb the ladder** before you run: $\ln C$, the penalty, fifty images memorised, a loss that goes down.
# - **Choose on validation, measure once on test**, and ask who is in the test set.
# - **Write files atomically, avoid pickles, record everything** that a run depends on: parameters, velocity,
#   learning rate, generator, epoch. Then being killed costs nothing.
# - **Search at random, on a log scale.** Layers without activations are one layer. For the same
#   arithmetic, what costs time is new memory.
#
# ### Hand in
#
# 1. Restart the kernel and run everything (*Run* → *Run all cells*), to be sure that it works from the top. Save the
#    notebook and the four modules.
# 2. Make the file to hand in: remove the two `# ` in the cell below and run it. It checks that everything is there
#    and writes one zip.
# 3. Upload that zip. You may do so as often as you like before the deadline; the last one counts.

# %%
# from toolbox import submit
# submit("training")
