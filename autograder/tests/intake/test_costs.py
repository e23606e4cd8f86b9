"""What it costs to refuse a hand-in: linear time, and little memory, whatever was packed to make it dear."""

from __future__ import annotations

import io
import json
import struct
import sys
import tarfile
import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from autograder.intake.archive import Limits, read_archive
from autograder.intake.notebook import Released, parse
from autograder.records.receipt import Receipt, Refused
from autograder.tests.intake.test_hostile_hand_ins import assert_contained, base, tarred, zipped
from autograder.tests.intake.test_intake import Room, answered, as_bytes, good, make_zip, release

# Everything below must go through the reading itself, so nothing is refused for its ratio.
WIDE = Limits(ratio=10**9, entries=50_000)


def stream(data: bytes) -> io.BytesIO:
    return io.BytesIO(data)


def directory(count: int) -> bytes:
    """A zip of nothing but its list, of `count` entries."""
    one = struct.pack("<4s4B4H3L5H2L", b"PK\1\2", 20, 3, 20, *[0] * 8, 1, *[0] * 6) + b"a"
    number = min(count, 2**16 - 1)
    return one * count + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, number, number, len(one) * count, 0, 0)


def long_names(count: int) -> bytes:
    return zipped([(f"lib/backprop/{number}{'a' * 300}.py", "x") for number in range(count)])


def notebook(extra: bytes) -> bytes:
    return json.dumps(answered()).encode()[:-1] + b', "x": ' + extra + b"}"


DEAR = {
    "long names": lambda n: lambda: read_archive(stream(long_names(n)), WIDE),
    "long names in capitals": lambda n: (
        lambda: read_archive(stream(zipped([(f"LIB/backprop/{k}{'İ' * 300}.py", "x") for k in range(n)])), WIDE)
    ),
    "a list without files": lambda n: lambda: read_archive(stream(directory(2 * n)), WIDE),
    "a list in a zip": lambda n: lambda: read_archive(stream(zipped([("a.zip", directory(2 * n))])), WIDE),
    "folders in folders": lambda n: (
        lambda: read_archive(stream(zipped([(f"{'d/' * 18}{k}.ipynb", "{}") for k in range(n)])), WIDE)
    ),
    "a tar of empty files": lambda n: (
        lambda: read_archive(stream(tarred([(f"lib/backprop/{'a' * 300}{k}.py", b"") for k in range(n)])), WIDE)
    ),
    "brackets": lambda n: lambda: parse(notebook(b"[" + b"[]," * 40 * n + b"[]]"), WIDE, []),
    "strings": lambda n: lambda: parse(notebook(b"[" + b'"a\\"b",' * 40 * n + b"0]"), WIDE, []),
    "large numbers": lambda n: lambda: parse(notebook(b"[" + (b"9" * 4000 + b",") * n + b"0]"), WIDE, []),
    "digits of a pax header": lambda n: (
        lambda: read_archive(
            stream(tarred([(f"lib/{'1' * 200}{k}.py", b"") for k in range(n)], form=tarfile.PAX_FORMAT)), WIDE
        )
    ),
}


def seconds(action) -> float:
    """The least processor time of three tries."""
    times = []
    for _ in range(3):
        begin = time.process_time()
        try:
            action()
        except Refused:
            pass
        times.append(time.process_time() - begin)
    return min(times)


@pytest.mark.parametrize("name", DEAR)
def test_ten_times_as_much_costs_about_ten_times_as_much(name):
    assert seconds(DEAR[name](1500)) < 35 * max(seconds(DEAR[name](150)), 0.0005)


LARGEST = {
    "a list of a million files": lambda: directory(1_000_000),
    "a list of a million files in a zip": lambda: zipped([("a.zip", directory(1_000_000))]),
    "thousand long names in a zip": lambda: zipped(
        [("a.zip", zipped([(f"lib/backprop/{k}{'a' * 60_000}.py", "x") for k in range(300)]))]
    ),
    "a tar of 60,000 files": lambda: tarred([(f"f{number}", b"") for number in range(60_000)], "gz"),
    "modules of 200 MB": lambda: zipped(
        [(f"lib/backprop/m{k}.py", b"#" * 2_000_000) for k in range(99)], compresslevel=1
    ),
}


@pytest.mark.parametrize("name", LARGEST)
def test_what_is_refused_takes_little_memory(name):
    data = stream(LARGEST[name]())
    limits = Limits(ratio=10**9, read=10_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(Refused):
            read_archive(data, limits)
        assert tracemalloc.get_traced_memory()[1] < 70e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "extra",
    [b"[" + b"[]," * 7000 + b"0]", b"[" + b"0," * 30_000 + b"0]", b"[" * 200 + b"]" * 200],
    ids=["lists", "values", "depth"],
)
def test_json_that_would_take_much_memory_is_refused_before_it_is_parsed(extra, monkeypatch):
    monkeypatch.setattr(json, "loads", lambda text: pytest.fail("it was parsed"))
    with pytest.raises(Refused):
        parse(notebook(extra), Limits(containers=5000, values=20_000), [])


