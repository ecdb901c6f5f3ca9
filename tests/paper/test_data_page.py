"""The data beside the paper's: counted in results, sizes those of the images."""

from types import SimpleNamespace

import numpy as np
from fabricated import frame, plain, row

from recon_lib.paper import data_page
from recon_lib.results.panels import PanelKey


def made(rows, sizes, **provenance):
    panels = {PanelKey(domain, "a", 1, "reference"): np.zeros(size) for domain, size in sizes.items()}
    return SimpleNamespace(slices=frame(rows), panels=panels, provenance=provenance)


def test_slices_and_people_are_counted():
    rows = [row("t1", subject, i, training_domain="t1", n_images=720) for subject in "ab" for i in range(3)]
    rows.append(row("t1", "a", 0, training_domain="t1", n_images=90, n_train=500))
    profile = {"domains": {"natural": {"matrix": [128, 96]}, "t1": {"source": "open"}}}
    text = plain(data_page.render_data(made(rows, {"t1": (12, 16)}, profile=profile)))
    assert "| 3-D gradient echo, 256 x 176 | T1-weighted, axial, 12 x 16 |" in text
    assert "| 4000 slices of 34 subjects | 720 slices of 8 subjects |" in text  # 8 by the manifest
    assert "| 628 slices of 5 | 6 slices of 2 |" in text
    assert "| T2, tested on | 640 slices of 5 | |" in text
    assert ", 128 x 96 |" in text


def test_without_results_the_papers_side_stands_alone():
    text = plain(data_page.render_data(None))
    assert "| T1, tested on | 628 slices of 5 | |" in text
