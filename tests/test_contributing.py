"""Each example of the page "Contributing" is short, stands in the page, and does what the page says."""

import importlib.util
import re
import sys

import nibabel
import numpy as np
import pytest
import yaml
from fabricated import make_runs

import recon_lib.paper
from recon_lib.core import paths
from recon_lib.data import domains, generated
from recon_lib.experiment.plan import find
from recon_lib.experiment.profile import load_profile, parse_profile
from recon_lib.imaging import masks
from recon_lib.imaging.metrics import psnr
from recon_lib.results import merge, store
from recon_lib.results.keys import RunKey
from recon_lib.results.rows import read_rows
from recon_lib.runs import execute, state

EXAMPLES = paths.ROOT / "tests" / "examples"
PAGE = (paths.BOOK / "contributing.md").read_text(encoding="utf-8")


def example(name):
    """Import an example as a module."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_every_example_and_each_is_short():
    shown = re.findall(r"\{literalinclude\} \.\./tests/examples/(\S+)", PAGE)
    files = sorted(path for path in EXAMPLES.iterdir() if path.is_file())
    assert sorted(shown) == [path.name for path in files]
    for path in files:
        assert len(path.read_text(encoding="utf-8").splitlines()) < 30, path.name


def test_what_the_page_names_is_there():
    for name in re.findall(r"`((?:tests|notebooks|book|recon_lib)/[\w./]+)`", PAGE):
        assert (paths.ROOT / name).exists() or name == "recon_lib/paper/gains.py", name


class TestMask:
    def test_it_keeps_what_it_promises(self):
        columns = example("mask").random_columns
        before = np.random.get_state()[1].copy()
        mask = columns((20, 64), 3)
        assert (np.random.get_state()[1] == before).all()
        assert mask.sum() == mask.size / 4
        assert mask[:, 28:36].all()
        assert (mask == mask[0]).all()
        assert (mask == columns((20, 64), 3)).all()
        assert (mask != columns((20, 64), 4)).any()
        assert (mask != columns((20, 64), 3, seed=1)).any()

    def test_a_released_network_reconstructs_with_it(self):
        from recon_lib.imaging.acquisition import Acquisition

        one, images = example("mask"), generated.generate("t1", "test", (40, 48), 3).images
        found = one.scores(images, paths.RESULTS / "desk" / "weights" / "natural-4000.safetensors")
        pattern = np.stack([one.random_columns((40, 48), n) for n in range(3)])
        start = np.abs(Acquisition(pattern).normal(images))
        assert (
            np.mean(found) > np.mean([psnr(a, b, data_range=a.max()) for a, b in zip(images, start, strict=True)]) + 1
        )


class TestDomain:
    @pytest.fixture
    def flair(self, tmp_path, monkeypatch):
        """A folder of four volumes, and the project's manifest with the entries that the example prints."""
        folder = tmp_path / "mirror" / "our_flair"
        folder.mkdir(parents=True)
        x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in (24, 28, 6)), indexing="ij")
        for person in range(4):
            volume = np.where(x**2 + y**2 + z**2 < 0.8, 500 + 100 * person + 50 * x, 3).astype(np.int16)
            nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), folder / f"sub-{person}.nii.gz")
        manifest = yaml.safe_load(paths.MANIFEST.read_text(encoding="utf-8"))
        for key, entry in yaml.safe_load(yaml.safe_dump(example("domain").entries(folder, "flair"))).items():
            manifest[key] |= entry
        (tmp_path / "manifest.yaml").write_text(yaml.safe_dump(manifest))
        monkeypatch.setattr(paths, "MANIFEST", tmp_path / "manifest.yaml")
        monkeypatch.setenv("RECON_DATA_MIRROR", str(folder.parent))

    @pytest.mark.usefixtures("flair")
    def test_its_images_are_served_by_person(self):
        assert set(domains.load_images("flair", "train").subjects) == {"sub-0", "sub-1"}
        test = domains.load_images("flair", "test")
        assert set(test.subjects) == {"sub-3"}
        assert test.images.shape[1:] == (24, 28)
        assert test.images.max() == 1

    @pytest.mark.usefixtures("flair")
    def test_a_profile_reconstructs_them(self, tmp_path, monkeypatch):
        content = {"test_domains": ["flair"], "domains": {"natural": {"source": "generated"}, "flair": {}}}
        content |= {"training": {"domains": ["natural"]}, "masks": {"test": 2}}
        (tmp_path / "tried.yaml").write_text(yaml.safe_dump(content))
        monkeypatch.setattr(paths, "PROFILES", tmp_path)
        plan = state.plan_profile(load_profile("tried"))
        where = execute.execute(find(plan, "evaluate", method="zero_filled"))
        assert set(read_rows(where / "slices.csv")["test_domain"]) == {"flair"}


