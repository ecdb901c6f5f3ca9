"""Kinds of k-space: where its zero frequency is, what of it was acquired, what its file says of it."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from laws import direct_fft2c, direct_ifft2c
from scan_files import head
from scans.phantoms import ellipse, random_mask
from scans.raw_files import save_fastmri, save_ismrmrd
from scans.test_bart import save_cfl

from field.kinds import Commands, Kind

SHAPE = (3, 96, 80)
SAME = 0.05
"""Decibel between two inputs that are one scan."""


def images() -> np.ndarray:
    """Return the phantom with a smooth phase, ``(slices, height, width)``."""
    _, height, width = SHAPE
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.moveaxis(head((height, width, SHAPE[0])), 2, 0) * np.exp(1j * (0.7 + 0.5 * x * y))


def save(folder: Path, array: np.ndarray, name: str = "k.npy") -> Path:
    """Save an array as complex64."""
    np.save(folder / name, array.astype(np.complex64))
    return folder / name


def plain_psnr(folder: Path, run: Commands) -> float:
    """Return what the same scan gives as the convention has it."""
    return run("evaluate", save(folder, direct_fft2c(images()), "plain.npy")).psnr()


def centred(folder: Path, run: Commands) -> str:
    """K-space as the convention has it: no note, and the PSNR that the other kinds are compared with."""
    outcome = run("evaluate", save(folder, direct_fft2c(images())))
    assert (outcome.status, outcome.err) == (0, ""), outcome
    return f"{outcome.psnr():.2f} dB"


def as_plain(folder: Path, run: Commands, source: Path, note: str, *options: str) -> str:
    """Expect a note, and the PSNR of the plain file."""
    outcome = run("evaluate", source, *options)
    assert outcome.status == 0, outcome
    assert note in outcome.err, outcome.err
    right = plain_psnr(folder, run)
    assert abs(outcome.psnr() - right) < SAME, (outcome.psnr(), right)
    return f"{outcome.psnr():.2f} dB; centred {right:.2f} dB; said: {note}"


def late_echo(rows: int, columns: int) -> Kind:
    """K-space whose peak is off the centre."""
    before = {3: "29.1 dB", 6: "21.8 dB"}.get(rows if not columns else 0, "not tried")

    def check(folder: Path, run: Commands) -> str:
        source = save(folder, np.roll(direct_fft2c(images()), (rows, columns), (1, 2)))
        return as_plain(folder, run, source, "k-space was moved by")

    name = f"k_dc_off{rows}" if not columns else f"k_dc_off_{abs(rows)}_rows_{abs(columns)}_columns"
    return Kind(name, before, "as the centred file; said", check)


def corner(folder: Path, run: Commands) -> str:
    """What fft2 gives, recognised and by its option."""
    source = save(folder, np.fft.fft2(images()))
    as_plain(folder, run, source, "zero frequency is in the corner", "--kspace-order", "corner")
    return as_plain(folder, run, source, "zero frequency is in the corner")


def corner_of_one_axis(folder: Path, run: Commands) -> str:
    """Rows in the order of fft, columns centred."""
    source = save(folder, np.fft.ifftshift(direct_fft2c(images()), axes=1))
    return as_plain(folder, run, source, "zero frequency is at the start of rows")


def rolled(folder: Path, run: Commands) -> str:
    """``fftshift(fft2(image))``: the object lies across the border."""
    outcome = run("evaluate", save(folder, np.fft.fftshift(np.fft.fft2(images()), axes=(1, 2))))
    assert outcome.status == 0
    assert "the object lies across the border along rows and columns" in outcome.err
    return "warned: the object lies across the border along rows and columns"


def complex_image(folder: Path, run: Commands) -> str:
    """An image is refused, and taken with its option."""
    source = save(folder, images())
    error = run("evaluate", source).error()
    assert "looks like a complex image" in error
    assert "--image" in error
    return f"refused; {as_plain(folder, run, source, 'its k-space was computed', '--image')}"


def full_inside(folder: Path, run: Commands, source: Path, full: np.ndarray, words: str) -> str:
    """Expect an evaluation against the reference that the acquired samples give, and nothing outside the limits."""
    outcome = run("evaluate", source)
    assert outcome.status == 0, outcome
    assert words in outcome.err
    assert run("reconstruct", source, "--output", folder / "out.npy").status == 0
    made, reference = np.load(folder / "out.npy"), np.abs(direct_ifft2c(full))
    scale = reference.max()
    psnr = -10 * np.log10(np.mean(((made - reference) / scale) ** 2))
    assert psnr > 12, psnr
    return f"{outcome.psnr():.2f} dB; {words}"


def elliptical(folder: Path, run: Commands) -> str:
    """Fully sampled inside an ellipse."""
    full = direct_fft2c(images()) * ellipse(SHAPE[1:])
    return full_inside(folder, run, save(folder, full), full, "lies within the acquired limits, as its zeros tell")


def padded(folder: Path, run: Commands) -> str:
    """Zero-padded columns, which fastMRI's header states."""
    full = direct_fft2c(images())
    full[:, :, :6] = full[:, :, 74:] = 0
    source = save_fastmri(folder / "k.h5", full.astype(np.complex64))
    with h5py.File(source, "a") as file:
        file.attrs["padding_left"], file.attrs["padding_right"] = 6, 74
    return full_inside(folder, run, source, full, "lies within the acquired limits, as its header states")


