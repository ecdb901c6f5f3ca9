"""How a picture lies inside the page: 8 bits, no larger than it must be, and without loss.

A reconstruction is stored as its difference from the slice's reference: the page adds the reference to show the image
and takes the modulus to show the error, so both come from one file and agree.
"""

from __future__ import annotations

import base64
import io

import numpy as np

STEP = 1 / 255
"""Finest step of a stored difference, the reference's maximum being 1: that of the screen's own greys."""
MIDDLE = 128  # the code of no difference


def encode_difference(image: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, float]:
    """Store a reconstruction as 8-bit differences.

    Args:
        image: Reconstruction, ``(height, width)``.
        reference: Reference of the same shape, maximum 1.

    Returns:
        Codes, uint8, ``128 + difference / step``; and the step, at least :data:`STEP` and as large as the
        largest difference needs.
    """
    difference = np.asarray(image, np.float64) - np.asarray(reference, np.float64)
    step = max(STEP, float(np.abs(difference).max(initial=0.0)) / (MIDDLE - 1))
    return (MIDDLE + np.round(difference / step)).astype(np.uint8), step


def decode_difference(codes: np.ndarray, step: float) -> np.ndarray:
    """Return the differences that :func:`encode_difference` stored, each within half a step: what the page computes."""
    return (codes.astype(np.float64) - MIDDLE) * step


def palette() -> str:
    """Return the 256 colours of the error maps, RGB in base64."""
    from matplotlib import colormaps

    colours = colormaps["inferno"](np.arange(256))[:, :3]
    return base64.b64encode(np.round(255 * colours).astype(np.uint8).tobytes()).decode()


def address(grey: np.ndarray) -> str:
    """Write an image as a lossless WebP inside a data address.

    Args:
        grey: uint8, ``(height, width)``.
    """
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(grey)).save(file, "WEBP", lossless=True, method=4)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
