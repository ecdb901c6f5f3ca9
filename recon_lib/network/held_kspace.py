"""A part of the k-space of tuning images that no update sees, and the weights that predict it best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import ops

from recon_lib.core.errors import ReconError
from recon_lib.imaging.acquisition import Acquired
from recon_lib.imaging.fourier import fft2c, ifft2c
from recon_lib.network.cascade import Cascade
from recon_lib.network.inference import apply_network

PATIENCE = 5
"""So many measurements in a row that are no better end a tuning."""


def draw_held(count: int, masks: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Draw the points of k-space that are held out of each of several images.

    With a point its reflections about the zero frequency along each axis and along both are held out: the k-space of a
    magnitude is conjugate-symmetric, and mirror images swap the others. Points that every mask samples stay, because
    without the fully sampled centre no network is at home.

    Args:
        count: Images.
        masks: Boolean, ``(m, height, width)``: those that tuning draws from.
        share: The part of all other points that is held out.
        rng: Decides the points.

    Returns:
        Boolean ``(count, height, width)``, true where a point is held out.

    Raises:
        ReconError: No point is held out of some image: the share is too small.
    """
    height, width = masks.shape[1:]
    rows, columns = (np.minimum(index := np.arange(n), (2 * (n // 2) - index) % n) for n in (height, width))
    orbit = rows[:, None] * width + columns  # the same number for a point and its reflections
    common = np.isin(orbit, orbit[masks.all(axis=0)])
    held = rng.random((count, height * width))[:, orbit] < share
    held &= ~common
    if not held.any(axis=(1, 2)).all():
        raise ReconError(f"held_kspace {share:g} holds no point of {height}x{width} out: give a larger share.")
    return held


def without_held(images: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Return images without the part of their k-space that is held out.

    Args:
        images: Real, ``(n, height, width)``.
        held: From :func:`draw_held`, of the same shape.

    Returns:
        float32 images, real because what is held out is symmetric.
    """
    return ifft2c(np.where(held, 0, fft2c(images))).real.astype(np.float32)


def held_quality(cascade: Cascade, acquired: Acquired, held: np.ndarray) -> float:
    r"""Measure how well a network predicts the part of k-space that is held out.

    Args:
        cascade: The network.
        acquired: What was acquired of the images outside that part, with whole references as ``target``.
        held: From :func:`draw_held`.

    Returns:
        :math:`-10 \log_{10} (\sum |F\{\hat x - x\}|^2 / \sum |F x|^2)` in dB, both sums over the held-out points.
    """
    images = apply_network(cascade, acquired)[0]
    target = acquired.target[..., 0]
    error, signal = (np.square(np.abs(fft2c(array)[held])).sum() for array in (images - target, target))
    return float(-10 * np.log10(max(error, np.finfo(float).tiny) / signal))


class Stopping:
    """The weights that predict the held-out part of k-space best, the trained ones among them.

    To stop by a part of the acquired samples costs no image: Yaman et al., ICLR 2022 (arXiv 2102.07737), do so where a
    network is fitted to a single undersampled scan. To do so in tuning with references, of which that part is taken
    out, is ours.

    Args:
        variables: The weights, as they are before the first update.
        quality: What :func:`held_quality` says of them, in dB.
    """

    def __init__(self, variables: Sequence[keras.Variable], quality: float) -> None:
        self._variables = list(variables)
        self._best, self._weights = quality, self._values()
        self._worse = 0

    @property
    def ends(self) -> bool:
        """Whether :data:`PATIENCE` measurements in a row were no better than the best."""
        return self._worse >= PATIENCE

    def note(self, quality: float) -> None:
        """Compare the weights as they are with the best.

        Args:
            quality: What :func:`held_quality` says of them, in dB.
        """
        if quality > self._best:
            self._best, self._weights, self._worse = quality, self._values(), 0
        else:
            self._worse += 1

    def install(self) -> None:
        """Put the best weights into the network."""
        for variable, value in zip(self._variables, self._weights, strict=True):
            variable.assign(value)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what :meth:`restore` needs to go on after a stop."""
        weights = {f"best/{index:03d}": value for index, value in enumerate(self._weights)}
        return {**weights, "best/quality": np.array(self._best), "best/worse": np.array(self._worse)}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from what :meth:`arrays` gave.

        Args:
            arrays: Those and others.
        """
        self._weights = [arrays[f"best/{index:03d}"] for index in range(len(self._variables))]
        self._best, self._worse = float(arrays["best/quality"]), int(arrays["best/worse"])

    def _values(self) -> list[np.ndarray]:
        return [ops.convert_to_numpy(variable).copy() for variable in self._variables]
