# Rows as a store keeps them: complete, in model order, in the Python forms of the model. For backends that store
# entities themselves.
# Strategy: the payload reader has checked what came over the wire; users of Python come this way without it, so each
# value goes through `Property.accept`, the one gate to the model's types. Rows are made anew and never changed.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from ..edm import (
    ComplexType,
    EntityType,
    Property,
    StructuredType,
    default_of,
)
from ..edm.primitives import BYTE, GUID, INT16, INT32, INT64, SBYTE
from ..edm.rows import BIND, MEDIA_TYPE, TYPE
from ..errors import BadRequest, Conflict, NotFound, suggestion
from ..query.tree import Source
from .contract import Key, Row

_INTEGERS: Final = frozenset({BYTE, SBYTE, INT16, INT32, INT64})
_NIL: Final = UUID(int=0)


def type_of(kind: EntityType, values: Row) -> EntityType:
    """The type of a row of a set: the declared one, or the derived one that the row names."""
    named = values.get(TYPE)
    if named is None or named == kind.qualified_name:
        return kind
    derived = kind.derived.get(named)
    if not isinstance(derived, EntityType):
        raise BadRequest(f"'{named}' is not '{kind.qualified_name}' or a type derived from it.", target=f"$.{TYPE}")
    return derived


def new_row(kind: EntityType, values: Row) -> dict[str, Any]:
    """A row for a new entity: what is given, else the model's default, else null or []."""
    declared, kind = kind, type_of(kind, values)
    _check_names(kind, values)
    row = {} if kind is declared else {TYPE: kind.qualified_name}
    row |= {name: _given_or_default(prop, values) for name, prop in kind.properties.items()}
    _check_key(kind, row)
    return row | _dynamic(kind, values) | _contained(kind, values, {}) | _control(values)


def changed_row(kind: EntityType, current: Row, values: Row, *, replace: bool) -> dict[str, Any]:
    """The row after an update. Key properties are ignored: a key never changes (4.01 Part 1, 11.4.3).

    Without `replace` what is not given stays, also within complex values. With `replace` it is reset to its default,
    null or [], except for what the server generates. Contained entities and links stay unless they are given.
    """
    declared, kind = kind, type_of(kind, current)
    _check_names(kind, values)
    row = {} if kind is declared else {TYPE: kind.qualified_name}
    for name, prop in kind.properties.items():
        if name in kind.key:
            row[name] = current[name]
        elif name in values:
            row[name] = _accepted(prop, values[name] if replace else _merged(prop, current[name], values[name]))
        else:
            row[name] = _given_or_default(prop, {}) if replace and not prop.is_generated else current[name]
    kept = {} if replace else _dynamic(kind, current)
    return (
        row | kept | _dynamic(kind, values) | _contained(kind, values, current) | _control(current) | _control(values)
    )


def _contained(kind: EntityType, values: Row, current: Row) -> dict[str, Any]:
    """The entities that a row holds, complete and in the order of their keys."""
    found: dict[str, Any] = {}
    for name, navigation in kind.navigation.items():
        if not navigation.contains_target:
            continue
        if name not in values:
            found[name] = current.get(name, [] if navigation.is_collection else None)
        elif navigation.is_collection:
            found[name] = _in_key_order(navigation.target, values[name] or [], name)
        else:
            found[name] = None if values[name] is None else new_row(navigation.target, values[name])
    return found


def _in_key_order(kind: EntityType, rows: Iterable[Row], name: str) -> list[Row]:
    whole = {kind.key_of(row): row for row in [new_row(kind, values) for values in _numbered(kind, list(rows))]}
    if len(whole) < len(list(rows)):
        raise Conflict(f"There are two entities with the same key in '{name}'.")
    try:
        return [whole[key] for key in sorted(whole)]
    except TypeError:  # keys of a type without an order
        return list(whole.values())


