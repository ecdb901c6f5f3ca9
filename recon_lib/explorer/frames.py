"""The explorer's pictures: every reconstruction kept of a few slices, small enough to lie inside a page.

A picture is stored as its difference from the slice's reference, in 8 bits and without loss: the page adds the
reference to show the image and takes the modulus to show the error, so both come from one file and agree.
"""

from __future__ import annotations

import base64
import io
import math

import numpy as np
import pandas

from recon_lib import figures
from recon_lib.results import Results
from recon_lib.tables import NAMES, label, summarise

STEP = 1 / 255
"""Finest step of a stored difference, the reference's maximum being 1: that of the screen's own greys."""
MIDDLE = 128  # the code of no difference
_NAMED = {"reference": "reference (fully sampled)", "conjugate_symmetry": "conjugate symmetry"}
_ORDER = ("reference", "zero_filled", "conjugate_symmetry", "cs:", "network-")


def encode_difference(image: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, float]:
    """Store a reconstruction as 8-bit differences.

    Args:
        image: Reconstruction, ``(height, width)``.
        reference: Reference of the same shape, maximum 1.

    Returns:
        Codes, uint8, ``128 + difference / step``; and the step, at least :data:`STEP` and as large as the
        largest difference needs.
    """
    difference = np.asarray(image, np.float64) - np.asarray(reference, np.float64)
    step = max(STEP, float(np.abs(difference).max(initial=0.0)) / (MIDDLE - 1))
    return (MIDDLE + np.round(difference / step)).astype(np.uint8), step


def decode_difference(codes: np.ndarray, step: float) -> np.ndarray:
    """Return the differences that :func:`encode_difference` stored, each within half a step: what the page computes."""
    return (codes.astype(np.float64) - MIDDLE) * step


def collect_frames(results: Results) -> dict:
    """Gather everything that the page shows.

    Args:
        results: Where panels and numbers come from.

    Returns:
        A mapping that JSON can hold: ``palette`` (256 colours of the error map, RGB in base64), ``counts`` (numbers of
        training and fine-tuning images that were asked for), and ``contrasts``, each with its ``slices``; a slice has
        ``reference``, ``mask`` (pictures as data addresses) and ``frames``: ``method``, ``n_train`` and ``n_finetune``
        (``None`` if the method is no network), ``picture``, ``step``, and ``slice`` and ``all``: PSNR in dB and
        SSIM of this slice and their means over all test slices, ``None`` where there is no row of them.
    """
    panels = results.panels
    domains = [name for name in NAMES if _places(panels, name)]
    return {
        "palette": _palette(),
        "acceleration": sorted({float(value) for value in results.slices["acceleration"].dropna()}),
        "counts": _counts(results),
        "contrasts": [_contrast(results, name) for name in domains],
    }


def parse_label(text: str) -> tuple[str, int | None, int | None]:
    """Split a panel's label into method, training images and fine-tuning images.

    Args:
        text: ``zero_filled``, ``cs:real``, ``network-natural-4000-20``.

    Returns:
        The method (a network's carries its training domain, ``network-natural``) and the numbers of images,
        ``None`` for what is no network.
    """
    if not text.startswith("network-"):
        return text, None, None
    method, n_train, n_finetune = text.rsplit("-", 2)
    return method, int(n_train), int(n_finetune)


def method_name(method: str) -> str:
    """Name a method of :func:`parse_label` for a reader."""
    if method in _NAMED:
        return _NAMED[method]
    if method.startswith("network-"):
        return f"network {label('network', method.removeprefix('network-'))}"
    return label(method, "")


