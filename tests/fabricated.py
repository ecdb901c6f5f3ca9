"""Fabricated runs in the exact format of real ones, with effects known in advance, for the tests."""

from pathlib import Path

import numpy as np

from recon_lib.storage import HISTORY_COLUMNS, SLICE_COLUMNS, write_panels, write_rows

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
        write_panels(run / "panels.npz", make_panels(domain, training, n_finetune))
        folders.append(run)
        history = folder / f"history-{training}-{n_finetune}-{domain if n_finetune else 'all'}"
        if not history.exists():
            epochs = make_history(history.name, training, domain, n_finetune)
            write_rows(history / "history.csv", epochs, HISTORY_COLUMNS)
            folders.append(history)
    return folders


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
            folders[-1] / "panels.npz", _two_slices(f"network-natural-500-{n_finetune}", 0.06 - n_finetune / 200)
        )
    folders.append(folder / "evaluate-others")
    empty = {"training_domain": "", "n_train": None, "n_images": None, "n_finetune": None, "draw": None, "seed": None}
    methods = {"cs:literal": 0.04, "conjugate_symmetry": 0.08}
    rows = [row("t1", s, 41, method=m, psnr=28.0, run=m, **empty) for m in methods for s in SUBJECTS[:2]]
    write_rows(folders[-1] / "slices.csv", rows, SLICE_COLUMNS)
    write_panels(
        folders[-1] / "panels.npz",
        {key: panel for m, noise in methods.items() for key, panel in _two_slices(m, noise).items()},
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
