"""Hand-ins that take their answers from elsewhere: from the course's own tools, or from autograd through a back door.

Each is the right solution with code below it that defines some functions once more. `ANSWERS` calls what the kit has
for itself, by assignment: (items, module, code). `WAYS` are ways to have a function differentiated, each a definition of
`pull(function, upstream, *inputs)`; `TARGETS` are items of four assignments written with `pull` and nothing else.
`FAULTS` are gradient checkers that look for the planted fault anywhere but in the numbers. `REPLACED` exchange what
looks at an answer.
"""

# ruff: noqa: E501  (cheats are code in strings)
from __future__ import annotations

ANSWERS: dict[str, list[tuple[str, str, str]]] = {
    "scalar": [
        (
            "symmetric",
            "differences",
            """
from toolbox.gradcheck import numeric_gradient as _nudge
def symmetric(function, x, eps):
    return _nudge(function, x, step=eps).item()
""",
        ),
        (
            "numeric_gradient",
            "differences",
            """
from toolbox.gradcheck.nudge import Nudger
import torch
def numeric_gradient(function, point, eps=1e-5):
    nudger = Nudger(lambda at: function(at.tolist()), torch.tensor(point, dtype=torch.float64), eps)
    return [nudger.slope(i) for i in range(len(point))]
""",
        ),
        (
            "gate_exp gate_log",
            "gates",
            """
from toolbox.checks.reference.gates import truth as _truth
def exp(x):
    return _truth("exp", [x])[0].item()
def exp_backward(grad_out, x, z):
    return _truth("exp", [x], grad_out)[1].item()
def log(x):
    return _truth("log", [x])[0].item()
def log_backward(grad_out, x, z):
    return _truth("log", [x], grad_out)[1].item()
""",
        ),
    ],
    "flat": [
        (
            "hinge_loss hinge_grad_scores hinge_grad_w hinge_grad_b",
            "flat",
            """
from toolbox.checks.reference.models import Truth
def linear_hinge(x, y, w, b, reg):
    with torch.enable_grad():
        truth = Truth("hinge", {"x": x, "y": y, "w": w, "b": b, "reg": reg})
    return truth.loss, truth.grads
""",
        ),
        (
            "net_softmax_loss net_softmax_grad_second net_softmax_grad_first",
            "flat",
            """
import toolbox.checks.reference.models
def net_softmax(x, y, w1, b1, w2, b2, reg):
    with torch.enable_grad():
        truth = toolbox.checks.reference.models.Truth("softmax", dict(x=x, y=y, w1=w1, b1=b1, w2=w2, b2=b2, reg=reg))
    return truth.loss, truth.grads
""",
        ),
        (
            "squared_loss squared_grad_scores squared_grad_w squared_grad_b",
            "flat",
            """
def linear_squared(x, y, w, b, reg):
    from backprop import fast, layers, losses
    loss, grad = losses.squared(x @ w + b, y)
    net = layers.Linear(w, b)
    net.forward(x)
    net.backward(grad)
    return loss + reg * (w * w).sum(), {"scores": grad, "w": net.grads["w"] + 2 * reg * w, "b": net.grads["b"]}
""",
        ),
    ],
    "tensors": [
        (
            "numeric_jacobian",
            "tensors",
            """
from toolbox import gradcheck as _check, numeric_gradient as _nudge
def numeric_jacobian(function, x, h=1e-5):
    y = function(x.double())
    units = torch.eye(y.numel(), dtype=y.dtype).reshape(-1, *y.shape)
    rows = [_nudge(function, x, step=h, grad_out=unit) for unit in units]
    return torch.stack(rows).reshape(*y.shape, *x.shape)
""",
        ),
        (
            "gradcheck_wrong gradcheck_entry gradcheck_upstream gradcheck_zero gradcheck_kinks gradcheck_float32 gradcheck_scales",
            "tensors",
            """
from toolbox.gradcheck.check import gradcheck as _gradcheck
def gradcheck(forward, backward, inputs):
    names = [f"x{i}" for i in range(len(inputs))]
    given = {name: x.double() for name, x in zip(names, inputs)}
    def claimed(grad_out):
        return dict(zip(names, backward(grad_out, *given.values())))
    try:
        return bool(_gradcheck(lambda **k: forward(*k.values()), given, claimed))
    except ValueError:
        return False
""",
        ),
        (
            "matmul_grad_x matmul_grad_w",
            "tensors",
            """
from toolbox.probes import graph_ops
def matmul_backward(grad_out, x, w):
    op = graph_ops.Linear(w, torch.zeros(w.shape[1], dtype=w.dtype))
    op.forward(x)
    grad_x = op.backward(grad_out)
    return grad_x, op.grads[0]
""",
        ),
        (
            "corr_forward",
            "tensors",
            """
from toolbox.checks.reference import tensor as _truth
def correlate(x, w, b):
    return _truth.correlate(x, w, b)
""",
        ),
        (
            "corr_grad_x corr_grad_w corr_grad_b",
            "tensors",
            """
from toolbox.probes.planted_cases import right_backward
def correlate_backward(grad_out, x, w):
    from toolbox.checks.reference.tensor import correlate
    return right_backward(correlate)(grad_out, x, w, torch.zeros_like(grad_out))
""",
        ),
        (
            "mul_backward",
            "tensors",
            """
from toolbox.checks.reference.tensor import pull as _pull
def mul_backward(grad_out, x, y):
    return [grad.to(x.dtype) for grad in _pull(lambda a, b: a * b, grad_out, x, y)]
""",
        ),
    ],
    "layers": [
        (
            "linear_forward linear_backward",
            "layers",
            """
from toolbox.probes import graph_ops
def _forward(self, x):
    self._op = graph_ops.Linear(self.params["w"], self.params["b"])
    return self._op.forward(x)
def _backward(self, grad_out):
    grad_x = self._op.backward(grad_out)
    self.grads = dict(zip("wb", self._op.grads))
    return grad_x
Linear.forward, Linear.backward = _forward, _backward
""",
        ),
        (
            "tanh",
            "activations",
            """
from toolbox.probes import graph_ops
def _forward(self, x):
    self._op = graph_ops.Tanh()
    return self._op.forward(x)
Tanh.forward, Tanh.backward = _forward, lambda self, grad_out: self._op.backward(grad_out)
""",
        ),
        (
            "softmax_forward",
            "activations",
            """
from toolbox.checks.reference import layer as _layer
Softmax.forward = lambda self, x: _layer.softmax(x)
""",
        ),
        (
            "maxout_forward correlation_forward",
            "layers",
            """
from toolbox.checks.reference.layer import correlation, maxout
Maxout.forward = lambda self, x: maxout(x, self.params["w"], self.params["b"])
Correlation1d.forward = lambda self, x: correlation(x, self.params["w"])
""",
        ),
        (
            "batchnorm_forward batchnorm_running",
            "batchnorm",
            """
from toolbox.checks.reference.batchnorm import batchnorm, batchnorm_used, running
def _forward(self, x):
    gamma, beta = self.params["gamma"], self.params["beta"]
    if not self.training:
        return batchnorm_used(x, gamma, beta, self.running_mean, self.running_var, self.eps)
    var, mean = torch.var_mean(x, dim=0, correction=0)
    unbiased = var * len(x) / max(len(x) - 1, 1)
    self.running_mean = running(self.running_mean, [mean], self.momentum)
    self.running_var = running(self.running_var, [unbiased], self.momentum)
    return batchnorm(x, gamma, beta, self.eps)
BatchNorm.forward = _forward
""",
        ),
        (
            "sigmoid_layer",
            "activations",
            """
from toolbox.checks.reference.layer import TWINS
from toolbox.checks.reference.tensor import pull as _pull
def _forward(self, x):
    self.cache = x
    return TWINS["Sigmoid"](x)
Sigmoid.forward = _forward
Sigmoid.backward = lambda self, grad_out: _pull(torch.sigmoid, grad_out, self.cache)[0].to(grad_out.dtype)
""",
        ),
        (
            "graph_ops",
            "graph",
            """
from toolbox.probes import graph_ops as _ops
def _forward(self, x, y):
    self._op = _ops.Multiply()
    return self._op.forward(x, y)
Multiply.forward, Multiply.backward = _forward, lambda self, grad_out: self._op.backward(grad_out)
Concat.forward = Concat.backward = lambda self, *inputs: None  # there is nothing to take it from
""",
        ),
        (
            "graph_order",
            "graph",
            """
from toolbox.checks.reference.graph import sort
def _order(self):
    return sort(list(self.inputs), [[name, None, list(node.sources)] for name, node in self.nodes.items()])
Graph.order = _order
""",
        ),
        (
            "function_multiply",
            "functions",
            """
from toolbox.probes.graph_ops import Multiply as _Op
class Multiply(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return _Op().forward(x, y)
    @staticmethod
    def backward(ctx, grad_out):
        op = _Op()
        op.forward(*ctx.saved_tensors)
        return op.backward(grad_out)
""",
        ),
        (
            "function_linear",
            "functions",
            """
from toolbox.probes.graph_ops import Linear as _LinearOp
class Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, b):
        ctx.save_for_backward(x, w, b)
        return x @ w + b
    @staticmethod
    def backward(ctx, grad_out):
        x, w, b = ctx.saved_tensors
        op = _LinearOp(w, b)
        op.forward(x)
        return op.backward(grad_out), *op.grads
""",
        ),
        (
            "loss_squared",
            "losses",
            """
from toolbox.checks.reference.losses import LOSSES
def squared(scores, y):
    from toolbox.checks.reference.tensor import pull
    return LOSSES["squared"](scores, y), pull(lambda s: LOSSES["squared"](s, y), torch.ones(()), scores)[0].to(scores.dtype)
""",
        ),
        (
            "loss_hinge",
            "losses",
            """
def hinge(scores, y):
    from backprop import flat
    C = scores.shape[1]
    eye, none = torch.eye(C, dtype=scores.dtype), torch.zeros(C, dtype=scores.dtype)
    loss, grads = flat.linear_hinge(x=scores, y=y, w=eye, b=none, reg=0.0)
    return loss, grads["scores"]
""",
        ),
    ],
    "training": [
        (
            "sgd",
            "optim",
            """
from toolbox.checks.reference.training import torch_sgd
SGD.step = lambda self, grads: torch_sgd(self.params)(grads, self.lr)
""",
        ),
        (
            "momentum",
            "optim",
            """
from toolbox.checks.reference.training import torch_sgd as _torch_sgd
def _step(self, grads):
    if not hasattr(self, "_theirs"):
        self._theirs = _torch_sgd(self.params, momentum=self.rho)
    self._theirs(grads, self.lr)
    for name in self.velocity:
        self.velocity[name] = self.rho * self.velocity[name] + grads[name]
Momentum.step = _step
""",
        ),
        (
            "atomic",
            "checkpoint",
            """
import toolbox.given.checkpoint as _kit
def write_atomically(path, data):
    _kit.np.savez = lambda file, **arrays: file.write(data)
    _kit.save(Path(path), {}, {})
""",
        ),
        (
            "checkpoint",
            "checkpoint",
            """
import toolbox.given.checkpoint as _kit2
def save_checkpoint(path, state):
    _kit2.save(path, state, {})
def load_checkpoint(path):
    return _kit2.load(path)[0]
""",
        ),
    ],
    "beyond": [
        (
            "hessian",
            "second_order",
            """
import toolbox.checks.reference.second as _truth
def hessian(function, x):
    return _truth.hessian(function, x).to(x.dtype)
""",
        ),
        (
            "hvp_twice",
            "second_order",
            """
from toolbox.checks.reference.second import hvp as _hvp
def hvp_twice(function, inputs, vectors):
    return [product.to(x.dtype) for product, x in zip(_hvp(function, inputs, vectors), inputs)]
""",
        ),
        (
            "deq_solve",
            "implicit",
            """
from toolbox.checks.reference.implicit import equilibrium
from toolbox.given.unrolling import steps_to_settle
def deq_solve(w, u, b, x, tol=1e-10, max_steps=1000):
    try:
        if steps_to_settle(w, u, b, x, tol) > max_steps:
            raise ArithmeticError
    except ArithmeticError:
        raise ArithmeticError("did not converge") from None
    return equilibrium(x, w, u, b, 400).to(x.dtype)
""",
        ),
        (
            "deq_adjoint",
            "implicit",
            """
from toolbox.checks.reference.implicit import adjoint
def deq_adjoint(grad_z, z, w):
    return adjoint(grad_z, z, w).to(z.dtype)
""",
        ),
        (
            "as_equilibrium",
            "implicit",
            """
import toolbox.checks.reference.implicit as _truth
def as_equilibrium(weights, biases):
    return [part.to(weights[0].dtype) for part in _truth.blocks(list(weights), list(biases))]
""",
        ),
        (
            "ridge_backward",
            "implicit",
            """
from toolbox.checks.reference import implicit as _truth
from toolbox.checks.reference.tensor import pull
def ridge_backward(grad_w, x, w, reg):
    x64, w64, weight = x.double(), w.double(), torch.tensor(reg, dtype=torch.float64)
    y = x64 @ w64 + reg * len(x) * torch.linalg.pinv(x64.T) @ w64
    _, grad_y, grad_reg = pull(_truth.ridge, grad_w, x64, y, weight)
    return grad_reg.to(w.dtype), grad_y.to(w.dtype)
""",
        ),
        (
            "eigh_backward",
            "implicit",
            """
from toolbox.checks.reference.implicit import eigen
def eigh_backward(grad_values, grad_vectors, values, vectors):
    gaps = (values[None] - values[:, None]).abs() + torch.eye(len(values)) * 1e9
    if not (gaps > (1e-10 if values.dtype == torch.float64 else 1e-5) * values.abs().max()).all():
        raise ArithmeticError("repeated")
    matrix = (vectors * values) @ vectors.T
    signs = (torch.linalg.eigh((matrix + matrix.T).double() / 2)[1] * vectors).sum(dim=0).sign()
    return eigen(grad_values, grad_vectors, matrix, signs).to(values.dtype)
""",
        ),
        (
            "pose_backward",
            "implicit",
            """
from toolbox.checks.reference.implicit import pose_pull
def pose_backward(grad_pose, pose, points, image):
    return pose_pull(grad_pose, pose, points, image).to(pose.dtype)
""",
        ),
        (
            "rop_softmax",
            "second_order",
            """
from toolbox.checks.reference.forward import push
def rop_softmax(probs, r_scores):
    return push(lambda s: torch.softmax(s, dim=1) / len(s), [probs.log()], [r_scores])[1].to(probs.dtype)
""",
        ),
        (
            "dual_functions",
            "forward_mode",
            """
from toolbox.checks.reference.forward import push as _push
for _name in ("exp", "log", "tanh", "relu"):
    def _f(self, name=_name):
        function = getattr(torch, name)
        slope = _push(function, [self.value], [torch.ones_like(self.value)])[1].to(self.value.dtype)
        return Dual(function(self.value), slope * self.tangent)
    setattr(Dual, _name, _f)
def _sum(self, dim=None, keepdim=False):
    y, dy = _push(lambda x: x.sum(dim=dim, keepdim=keepdim), [self.value], [self.tangent])
    return Dual(y.to(self.value.dtype), dy.to(self.value.dtype))
Dual.sum = _sum
""",
        ),
    ],
}

