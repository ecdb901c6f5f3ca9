"""The readings of the compressed-sensing baseline, where the paper is silent."""

from __future__ import annotations

from dataclasses import dataclass

from recon_lib.baselines.wavelets import DEFAULT


@dataclass(frozen=True)
class Variant:
    """A reading of the baseline, where the paper is silent: weights of SparseMRI's objective.

    Source: M. Lustig et al., Magn Reson Med 58:1182-95, 2007, and the toolbox's defaults.

    Attributes:
        name: Its name, as in the method ``cs:<name>``.
        wavelet_weight: ``lambda``, the weight of the wavelet coefficients' modulus.
        tv_weight: ``tau``, the weight of the total variation.
        real: The image is real-valued, so its k-space is Hermitian.
        wavelet: A name of :data:`recon_lib.baselines.wavelets.TAPS`.
    """

    name: str
    wavelet_weight: float = 1e-3
    tv_weight: float = 0.0
    real: bool = False
    wavelet: str = DEFAULT


#: The named readings of the paper, by name.
VARIANTS = {
    "literal": Variant("literal"),
    "tv0.01": Variant("tv0.01", tv_weight=0.01),
    "tv0.002": Variant("tv0.002", tv_weight=0.002),
    "real": Variant("real", real=True),
    "real+tv0.002": Variant("real+tv0.002", tv_weight=0.002, real=True),
}
