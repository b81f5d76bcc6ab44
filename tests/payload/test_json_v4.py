# What JSON of version 4 looks like, feature by feature, and what is read of it: 4.01 JSON Format, with its section.
# Each case is a row and its JSON; both directions are tested, and the one that is special is told.

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from odata_core.edm import Duration, TimeOfDay, Timestamp
from odata_core.payload.codec import Codec, Reading, Shape
from odata_core.payload.json_codec import JsonCodec, json_v4
from tests.payload.json_shop import MODEL, ROOT, about, address, entity, shape

MINIMAL, FULL, NONE = json_v4(), json_v4("full"), json_v4("none")
SHORT = json_v4(is_401=True, short_names=True)
CODECS: tuple[Codec, ...] = (MINIMAL, SHORT)  # they are what the contract asks for

PRODUCT = {"ID": 1, "Name": "Milk", "Colour": "Red", "Weight": Decimal("1.5"), "Size": 2, "Tags": ["a"]}
PRODUCT_JSON = {"ID": 1, "Name": "Milk", "Colour": "Red", "Weight": 1.5, "Size": 2, "Tags": ["a"]}
FOOD = {"@odata.type": "Shop.Food", **PRODUCT, "Calories": 3, "Best": date(2020, 1, 2)}
CUSTOMER: dict[str, Any] = {"ID": "A", "Address": None, "Addresses": [], "Extra": None}
ORDER = {"ID": 1, "Date": Timestamp.parse("2020-01-02T03:04:05.1234567+01:00")}
ORDER_JSON = {"ID": 1, "Date": "2020-01-02T03:04:05.1234567+01:00"}
ITEM = {"No": 1, "Amount": 2**60}
PRODUCT_TYPES = {"ID": "#Int32", "Colour": "#Shop.Colour", "Weight": "#Shop.Weight", "Size": "#Int64"}
PRODUCT_TYPES |= {"Tags": "#Collection(String)"}


def typed(values: dict[str, Any], types: dict[str, str], suffix: str = "@odata.type") -> dict[str, Any]:
    """The members, each behind its type."""
    out: dict[str, Any] = {}
    for name, value in values.items():
        out |= {name + suffix: types[name], name: value} if name in types else {name: value}
    return out


@dataclass(frozen=True)
class Case:
    codec: JsonCodec
    shape: Shape
    row: dict[str, Any]
    json: dict[str, Any]
    found: dict[str, Any] | None = None  # what is read of an answer, where that is not the row


