"""One training step of a sub-network, and of the whole cascade end to end, beside the same in PyTorch."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace

import numpy as np

from benchmarks import harness, network, peers, workers
from recon_lib.experiment.counting import operations
from recon_lib.experiment.recipes import Architecture, TuningRecipe
from recon_lib.network.cascade import Cascade, build
from recon_lib.network.training import hybrid_loss, make_optimizer
from recon_lib.network.tuning import _EndToEnd  # the library's own step, not a copy of it
from recon_lib.network.updates import Updater, gather, place

SUBNETWORK, CASCADE = "sub-network", "cascade, end to end"
Case = tuple[str, tuple[int, int], tuple[int, ...]]  # what is trained, size of the images, batches
ON_PROCESSOR: tuple[Case, ...] = (
    (SUBNETWORK, (32, 32), (50,)),  # the crops that `desk` trains on
    (CASCADE, (120, 192), (1,)),
    (CASCADE, (256, 176), (1,)),
)
ON_CARD: tuple[Case, ...] = (
    (SUBNETWORK, (256, 256), (50,)),  # the photographs that `open` trains on
    (CASCADE, (256, 176), (1, 8)),
)
TINY: tuple[Case, ...] = ((SUBNETWORK, (16, 12), (1, 2)), (CASCADE, (16, 12), (1, 2)))
ROUNDS = 3
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
OURS = {"oneDNN": False, "XLA": True}  # whether Keras compiles the step
THEIRS = {"eager": (False, False), "channels last": (True, False), "channels last, compiled": (True, True)}
Steps = Mapping[tuple[str, str], Callable[..., Callable[[], object]]]  # by tool and setting


def measure(tiny: bool) -> harness.Rows:
    """Time a step of each network, size, batch and precision, each tool in the setting that a trial finds fastest."""
    architecture = network.TINY if tiny else network.PAPER
    cases = TINY if tiny else ON_CARD if network.has_card() else ON_PROCESSOR
    rounds = 1 if tiny else ROUNDS
    rows = []
    with ExitStack() as stack:
        steps: dict[tuple[str, str], Callable[..., Callable[[], object]]] = {
            ("recon_lib", setting): functools.partial(_ours, architecture, setting)
            for setting in network.settings()[: 1 if tiny else None]
        }
        if peers.there("torch"):
            worker = stack.enter_context(workers.Worker("training", peers.torch_python(), tiny))
            for setting in list(THEIRS)[: 1 if tiny else None]:
                steps["pytorch", setting] = functools.partial(worker.call, setting)
        for precision in network.precisions():
            chosen, tried = _try(steps, architecture, cases[0], precision, rounds)
            rows += tried
            for case in cases:
                rows += _case(chosen, architecture, case, precision, rounds)
    return rows


def _try(
    steps: Steps, architecture: Architecture, case: Case, precision: str, rounds: int
) -> tuple[dict[tuple[str, str], Callable[..., Callable[[], object]]], harness.Rows]:
    """Time the first case in every setting; return the steps of each tool's fastest setting, and the rows."""
    what, size, batches = case
    calls = {key: prepare(precision, what, *size, batches[-1]) for key, prepare in steps.items()}
    seconds = harness.interleave(calls, rounds)
    best: dict[str, tuple[str, str]] = {}
    for key in sorted(seconds, key=lambda key: statistics.median(seconds[key])):
        best.setdefault(key[0], key)
    work = operations(replace(architecture, subnetworks=1), size, training=True)
    rows = []
    for (tool, setting), values in seconds.items():
        row = {"what": "setting", "size": list(size), "batch": batches[-1], "tool": tool, "precision": precision}
        row |= {"setting": setting, **harness.timing(values, batches[-1])}
        rows.append({**row, "gflops": work / row["seconds_per_slice"] / 1e9, "best": best[tool] == (tool, setting)})
    return {key: steps[key] for key in best.values()}, rows


def _case(steps: Steps, architecture: Architecture, case: Case, precision: str, rounds: int) -> harness.Rows:
    """Time the batches of one case, each tool in its setting."""
    what, size, batches = case
    calls = {
        (tool, batch): prepare(precision, what, *size, batch)
        for batch in batches
        for (tool, _), prepare in steps.items()
    }
    shape = replace(architecture, subnetworks=1) if what == SUBNETWORK else architecture
    work = operations(shape, size, training=True)
    settings = dict(steps.keys())
    return network.compared(what, size, harness.interleave(calls, rounds), work, settings, precision)


def _ours(architecture: Architecture, setting: str, precision: str, what: str, *shape: int) -> Callable[[], object]:
    """Prepare the library's step, of the first sub-network or end to end; shape: height, width, batch.

    As in a training, images of a sub-network stay on a card and batches are gathered there, and each image of a
    fine-tuning comes from the main memory.
    """
    height, width, batch = shape
    data = network.sample((height, width), batch)
    updater = _updater(architecture, setting, precision, what)
    chosen = np.arange(batch)
    pairs = place((data.zero_filled, data.target), architecture, batch)

    def step() -> np.ndarray:
        if what == SUBNETWORK:
            updater.update(*(gather(array, chosen) for array in pairs))
        else:
            updater.update((data.zero_filled, data.mask), data.target)
        return updater.rows()  # waits for it

    return step


@functools.cache
def _updater(architecture: Architecture, setting: str, precision: str, what: str) -> Updater:
    recipe = TuningRecipe(jit_compile=OURS[setting], l2=network.L2, precision=POLICIES[precision])
    cascade = build(Cascade(architecture, 0, recipe.l2, recipe.precision))
    trained = cascade.subnetworks[0] if what == SUBNETWORK else cascade
    model = trained if what == SUBNETWORK else _EndToEnd(cascade, recipe.loss_on)
    optimizer = make_optimizer(recipe, 1)
    optimizer.build(trained.trainable_variables)
    return Updater(model, optimizer, hybrid_loss, compiled=recipe.jit_compile)


def peer(tiny: bool) -> Callable[..., Callable[[], object]]:
    """Return what prepares the same steps of the PyTorch twin, its tensors made beforehand (:mod:`benchmarks.workers`).

    Args:
        tiny: Whether the network is the tiniest.
    """
    from benchmarks import twin

    cascade = build(Cascade(network.TINY if tiny else network.PAPER, 0))

    @functools.cache
    def trainer(setting: str, precision: str, what: str) -> twin.Trainer:
        model = twin.Twin(cascade)
        model = model.subnetworks[0] if what == SUBNETWORK else model
        return twin.Trainer(model, network.L2, *THEIRS[setting], precision)

    def prepare(setting: str, precision: str, what: str, *shape: int) -> Callable[[], object]:
        height, width, batch = shape
        tensors = twin.tensors(network.sample((height, width), batch), channels_last=THEIRS[setting][0])
        tensors = (tensors[0], tensors[-1]) if what == SUBNETWORK else tensors
        step = trainer(setting, precision, what).step
        return lambda: step(*tensors)

    return prepare


if __name__ == "__main__":
    harness.main("training", measure, network.packages(), peers.peer_versions("torch"))
