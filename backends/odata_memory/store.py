# A store of dictionaries for any model: one table an entity set or singleton, rows by key.
# Strategy: rows are replaced and never changed, so a reader needs no copy of a row, and undoing a write is putting
# the former row back. One lock: a session takes it with its first write, or at once where it writes by what it reads,
# and keeps it to its end, so others see all of its writes or none; a reading session takes it for each question only.
# The lock belongs to a thread: a session must end in the thread that wrote in it.
# Conditions and orders are left to the core, except the order of keys, which tables keep; keys, foreign keys and other
# columns that a condition demands are looked up.

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace as replaced
from functools import partial
from hashlib import sha256
from threading import RLock
from typing import Any, Self

from odata_core.backend import Answer, Context, Key, Query, Row, Source, Stream
from odata_core.backend.rows import changed_row, missing, type_of
from odata_core.edm import Model, Singleton
from odata_core.edm.primitives import STREAM
from odata_core.edm.rows import MEDIA_ETAG, MEDIA_TYPE
from odata_core.errors import BadRequest, Conflict

from .history import History
from .integrity import Integrity, Place
from .loading import Data, load
from .table import Table

Streams = Mapping[str | None, Stream]


class Contents:
    """All that a backend holds: tables by the name of their set or singleton, streams by place, and the rules."""

    def __init__(self, model: Model, *, check_references: bool) -> None:
        sources: list[Source] = [*model.entity_sets.values(), *model.singletons.values()]
        self.tables = {source.name: Table(source) for source in sources}
        self.streams: dict[Place, Streams] = {}
        self.integrity = Integrity(self.tables, checks=check_references)
        self.history = History()
        self.lock = RLock()
        self.writers: list[MemorySession] = []  # sessions that wrote, of the thread that has the lock

    def put(self, table: Table, key: Key, row: Row | None) -> Row | None:
        """Another row in a place, or none. The former one is returned."""
        former = table.put(key, row)
        self.integrity.changed(table, key, former, row)
        last = former if row is None else row
        if last is not None:
            self.history.note(table.source.name, key, last, is_gone=row is None)
        return former

    def put_streams(self, place: Place, streams: Streams) -> Streams:
        """Other streams of an entity. The former ones are returned."""
        former = self.streams.pop(place, {})
        if streams:
            self.streams[place] = streams
        return former

    def state(self) -> tuple[Mapping[str, Mapping[Key, Row]], Mapping[Place, Streams]]:
        """Everything that is there now."""
        return {name: dict(table.rows) for name, table in self.tables.items()}, dict(self.streams)

    def fill(self, rows: Mapping[str, Mapping[Key, Row]], streams: Mapping[Place, Streams]) -> None:
        """Hold what was there at another time."""
        for name, table in self.tables.items():
            table.fill(rows[name])
        self.streams = dict(streams)
        self.integrity.forget()
        self.history = History()


