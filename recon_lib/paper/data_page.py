"""The paper's data beside ours: what was imaged, at what size, and how many slices of how many people."""

from __future__ import annotations

from collections.abc import Sequence

from recon_lib.data.manifest import load_manifest
from recon_lib.experiment.design import domain_name
from recon_lib.paper.domains import page_domains
from recon_lib.paper.markdown import render_table
from recon_lib.paper.markup import Rendered
from recon_lib.paper.reference import PAPER_SIZES
from recon_lib.results.store import Results

#: What the paper says of its scans.
_PAPER_SCANS = {
    "t1": ("3-D gradient echo", "4000 slices of 34 subjects", "628 slices of 5"),
    "t2": ("2-D spin echo", "4000 slices of 32 subjects", "640 slices of 5"),
}
_OUR_SCANS = {"t1": "T1-weighted, axial", "t2": "in-plane T2-weighted"}  # of the open data


def render_data(results: Results | None) -> Rendered:
    """Draw the paper's data beside ours: sizes, and how many slices of how many people.

    Args:
        results: Ours; ``None`` leaves our cells empty.

    Returns:
        Markdown. Ours is counted in the results, subjects of training in the manifest.
    """
    domains = {} if results is None else (results.provenance.get("profile") or {}).get("domains", {})
    side = domains.get("natural", {}).get("matrix")
    size = f", {_size(side)}" if side else ""
    stand_ins = f"open stand-ins, most of them from ImageNet ([data](data.md)){size}"
    rows = [
        ("Photographs", "ImageNet's validation set of 2011, 256 x 256", stand_ins),
        ("MR images", "MIDAS", "OpenfMRI ds000011, of the same people in T1 and T2"),
    ]
    for domain in page_domains(results):
        source = domains.get(domain, {}).get("source", "open")
        ours = ("", "", "") if results is None else _our_data(results, domain, source)
        theirs = _paper_data(domain)
        titles = ("acquisition, slices", "trained on, at most", "tested on")
        rows += [
            (f"{domain_name(domain)}, {title}", *cells) for title, *cells in zip(titles, theirs, ours, strict=True)
        ]
    rows.append(("Test", "slices of people not trained on", "the same, one split for both contrasts"))
    return render_table(("", "The paper", "Here"), rows, "lll")


def _paper_data(domain: str) -> tuple[str, str, str]:
    """Say what the paper's slices of a contrast are, how many were trained on and how many tested on."""
    if domain not in _PAPER_SCANS:
        return "", "", ""
    scan, trained, tested = _PAPER_SCANS[domain]
    return f"{scan}, {_size(PAPER_SIZES[domain])}", trained, tested


def _our_data(results: Results, domain: str, source: str) -> tuple[str, str, str]:
    """Say what our slices of a contrast are, how many were trained on and how many tested on."""
    sizes = {
        image.shape for key, image in results.panels.items() if (key.test_domain, key.picture) == (domain, "reference")
    }
    size = ", ".join(map(_size, sorted(sizes)))
    slices = results.slices
    trained = max(slices[slices["training_domain"] == domain]["n_images"].dropna(), default=0)
    people = load_manifest().source(domain, source).splits.get("train", ())
    tested = slices[slices["test_domain"] == domain].drop_duplicates(["subject", "slice"])
    scans = _OUR_SCANS.get(domain, "") if source == "open" else ""
    return (
        ", ".join(filter(None, (scans, size))),
        f"{trained} slices of {len(people)} subjects" if trained else "",
        f"{len(tested)} slices of {tested['subject'].nunique()}" if len(tested) else "",
    )


def _size(size: Sequence[int]) -> str:
    return " x ".join(map(str, size))
