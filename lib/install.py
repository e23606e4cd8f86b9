"""Set the course up, once: `python3 lib/install.py`, on Windows `py lib\\install.py`. It may be repeated at any time.

Steps: see that this Python will do; make the environment `.venv` in the course's folder; say what is missing there and
how large it is; bring it exactly as `requirements.lock` has it, with hashes and without resolving; bring torch unless
one is there; tell the environment where `lib/` is, relative to itself, so that the folder may be moved; say what to do
next. Nothing but Python is needed, and nothing outside the course's folder is changed. With `--here` there is no
environment: what the Python that runs this lacks is added to it, and nothing that it has is replaced.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]
PYTHONS = ((3, 11), (3, 14))  # the first and the last that all packages have files for
TORCH = "torch==2.13.0"  # its builds for CPU and for CUDA have one version and different files, so no lock holds it
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"
# MB to download of everything else, and of torch (files for Python 3.12); on the disk it is thrice that.
SIZES = {"linux": (105, 2730), "darwin": (85, 110), "win32": (100, 120)}
CPU_SIZE = 190
WINDOWS = os.name == "nt"
# Run by the environment's Python: the lines of a list of packages that apply there, and which torch is there.
PROBE = """
import json, re, sys
from importlib.metadata import PackageNotFoundError, version
from pip._vendor.packaging.markers import Marker
def have(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
found = [re.match(r"([\\w.-]+)([=<>][^ ;]+)(?: ; ([^\\\\]+))?", line) for line in open(sys.argv[1], encoding="utf-8")]
wanted = [line for line in found if line and (not line[3] or Marker(line[3].strip()).evaluate())]
missing = [line[1] + line[2] for line in wanted if "==" + str(have(line[1])) != line[2]]
lacking = [line[1] + line[2] for line in wanted if not have(line[1])]
print(json.dumps({"missing": missing, "lacking": lacking, "torch": have("torch")}))
"""
NOT_HERE = ("torch", "jupyterlab")  # with --here: torch has a step of its own, and notebooks are open already


class Stop(Exception):
    """Something that a person can put right; the message says what to do."""


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Set the course up: make .venv and install what the course needs.")
    parser.add_argument(
        "--here", action="store_true", help="no .venv: add what is missing to the Python that runs this"
    )
    parser.add_argument("--cpu", action="store_true", help="on Linux: torch's smaller build, without CUDA")
    parser.add_argument("--plan", action="store_true", help="say what would be downloaded, and do nothing")
    parser.add_argument("--developer", action="store_true", help="all that grading and developing need as well")
    chosen = parser.parse_args(words)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a console that lacks a character shows a question mark
    try:
        install(chosen)
    except Stop as stop:
        print(f"\n{stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to go on; what was downloaded is kept.", file=sys.stderr)
        return 1
    return 0


def install(chosen: argparse.Namespace) -> None:
    """All steps. Raises Stop where one of them cannot be done."""
    look_at_this_python()
    lock = COURSE / ("autograder/requirements.lock" if chosen.developer else "requirements.lock")
    wanted = COURSE / "requirements.txt" if chosen.here else lock
    if not wanted.is_file():
        raise Stop(f"{wanted} is not there: unpack the course's zip anew.")
    python = Path(sys.executable) if chosen.here else environment(chosen.plan)
    found = probe(python, wanted)
    missing = found["missing"]
    if chosen.here:
        missing = [line for line in found["lacking"] if not line.startswith(NOT_HERE)]
    say_what_comes(missing, found["torch"], chosen.cpu)
    if chosen.plan:
        return
    if missing:
        packages(python, missing if chosen.here else ["--no-deps", "--require-hashes", "-r", str(lock)], len(missing))
    if found["torch"] is None:
        print("PyTorch …", flush=True)
        if run(python, TORCH, *(["--index-url", CPU_BUILDS] if chosen.cpu else [])):
            raise Stop(
                f"PyTorch could not be installed; pip says why above. Run this again, or install {TORCH} by hand."
            )
    if chosen.developer:
        run(python, "--quiet", "--no-deps", "--no-build-isolation", "-e", str(COURSE))
    else:
        point_to_lib(python)
    print(next_step(python, chosen.developer))


def look_at_this_python() -> None:
    """Raises Stop where this Python is too old, or has no files of torch."""
    have = f"{sys.version_info[0]}.{sys.version_info[1]}"
    first, last = (f"{major}.{minor}" for major, minor in PYTHONS)
    if sys.version_info[:2] < PYTHONS[0]:
        newer = f"{'py -' if WINDOWS else 'python'}{last} {Path('lib', 'install.py')}"
        advice = f"Install a newer one from python.org and run {newer}"
        raise Stop(f"This is Python {have}; the course needs {first} to {last}. {advice}")
    if sys.version_info[:2] > PYTHONS[1]:
        print(f"This is Python {have}; the course has been tried with {first} to {last}. It may work all the same.")
    if sys.maxsize < 2**32:
        raise Stop("This Python has 32 bits, and there is no PyTorch for it. Install the 64-bit one from python.org.")


def environment(plan: bool) -> Path:
    """The Python of `.venv`, which is made where there is none that starts."""
    folder = COURSE / ".venv"
    python = folder / ("Scripts/python.exe" if WINDOWS else "bin/python")
    if works(python):
        return python
    if plan:
        return Path(sys.executable)
    if folder.exists():
        print("The Python of .venv does not start any more; .venv is made anew.")
    # A torch that this Python has already is used; it is the largest part by far.
    shared = (
        ["--system-site-packages"] if sys.prefix == sys.base_prefix and works(Path(sys.executable), "torch") else []
    )
    print(f"An environment of its own: {folder}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", *shared, str(folder)], capture_output=True, text=True
    )
    if done.returncode or not works(python):
        raise Stop(f"{done.stdout}{done.stderr}\n.venv could not be made. On Debian and Ubuntu: sudo apt install "
                   "python3-venv. Elsewhere, install Python from python.org.")  # fmt: skip
    return python


def works(python: Path, module: str = "pip") -> bool:
    """Whether a Python starts and finds a module."""
    look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    try:
        return subprocess.run([str(python), "-c", look], capture_output=True).returncode == 0
    except OSError:
        return False


def probe(python: Path, lock: Path) -> dict:
    """{"missing": names that are not there in the lock's version, "lacking": names not there at all, "torch"}."""
    done = subprocess.run([str(python), "-c", PROBE, str(lock)], capture_output=True, text=True)
    if done.returncode:
        raise Stop(f"{done.stderr}\n{python} cannot say what is installed. Delete the folder .venv and run this again.")
    return json.loads(done.stdout)


def say_what_comes(missing: list[str], torch: str | None, cpu: bool) -> None:
    """What will be downloaded and how large it is. Raises Stop where the disk has no room for it."""
    others, large = SIZES.get(sys.platform, SIZES["linux"])
    large = CPU_SIZE if cpu else large
    size = (others if len(missing) > 20 else 0) + (large if torch is None else 0)
    if missing:
        print(f"To download: {len(missing)} packages" + (f", about {others} MB." if len(missing) > 20 else "."))
    if torch is None:
        print("To download: PyTorch, about " + (f"{large / 1000:.1f} GB." if large > 999 else f"{large} MB."))
        if large > 999 and not (shutil.which("nvidia-smi") or Path("/proc/driver/nvidia").exists()):
            again = f"python3 {Path('lib', 'install.py')} --cpu"
            print("  Most of it is CUDA, and this machine shows no NVIDIA card. For the build without it, of")
            print(f"  {CPU_SIZE} MB, stop this (Ctrl-C) and run: {again}")
    else:
        print(f"PyTorch {torch} is there.")
    free = shutil.disk_usage(COURSE).free / 1e6
    if 3 * size > free:
        need = f"{3 * size / 1000:.1f} GB"
        raise Stop(f"It needs {need} on the disk, and {free / 1000:.1f} GB are free: make room first.")
    if not missing and torch is not None:
        print("Everything else is there, too.")


def packages(python: Path, wanted: list[str], count: int) -> None:
    """Install packages as they are named, and count them aloud. Raises Stop with pip's last words."""
    words = [str(python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check",
             "--progress-bar", "off", *wanted]  # fmt: skip
    tail: list[str] = []
    number = 0
    alive = sys.stdout.isatty()
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
                          errors="replace") as pip:  # fmt: skip
        for line in pip.stdout:
            tail = [*tail[-11:], line]
            if line.startswith(("Collecting ", "Processing ")):
                number += 1
                name = re.split("[=<>-]", line.split()[1].rpartition("/")[2])[0]
                if alive:
                    print(f"\r  {min(number, count)} of {count}  {name:<40.40}", end="", flush=True)
                elif number % 20 == 0:
                    print(f"  {number} of {count}", flush=True)
            elif line.startswith("Installing "):
                print(("\r" if alive else "") + f"  {count} of {count}  unpacking …{'':<30}", flush=True)
    if pip.returncode:
        advice = "Is there a network, and room on the disk? Run this again: what was downloaded is kept."
        raise Stop("".join(tail) + f"\nThe packages could not be installed; pip says why above. {advice}")


def run(python: Path, *words: str) -> int:
    """pip install, with pip's own words and progress bars."""
    return subprocess.run(
        [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *words]
    ).returncode


def point_to_lib(python: Path) -> None:
    """A path file, relative where it can be: `python -m toolbox` works in any folder, and after a move."""
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    folder = Path(subprocess.run([str(python), "-c", ask], capture_output=True, text=True).stdout.strip())
    lib = COURSE / "lib"
    path = os.path.relpath(lib, folder.resolve()) if folder.resolve().is_relative_to(COURSE) else str(lib)
    try:
        (folder / "backprop-kit.pth").write_text(path + "\n", encoding="utf-8")
    except OSError:
        print(f"{folder} cannot be written to: `python -m toolbox` works in the folder lib/ alone. Notebooks work.")


def shown(python: Path) -> str:
    """A Python as one types it in the course's folder."""
    # Not resolved: a .venv's Python is a link to the one it was made from.
    path = os.path.relpath(python, COURSE) if python.is_absolute() and python.is_relative_to(COURSE) else str(python)
    return f'"{path}"' if " " in path else path


def next_step(python: Path, developer: bool) -> str:
    if developer:
        return "Ready. Next: make demo"
    return f"Ready. Next: {shown(python)} -m toolbox start scalar"


if __name__ == "__main__":
    sys.exit(main())
