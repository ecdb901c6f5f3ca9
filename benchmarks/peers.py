"""The peers that ours is measured against: extras that may be missing, never dependencies."""

from __future__ import annotations

import functools
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from recon_lib.core import paths
from recon_lib.core.errors import ReconError

INSTALL = {
    "torch": 'PyTorch is not installed, so ours is measured alone: pip install -e ".[bench]" or make backends adds it.',
    "sigpy": 'SigPy is not installed, so ours is measured alone: pip install -e ".[bench]" adds it.',
    "bart": "BART is not installed, so ours is measured alone: Debian's package bart adds it.",
}


_VERSION = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"


@functools.cache
def there(peer: str) -> bool:
    """Tell whether a peer is installed; where it is not, say once how to install it.

    Args:
        peer: ``torch``, ``sigpy`` or ``bart``.
    """
    found = shutil.which("bart") if peer == "bart" else _python(peer)
    if not found:
        print(INSTALL[peer], flush=True)
    return bool(found)


def torch_python() -> str:
    """Return the interpreter that has PyTorch: this one, or that of the environment that ``make backends`` makes.

    Raises:
        ReconError: Neither has.
    """
    python = _python("torch")
    if python is None:
        raise ReconError(INSTALL["torch"])
    return python


def peer_versions(*names: str) -> dict[str, str]:
    """Return the versions of those of some packages that are installed, for :func:`benchmarks.harness.main`."""
    interpreters = {name: _python(name) for name in names}
    return {name: _version(python, name) for name, python in interpreters.items() if python}


@functools.cache
def _python(package: str) -> str | None:
    """Return an interpreter that has a package, ``None`` if there is none."""
    if importlib.util.find_spec(package):
        return sys.executable
    other = paths.ROOT / ".venv-torch" / "bin" / "python"
    return str(other) if package == "torch" and other.is_file() and _version(str(other), package) else None


def _version(python: str, package: str) -> str:
    """Return a package's version in an interpreter's environment, empty if it is not there."""
    done = subprocess.run([python, "-c", _VERSION, package], capture_output=True, text=True, check=False)
    return done.stdout.strip()


class Bart:
    """BART's ``pics`` on single-coil slices, as its command line is used: files in, files out.

    Args:
        kspace: Complex ``(n, height, width)``, zero where nothing was sampled, zero frequency in the centre.
    """

    def __init__(self, kspace: np.ndarray) -> None:
        self._scratch = tempfile.TemporaryDirectory()
        self._folder = Path(self._scratch.name)
        for index, one in enumerate(kspace):
            _write_cfl(self._folder / f"kspace{index}", one)
        _write_cfl(self._folder / "coil", np.ones(kspace.shape[1:]))
        self._count = len(kspace)

    def pics(self, options: Sequence[str], iterations: int) -> np.ndarray:
        """Reconstruct every slice, one call of the program each.

        Args:
            options: Of ``bart pics``, such as ``-l1 -r 0.001``.
            iterations: At most.

        Returns:
            ``complex64`` ``(n, height, width)``.

        Raises:
            ReconError: The program fails.
        """
        images = []
        for index in range(self._count):
            names = f"kspace{index}", "coil", "image"
            command = ["bart", "pics", "-i", str(iterations), *options, *names]
            done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False)
            if done.returncode:
                raise ReconError(f"{' '.join(command)} failed: {' '.join(done.stderr.split())}.")
            images.append(_read_cfl(self._folder / "image"))
        return np.stack(images)


def _write_cfl(path: Path, array: np.ndarray) -> None:
    """Write ``(height, width)`` as BART reads it: a text header, and complex64 in column-major order."""
    path.with_suffix(".hdr").write_text(f"# Dimensions\n{array.shape[0]} {array.shape[1]} 1 1\n")
    array.astype(np.complex64).T.tofile(path.with_suffix(".cfl"))


def _read_cfl(path: Path) -> np.ndarray:
    height, width = (int(n) for n in path.with_suffix(".hdr").read_text(encoding="utf-8").splitlines()[1].split()[:2])
    return np.fromfile(path.with_suffix(".cfl"), np.complex64).reshape(width, height).T
