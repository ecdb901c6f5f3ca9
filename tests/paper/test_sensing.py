"""Compressed sensing beside the networks, and the search for its weights, with numbers known in advance."""

import pytest
from fabricated import cell, made, plain, untrained

from recon_lib.baselines.variants import VARIANTS
from recon_lib.core import paths
from recon_lib.paper import sensing
from recon_lib.results import store
from recon_lib.results.provenance import verify

NETWORKS = [
    row
    for training, psnr in (("natural", 36.0), ("t1", 36.5), ("t2", 36.2))
    for row in cell({"t1": psnr}, training_domain=training, n_finetune=20)
]
RAW = cell({"t1": 33.0}, n_finetune=0)
SENSING = [
    row
    for name, psnr in (("literal", 30.0), ("real+tv0.002", 34.0), ("real+tuned", 34.5))
    for row in cell({"t1": psnr}, **untrained(f"cs:{name}"))
]


def searched(psnr):
    return [
        {**row, "variation": "cs-weights"}
        for (name, domain), value in psnr.items()
        for row in cell({domain: value}, **untrained(f"cs:{name}"))
    ]


def test_each_variant_is_shown_with_its_weights_and_what_the_worst_tuned_network_leads_it_by():
    lines = plain(sensing.render_leads("t1", made([*NETWORKS, *SENSING, *RAW]))).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:5]] == [
        "CS (literal)",
        "CS (real+tv0.002)",
        "CS (real+tuned)",
    ]
    assert "| as the paper has them | 0.001 | 0 |" in lines[2]
    assert "+6.00 dB (+6.00 to +6.00)" in lines[2]
    assert "| tuned on training subjects | 0.001 | 0.001 |" in lines[4]
    assert "+1.50 dB (+1.50 to +1.50)" in lines[4]
    assert "less that of the best of these, CS (real+tuned), is −1.50 dB (−1.50 to −1.50)." in lines[-1]  # noqa: RUF001


def test_what_is_missing_is_said():
    assert "compressed sensing has not been run" in sensing.render_leads("t1", made(NETWORKS)).markdown
    assert "compressed sensing has not been run" in sensing.render_leads("t1", None).markdown
    assert "are not all there" in sensing.render_leads("t1", made(SENSING)).markdown
    assert "from the best" not in sensing.render_leads("t1", made([*NETWORKS, *SENSING])).markdown
    assert "not been run yet" in sensing.render_search(made([])).markdown
    assert "not been run yet" in sensing.render_search(None).markdown


def test_the_best_pair_has_the_highest_mean_of_both_contrasts():
    psnr = {
        ("real+w0.001+tv0.001", "t1"): 34.0, ("real+w0.001+tv0.001", "t2"): 37.0,
        ("real+w0.002+tv0.001", "t1"): 35.0, ("real+w0.002+tv0.001", "t2"): 35.0,
        ("real+w0.001+tv0.0005", "t1"): 39.0,  # not run in T2, so it does not count
    }  # fmt: skip
    results = made([], searched(psnr))
    by_variant = sensing.search(results)
    assert by_variant.keys() == {"real+w0.001+tv0.001", "real+w0.002+tv0.001"}
    assert sensing.best_of(by_variant) == "real+w0.001+tv0.001"
    shift = sum(row["psnr"] for row in cell({"t1": 0.0})) / len(cell({"t1": 0.0}))
    text = plain(sensing.render_search(results))
    assert f"| 0.001 | **{34 + shift:.2f} / {37 + shift:.2f}** |" in text
    assert f"| 0.002 | {35 + shift:.2f} / {35 + shift:.2f} |" in text
    assert "20 T1 slices of 4 training subjects" in text


def test_the_tuned_variant_has_the_best_weights_of_the_committed_search():
    folder = paths.RESULTS / "desk"
    by_variant = sensing.search(store.Results("desk", folder, verify(folder)))
    if not by_variant:
        pytest.skip("the search is not collected yet")
    _, wavelet, tv = sensing.best_of(by_variant).split("+")
    tuned = VARIANTS["real+tuned"]
    assert (float(wavelet[1:]), float(tv[2:])) == (tuned.wavelet_weight, tuned.tv_weight)
