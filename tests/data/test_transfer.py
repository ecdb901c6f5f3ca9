"""Against a small server on this machine that breaks the line, ignores ranges or lies."""

import http.server
import socket
import threading
import time
from typing import ClassVar

import pytest

from recon_lib.core.errors import ReconError
from recon_lib.data import transfer

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(transfer, "CHUNK", 10)  # what is lost when the line breaks is less than a chunk

    class Handler(http.server.BaseHTTPRequestHandler):
        ranges: ClassVar[list[str | None]] = []  # what each request asked for
        cuts: ClassVar[list[int]] = []  # bytes after which each request's line breaks; whole when used up
        statuses: ClassVar[list[int]] = []
        headers_of_refusal: ClassVar[dict[str, str]] = {}
        resumes = True
        states_length = True
        in_chunks = False  # the length of the whole is not known then
        lie = 0

        def do_GET(self):
            span = self.headers.get("Range")
            Handler.ranges.append(span)
            if Handler.statuses and (status := Handler.statuses.pop(0)) != 200:
                self.send_response(status)
                for name, value in {"Content-Length": "0", **Handler.headers_of_refusal}.items():
                    self.send_header(name, value)
                self.end_headers()
                return
            start = int(span[6:-1]) if span and Handler.resumes else 0
            if start >= len(CONTENT):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start + Handler.lie}-{len(CONTENT) - 1}/{len(CONTENT)}")
            if Handler.in_chunks:
                self.send_header("Transfer-Encoding", "chunked")
            elif Handler.states_length:
                self.send_header("Content-Length", str(len(CONTENT) - start))
            self.end_headers()
            cut = Handler.cuts.pop(0) if Handler.cuts else len(CONTENT)
            content = CONTENT[start : start + cut]
            if not Handler.in_chunks:
                self.wfile.write(content)
                return
            self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
            if start + cut >= len(CONTENT):
                self.wfile.write(b"0\r\n\r\n")

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
def waits(monkeypatch):
    """Return the seconds that were waited, without waiting them."""
    seconds = []
    monkeypatch.setattr("time.sleep", seconds.append)
    return seconds


@pytest.fixture
def part(tmp_path):
    return tmp_path / "file.part"


def test_a_whole_download(server, part):
    transfer.download(server.url, part, size=len(CONTENT))
    assert part.read_bytes() == CONTENT
    assert server.ranges == [None]


@pytest.mark.parametrize("size", [len(CONTENT), 0])
def test_a_broken_download_goes_on_where_it_stopped(server, part, size):
    server.cuts[:] = [3000, 2000]
    transfer.download(server.url, part, size=size, pause=0)
    assert part.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=3000-", "bytes=5000-"]


def test_a_download_of_unknown_length_that_breaks_is_not_taken_for_whole(server, part):
    server.in_chunks = True
    server.cuts[:] = [3000]
    transfer.download(server.url, part, pause=0)
    assert part.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=3000-"]


def test_the_usual_pause_is_a_second(server, part, waits):
    server.statuses[:] = [503, 503, 503]
    transfer.download(server.url, part, size=len(CONTENT))
    assert waits == [2.0, 4.0]


def test_what_a_killed_process_left_is_kept(server, part):
    part.write_bytes(CONTENT[:7000])
    transfer.download(server.url, part, size=len(CONTENT))
    assert part.read_bytes() == CONTENT
    assert server.ranges == ["bytes=7000-"]


def test_a_complete_part_asks_nothing(server, part):
    part.write_bytes(CONTENT)
    transfer.download(server.url, part, size=len(CONTENT))
    assert server.ranges == []


def test_a_server_without_ranges_starts_again(server, part):
    server.resumes = False
    server.cuts[:] = [3000]
    transfer.download(server.url, part, size=len(CONTENT), pause=0)
    assert part.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=3000-"]  # the second answer was the whole file


