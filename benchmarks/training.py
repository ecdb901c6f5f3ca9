"""One training step of a sub-network, and of the whole cascade end to end, beside the same in PyTorch."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace

from benchmarks import harness, network, peers
from recon_lib.experiment.counting import operations
from recon_lib.experiment.recipes import Architecture, TuningRecipe
from recon_lib.network.cascade import Cascade, build
from recon_lib.network.training import hybrid_loss, make_optimizer
from recon_lib.network.tuning import _EndToEnd  # the library's own step, not a copy of it

SIZES, BATCHES, ROUNDS = ((120, 192), (256, 176), (256, 256)), (1, 2, 4), 3  # the smallest chooses the settings
SUBNETWORK, CASCADE = "sub-network", "cascade, end to end"
Step = Callable[[tuple[int, int], int], Callable[[], object]]  # of a size and a batch
OURS = {False: "oneDNN", True: "XLA"}
THEIRS = {
    (False, False): "eager",
    (True, False): "channels last",
    (False, True): "compiled",
    (True, True): "channels last, compiled",
}


def measure(tiny: bool) -> harness.Rows:
    """Time a step of each network, size and batch, each tool in the setting that a trial finds fastest."""
    architecture = network.TINY if tiny else network.PAPER
    sizes, batches, rounds = (((16, 12),), (1, 2), 1) if tiny else (SIZES, BATCHES, ROUNDS)
    steps: dict[str, dict[object, tuple[str, dict[str, Step]]]] = {"recon_lib": {}}
    steps["recon_lib"] = {jit: (OURS[jit], _ours(architecture, jit)) for jit in OURS if not (tiny and jit)}
    if peers.there("torch"):
        steps["pytorch"] = {how: (THEIRS[how], _theirs(architecture, *how)) for how in THEIRS if not (tiny and how[1])}
    trial = {
        (tool, how): step[SUBNETWORK](sizes[0], batches[-1])
        for tool, choices in steps.items()
        for how, (_, step) in choices.items()
    }
    seconds = harness.interleave(trial, rounds)
    work = operations(replace(architecture, subnetworks=1), sizes[0], training=True) * batches[-1]
    rows, chosen = [], {}
    for tool, choices in steps.items():
        chosen[tool] = min(choices, key=lambda how, tool=tool: statistics.median(seconds[tool, how]))
        for how, (setting, _) in choices.items():
            row = {"what": "setting", "size": list(sizes[0]), "batch": batches[-1], "tool": tool, "setting": setting}
            row |= harness.timing(seconds[tool, how], batches[-1])
            rows.append(
                {**row, "gflops": work / batches[-1] / row["seconds_per_slice"] / 1e9, "best": how == chosen[tool]}
            )
    for what, subnetworks in ((SUBNETWORK, 1), (CASCADE, architecture.subnetworks)):
        for size in sizes:
            calls = {
                (tool, batch): choices[chosen[tool]][1][what](size, batch)
                for batch in batches
                for tool, choices in steps.items()
            }
            work = operations(replace(architecture, subnetworks=subnetworks), size, training=True)
            settings = {tool: choices[chosen[tool]][0] for tool, choices in steps.items()}
            rows += network.compared(what, size, harness.interleave(calls, rounds), work, settings)
    return rows


def _ours(architecture: Architecture, jit_compile: bool) -> dict[str, Step]:
    """Return the library's steps: of the first sub-network, and end to end."""
    recipe = TuningRecipe(jit_compile=jit_compile, l2=network.L2)
    cascade = build(Cascade(architecture, 0, recipe.l2))
    models = cascade.subnetworks[0], _EndToEnd(build(Cascade(architecture, 0, recipe.l2)), recipe.loss_on)
    for model, variables in zip(
        models, (models[0].trainable_variables, models[1].cascade.trainable_variables), strict=True
    ):
        optimizer = make_optimizer(recipe, 1)
        model.compile(optimizer, loss=hybrid_loss, jit_compile=jit_compile)
        optimizer.build(variables)

    def subnetwork(size: tuple[int, int], batch: int) -> Callable[[], object]:
        data = network.sample(size, batch)
        return lambda: models[0].train_on_batch(data.zero_filled, data.target)

    def end_to_end(size: tuple[int, int], batch: int) -> Callable[[], object]:
        data = network.sample(size, batch)
        return lambda: models[1].train_on_batch((data.zero_filled, data.mask), data.target)

    return {SUBNETWORK: subnetwork, CASCADE: end_to_end}


def _theirs(architecture: Architecture, channels_last: bool, compiled: bool) -> dict[str, Step]:
    """Return the same steps of the PyTorch twin, its tensors made beforehand."""
    from benchmarks import twin

    cascade = build(Cascade(architecture, 0))
    alone = twin.Trainer(twin.Twin(cascade).subnetworks[0], network.L2, channels_last, compiled)
    whole = twin.Trainer(twin.Twin(cascade), network.L2, channels_last, compiled)

    def subnetwork(size: tuple[int, int], batch: int) -> Callable[[], object]:
        image, _, _, target = twin.tensors(network.sample(size, batch), channels_last)
        return lambda: alone.step(image, target)

    def end_to_end(size: tuple[int, int], batch: int) -> Callable[[], object]:
        given = twin.tensors(network.sample(size, batch), channels_last)
        return lambda: whole.step(*given)

    return {SUBNETWORK: subnetwork, CASCADE: end_to_end}


if __name__ == "__main__":
    harness.main("training", measure, ["keras", "tensorflow", *peers.peer_versions("torch")])
