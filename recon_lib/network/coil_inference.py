"""Reconstruct slices of several coils by a network, in parts that fit in memory."""

from __future__ import annotations

import numpy as np
from keras import ops

from recon_lib.core.progress import Progress
from recon_lib.imaging.acquisition import to_complex
from recon_lib.imaging.coil_data import CoilAcquired
from recon_lib.network.coil_cascade import CoilCascade
from recon_lib.network.inference import parts


def reconstruct_coils(cascade: CoilCascade, data: CoilAcquired, progress: Progress | None = None) -> np.ndarray:
    """Reconstruct slices as acquired by several coils (eq. 9).

    Args:
        cascade: A network.
        data: What was acquired of ``n`` slices.
        progress: Called with slices done, slices in all and an empty row.

    Returns:
        Complex images after the last data consistency, complex64 ``(n, height, width)``, in the units of the k-space.
    """
    images = np.empty(data.mask.shape, np.complex64)
    for part in parts(len(data), data.mask.shape[1:], cascade):
        # Not compiled: every number of coils would be compiled anew, which takes longer than many slices do.
        output = cascade(data.measured(part), training=False)["image"]
        images[part] = to_complex(ops.convert_to_numpy(output)) * data.scales[part, None, None]
        if progress:
            progress(min(part.stop, len(data)), len(data), {})
    return images
