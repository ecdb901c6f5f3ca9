"""Fabricated runs in the exact format of real ones, with effects known in advance, for the tests."""

import base64
import io
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
from PIL import Image

from recon_lib.core.files import write_bytes
from recon_lib.results import notebooks
from recon_lib.results.panels import PanelKey, write_panels
from recon_lib.results.provenance import write_provenance
from recon_lib.results.rows import HISTORY_COLUMNS, SLICE_COLUMNS, write_rows

SUBJECTS = ("sub-11", "sub-12", "sub-13", "sub-14")
SIZES = {"t1": (30, 48), "t2": (32, 32)}
# Mean PSNR of each network: as the paper has it, nearly.
PSNR = {
    ("t1", "natural", 0): 33.0, ("t1", "t1", 0): 35.0, ("t1", "t2", 0): 34.0,
    ("t1", "natural", 20): 35.5, ("t1", "t1", 20): 35.7, ("t1", "t2", 20): 35.6,
    ("t2", "natural", 0): 33.9, ("t2", "t1", 0): 33.2, ("t2", "t2", 0): 34.9,
    ("t2", "natural", 20): 35.2, ("t2", "t1", 20): 35.3, ("t2", "t2", 20): 35.4,
}  # fmt: skip


def row(test_domain, subject, index, **changes):
    """One row of slices.csv; PSNR follows the slice, so pairs of networks differ by a constant."""
    base = {
        "run": "run", "method": "network", "training_domain": "natural", "n_train": 4000, "n_images": 712,
        "n_finetune": 0, "draw": 0, "seed": 0, "test_domain": test_domain, "subject": subject, "slice": index,
        "mask": index % 7, "acceleration": 4.0, "psnr": 30.0, "ssim": 0.9, "nmse": 0.01, "scale": 1000.0,
    }  # fmt: skip
    return {**base, **changes}


def make_runs(folder: Path, slices: int = 5, psnr: dict | None = None, noise: float = 0.05) -> list[Path]:
    """Write run folders: one evaluation a network and domain, one training a network, one fine-tuning."""
    rng = np.random.default_rng(0)
    folders = []
    places = [(subject, index) for subject in SUBJECTS for index in range(40, 40 + slices)]
    offsets = {(d, *p): rng.normal(0, 2) for d in SIZES for p in places}
    starts = {d: {"method": "zero_filled", "training_domain": "", "n_train": None, "n_images": None} for d in SIZES}
    for (domain, training, n_finetune), mean in (psnr or PSNR).items():
        run = folder / f"evaluate-{training}-{n_finetune}-{domain}"
        rows = []
        for subject, index in places:
            value = mean + offsets[domain, subject, index]
            noisy = value + rng.normal(0, noise)
            changes = {"training_domain": training, "n_finetune": n_finetune, "run": run.name}
            rows.append(row(domain, subject, index, psnr=noisy, ssim=0.9 + noisy / 1000, **changes))
            empty = {**starts[domain], "n_finetune": None, "draw": None, "seed": None, "run": run.name}
            rows.append(row(domain, subject, index, psnr=value - mean + 26.5, ssim=0.7, **empty))
        write_rows(run / "slices.csv", rows, SLICE_COLUMNS)
        write_panels(run / "panels.npz", keyed(make_panels(domain, training, n_finetune)))
        folders.append(run)
        history = folder / f"history-{training}-{n_finetune}-{domain if n_finetune else 'all'}"
        if not history.exists():
            epochs = make_history(history.name, training, domain, n_finetune)
            write_rows(history / "history.csv", epochs, HISTORY_COLUMNS)
            folders.append(history)
    return folders


def keyed(panels: dict) -> dict:
    """The same panels by their keys instead of the keys' texts."""
    return {PanelKey.from_json(text): panel for text, panel in panels.items()}


def make_panels(domain: str, training: str, n_finetune: int) -> dict:
    """The panels of one evaluation: a disc with structure, and the network's version of it."""
    size = SIZES[domain]
    x, y = (np.linspace(-1, 1, n) for n in size)
    radius = np.hypot(x[:, None], y[None, :])
    reference = np.where(radius < 0.8, 0.6 + 0.4 * np.cos(9 * x[:, None]) * np.cos(7 * y[None, :]), 0)
    reference = reference / reference.max()
    rng = np.random.default_rng(sum(training.encode()) + n_finetune)
    start = f"{domain}/{SUBJECTS[0]}/41"
    return {
        f"{start}/reference": reference.astype(np.float16),
        f"{start}/zero_filled": (0.9 * reference + 0.05).astype(np.float16),
        f"{start}/mask": radius < 0.5,
        f"{start}/network-{training}-4000-{n_finetune}": np.abs(reference + 0.02 * rng.standard_normal(size)).astype(
            np.float16
        ),
    }


