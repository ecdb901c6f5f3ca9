"""Pages are dealt to the readers of a build so that each reads some of every folder."""

import importlib.util

import pytest
from laws import ROOT
from sphinx.util.parallel import make_chunks

SPEC = importlib.util.spec_from_file_location("side_by_side", ROOT / "book/_ext/side_by_side.py")
side_by_side = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(side_by_side)


def test_neighbours_go_to_different_readers():
    pages = [f"{folder}{number}" for folder in "abcd" for number in range(8)]
    shares = make_chunks(side_by_side.deal(pages, 4), 4)
    assert len(shares) == 4
    assert [sum(page.startswith(folder) for page in share) for share in shares for folder in "abcd"] == [2] * 16


@pytest.mark.parametrize("count", [0, 1, 5, 6, 7, 35, 101])
@pytest.mark.parametrize("readers", [2, 4, 32])
def test_every_page_is_read_once_and_the_first_first(count, readers):
    pages = [f"{number:03d}" for number in range(count)]
    dealt = side_by_side.deal(pages, readers)
    assert sorted(dealt) == pages
    assert dealt[:1] == pages[:1]
