"""Attacks by processes: leaving, signals, tracing, forks, children that outlive the run; and by the network."""

# ruff: noqa: E501  (attacks are code in strings)
from __future__ import annotations

from .attack import Attack, add, items

CHECKED = """
import ctypes, os, signal, socket, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)

def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
"""

add(
    Attack(
        "leave-in-a-call",
        "ends its process with exit code 0 in the middle of a test",
        bottom="import os\ndef toy(x, y, z):\n    os._exit(0)\n",
        lost=items("toy", status="crashed"),
        says="ended the process",
    ),
    Attack(
        "leave-at-import",
        "ends its process with exit code 0 as soon as its module is imported",
        top="import os\nos._exit(0)\n",  # that statement is left out, and the functions are right
    ),
    Attack(
        "leave-in-a-cell",
        "ends its process in a cell; the cells after it run in a fresh one",
        cells=("__import__('os')._exit(0)", "print('the next cell ran')"),
        shows=("the next cell ran", "crashed"),
    ),
    Attack(
        "sys-exit",
        "leaves by sys.exit, quit and KeyboardInterrupt",
        bottom="import sys\ndef toy(x, y, z):\n    sys.exit(0)\ndef neuron(**inputs):\n    raise KeyboardInterrupt\n",
        cells=("import sys\nsys.exit(0)", "quit()", "raise KeyboardInterrupt", "raise GeneratorExit"),
        lost=items("toy", "neuron", status="failed"),
    ),
    Attack(
        "atexit",
        "waits for the end of the process to write files and to hang",
        cells=(
            "import atexit, threading, time\n"
            "atexit.register(lambda: open('@CLASSROOM@/@MARKER@', 'w'))\natexit.register(lambda: time.sleep(3600))\n"
            "threading._register_atexit(time.sleep, 3600)",
        ),
        seconds=10,
    ),
    Attack(
        "abort",
        "crashes by abort, a segmentation fault and a fatal Python error",
        bottom="import ctypes, os\ndef toy(x, y, z):\n    os.abort()\ndef neuron(**inputs):\n    ctypes.string_at(0)\n",
        cells=("import faulthandler\nfaulthandler._sigsegv()", "print('still here')"),
        lost=items("toy", "neuron", status="crashed|malformed"),
        shows=("still here",),
    ),
    Attack(
        "signals",
        "sends signals to the judge, the zygote, its group and everyone",
        cells=(
            CHECKED,
            "for pid in (os.getppid(), -1, 0, 2, 3, -os.getpgrp() if os.getpgrp() else -2):\n"
            "    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):\n"
            "        attempt((pid, number), lambda: os.kill(pid, number))\n"
            "attempt('killpg', lambda: os.killpg(os.getpgrp(), signal.SIGKILL))\n"
            "attempt('queue', lambda: checked(libc.sigqueue(os.getppid(), 9, None)))\n"
            "attempt('pidfd', lambda: signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9))\n"
            "attempt('limit', lambda: checked(libc.prlimit(os.getppid() or 2, 0, bytes(16), None)))",
        ),
        stopped=22,
    ),
    Attack(
        "deaf",
        "ignores every signal, swallows every exception, and takes the alarm away, in a cell and in a call",
        bottom="import signal, time\ndef toy(x, y, z):\n    for number in range(1, 65):\n        try:\n"
        "            signal.signal(number, signal.SIG_IGN)\n        except (OSError, ValueError):\n            pass\n"
        "    while True:\n        try:\n            time.sleep(60)\n        except BaseException:\n            pass\n",
        cells=(
            "import signal, time\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True:\n    try:\n        time.sleep(60)\n"
            "    except BaseException:\n        pass",
        ),
        lost=items("toy", status="timeout"),
        shows=("ran too long",),
    ),
    Attack(
        "ptrace",
        "traces and reads the memory of its parent",
        cells=(
            CHECKED,
            "buffer = ctypes.create_string_buffer(64)\n"
            "attempt('attach', lambda: checked(libc.ptrace(16, os.getppid() or 2, 0, 0)))\n"
            "attempt('seize', lambda: checked(libc.ptrace(0x4206, os.getppid() or 2, 0, 0)))\n"
            "attempt('traceme', lambda: checked(libc.ptrace(0, 0, 0, 0)))\n"
            "attempt('read', lambda: checked(libc.process_vm_readv(os.getppid() or 2, buffer, 1, buffer, 1, 0)))\n"
            "attempt('write', lambda: checked(libc.process_vm_writev(os.getppid() or 2, buffer, 1, buffer, 1, 0)))\n"
            "attempt('bpf', lambda: checked(libc.syscall(321, 0, buffer, 64)))\n"
            "attempt('perf', lambda: checked(libc.syscall(298, buffer, 0, -1, -1, 0)))\n"
            "attempt('userfaultfd', lambda: checked(libc.syscall(323, 0)))\n"
            "attempt('getfd', lambda: checked(libc.syscall(438, 3, 0, 0)))",
        ),
        stopped=9,
    ),
    Attack(
        "fork-bomb",
        "forks without end, in a cell and in a call",
        bottom="import os\ndef toy(x, y, z):\n    while True:\n        os.fork()\n",
        cells=("import os\nwhile True:\n    os.fork()",),
        lost=items("toy", status="failed"),
        says="PermissionError",
        shows=("PermissionError",),
    ),
    Attack(
        "children",
        "starts processes in every way there is, to outlive the run: double fork, setsid, vfork, clone, shells",
        cells=(
            CHECKED,
            "import multiprocessing, pty\n"
            "def daemon():\n"
            "    if os.fork() == 0:\n"
            "        os.setsid()\n"
            "        if os.fork() == 0:\n"
            "            import time\n"
            "            time.sleep(600)\n"
            "        os._exit(0)\n"
            "for name, action in {\n"
            "    'fork': os.fork, 'double fork': daemon, 'setsid': os.setsid, 'setpgid': lambda: os.setpgid(0, 0),\n"
            "    'vfork': lambda: checked(libc.syscall(58)), 'raw fork': lambda: checked(libc.syscall(57)),\n"
            "    'clone': lambda: checked(libc.syscall(56, 17, 0, 0, 0, 0)),\n"
            "    'clone with its own memory': lambda: checked(libc.syscall(56, 0x4000 | 17, 0, 0, 0, 0)),\n"
            "    'clone3': lambda: checked(libc.syscall(435, bytes(88), 88)),\n"
            "    'new user namespace': lambda: checked(libc.unshare(0x10000000)),\n"
            "    'spawn': lambda: os.posix_spawn('/bin/sleep', ['sleep', '600'], {}),\n"
            "    'exec': lambda: os.execv('/bin/sleep', ['sleep', '600']),\n"
            "    'subprocess': lambda: subprocess.Popen(['sleep', '600']), 'pty': lambda: pty.fork(),\n"
            "    'multiprocessing': lambda: multiprocessing.get_context('fork').Process(target=print).start(),\n"
            "    'shell': lambda: checked(-os.system('sleep 600 & touch /tmp/@MARKER@')),\n"
            "    'popen': lambda: os.popen('sleep 600').read(),\n"
            "}.items():\n"
            "    attempt(name, action)",
            "!sleep 600 &",
            "get_ipython().system('sleep 600')",
        ),
        stopped=17,
    ),
    Attack(
        "threads",
        "starts threads that go on after the run: one that spins, one that forks and writes later, and too many",
        cells=(
            "import os, threading, time\n"
            "def later():\n    while True:\n        time.sleep(0.05)\n        try:\n            os.fork()\n"
            "            open('/tmp/@MARKER@', 'w')\n        except OSError:\n            pass\n"
            "def spin():\n    end = time.monotonic() + 2\n    while time.monotonic() < end:\n        time.sleep(0.001)\n"
            "threading.Thread(target=later).start()\nthreading.Thread(target=spin, daemon=True).start()\n"
            "def many():\n    for _ in range(100_000):\n        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()\n"
            "attempt('many', many)",
        ),
        stopped=1,
    ),
    Attack(
        "sockets",
        "opens sockets of every family and type, to the network and to the grader's own machine",
        cells=(
            CHECKED,
            "for family in range(0, 46):\n"
            "    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):\n"
            "        attempt((family, kind), lambda: socket.socket(family, kind))\n"
            "attempt('raw', lambda: checked(libc.socket(2, 1, 0)))\n"
            "attempt('uring', lambda: checked(libc.syscall(425, 8, bytes(120))))",
        ),
        stopped=46 * 4 + 2,
    ),
    Attack(
        "network",
        "reaches out: a server of the grader's machine, DNS, HTTP, abstract and named unix sockets, torch's store",
        cells=(
            CHECKED + "import urllib.request, torch.distributed as dist",
            "for name, action in {\n"
            "    'tcp': lambda: socket.create_connection(('127.0.0.1', @PORT@), 1),\n"
            "    'tcp6': lambda: socket.create_connection(('::1', @PORT@), 1),\n"
            "    'http': lambda: urllib.request.urlopen('http://127.0.0.1:@PORT@/', timeout=1),\n"
            "    'dns': lambda: socket.getaddrinfo('example.com', 80), 'host': lambda: socket.gethostbyname('example.com'),\n"
            "    'server': lambda: socket.create_server(('127.0.0.1', 0)),\n"
            "    'abstract': lambda: socket.socket(socket.AF_UNIX).connect('\\0@ABSTRACT@'),\n"
            "    'named': lambda: socket.socket(socket.AF_UNIX).connect('@FIELD@/line'),\n"
            "    'torch': lambda: dist.TCPStore('127.0.0.1', @PORT@, 1, False, __import__('datetime').timedelta(seconds=0.2)),\n"
            "}.items():\n"
            "    attempt(name, action)\n"
            "def pair():\n"
            "    left, right = socket.socketpair()\n"
            "    left.connect('\\0@ABSTRACT@')\n"
            "    socket.send_fds(left, [b'x'], [0])\n"
            "attempt('pair', pair)\n"
            "def datagram():\n"
            "    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
            "    left.sendto(b'got out', '\\0@ABSTRACT@-datagram')\n"
            "attempt('datagram', datagram)\n"
            "def handed():\n"
            "    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
            "    socket.send_fds(left, [b'x'], [0], 0, '\\0@ABSTRACT@-datagram')\n"
            "attempt('handed', handed)",
        ),
        stopped=12,
    ),
)  # fmt: skip
