"""What files must do: writing, checkpoints, taking up a run again."""

from __future__ import annotations

from typing import Any

import torch

from toolbox.checks.compare import lone
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch, Missing

# Files


def rehearsed(student, name: str, *args: Any, **options: Any) -> Any:
    """The report of `toolbox.probes.checkpoint_probe`; `args` name functions of checkpoint.py, or are data."""
    s = student.script()
    given = [getattr(s.checkpoint, arg[1:]) if isinstance(arg, str) and arg[:1] == "!" else arg for arg in args]
    return s.fetch(getattr(s.toolbox.checkpoint_probe, name)(*given, **options))[0]


def check_written(student, contents: list[str], as_text: bool = False) -> None:
    found = rehearsed(student, "written", "!write_atomically", contents, as_text=as_text)
    if all(content is None for content in found["found"]):
        raise Missing("write_atomically is not written yet: there is no file")
    if found["found"] != contents:
        grown = all(a is not None and b in a for a, b in zip(found["found"], contents, strict=True))
        raise Mismatch("the file does not hold what was written", diagnosis=["file-appended"] if grown else [])
    if any(old == new for old, new in zip(found["inodes"], found["inodes"][1:], strict=False)):
        message = "the old file itself was written to: whoever reads at that moment gets half of it"
        raise Mismatch(message, diagnosis=["written-in-place"])
    if found["files"] != ["runs/state.bin"]:
        others = ", ".join(name for name in found["files"] if name != "runs/state.bin")
        raise Mismatch(f"other files are left behind: {others}", diagnosis=["temporary-file-left"])


def check_full_disk(student, room: int, size: int) -> None:
    """A first write that works, then one that runs out of room half way."""
    report = rehearsed(student, "interrupted", "!write_atomically", "the old content", size, room)
    if report is None:
        return  # Windows: cannot be rehearsed
    if report["found"] == "the old content":
        if not report["raised"]:
            raise Mismatch("the disk was full, and nobody was told", diagnosis=["failure-swallowed"])
        if report["files"] != ["state.bin"]:
            raise Mismatch("half a temporary file is left behind", diagnosis=["temporary-file-left"])
        return
    if report["found"] is None:
        raise Mismatch("the disk was full, and the old file is gone", diagnosis=["old-file-deleted"])
    message = f"the disk was full, and of the old file this is left: {report['found'][:20]!r}"
    raise Mismatch(message, diagnosis=["written-in-place"])


@item("atomic")
def test_a_file_holds_what_was_written_last(student, make):
    check_written(student, ["first", "second, and longer", "3"])


@item("atomic")
def test_a_full_disk_leaves_the_old_file_as_it_was(student, make):
    check_written(student, ["first"])
    check_full_disk(student, 1000, 50_000)


@item("atomic", says="a file is on the disk before it replaces the old one")
def test_a_file_is_on_the_disk_before_it_takes_the_place_of_the_old_one(student, make):
    contents = ["first", "second, and longer"]
    check_written(student, contents)
    found = rehearsed(student, "written", "!write_atomically", contents)
    if found["on_disk"] != [len(content) for content in contents]:
        late = next(k for k, content in enumerate(contents) if found["on_disk"][k] != len(content))
        message = f"{found['on_disk'][late]} of {len(contents[late])} bytes were on the disk when the file was in place"
        raise Mismatch(message, diagnosis=["bytes-not-on-disk"])
    if not found["beside"]:
        message = "the temporary file is in another folder: from another disk it cannot be moved in a single step"
        raise Mismatch(message, diagnosis=["temporary-elsewhere"])


### BEGIN HIDDEN TESTS
@item("atomic", says="the path may be a string")
def test_the_path_may_be_a_text(student, make):
    check_written(student, ["by name", "and again"], as_text=True)


@item("atomic")
def test_a_disk_that_is_full_from_the_start_leaves_the_old_file_as_it_was(student, make):
    check_written(student, ["first"])
    check_full_disk(student, 0, 100)


@item("atomic")
def test_a_disk_that_fills_up_late_leaves_the_old_file_as_it_was(student, make):
    check_written(student, ["first"])
    check_full_disk(student, 300_000, 900_000)


### END HIDDEN TESTS


