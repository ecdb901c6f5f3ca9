"""What a profile needs is counted from the profile and the manifest."""

import pytest
from fabricated import make_runs

from recon_lib.experiment.profile import load_profile
from recon_lib.paper.cost import needs
from recon_lib.paper.cost.needs import Work
from recon_lib.results import merge, store


@pytest.fixture
def results(tmp_path):
    domains = {name: {"source": "open", "matrix": None} for name in ("t1", "t2")}
    details = {"profile": {"domains": domains}}
    merge.collect(make_runs(tmp_path / "runs"), store.root() / "desk", details)
    return store.open_results("desk")


def test_needs_follow_the_profile(results):
    desk, full = (needs.count_needs(load_profile(name), results) for name in ("desk", "open"))
    # whole images, 50 a time, 259 numbers a pixel of 4 bytes twice: desk's of a variation, one sub-network's
    assert desk.training_update == 8 * 259 * 50 * 128 * 128
    assert full.training_update == 8 * 259 * 50 * 256 * 256
    # the variation of all 20 images at once, through five sub-networks
    assert desk.tuning_update == full.tuning_update == 20 * 8 * 259 * 5 * 120 * 192
    assert desk.images * 4 == full.images
    assert (
        full.operations[Work.TRAINING] > desk.operations[Work.TRAINING] > full.operations[Work.COMPRESSED_SENSING] == 0
    )
    assert full.chain < sum(full.operations.values())
    assert desk.download == full.download > 100e6
    assert sum(desk.runs.values()) > sum(full.runs.values())  # its variations
    # 4000 photographs; 3.5 times the 20 test slices of each contrast, by the subjects' share
    assert desk.prepared == 4 * (4000 * 128 * 128 + 70 * 120 * 192 + 70 * 32 * 32)


def test_the_papers_own_data_need_no_results():
    counts = needs.count_needs(load_profile("paper"), None)
    assert counts.download == 0
    assert counts.tuning_update == 8 * 259 * 5 * 256 * 192
    assert counts.operations[Work.NETWORKS] > 0


def test_generated_images_need_no_disk():
    counts = needs.count_needs(load_profile("smoke"), None)
    assert (counts.download, counts.prepared) == (0, 0)
    assert counts.runs[Work.TRAINING] == 3


def test_operations_of_variations_are_counted_apart(results):
    desk = load_profile("desk")
    every = needs.count_needs(desk, results).operations
    own, names = needs.count_operations(desk, results, {None}), set(desk.variations)
    varied = needs.count_operations(desk, results, names)
    assert {work: own[work] + varied[work] for work in Work} == every
    few = needs.count_operations(desk, results, {"few-mirrors"})
    tunings = 3 * 300 * (120 * 192 + 32 * 32)  # draws, updates, pixels
    pixel = few[Work.FINE_TUNING] / tunings
    assert (
        needs.count_operations(desk, results, {"few-mirrors", "few-together"})[Work.FINE_TUNING]
        == 4 * 300 * 3 * (120 * 192 + 32 * 32) * pixel
    )
    assert few[Work.TRAINING] == 0
