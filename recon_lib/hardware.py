"""Which hardware a profile asks for: time as measured where it was run, and what can be counted where it was not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import distributions

from recon_lib.data.manifest import Source, load_manifest
from recon_lib.errors import ReconError
from recon_lib.experiment import Domain, Profile, load_profile
from recon_lib.graph import plan
from recon_lib.resources import longest_chain, network_bytes, run_operations, training_bytes, update_bytes
from recon_lib.results import Results
from recon_lib.tables import Rendered

WORK = ("training", "fine-tuning", "networks on test slices", "compressed sensing", "other reconstructions")
RATES = (5e12, 20e12, 80e12)  # operations a second that a graphics card keeps up: an old one, a good one, the best
_FILES = ("volume", "pack", "wheel")  # what is downloaded; the other roles are parts of these, or their originals


@dataclass(frozen=True)
class Needs:
    """What a profile needs, counted.

    Attributes:
        runs: Runs of each kind of work.
        operations: Of the networks, by kind of work.
        chain: Operations of the longest chain of runs that start from each other.
        training_update: Bytes of the largest update of sequential training.
        tuning_update: Bytes of the largest update of fine-tuning.
        images: Bytes that the images of the largest training run hold in main memory.
        download: Bytes of the public files; 0 where the data are the user's own or made by code.
        prepared: Bytes of the images as they are kept in the cache.
        networks: Bytes of all trained networks.
    """

    runs: dict[str, int]
    operations: dict[str, int]
    chain: int
    training_update: int
    tuning_update: int
    images: int
    download: int
    prepared: int
    networks: int


def needs(profile: Profile, shown: Results | None) -> Needs:
    """Count what a profile needs.

    Args:
        profile: The experiment.
        shown: Results that say the size and number of test slices where the manifest does not; ``None``: nothing does.

    Returns:
        The counts.

    Raises:
        ReconError: The size or number of a domain's images is stated nowhere.
    """
    sources = {name: load_manifest().source(name, domain.source) for name, domain in profile.domains.items()}
    sizes = {name: _size(source, profile.domains[name], shown) for name, source in sources.items()}
    slices = {name: _test_slices(sources[name], profile.domains[name], shown) for name in profile.test_domains}
    real = {name: source for name, source in sources.items() if profile.domains[name].source != "generated"}
    runs = plan(profile, dict.fromkeys(profile.domains, ""))
    kinds = {kind: [run for run in runs if work_of(run.kind, run.choice) == kind] for kind in WORK}
    training, tuning, crop = profile.training, profile.fine_tuning, profile.training.crop
    seen = {name: (min(h, crop), min(w, crop)) if crop else (h, w) for name, (h, w) in sizes.items()}
    together = tuning.batch or max((run.parameters["n_finetune"] for run in runs if run.kind == "finetune"), default=0)
    shape = profile.architecture
    return Needs(
        runs={kind: len(found) for kind, found in kinds.items()},
        operations={kind: sum(run_operations(r, sizes, slices) for r in found) for kind, found in kinds.items()},
        chain=longest_chain(runs, sizes, slices),
        training_update=max(update_bytes(shape, training.batch, seen[name], False) for name in training.domains),
        tuning_update=max(update_bytes(shape, together, sizes[name], True) for name in profile.test_domains),
        images=max(
            training_bytes(min(max(training.n_train), _images(sources[n], ["train"], slices.get(n))), sizes[n])
            for n in training.domains
        ),
        download=sum(f.bytes for s in _distinct(real) for f in s.collection.files if f.role in _FILES),
        prepared=sum(4 * sizes[n][0] * sizes[n][1] * _images(s, s.splits, slices.get(n)) for n, s in real.items()),
        networks=network_bytes(runs),
    )


def work_of(kind: str, choice: Mapping[str, object]) -> str:
    """Name the kind of work of a run, one of :data:`WORK`.

    Args:
        kind: The run's.
        choice: What it is named by.
    """
    if kind != "evaluate":
        return WORK[0] if kind == "train" else WORK[1]
    method = str(choice["method"])
    return WORK[2] if method == "network" else WORK[3] if method.startswith("cs:") else WORK[4]


def measured_seconds(results: Results) -> dict[tuple[str, str], list[float]]:
    """Gather how long each run took, by machine and kind of work.

    Args:
        results: Their records say it; a run that was stopped counts its last sitting alone.

    Returns:
        ``(machine, kind of work)`` to seconds, a number a run.
    """
    found: dict[tuple[str, str], list[float]] = {}
    for record in results.records.values():
        about = record["machine"]
        where = f"{about['processor']}, {about['cores']} cores"
        key = where, work_of(record["kind"], record["choice"])
        found.setdefault(key, []).append(float(record["seconds"]))
    return dict(sorted(found.items(), key=lambda item: (item[0][0], WORK.index(item[0][1]))))


def render_times(results: Results | None) -> Rendered:
    """List what the runs of a profile took, by machine and kind of work.

    Args:
        results: The profile's, or ``None``.

    Returns:
        Markdown; a sentence where no run has a record of its time.
    """
    found = {} if results is None else measured_seconds(results)
    if not found:
        return Rendered(markdown="```{note}\nNo run of this profile has recorded its time yet.\n```")
    lines = ["| Machine | Work | Runs | Median | Longest | Together |", "|:--|:--|--:|--:|--:|--:|"]
    for (machine, kind), seconds in found.items():
        middle = sorted(seconds)[(len(seconds) - 1) // 2]
        spans = " | ".join(span(value) for value in (middle, max(seconds), sum(seconds)))
        lines.append(f"| {machine} | {kind} | {len(seconds)} | {spans} |")
    missing = len(results.provenance.get("missing", ()))
    note = f"\n\n{missing} runs of the profile are still to be done." if missing else ""
    return Rendered(markdown="\n".join(lines) + note)


def render_needs(names: tuple[str, ...], shown: Results | None) -> Rendered:
    """List what profiles need, a column each.

    Args:
        names: Of profiles.
        shown: As in :func:`needs`.

    Returns:
        Markdown; a profile whose images are of no known size leaves its column empty.
    """
    found = {name: _or_none(name, shown) for name in names}
    lines = ["| | " + " | ".join(f"`{name}`" for name in names) + " |", "|:--|" + "--:|" * len(names)]
    for title, cell in (
        ("runs", lambda n: str(sum(n.runs.values()))),
        ("operations, training", lambda n: exponent(n.operations[WORK[0]])),
        ("operations, fine-tuning", lambda n: exponent(n.operations[WORK[1]])),
        ("operations, test slices", lambda n: exponent(n.operations[WORK[2]])),
        ("memory of a training update", lambda n: size(n.training_update)),
        ("memory of a fine-tuning update", lambda n: size(n.tuning_update)),
        ("main memory for training images", lambda n: size(n.images)),
        ("disk: downloads", lambda n: size(n.download)),
        ("disk: prepared images", lambda n: size(n.prepared)),
        ("disk: networks", lambda n: size(n.networks)),
    ):
        cells = [cell(one) if one else "" for one in found.values()]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return Rendered(markdown="\n".join(lines))


def render_gpu_times(name: str, shown: Results | None) -> Rendered:
    """List how long a profile's networks take at rates that graphics cards reach, one after the other or side by side.

    Args:
        name: Of the profile.
        shown: As in :func:`needs`.

    Returns:
        Markdown, computed and not measured.
    """
    one = _or_none(name, shown)
    if one is None:
        return Rendered(markdown="```{note}\nThe size of the images is not known before something has been run.\n```")
    lines = ["| The card keeps up, TFLOP/s | One card | As many cards as runs |", "|--:|--:|--:|"]
    total = sum(one.operations.values())
    lines += [f"| {rate / 1e12:g} | {span(total / rate)} | {span(one.chain / rate)} |" for rate in RATES]
    return Rendered(markdown="\n".join(lines))


def environment_bytes() -> int:
    """Count the bytes of all installed packages, as their own lists of files state them."""
    files = (file for package in distributions() for file in package.files or ())
    return sum(file.size or 0 for file in files)


def span(seconds: float) -> str:
    """Write a time for a reader: ``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def size(count: float) -> str:
    """Write bytes for a reader, in powers of ten: ``48 MB``, ``9.4 GB``; nothing for none."""
    if not count:
        return ""
    return f"{count / 1e6:.3g} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def exponent(count: float) -> str:
    r"""Write a large number as LaTeX: ``$4.1 \times 10^{16}$``; nothing for zero."""
    mantissa, _, power = f"{count:.1e}".partition("e")
    return f"${mantissa} \\times 10^{{{int(power)}}}$" if count else ""


