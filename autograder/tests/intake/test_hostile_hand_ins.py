"""The intake on hand-ins that mean harm or are badly broken: each named, contained, and the class goes on."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import random
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from autograder.intake import Limits, inspect
from autograder.intake.notebook import json_shape
from autograder.tests.intake.test_intake import MODULE, Room, answered, as_bytes, codes, good, make_zip, put_by_hand

SMALL = Limits(notebook=200_000, total=2_000_000)


@pytest.fixture
def room(tmp_path) -> Room:
    return Room(tmp_path)


def zipped(entries: list[tuple[zipfile.ZipInfo | str, bytes | str]], **options) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def entry(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def base(without: str = "") -> list:
    return [(name, data) for name, data in good().items() if name != without]


def locked() -> bytes:
    data = bytearray(zipped(base()))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := data.find(signature, start)) >= 0:
            data[start + offset] |= 1
            start += 4
    return bytes(data)


def lying_size() -> bytes:
    """A notebook of 3 MB that the zip's directory declares as 10 bytes."""
    data = bytearray(zipped([("flat.ipynb", b" " * 3_000_000), *base("flat.ipynb")]))
    start = data.find(b"PK\x01\x02")
    struct.pack_into("<I", data, start + 24, 10)
    return bytes(data)


def packed(method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in base():
            archive.writestr(name, data)
    return out.getvalue()


def bad_checksum() -> bytes:
    data = bytearray(zipped(base()))
    data[data.find(b"PK\x01\x02") + 16] ^= 1
    return bytes(data)


def tarred(entries: list, how: str = "", form: int = tarfile.GNU_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{how}", format=form) as archive:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            data = data.encode() if isinstance(data, str) else data
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def nested_json(depth: int) -> bytes:
    return b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": ' + b"[" * depth + b"]" * depth + b"}"


def notebook_with(**changes) -> bytes:
    return as_bytes({**json.loads(as_bytes(answered())), **changes})


def cell_with(**changes) -> bytes:
    notebook = json.loads(as_bytes(answered()))
    notebook["cells"][0].update(changes)
    return as_bytes(notebook)


LINK, PIPE, BLOCK, CHAR = (kind | 0o644 for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK, stat.S_IFCHR))
REFUSED = {
    "a path that climbs out": (zipped([*base(), ("../../evil.py", "x")]), "unsafe_path"),
    "a path that climbs out from within": (
        zipped([*base(), ("lib/backprop/../../../evil.py", "x")]),
        "unsafe_path",
    ),
    "an absolute path": (zipped([*base(), ("/tmp/evil.py", "x")]), "unsafe_path"),
    "a climb with backslashes": (zipped([*base(), ("..\\..\\evil.py", "x")]), "unsafe_path"),
    "a drive letter": (zipped([*base(), ("C:\\evil.py", "x")]), "unsafe_path"),
    "a share": (zipped([*base(), ("\\\\server\\evil.py", "x")]), "unsafe_path"),
    "a link as notebook": (zipped([*base("flat.ipynb"), (entry("flat.ipynb", LINK), "/etc/passwd")]), "link"),
    "a link as module": (
        zipped([("flat.ipynb", as_bytes(answered())), (entry("lib/backprop/flat.py", LINK), "../../../x")]),
        "link",
    ),
    "a password": (locked(), "encrypted"),
    "a bomb": (zipped([*base(), ("flat2.ipynb", b"\0" * 20_000_000)]), "zip_bomb"),
    "a bomb in a file nobody reads": (zipped([*base(), ("zeros.bin", b"\0" * 20_000_000)]), "zip_bomb"),
    "a declared size that lies": (lying_size(), "not_a_zip"),
    "too much in all": (zipped([*base(), ("noise.bin", random.Random(0).randbytes(2_100_000))]), "too_large"),
    "too many files": (zipped([*base(), *((f"f{n}", "") for n in range(5001))]), "too_many_files"),
    "a tree too deep": (zipped([*base(), ("d/" * 300 + "x", "")]), "too_deep"),
    "two files of one name": (None, "duplicate_entry"),
    "modules that clash in case": (zipped([*base(), ("lib/backprop/FLAT.py", "x = 1")]), "case_clash"),
    "notebooks that clash in case": (zipped([*base(), ("Flat.ipynb", "{}")]), "case_clash"),
    "an empty file": (b"", "wrong_format"),
    "noise": (random.Random(1).randbytes(5000), "not_a_zip"),
    "a zip cut in half": (zipped(base())[:200], "not_a_zip"),
    "a RAR": (b"Rar!\x1a\x07\x01\x00" + b"\0" * 100, "wrong_format"),
    "a 7-Zip archive": (b"7z\xbc\xaf\x27\x1c" + b"\0" * 100, "wrong_format"),
    "the login page of a web site": (b"\n<!DOCTYPE html><html><body>Log in", "wrong_format"),
    "the pointer of Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "wrong_format"),
    "a tar without its mark": (b"flat.ipynb" + b"\0" * 600, "not_a_zip"),
    "a file and a folder of one name": (zipped([*base(), ("flat.ipynb/x.txt", "")]), "duplicate_entry"),
    "packed by LZMA": (packed(zipfile.ZIP_LZMA), "not_a_zip"),
    "packed by bzip2": (packed(zipfile.ZIP_BZIP2), "not_a_zip"),
    "a bad checksum": (bad_checksum(), "not_a_zip"),
    "a tar that climbs out": (tarred([*base(), ("../evil.py", b"x")]), "unsafe_path"),
    "a tar cut in half": (gzip.compress(tarred(base())[:2000]), "not_a_zip"),
    "gzip cut in half": (gzip.compress(tarred(base()))[:-9], "not_a_zip"),
    "xz of noise": (b"\xfd7zXZ\0" + random.Random(4).randbytes(3000), "not_a_zip"),
    "gzip of nothing": (gzip.compress(b""), "not_a_zip"),
    "a tar whose header has a wrong sum": (tarred(base()).replace(b"flat.ipynb", b"float.ipyn", 1), "not_a_zip"),
    "a tar with a name of a megabyte": (tarred([*base(), ("a" * 2**20, b"")]), "not_a_zip"),
    "a bomb in gzip": (gzip.compress(bytes(20_000_000)), "too_large"),
    "a bomb in bzip2": (bz2.compress(bytes(20_000_000)), "too_large"),
    "a bomb in xz": (lzma.compress(bytes(20_000_000)), "too_large"),
    "an empty zip": (zipped([]), "no_notebook"),
    "a zip in a zip in a zip": (zipped([("a.zip", zipped([("b.zip", zipped(base()))]))]), "no_notebook"),
    "only __MACOSX": (
        zipped([("__MACOSX/flat.ipynb", "{}"), ("__MACOSX/lib/backprop/flat.py", "")]),
        "no_notebook",
    ),
    "a compression nobody knows": (None, "not_a_zip"),
    "a module of 3 MB": (
        zipped(
            [
                *base("lib/backprop/flat.py"),
                ("lib/backprop/flat.py", random.Random(2).randbytes(1_500_000) * 1),
            ]
        ),
        "too_large",
    ),
    "lib without modules": (
        zipped([("flat.ipynb", as_bytes(answered())), ("lib/backprop/x.txt", "")]),
        "no_lib",
    ),
    "modules with impossible names": (
        zipped([("flat.ipynb", as_bytes(answered())), ("lib/backprop/a-b\n.py", "")]),
        "no_lib",
    ),
}
NOTEBOOKS = {
    "too large": (
        b'{"cells": "' + random.Random(3).randbytes(110_000).hex().encode() + b'"}',
        "notebook_too_large",
    ),
    "nested 100,000 deep": (nested_json(100_000), "notebook_too_deep"),
    "nested 100,000 objects deep": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "notebook_too_deep"),
    "opened and never closed": (b"[" * 150_000, "notebook_too_deep"),
    "UTF-16": (as_bytes(answered()).decode().encode("utf-16"), "notebook_not_utf8"),
    "Latin-1": ('{"cells": ["é"]}'.encode("latin-1"), "notebook_not_utf8"),
    "empty": (b"", "notebook_not_json"),
    "cut off": (as_bytes(answered())[:-10], "notebook_not_json"),
    "a pickle": (b"\x80\x04\x95\x0b\x00", "notebook_not_utf8"),
    "the marks of a merge": (b"<<<<<<< HEAD\n" + as_bytes(answered()), "notebook_not_json"),
    "a number of 5000 digits": (b'{"nbformat": ' + b"4" * 5000 + b"}", "notebook_not_json"),
    "a list": (b"[1, 2]", "notebook_invalid"),
    "a number": (b"4", "notebook_invalid"),
    "null": (b"null", "notebook_invalid"),
    "format 3": (notebook_with(nbformat=3), "notebook_old"),
    "format 99": (notebook_with(nbformat=99), "notebook_old"),
    "format true": (notebook_with(nbformat=True), "notebook_old"),
    "format of 100 digits": (notebook_with(nbformat=10**100), "notebook_old"),
    "no cells": (notebook_with(cells=[]), "notebook_invalid"),
    "cells that are a dictionary": (notebook_with(cells={"0": {}}), "notebook_invalid"),
    "cells that are numbers": (notebook_with(cells=[1, 2]), "notebook_invalid"),
    "3000 cells": (notebook_with(cells=[{"cell_type": "raw"}] * 3000), "notebook_invalid"),
    "a cell of no known type": (cell_with(cell_type="task"), "notebook_invalid"),
    "a cell whose type is a list": (cell_with(cell_type=["code"]), "notebook_invalid"),
    "a source that is a number": (cell_with(source=3), "notebook_invalid"),
    "a source with a number in it": (cell_with(source=["a", 3]), "notebook_invalid"),
    "metadata that is a list": (cell_with(metadata=[]), "notebook_invalid"),
    "metadata that is null": (cell_with(metadata=None), "notebook_invalid"),
}
REPAIRED = {
    "nbgrader settings that are a list": cell_with(metadata={"nbgrader": [1]}),
    "a grade_id that is a dictionary": cell_with(metadata={"nbgrader": {"grade_id": {}}}),
    "a grade_id with a line break": cell_with(metadata={"nbgrader": {"grade_id": "x\n\x1b[31m<script>"}}),
    "a grade_id of a megabyte": cell_with(metadata={"nbgrader": {"grade_id": "x" * 100_000}}),
    "an id that is a list": cell_with(id=["x"]),
    "an id with a slash": cell_with(id="../../x"),
    "half a character": cell_with(source="\ud800 half"),
    "attachments that are a list": cell_with(attachments=[1]),
    "a byte order mark": b"\xef\xbb\xbf" + as_bytes(answered()),
    "a minor format that is a list": notebook_with(nbformat_minor=[]),
    "NaN in the metadata": as_bytes(answered()).replace(b'"metadata": {', b'"metadata": {"x": NaN, ', 1),
    "notebook metadata that is a list": notebook_with(metadata=[1]),
    "the same key twice": as_bytes(answered())[:-1] + b', "metadata": {"kernelspec": 1}}',
}


