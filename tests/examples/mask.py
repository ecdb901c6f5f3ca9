"""Another mask: whole columns of k-space at random, around a fully sampled centre."""

import numpy as np

from recon_lib.imaging.metrics import psnr
from recon_lib.network.files import load_network
from recon_lib.network.inference import reconstruct


def random_columns(size, index, acceleration=4.0, centre=8, seed=0):
    """Return a boolean mask of ``size``; seed, size and index decide it, and nothing else."""
    width = size[1]
    rng = np.random.default_rng([seed, *size, index])
    kept = np.zeros(width, bool)
    kept[width // 2 - centre // 2 : width // 2 - centre // 2 + centre] = True
    wanted = round(width / acceleration) - centre
    kept[rng.choice(np.flatnonzero(~kept), wanted, replace=False)] = True
    return np.broadcast_to(kept, size).copy()


def scores(images, network):
    """Undersample images (n, height, width), each by a mask of its own, and return PSNR by a network, in dB."""
    masks = np.stack([random_columns(images.shape[1:], n) for n in range(len(images))])
    cascade, _ = load_network(network)
    made, _ = reconstruct(cascade, images, masks)
    return [psnr(reference, image, data_range=reference.max()) for reference, image in zip(images, made, strict=True)]