def some_state(make) -> dict[str, torch.Tensor]:
    return {
        "params/w1": make.normal(5, 3), "params/b1": make.normal(3, dtype=torch.float32), "epoch": torch.tensor(7),
        "generator": make.integers(0, 256, (40,)).to(torch.uint8), "mask": make.integers(0, 2, (4,)).bool(),
        "velocity/w1": make.normal(3, 5).T, "nothing": torch.zeros(0, 3),
        "lr": torch.tensor(0.1, dtype=torch.float64), "small": torch.tensor([1e-310, -0.0], dtype=torch.float64),
    }  # fmt: skip


def check_loaded(found: Any, state: dict[str, torch.Tensor]) -> None:
    if found is None:
        raise Missing("load_checkpoint returns None: is it written yet, and save_checkpoint?")
    if not isinstance(found, dict) or set(found) != set(state):
        there = ", ".join(found) if isinstance(found, dict) else "no dict"
        raise Mismatch(f"the names should be {', '.join(state)}; loaded: {there}", diagnosis=["state-names-lost"])
    for name, true in state.items():
        got = found[name]
        if not isinstance(got, torch.Tensor):
            raise Malformed(f"{name} must be a tensor")
        if got.dtype != true.dtype:
            raise Mismatch(f"{name} was {true.dtype} and came back as {got.dtype}", diagnosis=["dtype-lost"])
        if got.shape != true.shape:
            known = ["shape-lost"] if got.numel() == true.numel() else []
            raise Mismatch(f"{name} was {tuple(true.shape)} and came back as {tuple(got.shape)}", diagnosis=known)
        if not torch.equal(got, true):
            raise Mismatch(f"{name} has other numbers now", diagnosis=["numbers-changed"])


@item("checkpoint", says="a checkpoint returns every tensor that was saved")
def test_a_checkpoint_gives_every_tensor_back(student, make):
    state = {"params/w1": make.normal(4, 3), "params/b1": make.normal(3), "velocity/w1": make.normal(4, 3)}
    check_loaded(rehearsed(student, "round_trip", "!save_checkpoint", "!load_checkpoint", [state])[0], state)


@item("checkpoint")
def test_loading_a_checkpoint_runs_nothing_that_is_in_it(student, make):
    state = {"w": make.normal(2, 3)}
    check_loaded(rehearsed(student, "round_trip", "!save_checkpoint", "!load_checkpoint", [state])[0], state)
    report = rehearsed(student, "traps", "!load_checkpoint")
    if report["sprung"]:
        message = f"loading a booby-trapped file ({', '.join(report['sprung'])}) ran the code in it"
        raise Mismatch(message, diagnosis=["pickle-opened"])
    if report["loaded"]:
        raise Mismatch(f"a file that holds no plain arrays was loaded ({', '.join(report['loaded'])})")


### BEGIN HIDDEN TESTS
@item("checkpoint", says="a checkpoint keeps every dtype, shape, name and bit")
def test_a_checkpoint_keeps_every_dtype_shape_name_and_bit(student, make):
    state = some_state(make)
    check_loaded(rehearsed(student, "round_trip", "!save_checkpoint", "!load_checkpoint", [state])[0], state)


@item("checkpoint", says="a later checkpoint replaces an earlier one")
def test_a_later_checkpoint_takes_the_place_of_an_earlier_one(student, make):
    states = [{"a": make.normal(30), "b": make.normal(2)}, {"a": make.normal(2)}]
    found = rehearsed(student, "round_trip", "!save_checkpoint", "!load_checkpoint", states, as_text=True)
    check_loaded(found[0], states[0])
    check_loaded(found[1], states[1])


@item("checkpoint")
def test_a_checkpoint_stays_whole_until_the_next_one_is_there(student, make):
    states = [{"a": make.normal(3)}, {"a": make.normal(3)}]
    check_loaded(rehearsed(student, "round_trip", "!save_checkpoint", "!load_checkpoint", states)[0], states[0])
    if not all(rehearsed(student, "replaced", "!save_checkpoint", states)):
        message = "the old checkpoint itself was written to: killed right then, you have none"
        raise Mismatch(message, diagnosis=["written-in-place"])


