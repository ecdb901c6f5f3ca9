"""Decoders keep quiet, and the error stream is as it was afterwards."""

import logging
import os
import warnings

import pytest

from recon_lib.data.decoding import decoding


def speak():
    os.write(2, b"from a library in C\n")
    logging.getLogger("nibabel.global").warning("from nibabel")
    warnings.warn("from numpy", RuntimeWarning, stacklevel=1)


def test_nothing_that_a_decoder_says_reaches_the_error_stream_or_the_log(capfd, caplog):
    with decoding():
        speak()
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


@pytest.mark.parametrize("error", [None, ValueError])
def test_the_stream_the_log_and_the_warnings_are_back_afterwards(capfd, error):
    logger = logging.getLogger("nibabel.global")
    try:
        with decoding():
            speak()
            if error:
                raise error
    except ValueError:
        pass
    assert not logger.disabled
    with pytest.warns(RuntimeWarning, match="from numpy"):
        speak()
    assert "from a library in C" in capfd.readouterr().err


def test_no_file_stays_open():
    def open_files():
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a listing of numbers, not of paths

    if not os.path.isdir("/proc/self/fd"):  # noqa: PTH112
        pytest.skip("this system does not list open files")
    count = open_files()
    for _ in range(5):
        with decoding():
            pass
    assert open_files() == count


def test_without_an_error_stream_the_work_is_done_all_the_same(monkeypatch):
    def refuse(_):
        raise OSError("there is no such stream")

    monkeypatch.setattr(os, "dup", refuse)
    with decoding():
        value = 3
    assert value == 3
