"""The backend's import without its greetings: TensorFlow's C++ writes to standard error before any setting is read."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"  # 0 is a user's word that all is to be heard
_GREETINGS = re.compile(
    r"WARNING: All log messages before absl::InitializeLog\(\)"
    r"|I\d{4} [\d:.]+ +\d+ \S+:\d+\] "  # the letter is the severity: information
    r"|To enable the following instructions: .* rebuild TensorFlow"
)


def import_backend() -> None:
    """Import Keras and its backend, and drop the lines that TensorFlow's libraries greet with.

    Whatever else is written to standard error in the meantime is passed on after the import: warnings, errors, and
    all of it where ``TF_CPP_MIN_LOG_LEVEL`` is 0. Once Keras is loaded this does nothing.
    """
    if "keras" in sys.modules:
        return
    with without_greetings():
        importlib.import_module("keras")
    logging.getLogger("tensorflow").addFilter(is_news)


def is_news(record: logging.LogRecord) -> bool:
    """Tell whether a user should hear what TensorFlow logs: not that it traced a function anew.

    It does so for every network that is tuned and every size of an image, and warns of it as if that were a mistake.

    Args:
        record: Of TensorFlow's logger.
    """
    return os.environ.get(_LEVEL) == "0" or "triggered tf.function retracing" not in record.getMessage()


@contextlib.contextmanager
def without_greetings() -> Iterator[None]:
    """Hold back what is written to the file descriptor of standard error, and write it without greetings at the end."""
    try:
        stream = os.dup(2)
    except OSError:  # there is no error stream, as in a window without a console
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as capture:
        os.dup2(capture.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(stream, 2)
            os.close(stream)
            capture.seek(0)
            rest = drop_greetings(capture.read().decode(errors="replace"))
            if rest:
                os.write(2, rest.encode())


def drop_greetings(text: str) -> str:
    """Return the lines of a text that are no greeting of TensorFlow's libraries.

    Args:
        text: What was written to standard error.
    """
    if os.environ.get(_LEVEL) == "0":
        return text
    return "".join(line for line in text.splitlines(keepends=True) if not _GREETINGS.match(line))
