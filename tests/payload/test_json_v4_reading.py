# What a server reads of JSON of version 4, and what it refuses, with the place and the reason.

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from odata_core.csdl import read_csdl_file
from odata_core.edm import EntityType, Property, Timestamp
from odata_core.edm.primitives import GEO_TYPES, INT64, SINGLE
from odata_core.errors import BadRequest
from odata_core.limits import Limits
from odata_core.payload.codec import Reading
from odata_core.payload.json_codec import json_v3, json_v4
from tests.conformance.corpora import path_of
from tests.payload.json_shop import MODEL, ROOT, about, address, entity

V4 = json_v4()
REQUEST, ANSWER = Reading(MODEL, root=ROOT), Reading(MODEL, is_request=False)


def read(kind: str, content: Any, reading: Reading = REQUEST) -> Any:
    return V4.read_entity(json.dumps(content).encode(), entity(kind), reading)


@pytest.mark.parametrize(
    ("kind", "content", "row"),
    [
        ("Product", {"ID": None, "Name": None}, {"Name": None}),  # the server makes the ID
        ("Product", {"ID": 1, "@etag": "e", "@odata.editLink": "x"}, {"ID": 1, "@odata.etag": "e"}),
        ("Product", {"@odata.id": "Products(1)", "@odata.context": "c"}, {"@odata.id": "Products(1)"}),
        ("Product", {"@odata.unknown": 1, "@unknown": 2, "Name@odata.unknown": 3}, {}),
        ("Product", {"Name@Core.Note": "n", "@Core.Note": 1.5}, {"Name@Core.Note": "n", "@Core.Note": 1.5}),
        ("Product", {"#Shop.Buy": {}}, {}),
        (
            "Product",
            {"@type": "Shop.Food", "Best": "2020-01-02"},
            {"@odata.type": "Shop.Food", "Best": date(2020, 1, 2)},
        ),
        ("Product", {"Best": "2020-01-02", "@odata.type": f"{ROOT}$metadata#Shop.Food"}, "as above"),
        ("Product", {"@odata.type": "#Shop.Product", "ID": 1}, {"ID": 1}),
        ("Product", {"Size": "5", "Weight": "1.5"}, {"Size": 5, "Weight": Decimal("1.5")}),
        ("Product", {"Size": 5.0, "Weight@odata.type": "#Decimal", "Weight": 1}, {"Size": 5, "Weight": Decimal(1)}),
        ("Product", {"Weight@odata.type": "#Shop.Weight", "Weight": 1.5}, {"Weight": Decimal("1.5")}),
        ("Product", {"Tags@type": "Collection(String)", "Tags": []}, {"Tags": []}),
        ("Product", {"Colour": 1}, {"Colour": "Green"}),
        ("Product", {"Colour@odata.type": "#Shop.Colour", "Colour": "Red"}, {"Colour": "Red"}),
        ("Order", {"Customer@odata.bind": "Customers('A')"}, {"Customer@odata.bind": "Customers('A')"}),
        ("Order", {"Customer@odata.bind": None}, {"Customer@odata.bind": None}),
        ("Order", {"Customer": {"@id": "Customers('A')"}}, {"Customer": {"@odata.id": "Customers('A')"}}),
        ("Order", {"Customer": None}, {"Customer": None}),
        ("Order", {"Items": [{"No": 1}], "Items@odata.count": 1}, {"Items": [{"No": 1}]}),
        ("Customer", {"Orders@bind": ["Orders(1)"]}, {"Orders@odata.bind": ["Orders(1)"]}),
        (
            "Customer",
            {"Orders@delta": [{"@removed": {}, "ID": 1}]},
            {"Orders@odata.delta": [{"@odata.removed": "", "ID": 1}]},
        ),
        ("Customer", {"Free": 1, "Free2": "x"}, {"Free": 1, "Free2": "x"}),
        ("Customer", {"Free@odata.type": "#Int16", "Free": 1}, {"Free": 1, "Free@odata.type": "Edm.Int16"}),
        ("Customer", {"Free@odata.type": "#Date", "Free": "2020-01-02"}, {"Free": date(2020, 1, 2)}),
        (
            "Customer",
            {"Free": {"@odata.type": "#Shop.Address", "City": "c"}},
            {"Free": {"@odata.type": "Shop.Address", "City": "c"}},
        ),
        (
            "Customer",
            {"Free@type": "#Shop.Address", "Free": {"City": "c"}},
            {"Free": {"@odata.type": "Shop.Address", "City": "c"}},
        ),
        ("Customer", {"Extra": {"a": [1.5, {"b": None}]}}, {"Extra": {"a": [1.5, {"b": None}]}}),
        ("Customer", {"Address": {"@type": "#Shop.HomeAddress"}}, {"Address": {"@odata.type": "Shop.HomeAddress"}}),
    ],
)
def test_requests(kind: str, content: Any, row: Any) -> None:
    if row == "as above":
        row = {"@odata.type": "Shop.Food", "Best": date(2020, 1, 2)}
    assert read(kind, content) == row


