# JSON light: what is written is read back the same at every metadata level; what does not fit is refused, with its
# place.

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odata_core.edm import PRIMITIVE_TYPES, Model, ModelBuilder, Timestamp, prop
from odata_core.errors import ODataError
from odata_core.limits import Limits
from odata_core.payload.json_light import read_entity, write_entity, write_feed, write_links, write_property
from odata_core.payload.json_text import decode_json, encode_json
from odata_core.testing.reference import exact
from odata_core.testing.strategies import VALUE_TYPES, models, rows_of
from odata_vmm import vmm_model

LIMITS = Limits()
ROOT = "http://h/s/"
V3_TYPES = [name for name in VALUE_TYPES if "v3" in PRIMITIVE_TYPES[name].families]


def there_and_back(model: Model, name: str, row: dict[str, Any], level: str) -> dict[str, Any]:
    entity_set = model.entity_sets[name]
    body = encode_json(write_entity(ROOT, entity_set, row, level=level))
    return read_entity(decode_json(body, LIMITS), entity_set.type, model.types)


@settings(max_examples=60, deadline=None)
@given(st.data())
@pytest.mark.parametrize("level", ["minimal", "full", "none"])
def test_any_entity_of_any_model_comes_back(level: str, data: st.DataObject) -> None:
    model = data.draw(models(types=V3_TYPES))
    for name, entity_set in model.entity_sets.items():
        row = data.draw(rows_of(entity_set.type))
        assert exact(there_and_back(model, name, row, level)) == exact(row)


@settings(max_examples=40, deadline=None)
@given(st.data())
@pytest.mark.parametrize("name", ["VMCheckPoints", "Jobs", "UserRoles", "Clouds"])
def test_any_entity_of_the_vmm_service_comes_back(name: str, data: st.DataObject) -> None:
    row = data.draw(rows_of(vmm_model().entity_sets[name].type))
    assert exact(there_and_back(vmm_model(), name, row, "minimal")) == exact(row)


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


def test_minimal_metadata() -> None:
    written = write_entity(ROOT, PRODUCTS, ROW, level="minimal")
    assert list(written.items()) == [("odata.metadata", f"{ROOT}$metadata#Products/@Element"), *VALUES.items()]


def test_no_metadata() -> None:
    assert list(write_entity(ROOT, PRODUCTS, ROW, level="none").items()) == list(VALUES.items())


def test_full_metadata() -> None:
    select = ("ID", "Stock", "Sizes", "RowId")
    assert list(write_entity(ROOT, PRODUCTS, ROW, level="full", select=select).items()) == [
        ("odata.metadata", f"{ROOT}$metadata#Products/@Element&$select=ID,Stock,Sizes,RowId"),
        ("odata.type", "Shop.Product"),
        ("odata.id", f"{ROOT}Products(1)"),
        ("odata.editLink", "Products(1)"),
        ("Parent@odata.navigationLinkUrl", "Products(1)/Parent"),
        ("Parent@odata.associationLinkUrl", "Products(1)/$links/Parent"),
        ("ID", 1),
        ("Stock@odata.type", "Edm.Int64"),
        ("Stock", "9007199254740993"),
        ("Sizes@odata.type", "Collection(Shop.Size)"),
        ("Sizes", [{"odata.type": "Shop.Size", "Width": 1, "Unit": "m"}]),
        ("RowId", None),
    ]


def test_a_feed_with_its_count() -> None:
    feed = write_feed(ROOT, PRODUCTS, [ROW, ROW], level="minimal", select=("ID",), count=7)
    assert list(feed.items()) == [
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
    written = write_property(ROOT, PRODUCTS.type.properties[name], value, level="minimal")
    assert written == {"odata.metadata": f"{ROOT}$metadata#{context}", **content}


def test_links() -> None:
    url = f"{ROOT}Products(1)"
    assert write_links(ROOT, PRODUCTS, "Parent", [url], is_collection=False, level="minimal") == {
        "odata.metadata": f"{ROOT}$metadata#Products/$links/Parent/@Element",
        "url": url,
    }


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
        ('{"odata.metadata":"x","odata.etag":"y","Name@my.note":1}', {}),
        ('{"Sizes":[],"Sizes@odata.type":"Collection(Shop.Size)"}', {"Sizes": []}),
    ],
)
def test_what_is_read(text: str, row: dict[str, Any]) -> None:
    assert read_entity(decode_json(text.encode(), LIMITS), PRODUCTS.type, MODEL.types) == row


