"""The command line: groups `data` and `results`, and the commands of the other modules of this package.

A command is a function that takes the parsed arguments; it imports what it needs, so that ``--help``
answers at once. To add one, write the function and name it in :func:`build_parser`.
"""

from __future__ import annotations

import argparse
import errno
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from recon_lib.cli import coils, quickstart, runs, scans
from recon_lib.core.backend import missing_backend
from recon_lib.core.errors import ReconError

if TYPE_CHECKING:
    from recon_lib.data.domains import Domain

Command = Callable[[argparse.Namespace], None]
_MENDS = {
    errno.ENOSPC: "free some of the disk and repeat the command; what was there is as it was",
    errno.EDQUOT: "free some of your quota and repeat the command; what was there is as it was",
    errno.EACCES: "choose another place, or ask for the right to use it",
    errno.EROFS: "choose another place, which can be written",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: Words of the command line; those of the process by default.

    Returns:
        Exit status: 0; 2 for bad input, after one line on stderr; 130 if interrupted.
    """
    parser = build_parser()
    arguments = parser.parse_args(argv)
    try:
        arguments.run(arguments)
    except ReconError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)  # a file's name may hold line breaks
        return 2
    except ModuleNotFoundError as error:
        sentence = missing_backend(error)
        if sentence is None:
            raise
        print(f"error: {sentence}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the program that read our output has ended, so there is nobody to tell
        sys.stderr.close()
        return 0
    except OSError as error:  # the disk is full, or a folder may not be read
        mend = _MENDS.get(error.errno, "")
        reason = f"{error.filename or 'a file'}: {error.strerror or error}"
        print(f"error: {' '.join(reason.split())}{mend and ': '}{mend}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print(f"error: {str(stop) or 'interrupted; the same command goes on from here.'}", file=sys.stderr)
        return 130
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(prog="recon", description="Your scans, data and results.")
    groups = parser.add_subparsers(metavar="COMMAND", required=True)
    scans.add_commands(groups)
    quickstart.add_command(groups)

    data = _group(groups, "data", "what is fetched, verified and prepared")
    _command(data, "status", data_status, "table of what is here, what is missing, sizes and licences")
    for name, run, text in (
        ("fetch", data_fetch, "get and verify the files of domains (all, if none is named)"),
        ("prepare", data_prepare, "fetch, then prepare the images of domains (all, if none is named)"),
    ):
        command = _command(data, name, run, text)
        command.add_argument("domains", nargs="*", metavar="DOMAIN", help="natural, t1, t2, t1_bold5000")
        command.add_argument("--source", metavar="NAME", help="open (default), ilsvrc, midas or ixi")
        command.add_argument("--profile", metavar="NAME", help="take domains, sources and matrices from this profile")

    runs.add_commands(groups)
    coils.add_commands(groups)

    results = _group(groups, "results", "the numbers and figures' data that the book draws")
    _command(results, "verify", results_verify, "compare every file of every profile with its recorded sha256")
    _command(results, "headline", results_headline, "draw the figure at the head of the README anew")
    scanner = _command(results, "scanner", results_scanner, "test networks on a scanner that none has seen")
    scanner.add_argument("--slices", type=int, default=30, metavar="N", help="of the test subject (default: 30)")
    scanner.add_argument("--source", default="open", help="open (default), or generated: images made by code")
    text = "measure what bfloat16 costs released networks on all test slices, and write it to their cards; resumes"
    rounding = _command(results, "precision", results_precision, text)
    rounding.add_argument("profile", metavar="PROFILE", help="smoke, desk, open or paper")
    rounding.add_argument("networks", metavar="NAME", nargs="*", help="released networks (all, if none is named)")
    collect = _command(results, "collect", results_collect, "bring a profile's finished runs into its results")
    collect.add_argument("profile", metavar="PROFILE", help="smoke, desk, open or paper")
    panels = _command(results, "panels", results_panels, "add the pictures of the median test slices to a profile")
    panels.add_argument("profile", metavar="PROFILE", help="smoke, desk, open or paper")
    return parser


def data_status(_: argparse.Namespace) -> None:
    """Print a table of what of the manifest is at hand."""
    from humanize import naturalsize
    from tabulate import tabulate

    from recon_lib.core import paths
    from recon_lib.data.inventory import status

    rows = [{**row, "size": naturalsize(row["bytes"]) if row["bytes"] else ""} for row in status()]
    columns = ("domain", "source", "files", "present", "size", "prepared", "licence")
    cells = [[str(row[column]) or "-" for column in columns] for row in rows]
    print(tabulate(cells, headers=columns, disable_numparse=True))
    answered = [f"{row['domain']}/{row['source']}: {row['answered']}" for row in rows if row["answered"]]
    if answered:
        print("\nfetched from:\n  " + "\n  ".join(answered))
    missing = [f"{row['domain']}/{row['source']}: {row['missing']}" for row in rows if row["missing"]]
    if missing:
        print("\nmissing:\n  " + "\n  ".join(missing))
    print(f"\nmirror (RECON_DATA_MIRROR): {paths.mirror() or 'not set'}\ncache (RECON_CACHE): {paths.cache()}")


def data_fetch(arguments: argparse.Namespace) -> None:
    """Get and verify the files of domains."""
    from recon_lib.data import inventory

    for name, domain in _domains(arguments):
        start = time.monotonic()
        files = inventory.fetch_domain(name, domain)
        outcome = f"{len(files)} files verified" if files else "nothing to fetch"
        print(f"{name}/{domain.source}: {outcome} ({time.monotonic() - start:.0f} s)", flush=True)


def data_prepare(arguments: argparse.Namespace) -> None:
    """Fetch and prepare the images of domains."""
    from recon_lib.data import inventory

    for name, domain in _domains(arguments):
        for images in inventory.prepare_domain(name, domain):
            count, height, width = images.images.shape
            people = f", {len(set(images.subjects))} subjects" if name != "natural" else ""
            print(f"{name}/{images.split}: {count} images of {height}x{width}{people}", flush=True)


def results_verify(_: argparse.Namespace) -> None:
    """Compare the files of every profile's results with their recorded hashes."""
    from recon_lib.results import store

    verified = store.verify_all()
    print(f"verified: {', '.join(verified) or 'there are no results yet'}")


def results_headline(_: argparse.Namespace) -> None:
    """Draw the README's figure from the best results there are."""
    from recon_lib.paper import headline

    print(f"drawn: {headline.write()}")


def results_scanner(arguments: argparse.Namespace) -> None:
    """Test the networks between which the default has to be chosen, and those of the recipe for few images."""
    from recon_lib.core.progress import Bar
    from recon_lib.network.quiet import import_backend

    import_backend()
    from recon_lib.experiment.named_recipes import SOURCE
    from recon_lib.runs import scanner

    candidates = scanner.candidates()
    files = {name: path for name, path in candidates.items() if path is not None}
    if not files:
        raise ReconError(
            "No two profiles have released networks of one name, and no network of the recipe for few images is here: "
            "collect a second profile, or carry out the recipe's runs, first."
        )
    with Bar("scanner") as bar:
        folder = scanner.measure(files, arguments.slices, arguments.source, bar)
    print(f"{folder}: {len(files)} networks on {arguments.slices} slices")
    lacking = [name for name, path in candidates.items() if path is None]
    if lacking:
        print(f"not here: `recon runs execute {SOURCE} {' '.join(lacking)}` makes {len(lacking)} networks more")


def results_precision(arguments: argparse.Namespace) -> None:
    """Measure what bfloat16 costs the released networks of a profile."""
    from recon_lib.core.progress import Bar
    from recon_lib.experiment.profile import load_profile
    from recon_lib.network.quiet import import_backend

    import_backend()
    from recon_lib.runs import rounding

    with Bar(arguments.profile) as bar:
        cards = rounding.measure_released(load_profile(arguments.profile), arguments.networks, bar)
    for card in cards:
        costs = (f"{name} {cost.mean:+.4f} dB, worst {cost.worst:+.4f} dB" for name, cost in card.bfloat16_cost.items())
        print(f"{card.name}: lost by bfloat16: {'; '.join(costs)}")


def results_collect(arguments: argparse.Namespace) -> None:
    """Collect the finished runs of a profile, whatever is still missing."""
    from recon_lib.experiment.profile import load_profile
    from recon_lib.network.quiet import import_backend
    from recon_lib.results import provenance

    import_backend()
    from recon_lib.runs import collect as runs_collect

    folder = runs_collect.collect(load_profile(arguments.profile))
    content = provenance.verify(folder)
    print(f"collected: {len(content['runs'])} runs; still missing: {len(content['missing'])}")


def results_panels(arguments: argparse.Namespace) -> None:
    """Add the pictures of the median test slices, reconstructed by the released networks."""
    from recon_lib.experiment.profile import load_profile
    from recon_lib.runs.panels import complete_panels

    completion = complete_panels(load_profile(arguments.profile), lambda run: print(run, flush=True))
    places = "; ".join(f"{name} {subject} slice {number}" for name, (subject, number) in completion.places.items())
    print(
        f"added: {len(completion.added)} pictures of {places}; PSNR within {completion.largest:.4f} dB of the rows; "
        f"networks not released: {len(completion.lacking)}"
    )


def _domains(arguments: argparse.Namespace) -> list[tuple[str, Domain]]:
    from recon_lib.core.errors import choose
    from recon_lib.data import inventory
    from recon_lib.data.domains import Domain
    from recon_lib.experiment.profile import load_profile

    if arguments.profile:
        if arguments.source:
            raise ReconError("Give --profile or --source, not both: a profile names its sources.")
        domains = load_profile(arguments.profile).domains
        names = arguments.domains or list(domains)
        return [(n, domains[choose(f"domain of profile {arguments.profile!r}", n, domains)]) for n in names]
    domain = Domain(source=arguments.source or "open")
    names = inventory.domain_names(arguments.domains)
    if not arguments.domains:
        names = [n for n in names if inventory.has_source(n, domain.source)]
    return [(n, domain) for n in names]


def _group(groups: argparse._SubParsersAction, name: str, text: str) -> argparse._SubParsersAction:
    group = groups.add_parser(name, help=text, description=text)
    return group.add_subparsers(metavar="COMMAND", required=True)


def _command(group: argparse._SubParsersAction, name: str, run: Command, text: str) -> argparse.ArgumentParser:
    command = group.add_parser(name, help=text, description=text)
    command.set_defaults(run=run)
    return command
