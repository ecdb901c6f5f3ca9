"""Which network a name stands for: the better profile's, unless it is worse anywhere that both were tested alike."""

import ast

import pytest
from fabricated import cell_rows, row, write_run

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.core.files import write_json
from recon_lib.results import defaults, merge, scanner, store

NAME = "natural-4000"


def write(tmp_path, profile, psnr, acceleration=4.0, data="a", name=NAME):
    """Collect a profile with one raw network, of these mean PSNRs by test domain."""
    rows = [cells for domain, mean in psnr.items() for cells in cell_rows(domain, {("natural", 4000, 0, 0): mean})]
    out = store.root() / profile
    details = {"profile": {"acceleration": acceleration}, "data": dict.fromkeys(psnr, data)}
    card = {"file": f"{name}.safetensors", "kind": "train", "training_domain": "natural", "n_train": 4000}
    write_json(out / "weights" / f"{name}.json", {**card, "run": f"train-{profile}"})
    merge.collect([write_run(tmp_path / f"run-{profile}", rows)], out, details)


def default():
    return defaults.default_networks()[NAME].full_name


@pytest.mark.parametrize(
    ("better", "profile"),
    [
        ({"t1": 34.0, "t2": 36.0}, "open"),
        ({"t1": 33.0, "t2": 36.0}, "open"),  # equal in one
        ({"t1": 32.996, "t2": 36.0}, "open"),  # equal in the digits that are printed
        ({"t1": 32.99, "t2": 36.0}, "desk"),  # worse in one
        ({"t1": 34.0, "t2": 34.9}, "desk"),
    ],
)
def test_the_better_profiles_network_is_the_default_where_it_loses_nowhere(tmp_path, better, profile):
    write(tmp_path, "open", better)
    write(tmp_path, "desk", {"t1": 33.0, "t2": 35.0})
    assert default() == f"{profile}/{NAME}"
    assert defaults.find_network(NAME) == store.root() / profile / "weights" / f"{NAME}.safetensors"


@pytest.mark.parametrize(("unseen", "profile"), [(30.0, "open"), (29.98, "desk")])
def test_the_third_scanner_counts_where_both_were_tested(tmp_path, unseen, profile):
    write(tmp_path, "open", {"t1": 34.0})
    write(tmp_path, "desk", {"t1": 33.0})
    tested = {"train-open": unseen, "train-desk": 30.0}
    scanner.write([row("elsewhere", "sub-1", 0, run=run, psnr=psnr) for run, psnr in tested.items()], {})
    assert default() == f"{profile}/{NAME}"
    networks = defaults.released_networks()[NAME]
    compared = defaults.gains(*networks, scanner.read()[0])
    assert compared == {"t1": 1.0, "elsewhere": pytest.approx(unseen - 30)}
    scanner.write([row("elsewhere", "sub-1", 0, run="train-open", psnr=1.0)], {})
    assert default() == f"open/{NAME}"


@pytest.mark.parametrize("change", [{"acceleration": 2.0}, {"data": "b"}])
def test_tests_on_other_slices_or_at_another_acceleration_do_not_count(tmp_path, change):
    write(tmp_path, "open", {"t1": 30.0})
    write(tmp_path, "desk", {"t1": 33.0}, **change)
    assert default() == f"open/{NAME}"
    assert defaults.gains(*defaults.released_networks()[NAME], None) == {}


def test_a_network_is_compared_with_each_lesser_one(tmp_path):
    for profile, psnr in (("paper", 32.0), ("open", 31.0), ("desk", 33.0), ("smoke", 20.0)):
        write(tmp_path, profile, {"t1": psnr})
    assert default() == f"desk/{NAME}"


def test_a_network_is_found_with_its_profile_or_by_its_path(tmp_path):
    with pytest.raises(ReconError, match=f"There is no released network '{NAME}', nor any other"):
        defaults.find_network(NAME)
    write(tmp_path, "open", {"t1": 34.0})
    write(tmp_path, "desk", {"t1": 33.0})
    path = defaults.find_network(f"desk/{NAME}")
    assert path == store.root() / "desk" / "weights" / f"{NAME}.safetensors"
    with pytest.raises(ReconError, match=f"did you mean 'desk/{NAME}'"):
        defaults.find_network("desk/natural-400")
    with pytest.raises(ReconError, match=f"did you mean '{NAME}'"):
        defaults.find_network("natural-400")
    path.touch()
    assert defaults.find_network(str(path)) == path
    with pytest.raises(ReconError, match=r"There is no file .*gone\.safetensors"):
        defaults.find_network(str(tmp_path / "gone.safetensors"))


def test_every_committed_default_of_a_better_profile_was_tested_on_the_third_scanner(monkeypatch):
    monkeypatch.setenv("RECON_RESULTS", str(paths.RESULTS))
    rows, networks = scanner.read()[0], defaults.released_networks()
    for name, network in defaults.default_networks().items():
        for lesser in networks[name][networks[name].index(network) + 1 :]:
            compared = defaults.gains(network, lesser, rows)
            assert set(compared) > set(network.mean_psnr())
            assert min(compared.values()) >= 0


def test_a_wheel_carries_networks_that_their_names_stand_for(monkeypatch):
    monkeypatch.setenv("RECON_RESULTS", str(paths.RESULTS))
    tree = ast.parse((paths.ROOT / "hatch_build.py").read_text(encoding="utf-8"))
    assigned = [node for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "NETWORKS"]
    carried = ast.literal_eval(assigned[0].value)
    chosen = defaults.default_networks()
    for profile, names in carried.items():
        assert {chosen[name].results.profile for name in names} == {profile}


def test_networks_of_several_coils_have_full_names_alone(tmp_path):
    folder = store.root() / "coils" / "networks"
    write_json(folder / "natural-tuned.json", {})
    write(tmp_path, "open", {"t1": 34.0})
    assert list(defaults.coil_networks()) == ["coils/natural-tuned"]
    assert defaults.find_network("coils/natural-tuned") == folder / "natural-tuned.safetensors"
    assert defaults.find_network(f"open/{NAME}").parent.parent.name == "open"
    with pytest.raises(ReconError, match="did you mean 'coils/natural-tuned'"):
        defaults.find_network("coils/natural-tuner")
    with pytest.raises(ReconError, match="natural-4000"):
        defaults.find_network("natural-tuned")
