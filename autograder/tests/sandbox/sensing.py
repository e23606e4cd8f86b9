"""Put the sensors into this process and try each row of DOING between two looks at them, for `test_sensors`.

Prints {name: [what was noticed, what was raised]} as JSON, and under "cost" the seconds that a call costs.
"""

from __future__ import annotations

import json
import threading
import time
from types import FunctionType, SimpleNamespace

import torch
import torch.fx.traceback as traceback
from torch.autograd.graph import _engine_run_backward as engine

from autograder.sandbox.sensors import ANY, END, FORGET, install

torch.set_num_threads(1)

watch = install()
look = watch.send
X = torch.randn(5, 4, dtype=torch.float64)
aten = torch.ops.aten


def noticed(work, allowed=0):
    look(allowed)
    raised = ""
    try:
        with torch.no_grad() if not allowed else torch.enable_grad():
            work()
    except BaseException as error:
        raised = f"{type(error).__name__}: {error}"[:200]
    return [look(END)[1], raised]


def thread(work):
    def run():
        one = threading.Thread(target=work)
        one.start()
        one.join()

    return run


def backward(times=1):
    with torch.enable_grad():
        for _ in range(times):
            x = X.clone().requires_grad_()
            (x.relu() ** 2).sum().backward()


def nodes():
    with torch.enable_grad():
        x = X.clone().requires_grad_()
        (x * x).grad_fn(X)


def unnamed():
    with torch._C.DisableTorchFunction():
        aten.threshold_backward(X, X, 0)


def inferring():
    with torch.inference_mode():
        y = X.clone()
        aten.tanh_backward(y, y)


def quiet():
    torch.set_anomaly_enabled(False)
    nodes()


def quiet_and_loud_again():
    torch.set_anomaly_enabled(False)
    backward()
    torch.set_anomaly_enabled(True, False)


def nodes_while_quiet():
    torch.set_anomaly_enabled(False)
    nodes()
    torch.set_anomaly_enabled(True, False)


def nodes_behind_another_traceback():
    kept, traceback.format_stack = traceback.format_stack, list
    nodes()
    traceback.format_stack = kept


def as_the_engine():
    kernel = SimpleNamespace(run_backward=aten.tanh_backward.default._op)
    names = engine.__globals__ | {"Variable": SimpleNamespace(_execution_engine=kernel), "attach_logging_hooks": False}
    FunctionType(engine.__code__, names)(X, X)


def sparse():
    p = X.softmax(1).to_sparse()
    aten._sparse_softmax_backward_data(X.to_sparse(), p, 1, p)


def mkldnn():
    x = X.float().to_mkldnn()
    aten.threshold_backward(x, x, 0)


@torch.jit.script
def scripted(g, x):
    return torch.ops.aten.threshold_backward(g, x, 0)


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, g):
        return 2 * g


class Lazy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.tanh()

    @staticmethod
    def backward(ctx, g):
        return Lazy.rule(g, *ctx.saved_tensors)


def lazily(rule, create_graph=False):
    def work():
        Lazy.rule = staticmethod(rule)
        x = X.clone().requires_grad_()
        torch.autograd.grad(Lazy.apply(x).sum(), x, create_graph=create_graph)

    return work


def by_hand(g, x):
    return g * (1 - x.tanh() ** 2)


def by_engine(g, x):
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        return torch.autograd.grad(x.tanh(), x, g)[0]


def by_nodes(g, x):
    with torch.enable_grad():
        y = x.detach().requires_grad_()
        found = (y * y).grad_fn(g)[0]
        return g if found is None else found.detach()  # a pass that runs already may take the node for none of its own


def by_kernel(g, x):
    return aten.tanh_backward(g, x.tanh())


def honest():
    F = torch.nn.functional
    (X @ X.T).softmax(0).clamp(min=0).sum(), F.layer_norm(X, [4]), F.batch_norm(X, None, None, training=True)
    F.max_pool1d(X[None], 2), F.conv_transpose1d(X[None], torch.ones(5, 1, 2).double()), F.cross_entropy(X, X.argmax(1))
    torch.linalg.svd(X), torch.linalg.eigh(X.T @ X), torch.einsum("ij,kj->ik", X, X), X.cumprod(0), F.gelu(X), F.elu(X)
    F.fold(torch.ones(1, 4, 4), (3, 3), (2, 2)), X.unfold(0, 2, 1), torch.nn.Linear(4, 4).double()(X), Double.apply(X)
    F.dropout(X), F.interpolate(X[None], 2), X.scatter(1, X.argmax(1)[:, None], 0.0), torch.func.vmap(torch.sin)(X)
    X.clone().requires_grad_() * 2, torch.nn.Parameter(X), X.numpy().sum(), X.index_add(0, X.argmax(1), X)


