"""YAML files read strictly, and mappings turned into frozen dataclasses with every key and type checked."""

from __future__ import annotations

import types
import typing
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from recon_lib.core.errors import ReconError, choose, quote


def read_yaml(path: Path, what: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Read a YAML file in which no key stands twice.

    Args:
        path: The file.
        what: What it is, for the message (``"Profile 'desk'"``).

    Returns:
        Its content.

    Raises:
        ReconError: It is not valid YAML, or a key stands twice: YAML would lose the first in silence.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:
        # Dates, numbers and texts that cannot be: the loader lets Python's own errors through.
        said = " ".join(str(error).split())[:300] or type(error).__name__
        raise ReconError(f"{what} is not valid YAML: {said.rstrip('.')}.") from error


def mapping(value: object, where: str) -> dict:
    """Return ``value`` if it is a mapping.

    Args:
        value: What was found.
        where: Its place, for the message.

    Raises:
        ReconError: It is not.
    """
    if not isinstance(value, dict):
        raise ReconError(f"{where} is not a mapping of keys to values but {quote(value)}.")
    return value


def build(cls: type, content: dict, where: str) -> Any:  # noqa: ANN401 - an instance of cls
    """Build a dataclass, and those in its fields, from a mapping.

    Args:
        cls: The dataclass.
        content: Its fields by name; what is left out takes its default.
        where: The mapping's place, for messages.

    Returns:
        The instance.

    Raises:
        ReconError: A key is unknown (the nearest is suggested), or a value has the wrong type.
    """
    hints = typing.get_type_hints(cls)
    names = [f.name for f in fields(cls)]
    values = {}
    for key, value in content.items():
        choose(f"key in {where}", key, names)
        values[key] = _convert(hints[key], value, f"{where}.{key}")
    return cls(**values)


def without_defaults(cls: type, content: dict, names: tuple[str, ...]) -> dict:
    """Leave out of a mapping of a dataclass's fields those of some names that are at their default.

    Args:
        cls: The dataclass.
        content: Its fields by name.
        names: Those that may be left out.
    """
    return {name: value for name, value in content.items() if name not in names or value != getattr(cls, name)}


def override(instance: Any, changes: dict, where: str) -> Any:  # noqa: ANN401 - an instance of the same class
    """Return a copy of a dataclass with fields changed, those of the dataclasses in it too.

    Args:
        instance: The dataclass.
        changes: New values by name, nested as in :func:`build`; what is left out stays.
        where: The mapping's place, for messages.

    Returns:
        The changed copy.

    Raises:
        ReconError: As :func:`build`.
    """
    hints = typing.get_type_hints(type(instance))
    values = {}
    for key, value in changes.items():
        choose(f"key in {where}", key, [f.name for f in fields(instance)])
        now = getattr(instance, key)
        place = f"{where}.{key}"
        if is_dataclass(now):
            values[key] = override(now, mapping(value, place), place)
        else:
            values[key] = _convert(hints[key], value, place)
    return replace(instance, **values)


def _convert(kind: Any, value: object, where: str) -> Any:  # noqa: ANN401 - whatever the hint asks for
    if is_dataclass(kind):
        return build(kind, mapping(value, where), where)
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return None if value is None else _convert(next(a for a in args if a is not type(None)), value, where)
    if origin is dict:
        return {key: _convert(args[1], item, f"{where}.{key}") for key, item in mapping(value, where).items()}
    if origin is tuple:
        fixed = args[-1] is not Ellipsis
        if not isinstance(value, list | tuple) or (fixed and len(value) != len(args)):
            raise ReconError(f"{where} is a list{f' of {len(args)}' if fixed else ''}, not {quote(value)}.")
        return tuple(_convert(args[0], item, where) for item in value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float and number:
        return float(value)  # type: ignore[arg-type]
    if (kind is int and number and not isinstance(value, int)) or not isinstance(value, kind):
        raise ReconError(f"{where} is of type {kind.__name__}, not {quote(value)}.")
    if kind is int and isinstance(value, bool):
        raise ReconError(f"{where} is a whole number, not {quote(value)}.")
    return value


class _UniqueKeys(yaml.SafeLoader):
    """A safe loader that refuses equal keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.YAMLError(f"key {sorted(twice)[0]!r} stands twice")
        return super().construct_mapping(node, deep)
