"""The paper's numbers as it prints them."""

import pytest

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.paper import reference


def test_the_papers_numbers_are_as_printed():
    paper = reference.paper()
    assert len(paper) == 188
    assert paper["table"].value_counts().to_dict() == {1: 14, 2: 14, 3: 80, 4: 80}
    raw = paper[(paper["table"] == 1) & (paper["n_finetune"] == 0) & (paper["metric"] == "psnr")]
    assert dict(zip(raw["training_domain"], raw["mean"], strict=True)) == {"natural": 33.44, "t1": 35.42, "t2": 34.42}
    cs = paper[paper["method"] == "cs"]
    assert cs[["n_train", "n_finetune"]].isna().all(axis=None)
    assert cs[cs["metric"] == "psnr"]["mean"].tolist() == [33.36, 31.98]


def test_a_missing_file_of_the_paper_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    with pytest.raises(ReconError, match=r"paper_tables\.csv"):
        reference.paper()
