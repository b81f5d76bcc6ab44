# What a client sends for one entity or complex value, taken apart: its own values, and what it is to be related to.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..edm import NavigationProperty, StructuredType
from ..edm.rows import BIND, CONTEXT, DELTA, ID, TYPE
from ..errors import BadRequest


@dataclass(slots=True)
class Parts:
    """What a client sent for one entity: its own values; references, entities and differences by where they belong."""

    values: dict[str, Any]
    binds: dict[NavigationProperty, list[str]] = field(default_factory=dict)
    nested: dict[NavigationProperty, list[dict[str, Any]]] = field(default_factory=dict)
    changes: dict[NavigationProperty, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def deltas(self) -> frozenset[str]:
        """The names of the members that hold differences."""
        return frozenset([navigation.name + DELTA for navigation in self.changes])


def apart(kind: StructuredType, given: Mapping[str, Any]) -> Parts:
    parts = Parts({})
    for name, value in given.items():
        base, _, term = name.partition("@")
        navigation = kind.navigation.get(base)
        if navigation is not None and f"@{term}" == BIND:
            parts.binds[navigation] = (
                list(value) if isinstance(value, list | tuple) else [] if value is None else [value]
            )
        elif navigation is not None and f"@{term}" == DELTA:
            parts.changes[navigation] = [dict(row) for row in value]
        elif navigation is not None and not term:
            rows = value if isinstance(value, list) else [] if value is None else [value]
            parts.nested[navigation] = [dict(row) for row in rows]
        elif not term or f"@{term}" == TYPE:  # its own type, or that of a dynamic property
            parts.values[name] = value
    return parts


def referring(parts: Parts) -> Parts:
    """What a new entity is related to: an entity that is nothing but its id refers to one that exists (11.4.2.1)."""
    if parts.changes:
        name = next(iter(parts.changes)).name
        raise BadRequest(f"A new entity has nothing in '{name}' that could be different.", target=f"$.{name}")
    for navigation, rows in list(parts.nested.items()):
        references = [str(row[ID]) for row in rows if row.keys() <= {ID, CONTEXT} and ID in row]
        if any(ID in row for row in rows) and len(references) < len([row for row in rows if ID in row]):
            raise BadRequest(
                f"'{navigation.name}' of a new entity refers to entities that exist, or has new ones; it changes none.",
                target=f"$.{navigation.name}",
            )
        if references:
            parts.binds[navigation] = [*parts.binds.get(navigation, ()), *references]
            parts.nested[navigation] = [row for row in rows if ID not in row]
            if not parts.nested[navigation]:
                del parts.nested[navigation]
    return parts
