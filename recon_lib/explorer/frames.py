"""What the explorer shows: the reconstructions kept of a few slices, with their numbers, at every acceleration."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas

from recon_lib.experiment.design import NAMES, domain_name
from recon_lib.explorer.pictures import address, encode_difference, palette
from recon_lib.paper import panel_view
from recon_lib.paper.averages import images_seen, summarise
from recon_lib.paper.differences.accelerations import accelerations, own_acceleration
from recon_lib.paper.words import label
from recon_lib.results.keys import RunKey, split_picture
from recon_lib.results.panels import PanelKey
from recon_lib.results.places import Place, percentile, zero_filled_psnr
from recon_lib.results.store import Results

_NAMED = {"reference": "reference (fully sampled)", "conjugate_symmetry": "conjugate symmetry"}
_ORDER = ("reference", "zero_filled", "conjugate_symmetry", "cs:", "network-")


def collect_frames(results: Results) -> dict:
    """Gather everything that the page shows.

    Args:
        results: Where panels and numbers come from.

    Returns:
        A mapping that JSON can hold: ``palette`` (256 colours of the error map, RGB in base64), ``acceleration`` (the
        profile's own), ``accelerations`` and ``counts`` (numbers of training and fine-tuning images; both: what was
        asked for), and ``contrasts``, each with its ``slices``; a slice has ``label`` (its name for a reader),
        ``reference`` (a picture, as a data address) and ``samplings``, one for each acceleration at which pictures of
        it were tested: ``acceleration``, ``mask`` (a picture) and ``frames``: ``method``, ``n_train`` and
        ``n_finetune`` (``None`` if the method is no network), ``seen`` (different images that a network learned from),
        ``picture``, ``step``, and ``slice`` and ``all``: PSNR in dB and SSIM of this slice and their means over all
        test slices, ``None`` where there is no row of them.
    """
    tested = {key.test_domain for key in results.panels}
    domains = [name for name in (*NAMES, *sorted(tested - {*NAMES})) if _places(results.panels, name)]
    return {
        "palette": palette(),
        "acceleration": own_acceleration(results),
        "accelerations": list(accelerations(results)),
        "counts": _counts(results),
        "contrasts": [_contrast(results, name) for name in domains],
    }


def method_name(method: str) -> str:
    """Name a method of :func:`~recon_lib.results.keys.split_picture` for a reader."""
    if method in _NAMED:
        return _NAMED[method]
    if method.startswith("network-"):
        return f"network {label('network', method.removeprefix('network-'))}"
    return label(method, "")


def _contrast(results: Results, name: str) -> dict:
    middle, tested = panel_view.median_place(results, name), accelerations(results)
    rows = {factor: _rows(results, variation, name) for factor, variation in tested.items()}
    means = {factor: _numbers(summarise(slices)) for factor, slices in rows.items()}
    quality, seen = zero_filled_psnr(results.slices, name), images_seen(results.slices)
    slices, errors = [], []
    for place in _places(results.panels, name):
        reference = _images(results, name, place)["reference"]
        box = panel_view.head_box(reference)
        samplings = []
        for factor, variation in tested.items():
            images = _images(results, name, place, variation)
            if "mask" in images:
                own = _numbers(_of_place(rows[factor], place))
                samplings.append(
                    {"acceleration": factor, **_sampling(images, reference, box, (own, means[factor]), seen)}
                )
            if not variation:  # one scale for all accelerations: more samples have to look better
                raw = [(split_picture(text)[2] == 0, np.abs(image - reference)) for text, image in _made(images)]
                errors += [(is_raw, error[box].ravel()) for is_raw, error in raw]
        grey = np.round(255 * np.clip(reference[box], 0, 1)).astype(np.uint8)
        slices.append(
            {
                "place": list(place), "label": _slice_name(place, samplings, quality), "chosen": place == middle,
                "size": list(grey.shape), "reference": address(grey), "samplings": samplings,
            }
        )  # fmt: skip
    methods = {frame["method"] for entry in slices for sampling in entry["samplings"] for frame in sampling["frames"]}
    named = [[method, method_name(method)] for method in sorted({"reference", *methods}, key=_rank)]
    all_rows = results.slices[results.slices["test_domain"] == name]
    return {
        "key": name, "name": domain_name(name), "methods": named, "slices": slices, "top": _top(errors),
        "count": len(all_rows.drop_duplicates(["subject", "slice"])),
    }  # fmt: skip


def _sampling(
    images: dict[str, np.ndarray],
    reference: np.ndarray,
    box: tuple[slice, slice],
    numbers: tuple[dict, dict],
    seen: dict[tuple, int],
) -> dict:
    """Describe one slice at one acceleration: its mask, and a frame for each reconstruction."""
    frames = []
    for text, image in _made(images):
        codes, step = encode_difference(image[box], reference[box])
        key = split_picture(text)
        own, means = (by_key.get(key) for by_key in numbers)
        names = dict(zip(("method", "n_train", "n_finetune"), key, strict=True))
        picture = {"picture": address(codes), "step": step, "seen": seen.get((key[0].removeprefix("network-"), key[1]))}
        frames.append({**names, **picture, "slice": own, "all": means})
    mask = images["mask"]
    picture = {"mask": address(mask.astype(np.uint8) * 255), "mask_size": list(mask.shape)}
    return {**picture, "sampled": float(mask.mean()), "frames": frames}


def _slice_name(place: Place, samplings: list[dict], quality: dict[Place, float]) -> str:
    """Name a slice for the control that chooses it: its percentile among all, and how much there is to choose."""
    count = len({(f["method"], f["n_train"], f["n_finetune"]) for s in samplings for f in s["frames"]})
    rank = f", {panel_view.ordinal(round(percentile(quality, place)))} percentile" if place in quality else ""
    return f"{place[0]}, slice {place[1]}{rank}, {count} reconstructions"


def _made(images: dict[str, np.ndarray]) -> list[tuple[str, np.ndarray]]:
    """List the reconstructions among the images of a slice, in the order of their labels."""
    return [(text, images[text]) for text in sorted(images) if text not in ("reference", "mask")]


def _top(errors: list[tuple[bool, np.ndarray]]) -> float:
    """Choose the end of the error scale: what 99.8 % of the pixels of the raw networks stay below."""
    raw = [error for is_raw, error in errors if is_raw] or [error for _, error in errors]
    return max(float(np.quantile(np.concatenate(raw), 0.998)), 1e-3) if raw else 1.0


def _places(panels: dict[PanelKey, np.ndarray], name: str) -> list[tuple[str, int]]:
    """List the slices whose reference and mask were kept, as ``(subject, slice)``."""
    references = (key for key in panels if (key.test_domain, key.picture) == (name, "reference"))
    return sorted(key.place for key in references if replace(key, picture="mask") in panels)


def _images(results: Results, name: str, place: tuple[str, int], variation: str = "") -> dict[str, np.ndarray]:
    """Return the images of one slice as figures show them, by label: the profile's own, or those of a variation."""
    if not variation:
        return panel_view.upright_panels(results, name, place)
    transposed, images = panel_view.is_transposed(results, name), results.varied_panels.items()
    return {
        key.picture: panel_view.orient(image if key.picture == "mask" else image.astype(np.float32), transposed)
        for key, image in images
        if (key.test_domain, key.place, key.variation) == (name, place, variation)
    }


