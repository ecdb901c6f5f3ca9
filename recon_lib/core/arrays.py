"""Atomic checkpoints without pickle: named arrays and a JSON state in one safetensors file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from recon_lib.core.errors import ReconError
from recon_lib.core.files import write_bytes
from recon_lib.core.strict_yaml import mapping


def save_arrays(path: Path, arrays: dict[str, np.ndarray], state: dict) -> None:
    """Write arrays and state so that a reader sees the old file or the new one, never half of one.

    Args:
        path: The file; its folder is made.
        arrays: Named arrays of any shape and numeric type.
        state: A mapping that JSON can hold.
    """
    data = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    write_bytes(path, save(data, {"state": json.dumps(state)}))


def load_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """Read what :func:`save_arrays` wrote.

    Args:
        path: The file.

    Returns:
        The arrays and the state.

    Raises:
        ReconError: The file is missing or is not one of ours.
    """
    with _reading(path) as (file, state):
        return {name: file.get_tensor(name) for name in file.keys()}, state  # noqa: SIM118 - not a dict


def load_state(path: Path) -> dict:
    """Read the state alone of what :func:`save_arrays` wrote.

    Args:
        path: The file.

    Raises:
        ReconError: As :func:`load_arrays`.
    """
    with _reading(path) as (_, state):
        return state


@contextmanager
def _reading(path: Path) -> Iterator[tuple[safe_open, dict]]:
    if not path.is_file():
        raise ReconError(f"There is no file {path}.")
    try:
        with safe_open(path, framework="numpy") as file:
            yield file, mapping(json.loads((file.metadata() or {})["state"]), "the state")
    except (SafetensorError, KeyError, ValueError, TypeError, RecursionError, OSError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise ReconError(f"{path} is not a readable checkpoint ({reason}): remove it and run again.") from error
