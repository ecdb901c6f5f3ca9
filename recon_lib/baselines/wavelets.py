r"""What compressed sensing takes to be sparse: wavelet coefficients, and finite differences.

The wavelet is Daubechies' orthonormal one with ``L`` = 4 taps, periodised: SparseMRI's "Daubechies-4" and
PyWavelets' ``db2``. (Others count vanishing moments and call the one of eight taps so: ``db4``.) One level takes
a signal ``x`` of even length ``n`` to its approximation ``a`` and its detail ``d``, indices modulo ``n``:

.. math:: a_k = \sum_{m=0}^{L-1} h_m x_{2k+1-L/2+m}, \qquad d_k = \sum_{m=0}^{L-1} (-1)^m h_{L-1-m} x_{2k+1-L/2+m}

which is PyWavelets' ``dwt(x, "db2", "periodization")``, phase included. An image is transformed down
both axes, then its approximation again, until that is 16 x 16.

Each level is one small dense matrix: a matrix product runs so near the machine's peak that it beats
strided filters, and the zero-padding and cropping of a size that is not dyadic cost nothing, because
they only choose columns of the first level's matrix. That is why it stands beside PyWavelets 1.8, whose values it
has to single precision: both ways on eight complex slices it is 2.8 times as fast for 120 x 192 and 1.4 times for
256 x 176 on two threads, 1.7 times and no faster on one (fastest of 60 rounds); and it needs no further package.

Complex images travel in planes, ``(n, planes, height, width)``: real and imaginary parts are
transformed apart, and a real image has one plane.
"""

from __future__ import annotations

import numpy as np

from recon_lib.core.errors import ReconError, choose

COARSEST = 16
MU = 1e-15
DEFAULT = "db2"
#: Low-pass taps ``h`` by the wavelet's name in PyWavelets (I. Daubechies, Ten Lectures on Wavelets, 1992, table 6.1).
TAPS = {
    "db2": np.array([1 + np.sqrt(3), 3 + np.sqrt(3), 3 - np.sqrt(3), 1 - np.sqrt(3)]) / (4 * np.sqrt(2)),
    "db4": np.array([
        0.23037781330885523, 0.7148465705525415, 0.6308807679295904, -0.02798376941698385,
        -0.18703481171888114, 0.030841381835986965, 0.032883011666982945, -0.010597401784997278,
    ]),
}  # fmt: skip


def padded_side(size: tuple[int, int]) -> int:
    """Return the side of the square that an image is zero-padded to, as SparseMRI does.

    Args:
        size: ``(height, width)``.

    Returns:
        The smallest power of two that is at least both sides, and at least :data:`COARSEST`. It is
        square because the toolbox's transform knows squares alone, and so ends in 16 x 16.

    Raises:
        ReconError: A side is not positive.
    """
    if len(size) != 2 or min(size) < 1:
        raise ReconError(f"A wavelet transform needs two positive sides, not {tuple(size)}.")
    return max(COARSEST, 1 << (int(max(size)) - 1).bit_length())


