"""The readings of the compressed-sensing baseline, where the paper is silent, and its weights tuned."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from recon_lib.baselines.wavelets import DEFAULT
from recon_lib.core.errors import choose


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


#: The named readings of the paper, by name. The weights of ``real+tuned`` are the best of :data:`SEARCHED`.
VARIANTS = {
    "literal": Variant("literal"),
    "tv0.01": Variant("tv0.01", tv_weight=0.01),
    "tv0.002": Variant("tv0.002", tv_weight=0.002),
    "real": Variant("real", real=True),
    "real+tv0.002": Variant("real+tv0.002", tv_weight=0.002, real=True),
    "real+tuned": Variant("real+tuned", wavelet_weight=0.001, tv_weight=0.001, real=True),
}


def _candidate(wavelet_weight: float, tv_weight: float) -> Variant:
    return Variant(f"real+w{wavelet_weight:g}+tv{tv_weight:g}", wavelet_weight, tv_weight, real=True)


_TRIED = itertools.product((0.0005, 0.001, 0.002), repeat=2)
#: Pairs of weights of a real-valued image that are tried on slices of training subjects, by name. A coarser search,
#: whose rows are not kept, said where to try: total variation from 0.0005 to 0.016, wavelets from 0 to 0.003.
SEARCHED = {variant.name: variant for variant in itertools.starmap(_candidate, _TRIED)}


def find_variant(name: str) -> Variant:
    """Return the variant of a name: a choice of the weights in eq. 2.

    Args:
        name: Of :data:`VARIANTS` or of :data:`SEARCHED`.

    Raises:
        ReconError: There is none; the message names the nearest.
    """
    known = VARIANTS | SEARCHED
    return known[choose("variant of compressed sensing", name, known)]
