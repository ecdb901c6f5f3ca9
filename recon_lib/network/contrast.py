"""Photographs of more contrast: their intensities are remapped by random curves, an image a curve."""

from __future__ import annotations

import numpy as np

_KNOTS = 4  # black, two greys and white: the curve can turn round between them


def random_curve(intensities: np.ndarray, values: np.ndarray) -> np.ndarray:
    r"""Put intensities through a smooth curve that passes equidistant knots.

    Between the knots ``k`` and ``k + 1``, for ``t`` from 0 to 1,

    .. math:: f = v_k + (v_{k+1} - v_k) \, \frac{1}{2} (1 - \cos \pi t),

    so that the curve is level at every knot and nowhere leaves the range of its values.

    Args:
        intensities: Between 0 and 1, of any shape.
        values: At the knots, the first at intensity 0 and the last at 1, ``(knots,)``.

    Returns:
        Of the shape of the intensities.
    """
    place = intensities * (len(values) - 1)
    knot = np.minimum(place.astype(int), len(values) - 2)
    weight = (1 - np.cos(np.pi * (place - knot))) / 2
    return values[knot] + (values[knot + 1] - values[knot]) * weight


def vary_contrast(images: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Remap the intensities of a share of images.

    The values at the knots are independent and uniform, so most curves rise and fall: T1 and T2 show the same tissues
    in another order of brightness, which no rising curve gives. Training on contrasts at random, so as to meet any,
    is known from segmentation (Billot et al., Med. Image Anal. 86:102789, 2023); curves on photographs are ours.

    Args:
        images: Magnitudes, ``(n, height, width)``; they stay as they are.
        share: Between 0 and 1; of ``n`` images, ``share * n`` to the nearest are remapped.
        rng: Decides which images, and their curves.

    Returns:
        Magnitudes of the same shape, type and maxima.
    """
    varied = images.copy()
    for index in rng.permutation(len(images))[: round(share * len(images))]:
        peak = images[index].max()
        changed = random_curve(images[index] / peak, rng.uniform(size=_KNOTS))
        varied[index] = changed * (peak / changed.max())
    return varied