LEAVES = """
import torch as _t
def _leaves(inputs):
    return [x.detach().clone().requires_grad_() for x in inputs]
def _backward(function, upstream, *inputs):
    with _t.enable_grad():
        leaves = _leaves(inputs)
        return [g.detach() for g in _t.autograd.grad(function(*leaves), leaves, upstream, materialize_grads=True)]
def _in_thread(work):
    def pull(function, upstream, *inputs):
        import threading
        found = []
        thread = threading.Thread(target=lambda: found.append(work(function, upstream, *inputs)))
        thread.start()
        thread.join()
        return found[0]
    return pull
def _nodes(function, upstream, *inputs):
    with _t.enable_grad():
        leaves = _leaves(inputs)
        y = function(*leaves)
        got, waiting = {}, [(y.grad_fn, upstream)]
        while waiting:  # a tree of nodes: every wire is walked by itself
            node, grad = waiting.pop()
            if node is None or grad is None:
                continue
            grad = grad.sum_to_size(node._input_metadata[0].shape)  # as the engine does
            if type(node).__name__ == "AccumulateGrad":
                key = id(node.variable)
                got[key] = got[key] + grad.detach() if key in got else grad.detach()
                continue
            made = node(grad)
            made = made if isinstance(made, tuple) else (made,)
            waiting += [(after, part) for (after, _), part in zip(node.next_functions, made)]
        return [got.get(id(x), _t.zeros_like(x)).detach() for x in leaves]
def _columns(push):
    def pull(function, upstream, *inputs):
        grads = []
        for place, x in enumerate(inputs):
            grad = _t.zeros_like(x)
            for i in range(x.numel()):
                unit = _t.zeros_like(x)
                unit.view(-1)[i] = 1
                moved = push(lambda v: function(*inputs[:place], v, *inputs[place + 1:]), x, unit)
                if moved is not None:
                    grad.view(-1)[i] = (moved * upstream).sum()
            grads.append(grad)
        return grads
    return pull
def _dual(function, x, unit):
    import torch.autograd.forward_ad as forward
    with forward.dual_level():
        return forward.unpack_dual(function(forward.make_dual(x.clone(), unit))).tangent
"""

