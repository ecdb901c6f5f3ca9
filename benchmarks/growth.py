"""How time and memory grow with the size and number of images, the depth of the cascade and the batch."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks import harness, network
from recon_lib.core import paths
from recon_lib.core.errors import ReconError

STEP, RECONSTRUCTION = "fine-tuning step", "reconstruction"
BASE = {"what": STEP, "side": 96, "batch": 1, "depth": 5, "images": 1}
AXES = {  # what grows alone; all else stays as in BASE
    "side": [{"side": side} for side in (64, 128, 256)],
    "batch": [{"batch": batch} for batch in (1, 3, 8)],
    "depth": [{"depth": depth} for depth in (1, 3, 8)],
    "images": [{"what": RECONSTRUCTION, "images": count} for count in (8, 24, 64)],
}
ROUNDS = 3


def measure(tiny: bool) -> harness.Rows:
    """Measure each point in a process of its own, or memory once used would hide what the next point needs."""
    rows = []
    axes = {axis: points[:1] for axis, points in AXES.items() if axis in ("batch", "images")} if tiny else AXES
    for axis, points in axes.items():
        for point in points:
            given = {**BASE, **point, "tiny": tiny} | ({"side": 16} if tiny else {})
            value = given["side"] ** 2 if axis == "side" else given[axis]
            rows.append({"axis": "pixels" if axis == "side" else axis, "value": value, **_in_a_process(given)})
    return rows


def one_point(what: str, side: int, batch: int, depth: int, images: int, tiny: bool) -> dict:
    """Measure one point here.

    Args:
        what: A fine-tuning step, or a reconstruction.
        side: Of the square images.
        batch: Images of a step.
        depth: Sub-networks.
        images: Images reconstructed.
        tiny: Few filters, one round.

    Returns:
        ``what, side, batch, depth, images``, the median ``seconds``, and ``memory_mib``: the most that the process
        held while it worked, beyond what it held before.
    """
    from dataclasses import replace

    from benchmarks.feeding import model_of
    from recon_lib.imaging.masks import mask_stack
    from recon_lib.network.cascade import Cascade, build
    from recon_lib.network.inference import reconstruct

    architecture = replace(network.TINY if tiny else network.PAPER, subnetworks=depth)
    size = (side, side)
    if what == STEP:
        data, model = network.sample(size, batch), model_of(architecture)
        work = lambda: model.train_on_batch((data.zero_filled, data.mask), data.target)  # noqa: E731
    else:
        cascade = build(Cascade(architecture))
        masks = mask_stack(size, images)
        pixels = np.random.default_rng(0).random((images, *size), dtype=np.float32)
        work = lambda: reconstruct(cascade, pixels, masks)  # noqa: E731
    before = _resident()
    seconds = harness.timing(harness.interleave({"it": work}, 1 if tiny else ROUNDS)["it"])["seconds_per_slice"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    point = {"what": what, "side": side, "batch": batch, "depth": depth, "images": images}
    return {**point, "seconds": seconds, "memory_mib": max(0.0, peak - before)}


def _in_a_process(given: dict) -> dict:
    code = "import json, sys; from benchmarks.growth import *; print(json.dumps(one_point(**json.loads(sys.argv[1]))))"
    command = [sys.executable, "-c", code, json.dumps(given)]
    done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReconError(f"The point {given} failed: {done.stderr.strip().splitlines()[-1]}.")
    return json.loads(done.stdout.splitlines()[-1])


def _resident() -> float:
    """Return what the process holds now, in MiB: where the system does not say, the most it has held."""
    status = Path("/proc/self/statm")
    if status.is_file():
        return int(status.read_text(encoding="utf-8").split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    harness.main("growth", measure, network.packages())
