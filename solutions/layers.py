# ---
# jupyter:
#   backprop_kit: {assignment: layers, modules: [activations, batchnorm, layers, losses, graph, functions]}
# ---

# %% [markdown]
# # Layers: the modular API

# ======== part one ends here: layers, losses, Sequential (above) ========

# ======== part two: the graph, torch.autograd.Function, nn.Module (below) ========

# %% [markdown]
# ## 9  Any wiring: the graph
#
# A `Sequential` is a row of layers, each with one neighbour on either side. Many nets are not rows. A value may be read by **several** nodes, a node may read **several** values, and one connection may skip over everything
# in between. All that it takes is a picture without circles, a *directed acyclic graph*:

# %%
from backprop import flat, functions, graph
from toolbox import graph_ops
from toolbox.draw import show_network


def there(what, *answers):
    """True once all the answers are there; until then it says what is still to be written."""
    if any(answer is None or (isinstance(answer, dict) and not answer) for answer in answers):
        print("Nothing to show yet. Still to be written:", what)
        return False
    return True


# %% show=true
nodes, edges = {"s": "+1", "y": "×"}, [("x", "s"), ("x", "y"), ("s", "y")]
draw_graph(nodes, edges, {"x": 4, "s": 5, "y": 20}, {"y": 10, "s": 40, ("x", "s"): 40, ("x", "y"): 50, "x": 90}, rows={"x": 0, "s": 1, "y": 0},
           title="y = (x + 1) · x: values above the wires, gradients below");

# %% [markdown]
# ### A solved example
#
# Here $x = 4$ is read twice, by the node $s = x + 1$ and by the product $y = s\,x$. From the right arrives 10. The product swaps its factors: $10\cdot x = 40$ goes to $s$, and $10\cdot s = 50$ goes along the *direct* wire to
# $x$. The node $s$ hands its 40 on, along the *other* wire to $x$. A nudge of $x$ reaches the end on both ways, so what comes back on them **adds up**: $40 + 50 = 90$. (With algebra: $y = x^2 + x$, slope $2x + 1 = 9$, times 10.)
#
# Two rules are all there is to it:
#
# 1. **A node goes when all its readers have gone.** Only then is its gradient complete.
# 2. **Where wires meet on the way back, gradients add up.**
#
# ### Predict
#
# Now one with three readers. $a = -2x$, $h = a\,x$, $y = h + x$, at $x = 3$, with 5 as the upstream gradient of $y$:

# %% show=true
nodes, edges = {"a": "·(-2)", "h": "×", "y": "+"}, [("x", "a"), ("a", "h"), ("x", "h"), ("h", "y"), ("x", "y")]
draw_graph(nodes, edges, {"x": 3}, {"y": 5, "h": None, "a": None, "x": None}, rows={"x": 0, "a": 1, "h": 1, "y": 0});

# %% solution="graph_by_hand"
# small: the values "a", "h", "y"; what comes back to x along each of its three wires, "x_from_a", "x_from_h", "x_from_y";
# and the gradients "grad_h", "grad_a", "grad_x". One line for each is fine: small["a"] = 1
small = {}
### BEGIN SOLUTION
small["a"] = -2 * 3
small["h"] = small["a"] * 3
small["y"] = small["h"] + 3
small["grad_h"] = 5  # an add hands on what it gets
small["x_from_y"] = 5
small["grad_a"] = 5 * 3  # a product swaps
small["x_from_h"] = 5 * small["a"]
small["x_from_a"] = small["grad_a"] * -2
small["grad_x"] = small["x_from_a"] + small["x_from_h"] + small["x_from_y"]
### END SOLUTION

# %% item="graph_by_hand" points=2
check("graph_by_hand")

# %% [markdown]
# ### 9.1  Ops with several inputs
#
# Open `lib/backprop/graph.py`. What a node does is its *op*: any object with `forward` and `backward`. All your layers are ops with one input. For several inputs there is one more agreement: `backward` returns a **tuple**, one gradient for
# each input, in their order. `Add` is there as an example. Write
#
# - `Multiply`: two inputs of one shape, entry by entry;
# - `Concat`: any number of inputs side by side, $(N, D_1), (N, D_2), \dots \to (N, D_1 + D_2 + \cdots)$. Going forward, columns are put next to each other. So on the way back, which columns of the upstream gradient belong to whom?

