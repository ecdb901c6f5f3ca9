"""Structural similarity of 100 slices in one pass, beside scikit-image slice by slice; and all metrics of a slice."""

from __future__ import annotations

import numpy as np
from skimage.metrics import structural_similarity

from benchmarks import harness
from recon_lib.imaging.metrics import slice_metrics, ssim_stack
from recon_lib.imaging.ssim import SSIM_SIGMA

SLICES, SIZES, ROUNDS = 100, ((120, 192), (256, 176)), 5


def measure(tiny: bool) -> harness.Rows:
    """Time both on the same slices and compare what they say of each."""
    count, sizes, rounds = (3, ((13, 16),), 1) if tiny else (SLICES, SIZES, ROUNDS)
    rows = []
    for size in sizes:
        rng = np.random.default_rng([*size, count])
        targets = rng.random((count, *size), dtype=np.float32)
        targets /= targets.max(axis=(1, 2), keepdims=True)
        images = np.abs(targets + 0.1 * rng.standard_normal(targets.shape, dtype=np.float32))
        work = {
            "recon_lib": lambda: ssim_stack(targets, images, data_range=1.0),  # noqa: B023 - called before the loop goes on
            "scikit-image": lambda: _theirs(images, targets),  # noqa: B023
            "metrics": lambda: [
                slice_metrics(target, image, data_range=1.0)
                for target, image in zip(targets, images, strict=True)  # noqa: B023
            ],
        }
        seconds = harness.interleave(work, rounds)
        apart = float(np.abs(work["recon_lib"]() - work["scikit-image"]()).max())
        faster = harness.times_faster(seconds["recon_lib"], seconds["scikit-image"])
        base = {"size": list(size), "slices": count}
        for what, tool in (("ssim", "recon_lib"), ("ssim", "scikit-image"), ("all metrics", "recon_lib")):
            values = seconds["metrics" if what == "all metrics" else tool]
            row = {"what": what, "tool": tool, **base, **harness.timing(values, count)}
            if (what, tool) == ("ssim", "recon_lib"):
                row |= {"largest_difference": apart, "times_faster": faster}
            rows.append(row)
    return rows


def _theirs(images: np.ndarray, targets: np.ndarray) -> list[float]:
    options = {"data_range": 1.0, "gaussian_weights": True, "sigma": SSIM_SIGMA, "use_sample_covariance": False}
    pairs = zip(images.astype(np.float64), targets.astype(np.float64), strict=True)
    return [structural_similarity(target, image, **options) for image, target in pairs]


if __name__ == "__main__":
    harness.main("metrics", measure, ["scipy", "scikit-image"])
