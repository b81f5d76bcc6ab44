# Rules of the conformance levels of 4.01 (Part 1, 13.1) that no other test is about.

from __future__ import annotations

import json
from typing import Any

import pytest

from odata_core.edm import ModelBuilder, prop
from odata_core.service import Headers, Request, Response, Service
from odata_memory import MemoryBackend

ROOT = "http://h/"


@pytest.fixture
def service() -> Service:
    shop = ModelBuilder("Shop")
    shop.complex("Size", properties={"Width": "Int32", "Height": "Int32"})
    columns = {"ID": prop("Int32", generated=True), "Name": "String", "Size": "Size", "Tags": "Collection(String)"}
    shop.entity("Product", key="ID", properties=columns)  # type: ignore[arg-type]
    shop.entity_set("Products", "Product")
    shop.entity("Label", key="Code", properties={"Code": "Int32", "Name": "String"})
    shop.entity_set("Labels", "Label")
    model = shop.build()
    return Service(model, MemoryBackend(model, {"Products": [{"ID": 1, "Name": "Tea", "Tags": ["a"]}]}))


def send(service: Service, method: str, path: str, body: Any = None, **headers: str) -> Response:
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return service.handle(Request(method, ROOT, path, "", Headers(named), content))


def test_entity_id(service: Service) -> None:
    """8.3.4: whoever gets no entity back is told its id."""
    for method, path, made in (
        ("POST", "Products", "Products(2)"),
        ("PATCH", "Labels(7)", "Labels(7)"),
        ("PUT", "Labels(8)", "Labels(8)"),
    ):
        answer = send(service, method, path, {"Name": "x"}, Prefer="return=minimal")
        url = ROOT + made
        assert (answer.status, answer.header("OData-EntityId"), answer.header("Location")) == (204, url, url)
        assert send(service, "GET", made).status == 200


def test_properties(service: Service) -> None:
    """11.4.9: properties are changed one by one, raw or not, whole or in part, and set to null."""
    steps: list[tuple[str, str, Any, dict[str, str]]] = [
        ("PUT", "Products(1)/Name", {"value": "Coffee"}, {}),
        ("PUT", "Products(1)/Size", {"Width": 1, "Height": 2}, {}),
        ("PATCH", "Products(1)/Size", {"Width": 5}, {}),
        ("PUT", "Products(1)/Size/Height/$value", b"9", {"Content_Type": "text/plain"}),
        ("POST", "Products(1)/Tags", {"value": "b"}, {}),
    ]
    for method, path, body, headers in steps:
        assert send(service, method, path, body, **headers).status == 204, path
    row = json.loads(send(service, "GET", "Products(1)").body)
    assert {name: row[name] for name in ("Name", "Size", "Tags")} == {
        "Name": "Coffee", "Size": {"Width": 5, "Height": 9}, "Tags": ["a", "b"],
    }  # fmt: skip
    assert send(service, "DELETE", "Products(1)/Name").status == 204
    assert send(service, "GET", "Products(1)/Name").status == 204