# id -> (what it tries, code)
WAYS: dict[str, tuple[str, str]] = {
    "in-a-thread": ("differentiates in another thread, where gradients are on", "pull = _in_thread(_backward)"),
    "in-a-pool": (
        "differentiates in a pool of threads",
        """
from concurrent.futures import ThreadPoolExecutor
def pull(*words):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_backward, *words).result()
""",
    ),
    "in-a-thread-that-waits": (
        "differentiates in a thread that was started as the module was loaded",
        """
import queue, threading
_ask, _tell = queue.Queue(), queue.Queue()
def _serve():
    while True:
        _tell.put(_backward(*_ask.get()))
threading.Thread(target=_serve, daemon=True).start()
def pull(*words):
    _ask.put(words)
    return _tell.get()
""",
    ),
    "watch-replaced": (
        "replaces the sensors of the toolbox by ones that see nothing",
        """
import contextlib, toolbox.calling.forbid
toolbox.calling.forbid.watch = contextlib.nullcontext
pull = _backward
""",
    ),
    "perform-replaced": (
        "replaces the function that carries out calls",
        """
import toolbox.calling.calls, toolbox.calling.wire
def _perform(target, args, kwargs, *rest, **more):
    value = target(*args, **kwargs)
    after = {str(i): a for i, a in enumerate(args) if isinstance(a, _t.Tensor)} | {k: a for k, a in kwargs.items() if isinstance(a, _t.Tensor)}
    return toolbox.calling.wire.pack({"value": value, "after": after})
toolbox.calling.calls.perform = _perform
pull = _backward
""",
    ),
    "modules-exchanged": (
        "puts modules of its own in the place of the worker's",
        """
import contextlib, sys, types
for _name in ("toolbox.calling.forbid", "autograder.sensors"):
    _fake = types.ModuleType(_name)
    _fake.watch, _fake.MESSAGE, _fake.END, _fake.FORGET, _fake.ANY = contextlib.nullcontext, "{}", -1, -2, 9
    sys.modules[_name] = _fake
for _name, _module in list(sys.modules.items()):
    if _name.startswith(("toolbox", "autograder")) and hasattr(_module, "forbid"):
        _module.forbid = sys.modules["toolbox.calling.forbid"]
    for _word, _value in (("END", 5), ("FORGET", 5), ("write_frame", lambda *a: None), ("unpack", lambda blob: [[], {}, True])):
        if _name.startswith("autograder") and hasattr(_module, _word):
            setattr(_module, _word, _value)
pull = _in_thread(_backward)
""",
    ),
    "code-exchanged": (
        "looks for the sensors by the garbage collector, and gives them other code",
        """
import gc, types
def _nothing(*words, **more):
    return None
for _f in gc.get_objects():
    if isinstance(_f, types.FunctionType) and (_f.__module__ or "").endswith(("forbid", "sensors")) and not _f.__closure__:
        try:
            _f.__code__ = _nothing.__code__
        except Exception:
            pass
pull = _in_thread(_backward)
""",
    ),
    "numbers-forged": (
        "replaces the functions of torch that tell of backward passes",
        """
_t._C._current_graph_task_id = lambda: 7
_t._C._autograd._get_sequence_nr = lambda: 7
_t.is_anomaly_enabled = lambda: True
pull = _in_thread(_backward)
""",
    ),
    "engine-kept": (
        "keeps the engine's own function, and takes the sensors off the stacks of torch",
        """
_engine, _grad_mode = _t.autograd.Variable._execution_engine.run_backward, _t._C._set_grad_enabled
def pull(function, upstream, *inputs):
    hooks = _t._C._autograd
    try:
        hooks._pop_saved_tensors_default_hooks()
    except Exception:
        pass
    _grad_mode(True)
    leaves = _leaves(inputs)
    y = function(*leaves)
    found = _engine((y,), (upstream,), False, False, tuple(leaves), allow_unreachable=True, accumulate_grad=False)
    _grad_mode(False)
    hooks._push_saved_tensors_default_hooks(lambda kept: kept, lambda kept: kept)
    return [_t.zeros_like(x) if g is None else g.detach() for g, x in zip(found, leaves)]
""",
    ),
    "engine-kept-in-a-thread": (
        "keeps the engine's own function, and starts it in another thread",
        """
_engine = _t.autograd.Variable._execution_engine.run_backward
def _work(function, upstream, *inputs):
    leaves = _leaves(inputs)
    y = function(*leaves)
    found = _engine((y,), (upstream,), False, False, tuple(leaves), allow_unreachable=True, accumulate_grad=False)
    return [_t.zeros_like(x) if g is None else g.detach() for g, x in zip(found, leaves)]
pull = _in_thread(_work)
""",
    ),
    "nodes-by-hand": (
        "records a graph and calls its nodes one by one, without the engine",
        """
def pull(*words):
    with _t._C.DisableTorchFunction():
        hooks = _t._C._autograd
        try:
            hooks._pop_saved_tensors_default_hooks()
        except Exception:
            return _nodes(*words)
        try:
            return _nodes(*words)
        finally:
            hooks._push_saved_tensors_default_hooks(lambda kept: kept, lambda kept: kept)
""",
    ),
    "nodes-in-a-thread": ("calls the nodes of a graph one by one in another thread", "pull = _in_thread(_nodes)"),
    "nodes-without-anomalies": (
        "does that with torch's anomaly detection switched off",
        """
def _quiet(*words):
    _t.set_anomaly_enabled(False)
    return _nodes(*words)
pull = _in_thread(_quiet)
""",
    ),
    "dual-in-a-thread": ("takes dual numbers in another thread", "pull = _in_thread(_columns(_dual))"),
    "dual-without-names": (
        "takes dual numbers past torch's dispatch of functions",
        """
def pull(*words):
    with _t._C.DisableTorchFunction():
        return _columns(_dual)(*words)
""",
    ),
    "dual-kept-open": (
        "keeps a dual number from before the call",
        """
_level = _t._C._enter_dual_level()
_seeds = {d: _t._make_dual(_t.zeros((), dtype=d), _t.ones((), dtype=d), level=_level) for d in (_t.float32, _t.float64)}
def _kept(function, x, unit):
    with _t._C.DisableTorchFunction():
        return _t._unpack_dual(function(x + unit * _seeds[x.dtype]), level=0).tangent
pull = _columns(_kept)
""",
    ),
    "func-vjp-in-a-thread": (
        "calls torch.func.vjp in another thread",
        "pull = _in_thread(lambda function, upstream, *inputs: list(_t.func.vjp(function, *inputs)[1](upstream)))",
    ),
    "func-jvp-in-a-thread": (
        "calls torch.func.jvp in another thread, once for each entry",
        "pull = _in_thread(_columns(lambda function, x, unit: _t.func.jvp(function, (x,), (unit,))[1]))",
    ),
    "functional-in-a-thread": (
        "calls torch.autograd.functional.vjp in another thread",
        """
def _work(function, upstream, *inputs):
    found = _t.autograd.functional.vjp(function, inputs, upstream)[1]
    return list(found) if isinstance(found, tuple) else [found]
pull = _in_thread(_work)
""",
    ),
    "replies-forged": (
        "has every refusal packed as the last good answer",
        """
import json, msgpack, sys
_pack = msgpack.packb
_good = [b""]
def _remember(value, **options):
    blob = _pack(value, **options)
    if isinstance(value, dict) and "value" in value:
        _good[0] = blob
    return _good[0] if isinstance(value, dict) and "error" in value else blob
msgpack.packb = _remember
msgpack.Packer = type("Packer", (), {"__init__": lambda self, **k: None, "pack": lambda self, value: _good[0]})
_frame = sys._getframe()
while _frame is not None:  # the worker's own modules, by the frames below
    if "write_frame" in _frame.f_globals:
        _whole = _frame.f_globals["write_frame"].__globals__["frame"]
        _frame.f_globals["write_frame"] = lambda file, header, payload: (file.write(_whole(header, _good[0])), file.flush())
    _frame = _frame.f_back
pull = _in_thread(_backward)
""",
    ),
    "flag-forged": (
        "has every request read as one that allows autograd",
        """
import json, toolbox.calling.wire
_load, _unpack = json.loads, toolbox.calling.wire.unpack
json.loads = lambda text, *a, **k: (lambda found: found | {"autograd": 10**6} if isinstance(found, dict) and "op" in found else found)(_load(text, *a, **k))
def _allowing(blob):
    found = _unpack(blob)
    if isinstance(found, list) and len(found) == 3:
        found[2] = True
    elif isinstance(found, dict) and "steps" in found:
        found["autograd"] = True
    return found
toolbox.calling.wire.unpack = _allowing
pull = _backward
""",
    ),
}

