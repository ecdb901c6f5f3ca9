"""Reconstruct the test slices of a domain by one method, and store a row a slice and a few pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from recon_lib.baselines.compressed_sensing import reconstruct_cs
from recon_lib.baselines.simple import fill_by_symmetry
from recon_lib.baselines.variants import VARIANTS
from recon_lib.core.arrays import load_arrays, save_arrays
from recon_lib.data import domains
from recon_lib.data.imageset import ImageSet
from recon_lib.experiment.plan import Run
from recon_lib.experiment.profile import Profile
from recon_lib.imaging.acquisition import Acquisition
from recon_lib.imaging.fourier import ifft2c
from recon_lib.imaging.masks import assign_masks, mask_stack
from recon_lib.imaging.metrics import psnr, slice_metrics
from recon_lib.imaging.ssim import DEFAULT_WINDOW
from recon_lib.network.files import load_network
from recon_lib.network.inference import reconstruct
from recon_lib.network.training import Progress
from recon_lib.results.panels import VARIED, median_key, write_panels
from recon_lib.results.rows import write_rows

_PART = 16  # slices between two reports of progress, and between two saved parts of a long reconstruction


def evaluate(run: Run, where: Path, network: Path | None, progress: Progress | None) -> dict:
    """Carry out an evaluation: ``slices.csv`` and, where pictures are kept, ``panels.npz``.

    Args:
        run: The evaluation.
        where: The run's folder.
        network: The network's file, for the method ``network``.
        progress: Called with slices done and slices in all.

    Returns:
        The hash of the images it was given, by split.
    """
    name, split = run.parameters["test_domain"], run.parameters.get("split", "test")
    profile = run.settings
    images = domains.load_images(name, split, profile.domains[name])
    index, masks = masks_of_test_slices(images.images, profile)
    row = {"run": run.id, **run.choice, "seed": profile.seed, "acceleration": profile.acceleration}
    before = None
    if network is not None:
        cascade, card = load_network(network)
        row["n_images"] = card["n_images"]
        after, before = _by_network(cascade, images.images, masks, run.parameters.get("scale"), progress)
    elif run.parameters["method"].startswith("cs:"):
        after = _by_compressed_sensing(run, images.images, masks, where, progress)
    else:
        after = _BASELINES[run.parameters["method"]](images.images, masks)
    rows, window = [], run.parameters.get("ssim", DEFAULT_WINDOW)
    for i, reference in enumerate(images.images):
        options = {"data_range": reference.max(), "window": window}
        values = slice_metrics(reference, after[i], **options)
        if before is not None:
            own = slice_metrics(reference, before[i], **options)
            values |= {"psnr_before_dc": own["psnr"], "ssim_before_dc": own["ssim"]}
        place = {"subject": images.subjects[i], "slice": images.slices[i], "mask": index[i], "scale": images.scales[i]}
        rows.append({**row, **place, **values})
    write_rows(where / "slices.csv", rows)
    if _is_pictured(run):
        _write_panels(where / "panels.npz", run, images, masks, after)
    return {split: images.sha256}


def masks_of_test_slices(images: np.ndarray, profile: Profile) -> tuple[np.ndarray, np.ndarray]:
    """Give each test slice its mask, the same for every method.

    Args:
        images: ``(n, height, width)``.
        profile: The experiment.

    Returns:
        The index of each slice's mask, ``(n,)``, and the masks, ``(n, height, width)``.
    """
    pool = mask_stack(images.shape[1:], profile.masks.test, "test", profile.mask_spec)
    index = assign_masks(len(images), len(pool), profile.seed)
    return index, pool[index]


def panel_label(choice: dict) -> str:
    """Name a method's picture: ``cs:literal``, ``network-natural-4000-20``, ``zero_filled@acceleration-8``.

    Args:
        choice: What an evaluation is named by; its variation stands behind an ``@``.
    """
    name = choice["method"]
    if name == "network":
        name = f"network-{choice['training_domain']}-{choice['n_train']}-{choice['n_finetune']}"
    return name + _varied(choice)


def in_headline(run: Run) -> bool:
    """Tell whether an evaluation's method stands in Tables 1 and 2.

    Args:
        run: The evaluation.
    """
    if run.choice["method"] != "network":
        return True
    profile = run.profile
    counts = {0, *profile.fine_tuning.headline}
    return run.choice["n_train"] == max(profile.training.n_train) and run.choice["n_finetune"] in counts


def _varied(choice: dict) -> str:
    return f"{VARIED}{choice['variation']}" if "variation" in choice else ""


def _is_pictured(run: Run) -> bool:
    """Tell whether pictures are kept: of a variation only if it is one of those that the explorer shows."""
    variation = run.choice.get("variation")
    return variation is None or run.profile.variations[variation].acceleration is not None


def _zero_filled(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    return np.abs(Acquisition(masks).normal(images)).astype(np.float32)


def _conjugate_symmetry(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    kspace = fill_by_symmetry(Acquisition(masks).forward(images), masks)
    return np.abs(ifft2c(kspace)).astype(np.float32)


_BASELINES = {"zero_filled": _zero_filled, "conjugate_symmetry": _conjugate_symmetry}


def _by_network(
    cascade: object, images: np.ndarray, masks: np.ndarray, scale: str | None, progress: Progress | None
) -> tuple[np.ndarray, np.ndarray]:
    factors = np.ones((len(images), 1, 1), np.float32)
    if scale == "zero_filled":
        factors = _zero_filled(images, masks).max(axis=(1, 2), keepdims=True)
    parts = []
    for part in _parts(len(images)):
        after, before = reconstruct(cascade, images[part] / factors[part], masks[part])
        parts.append((after * factors[part], before * factors[part]))
        if progress:
            progress(min(part.stop, len(images)), len(images), {})
    after, before = zip(*parts, strict=True)
    return np.concatenate(after), np.concatenate(before)


def _by_compressed_sensing(
    run: Run, images: np.ndarray, masks: np.ndarray, where: Path, progress: Progress | None
) -> np.ndarray:
    """Reconstruct part by part; a part that a stopped run had finished is read back."""
    variant = VARIANTS[run.parameters["method"].removeprefix("cs:")]
    variant = replace(variant, wavelet=run.parameters.get("wavelet", variant.wavelet))
    done = []
    for part in _parts(len(images)):
        path = where / f"part-{part.start:05d}.safetensors"
        if not path.is_file():
            kspace = Acquisition(masks[part]).forward(images[part])
            found = reconstruct_cs(kspace, masks[part], variant, run.parameters["iterations"])
            save_arrays(path, {"image": np.abs(found)}, {})
        done.append(load_arrays(path)[0]["image"])
        if progress:
            progress(min(part.stop, len(images)), len(images), {})
    return np.concatenate(done)


def _parts(count: int) -> list[slice]:
    return [slice(start, start + _PART) for start in range(0, count, _PART)]


def _write_panels(path: Path, run: Run, images: ImageSet, masks: np.ndarray, after: np.ndarray) -> None:
    """Keep the middle slice of each test subject; of the grid's inner cells and of variations only the median one.

    All pictures are of the slices that the profile's own masks choose, those of its variations too.
    """
    name, label, varied = run.parameters["test_domain"], panel_label(run.choice), _varied(run.choice)
    chosen_by = masks_of_test_slices(images.images, run.profile)[1] if varied else masks
    panels = {}
    if run.choice.get("draw", 0) == 0:
        for i in _pictured(images, chosen_by, every=not varied and in_headline(run)):
            key = f"{name}/{images.subjects[i]}/{images.slices[i]}"
            panels[f"{key}/{label}"] = after[i].astype(np.float16)
            if run.choice["method"] == "zero_filled":
                panels[f"{key}/mask{varied}"] = masks[i]
            if label == "zero_filled":
                panels[f"{key}/reference"] = images.images[i].astype(np.float16)
    write_panels(path, panels)


def _pictured(images: ImageSet, masks: np.ndarray, every: bool) -> list[int]:
    """Choose slices to keep: each subject's middle one, or the one of these with the median zero-filled PSNR."""
    middle = []
    for subject in sorted(set(images.subjects)):
        places = [i for i, s in enumerate(images.subjects) if s == subject]
        middle.append(places[len(places) // 2])
    if every:
        return middle
    start = _zero_filled(images.images[middle], masks[middle])
    references = images.images[middle]
    pairs = zip(middle, references, start, strict=True)
    quality = {i: psnr(reference, image, data_range=reference.max()) for i, reference, image in pairs}
    return [median_key({(images.subjects[i], images.slices[i], i): value for i, value in quality.items()})[2]]
