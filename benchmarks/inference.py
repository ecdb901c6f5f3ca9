"""The whole cascade on real slices, from zero-filled images to magnitudes, beside PyTorch and BART."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import ExitStack

import numpy as np
from keras import ops

from benchmarks import harness, network, peers, workers
from benchmarks.compressed_sensing import BART, ITERATIONS, real_slices, scaled_psnr
from benchmarks.training import POLICIES
from recon_lib.experiment.counting import operations
from recon_lib.imaging.acquisition import Acquired, Acquisition, acquire
from recon_lib.network.cascade import Cascade, build, with_precision
from recon_lib.network.files import load_network
from recon_lib.network.inference import forward_of
from recon_lib.results import store

ON_PROCESSOR, ON_CARD, TINY, ROUNDS = (1, 4), (1, 8, 64), (1, 2), 5  # batches
NETWORK = "natural-4000"  # the released network whose PSNR is told; the time is any network's


def measure(tiny: bool) -> harness.Rows:
    """Time a reconstruction at each batch and precision; BART's compressed sensing takes its turn, slice by slice."""
    images, masks = real_slices(tiny)
    batches = TINY if tiny else ON_CARD if network.has_card() else ON_PROCESSOR
    rows = []
    with ExitStack() as stack:
        worker = None
        if peers.there("torch"):
            worker = stack.enter_context(workers.Worker("inference", peers.torch_python(), tiny))
        for precision in network.precisions():
            rows += _measure(images, masks, batches, precision, worker, tiny=tiny)
    return rows


def _measure(
    images: np.ndarray,
    masks: np.ndarray,
    batches: tuple[int, ...],
    precision: str,
    worker: workers.Worker | None,
    *,
    tiny: bool,
) -> harness.Rows:
    """Time all tools in turn in one precision."""
    cascade = with_precision(_network(tiny), POLICIES[precision])
    settings = {"recon_lib": network.settings()[0]} | ({"pytorch": "channels last"} if worker else {})
    calls: dict[tuple[str, int], Callable[[], object]] = {}
    for batch in batches:
        calls["recon_lib", batch] = _ours(cascade, _batch(images, masks, batch))
        if worker:
            calls["pytorch", batch] = worker.call("reconstruct", precision, batch)
    bart = peers.Bart(Acquisition(masks[:1]).forward(images[:1])) if peers.there("bart") else None
    if bart:
        options = next(iter(BART.values()))
        calls["bart", 1] = lambda: bart.pics(options, 2 if tiny else ITERATIONS)
    seconds = harness.interleave(calls, 1 if tiny else ROUNDS)
    size = images.shape[1:]
    own = {key: values for key, values in seconds.items() if key[0] != "bart"}
    rows = network.compared("network", size, own, operations(cascade.architecture, size), settings, precision)
    quality = {"recon_lib": scaled_psnr(_ours(cascade, acquire(images, masks))(), images)}
    if worker:
        quality["pytorch"] = worker.call("psnr", precision, len(images))()
    for row in rows:
        row |= {"psnr": quality[row["tool"]], "slices": len(images)}
        if bart and row["tool"] == "recon_lib":
            mine = seconds["recon_lib", row["batch"]]
            row["times_faster_bart"] = harness.times_faster(mine, seconds["bart", 1], (row["batch"], 1))
    if bart and precision == "float32":  # its own precision is always the same
        row = {"what": "cs:l1-wavelet", "size": list(size), "batch": 1, "tool": "bart"}
        row |= harness.timing(seconds["bart", 1]) | {"setting": " ".join(options), "slices": 1}
        rows.append({**row, "psnr": scaled_psnr(calls["bart", 1](), images[:1])})
    return rows


def _batch(images: np.ndarray, masks: np.ndarray, batch: int) -> Acquired:
    chosen = np.arange(batch) % len(images)
    return acquire(images[chosen], masks[chosen])


def _network(tiny: bool) -> Cascade:
    path = store.root() / "desk" / "weights" / f"{NETWORK}.safetensors"
    if tiny or not path.is_file():
        return build(Cascade(network.TINY if tiny else network.PAPER))
    return load_network(path)[0]


def _ours(cascade: Cascade, data: Acquired) -> Callable[[], np.ndarray]:
    """Prepare a reconstruction; its inputs are tensors beforehand, as those of the peer are."""
    forward = forward_of(cascade)
    inputs = tuple(ops.convert_to_tensor(array) for array in (data.zero_filled, data.mask))
    return lambda: ops.convert_to_numpy(forward(inputs)[0])


def peer(tiny: bool) -> Callable[..., Callable[[], object]]:
    """Return what prepares the same reconstruction by the PyTorch twin (:mod:`benchmarks.workers`).

    Args:
        tiny: Whether network and images are the tiniest.
    """
    import torch

    from benchmarks import twin

    images, masks = real_slices(tiny)
    model = twin.Twin(_network(tiny)).to(twin.DEVICE, memory_format=torch.channels_last).eval()

    def reconstruct(inputs: tuple[torch.Tensor, ...], precision: str) -> np.ndarray:
        with torch.inference_mode(), twin.precision(precision):
            image, _ = model(*inputs)
            return torch.hypot(image[:, 0], image[:, 1]).cpu().numpy()

    def prepare(what: str, precision: str, batch: int) -> Callable[[], object]:
        *inputs, _ = twin.tensors(_batch(images, masks, batch), channels_last=True)
        run = functools.partial(reconstruct, inputs, precision)
        return run if what == "reconstruct" else lambda: scaled_psnr(run(), images)

    return prepare


if __name__ == "__main__":
    harness.main("inference", measure, network.packages(), peers.peer_versions("torch"))
