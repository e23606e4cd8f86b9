"""Checkpoints that survive a kill: arrays and settings in one .npz, written beside its place and then moved there.

A process that dies while writing leaves the previous checkpoint as it was, and at most a file `.<name>.<number>`. No
pickle: the arrays are plain, the settings are JSON, and reading executes nothing.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch


def save(path: Path, tensors: Mapping[str, torch.Tensor], settings: dict) -> None:
    """Write tensors of any device, and settings that JSON can hold. The folder is made where it is missing."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {f"tensor_{name}": tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
    descriptor, staged = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.savez(file, settings=np.array(json.dumps(settings)), **arrays)
            file.flush()
            os.fsync(file.fileno())  # a machine that loses power must not keep the name without the bytes
        os.replace(staged, path)
    except BaseException:
        Path(staged).unlink(missing_ok=True)
        raise


def load(path: Path) -> tuple[dict[str, torch.Tensor], dict]:
    """The tensors, on the CPU, and the settings. Raises FileNotFoundError, or ValueError where the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            tensors = {
                name.removeprefix("tensor_"): torch.from_numpy(archive[name])
                for name in archive.files
                if name.startswith("tensor_")
            }
            return tensors, json.loads(str(archive["settings"]))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no checkpoint, or a damaged one: delete it to start anew ({error})") from error