# %% item="graph_ops" points=2
check("graph_ops")

# %% [markdown]
# ### 9.2  An order to walk in
#
# Who builds a graph may add its nodes in any order: `add` only writes them down. Before anything can be computed, somebody must find an order in which every node stands **after all that it reads**. Usually there are many; any will do.
#
# A good way, in three steps:
#
# 1. For every name, list its readers. For every node, count how many of its sources are still missing: at first, all.
# 2. The inputs are ready. Put them into the list.
# 3. Walk along the list, and let it grow while you walk: each name that you pass is one source less for each of its readers, and a reader with nothing missing any more goes to the end of the list.
#
# | passing | missing at `a` | missing at `h` | missing at `y` | the list |
# | --- | --- | --- | --- | --- |
# | | 1 | 2 | 2 | x |
# | x | **0** | 1 | 1 | x, a |
# | a | | **0** | 1 | x, a, h |
# | h | | | **0** | x, a, h, y |
#
# If the list ends before everybody is in it, the rest wait for each other: a **circle**. And a node may ask for a name that nobody has. Raise `ValueError` in both cases, with the name in the message: whoever mistyped one among two hundred will thank
# you. (In most graphs nodes have *one* source that is listed twice every now and then: $h\cdot h$. Your count and your readers should agree on that.)

# %% item="graph_order" points=3
check("graph_order")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "stands before it in …" | a node is ready when its *last* source is there, not its first |
# | the check never ends | in a circle nothing gets ready: does your loop notice? |
# | "not in […]" | inputs have a place, and so do nodes that nobody reads |
# | `KeyError` where `ValueError` is due | look for unknown names first, before you count |
# | "RecursionError" | depth first, a function that calls itself: Python stops that at a depth of about 1000. A list of your own does not mind |
#
# ### 9.3  Forwards, and back
#
# With the order, `forward` is a loop: an input has its value, a node hands the values of its sources to its op. And `backward` is the same loop the other way round:
#
# - it starts from the gradients that are given, for one output or for several;
# - a node whose gradient is there asks its op to go back, and shares what comes among its sources;
# - a source that has a gradient already **adds**.
#
# A trap lies in the last word. `grads[name] += grad` writes *into* the tensor that stands there, and somebody else may hold it, too: `Add` gave one and the same tensor to all of its sources. Make a new sum.

# %% item="graph_forward" points=1
check("graph_forward")

# %% item="graph_backward" points=4
check("graph_backward")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "On the way back, the first wrong gradient is that of h" | everything nearer to the output is right. Who reads `h`, and what did each send back? |
# | "Only one of the gradients … is left" | `grads[source] = …` overwrites |
# | "goes before all of its gradient has arrived" | you walk, but not in the reverse of your order |
# | "went 3 times" | one visit for each *node*, not for each path: there may be $2^{50}$ paths |
# | `too many values to unpack`, or a gradient with one dimension less | an op with one input returns a tensor, not a tuple; `zip` would happily take its rows apart |
#
# A first look at your graph, drawn from your own `nodes`, with shapes from your `forward`, and below each wire how large its gradient is:

# %%
def layer(rows, columns, seed, scale=1.0):
    """A linear op with normal weights. (From the toolbox, so that the pictures depend on nothing but your graph.)"""
    return graph_ops.Linear(scale * normal(rows, columns, seed=seed) / rows**0.5, 0.1 * normal(columns, seed=seed + 1))


# %% show=true
net = graph.Graph("x")
net.add("a", layer(4, 5, 1), "x")
net.add("h", graph_ops.Tanh(), "a")
net.add("r", layer(5, 4, 2), "h")
net.add("y", graph.Add(), "x", "r")
if there("Graph.order, forward and backward", net.order(), values := net.forward(x=normal(6, 4)), net.backward({"y": normal(6, 4)})):
    show_network(net, values, net.backward({"y": normal(6, 4, seed=3)}), title="a skip connection across three nodes")

