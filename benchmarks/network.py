"""What the benchmarks of the network share: the paper's architecture, images of any size, operations, rows."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import keras
import numpy as np

from benchmarks import harness
from recon_lib.experiment.recipes import Architecture
from recon_lib.imaging.acquisition import Acquired, acquire
from recon_lib.imaging.masks import mask_stack
from recon_lib.network.device import device_memory
from recon_lib.network.precision import machine_bfloat16

PAPER = Architecture()
TINY = Architecture(subnetworks=2, filters=4)
L2 = 1e-6


@functools.cache
def sample(size: tuple[int, int], batch: int) -> Acquired:
    """Make images of noise, undersampled four-fold: what they show changes no timing.

    Args:
        size: ``(height, width)``.
        batch: How many.

    Returns:
        The batch.
    """
    images = np.random.default_rng([*size, batch]).random((batch, *size), dtype=np.float32)
    return acquire(images, mask_stack(size, batch))


def packages() -> list[str]:
    """Return the packages that ours computes with."""
    return ["keras", keras.backend.backend()]


def precisions() -> tuple[str, ...]:
    """Return what this machine's networks are timed in: bfloat16 too where the machine computes in it."""
    advantage, obstacle = machine_bfloat16()
    print(f"  bfloat16: {obstacle or advantage}", flush=True)
    return ("float32",) if obstacle else ("float32", "bfloat16")


def has_card() -> bool:
    """Tell whether networks compute on a graphics card."""
    return device_memory() is not None


def settings() -> list[str]:
    """Return how Keras' backend may compute here: only TensorFlow on a processor does it by oneDNN, without XLA too."""
    return ["oneDNN", "XLA"] if keras.backend.backend() == "tensorflow" and not has_card() else ["XLA"]


def compared(
    what: str,
    size: tuple[int, int],
    seconds: Mapping[tuple[str, int], Sequence[float]],
    work: float,
    settings: Mapping[str, str],
    precision: str = "float32",
) -> harness.Rows:
    """Make the rows of one network, size and precision: a tool and a batch each, ours with its lead over PyTorch.

    Args:
        what: The network.
        size: ``(height, width)``.
        seconds: Timings of each call, by tool and batch.
        work: Operations a slice.
        settings: Of each tool, in words.
        precision: Of all tools.

    Returns:
        Rows; ``best`` marks a tool's fastest batch a slice, where ``times_faster_best`` compares the best of both;
        ``times_faster`` compares equal batches.
    """
    rows = []
    best = {
        tool: min((b for t, b in seconds if t == tool), key=lambda b: np.median(seconds[tool, b]) / b)
        for tool in settings
    }
    for (tool, batch), values in seconds.items():
        row = {"what": what, "size": list(size), "batch": batch, "tool": tool, "precision": precision}
        row |= harness.timing(values, batch)
        row |= {"gflops": work / row["seconds_per_slice"] / 1e9, "setting": settings[tool], "best": batch == best[tool]}
        if tool == "recon_lib" and "pytorch" in settings:
            row["times_faster"] = harness.times_faster(values, seconds["pytorch", batch], (batch, batch))
            if row["best"]:
                other = best["pytorch"]
                row["times_faster_best"] = harness.times_faster(values, seconds["pytorch", other], (batch, other))
        rows.append(row)
    return rows
