"""What the random search must do."""

from __future__ import annotations

import json
import math
from typing import Any

import torch

from toolbox.calling.callbacks import Given, Plain, Told
from toolbox.checks.file_runs import FILE_SIZE, FULL, File, Scratch, disks_fill_up, is_os_error, seen
from toolbox.checks.suite import item
from toolbox.errors import Malformed, Mismatch, Missing, Raised

from .loops import check_seed, drawn

# Random search


def check_logs(values: torch.Tensor, low: float, high: float, count: int) -> None:
    if values.shape != (count,):
        raise Mismatch(f"the numbers have shape {tuple(values.shape)}, not {(count,)}")
    if values.dtype != torch.float64:
        raise Mismatch(f"the numbers are {values.dtype}; they should be torch.float64")
    if not torch.isfinite(values).all():
        raise Mismatch("some of the numbers are nan or inf")

    def apart(place: torch.Tensor) -> float:
        """How far numbers are from an even spread over [0, 1): Kolmogorov's distance."""
        steps = (torch.arange(count) + 0.5) / count
        return (place.sort().values - steps).abs().max().item()

    if values.min() < low or values.max() > high * (1 + 1e-12):
        logs = values.clamp(min=1e-300).log()
        exponents = apart((values - math.log10(low)) / math.log10(high / low)) < 0.02
        exponents |= apart((values - math.log(low)) / math.log(high / low)) < 0.02
        base = apart((logs * math.log10(math.e) - math.log(low)) / math.log(high / low)) < 0.05
        found = ["exponents-not-raised"] if exponents else ["log-base"] if base else []
        raise Mismatch(
            f"numbers from {values.min():.3g} to {values.max():.3g}; asked were {low:g} to {high:g}", diagnosis=found
        )
    if (values.diff() > 0).all() or (values.diff() < 0).all():
        raise Mismatch("the numbers come in the order of their size: two such lists never meet at random")
    if apart((values / low).log() / math.log(high / low)) > 0.02:
        even = apart((values - low) / (high - low)) < 0.02
        message = "the logarithms of the numbers are not spread evenly"
        raise Mismatch(message, diagnosis=["spread-evenly-not-by-logs"] if even else [])


@item("log_uniform", says="settings are spread evenly on a log scale")
def test_settings_are_spread_evenly_by_their_logarithm(student, make):
    check_logs(drawn(student, "training", "log_uniform", make.seed, 1e-3, 1.0, 20_000)[0], 1e-3, 1.0, 20_000)


### BEGIN HIDDEN TESTS
@item("log_uniform", says="settings of another range are spread evenly on a log scale")
def test_settings_of_another_range_are_spread_evenly_by_their_logarithm(student, make):
    check_logs(drawn(student, "training", "log_uniform", make.seed, 2e-6, 0.5, 20_000)[0], 2e-6, 0.5, 20_000)
    check_logs(drawn(student, "training", "log_uniform", make.seed, 0.3, 0.7, 20_000)[0], 0.3, 0.7, 20_000)


@item("log_uniform")
def test_settings_come_from_the_generator(student, make):
    check_seed(student, "training", "log_uniform", make.seed, 0.01, 10.0, 6)


### END HIDDEN TESTS


FILE, NOTHING = "search.jsonl", File("", b"")


def result_of(point: dict[str, float]) -> float:
    """What the searches find: a number that depends on every setting."""
    return sum((index + 1) * value / 3 for index, value in enumerate(sorted(point.values())))


class Settings:
    """Takes the settings of a point."""

    def __call__(self, value: Any) -> bool:
        return isinstance(value, dict) and all(type(number) in (int, float) for number in value.values())

    def __str__(self) -> str:
        return "numbers by name"


