"""Commands for the user's own scans: ``reconstruct``, ``evaluate``, ``finetune``, ``weights list|show``.

As in :mod:`recon_lib.cli.main`, a command imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recon_lib.core.errors import ReconError

if TYPE_CHECKING:
    from recon_lib.core.progress import Bar
    from recon_lib.scans.options import ReadOptions
    from recon_lib.scans.reconstruct import Network
    from recon_lib.scans.scan import Scan

_INPUTS = (
    "NIfTI (.nii, .nii.gz), FreeSurfer (.mgz), MetaImage (.mha, .mhd), .npy or .npz magnitudes, the folder of a DICOM "
    "series or study, or raw single-coil k-space (complex .npy or .npz, BART's .cfl, fastMRI or ISMRMRD .h5)"
)
_CONVENTION = (
    "K-space is centred (zero frequency at height // 2 and width // 2, the image's origin likewise) and orthonormal, "
    "and its last two axes are rows and columns; what is stored otherwise is recognised, and said."
)
_MASK = (
    "undersample with this mask (.npy, .npz, .h5, .cfl; columns or a slice) instead of drawing them; 'own' for the one "
    "that an HDF5 file holds beside its k-space"
)
_SIMULATION = (
    "Magnitude images are undersampled retrospectively. That is a simulation, and the output is labelled so: their "
    "k-space has no phase, no coils and processed noise, so every method looks better than on raw data ('data crimes')."
)
_AT_MOST = 40  # held-out slices that are reconstructed before and after tuning


def add_commands(groups: argparse._SubParsersAction) -> None:
    """Add the commands to the parser of the command line.

    Args:
        groups: Where they belong.
    """
    command = _command(groups, "reconstruct", "reconstruct a scan with a network, in its geometry and intensity scale")
    command.set_defaults(run=reconstruct)
    command.add_argument("input", metavar="IN", type=Path, help=_INPUTS)
    _add_series(command)
    command.add_argument("--output", metavar="OUT", type=Path, required=True, help="in the input's format (or NIfTI)")
    command.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    command.add_argument("--mask", metavar="FILE", help=_MASK)

    command = _command(groups, "evaluate", "measure a network and zero-filling on scans that are fully sampled")
    command.set_defaults(run=evaluate)
    command.add_argument("input", metavar="DIR|IN", type=Path, help=f"a folder of scans, or one: {_INPUTS}")
    _add_series(command)
    command.add_argument("--output", metavar="CSV", type=Path, help="a table with a row for each slice and method")
    command.add_argument("--overwrite", action="store_true", help="replace CSV if it exists")
    command.add_argument("--mask", metavar="FILE", help=_MASK)

    command = _command(groups, "finetune", "tune a network with a few slices of your scans")
    command.set_defaults(run=finetune)
    command.add_argument("input", metavar="DIR", type=Path, help=f"a folder of scans: {_INPUTS}")
    command.add_argument("--images", metavar="N", type=int, default=20, help="slices drawn to tune with (default: 20)")
    command.add_argument("--test", metavar="DIR2", type=Path, help="scans to test on (default: DIR's last subject)")
    command.add_argument("--epochs", metavar="N", type=int, help="passes over them (default: the network's profile's)")
    command.add_argument("--batch", metavar="N", type=int, help="images an update, 0 for all (default: likewise)")
    command.add_argument("--learning-rate", metavar="RATE", type=float, help="Adam's first rate (default: likewise)")
    command.add_argument("--output", metavar="NET", type=Path, required=True, help="the tuned network, .safetensors")
    command.add_argument("--overwrite", action="store_true", help="replace NET if it exists")

    weights = groups.add_parser("weights", help="the released networks", description="The released networks.")
    kinds = weights.add_subparsers(metavar="COMMAND", required=True)
    text = "table of the released networks: what they learned from, PSNR and SSIM on test slices, size, sha256, licence"
    kinds.add_parser("list", help=text, description=text).set_defaults(run=weights_list)
    text = "the card of a network"
    show = kinds.add_parser("show", help=text, description=text)
    show.add_argument("weights", metavar="NAME", help="a released network, or a .safetensors file")
    show.set_defaults(run=weights_show)


def reconstruct(arguments: argparse.Namespace) -> None:
    """Reconstruct a scan."""
    from recon_lib.scans import read, write

    sidecar = read.record_path(arguments.output)
    write.check_output(arguments.output, arguments.overwrite, arguments.input, sidecar=sidecar, folder=True)
    path = _network_file(arguments)
    scan = read.read_scan(arguments.input, _reading(arguments))
    _announce(scan)
    write.ending(scan, arguments.output)
    network = _open(path, arguments)
    from recon_lib.core.progress import Bar
    from recon_lib.scans.reconstruct import reconstruct_scan

    try:
        with Bar(scan.path.name) as bar:
            volume, record = reconstruct_scan(scan, network, **_options(arguments, scan, bar), progress=bar)
        write.write_scan(scan, volume, arguments.output, record)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(f"interrupted; {arguments.output} was not written.") from stop
    print(f"{arguments.output}: {write.summary(record)}")


def evaluate(arguments: argparse.Namespace) -> None:
    """Measure a network on one scan or on all of a folder."""
    from recon_lib.scans import read, write
    from recon_lib.scans.read import is_series

    if arguments.output:
        write.check_output(arguments.output, arguments.overwrite, arguments.input)
    path = _network_file(arguments)
    single = not arguments.input.is_dir() or is_series(arguments.input) or arguments.series is not None
    scans = [arguments.input] if single else read.find_scans(arguments.input)
    network = _open(path, arguments)
    from recon_lib.core.progress import Bar
    from recon_lib.scans.reconstruct import evaluate_scan

    rows: list[dict] = []
    try:
        for scan in scans:
            name = scan.name if single else scan.relative_to(arguments.input).as_posix()
            source = read.read_scan(scan, _reading(arguments))
            _announce(source)
            with Bar(name) as bar:
                measured = evaluate_scan(source, network, **_options(arguments, source, bar), progress=bar)
            rows += [{**row, "scan": name} for row in measured]
            print(_means(name, measured), flush=True)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt("interrupted; no table was written.") from stop
    if any(row["simulation"] for row in rows):
        print(f"note: {_SIMULATION}")
    if arguments.output:
        write.write_table(arguments.output, rows)
        print(f"{arguments.output}: {len(rows)} rows")


def finetune(arguments: argparse.Namespace) -> None:
    """Tune a network, and say what it gives on held-out slices before and after."""
    from recon_lib.scans import read, references, write

    out = arguments.output
    if out.suffix != ".safetensors":
        raise ReconError(f"{out} is no name for a network: let it end with .safetensors.")
    write.check_output(out, arguments.overwrite, sidecar=out.with_suffix(".json"))
    path = _network_file(arguments)
    reading = {"axis": arguments.axis, "options": _reading(arguments), "announce": _announce}
    pool = references.gather(read.find_scans(arguments.input), **reading)
    if arguments.test:
        held = references.gather(read.find_scans(arguments.test), **reading)
        references.check_apart(pool, held)
    else:
        pool, held = references.hold_out(pool)
    chosen, held = pool.draw(arguments.images, arguments.seed), held.spread(_AT_MOST)
    network = _open(path, arguments, tuning=True)
    from recon_lib.core.progress import Bar
    from recon_lib.scans.finetune import recipe_of, tune_network

    options = {"acceleration": _acceleration(arguments), "seed": arguments.seed}
    recipe = recipe_of(
        network, len(chosen), epochs=arguments.epochs, batch=arguments.batch, learning_rate=arguments.learning_rate
    )
    people = len(set(held.subjects))
    print(f"tuning with {len(chosen)} of {len(pool)} slices; {len(held)} slices of {people} subject(s) are held out")
    print(f"note: {_SIMULATION}")
    if set(held.subjects) & set(pool.subjects):
        print("note: the held-out slices show a subject that tunes the network too, so their PSNR flatters it.")
    with Bar(out.name) as bar:
        tuned = tune_network(network, chosen, out, recipe=recipe, **options, held=held, progress=bar)
    psnr_before, psnr_after = tuned.card.held_out.psnr_before, tuned.card.held_out.psnr_after
    print(
        f"held-out PSNR: zero-filled {psnr_before['zero_filled']:.2f} dB, before {psnr_before['network']:.2f} dB, "
        f"after {psnr_after['network']:.2f} dB\n{out}: use it as --weights {out}"
    )


def weights_list(_: argparse.Namespace) -> None:
    """Print a table of the released networks."""
    from recon_lib.paper import networks
    from recon_lib.results.defaults import default_networks

    print(networks.plain_list([*default_networks().values()]))


def weights_show(arguments: argparse.Namespace) -> None:
    """Print everything that is known of a network."""
    from recon_lib.paper import networks
    from recon_lib.results.defaults import released_networks

    released = [network for holders in released_networks().values() for network in holders]
    print(networks.plain_card(_find(arguments.weights), released))


def _command(groups: argparse._SubParsersAction, name: str, text: str) -> argparse.ArgumentParser:
    command = groups.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=f"{_SIMULATION} {_CONVENTION}"
    )
    command.add_argument("--weights", metavar="NAME", required=True, help="a released network, or a .safetensors file")
    command.add_argument("--precision", metavar="NAME", help="of hidden layers: auto (default), float32 or bfloat16")
    text = "grid points over samples of k-space (default: 4; k-space that is undersampled has its own)"
    command.add_argument("--acceleration", metavar="R", type=float, help=text)
    text = "axial (default), coronal, sagittal, or the number of the file's axis along which slices are stacked"
    command.add_argument("--axis", help=text)
    command.add_argument("--seed", type=int, default=0, help="other masks, and other slices drawn (default: 0)")
    text = "where the zero frequency of k-space is, instead of looking for it: centred, or corner (as fft2 leaves it)"
    command.add_argument("--kspace-order", metavar="ORDER", help=text)
    command.add_argument("--image", action="store_true", help="complex arrays are images, not k-space")
    text = "set NaN and infinite values to zero, and say how many"
    command.add_argument("--nan-to-zero", action="store_true", help=text)
    text = "set negative values of magnitudes to zero (what resampling leaves), and say how many"
    command.add_argument("--clip-negative", action="store_true", help=text)
    return command


def _add_series(command: argparse.ArgumentParser) -> None:
    text = "number, description or identifier of the DICOM series to read (default: the one with the most images)"
    command.add_argument("--series", metavar="NAME", help=text)


def _announce(scan: Scan) -> None:
    """Say what was guessed, left out, reordered or scaled on reading: a line on stderr for each."""
    for sentence in scan.notes.values():
        print(_note(scan, sentence), file=sys.stderr)


def _note(scan: Scan, sentence: str) -> str:
    return f"note: {scan.path.name}: {' '.join(sentence.split())}"


def _reading(arguments: argparse.Namespace) -> ReadOptions:
    from recon_lib.scans.options import ReadOptions

    return ReadOptions(
        kspace_order=arguments.kspace_order,
        as_image=arguments.image,
        nan_to_zero=arguments.nan_to_zero,
        clip_negative=arguments.clip_negative,
        series=getattr(arguments, "series", None),  # where a folder of scans is read, each gives its largest
    )


def _find(name: str) -> Path:
    from recon_lib.data.networks import obtain_network

    return obtain_network(name)


def _network_file(arguments: argparse.Namespace) -> Path:
    """Find the network; an unknown precision is refused here too, before anything is read."""
    from recon_lib.network.precision import precision_setting

    precision_setting(arguments.precision)
    return _find(arguments.weights)


def _open(path: Path, arguments: argparse.Namespace, *, tuning: bool = False) -> Network:
    """Read a network, and say on stderr what it computes in."""
    from recon_lib.network.quiet import import_backend

    import_backend()
    from recon_lib.scans.reconstruct import open_network

    network = open_network(path, arguments.precision, tuning=tuning)
    print(network.precision, file=sys.stderr)
    return network


def _acceleration(arguments: argparse.Namespace) -> float:
    from recon_lib.imaging.masks import MaskSpec

    return MaskSpec.acceleration if arguments.acceleration is None else arguments.acceleration


def _options(arguments: argparse.Namespace, scan: Scan, bar: Bar) -> dict[str, object]:
    """Return how a scan is undersampled; its own mask is one that the user may ask for."""
    from recon_lib.scans.scan_masks import OWN, make_mask, read_mask

    def say(sentence: str) -> None:
        bar.write(_note(scan, sentence), sys.stderr)

    mask = None
    if arguments.mask == OWN:
        if scan.mask is None:
            raise ReconError(f"{scan.path} holds no mask of its own: name the file of one in --mask.")
        mask = make_mask(scan.mask, str(scan.path))
    elif arguments.mask:
        mask = read_mask(Path(arguments.mask))
    options = {name: getattr(arguments, name) for name in ("acceleration", "axis", "seed")}
    return {**options, "mask": mask, "say": say}


def _means(name: str, rows: Sequence[dict]) -> str:
    parts = []
    for method in ("zero_filled", "network"):
        chosen = [row for row in rows if row["method"] == method]
        psnr, ssim = (sum(row[key] for row in chosen) / len(chosen) for key in ("psnr", "ssim"))
        parts.append(f"{method.replace('_', '-')} {psnr:.2f} dB, SSIM {ssim:.4f}")
    return f"{name}: {len(rows) // 2} slices, {'; '.join(parts)}"