def _rows(results: Results, variation: str, name: str) -> pandas.DataFrame:
    slices = results.variations if variation else results.slices
    return slices[(slices["variation"] == variation) & (slices["test_domain"] == name)]


def _of_place(rows: pandas.DataFrame, place: tuple[str, int]) -> pandas.DataFrame:
    """Return the rows of one slice that belong to pictures: of several draws the first is kept as one."""
    own = (rows["subject"] == place[0]) & (rows["slice"] == place[1])
    return rows[own & rows["draw"].fillna(0).eq(0)]


def _numbers(rows: pandas.DataFrame) -> dict[tuple, list[float]]:
    """Return PSNR and SSIM by method, training images and fine-tuning images."""
    numbers = {}
    for row in rows.to_dict("records"):
        values = [float(row["psnr"]), float(row["ssim"])]
        key = split_picture(RunKey.from_json(row).picture)
        numbers[key] = values if all(map(math.isfinite, values)) else None
    return numbers


def _counts(results: Results) -> dict[str, list[int]]:
    """List the numbers of images that were asked for: a combination that was not run is offered, but greyed."""
    slices, profile = results.slices, results.provenance.get("profile", {})
    planned = {
        "n_train": profile.get("training", {}).get("n_train", []),
        "n_finetune": [0, *profile.get("fine_tuning", {}).get("n_finetune", [])],
    }
    return {name: sorted({*map(int, counts), *map(int, slices[name].dropna())}) for name, counts in planned.items()}


def _rank(method: str) -> tuple:
    """Order methods as the paper does: what is acquired, the baselines, the networks."""
    first = next((i for i, start in enumerate(_ORDER) if method.startswith(start)), len(_ORDER))
    trained_on = method.removeprefix("network-")
    domain = list(NAMES).index(trained_on) if method.startswith("network-") and trained_on in NAMES else len(NAMES)
    return first, domain, method