@pytest.mark.parametrize(
    ("kind", "content", "target", "message"),
    [
        ("Product", [], "$", "an object of type Shop.Product is expected."),
        ("Product", {"Nane": 1}, "$.Nane", "the type 'Shop.Product' has no property 'Nane'. Did you mean 'Name'?"),
        (
            "Product",
            {"ID": 2**31},
            "$.ID",
            "the number must be between -2147483648 and 2147483647, for the type Edm.Int32.",
        ),
        ("Product", {"ID": "x"}, "$.ID", "a whole number is expected, for the type Edm.Int32."),
        ("Product", {"ID": True}, "$.ID", "a whole number is expected, for the type Edm.Int32."),
        ("Product", {"Name": 1}, "$.Name", "a string is expected, for the type Edm.String."),
        (
            "Product",
            {"Colour": "Blue"},
            "$.Colour",
            "a member of Shop.Colour is expected: Red, Green, for the type Colour.",
        ),
        (
            "Product",
            {"Weight": 0.0001},
            "$.Weight",
            "at most 3 digits right of the point are allowed, for the type Edm.Decimal.",
        ),
        (
            "Product",
            {"Tags": None},
            "$.Tags",
            "The value of the property 'Tags' is null. Properties that are a "
            "collection type of primitive or complex types cannot be null.",
        ),
        ("Product", {"Tags": "a"}, "$.Tags", "an array for Collection(Edm.String) is expected."),
        ("Product", {"Tags": ["a", 1]}, "$.Tags[1]", "a string is expected, for the type Edm.String."),
        (
            "Product",
            {"@odata.type": "#Shop.Order"},
            "$['@odata.type']",
            "'#Shop.Order' is not Shop.Product or a type derived from it.",
        ),
        ("Product", {"@type": 1}, "$['@type']", "the name of a type is expected."),
        (
            "Product",
            {"Name@odata.type": "#Int32", "Name": "x"},
            "$['Name@odata.type']",
            "'Name' is of type Edm.String, not #Int32.",
        ),
        (
            "Product",
            {"@odata.removed": 1},
            "$['@odata.removed']",
            "an object with the reason 'changed' or 'deleted' is expected.",
        ),
        (
            "Order",
            {"Date": "2020-01-02T00:00:00"},
            "$.Date",
            "the date and time needs an offset from UTC, such as Z or +01:00, for the type Edm.DateTimeOffset.",
        ),
        (
            "Order",
            {"Custom@odata.bind": "x"},
            "$['Custom@odata.bind']",
            "the type 'Shop.Order' has no navigation property 'Custom'. Did you mean 'Customer'?",
        ),
        ("Order", {"Customer@odata.bind": ["x"]}, "$['Customer@odata.bind']", "one URL is expected."),
        ("Order", {"Customer@odata.bind": 1}, "$['Customer@odata.bind']", "a URL is expected, or an array of URLs."),
        ("Order", {"Items": {}}, "$.Items", "an array for Collection(Shop.Item) is expected."),
        (
            "Order",
            {"Items": [{"No": 1}, {"Amont": 1}]},
            "$.Items[1].Amont",
            "the type 'Shop.Item' has no property 'Amont'. Did you mean 'Amount'?",
        ),
        ("Customer", {"Address": {"City": None}}, "$.Address.City", "the property 'City' is not nullable."),
        ("Customer", {"Orders@bind": "x"}, "$['Orders@bind']", "an array of URLs is expected."),
        ("Customer", {"Free@odata.type": "#Date", "Free": 1}, "$.Free", "a string is expected, for the type Edm.Date."),
        ("Customer", {"Free@odata.type": "#Shop.No", "Free": 1}, "$.Free", "there is no type 'Shop.No'."),
        ("Customer", {"Orders@delta": {}}, "$['Orders@delta']", "an array is expected."),
        ("Photo", {"Small": "x"}, "$.Small", "a named stream has no value in an entity."),
    ],
)
def test_refusals(kind: str, content: Any, target: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(kind, content)
    assert (caught.value.target, caught.value.message) == (target, f"At {target}: {message}")


def test_numbers_that_no_double_holds_are_refused() -> None:
    for body in (b'{"Free":1e400}', b'{"@Core.Term":[1e400]}', b'{"Extra":{"a":1e400}}'):
        with pytest.raises(BadRequest, match="too large for a double"):
            V4.read_entity(body, entity("Customer"), REQUEST)


@pytest.mark.parametrize("reading", [REQUEST, ANSWER])
def test_depth_is_bounded(reading: Reading) -> None:
    reading = Reading(MODEL, Limits(body_depth=2), is_request=reading.is_request)
    body = b'{"ID":1,"Tags":["a"]}'
    assert V4.read_entity(body, entity("Product"), reading) == {"ID": 1, "Tags": ["a"]}
    with pytest.raises(BadRequest, match="body_depth"):
        V4.read_feed(b'{"value":[' + body + b"]}", entity("Product"), reading)
    with pytest.raises(BadRequest, match="body_depth"):
        V4.read_entity(b'{"Free":' + b"[" * 3 + b"]" * 3 + b"}", entity("Customer"), reading)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[]", "At $: an object with an array 'value' is expected."),
        (b'{"value":{}}', "At $.value: an object with an array 'value' is expected."),
        (b'{"value":[1]}', "At $.value[0]: an object of type Shop.Product is expected."),
        (b'{"value":[{"ID":1},{"ID":"x"}]}', "At $.value[1].ID: a whole number is expected, for the type Edm.Int32."),
        (b'{"value":[],"@odata.count":"x"}', "At $['@odata.count']: a whole number is expected."),
        (b'{"value":[],"@odata.nextLink":1}', "At $['@odata.nextLink']: a URL is expected."),
        (b'{"value":[', "The body is not valid JSON: Input data was truncated."),
        (b'{"value":[{"ID":1,"ID":2}]}', "The body is not valid JSON: an object has two members of the same name."),
    ],
)
def test_refused_feeds(body: bytes, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        V4.read_feed(body, entity("Product"), REQUEST)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"value":5}', 5),
        (b'{"@odata.null":true}', None),
        (b'{"value":null}', None),
        (b'{"@context":"c","value":"5"}', 5),
    ],
)
def test_properties(body: bytes, value: Any) -> None:
    assert V4.read_property(body, Property("Size", INT64), REQUEST) == value


