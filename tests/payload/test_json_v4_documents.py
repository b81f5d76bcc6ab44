# JSON of version 4: feeds in chunks, deltas, references, service documents and errors (sections of 4.01 JSON Format).

from __future__ import annotations

import json
from typing import Any

import pytest

from odata_core.edm import ModelBuilder, Timestamp
from odata_core.errors import BadRequest, InternalError, NotFound, ODataError
from odata_core.payload.codec import Reading, Shape
from odata_core.payload.json_codec import JsonCodec, json_v3, json_v4
from tests.payload.json_shop import MODEL, ROOT, about, entity, shape

MINIMAL, NONE = json_v4(), json_v4("none")
SHORT = json_v4(is_401=True, short_names=True)

PRODUCT = {"ID": 1, "Name": "Milk", "Colour": "Red", "Weight": None, "Size": 2, "Tags": ["a"]}
ORDER = {"ID": 1, "Date": Timestamp.parse("2020-01-02T03:04:05.1234567+01:00")}
ORDER_JSON = {"ID": 1, "Date": "2020-01-02T03:04:05.1234567+01:00"}
ITEM = {"No": 1, "Amount": 2**60}


def test_feeds_come_in_chunks() -> None:
    rows = [{**ITEM, "No": number} for number in range(20_000)]
    chunks = list(MINIMAL.write_feed(Shape(entity("Item")), iter(rows), about("Orders(1)/Items", count=20_000)))
    assert max(map(len, chunks)) < 100_000
    assert len(chunks) > 5
    found = json.loads(b"".join(chunks))
    assert found.pop("value") == rows
    assert found == {"@odata.context": ROOT + "$metadata#Orders(1)/Items", "@odata.count": 20_000}


@pytest.mark.parametrize("codec", [MINIMAL, NONE, SHORT, json_v3(), json_v4("full")])
def test_words_for_numbers(codec: JsonCodec) -> None:
    """7.1: also in feeds, whose rows go the fast way."""
    builder = ModelBuilder("Test")
    builder.entity("Number", key="ID", properties={"ID": "Int32", "D": "Double", "S": "Single"})
    builder.entity_set("Numbers", "Number")
    model = builder.build()
    source = model.entity_set("Numbers")
    numbers = (float("inf"), float("-inf"), 0.5, -0.0, None)
    rows = [{"ID": 1, "D": number, "S": number} for number in numbers]
    body = b"".join(codec.write_feed(Shape(source.type, source), rows, about("")))
    found = [(row["D"], row["S"]) for row in json.loads(body)["value"]]
    assert repr(found) == repr([("INF", "INF"), ("-INF", "-INF"), (0.5, 0.5), (-0.0, -0.0), (None, None)])
    read = codec.read_feed(body, source.type, Reading(model)).rows
    assert repr([(row["D"], row["S"]) for row in read]) == repr([(number, number) for number in numbers])
    nan = b"".join(codec.write_feed(Shape(source.type, source), [{"ID": 1, "D": float("nan"), "S": None}], about("")))
    assert b'"D":"NaN"' in nan


def test_a_feed_is_asked_for_no_more_rows_than_it_writes() -> None:
    taken = []

    def rows() -> Any:
        for number in range(20_000):
            taken.append(number)
            yield {**ITEM, "No": number}

    next(MINIMAL.write_feed(Shape(entity("Item")), rows(), about("")))
    assert len(taken) == 100


@pytest.mark.parametrize("expand", [(), (("Customer", shape("Customers")),)])
def test_an_error_in_a_row_comes_out_of_the_feed(expand: Any) -> None:
    bad: list[dict[str, Any]] = [*[ORDER | {"Customer": None}] * 300, {"ID": 1, "Customer": None}]
    chunks = MINIMAL.write_feed(shape("Orders", expand=expand), bad, about(""))
    next(chunks)
    with pytest.raises(InternalError, match=r"A row of Shop\.Order lacks the property 'Date'\."):
        list(chunks)


def test_a_value_of_no_type_is_an_error_of_the_service() -> None:
    with pytest.raises(InternalError, match="cannot be written as JSON"):
        MINIMAL.write_entity(shape("Products"), {**PRODUCT, "Name": object()}, about(""))


