# Operation -> backend -> reply: one small function an action, each asking the backend as few times as it can.
# By the time one runs, the request is understood and the format of the answer is chosen.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..backend import Backend, Context, Query, Reads, Row, Writes
from ..backend.completion import complete, relations_of
from ..edm import EntitySet, Model, PrimitiveType
from ..edm import primitives as edm
from ..errors import BadRequest, MethodNotAllowed, NotFound, PreconditionFailed
from ..limits import Limits
from ..payload.json_light import (
    entity_path,
    read_entity,
    write_entity,
    write_feed,
    write_links,
    write_property,
    write_service,
)
from ..payload.json_text import decode_json, encode_json
from ..payload.service_xml import write_service_xml
from ..payload.values import raw_text
from ..protocol import Exchange, Format, check_content_type
from .messages import Request
from .options import Options
from .plan import Action, Operation
from .selection import Walker


@dataclass(frozen=True, slots=True)
class Work:
    """A request that is wholly understood. `format` is None where a success has no body."""

    request: Request
    exchange: Exchange
    model: Model
    limits: Limits
    operation: Operation
    options: Options
    format: Format | None
    metadata: bytes

    @property
    def level(self) -> str:
        """The metadata level of a JSON answer, '' for other formats."""
        return self.format.metadata if self.format is not None else ""

    @property
    def entity_set(self) -> EntitySet:
        return self.operation.resource.entity_set


@dataclass(frozen=True, slots=True)
class Reply:
    """What an operation answers, before the headers that every answer has."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    has_body: bool = True


def show_service(work: Work) -> Reply:
    """The service document, in JSON or AtomPub."""
    root, names = work.request.root, work.model.entity_sets
    if work.level:
        return Reply(200, encode_json(write_service(root, names, level=work.level)))
    return Reply(200, write_service_xml(root, names))


def show_metadata(work: Work) -> Reply:
    """The model as CSDL, rendered once for the service."""
    return Reply(200, work.metadata)


def read_collection(work: Work, session: Reads) -> Reply:
    """A feed, with the count where it is asked for."""
    rows, total = _select(work, session)
    feed = write_feed(
        work.request.root, work.entity_set, rows, level=work.level, select=work.options.select, count=total
    )
    return Reply(200, encode_json(feed))


def _select(work: Work, session: Reads) -> tuple[Sequence[Row], int | None]:
    options = work.options
    selection = _walker(work, session).selection(work.operation.resource)
    if selection.conditions is None:
        return [], 0 if options.count else None
    condition = selection.condition(options.filter)
    query = Query(selection.entity_set, condition, options.order, options.skip, options.top, options.count)
    return complete(session.select(query), query, relations_of(session))


def read_one(work: Work, session: Reads) -> Reply:
    """An entity."""
    return Reply(200, _entity_body(work, _walker(work, session).entity(work.operation.resource)))


def _entity_body(work: Work, row: Row) -> bytes:
    return encode_json(
        write_entity(work.request.root, work.entity_set, row, level=work.level, select=work.options.select)
    )


def read_property(work: Work, session: Reads) -> Reply:
    """A property of an entity, complex or not."""
    prop = work.operation.resource.properties[-1]
    value = _property_value(work, session)
    if prop.type is edm.STREAM:
        raise NotFound(f"The named stream '{prop.name}' has no content here.")
    return Reply(200, encode_json(write_property(work.request.root, prop, value, level=work.level)))


def read_value(work: Work, session: Reads) -> Reply:
    """A primitive value by itself, as text or bytes."""
    prop = work.operation.resource.properties[-1]
    value = _property_value(work, session)
    if value is None or prop.type is edm.STREAM:
        raise NotFound(f"The property '{prop.name}' is null, so it has no raw value.")
    if prop.type is edm.BINARY:
        return Reply(200, bytes(value))
    return Reply(200, (raw_text(prop.type, value) if isinstance(prop.type, PrimitiveType) else str(value)).encode())


def _property_value(work: Work, session: Reads) -> Any:
    resource = work.operation.resource
    value: Any = _walker(work, session).entity(resource)
    for prop in resource.properties:
        if value is None:
            raise NotFound(f"There is no '{prop.name}': the value that should hold it is null.")
        value = value[prop.name]
    return value


def read_count(work: Work, session: Reads) -> Reply:
    """The number of entities, as text."""
    resource = work.operation.resource
    if not resource.is_collection:
        _walker(work, session).entity(resource)
        return Reply(200, b"1")
    selection = _walker(work, session).selection(resource)
    if selection.conditions is None:
        return Reply(200, b"0")
    query = Query(selection.entity_set, selection.condition(work.options.filter), top=0, count=True)
    _rows, total = complete(session.select(query), query, relations_of(session))
    return Reply(200, str(total).encode())


def read_links(work: Work, session: Reads) -> Reply:
    """The URLs of related entities."""
    resource, root = work.operation.resource, work.request.root
    source, hop = resource.hops[-2:]
    assert hop.navigation is not None
    if hop.is_single:
        rows: Sequence[Row] = [_walker(work, session).entity(resource)]
    else:
        rows, _total = _select(work, session)
    urls = [root + entity_path(hop.entity_set, row) for row in rows]
    name, is_collection = hop.navigation.name, not hop.is_single
    links = write_links(root, source.entity_set, name, urls, is_collection=is_collection, level=work.level)
    return Reply(200, encode_json(links))


def create(work: Work, session: Reads) -> Reply:
    """A new entity: 201 with it, or 204 where the client does not want it back (Protocol 3.0, 10.3.1)."""
    selection = _walker(work, session).selection(work.operation.resource)
    if selection.conditions is None:
        raise BadRequest("Nothing can be added here: the entity in the path has no value to relate others by.")
    # POST to a navigation property relates the new entity: the referential constraint decides, not the body.
    values = {**_read_body(work), **selection.conditions}
    row = _writes(session, work.entity_set).insert(work.entity_set, values)
    location = work.request.root + entity_path(work.entity_set, row)
    if work.format is None:
        id_header = work.exchange.profile.entity_id_header
        headers = (("Location", location), (id_header, location), *_preference(work))
        return Reply(204, headers=headers, has_body=False)
    return Reply(201, _entity_body(work, row), (("Location", location), *_preference(work)))


def update(work: Work, session: Reads) -> Reply:
    """A changed entity: 204, or 200 with it where the client wants it (Protocol 3.0, 10.3.2 and 10.3.3)."""
    key = _existing_key(work, session)  # a missing entity is 404 whatever the body says, as in WCF Data Services
    replaces = work.operation.replaces
    row = _writes(session, work.entity_set).update(work.entity_set, key, _read_body(work), replace=replaces)
    if work.format is None:
        return Reply(204, headers=_preference(work), has_body=False)
    return Reply(200, _entity_body(work, row), _preference(work))


def delete(work: Work, session: Reads) -> Reply:
    """An entity less: 204."""
    key = _existing_key(work, session)
    _writes(session, work.entity_set).delete(work.entity_set, key)
    return Reply(204, has_body=False)


def _existing_key(work: Work, session: Reads) -> tuple[Any, ...]:
    """The key of the entity to change, once it is known to exist and the request's preconditions hold."""
    row = _walker(work, session).entity(work.operation.resource)
    headers = work.request.headers
    if headers.get("If-Match", "*").strip() != "*":
        raise PreconditionFailed("The entity has no ETag, so no If-Match but * can hold.")
    if headers.get("If-None-Match", "").strip() == "*":
        raise PreconditionFailed("The entity exists, so If-None-Match: * does not hold.")
    return work.entity_set.type.key_of(row)


