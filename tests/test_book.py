"""The book: what its pages link to, hide and describe; and that it builds without any training framework."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from fabricated import make_runs, publish
from test_documentation import ROOMS, public

from recon_lib.core import paths
from recon_lib.results import merge
from recon_lib.results.rows import read_rows

PAGES = sorted(p for p in paths.BOOK.rglob("*.md") if "_build" not in p.parts)
NAMES = [p.relative_to(paths.BOOK).with_suffix("").as_posix() for p in PAGES]
CELL = re.compile(r"```\{code-cell\} python3\n(.*?)```", re.S)
TRAINING = ("cascade", "inference", "runs", "training", "weights")
FRAMEWORKS = ("tensorflow", "keras", "jax", "torch")


def cells(page):
    return CELL.findall(page.read_text(encoding="utf-8"))


def test_every_page_is_in_the_table_of_contents():
    content = yaml.safe_load((paths.BOOK / "_toc.yml").read_text(encoding="utf-8"))
    listed = [content["root"], *(c["file"] for part in content["parts"] for c in part["chapters"])]
    assert sorted(listed) == sorted(NAMES)
    assert len(listed) == len(set(listed))


def test_the_configuration_has_no_key_twice():
    text = (paths.BOOK / "_config.yml").read_text(encoding="utf-8")
    top = re.findall(r"^([a-z_]+):", text, re.M)
    assert len(top) == len(set(top))
    content = yaml.safe_load(text)
    assert content["execute"]["execute_notebooks"] == "force"
    assert content["execute"]["timeout"] == 120


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_cell_that_draws_a_figure_describes_it(page):
    for cell in cells(page):
        if re.search(r"figures\.\w+\(", cell):
            alt = yaml.safe_load(cell.split("---")[1])["mystnb"]["image"]["alt"]
            assert len(alt) > 40


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_no_cell_trains_or_imports_a_framework(page):
    for cell in cells(page):
        modules = re.findall(r"(?:import|from) ([\w.]+)", cell)
        assert not set(modules) & {*FRAMEWORKS, *(f"recon_lib.{name}" for name in TRAINING)}


@pytest.mark.parametrize("page", [p for p in PAGES if p.parent.name == "method"], ids=lambda p: p.stem)
def test_a_page_with_equations_links_to_functions(page):
    text = page.read_text(encoding="utf-8")
    linked = re.findall(r"\{(?:func|class|mod)\}`[^`]*?<?(recon_lib[\w.]*)>?`", text)
    assert linked
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        if "```{math}" in section:
            assert "{func}`" in section or "{class}`" in section, section.splitlines()[0]


def test_every_equation_of_the_paper_that_is_ours_is_shown():
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    tags = ",".join(re.findall(r"\\tag\{(.*?)\}", text)).replace(" ", "").split(",")
    assert sorted(int(tag) for tag in tags) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12]


def test_a_result_is_named_after_every_plot():
    drawn = [f"figures/figure{n}" for n in range(1, 7)] + [f"tables/table{n}" for n in range(1, 5)]
    for name in (*drawn, "index", "training_curves"):
        assert "words.render_selection(selection)" in (paths.BOOK / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build the whole book on fabricated results, in an environment where no framework can be imported."""
    folder = tmp_path_factory.mktemp("book")
    traps = folder / "traps"
    traps.mkdir()
    for name in FRAMEWORKS:
        (traps / f"{name}.py").write_text(f"raise RuntimeError('the book imported {name}')\n")
    merge.collect(make_runs(folder / "runs"), folder / "results" / "desk", {"commit": "0"})
    publish(folder / "results")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(traps), str(paths.ROOT)]),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "RECON_RESULTS": str(folder / "results"),
    }
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(paths.BOOK)]
    done = subprocess.run(
        [*command, "--path-output", str(folder), "--all", "-W", "-n", "--keep-going"],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    log = done.stdout + done.stderr
    assert done.returncode == 0, log[-4000:]
    return folder / "_build" / "html"


@pytest.mark.slow
def test_the_book_builds_with_warnings_as_errors_and_no_framework(built):
    for name in NAMES:
        page = (built / f"{name}.html").read_text(encoding="utf-8")
        assert "Traceback" not in page, name
        assert "imported" not in re.sub(r"importing", "", page) or name == "api", name


@pytest.mark.slow
def test_every_image_has_a_description(built):
    images = [
        tag for name in NAMES for tag in re.findall(r"<img[^>]*>", (built / f"{name}.html").read_text(encoding="utf-8"))
    ]
    assert len(images) >= 8
    for tag in images:
        assert re.search(r'alt="[^"]{20,}"', tag), tag


@pytest.mark.slow
def test_numbers_on_the_pages_are_those_of_the_results(built):
    slices = read_rows(built.parents[1] / "results" / "desk" / "slices.csv.gz")
    rows = slices.query("test_domain == 't1' and training_domain == 'natural' and n_finetune == 20")
    assert f"{rows['psnr'].mean():.2f}" in (built / "tables" / "table1.html").read_text(encoding="utf-8")
    title = (built / "index.html").read_text(encoding="utf-8")
    table, _, matrix = title.partition('id="all-verdicts-in-one-look"')
    assert table.count("holds</strong>") == 6
    assert table.count("not testable here") == 6
    assert matrix.count('aria-label="T1: holds') > 1
    assert 'href="claims.html#claim-1"' in title
    assert 'href="tables/table1.html"' in title


@pytest.mark.slow
def test_runs_and_times_are_shown_where_they_are(built):
    page = (built / "appendix.html").read_text(encoding="utf-8")
    assert page.count('<details class="recon-run">') == 2
    assert "<summary><code>train-natural-4000-1a0c97fa77</code>, 382 s</summary>" in page
    assert "11 times" in (built / "run_time.html").read_text(encoding="utf-8")
    assert "not run yet" in (built / "differences.html").read_text(encoding="utf-8")
    for name in ("claims", "differences", "appendix"):
        page = (built / f"{name}.html").read_text(encoding="utf-8")
        assert re.search(r"[Pp]rofile <strong>desk</strong>", page), name


@pytest.mark.slow
def test_every_public_name_has_its_place_in_the_library(built):
    page = (built / "api.html").read_text(encoding="utf-8")
    for room, path in ROOMS.items():
        for name in public(path)[0]:
            assert f'id="{room}.{name}"' in page, f"{room}.{name}"


@pytest.mark.slow
def test_formulas_need_no_script_of_another_site(built):
    page = (built / "method" / "problem.html").read_text(encoding="utf-8")
    assert page.count('class="drawn-math"') > 15
    scripts = [
        tag
        for name in NAMES
        for tag in re.findall(r'<script[^>]*src="(http[^"]*)"', (built / f"{name}.html").read_text(encoding="utf-8"))
    ]
    assert scripts == []
