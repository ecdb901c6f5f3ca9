"""What a kind of input is, and how a command is run on it."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recon_lib.cli import main

_EVERY_TIME = re.compile(r"%\||^precision ")  # the bar of progress, and what a network computes in
NETWORKS = ("reconstruct", "evaluate", "finetune")
"""The commands that need a network."""


@dataclass(frozen=True)
class Outcome:
    """What a command gave.

    Attributes:
        status: Its exit status.
        out: What it printed.
        err: What it wrote to stderr, without the bar of progress and the line on the network's precision.
    """

    status: int
    out: str
    err: str

    def psnr(self) -> float:
        """Return the network's mean PSNR in dB that ``evaluate`` printed last."""
        return float(re.findall(r"; network (-?[\d.]+) dB", self.out)[-1])

    def error(self) -> str:
        """Return the one sentence of a refusal, without the notes above it."""
        assert self.status == 2, (self.status, self.out, self.err)
        (sentence,) = (line for line in self.err.splitlines() if line.startswith("error: "))
        return sentence.removeprefix("error: ")


@dataclass(frozen=True)
class Commands:
    """The command line with one network for images and k-space of one coil, and one for several.

    Attributes:
        weights: A released network's name, or a file.
        coil_weights: Likewise of a network of several coils.
    """

    weights: str
    coil_weights: str

    def __call__(self, *words: str | Path) -> Outcome:
        """Run a command as a user does; those that need a network get that of one coil, unless words name another."""
        words = [str(word) for word in words]
        if words[0] in NETWORKS and "--weights" not in words:
            words += ["--weights", self.weights]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main.main(words)
        lines = [line for line in re.split(r"[\r\n]+", err.getvalue()) if line.strip() and not _EVERY_TIME.search(line)]
        return Outcome(status, out.getvalue(), "\n".join(lines))


@dataclass(frozen=True)
class Kind:
    """A kind of input with its right value.

    Attributes:
        name: As the table has it; words of ``a-z0-9_``.
        before: What came of it at commit 3d99e19.
        right: What is right, by an independent computation.
        check: Writes the input into an empty folder, runs commands on it, asserts the right value, and returns what
            came of it, for the table.
    """

    name: str
    before: str
    right: str
    check: Callable[[Path, Commands], str]
