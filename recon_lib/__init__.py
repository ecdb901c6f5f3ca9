"""Transfer learning for accelerated MRI with a cascade of small CNNs.

The package is imported by the module, never as a whole: ``from recon_lib.imaging import fourier``. Importing
``recon_lib`` itself loads no other package, so the command line and the book start at once. Two functions are here all
the same, and loaded when they are used: :func:`~recon_lib.scans.in_memory.reconstruct` and
:func:`~recon_lib.scans.in_memory.fine_tune`.
"""

import importlib
import os
from typing import Any

from recon_lib.core.backend import choose_backend

# TensorFlow greets on standard error; a progress bar reads better without. Set it to 0 to hear it again.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
choose_backend()  # before Keras is imported anywhere, because Keras asks then

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:  # noqa: ANN401 - one of two functions
    """Load a function when it is used."""
    if name in ("reconstruct", "fine_tune"):
        return getattr(importlib.import_module("recon_lib.scans.in_memory"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