DOING = {
    "honest": (honest,),
    "honest in a thread": (thread(lambda: X @ X.T),),
    "backward": (backward,),
    "backward in a thread": (thread(backward),),
    "nodes": (nodes,),
    "nodes in a thread": (thread(nodes),),
    "kernel": (unnamed,),
    "kernel in a thread": (thread(unnamed),),
    "kernel while inferring": (inferring,),
    "kernel in a script": (lambda: scripted(X, X),),
    "jvp": (lambda: torch.func.jvp(torch.tanh, (X,), (X,)),),
    "jacfwd": (lambda: torch.func.jacfwd(torch.tanh)(X),),
    "jvp in a thread": (thread(lambda: torch.func.jvp(torch.tanh, (X,), (X,))),),
    "vjp": (lambda: torch.func.vjp(torch.tanh, X)[1](X),),
    "hessian": (lambda: torch.func.hessian(lambda x: (x**3).sum())(X),),
    "functional": (lambda: torch.autograd.functional.jvp(torch.tanh, X, X),),
    "nn.grad": (lambda: torch.nn.grad.conv1d_input((1, 1, 5), torch.ones(1, 1, 2), torch.ones(1, 1, 4)),),
    "anomalies off": (quiet,),
    "anomalies off and on": (quiet_and_loud_again,),
    "nodes while anomalies are off": (nodes_while_quiet,),
    "nodes behind another traceback": (nodes_behind_another_traceback,),
    "a kernel, called as the engine does": (as_the_engine,),
    "a kernel of sparse tensors": (sparse,),
    "a kernel of another layout": (mkldnn,),
    "allowed one, starts one": (backward, 1),
    "allowed one, starts two": (lambda: backward(2), 1),
    "allowed any": (lambda: backward(9), ANY),
    "allowed any, forward mode": (lambda: torch.func.jvp(torch.tanh, (X,), (X,)), ANY),
    "a rule by hand": (lazily(by_hand), 1),
    "a rule by hand, its graph kept": (lazily(by_hand, True), 1),
    "a rule by the engine": (lazily(by_engine), 1),
    "a rule by nodes": (lazily(by_nodes), 1),
    "a rule by a kernel": (lazily(by_kernel), 1),
    "honest again": (honest,),
}
found = {name: noticed(*doing) for name, doing in DOING.items()}

backward()  # between two calls, where the worker does not say that something else ran
found["between calls"] = noticed(lambda: None)
backward()
look(FORGET)
found["in a cell"] = noticed(lambda: None)

level = torch._C._enter_dual_level()
kept = torch._make_dual(torch.zeros(()), torch.ones(()), level=level)
look(FORGET)
alive = []
found["a dual kept"] = noticed(lambda: alive.append(torch._unpack_dual(X.float() + kept, level=0).tangent))
found["a dual kept"].append(alive[0] is not None)

before = look(FORGET)[0]
look(0)
look(0)  # another one asks, too
found["another asks"] = [look(END)[0] - before, ""]


def leaks(*modes):
    for mode in modes:
        mode.__enter__()


found["modes left on"] = noticed(lambda: leaks(torch.inference_mode(), torch.autocast("cpu"), torch.device("meta")))
found["and after"] = noticed(lambda: None)


def per_call():
    begin = time.perf_counter()
    for _ in range(2000):
        look(0)
        look(END)
    return (time.perf_counter() - begin) / 2000


def per_product():
    a = torch.ones(64, 64, dtype=torch.float64, device="cpu")
    begin = time.perf_counter()
    for _ in range(2000):
        a @ a
    return (time.perf_counter() - begin) / 2000


rounds = [(per_call(), per_product()) for _ in range(5)]
found["cost"] = [min(cost for cost, _ in rounds), min(product for _, product in rounds)]
print(json.dumps(found))
