"""The appendix: every run folded under its name, on a page that needs no script."""

import base64
import io
import json
import re
import shutil
import subprocess
import sys

import pytest
from fabricated import executed, plain
from PIL import Image

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.paper import appendix
from recon_lib.results import notebooks, store
from recon_lib.results.keys import RunKey
from recon_lib.results.records import RunRecord


def figure(encoded):
    return Image.open(io.BytesIO(base64.b64decode(encoded)))


@pytest.fixture
def results(folders):
    folder = store.root() / "desk"
    for name in ("train-natural-500-1a0c97fa77", "finetune-natural-500-t1-20-0-0123456789", "other"):
        path = folder / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(notebooks.as_bytes(notebooks.trim(executed())))
    return store.Results("desk", folder, {})


def test_each_run_is_folded_under_its_name(results):
    page = appendix.render(results).html
    assert page.count("<details") == page.count("</details>") == 3
    assert "<summary><code>train-natural-500-1a0c97fa77</code>, 382 s</summary>" in page
    order = [page.index(word) for word in ("Training: 1", "train-natural", "Fine-tuning: 1", "finetune-", "Others: 1")]
    assert order == sorted(order)
    only = appendix.render(results, "finetune").html
    assert only.count("<details") == 1
    assert "Train a cascade" in only


def test_runs_stand_in_the_order_of_their_numbers(results):
    path = results.folder / "notebooks" / "train-natural-500-1a0c97fa77.ipynb"
    shutil.copy(path, path.with_name("train-natural-1000-0a0c97fa77.ipynb"))
    shutil.copy(path, path.with_name("train-natural-4000-00000000aa.ipynb"))
    names = re.findall(r"<code>train-natural-(\d+)", appendix.render(results, "train").html)
    assert names == ["500", "1000", "4000"]


def test_figures_are_described_and_lie_inside_the_page(results):
    page = appendix.render(results, "train").html
    (tag,) = re.findall(r"<img[^>]*>", page)
    assert 'loading="lazy"' in tag
    assert 'alt="Train a cascade: figure of the run train-natural-500-1a0c97fa77"' in tag
    encoded = re.search(r"base64,([^\"]+)", tag).group(1)
    assert figure(encoded).width == 700


def test_texts_cannot_break_the_page(results):
    path = results.folder / "notebooks" / "other.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][0]["source"] = "## <script>alert(1)</script> **b** [x](javascript:y)"
    notebook["cells"][1]["source"] = "print('</pre><script>')"
    notebook["cells"][3]["outputs"][0]["data"]["image/png"] = '"><script>alert(2)</script>'
    path.write_text(json.dumps(notebook))
    page = appendix.render(results).html
    assert "<script" not in page
    assert "<strong>b</strong>" in page
    assert 'href="javascript' not in page


def test_a_damaged_notebook_is_named(results):
    path = results.folder / "notebooks" / "other.ipynb"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ReconError, match=r"other\.ipynb is not a readable notebook"):
        appendix.render(results)


def test_without_notebooks_the_page_says_so(results):
    shutil.rmtree(results.folder / "notebooks")
    for absent in (None, results):
        assert "No notebooks of this kind" in appendix.render(absent, "train").markdown


def test_the_room_needs_pillow_only_to_trim():
    code = "import sys, recon_lib.paper.appendix; print('PIL' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=paths.ROOT, text=True) == "False\n"


def test_markdown_is_drawn_and_its_html_and_pictures_are_not():
    drawn = appendix._markdown(
        "# A <b>title</b>\n\nOne *word*, `code <i>`, [a page](https://example.org/a?b=1&c=2)\n"
        "and <img src=x onerror=y>.\n\n- first\n- second\n\n![far](https://example.org/x.png)\n\n<script>alert(1)</script>\n\n[d](data:text/html,x)"
    )
    assert '<p class="recon-title">A &lt;b&gt;title&lt;/b&gt;</p>' in drawn
    assert "<em>word</em>" in drawn
    assert "<code>code &lt;i&gt;</code>" in drawn
    assert '<a href="https://example.org/a?b=1&amp;c=2">a page</a>' in drawn
    assert drawn.count("<li>") == 2
    for tag in ("<img", "<script", "<b>", "<i>", "<h1", 'href="data'):
        assert tag not in drawn


def recorded(results, *runs):
    """Results whose records are of these runs: id, kind, draw, variation."""
    records = {}
    for run, kind, draw, variation in runs:
        machine = {"processor": "X", "cores": 2}
        records[run] = RunRecord(run, kind, RunKey(draw=draw, variation=variation), {}, seconds=61.7, machine=machine)
    results.__dict__["records"] = records
    return results


RUNS = (
    ("train-natural-500-1a0c97fa77", "train", None, None),
    ("train-natural-4000-0000000000", "train", None, None),
    ("finetune-natural-500-t1-20-0-0123456789", "finetune", 0, None),
    ("finetune-natural-500-t1-20-1-0123456789", "finetune", 1, None),
    ("evaluate-cs:real-t1-0000000000", "evaluate", None, "wavelet"),
    ("other", "evaluate", None, None),
)


def test_the_page_says_which_runs_have_a_notebook_and_which_have_not(results):
    text = plain(appendix.render_coverage(recorded(results, *RUNS)))
    assert text.splitlines()[2:8] == [
        "| training | 2 | 1 |",
        "| fine-tuning | 1 | 1 |",
        "| evaluation | 1 | 1 |",
        "| further draws | 1 | 0 |",
        "| variations | 1 | 0 |",
        "| all | 6 | 3 |",
    ]
    assert text.endswith("trainings and tunings 1 have none: `train-natural-4000-0000000000`.")
    assert appendix.render_coverage(recorded(results, RUNS[0])).markdown.endswith("tunings have one.")
    assert appendix.render_coverage(recorded(results, RUNS[1])).markdown.endswith(
        "No run of this profile has a notebook: all went through the library directly."
    )


def test_a_run_without_a_notebook_is_listed_with_its_machine_and_time(results):
    page = appendix.render_records(recorded(results, *RUNS))
    assert re.findall("<li><code>(.*?)</code>", page.html) == [
        "evaluate-cs:real-t1-0000000000",
        "finetune-natural-500-t1-20-1-0123456789",
        "train-natural-4000-0000000000",
    ]
    assert "</code>, 2 cores of X, 62 s</li>" in page.html
    assert page.markdown.startswith("3 runs of desk without a notebook")
    assert appendix.render_records(recorded(results, RUNS[0])).html == ""
