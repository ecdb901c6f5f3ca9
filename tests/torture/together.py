"""Two processes at once on one cache, one run, one folder of results."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from torture import kills, scenes
from torture.scenes import Scene


def rows(count: int, seed: int, folder: Path) -> Iterator[dict]:
    """Do each piece of work twice at the same time, ``count`` times.

    Args:
        count: Repetitions.
        seed: Not used: nothing is drawn.
        folder: For all that is written.

    Yields:
        A row of the table for each piece of work.
    """
    del seed
    importlib.import_module("recon_lib.runs.collect")  # once, before the forks; what it holds runs only after them
    kills.undisturbed(Scene("running", scenes.run_all), folder / "all")
    chosen = [
        Scene("preparing one domain", scenes.prepare(folder / "world")),
        Scene("executing one run", scenes.run_one("finetune")),
        Scene("collecting one profile", scenes.collect, folder / "all", scenes.TABLES),
    ]
    for place, scene in enumerate(chosen):
        yield both(scene, count, folder / f"together{place}")


def both(scene: Scene, count: int, folder: Path) -> dict:
    """Do one piece of work in two processes at the same time, and compare with one process alone."""
    began, faults = time.monotonic(), []
    reference = kills.undisturbed(scene, folder / "reference")
    for number in range(count):
        place = folder / f"trial{number}"
        kills.begin(scene, place)
        children = [kills.start(scene, place) for _ in range(2)]
        ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        found = kills.outcome(place)
        if ended != [0, 0]:
            faults.append(f"one of them failed: {kills.said(place)}")
        elif found != reference.files:
            names = {n for n in found.keys() | reference.files.keys() if found.get(n) != reference.files.get(n)}
            faults.append(f"another result: {sorted(names)}")
        elif sorted(kills.units(place)) != sorted(reference.log):
            faults.append("work was done twice")
    row = {"what": f"two at once {scene.name}", "tried": count, "survived": count - len(faults)}
    return {**row, "seconds": round(time.monotonic() - began, 1), "faults": faults}