CASES = {
    "4.5 plain": Case(MINIMAL, shape("Products"), PRODUCT, PRODUCT_JSON),
    "3.1.1 selected": Case(
        MINIMAL,
        shape("Products", select=("Name", "ID")),
        PRODUCT,
        {"ID": 1, "Name": "Milk"},
        {"ID": 1, "Name": "Milk"},
    ),
    "4.5.8 the key is left out": Case(
        MINIMAL,
        shape("Products", select=("Name",)),
        PRODUCT,
        {"@odata.id": ROOT + "Products(1)", "Name": "Milk"},
        {"@odata.id": ROOT + "Products(1)", "Name": "Milk"},
    ),
    "4.5.3 derived": Case(
        MINIMAL,
        shape("Products"),
        FOOD,
        {"@odata.type": "#Shop.Food", **PRODUCT_JSON, "Calories": 3, "Best": "2020-01-02"},
    ),
    "4.5.3 derived, short names": Case(
        SHORT,
        shape("Products"),
        FOOD,
        {"@type": "#Shop.Food", **PRODUCT_JSON, "Calories": 3, "Best": "2020-01-02"},
    ),
    "3.1.3 derived without metadata": Case(
        NONE,
        shape("Products"),
        {k: v for k, v in FOOD.items() if k not in ("Calories", "Best")} | {"Calories": None, "Best": None},
        {**PRODUCT_JSON, "Calories": None, "Best": None},
        {},
    ),
    "4.5 all control information of an entity": Case(
        MINIMAL,
        shape("Products"),
        {
            "@odata.id": "Things/1",
            "@odata.etag": 'W/"1"',
            "@odata.readLink": "r",
            "@odata.editLink": "e",
            "@Core.Term": {"a": 1.5},
            **PRODUCT,
            "Name@Core.Term": [1, None],
        },
        {
            "@odata.id": "Things/1",
            "@odata.etag": 'W/"1"',
            "@odata.readLink": "r",
            "@odata.editLink": "e",
            "@Core.Term": {"a": 1.5},
            "ID": 1,
            "Name@Core.Term": [1, None],
            **{k: v for k, v in PRODUCT_JSON.items() if k != "ID"},
        },
    ),
    "3.1.2 full": Case(
        FULL,
        shape("Products"),
        PRODUCT,
        {
            "@odata.type": "#Shop.Product",
            "@odata.id": ROOT + "Products(1)",
            "@odata.editLink": "Products(1)",
            **typed(PRODUCT_JSON, PRODUCT_TYPES),
        },
        {"@odata.id": ROOT + "Products(1)", "@odata.editLink": "Products(1)", **PRODUCT},
    ),
    "8.1 8.2 full with links, derived": Case(
        FULL,
        shape("Products"),
        FOOD,
        {
            "@odata.type": "#Shop.Food",
            "@odata.id": ROOT + "Products(1)",
            "@odata.editLink": "Products(1)/Shop.Food",
            **typed(
                PRODUCT_JSON | {"Calories": 3, "Best": "2020-01-02"},
                PRODUCT_TYPES | {"Calories": "#Int64", "Best": "#Date"},
            ),
            "Maker@odata.navigationLink": "Products(1)/Shop.Food/Maker",
            "Maker@odata.associationLink": "Products(1)/Shop.Food/Maker/$ref",
        },
        {
            "@odata.type": "Shop.Food",
            "@odata.id": ROOT + "Products(1)",
            "@odata.editLink": "Products(1)/Shop.Food",
            **FOOD,
            "Maker@odata.navigationLink": "Products(1)/Shop.Food/Maker",
            "Maker@odata.associationLink": "Products(1)/Shop.Food/Maker/$ref",
        },
    ),
    "full, 4.01": Case(
        json_v4("full", is_401=True, short_names=True),
        shape("Orders", links=()),
        ORDER,
        {
            "@type": "#Shop.Order",
            "@id": ROOT + "Orders(1)",
            "@editLink": "Orders(1)",
            "ID@type": "Int32",
            "ID": 1,
            "Date@type": "DateTimeOffset",
            "Date": ORDER_JSON["Date"],
        },
        {"@odata.id": ROOT + "Orders(1)", "@odata.editLink": "Orders(1)", **ORDER},
    ),
    "8.3 expanded": Case(
        MINIMAL,
        shape("Customers", expand=(("Orders", shape("Orders", expand=(("Customer", shape("Customers")),))),)),
        {
            **CUSTOMER,
            "Orders": [{**ORDER, "Customer": None}, {**ORDER, "@odata.etag": "e", "Customer": CUSTOMER}],
            "Orders@odata.count": 7,
            "Orders@odata.nextLink": "next",
        },
        {
            **CUSTOMER,
            "Orders@odata.count": 7,
            "Orders@odata.nextLink": "next",
            "Orders": [{**ORDER_JSON, "Customer": None}, {"@odata.etag": "e", **ORDER_JSON, "Customer": CUSTOMER}],
        },
    ),
    "8.3 only counted": Case(
        json_v4("none", ieee754=True),
        shape("Customers"),
        {**CUSTOMER, "Orders@odata.count": 7},
        {**CUSTOMER, "Orders@odata.count": "7"},
    ),
    "14 expanded references": Case(
        SHORT,
        shape("Customers", expand=(("Orders", shape("Orders")),), references=frozenset({"Orders"})),
        {**CUSTOMER, "Orders": [{"@odata.id": "x"}, ORDER]},
        {**CUSTOMER, "Orders": [{"@id": "x"}, {"@id": ROOT + "Orders(1)"}]},
        {**CUSTOMER, "Orders": [{"@odata.id": "x"}, {"@odata.id": ROOT + "Orders(1)"}]},
    ),
    "7.2 complex, derived, nested": Case(
        MINIMAL,
        shape("Customers"),
        {
            **CUSTOMER,
            "Address": {"@odata.type": "Shop.HomeAddress", "Street": None, "City": "Bern", "Family": "F"},
            "Addresses": [{"Street": "a", "City": "b"}],
        },
        {
            **CUSTOMER,
            "Address": {"@odata.type": "#Shop.HomeAddress", "Street": None, "City": "Bern", "Family": "F"},
            "Addresses": [{"Street": "a", "City": "b"}],
        },
    ),
    "full complex": Case(
        json_v4("full"),
        Shape(address()),
        {"Street": "a", "City": "b"},
        {"@odata.type": "#Shop.Address", "Street": "a", "City": "b"},
    ),
    "4.5.3 dynamic": Case(
        MINIMAL,
        shape("Customers"),
        {
            **CUSTOMER,
            "Text": "t",
            "Yes": True,
            "Half": 0.5,
            "Whole": 5,
            "Short": 5,
            "Short@odata.type": "Edm.Int16",
            "Price": Decimal("1.20"),
            "When": Timestamp.parse("2020-01-02T03:04:05Z"),
            "Day": date(2020, 1, 2),
            "Clock": TimeOfDay.parse("01:02:03.5"),
            "Span": Duration.parse("P1DT1S"),
            "Who": UUID(int=1),
            "Bytes": b"\xfb\xff",
            "Endless": float("inf"),
            "Null": None,
            "TypedNull": None,
            "TypedNull@odata.type": "Edm.Guid",
            "Colour": "Red",
            "Colour@odata.type": "Shop.Colour",
            "Wholes": [1, 2],
            "Texts": ["a", None],
            "Home": {"@odata.type": "Shop.Address", "Street": "s", "City": "c"},
            "Object": {"a": [{"b": 0.5}]},
            "Place": {"type": "Point", "coordinates": [1.5, 2]},
            "Place@odata.type": "Edm.GeographyPoint",
        },
        {
            **CUSTOMER,
            "Text": "t",
            "Yes": True,
            "Half": 0.5,
            "Whole@odata.type": "#Int64",
            "Whole": 5,
            "Short@odata.type": "#Int16",
            "Short": 5,
            "Price@odata.type": "#Decimal",
            "Price": 1.20,
            "When@odata.type": "#DateTimeOffset",
            "When": "2020-01-02T03:04:05Z",
            "Day@odata.type": "#Date",
            "Day": "2020-01-02",
            "Clock@odata.type": "#TimeOfDay",
            "Clock": "01:02:03.5",
            "Span@odata.type": "#Duration",
            "Span": "P1DT1S",
            "Who@odata.type": "#Guid",
            "Who": "00000000-0000-0000-0000-000000000001",
            "Bytes@odata.type": "#Binary",
            "Bytes": "-_8=",
            "Endless@odata.type": "#Double",
            "Endless": "INF",
            "Null": None,
            "TypedNull@odata.type": "#Guid",
            "TypedNull": None,
            "Colour@odata.type": "#Shop.Colour",
            "Colour": "Red",
            "Wholes@odata.type": "#Collection(Int64)",
            "Wholes": [1, 2],
            "Texts@odata.type": "#Collection(String)",
            "Texts": ["a", None],
            "Home": {"@odata.type": "#Shop.Address", "Street": "s", "City": "c"},
            "Object": {"a": [{"b": 0.5}]},
            "Place@odata.type": "#GeographyPoint",
            "Place": {"type": "Point", "coordinates": [1.5, 2]},
        },
    ),
    "dynamic, selected": Case(
        MINIMAL,
        shape("Customers", select=("ID", "Text")),
        {**CUSTOMER, "Text": "t", "Other": 1},
        {"ID": "A", "Text": "t"},
        {"ID": "A", "Text": "t"},
    ),
    "9 10 media and streams": Case(
        MINIMAL,
        shape("Photos"),
        {
            "@odata.mediaContentType": "image/png",
            "@odata.mediaEtag": "m",
            "ID": 1,
            "Small": "image/jpeg",
            "Small@odata.mediaEtag": "s",
        },
        {
            "@odata.mediaContentType": "image/png",
            "@odata.mediaEtag": "m",
            "ID": 1,
            "Small@odata.mediaContentType": "image/jpeg",
            "Small@odata.mediaEtag": "s",
        },
    ),
    "9 10 media and streams, full": Case(
        FULL,
        shape("Photos"),
        {"@odata.mediaReadLink": "elsewhere", "ID": 1, "Small": "image/jpeg"},
        {
            "@odata.type": "#Shop.Photo",
            "@odata.id": ROOT + "Photos(1)",
            "@odata.mediaReadLink": "elsewhere",
            "@odata.editLink": "Photos(1)",
            "@odata.mediaEditLink": "Photos(1)/$value",
            "ID@odata.type": "#Int32",
            "ID": 1,
            "Small@odata.mediaContentType": "image/jpeg",
            "Small@odata.mediaEditLink": "Photos(1)/Small",
            "Small@odata.mediaReadLink": "Photos(1)/Small",
        },
        {
            "@odata.id": ROOT + "Photos(1)",
            "@odata.mediaReadLink": "elsewhere",
            "@odata.editLink": "Photos(1)",
            "@odata.mediaEditLink": "Photos(1)/$value",
            "ID": 1,
            "Small": "image/jpeg",
            "Small@odata.mediaEditLink": "Photos(1)/Small",
            "Small@odata.mediaReadLink": "Photos(1)/Small",
        },
    ),
    "9 no stream": Case(MINIMAL, shape("Photos"), {"ID": 1, "Small": None}, {"ID": 1}, {"ID": 1}),
    "16 17 operations": Case(
        MINIMAL,
        shape("Products"),
        {**PRODUCT, "#Shop.Buy": {"title": "Buy", "target": "t"}},
        {"#Shop.Buy": {"title": "Buy", "target": "t"}, **PRODUCT_JSON},
    ),
    "3.2 numbers are strings": Case(
        json_v4(ieee754=True), Shape(entity("Item")), ITEM, {"No": 1, "Amount": str(2**60)}
    ),
    "4.5.8 transient": Case(
        MINIMAL, Shape(entity("Item"), partial=True), {"Amount": 1}, {"@odata.id": None, "Amount": 1}, {}
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_writing(name: str) -> None:
    case = CASES[name]
    found = case.codec.write_entity(case.shape, case.row, about(""))
    assert list(json.loads(found).items()) == list(case.json.items())
    feed = b"".join(case.codec.write_feed(case.shape, [case.row, case.row], about("")))
    assert json.loads(feed) == {"value": [case.json, case.json]}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.found != {}])
