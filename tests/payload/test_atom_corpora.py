# The Atom and XML files of versions 2 and 3 that others wrote: each entry and feed is read, and what is written from
# that is read as the same again, links, ids, ETags and expanded entities included; values by themselves likewise.

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from odata_core.edm import EntityType, ModelBuilder, Property, PropertySpec, prop
from odata_core.edm import primitives as edm
from odata_core.edm.rows import ASSOCIATION, EDIT_LINK, ID, MEDIA_EDIT_LINK
from odata_core.errors import BadRequest
from odata_core.payload.atom import ATOM_V2, ATOM_V3, Atom
from odata_core.payload.atom_writer import DATA, METADATA, RELATED
from odata_core.payload.codec import About, Reading, Shape
from odata_core.testing.reference import exact
from tests.conformance.corpora import lines, path_of
from tests.conformance.refscenario import MODEL

FILES = [one for one in lines("payloads/index") if one["format"] == "xml" and one["file"].startswith(("v2", "v3"))]
ROOTS = {one["file"]: one.get("root") for one in FILES}
ENTRIES = [one["file"] for one in FILES if one.get("root") in ("entry", "feed")]
VALUES = [one["file"] for one in FILES if one["file"].startswith("v3/webapi3") and one.get("root") == "ID"]
ABOUT = About("http://h/", updated="2020-01-01T00:00:00Z")
SETS = {"Team": "Teams", "Room": "Rooms", "Employee": "Employees", "Building": "Buildings"}

# The corpora have no model of these types: they are read without one, and again with one that says what they say.
WITHOUT_MODEL = {
    *("EmployeeContentOnly", "EmployeeContentOnlyWithNavigationLink", "ProductsFeed", "RoomContentOnly"),
    *("RoomContentOnlyWithNavigationLink", "EmployeeEntryInAtom", "FeedOfEmployeeInAtom", "PersonEntryInAtom"),
    *("ProductRequestEntryInAtom", "SupplierPatchInAtom", "SupplierRequestEntryInAtom", "WorkItemEntryInAtom"),
}


def name_of(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".xml")


def content_of(file: str) -> bytes:
    return path_of(f"payloads/{file}").read_bytes()


def codec_of(file: str) -> Atom:
    return Atom(ATOM_V2 if file.startswith("v2") else ATOM_V3)


def kind_of(body: bytes) -> EntityType | None:
    found = re.search(rb'category[^>]*term="RefScenario\.(\w+)"', body)
    return None if found is None else MODEL.entity_set(SETS[found[1].decode()]).type


def shape_of(kind: EntityType, rows: list[Any]) -> Shape:
    """What the rows have expanded."""
    expand = []
    for name, way in kind.navigation.items():
        held = [row[name] for row in rows if row and name in row]
        if held:
            inner = [one for value in held for one in (value if isinstance(value, list) else [value])]
            expand.append((name, shape_of(way.target, inner)))
    return Shape(kind, expand=tuple(expand))


def plain(value: Any) -> Any:
    """In the order of names, without what version 2 does not have (association links), what is always written (where
    a stream or an entity is changed), and the URL that relative ids are relative to."""
    if isinstance(value, Mapping):
        names = [name for name in sorted(value) if not name.endswith(ASSOCIATION) and name != MEDIA_EDIT_LINK]
        if value.get(EDIT_LINK) == value.get(ID):
            names = [name for name in names if name != EDIT_LINK]
        return {name: plain(value[name]) for name in names}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.removeprefix("http://h/") if isinstance(value, str) else value


A, D, M = "{http://www.w3.org/2005/Atom}", f"{{{DATA}}}", f"{{{METADATA}}}"


