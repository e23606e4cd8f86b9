"""Mutants of training that say the same in other words: (module, reason, (line before, line after), ...)."""

from __future__ import annotations

NPZ = "np.savez(buffer, **{name: tensor.cpu().numpy() for name, tensor in state.items()})"
LOADED = "state = {name: torch.from_numpy(archive[name]) for name in archive.files}"
BACK = 'optimizer.velocity[name] = state[f"velocity/{name}"].clone().to(w.device)'

EQUIVALENT = [
    ("training", "an index may lie on the CPU whatever it picks from; to move it once only saves time on a GPU",
     ("order = torch.randperm(len(x), generator=generator).to(x.device)",
      "order = torch.randperm(len(x), generator=generator)")),
    ("training", "no layer comes after the last, and Python keeps small numbers once",
     ("if layer < depth:", "if layer != depth:"),
     ("if layer < depth:", "if layer is not depth:")),
    ("checkpoint", "another name for the temporary file, in the same folder",
     ('temporary = path.with_name(f".{path.name}.{os.getpid()}.part")',
      'temporary = path.with_name(f".{path.name}.{os}.part")')),
    ("checkpoint", "os.fsync takes a file as well as its number",
     ("os.fsync(file.fileno())", "os.fsync(file)")),
    ("checkpoint", "np.savez makes an array of a tensor that lies on the CPU",
     (NPZ, NPZ.replace(".numpy()", ""))),
    ("checkpoint", "numpy forbids pickles where nobody allows them",
     ("with np.load(path, allow_pickle=False) as archive:", "with np.load(path) as archive:")),
    ("checkpoint", "an archive counts up its files as a dict its keys",
     (LOADED, LOADED.replace("archive.files", "archive"))),
    ("checkpoint", "a velocity has the dtype of its parameter, so only the device is left to follow",
     (BACK, BACK.replace("w.device", "w"))),
]  # fmt: skip
