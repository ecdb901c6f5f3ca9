"""The cost of bfloat16 is written with its sign, the mean before the worst slice."""

from fabricated import plain

from recon_lib.paper import precision_cost
from recon_lib.results.released import NetworkCard, PrecisionCost


def test_each_contrast_has_a_phrase():
    costs = {"t2": PrecisionCost(-0.00021, 0.004, 9), "t1": PrecisionCost(0.0015, 0.0214, 9)}
    phrases = precision_cost.phrases(NetworkCard(bfloat16_cost=costs))
    assert phrases == ["T1 +0.0015 (+0.021)", "T2 −0.0002 (+0.004)"]  # noqa: RUF001
    assert precision_cost.phrases(NetworkCard()) == []


def test_the_bounds_are_those_that_the_choice_goes_by(monkeypatch):
    text = plain(precision_cost.render_bounds())
    assert "no more than 0.02 dB on average and 0.1 dB on the worst slice runs in bfloat16" in text
    monkeypatch.setattr(PrecisionCost, "BOUND_MEAN", 0.5)
    assert "0.5 dB on average" in plain(precision_cost.render_bounds())
