"""The released networks: listed, and each with its card, read from the files beside them."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tabulate import tabulate

from recon_lib.core import files
from recon_lib.core.errors import ReconError
from recon_lib.data.manifest import load_manifest
from recon_lib.experiment.counting import weights
from recon_lib.experiment.design import domain_name
from recon_lib.experiment.named_recipes import FEW_IMAGES
from recon_lib.experiment.recipes import Architecture
from recon_lib.paper import precision_cost
from recon_lib.paper.differences.accelerations import own_acceleration
from recon_lib.paper.domains import page_domains
from recon_lib.paper.markdown import render_table
from recon_lib.paper.markup import Rendered, signed
from recon_lib.results import scanner
from recon_lib.results.defaults import Released, default_networks, gains, released_networks
from recon_lib.results.released import NetworkCard, read_card
from recon_lib.results.scores import scores
from recon_lib.results.store import Results

USE = (
    "Research on reconstruction of single-coil, retrospectively undersampled magnitude images, and a start for tuning "
    "with a few images of one's own. Not for diagnosis or any other clinical use."
)
LIMITS = (
    "It learned from images without phase and without coils, at one acceleration and with one kind of mask: on raw "
    "k-space, with other masks or other contrasts it may do worse than the figures here, and it may draw what is not "
    "there where nothing was sampled."
)
_TESTED = {"open": " It was tested on brains of adults, defaced, of one study."}  # by the source of its test


def render_networks(networks: Sequence[Released]) -> Rendered:
    """List the released networks, what storing them in half precision costs, and what computing in bfloat16 does.

    Args:
        networks: Those that the names stand for, :func:`recon_lib.results.defaults.default_networks`.

    Returns:
        A markdown table: name, profile, training domain and the number of images seen, images of fine-tuning, size in
        MB, mean PSNR lost on test slices in dB by half precision and by bfloat16 (positive: lost; of bfloat16 the worst
        slice too), first eight digits of the sha256.
    """
    rows = []
    for network in networks:
        card = network.card
        losses = sorted(card.float16_cost_db.items())
        cost = ", ".join(f"{domain_name(domain)} {signed(loss, 4)}" for domain, loss in losses)
        size, digits = f"{card.bytes / 1e6:.2f}", f"`{card.sha256[:8]}`"
        rounded = "<br>".join(precision_cost.phrases(card)) or "not measured"
        rows.append(
            (f"`{card.name}`", network.results.profile, _trained(card), _tuned(card), size, cost, rounded, digits)
        )
    lost = ("Lost by half precision, dB", "Lost by bfloat16, dB (worst slice)")
    heads = ("Name", "Profile", "Trained on", "Tuned with", "Size, MB", *lost, "sha256")
    return render_table(heads, rows, "llllrlll")


def render_defaults() -> Rendered:
    """Tabulate, for each name that several profiles have a network of, which one it stands for and why.

    Returns:
        A markdown table: name, profile, and the mean PSNR of the best profile's network less that of the other
        profile's, dB, on each test domain and on the third scanner; empty where they were not both tested.

    Raises:
        ReconError: Results fail their check.
    """
    chosen, (rows, _) = default_networks(), scanner.read()
    compared = [
        (name, f"{holders[0].results.profile} less {lesser.results.profile}", gains(holders[0], lesser, rows))
        for name, holders in released_networks().items()
        for lesser in holders[1:]
    ]
    domains = list(dict.fromkeys(domain for *_, differences in compared for domain in differences))
    heads = ("Name", "Stands for the one of", "Difference", *(f"{domain_name(domain)}, dB" for domain in domains))
    cells = []
    for name, pair, differences in compared:
        values = (signed(differences[domain], 2) if domain in differences else "" for domain in domains)
        cells.append((f"`{name}`", chosen[name].results.profile, pair, *values))
    return render_table(heads, cells, "lll" + "r" * len(domains))


def render_scanner() -> Rendered:
    """Say how the networks were tested on the third scanner.

    Returns:
        Markdown: slices, subject, zero-filled PSNR, machine; a sentence if it was not done.

    Raises:
        ReconError: The rows fail their check.
    """
    rows, details = scanner.read()
    if rows is None:
        return Rendered(markdown="No network was tested on a third scanner yet.")
    slices = rows.drop_duplicates(["subject", "slice"])
    domain, subject = slices["test_domain"].iloc[0], slices["subject"].iloc[0]
    start = rows.loc[rows["method"] == "zero_filled", "psnr"].mean()
    machine = details["machine"]
    return Rendered(
        markdown=f"On {domain_name(domain)} the networks that lose nowhere else were tested: {len(slices)} slices of "
        f"subject {subject}, zero-filled {start:.2f} dB, on {machine['cores']} cores ({machine['processor']}). One "
        "person allows no interval. `python -m recon_lib results scanner` tests them again."
    )


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


def plain_list(networks: Sequence[Released]) -> str:
    """List the released networks for a terminal.

    Args:
        networks: Those that the names stand for.

    Returns:
        A table, then the licences.

    Raises:
        ReconError: There are no networks.
    """
    if not networks:
        raise ReconError("There are no released networks: run a profile, or fetch book/results of the project.")
    domains = _domains(networks)
    tests = [f"{domain_name(domain)}, PSNR / SSIM" for domain in domains]
    heads = ["name", "profile", "trained on", "tuned with", *tests, "size", "sha256"]
    rows = []
    for network in networks:
        card, means = network.card, scores(network.results, network.card)
        cells = [f"{means[d]['psnr']:.2f} dB / {means[d]['ssim']:.4f}" if d in means else "-" for d in domains]
        names = [card.name, network.results.profile, _trained(card), _tuned(card) or "-"]
        rows.append([*names, *cells, f"{card.bytes / 1e6:.2f} MB", card.sha256[:16]])
    table = tabulate(rows, headers=heads, disable_numparse=True)
    terms = [f"{network.card.name}: {licence(network.card, network.results)}" for network in networks]
    factors = {own_acceleration(network.results) for network in networks}
    factor = factors.pop() if len(factors) == 1 else None
    fold = "" if factor is None else f", {factor:g}-fold undersampled (a simulation)"
    note = f"PSNR / SSIM: means over the test subjects' slices{fold}."
    return "\n".join([table, "", note, "", "licences:", *(f"  {term}" for term in terms)])


def plain_card(path: Path, networks: Iterable[Released]) -> str:
    """Say everything that is known of a network, for a terminal.

    Args:
        path: Its file.
        networks: All released networks.

    Raises:
        ReconError: The file is unreadable or holds no network.
    """
    card = replace(read_card(path), file=path.name, sha256=files.sha256(path), bytes=path.stat().st_size)
    known = next((network for network in networks if network.card.sha256 == card.sha256), None)
    if known:
        card = known.card  # It stands beside the file, and may state more than the file itself.
    facts = _facts(card, known.results if known else None)
    width = max(map(len, facts))
    body = [
        textwrap.fill(f"{key.ljust(width)}  {text}", 110, subsequent_indent=" " * (width + 2))
        for key, text in facts.items()
    ]
    return "\n".join([*body, "card:", json.dumps(card.to_json(), indent=2, sort_keys=True)])


def render_scores(networks: Sequence[Released]) -> Rendered:
    """List what each released network gives on the test slices.

    Args:
        networks: Those that the names stand for.

    Returns:
        A markdown table: name, then for each test domain mean PSNR in dB and SSIM; empty where it was not tested.
    """
    domains = _domains(networks)
    rows = []
    for network in networks:
        row, means = [f"`{network.card.name}`"], scores(network.results, network.card)
        for domain in domains:
            row += [f"{means[domain]['psnr']:.2f}", f"{means[domain]['ssim']:.3f}"] if domain in means else ["", ""]
        rows.append(row)
    heads = [head for domain in domains for head in (f"{domain_name(domain)}, dB", f"{domain_name(domain)}, SSIM")]
    return render_table(("Name", *heads), rows, "l" + "rr" * len(domains))


def render_cards(networks: Iterable[Released]) -> Rendered:
    """Describe each released network in a block of its own.

    Args:
        networks: Those that the names stand for.

    Returns:
        Markdown: a panel a network, with what it learned from, what it gives, its file, terms, use and limits.
    """
    blocks = []
    for network in networks:
        card = network.card
        facts = _facts(card, network.results)
        name = facts.pop("name")
        facts["sha256"] = f"`{card.sha256[:32]}` `{card.sha256[32:]}`"  # in two, or it would not fit a narrow page
        lines = [f"- **{key}**: {text}" for key, text in facts.items()]
        blocks.append("\n".join([f":::{{admonition}} {name}", ":class: note dropdown", "", *lines, ":::"]))
    return Rendered(markdown="\n\n".join(blocks))


def _domains(networks: Iterable[Released]) -> list[str]:
    """List the contrasts that a page has a place for, of all profiles that the networks are from."""
    return list(dict.fromkeys(domain for network in networks for domain in page_domains(network.results)))


def _facts(card: NetworkCard, results: Results | None) -> dict[str, str]:
    """Return what there is to say of a network, by heading."""
    architecture = Architecture.from_dict(card.architecture)
    facts = {
        "name": card.name,
        "trained on": _trained(card),
        "tuned with": _tuned(card),
        "tuned from": card.tuned_from.get("name", ""),
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
    if card.bfloat16_cost:
        facts["lost by bfloat16"] = f"{', '.join(precision_cost.phrases(card))}: dB, mean and worst slice"
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
    images = f"{'unknown' if card.n_images is None else card.n_images} {domain_name(card.key.training_domain or '')}"
    return f"{images}, with a correction output" if card.architecture.get("residual") else images


def _tuned(card: NetworkCard) -> str:
    if card.kind != "finetune":
        return ""
    recipe = f" by the recipe {FEW_IMAGES}" if card.key.variation == FEW_IMAGES else ""
    return f"{card.key.n_finetune} {domain_name(card.key.test_domain)}{recipe}"
