# Changing what lies within a stored entity: a complex value, a contained entity, an item of a collection. Rows are
# never changed in place: the way to the value is made anew, and the entity is updated with its first member.

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from ..backend import Row
from ..edm import StructuredType
from .finding import One, Trail

Change = Callable[[Any], Any]


class _Gone:
    """What a change returns for an item that is to vanish from its collection."""


GONE: Final = _Gone()


def rebuilt(place: One, change: Change) -> dict[str, Any]:
    """The member of the stored entity that holds the value of a place, with the value changed, by its name."""
    assert place.source is not None, "only what is stored can be changed"
    assert place.root is not None, "only what is stored can be changed"
    name = place.trail[0]
    return {name: _rebuilt(place.root, place.source.type, place.trail, change)[name]}


def value_at(row: Row, kind: Any, trail: Trail) -> Any:
    """What is at a place within a stored entity; None where there is nothing any more."""
    value: Any = row
    for part in trail:
        if isinstance(part, str):
            value, kind = (value or {}).get(part), _type_of(kind, part)
        elif isinstance(part, int):
            value = value[part] if part < len(value) else None
        else:
            value = next((one for one in value or () if kind.key_of(one) == part), None)
    return value


def _rebuilt(value: Any, kind: Any, trail: Trail, change: Change) -> Any:
    if not trail:
        return change(value)
    part, rest = trail[0], trail[1:]
    if isinstance(part, str):
        new = _rebuilt(value.get(part), _type_of(kind, part), rest, change)
        return {**value, part: None if new is GONE else new}
    index = part if isinstance(part, int) else _index(value, kind, part)
    new = _rebuilt(value[index], kind, rest, change)
    return [*value[:index], *([] if new is GONE else [new]), *value[index + 1 :]]


def _type_of(kind: Any, name: str) -> Any:
    if not isinstance(kind, StructuredType):
        return None
    navigation, prop = kind.navigation.get(name), kind.properties.get(name)
    return navigation.target if navigation is not None else prop.type if prop is not None else None


def _index(rows: Sequence[Row], kind: Any, key: tuple[Any, ...]) -> int:
    return next(index for index, row in enumerate(rows) if kind.key_of(row) == key)
