r"""The compressed-sensing baseline: SparseMRI's non-linear conjugate gradient, a batch of slices at once.

Each slice solves, in the coefficients ``w`` of a wavelet transform,

.. math::

    \min_w \; \Phi(w) = \|M F x - y\|_2^2 + \lambda \sum_j \sqrt{|w_j|^2 + \mu}
        + \tau \sum_i \left(\sqrt{|(D_1 x)_i|^2 + \mu} + \sqrt{|(D_2 x)_i|^2 + \mu}\right),
        \qquad x = P^T W^T w

================  ===========================================================================================
``x``             image of the true size ``(height, width)``, what is returned
``w``             ``(side, side)`` coefficients, side a power of two; all are penalised, the coarsest band too
``W``, ``P``      orthonormal wavelet, real and imaginary parts apart, and zero-padding to ``side`` before it
                  (:mod:`recon_lib.baselines.wavelets`); ``P^T`` crops
``F``             centred orthonormal Fourier transform of the true size (:mod:`recon_lib.imaging.fourier`): what ``w``
                  holds outside the image is cropped before it, and never meets the data
``M``, ``y``      mask, and acquired k-space, zero elsewhere
``D_1``, ``D_2``  forward differences down and across the true size, zero at the last row and column
lambda, tau, mu   fields ``wavelet_weight`` and ``tv_weight`` of a variant (zero skips its term), and 1e-15
================  ===========================================================================================

There is no factor 1/2. The weights are meant for data scaled so that the start, the zero-filled image,
has a maximum modulus of 1; the result is scaled back. In a ``real`` variant ``x`` and ``w`` are real, and
the start is the zero-filled image's real part. As in the toolbox, a direction that leads uphill ends in
a step too short to tell, and the next one bends down; a slice whose line search gives up stays put.

Source: M. Lustig, D. Donoho, J. Pauly, Magn Reson Med 58:1182-95 (2007), and the toolbox SparseMRI V0.2,
whose constants and rules for the step these are. The line search needs no transform: along ``w + t d``
the data term is a parabola in ``t``, and the rest is linear under the modulus.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.fft

from recon_lib.baselines.variants import Variant, find_variant
from recon_lib.baselines.wavelets import (
    Wavelet,
    difference,
    difference_adjoint,
    inner,
    join,
    modulus,
    norm1,
    split,
)
from recon_lib.core.errors import ReconError
from recon_lib.core.progress import Progress
from recon_lib.imaging.acquisition import Acquisition

FIRST_STEP, ALPHA, BETA, MAX_BACKTRACKS, MANY_BACKTRACKS = 1.0, 0.01, 0.6, 150, 2


def reconstruct_cs(
    kspace: np.ndarray,
    mask: np.ndarray,
    variant: str | Variant = "literal",
    iterations: int = 80,
    progress: Progress | None = None,
    return_history: bool = False,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """Reconstruct slices by compressed sensing, in single precision (eq. 2; M. Lustig et al., Magn Reson Med 58:1182).

    Each slice has its own step and line search, so a batch gives what its slices give one by one. A batch
    needs some 100 bytes a coefficient: 6 MB a slice at 256 x 256.

    Args:
        kspace: Complex ``(n, height, width)``, zero frequency in the centre, as made by
            :meth:`recon_lib.imaging.acquisition.Acquisition.forward`; what lies outside the mask is ignored.
        mask: Boolean ``(n, height, width)``, or ``(height, width)`` for all slices.
        variant: A name of :func:`~recon_lib.baselines.variants.find_variant`, or a :class:`Variant` of one's own.
        iterations: Iterations of the conjugate gradient; the paper has 80 for T1 and 120 for T2.
        progress: Called with iterations done, iterations in all, and a row: ``loss``, the mean objective.
        return_history: Also return the objective.

    Returns:
        Images ``(n, height, width)``, ``complex64``, in the units of ``kspace``; with ``return_history``
        also the objective of the scaled problem, ``(iterations + 1, n)``, the start's first.

    Raises:
        ReconError: Shapes do not fit, values are not finite, a slice has no signal, the variant is
            unknown, or ``iterations`` is below 1.
    """
    kspace, mask, variant = _checked(kspace, mask, variant)
    if iterations < 1:
        raise ReconError(f"Compressed sensing needs at least 1 iteration, not {iterations}.")
    start = Acquisition(mask).adjoint(kspace)
    scale = np.abs(start.real if variant.real else start).max(axis=(-2, -1), keepdims=True)
    if not scale.all():
        raise ReconError(f"Slice {scale.argmin()} has no signal inside its mask: leave empty slices out.")
    point, history = _descend(_Problem(kspace / scale, mask, variant, np.dtype(np.float32)), iterations, progress)
    images = (join(point.image) * scale).astype(np.complex64)
    return (images, history) if return_history else images


def objective(
    coefficients: np.ndarray, kspace: np.ndarray, mask: np.ndarray, variant: str | Variant = "literal"
) -> np.ndarray:
    """Evaluate ``Phi(w)`` of each slice, ``(n,)``, in double precision and without scaling the data.

    Source: M. Lustig et al., Magn Reson Med 58:1182-95, 2007, appendix I, where the modulus is smoothed too.

    Args:
        coefficients: ``w``, ``(n, side, side)``; a real variant sees the real part alone.
        kspace: As for :func:`reconstruct_cs`, and so the others.
        mask: Boolean ``(n, height, width)`` or ``(height, width)``.
        variant: A name of :func:`~recon_lib.baselines.variants.find_variant`, or a :class:`Variant`.

    Raises:
        ReconError: Shapes do not fit, values are not finite or the variant is unknown.
    """
    problem = _Problem(*_checked(kspace, mask, variant), np.dtype(np.float64))
    return problem.objective(problem.point(problem.planes(coefficients)))


def gradient(
    coefficients: np.ndarray, kspace: np.ndarray, mask: np.ndarray, variant: str | Variant = "literal"
) -> np.ndarray:
    r"""Evaluate the gradient :math:`\partial\Phi/\partial\Re w + i\,\partial\Phi/\partial\Im w` of :func:`objective`.

    Args and errors are its own; ``complex128``, ``(n, side, side)``, imaginary part 0 in a real variant. Source:
    M. Lustig et al., Magn Reson Med 58:1182-95, 2007, appendix I.
    """
    problem = _Problem(*_checked(kspace, mask, variant), np.dtype(np.float64))
    return join(problem.gradient(problem.point(problem.planes(coefficients))))


def line_search(value: Callable[[float], float], start: float, slope: float, first_step: float) -> tuple[float, float]:
    """Shorten a step until the objective falls by at least ``ALPHA * step * slope``.

    Source: SparseMRI V0.2 (M. Lustig et al., Magn Reson Med 58:1182-95, 2007, appendix I).

    Args:
        value: The objective at a step.
        start: The objective at no step.
        slope: ``|<g, d>|`` of gradient and direction, the modulus of the complex inner product.
        first_step: The step tried first.

    Returns:
        The step, 0 if multiplying it by ``BETA`` up to ``MAX_BACKTRACKS`` times found none; and the step
        to try first next time: shorter after more than two back-tracks, longer after none.
    """
    step, backtracks = first_step, 0
    while value(step) > start - ALPHA * step * slope:
        if backtracks == MAX_BACKTRACKS:
            return 0.0, first_step
        step *= BETA
        backtracks += 1
    if backtracks > MANY_BACKTRACKS:
        return step, first_step * BETA
    return step, first_step / BETA if backtracks == 0 else first_step


class _Point(NamedTuple):
    """Coefficients, or a direction of them, and what follows from them linearly."""

    coefficients: np.ndarray  # (n, planes, side, side)
    image: np.ndarray  # (n, planes, height, width)
    residual: np.ndarray  # M F x - y, for a direction M F x: (n, height, 2 width), real and imaginary by turns

    def slice(self, i: int) -> _Point:
        return _Point(*(array[i] for array in self))


class _Problem:
    """The objective of a batch; in real arrays, which matrix products and sums are fastest on."""

    def __init__(self, kspace: np.ndarray, mask: np.ndarray, variant: Variant, dtype: np.dtype) -> None:
        self.variant, self.dtype = variant, dtype
        self._planes = 1 if variant.real else 2
        self.wavelet = Wavelet(kspace.shape[-2:], dtype, variant.wavelet)
        # This is Acquisition without the shifts of fft2c: k-space only differs in order and phase, so the moduli are
        # the same as long as the data are made by the same transform, and four copies an iteration are saved.
        self._mask = np.repeat(scipy.fft.ifftshift(mask, axes=(-2, -1)), 2, axis=-1).astype(dtype)
        zero_filled = split(Acquisition(mask).adjoint(kspace), 2).astype(dtype)
        self._data = self._acquire(zero_filled)
        self.start = self.wavelet.forward(zero_filled[:, : self._planes])

    def planes(self, coefficients: np.ndarray) -> np.ndarray:
        """Check a caller's coefficients and split them into planes."""
        shape = self.start[:, 0].shape
        if np.shape(coefficients) != shape:
            raise ReconError(f"Coefficients of shape {np.shape(coefficients)} do not fit: make them {shape}.")
        return split(np.asarray(coefficients), self._planes).astype(self.dtype)

    def direction(self, coefficients: np.ndarray) -> _Point:
        """Evaluate what a direction needs: one synthesis and one Fourier transform."""
        image = self.wavelet.inverse(coefficients)
        return _Point(coefficients, image, self._acquire(image))

    def point(self, coefficients: np.ndarray) -> _Point:
        """Evaluate what a point needs."""
        direction = self.direction(coefficients)
        return direction._replace(residual=direction.residual - self._data)

    def objective(self, point: _Point) -> np.ndarray:
        """Evaluate the objective of all slices."""
        return _squares(point.residual) + [self.penalty(point.slice(i)) for i in range(len(point.residual))]

    def penalty(self, point: _Point) -> float:
        """Evaluate the penalties of one slice."""
        weight, tv_weight = self.variant.wavelet_weight, self.variant.tv_weight
        total = weight * norm1(point.coefficients) if weight else 0.0
        return total + (tv_weight * sum(norm1(difference(point.image, axis)) for axis in (-2, -1)) if tv_weight else 0)

    def gradient(self, point: _Point) -> np.ndarray:
        """Evaluate the gradient at a point: one Fourier transform back and one analysis."""
        spectrum = point.residual.view(np.result_type(self.dtype, np.complex64))
        image = 2 * split(scipy.fft.ifft2(spectrum, norm="ortho", workers=-1), self._planes)
        if self.variant.tv_weight:
            for axis in (-2, -1):
                steps = difference(point.image, axis)
                steps *= self.variant.tv_weight / modulus(steps)[..., None, :, :]
                image += difference_adjoint(steps, axis)
        slope = self.wavelet.forward(image)
        if self.variant.wavelet_weight:
            for i, w in enumerate(point.coefficients):  # A single slice fits the processor's cache.
                slope[i] += w * (self.variant.wavelet_weight / modulus(w))
        return slope

    def _acquire(self, image: np.ndarray) -> np.ndarray:
        image = image[:, 0] if image.shape[1] == 1 else join(image)
        acquired = scipy.fft.fft2(image, norm="ortho", workers=-1).view(self.dtype)
        acquired *= self._mask
        return acquired


