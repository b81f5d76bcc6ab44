# What 4.01 added to requests, one thing at a time: places in collections, versions of the schema, nulls left out.

from __future__ import annotations

import json
from typing import Any

import pytest

from odata_core.edm import ModelBuilder, PropertySpec, prop
from odata_core.service import Headers, Request, Response, Service
from odata_memory import MemoryBackend

ROOT = "http://h/"


def build(version: str | None) -> Any:
    shop = ModelBuilder("Shop")
    shop.complex("Size", properties={"Width": "Int32", "Unit": "String"})
    shop.entity("Maker", key="ID", properties={"ID": "Int32", "Name": "String"})
    columns: dict[str, str | PropertySpec] = {
        "ID": prop("Int32"),
        "Name": "String",
        "Tags": "Collection(String)",
        "Size": "Size",
        "Sizes": "Collection(Size)",
        "MakerID": "Int32",
    }
    shop.entity("Product", key="ID", properties=columns)
    shop.navigation("Product", "Maker", to="Maker", on={"MakerID": "ID"})
    shop.entity_set("Products", "Product")
    shop.entity_set("Makers", "Maker")
    if version is not None:
        shop.annotate("Shop/$Schema", "Org.OData.Core.V1.SchemaVersion", version)
    return shop.build()


def service_of(version: str | None = None) -> Service:
    model = build(version)
    half = {"Width": 2, "Unit": None}
    rows: dict[str, Any] = {
        "Makers": [{"ID": 7, "Name": None}],
        "Products": [
            {"ID": 1, "Name": None, "Tags": ["a", "b"], "Size": half, "Sizes": [half, half], "MakerID": 7},
            {"ID": 2, "Name": "Tea", "Tags": [], "Size": None, "Sizes": [], "MakerID": None},
        ],
    }
    return Service(model, MemoryBackend(model, rows))


def send(service: Service, method: str, path: str, body: Any = None, **headers: str) -> Response:
    path, _, query = path.partition("?")
    content = b"" if body is None else json.dumps(body).encode()
    named = {"OData-MaxVersion": "4.01", "Content-Type": "application/json"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return service.handle(Request(method, ROOT, path, query, Headers(named), content))


def value(response: Response) -> Any:
    return json.loads(response.body)["value"]


# ------------------------------------------------------------ $index (Part 1, 11.4.11)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["a", "b", "new"]),
        ("?$index=0", ["new", "a", "b"]),
        ("?$index=1", ["a", "new", "b"]),
        ("?$index=2", ["a", "b", "new"]),
        ("?$index=-1", ["a", "b", "new"]),
        ("?$index=-2", ["a", "new", "b"]),
        ("?index=-3", ["new", "a", "b"]),
    ],
)
def test_an_item_goes_where_it_is_wanted(query: str, expected: list[str]) -> None:
    service = service_of()
    assert send(service, "POST", f"Products(1)/Tags{query}", {"value": "new"}).status == 204
    assert value(send(service, "GET", "Products(1)/Tags")) == expected


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("Products(1)/Tags?$index=3", {"value": "new"}, 400),
        ("Products(1)/Tags?$index=-4", {"value": "new"}, 400),
        ("Products(1)/Tags?$index=x", {"value": "new"}, 400),
        ("Products?$index=0", {"ID": 3}, 501),  # the order of an entity set is that of its keys
    ],
)
def test_no_item_goes_elsewhere(path: str, body: Any, status: int) -> None:
    service = service_of()
    before = send(service, "GET", "Products").body
    assert send(service, "POST", path, body).status == status
    assert send(service, "GET", "Products").body == before


# ------------------------------------------------------------ $schemaversion (Part 1, 11.2.12)


@pytest.mark.parametrize("path", ["", "$metadata", "Products", "Products(1)/Name", "Products/$count", "Makers(7)"])
def test_the_version_of_the_schema(path: str) -> None:
    service = service_of("1.2-beta")
    without = send(service, "GET", path)
    for version in ("*", "1.2-beta"):
        assert send(service, "GET", f"{path}?$schemaversion={version}") == without
    wrong = send(service, "GET", f"{path}?$schemaversion=1.1", Accept="application/json")
    told = "There is no version '1.1' of the schema. It is 1.2-beta."
    assert (wrong.status, json.loads(wrong.body)["error"]["message"]) == (404, told)


def test_a_schema_without_a_version_has_the_current_one() -> None:
    service = service_of()
    assert send(service, "GET", "Products?$schemaversion=*") == send(service, "GET", "Products")
    assert send(service, "GET", "Products?$schemaversion=1").status == 404


def test_a_write_against_another_schema_does_nothing() -> None:
    service = service_of("2")
    assert send(service, "DELETE", "Products(1)?$schemaversion=1").status == 404
    assert send(service, "DELETE", "Products(1)?$schemaversion=2").status == 204


# ------------------------------------------------------------ omit-values (Part 1, 8.2.8.6)

SIZE = {"Width": 2}
FIRST = {"ID": 1, "Tags": ["a", "b"], "Size": SIZE, "Sizes": [SIZE, SIZE], "MakerID": 7}
SECOND = {"ID": 2, "Name": "Tea", "Tags": [], "Sizes": []}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Products", [FIRST, SECOND]),
        ("Products?$expand=Maker", [{**FIRST, "Maker": {"ID": 7}}, {**SECOND, "Maker": None}]),
        ("Products?$select=ID,Size/Unit", [{"ID": 1, "Size": {}}, {"ID": 2}]),
        ("Products(1)", FIRST),
        ("Products(1)/Size", SIZE),
    ],
)
@pytest.mark.parametrize("wish", ["omit-values=nulls", "odata.omit-values=nulls", 'omit-values="nulls"'])
def test_nulls_are_left_out(path: str, expected: Any, wish: str) -> None:
    response = send(service_of(), "GET", path, Prefer=wish)
    found = json.loads(response.body)
    del found["@odata.context"]
    assert found.get("value", found) == expected
    assert "omit-values" in (response.header("Preference-Applied") or "")


@pytest.mark.parametrize("headers", [{"Prefer": "omit-values=defaults"}, {"Prefer": "omit-values=nulls"}])
def test_nulls_stay_where_the_wish_is_not_followed(headers: dict[str, str]) -> None:
    """Of defaults we leave none out, and a client of 4.0 knows no such preference."""
    maximum = "4.0" if "nulls" in headers["Prefer"] else "4.01"
    plain = send(service_of(), "GET", "Products(2)", OData_MaxVersion=maximum)
    asked = send(service_of(), "GET", "Products(2)", OData_MaxVersion=maximum, **headers)
    assert asked == plain
    assert json.loads(plain.body)["Size"] is None


def test_what_a_write_gives_back_has_its_nulls() -> None:
    response = send(
        service_of(), "PATCH", "Products(2)", {"Name": None}, Prefer="return=representation, omit-values=nulls"
    )
    assert json.loads(response.body)["Name"] is None
    assert response.header("Preference-Applied") == "return=representation"
