"""Downloads, from a server of these tests: resumed, checked, taken from the next mirror, explained where they fail."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from toolbox.datasets import download
from toolbox.datasets.digits import DataError

CONTENT = bytes(range(256)) * 2000
FILE = "images.gz"


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT as its server says: `breaks` many times it stops half-way, `content` may be another, and so on."""

    def do_GET(self):
        server = self.server
        asked = self.headers.get("Range")
        server.asked.append(asked)
        if server.status != 200:
            self.send_error(server.status)
            return
        data, begin = server.content, 0
        if asked and server.ranges:
            begin = int(re.fullmatch(r"bytes=(\d+)-", asked).group(1))
            if begin >= len(data):
                self.send_error(416)
                return
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin + server.slip}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - begin))
        self.end_headers()
        rest = data[begin:]
        if server.breaks:
            server.breaks -= 1
            self.wfile.write(rest[: len(rest) // 2])
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.wfile.write(rest)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    servers = []

    def serve(content=CONTENT, breaks=0, status=200, ranges=True, slip=0):
        one = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        one.content, one.breaks, one.status, one.ranges, one.slip, one.asked = content, breaks, status, ranges, slip, []
        threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(one)
        return one

    yield serve
    for one in servers:
        one.shutdown()
        one.server_close()


@pytest.fixture
def get(tmp_path, monkeypatch):
    """fetch() of FILE from the given servers, into tmp_path."""

    def get(*servers):
        monkeypatch.setattr(download, "PAUSE", 0.0)
        monkeypatch.setitem(download.FILES, "set", {FILE: hashlib.sha256(CONTENT).hexdigest()})
        addresses = [s if isinstance(s, str) else f"http://127.0.0.1:{s.server_port}/" for s in servers]
        monkeypatch.setitem(download.MIRRORS, "set", addresses)
        return download.fetch("set", FILE, tmp_path / "set")

    return get


def test_a_file_is_downloaded_once_and_then_found(get, server):
    one = server()
    path = get(one)
    assert path.read_bytes() == CONTENT and path.name == FILE
    assert get(one) == path and len(one.asked) == 1
    assert [file.name for file in path.parent.iterdir()] == [FILE], "something was left lying about"


def test_a_download_that_breaks_off_goes_on_where_it_broke_off(get, server):
    one = server(breaks=2)
    assert get(one).read_bytes() == CONTENT
    first, *rest = one.asked
    begins = [int(re.fullmatch(r"bytes=(\d+)-", asked).group(1)) for asked in rest]
    # a chunk that had not arrived whole is asked for again
    assert first is None and 0.3 * len(CONTENT) < begins[0] < 0.55 * len(CONTENT) < begins[1] < 0.8 * len(CONTENT)


def test_what_a_killed_download_left_is_gone_on_with(get, server, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / f"{FILE}.part").write_bytes(CONTENT[:1000])
    one = server()
    assert get(one).read_bytes() == CONTENT and one.asked == ["bytes=1000-"]


def test_the_next_mirror_goes_on_with_what_the_first_one_sent(get, server):
    first, second = server(breaks=9), server()
    assert get(first, second).read_bytes() == CONTENT
    assert len(first.asked) == download.TRIES and second.asked[0].startswith("bytes=")


def test_a_server_that_knows_no_ranges_is_asked_for_all_again(get, server):
    one = server(breaks=1, ranges=False)
    assert get(one).read_bytes() == CONTENT and len(one.asked) == 2


def test_a_rest_that_begins_elsewhere_is_not_glued_on(get, server):
    one = server(breaks=1, slip=7)
    assert get(one).read_bytes() == CONTENT
    assert one.asked[-1] is None


@pytest.mark.parametrize("left", [CONTENT + b"more", CONTENT])
def test_a_part_with_no_rest_is_thrown_away(get, server, tmp_path, left):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / f"{FILE}.part").write_bytes(left)
    one = server()
    assert get(one).read_bytes() == CONTENT and one.asked[-1] is None


def test_another_file_than_the_published_one_is_refused_and_the_next_mirror_asked(get, server, tmp_path):
    bad, good = server(content=b"<html>log in first</html>"), server()
    assert get(bad, good).read_bytes() == CONTENT
    (tmp_path / "set" / FILE).unlink()
    with pytest.raises(DataError, match="sha256 differs"):
        get(bad)
    assert not (tmp_path / "set" / FILE).exists(), "a wrong file was kept"
    assert get(bad, good).read_bytes() == CONTENT


def test_a_wrong_part_spoils_one_try_only(get, server, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / f"{FILE}.part").write_bytes(b"wrong" * 100)
    first, second = server(), server()
    assert get(first, second).read_bytes() == CONTENT
    assert second.asked == [None], "the wrong part was kept"


def test_a_damaged_file_on_disk_is_downloaded_again(get, server, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / FILE).write_bytes(CONTENT[:-1])
    assert get(server()).read_bytes() == CONTENT


def test_where_nothing_answers_each_mirror_is_named_with_its_reason_and_the_way_out(get, server, tmp_path):
    gone = server(status=404)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        with pytest.raises(DataError) as error:
            get(gone, address)
    text = str(error.value)
    assert "404" in text and f"{address}: the connection failed" in text
    assert f"copy {FILE} into {tmp_path / 'set'}" in text and "BACKPROP_KIT_DATA" in text
    assert len(gone.asked) == 1, "a file that is not there was asked for again and again"


def test_every_file_has_a_sum_and_two_mirrors_at_least():
    for name, files in download.FILES.items():
        assert len(download.mirrors(name)) >= 2
        assert all(re.fullmatch(r"https?://.+/", mirror) for mirror in download.mirrors(name))
        for digest in files.values():
            assert re.fullmatch("[0-9a-f]{64}", digest)
