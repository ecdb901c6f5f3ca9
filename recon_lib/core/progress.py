"""A progress bar with the time left, for the terminal and for notebooks."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

Progress = Callable[[int, int, dict], None]
"""Called with units done, units in all and a row of numbers: the newest, or none."""


class Bar:
    """Show units of work done, the time left and the newest numbers.

    It is a :data:`Progress`: called with units done, units in all and a row of numbers.

    Args:
        label: What the work is called, to the left of the bar.
        smoothing: How much the newest units decide the time left; 0 for the mean speed since the start.
    """

    def __init__(self, label: str, smoothing: float = 0.3) -> None:
        from tqdm.auto import tqdm  # its notebook form loads ipywidgets

        self._bar = tqdm(desc=label, total=1, dynamic_ncols=True, smoothing=smoothing)

    def __call__(self, units: int, total: int, row: dict) -> None:
        """Move to ``units`` of ``total``; show the row's loss (no unit) and PSNR in dB."""
        self._bar.total = total
        self._bar.set_postfix({k: f"{row[k]:.4g}" for k in ("loss", "psnr") if k in row}, refresh=False)
        self._bar.update(units - self._bar.n)

    def write(self, text: str, file: TextIO | None = None) -> None:
        """Print a line without breaking the bar.

        Args:
            text: The line.
            file: Where to; the standard output by default.
        """
        self._bar.write(text, file)

    def __enter__(self) -> Self:
        """Return the bar."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the bar, also when the work broke off."""
        self._bar.close()
