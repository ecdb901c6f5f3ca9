"""YAML read strictly: whatever a file holds, one clear sentence and never an endless one."""

from dataclasses import dataclass, field

import pytest

from recon_lib.core.errors import ReconError
from recon_lib.core.strict_yaml import build, mapping, override, read_yaml, without_defaults


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


@dataclass(frozen=True)
class Masks:
    acceleration: float = 4.0
    matrix: tuple[int, int] | None = None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    title: str = "none"
    seed: int = 0
    masks: Masks = field(default_factory=Masks)
    weights: dict[str, float] = field(default_factory=dict)
    shuffled: bool = False


def test_what_is_valid_yaml_is_read(tmp_path):
    (tmp_path / "p.yaml").write_text("seed: 3\nmasks: {acceleration: 2, kinds: [a, é]}\n", encoding="utf-8")
    content = read_yaml(tmp_path / "p.yaml", "The file")
    assert content == {"seed": 3, "masks": {"acceleration": 2, "kinds": ["a", "é"]}}
    built = build(Settings, content, "settings")
    assert built == Settings(seed=3, masks=Masks(2.0, None, ("a", "é")))
    assert isinstance(built.masks.acceleration, float)


def test_every_field_is_built_and_what_is_left_out_takes_its_default():
    content = {
        "title": "t", "seed": 1, "masks": {"matrix": [3, 4]}, "weights": {"a": 1, "b": 0.5}, "shuffled": True
    }  # fmt: skip
    assert build(Settings, content, "s") == Settings("t", 1, Masks(4.0, (3, 4)), {"a": 1.0, "b": 0.5}, True)
    assert build(Settings, {}, "s") == Settings()
    assert build(Settings, {"masks": {"matrix": None}}, "s").masks.matrix is None


WRONG = [
    ({"sed": 1}, "Unknown key in s 'sed': did you mean 'seed'?"),
    ({"masks": {"acceleratoin": 4}}, "Unknown key in s.masks 'acceleratoin': did you mean 'acceleration'?"),
    ({3: 1}, "Unknown key in s 3: choose one of masks, seed, shuffled, title, weights."),
    ({"seed": True}, "s.seed is a whole number, not True."),
    ({"seed": 1.5}, "s.seed is of type int, not 1.5."),
    ({"seed": "1"}, "s.seed is of type int, not '1'."),
    ({"title": 3}, "s.title is of type str, not 3."),
    ({"shuffled": 1}, "s.shuffled is of type bool, not 1."),
    ({"masks": 4}, "s.masks is not a mapping of keys to values but 4."),
    ({"masks": {"acceleration": True}}, "s.masks.acceleration is of type float, not True."),
    ({"masks": {"matrix": [1, 2, 3]}}, "s.masks.matrix is a list of 2, not [1, 2, 3]."),
    ({"masks": {"matrix": [1]}}, "s.masks.matrix is a list of 2, not [1]."),
    ({"masks": {"matrix": "12"}}, "s.masks.matrix is a list of 2, not '12'."),
    ({"masks": {"kinds": "ab"}}, "s.masks.kinds is a list, not 'ab'."),
    ({"masks": {"kinds": ["a", 1]}}, "s.masks.kinds is of type str, not 1."),
    ({"weights": [1]}, "s.weights is not a mapping of keys to values but [1]."),
    ({"weights": {"a": "b"}}, "s.weights.a is of type float, not 'b'."),
]


@pytest.mark.parametrize(("content", "sentence"), WRONG)
@pytest.mark.parametrize("change", [lambda c: build(Settings, c, "s"), lambda c: override(Settings(), c, "s")])
def test_what_does_not_fit_is_one_sentence_with_its_place(content, sentence, change):
    with pytest.raises(ReconError) as error:
        change(content)
    assert str(error.value) == sentence


def test_an_override_changes_what_it_names_and_keeps_the_rest():
    base = Settings("t", 5, Masks(8.0, (3, 4)), {"a": 1.0}, True)
    changed = override(base, {"masks": {"acceleration": 2}, "weights": {"b": 2}}, "s")
    assert changed == Settings("t", 5, Masks(2.0, (3, 4)), {"b": 2.0}, True)
    assert base.masks.acceleration == 8.0
    assert override(base, {}, "s") == base


def test_places_of_an_override_do_not_pile_up():
    with pytest.raises(ReconError, match=r"^s\.seed is of type int"):
        override(Settings(), {"title": "a", "masks": {"acceleration": 1}, "seed": "b"}, "s")


def test_defaults_that_may_be_left_out_are_left_out():
    content = {"acceleration": 4.0, "matrix": None, "kinds": ("a",)}
    assert without_defaults(Masks, content, ("acceleration", "kinds")) == {"matrix": None, "kinds": ("a",)}
    assert without_defaults(Masks, content, ()) == content


@pytest.mark.parametrize("value", [None, 3, "a: 1", [1], ("a", 1)])
def test_only_a_mapping_is_a_mapping(value):
    with pytest.raises(ReconError, match=r"^The place is not a mapping of keys to values but "):
        mapping(value, "The place")
    content = {"a": value}
    assert mapping(content, "The place") is content
