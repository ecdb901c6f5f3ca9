"""Reconstruct the test slices of a domain by one method, and store a row a slice and a few pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from recon_lib.baselines.compressed_sensing import reconstruct_cs
from recon_lib.baselines.simple import fill_by_symmetry
from recon_lib.baselines.variants import find_variant
from recon_lib.core.arrays import load_arrays, save_arrays
from recon_lib.core.progress import Progress
from recon_lib.data.imageset import ImageSet
from recon_lib.experiment.plan import Run
from recon_lib.experiment.specs import EvaluateSpec
from recon_lib.imaging.acquisition import Acquisition
from recon_lib.imaging.fourier import ifft2c
from recon_lib.imaging.masks import MaskSpec, assign_masks, mask_stack
from recon_lib.imaging.metrics import psnr, slice_metrics
from recon_lib.network.files import load_network
from recon_lib.network.inference import reconstruct
from recon_lib.results.panels import PanelKey, median_key, write_panels
from recon_lib.results.released import read_card
from recon_lib.results.rows import write_rows
from recon_lib.runs.images import planned_images

_PART = 16  # slices between two reports of progress, and between two saved parts of a long reconstruction


def evaluate(run: Run, folder: Path, network: Path | None, progress: Progress | None) -> dict:
    """Carry out an evaluation: ``slices.csv`` and, where pictures are kept, ``panels.npz``.

    Args:
        run: The evaluation.
        folder: The run's folder.
        network: The network's file, for the method ``network``.
        progress: Called with slices done and slices in all.

    Returns:
        The hash of the images it was given, by split.
    """
    spec: EvaluateSpec = run.spec
    images = planned_images(run, spec.test_domain, spec.split)
    inputs = {spec.split: images.sha256}
    index, masks = masks_of_test_slices(images.images, spec.masks, spec.counts[1])
    if spec.slices is not None:  # each with the mask that it has among all
        places = images.evenly_spread(spec.slices)
        images, index, masks = images.at(places), index[places], masks[places]
    row = {"run": run.id, **run.key.to_json(), "seed": spec.seed, "acceleration": spec.masks.acceleration}
    if network is not None:
        row["n_images"] = read_card(network).n_images
    after_dc, before_dc = reconstruct_slices(spec, images.images, masks, folder, network, progress)
    rows = []
    for i, reference in enumerate(images.images):
        options = {"data_range": reference.max(), "window": spec.ssim}
        values = slice_metrics(reference, after_dc[i], **options)
        if before_dc is not None:
            own = slice_metrics(reference, before_dc[i], **options)
            values |= {"psnr_before_dc": own["psnr"], "ssim_before_dc": own["ssim"]}
        place = {"subject": images.subjects[i], "slice": images.slices[i], "mask": index[i], "scale": images.scales[i]}
        rows.append({**row, **place, **values})
    write_rows(folder / "slices.csv", rows)
    if is_pictured(run):
        _write_panels(folder / "panels.npz", run, images, masks, after_dc)
    return inputs


def reconstruct_slices(
    spec: EvaluateSpec,
    images: np.ndarray,
    masks: np.ndarray,
    folder: Path,
    network: Path | None,
    progress: Progress | None = None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Undersample slices and reconstruct them by the method of an evaluation.

    Args:
        spec: The evaluation's.
        images: ``(n, height, width)``, float32.
        masks: Boolean, of the same shape.
        folder: Where compressed sensing keeps the parts that are finished.
        network: The network's file, for the method ``network``.
        progress: Called with slices done and slices in all.

    Returns:
        The reconstructions, ``(n, height, width)``, and those of a network before its last data consistency.
    """
    if network is not None:
        return _by_network(load_network(network)[0], images, masks, spec.scale, progress)
    if spec.method.startswith("cs:"):
        return _by_compressed_sensing(spec, images, masks, folder, progress), None
    return BASELINES[spec.method](images, masks), None


