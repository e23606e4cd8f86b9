"""Files by the system's own calls, an archive put together by hand, states that hold their numbers in one tensor."""

import copy
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import torch


def write_atomically(path, data):
    path = os.path.abspath(path)
    beside = path + ".new"
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        rest = memoryview(data)
        while len(rest):
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    except OSError:
        os.remove(beside)
        raise
    finally:
        os.close(handle)
    os.rename(beside, path)


def save_checkpoint(path, state):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, tensor in state.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, tensor.detach().cpu().numpy(), allow_pickle=False)
    write_atomically(path, file.getvalue())


def load_checkpoint(path):
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is no checkpoint")
    state = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.endswith(".npy"):
                raise ValueError(f"{path} holds {name}, which is no array")
            with archive.open(name) as member:
                state[name[:-4]] = torch.from_numpy(np.lib.format.read_array(member, allow_pickle=False))
    return state


def capture(params, optimizer, generator, epoch):
    state = {f"{name} itself": value for name, value in copy.deepcopy(params).items()}
    state |= {f"{name} moving": value for name, value in copy.deepcopy(optimizer.velocity).items()}
    state["numbers"] = torch.tensor([optimizer.lr, epoch], dtype=torch.float64)
    state["dice"] = generator.get_state()
    return state


def restore(state, params, optimizer, generator):
    rate, epoch = state["numbers"].tolist()
    for name, w in params.items():
        w[...] = state[f"{name} itself"]
        if f"{name} moving" in state:
            optimizer.velocity[name][...] = state[f"{name} moving"]
    generator.set_state(state["dice"].clone())
    optimizer.lr = rate
    return int(epoch)


def search(points, evaluate, path):
    results = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                result = row.pop("result")
                results[frozenset(row.items())] = result

    def line(point, result):
        return json.dumps(dict(point) | {"result": result}).encode() + b"\n"

    def look(point):
        key = frozenset(point.items())
        if key not in results:
            results[key] = float(evaluate(**point))
            write_atomically(Path(path), b"".join(line(*pair) for pair in results.items()))
        return point | {"result": results[key]}

    return list(map(look, points))
