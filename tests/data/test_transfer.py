"""Against a small server on this machine that breaks the line, ignores ranges or lies."""

import http.server
import threading
from typing import ClassVar

import pytest
import requests

from recon_lib.core.errors import ReconError
from recon_lib.data import transfer

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(transfer, "CHUNK", 10)  # what is lost when the line breaks is less than a chunk

    class Handler(http.server.BaseHTTPRequestHandler):
        asked: ClassVar[list[str | None]] = []
        cuts: ClassVar[list[int]] = []  # bytes after which each request's line breaks; whole when used up
        statuses: ClassVar[list[int]] = []
        ranges = True
        lie = 0

        def do_GET(self):
            wanted = self.headers.get("Range")
            Handler.asked.append(wanted)
            if Handler.statuses and (status := Handler.statuses.pop(0)) != 200:
                self.send_error(status)
                return
            start = int(wanted[6:-1]) if wanted and Handler.ranges else 0
            if start >= len(CONTENT):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if start:
                shown = start + Handler.lie
                self.send_header("Content-Range", f"bytes {shown}-{len(CONTENT) - 1}/{len(CONTENT)}")
            self.send_header("Content-Length", str(len(CONTENT) - start))
            self.end_headers()
            cut = Handler.cuts.pop(0) if Handler.cuts else len(CONTENT)
            self.wfile.write(CONTENT[start : start + cut])

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        Handler.url = f"http://127.0.0.1:{running.server_port}/file"
        yield Handler
        running.shutdown()
        thread.join()


@pytest.fixture
def part(tmp_path):
    return tmp_path / "file.part"


def test_a_whole_download(server, part):
    transfer.download(server.url, part, size=len(CONTENT))
    assert part.read_bytes() == CONTENT
    assert server.asked == [None]


@pytest.mark.parametrize("size", [len(CONTENT), 0])
def test_a_broken_download_goes_on_where_it_stopped(server, part, size):
    server.cuts[:] = [3000, 2000]
    transfer.download(server.url, part, size=size, pause=0)
    assert part.read_bytes() == CONTENT
    assert server.asked == [None, "bytes=3000-", "bytes=5000-"]


def test_what_a_killed_process_left_is_kept(server, part):
    part.write_bytes(CONTENT[:7000])
    transfer.download(server.url, part, size=len(CONTENT))
    assert part.read_bytes() == CONTENT
    assert server.asked == ["bytes=7000-"]


def test_a_complete_part_asks_nothing(server, part):
    part.write_bytes(CONTENT)
    transfer.download(server.url, part, size=len(CONTENT))
    assert server.asked == []


def test_a_server_without_ranges_starts_again(server, part):
    server.ranges = False
    server.cuts[:] = [3000]
    transfer.download(server.url, part, size=len(CONTENT), pause=0)
    assert part.read_bytes() == CONTENT
    assert server.asked == [None, "bytes=3000-"]  # the second answer was the whole file


def test_a_wrong_range_is_not_glued_on(server, part):
    server.lie = 5
    part.write_bytes(CONTENT[:100])
    transfer.download(server.url, part, size=len(CONTENT), pause=0)
    assert part.read_bytes() == CONTENT
    assert server.asked == ["bytes=100-", None]


@pytest.mark.parametrize("size", [len(CONTENT), 0])
def test_a_part_that_is_too_long_starts_again(server, part, size):
    part.write_bytes(b"x" * (len(CONTENT) + 1))
    transfer.download(server.url, part, size=size, pause=0)
    assert part.read_bytes() == CONTENT


def test_a_file_longer_than_expected_is_refused_and_removed(server, part):
    with pytest.raises(ReconError, match=f"sent {len(CONTENT)} bytes where 100 were expected"):
        transfer.download(server.url, part, size=100, attempts=2, pause=0)
    assert not part.exists()


def test_a_download_that_stays_truncated_says_so(server, part):
    server.cuts[:] = [10, 10, 10]
    with pytest.raises(ReconError, match=r"Cannot download .*check the network, or set RECON_DATA_MIRROR"):
        transfer.download(server.url, part, size=len(CONTENT), attempts=3, pause=0)
    assert part.read_bytes() == CONTENT[:30]  # kept for the next time


def test_a_file_that_ends_too_early_without_a_word_is_noticed(part):
    class Answer:
        status_code = 200
        headers: ClassVar = {"Content-Length": "4"}

        def __enter__(self):
            return self

        def __exit__(self, *args):
            return None

        def iter_content(self, _):
            yield b"abcd"

    with pytest.raises(ReconError, match="broke off after 4 of 10 bytes"):
        transfer.download("https://example.org/a", part, size=10, attempts=1, get=lambda *a, **k: Answer())


def test_a_busy_server_is_asked_again(server, part):
    server.statuses[:] = [503, 429, 200]
    transfer.download(server.url, part, size=len(CONTENT), pause=0)
    assert part.read_bytes() == CONTENT


def test_a_refusal_is_final(server, part):
    server.statuses[:] = [404, 200]
    with pytest.raises(ReconError, match=r"HTTP status 404.*RECON_DATA_MIRROR"):
        transfer.download(server.url, part, pause=0)
    assert server.asked == [None]


def test_no_network_says_what_to_set(part):
    calls = []

    def unreachable(*args, **kwargs):
        calls.append(kwargs["timeout"])
        raise requests.ConnectionError("Name or service not known")

    with pytest.raises(ReconError, match=r"example\.org/a .*check the network, or set RECON_DATA_MIRROR"):
        transfer.download("https://example.org/a", part, attempts=3, pause=0, get=unreachable)
    assert calls == [transfer.TIMEOUT] * 3
    assert not part.exists()


def test_pauses_double(part, monkeypatch):
    waited = []
    monkeypatch.setattr(transfer.time, "sleep", waited.append)

    def unreachable(*args, **kwargs):
        raise requests.ConnectionError

    with pytest.raises(ReconError):
        transfer.download("https://example.org/a", part, attempts=4, pause=0.5, get=unreachable)
    assert waited == [0.5, 1.0, 2.0]
