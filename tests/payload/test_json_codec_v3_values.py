# Values of every type as JSON light of version 3 has them: what stands on the wire at each level, what is taken from a
# client, what is refused and where.

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odata_core.edm import Model, ModelBuilder, Timestamp, prop
from odata_core.errors import ODataError
from odata_core.payload.codec import About, Reading, Shape
from odata_core.payload.json_codec import json_v3
from odata_core.payload.json_forms import Level
from odata_core.testing.reference import exact
from odata_core.testing.strategies import rows_of
from odata_vmm import vmm_model

ROOT = "http://h/s/"


@settings(max_examples=40, deadline=None)
@given(st.data())
@pytest.mark.parametrize("name", ["VMCheckPoints", "Jobs", "UserRoles", "Clouds"])
def test_any_entity_of_the_vmm_service_comes_back(name: str, data: st.DataObject) -> None:
    model = vmm_model()
    source = model.entity_sets[name]
    row = data.draw(rows_of(source.type))
    body = json_v3().write_entity(Shape(source.type, source), row, About(ROOT, name))
    assert exact(json_v3().read_entity(body, source.type, Reading(model))) == exact(row)


def shop() -> Model:
    builder = ModelBuilder("Shop")
    builder.complex("Size", properties={"Width": prop("Int32", nullable=False), "Unit": "String"})
    builder.enum("Colour", members={"Red": 0, "Green": 1})
    properties = {
        "ID": prop("Int32", generated=True),
        "Name": prop("String", nullable=False, max_length=5),
        "Price": prop("Decimal", precision=5, scale=2),
        "Stock": "Int64",
        "Weight": "Double",
        "Added": "DateTime",
        "Colour": "Colour",
        "Size": "Size",
        "Sizes": "Collection(Size)",
        "Tags": "Collection(String)",
        "RowId": "Guid",
        "Small": "Byte",
        "Raw": "Binary",
    }
    builder.entity("Product", key="ID", properties=properties)  # type: ignore[arg-type]
    builder.navigation("Product", "Parent", to="Product")
    builder.entity_set("Products", "Product")
    return builder.build()


MODEL = shop()
PRODUCTS = MODEL.entity_sets["Products"]
ROW = PRODUCTS.type.accept(
    {
        "ID": 1,
        "Name": "Tea",
        "Price": 5,
        "Stock": 2**53 + 1,
        "Weight": float("inf"),
        "Added": Timestamp.parse("2013-08-19T15:02:36.8185926-07:00"),
        "Colour": "Red",
        "Size": {"Width": 2},
        "Sizes": [{"Width": 1, "Unit": "m"}],
        "Tags": ["a"],
    }
)
VALUES = {
    "ID": 1,
    "Name": "Tea",
    "Price": "5",
    "Stock": "9007199254740993",
    "Weight": "INF",
    "Added": "2013-08-19T15:02:36.8185926-07:00",
    "Colour": "Red",
    "Size": {"Width": 2, "Unit": None},
    "Sizes": [{"Width": 1, "Unit": "m"}],
    "Tags": ["a"],
    "RowId": None,
    "Small": None,
    "Raw": None,
}


def written(level: Level = "minimal", select: tuple[str, ...] | None = None) -> list[tuple[str, Any]]:
    """The members of the row's object, in their order."""
    body = json_v3(level).write_entity(Shape(PRODUCTS.type, PRODUCTS, select), ROW, About(ROOT, "Products"))
    return list(json.loads(body).items())


def read(text: str) -> dict[str, Any]:
    """What a client's text means."""
    return json_v3().read_entity(text.encode(), PRODUCTS.type, Reading(MODEL))


def test_minimal_metadata() -> None:
    assert written() == [("odata.metadata", f"{ROOT}$metadata#Products/@Element"), *VALUES.items()]


def test_no_metadata() -> None:
    assert written("none") == list(VALUES.items())


