"""The table of released networks says what their cards say."""

import json
import re
from dataclasses import replace

import pytest
from fabricated import PSNR, cell_rows, make_runs, plain, row, write_run
from scan_files import tiny_network

from recon_lib.core.errors import ReconError
from recon_lib.core.files import sha256, write_json
from recon_lib.experiment.recipes import Architecture
from recon_lib.paper import networks
from recon_lib.results import merge, scanner, store
from recon_lib.results.defaults import Released
from recon_lib.results.keys import RunKey
from recon_lib.results.released import NetworkCard, PrecisionCost, read_cards
from recon_lib.results.scores import scores
from recon_lib.results.store import Results


def card(name, **more):
    base = {"file": name, "kind": "train", "training_domain": "natural", "n_images": 4000, "bytes": 1_140_000}
    return {**base, "float16_cost_db": {"t2": -0.0004, "t1": 0.0012}, "sha256": "0123456789abcdef", **more}


def of(results):
    """The released networks of results, as pages take them."""
    return [Released(results, card) for card in read_cards(results)]


def test_each_network_is_a_row(tmp_path):
    write_json(tmp_path / "weights" / "b.json", card("b.safetensors"))
    tuned = card("a.safetensors", kind="finetune", test_domain="t1", n_finetune=20, float16_cost_db={"t1": 0.002})
    write_json(tmp_path / "weights" / "a.json", tuned)
    text = plain(networks.render_networks(of(Results("desk", tmp_path, {}))))
    first, second = text.splitlines()[2:]
    assert first.startswith("| `a` | desk | 4000 natural images | 20 T1 | 1.14 | T1 +0.0020 |")
    assert "| `b` | desk | 4000 natural images | | 1.14 | T1 +0.0012, T2 " in second
    assert "`01234567`" in second


def test_no_network_no_row(tmp_path):
    assert len(networks.render_networks(of(Results("desk", tmp_path, {}))).markdown.splitlines()) == 2


@pytest.fixture
def released(folders):
    """Results of fabricated runs, with three networks of the names and cards of real ones."""
    out = folders / "results" / "desk"
    details = {"profile": {"domains": {name: {"source": "open"} for name in ("natural", "t1", "t2")}}}
    weights = out / "weights"
    for name, more in (
        ("natural-4000", {"n_train": 4000, "n_images": 4000}),
        ("natural-4000-t1-20", {"n_train": 4000, "kind": "finetune", "test_domain": "t1", "n_finetune": 20, "draw": 0}),
        ("t2-4000", {"training_domain": "t2", "n_train": 4000, "n_images": 230}),
    ):
        tiny_network(weights / f"{name}.safetensors", **more)
    merge.collect(make_runs(folders / "runs"), out, details)
    return store.open_results("desk")


def test_scores_are_means_over_the_test_slices(released):
    by_name = {card.name: scores(released, card) for card in read_cards(released)}
    slices = released.slices
    for name, n_finetune, domain in (("natural-4000", 0, "t2"), ("natural-4000-t1-20", 20, "t1")):
        networks_ = slices.query("method == 'network' and training_domain == 'natural'")
        rows = networks_.query(f"n_finetune == {n_finetune} and test_domain == '{domain}'")
        got = by_name[name][domain]
        assert got["psnr"] == pytest.approx(rows["psnr"].mean())
        assert got["ssim"] == pytest.approx(rows["ssim"].mean())
        assert got["slices"] == len(rows) == 20
        assert got["psnr_zero_filled"] == pytest.approx(
            slices.query(f"method == 'zero_filled' and test_domain == '{domain}'")["psnr"].mean()
        )
    assert set(by_name["natural-4000"]) == {"t1", "t2"}
    assert set(by_name["natural-4000-t1-20"]) == {"t1"}  # it was not tested on the other contrast
    assert by_name["t2-4000"]["t1"]["psnr"] - by_name["natural-4000"]["t1"]["psnr"] == pytest.approx(
        PSNR["t1", "t2", 0] - PSNR["t1", "natural", 0], abs=0.1
    )


def test_the_list_shows_every_network_with_hash_and_licence(released):
    out = networks.plain_list(of(released))
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[2:5]] == ["natural-4000-t1-20", "natural-4000", "t2-4000"]
    for card in read_cards(released):
        line = next(line for line in lines if line.startswith(card.name + " "))
        assert card.sha256[:16] in line
    assert re.search(r"natural-4000 +desk +4000 natural images +- +3\d\.\d\d dB / 0\.9\d+ +3\d\.\d\d dB", out)
    assert "natural-4000: MIT, as the project; learned from natural images (mixed; ImageNet terms" in out
    assert "t2-4000: MIT, as the project; learned from T2 (PDDL-1.0)" in out


def test_a_card_shows_everything(released):
    path = released.folder / "weights" / "natural-4000-t1-20.safetensors"
    text = " ".join(networks.plain_card(path, of(released)).split())
    for part in (
        "tuned with 20 T1",
        sha256(path),
        "Not for diagnosis",
        "each slice divided by the maximum",
        "learned from natural images",
    ):
        assert part in text
    card = json.loads(text[text.index("card: ") + 6 :])
    assert card["sha256"] == sha256(path)


def test_a_network_of_one_s_own_borrows_no_scores(released, tmp_path):
    path = tiny_network(tmp_path / "natural-4000.safetensors", seed=8, n_train=4000)
    text = networks.plain_card(path, of(released))
    assert "test on" not in text
    assert "under terms that its maker knows" in text


def test_without_results_there_is_nothing_to_list():
    with pytest.raises(ReconError, match="There are no released networks"):
        networks.plain_list([])


