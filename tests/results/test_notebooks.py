"""A trimmed notebook keeps what a reader needs and nothing of the machine."""

import base64
import copy
import io
import json

import numpy as np
import pytest
from fabricated import executed
from PIL import Image

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.results import notebooks


def outputs(notebook):
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


def figure(encoded):
    return Image.open(io.BytesIO(base64.b64decode(encoded)))


def test_text_code_figures_and_numbers_are_kept():
    notebook = notebooks.trim(executed())
    assert [cell["cell_type"] for cell in notebook["cells"]] == ["markdown", "code", "code", "code", "code"]
    assert notebook["cells"][0]["source"] == "# Train a cascade\n\nOne *network*, `smoke`."
    assert notebook["cells"][1]["metadata"] == {"tags": ["injected-parameters"]}
    texts = [output.get("text") or output["data"].get("text/plain") for output in outputs(notebook)]
    assert "     loss  psnr\n0   0.044  26.0" in texts
    assert notebook["metadata"]["papermill"] == {"parameters": {"n_train": 500, "profile": "desk"}, "duration": 382.1}


def test_nothing_of_the_machine_is_left():
    original = json.dumps(executed())
    for word in ("/data/home/somebody", "oneDNN", "widget-view", "it/s", "text/html", "somebody", "\\u001b"):
        assert word in original, word
    trimmed = notebooks.as_bytes(notebooks.trim(executed())).decode()
    for word in ("/data/home/somebody", "oneDNN", "widget", "it/s", "<table", "somebody", "iopub", "\\u001b"):
        assert word not in trimmed, word
    assert "PosixPath('train-natural-500-1a0c97fa77')" in trimmed
    assert "https://arxiv.org/abs/1710.02615" in trimmed
    assert "seconds/update 3/4" in trimmed


def test_figures_become_small_and_keep_their_look():
    original, trimmed = (
        next(output["data"]["image/png"] for output in outputs(notebook) if "image/png" in output.get("data", {}))
        for notebook in (executed(), notebooks.trim(executed()))
    )
    output, small = figure(original).convert("RGB"), figure(trimmed)
    assert (small.mode, small.width, small.height) == ("P", 700, 350)
    assert len(trimmed) < len(original) / 3
    shrunk = np.asarray(output.resize(small.size, Image.Resampling.LANCZOS), float)
    assert np.abs(shrunk - np.asarray(small.convert("RGB"), float)).mean() < 8


def test_a_transparent_figure_stands_on_white():
    content = io.BytesIO()
    Image.new("RGBA", (20, 10), (255, 0, 0, 0)).save(content, "PNG")
    image = figure(notebooks.shrink(base64.b64encode(content.getvalue()).decode())).convert("RGB")
    assert image.size == (20, 10)
    assert image.getpixel((3, 3)) == (255, 255, 255)


def test_a_long_text_loses_its_middle_and_a_line_written_over_its_past():
    (text,) = [output["text"] for output in outputs(notebooks.trim(executed())) if "epoch" in output.get("text", "")]
    lines = text.splitlines()
    assert len(lines) == 40
    assert lines[0] == "epoch 0"
    assert lines[-1] == "epoch 99"
    assert "... 61 lines left out ..." in lines
    assert "epoch 30" in lines
    assert "epoch 31" not in lines
    short = executed()
    short["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "10 %\r50 %\r100 %\n"}]
    assert outputs(notebooks.trim(short))[0]["text"] == "100 %"


def test_the_same_notebook_gives_the_same_bytes_and_trimming_twice_changes_nothing():
    notebook = executed()
    untouched = copy.deepcopy(notebook)
    once = notebooks.trim(notebook)
    assert notebook == untouched
    assert notebooks.as_bytes(once) == notebooks.as_bytes(notebooks.trim(untouched))
    assert notebooks.as_bytes(notebooks.trim(once)) == notebooks.as_bytes(once)


def test_the_result_is_a_valid_notebook(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    trimmed = nbformat.from_dict(notebooks.trim(executed()))
    assert not list(nbformat.validator.iter_validate(trimmed))


@pytest.mark.parametrize("name", ["train", "finetune", "evaluate"])
def test_the_project_s_own_notebooks_pass_through(name):
    notebook = json.loads((paths.NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))
    trimmed = notebooks.trim(notebook)
    assert [cell["source"] for cell in trimmed["cells"]] == ["".join(cell["source"]) for cell in notebook["cells"]]


@pytest.mark.parametrize(
    "change",
    [
        lambda n: n.pop("cells"),
        lambda n: n.update(cells=3),
        lambda n: n["cells"][0].pop("source"),
        lambda n: n["cells"][3]["outputs"][0]["data"].update({"image/png": "bm90IGFuIGltYWdl"}),
        lambda n: n["cells"][2]["outputs"][0].pop("output_type"),
    ],
)
def test_what_is_no_notebook_is_one_clear_sentence(change):
    notebook = executed()
    change(notebook)
    with pytest.raises(ReconError, match="not an executed notebook"):
        notebooks.trim(notebook)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("/srv/long/runs/x.npz", "x.npz"),
        ("saved to '/srv/data/runs/'", "saved to '...'"),
        (r"C:\Users\me\runs\x.npz", "x.npz"),
        ("1/2, dB/s, and/or, ../x, ./y, runs/desk/x", "1/2, dB/s, and/or, ../x, ./y, runs/desk/x"),
        ("https://example.org/a/b", "https://example.org/a/b"),
        ("a / b", "a / b"),
    ],
)
def test_paths_of_a_machine_lose_their_folders(text, cleaned):
    assert notebooks._clean(text) == cleaned


def test_an_error_is_kept_in_one_line_and_parameters_may_be_lists():
    notebook = executed()
    notebook["metadata"]["papermill"]["parameters"] = {"counts": [2, "/data/home/somebody/scans"]}
    error = {
        "output_type": "error",
        "ename": "ValueError",
        "evalue": "in /data/home/somebody/x.nii",
        "traceback": ["long"],
    }
    notebook["cells"][-1]["outputs"] = [error]
    trimmed = notebooks.trim(notebook)
    assert trimmed["metadata"]["papermill"]["parameters"] == {"counts": [2, "scans"]}
    kept = {"output_type": "stream", "name": "stdout", "text": "ValueError: in x.nii"}
    assert trimmed["cells"][-1]["outputs"] == [kept]


@pytest.mark.parametrize("width", [notebooks._WIDTH + 200, notebooks._WIDTH, 300])
def test_a_figure_that_was_shrunk_stays_as_it_is(width, rng, monkeypatch):
    content = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (40, width, 3), dtype=np.uint8)).save(content, "PNG")
    small = notebooks.shrink(base64.b64encode(content.getvalue()).decode())
    monkeypatch.setattr(notebooks, "_COLOURS", 2)  # drawn again it would lose colours
    assert notebooks.shrink(small) == small
