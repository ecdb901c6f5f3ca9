"""Put what the book needs at the head of ``requirements.lock``: ``make lock`` runs this after solving.

One solution serves both: ``make book`` installs the head alone, every other command the whole file. The book is built
without a network, so without Keras and its backends.
"""

import re
import subprocess
import tempfile
from pathlib import Path

from laws import ROOT

HEAD = "# What the book is built with: `make book` installs these alone."
REST = "# The rest: what training, tests and your own scans need beside these."
LEFT_OUT = ("tensorflow", "jax", "keras")
BUILD = "hatchling"  # The package itself is installed without fetching its build system again.


def arrange(lock: str, names: set[str]) -> str:
    """Order a lock.

    Args:
        lock: Its text: a requirement begins at the margin, its hashes are indented.
        names: The projects of the head.

    Returns:
        Head and rest, each with its comment; within them the order stays.
    """
    blocks = re.findall(r"^(?!#)(\S(?:.|\n )*\n)", lock, re.MULTILINE)
    head = [block for block in blocks if name_of(block) in names]
    rest = [block for block in blocks if name_of(block) not in names]
    return "".join([f"{HEAD}\n", *head, f"{REST}\n", *rest])


def name_of(block: str) -> str:
    """Return the project that a requirement names."""
    return re.match(r"[A-Za-z0-9._-]+", block).group()


def solve_book(lock: Path, *more: str) -> set[str]:
    """Return the projects that the book needs, by the extra ``book`` without a backend.

    Args:
        lock: The whole solution, whose versions hold.
        *more: Requirements beside these.
    """
    with tempfile.TemporaryDirectory() as folder:
        without, build = Path(folder, "without.txt"), Path(folder, "build.txt")
        without.write_text("".join(f'{name} ; python_version < "3"\n' for name in LEFT_OUT), encoding="utf-8")
        build.write_text("\n".join([BUILD, *more]), encoding="utf-8")
        command = [ROOT / ".venv/bin/uv", "pip", "compile", ROOT / "pyproject.toml", build, "--extra", "book"]
        options = ["--universal", "--fork-strategy", "fewest", "--python-version", "3.11", "--quiet", "--no-annotate"]
        files = ["--overrides", without, "--constraints", lock]
        text = subprocess.run([*command, *options, *files], check=True, capture_output=True, encoding="utf-8").stdout
    return {name_of(line) for line in text.splitlines() if line and not line.startswith("#")}


if __name__ == "__main__":
    path = ROOT / "requirements.lock"
    text = path.read_text(encoding="utf-8")
    names = solve_book(path)
    # pip takes a name with its extras from the lock, so what these bring must be there as well.
    extras = [word for word in re.findall(r"^\S+\[\S+\]==[^ ;\\]+", text, re.MULTILINE) if name_of(word) in names]
    path.write_text(arrange(text, solve_book(path, *extras)), encoding="utf-8")
