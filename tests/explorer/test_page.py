"""The explorer's page needs nothing from outside, and says in a sentence that nothing was run."""

import json
import re

import pytest
from fabricated import explorer_runs, make_runs

from recon_lib.explorer import frames
from recon_lib.explorer.page import render_explorer
from recon_lib.results import merge, store


@pytest.fixture
def shown(folders):
    merge.collect(explorer_runs(folders / "runs"), folders / "results" / "desk", {"commit": "0"})
    return store.open_results("desk")


def test_the_page_holds_everything_it_needs(shown):
    page = render_explorer(shown).html
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?!#\")", page)
    assert not re.search(r"https?://", page)
    assert not re.search(r"\b(fetch|XMLHttpRequest|import|eval)\s*\(", page)
    assert page.count("<script") == page.count("</script>") == 2
    stored = re.search(r'<script type="application/json" class="re-data">(.*?)</script>', page, re.S).group(1)
    assert json.loads(stored) == frames.collect_frames(shown)
    assert "@" not in re.sub(r"@media", "", re.sub(r"<script.*?</script>", "", page, flags=re.S))
    assert json.loads(stored)["accelerations"] == [4.0]
    assert render_explorer(shown).html == page


def test_without_pictures_a_sentence_stands_there(folders):
    assert "Nothing has been run" in render_explorer(None).markdown
    runs = [run for run in make_runs(folders / "runs") if run.name.startswith("history")]
    merge.collect(runs, folders / "results" / "desk", {})
    assert render_explorer(store.open_results("desk")).html == ""
