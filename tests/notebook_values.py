"""Compare what the notebooks computed with the values they gave before: ``python tests/notebook_values.py``.

The notebooks store no output, so their numbers are read from the folders of their runs (``RECON_RUNS``), after
``make notebooks`` has run them. ``notebook_values.json`` holds each value with the tolerance that another machine's
rounding needs; ``--write`` renews the values, when a change of the numbers is meant.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.results.rows import read_rows

EXPECTED = Path(__file__).with_name("notebook_values.json")
TOLERANCES = {"psnr": 0.1, "ssim": 0.003, "nmse": 0.003, "loss": 0.002}


def headlines(folder: Path) -> dict[str, float]:
    """Return the means that the notebooks show, by run and column; runs go by name, without their hash.

    Args:
        folder: A profile's runs, each finished.

    Raises:
        ReconError: No run is finished there.
    """
    found = {}
    for record in sorted(folder.glob("*/run.json")):
        run = record.parent
        name = run.name.rpartition("-")[0]
        if (run / "slices.csv").is_file():
            rows = read_rows(run / "slices.csv")
            found |= {f"{name}: {column}": float(rows[column].mean()) for column in ("psnr", "ssim", "nmse")}
        else:
            last = read_rows(run / "history.csv").iloc[-1]
            found |= {f"{name}: {column}": float(last[column]) for column in ("loss", "psnr")}
    if not found:
        raise ReconError(f"{folder} holds no finished run: run the notebooks first, with make notebooks.")
    return found


def compare(found: dict[str, float], expected: dict[str, dict[str, float]]) -> list[str]:
    """List the values that are off, missing or not expected; empty if all is well."""
    off = [f"{name} is not computed" for name in expected if name not in found]
    off += [f"{name} is not expected: {value:.5g}" for name, value in found.items() if name not in expected]
    for name, one in expected.items():
        if name in found and not abs(found[name] - one["value"]) <= one["tolerance"]:
            off.append(f"{name} is {found[name]:.5g}, not {one['value']:.5g} +- {one['tolerance']}")
    return off


def main(words: list[str]) -> int:
    """Compare, or write; return 1 if a value is off."""
    found = headlines(paths.runs() / "smoke")
    if "--write" in words:
        content = {k: {"value": round(v, 6), "tolerance": TOLERANCES[k.rpartition(" ")[2]]} for k, v in found.items()}
        EXPECTED.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
    off = compare(found, json.loads(EXPECTED.read_text(encoding="utf-8")))
    print("\n".join(off) or f"{len(found)} headline values are as they were")
    return int(bool(off))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
