"""The table of trainings with several coils: each in its place, with what decides it, and on which machine."""

from recon_lib.paper import coil_trainings, several_coils
from recon_lib.results import coils

MACHINE = {"processor": "A", "cores": 2}
CARD = {**MACHINE, "accelerator": {"kind": "card"}}


def run(kind, label, seconds, machine, recipe, simulation=None, **parameters):
    spec = {"n_train": 5, "updates": 70, "simulation": simulation or {}, "recipe": {"batch": 4, **recipe}, **parameters}
    return {"kind": kind, "label": label, "seconds": seconds, "machine": machine, "parameters": spec}


def test_each_training_stands_with_what_decides_it():
    runs = {
        "d": run("tune", "natural-tuned", 90.1, MACHINE, {}, {"structure": 1.5}, updates=9),
        "b": run("joint", "natural-further", 600, CARD, {"crop": 96, "data_consistency": 0.05}, {"structure": 2.0}),
        "c": run("evaluate", "natural-further-x", 5, MACHINE, {}),
        "a": run("train", "natural", 240, MACHINE, {"crop": 32}, architecture={"data_consistency": 0.02}),
    }
    coils.write([], [], {}, {"runs": runs})
    lines = coil_trainings.render_trainings().markdown.splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    names = [several_coils.NAMES[name] for name in ("natural", "natural-further", "natural-tuned")]
    assert rows == [
        [names[0], "5", "70", "4", "32", "0.02", "no", "4", "2 cores of A"],
        [names[1], "5", "70", "4", "96", "0.05", "2 rad", "10", "one card"],
        [names[2], "5", "9", "4", "whole", "", "1.5 rad", "2", "2 cores of A"],
    ]


def test_before_there_are_results_the_page_says_so():
    assert coil_trainings.render_trainings().markdown.count(several_coils.MISSING)


def test_photographs_and_t1_slices_are_compared_at_the_same_stage():
    place = {"run": "r", "subject": "s", "slice": 1, "method": "network", "acceleration": 4.0}
    scores = {"t1_bold5000": (30.0, 30.5), several_coils.REAL: (29.0, 28.25)}
    rows = [
        {**place, "test": test, "network": name, "psnr": psnr}
        for test, pair in scores.items()
        for name, psnr in zip(("natural-joint", "t1_bold5000-joint"), pair, strict=True)
    ]
    coils.write(rows, [], {}, {"runs": {}})
    text = coil_trainings.render_domains().markdown
    assert "by +0.50 to +0.50 dB with simulated coils and by \u22120.75 to \u22120.75 dB on the real slice" in text
    coils.write(rows[::2], [], {}, {"runs": {}})
    assert several_coils.MISSING in coil_trainings.render_domains().markdown
