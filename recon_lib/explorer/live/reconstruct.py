"""Reconstruct and draw what is chosen, with the network it needs and no other in memory."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.baselines.compressed_sensing import reconstruct_cs
from recon_lib.core.comparison import comparison_figure
from recon_lib.core.errors import ReconError
from recon_lib.experiment.design import domain_name
from recon_lib.explorer.frames import method_name
from recon_lib.explorer.live import material
from recon_lib.explorer.live.material import Material, Place
from recon_lib.imaging.acquisition import Acquisition
from recon_lib.imaging.masks import poisson_disc_mask
from recon_lib.imaging.metrics import psnr, ssim
from recon_lib.network.inference import reconstruct
from recon_lib.network.precision import load_chosen
from recon_lib.paper import panel_view
from recon_lib.results import store

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from recon_lib.network.cascade import Cascade


@dataclass(frozen=True)
class Choice:
    """What is to be seen.

    Attributes:
        contrast: A test domain.
        place: Subject and slice.
        method: ``zero_filled``, ``cs:<variant>`` or ``network-<training_domain>``.
        n_finetune: Images the network was tuned with; 0 is the network as trained. Of no meaning without one.
        acceleration: Points of k-space over acquired points.
    """

    contrast: str
    place: Place
    method: str = "network-natural"
    n_finetune: int = 0
    acceleration: float = 4.0


@dataclass(frozen=True)
class Shown:
    """A choice, reconstructed: arrays ``(height, width)`` as they are stored, PSNR in dB, SSIM."""

    reference: np.ndarray
    image: np.ndarray
    mask: np.ndarray
    psnr: float
    ssim: float


class Explorer:
    """Reconstructs what is chosen, and shows it.

    Args:
        chosen_from: What there is to choose from.
    """

    def __init__(self, chosen_from: Material) -> None:
        self.material = chosen_from
        self._network: Cascade | None = None
        self._loaded: Path | None = None

    def first(self) -> Choice:
        """Return the choice to begin with: the first slice, a network tuned with as many images as there are."""
        contrast, slices = next(iter(self.material.references.items()))
        method = self.material.methods()[-1] if self.material.networks else "zero_filled"
        if ("natural", "", 0) in self.material.networks:
            method = "network-natural"
        counts = self.material.counts(method, contrast)
        return Choice(contrast, next(iter(slices)), method, max(counts, default=0), self.material.spec.acceleration)

    def reconstruct(self, choice: Choice) -> Shown:
        """Undersample a reference and reconstruct it.

        Args:
            choice: What is to be seen.

        Returns:
            Images and numbers. At the profile's own acceleration the mask is the one that the results were made with.

        Raises:
            ReconError: There is no such slice, method or network, or no mask of that acceleration.
        """
        reference = self.material.references.get(choice.contrast, {}).get(choice.place)
        if reference is None:
            raise ReconError(f"There is no slice {choice.place} of {choice.contrast!r} among the pictures kept.")
        mask = self.material.masks.get(choice.contrast, {}).get(choice.place)
        if mask is None or choice.acceleration != self.material.spec.acceleration:
            mask = poisson_disc_mask(
                reference.shape, 0, "test", replace(self.material.spec, acceleration=choice.acceleration)
            )
        acquisition = Acquisition(mask)
        kspace = acquisition.forward(reference[None])
        if choice.method == "zero_filled":
            image = np.abs(acquisition.adjoint(kspace))[0]
        elif choice.method.startswith("cs:"):
            image = np.abs(reconstruct_cs(kspace, mask[None], choice.method.removeprefix("cs:")))[0]
        else:
            image = reconstruct(self._load(choice), reference[None], mask[None])[0][0]
        peak = reference.max()
        quality = psnr(reference, image, data_range=peak), ssim(reference, image, data_range=peak)
        return Shown(reference, image, mask, *quality)

    def figure(self, choice: Choice, reconstruction: Shown | None = None) -> Figure:
        """Draw a choice: reference and reconstruction, below them mask and error map.

        Args:
            choice: What is to be seen.
            reconstruction: Its reconstruction, if that has been made.

        Returns:
            The figure; the error's scale is the slice's own, whatever is chosen: half of what zero-filling errs by at
            the profile's acceleration.
        """
        reconstruction = reconstruction or self.reconstruct(choice)
        start = replace(choice, method="zero_filled", acceleration=self.material.spec.acceleration)
        start = self.reconstruct(start)
        turned = self.material.transposed[choice.contrast]
        reference, image = (
            panel_view.orient(a.astype(np.float32), turned) for a in (reconstruction.reference, reconstruction.image)
        )
        box = panel_view.head_box(reference)
        largest = float(np.quantile(np.abs(start.image - start.reference), 0.99)) / 2
        titled = {f"{reconstruction.psnr:.2f} dB, SSIM {reconstruction.ssim:.3f}": image[box]}
        mask = panel_view.orient(reconstruction.mask, turned)
        return comparison_figure(reference[box], titled, largest, mask, self.describe(choice))

    def describe(self, choice: Choice) -> str:
        """Say in words what is chosen."""
        tuned = f"tuned with {choice.n_finetune} images" if choice.n_finetune else "as trained"
        method = (
            f"{method_name(choice.method)}, {tuned}"
            if choice.method.startswith("network-")
            else method_name(choice.method)
        )
        subject, number = choice.place
        place = f"{domain_name(choice.contrast)}, {subject}, slice {number}"
        return f"{place}: {method}, acceleration {choice.acceleration:g}"

    def picture(self, choice: Choice) -> str:
        """Draw a choice as HTML, described for those who cannot see it; bad input gives its sentence instead."""
        try:
            reconstruction = self.reconstruct(choice)
            figure = self.figure(choice, reconstruction)
        except ReconError as error:
            return f"<p>{html.escape(str(error))}</p>"
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=100)
        numbers = f"PSNR {reconstruction.psnr:.2f} dB, SSIM {reconstruction.ssim:.3f}"
        alt = f"{self.describe(choice)}, {numbers}: reference, reconstruction, error map and sampling mask."
        text = base64.b64encode(file.getvalue()).decode()
        return f'<img style="max-width:100%" alt="{html.escape(alt)}" src="data:image/png;base64,{text}">'

    def _load(self, choice: Choice) -> Cascade:
        """Return the network chosen; one of the same shape takes the place of the last, compiled steps and all."""
        domain = choice.method.removeprefix("network-")
        key = (domain, choice.contrast if choice.n_finetune else "", choice.n_finetune)
        path = self.material.networks.get(key)
        if path is None:
            counts = self.material.counts(choice.method, choice.contrast)
            raise ReconError(
                f"There is no network {choice.method!r} tuned with {choice.n_finetune} images of {choice.contrast}: "
                f"choose one of {counts or 'the others'}."
            )
        if self._loaded != path:
            network, _, _ = load_chosen(path)
            if self._network is not None and _kind(self._network) == _kind(network):
                self._network.set_weights(network.get_weights())
            else:
                self._network = network
            self._loaded = path
        return self._network


def _kind(network: Cascade) -> tuple:
    """Return what two networks share that one compiled step serves."""
    return network.architecture, network.precision


def open_explorer(profile: str | None = None) -> Explorer:
    """Open the explorer.

    Args:
        profile: A profile with results; ``None`` is the best one there is, or ``smoke``, whose generated images need no
            results.

    Raises:
        ReconError: The profile has no results, or they are damaged.
    """
    if profile == "smoke" and "smoke" not in store.profiles():
        return Explorer(material.from_runs("smoke"))
    results = store.open_results(profile) if profile else store.best()
    return Explorer(material.from_results(results) if results is not None else material.from_runs("smoke"))
