"""What the commands for a user's own scans share: their options, and what they say on stderr."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from recon_lib.core.errors import ReconError

if TYPE_CHECKING:
    import numpy as np

    from recon_lib.core.progress import Bar
    from recon_lib.scans.coil_kspace import CoilKspace
    from recon_lib.scans.options import ReadOptions
    from recon_lib.scans.reconstruct import Network
    from recon_lib.scans.scan import Scan
    from recon_lib.scans.scan_masks import UserMask

INPUTS = (
    "NIfTI (.nii, .nii.gz), FreeSurfer (.mgz), MetaImage (.mha, .mhd), .npy or .npz magnitudes, the folder of a DICOM "
    "series or study, or raw k-space (complex .npy or .npz, BART's .cfl, fastMRI or ISMRMRD .h5)"
)
SIMULATION = (
    "Magnitude images are undersampled retrospectively. That is a simulation, and the output is labelled so: their "
    "k-space has no phase, no coils and processed noise, so methods may look better than on raw data ('data crimes')."
)
_CONVENTION = (
    "K-space is centred (zero frequency at height // 2 and width // 2, the image's origin likewise) and orthonormal, "
    "and its last two axes are rows and columns; what is stored otherwise is recognised, and said."
)
_MASK = (
    "undersample with this mask (.npy, .npz, .h5, .cfl; columns or a slice) instead of drawing them; 'own' for the one "
    "that an HDF5 file holds beside its k-space"
)


def add_scan_command(
    groups: argparse._SubParsersAction, name: str, text: str, run: object, *, network: bool = True, default: str = ""
) -> argparse.ArgumentParser:
    """Add a command that reads scans, with the options of reading and, if it has one, of its network.

    Args:
        groups: Where it belongs.
        name: The command's.
        text: What it does, for ``--help``.
        run: The function that carries it out.
        network: Whether it needs one.
        default: Which it takes where the user names none, in words; empty if he has to name one.

    Returns:
        Its parser.
    """
    description = f"{text[0].upper()}{text[1:]}."
    command = groups.add_parser(name, help=text, description=description, epilog=f"{SIMULATION} {_CONVENTION}")
    command.set_defaults(run=run)
    if network:
        text = "a released network, or a .safetensors file" + (f" (default: {default})" if default else "")
        command.add_argument("--weights", metavar="NAME", required=not default, help=text)
        text = "of hidden layers: auto (default), float32 or bfloat16"
        command.add_argument("--precision", metavar="NAME", help=text)
        text = "grid points over samples of k-space (default: 4; k-space that is undersampled has its own)"
        command.add_argument("--acceleration", metavar="R", type=float, help=text)
        text = "other masks, and other slices drawn (default: 0)"
        command.add_argument("--seed", type=int, default=0, help=text)
    text = "axial (default), coronal, sagittal, or the number of the file's axis along which slices are stacked"
    command.add_argument("--axis", help=text)
    text = "where the zero frequency of k-space is, instead of looking for it: centred, or corner (as fft2 leaves it)"
    command.add_argument("--kspace-order", metavar="ORDER", help=text)
    command.add_argument("--image", action="store_true", help="complex arrays are images, not k-space")
    text = "set NaN and infinite values to zero, and say how many"
    command.add_argument("--nan-to-zero", action="store_true", help=text)
    text = "set negative values of magnitudes to zero (what resampling leaves), and say how many"
    command.add_argument("--clip-negative", action="store_true", help=text)
    return command


def add_series(command: argparse.ArgumentParser) -> None:
    """Add the choice of a DICOM series."""
    text = "number, description or identifier of the DICOM series to read (default: the one with the most images)"
    command.add_argument("--series", metavar="NAME", help=text)


def add_coils(command: argparse._ActionsContainer) -> None:
    """Add the axis of the coils."""
    text = "which axis of a complex .npy or .npz holds the coils, from 0; other files say it themselves"
    command.add_argument("--coils", type=int, metavar="AXIS", help=text)


def add_mask(command: argparse.ArgumentParser) -> None:
    """Add the user's own mask."""
    command.add_argument("--mask", metavar="FILE", help=_MASK)


