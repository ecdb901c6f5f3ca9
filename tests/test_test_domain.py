"""A profile in memory that tests a contrast the paper lacks: executed, collected and shown on every page."""

import math
from dataclasses import replace

import pytest
from fabricated import plain

from recon_lib.core.errors import ReconError
from recon_lib.data.domains import Domain
from recon_lib.experiment.design import NAMES
from recon_lib.experiment.profile import load_profile
from recon_lib.explorer import frames
from recon_lib.paper import (
    charts,
    claim_tables,
    claims,
    data_page,
    draws,
    figure6,
    figures23,
    figures45,
    headline,
    networks,
    slips,
    tables12,
    tables34,
    words,
)
from recon_lib.paper.cost import hardware
from recon_lib.paper.differences import accelerations, controls, figure, metric_ways, page
from recon_lib.paper.domains import page_domains
from recon_lib.paper.verdicts import Outcome
from recon_lib.results import store
from recon_lib.results.defaults import Released
from recon_lib.results.released import read_cards
from recon_lib.runs import collect, execute, state

pytestmark = pytest.mark.slow
OTHER = "t1_bold5000"


def make_profile():
    """The smoke profile on fewer and smaller images, which tests T1 and another scanner's T1, but no T2."""
    smoke = load_profile("smoke")
    domains = {name: Domain(source="generated", matrix=(24, 28), images=6) for name in ("natural", "t1", "t2", OTHER)}
    return replace(
        smoke,
        name="elsewhere",
        test_domains=("t1", OTHER),
        domains=domains,
        architecture=replace(smoke.architecture, subnetworks=1, filters=4),
        training=replace(smoke.training, n_train=(6,), epochs=1, batch=6, crop=None),
        fine_tuning=replace(smoke.fine_tuning, n_finetune=(2,), epochs=1),
        variations={},
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The results of the profile, executed and collected once for all tests of this file."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("elsewhere")
        for name in ("CACHE", "RUNS", "RESULTS"):
            patch.setenv(f"RECON_{name}", str(root / name.lower()))
        profile = make_profile()
        for run in state.plan_profile(profile):
            execute.execute(run)
        collect.collect(profile)
        collected = store.open_results(profile.name)
        for table in ("slices", "variations", "history", "records", "panels", "varied_panels"):
            getattr(collected, table)  # read while the folder is where it is
        yield collected


def test_both_contrasts_were_executed(results):
    assert set(results.slices["test_domain"]) == {"t1", OTHER}
    assert results.slices.query(f"test_domain == '{OTHER}' and method == 'network'")["n_finetune"].max() == 2


@pytest.mark.parametrize(("domain", "printed"), [("t1", True), ("t2", True), (OTHER, False)])
def test_tables_have_a_place_for_every_contrast(results, domain, printed):
    frame = tables12.comparison(domain, results)
    assert frame["paper"].notna().any() == printed
    assert frame["ours"].notna().any() == (domain != "t2")
    grid = tables34.grid(domain, results)
    assert grid["paper"].notna().any() == printed
    assert grid["ours"].notna().any() == (domain != "t2")
    head = f"{NAMES[domain]} test slices"
    assert head in tables12.render_comparison(domain, results).html
    assert head in tables34.render_grid(domain, "psnr", results).html
    counts = tables34.render_counts(domain, results).markdown
    assert ("The paper has no such grid; 2 cells were run" in counts) == (not printed)
    for render in (tables34.render_updates, draws.render_draws, metric_ways.render_order):
        assert "nan" not in render(domain, results=results).markdown


def test_claims_are_judged_in_every_contrast(results):
    checked = claims.check(results)
    for claim in checked:
        assert [verdict.test_domain for verdict in claim.verdicts] == ["t1", "t2", OTHER]
        assert [verdict.test_domain for verdict in claim.paper] == ["t1", "t2", OTHER]
        assert claim.verdicts[1].outcome is Outcome.UNTESTED
        assert claim.paper[2].outcome is Outcome.UNTESTED
        assert f"{NAMES[OTHER]} **" in plain(claim_tables.render_claim(claim))
    spread = checked[1].verdicts[2]
    assert spread.tested
    assert spread.low <= spread.estimate <= spread.high
    heads = plain(claim_tables.render_claims(checked)).splitlines()[0]
    assert heads == f"| | The paper claims | T1 test | T2 test | {NAMES[OTHER]} test | Profile | Evidence |"
    assert "5 of 5 claims hold" in slips.render_verdicts().markdown
    assert f"**{spread.outcome}**" in claim_tables.render_verdicts(checked, OTHER).markdown


def test_figures_draw_it(results):
    own = NAMES[OTHER]
    caption = figures23.render_reconstructions(results, OTHER, "reconstructions").markdown
    assert caption.startswith(f"{own} test slice: ")
    assert f"Second row: see whether the map under {own} is darkest." in caption
    assert f"A window of one {own} test slice" in figures45.render_networks(results, OTHER, "grid").markdown
    rows = [axes.get_ylabel() for axes in figure6.comparison_figure(results).axes]
    for domain in ("t1", OTHER):
        assert figures45.curve_figure(results, domain).axes[0].get_title() == f"{NAMES[domain]} test slices, here"
        assert {f"{NAMES[domain]}: images", f"{NAMES[domain]}: errors"} <= {*rows}
    titles = [axes.get_title() for axes in headline.summary_figure(results).axes]
    assert titles == ["T1 test slices", "T2 test slices", f"{NAMES[OTHER]} test slices"]
    assert headline.draw(headline.summary_figure(results)).startswith(b"<?xml")
    assert charts.training_curves(results.history).axes
    assert figure.effects_figure(figure.lines(results), page_domains(results)).axes


def test_pages_of_differences_have_a_column_for_it(results):
    head = f"{NAMES[OTHER]} test, dB"
    assert head in plain(controls.render_symmetry(results))
    assert head in plain(page.render_crops(results))
    assert f"{NAMES[OTHER]} test" in plain(metric_ways.render_ranks(results))
    assert f"| {NAMES[OTHER]} |" in plain(metric_ways.render_metrics(results))
    assert "*" in page.render_choices(results).markdown
    for render in (page.render_effects, controls.render_chance, controls.render_rates, controls.render_equal_updates):
        assert render(results).markdown
    assert "not run yet" in accelerations.render_accelerations(results).markdown


def test_the_other_pages_name_it(results):
    assert f" {NAMES[OTHER]} slices of " in words.render_source(results).markdown
    assert f"| {NAMES[OTHER]}, acquisition, slices | |" in plain(data_page.render_data(results))
    assert "| training |" in plain(hardware.render_times(results))


def test_released_networks_are_scored_on_it(results):
    released = [Released(results, card) for card in read_cards(results)]
    assert NAMES[OTHER] in plain(networks.render_networks(released))
    assert f"{NAMES[OTHER]}, dB" in plain(networks.render_scores(released))
    assert f"test on {NAMES[OTHER]}" in networks.render_cards(released).markdown
    assert NAMES[OTHER] in networks.plain_list(released)


def test_the_explorer_shows_it(results):
    contrasts = {contrast["key"]: contrast for contrast in frames.collect_frames(results)["contrasts"]}
    assert set(contrasts) == {"t1", OTHER}
    assert contrasts[OTHER]["name"] == NAMES[OTHER]
    (place,) = [place for place in contrasts[OTHER]["slices"] if place["chosen"]]
    assert all(math.isfinite(frame["all"][0]) for frame in place["samplings"][0]["frames"] if frame["all"])


def test_a_contrast_that_nobody_has_is_refused(results):
    for function in (tables12.comparison, tables34.grid):
        with pytest.raises(ReconError, match="Unknown test domain 't3'"):
            function("t3", results)
