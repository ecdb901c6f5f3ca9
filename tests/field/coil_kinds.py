"""Kinds of k-space of several coils: whatever file holds it, one image; and what is said of coils that spoil it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scans.phantoms import coil_kspace, coil_mask
from scans.raw_files import FIELD, NOISE, acquisition, save_fastmri, save_ismrmrd
from scans.test_bart import save_cfl
from scans.test_ismrmrd_header import SPACE

from field.kinds import Commands, Kind, Outcome
from recon_lib.imaging.coil_simulation import complex_noise

FULL, OBJECTS, MAPS = coil_kspace()
SLICES, COILS, HEIGHT, WIDTH = FULL.shape
REFUSED = "refused, as all files of several coils"
LEAST = 22
"""Decibel: an untrained network reaches 25, and slices in another order 20, flipped rows or half of the coils less."""


def save(folder: Path, array: np.ndarray, name: str = "k.npy") -> Path:
    """Save coils as they are stored by default: slices, coils, rows, columns."""
    np.save(folder / name, array.astype(np.complex64))
    return folder / name


def reconstruct(run: Commands, source: Path, *words: str | Path) -> Outcome:
    """Reconstruct a file with the network of several coils; the magnitude is beside it as ``<name>-out.npy``."""
    axis = ("--coils", "1") if source.suffix == ".npy" and "--coils" not in words else ()
    out = source.with_name(f"{source.stem}-out.npy")
    return run("reconstruct", source, *axis, *words, "--weights", run.coil_weights, "--output", out)


def made(run: Commands, source: Path, *words: str | Path) -> tuple[np.ndarray, Outcome]:
    """Return the reconstruction of a file, and what was said of it."""
    outcome = reconstruct(run, source, *words)
    assert outcome.status == 0, outcome
    return np.load(source.with_name(f"{source.stem}-out.npy")), outcome


def psnr(image: np.ndarray, reference: np.ndarray) -> float:
    """Return the PSNR in dB against a reference, its maximum the peak."""
    return float(-10 * np.log10(np.mean((image - reference) ** 2) / reference.max() ** 2))


def as_array(folder: Path, run: Commands, source: Path, array: np.ndarray = FULL, *words: str) -> str:
    """Expect what the same k-space gives as an array, slice by slice."""
    image, _ = made(run, source, *words)
    right, _ = made(run, save(folder, array, "plain.npy"))
    difference = np.abs(image - right).max() / right.max()
    assert difference < 1e-3, difference
    return f"at most {difference:.0e} of the maximum from the array's reconstruction"


def refused(run: Commands, source: Path, words: str, *options: str | Path) -> str:
    """Expect a refusal with these words, and no file."""
    error = reconstruct(run, source, *options).error()
    assert words in error, error
    assert not source.with_name(f"{source.stem}-out.npy").exists()
    return f"refused: {words}"


def array(folder: Path, run: Commands) -> str:
    """Coils along the last axis, and the phantom that made them; without --coils the array is none of an image."""
    source = save(folder, np.moveaxis(FULL, 1, -1))
    assert "--coils" in run("reconstruct", source, "--output", folder / "out.npy").error()
    image, _ = made(run, source, "--coils", "3")
    reached = psnr(image, np.abs(OBJECTS))
    assert reached > LEAST, reached
    return f"{reached:.1f} dB of the phantom"


def fastmri(folder: Path, run: Commands) -> str:
    """Slices, coils, rows, columns: the four axes of fastMRI."""
    return as_array(folder, run, save_fastmri(folder / "k.h5", FULL))


def bart(folder: Path, run: Commands) -> str:
    """BART's file, its coils along the fourth dimension and its slices along the last."""
    sizes = (HEIGHT, WIDTH, 1, COILS, *([1] * 9), SLICES)
    return as_array(folder, run, save_cfl(folder / "k.cfl", FULL.transpose(2, 3, 1, 0), sizes))


