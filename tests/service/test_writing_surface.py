# Writing parts of entities: properties, complex values, collections and their items, dynamic properties, streams
# (4.01 Part 1, 11.4.7 to 11.4.10).

from __future__ import annotations

import json
from typing import Any

import pytest

from odata_core.service import Handler
from tests.service.market import market, read, send

__all__ = ["market"]


def test_a_complex_value_is_replaced_or_merged(market: Handler) -> None:
    """11.4.9.3: PUT resets what it does not say, dynamic properties too; PATCH leaves it."""
    steps: list[tuple[str, str, Any, Any]] = [
        (
            "PATCH",
            "Products(1)/Addr",
            {"City": "Bari"},
            {"Street": "Main", "City": "Bari", "Geo": {"X": 1.5, "Y": 2.5}},
        ),
        ("PATCH", "Products(1)/Addr/Geo", {"X": 7}, {"Street": "Main", "City": "Bari", "Geo": {"X": 7, "Y": 2.5}}),
    ]
    for method, path, body, expected in steps:
        assert send(market, method, path, body).status == 204
        assert read(market, "Products(1)/Addr") == {**expected, "Floor@odata.type": "Int64", "Floor": 3}
    assert send(market, "PUT", "Products(1)/Addr/Geo", {"X": 8}).status == 204
    assert read(market, "Products(1)/Addr/Geo") == {"X": 8, "Y": 0}
    assert send(market, "PUT", "Products(1)/Addr", {"Street": "Only"}).status == 204
    assert read(market, "Products(1)/Addr") == {"Street": "Only", "City": None, "Geo": None}
    us = {"@type": "#N.S.USAddress", "Zip": "1"}
    assert send(market, "PUT", "Products(1)/Addr", us).status == 204
    assert send(market, "PUT", "Products(1)/Addr", {"City": "Pisa"}).status == 204
    assert read(market, "Products(1)/Addr") == {"Street": None, "City": "Pisa", "Geo": None}
    # The rest of the entity is as it was.
    assert read(
        market, "Products(1)?$select=ID,Name,Price,Tags,Spot&$expand=Parts($select=No),Friends($select=ID)"
    ) == {
        "ID": 1,
        "Name": "Milk",
        "Price": 2.5,
        "Spot": {"type": "Point", "coordinates": [10.5, 20.0]},
        "Tags": ["a", "b", "c"],
        "Parts": [{"No": 1}, {"No": 2}],
        "Friends": [{"ID": 2}, {"@odata.type": "#N.S.Gadget", "ID": 3}],
    }


def test_collections_and_their_items(market: Handler) -> None:
    """11.4.9.4: PUT, POST and DELETE of a collection, no PATCH; 11.4.10: items by their place."""
    steps: list[tuple[str, str, Any, int, list[Any]]] = [
        ("PUT", "Tags/0", {"value": "A"}, 204, ["A", "b", "c"]),
        ("DELETE", "Tags/-1", None, 204, ["A", "b"]),
        ("PUT", "Tags/5", {"value": "x"}, 404, ["A", "b"]),
        ("PUT", "Tags/0", {"value": None}, 400, ["A", "b"]),
        ("POST", "Tags", {"value": "c"}, 204, ["A", "b", "c"]),
        ("PATCH", "Tags", {"value": ["x"]}, 405, ["A", "b", "c"]),
        ("DELETE", "Tags", None, 204, []),
        ("PUT", "Tags", {"value": ["n"]}, 204, ["n"]),
    ]
    for method, path, body, status, expected in steps:
        answer = send(market, method, f"Products(1)/{path}", body)
        assert (answer.status, read(market, "Products(1)/Tags")["value"]) == (status, expected), (method, path)
        if status == 405:
            assert answer.header("Allow") == "GET, HEAD, PUT, DELETE, POST"
    assert send(market, "PATCH", "Products(1)/Addrs/1", {"City": "Z"}).status == 204
    assert send(market, "PUT", "Products(1)/Addrs/0", {"Street": "S"}).status == 204
    assert read(market, "Products(1)/Addrs?$select=Street,City")["value"] == [
        {"Street": "S", "City": None},
        {"@odata.type": "#N.S.USAddress", "Street": None, "City": "Z"},
    ]


