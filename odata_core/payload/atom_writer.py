# Entities as Atom entries and values as XML, for versions 1 to 3 (MS-ODATA 2.2.6.2, OData Atom Format 3.0).
# Strategy: a writer is compiled for each shape to closures that append pieces of text; only values are escaped at run
# time, for names and types are known before.

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from ..edm import EntityType, EnumType, PrimitiveType, Property, StructuredType, name_of
from ..edm import primitives as edm
from ..edm.primitives import GEO_TYPES
from ..edm.rows import (
    COUNT,
    EDIT_LINK,
    ETAG,
    ID,
    LINK,
    MEDIA_EDIT_LINK,
    MEDIA_ETAG,
    MEDIA_READ_LINK,
    MEDIA_TYPE,
    NEXT_LINK,
    READ_LINK,
    TYPE,
    Row,
)
from ..errors import InternalError, NotAcceptable
from ..records import record
from .atom_feeds import feed_map, write_atom, write_own
from .codec import Shape
from .gml import write_gml
from .links import LinkForm, association_suffix, navigation_suffix, path_writer, type_segment
from .values_xml import XML_CODECS

ATOM: Final = "http://www.w3.org/2005/Atom"
DATA: Final = "http://schemas.microsoft.com/ado/2007/08/dataservices"
METADATA: Final = f"{DATA}/metadata"
RELATED: Final = f"{DATA}/related/"
ASSOCIATED: Final = f"{DATA}/relatedlinks/"
EDIT_MEDIA: Final = f"{DATA}/edit-media/"
MEDIA_RESOURCE: Final = f"{DATA}/mediaresource/"
SCHEME: Final = f"{DATA}/scheme"
NAMESPACES: Final = f'xmlns="{ATOM}" xmlns:d="{DATA}" xmlns:m="{METADATA}"'

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Out = list[str]
Append = Callable[[Out, Any], None]


@dataclass(frozen=True, eq=False)
class AtomForm:
    """What a version has: how it writes URLs, and whether it knows collections and associations."""

    links: LinkForm
    has_collections: bool


@record
class Around:
    """What is the same for all entries of a body."""

    root: str
    updated: str


def escape(text: str) -> str:
    """Text between tags or within an attribute. NotAcceptable for a character that XML cannot hold (XML 1.0, 2.2)."""
    if _NOT_XML.search(text):
        raise NotAcceptable("A value has a character that XML cannot hold: ask for JSON.")
    if "&" in text or "<" in text or ">" in text:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Line ends are normalized by readers (2.11), so a carriage return is written as a reference.
    return text.replace("\r", "&#xD;") if "\r" in text else text


def quoted(text: str) -> str:
    """Text within an attribute: white space is normalized there, too (3.3.3)."""
    made = escape(text).replace('"', "&quot;")
    return made.replace("\n", "&#xA;").replace("\t", "&#x9;") if "\n" in made or "\t" in made else made


# ------------------------------------------------------------------ values


@lru_cache(maxsize=4096)
def property_writer(prop: Property, prefix: str = "d:") -> Append:
    """What appends an element for a value of a property."""
    name = f"{prefix}{prop.name}"
    if prop.is_collection:
        return _collection_writer(name, prop)
    write = _item_writer(name, prop.type)
    told = "" if prop.type is edm.STRING else f' m:type="{quoted(name_of(prop.type))}"'
    null = f'<{name}{told} m:null="true"/>'

    def append(out: Out, value: Any) -> None:
        if value is None:
            out.append(null)
        else:
            write(out, value)

    return append


def _collection_writer(name: str, prop: Property) -> Append:
    """<d:Tags m:type="Collection(Edm.String)"><d:element>...</d:element></d:Tags> (3.0 Atom, 6.2)"""
    write = _item_writer("d:element", prop.type, typed=False)
    opening, closing = f'<{name} m:type="{quoted(prop.type_name)}">', f"</{name}>"

    def append(out: Out, values: Any) -> None:
        out.append(opening)
        for value in values or ():
            if value is None:
                out.append('<d:element m:null="true"/>')
            else:
                write(out, value)
        out.append(closing)

    return append


def _item_writer(name: str, kind: Any, *, typed: bool = True) -> Append:
    """A value that is not null. Strings have no type (MS-ODATA 2.2.6.2.1)."""
    if isinstance(kind, StructuredType):
        return _complex_writer(name, kind)
    told = "" if kind is edm.STRING or not typed else f' m:type="{quoted(name_of(kind))}"'
    opening, closing = f"<{name}{told}>", f"</{name}>"
    if isinstance(kind, EnumType):
        return lambda out, value: out.append(f"{opening}{escape(str(value))}{closing}")
    if kind is edm.STRING:
        return lambda out, value: out.append(_text_element(name, value))
    if kind in GEO_TYPES:
        return _geo_writer(opening, closing, kind)
    if kind not in XML_CODECS:
        return _dynamic_writer(name)
    write = XML_CODECS[kind].write
    assert write is not None, "every type has a text"

    def append(out: Out, value: Any) -> None:
        try:
            out.append(f"{opening}{escape(write(value))}{closing}")
        except ValueError as error:
            raise InternalError(f"The value of '{name}' cannot be written: {error}.") from None

    return append


