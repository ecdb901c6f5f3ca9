"""What the runs of a profile need, counted without running them: operations, memory, disk.

Operations are those of the convolutions, a multiply and an add being two; transforms, biases, activations and
compressed sensing are not counted. A gradient costs as much as a forward pass, once for the image and once for the
kernel.
"""

from __future__ import annotations

from collections.abc import Mapping

from recon_lib.experiment.plan import Run
from recon_lib.experiment.recipes import Architecture
from recon_lib.experiment.specs import TrainSpec, TuneSpec

_FLOAT = 4  # bytes
_UPDATE = 3  # an update's passes: forward, gradient of the image, gradient of the kernels
# Numbers a pixel while a sub-network's outputs are made: image, masks, two zero-filled, inputs, outputs, a part.
_PIXEL_NUMBERS = 10


def weights(architecture: Architecture) -> int:
    """Count a cascade's weights, kernels and biases."""
    a = architecture
    biases = a.hidden_layers * a.filters + a.channels
    return a.subnetworks * (_kernels(a) + biases)


def operations(architecture: Architecture, size: tuple[int, int], training: bool = False) -> int:
    """Count the operations of one image's way through a cascade.

    Args:
        architecture: The network's shape.
        size: ``(height, width)`` of the image.
        training: Count the way back too.
    """
    forward = 2 * architecture.subnetworks * _kernels(architecture) * size[0] * size[1]
    return _UPDATE * forward if training else forward


def run_operations(run: Run, sizes: Mapping[str, tuple[int, int]], slices: Mapping[tuple[str, str], int]) -> int:
    """Count the operations of a run, without those of the runs before it.

    Args:
        run: A run of :func:`recon_lib.experiment.plan.plan`.
        sizes: ``(height, width)`` of each domain's images.
        slices: Slices of each domain and split, ``("t1", "test")``.

    Returns:
        Operations; 0 for a method without a network. A training run counts the images it asks for, of which a
        small domain has fewer.
    """
    spec, architecture = run.spec, architecture_of(run)
    if architecture is None:
        return 0
    if isinstance(spec, TrainSpec):
        update = spec.recipe.batch * operations(architecture, _update_size(run, sizes), training=True)
        # Every image passes each finished sub-network once, but the last.
        images = spec.n_train + spec.n_second
        passes = images * operations(architecture, sizes[spec.domain]) * (architecture.subnetworks - 1)
        return spec.updates * update + passes // architecture.subnetworks
    size = sizes[spec.test_domain]
    if isinstance(spec, TuneSpec):
        return spec.n_finetune * spec.recipe.epochs * operations(architecture, size, training=True)
    return (spec.slices or slices[spec.test_domain, spec.split]) * operations(architecture, size)


def longest_chain(runs: list[Run], sizes: Mapping[str, tuple[int, int]], slices: Mapping[tuple[str, str], int]) -> int:
    """Count the operations that cannot go side by side, however many machines there are.

    Args:
        runs: A plan.
        sizes: As :func:`run_operations`.
        slices: As :func:`run_operations`.

    Returns:
        The largest sum over a run and those it starts from; 0 for no runs.
    """

    def chain(run: Run | None) -> int:
        return 0 if run is None else run_operations(run, sizes, slices) + chain(run.parent)

    return max(map(chain, runs), default=0)


def update_bytes(architecture: Architecture, batch: int, size: tuple[int, int], end_to_end: bool) -> int:
    """Estimate what an update holds.

    Args:
        architecture: The network's shape.
        batch: Images.
        size: ``(height, width)`` of an image, or of a crop.
        end_to_end: All sub-networks at once, or one.

    Returns:
        Bytes.
    """
    networks = architecture.subnetworks if end_to_end else 1
    channels = 2 + architecture.hidden_layers * architecture.filters + architecture.channels
    return 2 * _FLOAT * channels * networks * batch * size[0] * size[1]


def run_update_bytes(run: Run, sizes: Mapping[str, tuple[int, int]]) -> int:
    """Estimate what an update of a run holds.

    Args:
        run: A training or fine-tuning run of :func:`recon_lib.experiment.plan.plan`.
        sizes: As :func:`run_operations`.

    Returns:
        Bytes, as :func:`update_bytes` counts them.
    """
    tuning, images = isinstance(run.spec, TuneSpec), run.spec.recipe.batch
    if tuning:
        images = min(images, run.spec.n_finetune) or run.spec.n_finetune
    return update_bytes(architecture_of(run), images, _update_size(run, sizes), end_to_end=tuning)


def training_bytes(images: int, size: tuple[int, int]) -> int:
    """Estimate what the images of a training run hold in main memory at most, between two sub-networks.

    Args:
        images: How many.
        size: ``(height, width)`` of an image.

    Returns:
        Bytes; the libraries and the backend come on top.
    """
    return _PIXEL_NUMBERS * _FLOAT * images * size[0] * size[1]


def network_bytes(runs: list[Run]) -> int:
    """Count the bytes of the networks that runs leave behind, in single precision.

    Args:
        runs: A plan.
    """
    return sum(_FLOAT * weights(architecture_of(run)) for run in runs if run.kind != "evaluate")


def architecture_of(run: Run) -> Architecture | None:
    """Find the network's shape, which the training run at the beginning states; ``None`` for a method without one.

    Args:
        run: A run of :func:`recon_lib.experiment.plan.plan`.
    """
    while run.parent is not None:
        run = run.parent
    return run.spec.architecture if isinstance(run.spec, TrainSpec) else None


def _update_size(run: Run, sizes: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """Return the size of what an update of a run sees: crops, or whole images."""
    spec = run.spec
    if not isinstance(spec, TrainSpec):
        return sizes[spec.test_domain]
    size, crop = sizes[spec.domain], spec.recipe.crop
    return size if crop is None else tuple(min(side, crop) for side in size)


def _kernels(architecture: Architecture) -> int:
    """Count the kernels' weights of one sub-network: two channels in, one out; with several coils two."""
    filters, hidden, channels = architecture.filters, architecture.hidden_layers, architecture.channels
    pairs = (2 + channels + (hidden - 1) * filters) * filters if hidden else 2 * channels
    return architecture.kernel**2 * pairs
