"""A peer in a process of its own, which does a piece of work whenever it is asked.

The newest TensorFlow and PyTorch abort in one process, because both bring LLVM. So PyTorch runs in another one, where
Keras computes with PyTorch too. Both processes wait for each other, and the work is still timed in turn. Questions and
answers are lines of JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Self

from recon_lib.core import paths
from recon_lib.core.errors import ReconError


class Worker:
    """The process of a benchmark's peer; it ends with the block of ``with``.

    Args:
        benchmark: Its name. The module's function ``peer`` is called there with ``tiny``. It returns a function that
            prepares a piece of work from the words that name it.
        python: The interpreter that has the peer.
        tiny: Whether the tiniest sizes are measured.
    """

    def __init__(self, benchmark: str, python: str, tiny: bool) -> None:
        self._benchmark = benchmark
        environment = {**os.environ, "KERAS_BACKEND": "torch", "PYTHONPATH": str(paths.ROOT)}
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.workers", benchmark, json.dumps(tiny)],
            cwd=paths.ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def call(self, *words: object) -> Callable[[], float | None]:
        """Return a function that has a piece of work done over there, and returns the number that the work returns.

        Args:
            *words: What the work is called, of kinds that JSON holds.
        """
        return lambda: self._ask(json.dumps(words))

    def _ask(self, question: str) -> float | None:
        try:
            print(question, file=self._process.stdin, flush=True)
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise ReconError(
                f"The process of the peer of {self._benchmark} ended with status {self._process.wait()}: see above."
            )
        return json.loads(answer)


def main(benchmark: str, tiny: str) -> None:
    """Answer until nothing more is asked. A piece of work is prepared when it is asked for first."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the peer prints is no answer
    prepare = importlib.import_module(f"benchmarks.{benchmark}").peer(json.loads(tiny))
    prepared: dict[str, Callable[[], object]] = {}
    for question in sys.stdin:
        if question not in prepared:
            prepared[question] = prepare(*json.loads(question))
        value = prepared[question]()
        print(json.dumps(value if isinstance(value, float) else None), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
