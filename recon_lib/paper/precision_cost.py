"""What it costs a released network to compute in bfloat16, for readers."""

from __future__ import annotations

from recon_lib.experiment.design import domain_name
from recon_lib.paper.markup import Rendered, signed
from recon_lib.results.released import NetworkCard, PrecisionCost


def render_bounds() -> Rendered:
    """Say when a network is run in bfloat16.

    Returns:
        Markdown, two sentences.
    """
    bounds = f"{PrecisionCost.BOUND_MEAN:g} dB on average and {PrecisionCost.BOUND_WORST:g} dB on the worst slice"
    return Rendered(
        markdown=f"A network that loses no more than {bounds} runs in bfloat16 by itself on a processor or card that "
        "has it; all others run in float32. `--precision` or `RECON_PRECISION` asks for either."
    )


def phrases(card: NetworkCard) -> list[str]:
    """Write what bfloat16 costs a network.

    Args:
        card: The network's.

    Returns:
        A phrase a domain: the mean loss in dB, and in brackets that of the worst slice; none where it was not
        measured.
    """
    return [
        f"{domain_name(domain)} {signed(cost.mean, 4)} ({signed(cost.worst, 3)})"
        for domain, cost in sorted(card.bfloat16_cost.items())
    ]
