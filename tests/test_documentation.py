"""The book's list of the library holds every public function and class, in whatever room it is."""

import ast
import re

import pytest
from laws import ROOT

from recon_lib.core import paths

PACKAGE = ROOT / "recon_lib"
ROOMS = {
    ".".join(("recon_lib", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path not in (PACKAGE / "__init__.py", PACKAGE / "__main__.py")
}
LISTED = {
    name: [member.strip() for member in chosen.split(",") if member.strip()]
    for name, chosen in re.findall(
        r"^\.\. automodule:: (recon_lib[\w.]*)\n(?:   :members:(.*))?$",
        (paths.BOOK / "api.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
}


def public(path):
    """The public functions and classes that a file defines, and its ``__all__`` where it has one."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    defined = [n.name for n in body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    exported = [
        ast.literal_eval(n.value) for n in body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"
    ]
    return {name for name in defined if not name.startswith("_")}, (exported or [None])[0]


def left_out(path, chosen):
    """What a reader of the list would miss: Sphinx shows what is chosen, or else ``__all__``, or else everything."""
    defined, exported = public(path)
    return sorted(defined - set(chosen or exported or defined))


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_of_every_room_is_in_the_list(room):
    assert room in LISTED, f"book/api.md lacks {room}: add an automodule of it to the section where it belongs"
    assert left_out(ROOMS[room], LISTED[room]) == [], f"book/api.md leaves out names of {room}"


def test_the_list_names_no_room_that_is_gone():
    assert set(LISTED) - set(ROOMS) == set()


def test_a_name_that_is_left_out_is_found(tmp_path):
    room = tmp_path / "room.py"
    room.write_text("def shown(): ...\nclass Hidden: ...\ndef _own(): ...\n")
    assert left_out(room, []) == []
    assert left_out(room, ["shown"]) == ["Hidden"]
    room.write_text("__all__ = ['shown']\n" + room.read_text(encoding="utf-8"))
    assert left_out(room, []) == ["Hidden"]
