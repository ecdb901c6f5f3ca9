"""Pictures are completed from released networks, only where PSNR is that of the row, and the results stay whole."""

import numpy as np
import pytest
from tiny_runs import named, own

from recon_lib.core.errors import ReconError
from recon_lib.results import merge, places, provenance, store
from recon_lib.results.panels import PanelKey
from recon_lib.runs import collect as runs_collect
from recon_lib.runs import panels


@pytest.fixture
def without(tiny, tmp_path, monkeypatch):
    """Collected results that lack every picture of their median slice, as those collected earlier do."""
    profile, plan = tiny
    monkeypatch.setenv("RECON_RESULTS", str(tmp_path))
    out = runs_collect.collect(profile)
    results = store.open_results("tiny")
    place = places.median_place(results.slices, "t1")
    everything = {**results.panels, **results.varied_panels}
    kept = {key: image for key, image in everything.items() if key.place != place}
    with monkeypatch.context() as patch:
        patch.setattr(merge, "read_panels", lambda path: {})
        merge.add_panels(out, kept)
    return profile, plan, place, everything


def test_what_was_lacking_is_there_again_as_it_was(without):
    profile, _, place, everything = without
    before = store.open_results("tiny")
    assert not any(key.place == place for key in {**before.panels, **before.varied_panels})
    completion = panels.complete_panels(profile)
    after = store.open_results("tiny")
    assert completion.places == {"t1": place}
    assert completion.lacking == []
    again = {**after.panels, **after.varied_panels}
    assert again.keys() == everything.keys()
    assert set(completion.added) == {key for key in everything if key.place == place}
    for key, image in again.items():
        assert image.dtype == everything[key].dtype
        np.testing.assert_allclose(image.astype(float), everything[key].astype(float), atol=0.02)
    assert after.slices.equals(before.slices)
    assert {**after.provenance, "files": 0, "digest": 0} == {**before.provenance, "files": 0, "digest": 0}
    assert panels.complete_panels(profile).added == []


def test_a_picture_whose_psnr_is_not_that_of_the_row_changes_nothing(without, monkeypatch):
    profile, _, place, _ = without
    before = provenance.verify(store.root() / "tiny")
    reconstruct = panels.reconstruct_slices

    def shifted(spec, images, *others):
        after, before_dc = reconstruct(spec, images, *others)
        return (after + 0.05 if spec.method == "network" else after), before_dc

    monkeypatch.setattr(panels, "reconstruct_slices", shifted)
    with pytest.raises(ReconError, match=rf"dB on {place[0]} slice {place[1]}, but its row says"):
        panels.complete_panels(profile)
    assert provenance.verify(store.root() / "tiny") == before


def test_a_network_that_was_not_released_is_listed(without, monkeypatch):
    profile, plan, place, _ = without
    tuned = named(own(plan), "evaluate", method="network", training_domain="natural", n_finetune=3)
    find = panels.network_file
    monkeypatch.setattr(panels, "network_file", lambda run: None if run.id == tuned.parent.id else find(run))
    completion = panels.complete_panels(profile)
    assert tuned.id in completion.lacking
    assert set(completion.lacking) == {
        run.id for run in plan if run.kind == "evaluate" and run.parent == tuned.parent and panels.is_pictured(run)
    }
    assert PanelKey("t1", *place, tuned.key.picture) not in store.open_results("tiny").panels
    assert PanelKey("t1", *place, "zero_filled") in completion.added
