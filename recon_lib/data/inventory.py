"""What of the manifest is at hand, and getting the rest ahead of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from recon_lib.core.errors import ReconError, choose
from recon_lib.data import domains, fetch, photographs, store
from recon_lib.data.domains import Domain
from recon_lib.data.imageset import ImageSet
from recon_lib.data.manifest import File, Source, load_manifest


def status() -> list[dict[str, object]]:
    """Say for each domain and source what is at hand, by name and size, without reading or fetching.

    Returns:
        Rows with the keys ``domain``, ``source``, ``files`` (how many it takes), ``present`` (how many of
        them are in the mirror, the cache or the user's folder), ``bytes`` (of all, where the manifest
        knows them), ``prepared`` (splits in the cache), ``licence``, ``answered`` (which address or wheel gave
        how many of the files in the cache, or empty), and ``missing`` (one sentence on how to get the rest, or
        empty).

    Raises:
        ReconError: The manifest is wrong.
    """
    sources = load_manifest().domains.values()
    return [_row(source) for by_name in sources for source in by_name.values()]


def _row(source: Source) -> dict[str, object]:
    files, missing = [f for f in source.files if f.role in ("volume", "pack")], ""
    size = sum(f.bytes for f in files)
    total, present = len(files), sum(fetch.locate(f) is not None for f in files)
    if source.collection.environment:
        total, present, size, missing = _user_row(source)
    elif present < total and source.domain == "natural":
        originals = [p.original for p in photographs.registry_of(source)]
        if any(fetch.cached(f).is_file() for f in originals):
            total, present, size = len(originals), sum(fetch.cached(f).is_file() for f in originals), 0
        missing = f"set RECON_DATA_MIRROR for the packs, or fetch: rebuilds all from {len(originals)} originals"
    elif present < total:
        missing = f"fetch gets {total - present} from {'pip' if files[0].wheel else 'their addresses'}"
    prepared = [s for s in source.splits if store.prepared(source.domain, source.name, s)]
    return {
        "domain": source.domain,
        "source": source.name,
        "files": total,
        "present": present,
        "bytes": size,
        "prepared": " ".join(prepared),
        "licence": source.collection.licence,
        "answered": _answered(files),
        "missing": missing,
    }


def _answered(files: list[File]) -> str:
    """Count the files in the cache by what gave them: the host of an address, or a wheel."""
    sources = [fetch.source_of(f) for f in files if fetch.cached(f).is_file()]
    counts = Counter(urlsplit(source).hostname or source for source in sources if source)
    return ", ".join(f"{name} ({count})" for name, count in counts.items())


def _user_row(source: Source) -> tuple[int, int, int, str]:
    count = max((s.stop for s in source.splits.values() if isinstance(s, range)), default=0)
    try:
        paths = domains.user_files(source)
    except ReconError as error:
        return count, 0, 0, str(error).split(": ", 1)[-1].rstrip(".")
    missing = f"the folder holds {len(paths)} of {count}" if len(paths) < count else ""
    paths = paths[:count]
    return count, len(paths), sum(p.stat().st_size for p in paths), missing


def fetch_domain(name: str, domain: Domain | None = None) -> list[File]:
    """Get and verify all files of a domain.

    Args:
        name: Name of the domain.
        domain: Its source; by default the manifest's open files. ``images`` limits the originals.

    Returns:
        The files; none for generated images and for a folder of the user's.

    Raises:
        ReconError: A file cannot be had or is wrong.
    """
    from tqdm.auto import tqdm

    domain = domain or Domain()
    source = load_manifest().source(name, domain.source)
    if domain.source == "generated":
        return []
    if source.collection.environment:
        domains.user_folder(source)
        return []
    files = [f for f in source.files if f.role in ("volume", "pack")]
    packs = [f for f in files if f.role == "pack"]
    if packs and not all(fetch.locate(f) for f in packs):
        files = [p.original for p in photographs.registry_of(source)][: domain.images]
    workers = photographs.WORKERS if packs else 1  # many small files wait for the network, and large ones fill it
    with ThreadPoolExecutor(workers) as pool:
        try:
            list(tqdm(pool.map(fetch.obtain, files), total=len(files), desc=name, unit="file", disable=None))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return files


def prepare_domain(name: str, domain: Domain | None = None) -> Iterable[ImageSet]:
    """Prepare the splits of a domain one after the other, fetching what is missing.

    Args:
        name: Name of the domain.
        domain: Its source, matrix and number of images; by default the manifest's open files.

    Yields:
        Each split's images.

    Raises:
        ReconError: As :func:`recon_lib.data.domains.load_images`.
    """
    domain = domain or Domain()
    for split in load_manifest().source(name, domain.source).splits:
        yield domains.load_images(name, split, domain)


def domain_names(names: Iterable[str] = ()) -> list[str]:
    """Return the chosen domains, or all of the manifest if none is chosen.

    Raises:
        ReconError: One is unknown; the nearest is suggested.
    """
    catalogue = list(load_manifest().domains)
    return [choose("domain", name, catalogue) for name in names] or catalogue


def has_source(name: str, source: str) -> bool:
    """Tell whether a source fills a domain."""
    return source == "generated" or source in load_manifest().domains[name]
