# One table: the rows of an entity set or the row of a singleton, by key, in the order of their keys, with an index for
# each column that a condition has looked for by value.
# Strategy: the order of keys is what answers without an order are in, so it is kept (sorted when it is first asked for,
# then up to date by bisection), and a page of a whole set is a slice. Lists that were handed out are never changed.

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from odata_core.backend import Answer, Done, Key, Query, Row, Source
from odata_core.backend.completion import key_order
from odata_core.backend.rows import generated, new_row, title_of, type_of
from odata_core.edm import EnumType, Property, Singleton, StructuredType
from odata_core.edm.rows import KeptRow
from odata_core.errors import Conflict
from odata_core.query.evaluate import enum_number
from odata_core.query.tree import Bound, Compare, Constant, In, ListOf, Logic, Path, equalities

Index = dict[Any, dict[Key, Row]]

_WHOLE = Done.FILTER | Done.ORDER | Done.PAGE
_DONE = {  # whether all is filtered, and whether it is in order
    (False, False): Done.NOTHING,
    (False, True): Done.ORDER,
    (True, False): Done.FILTER,
    (True, True): Done.FILTER | Done.ORDER,
}


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
        self._order = () if self.is_single else key_order(self.kind)
        self._keys: list[Key] | None = None
        self._listed: list[Row] | None = None

    def key_of(self, row: Row) -> Key:
        """The place of a row."""
        return () if self.is_single else self.index(self.kind.key_of(row))

    def index(self, key: Key) -> Key:
        """The one form of a key: enumerations by number, since a number may have several names."""
        if not self._enums:
            return key
        return tuple([enum_number(self._enums[i], part) if i in self._enums else part for i, part in enumerate(key)])

    def title(self, row: Row) -> str:
        """A row as messages name it."""
        return title_of(self.source, () if self.is_single else self.kind.key_of(row))

    # ------------------------------------------------------------ rows

    def new(self, values: Row) -> tuple[Key, Row]:
        """A complete row and its place; Conflict when the place is taken."""
        row = new_row(self.kind, generated(type_of(self.kind, values), values, self._next_number))
        key = self.key_of(row)
        if key in self.rows:
            raise Conflict(f"There is already {self.title(row)}.")
        return key, row

    def fill(self, rows: Mapping[Key, Row]) -> None:
        """Hold these rows and no others; numbers go on after the highest."""
        self.rows = dict(rows)
        self.indexes = {}
        self._keys = self._listed = None
        self.count_from(self.rows.values())

    def count_from(self, rows: Iterable[Row]) -> None:
        """Let the numbers that the server makes go on after those of rows."""
        names = [
            name
            for kind in (self.kind, *self.kind.derived.values())
            for name, prop in kind.properties.items()
            if prop.is_generated
        ]
        self.numbers = dict.fromkeys(names, 0)
        for row in rows if names else ():
            for name in names:
                value = row.get(name)
                if isinstance(value, int) and value > self.numbers[name]:
                    self.numbers[name] = value

    def put(self, key: Key, row: Row | None) -> Row | None:
        """Another row in a place, or none. The former one is returned."""
        if row is not None and row.__class__ is not KeptRow:
            row = KeptRow(row)
        former = self.rows.get(key)
        for column, index in self.indexes.items():
            if former is not None:
                bucket = index[former[column]]
                del bucket[key]
                if not bucket:
                    del index[former[column]]
            if row is not None:
                index.setdefault(row[column], {})[key] = row
        self._listed = None
        if row is None:
            if self.rows.pop(key, None) is not None and self._keys is not None:
                del self._keys[bisect_left(self._keys, key)]
        else:
            self.rows[key] = row
            if former is None and self._keys is not None:
                insort(self._keys, key)
        return former

    def _next_number(self, prop: Property) -> int:
        number = self.numbers.get(prop.name, 0) + 1
        while self.kind.key == (prop.name,) and (number,) in self.rows:
            number += 1
        self.numbers[prop.name] = number
        return number

    # ------------------------------------------------------------ queries

    def answer(self, query: Query) -> Answer:
        """The rows that can meet the condition, as far as keys and columns tell; in the order of keys or in none."""
        is_ordered = query.order[: len(self._order)] == self._order[: len(query.order)]
        looked_up = _looked_up(query.filter, self.kind)
        if looked_up is not None and self.kind.key == (looked_up[0],) and not self.is_single:
            keys = self.rows.keys() & {(value,) for value in looked_up[1]}
            return Answer([self.rows[key] for key in sorted(keys)], _DONE[True, is_ordered])
        found = self._demanded(query.filter, query if is_ordered else None)
        rows = self._in_order() if found is None else found
        if query.filter is not None or not is_ordered:
            return Answer(rows, _DONE[found is not None and looked_up is not None, is_ordered])
        stop = None if query.top is None else query.skip + query.top
        page = rows if not query.skip and stop is None else rows[query.skip : stop]
        return Answer(page, _WHOLE, len(rows))

    def _sorted_keys(self) -> list[Key]:
        if self._keys is None:
            self._keys = sorted(self.rows)
        return self._keys

    def _in_order(self) -> list[Row]:
        if self._listed is None:
            self._listed = list(map(self.rows.__getitem__, self._sorted_keys()))
        return self._listed

    def _demanded(self, condition: Bound | None, paged: Query | None) -> list[Row] | None:
        """What a condition leaves of the rows, as far as keys and columns with an index tell; None for all.

        `paged` is the query whose page may be found by looking at all rows in their order.
        """
        if condition is None or self.is_single:
            return None
        demanded = equalities(condition)
        if demanded and not self.kind.key_paths and all(name in demanded for name in self.kind.key):
            return self._with_keys([tuple([demanded[name] for name in self.kind.key])])
        wanted = {name: [value] for name, value in demanded.items()} | _listed(condition)
        best: list[dict[Key, Row]] | None = None
        for name, values in wanted.items():
            if self.kind.key == (name,) and not self._enums:
                return self._with_keys([(value,) for value in dict.fromkeys(values)])
            prop = self.kind.properties.get(name)
            if prop is not None and _can_index(prop):
                index = self.column(name)
                found = [index[value] for value in dict.fromkeys(values) if value in index]
                if best is None or sum(map(len, found)) < sum(map(len, best)):
                    best = found
        if best is None:
            return self._behind(condition)
        if paged is not None and self._is_soon(paged, sum(map(len, best))):
            return None
        rows = {key: row for bucket in best for key, row in bucket.items()}
        return [rows[key] for key in sorted(rows)]

    def _is_soon(self, query: Query, matching: int) -> bool:
        """Whether a page is filled by the first rows of all, before as many as match in a column are sorted."""
        if query.top is None or query.count:
            return False
        return (query.skip + query.top) * len(self.rows) < matching * matching

    def _with_keys(self, keys: Iterable[Key]) -> list[Row]:
        found = {self.index(key) for key in keys if None not in key}
        return [self.rows[key] for key in sorted(found & self.rows.keys())]

    def _behind(self, condition: Bound) -> list[Row] | None:
        """The rows behind a key, which pages begin at."""
        if len(self.kind.key) != 1 or self._enums or self.kind.key_paths:
            return None
        bound = _lower_bound(condition, self.kind.properties[self.kind.key[0]])
        if bound is None or bound != bound:
            return None
        try:
            return self._in_order()[bisect_right(self._sorted_keys(), (bound,)) :]
        except TypeError:  # a value that keys cannot be compared with
            return None

    def column(self, name: str) -> Index:
        """The rows by the value of a property; made when it is first asked for, and kept up to date from then on."""
        index = self.indexes.get(name)
        if index is None:
            index = self.indexes[name] = {}
            for key, row in self.rows.items():
                index.setdefault(row[name], {})[key] = row
        return index