class MemorySession:
    """One unit of work. `undo` takes back its writes, `close` lets others see what is left of them."""

    keeps_links = True
    is_exclusive = False  # whether others are kept out from the beginning, and not only from the first write

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._tables = contents.tables
        self._lock = contents.lock
        self._log: list[Callable[[], Any]] = []
        self._writes = False

    def __enter__(self) -> Self:
        if self.is_exclusive:
            self._begin()
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        try:
            if kind is not None:
                self.undo()
        finally:
            self.close()

    # ------------------------------------------------------------ reading

    def get(self, entity_set: Source, key: Key) -> Row | None:
        table = self._tables[entity_set.name]
        with self._lock:
            return table.rows.get(table.index(key))

    def select(self, query: Query) -> Answer:
        with self._lock:
            return self._tables[query.entity_set.name].answer(query)

    def read_stream(self, entity_set: Source, key: Key, name: str | None) -> Stream | None:
        place = (entity_set.name, self._tables[entity_set.name].index(key))
        with self._lock:
            return self._contents.streams.get(place, {}).get(name)

    def moment(self) -> str:
        with self._lock:
            return self._contents.history.moment()

    def changes(self, entity_set: Source, since: str) -> Sequence[tuple[Row, bool]] | None:
        with self._lock:
            return self._contents.history.since(entity_set.name, since)

    # ------------------------------------------------------------ writing

    def insert(self, entity_set: Source, values: Row) -> Row:
        with self._write() as integrity:
            table = self._tables[entity_set.name]
            key, row = table.new(values)
            self._settle(integrity, table, key, row, None)
            return table.rows[key]

    def update(self, entity_set: Source, key: Key, values: Row, *, replace: bool) -> Row:
        with self._write() as integrity:
            table, place, current = self._existing(entity_set, key)
            row = changed_row(table.kind, current, values, replace=replace)
            self._settle(integrity, table, place, row, current)
            return table.rows[place]

    def delete(self, entity_set: Source, key: Key) -> None:
        with self._write() as integrity:
            table, place, _row = self._existing(entity_set, key)
            if isinstance(entity_set, Singleton) and not entity_set.nullable:
                raise Conflict(f"The singleton '{entity_set.name}' is not nullable, so it cannot be deleted.")
            for gone in integrity.release(self._store, (table.source.name, place)):
                if gone in self._contents.streams:
                    self._store_streams(gone, {})

    def write_stream(self, entity_set: Source, key: Key, name: str | None, stream: Stream | None) -> None:
        with self._write():
            table, place, row = self._existing(entity_set, key)
            kind = type_of(table.kind, row)
            prop = None if name is None else kind.properties.get(name)
            if not (kind.has_stream if name is None else prop is not None and prop.type is STREAM):
                what = "media stream" if name is None else f"stream '{name}'"
                raise BadRequest(
                    f"An entity of the type '{kind.qualified_name}' has no {what}.", target=name or "$value"
                )
            where = (table.source.name, place)
            others = {other: one for other, one in self._contents.streams.get(where, {}).items() if other != name}
            stream = None if stream is None else tagged(stream)
            self._store_streams(where, others if stream is None else {**others, name: stream})
            self._store(table, place, told(row, name, stream))

    def _settle(self, integrity: Integrity, table: Table, key: Key, row: Row, former: Row | None) -> None:
        """Store a row, see that it leads somewhere (to itself perhaps), and keep links in step."""
        self._store(table, key, row)
        integrity.check(table, row, former)
        integrity.link(self._store, table, key, former)

    def _store(self, table: Table, key: Key, row: Row | None) -> None:
        """Put a row into its place, or nothing; what was there comes back with `undo`."""
        former = self._contents.put(table, key, row)
        self._log.append(partial(self._contents.put, table, key, former))

    def _store_streams(self, place: Place, streams: Streams) -> None:
        self._log.append(partial(self._contents.put_streams, place, self._contents.put_streams(place, streams)))

    def _existing(self, entity_set: Source, key: Key) -> tuple[Table, Key, Row]:
        table = self._tables[entity_set.name]
        place = table.index(key)
        row = table.rows.get(place)
        if row is None:
            raise missing(table.source, key)
        return table, place, row

    def _begin(self) -> None:
        """Keep others out from now on."""
        if not self._writes:
            self._lock.acquire()
            self._writes = True
            self._contents.writers.append(self)

    @contextmanager
    def _write(self) -> Iterator[Integrity]:
        """One write: it is done whole, or what it did until it failed is undone."""
        self._begin()
        mark = len(self._log)
        try:
            yield self._contents.integrity
        except BaseException:
            self._undo_to(mark)
            raise

    # ------------------------------------------------------------ the end

    def remember(self) -> None:
        """Let `undo` bring back everything that is there now."""
        self._log.append(partial(self._contents.fill, *self._contents.state()))

    def undo(self) -> None:
        """Put back what every write replaced, the last one first."""
        self._undo_to(0)

    def _undo_to(self, mark: int) -> None:
        while len(self._log) > mark:
            self._log.pop()()

    def close(self) -> None:
        """End the unit of work."""
        if self._writes:
            self._writes = False
            self._contents.writers.remove(self)
            self._lock.release()


class MemoryBackend:
    """All entity sets and singletons of a model in memory, with initial rows by their names.

    >>> backend = MemoryBackend(model, {"Products": [{"ID": 1, "Name": "Milk"}], "Company": {"Name": "Dairy"}})

    A row may hold contained entities, entities of other sets, which are put there and related to it, and references by
    key: `{"ID": 1, "Lines": [{"Number": 1}], "Category": {"ID": 7}, "Friends@odata.bind": [(2,), (3,)]}`. Rows come in
    any order. `streams` are the contents of media entities (name None) and stream properties, by set, key and name.

    With `check_references` a foreign key must lead to an entity that exists, and what depends on an entity that is
    deleted is deleted, set to null, or forbids it (integrity.py says when). ModelError for initial rows that refer to
    what is not there.
    """

    kind_of_session = MemorySession
    """What `session` gives: a subclass may have one that does more with each write."""

    def __init__(
        self,
        model: Model,
        data: Data | None = None,
        *,
        streams: Mapping[tuple[str, Key, str | None], Stream] | None = None,
        check_references: bool = True,
    ) -> None:
        self.model = model
        self._contents = Contents(model, check_references=check_references)
        load(self._contents.tables, self._contents.integrity, data or {})
        with self.session(Context()) as session:
            for (name, key, stream_name), stream in (streams or {}).items():
                session.write_stream(self._contents.tables[name].source, key, stream_name, stream)
        self._initial = self._contents.state()
        self._contents.fill(*self._initial)

    def session(self, context: Context) -> AbstractContextManager[MemorySession]:
        """A unit of work: its writes stay when it is left normally, and are undone when it is left by an exception."""
        session = self.kind_of_session(self._contents)
        session.is_exclusive = context.writes
        return session

    def reset(self) -> None:
        """Go back to the initial rows. Within a session that writes, this is one of its writes."""
        with self._contents.lock:
            if self._contents.writers:
                self._contents.writers[-1].remember()
            self._contents.fill(*self._initial)


def tagged(stream: Stream) -> Stream:
    """The stream with an ETag: without one of its own, one that tells equal contents."""
    if stream.etag:
        return stream
    digest = sha256(stream.content_type.encode() + b"\0" + stream.content).hexdigest()
    return replaced(stream, etag=f'"{digest[:32]}"')


def told(row: Row, name: str | None, stream: Stream | None) -> dict[str, Any]:
    """A row that tells the media type and the ETag of a stream, or that there is none."""
    kind, etag = (MEDIA_TYPE, MEDIA_ETAG) if name is None else (name, name + MEDIA_ETAG)
    found = {member: value for member, value in row.items() if member != etag and (member == name or member != kind)}
    found |= {kind: None} if stream is None else {kind: stream.content_type, etag: stream.etag}
    if stream is None and name is None:
        del found[MEDIA_TYPE]
    return found
