"""What the paper leaves open and what we chose: data for the page of differences.

Values are the library's own defaults, read from it, so that a page cannot state another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recon_lib import metrics
from recon_lib.experiment import Architecture, FineTuning, Masks, Training
from recon_lib.results import Results

MASKS = "{class}`Masks <recon_lib.experiment.Masks>`"
RECIPE = "{class}`Recipe <recon_lib.experiment.Recipe>`"


@dataclass(frozen=True)
class Choice:
    """One thing the paper leaves open.

    Attributes:
        about: What it is.
        paper: What the paper says of it.
        ours: What we chose.
        where: Where it is set, as a reference that the book resolves.
        variations: Label of a variation to what it does otherwise.
        columns: Column of the slices to what it measures otherwise than ``psnr``.
        methods: Method to what it does otherwise than ``cs:literal``.
        metric: The column in which an effect of a variation is stated.
        unmeasured: Why there is no effect to state, where nothing was run for it.
    """

    about: str
    paper: str
    ours: str
    where: str
    variations: Mapping[str, str] | None = None
    columns: Mapping[str, str] | None = None
    methods: Mapping[str, str] | None = None
    metric: str = "psnr"
    unmeasured: str = "not measured"


def choices(results: Results | None = None) -> list[Choice]:
    """List our choices.

    Args:
        results: Where the results' profile departs from a default, its value is stated too.

    Returns:
        In the order of the method: masks, network, training, data, metrics, compressed sensing.
    """
    profile = {} if results is None else results.provenance.get("profile", {})
    return [*_sampling(profile), *_network(), *_training(profile), *_measuring()]


def _sampling(profile: dict) -> list[Choice]:
    m = Masks()
    return [
        Choice("Fourier transform", "not stated", "centred, orthonormal, any size", "{mod}`recon_lib.fourier`",
               unmeasured="none: a convention"),
        Choice("Growth of the masks' minimum distance", "not stated",
               f"power {m.power:g} of the radius{_here(profile, m, 'masks', 'power')}", MASKS,
               {"masks-power-1": "power 1", "masks-power-3": "power 3"}),
        Choice("Fully sampled centre", "not stated",
               f"{m.calibration} x {m.calibration} on a 256 grid, scaled with the image"
               + _here(profile, m, "masks", "calibration"), MASKS,
               {"masks-calibration-16": "16 x 16", "masks-calibration-32": "32 x 32"}),
        Choice("Distances on the grid", "not stated",
               "the squared distance is rounded to an integer at random, so that the density falls smoothly",
               MASKS, {"masks-no-dither": "not rounded: each distance holds exactly"}),
        Choice("Corners of k-space", "not stated", "sampled; R counts the whole grid, centre included", MASKS,
               {"masks-no-corners": "left out, at the same R"}),
        Choice("Which image sees which mask", "100 masks to train, 100 others to test",
               f"training draws among {m.train}; each test slice keeps one of {m.test}",
               "{func}`assign_masks <recon_lib.masks.assign_masks>`", {"other-masks": "other masks, other slices"}),
    ]  # fmt: skip


def _network() -> list[Choice]:
    a = Architecture()
    shape = "{class}`Architecture <recon_lib.experiment.Architecture>`"
    return [
        Choice("Kernel", "not stated", f"{a.kernel} x {a.kernel}, stride 1, zero padding to the same size", shape,
               {"kernel-5": "5 x 5"}),
        Choice("Output of a sub-network", "one channel, a magnitude", "linear, no residual connection", shape,
               {"residual": "a correction of what it sees"}),
        Choice("Initial weights", "not stated", "Glorot-uniform kernels, zero biases, anew for each sub-network", shape,
               {"he-weights": "He-normal", "other-seed": "drawn anew, as photographs, order, crops and masks are"}),
        Choice("From one channel to two (eq. 9)", "not stated",
               "the output is the real part, the imaginary part is zero", shape,
               {"phase-kept": "the output takes the phase of what it sees"}),
        Choice("Final image", "not stated", "magnitude after the last data consistency",
               "columns `psnr`, `psnr_before_dc`", columns={"psnr_before_dc": "before it"}),
    ]  # fmt: skip


def _training(profile: dict) -> list[Choice]:
    t, f = Training(), FineTuning()
    crop = _here(profile, t, "training", "crop")
    rate = _here(profile, t, "training", "learning_rate", "schedule")
    fine_rate = _here(profile, f, "fine_tuning", "learning_rate", "schedule")
    return [
        Choice("Loss", "mean-squared plus mean-absolute error",
               "both means over pixels and batch, of equal weight, before data consistency",
               "{func}`hybrid_loss <recon_lib.training.hybrid_loss>`",
               {"loss-after-dc": "fine-tuning's after data consistency"}),
        Choice("Sum of squares of the weights", f"gamma {short(t.l2)}", "kernels only, no biases", RECIPE,
               {"finetune-no-penalty": "none at all, in fine-tuning"}),
        Choice("Adam's epsilon", "not stated", f"{short(t.epsilon)} (Keras' default is another)", RECIPE,
               {"finetune-epsilon-1e-7": "Keras', in fine-tuning"}),
        Choice("What sequential training sees", "whole images", f"whole images{crop}", RECIPE,
               unmeasured="[below](#what-crops-cost)"),
        Choice("Rate of training", short(t.learning_rate) + ", constant", f"the paper's{rate}", RECIPE,
               {"paper-rate": "the paper's"}),
        Choice("Rate of fine-tuning", short(f.learning_rate) + ", constant",
               f"the paper's{fine_rate}", RECIPE,
               {"paper-finetune-rate": "the paper's"}),
        Choice("Epochs of fine-tuning", f"{f.epochs}",
               f"the paper's{_here(profile, f, 'fine_tuning', 'epochs', 'max_updates')}", RECIPE,
               {"paper-finetuning": "the paper's, at the paper's rate"}),
        Choice("Batch of fine-tuning", "not stated", f"{f.batch}{_here(profile, f, 'fine_tuning', 'batch')}", RECIPE,
               {"finetune-batch-5": "5", "finetune-batch-all": "all images at once"}),
        Choice("Scale of an image", "not stated", "each reference scaled to maximum 1", "column `scale`",
               {"scale-zero-filled": "by the zero-filled image's maximum"}),
    ]  # fmt: skip


def _measuring() -> list[Choice]:
    return [
        Choice("Scale of the metrics", "not stated", "reference to maximum 1, reconstruction by the same factor",
               "{mod}`recon_lib.metrics`", columns={"psnr_own_max": "each by its own maximum"}),
        Choice("Pixels of the metrics", "not stated", "full frame", "{mod}`recon_lib.metrics`",
               columns={"psnr_brain": "head only"}),
        Choice("SSIM", "not stated", f"Gaussian weights of sigma {metrics.SSIM_SIGMA:g}, no sample covariance",
               "{func}`ssim <recon_lib.metrics.ssim>`",
               {"ssim-uniform": "7 x 7 equal weights, sample covariance"}, metric="ssim"),
        Choice("Compressed sensing", "silent on total variation and on complex or real images",
               "wavelets alone, complex: the reading called literal",
               "{mod}`compressed_sensing <recon_lib.compressed_sensing>`",
               methods={"cs:tv0.01": "total variation 0.01 (the toolbox's default)",
                        "cs:tv0.002": "total variation 0.002 (its brain demo's)", "cs:real": "real-valued image",
                        "cs:real+tv0.002": "real-valued, total variation 0.002"}),
        Choice("Wavelets", "Daubechies-4", "the one of four taps, periodised, coarsest band 16 x 16",
               "{mod}`wavelets <recon_lib.wavelets>`", {"wavelet-db4": "eight taps"}),
    ]  # fmt: skip


def short(value: float) -> str:
    """Write a rate: ``1e-4``."""
    digits, _, power = f"{value:.0e}".partition("e")
    return f"{digits}e{int(power)}"


def _here(profile: dict, default: object, section: str, *names: str) -> str:
    """State a profile's own values where they depart from the default."""
    own = profile.get(section, {})
    changed = {name: own[name] for name in names if own.get(name, getattr(default, name)) != getattr(default, name)}
    said = [_write(name, value) for name, value in changed.items()]
    return f"; profile `{profile.get('name', '')}`: {', '.join(said)}" if said else ""


def _write(name: str, value: object) -> str:
    if name == "learning_rate":
        return short(value)
    words = {
        "crop": f"crops of {value} x {value}",
        "schedule": f"schedule {value}",
        "max_updates": f"at most {value} updates",
    }
    return words.get(name, str(value))
