"""Attacks on what the walls have to hold besides reading and writing: modes, times, threads, what a process leaves."""

# ruff: noqa: E501  (attacks are code in strings)
from __future__ import annotations

import os
import tempfile
from pathlib import Path

import torch

from autograder.tests.checkout import ROOT

from .attack import Attack, add, items
from .processes import CHECKED

TOUCH = (
    CHECKED
    + '''
import fcntl, stat, struct, torch, toolbox

def open_files():
    """The descriptors of files and devices that the libraries have left open."""
    for number in range(256):
        try:
            mode = os.fstat(number).st_mode
        except OSError:
            continue
        if not stat.S_ISFIFO(mode):
            yield number

def on_each(change):
    """What changed any of them; else the last refusal."""
    refused = LookupError("nothing is open")
    for number in open_files():
        try:
            change(number)
        except OSError as error:
            refused = error
        else:
            return number
    raise refused

def moment(path):
    return struct.pack("4q", 1, 0, 1, 0)

numbers = dict(chmod=90, fchmodat=268, fchmodat2=452, utimensat=280, utimes=235, setxattr=188, lchown=94, truncate=76)
if os.uname().machine == "aarch64":
    numbers = dict(chmod=-1, fchmodat=53, fchmodat2=452, utimensat=88, utimes=-1, setxattr=5, lchown=-1, truncate=45)

def raw(name, *words):
    return checked(libc.syscall(numbers[name], *words))
'''
)

