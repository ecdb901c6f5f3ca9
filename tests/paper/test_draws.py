"""The spread over draws of the fine-tuning images, by hand."""

import numpy as np
import pytest
from fabricated import cell_rows, plain, write_run

from recon_lib.paper import draws
from recon_lib.results import merge, store


def test_the_spread_over_draws_by_hand(tmp_path):
    cells = {("natural", 4000, 20, d): psnr for d, psnr in enumerate((30.0, 31.0, 35.0))}
    cells |= {("t2", 4000, 20, 0): 30.0, ("t2", 4000, 20, 1): 30.0, ("natural", 4000, 5, 0): 30.0}
    cells |= {("natural", 4000, 0, 0): 20.0}
    merge.collect([write_run(tmp_path / "run", cell_rows("t1", cells))], store.root() / "desk", {})
    results = store.open_results("desk")
    rows = draws.draws(results, "t1")
    assert rows[["training_domain", "n_train", "n_finetune", "draws"]].to_numpy().tolist() == [
        ["natural", 4000, 20, 3],
        ["t2", 4000, 20, 2],
    ]
    row_ = rows.iloc[0]
    assert row_["psnr"] == pytest.approx(33.0)
    assert row_["psnr_std"] == pytest.approx(np.sqrt((4 + 1 + 9) / 2))
    assert (row_["psnr_low"], row_["psnr_high"]) == (31.0, 36.0)
    assert row_["ssim"] == pytest.approx(33 / 40)
    assert rows.iloc[1]["psnr_std"] == 0.0
    assert "| trained on natural images | 4000 | 20 | 3 | 33.00 ± 2.65 | 31.00 to 36.00 |" in plain(
        draws.render_draws("t1", results)
    )
    results.slices.loc[results.slices["training_domain"] == "t2", "n_images"] = 230
    assert "| trained on T2 | 230 | 20 | 2 |" in plain(draws.render_draws("t1", results))
    assert "unknown" in draws.render_draws("t2", results).markdown
    assert not len(draws.draws(None, "t1"))