# %% [markdown]
# ### 9.4  Again, and deeper
#
# An engine is used thousands of times in a row. So: a second `backward` gives the same numbers as the first, a second `forward` forgets the first, dicts that you have returned stay as they are, and a chain of two thousand nodes is no problem. If you
# have kept nothing in `self` but the nodes, all of this may be true already. (PyTorch decided otherwise in one point: `.grad` *is* kept and added to, until somebody calls `zero_grad()`. Handy for large batches in small pieces, and a
# famous source of mistakes.)

# %% item="graph_again" points=2
check("graph_again")

# %% [markdown]
# ### One net, three ways
#
# The two-layer net once more: as flat code from the notebook before, as a `Sequential`, and as a graph. Same weights, same batch of digits. The gradients have to agree to the last digits, because they are the same sums.

# %% show=true
x, y = load_digits("train", limit=64)
w1, b1, w2, b2 = normal(64, 20, seed=1) / 8, normal(20, seed=2) / 8, normal(20, 10, seed=3) / 4, normal(10, seed=4) / 4


def as_flat_code():
    return flat.net_softmax(x=x, y=y, w1=w1, b1=b1, w2=w2, b2=b2, reg=0.0)[1]


def as_a_row():
    net = layers.Sequential(layers.Linear(w1, b1), layers.ReLU(), layers.Linear(w2, b2))
    net.backward(losses.softmax_cross_entropy(net.forward(x), y)[1])
    return {"w1": net.grads["0.w"], "b1": net.grads["0.b"], "w2": net.grads["2.w"], "b2": net.grads["2.b"]}


def as_a_graph():
    first, second, net = layers.Linear(w1, b1), layers.Linear(w2, b2), graph.Graph("x")
    net.add("scores", second, "h")                       # in any order
    net.add("h", layers.ReLU(), "a")
    net.add("a", first, "x")
    net.backward({"scores": losses.softmax_cross_entropy(net.forward(x=x)["scores"], y)[1]})
    return {"w1": first.grads["w"], "b1": first.grads["b"], "w2": second.grads["w"], "b2": second.grads["b"]}


found = {}
for name, way in {"flat": as_flat_code, "modular": as_a_row, "graph": as_a_graph}.items():
    try:
        grads = way()
        found[name] = {key: grads[key] for key in ("w1", "b1", "w2", "b2") if grads.get(key) is not None}
    except Exception as error:                           # something on this way is not written yet
        print(f"{name}: not yet ({type(error).__name__}: {error})")
print(f"{'':10}" + "".join(f"{name:>12}" for name in ("w1", "b1", "w2", "b2")) + "     largest difference from the first row")
for name, grads in found.items():
    if len(grads) == 4:
        sizes = "".join(f"{float(grad.norm()):12.8f}" for grad in grads.values())
        differences = [float((grads[key] - other).abs().max()) for key, other in next(iter(found.values())).items() if key in grads]
        print(f"{name:10}{sizes}     {max(differences, default=float('nan')):.0e}")

# %% [markdown]
# ### 9.5  A block that skips
#
# The most successful wiring of all is the *residual block*: instead of $y = F(x)$ compute $y = x + F(x)$, so that the layers inside need only learn what is **missing**. Write `residual_block(graph, source, name, first, activation, second)` in `graph.py`. It
# adds four nodes to a graph that somebody else owns, and returns the name of the last one, so that the next block can be put behind it. Mind the names: two blocks must fit into one graph.

# %% item="graph_skip" points=2
check("graph_skip")

# %% show=true
net, last = graph.Graph("x"), "x"
for number in (1, 2):
    last = last and graph.residual_block(net, last, f"block{number}", layer(4, 5, number), graph_ops.Tanh(), layer(5, 4, number + 5))
if there("residual_block", last, net.order()) and there("forward and backward", values := net.forward(x=normal(6, 4))):
    show_network(net, values, net.backward({last: normal(6, 4, seed=3)}), title="two residual blocks")

# %% [markdown]
# Why does that help? An experiment with *your* graph. Thirty blocks, each of two linear layers with a tanh between them, the second a little small, so that one block alone weakens what passes. Once stacked as they are, once with a skip
# around each. A gradient of size 1 goes in at the end. How large is it when it arrives at each block?