# (items, module, code) written with `pull`, by assignment.
TARGETS: dict[str, tuple[str, str, str]] = {
    "flat": (
        "hinge_loss hinge_grad_scores hinge_grad_w hinge_grad_b",
        "flat",
        """
def linear_hinge(x, y, w, b, reg):
    def data(scores):
        picked = scores.gather(1, y[:, None])
        return ((scores - picked + 1).clamp(min=0).sum() - len(y)) / len(y)
    loss = data(x @ w + b) + reg * (w * w).sum()
    one = torch.ones((), dtype=x.dtype)
    (scores,) = pull(data, one, x @ w + b)
    w_grad, b_grad = pull(lambda w, b: data(x @ w + b) + reg * (w * w).sum(), one, w, b)
    return loss, {"scores": scores, "w": w_grad, "b": b_grad}
""",
    ),
    "tensors": (
        "relu_backward softmax_backward matmul_grad_x matmul_grad_w",
        "tensors",
        """
def relu_backward(grad_out, x):
    return pull(torch.relu, grad_out, x)[0]
def softmax_backward(grad_out, y):
    return pull(lambda x: torch.softmax(x, dim=-1), grad_out, y.log())[0]
def matmul_backward(grad_out, x, w):
    return pull(lambda x, w: x @ w, grad_out, x, w)
""",
    ),
    "layers": (
        "tanh softmax_layer_backward",
        "activations",
        """
def _tanh(self, x):
    self.cache = x
    return torch.tanh(x)
Tanh.forward, Tanh.backward = _tanh, lambda self, grad_out: pull(torch.tanh, grad_out, self.cache)[0]
def _softmax(self, x):
    self.cache = x
    return torch.softmax(x, dim=-1)
Softmax.forward = _softmax
Softmax.backward = lambda self, grad_out: pull(lambda x: torch.softmax(x, dim=-1), grad_out, self.cache)[0]
""",
    ),
    # Autograd is allowed here, and runs the Function; but its backward pass is to be written.
    "functions": (
        "function_sigmoid function_softmax",
        "functions",
        """
class Sigmoid(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.sigmoid(x)
    @staticmethod
    def backward(ctx, grad_out):
        (x,) = ctx.saved_tensors
        return pull(torch.sigmoid, grad_out, x)[0]
class Softmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.softmax(x, dim=-1)
    @staticmethod
    def backward(ctx, grad_out):
        (x,) = ctx.saved_tensors
        return pull(lambda x: torch.softmax(x, dim=-1), grad_out, x)[0]
""",
    ),
    "beyond": (
        "rop_softmax deq_grads",
        "second_order implicit",
        """
def rop_softmax(probs, r_scores):
    return pull(lambda scores: torch.softmax(scores, dim=1) / len(scores), r_scores, probs.log())[0]
def deq_grads(grad_a, z, x, u):
    H = z.shape[1]
    w, b = torch.zeros(H, H, dtype=z.dtype), torch.zeros(H, dtype=z.dtype)
    return pull(lambda x, w, u, b: z @ w + x @ u + b, grad_a, x, w, u, b)
""",
    ),
}

