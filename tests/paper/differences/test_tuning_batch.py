"""Both readings of the tuning batch beside the paper's gain."""

from fabricated import cell, line, made, plain

from recon_lib.paper.differences import tuning_batch


def source(profile, gains):
    """The photographs' network as trained, and tuned in several ways."""
    own = [*cell({"t1": 33.0, "t2": 35.0}, n_finetune=0)]
    varied = []
    for variation, gain in gains.items():
        rows = cell({"t1": 33.0 + gain, "t2": 35.0 + gain / 2}, n_finetune=20)
        rows += cell({"t1": 60.0, "t2": 60.0}, n_finetune=20, draw=1)  # other draws are not compared
        if variation:
            varied += [{**row, "variation": variation} for row in rows]
        else:
            own += rows
    results = made(own, varied)
    results.profile = profile
    return results


def test_each_reading_has_its_gain_and_its_updates():
    sources = [source("open", {"": 1.0, "finetune-batch-all": 0.6}), source("desk", {"finetune-all-150": 0.4})]
    text = plain(tuning_batch.render_readings(sources))
    rows = [row.split("|")[1:-1] for row in text.partition("\n\n")[0].splitlines()[2:]]
    cells = [[value.strip() for value in row] for row in rows]
    assert cells[0] == ["one image an update", "open", "3000", "+1.00 (+1.00 to +1.00)", "+0.50 (+0.50 to +0.50)"]
    assert cells[1] == ["one image an update", "desk", "3000", "not run yet", "not run yet"]
    assert cells[2][1:4] == ["open", "150", "+0.60 (+0.60 to +0.60)"]
    assert cells[3][1:4] == ["desk", "150", "+0.40 (+0.40 to +0.40)"]


def test_the_paper_s_gain_is_that_of_its_tables():
    # By hand from Tables 1 and 2: 35.59 - 33.44 and 35.20 - 33.86.
    assert line(plain(tuning_batch.render_readings([])), "the paper") == "| the paper | | | +2.15 | +1.34 |"
