# Atom and XML of OData 1.0 to 3.0: the codec (MS-ODATA 2.2.6.2; OData Atom Format 3.0). What surrounds entries and
# values is said here: feeds, documents of properties and links, service documents, errors.

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from ..edm import EntityType, Model, Operation, Property, StructuredType
from ..edm.rows import Row
from ..errors import BadRequest, ODataError
from .atom_reader import AtomReader, fail, parse
from .atom_writer import (
    DATA,
    METADATA,
    NAMESPACES,
    Around,
    AtomForm,
    Out,
    append_entry,
    entry_writer,
    escape,
    members_writer,
    property_writer,
    quoted,
)
from .codec import About, Feed, Reading, Shape, refuse_count
from .errors import write_xml_error
from .links import V2_LINKS, V3_LINKS
from .service_xml import write_service_xml

ATOM_V2: Final = AtomForm(V2_LINKS, has_collections=False)
ATOM_V3: Final = AtomForm(V3_LINKS, has_collections=True)

_DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>'
_BATCH: Final = 64  # entries of one chunk


class Atom:
    """The codec of one version."""

    def __init__(self, form: AtomForm) -> None:
        self.form = form

    # ------------------------------------------------------------ writing

    def write_entity(self, shape: Shape, row: Row, about: About) -> bytes:
        """2.2.6.2.2; a complex value by itself is 2.2.6.2.5."""
        out: Out = [_DECLARATION]
        if not isinstance(shape.type, EntityType):
            return self._complex(shape, row, about)
        attributes = f' xml:base="{quoted(about.root)}" {NAMESPACES}'
        append_entry(out, row, entry_writer(shape, self.form), _around(about), attributes)
        return _encoded(out)

    def _complex(self, shape: Shape, row: Row, about: About) -> bytes:
        name = about.path.rpartition("/")[2] or shape.type.name
        kind = quoted(shape.type.qualified_name)
        out: Out = [_DECLARATION, f'<d:{name} m:type="{kind}" xmlns:d="{DATA}" xmlns:m="{METADATA}">']
        members_writer(shape.type, shape.select, shape.computed)(out, row)
        out.append(f"</d:{name}>")
        return _encoded(out)

    def write_feed(self, shape: Shape, rows: Iterable[Row], about: About) -> Iterator[bytes]:
        """2.2.6.2.1."""
        around, write = _around(about), entry_writer(shape, self.form)
        name = shape.source.name if shape.source is not None else shape.type.name
        href = about.url.removeprefix(about.root).partition("?")[0].rstrip("/") or name
        out: Out = [
            f'{_DECLARATION}<feed xml:base="{quoted(about.root)}" {NAMESPACES}><title type="text">{name}</title>',
            f"<id>{escape(about.root + href)}</id><updated>{around.updated}</updated>",
        ]
        if about.count is not None:
            out.append(f"<m:count>{about.count}</m:count>")
        own = href.rpartition("/")[2]  # as WCF Data Services writes it
        out.append(f'<link rel="self" title="{own}" href="{quoted(own)}"/>')
        for number, row in enumerate(rows, 1):
            append_entry(out, row, write, around)
            if number % _BATCH == 0:
                yield _encoded(out)
                out.clear()
        if about.next_link is not None:
            out.append(f'<link rel="next" href="{quoted(about.next_link)}"/>')
        out.append("</feed>")
        yield _encoded(out)

    def write_property(self, prop: Property, value: Any, about: About) -> bytes:
        """2.2.6.2.3 to 2.2.6.2.5: an element of the name of the property."""
        refuse_count(about)
        named = prop if prop.name else Property("element", prop.type, is_collection=prop.is_collection)
        out: Out = []
        property_writer(named)(out, value)
        text = "".join(out)
        name = f"<d:{named.name}"
        declared = f'{name} xmlns:d="{DATA}" xmlns:m="{METADATA}"'
        return f"{_DECLARATION}{declared}{text.removeprefix(name)}".encode()

    def write_links(self, urls: Sequence[str], about: About, *, is_collection: bool) -> bytes:
        """2.2.6.2.8 and 2.2.6.2.9."""
        if not is_collection:
            return f'{_DECLARATION}<uri xmlns="{DATA}">{escape(urls[0])}</uri>'.encode()
        out: Out = [f'{_DECLARATION}<links xmlns="{DATA}">']
        if about.count is not None:
            out.append(f'<m:count xmlns:m="{METADATA}">{about.count}</m:count>')
        out += [f"<uri>{escape(url)}</uri>" for url in urls]
        if about.next_link is not None:
            out.append(f"<next>{escape(about.next_link)}</next>")
        return _encoded([*out, "</links>"])

    def write_service(self, model: Model, about: About) -> bytes:
        """RFC 5023, 8."""
        return write_service_xml(
            about.root, [name for name, found in model.entity_sets.items() if found.in_service_document]
        )

    def write_error(self, error: ODataError) -> bytes:
        """2.2.6.2.11."""
        return write_xml_error(error)

    # ------------------------------------------------------------ reading

    def read_entity(self, body: bytes, kind: StructuredType | None, reading: Reading) -> dict[str, Any]:
        """A row from an entry, or from the element of a complex value."""
        root = parse(body, reading)
        if root.namespace == DATA:
            return AtomReader(reading).members(root, kind)
        return AtomReader(reading).entry(root, kind)

    def read_feed(self, body: bytes, kind: StructuredType | None, reading: Reading) -> Feed:
        """The rows of a feed."""
        return AtomReader(reading).feed(parse(body, reading), kind)

    def read_property(self, body: bytes, prop: Property | None, reading: Reading) -> Any:
        """The value of the one element of a document."""
        root, reader = parse(body, reading), AtomReader(reading)
        if root.namespace not in (DATA, METADATA):
            fail(root, "an element of a property is expected")
        return reader.dynamic(root) if prop is None else reader.value(root, prop)

    def read_links(self, body: bytes, reading: Reading) -> list[str]:
        """The URLs of <uri> or <links>, in either namespace: .NET clients use that of metadata."""
        root = parse(body, reading)
        if root.name == "uri":
            return [root.text.strip()]
        if root.name != "links":
            fail(root, "uri or links is expected")
        return [one.text.strip() for one in root.children if one.name == "uri"]

    def read_parameters(self, body: bytes, operation: Operation, reading: Reading) -> dict[str, Any]:
        """Parameters of actions come in JSON only (3.0 Protocol, 10.4.3)."""
        raise BadRequest("Parameters of an action are sent as JSON.")


def _around(about: About) -> Around:
    return Around(about.root, about.updated or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def _encoded(out: Out) -> bytes:
    return "".join(out).encode("utf-8", "replace")