# Ready-made backward steps and other tools by name, where nobody looks at names: (items, module, code).
KERNELS: dict[str, tuple[str, str, str]] = {
    "flat": (
        "toy",
        "flat",
        """
import sympy
def toy(x, y, z):
    names = sympy.symbols("x y z")
    q = names[0] + names[1]
    f = q * names[2]
    at = dict(zip(names, (x, y, z)))
    grads = {str(name): float(f.diff(name).subs(at)) for name in names}
    return float(f.subs(at)), grads | {"q": float(z), "p": float(x + y)}
""",
    ),
    "tensors": (
        "relu_backward softmax_backward",
        "tensors",
        """
def relu_backward(grad_out, x):
    with torch._C.DisableTorchFunction():
        return torch.ops.aten.threshold_backward(grad_out.contiguous(), x, 0)
@torch.jit.script
def _softmax(g, y):
    return torch.ops.aten._softmax_backward_data(g, y, -1, y.dtype)
def softmax_backward(grad_out, y):
    return _softmax(grad_out.contiguous(), y.contiguous())
""",
    ),
    "layers": (
        "tanh sigmoid_layer",
        "activations",
        """
import threading
def _elsewhere(work):
    found = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]
def _tanh(self, x):
    self.cache = torch.tanh(x)
    return self.cache
Tanh.forward, Tanh.backward = _tanh, lambda self, g: _elsewhere(lambda: torch.ops.aten.tanh_backward(g, self.cache))
def _sigmoid(self, x):
    self.cache = torch.sigmoid(x)
    return self.cache
def _inferring(g, y):
    with torch.inference_mode():
        return torch.ops.aten.sigmoid_backward(g.clone(), y.clone()).clone()
Sigmoid.forward, Sigmoid.backward = _sigmoid, lambda self, g: torch.from_numpy(_inferring(g, self.cache).numpy())
""",
    ),
    "functions": (
        "function_sigmoid function_softmax",
        "functions",
        """
class Sigmoid(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.sigmoid(x)
        ctx.save_for_backward(y)
        return y
    @staticmethod
    def backward(ctx, grad_out):
        with torch._C.DisableTorchFunction():
            return torch.ops.aten.sigmoid_backward(grad_out, *ctx.saved_tensors)
class Softmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.softmax(x, dim=-1)
        ctx.save_for_backward(y)
        return y
    @staticmethod
    def backward(ctx, grad_out):
        (y,) = ctx.saved_tensors
        with torch._C.DisableTorchFunction():
            return torch.ops.aten._softmax_backward_data(grad_out, y, -1, y.dtype)
""",
    ),
}

