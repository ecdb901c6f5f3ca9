"""What is known of the open MR scans: field strength, sequence, times, voxels and slices, each with its source.

Sizes, voxels and times are those of the files' NIfTI headers. What neither the files nor the text that comes with the
data set states is said to be not stated.
"""

from __future__ import annotations

from dataclasses import dataclass

from recon_lib.data.manifest import load_manifest
from recon_lib.paper.markdown import render_table
from recon_lib.paper.markup import Rendered

NOT_STATED = "not stated"


@dataclass(frozen=True)
class ScanFacts:
    """What is known of the scans of one domain.

    Attributes:
        domain: Its name in the manifest.
        contrast: As the file names have it.
        matrix: Voxels along the axes of the volume.
        voxel_mm: Their sizes in mm, along the same axes.
        slice_axis: The axis along which the axial slices used here lie.
        repetition_s: Repetition time in s; ``None`` where the headers have none.
        echo_ms: Echo time in whole ms, as the headers round it; ``None`` where they have none.
    """

    domain: str
    contrast: str
    matrix: tuple[int, int, int]
    voxel_mm: tuple[float, float, float]
    slice_axis: int
    repetition_s: float | None = None
    echo_ms: int | None = None


SCANS = (
    ScanFacts("t1", "T1w", (160, 192, 192), (1.0, 4 / 3, 4 / 3), 2),
    ScanFacts("t2", "inplaneT2", (128, 128, 30), (1.5625, 1.5625, 5.0), 2),
    ScanFacts("t1_bold5000", "T1w", (176, 256, 256), (1.0, 1.0, 1.0), 2, 2.3, 2),
)


def render_scans() -> Rendered:
    """Draw the table of the open scans.

    Returns:
        Markdown: a row a domain.
    """
    rows = []
    for scan in SCANS:
        source = load_manifest().source(scan.domain, "open")
        times = (
            NOT_STATED if scan.repetition_s is None else f"{scan.repetition_s:g} s",
            NOT_STATED if scan.echo_ms is None else f"{scan.echo_ms} ms, rounded",
        )
        rows.append(
            (
                f"`{scan.domain}`",
                f"`{source.collection.name}`",
                scan.contrast,
                NOT_STATED,  # the field strength
                NOT_STATED,  # the sequence
                *times,
                " x ".join(map(str, scan.matrix)),
                " x ".join(f"{size:.2f}" for size in scan.voxel_mm),
                f"{scan.voxel_mm[scan.slice_axis]:.2f}",
            )
        )
    heads = ("Domain", "Collection", "File name says", "Field strength", "Sequence", "TR", "TE", "Matrix", "Voxel, mm",
             "Slice, mm")  # fmt: skip
    return render_table(heads, rows, "lllllrrlll")


def render_tuning_people() -> Rendered:
    """Say how many people the fine-tuning images come from.

    Returns:
        Markdown: a sentence.
    """
    splits = load_manifest().source("t1", "open").splits
    counts = {name: len(splits[name]) for name in ("train", "pool", "test")}
    return Rendered(
        markdown=f"So the T1 and T2 networks learn from {counts['train']} people, every fine-tuning image shows one of "
        f"{counts['pool']} others, and {counts['test']} more are tested."
    )
