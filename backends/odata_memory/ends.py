# What rows refer to: the ends of foreign keys and links in them, also in their complex values and contained entities.
# Strategy: what the model says of a place in a row (a set, the way from its rows, the type found there) is worked out
# once, as a Level; walking a row is then a loop over few tuples, and nothing at all for types that refer to nothing.
# Only the model is known here, no table.

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from odata_core.backend import Key, Row, Source
from odata_core.edm import ComplexType, EntitySet, NavigationProperty, StructuredType
from odata_core.edm.rows import BIND, TYPE
from odata_core.query.relations import column_reader, constraint_of, key_columns, linked_keys, partner_of
from odata_core.query.scope import bound_source

Way = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class End:
    """A navigation property as rows hold it: foreign keys in `columns`, in the order of the target's key, or a link.

    `on_delete` is what becomes of the row that holds a foreign key when its target goes; for a link, what becomes of
    the targets when the row goes. `partner` is the link on the other side that is to be kept in step. An end that is
    `loose` need not lead anywhere: of two entities that share a key, the model does not say which one comes first.
    """

    navigation: NavigationProperty
    target: Source
    columns: tuple[str, ...] = ()
    readers: tuple[Callable[[Row], Any], ...] = ()
    on_delete: str | None = None
    partner: NavigationProperty | None = None
    loose: bool = False

    @property
    def is_link(self) -> bool:
        return not self.columns

    @property
    def member(self) -> str:
        """The name under which a row holds a link."""
        return self.navigation.name + BIND

    def keys(self, row: Row) -> Sequence[Key]:
        """The keys of what a row refers to."""
        if not self.columns:
            return linked_keys(row.get(self.member))
        key = tuple([read(row) for read in self.readers])
        return () if None in key else (key,)


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One place in a row: the type there, its ends, and the members that may hold others: name, type, way."""

    kind: StructuredType
    ends: tuple[End, ...]
    inner: tuple[tuple[str, StructuredType, Way], ...]
    shared: frozenset[str]  # columns of more than one foreign key
    homeless: tuple[NavigationProperty, ...]  # links whose targets live nowhere that the model tells


class Ends:
    """The ends in the rows of each set and singleton of a model."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, Way, StructuredType, StructuredType], Level] = {}
        self._refers: dict[StructuredType, bool] = {}

    def walk(self, source: Source, row: Row) -> Iterator[tuple[End, Row]]:
        """Every end in a row, with the entity or complex value that has it."""
        return self._walk(source, (), source.type, row)

    def _walk(self, source: Source, way: Way, declared: StructuredType, row: Row) -> Iterator[tuple[End, Row]]:
        level = self.level(source, way, declared, row)
        for end in level.ends:
            yield end, row
        for name, kind, further in level.inner:
            value = row.get(name)
            for item in value if isinstance(value, list) else () if value is None else (value,):
                yield from self._walk(source, further, kind, item)

    def level(self, source: Source, way: Way, declared: StructuredType, row: Row) -> Level:
        """What the model says of a row of a set, or of a value behind a way from one."""
        named = row.get(TYPE)
        kind = declared if named is None else declared.derived.get(named, declared)
        place = (source.name, way, declared, kind)
        found = self._levels.get(place)
        if found is None:
            found = self._levels[place] = self._level(source, way, declared, kind)
        return found

    def _level(self, source: Source, way: Way, declared: StructuredType, kind: StructuredType) -> Level:
        ends, homeless = [], []
        for navigation in kind.navigation.values():
            if navigation.contains_target:
                continue
            target = _target(source, way, declared, kind, navigation)
            if target is None:
                homeless.append(navigation)
                continue
            end = _end(source, way, kind, navigation, target)
            if end is not None:
                ends.append(end)
        prefix = way if kind is declared else (*way, kind.qualified_name)
        inner = tuple([(name, held, (*prefix, name)) for name, held in _held(kind) if self._refers_to(held)])
        columns = [column for end in ends for column in end.columns]
        shared = frozenset([name for name in columns if columns.count(name) > 1])
        return Level(kind, tuple(ends), inner, shared, tuple(homeless))

    def _refers_to(self, kind: StructuredType) -> bool:
        """Whether values of a type can refer to entities, however deep."""
        found = self._refers.get(kind)
        if found is None:
            seen = [kind]
            for one in seen:  # which grows
                others = (*one.derived.values(), *[held for _, held in _held(one)])
                seen += [other for other in dict.fromkeys(others) if other not in seen]
            found = any(not way.contains_target for one in seen for way in one.navigation.values())
            self._refers[kind] = found
        return found


def _held(kind: StructuredType) -> list[tuple[str, StructuredType]]:
    """The members whose values stand in the row: complex ones and contained entities."""
    found: list[tuple[str, StructuredType]] = [
        (name, prop.type) for name, prop in kind.properties.items() if isinstance(prop.type, ComplexType)
    ]
    return found + [(name, way.target) for name, way in kind.navigation.items() if way.contains_target]


def _target(
    source: Source, way: Way, declared: StructuredType, kind: StructuredType, navigation: NavigationProperty
) -> Source | None:
    """Where the targets live: a binding may name the type of the row, or one that it derives from."""
    base: Any = kind
    while base is not None and base is not declared:
        found = bound_source(source, (*way, base.qualified_name), navigation)
        if found is not None:
            return found
        base = base.base
    return bound_source(source, way, navigation)


def _end(source: Source, way: Way, kind: StructuredType, navigation: NavigationProperty, target: Source) -> End | None:
    if not constraint_of(navigation):
        return End(
            navigation, target, on_delete=navigation.on_delete, partner=_linked_partner(source, way, target, navigation)
        )
    if navigation.is_collection or not _is_foreign_key(navigation) or not isinstance(target, EntitySet):
        return None
    here = {there: column for column, there in navigation.on}
    columns = tuple([here[column] for column in key_columns(target.type)])
    principal = _principal(kind, navigation)
    on_delete = (principal.on_delete if principal is not None else None) or navigation.on_delete
    loose = principal is not None and not principal.is_collection and _is_foreign_key(principal)
    return End(
        navigation, target, columns, tuple([column_reader(column) for column in columns]), on_delete, None, loose
    )


def _is_foreign_key(navigation: NavigationProperty) -> bool:
    return {there for _, there in navigation.on} == set(key_columns(navigation.target))


def _principal(kind: StructuredType, navigation: NavigationProperty) -> NavigationProperty | None:
    """The navigation property that leads back from the target of a foreign key, by name or by the same columns."""
    partner = partner_of(navigation)
    if partner is not None:
        return partner
    back = {(there, here) for here, there in navigation.on}
    ways = navigation.target.navigation.values()
    return next((way for way in ways if set(way.on) == back and kind.is_a(way.target)), None)


def _linked_partner(
    source: Source, way: Way, target: Source, navigation: NavigationProperty
) -> NavigationProperty | None:
    """The link on the other side, where it leads back to this very set. What lies within an entity has none."""
    partner = None if way else partner_of(navigation)
    if partner is None or partner.contains_target:
        return None
    return partner if _target(target, (), target.type, navigation.target, partner) is source else None
