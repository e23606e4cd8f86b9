"""The clock that hand-ins are charged by: what they compute and what they choose to wait, and nothing else."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time

import pytest

from autograder.sandbox.clock import ProcessClock
from autograder.tests.busy import busy_machine

DONE = "\nprint(time.monotonic(), flush=True)\ninput()"
LOOP = "import time\nend = time.process_time() + {seconds}\nwhile time.process_time() < end: pass" + DONE
SLEEP = "import time\ntime.sleep({seconds})" + DONE
WAITS = (
    "import threading, time\n"
    "def work():\n    end = time.thread_time() + {seconds}\n    while time.thread_time() < end: pass\n"
    "thread = threading.Thread(target=work)\nthread.start()\nthread.join()" + DONE
)


@pytest.fixture
def busy():
    with busy_machine():
        yield


def charged(code: str, seconds: float) -> tuple[float, float]:
    """Seconds charged, and of wall time, until the code says that it is done: not until that is heard here."""
    words = [sys.executable, "-c", "input()\n" + code.format(seconds=seconds)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    handle = os.pidfd_open(process.pid)
    clock = ProcessClock(handle)
    if not clock.fair:
        pytest.skip("this system does not tell how long a process stood ready")
    begin = time.monotonic()
    clock.begin()
    process.stdin.write("\n")
    process.stdin.flush()
    while not select.select([process.stdout], [], [], 0.05)[0]:
        clock.read()
    found, now = clock.read(), time.monotonic()
    done = float(process.stdout.readline())
    clock.close()
    os.close(handle)
    process.communicate("\n")
    return found - (now - done), done - begin


@pytest.mark.parametrize("code", [LOOP, SLEEP, WAITS], ids=["a loop", "a sleep", "a thread that works for another"])
def test_a_busy_machine_charges_what_a_quiet_one_does(code, busy):
    found, wall = charged(code, 0.8)
    assert 0.75 <= found <= 1.4, f"{found:.2f} s charged of {wall:.2f} s"


def test_a_loop_takes_longer_on_a_busy_machine_or_the_test_above_says_nothing(busy):
    found, wall = charged(LOOP, 0.8)
    assert wall > 1.5 * found


def test_a_wait_for_a_core_that_is_told_late_is_given_back_and_a_chosen_wait_is_not(monkeypatch):
    """Three readings while it stands ready, of which Linux tells when it runs again; and three of a sleep."""
    clock = ProcessClock(os.pidfd_open(os.getpid()))
    told = {"processor": 0.0, "ready": 0.0, "now": 0.0}
    monkeypatch.setattr(clock, "_processor", lambda: told["processor"])
    monkeypatch.setattr(clock, "_is_stuck", lambda: False)
    monkeypatch.setattr(clock, "_stood_ready", lambda: told.pop("ready", 0.0))
    monkeypatch.setattr(time, "monotonic", lambda: told["now"])
    clock.begin()

    def read(seconds, computed=0.0, ready=0.0):
        told.update(now=told["now"] + seconds, processor=told["processor"] + computed, ready=ready)
        return round(clock.read(), 6)

    assert [read(1.0), read(1.0), read(1.0)] == [1.0, 2.0, 3.0]  # as far as anybody can tell, it sleeps
    assert read(1.0, computed=0.5, ready=3.5) == 1.0  # it had stood ready for all but half a second
    assert [read(1.0), read(1.0)] == [2.0, 3.0]
    assert read(1.0, computed=2.0) == 5.0  # two threads compute at once: no wait is given back for that
    assert read(1.0, computed=0.5, ready=1.5) == 5.5  # no wait was charged in the half second before
    assert read(1.0, computed=1.0, ready=9.0) == 4.5  # never more than had been charged as a wait
    assert read(1.0) == 5.5
    clock.skip(3.0)  # it waited for us, and that is no reason to give anything back
    assert read(1.0) == 5.5
    clock.close()


def test_a_process_that_has_ended_is_charged_no_more():
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    handle = os.pidfd_open(process.pid)
    clock = ProcessClock(handle)
    process.wait()
    assert clock.read() >= 0 and clock.processor() >= 0
    clock.close()
    os.close(handle)
