"""What others found about training on images that are not those of the test: references, each with one finding.

Each finding is stated from the abstract of its reference.
"""

from __future__ import annotations

from dataclasses import dataclass

from recon_lib.paper.markup import Rendered


@dataclass(frozen=True)
class Finding:
    """One reference and what it found.

    Attributes:
        authors: As a text cites them.
        year: Of publication.
        source: Journal or series, with volume and pages.
        url: Where it is found.
        sentence: The finding.
    """

    authors: str
    year: int
    source: str
    url: str
    sentence: str


FINDINGS = (
    Finding(
        "Knoll, Hammernik, Kobler, Pock, Recht and Sodickson",
        2019,
        "Magn Reson Med 81:116-128",
        "https://doi.org/10.1002/mrm.27355",
        "Networks trained on data made from photographs left some aliasing in knee images, and fine-tuning with few MR "
        "scans removed it.",
    ),
    Finding(
        "Ouyang and others",
        2019,
        "arXiv 1902.10815",
        "https://arxiv.org/abs/1902.10815",
        "On contrasts and organs that it had not seen, a network trained on photographs with a made-up phase was "
        "competitive with one that was trained on these.",
    ),
    Finding(
        "Arshad and others",
        2021,
        "Magn Reson Imaging 76:96-107",
        "https://doi.org/10.1016/j.mri.2020.09.018",
        "Without photographs: a U-Net trained on brain images of a 1.5 T scanner could be tuned end to end to other "
        "field strengths, organs and accelerations.",
    ),
    Finding(
        "Lin and Heckel",
        2022,
        "Proceedings of Machine Learning Research 172:774-795",
        "https://openreview.net/forum?id=cNX6LASbv6",
        "A vision transformer trained on photographs first gave better images than convolutional networks trained on "
        "photographs first, where only 100 MR images were left to train on.",
    ),
    Finding(
        "Jaubert and others",
        2024,
        "Scientific Reports 14:11774",
        "https://doi.org/10.1038/s41598-024-62294-7",
        "Networks for moving images, trained on videos of any subject, lost to those trained on heart scans in "
        "simulation; in new scans readers ranked both alike.",
    ),
)


def render_findings() -> Rendered:
    """List the findings by year, each with its reference.

    Returns:
        Markdown.
    """
    lines = [
        f"- {finding.authors} ({finding.year}, [{finding.source}]({finding.url})). {finding.sentence}"
        for finding in sorted(FINDINGS, key=lambda finding: finding.year)
    ]
    return Rendered(markdown="\n".join(lines))
