"""A gradebook on a PostgreSQL server that is not there, is locked, or goes away: one message, and the same command goes
on."""

from __future__ import annotations

import json
import shutil
import threading
import time
import uuid

import pytest

from autograder.demo import make_class
from autograder.tests.checkout import Commands, built_course

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
SERVER = "host=127.0.0.1 dbname=postgres user=postgres connect_timeout=3"
KINDS = ("s02", "s05", "s10")


@pytest.fixture(scope="module")
def database():
    """A database of its own; its name."""
    try:
        server = psycopg.connect(SERVER, autocommit=True)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL answers here: {error}")
    name = f"kit_{uuid.uuid4().hex[:12]}"
    server.execute(f"CREATE DATABASE {name}")
    yield name
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.close()


@pytest.fixture(scope="module")
def course(tmp_path_factory, database):
    folder = tmp_path_factory.mktemp("postgresql")
    course = built_course(folder / "course")
    (folder / "hand-ins").mkdir()
    for made in make_class(course, folder / "made"):
        if made.student.startswith(KINDS):
            shutil.copy2(made.path, folder / "hand-ins")
    return course


def begin(run: Commands, course, url: str) -> None:
    config = course / "nbgrader_config.py"
    lines = [line for line in config.read_text().splitlines() if not line.startswith("c.CourseDirectory.db_url")]
    config.write_text("\n".join([*lines, f'c.CourseDirectory.db_url = "{url}"', ""]))
    run.start("grade", "flat", "--from", str(course.parent / "hand-ins"), "--jobs", "1")


def end(run: Commands) -> tuple[int, str]:
    code, said = run.end()
    return code, " ".join(said.split())


def grade(run: Commands, course, url: str) -> tuple[int, str]:
    begin(run, course, url)
    return end(run)


def scores(course) -> dict[str, float]:
    return {path.stem: json.loads(path.read_text())["score"] for path in course.glob("classroom/verdicts/flat/s*.json")}


def entered(database: str) -> dict[str, float]:
    with psycopg.connect(SERVER.replace("dbname=postgres", f"dbname={database}")) as connection:
        found = connection.execute(
            "select sub.student_id, sum(coalesce(grade.auto_score, 0)) from submitted_assignment sub "
            "join submitted_notebook nb on nb.assignment_id = sub.id join grade on grade.notebook_id = nb.id "
            "group by sub.student_id"
        )
        return {student: round(float(score), 2) for student, score in found}


def test_a_server_that_is_not_there_locks_or_goes_away_is_told_in_one_message_and_nothing_is_lost(course, database):
    run = Commands(course)
    url = f"postgresql+psycopg://postgres@127.0.0.1/{database}"
    code, said = grade(run, course, url.replace("127.0.0.1", "127.0.0.1:1"))
    assert code == 2 and "Grading stopped: the gradebook does not answer" in said and "db_url" in said
    assert "Traceback" not in said and "db upgrade" not in said and "run the same command again" in said

    code, said = grade(run, course, url)  # once, so that the tables are there
    assert code == 0, said
    right = scores(course)
    assert len(right) == len(KINDS) and entered(database) == right
    shutil.rmtree(course / "classroom" / "ledger")

    with psycopg.connect(SERVER.replace("dbname=postgres", f"dbname={database}")) as locking:
        locking.execute("LOCK TABLE grade IN ACCESS EXCLUSIVE MODE")
        code, said = grade(run, course, url)
        locking.rollback()
    assert code == 2 and "Grading stopped: the gradebook is locked by another program" in said, said[-3000:]
    assert "Traceback" not in said and "db upgrade" not in said

    begin(run, course, url)
    stop = threading.Event()

    def cut() -> None:
        with psycopg.connect(SERVER, autocommit=True) as server:
            while not stop.is_set():
                server.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and query like %s",
                    (database, "%grade%"),
                )
                time.sleep(0.02)

    cutting = threading.Thread(target=cut)
    cutting.start()
    try:
        code, said = end(run)
    finally:
        stop.set()
        cutting.join()
    assert code == 2 and "Grading stopped: the gradebook does not answer" in said, said[-3000:]
    assert "Traceback" not in said

    code, said = grade(run, course, url)
    assert code == 0, said
    assert scores(course) == right and entered(database) == right
    run.close()
