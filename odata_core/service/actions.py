# Requests that are understood -> replies: one function for each thing that can be done with a resource.
# By the time one runs, the format of the answer is chosen, so that what could not be answered changes nothing.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..edm import ComplexType, EntityType, Property, Singleton, StructuredType
from ..edm import primitives as edm
from ..edm.annotations import value_of
from ..edm.rows import ID
from ..errors import BadRequest, MethodNotAllowed, NotFound, NotImplementedHere
from ..payload.codec import About
from ..payload.values import raw_text
from ..query.options import BoundOptions
from ..query.resource import Invocation, Kind
from ..query.tree import Follow
from .addresses import address_of, context_path
from .changes import changes_of, delta_url, tracked_moment
from .complexes import leads, without_keys
from .deep import change_deeply, showing
from .etags import check_write, etag_of, is_unchanged
from .finding import Many, One, Place
from .reading import about_of, property_of, source_for, told
from .streams import check_media, insert_media, read_stream, write_stream
from .unit import Unit
from .work import NO_CONTENT, Reply, Work, in_pieces, next_url, url_of

# ------------------------------------------------------------------ reading


def read_resource(work: Work, unit: Unit) -> Reply:
    """Whatever a GET names, by what is found there."""
    place = unit.place_of(work.resource)
    if work.resource.kind is Kind.COUNT:
        return _count(work, unit, place)
    if work.resource.kind is Kind.LINKS:
        return _links(work, unit, place)
    if isinstance(place, Many):
        if work.options.deltatoken is not None and work.options.skiptoken is None:
            return changes_of(work, unit, place)
        if work.resource.is_collection:
            return collection_of(work, unit, place)
        rows = unit.finder.rows(place)
        if not rows:
            return _nothing(work, place)
        place = unit.finder.entity(place, rows[0])
    if work.resource.kind in (Kind.MEDIA, Kind.STREAM):
        status, body, content_type, headers = read_stream(
            work.request, unit, place, null_is_empty=work.manners.null_is_empty
        )
        return Reply(status, body, headers, content_type=content_type, has_body=status not in (204, 304))
    if work.resource.kind is Kind.VALUE:
        return _raw(work, unit, place)
    return single(work, unit, place)


def _nothing(work: Work, place: Many) -> Reply:
    if work.manners.null_is_empty:
        return NO_CONTENT
    raise NotFound(f"There is no entity behind '{place.navigation.name if place.navigation else 'the path'}'.")


