"""Laws and oracles that several tests run: written from the definitions, sharing no code with the library."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[1]
# Even and odd, square and not, in every combination.
SIZES = [(8, 8), (7, 7), (8, 7), (7, 10), (12, 9)]

sizes = st.tuples(st.integers(1, 11), st.integers(1, 11))
seeds = st.integers(0, 2**32 - 1)


def complex_normal(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """Draw complex normal numbers, double precision."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def inner(a: np.ndarray, b: np.ndarray) -> complex:
    """Return ``<a, b>``, conjugate-linear in the first argument."""
    return complex(np.vdot(a, b))


def assert_adjoint(forward: Callable, adjoint: Callable, x: np.ndarray, y: np.ndarray, rtol: float = 1e-12) -> None:
    """Assert ``<y, A x> = <A^H y, x>``, and that the shapes fit."""
    forth, back = forward(x), adjoint(y)
    assert forth.shape == y.shape
    assert back.shape == x.shape
    scale = np.linalg.norm(forth) * np.linalg.norm(y) + np.linalg.norm(back) * np.linalg.norm(x)
    assert abs(inner(y, forth) - inner(back, x)) <= rtol * scale


def assert_unitary(operator: Callable, x: np.ndarray, y: np.ndarray, rtol: float = 1e-12) -> None:
    """Assert ``<A x, A y> = <x, y>``."""
    scale = np.linalg.norm(x) * np.linalg.norm(y)
    assert abs(inner(operator(x), operator(y)) - inner(x, y)) <= rtol * scale


def dft_matrix(n: int) -> np.ndarray:
    """Return the centred orthonormal transform of length ``n`` as a matrix: rows are frequencies."""
    index = np.arange(n) - n // 2
    return np.exp(-2j * np.pi * np.outer(index, index) / n) / np.sqrt(n)


def direct_fft2c(image: np.ndarray) -> np.ndarray:
    """Transform the last two axes by the sum that defines it."""
    return dft_matrix(image.shape[-2]) @ image @ dft_matrix(image.shape[-1]).T


def direct_ifft2c(kspace: np.ndarray) -> np.ndarray:
    """Invert :func:`direct_fft2c` by the conjugate sum."""
    return dft_matrix(kspace.shape[-2]).conj().T @ kspace @ dft_matrix(kspace.shape[-1]).conj()


def data_consistency(image: np.ndarray, kspace: np.ndarray, mask: np.ndarray, weight: float) -> np.ndarray:
    """Apply eq. 6-8 as they stand: complex image, acquired k-space ``y_u``, mask and lambda."""
    spectrum = direct_fft2c(image)
    blended = kspace if np.isinf(weight) else (spectrum + weight * kspace) / (1 + weight)
    return direct_ifft2c(np.where(mask, blended, spectrum))


def run_python(code: str, *arguments: str, **environment: str) -> str:
    """Run code in a fresh interpreter at the root, warnings as here, and return what it printed."""
    process = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return process.stdout.strip()
