# What a backend is asked, and what it may answer: the one seam between the protocol and storage.
# A backend opens a session for each request (or each change set): leaving it normally commits, leaving it by an
# exception undoes every write made in it. A session offers as many of the small protocols below as it can.
# Nothing here knows versions, formats, headers' meaning or HTTP; rows are plain dictionaries of Python values.

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import field
from enum import Flag, auto
from typing import Any, Protocol, runtime_checkable

from ..edm import NavigationProperty
from ..query.tree import Bound, OrderBy, Source
from ..records import record

Row = Mapping[str, Any]
"""All properties of an entity in model order, in the Python forms of `odata_core.edm`. Never changed in place.

A row of a derived type names it (edm.rows.TYPE) and has all properties of that type; what an open type's row has beside
them are its dynamic properties. Contained entities stand within the row of their parent, under the name of the
navigation property: a row, None, or rows in the order of their keys. Where a session keeps links, they stand under that
name + BIND: a key, None, or a list of keys of the set (or `()` of the singleton) that the property is bound to.
"""

Key = tuple[Any, ...]
"""Key values in key order; `()` for a singleton."""


class Done(Flag):
    """The parts of a query that a backend has carried out; the core does the rest.

    PAGE means that filter and order are done as well, since a page of unfiltered rows is no page of the result.
    """

    NOTHING = 0
    FILTER = auto()
    ORDER = auto()
    PAGE = auto()


@record
class Query:
    """A question for entities of one set, or for a singleton, whose key is ().

    `count` asks for the number of matches before `skip` and `top`.
    """

    entity_set: Source
    filter: Bound | None = None
    order: tuple[OrderBy, ...] = ()
    skip: int = 0
    top: int | None = None
    count: bool = False


@record
class Answer:
    """Rows for a query, and what of it is done. `total` is needed where `count` was asked and PAGE is done.

    Rows of many entities need not be in memory: an iterator is read while the answer is sent, within the session, which
    stays open so long; perhaps by one thread after the other. A session that cannot do that gives a list.
    """

    rows: Iterable[Row]
    done: Done = Done.NOTHING
    total: int | None = None


@record
class Context:
    """What a backend may know of the request beside its meaning.

    `headers` are the request's (any case), `options` its custom query options (those without `$`).
    `response_headers` is for what the backend wants to tell the client, such as the id of a job. With `writes` the
    session is to write by what it has read, as with If-Match: others must not change that before it ends, or its writes
    must fail (a lock, BEGIN IMMEDIATE, a serializable transaction).
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    response_headers: dict[str, str] = field(default_factory=dict)
    writes: bool = False


@runtime_checkable
class Reads(Protocol):
    """The least a session can do."""

    def get(self, entity_set: Source, key: Key) -> Row | None:
        """The entity with this key, or None; for a singleton, whose key is (), None where it is null."""

    def select(self, query: Query) -> Answer:
        """At least all rows that match; `Answer.done` says what is left to do."""


@runtime_checkable
class KeepsLinks(Protocol):
    """A session that keeps links which no referential constraint describes, as keys in rows (see `Row`).

    `insert` and `update` take them in that form; the keys must be those of entities that exist, else BadRequest names
    the navigation property. The partner of a navigation property is kept in step, and what leads to an entity that is
    deleted vanishes.
    """

    keeps_links: bool


def keeps_links(session: object) -> bool:
    """Whether a session keeps links; without them a navigation property needs a referential constraint."""
    return getattr(session, "keeps_links", False) is True


@runtime_checkable
class Relates(Protocol):
    """Following navigation properties that no referential constraint describes: links, containment."""

    def related(self, navigation: NavigationProperty, rows: Sequence[Row]) -> Sequence[Sequence[Row]]:
        """For each row those that are related to it, in the order of their keys; none or one where it leads to one."""


@record
class Stream:
    """The content of a media entity or of a stream property. Without an `etag` the store makes one."""

    content_type: str
    content: bytes
    etag: str = ""


@runtime_checkable
class Streams(Protocol):
    """Media: `name` is None for the stream of a media entity, else that of a property of type Edm.Stream.

    Rows show the media type of a stream in MEDIA_TYPE or in the property, and its ETag in MEDIA_ETAG or name +
    MEDIA_ETAG. Only `write_stream` sets these; in what `insert` and `update` are given they are ignored. A deleted
    entity takes its streams with it, and writes are undone with the session as all others are.
    """

    def read_stream(self, entity_set: Source, key: Key, name: str | None) -> Stream | None:
        """The stream of an entity, or None where it has none or is not there itself."""

    def write_stream(self, entity_set: Source, key: Key, name: str | None, stream: Stream | None) -> None:
        """Another content, or none. NotFound for a missing entity, BadRequest for one that has no such stream."""


@runtime_checkable
class Tracks(Protocol):
    """A session that knows what was written since an earlier moment, for clients that want only what has changed."""

    def moment(self) -> str:
        """The moment that the session is at, as text that means something to this backend only."""

    def changes(self, entity_set: Source, since: str) -> Sequence[tuple[Row, bool]] | None:
        """What was written since: each entity once, as it is now, or as it was last and True where it is gone.

        More than that may be told, but nothing may be left out: None where the moment is none, or too long ago.
        """


@runtime_checkable
class Writes(Protocol):
    """Creating, changing and deleting single entities. A session with a false `writes_related` takes no related ones.

    `values` holds only what the client gave, checked against the model: properties, contained entities (all of them:
    what is given replaces what is there), and links where the session `keeps_links`. A session raises errors of
    `odata_core.errors`: NotFound for a missing entity, Conflict for a taken key and for what other entities depend on,
    BadRequest for values that do not do. A write that raises has changed nothing; the session goes on.
    """

    def insert(self, entity_set: Source, values: Row) -> Row:
        """Create an entity and return it as stored, server-made values included; also a singleton that is null."""

    def update(self, entity_set: Source, key: Key, values: Row, *, replace: bool) -> Row:
        """Change what is given; with `replace`, reset what is not (PUT). Return the entity as stored."""

    def delete(self, entity_set: Source, key: Key) -> None:
        """Remove an entity; a nullable singleton becomes null."""


class Backend(Protocol):
    """A store of entities. Sessions of different threads may be open at the same time."""

    def session(self, context: Context) -> AbstractContextManager[Reads]:
        """A unit of work, for one request."""
