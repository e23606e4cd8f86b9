# ---
# jupyter:
#   backprop_kit: {assignment: training, modules: [optim, training, buffers, checkpoint], order: 5}
# ---

# %% [markdown]
# # Training: from gradients to a net that reads
#
# You can compute the gradient of any network now. A gradient says which way is down, *here*. It does not say how far to go, where to begin, which examples to look at, when to stop, or whether any of it
# works on digits that the net has never seen. That is training, and it is a craft of its own.
#
# By the end of this notebook you will have
#
# - written gradient descent and **momentum**, and watched both on landscapes that are traps for one of them;
# - started a network so that its signals neither die nor explode, and fed it in mini-batches;
# - climbed the **sanity ladder**, four small experiments that find most bugs before the long run does;
# - trained a net to read handwritten digits, looked at its weights and at its worst mistakes, and asked whether the test was fair;
# - made training that survives being killed, a search over settings that does, too, deeper nets, and a faster step.
#
# You need: `net_softmax` from the notebook on flat code, and `Linear`, `ReLU` and `Sequential` from the one on layers (for section 10 alone). Allow six to eight hours; the sections stand on their own.

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
import math
import statistics
import tempfile
import time

import torch
from backprop import buffers, checkpoint, flat, optim, training
from toolbox import check
from toolbox.data import load_digits
from toolbox.draw import (show_confusion, show_curves, show_images, show_learning, show_paths, show_regions, show_search, show_signals,
                          show_times, show_weights)
from toolbox.landscapes import LANDSCAPES, walk
from toolbox.live import LiveCurve, progress
from toolbox.splits import split_digits

torch.set_num_threads(1)  # the nets are small: one thread is the fastest, and times can be compared
device = "cuda" if torch.cuda.is_available() else "cpu"
print("training on", torch.cuda.get_device_name() if device == "cuda" else "the CPU")


def seeded(seed):
    """A random generator that starts at `seed`."""
    return torch.Generator().manual_seed(seed)


def ready(**answers):
    """True once all the named answers are there; until then it says what is missing."""
    missing = [name for name, answer in answers.items() if answer is None or answer is False]
    if missing:
        print("Nothing to show yet. Still to be written:", ", ".join(missing))
    return not missing


# %% [markdown]
# ## 0  How this works
#
# You write in four files of `lib/backprop/`, all short: `optim.py` (section 1), `training.py` (3 to 6, 9, 10), `checkpoint.py` (8, 9) and `buffers.py` (11). Some numbers and a few lines go into the notebook, at
# `# YOUR CODE HERE`. Save a file, run the next cell; the notebook picks the new version up. Below every task stands a check; run it as often as you want. Grading runs the same checks, and more of the same kind.
#
# | you see | look at |
# | --- | --- |
# | `StopIteration` in the first cell | the notebook lies outside the course's folder: it must stand below the folder that holds `lib/backprop` |
# | a check still shows the old result | the file is not saved; or restart the kernel and run from the top |
# | "Nothing to show yet" | not an error: that picture is drawn with your code, once it exists |
# | `KeyError: 'w1'` in `SGD.step` | `net_softmax` of `flat.py` does not return all its gradients yet |

# %% [markdown]
# ## 1  One step, and another
#
# ### 1.1  Gradient descent
#
# Look at the digits once more. 64 pixels go in, ten scores come out, and between them lie some thousand weights, about which we know nothing yet but this: for any of them, and for any images, `net_softmax` tells how fast the loss would
# rise. So go the other way, a little: $w \leftarrow w - \text{lr}\cdot \mathrm{d}w$.

# %%
x_train, y_train = load_digits("train", dtype=torch.float32)

# %% show=true
show_images(x_train[:30], y_train[:30].tolist(), columns=15);

# %% [markdown]
# **Stochastic** gradient descent (SGD) is called so because $\mathrm{d}w$ comes from a few images drawn at random, not from all: a guess at the true slope, right on average, and a hundred times cheaper.
#
# ### A solved example
#
# One weight, the loss $L = w^2$, so $\mathrm{d}w = 2w$. Start at $w = 1$ with learning rate 0.25: the gradient is 2, so $w$ becomes $1 - 0.25 \cdot 2 = 0.5$; the gradient is 1, and $w$ becomes $0.25$. Each step halves it. With a learning
# rate of 1 it would jump from $1$ to $-1$ and back for ever.
#
# ### 1.2  Momentum
#
# A ball that rolls downhill has a memory: its velocity. Each gradient changes the velocity, and the velocity moves the ball:
#
# $$v \leftarrow \rho\, v + \mathrm{d}w, \qquad\qquad w \leftarrow w - \text{lr}\cdot v.$$
#
# $\rho$ (rho), 0.9 or so, is how much velocity survives a step: friction, turned around. Where gradients agree from step to step, velocity builds up. Where they flip sign, they cancel.
#
# There are other forms, and they are *not the same*. Some books keep the learning rate inside, $v \leftarrow \rho v + \text{lr}\,\mathrm{d}w$ and $w \leftarrow w - v$. As long as the learning rate never changes, the paths agree to the last digit. When it does
# change, they differ: in our form a new learning rate counts at once for the whole velocity. Others average, $v \leftarrow \rho v + (1-\rho)\,\mathrm{d}w$ ("dampening"), or look ahead ("Nesterov"). Ours is the slides' form and that of `torch.optim.SGD`.
#
# ### Predict
#
# On paper, please, then below. $L = w^2$ again, start at $w = 1$, now with learning rate **0.1**.
#
# 1. `sgd_w1`, `sgd_w2`: $w$ after one and after two steps of gradient descent.
# 2. `momentum_w1`, `momentum_w2`: the same with momentum, $\rho = 0.5$, velocity 0 at first.
# 3. `final_velocity`: the gradient is 1 at every step, for ever, and $\rho = 0.9$. Towards which number does the velocity grow?

