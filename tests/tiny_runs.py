"""The tiny profile of the tests of runs, and its runs found by name."""

from recon_lib.experiment.plan import find
from recon_lib.results.rows import read_rows
from recon_lib.runs import state

TINY = """
description: Small enough for a test.
test_domains: [t1]
masks: {train: 4, test: 4}
architecture: {subnetworks: 2, hidden_layers: 1, filters: 4}
domains:
  natural: {source: generated, matrix: [32, 32], images: 8}
  t1: {source: generated, matrix: [30, 33], images: 8}
training: {domains: [natural, t1], n_train: [8], batch: 4, epochs: 3, learning_rate: 1.0e-2, crop: 24}
fine_tuning: {n_finetune: [3], epochs: 2, batch: 1, learning_rate: 1.0e-3}
compressed_sensing: {variants: [literal, real], iterations: {t1: 4}}
variations:
  lower-rate:
    change: {fine_tuning: {learning_rate: 1.0e-4}}
    evaluations: {training_domain: natural, n_finetune: 3}
  other-masks:
    change: {masks: {power: 1.0}}
    evaluations: {method: [zero_filled, network], training_domain: natural, n_finetune: 0}
    networks: base
  acceleration-2:
    change: {acceleration: 2.0}
    evaluations: {method: [zero_filled, network], training_domain: natural, n_finetune: [0, 3]}
    networks: base
  scale:
    change: {scale: zero_filled}
    evaluations: {method: network, training_domain: natural, n_finetune: 0}
    networks: base
  window:
    change: {ssim: uniform}
    evaluations: {method: [zero_filled, network], training_domain: natural, n_finetune: 0}
    networks: base
  wavelet:
    change: {compressed_sensing: {wavelet: db4}}
    evaluations: {method: "cs:literal"}
  corners:
    change: {masks: {corners: false}}
    evaluations: {method: zero_filled}
  residual:
    change: {architecture: {residual: true, initial_weights: he_normal, phase: kept}}
    evaluations: {method: network, training_domain: natural, n_finetune: 0}
  training-slices:
    evaluations: {method: zero_filled}
    split: train
  few-training-slices:
    evaluations: {method: zero_filled}
    split: train
    slices: 3
"""


def use(patch, folder):
    for name in ("RUNS", "RESULTS", "CACHE"):
        patch.setenv(f"RECON_{name}", str(folder / name.lower()))


def named(plan, kind, **choice):
    return find(plan, kind, **choice)


def own(plan):
    """The profile's own evaluations."""
    return [run for run in plan if run.kind == "evaluate" and run.key.variation is None]


def varied(plan, name):
    return [run for run in plan if run.kind == "evaluate" and run.key.variation == name]


def table(run):
    return read_rows(state.folder(run) / "slices.csv")
