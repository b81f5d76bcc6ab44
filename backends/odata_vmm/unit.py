# One request's work on a site: who asks, what the store says, what time it is.
# The store is any backend of the core over the VMM model. It keeps what a hypervisor cannot: owners, descriptions, ids,
# roles, jobs. Its sessions are short: no driver call is ever made inside one.

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import lru_cache
from threading import Lock
from typing import Any, Final
from uuid import UUID

from odata_core.backend import Backend, Context, Query, Row, Writes
from odata_core.backend.completion import complete
from odata_core.edm import EntitySet, Model, Timestamp
from odata_core.errors import BadGateway, Conflict, Forbidden, InternalError, NotFound, ODataError, Unavailable
from odata_core.query.conditions import equals

from .caller import Caller
from .drivers.contract import Denied, Driver, DriverError, OutcomeUnknown, Rejected
from .drivers.contract import NotFound as MissingOnHost
from .drivers.contract import Unavailable as HostUnavailable
from .workers import Workers

_WRITING: Final = Context(writes=True)
# What a driver's failure means to a client.
DRIVER_ERRORS: Final[tuple[tuple[type[DriverError], type[ODataError]], ...]] = (
    (MissingOnHost, NotFound),
    (Denied, Forbidden),
    (Rejected, Conflict),
    (HostUnavailable, Unavailable),
    (OutcomeUnknown, BadGateway),
)


MOST_WARNINGS: Final = 4_000  # characters of the header
# Where things are on a host is no client's business: all of a path but its last part, as POSIX and Windows write it.
_FOLDERS: Final = re.compile(r"""(?<![\w:/.\\])(?:/(?:[^/\s'":]+/)+|(?:[A-Za-z]:|\\)(?:\\[^\\/:*?"'<>|\r\n]+)*\\)""")

log = logging.getLogger("odata.vmm")


class JobKeys:
    """The keys of the jobs that are kept, the oldest first."""

    def __init__(self) -> None:
        self._keys: deque[tuple[UUID, UUID]] = deque()
        self._lock = Lock()

    def add(self, key: tuple[UUID, UUID], most: int) -> list[tuple[UUID, UUID]]:
        """Note a new job; the jobs that are too many."""
        with self._lock:
            self._keys.append(key)
            return [self._keys.popleft() for _ in range(len(self._keys) - most)]


@dataclass(slots=True)
class Site:
    """What the service stands on: stamps of hosts, each behind a driver, a store, and the zone of printed times."""

    model: Model
    stamps: Mapping[UUID, Driver]
    store: Backend
    zone: tzinfo
    workers: Workers = field(default_factory=Workers)
    job_keys: JobKeys = field(default_factory=JobKeys)


@dataclass(frozen=True, slots=True)
class Unit:
    """A request's view of the site."""

    site: Site
    caller: Caller
    context: Context

    def entity_set(self, name: str) -> EntitySet:
        """An entity set of the model."""
        return self.site.model.entity_sets[name]

    def now(self) -> Timestamp:
        """This moment on the site's clock."""
        return Timestamp.now(self.site.zone)

    def driver(self, stamp: UUID) -> Driver:
        """What asks the hosts of a stamp that is known."""
        return self.site.stamps[stamp]

    def stored(self, set_name: str, key: tuple[Any, ...]) -> Row | None:
        """A row of the store, or None."""
        with self.site.store.session(self.context) as session:
            return session.get(self.entity_set(set_name), key)

    def stored_rows(self, set_name: str, **where: Any) -> list[Row]:
        """The rows that the store has of a set, all of them or those with these values."""
        entity_set = self.entity_set(set_name)
        query = Query(entity_set, equals(entity_set.type, where) if where else None)
        with self.site.store.session(self.context) as session:
            return list(complete(session.select(query), query)[0])

    def save(self, set_name: str, row: Row) -> Row:
        """Insert a row or replace the one with its key."""
        entity_set = self.entity_set(set_name)
        key = entity_set.type.key_of(row)
        with self.site.store.session(_WRITING) as session:
            assert isinstance(session, Writes)
            if session.get(entity_set, key) is None:
                return session.insert(entity_set, row)
            return session.update(entity_set, key, row, replace=True)

    def change(self, set_name: str, row: Row, **changes: Any) -> Row:
        """Change single values of a row, whatever others change meanwhile; insert the row where it is not there."""
        entity_set = self.entity_set(set_name)
        key = entity_set.type.key_of(row)
        with self.site.store.session(_WRITING) as session:
            assert isinstance(session, Writes)
            if session.get(entity_set, key) is None:
                return session.insert(entity_set, {**row, **changes})
            return session.update(entity_set, key, changes, replace=False)

    def forget(self, set_name: str, key: tuple[Any, ...]) -> None:
        """Remove a row where there is one."""
        entity_set = self.entity_set(set_name)
        with self.site.store.session(_WRITING) as session:
            assert isinstance(session, Writes)
            if session.get(entity_set, key) is not None:
                session.delete(entity_set, key)

    def warn(self, text: str) -> None:
        """Tell the client what the answer lacks: a header, since no format has a place for it (RFC 7234, 5.5)."""
        text = without_folders(text)[:300]
        said = _warning("".join([char if " " <= char <= "~" and char not in '"\\' else "'" for char in text]))
        headers = self.context.response_headers
        earlier = headers.get("Warning", "")
        if said in earlier or earlier.endswith(_MORE):
            return
        # Clients refuse long headers, and with them the answer.
        said = said if len(earlier) + len(said) <= MOST_WARNINGS else _MORE
        headers["Warning"] = f"{earlier}, {said}" if earlier else said


def _warning(text: str) -> str:
    return f'199 - "{text}"'


_MORE: Final = _warning("There is more that is missing.")


@lru_cache(256)
def without_folders(text: str) -> str:
    """A driver's words for a client. What is left out is in the log, once as long as it is remembered."""
    shown = _FOLDERS.sub("", text)
    if shown != text:
        log.warning("A client is told without the folders: %s", text)
    return shown


def told_as(error: DriverError) -> ODataError:
    """The error of the service for a driver's."""
    for kind, told in DRIVER_ERRORS:
        if isinstance(error, kind):
            return told(without_folders(str(error)))
    return InternalError("The hypervisor driver failed.")