# %% solution="predict"
# predicted: "sgd_w1", "sgd_w2", "momentum_w1", "momentum_w2", "final_velocity"; for example predicted["sgd_w1"] = 0.5
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
# Ten times the speed, then, where the slope is steady. Keep that in mind when you choose a learning rate: 0.1 with momentum 0.9 goes about as far as 1.0 without.
#
# Now `SGD.step` and `Momentum` in `optim.py`. Both get a dict of parameters once and a dict of gradients at every step. **In place, please**: others hold the same tensors (the net, for one), and must see them move.
# `w -= …` writes into the tensor; `w = w - …` makes a new one, and nobody notices.

# %% item="sgd" points=1
check("sgd")

# %% item="momentum" points=3
check("momentum")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "must … after step 12", and your numbers are the starting ones | a new tensor was made instead of changing the old one |
# | right as long as the learning rate is constant | the learning rate stands inside the velocity |
# | right for one parameter, wrong for two | one velocity for all of them |
# | "step() wrote into the gradient" | `v = grads[name]` gives the tensor a second name; it does not copy it |
# | a leaf variable that requires grad … | these tensors need no autograd: you wrote the gradients yourself |

# %% [markdown]
# ## 2  Four landscapes
#
# Two numbers instead of thousands, so that we can look. Both of your optimisers start at the star, with the same learning rate and the same noise.

# %% show=true
paths = {name: {"SGD": walk(land, optim.SGD), "momentum": walk(land, optim.Momentum, rho=0.9) if optim.Momentum({"w": torch.zeros(1)}, 0.1).velocity else None}
         for name, land in LANDSCAPES.items()}
if ready(SGD=len(paths["ravine"]["SGD"].unique(dim=0)) > 1, Momentum=paths["ravine"]["momentum"] is not None and len(paths["ravine"]["momentum"].unique(dim=0)) > 1):
    show_paths({name: land.loss for name, land in LANDSCAPES.items()}, paths, {name: land.window for name, land in LANDSCAPES.items()})

# %% [markdown]
# - **Ravine.** A hundred times steeper across than along. The learning rate must be small enough for the steep walls, and then SGD crawls along the floor. Momentum cancels the to and fro and adds up the small steady slope.
# - **Saddle.** Flat in the middle, and down on both sides. Near it the gradient is almost nothing, and so are SGD's steps. Momentum brings its speed along. In a space of a million weights saddles are far more common than minima.
# - **Local minimum.** SGD stops in the first hollow. Momentum is fast enough to roll out of it, here; with another start it might not be.
# - **Noisy gradients.** Each step sees a gradient with noise on it, as from a mini-batch. SGD follows every jerk. A velocity is an average over the last ten gradients or so: it goes straight. Look at the end, though: speed overshoots, and near the
#   goal the noise keeps it moving. This is why learning rates are lowered towards the end.
#
# ### Try
#
# `walk(LANDSCAPES["ravine"], optim.Momentum, rho=0.99)`, and `rho=0.5`. From which rho on does it fly past the goal again and again?

# %% [markdown]
# ## 3  Where to start
#
# Not at zero: then all hidden units compute the same, get the same gradient, and stay equal for ever. Random numbers, then. How large? Follow a signal through a layer: each output is a sum of `fan_in` products,
#
# $$a_j = \sum_{i=1}^{\text{fan\_in}} x_i\, w_{ij} \qquad\Rightarrow\qquad \operatorname{mean}(a^2) = \text{fan\_in} \cdot \operatorname{mean}(x^2) \cdot \operatorname{var}(w),$$
#
# for weights with mean 0. If the factor $\text{fan\_in}\cdot\operatorname{var}(w)$ is not close to 1, the signal shrinks or grows with *every* layer. And the ReLU throws half of $a^2$ away. So make up for it with a 2:
#
# $$\operatorname{var}(w) = \frac{2}{\text{fan\_in}} \qquad \text{(Kaiming He and others, 2015).}$$
#
# Write `kaiming(fan_in, fan_out, generator, dtype)` in `training.py`. The numbers must come from the `generator`: whoever has the seed has your run, number by number.

# %% item="kaiming" points=2
check("kaiming")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | a standard deviation of 0.0067 for 0.0816 | $2/\text{fan\_in}$ is the *variance* |
# | "two calls in a row give the same numbers" | a generator that is made anew in every call |
# | a mean that is not 0 | `torch.rand` draws between 0 and 1, `torch.randn` around 0 |
#
# Does it matter? Six layers of 256 units, images at one end, and what comes out of the ReLUs, for four ways to start. (The third one is yours.)

# %% show=true
own = training.kaiming(256, 256, seeded(0))
if ready(kaiming=own):
    ways = {"std 0.01": lambda a, b, g: torch.randn(a, b, generator=g) * 0.01, "std 1 / sqrt(fan_in)": lambda a, b, g: torch.randn(a, b, generator=g) / a**0.5,
            "yours": training.kaiming, "std 0.2": lambda a, b, g: torch.randn(a, b, generator=g) * 0.2}
    signals = {}
    for name, way in ways.items():
        h, generator, outputs = x_train[:200] - x_train.mean(), seeded(1), {}
        for layer, fan_in in enumerate((64, 256, 256, 256, 256, 256), 1):
            h = outputs[layer] = (h @ way(fan_in, 256, generator)).clamp(min=0)
        signals[name] = {layer: outputs[layer] for layer in (1, 2, 4, 6)}
    show_signals(signals)

