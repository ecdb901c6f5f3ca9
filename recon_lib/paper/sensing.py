"""Compressed sensing beside the networks: with the paper's weights, with tuned ones, and their search."""

from __future__ import annotations

from recon_lib.baselines.variants import SEARCHED, VARIANTS
from recon_lib.experiment.design import domain_name
from recon_lib.paper import claim_tables
from recon_lib.paper.claim_checks import networks_beat_cs
from recon_lib.paper.claim_slices import Networks
from recon_lib.paper.domains import page_domains
from recon_lib.paper.intervals import estimate, side_by_side
from recon_lib.paper.markdown import note, render_table
from recon_lib.paper.markup import Rendered, signed
from recon_lib.paper.words import label
from recon_lib.results.store import Results

TUNED_VARIANT, PAPER_VARIANT = "cs:real+tuned", "cs:literal"
SEARCH = "cs-weights"  # the variation that holds the search for the weights


def render_leads(test_domain: str, results: Results | None) -> Rendered:
    """Compare the networks with compressed sensing as the paper has it, with our other readings, and with it tuned.

    Args:
        test_domain: The contrast.
        results: Ours, or ``None``.

    Returns:
        Markdown: for each variant its weights, mean PSNR, and how far the worst tuned network lies above it; then how
        the photographs' network, as trained, compares with the best of them.
    """
    networks = Networks(None if results is None else results.slices, test_domain)
    verdict = networks_beat_cs(networks, 0.0)
    if verdict.judged is None:
        return note(f"{domain_name(test_domain)} test: {verdict.reason}.")
    sensing = networks.sensing()
    leads = {lead.quantity.detail[0]: lead for lead in verdict.others}
    rows = []
    for method, scores in sorted(sensing.items(), key=lambda item: item[1].mean()):
        variant = VARIANTS.get(method.removeprefix("cs:"))
        weights = ("", "") if variant is None else (f"{variant.wavelet_weight:g}", f"{variant.tv_weight:g}")
        lead = f"{claim_tables.value(leads[method])} ({claim_tables.interval(leads[method])})"
        rows.append((label(method, ""), _KINDS.get(method, "ours"), *weights, f"{scores.mean():.2f}", lead))
    heads = ("", "Weights", "Wavelet", "Total variation", "PSNR, dB", "The worst tuned network is above it by")
    markdown = render_table(heads, rows, "llrrrr").markdown
    return Rendered(markdown="\n\n".join(filter(None, (markdown, _raw_sentence(networks)))))


_KINDS = {PAPER_VARIANT: "as the paper has them", TUNED_VARIANT: "tuned on training subjects"}


def _raw_sentence(networks: Networks) -> str:
    """Say how the photographs' network, as trained, compares with the best variant."""
    best = max(networks.sensing().items(), key=lambda item: item[1].mean())
    values = side_by_side(networks.score("natural", 0), best[1])
    if values is None:
        return ""
    change = estimate(values, lambda mean: mean[0] - mean[1], "")
    ends = claim_tables.interval(change)
    return (
        f"Before any tuning, PSNR of the network trained on photographs less that of the best of these, "
        f"{label(best[0], '')}, is {signed(change.value, 2)} dB ({ends}). Intervals are 95 %, Student's t over the "
        "means of the test subjects."
    )


def search(results: Results | None) -> dict[str, dict[str, float]]:
    """Return what each searched pair of weights gave on the slices of training subjects.

    Args:
        results: Ours, or ``None``.

    Returns:
        Name of the variant to mean PSNR in dB by test domain; empty if nothing was searched. Only variants that were
        run in every contrast count.
    """
    if results is None:
        return {}
    rows = results.variations[results.variations["variation"] == SEARCH]
    means = rows.groupby(["method", "test_domain"])["psnr"].mean().unstack("test_domain").dropna()
    return {method.removeprefix("cs:"): row.to_dict() for method, row in means.iterrows()}


def best_of(searched: dict[str, dict[str, float]]) -> str:
    """Choose the variant whose PSNR, averaged over the contrasts, is highest.

    Args:
        searched: Of :func:`search`, not empty.
    """
    return max(searched, key=lambda name: sum(searched[name].values()) / len(searched[name]))


def render_search(results: Results | None) -> Rendered:
    """Draw the search for the weights: mean PSNR of each pair on slices of training subjects.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: a row a wavelet weight, a column a weight of total variation; in a cell the contrasts; the pair with
        the best mean of both in bold. A note if nothing was searched.
    """
    searched = search(results)
    if not searched:
        return note("The search for the weights of compressed sensing has not been run yet.")
    domains = [domain for domain in page_domains(results) if domain in next(iter(searched.values()))]
    best = best_of(searched)
    variants = {name: SEARCHED[name] for name in searched if name in SEARCHED}
    columns = sorted({variant.tv_weight for variant in variants.values()})
    rows = []
    for weight in sorted({variant.wavelet_weight for variant in variants.values()}):
        cells = []
        for tv_weight in columns:
            names = [name for name, v in variants.items() if (v.wavelet_weight, v.tv_weight) == (weight, tv_weight)]
            cells.append(" / ".join(f"{searched[name][domain]:.2f}" for name in names for domain in domains))
            if best in names:
                cells[-1] = f"**{cells[-1]}**"
        rows.append((f"{weight:g}", *cells))
    slices = results.variations[results.variations["variation"] == SEARCH]
    counts = ", ".join(
        f"{len(group.drop_duplicates(['subject', 'slice']))} {domain_name(str(domain))} slices of "
        f"{group['subject'].nunique()} training subjects"
        for domain, group in slices.groupby("test_domain")
    )
    heads = ("Wavelet", *(f"Total variation {weight:g}" for weight in columns))
    markdown = render_table(heads, rows, "r" + "r" * len(columns)).markdown
    contrasts = " / ".join(map(domain_name, domains))
    return Rendered(markdown=f"{markdown}\n\nMean PSNR in dB, {contrasts}, of a real-valued image; {counts}.")