def test_dynamic_properties(market: Handler) -> None:
    """11.4.9.2: one that is not there is one that is null."""
    steps: list[tuple[str, str, Any]] = [
        ("PUT", "Opens('o1')/New", {"value": 5}),
        ("PUT", "Products(1)/Addr/Wing", {"value": "West"}),
        ("DELETE", "Opens('o1')/Never", None),
        ("PUT", "Opens('o1')/Ratio", {"value": 2.5}),
    ]
    for method, path, body in steps:
        assert send(market, method, path, body).status == 204, path
    found = read(market, "Opens('o1')")
    assert {name: found.get(name) for name in ("New", "Never", "Ratio")} == {"New": 5, "Never": None, "Ratio": 2.5}
    assert read(market, "Products(1)/Addr/Wing") == {"value": "West"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "Products(1)/ID"),
        ("PUT", "Products(1)/Made"),
        ("DELETE", "Products(1)/Serial"),
        ("PUT", "Products(1)/Parts(1)/No"),
        ("PUT", "Products(1)/Serial/$value"),
    ],
)
def test_what_never_changes(market: Handler, method: str, path: str) -> None:
    """11.4.9.1: an error for a property that cannot be updated."""
    answer = send(market, method, path, {"value": None})
    assert (answer.status, answer.header("Allow")) == (405, "GET, HEAD")


def test_preferences_of_properties(market: Handler) -> None:
    answer = send(market, "PUT", "Products(1)/Name", {"value": "n"}, Prefer="return=representation")
    assert (answer.status, answer.header("Preference-Applied"), json.loads(answer.body)["value"]) == (
        200, "return=representation", "n",
    )  # fmt: skip
    answer = send(market, "PUT", "Products(1)/Name", {"value": "m"}, Prefer="return=minimal")
    assert (answer.status, answer.header("Preference-Applied")) == (204, "return=minimal")


def test_options_of_writes_want_an_answer(market: Handler) -> None:
    """11.4.1.5: $select and $expand imply return=representation; who asks for less gets less."""
    answer = send(market, "PATCH", "Products(1)?$select=Name&$expand=Category", {"Name": "n"})
    assert (answer.status, json.loads(answer.body)["Name"], json.loads(answer.body)["Category"]) == (
        200, "n", {"ID": 1, "Name": "Food"},
    )  # fmt: skip
    answer = send(market, "PATCH", "Products(1)?$select=Name", {"Name": "n"}, Prefer="return=minimal")
    assert (answer.status, answer.header("Preference-Applied")) == (204, "return=minimal")


def test_streams(market: Handler) -> None:
    """11.4.7.3: whoever deletes the content of a media entity deletes it; 11.4.8.2: a null stream is 204."""
    assert send(market, "GET", "Products(1)/Photo").status == 204
    assert send(market, "PUT", "Products(1)/Photo", b"x", Content_Type="image/png").status == 204
    assert send(market, "GET", "Products(1)/Photo").body == b"x"
    assert send(market, "DELETE", "Products(1)/Photo").status == 204
    assert send(market, "GET", "Products(1)/Photo").status == 204
    made = send(market, "POST", "Docs", b"text", Content_Type="text/plain")
    path = str(made.header("Location")).removeprefix("http://h/")
    assert send(market, "DELETE", f"{path}/$value", If_Match='"old"').status == 412
    etag = str(send(market, "GET", f"{path}/$value").header("ETag"))
    assert send(market, "DELETE", f"{path}/$value", If_Match=etag).status == 204
    assert send(market, "GET", path).status == 404


def test_references_start_from_the_request(market: Handler) -> None:
    """Part 2, 4.4: `DELETE Categories(1)/Products/$ref?$id=../../Products(0)`."""
    links = "Products(1)/Friends/$ref"
    assert send(market, "POST", links, {"@id": "../../Products(2)"}).status == 204
    assert {"@odata.id": "http://h/Products(2)"} in read(market, links)["value"]
    answer = send(market, "DELETE", f"{links}?$id=../Products(2)")
    assert (answer.status, json.loads(answer.body)["error"]["target"]) == (400, "../Products(2)")
    assert send(market, "DELETE", f"{links}?$id=../../Products(2)").status == 204
    assert {"@odata.id": "http://h/Products(2)"} not in read(market, links)["value"]
    assert send(market, "PATCH", "Products(1)", {"Category@bind": "./Categories(1)"}).status == 204
    assert read(market, "Products(1)/Category/$ref") == {"@odata.id": "http://h/Categories(1)"}
