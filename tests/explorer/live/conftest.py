"""Fabricated results with tiny networks, and the live explorer of them."""

import pytest
from fabricated import make_runs

from recon_lib.experiment.recipes import Architecture
from recon_lib.explorer.live import reconstruct as live
from recon_lib.explorer.live.material import from_results
from recon_lib.network.cascade import Cascade, build
from recon_lib.network.files import save_network
from recon_lib.results import merge, store
from recon_lib.results.released import NetworkCard

TINY = Architecture(subnetworks=2, hidden_layers=1, filters=3)


PROFILE = {"acceleration": 4.0, "masks": {"power": 2.0, "calibration": 24}, "seed": 0}


@pytest.fixture
def shown(folders):
    """Fabricated results with four tiny networks: natural raw and tuned on T1, T1 raw, natural of fewer images."""
    out = folders / "results" / "desk"
    for seed, (name, card) in enumerate(
        {
            "natural-500": {"training_domain": "natural", "n_train": 500},
            "natural-4000": {"training_domain": "natural", "n_train": 4000},
            "natural-4000-t1-20": {
                "training_domain": "natural",
                "n_train": 4000,
                "test_domain": "t1",
                "n_finetune": 20,
            },
            "t1-4000": {"training_domain": "t1", "n_train": 4000},
        }.items()
    ):
        (out / "weights").mkdir(parents=True, exist_ok=True)
        save_network(out / "weights" / f"{name}.safetensors", build(Cascade(TINY, seed)), NetworkCard.from_json(card))
    merge.collect(make_runs(folders / "runs"), out, {"profile": PROFILE})
    return store.open_results("desk")


@pytest.fixture
def explorer(shown):
    return live.Explorer(from_results(shown))
