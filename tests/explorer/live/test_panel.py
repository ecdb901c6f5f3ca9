"""Every control of the live explorer changes its picture, and none offers what is not there."""

from fabricated import SUBJECTS

from recon_lib.explorer.live import panel

PLACE = (SUBJECTS[0], 41)


def test_every_control_changes_the_picture(explorer):
    box = panel.controls(explorer)
    (contrast, place, method, tuned, factor), picture = box.children[0].children, box.children[1]
    assert (contrast.value, place.value, method.value, tuned.value, factor.value) == (
        "t1", PLACE, "network-natural", 20, 4.0,
    )  # fmt: skip
    seen = {picture.value}
    for control, value in (
        (factor, 6.0),
        (tuned, 0),
        (method, "zero_filled"),
        (method, "network-t1"),
        (contrast, "t2"),
    ):
        control.value = value
        assert picture.value not in seen
        assert "<img" in picture.value
        seen.add(picture.value)


def test_what_has_no_network_is_not_offered_and_a_choice_is_kept(explorer):
    box = panel.controls(explorer)
    contrast, _, method, tuned, _ = box.children[0].children
    method.value = "zero_filled"
    assert tuned.disabled
    assert tuned.options == ()
    method.value = "network-natural"
    assert not tuned.disabled
    assert tuned.value == 20
    contrast.value = "t2"
    assert [value for _, value in tuned.options] == [0]
    assert tuned.value == 0
    assert "as trained" in box.children[1].value