def _or_none(name: str, shown: Results | None) -> Needs | None:
    try:
        return needs(load_profile(name), shown)
    except ReconError:
        return None


def _size(source: Source, domain: Domain, shown: Results | None) -> tuple[int, int]:
    """Find the size of a domain's images: asked for, stated in the manifest, or seen in results of the same images."""
    stated = domain.matrix or source.geometry.matrix or source.geometry.crop
    if stated:
        return stated
    keys = shown.panels if _same(source, domain, shown) else {}
    for key in keys:
        if key.startswith(f"{source.domain}/") and key.endswith("/reference"):
            return tuple(keys[key].shape)
    raise ReconError(
        f"The size of the images of {source.domain}/{source.name} is stated nowhere: collect results first."
    )


def _test_slices(source: Source, domain: Domain, shown: Results | None) -> int:
    if domain.source == "generated" or source.slices.get("test"):
        return domain.images or source.slices.get("test", 0)
    if _same(source, domain, shown):
        rows = shown.slices[shown.slices["test_domain"] == source.domain]
        if len(rows):
            return len(rows.drop_duplicates(["subject", "slice"]))
    raise ReconError(f"The number of slices of {source.domain}/{source.name} is stated nowhere: collect results first.")


def _same(source: Source, domain: Domain, shown: Results | None) -> bool:
    """Tell whether results were made from the same images."""
    if shown is None:
        return False
    theirs = shown.provenance.get("profile", {}).get("domains", {}).get(source.domain)
    return theirs is None or (theirs.get("source", "open"), theirs.get("matrix")) == (domain.source, domain.matrix)


def _images(source: Source, splits: Iterable[str], test_slices: int | None) -> int:
    """Count a domain's images in some splits; of scans by the subjects' share of the test slices."""
    if test_slices is None or source.slices:
        return sum(source.slices.get(split) or len(source.splits[split]) for split in splits)
    subjects = sum(len(source.splits[split]) for split in splits)
    return test_slices * subjects // len(source.splits["test"])


def _distinct(sources: Mapping[str, Source]) -> list[Source]:
    """Keep one source of each collection: T1 and T2 volumes lie in the same one."""
    return list({source.collection.name: source for source in sources.values()}.values())
