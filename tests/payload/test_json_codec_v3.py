# What JSON light of version 3 looks like, feature by feature (OData JSON Format 3.0, with its section), where it is not
# as in version 4: names, types, numbers as strings, links called URLs.

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from odata_core.edm import Duration, Property, TimeOfDay, Timestamp
from odata_core.edm.primitives import DATE, DURATION, TIME_OF_DAY
from odata_core.errors import BadRequest, NotFound
from odata_core.payload.codec import Codec, Reading, Shape
from odata_core.payload.json_codec import JsonCodec, json_v3
from tests.payload.json_shop import MODEL, ROOT, about, entity, shape

MINIMAL, FULL, NONE = json_v3(), json_v3("full"), json_v3("none")
CODEC: Codec = MINIMAL  # it is what the contract asks for

PRODUCT = {"ID": 1, "Name": "Milk", "Colour": "Red", "Weight": Decimal("1.5"), "Size": 2, "Tags": ["a"]}
PRODUCT_JSON = {"ID": 1, "Name": "Milk", "Colour": "Red", "Weight": "1.5", "Size": "2", "Tags": ["a"]}
FOOD = {"@odata.type": "Shop.Food", **PRODUCT, "Calories": 3, "Best": date(2020, 1, 2)}
CUSTOMER: dict[str, Any] = {"ID": "A", "Address": None, "Addresses": [], "Extra": None}
ORDER = {"ID": 1, "Date": Timestamp.parse("2020-01-02T03:04:05Z")}
ORDER_JSON = {"ID": 1, "Date": "2020-01-02T03:04:05Z"}