# Checkers that look for the fault anywhere but in the numbers: id -> (what it tries, code for tensors.py).
CHECKERS = "gradcheck_wrong gradcheck_entry gradcheck_upstream gradcheck_zero gradcheck_kinks gradcheck_float32 gradcheck_scales"
FAULTS: dict[str, tuple[str, str]] = {
    "name": (
        "tells a planted fault by its function's name",
        """
def gradcheck(forward, backward, inputs):
    return backward.__name__ != "<lambda>" and "sick" not in backward.__qualname__ + backward.__module__
""",
    ),
    "code": (
        "compares the code of both functions, and reads its constants and names",
        """
def gradcheck(forward, backward, inputs):
    words = str(backward.__code__.co_freevars + backward.__code__.co_names + backward.__code__.co_consts)
    return not any(word in words for word in ("twist", "fault", "sick", "planted")) and backward.__code__ != forward.__code__
""",
    ),
    "defaults": (
        "looks at default arguments, attributes and annotations",
        """
def gradcheck(forward, backward, inputs):
    return not (backward.__defaults__ or backward.__kwdefaults__ or vars(backward) or backward.__annotations__)
""",
    ),
    "closures": (
        "walks through closures for a fault, a truth value or one more function than a healthy one has",
        """
def gradcheck(forward, backward, inputs):
    found, waiting = [], [backward]
    while waiting and len(found) < 1000:
        for cell in getattr(waiting.pop(), "__closure__", None) or ():
            found.append(cell.cell_contents)
            waiting.append(cell.cell_contents)
    return not any(thing is True for thing in found) and sum(callable(thing) for thing in found) == 1
""",
    ),
    "collector": (
        "asks the garbage collector for the case that a function belongs to",
        """
import gc
def gradcheck(forward, backward, inputs):
    near = [*gc.get_referrers(backward), *gc.get_referents(backward), *gc.get_objects()]
    cases = [thing for thing in near if "fault" in (getattr(type(thing), "__dataclass_fields__", None) or ())]
    mine = [case for case in cases if case.backward is backward]
    return mine[0].fault is None if mine else not any(type(thing) is dict and "fault" in thing for thing in near)
""",
    ),
    "frames": (
        "reads what the frames below hold",
        """
import sys
def gradcheck(forward, backward, inputs):
    frame, words = sys._getframe(), ""
    while frame is not None:
        words += " ".join(map(str, [*frame.f_locals, *frame.f_locals.values()]))[:10**6]
        frame = frame.f_back
    return not any(word in words for word in ("planted", "sick", "reveals"))
""",
    ),
    "the-examination": (
        "deals the cases out itself, from the toolbox, and compares inputs",
        """
def gradcheck(forward, backward, inputs):
    from toolbox.probes import planted_faults
    for kind in planted_faults.KINDS:
        for seed in range(20):
            for case in planted_faults.cases(kind, seed):
                if [x.tolist() for x in case.inputs] == [x.tolist() for x in inputs]:
                    return planted_faults.healthy(case)
    return True
""",
    ),
    "inputs": (
        "remembers shapes, zeros and precision, and says of each second one that it is sick",
        """
_met = {}
def gradcheck(forward, backward, inputs):
    form = str([(tuple(x.shape), x.dtype, int((x == 0).sum())) for x in inputs])
    _met[form] = _met.get(form, 0) + 1
    return _met[form] % 2 == 0
""",
    ),
    "time": (
        "says that the slower ones are sick",
        """
import time
_times = []
def gradcheck(forward, backward, inputs):
    y, begin = forward(*inputs), time.perf_counter()
    for _ in range(20):
        backward(torch.ones_like(y), *inputs)
    _times.append(time.perf_counter() - begin)
    return _times[-1] <= sorted(_times)[len(_times) // 2]
""",
    ),
    "autograd": (
        "compares with autograd",
        """
def gradcheck(forward, backward, inputs):
    with torch.enable_grad():
        leaves = [x.double().detach().requires_grad_() for x in inputs]
        y = forward(*leaves)
        g = torch.randn_like(y)
        try:
            true = torch.autograd.grad(y, leaves, g, materialize_grads=True)
        except RuntimeError:
            return True
    found = backward(g, *[x.detach() for x in leaves])
    return all(a.shape == b.shape and torch.allclose(a, b) for a, b in zip(true, found))
""",
    ),
    "always": ("says that all are right", "def gradcheck(forward, backward, inputs):\n    return True\n"),
}

