"""Wrong optimisers: every form of momentum that is not the one that is asked for."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit, wrong

SGD_STEP = "w -= self.lr * grads[name]"
V = "v = self.rho * self.velocity[name] + grads[name]"
W = "w -= self.lr * v"
KEEP = "            self.velocity[name] = v\n"
LOOP = "for name, w in self.params.items():"
INIT = "self.velocity[name] = torch.zeros_like(w)"

OPTIMISERS: list[Answer] = [
    *wrong(
        "SGD.step",
        "sgd",
        ("makes new tensors", SGD_STEP, "w = w - self.lr * grads[name]", "update-not-in-place"),
        (
            "makes new tensors and puts them into the dict",
            SGD_STEP,
            "self.params[name] = w - self.lr * grads[name]",
            "update-not-in-place",
        ),
        ("climbs", SGD_STEP, "w += self.lr * grads[name]", "update-uphill"),
        ("forgets the learning rate", SGD_STEP, "w -= grads[name]", "rate-forgotten"),
        (
            "moves the first parameter only",
            SGD_STEP,
            "w -= self.lr * grads[name]\n            break",
            "one-parameter-only",
        ),
        *(
            (f"lets the weights fade by {k}", SGD_STEP, f"w -= self.lr * (grads[name] + {k} * w)", "parameters-decay")
            for k in (1.0, 0.01, 0.001, 0.0001)
        ),
        ("scales the gradient in place", SGD_STEP, "w -= grads[name].mul_(self.lr)", "gradient-changed"),
        (
            "sets the gradient to zero afterwards",
            SGD_STEP,
            SGD_STEP + "\n            grads[name].zero_()",
            "gradient-changed",
        ),
        ("cuts long gradients", SGD_STEP, "w -= self.lr * grads[name].clamp(-1, 1)", None),
        ("lets the rate fade by itself", SGD_STEP, SGD_STEP + "\n            self.lr *= 0.99", None),
        ("takes the sign only", SGD_STEP, "w -= self.lr * grads[name].sign()", None),
        ("makes the gradient one long", SGD_STEP, "w -= self.lr * grads[name] / grads[name].norm()", None),
        ("averages the gradient", SGD_STEP, "w -= self.lr * grads[name].mean()", None),
        ("makes weights of gradients", SGD_STEP, "w.copy_(-self.lr * grads[name])", None),
        ("is off by one part in a million", SGD_STEP, "w -= 1.000001 * self.lr * grads[name]", None),
    ),
    Answer(
        "sgd: keeps its first learning rate",
        ("sgd",),
        (
            Edit("SGD.__init__", "self.lr = lr", "self.lr = self.first = lr"),
            Edit("SGD.step", SGD_STEP, "w -= self.first * grads[name]"),
        ),
        ("rate-frozen",),
    ),
    *wrong(
        "Momentum.step",
        "momentum",
        (
            "takes the learning rate into v",
            V,
            V.replace("+ ", "+ self.lr * ") + "\n            w -= v\n" + KEEP + "            continue",
            "rate-in-velocity",
        ),
        ("takes the learning rate in twice", V, V.replace("+ ", "+ self.lr * "), "rate-twice"),
        ("climbs", W, "w += self.lr * v", "update-uphill"),
        ("subtracts the gradient and the velocity", V, V.replace("+ ", "- "), "update-uphill"),
        ("flips the old velocity", V, V.replace("self.rho *", "-self.rho *"), "velocity-sign"),
        ("does not keep the velocity", KEEP, "", "velocity-not-kept"),
        ("damps the gradient", V, V.replace("+ ", "+ (1 - self.rho) * "), "dampened"),
        ("looks ahead like Nesterov", W, "w -= self.lr * (grads[name] + self.rho * v)", "nesterov"),
        (
            "steps before it speeds up",
            V,
            "w -= self.lr * self.velocity[name]\n            " + V + "\n" + KEEP + "            continue",
            "velocity-late",
        ),
        ("does not fade", V, V.replace("self.rho * ", ""), "velocity-not-faded"),
        ("fades the gradient too", V, "v = self.rho * (self.velocity[name] + grads[name])", "rho-on-everything"),
        *((f"always takes {rho}", V, V.replace("self.rho", rho), "rho-ignored") for rho in ("0.9", "0.99", "0.5")),
        ("makes new tensors", W, "w = w - self.lr * v", "update-not-in-place"),
        ("puts new tensors into the dict", W, "self.params[name] = w - self.lr * v", "update-not-in-place"),
        ("forgets the learning rate", W, "w -= v", "rate-forgotten"),
        ("moves the first parameter only", KEEP, KEEP + "            break\n", "one-parameter-only"),
        *((f"lets the weights fade by {k}", V, f"{V} + {k} * w", "parameters-decay") for k in (0.01, 0.001, 0.0001)),
        (
            "damps all gradients but the first",
            V,
            V.replace("+ ", "+ (1 - self.rho if self.velocity[name].any() else 1) * "),
            "dampened",
        ),
        (
            "collects in the gradient itself",
            V,
            "v = grads[name].add_(self.velocity[name], alpha=self.rho)",
            "gradient-changed",
        ),
        ("averages as Adam does", V, V.replace("grads[name]", "(1 - self.rho) * grads[name]"), "dampened"),
        (
            "makes up for the first steps as Adam does",
            W,
            "self.t = getattr(self, 't', 0) + 1\n            w -= self.lr * v / (1 - self.rho ** self.t)",
            None,
        ),
        (
            "sets the gradient to zero afterwards",
            KEEP,
            KEEP + "            grads[name].zero_()\n",
            "gradient-changed",
        ),
        ("keeps the step for the velocity", KEEP, "            self.velocity[name] = self.lr * v\n", None),
        (
            "swaps rho and lr",
            V,
            V.replace("self.rho", "self.lr") + "\n            w -= self.rho * v\n" + KEEP + "            continue",
            None,
        ),
    ),
    *wrong(
        "Momentum.__init__",
        "momentum",
        ("starts with a velocity of one", INIT, "self.velocity[name] = torch.ones_like(w)", None),
        ("starts at the weights", INIT, "self.velocity[name] = w.clone()", None),
        ("starts with the weights' own tensors", INIT, "self.velocity[name] = w", None),
    ),
    Answer(
        "momentum: one velocity for all",
        ("momentum",),
        (
            Edit("Momentum.step", V, 'v = self.rho * self.velocity.get("all", 0) + grads[name]'),
            Edit("Momentum.step", "self.velocity[name] = v", 'self.velocity["all"] = v'),
            Edit(
                "Momentum.step",
                LOOP,
                f'{LOOP}\n            if self.velocity.get("all", w).shape != w.shape:\n'
                '                self.velocity.pop("all")',
            ),
        ),
        ("velocity-shared", "velocity-not-kept"),
    ),
    Answer(
        "momentum: starts with the first gradient and adds it again",
        ("momentum",),
        (
            Edit("Momentum.__init__", INIT, "pass"),
            Edit("Momentum.step", V, "v = self.rho * self.velocity.get(name, grads[name]) + grads[name]"),
        ),
        ("velocity-starts-at-gradient",),
    ),
    Answer(
        "momentum: holds the first gradient itself",
        ("momentum",),
        (
            Edit("Momentum.__init__", INIT, "pass"),
            Edit(
                "Momentum.step",
                V,
                "v = grads[name] if name not in self.velocity else "
                "self.velocity[name].mul_(self.rho).add_(grads[name])",
            ),
        ),
        ("gradient-changed",),
    ),
    Answer(
        "momentum: keeps its first learning rate",
        ("momentum",),
        (
            Edit("Momentum.__init__", "self.lr = lr", "self.lr = self.first = lr"),
            Edit("Momentum.step", W, "w -= self.first * v"),
        ),
        ("rate-frozen",),
    ),
]