def make_history(run: str, training: str, domain: str, n_finetune: int) -> list[dict]:
    """Rows of history.csv: five sub-networks of four epochs, or one fine-tuning of four."""
    stages = [None] if n_finetune else range(5)
    return [
        {
            "run": run, "kind": "finetune" if n_finetune else "train", "training_domain": training, "n_train": 4000,
            "test_domain": domain if n_finetune else "", "n_finetune": n_finetune if n_finetune else None,
            "draw": 0 if n_finetune else None, "subnetwork": stage, "epoch": epoch, "updates": 100 * (epoch + 1),
            "loss": 0.1 / (epoch + 1), "psnr": 30.0 + epoch,
        }
        for stage in stages
        for epoch in range(4)
    ]  # fmt: skip


def cell_rows(test_domain: str, cells: dict, places=((SUBJECTS[0], 41), (SUBJECTS[1], 42))) -> list[dict]:
    """Rows of networks of a grid.

    ``cells`` maps ``(training_domain, n_train, n_finetune, draw)`` to the PSNR of the first place; each further place
    has 2 dB more. SSIM is PSNR / 40.
    """
    return [
        row(
            test_domain, *place, training_domain=training, n_train=n_train, n_images=n_train, n_finetune=n_finetune,
            draw=draw, psnr=psnr + 2 * i, ssim=(psnr + 2 * i) / 40, run=f"{training}-{n_train}-{n_finetune}-{draw}",
        )
        for (training, n_train, n_finetune, draw), psnr in cells.items()
        for i, place in enumerate(places)
    ]  # fmt: skip


def untrained_rows(test_domain: str, psnr: dict, places=((SUBJECTS[0], 41), (SUBJECTS[1], 42))) -> list[dict]:
    """Rows of methods without training: ``psnr`` maps ``zero_filled`` or ``cs:literal`` to PSNR, as in `cell_rows`."""
    none = dict.fromkeys(["n_train", "n_images", "n_finetune", "draw", "seed"])
    return [
        row(test_domain, *place, method=method, training_domain="", psnr=value + 2 * i, ssim=value / 40, **none)
        for method, value in psnr.items()
        for i, place in enumerate(places)
    ]


def labelled_panels(test_domain: str, labels, place=(SUBJECTS[0], 41)) -> dict:
    """Panels of one slice: those of `make_panels`, and one with an error of its own for each label."""
    start = f"{test_domain}/{place[0]}/{place[1]}"
    base = make_panels(test_domain, "natural", 0)
    kept = {key.rpartition("/")[2]: image for key, image in base.items() if "network" not in key}
    reference = kept["reference"].astype(float)
    wave = np.sin(np.arange(reference.size)).reshape(reference.shape)
    images = {
        label: np.abs(reference + 0.01 * (i + 1) * wave).astype(np.float16) for i, label in enumerate(sorted(labels))
    }
    return {f"{start}/{label}": image for label, image in {**kept, **images}.items()}


def write_run(folder: Path, rows: list[dict], panels: dict | None = None) -> Path:
    """Write one run folder that holds these rows and panels."""
    write_rows(folder / "slices.csv", rows, SLICE_COLUMNS)
    write_panels(folder / "panels.npz", keyed(panels or {}))
    return folder


def frame(rows) -> pd.DataFrame:
    """Rows as they are read from disk: empty text, nullable counts; `variation` is empty unless a row names one."""
    kinds = {name: "object" if kind == "str" else kind for name, kind in SLICE_COLUMNS.items()}
    made = pd.DataFrame(list(rows), columns=list(kinds)).astype(kinds)
    texts = [name for name, kind in SLICE_COLUMNS.items() if kind == "str"]
    return made.assign(**{name: made[name].fillna("") for name in texts})


def cell(values, subjects=SUBJECTS, slices=5, **changes) -> list[dict]:
    """Rows of one network (or method): `values` is domain to mean PSNR; PSNR differs by slice as everywhere here."""
    rng = np.random.default_rng(0)
    offsets = {(s, i): rng.normal(0, 2) for s in subjects for i in range(40, 40 + slices)}
    return [
        row(domain, subject, index, psnr=mean + offset, **changes)
        for domain, mean in values.items()
        for (subject, index), offset in offsets.items()
    ]


def untrained(method) -> dict:
    """What the columns of a method without training hold."""
    return {"method": method, "training_domain": "", **dict.fromkeys(("n_train", "n_images", "n_finetune", "draw"))}


def made(rows, variations=(), **provenance) -> SimpleNamespace:
    """Results in memory, for what reads their tables alone."""
    return SimpleNamespace(
        profile="desk", slices=frame(rows), variations=frame(variations), provenance=provenance, records={}
    )