def bad_bytes(name: str) -> bytes:
    data = REFUSED[name][0]
    if name == "two files of one name":
        with pytest.warns(UserWarning, match="Duplicate"):
            return zipped([*base(), ("lib/backprop/flat.py", "another = 1")])
    if name == "a compression nobody knows":
        changed = bytearray(zipped(base()))
        struct.pack_into("<H", changed, changed.find(b"PK\x01\x02") + 10, 97)
        struct.pack_into("<H", changed, 8, 97)
        return bytes(changed)
    return data


def assert_contained(room: Room) -> None:
    """Nothing was written but below classroom/, and nothing there is a link or can be executed."""
    assert {path.name for path in room.root.iterdir()} <= {"sent", "classroom", "flat.ipynb", "outside"}
    for path in (room.root / "classroom").rglob("*"):
        assert not path.is_symlink() and (path.is_dir() or path.is_file())


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_zip_is_refused_by_name_and_the_class_goes_on(room, name):
    (room.sent / "mal.zip").write_bytes(bad_bytes(name))
    make_zip(room.sent / "zoe.zip", good())
    receipts = room.run(limits=Limits(notebook=200_000, total=2_000_000, module=1_000_000))
    assert (receipts["mal"].status, receipts["mal"].code) == ("refused", REFUSED[name][1])
    assert receipts["mal"].message and receipts["mal"].message.isprintable()
    assert receipts["zoe"].status == "accepted"
    room.notebook("mal")
    assert_contained(room)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_hostile_notebook_is_refused_by_name_and_replaced(room, name):
    data, code = NOTEBOOKS[name]
    make_zip(room.sent / "mal.zip", {**good(), "flat.ipynb": data})
    make_zip(room.sent / "zoe.zip", good())
    receipts = room.run(limits=SMALL if code == "notebook_too_large" else None)
    assert (receipts["mal"].status, receipts["mal"].code) == ("refused", code)
    assert receipts["mal"].message.isprintable()
    assert receipts["zoe"].status == "accepted"
    assert (room.submitted / "mal" / "flat" / "flat.ipynb").read_bytes() == room.released.read_bytes()


