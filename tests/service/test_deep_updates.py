# Deep updates and inserts: references and entities within an entity, all of them or what is different
# (4.01 Part 1, 11.4.2.1, 11.4.2.2 and 11.4.3.1).

from __future__ import annotations

import json
from typing import Any

import pytest

from odata_core.service import Handler
from tests.service.market import market, read, send

__all__ = ["market"]

FRIENDS = "Products(1)/Friends?$select=ID"
PARTS = "Products(1)/Parts?$expand=Sub($select=No)&$select=No,Label"


def ids(service: Handler, path: str) -> list[int]:
    return [row["ID"] for row in read(service, path)["value"]]


def parts(service: Handler) -> list[Any]:
    rows = read(service, PARTS)["value"]
    return [(row["No"], row["Label"], [inner["No"] for inner in row["Sub"]]) for row in rows]


def test_all_that_is_related(market: Handler) -> None:
    """A list is all of it: references relate, key values name entities that are changed, others are new."""
    body = {"Name": "Oat", "Friends": [{"@id": "Products(3)"}, {"ID": 2, "Name": "Rye"}, {"ID": 9, "Name": "New"}]}
    assert send(market, "PATCH", "Products(1)", body).status == 204
    assert read(market, "Products?$select=ID,Name")["value"] == [
        {"ID": 1, "Name": "Oat"},
        {"ID": 2, "Name": "Rye"},
        {"@odata.type": "#N.S.Gadget", "ID": 3, "Name": "Drill"},
        {"ID": 9, "Name": "New"},
    ]
    assert ids(market, FRIENDS) == [2, 3, 9]
    assert send(market, "PATCH", "Products(1)", {"Friends": [{"@odata.id": "http://h/Products(1)"}]}).status == 204
    assert ids(market, FRIENDS) == [1]
    assert read(market, "Products(2)?$select=Price") == {"@odata.id": "http://h/Products(2)", "Price": 3.75}


def test_what_is_different(market: Handler) -> None:
    body = {
        "Friends@delta": [
            {"@removed": {"reason": "changed"}, "@id": "Products(2)"},
            {"@removed": {"reason": "deleted"}, "ID": 3},
            {"@removed": {"reason": "changed"}, "@id": "Products(77)"},
            {"@id": "Products(1)", "Price": 7},
            {"ID": 8, "Name": "New"},
        ]
    }
    assert send(market, "PATCH", "Products(1)", body).status == 204
    assert ids(market, FRIENDS) == [1, 8]
    assert ids(market, "Products?$select=ID") == [1, 2, 8]
    assert read(market, "Products(1)/Price") == {"value": 7}
    assert send(market, "PUT", "Products(1)", {"Name": "n", **body}).status == 400


def test_one_that_is_related(market: Handler) -> None:
    steps: list[tuple[Any, Any]] = [
        ({"Category": {"@id": "Categories(2)"}}, {"ID": 2, "Name": "Tools"}),
        ({"Category": {"ID": 2, "Name": "Gear"}}, {"ID": 2, "Name": "Gear"}),
        ({"Category": {"ID": 3, "Name": "Toys"}}, {"ID": 3, "Name": "Toys"}),
        ({"Category": None}, 204),
        ({"Category@bind": "Categories(1)"}, {"ID": 1, "Name": "Food"}),
    ]
    for body, expected in steps:
        assert send(market, "PATCH", "Products(1)", body).status == 204, body
        assert read(market, "Products(1)/Category") == expected
    assert ids(market, "Categories") == [1, 2, 3]


def test_foreign_keys(market: Handler) -> None:
    """Who holds no foreign key is related by changing those that do."""
    body = {"Orders": [{"ID": 3}, {"ID": 1}, {"ID": 4}]}
    assert send(market, "PATCH", "Customers(1)", body).status == 204
    assert [(row["ID"], row["ByID"]) for row in read(market, "Orders")["value"]] == [
        (1, 1), (2, None), (3, 1), (4, 1),
    ]  # fmt: skip
    # What binds goes before a foreign key that says something else.
    assert send(market, "POST", "Customers", {"ID": 2}).status == 201
    assert send(market, "PATCH", "Orders(1)", {"ByID": 1, "By@bind": "Customers(2)"}).status == 204
    assert read(market, "Orders(1)") == {"ID": 1, "ByID": 2}


