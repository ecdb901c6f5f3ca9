"""On the unseen scanner the recipe is compared by the rows of these results' networks alone."""

from types import SimpleNamespace

import pytest
from fabricated import frame, plain, row, untrained

from recon_lib.paper import recipe_scanner as page
from recon_lib.results import scanner
from recon_lib.results.keys import RunKey

SLICES = (("sub-CSI3", 100), ("sub-CSI3", 110))


def network(run, psnr, **names):
    return [
        row("t1_bold5000", subject, index, psnr=psnr + 2 * k, run=run, **names)
        for k, (subject, index) in enumerate(SLICES)
    ]


ROWS = [
    *network("", 20.0, **untrained("zero_filled")),
    *network("five-0", 31.0, n_finetune=5, variation="few-images"),
    *network("five-1", 31.4, n_finetune=5, draw=1, variation="few-images"),
    *network("fifty", 30.7, n_finetune=50),
    *network("fifty-of-another-profile", 90.0, n_finetune=50),
    *network("own", 31.5, n_finetune=50, training_domain="t1"),
    *network("residual", 30.0, variation="residual-4000"),
    *network("twenty", 29.5, n_finetune=20),
    *network("twenty-of-the-other-contrast", 90.0, n_finetune=20),
]
TUNED = dict.fromkeys(["five-0", "five-1", "fifty", "own", "twenty"], "t1")
KEYS = {**TUNED, "residual": None, "twenty-of-the-other-contrast": "t2"}
RECORDS = {run: SimpleNamespace(key=RunKey(test_domain=contrast)) for run, contrast in KEYS.items()}
RESULTS = SimpleNamespace(records=RECORDS, slices=frame([]))


@pytest.fixture
def tested(monkeypatch):
    monkeypatch.setattr(scanner, "read", lambda: (frame(ROWS), {}))


def test_each_comparison_has_both_means_and_their_difference(tested):
    lines = [text.strip("| ").split(" | ") for text in plain(page.render_unseen(RESULTS)).splitlines()[2:]]
    assert [cells[1:] for cells in lines] == [
        ["32.20", "31.70", "+0.50", "2 and 1", "at least equal", "yes"],
        ["not run yet"],
        ["32.20", "32.50", "−0.30", "2 and 1", "at most 0.1 dB below", "no"],  # noqa: RUF001
        ["31.00", "30.50", "+0.50", "1 and 1", "at least equal", "yes"],
    ]


def test_what_was_not_tested_says_so(tested, monkeypatch):
    assert plain(page.render_unseen(None)).count("not run yet") == 4
    monkeypatch.setattr(scanner, "read", lambda: (None, {}))
    assert plain(page.render_unseen(RESULTS)).count("not run yet") == 4
