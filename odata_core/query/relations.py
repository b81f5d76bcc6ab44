# Relations: how an expression gets from a row to other rows, for rows that do not hold the related ones inline.
# Strategy: all rows of a set are read once and kept, and an index is made once for each set and columns that a
# referential constraint names. So a filter over N rows costs one read for each set it touches, never one for each row.
# What is read stays: one object serves one request. Where rows come from is known only to the function `read`.
# Links that no constraint describes stand in rows as keys (edm.rows.BIND), which are looked up in the index of keys.

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from operator import methodcaller
from typing import Any, TypeVar

from ..edm import EntitySet, EntityType, NavigationProperty, Operation
from ..edm.rows import BIND, Row
from ..errors import NotImplementedHere
from .tree import Follow, Source

T = TypeVar("T")
Key = Callable[[Row], Any]
Index = dict[Any, list[Row]]
Way = Callable[[Row], Sequence[Row]]


class Relations:
    """Follows navigation properties by their referential constraints or by links, over rows that `read` gives.

    `read` gives all rows of an entity set, and the one row of a singleton or none. `operations` are the functions of
    the model that the service can evaluate: each is called with what it is bound to, if anything, and its parameters
    by name. With `keeps_links` a row without a link has none; otherwise nothing is known about it.
    """

    def __init__(
        self,
        read: Callable[[Source], Iterable[Row]],
        operations: Mapping[Operation, Callable[..., Any]] | None = None,
        *,
        keeps_links: bool = False,
    ) -> None:
        self._read = read
        self.keeps_links = keeps_links
        self.operations: Mapping[Operation, Callable[..., Any]] = operations or {}
        self._rows: dict[Source, Sequence[Row]] = {}
        self._indexes: dict[tuple[Source, tuple[str, ...]], Index] = {}
        self._ways: dict[tuple[NavigationProperty, Source | None], Way] = {}
        self._kept: dict[Hashable, Any] = {}

    def rows(self, source: Source) -> Sequence[Row]:
        """All rows of an entity set or a singleton."""
        found = self._rows.get(source)
        if found is None:
            self._rows[source] = found = list(self._read(source))
        return found

    def find(self, source: Source, key: tuple[Any, ...]) -> Row | None:
        """The row with that key, None where there is none; a key with null is none."""
        if None in key:
            return None
        found = self._index(source, key_columns(source.type)).get(key[0] if len(key) == 1 else key)
        return found[0] if found else None

    def kept(self, name: Hashable, make: Callable[[], T]) -> T:
        """What was made of these rows under a name, and is made once for a request."""
        if name not in self._kept:
            self._kept[name] = make()
        found: T = self._kept[name]
        return found

    def follow(self, row: Row, step: Follow) -> Any:
        """The related rows, or for a navigation property to one: the related row or None. Its key is not looked at."""
        way = self._ways.get((step.navigation, step.target))
        if way is None:
            way = self._ways[step.navigation, step.target] = self._way(step)
        found = way(row)
        if step.navigation.is_collection:
            return found
        return found[0] if found else None

    def _way(self, step: Follow) -> Way:
        pairs = constraint_of(step.navigation)
        if pairs and step.target is not None:
            read_key = columns_reader(tuple([here for here, _ in pairs]))
            index = self._index(step.target, tuple([far for _, far in pairs]))

            def by_constraint(row: Row) -> Sequence[Row]:
                key = read_key(row)
                return () if key is None else index.get(key, ())

            return by_constraint
        if step.navigation.contains_target and self.keeps_links:
            return lambda row: ()  # contained entities stand in the row itself, where there are any
        return self._way_of_links(step)

    def _way_of_links(self, step: Follow) -> Way:
        name, target = step.navigation.name + BIND, step.target

        def by_links(row: Row) -> Sequence[Row]:
            if target is None or not (self.keeps_links or name in row):
                raise no_data(step)
            found = [self._linked(target, key) for key in linked_keys(row.get(name))]
            return [one for one in found if one is not None]

        return by_links

    def _linked(self, target: Source, key: tuple[Any, ...]) -> Row | None:
        if isinstance(target, EntitySet):
            return self.find(target, key)
        rows = self.rows(target)
        return rows[0] if rows else None

    def _index(self, source: Source, columns: tuple[str, ...]) -> Index:
        index = self._indexes.get((source, columns))
        if index is None:
            index = self._indexes[source, columns] = {}
            read_key = columns_reader(columns)
            for row in self.rows(source):
                key = read_key(row)
                if key is not None:
                    index.setdefault(key, []).append(row)
        return index


def key_columns(kind: EntityType) -> tuple[str, ...]:
    """The parts of a key in key order, each as a name or a path."""
    ways = kind.key_paths
    return tuple(["/".join([step.name for step in ways[name]]) if name in ways else name for name in kind.key])


def key_reader(kind: EntityType) -> Key:
    """What tells the entities of a type apart; None for a row that lacks a part of its key."""
    return columns_reader(key_columns(kind))


def constraint_of(navigation: NavigationProperty) -> tuple[tuple[str, str], ...]:
    """Pairs of a property here and the equal one there: the navigation's own, or its partner's the other way round."""
    if navigation.on:
        return navigation.on
    partner = partner_of(navigation)
    return () if partner is None else tuple([(far, here) for here, far in partner.on])


def partner_of(navigation: NavigationProperty) -> NavigationProperty | None:
    """The navigation property that leads back; it is enough that one of the two names the other (4.01 CSDL, 8.5)."""
    target = navigation.target
    if navigation.partner is not None:
        last = (target.members(navigation.partner) or (None,))[-1]
        return last if isinstance(last, NavigationProperty) else None
    for other in target.navigation.values():
        if other.partner == navigation.name and other.target.navigation.get(navigation.name) is navigation:
            return other
    return None


def linked_keys(value: Any) -> Sequence[tuple[Any, ...]]:
    """The keys that a link in a row holds: none, one or several."""
    return () if value is None else value if isinstance(value, list) else (value,)


def no_data(step: Follow) -> NotImplementedHere:
    """The refusal of a navigation property that nothing tells the related rows of."""
    return NotImplementedHere(
        f"The navigation property '{step.navigation.name}' cannot be followed in an expression: "
        "the related entities are not at hand."
    )


def no_rows(source: Source) -> NotImplementedHere:
    """The refusal of `$root` where no other sets can be read."""
    what = "entity set" if isinstance(source, EntitySet) else "singleton"
    return NotImplementedHere(f"The {what} '{source.name}' cannot be read in an expression.")


def columns_reader(columns: tuple[str, ...]) -> Key:
    """What a row holds in these columns, None where one of them is null: null relates nothing."""
    readers = [column_reader(column) for column in columns]
    if len(readers) == 1:
        return readers[0]

    def key(row: Row) -> Any:
        values = tuple([read(row) for read in readers])
        return None if None in values else values

    return key


def column_reader(path: str) -> Key:
    """A property by its name, or by a path through complex values."""
    names = path.split("/")
    if len(names) == 1:
        return methodcaller("get", path)

    def read(row: Row) -> Any:
        value = row.get(names[0])
        for name in names[1:]:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    return read
