"""Launch buttons in the header of every page: the notebooks that a reader may want to run, on Binder and on Colab.

The theme's own buttons open a page's source, which is markdown here, and Colab takes notebooks alone. The address of
the project stands in one place, ``repository-code`` of ``CITATION.cff``; without it there are no buttons.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import yaml

NOTEBOOKS = {"notebooks/explore.ipynb": "Explorer", "notebooks/quickstart.ipynb": "Quick start"}
BRANCH = "main"
_ROOT = Path(__file__).resolve().parents[2]


def repository(citation: Path = _ROOT / "CITATION.cff") -> str:
    """Return the project's address, or nothing if none is stated."""
    return str(yaml.safe_load(citation.read_text(encoding="utf-8")).get("repository-code", "")).rstrip("/")


def buttons(address: str) -> list[dict[str, str]]:
    """Return what the theme's header needs for each notebook and service.

    Args:
        address: The repository's, without a slash at its end; Colab opens those of GitHub alone.
    """
    if not address:
        return []
    on_github = re.fullmatch(r"https://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?", address)
    project = "/".join(on_github.groups()) if on_github else ""
    binder = f"https://mybinder.org/v2/gh/{project}" if project else f"https://mybinder.org/v2/git/{quote(address, '')}"
    found = [_button("Binder", name, f"{binder}/{BRANCH}?urlpath=lab/tree/{path}") for path, name in NOTEBOOKS.items()]
    if project:
        colab = f"https://colab.research.google.com/github/{project}/blob/{BRANCH}"
        found += [_button("Colab", name, f"{colab}/{path}") for path, name in NOTEBOOKS.items()]
    return found


def _button(service: str, name: str, url: str) -> dict[str, str]:
    text = f"{name} on {service}"
    icon = "_static/images/logo_binder.svg" if service == "Binder" else "_static/images/logo_colab.png"
    return {"type": "link", "text": text, "tooltip": f"Run the notebook: {text}", "icon": icon, "url": url}


def _add(app: object, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Put the buttons into a page's header, which the theme has prepared."""
    links = buttons(repository())
    if links and "header_buttons" in context:
        group = {
            "type": "group",
            "tooltip": "Run",
            "icon": "fas fa-rocket",
            "buttons": links,
            "label": "launch-buttons",
        }
        context["header_buttons"].append(group)


def setup(app: object) -> dict[str, bool]:
    """Join the making of every page's header, after the theme."""
    app.connect("html-page-context", _add, priority=502)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
