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
    assert cells[1] == ["all images in one update", "open", "150", "+0.60 (+0.60 to +0.60)", "+0.30 (+0.30 to +0.30)"]
    assert cells[2][1:4] == ["desk", "150", "+0.40 (+0.40 to +0.40)"]
    assert [row[0] for row in cells[3:]] == ["the paper"]  # a reading that a profile did not run has no row of it


def test_the_nearest_reading_is_named_with_its_distance():
    # The paper gains 2.15 dB on T1 and 1.34 dB on T2.
    text = tuning_batch.render_readings([source("open", {"": 2.0, "finetune-batch-all": 2.8})]).markdown
    assert "On T1 *one image an update* (profile open) comes nearest to the paper's gain: it is 0.15 dB less." in text
    assert (
        "On T2 *all images in one update* (profile open) comes nearest to the paper's gain: it is 0.06 dB more." in text
    )


def test_a_contrast_that_a_variation_lacks_says_so():
    half = source("desk", {"finetune-all-150": 0.4})
    half.variations = half.variations[half.variations["test_domain"] == "t1"]
    row = line(plain(tuning_batch.render_readings([half])), "all images in one update")
    assert row == "| all images in one update | desk | 150 | +0.40 (+0.40 to +0.40) | not run yet |"


def test_the_paper_s_gain_is_that_of_its_tables():
    # By hand from Tables 1 and 2: 35.59 - 33.44 and 35.20 - 33.86.
    assert line(plain(tuning_batch.render_readings([])), "the paper") == "| the paper | | | +2.15 | +1.34 |"
