"""Notebooks that share a kernel: none sees the names of another, and a failure is a failure."""

import subprocess
import sys

import nbformat
import pytest
from laws import ROOT


def run(folder, *cells):
    """Run notebooks of one cell each, one after the other, beside one kernel; return how that ended."""
    names = []
    for number, cell in enumerate(cells):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        names.append(folder / f"{number}.ipynb")
        nbformat.write(notebook, names[-1])
    calls = " && ".join(f"papermill --no-progress-bar {name} {name}.out" for name in names)
    return subprocess.run(
        [sys.executable, "-m", "tests.kernels", "1", "sh", "-c", calls],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_second_notebook_finds_the_kernel_of_the_first_without_its_names(tmp_path):
    first = "import os\nleft = os.getpid()\nleft"
    second = "assert 'left' not in globals()\nassert 'os' not in globals()\n__import__('os').getpid()"
    ended = run(tmp_path, first, second)
    assert ended.returncode == 0, ended.stderr
    shown = [
        nbformat.read(tmp_path / f"{number}.ipynb.out", 4).cells[0].outputs[0].data["text/plain"] for number in (0, 1)
    ]
    assert shown[0] == shown[1]


@pytest.mark.parametrize(
    ("cell", "message"), [("1 / 0", "ZeroDivisionError"), ("import os; os._exit(3)", "kernel died")]
)
def test_a_notebook_that_fails_or_takes_its_kernel_along_ends_the_command(tmp_path, cell, message):
    ended = run(tmp_path, cell)
    assert ended.returncode != 0
    assert message in ended.stderr
