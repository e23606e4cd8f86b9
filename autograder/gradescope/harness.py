"""Judge one hand-in in Gradescope's container: `python -m autograder.gradescope.harness /autograder`. Runs as root.

Steps: take from everybody else the right to look into the autograder, the submission and the results; start the zygote,
which runs student code as an ordinary user behind the walls that the container has; take the submission in as
at home; judge it with the class's seed; write results.json. Where the kit itself fails there are no results, and
Gradescope says so to the instructor: no student gets a zero for it.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from autograder import intake
from autograder.files import write_atomically
from autograder.gradescope.results import results_of
from autograder.judging.judge import Judge
from autograder.masters.catalogue import catalogue
from autograder.records.hand_in import read_hand_in
from autograder.roster.names import fold
from autograder.rules.grade import grade, moment
from autograder.rules.terms import Terms
from autograder.sandbox import launcher
from autograder.sandbox.remote_worker import HandInLimits

STUDENT = "submission"  # the container knows one hand-in, and its folder needs a name
# Time is the processor's, so the limits are those at home, and half a processor makes them last twice as long by the
# clock: that ends well before Gradescope ends the container, after ten minutes, without any results.
LIMITS = HandInLimits(start=180, memory=2 * 2**30)
PRIVATE = ("results", "submission", "submission_metadata.json")
FOR_STUDENTS = ("lib", "data")  # of the kit: what student code may read


def main(base: Path) -> int:
    """Judge base/submission and write base/results/results.json; base: Gradescope's /autograder."""
    began = time.monotonic()
    kit = base / "source" / "kit"
    settings = json.loads((base / "source" / "settings.json").read_text(encoding="utf-8"))
    keep_private(base)
    _die_first(800)  # the zygote inherits it, and with it whatever runs student code
    zygote = launcher.begin(trust=True)
    assert isinstance(zygote, launcher.Zygote)
    _die_first(0)
    assignment = settings["assignment"]
    released = kit / "assignments" / assignment / f"{assignment}.ipynb"
    with tempfile.TemporaryDirectory(prefix="judging-") as folder:
        arrived, submitted = Path(folder) / "arrived", Path(folder) / "classroom" / "submitted"
        shutil.copytree(base / "submission", arrived / STUDENT, symlinks=True)
        (receipt,) = intake.intake(arrived, submitted, assignment, released, platform="folder")
        judge = Judge(kit, assignment, seed=settings["seed"], limits=LIMITS, kept=base / "source" / "mistakes")
        print(
            f"walls: {json.dumps(zygote.walls.as_dict())}; not enforced: {json.dumps(zygote.walls.gaps())}", flush=True
        )
        hand_in = read_hand_in(submitted / STUDENT / assignment, receipt)
        verdict = judge.judge(hand_in).verdict.as_dict()
    for item in verdict["items"]:
        if item["score"] is None:
            print(f"not judged: {item['id']}: {item['detail'] or item['message']}", flush=True)
    metadata = _metadata(base)
    verdict["hand_in"]["received"] = _received(metadata)  # what lies there was written by Gradescope, and just now
    terms, who = Terms.from_dict(settings["terms"]), _submitters(metadata, settings["emails"])
    grades = [grade(verdict | {"student": student}, {}, terms) for student in who]
    own = min(grades, key=lambda one: one.penalty)  # one result for all of a group: that of who has the most time
    titles = {item.id: item.title for item in catalogue(kit)[assignment].items}
    found = results_of(verdict, own, titles, hidden=settings["hidden"], seconds=time.monotonic() - began)
    write_atomically(base / "results" / "results.json", json.dumps(found, indent=1).encode())
    zygote.close()
    return 0


def _metadata(base: Path) -> dict:
    """What Gradescope tells of the submission; nothing where it tells nothing that can be read."""
    try:
        told = json.loads((base / "submission_metadata.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _received(metadata: dict) -> str | None:
    """When it was submitted; None where nobody can tell, and nobody is late by it."""
    try:
        found = moment(str(metadata.get("created_at") or ""))
    except ValueError:
        return None
    return found.isoformat() if found else None


def _submitters(metadata: dict, emails: dict[str, str]) -> list[str]:
    """The ids of who has submitted, by their addresses; at least one, which may be nobody's."""
    told = [fold(str(user.get("email") or "")) for user in metadata.get("users") or [] if isinstance(user, dict)]
    return [emails.get(email, STUDENT) for email in told] or [STUDENT]


def keep_private(base: Path) -> None:
    """Leave an ordinary user nothing of the autograder but the folders that student code needs to read."""
    (base / "results").mkdir(exist_ok=True)
    for name in PRIVATE:
        path = base / name
        if path.exists():
            path.chmod(0o700 if path.is_dir() else 0o600)
    source = base / "source"
    for folder in (source, source / "kit"):
        for path in folder.iterdir():
            path.chmod(0o700 if path.is_dir() else 0o600)
        folder.chmod(0o711)  # to pass through, not to look around
    (source / "kit").chmod(0o711)
    for name in FOR_STUDENTS:
        for path in [source / "kit" / name, *(source / "kit" / name).rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)


def _die_first(score: int) -> None:
    """Where the container runs out of memory, Linux ends the process with the highest score: not the judge, please."""
    try:
        Path("/proc/self/oom_score_adj").write_text(str(score), encoding="utf-8")
    except OSError:  # not Linux, or not allowed: then the largest process is ended
        pass


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]).resolve()))
