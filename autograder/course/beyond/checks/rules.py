"""The functions of `beyond` under the rules of the house: what each takes, and what is right."""

### BEGIN HIDDEN TESTS
from __future__ import annotations

import torch

from toolbox.checks.reference import implicit as layers
from toolbox.checks.reference.forward import push
from toolbox.checks.reference.second import hessian, hvp, penalty
from toolbox.checks.reference.tensor import pull
from toolbox.checks.rows import Story
from toolbox.given import smooth_functions

from .function import Function, stretched
from .implicit import closed, equilibrium_layer, scene, symmetric_matrix, system
from .second import given_to, net, symmetric


def drawn(**shapes):
    """Arguments of these names and shapes, in letters; with more, every size is one larger."""

    def given(make, dtype, more):
        sizes = {letter: size + more for letter, size in {"N": 5, "D": 3, "H": 4, "C": 2}.items()}
        return {name: make.normal(*(sizes[letter] for letter in shape), dtype=dtype) for name, shape in shapes.items()}

    return given


def also(given, change):
    """The same, with what `change` makes of them."""
    return lambda make, dtype, more: change(given(make, dtype, more))


def far(given, *names):
    return lambda make, dtype: stretched(given(make, dtype, 0), *names)


def jacobian_at(*shape):
    """A Jacobian, of outputs (3, 2) and inputs (4,) or one more, and a vector of this shape."""

    def given(make, dtype, more):
        at = make.normal(*(size or 4 + more for size in shape), dtype=dtype)
        return {"jacobian": make.normal(3, 2, 4 + more, dtype=dtype), "at": at}

    return given


def a_system(make, dtype, more):
    return {"system": system(make, 4 + more, 4 + more).to(dtype), "right": make.normal(4 + more, 2, dtype=dtype)}


def settling(make, dtype, more):
    return equilibrium_layer(make, 4 + more, 3, 5 + more, dtype) | {"tol": 1e-15 if dtype == torch.float64 else 1e-6}


def settled(make, dtype, more):
    given = equilibrium_layer(make, 4 + more, 3, 5 + more)
    z = layers.equilibrium(*(given[name] for name in "xwub"))
    return {"grad_z": make.normal(*z.shape, dtype=dtype), "z": z.to(dtype), "w": given["w"].to(dtype)}


def feed_forward(make, dtype, more):
    widths = (3, 4 + more, 2, 5)
    return {"weights": [make.normal(a, b, dtype=dtype) for a, b in zip(widths, widths[1:], strict=False)],
            "biases": [make.normal(b, dtype=dtype) for b in widths[1:]]}  # fmt: skip


def penalties(grad_w, x, w, reg):
    """Of the penalty and of the targets, where w is the best."""
    weight = torch.tensor(reg, dtype=torch.float64)
    sides = (x.T @ x / len(x) + weight * torch.eye(len(w), dtype=torch.float64)) @ w
    by_reg = lambda reg: torch.linalg.solve(x.T @ x / len(x) + reg * torch.eye(len(w)).double(), sides)  # noqa: E731
    by_targets = lambda y: layers.ridge(x, y, weight)  # noqa: E731
    return [pull(by_reg, grad_w, weight)[0], pull(by_targets, grad_w, torch.zeros(len(x)).double())[0]]


def eigen(make, dtype, more):
    n = 4 + more
    values, vectors = torch.linalg.eigh(symmetric_matrix(make, n))
    given = {"grad_values": make.normal(n), "grad_vectors": make.normal(n, n), "values": values, "vectors": vectors}
    return {name: value.to(dtype) for name, value in given.items()}


def to_find(make, dtype, more):
    seen = scene(make, 6 + more, 0.01)
    given = {"points": seen["points"], "image": seen["image"], "start": seen["pose"] + 0.08}
    return {name: value.to(dtype) for name, value in given.items()} | {"tol": 1e-12 if dtype == torch.float64 else 1e-4}


def found(make, dtype, more):
    seen = scene(make, 6 + more, 0.01)
    pose = layers.best_pose(seen["points"], seen["image"], seen["pose"])
    given = {"grad_pose": make.normal(6), "pose": pose, "points": seen["points"], "image": seen["image"]}
    return {name: value.to(dtype) for name, value in given.items()}


