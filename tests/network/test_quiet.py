"""TensorFlow's greetings are dropped, and nothing else that is written to standard error."""

import logging
import os
import subprocess
import sys

import pytest
from laws import ROOT

from recon_lib.network.quiet import drop_greetings, is_news, without_greetings

GREETINGS = """\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795711174.794560   28890 port.cc:153] oneDNN custom operations are on. You may see slightly different
I0000 00:00:1795711174.795883   28890 cudart_stub.cc:31] Could not find cuda drivers on your machine.
To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate flags.
"""
OTHERS = """\
W0000 00:00:1795711174.795883   28890 gpu_device.cc:2433] Cannot dlopen some GPU libraries.
E0000 00:00:1795711174.795883   28890 cuda_platform.cc:52] failed call to cuInit
Illegal instruction
WARNING: the disk is nearly full
"""


@pytest.fixture(autouse=True)
def _level(monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")


def test_only_greetings_are_dropped(monkeypatch):
    assert drop_greetings(GREETINGS) == ""
    mixed = "".join(map("".join, zip(OTHERS.splitlines(True), GREETINGS.splitlines(True), strict=True)))
    assert drop_greetings(mixed) == OTHERS
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    assert drop_greetings(mixed) == mixed


def test_what_is_written_meanwhile_is_passed_on_even_if_the_import_fails(capfd):
    def fail():
        os.write(2, (GREETINGS + OTHERS).encode())
        raise ImportError

    with pytest.raises(ImportError), without_greetings():
        fail()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == f"{OTHERS}after\n"


def test_without_an_error_stream_nothing_is_held_back(monkeypatch, capfd):
    def closed(_):
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(os, "dup", closed)
        with without_greetings():
            os.write(2, (GREETINGS + OTHERS).encode())
    assert capfd.readouterr().err == GREETINGS + OTHERS


@pytest.mark.slow
def test_the_backend_is_imported_without_a_word():
    code = (
        "import sys; from recon_lib.network.quiet import import_backend; import_backend(); import_backend(); "
        "assert 'keras' in sys.modules; import keras; keras.ops.convert_to_numpy(keras.ops.ones(2) + 1)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert (process.returncode, process.stderr) == (0, "")


def test_only_the_warning_of_retracing_is_no_news(monkeypatch):
    retracing = "%d out of the last 11 calls to %s triggered tf.function retracing. Tracing is expensive"
    records = [
        logging.LogRecord("tensorflow", 30, "", 1, *text, None) for text in ((retracing, (5, "f")), ("other", ()))
    ]
    assert [is_news(record) for record in records] == [False, True]
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    assert is_news(records[0])
