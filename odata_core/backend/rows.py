# Rows as a store keeps them: complete, in model order, in the Python forms of the model. For backends that store
# entities themselves.
# Strategy: the payload reader has checked what came over the wire; users of Python come this way without it, so each
# value goes through `Property.accept`, the one gate to the model's types. Rows are made anew and never changed.
# A row holds all properties of its own type, its contained entities as rows and its links as keys (contract.Row);
# what streams it has is for `write_stream` to say, never for the values of a write.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from ..edm import (
    ComplexType,
    EntityType,
    NavigationProperty,
    Property,
    Singleton,
    StructuredType,
    Timestamp,
    default_of,
)
from ..edm.primitives import BYTE, DATETIME, DATETIME_OFFSET, GUID, INT16, INT32, INT64, SBYTE, STREAM
from ..edm.rows import BIND, MEDIA_ETAG, MEDIA_TYPE, TYPE
from ..errors import BadRequest, Conflict, NotFound, suggestion
from ..query.relations import constraint_of
from ..query.tree import Source
from .contract import Key, Row

_INTEGERS: Final = frozenset({BYTE, SBYTE, INT16, INT32, INT64})
_NIL: Final = UUID(int=0)
_MEDIA: Final = (MEDIA_TYPE, MEDIA_ETAG)


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
    """A row for a new entity: what is given, else the model's default, else null or []. It has no streams yet."""
    declared, kind = kind, type_of(kind, values)
    if kind.is_abstract:
        raise BadRequest(
            f"'{kind.qualified_name}' is abstract: say of which derived type the entity is.", target=f"$.{TYPE}"
        )
    _check_names(kind, values)
    row: dict[str, Any] = {} if kind is declared else {TYPE: kind.qualified_name}
    faults: list[BadRequest] = []
    for name, prop in kind.properties.items():
        try:
            row[name] = None if prop.type is STREAM else _given_or_default(prop, values)
        except BadRequest as error:
            faults.append(error)
    _refuse(faults)
    _check_key(kind, row)
    return row | _dynamic(kind, values) | _contained(kind, values, {}) | _links(kind, values)


def changed_row(kind: EntityType, current: Row, values: Row, *, replace: bool) -> dict[str, Any]:
    """The row after an update. Key properties are ignored: a key never changes (4.01 Part 1, 11.4.3).

    Without `replace` what is not given stays, also within complex values. With `replace` it is reset to its default,
    null or [], except for what the server generates. Streams stay; contained entities and links stay unless they are
    given. BadRequest for an entity that is to be of another type.
    """
    declared, kind = kind, type_of(kind, current)
    if TYPE in values and not kind.is_a(type_of(declared, values)):
        raise BadRequest(f"The entity is a '{kind.qualified_name}', which cannot change.", target=f"$.{TYPE}")
    _check_names(kind, values)
    row = {} if kind is declared else {TYPE: kind.qualified_name}
    faults: list[BadRequest] = []
    for name, prop in kind.properties.items():
        if name in kind.key or prop.type is STREAM:
            row[name] = current[name]
            continue
        try:
            if name in values:
                row[name] = _accepted(prop, values[name] if replace else _merged(prop, current[name], values[name]))
            else:
                row[name] = _given_or_default(prop, {}) if replace and not prop.is_generated else current[name]
        except BadRequest as error:
            faults.append(error)
    _refuse(faults)
    for way in kind.key_paths.values():
        _keep(row, current, [member.name for member in way])
    kept = {} if replace else _dynamic(kind, current)
    media = {name: value for name, value in current.items() if name.endswith(_MEDIA)}
    links = {name: value for name, value in current.items() if name.endswith(BIND)} | _links(kind, values)
    return row | kept | _dynamic(kind, values) | _contained(kind, values, current) | links | media


def _refuse(faults: Sequence[BadRequest]) -> None:
    """The only fault, or all of them at once as the details of one error (4.01 JSON Format, 21.1)."""
    if len(faults) == 1:
        raise faults[0]
    if faults:
        names = ", ".join([str(fault.target) for fault in faults])
        raise BadRequest(f"{len(faults)} properties do not fit: {names}.", details=faults)


