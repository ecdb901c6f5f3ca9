"""Work that is done in threads ahead of the one who needs its results."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
_MOST = 8  # threads


def ahead(makers: Iterable[Callable[[], T]]) -> Iterator[T]:
    """Call functions in threads and give their results in order, each a little before it is asked for.

    Twice as many results as threads are held at most.

    Args:
        makers: What makes each result. They run side by side, so they share nothing that they change.

    Yields:
        The result of each. What one of them raises is raised in its place.
    """
    threads = min(_MOST, os.cpu_count() or 1)
    waiting = iter(makers)
    with ThreadPoolExecutor(threads) as pool:
        results = deque(pool.submit(maker) for maker in islice(waiting, 2 * threads))
        try:
            while results:
                result = results.popleft().result()
                results.extend(pool.submit(maker) for maker in islice(waiting, 1))
                yield result
        finally:
            for result in results:
                result.cancel()
