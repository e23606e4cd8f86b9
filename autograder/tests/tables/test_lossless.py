"""Editing a CSV by cell: nothing but the cell changes, whatever the encoding, quoting, delimiter and line ends."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.exports import numbers
from autograder.tables.encodings import decode
from autograder.tables.lossless import Sheet
from autograder.tables.problems import TableError

ENCODINGS = (("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff"))
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff\0")
CELLS = st.text(st.one_of(st.sampled_from("\",;\t\r\n =+-@'#0"), LETTERS), max_size=8)


@st.composite
def files(draw) -> tuple[bytes, str, list[list[str]]]:
    """(bytes, delimiter, cells) of a well-formed file: each cell quoted or not, each line end its own."""
    delimiter = draw(st.sampled_from(",;\t"))
    encoding, mark = draw(st.sampled_from(ENCODINGS))
    table = draw(st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=5))
    text = ""
    for number, row in enumerate(table):
        written = []
        for cell in row:
            needed = any(letter in cell for letter in (delimiter, '"', "\r", "\n"))
            written.append(f'"{cell.replace(chr(34), chr(34) * 2)}"' if needed or draw(st.booleans()) else cell)
        end = draw(st.sampled_from(["\r\n", "\n", "\r"] + [""] * (number == len(table) - 1)))
        text += delimiter.join(written) + end
    return mark + text.encode(encoding), delimiter, table


def sheet(data: bytes, delimiter: str = ",") -> Sheet:
    return Sheet(decode(data), delimiter)


@given(files())
def test_a_file_without_changes_comes_back_byte_for_byte(file):
    data, delimiter, table = file
    read = sheet(data, delimiter)
    assert read.to_bytes() == data
    assert [read.row(record) for record in range(len(read))] == table


@given(files(), st.data(), CELLS)
def test_a_change_differs_from_the_file_in_that_cell_alone(file, data, value):
    before, delimiter, table = file
    record = data.draw(st.integers(0, len(table) - 1))
    column = data.draw(st.integers(0, len(table[record]) - 1))
    read = sheet(before, delimiter)
    read.set(record, column, value)
    after = read.to_bytes()
    table[record][column] = value
    again = sheet(after, delimiter)
    assert [again.row(number) for number in range(len(again))] == table
    text, changed = decode(before).text, decode(after).text
    cell = sheet(before, delimiter)._records[record][column]
    assert changed.startswith(text[: cell.start]) and changed.endswith(text[cell.end :])
    assert len(changed) >= cell.start + len(text) - cell.end


@given(st.binary(max_size=200))
def test_any_bytes_at_all_come_back_or_are_refused_with_a_reason(data):
    try:
        found = decode(data)
        assert Sheet(found, ",").to_bytes() == data
    except TableError as error:
        assert str(error)


@given(files())
def test_it_reads_what_pythons_csv_module_reads(file):
    data, delimiter, table = file
    text = decode(data).text
    assert list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)) == table


def test_a_short_line_is_filled_up_to_the_cell():
    read = sheet(b"a,b,c,d\r\n1\r\n2,3,4,5\r\n")
    read.set(1, 3, "x")
    read.set(1, 1, "y")
    assert read.to_bytes() == b"a,b,c,d\r\n1,y,,x\r\n2,3,4,5\r\n"


def test_a_quoted_cell_stays_quoted_and_others_are_quoted_only_where_they_must():
    read = sheet(b'"a",b,c\n')
    for column, value in enumerate(("1", "2", "3,5")):
        read.set(0, column, value)
    assert read.to_bytes() == b'"1",2,"3,5"\n'


def test_text_behind_a_closing_quotation_mark_belongs_to_the_cell():
    assert sheet(b'"Ada" L,2\n').row(0) == ["Ada L", "2"]


@pytest.mark.parametrize("data", [b'a,b\n"c,d\ne,f\n', b'"a""\n', b'x,"'])
def test_a_quotation_mark_that_is_never_closed_is_named_with_its_line(data):
    with pytest.raises(TableError, match=r"line \d is never closed"):
        sheet(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04abc", "Excel"),
        (b"\xd0\xcf\x11\xe0", "Excel"),
        (b"\n<!DOCTYPE html><html>", "web page"),
        (b"\xff\xfea", "cut off"),
    ],
)
def test_what_is_no_text_file_is_named_for_what_it_is(data, words):
    with pytest.raises(TableError, match=words):
        decode(data)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [("Jürgen".encode("cp1252"), "cp1252"), (b"\x81\xfc", "latin-1"), ("a\tb".encode("utf-16-le"), "utf-16-le")],
)
def test_files_without_a_mark_are_read_by_what_they_hold(data, encoding):
    assert decode(data).encoding == encoding


def test_a_character_that_the_encoding_lacks_is_an_error_not_a_question_mark():
    read = sheet("Jürgen,1".encode("cp1252"))
    read.set(0, 1, "π")
    with pytest.raises(TableError, match="cp1252"):
        read.to_bytes()


@given(st.decimals(0, 10_000, places=2), st.booleans())
def test_a_number_comes_back_as_it_was_written(value, comma):
    assert numbers.read(numbers.write(value, comma), comma) == value


@pytest.mark.parametrize(
    ("value", "text"), [(38.0, "38"), (37.499, "37.5"), (0.125, "0.13"), (-0.001, "0"), (1234567.5, "1234567.5")]
)
def test_numbers_are_written_with_at_most_two_decimals(value, text):
    assert numbers.write(value) == text


@pytest.mark.parametrize(
    ("cells", "delimiter", "comma"),
    [
        (["85,50", "100,00"], ",", True), (["85.50"], ";", False), (["", "-"], ";", True), (["8", "1,234"], ",", False),
        (["1.234,5"], ",", True), (["1,234.5"], ",", False), (["100,00000"], ",", True),
    ],
)  # fmt: skip
def test_the_decimal_form_is_that_of_the_file(cells, delimiter, comma):
    assert numbers.uses_comma(cells, delimiter) is comma


def test_a_file_with_commas_and_points_asks_which():
    with pytest.raises(TableError, match="--decimal"):
        numbers.uses_comma(["1,5", "1.5"], ",")


@pytest.mark.parametrize(
    ("text", "comma", "value"), [("1.234,5", True, "1234.5"), ("EX", False, None), ("", True, None)]
)
def test_their_numbers_are_read_in_their_form(text, comma, value):
    found = numbers.read(text, comma)
    assert (None if found is None else str(found)) == value
