"""What a released network gives: the means of its own rows, by hand."""

from fabricated import cell_rows, made, untrained_rows

from recon_lib.results.keys import RunKey
from recon_lib.results.released import NetworkCard
from recon_lib.results.scores import scores

RESULTS = made(
    [
        *cell_rows("t1", {("natural", 4000, 0, 0): 30.0, ("natural", 500, 0, 0): 20.0, ("t1", 4000, 0, 0): 10.0}),
        *cell_rows("t1", {("natural", 4000, 20, 0): 34.0, ("natural", 4000, 20, 1): 50.0}),
        *cell_rows("t2", {("natural", 4000, 0, 0): 32.0, ("natural", 4000, 20, 0): 60.0}),
        *untrained_rows("t1", {"zero_filled": 25.0}),
    ],
    [
        {**row, "variation": name}
        for name, mean in (("few-images", 36.0), ("residual-4000", 70.0))
        for row in cell_rows("t1", {("natural", 4000, 20, 0): mean})
    ],
)


def test_a_raw_network_is_scored_in_every_domain_beside_the_zero_filled_images():
    means = scores(RESULTS, NetworkCard(RunKey(training_domain="natural", n_train=4000), kind="train"))
    assert means == {
        "t1": {"psnr": 31.0, "ssim": 31 / 40, "slices": 2, "psnr_zero_filled": 26.0, "ssim_zero_filled": 25 / 40},
        "t2": {"psnr": 33.0, "ssim": 33 / 40, "slices": 2},
    }


def test_a_tuned_network_is_scored_by_its_own_draw_where_it_was_tuned():
    key = RunKey(training_domain="natural", n_train=4000, test_domain="t1", n_finetune=20, draw=1)
    means = scores(RESULTS, NetworkCard(key, kind="finetune"))
    assert set(means) == {"t1"}
    assert means["t1"]["psnr"] == 51.0


def test_a_network_of_a_variation_is_scored_by_its_own_rows_beside_the_same_zero_filled_images():
    key = RunKey(training_domain="natural", n_train=4000, test_domain="t1", n_finetune=20, variation="few-images")
    means = scores(RESULTS, NetworkCard(key, kind="finetune"))["t1"]
    assert (means["psnr"], means["psnr_zero_filled"]) == (37.0, 26.0)