_INDEXED = frozenset({"Edm.Guid", "Edm.String", "Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"})


def _can_index(prop: Property) -> bool:
    """Types whose values are equal exactly when Python says so, and have many values."""
    return not prop.is_collection and getattr(prop.type, "name", "") in _INDEXED


def _looked_up(condition: Bound | None, kind: StructuredType) -> tuple[str, Sequence[Any]] | None:
    """A property with an index and its values, where a condition says no more than that it has one of these."""
    match condition:
        case In(Path((Property() as prop,), None), ListOf(items)):
            values: Sequence[Bound] = items
        case Compare("eq", Path((Property() as prop,), None), Constant() as value):
            values = (value,)
        case _:
            return None
    if prop is not kind.properties.get(prop.name) or not _can_index(prop):
        return None
    own = [v.value for v in values if isinstance(v, Constant) and v.type is prop.type and v.value is not None]
    return (prop.name, own) if len(own) == len(values) else None


def _listed(condition: Bound | None) -> dict[str, list[Any]]:
    """What a condition demands of single properties by `in`."""
    match condition:
        case In(Path((Property() as prop,), None), ListOf(items)) if all(isinstance(item, Constant) for item in items):
            return {prop.name: [item.value for item in items if isinstance(item, Constant)]}
        case Logic("and", operands):
            return {name: values for operand in operands for name, values in _listed(operand).items()}
        case _:
            return {}


def _lower_bound(condition: Bound, prop: Property) -> Any:
    """The value that a property must be greater than."""
    match condition:
        case Compare("gt", Path((Property() as named,), None), Constant(value)) if named is prop:
            return value
        case Logic("and", operands):
            return next((found for part in operands if (found := _lower_bound(part, prop)) is not None), None)
        case _:
            return None