@pytest.mark.parametrize("name", REPAIRED)
def test_an_odd_notebook_is_made_whole(room, name):
    make_zip(room.sent / "mal.zip", {**good(), "flat.ipynb": REPAIRED[name]})
    receipt = room.run()["mal"]
    assert receipt.status in ("accepted", "repaired") and receipt.code is None
    assert receipt.message.isprintable() and len(receipt.message) <= 500
    assert room.notebook("mal").cells[1].source == "predicted = {'f': 1}"


def test_nbgrader_accepts_every_repaired_notebook(room):
    from nbgrader.nbgraderformat import MetadataValidator

    for number, data in enumerate(REPAIRED.values()):
        make_zip(room.sent / f"s{number}.zip", {**good(), "flat.ipynb": data})
    for student in room.run():
        MetadataValidator().validate_nb(room.notebook(student))


@pytest.mark.parametrize("mode", [LINK, PIPE, BLOCK, CHAR])
def test_links_and_devices_beside_the_work_are_left_out(room, mode):
    (room.sent / "mal.zip").write_bytes(zipped([*base(), (entry("venv/bin/python", mode), "/usr/bin/python")]))
    receipt = room.run()["mal"]
    assert receipt.status == "repaired" and codes(receipt) & {"dropped_link", "dropped_special"}
    assert_contained(room)