# %% [markdown]
# Half of the units are zero everywhere: that is the ReLU, and it is fine. But at std 0.01 the *other* half is, too, for all one can see: the signal has shrunk to nothing, and since a weight's gradient is a product with the signal, nothing will be
# learnt. Without the 2 it fades more slowly. At 0.2 it grows by a factor of two a layer; the bars at the edge are all that is beyond it.
#
# With sigmoids there are two ways to die. Signals that are too large sit where the curve is flat, at 0 and at 1, and the local gradient $y(1-y)$ is nothing; signals that are too small make every layer a straight line. The picture: tanh, same three scales.

# %% show=true
signals = {}
for name, scale in {"std 0.01": lambda d: 0.01, "std 1 / sqrt(fan_in)": lambda d: d**-0.5, "std 0.5": lambda d: 0.5}.items():
    h, generator, outputs = x_train[:200] - x_train.mean(), seeded(1), {}
    for layer, fan_in in enumerate((64, 256, 256, 256, 256, 256), 1):
        h = outputs[layer] = (h @ (torch.randn(fan_in, 256, generator=generator) * scale(fan_in))).tanh()
    signals[name] = {layer: outputs[layer] for layer in (1, 2, 4, 6)}
show_signals(signals, limit=1.05);

# %% [markdown]
# The last row is a saturated net: nearly all of its units say −1 or 1, and hardly any gradient gets through.
#
# ## 4  Mini-batches
#
# An **epoch** shows the net every example once, in a new random order, `batch_size` at a time. Small print that is worth a bug each: the last batch may be smaller, and it counts; images and labels must be shuffled *together*; the order
# must be new in every epoch; and it must come from the generator, so that a run can be repeated.
#
# Write `minibatches(x, y, batch_size, generator)`. Python's `yield` hands one batch out and waits: an epoch of a large data set never lies in memory twice.

# %% item="minibatches" points=2
check("minibatches")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "2 of 23 examples never come" | the last, smaller batch is dropped |
# | "a row of x comes with the label of another one" | one order for both: `x[batch], y[batch]` |
# | "the second epoch has the order of the first" | a generator made anew each time |
# | "the same seed gives another order" | `torch.randperm(n)` without `generator=` uses the global one |
#
# How good a guess is the gradient of a mini-batch? The angle between it and the true one, from all 1,257 images, says it: 0° is perfect, 90° is useless.

# %%
def softmax_loss(reg=0.0):
    """The loss and gradients of the two-layer net, in the form that `train_epoch` wants."""
    return lambda x, y, params: flat.net_softmax(x=x, y=y, **params, reg=reg)


# %% show=true
params = training.init_params((64, 100, 10), seeded(0))
if ready(kaiming=params["w1"], minibatches=training.minibatches(x_train, y_train, 4, seeded(0))) and ready(
        net_softmax=flat.net_softmax(x=x_train[:2], y=y_train[:2], **params, reg=0.0)[1].get("w1")):
    whole = softmax_loss()(x_train, y_train, params)[1]["w1"].flatten()
    for size in (1, 4, 16, 64, 256):
        angles = []
        for number, (x, y) in enumerate(training.minibatches(x_train, y_train, size, seeded(1))):
            g = softmax_loss()(x, y, params)[1]["w1"].flatten()
            angles.append(math.degrees(math.acos(min(1.0, float(g @ whole / g.norm() / whole.norm())))))
            if number == 30:
                break
        print(f"batch of {size:3d}: {statistics.mean(angles):3.0f}° from the true gradient on average, {size / 12.57:5.1f} % of its cost")

# %% [markdown]
# Sixty-four images point the same way, give or take, for a twentieth of the price. Twenty such steps beat one perfect step by far.
#
# ## 5  The sanity ladder
#
# A training run that fails looks just like one that takes long. So before the long run, four short ones, each of which must come out *right*:
#
# 1. The **first loss**, without regularisation, before any step. An untrained net knows nothing: ten classes, a tenth each.
# 2. With regularisation, the loss is **higher**, by just the penalty.
# 3. On **fifty images** the net can reach a loss of zero: it learns them by heart. If it cannot, something is broken, and more data will not mend it.
# 4. A **learning rate** at which the loss goes down at all.
#
# ### Predict
#
# The net is (64, 100, 10), with weights from `kaiming`, 1,257 images to train on, batches of 64. Which numbers do you expect?
#
# - `first_loss`: of a net that gives each class a tenth.
# - `penalty`: what `reg=0.1` adds to it. (The sum of the squares of $n$ numbers with mean 0 is about $n$ times their variance. Do `w1` and `w2` apart.)
# - `steps`: how many steps an epoch has. `last_batch`: how many images are in its last batch.

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
if ready(kaiming=params["w1"], expected=expected.get("penalty")) and ready(net_softmax=flat.net_softmax(x=x_train, y=y_train, **params, reg=0.0)[0]):
    plain, heavy = (float(softmax_loss(reg)(x_train, y_train, params)[0]) for reg in (0.0, 0.1))
    quiet = params | {"w2": params["w2"] * 0.01}
    print(f"first loss          {plain:6.3f}   expected {expected['first_loss']:.3f}")
    print(f"with a quiet end    {float(softmax_loss()(x_train, y_train, quiet)[0]):6.3f}   (w2 a hundred times smaller)")
    print(f"added by reg = 0.1  {heavy - plain:6.3f}   expected {expected['penalty']:.3f}")

# %% [markdown]
# The first loss is a bit *above* $\ln 10$: Kaiming's weights let the net make up opinions before it has seen anything, and wrong ones cost more than none. With a quiet last layer it says a tenth to everybody, and $\ln 10$ is met to the digit. Had it been
# 0.2 or 23, we would look for a bug now.
#
# ### 5.1  The loop
#
# All pieces are there. `train_epoch(params, optimizer, batches, loss_and_grads)` walks through the batches; for each, in this order: loss and gradients, the optimiser's step, the loss into the list. Four lines.