def test_a_wrong_range_is_not_glued_on(server, part):
    server.lie = 5
    part.write_bytes(CONTENT[:100])
    transfer.download(server.url, part, size=len(CONTENT), pause=0)
    assert part.read_bytes() == CONTENT
    assert server.ranges == ["bytes=100-", None]


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


def test_a_file_that_ends_too_early_without_a_word_is_noticed_and_gone_on_with(server, part):
    server.states_length = False
    server.cuts[:] = [4, len(CONTENT)]
    transfer.download(server.url, part, size=len(CONTENT), pause=0)
    assert part.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=4-"]
    part.unlink()
    server.cuts[:] = [4]
    with pytest.raises(ReconError, match=f"broke off after 4 of {len(CONTENT)} bytes"):
        transfer.download(server.url, part, size=len(CONTENT), attempts=1)


def test_a_server_that_fails_twice_with_503_serves_then(server, part, waits):
    server.statuses[:] = [503, 503, 200]
    transfer.download(server.url, part, size=len(CONTENT), pause=0.5)
    assert part.read_bytes() == CONTENT
    assert server.ranges == [None] * 3
    assert waits == [1.0]  # urllib3 does not wait before the second attempt


@pytest.mark.parametrize("status", transfer.PASSING)
def test_every_passing_status_is_asked_again(server, part, status):
    server.statuses[:] = [status, 200]
    transfer.download(server.url, part, size=len(CONTENT), pause=0)
    assert part.read_bytes() == CONTENT


def test_failures_and_a_line_that_breaks_in_the_middle_end_in_the_whole_file(server, part):
    server.statuses[:] = [503, 200, 503, 503, 200]
    server.cuts[:] = [3000]
    transfer.download(server.url, part, size=len(CONTENT), pause=0)
    assert part.read_bytes() == CONTENT
    assert server.ranges == [None, None, *["bytes=3000-"] * 3]


def test_a_server_that_stays_busy_is_named_after_all_attempts(server, part):
    server.statuses[:] = [503] * 9
    with pytest.raises(ReconError, match=r"\(HTTP status 503\): check the network, or set RECON_DATA_MIRROR"):
        transfer.download(server.url, part, attempts=3, pause=0)
    assert len(server.ranges) == 3
    assert not part.exists()


@pytest.mark.parametrize(("header", "wait"), [("7", 7), ("86400", transfer.LONGEST_WAIT)])
def test_the_server_says_when_to_come_again_within_reason(server, part, waits, header, wait):
    server.statuses[:] = [429, 200]
    server.headers_of_refusal = {"Retry-After": header}
    transfer.download(server.url, part, size=len(CONTENT))
    assert waits == [wait]
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [404, 403, 501])
def test_a_refusal_is_final(server, part, status):
    server.statuses[:] = [status, 200]
    with pytest.raises(ReconError, match=rf"HTTP status {status}.*RECON_DATA_MIRROR"):
        transfer.download(server.url, part, pause=0)
    assert server.ranges == [None]


def test_no_network_says_what_to_set(part, waits):
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # a port where nobody listens
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}/a"
        with pytest.raises(ReconError, match=r"/a \(ConnectionError\): check the network, or set RECON_DATA_MIRROR"):
            transfer.download(url, part, attempts=4, pause=0.5)
    assert waits == [1.0, 2.0]
    assert not part.exists()


def test_a_server_that_never_answers_is_given_up(part, monkeypatch):
    monkeypatch.setattr(transfer, "TIMEOUT", (0.1, 0.1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/a"
        start = time.monotonic()
        with pytest.raises(ReconError, match="check the network"):
            transfer.download(url, part, attempts=2, pause=0)
        assert time.monotonic() - start < 10


def test_pauses_double_when_lines_break(server, part, waits):
    server.cuts[:] = [10, 10, 10, 10]
    with pytest.raises(ReconError, match="Cannot download"):
        transfer.download(server.url, part, size=len(CONTENT), attempts=4, pause=0.5)
    assert waits == [1.0, 2.0]
    assert part.read_bytes() == CONTENT[:40]
