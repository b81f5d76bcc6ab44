# Atom entries, feeds and XML values -> rows. What a request says is checked against the model; names of namespaces are
# what counts, prefixes are the client's business (MS-ODATA 2.2.6.2).
# Strategy: the document is read to small elements (csdl.markup: no document types, bounded), then walked by the model.

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from ..csdl.markup import Element, read_markup
from ..edm import EntityType, EnumType, ModelError, PrimitiveType, Property, StructuredType, accept_enum, check_facets
from ..edm import primitives as edm
from ..edm.primitives import GEO_TYPES
from ..edm.rows import (
    ASSOCIATION,
    BIND,
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
)
from ..errors import BadRequest, suggestion
from ..records import record
from .atom_feeds import FeedMap, feed_map
from .atom_writer import ASSOCIATED, ATOM, DATA, EDIT_MEDIA, MEDIA_RESOURCE, METADATA, RELATED
from .codec import Feed, Reading
from .gml import read_gml
from .values_xml import XML_CODECS

_TRUE: Final = frozenset({"true", "1"})
_PRIMITIVES: Final = {kind.name: kind for kind in (*XML_CODECS, *GEO_TYPES)}
_COLLECTION: Final = re.compile(r"Collection\((.+)\)")


def parse(body: bytes, reading: Reading) -> Element:
    """The root element of a body; BadRequest for what is no well-formed XML, or too deep."""
    try:
        return read_markup(body)
    except ModelError as error:
        raise BadRequest(f"The body cannot be read as XML: {error}") from None


def fail(element: Element, reason: str) -> NoReturn:
    raise BadRequest(f"At line {element.line}, {place_of(element)}: {reason}.", target=place_of(element))


def place_of(element: Element) -> str:
    """`entry/content/properties/Name`"""
    names = []
    current: Element | None = element
    while current is not None and current.name:
        names.append(current.name)
        current = current.parent
    return "/".join(reversed(names))[:200]


def child(element: Element, namespace: str, name: str) -> Element | None:
    return next((one for one in element.children if one.namespace == namespace and one.name == name), None)


def is_null(element: Element) -> bool:
    return element.attributes.get("m:null", "").strip() in _TRUE