DELTA: list[dict[str, Any]] = [
    {"ID": "A", "Address": None},
    {"@odata.context": "#Customers/$link", "source": "Customers('A')", "relationship": "Orders", "target": "Orders(1)"},
    {"@odata.context": "#Orders/$entity", "@odata.id": "Orders(1)", "Date": ORDER["Date"]},
    {"@odata.id": "Customers('B')", "@odata.removed": "deleted"},
    {"ID": "C", "Orders@odata.delta": [{"ID": 1}, {"@odata.removed": "changed", "ID": 2}]},
]
DELTA_JSON = {
    "4.0": [
        {"ID": "A", "Address": None},
        DELTA[1],
        {"@odata.context": "#Orders/$entity", "@odata.id": "Orders(1)", "Date": ORDER_JSON["Date"]},
        {"@odata.context": "#Customers/$deletedEntity", "id": "Customers('B')", "reason": "deleted"},
        {"ID": "C", "Orders@odata.delta": [{"ID": 1}, {"@odata.removed": {"reason": "changed"}, "ID": 2}]},
    ],
    "4.01": [
        {"ID": "A", "Address": None},
        {"@context": "#Customers/$link", **{k: v for k, v in DELTA[1].items() if k[0] != "@"}},
        {"@context": "#Orders/$entity", "@id": "Orders(1)", "Date": ORDER_JSON["Date"]},
        {"@removed": {"reason": "deleted"}, "@id": "Customers('B')"},
        {"ID": "C", "Orders@delta": [{"ID": 1}, {"@removed": {"reason": "changed"}, "ID": 2}]},
    ],
}


@pytest.mark.parametrize(("version", "codec"), [("4.0", MINIMAL), ("4.01", SHORT)])
def test_deltas(version: str, codec: JsonCodec) -> None:
    """15: what changed, what is gone, and links; each version tells deleted entities in its way."""
    rows = [dict(row) for row in DELTA]
    order = rows[2]
    rows[2] = {name: str(value) if name == "Date" else value for name, value in order.items()}
    body = b"".join(codec.write_feed(shape("Customers"), rows, about("Customers/$delta", delta_link="d")))
    tree = json.loads(body)
    prefix = "@odata." if version == "4.0" else "@"
    assert tree == {
        prefix + "context": ROOT + "$metadata#Customers/$delta",
        "value": DELTA_JSON[version],
        prefix + "deltaLink": "d",
    }
    feed = codec.read_feed(body, entity("Customer"), Reading(MODEL, is_request=False))
    expected = [row for row in DELTA if "relationship" not in row]
    if version == "4.0":
        expected[2] = {"@odata.context": "#Customers/$deletedEntity", **expected[2]}
    assert feed.rows == expected
    assert feed.links == [DELTA[1]]
    assert feed.delta_link == "d"


def test_links() -> None:
    """14."""
    many = MINIMAL.write_links(["a", "b"], about("Customers('A')/Orders", count=5, next_link="n"), is_collection=True)
    assert json.loads(many) == {
        "@odata.context": ROOT + "$metadata#Collection($ref)",
        "@odata.count": 5,
        "value": [{"@odata.id": "a"}, {"@odata.id": "b"}],
        "@odata.nextLink": "n",
    }
    one = SHORT.write_links(["a"], about("Orders(1)/Customer"), is_collection=False)
    assert json.loads(one) == {"@context": ROOT + "$metadata#$ref", "@id": "a"}
    for codec in (MINIMAL, SHORT):
        assert codec.read_links(many, Reading(MODEL)) == ["a", "b"]
        assert codec.read_links(one, Reading(MODEL)) == ["a"]
    assert NONE.write_links(["a"], about("Orders(1)/Customer"), is_collection=False) == b'{"@odata.id":"a"}'
    with pytest.raises(BadRequest, match=r"member '@odata\.id' is expected"):
        MINIMAL.read_links(b'{"@odata.id":1}', Reading(MODEL))


def test_the_service_document() -> None:
    """5: entity sets, singletons and function imports."""
    expected = [
        *[{"name": name, "kind": "EntitySet", "url": name} for name in MODEL.entity_sets],
        {"name": "Boss", "kind": "Singleton", "url": "Boss"},
        {"name": "Top", "kind": "FunctionImport", "url": "Top"},
    ]
    found = json.loads(MINIMAL.write_service(MODEL, about("")))
    assert found == {"@odata.context": ROOT + "$metadata", "value": expected}
    assert json.loads(NONE.write_service(MODEL, about(""))) == {"value": expected}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NotFound("Gone."), {"code": "404", "message": "Gone."}),
        (BadRequest("Bad.", code="X", target="$.A"), {"code": "X", "message": "Bad.", "target": "$.A"}),
        (BadRequest("Bad.", text="a b", position=2), {"code": "400", "message": "Bad. (At character 3 of: a b)"}),
        (BadRequest("\ud800"), {"code": "400", "message": "?"}),
    ],
)
def test_errors(error: ODataError, expected: dict[str, Any]) -> None:
    """21.1."""
    assert json.loads(MINIMAL.write_error(error)) == {"error": expected}


def test_errors_with_details() -> None:
    error = BadRequest("Two things.", target="$")
    error.details = (BadRequest("One.", target="$.A"), BadRequest("Other.", code="O"))
    assert json.loads(MINIMAL.write_error(error)) == {
        "error": {
            "code": "400",
            "message": "Two things.",
            "target": "$",
            "details": [
                {"code": "400", "message": "One.", "target": "$.A"},
                {"code": "O", "message": "Other."},
            ],
        }
    }
