"""YAML read strictly: whatever a file holds, one clear sentence and never an endless one."""

import pytest

from recon_lib.core.errors import ReconError, choose, quote
from recon_lib.core.strict_yaml import read_yaml
from recon_lib.experiment.profile import parse_profile

LAUGHS = "[&a0 [lol], " + ", ".join(f"&a{n + 1} [{', '.join([f'*a{n}'] * 10)}]" for n in range(12)) + "]"


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"a: 2020-13-45",
        b"a: !!timestamp x",
        b"a: !!python/object/apply:os.system [ls]",
        b"a: " + b"9" * 5000,
        b"? [1, 2]\n: x\n? [1, 2]\n: y",
        b"a: 1\na: 2",
        b"a: \x00",
    ],
    ids=["not utf-8", "deep", "no date", "no time", "code", "digits", "list as key", "twice", "zero byte"],
)
def test_what_is_no_yaml_is_one_sentence(tmp_path, content):
    (tmp_path / "p.yaml").write_bytes(content)
    with pytest.raises(ReconError, match=r"^The file is not valid YAML: .+") as error:
        read_yaml(tmp_path / "p.yaml", "The file")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("key", ["description", "seed", "training", "domains", "test_domains"])
def test_a_value_of_a_trillion_parts_is_shown_in_short(tmp_path, key):
    (tmp_path / "p.yaml").write_text(f"{key}: {LAUGHS}")
    with pytest.raises(ReconError) as error:
        parse_profile("x", read_yaml(tmp_path / "p.yaml", "The file"))
    assert len(str(error.value)) < 400


def test_short_values_are_shown_as_they_are():
    for value in (None, "it's", 3, 1.5, [1, 2], {"a": 1}, float("nan")):
        assert quote(value) == repr(value)
    assert quote(16**6000) == "a number of too many digits"


def test_names_of_any_kind_are_chosen_from_names_of_any_kind():
    with pytest.raises(ReconError, match="Unknown thing 3: choose one of 1, a"):
        choose("thing", 3, ["a", 1])