def noisy(make, dtype, more):
    return {"derivative": make.normal(6, 4 + more, 2, dtype=dtype), "sigma": 0.4}


def of_net(names):
    return lambda make, dtype, more: given_to(net(make, 5 + more, 3, 4, 2, dtype=dtype), names, dtype)


def tangents(x, h, w2, v_w1, v_b1, v_w2, v_b2):
    r_h = push(torch.tanh, [torch.atanh(h)], [x @ v_w1 + v_b1])[1]
    return [r_h, push(lambda h, w2, b2: h @ w2 + b2, [h, w2, v_b2], [r_h, v_w2, v_b2])[1]]


def products(x, h, r_h, grad_scores, r_grad_scores, w2, v_w1, v_w2, reg):
    """H v of w2, b2, w1 and b1: the tangents of the backward pass."""
    back = lambda h, g, w: g @ w.T * (1 - h * h)  # noqa: E731
    ways = [lambda h, g, w: h.T @ g + 2 * reg * w, lambda h, g, w: g.sum(0),
            lambda h, g, w: x.T @ back(h, g, w), lambda h, g, w: back(h, g, w).sum(0)]  # fmt: skip
    moved = [push(way, [h, grad_scores, w2], [r_h, r_grad_scores, v_w2])[1] for way in ways]
    return [moved[0], moved[1], moved[2] + 2 * reg * v_w1, moved[3]]


def parts(item, names):
    return dict.fromkeys(names.split(), item)


