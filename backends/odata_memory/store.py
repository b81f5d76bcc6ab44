# A store of dictionaries for any model: one table an entity set or singleton, rows by key.
# Strategy: rows are replaced and never changed, so a reader needs no copy of a row, and undoing a write is putting the
# former row back. One lock: a session takes it with its first write and keeps it to its end, so others see all of its
# writes or none; a reading session takes it for each question only. The lock belongs to a thread: a session must end
# in the thread that wrote in it.
# Filter, order and pages are left to the core; keys and foreign keys that a condition demands are looked up directly.

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import RLock
from typing import Any

from odata_core.backend import Answer, Context, Key, Query, Row, Source, Stream
from odata_core.backend.rows import changed_row, missing
from odata_core.edm import Model, ModelError
from odata_core.edm.rows import MEDIA_TYPE
from odata_core.errors import ODataError, suggestion

from .integrity import Integrity
from .table import Table

Log = list[tuple[Any, Any, Any]]
Streams = dict[tuple[str, Key, str | None], Stream]


class MemorySession:
    """One unit of work. `undo` takes back its writes, `close` lets others see what is left of them."""

    keeps_links = True

    def __init__(self, tables: Mapping[str, Table], streams: Streams, integrity: Integrity, lock: RLock) -> None:
        self._tables = tables
        self._streams = streams
        self._integrity = integrity
        self._lock = lock
        self._log: Log = []
        self._writes = False

    # ------------------------------------------------------------ reading

    def get(self, entity_set: Source, key: Key) -> Row | None:
        table = self._tables[entity_set.name]
        with self._lock:
            return table.rows.get(table.index(key))

    def select(self, query: Query) -> Answer:
        with self._lock:
            return Answer(self._tables[query.entity_set.name].candidates(query))

    def read_stream(self, entity_set: Source, key: Key, name: str | None) -> Stream | None:
        with self._lock:
            return self._streams.get((entity_set.name, self._tables[entity_set.name].index(key), name))

    # ------------------------------------------------------------ writing

    def insert(self, entity_set: Source, values: Row) -> Row:
        table = self._begin(entity_set)
        key, row = table.new(values)
        self._integrity.check_references(self._tables, table, row)
        self.store(table, key, row)
        self._integrity.link(self, self._tables, table, None, row)
        return row

    def update(self, entity_set: Source, key: Key, values: Row, *, replace: bool) -> Row:
        table = self._begin(entity_set)
        current = self._existing(table, key)
        row = changed_row(table.kind, current, values, replace=replace)
        self._integrity.check_references(self._tables, table, row, current)
        self.store(table, table.index(key), row)
        self._integrity.link(self, self._tables, table, current, row)
        return row

    def delete(self, entity_set: Source, key: Key) -> None:
        table = self._begin(entity_set)
        row = self._existing(table, key)
        self._integrity.release(self, self._tables, table, row)
        place = table.index(key)
        self.store(table, place, None)
        for name in [name for owner, at, name in self._streams if (owner, at) == (table.source.name, place)]:
            self._put_stream((table.source.name, place, name), None)

    def write_stream(self, entity_set: Source, key: Key, name: str | None, stream: Stream | None) -> None:
        table = self._begin(entity_set)
        row, place = self._existing(table, key), table.index(key)
        self._put_stream((entity_set.name, place, name), stream)
        self.store(table, place, {**row, name or MEDIA_TYPE: None if stream is None else stream.content_type})

    def store(self, table: Table, key: Key, row: Row | None) -> None:
        """Put a row into its place, or nothing; what was there comes back with `undo`."""
        self._log.append((table, key, table.rows.get(key)))
        table.put(key, row)

    def _put_stream(self, place: tuple[str, Key, str | None], stream: Stream | None) -> None:
        self._log.append((self._streams, place, self._streams.get(place)))
        _put(self._streams, place, stream)

    def _begin(self, entity_set: Source) -> Table:
        if not self._writes:
            self._lock.acquire()
            self._writes = True
        return self._tables[entity_set.name]

    def _existing(self, table: Table, key: Key) -> Row:
        row = table.rows.get(table.index(key))
        if row is None:
            raise missing(table.source, key)
        return row

    # ------------------------------------------------------------ the end

    def undo(self) -> None:
        """Put back what every write replaced, the last one first."""
        while self._log:
            place, key, former = self._log.pop()
            if isinstance(place, Table):
                place.put(key, former)
            else:
                _put(place, key, former)

    def close(self) -> None:
        """End the unit of work."""
        if self._writes:
            self._writes = False
            self._lock.release()


def _put(streams: Streams, place: tuple[str, Key, str | None], stream: Stream | None) -> None:
    if stream is None:
        streams.pop(place, None)
    else:
        streams[place] = stream


class MemoryBackend:
    """All entity sets and singletons of a model in memory, with initial rows by their names.

    >>> backend = MemoryBackend(model, {"Products": [{"ID": 1, "Name": "Milk"}], "Company": {"Name": "Dairy"}})

    Contained entities stand in the rows of their parents, links without a referential constraint as keys:
    `{"ID": 1, "Lines": [{"Number": 1}], "Friends@odata.bind": [(2,), (3,)]}`. With `check_references` a foreign key
    must lead to an entity that exists.
    """

    def __init__(
        self,
        model: Model,
        data: Mapping[str, Iterable[Row] | Row | None] | None = None,
        *,
        streams: Mapping[tuple[str, Key, str | None], Stream] | None = None,
        check_references: bool = True,
    ) -> None:
        self.model = model
        self._lock = RLock()
        sources: list[Source] = [*model.entity_sets.values(), *model.singletons.values()]
        self._tables = {source.name: Table(source) for source in sources}
        self._integrity = Integrity(model, checks=check_references)
        self._streams: Streams = dict(streams or {})
        for name, rows in (data or {}).items():
            self._load(name, rows)
        self._check_loaded()
        self._initial = {name: dict(table.rows) for name, table in self._tables.items()}
        self._initial_streams = dict(self._streams)
        self.reset()

    def _load(self, name: str, rows: Iterable[Row] | Row | None) -> None:
        if name not in self._tables:
            raise ModelError(f"There is no entity set '{name}'.{suggestion(name, self._tables)}")
        table = self._tables[name]
        several: Iterable[Row] = [] if rows is None else [rows] if isinstance(rows, Mapping) else rows
        for values in several:
            key, row = table.new(values)
            table.put(key, row)

    def _check_loaded(self) -> None:
        for table in self._tables.values():
            for row in table.rows.values():
                try:
                    self._integrity.check_references(self._tables, table, row)
                except ODataError as error:
                    raise ModelError(f"The initial rows of '{table.source.name}': {error.message}") from None

    @contextmanager
    def session(self, context: Context) -> Iterator[MemorySession]:
        """A unit of work: its writes stay when it is left normally, and are undone when it is left by an exception."""
        session = MemorySession(self._tables, self._streams, self._integrity, self._lock)
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
            self._streams.clear()
            self._streams.update(self._initial_streams)
