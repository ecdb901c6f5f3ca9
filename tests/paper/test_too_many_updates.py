"""The curve of held-out slices is that of the longest tunings, and its turn is said."""

from types import SimpleNamespace

import pandas as pd

from recon_lib.paper import too_many_updates as page


def results(curves):
    rows = [
        {
            "variation": variation,
            "test_domain": domain,
            "n_finetune": n,
            "draw": draw,
            "updates": 500 * (k + 1),
            "psnr_held": v,
        }
        for (variation, domain, n, draw), values in curves.items()
        for k, v in enumerate(values)
    ]
    columns = ["variation", "test_domain", "n_finetune", "draw", "updates", "psnr_held"]
    return SimpleNamespace(varied_history=pd.DataFrame(rows, columns=columns))


CURVES = {
    ("updates-1500", "t1", 5, 0): [35.0, 35.6, 35.2],
    ("updates-1500", "t1", 5, 1): [35.0, 35.8, None],
    ("updates-1500", "t1", 50, 0): [35.0, 36.0, 36.5],
    ("updates-1500", "t2", 5, 0): [35.0, 36.0, 36.1],
    ("updates-300", "t2", 5, 0): [99.0, 1.0, 1.0],
}


def test_other_draws_and_shorter_tunings_are_left_out():
    curves = page.held_out(results(CURVES))
    assert set(curves["test_domain"]) == {"t1", "t2"}
    few = curves[(curves["test_domain"] == "t1") & (curves["n_finetune"] == 5)]
    assert [round(value, 6) for value in few["psnr_held"]] == [35.0, 35.6, 35.2]
    assert curves["psnr_held"].max() < 99


def test_the_turn_of_the_fewest_images_is_said():
    text = page.render_turn(results(CURVES)).markdown
    assert text.endswith(
        "with 5 T1 images it is highest after 1000 updates and loses 0.40 dB to the end; with 5 T2 images it falls by "
        "no more than 0.05 dB within 1500 updates."
    )


def test_what_was_not_measured_is_said():
    for missing in (None, results({}), results({("updates-1500", "t1", 5, 0): [None]})):
        assert "not run yet" in page.render_held_out(missing).markdown
        assert page.render_turn(missing).markdown == ""
    assert "too_many_updates" in page.render_held_out(results(CURVES)).html
