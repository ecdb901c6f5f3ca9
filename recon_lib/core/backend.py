"""Keras' backend where the user names none: TensorFlow, or else what is installed."""

from __future__ import annotations

import importlib.util
import os
import sys

NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
"""Keras' backends, with their names in prose."""


def choose_backend() -> str | None:
    """Let Keras compute with JAX, or else PyTorch, where TensorFlow is not installed, and say so on standard error.

    What the user named in ``KERAS_BACKEND`` stands, and so does a Keras that is loaded already.

    Returns:
        The backend that was chosen; ``None`` if nothing was to be chosen, or nothing to choose from.
    """
    if os.environ.get("KERAS_BACKEND") or "keras" in sys.modules or _is_installed("tensorflow"):
        return None
    name = next(filter(_is_installed, ("jax", "torch")), None)
    if name:
        os.environ["KERAS_BACKEND"] = name  # for this process and those it starts
        print(f"TensorFlow is not installed: Keras computes with {NAMES[name]}.", file=sys.stderr)
    return name


def missing_backend(error: ModuleNotFoundError) -> str | None:
    """Say what to do about a backend that could not be imported.

    Args:
        error: What the import raised.

    Returns:
        One sentence; ``None`` if it was not a backend that is missing.
    """
    if error.name not in NAMES:
        return None
    return (
        f"{NAMES[error.name]} is not installed, and a network needs it: install it, or name what is in KERAS_BACKEND "
        f"({', '.join(NAMES)})."
    )


def _is_installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None
