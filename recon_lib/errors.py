"""The one error a user is meant to read, and the sentence that suggests the nearest name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ReconError(ValueError):
    """Bad input: one sentence that names the value and the mend.

    The command line prints it without a traceback and exits with status 2.
    """


def choose(kind: str, name: object, known: Iterable[str]) -> str:
    """Return ``name`` if it is one of ``known``.

    Args:
        kind: What is being named, for the message (``"profile"``).
        name: The name asked for.
        known: The names there are.

    Returns:
        The name itself.

    Raises:
        ReconError: It is unknown; the message suggests the nearest known name.
    """
    names = sorted(known)
    if isinstance(name, str) and name in names:
        return name
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(names) or 'none'}."
    raise ReconError(f"Unknown {kind} {name!r}: {hint}")
