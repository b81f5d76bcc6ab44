# Atom and XML: whatever is written is read back, and hostile or strange documents are refused with their place.

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from odata_core.edm import Model, ModelBuilder, PropertySpec, StructuredType, prop
from odata_core.edm.rows import BIND, TYPE
from odata_core.errors import BadRequest, NotAcceptable, ODataError
from odata_core.payload.atom import ATOM_V2, ATOM_V3, Atom
from odata_core.payload.codec import About, Reading, Shape
from odata_core.testing.reference import exact
from odata_core.testing.strategies import models, rows_of
from tests.conformance.corpora import FOLDER

ABOUT = About("http://h/", updated="2020-01-01T00:00:00Z")
FORMS = {"V2": ATOM_V2, "V3": ATOM_V3}
CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))
TYPES = """Binary Boolean Byte SByte Int16 Int32 Int64 Single Double Decimal String Guid DateTime DateTimeOffset
    Time""".split()


@pytest.mark.parametrize("form", FORMS)
@CALM
@given(data=st.data())
def test_any_entity_comes_back(form: str, data: st.DataObject) -> None:
    model = data.draw(models(types=TYPES))
    source = next(iter(model.entity_sets.values()))
    row = data.draw(rows_of(source.type))
    codec = Atom(FORMS[form])
    try:
        body = codec.write_entity(Shape(source.type, source), row, ABOUT)
    except NotAcceptable:
        assume(False)  # a character that XML cannot hold
    assert exact(codec.read_entity(body, source.type, Reading(model))) == exact(row)
    feed = b"".join(codec.write_feed(Shape(source.type, source), [row, row], ABOUT))
    assert exact(codec.read_feed(feed, source.type, Reading(model)).rows) == exact([row, row])


def shop() -> Model:
    builder = ModelBuilder("Shop")
    builder.complex("Size", properties={"Width": "Int32"})
    properties: dict[str, str | PropertySpec] = {
        "ID": "Int32",
        "Name": "String",
        "Size": "Size",
        "On": prop("DateTime", nullable=False),
    }
    builder.entity("Product", key="ID", properties=properties)
    builder.entity("Food", base="Product", properties={"Best": "DateTime"})
    builder.entity("Maker", key="ID", properties={"ID": "Int32"})
    builder.navigation("Product", "Maker", to="Maker")
    builder.navigation("Maker", "Products", to="Product", many=True)
    builder.entity_set("Products", "Product")
    builder.entity_set("Makers", "Maker")
    return builder.build()


SHOP = shop()
PRODUCTS, MAKERS = SHOP.entity_sets["Products"], SHOP.entity_sets["Makers"]
D = "http://schemas.microsoft.com/ado/2007/08/dataservices"
HEAD = f'<entry xmlns="http://www.w3.org/2005/Atom" xmlns:d="{D}" xmlns:m="{D}/metadata">'


def read(inside: str, kind: StructuredType = PRODUCTS.type) -> Any:
    return Atom(ATOM_V3).read_entity(f"{HEAD}{inside}</entry>".encode(), kind, Reading(SHOP))


def properties(inside: str) -> str:
    return f'<content type="application/xml"><m:properties>{inside}</m:properties></content>'