def _geo_writer(opening: str, closing: str, kind: PrimitiveType) -> Append:
    def append(out: Out, value: Any) -> None:
        try:
            out.append(f"{opening}{write_gml(kind, value)}{closing}")
        except (ValueError, TypeError, KeyError, IndexError):
            raise InternalError(f"A value of the type {kind.name} is no GeoJSON.") from None

    return append


def _text_element(name: str, value: str) -> str:
    """White space at the ends would be lost in some readers."""
    preserve = ' xml:space="preserve"' if value[:1].isspace() or value[-1:].isspace() else ""
    return f"<{name}{preserve}>{escape(value)}</{name}>"


def _complex_writer(name: str, kind: StructuredType) -> Append:
    def append(out: Out, value: Any) -> None:
        own = kind.derived.get(value.get(TYPE, "")) or kind
        out.append(f'<{name} m:type="{quoted(own.qualified_name)}">')
        members_writer(own, None)(out, value)
        out.append(f"</{name}>")

    return append


def _dynamic_writer(name: str) -> Append:
    from ..query.conversions import type_of_value

    def append(out: Out, value: Any) -> None:
        kind = type_of_value(value)
        if kind is None or not (kind in XML_CODECS or kind in GEO_TYPES):
            raise InternalError(f"The dynamic value of '{name}' cannot be written as XML.")
        _item_writer(name, kind)(out, value)

    return append


@lru_cache(maxsize=1024)
def members_writer(
    kind: StructuredType,
    select: tuple[str, ...] | None,
    computed: tuple[Property, ...] = (),
    *,
    is_whole: bool = False,
) -> Append:
    """What appends the properties of a row: d:Name elements in model order, dynamic ones behind them.

    With `is_whole` the dynamic ones are there although the declared ones are chosen.
    """
    declared = [prop for name, prop in kind.properties.items() if select is None or name in select]
    writers = [(prop.name, property_writer(prop)) for prop in [*declared, *computed] if prop.type is not edm.STREAM]
    known = kind.properties.keys() | kind.navigation.keys() | {prop.name for prop in computed}

    def append(out: Out, row: Any) -> None:
        for name, write in writers:
            if name not in row:
                raise InternalError(f"A row of {kind.qualified_name} lacks the property '{name}'.")
            write(out, row[name])

    if not kind.is_open or (select is not None and not is_whole):
        return append

    def append_all(out: Out, row: Any) -> None:
        append(out, row)
        for name, value in row.items():
            if name not in known and "@" not in name:
                _append_dynamic(out, name, value)

    return append_all


def _append_dynamic(out: Out, name: str, value: Any) -> None:
    if value is None:
        out.append(f'<d:{name} m:null="true"/>')
    else:
        _dynamic_writer(f"d:{name}")(out, value)


# ------------------------------------------------------------------ entries


Entry = Callable[[Out, Row, Around], None]


@lru_cache(maxsize=512)
def entry_writer(shape: Shape, form: AtomForm) -> Entry:
    """What appends the inside of an entry, and its tags: the outermost one has the namespaces."""
    kind = shape.type
    assert isinstance(kind, EntityType), "only entities are entries"
    variants: dict[EntityType, Entry] = {}

    def write(out: Out, row: Row, around: Around) -> None:
        own: Any = kind.derived.get(row.get(TYPE, "")) or kind
        variant = variants.get(own)
        if variant is None:
            variant = variants[own] = _entry_of(own, shape, form)
        variant(out, row, around)

    return write