class TestProfile:
    @pytest.fixture
    def eightfold(self, tmp_path, monkeypatch):
        (tmp_path / "eightfold.yaml").write_text((EXAMPLES / "profile.yaml").read_text(encoding="utf-8"))
        monkeypatch.setattr(paths, "PROFILES", tmp_path)
        return load_profile("eightfold")

    def test_its_runs_are_planned(self, eightfold):
        plan = state.plan_profile(eightfold)
        assert [run.kind for run in plan if run.kind != "evaluate"] == ["train", "finetune"]
        assert plan[0].key == RunKey(training_domain="natural", n_train=1000)
        assert all(run.spec.masks.acceleration == 8 for run in plan)

    def test_its_masks_are_what_it_says(self, eightfold):
        mask = masks.poisson_disc_mask((120, 192), 0, "test", eightfold.mask_spec)
        assert mask.size / mask.sum() == pytest.approx(8, abs=0.01)


def test_a_variation_adds_its_runs_and_renames_no_other():
    content = yaml.safe_load((paths.PROFILES / "desk.yaml").read_text(encoding="utf-8"))
    added = yaml.safe_load((EXAMPLES / "variation.yaml").read_text(encoding="utf-8"))
    more = {**content, "variations": {**content["variations"], **added}}
    before, after = (state.plan_profile(parse_profile("desk", one)) for one in (content, more))
    names = {run.id for run in before}
    new = [run for run in after if run.id not in names]
    assert names < {run.id for run in after}
    assert {run.key.variation for run in new} == set(added)
    # zero-filled, raw and tuned, in both contrasts; nothing is trained
    assert [run.kind for run in new] == ["evaluate"] * 6


class TestFigure:
    @pytest.fixture
    def shown(self, tmp_path):
        merge.collect(make_runs(tmp_path / "runs"), store.root() / "desk", {})
        return store.open_results("desk")

    def test_it_draws_the_rows(self, shown):
        lines = {line.get_label(): line for line in example("figure").gain_figure(shown, "t2").axes[0].lines}
        assert set(lines) == {"natural images", "T1", "T2"}
        rows = shown.slices.query("test_domain == 't2' and subject == 'sub-12'")
        network = rows.query("training_domain == 't1' and n_finetune == 0")["psnr"].mean()
        start = rows.query("method == 'zero_filled'")["psnr"].mean()
        assert lines["T1"].get_ydata()[1] == pytest.approx(network - start)

    def test_its_page_runs_and_describes_the_picture(self, shown, monkeypatch):
        from matplotlib.figure import Figure

        module = example("figure")
        monkeypatch.setitem(sys.modules, "recon_lib.paper.gains", module)
        monkeypatch.setattr(recon_lib.paper, "gains", module, raising=False)
        page = (EXAMPLES / "figure.md").read_text(encoding="utf-8")
        assert yaml.safe_load(page.split("---")[1])["kernelspec"]["name"] == "python3"
        (cell,) = re.findall(r"```\{code-cell\} python3\n---\n(.*?)```", page, re.DOTALL)
        options, code = cell.split("---\n")
        assert len(yaml.safe_load(options)["mystnb"]["image"]["alt"]) > 40
        *statements, last = code.strip().splitlines()
        names = {}
        exec("\n".join(statements), names)  # noqa: S102 - our own page
        assert isinstance(eval(last, names), Figure)  # noqa: S307
        assert names["shown"].folder == shown.folder
