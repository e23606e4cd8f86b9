"""Wrong answers to what stands around the steps: starting weights, mini-batches, the loop, random settings."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

KAIMING = "torch.randn(fan_in, fan_out, generator=generator, dtype=dtype) * (2 / fan_in) ** 0.5"
ORDER = "order = torch.randperm(len(x), generator=generator).to(x.device)"
RANGE = "range(0, len(x), batch_size)"
CUT = "batch = order[start : start + batch_size]"
YIELD = "yield x[batch], y[batch]"
LOOP = """        loss, grads = loss_and_grads(x, y, params)
        optimizer.step(grads)
        losses.append(float(loss))
"""
LOGS = "values = low * (high / low) ** share"
SHARE = "torch.rand(count, generator=generator, dtype=torch.float64)"

LOOPS: list[Answer] = [
    *wrong(
        "kaiming",
        "kaiming",
        ("forgets the ReLU's two", "(2 / fan_in)", "(1 / fan_in)", "kaiming-without-relu"),
        ("takes fan out", "(2 / fan_in)", "(2 / fan_out)", "kaiming-fan-out"),
        (
            "takes the variance for the deviation",
            "(2 / fan_in) ** 0.5",
            "(2 / fan_in)",
            "kaiming-variance-for-deviation",
        ),
        ("takes both fans, as Xavier did", "(2 / fan_in)", "(2 / (fan_in + fan_out))", "kaiming-both-fans"),
        ("scales nothing", " * (2 / fan_in) ** 0.5", "", "weights-not-scaled"),
        (
            "clips its draws at twice the spread",
            "generator=generator, dtype=dtype) * (2",
            "generator=generator, dtype=dtype).clamp(-2, 2) * (2",
            None,
        ),
        ("makes all weights small", "(2 / fan_in) ** 0.5", "0.01", "weights-not-scaled"),
        ("draws from zero to one", "torch.randn", "torch.rand", "weights-one-sided"),
        ("shifts the mean", "** 0.5", "** 0.5 + 0.05", "weights-one-sided"),
        (
            "takes the deviation for the bound",
            KAIMING,
            "(2 * torch.rand(fan_in, fan_out, generator=generator, dtype=dtype) - 1) * (2 / fan_in) ** 0.5",
            "kaiming-bound-for-deviation",
        ),
        (
            "does as nn.Linear does",
            KAIMING,
            "(2 * torch.rand(fan_in, fan_out, generator=generator, dtype=dtype) - 1) / fan_in ** 0.5",
            "kaiming-bound-for-deviation",
        ),
        (
            "starts with zeros",
            KAIMING,
            "torch.zeros(fan_in, fan_out, dtype=dtype)",
            ("symmetry-unbroken", "always-the-same"),
        ),
        (
            "starts with one number",
            KAIMING,
            "torch.full((fan_in, fan_out), (2 / fan_in) ** 0.5, dtype=dtype)",
            ("symmetry-unbroken", "always-the-same"),
        ),
        (
            "gives every unit the same",
            KAIMING,
            "torch.randn(fan_in, 1, generator=generator, dtype=dtype).expand(fan_in, fan_out) * (2 / fan_in) ** 0.5",
            "symmetry-unbroken",
        ),
        ("ignores the generator", "generator=generator, ", "", "generator-ignored"),
        (
            "seeds anew",
            KAIMING,
            KAIMING.replace("generator=generator", "generator=torch.Generator().manual_seed(0)"),
            "always-the-same",
        ),
        ("lays it out like nn.Linear", "(fan_in, fan_out, gen", "(fan_out, fan_in, gen", "transposed"),
        ("ignores the dtype", ", dtype=dtype)", ")", "dtype-changed"),
        ("takes the root of the two alone", "(2 / fan_in) ** 0.5", "2**0.5 / fan_in", None),
        ("divides by the root of two", "(2 / fan_in) ** 0.5", "1 / (2 * fan_in) ** 0.5", None),
    ),
    *wrong(
        "minibatches",
        "minibatches",
        ("does not shuffle", ORDER, "order = torch.arange(len(x))", ("not-shuffled", "generator-ignored")),
        ("drops the last batch", RANGE, "range(0, len(x) - batch_size + 1, batch_size)", "last-batch-dropped"),
        (
            "draws with replacement",
            ORDER,
            "order = torch.randint(len(x), (len(x),), generator=generator)",
            "drawn-with-replacement",
        ),
        ("ignores the generator", "generator=generator", "generator=None", "generator-ignored"),
        (
            "shuffles the same way each time",
            ORDER,
            "order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))",
            ("shuffled-once", "generator-ignored"),
        ),
        ("shuffles the labels apart", YIELD, "yield x[batch], y[start : start + batch_size]", "labels-shuffled-apart"),
        (
            "shuffles labels by an order of their own",
            YIELD,
            "yield x[batch], y[torch.randperm(len(x), generator=generator)[: len(batch)]]",
            "labels-shuffled-apart",
        ),
        ("moves by one only", RANGE, "range(0, len(x))", "drawn-with-replacement"),
        ("leaves out one of each batch", CUT, "batch = order[start : start + batch_size - 1]", "examples-left-out"),
        ("takes one too many", CUT, "batch = order[start : start + batch_size + 1]", "drawn-with-replacement"),
        (
            "fills the last batch up",
            CUT,
            "batch = order[[i % len(x) for i in range(start, start + batch_size)]]",
            "last-batch-padded",
        ),
        ("yields one batch only", YIELD, YIELD + "\n        return", "examples-left-out"),
        (
            "shuffles the batches only",
            ORDER,
            "cut = torch.arange(len(x)).split(batch_size)\n"
            "    order = torch.cat([cut[i] for i in torch.randperm(len(cut), generator=generator)])",
            ("batches-shuffled-only", "batch-sizes"),
        ),
        (
            "sorts the caller's examples",
            ORDER,
            ORDER + "\n    x[:], y[:] = x[order], y[order]\n    order = torch.arange(len(x))",
            "input-changed",
        ),
        ("forgets the labels' order", YIELD, "yield x[batch], y[batch.sort().values]", "labels-shuffled-apart"),
        (
            "yields examples one by one",
            YIELD,
            "yield from ((x[i : i + 1], y[i : i + 1]) for i in batch)",
            "batch-sizes",
        ),
    ),
    *wrong(
        "train_epoch",
        "train_epoch",
        ("never steps", "        optimizer.step(grads)\n", "", "step-forgotten"),
        ("steps twice", "        optimizer.step(grads)\n", "        optimizer.step(grads)\n" * 2, "batch-used-twice"),
        ("returns inside the loop", LOOP, LOOP + "        return losses\n", "loop-left-early"),
        (
            "takes the loss after the step",
            "losses.append(float(loss))",
            "losses.append(float(loss_and_grads(x, y, params)[0]))",
            "loss-after-the-step",
        ),
        ("returns the mean", LOOP, LOOP + "    losses = sum(losses) / len(losses)\n", "losses-summed-up"),
        ("returns the last loss only", LOOP, LOOP + "    losses = losses[-1:]\n", "losses-summed-up"),
        *(
            (f"returns {what}", LOOP, LOOP + f"    losses = {value}\n", "losses-summed-up")
            for what, value in (
                ("the sum", "sum(losses)"),
                ("the last loss", "losses[-1]"),
                ("the mean in a list", "[sum(losses) / len(losses)]"),
            )
        ),
        (
            "returns running sums",
            "losses.append(float(loss))",
            "losses.append(float(loss) + sum(losses[-1:]))",
            "losses-summed-up",
        ),
        ("divides by the size of the batch", "float(loss)", "float(loss) / len(x)", "losses-divided"),
        (
            "divides by the number of batches",
            LOOP,
            LOOP + "    losses = [loss / len(losses) for loss in losses]\n",
            "losses-divided",
        ),
        ("multiplies by the size of the batch", "float(loss)", "float(loss) * len(x)", None),
        (
            "steps once, at the end",
            LOOP,
            LOOP.replace("        optimizer.step(grads)\n", "") + "    optimizer.step(grads)\n",
            ("loop-left-early", "loss-after-the-step"),
        ),
        (
            "adds the gradients of all batches up",
            LOOP,
            LOOP.replace(
                "        optimizer",
                "        total = grads if not losses else {n: total[n] + grads[n] for n in grads}\n        optimizer",
            ).replace("step(grads)", "step(total)"),
            None,
        ),
        (
            "looks at the first batch only",
            LOOP,
            LOOP.replace("x, y, params", "*first, params").replace(
                "        loss,", "        first = (x, y) if not losses else first\n        loss,"
            ),
            None,
        ),
        (
            "skips the first batch",
            "for x, y in batches:",
            "for x, y in list(batches)[1:]:",
            ("loop-left-early", "step-forgotten"),
        ),
        (
            "skips the last batch",
            "for x, y in batches:",
            "for x, y in list(batches)[:-1]:",
            ("loop-left-early", "step-forgotten"),
        ),
        (
            "looks at a copy of the parameters",
            LOOP,
            "        start = {n: w.clone() for n, w in params.items()} "
            "if not losses else start\n" + LOOP.replace("params)", "start)"),
            None,
        ),
    ),
    *wrong(
        "log_uniform",
        "log_uniform",
        ("spreads the numbers themselves", LOGS, "values = low + (high - low) * share", "spread-evenly-not-by-logs"),
        (
            "returns the exponents",
            LOGS,
            "values = torch.log10(torch.tensor(low)) + share * math_log10(high / low)\n",
            None,
        ),
        (
            "returns natural logarithms",
            LOGS,
            "import math\n    values = math.log(low) + share * math.log(high / low)",
            "exponents-not-raised",
        ),
        (
            "returns decimal logarithms",
            LOGS,
            "import math\n    values = math.log10(low) + share * math.log10(high / low)",
            "exponents-not-raised",
        ),
        (
            "mixes two bases",
            LOGS,
            "import math\n    values = 10.0 ** (math.log(low) + share * math.log(high / low))",
            "log-base",
        ),
        ("gives the powers between", SHARE, "torch.linspace(0, 1, count, dtype=torch.float64)", "always-the-same"),
        ("ignores the generator", "generator=generator, ", "", "generator-ignored"),
        (
            "seeds anew",
            SHARE,
            SHARE.replace("generator=generator", "generator=torch.Generator().manual_seed(1)"),
            "always-the-same",
        ),
        ("crowds near the low end", LOGS, "values = low * (high / low) ** share**2", None),
        ("draws a normal exponent", "torch.rand(", "torch.randn(", None),
        ("draws whole powers of ten only", LOGS, "values = low * 10 ** (share * 3).floor()", None),
        ("leaves one out", "torch.rand(count,", "torch.rand(count - 1,", None),
        ("answers in float32", LOGS, LOGS + "\n    values = values.float()", None),
        ("rounds to two digits", LOGS, LOGS + "\n    values = (values * 100).round() / 100", None),
    ),
]
