"""The one error a user is meant to read, and the sentence that suggests the nearest name."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable


class ReconError(ValueError):
    """Bad input: one sentence that names the value and the mend.

    The command line prints it without a traceback and exits with status 2.
    """


_SHORT = reprlib.Repr()
_SHORT.maxlevel = 2
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 120


def quote(value: object) -> str:
    """Return a value as a message quotes it: like ``repr``, but never long.

    Args:
        value: Of any kind and depth.
    """
    try:
        return _SHORT.repr(value)
    except ValueError:  # Python refuses to write an integer of more than 4300 digits
        return "a number of too many digits"


def at_least(lowest: int, **counts: int | tuple[int, ...] | None) -> None:
    """Refuse counts that are too small.

    Args:
        lowest: What each may be at least.
        **counts: A number, several, or ``None`` for none, by name.

    Raises:
        ReconError: One is smaller; the message names it.
    """
    for name, count in counts.items():
        numbers = count if isinstance(count, tuple) else () if count is None else (count,)
        if any(number < lowest for number in numbers):
            raise ReconError(f"{name} is {lowest} or more, not {quote(min(numbers))}.")


def choose(kind: str, name: object, names: Iterable[str]) -> str:
    """Return ``name`` if it is one of ``names``.

    Args:
        kind: What is being named, for the message (``"profile"``).
        name: The name that a user gave.
        names: Those that exist.

    Returns:
        The name itself.

    Raises:
        ReconError: It is unknown; the message suggests the nearest known name.
    """
    ordered = sorted(map(str, names))
    if isinstance(name, str) and name in ordered:
        return name
    near = difflib.get_close_matches(name, ordered, n=1, cutoff=0.5) if isinstance(name, str) else []
    hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(ordered) or 'none'}."
    raise ReconError(f"Unknown {kind} {quote(name)}: {hint}")
