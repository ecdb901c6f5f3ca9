"""The released networks: listed, and each with its card, read from the files beside them."""

from __future__ import annotations

import json
import textwrap
from dataclasses import replace
from pathlib import Path

from tabulate import tabulate

from recon_lib.core import files
from recon_lib.core.errors import ReconError
from recon_lib.data.manifest import load_manifest
from recon_lib.experiment.counting import weights
from recon_lib.experiment.design import domain_name
from recon_lib.experiment.recipes import Architecture
from recon_lib.paper.differences.accelerations import own_acceleration
from recon_lib.paper.domains import page_domains
from recon_lib.paper.markdown import render_table
from recon_lib.paper.markup import Rendered, signed
from recon_lib.results.released import NetworkCard, read_card, read_cards
from recon_lib.results.store import Results

USE = (
    "Research on reconstruction of single-coil, retrospectively undersampled magnitude images, and a start for tuning "
    "with a few images of one's own. Not for diagnosis or any other clinical use."
)
LIMITS = (
    "It learned from images without phase and without coils, at one acceleration and with one kind of mask: on raw "
    "k-space, with other masks or other contrasts it gives less than the figures here, and it may draw what is not "
    "there where nothing was sampled."
)
_TESTED = {"open": " It was tested on healthy adults' brains, defaced, of one study."}  # by the source of its test


def render_networks(results: Results) -> Rendered:
    """List the released networks, and what storing them in half precision costs.

    Args:
        results: A verified folder of results.

    Returns:
        A markdown table: name, training domain and images, images of fine-tuning, size in MB, mean PSNR lost on
        test slices in dB (positive: lost), first eight digits of the sha256.
    """
    rows = []
    for card in read_cards(results):
        losses = sorted(card.float16_cost_db.items())
        cost = ", ".join(f"{domain_name(domain)} {signed(loss, 4)}" for domain, loss in losses)
        size = f"{card.bytes / 1e6:.2f}"
        rows.append((f"`{card.name}`", _trained(card), _tuned(card), size, cost, f"`{card.sha256[:8]}`"))
    heads = ("Name", "Trained on", "Tuned with", "Size, MB", "Lost by half precision, dB", "sha256")
    return render_table(heads, rows, "lllrll")


def scores(results: Results, card: NetworkCard) -> dict[str, dict[str, float]]:
    """Return what a network gives on the test slices, from the results.

    Args:
        results: A verified folder of results.
        card: The network's card.

    Returns:
        By test domain: mean ``psnr`` in dB and ``ssim``, those of the zero-filled images (``psnr_zero_filled``,
        ``ssim_zero_filled``), and ``slices``. A domain on which it was not tested is left out.
    """
    rows, key = results.slices, card.key
    chosen = (
        (rows["method"] == "network")
        & (rows["training_domain"] == key.training_domain)
        & (rows["n_train"] == (key.n_train or -1))
        & (rows["n_finetune"] == (key.n_finetune or 0))
        & (rows["draw"].fillna(0) == (key.draw or 0))
    )
    if card.kind == "finetune":
        chosen &= rows["test_domain"] == key.test_domain
    start = rows[rows["method"] == "zero_filled"].groupby("test_domain")[["psnr", "ssim"]].mean()
    means_of = {}
    for domain, part in rows[chosen.fillna(False)].groupby("test_domain"):
        means = {"psnr": float(part["psnr"].mean()), "ssim": float(part["ssim"].mean()), "slices": len(part)}
        if domain in start.index:
            means |= {f"{key}_zero_filled": float(start.loc[domain, key]) for key in ("psnr", "ssim")}
        means_of[str(domain)] = means
    return means_of


def licence(card: NetworkCard, results: Results | None) -> str:
    """Say under what terms a network may be used: the project's, and those of the images it learned from.

    Args:
        card: The network's card.
        results: The results that it belongs to; they name the source of each domain.
    """
    terms = []
    for domain in dict.fromkeys((card.key.training_domain, card.key.test_domain)):
        source = _source(results, domain)
        if source == "generated":
            terms.append(f"{domain_name(domain)} made by code")
        elif source:
            collection = load_manifest().source(domain, source).collection
            terms.append(f"{domain_name(domain)} ({collection.licence})")
        elif domain:
            terms.append(f"{domain_name(domain)} under terms that its maker knows")
    return f"MIT, as the project; learned from {'; '.join(terms) or 'unnamed images'}"


def plain_list(results: Results | None) -> str:
    """List the released networks for a terminal.

    Args:
        results: A verified folder of results, or ``None`` where there are none.

    Returns:
        A table, then the licences.

    Raises:
        ReconError: There are no networks.
    """
    cards = read_cards(results) if results else []
    if not results or not cards:
        raise ReconError("There are no released networks: run a profile, or fetch book/results of the project.")
    domains = page_domains(results)
    tests = [f"{domain_name(domain)}, PSNR / SSIM" for domain in domains]
    heads = ["name", "trained on", "tuned with", *tests, "size", "sha256"]
    rows = []
    for card in cards:
        means = scores(results, card)
        cells = [f"{means[d]['psnr']:.2f} dB / {means[d]['ssim']:.4f}" if d in means else "-" for d in domains]
        size = f"{card.bytes / 1e6:.2f} MB"
        rows.append([card.name, _trained(card), _tuned(card) or "-", *cells, size, card.sha256[:16]])
    table = tabulate(rows, headers=heads, disable_numparse=True)
    terms = [f"{card.name}: {licence(card, results)}" for card in cards]
    factor = own_acceleration(results)
    fold = "" if factor is None else f", {factor:g}-fold undersampled (a simulation)"
    note = f"PSNR / SSIM: means over the test subjects' slices{fold}."
    return "\n".join([table, "", note, "", "licences:", *(f"  {term}" for term in terms)])


