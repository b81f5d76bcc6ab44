# What a hypervisor cannot keep (roles, owners, descriptions, ids, jobs), kept in one SQLite file.
# Strategy: all rows live in the memory backend, which answers every question; what a session has written goes into the
# file in one transaction before the session ends, or is undone here as well. So the file is only read at the start, and
# always holds whole units of work: a crash leaves what the last session left.
# One process has the file at a time. A row is one document: the JSON that the wire has, at its barest.

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final

from odata_core.backend import Context, Key, Row
from odata_core.edm import EntitySet, Model
from odata_core.errors import BadRequest, ODataError, Unavailable
from odata_core.limits import Limits
from odata_core.payload.codec import About, Reading, Shape
from odata_core.payload.json_codec import json_v3
from odata_memory import MemoryBackend
from odata_memory.store import Contents, MemorySession
from odata_memory.table import Table

FORMAT: Final = 1  # of the file; kept as SQLite's user_version
_MARK: Final = 0x564D4D31  # "VMM1", SQLite's application_id: a file of something else is left alone
_CODEC: Final = json_v3("none")
_ABOUT: Final = About("")
# A row was checked when it was written, by whatever bounds applied then.
_LIMITS: Final = Limits(body_bytes=1 << 30)

Change = tuple[str, str, bytes | None]
"""The entity set of a row, its key as text, and the row as JSON; None for a row that is gone."""


class RowFile:
    """The file: rows by set and key. Knows SQL and bytes, and nothing of models."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1)
            # EXCLUSIVE: a second process that opens the file is told so, rather than losing what this one writes.
            for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._open()
        except sqlite3.Error as error:
            raise BadRequest(f"The store '{path}' cannot be opened: {str(error).rstrip('.')}.") from error
        self._lock = Lock()

    def _open(self) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        (mark,), (form,) = [connection.execute(f"PRAGMA {name}").fetchone() for name in _VERSION_PRAGMAS]
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if mark != _MARK and (mark or tables):
            raise sqlite3.DatabaseError("it is a database of another program")
        if form > FORMAT:
            raise sqlite3.DatabaseError(f"it has the format {form}, and this version knows formats up to {FORMAT}")
        if not tables:
            connection.execute(
                "CREATE TABLE entities (entity_set TEXT, key TEXT, document BLOB NOT NULL, "
                "PRIMARY KEY (entity_set, key)) WITHOUT ROWID"
            )
            connection.execute(f"PRAGMA application_id = {_MARK}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """Every row: the name of its set and its JSON."""
        yield from self._connection.execute("SELECT entity_set, document FROM entities ORDER BY entity_set, key")

    def write(self, changes: list[Change]) -> None:
        """All of the changes or, with an sqlite3.Error, none."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for name, key, document in changes:
                    if document is None:
                        self._connection.execute("DELETE FROM entities WHERE entity_set = ? AND key = ?", (name, key))
                    else:
                        self._connection.execute(
                            "INSERT OR REPLACE INTO entities VALUES (?, ?, ?)", (name, key, document)
                        )
                self._connection.execute("COMMIT")
            except BaseException:
                # Where the disk is full or broken, SQLite has done it already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Let another process have the file; closing twice does no harm."""
        self._connection.close()


_VERSION_PRAGMAS: Final = ("application_id", "user_version")


class _StoreSession(MemorySession):
    """A session that knows which rows it has written."""

    def __init__(self, contents: Contents) -> None:
        super().__init__(contents)
        self.written: dict[tuple[str, Key], Table] = {}

    def _store(self, table: Table, key: Key, row: Row | None) -> None:
        super()._store(table, key, row)
        self.written[table.source.name, key] = table


class SqliteStore(MemoryBackend):
    """A store for `VmmService` that survives the process. BadRequest for a file that is none, or is in use.

    >>> store = SqliteStore(vmm_model(), Path("vmm.sqlite"))
    """

    kind_of_session = _StoreSession

    def __init__(self, model: Model, path: Path) -> None:
        self._file = RowFile(path)
        try:
            super().__init__(model, self._read(model), check_references=False)
        except ODataError as error:
            self._file.close()
            raise BadRequest(f"The store '{path}' is damaged: {error.message}") from error

    def _read(self, model: Model) -> dict[str, list[dict[str, Any]]]:
        rows: dict[str, list[dict[str, Any]]] = {}
        reading = Reading(model, _LIMITS, is_request=False)
        count = 0
        try:
            for name, document in self._file.rows():
                count += 1
                row = _CODEC.read_entity(document, model.entity_sets[name].type, reading)
                rows.setdefault(name, []).append(row)
        except (sqlite3.Error, ODataError, KeyError, TypeError) as error:
            raise BadRequest(f"its row {count} cannot be read: {error}.") from error
        return rows

    @contextmanager
    def session(self, context: Context) -> Iterator[MemorySession]:
        """A unit of work that is in the file when it is left; Unavailable, and undone, where that cannot be written."""
        with super().session(context) as session:
            yield session
            assert isinstance(session, _StoreSession), "sessions are of the kind above"
            if session.written:
                try:
                    self._file.write([_change(table, key) for (_name, key), table in session.written.items()])
                except sqlite3.Error as error:
                    raise Unavailable(f"The service's store cannot be written: {str(error).rstrip('.')}.") from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _change(table: Table, key: Key) -> Change:
    row = table.rows.get(key)
    source = table.source
    assert isinstance(source, EntitySet), "the service has no singletons"
    text = "\n".join([str(part) for part in key])
    return source.name, text, None if row is None else _CODEC.write_entity(Shape(source.type, source), row, _ABOUT)
