"""Run every benchmark, or those that are named, each in a process of its own: ``python -m benchmarks [NAME ...]``."""

from __future__ import annotations

import argparse
import subprocess
import sys

from recon_lib.core.errors import ReconError, choose
from recon_lib.results.benchmarks import BENCHMARKS as NAMES


def main() -> int:
    """Run them; return 1 if one failed, 2 for an unknown name."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all by default")
    parser.add_argument(
        "--tiny", action="store_true", help="run at the tiniest sizes, to see that it works; keep nothing"
    )
    arguments = parser.parse_args()
    try:
        names = [choose("benchmark", name, NAMES) for name in arguments.names] or list(NAMES)
    except ReconError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    failed = []
    for name in names:
        print(f"== {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *(["--tiny"] if arguments.tiny else [])]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