def plain(rendered) -> str:
    """The Markdown of what a page shows, without the spaces that only align its columns and without unbroken ones."""
    return re.sub(" {2,}", " ", rendered.markdown.replace("\u00a0", " "))


def line(text, title) -> str:
    """The only line of a table that begins with a title."""
    (row_text,) = [row_text for row_text in text.splitlines() if row_text.startswith(f"| {title} |")]
    return row_text


def write_benchmark(root: Path, name: str, rows, processor: str = "a processor") -> Path:
    """A benchmark's file: rows are (what, size, batch, seconds a slice, PSNR, tool), CS of 80 iterations."""
    keys = ("what", "size", "batch", "seconds_per_slice", "psnr", "tool")
    machine = {"processor": processor, "cores": 2, "system": "Linux", "memory_gib": 8.0, "matmul_gflops": 168.0}
    content = {"machine": machine, "versions": {"numpy": "2.4"}, "commit": "0" * 40}
    path = root / "benchmarks" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    made = [dict(zip(keys, one, strict=True)) for one in rows]
    made = [one | ({"gflops": 120.0} if one["what"] == "network" else {"iterations": 80}) for one in made]
    path.write_text(json.dumps({**content, "rows": made}))
    write_provenance(path.parent, {})
    return path


def executed() -> dict:
    """A notebook as papermill leaves it: with a progress bar, noise on stderr, a figure, a table and paths."""
    image = np.zeros((700, 1400, 3), np.uint8) + 255
    image[:, :, 0] = np.linspace(0, 255, 1400)[None, :]
    image[300:400] = np.random.default_rng(0).integers(0, 256, (100, 1400, 1))
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG")
    times = {"execution": {"iopub.execute_input": "2026-11-24T06:35:14Z"}, "papermill": {"duration": 0.01}}

    def code(source, *outputs, tags=()):
        metadata = {**times, "tags": list(tags)}
        return {"cell_type": "code", "execution_count": 3, "metadata": metadata, "source": source, "outputs": outputs}

    def shown(**data):
        return {
            "output_type": "display_data",
            "metadata": {},
            "data": {k.replace("_", "/"): v for k, v in data.items()},
        }

    place = "/data/home/somebody/runs/desk/train-natural-500-1a0c97fa77"
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "c3"}, "text/plain": "0/1 [00:00<?, ?it/s]"}
    html = "<table><tr><td>26.0</td></tr></table>"
    cells = [
        {
            "cell_type": "markdown",
            "metadata": times,
            "source": ["# Train a cascade\n", "\n", "One *network*, `smoke`."],
        },
        code('profile = "desk"\nn_train = 500\n', tags=["injected-parameters"]),
        code(
            "folder = runs.execute(run, bar)\nfolder",
            {"output_type": "display_data", "metadata": {}, "data": widget},
            {"output_type": "stream", "name": "stderr", "text": "oneDNN custom operations are on."},
            {"output_type": "stream", "name": "stdout", "text": [f"epoch {n}\n" for n in range(100)]},
            {"output_type": "execute_result", "metadata": {}, "data": {"text/plain": f"PosixPath('{place}')"}},
        ),
        code("charts.training_curves(history)", shown(image_png=base64.b64encode(content.getvalue()).decode())),
        code(
            "history",
            shown(text_html=html, text_plain=["     loss  psnr\n", "0   0.044  26.0"]),
            shown(text_plain="\x1b[31mhttps://arxiv.org/abs/1710.02615, seconds/update 3/4\x1b[0m"),
        ),
    ]
    papermill = {"parameters": {"profile": "desk", "n_train": 500}, "duration": 382.123, "output_path": place}
    return {"cells": cells, "metadata": {"papermill": papermill}, "nbformat": 4, "nbformat_minor": 5}


def publish(root: Path, profile: str = "desk") -> None:
    """Lay beside collected results what else the book shows: executed notebooks of two runs, and measured times."""
    for name in ("train-natural-4000-1a0c97fa77", "evaluate-network-natural-4000-t1-0-0123456789"):
        content = notebooks.as_bytes(notebooks.trim(executed()))
        write_bytes(root / profile / notebooks.FOLDER / f"{name}.ipynb", content)
    write_provenance(root / profile, {})
    size = [256, 176]
    write_benchmark(root, "inference", [("network", size, 1, 0.41, None, "recon_lib")])
    write_benchmark(root, "compressed_sensing", [("cs:literal", size, 8, 4.51, 33.0, "recon_lib")])
    write_provenance(root / "benchmarks", {})


