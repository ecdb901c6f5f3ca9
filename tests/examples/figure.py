"""How much each test subject gains over its zero-filled images."""

from matplotlib.figure import Figure

from recon_lib.core.style import blank_figure, domain_colour
from recon_lib.experiment.design import domain_name
from recon_lib.results.store import Results


def gain_figure(results: Results, test_domain: str) -> Figure:
    """Draw mean PSNR of the networks as trained less that of the zero-filled images, a point a subject.

    Args:
        results: Its slices are drawn.
        test_domain: The contrast.
    """
    slices = results.slices[results.slices["test_domain"] == test_domain]
    start = slices[slices["method"] == "zero_filled"].groupby("subject")["psnr"].mean()
    figure, grid = blank_figure((6.0, 3.0), 1, 1)
    for domain, rows in slices[slices["n_finetune"] == 0].groupby("training_domain"):
        gain = rows.groupby("subject")["psnr"].mean() - start
        grid[0][0].plot(gain.index, gain, "o-", color=domain_colour(domain), label=domain_name(domain))
    grid[0][0].set_ylabel("gain in PSNR, dB")
    grid[0][0].legend(frameon=False)
    return figure
