"""Where the voxels of raw data are, by the heads of ISMRMRD's lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_TO_RAS = np.diag([-1.0, -1.0, 1.0])  # ISMRMRD's axes, as DICOM's, run to the left, back and up
_EVEN = 0.01  # of the distance between slices


@dataclass(frozen=True, eq=False)
class Geometry:
    """The place of images ``(slices, height, width)``.

    Attributes:
        affine: From (row, column, slice) to mm to the right, front and up, ``(4, 4)``.
        is_placed: Whether position and directions are known; if not, the affine holds the voxel's size alone.
    """

    affine: np.ndarray
    is_placed: bool


def unplaced(voxel: tuple[float, float, float]) -> Geometry:
    """Return the geometry of which the voxel's size alone is known.

    Args:
        voxel: Height, width and depth in mm.
    """
    return Geometry(np.diag([*voxel, 1.0]), False)


def geometry_of(heads: np.ndarray, voxel: tuple[float, float, float], size: tuple[int, int]) -> Geometry:
    """Place images by the heads of their lines.

    The position of a line is that of its slice's centre, which the transform puts at ``n // 2``.

    Args:
        heads: Of one line of every slice: ``position`` in mm, and the unit vectors ``read_dir``, ``phase_dir`` and
            ``slice_dir``.
        voxel: Height (phase encoding), width (readout) and depth in mm.
        size: ``(height, width)`` of the images.

    Returns:
        Their geometry; not placed where directions are missing or slices are not evenly spaced along one line.
    """
    directions = [heads[name].astype(float) for name in ("phase_dir", "read_dir", "slice_dir")]
    positions = heads["position"].astype(float)
    axes = np.stack([direction[0] for direction in directions])
    is_rotation = np.allclose(axes @ axes.T, np.eye(3), atol=1e-3)
    if not is_rotation or any(np.ptp(direction, axis=0).max() > 1e-3 for direction in directions):
        return unplaced(voxel)
    step = axes[2] * voxel[2]
    if len(positions) > 1:
        step = (positions[-1] - positions[0]) / (len(positions) - 1)
        distance = np.linalg.norm(step)
        expected = positions[0] + np.arange(len(positions))[:, None] * step
        if not distance > 0 or np.abs(positions - expected).max() > _EVEN * distance:
            return unplaced(voxel)
    rows, columns = axes[0] * voxel[0], axes[1] * voxel[1]
    origin = positions[0] - rows * (size[0] // 2) - columns * (size[1] // 2)
    affine = np.eye(4)
    affine[:3] = _TO_RAS @ np.column_stack([rows, columns, step, origin])
    return Geometry(affine, True)
