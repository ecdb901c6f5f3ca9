"""What the live explorer offers is what the results hold."""

import numpy as np
import pytest
from fabricated import SUBJECTS, make_runs

from recon_lib.core.errors import ReconError
from recon_lib.explorer.live import reconstruct as live
from recon_lib.results import merge
from recon_lib.results.panels import PanelKey

PLACE = (SUBJECTS[0], 41)


def test_it_offers_what_the_results_hold(shown, explorer):
    material = explorer.material
    assert set(material.references) == {"t1", "t2"}
    assert list(material.references["t1"]) == [PLACE]
    assert np.array_equal(material.references["t1"][PLACE], shown.panels[PanelKey("t1", *PLACE, "reference")])
    assert material.methods()[0] == "zero_filled"
    assert material.methods()[-2:] == ["network-natural", "network-t1"]
    assert material.networks["natural", "", 0].name == "natural-4000.safetensors"
    assert material.counts("network-natural", "t1") == [0, 20]
    assert material.counts("network-natural", "t2") == [0]
    assert material.counts("network-t1", "t1") == [0]
    assert material.counts("zero_filled", "t1") == material.counts("cs:real", "t1") == []


def test_results_without_pictures_are_refused(folders):
    runs = [run for run in make_runs(folders / "runs") if run.name.startswith("history")]
    merge.collect(runs, folders / "results" / "desk", {})
    with pytest.raises(ReconError, match="no pictures"):
        live.open_explorer("desk")