CASES: dict[str, tuple[JsonCodec, Shape, dict[str, Any], dict[str, Any]]] = {
    "4.2.1 numbers as strings": (MINIMAL, shape("Products"), PRODUCT, PRODUCT_JSON),
    "4.5.3 derived": (
        MINIMAL,
        shape("Products"),
        FOOD,
        {"odata.type": "Shop.Food", **PRODUCT_JSON, "Calories": "3", "Best": "2020-01-02T00:00:00"},
    ),
    "4.5 control information and annotations": (
        MINIMAL,
        shape("Photos"),
        {
            "@odata.etag": 'W/"1"',
            "@odata.mediaEtag": "m",
            "@Shop.Term": 1.5,
            "ID": 1,
            "ID@Shop.Term": None,
            "Small": "image/png",
            "Small@odata.mediaEtag": "s",
        },
        {
            "odata.etag": 'W/"1"',
            "odata.mediaETag": "m",
            "Shop.Term": 1.5,
            "ID@Shop.Term": None,
            "ID": 1,
            "Small@odata.mediaContentType": "image/png",
            "Small@odata.mediaETag": "s",
        },
    ),
    "4.5 full": (
        FULL,
        shape("Products"),
        {
            "@odata.type": "Shop.Food",
            "@odata.id": ROOT + "Products(1)",
            "@odata.editLink": "Products(1)/Shop.Food",
            **FOOD,
            "Maker@odata.navigationLink": "Products(1)/Shop.Food/Maker",
            "Maker@odata.associationLink": "Products(1)/Shop.Food/$links/Maker",
        },
        {
            "odata.type": "Shop.Food",
            "odata.id": ROOT + "Products(1)",
            "odata.editLink": "Products(1)/Shop.Food",
            "ID": 1,
            "Name": "Milk",
            "Colour@odata.type": "Shop.Colour",
            "Colour": "Red",
            "Weight@odata.type": "Shop.Weight",
            "Weight": "1.5",
            "Size@odata.type": "Edm.Int64",
            "Size": "2",
            "Tags@odata.type": "Collection(Edm.String)",
            "Tags": ["a"],
            "Calories@odata.type": "Edm.Int64",
            "Calories": "3",
            "Best@odata.type": "Edm.DateTime",
            "Best": "2020-01-02T00:00:00",
            "Maker@odata.navigationLinkUrl": "Products(1)/Shop.Food/Maker",
            "Maker@odata.associationLinkUrl": "Products(1)/Shop.Food/$links/Maker",
        },
    ),
    "4.5.11 expanded": (
        MINIMAL,
        shape("Customers", expand=(("Orders", shape("Orders")),)),
        {**CUSTOMER, "Orders": [ORDER], "Orders@odata.count": 7, "Orders@odata.nextLink": "n"},
        {**CUSTOMER, "Orders@odata.count": "7", "Orders@odata.nextLink": "n", "Orders": [ORDER_JSON]},
    ),
    "4.5.3 dynamic": (
        MINIMAL,
        shape("Customers"),
        {
            **CUSTOMER,
            "Text": "t",
            "Whole": 5,
            "Long": 2**40,
            "Half": 0.5,
            "Price": Decimal("1.20"),
            "When": Timestamp.parse("2020-01-02T03:04:05"),
        },
        {
            **CUSTOMER,
            "Text": "t",
            "Whole": 5,
            "Long@odata.type": "Edm.Int64",
            "Long": str(2**40),
            "Half": 0.5,
            "Price@odata.type": "Edm.Decimal",
            "Price": "1.20",
            "When@odata.type": "Edm.DateTime",
            "When": "2020-01-02T03:04:05",
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_both_directions(name: str) -> None:
    codec, found, row, tree = CASES[name]
    body = codec.write_entity(found, row, about(""))
    assert json.loads(body) == tree
    assert json.loads(b"".join(codec.write_feed(found, [row], about("")))) == {"value": [tree]}
    assert codec.read_entity(body, found.type, Reading(MODEL, is_request=False)) == row


def test_contexts_and_links_of_a_feed() -> None:
    body = b"".join(MINIMAL.write_feed(shape("Orders"), [], about("Orders", count=3, next_link="n")))
    assert (
        body
        == b'{"odata.metadata":"http://host/service/$metadata#Orders","odata.count":"3","value":[],"odata.nextLink":"n"}'
    )
    feed = MINIMAL.read_feed(body, entity("Order"), Reading(MODEL))
    assert (feed.rows, feed.count, feed.next_link) == ([], 3, "n")
    assert b"".join(NONE.write_feed(shape("Orders"), [], about("Orders", count=3))) == b'{"odata.count":"3","value":[]}'


def test_the_prefix_of_version_4_is_understood() -> None:
    """A member's control information has that prefix in both versions, and clients put it before an object's, too."""
    found = MINIMAL.read_entity(
        b'{"@odata.type":"#Shop.Food","ID":1,"odata.etag":"e"}', entity("Product"), Reading(MODEL)
    )
    assert found == {"@odata.type": "Shop.Food", "ID": 1}


@pytest.mark.parametrize(
    ("prop", "value", "text"),
    [
        (Property("D", DATE), date(2020, 1, 2), "2020-01-02T00:00:00"),
        (Property("T", TIME_OF_DAY), TimeOfDay.parse("01:02:03"), "PT1H2M3S"),
        (Property("S", DURATION), Duration.parse("P2DT1S"), "P2DT1S"),
    ],
)
def test_types_of_version_4_travel_as_others(prop: Property, value: Any, text: str) -> None:
    body = FULL.write_property(prop, value, about("Things(1)/X"))
    kind = {"D": "Edm.DateTime", "T": "Edm.Time", "S": "Edm.Time"}[prop.name]
    assert json.loads(body) == {"odata.metadata": f"{ROOT}$metadata#{kind}", "odata.type": kind, "value": text}
    assert MINIMAL.read_property(body, prop, Reading(MODEL)) == value


def test_a_null_property() -> None:
    """7: there is a form for it."""
    body = MINIMAL.write_property(Property("D", DATE), None, about("Things(1)/D"))
    assert json.loads(body) == {"odata.metadata": f"{ROOT}$metadata#Edm.Null", "odata.null": True}
    assert MINIMAL.read_property(body, Property("D", DATE), Reading(MODEL)) is None


def test_links() -> None:
    """8."""
    many = MINIMAL.write_links(["a"], about("Customers/$links/Orders", next_link="n"), is_collection=True)
    assert json.loads(many) == {
        "odata.metadata": f"{ROOT}$metadata#Customers/$links/Orders",
        "value": [{"url": "a"}],
        "odata.nextLink": "n",
    }
    assert NONE.write_links(["a"], about(""), is_collection=False) == b'{"url":"a"}'
    assert MINIMAL.read_links(many, Reading(MODEL)) == ["a"]
    with pytest.raises(BadRequest, match="an object with the member 'url' is expected"):
        MINIMAL.read_links(b'{"uri":"a"}', Reading(MODEL))


def test_documents() -> None:
    """5 and 14."""
    names = [{"name": name, "url": name} for name in MODEL.entity_sets]
    assert json.loads(MINIMAL.write_service(MODEL, about(""))) == {"odata.metadata": f"{ROOT}$metadata", "value": names}
    error = MINIMAL.write_error(NotFound("Gone.", code="X", target="$.A"))
    assert json.loads(error) == {"odata.error": {"code": "X", "message": {"lang": "en-US", "value": "Gone."}}}