def add_selection(command: argparse.ArgumentParser) -> None:
    """Add the choice of what is taken of a folder."""
    text = "take only the scans of a folder whose place or name fits, such as '*T1w*' (may be repeated)"
    command.add_argument("--include", metavar="PATTERN", action="append", default=[], help=text)
    text = "leave out the scans of a folder whose place or name fits (may be repeated)"
    command.add_argument("--exclude", metavar="PATTERN", action="append", default=[], help=text)
    text = "regular expression that names the subject in a scan's place, such as '(pat[0-9]+)/'"
    command.add_argument("--subject-from", metavar="PATTERN", help=text)


def select(arguments: argparse.Namespace, folder: Path) -> dict[Path, str]:
    """Choose the scans of a folder, and list on stderr what is taken and what is not, before any work starts.

    Args:
        arguments: Of a command with :func:`add_selection`.
        folder: Searched with its sub-folders.

    Returns:
        The subject whom each scan that is taken shows.
    """
    from recon_lib.scans.selection import render_selection, select_scans, subjects_of

    options = {name: getattr(arguments, name) for name in ("include", "exclude", "subject_from")}
    candidates = select_scans(folder, **options)
    print(render_selection(candidates, folder), file=sys.stderr)
    return subjects_of(candidates)


def announce(scan: Scan | CoilKspace) -> None:
    """Say what was guessed, left out, reordered or scaled on reading: a line on stderr for each."""
    for sentence in scan.notes.values():
        print(note(scan, sentence), file=sys.stderr)


def note(scan: Scan | CoilKspace, sentence: str) -> str:
    """Return a line on what was done to a scan."""
    return f"note: {scan.path.name}: {' '.join(sentence.split())}"


def reading(arguments: argparse.Namespace) -> ReadOptions:
    """Return what the user said of scans; where a folder of scans is read, each gives its largest series."""
    from recon_lib.scans.options import ReadOptions

    return ReadOptions(
        kspace_order=arguments.kspace_order,
        as_image=arguments.image,
        nan_to_zero=arguments.nan_to_zero,
        clip_negative=arguments.clip_negative,
        series=getattr(arguments, "series", None),
    )


def network_file(arguments: argparse.Namespace) -> Path:
    """Find the network; an unknown precision is refused here too, before anything is read."""
    from recon_lib.data.networks import obtain_network
    from recon_lib.network.precision import precision_setting

    precision_setting(arguments.precision)
    return obtain_network(arguments.weights)


def open_network(path: Path, arguments: argparse.Namespace, *, tuning: bool = False) -> Network:
    """Read a network, and say on stderr what it computes in."""
    from recon_lib.network.quiet import import_backend

    import_backend()
    from recon_lib.scans import reconstruct

    network = reconstruct.open_network(path, arguments.precision, tuning=tuning)
    print(network.precision, file=sys.stderr)
    return network


def sampling(arguments: argparse.Namespace, scan: Scan, bar: Bar) -> dict[str, object]:
    """Return how a scan is undersampled; its own mask is one that the user may ask for.

    Args:
        arguments: Of a command with :func:`add_mask`.
        scan: The scan.
        bar: Its bar, above which notes are written.
    """

    def say(sentence: str) -> None:
        bar.write(note(scan, sentence), sys.stderr)

    options = {name: getattr(arguments, name) for name in ("acceleration", "axis", "seed")}
    return {**options, "mask": user_mask(arguments, scan.path, scan.mask), "say": say}


def user_mask(arguments: argparse.Namespace, path: Path, own: np.ndarray | None) -> UserMask | None:
    """Return the mask that the user brings, or ``None``.

    Args:
        arguments: Of a command with :func:`add_mask`.
        path: The scan's file.
        own: The mask that it holds, if it does.
    """
    from recon_lib.scans.scan_masks import OWN, make_mask, read_mask

    if arguments.mask != OWN:
        return read_mask(Path(arguments.mask)) if arguments.mask else None
    if own is None:
        raise ReconError(f"{path} holds no mask of its own: name the file of one in --mask.")
    return make_mask(own, str(path))
