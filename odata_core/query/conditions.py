# Conditions that the library itself asks: rows with these values, rows of a type. Bound trees, as a client's are.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from ..edm import Property, StructuredType
from .tree import Bound, Compare, Constant, Follow, In, IsOf, ListOf, Logic, Path


def both(*conditions: Bound | None) -> Bound | None:
    """All of these; None where there is none."""
    parts = tuple([condition for condition in conditions if condition is not None])
    return None if not parts else parts[0] if len(parts) == 1 else Logic("and", parts)


def equals(kind: StructuredType, values: Mapping[str, Any]) -> Bound | None:
    """Rows in which these properties have these values."""
    return both(*[_is(kind.properties[name], value) for name, value in values.items()])


def is_one_of(kind: StructuredType, names: Sequence[str], keys: Sequence[tuple[Any, ...]]) -> Bound | None:
    """Rows with one of these values; for several columns, at least those with a value of each column in it."""
    conditions: list[Bound | None] = []
    for index, name in enumerate(names):
        prop = kind.properties[name]
        values = list(dict.fromkeys([key[index] for key in keys]))
        if len(values) == 1:
            conditions.append(_is(prop, values[0]))
        else:
            listed = ListOf(tuple([Constant(value, prop.type) for value in values]), prop.type)
            conditions.append(In(Path((prop,)), listed))
    return both(*conditions)


def _is(prop: Property, value: Any) -> Bound:
    return Compare("eq", Path((prop,)), Constant(value, prop.type))


def is_of(kind: StructuredType, names: frozenset[str]) -> Bound:
    """Rows of a type or of one that derives from it."""
    return IsOf(None, kind, names)  # type: ignore[arg-type]  # every structured type is complex or an entity


def leads_elsewhere(part: Any) -> bool:
    """Whether an expression, or anything that has some in it, looks at other entities than the one at hand."""
    if isinstance(part, Follow):
        return True
    if isinstance(part, tuple | list):
        return any(leads_elsewhere(item) for item in part)
    if not is_dataclass(part) or isinstance(part, StructuredType | Property):
        return False
    return any(leads_elsewhere(getattr(part, item.name)) for item in fields(part))