def _numbered(kind: EntityType, rows: Sequence[Row]) -> list[Row]:
    """The rows with keys that the server makes."""
    last = dict.fromkeys(kind.properties, 0)
    for name, prop in kind.properties.items():
        if prop.is_generated and prop.type in _INTEGERS:
            last[name] = max([0, *[row[name] for row in rows if isinstance(row.get(name), int)]])

    def next_number(prop: Property) -> int:
        last[prop.name] += 1
        return last[prop.name]

    return [generated(kind, row, next_number) for row in rows]


def _control(values: Row) -> dict[str, Any]:
    """Links and media types, which are no properties."""
    return {name: value for name, value in values.items() if name.endswith(BIND) or name == MEDIA_TYPE}


def generated(kind: EntityType, values: Row, next_number: Callable[[Property], int]) -> dict[str, Any]:
    """The values with those that the server makes: a random Guid, or the number that `next_number` hands out.

    Clients that must send something send null, 0, -1 or the all-zero Guid, which count as not given. Any other value
    is the client's choice and is kept.
    """
    made = dict(values)
    for name, prop in kind.properties.items():
        if prop.is_generated and _is_blank(values.get(name)):
            if prop.type is GUID:
                made[name] = uuid4()
            elif prop.type in _INTEGERS:
                made[name] = next_number(prop)
    return made


def title_of(entity_set: Source, key: Key) -> str:
    """An entity as messages name it: `Products(1)`, `Lines(Order=1,Text='a')`."""
    parts = [_quoted(value) for value in key]
    if len(parts) > 1:
        parts = [f"{name}={part}" for name, part in zip(entity_set.type.key, parts, strict=False)]
    return f"{entity_set.name}({','.join(parts)})"


def missing(entity_set: Source, key: Key) -> NotFound:
    """The error for an entity that is not there."""
    return NotFound(f"There is no {title_of(entity_set, key)}.")


def _quoted(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return value.hex() if isinstance(value, bytes) else str(value)


def _is_blank(value: Any) -> bool:
    if isinstance(value, str):
        return value == str(_NIL)
    return value is None or value == _NIL or (isinstance(value, int) and value in (0, -1))


def _check_names(kind: EntityType, values: Row) -> None:
    known = kind.properties.keys() | {name for name, nav in kind.navigation.items() if nav.contains_target}
    unknown = next((name for name in values if name not in known and "@" not in name), None)
    if unknown is not None and not kind.is_open:
        raise BadRequest(
            f"The type '{kind.qualified_name}' has no property '{unknown}'.{suggestion(unknown, kind.properties)}",
            target=f"$.{unknown}",
        )


def _check_key(kind: EntityType, row: Row) -> None:
    """NaN differs from itself, so nobody could ever ask for an entity with that key."""
    for name in kind.key:
        if row[name] != row[name]:
            raise BadRequest(f"The key property '{name}' cannot be NaN.", target=f"$.{name}")


def _given_or_default(prop: Property, values: Row) -> Any:
    if prop.name in values:
        return _accepted(prop, values[prop.name])
    default = default_of(prop)
    if default is None and not prop.nullable:
        raise BadRequest(
            f"The property '{prop.name}' is missing: it is not nullable and has no default.", target=f"$.{prop.name}"
        )
    return _accepted(prop, default)


def _accepted(prop: Property, value: Any) -> Any:
    try:
        return prop.accept(value)
    except ValueError as error:
        raise BadRequest(
            f"The value of property '{prop.name}' does not fit: {error}.", target=f"$.{prop.name}"
        ) from None


def _merged(prop: Property, current: Any, given: Any) -> Any:
    """A given complex value over the current one: its members that are not given stay."""
    if not isinstance(prop.type, ComplexType) or prop.is_collection:
        return given
    if not isinstance(current, Mapping) or not isinstance(given, Mapping):
        return given
    members = prop.type.properties
    return {
        **current,
        **{n: _merged(members[n], current.get(n), value) if n in members else value for n, value in given.items()},
    }


def _dynamic(kind: StructuredType, values: Row) -> dict[str, Any]:
    """The properties of an open type that its model does not name."""
    if not kind.is_open:
        return {}
    others = kind.properties.keys() | kind.navigation.keys()
    return {name: value for name, value in values.items() if name not in others and "@" not in name}
