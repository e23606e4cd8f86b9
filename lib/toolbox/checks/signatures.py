"""What known mistakes lead to, as numbers in a file: an array for each mistake at each place, and no formula.

The build runs the mistakes on the inputs of the public checks and writes `signatures.npz` beside the notebook;
`check("item")` knows mistakes again by it (`toolbox.checks.recognise`). The name of an array is made of the check, the
place, the mistake and its id, with tabs between.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from pathlib import Path

import torch

from toolbox.checks.recognise import Places, Value

NAME = "signatures.npz"
MOMENT = (1980, 1, 1, 0, 0, 0)  # the same numbers give the same file


def written(checks: Mapping[str, Places], made_of: str = "") -> bytes:
    """The file that holds these values: check id -> place -> values. made_of: a note in the file."""
    import numpy as np

    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as file:
        file.comment = made_of.encode()
        for check, places in sorted(checks.items()):
            for place, values in places.items():
                for value in values:
                    entry = zipfile.ZipInfo(f"{check}\t{place}\t{value.mistake}\t{value.id}.npy", MOMENT)
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    array = io.BytesIO()
                    np.lib.format.write_array(array, np.asarray(value.value.numpy(), order="C"), allow_pickle=False)
                    file.writestr(entry, array.getvalue())
    return into.getvalue()


class Signatures:
    """The values in such a file, by check and place; see `toolbox.checks.recognise.Known`. Nothing where there is no
    such file, or where it is broken: then mistakes have fewer names. The file is read when first asked.
    """

    def __init__(self, path: Path):
        self._path = path

    def __call__(self, check: str, only: Collection[str] | None = None) -> Places:
        places: dict[str, list[Value]] = {}
        try:
            for place, mistake, id, value in self._read(check, only):
                places.setdefault(place, []).append(Value(mistake, id, value))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return {}
        return places

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        """check -> its arrays."""
        found: dict[str, list[str]] = {}
        with zipfile.ZipFile(self._path) as file:
            for name in file.namelist():
                found.setdefault(name.partition("\t")[0], []).append(name)
        return found

    def _read(self, check: str, only: Collection[str] | None) -> Iterator[tuple[str, str, str, torch.Tensor]]:
        import numpy as np  # nobody else needs it here

        if check not in self._names:
            return
        with zipfile.ZipFile(self._path) as file:
            for name in self._names[check]:
                _, place, mistake, id = name.removesuffix(".npy").split("\t")
                if only is None or mistake in only:
                    with file.open(name) as array:
                        yield place, mistake, id, torch.from_numpy(np.lib.format.read_array(array, allow_pickle=False))
