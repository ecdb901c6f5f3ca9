"""The rows that pages and claims need: the paper's cells, and no page that shows a profile without them."""

import re

import pytest
from fabricated import cell_rows, untrained_rows, write_run

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.experiment.design import DOMAINS
from recon_lib.paper import claims, evidence
from recon_lib.results import merge, store
from recon_lib.results.keys import RunKey

CALL = re.compile(r'evidence\.select\("([^"]+)"\)')
PAGES = {
    path.relative_to(paths.BOOK).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
    for path in [*paths.BOOK.glob("*.md"), *paths.BOOK.glob("*/*.md")]
    if "_build" not in path.parts
}
SHOWN = {name: CALL.findall(text) for name, text in PAGES.items() if CALL.search(text)}


@pytest.fixture
def committed(monkeypatch):
    """Read the results of the repository."""
    monkeypatch.setenv("RECON_RESULTS", str(paths.RESULTS))


def test_needs_are_the_cells_that_the_paper_prints():
    table = evidence.needs("tables/table1").rows
    assert len(table) == 8
    assert RunKey("network", "t2", 4000, "t1", 20) in table
    assert RunKey("cs:literal", test_domain="t1") in table
    assert RunKey("zero_filled", test_domain="t1") in table
    grid = evidence.needs("tables/table4").rows
    assert len(grid) == 40
    assert RunKey("network", "natural", 1500, "t2", 40) in grid
    assert RunKey("network", "t2", 500, "t2", 50) in grid
    assert {row.test_domain for row in grid} == {"t2"}


def test_a_figure_needs_the_pictures_of_its_tables_rows():
    for figure, table in (("2", "1"), ("3", "2"), ("4", "3"), ("5", "4")):
        needs = evidence.needs(f"figures/figure{figure}")
        assert needs.pictures
        assert needs.rows == evidence.needs(f"tables/table{table}").rows
        assert not evidence.needs(f"tables/table{table}").pictures


def test_claim_3_needs_the_own_network_tuned_with_50_and_no_smaller_one():
    assert set(evidence.needs("few-images-suffice").rows) == {
        *(RunKey("network", "natural", 4000, domain, 20) for domain in DOMAINS),
        *(RunKey("network", domain, 4000, domain, 50) for domain in DOMAINS),
    }


def test_every_claim_states_what_it_needs():
    for claim in claims.ClaimId:
        assert evidence.needs(claim) is not None
    assert {row.n_finetune for row in evidence.needs(claims.ClaimId.OWN_DOMAIN_WINS).rows} == {0}
    assert {row.n_finetune for row in evidence.needs(claims.ClaimId.TUNED_ARE_EQUAL).rows} == {20}


def test_an_unknown_page_is_refused():
    with pytest.raises(ReconError, match="tables/table1"):
        evidence.select("tables/table11")


def test_a_page_selects_its_own_results_and_reads_none_besides():
    assert len(SHOWN) > 15
    controls = {"equal-updates", "other-seed", "cs-weights", "what-matters", "tuned-alike", *claims.ClaimId}
    for name, selected in SHOWN.items():
        assert {*selected} - controls <= {name}, name
    for name, text in PAGES.items():
        assert "store.best" not in text, name


@pytest.mark.parametrize("name", sorted({name for names in SHOWN.values() for name in names} | set(claims.ClaimId)))
def test_no_page_shows_a_profile_that_lacks_its_rows(committed, name):
    selection = evidence.select(name)
    absent = selection.needs.lacking(selection.results)
    others = [profile for profile in store.profiles() if profile != selection.results.profile]
    if absent:  # then none has all, and the page names what it lacks
        assert selection.lacking[selection.results.profile] == absent
        assert all(len(selection.needs.lacking(store.open_results(other))) >= len(absent) for other in others)
    better = store.profiles()[: store.profiles().index(selection.results.profile)]
    assert set(better) <= set(selection.lacking)


def test_a_column_without_the_grid_is_passed_over_for_the_grid_alone(tmp_path):
    printed = evidence.needs("tables/table3").rows
    cells = {(row.training_domain, row.n_train, row.n_finetune, 0): 35.0 for row in printed}
    headline = {
        (row.training_domain, row.n_train, row.n_finetune, 0): 35.0
        for row in evidence.needs("tables/table1").rows
        if row.method == "network"
    }
    start = untrained_rows("t1", {"zero_filled": 26.0, "cs:literal": 31.0})
    for profile, rows in (("desk", {**cells, **headline}), ("open", headline)):
        run = write_run(tmp_path / profile, start + cell_rows("t1", rows))
        merge.collect([run], store.root() / profile, {})
    assert evidence.select("tables/table1").results.profile == "open"
    grid = evidence.select("tables/table3")
    assert grid.results.profile == "desk"
    assert len(grid.lacking["open"]) == 38  # all but natural 4000, as trained and tuned with 20