@item("checkpoint")
def test_a_checkpoint_is_a_file_of_plain_arrays(student, make):
    state = {"params/w1": make.normal(3, 2), "epoch": torch.tensor(3)}
    found = rehearsed(student, "plain", "!save_checkpoint", state)
    if found == "no file":
        raise Missing("save_checkpoint is not written yet: there is no file")
    if found == "not plain":
        raise Mismatch("numpy cannot read the file without unpickling", diagnosis=["pickle-written"])
    due = [["epoch", "int64", []], ["params/w1", "float64", [3, 2]]]
    if found != due:
        known = ("state-names-lost", "dtype-lost", "shape-lost")
        columns = [[row[place] for row in found] != [row[place] for row in due] for place in range(3)]
        message = f"the arrays in the file are {found}"
        raise Mismatch(message, diagnosis=[known[columns.index(True)]])


@item("checkpoint")
def test_a_checkpoint_takes_tensors_from_any_device(student, make):
    state = {"params/w1": make.normal(3, 2), "epoch": torch.tensor(3)}
    found = rehearsed(student, "from_gpu", "!save_checkpoint", "!load_checkpoint", state)
    if isinstance(found, str):
        raise Mismatch(f"tensors on a GPU cannot be saved: {found}", diagnosis=["device-forgotten"])
    check_loaded(found, state)


### END HIDDEN TESTS


def check_resumed(student, make, dtype=torch.float64, velocity: bool = True) -> None:
    params = {"w1": make.normal(3, 4, dtype=dtype), "b1": make.normal(4, dtype=dtype)}
    report = rehearsed(student, "resumed", "!capture", "!restore", params, make.seed % 2**31, stop=4, steps=9,
                       velocity=velocity)  # fmt: skip
    if "missing" in report:
        raise Missing(f"{report['missing']} is not written yet (it returns None)")
    if any(not torch.equal(value, report["late"][name]) for name, value in report["early"].items()):
        message = "the state changed when training went on: it holds the run's own tensors"
        raise Mismatch(message, diagnosis=["state-aliased"])
    seen, back = report["seen"], report["put_back"]
    if report["epoch"] != 7:
        raise Mismatch(f"restore returned {report['epoch']}; 7 epochs were done", diagnosis=["epoch-off"])
    for what, known in (("params", "parameters-not-restored"), ("velocity", "velocity-not-restored")):
        for name, value in seen[what].items():
            if name not in back[what] or not torch.equal(back[what][name], value):
                raise Mismatch(f"{what}: {name} is not what it was when the run was captured", diagnosis=[known])
    if back["rate"] != seen["rate"]:
        message = f"the learning rate was {seen['rate']} and is {back['rate']} now"
        raise Mismatch(message, diagnosis=["rate-not-restored"])
    if not torch.equal(back["next"], seen["next"]):
        raise Mismatch("the generator goes on with other numbers", diagnosis=["generator-not-restored"])
    if any(not torch.equal(value, report["again"][name]) for name, value in report["whole"].items()):
        raise Mismatch("the resumed run ends with other weights than the one that was never stopped")
    if any(not torch.equal(value, report["given"][name]) for name, value in report["early"].items()):
        message = "the state that restore was given changed when training went on: it cannot be used a second time"
        raise Mismatch(message, diagnosis=["state-aliased"])


@item("resume", says="a run that is resumed ends with the same weights, bit for bit")
def test_a_run_that_is_taken_up_ends_with_the_same_weights_bit_for_bit(student, make):
    check_resumed(student, make)


### BEGIN HIDDEN TESTS
@item("resume", says="a resumed run in float32 ends with the same weights, bit for bit")
def test_a_run_in_float32_ends_with_the_same_weights_bit_for_bit(student, make):
    check_resumed(student, make, dtype=torch.float32)


@item("resume")
def test_a_velocity_comes_back_to_the_device_of_its_parameter(student, make):
    params = {"w1": make.normal(3, 4), "b1": make.normal(4)}
    found = rehearsed(student, "devices", "!capture", "!restore", params)
    if found is None:
        raise Missing("capture or restore is not written yet (it returns None)")
    if not found["same"]:
        raise Mismatch("restore exchanged the parameters", diagnosis=["parameters-not-restored"])
    if lone(found["rate"]) != 0.5 and lone(found["epoch"]) != 3:
        raise Missing("restore puts nothing back yet")
    if set(found["devices"].values()) != {"meta"}:
        raise Mismatch("a velocity is on the CPU, its parameter is not", diagnosis=["device-forgotten"])


@item("resume", says="a resumed run without momentum ends with the same weights, bit for bit")
def test_a_run_without_momentum_ends_with_the_same_weights_bit_for_bit(student, make):
    check_resumed(student, make, velocity=False)


### END HIDDEN TESTS
