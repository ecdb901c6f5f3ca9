"""Compressed sensing on the same slices and masks, 80 iterations: every variant of ours, BART and SigPy."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from benchmarks import harness, peers
from recon_lib.baselines.compressed_sensing import reconstruct_cs
from recon_lib.baselines.variants import VARIANTS
from recon_lib.data import domains
from recon_lib.data.domains import Domain
from recon_lib.imaging.acquisition import Acquisition
from recon_lib.imaging.masks import mask_stack
from recon_lib.imaging.metrics import psnr

SLICES, ITERATIONS, ROUNDS = 4, 80, 2
BART = {  # the wavelet's weight is ours, 1e-3; -S: in the data's units; -c: a real-valued image
    "l1-wavelet": ("-l1", "-r", "0.001", "-S"),
    "l1-wavelet, real": ("-l1", "-r", "0.001", "-S", "-c"),
}
SIGPY = {"l1-wavelet": "db4"}


def real_slices(tiny: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return slices of 256x176 of the test subject of BOLD5000, from the middle of the head, and a mask for each.

    Args:
        tiny: Two generated ones of 32x24 instead.

    Returns:
        float32 ``(n, height, width)`` and boolean of the same shape, R = 4.
    """
    domain = Domain(source="generated", matrix=(32, 24), images=2) if tiny else Domain()
    images = domains.load_images("t1" if tiny else "t1_bold5000", "test", domain).images
    chosen = np.linspace(0, len(images) - 1, 2 * SLICES).round().astype(int)[SLICES // 2 : -(SLICES // 2)]
    images = images if tiny else images[chosen]
    return images, mask_stack(images.shape[1:], len(images), "test")


def scaled_psnr(images: np.ndarray, targets: np.ndarray) -> float:
    """Return the mean PSNR of magnitudes in dB, each slice multiplied by the factor that suits it best.

    Tools differ in what they do to the scale of an image; here it counts for none of them.

    Args:
        images: Real or complex, ``(n, height, width)``.
        targets: References of the same shape.
    """
    magnitudes = np.abs(images).astype(np.float64)
    factors = (magnitudes * targets).sum(axis=(1, 2)) / (magnitudes**2).sum(axis=(1, 2))
    pairs = zip(targets, factors[:, None, None] * magnitudes, strict=True)
    return float(np.mean([psnr(target, image, data_range=target.max()) for target, image in pairs]))


def measure(tiny: bool) -> harness.Rows:
    """Time all tools in turn; the images of the untimed first call give the PSNR."""
    images, masks = real_slices(tiny)
    iterations, rounds = (2, 1) if tiny else (ITERATIONS, ROUNDS)
    acquisition = Acquisition(masks)
    kspace = acquisition.forward(images)
    work = _work(kspace, masks, iterations)
    images_of: dict[tuple[str, str], np.ndarray] = {}

    def keeping(key: tuple[str, str], call: Callable[[], np.ndarray]) -> Callable[[], None]:
        return lambda: images_of.__setitem__(key, call())

    seconds = harness.interleave({key: keeping(key, call) for key, call in work.items()}, rounds)
    base = {"size": list(images.shape[1:]), "slices": len(images), "iterations": iterations}
    rows = []
    for key, values in seconds.items():
        tool, name = key
        batch = len(images) if tool == "recon_lib" else 1
        row = {"what": f"cs:{name}", "tool": tool, "batch": batch, **base, **harness.timing(values, len(images))}
        row["psnr"] = scaled_psnr(images_of[key], images)
        if tool == "recon_lib" and ("bart", "l1-wavelet") in seconds:
            row["times_faster"] = harness.times_faster(values, seconds["bart", "l1-wavelet"])
        rows.append(row)
    start = {"what": "zero_filled", "tool": "recon_lib", "batch": len(images), **base, "seconds_per_slice": None}
    return [{**start, "psnr": scaled_psnr(acquisition.adjoint(kspace), images)}, *rows]


def _work(kspace: np.ndarray, masks: np.ndarray, iterations: int) -> dict[tuple[str, str], Callable[[], np.ndarray]]:
    work: dict[tuple[str, str], Callable[[], np.ndarray]] = {
        ("recon_lib", name): lambda name=name: reconstruct_cs(kspace, masks, name, iterations) for name in VARIANTS
    }
    if peers.there("bart"):
        bart = peers.Bart(kspace)
        for name, options in BART.items():
            work["bart", name] = lambda options=options: bart.pics(options, iterations)
    if peers.there("sigpy"):
        for name, wavelet in SIGPY.items():
            work["sigpy", name] = lambda wavelet=wavelet: _sigpy(kspace, masks, wavelet, iterations)
    return work


def _sigpy(kspace: np.ndarray, masks: np.ndarray, wavelet: str, iterations: int) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, on newer versions of what it needs
        from sigpy.mri.app import L1WaveletRecon

        coil = np.ones((1, *kspace.shape[1:]), np.complex64)
        apps = (
            L1WaveletRecon(
                slice_kspace[None].astype(np.complex64), coil, 1e-3, weights=mask.astype(np.float32), wave_name=wavelet,
                max_iter=iterations, show_pbar=False,
            )
            for slice_kspace, mask in zip(kspace, masks, strict=True)
        )  # fmt: skip
        return np.stack([app.run() for app in apps])


if __name__ == "__main__":
    harness.main("compressed_sensing", measure, ["scipy"], peers.peer_versions("sigpy"))