def _keep(row: dict[str, Any], current: Row, path: Sequence[str]) -> None:
    """Put the value at the end of a path back, on a way of copies."""
    name, rest = path[0], path[1:]
    if not rest:
        row[name] = current[name]
        return
    inner = dict(row[name] or {})
    _keep(inner, current[name], rest)
    row[name] = inner


# ------------------------------------------------------------ contained entities


def _contained(kind: EntityType, values: Row, current: Row) -> dict[str, Any]:
    """The entities that a row holds, complete and in the order of their keys."""
    found: dict[str, Any] = {}
    for name, navigation in kind.navigation.items():
        if not navigation.contains_target:
            continue
        if name not in values:
            found[name] = current.get(name, [] if navigation.is_collection else None)
            continue
        given, before = values[name], current.get(name)
        if navigation.is_collection:
            found[name] = _in_key_order(navigation, completed_rows(navigation, _rows(navigation, given), before or ()))
        else:
            rows = _rows(navigation, [] if given is None else [given])
            found[name] = next(iter(completed_rows(navigation, rows, [] if before is None else [before])), None)
    return found


def _rows(navigation: NavigationProperty, given: Any) -> list[Row]:
    rows = [] if given is None else list(given) if isinstance(given, Iterable) and not _is_row(given) else [given]
    if not all(isinstance(row, Mapping) for row in rows):
        raise BadRequest(f"'{navigation.name}' holds entities, and something else was given.", target=_at(navigation))
    return rows


def _is_row(value: Any) -> bool:
    return isinstance(value, Mapping | str)


def completed_rows(navigation: NavigationProperty, given: Sequence[Row], before: Sequence[Row]) -> list[dict[str, Any]]:
    """Complete rows. Those that were there before keep what the server made for them, whatever it looks like."""
    kind = navigation.target
    known = {_key(navigation, row) for row in before} if kind.key else set()
    next_number = numbers_after([*before, *given])
    found = []
    for index, values in enumerate(given):
        makes = next_number if _key(navigation, values) not in known else None
        found.append(completed_row(navigation, values, index, makes))
    return found


def completed_row(
    navigation: NavigationProperty, values: Row, index: int, makes: Callable[[Property], int] | None
) -> dict[str, Any]:
    """The same for one of them; `makes` gives what the server makes for a new one, None for one that was there."""
    kind = navigation.target
    try:
        return new_row(kind, values if makes is None else generated(type_of(kind, values), values, makes))
    except BadRequest as error:
        place = f"$.{navigation.name}[{index}]" if navigation.is_collection else _at(navigation)
        raise BadRequest(error.message, target=place + (error.target or "$").removeprefix("$")) from None


def numbers_after(rows: Sequence[Row]) -> Callable[[Property], int]:
    """What hands out numbers for the properties of new rows beside these."""
    highest: dict[str, int] = {}

    def next_number(prop: Property) -> int:
        last = highest.get(prop.name)
        if last is None:
            numbers = [row.get(prop.name) for row in rows]
            last = max([0, *[number for number in numbers if isinstance(number, int)]])
        highest[prop.name] = last + 1
        return last + 1

    return next_number


def _key(navigation: NavigationProperty, row: Row) -> Key | None:
    """The key of a row that may lack it."""
    try:
        return navigation.target.key_of(row)
    except (KeyError, TypeError):
        return None


def _in_key_order(navigation: NavigationProperty, rows: Sequence[Row]) -> list[Row]:
    kind = navigation.target
    whole = {kind.key_of(row): row for row in rows}
    if len(whole) < len(rows):
        raise _twice(navigation)
    return [whole[key] for key in sorted(whole)]


def _twice(navigation: NavigationProperty) -> Conflict:
    return Conflict(f"There would be two entities with the same key in '{navigation.name}'.", target=_at(navigation))


def _at(navigation: NavigationProperty) -> str:
    return f"$.{navigation.name}"


# ------------------------------------------------------------ links