def test_contained_entities(market: Handler) -> None:
    body = {"Parts": [{"No": 2, "Sub": [{"No": 21}]}, {"No": 5, "Label": "p5"}]}
    assert send(market, "PATCH", "Products(1)", body).status == 204
    assert parts(market) == [(2, "p2", [21]), (5, "p5", [])]
    delta = {"Parts@delta": [{"@removed": {}, "No": 5}, {"@id": "Products(1)/Parts(2)", "Label": "x"}, {"No": 1}]}
    assert send(market, "PATCH", "Products(1)", delta).status == 204
    assert parts(market) == [(1, None, []), (2, "x", [21])]
    nested = {"Parts@delta": [{"No": 2, "Sub@delta": [{"No": 22}]}]}
    assert send(market, "PATCH", "Products(1)", nested).status == 204
    assert parts(market) == [(1, None, []), (2, "x", [21, 22])]
    # PUT resets what an entity within does not say.
    assert send(market, "PUT", "Products(1)", {"Name": "n", "Parts": [{"No": 2}]}).status == 204
    assert parts(market) == [(2, None, [21, 22])]
    for manual, expected in [
        ({"Title": "t"}, {"ID": 1, "Title": "t"}),
        (None, 204),
        ({"ID": 4}, {"ID": 4, "Title": None}),
    ]:
        assert send(market, "PATCH", "Products(1)", {"Manual": manual}).status == 204
        assert read(market, "Products(1)/Manual") == expected


def test_within_a_contained_entity(market: Handler) -> None:
    """What is contained deeper is changed together with the properties beside it."""
    answer = send(
        market,
        "PATCH",
        "Products(1)/Parts(1)?$expand=Sub",
        {"Label": "L", "Sub": [{"No": 11}, {"No": 12, "Label": "s"}]},
    )
    assert json.loads(answer.body)["Sub"] == [{"No": 11, "Label": "s11"}, {"No": 12, "Label": "s"}]
    assert read(market, "Products(1)/Parts(1)") == {"No": 1, "Label": "L"}


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"Friends": [{"@id": "Categories(1)"}]}, 400, "'Friends' cannot lead to this entity."),
        ({"Friends": [{"@id": "Products(2)", "ID": 3}]}, 400, "The id and the key of an entity name different ones."),
        ({"Friends": [{"@id": "Products(77)"}]}, 400, "The entity 'Products(77)' does not exist"),
        ({"Friends": [{"@removed": {}, "ID": 2}]}, 400, "What is removed is told by a delta."),
        ({"Friends": [], "Friends@delta": []}, 400, "'Friends' is told more than once."),
        ({"Friends": [], "Friends@bind": ["Products(1)"]}, 400, "'Friends' is told more than once."),
        ({"Friends": [{"ID": 10}]}, 400, "The property 'Name' is missing"),
        ({"Parts": [{"No": 1}, {"No": 1}]}, 409, "There would be two entities with the same key in 'Parts'."),
        ({"Parts": [{"@id": "Products(2)/Parts(1)"}]}, 400, "does not exist"),
        ({"Friends": [{"ID": 2, "@etag": 'W/"old"'}]}, 412, "The ETag of an entity in the body"),
        ({"Name": "x", "@etag": 'W/"old"'}, 412, "The ETag of an entity in the body"),
    ],
)
def test_nothing_is_done_by_halves(market: Handler, body: Any, status: int, message: str) -> None:
    before = read(market, "Products?$expand=Friends,Parts")
    answer = send(market, "PATCH", "Products(1)", {"Name": "changed", **body})
    assert (answer.status, message in json.loads(answer.body)["error"]["message"]) == (status, True), answer.body
    assert read(market, "Products?$expand=Friends,Parts") == before


def test_etags_in_bodies(market: Handler) -> None:
    """11.4.3: of the current state, or any; a body of 4.0 has none that means something."""
    etag = send(market, "GET", "Products(1)").header("ETag")
    assert send(market, "PATCH", "Products(1)", {"Name": "x", "@etag": etag}).status == 204
    assert send(market, "PATCH", "Products(1)", {"Name": "y", "@etag": etag}).status == 412
    assert send(market, "PATCH", "Products(1)", {"Name": "y", "@etag": "*"}).status == 204
    assert send(market, "PATCH", "Products(1)", {"Name": "z", "@odata.etag": etag}, OData_Version="4.0").status == 204
    body: Any = {"@context": "#$delta", "value": [{"ID": 1, "Name": "w", "@etag": etag}]}
    assert send(market, "PATCH", "Products", body).status == 412
    body["value"][0] |= {"@etag": "*", "Friends@delta": [{"@removed": {}, "ID": 2}]}
    assert send(market, "PATCH", "Products", body).status == 204
    assert (read(market, "Products(1)/Name"), ids(market, FRIENDS)) == ({"value": "w"}, [3])


def test_version_40_binds_only(market: Handler) -> None:
    bodies: list[Any] = [{"Category": {"ID": 1}}, {"Friends": [{"@odata.id": "Products(1)"}]}, {"Friends@delta": []}]
    for body in bodies:
        assert send(market, "PATCH", "Products(1)", body, OData_Version="4.0").status == 400
    # 4.01 JSON Format, 8.5: what is bound is added to what is related.
    bound = {"Friends@odata.bind": ["Products(1)"]}
    assert send(market, "PATCH", "Products(1)", bound, OData_Version="4.0").status == 204
    assert ids(market, FRIENDS) == [1, 2, 3]