@pytest.mark.parametrize(
    ("inside", "row"),
    [
        ("", {}),
        (properties("<d:ID>5</d:ID>"), {"ID": 5}),
        (properties("<d:Name/>"), {"Name": ""}),
        (properties('<d:Name m:null="true"/>'), {"Name": None}),
        (properties('<d:Size m:type="Shop.Size"><d:Width> 5 </d:Width></d:Size>'), {"Size": {"Width": 5}}),
        (f'<category term="Shop.Food" scheme="{D}/scheme"/>', {TYPE: "Shop.Food"}),
        (f'<link rel="{D}/related/Maker" href="Makers(1)"/>', {f"Maker{BIND}": "Makers(1)"}),
        (
            f'<link rel="{D}/related/Maker" type="application/atom+xml;type=entry"><m:inline><entry>'
            f"{properties('<d:ID>1</d:ID>')}</entry></m:inline></link>",
            {"Maker": {"ID": 1}},
        ),
        (f'<link rel="{D}/related/Maker" href="x"><m:inline/></link>', {"Maker": None}),
    ],
)
def test_what_clients_write(inside: str, row: Any) -> None:
    assert read(inside) == row


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        (
            properties("<d:Nme>x</d:Nme>"),
            "line 1, entry/content/properties/Nme: the type 'Shop.Product' has no property",
        ),
        (
            properties("<d:ID>x</d:ID>"),
            "entry/content/properties/ID: a whole number is expected, for the type Edm.Int32",
        ),
        (properties('<d:On m:null="true"/>'), "the property 'On' is not nullable"),
        (properties("<d:ID>1</d:ID><d:ID>2</d:ID>"), "the property 'ID' is given twice"),
        (f'<category term="Shop.Maker" scheme="{D}/scheme"/>', "'Shop.Maker' is not Shop.Product or a type derived"),
        (f'<link rel="{D}/related/Owner" href="x"/>', "the type 'Shop.Product' has no navigation property 'Owner'"),
        ("<", "not well-formed XML"),
    ],
)
def test_refusals(inside: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(inside)
    assert message in caught.value.message


@pytest.mark.parametrize(
    "body",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        "<a>" * 100_000,
        '<a b="' + "x" * 1_000_000,
        "<a>&undefined;</a>",
    ],
    ids=["internal", "external", "deep", "long", "undefined"],
)
def test_hostile_documents(body: str) -> None:
    with pytest.raises(BadRequest):
        Atom(ATOM_V3).read_entity(body.encode(), PRODUCTS.type, Reading(SHOP))


def test_a_document_of_others_that_reads_files() -> None:
    body = (FOLDER / "payloads/v2/olingo2/xxe.xml").read_bytes()
    with pytest.raises(BadRequest):
        Atom(ATOM_V2).read_entity(body, None, Reading(None))


@CALM
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for text in (body, HEAD.encode() + body + b"</entry>"):
        with suppress(ODataError):
            Atom(ATOM_V3).read_entity(text, PRODUCTS.type, Reading(SHOP))


def test_links_and_values() -> None:
    codec = Atom(ATOM_V3)
    one = codec.write_links(["http://h/Makers(1)"], ABOUT, is_collection=False)
    assert one == f'<?xml version="1.0" encoding="utf-8"?><uri xmlns="{D}">http://h/Makers(1)</uri>'.encode()
    assert codec.read_links(one, Reading(SHOP)) == ["http://h/Makers(1)"]
    # The .NET client's own bodies are in the other namespace
    body = f'<uri xmlns="{D}/metadata">http://h/Makers(1)</uri>'.encode()
    assert codec.read_links(body, Reading(SHOP)) == ["http://h/Makers(1)"]
    width = SHOP.types["Shop.Size"].properties["Width"]  # type: ignore[union-attr]
    assert codec.read_property(codec.write_property(width, 5, ABOUT), width, Reading(SHOP)) == 5
    assert codec.read_property(codec.write_property(width, None, ABOUT), width, Reading(SHOP)) is None


def test_expanded_entities_come_back() -> None:
    shape = Shape(MAKERS.type, MAKERS, expand=(("Products", Shape(PRODUCTS.type, PRODUCTS)),))
    product = {"ID": 1, "Name": "a", "Size": None, "On": None}
    row = {"ID": 1, "Products": [product, {**product, "ID": 2}]}
    body = Atom(ATOM_V2).write_entity(shape, row, ABOUT)
    answer = Atom(ATOM_V2).read_entity(
        body.replace(b' m:type="Edm.DateTime" m:null="true"/>', b">2020-01-01T00:00</d:On>"), MAKERS.type, Reading(SHOP)
    )
    assert [one["ID"] for one in answer["Products"]] == [1, 2]
