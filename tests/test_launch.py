"""Launch buttons: one place states the address, and every path that a button opens is in the tree."""

import ast
import importlib.util
import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml
from laws import ROOT

SPEC = importlib.util.spec_from_file_location("launch", ROOT / "book/_ext/launch.py")
launch = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(launch)
GITHUB = "https://github.com/someone/recon"


def opened(button):
    """The path in the repository that a button opens."""
    parts = urlsplit(button["url"])
    if parts.hostname == "mybinder.org":
        (path,) = parse_qs(parts.query)["urlpath"]
        assert path.startswith("lab/tree/")
        return path.removeprefix("lab/tree/")
    return re.fullmatch(r"/github/someone/recon/blob/main/(.*)", parts.path).group(1)


def test_every_button_opens_a_notebook_that_is_there():
    buttons = launch.buttons(GITHUB)
    assert len(buttons) == 4
    for button in buttons:
        assert (ROOT / opened(button)).is_file()
        assert set(button) == {"type", "text", "tooltip", "icon", "url"}
    assert {urlsplit(b["url"]).hostname for b in buttons} == {"mybinder.org", "colab.research.google.com"}
    assert "/v2/gh/someone/recon/main?" in buttons[0]["url"]


@pytest.mark.parametrize("address", [GITHUB, f"{GITHUB}.git"])
def test_the_branch_is_the_one_that_is_built(address):
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert f"branches: [{launch.BRANCH}]" in workflow
    assert launch.buttons(address)[0]["url"] == launch.buttons(GITHUB)[0]["url"]


def test_another_host_has_binder_alone():
    buttons = launch.buttons("https://example.org/team/recon")
    assert [urlsplit(b["url"]).hostname for b in buttons] == ["mybinder.org"] * 2
    assert unquote(urlsplit(buttons[0]["url"]).path) == "/v2/git/https://example.org/team/recon/main"


def test_without_an_address_there_are_no_buttons(tmp_path):
    citation = tmp_path / "CITATION.cff"
    citation.write_text("title: x\n")
    assert launch.repository(citation) == ""
    assert launch.buttons("") == []
    context = {"header_buttons": []}
    launch._add(None, "index", "page.html", context, None)
    assert len(context["header_buttons"]) == bool(launch.repository())


def test_the_address_is_stated_in_one_place(tmp_path, monkeypatch):
    citation = tmp_path / "CITATION.cff"
    citation.write_text(f"repository-code: {GITHUB}/\n")
    assert launch.repository(citation) == GITHUB
    monkeypatch.setattr(launch, "repository", lambda: GITHUB)
    context = {"header_buttons": []}
    launch._add(None, "index", "page.html", context, None)
    (group,) = context["header_buttons"]
    assert group["buttons"] == launch.buttons(GITHUB)


def test_what_a_lone_notebook_fetches_is_that_address():
    """Colab brings a notebook without its project, so the address stands in it too: the one of CITATION.cff."""
    for path in launch.NOTEBOOKS:
        cells = json.loads((ROOT / path).read_text(encoding="utf-8"))["cells"]
        (given,) = ("".join(c["source"]) for c in cells if "parameters" in c["metadata"].get("tags", []))
        values = {s.targets[0].id: ast.literal_eval(s.value) for s in ast.parse(given).body}
        assert values["repository"] == launch.repository()


def test_binder_finds_its_configuration():
    assert (ROOT / "environment.yml").is_file()
    assert "pip install --no-deps --no-build-isolation -e ." in (ROOT / "postBuild").read_text(encoding="utf-8")
    config = yaml.safe_load((ROOT / "book/_config.yml").read_text(encoding="utf-8"))
    assert config["sphinx"]["local_extensions"]["launch"] == "_ext"
