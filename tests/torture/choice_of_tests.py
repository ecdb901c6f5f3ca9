"""Which tests could see that a module is wrong: its own, its package's, and those of packages that stand on it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

READERS = {"test_project.py", "test_suite.py", "test_documentation.py", "test_torture.py"}
"""Files that read the library's text, and would see any change of it."""


def stages(module: Path, root: Path) -> list[list[str]]:
    """Choose the files of tests for a module, nearest first.

    Args:
        module: Its file, ``recon_lib/<package>/<module>.py``, below the root.
        root: The tree.

    Returns:
        Four lists of paths, some perhaps empty: the module's tests; the rest of its package's; all others that import
        it, or a module that does so at first or second hand; and everything that reaches it.
    """
    tests = root / "tests"
    own = tests / module.parent.relative_to("recon_lib") / f"test_{module.stem}.py"
    package = sorted((tests / module.parts[1]).rglob("test_*.py"))
    name = _name(root / module, root)
    every = {path: reach(path, root) for path in sorted(tests.rglob("test_*.py")) if path.name not in READERS}
    near, far = ([path for path, names in every.items() if names & users(name, root, steps)] for steps in (2, 20))
    lists = (
        [path for path in package if path == own],
        [path for path in package if path != own],
        [path for path in near if path not in package],
        list(dict.fromkeys([*package, *far])),
    )
    return [[str(path.relative_to(root)) for path in files] for files in lists]


def users(name: str, root: Path, steps: int) -> set[str]:
    """Return a module and the modules of the library that import it, at first hand or after some steps."""
    imported = {_name(path, root): imports(path) for path in (root / "recon_lib").rglob("*.py")}
    reached = {name}
    for _ in range(steps):
        reached |= {user for user, names in imported.items() if names & reached}
    return reached


def reach(path: Path, root: Path) -> set[str]:
    """Return what a test file imports of the library, itself or through the helpers beside it."""
    names, left = set(), [path]
    seen = set(left)
    while left:
        current = left.pop()
        imported = imports(current)
        names |= {name for name in imported if name.startswith("recon_lib")}
        helpers = {root / "tests" / f"{name.replace('.', '/')}.py" for name in imported}
        helpers |= {path.parent / f"{name}.py" for name in imported} | set(path.parent.glob("conftest.py"))
        new = {helper for helper in helpers if helper.is_file()} - seen
        seen |= new
        left += new
    return names


@cache
def imports(path: Path) -> frozenset[str]:
    """Return the modules that a file imports, anywhere in it; of ``from a import b`` both ``a`` and ``a.b``."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(names)


def _name(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts)