def test_full_metadata() -> None:
    assert written("full", ("ID", "Stock", "Sizes", "RowId")) == [
        ("odata.metadata", f"{ROOT}$metadata#Products/@Element&$select=ID,Stock,Sizes,RowId"),
        ("odata.type", "Shop.Product"),
        ("odata.id", f"{ROOT}Products(1)"),
        ("odata.editLink", "Products(1)"),
        ("ID", 1),
        ("Stock@odata.type", "Edm.Int64"),
        ("Stock", "9007199254740993"),
        ("Sizes@odata.type", "Collection(Shop.Size)"),
        ("Sizes", [{"odata.type": "Shop.Size", "Width": 1, "Unit": "m"}]),
        ("RowId", None),
        ("Parent@odata.navigationLinkUrl", "Products(1)/Parent"),
        ("Parent@odata.associationLinkUrl", "Products(1)/$links/Parent"),
    ]


def test_a_feed_with_its_count() -> None:
    about = About(ROOT, "Products", count=7)
    body = b"".join(json_v3().write_feed(Shape(PRODUCTS.type, PRODUCTS, ("ID",)), [ROW, ROW], about))
    assert list(json.loads(body).items()) == [
        ("odata.metadata", f"{ROOT}$metadata#Products&$select=ID"),
        ("odata.count", "7"),
        ("value", [{"ID": 1}, {"ID": 1}]),
    ]


@pytest.mark.parametrize(
    ("name", "value", "context", "content"),
    [
        ("Name", "Tea", "Edm.String", {"value": "Tea"}),
        ("Stock", 5, "Edm.Int64", {"value": "5"}),
        ("Stock", None, "Edm.Null", {"odata.null": True}),
        ("Size", {"Width": 2, "Unit": None}, "Shop.Size", {"Width": 2, "Unit": None}),
        ("Tags", ["a"], "Collection(Edm.String)", {"value": ["a"]}),
    ],
)
def test_single_properties(name: str, value: Any, context: str, content: dict[str, Any]) -> None:
    body = json_v3().write_property(PRODUCTS.type.properties[name], value, About(ROOT, f"Products(1)/{name}"))
    assert json.loads(body) == {"odata.metadata": f"{ROOT}$metadata#{context}", **content}


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('{"Name":"a","odata.type":"Shop.Product"}', {"Name": "a"}),
        ('{"odata.type":"#Shop.Product","Name":"a"}', {"Name": "a"}),
        ('{"ID":null,"Name":"a"}', {"Name": "a"}),
        ('{"Stock":9007199254740993,"Stock@odata.type":"Edm.Int64"}', {"Stock": 9007199254740993}),
        ('{"Stock":"9007199254740993"}', {"Stock": 9007199254740993}),
        ('{"Small":"255"}', {"Small": 255}),
        ('{"Weight":"-INF"}', {"Weight": float("-inf")}),
        ('{"Weight":1}', {"Weight": 1.0}),
        ('{"Raw":"_-8"}', {"Raw": b"\xff\xef"}),
        ('{"RowId":"{3499B02C-8DC9-4C0D-AA83-097A1340CBDA}"}', {"RowId": UUID("3499b02c-8dc9-4c0d-aa83-097a1340cbda")}),
        ('{"Size":{"Width":1,"odata.type":"Shop.Size"}}', {"Size": {"Width": 1}}),
        ('{"Tags":["a"],"Tags@odata.type":"Collection(Edm.String)"}', {"Tags": ["a"]}),
        ('{"Tags@odata.type":"Collection(String)","Tags":[]}', {"Tags": []}),
        ('{"odata.metadata":"x","odata.etag":"y","Name@my.note":1}', {"Name@my.note": 1}),
        ('{"Parent@odata.bind":"Products(2)"}', {"Parent@odata.bind": "Products(2)"}),
        ('{"Parent":{"ID":2}}', {"Parent": {"ID": 2}}),
        ('{"Sizes":[],"Sizes@odata.type":"Collection(Shop.Size)"}', {"Sizes": []}),
    ],
)
def test_what_is_read(text: str, row: dict[str, Any]) -> None:
    assert read(text) == row


