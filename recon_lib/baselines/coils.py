r"""Reconstructions of several coils without training: CG-SENSE, and L1-ESPIRiT by SigPy or by BART.

With ``E`` of :class:`~recon_lib.imaging.coils.CoilAcquisition` and the samples ``y``:

==============  ======================================================================================
zero-filled     ``E^H y``, by :meth:`~recon_lib.imaging.coils.CoilAcquisition.adjoint`
CG-SENSE        :math:`\arg\min_x \|E x - y\|^2 + \lambda \|x\|^2`, a fixed number of conjugate gradients
L1-ESPIRiT      :math:`\arg\min_x \frac{1}{2} \|E x - y\|^2 + \lambda \|W x\|_1`, ``W`` a wavelet transform
==============  ======================================================================================

The weights are meant for data scaled so that the zero-filled image has a maximum modulus of 1; the results are scaled
back.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.imaging.coils import CoilAcquisition


def cg_sense(
    kspace: np.ndarray, mask: np.ndarray, maps: np.ndarray, weight: float = 0.005, iterations: int = 10
) -> np.ndarray:
    """Reconstruct a slice by CG-SENSE (K. Pruessmann et al., Magn Reson Med 46:638-51, 2001).

    Args:
        kspace: Complex ``(coils, height, width)``; what lies outside the mask is ignored.
        mask: Boolean ``(height, width)``.
        maps: Normalised, complex ``(coils, height, width)``.
        weight: ``lambda``, 0 or more.
        iterations: Conjugate gradients from zero; few of them regularise too.

    Returns:
        Complex image ``(height, width)``, in the units of the k-space.

    Raises:
        ReconError: Shapes do not fit, the weight is negative, or there is no iteration.
    """
    if not 0 <= weight < np.inf or iterations < 1:
        raise ReconError(f"CG-SENSE needs a weight of 0 or more and an iteration: not {weight} and {iterations}.")
    model = CoilAcquisition(mask, maps)
    residual = model.adjoint(kspace)
    image, direction, energy = np.zeros_like(residual), residual, _energy(residual)
    for _ in range(iterations):
        if not energy:
            break
        change = model.normal(direction) + weight * direction
        step = energy / np.vdot(direction, change).real
        image, residual = image + step * direction, residual - step * change
        energy, before = _energy(residual), energy
        direction = residual + energy / before * direction
    return image


def l1_sigpy(
    kspace: np.ndarray, mask: np.ndarray, maps: np.ndarray, weight: float = 0.001, iterations: int = 100
) -> np.ndarray:
    """Reconstruct a slice by SigPy's L1-ESPIRiT (M. Uecker et al., Magn Reson Med 71:990-1001, 2014).

    Args:
        kspace: As for :func:`cg_sense`, ``(coils, height, width)``.
        mask: Likewise.
        maps: Likewise.
        weight: ``lambda``.
        iterations: Of the accelerated proximal gradients.

    Returns:
        Complex image ``(height, width)``, in the units of the k-space.

    Raises:
        ReconError: The slice has no signal.
    """
    scale = _scale(kspace, mask, maps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, on newer versions of what it needs
        from sigpy.mri.app import L1WaveletRecon

        data = np.where(mask, kspace / scale, 0).astype(np.complex64)
        sampled = mask.astype(np.float32)
        app = L1WaveletRecon(data, maps, weight, weights=sampled, max_iter=iterations, show_pbar=False)
        return app.run() * scale


def has_bart() -> bool:
    """Tell whether BART is installed (M. Uecker et al., doi:10.5281/zenodo.592960)."""
    return shutil.which("bart") is not None


def l1_bart(
    kspace: np.ndarray,
    mask: np.ndarray,
    maps: np.ndarray,
    weight: float = 0.001,
    iterations: int = 100,
    *,
    shifts: bool = True,
) -> np.ndarray:
    """Reconstruct a slice by BART's ``pics -l1`` (M. Uecker et al., doi:10.5281/zenodo.592960).

    Its wavelets are shifted at random in every iteration. SigPy's are not, and without shifts BART gives about what
    SigPy gives at the same weight.

    Args:
        kspace: As for :func:`cg_sense`, ``(coils, height, width)``.
        mask: Likewise.
        maps: Likewise.
        weight: ``lambda``; BART's own scaling is switched off.
        iterations: At most.
        shifts: Shift the wavelets at random.

    Returns:
        Complex image ``(height, width)``, in the units of the k-space.

    Raises:
        ReconError: BART is not installed or fails, or the slice has no signal.
    """
    if not has_bart():
        raise ReconError("BART is not installed: Debian's package bart adds it.")
    scale = _scale(kspace, mask, maps)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_cfl(folder / "kspace", np.where(mask, kspace / scale, 0))
        _write_cfl(folder / "maps", maps)
        options = ["-S", "-w", "1", "-i", str(iterations), "-l1", "-r", f"{weight:g}", *([] if shifts else ["-n"])]
        command = ["bart", "pics", *options, "kspace", "maps", "image"]
        process = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if process.returncode:
            raise ReconError(f"{' '.join(command)} failed: {' '.join(process.stderr.split())}.")
        return np.fromfile(folder / "image.cfl", np.complex64).reshape(mask.shape[::-1]).T * scale


def _write_cfl(path: Path, coils: np.ndarray) -> None:
    """Write ``(coils, height, width)`` as BART reads it: rows, columns, one partition, coils, first axis fastest."""
    count, height, width = coils.shape
    path.with_suffix(".hdr").write_text(f"# Dimensions\n{height} {width} 1 {count}\n", encoding="utf-8")
    coils.astype(np.complex64).transpose(0, 2, 1).tofile(path.with_suffix(".cfl"))


def _scale(kspace: np.ndarray, mask: np.ndarray, maps: np.ndarray) -> float:
    scale = float(np.abs(CoilAcquisition(mask, maps).adjoint(kspace)).max())
    if not scale:
        raise ReconError("The slice has no signal in its samples: leave it out.")
    return scale


def _energy(image: np.ndarray) -> float:
    return float(np.vdot(image, image).real)
