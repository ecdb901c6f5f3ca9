"""Images made by code in milliseconds, for tests and the ``smoke`` profile: no data, no network.

Each domain has its own statistics, so that networks trained on one differ from the others: ``natural``
shows textures and straight edges, ``t1`` and ``t2`` nested ellipses (scalp, skull, brain, ventricles)
with the contrasts of their sequences.
"""

from __future__ import annotations

import hashlib

import numpy as np

from recon_lib.data.imageset import ImageSet
from recon_lib.data.prepare import LIGHTNESS_SCALE

MATRIX = (40, 48)
IMAGES = 12
SUBJECTS = {"train": (1, 4), "pool": (5, 6), "test": (7, 8)}
"""First and last generated subject of each split."""

# Intensities of scalp, skull, brain and ventricles. A volume has 1000 times these, in arbitrary units.
_TISSUES = {"t1": (0.9, 0.1, 0.6, 0.2), "t2": (0.4, 0.05, 0.5, 1.0)}
# Each ellipse is (centre y, centre x, semi-axis y, semi-axis x), in half fields of view.
_ELLIPSES = ((0.0, 0.0, 0.86, 0.9), (0.0, 0.0, 0.78, 0.82), (0.0, 0.0, 0.7, 0.74), (0.05, 0.0, 0.26, 0.16))


def generate(domain: str, split: str, matrix: tuple[int, int] | None = None, images: int | None = None) -> ImageSet:
    """Make a split of a domain; the same arguments give the same bits.

    Args:
        domain: ``natural``, or a domain of MR images (``t2`` has T2 contrast, others T1).
        split: ``train``, ``pool`` or ``test``: other subjects, other images.
        matrix: ``(height, width)``, by default 40 x 48.
        images: How many, by default 12; shared evenly among the split's subjects.

    Returns:
        The images.
    """
    height, width = matrix or MATRIX
    count = IMAGES if images is None else images
    stack = np.empty((count, height, width), np.float32)
    subjects, slices, scales = [], [], []
    first, last = SUBJECTS[split]
    for n in range(count):
        if domain == "natural":
            subject, number = f"{n:04d}", n
            image = _photograph(_random(domain, split, n), height, width)
            scale = LIGHTNESS_SCALE
        else:
            person = first + n * (last - first + 1) // count
            subject = f"generated-{person:02d}"
            number = n - next((k for k, s in enumerate(subjects) if s == subject), n)
            tissues = _TISSUES.get(domain, _TISSUES["t1"])
            image = _slice(_random("person", person), _random(domain, person, number), tissues, height, width)
            scale = float(image.max())
            image = image / scale
        stack[n] = image
        subjects.append(subject)
        slices.append(number)
        scales.append(scale)
    return ImageSet(domain, split, stack, tuple(subjects), tuple(slices), np.array(scales))


def _random(*key: object) -> np.random.Generator:
    digest = hashlib.sha256(repr(key).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def _grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    y = (np.arange(height) - height // 2)[:, None] / (height / 2)
    x = (np.arange(width) - width // 2)[None, :] / (width / 2)
    return y, x


def _waves(random: np.random.Generator, y: np.ndarray, x: np.ndarray, count: int, finest: float) -> np.ndarray:
    """Sum cosines whose amplitude falls with frequency, as natural spectra do."""
    total = np.zeros((y.shape[0], x.shape[1]))
    for _ in range(count):
        fy, fx = random.uniform(-finest, finest, 2)
        total += np.cos(np.pi * (fy * y + fx * x) + random.uniform(0, 2 * np.pi)) / (1 + np.hypot(fy, fx))
    return total


def _photograph(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    y, x = _grid(height, width)
    image = _waves(random, y, x, 12, height / 5)
    for _ in range(5):
        angle, offset = random.uniform(0, 2 * np.pi), random.uniform(-0.7, 0.7)
        image += random.normal() * (np.cos(angle) * y + np.sin(angle) * x > offset)
    low, high = image.min(), image.max()
    return random.uniform(0, 0.2) + (image - low) / (high - low) * random.uniform(0.5, 0.8)


def _slice(
    person: np.random.Generator,
    random: np.random.Generator,
    tissues: tuple[float, ...],
    height: int,
    width: int,
) -> np.ndarray:
    """Draw one slice: the ellipses belong to the person, their size and the texture to the slice."""
    y, x = _grid(height, width)
    shift, tilt, size = person.normal(0, 0.03, 2), person.normal(0, 0.1), random.uniform(0.75, 1.0)
    image = np.zeros((height, width))
    for (cy, cx, ry, rx), tissue in zip(_ELLIPSES, tissues, strict=True):
        v, u = y - cy - shift[0], x - cx - shift[1]
        a, b = v * np.cos(tilt) + u * np.sin(tilt), u * np.cos(tilt) - v * np.sin(tilt)
        wobble = person.normal(1, 0.03, 2) * size
        image[(a / (ry * wobble[0])) ** 2 + (b / (rx * wobble[1])) ** 2 < 1] = tissue
    texture = 1 + 0.15 * np.tanh(_waves(random, y, x, 8, height / 6))
    return 1000.0 * image * texture + np.abs(random.normal(0, 3.0, image.shape))