def test_refused_properties() -> None:
    with pytest.raises(BadRequest, match=r"At \$: an object with the member 'value' is expected\."):
        V4.read_property(b"{}", Property("Size", INT64), REQUEST)
    with pytest.raises(BadRequest, match=r"At \$\.value: the property 'Size' is not nullable\."):
        V4.read_property(b'{"value":null}', Property("Size", INT64, nullable=False), REQUEST)
    with pytest.raises(BadRequest, match=r"At \$\.Cities: the type 'Shop\.Address' has no property 'Cities'"):
        V4.read_property(b'{"Cities":1}', Property("A", address()), REQUEST)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"Count":1,"Where":{"City":"c"}}', {"Count": 1, "Where": {"City": "c"}}),
        (b'{"Note":"n","Count":1,"@odata.type":"x"}', {"Note": "n", "Count": 1, "Where": None}),
    ],
)
def test_parameters(body: bytes, found: dict[str, Any]) -> None:
    (buy,) = MODEL.operations["Shop.Buy"]
    assert V4.read_parameters(body, buy, REQUEST) == found


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "At $.Count: the parameter 'Count' of 'Buy' is missing."),
        (b"[]", "At $: an object with the parameters is expected."),
        (b'{"Count":null}', "At $.Count: the property 'Count' is not nullable."),
        (b'{"Count":1,"Wehre":null}', "At $.Wehre: 'Buy' has no parameter 'Wehre'. Did you mean 'Where'?"),
    ],
)
def test_refused_parameters(body: bytes, message: str) -> None:
    (buy,) = MODEL.operations["Shop.Buy"]
    with pytest.raises(BadRequest) as caught:
        V4.read_parameters(body, buy, REQUEST)
    assert caught.value.message == message


