"""The released networks: found by name, listed, and each with its card, read from the files beside them."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

from recon_lib.core import files
from recon_lib.core.arrays import load_state
from recon_lib.core.errors import ReconError, choose
from recon_lib.data.manifest import load_manifest
from recon_lib.experiment.design import NAMES
from recon_lib.paper.differences.accelerations import own_acceleration
from recon_lib.paper.markup import Rendered, signed
from recon_lib.results import store
from recon_lib.results.released import cards
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
    lines = [
        "| Name | Trained on | Tuned with | Size, MB | Lost by half precision, dB | sha256 |",
        "|:--|:--|:--|--:|:--|:--|",
    ]
    for card in cards(results):
        cost = ", ".join(f"{NAMES[name]} {signed(lost, 4)}" for name, lost in sorted(card["float16_cost_db"].items()))
        name, size = _name(card), f"{card['bytes'] / 1e6:.2f}"
        lines.append(f"| `{name}` | {_trained(card)} | {_tuned(card)} | {size} | {cost} | `{card['sha256'][:8]}` |")
    return Rendered(markdown="\n".join(lines))


def find_network(name: str) -> Path:
    """Return the file of a network.

    Args:
        name: A released network's, as ``weights list`` shows it; or the path of a ``.safetensors`` file.

    Raises:
        ReconError: There is no such file or network (the nearest name is suggested).
    """
    if name.endswith(".safetensors"):
        path = Path(name)
        if not path.is_file():
            raise ReconError(f"There is no file {path}: name a network's file, or a released network without ending.")
        return path
    shown = store.best()
    known = {} if shown is None else {_name(card): shown.folder / "weights" / card["file"] for card in cards(shown)}
    if not known:
        raise ReconError(f"There is no released network {name!r}, nor any other: give the path of a .safetensors file.")
    return known[choose("network", name, known)]


def scores(results: Results, card: dict) -> dict[str, dict[str, float]]:
    """Return what a network gives on the test slices, from the results.

    Args:
        results: A verified folder of results.
        card: The network's card.

    Returns:
        By test domain: mean ``psnr`` in dB and ``ssim``, those of the zero-filled images (``psnr_zero_filled``,
        ``ssim_zero_filled``), and ``slices``. A domain on which it was not tested is left out.
    """
    rows = results.slices
    wanted = (
        (rows["method"] == "network")
        & (rows["training_domain"] == card.get("training_domain"))
        & (rows["n_train"] == card.get("n_train", -1))
        & (rows["n_finetune"] == card.get("n_finetune", 0))
        & (rows["draw"].fillna(0) == card.get("draw", 0))
    )
    if card.get("kind") == "finetune":
        wanted &= rows["test_domain"] == card["test_domain"]
    start = rows[rows["method"] == "zero_filled"].groupby("test_domain")[["psnr", "ssim"]].mean()
    found = {}
    for domain, part in rows[wanted.fillna(False)].groupby("test_domain"):
        means = {"psnr": float(part["psnr"].mean()), "ssim": float(part["ssim"].mean()), "slices": len(part)}
        if domain in start.index:
            means |= {f"{key}_zero_filled": float(start.loc[domain, key]) for key in ("psnr", "ssim")}
        found[str(domain)] = means
    return found


def licence(card: dict, results: Results | None) -> str:
    """Say under what terms a network may be used: the project's, and those of the images it learned from.

    Args:
        card: The network's card.
        results: The results that it belongs to; they name the source of each domain.
    """
    terms = []
    for domain in dict.fromkeys((card.get("training_domain"), card.get("test_domain"))):
        source = _source(results, domain)
        if source == "generated":
            terms.append(f"{NAMES.get(domain, domain)} made by code")
        elif source:
            collection = load_manifest().source(domain, source).collection
            terms.append(f"{NAMES.get(domain, domain)} ({collection.licence})")
        elif domain:
            terms.append(f"{NAMES.get(domain, domain)} under terms that its maker knows")
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
    found = cards(results) if results else []
    if not results or not found:
        raise ReconError("There are no released networks: run a profile, or fetch book/results of the project.")
    head = ["name", "trained on", "tuned with", *_TESTS.values(), "size", "sha256"]
    rows = [head]
    for card in found:
        given = scores(results, card)
        tests = [f"{given[d]['psnr']:.2f} dB / {given[d]['ssim']:.4f}" if d in given else "-" for d in _TESTS]
        size = f"{card['bytes'] / 1e6:.2f} MB"
        rows.append([_name(card), _trained(card), _tuned(card) or "-", *tests, size, card["sha256"][:16]])
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    rows.insert(1, ["-" * width for width in widths])
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    terms = [f"{_name(card)}: {licence(card, results)}" for card in found]
    factor = own_acceleration(results)
    fold = "" if factor is None else f", {factor:g}-fold undersampled (a simulation)"
    note = f"PSNR / SSIM: means over the test subjects' slices{fold}."
    return "\n".join([*table, "", note, "", "licences:", *(f"  {term}" for term in terms)])


def plain_card(path: Path, results: Results | None) -> str:
    """Say everything that is known of a network, for a terminal.

    Args:
        path: Its file.
        results: A verified folder of results, or ``None``.

    Raises:
        ReconError: The file is unreadable or holds no network.
    """
    card = load_state(path).get("card")
    if card is None:
        raise ReconError(f"{path} holds no network: it has no card.")
    card = {**card, "file": path.name, "sha256": files.sha256(path), "bytes": path.stat().st_size}
    released = results is not None and any(c["sha256"] == card["sha256"] for c in cards(results))
    facts = _facts(card, results if released else None)
    width = max(map(len, facts))
    body = [
        textwrap.fill(f"{key.ljust(width)}  {text}", 110, subsequent_indent=" " * (width + 2))
        for key, text in facts.items()
    ]
    return "\n".join([*body, "card:", json.dumps(card, indent=2, sort_keys=True)])


def render_scores(results: Results) -> Rendered:
    """List what each released network gives on the test slices.

    Args:
        results: A verified folder of results.

    Returns:
        A markdown table: name, then for each test domain mean PSNR in dB and SSIM; empty where it was not tested.
    """
    lines = ["| Name | " + " | ".join(f"{NAMES[d]}, dB | {NAMES[d]}, SSIM" for d in _TESTS) + " |"]
    lines.append("|:--|" + "--:|--:|" * len(_TESTS))
    for card in cards(results):
        given = scores(results, card)
        cells = [f"{given[d]['psnr']:.2f} | {given[d]['ssim']:.3f}" if d in given else " | " for d in _TESTS]
        lines.append(f"| `{_name(card)}` | " + " | ".join(cells) + " |")
    return Rendered(markdown="\n".join(lines))


def render_cards(results: Results) -> Rendered:
    """Describe each released network in a block of its own.

    Args:
        results: A verified folder of results.

    Returns:
        Markdown: a panel a network, with what it learned from, what it gives, its file, terms, use and limits.
    """
    blocks = []
    for card in cards(results):
        facts = _facts(card, results)
        name = facts.pop("name")
        facts["sha256"] = (
            f"`{card['sha256'][:32]}` `{card['sha256'][32:]}`"  # in two, or it would not fit a narrow page
        )
        lines = [f"- **{key}**: {text}" for key, text in facts.items()]
        blocks.append("\n".join([f":::{{admonition}} {name}", ":class: note dropdown", "", *lines, ":::"]))
    return Rendered(markdown="\n\n".join(blocks))


_TESTS = {"t1": "T1, PSNR / SSIM", "t2": "T2, PSNR / SSIM"}


def _facts(card: dict, results: Results | None) -> dict[str, str]:
    """Return what there is to say of a network, by heading."""
    architecture = card["architecture"]
    facts = {
        "name": _name(card),
        "trained on": _trained(card),
        "tuned with": _tuned(card),
        "network": f"{architecture['subnetworks']} sub-networks of {architecture['hidden_layers']} hidden layers and "
        f"{architecture['filters']} filters, {card['weights']:,} weights in {card['stored']}",
        "normalisation": card["normalisation"],
    }
    tests = scores(results, card) if results else {}
    for domain, given in tests.items():
        text = f"PSNR {given['psnr']:.2f} dB, SSIM {given['ssim']:.4f}"
        if "psnr_zero_filled" in given:
            text += f" (zero-filled {given['psnr_zero_filled']:.2f} dB, {given['ssim_zero_filled']:.4f})"
        facts[f"test on {NAMES.get(domain, domain)}"] = f"{text}, means over {given['slices']} slices"
    held = card.get("held_out")
    if held:
        before, after = held["psnr_before"], held["psnr_after"]
        facts["held-out slices"] = (
            f"PSNR {before['network']:.2f} dB before tuning, {after['network']:.2f} dB after "
            f"(zero-filled {after['zero_filled']:.2f} dB), means over {held['slices']} slices"
        )
    facts |= {
        "file": f"{card['file']}, {card['bytes'] / 1e6:.2f} MB",
        "sha256": card["sha256"],
        "licence": licence(card, results),
        "intended use": USE,
        "limits": LIMITS + "".join(_TESTED.get(source, "") for source in {_source(results, name) for name in tests}),
    }
    return {key: text for key, text in facts.items() if text}


def _source(results: Results | None, domain: str | None) -> str | None:
    """Find where a domain's images came from; ``None`` if nothing says it."""
    domains = ((results.provenance.get("profile") or {}).get("domains") or {}) if results else {}
    return (domains.get(domain) or {}).get("source")


def _name(card: dict) -> str:
    return card["file"].removesuffix(".safetensors")


def _trained(card: dict) -> str:
    domain = card.get("training_domain", "")
    return f"{card.get('n_images', 'unknown')} {NAMES.get(domain, domain)}"


def _tuned(card: dict) -> str:
    if card.get("kind") != "finetune":
        return ""
    return f"{card['n_finetune']} {NAMES.get(card['test_domain'], card['test_domain'])}"