def test_the_book_describes_each_network_in_a_block(released):
    text = networks.render_cards(of(released)).markdown
    blocks = text.split(":::{admonition} ")[1:]
    assert [block.splitlines()[0] for block in blocks] == ["natural-4000-t1-20", "natural-4000", "t2-4000"]
    for block, card in zip(blocks, read_cards(released), strict=True):
        assert card.sha256 in block.replace("` `", "")
        for heading in ("trained on", "licence", "intended use", "limits", "test on"):
            assert f"**{heading}" in block


def test_the_book_lists_what_each_gives(released):
    lines = plain(networks.render_scores(of(released))).splitlines()
    means = scores(released, read_cards(released)[1])
    assert lines[0] == "| Name | T1, dB | T1, SSIM | T2, dB | T2, SSIM |"
    assert lines[2].endswith("| | |")  # tuned with T1, not tested on T2
    assert lines[3] == (
        f"| `natural-4000` | {means['t1']['psnr']:.2f} | {means['t1']['ssim']:.3f} "
        f"| {means['t2']['psnr']:.2f} | {means['t2']['ssim']:.3f} |"
    )


def test_what_generated_images_taught_says_so(released):
    made = Results("desk", released.folder, {"profile": {"domains": {"natural": {"source": "generated"}}}})
    assert networks.licence(NetworkCard(RunKey(training_domain="natural")), made).endswith(
        "learned from natural images made by code"
    )


def test_a_card_names_the_brains_it_was_tested_on_only_where_it_was(released):
    text = networks.render_cards(of(released)).markdown
    assert text.count(networks.LIMITS) == text.count("brains of adults") == 3
    made = {"profile": {"domains": {name: {"source": "generated"} for name in ("t1", "t2")}}}
    text = networks.render_cards(of(Results("desk", released.folder, made))).markdown
    assert text.count(networks.LIMITS) == 3
    assert "brains of adults" not in text


@pytest.mark.parametrize("factor", [4.0, 6.0])
def test_the_list_states_the_acceleration_of_the_results(released, factor):
    results = Results("desk", released.folder, {"profile": {"acceleration": factor}})
    assert f"{factor:g}-fold undersampled" in networks.plain_list(of(results))


def test_the_page_says_which_network_a_name_stands_for_and_by_how_much(tmp_path):
    psnr = {"open": {"natural-4000": (34.0, 30.0), "t1-4000": (32.0, 30.0)}, "desk": {"natural-4000": (33.0, 29.5)}}
    psnr["desk"]["t1-4000"] = (33.0, 29.5)
    rows = []
    for profile, means in psnr.items():
        cells = {}
        for name, (tested, unseen) in means.items():
            domain = name.partition("-")[0]
            cells[domain, 4000, 0, 0] = tested
            names = {"training_domain": domain, "n_train": 4000, "run": f"train-{domain}-{profile}", "kind": "train"}
            file = f"{name}.safetensors"
            write_json(store.root() / profile / "weights" / f"{name}.json", card(file, **names))
            rows.append(row("t1_bold5000", "sub-9", 0, run=names["run"], psnr=unseen))
        merge.collect([write_run(tmp_path / profile, cell_rows("t1", cells))], store.root() / profile, {})
    assert "yet" in networks.render_scanner().markdown
    start = row("t1_bold5000", "sub-9", 0, run="", method="zero_filled", psnr=21.0)
    scanner.write([*rows, start], {"machine": {"processor": "a processor", "cores": 2}})
    assert plain(networks.render_defaults()).splitlines()[2:] == [
        "| `natural-4000` | open | open less desk | +1.00 | +0.50 |",
        "| `t1-4000` | desk | open less desk | \N{MINUS SIGN}1.00 | +0.50 |",
    ]
    text = networks.render_scanner().markdown
    assert "1 slices of subject sub-9, zero-filled 21.00 dB, on 2 cores (a processor)" in text


def test_what_bfloat16_costs_stands_in_the_list_and_on_the_card(tmp_path):
    costs = {"t2": {"mean": -0.0002, "worst": 0.004, "slices": 9}, "t1": {"mean": 0.0015, "worst": 0.0214, "slices": 9}}
    write_json(tmp_path / "weights" / "a.json", card("a.safetensors", bfloat16_cost=costs))
    write_json(tmp_path / "weights" / "b.json", card("b.safetensors"))
    first, second = plain(networks.render_networks(of(Results("desk", tmp_path, {})))).splitlines()[2:]
    assert "| T1 +0.0015 (+0.021)<br>T2 −0.0002 (+0.004) |" in first  # noqa: RUF001
    assert "| not measured |" in second


def test_a_cost_that_was_measured_after_the_file_was_written_is_told_of_the_file(released):
    path = released.folder / "weights" / "t2-4000.safetensors"
    assert "lost by bfloat16" not in networks.plain_card(path, of(released))
    cards = {known.name: known for known in read_cards(released)}
    cost = {"t1": PrecisionCost(0.001, 0.02, 4)}
    merge.replace_card(released.folder, replace(cards["t2-4000"], bfloat16_cost=cost))
    text = networks.plain_card(path, of(store.open_results("desk")))
    assert "T1 +0.0010 (+0.020): dB, mean and worst slice" in text


def test_a_network_of_the_recipe_is_named_as_one():
    key = RunKey(training_domain="natural", n_train=8, test_domain="t1", n_finetune=5, variation="few-images")
    shape = {**Architecture().as_dict(), "residual": True}
    known = NetworkCard(key, kind="finetune", n_images=8, architecture=shape, tuned_from={"name": "natural-8-residual"})
    facts = networks._facts(replace(known, file="a.safetensors", bytes=1, sha256="0"), None)
    assert facts["trained on"] == "8 natural images, with a correction output"
    assert facts["tuned with"] == "5 T1 by the recipe few-images"
    assert facts["tuned from"] == "natural-8-residual"
