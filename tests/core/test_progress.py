"""The bar counts units, and shows the newest loss and PSNR."""

import pytest

from recon_lib.core.progress import Bar


def test_the_bar_moves_to_where_the_work_is(capsys):
    with Bar("training") as bar:
        for units in (1, 2, 7):
            bar(units, 10, {"loss": 0.0123456, "psnr": 31.98765, "epoch": 3})
            assert (bar._bar.n, bar._bar.total) == (units, 10)
        assert bar._bar.postfix == "loss=0.01235, psnr=31.99"
        bar(8, 20, {"psnr": 30.0})
        assert (bar._bar.n, bar._bar.total, bar._bar.postfix) == (8, 20, "psnr=30")
    assert "training" in capsys.readouterr().err


def test_lines_and_the_time_left_beside_a_bar(capsys):
    with Bar("runs") as bar, Bar("runs", smoothing=0) as mean:
        bar.write("one is finished")
        assert (bar._bar.smoothing, mean._bar.smoothing) == (0.3, 0)
    assert capsys.readouterr().out == "one is finished\n"


def test_the_bar_closes_when_the_work_breaks_off():
    with pytest.raises(KeyError), Bar("training") as bar:
        raise KeyError
    assert bar._bar.disable
