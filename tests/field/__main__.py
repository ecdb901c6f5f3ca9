"""Print the table of all kinds of input, before and after: ``PYTHONPATH=tests python -m field [NAME ...]``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tabulate import tabulate

from field.catalogue import KINDS
from field.kinds import Commands, Kind


def main(words: list[str] | None = None) -> int:
    """Try kinds and print their table; return 1 if any is not right."""
    parser = argparse.ArgumentParser(prog="python -m field", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="kinds whose names hold this word; all by default")
    parser.add_argument("--weights", metavar="NAME", default="natural-4000", help="a released network, or a file")
    coils = "coils/natural-further"
    parser.add_argument("--coil-weights", metavar="NAME", default=coils, help="likewise, of several coils")
    chosen = parser.parse_args(words)
    kinds = [kind for kind in KINDS if not chosen.names or any(name in kind.name for name in chosen.names)]
    rows = [row(kind, Commands(chosen.weights, chosen.coil_weights)) for kind in kinds]
    table = [(*cells[:4], "yes" if cells[4] else "NO") for cells in rows]
    print(tabulate(table, headers=("input", "before", "right", "now", "is right"), maxcolwidths=[26, 40, 50, 60, 8]))
    return int(not all(cells[4] for cells in rows))


def row(kind: Kind, run: Commands) -> tuple[str, str, str, str, bool]:
    """Try one kind: name, what came of it before, what is right, what comes of it now, and whether that is right."""
    with tempfile.TemporaryDirectory(prefix="field-") as folder:
        try:
            return kind.name, kind.before, kind.right, kind.check(Path(folder), run), True
        except Exception as error:  # whatever a command ended in belongs in the table
            return kind.name, kind.before, kind.right, f"{type(error).__name__}: {error}"[:300], False


if __name__ == "__main__":
    sys.exit(main())
