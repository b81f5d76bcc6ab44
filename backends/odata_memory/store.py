# A store of dictionaries for any model: one table an entity set, rows by key.
# Strategy: rows are replaced and never changed, so a reader needs no copy of a row, and undoing a write is putting the
# former row back. One lock: a session takes it with its first write and keeps it to its end, so others see all of its
# writes or none; a reading session takes it for each question only. The lock belongs to a thread: a session must end
# in the thread that wrote in it.
# Filter, order and pages are left to the core; only a key that a condition demands is looked up directly.

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import RLock
from typing import Any

from odata_core.backend import Answer, Context, Key, Query, Row, Source
from odata_core.backend.rows import changed_row, generated, missing, new_row, title_of
from odata_core.edm import EntitySet, EnumType, Model, ModelError, Property
from odata_core.errors import Conflict, suggestion
from odata_core.query.evaluate import enum_number
from odata_core.query.tree import equalities


class Table:
    """The rows of one entity set by key, and the highest number handed out for each generated property."""

    def __init__(self, entity_set: EntitySet) -> None:
        self.entity_set = entity_set
        self.kind = entity_set.type
        self.rows: dict[Key, Row] = {}
        self.numbers: dict[str, int] = {}
        types = [self.kind.properties[name].type for name in self.kind.key]
        self._enums = {index: kind for index, kind in enumerate(types) if isinstance(kind, EnumType)}

    def index(self, key: Iterable[Any]) -> Key:
        """The one form of a key: enumerations by number, since a number may have several names."""
        return tuple([enum_number(self._enums[i], part) if i in self._enums else part for i, part in enumerate(key)])

    def new(self, values: Row) -> tuple[Key, Row]:
        """A complete row and its place; Conflict when the place is taken."""
        row = new_row(self.kind, generated(self.kind, values, self._next_number))
        key = self.index(self.kind.key_of(row))
        if key in self.rows:
            raise Conflict(f"There is already {title_of(self.entity_set, self.kind.key_of(row))}.")
        return key, row

    def fill(self, rows: Mapping[Key, Row]) -> None:
        """Hold these rows and no others; numbers go on after the highest."""
        self.rows = dict(rows)
        self.numbers = {
            name: max([0, *(row[name] for row in rows.values() if isinstance(row[name], int))])
            for name, prop in self.kind.properties.items()
            if prop.is_generated
        }

    def candidates(self, query: Query) -> list[Row]:
        """The row with the key that the condition demands, or all rows."""
        demanded = equalities(query.filter)
        if any(name not in demanded for name in self.kind.key):
            return list(self.rows.values())
        row = self.rows.get(self.index(demanded[name] for name in self.kind.key))
        return [] if row is None else [row]

    def _next_number(self, prop: Property) -> int:
        number = self.numbers.get(prop.name, 0) + 1
        while self.kind.key == (prop.name,) and (number,) in self.rows:
            number += 1
        self.numbers[prop.name] = number
        return number


class MemorySession:
    """One unit of work. `undo` takes back its writes, `close` lets others see what is left of them."""

    def __init__(self, tables: Mapping[str, Table], lock: RLock) -> None:
        self._tables = tables
        self._lock = lock
        self._log: list[tuple[Table, Key, Row | None]] = []
        self._writes = False

    def get(self, entity_set: Source, key: Key) -> Row | None:
        table = self._tables[entity_set.name]
        with self._lock:
            return table.rows.get(table.index(key))

    def select(self, query: Query) -> Answer:
        with self._lock:
            return Answer(self._tables[query.entity_set.name].candidates(query))

    def insert(self, entity_set: Source, values: Row) -> Row:
        table = self._begin(entity_set)
        key, row = table.new(values)
        self._store(table, key, row)
        return row

    def update(self, entity_set: Source, key: Key, values: Row, *, replace: bool) -> Row:
        table = self._begin(entity_set)
        row = changed_row(table.kind, self._existing(table, key), values, replace=replace)
        self._store(table, table.index(key), row)
        return row

    def delete(self, entity_set: Source, key: Key) -> None:
        table = self._begin(entity_set)
        self._existing(table, key)
        self._store(table, table.index(key), None)

    def undo(self) -> None:
        """Put back what every write replaced, the last one first."""
        while self._log:
            table, key, former = self._log.pop()
            _put(table, key, former)

    def close(self) -> None:
        """End the unit of work."""
        if self._writes:
            self._writes = False
            self._lock.release()

    def _begin(self, entity_set: Source) -> Table:
        if not self._writes:
            self._lock.acquire()
            self._writes = True
        return self._tables[entity_set.name]

    def _existing(self, table: Table, key: Key) -> Row:
        row = table.rows.get(table.index(key))
        if row is None:
            raise missing(table.entity_set, key)
        return row

    def _store(self, table: Table, key: Key, row: Row | None) -> None:
        self._log.append((table, key, table.rows.get(key)))
        _put(table, key, row)


def _put(table: Table, key: Key, row: Row | None) -> None:
    if row is None:
        table.rows.pop(key, None)
    else:
        table.rows[key] = row


class MemoryBackend:
    """All entity sets of a model in memory, with initial rows by the name of their set.

    >>> backend = MemoryBackend(model, {"Products": [{"ID": 1, "Name": "Milk"}]})
    """

    def __init__(self, model: Model, data: Mapping[str, Iterable[Row]] | None = None) -> None:
        self.model = model
        self._lock = RLock()
        self._tables = {name: Table(entity_set) for name, entity_set in model.entity_sets.items()}
        for name, rows in (data or {}).items():
            if name not in self._tables:
                raise ModelError(f"There is no entity set '{name}'.{suggestion(name, self._tables)}")
            for values in rows:
                key, row = self._tables[name].new(values)
                self._tables[name].rows[key] = row
        self._initial = {name: dict(table.rows) for name, table in self._tables.items()}
        self.reset()

    @contextmanager
    def session(self, context: Context) -> Iterator[MemorySession]:
        """A unit of work: its writes stay when it is left normally, and are undone when it is left by an exception."""
        session = MemorySession(self._tables, self._lock)
        try:
            yield session
        except BaseException:
            session.undo()
            raise
        finally:
            session.close()

    def reset(self) -> None:
        """Go back to the initial rows."""
        with self._lock:
            for name, table in self._tables.items():
                table.fill(self._initial[name])
