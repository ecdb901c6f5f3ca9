"""Downloads that survive a broken line: resumed where they stopped, or begun again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recon_lib.core.errors import ReconError

CHUNK = 1 << 16
TIMEOUT = (10, 60)
"""Seconds to connect, and between two pieces."""
PASSING = (408, 425, 429, 500, 502, 503, 504)
"""HTTP statuses worth another attempt."""


class _BrokenError(OSError):
    """The line broke, or the answer was not what was asked for; worth another attempt."""


def download(
    url: str,
    part: Path,
    *,
    size: int = 0,
    attempts: int = 4,
    pause: float = 1.0,
    get: Callable[..., Any] | None = None,
) -> None:
    """Download to a file, going on from what a broken attempt left there.

    The caller verifies the content; this only sees to its length.

    Args:
        url: The address.
        part: File to write; bytes it already holds are kept if the server can go on from there.
        size: Expected size in bytes, or 0 if it is not known.
        attempts: How often to try.
        pause: Seconds before the second attempt, doubled for each further one.
        get: Replacement of ``requests.get``.

    Raises:
        ReconError: The server refuses, or no attempt came through; the message says what to set.
    """
    import requests

    broken: Exception | None = None
    for attempt in range(attempts):
        if attempt:
            time.sleep(pause * 2 ** (attempt - 1))
        try:
            _attempt(url, part, size, get or requests.get)
            return
        except (requests.RequestException, _BrokenError) as error:
            broken = error
    reason = type(broken).__name__ if isinstance(broken, requests.RequestException) else str(broken)
    raise ReconError(
        f"Cannot download {url} ({reason}): check the network, "
        "or set RECON_DATA_MIRROR to a folder that holds the file."
    ) from broken


def _attempt(url: str, part: Path, size: int, get: Callable[..., Any]) -> None:
    have = part.stat().st_size if part.exists() else 0
    if size and have == size:
        return
    if size and have > size:
        part.unlink()
        have = 0
    # A compressed transfer could not be resumed, nor compared with the file's size.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        status = answer.status_code
        if status == 416:
            part.unlink(missing_ok=True)
            raise _BrokenError("the server cannot resume the download")
        if status in PASSING:
            raise _BrokenError(f"HTTP status {status}")
        if status not in (200, 206):
            raise ReconError(f"{url} answers with HTTP status {status}: set RECON_DATA_MIRROR to a folder that has it.")
        resumed = status == 206 and str(answer.headers.get("Content-Range", "")).startswith(f"bytes {have}-")
        if status == 206 and not resumed:
            part.unlink(missing_ok=True)
            raise _BrokenError("the server sent another part of the file")
        start = have if resumed else 0
        total = size or start + int(answer.headers.get("Content-Length") or 0)
        _write(answer, part, start, total)
    got = part.stat().st_size
    if total and got < total:
        raise _BrokenError(f"it broke off after {got} of {total} bytes")
    if total and got > total:
        part.unlink()
        raise _BrokenError(f"it sent {got} bytes where {total} were expected")


def _write(answer: Any, part: Path, start: int, total: int) -> None:  # noqa: ANN401 - a requests.Response
    from tqdm.auto import tqdm

    shown = total >= 1 << 20  # a bar for each small photograph would only flicker
    with (
        part.open("ab" if start else "wb") as file,
        tqdm(
            total=total or None,
            initial=start,
            unit="B",
            unit_scale=True,
            desc=part.name.removesuffix(".part"),
            disable=None if shown else True,
            leave=False,
        ) as bar,
    ):
        for chunk in answer.iter_content(CHUNK):
            file.write(chunk)
            bar.update(len(chunk))