def _contrast(results: Results, name: str) -> dict:
    panels, middle = results.panels, figures.median_place(results, name)
    means = _numbers(summarise(results.slices[results.slices["test_domain"] == name]))
    slices, errors = [], []
    for place in _places(panels, name):
        images = {
            key: _shown(results, name, image) for key, image in figures.slice_panels(results, name, place).items()
        }
        reference = images["reference"].astype(np.float32)
        box = figures.head_box(reference)
        own = _numbers(_rows(results.slices, name, place))
        frames = []
        for text in sorted(images):
            if text in ("reference", "mask"):
                continue
            method, n_train, n_finetune = parse_label(text)
            image = images[text].astype(np.float32)
            codes, step = encode_difference(image[box], reference[box])
            errors.append((n_finetune == 0, np.abs(image - reference)[box].ravel()))
            key = (method, n_train, n_finetune)
            frames.append(
                {"method": method, "n_train": n_train, "n_finetune": n_finetune, "picture": _address(codes),
                 "step": step, "slice": own.get(key), "all": means.get(key)}
            )  # fmt: skip
        described = {"place": list(place), "chosen": place == middle, "size": list(reference[box].shape)}
        grey = np.round(255 * np.clip(reference[box], 0, 1)).astype(np.uint8)
        mask = images["mask"].astype(np.uint8) * 255
        sampled = float(images["mask"].mean())
        slices.append(
            {**described, "reference": _address(grey), "mask": _address(mask), "mask_size": list(mask.shape),
             "sampled": sampled, "frames": frames}
        )  # fmt: skip
    methods = ["reference", *dict.fromkeys(f["method"] for s in slices for f in s["frames"])]
    named = [[method, method_name(method)] for method in sorted(methods, key=_rank)]
    count = len(results.slices[results.slices["test_domain"] == name].drop_duplicates(["subject", "slice"]))
    return {
        "key": name, "name": NAMES.get(name, name), "methods": named, "slices": slices, "count": count,
        "top": _top(errors),
    }  # fmt: skip


def _top(errors: list[tuple[bool, np.ndarray]]) -> float:
    """Choose the end of the error scale: what 99.8 % of the pixels of the raw networks stay below."""
    raw = [error for is_raw, error in errors if is_raw] or [error for _, error in errors]
    return max(float(np.quantile(np.concatenate(raw), 0.998)), 1e-3) if raw else 1.0


def _places(panels: dict[str, np.ndarray], name: str) -> list[tuple[str, int]]:
    """List the slices whose reference and mask were kept, as ``(subject, slice)``."""
    parts = (key.split("/") for key in panels if key.startswith(f"{name}/") and key.endswith("/reference"))
    return sorted((p[1], int(p[2])) for p in parts if f"{name}/{p[1]}/{p[2]}/mask" in panels)


def _shown(results: Results, name: str, image: np.ndarray) -> np.ndarray:
    return figures.orient(image, figures.is_transposed(results, name))


def _rows(slices: pandas.DataFrame, name: str, place: tuple[str, int]) -> pandas.DataFrame:
    """Return the rows of one slice that belong to pictures: of several draws the first is kept as one."""
    here = (slices["test_domain"] == name) & (slices["subject"] == place[0]) & (slices["slice"] == place[1])
    return slices[here & slices["draw"].fillna(0).eq(0)]


def _numbers(rows: pandas.DataFrame) -> dict[tuple, list[float]]:
    """Return PSNR and SSIM by method, training images and fine-tuning images."""
    found = {}
    for row in rows.itertuples():
        network = row.method == "network"
        method = f"network-{row.training_domain}" if network else row.method
        key = (method, int(row.n_train), int(row.n_finetune)) if network else (method, None, None)
        values = [float(row.psnr), float(row.ssim)]
        found[key] = values if all(map(math.isfinite, values)) else None
    return found


def _counts(results: Results) -> dict[str, list[int]]:
    """List the numbers of images that were asked for: a combination that was not run is offered, but greyed."""
    slices, profile = results.slices, results.provenance.get("profile", {})
    asked = {
        "n_train": profile.get("training", {}).get("n_train", []),
        "n_finetune": [0, *profile.get("fine_tuning", {}).get("n_finetune", [])],
    }
    return {name: sorted({*map(int, counts), *map(int, slices[name].dropna())}) for name, counts in asked.items()}


def _rank(method: str) -> tuple:
    """Order methods as the paper does: what is acquired, the baselines, the networks."""
    first = next((i for i, start in enumerate(_ORDER) if method.startswith(start)), len(_ORDER))
    domain = list(NAMES).index(method.removeprefix("network-")) if method.startswith("network-") else 0
    return first, domain, method


def _palette() -> str:
    from matplotlib import colormaps

    colours = colormaps["inferno"](np.arange(256))[:, :3]
    return base64.b64encode(np.round(255 * colours).astype(np.uint8).tobytes()).decode()


def _address(grey: np.ndarray) -> str:
    """Write an 8-bit image as a lossless WebP inside a data address."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(grey)).save(file, "WEBP", lossless=True, method=4)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
