"""What lambda and the iterations of data consistency do to a trained network, which is not trained again for them."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from recon_lib.core.files import write_json
from recon_lib.core.progress import Progress
from recon_lib.experiment.coil_profile import CoilRun
from recon_lib.experiment.coil_recipes import CoilArchitecture
from recon_lib.imaging.coil_data import acquired_coils
from recon_lib.network.coil_cascade import reweigh
from recon_lib.network.coil_files import load_coil_network
from recon_lib.network.coil_inference import reconstruct_coils
from recon_lib.runs.coil_slices import masks_of, open_slices
from recon_lib.runs.coil_tests import measure

EFFECTS = "effects.json"


def measure_effects(run: CoilRun, parents: list[Path], out: Path, progress: Progress | None = None) -> None:
    """Reconstruct slices of a test by one network with other settings of its data consistency, one changed at a time.

    Args:
        run: Of the kind ``effects``.
        parents: The folders of the maps and of the network.
        out: The run's folder; it receives ``effects.json``, a row a slice, acceleration and setting.
        progress: Called with slices done, slices in all and an empty row.
    """
    maps_run, network = run.parents
    spec = maps_run.spec
    slices = open_slices(spec, parents[0])
    chosen = np.unique(np.linspace(0, len(slices) - 1, min(run.spec["slices"], len(slices))).round().astype(int))
    cascade = load_coil_network(parents[1] / "network.safetensors")[0]
    cascades = {setting: reweigh(cascade, *setting) for setting in settings(run.spec, cascade.architecture)}
    rows = []
    for done, place in enumerate(chosen):
        item = slices[place]
        for acceleration, (setting, changed) in itertools.product(spec["accelerations"], cascades.items()):
            mask = item.mask(masks_of(spec, acceleration))
            start = time.perf_counter()
            image = reconstruct_coils(changed, acquired_coils(item.kspace[None], mask[None], item.maps[None]))[0]
            seconds = time.perf_counter() - start
            names = {"run": run.id, "test": maps_run.label, "subject": item.subject, "slice": item.number}
            names |= {"network": network.label, "acceleration": acceleration, "seconds": seconds}
            rows.append({**names, **dict(zip(("weight", "iterations"), setting, strict=True)), **measure(item, image)})
        if progress:
            progress(done + 1, len(chosen), {})
    write_json(out / EFFECTS, rows)


def settings(spec: Mapping, architecture: CoilArchitecture) -> list[tuple[float, int]]:
    """List every ``lambda`` with the iterations of a network, and its ``lambda`` with every number of iterations.

    Args:
        spec: The parameters of a run of the kind ``effects``: ``weights`` and ``iterations``.
        architecture: The network's shape.

    Returns:
        Pairs of ``lambda`` and iterations, each once; the network's own among them.
    """
    own = architecture.data_consistency, architecture.iterations
    others = [(weight, own[1]) for weight in spec["weights"]] + [(own[0], count) for count in spec["iterations"]]
    return sorted({own, *others})


def read_effects(path: Path) -> list[dict]:
    """Read the rows of a run.

    Args:
        path: The run's folder.
    """
    file = path / EFFECTS
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
