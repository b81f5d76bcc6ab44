# Streams: the content of media entities and of stream properties, read whole or in part, and written (4.01 Part 1,
# 11.1.2, 11.4.7 and 11.4.8; 3.0 Protocol, 10.4.4.5 and 10.4.5).
# What a stream is, only its own media type says: nothing here guesses, and a browser is told not to, either. A stream
# has an ETag of its own; the preconditions of a request to it are about that one.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from werkzeug.http import parse_range_header

from ..backend import Stream, Streams
from ..edm import ComplexType, EntityType, Property, default_of
from ..edm import primitives as edm
from ..errors import NotFound, NotImplementedHere, RangeNotSatisfiable, UnsupportedMediaType
from .etags import check_write, is_unchanged, opaque, read_tags
from .finding import Many, One
from .messages import Request
from .unit import Unit

Headers = tuple[tuple[str, str], ...]

# What a client stored is shown as what it says it is; a browser must not take it for a page of this service.
_SANDBOX: Final = (("Accept-Ranges", "bytes"), ("Content-Security-Policy", "default-src 'none'; sandbox"))
_ZEROS: Final[Mapping[Any, Any]] = {edm.STRING: "", edm.BOOLEAN: False, edm.BINARY: b""} | dict.fromkeys(
    (edm.BYTE, edm.SBYTE, edm.INT16, edm.INT32, edm.INT64, edm.DECIMAL, edm.DOUBLE, edm.SINGLE), 0
)


def read_stream(
    request: Request, unit: Unit, place: One, *, null_is_empty: bool
) -> tuple[int, bytes, str | None, Headers]:
    """Status, body, media type and headers for a GET: 200, 206 with a part, 304, or 416; 204 for no stream property
    where that is what null is (11.4.8.2)."""
    stream = _streams(unit).read_stream(*_where(place))
    if stream is None and null_is_empty and place.trail:
        return 204, b"", None, ()
    if stream is None:
        raise NotFound(f"The {_title(place)} has no content here.")
    tagged = (("ETag", stream.etag),) if stream.etag else ()
    if is_unchanged(request.headers, stream.etag or None):
        return 304, b"", None, tagged
    content, headers = stream.content, (*tagged, *_SANDBOX)
    wanted = _range(request.headers, stream)
    if wanted is None:
        return 200, content, stream.content_type, headers
    start, stop = wanted
    told = ("Content-Range", f"bytes {start}-{stop - 1}/{len(content)}")
    return 206, content[start:stop], stream.content_type, (*headers, told)


def _range(headers: Mapping[str, str], stream: Stream) -> tuple[int, int] | None:
    """The part that is asked for; None for all of it, also where several parts are asked for (RFC 9110, 14.2)."""
    asked = headers.get("Range")
    found = None if asked is None else parse_range_header(asked)
    if found is None or found.units != "bytes" or len(found.ranges) != 1 or not _still(headers, stream):
        return None
    part = found.range_for_length(len(stream.content))
    if part is None:
        raise RangeNotSatisfiable(
            f"The stream has {len(stream.content)} bytes; the range '{str(asked)[:100]}' lies outside.",
            length=len(stream.content),
        )
    return part


def _still(headers: Mapping[str, str], stream: Stream) -> bool:
    """Whether If-Range holds: a part is of use only to who has the rest of the same content (RFC 9110, 13.1.5)."""
    condition = headers.get("If-Range")
    if condition is None:
        return True
    if '"' not in condition or condition.lstrip().startswith("W/") or not stream.etag:
        return False  # a date, which streams have none of, or a weak tag, which tells no bytes
    return opaque(stream.etag) in read_tags(condition, "If-Range")


def check_media(request: Request, unit: Unit, place: One) -> None:
    """The preconditions of a request to the content of a media entity are about that content."""
    stream = _streams(unit).read_stream(*_where(place))
    check_write(request.headers, None if stream is None else stream.etag, exists=stream is not None)


def write_stream(request: Request, unit: Unit, place: One) -> Headers:
    """Another content, by PUT; or none, by DELETE. The headers of the answer: the new ETag."""
    streams = _streams(unit)
    source, key, name = _where(place)
    current = streams.read_stream(source, key, name)
    check_write(request.headers, None if current is None else current.etag, exists=current is not None)
    if request.method == "DELETE":
        streams.write_stream(source, key, name, None)
        return ()
    streams.write_stream(source, key, name, Stream(_media_type(request), request.body))
    unit.renew()
    now = streams.read_stream(source, key, name)
    return (("ETag", now.etag),) if now is not None and now.etag else ()


def insert_media(request: Request, unit: Unit, place: Many) -> One:
    """A new media entity, whose stream is the body (11.4.7.1). What its properties must hold and the client cannot
    say in this request is empty or zero until it says so; Slug is taken as a key of text (RFC 5023, 9.7)."""
    streams, kind = _streams(unit), place.type
    one = unit.writer.insert(place, _first_values(kind, request.headers.get("Slug")))
    if one.source is None or one.trail:
        raise NotImplementedHere("Media entities within others are not supported.")
    streams.write_stream(one.source, one.key, None, Stream(_media_type(request), request.body))
    return unit.writer.again(one)


def _first_values(kind: EntityType, slug: str | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, prop in kind.properties.items():
        if name in kind.key:
            if not prop.is_generated:
                values[name] = _first_key(prop, slug)
        elif not prop.nullable and default_of(prop) is None:
            values[name] = _zero(prop)
    return {name: value for name, value in values.items() if value is not None}


def _zero(prop: Property) -> Any:
    """What stands for a value that must be there and that nobody has said; None where there is no such."""
    if prop.is_collection:
        return []
    if isinstance(prop.type, ComplexType):
        members = prop.type.properties.items()
        return {name: None if member.nullable else _zero(member) for name, member in members}
    return _ZEROS.get(prop.type)


def _first_key(prop: Property, slug: str | None) -> Any:
    if prop.type is edm.GUID:
        return uuid4()
    if prop.type is not edm.STRING:
        return None
    size = prop.facets.get("MaxLength")
    return slug or uuid4().hex[: size if isinstance(size, int) else None]


def _media_type(request: Request) -> str:
    given = (request.headers.get("Content-Type") or "application/octet-stream").strip()
    if "/" not in given.partition(";")[0] or not given.isascii():
        raise UnsupportedMediaType(f"'{given[:100]}' is no media type, which a stream must have.")
    return given


def _streams(unit: Unit) -> Streams:
    if not isinstance(unit.session, Streams):
        raise NotImplementedHere("This service keeps no streams.")
    return unit.session


def _where(place: One) -> tuple[Any, tuple[Any, ...], str | None]:
    """The set, the key and the name of a stream; None is that of the entity itself."""
    is_media = isinstance(place.type, EntityType)
    if place.source is None or len(place.trail) > (0 if is_media else 1):
        raise NotImplementedHere("Streams within contained entities and complex values are not supported.")
    return place.source, place.key, None if is_media else str(place.trail[0])


def _title(place: One) -> str:
    return f"named stream '{place.trail[-1]}'" if place.trail else "media stream"
