"""One slice beside its reconstructions: images above, their errors on one scale below."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.style import blank_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMN, _MARGIN = 2.2, 1.0  # inches: of a column's width, and of the titles together
_CHARACTERS = 13  # of the title an inch


def comparison_figure(
    reference: np.ndarray,
    reconstructions: Mapping[str, np.ndarray],
    largest_error: float,
    mask: np.ndarray | None = None,
    title: str = "",
) -> Figure:
    r"""Draw a slice: the reference and its reconstructions above, the mask and the error maps below.

    An error map shows :math:`|\hat{x} - x|`, where :math:`x` is the reference and :math:`\hat{x}` a reconstruction.

    Args:
        reference: ``(height, width)``, real, maximum 1, its first row drawn at the top.
        reconstructions: Images of the same shape and scale, by the title that each is to have.
        largest_error: The error from which on a map is brightest, the same in all of them, in the reference's scale.
        mask: Boolean, ``(height, width)``, the acquired points of k-space; without it the place stays empty.
        title: Above all, broken into lines where it is wider than the figure.

    Returns:
        The figure: two rows and a column for each image, and a scale of the errors beside the second row.

    Raises:
        ValueError: There is no reconstruction, or one has another shape than the reference.
    """
    shapes = {image.shape for image in reconstructions.values()}
    if shapes != {reference.shape}:
        raise ValueError(f"The reconstructions of an image of {reference.shape} are of {sorted(shapes)}.")
    columns = 1 + len(reconstructions)
    height = 2 * _COLUMN * reference.shape[0] / reference.shape[1] + _MARGIN
    figure, grid = blank_figure((_COLUMN * columns, height), 2, columns)
    for axes in grid.flat:
        axes.set_axis_off()
    grey = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "nearest"}
    for axes, (name, image) in zip(grid[0], {"reference": reference, **reconstructions}.items(), strict=True):
        axes.imshow(image, **grey)
        axes.set_title(name, fontsize=9)
    if mask is not None:
        grid[1, 0].imshow(mask, cmap="gray", interpolation="nearest")
        grid[1, 0].set_title(f"mask, {100 * mask.mean():.1f} %", fontsize=9)
    error = {"cmap": "inferno", "vmin": 0, "vmax": largest_error, "interpolation": "nearest"}
    for axes, image in zip(grid[1, 1:], reconstructions.values(), strict=True):
        drawn = axes.imshow(np.abs(image - reference), **error)
    bar = figure.colorbar(drawn, ax=list(grid[1]), shrink=0.8, pad=0.02, extend="max")
    bar.set_label("|error|, reference's maximum = 1", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    if title:
        figure.suptitle(textwrap.fill(title, int(_CHARACTERS * figure.get_figwidth())), fontsize=10)
    return figure
