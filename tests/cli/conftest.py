"""A tiny network, and the command line run with it."""

import pytest
from scan_files import tiny_network

from recon_lib.cli import main


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    return tiny_network(tmp_path_factory.mktemp("network") / "tiny.safetensors")


@pytest.fixture
def run(net, capsys):
    """Run a command with the tiny network; return status, what it printed, and its lines of error."""

    def run_(*words, weights=net):
        status = main.main([str(word) for word in words] + (["--weights", str(weights)] if weights else []))
        out, error = capsys.readouterr()
        return status, out, [line for line in error.splitlines() if line.startswith("error")]

    return run_
