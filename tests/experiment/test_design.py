"""The design of the experiment: its domains have names, and a domain without one is called what it is."""

from recon_lib.core import style
from recon_lib.experiment import design


def test_networks_and_contrasts_are_named():
    assert set(design.DOMAINS) <= set(design.NETWORKS) <= set(design.NAMES)
    assert [design.domain_name(domain) for domain in design.NETWORKS] == ["natural images", "T1", "T2"]


def test_a_domain_without_a_name_is_called_what_it_is():
    assert design.domain_name("t1_elsewhere") == "t1_elsewhere"
    assert design.domain_name("") == ""


def test_every_named_domain_has_a_colour_of_its_own():
    assert set(style.COLOURS) == set(design.NAMES) - {""}
    assert len(set(style.COLOURS.values())) == len(style.COLOURS)
    assert [style.domain_colour(domain) for domain in style.COLOURS] == list(style.COLOURS.values())
