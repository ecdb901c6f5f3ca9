"""Where in the real slice of several coils a network loses or gains against L1-ESPIRiT: near the skin, or inside."""

from __future__ import annotations

import numpy as np

from recon_lib.paper.markdown import note
from recon_lib.paper.markup import Rendered
from recon_lib.paper.several_coils import MISSING, PHOTOGRAPHS, REAL, SENSING, read_methods, span
from recon_lib.results import coils

_HEAD = 0.05  # of the reference's maximum
_RIM = 16
"""Pixels from the outline of the head that hold scalp and skull."""


def render_places() -> Rendered:
    """Say by how much the error of the network of photographs differs from that of the better L1-ESPIRiT, and where.

    Returns:
        A sentence; a note before there are results.
    """
    import pandas

    rows = read_methods()
    if rows is None:
        return note(MISSING)
    rows = rows[rows["test"] == REAL]
    means = rows.pivot_table("psnr", "acceleration", "name")
    network = next((name for name in PHOTOGRAPHS if name in means), None)
    sensing = [name for name in SENSING if name in means]
    if network is None or not sensing:
        return note(MISSING)
    pictures = {name: picture.astype(np.float64) for name, picture in coils.read_pictures().items()}
    rim, inside = split_head(pictures["reference"])
    leads = {"rim": [], "inside": []}
    for rate, row in means.iterrows():
        best = max(sensing, key=lambda name: row[name])
        errors = [(pictures[f"{name}-{rate:g}"] - pictures["reference"]) ** 2 for name in (best, network)]
        for place, pixels in (("rim", rim), ("inside", inside)):
            peer, own = (error[pixels].mean() for error in errors)
            leads[place].append(10 * np.log10(peer / own))
    ranges = {place: span(pandas.Series(values)) for place, values in leads.items()}
    return Rendered(
        markdown=f"On the real slice the PSNR of the network of photographs less that of the better L1-ESPIRiT is "
        f"{ranges['rim']} in the outer {_RIM} pixels of the head, where scalp and skull are, and {ranges['inside']} "
        "further inside."
    )


def split_head(reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the rim of a head and what lies inside it.

    Args:
        reference: Magnitudes ``(height, width)``.

    Returns:
        Boolean ``(height, width)`` each.
    """
    from scipy import ndimage

    bright = ndimage.binary_opening(reference > _HEAD * reference.max(), iterations=2)  # without specks of noise
    head = ndimage.binary_fill_holes(bright)
    inside = ndimage.binary_erosion(head, iterations=_RIM)
    return head & ~inside, inside