def test_inserts_refer(market: Handler) -> None:
    """11.4.2.1: an id alone refers to what exists; what exists is not changed by an insert."""
    body = {
        "ID": 5,
        "Name": "n",
        "Category": {"@id": "Categories(2)"},
        "Friends": [{"@id": "Products(1)"}, {"ID": 6, "Name": "m"}],
    }
    answer = send(market, "POST", "Products?$select=ID&$expand=Category,Friends($select=Name)", body)
    assert (answer.status, json.loads(answer.body)["Friends"], json.loads(answer.body)["Category"]) == (
        201,
        [{"@odata.id": "http://h/Products(1)", "@odata.etag": answer_etag(market, 1), "Name": "Milk"},
         {"@odata.id": "http://h/Products(6)", "@odata.etag": answer_etag(market, 6), "Name": "m"}],
        {"ID": 2, "Name": "Tools"},
    )  # fmt: skip
    wrong = {"ID": 7, "Name": "n", "Category": {"@id": "Categories(2)", "Name": "x"}}
    assert send(market, "POST", "Products", wrong).status == 400
    assert send(market, "POST", "Products", {"ID": 7, "Name": "n", "Friends@delta": []}).status == 400


def answer_etag(service: Handler, key: int) -> str | None:
    return send(service, "GET", f"Products({key})").header("ETag")


def test_all_links_at_once(market: Handler) -> None:
    """11.4.6.4: PUT replaces all references, DELETE removes them; what they lead to must fit."""
    refs: dict[str, Any] = {"value": [{"@odata.id": "Products(1)"}, {"@odata.id": "http://h/Products(3)"}]}
    assert send(market, "PUT", "Products(1)/Friends/$ref", refs).status == 204
    assert ids(market, FRIENDS) == [1, 3]
    assert send(market, "DELETE", "Products(1)/Friends/$ref", OData_MaxVersion="4.0").status == 400
    assert send(market, "DELETE", "Products(1)/Friends/$ref").status == 204
    assert ids(market, FRIENDS) == []
    assert send(market, "POST", "Products(1)/Friends/$ref", {"@odata.id": "Categories(1)"}).status == 400
    assert send(market, "DELETE", "Products(1)/Category/$ref?$id=Categories(1)").status == 400
    assert ids(market, FRIENDS) == []


@pytest.mark.parametrize("version", ["4.0", "4.01"])
def test_inserts_show_what_they_made(market: Handler, version: str) -> None:
    """11.4.2.2: the answer is expanded at least as far as the request went."""
    body = {
        "ID": 5,
        "Name": "n",
        "Category": {"ID": 7, "Name": "c", "Products": [{"ID": 6, "Name": "m"}]},
        "Parts": [{"No": 1, "Sub": [{"No": 2}]}],
        "Friends@odata.bind": ["Products(1)"],
    }
    answer = json.loads(send(market, "POST", "Products?$select=ID", body, OData_MaxVersion=version).body)
    products = answer["Category"].pop("Products")
    assert sorted((row["ID"], row["Name"]) for row in products) == [(5, "n"), (6, "m")]
    assert {name: value for name, value in answer.items() if "@" not in name} == {
        "ID": 5,
        "Category": {"ID": 7, "Name": "c"},
        "Parts": [{"No": 1, "Label": None, "Sub": [{"No": 2, "Label": None}]}],
    }


def test_upserts_where_nothing_is_related(market: Handler) -> None:
    """11.4.4: PATCH and PUT of a single related entity that is not there create and relate it."""
    steps: list[tuple[str, str, Any, str]] = [
        ("PATCH", "Products(2)/Manual", {"ID": 7, "Title": "t"}, "Products(2)/Manual"),
        ("PUT", "Products(3)/Category", {"ID": 9, "Name": "New"}, "Categories(9)"),
        ("PATCH", "Orders(3)/By", {"ID": 8}, "Customers(8)"),
    ]
    for method, path, body, location in steps:
        assert read(market, path) == 204
        answer = send(market, method, path, body)
        assert (answer.status, answer.header("Location")) == (204, f"http://h/{location}"), answer.body
        assert read(market, path) == {**dict.fromkeys(read(market, path)), **body}
        assert send(market, method, path, body).header("Location") is None  # there it is changed
    assert read(market, "Orders(3)")["ByID"] == 8
    answer = send(market, "PATCH", "Products(1)/Parts(1)/Sub(99)", {"Label": "u"}, Prefer="return=representation")
    assert (answer.status, json.loads(answer.body)["No"]) == (201, 99)
    assert send(market, "PATCH", "Products(77)/Manual", {"ID": 1}).status == 404
