"""The whole cascade on real slices, from zero-filled images to magnitudes, beside PyTorch and BART."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from keras import ops

from benchmarks import harness, network, peers
from benchmarks.compressed_sensing import BART, ITERATIONS, real_slices, scaled_psnr
from recon_lib.experiment.counting import operations
from recon_lib.imaging.acquisition import Acquired, Acquisition, acquire, to_complex
from recon_lib.network.cascade import Cascade, build
from recon_lib.network.files import load_network
from recon_lib.results import store

BATCHES, ROUNDS = (1, 2, 4, 8), 5
NETWORK = "natural-4000"  # the released network whose PSNR is told; the time is any network's


def measure(tiny: bool) -> harness.Rows:
    """Time a reconstruction at each batch; BART's compressed sensing runs in the same turns, slice by slice."""
    images, masks = real_slices(tiny)
    cascade = _network(tiny)
    batches, rounds = ((1, 2), 1) if tiny else (BATCHES, ROUNDS)
    run = {"recon_lib": _ours(cascade)}
    settings = {"recon_lib": "oneDNN"}
    if peers.there("torch"):
        run["pytorch"] = _theirs(cascade)
        settings["pytorch"] = "channels last"
    calls: dict[tuple[str, int], Callable[[], object]] = {}
    for batch in batches:
        chosen = np.arange(batch) % len(images)
        data = acquire(images[chosen], masks[chosen])
        calls |= {(tool, batch): prepare(data) for tool, prepare in run.items()}
    bart = peers.Bart(Acquisition(masks[:1]).forward(images[:1])) if peers.there("bart") else None
    if bart:
        options = next(iter(BART.values()))
        calls["bart", 1] = lambda: bart.pics(options, 2 if tiny else ITERATIONS)
    seconds = harness.interleave(calls, rounds)
    size = images.shape[1:]
    work = operations(cascade.architecture, size)
    own = {key: values for key, values in seconds.items() if key[0] != "bart"}
    rows = network.compared("network", size, own, work, settings)
    data = acquire(images, masks)
    for row in rows:
        output = run[row["tool"]](data)()
        row["psnr"] = scaled_psnr(output, images)
        row["slices"] = len(images)
    if bart:
        psnr = scaled_psnr(calls["bart", 1](), images[:1])
        row = {"what": "cs:l1-wavelet", "size": list(size), "batch": 1, "tool": "bart"}
        rows.append(
            {**row, **harness.timing(seconds["bart", 1]), "setting": " ".join(options), "psnr": psnr, "slices": 1}
        )
        for row in rows:
            if row["tool"] == "recon_lib":
                mine = seconds["recon_lib", row["batch"]]
                row["times_faster_bart"] = harness.times_faster(mine, seconds["bart", 1], (row["batch"], 1))
    return rows


def _network(tiny: bool) -> Cascade:
    path = store.root() / "desk" / "weights" / f"{NETWORK}.safetensors"
    if tiny or not path.is_file():
        return build(Cascade(network.TINY if tiny else network.PAPER))
    return load_network(path)[0]


def _ours(cascade: Cascade) -> Callable[[Acquired], Callable[[], np.ndarray]]:
    def prepare(data: Acquired) -> Callable[[], np.ndarray]:
        def reconstruct() -> np.ndarray:
            output = cascade.predict_on_batch((data.zero_filled, data.mask))
            return np.abs(to_complex(ops.convert_to_numpy(output["image"])))

        return reconstruct

    return prepare


def _theirs(cascade: Cascade) -> Callable[[Acquired], Callable[[], np.ndarray]]:
    import torch

    from benchmarks import twin

    model = twin.Twin(cascade).to(memory_format=torch.channels_last).eval()

    def prepare(data: Acquired) -> Callable[[], np.ndarray]:
        *inputs, _ = twin.tensors(data, channels_last=True)

        def reconstruct() -> np.ndarray:
            with torch.inference_mode():
                image, _ = model(*inputs)
                return torch.hypot(image[:, 0], image[:, 1]).numpy()

        return reconstruct

    return prepare


if __name__ == "__main__":
    harness.main("inference", measure, ["keras", "tensorflow", *peers.peer_versions("torch")])
