"""Grade a class on a disk that is full, and then with a gradebook that is locked; run by test_trouble.

    python -m autograder.tests.full_disk COURSE HAND_INS RESULT

Steps: in a mount namespace of its own, mount a small disk at COURSE/classroom; run the command `grade` again and again
while a ballast file leaves more and more room; lock the gradebook and run it once more; take all away and run it to the
end; empty the classroom but for its seed and run it undisturbed; write what was seen, as JSON, to RESULT.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from autograder import cli
from autograder.sandbox.walls import kernel
from autograder.tests.checkout import scores_in

SIZE = 48 * 2**20
NO_ROOM = 60  # KiB left: none for the hand-ins
ROOM = range(400, 4000, 200)  # KiB left, in turn, until there is room for the first of the class and not for the second


def small_disk(at: Path) -> None:
    """Mount it, as root or as the owner of a namespace of one's own. Raises OSError."""
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(kernel.CLONE_NEWNS | (kernel.CLONE_NEWUSER if user else 0))
    if user:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path(f"/proc/self/{name}").write_text(text, encoding="utf-8")
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    at.mkdir(exist_ok=True)
    kernel.mount("small", str(at), "tmpfs", 0, f"size={SIZE}")


def leave(classroom: Path, free: int | None) -> None:
    """Fill the disk but for `free` bytes; None: take the ballast away."""
    ballast = classroom / ".ballast"
    ballast.unlink(missing_ok=True)
    if free is not None:
        room = os.statvfs(classroom).f_bavail * os.statvfs(classroom).f_frsize
        with open(ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(room - free, 4096))


def state(course: Path) -> dict:
    """What somebody would find who looked into the classroom now."""
    classroom = course / "classroom"
    verdicts = {path.stem: path.read_text() for path in (classroom / "verdicts/flat").glob("[!.]*.json")}
    return {
        "verdicts": {name: json.loads(text)["score"] for name, text in verdicts.items()},
        "done": sorted(path.name for path in (classroom / "ledger/flat").glob("[!.]*")),
        "pages": {
            path.parts[-3]: path.read_text().rstrip().endswith("</html>")
            for path in classroom.glob("feedback/*/flat/flat.html")
        },
        "drafts": [str(path) for path in classroom.rglob("*.new")],
        "scores": scores_in(course) if (classroom / "gradebook.db").is_file() else {},
    }


NO_DISK = 97


def main(course: Path, hand_ins: Path, result: Path) -> None:
    cli.base.ROOT, classroom, seen = course, course / "classroom", []
    try:
        small_disk(classroom)
    except OSError as error:
        print(error)
        raise SystemExit(NO_DISK) from None

    def run(what: str, release: Callable[[], None] = lambda: None) -> None:
        done = CliRunner().invoke(cli.app, ["grade", "flat", "--from", str(hand_ins), "--jobs", "1"])
        leave(classroom, None)
        release()
        trace = "" if done.exception is None or isinstance(done.exception, SystemExit) else repr(done.exception)
        seen.append({"what": what, "code": done.exit_code, "said": done.output[-1500:], "trace": trace} | state(course))
        result.write_text(json.dumps(seen), encoding="utf-8")

    leave(classroom, NO_ROOM * 1024)
    run("no room")
    for kib in ROOM:
        leave(classroom, kib * 1024)
        run("room for one")
        if seen[-1]["done"]:
            break
    if (classroom / "gradebook.db").is_file():
        with sqlite3.connect(classroom / "gradebook.db") as base:
            base.execute("begin exclusive")
            run("locked", base.rollback)
    run("to the end")
    for path in classroom.iterdir():
        if path.name != "seed":  # a wrong answer's marks may be others under another seed
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    run("undisturbed")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