def explorer_runs(folder: Path, draws: int = 1) -> list[Path]:
    """As :func:`make_runs`, and on T1 two small networks with pictures of two slices, CS and conjugate symmetry."""
    folders = make_runs(folder)
    for n_finetune in (0, 5):
        folders.append(folder / f"evaluate-natural-500-{n_finetune}")
        changes = {"n_train": 500, "n_images": 500, "n_finetune": n_finetune}
        rows = [
            row(
                "t1",
                subject,
                41,
                psnr=31.0 + 10 * draw + n_finetune / 10,
                draw=draw,
                run=f"{n_finetune}-{draw}",
                **changes,
            )
            for draw in range(draws)
            for subject in SUBJECTS[:2]
        ]
        write_rows(folders[-1] / "slices.csv", rows, SLICE_COLUMNS)
        write_panels(
            folders[-1] / "panels.npz", keyed(_two_slices(f"network-natural-500-{n_finetune}", 0.06 - n_finetune / 200))
        )
    folders.append(folder / "evaluate-others")
    empty = {"training_domain": "", "n_train": None, "n_images": None, "n_finetune": None, "draw": None, "seed": None}
    methods = {"cs:literal": 0.04, "conjugate_symmetry": 0.08}
    rows = [row("t1", s, 41, method=m, psnr=28.0, run=m, **empty) for m in methods for s in SUBJECTS[:2]]
    write_rows(folders[-1] / "slices.csv", rows, SLICE_COLUMNS)
    write_panels(
        folders[-1] / "panels.npz",
        keyed({key: panel for m, noise in methods.items() for key, panel in _two_slices(m, noise).items()}),
    )
    return folders


def _two_slices(label: str, noise: float) -> dict:
    """The first subject's slice of :func:`make_panels` and the second's, with a reconstruction of each."""
    start = f"t1/{SUBJECTS[0]}/41/"
    first = {k.removeprefix(start): p for k, p in make_panels("t1", "natural", 20).items()}
    rng = np.random.default_rng(sum(label.encode()))
    panels = {}
    for number, subject in enumerate(SUBJECTS[:2]):
        reference = np.roll(first["reference"], 2 * number, axis=0)
        image = np.abs(reference + noise * rng.standard_normal(reference.shape)).astype(np.float16)
        panels[f"t1/{subject}/41/{label}"] = image
        if number:
            others = {"reference": reference, "mask": first["mask"], "zero_filled": first["zero_filled"]}
            panels |= {f"t1/{subject}/41/{name}": panel for name, panel in others.items()}
    return panels


# A profile with two other accelerations, and two variations that are none: something else differs in each.
ACCELERATED = {
    "acceleration": 4.0,
    "variations": {
        **{f"acceleration-{r}": {"change": {"acceleration": float(r)}, "networks": "base"} for r in (8, 2)},
        "masks-at-6": {"change": {"acceleration": 6.0, "masks": {"power": 1.0}}, "networks": "base"},
        "trained-at-6": {"change": {"acceleration": 6.0}, "networks": "own"},
    },
}
# PSNR of the first slice, dB, by variation, test domain, and fine-tuning images (None: zero-filled).
AT_OTHERS = {
    ("acceleration-2", "t1"): {None: 31.0, 0: 38.0, 20: 37.5},
    ("acceleration-2", "t2"): {None: 32.0, 0: 36.0, 20: 39.0},
    ("acceleration-8", "t1"): {None: 22.0, 0: 25.0},
    ("masks-at-6", "t1"): {0: 1.0},
    ("trained-at-6", "t1"): {0: 2.0},
}


def accelerated_runs(folder: Path) -> list[Path]:
    """Runs of :data:`AT_OTHERS`: rows of two slices 2 dB apart, the first one's picture, and its mask at each."""
    folders = []
    for (variation, domain), psnr in AT_OTHERS.items():
        factor = float(variation[-1])
        kept = make_panels(domain, "natural", 0)
        start, size = f"{domain}/{SUBJECTS[0]}/41", SIZES[domain]
        panels = {f"{start}/mask@{variation}": np.arange(np.prod(size)).reshape(size) % factor == 0}
        rows = []
        for n_finetune, value in psnr.items():
            changes = {"acceleration": factor, "variation": variation, "run": f"{variation}-{domain}-{n_finetune}"}
            changes |= untrained("zero_filled") if n_finetune is None else {"n_finetune": n_finetune}
            places = enumerate(((SUBJECTS[0], 41), (SUBJECTS[1], 42)))
            rows += [row(domain, *place, psnr=value + 2 * i, ssim=value / 50, **changes) for i, place in places]
            label = "zero_filled" if n_finetune is None else f"network-natural-4000-{n_finetune}"
            image = kept[f"{start}/reference"] * (1 - 1 / value)
            panels[f"{start}/{label}@{variation}"] = image.astype(np.float16)
        folders.append(write_run(folder / f"evaluate-{variation}-{domain}", rows, panels))
    return folders
