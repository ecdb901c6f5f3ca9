"""Merge runs, and what was collected earlier on another machine, into one folder of results."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import filelock
import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.core.files import write_bytes, write_json
from recon_lib.results.keys import RunKey
from recon_lib.results.notebooks import FOLDER
from recon_lib.results.panels import PanelKey, read_panels, write_panels
from recon_lib.results.provenance import verify, write_provenance
from recon_lib.results.released import NetworkCard
from recon_lib.results.rows import HISTORY_COLUMNS, SLICE_COLUMNS, read_rows, write_rows

_NETWORK = ["variation", "test_domain", "method", "training_domain", "n_train", "n_finetune", "draw", "seed"]
_SLICE_KEY = [*_NETWORK, "subject", "slice", "mask", "acceleration"]
_EPOCH_KEY = ["run", "kind", "subnetwork", "epoch"]
_TEMPORARY = shutil.ignore_patterns(".*")  # files that a killed process was writing
_AGREE = 1e-4  # the largest relative difference: two machines round the same reconstruction differently


def collect(
    run_folders: Iterable[Path],
    out: Path,
    details: Mapping[str, object],
    keep: Mapping[str, RunKey | None] | None = None,
    notebooks: Mapping[str, bytes] | None = None,
) -> dict:
    """Merge runs into one folder of results, which replaces the old one in one step and keeps its ``weights/``.

    A row or image that several runs hold (the zero-filled reconstruction, say) is kept once if all agree.

    Args:
        run_folders: Folders with ``slices.csv`` and ``panels.npz`` (evaluations) or ``history.csv`` (training);
            their order does not matter.
        out: The folder of results, ``book/results/<profile>``.
        details: For the provenance, as in :func:`recon_lib.results.provenance.write_provenance`.
        keep: Runs whose rows, record and notebook are taken over from the old folder, because they were made
            elsewhere; and what an evaluation is named by, of which there are images.
        notebooks: Executed notebooks by the name of their run, written to ``notebooks/``.

    Returns:
        The provenance.

    Raises:
        ReconError: A folder is missing or holds nothing to collect, or two runs disagree.
    """
    folders, keep = sorted({Path(folder) for folder in run_folders}), keep or {}
    if not folders and not keep:
        raise ReconError("There are no runs to collect: run the experiment first.")
    for folder in folders:
        if not any((folder / name).is_file() for name in ("slices.csv", "history.csv", "panels.npz")):
            raise ReconError(f"{folder} holds no slices.csv, history.csv or panels.npz: finish or remove that run.")
    panels = _panels(folders, out, keep)
    recover(out)
    building, networks = _sibling(out, "part"), _sibling(out, "weights")
    networks = networks if networks.is_dir() else out / "weights"
    try:
        write_rows(building / "slices.csv.gz", _merge(folders, out, keep, "slices.csv", SLICE_COLUMNS))
        history = _merge(folders, out, keep, "history.csv", HISTORY_COLUMNS)
        write_rows(building / "history.csv.gz", history, HISTORY_COLUMNS)
        write_panels(building / "panels.npz", panels)
        write_json(building / "records.json", _records(folders, out, keep))
        paths = {run: notebook_file(out, run) for run in keep}
        contents = {run: path.read_bytes() for run, path in paths.items() if path.is_file()} | dict(notebooks or {})
        for run, content in contents.items():
            write_bytes(notebook_file(building, run), content)
        if networks.is_dir():
            shutil.copytree(networks, building / "weights", ignore=_TEMPORARY)
        content = write_provenance(building, details)
        _swap(building, out)
        shutil.rmtree(_sibling(out, "weights"), ignore_errors=True)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return content


def add_panels(out: Path, panels: Mapping[PanelKey, np.ndarray]) -> dict:
    """Add pictures to a folder of results, which is replaced in one step; the caller holds its lock.

    Args:
        out: The folder of results, which verifies.
        panels: Pictures by key; one that is there already is replaced.

    Returns:
        The provenance: as it was, with the new hash of the pictures.

    Raises:
        ReconError: The folder fails :func:`recon_lib.results.provenance.verify`.
    """
    details = verify(out)
    building = _sibling(out, "part")
    try:
        shutil.copytree(out, building, ignore=_TEMPORARY)
        write_panels(building / "panels.npz", read_panels(out / "panels.npz") | panels)
        content = write_provenance(building, {key: details[key] for key in details if key not in ("files", "digest")})
        _swap(building, out)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return content


def notebook_file(out: Path, run: str) -> Path:
    """Name the executed notebook of a run among results: without the colon of ``cs:literal``, which Windows refuses.

    Args:
        out: The folder of results.
        run: The run's identity.
    """
    return out / FOLDER / f"{run.replace(':', '-')}.ipynb"


def lock(out: Path) -> filelock.FileLock:
    """Return the lock of a folder of results: who collects into it holds it from beginning to end.

    Args:
        out: The folder of results.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    return filelock.FileLock(_sibling(out, "lock"))


def recover(out: Path) -> None:
    """Clear away what a collection that was killed left next to the folder of results; the caller holds its lock.

    Args:
        out: The folder of results; if it was just being replaced, the old one comes back.
    """
    aside = _sibling(out, "old")
    if aside.exists() and not out.exists():
        os.replace(aside, out)
    for remnant in (aside, _sibling(out, "part"), _sibling(out, "copy")):
        shutil.rmtree(remnant, ignore_errors=True)


