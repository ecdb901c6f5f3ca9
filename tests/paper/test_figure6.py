"""Figure 6: compressed sensing as the paper has it and at its best, beside the tuned networks, with their errors."""

import numpy as np
import pytest
from fabricated import cell_rows, labelled_panels, made, untrained_rows, write_run

from recon_lib.core.errors import ReconError
from recon_lib.paper import figure6, panel_view
from recon_lib.results import merge, store

NETWORKS = {("natural", 4000, 20, 0): 34.0, ("t1", 4000, 20, 0): 35.0, ("t2", 4000, 20, 0): 36.0}
LABELS = [f"network-{d}-{n}-{k}" for d, n, k, _ in NETWORKS]
CS = {"cs:literal": 29.0, "cs:tv0.01": 31.0, "cs:real": 30.0}


def collected(tmp_path, cs=CS, labels=None, domains=("t1", "t2")):
    rows, panels = [], {}
    for domain in domains:
        rows += [*cell_rows(domain, NETWORKS), *untrained_rows(domain, {"zero_filled": 26.5, **cs})]
        panels |= labelled_panels(domain, [*LABELS, *cs] if labels is None else labels)
    merge.collect([write_run(tmp_path / "run", rows, panels)], store.root() / "desk", {})
    return store.open_results("desk")


def titles(figure):
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def test_the_columns_are_the_methods_for_both_contrasts(tmp_path):
    figure = figure6.comparison_figure(collected(tmp_path))
    texts = titles(figure)
    assert texts.count("reference\n\n") == 2
    labels = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel() and "error|" not in axes.get_ylabel()]
    assert labels == ["T1: images", "T1: errors", "T2: images", "T2: errors"]
    expected = [
        "CS,\nliteral\n29.0 dB, 0.725",
        "CS, best:\ntv0.01\n31.0 dB, 0.775",
        "natural images,\ntuned with 20\n34.0 dB, 0.850",
        "T1,\ntuned with 20\n35.0 dB, 0.875",
        "T2,\ntuned with 20\n36.0 dB, 0.900",
        "\nzero-filled\n26.5 dB, 0.662",
    ]
    assert {title: texts.count(title) for title in expected} == dict.fromkeys(expected, 2)


def test_each_image_has_its_error_below_on_one_scale(tmp_path):
    results = collected(tmp_path)
    figure = figure6.comparison_figure(results)
    axes = np.array(figure.axes[:28]).reshape(4, 7)
    for row, domain in ((0, "t1"), (2, "t2")):
        panels = panel_view.upright_panels(results, domain, ("sub-11", 41))
        box = panel_view.head_box(panels["reference"])
        for column, name in enumerate(["zero_filled", "cs:literal", "cs:tv0.01", *LABELS], start=1):
            np.testing.assert_array_equal(axes[row, column].images[0].get_array(), panels[name][box])
            error = np.abs(panels[name] - panels["reference"])[box]
            divided = axes[row + 1, column].get_xlabel()
            share = int(divided.removeprefix("divided by ")) if divided else 1
            assert share == 1 or name == "zero_filled"
            np.testing.assert_allclose(axes[row + 1, column].images[0].get_array(), error / share, rtol=1e-6)
            assert np.quantile(error, 0.998) / share <= axes[row + 1, column].images[0].get_clim()[1] or share == 1
    maps = [a.images[0] for a in axes.flat if a.images and a.images[0].get_cmap().name == "inferno"]
    assert len(maps) == 12
    assert len({image.get_clim() for image in maps}) == 1
    assert len(figure.axes) == 29  # and one scale


def test_where_the_literal_reading_is_best_the_next_stands_beside_it(tmp_path):
    results = collected(tmp_path, cs={"cs:literal": 33.0, "cs:real": 30.0, "cs:tv0.01": 29.0})
    assert figure6.rank_variants(results, "t1") == ["cs:literal", "cs:real", "cs:tv0.01"]
    assert titles(figure6.comparison_figure(results)).count("CS, next best:\nreal\n30.0 dB, 0.750") == 2


@pytest.mark.parametrize(("cs", "missing"), [({}, 4), ({"cs:literal": 30.0}, 2), ({"cs:real": 30.0}, 2)])
def test_what_was_not_run_says_so(tmp_path, cs, missing):
    figure = figure6.comparison_figure(collected(tmp_path, cs=cs))
    assert sum(text.get_text().endswith("not run") for axes in figure.axes for text in axes.texts) == missing
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_method_with_rows_but_no_image_says_so(tmp_path):
    figure = figure6.comparison_figure(collected(tmp_path, labels=["cs:literal"]))
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert "CS, best:\ntv0.01:\nno image kept" in texts
    assert sum("not run" in text for text in texts) == 6  # no panel names its network's number of images


def test_variants_are_ranked_by_their_mean_over_slices(tmp_path):
    assert figure6.rank_variants(collected(tmp_path), "t1") == ["cs:tv0.01", "cs:real", "cs:literal"]
    assert figure6.rank_variants(collected(tmp_path, cs={}), "t1") == []


def test_a_contrast_without_images_is_named(tmp_path):
    results = collected(tmp_path)
    vars(results)["panels"] = {key: panel for key, panel in results.panels.items() if key.test_domain != "t2"}
    with pytest.raises(ReconError, match="no panels of 't2'"):
        figure6.comparison_figure(results)
    with pytest.raises(ReconError, match="has no slices"):
        figure6.comparison_figure(made([]))


def test_a_contrast_that_was_not_tested_has_no_rows(tmp_path):
    figure = figure6.comparison_figure(collected(tmp_path, domains=("t1",)))
    assert len([axes for axes in figure.axes if axes.get_subplotspec() is not None]) == 2 * 7


def test_the_caption_names_each_slice_its_percentile_and_its_order(tmp_path):
    caption = figure6.render_comparison(collected(tmp_path), "figure6").markdown
    for own in ("T1", "T2"):
        assert f"{own}: sub-11, slice 41, at the 25th percentile of the 2 test slices by zero-filled PSNR." in caption
    best_first = "trained on T2, trained on T1, trained on natural images, CS (tv0.01), CS (literal)"
    assert caption.count(best_first) == 2
