"""Wrong answers to taking up a run again."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

PARAMS = 'state = {f"params/{name}": w.clone() for name, w in params.items()}'
VELOCITY = 'state |= {f"velocity/{name}": v.clone() for name, v in optimizer.velocity.items()}'
BACK = 'optimizer.velocity[name] = state[f"velocity/{name}"].clone().to(w.device)'

STATES: list[Answer] = [
    *wrong(
        "capture",
        "resume",
        ("holds the run's own parameters", PARAMS, PARAMS.replace(".clone()", ""), "state-aliased"),
        ("holds the run's own velocities", VELOCITY, VELOCITY.replace(".clone()", ""), "state-aliased"),
        ("detaches, which is no copy", PARAMS, PARAMS.replace(".clone()", ".detach()"), "state-aliased"),
        ("forgets the velocities", VELOCITY, "", "velocity-not-restored"),
        ("is an epoch late", "torch.tensor(epoch)", "torch.tensor(epoch + 1)", "epoch-off"),
        ("always starts at epoch zero", "torch.tensor(epoch)", "torch.tensor(0)", "epoch-off"),
        (
            "rounds the learning rate",
            "torch.tensor(optimizer.lr, dtype=torch.float64)",
            "torch.tensor(optimizer.lr)",
            "rate-not-restored",
        ),
        ("rounds the parameters", PARAMS, PARAMS.replace(".clone()", ".half()"), "parameters-not-restored"),
        (
            "keeps the seed instead of the generator",
            "generator.get_state()",
            "torch.Generator().manual_seed(generator.initial_seed()).get_state()",
            "generator-not-restored",
        ),
        ("keeps the global generator", "generator.get_state()", "torch.get_rng_state()", "generator-not-restored"),
    ),
    *wrong(
        "restore",
        "resume",
        (
            "makes new parameters",
            'w.copy_(state[f"params/{name}"])',
            'params[name] = state[f"params/{name}"]',
            ("parameters-not-restored",),
        ),
        (
            "binds a name only",
            'w.copy_(state[f"params/{name}"])',
            'w = state[f"params/{name}"]',
            "parameters-not-restored",
        ),
        ("forgets the velocities", BACK, "pass", "velocity-not-restored"),
        ("clears the velocities", BACK, "optimizer.velocity[name].zero_()", "velocity-not-restored"),
        ("mixes velocities and parameters up", BACK, BACK.replace("velocity/", "params/"), "velocity-not-restored"),
        ("forgets the learning rate", '    optimizer.lr = float(state["lr"])\n', "", "rate-not-restored"),
        ("forgets the generator", '    generator.set_state(state["generator"])\n', "", "generator-not-restored"),
        ("sets the global generator", "generator.set_state", "torch.set_rng_state", "generator-not-restored"),
        ("hands the state's own tensors over", ".clone().to(w.device)", ".to(w.device)", "state-aliased"),
        ("leaves the velocity on the CPU", ".clone().to(w.device)", ".clone()", "device-forgotten"),
        ("counts one epoch more", 'int(state["epoch"])', 'int(state["epoch"]) + 1', "epoch-off"),
    ),
]