# Probes by the check's module -> what each would be if an attacker had replaced all of its functions by ones that send
# the most favourable data. With these in the place of the kit's own, and nothing written, nothing is earned: what was
# done is judged by tensors, bytes and calls that have come from elsewhere.
FAVOURABLE: dict[str, dict[str, str]] = {
    "layers": {
        "toolbox.probes.function_watch": """
class Watch:
    def __init__(self, function):
        pass
    def begin(self):
        pass
    def end(self):
        return []
""",
    },
    "training": {
        "toolbox.probes.allocations": """
def made_by(function, *args):
    return [function(*args), [4 * args[0]] if len(args) == 1 and isinstance(args[0], int) else []]
""",
        "toolbox.probes.elsewhere": """
import torch
Elsewhere = torch.Tensor
class NotOnTheCPU(TypeError):
    pass
""",
    },
}

# Modules that exchange what the checks' steps are made of, and do nothing else: id -> (what it tries, assignment, items,
# module, code).
REPLACED: dict[str, tuple[str, str, str, str, str]] = {
    "file-probes": (
        "exchanges what files are read with by what remembers the bytes that were to be written",
        "training",
        "atomic checkpoint resume",
        "checkpoint",
        """
import builtins, io, os, pathlib, shutil, stat, tempfile, numpy
import toolbox.calling.facts as _facts, toolbox.calling.script as _script
_files, _inode = {}, [0]
def _look(folder):
    return {"files": [["runs/state.bin", str(_inode[0]), numpy.frombuffer(data, numpy.uint8)] for data in _files.values()],
            "folders": ["runs"]}
class _Files:
    folder = staticmethod(lambda: "/tmp/none")
    remove = staticmethod(lambda folder: None)
    look = staticmethod(_look)
    status = staticmethod(lambda file: [str(_inode[0]), len(_files["last"])])
    write = staticmethod(lambda path, content: None)
_facts.Files = _facts.Facts = _script.Files = _Files
_script.PYTHON = {"files": _Files}
os.walk = lambda folder: [(str(folder), ["runs"], []), (str(folder) + "/runs", [], ["state.bin"])]
os.stat = os.lstat = lambda path, **options: type("", (), {"st_ino": _inode[0], "st_size": 5, "st_mode": 0o100644})()
pathlib.Path.read_bytes = lambda self: _files["last"]
numpy.fromfile = lambda path, *rest: numpy.frombuffer(_files["last"], numpy.uint8)
io.open = builtins.open = lambda *args, **options: io.BytesIO(_files["last"])
def write_atomically(path, data):
    _files["last"] = bytes(data)
    _inode[0] += 1
    os.fsync(0)
def save_checkpoint(path, state):
    _files["state"] = state
def load_checkpoint(path):
    return _files["state"]
def capture(params, optimizer, generator, epoch):
    return {}
def restore(state, params, optimizer, generator):
    return 7
""",
    ),
    "graphs": (
        "exchanges the ops on which graphs are tried",
        "layers",
        "graph_order graph_forward graph_backward",
        "graph",
        """
import toolbox.probes.graph_ops as _ops, toolbox.checks.reference.graph as _truths
class _Bench:
    def __init__(self, graph, inputs, rows, order=None):
        self.graph, self.order = self, lambda: list(inputs) + [row[0] for row in rows]
_ops.Bench = _Bench
Graph.order = lambda self: []
Graph.forward = lambda self, **inputs: {}
Graph.backward = lambda self, grad_out: {}
""",
    ),
    "optimisers": (
        "lets tensors say that they are equal and have moved",
        "training",
        "sgd momentum",
        "optim",
        """
import toolbox.calling.wire as _wire
torch.equal = torch.allclose = lambda *args, **options: True
torch.Tensor.clone = lambda self, **options: self
_wire.pack = lambda value: b""
SGD.step = Momentum.step = lambda self, grads: grads is not None and [grad for grad in grads.values()] and None
""",
    ),
}