def level_matrix(n: int, wavelet: str = DEFAULT) -> np.ndarray:
    """Return one level of the transform as a matrix (I. Daubechies, Ten Lectures on Wavelets, 1992, chapter 6).

    Args:
        n: Length of the signal, even and at least the number of taps.
        wavelet: A name of :data:`TAPS`.

    Returns:
        Orthonormal ``(n, n)`` matrix in double precision: ``n / 2`` rows of approximation, then
        ``n / 2`` rows of detail.

    Raises:
        ReconError: ``n`` is odd or too short, or the wavelet is unknown.
    """
    taps = TAPS[choose("wavelet", wavelet, TAPS)]
    if n < len(taps) or n % 2:
        raise ReconError(f"One level of wavelet {wavelet!r} needs an even length of at least {len(taps)}, not {n}.")
    k, m = np.mgrid[: n // 2, : len(taps)]
    place = (2 * k + 1 - len(taps) // 2 + m) % n
    matrix = np.zeros((n, n))
    matrix[k, place] = taps
    matrix[k + n // 2, place] = (-1.0) ** m * taps[::-1]
    return matrix


class Wavelet:
    r"""The transform :math:`W P` of images of one size, and its adjoint :math:`P^T W^T`.

    Source: SparseMRI V0.2 (M. Lustig et al., Magn Reson Med 58:1182-95, 2007), whose ``Wavelet`` is this one.

    ``P`` pads an image with zeros to a square power of two, the image in its middle (the toolbox's
    ``zpad``), and ``P^T`` crops. ``W`` is orthonormal, so ``inverse(forward(x)) == x``; and
    ``forward(inverse(w)) == w`` where nothing is padded.

    Args:
        size: ``(height, width)`` of the images.
        dtype: Precision of the matrices, ``float32`` or ``float64``.
        wavelet: A name of :data:`TAPS`.

    Attributes:
        side: Side of the square of coefficients.
        levels: Number of levels, ``log2(side / 16)``; 4 at 256, and none at 16, where the
            coefficients are the pixels.

    Raises:
        ReconError: A side is not positive, or the wavelet is unknown.
    """

    def __init__(self, size: tuple[int, int], dtype: np.typing.DTypeLike = np.float32, wavelet: str = DEFAULT) -> None:
        self.side = padded_side(size)
        self.size = (int(size[0]), int(size[1]))
        self.levels = (self.side // COARSEST).bit_length() - 1
        if self.levels:
            finest = level_matrix(self.side, wavelet)
            self._coarser = [level_matrix(self.side >> i, wavelet).astype(dtype) for i in range(1, self.levels)]
        else:
            finest, self._coarser = np.eye(self.side), []
        starts = [self.side // 2 - n // 2 for n in self.size]
        self._rows, self._columns = (
            np.ascontiguousarray(finest[:, s : s + n], dtype=dtype) for s, n in zip(starts, self.size, strict=True)
        )

    def forward(self, image: np.ndarray) -> np.ndarray:
        """Pad and analyse.

        Args:
            image: Real array of shape ``(..., height, width)``; transform real and imaginary parts apart.

        Returns:
            Coefficients of shape ``(..., side, side)``, the approximation in the first corner.
        """
        bands = self._rows @ image @ self._columns.T
        for matrix in self._coarser:
            n = len(matrix)
            bands[..., :n, :n] = matrix @ bands[..., :n, :n] @ matrix.T
        return bands

    def inverse(self, bands: np.ndarray) -> np.ndarray:
        """Synthesise and crop: the adjoint of :meth:`forward`, and its inverse on the left.

        Args:
            bands: Real coefficients of shape ``(..., side, side)``; they are left as they are.

        Returns:
            Images of shape ``(..., height, width)``.
        """
        if self._coarser:
            bands = bands.copy()
        for matrix in reversed(self._coarser):
            n = len(matrix)
            bands[..., :n, :n] = matrix.T @ bands[..., :n, :n] @ matrix
        return self._rows.T @ bands @ self._columns


def difference(image: np.ndarray, axis: int) -> np.ndarray:
    """Take forward differences ``x[i + 1] - x[i]``, zero at the last index: nothing wraps around.

    Source: SparseMRI's finite differences (M. Lustig et al., Magn Reson Med 58:1182-95, 2007).

    Args:
        image: Images, ``(..., height, width)``.
        axis: The axis to step along.

    Returns:
        Array of the same shape.
    """
    steps = np.zeros_like(image)
    np.subtract(_part(image, axis, 1, None), _part(image, axis, None, -1), out=_part(steps, axis, None, -1))
    return steps


def difference_adjoint(steps: np.ndarray, axis: int) -> np.ndarray:
    """Apply the adjoint of :func:`difference`.

    Args:
        steps: Differences, ``(..., height, width)``; the last index along ``axis`` is ignored: it is never written.
        axis: The axis stepped along.

    Returns:
        Array of the same shape.
    """
    image = np.zeros_like(steps)
    inner = _part(steps, axis, None, -1)
    np.subtract(_part(image, axis, None, -1), inner, out=_part(image, axis, None, -1))
    np.add(_part(image, axis, 1, None), inner, out=_part(image, axis, 1, None))
    return image


def modulus(planes: np.ndarray) -> np.ndarray:
    r"""Take the smoothed modulus :math:`\sqrt{|z|^2 + \mu}`, ``mu`` = :data:`MU`.

    Source: M. Lustig et al., Magn Reson Med 58:1182-95, 2007, appendix I: the modulus has no gradient at zero.

    Args:
        planes: One or two real planes, ``(..., planes, height, width)``.

    Returns:
        Array of shape ``(..., height, width)``.
    """
    squares = np.square(planes[..., 0, :, :])
    if planes.shape[-3] == 2:
        squares += np.square(planes[..., 1, :, :])
    squares += MU
    return np.sqrt(squares, out=squares)


def norm1(planes: np.ndarray) -> float:
    """Sum the :func:`modulus`: rows in their own precision, the rows' sums in double.

    Args:
        planes: One or two real planes, ``(planes, height, width)``.

    Returns:
        The smoothed L1 norm.
    """
    return float(modulus(planes).sum(axis=-1).sum(dtype=np.float64))


def inner(a: np.ndarray, b: np.ndarray) -> complex:
    """Take the complex inner product, conjugate-linear in the first argument.

    Args:
        a: One or two real planes, ``(planes, height, width)``.
        b: As many.

    Returns:
        ``<a, b>``.
    """
    turned = np.vdot(a[0], b[1]) - np.vdot(a[1], b[0]) if len(a) == 2 else 0.0
    return complex(np.vdot(a, b), turned)


def split(values: np.ndarray, planes: int) -> np.ndarray:
    """Split ``(n, height, width)`` into planes.

    Args:
        values: Real or complex array.
        planes: 2 for the real and the imaginary part, 1 for the real part alone.

    Returns:
        Real array of shape ``(n, planes, height, width)``.
    """
    return np.stack((values.real, values.imag)[:planes], axis=1)


def join(planes: np.ndarray) -> np.ndarray:
    """Join planes into complex numbers; one plane has the imaginary part 0.

    Args:
        planes: Real array of shape ``(n, planes, height, width)``.

    Returns:
        Complex array of shape ``(n, height, width)``, in the same precision.
    """
    values = np.zeros(planes.shape[:1] + planes.shape[2:], dtype=np.result_type(planes, np.complex64))
    values.real = planes[:, 0]
    if planes.shape[1] == 2:
        values.imag = planes[:, 1]
    return values


def _part(array: np.ndarray, axis: int, start: int | None, stop: int | None) -> np.ndarray:
    index = [slice(None)] * array.ndim
    index[axis] = slice(start, stop)
    return array[tuple(index)]
