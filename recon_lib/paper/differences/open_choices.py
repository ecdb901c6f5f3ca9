"""What the paper leaves open and what we chose: data for the page of differences.

Values are the library's own defaults, read from it and put into words, so that a page cannot state another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recon_lib.baselines.wavelets import COARSEST, TAPS
from recon_lib.experiment.design import TUNED
from recon_lib.experiment.grid import FineTuning, Training
from recon_lib.experiment.profile import CompressedSensing, Masks, Profile
from recon_lib.experiment.recipes import Architecture
from recon_lib.imaging.ssim import WINDOWS
from recon_lib.results.store import Results

PROFILE = "{class}`Profile <recon_lib.experiment.profile.Profile>`"
MASKS = "{class}`Masks <recon_lib.experiment.profile.Masks>`"
RECIPE = "{class}`Recipe <recon_lib.experiment.recipes.Recipe>`"
SHAPE = "{class}`Architecture <recon_lib.experiment.recipes.Architecture>`"
# What an option's value means.
_DITHER = {
    True: "the squared distance is rounded to an integer at random, so that the density falls smoothly",
    False: "not rounded, each distance holds exactly",
}
_CORNERS = {True: "sampled", False: "left out"}
_WEIGHTS = {"glorot_uniform": "Glorot-uniform", "he_normal": "He-normal"}
_RESIDUAL = {False: "the image itself, no residual connection", True: "a correction of what it sees"}
_PHASE = {
    "zero": "the output is the real part, the imaginary part is zero",
    "kept": "the output takes the phase of what it sees",
}
_OUTPUT = {"linear": "linear", "relu": "ReLU, as in the others"}
_START = {"own": "from weights of its own draw", "before": "from those of the one before it"}
_PRECISION = {"float32": "float32", "mixed_bfloat16": "bfloat16, weights kept in float32"}
_JUDGED = {"before_dc": "before data consistency", "after_dc": "after data consistency"}
_SCALES = {"reference": "each reference scaled to maximum 1", "zero_filled": "by the zero-filled image's maximum"}


@dataclass(frozen=True)
class Choice:
    """One thing the paper leaves open.

    Attributes:
        id: Which choice it is.
        title: What it is about, in words.
        paper: What the paper says of it.
        ours: What we chose.
        reference: Where it is set, as a reference that the book resolves.
        variations: Label of a variation to what it does otherwise.
        columns: Column of the slices to what it measures otherwise than ``psnr``.
        methods: Method to what it does otherwise than ``cs:literal``.
        metric: The column in which an effect of a variation is stated.
        unmeasured: Why there is no effect to state, where nothing was run for it.
    """

    id: str
    title: str
    paper: str
    ours: str
    reference: str
    variations: Mapping[str, str] | None = None
    columns: Mapping[str, str] | None = None
    methods: Mapping[str, str] | None = None
    metric: str = "psnr"
    unmeasured: str = "not measured"


def choices(results: Results | None = None) -> list[Choice]:
    """List our choices.

    Args:
        results: Where the results' profile has other masks or another recipe, its values are stated too.

    Returns:
        In the order of the method: masks, network, training, data, metrics, compressed sensing.
    """
    profile = {} if results is None else results.provenance.get("profile", {})
    return [*_sampling(profile), *_network(), *_training(profile), *_measuring()]


def _sampling(profile: dict) -> list[Choice]:
    masks = Masks()
    return [
        Choice("fourier-transform", "Fourier transform",
               "not stated", "centred, orthonormal, any size", "{mod}`recon_lib.imaging.fourier`",
               unmeasured="none: a convention"),
        Choice("mask-growth", "Growth of the masks' minimum distance",
               "not stated",
               f"power {masks.power:g} of the radius{_own_values(profile, masks, 'masks', 'power')}", MASKS,
               {"masks-power-1": "power 1", "masks-power-3": "power 3"}),
        Choice("mask-centre", "Fully sampled centre",
               "not stated",
               f"{masks.calibration} x {masks.calibration} on a 256 grid, scaled with the image"
               + _own_values(profile, masks, "masks", "calibration"), MASKS,
               {"masks-calibration-16": "16 x 16", "masks-calibration-32": "32 x 32"}),
        Choice("mask-dither", "Distances on the grid",
               "not stated",
               _DITHER[masks.dither], MASKS, {"masks-no-dither": _DITHER[False]}),
        Choice("mask-corners", "Corners of k-space",
               "not stated", f"{_CORNERS[masks.corners]}; R counts the whole grid, centre included",
               MASKS, {"masks-no-corners": f"{_CORNERS[False]}, at the same R"}),
        Choice("mask-assignment", "Which image sees which mask",
               "100 masks to train, 100 others to test",
               f"training draws among {masks.train}; each test slice keeps one of {masks.test}",
               "{func}`assign_masks <recon_lib.imaging.masks.assign_masks>`",
               {"other-masks": "other masks, other slices"}),
    ]  # fmt: skip


def _network() -> list[Choice]:
    shape = Architecture()
    sub_network = "{func}`sub_network <recon_lib.network.subnetworks.sub_network>`"
    return [
        Choice("kernel", "Kernel",
               "not stated", f"{shape.kernel} x {shape.kernel}", SHAPE, {"kernel-5": "5 x 5"}),
        Choice("border", "Stride and border",
               "not stated", "stride 1, zero padding to the same size", sub_network,
               unmeasured="none: data consistency needs the image's own size"),
        Choice("residual", "Output of a sub-network",
               "one channel, a magnitude", _RESIDUAL[shape.residual], SHAPE,
               {"residual": _RESIDUAL[True]}),
        Choice("output-layer", "Output layer",
               "not stated", _OUTPUT[shape.output], SHAPE, {"relu-output": _OUTPUT["relu"]}),
        Choice("initial-weights", "Initial weights",
               "not stated", f"{_WEIGHTS[shape.initial_weights]} kernels, zero biases", SHAPE,
               {"he-weights": _WEIGHTS["he_normal"]}),
        Choice("start", "Where a sub-network starts",
               "not stated", _START[Training().start], RECIPE,
               {"start-before": _START["before"]}),
        Choice("phase", "From one channel to two (eq. 9)",
               "not stated",
               _PHASE[shape.phase], SHAPE, {"phase-kept": _PHASE["kept"]}),
        Choice("final-image", "Final image",
               "not stated", "magnitude after the last data consistency",
               "columns `psnr`, `psnr_before_dc`", columns={"psnr_before_dc": "before it"}),
    ]  # fmt: skip


def _training(profile: dict) -> list[Choice]:
    training, tuning = Training(), FineTuning()
    crop = _own_values(profile, training, "training", "crop")
    rate = _own_values(profile, training, "training", "learning_rate", "schedule")
    fine_rate = _own_values(profile, tuning, "fine_tuning", "learning_rate", "schedule")
    return [
        Choice("seed", "Seed of all random choices",
               "not stated", f"one seed for all, {Profile.seed}", PROFILE,
               {"other-seed": "another seed, for initial weights, photographs, their order, crops and masks"}),
        Choice("loss-terms", "Terms of the loss",
               "mean-squared plus mean-absolute error",
               f"both means over pixels and batch, of weights 1 and {training.absolute:g}",
               "{func}`hybrid_loss <recon_lib.network.training.hybrid_loss>`",
               {"squares-alone": "the mean-squared error alone, in training"}),
        Choice("loss-target", "What the loss judges",
               "the output of a sub-network, in its equation", _JUDGED[tuning.loss_on], RECIPE,
               {"loss-after-dc": f"{_JUDGED['after_dc']}, in fine-tuning"}),
        Choice("weight-penalty", "Sum of squares of the weights",
               f"gamma {short(training.l2)}", "kernels only, no biases", RECIPE,
               {"finetune-no-penalty": "of nothing, in fine-tuning"}),
        Choice("epsilon", "Adam's epsilon",
               "not stated", f"{short(training.epsilon)} (Keras' default is another)", RECIPE,
               {"finetune-epsilon-1e-7": "Keras', in fine-tuning"}),
        Choice("crops", "What sequential training sees",
               "whole images", f"whole images{crop}", RECIPE,
               unmeasured="[below](#what-crops-cost)"),
        Choice("training-rate", "Rate of training",
               short(training.learning_rate) + ", constant", f"the paper's{rate}", RECIPE,
               {"paper-rate": "the paper's"}),
        Choice("finetune-rate", "Rate of fine-tuning",
               short(tuning.learning_rate) + ", constant",
               f"the paper's{fine_rate}", RECIPE,
               {"paper-finetune-rate": "the paper's"}),
        Choice("finetune-epochs", "Epochs of fine-tuning",
               f"{tuning.epochs}",
               f"the paper's{_own_values(profile, tuning, 'fine_tuning', 'epochs', 'max_updates')}", RECIPE,
               {"paper-finetuning": "the paper's, at the paper's rate"}),
        Choice("finetune-batch", "Batch of fine-tuning",
               "not named; by [one reading](#tuning-batch) that of training, 50",
               f"{tuning.batch}{_own_values(profile, tuning, 'fine_tuning', 'batch')}", RECIPE,
               {"finetune-batch-5": f"5{_updates(profile, 5)}",
                "finetune-batch-all": f"all images at once{_updates(profile, 0)}",
                "finetune-all-150": f"all images at once, {tuning.epochs} updates at the paper's rate"}),
        Choice("precision", "Arithmetic of the hidden layers",
               "not stated", _PRECISION[training.precision], RECIPE,
               {"bfloat16": f"{_PRECISION['mixed_bfloat16']}, in training",
                "bfloat16-finetuning": f"{_PRECISION['mixed_bfloat16']}, in fine-tuning"}),
        Choice("image-scale", "Scale of an image",
               "not stated", _SCALES[Profile.scale], PROFILE,
               {"scale-zero-filled": _SCALES["zero_filled"]}),
    ]  # fmt: skip


def _measuring() -> list[Choice]:
    window, wavelet = WINDOWS[Profile.ssim], CompressedSensing().wavelet
    weights = "equal weights" if window.sigma is None else f"Gaussian weights of sigma {window.sigma:g}"
    return [
        Choice("metric-scale", "Scale of the metrics",
               "not stated", "reference to maximum 1, reconstruction by the same factor",
               "{mod}`recon_lib.imaging.metrics`", columns={"psnr_own_max": "each by its own maximum"}),
        Choice("metric-pixels", "Pixels of the metrics",
               "not stated", "full frame", "{mod}`recon_lib.imaging.metrics`",
               columns={"psnr_brain": "head only"}),
        Choice("ssim", "SSIM",
               "not stated", f"{weights}, {'a' if window.sample else 'no'} sample covariance", PROFILE,
               {"ssim-uniform": "7 x 7 equal weights, sample covariance"}, metric="ssim"),
        Choice("compressed-sensing", "Compressed sensing",
               "silent on total variation and on complex or real images",
               "wavelets alone, complex: the variant called literal",
               "{mod}`compressed_sensing <recon_lib.baselines.compressed_sensing>`",
               methods={"cs:tv0.01": "total variation 0.01 (the toolbox's default)",
                        "cs:tv0.002": "total variation 0.002 (its brain demo's)", "cs:real": "real-valued image",
                        "cs:real+tv0.002": "real-valued, total variation 0.002",
                        "cs:real+tuned": "real-valued, both weights tuned on training subjects"}),
        Choice("wavelets", "Wavelets",
               "Daubechies-4",
               f"of {len(TAPS[wavelet])} taps, periodised, coarsest band {COARSEST} x {COARSEST}",
               "{class}`CompressedSensing <recon_lib.experiment.profile.CompressedSensing>`",
               {"wavelet-db4": f"of {len(TAPS['db4'])} taps"}),
    ]  # fmt: skip


def short(value: float) -> str:
    """Write a rate: ``1e-4``, ``2.5e-4``."""
    digits, _, power = f"{value:e}".partition("e")
    return f"{float(digits):g}e{int(power)}"


def _updates(profile: dict, batch: int) -> str:
    """State how often a network tuned with 20 images is updated, as many epochs in batches of another size."""
    epochs = profile.get("fine_tuning", {}).get("epochs")
    return "" if epochs is None else f", as many epochs: {epochs * -(-TUNED // (batch or TUNED))} updates"


def _own_values(profile: dict, default: object, section: str, *names: str) -> str:
    """State a profile's own values where they depart from the default."""
    own = profile.get(section, {})
    changed = {name: own[name] for name in names if own.get(name, getattr(default, name)) != getattr(default, name)}
    phrases = [_write(name, value) for name, value in changed.items()]
    return f"; profile `{profile.get('name', '')}`: {', '.join(phrases)}" if phrases else ""


def _write(name: str, value: object) -> str:
    if name == "learning_rate":
        return short(value)
    words = {
        "crop": f"crops of {value} x {value}",
        "schedule": f"schedule {value}",
        "max_updates": f"at most {value} updates",
    }
    return words.get(name, str(value))
