# Service operations of versions 1 to 3 (MS-ODATA 2.2.7.5), as UI5 and SAP's Cloud SDK call them, and the same
# operations for clients of version 4, to which they are functions and actions like others.

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from odata_core.edm import ModelBuilder, prop
from odata_core.service import Headers, Request, Response, Service
from odata_core.service.calls import Operations
from odata_memory import MemoryBackend

ROOT = "http://h/"
V2 = {"MaxDataServiceVersion": "2.0", "Accept": "application/json"}
V3 = {"MaxDataServiceVersion": "3.0", "Accept": "application/json"}
V4 = {"OData-MaxVersion": "4.0", "Accept": "application/json"}


@pytest.fixture
def service() -> Service:
    builder = ModelBuilder("Shop")
    builder.complex("Sum", properties={"Count": "Int32"})
    builder.entity("Product", key="ID", properties={"ID": prop("Int32", generated=True), "Name": "String"})
    builder.entity_set("Products", "Product")
    told: dict[str, Any] = {"name": prop("String", nullable=False), "price": "Decimal", "times": "Int64"}
    builder.action("Make", returns="Product", parameters=told, entity_set="Products")
    builder.operation_import("Make", entity_set="Products", http_method="POST")
    builder.action("Reset", parameters={"hard": "Boolean"})
    builder.operation_import("Reset", http_method="POST")
    builder.function("Twice", returns="Int32", parameters={"number": "Int32"})
    builder.function("Names", returns="Collection(String)")
    builder.function("Stats", returns="Sum")
    for name in ("Twice", "Names", "Stats"):
        builder.operation_import(name, http_method="GET")
    model = builder.build()
    operations = Operations(model)

    @operations("Make")
    def make(name: str, price: Decimal | None = None, times: int | None = None, *, session: Any) -> Any:
        return session.insert(model.entity_set("Products"), {"Name": f"{name} {price} {times}"})

    operations("Reset")(lambda hard=None: None)
    operations("Twice")(lambda number: 2 * number)
    operations("Names")(lambda: ["a", "b"])
    operations("Stats")(lambda: {"Count": 2})
    return Service(model, MemoryBackend(model, {"Products": []}), operations=operations)


def send(service: Service, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Response:
    path, _, query = path.partition("?")
    return service.handle(Request(method, ROOT, path, query, Headers(headers), body))


CALL = "Make?name='o''x%20%26%20y'&price=1.50M&times=5L"


@pytest.mark.parametrize("headers", [V2, V3])
@pytest.mark.parametrize("body", [b"", b"\r\n", b"{}"])
def test_a_post_has_its_parameters_in_the_url(service: Service, headers: dict[str, str], body: bytes) -> None:
    answer = send(service, "POST", CALL, {**headers, "Content-Type": "application/json"}, body)
    told = json.loads(answer.body)
    assert (answer.status, told.get("d", told)["Name"]) == (200, "o'x & y 1.50 5")


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("Make", b'{"name": "x"}', "'name' of 'Make', of type Edm.String, must be given"),
        (CALL, b'{"name": "x"}', "'Make' takes its parameters as query options, so the request needs no body."),
        ("Make?name=5", b"", "'name' of 'Make', of type Edm.String, cannot be"),
    ],
)
def test_nothing_that_is_said_elsewhere_is_passed_over(service: Service, path: str, body: bytes, said: str) -> None:
    answer = send(service, "POST", path, {**V2, "Content-Type": "application/json"}, body)
    assert (answer.status, said in json.loads(answer.body)["error"]["message"]["value"]) == (400, True)


def test_a_post_that_returns_nothing(service: Service) -> None:
    assert send(service, "POST", "Reset?hard=true", V2).status == 204


@pytest.mark.parametrize(
    ("path", "verbose", "light"),
    [
        ("Twice?number=4", {"Twice": 8}, {"odata.metadata": f"{ROOT}$metadata#Edm.Int32", "value": 8}),
        (
            "Names",
            {"results": ["a", "b"]},  # without a name, unlike a property
            {"odata.metadata": f"{ROOT}$metadata#Collection(Edm.String)", "value": ["a", "b"]},
        ),
        (
            "Stats",
            {"Stats": {"__metadata": {"type": "Shop.Sum"}, "Count": 2}},
            {"odata.metadata": f"{ROOT}$metadata#Shop.Sum", "Count": 2},
        ),
    ],
)
def test_what_a_get_gives(service: Service, path: str, verbose: Any, light: Any) -> None:
    assert json.loads(send(service, "GET", path, V2).body) == {"d": verbose}
    assert json.loads(send(service, "GET", path, V3).body) == light


def test_in_version_4_they_are_functions_and_actions(service: Service) -> None:
    results = {
        "Twice(number=4)": {"@odata.context": f"{ROOT}$metadata#Edm.Int32", "value": 8},
        "Twice(number=@n)?@n=4": {"@odata.context": f"{ROOT}$metadata#Edm.Int32", "value": 8},
        "Names()": {"@odata.context": f"{ROOT}$metadata#Collection(Edm.String)", "value": ["a", "b"]},
        "Names()?$top=1": {"@odata.context": f"{ROOT}$metadata#Collection(Edm.String)", "value": ["a"]},
        "Stats()": {"@odata.context": f"{ROOT}$metadata#Shop.Sum", "Count": 2},
    }
    assert {path: json.loads(send(service, "GET", path, V4).body) for path in results} == results
    body = b'{"name": "x", "price": 1.5, "times": 5}'
    made = send(service, "POST", "Make", {**V4, "Content-Type": "application/json"}, body)
    assert (made.status, json.loads(made.body)["Name"]) == (200, "x 1.5 5")
    assert send(service, "POST", "Make()", {**V4, "Content-Type": "application/json"}, body).status == 400
