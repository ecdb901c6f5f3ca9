"""The masks that a scan is undersampled with: drawn, or one that the user or the scan's own file brings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.imaging.fourier import size_text
from recon_lib.imaging.masks import MaskSpec, calibration_block, mask_stack
from recon_lib.scans.arrays import load_array
from recon_lib.scans.bart import CFL, read_cfl
from recon_lib.scans.kspace import HDF5, read_own_mask

OWN = "own"
"""In the place of a mask's file: the mask that the scan's own file holds."""
_COUNT = 20  # So many masks are shared by the slices of a scan in turn.
_ENDINGS = (".npy", ".npz", *HDF5, *CFL)


@dataclass(frozen=True, eq=False)
class UserMask:
    """A mask that was not drawn here.

    Attributes:
        array: Boolean: ``(width,)`` columns, ``(height, width)``, or ``(slices, height, width)``; zero frequency in the
            centre.
        name: Of its file.
        notes: What was done to it, as :attr:`~recon_lib.scans.scan.Scan.notes`.
    """

    array: np.ndarray
    name: str
    notes: dict[str, str]

    def fit(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return a mask for each slice.

        Args:
            shape: ``(slices, height, width)`` of the scan.

        Returns:
            Boolean, of that shape.

        Raises:
            ReconError: It is of another size.
        """
        if self.array.shape not in (shape[2:], shape[1:], shape):
            raise ReconError(
                f"The mask {self.name} is {size_text(self.array)}, but the scan has {shape[0]} slices of "
                f"{shape[1]}x{shape[2]}: give a mask of {shape[2]} columns, of a slice, or of all slices."
            )
        return np.broadcast_to(self.array, shape)


def read_mask(path: Path) -> UserMask:
    """Read a mask: zero where k-space is not sampled, one other value where it is.

    Args:
        path: ``.npy``, ``.npz`` with one array, HDF5 with a dataset ``mask`` (as fastMRI's test files have), or BART's
            ``.cfl``. A mask whose corner is sampled and whose centre is not has its zero frequency in the corner, and
            is turned.

    Raises:
        ReconError: It cannot be read, or is no mask.
    """
    path = Path(path)
    name = path.name.lower()
    if not path.is_file():
        raise ReconError(f"There is no file {path}: name a mask ({', '.join(_ENDINGS)}).")
    if name.endswith(HDF5):
        array = read_own_mask(path)
        if array is None:
            raise ReconError(f"{path} holds no dataset 'mask': name a file that has one.")
    elif name.endswith(CFL):
        array = read_cfl(path)
    elif name.endswith((".npy", ".npz")):
        array = load_array(path)
    else:
        raise ReconError(f"{path} is no mask that is read: give one of {', '.join(_ENDINGS)}.")
    return make_mask(array, str(path))


def make_mask(array: np.ndarray, name: str) -> UserMask:
    """Check that an array is a mask and put its zero frequency into the centre.

    Args:
        array: Of numbers, zero or one other value; axes of length 1 are dropped.
        name: For messages.

    Raises:
        ReconError: It has other values, samples nothing or everything, or has more than three axes.
    """
    array = np.squeeze(np.asarray(array))
    values = np.unique(array[array != 0])
    if not 1 <= array.ndim <= 3:
        raise ReconError(
            f"{name} has the shape {array.shape}: a mask is (width,), (height, width) or with slices first."
        )
    if len(values) != 1 or not np.isfinite(values).all() or np.all(array):
        raise ReconError(
            f"{name} is no mask: it has {len(values)} values that are not zero on {np.mean(array != 0):.0%} of its "
            "points, and a mask has one, not everywhere."
        )
    mask, axes = array != 0, tuple(range(array.ndim))[-2:]
    notes = {}
    if not _samples(mask, axes) and _samples(np.fft.fftshift(mask, axes), axes):
        mask = np.fft.fftshift(mask, axes)
        notes["mask turned"] = f"the mask {Path(name).name} samples its corner and not its centre, so it was turned."
    return UserMask(mask, name, notes)


def _samples(mask: np.ndarray, axes: tuple[int, ...]) -> bool:
    """Tell whether a mask samples the zero frequency and its neighbours."""
    middle = tuple(slice(mask.shape[a] // 2 - 1, mask.shape[a] // 2 + 2) for a in axes)
    return bool(mask[(..., *middle)].all())


def drawn_masks(
    shape: tuple[int, ...], spec: MaskSpec, limits: np.ndarray | None = None
) -> tuple[np.ndarray, dict[str, object]]:
    """Draw the masks of a scan, a few that its slices share in turn.

    Args:
        shape: ``(slices, height, width)``.
        spec: The masks. Within limits they have its acceleration: what is too much is taken away at random, outside the
            calibration block.
        limits: Boolean ``(height, width)``, the acquired limits; nothing outside them is sampled.

    Returns:
        Boolean ``(slices, height, width)``, and what they are for the record.

    Raises:
        ReconError: No mask of this size reaches the acceleration.
    """
    pool = mask_stack(shape[1:], min(_COUNT, shape[0]), "test", spec)
    if limits is not None and not limits.all():
        pool = np.stack([_thinned(mask & limits, limits, spec, index) for index, mask in enumerate(pool)])
    description = {"power": spec.power, "calibration": spec.calibration, "seed": spec.seed, "count": len(pool)}
    return pool[np.arange(shape[0]) % len(pool)], {"masks": description}


def _thinned(mask: np.ndarray, limits: np.ndarray, spec: MaskSpec, index: int) -> np.ndarray:
    removable = np.flatnonzero(mask & ~calibration_block(mask.shape, spec))
    excess = min(max(int(mask.sum()) - round(limits.sum() / spec.acceleration), 0), len(removable))
    mask = mask.copy()
    mask.flat[np.random.default_rng([spec.seed, 4, index]).choice(removable, excess, replace=False)] = False
    return mask