def _descend(problem: _Problem, iterations: int, progress: Progress | None) -> tuple[_Point, np.ndarray]:
    point = problem.point(problem.start)
    history = [problem.objective(point)]
    slope = problem.gradient(point)
    norms = _squares(slope)
    direction = problem.direction(-slope)
    first_steps, moving = np.full(len(norms), FIRST_STEP), np.ones(len(norms), dtype=bool)
    for iteration in range(1, iterations + 1):
        for i in np.flatnonzero(moving):
            slice_point, slice_direction = point.slice(i), direction.slice(i)
            step, first_steps[i] = _search(problem, slice_point, slice_direction, slope[i], first_steps[i])
            for array, change in zip(slice_point, slice_direction, strict=True):
                np.add(array, step * change, out=array)
            moving[i] = step > 0
        history.append(problem.objective(point))
        if progress:
            progress(iteration, iterations, {"loss": float(history[-1].mean())})
        slope = problem.gradient(point)
        old, norms = norms, _squares(slope)
        ratios = (norms / (old + np.finfo(float).eps)).astype(slope.dtype)  # Fletcher-Reeves
        direction = problem.direction(ratios[:, None, None, None] * direction.coefficients - slope)
    return point, np.array(history)


def _search(
    problem: _Problem, point: _Point, direction: _Point, gradient: np.ndarray, first_step: float
) -> tuple[float, float]:
    """Search along one slice's direction; return the step and the one to try first next time."""
    r, q = point.residual, direction.residual
    constant, linear, quadratic = (float(np.vdot(a, b)) for a, b in ((r, r), (r, q), (q, q)))

    def value(step: float) -> float:
        image = point.image + step * direction.image if problem.variant.tv_weight else point.image
        trial = _Point(point.coefficients + step * direction.coefficients, image, point.residual)
        return constant + step * (2 * linear + step * quadratic) + problem.penalty(trial)

    slope = abs(inner(gradient, direction.coefficients))
    if not slope:
        return 0.0, first_step
    return line_search(value, constant + problem.penalty(point), slope, float(first_step))


def _squares(slices: np.ndarray) -> np.ndarray:
    return np.array([float(np.vdot(values, values)) for values in slices])


def _checked(kspace: np.ndarray, mask: np.ndarray, variant: str | Variant) -> tuple[np.ndarray, np.ndarray, Variant]:
    variant = variant if isinstance(variant, Variant) else find_variant(variant)
    kspace, mask = np.asarray(kspace), np.asarray(mask, dtype=bool)
    if kspace.ndim != 3 or not kspace.size:
        raise ReconError(f"K-space of shape {kspace.shape} is no stack of slices: make it (slices, height, width).")
    if mask.shape not in (kspace.shape, kspace.shape[1:]):
        raise ReconError(f"A mask of shape {mask.shape} does not fit k-space of shape {kspace.shape}: give its shape.")
    if not (finite := np.isfinite(kspace).all(axis=(-2, -1))).all():
        raise ReconError(f"The k-space of slice {finite.argmin()} is not finite everywhere: mend it or leave it out.")
    return kspace, np.broadcast_to(mask, kspace.shape), variant