def stage_networks(out: Path) -> Path:
    """Return the folder into which networks are released before they join the results; the caller holds the lock.

    It begins as a copy of the results' own and outlives a kill, so that no network is released twice; the
    results themselves stay whole meanwhile.

    Args:
        out: The folder of results.
    """
    staged, copy = _sibling(out, "weights"), _sibling(out, "copy")
    if not staged.is_dir():
        if (out / "weights").is_dir():
            shutil.copytree(out / "weights", copy, ignore=_TEMPORARY)
        else:
            copy.mkdir(parents=True)
        os.replace(copy, staged)
    return staged


def replace_card(out: Path, card: NetworkCard) -> None:
    """Write the card beside a released network anew, and the provenance with it, in one step.

    Args:
        out: The folder of results, which must be as it was written.
        card: The network's, with the name of its file.

    Raises:
        ReconError: The folder fails :func:`recon_lib.results.provenance.verify`.
    """
    with lock(out):
        recover(out)
        details = {name: value for name, value in verify(out).items() if name not in ("files", "digest")}
        building = _sibling(out, "part")
        try:
            shutil.copytree(out, building, ignore=_TEMPORARY)
            write_json(building / "weights" / f"{card.name}.json", card.to_json())
            write_provenance(building, details)
            _swap(building, out)
        finally:
            shutil.rmtree(building, ignore_errors=True)


def _sibling(out: Path, role: str) -> Path:
    return out.with_name(f".{out.name}.{role}")


def _images_of_runs(keep: Mapping[str, RunKey | None]) -> set[tuple[str, str, str]]:
    """List the images that stay with the runs that stay, as test domain, picture and variation.

    They are the runs' own, the references, and the masks of the profile and of their variations.
    """
    keys = [key for key in keep.values() if key is not None]
    own = {(key.test_domain, key.picture, key.variation or "") for key in keys}
    masks = {(domain, "mask", variation) for domain, _, variation in own}
    return own | masks | {(domain, picture, "") for domain, _, _ in own for picture in ("reference", "mask")}


def _panels(folders: list[Path], out: Path, keep: Mapping[str, RunKey | None]) -> dict[PanelKey, np.ndarray]:
    """Gather the images of every run, and of the runs that stay."""
    panels: dict[PanelKey, np.ndarray] = {}
    for folder in folders:
        for key, image in read_panels(folder / "panels.npz").items():
            if key in panels and not _alike(panels[key], image):
                raise ReconError(f"{folder} has an image {key.to_json()} unlike an earlier run's: evaluate both again.")
            panels.setdefault(key, image)
    stay = _images_of_runs(keep)
    for key, image in read_panels(out / "panels.npz").items():
        if (key.test_domain, key.picture, key.variation) in stay:
            panels.setdefault(key, image)
    return panels


def _records(folders: list[Path], out: Path, keep: Mapping[str, RunKey | None]) -> dict[str, dict]:
    """Gather what each run says of itself, by its name."""
    path = out / "records.json"
    collected = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    records = {run: collected[run] for run in keep if run in collected}
    for folder in folders:
        if (folder / "run.json").is_file():
            record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
            records[record["id"]] = record
    return records


def _merge(
    folders: list[Path], out: Path, keep: Mapping[str, RunKey | None], name: str, columns: Mapping[str, str]
) -> list[dict]:
    """Read one table of every run, keep a repeated row once if all agree about it, and sort."""
    import pandas

    key = _SLICE_KEY if columns is SLICE_COLUMNS else _EPOCH_KEY
    frames = [read_rows(folder / name, columns) for folder in folders if (folder / name).is_file()]
    if keep and (out / f"{name}.gz").is_file():
        collected = read_rows(out / f"{name}.gz", columns)
        frames.append(collected[collected["run"].isin(list(keep))])
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        return []
    merged = pandas.concat(frames, ignore_index=True).sort_values([*key, "run"], ignore_index=True)
    group = merged.groupby(key, dropna=False, sort=False).ngroup()
    numbers = [column for column, kind in columns.items() if kind == "float64"]
    table = merged[numbers].to_numpy()
    repeated = group.duplicated()
    expected = table[np.flatnonzero(~repeated)][group]  # the first row of each group, in the place of all its rows
    contradicting = ~np.isclose(table, expected, rtol=_AGREE, atol=_AGREE, equal_nan=True).all(axis=1)
    if contradicting.any():
        row = merged[contradicting].iloc[0]
        cell = ", ".join(f"{column} {row[column]}" for column in key)
        raise ReconError(f"Run {row['run']} contradicts another one's {name} ({cell}): collect only one of them.")
    return merged[~repeated].to_dict("records")


def _alike(image: np.ndarray, reference: np.ndarray) -> bool:
    """Tell whether two images are one but for the rounding of another machine."""
    same = image.shape == reference.shape and image.dtype == reference.dtype
    return same and bool(np.allclose(image.astype(np.float32), reference.astype(np.float32), rtol=0, atol=0.002))


def _swap(new: Path, old: Path) -> None:
    """Put a folder in another's place; should the second rename fail, the old one comes back."""
    aside = _sibling(old, "old")
    if old.exists():
        os.replace(old, aside)
    try:
        os.replace(new, old)
    except OSError:
        if aside.exists():
            os.replace(aside, old)
        raise
    shutil.rmtree(aside, ignore_errors=True)
