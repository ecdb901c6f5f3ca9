"""Decoders held to their work: no word of theirs on the error stream, where a user reads one sentence of ours."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def decoding() -> Iterator[None]:
    """Keep what decoders print (ITK), log (nibabel) and warn of (numpy's overflow) from the error stream.

    A value that overflows becomes infinite, which the caller refuses in words of its own. What other threads
    print to the error stream in the meantime is lost too.
    """
    logger = logging.getLogger("nibabel.global")
    sys.stderr.flush()
    with warnings.catch_warnings(), contextlib.ExitStack() as stack:
        warnings.simplefilter("ignore")
        stack.callback(setattr, logger, "disabled", logger.disabled)
        logger.disabled = True
        try:
            stream, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        except OSError:  # there is no error stream, as in a window without a console
            yield
            return
        stack.callback(os.close, stream)
        stack.callback(os.close, sink)
        stack.callback(os.dup2, stream, 2)
        os.dup2(sink, 2)
        yield