@pytest.mark.parametrize(
    "name",
    [
        "a\x00b.py",
        "é\udcff.txt".encode("utf-8", "replace").decode(),
        "‮txt.exe",
        "con.py",
        "a" * 5000,
        " ",
        "é" * 300,
    ],
)
def test_odd_names_of_other_files_do_no_harm(room, name):
    (room.sent / "mal.zip").write_bytes(zipped([*base(), (name, "x"), (f"lib/backprop/{name}", "x")]))
    receipt = room.run()["mal"]
    assert receipt.code is None
    assert_contained(room)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("how", ["", "gz", "bz2", "xz"])
def test_a_tar_is_taken_however_it_is_packed_and_called(room, form, how):
    folder = "a/" + "long" * 24 + "/ü" if form != tarfile.USTAR_FORMAT else "a"
    (room.sent / "ada.zip").write_bytes(tarred([(f"{folder}/{name}", data) for name, data in base()], how, form))
    receipt = room.run()["ada"]
    assert receipt.code is None and codes(receipt) == {"moved"}
    assert room.notebook("ada").cells[1].source == "predicted = {'f': 1}"


def test_links_and_devices_in_a_tar_are_left_out(room):
    out = io.BytesIO(tarred(base()))
    with tarfile.open(fileobj=out, mode="a") as archive:
        for name, kind in (("lib/backprop/x.py", tarfile.SYMTYPE), ("lib/backprop/y.py", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    (room.sent / "mal.tar").write_bytes(out.getvalue())
    receipt = room.run()["mal"]
    assert receipt.code is None and {"dropped_link", "dropped_special"} <= codes(receipt)
    assert_contained(room)


def test_a_name_in_an_unknown_encoding_does_no_harm(room):
    data = zipped([*base(), ("XXXX.txt", "x")]).replace(b"XXXX", b"\xff\xfe\x80\x81")
    (room.sent / "mal.zip").write_bytes(data)
    assert room.run()["mal"].status == "accepted"


def test_a_folder_with_links_is_not_followed(room):
    outside = room.root / "outside"
    outside.mkdir()
    (outside / "secret.py").write_text("secret = 1\n")
    folder = room.sent / "mal"
    (folder / "lib").mkdir(parents=True)
    (folder / "flat.ipynb").write_bytes(as_bytes(answered()))
    (folder / "lib" / "backprop").symlink_to(outside)
    assert room.run()["mal"].code == "no_lib"
    (folder / "lib" / "backprop").unlink()
    (folder / "lib" / "backprop").mkdir()
    (folder / "lib" / "backprop" / "flat.py").symlink_to(outside / "secret.py")
    assert room.run()["mal"].code == "link"
    (folder / "lib" / "backprop" / "flat.py").unlink()
    os.link(outside / "secret.py", folder / "lib" / "backprop" / "flat.py")
    assert room.run()["mal"].code == "link"
    assert "secret" not in "".join(p.read_text() for p in room.submitted.rglob("*") if p.is_file())


def test_a_pipe_in_a_folder_is_not_opened(room):
    folder = room.sent / "mal"
    (folder / "lib" / "backprop").mkdir(parents=True)
    os.mkfifo(folder / "flat.ipynb")
    (folder / "lib" / "backprop" / "flat.py").write_bytes(MODULE)
    receipt = room.run()["mal"]
    assert receipt.code == "no_notebook" and "dropped_special" in codes(receipt)


def test_a_hand_in_that_is_a_link_is_refused(room):
    (room.root / "outside").write_bytes(zipped(base()))
    (room.sent / "mal.zip").symlink_to(room.root / "outside")
    assert room.run()["mal"].code == "link"


def test_a_folder_that_loops_or_is_deep_ends(room):
    folder = room.sent / "mal"
    deep = folder.joinpath(*["d"] * 60)
    deep.mkdir(parents=True)
    (folder / "loop").symlink_to(folder)
    assert room.run()["mal"].code == "too_deep"


def test_a_huge_tree_ends(room):
    folder = room.sent / "mal"
    folder.mkdir()
    for number in range(60):
        (folder / str(number)).touch()
    assert room.run(limits=Limits(entries=50))["mal"].code == "too_many_files"


def test_a_place_that_is_a_link_is_not_written_through(room):
    outside = room.root / "outside"
    outside.mkdir()
    (room.submitted / "ada").mkdir(parents=True)
    (room.submitted / "ada" / "flat").symlink_to(outside)
    make_zip(room.sent / "ada.zip", good())
    assert room.run()["ada"].status == "accepted"
    assert list(outside.iterdir()) == [] and not (room.submitted / "ada" / "flat").is_symlink()


def test_inspecting_in_place_does_not_follow_links_either(room):
    (room.root / "outside").write_text("secret")
    folder = put_by_hand(room, {"lib/backprop/flat.py": MODULE})
    (folder / "flat.ipynb").symlink_to(room.root / "outside")
    (folder / "timestamp.txt").symlink_to(room.root / "outside")
    assert inspect(folder, "flat", room.released).code == "link"
    assert (folder / "flat.ipynb").read_bytes() == room.released.read_bytes()


def test_a_manifest_made_to_hurt_is_only_a_remark(room):
    for number, manifest in enumerate([b"[" * 90_000, b"\xff", b'{"created": 5}', b'{"created": "\x1b[31m"}', b"null"]):
        make_zip(room.sent / f"s{number}.zip", {**good(), "manifest.json": manifest})
    assert {receipt.status for receipt in room.run().values()} == {"accepted"}


def test_a_bomb_takes_little_memory(room):
    """300 MB of zeros in 1.3 MB: refused from the directory alone."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("a.ipynb", "w") as stream,
    ):
        for _ in range(300):
            stream.write(bytes(2**20))
    (room.sent / "mal.zip").write_bytes(out.getvalue())
    tracemalloc.start()
    try:
        assert room.run()["mal"].code == "zip_bomb"
        assert tracemalloc.get_traced_memory()[1] < 30e6
    finally:
        tracemalloc.stop()


def test_text_made_to_slow_the_scan_takes_linear_time():
    import time

    def seconds(number: int) -> float:
        """The least of three scans of an unclosed string of `number` escapes, and of as many quotes."""
        texts, times = (b'"' + b'\\"' * number + b"\\", b'"\\' * number), []
        for _ in range(3):
            begin = time.process_time()
            for text in texts:
                json_shape(text, 10)
            times.append(time.process_time() - begin)
        return min(times)

    assert seconds(800_000) < 40 * seconds(80_000), "ten times the text may take ten times as long, not a hundred"


def test_brackets_in_strings_do_not_count_as_depth():
    assert json_shape(json.dumps({"a": "[" * 500, 'b"': ["\\", ']]\\"']}).encode(), 1000) == (2, 2, 2)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_zip_with_any_byte_changed_never_stops_the_intake(tmp_path_factory, data):
    content = bytearray(zipped(base()))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    room = Room(tmp_path_factory.mktemp("any"))
    (room.sent / "mal.zip").write_bytes(bytes(content))
    receipt = room.run()["mal"]
    assert receipt.code != "intake_error"
    room.notebook("mal")
    assert_contained(room)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@hypothesis_settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_notebook_with_any_value_anywhere_is_refused_or_made_whole(tmp_path_factory, data):
    notebook = json.loads(as_bytes(answered()))
    here = notebook
    for _ in range(data.draw(st.integers(0, 4))):
        key = (
            data.draw(st.sampled_from(sorted(here)))
            if isinstance(here, dict)
            else data.draw(st.integers(0, len(here) - 1))
        )
        if not isinstance(here[key], dict | list) or not here[key]:
            break
        here = here[key]
    key = (
        data.draw(st.sampled_from(sorted(here))) if isinstance(here, dict) else data.draw(st.integers(0, len(here) - 1))
    )
    here[key] = data.draw(json_values)
    room = Room(tmp_path_factory.mktemp("any"))
    make_zip(room.sent / "mal.zip", {**good(), "flat.ipynb": as_bytes(notebook)})
    receipt = room.run()["mal"]
    assert receipt.code != "intake_error"
    nbformat.validate(room.notebook("mal"))


def test_every_code_of_a_refusal_is_shown_by_a_test():
    from autograder.intake import REFUSALS

    shown = {code for _, code in (*REFUSED.values(), *NOTEBOOKS.values())}
    elsewhere = {"no_student", "unreadable", "two_notebooks", "intake_error"}
    assert set(REFUSALS) == shown | elsewhere


def test_an_error_of_the_intake_itself_is_told_and_the_class_goes_on(room, monkeypatch):
    from autograder.intake import standing as package

    make_zip(room.sent / "ada.zip", good())
    make_zip(room.sent / "bob.zip", good())
    real = package.examine

    def fails_for_ada(files, assignment, release, limits, receipt):
        if receipt.student == "ada":
            raise RecursionError
        return real(files, assignment, release, limits, receipt)

    monkeypatch.setattr(package, "examine", fails_for_ada)
    receipts = room.run()
    assert receipts["ada"].code == "intake_error" and receipts["bob"].status == "accepted"


def test_nothing_of_a_student_is_imported_or_run(room, tmp_path):
    bait = f"open({str(tmp_path / 'outside')!r}, 'w').write('ran')\n"
    notebook = answered()
    notebook.cells[1].source = bait
    names = ["flat", "__init__", "conftest", "sitecustomize", "torch", "json"]
    make_zip(room.sent / "mal.zip", {**good(notebook), **{f"lib/backprop/{name}.py": bait for name in names}})
    assert room.run()["mal"].status == "accepted"
    assert not Path(tmp_path / "outside").exists()
