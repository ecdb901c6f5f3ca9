"""Which contrasts a page shows: the paper's in its order, then what else was tested."""

from fabricated import cell, made

from recon_lib.paper import domains


def test_the_paper_s_contrasts_come_first_and_always_have_a_place():
    results = made([*cell({"t1_bold5000": 30.0, "elsewhere": 31.0}), *cell({"t2": 30.0})])
    assert domains.tested_domains(results) == ("t2", "elsewhere", "t1_bold5000")
    assert domains.page_domains(results) == ("t1", "t2", "elsewhere", "t1_bold5000")


def test_without_results_nothing_was_tested():
    assert domains.tested_domains(None) == domains.tested_domains(made([])) == ()
    assert domains.page_domains(None) == domains.page_domains(made([])) == ("t1", "t2")
