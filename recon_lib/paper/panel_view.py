"""The pictures of a slice for a figure: chosen, turned as radiologists look at them, cut and zoomed.

Slices are shown front up, the person's right on the left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data.manifest import load_manifest
from recon_lib.results.keys import RunKey, network_picture, split_picture
from recon_lib.results.panels import median_key
from recon_lib.results.store import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ZOOM = 0.15  # side of the zoomed window, as a part of the image's longer side


def median_place(results: Results, test_domain: str) -> tuple[str, int]:
    """Choose the slice to show without looking: the one whose zero-filled PSNR is the median of those kept.

    Args:
        results: Its panels are the choice.
        test_domain: The contrast.

    Returns:
        ``(subject, slice)``.

    Raises:
        ReconError: There are no panels of that domain.
    """
    places = {key.place for key in results.panels if key.test_domain == test_domain}
    if not places:
        raise ReconError(f"Profile {results.profile!r} has no panels of {test_domain!r}: collect its evaluations.")
    slices = results.slices
    start = slices[(slices["method"] == "zero_filled") & (slices["test_domain"] == test_domain)]
    quality = start.groupby(["subject", "slice"])["psnr"].mean().to_dict()
    return median_key({place: quality.get(place, 0.0) for place in places})


def slice_panels(results: Results, test_domain: str, place: tuple[str, int]) -> dict[str, np.ndarray]:
    """Return the images kept of one slice.

    Args:
        results: Where they are.
        test_domain: The contrast.
        place: ``(subject, slice)``.

    Returns:
        Label to image, ``(x, y)``.

    Raises:
        ReconError: Nothing was kept of that slice.
    """
    keys = {key: image for key, image in results.panels.items() if (key.test_domain, key.place) == (test_domain, place)}
    images = {key.picture: image for key, image in keys.items()}
    if "reference" not in images:
        raise ReconError(f"No panel of {test_domain} {place[0]} slice {place[1]} was kept: choose another slice.")
    return images


def upright_panels(results: Results, test_domain: str, place: tuple[str, int]) -> dict[str, np.ndarray]:
    """Return the images of :func:`slice_panels` turned to how they are shown (:func:`orient`).

    Args:
        results: Where they are.
        test_domain: The contrast.
        place: ``(subject, slice)``.

    Returns:
        Label to image, float32, rows from front to back; the mask is boolean.

    Raises:
        ReconError: Nothing was kept of that slice.
    """
    images, transposed = slice_panels(results, test_domain, place), is_transposed(results, test_domain)
    kinds = {name: bool if name == "mask" else np.float32 for name in images}
    return {name: orient(image.astype(kinds[name]), transposed) for name, image in images.items()}


def slice_scores(results: Results, test_domain: str, place: tuple[str, int]) -> dict[str, tuple[float, float]]:
    """Return what the rows say of one slice, by its panels' labels; of several draws the first, as the panels do.

    Args:
        results: Where the rows are.
        test_domain: The contrast.
        place: ``(subject, slice)``.

    Returns:
        Label (``zero_filled``, ``cs:literal``, ``network-natural-4000-20``) to PSNR in dB and SSIM.
    """
    slices = results.slices
    rows = slices[
        (slices["test_domain"] == test_domain) & (slices["subject"] == place[0]) & (slices["slice"] == place[1])
    ]
    scores: dict[str, tuple[float, float]] = {}
    for row in rows.sort_values("draw").to_dict("records"):
        scores.setdefault(RunKey.from_json(row).picture, (row["psnr"], row["ssim"]))
    return scores


def orient(image: np.ndarray, transposed: bool = False) -> np.ndarray:
    """Turn a stored slice to how it is shown: front up, the person's right on the left.

    Args:
        image: ``(x, y)`` with x to the person's left and y to the front, as OpenfMRI's axes are; or, if
            ``transposed``, ``(y, x)`` with x to the right.
        transposed: Whether the manifest's geometry exchanges the axes.

    Returns:
        A view, rows from front to back.
    """
    return image[::-1, ::-1] if transposed else image.T[::-1]


def head_box(image: np.ndarray, margin: int = 4) -> tuple[slice, slice]:
    """Return the rows and columns that hold the head, and a margin.

    Args:
        image: Reference as it is shown, maximum 1.
        margin: Pixels around it.
    """
    above = image > 0.08
    spans = []
    for axis, size in ((1, image.shape[0]), (0, image.shape[1])):
        used = np.flatnonzero(above.mean(axis=axis) > 0.02)
        first, last = (int(used[0]), int(used[-1])) if len(used) else (0, size - 1)
        spans.append(slice(max(0, first - margin), min(size, last + 1 + margin)))
    return spans[0], spans[1]


def zoom_window(reference: np.ndarray, start: np.ndarray) -> tuple[slice, slice]:
    """Choose the window to zoom into: the one above the middle where undersampling did most harm.

    Args:
        reference: As it is shown.
        start: Its zero-filled image.

    Returns:
        Rows and columns of a square.
    """
    from scipy.ndimage import uniform_filter

    side = max(4, round(_ZOOM * max(reference.shape)))
    harm = uniform_filter((start - reference) ** 2, side, mode="constant")
    height, width = reference.shape
    inner = np.zeros_like(harm, dtype=bool)
    inner[height // 4 : height // 2, width // 4 : width - width // 4] = True  # below it lies the inset
    row, column = np.unravel_index(int(np.argmax(np.where(inner, harm, -1))), harm.shape)
    starts = [min(max(0, int(c) - side // 2), n - side) for c, n in ((row, height), (column, width))]
    return slice(starts[0], starts[0] + side), slice(starts[1], starts[1] + side)


def show_panel(
    axes: Axes, image: np.ndarray, box: tuple[slice, slice], window: tuple[slice, slice], title: str
) -> None:
    """Show an image inside the head's box, its window marked and zoomed in the lower right corner.

    Args:
        axes: Where.
        image: As it is shown, reference's maximum 1.
        box: Rows and columns of the head (:func:`head_box`).
        window: Rows and columns to zoom into (:func:`zoom_window`).
        title: Above it.
    """
    from matplotlib.patches import Rectangle

    style = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "nearest"}
    axes.imshow(image[box], **style)
    top, left = window[0].start - box[0].start, window[1].start - box[1].start
    side = window[0].stop - window[0].start
    axes.add_patch(Rectangle((left - 0.5, top - 0.5), side, side, fill=False, edgecolor="#f0e442", linewidth=0.8))
    inset = axes.inset_axes((0.6, 0.0, 0.4, 0.4), anchor="SE")
    inset.imshow(image[window], **style)
    inset.set_xticks([])
    inset.set_yticks([])
    for spine in inset.spines.values():
        spine.set(edgecolor="#f0e442", linewidth=0.8)
    axes.set_title(title, fontsize=9)


def is_transposed(results: Results, test_domain: str) -> bool:
    """Look up in the manifest how the profile's source stores its slices, for :func:`orient`.

    Args:
        results: Names the profile's sources.
        test_domain: The contrast.

    Returns:
        Whether the two axes of a slice are exchanged.
    """
    domains = results.provenance.get("profile", {}).get("domains", {})
    source = domains.get(test_domain, {}).get("source", "open")
    return source != "generated" and load_manifest().source(test_domain, source).geometry.transpose


def network_label(images: dict[str, np.ndarray], domain: str, n_finetune: int) -> str:
    """Find the network's panel with the most training images.

    Args:
        images: Panels of a slice, by label.
        domain: The network's training domain.
        n_finetune: Images it was tuned with.

    Returns:
        Its label, or one that no panel has.
    """
    parts = [split_picture(name) for name in images]
    counts = [n_train for method, n_train, tuned in parts if (method, tuned) == (f"network-{domain}", n_finetune)]
    return network_picture(domain, max(counts, default=0), n_finetune)
