"""What complex arrays tell of themselves: k-space or image, where k-space peaks, whether the object crosses the border.

Each criterion is a number that real slices were measured against: every axial, coronal and sagittal T1 slice and every
axial T2 slice of OpenfMRI ds000011 that shows enough of the head.
"""

from __future__ import annotations

import numpy as np

from recon_lib.imaging.fourier import ifft2c

CONTRAST = 3.0
"""So many times wider than its transform's must the energy of an array be spread to tell which of both is the image.

Of real slices the image is spread at least 60 times as widely; noise is as its transform, with a ratio of 1.
"""
REFINE = 2
"""Samples around the smooth peak of k-space among which the zero frequency is the strongest."""
CENTRE = 0.14
"""Half width of the window on k-space that shows where the object lies, 1 being the middle of an edge."""
LEAST = 4.0
"""Samples that this window reaches at least: a small matrix would be seen through its zero frequency alone."""
OFFSET = 0.1
"""Share of the field of view by which the middle of an object across the border is off the centre at least."""
BORDER = 0.1
"""Signal at both borders, of the strongest line's, from which on an object is said to lie across them.

With both numbers no real slice is taken for one that was rolled, and every one that was rolled by half is found.
"""
PLANES = 12
"""Planes from which on three-dimensional k-space can be told from slices."""
STEADY = 0.05
"""Resultant length of an object's energy around the field of view below which it has no middle."""


def effective_share(array: np.ndarray) -> float:
    r"""Return the share of samples that hold the energy.

    .. math:: \left(\sum |a|^2\right)^2 / \left(N \sum |a|^4\right)

    It is 1 if all samples are alike, ``1 / N`` if one holds everything, and about 1/2 for complex noise: the
    participation ratio of physics.

    Args:
        array: Complex or real, of any shape, not zero everywhere.
    """
    energy = np.abs(array.astype(np.complex128)) ** 2
    energy /= energy.max()
    return float(energy.sum() ** 2 / (energy.size * (energy**2).sum()))


def kind_of(array: np.ndarray) -> str:
    """Tell k-space from an image: k-space holds its energy in few samples, an image in many.

    Args:
        array: Complex, ``(n, height, width)``.

    Returns:
        ``kspace``, ``image``, or ``neither`` where its energy peaks nowhere, nor does its transform's.
    """
    ratio = effective_share(ifft2c(array)) / effective_share(array)
    return "kspace" if ratio > CONTRAST else "image" if ratio < 1 / CONTRAST else "neither"


def find_peak(kspace: np.ndarray) -> tuple[int, int]:
    """Find the zero frequency: where the samples of all slices are strongest.

    The square root of the magnitude, smoothed over five samples, finds the place, so that a single wrong sample does
    not; the strongest sample there is the peak. Of magnitude images it is the zero frequency exactly.

    Args:
        kspace: ``(n, height, width)``, not zero everywhere.

    Returns:
        Its row and column.
    """
    magnitude = np.abs(kspace.astype(np.complex128))
    strongest = magnitude.max(axis=(1, 2), keepdims=True)
    total = (magnitude / np.where(strongest > 0, strongest, 1)).sum(axis=0)
    smooth = np.sqrt(total)
    for axis in (0, 1):
        smooth = sum(np.roll(smooth, step, axis) for step in range(-REFINE, REFINE + 1))
    middle = np.unravel_index(smooth.argmax(), smooth.shape)
    steps = np.arange(-REFINE, REFINE + 1)
    rows, columns = ((int(m) + steps) % n for m, n in zip(middle, total.shape, strict=True))
    part = np.unravel_index(total[np.ix_(rows, columns)].argmax(), (len(steps), len(steps)))
    return int(rows[part[0]]), int(columns[part[1]])


def crosses_border(kspace: np.ndarray) -> tuple[bool, bool]:
    """Tell along which axes the object lies across the border of the field of view, as a roll leaves it.

    The object's middle is the direction in which its energy points when the field of view is bent to a circle. It is
    taken from the centre of k-space, so that noise and the folding of what was not sampled do not matter.

    Args:
        kspace: ``(n, height, width)``, zero frequency in the centre, not zero everywhere.

    Returns:
        For rows and for columns: the middle is off the centre by more than :data:`OFFSET` of the field of view, and
        there is signal at both ends (:data:`BORDER`).
    """
    smooth = kspace * low_pass(kspace.shape[1:], CENTRE, least=LEAST)
    energies = [(np.abs(ifft2c(array)) ** 2).sum(axis=0) for array in (smooth, kspace)]
    rows, columns = ([energy.sum(axis=axis) for energy in energies] for axis in (1, 0))
    return _is_across(*rows), _is_across(*columns)


def _is_across(smooth: np.ndarray, sharp: np.ndarray) -> bool:
    """Judge by the energy of each line, of the smooth images and of the images themselves, which smear nothing."""
    count = len(smooth)
    middle = smooth @ np.exp(2j * np.pi * (np.arange(count) - count // 2) / count) / smooth.sum()
    offset = abs(np.angle(middle)) / (2 * np.pi)
    return bool(abs(middle) > STEADY and offset > OFFSET and min(_ends(smooth), _ends(sharp)) > BORDER)


def _ends(profile: np.ndarray) -> float:
    """Return the weaker end's magnitude, between the weakest line's (0) and the strongest line's (1)."""
    level = np.sqrt(profile)
    return float((min(level[0], level[-1]) - level.min()) / max(np.ptp(level), np.finfo(float).tiny))


def low_pass(size: tuple[int, ...], half_width: float, least: float = 0.0) -> np.ndarray:
    """Return a Hann window on the centre of k-space.

    Args:
        size: ``(height, width)``.
        half_width: Where it reaches zero, 1 being the middle of an edge.
        least: Samples from the zero frequency that it reaches at least.

    Returns:
        float64 of that size, 1 at the zero frequency.
    """
    window = np.ones((1, 1))
    for axis, count in enumerate(size):
        distance = np.abs(np.arange(count) - count // 2) / max(half_width * count / 2, least)
        hann = np.where(distance < 1, 0.5 + 0.5 * np.cos(np.pi * distance), 0)
        window = window * np.expand_dims(hann, 1 - axis)
    return window


def is_volume_kspace(slices: np.ndarray) -> bool:
    """Tell whether slices are planes of three-dimensional k-space, which was never transformed along the first axis.

    Of such planes a few hold nearly all of the energy, and the transform along them spreads it; the energies of slices
    of a head differ less.

    Args:
        slices: Complex, ``(n, height, width)``; of fewer than :data:`PLANES` planes it cannot be told.
    """
    if len(slices) < PLANES or not slices.any(axis=(1, 2)).all():
        return False
    energy = (np.abs(slices.astype(np.complex128)) ** 2).sum(axis=(1, 2))
    spread = (np.abs(np.fft.fft(slices.astype(np.complex128), axis=0)) ** 2).sum(axis=(1, 2))
    shares = [e.sum() ** 2 / (len(e) * (e**2).sum()) for e in (energy, spread)]
    return bool(shares[1] > CONTRAST * shares[0])