def points_of(make, count: int) -> list[dict[str, float]]:
    """Points to try, the first two of them near each other, the last two the same but for the ninth digit; the
    first of zeros, as is its result.
    """
    settings = make.uniform(2, count)
    settings[:, 0] = 0.0
    settings[:, 1] = settings[:, 0] + 0.02
    settings[0, 2:] = settings[0, -1]  # as in a grid: one rate with several penalties
    settings[1, -1] = settings[1, -2] + 1e-9
    return [{"lr": lr, "reg": reg} for lr, reg in zip(*settings.tolist(), strict=True)]


def sought(
    student, runs: list[list[dict[str, float]]], *, fail_at: int = 0, fail_as: str = "KeyboardInterrupt",
    disk_full_at: int = 0, as_text: bool = False,
) -> dict[str, list]:  # fmt: skip
    """Run searches one after the other on the same file; the first may be broken off.

    fail_at: the evaluation, counted from 1, that raises; fail_as: what. disk_full_at: the one after which nothing more
    can be written.
    Returns "rows": those of each search, None where it broke off; "asked": the points that were evaluated;
    "lines_seen": how many lines the file had by then; "files": its lines after each search.
    """
    s = student.script()
    asked: list[dict] = []
    lines_seen: list[int] = []
    rows: list[Any] = []
    files: list[list[str]] = []
    room = [FULL]
    usual, hard = s.fetch(s.resource.getrlimit(FILE_SIZE))[0] if disks_fill_up() else (FULL, FULL)

    def anew() -> None:
        asked.clear()
        lines_seen.clear()
        room[:] = [FULL]

    def evaluated(point: Any, found: Any) -> list:
        """The result, and how large a file may get from now on."""
        content = seen(found).get(FILE, NOTHING).content
        asked.append(point)
        lines_seen.append(len(content.splitlines()))
        if len(asked) == fail_at:
            raise Told(fail_as, "")
        if len(asked) == disk_full_at and disks_fill_up():
            room[:] = [len(content) + 5]
        return [result_of(point), usual if room == [FULL] else room[0]]

    with Scratch(s) as folder:
        told = s.give(Given(evaluated, Settings(), Plain(), anew=anew))

        def evaluate(point: Any) -> Any:
            result, limit = (answer := told(point, s.files.look(folder.path())))[0], answer[1]
            if disks_fill_up():
                s.resource.setrlimit(FILE_SIZE, [limit, hard])
            return result

        with folder.other_writing(s.checkpoint.search, lambda: room[0]):
            for points in runs:
                path = folder.path(FILE, as_text)
                try:
                    row = s.checkpoint.search([dict(p) for p in points], s.function(evaluate, by_name=True), path)
                    rows += s.fetch(row)
                except Raised as error:
                    torn = (
                        error.raised in ("ValueError", "JSONDecodeError") and disk_full_at
                    )  # a line that is not whole
                    if not (torn or error.raised == fail_as or is_os_error(error)):
                        raise
                    rows.append(None)
                finally:
                    room[:] = [FULL]
                    if disks_fill_up():
                        s.resource.setrlimit(FILE_SIZE, [usual, hard])
                files.append((folder.found(FILE) or b"").decode("utf-8", "replace").splitlines())
    if rows[-1] is None and not asked:
        raise Missing("search is not written yet (it returns None)")
    return {"rows": rows, "asked": asked, "files": files, "lines_seen": lines_seen}


def check_rows(rows: Any, points: list[dict[str, float]]) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Malformed("search returns a list of dicts")
    if len(rows) != len(points):
        raise Mismatch(f"{len(rows)} rows came back for {len(points)} points", diagnosis=["search-rows"])
    for row, point in zip(rows, points, strict=True):
        if {name: row.get(name) for name in point} != point:
            raise Mismatch("the rows are not in the order of the points", diagnosis=["search-rows"])
        if row.get("result") != result_of(point):
            raise Mismatch(f"the result of {point} is {row.get('result')}, not {result_of(point)}")


