"""Wrong answers to the items on torch.autograd.Function, the module and the net by hand."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

SAVE_Y, SAVED_Y = "ctx.save_for_backward(y)", "(y,) = ctx.saved_tensors"
MULTIPLY = "grad_x, grad_y = grad_out * y, grad_out * x"
SIGMOID, SIGMOID_FORWARD = "grad_out * y * (1 - y)", "torch.sigmoid(x)"
SHARED = "shared = (grad_out * y).sum(dim=-1, keepdim=True)"
SOFTMAX, SOFTMAX_FORWARD = "y * (grad_out - shared)", "torch.softmax(x, dim=-1)"
GRAD_X, GRAD_W, GRAD_B = "grad_out @ w.T", "x.T @ grad_out", "grad_out.sum(dim=0)"
ENGINE = """with torch.enable_grad():
            leaf = x.detach().requires_grad_()
            grad_x, = torch.autograd.grad(torch.{0}, leaf, grad_out, create_graph=torch.is_grad_enabled())"""

W1, B1 = "nn.Parameter(torch.randn(D, H) / D**0.5)", "nn.Parameter(torch.zeros(H))"
W2 = "nn.Parameter(torch.randn(H, C) / H**0.5)"
HIDDEN = "h = self.sigmoid(self.linear(x, self.w1, self.b1))"
OUT = "probabilities = self.softmax(self.linear(h, self.w2, self.b2))"

G_SCORES, G_H, G_A = "probabilities * (grad_out - shared)", 'grads["scores"] @ w2.T', 'grads["h"] * h * (1 - h)'
G_W2, G_B2 = 'h.T @ grads["scores"]', 'grads["scores"].sum(dim=0)'
G_W1, G_B1, G_X = 'x.T @ grads["a"]', 'grads["a"].sum(dim=0)', 'grads["a"] @ w1.T'
TWICE = "function-not-twice"


def with_engine(what: str) -> str:
    """The backward of y = what(x), left to autograd."""
    return ENGINE.format(what)


FUNCTIONS: list[Answer] = [
    *wrong(
        "functions:Multiply.backward",
        "function_multiply",
        ("does not swap the factors", MULTIPLY, "grad_x, grad_y = grad_out * x, grad_out * y", "mul-gate-not-swapped"),
        ("passes the upstream gradient on", MULTIPLY, "grad_x, grad_y = grad_out, grad_out", "function-upstream-alone"),
        ("returns the local gradients", MULTIPLY, "grad_x, grad_y = y + 0, x + 0", "local-gradient-only"),
        ("returns one gradient too few", "return grad_x, grad_y", "return grad_x", None),
        ("answers the first factor only", "return grad_x, grad_y", "return grad_x, None", None),
        ("detaches", MULTIPLY, "grad_x, grad_y = grad_out * y.detach(), grad_out * x.detach()", TWICE),
        (
            "detaches the upstream gradient",
            MULTIPLY,
            "grad_x, grad_y = grad_out.detach() * y, grad_out.detach() * x",
            TWICE,
        ),
        ("computes without gradients", MULTIPLY, f"with torch.no_grad():\n            {MULTIPLY}", TWICE),
        (
            "lets autograd do it",
            MULTIPLY,
            "with torch.enable_grad():\n            a, b = x.detach().requires_grad_(), "
            "y.detach().requires_grad_()\n            grad_x, grad_y = torch.autograd.grad(a * b, [a, b], grad_out)",
            None,
        ),
        (
            "multiplies the upstream gradient in place",
            MULTIPLY,
            "with torch.no_grad():\n            grad_x = grad_out * y\n            grad_y = grad_out.mul_(x)",
            ("input-changed", TWICE),
        ),
        ("flips a sign", MULTIPLY, "grad_x, grad_y = grad_out * y, -grad_out * x", "sign-flipped"),
        ("is off by one part in ten thousand", MULTIPLY, MULTIPLY + " * 1.0001", None),
    ),
    *wrong(
        "functions:Multiply.forward",
        "function_multiply",
        ("adds", "z = x * y", "z = x + y", None),
        ("saves nothing", "ctx.save_for_backward(x, y)", "", None),
        (
            "saves one factor twice",
            "ctx.save_for_backward(x, y)",
            "ctx.save_for_backward(x, x)",
            "mul-gate-not-swapped",
        ),
    ),
    *wrong(
        "functions:Sigmoid.backward",
        "function_sigmoid",
        ("forgets 1 - y", SIGMOID, "grad_out * y", "function-sigmoid-half"),
        ("forgets y", SIGMOID, "grad_out * (1 - y)", "function-sigmoid-half"),
        ("returns the local gradient", SIGMOID, "y * (1 - y)", "local-gradient-only"),
        ("passes the upstream gradient on", SIGMOID, "grad_out + 0", "function-upstream-alone"),
        ("squares like tanh", SIGMOID, "grad_out * (1 - y * y)", "function-tanh-for-sigmoid"),
        ("flips the sign", SIGMOID, "grad_out * y * (y - 1)", "sign-flipped"),
        ("detaches", SIGMOID, "grad_out * (y * (1 - y)).detach()", TWICE),
        (
            "lets autograd do it",
            f"{SAVED_Y}\n        grad_x = {SIGMOID}",
            f"{SAVED_Y}\n        x = (y / (1 - y)).log()\n        {with_engine('sigmoid(leaf)')}",
            None,
        ),
        ("calls the ready-made backward", SIGMOID, "torch.ops.aten.sigmoid_backward(grad_out, y)", None),
        (
            "takes differences",
            SIGMOID,
            "grad_out * (torch.sigmoid((y / (1 - y)).log() + 1e-6) - torch.sigmoid((y / (1 - y)).log() - 1e-6)) / 2e-6",
            None,
        ),
        ("is off by one part in ten thousand", SIGMOID, SIGMOID + " * 1.0001", None),
    ),
    *wrong(
        "functions:Sigmoid.forward",
        "function_sigmoid",
        ("saves the input", SAVE_Y, "ctx.save_for_backward(x)", "function-saved-wrong"),
        ("overflows far out", SIGMOID_FORWARD, "x.exp() / (1 + x.exp())", "function-overflows"),
        ("computes tanh", SIGMOID_FORWARD, "torch.tanh(x)", "function-forward-other"),
        ("turns the exponent round", SIGMOID_FORWARD, "torch.sigmoid(-x)", "function-forward-other"),
        ("works in place", SIGMOID_FORWARD, "x.sigmoid_() + 0", "input-changed"),
        ("hides the output from autograd", SAVE_Y, "ctx.save_for_backward(y.clone())", TWICE),
    ),
    *wrong(
        "functions:Softmax.backward",
        "function_softmax",
        ("forgets the cross terms", SOFTMAX, "grad_out * y * (1 - y)", "softmax-cross-terms-missing"),
        ("treats it as an exponential", SOFTMAX, "grad_out * y", "softmax-cross-terms-missing"),
        (
            "does not weigh the sum",
            SHARED,
            "shared = grad_out.sum(dim=-1, keepdim=True)",
            "softmax-upstream-unweighted",
        ),
        ("averages", SHARED, SHARED.replace("sum(", "mean("), "softmax-cross-terms-averaged"),
        ("adds the cross terms", SOFTMAX, "y * (grad_out + shared)", "softmax-sign-of-cross-terms"),
        ("forgets y in front", SOFTMAX, "grad_out - shared", "softmax-term-unscaled"),
        ("forgets y in front of the sum", SOFTMAX, "y * grad_out - shared", "softmax-term-unscaled"),
        ("keeps the cross terms only", SOFTMAX, "-y * shared", "softmax-diagonal-missing"),
        ("sums over all rows", SHARED, "shared = (grad_out * y).sum()", "function-softmax-over-all"),
        ("passes the upstream gradient on", SOFTMAX, "grad_out + 0", "function-upstream-alone"),
        ("detaches", SOFTMAX, "y.detach() * (grad_out - shared)", TWICE),
        ("detaches the sum", SHARED, SHARED + ".detach()", TWICE),
        (
            "lets autograd do it",
            f"{SAVED_Y}\n",
            f"{SAVED_Y}\n        x = y.log()\n        {with_engine('softmax(leaf, dim=-1)')}\n        return grad_x\n",
            None,
        ),
        ("calls the ready-made backward", SOFTMAX, "torch._softmax_backward_data(grad_out, y, -1, y.dtype)", None),
        ("sums over the batch", SHARED, SHARED.replace("-1", "0"), "function-softmax-axis"),
        ("is off by one part in ten thousand", SOFTMAX, SOFTMAX + " * 1.0001", None),
    ),
    *wrong(
        "functions:Softmax.forward",
        "function_softmax",
        ("saves the scores", SAVE_Y, "ctx.save_for_backward(x)", "function-saved-wrong"),
        ("runs over the wrong axis", SOFTMAX_FORWARD, "torch.softmax(x, dim=0)", "softmax-wrong-axis"),
        ("takes the log", SOFTMAX_FORWARD, "torch.log_softmax(x, dim=-1)", "function-forward-other"),
        ("overflows", SOFTMAX_FORWARD, "x.exp() / x.exp().sum(dim=-1, keepdim=True)", "function-overflows"),
        ("forgets to normalise", SOFTMAX_FORWARD, "x.exp()", ("function-forward-other", "function-overflows")),
        ("hides the output from autograd", SAVE_Y, "ctx.save_for_backward(y.detach() + 0)", TWICE),
        (
            "subtracts the maximum in place",
            SOFTMAX_FORWARD,
            "torch.softmax(x.sub_(x.amax(dim=-1, keepdim=True).clone()), dim=-1)",
            "input-changed",
        ),
    ),
    *wrong(
        "functions:Linear.backward",
        "function_linear",
        (
            "does not transpose w",
            GRAD_X,
            "grad_out @ (w if w.shape[0] == w.shape[1] else w.T)",
            "factor-not-transposed",
        ),
        ("averages the bias", GRAD_B, "grad_out.mean(dim=0)", "bias-averaged"),
        ("sums the bias over the wrong axis", GRAD_B, "grad_out.sum(dim=1)[: w.shape[1]]", None),
        ("does not sum the bias", GRAD_B, "grad_out[0] + 0", None),
        ("sums the bias over everything", GRAD_B, "grad_out.sum().expand(w.shape[1])", "bias-summed-completely"),
        ("averages over the batch", GRAD_W, "x.T @ grad_out / len(x)", "function-averaged"),
        ("forgets the upstream gradient of w", GRAD_W, "x.T @ torch.ones_like(grad_out)", "local-gradient-only"),
        ("returns w's gradient transposed", "return grad_x, grad_w, grad_b", "return grad_x, grad_w.T, grad_b", None),
        (
            "returns the gradients in another order",
            "return grad_x, grad_w, grad_b",
            "return grad_x, grad_b, grad_w",
            None,
        ),
        ("leaves x out", "return grad_x, grad_w, grad_b", "return None, grad_w, grad_b", None),
        ("detaches", GRAD_X, "grad_out @ w.detach().T", TWICE),
        (
            "computes without gradients",
            f"grad_w = {GRAD_W}",
            f"with torch.no_grad():\n            grad_w = {GRAD_W}",
            TWICE,
        ),
        (
            "lets autograd do it",
            f"grad_x = {GRAD_X}",
            "with torch.enable_grad():\n            leaf = "
            "x.detach().requires_grad_()\n            grad_x, = torch.autograd.grad(leaf @ w, leaf, grad_out)",
            None,
        ),
        (
            "lets torch.func do it",
            f"grad_x = {GRAD_X}",
            "grad_x, = torch.func.vjp(lambda x: x @ w, x.detach())[1](grad_out.detach())",
            None,
        ),
        ("is off by one part in ten thousand", GRAD_X, GRAD_X + " * 1.0001", None),
        ("flips the sign of w's gradient", GRAD_W, "-x.T @ grad_out", "sign-flipped"),
    ),
    *wrong(
        "functions:Linear.forward",
        "function_linear",
        ("forgets the bias", "y = x @ w + b", "y = x @ w", "bias-missing"),
        ("subtracts the bias", "y = x @ w + b", "y = x @ w - b", "function-forward-other"),
        ("saves a copy of x", "ctx.save_for_backward(x, w)", "ctx.save_for_backward(x.clone(), w)", TWICE),
        ("saves w twice", "ctx.save_for_backward(x, w)", "ctx.save_for_backward(w.T, w)", None),
    ),
    *wrong(
        "MLP.__init__",
        "mlp_module",
        ("makes plain tensors", W1, "torch.randn(D, H) / D**0.5", None),
        (
            "keeps its parameters in a list",
            f"self.w1 = {W1}",
            f"self.parts = [{W1}]\n        self.w1 = self.parts[0].data",
            None,
        ),
        ("transposes w1", W1, "nn.Parameter(torch.randn(H, D) / D**0.5)", "transposed"),
        ("does not scale w1", W1, "nn.Parameter(torch.randn(D, H))", "mlp-weights-scale"),
        ("scales by the other size", W2, "nn.Parameter(torch.randn(H, C) / C**0.5)", "mlp-weights-scale"),
        ("scales by D, not its root", W1, "nn.Parameter(torch.randn(D, H) / D)", "mlp-weights-scale"),
        ("begins with zeros", W1, "nn.Parameter(torch.zeros(D, H))", "mlp-weights-scale"),
        ("begins with positive numbers", W2, "nn.Parameter(torch.rand(H, C) / H**0.5)", "mlp-weights-scale"),
        ("begins with random biases", B1, "nn.Parameter(torch.randn(H))", "mlp-biases-not-zero"),
        ("begins with biases of one", B1, "nn.Parameter(torch.ones(H))", "mlp-biases-not-zero"),
        ("forgets a bias", f"        self.b1 = {B1}\n", "        self.b1 = torch.zeros(H)\n", None),
        (
            "uses linear layers of torch's",
            f"self.w1 = {W1}",
            f"self.first = nn.Linear(D, H)\n        self.w1 = {W1}",
            None,
        ),
    ),
    *wrong(
        "MLP.forward",
        "mlp_module",
        ("forgets the sigmoid", HIDDEN, "h = self.linear(x, self.w1, self.b1)", "mlp-sigmoid-missing"),
        ("returns scores", OUT, "probabilities = self.linear(h, self.w2, self.b2)", "mlp-softmax-missing"),
        (
            "uses torch's sigmoid",
            HIDDEN,
            "h = torch.sigmoid(self.linear(x, self.w1, self.b1))",
            "mlp-operations-ignored",
        ),
        (
            "uses its own sigmoid whatever is given",
            HIDDEN,
            "h = Sigmoid.apply(self.linear(x, self.w1, self.b1))",
            "mlp-operations-ignored",
        ),
        ("uses its own linear whatever is given", HIDDEN, "h = self.sigmoid(Linear.apply(x, self.w1, self.b1))", None),
        (
            "uses torch's softmax",
            OUT,
            "probabilities = torch.softmax(self.linear(h, self.w2, self.b2), dim=-1)",
            "mlp-operations-ignored",
        ),
        ("cuts the hidden layer off", OUT, OUT.replace("(h,", "(h.detach(),"), None),
        ("computes without gradients", OUT, f"with torch.no_grad():\n            {OUT}", None),
        (
            "adds a sigmoid to the scores",
            OUT,
            "probabilities = self.softmax(self.sigmoid(self.linear(h, self.w2, self.b2)))",
            "mlp-sigmoid-twice",
        ),
        ("uses the data of its parameters", HIDDEN, HIDDEN.replace("self.w1,", "self.w1.data,"), None),
        ("draws new weights", HIDDEN, HIDDEN.replace("self.w1,", "torch.randn_like(self.w1),"), None),
    ),
    *wrong(
        "mlp_by_hand",
        "mlp_by_hand",
        ("forgets the sigmoid", "h = torch.sigmoid(a)", "h = a + 0", "mlp-sigmoid-missing"),
        ("forgets the softmax", "torch.softmax(scores, dim=-1)", "scores + 0", "mlp-softmax-missing"),
        ("forgets the first bias", "x @ w1 + b1", "x @ w1", "mlp-one-bias-missing"),
        (
            "overflows",
            "torch.softmax(scores, dim=-1)",
            "scores.exp() / scores.exp().sum(dim=-1, keepdim=True)",
            "function-overflows",
        ),
        (
            "normalises over the batch",
            "torch.softmax(scores, dim=-1)",
            "torch.softmax(scores, dim=0)",
            "softmax-wrong-axis",
        ),
        ("forgets the cross terms", G_SCORES, "probabilities * grad_out", "softmax-cross-terms-missing"),
        ("does not weigh the sum", "(grad_out * probabilities).sum", "grad_out.sum", "softmax-upstream-unweighted"),
        ("hands the softmax's upstream on", G_SCORES, "grad_out + 0", "function-upstream-alone"),
        ("sums over all rows", ".sum(dim=-1, keepdim=True)", ".sum()", "function-softmax-over-all"),
        ("steps over the softmax", G_H, "grad_out @ w2.T", "upstream-from-wrong-node"),
        ("forgets 1 - h", G_A, 'grads["h"] * h', "function-sigmoid-half"),
        ("steps over the sigmoid", G_A, 'grads["h"] + 0', "mlp-step-skipped"),
        ("takes the slope at a", G_A, 'grads["h"] * a * (1 - a)', "function-saved-wrong"),
        ("uses a ReLU's mask", G_A, 'grads["h"] * (a > 0)', "mlp-relu-mask"),
        ("uses tanh's slope", G_A, 'grads["h"] * (1 - h * h)', "function-tanh-for-sigmoid"),
        ("uses a where h went in", G_W2, 'a.T @ grads["scores"]', "mlp-wrong-input"),
        ("skips the sigmoid for w1", G_W1, 'x.T @ grads["h"]', "mlp-step-skipped"),
        ("skips the sigmoid for x", G_X, 'grads["h"] @ w1.T', "mlp-step-skipped"),
        ("averages b2", G_B2, 'grads["scores"].mean(dim=0)', "bias-averaged"),
        ("sums b1 over the wrong axis", G_B1, 'grads["a"].sum(dim=1)', "bias-wrong-axis"),
        ("averages over the batch", G_W1, 'x.T @ grads["a"] / len(x)', "averaged-twice"),
        ("returns w2 transposed", G_W2, 'grads["scores"].T @ h', "transposed"),
        ("flips a sign", G_H, '-grads["scores"] @ w2.T', "sign-flipped"),
        ("forgets x", f'    grads["x"] = {G_X}\n', "", None),
        (
            "lets autograd do it",
            "    shared =",
            "    with torch.enable_grad():\n        leaf = x.detach().requires_grad_()\n"
            "        torch.autograd.grad(torch.softmax(torch.sigmoid(leaf @ w1 + b1) @ w2 + b2, -1).sum(), leaf)\n"
            "    shared =",
            None,
        ),
        (
            "changes grad_out",
            "    shared = (grad_out * probabilities)",
            "    shared = grad_out.mul_(probabilities)",
            ("input-changed", "softmax-term-unscaled", "softmax-cross-terms-missing", None),
        ),
        ("is off by one part in ten thousand", G_W2, G_W2 + " * 1.0001", None),
    ),
]