# %% show=true
def gradient_sizes(blocks, skip):
    """How large the gradient is at the output of each block, from the first one to the last."""
    net, names = graph.Graph("x"), ["x"]
    for number in range(blocks):
        parts = layer(16, 16, 2 * number), graph_ops.Tanh(), layer(16, 16, 1000 + 2 * number, scale=0.5)
        name = f"block{number}"
        if skip:
            graph.residual_block(net, names[-1], name, *parts)
        else:
            net.add(f"{name}.a", parts[0], names[-1])
            net.add(f"{name}.h", parts[1], f"{name}.a")
            net.add(name, parts[2], f"{name}.h")
        names.append(name)
    if not net.forward(x=normal(32, 16)):
        return None
    grads = net.backward({names[-1]: normal(32, 16, seed=9)})
    return [float(grads[name].pow(2).mean().sqrt()) for name in names] if grads else None


curves = {"plain": gradient_sizes(30, skip=False) if net.order() else None, "with skips": gradient_sizes(30, skip=True) if last else None}
if there("Graph and residual_block", *curves.values()):
    figure = show_curves(curves, xlabel="block, from the input on the left to the output on the right", ylabel="size of the gradient",
                         title="The way back through 30 blocks")
    figure.axes[0].set_yscale("log")

# %% [markdown]
# One curve falls by many powers of ten on its way to the left: the first layers would hardly learn. The other one arrives.
#
# ### Explain
#
# (a) Look at what `Add.backward` does, and explain the difference between the two curves: why can the gradient not vanish along the skips, however small the weights inside the blocks are?
#
# (b) Somebody writes $y = x \cdot F(x)$, with `Multiply` in the place of `Add`. What comes back along the skip now, and on what does its size depend?
#
# (c) Your `backward` visits each node once. Thirty residual blocks have how many paths from the input to the output? Say in one sentence why the sum over all of them is right nevertheless.

# %% [markdown] written="why_skips" points=3
# *Write your answer here, in place of this line.*
#
# ### BEGIN SOLUTION
# (a) `Add` hands its upstream gradient on to both sources unchanged. So at the input of a block arrives the gradient of its output, *plus* what comes through $F$: $g + g\,J_F$, where $J_F$ is small. Through thirty blocks that is a product of factors $(1 + J_F)$,
# not of factors $J_F$: near 1 each, while the plain chain multiplies thirty small ones. (It could only vanish if $J_F$ were near $-1$.)
#
# (b) `Multiply` swaps: along the skip comes $g \cdot F(x)$, which is small where $F(x)$ is small. The skip is no longer a clear road; its gradient depends on what the block computes.
#
# (c) $2^{30}$, about a billion: at each block through $F$ or around it. Sums can be factored: everything that comes after a node has the same factor on all paths through it, so the gradients may be added up at the node and sent on once.
#
# Marks: one each for (a), (b), (c).
# ### END SOLUTION

# %% [markdown]
# ## 10  Your rules inside PyTorch
#
# You have built an engine. PyTorch has one as well, which records the graph while you compute, and it lets you add nodes of your own: a `torch.autograd.Function` has two static methods, and you know both.
#
# ### A solved example: the cube