def check_lines(lines: list[str], points: list[dict[str, float]]) -> None:
    """Each point once, whole."""
    try:
        rows = [json.loads(line) for line in lines]
    except ValueError:
        raise Mismatch("a line of the file is incomplete: it is not JSON", diagnosis=["line-torn"]) from None
    if not all(isinstance(row, dict) for row in rows):
        raise Mismatch("each line of the file holds one JSON object: the point, with its result")
    settings = {name for point in points for name in point}
    for point in points:
        fitting = [row for row in rows if {name: row[name] for name in row if name in settings} == point]
        if len(fitting) != 1 or fitting[0].get("result") != result_of(point):
            message = f"{len(fitting)} lines of the file hold {point}"
            raise Mismatch(
                message, diagnosis=["lines-lost"] if not fitting else ["line-twice"] if len(fitting) > 1 else []
            )
    if len(rows) != len(points):
        raise Mismatch(f"the file has {len(rows)} lines for {len(points)} points")


@item("search")
def test_a_search_evaluates_every_point_and_writes_it_down_at_once(student, make):
    points = points_of(make, 4)
    found = sought(student, [points])
    check_rows(found["rows"][0], points)
    if found["lines_seen"] != [0, 1, 2, 3]:
        message = f"before the evaluations the file had {found['lines_seen']} lines, not 0, 1, 2, 3"
        raise Mismatch(message, diagnosis=["written-at-the-end"])
    check_lines(found["files"][0], points)


@item("search", says="a search that was killed continues where it stopped")
def test_a_search_that_was_killed_goes_on_where_it_stopped(student, make):
    points = points_of(make, 5)
    found = sought(student, [points, points], fail_at=3)
    if found["rows"][0] is not None:
        raise Mismatch("an interruption was swallowed", diagnosis=["interruption-swallowed"])
    if found["asked"] != points[:3] + points[2:]:
        again = len(found["asked"]) - 6
        known = ["evaluated-again"] if again > 0 else []
        raise Mismatch(f"{len(found['asked'])} evaluations; after the interruption there were 3 to do", diagnosis=known)
    check_rows(found["rows"][1], points)
    check_lines(found["files"][1], points)


### BEGIN HIDDEN TESTS
@item("search", says="a search recognises its points in any order")
def test_a_search_knows_its_points_whatever_their_order(student, make):
    points = points_of(make, 6)
    others = [points[4] | {"decay": 0.25}, {"lr": points[3]["lr"]}]  # with a setting more, or one less
    earlier = points[:3] + others
    later = [dict(reversed(points[number].items())) for number in (4, 1, 3, 0, 2, 5)]
    found = sought(student, [earlier, later], as_text=True)
    if found["asked"] != [*earlier, points[4], points[3], points[5]]:
        message = "points are known by their settings, all of them, not by their place in the list"
        again, by_place = [one for one in found["asked"][5:] if one in earlier], found["asked"] == earlier + later[5:]
        mistake = ["points-known-by-place"] if by_place else ["evaluated-again"] if again else []
        raise Mismatch(message, diagnosis=mistake)
    check_rows(found["rows"][1], later)
    check_lines(found["files"][1], points + others)


@item("search")
def test_an_error_of_the_evaluation_is_passed_on(student, make):
    points = points_of(make, 3)
    found = sought(student, [points], fail_at=2, fail_as="ZeroDivisionError")
    if found["rows"][0] is not None:
        raise Mismatch("an evaluation raised an error, and nobody was told", diagnosis=["interruption-swallowed"])


@item("search", says="a search leaves complete lines when the disk is full")
def test_a_search_leaves_whole_lines_when_the_disk_is_full(student, make):
    points = points_of(make, 4)
    found = sought(student, [points, points], disk_full_at=3)
    for lines in found["files"]:
        check_lines(lines, [point for point in points if any(repr(point["lr"]) in line for line in lines)])
    if found["rows"][1] is not None:
        check_rows(found["rows"][1], points)


### END HIDDEN TESTS
