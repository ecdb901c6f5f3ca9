"""What the paper prints: every number of its four tables, its time and its sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recon_lib.core import paths
from recon_lib.core.errors import ReconError

if TYPE_CHECKING:
    import pandas

PAPER_MS = 23.0  # the paper's time for an image
PAPER_MACHINE = "two Titan X cards"  # which it names for training and testing
PAPER_SIZES = {"t1": (256, 176), "t2": (256, 192)}
TABLES = {"t1": 1, "t2": 2}  # of a contrast: the table that compares its networks
GRIDS = {"t1": 3, "t2": 4}  # and the table of training images against fine-tuning images
# Entries that lie far off their neighbours, probably misprints: table, training domain, training images, images of
# fine-tuning, metric.
MISPRINTS = ((3, "t1", 1500, 50, "psnr"), (4, "natural", 1500, 50, "psnr"))


def paper() -> pandas.DataFrame:
    """Return every number of the paper's Tables 1 to 4.

    Returns:
        Columns ``table, test_domain, method (network or cs), training_domain, n_train, n_finetune, metric, mean,
        std``, in the names of :mod:`recon_lib.core.files`; the paper's ImageNet is ``natural``.

    Raises:
        ReconError: The file is not there.
    """
    import pandas

    path = paths.RESULTS / "paper_tables.csv"
    if not path.is_file():
        raise ReconError(f"There is no file {path}: restore it from the repository.")
    frame = pandas.read_csv(path, dtype={"n_train": "Int64", "n_finetune": "Int64"})
    is_cs = frame["training_domain"] == "CS"
    frame.insert(2, "method", is_cs.map({True: "cs", False: "network"}))
    frame["test_domain"] = frame["test_domain"].str.lower()
    frame["training_domain"] = frame["training_domain"].where(~is_cs, "").str.lower()
    return frame