def test_reading(name: str) -> None:
    case = CASES[name]
    found = case.codec.read_entity(json.dumps(case.json).encode(), case.shape.type, Reading(MODEL, is_request=False))
    assert found == (case.found or case.row)
    reverse = dict(reversed(case.json.items()))  # control information may stand anywhere
    assert case.codec.read_entity(json.dumps(reverse).encode(), case.shape.type, Reading(MODEL, is_request=False)) == (
        case.found or case.row
    )


@pytest.mark.parametrize(
    ("value", "codec", "text"),
    [
        (Decimal("1E+5"), MINIMAL, b"100000"),
        (Decimal("1E-9"), MINIMAL, b"0.000000001"),
        (Decimal("1E+5"), SHORT, b"1E+5"),
        (Decimal("1.20"), MINIMAL, b"1.20"),
        (Decimal("1E+5"), json_v4(ieee754=True), b'"100000"'),
    ],
)
def test_decimals_keep_their_digits(value: Decimal, codec: JsonCodec, text: bytes) -> None:
    """3.2: without an exponent in version 4.0."""
    row = {**PRODUCT, "Weight": value}
    for body in (
        codec.write_entity(shape("Products"), row, about("")),
        b"".join(codec.write_feed(shape("Products"), [PRODUCT, row], about(""))),
    ):
        assert b'"Weight":' + text + b"," in body
