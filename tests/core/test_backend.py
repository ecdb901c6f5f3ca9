"""The backend that is chosen where the user names none."""

import os
import sys

import pytest
from laws import run_python

from recon_lib.core import backend


@pytest.fixture
def installed(monkeypatch):
    """A function that decides what is installed, where nobody has named a backend or loaded Keras."""
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    return lambda *names: monkeypatch.setattr(backend, "_is_installed", lambda name: name in names)


@pytest.mark.parametrize(("names", "expected"), [(("jax",), "jax"), (("torch",), "torch"), (("torch", "jax"), "jax")])
def test_without_tensorflow_what_is_there_is_chosen_and_named(names, expected, installed, capsys):
    installed(*names)
    assert backend.choose_backend() == expected
    assert os.environ["KERAS_BACKEND"] == expected
    assert capsys.readouterr().err == f"TensorFlow is not installed: Keras computes with {backend.NAMES[expected]}.\n"
    assert backend.choose_backend() is None  # once: a process that is started from here has nothing to say
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("names", [("tensorflow", "jax", "torch"), ()])
def test_with_tensorflow_or_with_nothing_keras_decides(names, installed, capsys):
    installed(*names)
    assert backend.choose_backend() is None
    assert "KERAS_BACKEND" not in os.environ
    assert capsys.readouterr().err == ""


def test_what_the_user_named_stands(installed, monkeypatch):
    installed("jax")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert backend.choose_backend() is None
    assert os.environ["KERAS_BACKEND"] == "torch"


def test_a_keras_that_is_loaded_stays(installed, monkeypatch):
    installed("jax")
    monkeypatch.setitem(sys.modules, "keras", object())
    assert backend.choose_backend() is None
    assert "KERAS_BACKEND" not in os.environ


def test_importing_the_library_chooses_and_loads_no_backend():
    code = """
import importlib.util, os, sys
importlib.util.find_spec = {"jax": object()}.get
import recon_lib
print(os.environ["KERAS_BACKEND"], [name for name in ("keras", "jax", "torch", "numpy") if name in sys.modules])
"""
    assert run_python(code, KERAS_BACKEND="") == "jax []"


@pytest.mark.parametrize("name", backend.NAMES)
def test_a_missing_backend_is_named_with_its_mend(name):
    sentence = backend.missing_backend(ModuleNotFoundError(f"No module named {name!r}", name=name))
    assert sentence.startswith(f"{backend.NAMES[name]} is not installed")
    assert "KERAS_BACKEND (tensorflow, jax, torch)" in sentence


def test_another_missing_package_is_no_backend():
    assert backend.missing_backend(ModuleNotFoundError("No module named 'x'", name="x")) is None
