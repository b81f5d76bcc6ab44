# Contained entities whose keys the server makes: items of an order, as UI5 creates them one by one or with the order.

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from odata_core.edm import ModelBuilder, prop
from odata_core.service import Headers, Request, Response, Service
from odata_memory import MemoryBackend

ROOT = "http://h/"


@pytest.fixture
def service() -> Service:
    builder = ModelBuilder("Shop")
    builder.entity("Order", key="ID", properties={"ID": prop("Int32", generated=True), "Note": "String"})
    builder.entity("Item", key="Pos", properties={"Pos": prop("Int32", generated=True), "Text": "String"})
    builder.entity("Offer", base="Item", properties={"Rate": "Int32"})
    builder.entity("Mark", key="Id", properties={"Id": prop("Guid", generated=True), "Text": "String"})
    builder.navigation("Order", "Items", to="Item", many=True, contains=True)
    builder.navigation("Item", "Marks", to="Mark", many=True, contains=True)
    builder.entity_set("Orders", "Order")
    model = builder.build()
    return Service(model, MemoryBackend(model, {"Orders": [{"ID": 1, "Items": [{"Pos": 4, "Text": "a"}]}]}))


def send(service: Service, method: str, path: str, body: Any = None) -> Response:
    path, _, query = path.partition("?")
    content = b"" if body is None else json.dumps(body).encode()
    headers = Headers({"OData-MaxVersion": "4.0", "Content-Type": "application/json"})
    return service.handle(Request(method, ROOT, path, query, headers, content))


def items(service: Service, order: int = 1) -> list[tuple[int, str]]:
    rows = json.loads(send(service, "GET", f"Orders({order})/Items").body)["value"]
    return [(row["Pos"], row["Text"]) for row in rows]


@pytest.mark.parametrize("given", [{}, {"Pos": 0}, {"Pos": -7}, {"@odata.type": "#Shop.Offer", "Rate": 2}])
def test_one_more_goes_on_after_its_siblings(service: Service, given: dict[str, Any]) -> None:
    made = [send(service, "POST", "Orders(1)/Items", {**given, "Text": text}) for text in "bc"]
    assert [one.header("Location") for one in made] == [f"{ROOT}Orders(1)/Items({pos})" for pos in (5, 6)]
    assert items(service) == [(4, "a"), (5, "b"), (6, "c")]


def test_a_key_may_be_chosen_once(service: Service) -> None:
    statuses = [send(service, "POST", "Orders(1)/Items", {"Pos": 2, "Text": text}).status for text in "bc"]
    assert (statuses, items(service)) == ([201, 409], [(2, "b"), (4, "a")])


def test_what_is_contained_deeper(service: Service) -> None:
    made = send(service, "POST", "Orders(1)/Items(4)/Marks", {"Text": "m"})
    mark = UUID(json.loads(made.body)["Id"])
    assert (made.status, made.header("Location")) == (201, f"{ROOT}Orders(1)/Items(4)/Marks({mark})")
    assert json.loads(send(service, "GET", f"Orders(1)/Items(4)/Marks({mark})").body)["Text"] == "m"


def test_with_its_parent(service: Service) -> None:
    marked = {"Pos": -1, "Text": "y", "Marks": [{"Text": "m"}, {"Text": "n"}]}
    made = send(service, "POST", "Orders", {"Note": "n", "Items": [{"Text": "x"}, marked, {"Pos": 9, "Text": "z"}]})
    assert (made.status, items(service, 2)) == (201, [(9, "z"), (10, "x"), (11, "y")])
    marks = json.loads(send(service, "GET", "Orders(2)/Items(11)/Marks").body)["value"]
    assert (len({row["Id"] for row in marks}), {row["Text"] for row in marks}) == (2, {"m", "n"})


def test_an_update_makes_none(service: Service) -> None:
    assert send(service, "PUT", "Orders(1)/Items(8)", {"Text": "x"}).status == 404
    assert items(service) == [(4, "a")]
