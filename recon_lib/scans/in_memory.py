"""Arrays in, arrays out, without files: ``recon_lib.reconstruct`` and ``recon_lib.fine_tune``."""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data.networks import obtain_network
from recon_lib.experiment.named_recipes import DEFAULT, NETWORKS
from recon_lib.imaging.masks import MaskSpec
from recon_lib.network.cascade import copy_cascade
from recon_lib.network.quiet import import_backend
from recon_lib.scans.finetune import recipe_of, tune_network
from recon_lib.scans.kspace_order import check_kspace
from recon_lib.scans.options import ReadOptions
from recon_lib.scans.reconstruct import Network, open_network, reconstruct_scan
from recon_lib.scans.references import Slices, bright_slices
from recon_lib.scans.scan import Scan
from recon_lib.scans.scan_masks import make_mask

_NAME = Path("the array")  # what messages call the input


def reconstruct(
    kspace_or_images: np.ndarray,
    mask: np.ndarray | None = None,
    *,
    weights: str | Path | Network = "natural-4000",
    acceleration: float | None = None,
    seed: int = 0,
    kspace_order: str | None = None,
    precision: str | None = None,
) -> np.ndarray:
    """Reconstruct slices by a network (eq. 9).

    Args:
        kspace_or_images: Complex k-space, or real magnitudes, ``(height, width)`` or ``(slices, height, width)``.
            K-space is centred (zero frequency at ``height // 2`` and ``width // 2``, the image's origin likewise) and
            orthonormal: ``fftshift(fft2(ifftshift(image), norm="ortho"))``; zeros are samples that were not acquired.
        mask: What of it is sampled: ``(width,)``, ``(height, width)`` or ``(slices, height, width)``, zero where
            nothing is. Without one, k-space with gaps is taken as it was sampled; full k-space and magnitudes are
            undersampled with masks that are drawn.
        weights: A released network's name, a ``.safetensors`` file, or what :func:`fine_tune` returned.
        acceleration: Of the masks that are drawn; 4 by default.
        seed: Draws another family of them.
        kspace_order: ``"centred"`` or ``"corner"``, where the zero frequency stands; by default it is looked for.
        precision: ``"auto"``, ``"float32"`` or ``"bfloat16"``; by default what ``RECON_PRECISION`` says, or ``auto``.

    Returns:
        Magnitudes in the units of the input, float32, of its shape. What was guessed or changed is a warning.

    Raises:
        ReconError: The array is no k-space and no magnitudes, the mask does not fit, or there is no such network.

    Examples:
        >>> import numpy as np
        >>> import recon_lib
        >>> rows, columns = np.mgrid[-1:1:48j, -1:1:40j]
        >>> image = np.exp(-4 * (rows**2 + columns**2))
        >>> recon_lib.reconstruct(image).shape
        (48, 40)
    """
    array = np.asarray(kspace_or_images)
    network = _network(weights, precision)
    scan = _scan(array, ReadOptions(kspace_order=kspace_order))
    chosen = None
    if mask is not None and scan.kind == "kspace":
        scan = replace(scan, array=np.where(make_mask(mask, "the mask").fit(scan.array.shape), scan.array, 0))
    elif mask is not None:
        chosen = make_mask(mask, "the mask")
    images, record = reconstruct_scan(scan, network, acceleration=acceleration, seed=seed, mask=chosen)
    for name, sentence in record["notes"].items():
        if name != "mask used":  # The caller gave it.
            warnings.warn(sentence, stacklevel=2)
    return images.reshape(array.shape)


def fine_tune(
    images: np.ndarray,
    *,
    weights: str | Path | Network = NETWORKS[DEFAULT],
    output: Path | str | None = None,
    acceleration: float = MaskSpec.acceleration,
    epochs: int | None = None,
    learning_rate: float | None = None,
    batch: int | None = None,
    seed: int = 0,
    precision: str | None = None,
) -> Network:
    """Tune a network end to end with a few images (eq. 11-12), by the default recipe of ``recon finetune``.

    Args:
        images: Fully sampled magnitudes, ``(n, height, width)``, of any scale; dark ones are left out, with a warning.
        weights: Where to start, as for :func:`reconstruct`; by default the network that the recipe starts from.
        output: A ``.safetensors`` file to keep the network in; by default it is kept in memory alone.
        acceleration: Of the masks that it is tuned for.
        epochs: Passes over the images; by default those of the recipe.
        learning_rate: Adam's; likewise.
        batch: Images an update, 0 for all; likewise.
        seed: Decides the order of the images and the masks they draw.
        precision: As for :func:`reconstruct`.

    Returns:
        The tuned network, which :func:`reconstruct` takes as its ``weights``.

    Raises:
        ReconError: The images are no magnitudes, all of them are dark, or an option is impossible.

    Examples:
        >>> import numpy as np
        >>> import recon_lib
        >>> rows, columns = np.mgrid[-1:1:48j, -1:1:40j]
        >>> images = np.stack([np.exp(-k * (rows**2 + columns**2)) for k in (3, 4)])
        >>> network = recon_lib.fine_tune(images, epochs=1)
        >>> recon_lib.reconstruct(images[0], weights=network).shape
        (48, 40)
    """
    array = np.asarray(images)
    if array.ndim != 3 or np.iscomplexobj(array):
        raise ReconError(
            f"Images to tune with are magnitudes of shape (n, height, width), not {array.dtype} of shape {array.shape}."
        )
    slices = _scan(array, ReadOptions()).slices()
    bright = bright_slices(slices)
    if len(bright) < len(slices):
        warnings.warn(f"{len(slices) - len(bright)} of {len(slices)} images are too dark, and left out.", stacklevel=2)
    if not bright.size:
        raise ReconError("Every image is dark: give images of which a tenth of the pixels is bright, or more.")
    chosen = slices[bright] / slices[bright].max(axis=(1, 2), keepdims=True)
    count = len(chosen)
    part = Slices(chosen.astype(np.float32), (_NAME,) * count, ("",) * count, tuple(bright.tolist()))
    network = _network(weights, precision, tuning=True)
    recipe = recipe_of(network, count, epochs=epochs, learning_rate=learning_rate, batch=batch)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(output) if output else Path(folder) / "tuned.safetensors"
        return tune_network(network, part, out, recipe=recipe, acceleration=acceleration, seed=seed)


def _network(weights: str | Path | Network, precision: str | None, *, tuning: bool = False) -> Network:
    if isinstance(weights, Network):  # Tuning changes weights, and these are the caller's.
        return replace(weights, cascade=copy_cascade(weights.cascade)) if tuning else weights
    import_backend()
    return open_network(obtain_network(str(weights)), precision, tuning=tuning)


def _scan(array: np.ndarray, options: ReadOptions) -> Scan:
    """Make a scan of an array, checked as one that was read from a file."""
    if array.dtype.kind not in "biufc" or array.ndim not in (2, 3):
        raise ReconError(
            f"{_NAME} is {array.dtype} of shape {array.shape}: give numbers of shape (height, width) or "
            "(slices, height, width)."
        )
    stack = array.reshape((-1, *array.shape[-2:]))
    if array.dtype.kind != "c":
        return Scan(_NAME, "npy", stack.astype(np.float32), shape=array.shape)
    Scan(_NAME, "kspace", stack.astype(np.complex64))  # This refuses NaN and what is zero everywhere.
    checked = check_kspace(stack.astype(np.complex64), _NAME, options)
    return Scan(_NAME, "kspace", checked.array, shape=array.shape, notes=checked.notes, limits=checked.limits)
