"""Where a training run stands: weights, optimizer and curves, so that it can go on after any stop."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
from keras import ops

from recon_lib.core.arrays import load_arrays, save_arrays
from recon_lib.core.errors import ReconError
from recon_lib.network.cascade import Cascade, named_weights, set_weights
from recon_lib.network.device import device_memory

_WEIGHT = "weight/"
_PAUSE = 3.0  # A run on a card writes a checkpoint after so many seconds.


def digest(*arrays: np.ndarray) -> str:
    """Return the sha256 of arrays' shapes and bytes, so that a journal knows what it was written for.

    Args:
        *arrays: Of any shape and type.
    """
    content = hashlib.sha256()
    for array in arrays:
        content.update(str((np.shape(array), np.asarray(array).dtype)).encode())
        content.update(np.ascontiguousarray(array).data)
    return content.hexdigest()


class Journal:
    """The checkpoint of one run; opening it puts the saved weights into the network.

    Args:
        folder: Holds ``checkpoint.safetensors``.
        identity: What the run is, JSON-serialisable.
        cascade: The network, built.

    Attributes:
        stage: The sub-network in training, 0 for end-to-end runs.
        epoch: Its epochs done.
        history: One row an epoch.
        arrays: What the checkpoint held when it was opened, by name.

    Raises:
        ReconError: The folder holds another run's checkpoint, or one that cannot be read.
    """

    def __init__(self, folder: Path, identity: dict, cascade: Cascade) -> None:
        self._path = folder / "checkpoint.safetensors"
        self._identity = identity
        self._cascade = cascade
        self.arrays: dict[str, np.ndarray] = {}
        self._pause = _PAUSE if device_memory() else 0.0
        self._written = time.monotonic()
        self.stage, self.epoch, self.history = 0, 0, []
        if not self._path.exists():
            return
        self.arrays, state = load_arrays(self._path)
        if state.get("identity") != identity:
            raise ReconError(f"{self._path} belongs to another run: give this one a folder of its own.")
        self.stage, self.epoch, self.history = state["stage"], state["epoch"], state["history"]
        weights = {name: value for name, value in self.arrays.items() if name.startswith(_WEIGHT)}
        set_weights(cascade, {name.removeprefix(_WEIGHT): value for name, value in weights.items()})

    def restore(self, optimizer: keras.Optimizer) -> None:
        """Put the saved state into an optimizer of the stage that was in training.

        Args:
            optimizer: Built for the same variables.
        """
        for index, variable in enumerate(optimizer.variables if self.arrays else ()):
            variable.assign(self.arrays[f"optimizer/{index:03d}"])

    @property
    def due(self) -> bool:
        """Whether a checkpoint is to be written: on a card, where an epoch may take milliseconds, not after each."""
        return time.monotonic() - self._written >= self._pause

    def note(self, row: dict) -> None:
        """Remember an epoch without a checkpoint; stopped now, a run makes it again.

        Args:
            row: As for :meth:`write`.
        """
        self.history.append(row)

    def write(
        self, stage: int, row: dict, optimizer: keras.Optimizer, arrays: Mapping[str, np.ndarray] | None = None
    ) -> None:
        """Record that an epoch is done.

        Args:
            stage: The sub-network in training.
            row: The epoch's row, with ``epoch`` counted from 0.
            optimizer: Its optimizer.
            arrays: What else the run needs to go on, by names of its own; :attr:`arrays` gives it back.
        """
        self.stage, self.epoch = stage, row["epoch"] + 1
        self.history.append(row)
        content = {**(arrays or {})}
        content |= {f"{_WEIGHT}{name}": value for name, value in named_weights(self._cascade).items()}
        for index, variable in enumerate(optimizer.variables):
            content[f"optimizer/{index:03d}"] = ops.convert_to_numpy(variable)
        state = {"identity": self._identity, "stage": stage, "epoch": self.epoch, "history": self.history}
        save_arrays(self._path, content, state)
        self._written = time.monotonic()
