"""Dates of sites in other languages: what is read, and what is refused rather than guessed."""

from __future__ import annotations

from datetime import datetime

import pytest

from autograder.tables.dates import NotADate, read_dates

FIRST_OF_MARCH = (
    "Sunday, 1 March 2026, 3:05 PM", "Sunday, 1 March 2026, 3:05\u202fPM", "Sonntag, 1. März 2026, 15:05",
    "Sonntag, 1. Ma\u0308rz 2026, 15:05", "dimanche 1 mars 2026, 15:05", "domingo, 1 de marzo de 2026, 15:05",
    "domenica, 1 marzo 2026, 15:05", "domingo, 1 de março de 2026 às 15:05", "zondag, 1 maart 2026, 15:05",
    "niedziela, 1 marca 2026, 15:05", "воскресенье, 1 марта 2026, 15:05", "neděle, 1. března 2026, 15.05",
    "2026. március 1., vasárnap, 15:05", "søndag den 1. marts 2026 kl. 15:05", "1 Mart 2026, Pazar, 15:05",
    "sunnuntai, 1. maaliskuuta 2026, 15.05", "2026年03月1日 星期日 15:05", "2026年 03月 1日(日曜日) 15:05",
    "2026년 3월 1일(일요일), 오후 3:05", "Chủ nhật, 1 tháng 3 2026, 15:05", "Κυριακή, 1 Μαρτίου 2026, 3:05 μ.μ.",
    "الأحد، 1 مارس 2026، 15:05", "วันอาทิตย์ที่ 1 มีนาคม 2026, 15:05",
)  # fmt: skip


@pytest.mark.parametrize("text", FIRST_OF_MARCH)
def test_a_date_is_read_in_the_language_of_its_site(text):
    assert read_dates([text]) == [datetime(2026, 3, 1, 15, 5)]


def test_the_day_of_the_week_tells_languages_apart():
    """The Czech and the Polish listopad is November, the Croatian one October."""
    assert read_dates(["středa, 1. listopadu 2023, 12.00"])[0].month == 11
    assert read_dates(["nedjelja, 1. listopada 2023., 12:00", "srijeda, 1. studenoga 2023., 12:00"])[0].month == 10


@pytest.mark.parametrize(
    ("cells", "at"),
    [
        (["Sonntag, 1. März 2026, 12:00", "übermorgen"], 1), (["Sonntag, 2. März 2026, 12:00"], 0),
        (["Sonntag, 31. Februar 2026, 12:00"], 0), (["next tuesday-ish"], 0),
    ],
)  # fmt: skip
def test_what_is_no_date_is_named_by_its_place(cells, at):
    with pytest.raises(NotADate, match="is not a time") as raised:
        read_dates(cells)
    assert raised.value.at == at
