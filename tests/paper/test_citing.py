"""Citations are those of CITATION.cff, and name the version of the paper whose numbers the book has."""

import re

import pytest

from recon_lib import __version__
from recon_lib.core.errors import ReconError
from recon_lib.paper import citing


def test_both_entries_name_a_version():
    paper, software = citing.bibtex()
    assert "eprint = {1710.02615v1}" in paper
    assert "author = {Dar, Salman Ul Hassan and Çukur, Tolga}" in paper
    assert "year = {2017}" in paper
    assert f"version = {{{__version__}}}" in software
    for entry in (paper, software):
        assert re.fullmatch(r"@misc\{\w+,\n(  \w+ = \{.*\},\n)+\}", entry)
    assert citing.render_bibtex().markdown.startswith("```bibtex\n@misc{dar2017,")


def test_a_file_that_does_not_say_how_to_cite_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr(citing, "_FILE", tmp_path / "CITATION.cff")
    for content in (None, "title: a", "[", "references: [{year: 2017}]"):
        if content is not None:
            (tmp_path / "CITATION.cff").write_text(content)
        with pytest.raises(ReconError, match="does not say how to cite"):
            citing.bibtex()
