"""Start the kernel of each page as a copy of one process that has loaded what pages draw with.

A kernel takes a second to start and another to load pandas and matplotlib, on every page again. Here a server loads
them once and forks for each page. As before, a page has a process of its own and finds nothing that another page has
left. Everything else (protocol, time limit, errors) is Jupyter's. Only Linux forks a process of several threads
safely; on other systems every kernel starts as Jupyter starts it.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

LOADED = (
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib_inline.backend_inline",
    "pandas",
    "scipy.ndimage",
    "scipy.special",
)
_COMMAND = [sys.executable, "-m", "ipykernel_launcher"]  # how Jupyter starts a kernel of this environment


class ForkedKernel:
    """A kernel as its manager sees it: the part of :class:`subprocess.Popen` that a manager uses.

    Args:
        address: The server's socket.
        arguments: Of the kernel's program.
        folder: Where the page lies.
        environment: Of the kernel.
    """

    stdin = stdout = stderr = None

    def __init__(self, address: str, arguments: list[str], folder: str, environment: dict[str, str]) -> None:
        request = {"arguments": arguments, "folder": folder, "environment": environment}
        self._line = socket.socket(socket.AF_UNIX)
        self._line.connect(address)
        self._line.sendall(json.dumps(request).encode() + b"\n")
        with self._line.makefile() as answer:
            self.pid = int(answer.readline())

    def poll(self) -> int | None:
        """Return 0 once the process has ended: then nobody holds the other end of the line."""
        if self._line.fileno() >= 0 and not select.select([self._line], [], [], 0)[0]:
            return None
        self._line.close()
        return 0

    def wait(self) -> int:
        """Wait for its end."""
        if self.poll() is None:
            self._line.recv(1)
        self._line.close()
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, if it is still there."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class Server:
    """The process whose copies the kernels are; it ends when it is closed, and when whoever started it ends."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kernels-")
        self.address = str(Path(self._folder.name, "line"))
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__, self.address], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._process.stdout.readline()  # it listens now, and loads

    def launch(self, jupyters: Callable[..., subprocess.Popen]) -> Callable[..., ForkedKernel | subprocess.Popen]:
        """Return a function that starts a kernel here.

        Args:
            jupyters: ``jupyter_client.launcher.launch_kernel``, which starts the kernels of other environments.
        """

        def launch_kernel(cmd: list[str], **options: object) -> ForkedKernel | subprocess.Popen:
            if cmd[: len(_COMMAND)] != _COMMAND:
                return jupyters(cmd, **options)
            folder = str(options.get("cwd") or Path.cwd())
            return ForkedKernel(self.address, cmd[len(_COMMAND) :], folder, options.get("env") or dict(os.environ))

        return launch_kernel

    def close(self) -> None:
        """End it, and every kernel that is left."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._folder.cleanup()


def serve(address: str) -> None:
    """Load the modules, then fork a kernel for each request, until the standard input ends.

    Args:
        address: Where the socket is made.
    """
    server = os.getpid()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        print(flush=True)
        _load()
        _warm_up()
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            line, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _run_kernel(line, server)
            line.close()
            _bury()


def _bury() -> None:
    """Take note of the kernels that have ended, so that their time counts as the build's."""
    with contextlib.suppress(ChildProcessError):  # none is left
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _load() -> None:
    """Import what pages use. A module that cannot be imported is left for the page that needs it, which says why."""
    paper = importlib.import_module("recon_lib.paper")
    names = [module.name for module in pkgutil.walk_packages(paper.__path__, "recon_lib.paper.")]
    for name in (*LOADED, *names):
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def _warm_up() -> None:
    """Do once what is kept for later and would be done by every page: read the tables of results, find the fonts."""
    from recon_lib.core.errors import ReconError
    from recon_lib.core.style import blank_figure
    from recon_lib.results import store

    for profile in store.profiles():
        with contextlib.suppress(ReconError):  # of results that are damaged, the pages that show them say so
            results = store.open_results(profile)
            _ = results.slices, results.variations, results.keys
    figure, grid = blank_figure((1, 1), 1, 1)
    grid[0, 0].set(title="fonts", xscale="log")
    for ending in ("png", "svg"):
        figure.savefig(io.BytesIO(), format=ending)


def _run_kernel(line: socket.socket, server: int) -> None:
    """Be the kernel of a request, until it is shut down. The line to who asked stays open as long as the process."""
    from ipykernel import kernelapp

    os.setsid()  # a signal to its group reaches it and its children alone
    with line.makefile() as lines:
        request = json.loads(lines.readline())
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    line.sendall(f"{os.getpid()}\n".encode())
    kernelapp.launch_new_instance([*request["arguments"], f"--IPKernelApp.parent_handle={server}"])
    os._exit(0)  # at once: nothing that it loaded has to be put away


def _start(app: object) -> None:
    """Start the server before the first page runs, and end it after the build, however that ended."""
    if sys.platform != "linux":
        return
    from jupyter_client.provisioning import local_provisioner

    jupyters = local_provisioner.launch_kernel
    server = Server()
    local_provisioner.launch_kernel = server.launch(jupyters)

    def close(*_: object) -> None:
        local_provisioner.launch_kernel = jupyters
        server.close()

    app.connect("build-finished", close)


def setup(app: object) -> dict[str, bool]:
    """Start before the pages are read, after what the kernels inherit has been announced."""
    app.connect("builder-inited", _start, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    serve(sys.argv[1])
