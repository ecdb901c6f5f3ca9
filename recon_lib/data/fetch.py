"""Getting a file of the manifest: from the mirror, the cache, its address or its wheel; always verified."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.core.files import sha256
from recon_lib.data import transfer
from recon_lib.data.manifest import File, load_manifest
from recon_lib.data.store import writing

PACKAGE = Path(__file__).parent
"""Where the registries lie that come with the library.

:meta hide-value:
"""
Downloader = Callable[..., None]
"""``(url, part, *, size)``: like :func:`recon_lib.data.transfer.download`."""


def cached(file: File) -> Path:
    """Return where our own copy of a file lies, or would lie."""
    return paths.cache() / "files" / file.name


def locate(file: File) -> Path | None:
    """Say where a file lies already, by name and size alone: the mirror, then the cache; ``None`` if nowhere."""
    if file.role == "registry":
        return PACKAGE / file.name
    mirror = paths.mirror()
    for path in ([mirror / file.name] if mirror else []) + [cached(file)]:
        if path.is_file() and (not file.bytes or path.stat().st_size == file.bytes):
            return path
    return None


def obtain(file: File, download: Downloader | None = None) -> Path:
    """Return a verified copy of a file, fetching it if need be.

    The mirror's copy is used where it lies and never touched. Our own copy is written under a lock,
    first beside its place and then moved there; if its hash is wrong it is removed.

    Args:
        file: An entry of the manifest.
        download: Replacement of :func:`recon_lib.data.transfer.download`.

    Returns:
        A path whose content has the manifest's sha256.

    Raises:
        ReconError: The content is wrong (the source is named), or there is no way to get it (the
            message says what to set).
    """
    mirror = paths.mirror()
    if file.role == "registry":
        return _verified(file, PACKAGE / file.name, "the installed package")
    if mirror is not None and not mirror.is_dir():
        raise ReconError(f"RECON_DATA_MIRROR names {mirror}, which is no folder: correct it or unset it.")
    if mirror is not None and (mirror / file.name).is_file():
        return _verified(file, mirror / file.name, "the mirror")
    from filelock import FileLock

    target = cached(file)
    with writing(target), FileLock(target.with_name(f".{target.name}.lock")):
        if target.is_file():
            if sha256(target) == file.sha256:
                return target
            target.unlink()  # it was damaged on our disk, so it is fetched again
        part = target.with_name(f"{target.name}.part")
        source = _bring(file, part, download or transfer.download)
        _source_note(target).write_text(source, encoding="utf-8")
        os.replace(part, target)
    return target


def source_of(file: File) -> str:
    """Return what answered when our own copy of a file was fetched: an address or a wheel; empty if unknown."""
    note = _source_note(cached(file))
    return note.read_text(encoding="utf-8") if note.is_file() else ""


def _source_note(target: Path) -> Path:
    return target.with_name(f".{target.name}.source")


def _bring(file: File, part: Path, download: Downloader) -> str:
    """Write a file's bytes to ``part`` from the first source that gives the right ones, and name it."""
    failures = []
    for source, write in _sources(file, part, download):
        if failures:
            part.unlink(missing_ok=True)  # what another source left would be taken for this one's beginning
        try:
            write()
            _check(file, part, source)
            return source
        except ReconError as error:
            failures.append(str(error))
    failures = failures or [f"{file.name} is on no public server: set RECON_DATA_MIRROR to a folder that holds it."]
    raise ReconError(f"{' '.join(failures)}{_absent(file)}")


def _sources(file: File, part: Path, download: Downloader) -> Iterator[tuple[str, Callable[[], None]]]:
    """Name everything that may have a file, each with what writes its bytes to ``part``."""
    if file.wheel:
        wheel = load_manifest().file(file.wheel)
        yield wheel.requirement, lambda: _extract(obtain(wheel, download), file, part)
    elif file.requirement:
        yield f"pip ({file.requirement})", lambda: pip_download(file.requirement, part, Path(file.name).name)
    for address in file.addresses:
        yield address, functools.partial(download, address, part, size=file.bytes)


def _check(file: File, part: Path, source: str) -> None:
    """Remove bytes that are not the file's."""
    if sha256(part) != file.sha256:
        part.unlink()
        raise ReconError(
            f"{file.name} from {source} has another sha256 than the manifest: it was removed; "
            "fetch it again, and distrust the source if this repeats."
        )


def _absent(file: File) -> str:
    mirror = paths.mirror()
    return f" (The mirror {mirror} lacks {file.name}.)" if mirror else ""


def _verified(file: File, path: Path, owner: str) -> Path:
    if sha256(path) != file.sha256:
        raise ReconError(f"{path} of {owner} has another sha256 than the manifest: replace it with the right file.")
    return path


def pip_download(requirement: str, part: Path, name: str) -> None:
    """Download a wheel with pip, from whatever index the user has configured, without its dependencies.

    Args:
        requirement: Name and exact version, as pip reads them (``img2fmri==0.2.dev5``).
        part: File to write.
        name: The wheel's file name.

    Raises:
        ReconError: pip fails or gives another file; pip's own last line is quoted.
    """
    with tempfile.TemporaryDirectory(dir=part.parent) as folder:
        options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--disable-pip-version-check"]
        command = [sys.executable, "-m", "pip", "download", *options, "--dest", folder, requirement]
        process = subprocess.run(command, capture_output=True, text=True, check=False)
        if process.returncode:
            message = (process.stderr.strip() or "no message").splitlines()[-1].rstrip(".")
            raise ReconError(
                f"pip cannot download {requirement} ({message}): check the network or pip's index, "
                f"or set RECON_DATA_MIRROR to a folder that holds {name}."
            )
        wheel = Path(folder) / name
        if not wheel.is_file():
            raise ReconError(f"pip gave another file than {name} for {requirement}: pip's index holds another build.")
        os.replace(wheel, part)


def _extract(wheel: Path, file: File, part: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            size = archive.getinfo(file.member).file_size
            if file.bytes and size != file.bytes:
                raise ReconError(f"{file.member} of {wheel.name} has {size} bytes: the manifest says {file.bytes}.")
            with archive.open(file.member) as member, part.open("wb") as out:
                shutil.copyfileobj(member, out)
    except (KeyError, RuntimeError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise ReconError(f"{wheel.name} does not hold {file.member}: the manifest and the wheel differ.") from error
