"""Where a reconstruction of the real slice errs: a head of known outline, and errors put at known places."""

import numpy as np
import pytest

from recon_lib.paper import coil_places, several_coils
from recon_lib.results import coils

SIZE = (90, 80)


def disc(radius):
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.hypot(y - 45, x - 40) <= radius


def results(methods, pictures):
    place = {"run": "r", "subject": "s", "slice": 0, "test": several_coils.REAL, "acceleration": 4.0}
    rows = [{**place, "method": m, "network": n, "psnr": psnr} for m, n, psnr in methods]
    coils.write(rows, [], pictures, {"runs": {}})


def test_a_head_is_split_into_a_rim_and_its_inside():
    reference = disc(34).astype(float)
    reference[44:47, 39:42] = 0  # a dark ventricle belongs to the head
    reference[2, 3] = 1  # a speck of noise does not
    rim, inside = coil_places.split_head(reference)
    assert not (rim & inside).any()
    assert (rim | inside).sum() == pytest.approx(disc(34).sum(), rel=0.01)
    assert inside[45, 40]
    assert not inside[45, 40 + 20]
    assert rim[45, 40 + 20]


def test_errors_are_told_apart_by_place_and_against_the_better_peer():
    reference = disc(34).astype(float)
    rim, inside = coil_places.split_head(reference)
    errors = {"l1_sigpy": 0.5 + 0 * rim, "l1_bart": rim / 8 + inside / 4, "natural": rim / 4 + inside / 8}
    pictures = {f"{name}-4": reference + error for name, error in errors.items()} | {"reference": reference}
    results([("l1_sigpy", "", 20.0), ("l1_bart", "", 30.0), ("network", "natural", 30.0)], pictures)
    text = coil_places.render_places().markdown
    half = 20 * np.log10(2)
    assert f"\u2212{half:.2f} to \u2212{half:.2f} dB in the outer" in text
    assert f"+{half:.2f} to +{half:.2f} dB further inside" in text


def test_without_results_or_a_network_the_page_says_so():
    assert several_coils.MISSING in coil_places.render_places().markdown
    results([("l1_bart", "", 30.0)], {"reference": disc(34).astype(float)})
    assert several_coils.MISSING in coil_places.render_places().markdown
