"""Change one central line at a time: some test must fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recon_lib.core import paths

COPIED = ("recon_lib", "tests", "notebooks", "book/results/paper_tables.csv", "pyproject.toml", "data_manifest.yaml")


@dataclass(frozen=True)
class Mutant:
    """One wrong line.

    Attributes:
        about: What is wrong then.
        file: Of the library.
        right: The text, found once.
        wrong: What it becomes.
        tests: Where a test must fail, in pytest's words.
    """

    about: str
    file: str
    right: str
    wrong: str
    tests: str


MUTANTS = (
    Mutant(
        "sign of data consistency",
        "network/cascade.py",
        "+ blend * correction",
        "- blend * correction",
        "network/test_cascade.py -k equations_6",
    ),
    Mutant(
        "weight of data consistency",
        "network/cascade.py",
        "/ (1 + self.weight)",
        "/ (2 + self.weight)",
        "network/test_cascade.py -k equations_6",
    ),
    Mutant(
        "centre of the mask",
        "network/cascade.py",
        "(-(height // 2), -(width // 2))",
        "(0, 0)",
        "network/test_cascade.py -k equations_6",
    ),
    Mutant(
        "centre of odd sizes",
        "imaging/fourier.py",
        "np.fft.ifftshift(image",
        "np.fft.fftshift(image",
        "imaging/test_fourier.py -k defining_sum",
    ),
    Mutant(
        "seed of a mask",
        "imaging/masks.py",
        "entropy = [spec.seed, MASK",
        "entropy = [0, MASK",
        "imaging/test_masks.py -k same_strength",
    ),
    Mutant(
        "set of a mask",
        "imaging/masks.py",
        "MASK_SETS.index(mask_set), size[0]",
        "0, size[0]",
        "imaging/test_masks.py -k by_chance_alone",
    ),
    Mutant(
        "calibration block",
        "imaging/masks.py",
        "return block | sampled[margin",
        "return sampled[margin",
        "imaging/test_masks.py -k fully_sampled",
    ),
    Mutant(
        "order of the masks of images",
        "imaging/masks.py",
        "[rng.permutation(n_masks) for",
        "[np.arange(n_masks) for",
        "imaging/test_masks.py -k shuffled_by_its_seed",
    ),
    Mutant(
        "weight of the absolute error",
        "network/training.py",
        "+ absolute * ops.mean(",
        "+ 0.5 * absolute * ops.mean(",
        "network/test_training.py -k loss_by_hand",
    ),
    Mutant(
        "schedule of the rate",
        "network/training.py",
        'recipe.schedule == "cosine"',
        'recipe.schedule == "none"',
        "network/test_training.py -k rate_of_each_update",
    ),
    Mutant(
        "order of training images",
        "network/training.py",
        "np.random.default_rng([self.seed, stage, epoch])",
        "np.random.default_rng([self.seed, stage])",
        "network/test_training.py -k every_epoch_and_stage",
    ),
    Mutant(
        "scale of the metrics",
        "imaging/metrics.py",
        "return reference / float(data_range), image / float(data_range)",
        "return reference / float(data_range), image / image.max()",
        "imaging/test_metrics.py -k overall_intensity",
    ),
    Mutant(
        "scale of a slice",
        "data/prepare.py",
        "images / scales",
        "images / scales.max()",
        "data/test_prepare.py -k step_by_step",
    ),
    Mutant(
        "split of the subjects",
        "data/manifest.py",
        "for name in self.splits[split])",
        'for name in self.splits["train"])',
        "data/test_domains.py -k a_split_has",
    ),
    Mutant(
        "images of a training run",
        "runs/images.py",
        ".permutation(available)[:count]",
        ".permutation(available)[count:]",
        "runs/test_images.py -k TrainingSubset",
    ),
    Mutant(
        "weight of sparsity",
        "baselines/compressed_sensing.py",
        "total = weight * norm1",
        "total = 2 * weight * norm1",
        "baselines/test_compressed_sensing.py -k central_differences",
    ),
)


def rows(count: int, seed: int, folder: Path) -> Iterator[dict]:
    """Try the first ``count`` mutants, each in a copy of the tree under ``folder``.

    Args:
        count: How many at most.
        seed: Not used: all are listed.
        folder: For the copies.

    Yields:
        A row of the table for each: survived means that a test caught it.
    """
    del seed
    for place, mutant in enumerate(MUTANTS[:count]):
        yield try_one(mutant, folder / str(place))


def try_one(mutant: Mutant, folder: Path) -> dict:
    """Run the tests of a tree with one wrong line."""
    began = time.monotonic()
    plant(mutant, folder)
    words = mutant.tests.split(" ")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", f"tests/{words[0]}", *words[1:]]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    environment.pop("RECON_DATA_MIRROR", None)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)
    shutil.rmtree(folder)
    caught = done.returncode == 1 and " failed" in done.stdout
    row = {"what": f"mutation: {mutant.about}", "tried": 1, "survived": int(caught)}
    faults = [] if caught else [f"no test of {mutant.tests} failed: {done.stdout.strip().splitlines()[-1:]}"]
    return {**row, "seconds": round(time.monotonic() - began, 1), "faults": faults}


def plant(mutant: Mutant, folder: Path) -> None:
    """Copy what tests need into a folder, with the wrong line in it."""
    for name in COPIED:
        source, target = paths.ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "torture"))
        else:
            shutil.copy(source, target)
    path = folder / "recon_lib" / mutant.file
    text = path.read_text(encoding="utf-8")
    assert text.count(mutant.right) == 1, f"{mutant.file} has {text.count(mutant.right)} times {mutant.right!r}"
    path.write_text(text.replace(mutant.right, mutant.wrong))
