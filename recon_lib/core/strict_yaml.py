"""YAML files read strictly, and mappings turned into frozen dataclasses with every key and type checked.

The check of types is ours, 70 lines of code, because a user reads one sentence with the nearest key. For the key
``acceleratoin`` pydantic 2.14 writes four lines, "1 validation error for Profile / masks.acceleratoin / Unexpected
keyword argument [type=unexpected_keyword_argument, input_value=4, input_type=int] / For further information visit ...",
and suggests nothing. By default it turns ``true`` into the number 1; its strict mode refuses the mappings that YAML
gives, unless they travel through JSON. Our sentences would have to be made from its list of errors, which takes as many
lines as making them here.
"""

from __future__ import annotations

import types
import typing
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from recon_lib.core.errors import ReconError, choose, quote


def read_yaml(path: Path, title: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Read a YAML file in which no key stands twice.

    Args:
        path: The file.
        title: What it is, for the message (``"Profile 'desk'"``).

    Returns:
        Its content.

    Raises:
        ReconError: It is not valid YAML, or a key stands twice: YAML would lose the first in silence.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:
        # The loader lets Python's own errors through for dates, numbers and texts that cannot be.
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ReconError(f"{title} is not valid YAML: {reason.rstrip('.')}.") from error


def mapping(value: object, place: str) -> dict:
    """Return ``value`` if it is a mapping.

    Args:
        value: What the file holds.
        place: Its place, for the message.

    Raises:
        ReconError: ``value`` is not a mapping; the message names its place.
    """
    if not isinstance(value, dict):
        raise ReconError(f"{place} is not a mapping of keys to values but {quote(value)}.")
    return value


def build(cls: type, content: dict, place: str) -> Any:  # noqa: ANN401 - an instance of cls
    """Build a dataclass, and those in its fields, from a mapping.

    Args:
        cls: The dataclass.
        content: Its fields by name; what is left out takes its default.
        place: The mapping's place, for messages.

    Returns:
        The instance.

    Raises:
        ReconError: A key is unknown (the nearest is suggested), or a value has the wrong type.
    """
    hints = typing.get_type_hints(cls)
    names = [f.name for f in fields(cls)]
    values = {}
    for key, value in content.items():
        choose(f"key in {place}", key, names)
        values[key] = _convert(hints[key], value, f"{place}.{key}")
    return cls(**values)


def without_defaults(cls: type, content: dict, names: tuple[str, ...]) -> dict:
    """Leave out of a mapping of a dataclass's fields those of some names that are at their default.

    Args:
        cls: The dataclass.
        content: Its fields by name.
        names: Those that may be left out.
    """
    return {name: value for name, value in content.items() if name not in names or value != getattr(cls, name)}


def override(instance: Any, changes: dict, place: str) -> Any:  # noqa: ANN401 - an instance of the same class
    """Return a copy of a dataclass with fields changed, those of the dataclasses in it too.

    Args:
        instance: The dataclass.
        changes: New values by name, nested as in :func:`build`; what is left out stays.
        place: The mapping's place, for messages.

    Returns:
        The changed copy.

    Raises:
        ReconError: As :func:`build`.
    """
    hints = typing.get_type_hints(type(instance))
    values = {}
    for key, value in changes.items():
        choose(f"key in {place}", key, [f.name for f in fields(instance)])
        current = getattr(instance, key)
        nested = f"{place}.{key}"
        if is_dataclass(current):
            values[key] = override(current, mapping(value, nested), nested)
        else:
            values[key] = _convert(hints[key], value, nested)
    return replace(instance, **values)


def _convert(kind: Any, value: object, place: str) -> Any:  # noqa: ANN401 - whatever the hint asks for
    if is_dataclass(kind):
        return build(kind, mapping(value, place), place)
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return None if value is None else _convert(next(a for a in args if a is not type(None)), value, place)
    if origin is dict:
        return {key: _convert(args[1], item, f"{place}.{key}") for key, item in mapping(value, place).items()}
    if origin is tuple:
        fixed = args[-1] is not Ellipsis
        if not isinstance(value, list | tuple) or (fixed and len(value) != len(args)):
            raise ReconError(f"{place} is a list{f' of {len(args)}' if fixed else ''}, not {quote(value)}.")
        return tuple(_convert(args[0], item, place) for item in value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float and number:
        return float(value)  # type: ignore[arg-type]
    if (kind is int and number and not isinstance(value, int)) or not isinstance(value, kind):
        raise ReconError(f"{place} is of type {kind.__name__}, not {quote(value)}.")
    if kind is int and isinstance(value, bool):
        raise ReconError(f"{place} is a whole number, not {quote(value)}.")
    return value


class _UniqueKeys(yaml.SafeLoader):
    """A safe loader that refuses equal keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        repeated = {key for key in keys if keys.count(key) > 1}
        if repeated:
            raise yaml.YAMLError(f"key {sorted(repeated)[0]!r} stands twice")
        return super().construct_mapping(node, deep)
