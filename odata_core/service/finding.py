# Following a path through a backend: steps -> where they lead, and what is there.
# Strategy: a place is `One` (a value and the stored entity it lies in) or `Many` (a set and conditions, or rows that
# are at hand). Each kind of step makes the next place; the backend is asked once for each entity on the way, and for a
# collection at the end not at all: that is asked with the options of the request.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ..backend import Query, Reads, Row
from ..backend.completion import complete
from ..edm import EntitySet, EntityType, NavigationProperty, Property, Singleton, StructuredType
from ..edm.rows import BIND, TYPE
from ..errors import BadRequest, NotFound, NotImplementedHere
from ..query.comparison import enum_number
from ..query.conditions import both, equals, is_of, is_one_of
from ..query.evaluate import Relations, compile_filter
from ..query.relations import constraint_of
from ..query.resource import Each, FromSource, Invocation, Key, Ordinal, Resource, Step, Subset
from ..query.tree import Bound, Cast, Dynamic, Follow, OrderBy, Source
from ..records import record
from ..uri import Grammar, print_predicate

Trail = tuple[Any, ...]
"""The way from a stored entity to a value within it: names of members, and key tuples or indexes behind collections."""


@record
class One:
    """A value, and the stored entity that it is or lies in (`root`, None where it is not stored at all).

    `owner` and `navigation` tell how the path came to an entity that another one leads to.
    """

    value: Any
    type: Any
    source: Source | None = None
    key: tuple[Any, ...] = ()
    root: Row | None = None
    trail: Trail = ()
    owner: One | None = None
    navigation: NavigationProperty | None = None

    @property
    def entity_type(self) -> EntityType:
        """The type of the entity, for what is one."""
        assert isinstance(self.type, EntityType), "only entities are asked for their type"
        return self.type

    def is_same(self, other: One) -> bool:
        """Whether both are the same stored entity, or the same place in it, on whatever ways they were found."""
        return self.source is not None and (self.source, self.key, self.trail) == (other.source, other.key, other.trail)


@record
class Many:
    """A collection: what `source` has that meets `conditions`, or `rows` that are at hand.

    `identity` is what tells rows apart where that is not the key of their type.
    """

    type: Any
    source: Source | None = None
    conditions: tuple[Bound, ...] = ()
    rows: Sequence[Any] | None = None
    owner: One | None = None
    navigation: NavigationProperty | None = None
    is_empty: bool = False  # a null foreign key relates nothing, and nothing need be asked
    identity: tuple[OrderBy, ...] = ()


Place = One | Many
Call = Callable[[Invocation, "Place | None", "Finder"], Place]