# %% item="train_epoch" points=2
check("train_epoch")

# %% [markdown]
# ### 5.2  Fifty images by heart
#
# Rungs 3 and 4. `training.fit` (given, read it: ten lines) calls your `train_epoch` for many epochs. Train a net on the first fifty images until it knows them by heart: all fifty right, loss below 0.02. Which learning rate, how many epochs? Try 0.001 and 10, too, to have
# seen how failure looks.

# %% solution="overfit"
x_small, y_small = x_train[:50], y_train[:50]
small = None            # the dict of parameters, once it is trained
curve = LiveCurve("loss")
# Make parameters with training.init_params((64, 100, 10), seeded(0)), an optimiser, and call
# training.fit(params, optimizer, x_small, y_small, softmax_loss(), epochs=..., batch_size=..., generator=seeded(1),
#              on_epoch=lambda epoch, losses: curve.add(loss=losses[-1]))
### BEGIN SOLUTION
small = training.init_params((64, 100, 10), seeded(0))
training.fit(small, optim.Momentum(small, lr=0.1), x_small, y_small, softmax_loss(), epochs=60, batch_size=25, generator=seeded(1),
             on_epoch=lambda epoch, losses: curve.add(loss=losses[-1]))
### END SOLUTION
if small is not None:
    curve.show()

# %% item="overfit" points=1
check("overfit")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | the loss does not move | is the optimiser's step in place? does the optimiser hold *these* parameters? |
# | `nan` after a few steps | the learning rate is too large: divide it by ten |
# | it goes down, and ends at 0.3 | more epochs, a larger learning rate, no regularisation |
# | `'w1'` or `None` in a traceback | a piece from above is still missing |

# %% [markdown]
# ## 6  A net that reads
#
# ### 6.1  Scores, and who is right
#
# A loss is for gradients; people ask how many are right. Write `scores(params, x)`, the forward pass of a net of *any* depth: a ReLU after every layer but the last. `accuracy` then compares the largest score with the label (given).

# %% item="scores" points=1
check("scores")

# %% [markdown]
# ### 6.2  Train
#
# Now all 1,257 images. After every epoch we look at the 270 **validation** images, which the net never learns from. The choice of learning rate, regularisation, size, number of epochs is made by looking at *them*. The 270 **test** images are for the very end,
# once: whoever chooses by the test has trained on it, too, only slowly.
#
# Reach 95 % on the validation images; 97 % is not hard. Keep the parameters in `net`. The learning rate may fall with the epochs: `schedule=lambda epoch: …` gives the one for each. (`* 0.5 * (1 + math.cos(math.pi * epoch / epochs))`, half a cosine, is a favourite.)

# %% solution="trained"
x_val, y_val = load_digits("validation", dtype=torch.float32)
x_dev, y_dev = x_train.to(device), y_train.to(device)
history = {"loss": {"mini-batches": []}, "accuracy": {"train": [], "validation": []}}
curve = LiveCurve("loss", "accuracy")


def look(params):
    """A function for `on_epoch`: writes down loss and accuracies, and lets the curves grow."""

    def on_epoch(epoch, losses):
        history["loss"]["mini-batches"].append(sum(losses) / len(losses))
        history["accuracy"]["train"].append(training.accuracy(params, x_dev, y_dev))
        history["accuracy"]["validation"].append(training.accuracy(params, x_val.to(device), y_val.to(device)))
        curve.add(loss=history["loss"]["mini-batches"][-1], accuracy=history["accuracy"]["validation"][-1])

    return on_epoch


net = None              # the dict of parameters, once it is trained
# As above, with x_dev, y_dev, init_params(..., device=device), softmax_loss(reg), on_epoch=look(params).
### BEGIN SOLUTION
epochs, params = 40, training.init_params((64, 100, 10), seeded(0), device=device)
training.fit(params, optim.Momentum(params, lr=0.1), x_dev, y_dev, softmax_loss(reg=1e-3), epochs=epochs, batch_size=64, generator=seeded(1),
             schedule=lambda epoch: 0.1 * 0.5 * (1 + math.cos(math.pi * epoch / epochs)), on_epoch=look(params))
net = {name: w.cpu() for name, w in params.items()}
### END SOLUTION
if net is not None:
    curve.show()

# %% item="trained" points=2
check("trained")

# %% show=true
if ready(net=net, scores=training.scores(net, x_val) if net else None):
    show_learning(history)
    x_test, y_test = load_digits("test", dtype=torch.float32)
    for name, (x, y) in {"train": (x_train, y_train), "validation": (x_val, y_val), "test": (x_test, y_test)}.items():
        print(f"{name:10s} {training.accuracy(net, x, y):6.1%} of {len(y):4d} images")

# %% [markdown]
# The gap between *train* and *validation* is what the net has learnt by heart. A large gap asks for more regularisation, more data or a smaller net; two low curves ask for a larger net, or for a better learning rate.
#
# | you see | look at |
# | --- | --- |
# | accuracy stays at 10 % | shuffled apart? the ReLU at the end? a learning rate of 1e-5? |
# | the loss jumps up and down and ends high | the learning rate is too large for momentum: remember the factor ten |
# | train 100 %, validation 80 % | learnt by heart: is it still the fifty images? |
#
# ### 6.3  What has it learnt?
#
# The first layer's weights, a picture for each hidden unit: blue pixels excite it, red ones hold it back.

# %% show=true
if ready(net=net):
    strongest = net["w2"].norm(dim=1).argsort(descending=True)[:30]
    show_weights(net["w1"][:, strongest], columns=15, title="the 30 hidden units that the second layer listens to most")

