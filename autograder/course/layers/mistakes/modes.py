"""Wrong answers to Dropout and BatchNorm."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit, wrong

DRAW = "torch.rand(x.shape, generator=self.generator, dtype=x.dtype, device=x.device)"
MASK, SCALE = "(draw >= self.p)", " / (1 - self.p)"
STALE = "if self.cache is None:\n            "
DROPOUT: list[Answer] = [
    *wrong(
        "Dropout.forward",
        "dropout_forward",
        ("takes p for what is kept", MASK, "(draw < self.p)", "dropout-p-kept"),
        ("takes p for what is kept, in the scale too", f"{MASK}.to(x.dtype){SCALE}",
         "(draw < self.p).to(x.dtype) / self.p", "dropout-p-kept"),
        ("does not scale", SCALE, "", "dropout-unscaled"),
        ("scales the wrong way", SCALE, " * (1 - self.p)", "dropout-scaled-wrongly"),
        ("divides by p", SCALE, " / max(self.p, 0.01)", "dropout-p-kept"),
        ("drops whole rows", "torch.rand(x.shape,", "torch.rand((*x.shape[:1], 1),", "dropout-not-each-entry"),
        ("drops whole columns", "torch.rand(x.shape,", "torch.rand((1, *x.shape[1:]),", "dropout-not-each-entry"),
        ("drops in use as well", "if self.training:", "if True:", "dropout-in-use"),
        ("scales in use", "self.cache = torch.ones_like(x)", "self.cache = torch.ones_like(x) * (1 - self.p)",
         "dropout-scaled-in-use"),
        ("scales up in use", "self.cache = torch.ones_like(x)", "self.cache = torch.ones_like(x) / (1 - self.p)",
         "dropout-scaled-in-use"),
        ("drops in use instead of in training", "if self.training:", "if not self.training:",
         ("dropout-not-dropping", "dropout-in-use")),
        ("draws once and for all", "if self.training:",
         "if self.training and torch.is_tensor(self.cache) and self.cache.shape == x.shape:\n            pass\n"
         "        elif self.training:", ("dropout-drawn-once", "dropout-not-dropping")),
        ("starts from the same seed each time", "if self.training:", "torch.manual_seed(0)\n        if self.training:",
         "dropout-drawn-once"),
        ("does not use its generator", "torch.rand(x.shape, generator=self.generator, ", "torch.rand(x.shape, ",
         "dropout-generator-unused"),
        ("drops half, whatever p is", MASK, "(draw >= 0.5)", None),
        ("replaces by the mean", "out = x * self.cache", "out = torch.where(self.cache == 0, x.mean(), x * self.cache)",
         None),
        ("writes into x", "out = x * self.cache", "out = x.mul_(self.cache)", "input-changed"),
        ("draws normal numbers", "torch.rand(x.shape,", "torch.randn(x.shape,", None),
        ("works in single precision", "out = x * self.cache", "out = (x * self.cache).float()", "dtype-changed"),
    ),
    *wrong(
        "Dropout.backward",
        "dropout_backward",
        ("passes everything back", "grad_out * self.cache", "grad_out.clone()", "dropout-mask-not-passed"),
        ("passes everything back, scaled", "grad_out * self.cache", "grad_out / (1 - self.p)",
         "dropout-mask-not-passed"),
        ("does not scale on the way back", "grad_out * self.cache", "grad_out * (self.cache != 0)",
         "dropout-back-unscaled"),
        ("scales twice", "grad_out * self.cache", "grad_out * self.cache / (1 - self.p)", "dropout-scaled-wrongly"),
        ("opens what was dropped", "grad_out * self.cache", "grad_out * (self.cache == 0)", "dropout-mask-inverted"),
        ("draws again", "grad_out * self.cache",
         "grad_out * (torch.rand(grad_out.shape, dtype=grad_out.dtype) >= self.p) / (1 - self.p)",
         "dropout-drawn-again"),
        ("stops at the local gradient", "grad_out * self.cache", "self.cache.clone()", "upstream-taken-as-ones"),
        ("flips the sign", "grad_out * self.cache", "-grad_out * self.cache", "sign-flipped"),
        ("writes into the upstream gradient", "grad_out * self.cache", "grad_out.mul_(self.cache)", "input-changed"),
        ("averages over the batch", "grad_out * self.cache", "grad_out * self.cache / len(grad_out)", None),
        ("uses its mask up", "grad_out * self.cache", "grad_out * self.cache.clone()\n        self.cache.zero_()",
         "cache-used-up"),
    ),
    *wrong(
        "Dropout.forward",
        "dropout_backward",
        ("keeps the mask of training in use", "self.cache = torch.ones_like(x)\n        out = x * self.cache",
         "return x\n        out = x * self.cache", "dropout-in-use"),
        ("reads its mask off the output", "        out = x * self.cache\n", "        out = x * self.cache\n"
         "        self.cache = (out != 0).to(x.dtype) / (1 - self.p if self.training else 1)\n", None),
    ),
]  # fmt: skip

CENTRED, SQUARES, STD, UNBIASED = (
    "centred = x - mean",
    "(centred * centred).mean(dim=0)",
    "torch.sqrt(var + self.eps)",
    "var * (N / max(N - 1, 1))",
)
MEANS = "(1 - self.momentum) * self.running_mean + self.momentum * mean"
VARS = "(1 - self.momentum) * self.running_var + self.momentum * unbiased"
KEEP = "self.cache = self.training, centred, std, inv, normal"
BATCHNORM: list[Answer] = [
    *wrong(
        "BatchNorm.forward",
        "batchnorm_forward",
        ("takes the mean over each row", "mean = x.mean(dim=0)", "mean = x.mean(dim=1, keepdim=True)", None),
        ("normalises each row",
         f"mean = x.mean(dim=0)\n            {CENTRED}\n            var = {SQUARES}",
         "mean = x.mean(dim=1, keepdim=True)\n            centred = x - mean\n            "
         "var = (centred * centred).mean(dim=1, keepdim=True)",
         "batchnorm-over-rows"),
        ("normalises over everything",
         f"mean = x.mean(dim=0)\n            {CENTRED}\n            var = {SQUARES}",
         "mean = x.mean()\n            centred = x - mean\n            var = (centred * centred).mean()",
         "batchnorm-over-rows"),
        ("forgets eps", STD, "torch.sqrt(var)", "batchnorm-eps-missing"),
        ("adds eps outside the root", STD, "torch.sqrt(var) + self.eps", "batchnorm-eps-misplaced"),
        ("has an eps of its own", STD, "torch.sqrt(var + 1e-5)", "batchnorm-eps-ignored"),
        ("divides by N - 1", SQUARES, "(centred * centred).sum(dim=0) / max(N - 1, 1)", "batchnorm-unbiased"),
        ("divides by the variance", STD, "var + self.eps", "batchnorm-root-missing"),
        ("does not centre", "normal = centred * inv", "normal = x * inv", "batchnorm-mean-missing"),
        ("does not divide", "normal = centred * inv", "normal = centred", "batchnorm-not-divided"),
        ("forgets gamma", "gamma * normal + beta", "normal + beta", "batchnorm-gamma-missing"),
        ("forgets beta", "gamma * normal + beta", "gamma * normal", "batchnorm-beta-missing"),
        ("swaps gamma and beta", "gamma * normal + beta", "beta * normal + gamma", "batchnorm-parameters-swapped"),
        ("scales beta, too", "gamma * normal + beta", "gamma * (normal + beta)", "batchnorm-gamma-misplaced"),
        ("normalises with the running statistics", "        std =",
         "        centred, var = x - torch.zeros_like(gamma), torch.ones_like(gamma)\n        std =",
         "batchnorm-running-in-training"),
        ("writes into x", CENTRED, "centred = x.sub_(mean)", "input-changed"),
        ("works in single precision", "gamma * normal + beta", "(gamma * normal + beta).float()", "dtype-changed"),
    ),
    *wrong(
        "BatchNorm.forward",
        "batchnorm_running",
        ("swaps old and new", f"self.running_mean = {MEANS}",
         "self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean",
         "batchnorm-momentum-swapped"),
        ("swaps old and new in the variance", f"self.running_var = {VARS}",
         "self.running_var = self.momentum * self.running_var + (1 - self.momentum) * unbiased",
         "batchnorm-momentum-swapped"),
        ("has a momentum of its own", MEANS, "0.9 * self.running_mean + 0.1 * mean", "batchnorm-momentum-ignored"),
        ("keeps the last batch only", MEANS, "mean", "batchnorm-running-replaced"),
        ("moves nothing", f"self.running_mean = {MEANS}", "pass",
         ("batchnorm-running-not-moved", "batchnorm-mean-missing")),
        ("adds without forgetting", MEANS, "self.running_mean + self.momentum * mean", "batchnorm-running-added"),
        ("keeps the variance as it normalises with", UNBIASED, "var", "batchnorm-running-biased"),
        ("divides by zero for one row", "max(N - 1, 1)", "(N - 1) if N > 1 else float('nan')", None),
        ("keeps the deviation", UNBIASED, "torch.sqrt(var)", "batchnorm-running-deviation"),
        ("normalises with the batch in use", "centred, var = x - self.running_mean, self.running_var",
         "centred = x - x.mean(dim=0)\n            var = (centred * centred).mean(dim=0)", "batchnorm-batch-in-use"),
        ("moves in use, too", "centred, var = x - self.running_mean, self.running_var",
         "centred, var = x - self.running_mean, self.running_var\n            "
         "self.running_mean = 0.9 * self.running_mean + 0.1 * x.mean(dim=0)",
         "batchnorm-moves-in-use"),
        ("forgets the running mean in use", "x - self.running_mean, self.running_var", "x, self.running_var",
         "batchnorm-mean-missing"),
        ("forgets the running variance in use", "x - self.running_mean, self.running_var",
         "x - self.running_mean, 1 - self.eps + 0 * self.running_var", "batchnorm-not-divided"),
        ("forgets eps in use", "mean, self.running_var\n", "mean, self.running_var - self.eps\n",
         "batchnorm-eps-missing"),
        ("gives x in use", f"        {KEEP}", f"        {KEEP}\n        out = out if self.training else x + 0",
         "batchnorm-use-is-identity"),
    ),
    *wrong(
        "BatchNorm.__init__",
        "batchnorm_running",
        ("starts the variance at zero", "torch.ones_like(gamma)", "torch.zeros_like(gamma)", "batchnorm-running-start"),
        ("starts the mean at one", "torch.zeros_like(gamma)", "torch.ones_like(gamma)", "batchnorm-running-start"),
    ),
]  # fmt: skip

DGAMMA, DBETA = "(grad_out * normal).sum(dim=0)", "grad_out.sum(dim=0)"
BOTH = f'{{"gamma": {DGAMMA}, "beta": {DBETA}}}'


def parameters(item: str, method: str) -> list[Answer]:
    """Wrong gradients of gamma and beta, in either way back."""
    return wrong(
        f"BatchNorm.{method}",
        item,
        ("takes gamma's gradient for a bias's", DGAMMA, "grad_out.sum(dim=0) + 0", "batchnorm-gamma-local-missing"),
        ("does not sum gamma's gradient", DGAMMA, "(grad_out * normal)", "bias-not-summed"),
        ("averages gamma's gradient", DGAMMA, "(grad_out * normal).mean(dim=0)", "layer-averaged"),
        ("multiplies gamma's gradient with the centred inputs", DGAMMA, "(grad_out * self.cache[1]).sum(dim=0)",
         "batchnorm-gamma-of-inputs"),
        ("averages beta's gradient", f'"beta": {DBETA}', '"beta": grad_out.mean(dim=0)', "layer-averaged"),
        ("scales beta's gradient", f'"beta": {DBETA}', '"beta": grad_out.sum(dim=0) * gamma',
         "batchnorm-beta-of-gamma"),
        ("scales both gradients", BOTH, f'{{"gamma": gamma * {DGAMMA}, "beta": gamma * {DBETA}}}',
         "batchnorm-beta-of-gamma"),
        ("sums beta's gradient over the wrong axis", f'"beta": {DBETA}', '"beta": grad_out.sum(dim=1)',
         "bias-wrong-axis"),
        ("adds gradients up over the calls", DGAMMA, f'self.grads.get("gamma", 0) + {DGAMMA}', "grads-pile-up"),
        ("writes into the upstream gradient", "        self.grads", "        grad_out /= 2\n        self.grads",
         "input-changed"),
        ("flips the sign of gamma's gradient", DGAMMA, f"-{DGAMMA}", "sign-flipped"),
    )  # fmt: skip


LINE = "gamma * inv * (grad_out - grad_out.mean(dim=0) - normal * (grad_out * normal).mean(dim=0))"
USED = "gamma * inv * grad_out\n"
NODES: list[Answer] = [
    *parameters("batchnorm_nodes", "backward_by_nodes"),
    *wrong(
        "BatchNorm.backward_by_nodes",
        "batchnorm_nodes",
        ("forgets gamma", "grad_normal = grad_out * gamma", "grad_normal = grad_out", "batchnorm-gamma-not-passed"),
        ("forgets that the mean depends on x", "grad_x = grad_centred + grad_mean / N", "grad_x = grad_centred",
         "batchnorm-mean-path-missing"),
        ("forgets that the variance depends on x", " + 2 * centred * grad_var / N", "",
         "batchnorm-variance-path-missing"),
        ("holds the statistics for constants",
         "grad_x = grad_centred + grad_mean / N  # two uses again", "grad_x = grad_normal * inv",
         "batchnorm-both-paths-missing"),
        ("adds the mean's gradient", "grad_mean = -grad_centred", "grad_mean = grad_centred", "batchnorm-path-sign"),
        ("does not average the mean's gradient", "grad_mean / N", "grad_mean", "batchnorm-path-not-averaged"),
        ("forgets the minus of the reciprocal", "grad_std = -grad_inv", "grad_std = grad_inv", "batchnorm-path-sign"),
        ("does not average the variance's gradient", "grad_var / N", "grad_var", "batchnorm-path-not-averaged"),
        ("forgets the two of the square", "2 * centred * grad_var", "centred * grad_var", "batchnorm-square-slope"),
        ("forgets the two of the root", "grad_std / (2 * std)", "grad_std / std", "batchnorm-square-slope"),
        ("forgets the direct path", "grad_normal * inv + 2 *", "2 *", "batchnorm-direct-path-missing"),
        ("does not square in the reciprocal", "inv * inv", "inv", None),
        ("does not sum over the rows", "(grad_normal * centred).sum(dim=0)", "grad_normal * centred", None),
        ("writes into what it kept", "2 * centred * grad_var / N", "centred.mul_(2) * grad_var / N", "cache-used-up"),
    ),
    *wrong(
        "BatchNorm.forward",
        ("batchnorm_nodes", "batchnorm_backward"),
        ("keeps the first batch only", KEEP, f"{STALE}{KEEP}",
         ("cache-stale", "batchnorm-batch-in-use")),
    ),
]  # fmt: skip
ONE_LINE: list[Answer] = [
    *parameters("batchnorm_backward", "backward"),
    *wrong(
        "BatchNorm.backward",
        "batchnorm_backward",
        ("forgets gamma", LINE, LINE.removeprefix("gamma * "), "batchnorm-gamma-not-passed"),
        ("forgets to divide by the deviation", LINE, LINE.replace("inv * ", ""), "batchnorm-not-rescaled"),
        ("divides by the variance", LINE, LINE.replace("inv * ", "inv * inv * "), "batchnorm-scaled-twice"),
        ("multiplies gamma in twice", LINE, LINE.replace("gamma * ", "gamma * gamma * "), "batchnorm-gamma-twice"),
        ("forgets the mean", LINE, LINE.replace(" - grad_out.mean(dim=0)", ""), "batchnorm-mean-path-missing"),
        ("forgets the variance", LINE, "gamma * inv * (grad_out - grad_out.mean(dim=0))",
         "batchnorm-variance-path-missing"),
        ("holds the statistics for constants", LINE, "gamma * inv * grad_out", "batchnorm-both-paths-missing"),
        ("adds the mean", LINE, LINE.replace(" - grad_out.mean", " + grad_out.mean"), "batchnorm-path-sign"),
        ("adds the variance's part", LINE, LINE.replace("- normal", "+ normal"), "batchnorm-path-sign"),
        ("sums instead of averaging", LINE, LINE.replace(".mean(dim=0)", ".sum(dim=0)"),
         "batchnorm-path-not-averaged"),
        ("averages over the row", LINE, LINE.replace("grad_out.mean(dim=0)", "grad_out.mean(dim=1, keepdim=True)"),
         None),
        ("stops at the local gradient in use", USED, "(gamma * inv).expand(grad_out.shape)\n",
         "upstream-taken-as-ones"),
        ("goes back through the batch in use", "if batch:", "if True:", "batchnorm-batch-in-use"),
        ("forgets gamma in use", USED, "inv * grad_out\n", "batchnorm-gamma-not-passed"),
        ("is the identity in use", USED, "grad_out.clone()\n", None),
        ("flips the sign", LINE, f"-{LINE}", "sign-flipped"),
    ),
]  # fmt: skip

FIRST_MASK = """mask = mask if self.training else torch.ones_like(x)
        self.cache = mask if self.cache is None or self.cache.shape != x.shape else self.cache
        out = x * mask"""
DROPOUT.append(
    Answer(
        "dropout_backward: keeps the first mask",
        ("dropout_backward",),
        (
            Edit("Dropout.forward", "self.cache = (draw", "mask = (draw"),
            Edit("Dropout.forward", "out = x * self.cache", FIRST_MASK),
        ),
        ("dropout-drawn-again", "dropout-in-use"),
    )
)

MODES = [*DROPOUT, *BATCHNORM, *NODES, *ONE_LINE]