@pytest.mark.parametrize(
    ("text", "target", "message"),
    [
        ("[]", "$", "At $: an object of type Shop.Product is expected."),
        ('{"Nme":1}', "$.Nme", "At $.Nme: the type 'Shop.Product' has no property 'Nme'. Did you mean 'Name'?"),
        ('{"Name":null}', "$.Name", "At $.Name: the property 'Name' is not nullable."),
        ('{"Name":5}', "$.Name", "At $.Name: a string is expected, for the type Edm.String."),
        ('{"Small":256}', "$.Small", "At $.Small: the number must be between 0 and 255, for the type Edm.Byte."),
        ('{"Small":1.5}', "$.Small", "At $.Small: a whole number is expected, for the type Edm.Byte."),
        ('{"RowId":"x"}', "$.RowId", None),
        ('{"RowId":"3_99b02c8dc94c0daa83097a1340cbda"}', "$.RowId", None),
        ('{"Price":1.234}', "$.Price", None),
        ('{"Price":1e400}', "$.Price", None),
        ('{"Price":"NaN"}', "$.Price", "At $.Price: a decimal number is expected, for the type Edm.Decimal."),
        ('{"Price":true}', "$.Price", "At $.Price: a decimal number is expected, for the type Edm.Decimal."),
        (
            '{"Weight":1e400}',
            "$.Weight",
            "At $.Weight: the number is too large for a double, for the type Edm.Double.",
        ),
        ('{"Stock":9223372036854775808}', "$.Stock", None),
        ('{"Stock":"5.0"}', "$.Stock", "At $.Stock: a whole number is expected, for the type Edm.Int64."),
        ('{"Raw":"a b"}', "$.Raw", "At $.Raw: base64 is expected, for the type Edm.Binary."),
        ('{"Name":"123456"}', "$.Name", None),
        ('{"Tags":["a",null]}', "$.Tags[1]", "At $.Tags[1]: a string is expected, for the type Edm.String."),
        ('{"Size":{"Width":1,"odata.type":"Shop.Product"}}', "$.Size['odata.type']", None),
        ('{"Sizes":[{"Width":1,"Unit@odata.type":"Edm.Int32"}]}', "$.Sizes[0]['Unit@odata.type']", None),
        ('{"Added":"2013-02-30T00:00:00"}', "$.Added", None),
        ('{"Colour":"Blue"}', "$.Colour", None),
        ('{"Size":{"Width":null}}', "$.Size.Width", "At $.Size.Width: the property 'Width' is not nullable."),
        ('{"Sizes":[{"Width":1},{"W":1}]}', "$.Sizes[1].W", None),
        ('{"Sizes":[null]}', "$.Sizes[0]", "At $.Sizes[0]: an object of type Shop.Size is expected."),
        (
            '{"Tags":null}',
            "$.Tags",
            "At $.Tags: The value of the property 'Tags' is null. Properties that are a collection type of primitive "
            "or complex types cannot be null.",
        ),
        ('{"Tags":"a"}', "$.Tags", "At $.Tags: an array for Collection(Edm.String) is expected."),
        ('{"odata.type":"Shop.Size"}', "$['odata.type']", None),
        ('{"odata.type":5}', "$['odata.type']", None),
        ('{"Stock@odata.type":"Edm.String","Stock":"5"}', "$['Stock@odata.type']", None),
        ('{"Parent@odata.bind":["Products(2)"]}', "$['Parent@odata.bind']", None),
        ('{"Parent":[{"ID":2}]}', "$.Parent", None),
    ],
)
def test_what_is_refused(text: str, target: str, message: str | None) -> None:
    with pytest.raises(ODataError) as caught:
        read(text)
    assert (caught.value.status, caught.value.target) == (400, target)
    assert message is None or caught.value.message == message


@pytest.mark.parametrize(
    "text",
    ["2013-08-19T15:02:36.8185926-07:00", "2013-08-19T15:02:36.8185926", "2013-08-19T15:02:36Z", "0001-01-01T00:00:00"],
)
def test_moments_come_back_to_the_letter(text: str) -> None:
    value = read(f'{{"Added":"{text}"}}')["Added"]
    body = json_v3("none").write_property(PRODUCTS.type.properties["Added"], value, About(ROOT))
    assert json.loads(body) == {"value": text}


@pytest.mark.parametrize(
    ("number", "value"),
    [("1.10", Decimal("1.10")), ("5", Decimal(5)), ("-0.5e1", Decimal("-5")), ("999.99", Decimal("999.99"))],
)
def test_decimals_are_exact_as_numbers_and_as_strings(number: str, value: Decimal) -> None:
    for text in (f'{{"Price":{number}}}', f'{{"Price":"{number}"}}'):
        assert exact(read(text)["Price"]) == exact(value)