# %% [markdown]
# Not digits: a bar here, a gap there, one side dark and the other light, as far as 64 pixels can show it. In the linear classifier of the second notebook each class had *one* picture, and had to blur all ways of writing a seven into it. Here a class is
# made of parts that it shares with others.
#
# Which digits does it take for which? Write `confusion(y, predicted, C)`: a table of counts, the true class down, the predicted one across. One trap: `counts[y, predicted] += 1` adds 1 to each place *once*, however often it is named. `torch.bincount`
# counts properly, and so does a loop.

# %% item="confusion" points=1
check("confusion")

# %% show=true
if ready(net=net, scores=training.scores(net, x_val) if net else None, confusion=training.confusion(y_val[:1], y_val[:1], 10)):
    x_seen, y_seen = torch.cat([x_val, x_test]), torch.cat([y_val, y_test])
    guess = training.scores(net, x_seen).argmax(dim=1)
    show_confusion(training.confusion(y_seen, guess, 10), title=f"{int((guess != y_seen).sum())} mistakes in {len(y_seen)} images")

# %% [markdown]
# And the worst mistakes, those that the net was most sure of: *is → taken for*, and how sure.

# %% show=true
if ready(net=net, scores=training.scores(net, x_val) if net else None):
    x_seen, y_seen = torch.cat([x_val, x_test]), torch.cat([y_val, y_test])
    sure = training.scores(net, x_seen).softmax(dim=1)
    guess = sure.argmax(dim=1)
    wrong = (guess != y_seen).nonzero()[:, 0]
    wrong = wrong[sure[wrong, guess[wrong]].argsort(descending=True)][:10]
    show_images(x_seen[wrong], [f"{y_seen[i]}→{guess[i]}\n{sure[i, guess[i]]:.0%}" for i in wrong.tolist()], columns=10)

# %% [markdown]
# Some of these you would get wrong yourself, others not. And look at the percentages: a net that is sure *and* wrong is a warning. The softmax makes numbers that add up to one; that does not make them honest probabilities.
#
# **Other pictures.** The same lines train on MNIST, Fashion-MNIST (clothes) and CIFAR-10 (colour photographs): the function below loads any of them by its name, and downloads what is not there. They take minutes, not seconds, so the cell stays with the digits; change
# the name and try.

# %% show=true
def images_of(data):
    """(x, y) to train on and to test with, rows between 0 and 1: "digits", "mnist", "fashion-mnist" or "cifar10"."""
    if data == "digits":
        return [load_digits(split, dtype=torch.float32) for split in ("train", "test")]
    from toolbox.larger import load_images

    return [(x.flatten(1).float() / 255, y) for x, y in (load_images(data, split) for split in ("train", "test"))]


(x, y), (x_other, y_other) = images_of("digits")
print(f"{len(x)} images of {x.shape[1]} pixels to train on, {len(x_other)} to test with")

# %% [markdown]
# ## 7  Who wrote the test?
#
# The digits were written by 13 people, one after the other, and the file keeps that order. Our splits are made by chance, so every writer stands in *all* parts: the net is tested on strangers' *images*, not on strangers. What if we cut the file in
# one piece instead, so that most of the test's writers were never seen?

# %% show=true
def train_and_test(parts, seed=0, epochs=15, sizes=(64, 100, 10)):
    """Accuracy on the second part of a net that is trained on the first."""
    (x, y), (x_new, y_new) = parts
    params = training.init_params(sizes, seeded(seed), device=device)
    optimizer = optim.Momentum(params, lr=0.1)
    training.fit(params, optimizer, x.to(device), y.to(device), softmax_loss(1e-4), epochs=epochs, batch_size=64, generator=seeded(seed))
    return training.accuracy(params, x_new.to(device), y_new.to(device))


if ready(net=net):
    fair = {how: [train_and_test(split_digits(how, seed=seed), seed) for seed in range(4)] for how in ("random", "contiguous")}
    for how, found in fair.items():
        print(f"{how:10s} split: {statistics.mean(found):.1%} on average,", " ".join(f"{value:.1%}" for value in found))

# %% [markdown]
# Two or three percent less: a *leak*. Nothing is wrong with either number. They answer different questions: how well does it read people it knows, and how well does it read strangers? Be sure which one your users will ask.
#
# ### Written question 1
#
# **(a)** A hospital trains a net on X-ray images, several of each patient, split at random; the accuracy is 99 %. What do you ask, and how do you split instead? **(b)** You have tried forty settings and kept the one with the best *test* accuracy. What is wrong with the
# number that you report, and which way is it off?

# %% [markdown] written="splits" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) Whether the same patients (and the same machine, ward, day …) stand in both parts: then the net may recognise the patient instead of the illness. Split by patient, so that all images of one are in one part; better still by hospital.
#
# (b) Among forty accuracies the largest is large partly by luck, and the test images helped to choose it: it is too high, the more so the smaller the test part and the more settings were tried. Choose on validation images, and measure once, on images that took no part in any choice.
#
# Marks: one for the leak, one for the split by patient, one for (b).
# ### END SOLUTION

# %% [markdown]
# ## 8  A run that may be killed
#
# Real runs take days, and something always happens: the power, the queue, the lid of the laptop. A run that can be killed at *any* moment and goes on as if nothing had been needs three things.
#
# ### 8.1  Files that are never half written
#
# `open(path, "wb")` empties the file *before* a single byte is written. Killed right then, or with a full disk, you have lost the old checkpoint and have no new one. See for yourself:

# %% show=true
from toolbox.rehearse_files import full_disk, resource

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
# The cure is old and simple: write a *temporary* file in the same folder, make sure that it is on the disk, then put it in the place of the old one with `os.replace`, which the system does in one go. At every moment there is a whole file under the name, the old one or the new one.
#
# Write `write_atomically(path, data)` in `checkpoint.py`. Where something fails, clean up and let the error through.

# %% item="atomic" points=2
check("atomic")