def partial_fourier(folder: Path, run: Commands) -> str:
    """A half-sided support is undersampled, so evaluate refuses it and reconstruct takes it."""
    full = direct_fft2c(images())
    full[:, :34] = 0
    source = save(folder, full)
    assert "is undersampled k-space" in run("evaluate", source).error()
    outcome = run("reconstruct", source, "--output", folder / "out.npy")
    assert "k-space as acquired, 1.55-fold" in outcome.out, outcome
    return "undersampled 1.55-fold, reconstructed as acquired"


def late_and_scattered(folder: Path, run: Commands) -> str:
    """Scattered samples in the corner order: as the same samples, centred."""
    full = direct_fft2c(images()) * random_mask(SHAPE[1:])
    shifted = np.fft.ifftshift(np.roll(full, 4, 1), axes=(1, 2))
    for name, array in (("a", full), ("b", shifted)):
        source = save(folder, array, f"{name}.npy")
        assert run("reconstruct", source, "--output", folder / f"{name}-out.npy").status == 0
    made, right = (np.load(folder / f"{name}-out.npy") for name in "ba")
    np.testing.assert_allclose(made, right, atol=1e-3 * right.max())
    return "the centred file's reconstruction"


def own_mask(folder: Path, run: Commands) -> str:
    """Full k-space beside a mask: offered, and used where asked for."""
    columns = (np.arange(SHAPE[2]) % 4 == 0) | (np.abs(np.arange(SHAPE[2]) - 40) < 6)
    source = save_fastmri(folder / "k.h5", direct_fft2c(images()).astype(np.complex64), mask=columns)
    assert "--mask own undersamples by it" in run("evaluate", source).err
    psnr = []
    np.save(folder / "mask.npy", columns)
    for name in ("own", source, folder / "mask.npy"):
        outcome = run("evaluate", source, "--mask", name)
        assert f"{1 / columns.mean():.3g}-fold" in outcome.err, outcome
        psnr.append(outcome.psnr())
    assert np.ptp(psnr) < SAME
    return f"offered; with --mask own {psnr[0]:.2f} dB, {1 / columns.mean():.3g}-fold"


def no_centre(folder: Path, run: Commands) -> str:
    """ISMRMRD lines whose centre nobody stated."""

    def change(header: np.ndarray, line: np.ndarray) -> tuple:
        header["center_sample"] = 0
        return header, line

    source = save_ismrmrd(folder / "k.h5", direct_fft2c(images()).astype(np.complex64), change=change)
    return as_plain(folder, run, source, "the middle one was taken")


def archive(folder: Path, run: Commands) -> str:
    """One array in an ``.npz``; two are refused by name."""
    full = direct_fft2c(images())
    np.savez(folder / "two.npz", kspace=full, mask=np.ones(3))
    assert "holds 2 arrays (kspace, mask)" in run("evaluate", folder / "two.npz").error()
    np.savez(folder / "k.npz", kspace=full)
    return as_plain(folder, run, folder / "k.npz", "")


def bart(folder: Path, run: Commands) -> str:
    """BART's file of one coil; several coils are refused."""
    full = np.moveaxis(direct_fft2c(images()), 0, 2)
    source = save_cfl(folder / "k.cfl", full, (*SHAPE[1:], 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, SHAPE[0]))
    coils = save_cfl(folder / "coils.cfl", full, (*SHAPE[1:], 1, SHAPE[0]))
    assert "of 3 coils: combine them into one first" in run("evaluate", coils).error()
    return as_plain(folder, run, source, "")


KINDS = [
    Kind("k_centred", "as right", "nothing is said", centred),
    Kind("complex_image", "40.76 dB of its transform", "refused; --image takes it", complex_image),
    Kind("k_plainfft2", "10.5 dB", "recognised, converted, said; --kspace-order corner", corner),
    Kind("k_corner_of_one_axis", "not tried", "recognised, converted, said", corner_of_one_axis),
    Kind("k_fftshift_fft2", "rolled by half the field of view", "warned of", rolled),
    late_echo(3, 0),
    late_echo(6, 0),
    late_echo(-7, 5),
    Kind("k_elliptical", "refused as undersampled 1.2-fold", "full within its limits", elliptical),
    Kind("fastmri_padded", "refused as undersampled 1.2-fold", "full within its limits", padded),
    Kind("k_partial_fourier", "not tried", "undersampled", partial_fourier),
    Kind("k_corner_scattered", "not tried", "as the same samples, centred", late_and_scattered),
    Kind("fastmri_mask_full", "the mask is ignored", "offered, --mask uses it, said which", own_mask),
    Kind(
        "ismrmrd_nocentersample", "a line outside its encoded matrix", "centre assumed in the middle, said", no_centre
    ),
    Kind("x_npz", "refused", "read", archive),
    Kind("bart_cfl", "refused", "read; several coils refused in one sentence", bart),
]