def _links(kind: EntityType, values: Row) -> dict[str, Any]:
    """The keys of what is linked, once each, in the forms of their types."""
    found: dict[str, Any] = {}
    for name, given in values.items():
        if not name.endswith(BIND):
            continue
        navigation = kind.navigation.get(name[: -len(BIND)])
        if navigation is None:
            raise BadRequest(
                f"The type '{kind.qualified_name}' has no navigation property '{name[: -len(BIND)]}'.",
                target=f"$.{name}",
            )
        if navigation.contains_target or constraint_of(navigation):
            why = "contains its entities" if navigation.contains_target else "follows from a foreign key"
            raise BadRequest(f"'{navigation.name}' {why}, so it cannot be bound.", target=f"$.{name}")
        if navigation.is_collection:
            keys = [_link_key(navigation, key) for key in _listed(navigation, given)]
            found[name] = list(dict.fromkeys(keys))
        else:
            found[name] = None if given is None else _link_key(navigation, given)
    return found


def _listed(navigation: NavigationProperty, given: Any) -> Sequence[Any]:
    if given is None or isinstance(given, list):
        return given or ()
    raise BadRequest(f"'{navigation.name}' leads to many: a list of keys is expected.", target=f"$.{navigation.name}")


def _link_key(navigation: NavigationProperty, key: Any) -> Key:
    kind = navigation.target
    if key == () and isinstance(key, tuple):  # of a singleton
        return ()
    try:
        if not isinstance(key, tuple) or len(key) != len(kind.key):
            raise ValueError(f"a tuple of {len(kind.key)} values is expected")
        return tuple([kind.key_property(name).accept(part) for name, part in zip(kind.key, key, strict=True)])
    except ValueError as error:
        raise BadRequest(
            f"The key that '{navigation.name}' is to lead to does not fit: {error}.", target=f"$.{navigation.name}"
        ) from None


def generated(kind: EntityType, values: Row, next_number: Callable[[Property], int]) -> dict[str, Any]:
    """The values with those that the server makes: a random Guid, the number that `next_number` hands out, or the time.

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
            elif prop.type in (DATETIME, DATETIME_OFFSET):
                made[name] = Timestamp.now()
    return made


def title_of(entity_set: Source, key: Key) -> str:
    """An entity as messages name it: `Products(1)`, `Lines(Order=1,Text='a')`, `Company` for a singleton."""
    if isinstance(entity_set, Singleton):
        return entity_set.name
    parts = [_quoted(value) for value in key]
    if len(parts) > 1:
        parts = [f"{name}={part}" for name, part in zip(entity_set.type.key, parts, strict=False)]
    return f"{entity_set.name}({','.join(parts)})"


def missing(entity_set: Source, key: Key) -> NotFound:
    """The error for an entity that is not there."""
    if isinstance(entity_set, Singleton):
        return NotFound(f"The singleton '{entity_set.name}' is null.")
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
    for name in values:
        if name in kind.properties or "@" in name:
            continue
        navigation = kind.navigation.get(name)
        if navigation is not None and not navigation.contains_target:
            raise BadRequest(
                f"'{name}' leads to entities of their own, which a row of '{kind.qualified_name}' cannot hold.",
                target=f"$.{name}",
            )
        if navigation is None and not kind.is_open:
            raise BadRequest(
                f"The type '{kind.qualified_name}' has no property '{name}'.{suggestion(name, kind.properties)}",
                target=f"$.{name}",
            )


def _check_key(kind: EntityType, row: Row) -> None:
    """NaN differs from itself, so nobody could ever ask for an entity with that key."""
    try:
        key = kind.key_of(row)
    except (KeyError, TypeError):
        key = (None,) * len(kind.key)
    for name, part in zip(kind.key, key, strict=True):
        if part is None:
            raise BadRequest(f"The key property '{name}' is missing.", target=f"$.{name}")
        if part != part:
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
    """The properties of an open type that its model does not name, and their types where they are told."""
    if not kind.is_open:
        return {}
    declared = kind.properties.keys() | kind.navigation.keys()
    names = [name for name in values if name not in declared and "@" not in name]
    types = [f"{name}{TYPE}" for name in names if f"{name}{TYPE}" in values]
    return {name: values[name] for name in (*names, *types)}
