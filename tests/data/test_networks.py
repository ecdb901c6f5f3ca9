"""Networks that an installation lacks are fetched by what their cards say, or named with the mend."""

import hashlib
import json

import pytest

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.data import fetch, networks
from recon_lib.data.manifest import Manifest, parse_manifest
from recon_lib.results import provenance

CONTENT = b"weights"


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Make an installation that has one network's file and another's card alone."""
    folder = tmp_path / "results/open"
    (folder / "weights").mkdir(parents=True)
    for name in ("here", "elsewhere"):
        card = {"file": f"{name}.safetensors", "bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
        (folder / f"weights/{name}.json").write_text(json.dumps(card))
    (folder / "weights/here.safetensors").write_bytes(CONTENT)
    provenance.write_provenance(folder, {"runs": {}})
    monkeypatch.setenv("RECON_RESULTS", str(tmp_path / "results"))
    monkeypatch.setattr(paths, "IS_CLONE", False)
    return folder


def test_a_network_at_hand_is_not_fetched(results):
    assert networks.obtain_network("here") == results / "weights/here.safetensors"


def test_one_that_is_not_comes_from_the_mirror_verified(results, tmp_path, monkeypatch):
    place = tmp_path / "mirror/networks/open/elsewhere.safetensors"
    place.parent.mkdir(parents=True)
    monkeypatch.setenv("RECON_DATA_MIRROR", str(tmp_path / "mirror"))
    place.write_bytes(CONTENT)
    assert networks.obtain_network("elsewhere") == place
    place.write_bytes(b"Weights")
    with pytest.raises(ReconError, match="another sha256"):
        networks.obtain_network("elsewhere")


def test_or_from_the_addresses_of_the_manifest_in_turn(results, monkeypatch):
    manifest = Manifest({}, {}, ("https://a.example.org/x/", "https://b.example.org"))
    monkeypatch.setattr(networks, "load_manifest", lambda: manifest)
    asked = []

    def download(url, part, *, size):
        asked.append((url, size))
        part.write_bytes(CONTENT if "b.example" in url else b"wrong")

    monkeypatch.setattr(fetch.transfer, "download", download)
    path = networks.obtain_network("elsewhere")
    assert path.read_bytes() == CONTENT
    assert asked == [
        ("https://a.example.org/x/networks/open/elsewhere.safetensors", len(CONTENT)),
        ("https://b.example.org/networks/open/elsewhere.safetensors", len(CONTENT)),
    ]


def test_without_any_the_mend_is_named(results):
    with pytest.raises(ReconError, match=r"elsewhere\.safetensors is on no public server: set RECON_DATA_MIRROR"):
        networks.obtain_network("elsewhere")


@pytest.mark.parametrize("value", ["https://a.org", [1], {"a": "b"}], ids=str)
def test_addresses_of_networks_are_a_list(value):
    with pytest.raises(ReconError, match="list of addresses"):
        parse_manifest({"version": 1, "networks": value})


def test_a_file_that_is_missing_in_a_clone_is_still_missed(results, monkeypatch):
    assert provenance.verify(results)
    (results / "weights/here.safetensors").unlink()
    assert provenance.verify(results)
    monkeypatch.setattr(paths, "IS_CLONE", True)
    with pytest.raises(ReconError, match="is missing"):
        provenance.verify(results)
