"""Reports on a user's scans: what was read, and what a network made of it, as one HTML file and one picture."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.files import write_bytes
from recon_lib.core.style import blank_figure
from recon_lib.imaging.acquisition import to_complex
from recon_lib.imaging.fourier import fft2c, ifft2c
from recon_lib.imaging.metrics import psnr, ssim
from recon_lib.scans.sampling import AcquiredScan
from recon_lib.scans.scan import Scan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = 6  # slices of a scan
_COMPARED = 3  # slices that are compared with their reconstruction
_DECADES = 6  # of k-space are drawn
_NOT_ACQUIRED = "#0072b2"
_ERROR = 0.2  # an error map is brightest from this share of the reference's maximum on
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:75em;margin:2em auto;padding:0 1em;color:#222;background:#fff}"
    "table{border-collapse:collapse;margin:1em 0}td,th{text-align:left;padding:.2em 1em .2em 0;vertical-align:top;"
    "border-bottom:1px solid #ddd}img{max-width:100%}"
)


def scan_facts(scan: Scan, axis: str | None = None) -> dict[str, str]:
    """Say what was read: geometry, scale, and what was guessed.

    Args:
        scan: The scan.
        axis: Along which slices are stacked, as for :meth:`~recon_lib.scans.scan.Scan.axis`.

    Returns:
        Sentences and numbers by heading.
    """
    slices = scan.slices(axis)
    values = np.abs(slices)
    facts = {
        "input": str(scan.path),
        "read as": "k-space, slice by slice" if scan.kind == "kspace" else f"magnitudes ({scan.kind})",
        "array": " x ".join(map(str, scan.shape or scan.array.shape)),
        "slices": f"{len(slices)} of {slices.shape[1]} x {slices.shape[2]}, stacked along axis {scan.axis(axis)}",
        "empty slices": str(int((~slices.any(axis=(1, 2))).sum())),
        "subject": scan.subject,
        "values": f"{values.min():.6g} to {values.max():.6g}, median {np.median(values):.6g}",
        "brightest": f"one voxel in a thousand is above {np.percentile(values, 99.9):.6g}",
    }
    if scan.affine is not None:
        import nibabel

        sizes = " x ".join(f"{size:.4g}" for size in nibabel.affines.voxel_sizes(scan.affine))
        facts["voxel"] = f"{sizes} mm, axes to {''.join(nibabel.aff2axcodes(scan.affine))}"
    if scan.kind == "kspace":
        facts["acquired"] = f"{(slices != 0).mean():.1%} of the samples are not zero"
    return {**facts, **scan.notes}


def scan_figure(scan: Scan, axis: str | None = None) -> Figure:
    """Draw what was read: slices at even distances above, their k-space below.

    Args:
        scan: The scan.
        axis: As for :func:`scan_facts`.

    Returns:
        A figure of two rows. K-space is drawn as the logarithm of its magnitude; where it was read, what is not
        acquired is blue.
    """
    slices = scan.slices(axis)
    filled = np.flatnonzero(slices.any(axis=(1, 2)))
    places = filled[np.unique(np.linspace(0, len(filled) - 1, _SHOWN).round().astype(int))]
    is_raw, upright = scan.kind == "kspace", scan.affine is not None
    figure, grid = blank_figure((2.2 * len(places), 4.6), 2, len(places))
    for column, place in enumerate(places):
        kspace = slices[place] if is_raw else fft2c(slices[place])
        image = np.abs(ifft2c(kspace)) if is_raw else slices[place]
        _draw(grid[0, column], image, f"slice {place}", (0, image.max()), upright)
        power = np.log10(np.maximum(np.abs(kspace) / np.abs(kspace).max(), 10.0**-_DECADES))
        if is_raw:
            power = np.ma.masked_where(kspace == 0, power)
            grid[1, column].set_facecolor(_NOT_ACQUIRED)
        _draw(grid[1, column], power, "k-space, logarithm", (-_DECADES, 0), upright)
    return figure


def comparison_figure(acquired: AcquiredScan, images: Mapping[str, np.ndarray], upright: bool = True) -> Figure:
    """Draw reconstructions of slices at even distances, with their errors where there is a reference.

    Args:
        acquired: The slices.
        images: Reconstructions of all of them by name, ``(n, height, width)`` each, in the scale of ``acquired``.
        upright: Draw the second axis upwards, as slices with geometry are; else rows downwards.

    Returns:
        A row a slice: reference, each reconstruction with its PSNR, and the error of each on one scale.
    """
    places = np.unique(np.linspace(0, len(acquired) - 1, _COMPARED).round().astype(int))
    has_reference = acquired.target is not None
    columns = len(images) * (2 if has_reference else 1) + int(has_reference)
    figure, grid = blank_figure((2.3 * columns, 2.7 * len(places)), len(places), columns)
    for row, place in enumerate(places):
        panels = [(name, stack[place], 1.0) for name, stack in images.items()]
        if has_reference:
            reference = acquired.target[place, ..., 0]
            panels = [(_with_psnr(name, reference, image), image, peak) for name, image, peak in panels]
            errors = [(f"error, {name}", np.abs(stack[place] - reference), _ERROR) for name, stack in images.items()]
            panels = [("reference", reference, 1.0), *panels, *errors]
        for axes, (title, image, peak) in zip(grid[row], panels, strict=True):
            _draw(axes, image, title, (0, peak), upright)
        grid[row, 0].set_ylabel(f"slice {acquired.numbers[place]}")
    return figure


def reconstructions(acquired: AcquiredScan, image: np.ndarray) -> dict[str, np.ndarray]:
    """Name what :func:`comparison_figure` compares: zero-filling and the network.

    Args:
        acquired: The slices.
        image: The network's, ``(n, height, width)``, in the scale of ``acquired``.
    """
    return {"zero-filled": np.abs(to_complex(acquired.zero_filled)), "network": image}


def write_report(
    path: Path, title: str, facts: Mapping[str, str], figures: Mapping[str, Figure], rows: Sequence[Mapping] = ()
) -> Path:
    """Write a report that needs no other file, and its first figure beside it.

    Args:
        path: The ``.html`` file.
        title: Its heading.
        facts: Text by heading.
        figures: By caption.
        rows: Of a table of numbers, all with the same keys.

    Returns:
        The picture, ``.png`` of the same name.
    """
    parts = [f"<h1>{html.escape(title)}</h1>", _table([("", "")], facts.items())]
    pictures = []
    for caption, figure in figures.items():
        content = io.BytesIO()
        figure.savefig(content, format="png")
        pictures.append(content.getvalue())
        code = base64.b64encode(content.getvalue()).decode()
        parts.append(f'<figure><img alt="{html.escape(caption)}" src="data:image/png;base64,{code}">')
        parts.append(f"<figcaption>{html.escape(caption)}</figcaption></figure>")
    if rows:
        parts.append(_table([tuple(rows[0])], [tuple(_number(value) for value in row.values()) for row in rows]))
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    page = f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}</body></html>"
    write_bytes(path.with_suffix(".png"), pictures[0])
    write_bytes(path, page.encode())
    return path.with_suffix(".png")


def _table(heads: Sequence[tuple], rows: Sequence[tuple] | Mapping) -> str:
    cells = [("th", head) for head in heads if any(head)] + [("td", row) for row in rows]
    lines = ["".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in row) for tag, row in cells]
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _number(value: object) -> object:
    return f"{value:.4g}" if isinstance(value, float) else value


def _with_psnr(name: str, reference: np.ndarray, image: np.ndarray) -> str:
    peak = reference.max()
    quality = psnr(reference, image, data_range=peak), ssim(reference, image, data_range=peak)
    return "{}\n{:.1f} dB, SSIM {:.3f}".format(name, *quality)


def _draw(axes, image: np.ndarray, title: str, limits: tuple[float, float], upright: bool) -> None:  # noqa: ANN001
    axes.imshow(
        np.rot90(image) if upright else image, cmap="gray", vmin=limits[0], vmax=limits[1], interpolation="nearest"
    )
    axes.set_title(title, fontsize=8)
    axes.set(xticks=[], yticks=[])