def collection_of(work: Work, unit: Unit, place: Many, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A page of a collection, as the options want it."""
    moment = tracked_moment(work, unit, place)
    # Who only reads keeps the session until all is sent; a write ends it before, so that its answer is true.
    list_rows = unit.lister.feed if work.method in ("GET", "HEAD") else unit.lister.page
    page = list_rows(place, work.options)
    next_link, delta_link = None, None
    if page.next_token is not None:
        next_link = next_url(work, page.next_token, unit.page_size or 0, moment)
    elif moment is not None:
        delta_link = delta_url(work, moment)
    about = about_of(
        work.root, place, unit.language.links,
        count=page.total, next_link=next_link, delta_link=delta_link, url=url_of(work),
    )  # fmt: skip
    followed = {
        "maxpagesize": unit.page_size == work.wishes.page_size,
        "track-changes": moment is not None,
        "omit-values": work.omits_nulls,
    }
    headers = (*headers, *work.wishes.applied(*[name for name, is_so in followed.items() if is_so]))
    shape = work.shape(place.type, source_for(place))
    chunks = work.writer.write_feed(shape, told(page.rows, shape, place, unit.language.links), about)
    return in_pieces(chunks, headers=headers, features=features_of(work, about))


def features_of(work: Work, about: About) -> list[str]:
    """What an answer has that came with a later version."""
    has = (("count", about.count), ("next", about.next_link), ("select", work.options.select))
    return [name for name, there in has if there is not None]


def single(work: Work, unit: Unit, place: One) -> Reply:
    kind = place.type
    if place.value is None and (work.manners.null_is_empty or isinstance(kind, EntityType)):
        if work.manners.null_is_empty:
            return NO_CONTENT
        raise NotFound("What the path names is null.")
    if isinstance(kind, EntityType):
        return _entity(work, unit, place)
    prop = property_of(place, work.resource.properties, _name_of(work, place))
    about = about_of(work.root, place, unit.language.links, url=url_of(work), is_result=not place.trail)
    is_changed = is_asked(work.options) or work.omits_nulls
    if isinstance(kind, StructuredType) and isinstance(place.value, Mapping) and is_changed:
        row = without_keys(unit.lister.completed(place.value, kind, work.options, None))
        applied = work.wishes.applied("omit-values") if work.omits_nulls else ()
        return Reply(200, work.writer.write_entity(work.shape(kind, None), row, about), applied)
    if prop.is_collection and _chooses(work.options, is_changed=is_changed):
        return _items(work, unit, place, prop, about)
    value = without_keys(place.value) if isinstance(kind, ComplexType) and leads(kind) else place.value
    return Reply(200, work.writer.write_property(prop, value, about))


def _name_of(work: Work, place: One) -> str:
    """What formats before version 4 call a value: its property, or the operation that gave it."""
    if place.trail:
        return str(place.trail[-1])
    call = work.resource.invocation
    return "" if call is None else call.name.rpartition(".")[2]


def is_asked(options: BoundOptions) -> bool:
    """Whether a request says which members it wants."""
    return bool(options.select or options.expand or options.compute)


def _chooses(options: BoundOptions, *, is_changed: bool) -> bool:
    """Whether something else is wanted of a collection of values than all of it, as it is."""
    return is_changed or replace(options, format=None, schemaversion=None, custom=()) != BoundOptions()


def _items(work: Work, unit: Unit, place: One, prop: Property, about: About) -> Reply:
    """The items of a collection of values that the options ask for, and of complex ones what they ask for."""
    kind = place.type
    page = unit.lister.page(Many(kind, rows=place.value or []), work.options)
    about = replace(about, count=page.total)
    features = features_of(work, about)
    applied = work.wishes.applied("omit-values") if work.omits_nulls and isinstance(kind, StructuredType) else ()
    if isinstance(kind, StructuredType) and (is_asked(work.options) or work.omits_nulls or work.options.apply):
        shape = work.shape(kind, None)
        rows = without_keys(page.rows)
        return in_pieces(work.writer.write_feed(shape, rows, about), headers=applied, features=features)
    rows = without_keys(page.rows) if isinstance(kind, ComplexType) and leads(kind) else page.rows
    return Reply(200, work.writer.write_property(prop, rows, about), applied, features=features)


def _entity(work: Work, unit: Unit, place: One, status: int = 200, headers: Any = ()) -> Reply:
    source = source_for(place)
    etag = etag_of(source, place.value)
    tagged = (*headers, *((("ETag", etag),) if etag is not None else ()))
    if work.method in ("GET", "HEAD") and is_unchanged(work.request.headers, etag):
        return Reply(304, headers=tagged, has_body=False)
    shape = work.shape(place.type, source)
    tagged = (*tagged, *(work.wishes.applied("omit-values") if work.omits_nulls else ()))
    found = unit.lister.completed(place.value, place.type, work.options, source)
    about = about_of(work.root, place, unit.language.links, url=url_of(work))
    (row,) = told([found], shape, place, unit.language.links)
    return Reply(status, work.writer.write_entity(shape, row, about), tagged, features=features_of(work, about))


def _count(work: Work, unit: Unit, place: Place) -> Reply:
    if isinstance(place, Many):
        number = unit.lister.count(place, work.options) if work.resource.is_collection else len(unit.finder.rows(place))
    elif isinstance(place.value, list | tuple):
        values = Many(place.type, rows=place.value)
        number = unit.lister.count(values, work.options)
    else:
        number = 1
    return Reply(200, str(number).encode())


def _links(work: Work, unit: Unit, place: Place) -> Reply:
    links = unit.language.links
    owner, navigation = place.owner, place.navigation
    path = context_path(place, links)
    if owner is not None and navigation is not None:
        path = f"{context_path(owner, links)}/$links/{navigation.name}"  # as version 3 names it (JSON Light, 8)
    about = About(work.root, path, url_of(work))
    if isinstance(place, Many) and work.resource.is_collection:
        page = unit.lister.page(place, work.options)
        next_link = None if page.next_token is None else next_url(work, page.next_token, unit.page_size or 0)
        about = replace(about, count=page.total, next_link=next_link)
        urls = [work.root + address_of(unit.finder.entity(place, row), links) for row in page.rows]
        return Reply(200, work.writer.write_links(urls, about, is_collection=True))
    if isinstance(place, Many):
        rows = unit.finder.rows(place)
        if not rows:
            return _nothing(work, place)
        place = unit.finder.entity(place, rows[0])
    url = work.root + address_of(place, links)
    return Reply(200, work.writer.write_links([url], about, is_collection=False))


def _raw(work: Work, unit: Unit, place: One) -> Reply:
    """$value: a value by itself."""
    kind = place.type
    if place.value is None:
        if work.manners.null_is_empty:
            return NO_CONTENT
        name = place.trail[-1] if place.trail else "value"
        raise NotFound(f"The property '{name}' is null, so it has no raw value.")
    if kind is edm.BINARY:
        return Reply(200, bytes(place.value), content_type=_media_type(work, unit))
    text = raw_text(kind, place.value) if hasattr(kind, "accept") else str(place.value)
    return Reply(200, text.encode())


def _media_type(work: Work, unit: Unit) -> str:
    """What the bytes of a property are: what Core.MediaType says, else nobody knows (11.2.4.2)."""
    properties = work.resource.properties
    said = unit.model.annotation(properties[-1], "Org.OData.Core.V1.MediaType") if properties else None
    told = None if said is None else value_of(said)
    return told if isinstance(told, str) and told.isascii() and "/" in told else "application/octet-stream"


# ------------------------------------------------------------------ writing


def create(work: Work, unit: Unit) -> Reply:
    """POST to a collection: 201 with the new entity, or 204 (4.01 Part 1, 11.4.2)."""
    place = unit.finder.find(work.resource)
    if isinstance(place, One) and isinstance(place.value, list | tuple | None):
        return _append(work, unit, place)
    if work.options.index is not None:
        raise NotImplementedHere("Collections of entities have no order of their own here.", target="$index")
    if not isinstance(place, Many):
        raise MethodNotAllowed("Only a collection can be added to.", allow=("GET",))
    if isinstance(place.type, EntityType) and place.type.has_stream:
        one = insert_media(work.request, unit, place)
    else:
        given = work.reader().read_entity(work.request.body, place.type, work.reading)
        one = unit.writer.insert(place, given)
        if work.manners.shows_inserted and work.codec is not None:
            work = replace(work, options=showing(work.options, one, given))
    unit.renew()
    location = work.root + address_of(one, unit.language.links)
    return _made(work, unit, one, (("Location", location),), location)


def _made(work: Work, unit: Unit, one: One, headers: Any, location: str) -> Reply:
    """201 with a new entity, or 204 where the client does not want it back."""
    if work.codec is None:
        etag = etag_of(source_for(one), one.value)
        tagged = (("ETag", etag),) if etag is not None else ()
        more = ((work.manners.id_header, location), *tagged, *work.applied)
        return Reply(204, headers=(*headers, *more), has_body=False)
    return _entity(work, unit, one, 201, (*headers, *work.applied))


def _append(work: Work, unit: Unit, place: One) -> Reply:
    """POST to a collection of values adds one, at its end or at $index (4.01 Part 1, 11.4.9.5 and 11.4.11)."""
    prop = work.resource.properties[-1]
    item = replace_property(prop, is_collection=False)
    value = work.reader().read_property(work.request.body, item, work.reading)
    values = list(place.value or ())
    values.insert(_place_among(values, work.options.index), value)
    unit.writer.set_value(place, values)
    return NO_CONTENT


def _place_among(values: list[Any], index: int | None) -> int:
    """Where a new item goes: counted from 0, or with a minus sign from the end, so that -1 is the last one."""
    if index is None:
        return len(values)
    if not -len(values) - 1 <= index <= len(values):
        raise BadRequest(f"The collection has {len(values)} items, so none can go to $index={index}.", target="$index")
    return index if index >= 0 else len(values) + 1 + index


def replace_property(prop: Property, **changes: Any) -> Property:
    """A property like another one."""
    made = Property(prop.name, prop.type, is_collection=prop.is_collection, nullable=prop.nullable, facets=prop.facets)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def update(work: Work, unit: Unit) -> Reply:
    """PUT, PATCH or MERGE of an entity: 204, or 200 with it; what is not there may be created (11.4.3, 11.4.4)."""
    try:
        place = unit.finder.one(work.resource)
    except NotFound:
        if not work.manners.upserts:
            raise
        check_write(work.request.headers, None, exists=False, is_required=False)
        return _upsert(work, unit)
    source = source_for(place)
    etag = etag_of(source, place.value)
    check_write(work.request.headers, etag, exists=True, is_required=work.needs_etag)
    given = work.reader().read_entity(work.request.body, place.type, work.reading)
    if work.manners.repeats_links:
        given = unit.without_own_links(place, given)
    if work.changes_many:
        one = change_deeply(unit, place, given, replaces=work.replaces)
    else:
        one = unit.writer.change(place, given, replaces=work.replaces)
    unit.renew()
    if work.codec is not None:
        return _entity(work, unit, one, 200, work.applied)
    etag = etag_of(source_for(one), one.value)
    tagged = (("ETag", etag),) if etag is not None else ()
    return Reply(204, headers=(*tagged, *work.applied), has_body=False)


def _upsert(work: Work, unit: Unit) -> Reply:
    """Neither media entities nor those whose key the server makes are created by an update (11.4.4)."""
    key = work.resource.steps[-1]
    if isinstance(key, Follow) and not key.navigation.is_collection and not key.key:
        return _upsert_related(work, unit, key)
    names, values = getattr(key, "names", None), getattr(key, "plain", None)
    place = unit.finder.follow(work.resource.steps[:-1])
    if names is None or values is None or not isinstance(place, Many):
        raise NotFound("There is nothing here that could be changed.")
    if place.type.has_stream or any(place.type.key_property(name).is_generated for name in place.type.key):
        raise NotFound("There is no such entity, and no update creates it: POST it to the collection.")
    given = work.reader().read_entity(work.request.body, place.type, work.reading)
    one = unit.writer.insert(place, {**given, **dict(zip(names, values, strict=True))})
    unit.renew()
    location = work.root + address_of(one, unit.language.links)
    return _made(work, unit, one, (("Location", location),), location)


def _upsert_related(work: Work, unit: Unit, step: Follow) -> Reply:
    """What a navigation property leads to, where it leads to nothing yet: a new entity, which is related (11.4.4)."""
    owner = unit.finder.follow(work.resource.steps[:-1])
    if not isinstance(owner, One) or not isinstance(owner.type, EntityType):
        raise NotFound("There is nothing here that could be changed.")
    given = work.reader().read_entity(work.request.body, work.resource.type, work.reading)
    change_deeply(unit, owner, {step.navigation.name: given}, replaces=False)
    unit.renew()
    one = unit.finder.one(work.resource)
    location = work.root + address_of(one, unit.language.links)
    return _made(work, unit, one, (("Location", location),), location)


def delete(work: Work, unit: Unit) -> Reply:
    """An entity less: 204 (11.4.5). Who deletes the content of a media entity deletes the entity (11.4.7.3)."""
    place = unit.finder.one(work.resource)
    if work.resource.kind is Kind.MEDIA:
        check_media(work.request, unit, place)
    else:
        etag = etag_of(source_for(place), place.value)
        check_write(work.request.headers, etag, exists=True, is_required=work.needs_etag)
    if isinstance(place.source, Singleton) and not place.source.nullable and not place.trail:
        name = place.source.name
        allow = ("GET", "HEAD", "PATCH", "PUT")
        raise MethodNotAllowed(f"'{name}' is not nullable, so it cannot be deleted.", allow=allow)
    unit.writer.remove(place)
    return NO_CONTENT


def change_stream(work: Work, unit: Unit) -> Reply:
    """PUT of a stream: 204 with its ETag; DELETE takes it away (11.4.7.2, 11.4.8)."""
    request = replace(work.request, method=work.method)
    return Reply(204, headers=write_stream(request, unit, unit.finder.one(work.resource)), has_body=False)


# ------------------------------------------------------------------ links


def write_links(work: Work, unit: Unit) -> Reply:
    """POST adds a link, PUT sets it, DELETE removes it (11.4.6; 3.0 Protocol, 10.3.4)."""
    owner, step, key = _relation(work, unit)
    navigation = step.navigation
    if work.method == "DELETE":
        if work.options.id and not navigation.is_collection:
            raise BadRequest(f"'{navigation.name}' has one link only, which needs no $id.", target="$id")
        target = unit.resolve(work.options.id) if work.options.id else key
        if target is None and navigation.is_collection and work.changes_many:
            change_deeply(unit, owner, {navigation.name: []}, replaces=False)  # all of them (11.4.6.4)
            return NO_CONTENT
        if target is None and navigation.is_collection:
            raise BadRequest(f"Say which of the links of '{navigation.name}' is to be removed.", target="$id")
        unit.writer.unlink(owner, navigation, target)
        return NO_CONTENT
    if work.method == "PUT" and navigation.is_collection and work.changes_many:
        links = work.reader().read_links(work.request.body, work.reading)
        change_deeply(unit, owner, {navigation.name: [{ID: url} for url in links]}, replaces=False)
        return NO_CONTENT
    if (work.method == "POST") is not navigation.is_collection:
        right = "POST" if navigation.is_collection else "PUT"
        raise MethodNotAllowed(f"A link of '{navigation.name}' is set with {right}.", allow=("GET", right, "DELETE"))
    for url in work.reader().read_links(work.request.body, work.reading):
        unit.writer.link(owner, navigation, unit.writer.bound(navigation, url))
    return NO_CONTENT


def _relation(work: Work, unit: Unit) -> tuple[One, Follow, One | None]:
    """The entity that a link begins at, the navigation property, and the entity at its end where the path has a key."""
    steps = work.resource.steps
    last = next((index for index in reversed(range(len(steps))) if isinstance(steps[index], Follow)), None)
    if last is None:
        raise MethodNotAllowed("Only links behind a navigation property can be changed.", allow=("GET",))
    owner = unit.finder.follow(steps[:last])
    step = steps[last]
    assert isinstance(owner, One), "a link begins at an entity"
    assert isinstance(step, Follow), "it was looked for"
    end = unit.finder.follow(steps[last:], owner) if last + 1 < len(steps) else None
    return owner, step, end if isinstance(end, One) else None


# ------------------------------------------------------------------ operations


def call_action(work: Work, unit: Unit) -> Reply:
    """POST to an action, whose parameters are in the body (11.5.5), or to a service operation, whose are in the URL."""
    *before, step = work.resource.steps
    place = unit.finder.follow(before)
    if isinstance(place, One) and isinstance(place.type, EntityType):  # on condition, like a write (11.4.1.1)
        etag = etag_of(source_for(place), place.value)
        check_write(work.request.headers, etag, exists=True, is_required=work.needs_etag)
    arguments = _parameters(work, unit, step)  # type: ignore[arg-type]
    found = unit.caller.call(step, place, arguments, unit.finder)  # type: ignore[arg-type]
    unit.renew()
    if work.codec is None or step.operation.returns is None:  # type: ignore[union-attr]
        return Reply(204, headers=work.applied, has_body=False)
    reply = collection_of(work, unit, found) if isinstance(found, Many) else single(work, unit, found)
    return replace(reply, headers=(*reply.headers, *work.applied)) if work.applied else reply


def _parameters(work: Work, unit: Unit, step: Invocation) -> Mapping[str, Any]:
    """Those of a service operation are in the URL, whatever the method (MS-ODATA 2.2.7.5); clients send it `{}`."""
    body = work.request.body
    if step.is_service_operation:
        if body.strip() not in (b"", b"{}"):
            raise BadRequest(f"'{step.name}' takes its parameters as query options, so the request needs no body.")
        return unit.caller.arguments(step)
    found: Mapping[str, Any] = work.reader().read_parameters(body, step.operation, work.reading) if body else {}
    return found
