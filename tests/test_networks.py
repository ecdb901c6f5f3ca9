"""The table of released networks says what their cards say."""

from recon_lib import networks
from recon_lib.results import Results
from recon_lib.storage import write_json


def card(name, **more):
    base = {"file": name, "kind": "train", "training_domain": "natural", "n_images": 4000, "bytes": 1_140_000}
    return {**base, "float16_cost_db": {"t2": -0.0004, "t1": 0.0012}, "sha256": "0123456789abcdef", **more}


def test_each_network_is_a_row(tmp_path):
    write_json(tmp_path / "weights" / "b.json", card("b.safetensors"))
    tuned = card("a.safetensors", kind="finetune", test_domain="t1", n_finetune=20, float16_cost_db={"t1": 0.002})
    write_json(tmp_path / "weights" / "a.json", tuned)
    text = networks.render_networks(Results("desk", tmp_path, {})).markdown
    first, second = text.splitlines()[2:]
    assert first.startswith("| `a` | 4000 natural images | 20 T1 | 1.14 | T1 +0.0020 |")
    assert "| `b` | 4000 natural images |  | 1.14 | T1 +0.0012, T2 " in second
    assert "`01234567`" in second


def test_no_network_no_row(tmp_path):
    assert len(networks.render_networks(Results("desk", tmp_path, {})).markdown.splitlines()) == 2
