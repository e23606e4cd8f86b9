"""Attacks on what the grading machine has: time, memory, disk, and the channels that answers and outputs go through."""

# ruff: noqa: E501  (attacks are code in strings)
from __future__ import annotations

from .attack import FLAT_ITEMS, NOTEBOOK_ITEMS, Attack, add, items
from .tampering import HINGE, hinge

PIPE = '''
import os, stat, struct, sys, time

def pipes(flag):
    """The descriptors of open pipes that can be written (1) or read (0)."""
    import fcntl
    found = []
    for number in range(3, 256):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode) and fcntl.fcntl(number, fcntl.F_GETFL) & 3 == flag:
                found.append(number)
        except OSError:
            pass
    return found

def request():
    """The request that is being answered, from the worker's own frame."""
    frame = sys._getframe()
    while "request" not in frame.f_locals or "writer" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["request"]

def send(head, body):
    data = struct.pack("!IQ", len(head), len(body)) + head + body
    while data:
        data = data[os.write(pipes(1)[0], data[:65536]):]

def reply(value, number=None):
    import json
    import msgpack
    send(json.dumps({"id": request()["id"] if number is None else number}).encode(), msgpack.packb(value, use_bin_type=True))
'''

add(
    Attack(
        "endless-loop",
        "loops for ever in Python, in a call and in a cell",
        bottom="def toy(x, y, z):\n    while True:\n        pass\n",
        cells=("while True:\n    pass", "print('went on')"),
        lost=items("toy", status="timeout"),
        shows=("went on", "CellTimeout"),
    ),
    Attack(
        "endless-torch-call",
        "spends minutes in one call into torch, where Python cannot interrupt it",
        bottom="def toy(x, y, z):\n    big = torch.ones(4500, 4500, dtype=torch.float64)\n"
        "    for _ in range(50):\n        big = big @ big\n    return float(big[0, 0]), {}\n"
        "def neuron(**inputs):\n    torch.linalg.eigvalsh(torch.ones(5000, 5000, dtype=torch.float64))\n",
        lost=items("toy", "neuron", status="timeout"),
    ),
    Attack(
        "sleep",
        "sleeps instead of answering, and sleeps at every import",
        bottom="import time\ndef toy(x, y, z):\n    time.sleep(3600)\n",
        lost=items("toy", status="timeout"),
        says="no answer in time",
    ),
    Attack(
        "stop-itself",
        "stops its own process, so that it neither answers nor dies",
        bottom="import os, signal\ndef toy(x, y, z):\n    os.kill(os.getpid(), signal.SIGSTOP)\n    while True:\n        signal.pause()\n",
        lost=items("toy", status="timeout|crashed|failed"),
    ),
    Attack(
        "slow-drip",
        "answers a byte at a time, each sooner than any patience for one read",
        bottom=PIPE + "def toy(x, y, z):\n    data = struct.pack('!IQ', 40, 10**6) + b'{\"id\": 1}'.ljust(40) + bytes(10**6)\n"
        "    for byte in data:\n        os.write(pipes(1)[0], bytes([byte]))\n        time.sleep(0.02)\n",
        lost=items("toy", status="timeout"),
        says="no answer in time",
    ),
    Attack(
        "everything-slow",
        "every cell and every import takes as long as it may",
        top="import time\ntime.sleep(1.0)\n",  # and it is imported anew for every call
        cells=tuple(f"import time\ntime.sleep(1.3)  # {number}" for number in range(9)),
        lost=items(*FLAT_ITEMS, *NOTEBOOK_ITEMS, status="passed|partial|timeout|missing|crashed"),
        seconds=45,
    ),
    Attack(
        "untouched-memory",
        "asks for a hundred gigabytes, and for the explicit Jacobian of a layer, without touching them",
        bottom="def toy(x, y, z):\n    return torch.empty(10**11, dtype=torch.uint8), {}\n"
        "def neuron(**inputs):\n    return len(bytearray(10**11))\n"
        + hinge("jacobian = torch.zeros(64 * 4096, 64 * 4096, dtype=torch.float32)"),
        lost=items("toy", "neuron", *HINGE, status="memory"),
        says="out of memory",
    ),
    Attack(
        "touched-memory",
        "takes memory page by page and touches it, from Python, from torch and by mmap",
        bottom="def toy(x, y, z):\n    kept = []\n    while True:\n        kept.append(bytearray(b'x') * 2**24)\n"
        "def neuron(**inputs):\n    kept = []\n    while True:\n        kept.append(torch.ones(2**21, dtype=torch.float64))\n",
        cells=("import mmap\nkept = []\nwhile True:\n    kept.append(mmap.mmap(-1, 2**24))\n    kept[-1].write(b'x' * 2**24)",
               "del kept"),
        lost=items("toy", "neuron", status="memory|timeout|crashed"),
        shows=("MemoryError|OSError|CellTimeout",),
    ),  # fmt: skip
    Attack(
        "memory-elsewhere",
        "keeps memory where limits on a process do not count: memfd, shared memory, tmpfs, pipes",
        cells=(
            "import multiprocessing.shared_memory as shared, ctypes, os\n"
            "libc = ctypes.CDLL(None, use_errno=True)\n"
            "def checked(result):\n    if result < 0:\n        raise OSError(ctypes.get_errno(), 'refused')\n    return result\n"
            "attempt('memfd', lambda: os.memfd_create('a'))\n"
            "attempt('shm', lambda: shared.SharedMemory(create=True, size=2**30))\n"
            "attempt('sysv', lambda: checked(libc.shmget(0, 2**30, 0o1600)))\n"
            "attempt('secret', lambda: checked(libc.syscall(447, 0)))\n"
            "attempt('queue', lambda: checked(libc.msgget(0, 0o1600)))\n"
            "kept = []\ndef pipes():\n    while True:\n        kept.extend(os.pipe())\n"
            "attempt('pipes', pipes)\nfor number in kept:\n    os.close(number)",
        ),
        stopped=6,
    ),
    Attack(
        "recursion",
        "recurses without end, in Python and with the limit taken away",
        bottom="import sys\ndef toy(x, y, z):\n    return toy(x, y, z)\n"
        "def neuron(**inputs):\n    sys.setrecursionlimit(10**9)\n    class Deep:\n        __repr__ = lambda self: repr([self])\n"
        "    return repr(Deep())\n",
        lost=items("toy", "neuron", status="failed|crashed|memory|timeout"),
    ),
    Attack(
        "one-big-file",
        "fills the disk with one file, written and sparse",
        cells=(
            "import os\n"
            "def fill():\n    with open('big', 'wb') as file:\n        while True:\n            file.write(bytes(2**20))\n"
            "attempt('write', fill)\n"
            "attempt('sparse', lambda: os.truncate('big', 2**44))\n"
            "attempt('allocate', lambda: os.posix_fallocate(os.open('big2', os.O_CREAT | os.O_RDWR), 0, 2**33))\n"
            "os.path.exists('big') and os.unlink('big')",
        ),
        stopped=3,
    ),
    Attack(
        "many-small-files",
        "fills the disk and the table of files with small files and folders",
        cells=(
            "import os\n"
            "def files():\n    for number in range(10**6):\n        with open(f'small-{number}', 'wb') as file:\n            file.write(bytes(65536))\n"
            "def folders():\n    for number in range(10**6):\n        os.mkdir(f'folder-{number}')\n"
            "attempt('files', files)\nattempt('folders', folders)",
        ),
        stopped=2,
        seconds=45,
    ),
    Attack(
        "endless-output",
        "prints without end to stdout and stderr, by Python, by file descriptor and by C",
        bottom="import os\ndef toy(x, y, z):\n    for _ in range(20):\n        os.write(1, bytes(2**20))\n        print('x' * 10**6)\n"
        "    return None\n",
        cells=(
            "for _ in range(30):\n    print('x' * 70_000)",
            "import sys\nfor _ in range(30):\n    sys.stderr.write('y' * 10**5)\nsys.__stdout__.write('z' * 10**6)",
            "import ctypes, os\nfor _ in range(50):\n    os.write(1, bytes(2**20))\n    os.write(2, bytes(2**20))\n"
            "libc = ctypes.CDLL(None)\nfor _ in range(1000):\n    libc.puts(b'noise' * 100)",
        ),
        lost=items("toy", status="missing"),
        shows=("left out",),
        after=lambda field, judgement: _bounded(field, judgement),
    ),
    Attack(
        "endless-displays",
        "shows pictures and tables without end, and one of a hundred megabytes",
        cells=(
            "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>' * 10**7))",
            "from IPython.display import HTML, display\nfor number in range(10**5):\n    display(number)",
            "get_ipython().keeper.outputs = [{'output_type': 'stream', 'name': 'stdout', 'text': 'q' * (2 * 10**7)}]",
        ),
        after=lambda field, judgement: _bounded(field, judgement),
    ),
    Attack(
        "flooded-channel",
        "writes endless garbage into the channel of the replies",
        bottom=PIPE + "def toy(x, y, z):\n    while True:\n        os.write(pipes(1)[0], b'\\xff' * 65536)\n",
        cells=(PIPE, "while True:\n    os.write(pipes(1)[0], bytes(65536))", "print('went on')"),
        lost=items("toy", status="malformed|timeout"),
        shows=("went on",),
    ),
)  # fmt: skip


def _bounded(field, judgement) -> None:
    written = len(field.everything(judgement))
    assert written < 20 * 2**20, f"verdict and outputs take {written} bytes"
