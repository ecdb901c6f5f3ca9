"""The reports of commands: pictures and numbers of a user's scans."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recon_lib.core.errors import ReconError

if TYPE_CHECKING:
    import numpy as np

    from recon_lib.scans.coil_kspace import CoilKspace
    from recon_lib.scans.coil_sampling import AcquiredCoils
    from recon_lib.scans.sampling import AcquiredScan
    from recon_lib.scans.scan import Scan


def add_report(command: argparse.ArgumentParser) -> None:
    """Add the option of a report to a command that reconstructs."""
    text = "write a report with pictures too: what was read, zero-filled, network, errors and numbers"
    command.add_argument("--report", metavar="HTML", type=Path, help=text)


def check_report(path: Path | None, overwrite: bool) -> None:
    """Refuse a report that cannot be written, or that would replace a file, before any work is done.

    Args:
        path: The page, or ``None`` where no report is asked for.
        overwrite: It may exist, and its picture.
    """
    from recon_lib.scans.write import check_output

    if path is None:
        return
    if path.suffix.lower() not in (".html", ".htm"):
        raise ReconError(f"{path} is no name for a report: let it end with .html.")
    check_output(path, overwrite, sidecar=path.with_suffix(".png"))


class Report:
    """A report as it grows while a command works.

    Args:
        path: The page, or ``None``: then nothing is kept or written.
        axis: Along which slices are stacked, as the user named it.

    Attributes:
        facts: Text by heading.
        has_images: Whether reconstructions have been shown.
    """

    def __init__(self, path: Path | None, axis: str | None) -> None:
        self._path, self._axis = path, axis
        self._figures: dict[str, object] = {}
        self._name, self._prefix, self._upright = "", "", True
        self.facts: dict[str, str] = {}
        self.has_images = False

    def add_scan(self, scan: Scan) -> None:
        """Show what was read."""
        if self._path is None:
            return
        from recon_lib.scans.report import scan_facts, scan_figure

        self._begin(scan.path)
        self._upright = scan.affine is not None
        self._add_facts(scan_facts(scan, self._axis))
        self._figures[f"{self._name}: slices as read, and their k-space."] = scan_figure(scan, self._axis)

    def observe(self, acquired: AcquiredScan, image: np.ndarray) -> None:
        """Show reconstructions of the scan that was added last."""
        if self._path is None:
            return
        from recon_lib.scans.report import comparison_figure, reconstructions

        self.has_images = True
        images = reconstructions(acquired, image)
        caption = f"{self._name}: zero-filled and by the network, with errors where there is a reference."
        self._figures[caption] = comparison_figure(acquired, images, self._upright)

    def add_spread(self, scan: Scan, volume: np.ndarray, spread: np.ndarray, shows: str) -> None:
        """Show a spread beside the reconstruction.

        Args:
            scan: The scan that was added last.
            volume: Its reconstruction.
            spread: The standard deviation of each pixel, of the same shape.
            shows: What it is, in words.
        """
        if self._path is None:
            return
        from recon_lib.scans.spread import spread_figure

        slices, spreads = (scan.cut(array, self._axis) for array in (volume, spread))
        self._figures[f"{self._name}: {shows}"] = spread_figure(slices, spreads, self._upright)

    def add_coils(self, scan: CoilKspace) -> None:
        """Show what was read of several coils."""
        if self._path is None:
            return
        from recon_lib.scans.coil_report import coil_facts, coil_scan_figure

        self._begin(scan.path)
        self._add_facts(coil_facts(scan))
        self._figures[f"{self._name}: slices as read, and their k-space."] = coil_scan_figure(scan)

    def observe_coils(self, acquired: AcquiredCoils, images: np.ndarray) -> None:
        """Show maps and complex images of the k-space that was added last."""
        if self._path is None:
            return
        from recon_lib.scans.coil_report import coil_images_figure, maps_figure

        self.has_images = True
        self._add_facts({key: str(acquired.facts[key]) for key in ("acceleration", "sampling", "noise", "maps")})
        self._figures[f"{self._name}: the sensitivity maps."] = maps_figure(acquired)
        caption = f"{self._name}: the coils' images combined, zero-filled and by the network; errors if it was full."
        self._figures[caption] = coil_images_figure(acquired, images)

    def _begin(self, path: Path) -> None:
        """Remember a scan whose facts and pictures follow; the facts of the first go without its name."""
        self._name = path.name
        self._prefix = f"{path.name}: " if self.facts else ""

    def _add_facts(self, facts: dict[str, str]) -> None:
        self.facts |= {f"{self._prefix}{key}": text for key, text in facts.items()}

    def write(self, title: str, rows: Sequence[dict] = ()) -> str:
        """Write page and picture, and return a line that names them.

        Args:
            title: The page's heading.
            rows: Numbers, a row a slice and method.
        """
        from recon_lib.scans.report import write_report

        picture = write_report(self._path, title, self.facts, self._figures, rows)
        return f"{self._path}: the report; {picture}: its first picture"
