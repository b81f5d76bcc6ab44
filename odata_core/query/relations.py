# Relations: how an expression gets from a row to other rows, for rows that do not hold the related ones inline.
# Strategy: all rows of a set are read once and kept, and an index is made once for each set and columns that a
# referential constraint names. So a filter over N rows costs one read for each set it touches, never one for each row.
# What is read stays: one object serves one request. Where rows come from is known only to the function `read`.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..edm import EntitySet, EntityType, NavigationProperty, Operation
from ..edm.rows import Row
from ..errors import NotImplementedHere
from .tree import Follow, Source

Key = Callable[[Row], Any]
Index = dict[Any, list[Row]]


class Relations:
    """Follows navigation properties by their referential constraints, over rows that `read` gives.

    `read` gives all rows of an entity set, and the one row of a singleton or none. `operations` are the functions of
    the model that the service can evaluate: each is called with what it is bound to, if anything, and its parameters
    by name.
    """

    def __init__(
        self,
        read: Callable[[Source], Iterable[Row]],
        operations: Mapping[Operation, Callable[..., Any]] | None = None,
    ) -> None:
        self._read = read
        self.operations: Mapping[Operation, Callable[..., Any]] = operations or {}
        self._rows: dict[Source, Sequence[Row]] = {}
        self._indexes: dict[tuple[Source, tuple[str, ...]], Index] = {}
        self._ways: dict[tuple[NavigationProperty, Source | None], tuple[Key, Index]] = {}

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

    def follow(self, row: Row, step: Follow) -> Any:
        """The related rows, or for a navigation property to one: the related row or None. Its key is not looked at."""
        way = self._ways.get((step.navigation, step.target))
        if way is None:
            way = self._ways[step.navigation, step.target] = self._way(step)
        read_key, index = way
        key = read_key(row)
        found = () if key is None else index.get(key, ())
        if step.navigation.is_collection:
            return found
        return found[0] if found else None

    def _way(self, step: Follow) -> tuple[Key, Index]:
        pairs = constraint_of(step.navigation)
        if not pairs or step.target is None:
            raise no_data(step)
        return _key_of(tuple([here for here, _ in pairs])), self._index(step.target, tuple([far for _, far in pairs]))

    def _index(self, source: Source, columns: tuple[str, ...]) -> Index:
        index = self._indexes.get((source, columns))
        if index is None:
            index = self._indexes[source, columns] = {}
            read_key = _key_of(columns)
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
    return _key_of(key_columns(kind))


def constraint_of(navigation: NavigationProperty) -> tuple[tuple[str, str], ...]:
    """Pairs of a property here and the equal one there: the navigation's own, or its partner's the other way round."""
    if navigation.on or navigation.partner is None:
        return navigation.on
    partner = (navigation.target.members(navigation.partner) or (None,))[-1]
    return tuple([(far, here) for here, far in partner.on]) if isinstance(partner, NavigationProperty) else ()


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


def _key_of(columns: tuple[str, ...]) -> Key:
    """What a row holds in these columns, None where one of them is null: null relates nothing."""
    readers = [_column(column) for column in columns]
    if len(readers) == 1:
        return readers[0]

    def key(row: Row) -> Any:
        values = tuple([read(row) for read in readers])
        return None if None in values else values

    return key


def _column(path: str) -> Key:
    """A property by its name, or by a path through complex values."""
    names = path.split("/")

    def read(row: Row) -> Any:
        value = row.get(names[0])
        for name in names[1:]:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    return read
