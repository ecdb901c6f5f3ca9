"""What runs need, counted by hand; tests/network compares it with the networks themselves."""

from recon_lib.experiment import counting, plan
from recon_lib.experiment.profile import parse_profile
from recon_lib.experiment.recipes import Architecture

TINY = Architecture(subnetworks=2, hidden_layers=1, filters=4)  # 9 * (2 * 4 + 4 * 1) = 108 kernel weights, 5 biases
KERNELS, FORWARD = 108, 2 * 2 * 108  # operations a pixel: two sub-networks, a multiply and an add


def test_operations_by_hand():
    # 2 -> 4 -> 4 -> 1 channels, 3 x 3: 9 (8 + 16 + 4) = 252 weights, each a multiply and an add at 6 pixels.
    assert counting.operations(Architecture(3, 2, 4), (2, 3)) == 3 * 2 * 252 * 6


def planned(**changes):
    content = {
        "architecture": {"subnetworks": 2, "hidden_layers": 1, "filters": 4},
        "domains": {"natural": {}, "t1": {}},
        "test_domains": ["t1"],
        "training": {"domains": ["natural"], "n_train": [20], "batch": 4, "epochs": 3},
        "fine_tuning": {"n_finetune": [5], "epochs": 7},
    }
    return plan.plan(parse_profile("x", {**content, **changes}), {"natural": "", "t1": ""})


def count(run):
    return counting.run_operations(run, {"natural": (6, 8), "t1": (5, 7)}, {("t1", "test"): 11, ("t1", "train"): 23})


def test_runs_are_counted_by_hand():
    runs = planned()
    train, tune = (plan.find(runs, kind) for kind in ("train", "finetune"))
    # 15 updates of 4 images, three passes each; then 20 images once through the first of two sub-networks
    assert count(train) == 15 * 4 * 3 * 48 * FORWARD + 20 * 48 * FORWARD // 2
    assert count(tune) == 7 * 5 * 3 * 35 * FORWARD
    raw = plan.find(runs, "evaluate", method="network", n_finetune=0)
    tuned = plan.find(runs, "evaluate", method="network", n_finetune=5)
    assert count(raw) == count(tuned) == 11 * 35 * FORWARD
    assert count(plan.find(runs, "evaluate", method="zero_filled")) == 0
    sizes, slices = {"natural": (6, 8), "t1": (5, 7)}, {("t1", "test"): 11}
    assert counting.longest_chain(runs, sizes, slices) == sum(map(count, (train, tune, tuned)))
    assert counting.longest_chain([], sizes, slices) == 0


def test_crops_are_what_is_trained_on():
    train = plan.find(
        planned(training={"domains": ["natural"], "n_train": [20], "batch": 4, "epochs": 3, "crop": 7}), "train"
    )
    assert count(train) == 15 * 4 * 3 * 6 * 7 * FORWARD + 20 * 48 * FORWARD // 2


def test_an_evaluation_counts_the_slices_of_its_split():
    variation = {"change": {"training": {"learning_rate": 0.1}}, "evaluations": {"method": "network"}, "split": "train"}
    runs = planned(variations={"rate": variation})
    assert count(plan.find(runs, "evaluate", n_finetune=0, variation="rate")) == 23 * 35 * FORWARD
    runs = planned(variations={"rate": {**variation, "slices": 7}})
    assert count(plan.find(runs, "evaluate", n_finetune=0, variation="rate")) == 7 * 35 * FORWARD


def test_the_update_of_a_run_by_hand():
    sizes, pixel = {"natural": (6, 8), "t1": (5, 7)}, 8 * (2 + 4 + 1)
    for changes, images in (({}, 1), ({"batch": 3}, 3), ({"batch": 0}, 5), ({"batch": 9}, 5)):
        runs = planned(fine_tuning={"n_finetune": [5], "epochs": 7, **changes})
        # fine-tuning: whole images through both sub-networks
        assert counting.run_update_bytes(plan.find(runs, "finetune"), sizes) == 2 * pixel * images * 35
    assert counting.run_update_bytes(plan.find(runs, "train"), sizes) == pixel * 4 * 48
    cropped = planned(training={"domains": ["natural"], "n_train": [20], "batch": 4, "epochs": 3, "crop": 7})
    assert counting.run_update_bytes(plan.find(cropped, "train"), sizes) == pixel * 4 * 6 * 7


def test_networks_of_a_plan_fill_the_disk():
    assert counting.network_bytes(planned()) == 2 * 4 * 2 * (KERNELS + 5)