def test_the_largest_notebook_of_many_is_parsed_alone(monkeypatch):
    """Parsed notebooks take many times their size: a hand-in of many holds one of them at a time."""
    parsed, module = [], sys.modules["autograder.intake.examine"]  # the package has a function of that name
    monkeypatch.setattr(module, "parse", lambda data, limits, notes: parsed.append(1) or parse(data, limits, notes))
    entries = [(f"{'a/' * (1 + k)}work.ipynb", as_bytes(answered())) for k in range(8)]
    files = read_archive(stream(zipped([*base("flat.ipynb"), *entries])), Limits())
    receipt = Receipt("ada", "flat")
    module.examine(files, "flat", Released.parse(as_bytes(release())), Limits(), receipt)
    assert receipt.code is None and len(parsed) == 1


# A download of a class in one zip: names are the students' own, and one of them costs its hand-in alone.
NAMES = {
    "260 letters": ("mal/" + "a" * 260 + ".zip", None),
    "a file name of 300 letters": ("mal_12_34_" + "a" * 300 + ".zip", None),
    "a climb": ("evil/../../../evil.zip", "unsafe_path"),
    "a drive": ("E:/mal.zip", "unsafe_path"),
    "an absolute path": ("/mal/x.zip", "unsafe_path"),
    "a device of Windows": ("con.zip", None),
    "a folder where a file is": ("mal/work.zip/x.txt", None),
    "the same file twice": ("mal/work.zip", None),
    "other capitals": ("MAL.zip", None),
    "a control character": ("mal\x1b[31m.zip", None),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_in_a_download_costs_its_hand_in_alone(tmp_path, name):
    room = Room(tmp_path)
    work, (path, code) = zipped(list(good().items())), NAMES[name]
    entries = [("ada_1_2_work.zip", work), ("zoe/work.zip", work)]
    entries += [("mal/work.zip", work)] if path.startswith("mal/") else []
    (room.sent / "download.zip").write_bytes(zipped([*entries, (path, work)]))
    receipts = room.run(room.sent / "download.zip")
    assert {receipts["ada"].status, receipts["zoe"].status} == {"accepted"}
    others = [receipt for student, receipt in receipts.items() if student not in ("ada", "zoe")]
    assert [receipt.code for receipt in others] == [code] and others[0].message.isprintable()
    assert_contained(room)


def test_an_entry_without_a_name_does_no_harm(tmp_path):
    data = zipped([*base(), ("XXXX", "x")]).replace(b"XXXX", b"\0XXX")
    assert set(read_archive(stream(data), Limits()).wanted) == {name for name, _ in base()}


def test_a_damaged_entry_of_a_download_costs_its_hand_in_alone(tmp_path):
    room = Room(tmp_path)
    data = bytearray(zipped([(f"{name}.zip", zipped(list(good().items()))) for name in ("ada", "mal", "zoe")]))
    data[data.find(b"mal.zip") + 60] ^= 0xFF
    (room.sent / "download.zip").write_bytes(bytes(data))
    receipts = room.run(room.sent / "download.zip")
    assert [receipts[name].code for name in ("ada", "mal", "zoe")] == [None, "not_a_zip", None]


def test_a_hand_in_whose_folder_cannot_be_written_is_told_and_the_class_goes_on(tmp_path):
    room = Room(tmp_path)
    for name in ("ada", "mal", "zoe"):
        make_zip(room.sent / f"{name}.zip", good())
    room.submitted.mkdir(parents=True)
    (room.submitted / "mal").write_text("a file where a folder should be")
    receipts = room.run()
    assert [receipts[name].code for name in ("ada", "mal", "zoe")] == [None, "intake_error", None]


names = st.one_of(
    st.text(min_size=1, max_size=12).filter(lambda name: name[0] != "\0"),
    st.sampled_from(
        ["flat.ipynb", "FLAT.ipynb", "lib/backprop/flat.py", "lib/Backprop/flat.py", "lib/backprop/con.py"]
    ),
    st.sampled_from(["../x", "/x", "E:x", "a\0b", "lib/backprop/", "flat.ipynb/", "a.zip", "x" * 260, "d/" * 30 + "x"]),
)
contents = st.one_of(st.binary(max_size=40), st.sampled_from([as_bytes(answered()), zipped([]), zipped(base())]))


@hypothesis_settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(st.tuples(names, contents), max_size=6), how=st.sampled_from(["zip", "tar", "gz", "nested"]))
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_whatever_an_archive_holds_is_judged_and_the_class_goes_on(tmp_path_factory, entries, how):
    room = Room(tmp_path_factory.mktemp("any"))
    if how in ("tar", "gz"):
        data = tarred(
            [(name.replace("\0", ""), data) for name, data in entries], how.replace("tar", ""), form=tarfile.PAX_FORMAT
        )
    else:
        data = zipped(entries) if how == "zip" else zipped([("a.zip", zipped(entries))])
    (room.sent / "mal.zip").write_bytes(data)
    make_zip(room.sent / "zoe.zip", good())
    receipts = room.run()
    assert receipts["mal"].code != "intake_error" and receipts["zoe"].status == "accepted"
    room.notebook("mal")
    assert_contained(room)


@hypothesis_settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_tar_with_any_byte_changed_is_read_or_refused(data):
    content = bytearray(tarred(base()))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        files = read_archive(stream(bytes(content)), Limits())
    except Refused:
        return
    assert all(isinstance(found, bytes) for found in files.wanted.values())


def test_a_zip_knows_what_it_is_whatever_stands_before_it(tmp_path):
    data = b"#!/bin/sh\n" + zipped(base())
    assert set(read_archive(stream(data), Limits()).wanted) == {name for name, _ in base()}