def _read_body(work: Work) -> dict[str, Any]:
    request = work.request
    if not request.body:
        raise BadRequest("The request needs a body with an entity.")
    check_content_type(work.exchange.profile, request.headers.get("Content-Type"))
    return read_entity(decode_json(request.body, work.limits), work.entity_set.type, work.model.types)


def _writes(session: Reads, entity_set: EntitySet) -> Writes:
    if not isinstance(session, Writes):
        raise MethodNotAllowed(f"'{entity_set.name}' can only be read.", allow=("GET", "HEAD"))
    return session


def _preference(work: Work) -> tuple[tuple[str, str], ...]:
    """Preference-Applied with the client's own word, where it had a wish."""
    wish = work.exchange.return_content
    word = next((name for name, value in work.exchange.profile.preferences.items() if value is wish), None)
    return (("Preference-Applied", word),) if word is not None else ()


def _walker(work: Work, session: Reads) -> Walker:
    return Walker(session, work.exchange.profile.grammar)


# What a success of each action is written as: a key of Profile.formats.
CONTENT: Final[Mapping[Action, str]] = {
    Action.SHOW_SERVICE: "service",
    Action.SHOW_METADATA: "metadata",
    Action.READ_COLLECTION: "data",
    Action.READ_ENTITY: "data",
    Action.READ_PROPERTY: "data",
    Action.READ_VALUE: "value",
    Action.READ_COUNT: "count",
    Action.READ_LINKS: "data",
    Action.CREATE: "data",
    Action.UPDATE: "data",
}

_DOCUMENTS: Final[Mapping[Action, Callable[[Work], Reply]]] = {
    Action.SHOW_SERVICE: show_service,
    Action.SHOW_METADATA: show_metadata,
}

_SESSIONS: Final[Mapping[Action, Callable[[Work, Reads], Reply]]] = {
    Action.READ_COLLECTION: read_collection,
    Action.READ_ENTITY: read_one,
    Action.READ_PROPERTY: read_property,
    Action.READ_VALUE: read_value,
    Action.READ_COUNT: read_count,
    Action.READ_LINKS: read_links,
    Action.CREATE: create,
    Action.UPDATE: update,
    Action.DELETE: delete,
}


def run(work: Work, backend: Backend, context: Context) -> Reply:
    """Carry out the operation; documents need no backend."""
    action = work.operation.action
    if action in _DOCUMENTS:
        return _DOCUMENTS[action](work)
    with backend.session(context) as session:
        return _SESSIONS[action](work, session)
