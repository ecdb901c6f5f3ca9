"""Whether one slice ranks methods as the mean over all test slices does, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from recon_lib.paper.panel_view import slice_scores
from recon_lib.paper.words import label
from recon_lib.results.keys import RunKey, split_picture
from recon_lib.results.places import Place
from recon_lib.results.store import Results


def mean_psnr(results: Results, test_domain: str) -> dict[str, float]:
    """Return the mean PSNR of every method over all test slices.

    Args:
        results: Where the rows are.
        test_domain: The contrast.

    Returns:
        dB by the label of the method's picture; of several draws the first, as pictures show it.
    """
    rows = results.slices[results.slices["test_domain"] == test_domain]
    rows = rows[rows["draw"].fillna(0) == 0]
    names = ["method", "training_domain", "n_train", "n_finetune"]
    means = rows.groupby(names, dropna=False)["psnr"].mean().reset_index()
    return {RunKey.from_json(row).picture: float(row["psnr"]) for row in means.to_dict("records")}


def compare_orders(results: Results, test_domain: str, place: Place, pictures: Sequence[str], methods: str) -> str:
    """Say how PSNR ranks methods on one slice, and on average.

    Args:
        results: Where the rows are.
        test_domain: The contrast.
        place: ``(subject, slice)``.
        pictures: Labels of the methods.
        methods: What they are called together, with which the sentence begins.

    Returns:
        One sentence; empty if fewer than two of the methods have rows.
    """
    scores, means = slice_scores(results, test_domain, place), mean_psnr(results, test_domain)
    present = [picture for picture in pictures if picture in scores and picture in means]
    if len(present) < 2:
        return ""
    on_slice = sorted(present, key=lambda picture: -scores[picture][0])
    on_average = sorted(present, key=lambda picture: -means[picture])
    written = f"{methods} rank on this slice, best PSNR first: {_listed(on_slice)}"
    if on_slice == on_average:
        return f"{written}. The mean over all test slices ranks them so too."
    return f"{written}. The mean over all test slices ranks them otherwise: {_listed(on_average)}."


def _listed(pictures: Sequence[str]) -> str:
    return ", ".join(_name(picture) for picture in pictures)


def _name(picture: str) -> str:
    method = split_picture(picture)[0]
    if method.startswith("network-"):
        return label("network", method.removeprefix("network-"))
    return label(method, "")
