"""A set of sampling masks beside ``sigpy.mri.poisson``: the paper's acceleration and calibration."""

from __future__ import annotations

import warnings

import numpy as np

from benchmarks import harness, peers
from recon_lib.imaging.masks import MaskSpec, calibration_block, mask_stack

SIZE, COUNT, ROUNDS = (256, 176), 100, 3
TOLERANCE = 0.1  # SigPy's own, of the acceleration; ours is exact to one sample


def measure(tiny: bool) -> harness.Rows:
    """Time a set of ours and one mask of SigPy's in turn, each with a seed of its own: nothing found is used again."""
    size, count, rounds = ((32, 24), 3, 1) if tiny else (SIZE, COUNT, ROUNDS)
    block = calibration_block(size)
    sides = [int(block.any(axis=axis).sum()) for axis in (1, 0)]
    drawn: dict[str, list[np.ndarray]] = {"recon_lib": [], "sigpy": []}

    def ours() -> None:
        spec = MaskSpec(seed=len(drawn["recon_lib"]))
        drawn["recon_lib"].extend(mask_stack(size, count, "test", spec))

    def theirs() -> None:
        drawn["sigpy"].append(_sigpy(size, sides, seed=len(drawn["sigpy"])))

    work = {"recon_lib": ours} | ({"sigpy": theirs} if peers.there("sigpy") else {})
    seconds = harness.interleave(work, rounds)
    rows = []
    for tool, values in seconds.items():
        masks = count if tool == "recon_lib" else 1
        timing = {key.replace("slice", "mask"): value for key, value in harness.timing(values, masks).items()}
        row = {"what": "masks", "tool": tool, "size": list(size), "masks": masks, **timing, **_achieved(drawn[tool])}
        if tool == "recon_lib" and "sigpy" in seconds:
            row["times_faster"] = harness.times_faster(values, seconds["sigpy"], (count, 1))
        rows.append(row)
    return rows


def _sigpy(size: tuple[int, int], sides: list[int], seed: int) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, on newer versions of what it needs
        from sigpy.mri import poisson

        return poisson(size, MaskSpec().acceleration, calib=sides, tol=TOLERANCE, crop_corner=False, seed=seed).real > 0


def _achieved(masks: list[np.ndarray]) -> dict:
    """Return the least and the largest acceleration of some masks, how many there are and how many of them differ."""
    values = [float(mask.size / mask.sum()) for mask in masks]
    different = len({mask.tobytes() for mask in masks})
    return {
        "least_acceleration": min(values),
        "largest_acceleration": max(values),
        "drawn": len(masks),
        "different": different,
    }


if __name__ == "__main__":
    harness.main("masks", measure, peers=peers.peer_versions("sigpy", "numba"))
