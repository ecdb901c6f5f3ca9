"""The pictures of a slice for a figure: chosen, turned as radiologists look at them, cut and zoomed.

Slices are shown front up, the person's right on the left.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core import style
from recon_lib.core.errors import ReconError
from recon_lib.data.manifest import load_manifest
from recon_lib.results.keys import RunKey, network_picture, split_picture
from recon_lib.results.panels import PanelKey
from recon_lib.results.places import Place, percentile, zero_filled_psnr
from recon_lib.results.store import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ZOOM = 0.15  # side of the zoomed window, as a part of the image's longer side


def median_place(results: Results, test_domain: str, pictures: Collection[str] = ()) -> Place:
    """Choose the slice to show without looking: the one nearest to the median zero-filled PSNR of all test slices.

    Pictures are kept of a few slices. Those with the most of the pictures that a figure needs come first; of these the
    one whose percentile among all test slices is nearest to 50 is taken.

    Args:
        results: Rows decide, pictures limit the choice.
        test_domain: The contrast.
        pictures: Labels of the pictures that a figure needs.

    Returns:
        ``(subject, slice)``.

    Raises:
        ReconError: There are no panels of that domain.
    """
    places = {key.place for key in results.panels if key.test_domain == test_domain and key.picture == "reference"}
    if not places:
        raise ReconError(f"Profile {results.profile!r} has no panels of {test_domain!r}: collect its evaluations.")
    quality = zero_filled_psnr(results.slices, test_domain)

    def rank(place: Place) -> tuple[int, float, Place]:
        kept = sum(PanelKey(test_domain, *place, picture) in results.panels for picture in pictures)
        return -kept, abs(percentile(quality, place) - 50) if place in quality else 50.0, place

    return min(places, key=rank)


def describe_place(results: Results, test_domain: str, place: Place) -> str:
    """Name a slice and its rank among all test slices, for a caption.

    Args:
        results: Where the rows are.
        test_domain: The contrast.
        place: ``(subject, slice)``.

    Returns:
        For instance ``"sub-12, slice 112, at the 50th percentile of the 360 test slices by zero-filled PSNR"``.
    """
    quality = zero_filled_psnr(results.slices, test_domain)
    name = f"{place[0]}, slice {place[1]}"
    if place not in quality:
        return name
    rank = ordinal(round(percentile(quality, place)))
    return f"{name}, at the {rank} percentile of the {len(quality)} test slices by zero-filled PSNR"


def ordinal(number: int) -> str:
    """Write a number that counts: ``1st``, ``12th``, ``50th``.

    Args:
        number: Not negative.
    """
    teens = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def slice_panels(results: Results, test_domain: str, place: Place) -> dict[str, np.ndarray]:
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


def upright_panels(results: Results, test_domain: str, place: Place) -> dict[str, np.ndarray]:
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


def slice_scores(results: Results, test_domain: str, place: Place) -> dict[str, tuple[float, float]]:
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


def zoom_window(
    reference: np.ndarray, start: np.ndarray, part: float = _ZOOM, aspect: float = 1.0
) -> tuple[slice, slice]:
    """Choose the window to zoom into: the one above the middle where undersampling did most harm.

    Args:
        reference: As it is shown.
        start: Its zero-filled image.
        part: The window's height as a part of the image's longer side.
        aspect: The window's width as a part of its height.

    Returns:
        Rows and columns of the window.
    """
    from scipy.ndimage import uniform_filter

    height, width = reference.shape
    side = max(4, round(part * max(reference.shape)))
    sides = (min(side, height), min(max(4, round(aspect * side)), width))
    harm = uniform_filter((start - reference) ** 2, sides, mode="constant")
    inner = np.zeros_like(harm, dtype=bool)
    inner[height // 4 : height // 2, width // 4 : width - width // 4] = True  # below it lies the inset
    row, column = np.unravel_index(int(np.argmax(np.where(inner, harm, -1))), harm.shape)
    places = zip((row, column), sides, (height, width), strict=True)
    starts = [min(max(0, int(centre) - length // 2), size - length) for centre, length, size in places]
    return slice(starts[0], starts[0] + sides[0]), slice(starts[1], starts[1] + sides[1])


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

    axes.imshow(image[box], **style.GREY)
    top, left = window[0].start - box[0].start, window[1].start - box[1].start
    side = window[0].stop - window[0].start
    axes.add_patch(Rectangle((left - 0.5, top - 0.5), side, side, fill=False, edgecolor=style.MARK, linewidth=0.8))
    inset = axes.inset_axes((0.6, 0.0, 0.4, 0.4), anchor="SE")
    inset.imshow(image[window], **style.GREY)
    inset.set_xticks([])
    inset.set_yticks([])
    for spine in inset.spines.values():
        spine.set(edgecolor=style.MARK, linewidth=0.8)
    axes.set_title(title, fontsize=style.TEXT)


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