def test_the_set_in_a_context_tells_the_type() -> None:
    """10.19: each entity of $all, and of a delta, has a context of its own."""
    body = b"""{"value":[{"@context":"x#Orders/$entity","Date":"2020-01-02T00:00:00Z"},
                         {"@context":"#Boss","Orders@odata.count":1}]}"""
    feed = V4.read_feed(body, entity("Product"), ANSWER)
    moment = Timestamp.parse("2020-01-02T00:00:00Z")
    assert feed.rows == [
        {"@odata.context": "x#Orders/$entity", "Date": moment},
        {"@odata.context": "#Boss", "Orders@odata.count": 1},
    ]


@pytest.mark.parametrize("kind", GEO_TYPES, ids=lambda kind: kind.short_name)
@pytest.mark.parametrize("codec", [V4, json_v3()])
def test_shapes(kind: Any, codec: Any) -> None:
    """7.1: GeoJSON, with what it has beyond type and coordinates."""
    shapes: dict[str, dict[str, Any]] = {
        "Point": {"type": "Point", "coordinates": [1.5, -2], "crs": {"type": "name", "properties": {"name": "EPSG:0"}}},
        "LineString": {"type": "LineString", "coordinates": [[1, 2], [3, 4.5]], "bbox": [0.5, 1]},
        "MultiPolygon": {"type": "MultiPolygon", "coordinates": [[[[1, 2], [3, 4], [1, 2]]]]},
        "Collection": {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": []}]},
    }
    wanted = kind.short_name.removeprefix("Geography").removeprefix("Geometry")
    for name, shape in shapes.items():
        body = json.dumps({"value": shape}).encode()
        if wanted in ("", name):
            assert codec.read_property(body, Property("G", kind), ANSWER) == shape
        else:
            with pytest.raises(BadRequest, match="a GeoJSON object of type"):
                codec.read_property(body, Property("G", kind), ANSWER)


@pytest.mark.parametrize(
    ("value", "text"), [(3.24, "3.24"), (0.1, "0.1"), (16777216.0, "16777216.0"), (1e-45, "1.4013e-45")]
)
def test_singles_are_written_as_short_as_they_are(value: float, text: str) -> None:
    prop = Property("S", SINGLE)
    body = V4.write_property(prop, SINGLE.accept(value), about(""))
    assert body == f'{{"value":{text}}}'.encode()
    assert V4.read_property(body, prop, ANSWER) == SINGLE.accept(value)


# ---------------------------------------------------------------- the payloads of the JSON schema's tests

SCHEMAS = path_of("metadata/json-schema")
SAMPLES = read_csdl_file(SCHEMAS / "csdl-16.1.xml")
REFUSED = {
    "Categories-fail": "At $.value: an object with an array 'value' is expected.",
    "Category-fail": "At $.Products[0].Supplier.Products[0].ID: a string is expected, for the type Edm.String.",
}


@pytest.mark.parametrize("name", ["Categories", "Categories-empty", "Categories-fail"])
def test_feeds_of_the_schema(name: str) -> None:
    kind = SAMPLES.entity_sets["Categories"].type
    body = (SCHEMAS / f"csdl-16.1-{name}.json").read_bytes()
    reading = Reading(SAMPLES, is_request=False)
    if name in REFUSED:
        with pytest.raises(BadRequest) as caught:
            V4.read_feed(body, kind, reading)
        assert caught.value.message == REFUSED[name]
    else:
        assert V4.read_feed(body, kind, reading).rows == json.loads(body)["value"]


@pytest.mark.parametrize("name", ["Category", "Category-projected", "Category-fail", "Product", "MainSupplier"])
def test_entities_of_the_schema(name: str) -> None:
    kind = SAMPLES.types[f"ODataDemo.{name.partition('-')[0].removeprefix('Main')}"]
    assert isinstance(kind, EntityType)
    body = (SCHEMAS / f"csdl-16.1-{name}.json").read_bytes()
    reading = Reading(SAMPLES, is_request=False)
    if name in REFUSED:
        with pytest.raises(BadRequest) as caught:
            V4.read_entity(body, kind, reading)
        assert caught.value.message == REFUSED[name]
        return
    row = V4.read_entity(body, kind, reading)
    assert row.keys() == {key for key in json.loads(body) if "context" not in key}
