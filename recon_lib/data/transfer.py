"""Downloads that survive a broken line.

An answer that never begins, or that asks to come again later, is left to urllib3's ``Retry``: it says how often to ask,
how long to wait, and which HTTP statuses pass. What ``Retry`` cannot do is ours: to go on from the bytes that a broken
answer left on the disk, since it never sees the body of a streamed answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from recon_lib.core.errors import ReconError

if TYPE_CHECKING:
    import requests
    from urllib3.util import Retry

CHUNK = 1 << 16
TIMEOUT = (10, 60)
"""Seconds to connect, and between two pieces."""
PASSING = (408, 425, 429, 500, 502, 503, 504)
"""HTTP statuses worth another attempt."""
LONGEST_WAIT = 120
"""Seconds that a server's ``Retry-After`` may ask for; a longer wait would look like a program that hangs."""


class _BrokenError(OSError):
    """The line broke, or the answer was not what was asked for; worth another attempt."""


def download(url: str, part: Path, *, size: int = 0, attempts: int = 4, pause: float = 1.0) -> None:
    """Download to a file, going on from what a broken attempt left there.

    The caller verifies the content; this only sees to its length.

    Args:
        url: The address.
        part: File to write; bytes it already holds are kept if the server can go on from there.
        size: Expected size in bytes, or 0 if it is not known.
        attempts: How often to ask for an answer, and how often an answer may break off.
        pause: Unit of the wait in seconds: none before the second attempt, 2 pauses before the third, 4 before the
            fourth. A server's ``Retry-After`` takes precedence, up to :data:`LONGEST_WAIT`.

    Raises:
        ReconError: The server refuses, or no attempt came through; the message says what to set.
    """
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.exceptions import MaxRetryError

    retries = _retries(attempts, pause)
    with requests.Session() as session:
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(max_retries=retries))
        while True:
            try:
                return _attempt(session, url, part, size)
            except requests.RequestException as error:
                raise _failure(url, type(error).__name__) from error
            except _BrokenError as error:
                try:
                    retries = retries.increment("GET", url, error=error)
                except MaxRetryError:
                    raise _failure(url, str(error)) from error
                retries.sleep()


def _retries(attempts: int, pause: float) -> Retry:
    """Return the policy: how often to ask, on what, and how long to wait between two attempts."""
    from urllib3.util import Retry

    class Policy(Retry):
        """Retries that do not wait for hours because a server asks for it."""

        def parse_retry_after(self, retry_after: str) -> float:
            return min(super().parse_retry_after(retry_after), LONGEST_WAIT)

    return Policy(
        total=attempts - 1,
        backoff_factor=pause,
        status_forcelist=PASSING,
        allowed_methods=("GET",),
        raise_on_status=False,  # the last answer is handed to us, and its status is named
    )


def _failure(url: str, reason: str) -> ReconError:
    return ReconError(
        f"Cannot download {url} ({reason}): check the network, "
        "or set RECON_DATA_MIRROR to a folder that holds the file."
    )


def _attempt(session: requests.Session, url: str, part: Path, size: int) -> None:
    held = part.stat().st_size if part.exists() else 0
    if size and held == size:
        return
    if size and held > size:
        part.unlink()
        held = 0
    # A compressed transfer could not be resumed, nor compared with the file's size.
    headers = {"Accept-Encoding": "identity"}
    if held:
        headers["Range"] = f"bytes={held}-"
    with session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        start = _start(answer, url, part, held)
        rest = int(answer.headers.get("Content-Length") or 0)
        total = size or (start + rest if rest else 0)  # 0: an answer in chunks does not state its length
        _write(answer, part, start, total)
    length = part.stat().st_size
    if total and length < total:
        raise _BrokenError(f"it broke off after {length} of {total} bytes")
    if total and length > total:
        part.unlink()
        raise _BrokenError(f"it sent {length} bytes where {total} were expected")


def _start(answer: requests.Response, url: str, part: Path, held: int) -> int:
    """Return the place in the file at which an answer begins, ``held`` or 0, and refuse any other answer."""
    status = answer.status_code
    if status == 416:
        part.unlink(missing_ok=True)
        raise _BrokenError("the server cannot resume the download")
    if status in PASSING:
        raise _failure(url, f"HTTP status {status}")
    if status not in (200, 206):
        raise ReconError(f"{url} answers with HTTP status {status}: set RECON_DATA_MIRROR to a folder that has it.")
    resumed = status == 206 and str(answer.headers.get("Content-Range", "")).startswith(f"bytes {held}-")
    if status == 206 and not resumed:
        part.unlink(missing_ok=True)
        raise _BrokenError("the server sent another part of the file")
    return held if resumed else 0


def _write(answer: requests.Response, part: Path, start: int, total: int) -> None:
    import requests
    from tqdm.auto import tqdm

    large = total >= 1 << 20  # a bar for each small photograph would only flicker
    with (
        part.open("ab" if start else "wb") as file,
        tqdm(
            total=total or None,
            initial=start,
            unit="B",
            unit_scale=True,
            desc=part.name.removesuffix(".part"),
            disable=None if large else True,
            leave=False,
        ) as bar,
    ):
        try:
            for chunk in answer.iter_content(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
        except requests.RequestException as error:
            raise _BrokenError(type(error).__name__) from error
