"""Kernels of pages that are copies of one process: each as new as Jupyter's own, and as loud when a page fails."""

import ast
import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
import yaml
from jupyter_cache.executors.utils import single_nb_execution
from jupyter_client.provisioning import local_provisioner
from laws import ROOT
from nbclient.exceptions import DeadKernelError

SPEC = importlib.util.spec_from_file_location("forked_kernels", ROOT / "book/_ext/forked_kernels.py")
forked_kernels = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(forked_kernels)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux alone")
_JUPYTERS = local_provisioner.launch_kernel


@pytest.fixture(scope="module")
def server():
    server = forked_kernels.Server()
    yield server
    server.close()


@pytest.fixture
def run(server, tmp_path, monkeypatch):
    """Execute a page of some cells as MyST-NB does, and return its outputs as text and the error it ended with."""
    monkeypatch.setattr(local_provisioner, "launch_kernel", server.launch(_JUPYTERS))

    def execute(*sources, folder=tmp_path):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        kernel = {"name": "python3", "display_name": "Python 3"}
        page = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        done = single_nb_execution(page, cwd=str(folder), timeout=60, allow_errors=False)
        texts = [output.get("data", {}).get("text/plain", "") for cell in cells for output in cell.outputs]
        return texts, done.err

    return execute


def ends(process):
    """Whether a process has ended, or does soon: it stays listed as a zombie until the server looks after it."""
    deadline = time.monotonic() + 10
    with contextlib.suppress(FileNotFoundError):
        while ") Z " not in Path(f"/proc/{process}/stat").read_text(encoding="utf-8"):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
    return True


def test_a_page_has_what_is_loaded_its_folder_and_its_environment(run, server, tmp_path, monkeypatch):
    monkeypatch.setenv("OF_THE_PAGE", "yes")
    folder = tmp_path / "figures"
    folder.mkdir()
    (text,), error = run(
        "import os, sys; early = [name in sys.modules for name in ('pandas', 'recon_lib.paper.claims')]",
        "early, os.environ['OF_THE_PAGE'], os.getcwd(), os.getppid()",
        folder=folder,
    )
    assert error is None
    assert ast.literal_eval(text) == ([True, True], "yes", str(folder), server._process.pid)


def test_a_page_finds_nothing_that_another_has_left(run):
    left = "import os, pandas; os.environ['LEFT'] = pandas.LEFT = 'x'; left = os.getpid(); left"
    (first,), _ = run(left)
    (second,), error = run("import os, pandas; ('LEFT' in os.environ, hasattr(pandas, 'LEFT'), 'left' in dir())")
    assert error is None
    assert second == "(False, False, False)"
    assert ends(int(first))


def test_a_page_that_fails_says_where(run):
    texts, error = run("1 + 1", "def broken():\n    raise ValueError('no such slice')", "broken()", "'never reached'")
    assert texts == ["2", ""]
    assert "broken()" in str(error)
    assert (error.ename, error.evalue) == ("ValueError", "no such slice")


def test_a_kernel_that_dies_fails_its_page_alone(run):
    with pytest.raises(DeadKernelError):
        run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert run("6 * 7") == (["42"], None)


def test_a_page_that_takes_too_long_is_ended(run):
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import time; time.sleep(100)")])
    done = single_nb_execution(page, cwd=".", timeout=1, allow_errors=False)
    assert "CellTimeoutError" in type(done.err).__name__


def test_a_kernel_of_another_environment_starts_as_jupyter_starts_it(server):
    started = []
    launch = server.launch(lambda command, **options: started.append((command, options)))
    launch(["/usr/bin/python3", "-m", "ipykernel_launcher", "-f", "x.json"], cwd="/")
    assert started == [(["/usr/bin/python3", "-m", "ipykernel_launcher", "-f", "x.json"], {"cwd": "/"})]


def test_nothing_is_left_once_the_server_is_closed(tmp_path):
    server = forked_kernels.Server()
    folder = Path(server.address).parent
    arguments = ["-f", str(tmp_path / "kernel.json")]
    kernel = server.launch(None)([*forked_kernels._COMMAND, *arguments], cwd=str(tmp_path), env=dict(os.environ))
    assert kernel.poll() is None
    server.close()
    assert kernel.wait() == kernel.poll() == 0  # it ends by itself, as the page's reader may be gone
    assert not folder.exists()
    assert ends(kernel.pid)


PAGE = """---
jupytext: {{text_representation: {{extension: .md, format_name: myst}}}}
kernelspec: {{display_name: Python 3, language: python, name: python3}}
---
# {name}

```{{code-cell}} python3
{code}
```
"""


@pytest.mark.slow
def test_a_page_that_fails_fails_the_build_and_the_others_are_built(tmp_path):
    book = tmp_path / "book"
    shutil.copytree(ROOT / "book/_ext", book / "_ext")
    shutil.copy(ROOT / "book/_config.yml", book)
    shutil.copy(ROOT / "CITATION.cff", tmp_path)
    names = [f"page{number}" for number in range(6)]  # fewer are read one after another
    toc = {"format": "jb-book", "root": "page0", "chapters": [{"file": name} for name in names[1:]]}
    (book / "_toc.yml").write_text(yaml.safe_dump(toc))
    for name in names:
        code = "1 / 0" if name == "page4" else "import os; f'from {os.getppid()}'"
        (book / f"{name}.md").write_text(PAGE.format(name=name, code=code))
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(book), "--all", "-W", "-n"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": path}
    done = subprocess.run(
        [*command, "--keep-going"], env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode != 0
    assert re.search(r"page4\.md.*Executing notebook failed", done.stdout + done.stderr)
    html = book / "_build" / "html"
    assert "ZeroDivisionError" in (html / "reports" / "page4.err.log").read_text(encoding="utf-8")
    others = [(html / f"{name}.html").read_text(encoding="utf-8") for name in names if name != "page4"]
    (server,) = {re.search(r"from (\d+)", page).group(1) for page in others}
    assert ends(int(server))
