"""Wrong answers to the items `toy` and `neuron`."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

GATES: list[Answer] = [
    *wrong(
        "toy",
        "toy",
        ("adds where it should multiply", "p = x * y", "p = x + y", None),
        ("forgets z", "q = p + z", "q = p", "forward-step-missing"),
        ("returns q instead of its square", "f = q * q", "f = q", "forward-step-missing"),
        ("forgets the square's slope", "= 2 * q", "= q", "power-rule-missing"),
        ("takes the slope of the square without its argument", "= 2 * q", "= 2.0", "power-rule-missing"),
        ("does not swap the mul gate for x", '["p"] * y', '["p"] * x', "mul-gate-not-swapped"),
        ("does not swap the mul gate for y", '["p"] * x', '["p"] * y', "mul-gate-not-swapped"),
        ("takes the local gradient for the whole", '= grads["p"] * y', "= y", "local-gradient-only"),
        ("flips a sign", '= grads["p"] * y', '= -grads["p"] * y', "sign-flipped"),
        ("takes the gradient of a sum to be one", 'grads["z"] = grads["q"]', 'grads["z"] = 1.0', "all-ones"),
        ("leaves z at zero", 'grads["z"] = grads["q"]', 'grads["z"] = 0.0', "all-zeros"),
        ("forgets z's gradient", '    grads["z"] = grads["q"]\n', "", None),
        ("is off by one part in ten thousand", '["p"] * y', '["p"] * y * 1.0001', None),
    ),
    *wrong(
        "neuron",
        "neuron",
        ("forgets the bias", "s3 = s2 + w2", "s3 = s2", None),
        ("forgets the sigmoid", "f = sigmoid(s3)", "f = s3", "sigmoid-of-wrong-value"),
        ("flips the sigmoid", "f = sigmoid(s3)", "f = sigmoid(-s3)", None),
        ("forgets the slope of the sigmoid", "grad_s3 = f * (1 - f)", "grad_s3 = 1.0", "sigmoid-local-missing"),
        ("takes that slope at the input", "grad_s3 = f * (1 - f)", "grad_s3 = s3 * (1 - s3)", "sigmoid-of-wrong-value"),
        ("flips its sign", "grad_s3 = f * (1 - f)", "grad_s3 = -f * (1 - f)", "sign-flipped"),
        ("does not swap the gate of w0", "grad_s0 * x0", "grad_s0 * w0", "mul-gate-not-swapped"),
        ("does not swap the gate of x1", "grad_s1 * w1", "grad_s1 * x1", "mul-gate-not-swapped"),
        ("stops at the local gradient", 'grads["x0"] = grad_s0 * w0', 'grads["x0"] = w0', "sigmoid-local-missing"),
        ("gives the wrong branch's input", "grad_s1 * x1", "grad_s1 * x0", None),
        ("halves the gradient at the sum", "grad_s1 = grad_s2", "grad_s1 = grad_s2 / 2", "factor-two-missing"),
        ("leaves the bias at zero", 'grads["w2"] = grad_s3', 'grads["w2"] = 0.0', "all-zeros"),
        ("is off by one part in ten thousand", "f * (1 - f)", "f * (1.0001 - f)", None),
    ),
]
