"""The changes of :class:`~recon_lib.experiment.augmentation.Augmentation`, made to a batch of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recon_lib.experiment.augmentation import Augmentation
from recon_lib.imaging.acquisition import Acquired, Acquisition, to_channels
from recon_lib.imaging.masks import MaskSpec, mask_stack


def augment(images: np.ndarray, augmentation: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Mirror, shift and change the intensity of images, each by draws of its own.

    Args:
        images: Magnitudes, ``(n, height, width)``; they stay as they are.
        augmentation: What is done to them.
        rng: Decides what is drawn.

    Returns:
        Magnitudes of the same shape, type and maxima.
    """
    changed = images.copy()
    for image in changed:
        if augmentation.mirrors:
            rows, columns = (slice(None, None, step) for step in rng.choice([-1, 1], size=2))
            image[:] = image[rows, columns].copy()
        if augmentation.shift:
            image[:] = np.roll(image, rng.integers(-augmentation.shift, augmentation.shift + 1, size=2), axis=(0, 1))
        if augmentation.intensity:
            limit = np.log1p(augmentation.intensity)
            power, peak = np.exp(rng.uniform(-limit, limit)), image.max()
            image[:] = peak * (image / peak) ** power
    return changed


def add_noise(acquired: Acquired, augmentation: Augmentation, rng: np.random.Generator) -> Acquired:
    """Add complex normal noise to the acquired samples of images; their targets stay clean.

    Args:
        acquired: What was acquired of ``n`` images, with their targets.
        augmentation: Its ``noise`` bounds the standard deviations, in units of each target's maximum.
        rng: Decides standard deviations and noise.

    Returns:
        The same with other zero-filled images, whose noise has no sample outside the mask.
    """
    if not augmentation.noise:
        return acquired
    peaks = acquired.target.max(axis=(1, 2, 3))
    deviations = rng.uniform(0, augmentation.noise, size=len(acquired)) * peaks
    noise = deviations[:, None, None, None] * rng.standard_normal(acquired.zero_filled.shape)
    image = Acquisition(acquired.mask).adjoint(noise[..., 0] + 1j * noise[..., 1])
    return replace(acquired, zero_filled=acquired.zero_filled + to_channels(image))


def training_masks(
    size: tuple[int, int], count: int, spec: MaskSpec, accelerations: Sequence[float] = ()
) -> np.ndarray:
    """Give the masks that a network learns from: those of the acceleration itself, and as many of each other one.

    Args:
        size: ``(height, width)``.
        count: Masks of each acceleration.
        spec: The parameters of the masks, with the acceleration itself.
        accelerations: The others.

    Returns:
        Boolean array ``(m, height, width)``.
    """
    factors = (spec.acceleration, *accelerations)
    stacks = [mask_stack(size, count, "train", replace(spec, acceleration=factor)) for factor in factors]
    return np.concatenate(stacks)