# %% [markdown]
# ### 8.2  What is in the file
#
# Tensors, under their names, and nothing else. `torch.save` and `pickle` can do that, and more: a pickle is a little *program* that is run when it is opened. A checkpoint from the internet could delete your home folder. Numpy's `.npz` holds plain arrays, as long as
# nobody says `allow_pickle=True`. (For large nets the format of choice is *safetensors*, plain as well.)
#
# Write `save_checkpoint` and `load_checkpoint`. What comes back must be the same to the last bit: names, shapes, dtypes, numbers.

# %% item="checkpoint" points=2
check("checkpoint")

# %% [markdown]
# ### 8.3  All that a run needs to go on
#
# The parameters, of course. What else does the next step depend on? If one thing is missing, the run goes on *almost* as before, and nobody ever notices. Write `capture`, which notes it all down, and `restore`, which puts it back.
#
# `capture` must *copy*: a state that holds the run's own tensors changes with them, and then it is no memory at all.

# %% item="resume" points=2
check("resume")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "the state changed when training went on" | `clone()`; a `detach()` is no copy |
# | "the generator goes on with other numbers" | its seed is where it began; `get_state()` is where it is |
# | "params: w1 is not what it was" | `params["w1"] = …` puts another tensor into a dict; the optimiser still holds the old one |
# | the learning rate is off in the eighth digit | `torch.tensor(0.1)` is a float32 |
#
# Now for real. A run of 12 epochs, and one that is interrupted after 7, thrown away, and taken up by *new* objects from the file. (Interrupt it yourself, with the stop button: same thing. In the course's own tests a process is killed without warning, again and again.)

# %% show=true
def run(path, stop=None, seed=5):
    """Train for 12 epochs with checkpoints; `stop`: the epoch after which it is interrupted."""

    def on_epoch(epoch, losses):
        if epoch + 1 == stop:
            raise KeyboardInterrupt

    params = training.init_params((64, 30, 10), seeded(seed))
    try:
        training.fit(params, optim.Momentum(params, lr=0.1), x_train, y_train, softmax_loss(), epochs=12, batch_size=64, generator=seeded(seed),
                     checkpoint=path, schedule=lambda epoch: 0.1 * 0.9**epoch, on_epoch=on_epoch)
    except KeyboardInterrupt:
        print("killed after epoch", stop)
    return params


with tempfile.TemporaryDirectory() as folder:
    written = optim.Momentum({"w": torch.zeros(1)}, 0.1).velocity
    if ready(net=net, capture=checkpoint.capture({"w": torch.zeros(1)}, optim.SGD({}, 0.1), seeded(0), 1)):
        whole = run(Path(folder) / "whole.npz")
        run(Path(folder) / "killed.npz", stop=7)
        resumed = run(Path(folder) / "killed.npz", seed=99)  # other starting weights: they must not matter
        print("same weights, bit for bit:", all(torch.equal(whole[name], resumed[name]) for name in whole))

# %% [markdown]
# ## 9  Settings: a grid, or dice?
#
# Learning rate and regularisation: nobody knows them beforehand. One tries. Both act by their *factor*: from 0.001 to 0.01 is as far as from 0.1 to 1. So spread the tries evenly by the logarithm.
#
# Write `log_uniform(low, high, count, generator)` in `training.py`.

# %% item="log_uniform" points=1
check("log_uniform")

# %% [markdown]
# And a search that survives being killed: `search(points, evaluate, path)` in `checkpoint.py`. It keeps one line a point in a file, written (atomically) right after the point is evaluated, and never evaluates again what is in there. Add points tomorrow, and only
# the new ones run.

# %% item="search" points=2
check("search")

# %% [markdown]
# A grid of $4 \times 4$, and 16 points by dice over the same range; for each, a net of 50 units, 5 epochs. (The little marks on the axes are the different values that were tried.)

# %% show=true
def evaluate(lr, reg):
    """Validation accuracy after 5 epochs with these settings."""
    params = training.init_params((64, 50, 10), seeded(0))
    training.fit(params, optim.Momentum(params, lr=lr), x_train, y_train, softmax_loss(reg), epochs=5, batch_size=64, generator=seeded(0))
    return training.accuracy(params, x_val, y_val)


generator = seeded(0)
lrs, regs = training.log_uniform(1e-3, 3, 16, generator), training.log_uniform(1e-5, 0.3, 16, generator)
if ready(net=net, log_uniform=lrs, search=checkpoint.search([], evaluate, Path(tempfile.mkdtemp()) / "none.jsonl")):
    grid = [{"lr": lr, "reg": reg} for lr in torch.logspace(-3, math.log10(3), 4).tolist() for reg in torch.logspace(-5, math.log10(0.3), 4).tolist()]
    dice = [{"lr": lr, "reg": reg} for lr, reg in zip(lrs.tolist(), regs.tolist())]
    folder = Path(tempfile.mkdtemp())  # a folder of your own would keep the results for tomorrow
    found = {"grid": checkpoint.search(progress(grid, "grid"), evaluate, folder / "grid.jsonl"),
             "random": checkpoint.search(progress(dice, "random"), evaluate, folder / "random.jsonl")}
    show_search(found)

# %% [markdown]
# The colours change from left to right, and hardly from bottom to top (but for the very top): the learning rate is what matters. The grid spent 16 runs on *four* learning rates, two of them useless: eight runs for nothing, and four that repeat what their neighbours say. The dice tried
# 16 different ones, and show where the good range begins and ends. (Who finds the single best point is luck: try other seeds.) When one setting matters more than the others, and you do not know which, dice are the better plan (Bergstra and Bengio, 2012). Then look
# closer around the best points, with more epochs.
#
# ### Written question 2
#
# **(a)** The best learning rates lie in a narrow range; where they are too large the accuracy falls off suddenly, where they are too small it falls off gently. Why? **(b)** Someone draws learning rates evenly between 0.001 and 3. Which share of the tries lies above 0.3, and what
# is the trouble? **(c)** A search writes its results at the end, from a list in memory. It is killed in the night. Say what has to be in the file, and when, so that nothing is lost.