class Finder:
    """Follows the steps of resources in one session. `call` carries out operations."""

    def __init__(self, session: Reads, grammar: Grammar, relations: Relations, call: Call | None = None) -> None:
        self.session = session
        self.grammar = grammar
        self.relations = relations
        self.call = call

    def find(self, resource: Resource) -> Place:
        """Where a path leads; NotFound when something on the way is not there."""
        place = self.follow(resource.steps)
        if place is None:
            raise NotImplementedHere(f"{resource.kind.value} cannot be followed here.")
        return place

    def follow(self, steps: Sequence[Step], place: Place | None = None) -> Place | None:
        for step in steps:
            place = _STEPS[type(step)](self, place, step)
        return place

    def one(self, resource: Resource) -> One:
        """The single thing that a path names."""
        place = self.find(resource)
        return place if isinstance(place, One) else self.only(place)

    def only(self, place: Many) -> One:
        """The one entity of a collection that can have one only."""
        rows = self.rows(place)
        if not rows:
            raise NotFound(f"There is no entity behind '{place.navigation.name if place.navigation else 'the path'}'.")
        return self.entity(place, rows[0])

    def rows(self, place: Many) -> Sequence[Any]:
        """Everything in a collection, in the order of its keys."""
        if place.is_empty:
            return []
        if place.rows is not None:
            return self._held(place)
        assert place.source is not None, "what is not at hand is stored somewhere"
        query = Query(place.source, both(*place.conditions))
        return complete(self.session.select(query), query, self.relations)[0]

    def _held(self, place: Many) -> Sequence[Any]:
        condition = both(*place.conditions)
        if condition is None:
            return place.rows or ()
        return list(filter(compile_filter(condition, relations=self.relations, kind=place.type), place.rows or ()))

    def entity(self, place: Many, row: Row) -> One:
        """An item of a collection as a place of its own."""
        kind = place.type
        if place.source is not None:
            key = key_of(kind, row)
            return One(row, kind, place.source, key, row, (), place.owner, place.navigation)
        owner = place.owner
        if owner is None or place.navigation is None:
            return One(row, kind)
        trail = (*owner.trail, place.navigation.name, key_of(kind, row))
        return One(row, kind, owner.source, owner.key, owner.root, trail, owner, place.navigation)

    # ------------------------------------------------------------ steps

    def _set(self, _place: Place | None, step: EntitySet) -> Many:
        return Many(step.type, step)

    def _singleton(self, _place: Place | None, step: Singleton) -> One:
        row = self.session.get(step, ())
        if row is None:
            raise NotFound(f"The singleton '{step.name}' is null.")
        return One(row, step.type, step, (), row)

    def _key(self, place: Place | None, step: Key) -> One:
        assert isinstance(place, Many), "a key picks from a collection"
        values = {name: self._key_value(place, value) for name, value in zip(step.names, step.values, strict=True)}
        row = self._picked(place, step, values)
        if row is None:
            raise NotFound(self._missing(place, step, values))
        return self.entity(place, row)

    def _key_value(self, place: Many, value: Any) -> Any:
        if not isinstance(value, FromSource):
            return value.value
        assert place.owner is not None, "a constraint ties to the entity before"
        return place.owner.value[value.name]

    def _picked(self, place: Many, step: Key, values: Mapping[str, Any]) -> Row | None:
        kind = place.type
        if place.is_empty:
            return None
        if place.source is not None and not step.is_alternate and not kind.key_paths:
            row = self.session.get(place.source, tuple(values[name] for name in kind.key))
            return row if row is not None and self._meets(place, row) else None
        ways = _ways(kind, step)
        matching = [row for row in self.rows(place) if all(_same(way, row, values[name]) for name, way in ways.items())]
        return matching[0] if len(matching) == 1 else None

    def _meets(self, place: Many, row: Row) -> bool:
        condition = both(*place.conditions)
        return condition is None or compile_filter(condition, relations=self.relations, kind=place.type)(row)

    def _missing(self, place: Many, step: Key, values: Mapping[str, Any]) -> str:
        name = place.navigation.name if place.navigation is not None else getattr(place.source, "name", "the result")
        if step.is_alternate or place.type.key_paths:
            return f"Resource not found for the segment '{name}'."
        predicate = print_predicate(place.type, tuple(values[part] for part in place.type.key), self.grammar)
        return f"Resource not found for the segment '{name}': there is no {predicate}."

    def _follow(self, place: Place | None, step: Follow) -> Place:
        if isinstance(place, Many):
            before = place.navigation
            if before is not None and not before.is_collection:
                raise NotFound(f"There is no entity behind '{before.name}'.")
            raise NotImplementedHere(f"'{step.navigation.name}' cannot follow a collection.")
        assert place is not None, "a path does not begin with a navigation property"
        if place.value is None:
            raise NotFound(f"There is no '{step.navigation.name}': the value that should hold it is null.")
        found = self.related(place, step)
        return self.follow([Key(step.navigation.target.key, step.key)], found) or found if step.key else found  # type: ignore[arg-type]

    def related(self, place: One, step: Follow) -> Place:
        """What a navigation property leads to from one entity or complex value."""
        navigation, row = step.navigation, place.value
        name, kind = navigation.name, navigation.target
        if navigation.contains_target or name in row:
            return self._inline(place, step)
        many = Many(kind, step.target, (), None, place, navigation)
        pairs = constraint_of(navigation)
        if pairs:
            values = {there: row.get(here) for here, there in pairs}
            if None in values.values():
                many = replace(many, is_empty=True)
            else:
                many = replace(many, conditions=_conditions(equals(kind, values)))
        else:
            many = self._linked(many, row.get(name + BIND), name)
        if navigation.is_collection:
            return many
        return self._behind(many, {there: row.get(here) for here, there in pairs})

    def _behind(self, many: Many, values: Mapping[str, Any]) -> Place:
        """The one entity, found by its key where that is known; a collection without items where there is none."""
        kind = many.type
        if many.is_empty:
            return many
        if many.source is not None and set(values) >= set(kind.key):
            row = self.session.get(many.source, tuple(values[name] for name in kind.key))
            rows = [row] if row is not None and self._meets(many, row) else []
        else:
            rows = list(self.rows(many))[:1]
        return self.entity(many, rows[0]) if rows else replace(many, is_empty=True)

    def _linked(self, many: Many, keys: Any, name: str) -> Many:
        if many.source is None or not getattr(self.session, "keeps_links", False):
            raise NotImplementedHere(f"'{name}' has no referential constraint, so it cannot be followed here.")
        listed = list(keys or ()) if isinstance(keys, list) else [] if keys is None else [keys]
        if not listed:
            return replace(many, is_empty=True)
        return replace(many, conditions=_conditions(is_one_of(many.type, many.type.key, listed)))

    def _inline(self, place: One, step: Follow) -> Place:
        """Entities that the row itself holds: contained ones."""
        navigation = step.navigation
        value = place.value.get(navigation.name)
        if navigation.is_collection:
            return Many(navigation.target, None, (), value or [], place, navigation)
        if value is None:
            return Many(navigation.target, None, (), [], place, navigation, is_empty=True)
        trail = (*place.trail, navigation.name)
        return One(value, navigation.target, place.source, place.key, place.root, trail, place, navigation)

    def _property(self, place: Place | None, step: Property | Dynamic) -> One:
        if isinstance(place, Many) and place.navigation is not None and not place.navigation.is_collection:
            raise NotFound(f"There is no entity behind '{place.navigation.name}'.")
        if not isinstance(place, One):
            raise BadRequest(f"'{step.name}' cannot follow a collection.")
        if place.value is None:
            raise NotFound(f"There is no '{step.name}': the value that should hold it is null.")
        if step.name not in place.value and isinstance(step, Dynamic):
            raise NotFound(f"There is no dynamic property '{step.name}'.")
        value = place.value.get(step.name)
        return replace(place, value=value, type=step.type, trail=(*place.trail, step.name))

    def _cast(self, place: Place | None, step: Cast) -> Place:
        if isinstance(place, Many):
            return replace(place, type=step.type, conditions=(*place.conditions, is_of(step.type, step.names)))
        assert place is not None, "a path does not begin with a type"
        if isinstance(place.value, list | tuple):  # of complex values: those of the type (4.01 Part 2, 4.11)
            items = [item for item in place.value if is_instance(item, place.type, step)]
            return replace(place, type=step.type, value=items)
        if not is_instance(place.value, place.type, step):
            raise NotFound(f"What the path names is not a '{step.type.qualified_name}'.")
        return replace(place, type=step.type)

    def _subset(self, place: Place | None, step: Subset) -> Many:
        assert isinstance(place, Many), "a filter needs a collection"
        return replace(place, conditions=(*place.conditions, step.condition))

    def _each(self, place: Place | None, _step: Each) -> Many:
        assert isinstance(place, Many), "$each needs a collection"
        return place

    def _ordinal(self, place: Place | None, step: Ordinal) -> One:
        assert isinstance(place, One), "an ordinal picks from a value"
        values = place.value or []
        if not -len(values) <= step.index < len(values):
            raise NotFound(f"The collection has {len(values)} items, so there is none at {step.index}.")
        return replace(place, value=values[step.index], trail=(*place.trail, step.index % len(values)))

    def _invoke(self, place: Place | None, step: Invocation) -> Place:
        if self.call is None:
            raise NotImplementedHere(f"The operation '{step.name}' is not supported.")
        return self.call(step, place, self)