def _entry_of(kind: EntityType, shape: Shape, form: AtomForm) -> Entry:
    path = None if shape.source is None else path_writer(shape.source, form.links)
    segment = "" if shape.source is None else type_segment(shape.source, kind, form.links)
    members = members_writer(kind, shape.select, shape.computed)
    category = f'<category term="{quoted(kind.qualified_name)}" scheme="{SCHEME}"/>'
    links = [_link_writer(kind.navigation[name], shape, form) for name in kind.navigation if _is_linked(name, shape)]
    streams = [name for name, prop in kind.properties.items() if prop.type is edm.STREAM]
    title = quoted(kind.name)
    feed = feed_map(kind)

    def without(moved: frozenset[str]) -> Append:
        """The writer of properties of which some stand elsewhere in the entry."""
        if not moved:
            return members
        names = tuple([name for name in shape.select or kind.properties if name not in moved])
        return members_writer(kind, names, shape.computed, is_whole=shape.select is None)

    def write(out: Out, row: Row, around: Around) -> None:
        url = row.get(ID) or (path(row) if path is not None else "")
        edit = row.get(EDIT_LINK) or (url + segment if url else "")
        etag = row.get(ETAG)
        if etag is not None:
            out[-1] = f'{out[-1][:-1]} m:etag="{quoted(etag)}">'
        if url:
            out.append(f"<id>{escape(url if '://' in url else around.root + url)}</id>{category}")
            out.append(f'<link rel="edit" title="{title}" href="{quoted(edit)}"/>')
            if READ_LINK in row:
                out.append(f'<link rel="self" title="{title}" href="{quoted(row[READ_LINK])}"/>')
        else:
            out.append(f"<id/>{category}")
        for link in links:
            link(out, row, around, edit)
        for name in streams:
            _append_stream(out, row, name, edit)
        if feed is None:
            out.append(f"<title/><updated>{around.updated}</updated><author><name/></author>")
        else:
            out.append(write_atom(feed, row, around.updated, escape))
        if kind.has_stream:
            _append_media(out, row, edit, title)
            out.append("<m:properties>")
        else:
            out.append('<content type="application/xml"><m:properties>')
        (members if feed is None else without(feed.moved(row)))(out, row)
        out.append("</m:properties>" if kind.has_stream else "</m:properties></content>")
        if feed is not None and feed.own:
            out.append(write_own(feed, row, escape, quoted))

    return write


def _is_linked(name: str, shape: Shape) -> bool:
    return any(name == expanded for expanded, _ in shape.expand) or shape.links is None or name in shape.links


def _link_writer(navigation: Any, shape: Shape, form: AtomForm) -> Callable[[Out, Row, Around, str], None]:
    """A link to what is related, with the related entities in it where they are expanded (MS-ODATA 2.2.6.2.6)."""
    name, many = navigation.name, navigation.is_collection
    inner = dict(shape.expand).get(name)
    write = None if inner is None else entry_writer(inner, form)
    kind = "feed" if many else "entry"
    suffix, association = navigation_suffix(name), association_suffix(name, form.links)
    opening = f'<link rel="{RELATED}{name}" type="application/atom+xml;type={kind}" title="{name}"'

    def append(out: Out, row: Row, around: Around, edit: str) -> None:
        href = row.get(name + LINK) or edit + suffix
        head = f'{opening} href="{quoted(href)}"'
        if write is None or name not in row:
            out.append(f"{head}/>")
        else:
            out.append(f"{head}><m:inline>")
            if many:
                append_feed(out, row, name, write, around, href)
            elif row[name] is not None:
                append_entry(out, row[name], write, around)
            out.append("</m:inline></link>")
        if association is not None:
            out.append(
                f'<link rel="{ASSOCIATED}{name}" type="application/xml" title="{name}" '
                f'href="{quoted(edit + association)}"/>'
            )

    return append


def append_entry(out: Out, row: Row, write: Entry, around: Around, attributes: str = "") -> None:
    """An entry with its tags."""
    out.append(f"<entry{attributes}>")
    write(out, row, around)
    out.append("</entry>")


def append_feed(out: Out, row: Row, name: str, write: Entry, around: Around, href: str) -> None:
    """An expanded collection."""
    url = href if "://" in href else around.root + href
    out.append(f'<feed><title type="text">{name}</title><id>{escape(url)}</id><updated>{around.updated}</updated>')
    if row.get(name + COUNT) is not None:
        out.append(f"<m:count>{row[name + COUNT]}</m:count>")
    out.append(f'<link rel="self" title="{name}" href="{quoted(href)}"/>')
    for item in row[name] or ():
        append_entry(out, item, write, around)
    if row.get(name + NEXT_LINK):
        out.append(f'<link rel="next" href="{quoted(row[name + NEXT_LINK])}"/>')
    out.append("</feed>")


def _append_media(out: Out, row: Row, edit: str, title: str) -> None:
    """A media link entry (RFC 5023, 9.6): the content is elsewhere."""
    etag = row.get(MEDIA_ETAG)
    told = f' m:etag="{quoted(etag)}"' if etag is not None else ""
    where = row.get(MEDIA_EDIT_LINK) or f"{edit}/$value"
    out.append(f'<link rel="edit-media" title="{title}" href="{quoted(where)}"{told}/>')
    kind = row.get(MEDIA_TYPE) or "application/octet-stream"
    out.append(f'<content type="{quoted(kind)}" src="{quoted(row.get(MEDIA_READ_LINK) or where)}"/>')


def _append_stream(out: Out, row: Row, name: str, edit: str) -> None:
    """A named stream (3.0 Atom, 5.1.4); none where there is no stream."""
    kind = row.get(name)
    if kind is None:
        return
    where = f"{edit}/{name}"
    for rel, url in ((MEDIA_RESOURCE, row.get(name + MEDIA_READ_LINK)), (EDIT_MEDIA, row.get(name + MEDIA_EDIT_LINK))):
        out.append(f'<link rel="{rel}{name}" type="{quoted(kind)}" title="{name}" href="{quoted(url or where)}"/>')
