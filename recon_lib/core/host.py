"""Where and from which source a result was made."""

from __future__ import annotations

import os
import platform
import subprocess
import warnings
from pathlib import Path

from recon_lib.core import paths


def machine() -> dict:
    """Describe the computer: ``processor``, ``cores``, ``system``."""
    model = platform.processor() or platform.machine()
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        names = [
            line.split(":", 1)[1].strip()
            for line in listing.read_text(encoding="utf-8").splitlines()
            if "model name" in line
        ]
        model = names[0] if names else model
    return {"processor": model, "cores": os.cpu_count(), "system": platform.system()}


def processor_flags() -> frozenset[str]:
    """Return what the processor says that it can do, such as ``avx512_bf16``; empty where it cannot be read.

    These are its own flags. The name of its model would not do: a virtual machine may hide some of what the model has.
    """
    from archspec.cpu.detect import detected_info

    with warnings.catch_warnings():  # where one way of asking fails, archspec warns and tries the next
        warnings.simplefilter("ignore")
        return frozenset(detected_info().features)


def commit() -> str | None:
    """Return the commit of the source tree, with ``+`` behind it if files that are tracked have changed.

    ``None`` where there is no clone: a folder around an installed package may be another project's.
    """
    if not paths.IS_CLONE:
        return None
    git = ["git", "-C", str(paths.ROOT)]
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "recon_lib", "notebooks"], check=False)
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+" if changed.returncode else "")