def plain_card(path: Path, results: Results | None) -> str:
    """Say everything that is known of a network, for a terminal.

    Args:
        path: Its file.
        results: A verified folder of results, or ``None``.

    Raises:
        ReconError: The file is unreadable or holds no network.
    """
    card = replace(read_card(path), file=path.name, sha256=files.sha256(path), bytes=path.stat().st_size)
    released = results is not None and any(known.sha256 == card.sha256 for known in read_cards(results))
    facts = _facts(card, results if released else None)
    width = max(map(len, facts))
    body = [
        textwrap.fill(f"{key.ljust(width)}  {text}", 110, subsequent_indent=" " * (width + 2))
        for key, text in facts.items()
    ]
    return "\n".join([*body, "card:", json.dumps(card.to_json(), indent=2, sort_keys=True)])


def render_scores(results: Results) -> Rendered:
    """List what each released network gives on the test slices.

    Args:
        results: A verified folder of results.

    Returns:
        A markdown table: name, then for each test domain mean PSNR in dB and SSIM; empty where it was not tested.
    """
    domains = page_domains(results)
    rows = []
    for card in read_cards(results):
        row, means = [f"`{card.name}`"], scores(results, card)
        for domain in domains:
            row += [f"{means[domain]['psnr']:.2f}", f"{means[domain]['ssim']:.3f}"] if domain in means else ["", ""]
        rows.append(row)
    heads = [head for domain in domains for head in (f"{domain_name(domain)}, dB", f"{domain_name(domain)}, SSIM")]
    return render_table(("Name", *heads), rows, "l" + "rr" * len(domains))


def render_cards(results: Results) -> Rendered:
    """Describe each released network in a block of its own.

    Args:
        results: A verified folder of results.

    Returns:
        Markdown: a panel a network, with what it learned from, what it gives, its file, terms, use and limits.
    """
    blocks = []
    for card in read_cards(results):
        facts = _facts(card, results)
        name = facts.pop("name")
        facts["sha256"] = f"`{card.sha256[:32]}` `{card.sha256[32:]}`"  # in two, or it would not fit a narrow page
        lines = [f"- **{key}**: {text}" for key, text in facts.items()]
        blocks.append("\n".join([f":::{{admonition}} {name}", ":class: note dropdown", "", *lines, ":::"]))
    return Rendered(markdown="\n\n".join(blocks))


def _facts(card: NetworkCard, results: Results | None) -> dict[str, str]:
    """Return what there is to say of a network, by heading."""
    architecture = Architecture.from_dict(card.architecture)
    facts = {
        "name": card.name,
        "trained on": _trained(card),
        "tuned with": _tuned(card),
        "network": f"{architecture.subnetworks} sub-networks of {architecture.hidden_layers} hidden layers and "
        f"{architecture.filters} filters, {weights(architecture):,} weights in {card.stored}",
        "normalisation": card.normalisation or "",
    }
    tests = scores(results, card) if results else {}
    for domain, means in tests.items():
        text = f"PSNR {means['psnr']:.2f} dB, SSIM {means['ssim']:.4f}"
        if "psnr_zero_filled" in means:
            text += f" (zero-filled {means['psnr_zero_filled']:.2f} dB, {means['ssim_zero_filled']:.4f})"
        facts[f"test on {domain_name(domain)}"] = f"{text}, means over {means['slices']} slices"
    held_out = card.held_out
    if held_out:
        start, tuned = held_out.psnr_before, held_out.psnr_after
        facts["held-out slices"] = (
            f"PSNR {start['network']:.2f} dB before tuning, {tuned['network']:.2f} dB after "
            f"(zero-filled {tuned['zero_filled']:.2f} dB), means over {held_out.slices} slices"
        )
    facts |= {
        "file": f"{card.file}, {card.bytes / 1e6:.2f} MB",
        "sha256": card.sha256,
        "licence": licence(card, results),
        "intended use": USE,
        "limits": LIMITS + "".join(_TESTED.get(source, "") for source in {_source(results, name) for name in tests}),
    }
    return {key: text for key, text in facts.items() if text}


def _source(results: Results | None, domain: str | None) -> str | None:
    """Find where a domain's images came from; ``None`` if nothing says it."""
    domains = ((results.provenance.get("profile") or {}).get("domains") or {}) if results else {}
    return (domains.get(domain) or {}).get("source")


def _trained(card: NetworkCard) -> str:
    return f"{'unknown' if card.n_images is None else card.n_images} {domain_name(card.key.training_domain or '')}"


def _tuned(card: NetworkCard) -> str:
    if card.kind != "finetune":
        return ""
    return f"{card.key.n_finetune} {domain_name(card.key.test_domain)}"