# %% [markdown] written="settings" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) Too small: the net goes the same way, only not as far; a few more epochs would do. Too large: the steps are larger than the valley is wide, errors grow from step to step instead of shrinking, and that is a threshold (2 over the largest curvature, for plain gradient descent).
#
# (b) (3 − 0.3) / 2.999, 90 %: nine tries out of ten go to the last tenth of the logarithmic range, nearly all of them too large to learn, and the good range gets hardly any.
#
# (c) Each result with its settings, as soon as it is known, in a file that is replaced as a whole (or of which every line is whole), so that a kill loses at most the try under way; and the search must look into the file before it evaluates a point.
#
# Marks: one for each part.
# ### END SOLUTION

# %% [markdown]
# ## 10  Deeper
#
# ### 10.1  What is a net without activations?
#
# Take the ReLUs out of a net of three layers: $((x W_1 + b_1) W_2 + b_2) W_3 + b_3$. Multiply it out. It is $x W + b$: however many layers, **one** linear classifier, with its one blurred picture for each class. Write `collapse(params)`, which finds that `w` and `b` for
# any number of layers.

# %% item="collapse" points=2
check("collapse")

# %% show=true
deep = training.init_params((64, 80, 60, 40, 10), seeded(0), dtype=torch.float64)
if ready(kaiming=deep["w1"]) and ready(collapse=training.collapse(deep)[0]):
    x, (w, b) = load_digits("test")[0], training.collapse(deep)
    out = x
    for layer in range(1, 5):
        out = out @ deep[f"w{layer}"] + deep[f"b{layer}"]
    print(f"four layers without ReLU, {sum(p.numel() for p in deep.values()):,} numbers; collapsed: {w.numel() + b.numel():,}")
    print(f"largest difference of their scores: {float((out - (x @ w + b)).abs().max()):.1e}; with ReLUs it would be {float((training.scores(deep, x) - (x @ w + b)).abs().max()):.1e}")

# %% [markdown]
# ### 10.2  Three layers, six layers
#
# Flat code would have to be written anew for each depth. Layers need not: `Sequential` from the notebook on layers, your optimiser, and a net of any depth. Two ways to start: Kaiming's, and weights of 0.01.

# %% show=true
from backprop import layers
from backprop.losses import softmax_cross_entropy


def stack(sizes, scale=None, activation=True, seed=0):
    """A Sequential of Linear and ReLU layers with these sizes. scale: another standard deviation than Kaiming's."""
    start, parts = training.init_params(sizes, seeded(seed)), []
    for k in range(1, len(sizes)):
        w = start[f"w{k}"]
        w = w if scale is None else w / w.std() * scale
        parts.append(layers.Linear(w if activation else w / 2**0.5, start[f"b{k}"]))  # without ReLUs there is no half to make up for
        parts += [layers.ReLU()] if activation and k < len(sizes) - 1 else []
    return layers.Sequential(*parts)


def modular(model):
    """Loss and gradients of a Sequential, in the form that `train_epoch` wants."""

    def loss_and_grads(x, y, params):
        loss, grad_scores = softmax_cross_entropy(model.forward(x), y)
        model.backward(grad_scores)
        return loss, model.grads

    return loss_and_grads


probe = stack((64, 8, 10)) if training.kaiming(2, 2, seeded(0)) is not None else None
if ready(kaiming=probe, net=net, layers=probe is not None and probe.forward(x_train[:2]) is not None and softmax_cross_entropy(probe.forward(x_train[:2]), y_train[:2])[0] is not None):
    nets = {"2 layers": stack((64, 60, 10)), "3 layers": stack((64, 60, 60, 10)), "6 layers": stack((64, 60, 60, 60, 60, 60, 10)),
            "6 layers, started at 0.01": stack((64, 60, 60, 60, 60, 60, 10), scale=0.01), "6 layers, no ReLU": stack((64, 60, 60, 60, 60, 60, 10), activation=False)}
    depth = {"loss": {}, "accuracy on the validation images": {}}
    for name, model in nets.items():
        losses, right = depth["loss"].setdefault(name, []), depth["accuracy on the validation images"].setdefault(name, [])

        def keep(epoch, found):
            losses.append(sum(found) / len(found))
            right.append(float((model.forward(x_val).argmax(dim=1) == y_val).double().mean()))

        training.fit(model.params, optim.Momentum(model.params, lr=0.05), x_train, y_train, modular(model), epochs=15, batch_size=64, generator=seeded(0),
                     schedule=lambda epoch: 0.05 * 0.5 * (1 + math.cos(math.pi * epoch / 15)), on_epoch=keep)
    show_learning(depth)

# %% [markdown]
# Six layers train as well as two when they start right, and fit the training images better; on new images of this kind that is not worth much. Started at 0.01 they do not start at all: section 3 in another guise. And six layers *without* a ReLU? They keep up! Digits as small
# as these can be told apart by a linear classifier, nearly as well; all those layers are one, and one is enough. Where the world bends, it is not. A ring around a disc, three nets:

# %% show=true
angle, radius = torch.rand(400, generator=seeded(0)) * 2 * math.pi, torch.rand(400, generator=seeded(1))
y_ring = (torch.arange(400) % 2)
radius = torch.where(y_ring == 1, 0.95 + 0.4 * radius, 0.6 * radius)
x_ring = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
if ready(kaiming=probe, net=net, layers=probe is not None and probe.forward(x_train[:2]) is not None):
    shapes = {"one layer": stack((2, 2), activation=False), "six layers, no ReLU": stack((2, 30, 30, 30, 30, 30, 2), activation=False), "two layers with ReLU": stack((2, 30, 2))}
    for model in shapes.values():
        training.fit(model.params, optim.Momentum(model.params, lr=0.05), x_ring, y_ring, modular(model), epochs=40, batch_size=50, generator=seeded(0))
    show_regions({name: model.forward for name, model in shapes.items()}, x_ring, y_ring)

# %% [markdown]
# A straight line is the best that layers without activations can draw, however many they are. With one ReLU in between, the net lays thirty straight folds, and closes them to a ring.
#
# ## 11  Faster
#
# How good is your step, compared with PyTorch's? Time one step of each on the same batch: your flat code with your momentum, and autograd with `torch.optim.SGD`, which does the same.

# %% show=true
def milliseconds(step, rounds=30):
    """Median seconds of a step."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def autograd_step(params, x, y, lr=0.01, rho=0.9):
    """PyTorch's own: nn layers, autograd, torch.optim. Returns a function that makes one step."""
    D, H, C = *params["w1"].shape, params["w2"].shape[1]
    model = torch.nn.Sequential(torch.nn.Linear(D, H), torch.nn.ReLU(), torch.nn.Linear(H, C))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=rho)

    def step():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def flat_step(params, x, y, lr=0.01):
    """Your flat code and your momentum."""
    optimizer = optim.Momentum(params, lr=lr)
    return lambda: optimizer.step(softmax_loss()(x, y, params)[1])


def compare(N, D, H, C=10):
    """Seconds a step of every variant that is there, measured in turns."""
    x, y, params = torch.rand(N, D, generator=seeded(0)), torch.randint(C, (N,), generator=seeded(1)), training.init_params((D, H, C), seeded(2))
    copy = lambda: {name: w.clone() for name, w in params.items()}  # noqa: E731
    steps = {"autograd": autograd_step(params, x, y), "flat": flat_step(copy(), x, y)}
    fast = buffers.BufferedNet(copy(), N, lr=0.01)
    if fast.step(x, y) is not None:
        steps["buffers"] = lambda: fast.step(x, y)
    for step in steps.values():
        step()
    turns = [{name: milliseconds(step, 10) for name, step in steps.items()} for _ in range(5)]
    return {name: statistics.median(turn[name] for turn in turns) for name in steps}


if ready(net=net):
    show_times({"64 images, 64-256-10": compare(64, 64, 256), "256 images, 784-512-10": compare(256, 784, 512)}, against="autograd")

# %% [markdown]
# For small nets autograd spends most of its time on *book-keeping*: recording the graph, walking it back. For larger ones all variants do the same products, and what differs is **memory**. Flat code asks for a new tensor in every line: hidden layer, mask, gradients, velocity, each
# the size of a layer, and gives it back a moment later. New memory is slow: the system must find it, clean it, and it is not in the cache.
#
# `BufferedNet` in `buffers.py` makes its large tensors once. In a step, products write where they are told (`torch.mm(a, b, out=c)`), and all else works in place. `v.addmm_(left, right, beta=rho)` is $v \leftarrow \rho v + \text{left}\cdot\text{right}$ in one go, so that no gradient of a weight is ever
# stored. The price: a tensor's name no longer says what is in it. When `scores` has become its own gradient, the scores are gone; so the *order* of the lines matters. And the last batch is smaller than the buffers.

# %% item="buffered_net" points=2
check("buffered_net")

# %% item="buffers" points=1
check("buffers")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | right until the last, smaller batch | `N` of the buffers where `n` of the batch is meant |
# | `w1` wrong, `w2` right | the mask must be in `grad_h` before it is used; and `w2` must not have moved yet |
# | "the last step made a tensor of … bytes" | `a * b` makes a new one, `a *= b` does not; `(w * w).sum()` makes one, `torch.dot` of the flattened weights does not |
# | numbers that grow from step to step | something is added to a buffer that still holds the last step |
#
# Now run the comparison above once more: it has a third bar. And how far does it go? The course's own step (`backprop/fast.py`, to read) puts examples into columns, all parameters into one vector, and, on a GPU, the whole step into one recorded graph; `make bench ONLY=step` measures it
# beside everything PyTorch has to offer.

# %% [markdown]
# ## 12  What to take along
#
# - **Momentum**: $v = \rho v + \mathrm{d}w$, $w \mathrel{-}= \text{lr}\cdot v$. Steady slopes add up, to ten times the speed at $\rho = 0.9$; noise and zigzags cancel. Forms with the learning rate elsewhere differ as soon as it changes.
# - **Start** with variance $2/\text{fan\_in}$: signals keep their size through any number of ReLU layers.
# - **Mini-batches**: every example once an epoch, in a new order, labels along with their images, from a seeded generator.
# - **Climb the ladder** before you run: $\ln C$, the penalty, fifty images by heart, a loss that goes down.
# - **Choose on validation, measure once on test**, and ask who is in the test.
# - **Write files atomically, hold no pickles, note down everything** a run depends on: parameters, velocity, learning rate, generator, epoch. Then killing it costs nothing.
# - **Search by dice, by logarithm.** Layers without activations are one layer. And memory costs more time than arithmetic.
#
# ### Hand in
#
# 1. Restart the kernel and run everything (*Run* → *Run all cells*), to be sure that it works from the top. Save the notebook and the four modules.
# 2. Make the file to hand in: take away the two `# ` in the cell below and run it, or type `python -m toolbox submit training` in a terminal, in the course's folder. It checks that all is there and writes one zip.
# 3. Upload that zip. You may do so as often as you like before the deadline; the last one counts.

# %%
# from toolbox import submit
# submit("training")