grads, rows = drawn(grad_a="NH", z="NH", x="ND", u="DH"), drawn(probs="NC", r_scores="NC")
softmaxed = also(rows, lambda given: given | {"probs": given["probs"].softmax(1)})
penalised = also(drawn(grad_w="H", x="NH", w="H"), lambda given: given | {"reg": 0.3})
pushed = drawn(matrix="DH", x="H", v="H")
BACK = "x h r_h grad_scores r_grad_scores w2 v_w1 v_w2 reg"
SHAPES = {"far": "what it returns is put together of what it is given"}
LINEAR = {"far": "linear in its upstream gradient; beyond that it solves, and its own checks ask how far"}
FAR_OUT = {"far": "how far out it is right is a matter of the function that it is given"}
FLAT = {"far": "far out a tanh is flat, and what is solved says nothing"}
FUNCTIONS = [
    Function("jvp", "forward_mode", parts("jvp", "y dy"), pushed, without=LINEAR,
             true=lambda matrix, x, v: push(smooth_functions.Cubed([matrix], [-1]), [x], [v]),
             call_with=lambda s, matrix, x, v: (s.toolbox.smooth_functions.Cubed([matrix], [-1]), [x], [v])),
    Function("jacobian_by_columns", "forward_mode", {"": "jacobians"}, jacobian_at(0), without=SHAPES,
             true=lambda jacobian, at: [jacobian],
             call_with=lambda s, jacobian, at: (s.toolbox.smooth_functions.Passes(jacobian, 2, True), at)),
    Function("jacobian_by_rows", "forward_mode", {"": "jacobians"}, jacobian_at(3, 2), without=SHAPES,
             true=lambda jacobian, at: [jacobian],
             call_with=lambda s, jacobian, at: (s.toolbox.smooth_functions.Passes(jacobian, 2, False), at)),
    Function("hessian", "second_order", {"": "hessian"}, drawn(x="H"), without=FAR_OUT, autograd=True,
             true=lambda x: [hessian(smooth_functions.quartic, x)],
             call_with=lambda s, x: (s.toolbox.smooth_functions.quartic, x)),
    Function("hvp_twice", "second_order", parts("hvp_twice", "a b"), drawn(a="NH", b="H", v="NH", w="H"),
             without=FAR_OUT, autograd=True,
             true=lambda a, b, v, w: hvp(smooth_functions.entangled, [a, b], [v, w]),
             call_with=lambda s, a, b, v, w: (s.toolbox.smooth_functions.entangled, [a, b], [v, w])),
    Function("rop_forward", "second_order", parts("rop_forward", "r_h r_scores"),
             of_net("x h w2 v_w1 v_b1 v_w2 v_b2"), true=tangents, without=LINEAR),
    Function("rop_softmax", "second_order", {"": "rop_softmax"}, softmaxed, far(softmaxed, "r_scores"),
             lambda probs, r_scores: [push(lambda s: s.softmax(1) / len(s), [probs.log()], [r_scores])[1]],
             condition=512.0, terms=lambda probs, r_scores: r_scores.abs().max().item()),
    Function("rop_backward", "second_order", parts("rop_backward", "w2 b2 w1 b1"), of_net(BACK), true=products,
             without=LINEAR),
    Function("conjugate_gradients", "second_order", {"": "conjugate_gradients"},
             lambda make, dtype, more: {"matrix": symmetric(make, [1.0, 2.0, 3.5, 5.0, *[7.0] * more]),
                                        "b": make.normal(4 + more)},
             true=lambda matrix, b: [torch.linalg.solve(matrix, b)],
             call_with=lambda s, matrix, b: (s.toolbox.smooth_functions.Products(matrix), b),
             without=LINEAR | {"dtype": "its tolerance is below what float32 holds"}),
    Function("gradient_penalty", "second_order", {"": "gradient_penalty"}, drawn(x="ND", w1="DH", w2="H"),
             without=FAR_OUT, autograd=True, true=lambda x, w1, w2: penalty(x, [w1, w2])[:1],
             call_with=lambda s, x, w1, w2: (s.toolbox.smooth_functions.losses_with(w1, w2), x)),
    Function("solve", "implicit", {"": "solve"}, a_system, far(a_system, "right"),
             lambda system, right: [torch.linalg.inv(system) @ right], condition=64.0),
    Function("deq_solve", "implicit", {"": "deq_solve"}, settling, without=FLAT,
             true=lambda w, u, b, x, tol: [layers.equilibrium(x, w, u, b)]),
    Function("deq_adjoint", "implicit", {"": "deq_adjoint"}, settled, far(settled, "grad_z"),
             lambda grad_z, z, w: [layers.adjoint(grad_z, z, w)], condition=512.0,
             terms=lambda grad_z, z, w: grad_z.abs().max().item()),
    Function("deq_grads", "implicit", parts("deq_grads", "grad_x grad_w grad_u grad_b"), grads,
             far(grads, "grad_a", "z", "x", "u"), condition=64.0,
             true=lambda grad_a, z, x, u: pull(lambda x, w, u, b: z @ w + x @ u + b, grad_a, x,
                                               torch.zeros(z.shape[1], z.shape[1]), u, torch.zeros(z.shape[1]))),
    Function("as_equilibrium", "implicit", parts("as_equilibrium", "w u b"), feed_forward, without=SHAPES,
             true=lambda weights, biases: layers.blocks(weights, biases)),
    Function("ridge_backward", "implicit", parts("ridge_backward", "grad_reg grad_y"), penalised,
             far(penalised, "grad_w"), penalties, condition=1024.0),
    Function("eigh_backward", "implicit", {"": "eigh_backward"}, eigen, far(eigen, "grad_values", "grad_vectors"),
             lambda **given: [closed(*given.values())], condition=1024.0,
             terms=lambda **given: given["grad_vectors"].abs().max().item() * len(given["values"])),
    Function("pose_solve", "implicit", {"": "pose_solve"}, to_find, without=LINEAR,
             true=lambda points, image, start, tol: [layers.best_pose(points, image, start)]),
    Function("pose_backward", "implicit", {"": "pose_backward"}, found, without=LINEAR,
             true=lambda **given: [layers.pose_pull(**given)]),
    Function("pose_covariance", "implicit", {"": "pose_covariance"}, noisy, far(noisy, "derivative"), condition=64.0,
             true=lambda derivative, sigma: [sigma**2 * derivative.flatten(1) @ derivative.flatten(1).T]),
    Story("Dual", "its operations are asked one by one"),
    *(Story(name, "given")
      for name in ("as_dual", "ridge", "NoConvergence", "hvp_rop", "leaves_of", "net_gradient")),
    Story("power_iteration", "an eigenvector's sign is free: its own checks ask for what holds of either"),
]  # fmt: skip
### END HIDDEN TESTS
