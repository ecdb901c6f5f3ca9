"""The one list of all kinds: add the list of a new module here."""

from __future__ import annotations

from field import coil_kinds, folder_kinds, format_kinds, kspace_kinds, value_kinds
from field.kinds import Kind

KINDS: list[Kind] = [
    *folder_kinds.KINDS,
    *format_kinds.KINDS,
    *kspace_kinds.KINDS,
    *value_kinds.KINDS,
    *coil_kinds.KINDS,
]
