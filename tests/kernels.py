"""Kernels that outlive a notebook, so that Keras starts once for many: ``python -m tests.kernels 2 COMMAND``.

Starts that many kernels, runs the command, and stops them. Whoever calls ``papermill`` below the command runs in a
kernel that is free and whose names were cleared; nothing else of papermill changes.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import filelock
from jupyter_client.manager import AsyncKernelManager

FOLDER = "RECON_KERNELS"  # the variable that names the folder of the kernels: a connection file and a lock each


class SharedKernel(AsyncKernelManager):
    """A kernel that somebody else starts and stops; its process id stands in its file's name."""

    has_kernel = True

    async def is_alive(self) -> bool:
        """Tell whether the process is there."""
        return Path(f"/proc/{Path(self.connection_file).stem}").exists()

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
        """Leave it running: another notebook comes."""

    async def interrupt_kernel(self) -> None:
        """Leave it: who started it ends it."""


def free_kernel(folder: Path) -> tuple[SharedKernel, filelock.BaseFileLock]:
    """Wait for a kernel that runs no notebook, and return it with the lock that is held on it."""
    while True:
        for connection in sorted(folder.glob("*.json")):
            lock = filelock.FileLock(connection.with_suffix(".lock"))
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout:
                continue
            kernel = SharedKernel(connection_file=str(connection))
            kernel.load_connection_file()
            return kernel, lock
        time.sleep(0.1)


def papermill(words: list[str]) -> None:
    """Be papermill, in a free kernel."""
    from papermill.cli import papermill as command
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    kernel, lock = free_kernel(Path(os.environ[FOLDER]))

    class Client(PapermillNotebookClient):
        def papermill_execute_cells(self):
            self.wait_for_reply(self.kc.execute("%reset -f", silent=True))
            super().papermill_execute_cells()

    class SharedEngine(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man, kernel_name, **options):
            client = Client(nb_man, km=kernel, timeout=None)
            try:
                return client.execute()
            finally:
                client.kc.stop_channels()

    papermill_engines.register(None, SharedEngine)
    with lock:
        command(words, prog_name="papermill")


def start(folder: Path) -> subprocess.Popen:
    """Start a kernel, which writes its connection file when it is ready."""
    code = "import os, sys; from ipykernel.kernelapp import launch_new_instance as launch; "
    code += "sys.argv[1:] = ['-f', f'{sys.argv[1]}/{os.getpid()}.json']; launch()"
    with (folder / "kernels.log").open("a") as log:
        return subprocess.Popen(
            [sys.executable, "-c", code, str(folder)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


def main(words: list[str]) -> int:
    """Run a command beside kernels for its notebooks, and return how it ended; 1 if a kernel died before it."""
    count, *command = words
    with tempfile.TemporaryDirectory(prefix="kernels-") as name:
        folder = Path(name)
        shim = folder / "bin" / "papermill"
        shim.parent.mkdir()
        shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P {shlex.quote(__file__)} papermill "$@"\n')
        shim.chmod(0o755)
        kernels = [start(folder) for _ in range(int(count))]
        path = os.pathsep.join([str(shim.parent), os.environ.get("PATH", "")])
        work = subprocess.Popen(command, env={**os.environ, FOLDER: name, "PATH": path}, start_new_session=True)
        try:
            while work.poll() is None and all(kernel.poll() is None for kernel in kernels):
                time.sleep(0.1)
            if work.poll() is not None:
                return work.returncode
            print(f"A kernel died:\n{(folder / 'kernels.log').read_text()[-3000:]}", file=sys.stderr)
            return 1
        finally:
            for kernel in kernels:
                kernel.kill()
                kernel.wait()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(work.pid, signal.SIGTERM)  # with all that it started
            work.wait()


if __name__ == "__main__":
    if sys.argv[1] == "papermill":
        papermill(sys.argv[2:])
    else:
        sys.exit(main(sys.argv[1:]))