_STEPS: Final[Mapping[type, Callable[..., Place]]] = {
    EntitySet: Finder._set,
    Singleton: Finder._singleton,
    Key: Finder._key,
    Follow: Finder._follow,
    Property: Finder._property,
    Dynamic: Finder._property,
    Cast: Finder._cast,
    Subset: Finder._subset,
    Each: Finder._each,
    Ordinal: Finder._ordinal,
    Invocation: Finder._invoke,
}


def key_of(kind: EntityType, row: Row) -> tuple[Any, ...]:
    """The key of a row; () for a type without one."""
    return kind.key_of(row) if kind.key else ()


def is_instance(row: Any, declared: Any, step: Cast) -> bool:
    """Whether a row is of a type; one that does not tell its own is of the declared one."""
    name = row.get(TYPE) if isinstance(row, Mapping) else None
    if name is not None:
        return name in (step.names or {step.type.qualified_name})
    return isinstance(declared, StructuredType) and declared.is_a(step.type)


def _conditions(condition: Bound | None) -> tuple[Bound, ...]:
    return () if condition is None else (condition,)


def _ways(kind: EntityType, step: Key) -> Mapping[str, Sequence[Any]]:
    if step.is_alternate:
        return next(key for key in kind.alternate_keys if set(key) == set(step.names))
    return {name: kind.key_paths.get(name) or (kind.properties[name],) for name in kind.key}


def _same(way: Sequence[Any], row: Row, wanted: Any) -> bool:
    value: Any = row
    for member in way:
        value = value.get(member.name) if isinstance(value, Mapping) else None
    kind = way[-1].type
    if isinstance(value, str) and hasattr(kind, "members") and not isinstance(kind, StructuredType):
        return bool(enum_number(kind, value) == enum_number(kind, wanted))
    return bool(value == wanted)