def masks_of_test_slices(images: np.ndarray, spec: MaskSpec, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Give each test slice its mask, the same for every method.

    Args:
        images: ``(n, height, width)``.
        spec: The parameters of the masks.
        count: The number of different masks.

    Returns:
        The index of each slice's mask, ``(n,)``, and the masks, ``(n, height, width)``.
    """
    pool = mask_stack(images.shape[1:], count, "test", spec)
    index = assign_masks(len(images), len(pool), spec.seed)
    return index, pool[index]


def in_headline(run: Run) -> bool:
    """Tell whether an evaluation's method stands in Tables 1 and 2.

    Args:
        run: The evaluation.
    """
    if run.key.method != "network":
        return True
    counts = {0, *run.profile.fine_tuning.headline}
    return run.key.n_train == max(run.profile.training.n_train) and run.key.n_finetune in counts


def is_pictured(run: Run) -> bool:
    """Tell whether pictures are kept: of a variation only if it is one of those that the explorer shows.

    Args:
        run: The evaluation.
    """
    variation = run.key.variation
    return variation is None or run.profile.variations[variation].acceleration is not None


def _zero_filled(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    return np.abs(Acquisition(masks).normal(images)).astype(np.float32)


def _conjugate_symmetry(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    kspace = fill_by_symmetry(Acquisition(masks).forward(images), masks)
    return np.abs(ifft2c(kspace)).astype(np.float32)


BASELINES = {"zero_filled": _zero_filled, "conjugate_symmetry": _conjugate_symmetry}


def _by_network(
    cascade: object, images: np.ndarray, masks: np.ndarray, scale: str | None, progress: Progress | None
) -> tuple[np.ndarray, np.ndarray]:
    factors = np.ones((len(images), 1, 1), np.float32)
    if scale == "zero_filled":
        factors = _zero_filled(images, masks).max(axis=(1, 2), keepdims=True)
    parts = []
    for part in _parts(len(images)):
        after_dc, before_dc = reconstruct(cascade, images[part] / factors[part], masks[part])
        parts.append((after_dc * factors[part], before_dc * factors[part]))
        if progress:
            progress(min(part.stop, len(images)), len(images), {})
    after_dc, before_dc = zip(*parts, strict=True)
    return np.concatenate(after_dc), np.concatenate(before_dc)


def _by_compressed_sensing(
    spec: EvaluateSpec, images: np.ndarray, masks: np.ndarray, folder: Path, progress: Progress | None
) -> np.ndarray:
    """Reconstruct part by part; a part that a stopped run had finished is read back."""
    variant = find_variant(spec.method.removeprefix("cs:"))
    variant = replace(variant, wavelet=spec.wavelet or variant.wavelet)
    finished = []
    for part in _parts(len(images)):
        path = folder / f"part-{part.start:05d}.safetensors"
        if not path.is_file():
            kspace = Acquisition(masks[part]).forward(images[part])
            image = reconstruct_cs(kspace, masks[part], variant, spec.iterations)
            save_arrays(path, {"image": np.abs(image)}, {})
        finished.append(load_arrays(path)[0]["image"])
        if progress:
            progress(min(part.stop, len(images)), len(images), {})
    return np.concatenate(finished)


def _parts(count: int) -> list[slice]:
    return [slice(start, start + _PART) for start in range(0, count, _PART)]


def _write_panels(path: Path, run: Run, images: ImageSet, masks: np.ndarray, after: np.ndarray) -> None:
    """Keep pictures of a few slices, which the profile's own masks choose for its variations too."""
    profile, key, variation = run.profile, run.key, run.key.variation or ""
    own_masks = masks
    if variation:
        own_masks = masks_of_test_slices(images.images, profile.mask_spec, profile.masks.test)[1]
    panels = {}
    if not key.draw:
        for i in _pictured(images, own_masks, every=not variation and in_headline(run)):
            panels |= panels_of_slice(run, images, i, masks[i], after[i])
    write_panels(path, panels)


def panels_of_slice(
    run: Run, images: ImageSet, index: int, mask: np.ndarray, reconstruction: np.ndarray
) -> dict[PanelKey, np.ndarray]:
    """Name the pictures of one slice: the reconstruction, and with the zero-filled one its mask and reference.

    Args:
        run: The evaluation.
        images: The test slices.
        index: The place of the slice among them.
        mask: Boolean, ``(height, width)``.
        reconstruction: ``(height, width)``.

    Returns:
        Pictures by key, in half precision.
    """
    key, variation = run.key, run.key.variation or ""
    panel = PanelKey(key.test_domain, images.subjects[index], int(images.slices[index]), key.picture, variation)
    panels = {panel: reconstruction.astype(np.float16)}
    if key.method == "zero_filled":
        panels[replace(panel, picture="mask")] = mask
        if not variation:
            panels[replace(panel, picture="reference")] = images.images[index].astype(np.float16)
    return panels


def _pictured(images: ImageSet, masks: np.ndarray, every: bool) -> list[int]:
    """Choose slices to keep by their zero-filled PSNR: the median one of all, and the median of the middle ones.

    Args:
        images: The test slices.
        masks: Theirs.
        every: Keep each subject's middle slice, not only the median of these.
    """
    middle = []
    for subject in sorted(set(images.subjects)):
        places = [i for i, s in enumerate(images.subjects) if s == subject]
        middle.append(places[len(places) // 2])
    pairs = zip(images.images, _zero_filled(images.images, masks), strict=True)
    quality = [psnr(reference, image, data_range=reference.max()) for reference, image in pairs]

    def median(indices: Iterable[int]) -> int:
        return median_key({(images.subjects[i], images.slices[i], i): quality[i] for i in indices})[2]

    return sorted({median(range(len(quality))), *(middle if every else [median(middle)])})