@record
class AtomReader:
    """Reads one body."""

    reading: Reading

    # ------------------------------------------------------------ entries

    def entry(self, element: Element, declared: StructuredType | None) -> dict[str, Any]:
        """A row from an entry."""
        if (element.namespace, element.name) != (ATOM, "entry"):
            fail(element, "an Atom entry is expected")
        kind = self._kind(element, declared)
        row: dict[str, Any] = {}
        if kind is not None and kind is not declared:
            row[TYPE] = kind.qualified_name
        if not self.reading.is_request:
            self._control(element, row)
        for link in element.children:
            if (link.namespace, link.name) == (ATOM, "link"):
                self._link(link, kind, row)
        properties = self._properties_of(element)
        if properties is not None:
            row |= self.members(properties, kind)
        feed = feed_map(kind) if isinstance(kind, EntityType) else None
        if feed is not None:
            self._mapped(element, feed, row)
        return row

    def _mapped(self, entry: Element, feed: FeedMap, row: dict[str, Any]) -> None:
        """Properties that stand elsewhere in the entry, unless its content has them."""
        for mapping, prop, element, text in feed.read(entry):
            *ways, last = mapping.source
            target: Any = row
            for name in ways:
                target = target.get(name) if isinstance(target, dict) else None
            if not isinstance(target, dict) or last in target:
                continue
            if not text.strip() and (prop.type is not edm.STRING or "type" not in element.attributes):
                continue  # an element that every entry has, such as its title or the name of its author
            target[last] = self.value(Element(prop.name, DATA, {}, element.line, element, text=text), prop)

    def _properties_of(self, element: Element) -> Element | None:
        """m:properties stands in the content, or beside it for media link entries."""
        content = child(element, ATOM, "content")
        inside = None if content is None else child(content, METADATA, "properties")
        return inside if inside is not None else child(element, METADATA, "properties")

    def _kind(self, element: Element, declared: StructuredType | None) -> StructuredType | None:
        name = None
        for one in element.children:
            if (one.namespace, one.name) == (ATOM, "category") and one.attributes.get("scheme", "").startswith(DATA):
                name = one.attributes.get("term")
        return self.kind_named(name, declared, element)

    def kind_named(self, name: str | None, declared: StructuredType | None, element: Element) -> StructuredType | None:
        """The type that is named, which must be the declared one or derive from it."""
        if not name or declared is None or name == declared.qualified_name:
            return declared
        found = declared.derived.get(name)
        if found is None:
            fail(element, f"'{name[:100]}' is not {declared.qualified_name} or a type derived from it")
        return found

    def _control(self, element: Element, row: dict[str, Any]) -> None:
        id_ = child(element, ATOM, "id")
        if id_ is not None and id_.text.strip():
            row[ID] = id_.text.strip()
        if "m:etag" in element.attributes:
            row[ETAG] = element.attributes["m:etag"]
        content = child(element, ATOM, "content")
        if content is not None and "src" in content.attributes:
            row[MEDIA_READ_LINK] = content.attributes["src"]
            row[MEDIA_TYPE] = content.attributes.get("type")

    # ------------------------------------------------------------ links

    def _link(self, link: Element, kind: StructuredType | None, row: dict[str, Any]) -> None:
        rel, href = link.attributes.get("rel", ""), link.attributes.get("href", "")
        if rel.startswith(RELATED):
            self._related(link, rel.removeprefix(RELATED), href, kind, row)
        elif self.reading.is_request:
            return
        elif rel.startswith(ASSOCIATED):
            row[rel.removeprefix(ASSOCIATED) + ASSOCIATION] = href
        elif rel.startswith(MEDIA_RESOURCE):
            row[rel.removeprefix(MEDIA_RESOURCE)] = link.attributes.get("type")
            row[rel.removeprefix(MEDIA_RESOURCE) + MEDIA_READ_LINK] = href
        elif rel.startswith(EDIT_MEDIA):
            row[rel.removeprefix(EDIT_MEDIA) + MEDIA_EDIT_LINK] = href
        elif rel == "edit-media":
            row[MEDIA_EDIT_LINK] = href
            if "m:etag" in link.attributes:
                row[MEDIA_ETAG] = link.attributes["m:etag"]
        elif rel in ("edit", "self"):
            row[EDIT_LINK if rel == "edit" else READ_LINK] = href

    def _related(self, link: Element, name: str, href: str, kind: StructuredType | None, row: dict[str, Any]) -> None:
        """An expanded or deferred navigation property; in a request a link without anything in it is a reference."""
        navigation = None if kind is None else kind.navigation.get(name)
        if kind is not None and navigation is None:
            fail(link, f"the type '{kind.qualified_name}' has no navigation property '{name[:100]}'")
        inline = child(link, METADATA, "inline")
        if inline is not None:
            target = None if navigation is None else navigation.target
            self._inline(inline, name, target, link, row)
        elif self.reading.is_request:
            self._bind(name, href, row, many=navigation is not None and navigation.is_collection)
        elif href:
            row[name + LINK] = href

    def _bind(self, name: str, href: str, row: dict[str, Any], *, many: bool) -> None:
        if not many:
            row[name + BIND] = href
        elif not href.rstrip("/").endswith(name):  # the link to the collection itself says nothing
            row.setdefault(name + BIND, []).append(href)

    def _inline(
        self, inline: Element, name: str, target: EntityType | None, link: Element, row: dict[str, Any]
    ) -> None:
        feed, entry = child(inline, ATOM, "feed"), child(inline, ATOM, "entry")
        if feed is not None:
            found = self.feed(feed, target)
            row[name] = found.rows
            if not self.reading.is_request:
                more = {COUNT: found.count, NEXT_LINK: found.next_link}
                row |= {name + key: value for key, value in more.items() if value is not None}
        elif entry is not None:
            row[name] = self.entry(entry, target)
        else:
            row[name] = [] if "type=feed" in link.attributes.get("type", "") else None

    def feed(self, element: Element, kind: StructuredType | None) -> Feed:
        """The rows of a feed, its count and the link to the next page."""
        if (element.namespace, element.name) != (ATOM, "feed"):
            fail(element, "an Atom feed is expected")
        count = child(element, METADATA, "count")
        links = [one for one in element.children if (one.namespace, one.name) == (ATOM, "link")]
        following = next((one.attributes.get("href") for one in links if one.attributes.get("rel") == "next"), None)
        entries = [one for one in element.children if (one.namespace, one.name) == (ATOM, "entry")]
        return Feed(
            [self.entry(one, kind) for one in entries],
            None if count is None else self._count(count),
            following,
        )

    def _count(self, element: Element) -> int:
        text = element.text.strip()
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            fail(element, "a number is expected")
        return int(text)

    # ------------------------------------------------------------ values

    def members(self, element: Element, kind: StructuredType | None) -> dict[str, Any]:
        """The properties within an element."""
        row: dict[str, Any] = {}
        for one in element.children:
            if one.namespace != DATA:
                continue
            if one.name in row:
                fail(one, f"the property '{one.name}' is given twice")
            prop = None if kind is None else kind.properties.get(one.name)
            if prop is None and kind is not None and not kind.is_open:
                names = list(kind.properties)
                fail(
                    one,
                    f"the type '{kind.qualified_name}' has no property '{one.name[:100]}'."
                    f"{suggestion(one.name[:100], names)}".removesuffix("."),
                )
            if prop is not None and is_null(one) and prop.is_generated and self.reading.is_request:
                continue
            row[one.name] = self.dynamic(one) if prop is None else self.value(one, prop)
        return row

    def value(self, element: Element, prop: Property) -> Any:
        """The value of a declared property."""
        if is_null(element):
            if prop.is_collection or not prop.nullable:
                fail(element, f"the property '{prop.name}' is not nullable")
            return None
        if prop.is_collection:
            return [self._item(one, prop) for one in element.children if one.name == "element"]
        return self._item(element, prop)

    def _item(self, element: Element, prop: Property) -> Any:
        if is_null(element):
            return None
        kind = prop.type
        try:
            if isinstance(kind, PrimitiveType):
                if kind is edm.STREAM:
                    fail(element, "a named stream has no value in an entity")
                if kind in GEO_TYPES:
                    return read_gml(kind, element)
                if kind not in XML_CODECS:
                    return self.dynamic(element)
                return check_facets(kind.accept(XML_CODECS[kind].read(element.text)), prop.facets)
            if isinstance(kind, EnumType):
                return accept_enum(kind, element.text.strip())
        except ValueError as error:
            fail(element, f"{error}, for the type {prop.type.name}")
        assert isinstance(kind, StructuredType), "a property is primitive, an enumeration or structured"
        own = self.kind_named(element.attributes.get("m:type"), kind, element)
        named = {} if own is kind or own is None else {TYPE: own.qualified_name}
        return {**named, **self.members(element, own)}

    def dynamic(self, element: Element) -> Any:
        """A value whose type is what its element says; text without one is a string."""
        if is_null(element):
            return None
        name = element.attributes.get("m:type", "")
        items = _COLLECTION.fullmatch(name)
        if items is not None:
            return [self._typed(one, items[1]) for one in element.children if one.name == "element"]
        return self._typed(element, name)

    def _typed(self, element: Element, name: str) -> Any:
        if is_null(element):
            return None
        kind: Any = edm.STRING if not name else _PRIMITIVES.get(name)
        if kind is None or any(one.namespace == DATA for one in element.children):
            model = self.reading.model
            found: Mapping[str, Any] = {} if model is None else model.types
            own = found.get(name)
            typed = {TYPE: name} if name else {}
            return {**typed, **self.members(element, own if isinstance(own, StructuredType) else None)}
        try:
            return read_gml(kind, element) if kind in GEO_TYPES else kind.accept(XML_CODECS[kind].read(element.text))
        except ValueError as error:
            fail(element, f"{error}, for the type {kind.name}")