@pytest.mark.parametrize(
    ("text", "status", "target", "message"),
    [
        ("[]", 400, "$", "At $: an object of type Shop.Product is expected."),
        ('{"Nme":1}', 400, "$.Nme", "At $.Nme: the type 'Shop.Product' has no property 'Nme'. Did you mean 'Name'?"),
        ('{"Name":null}', 400, "$.Name", "At $.Name: the property 'Name' is not nullable."),
        ('{"Name":5}', 400, "$.Name", "At $.Name: a string is expected, for the type Edm.String."),
        ('{"Small":256}', 400, "$.Small", "At $.Small: the number must be between 0 and 255, for the type Edm.Byte."),
        ('{"Small":1.5}', 400, "$.Small", "At $.Small: a whole number is expected, for the type Edm.Byte."),
        ('{"RowId":"x"}', 400, "$.RowId", None),
        ('{"RowId":"3_99b02c8dc94c0daa83097a1340cbda"}', 400, "$.RowId", None),
        ('{"Price":1.234}', 400, "$.Price", None),
        ('{"Price":1e400}', 400, "$.Price", None),
        ('{"Price":"NaN"}', 400, "$.Price", "At $.Price: a decimal number is expected, for the type Edm.Decimal."),
        ('{"Price":true}', 400, "$.Price", "At $.Price: a decimal number is expected, for the type Edm.Decimal."),
        (
            '{"Weight":1e400}',
            400,
            "$.Weight",
            "At $.Weight: the number is too large for a double, for the type Edm.Double.",
        ),
        ('{"Stock":9223372036854775808}', 400, "$.Stock", None),
        ('{"Stock":"5.0"}', 400, "$.Stock", "At $.Stock: a whole number is expected, for the type Edm.Int64."),
        ('{"Raw":"a b"}', 400, "$.Raw", "At $.Raw: base64 is expected, for the type Edm.Binary."),
        ('{"Name":"123456"}', 400, "$.Name", None),
        ('{"Tags":["a",null]}', 400, "$.Tags[1]", "At $.Tags[1]: a string is expected, for the type Edm.String."),
        ('{"Size":{"Width":1,"odata.type":"Shop.Product"}}', 400, "$.Size['odata.type']", None),
        ('{"Sizes":[{"Width":1,"Unit@odata.type":"Edm.Int32"}]}', 400, "$.Sizes[0]['Unit@odata.type']", None),
        ('{"Added":"2013-02-30T00:00:00"}', 400, "$.Added", None),
        ('{"Colour":"Blue"}', 400, "$.Colour", None),
        ('{"Size":{"Width":null}}', 400, "$.Size.Width", "At $.Size.Width: the property 'Width' is not nullable."),
        ('{"Sizes":[{"Width":1},{"W":1}]}', 400, "$.Sizes[1].W", None),
        ('{"Sizes":[null]}', 400, "$.Sizes[0]", "At $.Sizes[0]: an object of type Shop.Size is expected."),
        (
            '{"Tags":null}',
            400,
            "$.Tags",
            "At $.Tags: The value of the property 'Tags' is null. Properties that are a collection type of primitive "
            "or complex types cannot be null.",
        ),
        ('{"Tags":"a"}', 400, "$.Tags", "At $.Tags: an array for Collection(Edm.String) is expected."),
        ('{"odata.type":"Shop.Size"}', 400, "$['odata.type']", None),
        ('{"odata.type":5}', 400, "$['odata.type']", None),
        ('{"Stock@odata.type":"Edm.String","Stock":"5"}', 400, "$['Stock@odata.type']", None),
        ('{"Parent@odata.bind":"Products(2)"}', 501, "$.Parent@odata.bind", None),
        ('{"Parent":{"ID":2}}', 501, "$.Parent", None),
    ],
)
def test_what_is_refused(text: str, status: int, target: str, message: str | None) -> None:
    with pytest.raises(ODataError) as caught:
        read_entity(decode_json(text.encode(), LIMITS), PRODUCTS.type, MODEL.types)
    assert (caught.value.status, caught.value.target) == (status, target)
    assert message is None or caught.value.message == message


NAMES = ("ID", "Name", "Price", "Size", "Sizes", "Tags", "Width", "Colour", "Parent", "Added", "RowId", "Nope")
MEMBERS = (*NAMES, *(f"{name}@odata.type" for name in NAMES), "odata.type", "Parent@odata.bind", "@", "", "odata.x")
ODD: tuple[Any, ...] = (
    None,
    True,
    5,
    1.5,
    10**400,
    "",
    "Shop.Size",
    "#Shop.Product",
    "Edm.Int32",
    "Red",
    "2013-08-19T15:02",
    "1e9",
    [],
)
CONTENT = st.recursive(
    st.sampled_from(ODD) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=3),
    max_leaves=8,
)


@given(CONTENT | st.dictionaries(st.sampled_from(MEMBERS), CONTENT, max_size=4))
def test_any_json_is_read_or_refused_with_its_place(content: Any) -> None:
    try:
        row = read_entity(decode_json(encode_json(content), LIMITS), PRODUCTS.type, MODEL.types)
    except ODataError as refusal:
        error = refusal
    else:
        # What was read is what the model accepts; only complex values may be incomplete, for an update.
        whole = {name: value for name, value in row.items() if name not in ("Size", "Sizes")}
        assert {name: PRODUCTS.type.properties[name].accept(value) for name, value in whole.items()} == whole
        return
    assert error.status in (400, 501)
    assert error.target is not None
    assert error.target.startswith("$")


@pytest.mark.parametrize(
    "text",
    ["2013-08-19T15:02:36.8185926-07:00", "2013-08-19T15:02:36.8185926", "2013-08-19T15:02:36Z", "0001-01-01T00:00:00"],
)
def test_moments_come_back_to_the_letter(text: str) -> None:
    row = read_entity({"Added": text}, PRODUCTS.type, MODEL.types)
    assert write_property(ROOT, PRODUCTS.type.properties["Added"], row["Added"], level="none") == {"value": text}


@pytest.mark.parametrize(
    ("number", "value"),
    [("1.10", Decimal("1.10")), ("5", Decimal(5)), ("-0.5e1", Decimal("-5")), ("999.99", Decimal("999.99"))],
)
def test_decimals_are_exact_as_numbers_and_as_strings(number: str, value: Decimal) -> None:
    for text in (f'{{"Price":{number}}}', f'{{"Price":"{number}"}}'):
        assert exact(read_entity(decode_json(text.encode(), LIMITS), PRODUCTS.type, MODEL.types)["Price"]) == exact(
            value
        )


def test_json_is_what_json_says() -> None:
    assert json.loads(encode_json(write_entity(ROOT, PRODUCTS, ROW, level="none"))) == VALUES
