"""Provenance notices everything."""

import pytest

from recon_lib.core.errors import ReconError
from recon_lib.results import provenance


def test_verify_accepts_what_was_written(folder):
    assert provenance.verify(folder)["parameters"] == {"seed": 1}


@pytest.mark.parametrize("name", ["slices.csv.gz", "history.csv.gz", "panels.npz"])
def test_verify_names_a_missing_an_edited_and_a_half_written_file(folder, name):
    whole = (folder / name).read_bytes()
    for damaged in (whole[:-1], whole + b" ", whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:]):
        (folder / name).write_bytes(damaged)
        with pytest.raises(ReconError, match=f"{name} is not what was written"):
            provenance.verify(folder)
    (folder / name).unlink()
    with pytest.raises(ReconError, match=f"{name} is missing"):
        provenance.verify(folder)


@pytest.mark.parametrize("name", ["notes.txt", ".slices.csv.gz.12.part", "weights/x.safetensors"])
def test_verify_names_a_file_that_is_not_listed(folder, name):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("x")
    with pytest.raises(ReconError, match=rf"{name} is not listed"):
        provenance.verify(folder)


def test_verify_notices_an_edited_or_broken_provenance(folder):
    path = folder / "provenance.json"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace("abc", "abd"))
    with pytest.raises(ReconError, match=r"provenance\.json was edited"):
        provenance.verify(folder)
    for broken in (whole[:20], "[]", "{}", "3"):
        path.write_text(broken)
        with pytest.raises(ReconError, match=r"provenance\.json is missing or not readable"):
            provenance.verify(folder)
    path.unlink()
    with pytest.raises(ReconError, match=r"provenance\.json is missing or not readable"):
        provenance.verify(folder)
