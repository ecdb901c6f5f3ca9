"""How the paper and this software are cited, from ``CITATION.cff``."""

from __future__ import annotations

import yaml

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.paper.markup import Rendered

_FILE = paths.ROOT / "CITATION.cff"


def bibtex() -> list[str]:
    """Return an entry for the paper and one for this software.

    Raises:
        ReconError: The file is missing or states less than an entry needs.
    """
    try:
        content = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
        (paper,) = content["references"]
        people = " and ".join(f"{author['family-names']}, {author['given-names']}" for author in paper["authors"])
        name = f"{paper['authors'][0]['family-names'].lower()}{paper['year']}"
        number = paper["identifiers"][0]["value"].removeprefix(
            "arXiv:"
        )  # with its version, for another is another text
        preprint = {"eprint": number, "archiveprefix": "arXiv"}
        authors = " and ".join(f"{{{author['name']}}}" for author in content["authors"])
        software = {"author": authors, "title": content["title"], "version": content["version"]}
        return [
            _entry(name, {"author": people, "title": paper["title"], "year": paper["year"], **preprint}),
            _entry("recon_lib", software),
        ]
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError) as error:
        raise ReconError(f"{_FILE} does not say how to cite ({error}): restore it from the repository.") from error


def render_bibtex() -> Rendered:
    """Draw the entries for a page.

    Raises:
        ReconError: As :func:`bibtex`.
    """
    entries = "\n\n".join(bibtex())
    return Rendered(markdown=f"```bibtex\n{entries}\n```")


def _entry(name: str, fields: dict[str, object]) -> str:
    """Write an entry."""
    lines = [f"  {field} = {{{value}}}," for field, value in fields.items()]
    return "\n".join([f"@misc{{{name},", *lines, "}"])