class Inferred:
    """A model of the entries of a document, as their elements tell it: a property without a type is a string."""

    def __init__(self, body: bytes) -> None:
        self.builder = ModelBuilder("Inferred")
        self.complex: dict[str, dict[str, str | PropertySpec]] = {}
        root = ET.fromstring(body)
        self._entity([root] if root.tag == f"{A}entry" else root.findall(f"{A}entry"), "T")
        for name, members in self.complex.items():
            self.builder.complex(name, properties=members)
        found = self.builder.build().types["Inferred.T"]
        assert isinstance(found, EntityType)
        self.type = found

    def _entity(self, entries: list[ET.Element], name: str) -> None:
        columns: dict[str, str | PropertySpec] = {}
        for entry in entries:
            for properties in [*entry.iterfind(f"{A}content/{M}properties"), *entry.iterfind(f"{M}properties")]:
                columns |= self._members(properties, name)
        key = next(iter(columns), "Key_")
        self.builder.entity(name, key=key, properties=columns or {key: "Int32"})
        links = [link for entry in entries for link in entry.iterfind(f"{A}link") if RELATED in link.attrib["rel"]]
        for way in dict.fromkeys([link.attrib["rel"].rpartition("/")[2] for link in links]):
            own = [link for link in links if link.attrib["rel"].endswith(f"/{way}")]
            inner = [entry for link in own for entry in link.iterfind(f"{M}inline//{A}entry")]
            self._entity(inner, f"{name}_{way}")
            many = any("feed" in link.attrib.get("type", "") for link in own)
            self.builder.navigation(name, way, to=f"{name}_{way}", many=many)

    def _members(self, element: ET.Element, name: str) -> dict[str, str | PropertySpec]:
        found: dict[str, str | PropertySpec] = {}
        for one in element:
            member, told = one.tag.removeprefix(D), one.attrib.get(f"{M}type", "Edm.String")
            if len(one) and "Edm." not in told:
                own = f"{name}_{member}"
                items = list(one) if told.startswith("Collection(") else [one]
                known = self.complex.setdefault(own, {})
                for item in items:
                    known |= self._members(item, own)
                told = f"Collection({own})" if told.startswith("Collection(") else own
            found[member] = prop(told.replace("Edm.", ""))
        return found


def without_names(body: bytes) -> bytes:
    """A document that names no types but those that are built in."""
    body = re.sub(rb"<category[^>]*/>", b"", body)
    return re.sub(rb' m:type="(?!Edm\.|Collection\(Edm\.)[^"]*"', b"", body)


@pytest.mark.parametrize("file", ENTRIES, ids=name_of)
def test_entries_come_back(file: str) -> None:
    body, codec = content_of(file), codec_of(file)
    kind = kind_of(body)
    reading = Reading(None if kind is None else MODEL, is_request=False)
    assert (kind is None) is (name_of(file) in WITHOUT_MODEL)
    if kind is None:
        unread = codec.read_feed(body, None, reading).rows if ROOTS[file] == "feed" else None
        assert unread or codec.read_entity(body, None, reading)
        kind, body = Inferred(body).type, without_names(body)
    feed = codec.read_feed(body, kind, reading) if ROOTS[file] == "feed" else None
    rows = [codec.read_entity(body, kind, reading)] if feed is None else feed.rows
    assert rows
    shape = shape_of(kind, rows)
    if feed is None:
        again = [codec.read_entity(codec.write_entity(shape, rows[0], ABOUT), kind, reading)]
    else:
        about = About("http://h/", updated="2020-01-01T00:00:00Z", count=feed.count, next_link=feed.next_link)
        back = codec.read_feed(b"".join(codec.write_feed(shape, rows, about)), kind, reading)
        assert (back.count, back.next_link) == (feed.count, feed.next_link)
        again = back.rows
    assert exact(plain(again)) == exact(plain(rows))


TYPES = {
    "Boolean": edm.BOOLEAN,
    "NullableBoolean": edm.BOOLEAN,
    "Byte": edm.BYTE,
    "ArrayOfByte": edm.BINARY,
    "DateTime": edm.DATETIME,
    "Decimal": edm.DECIMAL,
    "Double": edm.DOUBLE,
    "Guid": edm.GUID,
    "Int16": edm.INT16,
    "Int32": edm.INT32,
    "NullableInt32": edm.INT32,
    "Int64": edm.INT64,
    "SByte": edm.SBYTE,
    "Single": edm.SINGLE,
    "String": edm.STRING,
    "TimeSpan": edm.TIME,
}


@pytest.mark.parametrize("file", VALUES, ids=name_of)
def test_values_come_back(file: str) -> None:
    codec, reading = codec_of(file), Reading(None, is_request=False)
    prop = Property("ID", TYPES[name_of(file).removesuffix("InXml")])
    value = codec.read_property(content_of(file), prop, reading)
    assert value is not None or name_of(file).startswith("Nullable")
    again = codec.read_property(codec.write_property(prop, value, ABOUT), prop, reading)
    assert exact(again) == exact(value)


def test_external_entities_are_refused() -> None:
    with pytest.raises(BadRequest):
        codec_of("v2").read_entity(content_of("v2/olingo2/xxe.xml"), None, Reading(None))
