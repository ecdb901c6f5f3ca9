"""Reconstruction of slices of several coils: in the units of the k-space, in parts, with progress."""

import numpy as np
from keras import ops

from recon_lib.experiment.coil_recipes import CoilArchitecture
from recon_lib.imaging.acquisition import to_complex
from recon_lib.imaging.coil_data import simulate_slices
from recon_lib.imaging.coil_simulation import CoilSimulation
from recon_lib.network import coil_inference
from recon_lib.network.coil_cascade import CoilCascade, build_coils
from recon_lib.network.coil_inference import reconstruct_coils


def test_parts_are_put_together_in_the_units_of_the_kspace(monkeypatch):
    rng = np.random.default_rng(0)
    images, masks = 5 * rng.random((3, 9, 8)).astype(np.float32), rng.random((3, 9, 8)) < 0.5
    data = simulate_slices(images, masks, CoilSimulation(coils=(2, 2)), seed=0)
    cascade = build_coils(CoilCascade(CoilArchitecture(subnetworks=1, hidden_layers=1, filters=2, iterations=2)))
    calls = []
    monkeypatch.setattr(coil_inference, "parts", lambda *_: [slice(0, 2), slice(2, 4)])
    reconstructed = reconstruct_coils(cascade, data, lambda *row: calls.append(row[:2]))
    assert calls == [(2, 3), (3, 3)]
    assert reconstructed.dtype == np.complex64
    for n in range(3):
        image = cascade(data.measured(slice(n, n + 1)))["image"]
        expected = to_complex(ops.convert_to_numpy(image))[0] * data.scales[n]
        np.testing.assert_allclose(reconstructed[n], expected, rtol=1e-3, atol=1e-4)