# %%
class Cube(torch.autograd.Function):
    """y = x ** 3, entry by entry."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)           # the cache, kept by PyTorch
        return x**3

    @staticmethod
    def backward(ctx, grad_out):           # upstream in, downstream out: one for each argument of forward
        (x,) = ctx.saved_tensors
        return grad_out * 3 * x**2


x = torch.tensor([1.0, 2, 3], requires_grad=True)
y = Cube.apply(x)                          # apply, not forward: that is what puts the node into PyTorch's graph
y.backward(torch.tensor([1.0, 10, 100]))
print(y, x.grad, sep="\n")

# %% [markdown]
# Inside `forward` nothing is recorded; what you write is *one* node, whatever it computes. PyTorch looks after the order, the sums, the leaves. (There is a second way to write it, with a separate `setup_context`; either will do.)
#
# Write `Multiply`, `Sigmoid`, `Softmax` and `Linear` in `lib/backprop/functions.py`. You have all of their rules already; what is new is where things are kept. Two pieces of advice:
#
# - Save the **output** where its local gradient is shortest in terms of it: sigmoid and softmax.
# - One gradient for each argument, in the same order. `None` is allowed for an argument that needs none.
#
# And one rule of the game: `backward` is yours. Calling `torch.autograd.grad`, `torch.func` or a ready-made `…_backward` inside it would be asking the engine to ask itself, and the checks notice.

# %% item="function_multiply" points=2
check("function_multiply")

# %% item="function_sigmoid" points=2
check("function_sigmoid")

# %% item="function_softmax" points=2
check("function_softmax")

# %% item="function_linear" points=2
check("function_linear")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "returned an incorrect number of gradients" | one for each argument of `forward`, `ctx` not counted |
# | "returns nothing yet", though it does | `return` in *both* methods |
# | "returned an invalid gradient … expected shape" | a gradient has the shape of its argument: a sum over the batch? a transpose? |
# | "element 0 of tensors does not require grad" | called `forward` instead of `apply` |
# | "differentiated twice: …" | the next section |
#
# ### 10.1  Differentiated twice
#
# A backward pass is a computation like any other, so it can itself be differentiated: Newton's method, gradient penalties, learning to learn need that. With a Function it works by itself *if* PyTorch can see how `backward` got its numbers: from what went through
# `save_for_backward` (arguments and outputs), by tensor operations. Here is one that is right once and wrong twice:

# %% show=true
class Careless(torch.autograd.Function):
    """y = exp(x), with a backward pass that PyTorch cannot look through."""

    @staticmethod
    def forward(ctx, x):
        ctx.kept = torch.exp(x.detach())   # not an argument, not the output: a number from nowhere, for PyTorch
        return torch.exp(x)

    @staticmethod
    def backward(ctx, grad_out):
        return grad_out * ctx.kept


x = normal(3).requires_grad_()
print("differentiated once: ", torch.autograd.gradcheck(Careless.apply, [x], raise_exception=False))
print("differentiated twice:", torch.autograd.gradgradcheck(Careless.apply, [x], raise_exception=False))

# %% [markdown]
# `gradcheck` nudges inputs, like the checker that you wrote yourself, and compares with your `backward`; `gradgradcheck` does so one floor higher, for the derivative of `backward`. Now your four beside PyTorch's own operations, forwards, backwards, twice:

# %% show=true
twins = {"Multiply": (torch.mul, [normal(3, 4), normal(3, 4, seed=1)]), "Sigmoid": (torch.sigmoid, [normal(3, 4)]),
         "Softmax": (lambda x: torch.softmax(x, dim=-1), [normal(3, 4)]),
         "Linear": (lambda x, w, b: x @ w + b, [normal(5, 4), normal(4, 3, seed=1), normal(3, seed=2)])}


def all_of(function, inputs):
    """Values, gradients and second gradients of sin(function), in one row of numbers."""
    inputs = [x.clone().requires_grad_() for x in inputs]
    value = function(*inputs)
    grads = torch.autograd.grad(value.sin().sum(), inputs, create_graph=True)
    again = torch.autograd.grad(sum((grad**2).sum() for grad in grads), inputs)
    return [torch.cat([part.detach().flatten() for part in parts]) for parts in ([value], grads, again)]


print("largest difference from PyTorch:    value   gradient     second    gradcheck  gradgradcheck")
for name, (twin, inputs) in twins.items():
    mine = getattr(functions, name).apply
    try:
        differences = [float((left - right).abs().max()) for left, right in zip(all_of(mine, inputs), all_of(twin, inputs))]
        checked = [check_it(mine, [x.clone().requires_grad_() for x in inputs], raise_exception=False)
                   for check_it in (torch.autograd.gradcheck, torch.autograd.gradgradcheck)]
        print(f"{name:30s}" + "".join(f"{difference:11.0e}" for difference in differences) + f"{checked[0]!s:>13}{checked[1]!s:>15}")
    except Exception as error:
        print(f"{name:30s}   not yet ({type(error).__name__})")

# %% [markdown]
# ## 11  A module, and the same net by hand
#
# Above Functions PyTorch has **modules**: objects that own parameters. `nn.Parameter` marks a tensor as one; whatever you assign to `self` in the constructor is found by `parameters()`, by optimisers, by `state_dict()` for saving.
#
# Fill in `MLP` in `functions.py`: in the constructor four parameters, in `forward` the net
#
# $$x \;\to\; \text{linear} \;\to\; \text{sigmoid} \;\to\; \text{linear} \;\to\; \text{softmax} \;\to\; \text{probabilities}.$$
#
# It is built of *whatever operations it is given*: `self.linear`, `self.sigmoid`, `self.softmax`. By default these are yours.

# %% item="mlp_module" points=2
check("mlp_module")

# %% [markdown]
# And once more without any of it. `mlp_by_hand` computes the same probabilities and, from a gradient of them, the gradient of every node, in plain tensor operations. Its eight lines are what PyTorch's engine does behind your back, and this time the way back begins
# at the softmax.

# %% item="mlp_by_hand" points=3
check("mlp_by_hand")

# %% [markdown]
# | you see | look at |
# | --- | --- |
# | "PyTorch finds …" names other than w1, b1, w2, b2 | only what is an `nn.Parameter` *and* an attribute of `self` counts |
# | "cut off from the parameters" | a `.data`, `.detach()` or `no_grad` on the way |
# | a gradient wrong by hand, all before it right | read the forward line with that variable in it; has it a partner? |
# | `nan` for large weights | the softmax of large scores |
#
# All together now. One batch of digits, the module built of your Functions, the module built of PyTorch's operations, and the net by hand: three times the same gradients.

# %% show=true
x, y = load_digits("train", limit=100)
target = torch.nn.functional.one_hot(y, 10).double()
yours = functions.MLP(64, 30, 10).double()
params = dict(yours.named_parameters())
if there("MLP", params or None) and there("MLP.forward and your Functions", p := yours(x)):
    loss = ((p - target) ** 2).sum(dim=1).mean()
    loss.backward()
    theirs = functions.MLP(64, 30, 10, linear=lambda x, w, b: x @ w + b, sigmoid=torch.sigmoid, softmax=lambda s: s.softmax(dim=-1)).double()
    theirs.load_state_dict(yours.state_dict())
    ((theirs(x) - target) ** 2).sum(dim=1).mean().backward()
    with torch.no_grad():
        probabilities, by_hand = functions.mlp_by_hand(x, *[w.detach() for w in params.values()], grad_out=2 * (p.detach() - target) / len(x))
    print("largest difference from your module:    PyTorch's operations      by hand")
    for name, theirs_w in theirs.named_parameters():
        mine = params[name].grad
        other = float((by_hand[name] - mine).abs().max()) if by_hand.get(name) is not None else float("nan")
        print(f"{name:>36}{float((theirs_w.grad - mine).abs().max()):22.0e}{other:15.0e}")

# %% [markdown]
# And it learns. Two hundred steps of plain gradient descent on all training digits, with the cross-entropy of the right class, through your four rules:

# %% show=true
def learn(steps=200, lr=2.0):
    """Train a fresh module; returns its losses and its share of right answers on new images, or None."""
    torch.manual_seed(0)
    model = functions.MLP(64, 50, 10).double()
    (x, y), (x_new, y_new) = load_digits("train"), load_digits("test")
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=lr), []
    for _ in range(steps):
        loss = -model(x)[torch.arange(len(y)), y].clamp(min=1e-12).log().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    with torch.no_grad():
        return losses, float((model(x_new).argmax(dim=1) == y_new).double().mean())


if params and there("MLP.forward", yours(x)):
    curve, right = learn()
    show_curves({"loss": curve}, title=f"Your module on the digits: {right:.1%} right on new images")

# %% [markdown]
# ### Graphs and Functions, in short
#
# - A net is a **graph without circles**. An order in which sources come first is all that `forward` needs; its reverse is all that `backward` needs. A node goes when all its readers have gone, and where wires meet, gradients **add up**, into a new tensor.
# - Each node goes once, however many paths there are. That is why the way back costs no more than a small multiple of the way forward.
# - A **skip connection** is an `Add`; on the way back it is a road on which nothing gets lost.
# - A `torch.autograd.Function` is your forward and your backward as one node in PyTorch's graph. Save arguments and outputs with `save_for_backward`, compute with tensor operations, and second derivatives come for free.
# - An `nn.Module` adds the book-keeping for parameters, and nothing to the mathematics: the net by hand has the same gradients to the last digit.

# ======== part two ends here; closing summary and handing in (below) ========
