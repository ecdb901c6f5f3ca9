"""Tests of the experiment with several coils: the weights of the baselines, then every method on every slice."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from recon_lib.baselines.coils import cg_sense, has_bart, l1_bart, l1_sigpy
from recon_lib.core.arrays import save_arrays
from recon_lib.core.files import write_json
from recon_lib.core.progress import Progress
from recon_lib.experiment.coil_profile import REAL, CoilRun
from recon_lib.imaging.coil_data import acquired_coils
from recon_lib.imaging.coils import CoilAcquisition
from recon_lib.imaging.metrics import nmse, psnr, ssim
from recon_lib.network.coil_files import load_coil_network
from recon_lib.network.coil_inference import reconstruct_coils
from recon_lib.runs.coil_slices import CoilSlice, masks_of, open_slices

ROWS, PICTURES, WEIGHTS = "rows.json", "panels.safetensors", "weights.json"
Method = Callable[[CoilSlice, np.ndarray, float], np.ndarray]
"""A function of a slice, its mask and the acceleration that gives a complex image."""


def choose_weights(run: CoilRun, parents: list[Path], out: Path, progress: Progress | None = None) -> None:
    """Try every weight of every baseline on slices of the pool; the best mean PSNR at each acceleration wins.

    Args:
        run: Of the kind ``weights``.
        parents: The folder of the pool's maps.
        out: The run's folder; it receives ``weights.json``.
        progress: Called with trials done, trials in all and an empty row.
    """
    spec = run.parents[0].spec
    slices = open_slices(spec, parents[0])
    trials = list(itertools.product(_candidates(run.spec["baselines"]), spec["accelerations"]))
    rows = []
    for done, ((method, settings), acceleration) in enumerate(trials):
        values = []
        for item in slices:
            mask = item.mask(masks_of(spec, acceleration))
            values.append(_psnr(item, _BASELINES[method](item.kspace * mask, mask, item.maps, **settings)))
        rows.append({"method": method, "acceleration": acceleration, **settings, "psnr": float(np.mean(values))})
        if progress:
            progress(done + 1, len(trials), {})
    write_json(out / WEIGHTS, rows)


def evaluate(run: CoilRun, parents: list[Path], out: Path, progress: Progress | None = None) -> None:
    """Reconstruct every slice of a test at every acceleration, and measure it.

    Args:
        run: Of the kind ``evaluate``.
        parents: The folders of the maps, and of the network or the baselines' weights.
        out: The run's folder; it receives rows and, of the real slice, pictures.
        progress: Called with slices done, slices in all and the newest row.
    """
    maps_run, tested = run.parents
    spec = maps_run.spec
    slices = open_slices(spec, parents[0])
    methods = _baselines(parents[1]) if tested.kind == "weights" else {"network": _network(parents[1])}
    rows, pictures = [], {}
    for done, item in enumerate(slices):
        for acceleration in spec["accelerations"]:
            mask = item.mask(masks_of(spec, acceleration))
            for method, reconstruct in methods.items():
                start = time.perf_counter()
                image = reconstruct(item, mask, acceleration)
                seconds = time.perf_counter() - start
                names = {"run": run.id, "test": maps_run.label, "subject": item.subject, "slice": item.number}
                names |= {"method": method, "network": "" if tested.kind == "weights" else tested.label}
                cost = {"seconds": seconds, "seconds_maps": item.seconds, "coils": len(item.maps)}
                rows.append({**names, "acceleration": acceleration, **measure(item, image), **cost})
                if spec["domain"] == REAL:
                    label = tested.label if method == "network" else method
                    pictures[f"{label}-{acceleration:g}"] = np.abs(image).astype(np.float32)
        if progress:
            progress(done + 1, len(slices), rows[-1])
    if pictures:
        pictures["reference"] = np.abs(slices[0].reference).astype(np.float32)
        save_arrays(out / PICTURES, pictures, {})
    write_json(out / ROWS, rows)


_BASELINES = {"cg_sense": cg_sense, "l1_sigpy": l1_sigpy, "l1_bart": l1_bart}


def _candidates(baselines: Mapping) -> Iterator[tuple[str, dict]]:
    """Name each baseline with each of its settings; BART's where it is installed."""
    for weight, iterations in itertools.product(baselines["cg_sense"], baselines["sense_iterations"]):
        yield "cg_sense", {"weight": weight, "iterations": iterations}
    for method in ("l1_sigpy", "l1_bart") if has_bart() else ("l1_sigpy",):
        for weight in baselines["l1"]:
            yield method, {"weight": weight, "iterations": baselines["l1_iterations"]}


def _baselines(chosen: Path) -> dict[str, Method]:
    """Return zero-filling, and every baseline at its best settings of each acceleration."""
    rows = json.loads((chosen / WEIGHTS).read_text(encoding="utf-8"))
    best: dict[tuple[str, float], dict] = {}
    for row in sorted(rows, key=lambda row: row["psnr"]):
        best[row["method"], row["acceleration"]] = {name: row[name] for name in ("weight", "iterations")}

    def with_best(method: str) -> Method:
        return lambda item, mask, acceleration: _BASELINES[method](
            item.kspace * mask, mask, item.maps, **best[method, acceleration]
        )

    methods = {method: with_best(method) for method in sorted({method for method, _ in best})}
    return {"zero_filled": lambda item, mask, _: CoilAcquisition(mask, item.maps).adjoint(item.kspace), **methods}


def _network(place: Path) -> Method:
    cascade = load_coil_network(place / "network.safetensors")[0]

    def reconstruct(item: CoilSlice, mask: np.ndarray, _: float) -> np.ndarray:
        return reconstruct_coils(cascade, acquired_coils(item.kspace[None], mask[None], item.maps[None]))[0]

    return reconstruct


def measure(item: CoilSlice, image: np.ndarray) -> dict[str, float]:
    """Compare magnitudes in one scale: the reference's maximum is 1.

    Args:
        item: A slice with its reference.
        image: Its reconstruction, complex ``(height, width)``.

    Returns:
        ``psnr`` in dB, ``ssim`` and ``nmse``.
    """
    reference, magnitude = np.abs(item.reference), np.abs(image)
    peak = float(reference.max())
    return {
        "psnr": psnr(reference, magnitude, data_range=peak),
        "ssim": ssim(reference, magnitude, data_range=peak),
        "nmse": nmse(reference, magnitude),
    }


def _psnr(item: CoilSlice, image: np.ndarray) -> float:
    return measure(item, image)["psnr"]
