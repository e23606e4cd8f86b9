"""Dates that a platform writes for people, in whatever language its site speaks: `Sonntag, 1. März 2026, 12:00`.

Steps: read all cells of a column as English; else find the languages in which all of them can be read. Of a date, the
year has four digits and the time of day stands last; the month stands by its name, and what is left is the day. The
names are those of Unicode's CLDR, as Babel has them. Languages in which each day of the week is that of its date are
sure; one in which it is another day is wrong. Where those that are left read different dates, none is believed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from dateutil import parser  # type: ignore[import-untyped]

from autograder.tables.problems import TableError

YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
CLOCK = re.compile(r"(?<!\d)(\d{1,2})[:.h](\d{2})(?:[:.](\d{2}))?(?!\d)")
NUMBERED = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]")  # no names of months there
BESIDE = 6  # characters before and behind the time of day in which the half of the day stands
# Asked first: to read the names of a language takes 10 ms, and CLDR has 300 of them.
FREQUENT = (
    "ar bg bs ca cs da de el en es et eu fa fi fr gl he hi hr hu id it ja ko lt lv mk ms nb nl nn pl pt ro ru sk sl sq "
    "sr sv th tr uk vi zh"
).split()  # fmt: skip
UNSPACED = ("CJK", "HANGUL", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")  # scripts without blanks


class NotADate(TableError):
    """A cell holds no date. at: its place in the column."""

    def __init__(self, at: int, words: str):
        super().__init__(words)
        self.at = at


def read_dates(cells: Sequence[str]) -> list[datetime]:
    """The dates of a column, with a zone where the cell names one. Raises NotADate."""
    try:
        return [parser.parse(cell) for cell in cells]
    except (ValueError, OverflowError):
        pass
    texts = [_plain(cell) for cell in cells]
    readings = [_read_all(texts, code) for code in FREQUENT]
    if not any(reading.sure for reading in readings):
        readings += [_read_all(texts, code) for code in sorted(_codes() - {*FREQUENT})]
    sure = [reading.dates for reading in readings if reading.sure]
    found = sure or [reading.dates for reading in readings if reading.dates]
    if not found or not sure and any(reading.wrong for reading in readings):
        at = next((at for at, cell in enumerate(cells) if not _is_date(cell)), 0)
        raise NotADate(at, f"{cells[at]!r} is not a time")
    if any(dates != found[0] for dates in found):
        raise NotADate(0, f"{cells[0]!r} is one date in one language and another in another: download it in English")
    return found[0]


@dataclass(frozen=True)
class _Language:
    """Patterns, the longest names first: of months and days of the week with their numbers, of the later half of a day
    and of the earlier one.
    """

    months: tuple[tuple[re.Pattern[str], int], ...]
    weekdays: tuple[tuple[re.Pattern[str], int], ...]
    later: re.Pattern[str] | None
    earlier: re.Pattern[str] | None


@dataclass
class _Reading:
    """A column in one language. dates: empty where not all can be read. wrong: a date has another day of the week."""

    dates: list[datetime]
    sure: bool = True
    wrong: bool = False


def _read_all(texts: Sequence[str], code: str) -> _Reading:
    reading, language = _Reading([]), _language(code)
    for text in texts:
        moment = _read(text, language)
        if moment is None:
            return _Reading([], sure=False, wrong=reading.wrong)
        weekday = next((number for pattern, number in language.weekdays if pattern.search(text)), None)
        reading.sure = reading.sure and weekday == moment.weekday()
        reading.wrong = reading.wrong or weekday not in (None, moment.weekday())
        reading.dates.append(moment)
    return _Reading([], sure=False, wrong=True) if reading.wrong else reading


def _is_date(cell: str) -> bool:
    try:
        return bool(parser.parse(cell))
    except (ValueError, OverflowError):
        pass
    readings = (_read_all([_plain(cell)], code) for code in FREQUENT)
    return any(reading.dates for reading in readings)


def _read(text: str, language: _Language) -> datetime | None:
    """One date in one language; None where it is none there."""
    clocks = list(CLOCK.finditer(text))
    if not clocks:
        return None
    clock = clocks[-1]
    hour, minute, second = (int(part or 0) for part in clock.groups())
    rest = f"{text[: clock.start()]} {text[clock.end() :]}"
    beside = f"{text[: clock.start()][-BESIDE:]} {text[clock.end() :][:BESIDE]}"
    if language.later and language.later.search(beside):
        hour += 12 * (hour < 12)
    elif language.earlier and language.earlier.search(beside):
        hour %= 12
    if numbers := NUMBERED.search(rest):
        year, month, day = map(int, numbers.groups())
    else:
        years = YEAR.findall(rest)
        named = next(((pattern, number) for pattern, number in language.months if pattern.search(rest)), None)
        if len(years) != 1 or named is None:
            return None
        year, month = int(years[0]), named[1]
        days = re.findall(r"\d+", named[0].sub(" ", YEAR.sub(" ", rest), count=1))
        if len(days) != 1:
            return None
        day = int(days[0])
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


@cache
def _codes() -> frozenset[str]:
    from babel import localedata  # it is asked for only where a date is not English

    return frozenset(code for code in localedata.locale_identifiers() if code.isalpha() and code != "root")


@cache
def _language(code: str) -> _Language:
    from babel import Locale

    locale = Locale.parse(code)

    def named(kinds) -> tuple[tuple[re.Pattern[str], int], ...]:
        names = {
            _plain(name).rstrip("."): int(number)
            for context in ("format", "stand-alone")
            for width in ("wide", "abbreviated")
            for number, name in kinds[context][width].items()
        }
        known = sorted((name for name in names if name and not name.isdigit()), key=len, reverse=True)
        return tuple((_word(name), names[name]) for name in known)

    halves = {key: name for width in ("abbreviated", "wide") for key, name in _halves(locale, width).items()}
    later, earlier = (_word(_plain(halves[key])) if key in halves else None for key in ("pm", "am"))
    return _Language(named(locale.months), named(locale.days), later, earlier)


def _halves(locale, width: str):
    return locale.day_periods.get("format", {}).get(width, {})


def _word(name: str) -> re.Pattern[str]:
    """The name as a word of its own, where its script has such."""
    if any(unicodedata.name(letter, "").startswith(UNSPACED) for letter in name):
        return re.compile(re.escape(name))
    return re.compile(rf"(?<![^\W\d_]){re.escape(name)}(?![^\W_])")


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