add(
    Attack(
        "modes-and-times",
        "changes mode, owner, times and attributes of files of the grader's, of libraries and of devices",
        cells=(
            TOUCH,
            "for path in ('@FIELD@/canary.txt', '@FIELD@', torch.__file__, '@KIT@/data/digits.npz', os.path.dirname(os.__file__), '/dev/null'):\n"
            "    name = path.encode()\n"
            "    for what, change in {\n"
            "        'chmod': lambda: os.chmod(path, 0o777), 'lchown': lambda: os.lchown(path, os.getuid(), -1),\n"
            "        'utime': lambda: os.utime(path, (1, 1)), 'now': lambda: os.utime(path), 'touch': lambda: os.utime(path, ns=(1, 1), follow_symlinks=False),\n"
            "        'xattr': lambda: os.setxattr(path, 'user.a', b'1'), 'no xattr': lambda: os.removexattr(path, 'user.b'),\n"
            "        'raw chmod': lambda: raw('chmod', name, 0o777), 'raw fchmodat': lambda: raw('fchmodat', -100, name, 0o777, 0),\n"
            "        'raw fchmodat2': lambda: raw('fchmodat2', -100, name, 0o777, 0), 'raw utimensat': lambda: raw('utimensat', -100, name, moment(path), 0),\n"
            "        'raw utimes': lambda: raw('utimes', name, moment(path)), 'raw setxattr': lambda: raw('setxattr', name, b'user.a', b'1', 1, 0),\n"
            "        'raw lchown': lambda: raw('lchown', name, os.getuid(), -1), 'raw truncate': lambda: raw('truncate', name, 0),\n"
            "        'cut by opening': lambda: os.write(os.open(path, os.O_RDONLY | os.O_TRUNC), b'x') if path != '/dev/null' else 1 / 0,\n"
            "    }.items():\n"
            "        attempt((path, what), change)",
        ),
        stopped=6 * 16,
        after=lambda field, judgement: _as_before(field),
    ),
    Attack(
        "modes-by-descriptor",
        "changes mode, times and flags by the descriptors of fonts and devices that libraries have left open",
        cells=(
            TOUCH,
            "for what, change in {\n"
            "    'fchmod': lambda number: os.fchmod(number, 0o777), 'fchown': lambda number: os.fchown(number, os.getuid(), -1),\n"
            "    'futimens': lambda number: os.utime(number, (1, 1)), 'fsetxattr': lambda number: os.setxattr(number, 'user.a', b'1'),\n"
            "    'flags': lambda number: fcntl.ioctl(number, 0x40086602, bytes(8)), 'verity': lambda number: fcntl.ioctl(number, 0x40806685, bytes(128)),\n"
            "    'empty path': lambda number: raw('fchmodat2', number, b'', 0o777, 0x1000),\n"
            "}.items():\n"
            "    attempt(what, lambda: on_each(change))",
        ),
        stopped=7,
        after=lambda field, judgement: _as_before(field),
    ),
    Attack(
        "own-files",
        "is no attack: saves files as careful code does, with modes, times, copies and moves, in its own folder",
        cells=(
            "import os, pathlib, shutil, tempfile, torch\n"
            "def save():\n"
            "    with tempfile.NamedTemporaryFile(dir='.', delete=False) as file:\n        torch.save({'a': torch.ones(3)}, file)\n"
            "        file.flush()\n        os.fsync(file.fileno())\n        os.fchmod(file.fileno(), 0o644)\n"
            "    os.chmod(file.name, 0o644)\n    os.utime(file.name)\n    os.mkdir('runs')\n    os.replace(file.name, 'runs/last.pt')\n"
            "    shutil.copy('runs/last.pt', 'best.pt')\n    shutil.copy2('best.pt', 'runs/best.pt')\n    pathlib.Path('best.pt').touch()\n"
            "    shutil.copytree('runs', 'kept')\n    with tempfile.TemporaryDirectory() as folder:\n        shutil.move('kept', folder)\n"
            "    shutil.rmtree('runs')\n    return sorted(os.listdir('.')), float(torch.load('best.pt')['a'].sum())\n"
            "print(save())",
        ),
        shows=(r"'best\.pt'.*3\.0\)",),
    ),
    Attack(
        "thread-bomb",
        "starts threads without end, in a call and in a cell, by Python and by the C library with the smallest of stacks",
        bottom="import threading\ndef toy(x, y, z):\n    gate = threading.Event()\n    while True:\n"
        "        threading.Thread(target=gate.wait, daemon=True).start()\n",
        cells=(
            CHECKED + "import threading, time\ngate, started = threading.Event(), []\n"
            "def threads():\n    while True:\n        thread = threading.Thread(target=gate.wait, daemon=True)\n        thread.start()\n        started.append(thread)\n"
            "attempt('threads', threads)\nprint('started', len(started))\ngate.set()\n[thread.join() for thread in started]",
            "attributes, number, count = ctypes.create_string_buffer(64), ctypes.c_ulong(), 0\n"
            "libc.pthread_attr_init(attributes)\nlibc.pthread_attr_setstacksize(attributes, ctypes.c_size_t(16384))\n"
            "def by_c():\n    global count\n    while True:\n"
            "        found = libc.pthread_create(ctypes.byref(number), attributes, libc.sleep, ctypes.c_void_p(1))\n"
            "        if found:\n            raise OSError(found, os.strerror(found))\n        count += 1\n"
            "attempt('pthreads', by_c)\nprint('by C', count)",
        ),
        lost=items("toy", status="failed"),
        says="can't start new thread",
        stopped=2,
        shows=(r"started [1-6]?\d\n", r"by C [1-6]?\d\n"),
    ),
    Attack(
        "deep-tree",
        "leaves a tree of 3,000 folders, one in the other, closed folders and links to places outside",
        cells=(
            "import os\nos.mkdir('@MARKER@')\nos.chdir('@MARKER@')\nos.symlink('@CLASSROOM@', 'link')\nos.mkdir('closed', 0)\nos.mkdir('half', 0o500)",
            "depth, at = 0, os.open('@MARKER@', os.O_RDONLY)",
            *4 * ("os.fchdir(at)\nfor _ in range(750):\n    os.mkdir('d')\n    os.chdir('d')\n    depth += 1\nat = os.open('.', os.O_RDONLY)",),
            "print('depth', depth)",
        ),
        shows=("depth 3000",),
        after=lambda field, judgement: _nothing_left(),
    ),
    Attack(
        "grader-at-home",
        "looks for what lies in the homes, where Python itself may be installed, and in nbgrader's exchange",
        cells=(
            "import os, sys\n"
            "for home in ('/root', '@HOME@', os.path.expanduser('~nobody')):\n"
            "    for name in ('.ssh', '.bashrc', '.profile', '.netrc', '.gitconfig', '.config', '.bash_history', '.cache'):\n"
            "        path = os.path.join(home, name)\n"
            "        attempt(path, lambda: os.listdir(path) if os.path.isdir(path) else open(path).read())\n"
            "for path in ('/home', '/usr/local/share/nbgrader', '/srv', '/mnt', '/var', '/opt'):\n"
            "    attempt(path, lambda: {name for name in os.listdir(path)} - {'lib', 'data', 'course'} or 1 / 0)",
        ),
        stopped=3 * 8 + 6,
    ),
    Attack(
        "watching",
        "watches folders of the grader's for files that come and go",
        cells=(
            CHECKED,
            "attempt('inotify', lambda: checked(libc.inotify_init1(0)))\n"
            "attempt('fanotify', lambda: checked(libc.fanotify_init(0, 0)))\n"
            "attempt('handle', lambda: checked(libc.name_to_handle_at(-100, b'@CLASSROOM@', bytes(200), bytes(8), 0)))",
        ),
        stopped=3,
    ),
)  # fmt: skip


def _looks() -> dict[str, tuple]:
    paths = (torch.__file__, str(ROOT / "data" / "digits.npz"), os.path.dirname(os.__file__), "/dev/null")
    found = {path: os.stat(path) for path in paths}
    return {
        path: (status.st_mode, status.st_uid, None if path == "/dev/null" else status.st_mtime_ns)
        for path, status in found.items()
    }


LOOKED = _looks()


def _as_before(field) -> None:
    assert _looks() == LOOKED
    assert (field.folder / "canary.txt").stat().st_mode & 0o7777 == 0o666


def _nothing_left() -> None:
    folder = Path(tempfile.gettempdir())
    assert not [*folder.glob("hand-in-*/kit-was-here"), *folder.glob("leaving-*/*")]
