# One table: the rows of an entity set or the row of a singleton, by key, with an index for each column that a condition
# has looked for by value.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from odata_core.backend import Key, Query, Row, Source
from odata_core.backend.rows import generated, new_row, title_of
from odata_core.edm import EnumType, Property, Singleton
from odata_core.errors import Conflict
from odata_core.query.evaluate import enum_number
from odata_core.query.tree import Bound, In, ListOf, Logic, Path, equalities

Index = dict[Any, dict[Key, Row]]


class Table:
    """The rows of a source by key, and the highest number handed out for each generated property."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.kind = source.type
        self.rows: dict[Key, Row] = {}
        self.numbers: dict[str, int] = {}
        self.indexes: dict[str, Index] = {}
        self.is_single = isinstance(source, Singleton)
        types = [] if self.is_single else [self.kind.key_property(name).type for name in self.kind.key]
        self._enums = {index: kind for index, kind in enumerate(types) if isinstance(kind, EnumType)}

    def key_of(self, row: Row) -> Key:
        """The place of a row."""
        return () if self.is_single else self.index(self.kind.key_of(row))

    def index(self, key: Iterable[Any]) -> Key:
        """The one form of a key: enumerations by number, since a number may have several names."""
        return tuple([enum_number(self._enums[i], part) if i in self._enums else part for i, part in enumerate(key)])

    def new(self, values: Row) -> tuple[Key, Row]:
        """A complete row and its place; Conflict when the place is taken."""
        row = new_row(self.kind, generated(self.kind, values, self._next_number))
        key = self.key_of(row)
        if key in self.rows:
            raise Conflict(f"There is already {title_of(self.source, self.kind.key_of(row))}.")
        return key, row

    def fill(self, rows: Mapping[Key, Row]) -> None:
        """Hold these rows and no others; numbers go on after the highest."""
        self.rows = dict(rows)
        self.indexes = {}
        self.numbers = {
            name: max([0, *(row[name] for row in rows.values() if isinstance(row[name], int))])
            for name, prop in self.kind.properties.items()
            if prop.is_generated
        }

    def put(self, key: Key, row: Row | None) -> None:
        """Another row in a place, or none."""
        former = self.rows.get(key)
        for column, index in self.indexes.items():
            if former is not None:
                index[former[column]].pop(key, None)
            if row is not None:
                index.setdefault(row[column], {})[key] = row
        if row is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = row

    def candidates(self, query: Query) -> list[Row]:
        """The rows that can meet the condition: by key or by a column that it demands, or all."""
        demanded = equalities(query.filter)
        if not self.is_single and demanded and all(name in demanded for name in self.kind.key):
            row = self.rows.get(self.index(demanded[name] for name in self.kind.key))
            return [] if row is None else [row]
        for column, values in [*((name, [value]) for name, value in demanded.items()), *_listed(query.filter)]:
            prop = self.kind.properties.get(column)
            if prop is not None and _can_index(prop):
                index = self.column(column)
                return [row for value in dict.fromkeys(values) for row in index.get(value, {}).values()]
        return list(self.rows.values())

    def column(self, name: str) -> Index:
        """The rows by the value of a property; made when it is first asked for, and kept up to date from then on."""
        index = self.indexes.get(name)
        if index is None:
            index = self.indexes[name] = {}
            for key, row in self.rows.items():
                index.setdefault(row[name], {})[key] = row
        return index

    def _next_number(self, prop: Property) -> int:
        number = self.numbers.get(prop.name, 0) + 1
        while self.kind.key == (prop.name,) and (number,) in self.rows:
            number += 1
        self.numbers[prop.name] = number
        return number


_INDEXED = frozenset(
    {"Edm.Guid", "Edm.String", "Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64", "Edm.Boolean"}
)


def _can_index(prop: Property) -> bool:
    """Types whose values are equal exactly when Python says so."""
    return not prop.is_collection and getattr(prop.type, "name", "") in _INDEXED


def _listed(condition: Bound | None) -> list[tuple[str, list[Any]]]:
    """What a condition demands of single properties by `in`."""
    match condition:
        case In(Path((Property() as prop,), None), ListOf(items)) if all(hasattr(item, "value") for item in items):
            return [(prop.name, [item.value for item in items])]  # type: ignore[union-attr]  # it was looked for
        case Logic("and", operands):
            return [pair for operand in operands for pair in _listed(operand)]
        case _:
            return []
