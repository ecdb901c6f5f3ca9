"""The structural similarity index of two images, at every pixel (Wang et al., IEEE Trans. Image Process. 13:600, 2004).

Weighted means, variances and the covariance of the two in a window around each pixel. It stays here beside
scikit-image's because a stack of slices takes a third of its time: 2.7 times its speed on 600 slices of 120 x 192
(``benchmarks/metrics.py``), with the same values to 1e-12.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from recon_lib.core.errors import ReconError, choose

SSIM_SIGMA = 1.5  # pixels
_BAND = (
    24  # Rows of one matrix product. A window's sums are nearly all zeros, and a wider band multiplies more of them.
)
_K1, _K2 = 0.01, 0.03


@dataclass(frozen=True)
class Window:
    """A square window (Wang et al., IEEE Trans. Image Process. 13:600, 2004).

    Attributes:
        side: Pixels, odd.
        sigma: Of its Gaussian weights, in pixels; ``None`` for equal ones.
        sample: Variances and covariance are those of a sample: divided by one pixel less than there are.
    """

    side: int
    sigma: float | None = None
    sample: bool = False

    @property
    def weights(self) -> np.ndarray:
        """The weights of one of its rows, ``(side,)``, with the sum 1."""
        offsets = np.arange(self.side) - self.side // 2
        weights = np.ones(self.side) if self.sigma is None else np.exp(-0.5 * (offsets / self.sigma) ** 2)
        return weights / weights.sum()


DEFAULT_WINDOW = "gaussian"
#: By name: the one of Wang et al., cut at 3.5 sigma; and scikit-image's default.
WINDOWS = {DEFAULT_WINDOW: Window(11, sigma=SSIM_SIGMA), "uniform": Window(7, sample=True)}


class Similarity:
    """What SSIM (Wang et al., IEEE Trans. Image Process. 13:600, 2004) needs of a reconstruction and its reference.

    Of the reconstruction times a factor it follows without filtering again, so two scales of a slice cost one pass.

    Args:
        reference: Reference, float64 ``(height, width)``.
        image: Reconstruction of the same shape.
        data_range: ``L`` of the constants ``(K L)^2``: the peak of the images, in their units.
        window: A name of :data:`WINDOWS`.

    Raises:
        ReconError: A side is shorter than the window, or the window is unknown.
    """

    def __init__(
        self, reference: np.ndarray, image: np.ndarray, *, data_range: float, window: str = DEFAULT_WINDOW
    ) -> None:
        self._window = WINDOWS[choose("window of SSIM", window, WINDOWS)]
        side = self._window.side
        if min(reference.shape) < side:
            raise ReconError(f"SSIM needs at least {side} pixels a side, but the slice is of shape {reference.shape}.")
        self._c1, self._c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
        planes = np.stack((image, reference, image * image, reference * reference, image * reference))
        self._image, self._reference, squared, reference_squared, product = _window_means(planes, self._window)
        few = side**2 / (side**2 - 1) if self._window.sample else 1.0
        self._variance = few * (squared - self._image**2)
        self._reference_variance = few * (reference_squared - self._reference**2)
        self._covariance = few * (product - self._image * self._reference)

    def map(self, factor: float = 1.0) -> np.ndarray:
        """Return the SSIM at every pixel (Wang et al., eq. 13); images are mirrored at their edges.

        Args:
            factor: What the reconstruction is multiplied by first.

        Returns:
            float64 ``(height, width)``, at most 1.
        """
        image, variance, covariance = factor * self._image, factor**2 * self._variance, factor * self._covariance
        return ((2 * image * self._reference + self._c1) * (2 * covariance + self._c2)) / (
            (image**2 + self._reference**2 + self._c1) * (variance + self._reference_variance + self._c2)
        )

    def mean(self, map_: np.ndarray) -> float:
        """Average a map over the pixels around which the whole window fits (Wang et al., eq. 17).

        Args:
            map_: As :meth:`map` gives it, ``(height, width)``.
        """
        border = self._window.side // 2
        return float(map_[border:-border, border:-border].mean())


def _window_means(planes: np.ndarray, window: Window) -> np.ndarray:
    """Filter ``(n, height, width)`` by a window, the image mirrored at its edges.

    Bands of a matrix product: twice as fast as filters that step through memory, and too small for the product to be
    spread over threads, which would wait for each other.
    """
    half, means = np.empty_like(planes), np.empty_like(planes)
    for rows, support, weights in _bands(planes.shape[1], window):
        np.matmul(weights, planes[:, support], out=half[:, rows])
    for columns, support, weights in _bands(planes.shape[2], window):
        np.matmul(half[:, :, support], weights.T, out=means[:, :, columns])
    return means


@functools.lru_cache(maxsize=16)
def _bands(n: int, window: Window) -> list[tuple[slice, slice, np.ndarray]]:
    """Cut the window along an axis of length ``n`` into bands: where they write, where they read, their weights."""
    border = window.side // 2
    index = np.arange(n)[:, None] + np.arange(-border, border + 1)
    index = np.where(index < 0, -1 - index, np.where(index >= n, 2 * n - 1 - index, index))
    matrix = np.zeros((n, n))
    np.add.at(matrix, (np.arange(n)[:, None], index), window.weights)
    starts = range(0, n, _BAND)
    spans = [(slice(s, min(n, s + _BAND)), slice(max(0, s - border), min(n, s + _BAND + border))) for s in starts]
    return [(out, read, np.ascontiguousarray(matrix[out, read])) for out, read in spans]