def ismrmrd(folder: Path, run: Commands) -> str:
    """A readout of twice the image, without noise scan: as the array whose readout was never oversampled."""
    full, objects, _ = coil_kspace((HEIGHT, 2 * WIDTH))
    fields = {
        "fields": FIELD.format(4 * WIDTH, 2 * HEIGHT, 5),
        "image": SPACE.format(WIDTH, HEIGHT, FIELD.format(2 * WIDTH, 2 * HEIGHT, 5)),
    }
    source = save_ismrmrd(folder / "k.h5", full, **fields)
    image, outcome = made(run, source)
    assert "the oversampled readout was cut away before the reconstruction" in outcome.err
    reference = np.abs(objects[:, :, WIDTH // 2 : WIDTH // 2 + WIDTH])
    reached = psnr(image, reference)
    assert reached > LEAST, reached
    return f"{reached:.1f} dB of the phantom's middle; said: the oversampled readout was cut away"


def noise_scan(folder: Path, run: Commands) -> str:
    """A noise scan: as the array that was whitened by hand, in units of the noise."""
    mixing = np.diag([1.0, 2.0, 4.0, 8.0]) + 0.5j * np.eye(COILS, k=-1)
    noise = (mixing @ complex_noise((COILS, 400), np.random.default_rng(0))).astype(np.complex64)
    source = save_ismrmrd(folder / "k.h5", FULL, extra=[acquisition(COILS, noise, flags=NOISE)])
    lower = np.linalg.cholesky(noise @ noise.conj().T / noise.shape[1])
    white = np.linalg.solve(lower, FULL.reshape(SLICES, COILS, -1)).reshape(FULL.shape)
    return as_array(folder, run, source, white)


def small_centre(folder: Path, run: Commands) -> str:
    """Six by six samples in the centre: too few to estimate maps, enough for maps from a file."""
    source = save(folder, FULL * coil_mask(side=6, share=0.2))
    np.save(folder / "maps.npy", MAPS)
    _, outcome = made(
        run, save(folder, FULL * coil_mask(side=6, share=0.2), "mapped.npy"), "--maps", folder / "maps.npy"
    )
    assert "k-space as acquired" in outcome.out
    return refused(run, source, "is too small for coil maps: sample at least 12x12, or give maps")


def noise_alone(folder: Path, run: Commands) -> str:
    """The second coil saw nothing."""
    kspace = FULL.copy()
    kspace[:, 1] = 20 * complex_noise((SLICES, HEIGHT, WIDTH), np.random.default_rng(0))
    return refused(run, save(folder, kspace), "Coil 2 of 4 holds noise alone: leave it out")


def zero_coil(folder: Path, run: Commands) -> str:
    """The third coil was unplugged."""
    kspace = FULL.copy()
    kspace[:, 2] = 0
    source = save_fastmri(folder / "k.h5", kspace)
    return refused(run, source, f"Coil 3 of 4 in {source} is zero everywhere: leave it out")


def other_maps(folder: Path, run: Commands) -> str:
    """Maps of another scan."""
    np.save(folder / "maps.npy", MAPS[:, 4:-4])
    words = "The maps have the shape (1, 4, 40, 40), but the k-space is of 2 slices, 4 coils, 48x40"
    return refused(run, save(folder, FULL), words, "--maps", folder / "maps.npy")


def other_mask(folder: Path, run: Commands) -> str:
    """One coil lacks lines that the others have."""
    kspace = FULL.copy()
    kspace[:, 3, :9] = 0
    source = save_cfl(folder / "k.cfl", kspace.transpose(2, 3, 1, 0), (HEIGHT, WIDTH, 1, COILS, *([1] * 9), SLICES))
    return refused(run, source, "coils share one mask; export it again")


def too_many_virtual(folder: Path, run: Commands) -> str:
    """More coils are asked for than there are."""
    words = "4 coils cannot be compressed to 5: ask for 1 to 4"
    return refused(run, save(folder, FULL), words, "--virtual-coils", "5")


def beyond_coils(folder: Path, run: Commands) -> str:
    """Five-fold undersampling of four coils goes through, with a warning."""
    _, outcome = made(run, save(folder, FULL), "--acceleration", "5")
    words = "5-fold undersampling is more than 4 coils can make up for"
    assert words in outcome.err, outcome.err
    return f"reconstructed; said: {words}"


KINDS = [
    Kind("coils_npy", REFUSED, "the phantom, with --coils AXIS", array),
    Kind("coils_fastmri", REFUSED, "as the array", fastmri),
    Kind("coils_bart", REFUSED, "as the array", bart),
    Kind("coils_ismrmrd", REFUSED, "the phantom without the oversampled readout, said", ismrmrd),
    Kind("coils_ismrmrd_noise", REFUSED, "as the array that was whitened", noise_scan),
    Kind("coils_small_centre", REFUSED, "refused; taken with --maps", small_centre),
    Kind("coils_one_is_noise", REFUSED, "refused, the coil named", noise_alone),
    Kind("coils_one_is_zero", REFUSED, "refused, the coil named", zero_coil),
    Kind("coils_other_maps", REFUSED, "refused, both sizes named", other_maps),
    Kind("coils_masks_differ", REFUSED, "refused", other_mask),
    Kind("coils_fewer_than_asked", REFUSED, "refused, the range named", too_many_virtual),
    Kind("coils_beyond_number", REFUSED, "reconstructed, with a warning", beyond_coils),
]
