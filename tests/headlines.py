"""Headline values of the committed results: what they are, and the file of what they were, with tolerances.

After results have been collected anew on purpose: ``python tests/headlines.py`` writes the file again.
"""

import csv
import math
from pathlib import Path

from recon_lib.core import paths
from recon_lib.paper import averages, claims
from recon_lib.paper.intervals import Unit
from recon_lib.results import provenance, store

FILE = Path(__file__).with_name("headlines.csv")
TOLERANCE = {"psnr": 0.02, "ssim": 0.001, "dB": 0.02}  # far above another machine's rounding, far below any claim


def measure(results: store.Results) -> dict[str, tuple[float, float]]:
    """Name to value and tolerance: every method's means, and the estimate of every claim about them."""
    values = {}
    counts = ["n_train", "n_finetune"]
    means = averages.summarise(results.slices)
    for row in means.assign(**{name: means[name].fillna(-1).astype(int) for name in counts}).itertuples():
        network = [row.training_domain, row.n_train, row.n_finetune] if row.method == "network" else []
        for metric in ("psnr", "ssim"):
            name = " ".join(map(str, (f"{results.profile}:", row.test_domain, row.method, *network, metric)))
            values[name] = (getattr(row, metric), TOLERANCE[metric])
    for claim in claims.check(results):
        for verdict in claim.verdicts:
            if verdict.judged is not None and verdict.judged.unit is Unit.DECIBEL:
                name = f"{results.profile}: claim {claim.number} {verdict.test_domain}"
                values[name] = (verdict.estimate, TOLERANCE["dB"])
    return values


def stored() -> dict[str, tuple[float, float]]:
    """Read the file."""
    with FILE.open(newline="") as file:
        return {row["name"]: (float(row["value"]), float(row["tolerance"])) for row in csv.DictReader(file)}


def off(measured: dict, expected: dict) -> list[str]:
    """Name what is missing or further from its stored value than its tolerance; what is new is no fault."""
    wrong = []
    for name, (value, tolerance) in expected.items():
        now = measured.get(name, (math.nan, 0))[0]
        if not abs(now - value) <= tolerance:
            wrong.append(f"{name}: {now:.4f}, stored {value:.4f}")
    return wrong


def write() -> None:
    """Write the file from the committed results."""
    profiles = [name for name in store.PROFILES if (paths.RESULTS / name).is_dir()]
    measured = {}
    for name in profiles:
        measured |= measure(store.Results(name, paths.RESULTS / name, provenance.verify(paths.RESULTS / name)))
    with FILE.open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(("name", "value", "tolerance"))
        lines.writerows((name, f"{value:.4f}", tolerance) for name, (value, tolerance) in measured.items())


if __name__ == "__main__":
    write()
