"""Whether a slice ranks methods as their means do, on three numbers that can be ordered by hand."""

from fabricated import cell_rows, made, untrained_rows

from recon_lib.paper import orders

PLACES = (("sub-11", 41), ("sub-12", 42))
NETWORKS = ["network-natural-4000-0", "network-t1-4000-0"]


def results(natural, own):
    """Two slices; the numbers of each network on them."""
    rows = []
    for index, place in enumerate(PLACES):
        cells = {("natural", 4000, 0, 0): natural[index], ("t1", 4000, 0, 0): own[index]}
        rows += cell_rows("t1", cells, [place])
    return made([*rows, *untrained_rows("t1", {"cs:literal": 20.0}, PLACES)])


def test_the_means_are_over_all_slices_and_the_first_draw():
    shown = results((30.0, 34.0), (31.0, 31.0))
    drawn = made([*shown.slices.to_dict("records"), *cell_rows("t1", {("natural", 4000, 0, 1): 90.0}, PLACES)])
    expected = {"network-natural-4000-0": 32.0, "network-t1-4000-0": 31.0, "cs:literal": 21.0}
    assert orders.mean_psnr(drawn, "t1") == expected


def test_another_order_on_the_slice_is_said():
    shown = results((30.0, 34.0), (31.0, 31.0))
    assert orders.compare_orders(shown, "t1", PLACES[0], NETWORKS, "The networks") == (
        "The networks rank on this slice, best PSNR first: trained on T1, trained on natural images. The mean over all "
        "test slices ranks them otherwise: trained on natural images, trained on T1."
    )


def test_the_same_order_is_said_too():
    shown = results((30.0, 34.0), (31.0, 31.0))
    sentence = orders.compare_orders(shown, "t1", PLACES[1], [*NETWORKS, "cs:literal"], "The methods")
    assert "first: trained on natural images, trained on T1, CS (literal)." in sentence
    assert sentence.endswith("ranks them so too.")


def test_one_method_alone_has_no_order():
    assert orders.compare_orders(results((30.0, 34.0), (31.0, 31.0)), "t1", PLACES[0], NETWORKS[:1], "The") == ""
    assert orders.compare_orders(made([]), "t1", PLACES[0], NETWORKS, "The") == ""
